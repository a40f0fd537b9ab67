"""Pictures of a sweep: an outcome over what is swept, numbers or words, and how its interval narrowed."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import Collection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis.pictures import look
from analysis.pictures.convergence import convergence
from analysis.pictures.rules import differences_at, rules_differ, rules_picture
from analysis.pictures.uncertainty import drawn_intervals, have_room, whole_cohort
from analysis.pictures.waits import draw_key, key_height
from analysis.tables.uncertainty import averaged
from analysis.words.sweep import about, number_words, patients_of, point_words, value_words
from analysis.words.wording import (
    INTERVALS,
    Words,
    comparator_of,
    interval,
    percent,
    policy_words,
    years_words,
)
from conf.posterior import MEMBER

LEFT, RIGHT, BOTTOM = 0.95, 3.2, 0.75
HEIGHT = 3.4
MEMBERS = "95 % intervals of uncertain parameters and discrepancy"
MOST_POINTS = 40  # of a picture of words
POINT_LABEL, POINT_VALUE, MARK = 2.3, 1.5, 0.2  # inches: a point's words, a number's, a policy's row
MOST_CELLS = 8  # a side, up to which the heat map's numbers are written


def draw_sweep(
    tables: dict[str, pd.DataFrame],
    names: Sequence[str],
    outcomes: Sequence[str],
    years: float,
    folder: Path,
    precision: float | None,
    words: Words = policy_words,
    harms: Sequence[str] = (),
) -> list[Path]:
    """Draw each outcome over the swept names and write it, as ``sweep_pictures``; return the paths."""
    drawn = sweep_pictures(tables, names, outcomes, years, precision, words, harms)
    return look.save_all(drawn, folder)


def sweep_pictures(
    tables: dict[str, pd.DataFrame],
    names: Sequence[str],
    outcomes: Sequence[str],
    years: float,
    precision: float | None,
    words: Words = policy_words,
    harms: Sequence[str] = (),
) -> dict[str, Callable[[], Figure]]:
    """Return a function that draws it, by name, for each picture of an outcome over the swept names.

    One swept number gives lines, two heat maps, a number and a word lines by word; words alone, or a single
    point, give points; members of a posterior sample give intervals. More than two swept names have no
    picture of their own. Rules, which are levers and what a guideline says, also give what each averts
    against the patients with the ``harms``. ``tables``: outcomes, differences; of a posterior sample,
    uncertainty, which is then shown; where precision was asked for, convergence. ``words`` returns a
    policy's name.
    """
    points, sampled = [name for name in names if name != MEMBER], "uncertainty" in tables
    swept = tables["outcomes"][points]
    varied = [name for name in points if swept[name].nunique(dropna=False) > 1]
    numbers = [name for name in varied if swept[name].dtype.kind in "fi"]
    comparator = comparator_of(tables["differences"])
    bands = MEMBERS if sampled else INTERVALS
    drawn: dict[str, Callable[[], Figure]] = {}
    for outcome in outcomes:
        if sampled and have_room(tables["uncertainty"], outcome, years):
            drawn[f"{outcome}_uncertainty"] = partial(
                drawn_intervals, tables["uncertainty"], points, outcome, years, words
            )
        rows = shown(tables, points, outcome, years)
        if len(varied) > 2:
            continue
        if not look.known(rows["estimate"]):
            drawn[f"{outcome}_points"] = partial(look.nothing, policy_words(outcome))
        elif numbers == varied and len(numbers) == 1:
            drawn[f"{outcome}_lines"] = partial(
                lines, rows, numbers[0], outcome, years, comparator, bands, words
            )
        elif numbers == varied and len(numbers) == 2:
            drawn[f"{outcome}_heat_map"] = partial(heat_map, rows, numbers, outcome, years, words)
        elif len(numbers) == 1:
            (word,) = (name for name in varied if name not in numbers)
            drawn[f"{outcome}_lines"] = partial(
                lines_by_word, rows, numbers[0], word, outcome, years, comparator, bands, words
            )
        elif f"{outcome}_uncertainty" not in drawn:
            drawn[f"{outcome}_points"] = partial(dots, rows, varied, outcome, years, comparator, bands, words)
    if harms and rules_differ(tables, points, harms, years):
        rows = differences_at(tables, points, harms, years)
        drawn["averted_against_harmed"] = partial(
            rules_picture, rows, points, harms, years, patients_of(rows), bands, words
        )
    if precision is not None:
        drawn["convergence"] = partial(convergence, tables["convergence"], list(names), precision, words)
    return drawn


def shown(tables: dict[str, pd.DataFrame], names: list[str], outcome: str, years: float) -> pd.DataFrame:
    """Return an outcome's rows by point and policy: over the members of a posterior sample, if any."""
    if "uncertainty" in tables:
        return over_members(tables["uncertainty"], outcome, years)
    return pooled(tables["outcomes"], names, outcome, years)


