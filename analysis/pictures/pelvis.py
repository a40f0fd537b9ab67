"""Pictures of the pelvis: its compartments shaded by local recurrence, and by what a policy changes there."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colorbar import Colorbar
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis.pictures import look
from analysis.pictures.anatomy import AXIAL, SAGITTAL, View
from analysis.words.pelvis import changed, leading, rank
from analysis.words.wording import (
    INTERVAL,
    INTERVALS,
    Finding,
    at_most,
    comparator_of,
    comparator_words,
    count,
    headline_years,
    interval,
    patients_words,
    policy_words,
    row_of,
    sentence,
    signed,
    years_words,
)
from sim.counting.outcomes import ALL

PER = 1000  # patients
MUSCLE, BONE, EMPTY = "#F1F1F1", "#E2E2E2", "#FFFFFF"
RECURRENCE = LinearSegmentedColormap.from_list("recurrence", ["#FBF3F7", look.PURPLE, "#5B1139"])
# Caused, none, averted, in the colours of the other pictures.
CHANGE = LinearSegmentedColormap.from_list("change", ["#B26A00", look.ORANGE, "#FFFFFF", look.SKY, "#004E7F"])
HATCH = "////"  # caused, also in grey

GAP, NAME = 0.25, 1.1  # inches between drawings, and for names beside the large one
# Names at the sides of the large sagittal drawing, in front and behind, with the place each points to.
IN_FRONT = {
    "peritoneal reflection": (1.0, 8.4),
    "peritoneal": (2.6, 8.7),
    "bladder": (2.7, 5.8),
    "anterior": (2.45, 5.1),
    "pubic symphysis": (1.6, 3.7),
    "prostate (in women vagina, uterus)": (3.5, 3.3),
    "perineal": (4.75, 2.2),
}
BEHIND = {
    "neorectum": (7.9, 11.2),
    "sacrum": (12.3, 9.6),
    "posterior": (10.4, 6.6),
    "central": (8.3, 5.95),
    "anastomosis": (8.45, 5.35),
    "coccyx": (10.6, 4.6),
    "levator ani": (8.7, 3.65),
    "anal canal": (7.95, 1.6),
}
SIDES = ("lateral_right", "lateral_left")  # as the viewer sees them


def pelvis(
    outcomes: pd.DataFrame, differences: pd.DataFrame, population: str = "simulated patients"
) -> Figure:
    """Return the drawn pelvis under each policy, its compartments shaded by local recurrence.

    The comparator, or the only policy, is drawn large and named, with 95 % intervals.
    """
    years = headline_years(outcomes)
    rows = outcomes[(outcomes["outcome"] == "local_recurrence") & (outcomes["horizon_years"] == years)]
    whole = rows[(rows[["mechanism", "compartment", "group"]] == ALL).all(axis=1)].set_index("policy")
    parts = rows[rows["compartment"] != ALL]
    if whole.empty or not look.known(parts["estimate"]):
        return look.nothing("local recurrence in the pelvis")
    shares = {
        str(name): _by_place(part, ["estimate", "ci_low", "ci_high"]) * PER
        for name, part in parts.groupby("policy", sort=False)
    }
    policies = list(shares)
    whole = whole.reindex(policies)
    compared = comparator_of(differences)
    first = compared if compared in policies else policies[0]
    order = [first, *(name for name in policies if name != first)]
    within = f"within {years_words(years)}"
    title, note = leading(first, shares[first], whole["estimate"].loc[first] * PER, within)
    note += patients_words(rows, population, len(policies) > 1)
    note += f" Numbers: local recurrences per 1,000 patients {within}, by the compartment where they began"
    note += _widest(shares)
    top = look.largest(*(part["value"] for part in shares.values()))
    return _page(
        Finding(title, note),
        {name: shares[name] for name in order},
        {name: _total(row_of(whole, name)) for name in order},
        RECURRENCE,
        Normalize(0, max(top, 1.0)),
        f"local recurrences per 1,000 patients {within}",
    )


def pelvis_change(averted: pd.DataFrame, population: str = "simulated patients") -> Figure:
    """Return the drawn pelvis for each policy but the comparator, shaded by the paired difference from it.

    Net recurrences averted; in brackets and unshaded where the 95 % interval holds zero.
    """
    if averted.empty:
        return look.message(
            "Nothing changes in the pelvis: there is one policy, and nothing to compare it with",
            "Name two policies or more to see where each averts and causes recurrences.",
        )
    if not look.known(averted["net"]):
        return look.nothing("what changes in the pelvis")
    years = headline_years(averted)
    rows = averted[(averted["horizon_years"] == years) & (averted["mechanism"] == ALL)]
    whole = rows[rows["compartment"] == ALL].set_index("policy")
    nets = {
        str(name): _by_place(part, ["net", "net_low", "net_high"])
        for name, part in rows[rows["compartment"] != ALL].groupby("policy", sort=False)
    }
    if whole.empty or not nets:
        return look.nothing("what changes in the pelvis")
    whole = whole.reindex(list(nets))
    first = max(nets, key=lambda name: rank(nets[name], whole["net"].loc[name]))
    order = [first, *(name for name in nets if name != first)]
    against, within = comparator_words(rows), f"within {years_words(years)}"
    title, note = changed(first, nets[first], against, within)
    note += (
        f"{patients_words(rows, population, compared=True)} Numbers: recurrences averted less caused, per "
    )
    note += f"1,000 patients {within}, compared with {against}; in brackets, the {INTERVAL} holds 0"
    note += _widest(nets)
    top = look.largest(1.0, *(part["value"].abs() for part in nets.values()))
    return _page(
        Finding(title, note),
        {name: nets[name] for name in order},
        {name: _net_total(row_of(whole, name)) for name in order},
        CHANGE,
        Normalize(-top, top),
        f"caused (hatched)  ←  local recurrences per 1,000 patients {within}  →  averted",
    )


def _by_place(rows: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Return a value and its interval by compartment, all that are drawn."""
    drawn = [*SAGITTAL.compartments, *(name for name in AXIAL.compartments if name.startswith("lateral"))]
    return rows.set_index("compartment")[columns].reindex(drawn).set_axis(["value", "low", "high"], axis=1)


