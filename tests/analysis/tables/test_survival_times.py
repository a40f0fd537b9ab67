"""Median survival, restricted means and differences of means: by hand, by closed forms and by statsmodels."""

import math

import numpy as np
import pytest
from helpers.endpoint_makers import endpoint, followed
from scipy.integrate import quad
from statsmodels.duration.survfunc import SurvfuncRight

from analysis.tables.endpoints import precision, published_interval, simulated
from analysis.tables.validation import compare_endpoint, measure
from sim.counting.samples import CENSORED, COMPETING, EVENT, FOLDS, Sample
from sim.patient import YEAR_DAYS

MONTH = YEAR_DAYS / 12
MEDIAN = {"outcome": "median_survival", "of": "overall_survival", "horizon_years": None, "published": 30.0}
MEAN = {"outcome": "mean", "of": "survival_months", "horizon_years": None}
AREA = {"outcome": "restricted_mean", "of": "overall_survival", "horizon_years": 5.0}


def months(days, kinds):
    """Return a sample of days given in months; kinds: 1 event, 0 censored, 2 death that is no event."""
    n = len(days)
    return Sample(np.array(days, float) * MONTH, np.array(kinds, np.int8), np.arange(n) % FOLDS)


def exponential(n, median_years, followed_years=8.0, seed=1):
    rng = np.random.default_rng(seed)
    days = rng.exponential(median_years / math.log(2), n) * YEAR_DAYS
    last = followed_years * YEAR_DAYS
    return Sample(
        np.minimum(days, last), np.where(days <= last, EVENT, CENSORED).astype(np.int8), np.arange(n) % FOLDS
    )


# The median


def test_the_median_by_hand():
    # At risk 8, 7, 5, 4, 2: survival 7/8, 3/4, 3/5, 9/20; a half is passed at 20 months.
    side = months([3, 6, 9, 12, 20, 25, 30, 40], [1, 1, 0, 1, 1, 0, 2, 0])
    assert simulated(endpoint(**MEDIAN), side, None) == pytest.approx(20)
    # Half of four are left after the second, no censoring: the first day on which survival is a half.
    assert simulated(endpoint(**MEDIAN), months([1, 2, 3, 4], [1, 1, 1, 1]), None) == pytest.approx(2)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("n", [15, 60, 401])
def test_the_median_and_its_interval_are_those_of_statsmodels_on_the_log_log_scale(n, seed):
    side = followed(np.random.default_rng(seed), n, event=0.25)
    by_statsmodels = SurvfuncRight(side.value, (side.kind == EVENT).astype(int))
    # Its own quantile is the first day below a half, as SAS has it; here it is the first at most a half.
    reached = by_statsmodels.surv_times[by_statsmodels.surv_prob <= 0.5 + 1e-9]
    wanted = reached[0] / MONTH if len(reached) else math.inf
    assert simulated(endpoint(**MEDIAN), side, None) == pytest.approx(wanted)
    with np.errstate(all="ignore"):  # where nobody is left
        low, high = by_statsmodels.quantile_ci(0.5, method="cloglog")
    assert precision(endpoint(**MEDIAN), side, None).bounds == pytest.approx((low / MONTH, high / MONTH))


def test_the_medians_interval_holds_the_true_median_as_often_as_it_says():
    held = []
    for seed in range(400):
        low, high = precision(endpoint(**MEDIAN), exponential(120, 3.0, seed=seed), None).bounds
        held.append(low <= 36 <= high)
    assert 0.92 <= np.mean(held) <= 0.98


def test_a_median_that_is_not_reached_is_not_comparable():
    side = exponential(300, 30.0)
    found = compare_endpoint(endpoint(**MEDIAN, n=100), side, None)
    assert (found.value, found.comparable, found.inside) == (math.inf, False, False)
    reached = compare_endpoint(endpoint(**MEDIAN | {"published": 40.0}, n=100), exponential(3000, 3.0), None)
    assert reached.comparable
    assert reached.interval() == precision(reached.endpoint, exponential(3000, 3.0), None).bounds


def test_a_published_median_with_its_n_has_the_interval_of_so_many_patients_with_that_curve():
    # Of an exponential curve the times at survival s are in proportion to -log s; a half is at log 2.
    n, side = 80, exponential(200_000, 3.0, followed_years=60.0)
    low, high = published_interval(endpoint(**MEDIAN | {"published": 20.0}, n=n), side)
    reach = math.exp(1.959964 / (math.sqrt(n) * math.log(2)))
    assert (low, high) == pytest.approx((20 / reach, 20 * reach), rel=0.01)


