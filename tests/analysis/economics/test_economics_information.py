"""EVPPI and EVSI by regression, against closed forms and a nested Monte Carlo."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.economics.acceptability import perfect_information
from analysis.economics.draws import draws_of_means
from analysis.economics.information import (
    Study,
    evppi,
    evsi,
    study_of_means,
    study_of_proportions,
    study_of_rates,
)
from analysis.economics.smoothing import Smoother
from conf.input_error import InputError

MEMBERS = 2000


def normal_evpi(mean, deviation):
    z = mean / deviation
    return deviation * stats.norm.pdf(z) + mean * stats.norm.cdf(z) - max(mean, 0.0)


def of_gain(gain, level=0.0):
    """Two policies; ``level`` is common to both, as common random numbers make it."""
    costs = np.c_[np.zeros(len(gain)), -gain] + np.reshape(level, (-1, 1))
    return draws_of_means(["a", "b"], costs, np.zeros_like(costs))


@pytest.fixture(scope="module")
def linear():
    """INB = p1 + p2 with p1 ~ N(1, 1), p2 ~ N(0, 2), and three parameters without effect."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal([1, 0, 0, 0, 0], [1, 2, 1, 1, 1], (MEMBERS, 5)), columns=[*"abcde"])
    return of_gain((frame["a"] + frame["b"]).to_numpy(), rng.normal(0, 100, MEMBERS)), frame


def by_group(table):
    return table.set_index("group")


def test_linear_groups_have_their_closed_forms_and_all_are_worth_perfect_information(linear):
    draws, frame = linear
    groups = {"a": "a", "b": "b", "both": "ab", "none": "c", "three": "cde", "all": "abcde"}
    table = by_group(evppi(draws, frame, {name: list(of) for name, of in groups.items()}, [0]))
    known = {"a": 0.083315, "b": 0.395593, "both": 0.479811, "none": 0.0, "three": 0.0, "all": 0.479811}
    for group, exact in known.items():
        assert abs(table["evppi"][group] - exact) < 3 * table["evppi_se"][group] + 1e-9, group
    assert table["evppi"][["none", "three"]].max() < 0.01
    assert table["evppi"][["both", "all"]].tolist() == pytest.approx([table["evpi"].iloc[0]] * 2, rel=1e-3)
    assert table["method"].to_dict() == {
        **dict.fromkeys(["a", "b", "both", "none", "three"], "spline"), "all": "Gaussian process",
    }  # fmt: skip
    assert table["explained"]["a"] == pytest.approx(0.2, abs=0.04)
    assert table["explained"]["all"] > 0.99


def test_interactions_are_seen_together_and_not_alone():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(size=(MEMBERS, 4)), columns=[*"abcd"])
    table = by_group(
        evppi(
            of_gain((frame["a"] * frame["b"]).to_numpy()), frame, {k: [*k] for k in ("a", "ab", "abcd")}, [0]
        )
    )
    for group in ("ab", "abcd"):
        assert abs(table["evppi"][group] - 1 / np.pi) < 3 * table["evppi_se"][group]
    assert table["evppi"]["a"] < 3 * table["evppi_se"]["a"]


def test_a_curved_effect_has_its_closed_form():
    values = np.random.default_rng(2).normal(size=MEMBERS)
    draws = of_gain(values**2 - 1 + np.random.default_rng(3).normal(0, 1, MEMBERS))
    row = evppi(draws, pd.DataFrame({"a": values}), {"a": ["a"]}, [0]).iloc[0]
    assert abs(row["evppi"] - 2 * stats.norm.pdf(1)) < 3 * row["evppi_se"]
    assert abs(row["neighbour_correlation"]) < 4 * row["neighbour_correlation_se"]


