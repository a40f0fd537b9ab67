"""The compiled clock: the same reactions and queues as the SimPy clock, in one Numba loop, to the bit."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numba
import numpy as np

from sim.agenda import next_event
from sim.clinic.needs import ask_for, clinic_record, happen_up_to_served, openings, serve
from sim.clinic.queues import (
    LOG,
    Queues,
    allocate,
    is_allocation_due,
    new_queues,
    next_allocation_day,
    with_room,
    withdraw,
)
from sim.compiled import Record, compiled, compiled_inline, compiled_whole, in_threads
from sim.counting.tally import (
    AT_ONCE,
    CHUNK,
    MOST_ADDED,
    Counter,
    Measures,
    Parts,
    Scratch,
    add_amounts,
    add_eight,
    add_places,
    add_survival,
    add_values,
    enter_sums,
    measure,
    note,
)
from sim.events import END, N_EVENTS, Event
from sim.luck import LUCK, NORMAL_COLUMNS, column_keys, fill_rows, plain_of
from sim.pathway.decisions import acts
from sim.pathway.follow_up import nothing_to_be_seen
from sim.pathway.journey import be_diagnosed, happen, visit_in_vain
from sim.patient import ROW, new_patients

NO_REQUEST = -1
CHILDREN_BITS = 2  # of a place in the calendar, in powers of two
MOST_CHILDREN = 1 << CHILDREN_BITS


def simulate_rows(rows: np.ndarray, luck: np.ndarray, worlds: np.ndarray, horizon_days: float) -> None:
    """Simulate every patient from diagnosis to death or the horizon, in a clinic where nobody waits.

    As ``sim.clocks.simpy_clock.simulate_rows``; patients are independent, so threads share them out.
    """
    parts = numba.get_num_threads()

    def simulate(part: int) -> None:
        mine = slice(len(rows) * part // parts, len(rows) * (part + 1) // parts)
        _simulate_rows(rows[mine], luck[mine], worlds, horizon_days)

    in_threads(simulate, parts)


@compiled
def _simulate_rows(rows: np.ndarray, luck: np.ndarray, worlds: np.ndarray, horizon_days: float) -> None:
    """As ``simulate_rows``, in one thread."""
    for i in range(len(rows)):
        event = Event.DIAGNOSIS + 0  # a number: compiled code gives a variable one type
        while event != END:
            event = happen(rows[i], luck[i], worlds, event, horizon_days)


class Shared(NamedTuple):
    """Which policies share the course of a patient, by policy."""

    led_by: np.ndarray  # int64, the first policy whose course it is, by policy and patient
    upcoming: np.ndarray  # int64, the event with which its own course begins
    parting: np.ndarray  # bool, whether it leaves the course that it shared, with the event that happens now


class Courses:
    """Simulates patients who wait for nobody under several policies, and counts them.

    As ``simulate_rows`` on ``new_patients`` under each policy, then ``Counter.count`` beside the first; but
    few patients at a time, so that nothing leaves the processor's cache, and a course that is the same
    under several policies is simulated once.
    """

    def __init__(self, worlds: Sequence[np.ndarray], counters: Sequence[Counter]) -> None:
        policies, threads = len(worlds), len(counters[0].parts.joint)
        self.end_days, self.horizon_days = counters[0].end_days, counters[0].horizon_days
        self._worlds, self._acts = np.concatenate(worlds), acts(worlds)
        self._plans = np.cumsum([0, *map(len, worlds)])
        self._blank = words_of(new_patients(0, 1))[0]
        # By thread first. The counts of all policies are one array, of which each counter has its part.
        self._parts = Parts(
            *(np.zeros((threads, policies, *part.shape[1:]), part.dtype) for part in counters[0].parts)
        )
        for k, counter in enumerate(counters):
            counter.parts = Parts(*(part[:, k] for part in self._parts))
        one = counters[0].measures(CHUNK)
        self._measures = [
            Measures(*(np.empty((policies, *part.shape), part.dtype) for part in one)) for _ in range(threads)
        ]
        self._scratch = [counters[0].new_scratch(policies) for _ in range(threads)]
        self._luck = np.zeros((threads, CHUNK), LUCK)
        self.rows = np.zeros((threads, policies), ROW)
        self._shared = [
            Shared(
                np.zeros((policies, CHUNK), np.int64),
                np.empty(policies, np.int64),
                np.empty(policies, np.bool_),
            )
            for _ in range(threads)
        ]

    def simulate_and_count(self, first: int, stop: int, seed: int, replication: int) -> None:
        """Simulate patients ``first`` to ``stop - 1`` under every policy, and count them."""
        keys, threads = column_keys(seed, replication), len(self.rows)

        def simulate(part: int) -> None:
            _simulate_and_count(
                first + part * CHUNK,
                stop,
                threads * CHUNK,
                keys,
                self._luck[part],
                plain_of(self._luck[part]),
                self._blank,
                self.rows[part],
                words_of(self.rows[part]),
                self._worlds,
                self._plans,
                self._acts,
                self._shared[part],
                self._measures[part],
                self.horizon_days,
                self.end_days,
                Parts(*(counts[part] for counts in self._parts)),
                self._scratch[part],
            )

        in_threads(simulate, threads)


def words_of(rows: np.ndarray) -> np.ndarray:
    """Return the same memory as whole words, int64, with one axis more: copied and compared faster."""
    return rows.view(np.int64).reshape(*rows.shape, ROW.itemsize // 8)


@compiled_whole
def _simulate_and_count(
    first: int,
    stop: int,
    step: int,
    keys: np.ndarray,
    luck: np.ndarray,
    draws: np.ndarray,
    blank: np.ndarray,
    rows: np.ndarray,
    words: np.ndarray,
    worlds: np.ndarray,
    plans: np.ndarray,
    acts: np.ndarray,
    shared: Shared,
    measures: Measures,
    horizons_days: np.ndarray,
    end_days: float,
    parts: Parts,
    scratch: Scratch,
) -> None:
    """Simulate and count CHUNK patients, every ``step`` from ``first`` on."""
    counts_values = worlds[0].economics.counted
    months = parts.monthly.shape[2] - 2
    added = 0
    for start in range(first, stop, step):
        n = min(CHUNK, stop - start)
        fill_rows(draws[:n], start, keys, NORMAL_COLUMNS)
        for i in range(n):
            _simulate_under_all(start, blank, rows, words, luck, i, worlds, plans, acts, shared, end_days)
            for k in range(len(rows)):
                if shared.led_by[k, i] == k:
                    own = Measures(
                        measures.states[k], measures.amounts[k], measures.places[k], measures.values[k]
                    )
                    world = worlds[plans[k] : plans[k + 1]]
                    measure(rows[k], world, own, i, horizons_days, end_days, months, scratch)
        for k in range(len(rows)):
            _count_chunk(k, n, shared.led_by[k], measures, parts, scratch)
            if counts_values:
                for i in range(n):
                    leader = shared.led_by[k, i]
                    add_values(
                        measures.values[leader, i],
                        measures.values[0, i],
                        measures.places[leader, i],
                        months + 1,
                        parts.values[k],
                    )
        added += n
        if added >= MOST_ADDED or start + step >= stop:
            added = 0
            for k in range(len(rows)):
                enter_sums(scratch.digits[k], len(horizons_days), parts.joint[k])


@compiled
def _count_chunk(
    k: int, n: int, led_by: np.ndarray, measures: Measures, parts: Parts, scratch: Scratch
) -> None:
    """Add n patients to the counts of policy k; ``led_by``: the policy whose course each has."""
    eight = scratch.eight[0]
    for low in range(0, n, AT_ONCE):
        for group in range(scratch.digits.shape[1]):
            for j in range(AT_ONCE):
                i = min(low + j, n - 1)
                own = measures.states[led_by[i], i]
                note(j, low + j < n, measures.states[0, i], own, group, eight)
            add_eight(eight, scratch.digits[k, group])
    # Alone: days are many, so that each of these waits for the memory, and they wait side by side.
    for i in range(n):
        add_survival(measures.places[led_by[i], i], parts.timed[k])
    amounts = measures.amounts
    for i in range(n):
        if led_by[i] != k:
            for amount in range(amounts.shape[1]):
                amounts[k, amount, i] = amounts[led_by[i], amount, i]
    add_amounts(amounts[k], amounts[0], 0, n, parts.sums[k], parts.differences[k])
    for i in range(n):
        add_places(measures.places[led_by[i], i], parts.timed[k], parts.monthly[k], parts.flow[k])


@compiled_whole
def _simulate_under_all(
    first: int,
    blank: np.ndarray,
    rows: np.ndarray,
    words: np.ndarray,
    luck: np.ndarray,
    i: int,
    worlds: np.ndarray,
    plans: np.ndarray,
    acts: np.ndarray,
    shared: Shared,
    horizon_days: float,
) -> None:
    """Simulate patient ``first + i`` under every policy, a course that several share once.

    A course is shared until an event at which a lever acts that the policies set differently, and beyond it
    where the rows are still equal. ``rows``: by policy and patient; only those of a policy that leads are
    written.
    """
    led_by, upcoming, parting = shared
    _copy(blank, words[0])
    rows[0].number = first + i
    led_by[:, i] = 0
    upcoming[0] = Event.DIAGNOSIS + 0  # a number: compiled code gives a variable one type
    for k in range(len(rows)):
        if led_by[k, i] != k:
            continue
        event = upcoming[k]
        while event != END:
            last = k
            if acts[event, k, k]:
                last = _let_part(k, event, words, i, acts, shared)
            elif event == Event.VISIT and nothing_to_be_seen(rows[k]):
                event = visit_in_vain(rows[k], luck[i], worlds[plans[k] : plans[k + 1]], horizon_days, False)
                continue
            # What happens stands here once: all of it is compiled into this loop.
            for one in range(k, last + 1):
                if one == k or parting[one]:
                    world = worlds[plans[one] : plans[one + 1]]
                    upcoming[one] = happen(rows[one], luck[i], world, event, horizon_days)
                    led_by[one, i] = one if one == k else _leader(k, one, words, i, shared)
            event = upcoming[k]


@compiled
def _let_part(k: int, event: int, words: np.ndarray, i: int, acts: np.ndarray, shared: Shared) -> int:
    """Give a row of their own to policies that share the course of policy k, and may act otherwise than it
    at an event; return the last of them."""
    led_by, _, parting = shared
    last = k
    for other in range(k + 1, len(words)):
        parting[other] = led_by[other, i] == k and acts[event, k, other]
        if parting[other]:
            _copy(words[k], words[other])
            last = other
    return last


@compiled
def _leader(k: int, one: int, words: np.ndarray, i: int, shared: Shared) -> int:
    """Return the first policy, of k and those that part from it, whose row that of policy ``one`` equals."""
    led_by, _, parting = shared
    for other in range(k, one):
        is_leader = other == k or (parting[other] and led_by[other, i] == other)
        if is_leader and _equal(words[one], words[other]):
            return other
    return one


# Where nobody waits, nobody's row says that they do: these words, from the one to before the other, stay as
# they were.
_FIELDS: Any = ROW.fields
_WAITS, _AGENDA = _FIELDS["waiting"][1] // 8, _FIELDS["agenda"][1] // 8
_WORDS = ROW.itemsize // 8


@compiled
def _copy(some: np.ndarray, others: np.ndarray) -> None:
    for k in range(_WAITS):
        others[k] = some[k]
    for k in range(_AGENDA, _WORDS):
        others[k] = some[k]


@compiled
def _equal(some: np.ndarray, others: np.ndarray) -> bool:
    apart = 0
    for k in range(_AGENDA, _WORDS):
        apart |= some[k] ^ others[k]
    if apart != 0:  # what comes next is what most often differs
        return False
    # To the end, many words at an instruction, which is quicker than to look for the first.
    for k in range(_WAITS):
        apart |= some[k] ^ others[k]
    return apart == 0


@compiled
def _simulate_chunk(
    first: int, blank: np.ndarray, rows: np.ndarray, luck: np.ndarray, worlds: np.ndarray, horizon_days: float
) -> None:
    """Simulate new patients from ``first`` on."""
    _enter(first, blank, rows)
    _simulate_rows(rows, luck, worlds, horizon_days)


@compiled
def _enter(first: int, blank: np.ndarray, rows: np.ndarray) -> None:
    """Make rows those of the patients from ``first`` on, as ``new_patients`` does."""
    for i in range(len(rows)):
        rows[i] = blank[0]
        rows[i].number = first + i


class Served(NamedTuple):
    """What a clinic leaves beside the rows: its queues at the end, and a line for each request."""

    queues: Queues
    log: np.ndarray


def simulate_in_clinic(
    rows: np.ndarray,
    luck: np.ndarray,
    worlds: np.ndarray,
    clinic: Mapping[str, Any],
    horizon_days: float,
) -> Served:
    """Simulate every patient from arrival to death or the horizon, waiting where the clinic is full.

    As ``sim.clocks.simpy_clock.simulate_in_clinic``, without a journal.
    """
    clinic_run = Clinic(rows, luck, worlds, clinic, horizon_days)
    clinic_run.simulate_until(np.inf, 0, len(rows))
    return Served(clinic_run.queues, clinic_run.log)


class Calendar(NamedTuple):
    """Who is in the clinic: a heap of patients by the day of their next event, and what they wait for.

    A place in the heap has MOST_CHILDREN children, which follow those of the place before it.
    """

    heap: np.ndarray  # int64, indices of rows; the first of all in [0]
    days: np.ndarray  # float64, their days, as in the heap; infinity after the last
    size: np.ndarray  # int64, of the heap, shape (1,)
    at: np.ndarray  # int64, place in the heap, by row; -1 not in it
    upcoming: np.ndarray  # int64, the next event, by row
    asked: np.ndarray  # int64, bit mask of the events in a queue, by row
    places: np.ndarray  # int32, of their requests in the pool, by row and event


class Arrivals:
    """Those who come to a clinic, as they are when they arrive.

    They are diagnosed, the same under several policies, unless these differ in what acts at diagnosis.
    """

    def __init__(self, worlds: Sequence[np.ndarray]) -> None:
        self._blank, self._worlds = new_patients(0, 1), worlds[0]
        self._are_diagnosed = not acts(worlds)[Event.DIAGNOSIS].any()

    def write(self, rows: np.ndarray, luck: np.ndarray, number: int, days: np.ndarray) -> None:
        """Write the patients from ``number`` on, who arrive on these days."""
        _enter(number, self._blank, rows)
        rows["agenda"][:, Event.DIAGNOSIS] = days
        if self._are_diagnosed:
            _diagnose(rows, luck, self._worlds)


@compiled
def _diagnose(rows: np.ndarray, luck: np.ndarray, worlds: np.ndarray) -> None:
    """Let the diagnosis of patients happen, as ``happen`` does."""
    for i in range(len(rows)):
        day = rows[i].agenda[Event.DIAGNOSIS]
        rows[i].agenda[Event.DIAGNOSIS] = np.inf
        be_diagnosed(rows[i], luck[i], worlds[rows[i].plan], day)


class Clinic:
    """A clinic in compiled time.

    ``rows`` and ``luck`` hold the patients who are in it; a row may be given to another patient once its
    patient has reached the horizon.
    """

    def __init__(
        self,
        rows: np.ndarray,
        luck: np.ndarray,
        worlds: np.ndarray,
        clinic: Mapping[str, Any],
        horizon_days: float,
    ) -> None:
        n = len(rows)
        self.rows, self.luck, self.worlds = rows, luck, worlds
        self.times, self.horizon_days = clinic_record(clinic), horizon_days
        self._most_requests = 2 * n + 2  # of those in the clinic; those who have left may be in line as well
        self.queues = new_queues(openings(clinic), 2 * self._most_requests)
        # Served events come once per patient, a few looks at a response among them, except visits.
        follow_up = worlds["follow_up"]
        most = len(Event) + int(follow_up["mri"].sum(axis=1).max()) + follow_up["watch_days"].shape[1]
        self._log = np.empty(most * n, LOG)  # what is not written takes no memory
        self._calendar = Calendar(
            np.empty(n + 1, np.int64),
            np.full(n + MOST_CHILDREN, np.inf),
            np.zeros(1, np.int64),
            np.full(n, -1),
            np.empty(n, np.int64),
            np.zeros(n, np.int64),
            np.empty((n, N_EVENTS), np.int32),
        )
        self._turns = np.empty((2 * n + 2, 2), np.int64)

    @property
    def log(self) -> np.ndarray:
        """Return a line for each request that left its queues, dtype LOG."""
        return self._log[: self.queues.resources["logged"][0]]

    def drained_log(self) -> np.ndarray:
        """Return the log, and begin another in its place when the clinic is simulated further."""
        log = self.log
        self.queues.resources["logged"] = 0
        return log

    def admit(self, arrivals: np.ndarray, place: int) -> None:
        """Let patients, as ``Arrivals`` writes them, have the rows from ``place`` on."""
        words_of(self.rows)[place : place + len(arrivals)] = words_of(arrivals)

    def simulate_until(self, day: float, first: int, stop: int) -> None:
        """Simulate to before this day; meanwhile the patients of rows ``first`` to ``stop - 1`` arrive.

        They come on their day of diagnosis, in the order of the rows, all before this day. They may have been
        diagnosed already: what needs no resource touches nobody else.
        """
        self.queues = with_room(self.queues, self._most_requests)
        _simulate_until(
            day,
            first,
            stop,
            self.rows,
            self.luck,
            self.worlds,
            self.times,
            self._calendar,
            self.queues,
            self._log,
            self._turns,
            self.horizon_days,
        )


@compiled_inline
def _settle(calendar: Calendar, k: int, i: int, day: float) -> None:
    """Put patient i into the calendar at place k, or where the day belongs from there."""
    heap, days, at, size = calendar.heap, calendar.days, calendar.at, calendar.size[0]
    while k > 0 and day < days[(k - 1) >> CHILDREN_BITS]:
        parent = (k - 1) >> CHILDREN_BITS
        heap[k], days[k] = heap[parent], days[parent]
        at[heap[k]] = k
        k = parent
    # Four children: half as many steps as with two, none of which can be foreseen.
    while (k << CHILDREN_BITS) + 1 < size:
        child = (k << CHILDREN_BITS) + 1
        other = child + 2
        child += days[child + 1] < days[child]
        other += days[other + 1] < days[other]
        if days[other] < days[child]:
            child = other
        if not days[child] < day:
            break
        heap[k], days[k] = heap[child], days[child]
        at[heap[k]] = k
        k = child
    heap[k], days[k] = i, day
    at[i] = k


@compiled_inline
def _note(calendar: Calendar, i: int, event: int, day: float) -> None:
    """Note a patient's next event and its day in the calendar."""
    calendar.upcoming[i] = event
    k = calendar.at[i]
    if k < 0:
        k = calendar.size[0]
        calendar.size[0] += 1
    _settle(calendar, k, i, day)


