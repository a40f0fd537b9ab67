"""Pictures of how far an outcome depends on parameters: tornado, two-way map, Sobol' and Morris' indices."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis.pictures import look
from analysis.words.wording import Words, listed, percent, policy_words, sentence

LEFT, ROW, MOST = 2.7, 0.36, 25
Write = Callable[[float], str]


def tornado_bars(
    table: pd.DataFrame, outcome: str, write: Write = "{:,.4g}".format, words: Words = policy_words
) -> Figure:
    """Return a tornado, the widest bar on top.

    ``table``: as ``tornado`` returns it; ``outcome``: what is moved, in words; ``write``: its values in words.
    """
    if table.empty or not look.known(table["swing"]):
        return look.nothing(f"what moves {outcome}")
    shown = table.head(MOST)
    first, base = shown.iloc[0], float(shown["base"].iloc[0])
    title = f"No parameter moves {outcome} beyond the simulation's noise"
    if first["beyond_noise"]:
        low, high = sorted([float(first["at_low"]), float(first["at_high"])])
        title = (
            f"{sentence(words(first['parameter']))} moves {outcome} most: from {write(low)} to {write(high)}"
        )
    note = (
        f"Each parameter alone at the low and at the high end of its range, the others at their base values, "
        f"where {outcome} is {write(base)}. Beside the bars: the ends of the range. "
        "Pale: ends that differ by no more than the simulation's noise (95 %)."
    )
    if len(table) > MOST:
        note += f" The {MOST} widest of {len(table)}."
    with look.style():
        labels = [
            "\n".join(look.wrapped(sentence(words(name)), LEFT - 0.45, look.SMALL))
            for name in shown["parameter"]
        ]
        height = _row(labels) * len(shown)
        drawn = look.figure(title, note, height + 1.05)
        ax = look.axes(drawn, LEFT, 0.95, look.WIDTH - LEFT - look.EDGE - 0.1, height)
        ends = shown[["at_low", "at_high"]].to_numpy(float)
        for column, name, colour, hatch in ((0, "low", look.BLUE, None), (1, "high", look.ORANGE, "////")):
            for y, row in enumerate(shown.to_dict("records")):
                bar: look.Style = {"height": 0.6, "color": colour, "edgecolor": "white", "hatch": hatch}
                alpha = 1.0 if row["beyond_noise"] else 0.35
                ax.barh(
                    y, ends[y, column] - base, left=base, alpha=alpha, **bar, gid=f"{name} {row['parameter']}"
                )
        reach = np.r_[ends.ravel(), base]
        air = 0.16 * (np.ptp(reach) or abs(base) or 1.0)
        for y, row in enumerate(shown.to_dict("records")):
            _end_labels(ax, y, row, base)
        ax.axvline(base, color=look.INK, linewidth=1)
        ax.set_yticks(range(len(shown)), labels)
        ax.tick_params(axis="y", length=0, labelsize=look.SMALL)
        ax.spines["left"].set_visible(False)
        ax.set(ylim=(len(shown) - 0.4, -0.6), xlim=(reach.min() - air, reach.max() + air))
        ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: write(value)))
        ax.set_xlabel(outcome)
        look.swatch(drawn, LEFT, 0.15, look.BLUE, "low end")
        look.swatch(drawn, LEFT + 1.5, 0.15, look.ORANGE, "high end", "////")
    return drawn


def _end_labels(ax: Axes, y: int, row: dict[str, float], base: float) -> None:
    """Write the ends of a parameter's range beyond the ends of its bar."""
    at = {"low": float(row["at_low"]), "high": float(row["at_high"])}
    left, right = sorted(at, key=at.__getitem__)
    for name, end, side in ((left, min(at[left], base), -1), (right, max(at[right], base), 1)):
        text: look.Style = {"size": look.SMALL - 1, "va": "center", "color": look.GREY, "gid": "label"}
        both = f"{row['low']:.4g} and {row['high']:.4g}" if (at[left] > base or at[right] < base) else ""
        words = f"{row[name]:.4g}"
        if both:
            # Both ends move the outcome the same way.
            if (side < 0) == (at[left] >= base):
                continue
            words = both
        ax.annotate(
            words,
            (end, y),
            (4 * side, 0),
            textcoords="offset points",
            ha="left" if side > 0 else "right",
            **text,
        )


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
    preferred = benefit.argmax(axis=2)
    there = [k for k in range(len(policies)) if (preferred == k).any()]
    looks = look.policy_looks(policies, policies[0])
    at = f" at {where}" if where else ""
    title = f"{sentence(policy_words(policies[there[0]]))} is preferred throughout{at}"
    if len(there) > 1:
        share = [(preferred == k).mean() for k in there]
        most = there[int(np.argmax(share))]
        title = f"{sentence(policy_words(policies[most]))} is preferred at {percent(max(share))} % of these points{at}"
    note = (
        "Colours: the policy with the highest expected net benefit at each point of the grid. Lines: where two "
        "policies have the same, by linear interpolation; the simulation's noise moves them."
    )
    if base:
        note += " Cross: base values."
    with look.style():
        keys = [look.wrapped(sentence(policy_words(policies[k])), 1.9, look.TEXT) for k in there]
        drawn = look.figure(title, note, 4.3)
        ax = look.axes(drawn, 1.0, 0.7, 4.4, 3.5)
        shades = ListedColormap([_paler(looks[policies[k]].colour) for k in range(len(policies))])
        ax.pcolormesh(x, y, preferred, cmap=shades, vmin=-0.5, vmax=len(policies) - 0.5, shading="nearest")
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


def _paler(colour: str) -> tuple[float, float, float]:
    """Return a colour half way to white, against which lines and marks stand out."""
    red, green, blue = ((1 + part) / 2 for part in to_rgb(colour))
    return red, green, blue


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
        "Share of the variance over the ranges of all parameters, varied independently. Full bars: a parameter alone "
        "(first order); open bars: with all its interactions (total). Whiskers: 95 % intervals from resampled points. "
        f"The simulation's noise, {percent(noise)} % of the variance between points, is taken out."
    )
    if len(table) > MOST:
        note += f" The {MOST} largest of {len(table)}."
    with look.style():
        drawn, ax, where = _rows(shown["parameter"], title, note, words, 0.42)
        for name, offset, fill in (("first", -0.2, look.BLUE), ("total", 0.2, "white")):
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