def _page(
    words: Finding,
    values: Mapping[str, pd.DataFrame],
    totals: Mapping[str, str],
    colours: LinearSegmentedColormap,
    scale: Normalize,
    axis: str,
) -> Figure:
    """Return the first policy large and named, the others small below it, and the scale of the colours."""
    first, *others = values
    net = colours is CHANGE
    with look.style():
        wide = look.WIDTH - 2 * look.EDGE
        headings = {
            name: [
                *look.wrapped(sentence(policy_words(name)), wide if name == first else 2.3, look.SMALL),
                totals[name],
            ]
            for name in values
        }
        line = look.SMALL * look.LINE
        large = 2.8
        grid_rows = [others[k : k + 3] for k in range(0, len(others), 3)]
        small = (wide - 2 * GAP) / 3
        tall = small * (SAGITTAL.size[1] / SAGITTAL.size[0] + AXIAL.size[1] / AXIAL.size[0]) + 0.1
        above = [max(len(headings[name]) for name in row) * line + 0.12 for row in grid_rows]
        bottom = 0.75
        height = len(headings[first]) * line + 0.15 + large + 0.3 + sum(above) + len(grid_rows) * (tall + 0.1)
        drawn = look.figure(words.title, words.note, height + bottom)
        top = height + bottom - len(headings[first]) * line
        _heading(drawn, look.EDGE, top, headings[first])
        top -= 0.15 + large
        _named(drawn, top, large, values[first], colours, scale, net)
        top -= 0.3
        for row, room in zip(grid_rows, above, strict=True):
            top -= room
            for k, name in enumerate(row):
                left = look.EDGE + k * (small + GAP)
                _heading(drawn, left, top + 0.06, headings[name])
                high = small * SAGITTAL.size[1] / SAGITTAL.size[0]
                ax = _view(drawn, SAGITTAL, left, top - high, small, values[name], colours, scale, net)
                ax.set_label(f"sagittal {name}")
                ax = _view(drawn, AXIAL, left, top - tall, small, values[name], colours, scale, net)
                ax.set_label(f"axial {name}")
            top -= tall + 0.1
        bar = look.axes(drawn, 2.0, 0.45, 4.0, 0.14)
        Colorbar(bar, cmap=colours, norm=scale, orientation="horizontal")
        bar.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
        bar.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{abs(value):g}"))
        bar.tick_params(labelsize=look.SMALL, pad=1, length=3)
        bar.set_xlabel(axis, size=look.SMALL, labelpad=1)
    return drawn


