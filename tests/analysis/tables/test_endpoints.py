"""The estimators that an emulated trial is read with, against statsmodels and against theory."""

import math

import numpy as np
import pytest
from helpers.endpoint_makers import counted, endpoint, followed
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight
from statsmodels.stats.contingency_tables import Table2x2
from statsmodels.stats.proportion import proportion_confint

from analysis.tables.endpoints import deviation, published_interval, simulated, standard_error
from analysis.tables.validation import compare_endpoint
from conf.condition import read_condition as condition
from experiments.simulating.reading import Reading, sample
from sim.counting.samples import (
    CENSORED,
    COMPETING,
    EVENT,
    FOLDS,
    Sample,
    crude,
    cumulative_incidence,
    hazard_ratio,
    kaplan_meier,
)
from sim.patient import YEAR_DAYS, Cause, new_patients

UNITS = (1e-9, 30.0, 400.0)  # days: no ties, monthly visits, nearly everything tied
Z95 = norm.ppf(0.975)


def step(times, values, day, before):
    """Return a step function's value at a day."""
    place = np.searchsorted(times, day, side="right")
    return before if place == 0 else values[place - 1]


def many(n=60):
    """Return strategies for a small followed sample with ties, censoring and deaths."""
    line = st.tuples(st.integers(1, 12), st.sampled_from([CENSORED, EVENT, COMPETING]))
    return st.lists(line, min_size=1, max_size=n)


def made(lines):
    days, kind = (np.array(part) for part in zip(*lines, strict=True))
    return Sample(days.astype(float), kind.astype(np.int8), np.arange(len(days)) % FOLDS)


# Incidences and survivals


@given(many(), st.integers(0, 13))
@settings(deadline=None)
def test_the_product_limit_estimate_is_that_of_statsmodels(lines, day):
    side = made(lines)
    theirs = SurvfuncRight(side.value, side.kind == EVENT)
    survival = step(theirs.surv_times, theirs.surv_prob, day, 1.0)
    assert kaplan_meier(side, day) == pytest.approx(1 - survival, abs=1e-12)


@given(many(), st.integers(0, 13))
@settings(deadline=None)
def test_the_cumulative_incidence_is_that_of_statsmodels(lines, day):
    side = made(lines)
    if not np.any(side.kind == EVENT):
        assert cumulative_incidence(side, day) == 0
        return
    with np.errstate(all="ignore"):  # of its variance, where all are gone
        theirs = CumIncidenceRight(side.value, side.kind)
    wanted = step(theirs.times, theirs.cinc[0], day, 0.0)
    assert cumulative_incidence(side, day) == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("unit", UNITS)
def test_both_are_those_of_statsmodels_in_a_large_trial(unit):
    side = followed(np.random.default_rng(1), 3000, unit=unit)
    survival = SurvfuncRight(side.value, side.kind == EVENT)
    incidence = CumIncidenceRight(side.value, side.kind)
    for years in (0.5, 2, 5, 8):
        day = years * YEAR_DAYS
        assert kaplan_meier(side, day) == pytest.approx(
            1 - step(survival.surv_times, survival.surv_prob, day, 1)
        )
        wanted = step(incidence.times, incidence.cinc[0], day, 0)
        assert cumulative_incidence(side, day) == pytest.approx(wanted)
        assert cumulative_incidence(side, day) <= kaplan_meier(side, day)


@pytest.mark.parametrize("estimator", ["kaplan_meier", "cumulative_incidence"])
def test_an_endpoint_is_estimated_as_its_trial_did(estimator):
    side = followed(np.random.default_rng(2), 800)
    incidence = {"kaplan_meier": kaplan_meier, "cumulative_incidence": cumulative_incidence}[estimator]
    here = endpoint(estimator=estimator, horizon_years=4.0)
    assert simulated(here, side, None) == incidence(side, 4 * YEAR_DAYS)


