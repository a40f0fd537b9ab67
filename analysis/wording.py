"""Numbers and findings in words: what titles, labels and printed tables say."""

import re
from typing import NamedTuple

import numpy as np
import pandas as pd

from sim.outcomes import ALL

TOLD_YEARS = 5.0  # the horizon that oncologists quote
NEAR = 0.02  # simulated within two percentage points of published
DASH = "–"
# Words of policy names that do not read as they are spelt.
SPELT = {
    r"\btme\b": "TME",
    r"\bmri\b": "MRI",
    r"\blateral after\b": "lateral dissection if still",
    r"\blateral before\b": "lateral dissection if at first",
    r"\blateral routine\b": "routine lateral dissection",
    r"\bstage iii\b": "stage III",
    r" \+ for ": " for ",
    r"(\d)mm\b": r"\1 mm",
}

ORIGINS = {
    "margin": "from the margin",
    "mesorectum": "from the mesorectum",
    "lateral_node": "from lateral nodes",
}


class Finding(NamedTuple):
    """What a table says, for a title, and what that rests on, for the note below it."""

    title: str
    note: str


def policy_words(name: str) -> str:
    """Return a policy's or a mechanism's name for people: ``a_b+c`` becomes ``a b + c``."""
    words = " + ".join(part.strip() for part in name.replace("_", " ").split("+"))
    for spelt, read in SPELT.items():
        words = re.sub(spelt, read, words)
    return words


def sentence(words: str) -> str:
    """Return words with a capital first letter."""
    return words[:1].upper() + words[1:]


def percent(share: float) -> str:
    """Return a proportion in percent to one decimal, without its sign; a dash where there was nobody."""
    if np.isnan(share):
        return DASH
    return "<0.1" if 0 < share < 0.0005 else f"{100 * share:.1f}"


def signed(number: float) -> str:
    """Return a number to one decimal with its sign; a dash where there was nobody."""
    if np.isnan(number):
        return DASH
    # +0.0 would claim a direction.
    return "0.0" if abs(number) < 0.05 else f"{number:+.1f}".replace("-", "−")


def interval(low: float, high: float, write=percent) -> str:
    """Return an interval as ``low to high``, each written by ``write``."""
    return f"{write(low)} to {write(high)}"


def points(row: pd.Series) -> str:
    """Return a difference of proportions in percentage points, with its interval."""
    low_to_high = interval(100 * row["ci_low"], 100 * row["ci_high"], signed)
    return f"{signed(100 * row['estimate'])} points (95 % interval {low_to_high})"


def told_years(table: pd.DataFrame) -> float:
    """Return the horizon that is told first: five years, or the last of a shorter run."""
    horizons = table["horizon_years"].dropna()
    return TOLD_YEARS if (horizons == TOLD_YEARS).any() else float(horizons.max())


def years_words(years: float) -> str:
    """Return ``5 years``, ``1 year``."""
    return f"{years:.3g} year" + ("" if years == 1 else "s")


def comparator_of(table: pd.DataFrame) -> str | None:
    """Return the policy that others are compared with, or None where only one was lived."""
    return None if table.empty else str(table["comparator"].iloc[0])


def told(
    table: pd.DataFrame, outcome: str, years: float = float("nan"), mechanism: str = ALL
) -> pd.DataFrame:
    """Return an outcome's rows in the whole cohort by policy; ``years`` NaN where no horizon applies."""
    at = table["horizon_years"].isna() if np.isnan(years) else table["horizon_years"] == years
    rows = table[at & (table["outcome"] == outcome) & (table["mechanism"] == mechanism)]
    return rows[(rows[["compartment", "group"]] == ALL).all(axis=1)].set_index("policy", drop=False)


def clearly_differs(rows: pd.DataFrame) -> pd.Series:
    """Return whether the interval of each difference leaves out zero, shape (rows,)."""
    return (rows["ci_low"] > 0) | (rows["ci_high"] < 0)


def finding(outcomes: pd.DataFrame, differences: pd.DataFrame, outcome: str, noun: str) -> Finding:
    """Return what the run says of an outcome: the largest clear change, or that there is none.

    A change is clear when its paired 95 % interval leaves out zero. ``noun`` names the outcome in a sentence.
    """
    years = told_years(outcomes)
    found = told(outcomes, outcome, years)
    at = f"at {years_words(years)}"
    compared = told(differences, outcome, years)
    if compared.empty:
        return _alone(found.iloc[0], noun, at)
    comparator = comparator_of(compared)
    against = policy_words(comparator)
    clear = compared[clearly_differs(compared)]
    counted = f"{len(clear)} of {len(compared)} policies clearly differ from {against}. "
    if len(compared) == 1:
        counted = ""
    if clear.empty:
        if len(compared) == 1:
            only = compared.iloc[0]
            title = f"No clear difference in {noun} {at} between {against} and {policy_words(only['policy'])}"
            return Finding(title, f"Paired difference {points(only)}. ")
        return Finding(f"No clear difference in {noun} {at}: no policy stands out from {against}", "")
    largest = clear.loc[clear["estimate"].abs().idxmax()]
    note = f"Paired difference {points(largest)}. {counted}"
    return Finding(change(found, largest, noun, at), note)


def change(found: pd.DataFrame, difference: pd.Series, noun: str, at: str) -> str:
    """Return a sentence on a clear difference: which policy lowers or raises what, from where to where."""
    before, after = (percent(found.loc[difference[who], "estimate"]) for who in ("comparator", "policy"))
    verb = "lowers" if difference["estimate"] < 0 else "raises"
    name = sentence(policy_words(difference["policy"]))
    if before == after:
        return f"{name} {verb} {noun} {at} by less than 0.1 percentage points"
    return f"{name} {verb} {noun} {at} from {before} % to {after} %"


def _alone(row: pd.Series, noun: str, at: str) -> Finding:
    title = f"{sentence(noun)} is {percent(row['estimate'])} % {at} under {policy_words(row['policy'])}"
    return Finding(title, f"95 % interval {interval(row['ci_low'], row['ci_high'])} %. ")


def patients_words(table: pd.DataFrame, population: str, compared: bool) -> str:
    """Return how many patients of which population a table rests on."""
    shared = ", the same under every policy" if compared else ""
    return f"n = {int(table['n'].max()):,} {population}{shared}."


def origin_words(kind: str, by: str = "mechanism") -> str:
    """Return how, or where, a recurrence came about, to follow the word recurrence."""
    if by == "compartment":
        return f"in the {policy_words(kind)} compartment"
    return ORIGINS.get(kind, f"by {policy_words(kind)}")
