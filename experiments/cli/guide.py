"""The text of ``lrrc <experiment> --help``: what can be set, and to what."""

import re
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra import compose

from conf import composition as library
from conf import policies, schema
from conf.composition import CONF, chosen_groups
from conf.economics import ECONOMICS
from conf.guideline_file import written_groups
from conf.input_error import InputError, shown
from experiments.cli.trial_skeleton import SKELETON

if TYPE_CHECKING:
    from experiments.cli.catalogue import Experiment

WIDTH = 110
COLUMN = 38
GROUPS = {
    "cohort": "who the patients are",
    "scenario": "a cohort, a clinic and the policies to compare",
    "clinic": "the capacity for them",
    "disease": "the numbers of the disease",
    "economics": "what care costs and what life is worth; none: neither is counted",
    "compute": "where the work is done; its keys are compute.workers, compute.address, ...",
}
KEY_WORDS = {
    "number": "the patient to describe, from 0 on",
    "find": "instead: averted, caused, a mechanism, a route, or a condition on the row's fields "
    '(docs/outcomes.md), as in find="salvage_margin == r0 and age_years < 60"; the first patient who fits',
    "patients": "how many patients",
    "most_patients": "the limit, where more patients are needed",
    "seed": "another seed gives other luck",
    "replication": "a repetition with other luck, under the same seed",
    "horizon_years": "how long each patient is followed; null: 10, or as the file of economics says",
    "policies": "a list; policies joined by + are combined",
    "comparator": "the policy that the others are compared with; null: the first",
    "clinics": "a list; clinic.KEY=VALUE changes a key of every one",
    "target_share": "the share of patients to be served within a step's target days",
    "clock": "auto, simpy or compiled: the same results, to the bit; auto: compiled for many patients",
    "out": "the run's folder, new or empty; null: runs/<experiment>/<date and time>",
    "rows": "also write every patient's row, patients.parquet",
    "journal": "also write every event of every patient, journal.parquet",
    "pictures": "draw the pictures; without them a run is faster, and lrrc draw RUN draws them later",
    "published": "figures to show beside the simulated ones; a scenario sets them",
    "question": "what is asked, and which outcomes answer it; a scenario sets it (lrrc scenarios)",
    "grid": "every combination of values, {name:[value,value],...}; a name is a number, a lever or a group",
    "list": "or these points, [{name:value,...},...]",
    "latin": "or a Latin hypercube, {name:[low,high],...}",
    "points": "how many points the Latin hypercube has",
    "design_seed": "another seed gives another Latin hypercube",
    "posterior": "so many members of the posterior sample of the disease's numbers, or all, alone or at "
    "every point of a design: shows the effect of uncertain parameters",
    "posterior_from": "a posterior file of your own, or a calibration's folder; null: the shipped one",
    "replications": "how often each point is simulated, each time with other luck",
    "block": "patients in a task; no result depends on it",
    "on_error": "continue with the other tasks, or stop",
    "precision": "add blocks until the half-width of the 95 % interval is at most this, such as 0.001",
    "precision_of": "of the difference from the comparator, or of the outcome",
    "outcomes": "the outcomes that are drawn; precision is that of the first",
    "harms": "the harms that are drawn against the recurrences averted, where levers or rules are swept",
    "at_years": "when they are drawn and made precise; null: at 5 years",
    "members": "draws of all uncertain numbers together",
    "discrepancy": "draw too how far studies lie from the model",
    "method": "one or more of tornado, map, morris, sobol and structure",
    "outcome": "costs, qalys, net_benefit, or an outcome of lrrc compare, such as local_recurrence",
    "of": "difference from the comparator, or level",
    "vary": "uncertain numbers to be varied: sections or keys, as in [margin,economics]; null: all",
    "map": "two numbers and their ranges, {key:[low,high],key:[low,high]}",
    "map_steps": "of each number of a map",
    "by": "number, or section: its numbers vary together, as one (Morris, Sobol')",
    "trajectories": "of Morris: so many times the numbers and one are the points",
    "samples": "of Sobol', a power of 2: so many times the numbers and two are the points",
    "alternatives": "names in conf/structure/alternatives.yaml, or your own {name:{key:value}}; null: all",
    "uptake": "share of each year's new patients who are treated by the policy, one for each year",
    "threshold": "what a QALY may cost; null: the middle one of the file of economics",
    "thresholds": "what a QALY may cost: amounts that rise; null: those of the file of economics",
    "evppi": "groups of uncertain numbers to be valued: {name:[section or key]}; null: by section",
    "study": "a study to be valued: {parameters:[key],sizes:[100,400]}",
    "patients_per_year": "whom the decision concerns",
    "decision_years": "for how many years",
    "trials": "a trial, a list, the path of your own file (docs/trials.md), a set (calibration or "
    "validation), or all; trial=... is the same",
    "fitted": "what to fit: sections or keys, as in [margin,surgery.leak_probability]; null: all uncertain",
    "ensemble": "members of the posterior sample",
    "steps": "the number of steps in which the posterior sample is fitted to the published figures",
    "search_evaluations": "evaluations in the search for the best fit",
    "refits": "trials without each of which the best fit is searched again, to check the predictions",
    "workers": "processes; null: one for each core",
    "ship": "also write conf/disease/calibrated.yaml and conf/posterior.csv",
}
# Where an experiment's words differ; None: no words, since it refuses the key.
OTHERWISE: dict[str, dict[str, str | None]] = {
    "sweep": {
        "patients": "how many patients for every point, replication and policy",
        "out": "the sweep's folder: new, empty, or its own, which resumes it; "
        "null: runs/sweep/<date and time>",
        "rows": None,
        "journal": None,
    },
    "sensitivity": {
        "patients": "the same at every point, under each policy",
        "out": "the analysis's folder: new, empty, or its own, which resumes it; "
        "null: runs/sensitivity/<date and time>",
        "design_seed": "another seed gives other points of Morris and Sobol'",
        "at_years": "when an outcome with a horizon is counted; null: at 5 years",
        "rows": None,
        "journal": None,
    },
    "psa": {
        "patients": "of each member under each policy",
        "out": "the analysis's folder: new, empty, or its own, which resumes it; "
        "null: runs/psa/<date and time>",
        "precision": "instead of members and patients: half-width of the 95 % interval of each policy's net "
        "benefit over the comparator, in money",
        "posterior_from": "a posterior file of your own, or a calibration's folder; null: the shipped one",
        "rows": None,
        "journal": None,
    },
}


