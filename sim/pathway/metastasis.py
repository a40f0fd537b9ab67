"""Distant metastasis: occult at diagnosis or seeded by a recurrence, found, sometimes resected."""

import math

import numpy as np

from sim.agenda import abandon_salvage, call_off
from sim.compiled import Record, compiled
from sim.distributions import lognormal, lognormal_of, on_grid, with_odds
from sim.events import Event
from sim.fitness import odds_by_age_and_fitness
from sim.patient import Cost, FoundBy
from sim.uses import charge, give_chemotherapy


@compiled
def metastasis_odds(patient: Record, world: Record) -> float:
    """Return the odds ratio of occult metastasis against a T3 N0 tumour without EMVI."""
    metastasis = world.metastasis
    odds = metastasis.nodes_odds_ratio[patient.nodes] * metastasis.t_odds_ratio[patient.ct]
    if patient.emvi:
        odds *= metastasis.emvi_odds_ratio
    if patient.lateral_involved[0] or patient.lateral_involved[1]:
        odds *= metastasis.lateral_node_odds_ratio
    odds *= math.exp(
        metastasis.aggressiveness_log_odds_per_sd * patient.aggressiveness
        + metastasis.radiosensitivity_log_odds_per_sd * patient.radiosensitivity
    )
    return odds * world.cohort.metastasis_odds_ratio


@compiled
def sow_metastasis(patient: Record, luck: Record, world: Record, now: float) -> None:
    """At diagnosis: whether occult metastases will show, and when they can be detected.

    Where the cohort's staging overlooks some, the most probable of them are detectable from the start.
    """
    metastasis = world.metastasis
    patient.metastasis_probability = with_odds(metastasis.occult_probability, metastasis_odds(patient, world))
    book_of_primary(patient, luck, world, now)
    if luck.metastasis < min(world.cohort.overlooked_metastasis_share, patient.metastasis_probability):
        patient.agenda[Event.METASTASIS_ONSET] = now


@compiled
def book_of_primary(patient: Record, luck: Record, world: Record, diagnosed_day: float) -> None:
    """Book the metastases that the primary has seeded, if it has, counted from diagnosis."""
    metastasis = world.metastasis
    disseminate(
        patient,
        luck.metastasis,
        luck.metastasis_day,
        patient.metastasis_probability,
        metastasis.onset_median_days,
        metastasis.onset_sigma,
        diagnosed_day,
    )


@compiled
def disseminate(
    patient: Record, u: float, u_day: float, probability: float, median_days: float, sigma: float, now: float
) -> None:
    """Book metastases with this probability, unless earlier ones are booked or known."""
    if patient.metastasis_onset_day <= now or u >= probability:
        return
    day = now + on_grid(lognormal(u_day, median_days, sigma))
    patient.agenda[Event.METASTASIS_ONSET] = min(patient.agenda[Event.METASTASIS_ONSET], day)


@compiled
def stop_dissemination(patient: Record, luck: Record, world: Record) -> None:
    """The recurrence is out: metastases that it had yet to seed never come; those of the primary still do."""
    recurrence = world.recurrence
    sown = patient.recurrence_onset_day + on_grid(
        lognormal(
            luck.dissemination_day, recurrence.dissemination_median_days, recurrence.dissemination_sigma
        )
    )
    if patient.agenda[Event.METASTASIS_ONSET] == sown:
        patient.agenda[Event.METASTASIS_ONSET] = np.inf
        book_of_primary(patient, luck, world, patient.diagnosed_day)


@compiled
def treat_occult_metastasis(patient: Record, luck: Record, odds_ratio: float) -> None:
    """Systemic treatment lowers the odds of occult metastases: some patients are spared metastases.

    It sows none: an odds ratio above 1, as in some members of a posterior sample, changes nothing.
    """
    treated = with_odds(patient.metastasis_probability, odds_ratio)
    patient.metastasis_probability = min(patient.metastasis_probability, treated)
    if luck.metastasis >= patient.metastasis_probability:
        patient.agenda[Event.METASTASIS_ONSET] = np.inf


@compiled
def appear_metastasis(patient: Record, luck: Record, world: Record, now: float) -> None:
    """Metastases are detectable: book their symptoms, and the death that they bring if untreated."""
    metastasis = world.metastasis
    patient.metastasis_onset_day = now
    symptoms = lognormal_of(
        luck.metastasis_symptoms, metastasis.symptoms_median_days, metastasis.symptoms_sigma
    )
    patient.agenda[Event.METASTASIS_SYMPTOMS] = now + on_grid(symptoms)
    survival = lognormal_of(
        luck.survival_metastasis, metastasis.survival_median_days, metastasis.survival_sigma
    )
    older = patient.age_years - metastasis.treatment_reference_age_years
    survival *= math.exp(metastasis.survival_log_ratio_per_year * older)
    patient.agenda[Event.DEATH_METASTASIS] = now + on_grid(symptoms + survival)


@compiled
def give_metastasis_symptoms(patient: Record, luck: Record, world: Record, now: float) -> None:
    """Metastases give symptoms, and are found."""
    find_metastasis(patient, luck, world, FoundBy.SYMPTOMS, now)


@compiled
def treatment_odds(patient: Record, world: Record) -> float:
    """Return the odds ratio of treating metastases, against a fit patient of the reference age in 2008."""
    metastasis = world.metastasis
    odds = odds_by_age_and_fitness(
        patient,
        metastasis.treatment_reference_age_years,
        metastasis.treatment_log_odds_per_year,
        metastasis.treatment_unfit_odds_ratio,
    )
    return odds * world.cohort.metastasis_treatment_odds_ratio


@compiled
def find_metastasis(patient: Record, luck: Record, world: Record, found_by: int, now: float) -> None:
    """Metastases are found: some are resected, some of these cured; for the others routine visits end.

    Systemic treatment gains time for those who get it.
    """
    if patient.metastasis_found_by != FoundBy.NOT_FOUND:
        return
    metastasis = world.metastasis
    odds = treatment_odds(patient, world)
    patient.metastasis_found_day = now
    patient.metastasis_found_by = found_by
    call_off(patient, Event.METASTASIS_SYMPTOMS)
    abandon_salvage(patient)  # a salvage that is under way would not clear the patient any more
    gained = 1.0
    if luck.metastasis_systemic < with_odds(metastasis.systemic_probability, odds):
        patient.metastasis_systemic = True
        price = world.economics.systemic_treatment_price
        give_chemotherapy(patient, world, Cost.METASTASES, price, now)
        era = world.cohort.metastasis_treatment_odds_ratio
        gained = metastasis.systemic_survival_ratio * era**metastasis.systemic_survival_log_ratio_per_log_odds
    if found_by == FoundBy.SYMPTOMS:
        odds *= metastasis.metastasectomy_symptoms_odds_ratio
    if luck.metastasectomy < with_odds(metastasis.metastasectomy_probability, odds):
        patient.metastasis_resected = True
        charge(patient, world, Cost.METASTASES, world.economics.metastasectomy_price, 0.0, now)
        gained *= metastasis.metastasectomy_survival_ratio
    else:
        call_off(patient, Event.VISIT)
        call_off(patient, Event.WATCH_VISIT)
    if patient.metastasis_resected and luck.metastasis_cure < metastasis.metastasectomy_cure_probability:
        patient.agenda[Event.DEATH_METASTASIS] = np.inf
    else:
        left = patient.agenda[Event.DEATH_METASTASIS] - now
        patient.agenda[Event.DEATH_METASTASIS] = now + on_grid(left * gained)
