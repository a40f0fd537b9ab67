"""Hidden files and folders in which something is made, before it has its name: ``.NAME.partial-HOST-PID``."""

import os
import re
import shutil
from pathlib import Path

from experiments.results.machine import host, is_running, replace, sync_folder


def partial_path(final: Path) -> Path:
    """Return where this process makes what will be ``final``: beside it."""
    return final.with_name(f".{final.name}.partial-{host()}-{os.getpid()}")


def remove_left(final: Path) -> None:
    """Remove what killed processes of this machine left of ``final``."""
    pattern = re.compile(rf"\.{re.escape(final.name)}\.partial-.*")
    if final.parent.is_dir():
        for path in [path for path in final.parent.iterdir() if pattern.fullmatch(path.name)]:
            if is_left(path):
                remove(path)


def is_left(path: Path) -> bool:
    """Return whether the process is gone that was making this; another machine's may not be.

    This process's own number is that of an earlier one: ask before anything is made.
    """
    maker = re.fullmatch(rf"\..+\.partial-{re.escape(host())}-(\d+)", path.name)
    if not maker:
        return False
    process = int(maker[1])
    return process == os.getpid() or not is_running(process)


def remove(path: Path) -> None:
    """Remove a file, a link (not what it leads to) or a folder, as far as it can be."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there in full, or as it was; a link there is replaced, not followed."""
    beside = partial_path(path)
    beside.unlink(missing_ok=True)
    try:
        with open(beside, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
