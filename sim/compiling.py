"""Listeners that hear when functions are being compiled, and the import of the compiler without the garbage
collector. This package reports that it compiles, and prints nothing.

Nothing heavy is imported here, so that a listener can be there before the compiler is.
"""

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

# Objects between two looks for garbage: with Python's own 700 the looks take a tenth of a compilation, and as
# much of a run with its pictures.
BETWEEN_COLLECTIONS = 50_000


class Listener(Protocol):
    """Hears of every function that is really compiled; one that is read from the cache is not."""

    def begins(self) -> None:
        """A function begins to be compiled, perhaps within another."""

    def ended(self) -> None:
        """It is compiled, or could not be."""

    def keeps_nothing(self, why: str) -> None:
        """There is no folder for compiled code, so every run compiles."""


listeners: list[Listener] = []


@contextmanager
def uncollected() -> Iterator[None]:
    """Let what is imported within be kept to the end of the process without being looked through for garbage.

    The collector would look through it time and again while it grows, and once more at the end, which took a
    quarter of a short run. Its objects count as old afterwards, and garbage from before is still found.
    """
    enabled, frozen = gc.isenabled(), gc.get_freeze_count()
    gc.disable()
    try:
        yield
    finally:
        if not frozen:  # by a program that wants it so
            gc.freeze()
            gc.unfreeze()  # into the oldest generation
        if enabled:
            gc.enable()
    atexit.register(gc.freeze)