def pooled(table: pd.DataFrame, names: list[str], outcome: str, years: float) -> pd.DataFrame:
    """Return an outcome's whole-cohort rows by point and policy, replications averaged by their n.

    The interval of several replications is that of their mean, as if each were a study of its own size.
    """
    rows = averaged(whole_cohort(table, outcome, years), [*names, "policy"])
    return rows.astype({"n": int})


def over_members(table: pd.DataFrame, outcome: str, years: float) -> pd.DataFrame:
    """Return an outcome's rows of ``uncertainty.csv`` by point and policy, with the interval over members.

    That of simulated luck stays, as ``luck_low`` and ``luck_high``.
    """
    rows = whole_cohort(table, outcome, years)
    found = rows[rows["comparator"].isna()].rename(columns={"ci_low": "luck_low", "ci_high": "luck_high"})
    return found.rename(columns={"uncertainty_low": "ci_low", "uncertainty_high": "ci_high"})


def lines(
    rows: pd.DataFrame,
    name: str,
    outcome: str,
    years: float,
    comparator: str | None,
    bands: str = INTERVALS,
    words: Words = policy_words,
) -> Figure:
    """Return the outcome over one swept number, a line for each policy with its interval, the ``bands``."""
    looks = _looks(rows, comparator)
    room = RIGHT - look.EDGE - look.LABEL_INDENT
    names = {policy: look.wrapped(words(policy), room, look.TEXT) for policy in looks}
    height = max(HEIGHT, sum(look.label_height(lines) for lines in names.values()))
    with look.style():
        drawn = look.figure(
            f"{about(outcome, years)} over {number_words(name)}",
            f"{patients_of(rows)} Bands: {bands}.",
            height + BOTTOM + 0.15,
        )
        ax = look.axes(drawn, LEFT, BOTTOM, look.WIDTH - LEFT - RIGHT, height)
        ends = _policy_lines(ax, rows, name, looks)
        _share_axis(ax, outcome, years, rows)
        _number_axis(ax, rows, name, 5)
        look.labels_at_ends(
            ax,
            [
                (float(end["estimate"]), f"{percent(end['estimate'])} %", names[policy], looks[policy])
                for policy, end in ends.items()
            ],
        )
    return drawn


def lines_by_word(
    rows: pd.DataFrame,
    name: str,
    word: str,
    outcome: str,
    years: float,
    comparator: str | None,
    bands: str = INTERVALS,
    words: Words = policy_words,
) -> Figure:
    """Return the outcome over one swept number, a panel for each value of a swept word."""
    looks = _looks(rows, comparator)
    panels = list(rows.groupby(word, sort=False, dropna=False))
    grid = look.Grid(len(panels), LEFT, look.EDGE, 1.9, below=0.45)
    headings = [
        look.wrapped(f"{number_words(word)}: {value_words(value)}", grid.width, look.SMALL)
        for value, _ in panels
    ]
    key = key_height(list(looks), words)
    with look.style():
        drawn, axes = grid.draw(
            f"{about(outcome, years)} over {number_words(name)}, by {number_words(word)}",
            f"{patients_of(rows)} Bands: {bands}.",
            headings,
            0.65 + key,
        )
        for k, (ax, (_, part)) in enumerate(zip(axes, panels, strict=True)):
            _policy_lines(ax, part, name, looks)
            _share_axis(ax, outcome, years, rows)
            _number_axis(ax, rows, name, 3)
            ax.set(xlabel="", ylabel="")
            ax.tick_params(labelleft=k % grid.columns == 0)
        height = drawn.get_size_inches()[1]
        middle = (LEFT + grid.panels / 2) / look.WIDTH
        drawn.text(middle, (key + 0.1) / height, number_words(name), ha="center")
        middle = (0.65 + key + grid.rows_height / 2) / height
        drawn.text(0.12 / look.WIDTH, middle, policy_words(outcome), va="center", rotation=90)
        draw_key(drawn, list(looks), looks, words)
    return drawn