@pytest.mark.parametrize("names", [["a"], [*"abcd"]], ids=["spline", "process"])
def test_standard_errors_are_as_wide_as_estimates_vary(names):
    found = []
    for seed in range(40 if names == ["a"] else 10):
        rng = np.random.default_rng(seed)
        frame = pd.DataFrame(rng.normal(size=(300, 4)), columns=[*"abcd"])
        row = evppi(
            of_gain(0.5 + frame["a"].to_numpy() + rng.normal(0, 1.5, 300)), frame, {"g": names}, [0]
        ).iloc[0]
        found.append((row["evppi"], row["evppi_se"]))
    values, errors = np.array(found).T
    assert values.mean() == pytest.approx(normal_evpi(0.5, 1.0), abs=0.05)
    assert errors.mean() == pytest.approx(values.std(ddof=1), rel=0.35 if len(values) > 10 else 0.6)


def nested(size_outer, size_inner, rng, gain):
    """EVPPI of the first parameter by an inner and an outer loop; gains of two policies beside the first."""
    outer = []
    for first in rng.beta(8, 32, size_outer):
        inner = gain(np.full(size_inner, first), rng.lognormal(0.0, 0.5, size_inner)).mean(axis=0)
        outer.append([0.0, *inner])
    means = np.array(outer)
    return means.max(axis=1).mean() - means.mean(axis=0).max()


def test_three_policies_are_worth_what_a_nested_monte_carlo_says():
    def gain(risk, cost):
        one = 20000 * (0.6 * risk * (1 + np.cos(8 * risk))) - 1800 * cost
        other = 20000 * 1.1 * risk**1.5 - 1500 * cost
        return np.stack([one, other], axis=1)

    rng = np.random.default_rng(5)
    exact = nested(2500, 1500, rng, gain)
    frame = pd.DataFrame({"risk": rng.beta(8, 32, 4000), "cost": rng.lognormal(0.0, 0.5, 4000)})
    gains = gain(*frame.to_numpy().T)
    draws = draws_of_means(["a", "b", "c"], np.c_[np.zeros(4000), -gains], np.zeros((4000, 3)))
    row = evppi(draws, frame, {"risk": ["risk"]}, [0]).iloc[0]
    assert exact > 100
    assert abs(row["evppi"] - exact) < 3 * row["evppi_se"] + 0.03 * exact


def test_thresholds_weigh_costs_and_qalys_and_the_order_of_policies_is_nothing():
    rng = np.random.default_rng(6)
    frame = pd.DataFrame(rng.normal(size=(800, 2)), columns=["effect", "cost"])
    costs = np.c_[np.zeros(800), 2000 + 500 * frame["cost"]]
    qalys = np.c_[np.zeros(800), 0.1 + 0.05 * frame["effect"]]
    groups = {"effect": ["effect"], "cost": ["cost"]}
    tables = [
        evppi(draws_of_means(["a", "b"], costs[:, order], qalys[:, order]), frame, groups, [0, 20000, 40000])
        for order in ([0, 1], [1, 0])
    ]
    np.testing.assert_allclose(tables[0]["evppi"], tables[1]["evppi"], atol=1e-6)
    table = tables[0].set_index(["group", "threshold"])["evppi"]
    assert table["effect", 0.0] == 0
    at = table["effect", 20000.0]
    assert at == pytest.approx(normal_evpi(0.0, 1000.0), rel=0.1) and table["cost", 20000.0] < 0.6 * at


def test_a_parameter_with_two_values_and_one_that_never_varies_are_regressed_on():
    rng = np.random.default_rng(7)
    frame = pd.DataFrame({"switch": rng.integers(0, 2, 500).astype(float), "fixed": np.full(500, 3.0)})
    draws = of_gain(np.where(frame["switch"] > 0, 1.0, -1.0) + rng.normal(0, 0.5, 500))
    table = by_group(
        evppi(draws, frame, {"switch": ["switch"], "fixed": ["fixed"], "two": ["switch", "fixed"]}, [0])
    )
    share = frame["switch"].mean()
    assert table["evppi"]["switch"] == pytest.approx(min(share, 1 - share), abs=0.06)
    assert table["evppi"]["fixed"] == 0 and table["method"]["fixed"] == "constant"
    assert table["evppi"]["two"] == table["evppi"]["switch"]


