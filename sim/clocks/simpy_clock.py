"""The SimPy clock: one process a patient; the reference, and the one to read."""

import gc
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import numpy as np
import simpy

from sim.clinic import UnlimitedClinic
from sim.events import END, Event
from sim.journey import react

ABREAST = 500  # patients in one environment: a short event list is a fast one

Journal = list[tuple[float, int, int]]


def _life(
    env: simpy.Environment,
    clinic: UnlimitedClinic,
    rows: np.ndarray,
    agenda: np.ndarray,
    luck: np.ndarray,
    world: np.ndarray,
    i: int,
    horizon_days: float,
    journal: Journal | None,
) -> Generator[simpy.Event, None, None]:
    """One patient's process: wait for the next event, be served, let it happen."""
    event = int(Event.DIAGNOSIS)
    while event != END:
        yield env.timeout(agenda[i, event] - env.now)
        yield from clinic.serve(i, event)
        if journal is not None:
            journal.append((env.now, i, event))
        event = react(rows, luck, world, i, event, horizon_days)


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Collecting garbage while many processes live doubles the time; nothing here makes cycles."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def live(
    rows: np.ndarray,
    luck: np.ndarray,
    world: np.ndarray,
    horizon_days: float,
    journal: Journal | None = None,
) -> None:
    """Live every patient from diagnosis to death or the horizon (from diagnosis), writing the rows in place.

    ``rows`` dtype ROW and ``luck`` dtype LUCK, shape (n,); ``world`` one packed record, shape (1,).
    A journal, where given, receives (day, index of the patient, event) in the order of time within
    each group of patients.
    """
    clinic = UnlimitedClinic()
    agenda = rows["agenda"]
    with _without_garbage_collection():
        for first in range(0, len(rows), ABREAST):
            env = simpy.Environment()
            for i in range(first, min(first + ABREAST, len(rows))):
                env.process(_life(env, clinic, rows, agenda, luck, world, i, horizon_days, journal))
            env.run()
