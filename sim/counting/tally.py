"""Counts and whole-number sums of the outcomes of blocks of lives, which add up in any order.

Threads count into parts of their own. The yes-or-no outcomes of a patient are bits, and a part adds them up
in binary, many outcomes at an instruction: eight patients by carry-save adders, then the carry into the
higher digits.
"""

from dataclasses import dataclass, field
from math import ceil
from typing import NamedTuple

import numba
import numpy as np

from sim.compiled import Record, compiled, compiled_inline, in_threads, record_dtype
from sim.counting.outcomes import (
    FOLDS,
    LANES,
    MONTHLY,
    NOT_COUNTED,
    SHAPE,
    TIMED,
    UNITS,
    WORD_BITS,
    Key,
    Monthly,
    amount_keys,
    binary_keys,
    state_bit,
    state_words,
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
CHUNK = 32  # patients whose measures a thread keeps in the processor's cache
AT_ONCE = 8  # patients whose states are added together
DIGITS = 16  # of their sums, in binary
MOST_ADDED = 2**DIGITS - CHUNK  # patients, before the sums are entered in the counts
EVERYONE, AMONG, TRUE = 0, 1, 2  # sets of outcomes, each within the one before
SETS = 3
BATCHES = 30  # of neighbours in a queue
assert FOLDS & (FOLDS - 1) == 0

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


def batch_stops(patients: int) -> list[int]:
    """Return where each batch of patients ends, in order of arrival: BATCHES, or fewer of two or more."""
    batches = max(min(BATCHES, patients // 2), 1)
    return [(k + 1) * patients // batches for k in range(batches)]


def _parts(tally: Tally) -> tuple[Counts, ...]:
    return tally.binary, tally.sums, tally.timed, tally.monthly, tally.values, tally.flow


class Measures(NamedTuple):
    """What is kept of patients until their lives under another policy are counted beside them."""

    states: np.ndarray  # int64, shape (n, 2, words), as ``write_states``
    amounts: np.ndarray  # int64, shape (amounts, n): each is summed over patients who stand side by side
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


PAIRS = SETS * SETS  # of a set under the comparator and one under the policy
# By patient: which outcomes of a group of LANES words are in both sets of each pair.
EIGHT = record_dtype([("pairs", "i8", (AT_ONCE, PAIRS * LANES))])
# In how many patients they are, in binary: the lowest digits first.
SUMS = record_dtype([("digits", "i8", (DIGITS, PAIRS * LANES))])


class Scratch(NamedTuple):
    """Where a part notes what it is about to add."""

    eight: np.ndarray  # EIGHT, shape (1,)
    digits: np.ndarray  # SUMS, by policy of those that are counted together, and group of words
    # As ``ValueScratch``.
    spells: np.ndarray
    points: np.ndarray
    money: np.ndarray


class Counter:
    """Counts the lives of one policy's patients, block by block, beside those of its comparator."""

    def __init__(
        self,
        world: np.ndarray,
        horizons_years: tuple[float, ...],
        horizon_years: float,
        batches: int | None = None,
    ) -> None:
        """``batches``: of patients who queue, each counted in a part of its own, without folds."""
        self.world = world
        self.keys, self.amounts = binary_keys(horizons_years), amount_keys(horizon_years)
        self.horizon_days = np.array([years * YEAR_DAYS for years in horizons_years])
        self.end_days = horizon_years * YEAR_DAYS
        self.by_batch = batches is not None
        threads, folds = (1, 1) if self.by_batch else (numba.get_num_threads(), FOLDS)
        parts = batches or threads
        months = round(horizon_years * 12) + 2
        self.parts = Parts(
            np.zeros((parts, 9, len(self.keys)), np.int64),
            np.zeros((parts, 2, len(UNITS)), np.int64),
            np.zeros((parts, 2, len(UNITS)), np.int64),
            np.zeros((parts, folds + len(TIMED) - 1, 2 * (ceil(self.end_days) + 1)), np.int64),
            np.zeros((parts, len(MONTHLY), months), np.int64),
            np.zeros((parts, folds, _VALUES + 2), np.int64),
            np.zeros((parts, int(np.prod(SHAPE))), np.int64),
        )
        self._scratch = [self.new_scratch(1) for _ in range(threads)]
        self._first_part = 0  # that is counted in: the batch
        self._added = 0  # patients whose states are in the sums of the scratch

    def measures(self, n: int) -> Measures:
        """Return the place for the measures of n patients."""
        return Measures(
            np.empty((n, 2, state_words(len(self.horizon_days))), np.int64),
            np.empty((len(UNITS), n), np.int64),
            np.empty((n, PLACES), np.int64),
            np.empty((n, len(VALUES)), np.int64),
        )

    def count(self, rows: np.ndarray, comparators: Measures | None = None) -> Measures:
        """Count patients, beside the measures of the same patients under the comparator; return theirs.

        Without a comparator they are compared with themselves.
        """
        own = self.measures(len(rows))
        others, parts = comparators or own, len(self._scratch)

        def count(part: int) -> None:
            first, stop = len(rows) * part // parts, len(rows) * (part + 1) // parts
            add_rows(
                rows[first:stop],
                self.world,
                own,
                others,
                first,
                self.horizon_days,
                self.end_days,
                self.parts,
                self._first_part + part,
                self._scratch[part],
            )

        if self._added + len(rows) >= MOST_ADDED:
            self._enter_sums()
        self._added += len(rows)
        in_threads(count, parts)
        return own

    def end_batch(self) -> None:
        """Count the patients who come next in the next batch."""
        self._enter_sums()
        self._first_part += 1

    def _enter_sums(self) -> None:
        """Enter the sums of states in the counts."""
        if self._added > 0:
            for part, scratch in enumerate(self._scratch):
                joint = self.parts.joint[self._first_part + part]
                enter_sums(scratch.digits[0], len(self.horizon_days), joint)
            self._added = 0

    def new_scratch(self, policies: int) -> Scratch:
        """Return the scratch of a part, for so many policies that are counted together."""
        horizons = len(self.horizon_days)
        return Scratch(
            np.zeros(1, EIGHT),
            np.zeros((policies, state_words(horizons) // LANES), SUMS),
            np.empty((MOST_STATES, 3)),
            np.empty(MOST_POINTS),
            np.empty(len(Cost)),
        )

    def tally(self) -> Tally:
        """Return the counts so far."""
        total = self._total()
        joint = total.joint.reshape(-1, 3, 3, len(self.keys))
        binary = np.ascontiguousarray(joint.sum(axis=1).transpose(2, 0, 1))
        timed = total.timed.reshape(*total.timed.shape[:2], -1, 2)
        folds = timed.shape[1] - len(TIMED) + 1
        # A fold or a batch each; of one part they are the counts themselves, since there are many days.
        by_outcome = [timed[:, :folds].reshape(-1, *timed.shape[2:])]
        by_outcome += [timed[:, k] for k in range(folds, timed.shape[1])]
        return Tally(
            dict(zip(self.keys, self._of_whole(binary), strict=True)),
            self._sums(total.joint, total.sums),
            dict(zip(TIMED, by_outcome, strict=True)),
            dict(zip(MONTHLY, self._of_whole(total.monthly.swapaxes(0, 1)), strict=True)),
            self._values(total.values),
            {Key("flow"): total.flow.sum(axis=0).reshape(SHAPE)},
        )

    def pair(self) -> PairTally:
        """Return the joint counts with the comparator so far."""
        total = self._total()
        joint = np.ascontiguousarray(total.joint.transpose(2, 0, 1)).reshape(len(self.keys), -1, 3, 3)
        return PairTally(
            dict(zip(self.keys, self._of_whole(joint), strict=True)),
            self._sums(total.joint, total.differences),
        )

    def _total(self) -> Parts:
        """Return the counts so far, on the first axis those of each batch or of all together."""
        self._enter_sums()
        # Of one part they are the counts themselves: a sum would touch every day of a long follow-up.
        if self.by_batch or len(self.parts.joint) == 1:
            return self.parts
        return Parts(*(part.sum(axis=0, keepdims=True) for part in self.parts))

    def _of_whole(self, counts: np.ndarray) -> np.ndarray:
        """Return counts by batch, which are on the second axis, or of all without this axis."""
        return counts if self.by_batch else counts[:, 0]

    def _values(self, values: np.ndarray) -> Counts:
        if not self.world["economics"]["counted"][0]:
            return {}
        by_group = values.reshape(-1, values.shape[2])  # a fold or a batch each
        return {VALUED: by_group[:, :_VALUES].copy(), RECURRED: by_group[:, _VALUES:].copy()}

    def _sums(self, joint: np.ndarray, sums: np.ndarray) -> Counts:
        everyone = np.broadcast_to(joint[:, :, 0].sum(axis=1), (len(self.amounts), len(joint)))
        counts = np.stack([everyone, *sums.transpose(1, 2, 0)], axis=-1)
        return dict(zip(self.amounts, self._of_whole(counts), strict=True))


@compiled
def count_rows(
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
    """As ``add_rows``, and enter the sums of their states in the counts."""
    add_rows(rows, world, own, others, first, horizon_days, end_days, parts, part, scratch)
    enter_sums(scratch.digits[0], len(horizon_days), parts.joint[part])


@compiled
def add_rows(
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
    """Add patients to the counts of a part, their states to the sums; their measures begin at ``first``.

    ``own`` is written, ``others`` only read; both may be the same.
    """
    months = parts.monthly.shape[2] - 2
    for start in range(0, len(rows), CHUNK):
        stop = min(start + CHUNK, len(rows))
        for i in range(start, stop):
            measure(rows[i], world, own, first + i, horizon_days, end_days, months, scratch)
        for low in range(start, stop, AT_ONCE):
            for group in range(scratch.digits.shape[1]):
                eight = scratch.eight[0]
                for j in range(AT_ONCE):
                    i = first + min(low + j, stop - 1)
                    note(j, low + j < stop, others.states[i], own.states[i], group, eight)
                add_eight(eight, scratch.digits[0, group])
        if stop % MOST_ADDED == 0:  # in whole chunks
            enter_sums(scratch.digits[0], len(horizon_days), parts.joint[part])
        # Alone: days are many, so that each of these waits for the memory, and they wait side by side.
        for i in range(first + start, first + stop):
            add_survival(own.places[i], parts.timed[part])
        add_amounts(
            own.amounts,
            others.amounts,
            first + start,
            first + stop,
            parts.sums[part],
            parts.differences[part],
        )
        for i in range(first + start, first + stop):
            add_places(own.places[i], parts.timed[part], parts.monthly[part], parts.flow[part])
        if world[0].economics.counted:
            for i in range(first + start, first + stop):
                add_values(own.values[i], others.values[i], own.places[i], months + 1, parts.values[part])


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
    write_amounts(patient, end_days, own.amounts[:, i])
    places = own.places[i]
    places[0] = patient.number % FOLDS
    write_timed(patient, end_days, places[_TIMES:_MONTHS])
    write_months(patient, months, places[_MONTHS:_WAY])
    places[_WAY] = way(patient)
    if world[0].economics.counted:
        noted = ValueScratch(scratch.spells, scratch.points, scratch.money)
        write_values(patient, world[0], end_days, noted, own.values[i])


@compiled_inline
def _fold(places: np.ndarray, folds: int) -> int:
    """Return the patient's fold of FOLDS, a power of two, or the only one."""
    return places[0] & (folds - 1)


@compiled_inline
def add_survival(places: np.ndarray, timed: np.ndarray) -> None:
    """Add a patient to the counts by fold of the first outcome of ``TIMED``."""
    timed[_fold(places, len(timed) - len(TIMED) + 1), places[_TIMES]] += 1


@compiled_inline
def add_places(places: np.ndarray, timed: np.ndarray, monthly: np.ndarray, flow: np.ndarray) -> None:
    """Add a patient to the other counts by day, and to those by month and by way."""
    for k in range(1, len(TIMED)):
        if places[_TIMES + k] != NOT_COUNTED:
            timed[len(timed) - len(TIMED) + k, places[_TIMES + k]] += 1
    for k in range(len(MONTHLY)):
        monthly[k, places[_MONTHS + k]] += 1
    if places[_WAY] != NOT_COUNTED:
        flow[places[_WAY]] += 1


@compiled
def add_values(
    own: np.ndarray, others: np.ndarray, places: np.ndarray, never: int, values: np.ndarray
) -> None:
    """Add a patient's costs and years to the sums of the fold, and a local recurrence that was found.

    ``others``: the same under the comparator; of recurrences those are counted apart whose patients it costs
    or gives something else. ``never``: the month of what never happens.
    """
    total = values[_fold(places, len(values))]
    total[0] += 1
    for k in range(len(own)):
        total[1 + k] += own[k]
    if places[_MONTHS + Monthly.LOCAL_RECURRENCE] < never:
        total[_VALUES] += 1
        for k in range(len(own)):
            if own[k] != others[k]:
                total[_VALUES + 1] += 1
                break


@compiled
def add_amounts(
    own: np.ndarray, others: np.ndarray, first: int, stop: int, sums: np.ndarray, differences: np.ndarray
) -> None:
    """Add the amounts of patients ``first`` to ``stop - 1``, and how they differ from those under the
    comparator."""
    for k in range(len(own)):
        mine, theirs = own[k], others[k]
        total, squares, apart, squares_apart = 0, 0, 0, 0
        for i in range(first, stop):
            amount, difference = mine[i], mine[i] - theirs[i]
            total += amount
            squares += amount * amount
            apart += difference
            squares_apart += difference * difference
        sums[0, k] += total
        sums[1, k] += squares
        differences[0, k] += apart
        differences[1, k] += squares_apart


@compiled_inline
def note(j: int, there: bool, others: np.ndarray, own: np.ndarray, group: int, eight: Record) -> None:
    """Note the states of patient j of eight in a group of words; nothing where none is there."""
    everyone = -int(there)  # every bit, or none
    for lane in range(LANES):
        word = group * LANES + lane
        among, true = own[0, word] & everyone, own[1, word] & everyone
        pairs = eight.pairs[j]
        for k in range(SETS):
            other = everyone if k == EVERYONE else others[k - 1, word]
            pairs[k * SETS * LANES + lane] = everyone & other
            pairs[(k * SETS + AMONG) * LANES + lane] = among & other
            pairs[(k * SETS + TRUE) * LANES + lane] = true & other


@compiled_inline
def _carry_and_sum(a: int, b: int, c: int) -> tuple[int, int]:
    """Add three bits in every place of a word."""
    either = a ^ b
    return (a & b) | (either & c), either ^ c


@compiled_inline
def add_eight(eight: Record, sums: Record) -> None:
    """Add the states of eight patients, as noted."""
    pairs, digits = eight.pairs, sums.digits
    for k in range(PAIRS * LANES):
        ones, twos, fours = digits[0, k], digits[1, k], digits[2, k]
        two, ones = _carry_and_sum(ones, pairs[0, k], pairs[1, k])
        other_two, ones = _carry_and_sum(ones, pairs[2, k], pairs[3, k])
        four, twos = _carry_and_sum(twos, two, other_two)
        two, ones = _carry_and_sum(ones, pairs[4, k], pairs[5, k])
        other_two, ones = _carry_and_sum(ones, pairs[6, k], pairs[7, k])
        other_four, twos = _carry_and_sum(twos, two, other_two)
        carry, fours = _carry_and_sum(fours, four, other_four)
        digits[0, k], digits[1, k], digits[2, k] = ones, twos, fours
        for digit in range(3, DIGITS):
            higher = digits[digit, k]
            digits[digit, k] = higher ^ carry
            carry &= higher


@compiled
def _is_in_use(sums: np.ndarray, digit: int) -> bool:
    """Return whether any sum has this digit."""
    some = 0
    for group in range(len(sums)):
        for k in range(PAIRS * LANES):
            some |= sums[group].digits[digit, k]
    return some != 0


@compiled
def enter_sums(sums: np.ndarray, horizons: int, joint: np.ndarray) -> None:
    """Enter what was added in the joint counts of a policy, and begin again at 0."""
    digits = DIGITS
    while digits > 0 and not _is_in_use(sums, digits - 1):
        digits -= 1
    for k in range(joint.shape[1]):
        place = state_bit(k, horizons)
        word, bit = place // WORD_BITS, place % WORD_BITS
        group, lane = word // LANES, word % LANES
        for others in range(SETS):
            for own in range(SETS):
                n, pair = 0, others * SETS + own
                for digit in range(digits):
                    n += (sums[group].digits[digit, pair * LANES + lane] >> bit & 1) << digit
                # A state is a set without the one within it: ABSENT, NO and YES are in their order.
                joint[3 * others + own, k] += n
                if own > 0:
                    joint[3 * others + own - 1, k] -= n
                if others > 0:
                    joint[3 * (others - 1) + own, k] -= n
                if own > 0 and others > 0:
                    joint[3 * (others - 1) + own - 1, k] += n
    for group in range(len(sums)):
        sums[group].digits[:] = 0