def test_a_weak_group_keeps_its_worth_and_one_without_effect_has_none():
    # Of 300 members with a group that explains a twelfth of the variance, on average over analyses.
    found = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        frame = pd.DataFrame(rng.normal(size=(300, 4)), columns=[*"abcd"])
        gain = 0.3 * frame["a"].to_numpy() + rng.normal(0.1, 1.0, 300)
        found.append(evppi(of_gain(gain), frame, {"a": ["a"], "bc": ["b", "c"]}, [0])["evppi"].to_numpy())
    weak, none = np.mean(found, axis=0)
    # Members decide for the better policy by their own mean, which takes away a little.
    rng = np.random.default_rng(1)
    decided = np.maximum(rng.normal(0.1, np.hypot(0.3, 1.0) / np.sqrt(300), 10**5), 0).mean() - 0.1
    assert weak == pytest.approx(normal_evpi(0.1, 0.3) - decided, abs=0.013)
    assert none < 0.012


def test_parameters_without_effect_are_not_worth_the_noise_of_their_regression():
    found = []
    for seed in range(15):
        rng = np.random.default_rng(seed)
        frame = pd.DataFrame(rng.normal(size=(700, 3)), columns=[*"abc"])
        row = evppi(of_gain(rng.normal(0.0, 1.0, 700)), frame, {"abc": [*"abc"]}, [0]).iloc[0]
        found.append((row["evppi"], row["evppi_se"]))
    worth, errors = np.array(found).T
    assert worth.mean() < 0.008
    assert (errors > 0).all()


def test_residuals_of_a_regression_that_misses_something_are_alike_in_neighbours():
    rng = np.random.default_rng(8)
    values = rng.uniform(-1, 1, 1000)
    missed = np.sin(60 * values)
    smoother = Smoother(values[:, None], missed[None])
    assert smoother.neighbour_correlation(smoother.smooth(missed).residuals) > 0.5
    fine = np.sin(3 * values) + rng.normal(0, 0.2, 1000)
    assert abs(smoother.neighbour_correlation(smoother.smooth(fine).residuals)) < 0.15


@pytest.mark.parametrize("columns", [1, 2, 5])
def test_residuals_leave_their_own_member_out_and_influence_is_that_of_the_outcome(columns):
    rng = np.random.default_rng(9)
    points = rng.normal(size=(200, columns))
    outcome = points[:, 0] ** 2 + rng.normal(0, 0.5, 200)
    smooth = Smoother(points, outcome[None]).smooth(outcome)
    assert smooth.influence(np.ones(200)) @ outcome == pytest.approx(smooth.fitted.sum(), rel=1e-6)
    weights = rng.normal(size=200)
    assert smooth.influence(weights) @ outcome == pytest.approx(weights @ smooth.fitted, rel=1e-6)
    assert smooth.residuals.var() > (outcome - smooth.fitted).var()


SIZES = [1, 4, 16, 64, 1024]


def test_a_study_of_a_normal_mean_has_its_closed_form(linear):
    draws, frame = linear
    table = evsi(draws, frame, study_of_means({"b": 4.0}), SIZES, 0)
    for row in table.itertuples():
        exact = normal_evpi(1.0, 2.0 * np.sqrt(4 / (4 + 16 / row.size)))
        assert abs(row.evsi - exact) < 3 * row.evsi_se, row.size
    assert table["evsi"].is_monotonic_increasing
    assert table["evsi"].iloc[-1] == pytest.approx(table["evppi"].iloc[-1], rel=0.02)


def test_a_study_of_a_proportion_is_worth_what_its_beta_posterior_says():
    rng = np.random.default_rng(10)
    risk = rng.beta(4, 6, MEMBERS)
    draws = of_gain(10 * (risk - 0.4) + rng.normal(0, 0.5, MEMBERS))
    events = stats.betabinom(20, 4, 6)
    counts = np.arange(21)
    exact = (events.pmf(counts) * np.maximum(10 * ((4 + counts) / 30 - 0.4), 0)).sum()
    row = evsi(draws, pd.DataFrame({"risk": risk}), study_of_proportions(["risk"]), [20], 0).iloc[0]
    assert abs(row["evsi"] - exact) < 3 * row["evsi_se"]
    assert row["evsi"] < row["evppi"]


