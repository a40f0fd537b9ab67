"""A run's report: one page that needs nothing else, from what the run's folder holds.

What a folder holds is data of unknown origin. It is only written as text, and the template escapes all of it.
"""

import base64
import re
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.pages import report_tables
from analysis.pages.references import references
from analysis.pages.report_parts import (
    Block,
    Cell,
    Code,
    Items,
    Picture,
    Reference,
    References,
    Section,
    Sources,
    Table,
    Text,
)
from analysis.pages.validated import INSIDE, SETS, far_off, validated
from analysis.words.limits import LEFT_OUT
from analysis.words.own_files import COHORT
from analysis.words.report import (
    COMMON,
    INTERVAL_METHODS,
    METHODS,
    MODEL,
    NO_ADVICE,
    OF_LUCK,
    OF_MEMBERS,
    QUEUE_METHODS,
    difference_words,
    lever_words,
    picture_words,
    question,
    setting_words,
)
from analysis.words.sweep import number_words
from analysis.words.wording import listed, policy_words, sentence, years_words
from conf.input_error import shown
from conf.policies import LEVERS
from conf.run import Tree
from conf.stated_sources import (
    ASSUMPTION,
    CLINIC,
    DISEASE,
    comments,
    ids_in,
    shipped_disease,
    shipped_file,
    shipped_names,
)
from conf.stated_sources import COHORT as USUAL_COHORT

MOST_MISSES = 20
LONGEST_COMMAND = 20_000
NO_BREAK = "\N{NO-BREAK SPACE}"
TEMPLATE = Path(__file__).with_name("report.html")
EXPERIMENTS = {  # by a table that no other experiment leaves
    "endpoints": "validate",
    "targets": "calibrate",
    "waits": "capacity",
    "design": "sweep",
    "outcomes": "compare",
    "journal": "patient",
}
TITLES = {
    "compare": "Policies compared",
    "capacity": "Policies in clinics",
    "sweep": "Sweep",
    "validate": "Simulated beside published",
    "calibrate": "A calibration",
    "patient": "One patient's course",
}


@dataclass(frozen=True)
class Drawn:
    """A picture of a run in PNG: its name, bytes, size in pixels, and what is written above it."""

    name: str
    png: bytes
    width: int
    height: int
    title: str
    note: str


@dataclass(frozen=True)
class Changed:
    """A number that is not the shipped default: both, and their sources."""

    key: str
    value: Any
    default: Any
    source: Sources
    default_source: Sources


@dataclass(frozen=True)
class RunRead:
    """What a run's folder holds: manifest and configuration as data, tables by name, pictures."""

    name: str
    manifest: Tree
    config: Tree
    tables: Mapping[str, pd.DataFrame]
    pictures: Sequence[Drawn]

    @property
    def experiment(self) -> str:
        """The experiment that leaves such tables; empty for none that is known."""
        return next((kind for table, kind in EXPERIMENTS.items() if table in self.tables), "")

    @property
    def policies(self) -> dict[str, Tree]:
        """The levers of each policy by name; none of one that only a point of a sweep has."""
        levers = _mapping(self.config.get("policy"))
        names = list(levers)
        if "policies" in self.swept or "scenario" in self.swept:
            names = [str(name) for name in self.tables["outcomes"]["policy"].unique()]
        return {name: _mapping(levers.get(name)) for name in names}

    def varies(self, group: str) -> bool:
        """Return whether a sweep varies which file of a group is used."""
        return group in self.swept or "scenario" in self.swept

    @property
    def comparator(self) -> str | None:
        """The policy that others are compared with, where there is one."""
        name = self.config.get("comparator")
        return name if isinstance(name, str) and name in self.policies else None

    @property
    def sampled(self) -> bool:
        """Whether the run is over the members of a posterior sample."""
        return "uncertainty" in self.tables

    @property
    def swept(self) -> list[str]:
        """The names that a sweep varies, without the members of a posterior sample."""
        design = self.tables.get("design")
        names = [] if design is None else [str(name) for name in design.columns]
        return [name for name in names if name not in ("point", "member", "replication")]


