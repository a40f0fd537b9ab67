"""What a life costs and is worth: costs by kind, life years and QALYs of one patient, discounted.

Costs and quality of life are functions of time, integrated exactly: between two events both are constant but
for discounting, which is continuous. Utilities of states that are there together multiply (Ara R, Wailoo AJ,
NICE Decision Support Unit Technical Support Document 12, 2011).
"""

import math
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from sim.compiled import Record, compiled
from sim.counting.outcomes import names
from sim.events import Event
from sim.patient import N_CHARGED, N_HARMS, YEAR_DAYS, Cause, Cost, Harm, Margin

CENT = 100  # costs are summed in hundredths of the currency
MICRO = 1_000_000  # years in millionths
YEARS_A_DAY = 1 / YEAR_DAYS


class Value(IntEnum):
    """What is summed of a patient after the costs, which stand first, by ``Cost``."""

    LIFE_YEARS = len(Cost)
    DISCOUNTED_LIFE_YEARS = len(Cost) + 1
    QALYS = len(Cost) + 2  # discounted


COSTS = names(Cost)
VALUES = (*(f"cost_{name}" for name in COSTS), *names(Value))
SCALE = np.array([CENT] * len(Cost) + [MICRO] * len(Value))
_COSTS, _VALUES = len(Cost), len(VALUES)

# By harm, what its costs count as.
_COST_OF = np.full(N_HARMS, Cost.STOMA_AND_LATE_HARM)
_COST_OF[[Harm.SEVERE_MORBIDITY, Harm.REOPERATION]] = Cost.SURGERY
_COST_OF[Harm.SALVAGE_MORBIDITY] = Cost.SALVAGE
_COST_OF[Harm.SEVERE_TOXICITY] = Cost.NEOADJUVANT

MOST_STATES = N_HARMS + 12
MOST_POINTS = 2 * MOST_STATES + 32


class ValueScratch(NamedTuple):
    """Where the states of a life and its turning points are noted, float64."""

    spells: np.ndarray  # states: from, until (years from diagnosis) and ratio, shape (MOST_STATES, 3)
    points: np.ndarray  # years from diagnosis, ascending, shape (MOST_POINTS,)
    money: np.ndarray  # by ``Cost``


def new_value_scratch() -> ValueScratch:
    """Return the scratch of a thread."""
    return ValueScratch(np.empty((MOST_STATES, 3)), np.empty(MOST_POINTS), np.empty(_COSTS))


@compiled
def annuity(force: float, from_years: float, until_years: float) -> float:
    """Return what one a year is worth from one time until another, at a force of interest a year."""
    if until_years <= from_years:
        return 0.0
    if force == 0.0:
        return until_years - from_years
    at_first = math.exp(-force * from_years) if from_years != 0.0 else 1.0
    return (at_first - math.exp(-force * until_years)) / force


@compiled
def write_values(
    patient: Record, world: Record, end_days: float, scratch: ValueScratch, values: np.ndarray
) -> None:
    """Write a patient's costs and years up to the end, whole numbers (times SCALE), int64, as ``VALUES``."""
    economics = world.economics
    died = patient.death_day - patient.diagnosed_day <= end_days
    years = (patient.death_day - patient.diagnosed_day if died else end_days) / YEAR_DAYS
    money = scratch.money
    money[:] = 0.0
    for cost in range(N_CHARGED):
        money[cost] = patient.charged[cost]
    _charge_years(patient, economics, years, died, money)
    count = _write_harms(patient, economics, years, money, scratch.spells)
    count = _write_states(patient, world, years, died, scratch.spells, count)
    qalys = _qalys(patient, economics, years, scratch.spells[:count], scratch.points)
    for cost in range(_COSTS):
        values[cost] = np.int64(np.rint(money[cost] * CENT))
    values[Value.LIFE_YEARS] = np.int64(np.rint(years * MICRO))
    discounted = annuity(economics.effects_force_of_interest, 0.0, years)
    values[Value.DISCOUNTED_LIFE_YEARS] = np.int64(np.rint(discounted * MICRO))
    values[Value.QALYS] = np.int64(np.rint(qalys * MICRO))


@compiled
def _since(patient: Record, day: float) -> float:
    """Return the years from diagnosis to a day; infinity where it never came."""
    return (day - patient.diagnosed_day) * YEARS_A_DAY


@compiled
def advanced_from(patient: Record) -> float:
    """Return the day from which a tumour is there that will not be cleared; infinity without one.

    A recurrence whose salvage resection is still to come, at the end of what is simulated, is none.
    """
    day = patient.uncontrolled_day
    if not patient.metastasis_resected:
        day = min(day, patient.metastasis_found_day)
    if patient.salvage_day < np.inf:
        if patient.salvage_margin == Margin.R2:
            day = min(day, patient.salvage_day)
        return min(day, patient.rerecurrence_day)
    if _waits_for_salvage(patient):
        return day
    return min(day, patient.recurrence_found_day)


