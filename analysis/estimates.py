"""Estimates and 95 % intervals from counts: shares, means, product-limit survival, paired differences."""

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
    n, yes = int(counts[NO] + counts[YES]), int(counts[YES])
    if n == 0:
        return NOBODY
    p = yes / n
    centre = (p + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
    half = Z95 / (1 + Z95**2 / n) * np.sqrt(p * (1 - p) / n + Z95**2 / (4 * n**2))
    return Estimate(n, p, max(centre - half, 0.0), min(centre + half, 1.0))


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
    if joint[NO:].sum() == 0 or joint[:, NO:].sum() == 0:
        return NOBODY
    difference, _ = _difference_and_error(joint)
    adjusted = joint.astype(float)
    adjusted[NO:, NO:] += 0.5
    centre, error = _difference_and_error(adjusted)
    low, high = max(centre - Z95 * error, -1.0), min(centre + Z95 * error, 1.0)
    return Estimate(int(joint[:, NO:].sum()), difference, low, high)


def _difference_and_error(joint: np.ndarray) -> tuple[float, float]:
    """Return the difference of the shares and its standard error, from the joint counts."""
    before, after = joint.sum(axis=1), joint.sum(axis=0)
    n_before, n_after = before[NO] + before[YES], after[NO] + after[YES]
    p_before, p_after = before[YES] / n_before, after[YES] / n_after
    residual_before = np.array([0.0, -p_before, 1 - p_before]) / n_before
    residual_after = np.array([0.0, -p_after, 1 - p_after]) / n_after
    squares = (joint * (residual_after[None, :] - residual_before[:, None]) ** 2).sum()
    return float(p_after - p_before), float(np.sqrt(squares))


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
    curve, error, n = product_limit(counts.sum(axis=0))
    if n == 0:
        return NOBODY
    k = min(int(np.floor(day)), len(curve) - 1)
    s, se = float(curve[k]), float(error[k])
    if not 0.0 < s < 1.0:
        return Estimate(n, s, s, s)
    width = Z95 * se / (s * abs(np.log(s)))
    return Estimate(n, s, float(s ** np.exp(width)), float(s ** np.exp(-width)))


def survival_difference(counts: np.ndarray, comparator: np.ndarray, day: float) -> Estimate:
    """Return the product-limit survival less the comparator's, with the paired jackknife's interval."""
    total, other = counts.sum(axis=0), comparator.sum(axis=0)

    def difference(mine: np.ndarray, theirs: np.ndarray) -> float:
        k = min(int(np.floor(day)), len(mine) - 1)
        return float(product_limit(mine)[0][k] - product_limit(theirs)[0][k])

    if total.sum() == 0 or other.sum() == 0:
        return NOBODY
    centre = difference(total, other)
    folds = len(counts)
    without = np.array([difference(total - counts[f], other - comparator[f]) for f in range(folds)])
    half = Z95 * np.sqrt((folds - 1) / folds * ((without - without.mean()) ** 2).sum())
    return Estimate(int(total.sum()), centre, centre - half, centre + half)
