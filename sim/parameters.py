"""Parameters as one record, so that a compiled reaction reads ``world.surgery.leak_probability``."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from sim.compiled import record_dtype

Shape = tuple[Any, ...]


def _shape(value: Any) -> Shape:
    """Return the fields of a tree, nested, in a form that can be compared."""
    if isinstance(value, Mapping):
        return tuple((str(key), _shape(item)) for key, item in value.items())
    if isinstance(value, bool):
        return ("?",)
    if isinstance(value, int):
        return ("i8",)
    if isinstance(value, float):
        return ("f8",)
    if isinstance(value, (list, tuple)):
        return ("f8", len(value))
    raise TypeError(f"a parameter is a number, a flag, or a list of numbers, not {value!r}")


@cache  # the same object each time: compiled code compares large dtypes slowly, but knows one it has seen
def _dtype(shape: Shape) -> np.dtype[Any]:
    def kind(part: Shape) -> Any:
        if part and isinstance(part[0], tuple):
            return _dtype(part)
        return part[0] if len(part) == 1 else (part[0], (part[1],))

    fields = [
        (name, *field) if isinstance(field := kind(part), tuple) else (name, field) for name, part in shape
    ]
    return record_dtype(fields)


def _fill(record: Any, tree: Mapping[str, Any]) -> None:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            _fill(record[key], value)
        else:
            record[key] = value


def pack(tree: Mapping[str, Any], *more: Mapping[str, Any]) -> np.ndarray:
    """Return nested mappings of numbers, flags and flat lists, all of one form, as records, shape (n,).

    Integers stay integers (levers), floats float64, lists float64 arrays.
    Raises TypeError for anything else.
    """
    worlds = np.zeros(1 + len(more), _dtype(_shape(tree)))
    for k, one in enumerate((tree, *more)):
        _fill(worlds[k], one)
    return worlds