def sections_of(run: RunRead) -> list[Section]:
    """Return the parts of a run's report, in order; those that would be empty are left out."""
    changed = changed_numbers(run)
    made = [
        Section("question", "The question", _question(run)),
        Section("patients", "The patients", _patients(run)),
        Section("policies", "The policies", _policies(run)),
        Section("results", "Results", results(run)),
        Section("pictures", "Pictures", _pictures(run)),
        Section("numbers", "Numbers and their sources", _numbers(run, changed)),
        Section("validation", "How far the model can be trusted", _validation(run, changed)),
        Section("limits", "What the model leaves out", _limits(run)),
        Section("methods", "Methods", _methods(run)),
        Section("reproduce", "How to reproduce it", _reproduce(run)),
    ]
    made = [part for part in made if part.blocks]
    ids = [name for part in made for name in _ids(part.blocks)]
    entries = references(ids, _method_keys(run), _version(run))
    return [*made, Section("references", "References", [References(entries)])]


def entries_of(sections: Sequence[Section]) -> list[Reference]:
    """Return the references of a report."""
    return [
        entry
        for part in sections
        for block in part.blocks
        if isinstance(block, References)
        for entry in block.entries
    ]


def title_of(run: RunRead) -> str:
    """Return the title of the page."""
    names = [policy_words(name) for name in run.policies]
    of = f": {listed(names)}" if 0 < len(names) <= 4 else ""
    over = f" over {listed(map(number_words, run.swept))}" if 0 < len(run.swept) <= 3 else ""
    return f"{TITLES.get(run.experiment, 'A run')}{over}{of}"


