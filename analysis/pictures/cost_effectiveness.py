"""Pictures of value for money: the plane, acceptability curves with their frontier, expected loss."""

from collections.abc import Sequence
from itertools import groupby

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from scipy import stats

from analysis.pictures import look
from analysis.words.economics import money, per_qaly, qalys, short_money
from analysis.words.wording import listed, percent, policy_words, sentence

WITHIN = float(np.sqrt(stats.chi2.ppf(0.95, 2)))  # standard deviations of an ellipse with 95 % of a normal
LEFT, RIGHT, HEIGHT = 1.15, 3.1, 3.6
MOST_POINTS = 1000  # of a policy: more are only ink


def plane(points: pd.DataFrame, thresholds: Sequence[float], currency: str = "€") -> Figure:
    """Return the cost-effectiveness plane.

    ``points``: as ``plane_points`` returns them; ``thresholds``: whose lines are drawn, money per QALY.
    """
    if points.empty:
        return look.message(
            "Nothing in the cost-effectiveness plane: there is one policy, and nothing to compare it with",
            "Name two policies or more to see what each costs and gives beside another.",
        )
    comparator = str(points["comparator"].iloc[0])
    policies = list(dict.fromkeys(points["policy"]))
    looks = look.policy_looks([comparator, *policies], comparator)
    members = len(points) // len(policies)
    note = (
        f"Points: {members:,} members (draws of all uncertain parameters), less the simulation's noise. "
        "Marks: means; ellipses hold 95 % of a normal distribution with the members' covariance. Below a "
        "dashed line a policy is worth its costs at that threshold, compared with "
        f"{policy_words(comparator)}."
    )
    with look.style():
        drawn = look.figure(_plane_title(points, policies, comparator, currency), note, HEIGHT + 0.95)
        ax = look.axes(drawn, LEFT, 0.65, look.WIDTH - LEFT - RIGHT, HEIGHT)
        corners, ends = [np.zeros((1, 2))], []
        for name in policies:
            rows = points.loc[points["policy"] == name, ["incremental_qalys", "incremental_cost"]].to_numpy(
                float
            )
            corners.append(_cloud(ax, rows, looks[name], name))
            mean = rows.mean(axis=0)
            ends.append((float(mean[1]), short_money(mean[1], currency), _label(name), looks[name]))
        every = np.concatenate(corners)
        ax.margins(0)
        low, high = every.min(axis=0), every.max(axis=0)
        air = 0.04 * np.where(high > low, high - low, 1.0)
        ax.set(xlim=(low[0] - air[0], high[0] + air[0]), ylim=(low[1] - air[1], high[1] + air[1]))
        _threshold_lines(ax, thresholds, currency)
        ax.axhline(0, color=look.GREY, linewidth=1, zorder=1)
        ax.axvline(0, color=look.GREY, linewidth=1, zorder=1)
        money_axis(ax.yaxis, currency)
        ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.6g}".replace("-", "−")))
        ax.set(xlabel="QALYs gained per patient", ylabel="additional costs per patient")
        look.labels_at_ends(ax, ends, tied=False)
    return drawn


