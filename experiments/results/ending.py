"""How the command ends: done, refused, stopped by a signal, or with nobody left to read its output."""

import _thread
import errno
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

from conf.input_error import InputError
from experiments.results.machine import signal_main_thread, stop_signals

INSISTS_SECONDS = 1.0
# The error of a pipe without a reader; on Windows the second.
READER_LEFT = (errno.EPIPE, errno.EINVAL)


class IncompleteError(Exception):
    """A run that kept what it did, and says why it could not do all; the exit status is 1."""


class NotReproducedError(Exception):
    """A run that was made again and is another; its words say what differs, and the exit status is 1."""


def exit_status(command: Callable[[], int]) -> int:
    """Run a command and return its exit status, with a line on stderr where it did not end well.

    The status is the command's own (0: done), 2 for input that cannot be run and for output that cannot be
    written, or 128 and the number of the signal that stopped it.
    """
    with lenient_output() as printed, stoppable() as stop:
        status = 1
        try:
            status = command()
        except KeyboardInterrupt:
            stop.signal = stop.signal or signal.SIGINT
        except InputError as error:
            if not stop.signal:
                say_error(str(error))
                return 2
        except Exception:
            # Libraries turn an interrupt into errors of their own.
            if not stop.signal:
                raise
        if stop.signal and status:
            # On a terminal the line holds ^C already.
            begin = "\n" if stop.signal == signal.SIGINT and sys.stderr.isatty() else ""
            print(f"{begin}lrrc: stopped; {stop.what_is_kept()}", file=sys.stderr)
            return 128 + stop.signal
        return status or printed.status()


def say_error(words: str) -> None:
    """Print why something could not be done, in one line whatever words a file or a user put into it."""
    spelled = (letter if letter.isprintable() else ascii(letter)[1:-1] for letter in words)
    print(f"lrrc: error: {''.join(spelled)}", file=sys.stderr)


class Stop:
    """Whether a signal asked the command to stop, and what is kept if it does."""

    def __init__(self) -> None:
        self.signal = 0
        self.kept: list[Path] = []
        self.reached: object = None
        self.busy = 0  # within what must not be disturbed
        self.over = False

    def hear(self, number: int, frame: FrameType | None) -> None:
        """Raise KeyboardInterrupt, now and every few seconds until the command has ended.

        Python drops what is raised while a finaliser or a callback of compiled code runs.
        """
        if not self.signal:
            self.signal = number
            _thread.start_new_thread(self._insist, ())  # threading takes locks, which may be held here
        if not self.busy and not self.over:
            raise KeyboardInterrupt

    def what_is_kept(self) -> str:
        """Return it in words."""
        if words := str(self.reached or ""):
            return words
        kept = [folder for folder in self.kept if folder.exists()]  # not one that was made only to compare
        if not kept:
            return "nothing was kept"
        if len(kept) == 1:
            return f"the run that was complete is kept: {kept[0]}"
        return f"the {len(kept)} runs that were complete are kept"

    def _insist(self) -> None:
        while True:
            time.sleep(INSISTS_SECONDS)
            if self.over:
                return
            signal_main_thread(self.signal)


_stop = Stop()


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Let SIGINT, SIGTERM and SIGHUP raise KeyboardInterrupt in the main thread; yield what came of it."""
    global _stop
    outer, _stop = _stop, Stop()
    stop = _stop
    before: dict[signal.Signals, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for number in stop_signals():
            # nohup has a command outlast its terminal. That SIGINT is ignored says nothing: it is so for
            # every job in the background of a script, and who sends it all the same means it.
            if number == signal.SIGINT or signal.getsignal(number) not in (signal.SIG_IGN, None):
                before[number] = signal.signal(number, stop.hear)
    complain = sys.unraisablehook

    def dropped(about: Any) -> None:
        if not (stop.signal and issubclass(about.exc_type, KeyboardInterrupt)):
            complain(about)

    sys.unraisablehook = dropped
    try:
        yield stop
    finally:
        stop.over = True
        sys.unraisablehook = complain
        for number, handler in before.items():
            signal.signal(number, handler)
        _stop = outer


def stopped() -> bool:
    """Return whether a signal asked the command to stop."""
    return bool(_stop.signal)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let no signal come between; one that comes is heard at the end."""
    stop, already = _stop, _stop.signal
    stop.busy += 1
    try:
        yield
    finally:
        stop.busy -= 1
    if stop.signal and not already and not stop.busy:
        raise KeyboardInterrupt


def kept(folder: Path) -> None:
    """Note a complete run, for whoever stops what comes after it."""
    _stop.kept.append(folder)
    _stop.reached = None


def note_progress(reached: object) -> None:
    """Note what says, as a string, how far the command has come where what is done is kept at once."""
    _stop.reached = reached


class Printed:
    """A stream to print to that never fails: what its reader does not take is lost."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.fault: OSError | None = None
        # A line that the terminal or file cannot spell is better than none.
        if hasattr(stream, "reconfigure") and stream.errors in ("strict", "surrogateescape"):
            stream.reconfigure(errors="replace")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        """Write a text, as long as that is possible."""
        self._try(lambda: self.stream.write(text))
        return len(text)

    def flush(self) -> None:
        """Pass on what was written."""
        self._try(self.stream.flush)

    def status(self) -> int:
        """Return 0 where all was taken or the reader left early, as in ``lrrc --help | head -1``."""
        self.flush()
        if self.fault is None or self.fault.errno in READER_LEFT:
            return 0
        say_error(f"its output cannot be written: {self.fault.strerror}")
        return 2

    def _try(self, write: Callable[[], object]) -> None:
        if self.fault is not None:
            return
        try:
            write()
        except OSError as error:
            self.fault = error
            # What is still in the buffer must not complain when Python ends.
            with suppress(OSError, ValueError):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, self.stream.fileno())
                os.close(nowhere)


@contextmanager
def lenient_output() -> Iterator[Printed]:
    """Print through ``Printed`` on stdout and stderr; yield that of stdout."""
    before = sys.stdout, sys.stderr
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        # Without a console there is neither.
        out, err = (Printed(stream or nowhere) for stream in before)
        sys.stdout, sys.stderr = out, err
        try:
            yield out
        finally:
            out.flush()
            err.flush()
            sys.stdout, sys.stderr = before
