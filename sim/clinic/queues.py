"""Queues for several resources at once: strict order, joint grants, calendars.

The rule. Requests are ranked by (class, day asked, number of the patient). A request is granted when it
is first in the queue of every resource that it needs, each of these has a unit free, and each is open
for long enough. It takes all of them at that instant, and holds each for its own time. What is asked for
at one instant is allocated at the end of that instant, in rank order: ties go by patient.

Nothing is held while waiting, so there is no deadlock; and within a class nobody is overtaken at a
resource, so nobody starves.

Day 0 is a Monday, 0:00. All times lie on the grid of 2^-32 day.
"""

import math
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from sim.compiled import Record, compiled_inline, record_dtype
from sim.distributions import on_grid


class Resource(IntEnum):
    """What patients queue for. The teams come last, in the order of Specialty."""

    MRI = 0
    ENDOSCOPY = 1
    MEETING = 2
    LINAC = 3
    THEATRE = 4
    BED = 5
    LATERAL_SURGEON = 6
    COLORECTAL_TEAM = 7
    UROLOGY_TEAM = 8
    GYNAECOLOGY_TEAM = 9
    PLASTIC_TEAM = 10
    ORTHOPAEDIC_TEAM = 11
    VASCULAR_TEAM = 12


N_RESOURCES = len(Resource)
WEEK_DAYS = 7
UNLIMITED_COUNT = 1_000_000  # this many units, or more: nobody can ever wait for one

FREE, WAITING, WITHDRAWN = 0, 1, 2

# The resources: what they are, and how they stand. Shape (1,).
RESOURCES = record_dtype(
    [
        ("units", "i8", (N_RESOURCES,)),
        ("always_open", "u1", (N_RESOURCES,)),
        ("by_session", "u1", (N_RESOURCES,)),  # what is done must fit into the opening hours
        ("openings", "i8", (N_RESOURCES,)),  # a week
        ("opens_day", "f8", (N_RESOURCES, WEEK_DAYS)),  # from Monday 0:00
        ("closes_day", "f8", (N_RESOURCES, WEEK_DAYS)),
        ("longest_days", "f8", (N_RESOURCES,)),  # of its openings
        ("first_week", "i8", (N_RESOURCES,)),  # -1 where an opening lasts into the next
        ("closed_from_day", "f8", (N_RESOURCES,)),
        ("closed_until_day", "f8", (N_RESOURCES,)),
        ("in_use", "i8", (N_RESOURCES,)),  # entries of the heap of releases
        ("heap_size", "i8", (N_RESOURCES,)),  # entries of the heap of requests, the withdrawn among them
        ("next_chance_day", "f8", (N_RESOURCES,)),  # when the first in the queue could be served
        ("length", "i8", (N_RESOURCES,)),
        ("last_change_day", "f8", (N_RESOURCES,)),
        ("queue_days", "f8", (N_RESOURCES,)),  # integral of the queue's length
        ("changed", "i8"),  # bit mask of the resources to be looked at by the next allocation
        ("allocation_day", "f8"),  # the earliest of the chances
        ("free_request", "i8"),  # first of the free entries of the pool
        ("requests", "i8"),  # entries that are not free
        ("logged", "i8"),
    ]
)

REQUEST = record_dtype(
    [
        ("patient", "i8"),  # index of the row
        ("event", "i8"),
        ("rank_class", "i8"),
        ("asked_day", "f8"),
        ("number", "i8"),  # of the patient
        ("state", "i8"),
        ("in_heaps", "i8"),
        ("next_free", "i8"),  # of the free entries, counted from the one after this
        ("holds_days", "f8", (N_RESOURCES,)),  # 0: not needed
        ("needs", "u1", (N_RESOURCES,)),  # the resources that are needed: so many of them
        ("needs_count", "i8"),
        ("needed", "i8"),  # the same as a bit mask
    ]
)

# One line for each request that left its queues.
LOG = record_dtype(
    [
        ("number", "i8"),
        ("event", "i4"),
        ("granted", "?"),
        ("asked_day", "f8"),
        ("left_day", "f8"),
        ("holds_days", "f4", (N_RESOURCES,)),
    ]
)


class Queues(NamedTuple):
    """The arrays of a clinic's queues, for the compiled functions below."""

    resources: np.ndarray  # RESOURCES, shape (1,)
    releases: np.ndarray  # heaps of the days at which units become free, shape (N_RESOURCES, most units)
    heaps: np.ndarray  # heaps of requests by rank, shape (N_RESOURCES, size of the pool)
    pool: np.ndarray  # REQUEST


