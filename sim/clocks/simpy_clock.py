"""The SimPy clock: one process per patient; the reference, and the one to read."""

import gc
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import simpy

from sim.agenda import next_event_of
from sim.clinic.needs import advance, ask_for, clinic_record, openings, serve
from sim.clinic.queues import LOG, allocate, new_queues, next_allocation_day, withdraw
from sim.events import END, Event, Journal
from sim.pathway.journey import react

ABREAST = 500  # patients in one environment: a short event list is a fast one
LOG_LINES = 4096  # room for requests at first; it grows
END_OF_INSTANT = 2  # SimPy's priorities are 0 urgent and 1 normal: this comes after both

Process = Generator[simpy.Event, None, None]


def simulate_rows(
    rows: np.ndarray,
    luck: np.ndarray,
    worlds: np.ndarray,
    horizon_days: float,
    journal: Journal | None = None,
) -> None:
    """Simulate every patient from diagnosis to death or the horizon, in a clinic where nobody waits.

    ``rows`` dtype ROW and ``luck`` dtype LUCK, shape (n,), the rows written in place; ``worlds`` the
    packed records of the policy's plans; the horizon counts from diagnosis. A journal, where given, receives
    (day, index of the patient, event) in the order of time within each group of patients.
    """
    agenda = rows["agenda"]
    with _without_garbage_collection():
        for first in range(0, len(rows), ABREAST):
            env = simpy.Environment()
            for i in range(first, min(first + ABREAST, len(rows))):
                env.process(_life(env, rows, agenda, luck, worlds, i, horizon_days, journal))
            env.run()


def _life(
    env: simpy.Environment,
    rows: np.ndarray,
    agenda: np.ndarray,
    luck: np.ndarray,
    worlds: np.ndarray,
    i: int,
    horizon_days: float,
    journal: Journal | None,
) -> Process:
    """One patient's process: wait for the next event, let it happen."""
    event = int(Event.DIAGNOSIS)
    while event != END:
        yield env.timeout(agenda[i, event] - env.now)
        if journal is not None:
            journal.append((env.now, i, event))
        event = react(rows, luck, worlds, i, event, horizon_days)


def simulate_in_clinic(
    rows: np.ndarray,
    luck: np.ndarray,
    worlds: np.ndarray,
    clinic: Mapping[str, Any],
    horizon_days: float,
    journal: Journal | None = None,
) -> "Clinic":
    """Simulate every patient from arrival to death or the horizon, waiting where the clinic is full.

    As ``simulate_rows``, but patients arrive on their agenda's day of diagnosis, in the order of the rows,
    and all share one clinic, given as the tree of ``conf/clinic``. Return the clinic, with its
    queues' history.
    """
    with _without_garbage_collection():
        env = simpy.Environment()
        clinic_run = Clinic(env, rows, luck, worlds, clinic, horizon_days, journal)
        env.process(clinic_run.admit())
        env.run()
    return clinic_run


class _EndOfInstant(simpy.Event):
    """Comes after everything else that happens at its instant."""

    def __init__(self, env: simpy.Environment, delay: float) -> None:
        super().__init__(env)
        self._ok = True
        self._value = None
        env.schedule(self, END_OF_INSTANT, delay)  # type: ignore[arg-type]


