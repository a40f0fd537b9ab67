"""Pictures of how far an outcome depends on parameters: tornado, two-way map, Sobol' and Morris' indices."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from scipy.interpolate import RegularGridInterpolator

from analysis.pictures import look
from analysis.words.wording import Words, listed, percent, policy_words, sentence

LEFT, ROW, MOST = 2.7, 0.36, 25
FINER = 300  # points along each side of a map
Z = 1.959963984540054
Write = Callable[[float], str]


def amount_of(value: float) -> str:
    """Return an amount with four digits, or whole where it has more."""
    return f"{value:,.0f}" if abs(value) >= 1000.0 else f"{value:.4g}"


def tornado_bars(
    table: pd.DataFrame, outcome: str, write: Write = amount_of, words: Words = policy_words
) -> Figure:
    """Return a tornado, the widest bar on top.

    ``table``: as ``tornado`` returns it; ``outcome``: what is moved; ``write``: its values in words.
    """
    if table.empty or not look.known(table["swing"]):
        return look.nothing(f"what moves {outcome}")
    shown = table.head(MOST)
    first, base = shown.iloc[0], float(shown["base"].iloc[0])
    title = f"No parameter moves {outcome} beyond the simulation's noise"
    if first["beyond_noise"]:
        low, high = sorted([float(first["at_low"]), float(first["at_high"])])
        name, verb = sentence(words(first["parameter"])), "moves"
        if len(shown) > 1:
            second = shown.iloc[1]
            error = np.hypot(first["difference_se"], second["difference_se"])
            verb = "moves" if first["swing"] - second["swing"] > Z * error else "seems to move"
        title = f"{name} {verb} {outcome} most: from {write(low)} to {write(high)}"
    note = (
        f"Each parameter alone at the low and at the high end of its range, the others at their base values, "
        f"where {outcome} is {write(base)}. Beside the bars: the ends of the range. "
        "Pale: ends that differ by no more than the simulation's noise (95 %)."
    )
    if len(table) > MOST:
        note += f" The {MOST} widest of {len(table)}."
    with look.style():
        drawn, ax, _ = _rows(shown["parameter"], title, note, words, ROW)
        ends = shown[["at_low", "at_high"]].to_numpy(float)
        for column, name, colour, hatch in ((0, "low", look.BLUE, None), (1, "high", look.ORANGE, "////")):
            for y, row in enumerate(shown.to_dict("records")):
                bar: look.Style = {"height": 0.6, "color": colour, "edgecolor": "white", "hatch": hatch}
                alpha = 1.0 if row["beyond_noise"] else 0.35
                bar |= {"alpha": alpha, "gid": f"{name} {row['parameter']}"}
                ax.barh(y, ends[y, column] - base, left=base, **bar)
        written = [_end_labels(ax, y, row, base) for y, row in enumerate(shown.to_dict("records"))]
        reach = np.r_[ends.ravel(), base]
        room = max(written) / (ax.get_position().width * look.WIDTH)
        air = (np.ptp(reach) or abs(base) or 1.0) * room / (1 - 2 * room)
        ax.axvline(base, color=look.INK, linewidth=1)
        ax.set_xlim(reach.min() - air, reach.max() + air)
        ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: write(value)))
        ax.set_xlabel(outcome)
        look.swatch(drawn, LEFT, 0.15, look.BLUE, "low end")
        look.swatch(drawn, LEFT + 1.5, 0.15, look.ORANGE, "high end", "////")
    return drawn


def _end_labels(ax: Axes, y: int, row: Mapping[Hashable, Any], base: float) -> float:
    """Write the ends of a parameter's range beside its bar; return the room this takes, in inches."""
    at = {"low": float(row["at_low"]), "high": float(row["at_high"])}
    left, right = sorted(at, key=at.__getitem__)
    sides = {-1: _number(row[left]), 1: _number(row[right])}
    if at[left] > base or at[right] < base:  # both on one side
        far = 1 if at[left] > base else -1
        sides = {far: f"{_number(row['low'])} and {_number(row['high'])}"}
    for side, words in sides.items():
        end = min(at[left], base) if side < 0 else max(at[right], base)
        text: look.Style = {"size": look.SMALL - 1, "va": "center", "color": look.GREY, "gid": "label"}
        text |= {"textcoords": "offset points", "ha": "left" if side > 0 else "right"}
        ax.annotate(words, (end, y), (4 * side, 0), **text)
    return max(look.text_width(words, look.SMALL - 1) for words in sides.values()) + 0.12


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def two_way_map(
    x: np.ndarray,
    y: np.ndarray,
    benefit: np.ndarray,
    policies: Sequence[str],
    lines: pd.DataFrame,
    names: tuple[str, str],
    base: tuple[float, float] | None = None,
    where: str = "",
    words: Words = policy_words,
) -> Figure:
    """Return which policy has the highest net benefit over two parameters.

    ``benefit``: net benefit on the grid, shape (y, x, policies); ``lines``: as ``equal_benefit`` returns
    them; ``names``: of both parameters; ``base``: their base values; ``where``: the threshold, in words.
    """
    if not np.isfinite(benefit).all():
        return look.nothing("the preferred policy")
    finer = [np.linspace(axis[0], axis[-1], FINER) for axis in (x, y)]
    at = RegularGridInterpolator((y, x), benefit)
    preferred = at(tuple(np.meshgrid(*finer[::-1], indexing="ij"))).argmax(axis=2)
    there = [k for k in range(len(policies)) if (preferred == k).any()]
    looks = look.policy_looks(policies, policies[0])
    worth = f" at {where}" if where else ""
    title = f"{sentence(policy_words(policies[there[0]]))} is preferred throughout{worth}"
    if len(there) > 1:
        share = [(preferred == k).mean() for k in there]
        name = sentence(policy_words(policies[there[int(np.argmax(share))]]))
        title = f"{name} is preferred in {percent(max(share))} % of this map{worth}"
    note = (
        "Colours: the policy with the highest expected net benefit, by linear interpolation between "
        f"{len(x)} × {len(y)} points. Lines: where two policies have the same; the simulation's "
        "noise moves them."
    )
    if base:
        note += " Cross: base values."
    with look.style():
        keys = [look.wrapped(sentence(policy_words(policies[k])), 1.9, look.TEXT) for k in there]
        drawn = look.figure(title, note, 4.3)
        ax = look.axes(drawn, 1.0, 0.7, 4.4, 3.5)
        shades = ListedColormap([_paler(looks[policies[k]].colour) for k in range(len(policies))])
        ends: look.Style = {"vmin": -0.5, "vmax": len(policies) - 0.5}
        ax.pcolormesh(*finer, preferred, cmap=shades, shading="nearest", rasterized=True, **ends)
        for number, line in lines.groupby("line"):
            ax.plot(line["x"], line["y"], color=look.INK, linewidth=2, gid=f"line {number}")
        if base:
            mark: look.Style = {"color": look.INK, "markersize": 11, "markeredgewidth": 2.5}
            ax.plot(*base, "x", **mark, gid="base", zorder=5)
        ax.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))
        for axis, name in ((ax.xaxis, names[0]), (ax.yaxis, names[1])):
            axis.set_label_text("\n".join(look.wrapped(sentence(words(name)), 3.4, look.TEXT)))
            axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        top = 4.1
        for k, lines_of in zip(there, keys, strict=True):
            colour = _paler(looks[policies[k]].colour)
            top -= len(lines_of) * look.TEXT * look.LINE
            look.swatch(drawn, 5.6, top, colour, "\n".join(lines_of))
            top -= 0.15
    return drawn


