"""The table of draws: each column uniform or standard normal, all independent, each keyed by its name."""

import numpy as np
import pytest
from scipy import stats

from sim.distributions import normal_quantile
from sim.luck import (
    DRAWS,
    LUCK,
    NORMAL_COLUMNS,
    NORMAL_DRAWS,
    NORMAL_SIDE_DRAWS,
    REGROWTH_DRAWS,
    ROUTE_DRAWS,
    SIDE_DRAWS,
    column_keys,
    draw_luck,
    uniforms,
)
from sim.luck import columns as columns_by_name

PATIENTS = 20_000


@pytest.fixture(name="columns", scope="module")
def columns_fixture():
    """Every column of the table for 20,000 patients as uniforms, shape (columns, n)."""
    luck = draw_luck(0, PATIENTS, 1)
    columns = np.vstack([luck[name].reshape(PATIENTS, -1).T for name in LUCK.names])
    columns[:NORMAL_COLUMNS] = stats.norm.cdf(columns[:NORMAL_COLUMNS])
    return columns


def test_the_table_has_a_column_for_each_name_side_route_and_site_of_regrowth(columns):
    by_side = 2 * (len(NORMAL_SIDE_DRAWS) + len(SIDE_DRAWS))
    by_place = by_side + 8 * len(ROUTE_DRAWS) + 4 * len(REGROWTH_DRAWS)
    assert len(columns) == len(NORMAL_DRAWS) + len(DRAWS) + by_place
    names = [*NORMAL_DRAWS, *NORMAL_SIDE_DRAWS, *DRAWS, *SIDE_DRAWS, *ROUTE_DRAWS, *REGROWTH_DRAWS]
    assert len(set(names)) == len(names)


def test_every_column_is_uniform(columns):
    values = [stats.kstest(column, "uniform").pvalue for column in columns]
    assert min(values) > 0.001 / len(columns)
    assert stats.kstest(values, "uniform").pvalue > 0.001  # nor are they too even


def test_no_uniform_is_nought_or_one(columns):
    assert columns.min() > 0
    assert columns.max() < 1
    many = uniforms("age", 0, 2_000_000, 1, 0)
    assert many.min() > 0
    assert many.max() < 1
    # The grid is fine enough that the tails are reached and no value is favoured.
    assert many.min() < 1e-5
    assert len(np.unique(many)) == len(many)


def test_columns_are_independent_of_each_other(columns):
    between = np.corrcoef(columns) - np.eye(len(columns))
    assert np.abs(between).max() < 5.5 / np.sqrt(PATIENTS)
    pairs = between[np.triu_indices(len(columns), 1)] * np.sqrt(PATIENTS)
    assert np.std(pairs) == pytest.approx(1, abs=0.05)


def test_a_column_is_independent_of_its_neighbours(columns):
    """A shifted copy of another column would show only at a lag."""
    for lag in (1, 2, 3, 4):
        across = np.corrcoef(columns[:, lag:], columns[:, :-lag])
        assert np.abs(across[: len(columns), len(columns) :]).max() < 5.8 / np.sqrt(PATIENTS)


def test_a_pair_of_columns_fills_the_square(columns):
    """Independence beyond correlation, for columns that decide one after the other."""
    for one, other in ((0, 1), (10, 11), (-1, -2), (-8, -16)):
        counts, *_ = np.histogram2d(columns[one], columns[other], bins=10, range=[[0, 1], [0, 1]])
        assert stats.chisquare(counts.ravel()).pvalue > 1e-4


def test_seed_replication_and_name_each_give_another_stream():
    usual = uniforms("age", 0, 1000, 1, 0)
    others = [
        uniforms("age", 0, 1000, 2, 0),
        uniforms("age", 0, 1000, 1, 1),
        uniforms("age", 0, 1000, 0, 1),
        uniforms("age", 0, 1000, 11, 0),
        uniforms("sex", 0, 1000, 1, 0),
        uniforms("age.left", 0, 1000, 1, 0),
        uniforms("age", 1000, 2000, 1, 0),
    ]
    streams = np.vstack([usual, *others])
    assert len(np.unique(streams)) == streams.size
    assert np.abs(np.corrcoef(streams) - np.eye(len(streams))).max() < 5 / np.sqrt(1000)


def test_seed_and_replication_are_not_confused():
    """Seed 1, replication 11 is not seed 11, replication 1, nor seed 111."""
    streams = [
        uniforms("age", 0, 10, seed, replication) for seed, replication in ((1, 11), (11, 1), (111, 0))
    ]
    assert len(np.unique(streams)) == 30


@pytest.mark.parametrize("first", [0, 1, 2, 3, 4, 5, 1_000_003])
def test_a_patient_has_the_same_uniforms_wherever_the_block_begins(first):
    block = uniforms("leak", first, first + 9, 1, 0)
    singly = [uniforms("leak", number, number + 1, 1, 0)[0] for number in range(first, first + 9)]
    assert block.tolist() == singly


@pytest.mark.parametrize("first", [0, 1, 2, 3, 1_000_003, 3 * 10**9 + 1])
@pytest.mark.parametrize("patients", [1, 2, 3, 4, 5, 8, 11, 29])
def test_the_table_is_numpys_philox_wherever_the_block_begins(first, patients):
    luck = draw_luck(first, first + patients, 7, 2)
    mine = luck.view(float).reshape(patients, -1).T
    streams = np.vstack([uniforms(name, first, first + patients, 7, 2) for name in columns_by_name()])
    assert np.array_equal(mine[NORMAL_COLUMNS:], streams[NORMAL_COLUMNS:])
    quantiles = [[normal_quantile(u) for u in stream] for stream in streams[:NORMAL_COLUMNS]]
    assert np.array_equal(mine[:NORMAL_COLUMNS], quantiles)


def test_what_is_standard_normal_is_the_quantile_of_its_uniform_in_the_tails_too():
    luck = draw_luck(0, 200_000, 3)
    u, z = uniforms("crm", 0, 200_000, 3, 0), luck["crm"]
    assert u.min() < 1e-4
    assert u.max() > 1 - 1e-4
    assert np.allclose(z, stats.norm.ppf(u), rtol=1e-12, atol=1e-14)
    assert (np.sign(z) == np.sign(u - 0.5)).all()


def test_thousands_of_seeds_leave_few_keys_in_memory():
    for seed in range(100):
        draw_luck(0, 1, seed)
    assert column_keys.cache_info().currsize <= 16


def test_no_patients_no_luck():
    assert draw_luck(7, 7, 1).shape == (0,)
