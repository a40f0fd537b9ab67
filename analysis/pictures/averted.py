"""Pictures of what each policy averted and caused, by mechanism and by compartment."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis.pictures import look, two_sides
from analysis.words.wording import (
    BEYOND,
    INTERVAL,
    INTERVALS,
    Finding,
    beyond_luck,
    comparator_words,
    headline_years,
    interval,
    leaders,
    origin_words,
    patients_words,
    places,
    policy_words,
    sentence,
    signed,
    years_words,
)
from sim.counting.outcomes import ALL


def averted_by_mechanism(averted: pd.DataFrame, population: str = "simulated patients") -> Figure:
    """Return local recurrences averted and caused per 1,000 patients by mechanism, one panel a policy."""
    return _averted(averted, "mechanism", "compartment", population)


def averted_by_compartment(averted: pd.DataFrame, population: str = "simulated patients") -> Figure:
    """Return local recurrences averted and caused per 1,000 patients by compartment, one panel a policy."""
    return _averted(averted, "compartment", "mechanism", population)


def _averted(table: pd.DataFrame, by: str, other: str, population: str) -> Figure:
    if table.empty:
        return look.message(
            "Nothing averted or caused: there is one policy, and nothing to compare it with",
            "Name two policies or more to see what each averts and causes.",
        )
    if not look.known(table["net"]):
        return look.nothing(f"what is averted and caused by {by}")
    years = headline_years(table)
    table = table[(table["horizon_years"] == years) & (table[other] == ALL)]
    total = table[table[by] == ALL].set_index("policy")
    parts = table[table[by] != ALL]
    kinds = _kinds(parts[by])
    parts = parts[parts[by].isin(kinds)]
    if total.empty or parts.empty:
        return look.nothing(f"what is averted and caused by {by}")
    title, note = _finding(total, parts, by, years)
    note += (
        f"{patients_words(table, population, compared=True)} Whiskers: {INTERVALS}. "
        f"A recurrence that only changes its {by} is averted in one row and caused in another."
    )
    with look.style():
        left, bottom = 1.35, 0.95
        grid = look.Grid(len(total), left, look.EDGE, 0.36 * len(kinds), below=0.45)
        headings = [_heading(row, grid.width) for _, row in total.reset_index().iterrows()]
        drawn, panels = grid.draw(title, note, headings, bottom)
        for k, (name, ax) in enumerate(zip(total.index, panels, strict=True)):
            rows = parts[parts["policy"] == name].set_index(by).reindex(kinds)
            two_sides.bars(ax, rows, "averted", "caused", 0.62, look.SMALL)
            limits = two_sides.limits(parts, "averted", "caused", 0.5, grid.width)
            ax.set(xlim=limits, ylim=(len(kinds) - 0.4, -0.6))
            ax.set_yticks(range(len(kinds)), [policy_words(kind) for kind in kinds])
            ax.tick_params(axis="y", length=0, labelleft=k % grid.columns == 0)
            ax.spines["left"].set_visible(False)
            ax.xaxis.set_major_locator(MaxNLocator(max(5, int(1.3 * grid.width)), steps=[1, 2, 5, 10]))
            ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{abs(value):g}"))
        words = f"local recurrences per 1,000 patients within {years_words(years)}"
        middle = (left + grid.panels / 2) / look.WIDTH
        drawn.text(middle, 0.43 / drawn.get_size_inches()[1], words, ha="center")
        look.swatch(drawn, left + grid.panels / 2 - 1.3, 0.13, look.ORANGE, "caused", "////")
        look.swatch(drawn, left + grid.panels / 2 + 0.3, 0.13, look.BLUE, "averted")
    return drawn


def _kinds(labels: pd.Series) -> list[str]:
    """Return the kinds that add up to the whole: without the routes that split a mechanism further."""
    names = [name for name in labels.unique() if name != ALL]
    return [name for name in names if not any(name.startswith(f"{other}_") for other in names)]


def _heading(row: pd.Series, width: float) -> list[str]:
    net = f"net {signed(row['net'])} ({interval(row['net_low'], row['net_high'], signed)})".replace("+", "")
    return [*look.wrapped(sentence(policy_words(row["policy"])), width, look.SMALL), net]


def _finding(total: pd.DataFrame, parts: pd.DataFrame, by: str, years: float) -> Finding:
    within = f"within {years_words(years)}"
    against = comparator_words(parts)
    beyond = total[beyond_luck(total, "net")]
    if beyond.empty:
        return Finding(f"No net change in local recurrences from {against} {within} {BEYOND}", "")
    most = int(beyond["net"].abs().argmax())
    name, row = str(beyond.index[most]), beyond.iloc[most]
    verb, also = ("averts", "causes") if row["net"] > 0 else ("causes", "averts")
    mine = parts[parts["policy"] == name].set_index(by)[["net", "net_low", "net_high"]]
    low, high = sorted((abs(row["net_low"]), abs(row["net_high"])))
    return Finding(
        f"{sentence(policy_words(name))} {verb} {abs(row['net']):.1f} local recurrences per 1,000 patients "
        f"{within}{_most(row['net'], mine, by)}",
        f"Net of those it also {also}, compared with {against}: {INTERVAL} {low:.1f} to {high:.1f}. ",
    )


def _most(net: float, parts: pd.DataFrame, by: str) -> str:
    """Return the words on the kind that has the most of a net number; none where kinds tie or it may be luck.

    Where other kinds go the other way, the most of one kind is more than all: then it is no part of them.
    """
    parts = places(parts)
    first, *tied = leaders(np.sign(net) * parts["net"], "{:.1f}".format) or [""]
    if tied or not first or not beyond_luck(parts.loc[[first]], "net").item():
        return ""
    most, origin = float(parts["net"].loc[first]), origin_words(first, by)
    if np.sign(most) != np.sign(net):
        return ""
    if abs(most) <= abs(net) + 1e-9:  # a part that is the whole may differ in the last digit
        return f", {abs(most):.1f} of them {origin}"
    fewer, more = ("fewer", "more") if net > 0 else ("more", "fewer")
    elsewhere = "elsewhere" if by == "compartment" else "in other ways"
    return f", net: {abs(most):.1f} {fewer} {origin}, some {more} {elsewhere}"
