"""A guideline: the risk group that a patient falls into at each moment of decision, on what is seen by then.

A policy with a guideline has a plan for every set of groups, each a packed world of its own: the same disease
and cohort under other levers. The row says which plan the patient follows (``plan``, the index of the world),
and which group was found at each moment (``risk_group``, -1: none). The groups of a moment are one decision
diagram of comparisons, so that a patient is placed by a short walk, and a policy without groups by one look.
"""

import numpy as np

from sim.compiled import Record, compiled
from sim.patient import T_CATEGORY
from sim.seen import NO_GROUP, Comparison, Seen


@compiled
def seen(patient: Record, column: int) -> float:
    """Return what is seen of a patient, as the column of this name has it."""
    if column == Seen.AGE_YEARS:
        return patient.age_years
    if column == Seen.FEMALE:
        return 1.0 * patient.female
    if column == Seen.UNFIT:
        return 1.0 * patient.unfit
    if column == Seen.HEIGHT_ABOVE_VERGE_CM:
        return patient.height_above_verge_cm
    if column == Seen.CT:
        return 1.0 * patient.ct
    if column == Seen.T_CATEGORY:
        return 1.0 * T_CATEGORY[patient.ct]
    if column == Seen.CN:
        return 1.0 * patient.cn
    if column == Seen.EMVI:
        return 1.0 * patient.emvi
    if column == Seen.FASCIA_THREATENED:
        return 1.0 * patient.fascia_threatened
    if column == Seen.FASCIA_READING_MM:
        return patient.fascia_reading_mm
    if column == Seen.HIGH_RISK:
        return 1.0 * patient.high_risk
    if column == Seen.SHORT_AXIS_MM:
        return max(patient.lateral_mm[0], patient.lateral_mm[1])
    if column == Seen.RESIDUAL_SHORT_AXIS_MM:
        return max(patient.lateral_residual_mm[0], patient.lateral_residual_mm[1])
    if column == Seen.REGIMEN:
        return 1.0 * patient.regimen
    if column == Seen.BOOSTED:
        return 1.0 * patient.boosted
    return seen_in_surgery(patient, column)


@compiled
def seen_in_surgery(patient: Record, column: int) -> float:
    """Return what the operation and its specimen have shown."""
    if column == Seen.OPERATION:
        return 1.0 * patient.operation
    if column == Seen.PLANE:
        return 1.0 * patient.plane
    if column == Seen.CRM_MM:
        return patient.crm_mm
    if column == Seen.CRM_INVOLVED:
        return 1.0 * patient.crm_involved
    if column == Seen.DISTAL_MARGIN_MM:
        return patient.distal_margin_mm
    if column == Seen.ANASTOMOSIS:
        return 1.0 * patient.anastomosis
    if column == Seen.DIVERTING_STOMA:
        return 1.0 * patient.diverting_stoma
    if column == Seen.DISSECTED:
        return 1.0 * (patient.dissected[0] or patient.dissected[1])
    if column == Seen.PERFORATED:
        return 1.0 * patient.perforated
    if column == Seen.BREACHED:
        return 1.0 * patient.breached
    if column == Seen.EMERGENCY:
        return 1.0 * patient.emergency
    if column == Seen.LEAKED:
        return 1.0 * patient.leaked
    if column == Seen.PATHOLOGICAL_STAGE:
        return 1.0 * patient.pathological_stage
    return 1.0 * patient.complete_response


@compiled
def holds(value: float, comparison: int, number: float) -> bool:
    """Return whether a comparison holds."""
    if comparison == Comparison.EQUAL:
        return value == number
    if comparison == Comparison.UNEQUAL:
        return value != number
    if comparison == Comparison.BELOW:
        return value < number
    if comparison == Comparison.AT_MOST:
        return value <= number
    if comparison == Comparison.ABOVE:
        return value > number
    return value >= number


@compiled
def group_of(patient: Record, guideline: Record, moment: int) -> int:
    """Return the first group of a moment that fits, or -1.

    What follows a comparison stands before it in the lists, so that every walk ends.
    """
    place = int(guideline.starts[moment])
    while place >= 0:
        value = seen(patient, int(guideline.columns[place]))
        if holds(value, int(guideline.comparisons[place]), guideline.numbers[place]):
            place = int(guideline.if_true[place])
        else:
            place = int(guideline.if_false[place])
    return NO_GROUP - 1 - place


@compiled
def place_in_group(patient: Record, worlds: np.ndarray, moment: int) -> None:
    """Find the patient's group at a moment; from now on the patient follows the plan of that group too."""
    guideline = worlds[patient.plan].guideline
    group = group_of(patient, guideline, moment)
    patient.risk_group[moment] = group
    if group >= 0:
        patient.plan = int(guideline.plans[group])