def test_a_crude_figure_is_the_share_with_the_event_when_everyone_is_followed_unevenly():
    rng = np.random.default_rng(5)
    n, shortest, mean = 200_000, 1.0, 4.0
    event, death = (rng.exponential(YEAR_DAYS / hazard, n) for hazard in (0.08, 0.05))
    first = np.minimum(event, death)
    kind = np.where(event < death, EVENT, COMPETING).astype(np.int8)
    side = Sample(first, kind, np.arange(n) % FOLDS)
    # Each patient is censored on a day of their own.
    followed_days = rng.uniform(shortest, 2 * mean - shortest, n) * YEAR_DAYS
    counted_so_far = np.mean((kind == EVENT) & (first <= followed_days))
    here = endpoint(estimator="crude", horizon_years=mean, followed_from_years=shortest)
    assert simulated(here, side, None) == pytest.approx(counted_so_far, abs=0.003)
    assert simulated(here, side, None) < cumulative_incidence(side, mean * YEAR_DAYS) - 0.005
    same_for_all = endpoint(estimator="crude", horizon_years=mean, followed_from_years=mean)
    assert simulated(same_for_all, side, None) == pytest.approx(cumulative_incidence(side, mean * YEAR_DAYS))
    assert crude(side, 0.0, 0.0) == 0.0


def test_a_survival_is_one_less_its_events():
    side = followed(np.random.default_rng(2), 800)
    here = endpoint(outcome="overall_survival", horizon_years=4.0)
    assert simulated(here, side, None) == pytest.approx(1 - kaplan_meier(side, 4 * YEAR_DAYS))


def test_medians_and_means_are_of_the_values():
    side = Sample(np.array([1.0, 4, 2, 30, 3]), np.ones(5, np.int8), np.arange(5))
    assert simulated(endpoint(outcome="median", horizon_years=None), side, None) == 3
    assert simulated(endpoint(outcome="mean", horizon_years=None), side, None) == 8


# Contrasts


def cox(side, other, day, ties="breslow"):
    """Return the hazard ratio and its log's standard error by statsmodels."""
    days = np.concatenate([side.value, other.value])
    kind = np.concatenate([side.kind, other.kind])
    status = (kind == EVENT) & (days <= day)
    group = np.repeat([1.0, 0.0], [len(side.value), len(other.value)])
    fitted = PHReg(np.minimum(days, day), group[:, None], status=status, ties=ties).fit()
    return math.exp(fitted.params[0]), fitted.bse[0]


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("years", [2.0, 5.0, math.inf])
@pytest.mark.parametrize("times", [0.3, 1.0, 2.5])
def test_the_hazard_ratio_is_coxs_by_statsmodels_with_breslows_ties(unit, years, times):
    rng = np.random.default_rng(3)
    side, other = followed(rng, 700, 0.05 * times, unit=unit), followed(rng, 500, 0.05, unit=unit)
    day = years * YEAR_DAYS
    wanted, _ = cox(side, other, min(day, 1e5))
    assert hazard_ratio(side, other, day) == pytest.approx(wanted, rel=1e-6)


def test_an_endpoints_hazard_ratio_ends_at_its_horizon():
    rng = np.random.default_rng(4)
    side, other = followed(rng, 400, 0.02), followed(rng, 400, 0.06)
    for years in (3.0, None):
        here = endpoint(ratio="hazard_ratio", horizon_years=years, low=0.1, high=0.9)
        wanted, _ = cox(side, other, 1e5 if years is None else years * YEAR_DAYS)
        assert simulated(here, side, other) == pytest.approx(wanted, rel=1e-6)


def test_a_hazard_ratio_turned_round_is_its_inverse():
    rng = np.random.default_rng(5)
    side, other = followed(rng, 400, 0.02), followed(rng, 300, 0.06)
    assert hazard_ratio(side, other) * hazard_ratio(other, side) == pytest.approx(1)


def test_a_hazard_ratio_without_events_on_a_side_is_extreme_and_finite():
    rng = np.random.default_rng(5)
    side, none = followed(rng, 400), followed(rng, 300, 1e-12)
    assert 0 < hazard_ratio(none, side) < 1e-4
    assert 1e4 < hazard_ratio(side, none) < math.inf
    assert math.isnan(hazard_ratio(none, none))


