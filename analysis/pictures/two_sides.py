"""Bars to either side of zero: what is better for patients to the right, what is worse to the left."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.pictures import look


def bars(
    ax: Axes,
    rows: pd.DataFrame,
    better: str,
    worse: str,
    height: float,
    size: float,
    number_words: Callable[[float], str] = "{:.1f}".format,
) -> None:
    """Draw a bar for each row on both sides, from columns of these names, with interval and number."""
    where = np.arange(len(rows))
    for name, sign, colour, hatch in ((better, 1, look.BLUE, None), (worse, -1, look.ORANGE, "////")):
        value, low, high = rows[name], rows[f"{name}_low"], rows[f"{name}_high"]
        ax.barh(where, sign * value, height=height, color=colour, hatch=hatch, edgecolor="white", gid=name)
        # An interval about nothing at all would only be ink.
        some = (value > 0).to_numpy()
        ax.hlines(where[some], sign * low[some], sign * high[some], color=look.INK, linewidth=1.2)
        for y, number, end in zip(where[some], value[some], sign * high[some], strict=True):
            ax.annotate(
                number_words(number),
                (end, y),
                (3 * sign, 0),
                textcoords="offset points",
                ha="left" if sign > 0 else "right",
                va="center",
                size=size,
                gid="value",
            )
    ax.axvline(0, color=look.INK, linewidth=1)


def limits(rows: pd.DataFrame, better: str, worse: str, room: float, width: float) -> tuple[float, float]:
    """Return the ends of the axis: the widest bars, and ``room`` inches for the number beyond each."""
    most_worse, most_better = (look.largest(rows[[name, f"{name}_high"]], 0.0) for name in (worse, better))
    beyond = room * max(most_worse + most_better, 1.0) / (width - 2 * room)
    return -most_worse - beyond, most_better + beyond