def _view(
    drawn: Figure,
    view: View,
    left: float,
    bottom: float,
    width: float,
    values: pd.DataFrame,
    colours: LinearSegmentedColormap,
    scale: Normalize,
    net: bool,
) -> Axes:
    """Draw a view ``width`` inches wide, with the number of each compartment in it."""
    (x, y), (across, up) = view.corner, view.size
    ax = look.axes(drawn, left, bottom, width, width * up / across)
    ax.set(xlim=(x, x + across), ylim=(y, y + up))
    ax.axis("off")
    thin = width / 3
    for path in view.muscles.values():
        ax.add_patch(PathPatch(path, facecolor=MUSCLE, edgecolor=look.PALE, linewidth=0.5))
    for path in view.bones.values():
        ax.add_patch(PathPatch(path, facecolor=BONE, edgecolor=look.GREY, linewidth=0.8))
    for name, path in view.compartments.items():
        row = row_of(values, name)
        unclear = net and not (row["low"] > 0 or row["high"] < 0)
        colour = EMPTY if unclear or np.isnan(row["value"]) else colours(float(scale(row["value"])))
        hatch = HATCH if net and not unclear and row["value"] < 0 else None
        shade = PathPatch(path, facecolor=colour, edgecolor=look.GREY, linewidth=0.6, hatch=hatch, gid=name)
        ax.add_patch(shade)
        words = _number(row["value"])
        ink = "white" if np.dot(to_rgb(colour), (0.299, 0.587, 0.114)) < 0.5 else look.INK
        behind: look.Style | None = {"facecolor": colour, "linewidth": 0, "pad": 1} if hatch else None
        spot: look.Style = {"ha": "center", "va": "center", "size": look.SMALL, "zorder": 5}
        said = f"({words})" if unclear else words
        ax.text(*view.spots[name], said, color=ink, bbox=behind, gid=f"value {name}", **spot)
    if view is AXIAL:
        for letter, side in (("R", 0.06), ("L", 0.94)):
            ax.text(
                side,
                0.93,
                letter,
                transform=ax.transAxes,
                ha="center",
                size=look.SMALL,
                color=look.GREY,
                gid="side",
            )
    for path in view.organs.values():
        ax.add_patch(PathPatch(path, facecolor="none", edgecolor=look.INK, linewidth=thin))
    for name, path in view.lines.items():
        style: look.Style = {"linewidth": thin, "edgecolor": look.INK}
        if name == "anastomosis":
            style |= {"linewidth": 2.2 * thin, "linestyle": (0, (1.2, 0.7))}
        elif name == "peritoneal reflection":
            style |= {"linewidth": 1.8 * thin}
        elif name.endswith(("skin", "in front", "disc")) and not name.startswith(("neorectum", "levator")):
            style |= {"edgecolor": look.GREY, "linewidth": 0.7 * thin}
        ax.add_patch(PathPatch(path, facecolor="none", capstyle="butt", **style))
    return ax


