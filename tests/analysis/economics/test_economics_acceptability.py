"""Net benefit, acceptability and perfect information, with the noise of a simulation taken out."""

import numpy as np
import pandas as pd
import pytest
from heormodel.cea import ceac, ceaf, expected_loss
from heormodel.models import Outcomes
from heormodel.voi import evpi
from scipy import stats

from analysis.economics.acceptability import acceptability, discounted_patients, perfect_information
from analysis.economics.draws import draws_of_batches, draws_of_means
from analysis.economics.noise import less_noise, noise_of
from conf.input_error import InputError

THRESHOLDS = [0, 10000, 20000, 50000, 80000]


@pytest.fixture(scope="module")
def draws():
    """Four policies whose costs and QALYs rise and fall together."""
    rng = np.random.default_rng(4)
    level = rng.normal(0, 1, (1000, 1))
    costs = 60000 + 9000 * level + rng.normal([0, 900, 2500, 3000], [1, 500, 900, 900], (1000, 4))
    qalys = 9 + 0.8 * level + rng.normal([0, 0.05, 0.09, 0.08], [0.01, 0.04, 0.05, 0.05], (1000, 4))
    return draws_of_means(["a", "b", "c", "d"], costs, qalys)


@pytest.fixture(scope="module")
def theirs(draws):
    wide = [pd.DataFrame(values, columns=draws.policies) for values in (draws.costs, draws.qalys)]
    return Outcomes.from_wide(*wide)


def test_curves_frontier_and_losses_are_those_of_heormodel(draws, theirs):
    table = acceptability(draws, THRESHOLDS)
    wide = table.pivot(index="threshold", columns="policy", values=["probability", "expected_loss"])
    np.testing.assert_allclose(wide["probability"], ceac(theirs, THRESHOLDS), atol=1e-12)
    np.testing.assert_allclose(wide["expected_loss"], expected_loss(theirs, THRESHOLDS), atol=1e-6)
    front = table[table["preferred"]]
    other = ceaf(theirs, THRESHOLDS)
    assert front["policy"].tolist() == other["intervention"].tolist()
    np.testing.assert_allclose(front["probability"], other["prob"])
    assert front["policy"].nunique() > 1


def test_perfect_information_is_that_of_heormodel_and_the_least_expected_loss(draws, theirs):
    table = perfect_information(draws, THRESHOLDS, patients=1000.0)
    np.testing.assert_allclose(table["evpi"], evpi(theirs, THRESHOLDS), rtol=1e-10)
    losses = acceptability(draws, THRESHOLDS).groupby("threshold")["expected_loss"].min()
    np.testing.assert_allclose(table["evpi"], losses)
    np.testing.assert_allclose(table["population_evpi"], 1000 * table["evpi"])
    np.testing.assert_allclose(table["evpi_with_noise"], table["evpi"])


def test_net_health_benefit_is_net_monetary_benefit_over_the_threshold(draws):
    table = acceptability(draws, [0, 20000])
    first, second = table[table["threshold"] == 0], table[table["threshold"] == 20000]
    assert first["net_health_benefit"].isna().all()
    np.testing.assert_allclose(first["net_monetary_benefit"], -draws.costs.mean(axis=0))
    np.testing.assert_allclose(second["net_health_benefit"], (draws.qalys - draws.costs / 20000).mean(axis=0))
    low = np.quantile(draws.net_benefit(20000.0), 0.025, axis=0)
    np.testing.assert_allclose(second["net_monetary_benefit_low"], low)


def test_policies_that_tie_share_the_chance_of_being_best():
    values = np.array([[1.0, 1.0, 2.0], [1.0, 1.0, 0.5]])
    table = acceptability(draws_of_means(["a", "b", "c"], values, np.zeros((2, 3))), [1000])
    assert table["probability"].tolist() == [0.25, 0.25, 0.5]


@pytest.mark.parametrize(("mean", "deviation"), [(0.0, 3.0), (1.0, 2.0)])
def test_perfect_information_on_a_normal_difference_has_its_closed_form(mean, deviation):
    gain = np.random.default_rng(1).normal(mean, deviation, 40000)
    draws = draws_of_means(["a", "b"], np.c_[np.zeros(40000), -gain], np.zeros((40000, 2)))
    row = perfect_information(draws, [0]).iloc[0]
    assert abs(row["evpi"] - normal_evpi(mean, deviation)) < 3 * row["evpi_se"]
    assert row["evpi_se"] < 0.02


def normal_evpi(mean, deviation):
    z = mean / deviation
    return deviation * stats.norm.pdf(z) + mean * stats.norm.cdf(z) - max(mean, 0.0)


