"""A run that was received, a folder or a zip: checked before anything is made of it. It is never run."""

import hashlib
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from conf.composition import GROUPS, experiments
from conf.input_error import InputError, choice, shown
from conf.received import file_within, is_bare, read_json
from experiments.results.run_folder import COMPOSED, INPUTS

MANIFEST = "manifest.json"
MOST_FILES = 10_000
MOST_BYTES = 4 * 2**30  # of a zip, unpacked
# Places in inputs/ that are in no group of conf/.
OTHER_INPUTS = (COMPOSED, "posterior.csv")


@dataclass(frozen=True)
class ReceivedRun:
    """A run's folder and its manifest, with the inputs that it keeps. ``name`` is what messages call it."""

    name: str
    folder: Path
    manifest: dict[str, Any]

    @property
    def experiment(self) -> str:
        """Return the experiment that made it."""
        return str(self.manifest["experiment"])

    @property
    def inputs(self) -> Path:
        """Return the folder with its inputs."""
        return self.folder / INPUTS

    def altered(self, table: str) -> bool:
        """Return whether a table's file is not the one that the run wrote; it must be there."""
        written = self.manifest["tables"][table].get("file_sha256")
        return bool(written != hashlib.sha256(file_within(self.folder / table).read_bytes()).hexdigest())

    def table_digests(self) -> dict[str, str]:
        """Return the digest of each table's content, as the manifest has it, by the name of its file."""
        return {name: str(about["sha256"]) for name, about in self.manifest["tables"].items()}


@contextmanager
def received_run(name: str) -> Iterator[ReceivedRun]:
    """Yield a run from its folder or from a zip of it.

    Raises InputError, in one line, for what is no run, lacks what a rerun needs, was altered, or would reach
    outside.
    """
    path = Path(name).expanduser()
    if not path.exists():
        raise InputError(f"{name}: there is no such folder or zip")
    if path.is_dir():
        yield _checked(name, path.resolve())
    else:
        with tempfile.TemporaryDirectory() as scratch:
            _unpack(name, path, Path(scratch))
            yield _checked(name, _root(name, Path(scratch)))


def _unpack(name: str, path: Path, scratch: Path) -> None:
    """Unpack a zip. Raises InputError where it is none, is too large, or a member would leave the folder."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > MOST_FILES or sum(member.file_size for member in members) > MOST_BYTES:
                raise InputError(f"{name}: holds more than a run's folder does")
            for member in members:
                parts = PurePosixPath(member.filename).parts
                link = (member.external_attr >> 16) & 0o170000 == 0o120000
                if link or not parts or not all(map(is_bare, parts)) or member.filename.startswith("/"):
                    raise InputError(f"{name}: {shown(member.filename)} would be unpacked outside its folder")
            archive.extractall(scratch)
    except InputError:
        raise
    except Exception as error:  # a damaged zip can raise whatever its decoders raise
        raise InputError(f"{name}: is neither a run's folder nor a zip of one: {error}") from error


def _root(name: str, scratch: Path) -> Path:
    if (scratch / MANIFEST).is_file():
        return scratch
    roots = [path.parent for path in scratch.glob(f"*/{MANIFEST}")]
    if len(roots) != 1:
        raise InputError(f"{name}: holds {len(roots)} runs; zip one run's folder")
    return roots[0]


def _checked(name: str, folder: Path) -> ReceivedRun:
    if not (folder / MANIFEST).is_file():
        raise InputError(f"{name}: is not a run's folder: it has no {MANIFEST}")
    manifest = read_json(file_within(folder / MANIFEST))
    if manifest is None:
        raise InputError(f"{name}: its {MANIFEST} cannot be read")
    for key, kind in (
        ("experiment", str),
        ("overrides", list),
        ("inputs", dict),
        ("tables", dict),
        ("code", dict),
        ("shipped_files", dict),
    ):
        if not isinstance(manifest.get(key), kind):
            raise InputError(
                f"{name}: its {MANIFEST} has no {key}; only runs of this version or later have it"
            )
    if (experiment := manifest["experiment"]) not in experiments():
        raise InputError(
            f"{name}: experiment={shown(experiment)}: there is none{choice(experiment, experiments())}"
        )
    if not all(isinstance(word, str) for word in manifest["overrides"]):
        raise InputError(f"{name}: overrides: must be words")
    for table, about in manifest["tables"].items():
        if not is_bare(table) or not isinstance(about, dict) or "sha256" not in about:
            raise InputError(f"{name}: tables: {shown(table)} is no table's file with its digest")
    for place in manifest["shipped_files"]:
        if not all(map(is_bare, PurePosixPath(place).parts)):
            raise InputError(f"{name}: shipped_files: {shown(place)} is no shipped file")
    if COMPOSED not in manifest["inputs"]:
        raise InputError(f"{name}: inputs: {COMPOSED} is missing")
    for place in manifest["inputs"]:
        _check_place(name, str(place))
    for place, digest in manifest["inputs"].items():
        _check_input(name, folder / INPUTS, str(place), digest)
    return ReceivedRun(name, folder, manifest)


def _check_place(name: str, place: str) -> None:
    parts = PurePosixPath(place).parts
    in_group = (
        len(parts) == 2 and parts[0] in GROUPS and is_bare(parts[1]) and parts[1].endswith((".yaml", ".yml"))
    )
    if not in_group and place not in OTHER_INPUTS:
        raise InputError(f"{name}: inputs: {shown(place)} is no input of a run")


def _check_input(name: str, inputs: Path, place: str, digest: object) -> None:
    path = inputs / place
    if not path.is_file():
        raise InputError(f"{name}: {INPUTS}/{place} is gone; the run cannot be made again without it")
    if not path.resolve().is_relative_to(inputs.parent.resolve()):
        raise InputError(f"{name}: {INPUTS}/{place} is a link that leads out of the folder")
    if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
        raise InputError(f"{name}: {INPUTS}/{place} was altered since the run")