class Clinic:
    """A clinic in SimPy's time: the patients' processes, and the queues that they wait in."""

    def __init__(
        self,
        env: simpy.Environment,
        rows: np.ndarray,
        luck: np.ndarray,
        worlds: np.ndarray,
        clinic: Mapping[str, Any],
        horizon_days: float,
        journal: Journal | None,
    ) -> None:
        self.env, self.rows, self.luck, self.worlds = env, rows, luck, worlds
        self.horizon_days, self.journal = horizon_days, journal
        self.agenda, self.waiting = rows["agenda"], rows["waiting"]
        self.times = clinic_record(clinic)
        self.queues = new_queues(openings(clinic), 2 * len(rows) + 2)
        self.lines = np.empty(LOG_LINES, LOG)
        self.granted = np.empty((2 * len(rows) + 2, 2), np.int64)
        self.grants: dict[int, list[int]] = {}  # by patient: the events whose turn has come
        self.wakes: dict[int, simpy.Event] = {}  # by patient in a queue
        self.allocations: set[float] = set()  # days at whose end there will be one

    @property
    def log(self) -> np.ndarray:
        """Return a line for each request that left its queues, in that order, dtype LOG."""
        return self.lines[: self.queues.resources["logged"][0]]

    def admit(self) -> Process:
        """Start a process for each patient on the day of arrival."""
        for i, day in enumerate(self.agenda[:, Event.DIAGNOSIS].tolist()):
            yield self.env.timeout(day - self.env.now)
            self.env.process(self.life(i))

    def life(self, i: int) -> Process:
        """One patient's process: wait for the next event, or for a turn in a queue, and let it happen."""
        env, agenda, journal = self.env, self.agenda, self.journal
        rows, luck, worlds, horizon_days = self.rows, self.luck, self.worlds, self.horizon_days
        # Without a journal, events that wait for nothing happen at once.
        step = advance if journal is None else react
        asked: dict[int, tuple[int, float]] = {}  # event: place in the pool, day
        event = int(Event.DIAGNOSIS)
        while event != END or asked:
            turn = self._turn(i)
            if turn is None and asked:
                end = rows["diagnosed_day"][i] + horizon_days
                yield self._wake(i, agenda[i, event] if event != END else end)
                turn = self._turn(i)
            elif turn is None:
                yield env.timeout(agenda[i, event] - env.now)
            if turn is not None:
                event = turn
                serve(rows, i, event, asked.pop(event)[1], env.now)
            elif event == END:  # the horizon came before the turn
                break
            elif (place := self._ask(i, event)) >= 0:
                asked[event] = (place, env.now)
                event = next_event_of(rows, i, horizon_days)
                continue
            if journal is not None:
                journal.append((env.now, i, event))
            event = (react if asked else step)(rows, luck, worlds, i, event, horizon_days)
            if asked:
                waiting = int(self.waiting[i])
                for called_off in [e for e in asked if not waiting >> e & 1]:
                    self._withdraw(asked.pop(called_off)[0])
        for place, _ in asked.values():
            self._withdraw(place)

    def _turn(self, i: int) -> int | None:
        """Return the next event of a patient whose turn has come, if any."""
        events = self.grants.get(i)
        if not events:
            return None
        events.sort()
        return events.pop(0)

    def _wake(self, i: int, day: float) -> simpy.Event:
        """Return what a patient in a queue waits for: the turn, or before it a day."""
        wake = self.wakes[i] = self.env.event()

        def at_the_day(_: simpy.Event) -> None:
            if not wake.triggered:
                wake.succeed()

        self.env.timeout(day - self.env.now).callbacks.append(at_the_day)
        return wake

    def _ask(self, i: int, event: int) -> int:
        """Ask for what the event needs; return the request's place, or -1 where it needs nothing."""
        resources, _, heaps, pool = self.queues
        now = self.env.now
        place: int = ask_for(
            self.rows, self.luck, self.times, self.worlds, resources, heaps, pool, i, event, now
        )
        if place >= 0:
            self._allocate_on(now)
        return place

    def _withdraw(self, place: int) -> None:
        """A patient leaves the queue: death, another course, or the end of follow-up."""
        self._make_room()
        withdraw(self.queues.resources, self.queues.pool, self.lines, place, self.env.now)
        self._allocate_on(self.env.now)

    def _allocate_on(self, day: float) -> None:
        """Allocate at the end of an instant, unless that is planned already."""
        if day not in self.allocations:
            self.allocations.add(day)
            _EndOfInstant(self.env, day - self.env.now).callbacks.append(self._allocate)

    def _allocate(self, _: simpy.Event) -> None:
        """Give turns, and plan the next allocation."""
        now = self.env.now
        self.allocations.discard(now)
        self._make_room()
        resources, releases, heaps, pool = self.queues
        n = allocate(resources, releases, heaps, pool, self.lines, now, self.granted)
        for i, event in self.granted[:n].tolist():
            self.grants.setdefault(i, []).append(event)
            wake = self.wakes[i]
            if not wake.triggered:
                wake.succeed()
        day = next_allocation_day(resources)
        if day < np.inf:
            self._allocate_on(day)

    def _make_room(self) -> None:
        """Let the log grow before it is full: an allocation can grant all that wait."""
        logged = int(self.queues.resources["logged"][0])
        if logged + len(self.granted) > len(self.lines):
            self.lines = np.concatenate([self.lines, np.empty(len(self.lines) + len(self.granted), LOG)])


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Collecting garbage while many processes are alive doubles the time; nothing here makes cycles."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