def guide(
    name: str, experiment: "Experiment", options: Iterable[tuple[str, str]], own: str | None = None
) -> str:
    """Return the help of an experiment: examples, keys, groups, policies, levers and options.

    ``own``: a folder whose files are listed too.
    """
    with library.composing(own):
        defaults = library.plain(compose(name), resolve=False)
        texts = {**KEY_WORDS, **OTHERWISE.get(name, {})}
        settings = {key: words.replace("<experiment>", name) for key in defaults if (words := texts.get(key))}
        groups = {group: words for group, words in GROUPS.items() if group in chosen_groups(name)}
        parts = [
            [f"lrrc {name}: {experiment.summary}", "", f"usage: lrrc {name} [key=value ...]"],
            ["examples", *(f"  {example}" for example in experiment.examples)],
            ["keys", *(_line(f"{key}={shown(defaults[key])}", words) for key, words in settings.items())],
            _numbers(name),
            *([f"{_heading(group, defaults)} {words}", *_files(group)] for group, words in groups.items()),
            ["policies: files that set a few levers; + combines them", *_policies(), *_own_policy(name)],
            ["guidelines: the risk groups that a policy may give its levers by", *_guidelines()],
            ["levers: what a policy file may set, and what each is in tme_alone", *_levers()],
            ["follow_up: schedules", *_files("follow_up")],
            *([["trials: trial=...", *_files("trial")], _trial()] if "trials" in defaults else []),
            ["options", *(_line(spelling, words) for spelling, words in options)],
        ]
    return "\n\n".join("\n".join(lines) for lines in parts)


