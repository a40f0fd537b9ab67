"""A run's report: one page that needs nothing else, from what the run's folder holds.

What a folder holds is data of unknown origin. It is only written as text, and the template escapes all of it.
"""

import base64
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.pages import report_economics, report_psa, report_sensitivity, report_tables
from analysis.pages.references import references
from analysis.pages.report_asked import patients_of, policies_of, question_of
from analysis.pages.report_numbers import Changed, changed_numbers, numbers
from analysis.pages.report_parts import (
    Block,
    Cell,
    Code,
    Heading,
    Items,
    Picture,
    Reference,
    References,
    Section,
    Sources,
    Table,
    Text,
)
from analysis.pages.report_run import RunRead, chosen_file, mapping, names_in
from analysis.pages.validated import INSIDE, SETS, far_off, validated
from analysis.words.economics import LEFT_OUT as NOT_VALUED
from analysis.words.limits import LEFT_OUT, VALUES
from analysis.words.report import (
    COMMON,
    DRAWS_METHODS,
    INTERVAL_METHODS,
    METHODS,
    MODEL,
    NO_ADVICE,
    OF_DRAWS,
    OF_LUCK,
    OF_MEMBERS,
    QUEUE_METHODS,
    picture_words,
)
from analysis.words.sweep import number_words
from analysis.words.wording import listed, policy_words
from conf.input_error import shown
from conf.run import Tree
from conf.stated_sources import (
    ASSUMPTION,
    CLINIC,
    DISEASE,
    shipped_disease,
)

ANALYSES = {
    "psa": report_psa.valued,
    "gains": report_economics.gained,
    "budget": report_economics.budgeted,
    "sensitivity": report_sensitivity.depending,
}
if TYPE_CHECKING:
    from jinja2 import Template

MOST_MISSES = 20
LONGEST_COMMAND = 20_000
NO_BREAK = "\N{NO-BREAK SPACE}"
TEMPLATE = Path(__file__).with_name("report.html")
TITLES = {
    "compare": "Policies compared",
    "capacity": "Policies in clinics",
    "sweep": "Sweep",
    "validate": "Simulated beside published",
    "calibrate": "A calibration",
    "patient": "One patient's course",
    "psa": "Value for money, and how sure that is",
    "gains": "Who gains",
    "sensitivity": "What the outcome depends on",
    "budget": "Budget impact",
}


