"""One patient again, event by event, when the turns of a clinic are known."""

import numpy as np

from sim.agenda import next_event
from sim.clinic.needs import begin_wait, serve
from sim.compiled import compiled


@compiled
def wait(
    rows: np.ndarray,
    luck_table: np.ndarray,
    worlds: np.ndarray,
    i: int,
    event: int,
    now: float,
    horizon_days: float,
) -> int:
    """Let patient i wait for an event; return the next event meanwhile, or END."""
    begin_wait(rows[i], luck_table[i], worlds[rows[i].plan], event, now)
    return next_event(rows[i], horizon_days)


@compiled
def be_served(rows: np.ndarray, i: int, event: int, asked_day: float, now: float, horizon_days: float) -> int:
    """Let the turn of patient i come, who asked for an event on a day; return the next event, or END."""
    serve(rows, i, event, asked_day, now)
    return next_event(rows[i], horizon_days)
