"""The reference: pages' text, as Markdown, from the code and its configuration. Nothing is typed twice.

A page names a part as an HTML comment, ``<!-- generated: levers -->``; `repository.py` puts the text there.
"""

import importlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import IntEnum
from pathlib import Path
from typing import Any

import lrrc
from analysis.words import own_files
from analysis.words.vocabulary import VOCABULARY
from conf import composition as library
from conf import policies, units
from conf.composition import CONF
from conf.economics import WORDS
from conf.input_error import shown
from conf.schedules import read_follow_up
from conf.schema import shipped, shipped_sections
from experiments.cli import guide
from experiments.cli.catalogue import EXPERIMENTS, ON_MODEL, ON_RUNS, OWN_FILES, TO_LEARN, Experiment
from sim.counting import outcomes
from sim.counting.columns import COLUMNS
from sim.events import Event
from sim.patient import N_CHARGED, ROW, Compartment, Harm, Route
from sim.seen import Moment

# What a number counts, by the end of its name; the first that fits.
MEASURED_IN = {
    r"probability|shares?|sensitivity|specificity": "from 0 to 1",
    r"days?": "days",
    r"weeks": "weeks",
    r"months": "months",
    r"years": "years",
    r"minutes": "minutes",
    r"hours": "hours",
    r"mm": "mm",
    r"cm": "cm",
    r"courses": "courses",
    r"fractions": "fractions",
    r"visits": "visits",
    r"scans": "scans",
}
TYPES = {"f": "number", "i": "whole number", "b": "true or false", "u": "true or false"}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(words: str) -> str:
    # Between backticks everything is shown as it is.
    parts = words.replace("|", "\\|").split("`")
    return "`".join(part if k % 2 else re.sub(r"<(?!br>)", "&lt;", part) for k, part in enumerate(parts))


def code(value: object) -> str:
    """Return a value as it is typed."""
    return f"`{value if isinstance(value, str) else shown(value)}`"


def experiments() -> str:
    """Return a part for each experiment: what it does, its keys, and the files of its groups."""
    with library.composing():
        return "\n\n".join(_experiment(name, each) for name, each in EXPERIMENTS.items())


def _experiment(name: str, experiment: Experiment) -> str:
    config, chosen = library.composed(name)
    defaults = library.plain(config, resolve=False)
    texts = {**guide.KEY_WORDS, **guide.OTHERWISE.get(name, {})}
    keys = [
        [code(key), code(value), words.replace("<experiment>", name)]
        for key, value in defaults.items()
        if (words := texts.get(key))
    ]
    groups = [
        [code(group), code(chosen[group]), words] for group, words in guide.GROUPS.items() if group in chosen
    ]
    numbers = [
        *(group for group in ("cohort", "clinic", "economics") if group in chosen),
        *shipped_sections(),
    ]
    return "\n\n".join(
        [
            f"## lrrc {name}",
            f"{_sentence(experiment.summary)} For example:",
            _examples(experiment),
            table(["key", "default", "what it is"], keys),
            "Files that are chosen by name:",
            table(["key", "default", "what it holds"], groups),
            f"Any number by its full key, in the sections {', '.join(map(code, numbers))}: "
            "[all numbers](../parameters.md).",
        ]
    )


def _examples(experiment: Experiment) -> str:
    return "\n".join(f"- {code(example)}" for example in experiment.examples)


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:].rstrip('.')}."


def files() -> str:
    """Return the shipped files of each group that an experiment chooses by name, with their descriptions."""
    with library.composing():
        return "\n\n".join(
            f"### {group}\n\n{_sentence(words)}\n\n"
            + table(["name", "what it is"], ([code(name), guide.about(group, name)] for name in names))
            for group, words in {**guide.GROUPS, "trial": "published trials, for `trial=`"}.items()
            if (names := library.options(group))
        )


def compute() -> str:
    """Return the keys of each file in conf/compute, with the comments beside them."""
    parts = []
    for path in sorted((CONF / "compute").glob("*.yaml")):
        heading, *lines = path.read_text("utf-8").splitlines()
        found = [re.fullmatch(r"(\w+): *(.*?)(?: +# (.*))?", line) for line in lines]
        rows = [[f"`compute.{m[1]}`", code(m[2]), m[3] or ""] for m in found if m and m[1] != "kind"]
        words = heading.removeprefix("# ")
        parts += [f"### compute={path.stem}", words, table(["key", "default", "what it is"], rows)]
    return "\n\n".join(parts)


