"""The queues against queueing theory, exact recursions and a plain reading of their rule."""

import heapq
import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats

from sim.clinic.queues import (
    LOG,
    N_RESOURCES,
    UNLIMITED_COUNT,
    WAITING,
    Opening,
    Queues,
    Resource,
    allocate,
    ask,
    is_allocation_due,
    new_queues,
    next_allocation_day,
    next_start,
    with_room,
    withdraw,
)
from sim.distributions import on_grid

MINUTES = 1440
ENDLESS = Opening(UNLIMITED_COUNT)


class Request(NamedTuple):
    """A request by the patient with its place in the list as number; it gives up at ``leaves_day``."""

    asked_day: float
    holds_days: dict[int, float]
    rank_class: int = 0
    leaves_day: float = math.inf


class Instant(NamedTuple):
    """What happened at one instant: numbers of patients, the granted in their order."""

    day: float
    asked: list[int]
    withdrawn: list[int]
    granted: list[int]


class Drive:
    """A small event loop around the machine; iterate to run it instant by instant."""

    def __init__(self, openings: dict[int, Opening], requests: list[Request]) -> None:
        self.openings = [openings.get(r, ENDLESS) for r in range(N_RESOURCES)]
        self.requests = requests
        self.queues: Queues = new_queues(self.openings, max(len(requests), 1))
        self.lines = np.zeros(len(requests), LOG)
        self.day = 0.0

    def __iter__(self) -> Iterator[Instant]:
        resources, releases, heaps, pool = self.queues
        granted = np.empty((len(self.requests) + 1, 2), np.int64)
        place: dict[int, int] = {}
        due = [(r.asked_day, 0, number) for number, r in enumerate(self.requests)]
        due += [(r.leaves_day, 1, n) for n, r in enumerate(self.requests) if r.leaves_day < math.inf]
        heapq.heapify(due)
        chance = math.inf
        while due or chance < math.inf:
            now = self.day = min(due[0][0], chance) if due else chance
            asked, withdrawn = [], []
            while due and due[0][0] == now:
                _, leaving, number = heapq.heappop(due)
                if not leaving:
                    request = self.requests[number]
                    holds = np.zeros(N_RESOURCES)
                    for r, days in request.holds_days.items():
                        holds[r] = days
                    rank = request.rank_class
                    place[number] = ask(resources, heaps, pool, number, 0, rank, number, holds, now)
                    asked.append(number)
                elif number in place:
                    withdraw(resources, pool, self.lines, place.pop(number), now)
                    withdrawn.append(number)
            n = allocate(resources, releases, heaps, pool, self.lines, now, granted)
            for number in granted[:n, 0].tolist():
                del place[number]
            chance = next_allocation_day(resources)
            assert chance > now
            yield Instant(now, asked, withdrawn, granted[:n, 0].tolist())

    def finish(self) -> np.ndarray:
        """Live to the end; return the log by number of the patient."""
        for _ in self:
            pass
        return np.sort(self.log, order="number")

    @property
    def log(self) -> np.ndarray:
        return self.lines[: self.queues.resources["logged"][0]]


# Theory -----------------------------------------------------------------------------------------------


def grid(days: np.ndarray) -> np.ndarray:
    return np.floor(days * 2.0**32 + 0.5) / 2.0**32


def exponential(rng: np.random.Generator, mean: float, n: int) -> np.ndarray:
    return np.maximum(grid(rng.exponential(mean, n)), 2.0**-32)


def one_server(
    arrivals: np.ndarray, services: np.ndarray, units: int = 1, classes: np.ndarray | None = None
) -> np.ndarray:
    """Return the wait of each customer at one resource with some units."""
    ranks = np.zeros(len(arrivals), int) if classes is None else classes
    requests = [
        Request(day, {Resource.MRI: service}, rank)
        for day, service, rank in zip(arrivals.tolist(), services.tolist(), ranks.tolist(), strict=True)
    ]
    log = Drive({Resource.MRI: Opening(units)}, requests).finish()
    assert log["granted"].all()
    return log["left_day"] - log["asked_day"]


