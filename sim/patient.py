"""A patient is a row: the whole state of a patient, and the agenda of what is pending.

Times are days on one axis, absolute, on a grid of 2^-32 day; infinity means never or not pending.
"""

from enum import IntEnum

import numpy as np

from sim.compiled import record_dtype
from sim.events import N_EVENTS, Event
from sim.seen import N_MOMENTS

YEAR_DAYS = 365.25


class TStage(IntEnum):
    """Clinical T category on MRI; T3 by depth beyond the muscularis (ab: up to 5 mm, cd: more)."""

    T1 = 0
    T2 = 1
    T3AB = 2
    T3CD = 3
    T4A = 4
    T4B = 5


class Quadrant(IntEnum):
    """Where the tumour comes nearest to the mesorectal fascia."""

    ANTERIOR = 0
    POSTERIOR = 1
    LEFT = 2
    RIGHT = 3


class LateralSite(IntEnum):
    """Fossa of the largest lateral node on a side."""

    OBTURATOR = 0
    INTERNAL_ILIAC = 1


class Operation(IntEnum):
    """Operation on the primary tumour."""

    NONE = 0
    LOW_ANTERIOR_RESECTION = 1
    ABDOMINOPERINEAL_RESECTION = 2
    HARTMANN = 3


class Plane(IntEnum):
    """Plane of surgery, as the pathologist grades the specimen."""

    MESORECTAL = 0
    INTRAMESORECTAL = 1
    MUSCULARIS = 2


class Reading(IntEnum):
    """Response to neoadjuvant treatment, as endoscopy, examination and MRI read it."""

    NONE = 0
    COMPLETE = 1
    NEAR_COMPLETE = 2
    INCOMPLETE = 3


class RegrowthSite(IntEnum):
    """Where tumour that was left in an organ-preserving course grows."""

    LUMEN = 0
    MESORECTUM = 1
    LATERAL_LEFT = 2
    LATERAL_RIGHT = 3


class Harm(IntEnum):
    """What treatment costs the patient: a state with a beginning and an end."""

    TEMPORARY_STOMA = 0
    PERMANENT_STOMA = 1
    MAJOR_BOWEL_DYSFUNCTION = 2
    FAECAL_INCONTINENCE = 3
    URINARY_DYSFUNCTION = 4
    SEXUAL_DYSFUNCTION = 5
    SEVERE_MORBIDITY = 6
    REOPERATION = 7
    BOWEL_OBSTRUCTION = 8
    PELVIC_FRACTURE = 9
    SECOND_CANCER = 10
    SALVAGE_MORBIDITY = 11
    SEVERE_TOXICITY = 12


class Mechanism(IntEnum):
    """Why cells stayed behind."""

    MARGIN = 0
    MESORECTUM = 1
    LATERAL_NODE = 2
    EXFOLIATION = 3
    SPILLAGE = 4


class Route(IntEnum):
    """The place of a mechanism's deposit; each can hold one seed."""

    CIRCUMFERENTIAL = 0
    DISTAL = 1
    MESORECTUM = 2
    LATERAL_LEFT = 3
    LATERAL_RIGHT = 4
    ANASTOMOTIC = 5
    PERIANASTOMOTIC = 6
    SPILLAGE = 7


MECHANISM_OF_ROUTE = np.array(
    [
        Mechanism.MARGIN,
        Mechanism.MARGIN,
        Mechanism.MESORECTUM,
        Mechanism.LATERAL_NODE,
        Mechanism.LATERAL_NODE,
        Mechanism.EXFOLIATION,
        Mechanism.EXFOLIATION,
        Mechanism.SPILLAGE,
    ]
)


class Compartment(IntEnum):
    """Where in the pelvis a recurrence grows; a set of them is a bit mask."""

    CENTRAL = 0
    ANTERIOR = 1
    POSTERIOR = 2
    LATERAL_LEFT = 3
    LATERAL_RIGHT = 4
    PERINEAL = 5
    PERITONEAL = 6


class SpillPattern(IntEnum):
    """How spilled cells grow."""

    NONE = 0
    FOCAL = 1
    ALONG_ABSCESS = 2
    MULTIFOCAL = 3
    CARCINOMATOSIS = 4


class FoundBy(IntEnum):
    """What brought a recurrence or a metastasis to light."""

    NOT_FOUND = 0
    VISIT = 1
    SYMPTOMS = 2


class Procedure(IntEnum):
    """Salvage operation, by the compartments that must come out."""

    NONE = 0
    CENTRAL_RESECTION = 1
    EXENTERATION = 2
    ABDOMINOSACRAL = 3
    SIDEWALL = 4
    PERINEAL = 5


