"""When each lever acts: until then a course is the same under policies that differ in it alone."""

from collections.abc import Sequence

import numpy as np

from sim.events import N_EVENTS, Event
from sim.policy import Regimen

_BOOKS_RESECTION = (
    Event.TEAM_MEETING,
    Event.NEOADJUVANT,
    Event.RESTAGING_MRI,
    Event.REASSESSMENT,
    Event.LOCAL_EXCISION,
    Event.WATCH_VISIT,
    Event.REGROWTH_SYMPTOMS,
    Event.REFUSAL,
)
_ASSESSES = (Event.RESTAGING_MRI, Event.REASSESSMENT)
_RESECTS = (Event.RESECTION, Event.PRIMARY_EMERGENCY)
# Levers that the start of neoadjuvant treatment reads only where it books a resection.
_READ_AT_BOOKING = ("operation", "lateral_dissection", "lateral_threshold_mm", "lateral_sides")

# The events whose reactions read a lever, a schedule or a guideline. One that is not here may act at any.
ACTS_AT: dict[str, tuple[Event, ...]] = {
    "guideline": (Event.TEAM_MEETING, Event.RESTAGING_MRI, Event.PATHOLOGY),
    "neoadjuvant": (Event.TEAM_MEETING,),
    "neoadjuvant_for": (Event.TEAM_MEETING,),
    "adherence": (Event.TEAM_MEETING, Event.NEOADJUVANT),
    "lateral_boost": (Event.TEAM_MEETING,),
    "contact_boost": (Event.TEAM_MEETING,),
    "organ_preservation": (Event.TEAM_MEETING, *_ASSESSES),
    "local_excision": (Event.TEAM_MEETING, *_ASSESSES),
    "local_excision_up_to": (Event.TEAM_MEETING, *_ASSESSES),
    "operation": _BOOKS_RESECTION,
    "lateral_dissection": _BOOKS_RESECTION,
    "lateral_threshold_mm": _BOOKS_RESECTION,
    "lateral_sides": _BOOKS_RESECTION,
    "surgical_training": _RESECTS,
    "centralisation": _RESECTS,
    "washout": _RESECTS,
    "diverting_stoma": _RESECTS,
    "leak_prevention": _RESECTS,
    "postoperative_chemoradiotherapy": (Event.PATHOLOGY,),
    "adjuvant_chemotherapy": (Event.PATHOLOGY,),
    "follow_up": (Event.PATHOLOGY, Event.VISIT, Event.LOCAL_EXCISION, Event.WATCH_VISIT, *_ASSESSES),
    "recurrence_centre": (Event.RECURRENCE_MEETING,),
    "recurrence_induction_chemotherapy": (Event.RECURRENCE_MEETING,),
    "recurrence_reirradiation": (Event.RECURRENCE_MEETING,),
    "queue_priority": (),  # a matter of the clinic, not of any event
}


def acts(worlds: Sequence[np.ndarray]) -> np.ndarray:
    """Return at which events each two policies may act differently, bool, shape (events, policies, policies).

    On the diagonal: whether the policy may differ there from one after it. ``worlds``: the packed worlds of
    each policy.
    """
    policies = len(worlds)
    found = np.zeros((N_EVENTS, policies, policies), bool)
    for one in range(policies):
        for other in range(one + 1, policies):
            for name in _differences(worlds[one], worlds[other]):
                events = set(ACTS_AT.get(name, Event))
                if name in _READ_AT_BOOKING and not any(map(_operates_at_once, (worlds[one], worlds[other]))):
                    events.discard(Event.NEOADJUVANT)
                found[list(events), one, other] = True
        found[:, one, one] = found[:, one, one + 1 :].any(axis=1)
    return found


def _operates_at_once(worlds: np.ndarray) -> bool:
    """Return whether the start of neoadjuvant treatment may book a resection, which follows at once."""
    return bool((worlds["policy"]["neoadjuvant"] == Regimen.SHORT_COURSE).any())


def _differences(one: np.ndarray, other: np.ndarray) -> set[str]:
    """Return the names of the levers, and of the other sections of a world, in which policies differ.

    Policies with several plans differ in all that may act, unless all plans are the same.
    """
    if len(one) != len(other):
        return set(ACTS_AT)
    found = set()
    for section in one.dtype.names or ():
        if section == "policy":
            levers = one.dtype[section].names or ()
            found |= {lever for lever in levers if (one[section][lever] != other[section][lever]).any()}
        elif one[section].tobytes() != other[section].tobytes():
            found.add(section)
    return found | set(ACTS_AT) if found and len(one) > 1 else found
