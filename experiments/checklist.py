"""``lrrc checklist RUN``: reporting checklists of a run, filled in with what is known."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conf.input_error import InputError, shown
from experiments.results.crate import renew
from experiments.results.received_run import ReceivedRun, received_run
from experiments.results.run_words import run_and_settings

if TYPE_CHECKING:
    from analysis.pages.checklist_frame import Facts
    from analysis.pages.report_parts import Table

KEY_WORDS = {
    "out": "another folder for the pages, which may be there already; null: the run's own",
    "verified": "the folder of lrrc verify out=DIR for the same scenario, whose results are shown",
}
MOST_CHANGES = 400  # numbers that a page lists as changed


def checklist(words: Sequence[str]) -> Path:
    """Write a page for each reporting checklist, say how much is left to write, and return their folder.

    ``words``: a run's folder or a zip of it, and settings. Raises InputError for a folder that is no run's,
    and where a page is there already with another text: a person may have completed it.
    """
    name, settings = run_and_settings(
        words, KEY_WORDS, "name one run, as in: lrrc checklist runs/compare/NAME"
    )
    with received_run(name) as run:
        if not run.folder.samefile(Path(name).expanduser()) and "out" not in settings:
            raise InputError(f"{name}: is a zip; name a folder for the pages, as in out=checklists")
        folder = Path(settings["out"]).expanduser() if "out" in settings else run.folder
        from analysis.pages.checklist_frame import TO_DO
        from analysis.pages.checklists import pages

        made = pages(facts_of(run, settings.get("verified")))
        for file, text in made.items():
            if is_other(folder / file, text):
                raise InputError(
                    f"{folder / file}: is there already with another text, and stays as it is; "
                    "name another folder, as in out=checklists"
                )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for file, text in made.items():
                (folder / file).write_text(text, "utf-8", newline="\n")
            if folder.resolve() == run.folder:
                renew(run.folder)
        except OSError as error:
            raise InputError(f"{folder}: cannot be written: {error.strerror}") from error
    for file, text in made.items():
        # Less the line that explains the mark.
        print(f"{file}: {text.count('## ') - text.count('### ')} items, {text.count(TO_DO) - 1} to complete")
    return folder.resolve()


def is_other(path: Path, text: str) -> bool:
    """Return whether something else than this text has a page's name: a file, a link, a folder."""
    if path.is_symlink() or (path.exists() and not path.is_file()):
        return True
    try:
        return path.exists() and path.read_bytes() != text.encode()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def facts_of(run: ReceivedRun, verified: str | None = None) -> "Facts":
    """Return what is known of a run and of the model. Raises InputError for what cannot be read."""
    from analysis.pages.checklist_frame import Facts
    from analysis.pages.diagrams import label, pathway
    from conf import numbers, stated_sources
    from conf.composition import composed, composing
    from conf.origins import origins
    from conf.own_file import read_yaml
    from conf.received import file_within
    from conf.schema import read_run
    from experiments.black_box import TESTS
    from experiments.model_source import bookings
    from sim.clinic.queues import Resource
    from sim.events import Event
    from sim.luck import DRAWS, ROUTE_DRAWS, SIDE_DRAWS
    from sim.patient import ROW

    config = read_yaml(file_within(run.folder / "config.yaml"), f"{run.name}: config.yaml")
    with composing():
        known = numbers.numbers_of(read_run(composed("compare")[0]), origins("compare", []))
    used = {key for number in known for key in number.sources}
    booked = bookings()
    fit = numbers.shipped_fit()
    return Facts(
        manifest=run.manifest,
        config=config,
        changed=list(changed(config, known, origins_of(run)))[:MOST_CHANGES],
        outcomes=outcomes_of(run),
        diagram=pathway({name: each.books for name, each in booked.items()}),
        events=[
            (label(event), _code(booked[event.name].reaction), _labels(booked[event.name].books))
            for event in Event
        ],
        attributes=ROW.names or (),
        draws=len(DRAWS) + len(SIDE_DRAWS) + len(ROUTE_DRAWS),
        resources=[resource.name.lower().replace("_", " ") for resource in Resource],
        numbers=len(known),
        assumed=sum(number.assumed for number in known),
        fitted=sum(number.fitted for number in known),
        evidence=len(used),
        publications=len({stated_sources.evidence()[key]["source"] for key in used}),
        tests=[(area, claim) for area, claim, _ in TESTS],
        fit=f"{fit.endpoints} endpoints of {len(fit.trials)} trials, all numbers jointly",
        verified=results_of(verified) if verified else (),
        valued=valued_of(run),
    )


