"""Estimates and their intervals by hand, by other libraries and by coverage, above all at 0 and 1."""

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import binom, norm
from scipy.stats import t as student
from statsmodels.duration.survfunc import SurvfuncRight
from statsmodels.stats.proportion import proportion_confint

from analysis.tables.estimates import (
    changed,
    jackknife,
    mean,
    share,
    share_difference,
    share_differences,
    shares,
    survival,
    survival_differences,
    survivals,
)
from sim.counting.batches import Z95, gamma_half_above, new_scratch, student_quantile
from sim.counting.batches import jackknife as jackknife_of
from sim.counting.estimates import product_limit, wilson
from sim.counting.outcomes import NO, YES
from sim.counting.tally import BATCHES, batch_stops

Z = norm.ppf(0.975)


def states(yes, n):
    return np.array([0, n - yes, yes])


def timed(died, left, days=10, folds=1):
    """Counts by day and fold; ``died`` and ``left``: (day, fold) of each patient."""
    counts = np.zeros((folds, days + 1, 2), int)
    for kind, who in enumerate((died, left)):
        for day, fold in who:
            counts[fold, day, kind] += 1
    return counts


# Shares


@pytest.mark.parametrize(("n", "p"), [(50, 0.002), (50, 0.02), (200, 0.005), (1000, 0.0005), (30, 0.1)])
def test_a_share_near_0_or_1_is_held_as_often_as_the_interval_says(n, p):
    # Over all that a binomial can give, by its probabilities: no simulation is needed.
    for truth in (p, 1 - p):
        yes = np.arange(n + 1)
        found = shares(np.stack([np.zeros_like(yes), n - yes, yes], axis=1))
        held = [one.ci_low <= truth <= one.ci_high for one in found]
        assert binom.pmf(yes, n, truth) @ held > 0.89
    # Wald's interval, which has no width at 0, holds it in none of those.
    assert binom.pmf(0, n, p) > 0.04


def test_no_event_in_n_leaves_as_much_open_as_wilson_says():
    one = share(states(0, 1000))
    assert (one.estimate, one.ci_low) == (0, 0)
    assert one.ci_high == pytest.approx(Z**2 / (1000 + Z**2), rel=1e-6)
    assert share(states(1000, 1000)).ci_low == pytest.approx(1 - one.ci_high)


def test_the_bounds_at_0_and_1_are_exact_and_nobody_leaves_everything_open():
    for n in (3, 100, 20_000, 70_001):
        assert share(states(n, n)).ci_high == 1
        assert share(states(0, n)).ci_low == 0
    assert wilson(0.5, 0.0, Z95) == (0, 1)


def test_nobody_in_one_outcome_leaves_the_others_as_they_are():
    joint = np.diag([0, 3, 4])
    for found, alone in (
        (shares(np.stack([states(0, 0), states(2, 5)])), share(states(2, 5))),
        (share_differences(np.stack([joint * 0, joint])), share_difference(joint)),
    ):
        assert found[0].n == 0 and np.isnan(found[0][1:]).all()
        assert found[1] == alone
    for one in survivals(timed([], []), [1, 2]):
        assert one.n == 0 and np.isnan(one[1:]).all()


# Means


def sums(values):
    values = np.asarray(values)
    return np.array([len(values), values.sum(), (values**2).sum()])


def test_a_mean_has_the_normal_interval_in_its_unit():
    one = mean(sums([2, 4, 4, 10]), 2.0)
    # Mean 5, population variance 9, standard error sqrt(9 / 3): in halves.
    assert one.n == 4
    assert one[1:] == pytest.approx((2.5, (5 - Z * 3**0.5) / 2, (5 + Z * 3**0.5) / 2))


def test_two_patients_are_the_fewest_with_an_interval():
    one = mean(sums([0, 1]))
    assert one == pytest.approx((2, 0.5, 0.5 - Z / 2, 0.5 + Z / 2))
    assert mean(sums([6, 6, 6]), 4.0).estimate == 1.5


@pytest.mark.parametrize("values", [[7], [3, 3, 3, 3], [0] * 1000])
def test_values_that_are_all_the_same_do_not_say_how_far_another_lies(values):
    for of in (sums(values), np.stack([sums(values), sums(values)])):
        one = mean(of)
        assert one.estimate == values[0]
        assert np.isnan(one.ci_low) and np.isnan(one.ci_high)


def test_the_mean_of_nobody_is_none():
    assert mean(np.zeros(3, int)).n == 0
    assert np.isnan(mean(np.zeros((30, 3), int)).estimate)


# Product limit


