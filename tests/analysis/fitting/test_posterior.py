"""What a calibration believes before and after: priors, the smoother, and which numbers count."""

import numpy as np
import pytest
from scipy import optimize, stats

from analysis.fitting.smoother import assimilate
from analysis.fitting.surrogate import objective, proposal
from conf import units
from conf.input_error import InputError
from conf.schema import checked, shipped, shipped_sections
from conf.uncertain import uncertain_numbers, with_values
from experiments.calibrate import influences

NUMBERS = uncertain_numbers()
KEYS = [number.key for number in NUMBERS]
# What no endpoint of an unhindered clinic can inform: how long things take.
UNTOLD = ("pathway", "primary")


@pytest.fixture(scope="module")
def disease():
    return {section: shipped(f"parameters/{section}") for section in shipped_sections()}


# Priors


@pytest.mark.parametrize("number", NUMBERS, ids=KEYS)
def test_a_priors_95_percent_interval_is_the_given_one_and_keeps_to_its_unit(number):
    z = stats.norm.ppf(0.975)
    width = number.high - number.low
    assert number.value(-z) == pytest.approx(number.low, abs=0.002 * width)
    assert number.value(z) == pytest.approx(number.high, abs=0.002 * width)
    allowed = units.range_of(f"{number.section}.{number.name}")
    assert all(allowed.holds(number.value(normal)) for normal in (-9, -5, -3, 0, 3, 5, 9))
    drawn = [number.value(normal) for normal in np.linspace(-3, 3, 61)]
    assert np.all(np.diff(drawn) >= 0)
    assert np.all(np.diff(drawn[20:41]) > 0)  # from -1 to 1, where no end of the unit's range is near


@pytest.mark.parametrize("number", NUMBERS, ids=KEYS)
def test_a_value_and_its_deviate_turn_into_each_other(number):
    for normal in (-1.9, -0.4, 0.0, 1.7):
        assert number.normal(number.value(normal)) == pytest.approx(normal, abs=1e-6)
    assert -5 < number.normal(number.default) < 5
    assert number.value(number.normal(number.default)) == pytest.approx(number.default, rel=1e-3, abs=1e-6)


def test_a_prior_is_the_distribution_that_its_file_names(disease):
    quantiles = (0.05, 0.25, 0.5, 0.75, 0.95)
    checked_kinds = set()
    for number in NUMBERS:
        uncertainty = shipped(f"uncertainty/{number.section}")[number.name]
        low, high, kind = number.low, number.high, uncertainty["distribution"]
        values = [number.value(stats.norm.ppf(q)) for q in quantiles]
        z = stats.norm.ppf(0.975)
        if kind == "uniform":
            exact = stats.uniform(low - 0.025 * (high - low) / 0.95, (high - low) / 0.95)
        elif kind == "lognormal":
            exact = stats.lognorm(np.log(high / low) / 2 / z, scale=np.sqrt(low * high))
        elif kind == "normal":
            exact = stats.norm((low + high) / 2, (high - low) / 2 / z)
        else:  # of all beta distributions, that with this interval
            mean, variance = _moments(number)
            size = mean * (1 - mean) / variance - 1
            exact = stats.beta(mean * size, (1 - mean) * size)
        assert values == pytest.approx(exact.ppf(quantiles), abs=0.02 * (high - low)), number.key
        checked_kinds.add(kind)
    assert checked_kinds == {"beta", "lognormal", "normal", "uniform"}


def _moments(number):
    drawn = [number.value(normal) for normal in stats.norm.ppf((np.arange(200) + 0.5) / 200)]
    return np.mean(drawn), np.var(drawn)


