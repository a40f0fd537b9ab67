"""Policies by cost: dominance, incremental costs and QALYs, and their ratio with an interval.

An incremental cost-effectiveness ratio is a ratio of means, and its interval is Fieller's: the thresholds at
which the interval of the incremental net benefit holds 0 (Fieller 1954; Willan and O'Brien 1996). Where the
difference in QALYs may be zero that set is unbounded. Then the percentiles of the angle in the plane are
taken (Cook and Heyse 2000), and an end that lies where one policy dominates has no ratio but that word.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from analysis.economics.draws import Draws
from analysis.economics.noise import Array

LEVEL = 0.95
Z = float(stats.norm.ppf(0.5 + LEVEL / 2))
RESAMPLES = 2000
FIELLER, BY_ANGLE, NONE = "Fieller", "percentiles by angle", "none"
# Of the cost-effectiveness plane, QALYs to the right and costs upwards.
QUADRANTS = {
    "north_east": "dearer and better",
    "south_east": "dominant",
    "north_west": "dominated",
    "south_west": "cheaper and worse",
}
FRONTIER, DOMINATED, EXTENDED = "on the frontier", "dominated", "extendedly dominated"


class RatioInterval(NamedTuple):
    """An interval of a ratio; an end is NaN where one policy dominates, as ``low_words`` and so on say."""

    low: float
    high: float
    method: str
    low_words: str = ""
    high_words: str = ""


def frontier(costs: Array, qalys: Array) -> tuple[list[int], list[str], list[list[int]]]:
    """Return the order of policies by cost, and for each policy its status and which policies dominate it.

    ``dominated``: another one costs no more and gives no fewer QALYs. ``extendedly dominated``: so does a
    mixture of two others. Of policies with the same numbers the first is kept.
    """
    order = [int(k) for k in np.lexsort((np.arange(len(costs)), -qalys, costs))]
    status = [FRONTIER] * len(costs)
    by: list[list[int]] = [[] for _ in costs]
    hull: list[int] = []
    best = order[0]  # of those no dearer
    for k in order:
        if k != best and qalys[k] <= qalys[best]:
            status[k], by[k] = DOMINATED, [best]
            continue
        best = k
        while len(hull) > 1 and _slope(costs, qalys, hull[-2], hull[-1]) >= _slope(costs, qalys, hull[-1], k):
            status[hull.pop()] = EXTENDED
        hull.append(k)
    for k in [k for k in order if status[k] == EXTENDED]:
        right = next(n for n, j in enumerate(hull) if qalys[j] > qalys[k])
        by[k] = [hull[right - 1], hull[right]]
    return order, status, by


def _slope(costs: Array, qalys: Array, one: int, other: int) -> float:
    return float((costs[other] - costs[one]) / (qalys[other] - qalys[one]))


def incremental(draws: Draws, seed: int = 1) -> pd.DataFrame:
    """Return policies from the cheapest, with dominance, and each on the frontier beside the one before it.

    Columns: ``policy``, ``cost`` and ``qalys`` (means per patient), ``status``, ``dominated_by``,
    ``comparator``, then those of ``versus``. Intervals ``_low`` to ``_high`` hold 95 % of the members, less
    the simulation's noise.
    """
    clean = draws.less_noise()
    costs, qalys = draws.costs.mean(axis=0), draws.qalys.mean(axis=0)
    order, status, by = frontier(costs, qalys)
    rows, before = [], None
    for k in order:
        row = {
            "policy": draws.policies[k],
            **_with_interval("cost", clean.costs[:, k]),
            **_with_interval("qalys", clean.qalys[:, k]),
            "status": status[k],
            "dominated_by": " and ".join(draws.policies[j] for j in by[k]),
            "comparator": "",
        }
        if status[k] == FRONTIER:
            if before is not None:
                row |= {"comparator": draws.policies[before], **_compared(draws, clean, k, before, seed)}
            before = k
        rows.append(row)
    table = pd.DataFrame(rows, columns=[*rows[0], *(name for name in COMPARED if len(draws.policies) > 1)])
    for name in table.columns.intersection([*WORDS]):
        table[name] = table[name].astype(object).where(table[name].notna(), "")
    return table


COMPARED = [
    *(f"incremental_{what}{end}" for what in ("cost", "qalys") for end in ("", "_low", "_high")),
    "icer", "icer_low", "icer_high", "icer_method", "icer_error_low", "icer_error_high", "icer_error_method",
    *QUADRANTS, "reading",
]  # fmt: skip


WORDS = ("icer_method", "icer_error_method", "reading")


def versus(draws: Draws, comparator: str, seed: int = 1) -> pd.DataFrame:
    """Return every other policy beside the comparator.

    Columns: ``policy``, ``comparator``, ``incremental_cost`` and ``incremental_qalys`` with intervals over
    members; ``icer``, the ratio of the means, NaN where one policy dominates; ``icer_low`` to ``icer_high``,
    its 95 % interval over the uncertain parameters; ``icer_error_low`` and so on: its interval from the
    finite numbers of members and patients alone; which method gave each; shares of the members in the four
    quadrants of the plane; ``reading``, all this in words. An end of Fieller's interval below 0 means that
    costs may change their sign; an end by angle is NaN where one policy dominates.
    """
    clean, base = draws.less_noise(), draws.place(comparator)
    rows = [
        {"policy": policy, "comparator": comparator, **_compared(draws, clean, k, base, seed)}
        for k, policy in enumerate(draws.policies)
        if k != base
    ]
    return pd.DataFrame(rows, columns=["policy", "comparator", *COMPARED])


def plane_points(draws: Draws, comparator: str) -> pd.DataFrame:
    """Return the members in the cost-effectiveness plane of each other policy, less the simulation's noise.

    Columns: ``policy``, ``comparator``, ``member``, ``incremental_qalys``, ``incremental_cost``.
    """
    clean, base = draws.less_noise(), draws.place(comparator)
    tables = [
        pd.DataFrame(_plane(clean, k, base), columns=["incremental_qalys", "incremental_cost"]).assign(
            policy=policy, comparator=comparator, member=range(draws.members)
        )
        for k, policy in enumerate(draws.policies)
        if k != base
    ]
    columns = ["policy", "comparator", "member", "incremental_qalys", "incremental_cost"]
    return pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)


def _with_interval(name: str, values: Array) -> dict[str, float]:
    low, high = np.quantile(values, [0.5 - LEVEL / 2, 0.5 + LEVEL / 2])
    return {name: float(values.mean()), f"{name}_low": float(low), f"{name}_high": float(high)}


def _compared(draws: Draws, clean: Draws, k: int, base: int, seed: int) -> dict[str, float | str]:
    """Return what a policy adds to another one."""
    points, raw = _plane(clean, k, base), _plane(draws, k, base)
    gained, spent = points.mean(axis=0)
    over_members = ratio_interval(points.mean(axis=0), np.cov(points.T), points)
    shared = _plane_noise(draws.shared_noise, k, base)
    of_error = ratio_interval(
        raw.mean(axis=0),
        np.cov(raw.T) / draws.members + shared,
        resampled_means(raw, shared, seed),
    )
    icer = float(spent / gained) if spent * gained > 0 else np.nan
    quadrants = _quadrants(points)
    return {
        **_with_interval("incremental_cost", points[:, 1]),
        **_with_interval("incremental_qalys", points[:, 0]),
        "icer": icer,
        "icer_low": over_members.low,
        "icer_high": over_members.high,
        "icer_method": over_members.method,
        "icer_error_low": of_error.low,
        "icer_error_high": of_error.high,
        "icer_error_method": of_error.method,
        **quadrants,
        "reading": reading(float(spent), float(gained), over_members, quadrants),
    }


def _quadrants(points: Array) -> dict[str, float]:
    """Return the shares of points in each quadrant; an axis belongs to dominance, the origin to none."""
    gained, spent = points.T
    there = {
        "north_east": (gained > 0) & (spent > 0),
        "south_east": (gained >= 0) & (spent <= 0) & ((gained > 0) | (spent < 0)),
        "north_west": (gained <= 0) & (spent >= 0) & ((gained < 0) | (spent > 0)),
        "south_west": (gained < 0) & (spent < 0),
    }
    return {name: float(each.mean()) for name, each in there.items()}


def _plane(draws: Draws, k: int, base: int) -> Array:
    """Return the differences of members in QALYs and in costs, shape (members, 2)."""
    return np.stack([values[:, k] - values[:, base] for values in (draws.qalys, draws.costs)], axis=1)


def _plane_noise(noise: Array, k: int, base: int) -> Array:
    """Return the covariance of a difference's QALYs and costs, in this order, without negative variances."""
    contrast = np.zeros(noise.shape[1])
    contrast[k], contrast[base] = 1.0, -1.0
    both = np.einsum("p,ipjq,q->ij", contrast, noise, contrast)[::-1, ::-1]
    lengths, directions = np.linalg.eigh(both)
    of_plane: Array = (directions * np.clip(lengths, 0, None)) @ directions.T
    return of_plane


