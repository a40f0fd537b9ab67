"""Patients who queue are counted by batch, and intervals allow for the luck that they share."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from helpers.counting import tally, tally_pair

from analysis.tables import run as tables
from analysis.tables.estimates import share
from conf.schema import compose_run
from experiments.compare import tables_of
from experiments.simulating.cohort import count_block, simulate, worlds_of
from experiments.simulating.counts import Sum, to_bytes
from sim.counting.outcomes import Key
from sim.counting.tally import PairTally, Tally, batch_stops

POLICIES = "policies=[tme_alone,chemoradiotherapy+for_everyone]"
OVERLOADED = ("clinic=strained", "clinic.linac_count=13", "horizon_years=2", POLICIES, "clock=compiled")
QUEUE = ("clinic=strained", "clinic.linac_count=8", "patients=130", "horizon_years=2", POLICIES)


@pytest.fixture(scope="module")
def run():
    return compose_run(*QUEUE, "rows=true", "clock=compiled")


@pytest.fixture(scope="module")
def simulated(run):
    return simulate(run)


def arrays(tallies, pairs):
    return {
        (kind, policy, part, *key): counts
        for kind, found in (("tally", tallies), ("pair", pairs))
        for policy, one in found.items()
        for part, of in vars(one).items()
        for key, counts in of.items()
    }


def same(one, other):
    return one.keys() == other.keys() and all(np.array_equal(one[key], other[key]) for key in one)


def test_each_batch_holds_the_counts_of_its_own_patients(run, simulated):
    rows = {name: np.concatenate(blocks) for name, blocks in simulated.rows.items()}
    before, (policy, after) = rows["tme_alone"], list(rows.items())[1]
    batches = list(zip([0, *batch_stops(130)], batch_stops(130), strict=False))
    assert len(batches) == 30
    flow = 0
    for k, (first, stop) in enumerate(batches):
        alone = tally(after[first:stop], simulated.horizons_years, run.horizon_years)
        mine = simulated.tallies[policy]
        for part in ("binary", "sums", "monthly"):
            for key, counts in getattr(alone, part).items():
                assert np.array_equal(getattr(mine, part)[key][k], counts), (part, key)
        for key, counts in alone.timed.items():
            assert np.array_equal(mine.timed[key][k], counts.sum(axis=0))
        flow = flow + alone.flow[Key("flow")]
        pair = tally_pair(after[first:stop], before[first:stop], simulated.horizons_years, run.horizon_years)
        for part in ("binary", "sums"):
            for key, counts in getattr(pair, part).items():
                assert np.array_equal(getattr(simulated.pairs[policy], part)[key][k], counts), (part, key)
    assert np.array_equal(simulated.tallies[policy].flow[Key("flow")], flow)


def test_the_clocks_and_a_task_of_a_sweep_count_the_same_batches(run, simulated):
    whole = arrays(simulated.tallies, simulated.pairs)
    by_event = simulate(dataclasses.replace(run, clock="simpy", rows=False))
    assert same(arrays(by_event.tallies, by_event.pairs), whole)
    counts = count_block(run, worlds_of(run), 0, run.patients)
    assert same(arrays(*counts), whole)
    kept = Sum()
    kept.add(to_bytes(*counts))
    tallies, pairs = kept.tallies([policy.name for policy in run.policies])
    assert same(arrays(tallies, pairs), whole)
    for name, table in tables_of(run, simulated).items():
        again = tables_of(run, dataclasses.replace(simulated, tallies=tallies, pairs=pairs))[name]
        pd.testing.assert_frame_equal(again, table)


def as_if_independent(simulated):
    """Return the tables of the same patients as if nobody had waited for anybody."""
    tallies, pairs = {}, {}
    for name, one in simulated.tallies.items():
        parts = ({key: counts.sum(axis=0) for key, counts in part.items()} for part in (one.binary, one.sums))
        monthly = {key: counts.sum(axis=0) for key, counts in one.monthly.items()}
        tallies[name] = Tally(*parts, one.timed, monthly, one.values, one.flow)
    for name, pair in simulated.pairs.items():
        parts = (
            {key: counts.sum(axis=0) for key, counts in part.items()} for part in (pair.binary, pair.sums)
        )
        pairs[name] = PairTally(*parts)
    return dataclasses.replace(simulated, tallies=tallies, pairs=pairs)


def test_queueing_changes_intervals_and_no_estimate(run, simulated):
    beside = tables_of(run, as_if_independent(simulated))
    for name, table in tables_of(run, simulated).items():
        bounds = [column for column in table if column.endswith(("_low", "_high"))]
        pd.testing.assert_frame_equal(table.drop(columns=bounds), beside[name].drop(columns=bounds))
        if bounds:
            assert not table[bounds].equals(beside[name][bounds])
    keys = ["policy", "outcome", "mechanism", "compartment", "group", "horizon_years"]
    mine, other = (
        tables.outcomes(one.tallies, one.horizons_years).set_index(keys)
        for one in (simulated, as_if_independent(simulated))
    )
    width, before = (frame["ci_high"] - frame["ci_low"] for frame in (mine, other))
    assert (width >= before - 1e-12)[before.notna()].all()


def test_the_longer_a_queue_the_less_informative_its_patients():
    simulated = simulate(compose_run(*OVERLOADED, "patients=2000"))
    key = Key("irradiated")
    mine, other = (
        share(one.tallies["chemoradiotherapy+for_everyone"].binary[key])
        for one in (simulated, as_if_independent(simulated))
    )
    assert mine.ci_high - mine.ci_low > 1.5 * (other.ci_high - other.ci_low)


@pytest.mark.long
def test_the_intervals_of_a_queueing_clinic_hold_the_mean_of_many_as_often_as_they_say():
    run = compose_run(*OVERLOADED, "patients=3000")
    found = []
    for replication in range(80):
        simulated = simulate(dataclasses.replace(run, replication=replication))
        for how, one in (("batches", simulated), ("independent", as_if_independent(simulated))):
            made = tables_of(run, one)
            for table in (made["outcomes"], made["differences"]):
                whole = table[(table[["mechanism", "compartment", "group"]] == "all").all(axis=1)]
                found.append(whole.assign(how=how, difference="comparator" in table))
    rows = pd.concat(found).query("n > 500")
    keys = ["difference", "policy", "outcome", "horizon_years"]
    truth = rows.groupby(keys, dropna=False)["estimate"].transform("mean")
    rows["held"] = (rows["ci_low"] <= truth) & (truth <= rows["ci_high"])
    held = rows[truth.abs() > 0.01].groupby(["how", *keys], dropna=False)["held"].mean()
    assert 0.93 <= held["batches"].mean() <= 0.985
    waits = held.xs("irradiated", level="outcome").xs("chemoradiotherapy+for_everyone", level="policy")
    assert waits["independent"].max() < 0.7  # too narrow by a factor of three
    assert waits["batches"].min() > 0.85
