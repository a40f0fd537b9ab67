"""Counts do not depend on how patients are counted: with or without rows, in any blocks, by any threads."""

import dataclasses

import numba
import numpy as np
import pytest

from conf.schema import compose_run
from experiments.simulating import cohort
from sim.counting.tally import MOST_ADDED

RUN = compose_run(
    "patients=700", "clock=compiled", "policies=[short_course,tme_alone]", "comparator=tme_alone"
)


def arrays(simulated):
    """Every array of counts of a run, by where it belongs."""
    return {
        (kind, policy, part.name, *key): counts
        for kind, tallies in (("tally", simulated.tallies), ("pair", simulated.pairs))
        for policy, tally in tallies.items()
        for part in dataclasses.fields(tally)
        for key, counts in getattr(tally, part.name).items()
    }


def differing(mine, theirs):
    """What either has and the other has not, or not alike."""
    return [
        about
        for about in {**mine, **theirs}
        if about not in mine or about not in theirs or not np.array_equal(mine[about], theirs[about])
    ]


@pytest.fixture(scope="module", name="counted")
def counted_fixture():
    return arrays(cohort.simulate(RUN))


def test_patients_counted_as_they_are_simulated_are_the_counts_of_their_rows(counted):
    simulated = cohort.simulate(dataclasses.replace(RUN, rows=True))
    assert sum(map(len, simulated.rows["short_course"])) == 700
    assert differing(arrays(simulated), counted) == []


def test_lives_of_the_simpy_clock_are_counted_alike(counted):
    simulated = cohort.simulate(dataclasses.replace(RUN, clock="simpy"))
    assert differing(arrays(simulated), counted) == []


@pytest.mark.parametrize("block", [1, 129, 400])
def test_counts_are_the_same_whatever_the_block(counted, monkeypatch, block):
    run = RUN if block > 1 else dataclasses.replace(RUN, patients=9)
    whole = counted if block > 1 else arrays(cohort.simulate(run))
    monkeypatch.setattr(cohort, "BLOCK", block)
    assert differing(arrays(cohort.simulate(run)), whole) == []


def test_counts_are_the_same_however_many_patients_are_counted_at_once():
    worlds = cohort.worlds_of(RUN)
    at_once, in_turn = cohort.Blocks(RUN, worlds), cohort.Blocks(RUN, worlds)
    patients = 2 * MOST_ADDED * numba.get_num_threads() + 100
    at_once.simulate_and_count(0, patients)
    for first in range(0, patients, 20_000):
        in_turn.simulate_and_count(first, min(first + 20_000, patients))
    whole, summed = (cohort.Simulated((), *blocks.result()) for blocks in (at_once, in_turn))
    assert differing(arrays(whole), arrays(summed)) == []
    assert next(iter(whole.tallies["tme_alone"].binary.values())).sum() == patients


def test_counts_are_the_same_whatever_the_number_of_threads(counted):
    usual = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        assert differing(arrays(cohort.simulate(RUN)), counted) == []
    finally:
        numba.set_num_threads(usual)


def test_everybody_is_counted_once_in_every_outcome(counted):
    for (kind, _, part, *_), counts in counted.items():
        if part == "binary":
            assert counts.sum() == 700
        elif part == "sums":
            assert counts[0] == 700
        elif part == "monthly":
            assert counts.sum() == 700
        assert (counts >= 0).all() or (kind, part) == ("pair", "sums")
