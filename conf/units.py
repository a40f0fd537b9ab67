"""The range of a parameter, by the unit that its name carries."""

import math
import re
from dataclasses import dataclass

from conf.input_error import InputError, shown


@dataclass(frozen=True)
class Range:
    """What a number may be: its bounds, whether the lower one itself is allowed, and the words for it."""

    low: float
    high: float
    words: str
    low_allowed: bool = True

    def holds(self, value: float) -> bool:
        """Return whether a finite number lies in the range."""
        above = value >= self.low if self.low_allowed else value > self.low
        return math.isfinite(value) and above and value <= self.high


FRACTION = Range(0, 1, "from 0 to 1")
NOT_NEGATIVE = Range(0, math.inf, "0 or more")
POSITIVE = Range(0, math.inf, "above 0", low_allowed=False)
ANY = Range(-math.inf, math.inf, "any finite number")

# A new unit is a line here. The first pattern that fits the end of the name counts.
UNITS = (
    (r"log_odds(_per_\w+)?", ANY),
    (r"log_ratio\w*", ANY),
    (r"median_days", POSITIVE),
    (r"(odds_|hazard_|time_)?ratio", POSITIVE),
    (r"probability|shares?|sensitivity|specificity", FRACTION),
    (r"(hours|days|weeks|months|years|minutes|mm|cm|gy|count)(_per_\w+)?|per_year", NOT_NEGATIVE),
    (r"sd|sigma", NOT_NEGATIVE),
)


def range_of(key: str) -> Range:
    """Return the range of a parameter by the unit at the end of its name.

    Raises InputError for a name that carries no known unit.
    """
    name = key.rpartition(".")[2]
    for pattern, allowed in UNITS:
        if re.search(rf"(^|_)({pattern})$", name):
            return allowed
    raise InputError(
        f"{key}: the name carries no unit that conf/units.py knows, such as _probability or _days"
    )


def number(key: str, value: object, allowed: Range) -> float:
    """Return the value as a float. Raises InputError where it is no number or lies outside the range."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InputError(f"{key}={shown(value)}: must be a number, {allowed.words}")
    if not allowed.holds(value):
        raise InputError(f"{key}={shown(value)}: out of range; must be {allowed.words}")
    return float(value)


def whole(key: str, value: object, low: int) -> int:
    """Return the value as a whole number (1e5 is one). Raises InputError for others."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < low:
        raise InputError(f"{key}={shown(value)}: must be a whole number of {low} or more")
    return value


def flag(value: object) -> bool | None:
    """Return what a value says as a flag, or None where it says neither yes nor no."""
    if isinstance(value, str):
        return {"yes": True, "on": True, "no": False, "off": False}.get(value.lower())
    return value if isinstance(value, bool) else None
