"""Pictures of a calibration: how far the trials narrow each number, what trades off, how the search went."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.pictures import look

MOST_NUMBERS, MOST_PAIRS = 30, 15
AIR = 0.09  # inches around a label
LABEL, RIGHT = 3.35, 2.05
LEARNT = 0.8  # of the prior's width: below it, the trials have narrowed a number


def three_digits(value: float) -> str:
    """Return a number in three significant digits, as a reader writes it: never as a power of ten."""
    return f"{value:.0f}" if abs(value) >= 999.5 else f"{value:.3g}".replace("-", "−")


def identified(parameters: pd.DataFrame) -> Figure:
    """Return prior and posterior interval of the numbers that the trials narrow most, narrowest first.

    ``parameters``: columns ``key``, ``prior_median``, ``prior_low``, ``prior_high``, ``default``,
    ``posterior_mean``, ``posterior_low``, ``posterior_high``, ``fitted``, ``width_ratio`` (posterior over
    prior), ``searched``. Each number lies on the scale of its own prior: -1, 0 and 1 are the lower bound, the
    median and the upper bound.
    """
    parameters = parameters[np.isfinite(parameters["width_ratio"].astype(float))]
    if parameters.empty:
        return look.nothing("how much the trials narrow each number")
    learnt = int((parameters["width_ratio"] < LEARNT).sum())
    title = f"The trials narrow {learnt} of {len(parameters)} numbers by more than a fifth"
    rows = parameters.sort_values("width_ratio", kind="stable").head(MOST_NUMBERS)
    note = (
        f"The {len(rows)} that narrow most. 95 % intervals, each on the scale of its own prior. "
        "On the right: the posterior interval, and its width as a share of the prior's (grey)."
    )
    labels = [look.wrapped(key, LABEL, look.SMALL) for key in rows["key"]]
    with look.style():
        height = sum(_height(lines) for lines in labels)
        drawn = look.figure(title, note, height + 1.1)
        left = look.EDGE + LABEL + 0.1
        ax = look.axes(drawn, left, 0.5, look.WIDTH - left - RIGHT - look.EDGE, height)
        places = {
            name: np.clip(_on_prior(rows, name), -1.6, 1.6)
            for name in ("posterior_low", "posterior_mean", "posterior_high", "default", "fitted")
        }
        edge = 1.05 * max(1.0, *(np.abs(place).max() for place in places.values()))
        ax.set(xlim=(-edge, edge), ylim=(0, height), yticks=[])
        ax.set_xticks([-1, 0, 1], ["low", "median", "high"], size=look.SMALL)
        ax.spines["left"].set_visible(False)
        y = _rows(ax, labels, height)
        ax.barh(y, np.full(len(y), 2.0), left=-1.0, height=0.17, color="#E4E4E4", zorder=0, gid="prior")
        ax.hlines(
            y, places["posterior_low"], places["posterior_high"], color=look.BLUE, linewidth=3, zorder=2
        )
        dots: look.Style = {"linestyle": "none", "zorder": 4}
        ax.plot(places["posterior_mean"], y, "o", color=look.BLUE, markersize=6, gid="posterior", **dots)
        default: look.Style = {"markerfacecolor": "white", "markeredgecolor": look.INK, "markersize": 5.5}
        ax.plot(places["default"], y, "D", gid="default", **default, **{**dots, "zorder": 3})
        ax.plot(places["fitted"], y, "|", color=look.VERMILION, markersize=10, mew=2, gid="fitted", **dots)
        for middle, (_, row) in zip(y, rows.iterrows(), strict=True):
            stated = f"{three_digits(row['posterior_low'])} to {three_digits(row['posterior_high'])}"
            words = f"{stated}  ({100 * row['width_ratio']:.0f} %)"
            beside: look.Style = {"transform": ax.get_yaxis_transform(), "va": "center", "size": look.SMALL}
            ax.text(1.04, middle, words, gid="label", **beside)
        names = ("posterior and its mean", "most probable", "set by hand")
        handles = [
            Line2D([], [], color=look.BLUE, linewidth=3, marker="o", markersize=6),
            Line2D([], [], color=look.VERMILION, linestyle="none", marker="|", markersize=10, mew=2),
            Line2D([], [], linestyle="none", marker="D", **default),
        ]
        strip = look.axes(drawn, look.EDGE, 0.5 + height + 0.05, look.WIDTH - 2 * look.EDGE, 0.3)
        strip.axis("off")
        where: look.Style = {
            "loc": "upper left",
            "bbox_to_anchor": (0, 1),
            "borderpad": 0,
            "borderaxespad": 0,
        }
        strip.legend(handles, names, ncols=3, frameon=False, fontsize=look.SMALL, **where)
    return drawn


def _on_prior(rows: pd.DataFrame, name: str) -> np.ndarray:
    """Return values on the scale of the prior; above and below its median each by its own half width."""
    away = rows[name] - rows["prior_median"]
    upper, lower = rows["prior_high"] - rows["prior_median"], rows["prior_median"] - rows["prior_low"]
    half = np.where(away > 0, upper, lower)
    return np.divide(away, half, out=np.zeros(len(rows)), where=half > 0)


def _height(lines: list[str]) -> float:
    return len(lines) * (look.SMALL * look.LINE + AIR)


def _rows(ax: Axes, labels: list[list[str]], height: float) -> np.ndarray:
    """Write the label of each row left of the axes, from the top; return the middles of the rows."""
    heights = np.array([_height(lines) for lines in labels])
    middles = height - np.cumsum(heights) + heights / 2
    width = ax.get_position().width * ax.figure.get_figure(root=True).get_size_inches()[0]
    beside: look.Style = {
        "transform": ax.get_yaxis_transform(),
        "va": "center",
        "size": look.SMALL,
        "linespacing": 1.25,
    }
    for middle, lines in zip(middles, labels, strict=True):
        ax.text(-(LABEL + 0.1) / width, middle, "\n".join(lines), gid="label", **beside)
    return middles


def traded(tradeoffs: pd.DataFrame) -> Figure:
    """Return the pairs of numbers that trade off in the posterior, strongest first.

    ``tradeoffs``: columns ``one``, ``other``, ``correlation``.
    """
    tradeoffs = tradeoffs[np.isfinite(tradeoffs["correlation"].astype(float))]
    if tradeoffs.empty:
        return look.message(
            "No two numbers trade off", "The posterior has no pair whose correlation is beyond chance."
        )
    strength = tradeoffs["correlation"].abs()
    rows = tradeoffs.loc[strength.sort_values(ascending=False, kind="stable").index].head(MOST_PAIRS)
    written = rows["correlation"].map("{:+.2f}".format)
    tied = rows[written.str[1:] == written.iloc[0][1:]]
    how = "together" if tied["correlation"].iloc[0] > 0 else "against each other"
    title = f"The two numbers that trade off most move {how}"
    if len(tied) > 1:
        title = f"{len(tied)} pairs of numbers trade off most, equally"
    if abs(rows["correlation"].iloc[0]) < 0.5:
        title = "No two numbers trade off strongly"
    note = (
        f"Correlation in the posterior, the {len(rows)} strongest pairs. The trials fix a combination of the "
        "two better than either: a policy that acts on one alone rests on the prior."
    )
    labels = [
        [*look.wrapped(one, LABEL, look.SMALL), *look.wrapped(other, LABEL, look.SMALL)]
        for one, other in zip(rows["one"], rows["other"], strict=True)
    ]
    with look.style():
        height = sum(map(_height, labels))
        drawn = look.figure(title, note, height + 0.75)
        left = look.EDGE + LABEL + 0.1
        ax = look.axes(drawn, left, 0.65, look.WIDTH - left - 0.9, height)
        ax.set(xlim=(-1, 1), ylim=(0, height), yticks=[], xlabel="correlation")
        ax.set_xticks([-1, -0.5, 0, 0.5, 1], ["−1", "−0.5", "0", "0.5", "1"])
        ax.spines["left"].set_visible(False)
        y = _rows(ax, labels, height)
        together = rows["correlation"] > 0
        for which, colour, hatch in ((together, look.BLUE, None), (~together, look.VERMILION, "///")):
            bars: look.Style = {
                "height": 0.2,
                "color": colour,
                "hatch": hatch,
                "edgecolor": "white",
                "gid": "pair",
            }
            ax.barh(y[which.to_numpy()], rows["correlation"][which], **bars)
        ax.axvline(0, color=look.GREY, linewidth=0.8)
        for middle, value in zip(y, rows["correlation"], strict=True):
            words = f"{value:+.2f}".replace("-", "−")
            beside: look.Style = {"transform": ax.get_yaxis_transform(), "va": "center", "size": look.SMALL}
            ax.text(1.03, middle, words, gid="label", **beside)
    return drawn


def converged(trace: pd.DataFrame) -> Figure:
    """Return the least objective found against the evaluations so far.

    ``trace``: columns ``evaluation``, ``objective``.
    """
    trace = trace[np.isfinite(trace["objective"].astype(float))]
    if len(trace) < 2:
        return look.message("No search was done", "The posterior sample's mean is taken as the best fit.")
    first, last = float(trace["objective"].iloc[0]), float(trace["objective"].iloc[-1])
    half = trace[trace["evaluation"] <= trace["evaluation"].iloc[-1] / 2]
    late = float(half["objective"].iloc[-1] if len(half) else first) - last
    gained = first - last
    if gained <= 0:
        title = "The search found nothing better than where it began"
    else:
        title = f"The search lowers the objective from {first:.1f} to {last:.1f}"
        if f"{first:.1f}" == f"{last:.1f}":
            title = "The search lowers the objective by less than 0.1"
    note = (
        "Minus the log of the posterior density, up to a constant: the best so far. Half of the sum of "
        "squared deviations, in standard errors, from the published endpoints and from the priors. "
        + (f"The second half of the search gained {late:.1f}." if gained > 0 else "")
    )
    with look.style():
        drawn = look.figure(title, note, 3.9)
        ax = look.axes(drawn, 1.0, 0.75, look.WIDTH - 1.3, 2.95)
        ax.step(
            trace["evaluation"],
            trace["objective"],
            where="post",
            color=look.BLUE,
            linewidth=2,
            gid="objective",
        )
        ax.set(xlabel="evaluations", ylabel="objective", xlim=(0, max(trace["evaluation"].iloc[-1], 1)))
        ax.margins(y=0.08)
    return drawn
