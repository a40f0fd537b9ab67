"""Pictures of a sweep: an outcome over one swept number, over two, and how its interval narrowed."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis import look
from analysis.uncertainty import averaged, intervals, told
from analysis.wording import comparator_of, interval, percent, policy_words, sentence, years_words
from conf.posterior import MEMBER

LEFT, RIGHT, BOTTOM = 0.95, 3.2, 0.75
HEIGHT = 3.4
MOST_CELLS = 8  # a side, up to which the heat map's numbers are written


def draw_sweep(
    tables: dict[str, pd.DataFrame],
    names: Sequence[str],
    outcomes: Sequence[str],
    years: float,
    folder: Path,
    precision: float | None,
) -> list[Path]:
    """Draw each outcome over the swept names and write it; return the paths.

    One swept number gives lines, two give heat maps; members of a posterior sample give intervals; other
    designs have no picture of their own. ``tables``: outcomes, differences; of a posterior sample,
    uncertainty, which lines and heat maps then show; where precision was asked for, convergence.
    """
    points, sampled = [name for name in names if name != MEMBER], "uncertainty" in tables
    swept = tables["outcomes"][points]
    numbers = [name for name in points if swept[name].dtype.kind in "fi" and swept[name].nunique() > 1]
    varied = [name for name in points if swept[name].nunique() > 1]
    drawn: dict[str, Figure] = {}
    if sampled:
        for outcome in outcomes:
            if (figure := intervals(tables["uncertainty"], points, outcome, years)) is not None:
                drawn[f"{outcome}_uncertainty"] = figure
    if numbers == varied:
        comparator = comparator_of(tables["differences"])
        for outcome in outcomes:
            if sampled:
                rows, bands = over_members(tables["uncertainty"], outcome, years), "95 % of the members"
            else:
                rows, bands = pooled(tables["outcomes"], points, outcome, years), "95 %"
            if len(numbers) == 1:
                drawn[f"{outcome}_lines"] = lines(rows, numbers[0], outcome, years, comparator, bands)
            elif len(numbers) == 2:
                drawn[f"{outcome}_heat_map"] = heat_map(rows, numbers, outcome, years)
    if precision is not None:
        drawn["convergence"] = convergence(tables["convergence"], list(names), precision)
    return [path for name, figure in drawn.items() for path in look.save(figure, folder, name)]


def pooled(table: pd.DataFrame, names: list[str], outcome: str, years: float) -> pd.DataFrame:
    """Return an outcome's whole-cohort rows by point and policy, replications averaged by their n.

    The interval of several replications is that of their mean, as if each were a study of its own size.
    """
    rows = averaged(told(table, outcome, years), [*names, "policy"])
    return rows.astype({"n": int})


def over_members(table: pd.DataFrame, outcome: str, years: float) -> pd.DataFrame:
    """Return an outcome's rows of ``uncertainty.csv`` by point and policy, with the interval over members."""
    rows = told(table, outcome, years)
    found = rows[rows["comparator"].isna()].drop(columns=["ci_low", "ci_high"])
    return found.rename(columns={"uncertainty_low": "ci_low", "uncertainty_high": "ci_high"})


def lines(
    rows: pd.DataFrame, name: str, outcome: str, years: float, comparator: str | None, bands: str = "95 %"
) -> Figure:
    """Return the outcome over one swept number, a line for each policy with its interval, the ``bands``."""
    policies = list(dict.fromkeys(rows["policy"]))
    looks = look.policy_looks(policies, comparator if comparator in policies else policies[0])
    of = {policy: rows[rows["policy"] == policy].sort_values(name) for policy in policies}
    ends = {policy: part.iloc[-1] for policy, part in of.items()}
    room = RIGHT - look.EDGE - look.LABEL_INDENT
    names = {policy: look.wrapped(policy_words(policy), room, look.TEXT) for policy in policies}
    height = max(HEIGHT, sum(look.label_height(lines) for lines in names.values()))
    with look.style():
        drawn = look.figure(
            f"{_about(outcome, years)} over {number_words(name)}",
            f"n = {int(rows['n'].max()):,} simulated patients for each point and policy. Bands: {bands}.",
            height + BOTTOM + 0.15,
        )
        ax = look.axes(drawn, LEFT, BOTTOM, look.WIDTH - LEFT - RIGHT, height)
        for policy, part in of.items():
            drawn_as = looks[policy]
            ax.fill_between(
                part[name], part["ci_low"], part["ci_high"], color=drawn_as.colour, alpha=0.15, linewidth=0
            )
            marker = drawn_as.marker if len(part) <= 30 else None
            style = {"color": drawn_as.colour, "linestyle": drawn_as.line, "linewidth": 2, "markersize": 6}
            ax.plot(part[name], part["estimate"], **style, marker=marker, gid=f"line {policy}", clip_on=False)
        _share_axis(ax, outcome, years, rows)
        ax.set(xlim=(rows[name].min(), rows[name].max()), xlabel=number_words(name))
        ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        look.labels_at_ends(
            ax,
            [
                (float(end["estimate"]), f"{percent(end['estimate'])} %", names[policy], looks[policy])
                for policy, end in ends.items()
            ],
        )
    return drawn