def limits(counts):
    """The survival and Greenwood's error on each day of counts of one fold."""
    flat = counts[0].ravel().astype(float)
    survival, error, _ = np.array([product_limit(flat, day) for day in range(len(counts[0]))]).T
    return survival, error


def test_survival_by_hand_with_its_log_log_interval():
    # Six at risk, one dies on day 2; one leaves on day 2, four at risk on day 4, one dies.
    counts = timed([(2, 0), (4, 0)], [(2, 0), (5, 0), (7, 0), (9, 0)])
    curve, error = limits(counts)
    assert curve[[1, 2, 3, 4, 10]] == pytest.approx([1, 5 / 6, 5 / 6, 5 / 8, 5 / 8])
    greenwood = 5 / 8 * (1 / (6 * 5) + 1 / (4 * 3)) ** 0.5
    assert error[4] == pytest.approx(greenwood)
    assert survival(counts, 4).n == 6
    one = survival(counts, 4.7)
    scale = np.log(-np.log(5 / 8)), Z * greenwood / (5 / 8) / abs(np.log(5 / 8))
    assert one.ci_low == pytest.approx(np.exp(-np.exp(scale[0] + scale[1])))
    assert one.ci_high == pytest.approx(np.exp(-np.exp(scale[0] - scale[1])))


def test_survival_of_0_and_1_without_censoring_has_wilsons_interval():
    alive = survival(timed([], [(9, 0)] * 20), 5)
    assert (alive.n, alive.estimate, alive.ci_high) == (20, 1, 1)
    assert alive.ci_low == pytest.approx(proportion_confint(20, 20, method="wilson")[0])
    dead = survival(timed([(k, 0) for k in range(1, 9)], []), 9)
    assert (dead.n, dead.estimate, dead.ci_low) == (8, 0, 0)
    assert dead.ci_high == pytest.approx(proportion_confint(0, 8, method="wilson")[1])


def test_survival_begins_at_1_with_no_error_and_ends_at_0_with_none():
    curve, error = limits(timed([(2, 0), (4, 0)], []))
    assert curve[[0, 1, 2, 4, 10]].tolist() == [1, 1, 0.5, 0, 0]
    assert error[[0, 1, 4, 10]].tolist() == [0, 0, 0, 0]
    assert error[2] == pytest.approx(0.125**0.5)
    at_once = survival(timed([(3, 0)], [(9, 0)] * 19), 0.5)
    assert at_once.ci_low == pytest.approx(proportion_confint(20, 20, method="wilson")[0])
    alone = survival(timed([], [(9, 0)]), 5)
    assert (alone.n, alone.estimate) == (1, 1)
    assert alone.ci_low == pytest.approx(1 / (1 + Z**2))
    dead_on_day_0 = survival(timed([(0, 0)] * 4, []), 0)
    assert dead_on_day_0.ci_high == pytest.approx(Z**2 / (4 + Z**2))


def test_survival_of_1_rests_on_those_who_are_still_at_risk():
    censored = timed([], [(2, 0)] * 15 + [(9, 0)] * 5)
    assert survival(censored, 2).ci_low == pytest.approx(proportion_confint(20, 20, method="wilson")[0])
    assert survival(censored, 3).ci_low == pytest.approx(proportion_confint(5, 5, method="wilson")[0])
    nobody_left = survival(censored, 10)
    assert (nobody_left.estimate, nobody_left.ci_low, nobody_left.ci_high) == (1, 0, 1)


def test_survival_of_0_rests_on_those_at_risk_at_the_last_death():
    # Four of eight leave; of the four who stay two die, then the last two: at risk 2, survival before 1/2.
    counts = timed([(3, 0), (3, 0), (6, 0), (6, 0)], [(2, 0)] * 4)
    one = survival(counts, 8)
    assert one.ci_high == pytest.approx(proportion_confint(0, 2 / 0.5, method="wilson")[1])


def test_survival_near_0_and_1_is_held_as_often_as_the_interval_says():
    rng = np.random.default_rng(1)
    day = 6
    for hazard in (0.002, 0.7):
        held, without_width = [], 0
        for _ in range(600):
            death = np.ceil(rng.exponential(1 / hazard, 60)).astype(int)
            left = np.where(rng.random(60) < 0.5, 10, rng.integers(1, 10, 60))
            counts = np.zeros((1, 11, 2), int)
            np.add.at(counts[0], (np.minimum(death, left), (death > left).astype(int)), 1)
            one = survival(counts, day)
            oracle = SurvfuncRight(np.minimum(death, left), (death <= left).astype(int))
            place = np.searchsorted(oracle.surv_times, day, side="right") - 1
            assert one.estimate == pytest.approx(oracle.surv_prob[place] if place >= 0 else 1, abs=1e-12)
            held.append(one.ci_low <= np.exp(-hazard * day) <= one.ci_high)
            without_width += one.estimate in (0, 1)
        assert without_width > 60  # where the interval used to have none
        assert 0.92 <= np.mean(held) <= 0.995


