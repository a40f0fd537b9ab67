"""A budget impact as a table to read."""

import textwrap
from collections.abc import Sequence

import pandas as pd

from analysis.pages.economics_summary import WIDEST, head, line
from analysis.words.wording import INTERVALS, interval, policy_words, signed

MILLION = 1e6


def budget_summary(budget: pd.DataFrame, currency: str, price_year: int, uptake: Sequence[float]) -> str:
    """Return what health care spends more or less in each year, by policy."""
    policies = list(dict.fromkeys(budget["policy"]))
    first = policy_words(budget["comparator"].iloc[0])
    by_year = ", ".join(f"{100 * share:.0f} %" for share in uptake)
    about = (
        f"What health care spends more (+) or less (−) a year than with {first} for everybody: million "
        f"{currency} of {price_year}, undiscounted. Uptake by year: {by_year}. In brackets: {INTERVALS}."
    )
    lines = [textwrap.fill(about, WIDEST), ""]
    for policy in policies:
        of = budget[budget["policy"] == policy]
        lines += [policy_words(policy), *head(14, [("treated", "by it", 10), ("million", currency, 26)])]
        for row in of.to_dict("records"):
            low_high = interval(row["ci_low"] / MILLION, row["ci_high"] / MILLION, signed)
            cells = [
                f"{row['treated']:>10,.0f}",
                f"{signed(row['estimate'] / MILLION) + ' (' + low_high + ')':>26}",
            ]
            year = "all years" if row["year"] == "all" else f"year {row['year']}"
            lines.append(line(year, 14, cells))
        lines.append("")
    return "\n".join(lines)
