"""Outcomes: what is counted of a life, each defined once, for one patient.

Every patient is followed to death or the horizon, so a cumulative incidence with death as a
competing event is a count over n. Where follow-up ends before the question does (survival after a
salvage resection, cancer-specific survival), deaths and censorings are counted by whole day and the
product-limit estimate is taken from the counts.

Each kind of outcome is an enumeration and, beside it, a compiled function that writes by its members what it
is for one patient; keys of the result tables follow from the members' names. ``sim.counting.tally`` adds up
what they write.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from enum import IntEnum
from functools import cache
from inspect import signature
from typing import Any, NamedTuple

import numpy as np

from sim.compiled import Record, compiled
from sim.patient import (
    MECHANISM_OF_ROUTE,
    N_COMPARTMENTS,
    N_HARMS,
    YEAR_DAYS,
    Cause,
    Compartment,
    FoundBy,
    Harm,
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
OPERATIVE_DEATH_DAYS = 30.0  # after the resection of the primary

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

# An enumeration has no length in compiled code.
_PROCEDURES, _MARGINS = len(Procedure), len(Margin)


def since_diagnosis(rows: np.ndarray, name: str) -> np.ndarray:
    """Return a day of the rows counted from diagnosis, shape (n,); infinity where it never came."""
    days: np.ndarray = rows[name] - rows["diagnosed_day"]
    return days


class Group(IntEnum):
    """Subgroups that incidence and survival are split by; a patient's groups are a bit mask of these."""

    ALL = 0
    LOW = 1
    MID = 2
    HIGH = 3
    STAGE_1 = 4
    STAGE_2 = 5
    STAGE_3 = 6
    CRM_INVOLVED = 7
    CRM_CLEAR = 8
    ENLARGED_LATERAL_NODE = 9


class ByGroup(IntEnum):
    """What is counted at each horizon in each group."""

    LOCAL_RECURRENCE = 0
    DISTANT_METASTASIS = 1
    OVERALL_SURVIVAL = 2
    DISEASE_FREE_SURVIVAL = 3


class AtHorizon(IntEnum):
    """What is counted at each horizon of all patients.

    With disease-free survival the second to the sixth are every patient's fate, once.
    """

    CANCER_DEATH = 0
    ALIVE_AFTER_RECURRENCE = 1
    DEATH_AFTER_RECURRENCE = 2
    ALIVE_WITH_METASTASIS = 3
    CANCER_DEATH_WITHOUT_RECURRENCE = 4
    OTHER_DEATH_WITHOUT_RECURRENCE = 5
    LOCAL_FAILURE = 6  # a local recurrence, or a primary or regrowth that is left to grow
    ORGAN_PRESERVED = 7  # kept on purpose: alive, not resected since, and the tumour under control
    TME_FREE_SURVIVAL = 8  # alive, and never resected
    REGROWTH = 9


# States that last are counted in those who live with them, what passes in those who have had it.
LASTING = (
    Harm.TEMPORARY_STOMA,
    Harm.PERMANENT_STOMA,
    Harm.MAJOR_BOWEL_DYSFUNCTION,
    Harm.FAECAL_INCONTINENCE,
    Harm.URINARY_DYSFUNCTION,
    Harm.SEXUAL_DYSFUNCTION,
)


class TreatmentShare(IntEnum):
    """What is counted of the treatment of the primary."""

    IRRADIATED = 0
    COMPLETE_RESPONSE = 1
    CRM_INVOLVED = 2
    MESORECTAL_PLANE = 3
    PERFORATION = 4
    LATERAL_DISSECTION = 5
    ANASTOMOSIS = 6
    DIVERTING_STOMA = 7
    LEAK = 8
    OPERATIVE_DEATH = 9
    NOT_RESECTED = 10
    EMERGENCY_OPERATION = 11
    ORGAN_KEPT = 12  # at first: watched after a response, or after a local excision
    LOCAL_EXCISION = 13


class RegrowthShare(IntEnum):
    """What is counted of those whose regrowth was found."""

    REGROWTH_RESECTED = 0
    REGROWTH_CLEAR_MARGIN = 1
    REGROWTH_METASTASIS = 2