def _looks(rows: pd.DataFrame, comparator: str | None) -> dict[str, look.PolicyLook]:
    """Return how each policy is drawn, in the order of the rows."""
    policies = list(dict.fromkeys(rows["policy"]))
    return look.policy_looks(policies, comparator if comparator in policies else policies[0])


def _policy_lines(
    ax: Axes, rows: pd.DataFrame, name: str, looks: dict[str, look.PolicyLook]
) -> dict[str, pd.Series]:
    """Draw a line with its band for each policy that has rows; return the row at which each ends."""
    ends = {}
    for policy, drawn_as in looks.items():
        part = rows[rows["policy"] == policy].sort_values(name)
        if part.empty:
            continue
        ends[policy] = part.iloc[-1]
        ax.fill_between(
            part[name], part["ci_low"], part["ci_high"], color=drawn_as.colour, alpha=0.15, linewidth=0
        )
        style: look.Style = {"color": drawn_as.colour, "linestyle": drawn_as.line, "linewidth": 2}
        marker = drawn_as.marker if len(part) <= 30 else None
        gid = f"line {policy}"
        ax.plot(part[name], part["estimate"], marker=marker, markersize=6, gid=gid, clip_on=False, **style)
    return ends


def _number_axis(ax: Axes, rows: pd.DataFrame, name: str, ticks: int) -> None:
    ax.set(xlim=(rows[name].min(), rows[name].max()), xlabel=number_words(name))
    ax.xaxis.set_major_locator(MaxNLocator(ticks, steps=[1, 2, 5, 10]))


def _share_axis(ax: Axes, outcome: str, years: float, rows: pd.DataFrame) -> None:
    ax.set_ylabel(f"{policy_words(outcome)} at {years_words(years)}")
    if not outcome.endswith("survival"):
        ax.set_ylim(0, max(1.08 * look.largest(rows[["estimate", "ci_high"]]), 1e-3))
    look.percent_axis(ax.yaxis, 6)


def heat_map(
    rows: pd.DataFrame, names: Sequence[str], outcome: str, years: float, words: Words = policy_words
) -> Figure:
    """Return the outcome over two swept numbers, a panel for each policy; a hypercube's points as dots."""
    across, up = names
    policies = list(dict.fromkeys(rows["policy"]))
    low, high = float(rows["estimate"].min()), float(rows["estimate"].max())
    xs, ys = (np.sort(rows[name].unique()) for name in names)
    filled = len(xs) * len(ys) == len(rows) // len(policies)
    grid = look.Grid(len(policies), LEFT, 1.15, 2.1)
    room = grid.width
    with look.style():
        drawn, panels = grid.draw(
            f"{about(outcome, years)} over {number_words(across)} and {number_words(up)}",
            f"{patients_of(rows)} From {interval(low, high)} %.",
            [look.wrapped(words(policy), room, look.SMALL) for policy in policies],
            BOTTOM + 0.1,
        )
        shading: look.Style = {"cmap": "cividis_r", "vmin": low, "vmax": high if high > low else low + 1e-9}
        shown: Collection
        for k, (ax, policy) in enumerate(zip(panels, policies, strict=True)):
            part = rows[rows["policy"] == policy]
            if filled:
                values = part.pivot(index=up, columns=across, values="estimate").to_numpy()
                shown = ax.pcolormesh(range(len(xs) + 1), range(len(ys) + 1), values, **shading)
                _cells(ax, xs, ys, values, (low + high) / 2)
            else:
                shown = ax.scatter(part[across], part[up], c=part["estimate"], s=36, **shading)
                ax.xaxis.set_major_locator(MaxNLocator(3))
                ax.yaxis.set_major_locator(MaxNLocator(5))
            shown.set_gid(f"heat {policy}")
            row, column = divmod(k, grid.columns)
            if column == 0:
                ax.set_ylabel(number_words(up))
            else:
                ax.set_yticklabels([])
            if row == grid.rows - 1 or k + grid.columns >= len(policies):
                ax.set_xlabel(number_words(across))
            else:
                ax.set_xticklabels([])
        bar = look.axes(drawn, look.WIDTH - 0.95, BOTTOM + 0.1, 0.18, min(grid.rows_height, HEIGHT))
        drawn.colorbar(shown, cax=bar)
        look.percent_axis(bar.yaxis, 5)
    return drawn


