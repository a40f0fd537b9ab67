"""What policies cost and are worth, as tables to read: a run prints them after its outcomes."""

import textwrap
from collections.abc import Callable

import pandas as pd

from analysis.words.economics import Terms, perspective_words, value_words, whole_money
from analysis.words.wording import DASH, INTERVALS, interval, policy_words, years_words

WIDEST = 119
NAMES = 31


def economics_summary(economics: pd.DataFrame, comparator: str, terms: Terms, assumptions: str) -> str:
    """Return costs, life years and QALYs of each policy, and the differences from the comparator.

    ``economics``: the table of a run. ``assumptions``: how many of the numbers are no more than that.
    """
    years = years_words(float(economics["horizon_years"].iloc[0]))
    total = terms.total
    about = (
        f"Costs and quality of life per patient, over {years}: {terms.currency} of {terms.price_year}, "
        f"{perspective_words(terms.perspective)}; costs discounted at {terms.costs_percent:g} %, life years "
        f"and QALYs at {terms.effects_percent:g} % a year. In brackets: {INTERVALS}. {assumptions}"
    )
    alone = economics[economics["comparator"].isna()]
    policies = list(dict.fromkeys(alone["policy"]))
    width = min(max(len(policy_words(name)) for name in policies), NAMES)
    lines = [textwrap.fill(about, WIDEST), ""]
    lines += head(width, [("costs", terms.currency, 29), ("life years", "", 27), ("QALYs", "", 27)])
    for name in policies:
        of = alone[alone["policy"] == name].set_index("quantity")
        cells = [
            f"{_with(of.loc[total], whole_money):>29}",
            f"{_with(of.loc['discounted_life_years'], _years):>27}",
            f"{_with(of.loc['qalys'], _years):>27}",
        ]
        lines.append(line(name, width, cells))
    if len(policies) > 1:
        threshold = terms.threshold
        lines += ["", f"Against {policy_words(comparator)}, of the same patients:", ""]
        lines += head(
            width,
            [
                ("more costs", terms.currency, 29),
                ("QALYs gained", "", 27),
                (f"{terms.currency} per QALY", "gained", 19),
                ("net benefit", f"at {whole_money(threshold)}", 13),
            ],
        )
        for name in policies:
            if name == comparator:
                continue
            of = economics[(economics["policy"] == name) & economics["comparator"].notna()]
            of = of.set_index("quantity")
            costs, qalys = of.loc[total], of.loc["qalys"]
            net = threshold * qalys["estimate"] - costs["estimate"]
            cells = [
                f"{_with(costs, more_money):>29}",
                f"{_with(qalys, more_years):>27}",
                f"{value_words(costs, qalys):>19}",
                f"{more_money(net):>13}",
            ]
            lines.append(line(name, width, cells))
        lines += [
            "",
            textwrap.fill(
                "Dominates: costs less and gains more; dominated: the reverse. "
                f"{DASH}: the difference in QALYs may be simulated luck. Net benefit: QALYs gained at "
                f"{whole_money(threshold)} each, less additional costs. How sure this is: lrrc psa.",
                WIDEST,
            ),
        ]
    return "\n".join([*lines, ""])


def _with(row: pd.Series, write: Callable[[float], str]) -> str:
    return f"{write(row['estimate'])} ({interval(row['ci_low'], row['ci_high'], write)})"


def _years(number: float) -> str:
    return f"{number:.2f}"


def more_years(number: float) -> str:
    """Return a difference in years, with its sign."""
    return _signed(f"{number:+.3f}")


def more_money(number: float) -> str:
    """Return a difference in money, with its sign."""
    return _signed(f"{number:+,.0f}")


def _signed(words: str) -> str:
    return words.lstrip("+-") if not words.strip("+-0.,") else words.replace("-", "−")


def head(width: int, columns: list[tuple[str, str, int]]) -> list[str]:
    """Return the headings of columns: two lines of words and a width each."""
    both = [" " * width + "".join(f"{column[k]:>{column[2]}}" for column in columns) for k in (0, 1)]
    return [line.rstrip() for line in both if line.strip()]


def line(name: str, width: int, cells: list[str]) -> str:
    """Return a policy's line of cells; a name that is too long has a line of its own."""
    words = policy_words(name)
    if len(words) <= width:
        return f"{words:{width}}{''.join(cells)}"
    return f"{textwrap.fill(words, WIDEST)}\n{'':{width}}{''.join(cells)}"
