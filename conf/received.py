"""Folders that were received from somebody: what is in them is data, and may be damaged or malicious."""

import json
from collections.abc import Callable
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TypeVar

from conf.input_error import InputError
from conf.run import Tree

Read = TypeVar("Read")

MOST_BYTES = 64 * 2**20  # of a file in JSON; a run's has a few thousand


def read_json(path: Path) -> Tree | None:
    """Return the object that a file holds; None where there is none, or it cannot be read as one."""
    try:
        if not path.is_file() or path.stat().st_size > MOST_BYTES:
            return None
        content = json.loads(path.read_bytes().decode("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def bare_names(names: object) -> list[str]:
    """Return those of the names that can only be files right in a folder, whatever the system."""
    return [name for name in names if is_bare(name)] if isinstance(names, list) else []


def is_bare(name: object) -> bool:
    """Return whether this is a file's name alone: no folder, no drive, no way up, nothing unprintable."""
    return (
        isinstance(name, str)
        and name.isprintable()
        and name not in ("", ".", "..")
        and all(path(name).parts == (name,) for path in (PurePosixPath, PureWindowsPath))
    )


def read_received(path: Path, read: Callable[[Path], Read]) -> Read:
    """Return what a reader of files finds in a file of a folder.

    Raises InputError where the file is none, leads out of the folder, or cannot be read.
    """
    file = file_within(path)
    try:
        return read(file)
    except Exception as error:  # pandas and pyarrow have many
        what = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError(f"{path}: cannot be read: {what}") from error


def file_within(path: Path) -> Path:
    """Return a file of a folder. Raises InputError where it is none, or a link that leads out of it."""
    if not path.is_file():
        raise InputError(f"{path}: is not a file")
    if not path.resolve().is_relative_to(path.parent.resolve()):
        raise InputError(f"{path}: is a link that leads out of the folder; put the file itself there")
    return path
