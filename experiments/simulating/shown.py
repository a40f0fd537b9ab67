"""Whether progress is shown: on a terminal, unless who runs an experiment from Python says otherwise."""

from contextvars import ContextVar

SHOWN: ContextVar[bool | None] = ContextVar("shown", default=None)  # None: on a terminal
