"""Estimates and 95 % intervals from counts: shares, means, product-limit survival, paired differences.

They are compiled, so that tables and a browser have them from the same code, and work in the arrays that they
are given, all of float64. Counts are of groups of patients: batches of neighbours who queue, folds of a
jackknife, or a single one of all. ``found`` receives n, the estimate and its bounds; NaN where there was
nobody.

No interval takes what was not seen for impossible. At 0 and 1 a share has Wilson's score interval (J Am Stat
Assoc 1927;22:209-212), and so has a product-limit survival, on its effective number of patients (Rothman KJ,
J Chronic Dis 1978;31:557-560; Dorey FJ, Korn EL, Stat Med 1987;6:679-687). A paired difference without a
change has half a patient added to each pair of states (Agresti A, Min Y, Stat Med 2005;24:729-740). The mean
of values that are all the same has no interval: they do not say how far from them another could lie.
"""

import math

import numpy as np

from sim.compiled import compiled
from sim.counting.batches import (
    Z95,
    Scratch,
    add_up,
    batch_error,
    dependence,
    jackknife,
    leave_out,
    note,
    student_quantile,
    sum_of_products,
)
from sim.counting.outcomes import ABSENT, NO, YES

ADDED = 0.5  # patients to each pair of states
STATES = 3  # of an outcome: absent, no, yes
UNTREATED = 0.05 / 1000  # of all patients: what is no more when it is written per 1,000


@compiled
def write_shares(counts: np.ndarray, by_batch: int, scratch: Scratch, found: np.ndarray) -> None:
    """Write yes over (no + yes) with Wilson's interval, shape (outcomes, 4).

    ``counts``: [absent, no, yes], shape (outcomes, groups, 3). ``by_batch``: 1 where the groups are
    batches of patients who queue, else 0.
    """
    whole, rest = scratch.whole, scratch.rest
    for i in range(len(counts)):
        add_up(counts[i], whole)
        n = whole[NO] + whole[YES]
        if n == 0:
            _write(found[i], 0.0, math.nan, math.nan, math.nan)
            continue
        p = whole[YES] / n
        effect, quantile = 1.0, Z95
        if by_batch:
            for k in range(counts.shape[1]):
                leave_out(counts[i, k], whole, rest)
                n_left = rest[NO] + rest[YES]
                note(scratch, k, n_left < n, rest[YES] / n_left if n_left > 0 else math.nan)
            effect, quantile = dependence(scratch, p * (1 - p) / n)
        low, high = wilson(p, n / effect, quantile)
        _write(found[i], n, p, low, high)


@compiled
def write_means(
    counts: np.ndarray, scales: np.ndarray, by_batch: int, scratch: Scratch, found: np.ndarray
) -> None:
    """Write means with the normal interval, by batch with Student's t, shape (amounts, 4).

    ``counts``: [n, sum, sum of squares] of whole numbers in units of 1 / scale, shape (amounts, groups, 3).
    Values that are all the same have no interval.
    """
    whole, rest = scratch.whole, scratch.rest
    for i in range(len(counts)):
        add_up(counts[i], whole)
        n, total, squares = whole[0], whole[1], whole[2]
        if n == 0:
            _write(found[i], 0.0, math.nan, math.nan, math.nan)
            continue
        centre = total / n
        # Of whole numbers that differ, the sum of squares is larger by a half or more.
        if centre == math.floor(centre) and total * centre == squares:
            _write(found[i], n, centre / scales[i], math.nan, math.nan)
            continue
        variance = max(squares / n - centre**2, 0.0) / (n - 1)
        quantile = Z95
        if by_batch:
            for k in range(counts.shape[1]):
                leave_out(counts[i, k], whole, rest)
                note(scratch, k, rest[0] < n, rest[1] / rest[0] if rest[0] > 0 else math.nan)
            effect, quantile = dependence(scratch, variance)
            variance *= effect
        half = quantile * math.sqrt(variance)
        _write(found[i], n, centre / scales[i], (centre - half) / scales[i], (centre + half) / scales[i])