# Differences


def test_a_survival_difference_has_the_jackknifes_error_by_hand():
    # Four folds of two patients. Who dies early, by fold: of the policy 1, 0, 0, 0; of the other 1, 1, 0, 0.
    policy = timed([(3, 0)], [(9, 0)] + [(9, k) for k in (1, 1, 2, 2, 3, 3)], folds=4)
    other = timed([(3, 0), (3, 1)], [(9, k) for k in (0, 1, 2, 2, 3, 3)], folds=4)
    (one,) = survival_differences(policy, other, [5])
    left_out = np.array([1 - 5 / 6, 5 / 6 - 5 / 6, 5 / 6 - 4 / 6, 5 / 6 - 4 / 6])
    error = (3 / 4 * ((left_out - left_out.mean()) ** 2).sum()) ** 0.5
    assert one.estimate == pytest.approx(1 / 8)
    assert one.n == 8
    assert error == pytest.approx(1 / 8)
    assert (one.ci_low, one.ci_high) == pytest.approx((1 / 8 - Z / 8, 1 / 8 + Z / 8))


@pytest.mark.parametrize("died", [[], [(3, k) for k in range(4)]])
def test_a_survival_difference_without_a_change_is_no_certainty(died):
    counts = timed(died, [(9, k % 4) for k in range(40 - len(died))], folds=4)
    (one,) = survival_differences(counts, counts, [5])
    joint = np.diag([0, 0, 40])
    assert one.estimate == 0
    assert one[2:] == pytest.approx(share_difference(joint)[2:])


def test_the_smaller_side_decides_what_no_change_leaves_open():
    few, many = timed([], [(9, 0)] * 8), timed([], [(9, 0)] * 48)
    for sides in ((few, many), (many, few)):
        (one,) = survival_differences(*sides, [5])
        assert one.ci_high == pytest.approx(Z / 10)


def test_a_fold_in_which_one_side_has_nobody_still_counts():
    policy = timed([(3, 0)] * 30, [(9, 0)] * 70 + [(9, 1)] * 100, folds=3)
    other = timed([], [(9, k) for k in (0, 1, 2)] * 100, folds=3)
    (one,) = survival_differences(policy, other, [5])
    left_out = np.array([0, -0.3, -0.15])
    error = (2 / 3 * ((left_out - left_out.mean()) ** 2).sum()) ** 0.5
    assert one[1:] == pytest.approx((-0.15, -0.15 - Z * error, -0.15 + Z * error))
    nobody = np.concatenate([policy, np.zeros((5, 11, 2), int)])
    (same,) = survival_differences(nobody, np.concatenate([other, np.zeros((5, 11, 2), int)]), [5])
    assert same == pytest.approx(one)


def test_nobody_to_compare_with_is_no_difference():
    counts = timed([], [(9, 0)])
    assert survival_differences(counts, np.zeros_like(counts), [5])[0].n == 0
    assert survival_differences(np.zeros_like(counts), counts, [5])[0].n == 0


def test_the_changes_of_a_joint_count():
    joint = np.array([[1, 2, 3], [4, 50, 6], [7, 8, 90]])
    assert changed(joint, YES, NO).tolist() == [0, 171 - 8, 8]
    assert changed(np.stack([joint, joint]), NO, YES).tolist() == [[0, 165, 6]] * 2


# Batches


def test_batches_are_thirty_of_even_size_in_order():
    assert batch_stops(3000) == list(range(100, 3001, 100))
    sizes = np.diff([0, *batch_stops(1003)])
    assert (len(sizes), sizes.sum()) == (BATCHES, 1003)
    assert sizes.max() - sizes.min() <= 1
    assert [len(batch_stops(n)) for n in (1, 2, 3, 4, 59, 60, 61)] == [1, 1, 1, 2, 29, 30, 30]
    assert min(np.diff([0, *batch_stops(59)])) == 2


