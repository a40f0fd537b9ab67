"""What a clinician sees of a patient, and when; how conditions of a guideline compare it.

Small integers with names, of which a guideline's decision diagram is made.
"""

from enum import IntEnum

MOST_TESTS = 96  # comparisons of a guideline
MOST_GROUPS = 24


class Moment(IntEnum):
    """When patients are placed in a group: on what is known by then."""

    MEETING = 0  # the first team meeting
    RESTAGING = 1  # after neoadjuvant treatment, of those who are looked at again
    PATHOLOGY = 2  # when the specimen has been read


N_MOMENTS = len(Moment)


class Seen(IntEnum):
    """What a clinician sees of a patient, by the name of its column."""

    AGE_YEARS = 0
    FEMALE = 1
    UNFIT = 2
    HEIGHT_ABOVE_VERGE_CM = 3
    CT = 4
    T_CATEGORY = 5
    CN = 6
    EMVI = 7
    FASCIA_THREATENED = 8
    FASCIA_READING_MM = 9
    HIGH_RISK = 10
    SHORT_AXIS_MM = 11
    RESIDUAL_SHORT_AXIS_MM = 12
    REGIMEN = 13
    BOOSTED = 14
    OPERATION = 15
    PLANE = 16
    CRM_MM = 17
    CRM_INVOLVED = 18
    DISTAL_MARGIN_MM = 19
    ANASTOMOSIS = 20
    DIVERTING_STOMA = 21
    DISSECTED = 22
    PERFORATED = 23
    BREACHED = 24
    EMERGENCY = 25
    LEAKED = 26
    PATHOLOGICAL_STAGE = 27
    COMPLETE_RESPONSE = 28


def seen_from(column: Seen) -> Moment:
    """Return the first moment at which a column is known."""
    if column <= Seen.SHORT_AXIS_MM:
        return Moment.MEETING
    return Moment.RESTAGING if column <= Seen.BOOSTED else Moment.PATHOLOGY


class Comparison(IntEnum):
    """How a column is compared with a number."""

    EQUAL = 0
    UNEQUAL = 1
    BELOW = 2
    AT_MOST = 3
    ABOVE = 4
    AT_LEAST = 5


NO_GROUP = -1  # an end of the diagram; below it come those of the groups


def end_of(group: int) -> int:
    """Return the place in the diagram that means a group."""
    return NO_GROUP - 1 - group
