"""Estimates and 95 % intervals from the counts of a run, by the formulas of ``sim.counting.estimates``."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sim.counting.batches import Scratch, new_scratch
from sim.counting.batches import jackknife as jackknife_of
from sim.counting.estimates import (
    STATES,
    write_changes,
    write_means,
    write_share_differences,
    write_shares,
    write_survival_differences,
    write_survivals,
)

PER = 1000  # patients


class Estimate(NamedTuple):
    """A number with its 95 % interval and the n it rests on; NaN where there was nobody.

    The bounds alone are NaN where they are not known, as those of a mean of values that are all the same.
    """

    n: int
    estimate: float
    ci_low: float
    ci_high: float


def share(counts: np.ndarray) -> Estimate:
    """Return yes over (no + yes) with Wilson's interval, from [absent, no, yes], or those of each batch."""
    return shares(counts[None])[0]


def shares(counts: np.ndarray) -> list[Estimate]:
    """Return ``share`` of each of many outcomes, from shape (outcomes, 3) or (outcomes, batches, 3)."""
    by_batch = counts.ndim == 3
    given = _given(counts if by_batch else counts[:, None])
    found = np.empty((len(given), len(Estimate._fields)))
    write_shares(given, int(by_batch), _scratch_of(given), found)
    return _estimates(found)


def of_1000(counts: np.ndarray) -> float:
    """Return how many of 1,000 have an outcome, from [absent, no, yes], or those of each batch; NaN: nobody.

    Divided last, so that a half that is to be rounded is a half everywhere.
    """
    _, no, yes = counts.reshape(-1, STATES).sum(axis=0).tolist()
    return PER * yes / (no + yes) if no + yes else np.nan


def mean(sums: np.ndarray, scale: float = 1.0) -> Estimate:
    """Return the mean with the normal interval, from [n, sum, sum of squares] in units of 1 / scale.

    Of each batch: with Student's t. Values that are all the same have no interval.
    """
    by_batch = sums.ndim == 2
    given = _given(sums[None] if by_batch else sums[None, None])
    found = np.empty((1, len(Estimate._fields)))
    write_means(given, np.array([scale], float), int(by_batch), _scratch_of(given), found)
    return _estimates(found)[0]


def share_difference(joint: np.ndarray) -> Estimate:
    """Return the policy's share less the comparator's on the same patients, with the paired interval.

    ``joint``, shape (3, 3) or (batches, 3, 3): comparator's state by policy's state (absent, no, yes). ``n``
    is the policy's denominator.
    """
    return share_differences(joint[None])[0]


def share_differences(joints: np.ndarray) -> list[Estimate]:
    """Return ``share_difference`` of many outcomes, shape (outcomes, 3, 3) or (outcomes, batches, 3, 3)."""
    by_batch = joints.ndim == 4
    given = _given(joints.reshape(len(joints), joints.shape[1] if by_batch else 1, STATES**2))
    found = np.empty((len(given), len(Estimate._fields)))
    write_share_differences(given, int(by_batch), _scratch_of(given), found)
    return _estimates(found)


def changed(joint: np.ndarray, before: int, after: int) -> np.ndarray:
    """Return the counts [absent, no, yes] of a change from one state to another, shape (..., 3).

    ``joint``, shape (..., 3, 3); all others count as no.
    """
    changes = np.empty((1, joint.size // STATES**2, STATES))
    write_changes(_given(joint.reshape(1, -1, STATES**2)), before, after, changes)
    return changes.reshape(*joint.shape[:-2], STATES)


def jackknife(left_out: np.ndarray) -> float:
    """Return the standard error of an estimate from its values without each group, shape (groups,).

    NaN where there is only one.
    """
    scratch = new_scratch(len(left_out), 0)
    scratch.left_out[:], scratch.counted[:] = left_out, 1.0
    return float(jackknife_of(scratch))


def survival(counts: np.ndarray, day: float) -> Estimate:
    """Return the product-limit survival at a day, from shape (folds, days + 1, 2)."""
    return survivals(counts, [day])[0]


def survivals(counts: np.ndarray, days: Sequence[float], by_batch: bool = False) -> list[Estimate]:
    """Return the product-limit survival at each of some days, with the log-log interval; at 0 and 1 Wilson's.

    ``counts``, shape (folds, days + 1, 2): deaths and censorings on each day; a censoring on the day of a
    death was still at risk. ``by_batch``: the folds are batches of patients who queue.
    """
    given = _given(counts.reshape(len(counts), -1))
    found = np.empty((len(days), len(Estimate._fields)))
    write_survivals(given, np.array(days, float), int(by_batch), _scratch_of(given), found)
    return _estimates(found)


def survival_differences(
    counts: np.ndarray, comparator: np.ndarray, days: Sequence[float], by_batch: bool = False
) -> list[Estimate]:
    """Return the product-limit survivals less the comparator's at some days, by the paired jackknife.

    Arguments as of ``survivals``. The error is at least that of a paired difference without a change.
    """
    mine, theirs = (_given(side.reshape(len(side), -1)) for side in (counts, comparator))
    found = np.empty((len(days), len(Estimate._fields)))
    scratches = _scratch_of(mine), _scratch_of(theirs)
    write_survival_differences(mine, theirs, np.array(days, float), int(by_batch), *scratches, found)
    return _estimates(found)


def _given(counts: np.ndarray) -> np.ndarray:
    """Return counts as compiled functions take them; whole numbers below 2**53 stay exact."""
    return np.ascontiguousarray(counts, np.float64)


def _scratch_of(counts: np.ndarray) -> Scratch:
    *_, groups, cells = counts.shape
    return new_scratch(groups, cells)


def _estimates(found: np.ndarray) -> list[Estimate]:
    return [Estimate(int(n), *numbers) for n, *numbers in found.tolist()]
