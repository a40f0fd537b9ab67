"""Whether predictive intervals hold what they say: where published figures lie in what was predicted."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.pictures import look

ACROSS, SIDE, GAP = 4, 1.5, 0.38
RANK = 1.358  # of Kolmogorov's distribution: over the square root of n, 95 % of uniform samples stay within


def transforms(predicted: pd.DataFrame) -> Figure:
    """Return the distribution of the probability integral transform, a panel for each kind of outcome.

    ``predicted``: columns ``kind``, and ``probability`` of a figure below the published one, as
    ``left_out.csv`` has them. On the diagonal, intervals of every width hold the share that they say.
    """
    predicted = predicted[predicted["probability"].notna()]
    if predicted.empty:
        return look.nothing("whether predictive intervals hold the published figures")
    place = predicted["probability"].to_numpy()
    half, nearly = (100 * np.mean(np.abs(place - 0.5) <= width / 2) for width in (0.5, 0.95))
    title = (
        f"Of {len(place)} published figures, {half:.0f} % lie within the 50 % intervals that other studies "
        f"predict, and {nearly:.0f} % within the 95 % ones"
    )
    note = (
        "Share of figures (upwards) whose place in the predictive distribution is at most so far from its "
        "lower end (to the right). On the diagonal the intervals hold what they say; grey: where 95 % of as "
        "many independent figures would stay. Below the diagonal figures are higher than predicted."
    )
    kinds = [(str(name), part["probability"].to_numpy()) for name, part in predicted.groupby("kind")]
    panels = [*kinds, ("all", place)]
    down = -(-len(panels) // ACROSS)
    each = SIDE + GAP + 0.14
    with look.style():
        drawn = look.figure(title, note, down * each + 0.35)
        for k, (name, found) in enumerate(panels):
            row, column = divmod(k, ACROSS)
            left = look.EDGE + 0.5 + column * (SIDE + 0.33)
            ax = look.axes(drawn, left, 0.5 + (down - 1 - row) * each, SIDE, SIDE)
            band = RANK / np.sqrt(len(found))
            ends = np.array([0.0, 1.0])
            ax.fill_between(ends, ends - band, ends + band, color="#E4E4E4", linewidth=0, zorder=0)
            ax.plot(ends, ends, color=look.GREY, linewidth=1.0, zorder=1, gid="diagonal")
            steps = np.concatenate([[0.0], np.sort(found), [1.0]])
            shares = np.concatenate([[0.0], np.arange(1, len(found) + 1) / len(found), [1.0]])
            ax.step(steps, shares, where="post", color=look.BLUE, linewidth=1.6, zorder=3, gid=name)
            ax.set(xlim=(0, 1), ylim=(0, 1))
            ticks = [0, 0.5, 1]
            ax.set_xticks(ticks, ["0", "0.5", "1"] if row == down - 1 else [], size=look.SMALL)
            ax.set_yticks(ticks, ["0", "0.5", "1"] if column == 0 else [], size=look.SMALL)
            if row == down - 1 and column == 0:
                ax.set_xlabel("place in the prediction", size=look.SMALL)
                ax.set_ylabel("share of figures", size=look.SMALL)
            ax.set_title(f"{name} ({len(found)})", size=look.SMALL, pad=3)
        return drawn
