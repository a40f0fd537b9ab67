"""What a local recurrence changes, and how many there are more, beside plain loops."""

import numpy as np
import pytest

from analysis.tables.contrasts import acted_on, further, per_recurrence, towards
from analysis.tables.economics import Worth

FOLDS = 8


def two_worths(rng):
    """Return the sums of folds of patients with recurrences and without."""
    patients = rng.integers(90, 110, FOLDS).astype(float)
    recurrences = rng.integers(5, 12, FOLDS).astype(float)
    less = -4.0 * recurrences + rng.normal(0, 2, FOLDS)
    without = np.column_stack([rng.normal(1000, 9, FOLDS), rng.normal(50, 1, FOLDS)])
    found = without + np.column_stack([less, 3 * less])
    counts = np.column_stack([recurrences, recurrences // 2])
    return Worth(patients, found, counts), Worth(patients, without, np.zeros((FOLDS, 2)))


def test_what_a_recurrence_changes_is_the_ratio_of_sums_with_its_jackknife_error():
    found, without = two_worths(np.random.default_rng(3))
    change = per_recurrence(found, without)
    for k in (0, 1):
        ratios = []
        for left in range(FOLDS):
            top = bottom = 0.0
            for fold in range(FOLDS):
                if fold != left:
                    top += found.sums[fold, k] - without.sums[fold, k]
                    bottom += found.recurrences[fold, 0]
            ratios.append(top / bottom)
        mean = sum(ratios) / FOLDS
        error = ((FOLDS - 1) / FOLDS * sum((one - mean) ** 2 for one in ratios)) ** 0.5
        whole = (found.sums[:, k] - without.sums[:, k]).sum() / found.recurrences[:, 0].sum()
        assert change.changes[k] == pytest.approx(whole)
        assert change.errors[k] == pytest.approx(error)
    assert change.changes[1] == pytest.approx(3 * change.changes[0])


def test_without_recurrences_there_is_nothing_to_lose():
    _, without = two_worths(np.random.default_rng(3))
    change = per_recurrence(without, without)
    assert (change.changes == 0).all() and (change.errors == 0).all()


def test_recurrences_of_those_acted_on_are_multiplied_and_the_others_stay():
    recurrences = np.array([[10.0, 4.0], [8.0, 0.0]])
    assert acted_on(recurrences, of_everybody=False).tolist() == [4.0, 0.0]
    assert acted_on(recurrences, of_everybody=True).tolist() == [10.0, 8.0]
    more = further(acted_on(recurrences, of_everybody=False), np.log(1.5))
    assert more == pytest.approx([2.0, 0.0])


def test_a_policy_that_leaves_a_measure_out_is_moved_the_other_way():
    assert towards(0.05, 0.06) == towards(0.05, 0.05) == 1
    assert towards(0.12, 0.06) == -1
