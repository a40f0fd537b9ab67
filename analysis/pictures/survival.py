"""Picture of overall survival by policy, with the numbers alive."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis.pictures import look
from analysis.words.wording import (
    DASH,
    INTERVAL,
    INTERVALS,
    at_horizon,
    comparator_of,
    finding,
    headline_years,
    interval,
    patients_words,
    percent,
    policy_words,
    sentence,
    years_words,
)

OUTCOME = "overall_survival"
LINE = look.SMALL * look.LINE  # inches
LEFT, WIDTH, INDENT = 0.95, 6.6, 0.8


def survival(
    curves: pd.DataFrame,
    outcomes: pd.DataFrame,
    differences: pd.DataFrame,
    population: str = "simulated patients",
) -> Figure:
    """Return overall survival by policy with 95 % bands; the rows of numbers alive are its legend."""
    curves = curves[curves["outcome"] == OUTCOME]
    if not look.known(curves["estimate"]):
        return look.nothing("overall survival")
    policies = list(curves["policy"].unique())
    looks = look.policy_looks(policies, comparator_of(differences))
    years = headline_years(outcomes)
    headline_rows = at_horizon(outcomes, OUTCOME, years).reindex(policies)
    end = float(curves["time_years"].max()) or years
    title, note = finding(outcomes, differences, OUTCOME, "overall survival")
    note += f"{patients_words(curves, population, len(policies) > 1)} Bands: {INTERVALS}."
    with look.style():
        names = {name: _named(name, headline_rows.loc[name]) for name in policies}
        table = sum((len(lines) + 1) * LINE + 0.12 for lines in names.values()) + LINE + 0.2
        height = 2.9
        drawn = look.figure(title, note, height + 0.7 + table + 0.1)
        ax = look.axes(drawn, LEFT, table + 0.7, WIDTH, height)
        look.years_axis(ax, end, 5)
        look.percent_axis(ax.yaxis, 5)
        ax.set(ylim=(0, 1), ylabel="patients alive")
        ax.axvline(years, color=look.PALE, linewidth=1.2, zorder=0)
        top = table
        share = f"share alive at {years_words(years)} with {INTERVAL}; below it, patients alive"
        _write(drawn, LEFT + INDENT, top, share, color=look.GREY)
        top -= LINE + 0.08
        for name in policies:
            rows = curves[curves["policy"] == name]
            look.curve(ax, name, rows, headline_rows.loc[name], looks[name], fainter=len(policies) > 4)
            _key(drawn, top, looks[name])
            _write(drawn, LEFT + INDENT, top, "\n".join(names[name]), gid="label")
            top -= len(names[name]) * LINE
            for year, row in _at_ticks(rows, end):
                alive = DASH if np.isnan(row["estimate"]) else f"{row['n'] * row['estimate']:,.0f}"
                _write(drawn, LEFT + WIDTH * year / end, top, alive, ha="center", gid="alive")
            top -= LINE + 0.12
    return drawn


def _named(name: str, row: pd.Series) -> Sequence[str]:
    whole = f"{percent(row['estimate'])} % ({interval(row['ci_low'], row['ci_high'])})"
    words = f"{sentence(policy_words(name))}: {whole.replace(' ', look.NO_BREAK)}"
    return look.wrapped(words, WIDTH - INDENT, look.SMALL)


def _at_ticks(rows: pd.DataFrame, end: float) -> list[tuple[float, pd.Series]]:
    ticks = [year for year in MaxNLocator(5, steps=[1, 2, 5, 10]).tick_values(0, end) if 0 <= year <= end]
    return [(year, rows.iloc[(rows["time_years"] - year).abs().argmin()]) for year in ticks]


def _write(drawn: Figure, left: float, top: float, words: str, **settings: Any) -> None:
    height = drawn.get_size_inches()[1]
    drawn.text(left / look.WIDTH, top / height, words, size=look.SMALL, va="top", linespacing=1.2, **settings)


def _key(drawn: Figure, top: float, drawn_as: look.PolicyLook) -> None:
    ax = look.axes(drawn, LEFT, top - LINE, INDENT - 0.1, LINE)
    ax.plot([0, 1, 2], [0, 0, 0], color=drawn_as.colour, linestyle=drawn_as.line, linewidth=2)
    ax.plot([1], [0], color=drawn_as.colour, marker=drawn_as.marker, markersize=7, markeredgecolor="white")
    ax.axis("off")
