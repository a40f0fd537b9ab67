"""How far apart estimates are without each group of patients: the error of a jackknife, and of batches.

Patients who queue are not independent: neighbours share their luck. Their counts come by batch, in order of
arrival. Leaving out a batch at a time gives the variance (the delete-a-group jackknife; for a mean, that of
batch means). Over the variance of independent patients it is the design effect, taken for at least 1: the
intervals are those of so many times fewer patients, with Student's t of the batches (Korn EL, Graubard BI,
Surv Methodol 1998;24:193-201).
"""

import math
from typing import NamedTuple

import numpy as np

from sim.compiled import compiled

Z95 = 1.959963984540054  # the normal quantile of 0.975
BOTH_TAILS = 0.05  # beyond the bounds of an interval
MOST_ALIKE = 0.9  # correlation of neighbouring batches
LEAST_STEP = 1e-9  # of a quantile; one of Newton's steps squares it
LEAST_TERM = 1e-17  # of a sum


class Scratch(NamedTuple):
    """Where it is noted what estimates without each group follow from, float64."""

    whole: np.ndarray  # counts of all groups, shape (cells,)
    rest: np.ndarray  # of all but one, shape (cells,)
    squares: np.ndarray  # by cell
    left_out: np.ndarray  # the estimate without the group, shape (groups,)
    counted: np.ndarray  # 1 where the group holds anybody, else 0, shape (groups,)
    apart: np.ndarray  # the estimate without the group less the mean of these, shape (groups,)


def new_scratch(groups: int, cells: int) -> Scratch:
    """Return the scratch of estimates from counts of shape (..., groups, cells)."""
    return Scratch(*(np.empty(n) for n in (cells, cells, cells, groups, groups, groups)))


@compiled
def add_up(counts: np.ndarray, whole: np.ndarray) -> None:
    """Write the counts of all groups, shape (cells,), from shape (groups, cells)."""
    whole[:] = 0.0
    for k in range(len(counts)):
        for cell in range(len(whole)):
            whole[cell] += counts[k, cell]


@compiled
def leave_out(counts: np.ndarray, whole: np.ndarray, rest: np.ndarray) -> None:
    """Write the counts of all groups but one, whose own are given, shape (cells,) each."""
    for cell in range(len(whole)):
        rest[cell] = whole[cell] - counts[cell]


@compiled
def note(scratch: Scratch, group: int, counted: bool, left_out: float) -> None:
    """Note an estimate without a group; of a group that holds nobody it says nothing."""
    scratch.counted[group] = 1.0 if counted else 0.0
    scratch.left_out[group] = left_out if counted else 0.0


@compiled
def jackknife(scratch: Scratch) -> float:
    """Return the standard error of an estimate from its values without each group that counts.

    sqrt((g - 1) / g) times the root of the summed squares about their mean (Efron B, The Jackknife, 1982).
    NaN where all are in one group.
    """
    left_out, counted, apart = scratch.left_out, scratch.counted, scratch.apart
    groups = sum_of_products(counted, counted)
    if groups < 2:
        apart[:] = 0.0
        return math.nan
    centre = sum_of_products(left_out, counted) / groups
    for k in range(len(apart)):
        apart[k] = (left_out[k] - centre) * counted[k]
    return math.sqrt((groups - 1) / groups * sum_of_products(apart, apart))


@compiled
def dependence(scratch: Scratch, independent: float) -> tuple[float, float]:
    """Return the design effect of batches, at least 1, and the quantile of Student's t.

    ``independent``: the variance if patients were independent. Where that is 0, or all are in one batch, the
    batches say nothing of dependence.
    """
    error, quantile = batch_error(scratch)
    effect = 1.0
    if independent > 0 and error**2 > independent:
        effect = error**2 / independent
    return effect, quantile


@compiled
def batch_error(scratch: Scratch) -> tuple[float, float]:
    """Return the standard error by batches, and the quantile of Student's t.

    Batches that are still alike, since a queue outlasts them, are taken for an autoregression of the first
    order: its correlation r, without the bias of few batches (Kendall MG, Biometrika 1954;41:403-404), makes
    the variance (1 + r) / (1 - r) times as large and the degrees of freedom as much fewer (Fishman GS,
    Principles of Discrete Event Simulation, 1978).
    """
    error = jackknife(scratch)
    apart = scratch.apart
    batches = sum_of_products(scratch.counted, scratch.counted)
    squares = sum_of_products(apart, apart)
    alike = 0.0
    if squares > 0:
        alike = sum_of_products(apart[1:], apart[:-1]) / squares
        alike = min(max(alike + (1 + 3 * alike) / batches, 0.0), MOST_ALIKE)
    inflation = (1 + alike) / (1 - alike)
    degrees = max(batches - 1, 1.0)
    quantile = student_quantile(max(degrees / inflation, min(degrees, 2.0)))
    return error * math.sqrt(inflation), quantile


@compiled
def student_quantile(degrees: float) -> float:
    """Return the quantile of 0.975 of Student's t with some degrees of freedom, no whole number perhaps.

    Newton's steps up from the normal quantile, which lies below. The tails follow from the density and the
    series of the incomplete beta function (NIST Digital Library of Mathematical Functions, 8.17.8).
    """
    scale = gamma_half_above(degrees / 2) / math.sqrt(math.pi * degrees)
    quantile = step = Z95
    while step > LEAST_STEP * quantile:
        x = degrees / (degrees + quantile**2)
        density = math.exp((degrees + 1) / 2 * math.log(x)) * scale
        total = term = 1.0
        even = degrees
        while term > LEAST_TERM * total:
            even += 2
            term *= x * (even - 1) / even
            total += term
        tails = density * 2 * quantile / degrees * total
        step = (tails - BOTH_TAILS) / (2 * density)
        quantile += step
    return quantile


@compiled
def sum_of_products(one: np.ndarray, other: np.ndarray) -> float:
    """Return the sum of products, in eight sums side by side: NumPy's order, which rounds less."""
    stop = len(one) - len(one) % 8
    total = 0.0
    if stop > 0:
        total = _quarter(one, other, 0, stop) + _quarter(one, other, 2, stop)
        total += _quarter(one, other, 4, stop) + _quarter(one, other, 6, stop)
    for k in range(stop, len(one)):
        total += one[k] * other[k]
    return total


@compiled
def _quarter(one: np.ndarray, other: np.ndarray, first: int, stop: int) -> float:
    left, right = 0.0, 0.0
    for k in range(first, stop, 8):
        left += one[k] * other[k]
        right += one[k + 1] * other[k + 1]
    return left + right


@compiled
def gamma_half_above(x: float) -> float:
    """Return the gamma function of x + 1/2 over that of x, for x > 0, to a few units in the last place.

    In plain arithmetic: what ``math.lgamma`` returns depends on whether the code is compiled, and on the
    machine's library. By the asymptotic series from x = 20 on, where the first term left out is 2e-17 (NIST
    Digital Library of Mathematical Functions, 5.11.13); below by x / (x + 1/2) times the ratio at x + 1.
    """
    ratio = 1.0
    while x < 20.0:
        ratio *= x / (x + 0.5)
        x += 1.0
    a = 1.0 / x
    series = (
        ((((((((-28717403 / 2**34 * a - 334477 / 2**31) * a + 39325 / 2**25) * a + 869 / 2**22) * a
        - 399 / 2**18) * a - 21 / 2**15) * a + 5 / 2**10) * a + 1 / 2**7) * a - 1 / 2**3) * a + 1.0
    )  # fmt: skip
    return ratio * math.sqrt(x) * series