def _paler(colour: str) -> str:
    """Return a colour half way to white, against which lines and marks stand out."""
    red, green, blue = to_rgb(colour)
    return to_hex(((1 + red) / 2, (1 + green) / 2, (1 + blue) / 2))


def sobol_bars(table: pd.DataFrame, outcome: str, words: Words = policy_words) -> Figure:
    """Return first-order and total Sobol' indices; ``table``: as ``indices`` returns it for Sobol'."""
    if table.empty or not look.known(table["total"]):
        return look.nothing(f"the variance of {outcome}: it is all noise or none")
    shown = table.sort_values("total", ascending=False, kind="stable").head(MOST)
    first = shown.iloc[0]
    close = shown[shown["total_high"] >= first["total_low"]]
    total = f"{percent(min(first['total'], 1.0))} %"
    title = f"{sentence(words(first['parameter']))} accounts for most of the variance of {outcome}: {total}"
    if len(close) > 1:
        title = f"{len(close)} parameters matter most for {outcome}, too close to be ordered"
        if len(close) <= 3:
            title = f"{sentence(listed(map(words, close['parameter'])))} matter most for {outcome}"
    elif first["total"] <= 0.5:
        title = f"{sentence(words(first['parameter']))} matters most for {outcome}: {total} of its variance"
    noise = float(table["noise_share"].iloc[0])
    note = (
        "Share of the variance over the ranges of all parameters, varied independently. Full bars: a "
        "parameter alone (first order); pale bars: with all its interactions (total). Whiskers: 95 % "
        "intervals from resampled points. "
        f"The simulation's noise, {percent(noise)} % of the variance between points, is taken out."
    )
    if len(table) > MOST:
        note += f" The {MOST} largest of {len(table)}."
    with look.style():
        drawn, ax, where = _rows(shown["parameter"], title, note, words, 0.42)
        for name, offset, fill in (("first", -0.2, look.BLUE), ("total", 0.2, look.PALE)):
            value = shown[name].to_numpy(float)
            bar: look.Style = {"height": 0.36, "color": fill, "edgecolor": look.BLUE, "linewidth": 1.2}
            ax.barh(where + offset, np.clip(value, 0, None), **bar, gid=name)
            ends = (np.clip(shown[f"{name}_low"], 0, None), np.clip(shown[f"{name}_high"], 0, None))
            ax.hlines(where + offset, *ends, color=look.INK, linewidth=1.2)
        look.percent_axis(ax.xaxis, 5)
        ax.set_xlim(0, max(look.largest(shown[["total_high", "first_high"]]) * 1.03, 0.05))
        ax.set_xlabel(f"share of the variance of {outcome}")
        look.swatch(drawn, LEFT, 0.12, look.BLUE, "alone")
        look.swatch(drawn, LEFT + 1.3, 0.12, look.PALE, "with interactions")
    return drawn


