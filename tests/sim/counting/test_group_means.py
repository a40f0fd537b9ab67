"""Means from the sums of groups: the jackknife of a ratio in plain loops, with SciPy's quantile."""

import numpy as np
import pytest
from scipy import stats

from analysis.tables.economics import Worth, means
from sim.counting.batches import batch_error, new_scratch, note
from sim.counting.estimates import write_group_means


def written(counts, scales, by_batch):
    found = np.empty((len(counts), 4))
    write_group_means(counts, np.array(scales), int(by_batch), new_scratch(*counts.shape[1:]), found)
    return found


@pytest.fixture
def counts():
    """Three amounts of nine groups of unlike size, one of which holds nobody."""
    rng = np.random.default_rng(4)
    patients = rng.integers(3, 40, 9).astype(float)
    patients[5] = 0
    sums = rng.normal(50, 400, (3, 9)).round() * (patients > 0)
    return np.stack(np.broadcast_arrays(patients, sums), axis=-1)


def test_the_interval_is_the_jackknife_s_with_student_s_t(counts):
    for amount, scale, (n, mean, low, high) in zip(
        counts, (1, 100, 7), written(counts, [1.0, 100.0, 7.0], False), strict=True
    ):
        groups = [(patients, total) for patients, total in amount if patients]
        whole = [sum(each) for each in zip(*groups, strict=True)]
        without = [(whole[1] - total) / (whole[0] - patients) / scale for patients, total in groups]
        centre = sum(without) / len(without)
        variance = (len(groups) - 1) / len(groups) * sum((one - centre) ** 2 for one in without)
        half = stats.t.ppf(0.975, len(groups) - 1) * variance**0.5
        assert (n, mean) == (whole[0], pytest.approx(whole[1] / whole[0] / scale))
        assert [low, high] == pytest.approx([mean - half, mean + half])


def test_batches_of_a_queue_are_taken_for_an_autoregression(counts):
    _, mean, low, high = written(counts, [1.0, 1.0, 1.0], True)[0]
    patients, totals = counts[0].T
    scratch = new_scratch(len(patients), 2)
    for group in range(len(patients)):
        left = (totals.sum() - totals[group]) / (patients.sum() - patients[group])
        note(scratch, group, patients[group] > 0, left)
    error, quantile = batch_error(scratch)
    assert [low, high] == pytest.approx([mean - quantile * error, mean + quantile * error])


def test_nobody_has_no_mean_and_one_group_no_interval():
    found = written(np.array([[[0.0, 0.0], [0.0, 0.0]], [[5.0, 10.0], [0.0, 0.0]]]), [1.0, 1.0], False)
    assert found[0, 0] == 0 and np.isnan(found[0, 1:]).all()
    assert found[1, :2].tolist() == [5.0, 2.0] and np.isnan(found[1, 2:]).all()


def test_a_difference_of_the_same_sums_is_0_without_doubt():
    patients, sums = np.array([3.0, 4.0]), np.array([[1.5, 2.0], [2.5, 4.0]])
    nobody = np.zeros((len(sums), 2))
    assert means(Worth(patients, sums - sums, nobody), by_batch=False)[0][1:] == (0.0, 0.0, 0.0)
