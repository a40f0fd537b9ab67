"""Drawing a run's pictures again, from the tables in its folder."""

import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from conf.input_error import InputError
from conf.own_file import read_yaml
from conf.received import file_within, read_received
from experiments.results.crate import DICTIONARY, renew
from experiments.results.csv_file import as_written
from experiments.results.machine import replace
from experiments.results.partial import partial_path, remove, remove_left

if TYPE_CHECKING:
    import pandas as pd

# Columns of words; all others hold numbers.
TEXT_COLUMNS = (
    "policy",
    "harm",
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
    "quantity",
    "status",
    "dominated_by",
    "icer_method",
    "icer_error_method",
    "reading",
    "source",
    "condition",
    "method",
)

# Columns of whole numbers.
WHOLE = (
    "n", "served", "count", "entity_id", "point", "seed", "replication", "member", "members", "patients",
    "trials", "endpoints", "comparable", "inside", "degrees", "parameters", "size",
    "year",
)  # fmt: skip

Made = TypeVar("Made")
KEY_WORDS: dict[str, str] = {}


def draw(words: Sequence[str]) -> Path:
    """Draw every picture that fits a run's tables into its folder, say what does not fit; return the folder.

    ``words`` holds the folder alone. Raises InputError for other words, for a folder that is no run's, and
    for a table that cannot be read; the folder is then left as it was.
    """
    if len(words) != 1:
        raise InputError(f"{' '.join(words)}: name one folder of a run, as in: lrrc draw runs/compare/NAME")
    folder = folder_of_run(words[0])
    # Imported late: what is refused above is refused at once.
    from analysis.pictures.catalogue import PICTURES, columns_of, draw_all

    if (folder / "ledger").is_dir():
        return draw_points(folder)
    needed = {name for tables in PICTURES.values() for name in tables}
    files = sorted([*folder.glob("*.csv"), *folder.glob("*.parquet")])
    tables = {path.stem: read(path, columns_of(path.stem)) for path in files if path.name in _csv(needed)}
    drawn = into(folder, lambda scratch: draw_all(tables, scratch))
    for picture, names in PICTURES.items():
        if picture.__name__ not in drawn:
            missing = ", ".join(_csv(name for name in names if name not in tables))
            print(f"not drawn: {picture.__name__}, which needs {missing}")
    shown = {name for picture, names in PICTURES.items() if picture.__name__ in drawn for name in names}
    for path in files:
        if path.name not in _csv(shown) and path.name != DICTIONARY:
            print(f"no picture shows {path.name}")
    return folder.resolve()


def draw_points(folder: Path) -> Path:
    """Draw the pictures of a psa or a sensitivity analysis into its folder; return the folder.

    Raises InputError for a folder of another command that keeps its work on a ledger, and as ``draw``.
    """
    from analysis.pages.redrawn import pictures_of
    from analysis.pages.report_run import RunRead, experiment_of
    from analysis.pictures.look import save_all

    files = {path.stem: path for path in sorted(folder.glob("*.csv")) if path.name != DICTIONARY}
    if experiment_of(files) not in ("psa", "sensitivity"):
        raise InputError(f"{folder}: is of a sweep or a calibration; run its command again with this out=")
    config = read_yaml(file_within(folder / "config.yaml"), str(folder / "config.yaml"))
    run = RunRead(folder.name, {}, config, {name: read_whole(path) for name, path in files.items()}, [])
    pictures = with_any_tables(folder, lambda: pictures_of(run))
    into(folder, lambda scratch: save_all(pictures, scratch))
    return folder.resolve()


def into(folder: Path, drawn: Callable[[Path], Sequence[Path]]) -> set[str]:
    """Draw into a scratch folder, and then into the run's; say what was drawn, and return the names.

    Raises InputError where that fails; the folder is then left as it was.
    """
    scratch = partial_path(folder / "pictures")
    try:
        remove_left(folder / "pictures")
        scratch.mkdir()
        # Moved when all are complete, so that none is half drawn.
        paths = with_any_tables(folder, lambda: drawn(scratch))
        for path in paths:
            replace(path, folder / path.name)
        renew(folder)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror}") from error
    finally:
        remove(scratch)
    names = {path.stem for path in paths}
    print(f"drawn: {', '.join(sorted(names)) or 'nothing'}")
    return names


def folder_of_run(word: str) -> Path:
    """Return the folder that a word of the command line names. Raises InputError where it is no run's."""
    folder = Path(word).expanduser()
    if not (folder / "manifest.json").is_file():
        raise InputError(f"{folder}: {no_run(folder)}")
    return folder


def with_any_tables(folder: Path, made: Callable[[], Made]) -> Made:
    """Return what is made from a folder's tables, which can hold anything.

    Raises InputError where that fails, and OSError where it cannot be written.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of numbers that no run writes
            return made()
    except (OSError, InputError):
        raise
    except Exception as error:
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        raise InputError(f"{folder}: cannot be drawn from what its tables hold now: {what}") from error


def read_whole(path: Path) -> "pd.DataFrame":
    """Return any table of a run's folder, CSV or Parquet, with the types that it had.

    Raises InputError where it cannot be read.
    """
    import pandas as pd

    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(file_within(path))
        names = pd.read_csv(file_within(path), nrows=0).columns
    except InputError:
        raise
    except Exception as error:  # pandas and pyarrow have many
        what = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError(f"{path}: cannot be read: {what}") from error
    table = read(path, (), tuple(names))
    # A CSV writes 5.0 as 5.
    table = table.astype(
        {name: float for name in table if table[name].dtype.kind == "i" and name not in WHOLE}
    )
    if "comparator" in table:  # an estimate that is no difference has none
        table["comparator"] = table["comparator"].where(table["comparator"] != "")
    return table


def read(path: Path, columns: tuple[str, ...], more: tuple[str, ...] = ()) -> "pd.DataFrame":
    """Return a table as the run wrote it.

    ``columns``: those that it must have; ``more``: those in which an empty cell is a missing number, too.
    Raises InputError where it cannot be read, lacks one of the columns, or has words where numbers belong.
    """
    import pandas as pd

    def as_the_run_wrote_it(file: Path) -> pd.DataFrame:
        return pd.read_csv(
            file,
            dtype=dict.fromkeys(TEXT_COLUMNS, object),
            keep_default_na=False,
            na_values={name: [""] for name in (*columns, *more) if name not in TEXT_COLUMNS},
        )

    table = read_received(path, as_the_run_wrote_it)
    for name in columns:
        if name not in table:
            raise InputError(f"{path}: not the table of this name that a run writes; it has no column {name}")
        if name not in TEXT_COLUMNS and len(table) and table[name].dtype.kind not in "if":
            raise InputError(f"{path}: cannot be read: the column {name} must hold numbers")
    return table.assign(**{name: table[name].map(as_written) for name in TEXT_COLUMNS if name in table})


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
