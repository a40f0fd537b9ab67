"""A seed becomes detectable, gives symptoms, and grows beyond what can be resected (D, S, U)."""

import math

import numpy as np

from sim.agenda import abandon_salvage, call_off
from sim.compiled import Record, compiled
from sim.distributions import lognormal, on_grid
from sim.events import Event
from sim.mechanisms.deposit import onset_days
from sim.pathway.metastasis import disseminate
from sim.patient import Compartment, FoundBy, Margin, Route, SpillPattern
from sim.pelvis import ADJACENT, NEIGHBOURS


@compiled
def book_next_onset(patient: Record) -> None:
    """Book the earliest seed that is still to become detectable."""
    patient.agenda[Event.RECURRENCE_ONSET] = np.inf
    book_onset_after(patient, -np.inf)


@compiled
def book_onset_after(patient: Record, now: float) -> None:
    """Book the earliest onset later than now, if any."""
    first = np.inf
    for route in range(len(patient.survived)):
        day = patient.onset_day[route]
        if patient.survived[route] and now < day < first:
            first = day
    patient.agenda[Event.RECURRENCE_ONSET] = first


@compiled
def appear(patient: Record, luck: Record, world: Record, now: float) -> None:
    """A seed is detectable now: the patient's recurrence, or a further focus of it."""
    for route in range(len(patient.survived)):
        if patient.survived[route] and patient.onset_day[route] == now:
            if patient.recurrence_route < 0:
                begin(patient, luck, world, route, now)
            elif patient.salvage_day <= now:
                rerecur(patient, luck, world, now)  # a seed that the salvage resection did not meet
            else:
                patient.recurrence_compartments |= patient.seed_compartments[route]
                if is_carcinomatosis(patient, route):
                    patient.unresectable = True
                    abandon_salvage(patient)
    book_onset_after(patient, now)


@compiled
def is_carcinomatosis(patient: Record, route: int) -> bool:
    """Return whether the seed of a route grows as pelvic peritoneal carcinomatosis."""
    return route == Route.SPILLAGE and patient.spill_pattern == SpillPattern.CARCINOMATOSIS


@compiled
def begin(patient: Record, luck: Record, world: Record, route: int, now: float) -> None:
    """Begin the recurrence of a route: book symptoms, loss of resectability, and dissemination."""
    recurrence = world.recurrence
    patient.recurrence_route = route
    patient.recurrence_onset_day = now
    patient.recurrence_compartment = patient.seed_compartment[route]
    patient.recurrence_compartments = patient.seed_compartments[route]
    pace = math.exp(-recurrence.aggressiveness_log_ratio_per_sd * patient.aggressiveness)
    if recurrence.growth_pace_exponent > 0.0:
        # Beside deposits as aggressive and treated alike: aggressiveness is in the pace already, and
        # radiotherapy delays detection by leaving fewer cells, not by slowing those that are left.
        own = onset_days(luck.seed_onset[route], recurrence) / recurrence.onset_median_days
        pace *= own**recurrence.growth_pace_exponent
    symptoms = lognormal(luck.symptoms, recurrence.symptoms_median_days, recurrence.symptoms_sigma) * pace
    patient.agenda[Event.RECURRENCE_SYMPTOMS] = now + on_grid(symptoms)
    if is_carcinomatosis(patient, route):
        patient.unresectable = True
    else:
        lost = (
            lognormal(luck.progression, recurrence.progression_median_days, recurrence.progression_sigma)
            * pace
        )
        patient.agenda[Event.RECURRENCE_PROGRESSION] = now + on_grid(lost)
    disseminate(
        patient,
        luck.dissemination,
        luck.dissemination_day,
        recurrence.dissemination_probability,
        recurrence.dissemination_median_days,
        recurrence.dissemination_sigma,
        now,
    )


@compiled
def course_ratio(patient: Record, world: Record) -> float:
    """Return the ratio of the time that a recurrence left in place takes to kill, by age and place.

    Against that in a younger patient's central compartment.
    """
    recurrence = world.recurrence
    ratio = 1.0
    if patient.age_years >= world.salvage.old_from_years:
        ratio *= recurrence.old_survival_time_ratio
    if patient.recurrence_compartment != Compartment.CENTRAL:
        ratio *= recurrence.noncentral_survival_time_ratio
    return ratio


@compiled
def give_symptoms(patient: Record, luck: Record, world: Record, now: float) -> None:
    """The recurrence gives symptoms: it is found, and its natural course to death is set."""
    recurrence = world.recurrence
    days = lognormal(luck.survival_recurrence, recurrence.survival_median_days, recurrence.survival_sigma)
    days *= course_ratio(patient, world)
    if patient.recurrence_palliated:
        days *= recurrence.palliative_survival_ratio
    patient.agenda[Event.DEATH_RECURRENCE] = now + on_grid(days)
    find_recurrence(patient, world, FoundBy.SYMPTOMS, now)


@compiled
def find_recurrence(patient: Record, world: Record, found_by: int, now: float) -> None:
    """The recurrence is found, if it was not yet: routine visits end, restaging and a meeting follow."""
    if patient.found_by != FoundBy.NOT_FOUND:
        return
    patient.recurrence_found_day = now
    patient.found_by = found_by
    call_off(patient, Event.VISIT)
    patient.agenda[Event.RECURRENCE_MEETING] = now + on_grid(world.pathway.recurrence_workup_days)


@compiled
def progress(patient: Record, luck: Record, world: Record, now: float) -> None:
    """The recurrence grows into a further compartment and can no longer be resected."""
    patient.unresectable = True
    abandon_salvage(patient)
    start = int(luck.seed_direction[patient.recurrence_route] * ADJACENT)
    for step in range(ADJACENT):
        bit = 1 << NEIGHBOURS[patient.recurrence_compartment, (start + step) % ADJACENT]
        if not patient.recurrence_compartments & bit:
            patient.recurrence_compartments |= bit
            return


@compiled
def hold_growth(patient: Record, days: float) -> None:
    """Treatment holds the recurrence: what its growth would bring comes so many days later."""
    patient.agenda[Event.RECURRENCE_SYMPTOMS] += days
    patient.agenda[Event.RECURRENCE_PROGRESSION] += days
    patient.agenda[Event.DEATH_RECURRENCE] += days


@compiled
def rerecur(patient: Record, luck: Record, world: Record, now: float) -> None:
    """The recurrence comes back after its salvage resection; treatment is palliative from now on.

    What an R2 resection left progresses: the death that it brings is booked already.
    """
    if patient.rerecurrence_day <= now:
        return
    patient.rerecurrence_day = now
    patient.agenda[Event.RERECURRENCE] = np.inf
    if patient.salvage_margin == Margin.R2:
        return
    salvage = world.salvage
    days = lognormal(
        luck.survival_rerecurrence, salvage.rerecurrence_survival_median_days, salvage.survival_sigma
    )
    days *= course_ratio(patient, world)
    patient.agenda[Event.DEATH_RECURRENCE] = min(patient.agenda[Event.DEATH_RECURRENCE], now + on_grid(days))