counts = st.integers(1, 140)  # the largest ratio of odds is then within what a ratio is determined to


@given(counts, counts, counts, counts)
@settings(deadline=None)
def test_ratios_and_differences_of_shares_are_those_of_statsmodels(yes, no, other_yes, other_no):
    table = Table2x2(np.array([[yes, no], [other_yes, other_no]]))
    sides = counted(yes, no), counted(other_yes, other_no)

    def found(ratio):
        here = endpoint(outcome="share", horizon_years=None, ratio=ratio, low=0.1, high=0.9)
        return simulated(here, *sides)

    assert found("odds_ratio") == pytest.approx(table.oddsratio)
    assert found("risk_ratio") == pytest.approx(table.riskratio)
    assert found("difference") == pytest.approx(yes / (yes + no) - other_yes / (other_yes + other_no))


# The simulation's own error


def test_the_jackknife_has_the_binomial_error_of_a_share():
    rng, n, p = np.random.default_rng(6), 400, 0.2
    here = endpoint(outcome="share", horizon_years=None)
    found = []
    for _ in range(300):
        yes = int(rng.binomial(n, p))
        side = counted(yes, n - yes)
        found.append(standard_error(here, side._replace(fold=rng.permutation(side.fold)), None) ** 2)
    # 20 folds give a variance with an error of a third; 300 repetitions give its mean with 2 %.
    assert np.mean(found) == pytest.approx(p * (1 - p) / n, rel=0.08)


def test_the_jackknife_has_the_error_of_a_log_hazard_ratio_and_of_a_log_odds_ratio():
    rng = np.random.default_rng(7)
    hazard, odds, coxs, woolf = [], [], [], []
    for _ in range(30):
        side, other = followed(rng, 500, 0.04), followed(rng, 400, 0.08)
        hazard.append(standard_error(endpoint(ratio="hazard_ratio"), side, other) ** 2)
        coxs.append(cox(side, other, 5 * YEAR_DAYS)[1] ** 2)
        a, b = int(rng.binomial(500, 0.2)), int(rng.binomial(400, 0.3))
        shares = [
            one._replace(fold=rng.permutation(one.fold)) for one in (counted(a, 500 - a), counted(b, 400 - b))
        ]
        odds.append(
            standard_error(endpoint(outcome="share", horizon_years=None, ratio="odds_ratio"), *shares) ** 2
        )
        woolf.append(1 / a + 1 / (500 - a) + 1 / b + 1 / (400 - b))
    assert np.mean(hazard) == pytest.approx(np.mean(coxs), rel=0.15)
    assert np.mean(odds) == pytest.approx(np.mean(woolf), rel=0.15)


def test_common_random_numbers_take_error_out_of_a_contrast():
    side = followed(np.random.default_rng(8), 600)
    here = endpoint(ratio="difference")
    # None of 600 differs: that of half a patient who would, on either side, and no certainty.
    assert standard_error(here, side, side) == pytest.approx(math.sqrt(2) / 602)
    assert standard_error(endpoint(), side, None) > 0.01


# At 0 and 1, and where nothing differs

LEVELS = {
    "share": endpoint(outcome="share", horizon_years=None, published=0.01),
    "incidence": endpoint(published=0.01),
    "kaplan_meier": endpoint(estimator="kaplan_meier", published=0.01),
    "crude": endpoint(estimator="crude", published=0.01),
    "survival": endpoint(outcome="overall_survival", published=0.99),
}


def flat(n, kind=CENSORED, years=8.0):
    """Return patients who are followed alike, to what is the same for all."""
    return Sample(np.full(n, years * YEAR_DAYS), np.full(n, kind, np.int8), np.arange(n) % FOLDS)


@pytest.mark.parametrize("which", LEVELS)
@pytest.mark.parametrize("n", [1, 30, 1000])
def test_a_level_without_an_event_has_wilsons_interval_and_no_certainty(which, n):
    here = LEVELS[which]
    found = compare_endpoint(here, flat(n), None)
    alive = which == "survival"
    assert found.value == alive
    low, high = proportion_confint(n if alive else 0, n, method="wilson")
    assert found.interval() == pytest.approx((low, high), abs=1e-12)
    assert found.error == pytest.approx((high - low) / Z95)
    assert found.error_beside_published > 0.05


