"""Estimates and 95 % intervals from counts: shares, means, product-limit survival, paired differences.

No interval takes what was not seen for impossible. At 0 and 1 a share has Wilson's score interval (J Am Stat
Assoc 1927;22:209-212), and so has a product-limit survival, on its effective number of patients (Rothman KJ,
J Chronic Dis 1978;31:557-560; Dorey FJ, Korn EL, Stat Med 1987;6:679-687). A paired difference without a
change has half a patient added to each pair of states (Agresti A, Min Y, Stat Med 2005;24:729-740). The mean
of values that are all the same has no interval: they do not say how far from them another could lie.

Patients who queue are not independent: neighbours share their luck. Their counts come by batch, in order of
arrival, on an axis of their own. Leaving out a batch at a time gives the variance (the delete-a-group
jackknife; for a mean, that of batch means). Over the variance of independent patients it is the design
effect, taken for at least 1: the intervals are those of so many times fewer patients, with Student's t of the
batches (Korn EL, Graubard BI, Surv Methodol 1998;24:193-201).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import t as student

from sim.counting.outcomes import NO, YES

Z95 = 1.959963984540054  # the normal quantile of 0.975
MOST_ALIKE = 0.9  # correlation of neighbouring batches


class Estimate(NamedTuple):
    """A number with its 95 % interval and the n it rests on; NaN where there was nobody.

    The bounds alone are NaN where they are not known, as those of a mean of values that are all the same.
    """

    n: int
    estimate: float
    ci_low: float
    ci_high: float


NOBODY = Estimate(0, np.nan, np.nan, np.nan)


def wilson(
    p: np.ndarray | np.floating, n: np.ndarray | np.floating, quantile: np.ndarray | float = Z95
) -> tuple[np.ndarray, np.ndarray]:
    """Return Wilson's interval of shares p of n; n may be an effective number of patients, no whole one.

    From 0 to 1 where n is 0.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = (p + quantile**2 / (2 * n)) / (1 + quantile**2 / n)
        half = quantile / (1 + quantile**2 / n) * np.sqrt(p * (1 - p) / n + quantile**2 / (4 * n**2))
    # The bounds at 0 and 1 are exact, whatever the rounding.
    low = np.where((p == 0) | (n <= 0), 0.0, np.maximum(centre - half, 0.0))
    high = np.where((p == 1) | (n <= 0), 1.0, np.minimum(centre + half, 1.0))
    return low, high


def share(counts: np.ndarray) -> Estimate:
    """Return yes over (no + yes) with Wilson's interval, from [absent, no, yes], or those of each batch."""
    return shares(counts[None])[0]


def shares(counts: np.ndarray) -> list[Estimate]:
    """Return ``share`` of each of many outcomes, from shape (outcomes, 3) or (outcomes, batches, 3)."""
    by_batch = counts[:, None] if counts.ndim == 2 else counts
    yes_of, n_of = by_batch[..., YES].astype(float), by_batch[..., NO:].sum(axis=-1).astype(float)
    yes, n = yes_of.sum(axis=1), n_of.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):  # nobody: left out below
        p = yes / n
        rests_on = n
        quantile: np.ndarray | float = Z95
        if counts.ndim == 3:
            left_out = (yes[:, None] - yes_of) / (n[:, None] - n_of)
            effect, quantile = _dependence(left_out, np.asarray(n_of > 0), p * (1 - p) / n)
            rests_on = n / effect
    lows, highs = wilson(p, rests_on, quantile)
    columns = (n.astype(int), p, lows, highs)
    return [
        Estimate(*numbers) if numbers[0] else NOBODY
        for numbers in zip(*(column.tolist() for column in columns), strict=True)
    ]


def mean(sums: np.ndarray, scale: float = 1.0) -> Estimate:
    """Return the mean with the normal interval, from [n, sum, sum of squares] in units of 1 / scale.

    Of each batch: with Student's t. Values that are all the same have no interval.
    """
    by_batch = sums[None] if sums.ndim == 1 else sums
    n, total, squares = (sum(column) for column in by_batch.T.tolist())
    if n == 0:
        return NOBODY
    centre = total / n
    if n * squares == total**2:  # whole numbers: no rounding
        return Estimate(n, centre / scale, np.nan, np.nan)
    variance = max(squares / n - centre**2, 0.0) / max(n - 1, 1)
    quantile: np.ndarray | float = Z95
    if sums.ndim == 2:
        n_of, total_of = by_batch[:, 0].astype(float), by_batch[:, 1].astype(float)
        with np.errstate(divide="ignore", invalid="ignore"):
            left_out = (total - total_of) / (n - n_of)
        effect, quantile = _dependence(left_out, np.asarray(n_of > 0), variance)
        variance *= effect
    half = quantile * np.sqrt(variance)
    return Estimate(n, *(float(value) / scale for value in (centre, centre - half, centre + half)))


