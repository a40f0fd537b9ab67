"""The same toy clinic in four engines: this project's compiled queues, SimPy, Ciw and salabim.

Patients arrive at random, queue first come first served for one of a few theatres, and hold it for the time
of their operation; death, or the end of follow-up, calls away who still waits. Every engine gets the same
arrivals, operations and deaths, drawn beforehand, so every patient must come to the same end in each.
"""

import heapq
import time
from collections.abc import Callable, Generator
from importlib import metadata
from typing import Any, NamedTuple

import numpy as np

from sim.clinic.queues import (
    LOG,
    N_RESOURCES,
    UNLIMITED_COUNT,
    Opening,
    Resource,
    allocate,
    ask,
    new_queues,
    next_allocation_day,
    withdraw,
)
from sim.compiled import compiled_allocating
from sim.distributions import GRID

THEATRES = 38
ARRIVALS_A_DAY = 10.0
OPERATION_DAYS = 4.0  # mean: 5 % more is asked for than can be done
SURVIVAL_DAYS = 150.0  # mean, from arrival
HORIZON_DAYS = 365.25
SEED = 1
NEVER = np.inf  # was called away before the turn came
TOLERANCE_DAYS = 1e-6  # engines add the same times in different orders


class Toy(NamedTuple):
    """The patients' times in days, each of shape (n,), on the grid of 2^-32 day."""

    arrives: np.ndarray
    operation: np.ndarray  # how long it holds a theatre
    called: np.ndarray  # death or the end of follow-up


def toy(patients: int) -> Toy:
    """Return so many patients; the first of a larger number are the same."""
    gaps, operation, survival = (
        np.random.Generator(np.random.Philox(key=(SEED, k))).exponential(mean, patients)
        for k, mean in enumerate((1 / ARRIVALS_A_DAY, OPERATION_DAYS, SURVIVAL_DAYS))
    )
    arrives = np.cumsum(gaps)
    times = (arrives, operation, arrives + np.minimum(survival, HORIZON_DAYS))
    return Toy(*(np.ceil(days * GRID) / GRID for days in times))


# Each engine returns how long each patient waited for a theatre, days, shape (n,), or NEVER.


def compiled_queues(toy: Toy) -> np.ndarray:
    """The queues of ``sim/clinic/queues.py``, driven as the compiled clock drives them: a heap of events."""
    openings = [Opening(THEATRES if r == Resource.THEATRE else UNLIMITED_COUNT) for r in Resource]
    n = len(toy.arrives)
    queues = new_queues(openings, n)
    waited = np.full(n, NEVER)
    _operate(*toy, *queues, np.empty(n, LOG), waited)
    return waited


@compiled_allocating
def _operate(
    arrives: np.ndarray,
    operation: np.ndarray,
    called: np.ndarray,
    resources: np.ndarray,
    releases: np.ndarray,
    heaps: np.ndarray,
    pool: np.ndarray,
    log: np.ndarray,
    waited: np.ndarray,
) -> None:
    n = len(arrives)
    places = np.full(n, -1)  # of each patient's request
    turns = np.empty((n, 2), np.int64)
    holds = np.zeros(N_RESOURCES)
    calendar = [(arrives[0], 0)]
    due = np.inf  # the end of an instant at which something was asked for or withdrawn
    while True:
        next_day = calendar[0][0] if calendar else np.inf
        allocation_day = min(due, next_allocation_day(resources))
        if next_day == np.inf and allocation_day == np.inf:
            return
        if next_day <= allocation_day:
            now, i = heapq.heappop(calendar)
            if now == arrives[i]:
                if i + 1 < n:
                    heapq.heappush(calendar, (arrives[i + 1], i + 1))
                heapq.heappush(calendar, (called[i], i))
                holds[Resource.THEATRE] = operation[i]
                places[i] = ask(resources, heaps, pool, i, 0, 0, i, holds, now)
                due = now
            elif waited[i] == np.inf:
                withdraw(resources, pool, log, places[i], now)
                due = now
        else:
            now, due = allocation_day, np.inf
            for k in range(allocate(resources, releases, heaps, pool, log, now, turns)):
                i = turns[k, 0]
                waited[i] = now - arrives[i]