def test_a_level_of_events_alone_has_wilsons_interval_too():
    side = flat(40, EVENT, years=2.0)
    for which in ("share", "incidence", "kaplan_meier"):
        found = compare_endpoint(LEVELS[which], side, None)
        assert (found.value, found.rests_on) == (1, 40)
    assert compare_endpoint(LEVELS["survival"], side, None).value == 0
    # The last two of whom half were left.
    days = np.array([1.0] * 4 + [2.0, 2.0, 3.0, 3.0]) * YEAR_DAYS
    kind = np.array([CENSORED] * 4 + [EVENT] * 4, np.int8)
    assert compare_endpoint(LEVELS["survival"], Sample(days, kind, np.arange(8)), None).rests_on == 4


def test_a_level_rests_on_those_who_are_still_followed():
    days = np.repeat([3.0, 8.0], [70, 30]) * YEAR_DAYS
    side = Sample(days, np.zeros(100, np.int8), np.arange(100) % FOLDS)
    levels = [LEVELS[which] for which in ("incidence", "survival", "share")]
    assert [compare_endpoint(level, side, None).rests_on for level in levels] == [30, 30, 100]
    side = side._replace(kind=np.where(days < 4 * YEAR_DAYS, COMPETING, CENSORED).astype(np.int8))
    assert compare_endpoint(LEVELS["incidence"], side, None).rests_on == 100  # the dead have no recurrence
    assert compare_endpoint(LEVELS["kaplan_meier"], side, None).rests_on == 30


@pytest.mark.parametrize(("n", "p"), [(200, 0.003), (200, 0.01), (2000, 0.001)])
def test_the_interval_of_a_level_near_0_and_1_holds_the_truth_as_often_as_it_says(n, p):
    rng, here = np.random.default_rng(3), LEVELS["share"]
    for truth in (p, 1 - p):
        held = []
        for _ in range(300):
            yes = int(rng.binomial(n, truth))
            side = counted(yes, n - yes)
            found = compare_endpoint(here, side._replace(fold=rng.permutation(side.fold)), None)
            low, high = found.interval()
            held.append(low <= truth <= high)
        assert 0.89 < np.mean(held) <= 1


