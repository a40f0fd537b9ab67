"""How far studies lie from the model: left-out predictions and discrepancy, computed in other ways."""

import numpy as np
import pytest
from scipy.stats import t as student

from analysis.fitting.discrepancy import (
    SHARED,
    Approximation,
    Figures,
    approximate,
    estimate,
    fit_errors,
    found_discrepancy,
    kind,
    left_out,
)
from conf.composition import composing, options
from conf.discrepancy import CONTRAST, KINDS, OTHER, SHARE, Discrepancy
from conf.trials import read_trial

NAMES = sorted(KINDS)


def some_figures(rng, endpoints=300, studies=60, numbers=25, scale=0.25):
    """Return figures of a linear world, its approximation, and the discrepancy that was put in."""
    slopes = 0.15 * rng.standard_normal((numbers, endpoints))
    level = rng.standard_normal(endpoints)
    errors = rng.uniform(0.05, 0.3, endpoints)
    truth = rng.standard_normal(numbers)
    published = level + truth @ slopes + errors * rng.standard_normal(endpoints)
    published += scale * student.rvs(30, size=endpoints, random_state=rng)
    kinds = np.array(NAMES)[rng.integers(0, len(NAMES), endpoints)]
    named = np.array([f"study {k % studies:02d}" for k in range(endpoints)])
    return Figures(published, errors, errors, kinds, named), Approximation(level, slopes, np.zeros(endpoints))


def test_a_left_out_prediction_is_that_of_a_posterior_which_never_saw_the_study():
    figures, approximation = some_figures(np.random.default_rng(1), endpoints=12, studies=4, numbers=3)
    found = left_out(figures, approximation)
    discrepancy = found_discrepancy(figures, approximation)
    errors = fit_errors(figures, discrepancy, found.mean)
    level, slopes, _ = approximation
    for name in np.unique(figures.studies):
        its, others = figures.studies == name, figures.studies != name
        # by the covariances of figures, where the code works with precisions of numbers
        joint = slopes.T @ slopes
        among = joint[np.ix_(others, others)] + np.diag(errors[others] ** 2)
        between = joint[np.ix_(its, others)]
        gain = between @ np.linalg.inv(among)
        mean = level[its] + gain @ (figures.published - level)[others]
        variance = np.diag(joint[np.ix_(its, its)] - gain @ between.T)
        assert found.mean[its] == pytest.approx(mean, abs=2e-3)
        assert found.spread[its] ** 2 == pytest.approx(variance, rel=2e-2)


def test_the_discrepancy_that_was_put_in_is_found():
    figures, approximation = some_figures(np.random.default_rng(2), endpoints=600, studies=120, numbers=10)
    found = found_discrepancy(figures, approximation)
    assert np.array(list(found.scales.values())) == pytest.approx(0.25, abs=0.08)


def test_without_a_discrepancy_little_is_found():
    figures, approximation = some_figures(np.random.default_rng(3), endpoints=400, numbers=10, scale=0.0)
    assert max(found_discrepancy(figures, approximation).scales.values()) < 0.08


@pytest.mark.long
@pytest.mark.parametrize(("share", "least", "most"), [(0.5, 0.44, 0.56), (0.95, 0.925, 0.975)])
def test_predictive_intervals_hold_the_share_that_they_say(share, least, most):
    held = []
    for seed in range(3):
        figures, approximation = some_figures(np.random.default_rng(10 + seed))
        low, high = left_out(figures, approximation).interval(share)
        held.append((low <= figures.published) & (figures.published <= high))
    assert least < np.mean(held) < most


def test_the_transform_of_a_figure_at_the_end_of_an_interval_is_the_probability_beyond():
    figures, approximation = some_figures(np.random.default_rng(4), endpoints=40, studies=10)
    found = left_out(figures, approximation)
    low, high = found.interval(0.9)
    assert found.transform(low) == pytest.approx(0.05)
    assert found.transform(high) == pytest.approx(0.95)


def test_many_endpoints_of_a_study_share_its_discrepancy():
    figures = Figures(
        np.zeros(3), np.full(3, 0.3), np.full(3, 0.4), np.array([SHARE, SHARE, CONTRAST]), np.array(["a"] * 3)
    )
    discrepancy = Discrepancy({**dict.fromkeys(KINDS, 0.4), CONTRAST: 0.0}, 5.0)
    errors = fit_errors(figures, discrepancy, np.array([-1.0, 1.0, -1.0]))
    both = (1 + SHARED) * 0.16
    assert errors == pytest.approx([np.sqrt(0.09 + both), np.sqrt(0.16 + both), 0.3])


def test_a_kind_without_figures_takes_the_discrepancy_of_the_others():
    rng = np.random.default_rng(5)
    kinds = np.array(NAMES)[rng.integers(0, 3, 900)]
    apart = 0.3 * rng.standard_normal(900)
    found = estimate(apart, np.full(900, 1e-4), kinds)
    for name in NAMES[3:]:
        if name != OTHER:
            assert found.scales[name] == pytest.approx(
                np.mean([found.scales[one] for one in NAMES[:3]]), rel=0.1
            )


def test_an_approximation_of_a_linear_function_is_that_function():
    rng = np.random.default_rng(6)
    slopes, level = rng.standard_normal((4, 6)), rng.standard_normal(6)
    normals = rng.standard_normal((4000, 4))
    found = approximate(normals, level + normals @ slopes, np.full(4, 0.5))
    assert found.slopes == pytest.approx(slopes, abs=0.01)
    assert found.level == pytest.approx(level, abs=0.01)
    assert found.error == pytest.approx(0, abs=0.01)


def test_where_no_number_was_varied_all_evaluations_count_alike():
    shown = np.array([[1.0], [2.0], [6.0]])
    for numbers in (0, 2):
        found = approximate(np.zeros((3, numbers)), shown, np.zeros(numbers))
        assert found.level == pytest.approx([3.0])


def test_what_an_approximation_cannot_follow_is_its_error():
    rng = np.random.default_rng(7)
    normals = rng.standard_normal((3000, 3))
    noise = 0.2 * rng.standard_normal((3000, 1))
    found = approximate(normals, normals[:, :1] + noise, np.zeros(3))
    assert found.error == pytest.approx([0.2], rel=0.1)


def test_every_endpoint_of_every_study_is_of_a_kind():
    with composing():
        trials = [read_trial(name) for name in options("trial")[::6]]
    for trial in trials:
        for endpoint in trial.endpoints:
            for scale in ("log", "log_odds", "plain"):
                assert kind(endpoint, scale) in KINDS