def resampled_means(points: Array, shared: Array, seed: int) -> Array:
    """Return means of members drawn again with replacement, each with the noise that members share."""
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(len(points), np.full(len(points), 1 / len(points)), size=RESAMPLES)
    lengths, directions = np.linalg.eigh(shared)
    noise = rng.standard_normal((RESAMPLES, 2)) * np.sqrt(np.clip(lengths, 0, None)) @ directions.T
    means: Array = weights @ points / len(points) + noise
    return means


def fieller(mean: Array, covariance: Array) -> tuple[float, float] | None:
    """Return the 95 % interval of cost per QALY, or None where it is unbounded.

    ``mean``: of QALYs and costs; ``covariance``: of these means, shape (2, 2).
    """
    (gained, spent), z2 = mean, Z * Z
    a = gained**2 - z2 * covariance[0, 0]
    if not a > 0:
        return None
    b = gained * spent - z2 * covariance[0, 1]
    root = np.sqrt(max(b * b - a * (spent**2 - z2 * covariance[1, 1]), 0.0))
    return float((b - root) / a), float((b + root) / a)


def ratio_interval(mean: Array, covariance: Array, points: Array) -> RatioInterval:
    """Return the 95 % interval of cost per QALY: Fieller's, or of the points' angles where that is unbounded.

    ``points``: QALYs and costs, shape (points, 2). Where even their angles span half a turn there is none.
    Ends rise with the cost per QALY gained; where QALYs are lost, with what is saved per QALY lost.
    """
    if ends := fieller(mean, covariance):
        return RatioInterval(*ends, FIELLER)
    scale = np.where(points.std(axis=0) > 0, points.std(axis=0), 1.0)  # angles of what has no unit
    to_mean = np.arctan2(mean[1] / scale[1], mean[0] / scale[0])
    turned = np.arctan2(points[:, 1] / scale[1], points[:, 0] / scale[0]) - to_mean
    turned = (turned + np.pi) % (2 * np.pi) - np.pi
    ends = np.quantile(turned, [0.5 - LEVEL / 2, 0.5 + LEVEL / 2])
    if ends[1] - ends[0] >= np.pi:
        return RatioInterval(np.nan, np.nan, NONE)
    low, high = (_end(to_mean + end, scale) for end in ends)
    return RatioInterval(low[0], high[0], BY_ANGLE, low[1], high[1])


