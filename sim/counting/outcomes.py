"""Outcomes: what is counted of a life, each defined once, for one patient.

Every patient is followed to death or the horizon, so a cumulative incidence with death as a
competing event is a count over n. Where follow-up ends before the question does (survival after a
salvage resection, cancer-specific survival), deaths and censorings are counted by whole day and the
product-limit estimate is taken from the counts.

Each kind of outcome is a list of keys and, beside it, a compiled function that writes what it is for one
patient, in the order of the keys. ``sim.counting.tally`` adds up what they write.
"""

import math
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from sim.compiled import Record, compiled
from sim.patient import (
    MECHANISM_OF_ROUTE,
    N_COMPARTMENTS,
    YEAR_DAYS,
    Cause,
    Compartment,
    FoundBy,
    Margin,
    Mechanism,
    Plane,
    Procedure,
    Route,
)
from sim.pelvis import count_compartments

ALL = "all"
FOLDS = 32  # patients by number modulo this, for the jackknife of a product-limit difference
SIXTEENTH_DAY = 16  # life time is summed in sixteenths of a day

ABSENT, NO, YES = 0, 1, 2


class Key(NamedTuple):
    """What one row of a result table is about; ``horizon_years`` 0 where no horizon applies."""

    outcome: str
    mechanism: str = ALL
    compartment: str = ALL
    group: str = ALL
    horizon_years: float = 0.0


MECHANISM_LABELS: dict[str, tuple[Route, ...]] = {
    **{m.name.lower(): tuple(r for r in Route if MECHANISM_OF_ROUTE[r] == m) for m in Mechanism},
    "margin_circumferential": (Route.CIRCUMFERENTIAL,),
    "margin_distal": (Route.DISTAL,),
    "exfoliation_anastomotic": (Route.ANASTOMOTIC,),
    "exfoliation_perianastomotic": (Route.PERIANASTOMOTIC,),
}

UNITS = {
    "life_years": "years",
    "theatre_minutes": "minutes",
    "radiotherapy_courses": "courses",
    "radiotherapy_fractions": "fractions",
    "chemotherapy_courses": "courses",
    "visits": "visits",
    "ct_scans": "scans",
    "mri_scans": "scans",
}
SCALE = {"life_years": SIXTEENTH_DAY * YEAR_DAYS}  # stored whole number for one unit; 1 where not named


# By route and label, whether the label counts a recurrence of the route.
_LABELLED = np.array([[route in routes for routes in MECHANISM_LABELS.values()] for route in Route])
# An enumeration has no length in compiled code.
_MECHANISMS, _PROCEDURES, _MARGINS = len(Mechanism), len(Procedure), len(Margin)


def since_diagnosis(rows: np.ndarray, name: str) -> np.ndarray:
    """Return a day of the rows counted from diagnosis, shape (n,); infinity where it never came."""
    days: np.ndarray = rows[name] - rows["diagnosed_day"]
    return days


# Subgroups that incidence and survival are split by, in the order of the bits of ``groups``.
GROUPS = (
    ALL, "low", "mid", "high", "stage_1", "stage_2", "stage_3", "crm_involved", "crm_clear",
    "enlarged_lateral_node",
)  # fmt: skip


@compiled
def groups(patient: Record) -> int:
    """Return the subgroups that a patient belongs to, as a bit mask in the order of ``GROUPS``."""
    height = patient.height_above_verge_cm
    mask = 1
    if height <= 5.0:
        mask |= 1 << 1
    elif height <= 10.0:
        mask |= 1 << 2
    else:
        mask |= 1 << 3
    if patient.operated_day < np.inf:
        if patient.pathological_stage >= 1:
            mask |= 1 << (3 + patient.pathological_stage)
        mask |= 1 << (7 if patient.crm_involved else 8)
    if max(patient.lateral_mm[0], patient.lateral_mm[1]) >= 7.0:
        mask |= 1 << 9
    return mask


