"""The clinic: which resources an event must have before it can happen, and for how long."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.clinic.queues import N_RESOURCES, UNLIMITED_COUNT, Opening, Resource, ask
from sim.compiled import Record, compiled, compiled_inline
from sim.distributions import GRID, on_grid
from sim.events import END, Event
from sim.parameters import pack
from sim.pathway.follow_up import nothing_to_be_seen
from sim.pathway.journey import happen, visit_in_vain
from sim.pathway.organ_preservation import reads
from sim.pathway.refusal import book_refusal, end_wait
from sim.pathway.salvage import procedure, specialties
from sim.patient import YEAR_DAYS
from sim.policy import QueuePriority

MINUTES_A_DAY = 1440.0


# Resources that work by the session: what they do must fit into their opening hours.
BY_SESSION = (
    Resource.MRI,
    Resource.ENDOSCOPY,
    Resource.MEETING,
    Resource.THEATRE,
    *list(Resource)[Resource.LATERAL_SURGEON :],
)


@compiled_inline
def is_served(patient: Record, world: Record, event: int) -> bool:
    """Return whether an event waits for resources; every other event happens when it is due."""
    if event == Event.VISIT:
        return world.follow_up.mri[patient.next_visit] > 0.0
    if event == Event.SALVAGE_TREATMENT:
        return patient.salvage_irradiated
    return (
        event == Event.STAGING_MRI
        or event == Event.TEAM_MEETING
        or event == Event.NEOADJUVANT
        or event == Event.RESTAGING_MRI
        or event == Event.REASSESSMENT
        or event == Event.WATCH_VISIT
        or event == Event.LOCAL_EXCISION
        or event == Event.RESECTION
        or event == Event.POSTOPERATIVE_CHEMORADIOTHERAPY
        or event == Event.RECURRENCE_MEETING
        or event == Event.SALVAGE_RESECTION
    )


@compiled
def advance(
    rows: np.ndarray, luck_table: np.ndarray, worlds: np.ndarray, i: int, event: int, horizon_days: float
) -> int:
    """Let an event happen, and all that follow up to the next that waits for resources; return that, or END.

    What needs no resource touches nobody else, so it need not wait for its turn in the clinic's time.
    """
    return happen_up_to_served(rows[i], luck_table[i], worlds, event, horizon_days, False)


@compiled
def happen_up_to_served(
    patient: Record, luck: Record, worlds: np.ndarray, event: int, horizon_days: float, waits: bool
) -> int:
    """As ``advance``, for compiled loops; who ``waits`` for something else goes on in the clinic's time.

    What happens stands here once: all of it is compiled into this function.
    """
    while True:
        event = happen(patient, luck, worlds, event, horizon_days)
        if waits:
            return event
        if event == Event.VISIT and nothing_to_be_seen(patient):
            event = visit_in_vain(patient, luck, worlds, horizon_days, True)
        if event == END or is_served(patient, worlds[patient.plan], event):
            return event


@compiled
def course_days(fractions: float) -> float:
    """Return the days that a course of daily fractions takes, five a week."""
    return on_grid(fractions * 7.0 / 5.0)


@compiled
def session_days(minutes: float) -> float:
    """Return minutes as days, rounded down to the grid: what fits a session to the minute still fits."""
    return math.floor(minutes / MINUTES_A_DAY * GRID) / GRID


@compiled_inline
def needs(patient: Record, clinic: Record, world: Record, event: int, holds_days: np.ndarray) -> None:
    """Write how long a served event holds each resource, 0 where it does not, shape (N_RESOURCES,)."""
    holds_days[:] = 0.0
    if event == Event.TEAM_MEETING or event == Event.RECURRENCE_MEETING:
        holds_days[Resource.MEETING] = session_days(clinic.meeting_minutes)
    elif event == Event.NEOADJUVANT:
        holds_days[Resource.LINAC] = course_days(world.neoadjuvant.fractions_count[patient.regimen])
    elif event == Event.POSTOPERATIVE_CHEMORADIOTHERAPY:
        holds_days[Resource.LINAC] = course_days(world.postoperative.fractions_count)
    elif event == Event.SALVAGE_TREATMENT:
        salvage = world.salvage
        again = patient.irradiated
        fractions = salvage.reirradiation_fractions_count if again else salvage.full_course_fractions_count
        holds_days[Resource.LINAC] = course_days(fractions)
    elif event == Event.RESECTION:
        days = session_days(patient.planned_minutes + clinic.turnover_minutes)
        holds_days[Resource.THEATRE] = days
        holds_days[Resource.COLORECTAL_TEAM] = days
        holds_days[Resource.BED] = clinic.resection_stay_days
        if patient.dissected[0] or patient.dissected[1]:
            holds_days[Resource.LATERAL_SURGEON] = days
    elif event == Event.SALVAGE_RESECTION:
        _salvage_needs(patient, clinic, world, holds_days)
    elif event == Event.LOCAL_EXCISION:
        days = session_days(world.organ_preservation.excision_minutes + clinic.turnover_minutes)
        holds_days[Resource.THEATRE] = days
        holds_days[Resource.COLORECTAL_TEAM] = days
        holds_days[Resource.BED] = clinic.excision_stay_days
    else:  # staging, restaging or reassessment, or a visit with a scan or an endoscopy
        _looks(patient, clinic, world, event, holds_days)


@compiled
def _looks(patient: Record, clinic: Record, world: Record, event: int, holds: np.ndarray) -> None:
    """MRI, endoscopy, or both on one day."""
    watched = event == Event.WATCH_VISIT
    if not watched or world.follow_up.watch_mri[patient.next_watch_visit] > 0.0:
        holds[Resource.MRI] = session_days(clinic.mri_minutes)
    if watched or event == Event.REASSESSMENT or (event == Event.RESTAGING_MRI and reads(patient, world)):
        holds[Resource.ENDOSCOPY] = session_days(clinic.endoscopy_minutes)


@compiled
def _salvage_needs(patient: Record, clinic: Record, world: Record, holds: np.ndarray) -> None:
    """All teams of the recurrence's compartments, for the whole of one session."""
    operation = procedure(patient.recurrence_compartments)
    teams = specialties(patient.recurrence_compartments, operation, patient.female)
    days = session_days(world.salvage.operation_minutes[operation] + clinic.turnover_minutes)
    holds[Resource.THEATRE] = days
    holds[Resource.BED] = clinic.salvage_stay_days
    for team in range(N_RESOURCES - Resource.COLORECTAL_TEAM):
        if teams & (1 << team):
            holds[Resource.COLORECTAL_TEAM + team] = days