@compiled
def write_group_means(
    counts: np.ndarray, scales: np.ndarray, by_batch: int, scratch: Scratch, found: np.ndarray
) -> None:
    """Write means from the sums of groups alone, without those of squares, shape (amounts, 4).

    By leaving out a group at a time (jackknife), with Student's t; neighbouring batches of a queue are taken
    for an autoregression. ``counts``: [n, sum] in units of 1 / scale, shape (amounts, groups, 2). Of sums
    that are differences between two policies on the same patients the interval is paired.
    """
    whole, rest = scratch.whole, scratch.rest
    for i in range(len(counts)):
        add_up(counts[i], whole)
        n = whole[0]
        if n == 0:
            _write(found[i], 0.0, math.nan, math.nan, math.nan)
            continue
        groups = 0.0
        for k in range(counts.shape[1]):
            leave_out(counts[i, k], whole, rest)
            counted = rest[0] < n
            groups += counted
            note(scratch, k, counted, rest[1] / rest[0] / scales[i] if rest[0] > 0 else math.nan)
        if by_batch:
            error, quantile = batch_error(scratch)
        else:
            error, quantile = jackknife(scratch), student_quantile(max(groups - 1.0, 1.0))
        mean = whole[1] / n / scales[i]
        _write(found[i], n, mean, mean - quantile * error, mean + quantile * error)


@compiled
def write_share_differences(counts: np.ndarray, by_batch: int, scratch: Scratch, found: np.ndarray) -> None:
    """Write the policy's shares less the comparator's on the same patients, shape (outcomes, 4).

    ``counts``, shape (outcomes, groups, 9): three times the comparator's state plus the policy's. The
    interval is Wald's with half a patient added to each pair of states (Agresti and Min), so that few or no
    changes are not reported as certainty; where not everyone counts under both, by the delta method. n is
    the policy's denominator.
    """
    whole, rest = scratch.whole, scratch.rest
    for i in range(len(counts)):
        add_up(counts[i], whole)
        before, after = _under_either(whole)
        if before == 0 or after == 0:
            _write(found[i], 0.0, math.nan, math.nan, math.nan)
            continue
        difference, error = _difference_and_error(whole, scratch.squares)
        effect, quantile = 1.0, Z95
        if by_batch:
            for k in range(counts.shape[1]):
                leave_out(counts[i, k], whole, rest)
                before_left, after_left = _under_either(rest)
                left_out = math.nan
                if before_left > 0 and after_left > 0:
                    left_out, _ = _difference_and_error(rest, scratch.squares)
                note(scratch, k, before_left < before or after_left < after, left_out)
            effect, quantile = dependence(scratch, error**2)
        for both in range(len(whole)):
            if both // STATES != ABSENT and both % STATES != ABSENT:
                whole[both] += ADDED
        centre, error = _difference_and_error(whole, scratch.squares)
        half = quantile * error * math.sqrt(effect)
        _write(found[i], after, difference, max(centre - half, -1.0), min(centre + half, 1.0))


@compiled
def write_changes(counts: np.ndarray, before: int, after: int, changes: np.ndarray) -> None:
    """Write [absent, no, yes] of a change from one state to another, shape (outcomes, groups, 3).

    ``counts`` as of ``write_share_differences``; all others count as no.
    """
    for i in range(len(counts)):
        for k in range(counts.shape[1]):
            total = 0.0
            for both in range(counts.shape[2]):
                total += counts[i, k, both]
            yes = counts[i, k, STATES * before + after]
            changes[i, k, ABSENT] = 0.0
            changes[i, k, NO] = total - yes
            changes[i, k, YES] = yes


