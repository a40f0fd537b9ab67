"""The ranges that a file of prices and utilities gives its own numbers, checked."""

from collections.abc import Mapping
from typing import Any

from conf import units
from conf.economics import ECONOMICS, RANGES, Tree
from conf.input_error import InputError, choice, nearest, shown

DISTRIBUTIONS = ("fixed", "beta", "lognormal", "normal", "uniform")
KEYS = ("distribution", "low", "high", "source")


def read_ranges(given: object, numbers: Tree) -> Tree:
    """Return the distribution, low, high and source by key of the numbers; none where none are given.

    ``low`` and ``high``, the ends of the 95 % interval, have the form of the number: a list for a list.
    Raises InputError for an unknown key or distribution, and an interval that is out of range, that its
    distribution cannot have, or that does not hold the number.
    """
    where = f"{ECONOMICS}.{RANGES}"
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise InputError(f"{where}={shown(given)}: must hold ranges by key, as in visit_price: {{...}}")
    found = {}
    for name, content in given.items():
        key = f"{where}.{name}"
        if name not in numbers:
            raise InputError(f"{key}: there is no such number{nearest(str(name), numbers)}")
        found[str(name)] = _range(key, content, numbers[name])
    return found


def _range(key: str, given: object, value: Any) -> Tree:
    if not isinstance(given, Mapping) or set(given) != set(KEYS):
        raise InputError(
            f"{key}={shown(given)}: must hold {', '.join(KEYS)}, as in "
            "{distribution: lognormal, low: 90, high: 130, source: assumption}"
        )
    distribution = given["distribution"]
    if distribution not in DISTRIBUTIONS:
        raise InputError(
            f"{key}.distribution={shown(distribution)}: must be one of "
            f"them{choice(str(distribution), DISTRIBUTIONS)}"
        )
    ends = {end: _listed(f"{key}.{end}", given[end], value) for end in ("low", "high")}
    values = value if isinstance(value, list) else [value]
    for k, (low, high, middle) in enumerate(zip(ends["low"], ends["high"], values, strict=True)):
        place = f"[{k}]" if isinstance(value, list) else ""
        _check(f"{key}{place}", str(distribution), low, high, middle)
    return {
        "distribution": str(distribution),
        **{end: own if isinstance(value, list) else own[0] for end, own in ends.items()},
        "source": _source(f"{key}.source", given["source"]),
    }


def _listed(key: str, given: object, value: Any) -> list[float]:
    """Return an end of an interval for each element of a number. Raises InputError."""
    allowed = units.range_of(key.rpartition(".")[0])
    if not isinstance(value, list):
        return [units.number(key, given, allowed)]
    if not isinstance(given, list) or len(given) != len(value):
        raise InputError(f"{key}={shown(given)}: must be a list of {len(value)} numbers, as the number is")
    return [units.number(f"{key}[{k}]", end, allowed) for k, end in enumerate(given)]


def _check(key: str, distribution: str, low: float, high: float, value: float) -> None:
    interval = f"{key}: low {low:g}, high {high:g}"
    if not low <= value <= high:
        raise InputError(f"{interval}: do not hold the number itself, {value:g}")
    if low == high:
        return
    if distribution == "fixed":
        raise InputError(f"{interval}: distribution fixed has one value; low and high must be it")
    if distribution == "beta" and not 0 < low < high < 1:
        raise InputError(f"{interval}: a beta distribution lies above 0 and below 1")
    if distribution == "lognormal" and low <= 0:
        raise InputError(f"{interval}: a lognormal distribution lies above 0")


def _source(key: str, given: object) -> str | list[str]:
    listed = given if isinstance(given, list) else [given]
    if not listed or not all(isinstance(one, str) and one for one in listed):
        raise InputError(f"{key}={shown(given)}: must be where the interval is from, in words, or assumption")
    return given if isinstance(given, str) else [str(one) for one in listed]