class Specialty(IntEnum):
    """Teams in the salvage theatre; a set of them is a bit mask."""

    COLORECTAL = 0
    UROLOGY = 1
    GYNAECOLOGY = 2
    PLASTIC = 3
    ORTHOPAEDIC = 4
    VASCULAR = 5


class Margin(IntEnum):
    """Margin of the salvage resection."""

    NONE = 0
    R0 = 1
    R1 = 2
    R2 = 3


class Cause(IntEnum):
    """Cause of death."""

    ALIVE = 0
    OTHER = 1
    OPERATIVE = 2
    CANCER = 3


class Cost(IntEnum):
    """What money is spent on. The first are charged as they happen, the others follow from the whole life."""

    DIAGNOSIS = 0
    NEOADJUVANT = 1
    SURGERY = 2
    ADJUVANT = 3
    FOLLOW_UP = 4
    SALVAGE = 5
    METASTASES = 6
    PALLIATION = 7  # of a recurrence, of what cannot be controlled, and at the end of life
    TRAVEL = 8
    STOMA_AND_LATE_HARM = 9
    OTHER_CARE = 10  # of other diseases, in the years lived
    ABSENCE = 11  # from work
    INFORMAL_CARE = 12


N_CHARGED = Cost.TRAVEL + 1

T_CATEGORY = np.array([1, 2, 3, 3, 4, 4])  # by clinical T

N_ROUTES = len(Route)
N_COMPARTMENTS = len(Compartment)
N_HARMS = len(Harm)