def test_every_uncertain_number_is_one_unless_no_trial_can_inform_it():
    missing = []
    for section in shipped_sections():
        for name, uncertainty in shipped(f"uncertainty/{section}").items():
            lows, highs = (np.atleast_1d(uncertainty[end]) for end in ("low", "high"))
            uncertain = lows < highs
            listed = isinstance(uncertainty["low"], list)
            for k in np.flatnonzero(uncertain):
                key = f"{section}.{name}[{k}]" if listed else f"{section}.{name}"
                if key not in KEYS and section not in UNTOLD:
                    missing.append(key)
    assert [key for key in missing if "minutes" not in key] == []
    assert len(set(KEYS)) == len(KEYS) > 100
    assert [key for key in KEYS if key.split(".")[0] in UNTOLD or "minutes" in key] == []


@pytest.mark.parametrize(
    ("fitted", "keys"),
    [
        (["surgery.leak_probability"], ["surgery.leak_probability"]),
        (
            ["margin.sterilised_probability"],
            [key for key in KEYS if key.startswith("margin.sterilised_probability[")],
        ),
        (["margin.sterilised_probability[1]"], ["margin.sterilised_probability[1]"]),
        (["margin", "margin.sterilised_probability"], [key for key in KEYS if key.startswith("margin.")]),
    ],
)
def test_a_section_a_key_or_an_element_can_be_fitted(fitted, keys):
    assert [number.key for number in uncertain_numbers(fitted)] == keys
    assert keys


@pytest.mark.parametrize(
    "wrong", ["surgery.leak_probabilty", "surgry", "cohort.female_share", "surgery.leak_probability[0]"]
)
def test_what_is_no_uncertain_number_is_refused(wrong):
    with pytest.raises(InputError) as refusal:
        uncertain_numbers([wrong])
    assert str(refusal.value).startswith(f"fitted={wrong}: ")


def test_values_replace_their_numbers_and_nothing_else(disease):
    numbers = uncertain_numbers(["surgery.leak_probability", "margin.sterilised_probability[1]"])
    changed = with_values(disease, numbers, [0.5 for _ in numbers])
    assert changed["surgery"]["leak_probability"] == 0.5
    assert changed["margin"]["sterilised_probability"][1] == 0.5
    changed["surgery"]["leak_probability"] = disease["surgery"]["leak_probability"]
    changed["margin"]["sterilised_probability"][1] = disease["margin"]["sterilised_probability"][1]
    assert changed == disease
    assert disease == {section: shipped(f"parameters/{section}") for section in shipped_sections()}


@pytest.mark.parametrize("normal", [-4.0, -1.0, 0.0, 2.0, 4.0])
def test_every_draw_from_the_priors_is_a_disease_that_can_be_run(disease, normal):
    signs = np.where(np.arange(len(NUMBERS)) % 2, 1, -1)
    for deviates in (np.full(len(NUMBERS), normal), normal * signs):
        values = [number.value(one) for number, one in zip(NUMBERS, deviates, strict=True)]
        changed = with_values(disease, NUMBERS, values)
        for section, tree in changed.items():
            assert checked(section, tree, shipped(f"parameters/{section}")).keys() == tree.keys()
            for name, value in tree.items():
                if name.endswith("_shares"):
                    assert sum(value) == pytest.approx(1)


# The smoother, and the screening of numbers


@pytest.mark.parametrize("steps", [1, 4])
def test_the_smoother_finds_the_exact_posterior_of_a_linear_model(steps):
    rng = np.random.default_rng(10)
    slopes = np.array(
        [[1.5, 0, 0], [0.8, -1.2, 0], [0.3, 0.9, 0]]
    )  # of three endpoints; no one speaks of the last
    apart = np.array([2.0, -1.0, 0.5])
    posterior_covariance = np.linalg.inv(np.eye(3) + slopes.T @ slopes)
    posterior_mean = posterior_covariance @ slopes.T @ -apart
    ensemble = rng.standard_normal((40_000, 3))
    for _ in range(steps):
        ensemble = assimilate(ensemble, ensemble @ slopes.T + apart, float(steps), rng)
    assert ensemble.mean(axis=0) == pytest.approx(posterior_mean, abs=0.02)
    assert np.cov(ensemble.T) == pytest.approx(posterior_covariance, abs=0.02)


