"""Other engines, given the same arrivals, operations and deaths, let every patient wait as long."""

import numpy as np
import pytest

from benchmarks.peers import ENGINES, OURS, same_ends, toy

PATIENTS = 1500


@pytest.fixture(scope="module")
def ours():
    return ENGINES[OURS](toy(PATIENTS))


def test_the_toy_clinic_has_those_who_wait_and_those_who_are_called_away(ours):
    served = np.isfinite(ours)
    assert 5 < (~served).sum() < PATIENTS / 10
    assert (ours[served] > 0).mean() > 0.3


@pytest.mark.parametrize("engine", [engine for engine in ENGINES if engine != OURS])
def test_every_patient_comes_to_the_same_end_in(engine, ours):
    pytest.importorskip(engine)
    assert same_ends(ENGINES[engine](toy(PATIENTS)), ours)


def test_one_patient_who_waits_otherwise_is_noticed(ours):
    other = ours.copy()
    other[np.isfinite(other).nonzero()[0][-1]] += 1e-5
    assert not same_ends(other, ours)
    assert not same_ends(np.where(np.isinf(ours), 0.0, ours), ours)