def commands() -> str:
    """Return a part for each command that is no experiment: on a run's folder, on own files, on the model."""
    return "\n\n".join(
        _command(name, each) for name, each in {**TO_LEARN, **ON_RUNS, **OWN_FILES, **ON_MODEL}.items()
    )


def _command(name: str, command: Experiment) -> str:
    words = getattr(importlib.import_module(command.task.partition(":")[0]), "KEY_WORDS", {})
    parts = [f"## lrrc {name}", f"{_sentence(command.summary)} For example:", _examples(command)]
    if words:
        parts.append(table(["word", "what it is"], ([code(key), text] for key, text in words.items())))
    return "\n\n".join(parts)


def levers() -> str:
    """Return every lever: what it may be, what it is in tme_alone, what it does."""
    with library.composing():
        base = policies.read_policy(policies.BASE)
        rows = [
            [code(lever), _allowed(lever), code(policies.written(getattr(base, lever))), words]
            for lever, (_, words) in policies.LEVERS.items()
        ]
    return table(["lever", "may be", f"in `{policies.BASE}`", "what it does"], rows)


def _allowed(lever: str) -> str:
    said = policies.settings(lever)
    return ", ".join(map(code, said.removeprefix("one of ").split(", "))) if "one of " in said else said


def shipped_policies() -> str:
    """Return every shipped policy with the levers that its file sets."""
    with library.composing():
        rows = []
        for name in library.options("policy"):
            content = {**library.read("policy", name)}
            description = str(content.pop("description", ""))
            set_there = ", ".join(code(f"{key}={policies.written(value)}") for key, value in content.items())
            rows.append([code(name), description, set_there if name != policies.BASE else "every lever"])
    return table(["policy", "what it is", "sets"], rows)


def follow_up() -> str:
    """Return every schedule of follow-up, in months after the operation."""
    with library.composing():
        schedules = [read_follow_up(name) for name in library.options("follow_up")]
        abouts = [guide.about("follow_up", each.name) for each in schedules]
    rows = []
    for each, about in zip(schedules, abouts, strict=True):
        months = [
            ", ".join(map(str, of)) or "none" for of in (each.visit_months, each.ct_months, each.mri_months)
        ]
        rows.append([code(each.name), about, *months])
    return table(["schedule", "what it is", "visits", "with CT", "with MRI"], rows)


def cohort() -> str:
    """Return every key of a cohort: what it is, what it may be, and its value in the default cohort."""
    return _keys("cohort", shipped("cohort/dutch_contemporary"), own_files.COHORT.__getitem__)


def clinic() -> str:
    """Return every key of a clinic, likewise, with its value in the regional clinic."""
    with library.composing():
        values = library.plain(library.composed("capacity")[0], resolve=False)["clinic"]
    return _keys("clinic", values, own_files.clinic_words)


def economics() -> str:
    """Return every key of prices and utilities, likewise, with its value in the Dutch ones."""
    rows = [
        [
            code(f"economics.{key}"),
            code(value),
            "" if key in WORDS else units.range_of(key).words,
            own_files.ECONOMICS[key],
        ]
        for key, value in shipped("economics/dutch").items()
    ]
    return table(["key", "value", "each number may be", "what it is"], rows)


def _keys(section: str, values: Mapping[str, Any], words: Callable[[str], str]) -> str:
    rows = [
        [code(f"{section}.{key}"), code(value), units.range_of(key).words, words(key)]
        for key, value in values.items()
    ]
    return table(["key", "value", "each number may be", "what it is"], rows)


def measured(name: str) -> str:
    """Return the unit that a name carries at its end, or nothing."""
    return next((unit for end, unit in MEASURED_IN.items() if re.search(rf"(^|_)({end})$", name)), "")


def outcome_names() -> str:
    """Return every outcome of outcomes.csv by kind, with its unit."""
    kinds = (
        outcomes.ByGroup,
        outcomes.AtHorizon,
        outcomes.Timed,
        Harm,
        outcomes.TreatmentShare,
        outcomes.RegrowthShare,
        outcomes.RecurrenceShare,
        outcomes.Amount,
    )
    parts = []
    for kind in kinds:
        names = outcomes.names(kind)
        if kind is outcomes.Timed:  # some name a group, which has a column of its own
            names = tuple(dict.fromkeys(key.outcome for key in outcomes.TIMED))
        if kind is outcomes.Amount:
            names = tuple(outcomes.UNITS)
        rows = [[code(name), outcomes.UNITS.get(name, "proportion")] for name in names]
        parts += [f"{_first(kind)}", table(["outcome", "unit"], rows)]
    return "\n\n".join(parts)


