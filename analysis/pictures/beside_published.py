"""Picture of simulated beside published figures of a trial."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.pictures import look
from analysis.words.wording import INTERVAL, NEAR, interval, percent, policy_words, sentence, years_words

SIMULATED: look.Style = {"marker": "o", "markersize": 7, "color": look.BLUE}
# Open and larger, so that it shows around a simulated figure that meets it.
PUBLISHED: look.Style = {
    "marker": "D",
    "markersize": 9,
    "markerfacecolor": "none",
    "markeredgecolor": look.INK,
    "markeredgewidth": 1.5,
}


def beside_published(published: pd.DataFrame, population: str = "simulated patients") -> Figure:
    """Return one dumbbell for each published figure: published, and simulated with its 95 % interval."""
    if published.empty:
        return look.message(
            "No published figure fits this run",
            "The published figures are of other policies, outcomes or horizons than those of the run.",
        )
    if not look.known(published["simulated"]):
        return look.nothing("published figures beside simulated ones")
    near, count = int((published["difference"].abs() <= NEAR).sum()), len(published)
    if near == count:
        which = "the published figure" if count == 1 else f"all {count} published figures"
    else:
        which = f"{near} of {count} published figures"
    title = f"The simulation comes within 2 percentage points of {which}"
    n = int(published["n"].max())
    note = (
        f"n = {n:,} {population} in each arm. Blue line: {INTERVAL}. "
        "Grey: 2 points either side of the published figure, whose own sampling error is not shown."
    )
    rows = published.sort_values(["outcome", "policy", "horizon_years"], kind="stable", key=_in_order)
    with look.style():
        left, right, step = 1.2, 2.65, 0.34
        width = look.WIDTH - left - right - look.EDGE
        line = look.TEXT * look.LINE
        groups = []
        for (outcome, policy), part in rows.groupby(["outcome", "policy"], sort=False):
            words = f"{sentence(policy_words(str(outcome)))}: {policy_words(str(policy))}"
            groups.append((look.wrapped(words, look.WIDTH - 2.5, look.TEXT, "bold"), part))
        height = sum(len(lines) * line + 0.16 + step * len(part) for lines, part in groups) + 0.05
        drawn = look.figure(title, note, height + 1.0)
        ax = look.axes(drawn, left, 0.7, width, height)
        top = look.largest(rows[["published", "simulated", "ci_high"]]) + NEAR
        low = -look.largest(-rows[["published", "simulated", "ci_low"]]) - NEAR
        # From zero, unless that would squeeze figures that are all large.
        ax.set(xlim=(0 if low < top / 2 else low, top), ylim=(0, height), yticks=[])
        ax.spines["left"].set_visible(False)
        ax.set_xlabel("patients with the outcome")
        look.percent_axis(ax.xaxis, 6)
        beside: look.Style = {"transform": ax.get_yaxis_transform(), "va": "center", "gid": "label"}
        head: look.Style = {"color": look.GREY, "size": look.SMALL}
        ax.text(1.04, height + 0.08, "published → simulated, %", **{**beside, **head})
        y = height
        for lines, part in groups:
            y -= 0.11
            name: look.Style = {"weight": "bold", "linespacing": 1.2}
            ax.text((look.EDGE - left) / width, y, "\n".join(lines), **{**beside, **name, "va": "top"})
            y -= len(lines) * line + 0.05
            for _, row in part.iterrows():
                y -= step / 2
                _dumbbell(ax, y, row)
                ax.text(-0.04, y, years_words(row["horizon_years"]), ha="right", **beside)
                ax.text(1.04, y, _said(row), **beside)
                y -= step / 2
        ax.legend(
            [Line2D([], [], linestyle="none", **mark) for mark in (PUBLISHED, SIMULATED)],
            ("published", "simulated"),
            loc="upper left",
            bbox_to_anchor=(1.02, -0.08 / height),
            frameon=False,
            handletextpad=0.1,
            labelspacing=0.3,
            borderpad=0,
        )
    return drawn


def _said(row: pd.Series) -> str:
    low_to_high = interval(row["ci_low"], row["ci_high"])
    return f"{percent(row['published'])} → {percent(row['simulated'])} ({low_to_high})"


def _in_order(column: pd.Series) -> pd.Series:
    """Sort words by their first appearance, and numbers by size."""
    return (
        column
        if column.dtype.kind == "f"
        else column.map({word: k for k, word in enumerate(column.unique())})
    )


def _dumbbell(ax: Axes, y: float, row: pd.Series) -> None:
    ax.barh([y], [2 * NEAR], left=[row["published"] - NEAR], height=0.22, color="#E9E9E9", zorder=0)
    ax.plot([row["published"], row["simulated"]], [y, y], color=look.SKY, linewidth=4, zorder=1)
    ax.plot([row["ci_low"], row["ci_high"]], [y, y], color=look.BLUE, linewidth=1.6, zorder=2)
    ax.plot([row["simulated"]], [y], **SIMULATED, zorder=3, gid="simulated")
    ax.plot([row["published"]], [y], **PUBLISHED, zorder=4, gid="published")
