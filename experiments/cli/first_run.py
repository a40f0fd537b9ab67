"""The messages on compiling, which the first run on a machine does for about a minute."""

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tqdm import tqdm

COMPILING = "Compiling the model for this processor, once: about a minute"
A_MOMENT = 1.0  # seconds of compiling: what takes no longer is not worth a line


class FirstRun:
    """Says on stderr, once in a process, that the model is being compiled; on a terminal, how far it is."""

    def __init__(self) -> None:
        self.said = False
        self.why = ""
        self.started = self.seconds = 0.0
        self.functions = self.within = 0
        self.bar: tqdm | None = None

    def keeps_nothing(self, why: str) -> None:
        """Say why compiled code is not kept, in the place of the words of a first run."""
        self.why = why

    def begins(self) -> None:
        """Count a function that begins to be compiled."""
        if not self.within:
            self.started = time.monotonic()
        self.within += 1
        self._say()

    def ended(self) -> None:
        """Count a function that is compiled."""
        self.within -= 1
        self.functions += 1
        self._say()
        if not self.within:
            self.seconds += time.monotonic() - self.started
            if self.bar is not None:
                self.bar.close()
                self.bar = None

    def _say(self) -> None:
        from tqdm import tqdm

        seconds = self.seconds + time.monotonic() - self.started
        if seconds < A_MOMENT:
            return
        if not self.said:
            self.said = True
            words = f"lrrc: warning: compiled code cannot be kept: {self.why}; every run compiles it"
            tqdm.write(words if self.why else COMPILING, file=sys.stderr)  # above a bar of progress
        if self.bar is None and sys.stderr.isatty():
            self.bar = tqdm(bar_format="{desc}", leave=False)
        if self.bar is not None:
            self.bar.set_description_str(f"{self.functions} functions, {seconds:.0f} s")
