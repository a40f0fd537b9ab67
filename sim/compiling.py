"""Listeners that hear when functions are being compiled. This package reports it, and prints nothing.

Nothing heavy is imported here, so that a listener can be there before the compiler is.
"""

from typing import Protocol


class Listener(Protocol):
    """Hears of every function that is really compiled; one that is read from the cache is not."""

    def begins(self) -> None:
        """A function begins to be compiled, perhaps within another."""

    def ended(self) -> None:
        """It is compiled, or could not be."""

    def keeps_nothing(self, why: str) -> None:
        """There is no folder for compiled code, so every run compiles."""


listeners: list[Listener] = []