def assert_theory(replications: list[float], expected: float) -> None:
    """A sampling interval of 99.9 % over the replications holds what theory says, and is narrow."""
    mean, error = np.mean(replications), stats.sem(replications)
    reach = stats.t.ppf(0.9995, len(replications) - 1) * error
    assert abs(mean - expected) <= reach, (mean, expected, reach)
    assert reach <= 0.2 * expected, "too wide to show anything"


def erlang_c(units: int, load: float) -> float:
    """Return the probability to wait in M/M/c, by the recursion of Erlang B."""
    blocked = 1.0
    for k in range(1, units + 1):
        blocked = load * blocked / (k + load * blocked)
    return blocked / (1.0 - load / units * (1.0 - blocked))


def kiefer_wolfowitz(arrivals: np.ndarray, services: np.ndarray, units: int) -> np.ndarray:
    """Return the waits of first come, first served, customer by customer."""
    free = [0.0] * units
    waits = []
    for day, service in zip(arrivals.tolist(), services.tolist(), strict=True):
        start = max(day, heapq.heappop(free))
        heapq.heappush(free, start + service)
        waits.append(start - day)
    return np.array(waits)


REPLICATIONS, CUSTOMERS, WARM_UP = 20, 4000, 500


@pytest.mark.parametrize(("units", "load"), [(1, 0.6), (3, 2.1), (6, 4.5)])
def test_waits_of_mmc_are_those_of_erlang_c(units, load):
    waits, waited = [], []
    for replication in range(REPLICATIONS):
        rng = np.random.default_rng((units, replication))
        arrivals = np.cumsum(exponential(rng, 1.0 / load, CUSTOMERS))
        services = exponential(rng, 1.0, CUSTOMERS)
        found = one_server(arrivals, services, units)
        np.testing.assert_array_equal(found, kiefer_wolfowitz(arrivals, services, units))
        waits.append(found[WARM_UP:].mean())
        waited.append((found[WARM_UP:] > 0.0).mean())
    probability = erlang_c(units, load)
    assert_theory(waited, probability)
    assert_theory(waits, probability / (units - load))


SERVICES = {  # of mean 1: the draws, and their second moment
    "deterministic": (lambda rng, n: np.ones(n), 1.0),
    "uniform": (lambda rng, n: rng.uniform(0.0, 2.0, n), 4.0 / 3.0),
    "erlang_2": (lambda rng, n: rng.gamma(2.0, 0.5, n), 1.5),
    "lognormal": (lambda rng, n: rng.lognormal(-0.125, 0.5, n), math.exp(0.25)),
    "hyperexponential": (
        lambda rng, n: rng.exponential(np.where(rng.random(n) < 0.5, 0.5, 1.5)),
        0.5 * (2 * 0.25 + 2 * 2.25),
    ),
}


@pytest.mark.parametrize("name", SERVICES)
def test_waits_of_mg1_are_those_of_pollaczek_and_khinchine(name):
    draw, second_moment = SERVICES[name]
    load = 0.55
    waits = []
    for replication in range(REPLICATIONS):
        rng = np.random.default_rng((len(name), replication))
        arrivals = np.cumsum(exponential(rng, 1.0 / load, CUSTOMERS))
        services = np.maximum(grid(draw(rng, CUSTOMERS)), 2.0**-32)
        waits.append(one_server(arrivals, services)[WARM_UP:].mean())
    assert_theory(waits, load * second_moment / (2.0 * (1.0 - load)))


def test_waits_by_class_are_those_of_cobham():
    rates = np.array([0.2, 0.25, 0.25])
    means = np.array([1.0, 0.6, 1.4])
    waits = [[], [], []]
    for replication in range(REPLICATIONS):
        rng = np.random.default_rng(replication)
        arrivals = np.cumsum(exponential(rng, 1.0 / rates.sum(), CUSTOMERS))
        classes = rng.choice(3, CUSTOMERS, p=rates / rates.sum())
        services = np.maximum(grid(rng.exponential(means[classes])), 2.0**-32)
        found = one_server(arrivals, services, classes=classes)[WARM_UP:]
        for rank in range(3):
            waits[rank].append(found[classes[WARM_UP:] == rank].mean())
    residual = (rates * means**2).sum()  # half of lambda times the second moment, 2 mean^2
    busy = np.concatenate([[0.0], np.cumsum(rates * means)])
    for rank in range(3):
        assert_theory(waits[rank], residual / ((1.0 - busy[rank]) * (1.0 - busy[rank + 1])))