def test_the_jackknife_of_a_mean_is_its_standard_error():
    values = np.random.default_rng(1).normal(size=12)
    left_out = (values.sum() - values) / 11
    assert jackknife(left_out) == pytest.approx(values.std(ddof=1) / 12**0.5)
    some = np.arange(12) < 9
    scratch = new_scratch(12, 0)
    scratch.left_out[:] = np.where(some, (values[some].sum() - values) / 8, 0.0)
    scratch.counted[:] = some
    assert jackknife_of(scratch) == pytest.approx(values[some].std(ddof=1) / 9**0.5)
    scratch.counted[1:] = 0.0
    assert np.isnan(jackknife_of(scratch))


@pytest.mark.parametrize("degrees", [1.0, 1.05, 2.0, 3.7, 10.0, 29.0, 400.0])
def test_the_quantile_of_students_t_is_scipys(degrees):
    assert student_quantile(degrees) == pytest.approx(student.ppf(0.975, degrees), rel=1e-13)


@pytest.mark.parametrize("n", [1, 2, 7, 19, 20, 21, 60, 500])
def test_the_gamma_function_a_half_above_is_that_of_central_binomials(n):
    exact = math.sqrt(math.pi) * float(Fraction(n * math.comb(2 * n, n), 4**n))
    assert gamma_half_above(float(n)) == pytest.approx(exact, rel=1e-15)
    assert gamma_half_above(n + 0.5) == pytest.approx(n / exact, rel=1e-15)


ALTERNATING = np.tile([2, 8], 15)  # of 10 in a batch: apart, and neighbours not alike


def by_batch(yes, n=10):
    yes = np.asarray(yes)
    return np.stack([np.zeros_like(yes), n - yes, yes], axis=1)


def test_the_share_of_batches_rests_on_so_many_times_fewer_patients():
    one = share(by_batch(ALTERNATING))
    variance = ALTERNATING.var(ddof=1) / 30 / 100
    effect = variance / (0.25 / 300)
    assert effect > 1
    t = student.ppf(0.975, 29)
    n = 300 / effect
    centre, half = 0.5, t / (1 + t**2 / n) * (0.25 / n + t**2 / (4 * n**2)) ** 0.5
    assert one.n == 300
    assert (one.ci_low, one.ci_high) == pytest.approx((centre - half, centre + half))


@pytest.mark.parametrize("yes", [np.full(30, 5), np.tile([4, 6], 15)])
def test_batches_less_apart_than_chance_count_as_independent(yes):
    t = student.ppf(0.975, 29)
    one = share(by_batch(yes))
    n = 300
    half = t / (1 + t**2 / n) * (0.25 / n + t**2 / (4 * n**2)) ** 0.5
    assert (one.ci_low, one.ci_high) == pytest.approx((0.5 - half, 0.5 + half))
    none = share(by_batch(np.zeros(30, int)))
    assert (none.estimate, none.ci_low) == (0, 0)
    assert none.ci_high == pytest.approx(t**2 / (300 + t**2))


def test_batches_that_are_still_alike_widen_the_interval():
    yes = np.repeat([2, 8, 2, 8, 2, 8], 5)  # a queue of five batches
    apart = yes - 5.0
    alike = (apart[1:] * apart[:-1]).sum() / (apart**2).sum()
    assert alike == pytest.approx((24 - 5) / 30)
    alike += (1 + 3 * alike) / 30
    inflation = (1 + alike) / (1 - alike)
    one = mean(np.stack([np.full(30, 10), yes, yes], axis=1))
    error = (yes.var(ddof=1) / 30 / 100 * inflation) ** 0.5
    t = student.ppf(0.975, max(29 / inflation, 2))
    assert one[1:] == pytest.approx((0.5, 0.5 - t * error, 0.5 + t * error))
    even = mean(np.stack([np.full(30, 10), ALTERNATING, ALTERNATING], axis=1))
    assert one.ci_high - one.ci_low > 2 * (even.ci_high - even.ci_low)


def test_batches_that_only_drift_are_taken_for_a_correlation_of_nine_tenths_at_most():
    yes = np.arange(30)
    one = mean(np.stack([np.full(30, 50), yes, yes], axis=1))
    error = yes.std(ddof=1) / 50 / 30**0.5 * 19**0.5
    assert one.ci_high - one.estimate == pytest.approx(student.ppf(0.975, 2) * error)


def test_means_of_batches_are_those_of_their_patients_with_students_t():
    rng = np.random.default_rng(2)
    values = rng.integers(0, 9, (30, 40)) + 20 * rng.integers(0, 2, (30, 1))
    one = mean(np.stack([sums(batch) for batch in values]), 4.0)
    means = values.mean(axis=1)
    apart = means - means.mean()
    alike = (apart[1:] * apart[:-1]).sum() / (apart**2).sum()
    alike = max(alike + (1 + 3 * alike) / 30, 0)
    inflation = (1 + alike) / (1 - alike)
    half = student.ppf(0.975, 29 / inflation) * means.std(ddof=1) / 30**0.5 * inflation**0.5
    assert one.estimate == pytest.approx(values.mean() / 4)
    assert (one.ci_high - one.estimate) * 4 == pytest.approx(half)


