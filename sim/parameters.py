"""Parameters as one record, so that a compiled reaction reads ``world.surgery.leak_probability``."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.compiled import table


def _dtype(value: Any) -> Any:
    if isinstance(value, Mapping):
        return np.dtype([(str(key), _dtype(item)) for key, item in value.items()], align=True)
    if isinstance(value, bool):
        return np.dtype("?")
    if isinstance(value, int):
        return np.dtype("i8")
    if isinstance(value, float):
        return np.dtype("f8")
    if isinstance(value, (list, tuple)):
        return np.dtype(("f8", (len(value),)))
    raise TypeError(f"a parameter is a number, a flag, or a list of numbers, not {value!r}")


def _fill(record: Any, tree: Mapping[str, Any]) -> None:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            _fill(record[key], value)
        else:
            record[key] = value


def pack(tree: Mapping[str, Any]) -> np.ndarray:
    """Return a nested mapping of numbers, flags and flat lists as one record, shape (1,).

    Integers stay integers (levers), floats float64, lists float64 arrays.
    Raises TypeError for anything else.
    """
    world = np.zeros(1, _dtype(tree))
    _fill(world[0], tree)
    return table(world)