def test_a_study_of_a_rate_is_worth_what_its_gamma_posterior_says():
    rng = np.random.default_rng(12)
    rate = rng.gamma(5, 1 / 50, MEMBERS)
    draws = of_gain(100 * (rate - 0.1))
    events = stats.nbinom(5, 50 / (50 + 60))  # 30 patients for two years
    counts = np.arange(200)
    exact = (events.pmf(counts) * np.maximum(100 * ((5 + counts) / 110 - 0.1), 0)).sum()
    row = evsi(draws, pd.DataFrame({"rate": rate}), study_of_rates({"rate": 2.0}), [30], 0).iloc[0]
    assert abs(row["evsi"] - exact) < 3 * row["evsi_se"]


def test_a_study_of_ones_own_is_simulated_and_must_return_a_row_for_each_member(linear):
    draws, frame = linear
    own = Study(("b",), lambda given, size, rng: given.to_numpy() + rng.normal(0, 4 / size**0.5, given.shape))
    shipped = evsi(draws, frame, study_of_means({"b": 4.0}), [16], 0).iloc[0]
    assert evsi(draws, frame, own, [16], 0).iloc[0]["evsi"] == pytest.approx(shipped["evsi"], abs=0.03)
    with pytest.raises(InputError, match="summaries have shape"):
        evsi(draws, frame, Study(("b",), lambda given, size, rng: np.zeros(3)), [16], 0)


def test_one_policy_leaves_nothing_to_learn():
    draws = draws_of_means(["a"], np.random.default_rng(0).normal(size=(50, 1)), np.ones((50, 1)))
    frame = pd.DataFrame({"x": np.arange(50.0)})
    assert evppi(draws, frame, {"x": ["x"]}, [1000])["evppi"].iloc[0] == 0
    assert perfect_information(draws, [1000])["evpi"].iloc[0] == 0


@pytest.mark.parametrize(
    ("groups", "says"),
    [
        ({"x": ["aa"]}, "no uncertain parameter"),
        ({"x": []}, "has no parameters"),
        ({"x": ["a", "a"]}, "twice"),
        ({}, "at least one group"),
        ({f"g{k}": ["a"] for k in range(201)}, "201 groups need at least 2,010 members"),
    ],
)
def test_groups_that_cannot_be_regressed_on_are_refused(linear, groups, says):
    draws, frame = linear
    with pytest.raises(InputError, match=says):
        evppi(draws, frame, groups, [0])


def test_more_parameters_than_members_can_distinguish_are_refused(linear):
    draws, frame = linear
    few = draws_of_means(["a", "b"], draws.costs[:40], draws.qalys[:40])
    with pytest.raises(InputError, match="5 parameters need at least 50 members"):
        evppi(few, frame[:40], {"x": [*"abcde"]}, [0])
    with pytest.raises(InputError, match="are of 2000 members"):
        evppi(few, frame, {"x": ["a"]}, [0])


@pytest.mark.parametrize("sizes", [[], [0, 5], [10, 5], [2.5]])
def test_sizes_of_a_study_that_do_not_rise_from_one_are_refused(linear, sizes):
    with pytest.raises(InputError, match="sizes="):
        evsi(*linear, study_of_means({"b": 4.0}), sizes, 0)


def test_studies_of_impossible_parameters_are_refused(linear):
    with pytest.raises(InputError, match="is no probability"):
        evsi(*linear, study_of_proportions(["b"]), [5], 0)
    with pytest.raises(InputError, match="above 0"):
        study_of_means({"b": 0.0})
    with pytest.raises(InputError, match="no uncertain parameter"):
        evsi(*linear, study_of_means({"z": 1.0}), [5], 0)