def share_difference(joint: np.ndarray) -> Estimate:
    """Return the policy's share less the comparator's on the same patients, with the paired interval.

    ``joint``, shape (3, 3) or (batches, 3, 3): comparator's state by policy's state (absent, no, yes). The
    interval is Wald's with half a patient added to each pair of states (Agresti and Min), so that few or no
    changes are not reported as certainty; where not everyone counts under both, by the delta method. ``n`` is
    the policy's denominator.
    """
    return share_differences(joint[None])[0]


def share_differences(joints: np.ndarray) -> list[Estimate]:
    """Return ``share_difference`` of many outcomes, shape (outcomes, 3, 3) or (outcomes, batches, 3, 3)."""
    by_batch = joints[:, None] if joints.ndim == 3 else joints
    whole = by_batch.sum(axis=1).astype(float)
    before, after = whole[:, NO:].sum(axis=(1, 2)), whole[:, :, NO:].sum(axis=(1, 2))
    effect: np.ndarray | float = 1.0
    quantile: np.ndarray | float = Z95
    with np.errstate(divide="ignore", invalid="ignore"):  # nobody: left out below
        differences, errors = _differences_and_errors(whole)
        if joints.ndim == 4:
            left_out, _ = _differences_and_errors(whole[:, None] - by_batch)
            counted = np.asarray(
                by_batch[..., NO:, :].any(axis=(2, 3)) | by_batch[..., :, NO:].any(axis=(2, 3))
            )
            effect, quantile = _dependence(left_out, counted, errors**2)
    adjusted = whole.copy()
    adjusted[:, NO:, NO:] += 0.5
    centres, errors = _differences_and_errors(adjusted)
    half = quantile * errors * np.sqrt(effect)
    lows, highs = np.maximum(centres - half, -1.0), np.minimum(centres + half, 1.0)
    columns = (before, after.astype(int), differences, lows, highs)
    return [
        Estimate(n, difference, low, high) if n and others else NOBODY
        for others, n, difference, low, high in zip(*(column.tolist() for column in columns), strict=True)
    ]


def changed(joint: np.ndarray, before: int, after: int) -> np.ndarray:
    """Return the counts [absent, no, yes] of a change from one state to another, shape (..., 3).

    ``joint``, shape (..., 3, 3); all others count as no.
    """
    yes = joint[..., before, after]
    return np.stack([np.zeros_like(yes), joint.sum(axis=(-1, -2)) - yes, yes], axis=-1)


