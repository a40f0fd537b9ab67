"""A primary that obstructs or perforates before its turn: an operation at once, whatever was planned."""

from sim.agenda import call_off
from sim.compiled import Record, compiled
from sim.events import Event
from sim.pathway.harm import begin_stoma
from sim.pathway.mortality import book_emergency_death
from sim.pathway.surgery import resect
from sim.patient import Cost, FoundBy, Operation
from sim.policy import Regimen
from sim.uses import charge


@compiled
def drop_plan(patient: Record) -> None:
    """Call off what was planned or waited for before the operation."""
    for event in (
        Event.STAGING_MRI,
        Event.TEAM_MEETING,
        Event.NEOADJUVANT,
        Event.RESTAGING_MRI,
        Event.REASSESSMENT,
        Event.LOCAL_EXCISION,
        Event.RESECTION,
        Event.REFUSAL,
    ):
        call_off(patient, event)
    if not patient.irradiated:
        patient.regimen = Regimen.NONE


@compiled
def operate_at_once(patient: Record, luck: Record, world: Record, now: float) -> None:
    """Obstruction or perforation: a Hartmann operation, or a stoma alone for who is never resected.

    It waits for no theatre: emergencies have one of their own.
    """
    if patient.never_resected or patient.uncontrolled_day <= now:
        patient.uncontrolled_day = min(patient.uncontrolled_day, now)
        begin_stoma(patient, now)
        charge(patient, world, Cost.SURGERY, world.economics.emergency_stoma_price, 1.0, now)
        book_emergency_death(patient, luck, world, now)
        return
    drop_plan(patient)
    if patient.regrowth_onset_day <= now and patient.regrowth_found_by == FoundBy.NOT_FOUND:
        patient.regrowth_found_day = now
        patient.regrowth_found_by = FoundBy.SYMPTOMS
    patient.emergency = True
    patient.operation = Operation.HARTMANN
    patient.planned_minutes = world.surgery.resection_minutes[Operation.HARTMANN]
    patient.dissected[:] = False
    resect(patient, luck, world, now)
