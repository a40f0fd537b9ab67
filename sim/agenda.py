"""The agenda of a patient: what is pending, what comes next, and what is called off."""

import numpy as np

from sim.compiled import Record, compiled
from sim.events import END, N_EVENTS, Event


@compiled
def call_off(patient: Record, event: int) -> None:
    """Take an event off the agenda, or out of the queue where the patient waits for it."""
    patient.agenda[event] = np.inf
    patient.waiting &= ~(1 << event)


@compiled
def call_off_all(patient: Record) -> None:
    """Leave nothing pending and wait for nothing."""
    patient.agenda[:] = np.inf
    patient.waiting = 0


@compiled
def next_event(patient: Record, horizon_days: float) -> int:
    """Return the earliest pending event up to the horizon, the first of the vocabulary at a tie, or END.

    The horizon is counted from diagnosis.
    """
    agenda = patient.agenda
    # Four minima side by side: one alone waits for itself at every step.
    a, b, c, d = agenda[0], agenda[1], agenda[2], agenda[3]
    for event in range(4, N_EVENTS - 3, 4):
        a = min(a, agenda[event])
        b = min(b, agenda[event + 1])
        c = min(c, agenda[event + 2])
        d = min(d, agenda[event + 3])
    for event in range(N_EVENTS - N_EVENTS % 4, N_EVENTS):
        a = min(a, agenda[event])
    day = min(min(a, b), min(c, d))
    if not day <= patient.diagnosed_day + horizon_days:
        return END
    first = 0
    while agenda[first] != day:
        first += 1
    return first


@compiled
def abandon_salvage(patient: Record) -> None:
    """Call off a salvage that is planned or waited for."""
    call_off(patient, Event.REFUSAL)
    call_off(patient, Event.SALVAGE_TREATMENT)
    call_off(patient, Event.SALVAGE_RESECTION)


@compiled
def next_event_of(rows: np.ndarray, i: int, horizon_days: float) -> int:
    """Return ``next_event`` of patient i: from Python an array and an index are quicker than a record."""
    return next_event(rows[i], horizon_days)