@compiled
def rank_class(event: int, priority: int) -> int:
    """Return the class of an event's requests under a policy's priority: 0 goes before 1."""
    if priority == QueuePriority.ARRIVAL:
        return 0
    of_recurrence = (
        event == Event.RECURRENCE_MEETING
        or event == Event.SALVAGE_TREATMENT
        or event == Event.SALVAGE_RESECTION
    )
    first = of_recurrence == (priority == QueuePriority.RECURRENCES_FIRST)
    return 0 if first else 1


@compiled_inline
def is_positive(holds_days: np.ndarray) -> bool:
    """Return whether anything is held for any time."""
    for days in holds_days:  # noqa: SIM110  a generator is not compiled
        if days > 0.0:
            return True
    return False


@compiled_inline
def ask_for(
    rows: np.ndarray,
    luck_table: np.ndarray,
    clinics: np.ndarray,
    worlds: np.ndarray,
    resources: np.ndarray,
    heaps: np.ndarray,
    pool: np.ndarray,
    i: int,
    event: int,
    now: float,
) -> int:
    """Let patient i ask for what an event needs, and wait.

    Return the request's place in the pool, or -1, and nothing is done, where the event waits for nothing.
    """
    patient = rows[i]
    world = worlds[patient.plan]
    if not is_served(patient, world, event):
        return -1
    holds_days = pool[resources[0].free_request].holds_days  # of the request that will be the next
    needs(patient, clinics[0], world, event, holds_days)
    if not is_positive(holds_days):  # a course of no fractions
        return -1
    begin_wait(patient, luck_table[i], world, event, now)
    rank = rank_class(event, world.policy.queue_priority)
    return ask(resources, heaps, pool, i, event, rank, patient.number, holds_days, now)


@compiled_inline
def begin_wait(patient: Record, luck: Record, world: Record, event: int, now: float) -> None:
    """A request for an event's resources is made: it is off the agenda until its turn comes."""
    patient.agenda[event] = np.inf
    patient.waiting |= 1 << event
    book_refusal(patient, luck, world, event, now)


@compiled_inline
def serve(rows: np.ndarray, i: int, event: int, asked_day: float, now: float) -> None:
    """The request was granted: its event is due now, and the wait is noted."""
    patient = rows[i]
    patient.waiting &= ~(1 << event)
    end_wait(patient, event)
    patient.waited_days[event] += now - asked_day
    patient.agenda[event] = now


TIMES = (
    "mri_minutes",
    "endoscopy_minutes",
    "meeting_minutes",
    "turnover_minutes",
    "excision_stay_days",
    "resection_stay_days",
    "salvage_stay_days",
)


def clinic_record(clinic: Mapping[str, Any]) -> np.ndarray:
    """Return the times of a clinic's tree as the record that ``needs`` reads, shape (1,)."""
    return pack({name: float(clinic[name]) for name in TIMES})


def arrival_days(gap_uniforms: np.ndarray, arrivals_per_year: float, first_day: float = 0.0) -> np.ndarray:
    """Return the days of Poisson arrivals after ``first_day``, from a uniform each, shape (n,)."""
    gaps = -np.log(gap_uniforms) * YEAR_DAYS / arrivals_per_year
    days: np.ndarray = first_day + np.floor(np.cumsum(gaps) * GRID) / GRID
    return days


def openings(clinic: Mapping[str, Any]) -> list[Opening]:
    """Return units and calendar of each resource in a clinic's tree."""
    result = []
    for resource in Resource:
        key = resource.name.lower()
        opening = Opening(
            int(clinic[f"{key}_count"]),
            clinic["opens_at_hours"],
            clinic[f"{key}_open_hours"],
            resource in BY_SESSION,
        )
        if resource == Resource.THEATRE:
            opening = opening._replace(
                closed_from_day=clinic["theatre_closed_from_days"],
                closed_until_day=clinic["theatre_closed_until_days"],
            )
        result.append(opening)
    return result


def is_unlimited(clinic: Mapping[str, Any]) -> bool:
    """Return whether nobody can ever wait: every count unlimited, everything always open."""
    return all(
        opening.units >= UNLIMITED_COUNT
        and min(opening.open_hours) >= 24.0
        and opening.closed_until_day <= opening.closed_from_day
        for opening in openings(clinic)
    )
