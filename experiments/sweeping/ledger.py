"""The ledger of a sweep: every finished task, kept as it ends, in ``ledger/`` of the sweep's folder.

An entry is named by everything that its counts follow from, so one made from other numbers, other code or
other luck can never be taken for it. It is written beside its place and renamed onto it: at any instant an
entry is there in full or not at all, and a checksum detects later damage.
"""

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from conf.input_error import InputError, shown
from conf.received import read_json
from conf.run import Run, Tree, leaf_values, world_trees
from conf.validation import without_words
from experiments.results.notices import notice
from experiments.results.partial import is_left, remove, write_whole
from experiments.results.run_folder import Recorded
from experiments.sweeping.code import code_digest, code_files, digest

MARK = b"lrrc ledger 1\n"
HEAD = "ledger.json"
OLD_SECONDS = 3600.0
# Of a resolved run: what the results do not depend on, or what may grow.
LEFT_OUT = (
    "out", "rows", "journal", "pictures", "clock", "published", "question", "patients", "replication",
    "ensemble", "steps", "search_evaluations", "refits", "workers", "ship",
)  # fmt: skip


def lives_digest(run: Run) -> str:
    """Return the digest of what a run's results depend on: numbers, levers, luck, horizon and code."""
    return digest(
        {
            "worlds": {policy.name: world_trees(run, policy) for policy in run.policies},
            "clinic": run.clinic,
            "comparator": run.comparator.name,
            "horizon_years": run.horizon_years,
            "seed": run.seed,
            "replication": run.replication,
            "code": code_digest(),
        }
    )


def address(lives: str, first: int, stop: int, only_values: bool = False) -> str:
    """Return the name of the entry of patients ``first`` to ``stop - 1``, by the digest of their run.

    ``only_values``: it holds their costs and quality of life alone.
    """
    return digest([lives, first, stop, "values"] if only_values else [lives, first, stop])


class Ledger:
    """The entries in a folder; the same folder may be written to by several processes.

    ``more``: folders of code that entries follow from, beside those that counts follow from.
    """

    def __init__(self, folder: Path, more: tuple[str, ...] = ()) -> None:
        self.folder, self.more = folder, more
        self.said = False  # that something was lost

    @contextmanager
    def open(self, run: Recorded) -> Iterator[None]:
        """Hold the ledger for one command; make it where there is none.

        Raises InputError where it was made by another configuration or other code, naming what differs, and
        where another command is using it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = self.folder / "lock"
        if lock.is_symlink():
            lock.unlink()
        held = FileLock(lock)
        try:
            held.acquire(timeout=0)
        except Timeout as error:
            raise InputError(f"out={self.folder.parent}: another command is using it") from error
        try:
            self._begin(run)
            yield
        finally:
            held.release()

    def _begin(self, run: Recorded) -> None:
        mine = {"configuration": _base(run), "code": code_files(self.more)}
        # A damaged head is written again: entries carry their own names, and cannot be mixed.
        if (found := self._head()) is None:
            if (self.folder / HEAD).exists():
                self._say("its ledger.json is damaged, and is written again")
            remove(self.folder / HEAD)
            write_whole(self.folder / HEAD, json.dumps({**mine, "digest": digest(mine)}, indent=1).encode())
        else:
            self._refuse_another(found, mine)
        for left in self.folder.rglob(".*.partial-*"):
            # Not those of a job on another machine that is still writing.
            with suppress(FileNotFoundError):  # its job has just completed it
                if is_left(left) or time.time() - left.lstat().st_mtime > OLD_SECONDS:
                    remove(left)

    def read(self, name: str) -> bytes | None:
        """Return an entry's counts, or None where it is not there or damaged; a damaged one is removed."""
        path = self._path(name)
        start = len(MARK) + 32
        if path.is_file() and not path.is_symlink() and not path.parent.is_symlink():
            whole = path.read_bytes()
            packed = whole[start:]
            if whole[:start] == MARK + _checksum(name, packed):
                return packed
        elif not (path.exists() or path.is_symlink()):
            return None
        self.lost(name)
        return None

    def lost(self, name: str) -> None:
        """Remove an entry that is damaged, and say once that it is made again."""
        path = self._path(name)
        remove(path.parent if path.parent.is_symlink() else path)
        self._say("a part of its ledger is damaged, and that part is done again")

    def record(self, name: str, packed: bytes) -> None:
        """Keep an entry's counts. Raises OSError where the disk does not take them; nothing half is left."""
        path = self._path(name)
        # Not by `remove`: another job may be making the folder, and its entry must stay.
        if path.parent.is_symlink() or path.parent.is_file():
            path.parent.unlink(missing_ok=True)
        path.parent.mkdir(exist_ok=True)
        write_whole(path, MARK + _checksum(name, packed) + packed)

    def _say(self, words: str) -> None:
        if not self.said:
            notice(f"warning: out={self.folder.parent}: {words}")
        self.said = True

    def _path(self, name: str) -> Path:
        return self.folder / name[:2] / name[2:]

    def _head(self) -> Tree | None:
        """Return what the ledger was made with, or None where that is not there or damaged."""
        head = read_json(self.folder / HEAD) or {}
        noted = head.pop("digest", None)
        whole = isinstance(head.get("configuration"), dict) and isinstance(head.get("code"), dict)
        try:
            return head if whole and noted == digest(head) else None
        except RecursionError:
            return None

    def _refuse_another(self, found: Tree, mine: Tree) -> None:
        where = f"out={self.folder.parent}: this folder's ledger was made"
        then, now = (
            leaf_values(found["configuration"]),
            leaf_values(json.loads(json.dumps(mine["configuration"]))),
        )
        if differing := sorted(key for key in {*then, *now} if then.get(key) != now.get(key)):
            key, more = differing[0], len(differing) - 1
            raise InputError(
                f"{where} with {key}={shown(then.get(key))}, not {shown(now.get(key))}"
                + (f", and differs in {more} more, such as {differing[1]}" if more else "")
                + "; name another folder"
            )
        if changed := sorted(
            file
            for file in {*found["code"], *mine["code"]}
            if found["code"].get(file) != mine["code"].get(file)
        ):
            raise InputError(
                f"{where} by another code version: {', '.join(changed[:3])} differ; name another folder"
            )


def _base(run: Recorded) -> Tree:
    return {key: without_words(value) for key, value in run.resolved().items() if key not in LEFT_OUT}


def _checksum(name: str, packed: bytes) -> bytes:
    return hashlib.sha256(name.encode() + packed).digest()


def entries(folder: Path) -> list[Path]:
    """Return the files of a ledger's entries, sorted."""
    return sorted(path for path in folder.glob("??/*") if not path.name.startswith("."))
