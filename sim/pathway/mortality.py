"""Death from other causes, around the operation, and from cancer."""

import math

import numpy as np

from sim.agenda import call_off_all
from sim.compiled import Record, compiled
from sim.distributions import on_grid, with_odds
from sim.events import Event
from sim.fitness import odds_by_age_and_fitness
from sim.patient import YEAR_DAYS, Cause

ENDLESS_YEARS = 1000.0  # a death later than this is beyond every horizon, whatever hastens it


@compiled
def death_from_other_causes_day(patient: Record, u: float, world: Record) -> float:
    """Return the days from diagnosis to death from other causes, by age, sex, fitness and era."""
    mortality = world.mortality
    ratio = world.cohort.background_mortality_ratio
    ratio *= mortality.unfit_hazard_ratio if patient.unfit else mortality.fit_hazard_ratio
    older = patient.age_years - mortality.operative_reference_age_years
    ratio *= math.exp(
        mortality.selection_hazard_log_ratio_per_year * older
    )  # old patients who are operated on are selected
    hazard_to_live = -math.log(u) / ratio
    first = mortality.table_first_age_years
    growth = mortality.hazard_growth_five_years_ratio
    age = patient.age_years
    if patient.female:
        years = years_to_live(mortality.women_five_year_death_probability, first, growth, age, hazard_to_live)
    else:
        years = years_to_live(mortality.men_five_year_death_probability, first, growth, age, hazard_to_live)
    return years * YEAR_DAYS


@compiled
def years_to_live(
    table: np.ndarray, first_age: float, growth: float, age: float, hazard_to_live: float
) -> float:
    """Return the years until a cumulative hazard is used up, under a table of five-year death probabilities.

    The hazard is constant within five years of age; before the table's first age its first hazard
    holds, after its last age the hazard grows by a ratio every five years (Gompertz). Infinity where it
    is not used up in ``ENDLESS_YEARS``.
    """
    reached = age
    left = hazard_to_live
    last_band = len(table) - 1
    while reached - age < ENDLESS_YEARS:
        band = max(math.floor((reached - first_age) / 5.0), 0)
        hazard = -math.log(1.0 - table[min(band, last_band)]) / 5.0
        if band > last_band:
            hazard *= growth ** (band - last_band)
        end = first_age + 5.0 * (band + 1)
        if left <= hazard * (end - reached):
            return reached + left / hazard - age
        left -= hazard * (end - reached)
        reached = end
    return np.inf


@compiled
def hasten_death(patient: Record, world: Record, now: float) -> None:
    """Radiotherapy does late harm: the time left until death from other causes shrinks by a ratio."""
    left = patient.agenda[Event.DEATH_OTHER] - now
    patient.agenda[Event.DEATH_OTHER] = now + on_grid(left * world.mortality.irradiated_time_ratio)


@compiled
def operative_odds(patient: Record, world: Record) -> float:
    """Return the odds ratio of death around any operation, by age and fitness."""
    mortality = world.mortality
    return odds_by_age_and_fitness(
        patient,
        mortality.operative_reference_age_years,
        mortality.operative_log_odds_per_year,
        mortality.operative_unfit_odds_ratio,
    )


@compiled
def book_operative_death(patient: Record, luck: Record, world: Record, now: float) -> None:
    """Book a death within 30 days of resection of the primary, or from its after-effects in the first year.

    Both by age, fitness, radiotherapy before and leak.
    """
    mortality = world.mortality
    odds = operative_odds(patient, world)
    if patient.irradiated:
        odds *= mortality.operative_irradiated_odds_ratio
    if patient.leaked:
        odds *= mortality.operative_leak_odds_ratio
    if world.policy.centralisation:
        odds *= mortality.operative_centralised_odds_ratio
    if patient.emergency:
        odds *= mortality.emergency_death_odds_ratio
    odds *= world.cohort.operative_mortality_odds_ratio
    soon = with_odds(mortality.operative_death_probability, odds)
    late = (1.0 - soon) * with_odds(mortality.late_operative_death_probability, odds)
    days = luck.operative_death_day * mortality.operative_days
    if luck.operative_death >= soon:
        days = mortality.operative_days + luck.operative_death_day * (
            mortality.late_operative_days - mortality.operative_days
        )
    if luck.operative_death < soon + late:
        patient.agenda[Event.DEATH_OPERATIVE] = now + on_grid(days)


@compiled
def book_emergency_death(patient: Record, luck: Record, world: Record, now: float) -> None:
    """Book a death around an emergency operation that leaves the tumour where it is."""
    mortality = world.mortality
    odds = operative_odds(patient, world) * mortality.emergency_death_odds_ratio
    odds *= world.cohort.operative_mortality_odds_ratio
    if luck.operative_death < with_odds(mortality.operative_death_probability, odds):
        days = luck.operative_death_day * mortality.operative_days
        patient.agenda[Event.DEATH_OPERATIVE] = now + on_grid(days)


@compiled
def die(patient: Record, cause: int, now: float) -> None:
    """Death: nothing stays pending."""
    patient.death_day = now
    patient.death_cause = cause
    call_off_all(patient)


@compiled
def die_operative(patient: Record, luck: Record, world: Record, now: float) -> None:
    """Death after an operation, of the primary or of its recurrence."""
    die(patient, Cause.OPERATIVE, now)


@compiled
def die_of_primary(patient: Record, luck: Record, world: Record, now: float) -> None:
    """Death from a primary or a regrowth, which nobody controlled."""
    patient.uncontrolled_day = min(patient.uncontrolled_day, now)
    die(patient, Cause.CANCER, now)


@compiled
def die_of_cancer(patient: Record, luck: Record, world: Record, now: float) -> None:
    """Death from a recurrence or from metastases."""
    die(patient, Cause.CANCER, now)


@compiled
def die_of_other_causes(patient: Record, luck: Record, world: Record, now: float) -> None:
    """Death from other causes."""
    die(patient, Cause.OTHER, now)
