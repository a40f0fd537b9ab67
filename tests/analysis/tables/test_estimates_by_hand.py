"""Estimates of one or two patients, of batches of unlike size, and on fractions of a day, by plain loops."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import t as student

from analysis.tables import estimates

Z = 1.959963984540054
ABSENT, NO, YES = range(3)


def test_one_patient_leaves_wilsons_interval():
    low, high = 1 / (1 + Z**2), Z**2 / (1 + Z**2)
    assert estimates.share(np.array([0, 0, 1])) == pytest.approx((1, 1.0, low, 1.0))
    assert estimates.share(np.array([0, 1, 0])) == pytest.approx((1, 0.0, 0.0, high))


def joint(**counts):
    """Joint counts, as in ``no_yes=3``: no under the comparator, yes under the policy."""
    made = np.zeros((3, 3), int)
    for name, n in counts.items():
        before, after = (("absent", "no", "yes").index(word) for word in name.split("_"))
        made[before, after] = n
    return made


def difference_and_error(counts):
    """The difference of shares and its delta-method error, patient by patient."""
    pairs = [(b, a, float(counts[b, a])) for b in range(3) for a in range(3)]
    n_before, n_after = sum(w for b, _, w in pairs if b), sum(w for _, a, w in pairs if a)
    p_before = sum(w for b, _, w in pairs if b == YES) / n_before
    p_after = sum(w for _, a, w in pairs if a == YES) / n_after
    squares = 0.0
    for b, a, w in pairs:
        before = ((b == YES) - p_before) / n_before if b else 0.0
        after = ((a == YES) - p_after) / n_after if a else 0.0
        squares += w * (after - before) ** 2
    return p_after - p_before, math.sqrt(squares)


def adjusted(counts):
    """The counts with half a patient more in each pair of states."""
    more = np.zeros((3, 3))
    more[NO:, NO:] = 0.5
    return counts + more


def test_a_difference_lies_between_minus_1_and_1():
    up, down = (estimates.share_difference(joint(**{name: 2})) for name in ("no_yes", "yes_no"))
    assert (up.estimate, up.ci_high, down.estimate, down.ci_low) == (1.0, 1.0, -1.0, -1.0)


@pytest.mark.parametrize("name", ["absent_yes", "yes_absent"])
def test_nobody_under_one_policy_is_no_difference(name):
    assert estimates.share_difference(joint(**{name: 5})).n == 0


def test_a_difference_among_partly_different_patients():
    counts = joint(
        no_no=20, no_yes=6, yes_no=11, yes_yes=9, absent_yes=7, absent_no=5, yes_absent=3, absent_absent=8
    )
    one = estimates.share_difference(counts)
    difference, _ = difference_and_error(counts)
    centre, error = difference_and_error(adjusted(counts))
    assert one == pytest.approx((58, difference, centre - Z * error, centre + Z * error))


def jackknife(left_out):
    """The standard error from the estimates without each group."""
    g, centre = len(left_out), sum(left_out) / len(left_out)
    return math.sqrt((g - 1) / g * sum((value - centre) ** 2 for value in left_out))


def unlike_their_neighbours(left_out):
    """Whether neighbours are not alike, so that nothing is added for their likeness."""
    centre = sum(left_out) / len(left_out)
    apart = [value - centre for value in left_out]
    r = sum(a * b for a, b in pairwise(apart)) / sum(a * a for a in apart)
    return r + (1 + 3 * r) / len(apart) < 0


def test_the_jackknife_needs_two_groups():
    assert estimates.jackknife(np.array([1.0, 3.0])) == pytest.approx(1.0)
    assert np.isnan(estimates.jackknife(np.array([1.0])))


def test_a_mean_of_batches_of_unlike_size():
    batches = [[2, 1, 3, 2], [30], [1, 0, 2], [28, 31, 25], [2], [29, 27]]
    values = [value for batch in batches for value in batch]
    left_out = [(sum(values) - sum(batch)) / (len(values) - len(batch)) for batch in batches]
    assert unlike_their_neighbours(left_out)
    sums = np.array([[len(batch), sum(batch), sum(v * v for v in batch)] for batch in batches])
    half = student.ppf(0.975, 5) * jackknife(left_out)
    centre = sum(values) / len(values)
    assert estimates.mean(sums) == pytest.approx((len(values), centre, centre - half, centre + half))


def test_a_difference_of_batches_counts_those_with_patients_under_either_policy():
    cells = ({"absent_yes": 9}, {"no_no": 9, "yes_no": 1}, {"no_yes": 8, "yes_yes": 1})
    cells = (*cells, {"yes_absent": 1, "no_no": 8}, {"no_yes": 9}, {"yes_no": 4, "no_no": 6})
    batches = [joint(**of) for of in cells]
    whole = sum(batches)
    left_out = [difference_and_error(whole - batch)[0] for batch in batches]
    assert unlike_their_neighbours(left_out)
    difference, plain = difference_and_error(whole)
    centre, error = difference_and_error(adjusted(whole))
    assert jackknife(left_out) > plain
    half = student.ppf(0.975, 5) * error * jackknife(left_out) / plain
    one = estimates.share_difference(np.array(batches))
    assert one[1:] == pytest.approx((difference, max(centre - half, -1.0), min(centre + half, 1.0)))


def curve_of(deaths, censorings, day):
    """The product-limit survival at a day."""
    at_risk, alive = sum(deaths) + sum(censorings), 1.0
    for died, left in list(zip(deaths, censorings, strict=True))[: day + 1]:
        alive *= 1 - died / at_risk if at_risk else 1.0
        at_risk -= died + left
    return alive


def test_survival_at_a_fraction_of_a_day_is_that_of_the_day():
    folds = np.array([[[0, 0], [2, 1], [0, 1], [3, 0], [0, 4]], [[0, 0], [1, 0], [0, 1], [1, 1], [0, 3]]])
    other = np.array([[[0, 0], [1, 0], [0, 1], [1, 1], [0, 3]], [[0, 0], [0, 1], [1, 1], [2, 1], [0, 3]]])
    for day in range(5):
        deaths, censorings = folds.sum(axis=0).T.tolist()
        expected = curve_of(deaths, censorings, day)
        for part in (0.0, 0.7):
            (one,) = estimates.survivals(folds, [day + part])
            assert one.estimate == pytest.approx(expected)
            (apart,) = estimates.survival_differences(folds, other, [day + part])
            beside = curve_of(*other.sum(axis=0).T.tolist(), day)
            assert apart.estimate == pytest.approx(expected - beside)


def test_a_difference_of_survival_takes_folds_with_patients_under_either_policy():
    """Without ``by_batch`` the interval is normal; a fold that one policy left empty still counts."""
    folds = np.array([[[0, 0], [20, 10]], [[0, 0], [5, 30]], [[0, 0], [25, 1]], [[0, 0], [2, 20]]])
    other = np.array([[[0, 0], [10, 20]], [[0, 0], [12, 10]], [[0, 0], [0, 0]], [[0, 0], [20, 9]]])
    left_out = [
        curve_of(*(folds.sum(axis=0) - mine).T.tolist(), 1)
        - curve_of(*(other.sum(axis=0) - its).T.tolist(), 1)
        for mine, its in zip(folds, other, strict=True)
    ]
    (one,) = estimates.survival_differences(folds, other, [1])
    assert one.ci_high - one.estimate == pytest.approx(Z * jackknife(left_out))


def test_one_patient_on_a_side_is_compared_and_none_is_not():
    single = np.array([[[0, 0], [0, 1]]])
    many = np.array([[[0, 0], [3, 4]]])
    for mine, other in ((single, many), (many, single)):
        assert estimates.survival_differences(mine, other, [1])[0].n == mine.sum()
        assert estimates.survival_differences(mine, other * 0, [1])[0].n == 0
        assert estimates.survival_differences(mine * 0, other, [1])[0].n == 0


def test_survival_without_batches_has_the_normal_quantile():
    folds = np.array([[[0, 0], [5, 10]], [[0, 0], [10, 5]], [[0, 0], [4, 11]]])
    (one,) = estimates.survivals(folds, [1])
    s = 26 / 45
    width = Z * math.sqrt(s * (1 - s) / 45) / (s * abs(math.log(s)))
    assert (one.ci_low, one.ci_high) == pytest.approx((s ** math.exp(width), s ** math.exp(-width)))
