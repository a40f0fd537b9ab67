"""Money, QALYs and thresholds in words."""

import math

from analysis.words.wording import DASH

BY_MEMBERS = "95 % of the members, less the simulation's noise"  # what an interval holds


def money(amount: float, currency: str = "€") -> str:
    """Return an amount, with decimals below 100, and its sign before the currency."""
    if not math.isfinite(amount):
        return DASH
    size = abs(amount)
    decimals = 0 if size >= 100 or size == 0 else 1 if size >= 10 else 2
    words = f"{size:,.{decimals}f}"
    return f"{'−' if amount < 0 and float(words.replace(',', '')) else ''}{currency}{words}"


def short_money(amount: float, currency: str = "€") -> str:
    """Return an amount for narrow places: thousands (k) from 10,000, millions (m) from a million."""
    size = abs(amount)
    if not math.isfinite(amount) or size < 9999.5:
        return money(amount, currency)
    unit, letter = (1e6, "m") if size >= 999_950 else (1e3, "k")
    decimals = 1 if size < 99.95 * unit else 0
    return f"{'−' if amount < 0 else ''}{currency}{size / unit:.{decimals}f}{letter}"


def per_qaly(threshold: float, currency: str = "€") -> str:
    """Return a threshold in words."""
    return f"{money(threshold, currency)} per QALY"


def qalys(number: float) -> str:
    """Return a number of QALYs to two significant digits or two decimals, without its sign."""
    if not math.isfinite(number):
        return DASH
    size = abs(number)
    decimals = 2 if size >= 0.1 or size == 0 else min(1 - math.floor(math.log10(size)), 5)
    return f"{size:.{decimals}f}"
