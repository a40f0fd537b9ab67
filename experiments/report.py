"""A run's report, from its folder alone: a page that needs no network, a workbook, and its references."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from conf.input_error import InputError
from conf.own_file import read_yaml
from conf.received import file_within, read_json
from experiments.draw import folder_of_run, read, read_whole
from experiments.results.crate import renew
from experiments.results.partial import remove_left, write_whole

if TYPE_CHECKING:
    from analysis.pages.png import Drawn
    from analysis.pages.report_run import RunRead

KEY_WORDS: dict[str, str] = {}
# In this order in the workbook. The others of a folder (curves, rows) are for drawing, or for programs.
TABLES = (
    "outcomes",
    "differences",
    "averted",
    "harmed",
    "economics",
    "published",
    "incremental",
    "against_comparator",
    "acceptability",
    "evpi",
    "evppi",
    "evsi",
    "variance",
    "psa",
    "rules",
    "gains",
    "budget",
    "yearly_costs",
    "sensitivity",
    "structure",
    "map",
    "indices",
    "uncertainty",
    "design",
    "members",
    "waits",
    "waiting_harm",
    "utilisation",
    "needed",
    "agreement",
    "endpoints",
    "parameters",
    "targets",
    "tradeoffs",
    "pulls",
    "journal",
)
MOST_PICTURES = 60
LARGEST_PICTURE = 8 * 2**20  # bytes


def report(words: Sequence[str]) -> Path:
    """Write report.html, report.xlsx and report.bib into a run's folder; return the path of the page.

    A probabilistic sensitivity analysis has a memo of one page beside it, memo.html.

    ``words`` holds the folder alone. Raises InputError for other words, for a folder that is no run's, for
    what cannot be read as a run's, and where nothing can be written; no half-written file stays.
    """
    if len(words) != 1:
        raise InputError(f"{' '.join(words)}: name one folder of a run, as in: lrrc report runs/compare/NAME")
    folder = folder_of_run(words[0])
    made = files(folder)
    try:
        for name, content in made.items():
            remove_left(folder / name)
            write_whole(folder / name, content)
        renew(folder)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror}") from error
    print(f"written: {', '.join(made)}")
    return (folder / "report.html").resolve()


def files(folder: Path) -> dict[str, bytes]:
    """Return the files of a run's report by name. Raises InputError where none can be made."""
    run = read_run_folder(folder)
    # Imported late: what is refused above is refused at once.
    from analysis.pages.references import bibtex
    from analysis.pages.report import entries_of, page, sections_of
    from analysis.pages.workbook import workbook

    if not run.experiment:
        raise InputError(f"{folder}: holds no table that a run leaves; there is nothing to report")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of numbers that no run writes
            sections = sections_of(run)
            entries = entries_of(sections)
            made = {
                "report.bib": bibtex(entries).encode(),
                "report.xlsx": workbook(run, entries),
                "report.html": page(run, sections).encode("utf-8", "replace"),
            }
            if run.experiment == "psa":
                from analysis.pages.memo import memo

                made["memo.html"] = memo(run).encode("utf-8", "replace")
            return made
    except Exception as error:  # the folder can hold anything
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        raise InputError(f"{folder}: no report can be made of what it holds now: {what}") from error


def read_run_folder(folder: Path) -> "RunRead":
    """Return what a run's folder holds, as data. Raises InputError where that is not a run's."""
    file_within(folder / "manifest.json")
    manifest = read_json(folder / "manifest.json")
    if manifest is None:
        raise InputError(f"{folder / 'manifest.json'}: cannot be read")
    config = read_yaml(file_within(folder / "config.yaml"), str(folder / "config.yaml"))
    from analysis.pages.report_run import RunRead
    from analysis.pictures.catalogue import columns_of

    tables = {}
    for name in TABLES:
        path = folder / f"{name}.csv"
        if path.is_symlink() or path.exists():
            if columns := columns_of(name):
                read(path, columns)  # refuses a table that lacks what is read of it
            tables[name] = read_whole(path)
    return RunRead(folder.resolve().name, manifest, config, tables, pictures_in(folder))


def pictures_in(folder: Path) -> "list[Drawn]":
    """Return the pictures right in a run's folder, in the order in which a run draws them.

    A file that is no picture is left out. Raises InputError for a link that leads out of the folder.
    """
    from analysis.pages.png import read_png
    from analysis.pictures.catalogue import PICTURES

    order = [picture.__name__ for picture in PICTURES]
    paths = sorted(
        folder.glob("*.png"),
        key=lambda path: (order.index(path.stem) if path.stem in order else len(order), path.name),
    )
    found = []
    for path in paths[:MOST_PICTURES]:
        file = file_within(path)
        if file.stat().st_size <= LARGEST_PICTURE:
            found.append(read_png(path.stem, file.read_bytes()))
    return [picture for picture in found if picture is not None]
