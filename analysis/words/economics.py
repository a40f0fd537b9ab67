"""Money, QALYs and thresholds in words."""

import math
from typing import NamedTuple

import pandas as pd

from analysis.words.wording import DASH

BY_MEMBERS = "95 % of the members, less the simulation's noise"  # what an interval holds
PERSPECTIVES = {"societal": "from the perspective of society", "health_care": "from that of health care"}


class Terms(NamedTuple):
    """On what terms a run's costs and quality of life are stated."""

    currency: str
    price_year: int
    perspective: str
    costs_percent: float  # discount a year
    effects_percent: float
    thresholds: tuple[float, ...]

    @property
    def total(self) -> str:
        """The quantity that is the total of costs."""
        return f"costs_{self.perspective}"

    @property
    def threshold(self) -> float:
        """The one that headline figures take: the middle one, of two the upper."""
        return self.thresholds[len(self.thresholds) // 2]


def perspective_words(perspective: str) -> str:
    """Return whose costs are counted."""
    return PERSPECTIVES[perspective]


def whole_money(amount: float) -> str:
    """Return an amount in whole units."""
    return f"{amount:,.0f}".replace("-", "−")


def value_words(costs: pd.Series, qalys: pd.Series) -> str:
    """Return what a QALY costs, from differences with their intervals; a dash where its sign may be luck."""
    if qalys["ci_low"] <= 0.0 <= qalys["ci_high"]:
        return DASH
    gains = qalys["estimate"] > 0
    if costs["estimate"] <= 0 and gains:
        return "dominates"
    if costs["estimate"] > 0 and not gains:
        return "dominated"
    ratio = whole_money(costs["estimate"] / qalys["estimate"])
    return ratio if gains else f"{ratio} a QALY lost"


def money(amount: float, currency: str = "€") -> str:
    """Return an amount to three digits (whole units from 1,000) with its sign before the currency."""
    if not math.isfinite(amount):
        return DASH
    size = abs(amount)
    decimals = 0 if size >= 100 or size == 0 else 1 if size >= 10 else 2
    words = f"{size:,.{decimals}f}"
    return f"{'−' if amount < 0 and float(words.replace(',', '')) else ''}{currency}{words}"


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