# Requests for several resources at once ---------------------------------------------------------------


def random_mix(seed: int, n: int = 400, patience: bool = True) -> tuple[dict[int, Opening], list[Request]]:
    """Return a busy clinic of five resources, and requests for random sets of them, many at one instant."""
    rng = np.random.default_rng(seed)
    week = (8.0, 8.0, 0.0, 8.0, 8.0, 0.0, 0.0)
    openings = {
        0: Opening(2),
        1: Opening(1, 6.0, week, by_session=True),
        2: Opening(3, 6.0, (24.0,) * 5 + (0.0, 0.0)),
        3: Opening(2, 6.0, week, by_session=True, closed_from_day=30.0, closed_until_day=51.0),
        4: Opening(5),
    }
    requests = []
    for day in np.sort(rng.integers(0, n * 2, n) / 8.0).tolist():
        wanted = rng.choice(5, rng.integers(1, 4), replace=False)
        holds = {int(r): float(rng.integers(1, 8)) / 32.0 * (8.0 if r in (2, 4) else 1.0) for r in wanted}
        leaves = day + float(rng.integers(1, 400)) / 8.0 if patience and rng.random() < 0.3 else math.inf
        requests.append(Request(day, holds, int(rng.random() < 0.7), leaves))
    return openings, requests


def rank(requests: list[Request], number: int) -> tuple[int, float, int]:
    return requests[number].rank_class, requests[number].asked_day, number


@pytest.mark.parametrize("seed", range(3))
def test_littles_law_holds_on_every_resource(seed):
    drive = Drive(*random_mix(seed))
    log = drive.finish()
    q = drive.queues.resources[0]
    for r in range(5):
        here = log[log["holds_days"][:, r] > 0.0]
        rate, mean_wait = len(here) / drive.day, (here["left_day"] - here["asked_day"]).mean()
        assert q["queue_days"][r] / drive.day == pytest.approx(rate * mean_wait, rel=1e-12)
        assert q["queue_days"][r] > 0.0
    assert (q["queue_days"][5:] == 0.0).all()


@pytest.mark.parametrize("seed", range(3))
def test_waiting_served_and_withdrawn_make_up_the_asked_at_every_instant(seed):
    drive = Drive(*random_mix(seed))
    q, pool = drive.queues.resources, drive.queues.pool
    waiting, asked, withdrawn, served = set(), 0, 0, 0
    for instant in drive:
        waiting |= set(instant.asked)
        waiting -= {*instant.withdrawn, *instant.granted}
        asked += len(instant.asked)
        withdrawn += len(instant.withdrawn)
        served += len(instant.granted)
        assert len(waiting) + served + withdrawn == asked
        assert served + withdrawn == len(drive.log)
        assert drive.log["granted"].sum() == served
        for r in range(N_RESOURCES):
            assert q["length"][0, r] == sum(r in drive.requests[number].holds_days for number in waiting)
        assert (pool["state"] == WAITING).sum() == len(waiting)
    assert withdrawn > 0 and served > 0 and not waiting


def test_a_request_behind_others_needs_no_allocation_and_more_room_keeps_who_is_in_line():
    queues = new_queues([Opening(1)] * N_RESOURCES, 2)
    lines, granted, holds = np.zeros(5, LOG), np.empty((5, 2), np.int64), np.zeros(N_RESOURCES)
    holds[Resource.MRI] = 1.0
    for number in range(5):
        queues = with_room(queues, 1)
        resources, releases, heaps, pool = queues
        ask(resources, heaps, pool, number, 0, 0, number, holds, 0.0)
        # The first is served at once, the second is the first in line.
        assert is_allocation_due(resources) == (number < 2)
        allocate(resources, releases, heaps, pool, lines, 0.0, granted)
        assert not is_allocation_due(resources)
    assert len(pool) == 4 and resources["requests"] == 4
    assert with_room(queues, 0) is queues
    served = []
    for day in range(1, 5):
        assert next_allocation_day(resources) == day
        assert allocate(resources, releases, heaps, pool, lines, float(day), granted) == 1
        served.append(int(granted[0, 0]))
    assert served == [1, 2, 3, 4] and resources["requests"] == 0
    assert lines["left_day"].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize("seed", range(3))
