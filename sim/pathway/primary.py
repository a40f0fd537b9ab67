"""A primary that is in place: it grows, obstructs or perforates, spreads, and kills if nothing is done."""

import math

import numpy as np

from sim.agenda import call_off
from sim.compiled import Record, compiled
from sim.distributions import lognormal_of, on_grid
from sim.events import Event
from sim.pathway.metastasis import disseminate
from sim.patient import TStage


@compiled
def book_growth(patient: Record, luck: Record, world: Record, now: float) -> None:
    """At diagnosis: the latent times at which the primary, if untreated, would progress, seed and kill."""
    primary = world.primary
    days = lognormal_of(luck.primary_progression, primary.progression_median_days, primary.progression_sigma)
    patient.agenda[Event.PRIMARY_PROGRESSION] = now + on_grid(days)
    days = primary.seeding_median_days * math.log(luck.metastasis_seeding) / math.log(0.5)
    patient.agenda[Event.METASTASIS_SEEDING] = now + on_grid(days)
    book_danger(patient, luck, world, now)


@compiled
def book_danger(patient: Record, luck: Record, world: Record, now: float) -> None:
    """Tumour is in place, and not held: when it would obstruct or perforate, and when it would kill."""
    primary = world.primary
    days = lognormal_of(luck.primary_emergency, primary.emergency_median_days, primary.emergency_sigma)
    patient.agenda[Event.PRIMARY_EMERGENCY] = now + on_grid(days)
    days = lognormal_of(luck.primary_death, primary.death_median_days, primary.death_sigma)
    patient.agenda[Event.DEATH_PRIMARY] = now + on_grid(days)


@compiled
def end_danger(patient: Record) -> None:
    """The tumour is out or gone: it neither obstructs nor kills."""
    call_off(patient, Event.PRIMARY_EMERGENCY)
    call_off(patient, Event.DEATH_PRIMARY)


@compiled
def hold_primary(patient: Record, world: Record, now: float, planned_day: float) -> None:
    """Radiotherapy holds the primary: what is left of it grows and kills later, a cleared one never.

    A resection that is planned is due before it grows: it reaches no further, and its dangers are held until
    the planned day. Where none is, they are held for long.
    """
    cleared = patient.primary_cleared_day < np.inf
    if cleared or not patient.never_resected:
        call_off(patient, Event.PRIMARY_PROGRESSION)
    if cleared:
        end_danger(patient)
        return
    if not patient.never_resected:
        patient.agenda[Event.PRIMARY_EMERGENCY] += planned_day - now
        patient.agenda[Event.DEATH_PRIMARY] += planned_day - now
        return
    primary = world.primary
    delay(patient, Event.PRIMARY_PROGRESSION, primary.irradiated_progression_time_ratio, now)
    delay(patient, Event.PRIMARY_EMERGENCY, primary.irradiated_time_ratio, now)
    delay(patient, Event.DEATH_PRIMARY, primary.irradiated_time_ratio, now)


@compiled
def delay(patient: Record, event: int, ratio: float, now: float) -> None:
    """Stretch the time that is left until an event by a ratio."""
    left = patient.agenda[event] - now
    patient.agenda[event] = now + on_grid(left * ratio)


@compiled
def remove_primary(patient: Record) -> None:
    """The primary, or what grew again of it, is out: it neither grows nor seeds, and is watched no more."""
    end_danger(patient)
    for event in (
        Event.PRIMARY_PROGRESSION,
        Event.METASTASIS_SEEDING,
        Event.WATCH_VISIT,
        Event.REGROWTH_ONSET,
        Event.REGROWTH_SYMPTOMS,
    ):
        call_off(patient, event)


@compiled
def progress_primary(patient: Record, luck: Record, world: Record, now: float) -> None:
    """The primary reaches one category further, nearer to the fascia, sometimes into nodes."""
    primary = world.primary
    if patient.never_resected:
        patient.uncontrolled_day = min(patient.uncontrolled_day, now)
    if patient.ct < TStage.T3CD:
        patient.ct += 1
    elif patient.ct == TStage.T3CD:
        patient.ct = TStage.T4B
    patient.fascia_distance_mm *= primary.progression_distance_ratio
    if patient.nodes < 2 and luck.primary_nodes < primary.progression_nodes_probability:
        patient.nodes += 1


@compiled
def seed_metastasis(patient: Record, luck: Record, world: Record, now: float) -> None:
    """The primary, still in place, seeds metastases that will show later."""
    metastasis = world.metastasis
    disseminate(
        patient, 0.0, luck.metastasis_day, 1.0, metastasis.onset_median_days, metastasis.onset_sigma, now
    )