def noisy_draws(same_patients, noise, members=3000, batches=8, seed=11):
    """Three policies; the second gains N(1, 2), the third N(0, 1), under batches whose means have noise."""
    rng = np.random.default_rng(seed)
    gains = np.c_[np.zeros(members), rng.normal(1, 2, members), rng.normal(0, 1, members)]
    luck = rng.normal(0, noise * np.sqrt(batches), (members, 3, batches))
    luck += rng.normal(0, 30.0, (members, 1, batches))  # all policies have the same patients
    if same_patients:
        luck += rng.normal(0, 0.01, (1, 3, batches))
    return draws_of_batches(
        ["a", "b", "c"], -gains[:, :, None] + luck, np.zeros_like(luck), same_patients
    ), gains


@pytest.mark.parametrize("same_patients", [True, False])
def test_the_noise_raises_perfect_information_and_is_taken_out(same_patients):
    draws, gains = noisy_draws(same_patients, noise=1.5)
    exact = gains.max(axis=1).mean() - gains.mean(axis=0).max()
    row = perfect_information(draws, [0]).iloc[0]
    assert row["evpi_with_noise"] > exact + 8 * row["evpi_se"]
    assert row["evpi"] == pytest.approx(exact, abs=3 * row["evpi_se"])
    assert row["evpi_se"] < 0.06 * exact


def test_chances_of_being_best_are_less_noise_too():
    draws, gains = noisy_draws(False, noise=1.5)
    exact = np.bincount(gains.argmax(axis=1), minlength=3) / len(gains)
    table = acceptability(draws, [0])
    np.testing.assert_allclose(table["probability"], exact, atol=0.025)
    raw = draws_of_means(draws.policies, draws.costs, draws.qalys)
    assert np.abs(acceptability(raw, [0])["probability"] - exact).max() > 0.05


def test_where_all_is_noise_perfect_information_is_worth_nothing():
    rng = np.random.default_rng(0)
    costs = rng.normal(0, 1, (200, 2, 400))
    row = perfect_information(draws_of_batches(["a", "b"], costs, np.zeros_like(costs), False), [0]).iloc[0]
    assert row["evpi"] < 0.35 * row["evpi_with_noise"]


def test_values_less_noise_have_the_mean_and_the_covariance_that_is_left_in_any_units():
    rng = np.random.default_rng(8)
    whole, part = (each @ each.T for each in rng.normal(size=(2, 3, 3)))
    values = rng.multivariate_normal([5.0, -2.0, 1e5], whole + part, size=500)
    moved = less_noise(values, part)
    np.testing.assert_allclose(moved.mean(axis=0), values.mean(axis=0))
    np.testing.assert_allclose(np.cov(moved.T), np.cov(values.T) - part, atol=1e-8)
    units = np.array([[1e-3, 0, 0], [2.0, 50.0, 0], [0, 1.0, 7.0]])
    np.testing.assert_allclose(less_noise(values @ units, units.T @ part @ units), moved @ units, rtol=1e-6)


@pytest.mark.parametrize("same_patients", [True, False])
def test_the_noise_of_batches_is_split_into_what_members_share_and_their_own(same_patients):
    rng = np.random.default_rng(9)
    members, batches, mix = 400, 60, np.array([[1.0, 0.5], [0.0, 2.0]])
    values = rng.normal(0, 3, (members, 1, 2)) + rng.normal(0, 1, (members, batches, 2)) @ mix
    if same_patients:
        values += rng.normal(0, [2.0, 0.0], (1, batches, 2))
    noise = noise_of(values, same_patients)
    np.testing.assert_allclose(noise.own, mix.T @ mix / batches, atol=0.002)
    wanted = 4 / batches if same_patients else 0.0
    assert noise.shared[0, 0] == pytest.approx(wanted, rel=0.4, abs=1e-12)
    assert abs(noise.shared[1, 1]) < 0.002


def test_patients_are_discounted_in_continuous_time():
    assert discounted_patients(1000, 10, 0.0) == 10000
    days = (np.arange(3650) + 0.5) / 365
    assert discounted_patients(1000, 10, 0.03) == pytest.approx((1000 / 365 * 1.03**-days).sum(), rel=1e-6)


@pytest.mark.parametrize("thresholds", [[20000, 10000], [1, 1], [-1, 5], [], [0, np.inf]])
def test_thresholds_that_do_not_rise_are_refused(draws, thresholds):
    for ask in (acceptability, perfect_information):
        with pytest.raises(InputError, match="thresholds="):
            ask(draws, thresholds)


def test_numbers_of_patients_below_zero_are_refused():
    with pytest.raises(InputError, match="years"):
        discounted_patients(1000, -1, 0.03)
