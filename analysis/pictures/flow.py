"""Picture of what becomes of local recurrences: mechanism, compartment, treatment, margin and fate."""

import itertools
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from analysis.pictures import look
from analysis.tables.estimates import Estimate, share
from analysis.words.wording import (
    INTERVAL,
    at_horizon,
    at_most,
    comparator_of,
    count,
    headline_years,
    interval,
    listed,
    patients_words,
    policy_words,
    row_of,
    sentence,
    years_words,
)
from sim.counting.outcomes import FLOW

PER = 1000  # patients
STAGES = [kind.__name__.lower() for kind in FLOW]
FREE = "alive_free"
NODE_WORDS = {  # of a node whose name does not read well
    "central_resection": "central",
    "sidewall": "side wall",
    "resection_abandoned": "abandoned",
    "r0": "R0",
    "r1": "R1",
    "r2": "R2",
    "none": "not resected",
    "alive_free": "alive, free of cancer",
    "alive_with_cancer": "alive with cancer",
    "died_otherwise": "died otherwise",
}
BAR, TALLEST = 0.13, 3.6  # inches: a node's width, a panel's height
PLACES = dict(zip(STAGES, (0.0, 1.42, 2.82, 4.4, 5.85), strict=True))  # inches from the left
SLOTS = {stage: 0.2 if stage != "fate" else 0.4 for stage in STAGES}  # the least room for a node's name
RIBBON, LIT = "#DEDEDE", look.SKY


def flow(
    flow: pd.DataFrame,
    outcomes: pd.DataFrame,
    differences: pd.DataFrame,
    population: str = "simulated patients",
) -> Figure:
    """Return the recurrences found as ribbons from mechanism to fate, those that end free of cancer in blue.

    Of the comparator, or the only policy, and below it of the policy that changes local recurrence most; all
    on one scale.
    """
    last = at_horizon(outcomes, "local_recurrence", float(outcomes["horizon_years"].max()))
    if not look.known(last["estimate"]):
        return look.nothing("what becomes of local recurrences")
    years = years_words(last["horizon_years"].iloc[0])
    shown = _shown(outcomes, differences)
    first = shown[0]
    if not len(flow[flow["policy"].isin(shown)]):
        return look.message(
            f"No local recurrence was found within {years}, so nothing flows"
            if flow.empty
            else f"No local recurrence was found within {years} under {listed(map(policy_words, shown))}",
            patients_words(last, population, len(last) > 1),
        )
    mine, patients = flow[flow["policy"] == first], int(last["n"].loc[first])
    found, resected, ends = (
        f"{PER * mine.loc[among, 'n'].sum() / patients:.1f}"
        for among in (mine["n"] > 0, mine["margin"] != "none", mine["fate"] == FREE)
    )
    title = (
        f"Under {policy_words(first)}, {found} of 1,000 patients have a local recurrence found; "
        f"{resected} have it resected, and {ends} end alive and free of cancer"
    )
    tables = {name: flow[flow["policy"] == name] for name in shown}
    note = (
        f"{patients_words(last, population, len(last) > 1)} Numbers: recurrences found within {years} per "
        f"1,000 patients; no {INTERVAL} reaches further than {at_most(_widest(tables, last))} from its "
        "number. Blue: those who end alive and free of cancer."
    )
    if len(last) > len(shown):
        note += " Other policies: flow.csv."
    with look.style():
        scale = _scale(tables.values())
        heights = {
            name: max(_height(table, stage, scale) for stage in STAGES) for name, table in tables.items()
        }
        headings = {name: _heading(row_of(last, name)) for name in shown}
        line = look.SMALL * look.LINE
        above = {name: (len(headings[name]) + 1) * line + 0.4 for name in shown}
        drawn = look.figure(title, note, sum(heights.values()) + sum(above.values()) + 0.15)
        page = drawn.get_size_inches()[1]
        top = 0.15 + sum(heights.values()) + sum(above.values())
        for name, table in tables.items():
            place: look.Style = {"va": "top", "size": look.SMALL, "linespacing": 1.2}
            drawn.text(look.EDGE / look.WIDTH, (top - 0.2) / page, "\n".join(headings[name]), **place)
            top -= above[name] + heights[name]
            if table.empty:
                continue
            wide = look.WIDTH - 2 * look.EDGE
            ax = look.axes(drawn, look.EDGE, top, wide, heights[name])
            ax.set(xlim=(0, wide), ylim=(0, heights[name]), label=name)
            ax.axis("off")
            _panel(ax, table, int(last["n"].loc[name]), scale, heights[name])
    return drawn


def _shown(outcomes: pd.DataFrame, differences: pd.DataFrame) -> list[str]:
    """Return the comparator, and the policy whose local recurrence differs most from it."""
    compared = at_horizon(differences, "local_recurrence", headline_years(outcomes))
    if not look.known(compared["estimate"]):
        return [str(outcomes["policy"].iloc[0])]
    return [str(comparator_of(compared)), str(compared["estimate"].abs().idxmax())]


def _heading(row: pd.Series) -> list[str]:
    value, low, high = (count(PER * row[name]) for name in ("estimate", "ci_low", "ci_high"))
    words = f"{sentence(policy_words(row['policy']))}: {value} ({low} to {high})"
    return look.wrapped(words, look.WIDTH - 2 * look.EDGE, look.SMALL)