@compiled_inline
def _strike(calendar: Calendar, i: int) -> None:
    """Take patient i out of the calendar, if in it."""
    k = calendar.at[i]
    if k < 0:
        return
    calendar.at[i] = -1
    calendar.size[0] -= 1
    size = calendar.size[0]
    last, day = calendar.heap[size], calendar.days[size]
    calendar.days[size] = np.inf
    if last != i:
        _settle(calendar, k, last, day)


@compiled_inline
def _withdraw_called_off(
    calendar: Calendar, i: int, waiting: int, queues: Queues, log: np.ndarray, now: float
) -> None:
    """Take out of the queues what patient i does not wait for any more."""
    called_off = calendar.asked[i] & ~waiting
    if called_off == 0:
        return
    for event in range(N_EVENTS):
        if (called_off >> event) & 1:
            withdraw(queues.resources, queues.pool, log, calendar.places[i, event], now)
    calendar.asked[i] &= waiting


@compiled_inline
def _is_diagnosed(patient: Record) -> bool:
    return patient.agenda[Event.DIAGNOSIS] == np.inf


@compiled_inline
def _arrival_day(patient: Record) -> float:
    return patient.diagnosed_day if _is_diagnosed(patient) else patient.agenda[Event.DIAGNOSIS]


@compiled
def _simulate_until(
    day: float,
    first: int,
    stop: int,
    rows: np.ndarray,
    luck: np.ndarray,
    worlds: np.ndarray,
    times: np.ndarray,
    calendar: Calendar,
    queues: Queues,
    log: np.ndarray,
    turns: np.ndarray,
    horizon_days: float,
) -> None:
    """As ``Clinic.simulate_until``.

    At each instant every patient's events happen first, then comes the allocation, then what was granted.
    """
    resources, releases, heaps, pool = queues
    asked, places = calendar.asked, calendar.places
    now = -np.inf
    arriving = first  # who has yet to arrive stays out of the calendar, which is short
    arrival_day = _arrival_day(rows[arriving]) if arriving < stop else np.inf
    while True:
        i, next_day = calendar.heap[0], calendar.days[0]  # infinity where nobody is in it
        arrives = arrival_day < next_day
        if arrives:
            i, next_day = arriving, arrival_day
        # The end of this instant where something has changed.
        allocation_day = now if is_allocation_due(resources) else next_allocation_day(resources)
        assert min(next_day, allocation_day) >= now
        now = min(next_day, allocation_day)
        if now >= day:
            return
        granted = 0
        if next_day <= allocation_day:
            event = calendar.upcoming[i]
            if arrives:
                arriving += 1
                arrival_day = _arrival_day(rows[arriving]) if arriving < stop else np.inf
                event = Event.DIAGNOSIS + 0  # a number: compiled code gives a variable one type
                if _is_diagnosed(rows[i]):
                    event = next_event(rows[i], horizon_days)
                    if event != END:
                        _note(calendar, i, event, rows[i].agenda[event])
                    continue
        else:
            granted = allocate(resources, releases, heaps, pool, log, now, turns)
            if granted == 0:
                continue
            for k in range(granted):
                i, event = turns[k, 0], turns[k, 1]
                serve(rows, i, event, pool[places[i, event]].asked_day, now)
                asked[i] &= ~(1 << event)
            i, event = turns[0, 0], turns[0, 1]
            if granted > 1:  # perhaps to the same patient
                event = next_event(rows[i], horizon_days)
        k = 0
        while True:
            patient = rows[i]
            if event == END:  # the horizon came before the turn
                _withdraw_called_off(calendar, i, 0, queues, log, now)
            else:
                place = NO_REQUEST
                if granted == 0:
                    place = ask_for(rows, luck, times, worlds, resources, heaps, pool, i, event, now)
                if place >= 0:
                    places[i, event] = place
                    asked[i] |= 1 << event
                    event = next_event(patient, horizon_days)
                else:
                    waits = asked[i] != 0
                    event = happen_up_to_served(patient, luck[i], worlds, event, horizon_days, waits)
                    if waits:
                        _withdraw_called_off(calendar, i, patient.waiting, queues, log, now)
            if event != END:
                _note(calendar, i, event, patient.agenda[event])
            elif asked[i] != 0:
                _note(calendar, i, event, patient.diagnosed_day + horizon_days)
            else:
                _strike(calendar, i)
            k += 1
            if k >= granted:
                break
            i = turns[k, 0]
            event = next_event(rows[i], horizon_days)
