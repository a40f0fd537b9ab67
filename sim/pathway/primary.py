"""An untreated primary grows: it reaches further while the patient waits, and may seed metastases."""

import math

from sim.agenda import call_off
from sim.compiled import Record, compiled
from sim.distributions import lognormal, on_grid
from sim.events import Event
from sim.pathway.metastasis import disseminate
from sim.patient import TStage


@compiled
def book_growth(patient: Record, luck: Record, world: Record, now: float) -> None:
    """At diagnosis: the latent times at which the primary, if untreated, would progress and seed."""
    primary = world.primary
    days = lognormal(luck.primary_progression, primary.progression_median_days, primary.progression_sigma)
    patient.agenda[Event.PRIMARY_PROGRESSION] = now + on_grid(days)
    days = primary.seeding_median_days * math.log(luck.metastasis_seeding) / math.log(0.5)
    patient.agenda[Event.METASTASIS_SEEDING] = now + on_grid(days)


@compiled
def stop_growth(patient: Record) -> None:
    """Treatment of the primary has begun: it grows no further."""
    call_off(patient, Event.PRIMARY_PROGRESSION)


@compiled
def remove_primary(patient: Record) -> None:
    """The primary is out: it neither grows nor seeds."""
    call_off(patient, Event.PRIMARY_PROGRESSION)
    call_off(patient, Event.METASTASIS_SEEDING)


@compiled
def progress_primary(patient: Record, luck: Record, world: Record, now: float) -> None:
    """The primary reaches one category further, nearer to the fascia, sometimes into nodes."""
    primary = world.primary
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