def _share_axis(ax: Axes, outcome: str, years: float, rows: pd.DataFrame) -> None:
    ax.set_ylabel(f"{policy_words(outcome)} at {years_words(years)}")
    if not outcome.endswith("survival"):
        ax.set_ylim(0, max(1.08 * float(rows["ci_high"].max()), 1e-3))
    look.percent_axis(ax.yaxis, 6)


def heat_map(rows: pd.DataFrame, names: Sequence[str], outcome: str, years: float) -> Figure:
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
            f"{_about(outcome, years)} over {number_words(across)} and {number_words(up)}",
            f"n = {int(rows['n'].max()):,} simulated patients for each point and policy. "
            f"From {interval(low, high)} %.",
            [look.wrapped(policy_words(policy), room, look.SMALL) for policy in policies],
            BOTTOM + 0.1,
        )
        shading = {"cmap": "cividis_r", "vmin": low, "vmax": high if high > low else low + 1e-9}
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


def convergence(table: pd.DataFrame, names: list[str], precision: float) -> Figure:
    """Return the half-width of each policy's interval by the patients lived; one line for each point."""
    policies = list(dict.fromkeys(table["policy"]))
    outcome, years = str(table["outcome"].iloc[0]), float(table["horizon_years"].iloc[0])
    looks = look.policy_looks(policies, policies[0])
    labels = {policy: look.wrapped(policy_words(policy), RIGHT - 0.75, look.TEXT) for policy in policies}
    height = max(HEIGHT, sum(look.label_height(lines) + 0.1 for lines in labels.values()))
    met = table.groupby([*names, "replication", "policy"])["half_width"].last().max() <= precision
    with look.style():
        drawn = look.figure(
            f"The 95 % interval is {'as narrow as' if met else 'still wider than'} asked for",
            f"{_about(outcome, years)}. A line for each design point and policy; dashed: a half-width of "
            f"{100 * precision:.3g} percentage points.",
            height + BOTTOM + 0.15,
        )
        ax = look.axes(drawn, LEFT, BOTTOM, look.WIDTH - LEFT - RIGHT, height, xscale="log", yscale="log")
        for policy, of_policy in table.groupby("policy", sort=False):
            for _, part in of_policy.groupby([*names, "replication"], sort=False):
                drawn_as = looks[str(policy)]
                ax.plot(
                    part["patients"],
                    part["half_width"],
                    color=drawn_as.colour,
                    linestyle=drawn_as.line,
                    linewidth=1.5,
                    marker="." if len(part) == 1 else None,
                    gid=f"half-width {policy}",
                )
        ax.axhline(precision, color=look.GREY, linestyle=(0, (4, 3)), linewidth=1.2, gid="precision")
        ax.set(xlabel="patients", ylabel="half-width, percentage points")
        ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.3g}")
        ax.yaxis.set_minor_formatter(lambda value, _: f"{100 * value:.3g}" if f"{value:e}"[0] in "25" else "")
        ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        ax.xaxis.set_minor_formatter(lambda value, _: "")
        top = BOTTOM + height
        for policy in policies:
            taken = look.label_height(labels[policy]) + 0.1
            words = "\n".join(labels[policy])
            look.swatch(drawn, look.WIDTH - RIGHT + 0.15, top - taken / 2, looks[policy].colour, words)
            top -= taken
    return drawn


def _about(outcome: str, years: float) -> str:
    return f"{sentence(policy_words(outcome))} at {years_words(years)}"


def number_words(name: str) -> str:
    """Return a swept name for people: ``surgery.leak_probability`` becomes ``leak probability``."""
    return policy_words(name.rpartition(".")[2])