BY_GROUP = ("local_recurrence", "distant_metastasis", "overall_survival", "disease_free_survival")
# With disease_free_survival these are every patient's fate, once.
FATES = (
    "alive_after_recurrence",
    "death_after_recurrence",
    "alive_with_metastasis",
    "cancer_death_without_recurrence",
    "other_death_without_recurrence",
)
TREATMENT_SHARES = (
    "irradiated", "complete_response", "crm_involved", "mesorectal_plane", "perforation",
    "lateral_dissection", "anastomosis", "diverting_stoma", "leak", "operative_death",
)  # fmt: skip
RECURRENCE_SHARES = (
    Key("found_by_symptoms"),
    Key("synchronous_metastasis"),
    Key("curative_intent"),
    Key("salvage_resection"),
    Key("one_compartment"),
    Key("two_compartments"),
    Key("three_or_more_compartments"),
    Key("limited_to_anastomosis", mechanism="exfoliation"),
    *(Key(operation.name.lower()) for operation in list(Procedure)[1:]),
    *(Key(margin.name.lower()) for margin in list(Margin)[1:]),
    Key("margin_not_clear"),  # a treatment failure
    Key("salvage_complication"),
    Key("rerecurrence"),
)


def binary_keys(horizons_years: tuple[float, ...]) -> list[Key]:
    """Return the keys of the yes-or-no outcomes, in the order in which ``write_states`` writes."""
    keys = []
    for years in horizons_years:
        at = Key("", horizon_years=years)
        keys += [at._replace(outcome="local_recurrence", mechanism=label) for label in MECHANISM_LABELS]
        keys += [
            at._replace(outcome="local_recurrence", compartment=place.name.lower()) for place in Compartment
        ]
        keys += [at._replace(outcome=outcome, group=group) for group in GROUPS for outcome in BY_GROUP]
        keys += [at._replace(outcome=outcome) for outcome in ("cancer_death", *FATES)]
    keys += [Key(outcome) for outcome in TREATMENT_SHARES]
    return [*keys, *RECURRENCE_SHARES]


@compiled
def _state(among: bool, yes: bool) -> int:
    """Return a patient's state in an outcome: absent from the denominator, no, or yes."""
    return among * (NO + yes)  # ABSENT is 0, and YES follows NO


@compiled
def write_states(patient: Record, horizon_days: np.ndarray, states: np.ndarray) -> None:
    """Write a patient's state in each yes-or-no outcome at these horizons, uint8, as ``binary_keys``."""
    start = patient.diagnosed_day
    found = patient.recurrence_found_day - start
    metastasis = patient.metastasis_found_day - start
    death = patient.death_day - start
    of_cancer = patient.death_cause == Cause.CANCER
    members = groups(patient)
    k = 0
    for day in horizon_days:
        recurred, spread, alive = found <= day, metastasis <= day, death > day
        labels = _LABELLED.shape[1]
        for place in range(labels + N_COMPARTMENTS):
            states[k + place] = NO
        if recurred:
            for label in range(labels):
                states[k + label] = _state(True, _LABELLED[patient.recurrence_route, label])
            states[k + labels + patient.recurrence_compartment] = YES
        k += labels + N_COMPARTMENTS
        for group in range(len(GROUPS)):
            among = (members >> group) & 1 == 1
            states[k] = _state(among, recurred)
            states[k + 1] = _state(among, spread)
            states[k + 2] = _state(among, alive)
            states[k + 3] = _state(among, alive and not recurred and not spread)
            k += 4
        died_of_cancer = of_cancer and not alive
        states[k] = _state(True, died_of_cancer)
        states[k + 1] = _state(True, recurred and alive)
        states[k + 2] = _state(True, recurred and not alive)
        states[k + 3] = _state(True, not recurred and alive and spread)
        states[k + 4] = _state(True, not recurred and died_of_cancer)
        states[k + 5] = _state(True, not recurred and not alive and not of_cancer)
        k += 6
    _write_treatment_shares(patient, states[k : k + len(TREATMENT_SHARES)])
    _write_recurrence_shares(patient, states[k + len(TREATMENT_SHARES) :])