def test_units_never_run_over_and_nobody_is_overtaken_at_a_resource(seed):
    drive = Drive(*random_mix(seed))
    requests = drive.requests
    ends: list[list[float]] = [[] for _ in range(N_RESOURCES)]
    waiting: set[int] = set()
    together = 0
    for now, asked, withdrawn, granted in drive:
        waiting |= set(asked)
        waiting -= set(withdrawn)
        assert granted == sorted(granted, key=lambda number: rank(requests, number))
        for number in granted:
            waiting.remove(number)
            holds = requests[number].holds_days
            for r, days in holds.items():
                ends[r] = [end for end in ends[r] if end > now]
                assert len(ends[r]) < drive.openings[r].units
                ends[r].append(now + days)
            for other in waiting:
                if holds.keys() & requests[other].holds_days.keys():
                    assert rank(requests, number) < rank(requests, other)
            together += len(holds) > 1
    assert together > 50


def test_of_requests_at_one_instant_the_smaller_number_goes_first():
    requests = [Request(1.0, {0: 1.0}), Request(1.0, {0: 1.0, 1: 1.0}), Request(1.0, {1: 0.5})]
    drive = Drive({0: Opening(1), 1: Opening(1)}, requests)
    assert drive.finish()["left_day"].tolist() == [1.0, 2.0, 3.0]
    requests = [Request(1.0, {0: 1.0}, rank_class=1), Request(1.0, {0: 1.0}, rank_class=0)]
    drive = Drive({0: Opening(1)}, requests)
    assert drive.finish()["left_day"].tolist() == [2.0, 1.0]


def test_who_leaves_the_queue_makes_way_at_that_instant():
    requests = [Request(0.0, {0: 5.0}), Request(1.0, {0: 1.0, 1: 1.0}, 0, 2.0), Request(1.5, {1: 1.0})]
    log = Drive({0: Opening(1), 1: Opening(1)}, requests).finish()
    assert log["granted"].tolist() == [True, False, True]
    assert log["left_day"].tolist() == [0.0, 2.0, 2.0]


# A plain reading of the rule ----------------------------------------------------------------------------


def sessions(opening: Opening, day: float) -> list[tuple[float, float]]:
    """Return the openings of the week of a day and of the weeks around it."""
    monday = math.floor(day / 7.0) * 7
    return [
        (monday + k + opening.opens_at_hours / 24.0, monday + k + (opening.opens_at_hours + hours) / 24.0)
        for k in range(-7, 14)
        if (hours := opening.open_hours[k % 7]) > 0.0
    ]


def can_start(opening: Opening, day: float, span: float) -> bool:
    """Return whether something can start: by session it must fit, or start with an opening if it never fits.

    All times are multiples of 2^-9 day, so that nothing is rounded.
    """
    span = span if opening.by_session else 0.0
    closed, again = opening.closed_from_day, opening.closed_until_day
    if closed < again and day < again and day + span > closed:
        return False
    if min(opening.open_hours) >= 24.0:
        return True
    if span <= max(opening.open_hours) / 24.0:
        return any(opens <= day < closes and day + span <= closes for opens, closes in sessions(opening, day))
    return any(day == opens for opens, _ in sessions(opening, day))


def plain(openings: list[Opening], requests: list[Request], last_day: float) -> dict[int, tuple[bool, float]]:
    """Return, by number, whether a request was granted and when it left: a scan at every chance."""
    days = {r.asked_day for r in requests} | {r.leaves_day for r in requests if r.leaves_day < last_day}
    for opening in openings:
        days.add(opening.closed_until_day)
        if min(opening.open_hours) < 24.0:
            for monday in range(0, int(last_day) + 7, 7):
                days |= {opens for opens, _ in sessions(opening, monday) if opens >= 0.0}
    chances = sorted(days)
    held: list[list[float]] = [[] for _ in openings]
    left: dict[int, tuple[bool, float]] = {}
    ranked = sorted(range(len(requests)), key=lambda number: rank(requests, number))
    while chances:
        now = heapq.heappop(chances)
        if chances and chances[0] == now:
            continue
        wanted_before: set[int] = set()
        for number in ranked:
            request = requests[number]
            if number in left or request.asked_day > now:
                continue
            if request.leaves_day <= now:
                left[number] = (False, now)
                continue
            if not wanted_before & request.holds_days.keys() and all(
                sum(end > now for end in held[r]) < openings[r].units and can_start(openings[r], now, days)
                for r, days in request.holds_days.items()
            ):
                left[number] = (True, now)
                for r, days in request.holds_days.items():
                    held[r].append(now + days)
                    heapq.heappush(chances, now + days)
            else:
                wanted_before |= request.holds_days.keys()
    return left