class RecurrenceShare(IntEnum):
    """What is counted of those whose local recurrence was found; operations and margins in their order."""

    FOUND_BY_SYMPTOMS = 0
    SYNCHRONOUS_METASTASIS = 1
    CURATIVE_INTENT = 2
    SALVAGE_RESECTION = 3
    ONE_COMPARTMENT = 4
    TWO_COMPARTMENTS = 5
    THREE_OR_MORE_COMPARTMENTS = 6
    LIMITED_TO_ANASTOMOSIS = 7
    CENTRAL_RESECTION = 8
    EXENTERATION = 9
    ABDOMINOSACRAL = 10
    SIDEWALL = 11
    PERINEAL = 12
    R0 = 13
    R1 = 14
    R2 = 15
    MARGIN_NOT_CLEAR = 16  # a treatment failure
    SALVAGE_COMPLICATION = 17
    RERECURRENCE = 18


class Amount(IntEnum):
    """What is summed per patient, up to the end of follow-up."""

    LIFE_YEARS = 0
    THEATRE_MINUTES = 1
    RADIOTHERAPY_COURSES = 2
    RADIOTHERAPY_FRACTIONS = 3
    CHEMOTHERAPY_COURSES = 4
    VISITS = 5
    CT_SCANS = 6
    MRI_SCANS = 7
    ENDOSCOPIES = 8
    ORGAN_YEARS = 9  # lived without a resection, and with the tumour under control
    STOMA_FREE_YEARS = 10


FIRST_HARM_AMOUNT = len(Amount)  # the years with each harm follow
_FIRST_STOMA = FIRST_HARM_AMOUNT + Harm.TEMPORARY_STOMA  # and the permanent one after it


def names(kind: type[IntEnum]) -> tuple[str, ...]:
    """Return the names of an enumeration's members, as result tables write them."""
    return tuple(member.name.lower() for member in kind)


GROUPS = names(Group)
BY_GROUP = names(ByGroup)
FATES = names(AtHorizon)[1:6]
HARMS = names(Harm)
YEARS_WITH = {harm: f"{harm}_years" for harm in HARMS}
# The unit is the last word, but for the visits and endoscopies.
UNITS = {name: name.rpartition("_")[2] for name in (*names(Amount), *YEARS_WITH.values())}
# Stored whole number for one unit; 1 where not named.
SCALE = {name: SIXTEENTH_DAY * YEAR_DAYS for name in UNITS if name.endswith("_years")}
# Of one mechanism alone.
_MECHANISM_OF = {RecurrenceShare.LIMITED_TO_ANASTOMOSIS: "exfoliation"}
# Enumerations have no length in compiled code.
_LABELS, _BY_GROUPS, _AT_HORIZON = len(MECHANISM_LABELS), len(Group) * len(ByGroup), len(AtHorizon)
_TREATMENT, _FIRST_PROCEDURE = len(TreatmentShare), int(RecurrenceShare.CENTRAL_RESECTION)
_REGROWTH = len(RegrowthShare)
_FIRST_MARGIN = int(RecurrenceShare.R0)

# How ``write_states`` writes: for each horizon a word for incidence by label and compartment, and for
# incidence and survival by group; then halves of words for the rest of each horizon, and for what has none.
WORD_BITS = 64
LANES = 8  # words that are counted together
_FIRST_BY_GROUP = _LABELS + N_COMPARTMENTS
_OF_EACH_GROUP = [len(ByGroup)] * len(Group)
_IN_WORD, _IN_HALF = _FIRST_BY_GROUP + _BY_GROUPS, _AT_HORIZON + N_HARMS
_AT_EACH_HORIZON = _IN_WORD + _IN_HALF
_SHARES = _TREATMENT + _REGROWTH + len(RecurrenceShare)
assert _IN_WORD < WORD_BITS and _IN_HALF + max(_IN_HALF, _SHARES) < WORD_BITS  # the sign is not used


def _bits(*members: int) -> int:
    return sum(1 << member for member in members)


