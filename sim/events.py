"""The events of a patient's course. Their order breaks ties: at one instant the smaller number is first."""

from enum import IntEnum

END = -1  # nothing more happens before the horizon


class Event(IntEnum):
    """What can be pending on a patient's agenda."""

    DIAGNOSIS = 0
    STAGING_MRI = 1
    TEAM_MEETING = 2
    NEOADJUVANT = 3
    RESTAGING_MRI = 4
    RESECTION = 5
    PATHOLOGY = 6
    POSTOPERATIVE_CHEMORADIOTHERAPY = 7
    VISIT = 8
    RECURRENCE_ONSET = 9
    RECURRENCE_SYMPTOMS = 10
    RECURRENCE_PROGRESSION = 11
    RECURRENCE_MEETING = 12
    SALVAGE_TREATMENT = 13
    SALVAGE_RESECTION = 14
    RERECURRENCE = 15
    METASTASIS_ONSET = 16
    METASTASIS_SYMPTOMS = 17
    PRIMARY_PROGRESSION = 18
    METASTASIS_SEEDING = 19
    REFUSAL = 20
    DEATH_OPERATIVE = 21
    DEATH_RECURRENCE = 22
    DEATH_METASTASIS = 23
    DEATH_OTHER = 24


N_EVENTS = len(Event)

# What a clock notes, in order: (day, index of the row, event).
Journal = list[tuple[float, int, int]]


def event_name(event: int) -> str:
    """Return an event's name, as the journal writes it: ``staging_mri``."""
    return Event(event).name.lower()