def _differences_and_errors(joints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the difference of the shares and its standard error, from joint counts of shape (..., 3, 3)."""
    before, after = joints.sum(axis=-1), joints.sum(axis=-2)
    n_before, n_after = before[..., NO] + before[..., YES], after[..., NO] + after[..., YES]
    p_before, p_after = before[..., YES] / n_before, after[..., YES] / n_after
    nothing = np.zeros(p_before.shape)
    residual_before = np.stack([nothing, -p_before, 1 - p_before], axis=-1) / n_before[..., None]
    residual_after = np.stack([nothing, -p_after, 1 - p_after], axis=-1) / n_after[..., None]
    residuals = residual_after[..., None, :] - residual_before[..., :, None]
    return p_after - p_before, np.sqrt((joints * residuals**2).sum(axis=(-1, -2)))


def _dependence(
    left_out: np.ndarray, counted: np.ndarray, independent: np.ndarray | float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the design effect of batches, at least 1, and the quantile of Student's t.

    ``left_out``, shape (..., batches): the estimate without each batch; ``counted``: which of them hold
    anybody; ``independent``, shape (...): the variance if patients were independent. Where that is 0, or all
    are in one batch, the batches say nothing of dependence.
    """
    error, quantile = _batch_error(left_out, counted)
    with np.errstate(divide="ignore", invalid="ignore"):
        effect = error**2 / independent
    return np.where(np.isfinite(effect), np.maximum(effect, 1.0), 1.0), quantile


def _batch_error(left_out: np.ndarray, counted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the standard error by batches, and the quantile of Student's t; arguments as of ``_dependence``.

    Batches that are still alike, since a queue outlasts them, are taken for an autoregression of the first
    order: its correlation r, without the bias of few batches (Kendall MG, Biometrika 1954;41:403-404), makes
    the variance (1 + r) / (1 - r) times as large and the degrees of freedom as much fewer (Fishman GS,
    Principles of Discrete Event Simulation, 1978).
    """
    batches = counted.sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = np.where(counted, left_out, 0.0).sum(axis=-1) / batches
        apart = np.where(counted, left_out - centre[..., None], 0.0)
        alike = (apart[..., 1:] * apart[..., :-1]).sum(axis=-1) / (apart**2).sum(axis=-1)
        alike = alike + (1 + 3 * alike) / batches
    alike = np.clip(np.nan_to_num(alike), 0.0, MOST_ALIKE)
    inflation = (1 + alike) / (1 - alike)
    degrees = np.maximum(batches - 1, 1)
    quantile = student.ppf(0.975, np.maximum(degrees / inflation, np.minimum(degrees, 2)))
    return jackknife(left_out, counted) * np.sqrt(inflation), quantile


def jackknife(left_out: np.ndarray, counted: np.ndarray | None = None) -> np.ndarray:
    """Return the standard error of an estimate from its values without each group, shape (..., groups).

    ``counted``, same shape: the groups that hold anybody; None: all do. sqrt((g - 1) / g) times the root of
    the summed squares about their mean (Efron B, The Jackknife, 1982). NaN where all are in one group.
    """
    if counted is None:
        counted = np.ones(left_out.shape, bool)
    groups = counted.sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = np.where(counted, left_out, 0.0).sum(axis=-1) / groups
        squares = np.where(counted, (left_out - centre[..., None]) ** 2, 0.0).sum(axis=-1)
        error = np.sqrt((groups - 1) / groups * squares)
    return np.where(groups > 1, error, np.nan)


def product_limit(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Return survival and Greenwood's standard error by whole day, and n.

    ``counts``, shape (days + 1, 2): deaths and censorings on each day; a censoring on the day of a death
    was still at risk.
    """
    died, at_risk = counts[:, 0], _at_risk(counts)
    survival = _curves(counts)
    # Where the last of those at risk died, survival and its error are 0.
    step = died / np.maximum(at_risk * (at_risk - died), 1)
    error = survival * np.sqrt(np.cumsum(step))
    return survival, error, int(counts.sum())


def survival(counts: np.ndarray, day: float) -> Estimate:
    """Return the product-limit survival at a day, from shape (folds, days + 1, 2)."""
    return survivals(counts, [day])[0]


def survivals(counts: np.ndarray, days: Sequence[float], by_batch: bool = False) -> list[Estimate]:
    """Return the product-limit survival at each of some days, with the log-log interval; at 0 and 1 Wilson's.

    ``counts``, shape (folds, days + 1, 2). ``by_batch``: the folds are batches of patients who queue.
    """
    whole = counts.sum(axis=0)
    curve, error, n = product_limit(whole)
    if n == 0:
        return [NOBODY for _ in days]
    counted = np.asarray(counts.any(axis=(1, 2)))
    without = _curves(whole - counts) if by_batch else None
    found = []
    for day in days:
        k = min(int(np.floor(day)), len(curve) - 1)
        s, se = float(curve[k]), float(error[k])
        effect, quantile = 1.0, Z95
        if without is not None:
            effect, quantile = map(float, _dependence(without[:, k], counted, se**2))
        if 0.0 < s < 1.0:
            width = quantile * se * np.sqrt(effect) / (s * abs(np.log(s)))
            low, high = s ** np.exp(width), s ** np.exp(-width)
        else:
            low, high = wilson(np.float64(s), np.float64(_rests_on(whole, curve, k)), quantile)
        found.append(Estimate(n, s, float(low), float(high)))
    return found


def _rests_on(counts: np.ndarray, curve: np.ndarray, k: int) -> float:
    """Return the effective number of patients that a product-limit survival rests on: at risk over survival.

    Without censoring that is all of them. At 0 it is taken where the last of those at risk died.
    """
    if curve[k] == 0:
        k = int(np.argmin(curve > 0))
    before = curve[k - 1] if k else 1.0
    return float(_at_risk(counts)[k] / before)


def survival_differences(
    counts: np.ndarray, comparator: np.ndarray, days: Sequence[float], by_batch: bool = False
) -> list[Estimate]:
    """Return the product-limit survivals less the comparator's at some days, by the paired jackknife.

    Arguments as of ``survivals``. The error is at least that of a paired difference without a change.
    """
    total, other = counts.sum(axis=0), comparator.sum(axis=0)
    n = int(total.sum())
    if n == 0 or other.sum() == 0:
        return [NOBODY for _ in days]
    curve, beside = _curves(total), _curves(other)
    without = _curves(total - counts) - _curves(other - comparator)
    counted = np.asarray(counts.any(axis=(1, 2)) | comparator.any(axis=(1, 2)))
    found = []
    for day in days:
        k = min(int(np.floor(day)), len(total) - 1)
        rests_on = min(_rests_on(total, curve, k), _rests_on(other, beside, k))
        error = jackknife(without[:, k], counted)
        quantile: np.ndarray | float = Z95
        if by_batch:
            error, quantile = _batch_error(without[:, k], counted)
        error = np.fmax(error, unchanged_error(rests_on))
        centre = float(curve[k] - beside[k])
        low, high = max(centre - quantile * error, -1.0), min(centre + quantile * error, 1.0)
        found.append(Estimate(n, centre, float(low), float(high)))
    return found


def unchanged_error(n: float) -> float:
    """Return the standard error of a paired difference of shares of n patients of whom none changed."""
    return 1.0 / (n + 2.0)


def _at_risk(counts: np.ndarray) -> np.ndarray:
    """Return how many are at risk on each day, shape (..., days + 1), from shape (..., days + 1, 2)."""
    left = counts.sum(axis=-1)
    at_risk: np.ndarray = np.cumsum(left[..., ::-1], axis=-1)[..., ::-1]
    return at_risk


def _curves(counts: np.ndarray) -> np.ndarray:
    """Return the product-limit survival by day, shape (..., days + 1), from shape (..., days + 1, 2)."""
    curves: np.ndarray = np.cumprod(1 - counts[..., 0] / np.maximum(_at_risk(counts), 1), axis=-1)
    return curves