def simpy_processes(toy: Toy) -> np.ndarray:
    """SimPy as usually written: a process a patient, another for the death, which interrupts the wait."""
    import simpy

    env = simpy.Environment()
    theatres = simpy.Resource(env, THEATRES)
    arrives, operation, called = (days.tolist() for days in toy)
    waited = np.full(len(arrives), NEVER)
    Process = Generator[simpy.Event, Any, None]  # noqa: N806

    def arrivals() -> Process:
        for i, day in enumerate(arrives):
            yield env.timeout(day - env.now)
            life = env.process(patient(i))
            env.process(death(life, i))

    def patient(i: int) -> Process:
        with theatres.request() as turn:
            try:
                yield turn
            except simpy.Interrupt:
                return
            waited[i] = env.now - arrives[i]
            yield env.timeout(operation[i])

    def death(life: simpy.Process, i: int) -> Process:
        yield env.timeout(called[i] - env.now)
        if waited[i] == NEVER:
            life.interrupt()

    env.process(arrivals())
    env.run()
    return waited


def ciw_network(toy: Toy) -> np.ndarray:
    """Ciw: a network of one node with reneging; its records hold the waits."""
    import ciw

    n = len(toy.arrives)
    arrives, operation, called = (days.tolist() for days in toy)
    gaps = np.diff(toy.arrives, prepend=0.0).tolist()

    class Given(ciw.dists.Distribution):
        """A time of each patient, whom Ciw counts from 1."""

        def __init__(self, days: list[float]) -> None:
            self.days = days

        def sample(self, t: float | None = None, ind: Any = None) -> float:
            day: float = self.days[ind.id_number - 1]
            return day

    patience = [day - arrival for day, arrival in zip(called, arrives, strict=True)]
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Sequential([*gaps, float("inf")])],
        service_distributions=[Given(operation)],
        reneging_time_distributions=[Given(patience)],
        number_of_servers=[THEATRES],
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_customers(n, method="Finish")
    waited = np.full(n, NEVER)
    for record in simulation.get_all_records(only=["service"]):
        waited[record.id_number - 1] = record.waiting_time
    return waited


def salabim_components(toy: Toy) -> np.ndarray:
    """Salabim: a component a patient, whose request for a theatre fails at the death."""
    import salabim

    salabim.yieldless(False)  # its generators are faster than its greenlets
    env = salabim.Environment(trace=False, time_unit="days")
    theatres = salabim.Resource("theatres", capacity=THEATRES)
    arrives, operation, called = (days.tolist() for days in toy)
    waited = np.full(len(arrives), NEVER)

    class Arrivals(salabim.Component):
        def process(self) -> Generator[Any, None, None]:
            for i, day in enumerate(arrives):
                yield self.hold(till=day)
                Patient(i=i)

    class Patient(salabim.Component):
        def setup(self, i: int) -> None:
            self.i = i

        def process(self) -> Generator[Any, None, None]:
            i = self.i
            yield self.request(theatres, fail_at=called[i])
            if self.failed():
                return
            waited[i] = env.now() - arrives[i]
            yield self.hold(operation[i])
            self.release(theatres)

    Arrivals()
    env.run()
    return waited


OURS = "lrrc-sim"
ENGINES: dict[str, Callable[[Toy], np.ndarray]] = {
    OURS: compiled_queues,
    "simpy": simpy_processes,
    "ciw": ciw_network,
    "salabim": salabim_components,
}


def version(engine: str) -> str | None:
    """Return the installed version of an engine, or None where it is not installed."""
    try:
        return metadata.version(engine)
    except metadata.PackageNotFoundError:
        return None


def simulate_toy(engine: str, patients: int) -> tuple[float, np.ndarray]:
    """Return the CPU seconds that an engine takes for the toy, imports and compilation not counted, and how
    long each patient waited."""
    simulate_rows = ENGINES[engine]
    simulate_rows(toy(100))
    given = toy(patients)
    start = time.process_time()
    waited = simulate_rows(given)
    return time.process_time() - start, waited


def same_ends(waited: np.ndarray, reference: np.ndarray) -> bool:
    """Return whether two engines let every patient come to the same end."""
    return np.allclose(waited, reference, rtol=0.0, atol=TOLERANCE_DAYS)
