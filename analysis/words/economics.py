"""Money, QALYs and thresholds in words."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from analysis.words.wording import DASH, sentence
from conf.economics import middle_threshold

# Of groups of uncertain numbers, where the name does not say all.
GROUPS = {
    "prices": "prices, and what is used",
    "utilities": "utilities",
    "anatomy": "anatomy of the tumour",
    "discrepancy": "how far studies lie from the model",
    "groups": "bounds of subgroups",
    "harm": "harm of treatment",
    "margin": "margins",
    "mortality": "death from other causes",
    "primary": "growth of an untreated primary",
    "recurrence": "growth of a recurrence",
    "surgery": "surgery of the primary",
}
DISCREPANCY = (
    "How far studies lie from the model (discrepancy) is drawn: in metastases, other deaths, and the local "
    "recurrences that each lever leaves, where policies are assumed to be wrong; costs and QALYs follow by "
    "what a recurrence changes."
)
FIXED_PRICES = "Prices and utilities are held fixed: their file has no ranges."
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
    "Policies are taken to be wrong, where studies differ from the model, in the local recurrences that they "
    "leave: not in harm, in resections avoided or in what is done about a recurrence.",
    "There is no second salvage resection, and no treatment of metastases line by line.",
    "Prices do not depend on how many are treated: no investment, no learning, no waiting unless a clinic is "
    "chosen.",
)

PERSPECTIVES = {"societal": "from the perspective of society", "health_care": "from that of health care"}

# What is counted of a patient, by its name in economics.csv.
QUANTITY = {
    "cost_diagnosis": "diagnosis and staging",
    "cost_neoadjuvant": "treatment before surgery, and its toxicity",
    "cost_surgery": "surgery of the primary or its regrowth, and its morbidity",
    "cost_adjuvant": "treatment after surgery",
    "cost_follow_up": "visits and their scans",
    "cost_salvage": "work-up and salvage of a recurrence, and its morbidity",
    "cost_metastases": "treatment of metastases",
    "cost_palliation": "palliation, and the end of life",
    "cost_travel": "ways to the hospital",
    "cost_stoma_and_late_harm": "stomas, lasting dysfunction and late harm",
    "cost_other_care": "care for other diseases in the years lived",
    "cost_absence": "absence from work",
    "cost_informal_care": "informal care",
    "life_years": "life years",
    "discounted_life_years": "life years, discounted",
    "qalys": "quality-adjusted life years, discounted",
    "costs_health_care": "all costs from the perspective of health care",
    "costs_societal": "all costs from the perspective of society",
}
COSTS = {name: sentence(words) for name, words in QUANTITY.items() if name.startswith("cost_")}  # by kind


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
        """The one that headline figures take."""
        return middle_threshold(self.thresholds)


def terms_of(economics: Mapping[str, Any]) -> Terms:
    """Return the terms of a run's economics as its folder holds them, resolved."""
    costs, effects = (100 * float(economics[f"{of}_discount_rate_per_year"]) for of in ("costs", "effects"))
    return Terms(
        str(economics["currency"]),
        int(economics["price_year"]),
        str(economics["perspective"]),
        costs,
        effects,
        tuple(map(float, economics["thresholds_per_qaly"])),
    )


def threshold_words(amount: float, currency: str) -> str:
    """Return what a QALY may cost, in words."""
    return f"{amount:,.0f} {currency} a QALY"


def currency_sign(currency: str) -> str:
    """Return a currency's sign, or its code where it has none of its own."""
    return {"EUR": "€", "GBP": "£"}.get(currency, f"{currency} ")


def perspective_words(perspective: str) -> str:
    """Return whose costs are counted."""
    return PERSPECTIVES[perspective]


def whole_money(amount: float) -> str:
    """Return an amount in whole units."""
    words = f"{amount:,.0f}".replace("-", "−")
    return "0" if words == "−0" else words


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
    return ratio if gains else f"{ratio} saved per QALY lost"


def money(amount: float, currency: str = "€") -> str:
    """Return an amount, with decimals below 100, and its sign before the currency."""
    if not math.isfinite(amount):
        return DASH
    size = abs(amount)
    decimals = 0 if size >= 99.95 or size == 0 else 1 if size >= 9.995 else 2
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