def _code(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _labels(names: Sequence[str]) -> str:
    from analysis.pages.diagrams import label
    from sim.events import Event

    return ", ".join(label(Event[name]) for name in names)


def changed(
    config: Mapping[str, Any], known: "Sequence[Any]", found: Mapping[str, str]
) -> Iterator[tuple[str, str, str, str]]:
    """Yield the numbers of a configuration that are not the shipped ones, with both and the origin."""
    from analysis.pages.numbers import written

    for number in known:
        section = config.get(number.section)
        if isinstance(section, Mapping) and number.name in section:
            value = section[number.name]
            if value != number.value:
                yield number.key, shown(value), written(number.value), found.get(number.key, "not recorded")


def origins_of(run: ReceivedRun) -> dict[str, str]:
    """Return where each number of a run comes from, composed again from its inputs; empty where it cannot be.

    Another version may have other keys and files.
    """
    from conf.composition import composing
    from conf.origins import origins
    from conf.request import FOREIGN

    try:
        with composing(run.inputs):
            return origins(run.experiment, run.manifest["overrides"])
    except (InputError, *FOREIGN, ValueError):
        return {}


def outcomes_of(run: ReceivedRun) -> list[str]:
    """Return the names of the outcomes that this version knows, in the run's table of outcomes."""
    from experiments.draw import read
    from sim.counting.outcomes import UNITS, AtHorizon, ByGroup, RecurrenceShare, TreatmentShare

    path = run.folder / "outcomes.csv"
    if not path.is_file():
        return []
    members = (*ByGroup, *AtHorizon, *TreatmentShare, *RecurrenceShare)
    ours = [*(member.name.lower() for member in members), *UNITS]
    there = set(read(path, ("outcome",))["outcome"])
    return [name for name in dict.fromkeys(ours) if name in there]


def valued_of(run: ReceivedRun) -> "dict[str, list[Table]]":
    """Return what a run found of costs and QALYs as tables: results, uncertainty or subgroups.

    Raises InputError for tables that cannot be those of a run.
    """
    from analysis.pages.report import ANALYSES
    from analysis.pages.report_economics import compared
    from analysis.pages.report_parts import Table
    from experiments.report import read_run_folder

    read = read_run_folder(run.folder)
    of = {"compare": compared, **ANALYSES}
    if read.experiment not in of or not read.values:
        return {}
    if read.experiment == "compare" and "economics" not in read.tables:
        return {}
    try:
        tables = [block for block in of[read.experiment](read) if isinstance(block, Table)]
    except Exception as error:  # the folder can hold anything
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        raise InputError(f"{run.name}: its tables of costs cannot be read: {what}") from error
    if read.experiment == "psa":
        return {"results": tables[:2], "uncertainty": tables[2:]}
    return {{"gains": "subgroups", "sensitivity": "uncertainty"}.get(read.experiment, "results"): tables}


def results_of(name: str) -> list[list[str]]:
    """Return the results of ``lrrc verify out=DIR`` as rows of a table. Raises InputError."""
    import pandas as pd

    from conf.received import read_received

    path = Path(name).expanduser() / "verification.csv"
    columns = ["area", "claim", "expected", "seen", "passed"]
    table = read_received(path, lambda file: pd.read_csv(file, dtype=str, keep_default_na=False))
    if [*table] != columns:
        raise InputError(f"{path}: is not the table that lrrc verify writes")
    return [columns, *table.head(200).to_numpy().tolist()]
