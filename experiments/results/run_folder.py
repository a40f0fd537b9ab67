"""The folder that a run leaves: complete under its final name, or not there at all."""

import errno
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
from omegaconf import OmegaConf

from conf import used_files
from conf.input_error import InputError
from conf.policies import Policy
from conf.request import Request
from conf.run import Tree
from experiments.results.crate import DICTIONARY, MANIFEST, write_crate
from experiments.results.csv_file import write_csv
from experiments.results.ending import kept, undisturbed
from experiments.results.machine import memory_gib, replace
from experiments.results.partial import partial_path, remove_left

if TYPE_CHECKING:
    import pandas as pd

    from analysis.pages.dictionary import Described

CODE = Path(__file__).resolve().parents[2]
PACKAGES = ("analysis", "conf", "experiments", "lrrc", "sim")
INPUTS, COMPOSED = "inputs", "composed.yaml"
SOURCES = (".py", ".yaml", ".csv", ".json", ".html", ".css", ".js", ".mjs", ".wasm")
# Faults of the place, not of the program.
FULL_OR_FORBIDDEN = (
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EACCES, errno.EPERM,
    errno.EISDIR, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG,
)  # fmt: skip
Folder = TypeVar("Folder", bound="RunFolder")


class Recorded(Protocol):
    """What a folder records of a run."""

    @property
    def out(self) -> Path | None: ...
    @property
    def patients(self) -> int: ...
    @property
    def seed(self) -> int: ...
    @property
    def replication(self) -> int: ...
    @property
    def policies(self) -> tuple[Policy, ...]: ...

    def resolved(self) -> Tree: ...


def run_folder(experiment: str, run: Recorded, asked: Request) -> AbstractContextManager["RunFolder"]:
    """Return the context of a folder to write to, hidden beside the final one until it is complete."""
    return completed(RunFolder(experiment, run, asked))


@contextmanager
def completed(folder: Folder) -> Iterator[Folder]:
    """Yield the folder; when the context ends well, add config and manifest, and name it finally.

    After an error or a signal it is removed, and after ``kill -9`` by the next run with the same name. Raises
    InputError where nothing can be written, or where something else is there already.
    """
    try:
        try:
            folder._open()
        except OSError as error:
            raise folder._unwritable(error) from error
        yield folder
        with undisturbed():
            folder._complete()
            kept(folder.final)
    except OSError as error:
        if error.errno in FULL_OR_FORBIDDEN:
            raise folder._unwritable(error) from error
        raise
    finally:
        with undisturbed():
            folder._remove()


