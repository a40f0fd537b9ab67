"""What is worth a line while an experiment is at work: on stderr, or kept for who runs it from Python."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_kept: ContextVar[list[str] | None] = ContextVar("kept", default=None)


def notice(words: str) -> None:
    """Print a line on stderr, above a bar of progress; or keep it, within ``kept_notices``."""
    kept = _kept.get()
    if kept is not None:
        kept.append(words)
        return
    from tqdm import tqdm

    tqdm.write(f"lrrc: {words}", file=sys.stderr)


@contextmanager
def kept_notices() -> Iterator[list[str]]:
    """Keep the notices of this thread in a list, and print none."""
    kept: list[str] = []
    token = _kept.set(kept)
    try:
        yield kept
    finally:
        _kept.reset(token)
