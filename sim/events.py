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
    REASSESSMENT = 5
    LOCAL_EXCISION = 6
    RESECTION = 7
    PATHOLOGY = 8
    POSTOPERATIVE_CHEMORADIOTHERAPY = 9
    VISIT = 10
    WATCH_VISIT = 11
    REGROWTH_ONSET = 12
    REGROWTH_SYMPTOMS = 13
    RECURRENCE_ONSET = 14
    RECURRENCE_SYMPTOMS = 15
    RECURRENCE_PROGRESSION = 16
    RECURRENCE_MEETING = 17
    SALVAGE_TREATMENT = 18
    SALVAGE_RESECTION = 19
    RERECURRENCE = 20
    METASTASIS_ONSET = 21
    METASTASIS_SYMPTOMS = 22
    PRIMARY_PROGRESSION = 23
    PRIMARY_EMERGENCY = 24
    METASTASIS_SEEDING = 25
    REFUSAL = 26
    DEATH_OPERATIVE = 27
    DEATH_PRIMARY = 28
    DEATH_RECURRENCE = 29
    DEATH_METASTASIS = 30
    DEATH_OTHER = 31


N_EVENTS = len(Event)

# What a clock notes, in order: (day, index of the row, event).
Journal = list[tuple[float, int, int]]


def event_name(event: int) -> str:
    """Return an event's name, as the journal writes it: ``staging_mri``."""
    return Event(event).name.lower()
