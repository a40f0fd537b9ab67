"""Refusal: a patient who waits too long for radiotherapy or for a salvage declines it."""

from sim.agenda import abandon_salvage, call_off
from sim.compiled import Record, compiled
from sim.distributions import lognormal, on_grid
from sim.events import Event
from sim.pathway.surgery import book_resection
from sim.policy import Regimen


@compiled
def can_be_refused(event: int) -> bool:
    """Return whether patients decline this when it comes too late; nobody declines a first resection."""
    return (
        event == Event.NEOADJUVANT
        or event == Event.POSTOPERATIVE_CHEMORADIOTHERAPY
        or event == Event.SALVAGE_TREATMENT
        or event == Event.SALVAGE_RESECTION
    )


@compiled
def book_refusal(patient: Record, luck: Record, world: Record, event: int, now: float) -> None:
    """A wait begins: book the day on which the patient's patience ends."""
    if can_be_refused(event):
        pathway = world.pathway
        days = lognormal(luck.patience, pathway.patience_median_days, pathway.patience_sigma)
        patient.agenda[Event.REFUSAL] = now + on_grid(days)


@compiled
def end_wait(patient: Record, event: int) -> None:
    """The turn has come before the patience ended."""
    if can_be_refused(event):
        call_off(patient, Event.REFUSAL)


@compiled
def refuse(patient: Record, luck: Record, world: Record, now: float) -> None:
    """Patience ends: surgery, if any, without the radiotherapy before it, none after it, or palliation."""
    before = 1 << Event.NEOADJUVANT
    after = 1 << Event.POSTOPERATIVE_CHEMORADIOTHERAPY
    salvage = (1 << Event.SALVAGE_TREATMENT) | (1 << Event.SALVAGE_RESECTION)
    waits_for = patient.waiting
    patient.refused = waits_for & (before | after | salvage) != 0
    if waits_for & before:
        call_off(patient, Event.NEOADJUVANT)
        patient.regimen = Regimen.NONE
    if waits_for & before and not patient.never_resected:
        book_resection(patient, luck, world, now + on_grid(world.pathway.meeting_to_surgery_days))
    if waits_for & after:
        call_off(patient, Event.POSTOPERATIVE_CHEMORADIOTHERAPY)
    if waits_for & salvage:
        abandon_salvage(patient)