@compiled
def _waits_for_salvage(patient: Record) -> bool:
    """Return whether a salvage resection, or the treatment before it, is booked or waited for."""
    of_salvage = (1 << Event.SALVAGE_TREATMENT) | (1 << Event.SALVAGE_RESECTION)
    booked = min(patient.agenda[Event.SALVAGE_TREATMENT], patient.agenda[Event.SALVAGE_RESECTION])
    return booked < np.inf or patient.waiting & of_salvage != 0


@compiled
def planned_until(patient: Record) -> float:
    """Return the day until which the primary waits: to be resected, watched, or left to grow.

    Or, of who is irradiated and never resected, until the treatment is over.
    """
    planned = min(patient.operated_day, patient.watch_from_day)
    return min(planned, patient.uncontrolled_day, patient.treated_until_day)


@compiled
def _charge_years(patient: Record, economics: Record, years: float, died: bool, money: np.ndarray) -> None:
    """Add what is spent year by year, and at death."""
    force = economics.costs_force_of_interest
    advanced = min(_since(patient, advanced_from(patient)), years)
    if advanced < years:
        worth = annuity(force, advanced, years)
        money[Cost.PALLIATION] += economics.advanced_disease_price_per_year * worth
        money[Cost.INFORMAL_CARE] += economics.advanced_disease_informal_care_price_per_year * worth
    if economics.treatment_informal_care_price_per_year > 0.0:
        worth = annuity(force, 0.0, min(_since(patient, planned_until(patient)), years))
        operated = _since(patient, patient.operated_day)
        recovered = min(operated + economics.recovery_days * YEARS_A_DAY, years)
        worth += annuity(force, operated, recovered)
        money[Cost.INFORMAL_CARE] += economics.treatment_informal_care_price_per_year * worth
    working = min(economics.pension_age_years - patient.age_years, years)
    if working > 0.0 and economics.absence_price_per_year > 0.0:
        friction = economics.friction_days * YEARS_A_DAY
        absent = annuity(force, 0.0, min(friction, working))
        again = max(_since(patient, patient.recurrence_found_day), friction)
        absent += annuity(force, again, min(again + friction, working))
        money[Cost.ABSENCE] += economics.absence_price_per_year * absent
    if died:
        of_cancer = patient.death_cause == Cause.CANCER
        price = economics.end_of_life_price if of_cancer else economics.other_death_price
        money[Cost.PALLIATION] += price * math.exp(-force * years)
    ages = economics.norm_from_age_years
    for band in range(len(ages)):
        price = economics.other_health_care_price_per_year[band]
        if price > 0.0:
            first = max(ages[band] - patient.age_years, 0.0) if band > 0 else 0.0
            last = ages[band + 1] - patient.age_years if band + 1 < len(ages) else years
            money[Cost.OTHER_CARE] += price * annuity(force, first, min(last, years))


@compiled
def _add_state(
    states: np.ndarray, count: int, from_years: float, until_years: float, years: float, ratio: float
) -> int:
    """Note a state that changes the quality of a life within its years; return how many there are."""
    last = min(until_years, years)
    first = max(from_years, 0.0)
    if ratio == 1.0 or first >= last:
        return count
    states[count, 0], states[count, 1], states[count, 2] = first, last, ratio
    return count + 1


@compiled
def _write_harms(
    patient: Record, economics: Record, years: float, money: np.ndarray, states: np.ndarray
) -> int:
    """Add what each harm costs when it begins and while it lasts; write those that change quality of life.

    Return how many are written.
    """
    force = economics.costs_force_of_interest
    end_day = patient.diagnosed_day + years * YEAR_DAYS
    count = 0
    for harm in range(N_HARMS):
        if patient.harm_from_day[harm] >= end_day:
            continue
        first = _since(patient, patient.harm_from_day[harm])
        until = min(_since(patient, patient.harm_until_day[harm]), years)
        count = _add_state(states, count, first, until, years, economics.harm_utility_ratio[harm])
        cost = _COST_OF[harm]
        if economics.harm_price[harm] > 0.0:
            money[cost] += economics.harm_price[harm] * math.exp(-force * first)
        is_stoma = harm <= Harm.PERMANENT_STOMA
        if is_stoma or economics.harm_price_per_year[harm] > 0.0:
            worth = annuity(force, first, until)
            money[cost] += economics.harm_price_per_year[harm] * worth
            if is_stoma:
                money[Cost.INFORMAL_CARE] += economics.stoma_informal_care_price_per_year * worth
    closed_day = patient.harm_until_day[Harm.TEMPORARY_STOMA]
    if closed_day < end_day and patient.harm_from_day[Harm.PERMANENT_STOMA] > closed_day:
        worth = math.exp(-force * _since(patient, closed_day))
        money[Cost.STOMA_AND_LATE_HARM] += economics.stoma_closure_price * worth
    return count


