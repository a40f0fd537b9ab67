"""Costs and quality of life in words."""

from typing import NamedTuple

import pandas as pd

from analysis.words.wording import DASH

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


def money(amount: float) -> str:
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
    ratio = money(costs["estimate"] / qalys["estimate"])
    return ratio if gains else f"{ratio} a QALY lost"