def page(run: RunRead, sections: Sequence[Section]) -> str:
    """Return the report as a page of HTML, which loads nothing."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    library = Environment(
        loader=FileSystemLoader(TEMPLATE.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=printable,
    )
    library.filters["together"] = together
    known = {name for entry in entries_of(sections) for name in entry.figures}
    return library.get_template(TEMPLATE.name).render(
        title=title_of(run),
        about=_about(run),
        warning=NO_ADVICE,
        sections=sections,
        known=known,
        numbered=_numbered(sections),
        id_of=id,
    )


def printable(value: Any) -> Any:
    """Return words without letters that steer what shows them, such as those that turn the direction."""
    if type(value) is not str or value.isprintable():
        return value
    return "".join(letter if letter.isprintable() or letter == NO_BREAK else " " for letter in value)


def together(cell: str) -> str:
    """Return a cell in which no line breaks within brackets, as long as they hold an interval."""
    return re.sub(
        r"[(\[][^()\[\]]{1,12} to [^()\[\]]{1,12}[)\]]( %)?",
        lambda found: found[0].replace(" ", NO_BREAK),
        cell,
    )


def _numbered(sections: Sequence[Section]) -> dict[int, str]:
    """Return what each table and picture is called, by the identity of its block."""
    names, tables, pictures = {}, 0, 0
    for part in sections:
        for block in part.blocks:
            if isinstance(block, Table):
                tables += 1
                names[id(block)] = f"Table {tables}"
            elif isinstance(block, Picture):
                pictures += 1
                names[id(block)] = f"Figure {pictures}"
    return names


def _about(run: RunRead) -> str:
    finished = run.manifest.get("finished_utc")
    parts = [f"lrrc-sim {_version(run)}", f"run {shown(run.name)}"]
    if isinstance(finished, str):
        parts.append(f"of {shown(finished)[:10]}")
    return ", ".join(parts)


def _version(run: RunRead) -> str:
    return shown(_mapping(run.manifest.get("code")).get("version", "unknown"))


def _question(run: RunRead) -> list[Block]:
    clinics = _names(run.config.get("clinics")) if run.experiment == "capacity" else []
    words = question(
        run.experiment,
        list(run.policies),
        run.comparator,
        [number_words(name) for name in run.swept],
        [f"the clinic {policy_words(name)}" for name in clinics],
    )
    blocks: list[Block] = [Text(words, "lead")]
    levers = run.policies.get(run.comparator or "")
    differences = [
        (sentence(policy_words(name)), difference_words(own, levers))
        for name, own in run.policies.items()
        if own and levers and name != run.comparator
    ]
    if differences and run.comparator is not None:
        blocks += [Text(f"How the policies differ from {policy_words(run.comparator)}:"), Items(differences)]
    if run.sampled:
        blocks.append(
            Text(
                "It is answered over the members of a posterior sample: sets of parameters that agree with "
                "the trials, so that the answer shows how uncertain the parameters leave it."
            )
        )
    return blocks


def _patients(run: RunRead) -> list[Block]:
    cohort = _mapping(run.config.get("cohort"))
    if not cohort:
        return []
    chosen = _chosen(run, "cohort")
    count = run.config.get("patients")
    years = run.config.get("horizon_years")
    many = f"{count:,}" if isinstance(count, int) else "Simulated"
    of = f" (cohort {shown(chosen)})" if chosen else ""
    if run.varies("cohort"):
        return [Text(f"{many} patients for each point and policy. Who they are is varied by the sweep.")]
    if run.experiment == "patient":
        first = f"One patient of a cohort of resectable rectal cancer without metastases on staging{of}."
    else:
        first = (
            f"{many} patients with resectable rectal cancer and no metastases on staging{of}, the same under "
            "every policy."
        )
    lines = [first, *_who(cohort)]
    if isinstance(years, int | float):
        lines.append(f"Each is followed from diagnosis to death, or for {years_words(float(years))}.")
    if clinic := _chosen(run, "clinic"):
        lines.append(
            "Nobody waits for anybody: no clinic limits what is done."
            if clinic == CLINIC
            else f"They queue in a clinic ({shown(clinic)})."
            if run.experiment != "capacity"
            else ""
        )
    return [Text(" ".join(filter(None, lines)))]


def _cohort(run: RunRead) -> list[Block]:
    """Return the cohort number by number, with sources."""
    cohort, chosen = _mapping(run.config.get("cohort")), _chosen(run, "cohort")
    if not cohort or run.varies("cohort"):
        return []
    usual, said = shipped_file("cohort", chosen if chosen in shipped_names("cohort") else USUAL_COHORT)
    rows: list[list[Cell]] = [
        [
            sentence(COHORT.get(key, policy_words(str(key)))),
            "varied" if f"cohort.{key}" in run.swept else _number(value),
            _sources(said.get(key, "")) if _same(usual.get(key), value) else Sources((), "set in this run"),
        ]
        for key, value in cohort.items()
    ]
    return [Table("The cohort, number by number", ["Number", "Value", "Source"], rows, numbers=False)]


def _who(cohort: Tree) -> list[str]:
    """Return who the patients are in sentences, as far as their numbers are there."""
    said = []
    mean, spread, female, unfit = (
        cohort.get(key) for key in ("age_mean_years", "age_sd_years", "female_share", "unfit_share")
    )
    if all(isinstance(value, int | float) for value in (mean, spread, female, unfit)):
        said.append(
            f"Their mean age is {mean:g} years (standard deviation {spread:g}); {_percent(female)} are "
            f"women, and {_percent(unfit)} are in ASA class III or more at that age."
        )
    stages = ("T1", "T2", "T3 to 5 mm", "T3 beyond 5 mm", "T4a", "T4b")
    if part := _shares(cohort.get("ct_shares"), stages):
        said.append(f"Clinical T: {part}.")
    if part := _shares(cohort.get("height_shares"), ("low", "mid", "high")):
        said.append(f"Height above the anal verge: {part}.")
    return said


def _shares(values: object, names: Sequence[str]) -> str:
    if not isinstance(values, list) or len(values) != len(names):
        return ""
    if not all(isinstance(value, int | float) for value in values):
        return ""
    return listed(f"{name} {_percent(value)}" for name, value in zip(names, values, strict=True))


def _percent(share: Any) -> str:
    return f"{100 * share:.3g} %"


def _policies(run: RunRead) -> list[Block]:
    policies = {name: levers for name, levers in run.policies.items() if levers}
    if not policies:
        return []
    first = next(iter(policies.values()))
    varied = [name for name in LEVERS if name in run.swept]
    differ = [
        name
        for name in LEVERS
        if name not in varied and any(levers.get(name) != first.get(name) for levers in policies.values())
    ]
    described = [
        (sentence(policy_words(name)), str(levers.get("description", "")))
        for name, levers in policies.items()
    ]
    blocks: list[Block] = [Items(described)]
    if varied:
        blocks.append(Text(f"The sweep sets in every policy: {listed(map(lever_words, varied))}."))
    if differ:
        rows = [
            [
                sentence(lever_words(name)),
                name,
                *(setting_words(levers.get(name)) for levers in policies.values()),
            ]
            for name in differ
        ]
        head = ["Lever", "Key", *(sentence(policy_words(name)) for name in policies)]
        blocks.append(Table("The levers in which the policies differ", head, rows, numbers=False))
    same = [name for name in LEVERS if name not in (*differ, *varied) and name in first]
    if same:
        settings = "; ".join(f"{lever_words(name)}: {setting_words(first[name])}" for name in same)
        under = "under every policy" if len(policies) > 1 else "in this policy"
        blocks.append(Text(f"{'The other levers' if differ else 'The levers'} {under}: {settings}.", "note"))
    return blocks


def results(run: RunRead) -> list[Block]:
    """Return what a run found, as sentences and tables."""
    kind = run.experiment
    if kind == "compare":
        return report_tables.comparison(run.tables)
    if kind == "sweep":
        outcomes, years = run.config.get("outcomes"), run.config.get("at_years")
        return report_tables.swept(
            run.tables,
            run.swept,
            _names(outcomes) or ["local_recurrence"],
            float(years) if isinstance(years, int | float) else None,
        )
    made = {
        "capacity": report_tables.queueing,
        "validate": report_tables.agreement,
        "calibrate": report_tables.calibrated,
        "patient": report_tables.courses,
    }
    blocks = made[kind](run.tables) if kind in made else []
    warnings = run.manifest.get("warnings")
    said = [Text(shown(words), "warning") for words in warnings] if isinstance(warnings, list) else []
    return [*said, *blocks]


def _pictures(run: RunRead) -> list[Block]:
    return [
        Picture(
            base64.b64encode(drawn.png).decode("ascii"),
            " ".join(
                filter(
                    None, (f"{picture_words(drawn.name)}.", f"{drawn.title}." * bool(drawn.title), drawn.note)
                )
            ),
            f"{picture_words(drawn.name)} ({drawn.name}.png).",
            drawn.width,
            drawn.height,
        )
        for drawn in run.pictures
    ]


def changed_numbers(run: RunRead) -> list[Changed]:
    """Return the numbers of a run that are not the shipped defaults, by key.

    Those are the disease ``calibrated`` (of a calibration, ``default``), the cohort ``dutch_contemporary``,
    and, of a clinic, the file that was chosen.
    """
    found = []
    disease = _chosen(run, "disease")
    own = shipped_disease(disease) if disease in shipped_names("disease") else {}
    fitted = fitted_keys() if _usual_disease(run) == DISEASE else set()
    for section, usual in shipped_disease(_usual_disease(run)).items():
        for key, value in _mapping(run.config.get(section)).items():
            default = usual.get(key)
            if f"{section}.{key}" in run.swept or run.varies("disease"):
                continue
            if key in usual and not _same(default, value):
                by_hand = _sources(comments(f"parameters/{section}").get(key, ""))
                shipped_too = _same(own.get(section, {}).get(key), value)
                found.append(
                    Changed(
                        f"{section}.{key}",
                        value,
                        default,
                        by_hand if shipped_too else Sources((), "set in this run"),
                        _fitted(by_hand) if f"{section}.{key}" in fitted else by_hand,
                    )
                )
    for group, usual_name in (("cohort", USUAL_COHORT), ("clinic", _chosen(run, "clinic") or CLINIC)):
        if usual_name not in shipped_names(group) or run.varies(group):
            continue
        if group == "clinic" and run.experiment == "capacity":
            continue  # it has several, and each is a file
        usual, said = shipped_file(group, usual_name)
        chosen = _chosen(run, group)
        theirs, words = shipped_file(group, chosen) if chosen in shipped_names(group) else ({}, {})
        for key, value in _mapping(run.config.get(group)).items():
            if f"{group}.{key}" in run.swept:
                continue
            if key in usual and not _same(usual[key], value):
                as_shipped = _same(theirs.get(key), value)
                source = _sources(words.get(key, "")) if as_shipped else Sources((), "set in this run")
                found.append(
                    Changed(f"{group}.{key}", value, usual[key], source, _sources(said.get(key, "")))
                )
    return found


def _fitted(source: Sources) -> Sources:
    return Sources(source.ids, "; ".join(filter(None, (source.words, "fitted to trials"))))


def _usual_disease(run: RunRead) -> str:
    return "default" if run.experiment == "calibrate" else DISEASE


def fitted_keys() -> set[str]:
    """Return the keys that the shipped fit sets."""
    by_hand = shipped_disease("default")
    return {
        f"{section}.{key}"
        for section, numbers in shipped_disease(DISEASE).items()
        for key, value in numbers.items()
        if not _same(value, by_hand[section][key])
    }


def _numbers(run: RunRead, changed: Sequence[Changed]) -> list[Block]:
    blocks: list[Block] = []
    rows: list[list[Cell]] = [
        [one.key, _number(one.value), _number(one.default), one.source, one.default_source] for one in changed
    ]
    chosen = [
        f"{group} {shown(_chosen(run, group))}" for group in ("disease", "cohort") if _chosen(run, group)
    ]
    if rows:
        blocks.append(
            Text(
                (f"Chosen files: {listed(chosen)}. " if chosen else "")
                + f"The defaults are the disease {_usual_disease(run)} and the cohort {USUAL_COHORT}."
            )
        )
        blocks.append(
            Table(
                "Numbers of this run that differ from the shipped defaults",
                ["Number", "Value", "Default", "Source of the value", "Source of the default"],
                rows,
                numbers=False,
            )
        )
    varied = _varied(run)
    if varied:
        blocks.append(
            Table(
                "What this run varies",
                ["What", "Values", "Default", "Source of the default"],
                varied,
                numbers=False,
            )
        )
    if run.sampled:
        members = run.tables.get("members")
        if members is not None:
            keys = [str(name) for name in members.columns if name != "member"]
            of = shown(_mapping(run.manifest.get("posterior")).get("file", "conf/posterior.csv"))
            blocks.append(
                Text(
                    f"Each of {len(members):,} members of the posterior sample ({of}) sets {len(keys):,} "
                    "numbers jointly; members.csv holds them."
                )
            )
    if not blocks and run.config.get("surgery") is not None:
        blocks.append(
            Text("All numbers of the disease are the shipped ones, with the sources that conf/ states.")
        )
    return [*blocks, *_cohort(run)]


def _varied(run: RunRead) -> list[list[Cell]]:
    design = run.tables.get("design")
    rows: list[list[Cell]] = []
    for name in run.swept if design is not None else ():
        section, _, key = name.partition(".")
        values = [shown(value) for value in dict.fromkeys(map(_plain, design[name]))]  # type: ignore[index]
        stated = ", ".join(values[:6]) + (f" and {len(values) - 6} more" if len(values) > 6 else "")
        default, words = _default_of(section, key)
        rows.append([name, stated, "" if default is None else _number(default), words])
    return rows


def _default_of(section: str, key: str) -> tuple[Any, Sources]:
    key = key.partition("[")[0]
    if section in shipped_disease():
        default = shipped_disease()[section].get(key)
        return default, _sources(comments(f"parameters/{section}").get(key, ""))
    if section == "cohort" and key:
        usual, said = shipped_file("cohort", USUAL_COHORT)
        return usual.get(key), _sources(said.get(key, ""))
    return None, Sources((), "a lever or a file")


def _validation(run: RunRead, changed: Sequence[Changed]) -> list[Block]:
    if run.experiment in ("validate", "calibrate") or not run.policies:
        return []
    ends = validated()
    counted = listed(
        f"{sum(one.verdict == INSIDE for one in ends if one.set == of)} of "
        f"{sum(one.set == of for one in ends)} {of} figures"
        for of in SETS
    )
    disease = [one.key for one in changed if not one.key.startswith(("cohort.", "clinic."))]
    blocks: list[Block] = [
        Text(
            f"The shipped numbers of the disease were compared with published trials and registries. The "
            f"simulation lies inside the published 95 % interval at {counted}. Calibration figures were "
            "fitted; validation figures were only predicted. All of them, study by study, are in "
            "docs/validation.md of this version, which the command lrrc validate makes again."
        )
    ]
    disease += [name for name in run.swept if name.partition(".")[0] in (*shipped_disease(), "disease")]
    if disease or _chosen(run, "disease") not in ("", DISEASE):
        many = f"{len(disease)} number{'s' if len(disease) != 1 else ''}"
        blocks.append(
            Text(
                f"This run differs from the shipped disease in {many}. What follows is of the shipped "
                "disease; this run's own has not been compared with any study, unless lrrc validate was run "
                "with it.",
                "warning",
            )
        )
    if run.sampled:
        blocks.append(
            Text(
                "The members of a posterior sample were not each compared with the validation studies.",
                "note",
            )
        )
    missed = sorted((one for one in ends if one.verdict != INSIDE), key=far_off, reverse=True)
    rows: list[list[Cell]] = [
        [
            one.endpoint,
            f"{one.trial} ({one.set})",
            one.published,
            one.simulated,
            f"{one.z}, {one.verdict}",
            Sources((one.evidence,)),
        ]
        for one in missed[:MOST_MISSES]
    ]
    blocks.append(
        Table(
            f"Known misses: the {len(rows)} furthest from what was published, of {len(missed)}",
            ["Figure", "Study", "Published", "Simulated", "z", "Source"],
            rows,
            "z: by how many published standard errors the simulated figure lies above the published one. The "
            "others are in docs/validation.md, and on the sheet known_misses of report.xlsx.",
        )
    )
    return blocks


def _limits(run: RunRead) -> list[Block]:
    kept = [
        (what, why.replace("`", ""))
        for what, why in LEFT_OUT
        if not (run.sampled and what.startswith("Uncertainty"))
    ]
    return [Items(kept)]


def _methods(run: RunRead) -> list[Block]:
    parts = [MODEL, COMMON]
    if run.experiment in ("compare", "sweep", "capacity", "validate"):
        parts.append(INTERVAL_METHODS)
    if _queues(run):
        parts.append(QUEUE_METHODS)
    parts.append(OF_MEMBERS if run.sampled else OF_LUCK)
    parts.append(
        "What the model does, step by step, is in docs/model.md; outcomes are defined in docs/outcomes.md; "
        "every number is in conf/, with its unit, source and uncertainty."
    )
    return [Text(words) for words in parts]


def _queues(run: RunRead) -> bool:
    return run.experiment == "capacity" or _chosen(run, "clinic") not in (None, "", CLINIC)


def _method_keys(run: RunRead) -> list[str]:
    said = " ".join(block.text for block in _methods(run) if isinstance(block, Text))
    return [key for key in METHODS if f"[{key}]" in said]


def _reproduce(run: RunRead) -> list[Block]:
    manifest, code = run.manifest, _mapping(run.manifest.get("code"))
    dirty = code.get("dirty")
    facts = (
        ("Version", code.get("version")),
        ("Commit", code.get("commit")),
        ("Files changed since that commit", None if dirty is None else "yes" if dirty is True else "no"),
        ("SHA-256 of the code", code.get("sources_sha256")),
        ("SHA-256 of the lock", code.get("lock_sha256")),
        ("Seed", manifest.get("seed")),
        ("Replication", manifest.get("replication")),
        ("Python", manifest.get("python")),
        ("System", manifest.get("platform")),
    )
    blocks: list[Block] = []
    if isinstance(command := manifest.get("command"), str) and command:
        blocks += [Text("The command of this run:"), Code(command[:LONGEST_COMMAND])]
    blocks += [
        Text("From this folder alone, with this version of the code:"),
        Code("lrrc reproduce FOLDER"),
        Table(
            "What the run was made with",
            ["What", "Value"],
            [[name, shown(value)] for name, value in facts if value is not None],
            numbers=False,
        ),
    ]
    tables = _mapping(manifest.get("tables"))
    rows = [
        [shown(name), shown(_mapping(about).get("rows", "")), shown(_mapping(about).get("sha256", ""))]
        for name, about in tables.items()
    ]
    if rows:
        blocks.append(
            Table(
                "The run's tables, and the digest of what each holds",
                ["Table", "Rows", "SHA-256 of its content"],
                rows,
                "The digest does not depend on the order of rows, the format or versions of libraries.",
                numbers=False,
            )
        )
    return blocks


def _ids(blocks: Sequence[Block]) -> list[str]:
    """Return the sources that the tables of some blocks name."""
    return [
        name
        for block in blocks
        if isinstance(block, Table)
        for row in block.rows
        for cell in row
        if isinstance(cell, Sources)
        for name in cell.ids
        if name != ASSUMPTION
    ]


def _sources(comment: str) -> Sources:
    found = ids_in(comment)
    words = ASSUMPTION if ASSUMPTION in found else "" if found else "none stated"
    return Sources(tuple(name for name in found if name != ASSUMPTION), words)


def _chosen(run: RunRead, group: str) -> str:
    name = _mapping(run.manifest.get("choices")).get(group)
    return name if isinstance(name, str) else ""


def _mapping(value: object) -> Tree:
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else {}


def _names(value: object) -> list[str]:
    return [str(name) for name in value] if isinstance(value, list) else []


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _number(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_number, value))}]"
    if isinstance(value, float):
        return f"{value:.6g}"
    return shown(value)


def _same(one: object, other: object) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, int | float) and isinstance(other, int | float):
        return float(one) == float(other)
    return one == other


SIGNATURE = b"\x89PNG\r\n\x1a\n"
KEPT = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"pHYs", b"sRGB", b"gAMA")
LARGEST_PIXELS = 20_000  # on a side
LARGEST_TEXT = 10_000


def read_png(name: str, content: bytes) -> Drawn | None:
    """Return a picture with no chunk but those that hold it, and its text; None for what is no sound PNG."""
    if not content.startswith(SIGNATURE):
        return None
    kept, said, at = [SIGNATURE], {"Title": "", "Description": ""}, len(SIGNATURE)
    size = (0, 0)
    kind = b""
    while kind != b"IEND":
        if at + 12 > len(content):
            return None
        length, kind = struct.unpack(">I4s", content[at : at + 8])
        body, end = content[at + 8 : at + 8 + length], at + 12 + length
        if end > len(content) or zlib.crc32(kind + body) != struct.unpack(">I", content[end - 4 : end])[0]:
            return None
        if kind == b"IHDR" and length == 13:
            size = struct.unpack(">II", body[:8])
        if kind in KEPT:
            kept.append(content[at:end])
        elif kind in (b"tEXt", b"iTXt") and length <= LARGEST_TEXT:
            key, words = _text(kind, body)
            if key in said:
                said[key] = words
        at = end
    if not all(0 < side <= LARGEST_PIXELS for side in size):
        return None
    return Drawn(name, b"".join(kept), *size, said["Title"], said["Description"])


def _text(kind: bytes, body: bytes) -> tuple[str, str]:
    key, _, rest = body.partition(b"\0")
    if kind == b"tEXt":
        return key.decode("latin-1"), rest.decode("latin-1")
    if rest[:1] != b"\0":  # compressed, which Matplotlib does not write
        return "", ""
    return key.decode("latin-1"), rest[2:].split(b"\0", 2)[-1].decode("utf-8", "replace")
