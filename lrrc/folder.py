"""A run's folder, read back as data: nothing in it is run."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lrrc.alone import alone
from lrrc.run import Run

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NOT_TABLES = ("failed.csv", "data_dictionary.csv")


class Tables(Mapping[str, "pd.DataFrame"]):
    """The tables of a folder by name, each read when it is first used."""

    def __init__(self, folder: Path) -> None:
        self._files = {
            path.stem: path for path in sorted(folder.glob("*.csv")) if path.name not in NOT_TABLES
        }
        if (journal := folder / "journal.parquet").is_file():
            self._files["journal"] = journal
        self._read: dict[str, pd.DataFrame] = {}

    def __getitem__(self, name: str) -> "pd.DataFrame":
        path = self._files[name]
        with alone():
            if name not in self._read:
                from experiments.draw import read_whole

                self._read[name] = read_whole(path)
        return self._read[name]

    def __contains__(self, name: object) -> bool:
        return name in self._files  # without reading it

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


def run_in(word: str) -> Run:
    """Return the run whose folder a word names. Raises InputError where it is no run's."""
    from conf.received import read_json
    from experiments.draw import folder_of_run, read_whole

    folder = folder_of_run(word).resolve()
    manifest = read_json(folder / "manifest.json") or {}
    tables = Tables(folder)
    rows = folder / "patients.parquet"
    return Run(
        experiment="load",
        command=str(manifest.get("command", "")),
        tables=tables,
        about=_about(manifest, folder),
        summary=partial(_summary, folder, tables),
        pictures=partial(_pictures, folder, tables),
        patients=partial(read_whole, rows) if rows.is_file() else None,
        warnings=[str(words) for words in _list(manifest.get("warnings"))],
        folder=folder,
    )


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _about(manifest: Mapping[str, Any], folder: Path) -> str:
    from conf.input_error import shown

    known = [f"{name} {shown(manifest[name])}" for name in ("patients", "seed") if name in manifest]
    return ", ".join([str(folder), *known])


def _summary(folder: Path, tables: Tables) -> str:
    """Return the summary that the command printed, where the tables are those of a comparison."""
    from experiments.draw import with_any_tables

    if not {"outcomes", "differences", "averted"} <= {*tables}:
        return f"{folder}: {', '.join(tables)}"
    from analysis.pages.summary import published, summary
    from analysis.words.wording import comparator_of

    def words() -> str:
        comparator = comparator_of(tables["differences"]) or str(tables["outcomes"]["policy"].iloc[0])
        text = summary(tables["outcomes"], tables["differences"], comparator)
        return f"{text}\n{published(tables['published'])}" if "published" in tables else text

    return with_any_tables(folder, words)


def _pictures(folder: Path, tables: Tables) -> "dict[str, Callable[[], Figure]]":
    """Return a function that draws it, by name, for every picture whose tables are in the folder."""
    from analysis.pictures.catalogue import PICTURES
    from experiments.draw import with_any_tables

    if (folder / "ledger").is_dir():  # a sweep's tables of the same names hold many points
        return {}
    drawn: dict[str, Callable[[], Figure]] = {}
    for picture, needed in PICTURES.items():
        if all(name in tables for name in needed):
            draw = partial(_draw, picture, [folder / f"{name}.csv" for name in needed])
            drawn[picture.__name__] = partial(with_any_tables, folder, draw)
    return drawn


def _draw(picture: "Callable[..., Figure]", files: list[Path]) -> "Figure":
    from analysis.pictures.catalogue import columns_of
    from experiments.draw import read

    return picture(*(read(path, columns_of(path.stem)) for path in files), population="simulated patients")