HOURS = st.sampled_from([0.0, 1.5, 3.0, 6.0, 12.0, 24.0])
WORKING_HOURS = st.tuples(*[HOURS] * 7).filter(any)
ALWAYS_OPEN = (24.0,) * 7


@st.composite
def clinics(draw, calendars: int) -> tuple[dict[int, Opening], list[Request]]:
    """Up to four resources, each always open or by one of so many calendars; up to twelve requests."""
    opens_at = draw(st.sampled_from([0.0, 7.5, 18.0]))
    hours = st.sampled_from([ALWAYS_OPEN, *(draw(WORKING_HOURS) for _ in range(calendars))])
    openings = {}
    for r in range(draw(st.integers(1, 4))):
        closed = draw(st.integers(0, 20))
        until = closed + draw(st.sampled_from([0, 0, 1.25, 16]))
        openings[r] = Opening(
            draw(st.integers(1, 3)), opens_at, draw(hours), draw(st.booleans()), closed, until
        )
    eighths = st.integers(0, 100).map(lambda k: k / 8.0)
    spans = st.integers(1, 60).map(lambda k: k / 64.0)
    requests = [
        Request(
            day,
            draw(st.dictionaries(st.sampled_from(sorted(openings)), spans, min_size=1)),
            draw(st.integers(0, 1)),
            draw(st.one_of(st.just(math.inf), spans.map(lambda span, day=day: day + 8.0 * span))),
        )
        for day in sorted(draw(st.lists(eighths, min_size=1, max_size=12)))
    ]
    return openings, requests


def assert_leaves_by_the_rule(drive: Drive) -> None:
    log = drive.finish()
    found = {int(line["number"]): (bool(line["granted"]), line["left_day"]) for line in log}
    last_day = 49.0 + 15.0 * len(drive.requests)  # arrivals and closures, then a grant a fortnight
    assert found == plain(drive.openings, drive.requests, last_day)


QUICK = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
THOROUGH = settings(QUICK, max_examples=3000)


@QUICK
@given(clinics(calendars=3))
def test_a_request_is_granted_exactly_when_a_plain_scan_of_the_rule_says(clinic):
    assert_leaves_by_the_rule(Drive(*clinic))


@pytest.mark.long
@THOROUGH
@given(clinics(calendars=3))
def test_a_request_is_granted_exactly_when_the_rule_says_in_many_more_clinics(clinic):
    assert_leaves_by_the_rule(Drive(*clinic))


@QUICK
@given(clinics(calendars=1))
def test_every_request_is_granted_or_withdrawn_where_all_keep_the_same_hours(clinic):
    drive = Drive(*clinic)
    assert len(drive.finish()) == len(drive.requests)


@pytest.mark.parametrize("seed", range(2))
def test_a_busy_mix_leaves_when_the_rule_says(seed):
    assert_leaves_by_the_rule(Drive(*random_mix(seed, n=150)))


# When something can start -------------------------------------------------------------------------------


def minutes(k: int) -> float:
    """Return a time in minutes as a day on the grid."""
    return on_grid(k / MINUTES)


def span(k: int) -> float:
    """Return a length in minutes, rounded down: what fits still fits on the grid."""
    return math.floor(k / MINUTES * 2.0**32) / 2.0**32