def _named(
    drawn: Figure,
    bottom: float,
    height: float,
    values: pd.DataFrame,
    colours: LinearSegmentedColormap,
    scale: Normalize,
    net: bool,
) -> None:
    """Draw both views large, with organs and compartments named, and each compartment's interval."""
    wide = height * SAGITTAL.size[0] / SAGITTAL.size[1]
    left = look.EDGE + NAME
    ax = _view(drawn, SAGITTAL, left, bottom, wide, values, colours, scale, net)
    ax.set_label("sagittal named")
    for names, side in ((IN_FRONT, "front"), (BEHIND, "behind")):
        _names_beside(ax, names, side, values, wide, height, net)
    at = left + wide + NAME + 0.12
    room = look.WIDTH - look.EDGE - at
    tall = room * AXIAL.size[1] / AXIAL.size[0]
    up = bottom + height - tall - 0.24
    ax = _view(drawn, AXIAL, at, up, room, values, colours, scale, net)
    ax.set_label("axial named")
    page = drawn.get_size_inches()[1]
    small: look.Style = {"size": look.SMALL, "color": look.GREY, "gid": "label", "va": "top"}
    for middle, words, y in (
        (left + wide / 2, "midline, front to the left", bottom),
        (at + room / 2, "axial, seen from the feet", bottom + height),
    ):
        drawn.text(middle / look.WIDTH, y / page, words, ha="center", **small)
    for name, x, side in zip(SIDES, (at, at + room), ("left", "right"), strict=True):
        words = f"patient’s {name.removeprefix('lateral_')}\n{_interval(row_of(values, name))}"
        drawn.text(x / look.WIDTH, (up - 0.05) / page, words, ha=side, **{**small, "color": look.INK})


def _names_beside(
    ax: Axes,
    names: Mapping[str, tuple[float, float]],
    side: str,
    values: pd.DataFrame,
    wide: float,
    tall: float,
    net: bool,
) -> None:
    """Write names in a column beside a sagittal drawing, each tied by a line to what it names."""
    inch = SAGITTAL.size[0] / wide
    line = look.SMALL * look.LINE * inch
    texts = {
        name: [name, _interval(row_of(values, name))]
        if name in values.index
        else look.wrapped(name, NAME - 0.15, look.SMALL)
        for name in names
    }
    heights = [len(lines) * line + 0.04 * inch for lines in texts.values()]
    centres = look.spread([y for _, y in names.values()], heights, SAGITTAL.size[1])
    x = -0.12 * inch if side == "front" else SAGITTAL.size[0] + 0.12 * inch
    for (name, (to, y)), lines, centre in zip(names.items(), texts.values(), centres, strict=True):
        ends = ([x + (0.05 if side == "front" else -0.05) * inch, to], [centre, y])
        ax.plot(*ends, color=look.GREY, linewidth=0.7, clip_on=False, zorder=4, solid_capstyle="butt")
        ax.plot([to], [y], marker="o", markersize=2.2, color=look.GREY, zorder=4)
        known = name in values.index
        ax.text(
            x,
            centre,
            "\n".join(lines),
            ha="right" if side == "front" else "left",
            va="center",
            size=look.SMALL,
            linespacing=1.2,
            color=look.INK if known else look.GREY,
            gid="label",
        )


def _heading(drawn: Figure, left: float, bottom: float, lines: Sequence[str]) -> None:
    page = drawn.get_size_inches()[1]
    place: look.Style = {"va": "bottom", "linespacing": 1.2, "size": look.SMALL, "gid": "label"}
    drawn.text(left / look.WIDTH, bottom / page, "\n".join(lines), **place)


def _number(value: float) -> str:
    """Return a number to one decimal, or whole where it is large."""
    return f"{value:.0f}".replace("-", "−") if abs(value) >= 99.95 else signed(value).removeprefix("+")


def _interval(row: pd.Series) -> str:
    return interval(row["low"], row["high"], _number)


def _total(row: pd.Series) -> str:
    value, low, high = (count(PER * row[name]) for name in ("estimate", "ci_low", "ci_high"))
    return f"in all {value} ({low} to {high})"


def _net_total(row: pd.Series) -> str:
    return f"net {_number(row['net'])} ({interval(row['net_low'], row['net_high'], _number)})"


def _widest(values: Mapping[str, pd.DataFrame]) -> str:
    """Return how far the intervals reach at most, for the numbers that stand without theirs."""
    every = pd.concat(values.values())
    reach = max((every["high"] - every["value"]).max(), (every["value"] - every["low"]).max())
    none = "" if np.isnan(reach) else f"; none reaches further than {at_most(reach)}"
    return f". {INTERVALS} stand beside the large drawing{none}."
