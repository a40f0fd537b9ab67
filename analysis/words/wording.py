"""Numbers and findings in words: what titles, labels and printed tables say.

A title is a claim, true of the table that it heads, whatever the run: what ties is not singled out, and a
part is never larger than its whole. *Clearly* is used only for intervals that include the uncertainty of the
parameters; where an interval is of simulated luck alone, a difference lies *beyond simulated luck* or not.
"""

import math
import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd

from sim.counting.outcomes import ALL

HEADLINE_YEARS = 5.0  # the horizon that oncologists quote
NEAR = 0.02  # simulated within two percentage points of published
DASH = "–"
LUCK = "of simulated luck"  # what an interval is of, where it holds no uncertainty of the parameters
INTERVAL, INTERVALS = f"95 % interval {LUCK}", f"95 % intervals {LUCK}"
BEYOND = "beyond simulated luck"
SIDES = ("lateral_left", "lateral_right")
SIDE_WALLS = "side_walls"  # the two of them: left and right are one place
# Words of policy names that do not read as they are spelt.
SPELT: dict[str, str | Callable[[re.Match[str]], str]] = {
    r"\btme free\b": "TME-free",
    r"\btme\b": "TME",
    r"\bmri\b": "MRI",
    r"\bqalys\b": "QALYs",
    r"\blateral after\b": "lateral dissection if still",
    r"\blateral before\b": "lateral dissection if at first",
    r"\blateral routine\b": "routine lateral dissection",
    r"\bstage iii\b": "stage III",
    r"\blocal excision t2\b": "local excision of T1 and T2",
    r"\borgan preservation planned\b": "planned organ preservation",
    r"\borgan preservation strict\b": "strict organ preservation",
    r"\bdutch 2014\b": "Dutch guideline of 2014",
    r"\bdutch before 2014\b": "Dutch guideline before 2014",
    r"\b(english|swedish|norwegian|japanese)\b": lambda found: found[1].capitalize(),
    r"\bfollow up (intensive|minimal)\b": r"\1 follow-up",
    r" \+ (for|as) ": r" \1 ",
    r"(\d)mm\b": r"\1 mm",
}

ORIGINS = {
    "margin": "from the margin",
    "mesorectum": "from the mesorectum",
    "lateral_node": "from lateral nodes",
}


Words = Callable[[str], str]  # from a name to how people read it


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


def count(number: float) -> str:
    """Return a number without its sign to one decimal; a dash where there was nobody."""
    return DASH if np.isnan(number) else f"{number:.1f}"


def signed(number: float) -> str:
    """Return a number to one decimal with its sign; a dash where there was nobody."""
    if np.isnan(number):
        return DASH
    # +0.0 would claim a direction.
    return "0.0" if abs(number) < 0.05 else f"{number:+.1f}".replace("-", "−")


def interval(low: float, high: float, write: Callable[[float], str] = percent) -> str:
    """Return an interval as ``low to high``, each written by ``write``; a dash where there is none."""
    if math.isnan(low) and math.isnan(high):
        return DASH
    return f"{write(low)} to {write(high)}"


def points(row: pd.Series) -> str:
    """Return a difference of proportions in percentage points, with its interval."""
    low_to_high = interval(100 * row["ci_low"], 100 * row["ci_high"], signed)
    return f"{signed(100 * row['estimate'])} points ({INTERVAL} {low_to_high})"


def at_most(reach: float) -> str:
    """Return a bound to one decimal, rounded up so that it stays one."""
    return f"{math.ceil(round(10 * reach, 6)) / 10:.1f}"


def listed(names: Iterable[str]) -> str:
    """Return names as a list in a sentence: ``a, b and c``."""
    *before, last = names
    return f"{', '.join(before)} and {last}" if before else last


def leaders(values: pd.Series, write: Callable[[float], str]) -> list[str]:
    """Return the labels whose written value is that of the largest: more than one where they tie."""
    known = values.dropna()
    return [str(name) for name in known.index[known.map(write) == write(known.max())]] if len(known) else []


