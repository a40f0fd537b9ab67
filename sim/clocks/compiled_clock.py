"""The compiled clock: the same reactions and queues as the SimPy clock, in one Numba loop, to the bit."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numba
import numpy as np

from sim.agenda import next_event
from sim.clinic import ask_for, clinic_record, happen_up_to_served, openings, serve
from sim.compiled import Record, compiled, compiled_allocating, compiled_parallel, table
from sim.events import END, N_EVENTS, Event
from sim.journey import happen
from sim.patient import ROW, new_patients
from sim.queues import LOG, Queues, allocate, new_queues, next_allocation_day, withdraw
from sim.tally import CHUNK, Counter, Measures, Parts, count_chunk, new_scratch

NO_REQUEST = -1
NOBODY = -1


@compiled_parallel
def live(rows: np.ndarray, luck: np.ndarray, world: np.ndarray, horizon_days: float) -> None:
    """Live every patient from diagnosis to death or the horizon, in a clinic where nobody waits.

    As ``sim.clocks.simpy_clock.live``; patients are independent, so threads share them out.
    """
    for i in numba.prange(len(rows)):
        _live_one(rows[i], luck[i], world[0], horizon_days)


@compiled
def _live_one(patient: Record, luck: Record, world: Record, horizon_days: float) -> None:
    event = Event.DIAGNOSIS + 0
    while event != END:
        event = happen(patient, luck, world, event, horizon_days)


def live_and_count(
    first: int, luck: np.ndarray, world: np.ndarray, counter: Counter, others: Measures | None = None
) -> Measures:
    """Live the patients from ``first`` on, one for each row of luck, where nobody waits, and count them.

    As ``live`` on ``new_patients`` and then ``Counter.count``, but few rows at a time, so that none leaves
    the processor's cache.
    """
    own = counter.measures(len(luck))
    rows = np.empty((len(counter.parts.joint), CHUNK), ROW)
    _live_and_count(
        first,
        table(new_patients(0, 1)),
        table(rows),
        luck,
        world,
        own,
        others or own,
        counter.horizon_days,
        counter.end_days,
        counter.parts,
    )
    return own


@compiled_parallel
def _live_and_count(
    number: int,
    blank: np.ndarray,
    buffers: np.ndarray,
    luck: np.ndarray,
    world: np.ndarray,
    own: Measures,
    others: Measures,
    horizons_days: np.ndarray,
    end_days: float,
    parts: Parts,
) -> None:
    for part in numba.prange(len(buffers)):
        scratch = new_scratch(own.states.shape[1])
        for first in range(part * CHUNK, len(luck), len(buffers) * CHUNK):
            drawn = luck[first : first + CHUNK]
            rows = buffers[part, : len(drawn)]
            _live_chunk(number + first, blank, rows, drawn, world, end_days)
            count_chunk(rows, own, others, first, horizons_days, end_days, parts, part, scratch)


@compiled
def _live_chunk(
    first: int, blank: np.ndarray, rows: np.ndarray, luck: np.ndarray, world: np.ndarray, horizon_days: float
) -> None:
    for i in range(len(rows)):
        rows[i] = blank[0]
        rows[i].number = first + i
        _live_one(rows[i], luck[i], world[0], horizon_days)


class Served(NamedTuple):
    """What a clinic leaves beside the rows: its queues at the end, and a line for each request."""

    queues: Queues
    log: np.ndarray


def live_in_clinic(
    rows: np.ndarray,
    luck: np.ndarray,
    world: np.ndarray,
    clinic: Mapping[str, Any],
    horizon_days: float,
) -> Served:
    """Live every patient from arrival to death or the horizon, waiting where the clinic is full.

    As ``sim.clocks.simpy_clock.live_in_clinic``, without a journal.
    """
    queues = new_queues(openings(clinic), 2 * len(rows) + 2)
    # Every served event comes once in a life, but for the visits with an MRI.
    most = len(Event) + int(world["follow_up"]["mri"].sum())
    log = table(np.empty(most * len(rows), LOG))
    lines = _run(rows, luck, world, clinic_record(clinic), *queues, log, horizon_days)
    return Served(queues, log[:lines])


@compiled
def _earlier(days: np.ndarray, a: int, b: int) -> bool:
    """Return whether patient a comes before patient b: by day, then by index."""
    return days[a] < days[b] or (days[a] == days[b] and a < b)


@compiled
def _up(heap: np.ndarray, at: np.ndarray, days: np.ndarray, k: int, i: int) -> None:
    """Put patient i into the calendar from place k upwards."""
    while k > 0:
        parent = (k - 1) >> 1
        if not _earlier(days, i, heap[parent]):
            break
        heap[k] = heap[parent]
        at[heap[k]] = k
        k = parent
    heap[k] = i
    at[i] = k


@compiled
def _remove(heap: np.ndarray, at: np.ndarray, days: np.ndarray, size: int, i: int) -> int:
    """Take patient i out of the calendar, if it is in it; return the new size."""
    k = at[i]
    if k < 0:
        return size
    at[i] = -1
    size -= 1
    last = heap[size]
    if last == i:
        return size
    while True:
        child = 2 * k + 1
        if child >= size:
            break
        if child + 1 < size and _earlier(days, heap[child + 1], heap[child]):
            child += 1
        if not _earlier(days, heap[child], last):
            break
        heap[k] = heap[child]
        at[heap[k]] = k
        k = child
    _up(heap, at, days, k, last)
    return size


@compiled
def _withdraw_called_off(
    waiting: int,
    resources: np.ndarray,
    pool: np.ndarray,
    log: np.ndarray,
    places: np.ndarray,
    now: float,
) -> bool:
    """Take out of the queues what the patient does not wait for any more; return whether there was any."""
    any_withdrawn = False
    for event in range(N_EVENTS):
        if places[event] >= 0 and not (waiting >> event) & 1:
            withdraw(resources, pool, log, places[event], now)
            places[event] = NO_REQUEST
            any_withdrawn = True
    return any_withdrawn


@compiled
def _asks(places: np.ndarray) -> bool:
    """Return whether a patient is in any queue."""
    for place in places:  # noqa: SIM110  a generator is not compiled
        if place != NO_REQUEST:
            return True
    return False


@compiled_allocating
def _run(
    rows: np.ndarray,
    luck: np.ndarray,
    world: np.ndarray,
    times: np.ndarray,
    resources: np.ndarray,
    releases: np.ndarray,
    heaps: np.ndarray,
    pool: np.ndarray,
    log: np.ndarray,
    horizon_days: float,
) -> int:
    """Live a clinic's patients; return how many lines the log has.

    The calendar is a heap of patients by the day of their next event. At each instant every patient's
    events happen first, then comes the allocation, then what was granted.
    """
    n = len(rows)
    upcoming = np.full(n, Event.DIAGNOSIS + 0)  # the next event of each patient in the calendar
    days = np.empty(n)  # and its day
    heap = np.empty(n, np.int64)
    at = np.full(n, -1, np.int64)  # place in the heap
    places = np.full((n, N_EVENTS), NO_REQUEST, np.int32)  # requests: place in the pool, by event
    turns = np.empty((2 * n + 2, 2), np.int64)
    size = 0
    for i in range(n):
        days[i] = rows[i].agenda[Event.DIAGNOSIS]
    # Who has yet to arrive stays out of the heap: it holds those in the clinic, and is short.
    arriving = np.argsort(days, kind="mergesort")
    arrived = 0
    now = -np.inf
    due = np.inf  # the end of an instant at which something was asked for or withdrawn
    while True:
        first = heap[0] if size > 0 else NOBODY
        if arrived < n and (first == NOBODY or _earlier(days, arriving[arrived], first)):
            first = arriving[arrived]
        next_day = days[first] if first != NOBODY else np.inf
        allocation_day = min(due, next_allocation_day(resources))
        if next_day == np.inf and allocation_day == np.inf:
            return resources[0].logged
        granted = 0
        if next_day <= allocation_day:
            assert next_day >= now
            now = next_day
            if arrived < n and first == arriving[arrived]:
                arrived += 1
        else:
            assert allocation_day >= now
            now = allocation_day
            due = np.inf
            granted = allocate(resources, releases, heaps, pool, log, now, turns)
            for k in range(granted):
                i, event = turns[k, 0], turns[k, 1]
                serve(rows, i, event, pool[places[i, event]].asked_day, now)
                places[i, event] = NO_REQUEST
            if granted == 0:
                continue
            first = turns[0, 0]
        k = 0
        while True:
            i = first
            size = _remove(heap, at, days, size, i)
            event = upcoming[i] if granted == 0 else next_event(rows[i], horizon_days)
            if event == END:  # the horizon came before the turn
                if _withdraw_called_off(0, resources, pool, log, places[i], now):
                    due = now
            else:
                place = NO_REQUEST
                if granted == 0:
                    place = ask_for(rows, luck, times, world, resources, heaps, pool, i, event, now)
                if place >= 0:
                    places[i, event] = place
                    due = now
                    event = next_event(rows[i], horizon_days)
                elif _asks(places[i]):
                    event = happen(rows[i], luck[i], world[0], event, horizon_days)
                    if _withdraw_called_off(rows[i].waiting, resources, pool, log, places[i], now):
                        due = now
                else:
                    event = happen_up_to_served(rows[i], luck[i], world[0], event, horizon_days)
                if event != END or _asks(places[i]):
                    upcoming[i] = event
                    days[i] = rows[i].agenda[event] if event != END else rows[i].diagnosed_day + horizon_days
                    _up(heap, at, days, size, i)
                    size += 1
            k += 1
            if k >= granted:
                break
            first = turns[k, 0]