@compiled
def write_survivals(
    counts: np.ndarray, days: np.ndarray, by_batch: int, scratch: Scratch, found: np.ndarray
) -> None:
    """Write product-limit survivals at some days, shape (days, 4).

    With the log-log interval; at 0 and 1 with Wilson's. ``counts``, shape (groups, cells): deaths and
    censorings on each whole day, one after the other; a censoring on the day of a death was still at risk.
    After the last day the last day's is written.
    """
    whole, rest = scratch.whole, scratch.rest
    add_up(counts, whole)
    n = _patients(whole)
    for i in range(len(days)):
        if n == 0:
            _write(found[i], 0.0, math.nan, math.nan, math.nan)
            continue
        day = _within(days[i], whole)
        survival, error, rests_on = product_limit(whole, day)
        effect, quantile = 1.0, Z95
        if by_batch:
            for k in range(len(counts)):
                leave_out(counts[k], whole, rest)
                left_out, _, _ = product_limit(rest, day)
                note(scratch, k, _patients(counts[k]) > 0, left_out)
            effect, quantile = dependence(scratch, error**2)
        if 0.0 < survival < 1.0:
            width = quantile * error * math.sqrt(effect) / (survival * abs(math.log(survival)))
            low, high = survival ** math.exp(width), survival ** math.exp(-width)
        else:
            low, high = wilson(survival, rests_on, quantile)
        _write(found[i], n, survival, low, high)


@compiled
def write_survival_differences(
    counts: np.ndarray,
    others: np.ndarray,
    days: np.ndarray,
    by_batch: int,
    scratch: Scratch,
    beside: Scratch,
    found: np.ndarray,
) -> None:
    """Write product-limit survivals less the comparator's at some days, shape (days, 4).

    By the paired jackknife. ``counts`` and ``others``, the comparator's, as of ``write_survivals``. The error
    is at least that of a paired difference without a change.
    """
    add_up(counts, scratch.whole)
    add_up(others, beside.whole)
    n = _patients(scratch.whole)
    nobody = n == 0 or _patients(beside.whole) == 0
    for i in range(len(days)):
        if nobody:
            _write(found[i], 0.0, math.nan, math.nan, math.nan)
            continue
        day = _within(days[i], scratch.whole)
        survival, _, rests_on = product_limit(scratch.whole, day)
        other, _, other_rests_on = product_limit(beside.whole, day)
        for k in range(len(counts)):
            leave_out(counts[k], scratch.whole, scratch.rest)
            leave_out(others[k], beside.whole, beside.rest)
            left_out, _, _ = product_limit(scratch.rest, day)
            other_left_out, _, _ = product_limit(beside.rest, day)
            anybody = _patients(counts[k]) > 0 or _patients(others[k]) > 0
            note(scratch, k, anybody, left_out - other_left_out)
        if by_batch:
            error, quantile = batch_error(scratch)
        else:
            error, quantile = jackknife(scratch), Z95
        least = unchanged_error(min(rests_on, other_rests_on))
        if not error > least:  # nor known
            error = least
        centre = survival - other
        low, high = max(centre - quantile * error, -1.0), min(centre + quantile * error, 1.0)
        _write(found[i], n, centre, low, high)


@compiled
def write_needed(shares: np.ndarray, changes: np.ndarray, comparator: int, found: np.ndarray) -> None:
    """Write the share of patients who have each treatment, and how many more have it for each event averted.

    ``shares``: n and share of each treatment, shape (policies, treatments, 2); n of the first is everybody.
    ``changes``: the share with the event less the comparator's and its bounds, shape (policies, 3); NaN under
    the comparator. ``found``, shape (policies, treatments, 4): the share of everybody; the number needed,
    which is how much larger that is than under the comparator over what is averted, net; its bounds, those of
    what is averted. NaN under the comparator, and where no more are treated, where more are treated in both
    ways, where what is averted may be luck, and where fewer than one is needed: then something else averts.
    """
    treatments = shares.shape[1]
    for i in range(len(shares)):
        for k in range(treatments):
            share = shares[i, k, 1] if shares[i, k, 0] > 0 else 0.0  # of nobody
            _write(found[i, k], share * shares[i, k, 0] / shares[i, 0, 0], math.nan, math.nan, math.nan)
    for i in range(len(shares)):
        ways = 0
        for k in range(treatments):
            ways += found[i, k, 0] - found[comparator, k, 0] > UNTREATED
        averted, least, most = -changes[i, 0], -changes[i, 2], -changes[i, 1]
        for k in range(treatments):
            more = found[i, k, 0] - found[comparator, k, 0]
            if ways == 1 and more > UNTREATED and least > 0 and more >= averted:
                _write(found[i, k], found[i, k, 0], more / averted, more / most, more / least)


