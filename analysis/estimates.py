"""Estimates and 95 % intervals from counts: shares, means, product-limit survival, paired differences."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import t as student

from sim.outcomes import NO, YES

BATCHES = 30  # of neighbours in a queue
Z95 = 1.959963984540054  # the normal quantile of 0.975


class Estimate(NamedTuple):
    """A number with its 95 % interval and the n it rests on; NaN where there was nobody."""

    n: int
    estimate: float
    ci_low: float
    ci_high: float


NOBODY = Estimate(0, np.nan, np.nan, np.nan)


def share(counts: np.ndarray) -> Estimate:
    """Return yes over (no + yes) with Wilson's interval, from [absent, no, yes]."""
    return shares(counts[None])[0]


def shares(counts: np.ndarray) -> list[Estimate]:
    """Return ``share`` of each of many outcomes, from counts of shape (outcomes, 3)."""
    yes = counts[:, YES].astype(float)
    n = counts[:, NO] + yes
    with np.errstate(divide="ignore", invalid="ignore"):  # nobody: left out below
        p = yes / n
        centre = (p + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
        half = Z95 / (1 + Z95**2 / n) * np.sqrt(p * (1 - p) / n + Z95**2 / (4 * n**2))
    lows, highs = np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0)
    columns = (n.astype(int), p, lows, highs)
    return [
        Estimate(*numbers) if numbers[0] else NOBODY
        for numbers in zip(*(column.tolist() for column in columns), strict=True)
    ]


def mean(sums: np.ndarray, scale: float = 1.0) -> Estimate:
    """Return the mean with the normal interval, from [n, sum, sum of squares] in units of 1 / scale."""
    n, total, squares = (int(value) for value in sums)
    if n == 0:
        return NOBODY
    centre = total / n
    variance = max(squares / n - centre**2, 0.0) / max(n - 1, 1)
    half = Z95 * np.sqrt(variance)
    return Estimate(n, centre / scale, (centre - half) / scale, (centre + half) / scale)