@compiled
def _write_treatment_shares(patient: Record, states: np.ndarray) -> None:
    resected = patient.operated_day < np.inf
    joined = patient.anastomosis
    states[0] = _state(True, patient.radiotherapy_courses > 0)
    states[1] = _state(resected, patient.complete_response)
    states[2] = _state(resected, patient.crm_involved)
    states[3] = _state(resected, patient.plane == Plane.MESORECTAL)
    states[4] = _state(resected, patient.perforated)
    states[5] = _state(resected, patient.dissected[0] > 0 or patient.dissected[1] > 0)
    states[6] = _state(resected, joined)
    states[7] = _state(joined, patient.diverted)
    states[8] = _state(joined, patient.leaked)
    states[9] = _state(resected, patient.death_day <= patient.operated_day + 30.0)


@compiled
def _write_recurrence_shares(patient: Record, states: np.ndarray) -> None:
    found = patient.recurrence_found_day < np.inf
    if not found:
        states[:] = ABSENT
        return
    salvaged = patient.salvage_day < np.inf
    involved = patient.recurrence_compartments
    exfoliated = MECHANISM_OF_ROUTE[patient.recurrence_route] == Mechanism.EXFOLIATION
    states[0] = _state(found, patient.found_by == FoundBy.SYMPTOMS)
    states[1] = _state(found, patient.synchronous_metastasis)
    states[2] = _state(found, patient.curative_intent)
    states[3] = _state(found, salvaged)
    states[4] = _state(found, count_compartments(involved) == 1)
    states[5] = _state(found, count_compartments(involved) == 2)
    states[6] = _state(found, count_compartments(involved) >= 3)
    states[7] = _state(exfoliated, involved == 1 << Compartment.CENTRAL)
    k = 8
    for operation in range(1, _PROCEDURES):
        states[k] = _state(salvaged, patient.salvage_procedure == operation)
        k += 1
    margin = patient.salvage_margin
    for result in range(1, _MARGINS):
        states[k] = _state(salvaged, margin == result)
        k += 1
    states[k] = _state(salvaged, margin == Margin.R1 or margin == Margin.R2)
    states[k + 1] = _state(salvaged, patient.salvage_complication)
    states[k + 2] = _state(salvaged, patient.rerecurrence_day < np.inf)


def amount_keys(horizon_years: float) -> list[Key]:
    """Return the keys of the amounts a patient, in the order in which ``write_amounts`` writes."""
    return [Key(name, horizon_years=horizon_years) for name in UNITS]


@compiled
def write_amounts(patient: Record, end_days: float, amounts: np.ndarray) -> None:
    """Write what a patient lived and used up to the end, whole numbers (times SCALE), int64."""
    simulated = min(patient.death_day - patient.diagnosed_day, end_days)
    amounts[0] = np.int64(np.rint(simulated * SIXTEENTH_DAY))
    amounts[1] = np.int64(np.rint(patient.theatre_minutes))
    amounts[2] = patient.radiotherapy_courses
    amounts[3] = np.int64(np.rint(patient.radiotherapy_fractions))
    amounts[4] = patient.chemotherapy_courses
    amounts[5] = patient.visits
    amounts[6] = patient.ct_scans
    amounts[7] = patient.mri_scans


# The product-limit outcomes; keys carry no horizon: one curve answers all. The first is compared between
# policies, so it is counted by fold; the others are not.
TIMED = (
    Key("cancer_specific_survival"),
    Key("survival_after_recurrence"),
    Key("survival_after_recurrence", group="curative"),
    Key("survival_after_recurrence", group="palliative"),
    *(Key("survival_after_salvage", group=margin.name.lower()) for margin in list(Margin)[1:]),
)
NOT_COUNTED = -1