@compiled
def wilson(p: float, n: float, quantile: float) -> tuple[float, float]:
    """Return Wilson's interval of a share p of n; n may be an effective number of patients, no whole one.

    From 0 to 1 where n is 0.
    """
    if not n > 0:
        return 0.0, 1.0
    square = quantile**2
    centre = (p + square / (2 * n)) / (1 + square / n)
    half = quantile / (1 + square / n) * math.sqrt(p * (1 - p) / n + square / (4 * n**2))
    # The bounds at 0 and 1 are exact, whatever the rounding.
    low = 0.0 if p == 0 else max(centre - half, 0.0)
    high = 1.0 if p == 1 else min(centre + half, 1.0)
    return low, high


@compiled
def product_limit(counts: np.ndarray, day: int) -> tuple[float, float, float]:
    """Return the product-limit survival at a whole day, Greenwood's standard error, and what it rests on.

    ``counts``: deaths and censorings on each day, one after the other. It rests on those at risk over the
    survival before: without censoring on all patients. At 0 that is taken where the last of those at risk
    died.
    """
    at_risk = _patients(counts)
    survival, before, still, greenwood = 1.0, 1.0, at_risk, 0.0
    for k in range(day + 1):
        if survival > 0:
            before, still = survival, at_risk
        died = counts[2 * k]
        if died > 0:
            survival *= 1 - died / at_risk
            # Where the last of those at risk died, survival and its error are 0.
            greenwood += died / max(at_risk * (at_risk - died), 1.0)
        at_risk -= died + counts[2 * k + 1]
    return survival, survival * math.sqrt(greenwood), still / before


@compiled
def unchanged_error(n: float) -> float:
    """Return the standard error of a paired difference of shares of n patients of whom none changed."""
    return 1.0 / (n + 2.0)


@compiled
def _under_either(joint: np.ndarray) -> tuple[float, float]:
    """Return how many count under the comparator, and under the policy."""
    before, after = 0.0, 0.0
    for both in range(len(joint)):
        if both // STATES != ABSENT:
            before += joint[both]
        if both % STATES != ABSENT:
            after += joint[both]
    return before, after


@compiled
def _difference_and_error(joint: np.ndarray, squares: np.ndarray) -> tuple[float, float]:
    """Return the difference of the shares and its standard error; somebody counts under either."""
    n_before, n_after = _under_either(joint)
    yes_before, yes_after = 0.0, 0.0
    for state in range(STATES):
        yes_before += joint[STATES * YES + state]
        yes_after += joint[STATES * state + YES]
    p_before, p_after = yes_before / n_before, yes_after / n_after
    for both in range(len(joint)):
        before = _residual(both // STATES, p_before, n_before)
        squares[both] = (_residual(both % STATES, p_after, n_after) - before) ** 2
    return p_after - p_before, math.sqrt(sum_of_products(joint, squares))


@compiled
def _residual(state: int, p: float, n: float) -> float:
    if state == ABSENT:
        return 0.0
    return (1 - p) / n if state == YES else -p / n


@compiled
def _patients(counts: np.ndarray) -> float:
    n = 0.0
    for cell in range(len(counts)):
        n += counts[cell]
    return n


@compiled
def _within(day: float, counts: np.ndarray) -> int:
    return min(math.floor(day), len(counts) // 2 - 1)


@compiled
def _write(found: np.ndarray, n: float, estimate: float, low: float, high: float) -> None:
    found[0], found[1], found[2], found[3] = n, estimate, low, high