def _nodes(table: pd.DataFrame, stage: str) -> pd.Series:
    """Return the recurrences by node of a stage, from the top down."""
    kind = FLOW[STAGES.index(stage)]
    order = [member.name.lower() for member in kind]
    if stage == "margin":
        order = [*order[1:], order[0]]  # those not resected below the others
    found = table.groupby(stage)["n"].sum()
    return found.reindex([name for name in order if name in found.index])


def _slots(table: pd.DataFrame, stage: str, scale: float) -> list[float]:
    return [max(n * scale + 0.04, SLOTS[stage]) for n in _nodes(table, stage)]


def _height(table: pd.DataFrame, stage: str, scale: float) -> float:
    return sum(_slots(table, stage, scale))


def _scale(tables: Iterable[pd.DataFrame]) -> float:
    """Return inches for one recurrence, such that no panel is too tall."""
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        fits = all(_height(table, stage, middle) <= TALLEST for table in tables for stage in STAGES)
        low, high = (middle, high) if fits else (low, middle)
    return low


def _panel(ax: Axes, table: pd.DataFrame, patients: int, scale: float, height: float) -> None:
    """Draw one policy's nodes and ribbons; lengths in inches."""
    tops: dict[tuple[str, str], float] = {}
    for stage, left in PLACES.items():
        nodes, slots = _nodes(table, stage), _slots(table, stage, scale)
        spare = (height - sum(slots)) / len(slots)
        top = height
        ax.text(left, height + 0.06, stage, weight="bold", size=look.SMALL, va="bottom", gid="label")
        for (name, n), slot in zip(nodes.items(), slots, strict=True):
            middle = top - (slot + spare) / 2
            tops[stage, str(name)] = start = middle + n * scale / 2
            free = table.loc[(table[stage] == name) & (table["fate"] == FREE), "n"].sum()
            for part, colour, kind in ((free, look.BLUE, "free"), (n - free, look.GREY, "other")):
                bar: look.Style = {
                    "width": BAR,
                    "align": "edge",
                    "color": colour,
                    "linewidth": 0,
                    "zorder": 3,
                }
                ax.bar([left], [-part * scale], bottom=start, gid=f"{kind} {stage} {name}", **bar)
                start -= part * scale
            node = NODE_WORDS.get(str(name), policy_words(str(name)))
            words = f"{node} {PER * n / patients:.1f}"
            if stage == "fate":
                of_all = _share(n, patients)
                low_to_high = interval(PER * of_all.ci_low, PER * of_all.ci_high, "{:.1f}".format)
                words = f"{node}\n{PER * n / patients:.1f} ({low_to_high})"
            place: look.Style = {
                "va": "center",
                "size": look.SMALL,
                "linespacing": 1.2,
                "zorder": 5,
                "gid": "label",
            }
            # So that it reads on a ribbon.
            behind: look.Style = {"facecolor": "white", "alpha": 0.6, "linewidth": 0, "pad": 0.6}
            ax.text(left + BAR + 0.05, middle, words, bbox=behind, **place)
            top -= slot + spare
    for one, other in itertools.pairwise(STAGES):
        _ribbons(ax, table, one, other, scale, tops)


def _ribbons(
    ax: Axes, table: pd.DataFrame, one: str, other: str, scale: float, tops: Mapping[tuple[str, str], float]
) -> None:
    """Draw what flows from the nodes of one stage to those of the next; those that end free lie on top."""
    amounts = table.assign(free=table["fate"] == FREE).groupby([one, other, "free"])["n"].sum()
    starts, ends = dict(tops), dict(tops)
    for free in (True, False):
        for a, b in itertools.product(_nodes(table, one).index, _nodes(table, other).index):
            height = amounts.get((a, b, free), 0) * scale
            if height == 0:
                continue
            path = _ribbon(PLACES[one] + BAR, starts[one, a], PLACES[other], ends[other, b], height)
            starts[one, a] -= height
            ends[other, b] -= height
            colour = {"facecolor": LIT if free else RIBBON, "linewidth": 0, "zorder": 2 if free else 1}
            name = f"ribbon {one} {a} {other} {b} {'free' if free else 'other'}"
            ax.add_patch(PathPatch(path, gid=name, alpha=0.9, **colour))


def _ribbon(left: float, y0: float, right: float, y1: float, height: float) -> Path:
    middle = (left + right) / 2
    points = [(left, y0), (middle, y0), (middle, y1), (right, y1), (right, y1 - height)]
    points += [(middle, y1 - height), (middle, y0 - height), (left, y0 - height), (left, y0)]
    curve = [Path.CURVE4] * 3
    return Path(points, [Path.MOVETO, *curve, Path.LINETO, *curve, Path.CLOSEPOLY])


def _share(n: int, patients: int) -> Estimate:
    return share(np.array([0, patients - n, n]))


def _widest(tables: Mapping[str, pd.DataFrame], whole: pd.DataFrame) -> float:
    """Return how far the interval of any node's number, per 1,000 patients, reaches from it."""
    reach = 0.0
    for name, table in tables.items():
        for n in (n for stage in STAGES for n in _nodes(table, stage)):
            _, centre, low, high = _share(n, int(whole["n"].loc[name]))
            reach = max(reach, PER * (high - centre), PER * (centre - low))
    return reach