def _first(kind: type) -> str:
    return (kind.__doc__ or "").strip().splitlines()[0]


def splits() -> str:
    """Return by what outcomes are split: mechanisms, compartments and groups."""
    groups = dict.fromkeys([*outcomes.GROUPS, *(key.group for key in outcomes.TIMED)])
    return table(
        ["column", "values"],
        [
            ["`mechanism`", ", ".join(map(code, (outcomes.ALL, *outcomes.MECHANISM_LABELS)))],
            ["`compartment`", ", ".join(map(code, (outcomes.ALL, *outcomes.names(Compartment))))],
            ["`group`", ", ".join(map(code, groups))],
        ],
    )


def conditions() -> str:
    """Return every column that a condition may name: meaning, unit, words of its values."""
    rows = [
        [code(name), column.meaning, measured(name), ", ".join(map(code, column.words))]
        for name, column in COLUMNS.items()
    ]
    return table(["column", "what it is", "unit", "its words"], rows)


def patient_fields() -> str:
    """Return every field of a patient's row, which is a column of patients.parquet, or one for each part."""
    parts = {
        2: "left, right",
        len(Moment): "each moment of decision",
        len(Harm): "each harm",
        len(Route): "each route",
        len(Event): "each event",
        N_CHARGED: "each kind of cost",
    }
    assert len(parts) == 6, "fields of one length could not be distinguished"
    rows = []
    for name in ROW.names or ():
        kind = ROW.fields[name][0]
        base, shape = kind.subdtype or (kind, ())
        many = parts[shape[0]] if shape else ""
        rows.append([code(name), TYPES[base.kind], measured(name), many])
    return table(["column", "holds", "unit", "one for"], rows)


def codes() -> str:
    """Return the numbers that stand for words in a patient's row."""
    import sim.patient
    import sim.policy

    kinds = [
        kind
        for module in (sim.patient, sim.policy)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, IntEnum) and kind.__module__ == module.__name__
    ]
    rows = [[_first(kind), ", ".join(f"{int(m)} `{m.name.lower()}`" for m in kind)] for kind in kinds]
    return table(["what", "its numbers"], rows)


def events() -> str:
    """Return every event, what it is called, and whether anybody sees it."""
    rows = [
        [code(event.name.lower()), VOCABULARY[event].label, "hidden" if VOCABULARY[event].hidden else ""]
        for event in Event
    ]
    return table(["event", "in words", ""], rows)


def python() -> str:
    """Return the directives that make the reference of ``import lrrc`` from its docstrings."""
    parts = []
    for name in lrrc.__all__:
        kind = getattr(lrrc, name)
        if not isinstance(kind, type):
            parts += [f".. autofunction:: lrrc.{name}"]
        elif issubclass(kind, Exception):
            parts += [f".. autoexception:: lrrc.{name}"]
        else:
            parts += [f".. autoclass:: lrrc.{name}()", "   :members:"]
        parts += [""]
    return "\n".join(["```{eval-rst}", *parts, "```"])


GENERATED: dict[str, Callable[[], str]] = {
    "experiments": experiments,
    "files": files,
    "compute": compute,
    "commands": commands,
    "levers": levers,
    "policies": shipped_policies,
    "follow-up": follow_up,
    "cohort": cohort,
    "clinic": clinic,
    "economics": economics,
    "outcomes": outcome_names,
    "splits": splits,
    "conditions": conditions,
    "patient-fields": patient_fields,
    "codes": codes,
    "events": events,
    "python": python,
}
MARK = re.compile(r"^<!-- generated: ([\w-]+) -->$", re.MULTILINE)


def filled(text: str) -> str:
    """Return a page with its generated parts. Raises KeyError for a part that there is not."""
    return MARK.sub(lambda found: GENERATED[found[1]](), text)


def marks(page: Path) -> list[str]:
    """Return the parts that a page names."""
    return MARK.findall(page.read_text("utf-8"))