def _cloud(ax: Axes, rows: np.ndarray, drawn_as: look.PolicyLook, name: str) -> np.ndarray:
    """Draw members, mean and ellipse of a policy; return what must be within the axes."""
    some = rows[:: -(-len(rows) // MOST_POINTS)]
    style: look.Style = {"color": drawn_as.colour, "alpha": 0.22, "linewidths": 0, "rasterized": True}
    ax.scatter(some[:, 0], some[:, 1], s=7, **style, gid=f"members {name}", zorder=2)
    mean, covariance = rows.mean(axis=0), np.cov(rows.T)
    # The axes' units differ by thousands: the ellipse is turned in the units of each.
    scale = np.sqrt(np.maximum(np.diag(covariance), 1e-300))
    lengths, directions = np.linalg.eigh(covariance / np.outer(scale, scale))
    turn = np.linspace(0, 2 * np.pi, 200)
    circle = np.stack([np.cos(turn), np.sin(turn)]) * np.sqrt(np.clip(lengths, 0, None))[:, None]
    ring = mean + WITHIN * (directions @ circle).T * scale
    ax.plot(
        *ring.T,
        color=drawn_as.colour,
        linestyle=drawn_as.line,
        linewidth=1.8,
        gid=f"ellipse {name}",
        zorder=3,
    )
    mark: look.Style = {"markersize": 10, "markeredgecolor": "white", "markeredgewidth": 1.5}
    ax.plot(*mean, color=drawn_as.colour, marker=drawn_as.marker, **mark, gid=f"mean {name}", zorder=5)
    return np.concatenate([ring, np.quantile(rows, [0.01, 0.99], axis=0)])


def _threshold_lines(ax: Axes, thresholds: Sequence[float], currency: str) -> None:
    """Draw thresholds through the origin, each named where it leaves the axes at the top or on the right."""
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    page = ax.figure.get_figure(root=True).get_size_inches()
    width, height = ax.get_position().width * page[0], ax.get_position().height * page[1]
    named: dict[bool, list[tuple[float, str]]] = {True: [], False: []}  # by whether it leaves at the top
    for threshold in thresholds:
        line: look.Style = {"color": look.GREY, "linestyle": (0, (4, 3)), "linewidth": 1, "zorder": 1}
        ax.plot([left, right], [threshold * left, threshold * right], **line, gid=f"threshold {threshold:g}")
        above = threshold * right > top
        if above and top > 0:
            named[True].append(((top / threshold - left) / (right - left), money(threshold, currency)))
        elif not above and right > 0 and threshold * right > bottom:
            named[False].append(((threshold * right - bottom) / (top - bottom), money(threshold, currency)))
    ax.set(xlim=(left, right), ylim=(bottom, top))
    text: look.Style = {"transform": ax.transAxes, "size": look.SMALL - 1, "color": look.GREY, "gid": "label"}
    at_top, on_right = named[True], named[False]
    sizes = [look.text_width(words, look.SMALL - 1) + 0.1 for _, words in at_top]
    for x, (_, words) in zip(look.spread([x * width for x, _ in at_top], sizes, width), at_top, strict=True):
        ax.text(x / width, 1 + 0.05 / height, words, ha="center", va="bottom", **text)
    line_height = (look.SMALL + 1) * look.LINE
    beside = look.spread([y * height for y, _ in on_right], [line_height] * len(on_right), height)
    for y, (_, words) in zip(beside, on_right, strict=True):
        ax.text(1 - 0.04 / width, y / height, words, ha="right", va="center", **text)


def _plane_title(points: pd.DataFrame, policies: Sequence[str], comparator: str, currency: str) -> str:
    means = points.groupby("policy")[["incremental_qalys", "incremental_cost"]].mean()
    best = str(means["incremental_qalys"].idxmax())
    gained, spent = map(float, np.asarray(means.loc[best], float))
    against = policy_words(comparator)
    if gained <= 0:
        return f"No policy is expected to give more QALYs than {against}"
    costs = f"for {money(spent, currency)} more" if spent > 0 else f"and to save {money(-spent, currency)}"
    most = "" if len(policies) == 1 else "most QALYs, "
    more = f"{most}{qalys(gained)} {'' if most else 'QALYs '}more per patient than {against}, {costs}"
    return f"{sentence(policy_words(best))} is expected to give {more}"


def acceptability_curves(table: pd.DataFrame, currency: str = "€") -> Figure:
    """Return acceptability curves with their frontier; ``table``: as ``acceptability`` returns it."""
    if not look.known(table["probability"]):
        return look.nothing("acceptability")
    policies = list(dict.fromkeys(table["policy"]))
    looks = look.policy_looks(policies, policies[0])
    note = (
        "Share of the members (draws of all uncertain parameters, less the simulation's noise) in which a "
        "policy has the highest net benefit. The broad grey line, the frontier, follows the policy that is "
        "best on average, which need not be the one most often best."
    )
    with look.style():
        drawn = look.figure(_preferred_title(table, currency), note, HEIGHT + 0.75)
        ax = look.axes(drawn, LEFT - 0.1, 0.65, look.WIDTH - LEFT - RIGHT + 0.1, HEIGHT)
        front = table[table["preferred"]].sort_values("threshold")
        for _, rows in _runs(front):
            broad: look.Style = {"color": look.PALE, "linewidth": 9, "solid_capstyle": "butt", "zorder": 1}
            ax.plot(rows["threshold"], rows["probability"], **broad, gid="frontier")
        ends = []
        for name in policies:
            rows = table[table["policy"] == name]
            ax.plot(rows["threshold"], rows["probability"], **_line(looks[name]), gid=f"curve {name}")
            chance = float(rows["probability"].iloc[-1])
            ends.append((chance, f"{percent(chance)} %", _label(name), looks[name]))
        look.percent_axis(ax.yaxis, 5)
        _threshold_axis(ax, table, currency)
        ax.set(ylim=(0, 1.0), ylabel="chance of being the best")
        look.labels_at_ends(ax, ends)
    return drawn


def expected_loss(table: pd.DataFrame, currency: str = "€") -> Figure:
    """Return what choosing each policy is expected to lose, by threshold; ``table``: as for acceptability."""
    if not look.known(table["expected_loss"]):
        return look.nothing("expected losses")
    policies = list(dict.fromkeys(table["policy"]))
    looks = look.policy_looks(policies, policies[0])
    least = table.groupby("threshold")["expected_loss"].min()
    at = float(least.index.to_numpy(float)[least.to_numpy(float).argmax()])
    best = policy_words(str(table[(table["threshold"] == at) & table["preferred"]]["policy"].iloc[0]))
    title = (
        f"Choosing by averages is expected to lose at most {money(least.max(), currency)} per patient, "
        f"with {best} at {per_qaly(at, currency)}"
        if least.max() > 0
        else "Choosing by averages is expected to lose nothing at any threshold"
    )
    note = (
        "How far the best policy of each member (a draw of all uncertain parameters, less the simulation's "
        "noise) exceeds a policy's net benefit, on average. The broad grey line is the least: the expected "
        "value of perfect information."
    )
    with look.style():
        drawn = look.figure(title, note, HEIGHT + 0.75)
        ax = look.axes(drawn, LEFT, 0.65, look.WIDTH - LEFT - RIGHT, HEIGHT)
        broad: look.Style = {"color": look.PALE, "linewidth": 9, "solid_capstyle": "butt", "zorder": 1}
        ax.plot(least.index, least, **broad, gid="least")
        ends = []
        for name in policies:
            rows = table[table["policy"] == name]
            ax.plot(rows["threshold"], rows["expected_loss"], **_line(looks[name]), gid=f"curve {name}")
            last = float(rows["expected_loss"].iloc[-1])
            ends.append((last, short_money(last, currency), _label(name), looks[name]))
        money_axis(ax.yaxis, currency)
        _threshold_axis(ax, table, currency)
        ax.set_ylim(0, max(float(table["expected_loss"].max()) * 1.05, 1e-9))
        ax.set_ylabel("expected loss per patient")
        look.labels_at_ends(ax, ends)
    return drawn


def money_axis(axis: Axis, currency: str, ticks: int = 5) -> None:
    """Write amounts on an axis, in thousands where they are large."""

    def write(value: float, _: int) -> str:
        sign, size = "−" if value < 0 else "", abs(value)
        unit, letter = (1, "")
        if (most := max(map(abs, axis.get_view_interval()))) >= 20_000:
            unit, letter = (1_000_000, "m") if most >= 2_000_000 else (1000, "k")
        return f"{sign}{currency}{size / unit:,.10g}{letter if size else ''}"

    axis.set_major_locator(MaxNLocator(ticks, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(write))


def _threshold_axis(ax: Axes, table: pd.DataFrame, currency: str) -> None:
    ends = float(table["threshold"].min()), float(table["threshold"].max())
    ax.set_xlim(*ends if ends[0] < ends[1] else (0, ends[1] * 1.01 + 1))
    money_axis(ax.xaxis, currency, 4)
    ax.set_xlabel("threshold: worth of a QALY")


def _line(drawn_as: look.PolicyLook) -> look.Style:
    return {"color": drawn_as.colour, "linestyle": drawn_as.line, "linewidth": 2, "zorder": 3}


def _label(name: str) -> list[str]:
    return look.wrapped(sentence(policy_words(name)), RIGHT - look.LABEL_INDENT - 0.1, look.TEXT)


def _runs(front: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Return the stretches of thresholds over which the same policy is preferred."""
    runs = []
    for name, rows in groupby(front.itertuples(), key=lambda row: row.policy):
        runs.append((str(name), front.loc[[row.Index for row in rows]]))
    return runs


def _preferred_title(table: pd.DataFrame, currency: str) -> str:
    """Return which policy is preferred over which thresholds."""
    runs = _runs(table[table["preferred"]].sort_values("threshold"))
    named = [sentence(policy_words(name)) for name, _ in runs]
    if len(runs) == 1:
        low, high = (
            money(float(value), currency) for value in (table["threshold"].min(), table["threshold"].max())
        )
        return f"{named[0]} is preferred at every threshold from {low} to {high} per QALY"
    if len(runs) > 4:
        return f"The preferred policy changes {len(runs) - 1} times with the threshold"
    first = f"{named[0]} is preferred up to {per_qaly(_last(runs[0][1]), currency)}"
    then = [f"{policy_words(name)} from {money(_first(rows), currency)}" for name, rows in runs[1:]]
    return f"{first}, {listed(then)}"


def _first(rows: pd.DataFrame) -> float:
    return float(rows["threshold"].iloc[0])


def _last(rows: pd.DataFrame) -> float:
    return float(rows["threshold"].iloc[-1])
