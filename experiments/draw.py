"""Drawing a run's pictures again, from the tables in its folder."""

import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from conf.input_error import InputError

if TYPE_CHECKING:
    import pandas as pd

# Columns of words; all others hold numbers.
WORDS = (
    "policy",
    "comparator",
    "outcome",
    "mechanism",
    "compartment",
    "group",
    "unit",
    "evidence",
    "treatment",
    "margin",
    "fate",
    "clinic",
    "step",
    "resource",
)


SETTINGS: dict[str, str] = {}


def draw(words: Sequence[str]) -> Path:
    """Draw every picture that fits a run's tables into its folder, say what does not fit; return the folder.

    ``words`` holds the folder alone. Raises InputError for other words, for a folder that is no run's, and
    for a table that cannot be read; the folder is then left as it was.
    """
    if len(words) != 1:
        raise InputError(f"{' '.join(words)}: name one folder of a run, as in: lrrc draw runs/compare/NAME")
    folder = Path(words[0]).expanduser()
    if not (folder / "manifest.json").is_file():
        raise InputError(f"{folder}: {no_run(folder)}")
    if (folder / "ledger").is_dir():
        raise InputError(f"{folder}: is of a sweep or a calibration; run its command again with this out=")
    # Imported late: what is refused above is refused at once.
    from analysis.pictures import PICTURES, columns_of, draw_all

    needed = {name for tables in PICTURES.values() for name in tables}
    files = sorted([*folder.glob("*.csv"), *folder.glob("*.parquet")])
    tables = {path.stem: read(path, columns_of(path.stem)) for path in files if path.name in _csv(needed)}
    try:
        with tempfile.TemporaryDirectory(prefix=".pictures-", dir=folder) as scratch:
            # Moved when all are complete, so that none is half drawn.
            paths = draw_all(tables, Path(scratch))
            for path in paths:
                os.replace(path, folder / path.name)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror}") from error
    drawn = {path.stem for path in paths}
    print(f"drawn: {', '.join(sorted(drawn)) or 'nothing'}")
    for picture, names in PICTURES.items():
        if picture.__name__ not in drawn:
            missing = ", ".join(_csv(name for name in names if name not in tables))
            print(f"not drawn: {picture.__name__}, which needs {missing}")
    shown = {name for picture, names in PICTURES.items() if picture.__name__ in drawn for name in names}
    for path in files:
        if path.name not in _csv(shown):
            print(f"no picture shows {path.name}")
    return folder.resolve()


def read(path: Path, columns: tuple[str, ...]) -> "pd.DataFrame":
    """Return a table as the run wrote it.

    Raises InputError where it cannot be read, lacks one of the columns, or has words where numbers belong.
    """
    import pandas as pd

    try:
        table = pd.read_csv(
            path,
            dtype=dict.fromkeys(WORDS, object),
            keep_default_na=False,
            na_values={name: [""] for name in columns if name not in WORDS},
        )
    except (ValueError, OSError) as error:
        raise InputError(f"{path}: cannot be read: {str(error).splitlines()[0]}") from error
    for name in columns:
        if name not in table:
            raise InputError(f"{path}: not the table of this name that a run writes; it has no column {name}")
        if name not in WORDS and len(table) and table[name].dtype.kind not in "if":
            raise InputError(f"{path}: cannot be read: the column {name} must hold numbers")
    return table


def _csv(names: Iterable[str]) -> list[str]:
    return [f"{name}.csv" for name in names]


def no_run(folder: Path) -> str:
    """Return what is wrong with a folder that is not a run's."""
    if not folder.exists():
        return "there is no such folder"
    if not folder.is_dir():
        return "is a file; name a run's folder"
    runs = sorted(path.parent.name for path in folder.glob("*/manifest.json"))
    if runs:
        return f"holds several runs; name one of them: {', '.join(runs)}"
    return "is not a run's folder: it has no manifest.json"