_OF_RESECTED = _bits(
    TreatmentShare.COMPLETE_RESPONSE,
    TreatmentShare.CRM_INVOLVED,
    TreatmentShare.MESORECTAL_PLANE,
    TreatmentShare.PERFORATION,
    TreatmentShare.LATERAL_DISSECTION,
    TreatmentShare.ANASTOMOSIS,
    TreatmentShare.OPERATIVE_DEATH,
)
_OF_JOINED = _bits(TreatmentShare.DIVERTING_STOMA, TreatmentShare.LEAK)
_OF_EVERYBODY = _bits(*TreatmentShare) - _OF_RESECTED - _OF_JOINED
_OF_SALVAGED = _bits(
    *range(RecurrenceShare.CENTRAL_RESECTION, RecurrenceShare.R2 + 1),
    RecurrenceShare.MARGIN_NOT_CLEAR,
    RecurrenceShare.SALVAGE_COMPLICATION,
    RecurrenceShare.RERECURRENCE,
)
_OF_RECURRED = _bits(*RecurrenceShare) - _OF_SALVAGED - _bits(RecurrenceShare.LIMITED_TO_ANASTOMOSIS)


@compiled
def groups(patient: Record, world: Record) -> int:
    """Return the subgroups that a patient belongs to, as a bit mask of ``Group``; bounds are parameters."""
    bounds = world.groups
    height = patient.height_above_verge_cm
    mask = 1 << Group.ALL
    if height <= bounds.low_up_to_cm:
        mask |= 1 << Group.LOW
    elif height <= bounds.mid_up_to_cm:
        mask |= 1 << Group.MID
    else:
        mask |= 1 << Group.HIGH
    if patient.operated_day < np.inf:
        if patient.pathological_stage >= 1:
            mask |= 1 << (Group.STAGE_1 + patient.pathological_stage - 1)
        mask |= 1 << Group.CRM_INVOLVED if patient.crm_involved else 1 << Group.CRM_CLEAR
    if max(patient.lateral_mm[0], patient.lateral_mm[1]) >= bounds.enlarged_from_mm:
        mask |= 1 << Group.ENLARGED_LATERAL_NODE
    return mask


@cache
def binary_keys(horizons_years: tuple[float, ...]) -> tuple[Key, ...]:
    """Return the keys of the yes-or-no outcomes, in the order in which ``write_states`` writes."""
    keys: list[Key] = []
    for years in horizons_years:
        at = Key("", horizon_years=years)
        keys += [at._replace(outcome="local_recurrence", mechanism=label) for label in MECHANISM_LABELS]
        keys += [at._replace(outcome="local_recurrence", compartment=place) for place in names(Compartment)]
        keys += [at._replace(outcome=outcome, group=group) for group in GROUPS for outcome in BY_GROUP]
        keys += [at._replace(outcome=outcome) for outcome in (*names(AtHorizon), *HARMS)]
    keys += [Key(outcome) for outcome in (*names(TreatmentShare), *names(RegrowthShare))]
    keys += [Key(share.name.lower(), mechanism=_MECHANISM_OF.get(share, ALL)) for share in RecurrenceShare]
    return tuple(keys)


@compiled
def state_bit(k: int, horizons: int) -> int:
    """Return where ``write_states`` writes key k: the word times WORD_BITS, plus the bit."""
    h, within = k // _AT_EACH_HORIZON, k % _AT_EACH_HORIZON
    if h >= horizons:
        return _half_word(horizons, horizons) + k - horizons * _AT_EACH_HORIZON
    return WORD_BITS * h + within if within < _IN_WORD else _half_word(h, horizons) + within - _IN_WORD


