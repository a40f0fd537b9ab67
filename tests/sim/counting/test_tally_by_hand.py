"""Counts of patients on the edges of the definitions, against counting in plain Python."""

from collections import Counter as Bag

import numba
import numpy as np
import pytest
from helpers.counting import binary_outcomes, tally, tally_pair, world
from helpers.lives_by_hand import YEAR, amounts_of, months_of, some_lives, states_of, timed_of, way_of

from sim.counting import tally as tallies
from sim.counting.outcomes import FOLDS, MONTHLY, SHAPE, TIMED, UNITS, Key
from sim.counting.tally import Counter, PairTally, Tally, batch_stops

HORIZONS, YEARS = (1.0,), 2.0
COMPARED = Key("cancer_specific_survival")
N = 130  # more than a part takes at once


@pytest.fixture(scope="module", name="rows")
def rows_fixture():
    return some_lives(N, end_days=YEARS * YEAR)


@pytest.fixture(scope="module", name="others")
def others_fixture():
    return some_lives(N, seed=2, end_days=YEARS * YEAR)


@pytest.fixture(scope="module", name="counts")
def counts_fixture(rows):
    return tally(rows, HORIZONS, YEARS)


def states(rows):
    """Each patient's state by outcome."""
    every = [states_of(row, HORIZONS) for row in rows]
    return {key: [int(own[key]) for own in every] for key in every[0]}


def test_every_patient_is_absent_no_or_yes_once(rows, counts):
    for key, own in states(rows).items():
        assert counts.binary[key].tolist() == [own.count(k) for k in range(3)], key
    assert list(counts.binary) == list(states(rows[:1]))
    assert {array.dtype for array in counts.binary.values()} == {np.dtype(np.int64)}


def test_sums_are_of_everybody(rows, counts):
    own = [amounts_of(row, YEARS * YEAR) for row in rows]
    assert [key.outcome for key in counts.sums] == list(UNITS)
    for key, sums in counts.sums.items():
        values = [int(amounts[key.outcome]) for amounts in own]
        assert sums.tolist() == [N, sum(values), sum(value * value for value in values)]
        assert key.horizon_years == YEARS


def test_deaths_and_censorings_fall_on_their_day_by_fold_where_policies_are_compared(rows, counts):
    assert list(counts.timed) == list(TIMED)
    for key, array in counts.timed.items():
        folds = FOLDS if key == COMPARED else 1
        assert array.shape == (folds, 732, 2)  # two years are 730.5 days
        expected = Bag()
        for row in rows:
            own = timed_of(row, YEARS * YEAR).get((key.outcome, key.group))
            if own:
                days, died = own
                expected[int(row.number) % 32 if folds > 1 else 0, days, 0 if died else 1] += 1
        assert {tuple(map(int, at)): int(array[tuple(at)]) for at in np.argwhere(array)} == expected


def test_events_fall_into_their_month(rows, counts):
    own = [months_of(row, 24) for row in rows]
    assert list(counts.monthly) == list(MONTHLY)
    for key, array in counts.monthly.items():
        months = [of[key.outcome, key.mechanism] for of in own]
        assert array.tolist() == [months.count(month) for month in range(26)]


def test_every_recurrence_is_in_one_cell_of_the_flow(rows, counts):
    (key,) = counts.flow
    flow = counts.flow[key]
    assert key == Key("flow") and flow.shape == SHAPE
    expected = Bag(tuple(map(int, way)) for way in map(way_of, rows) if way)
    assert {tuple(map(int, at)): int(flow[tuple(at)]) for at in np.argwhere(flow)} == expected


def test_pairs_count_both_lives_of_a_patient(rows, others):
    rows, others = rows[:60], others[:60]
    pair = tally_pair(rows, others, HORIZONS, YEARS)
    mine, theirs = states(rows), states(others)
    assert list(pair.binary) == list(mine)
    for key, joint in pair.binary.items():
        expected = np.zeros((3, 3), int)
        np.add.at(expected, (theirs[key], mine[key]), 1)
        assert np.array_equal(joint, expected), key
    differences = [
        {name: int(value) - int(amounts_of(other, YEARS * YEAR)[name]) for name, value in own.items()}
        for own, other in (
            (amounts_of(row, YEARS * YEAR), other) for row, other in zip(rows, others, strict=True)
        )
    ]
    for key, sums in pair.sums.items():
        values = [of[key.outcome] for of in differences]
        assert sums.tolist() == [60, sum(values), sum(value * value for value in values)]


def test_without_a_comparator_a_patient_is_compared_with_herself(rows):
    counter = Counter(world(), HORIZONS, YEARS)
    counter.count(rows[:20])
    pair = counter.pair()
    for key, joint in pair.binary.items():
        assert np.array_equal(joint, np.diag(counter.tally().binary[key]))
    assert all(sums.tolist() == [20, 0, 0] for sums in pair.sums.values())


def test_each_patients_states_are_returned_in_order(rows):
    found = binary_outcomes(rows[:7], HORIZONS)
    assert {key: own.tolist() for key, own in found.items()} == states(rows[:7])


def test_what_is_counted_in_blocks_by_any_number_of_threads_adds_up(rows, counts):
    usual = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        alone = tally(rows, HORIZONS, YEARS)
    finally:
        numba.set_num_threads(usual)
    blocks, summed = Counter(world(), HORIZONS, YEARS), Tally()
    for first, stop in ((0, 7), (7, N)):
        blocks.count(rows[first:stop])
        summed.add(tally(rows[first:stop], HORIZONS, YEARS))
    for other in (alone, blocks.tally(), summed):
        for kind in ("binary", "sums", "timed", "monthly", "flow"):
            mine, theirs = getattr(counts, kind), getattr(other, kind)
            assert list(mine) == list(theirs)
            assert all(np.array_equal(mine[key], theirs[key]) for key in mine)


