"""How far the uncertain parameters reach, drawn beside the reach of simulated luck."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis.pictures import look
from analysis.words.sweep import about, point_words
from analysis.words.wording import INTERVAL, Words, interval, percent, policy_words, signed, years_words
from sim.counting.outcomes import ALL

MOST_ROWS = 24  # of a picture
LABEL, HEADING = 2.05, 4.3  # inches
ROW, BAR = 0.56, 0.15

Key = tuple[Any, ...]  # of a row: the values of its point, and its policy


def whole_cohort(table: pd.DataFrame, outcome: str, years: float) -> pd.DataFrame:
    """Return an outcome's rows of the whole cohort at a horizon."""
    whole = (table[["mechanism", "compartment", "group"]] == ALL).all(axis=1)
    return table[whole & (table["outcome"] == outcome) & (table["horizon_years"] == years)]


def have_room(table: pd.DataFrame, outcome: str, years: float) -> bool:
    """Return whether the rows of ``intervals`` are no more than a page takes."""
    return bool(whole_cohort(table, outcome, years)["comparator"].isna().sum() <= MOST_ROWS)


def intervals(
    table: pd.DataFrame, swept: Sequence[str], outcome: str, years: float, words: Words = policy_words
) -> Figure | None:
    """Return each policy's interval over the members and that of luck, beside those of its difference.

    ``table``: ``uncertainty.csv``. Rows are policies, under a heading for each point of the swept names;
    None where they are more than a page takes.
    """
    return drawn_intervals(table, swept, outcome, years, words) if have_room(table, outcome, years) else None


def drawn_intervals(
    table: pd.DataFrame, swept: Sequence[str], outcome: str, years: float, words: Words = policy_words
) -> Figure:
    """Return ``intervals`` of a table for which there is room."""
    rows = whole_cohort(table, outcome, years)
    plain, compared = rows[rows["comparator"].isna()], rows[rows["comparator"].notna()]
    if not look.known(plain["estimate"]):
        return look.nothing(policy_words(outcome))
    panels = [plain] if compared.empty else [plain, compared]
    members = f"{int(rows['members'].min())} members of the posterior sample"
    note = (
        f"{about(outcome, years)}, {members}, "
        f"{int(plain['n'].max()):,} simulated patients for each, with common random numbers. "
        f"Bars: 95 % intervals of parameters and discrepancy. Lines: the mean with the {INTERVAL} alone."
    )
    places, labels, height = _places(plain, swept, words)
    with look.style():
        drawn = look.figure(_finding(compared, plain, outcome, years), note, height + 1.0)
        gap = 0.35
        left = look.EDGE + LABEL
        width = (look.WIDTH - left - look.EDGE - 0.15 - gap * (len(panels) - 1)) / len(panels)
        for k, part in enumerate(panels):
            ax = look.axes(drawn, left + k * (width + gap), 0.75, width, height, ylim=(0, height), yticks=[])
            ax.spines["left"].set_visible(False)
            _draw(ax, part, swept, places, bool(k))
            beside: look.Style = {
                "transform": ax.get_yaxis_transform(),
                "gid": "label",
                "size": look.SMALL,
                "linespacing": 1.2,
            }
            if k == 0:
                for lines, y, weight in labels:
                    ax.text(-LABEL / width, y, "\n".join(lines), va="center", weight=weight, **beside)
        handles = [
            Patch(facecolor=look.SKY, alpha=0.55),
            Line2D([], [], color=look.INK, marker="o", markersize=6, linewidth=1.6),
        ]
        strip = look.axes(drawn, look.EDGE, 0.75 + height + 0.02, look.WIDTH - 2 * look.EDGE, 0.25)
        strip.axis("off")
        names = (
            "uncertain parameters and discrepancy (95 %)",
            "mean, with the error of simulated luck (95 %)",
        )
        where: look.Style = {
            "loc": "upper left",
            "bbox_to_anchor": (0, 1),
            "borderpad": 0,
            "borderaxespad": 0,
        }
        strip.legend(handles, names, ncols=2, frameon=False, fontsize=look.SMALL, **where)
    return drawn


