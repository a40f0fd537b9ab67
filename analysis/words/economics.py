"""Costs and quality of life in words."""

from typing import NamedTuple

import pandas as pd

from analysis.words.wording import DASH

# Kinds of costs, as the quantities of a run's table are called.
COSTS = {
    "cost_diagnosis": "Diagnosis",
    "cost_neoadjuvant": "Treatment before surgery",
    "cost_surgery": "Surgery of the primary",
    "cost_adjuvant": "Chemotherapy after surgery",
    "cost_follow_up": "Follow-up",
    "cost_salvage": "Treatment of a recurrence for cure",
    "cost_metastases": "Metastases",
    "cost_palliation": "Palliation and the end of life",
    "cost_stoma_and_late_harm": "Stomas and late harm",
    "cost_other_care": "Other diseases, in the years lived",
    "cost_travel": "Travel",
    "cost_absence": "Absence from work",
    "cost_informal_care": "Informal care",
}
# Of groups of uncertain numbers, where the name does not say all.
GROUPS = {
    "prices": "prices, and what is used",
    "utilities": "utilities",
    "anatomy": "anatomy of the tumour",
    "groups": "bounds of subgroups",
    "harm": "harm of treatment",
    "margin": "margins",
    "mortality": "death of other causes",
    "primary": "growth of an untreated primary",
    "recurrence": "growth of a recurrence",
    "surgery": "surgery of the primary",
}
SOURCES = {
    "parameters": "uncertain numbers",
    "heterogeneity": "kinds of patients",
    "luck": "luck",
}
# What costs and quality of life leave out, beside what the model does; docs/economics.md says why.
LEFT_OUT = (
    "Absence from work counts one friction period after diagnosis and one after a recurrence; later absence "
    "and unpaid work of patients have no price.",
    "Care for other diseases in the years lived is priced in the Dutch file, and is 0 in the English one.",
    "Utilities of states that are there together multiply; the life of a partner or carer has none.",
    "How far studies lie from the model is one factor, shared by all policies, on the QALYs that a policy "
    "gains, and shifts of the odds of metastases and of other deaths; costs follow only through these.",
    "There is no second salvage resection, and no treatment of metastases line by line.",
    "Prices do not depend on how many are treated: no investment, no learning, no waiting unless a clinic is "
    "chosen.",
)

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