class RunFolder:
    """What a run has written so far, in ``path``; ``final`` is the folder's name once it is complete."""

    def __init__(self, experiment: str, run: Recorded, asked: Request) -> None:
        self.experiment, self.run, self.asked = experiment, run, asked
        self.started = datetime.now(UTC)
        self.clock = time.perf_counter()
        self.tables: dict[str, dict[str, Any]] = {}
        self.columns: list[Described] = []  # of the tables
        self.notes: dict[str, Any] = {}  # what else the manifest says
        moment = self.started.astimezone().strftime("%Y-%m-%d_%H-%M-%S")
        self.final = (run.out or Path("runs") / experiment / moment).resolve()
        self.path = partial_path(self.final)
        self.made: list[Path] = []

    def table(self, name: str, frame: "pd.DataFrame") -> None:
        """Write a table as CSV or Parquet, by the ending of its name; note its digest and its columns."""
        from analysis.pages.dictionary import described, stem

        if name.endswith(".parquet"):
            frame.to_parquet(self.path / name, index=False)
        else:
            write_csv(frame, self.path / name)
        self.tables[name] = {
            "rows": len(frame),
            "sha256": content_digest(frame),
            "file_sha256": hashlib.sha256((self.path / name).read_bytes()).hexdigest(),
        }
        # A sweep has one of its tables twice.
        if not any(part.table == stem(name) for part in self.columns):
            self.columns += described(stem(name), frame)

    def resolved(self) -> Tree:
        """Return the run as it was understood, for ``config.yaml``."""
        return self.run.resolved()

    def _open(self) -> None:
        if self.final.exists() and not self.final.is_dir():
            raise InputError(f"out={self.run.out}: is a file; name a new or an empty folder")
        if self.run.out and self.final.is_dir() and any(self.final.iterdir()):
            raise InputError(f"out={self.run.out}: the folder is not empty; name a new or an empty one")
        remove_left(self.final)
        self.made = [parent for parent in self.path.parents if not parent.exists()]
        self.path.mkdir(parents=True)

    def _unwritable(self, error: OSError) -> InputError:
        return InputError(f"out={self.final}: cannot be written: {error.strerror}; nothing was kept")

    def _complete(self) -> None:
        OmegaConf.save(OmegaConf.create(self.resolved()), self.path / "config.yaml")
        inputs = self._keep_inputs()
        manifest = {
            "experiment": self.experiment,
            "command": self.asked.command,
            "overrides": list(self.asked.overrides),
            "choices": self.asked.choices,
            "inputs": inputs,
            "shipped_files": dict(sorted(used_files.used.shipped.items())),
            "code": code_version(),
            "packages": package_versions(),
            "python": platform.python_version(),
            "platform": platform.platform(),
            "machine": machine(),
            "seed": self.run.seed,
            "replication": self.run.replication,
            "patients": self.run.patients,
            "policies": [policy.name for policy in self.run.policies],
            "started_utc": self.started.isoformat(timespec="seconds"),
            "finished_utc": datetime.now(UTC).isoformat(timespec="seconds"),
            "run_seconds": round(time.perf_counter() - self.clock, 3),
            **self.notes,
            "tables": self.tables,
        }
        if self.columns:
            from analysis.pages.dictionary import dictionary

            write_csv(dictionary(self.columns), self.path / DICTIONARY)
        (self.path / MANIFEST).write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", "utf-8")
        self._describe()
        self._rename()

    def _describe(self) -> None:
        write_crate(self.path, ledger=False)

    def _keep_inputs(self) -> dict[str, str]:
        """Write what the run can be made from again; return the SHA-256 of each file by its place.

        ``inputs/`` has the configuration as it was composed, and every file of the user's own that was read.
        """
        files = {COMPOSED: OmegaConf.to_yaml(self.asked.config).encode(), **used_files.used.own}
        for place, content in files.items():
            path = self.path / INPUTS / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return {place: hashlib.sha256(files[place]).hexdigest() for place in sorted(files)}

    def _rename(self) -> None:
        wanted, number = self.final, 1
        while True:
            try:
                # Onto an empty folder this succeeds, onto a full one it fails, and never half. On Windows it
                # fails onto any.
                if os.name == "nt" and self.final.is_dir() and not any(self.final.iterdir()):
                    self.final.rmdir()
                replace(self.path, self.final)
                return
            except OSError as error:
                there = os.name == "nt" and self.final.exists()
                if not there and error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
                if self.run.out:
                    raise InputError(
                        f"out={self.run.out}: another run filled the folder meanwhile"
                    ) from error
                number += 1
                self.final = wanted.with_name(f"{wanted.name}-{number}")

    def _remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        for parent in self.made:
            # Another run may have put something there meanwhile.
            if parent.is_dir() and not any(parent.iterdir()):
                parent.rmdir()


def content_digest(frame: "pd.DataFrame") -> str:
    """Return the SHA-256 of a table's content, in hexadecimal.

    It is the same for any order of rows and columns, any library version, and any file format: columns by
    name, rows sorted by all of them, whole numbers and flags as little-endian int64, others as float64 with
    one zero and one NaN, words as length-prefixed UTF-8. Raises TypeError for other kinds of column.
    """
    columns = {str(name): _column(frame[name]) for name in frame.columns}
    names = sorted(columns)
    # lexsort is stable and takes the last key first.
    ranks = [_ranks(columns[name][1]) for name in reversed(names)]
    order = np.lexsort(ranks) if ranks else np.arange(0)
    digest = hashlib.sha256()
    for name in names:
        kind, values = columns[name]
        digest.update(_prefixed(name.encode()) + kind + len(values).to_bytes(8, "little"))
        ordered = values[order]
        if kind == b"s":
            prefixed = {word: _prefixed(word) for word in set(ordered)}
            digest.update(b"".join(map(prefixed.__getitem__, ordered)))
        else:
            digest.update(ordered.tobytes())
    return digest.hexdigest()


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return each value's place among the different ones, sorted; words are found by hash, for speed."""
    if values.dtype != object:
        return np.unique(values, return_inverse=True)[1]
    import pandas as pd

    codes, different = pd.factorize(values)
    places = np.empty(len(different), int)
    places[np.argsort(different, kind="stable")] = np.arange(len(different))
    return places[codes]


