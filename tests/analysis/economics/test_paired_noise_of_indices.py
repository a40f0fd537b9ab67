"""With the same luck at every point the noise of an effect is that of its pairs of points."""

import numpy as np
import pytest

from analysis.economics.indices import MORRIS, SOBOL, indices, plan

RANGES = {"acts": (0.0, 1.0), "idles": (0.0, 1.0), "acts_too": (0.0, 1.0)}
BATCHES = 40


def batches_of(planned, noise, seed):
    """Return an outcome by batch, whose noise is of the same patients: it grows with the first parameter."""
    x = planned.points.to_numpy()
    luck = np.random.default_rng(seed).normal(size=(2, BATCHES)) * noise
    return (x[:, [0]] + 0.5 * x[:, [2]]) + luck[0] + luck[1] * x[:, [0]]


@pytest.mark.parametrize("method", [MORRIS, SOBOL])
def test_a_parameter_without_effect_has_none_however_much_noise_there_is(method):
    planned = plan(method, RANGES, 64, seed=3)
    table = indices(planned, batches_of(planned, 5.0, 2)).set_index("parameter")
    name = "mu_star" if method == MORRIS else "total"
    assert table.loc["idles", name] == pytest.approx(0.0, abs=1e-9)
    if method == MORRIS:
        assert table.loc["idles", "noise_floor"] == pytest.approx(0.0, abs=1e-9)
        assert table.loc["acts_too", "noise_floor"] == pytest.approx(0.0, abs=1e-9)
        # The effect's noise is that of the mean of a batch's slope, without its sign.
        assert table.loc["acts", "noise_floor"] == pytest.approx(
            np.sqrt(2 / np.pi) * 5.0 / np.sqrt(BATCHES), rel=0.3
        )


def test_total_indices_over_many_lucks_are_those_without_noise():
    planned = plan(SOBOL, RANGES, 256, seed=3)
    exact = indices(planned, batches_of(planned, 0.0, 0)).set_index("parameter")["total"]
    found = np.mean(
        [
            indices(planned, batches_of(planned, 0.8, seed)).set_index("parameter")["total"]
            for seed in range(60)
        ],
        axis=0,
    )
    assert found == pytest.approx(exact.to_numpy(), abs=0.04)


def test_groups_have_the_noise_of_their_own_pairs():
    groups = {"both": ["acts", "acts_too"], "none": ["idles"]}
    planned = plan(MORRIS, RANGES, 16, seed=3, groups=groups)
    table = indices(planned, batches_of(planned, 2.0, 5)).set_index("parameter")
    assert table.loc["none", "noise_floor"] == pytest.approx(0.0, abs=1e-9)
    assert table.loc["both", "noise_floor"] > 0.05
    assert np.isnan(table.loc["both", "sigma"])
