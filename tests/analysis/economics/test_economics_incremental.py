"""Incremental tables: dominance, ratios of means and their intervals, against heormodel and closed forms."""

import numpy as np
import pandas as pd
import pytest
from heormodel.cea import icer_table
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.economics.draws import draws_of_batches, draws_of_means
from analysis.economics.incremental import fieller, incremental, ratio_interval, versus
from conf.input_error import InputError

SHORT = {"ND": "on the frontier", "D": "dominated", "ED": "extendedly dominated"}


def certain(costs, qalys, policies=None):
    """Draws that are the same for every member."""
    names = policies or [f"p{k}" for k in range(len(costs))]
    return draws_of_means(
        names, np.tile(np.array(costs, float), (2, 1)), np.tile(np.array(qalys, float), (2, 1))
    )


def test_six_strategies_of_the_teaching_example_have_their_published_ratios():
    # Published with the example: ratios 5,000, 12,500 and 20,000; one extendedly dominated, one dominated.
    costs, qalys = [16000, 21000, 22000, 25000, 26000, 30000], [10, 11, 10.9, 11.2, 11.4, 11.6]
    table = incremental(certain(costs, qalys)).set_index("policy")
    assert table["icer"].dropna().to_dict() == pytest.approx({"p1": 5000, "p4": 12500, "p5": 20000})
    assert table["status"]["p2"] == "dominated" and table["dominated_by"]["p2"] == "p1"
    assert table["status"]["p3"] == "extendedly dominated" and table["dominated_by"]["p3"] == "p1 and p4"
    assert list(table["comparator"]) == ["", "p0", "", "", "p1", "p4"]


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=7))
@settings(max_examples=150, deadline=None)
def test_dominance_and_ratios_are_those_of_heormodel(points):
    costs, qalys = np.array(points, float).T
    ours = incremental(certain(costs, qalys)).set_index("policy")
    means = pd.DataFrame({"cost": costs, "effect": qalys}, index=[f"p{k}" for k in range(len(costs))])
    theirs = icer_table(means)
    # Three on a line: whether the middle one is on the frontier is a convention; here a mixture is as good.
    if not on_a_line(theirs):
        assert ours["status"].to_dict() == theirs["status"].map(SHORT).to_dict()
        pd.testing.assert_series_equal(
            pd.Series(ours.get("icer", np.nan), index=theirs.index, dtype=float),
            theirs["icer"],
            check_names=False,
        )


def on_a_line(table):
    ratios = table.loc[table["status"] == "ND", "icer"].dropna()
    return bool((np.diff(ratios) < 1e-9).any())


@pytest.mark.parametrize(("gained", "spent"), [(0.5, 3000.0), (-0.5, -3000.0), (0.5, -200.0)])
def test_fiellers_interval_covers_the_ratio_as_often_as_it_says(gained, spent):
    rng = np.random.default_rng(7)
    covariance = np.array([[0.04, 40.0], [40.0, 250000.0]]) / 4
    means = rng.multivariate_normal([gained, spent], covariance, size=4000)
    ends = [fieller(mean, covariance) for mean in means]
    held = np.mean([end is None or end[0] <= spent / gained <= end[1] for end in ends])
    assert held == pytest.approx(0.95, abs=0.012)


def test_fiellers_ends_are_the_thresholds_at_which_net_benefit_may_be_zero():
    mean, covariance = np.array([0.3, 6000.0]), np.array([[0.01, 30.0], [30.0, 1e6]])
    for end in fieller(mean, covariance):
        weights = np.array([end, -1.0])
        z = (weights @ mean) / np.sqrt(weights @ covariance @ weights)
        assert abs(z) == pytest.approx(1.959964, abs=1e-5)


def test_an_unbounded_interval_is_of_angles_and_names_dominance_at_its_ends():
    rng = np.random.default_rng(3)
    points = rng.normal([0.05, 1000.0], [0.04, 200.0], size=(20000, 2))
    assert fieller(points.mean(axis=0), np.cov(points.T)) is None
    found = ratio_interval(points.mean(axis=0), np.cov(points.T), points)
    assert found.method == "percentiles by angle"
    assert found.high_words == "dominated" and np.isnan(found.high)
    # No member lies below the axis, so the 2.5th percentile by angle is that of the ratio of those better.
    angle = np.arctan2(points[:, 1], points[:, 0] * 5000)
    assert found.low == pytest.approx(5000 * np.tan(np.quantile(angle, 0.025)), rel=1e-6)


def test_where_members_surround_no_difference_there_is_no_interval():
    points = np.random.default_rng(3).normal([0.001, 1.0], [0.04, 200.0], size=(5000, 2))
    found = ratio_interval(points.mean(axis=0), np.cov(points.T), points)
    assert found.method == "none" and np.isnan([found.low, found.high]).all()