def _column(series: "pd.Series[Any]") -> tuple[bytes, np.ndarray]:
    kind = series.dtype.kind
    if not isinstance(series.dtype, np.dtype) and kind in "iub":  # numbers or flags, some perhaps missing
        series = series.astype("float64" if series.isna().any() else "int64")
        kind = series.dtype.kind
    if kind in "iub":
        return b"i", series.to_numpy().astype("<i8")
    if kind == "f":
        values = series.to_numpy().astype("<f8") + 0.0  # -0.0 becomes 0.0
        values[np.isnan(values)] = np.nan
        return b"f", values
    import pandas as pd

    # Few words occur in many rows: what is slow is done once for each.
    codes, words = pd.factorize(series)
    if not all(isinstance(word, str) for word in words):
        raise TypeError(f"column {series.name}: a digest takes numbers, flags and words, not {series.dtype}")
    # A missing word, whose code is -1, differs from an empty one by a byte that no UTF-8 text starts with.
    return b"s", np.array([*(word.encode() for word in words), b"\xff"], object)[codes]


def _prefixed(text: bytes) -> bytes:
    return len(text).to_bytes(8, "little") + text


def code_version() -> dict[str, Any]:
    """Return the version and the sources' digest; of a clone, what git says and the lock's digest, too."""
    lock = CODE / "requirements.lock"
    # Only where this very file is tracked: an installed copy may lie inside somebody else's repository.
    tracked = _git("ls-files", "--error-unmatch", str(Path(__file__).resolve())) is not None
    status = _git("status", "--porcelain") if tracked else None
    return {
        "version": metadata.version("lrrc-sim"),
        "sources_sha256": sources_digest(CODE),
        "commit": _git("rev-parse", "--verify", "HEAD") if tracked else None,
        "dirty": None if status is None else bool(status),
        "lock_sha256": hashlib.sha256(lock.read_bytes()).hexdigest() if tracked and lock.is_file() else None,
    }


def sources_digest(root: Path) -> str:
    """Return the SHA-256, in hexadecimal, of all code and numbers of the packages below ``root``.

    It is the same for a clone and an installed copy, whatever the system's paths and ends of lines.
    """
    files = {
        path.relative_to(root).as_posix(): path
        for package in PACKAGES
        for path in (root / package).rglob("*")
        if path.suffix in SOURCES
    }
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(_prefixed(name.encode()) + _prefixed(files[name].read_bytes().replace(b"\r\n", b"\n")))
    return digest.hexdigest()


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(CODE), *arguments], capture_output=True, encoding="utf-8", timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def package_versions() -> dict[str, str]:
    """Return the installed version of each package that the core depends on."""
    required = [need for need in metadata.requires("lrrc-sim") or [] if "extra ==" not in need]
    names = [re.split(r"[^A-Za-z0-9._-]", need, maxsplit=1)[0] for need in required]
    return {name: metadata.version(name) for name in sorted(names)}


def machine() -> dict[str, Any]:
    """Return the cores, the memory in GiB, and the processor's name and features where they are known."""
    cpu: dict[str, str] = {}
    if (info := Path("/proc/cpuinfo")).is_file():
        for line in info.read_text("utf-8", "replace").partition("\n\n")[0].splitlines():
            name, _, value = line.partition(":")
            cpu[name.strip()] = value.strip()
    return {
        "cores": os.cpu_count(),
        "memory_gib": memory_gib(),
        "processor": cpu.get("model name", platform.processor()) or None,
        "features": cpu.get("flags", cpu.get("Features")),
    }