ROW = record_dtype(
    [
        # traits at diagnosis
        ("number", "i8"),
        ("diagnosed_day", "f8"),
        ("age_years", "f8"),
        ("height_above_verge_cm", "f8"),
        ("mesorectum_mm", "f8"),  # thickness at the tumour: muscularis to fascia
        ("fascia_distance_mm", "f8"),  # tumour to mesorectal fascia; after treatment, what is left of it
        (
            "lateral_size_mm",
            "f8",
            (2,),
        ),  # short axis of the largest lateral node, left and right, as it is; 0 none
        ("lateral_mm", "f8", (2,)),  # short axis of the largest lateral node, left and right; 0 none seen
        ("lateral_residual_mm", "f8", (2,)),
        ("aggressiveness", "f8"),  # hidden, standard normal
        ("radiosensitivity", "f8"),  # hidden, standard normal
        ("ct", "i4"),
        ("cn", "i4"),  # nodes as MRI reads them: 0, 1, 2
        ("nodes", "i4"),  # mesorectal nodes as they are: 0, 1, 2
        ("quadrant", "i4"),
        ("lateral_site", "i4", (2,)),
        ("lateral_involved", "u1", (2,)),  # hidden
        ("female", "?"),
        ("unfit", "?"),
        ("emvi", "?"),
        ("fascia_threatened", "?"),
        ("fascia_reading_mm", "f8"),  # the same distance before treatment, as MRI reads it
        # plan and neoadjuvant treatment
        ("plan", "i4"),  # of the policy's plans, by the groups of its guideline
        ("risk_group", "i4", (N_MOMENTS,)),  # by moment; -1 none
        ("high_risk", "?"),
        ("never_resected", "?"),  # too old, too unfit, or unwilling
        ("boosted", "?"),
        ("contact_boosted", "?"),
        ("irradiated", "?"),
        ("complete_response", "?"),  # no tumour left at the site of the primary
        ("lateral_sterilised", "u1", (2,)),
        ("regimen", "i4"),
        ("treatment_omitted", "?"),  # offered before surgery, and not given
        ("treatment_stopped", "?"),  # for its toxicity
        # days from which nothing alive is left of the primary, its nodes, and the lateral nodes
        ("primary_cleared_day", "f8"),
        ("nodes_cleared_day", "f8"),
        ("lateral_cleared_day", "f8", (2,)),
        # organ preservation
        ("reading", "i4"),  # the last one
        ("readings", "i4"),  # how many
        ("excised_day", "f8"),
        ("watch_from_day", "f8"),
        ("next_watch_visit", "i4"),  # index in the schedule
        ("regrowth_site", "i4"),  # -1 none
        ("regrowth_onset_day", "f8"),
        ("regrowth_found_day", "f8"),
        ("regrowth_found_by", "i4"),
        (
            "treated_until_day",
            "f8",
        ),  # of who is irradiated and never resected: the end of the interval after it
        ("uncontrolled_day", "f8"),  # from which a primary or a regrowth is left to grow
        # surgery
        ("operation", "i4"),  # planned when the resection is booked
        ("planned_minutes", "f8"),
        ("plane", "i4"),
        ("operated_day", "f8"),
        ("crm_mm", "f8"),
        ("distal_margin_mm", "f8"),
        ("crm_involved", "?"),
        ("emergency", "?"),  # operated on because the tumour obstructed or perforated
        ("anastomosis", "?"),
        ("diverting_stoma", "?"),
        ("washed_out", "?"),
        ("perforated", "?"),
        ("breached", "?"),
        ("dissected", "u1", (2,)),
        ("leaked", "?"),  # recognised clinically
        ("abscess", "?"),  # by the anastomosis: after a leak, recognised or not
        ("pathological_stage", "i4"),  # 0 no tumour left, 1, 2, 3
        ("adjuvant", "?"),
        ("postoperatively_irradiated", "?"),
        # seeds, by route
        ("seed_probability", "f8", (N_ROUTES,)),
        ("onset_day", "f8", (N_ROUTES,)),
        ("seed_compartment", "i4", (N_ROUTES,)),
        ("seed_compartments", "i4", (N_ROUTES,)),
        ("cells_left", "u1", (N_ROUTES,)),
        ("survived", "u1", (N_ROUTES,)),
        ("luminal_cells", "?"),
        ("spill_pattern", "i4"),
        # recurrence
        ("recurrence_onset_day", "f8"),
        ("recurrence_found_day", "f8"),
        ("salvage_day", "f8"),
        ("rerecurrence_day", "f8"),
        ("recurrence_route", "i4"),
        ("recurrence_compartment", "i4"),
        ("recurrence_compartments", "i4"),
        ("found_by", "i4"),
        ("salvage_procedure", "i4"),
        ("salvage_specialties", "i4"),
        ("salvage_margin", "i4"),
        ("unresectable", "?"),
        ("synchronous_metastasis", "?"),
        ("curative_intent", "?"),
        ("recurrence_palliated", "?"),  # treated without curative intent
        ("expert_centre", "?"),
        ("salvage_induction", "?"),
        ("salvage_irradiated", "?"),
        ("salvage_complication", "?"),
        # metastasis and death
        ("metastasis_probability", "f8"),
        ("metastasis_onset_day", "f8"),
        ("metastasis_found_day", "f8"),
        ("metastasis_found_by", "i4"),
        ("metastasis_systemic", "?"),  # systemic treatment of the metastases
        ("metastasis_resected", "?"),
        ("death_day", "f8"),
        ("death_cause", "i4"),
        # harm, by kind
        ("harm_from_day", "f8", (N_HARMS,)),
        ("harm_until_day", "f8", (N_HARMS,)),
        # what was used
        ("theatre_minutes", "f8"),
        ("radiotherapy_fractions", "f8"),
        ("radiotherapy_courses", "i4"),
        ("chemotherapy_courses", "i4"),
        ("visits", "i4"),
        ("next_visit", "i4"),  # index in the schedule
        ("ct_scans", "i4"),
        ("mri_scans", "i4"),
        ("endoscopies", "i4"),
        ("charged", "f8", (N_CHARGED,)),  # discounted to diagnosis, by ``Cost``; 0 where no prices are set
        # what is pending, and what the patient waits for
        ("waiting", "i8"),  # bit mask of events
        ("refused", "?"),  # a treatment that was waited for too long
        ("waited_days", "f8", (N_EVENTS,)),  # by event, over all requests
        ("agenda", "f8", (N_EVENTS,)),
    ]
)

_NEVER = (
    "operated_day",
    "onset_day",
    "recurrence_onset_day",
    "recurrence_found_day",
    "salvage_day",
    "rerecurrence_day",
    "metastasis_onset_day",
    "metastasis_found_day",
    "death_day",
    "primary_cleared_day",
    "nodes_cleared_day",
    "lateral_cleared_day",
    "excised_day",
    "watch_from_day",
    "regrowth_onset_day",
    "regrowth_found_day",
    "treated_until_day",
    "uncontrolled_day",
    "harm_from_day",
    "harm_until_day",
    "agenda",
    "crm_mm",
    "distal_margin_mm",
)


def new_patients(first: int, stop: int) -> np.ndarray:
    """Return the rows of patients ``first`` to ``stop - 1`` before diagnosis on day 0, shape (n,)."""
    rows = np.zeros(stop - first, ROW)
    rows["number"] = np.arange(first, stop)
    for name in _NEVER:
        rows[name] = np.inf
    rows["recurrence_route"] = -1
    rows["recurrence_compartment"] = -1
    rows["regrowth_site"] = -1
    rows["risk_group"] = -1
    rows["agenda"][:, Event.DIAGNOSIS] = 0.0
    return rows