def sections_of(run: RunRead) -> list[Section]:
    """Return the parts of a run's report, in order; those that would be empty are left out."""
    changed = changed_numbers(run)
    made = [
        Section("question", "The question", question_of(run)),
        Section("patients", "The patients", patients_of(run)),
        Section("policies", "The policies", policies_of(run)),
        Section("results", "Results", results(run)),
        Section("pictures", "Pictures", _pictures(run)),
        Section("numbers", "Numbers and their sources", numbers(run, changed)),
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
    known = {name for entry in entries_of(sections) for name in entry.figures}
    return template(TEMPLATE).render(
        title=title_of(run),
        about=about_run(run),
        warning=NO_ADVICE,
        sections=sections,
        known=known,
        numbered=_numbered(sections),
        id_of=id,
    )


def template(path: Path) -> "Template":
    """Return a page's template, which escapes all that it is given."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    library = Environment(
        loader=FileSystemLoader(path.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=printable,
    )
    library.filters["together"] = together
    return library.get_template(path.name)


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


def about_run(run: RunRead) -> str:
    """Return which version made which run, and when."""
    finished = run.manifest.get("finished_utc")
    parts = [f"lrrc-sim {_version(run)}", f"run {shown(run.name)}"]
    if isinstance(finished, str):
        parts.append(f"of {shown(finished)[:10]}")
    return ", ".join(parts)


def _version(run: RunRead) -> str:
    return shown(mapping(run.manifest.get("code")).get("version", "unknown"))


def results(run: RunRead) -> list[Block]:
    """Return what a run found, as sentences and tables."""
    kind = run.experiment
    if kind == "compare":
        costs = report_economics.compared(run) if "economics" in run.tables else []
        return [*report_tables.comparison(run.tables), *costs]
    if kind in ANALYSES:
        return ANALYSES[kind](run)
    if kind == "sweep":
        outcomes, years = run.config.get("outcomes"), run.config.get("at_years")
        return report_tables.swept(
            run.tables,
            run.swept,
            names_in(outcomes) or ["local_recurrence"],
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


def _validation(run: RunRead, changed: Sequence[Changed]) -> list[Block]:
    if run.experiment in ("validate", "calibrate") or not run.policies:
        return []
    ends = validated()
    counted = listed(
        f"{sum(one.verdict == INSIDE for one in ends if one.set == of)} of "
        f"{sum(one.set == of and one.judged for one in ends)} {of} figures"
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
    if disease or chosen_file(run, "disease") not in ("", DISEASE):
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
    missed = sorted((one for one in ends if one.missed), key=far_off, reverse=True)
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
        if not ((run.sampled or run.experiment == "psa") and what.startswith("Uncertainty"))
        and not (run.values and what == VALUES)
    ]
    blocks: list[Block] = [Items(kept)]
    if run.values:
        blocks += [Heading("Costs and quality of life"), Items([("", words) for words in NOT_VALUED])]
    return blocks


def _methods(run: RunRead) -> list[Block]:
    parts = [MODEL, COMMON]
    if run.experiment in ("compare", "sweep", "capacity", "validate"):
        parts.append(INTERVAL_METHODS)
    if _queues(run):
        parts.append(QUEUE_METHODS)
    if run.experiment == "psa":
        parts.append(DRAWS_METHODS)
    parts.append(OF_DRAWS if run.experiment == "psa" else OF_MEMBERS if run.sampled else OF_LUCK)
    if run.values:
        parts.append("How costs and quality of life are counted is in docs/economics.md.")
    parts.append(
        "What the model does, step by step, is in docs/model.md; outcomes are defined in docs/outcomes.md; "
        "every number is in conf/, with its unit, source and uncertainty."
    )
    return [Text(words) for words in parts]


def _queues(run: RunRead) -> bool:
    return run.experiment == "capacity" or chosen_file(run, "clinic") not in (None, "", CLINIC)


def _method_keys(run: RunRead) -> list[str]:
    said = " ".join(block.text for block in _methods(run) if isinstance(block, Text))
    return [key for key in METHODS if f"[{key}]" in said]


MOST_OWN = 20  # files that are named
REPRODUCE = (
    "Every table is made again and compared. With the same code, packages and processor, all must be the "
    "same. Otherwise what differs is listed; whole numbers must then be equal, and others to nine digits."
)


def _reproduce(run: RunRead) -> list[Block]:
    manifest, code = run.manifest, mapping(run.manifest.get("code"))
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
    blocks: list[Block] = [
        Text(
            "The folder that this page was written from is enough; the page alone is not. FOLDER stands for "
            "that folder, or for a zip of it."
        ),
        Items([("Install", _version_words(code)), ("Run it again", REPRODUCE)]),
        Code("lrrc reproduce FOLDER"),
        Items([("Change one thing", "The first line runs it with a change, the second shows what differs.")]),
        Code(f"lrrc rerun FOLDER {_change(run)} out=CHANGED"),
        Code("lrrc diff FOLDER CHANGED"),
    ]
    if isinstance(command := manifest.get("command"), str) and command:
        own = [shown(name) for name in mapping(manifest.get("inputs")) if name != "composed.yaml"][:MOST_OWN]
        words = "This was the command of the run."
        if own:
            words += f" It used files of its author's own, which are in the folder inputs: {listed(own)}."
        blocks += [Items([("The command", words)]), Code(command[:LONGEST_COMMAND])]
    blocks += [
        Table(
            "What the run was made with",
            ["What", "Value"],
            [[name, shown(value)] for name, value in facts if value is not None],
            numbers=False,
        ),
    ]
    tables = mapping(manifest.get("tables"))
    rows = [
        [shown(name), shown(mapping(about).get("rows", "")), shown(mapping(about).get("sha256", ""))]
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


def _version_words(code: Tree) -> str:
    """Return which version is to be installed, and how to see whether it is the one of the run."""
    words = f"lrrc-sim {shown(code.get('version', 'of the version below'))}"
    if isinstance(commit := code.get("commit"), str):
        words += f" at the commit {commit[:12]}"
    words += ", with the packages of its requirements.lock."
    if code.get("dirty") is True:
        words += (
            " Files had been changed since that commit, so it is not the whole code of this run. "
            "lrrc reproduce states whether yours differs."
        )
    return words


def _change(run: RunRead) -> str:
    """Return a change that every experiment takes, as an example."""
    seed = run.manifest.get("seed")
    if "seed" in run.swept or not isinstance(seed, int):
        return "patients=1000"
    return f"seed={seed + 1}"


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