def places(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows by compartment with the two side walls as one, last.

    Numbers are added, and the ends of their intervals too: the sum's own interval is no wider than that.
    """
    sides = [name for name in SIDES if name in rows.index]
    if not sides:
        return rows
    both = rows.loc[sides].sum(skipna=False).rename(SIDE_WALLS)
    return pd.concat([rows.drop(index=sides), both.to_frame().T])


def place_words(names: Iterable[str]) -> str:
    """Return where, to follow a verb: ``in the central and anterior compartments and on the side walls``."""
    names = list(names)
    within = [policy_words(name) for name in names if name != SIDE_WALLS]
    parts = [f"in the {listed(within)} compartment{'s' if len(within) > 1 else ''}"] if within else []
    return listed([*parts, *(["on the side walls"] if SIDE_WALLS in names else [])])


def headline_years(table: pd.DataFrame) -> float:
    """Return the horizon that is stated first: five years, or the last of a shorter run."""
    horizons = table["horizon_years"].dropna()
    return HEADLINE_YEARS if (horizons == HEADLINE_YEARS).any() else float(horizons.max())


def years_words(years: float) -> str:
    """Return ``5 years``, ``1 year``."""
    return f"{years:.3g} year" + ("" if years == 1 else "s")


def comparator_of(table: pd.DataFrame) -> str | None:
    """Return the policy that others are compared with, or None where there is only one."""
    return None if table.empty else str(table["comparator"].iloc[0])


def comparator_words(table: pd.DataFrame) -> str:
    """Return the words for the policy that others are compared with, of a table with a row at least."""
    return policy_words(str(table["comparator"].iloc[0]))


def row_of(table: pd.DataFrame, name: str) -> pd.Series:
    """Return the row of a name, of a table that has one row for each. Raises KeyError where there is none."""
    return table.loc[[name]].iloc[0]


def at_horizon(
    table: pd.DataFrame, outcome: str, years: float = float("nan"), mechanism: str = ALL
) -> pd.DataFrame:
    """Return an outcome's rows in the whole cohort by policy; ``years`` NaN where no horizon applies."""
    at = table["horizon_years"].isna() if np.isnan(years) else table["horizon_years"] == years
    rows = table[at & (table["outcome"] == outcome) & (table["mechanism"] == mechanism)]
    return rows[(rows[["compartment", "group"]] == ALL).all(axis=1)].set_index("policy", drop=False)


def beyond_luck(rows: pd.DataFrame, value: str = "") -> pd.Series:
    """Return whether each difference is known and its interval leaves out zero, shape (rows,).

    ``value``: the column, where there are several; its interval is in ``value_low`` and ``value_high``.
    """
    low, high = (f"{value}_low", f"{value}_high") if value else ("ci_low", "ci_high")
    return rows[value or "estimate"].notna() & ((rows[low] > 0) | (rows[high] < 0))


def finding(outcomes: pd.DataFrame, differences: pd.DataFrame, outcome: str, noun: str) -> Finding:
    """Return what the run says of an outcome: the largest change beyond luck, or that there is none.

    A change is beyond luck when its paired 95 % interval leaves out zero. ``noun`` names the outcome in a
    sentence.
    """
    years = headline_years(outcomes)
    found = at_horizon(outcomes, outcome, years)
    at = f"at {years_words(years)}"
    compared = at_horizon(differences, outcome, years)
    if found.empty:
        return Finding(f"{sentence(noun)} {at} is not known", "")
    if compared.empty:
        return _alone(found.iloc[0], noun, at)
    against = comparator_words(compared)
    beyond = compared[beyond_luck(compared)]
    if len(compared) == 1:
        counted = ""
    elif len(beyond) == 1:
        counted = f"1 of {len(compared)} policies differs from {against} {BEYOND}. "
    else:
        counted = f"{len(beyond)} of {len(compared)} policies differ from {against} {BEYOND}. "
    if beyond.empty:
        if len(compared) == 1:
            only = compared.iloc[0]
            title = (
                f"No difference in {noun} {at} {BEYOND} between {against} and {policy_words(only['policy'])}"
            )
            return Finding(title, f"Paired difference {points(only)}. ")
        return Finding(f"No difference in {noun} {at} {BEYOND}: no policy stands out from {against}", "")
    largest = beyond.iloc[beyond["estimate"].abs().argmax()]
    return Finding(change(found, largest, noun, at), f"Paired difference {points(largest)}. {counted}")


def change(found: pd.DataFrame, difference: pd.Series, noun: str, at: str) -> str:
    """Return a sentence on a difference beyond luck: which policy lowers or raises what, and how far."""
    shares = found["estimate"].reindex([difference["comparator"], difference["policy"]])
    before, after = map(percent, shares)
    verb = "lowers" if difference["estimate"] < 0 else "raises"
    name = sentence(policy_words(difference["policy"]))
    if before == after:
        return f"{name} {verb} {noun} {at} by less than 0.1 percentage points"
    return f"{name} {verb} {noun} {at} from {before} % to {after} %"


def _alone(row: pd.Series, noun: str, at: str) -> Finding:
    title = f"{sentence(noun)} is {percent(row['estimate'])} % {at} under {policy_words(row['policy'])}"
    return Finding(title, f"{INTERVAL} {interval(row['ci_low'], row['ci_high'])} %. ")


def patients_words(table: pd.DataFrame, population: str, compared: bool) -> str:
    """Return how many patients of which population a table rests on."""
    shared = ", the same under every policy" if compared else ""
    return f"n = {int(table['n'].max()):,} {population}{shared}."


def origin_words(kind: str, by: str = "mechanism") -> str:
    """Return how, or where, a recurrence came about, to follow the word recurrence."""
    if by == "compartment":
        return place_words([kind])
    return ORIGINS.get(kind, f"by {policy_words(kind)}")
