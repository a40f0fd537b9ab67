"""One call at a time, which prints nothing and leaves nothing behind in the process."""

import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from lrrc.beside import load_packages

# Compiled loops share threads that only one caller may use, and Hydra's and Matplotlib's settings are one for
# the whole process. A call uses all cores by itself.
_lock = threading.RLock()


@contextmanager
def alone(progress: bool = False) -> Iterator[list[str]]:
    """Hold the lock of all calls; yield the notices of this one. ``progress``: show it on stderr."""
    with _lock, ExitStack() as after:
        load_packages()
        from experiments.results.notices import kept_notices
        from experiments.simulating.shown import SHOWN

        after.callback(SHOWN.reset, SHOWN.set(progress))
        after.callback(_restore_threads, _threads())
        if progress:
            from experiments.cli.first_run import FirstRun
            from sim import compiling

            listener = FirstRun()
            compiling.listeners.append(listener)
            after.callback(compiling.listeners.remove, listener)
        yield after.enter_context(kept_notices())


def _threads() -> int | None:
    """Return how many threads compiled loops take in this thread; None where nothing has been compiled."""
    return sys.modules["numba"].get_num_threads() if "numba" in sys.modules else None


def _restore_threads(threads: int | None) -> None:
    if "numba" in sys.modules:
        numba = sys.modules["numba"]
        numba.set_num_threads(threads or numba.config.NUMBA_NUM_THREADS)