def _cells(ax: Axes, xs: np.ndarray, ys: np.ndarray, values: np.ndarray, middle: float) -> None:
    """Name the cells of a heat map, and write their numbers where there are few."""
    for axis, named in ((ax.xaxis, xs), (ax.yaxis, ys)):
        step = -(-len(named) // MOST_CELLS)
        axis.set_ticks(np.arange(len(named))[::step] + 0.5, [f"{value:.4g}" for value in named[::step]])
    ax.tick_params(length=0)
    if len(xs) <= MOST_CELLS // 2 and len(ys) <= MOST_CELLS:
        for (j, i), value in np.ndenumerate(values):
            colour = "white" if value > middle else look.INK
            ax.text(i + 0.5, j + 0.5, percent(value), ha="center", va="center", color=colour, size=look.SMALL)


def dots(
    rows: pd.DataFrame,
    names: Sequence[str],
    outcome: str,
    years: float,
    comparator: str | None,
    bands: str = INTERVALS,
    words: Words = policy_words,
) -> Figure:
    """Return the outcome at each point of swept words, a mark with its interval for each policy."""
    looks = _looks(rows, comparator)
    points = rows[list(names)].drop_duplicates() if names else rows.iloc[:1][[]]
    left_out = len(points) - MOST_POINTS
    blocks = []
    for values in points.head(MOST_POINTS).itertuples(index=False, name=None):
        here = pd.Series(True, rows.index)
        for name, value in zip(names, values, strict=True):
            here &= rows[name].isna() if pd.isna(value) else rows[name] == value
        lines = look.wrapped(point_words(values, names), POINT_LABEL - 0.15, look.SMALL)
        part = rows[here]
        blocks.append((lines, part, max(MARK * len(part), len(lines) * look.SMALL * look.LINE) + 0.16))
    over = " and ".join(map(number_words, names))
    note = f"{patients_of(rows)} Lines: {bands}."
    if left_out > 0:
        note += f" The first {MOST_POINTS} points; {left_out} more: outcomes.csv."
    key = key_height(list(looks), words)
    height = sum(block for _, _, block in blocks)
    with look.style():
        title = f"{about(outcome, years)} by {over}" if over else about(outcome, years)
        drawn = look.figure(title, note, height + 0.75 + key)
        left = look.EDGE + POINT_LABEL
        width = look.WIDTH - left - POINT_VALUE - look.EDGE
        ax = look.axes(drawn, left, 0.6 + key, width, height, ylim=(0, height), yticks=[])
        ax.spines["left"].set_visible(False)
        high = look.largest(rows[["estimate", "ci_high"]], 0.001)
        low = -look.largest(-rows[["estimate", "ci_low"]]) if outcome.endswith("survival") else 0.0
        air = 0.05 * max(high - low, 0.001)
        ax.set_xlim(max(low - air, 0.0), high + air)
        beside: look.Style = {
            "transform": ax.get_yaxis_transform(),
            "va": "center",
            "size": look.SMALL,
            "gid": "label",
        }
        top = height
        for lines, part, block in blocks:
            middle = top - block / 2
            ax.axhline(top, color=look.PALE, linewidth=0.8, zorder=0)
            ax.text(-POINT_LABEL / width, middle, "\n".join(lines), linespacing=1.2, **beside)
            for k, row in enumerate(part.to_dict("records")):
                y, drawn_as = middle + MARK * ((len(part) - 1) / 2 - k), looks[row["policy"]]
                ax.hlines(y, row["ci_low"], row["ci_high"], color=drawn_as.colour, linewidth=1.8)
                mark: look.Style = {
                    "marker": drawn_as.marker,
                    "color": drawn_as.colour,
                    "markeredgecolor": "white",
                }
                ax.plot([row["estimate"]], [y], markersize=7, zorder=4, gid=f"point {row['policy']}", **mark)
                whole_cohort = f"{percent(row['estimate'])} ({interval(row['ci_low'], row['ci_high'])})"
                ax.text(1 + 0.1 / width, y, whole_cohort, **beside)
            top -= block
        look.percent_axis(ax.xaxis, 5)
        ax.set_xlabel(about(outcome, years))
        draw_key(drawn, list(looks), looks, words)
    return drawn