class Opening(NamedTuple):
    """How many units a resource has, and when they work.

    ``open_hours`` on each day from Monday, from ``opens_at_hours`` on; 24 on every day is always open.
    """

    units: int
    opens_at_hours: float = 0.0
    open_hours: Sequence[float] = (24.0,) * WEEK_DAYS
    by_session: bool = False
    closed_from_day: float = 0.0
    closed_until_day: float = 0.0


def new_queues(openings: Sequence[Opening], requests: int) -> Queues:
    """Return empty queues of the resources, for at most so many requests at a time (those withdrawn that
    are still in line count)."""
    resources = np.zeros(1, RESOURCES)
    one = resources[0]
    for r, opening in enumerate(openings):
        one["units"][r] = opening.units
        one["by_session"][r] = opening.by_session
        one["always_open"][r] = all(hours >= 24.0 for hours in opening.open_hours)
        days = [day for day, hours in enumerate(opening.open_hours) if hours > 0.0]
        one["openings"][r] = len(days)
        for k, day in enumerate(days):
            one["opens_day"][r, k] = on_grid(day + opening.opens_at_hours / 24.0)
            closes = day + (opening.opens_at_hours + opening.open_hours[day]) / 24.0
            one["closes_day"][r, k] = on_grid(closes)
        spans = one["closes_day"][r] - one["opens_day"][r]
        one["longest_days"][r] = spans[: len(days)].max(initial=0.0)
        one["first_week"][r] = -1 if one["closes_day"][r].max() > WEEK_DAYS else 0
        shut = opening.closed_until_day > opening.closed_from_day
        one["closed_from_day"][r] = on_grid(opening.closed_from_day) if shut else np.inf
        one["closed_until_day"][r] = on_grid(opening.closed_until_day) if shut else np.inf
    one["next_chance_day"] = np.inf
    one["allocation_day"] = np.inf
    limited = [opening.units for opening in openings if opening.units < UNLIMITED_COUNT]
    return Queues(
        resources,
        np.empty((N_RESOURCES, max(limited, default=0) + 1)),
        np.empty((N_RESOURCES, requests), np.int64),
        np.zeros(requests, REQUEST),
    )


def with_room(queues: Queues, requests: int) -> Queues:
    """Return the queues with room for so many requests more at a time."""
    there, wanted = len(queues.pool), int(queues.resources["requests"][0]) + requests
    if wanted <= there:
        return queues
    wanted = max(wanted, 2 * there)
    heaps, pool = np.empty((N_RESOURCES, wanted), np.int64), np.zeros(wanted, REQUEST)
    heaps[:, :there], pool[:there] = queues.heaps, queues.pool
    return queues._replace(heaps=heaps, pool=pool)


@compiled_inline
def next_start(q: Record, r: int, day: float, span_days: float) -> float:
    """Return the earliest day from ``day`` on at which something of this span can start at a resource.

    By session it fits before closing, or, where it is longer than any opening, starts with an opening;
    otherwise the resource only has to be open at the start. Infinity where it never opens.
    """
    if not q.by_session[r]:
        span_days = 0.0
    if q.always_open[r]:
        if day < q.closed_until_day[r] and day + span_days > q.closed_from_day[r]:
            return q.closed_until_day[r]
        return day
    longest = q.longest_days[r]
    if longest == 0.0:
        return np.inf
    fits = span_days <= longest
    week = (math.floor(day / WEEK_DAYS) + q.first_week[r]) * float(WEEK_DAYS)
    while True:
        for k in range(q.openings[r]):
            opens = week + q.opens_day[r, k]
            closes = week + q.closes_day[r, k]
            start = max(day, opens)
            if start < q.closed_until_day[r] and start + span_days > q.closed_from_day[r]:
                start = q.closed_until_day[r]
            if start >= closes or (fits and start + span_days > closes) or (not fits and start > opens):
                continue
            return start
        week += WEEK_DAYS


@compiled_inline
def _before(pool: np.ndarray, a: int, b: int) -> bool:
    """Return whether request a ranks before request b."""
    if pool[a].rank_class != pool[b].rank_class:
        return pool[a].rank_class < pool[b].rank_class
    if pool[a].asked_day != pool[b].asked_day:
        return pool[a].asked_day < pool[b].asked_day
    if pool[a].number != pool[b].number:
        return pool[a].number < pool[b].number
    return pool[a].event < pool[b].event


@compiled_inline
def _push(heap: np.ndarray, size: int, pool: np.ndarray, request: int) -> None:
    k = size
    while k > 0:
        parent = (k - 1) >> 1
        if not _before(pool, request, heap[parent]):
            break
        heap[k] = heap[parent]
        k = parent
    heap[k] = request