def test_the_smoothers_95_percent_posterior_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(13)
    within, ratio = [], []
    for _ in range(150):
        slopes = rng.normal(0, 0.7, (10, 5))
        truth = rng.standard_normal(5)
        apart = -slopes @ truth + rng.standard_normal(10)
        ensemble = rng.standard_normal((100, 5))
        for _ in range(4):
            ensemble = assimilate(ensemble, ensemble @ slopes.T + apart, 4.0, rng)
        low, high = np.quantile(ensemble, [0.025, 0.975], axis=0)
        within.append((low <= truth) & (truth <= high))
        exact = np.linalg.inv(np.eye(5) + slopes.T @ slopes)
        ratio.append(ensemble.std(axis=0, ddof=1) / np.sqrt(np.diag(exact)))
    assert 0.9 <= np.mean(within) <= 0.97
    assert np.mean(ratio) == pytest.approx(1, abs=0.05)


def test_a_number_that_no_endpoint_follows_keeps_its_prior_even_in_a_small_ensemble():
    rng = np.random.default_rng(11)
    spreads, means = [], []
    for _ in range(40):
        ensemble = rng.standard_normal((60, 2))
        for _ in range(4):
            deviations = np.stack([3 * ensemble[:, 0] + k for k in range(12)], axis=1)
            ensemble = assimilate(ensemble, deviations, 4.0, rng)
        spreads.append(ensemble[:, 1].std(ddof=1))
        means.append(ensemble[:, 1].mean())
    assert np.mean(spreads) == pytest.approx(1, abs=0.1)
    assert np.mean(means) == pytest.approx(0, abs=0.1)


def test_screening_keeps_the_numbers_that_an_endpoint_follows_and_drops_the_others():
    rng = np.random.default_rng(12)
    kept = []
    for _ in range(50):
        normals = rng.standard_normal((400, 6))
        deviations = rng.standard_normal((400, 10))
        deviations[:, 0] += 2 * normals[:, 0]
        deviations[:, 1] -= 0.8 * normals[:, 2]
        deviations[:, 2] = 7.0  # an endpoint that never moves
        kept.append(influences(normals, deviations))
    share = np.mean(kept, axis=0)
    assert share[[0, 2]].tolist() == [1, 1]
    assert share[[1, 3, 4, 5]].max() <= 0.05


def test_the_objective_is_minus_the_log_density_of_prior_and_heavy_tailed_figures():
    normals, deviations = np.array([0.5, -1.0]), np.array([2.0, 0.0, -7.0])
    density = stats.norm.logpdf(normals).sum() + stats.t.logpdf(deviations, 4).sum()
    nothing = stats.norm.logpdf(np.zeros(2)).sum() + stats.t.logpdf(np.zeros(3), 4).sum()
    assert objective(normals, deviations) == pytest.approx(nothing - density)


def test_the_last_steps_find_the_best_of_a_rugged_linear_problem():
    rng = np.random.default_rng(5)
    slopes, level = rng.standard_normal((6, 9)), rng.normal(0, 3, 9)
    normals = rng.standard_normal((400, 6))
    deviations = level + normals @ slopes + 0.3 * rng.standard_normal((400, 9))

    def smooth(at):
        return objective(at, level + at @ slopes)

    best = int(np.argmin([objective(*pair) for pair in zip(normals, deviations, strict=True)]))
    least = min(optimize.minimize(smooth, start).fun for start in normals[:20])
    found = proposal(normals, deviations, best, 1e6)
    assert smooth(normals[best]) > least + 0.5
    assert smooth(found) == pytest.approx(least, abs=0.2)
    near = proposal(normals, deviations, best, 0.05)
    assert np.linalg.norm(near - normals[best]) < np.linalg.norm(found - normals[best]) / 2