def first_minute(opening: Opening, minute: int, length: int) -> int:
    """Return the earliest minute at which something of a length can start: try one after the other."""
    at = round(opening.opens_at_hours * 60)
    hours = [round(h * 60) for h in opening.open_hours]
    closed = (round(opening.closed_from_day * MINUTES), round(opening.closed_until_day * MINUTES))
    length = length if opening.by_session else 0
    fits = length <= max(hours)
    always = min(hours) >= MINUTES
    while True:
        free = closed[0] == closed[1] or minute >= closed[1] or minute + length <= closed[0]
        for k in range(minute // MINUTES - 1, minute // MINUTES + 1):  # a session may run past midnight
            into = minute - k * MINUTES - at
            if free and (
                always
                or (0 <= into < hours[k % 7] and (into + length <= hours[k % 7] if fits else into == 0))
            ):
                return minute
        minute += 1


@settings(QUICK, max_examples=300)
@given(
    st.tuples(st.sampled_from([60, 125, 480, 1440]), *[st.sampled_from([0, 60, 125, 480, 1440])] * 6).flatmap(
        st.permutations
    ),
    st.sampled_from([0, 8 * 60, 20 * 60 + 20]),
    st.booleans(),
    st.integers(0, 21 * MINUTES),
    st.one_of(st.integers(1, 1500), st.sampled_from([5, 45, 60, 125, 480, 500])),
    st.integers(0, 14 * MINUTES),
    st.sampled_from([0, 0, 60, 3000, 12000]),
)
def test_the_next_start_is_the_first_minute_that_will_do(
    open_minutes, at, by_session, minute, length, c, shut
):
    opening = Opening(
        1, at / 60.0, [m / 60.0 for m in open_minutes], by_session, minutes(c), minutes(c + shut)
    )
    q = new_queues([opening] * N_RESOURCES, 1).resources
    expected = first_minute(opening, minute, length)
    assert next_start(q[0], 0, minutes(minute), span(length)) == minutes(expected)


def test_a_session_takes_as_many_as_fit_to_the_minute():
    wednesday = Opening(1, 8.0, (0, 0, 1.5, 0, 0, 0, 0), by_session=True)
    drive = Drive({1: wednesday}, [Request(0.0, {1: span(5)}) for _ in range(20)])
    started = drive.finish()["left_day"]
    assert (np.floor(started) == 2).sum() == 18
    assert (np.floor(started) == 9).sum() == 2


def test_a_closed_resource_lets_nobody_start_or_run_into_the_closure():
    closing = Opening(1, closed_from_day=10.0, closed_until_day=20.0, by_session=True)
    requests = [Request(9.0, {0: 0.5}), Request(9.25, {0: 1.0}), Request(12.0, {0: 0.5})]
    assert Drive({0: closing}, requests).finish()["left_day"].tolist() == [9.0, 20.0, 21.0]


def test_what_is_longer_than_any_opening_starts_with_one():
    theatre = Opening(1, 8.0, (0.0, 9.0, 0.0, 6.0, 0.0, 0.0, 0.0), by_session=True)
    log = Drive({0: theatre}, [Request(0.0, {0: 0.5}), Request(1.5, {0: 0.5})]).finish()
    assert log["left_day"].tolist() == [on_grid(1 + 8 / 24), on_grid(3 + 8 / 24)]


NEVER = {
    "no units": {0: Opening(0)},
    "never open": {0: Opening(1, 8.0, (0.0,) * 7)},
    "never open together": {
        0: Opening(1, 8.0, (8.0, *[0.0] * 6)),
        1: Opening(1, 8.0, (0.0, 8.0, *[0.0] * 5)),
    },
    "never open together for long enough": {
        0: Opening(1, 8.0, (8.0, *[0.0] * 6), by_session=True),
        1: Opening(1, 15.0, (8.0, *[0.0] * 6), by_session=True),
    },
}


@pytest.mark.parametrize("openings", NEVER.values(), ids=NEVER)
def test_what_can_never_be_granted_waits_for_ever_and_the_loop_ends(openings):
    drive = Drive(openings, [Request(0.0, {0: 0.25, 1: 0.25}), Request(0.0, {2: 1.0})])
    assert drive.finish()["number"].tolist() == [1]
    assert drive.queues.resources["length"][0, :3].tolist() == [1, 1, 0]
    assert next_allocation_day(drive.queues.resources) == math.inf
