"""The levers of a policy, as the model sees them: small integers with names.

The order of the members is part of the model: a policy record holds the numbers.
"""

from enum import IntEnum


class Regimen(IntEnum):
    """Neoadjuvant treatment."""

    NONE = 0
    SHORT_COURSE = 1
    SHORT_COURSE_DELAYED = 2
    CHEMORADIOTHERAPY = 3
    TOTAL_NEOADJUVANT = 4
    LONG_COURSE = 5  # radiotherapy without chemotherapy


class Adherence(IntEnum):
    """How far the neoadjuvant treatment that a policy plans is given."""

    FULL = 0  # as planned: to all to whom it is offered, and to its end
    USUAL = 1  # as far as the cohort's hospitals give it


class NeoadjuvantFor(IntEnum):
    """Who is offered the neoadjuvant treatment, on what MRI shows."""

    LOCALLY_ADVANCED = 0
    EVERYONE = 1
    HIGH_RISK = 2


class OrganPreservation(IntEnum):
    """Who keeps the organ after neoadjuvant treatment, on the reading of the response."""

    NEVER = 0
    COMPLETE = 1  # a complete response at the first look
    NEAR_COMPLETE = 2  # the same, and near-complete ones that become complete at a further look
    PLANNED = 3  # the same, and early tumours are treated in order to preserve the organ


class LocalExcision(IntEnum):
    """When a tumour is excised locally, with completion surgery by its risk."""

    NEVER = 0
    PRIMARY = 1  # in place of a resection
    AFTER_TREATMENT = 2  # of what neoadjuvant treatment left, where that is little


class LocalExcisionUpTo(IntEnum):
    """The deepest clinical T category that is excised locally, numbered as in ``sim.patient.TStage``."""

    T1 = 0
    T2 = 1
    T3AB = 2


class LateralDissection(IntEnum):
    """When the lateral compartments are dissected."""

    NEVER = 0
    SIZE_BEFORE = 1
    SIZE_AFTER = 2
    ROUTINE = 3


class LateralSides(IntEnum):
    """Which sides a lateral dissection clears."""

    AFFECTED = 0
    BOTH = 1


class Use(IntEnum):
    """How often a measure is used: as the cohort's hospitals do, never, or always."""

    USUAL = 0
    NEVER = 1
    ALWAYS = 2


class OperationChoice(IntEnum):
    """The operation: tailored to the tumour, or the same for everyone (what-if)."""

    TAILORED = 0
    LOW_ANTERIOR_RESECTION = 1
    ABDOMINOPERINEAL_RESECTION = 2
    HARTMANN = 3


class PostoperativeChemoradiotherapy(IntEnum):
    """Who is irradiated after surgery (only patients not irradiated before it)."""

    NEVER = 0
    INVOLVED_MARGIN = 1
    STAGE_II_III = 2


class AdjuvantChemotherapy(IntEnum):
    """Who gets chemotherapy after surgery."""

    USUAL = 0
    NEVER = 1
    STAGE_III = 2


class RecurrenceCentre(IntEnum):
    """Where recurrences are treated."""

    USUAL = 0
    EXPERT = 1


class QueuePriority(IntEnum):
    """Who goes first where patients queue: by arrival, recurrences, or primary tumours."""

    ARRIVAL = 0
    RECURRENCES_FIRST = 1
    PRIMARIES_FIRST = 2
