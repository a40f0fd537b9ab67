"""A run's tables with their labels, for other programs: Stata and R."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from conf.input_error import InputError, choice, shown
from conf.received import bare_names, read_json
from experiments.draw import folder_of_run, read_whole
from experiments.results.crate import renew
from experiments.results.csv_file import as_written
from experiments.results.notices import notice
from experiments.results.partial import remove_left, write_whole
from experiments.results.run_words import run_and_settings

if TYPE_CHECKING:
    import pandas as pd

FORMATS = ("stata", "r")
KEY_WORDS = {
    "format": "stata: a .dta for each table; r: a CSV for each, and read.R, which reads and labels them",
    "out": "a folder for the files; default: the folder stata or r within the run's",
}


def export(words: Sequence[str]) -> Path:
    """Write a run's tables with labels of variables and values; return the folder of the files.

    ``words``: the run's folder, then format= and perhaps out=. Raises InputError for other words, for a
    folder that is no run's, for a table that cannot be read, and where nothing can be written.
    """
    name, settings = read(words)
    folder = folder_of_run(name)
    there = Path(settings["out"]).expanduser() if "out" in settings else folder / settings["format"]
    if there.is_symlink() or (there.exists() and not there.is_dir()):
        raise InputError(f"{there}: is a link or a file; name another folder, as in out=labelled")
    tables = read_tables(folder)
    if not tables:
        raise InputError(f"{folder}: holds no table of its manifest; there is nothing to export")
    from analysis.pages.labelled import r_files, stata_files

    manifest = read_json(folder / "manifest.json") or {}
    code = manifest.get("code")
    version = code.get("version") if isinstance(code, dict) else None
    about = f"lrrc-sim {version or 'of an unknown version'}"
    try:
        made = (stata_files if settings["format"] == "stata" else r_files)(tables, about)
    except Exception as error:  # a table can hold anything
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        raise InputError(f"{folder}: cannot be exported as its tables are now: {what}") from error
    if "out" in settings:
        _refuse_others_files(there, made)
    try:
        there.mkdir(parents=True, exist_ok=True)
        for file, content in made.items():
            remove_left(there / file)
            write_whole(there / file, content)
        if there.resolve().is_relative_to(folder.resolve()):
            renew(folder)
    except OSError as error:
        raise InputError(f"{there}: cannot be written: {error.strerror}") from error
    print(f"written: {', '.join(made)}")
    return there.resolve()


def _refuse_others_files(there: Path, made: Mapping[str, bytes]) -> None:
    """Raise InputError where a folder holds what export did not write, which it might replace."""
    from analysis.pages.labelled import SCRIPT

    held = {path.name for path in there.iterdir()} if there.is_dir() else set()
    if others := sorted(held - made.keys()):
        raise InputError(f"out={there}: holds {others[0]}, not of an export; name a new or an empty folder")
    if held and SCRIPT in made and SCRIPT not in held:
        raise InputError(f"out={there}: holds tables, not of an export; name a new or an empty folder")


def read(words: Sequence[str]) -> tuple[str, dict[str, str]]:
    """Return the run's name and the settings that the words ask. Raises InputError."""
    name, settings = run_and_settings(
        words, KEY_WORDS, "name one folder of a run, as in: lrrc export RUN format=r"
    )
    if "format" not in settings:
        raise InputError(f"format: missing; it is {' or '.join(FORMATS)}, as in format=stata")
    if settings["format"] not in FORMATS:
        raise InputError(
            f"format={shown(settings['format'])}: there is none{choice(settings['format'], FORMATS)}"
        )
    return name, settings


def read_tables(folder: Path) -> "dict[str, pd.DataFrame]":
    """Return the tables that a run's manifest names, by name without ending; what is gone is reported.

    A sweep has one table in two formats; it is read once. Raises InputError where one cannot be read.
    """
    manifest = read_json(folder / "manifest.json") or {}
    named = manifest.get("tables")
    tables: dict[str, pd.DataFrame] = {}
    for name in bare_names(sorted(named) if isinstance(named, dict) else []):
        path = folder / name
        if path.suffix not in (".csv", ".parquet") or path.stem in tables:
            continue
        if not path.is_file():
            notice(f"warning: {path}: is gone, and not exported")
            continue
        table = read_whole(path)
        if path.suffix == ".csv":
            words = [column for column in table if table[column].dtype.kind not in "iufb"]
            table = table.assign(**{str(column): table[column].map(_as_written) for column in words})
        tables[path.stem] = table
    return tables


def _as_written(cell: object) -> object:
    return as_written(cell) if isinstance(cell, str) else cell