def test_folds_that_all_show_the_same_are_no_certainty():
    side = Sample(np.zeros(400), np.tile([EVENT, CENSORED], 200).astype(np.int8), np.arange(400) // 20)
    found = compare_endpoint(LEVELS["share"], side, None)
    assert found.error == pytest.approx((0.25 / 400) ** 0.5)


def test_a_miss_by_no_event_is_as_far_as_its_patients_say():
    here = endpoint(published=0.1, n=100)
    z = {n: compare_endpoint(here, flat(n), None).z for n in (30, 1000, 100_000)}
    assert z[30] > z[1000] > z[100_000]
    # By hand: half a patient with the event, 1000.5 without.
    value, error = math.log(0.5 / 1000.5), (1 / 0.5 + 1 / 1000.5) ** 0.5
    low, _ = proportion_confint(10, 100, method="wilson")
    published = (math.log(1 / 9) - math.log(low / (1 - low))) / Z95
    assert z[1000] == pytest.approx((value - math.log(1 / 9)) / math.hypot(published, error))
    assert compare_endpoint(here, flat(100_000), None).comparable


def test_no_event_is_a_miss_only_where_so_many_patients_should_have_had_one():
    here = endpoint(published=0.0003, n=100_000)  # 0.0002 to 0.0004
    few, many = compare_endpoint(here, flat(1000), None), compare_endpoint(here, flat(100_000), None)
    assert few.error_beside_published > 1
    assert (few.comparable, few.inside) == (False, False)
    assert (many.comparable, many.inside) == (True, False)
    none = compare_endpoint(endpoint(published=0.0, n=50), flat(10), None)
    assert (none.comparable, none.inside) == (True, True)


RATIO = {"ratio": "odds_ratio", "published": 0.5, "low": 0.2, "high": 1.2}


@pytest.mark.parametrize("ratio", ["odds_ratio", "risk_ratio", "hazard_ratio"])
def test_a_ratio_without_an_event_on_a_side_is_not_comparable(ratio):
    rng = np.random.default_rng(4)
    here, some, none = endpoint(**{**RATIO, "ratio": ratio}), followed(rng, 400), flat(400)
    for sides in ((some, none), (none, some), (none, none)):
        found = compare_endpoint(here, *sides)
        assert not found.comparable and not found.inside
        assert found.error_beside_published == math.inf  # more patients, where there can be
    assert compare_endpoint(here, some, followed(rng, 400)).comparable


def test_an_odds_ratio_where_all_had_the_event_is_not_comparable():
    side = counted(30, 0), counted(20, 10)
    assert not compare_endpoint(endpoint(**RATIO, outcome="share", horizon_years=None), *side).comparable
    risk = {**RATIO, "ratio": "risk_ratio"}
    assert compare_endpoint(endpoint(**risk, outcome="share", horizon_years=None), *side).comparable


def test_sides_that_are_never_at_risk_together_have_no_hazard_ratio():
    early, late = flat(5, EVENT, years=1.0), flat(5, EVENT, years=2.0)
    late = late._replace(value=late.value + np.arange(5))
    assert not compare_endpoint(endpoint(**{**RATIO, "ratio": "hazard_ratio"}), late, early).comparable


def test_a_difference_without_an_event_is_no_certainty():
    here = endpoint(ratio="difference", published=0.0, low=-0.01, high=0.01)
    found = compare_endpoint(here, flat(48), flat(98))
    assert found.value == 0
    assert found.error == pytest.approx(math.hypot(1 / 50, 1 / 100))


def test_a_median_of_tied_values_has_the_error_of_its_order_statistics():
    here = endpoint(outcome="median", horizon_years=None, published=12.0, low=10.0, high=14.0)
    values = np.repeat([6.0, 12.0, 18.0], [450, 90, 460])
    side = Sample(values, np.ones(1000, np.int8), np.arange(1000) % FOLDS)
    # The 469th and the 532nd are 12 too: whatever the values, the median lies between them.
    assert compare_endpoint(here, side, None).error == pytest.approx(0.0)
    # Here they are not, though every fold's median is 12.
    side = side._replace(value=np.repeat([6.0, 12.0, 18.0], [480, 40, 480]))
    assert compare_endpoint(here, side, None).error == pytest.approx(6 / Z95)
    few = Sample(np.full(5, 12.0), np.ones(5, np.int8), np.arange(5))
    assert compare_endpoint(here, few, None).error == math.inf
    assert not compare_endpoint(here, few, None).comparable


def test_a_mean_of_one_value_has_no_error_and_is_not_comparable():
    here = endpoint(outcome="mean", horizon_years=None, published=12.0, low=10.0, high=14.0)
    for n in (1, 50):
        found = compare_endpoint(
            here, Sample(np.full(n, 12.0), np.ones(n, np.int8), np.arange(n) % FOLDS), None
        )
        assert (found.value, found.error, found.comparable) == (12.0, math.inf, False)


# The published interval, and how far away it is


@given(st.floats(0, 1), st.integers(1, 2000))
@settings(deadline=None)
def test_a_proportion_has_wilsons_interval_of_the_published_value(published, n):
    low, high = published_interval(endpoint(published=published, n=n), counted(1, 1))
    wanted = proportion_confint(published * n, n, method="wilson")
    assert (low, high) == pytest.approx(wanted, abs=1e-9)
    assert low - 1e-12 <= published <= high + 1e-12


def test_a_printed_interval_is_taken_as_it_is():
    here = endpoint(published=0.2, n=10, low=0.19, high=0.3)
    assert published_interval(here, counted(1, 1)) == (0.19, 0.3)


@pytest.mark.parametrize("n", [40, 200])
def test_the_interval_of_a_median_holds_the_truth_as_often_as_it_says(n):
    rng, truth = np.random.default_rng(9), 12 * math.log(2)
    large = Sample(rng.exponential(12, 40_000), np.ones(40_000, np.int8), np.arange(40_000))
    held = []
    for _ in range(600):
        printed = float(np.median(rng.exponential(12, n)))
        low, high = published_interval(
            endpoint(outcome="median", horizon_years=None, published=printed, n=n), large
        )
        held.append(low <= truth <= high)
    assert 0.92 <= np.mean(held) <= 0.985


def test_the_interval_of_a_median_reaches_beyond_it_where_many_values_are_the_same():
    months = np.repeat([6.0, 12.0, 18.0, 24.0], [100, 400, 300, 200])  # found at visits
    side = Sample(months, np.ones(1000, np.int8), np.arange(1000))
    low, high = published_interval(endpoint(outcome="median", horizon_years=None, published=20.0, n=60), side)
    assert low < 19
    assert high > 21


KINDS = {
    "proportion": endpoint(published=0.1, low=0.06, high=0.17),
    "hazard ratio": endpoint(ratio="hazard_ratio", published=0.4, low=0.2, high=0.7),
    "odds ratio": endpoint(ratio="odds_ratio", published=1.6, low=1.1, high=2.6),
    "difference": endpoint(ratio="difference", published=-0.05, low=-0.1, high=0.02),
    "median": endpoint(outcome="median", horizon_years=None, published=20.0, low=17.0, high=25.0),
    "proportion from nothing": endpoint(published=0.0, low=0.0, high=0.07),
    "proportion to everything": endpoint(published=0.98, low=0.9, high=1.0),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_deviation_is_196_standard_errors_exactly_at_the_ends_of_the_interval(kind):
    here = KINDS[kind]
    assert deviation(here, here.published, here.low, here.high) == 0
    if here.low < here.published:
        assert deviation(here, here.low, here.low, here.high) == pytest.approx(-Z95)
    assert deviation(here, here.high, here.low, here.high) == pytest.approx(Z95)


@given(st.sampled_from(sorted(KINDS)), st.floats(0.001, 0.999), st.floats(0.001, 0.999))
@settings(deadline=None)
def test_a_deviation_grows_with_the_simulated_value_and_has_the_sign_of_the_miss(kind, one, other):
    here = KINDS[kind]
    if kind == "median":
        one, other = 40 * one, 40 * other
    z = [deviation(here, value, here.low, here.high) for value in sorted((one, other))]
    assert z[0] <= z[1]
    assert math.copysign(1, z[0]) == math.copysign(1, min(one, other) - here.published) or z[0] == 0


@pytest.mark.parametrize("kind", KINDS)
def test_the_simulations_own_error_brings_a_miss_nearer_and_never_turns_it(kind):
    here = KINDS[kind]
    far = (
        here.high + (here.high - here.published) * 0.5
        if here.high < 1 or kind in ("median", "odds ratio")
        else 0.9999
    )
    z = [deviation(here, far, here.low, here.high, error) for error in (0.0, 0.01, 0.05)]
    assert z[0] > z[1] > z[2] > 0 or kind == "proportion to everything"


def test_the_simulations_error_is_added_to_the_published_one():
    here = endpoint(ratio="hazard_ratio", published=1.0, low=math.exp(-0.2 * Z95), high=math.exp(0.2 * Z95))
    assert deviation(here, math.exp(0.5), here.low, here.high, 0.0) == pytest.approx(0.5 / 0.2)
    assert deviation(here, math.exp(0.5), here.low, here.high, 0.15) == pytest.approx(0.5 / 0.25)
    # A share's error is one of shares; on the scale of log odds it is larger by 1 / p (1 - p).
    share = endpoint(published=0.2, low=0.15, high=0.262, n=None)
    assert deviation(share, 0.3, 0.15, 0.262, 0.01) == pytest.approx(
        math.log((0.3 / 0.7) / (0.2 / 0.8))
        / math.hypot(math.log((0.262 / 0.738) / (0.2 / 0.8)) / Z95, 0.01 / (0.3 * 0.7))
    )


# From rows to samples


@pytest.fixture
def rows():
    """Six patients, by hand, in days from diagnosis; followed for 1000 days."""
    made = new_patients(0, 6)
    made["diagnosed_day"] = 100.0  # on the clinic's calendar
    made["operated_day"] = [150, 150, 150, 150, np.inf, 150]
    made["recurrence_found_day"] = [400, 400, np.inf, 1200, np.inf, np.inf]
    made["salvage_day"] = [450, np.inf, np.inf, np.inf, np.inf, np.inf]
    made["rerecurrence_day"] = [700, np.inf, np.inf, np.inf, np.inf, np.inf]
    made["metastasis_found_day"] = [np.inf, 300, 500, np.inf, np.inf, np.inf]
    made["death_day"] = [900, 800, 700, np.inf, 130, np.inf]
    made["death_cause"] = [Cause.CANCER, Cause.CANCER, Cause.OTHER, Cause.ALIVE, Cause.OTHER, Cause.ALIVE]
    made["female"] = [True, True, False, False, True, False]
    return made


def lines(rows, subgroup=None, **keys):
    one = sample(endpoint(**keys), subgroup, Reading(rows), 1000.0)
    return list(zip(one.value.tolist(), one.kind.tolist(), strict=True))


def test_time_is_counted_from_each_origin_and_only_who_reached_it_counts(rows):
    survival = {"outcome": "overall_survival"}
    E, N = EVENT, CENSORED  # noqa: N806
    assert lines(rows, time_from="diagnosis", **survival) == [
        (800, E),
        (700, E),
        (600, E),
        (1000, N),
        (30, E),
        (1000, N),
    ]
    assert lines(rows, time_from="surgery", **survival) == [(750, E), (650, E), (550, E), (950, N), (950, N)]
    assert lines(rows, time_from="salvage", **survival) == [(450, E)]


def test_time_from_recurrence_starts_when_it_is_found(rows):
    assert lines(rows, time_from="recurrence", outcome="overall_survival")[:2] == [(500, EVENT), (400, EVENT)]


def test_what_comes_after_the_follow_up_is_not_seen(rows):
    assert lines(rows)[3] == (950, CENSORED)  # recurred on day 1100 from diagnosis
    assert lines(rows, outcome="share", of=condition("of", "female"))[3] == (0, CENSORED)


def test_each_outcome_takes_its_own_event_and_death_competes(rows):
    E, D, N = EVENT, COMPETING, CENSORED  # noqa: N806
    wanted = {
        "local_recurrence": [(250, E), (250, E), (550, D), (950, N), (950, N)],
        "distant_metastasis": [(750, D), (150, E), (350, E), (950, N), (950, N)],
        "any_recurrence": [(250, E), (150, E), (350, E), (950, N), (950, N)],
        "cancer_death": [(750, E), (650, E), (550, D), (950, N), (950, N)],
        "overall_survival": [(750, E), (650, E), (550, E), (950, N), (950, N)],
        "disease_free_survival": [(250, E), (150, E), (350, E), (950, N), (950, N)],
        "cancer_specific_survival": [(750, E), (650, E), (550, D), (950, N), (950, N)],
    }
    assert {outcome: lines(rows, outcome=outcome) for outcome in wanted} == wanted
    assert lines(rows, outcome="rerecurrence", time_from="salvage") == [(250, E)]


def test_an_event_that_is_not_of_the_kind_asked_for_does_not_count(rows):
    women = condition("where", "metastasis")
    assert lines(rows, where=women)[:2] == [(750, COMPETING), (250, EVENT)]


def test_a_subgroup_leaves_the_others_out(rows):
    assert len(lines(rows, condition("subgroup", "female"))) == 2  # one of three was never operated
    assert lines(rows, condition("subgroup", "female"), outcome="share", of=condition("of", "recurred")) == [
        (0, EVENT), (0, EVENT), (0, CENSORED),
    ]  # fmt: skip


def test_a_median_is_of_those_who_have_the_number(rows):
    values = lines(rows, outcome="median", of="survival_months")
    assert [days for days, _ in values] == pytest.approx([day / (YEAR_DAYS / 12) for day in (750, 650, 550)])
