"""Counts and whole-number sums of the outcomes of blocks of lives, which add up in any order.

Threads count into parts of their own; a part counts a few patients at a time in bytes, which is many
outcomes at an instruction, and adds the bytes up.
"""

from dataclasses import dataclass, field
from math import ceil
from typing import NamedTuple

import numba
import numpy as np

from sim.compiled import Record, compiled, in_threads
from sim.counting.outcomes import (
    FOLDS,
    MONTHLY,
    NOT_COUNTED,
    SHAPE,
    TIMED,
    UNITS,
    Key,
    Monthly,
    amount_keys,
    binary_keys,
    way,
    write_amounts,
    write_months,
    write_states,
    write_timed,
)
from sim.counting.value import (
    MOST_POINTS,
    MOST_STATES,
    VALUES,
    ValueScratch,
    write_values,
)
from sim.patient import YEAR_DAYS, Cost

VALUED = Key("values")  # of the counts of costs and quality of life
RECURRED = Key("recurrences")  # of those of local recurrences that are counted beside them
CHUNK = 64  # patients that a thread counts in bytes: below 256
BATCHES = 30  # of neighbours in a queue

Counts = dict[Key, np.ndarray]


def _add(total: Counts, part: Counts) -> None:
    for key, counts in part.items():
        total[key] = total[key] + counts if key in total else counts


@dataclass
class Tally:
    """The counts of one policy.

    ``binary``: [absent, no, yes]; ``sums``: [n, sum, sum of squares]; ``timed``: shape (folds, days + 1,
    2), deaths and censorings by day, in FOLDS where policies are compared, else in one; ``monthly``: events
    by month, index 0 unused, the last for never; ``values``: where costs and quality of life are counted,
    VALUED, shape (folds, 1 + values), patients and the sum of each of ``VALUES``, and RECURRED, shape
    (folds, 2), local recurrences found, and those of them in patients whose costs or quality of life differ
    from those under the comparator; ``flow``: one array, an axis for each of ``FLOW``. All int64. Of patients
    who queue all but ``flow`` are by batch, on a first axis, which in ``timed`` and ``values`` stands for the
    folds.
    """

    binary: Counts = field(default_factory=dict)
    sums: Counts = field(default_factory=dict)
    timed: Counts = field(default_factory=dict)
    monthly: Counts = field(default_factory=dict)
    values: Counts = field(default_factory=dict)
    flow: Counts = field(default_factory=dict)

    @property
    def by_batch(self) -> bool:
        """Return whether the counts are of batches of patients who queue."""
        return any(counts.ndim == 2 for counts in self.binary.values())

    def add(self, other: "Tally") -> None:
        """Add the counts of other patients."""
        for mine, theirs in zip(_parts(self), _parts(other), strict=True):
            _add(mine, theirs)

    def enter(self, other: "Tally", batch: int, batches: int) -> None:
        """Enter the counts of one of so many batches."""
        timed, values = (
            {key: counts.sum(axis=0) for key, counts in by_fold.items()}
            for by_fold in (other.timed, other.values)
        )
        parts = (other.binary, other.sums, timed, other.monthly, values)
        for mine, theirs in zip(_parts(self)[:-1], parts, strict=True):
            _enter(mine, theirs, batch, batches)
        _add(self.flow, other.flow)


@dataclass
class PairTally:
    """The joint counts of the same patients under a policy and its comparator.

    ``binary``: shape (3, 3), comparator's state by policy's state; ``sums``: [n, sum, sum of
    squares] of policy less comparator. All int64; of patients who queue by batch, on a first axis.
    """

    binary: Counts = field(default_factory=dict)
    sums: Counts = field(default_factory=dict)

    def add(self, other: "PairTally") -> None:
        """Add the counts of other patients."""
        _add(self.binary, other.binary)
        _add(self.sums, other.sums)

    def enter(self, other: "PairTally", batch: int, batches: int) -> None:
        """Enter the joint counts of one of so many batches."""
        _enter(self.binary, other.binary, batch, batches)
        _enter(self.sums, other.sums, batch, batches)


