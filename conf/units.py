"""The range of a parameter, by the unit that its name carries. Numbers of any size can be asked about."""

import math
import re
from dataclasses import dataclass

from conf.input_error import InputError, shown

MOST_WHOLE = 2**63 - 1  # what compiled code counts with


@dataclass(frozen=True)
class Range:
    """What a number may be: its bounds, whether the lower one itself is allowed, and the words for it."""

    low: float
    high: float
    words: str
    low_allowed: bool = True

    def holds(self, value: float) -> bool:
        """Return whether a finite number, however large, lies in the range."""
        above = value >= self.low if self.low_allowed else value > self.low
        # By comparison: a whole number of 400 digits is no float, and math.isfinite would raise.
        return above and value <= self.high and -math.inf < value < math.inf


# The largest numbers are ways to say never or always; beyond them arithmetic overflows.
FRACTION = Range(0, 1, "from 0 to 1")
NOT_NEGATIVE = Range(0, 1e9, "0 or more, and at most 1e9")
POSITIVE = Range(0, 1e9, "above 0, and at most 1e9", low_allowed=False)
LOG = Range(-100, 100, "from -100 to 100")
SPREAD = Range(0, 100, "from 0 to 100")
EXPONENT = Range(0, 3, "from 0 to 3")
UTILITY = Range(-1, 1, "from -1 to 1")
ANY = Range(-math.inf, math.inf, "any finite number")

# A new unit is a line here. The first pattern that fits the end of the name counts.
UNITS = (
    (r"utility_ratio|discount_rate_per_year", FRACTION),
    (r"norm_utility", UTILITY),
    (r"price(_per_\w+)?", NOT_NEGATIVE),
    (r"log_odds(_per_\w+)?", LOG),
    (r"log_ratio\w*", LOG),
    (r"median_days", POSITIVE),
    (r"(odds_|hazard_|time_)?ratio", POSITIVE),
    (r"probability|shares?|sensitivity|specificity", FRACTION),
    (r"(hours|days|weeks|months|years|minutes|mm|cm|gy|count)(_per_\w+)?|per_year", NOT_NEGATIVE),
    (r"sd|sigma", SPREAD),
    (r"exponent", EXPONENT),
)


def range_of(key: str) -> Range:
    """Return the range of a parameter by the unit at the end of its name.

    Raises InputError for a name that carries no known unit.
    """
    name = key.rpartition(".")[2]
    for pattern, allowed in UNITS:
        if re.search(rf"(^|_)({pattern})$", name):
            return allowed
    raise InputError(f"{key}: the name has no unit that conf/units.py knows, such as _probability or _days")


def number(key: str, value: object, allowed: Range) -> float:
    """Return the value as a float. Raises InputError where it is no number or lies outside the range."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InputError(f"{key}={shown(value)}: must be a number, {allowed.words}")
    if not allowed.holds(value):
        raise InputError(f"{key}={shown(value)}: out of range; must be {allowed.words}")
    try:
        return float(value) + 0.0  # a zero has no sign
    except OverflowError as error:
        raise InputError(f"{key}={shown(value)}: is too large for a number") from error


def whole(key: str, value: object, low: int, high: int = MOST_WHOLE) -> int:
    """Return the value as a whole number (1e5 is one) from low to high. Raises InputError for others."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        words = f"must be a whole number of {low} or more"
        if high != MOST_WHOLE or (isinstance(value, int) and value > high):
            words += f", and at most {high:,}"
        raise InputError(f"{key}={shown(value)}: {words}")
    return value


def flag(value: object) -> bool | None:
    """Return what a value says as a flag, or None where it says neither yes nor no."""
    if isinstance(value, str):
        return {"yes": True, "on": True, "no": False, "off": False}.get(value.lower())
    return value if isinstance(value, bool) else None
