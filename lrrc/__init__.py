"""Simulate how a rectal cancer comes back in the pelvis, and what a policy can do about it, from Python.

    import lrrc

    run = lrrc.compare(policies=["tme_alone", "short_course+washout_always"], patients=5_000)
    run.outcomes                                # a DataFrame: outcomes.csv of the command
    run.draw("incidence")                       # a Matplotlib figure

``compare``, ``capacity``, ``patient``, ``sweep``, ``validate``, ``psa``, ``sensitivity``, ``gains`` and
``budget`` are the experiments of the command ``lrrc``, with its settings, its numbers and its errors
(``InputError``); ``load`` reads a run's folder.
Policies are compared by common random numbers: the same patients with the same luck under each policy.

Nothing is printed and no folder is written unless it is asked for. Nothing heavy is imported before the first
call, so that ``import lrrc`` takes a moment.
"""

from typing import Any

from lrrc.calls import (
    budget,
    capacity,
    compare,
    gains,
    load,
    patient,
    psa,
    sensitivity,
    sweep,
    validate,
)
from lrrc.run import Run

# The errors come from the packages beside this one, which are loaded when they are first needed.
_ERRORS = {"InputError": "conf.input_error", "IncompleteError": "experiments.results.ending"}

__all__ = [  # noqa: RUF022  the experiments come first
    "compare",
    "capacity",
    "patient",
    "sweep",
    "validate",
    "psa",
    "sensitivity",
    "gains",
    "budget",
    "load",
    "Run",
    "InputError",
    "IncompleteError",
]


def __getattr__(name: str) -> Any:
    if name not in _ERRORS:
        raise AttributeError(f"module 'lrrc' has no attribute {name!r}; it has {', '.join(__all__)}")
    import importlib

    from lrrc.beside import load_packages

    load_packages()
    return getattr(importlib.import_module(_ERRORS[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