@compiled
def _write_states(
    patient: Record, world: Record, years: float, died: bool, states: np.ndarray, count: int
) -> int:
    """Write what else changes the quality of a patient's life, after the harms; return how many there are."""
    economics = world.economics
    operated = _since(patient, patient.operated_day)
    before = economics.before_surgery_utility_ratio
    if patient.irradiated and not patient.postoperatively_irradiated:
        before = economics.neoadjuvant_utility_ratio
    planned = _since(patient, planned_until(patient))
    count = _add_state(states, count, 0.0, planned, years, before)
    if operated < years:
        recovered = operated + economics.recovery_days * YEARS_A_DAY
        count = _add_state(states, count, operated, recovered, years, economics.recovery_utility_ratio)
        if patient.leaked:
            over = operated + economics.leak_days * YEARS_A_DAY
            count = _add_state(states, count, operated, over, years, economics.leak_utility_ratio)
        if patient.adjuvant:
            first = operated + world.pathway.surgery_to_pathology_days * YEARS_A_DAY
            over = first + economics.adjuvant_days * YEARS_A_DAY
            count = _add_state(states, count, first, over, years, economics.adjuvant_utility_ratio)
    found = _since(patient, patient.recurrence_found_day)
    if found < years:
        salvage = _since(patient, patient.salvage_day)
        count = _add_state(states, count, found, salvage, years, economics.recurrence_utility_ratio)
        over = salvage + economics.salvage_recovery_days * YEARS_A_DAY
        count = _add_state(states, count, salvage, over, years, economics.salvage_recovery_utility_ratio)
        count = _add_state(states, count, salvage, years, years, economics.after_salvage_utility_ratio)
        again = _since(patient, patient.rerecurrence_day)
        if patient.salvage_margin == Margin.R2:
            again = salvage
        count = _add_state(states, count, again, years, years, economics.recurrence_utility_ratio)
    spread = _since(patient, patient.metastasis_found_day)
    if spread < years:
        over = spread + economics.metastasectomy_days * YEARS_A_DAY if patient.metastasis_resected else years
        count = _add_state(states, count, spread, over, years, economics.metastasis_utility_ratio)
    uncontrolled = _since(patient, patient.uncontrolled_day)
    count = _add_state(states, count, uncontrolled, years, years, economics.uncontrolled_utility_ratio)
    if died and patient.death_cause == Cause.CANCER:
        first = years - economics.last_months_days * YEARS_A_DAY
        count = _add_state(states, count, first, years, years, economics.last_months_utility_ratio)
    return count


@compiled
def _insert(points: np.ndarray, count: int, years: float) -> int:
    """Insert a time into ascending ones, unless it is there; return how many there are."""
    k = count
    while k > 0 and points[k - 1] > years:
        k -= 1
    if k > 0 and points[k - 1] == years:
        return count
    for j in range(count, k, -1):
        points[j] = points[j - 1]
    points[k] = years
    return count + 1


@compiled
def _qalys(patient: Record, economics: Record, years: float, states: np.ndarray, points: np.ndarray) -> float:
    """Return the discounted QALYs of a life of so many years with these states."""
    ages = economics.norm_from_age_years
    norms = economics.women_norm_utility if patient.female else economics.men_norm_utility
    points[0], points[1] = 0.0, years
    count = 2 if years > 0.0 else 1
    band = 0
    for k in range(1, len(ages)):
        crossed = ages[k] - patient.age_years
        if crossed <= 0.0:
            band = k
        elif crossed < years:
            count = _insert(points, count, crossed)
    for k in range(len(states)):
        count = _insert(points, count, states[k, 0])
        count = _insert(points, count, states[k, 1])
    force = economics.effects_force_of_interest
    qalys = 0.0
    worth = 1.0
    for k in range(count - 1):
        first, last = points[k], points[k + 1]
        while band + 1 < len(ages) and ages[band + 1] - patient.age_years <= first:
            band += 1
        utility = norms[band]
        for state in range(len(states)):
            if states[state, 0] <= first and last <= states[state, 1]:
                utility *= states[state, 2]
        if force > 0.0:
            later = math.exp(-force * last)
            qalys += utility * (worth - later) / force
            worth = later
        else:
            qalys += utility * (last - first)
    return qalys


def values_of(rows: np.ndarray, worlds: np.ndarray, end_days: float) -> np.ndarray:
    """Return ``VALUES`` of each row under a policy, in the currency and years, shape (n, values)."""
    values = np.empty((len(rows), _VALUES), np.int64)
    if worlds["economics"]["counted"][0]:
        _write_all(rows, worlds, end_days, new_value_scratch(), values)
    else:
        values[:] = 0
    of_patients: np.ndarray = values / SCALE
    return of_patients


@compiled
def _write_all(
    rows: np.ndarray, worlds: np.ndarray, end_days: float, scratch: ValueScratch, values: np.ndarray
) -> None:
    for i in range(len(rows)):
        write_values(rows[i], worlds[0], end_days, scratch, values[i])