@compiled_inline
def _pop(heap: np.ndarray, size: int, pool: np.ndarray) -> None:
    """Take the first request off a heap of this size."""
    last = heap[size - 1]
    size -= 1
    k = 0
    while True:
        child = 2 * k + 1
        if child >= size:
            break
        if child + 1 < size and _before(pool, heap[child + 1], heap[child]):
            child += 1
        if not _before(pool, heap[child], last):
            break
        heap[k] = heap[child]
        k = child
    heap[k] = last


@compiled_inline
def _push_day(heap: np.ndarray, size: int, day: float) -> None:
    k = size
    while k > 0:
        parent = (k - 1) >> 1
        if heap[parent] <= day:
            break
        heap[k] = heap[parent]
        k = parent
    heap[k] = day


@compiled_inline
def _pop_day(heap: np.ndarray, size: int) -> None:
    last = heap[size - 1]
    size -= 1
    k = 0
    while True:
        child = 2 * k + 1
        if child >= size:
            break
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= last:
            break
        heap[k] = heap[child]
        k = child
    heap[k] = last


@compiled_inline
def _count(q: Record, r: int, step: int, now: float) -> None:
    q.queue_days[r] += q.length[r] * (now - q.last_change_day[r])
    q.last_change_day[r] = now
    q.length[r] += step


@compiled_inline
def ask(
    resources: np.ndarray,
    heaps: np.ndarray,
    pool: np.ndarray,
    patient: int,
    event: int,
    rank_class: int,
    number: int,
    holds_days: np.ndarray,
    now: float,
) -> int:
    """Put a request into the queues of the resources that it holds; return its place in the pool.

    ``allocate`` is due at the end of this instant where resources have changed: where the request is first
    in all its queues. Behind others it changes nothing.
    """
    q = resources[0]
    k = q.free_request
    request = pool[k]
    q.free_request = k + 1 + request.next_free
    q.requests += 1
    request.patient = patient
    request.event = event
    request.rank_class = rank_class
    request.asked_day = now
    request.number = number
    request.state = WAITING
    count, needed, is_first = 0, 0, True
    for r in range(N_RESOURCES):
        request.holds_days[r] = holds_days[r]
        if holds_days[r] > 0.0:
            _push(heaps[r], q.heap_size[r], pool, k)
            q.heap_size[r] += 1
            first = heaps[r, 0]
            is_first &= first == k or pool[first].state == WITHDRAWN
            request.needs[count] = r
            count += 1
            needed |= 1 << r
            _count(q, r, 1, now)
    request.needs_count = request.in_heaps = count
    request.needed = needed
    if is_first:
        q.changed |= needed
    return k


@compiled_inline
def _leave(q: Record, pool: np.ndarray, log: np.ndarray, k: int, granted: bool, now: float) -> None:
    """Note that a request is in no queue any more."""
    request = pool[k]
    line = log[q.logged]
    q.logged += 1
    line.number = request.number
    line.event = request.event
    line.granted = granted
    line.asked_day = request.asked_day
    line.left_day = now
    for r in range(N_RESOURCES):
        line.holds_days[r] = request.holds_days[r]
    for need in range(request.needs_count):
        r = request.needs[need]
        _count(q, r, -1, now)
    q.changed |= request.needed


@compiled_inline
def withdraw(resources: np.ndarray, pool: np.ndarray, log: np.ndarray, k: int, now: float) -> None:
    """Take a waiting request out of its queues; ``allocate`` is due at the end of this instant."""
    pool[k].state = WITHDRAWN
    _leave(resources[0], pool, log, k, False, now)


@compiled_inline
def _take_off(q: Record, heaps: np.ndarray, pool: np.ndarray, r: int) -> None:
    """Take the first request off a queue; when it is off all, its place in the pool is free again."""
    k = heaps[r, 0]
    _pop(heaps[r], q.heap_size[r], pool)
    q.heap_size[r] -= 1
    request = pool[k]
    request.in_heaps -= 1
    if request.in_heaps == 0:
        request.state = FREE
        request.next_free = q.free_request - (k + 1)
        q.free_request = k
        q.requests -= 1


@compiled_inline
def _first(q: Record, heaps: np.ndarray, pool: np.ndarray, r: int) -> int:
    """Return the first request that still waits for a resource, or -1."""
    while q.heap_size[r] > 0 and pool[heaps[r, 0]].state == WITHDRAWN:
        _take_off(q, heaps, pool, r)
    return heaps[r, 0] if q.heap_size[r] > 0 else -1


@compiled_inline
def _take_back(q: Record, releases: np.ndarray, request: Record, now: float) -> None:
    """Let units become free that a request needs and whose time is over."""
    for need in range(request.needs_count):
        r = request.needs[need]
        while q.in_use[r] > 0 and releases[r, 0] <= now:
            _pop_day(releases[r], q.in_use[r])
            q.in_use[r] -= 1