def _trial() -> list[str]:
    return [
        "a trial of your own: copy this into path/to/mine.yaml, then lrrc validate trial=path/to/mine.yaml",
        *SKELETON.rstrip().splitlines(),
    ]


def _numbers(name: str) -> list[str]:
    own = [group for group in ("cohort", ECONOMICS) if group in chosen_groups(name)]
    sections = ", ".join([*own, *schema.shipped_sections()])
    return [
        "numbers: any in these sections by its full key, as in surgery.leak_probability=0.08",
        *_wrapped(sections, 2),
        f"  To see one section, or all: lrrc {name} --cfg job -p surgery; lrrc {name} --cfg job",
    ]


def _heading(group: str, defaults: Mapping[str, object]) -> str:
    # Several clinics of a run are a list.
    return f"{group}s=[...]" if f"{group}s" in defaults else f"{group}=..."


def _own_policy(name: str) -> list[str]:
    return [
        "  One of your own: write the levers that differ from tme_alone in DIR/policy/mine.yaml, then",
        f"  lrrc {name} --config-dir DIR policies=[{policies.BASE},mine]",
    ]


def _levers() -> list[str]:
    base = policies.read_policy(policies.BASE)
    lines = []
    for lever, (_, words) in policies.LEVERS.items():
        value = getattr(base, lever)
        lines += [_line(f"{lever}: {policies.written(value)}", words)]
        lines += _wrapped(policies.settings(lever), 6)
    return lines


def _policies() -> list[str]:
    """Return the policies; below one with a guideline, what each group gets."""
    lines = []
    for file in library.options("policy"):
        lines.append(_line(file, about("policy", file)))
        content = _content("policy", file)
        if guideline := content.get("guideline"):
            groups = {group: own for group, own in content.items() if isinstance(own, Mapping)}
            gets = [
                f"{group}: {', '.join(f'{lever} {shown(value)}' for lever, value in own.items())}"
                for group, own in groups.items()
            ]
            lines += _wrapped(f"guideline {shown(guideline)}; {'; '.join(gets)}", 6)
    of = [
        f"{usual} (cohort {file})"
        for file in library.options("cohort")
        if (usual := _content("cohort", file).get(policies.USUAL_CARE))
    ]
    return [*lines, _line(policies.USUAL_CARE, f"the policy that the cohort names: {', '.join(of)}")]


def _guidelines() -> list[str]:
    """Return the guidelines, each with its groups and who is in them, as its file writes it."""
    lines = []
    for file in library.options("guideline"):
        lines.append(_line(file, about("guideline", file)))
        for moment, groups in _content("guideline", file).items():
            if who := [f"{name}: {when}" for name, when in written_groups(groups)]:
                lines += _wrapped(f"{moment}: {'; '.join(who)}", 6)
    return lines


def _content(group: str, file: str) -> Mapping[str, Any]:
    """Return what a file holds; nothing of a user's own that cannot be read."""
    try:
        return library.read(group, file)
    except InputError:
        return {}


def _files(group: str) -> list[str]:
    return [_line(file, about(group, file)) for file in library.options(group)]


def about(group: str, name: str) -> str:
    """Return a file's description: its line of that name, or its title, or its first comment."""
    folders = [Path(source.path) for source in library.sources() if isinstance(source, library.OwnFolder)]
    path = next(path for folder in (CONF, *folders) if (path := folder / group / f"{name}.yaml").is_file())
    text = path.read_text("utf-8", errors="replace")
    found = re.search(r"^(?:description|title): *(.*)$", text, re.MULTILINE) or re.search(
        r"^#(?! @package) *(.*)$", text, re.MULTILINE
    )
    return found[1].strip() if found else ""


def _line(left: str, right: str) -> str:
    space = " " * COLUMN
    first = f"  {left}".ljust(COLUMN) if len(left) < COLUMN - 3 else f"  {left}\n{space}"
    return first + f"\n{space}".join(textwrap.wrap(right, WIDTH - COLUMN, break_on_hyphens=False))


def _wrapped(text: str, indent: int) -> list[str]:
    space = " " * indent
    return textwrap.wrap(text, WIDTH, initial_indent=space, subsequent_indent=space)