def batch_mean(values: np.ndarray) -> Estimate:
    """Return the mean of values in order of arrival, with the interval of batch means (Student's t).

    Neighbours in a queue wait together: their values depend on each other; means of long batches less so.
    """
    n = len(values)
    if n == 0:
        return NOBODY
    batches = min(BATCHES, n // 2)
    centre = float(values.mean())
    if batches < 2:
        return Estimate(n, centre, np.nan, np.nan)
    means = np.array([batch.mean() for batch in np.array_split(values.astype(float), batches)])
    half = float(student.ppf(0.975, batches - 1) * means.std(ddof=1) / np.sqrt(batches))
    return Estimate(n, centre, centre - half, centre + half)


def share_difference(joint: np.ndarray) -> Estimate:
    """Return the policy's share less the comparator's on the same patients, with the paired interval.

    ``joint``, shape (3, 3): comparator's state by policy's state (absent, no, yes). The interval is Wald's
    with half a patient added to each pair of states (Agresti and Min, Stat Med 2005;24:729-740), so that
    few or no changes are not told as certainty; where not everyone counts under both, by the delta method.
    ``n`` is the policy's denominator.
    """
    return share_differences(joint[None])[0]


def share_differences(joints: np.ndarray) -> list[Estimate]:
    """Return ``share_difference`` of each of many outcomes, from joint counts of shape (outcomes, 3, 3)."""
    before, after = joints[:, NO:].sum(axis=(1, 2)), joints[:, :, NO:].sum(axis=(1, 2))
    with np.errstate(divide="ignore", invalid="ignore"):  # nobody: left out below
        differences, _ = _differences_and_errors(joints.astype(float))
    adjusted = joints.astype(float)
    adjusted[:, NO:, NO:] += 0.5
    centres, errors = _differences_and_errors(adjusted)
    lows, highs = np.maximum(centres - Z95 * errors, -1.0), np.minimum(centres + Z95 * errors, 1.0)
    columns = (before, after, differences, lows, highs)
    return [
        Estimate(n, difference, low, high) if n and others else NOBODY
        for others, n, difference, low, high in zip(*(column.tolist() for column in columns), strict=True)
    ]


def _differences_and_errors(joints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the difference of the shares and its standard error, by outcome, from the joint counts."""
    before, after = joints.sum(axis=2), joints.sum(axis=1)
    n_before, n_after = before[:, NO] + before[:, YES], after[:, NO] + after[:, YES]
    p_before, p_after = before[:, YES] / n_before, after[:, YES] / n_after
    nothing = np.zeros(len(joints))
    residual_before = np.stack([nothing, -p_before, 1 - p_before], axis=1) / n_before[:, None]
    residual_after = np.stack([nothing, -p_after, 1 - p_after], axis=1) / n_after[:, None]
    residuals = residual_after[:, None, :] - residual_before[:, :, None]
    return p_after - p_before, np.sqrt((joints * residuals**2).sum(axis=(1, 2)))


def product_limit(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Return survival and Greenwood's standard error by whole day, and n.

    ``counts``, shape (days + 1, 2): deaths and censorings on each day; a censoring on the day of a death
    was still at risk.
    """
    died, left = counts[:, 0], counts.sum(axis=1)
    n = int(left.sum())
    at_risk = n - np.concatenate([[0], np.cumsum(left)[:-1]])
    with np.errstate(divide="ignore", invalid="ignore"):
        survival = np.cumprod(np.where(at_risk > 0, 1 - died / np.maximum(at_risk, 1), 1.0))
        step = np.where(died > 0, died / (at_risk * np.maximum(at_risk - died, 1e-300)), 0.0)
    error = np.where(survival > 0, survival * np.sqrt(np.cumsum(np.where(survival > 0, step, 0.0))), 0.0)
    return survival, error, n


def survival(counts: np.ndarray, day: float) -> Estimate:
    """Return the product-limit survival at a day, log-log interval, from shape (folds, days + 1, 2)."""
    return survivals(counts, [day])[0]


def survivals(counts: np.ndarray, days: Sequence[float]) -> list[Estimate]:
    """Return the product-limit survival at each of some days."""
    curve, error, n = product_limit(counts.sum(axis=0))
    if n == 0:
        return [NOBODY for _ in days]
    found = []
    for day in days:
        k = min(int(np.floor(day)), len(curve) - 1)
        s, se = float(curve[k]), float(error[k])
        if not 0.0 < s < 1.0:
            found.append(Estimate(n, s, s, s))
            continue
        width = Z95 * se / (s * abs(np.log(s)))
        found.append(Estimate(n, s, float(s ** np.exp(width)), float(s ** np.exp(-width))))
    return found


def survival_differences(counts: np.ndarray, comparator: np.ndarray, days: Sequence[float]) -> list[Estimate]:
    """Return the product-limit survivals less the comparator's at some days, by the paired jackknife."""
    total, other = counts.sum(axis=0), comparator.sum(axis=0)
    n = int(total.sum())
    if n == 0 or other.sum() == 0:
        return [NOBODY for _ in days]
    whole = _curves(total) - _curves(other)
    without = _curves(total - counts) - _curves(other - comparator)
    folds, found = len(counts), []
    for day in days:
        k = min(int(np.floor(day)), len(total) - 1)
        centre, left_out = float(whole[k]), without[:, k]
        half = Z95 * np.sqrt((folds - 1) / folds * ((left_out - left_out.mean()) ** 2).sum())
        found.append(Estimate(n, centre, centre - half, centre + half))
    return found


def _curves(counts: np.ndarray) -> np.ndarray:
    """Return the product-limit survival by day, shape (..., days + 1), from shape (..., days + 1, 2)."""
    died = counts[..., 0]
    left = died + counts[..., 1]
    at_risk = np.cumsum(left[..., ::-1], axis=-1)[..., ::-1]
    curves: np.ndarray = np.cumprod(1 - died / np.maximum(at_risk, 1), axis=-1)
    return curves