def batch_stops(patients: int) -> list[int]:
    """Return where each batch of patients ends, in order of arrival: BATCHES, or fewer of two or more."""
    batches = max(min(BATCHES, patients // 2), 1)
    return [(k + 1) * patients // batches for k in range(batches)]


def _enter(total: Counts, part: Counts, batch: int, batches: int) -> None:
    for key, counts in part.items():
        if key not in total:
            total[key] = np.zeros((batches, *counts.shape), counts.dtype)
        total[key][batch] = counts


def _parts(tally: Tally) -> tuple[Counts, ...]:
    return tally.binary, tally.sums, tally.timed, tally.monthly, tally.values, tally.flow


class Measures(NamedTuple):
    """What is kept of patients until their lives under another policy are counted beside them."""

    states: np.ndarray  # uint8, shape (n, outcomes)
    amounts: np.ndarray  # int64, shape (n, amounts)
    places: np.ndarray  # int64, shape (n, PLACES): in the counts by fold, day, month and way
    values: np.ndarray  # int64, shape (n, values), as ``write_values``; unset where they are not counted


# In ``Measures.places``: the fold, then where ``write_timed``, ``write_months`` and ``way`` count a patient.
_TIMES, _MONTHS = 1, 1 + len(TIMED)
_WAY = _MONTHS + len(MONTHLY)
PLACES = _WAY + 1
_VALUES = 1 + len(VALUES)  # in ``Parts.values``; local recurrences follow


class Parts(NamedTuple):
    """The counts of one policy, int64, as threads add to them; the first axis is the part."""

    joint: np.ndarray  # comparator's state times 3 plus policy's state; by outcome
    sums: np.ndarray  # sum and sum of squares; by amount
    differences: np.ndarray  # the same, of policy less comparator
    timed: np.ndarray  # by fold of the first outcome, then by outcome; by cell of ``write_timed``
    monthly: np.ndarray  # by curve; by month
    values: np.ndarray  # by fold; patients, the sum of each value, and what is counted as RECURRED
    flow: np.ndarray  # by way


class Scratch(NamedTuple):
    """Where a part notes what it is about to add."""

    both: np.ndarray  # uint8, by outcome: as the first axis of ``Parts.joint``
    few: np.ndarray  # uint8, by policy of those that are counted together; as a part of ``Parts.joint``
    # As ``ValueScratch``.
    spells: np.ndarray
    points: np.ndarray
    money: np.ndarray


class Counter:
    """Counts the lives of one policy's patients, block by block, beside those of its comparator."""

    def __init__(self, world: np.ndarray, horizons_years: tuple[float, ...], horizon_years: float) -> None:
        self.world = world
        self.keys, self.amounts = binary_keys(horizons_years), amount_keys(horizon_years)
        self.horizon_days = np.array([years * YEAR_DAYS for years in horizons_years])
        self.end_days = horizon_years * YEAR_DAYS
        parts, months = numba.get_num_threads(), round(horizon_years * 12) + 2
        self.parts = Parts(
            np.zeros((parts, 9, len(self.keys)), np.int64),
            np.zeros((parts, 2, len(UNITS)), np.int64),
            np.zeros((parts, 2, len(UNITS)), np.int64),
            np.zeros((parts, FOLDS + len(TIMED) - 1, 2 * (ceil(self.end_days) + 1)), np.int64),
            np.zeros((parts, len(MONTHLY), months), np.int64),
            np.zeros((parts, FOLDS, _VALUES + 2), np.int64),
            np.zeros((parts, int(np.prod(SHAPE))), np.int64),
        )

    def measures(self, n: int) -> Measures:
        """Return the place for the measures of n patients."""
        return Measures(
            np.empty((n, len(self.keys)), np.uint8),
            np.empty((n, len(UNITS)), np.int64),
            np.empty((n, PLACES), np.int64),
            np.empty((n, len(VALUES)), np.int64),
        )

    def count(self, rows: np.ndarray, comparators: Measures | None = None) -> Measures:
        """Count patients, beside the measures of the same patients under the comparator; return theirs.

        Without a comparator they are compared with themselves.
        """
        own = self.measures(len(rows))
        others, parts = comparators or own, len(self.parts.joint)

        def count(part: int) -> None:
            _count(
                rows,
                self.world,
                own,
                others,
                self.horizon_days,
                self.end_days,
                self.parts,
                part,
                new_scratch(len(self.keys), 1),
            )

        in_threads(count, parts)
        return own

    def tally(self) -> Tally:
        """Return the counts so far."""
        # Of one part they are the counts themselves: a sum would touch every day of a long follow-up.
        total = Parts(*(part[0] if len(part) == 1 else part.sum(axis=0) for part in self.parts))
        joint = total.joint.reshape(3, 3, -1)
        timed = total.timed.reshape(len(total.timed), -1, 2)
        by_outcome = [timed[:FOLDS], *(timed[k : k + 1] for k in range(FOLDS, len(timed)))]
        return Tally(
            dict(zip(self.keys, np.ascontiguousarray(joint.sum(axis=0).T), strict=True)),
            self._sums(total.joint, total.sums),
            dict(zip(TIMED, by_outcome, strict=True)),
            dict(zip(MONTHLY, total.monthly, strict=True)),
            self._values(total.values),
            {Key("flow"): total.flow.reshape(SHAPE)},
        )

    def pair(self) -> PairTally:
        """Return the joint counts with the comparator so far."""
        joint = self.parts.joint.sum(axis=0)
        return PairTally(
            dict(zip(self.keys, joint.T.reshape(-1, 3, 3).copy(), strict=True)),
            self._sums(joint, self.parts.differences.sum(axis=0)),
        )

    def _values(self, values: np.ndarray) -> Counts:
        if not self.world["economics"]["counted"][0]:
            return {}
        return {VALUED: values[:, :_VALUES].copy(), RECURRED: values[:, _VALUES:].copy()}

    def _sums(self, joint: np.ndarray, sums: np.ndarray) -> Counts:
        n = int(joint[:, 0].sum())
        return {key: np.array([n, *sums[:, k]]) for k, key in enumerate(self.amounts)}


def new_scratch(outcomes: int, policies: int) -> Scratch:
    """Return the scratch of a part, for so many policies that are counted together."""
    return Scratch(
        np.empty(outcomes, np.uint8),
        np.empty((policies, 9, outcomes), np.uint8),
        np.empty((MOST_STATES, 3)),
        np.empty(MOST_POINTS),
        np.empty(len(Cost)),
    )


@compiled
def _count(
    rows: np.ndarray,
    world: np.ndarray,
    own: Measures,
    others: Measures,
    horizon_days: np.ndarray,
    end_days: float,
    parts: Parts,
    part: int,
    scratch: Scratch,
) -> None:
    for first in range(part * CHUNK, len(rows), len(parts.joint) * CHUNK):
        chunk = rows[first : first + CHUNK]
        count_chunk(chunk, world, own, others, first, horizon_days, end_days, parts, part, scratch)


@compiled
def count_chunk(
    rows: np.ndarray,
    world: np.ndarray,
    own: Measures,
    others: Measures,
    first: int,
    horizon_days: np.ndarray,
    end_days: float,
    parts: Parts,
    part: int,
    scratch: Scratch,
) -> None:
    """Add at most CHUNK patients to the counts of a part; their measures begin at ``first``.

    ``own`` is written, ``others`` only read; both may be the same.
    """
    months = parts.monthly.shape[2] - 2
    for i in range(len(rows)):
        measure(rows[i], world, own, first + i, horizon_days, end_days, months, scratch)
    stop = first + len(rows)
    few = scratch.few[0]
    few[:] = 0
    for i in range(first, stop):
        _tally(own.states[i], others.states[i], scratch.both, few, np.uint8(1))
    _add_few(few, parts.joint[part])
    add_amounts_and_places(
        own,
        others,
        first,
        stop,
        parts.sums[part],
        parts.differences[part],
        parts.timed[part],
        parts.monthly[part],
        parts.flow[part],
        parts.values[part],
        world[0].economics.counted,
    )


@compiled
def measure(
    patient: Record,
    world: np.ndarray,
    own: Measures,
    i: int,
    horizon_days: np.ndarray,
    end_days: float,
    months: int,
    scratch: Scratch,
) -> None:
    """Write the measures of patient i."""
    write_states(patient, world[0], horizon_days, own.states[i])
    write_amounts(patient, end_days, own.amounts[i])
    places = own.places[i]
    places[0] = patient.number % FOLDS
    write_timed(patient, end_days, places[_TIMES:_MONTHS])
    write_months(patient, months, places[_MONTHS:_WAY])
    places[_WAY] = way(patient)
    if world[0].economics.counted:
        noted = ValueScratch(scratch.spells, scratch.points, scratch.money)
        write_values(patient, world[0], end_days, noted, own.values[i])


@compiled
def add_amounts_and_places(
    own: Measures,
    others: Measures,
    first: int,
    stop: int,
    sums: np.ndarray,
    differences: np.ndarray,
    timed: np.ndarray,
    monthly: np.ndarray,
    flow: np.ndarray,
    values: np.ndarray,
    counts_values: bool,
) -> None:
    """Add patients ``first`` to ``stop - 1`` to the counts of a part, all but the joint ones."""
    for i in range(first, stop):
        _add_sums(own.amounts[i], others.amounts[i], sums, differences)
        places = own.places[i]
        timed[places[0], places[_TIMES]] += 1
        for k in range(1, len(TIMED)):
            if places[_TIMES + k] != NOT_COUNTED:
                timed[FOLDS - 1 + k, places[_TIMES + k]] += 1
        for k in range(len(MONTHLY)):
            monthly[k, places[_MONTHS + k]] += 1
        if places[_WAY] != NOT_COUNTED:
            flow[places[_WAY]] += 1
        if counts_values:
            recurred = places[_MONTHS + Monthly.LOCAL_RECURRENCE] < monthly.shape[1] - 1
            _add_values(own.values[i], others.values[i], recurred, values[places[0]])


@compiled
def _add_values(own: np.ndarray, other: np.ndarray, recurred: bool, total: np.ndarray) -> None:
    total[0] += 1
    for k in range(len(own)):
        total[1 + k] += own[k]
    if recurred:
        total[_VALUES] += 1
        for k in range(len(own)):
            if own[k] != other[k]:
                total[_VALUES + 1] += 1
                break


@compiled
def _add_sums(own: np.ndarray, other: np.ndarray, sums: np.ndarray, differences: np.ndarray) -> None:
    for k in range(len(own)):
        difference = own[k] - other[k]
        sums[0, k] += own[k]
        sums[1, k] += own[k] * own[k]
        differences[0, k] += difference
        differences[1, k] += difference * difference


@compiled
def _tally(own: np.ndarray, other: np.ndarray, both: np.ndarray, few: np.ndarray, step: int) -> None:
    """Count a patient's states beside those under the comparator, or take them off where ``step`` is 255."""
    for k in range(len(both)):
        both[k] = 3 * other[k] + own[k]
    for states in range(9):
        for k in range(len(both)):
            few[states, k] += step if both[k] == states else np.uint8(0)


@compiled
def _tally_same(own: np.ndarray, few: np.ndarray) -> None:
    """As ``_tally``, of a patient whose course is that under the comparator."""
    for state in range(3):
        for k in range(len(own)):
            few[4 * state, k] += own[k] == state


@compiled
def add_shared_states(
    states: np.ndarray, k: int, led_by: np.ndarray, n: int, joint: np.ndarray, scratch: Scratch
) -> None:
    """Add the states of n patients under policy k, some of whom share the course of an earlier policy.

    ``states``: by policy, the comparator first, and patient; ``led_by``: the policy whose course it is. Where
    one leads most of them, its counts are taken, and only the others are counted apart. Bytes may overflow in
    between, since what is taken off has been added.
    """
    few, both = scratch.few[k], scratch.both
    leader = k
    for earlier in range(k):
        led = 0
        for i in range(n):
            led += led_by[k, i] == earlier
        if 2 * led > n:
            leader = earlier
    if leader == k:
        few[:] = 0
    else:
        for joined in range(9):
            for outcome in range(few.shape[1]):
                few[joined, outcome] = scratch.few[leader, joined, outcome]
    for i in range(n):
        if leader == k and led_by[k, i] == 0:
            _tally_same(states[k, i], few)
        elif leader == k or led_by[k, i] != leader:
            _tally(states[k, i], states[0, i], both, few, np.uint8(1))
            if leader != k:
                _tally(states[leader, i], states[0, i], both, few, np.uint8(255))
    _add_few(few, joint)


@compiled
def _add_few(few: np.ndarray, joint: np.ndarray) -> None:
    for states in range(9):
        for k in range(few.shape[1]):
            joint[states, k] += few[states, k]
