"""The folder of a sweep: its ledger from the start, its tables when they are complete."""

import csv
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from conf.input_error import InputError
from conf.received import bare_names, read_json
from conf.request import Request
from conf.run import Tree
from experiments.results.crate import CRATE, DICTIONARY, write_crate
from experiments.results.csv_file import as_word
from experiments.results.ending import note_progress
from experiments.results.machine import replace
from experiments.results.partial import partial_path, remove, remove_left
from experiments.results.run_folder import INPUTS, Recorded, RunFolder, completed


@dataclass
class Progress:
    """How far a sweep came, for whoever reads why it stopped."""

    final: Path
    wanted: int = 0
    kept: int = 0

    def __str__(self) -> str:
        if not self.wanted or not self.final.exists():
            return ""
        return (
            f"{self.kept} of {self.wanted} tasks were done and all that was done is kept; "
            f"the same command with out={self.final} continues"
        )


def sweep_folder(
    experiment: str, run: Recorded, given: Tree, asked: Request
) -> AbstractContextManager["SweepFolder"]:
    """Return the context of a sweep's folder: there from the start, with its tables when it ends well.

    ``given``: what the configuration holds beside the run.
    """
    return completed(SweepFolder(experiment, run, given, asked))


class SweepFolder(RunFolder):
    """What a sweep has written: tables wait in ``path``, within the final folder, until they are complete."""

    def __init__(
        self,
        experiment: str,
        run: Recorded,
        given: Tree,
        asked: Request,
    ) -> None:
        super().__init__(experiment, run, asked)
        self.given = given
        self.path = partial_path(self.final / "tables")
        self.progress = Progress(self.final)
        note_progress(self.progress)

    def begin(self) -> None:
        """Remove what a killed command left; to be called once the ledger is held."""
        for left in self.final.glob(".tables.partial-*"):
            if left != self.path:
                remove(left)

    def failed(self, rows: list[Tree]) -> None:
        """Write ``failed.csv``, or remove an earlier one where nothing failed."""
        path = self.final / "failed.csv"
        path.unlink(missing_ok=True)
        if rows:
            with open(path, "x", newline="", encoding="utf-8") as file:
                table = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
                table.writeheader()
                table.writerows({key: as_word(str(cell)) for key, cell in row.items()} for row in rows)

    def resolved(self) -> Tree:
        return {**self.given, **super().resolved()}

    def _open(self) -> None:
        if self.final.exists() and not self.final.is_dir():
            raise InputError(
                f"out={self.run.out}: is a file; name a new or an empty folder, or a sweep's own"
            )
        ledger = self.final / "ledger"
        if self.final.is_dir() and any(self.final.iterdir()) and not ledger.is_dir():
            raise InputError(
                f"out={self.run.out}: the folder is not empty, and no sweep's; name a new or an empty one"
            )
        if ledger.is_symlink():
            raise InputError(f"out={self.run.out}: its ledger is a link; put the folder itself there")
        remove_left(self.final / "tables")
        self.made = [parent for parent in self.path.parents if not parent.exists()]
        self.path.mkdir(parents=True)

    def _unwritable(self, error: OSError) -> InputError:
        kept = str(self.progress) or "nothing was done"
        return InputError(f"out={self.final}: cannot be written: {error.strerror}; {kept}")

    def _rename(self) -> None:
        """Give the folder its tables; while they change, it has no manifest.

        What is there may have been received from somebody, or be damaged: only files right in it are removed.
        """
        manifest = self.final / "manifest.json"
        new = {path.name for path in self.path.iterdir()} - {manifest.name}
        old = bare_names((read_json(manifest) or {}).get("files"))
        for path in (manifest, *(self.final / name for name in old)):
            if path.is_symlink() or not path.is_dir():
                path.unlink(missing_ok=True)
        for name in sorted(new):
            if name == INPUTS:
                remove(self.final / name)
            replace(self.path / name, self.final / name)
        replace(self.path / manifest.name, manifest)

    def _complete(self) -> None:
        written = {path.name for path in self.path.iterdir()} | {"config.yaml", DICTIONARY, CRATE}
        self.notes["files"] = sorted(written - {INPUTS})
        super()._complete()

    def _describe(self) -> None:
        write_crate(self.path, ledger=True)
