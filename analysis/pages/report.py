"""A run's report: one page that needs nothing else, from what the run's folder holds.

What a folder holds is data of unknown origin. It is only written as text, and the template escapes all of it.
"""

import base64
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from analysis.pages import report_tables
from analysis.pages.answer import answer
from analysis.pages.references import references
from analysis.pages.report_numbers import Changed, changed_numbers, numbers
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
from analysis.pages.report_run import RunRead, chosen_file, mapping, names_in
from analysis.pages.validated import INSIDE, SETS, far_off, validated
from analysis.words.guideline import by_group, condition_words, group_words, groups_in, rule_of
from analysis.words.limits import LEFT_OUT
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
    setting,
    setting_words,
)
from analysis.words.sweep import number_words
from analysis.words.wording import listed, policy_words, sentence, years_words
from conf.input_error import shown
from conf.policies import LEVERS, USUAL_CARE
from conf.question import WAITS, outcome_names
from conf.run import Tree
from conf.stated_sources import (
    ASSUMPTION,
    CLINIC,
    DISEASE,
    shipped_disease,
)

NAN = float("nan")
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
}


def sections_of(run: RunRead) -> list[Section]:
    """Return the parts of a run's report, in order; those that would be empty are left out."""
    changed = changed_numbers(run)
    made = [
        Section("question", "The question", _question(run)),
        Section("patients", "The patients", _patients(run)),
        Section("policies", "The policies", _policies(run)),
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
    return shown(mapping(run.manifest.get("code")).get("version", "unknown"))


def _question(run: RunRead) -> list[Block]:
    clinics = names_in(run.config.get("clinics")) if run.experiment == "capacity" else []
    words = question(
        run.experiment,
        list(run.policies),
        run.comparator,
        [number_words(name) for name in run.swept],
        [f"the clinic {policy_words(name)}" for name in clinics],
    )
    blocks = _asked(run) or [Text(words, "lead")]
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


def _asked(run: RunRead) -> list[Block]:
    """Return the question of the run's scenario and its answer, where it asks one."""
    asked = mapping(run.config.get("question"))
    if run.experiment != "compare" or not asked:
        return []
    years = asked.get("horizon_years")
    found = answer(
        run.tables,
        [name for name in names_in(asked.get("outcomes")) if name in outcome_names()],
        float(years) if isinstance(years, int | float) else NAN,
        [name for name in names_in(asked.get("waits")) if name in WAITS],
    )
    blocks: list[Block] = [Text(str(asked.get("asks", "")), "lead"), Text(found.main, "lead")]
    blocks += [Items([("", line) for line in found.by_policy])] if found.by_policy else []
    blocks.append(Text(found.note, "note"))
    if limits := asked.get("cannot_say"):
        blocks.append(Text(f"What the model cannot say: {limits}"))
    return blocks


def _patients(run: RunRead) -> list[Block]:
    cohort = mapping(run.config.get("cohort"))
    if not cohort:
        return []
    chosen = chosen_file(run, "cohort")
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
    if isinstance(usual := cohort.get(USUAL_CARE), str):
        lines.append(f"Usual care is the policy {policy_words(shown(usual))}.")
    if isinstance(years, int | float):
        lines.append(f"Each is followed from diagnosis to death, or for {years_words(float(years))}.")
    if clinic := chosen_file(run, "clinic"):
        lines.append(
            "Nobody waits for anybody: no clinic limits what is done."
            if clinic == CLINIC
            else f"They queue in a clinic ({shown(clinic)})."
            if run.experiment != "capacity"
            else ""
        )
    return [Text(" ".join(filter(None, lines)))]


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
    varied = [name for name in run.swept if name in LEVERS or rule_of(name)]
    differ = [
        name
        for name in dict.fromkeys(
            [*LEVERS, *(key for levers in policies.values() for key in by_group(levers))]
        )
        if name not in varied
        and any(setting(levers, name) != setting(first, name) for levers in policies.values())
    ]
    described = [
        (sentence(policy_words(name)), str(levers.get("description", "")))
        for name, levers in policies.items()
    ]
    blocks: list[Block] = [Items(described)]
    if varied:
        for_all = [lever_words(name) for name in varied if not rule_of(name)]
        by_rule = [lever_words(name) for name in varied if rule_of(name)]
        said = [f"in every policy: {listed(for_all)}"] if for_all else []
        said += [f"in the policies that have the group: {listed(by_rule)}"] if by_rule else []
        blocks.append(Text(f"The sweep sets {'; '.join(said)}."))
    groups = [
        [
            sentence(policy_words(name)),
            sentence(group_words(one.group)),
            one.moment,
            condition_words(one.condition),
        ]
        for name, levers in policies.items()
        for one in groups_in(levers)
    ]
    if groups:
        head = ["Policy", "Group", "Placed in it", "Who"]
        note = (
            "Of the groups of one moment the first that fits counts. What a group does not set is as for all."
        )
        blocks.append(Table("The risk groups", head, groups, note, numbers=False))
    if differ:
        rows = [
            [
                sentence(lever_words(name)),
                name,
                *(setting_words(setting(levers, name)) for levers in policies.values()),
            ]
            for name in differ
        ]
        head = ["Lever", "Key", *(sentence(policy_words(name)) for name in policies)]
        note = "Under a policy without a group its row is what all get." if groups else ""
        blocks.append(Table("The levers in which the policies differ", head, rows, note, numbers=False))
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