def test_a_difference_by_batch_is_wider_where_whole_batches_change():
    joint = np.zeros((30, 3, 3), int)
    joint[:, NO, NO], joint[:, YES, YES] = 50, 40
    joint[::2, YES, NO] = 10
    joint[1::2, NO, NO] += 10
    one, as_if = share_difference(joint), share_difference(joint.sum(axis=0))
    assert one.estimate == as_if.estimate == pytest.approx(-0.05)
    t = student.ppf(0.975, 29)
    per_batch = np.tile([-0.1, 0.0], 15)
    width = (one.ci_high - one.ci_low) / 2
    assert width == pytest.approx(t * per_batch.std(ddof=1) / 30**0.5, rel=0.02)
    assert width > 1.3 * (as_if.ci_high - as_if.ci_low) / 2
    nobody = share_differences(np.zeros((2, 30, 3, 3), int))
    assert [found.n for found in nobody] == [0, 0]


def test_survival_by_batch_has_the_error_of_the_batches():
    counts = np.zeros((30, 11, 2), int)
    counts[::2, 3, 0], counts[::2, 9, 1] = 8, 2
    counts[1::2, 3, 0], counts[1::2, 9, 1] = 2, 8
    (one,) = survivals(counts, [5.0], by_batch=True)
    error = ALTERNATING.std(ddof=1) / 10 / 30**0.5
    width = student.ppf(0.975, 29) * error / (0.5 * np.log(2))
    assert one.estimate == pytest.approx(0.5)
    assert (one.ci_low, one.ci_high) == pytest.approx((0.5 ** np.exp(width), 0.5 ** np.exp(-width)))
    same = np.zeros((30, 11, 2), int)
    same[:, 9, 1], same[:, 3, 0] = 5, 5
    (beside,) = survival_differences(counts, same, [5.0], by_batch=True)
    half = student.ppf(0.975, 29) * error
    assert (beside.ci_low, beside.ci_high) == pytest.approx((-half, half))
    (folds,) = survival_differences(counts, same, [5.0])
    assert folds.ci_high == pytest.approx(Z * error)


def test_a_batch_that_holds_nobody_says_nothing():
    yes = np.tile([2, 8], 6)
    full = np.stack([np.full(12, 10), yes, yes], axis=1)
    gaps = np.concatenate([full, np.zeros((18, 3), int)])
    assert mean(gaps)[1:] == pytest.approx(mean(full)[1:])
    assert share(np.concatenate([by_batch(yes), np.zeros((18, 3), int)])) == pytest.approx(
        share(by_batch(yes))
    )


def test_batches_of_a_single_patient_count():
    one = share(by_batch(np.array([1, 0, 1, 0, 1, 0]), 1))
    # Apart as independent patients are, but for the one that six estimate the mean with.
    effect, t = 6 / 5, student.ppf(0.975, 5)
    n = 6 / effect
    half = t / (1 + t**2 / n) * (0.25 / n + t**2 / (4 * n**2)) ** 0.5
    assert (one.ci_low, one.ci_high) == pytest.approx((0.5 - half, 0.5 + half))


def test_after_the_last_day_the_last_day_is_reported():
    policy, other = timed([(10, 0)], [(10, 0)] * 3), timed([], [(10, 0)] * 4)
    assert survival_differences(policy, other, [10, 99.5])[1].estimate == -0.25
    assert survivals(policy, [10, 99.5])[1].estimate == 0.75


def test_a_difference_of_survivals_lies_between_the_largest_there_can_be():
    dead, alive = timed([(3, 0), (3, 1)], [], folds=2), timed([], [(9, 0), (9, 1)], folds=2)
    (down,), (up,) = survival_differences(dead, alive, [5]), survival_differences(alive, dead, [5])
    assert (down.estimate, down.ci_low) == (-1, -1)
    assert (up.estimate, up.ci_high) == (1, 1)


def test_one_batch_says_nothing_of_dependence_and_as_little_of_its_own_error():
    (one,) = shares(by_batch([3])[None])
    t = student.ppf(0.975, 1)
    low, high = proportion_confint(3, 10, alpha=2 * norm.sf(t), method="wilson")
    assert (one.ci_low, one.ci_high) == pytest.approx((low, high))