def test_a_comparison_states_its_quadrants_and_dominance_in_words():
    rng = np.random.default_rng(2)
    n = 4000
    gained, spent = rng.normal(0.3, 0.05, n), rng.normal(-500, 400, n)
    draws = draws_of_means(
        ["old", "new"], np.c_[np.full(n, 9e4), 9e4 + spent], np.c_[np.full(n, 8.0), 8 + gained]
    )
    row = versus(draws, "old").iloc[0]
    assert np.isnan(row["icer"]) and row["reading"].startswith("dominant; ")
    assert row["icer_low"] < 0 < row["icer_high"] and "below 0 dominant" in row["reading"]
    assert row["south_east"] == pytest.approx(np.mean(spent < 0), abs=1e-9)
    assert row[["north_east", "south_east", "north_west", "south_west"]].sum() == pytest.approx(1.0)
    # Seen from the other side, everything is turned round.
    back = versus(draws, "new").iloc[0]
    assert back["north_west"] == row["south_east"] and back["reading"].startswith("dominated")
    assert (back["icer_low"], back["icer_high"]) == pytest.approx((row["icer_low"], row["icer_high"]))


def test_policies_that_never_differ_are_the_same_and_lie_in_no_quadrant():
    draws = draws_of_means(["a", "b"], np.ones((3, 2)), np.ones((3, 2)))
    row = versus(draws, "a").iloc[0]
    assert row["reading"] == "the same costs and QALYs"
    assert row[["north_east", "south_east", "north_west", "south_west"]].sum() == 0
    assert incremental(draws)["status"].tolist() == ["on the frontier", "dominated"]


def test_the_interval_over_members_is_less_the_noise_and_that_of_error_holds_all_of_it():
    rng = np.random.default_rng(5)
    members, batches = 400, 10
    gained = rng.normal(0.5, 0.05, members)
    costs, qalys = np.full((members, 2, batches), 1e4), np.full((members, 2, batches), 8.0)
    costs[:, 1] += 4000
    qalys[:, 1] += gained[:, None] + rng.normal(0, 0.1 * np.sqrt(batches), (members, batches))
    row = versus(draws_of_batches(["a", "b"], costs, qalys, same_patients=False), "a").iloc[0]
    exact = fieller(np.array([0.5, 4000.0]), np.diag([0.05**2, 0.0]))
    assert (row["icer_low"], row["icer_high"]) == pytest.approx(exact, rel=0.06)
    error = fieller(np.array([0.5, 4000.0]), np.diag([(0.05**2 + 0.1**2) / members, 0.0]))
    width = row["icer_error_high"] - row["icer_error_low"]
    assert width == pytest.approx(error[1] - error[0], rel=0.12)


def test_patients_whom_members_share_leave_an_error_that_no_number_of_members_takes_away():
    rng = np.random.default_rng(6)
    members, batches = 300, 20
    shared = rng.normal(0, 0.2, batches)
    costs, qalys = np.full((members, 2, batches), 1e4), np.full((members, 2, batches), 8.0)
    costs[:, 1] += 4000
    qalys[:, 1] += 0.5 + rng.normal(0, 0.05, (members, 1)) + shared + rng.normal(0, 0.01, (members, batches))
    widths = []
    for same in (True, False):
        row = versus(draws_of_batches(["a", "b"], costs, qalys, same_patients=same), "a").iloc[0]
        widths.append(row["icer_error_high"] - row["icer_error_low"])
    mean = qalys[:, 1].mean() - 8.0
    error = fieller(
        np.array([mean, 4000.0]), np.diag([shared.var(ddof=1) / batches + 0.05**2 / members, 0.0])
    )
    assert widths[0] == pytest.approx(error[1] - error[0], rel=0.03)
    assert widths[1] < widths[0] / 5


@pytest.mark.parametrize(
    ("costs", "qalys", "policies", "says"),
    [
        (np.ones((3, 2)), np.ones((3, 3)), ["a", "b"], "qalys: has shape"),
        (np.ones((3, 2)), np.ones((3, 2)), ["a"], "costs: has shape"),
        (np.ones((3, 2)), np.ones((3, 2)), ["a", "a"], "a name is there twice"),
        (np.ones((1, 2)), np.ones((1, 2)), ["a", "b"], "at least 2"),
        (np.full((3, 2), np.nan), np.ones((3, 2)), ["a", "b"], "not finite"),
    ],
)
def test_draws_that_do_not_fit_together_are_refused(costs, qalys, policies, says):
    with pytest.raises(InputError, match=says):
        draws_of_means(policies, costs, qalys)


def test_an_unknown_comparator_is_refused_with_the_nearest_name():
    with pytest.raises(InputError, match="did you mean tme_alone"):
        versus(certain([1, 2], [1, 2], ["tme_alone", "watchful"]), "tme_alon")


def test_batches_of_another_shape_are_refused():
    with pytest.raises(InputError, match="batches"):
        draws_of_batches(["a", "b"], np.ones((3, 2)), np.ones((3, 2)), same_patients=True)
    with pytest.raises(InputError, match="at least two batches"):
        draws_of_batches(["a", "b"], np.ones((3, 2, 1)), np.ones((3, 2, 1)), same_patients=True)