def test_pairs_add_up(rows, others):
    rows, others, summed = rows[:20], others[:20], PairTally()
    whole = tally_pair(rows, others, HORIZONS, YEARS)
    for block in (slice(0, 13), slice(13, 20)):
        summed.add(tally_pair(rows[block], others[block], HORIZONS, YEARS))
    for mine, theirs in ((whole.binary, summed.binary), (whole.sums, summed.sums)):
        assert list(mine) == list(theirs)
        assert all(np.array_equal(mine[key], theirs[key]) for key in mine)


def test_a_policys_own_counts_do_not_depend_on_its_comparator(rows, others):
    compared, alone = Counter(world(), HORIZONS, YEARS), Counter(world(), HORIZONS, YEARS)
    compared.count(rows[:40], alone.count(others[:40]))
    own, theirs = tally(rows[:40], HORIZONS, YEARS), alone.tally()
    mine = compared.tally()
    assert all(np.array_equal(counts, mine.binary[key]) for key, counts in own.binary.items())
    assert all(np.array_equal(counts, mine.sums[key]) for key, counts in own.sums.items())
    assert any(not np.array_equal(counts, theirs.binary[key]) for key, counts in own.binary.items())


def by_batch(rows, others, blocks):
    """The counts of blocks of patients, a batch each, and those joint with the same patients' others."""
    one, other = (Counter(world(), HORIZONS, YEARS, len(blocks)) for _ in range(2))
    for block in blocks:
        # In two halves: a batch comes in as many blocks of rows as it likes.
        half = (block.start + block.stop) // 2
        for some in (slice(block.start, half), slice(half, block.stop)):
            one.count(rows[some], other.count(others[some]))
        one.end_batch()
        other.end_batch()
    return one.tally(), one.pair()


def test_a_batch_that_nobody_is_in_counts_nobody(rows):
    batched = Counter(world(), HORIZONS, YEARS, 2)
    batched.end_batch()
    batched.count(rows[:5])
    for counts in batched.tally().binary.values():
        assert counts[0].sum() == 0 and counts[1].sum() == 5


@pytest.mark.parametrize(
    ("patients", "stops"),
    [(0, [0]), (1, [1]), (3, [3]), (4, [2, 4]), (5, [2, 5]), (7, [2, 4, 7]), (60, list(range(2, 61, 2)))],
)
def test_batches_have_two_patients_or_more_and_are_thirty_at_most(patients, stops):
    assert batch_stops(patients) == stops


def test_a_large_cohort_is_cut_into_thirty_batches_of_like_size():
    stops = batch_stops(1000)
    assert len(stops) == 30 and stops[-1] == 1000
    assert set(np.diff([0, *stops])) == {33, 34}


def test_batches_stand_side_by_side_and_the_flow_is_added_up(rows, others):
    blocks = [slice(0, 9), slice(9, 20), slice(20, 26)]
    parts = [tally(rows[block], HORIZONS, YEARS) for block in blocks]
    pairs = [tally_pair(rows[block], others[block], HORIZONS, YEARS) for block in blocks]
    batched, both = by_batch(rows, others, blocks)
    assert batched.by_batch and not parts[0].by_batch and not Tally().by_batch
    for kind in ("binary", "sums", "monthly"):
        for key, counts in getattr(batched, kind).items():
            assert np.array_equal(counts, [getattr(part, kind)[key] for part in parts])
            assert counts.dtype == np.int64
    for key, counts in batched.timed.items():
        assert np.array_equal(counts, [part.timed[key].sum(axis=0) for part in parts])
    (flow,) = batched.flow.values()
    assert np.array_equal(flow, tally(rows[:26], HORIZONS, YEARS).flow[Key("flow")])
    for mine, theirs in ((both.binary, "binary"), (both.sums, "sums")):
        assert list(mine) == list(getattr(pairs[0], theirs))
        for key, counts in mine.items():
            assert np.array_equal(counts, [getattr(pair, theirs)[key] for pair in pairs])


def test_sums_hold_as_many_patients_as_are_added_before_they_are_entered():
    eight, sums = np.zeros(1, tallies.EIGHT), np.zeros(1, tallies.SUMS)
    yes = np.full((2, tallies.LANES), -1)
    no = np.array([[-1], [0]]) * np.ones(tallies.LANES, np.int64)
    for j, (others, own) in enumerate([(yes, yes)] * 3 + [(no, yes)] * 2 + [(yes, no), (no, no)]):
        tallies.note(j, True, others, own, 0, eight[0])
    tallies.note(7, False, yes, yes, 0, eight[0])  # nobody
    times = tallies.MOST_ADDED // tallies.AT_ONCE + tallies.CHUNK // tallies.AT_ONCE - 1
    for _ in range(times):
        tallies.add_eight(eight[0], sums[0])
    joint = np.ones((9, 1), np.int64)
    tallies.enter_sums(sums, 0, joint)
    assert (joint[:, 0] - 1).tolist() == [0, 0, 0, 0, times, 2 * times, 0, times, 3 * times]
    assert not sums["digits"].any()
    # The first that is entered comes at most a chunk after that many.
    assert tallies.MOST_ADDED % tallies.CHUNK == 0
    assert tallies.MOST_ADDED - 1 + tallies.CHUNK < 2**tallies.DIGITS