# Restricted means


def test_a_restricted_mean_by_hand():
    # Survival is 1 to 12 months, 2/3 to 24 (one censored there), then 0 at 36: 1 + 2/3 + 2/3 years.
    side = months([12, 24, 36], [1, 0, 1])
    assert simulated(endpoint(**AREA), side, None) == pytest.approx(7 / 3)
    assert simulated(endpoint(**AREA | {"horizon_years": 1.5}), side, None) == pytest.approx(1 + 0.5 * 2 / 3)


@pytest.mark.parametrize("horizon", [1.0, 5.0, 8.0])
def test_a_restricted_mean_is_the_area_under_the_survival_function(horizon):
    side = exponential(100_000, 3.0)
    wanted, _ = quad(lambda t: 0.5 ** (t / 3.0), 0, horizon)
    found = compare_endpoint(endpoint(**AREA | {"horizon_years": horizon}, low=0.1, high=8), side, None)
    assert found.value == pytest.approx(wanted, abs=4 * found.error)
    # Without censoring before the horizon it is the mean of the times up to it, with that error.
    capped = np.minimum(side.value / YEAR_DAYS, horizon)
    assert found.value == pytest.approx(capped.mean())
    assert found.error == pytest.approx(capped.std() / math.sqrt(len(capped)), rel=0.5)


def test_a_restricted_mean_where_nobody_dies_is_the_horizon_and_no_certainty():
    side = Sample(np.full(98, 9 * YEAR_DAYS), np.full(98, CENSORED, np.int8), np.arange(98) % FOLDS)
    found = compare_endpoint(endpoint(**AREA, low=4.0, high=5.0), side, None)
    assert (found.value, found.error) == (pytest.approx(5.0), pytest.approx(5 / 100))


def test_whoever_dies_of_something_else_is_censored_in_a_time_to_an_event():
    side = months([12, 24, 36], [1, 2, 1])
    here = endpoint(**AREA | {"of": "local_recurrence"})
    assert simulated(here, side, None) == pytest.approx(7 / 3)
    assert here.event == "local_recurrence"
    assert (side.kind == COMPETING).sum() == 1


# Differences


def difference(**more):
    return endpoint(**more, ratio="difference", against="b", low=-9, high=9)


def test_a_difference_of_means_is_one_mean_less_the_other():
    rng = np.random.default_rng(2)
    one, other = (
        Sample(rng.normal(mean, 5, n), np.full(n, EVENT, np.int8), np.arange(n) % FOLDS)
        for mean, n in ((30, 900), (26, 700))
    )
    here = difference(**MEAN)
    assert simulated(here, one, other) == pytest.approx(one.value.mean() - other.value.mean())
    errors = []
    for _ in range(60):
        one, other = (
            Sample(rng.normal(mean, 5, n), np.full(n, EVENT, np.int8), np.arange(n) % FOLDS)
            for mean, n in ((30, 900), (26, 700))
        )
        errors.append(precision(here, one, other).error)
    welch = math.sqrt(25 / 900 + 25 / 700)
    assert math.sqrt(np.mean(np.square(errors))) == pytest.approx(welch, rel=0.1)
    assert measure(here) == "mean_difference"


def test_a_difference_of_restricted_means_is_in_life_years():
    one, other = exponential(50_000, 4.0), exponential(50_000, 3.0)
    here = difference(**AREA)
    wanted = [quad(lambda t, years=years: 0.5 ** (t / years), 0, 5)[0] for years in (4.0, 3.0)]
    found = compare_endpoint(here, one, other)
    assert found.value == pytest.approx(wanted[0] - wanted[1], abs=0.03)
    # The same luck on both sides: much less than that of independent arms.
    alone = [precision(endpoint(**AREA), side, None).error for side in (one, other)]
    assert found.error < 0.5 * math.hypot(*alone)
    assert measure(here) == "restricted_mean_difference"


def test_the_same_patients_on_both_sides_differ_by_nothing_and_that_is_no_certainty():
    side = exponential(98, 3.0)
    found = compare_endpoint(difference(**AREA), side, side)
    assert (found.value, found.error) == (0, pytest.approx(math.sqrt(2) * 5 / 100))
    found = compare_endpoint(difference(**MEAN), side, side)
    assert found.error == pytest.approx(math.sqrt(2) * side.value.std() / 100)
    same = Sample(np.full(98, 12.0), np.full(98, EVENT, np.int8), np.arange(98) % FOLDS)
    assert not compare_endpoint(difference(**MEAN), same, same).comparable