@compiled
def write_timed(patient: Record, end_days: float, cells: np.ndarray) -> None:
    """Write for each outcome of ``TIMED`` where a patient is counted, int64.

    Twice the whole days at risk, rounded up, plus 1 where no death ended them; or NOT_COUNTED.
    """
    end = patient.diagnosed_day + end_days
    last = min(patient.death_day, end)
    died = patient.death_day <= end
    of_cancer = died and patient.death_cause == Cause.CANCER
    cells[:] = NOT_COUNTED
    cells[0] = 2 * math.ceil(last - patient.diagnosed_day) + (not of_cancer)
    if patient.recurrence_found_day < np.inf:
        cells[1] = 2 * math.ceil(last - patient.recurrence_found_day) + (not died)
        cells[2 if patient.curative_intent else 3] = cells[1]
    if patient.salvage_margin != Margin.NONE:
        since = patient.salvage_day
        cells[3 + patient.salvage_margin] = 2 * math.ceil(last - since) + (not died)


CURVES = BY_GROUP
MONTHLY = (
    Key("local_recurrence"),
    *(Key("local_recurrence", mechanism=mechanism.name.lower()) for mechanism in Mechanism),
    *(Key(outcome) for outcome in BY_GROUP[1:]),
)


@compiled
def _month(days: float, months: int) -> int:
    return math.ceil(min(days / (YEAR_DAYS / 12), months + 1.0))


@compiled
def write_months(patient: Record, months: int, events: np.ndarray) -> None:
    """Write for each curve of ``MONTHLY`` the month, from 1, of a patient's event, int64.

    One beyond the last month: never.
    """
    start = patient.diagnosed_day
    found = patient.recurrence_found_day - start
    metastasis = patient.metastasis_found_day - start
    death = patient.death_day - start
    events[:] = months + 1
    events[0] = _month(found, months)
    if found < np.inf:
        events[1 + MECHANISM_OF_ROUTE[patient.recurrence_route]] = events[0]
    k = 1 + _MECHANISMS
    events[k] = _month(metastasis, months)
    events[k + 1] = _month(death, months)
    events[k + 2] = min(events[0], events[k], events[k + 1])


class Treatment(IntEnum):
    """What was done about a recurrence: the salvage operation, or none."""

    CENTRAL_RESECTION = 0
    EXENTERATION = 1
    ABDOMINOSACRAL = 2
    SIDEWALL = 3
    PERINEAL = 4
    RESECTION_ABANDONED = 5  # curative intent, and no salvage resection
    PALLIATIVE = 6


class Fate(IntEnum):
    """How a patient with a recurrence stands at the end of follow-up."""

    ALIVE_FREE = 0  # the recurrence cleared, and neither it nor metastases known since
    ALIVE_WITH_CANCER = 1
    DIED_OF_CANCER = 2
    DIED_OTHERWISE = 3


FLOW = (Mechanism, Compartment, Treatment, Margin, Fate)  # the axes of the counts of recurrences found


SHAPE = tuple(len(kind) for kind in FLOW)


@compiled
def way(patient: Record) -> int:
    """Return which way a patient's recurrence went, as a flat index of ``FLOW``; NOT_COUNTED without one."""
    if patient.recurrence_found_day == np.inf:
        return NOT_COUNTED
    margin = patient.salvage_margin
    if patient.salvage_day < np.inf:
        treatment = patient.salvage_procedure - Procedure.CENTRAL_RESECTION
    elif patient.curative_intent:
        treatment = Treatment.RESECTION_ABANDONED + 0
    else:
        treatment = Treatment.PALLIATIVE + 0
    if patient.death_cause == Cause.CANCER:
        fate = Fate.DIED_OF_CANCER + 0
    elif patient.death_cause != Cause.ALIVE:
        fate = Fate.DIED_OTHERWISE + 0
    else:
        cleared = margin == Margin.R0 or margin == Margin.R1
        free = cleared and patient.rerecurrence_day == np.inf and patient.metastasis_found_day == np.inf
        fate = Fate.ALIVE_FREE + 0 if free else Fate.ALIVE_WITH_CANCER + 0
    index = MECHANISM_OF_ROUTE[patient.recurrence_route] * SHAPE[1] + patient.recurrence_compartment
    return ((index * SHAPE[2] + treatment) * SHAPE[3] + margin) * SHAPE[4] + fate