@compiled_inline
def _earliest(q: Record, releases: np.ndarray, request: Record, now: float) -> float:
    """Return when every resource of a first-in-line request has a unit free and is open long enough.

    Infinity where that cannot be: a resource without a unit, or calendars without a common opening.
    """
    day = now
    for need in range(request.needs_count):
        r = request.needs[need]
        if q.in_use[r] >= q.units[r]:
            if q.units[r] < 1:
                return np.inf
            day = max(day, releases[r, 0])
    # Calendars repeat by the week: where a week without closures has no common opening, there is none.
    latest = day
    for need in range(request.needs_count):
        r = request.needs[need]
        if q.closed_until_day[r] < np.inf:
            latest = max(latest, q.closed_until_day[r])
    latest += 2.0 * WEEK_DAYS
    need, agreed = 0, 0  # so many resources, up to the last that was asked, can start on this day
    while agreed < request.needs_count:
        r = request.needs[need]
        start = next_start(q, r, day, request.holds_days[r])
        if start > latest:
            return np.inf
        agreed = agreed + 1 if start == day else 1
        day = start
        need = need + 1 if need + 1 < request.needs_count else 0
    return day


@compiled_inline
def allocate(
    resources: np.ndarray,
    releases: np.ndarray,
    heaps: np.ndarray,
    pool: np.ndarray,
    log: np.ndarray,
    now: float,
    granted: np.ndarray,
) -> int:
    """Grant all that can be granted now, in order of rank; return how many.

    ``granted``, shape (n, 2), gets (index of the patient, event) of each, in the order of granting. To be
    called at the end of every instant at which something was asked for or withdrawn (it does nothing where
    none ``is_allocation_due``), and at ``next_allocation_day``. ``log`` gets a line for each.
    """
    q = resources[0]
    n = 0
    unchanged = 0  # resources whose chance, as it was foreseen, is now
    if q.allocation_day <= now:
        for r in range(N_RESOURCES):
            unchanged |= int(q.next_chance_day[r] <= now) << r
        unchanged &= ~q.changed
        q.changed |= unchanged
    while True:
        best = -1  # the highest in rank of those first in all their queues, among what has changed
        changed, r = q.changed, 0
        while changed != 0:
            if changed & 1:
                k = _first(q, heaps, pool, r)
                q.next_chance_day[r] = np.inf
                if k < 0 or not _first_elsewhere(q, heaps, pool, k, r):
                    q.changed ^= 1 << r
                elif k != best and (best < 0 or _before(pool, k, best)):
                    best = k
            changed >>= 1
            r += 1
        if best < 0:
            break
        request = pool[best]
        needed = request.needed
        _take_back(q, releases, request, now)
        q.changed &= ~needed
        if needed & ~unchanged != 0:
            day = _earliest(q, releases, request, now)
            if day > now:
                for need in range(request.needs_count):
                    q.next_chance_day[request.needs[need]] = day
                continue
        unchanged &= ~needed
        granted[n, 0] = request.patient
        granted[n, 1] = request.event
        n += 1
        _leave(q, pool, log, best, True, now)
        for need in range(request.needs_count):
            r = request.needs[need]
            if q.units[r] < UNLIMITED_COUNT:
                _push_day(releases[r], q.in_use[r], now + request.holds_days[r])
                q.in_use[r] += 1
        for need in range(request.needs_count):
            _take_off(q, heaps, pool, request.needs[need])
    # Two minima side by side: one alone waits for itself at every step.
    even, odd = q.next_chance_day[0], q.next_chance_day[1]
    for r in range(2, N_RESOURCES - 1, 2):
        even = min(even, q.next_chance_day[r])
        odd = min(odd, q.next_chance_day[r + 1])
    if N_RESOURCES % 2 == 1:
        even = min(even, q.next_chance_day[N_RESOURCES - 1])
    q.allocation_day = min(even, odd)
    return n


@compiled_inline
def _first_elsewhere(q: Record, heaps: np.ndarray, pool: np.ndarray, k: int, here: int) -> bool:
    """Return whether the first request for a resource is so for every other one that it needs."""
    request = pool[k]
    for need in range(request.needs_count):
        r = request.needs[need]
        if r != here and _first(q, heaps, pool, r) != k:
            return False
    return True


@compiled_inline
def next_allocation_day(resources: np.ndarray) -> float:
    """Return when the next request could be granted, as things stood after the last allocation."""
    return resources[0].allocation_day


@compiled_inline
def is_allocation_due(resources: np.ndarray) -> bool:
    """Return whether something was asked for or withdrawn that an allocation is due for, at this instant."""
    return resources[0].changed != 0