def morris_bars(
    table: pd.DataFrame, outcome: str, write: Write = amount_of, words: Words = policy_words
) -> Figure:
    """Draw Morris' mean effects of one policy, the largest at the top, with the floor that luck sets.

    ``table``: its rows of ``indices.csv`` of Morris; ``write``: an amount of the outcome.
    """
    if table.empty or not look.known(table["mu_star"]):
        return look.nothing(f"the effects on {outcome}")
    shown = table.sort_values("mu_star", ascending=False, kind="stable").head(MOST)
    floor = float(table["noise_floor"].iloc[0])
    clear = int((table["mu_star_low"] > floor).sum())
    beyond = f"{clear} of {len(table)}" if clear else f"None of {len(table)}"
    title = f"{beyond} parameters {'moves' if clear == 1 else 'move'} {outcome} beyond simulated luck"
    note = (
        "Mean size of the effect of a parameter's whole range, the others anywhere in theirs. Whiskers: 95 % "
        f"intervals from resampled trajectories. Line: what a parameter without any effect would show, by "
        f"simulated luck ({write(floor)})."
    )
    if len(table) > MOST:
        note += f" The {MOST} largest of {len(table)}."
    with look.style():
        drawn, ax, where = _rows(shown["parameter"], title, note, words, 0.3)
        ax.barh(where, shown["mu_star"], height=0.6, color=look.BLUE, gid="mean_effect")
        ends = (np.clip(shown["mu_star_low"], 0, None), shown["mu_star_high"])
        ax.hlines(where, *ends, color=look.INK, linewidth=1.2)
        ax.axvline(floor, color=look.INK, linewidth=1.0, linestyle="--", gid="noise")
        ax.set_xlim(0, max(look.largest(shown[["mu_star_high"]]), floor) * 1.05 or 1.0)
        ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: write(value)))
        ax.set_xlabel(f"mean effect on {outcome}")
    return drawn


def _rows(
    names: pd.Series, title: str, note: str, words: Words, row: float
) -> tuple[Figure, Axes, np.ndarray]:
    """Return a figure with one row for each name, its axes and the rows' places."""
    labels = ["\n".join(look.wrapped(sentence(words(name)), LEFT - 0.45, look.SMALL)) for name in names]
    height = max(_row(labels), row) * len(labels)
    drawn = look.figure(title, note, height + 1.05)
    ax = look.axes(drawn, LEFT, 0.95, look.WIDTH - LEFT - look.EDGE - 0.2, height)
    where = np.arange(len(labels))
    ax.set_yticks(where, labels)
    ax.tick_params(axis="y", length=0, labelsize=look.SMALL)
    ax.spines["left"].set_visible(False)
    ax.set_ylim(len(labels) - 0.4, -0.6)
    return drawn, ax, where


def _row(labels: Sequence[str]) -> float:
    """Return the height that a row needs for its label, in inches."""
    return max(ROW, max(label.count("\n") + 1 for label in labels) * look.SMALL * look.LINE + 0.08)
