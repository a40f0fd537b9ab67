"""What differs between Linux, macOS and Windows: all of it stands here, and in psutil and filelock."""

import _thread
import os
import platform
import re
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HELD_SECONDS = 2.0


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory_gib() -> float:
    """Return the machine's memory in GiB."""
    import psutil

    return float(round(psutil.virtual_memory().total / 2**30, 1))


def host() -> str:
    """Return the machine's name, as it can be used in the name of a file."""
    return re.sub(r"[^A-Za-z0-9.]+", "_", platform.node())[:64] or "unnamed"


def is_running(process: int) -> bool:
    """Return whether this machine has a process of this number; ``os.kill(n, 0)`` would end it on Windows."""
    import psutil

    try:
        return bool(psutil.Process(process).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:  # somebody else's
        return True


def stop_signals() -> tuple[signal.Signals, ...]:
    """Return the signals by which a user, a terminal that closes or a scheduler stops a command."""
    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    return tuple(signal.Signals[name] for name in names if hasattr(signal, name))


def signal_main_thread(number: int) -> None:
    """Send a signal to this process's main thread, which wakes it where the system can do that."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, number)
    else:
        _thread.interrupt_main(signal.Signals(number))


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Start processes that do not hear Ctrl-C even before their first line, where the system can do that."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def replace(path: Path, target: Path) -> None:
    """Give a file or folder its final name, onto what is there.

    Windows forbids that while another program looks into it, such as a virus scanner: it is tried again for a
    moment.
    """
    until = time.monotonic() + HELD_SECONDS
    while True:
        try:
            path.replace(target)
            return
        except PermissionError:
            if os.name != "nt" or time.monotonic() > until:
                raise
            time.sleep(0.05)


def sync_folder(folder: Path) -> None:
    """Let the names in a folder outlast a power cut, where the system needs to be asked for it."""
    if hasattr(os, "O_DIRECTORY"):
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