def state_words(horizons: int) -> int:
    """Return how many words the states of a patient take, in groups of LANES."""
    words = _half_word(horizons, horizons) // WORD_BITS + 1
    return -(-words // LANES) * LANES


@compiled
def _half_word(h: int, horizons: int) -> int:
    """Return where the half word of a horizon begins, or that of the shares, which follows them."""
    return WORD_BITS * (horizons + h // 2) + _IN_HALF * (h % 2)


@compiled
def write_each_state(states: np.ndarray, horizons: int, each: np.ndarray) -> None:
    """Write the states of patients one by one, ABSENT, NO or YES, uint8, by patient and outcome."""
    for k in range(each.shape[1]):
        place = state_bit(k, horizons)
        word, bit = place // WORD_BITS, place % WORD_BITS
        for i in range(len(states)):
            # ABSENT is 0, and YES follows NO.
            each[i, k] = (states[i, 0, word] >> bit & 1) + (states[i, 1, word] >> bit & 1)


def _at_horizon(
    recurred: bool,
    spread: bool,
    alive: bool,
    of_cancer: bool,
    resected: bool,
    uncontrolled: bool,
    watched: bool,
    regrown: bool,
) -> dict[AtHorizon, bool]:
    """Return what is true of a patient at a horizon, by what has happened by then and a death from cancer."""
    died_of_cancer, died_otherwise = of_cancer and not alive, not alive and not of_cancer
    unresected = alive and not resected
    return {
        AtHorizon.CANCER_DEATH: died_of_cancer,
        AtHorizon.ALIVE_AFTER_RECURRENCE: recurred and alive,
        AtHorizon.DEATH_AFTER_RECURRENCE: recurred and not alive,
        AtHorizon.ALIVE_WITH_METASTASIS: not recurred and alive and spread,
        AtHorizon.CANCER_DEATH_WITHOUT_RECURRENCE: not recurred and died_of_cancer,
        AtHorizon.OTHER_DEATH_WITHOUT_RECURRENCE: not recurred and died_otherwise,
        AtHorizon.LOCAL_FAILURE: recurred or uncontrolled,
        AtHorizon.ORGAN_PRESERVED: unresected and not uncontrolled and watched,
        AtHorizon.TME_FREE_SURVIVAL: unresected,
        AtHorizon.REGROWTH: regrown,
    }


def _by_group(recurred: bool, spread: bool, alive: bool) -> dict[ByGroup, bool]:
    """Return what is true at a horizon of a patient in each of the patient's groups."""
    return {
        ByGroup.LOCAL_RECURRENCE: recurred,
        ByGroup.DISTANT_METASTASIS: spread,
        ByGroup.OVERALL_SURVIVAL: alive,
        ByGroup.DISEASE_FREE_SURVIVAL: alive and not recurred and not spread,
    }


def _sets_of(true: Callable[..., Mapping[Any, bool]], times: int) -> np.ndarray:
    """Return what is true, so many times over, for every set of what ``true`` takes; both are bit masks."""
    known = len(signature(true).parameters)
    sets = [[bool(mask >> bit & 1) for bit in range(known)] for mask in range(1 << known)]
    return np.array([_set([yes for _, yes in sorted(true(*one).items())] * times) for one in sets])


def _set(true: Iterable[bool]) -> int:
    return sum(1 << k for k, yes in enumerate(true) if yes)


# Looked up, since every patient has many of them at every horizon.
_TRUE_AT_HORIZON = _sets_of(_at_horizon, 1)
_TRUE_BY_GROUP = _sets_of(_by_group, len(Group)) << _FIRST_BY_GROUP
_RECURRED_SPREAD_ALIVE = len(_TRUE_BY_GROUP) - 1
# By the mask of a patient's groups: what is counted in them, and of every patient.
_AMONG = np.array(
    [
        _set(np.repeat([True, *(mask >> group & 1 for group in Group)], [_FIRST_BY_GROUP, *_OF_EACH_GROUP]))
        for mask in range(1 << len(Group))
    ]
)
# By route, the labels that count its recurrences.
_LABELLED = np.array([_set(route in routes for routes in MECHANISM_LABELS.values()) for route in Route])
_PASSING = _set(harm not in LASTING for harm in Harm)


@compiled
def write_states(patient: Record, world: Record, horizon_days: np.ndarray, states: np.ndarray) -> None:
    """Write a patient's states in the yes-or-no outcomes at these horizons: two sets of outcomes, a bit each.

    Those in whose denominator the patient is, and those that are true: int64, shape (2, ``state_words``), as
    ``state_bit``.
    """
    start, horizons = patient.diagnosed_day, len(horizon_days)
    found = patient.recurrence_found_day - start
    metastasis = patient.metastasis_found_day - start
    death = patient.death_day - start
    resection = patient.operated_day - start
    uncontrolled = patient.uncontrolled_day - start
    watch = patient.watch_from_day - start
    regrowth = patient.regrowth_found_day - start
    of_cancer = int(patient.death_cause == Cause.CANCER)
    among = _AMONG[groups(patient, world)]
    states[:] = 0
    for h in range(horizons):
        day = horizon_days[h]
        # As the parameters of _at_horizon, bit by bit.
        known = int(found <= day) | int(metastasis <= day) << 1 | int(death > day) << 2 | of_cancer << 3
        known |= int(resection <= day) << 4 | int(uncontrolled <= day) << 5
        known |= int(watch <= day) << 6 | int(regrowth <= day) << 7
        true = among & _TRUE_BY_GROUP[known & _RECURRED_SPREAD_ALIVE]
        if found <= day:
            true |= _LABELLED[patient.recurrence_route] | 1 << (_LABELS + patient.recurrence_compartment)
        states[0, h], states[1, h] = among, true
        true = _TRUE_AT_HORIZON[known] | _harms(patient, start + day) << _AT_HORIZON
        _write_half_word(h, horizons, _set_of_first(_IN_HALF), true, states)
    among, true = _treatment_shares(patient)
    of_regrown, true_of_regrown = _regrowth_shares(patient)
    among |= of_regrown << _TREATMENT
    true |= true_of_regrown << _TREATMENT
    if patient.recurrence_found_day < np.inf:
        of_recurred, true_of_recurred = _recurrence_shares(patient)
        among |= of_recurred << (_TREATMENT + _REGROWTH)
        true |= true_of_recurred << (_TREATMENT + _REGROWTH)
    _write_half_word(horizons, horizons, among, true, states)


@compiled
def _set_of_first(k: int) -> int:
    return (1 << k) - 1


@compiled
def _write_half_word(h: int, horizons: int, among: int, true: int, states: np.ndarray) -> None:
    place = _half_word(h, horizons)
    word, bit = place // WORD_BITS, place % WORD_BITS
    states[0, word] |= among << bit
    states[1, word] |= (among & true) << bit


@compiled
def _harms(patient: Record, day: float) -> int:
    """Return the harms that a patient has on a day, or has had of those that pass, as bits."""
    death = patient.death_day
    last = min(day, death)
    begun, there = 0, 0
    for harm in range(N_HARMS):
        begun |= int(patient.harm_from_day[harm] <= last) << harm
        there |= int(patient.harm_until_day[harm] > day) << harm
    return begun & (_PASSING | there) if death > day else begun & _PASSING


def operative_death(operated_day: Any, death_day: Any) -> Any:
    """Return whether the patient died within 30 days of the resection of the primary; numbers or arrays."""
    return (operated_day < np.inf) & (death_day <= operated_day + OPERATIVE_DEATH_DAYS)


_operative_death = compiled(operative_death)


@compiled
def _bit(member: int, true: bool) -> int:
    return int(true) << member


@compiled
def _treatment_shares(patient: Record) -> tuple[int, int]:
    """Return among which of ``TreatmentShare`` a patient is counted, and which may be true, as bits."""
    resected = patient.operated_day < np.inf
    among = _OF_EVERYBODY
    if resected:
        among |= _OF_RESECTED
    if patient.anastomosis:
        among |= _OF_JOINED
    true = _bit(TreatmentShare.IRRADIATED, patient.radiotherapy_courses > 0)
    true |= _bit(TreatmentShare.COMPLETE_RESPONSE, patient.complete_response)
    true |= _bit(TreatmentShare.CRM_INVOLVED, patient.crm_involved)
    true |= _bit(TreatmentShare.MESORECTAL_PLANE, patient.plane == Plane.MESORECTAL)
    true |= _bit(TreatmentShare.PERFORATION, patient.perforated)
    true |= _bit(TreatmentShare.LATERAL_DISSECTION, patient.dissected[0] > 0 or patient.dissected[1] > 0)
    true |= _bit(TreatmentShare.ANASTOMOSIS, patient.anastomosis)
    true |= _bit(TreatmentShare.DIVERTING_STOMA, patient.diverting_stoma)
    true |= _bit(TreatmentShare.LEAK, patient.leaked)
    died = _operative_death(patient.operated_day, patient.death_day)
    true |= _bit(TreatmentShare.OPERATIVE_DEATH, died)
    true |= _bit(TreatmentShare.NOT_RESECTED, not resected)
    true |= _bit(TreatmentShare.EMERGENCY_OPERATION, patient.emergency)
    true |= _bit(TreatmentShare.ORGAN_KEPT, patient.watch_from_day < np.inf)
    true |= _bit(TreatmentShare.LOCAL_EXCISION, patient.excised_day < np.inf)
    return among, true


@compiled
def _regrowth_shares(patient: Record) -> tuple[int, int]:
    """As ``_treatment_shares``, of ``RegrowthShare``."""
    found = patient.regrowth_found_day < np.inf
    resected = found and patient.operated_day < np.inf
    among = _bit(RegrowthShare.REGROWTH_RESECTED, found) | _bit(RegrowthShare.REGROWTH_METASTASIS, found)
    among |= _bit(RegrowthShare.REGROWTH_CLEAR_MARGIN, resected)
    true = _bit(RegrowthShare.REGROWTH_RESECTED, resected)
    true |= _bit(RegrowthShare.REGROWTH_CLEAR_MARGIN, not patient.crm_involved)
    true |= _bit(RegrowthShare.REGROWTH_METASTASIS, patient.metastasis_found_day < np.inf)
    return among, true


@compiled
def _recurrence_shares(patient: Record) -> tuple[int, int]:
    """As ``_treatment_shares``, of ``RecurrenceShare``, for a patient whose recurrence was found."""
    salvaged = patient.salvage_day < np.inf
    involved = patient.recurrence_compartments
    places = count_compartments(involved)
    margin = patient.salvage_margin
    among = _OF_RECURRED
    if salvaged:
        among |= _OF_SALVAGED
    exfoliated = MECHANISM_OF_ROUTE[patient.recurrence_route] == Mechanism.EXFOLIATION
    among |= _bit(RecurrenceShare.LIMITED_TO_ANASTOMOSIS, exfoliated)
    true = _bit(RecurrenceShare.FOUND_BY_SYMPTOMS, patient.found_by == FoundBy.SYMPTOMS)
    true |= _bit(RecurrenceShare.SYNCHRONOUS_METASTASIS, patient.synchronous_metastasis)
    true |= _bit(RecurrenceShare.CURATIVE_INTENT, patient.curative_intent)
    true |= _bit(RecurrenceShare.SALVAGE_RESECTION, salvaged)
    true |= _bit(RecurrenceShare.ONE_COMPARTMENT, places == 1)
    true |= _bit(RecurrenceShare.TWO_COMPARTMENTS, places == 2)
    true |= _bit(RecurrenceShare.THREE_OR_MORE_COMPARTMENTS, places >= 3)
    true |= _bit(RecurrenceShare.LIMITED_TO_ANASTOMOSIS, involved == 1 << Compartment.CENTRAL)
    for operation in range(1, _PROCEDURES):
        true |= _bit(_FIRST_PROCEDURE + operation - 1, patient.salvage_procedure == operation)
    for result in range(1, _MARGINS):
        true |= _bit(_FIRST_MARGIN + result - 1, margin == result)
    true |= _bit(RecurrenceShare.MARGIN_NOT_CLEAR, margin == Margin.R1 or margin == Margin.R2)
    true |= _bit(RecurrenceShare.SALVAGE_COMPLICATION, patient.salvage_complication)
    true |= _bit(RecurrenceShare.RERECURRENCE, patient.rerecurrence_day < np.inf)
    return among, true


def amount_keys(horizon_years: float) -> list[Key]:
    """Return the keys of the amounts a patient, in the order in which ``write_amounts`` writes."""
    return [Key(name, horizon_years=horizon_years) for name in UNITS]


@compiled
def write_amounts(patient: Record, end_days: float, amounts: np.ndarray) -> None:
    """Write how long a patient lived and what was used up to the end, whole numbers (times SCALE), int64."""
    days = min(patient.death_day - patient.diagnosed_day, end_days)
    amounts[Amount.LIFE_YEARS] = np.int64(np.rint(days * SIXTEENTH_DAY))
    amounts[Amount.THEATRE_MINUTES] = np.int64(np.rint(patient.theatre_minutes))
    amounts[Amount.RADIOTHERAPY_COURSES] = patient.radiotherapy_courses
    amounts[Amount.RADIOTHERAPY_FRACTIONS] = np.int64(np.rint(patient.radiotherapy_fractions))
    amounts[Amount.CHEMOTHERAPY_COURSES] = patient.chemotherapy_courses
    amounts[Amount.VISITS] = patient.visits
    amounts[Amount.CT_SCANS] = patient.ct_scans
    amounts[Amount.MRI_SCANS] = patient.mri_scans
    amounts[Amount.ENDOSCOPIES] = patient.endoscopies
    start = patient.diagnosed_day
    organ = min(days, patient.operated_day - start, patient.uncontrolled_day - start)
    amounts[Amount.ORGAN_YEARS] = np.int64(np.rint(organ * SIXTEENTH_DAY))
    for harm in range(N_HARMS):
        amounts[FIRST_HARM_AMOUNT + harm] = 0
        first = patient.harm_from_day[harm] - start
        if first < days:
            lived = max(min(patient.harm_until_day[harm] - start, days) - first, 0.0)
            amounts[FIRST_HARM_AMOUNT + harm] = np.int64(np.rint(lived * SIXTEENTH_DAY))
    stoma = amounts[_FIRST_STOMA] + amounts[_FIRST_STOMA + 1]
    amounts[Amount.STOMA_FREE_YEARS] = amounts[Amount.LIFE_YEARS] - stoma


class Timed(IntEnum):
    """The product-limit outcomes; keys carry no horizon: one curve answers all.

    The first is compared between policies, so it is counted by fold; the others are not.
    """

    CANCER_SPECIFIC_SURVIVAL = 0
    SURVIVAL_AFTER_RECURRENCE = 1
    SURVIVAL_AFTER_RECURRENCE_CURATIVE = 2
    SURVIVAL_AFTER_RECURRENCE_PALLIATIVE = 3
    SURVIVAL_AFTER_SALVAGE_R0 = 4
    SURVIVAL_AFTER_SALVAGE_R1 = 5
    SURVIVAL_AFTER_SALVAGE_R2 = 6


def _timed_key(outcome: Timed) -> Key:
    name = outcome.name.lower()
    group = next(
        (end for end in ("curative", "palliative", *names(Margin)[1:]) if name.endswith(f"_{end}")), ALL
    )
    return Key(name.removesuffix(f"_{group}"), group=group)


TIMED = tuple(map(_timed_key, Timed))
NOT_COUNTED = -1
_FIRST_TIMED_MARGIN = int(Timed.SURVIVAL_AFTER_SALVAGE_R0)


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
    cells[Timed.CANCER_SPECIFIC_SURVIVAL] = 2 * math.ceil(last - patient.diagnosed_day) + (not of_cancer)
    if patient.recurrence_found_day < np.inf:
        cell = 2 * math.ceil(last - patient.recurrence_found_day) + (not died)
        cells[Timed.SURVIVAL_AFTER_RECURRENCE] = cell
        if patient.curative_intent:
            cells[Timed.SURVIVAL_AFTER_RECURRENCE_CURATIVE] = cell
        else:
            cells[Timed.SURVIVAL_AFTER_RECURRENCE_PALLIATIVE] = cell
    if patient.salvage_margin != Margin.NONE:
        k = _FIRST_TIMED_MARGIN + patient.salvage_margin - Margin.R0
        cells[k] = 2 * math.ceil(last - patient.salvage_day) + (not died)


CURVES = BY_GROUP


class Monthly(IntEnum):
    """The curves that are counted by month; those of local recurrence by mechanism stand in their order."""

    LOCAL_RECURRENCE = 0
    MARGIN = 1
    MESORECTUM = 2
    LATERAL_NODE = 3
    EXFOLIATION = 4
    SPILLAGE = 5
    DISTANT_METASTASIS = 6
    OVERALL_SURVIVAL = 7
    DISEASE_FREE_SURVIVAL = 8


MONTHLY = tuple(
    Key(name) if name in BY_GROUP else Key("local_recurrence", mechanism=name) for name in names(Monthly)
)
_FIRST_MONTHLY_MECHANISM = int(Monthly.MARGIN)


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
    recurrence, spread, died = _month(found, months), _month(metastasis, months), _month(death, months)
    events[Monthly.LOCAL_RECURRENCE] = recurrence
    if found < np.inf:
        events[_FIRST_MONTHLY_MECHANISM + MECHANISM_OF_ROUTE[patient.recurrence_route]] = recurrence
    events[Monthly.DISTANT_METASTASIS] = spread
    events[Monthly.OVERALL_SURVIVAL] = died
    events[Monthly.DISEASE_FREE_SURVIVAL] = min(recurrence, spread, died)


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
    # + 0: compiled code takes a member and a number for two types, and a variable has one.
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