def _places(
    plain: pd.DataFrame, swept: Sequence[str], words: Words
) -> tuple[dict[Key, float], list[tuple[list[str], float, str]], float]:
    """Return each row's middle by point and policy, each label's lines, middle and weight, and the height."""
    varied = [name for name in swept if plain[name].nunique(dropna=False) > 1]
    top, places, labels, before = 0.0, {}, [], ""
    points = [point_words(line, varied) for line in plain[varied].itertuples(index=False, name=None)]
    for key, point in zip(_keys(plain, swept), points or [""] * len(plain), strict=True):
        if point != before:
            lines = look.wrapped(point, HEADING, look.SMALL, "bold")
            taken = len(lines) * look.SMALL * look.LINE + 0.15
            labels.append((lines, top + taken / 2 + 0.05, "bold"))
            top, before = top + taken, point
        lines = look.wrapped(words(key[-1]), LABEL - 0.15, look.SMALL)
        taken = max(ROW, len(lines) * look.SMALL * look.LINE + 0.05)
        places[key] = top + taken / 2
        labels.append((lines, places[key], "normal"))
        top += taken
    from_bottom = {key: top - y for key, y in places.items()}
    return from_bottom, [(lines, top - y, weight) for lines, y, weight in labels], top


def _keys(rows: pd.DataFrame, swept: Sequence[str]) -> list[Key]:
    return list(rows[[*swept, "policy"]].itertuples(index=False, name=None))


def _draw(
    ax: Axes, rows: pd.DataFrame, swept: Sequence[str], places: Mapping[Key, float], compared: bool
) -> None:
    """Draw a panel: a bar, a line and its words for each row."""
    write = (lambda share: signed(100 * share)) if compared else percent
    for key, row in zip(_keys(rows, swept), rows.to_dict("records"), strict=True):
        y = places[key] - 0.09
        span = row["uncertainty_high"] - row["uncertainty_low"]
        bar: look.Style = {
            "color": look.SKY,
            "alpha": 0.55,
            "linewidth": 0,
            "gid": f"members {row['policy']}",
        }
        ax.barh(y, span, left=row["uncertainty_low"], height=BAR, **bar)
        line: look.Style = {"color": look.INK, "linewidth": 1.6, "gid": f"luck {row['policy']}"}
        ax.plot([row["ci_low"], row["ci_high"]], [y, y], **line)
        ax.plot([row["estimate"]], [y], "o", color=look.INK, markersize=5.5, gid=f"mean {row['policy']}")
        if compared:  # at the bars alone, so that it crosses no words
            ax.vlines(0, y - 0.15, y + 0.1, color=look.GREY, linewidth=1.2, zorder=0, gid="zero")
        words = (
            f"{write(row['estimate'])} ({interval(row['uncertainty_low'], row['uncertainty_high'], write)})"
        )
        beside: look.Style = {
            "size": look.SMALL,
            "va": "center",
            "transform": ax.get_yaxis_transform(),
            "gid": "label",
        }
        ax.text(0, y + 0.22, words, **beside)
    drawn = rows[["estimate", "uncertainty_low", "ci_low", "uncertainty_high", "ci_high"]]
    zero = 0.0 if compared else np.nan
    low, high = (-look.largest(-drawn, -zero), look.largest(drawn, zero)) if look.known(drawn) else (0.0, 1.0)
    air = 0.05 * (high - low) or 0.001
    if compared:
        comparators = rows["comparator"].unique()
        against = policy_words(str(comparators[0])) if len(comparators) == 1 else "the comparator"
        ax.set_xlabel("\n".join(look.wrapped(f"points, less {against}", 2.6, look.SMALL)), size=look.SMALL)
    else:
        ax.set_xlabel("percent of patients", size=look.SMALL)
    ax.set_xlim(low - air, high + air)
    ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.6g}".replace("-", "−")))
    ax.tick_params(labelsize=look.SMALL)


def _finding(compared: pd.DataFrame, plain: pd.DataFrame, outcome: str, years: float) -> str:
    """Return the title: how many differences keep their sign, over the members and over luck."""
    words = f"{policy_words(outcome)} at {years_words(years)}"
    if compared.empty:
        spread = interval(plain["uncertainty_low"].min(), plain["uncertainty_high"].max())
        alone = list(plain["policy"].unique())
        under = policy_words(alone[0]) if len(alone) == 1 else "one policy or another"
        return f"With uncertain parameters, {words} is {spread} % under {under}"
    low, high = compared[["uncertainty_low", "ci_low"]], compared[["uncertainty_high", "ci_high"]]
    clear = int(((low > 0).all(axis=1) | (high < 0).all(axis=1)).sum())
    if len(compared) == 1:
        keeps = "keeps" if clear else "may change"
        return f"With uncertain parameters, the difference in {words} {keeps} its sign"
    if clear == 1:
        return f"With uncertain parameters, 1 of {len(compared)} differences in {words} keeps its sign"
    count = f"{'none' if clear == 0 else clear} of {len(compared)}"
    if clear == len(compared):
        count = "both" if clear == 2 else f"all {clear}"
    return f"With uncertain parameters, {count} differences in {words} keep their sign"