def _end(angle: float, scale: Array) -> tuple[float, str]:
    """Return the ratio and the words of an end of an interval."""
    gained, spent = np.cos(angle) * scale[0], np.sin(angle) * scale[1]
    if gained > 0 and spent > 0:
        return float(spent / gained), f"{spent / gained:,.0f} per QALY gained"
    if gained <= 0 and spent <= 0:
        ratio = spent / gained if gained else np.inf
        return float(ratio), f"{ratio:,.0f} saved per QALY lost"
    return np.nan, "dominant" if gained > 0 else "dominated"


def reading(spent: float, gained: float, interval: RatioInterval, quadrants: dict[str, float]) -> str:
    """Return what a comparison says, in words that hold in every quadrant."""
    if gained > 0 and spent > 0:
        words = f"{spent / gained:,.0f} per QALY gained"
    elif gained < 0 and spent < 0:
        words = f"{spent / gained:,.0f} saved per QALY lost"
    elif gained == 0 and spent == 0:
        return "the same costs and QALYs"
    else:
        words = "dominant" if gained >= 0 and spent <= 0 else "dominated"
    return "; ".join([words, *_interval_words(spent, gained, interval, quadrants)])


def _interval_words(
    spent: float, gained: float, interval: RatioInterval, quadrants: dict[str, float]
) -> Iterator[str]:
    if interval.method == FIELLER:
        words = f"95 % interval {interval.low:,.0f} to {interval.high:,.0f}"
        if interval.low >= 0:
            yield words
            return
        # QALYs are gained (or lost) throughout: only the costs may have either sign.
        side, below = ("gained", "dominant") if gained > 0 else ("lost", "dominated")
        yield f"{words} per QALY {side}, below 0 {below}"
    elif interval.method == BY_ANGLE:
        ends = f"from {interval.low_words} to {interval.high_words}"
        worse = quadrants["north_west"] + quadrants["south_west"]
        if 0 < worse < 1:
            yield "the difference in QALYs has either sign"
        yield f"95 % of the members {ends}"
    else:
        yield "the differences in QALYs and in costs may both be zero, so the ratio has no interval"
    shares = [f"{100 * share:.0f} % {QUADRANTS[name]}" for name, share in quadrants.items()]
    yield f"members: {', '.join(shares)}"
