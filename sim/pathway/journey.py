"""The journey: which reaction belongs to which event, and what comes next."""

import numpy as np

from sim.agenda import next_event
from sim.compiled import Record, compiled, compiled_whole
from sim.events import END, Event
from sim.guideline import place_in_group
from sim.pathway.diagnosis import diagnose, stage
from sim.pathway.emergency import operate_at_once
from sim.pathway.follow_up import irradiate_after_surgery, review_pathology, visit
from sim.pathway.metastasis import appear_metastasis, give_metastasis_symptoms, sow_metastasis
from sim.pathway.mortality import die_of_cancer, die_of_other_causes, die_of_primary, die_operative
from sim.pathway.neoadjuvant import plan, restage, treat
from sim.pathway.organ_preservation import excise, give_regrowth_symptoms, reassess, regrow, visit_watched
from sim.pathway.primary import book_growth, progress_primary, seed_metastasis
from sim.pathway.recurrence import appear, give_symptoms, progress, rerecur
from sim.pathway.refusal import refuse
from sim.pathway.response import respond
from sim.pathway.salvage import meet, operate, prepare
from sim.pathway.surgery import resect
from sim.seen import Moment


@compiled
def react(
    rows: np.ndarray, luck_table: np.ndarray, worlds: np.ndarray, i: int, event: int, horizon_days: float
) -> int:
    """Let the event that is due happen to patient i; return the next event, or END.

    ``rows`` dtype ROW and ``luck_table`` dtype LUCK, shape (n,); ``worlds`` the packed records of the
    policy's plans, shape (1,) without a guideline. The row is written in place; the event leaves the agenda.
    """
    return happen(rows[i], luck_table[i], worlds, event, horizon_days)


@compiled_whole
def happen(patient: Record, luck: Record, worlds: np.ndarray, event: int, horizon_days: float) -> int:
    """As ``react``, for compiled loops, which have the records at hand."""
    world = worlds[patient.plan]
    now = patient.agenda[event]
    patient.agenda[event] = np.inf
    if event == Event.VISIT:
        visit(patient, luck, world, now)
    elif event <= Event.POSTOPERATIVE_CHEMORADIOTHERAPY:
        _be_treated(patient, luck, worlds, event, now)
    elif event <= Event.RERECURRENCE:
        _regrow_or_recur(patient, luck, world, event, now)
    else:
        _spread_or_die(patient, luck, world, event, now)
    return next_event(patient, horizon_days)


@compiled
def visit_in_vain(
    patient: Record, luck: Record, worlds: np.ndarray, horizon_days: float, waits_for_mri: bool
) -> int:
    """Let the visits happen that come before anything else; return the next event, or END.

    As ``happen`` one by one; but since they show nothing, only the next visit is new on the agenda. One with
    an MRI is left to come where patients wait for it.
    """
    world, due = worlds[patient.plan], patient.agenda[Event.VISIT]
    patient.agenda[Event.VISIT] = np.inf
    event = next_event(patient, horizon_days)
    last = patient.diagnosed_day + horizon_days if event == END else patient.agenda[event]
    # Of two on the same day the first of the vocabulary happens first.
    while due < last or (due == last and (event == END or event > Event.VISIT)):
        if waits_for_mri and world.follow_up.mri[patient.next_visit] > 0.0:
            event = Event.VISIT + 0  # a number: compiled code gives a variable one type
            break
        patient.agenda[Event.VISIT] = np.inf
        visit(patient, luck, world, due)
        due = patient.agenda[Event.VISIT]
    patient.agenda[Event.VISIT] = due
    return event


@compiled
def be_diagnosed(patient: Record, luck: Record, world: Record, now: float) -> None:
    """Who the patient is, and what is there at diagnosis."""
    diagnose(patient, luck, world, now)
    sow_metastasis(patient, luck, world, now)
    book_growth(patient, luck, world, now)


@compiled_whole
def _be_treated(patient: Record, luck: Record, worlds: np.ndarray, event: int, now: float) -> None:
    """From diagnosis to what follows the resection."""
    world = worlds[patient.plan]
    if event == Event.DIAGNOSIS:
        be_diagnosed(patient, luck, world, now)
    elif event == Event.STAGING_MRI:
        stage(patient, luck, world, now)
    elif event == Event.TEAM_MEETING:
        place_in_group(patient, worlds, Moment.MEETING)
        plan(patient, luck, worlds[patient.plan], now)
    elif event == Event.NEOADJUVANT:
        treat(patient, luck, world, now)
    elif event == Event.RESTAGING_MRI:
        respond(patient, luck, world, now)  # what is seen at restaging
        place_in_group(patient, worlds, Moment.RESTAGING)
        restage(patient, luck, worlds[patient.plan], now)
    elif event == Event.REASSESSMENT:
        reassess(patient, luck, world, now)
    elif event == Event.LOCAL_EXCISION:
        excise(patient, luck, world, now)
    elif event == Event.RESECTION:
        resect(patient, luck, world, now)
    elif event == Event.PATHOLOGY:
        place_in_group(patient, worlds, Moment.PATHOLOGY)
        review_pathology(patient, luck, worlds[patient.plan], now)
    elif event == Event.POSTOPERATIVE_CHEMORADIOTHERAPY:
        irradiate_after_surgery(patient, luck, world, now)
    else:
        raise ValueError("an event has no reaction: sim/pathway/journey.py")


@compiled
def _regrow_or_recur(patient: Record, luck: Record, world: Record, event: int, now: float) -> None:
    """From the visits of an organ that is watched to what comes after a salvage resection."""
    if event == Event.WATCH_VISIT:
        visit_watched(patient, luck, world, now)
    elif event == Event.REGROWTH_ONSET:
        regrow(patient, luck, world, now)
    elif event == Event.REGROWTH_SYMPTOMS:
        give_regrowth_symptoms(patient, luck, world, now)
    elif event == Event.RECURRENCE_ONSET:
        appear(patient, luck, world, now)
    elif event == Event.RECURRENCE_SYMPTOMS:
        give_symptoms(patient, luck, world, now)
    elif event == Event.RECURRENCE_PROGRESSION:
        progress(patient, luck, world, now)
    elif event == Event.RECURRENCE_MEETING:
        meet(patient, luck, world, now)
    elif event == Event.SALVAGE_TREATMENT:
        prepare(patient, luck, world, now)
    elif event == Event.SALVAGE_RESECTION:
        operate(patient, luck, world, now)
    elif event == Event.RERECURRENCE:
        rerecur(patient, luck, world, now)
    else:
        raise ValueError("an event has no reaction: sim/pathway/journey.py")


@compiled
def _spread_or_die(patient: Record, luck: Record, world: Record, event: int, now: float) -> None:
    """Metastases, a primary that is left in place, and deaths."""
    if event == Event.METASTASIS_ONSET:
        appear_metastasis(patient, luck, world, now)
    elif event == Event.METASTASIS_SYMPTOMS:
        give_metastasis_symptoms(patient, luck, world, now)
    elif event == Event.PRIMARY_PROGRESSION:
        progress_primary(patient, luck, world, now)
    elif event == Event.PRIMARY_EMERGENCY:
        operate_at_once(patient, luck, world, now)
    elif event == Event.METASTASIS_SEEDING:
        seed_metastasis(patient, luck, world, now)
    elif event == Event.REFUSAL:
        refuse(patient, luck, world, now)
    elif event == Event.DEATH_OPERATIVE:
        die_operative(patient, luck, world, now)
    elif event == Event.DEATH_OTHER:
        die_of_other_causes(patient, luck, world, now)
    elif event == Event.DEATH_PRIMARY:
        die_of_primary(patient, luck, world, now)
    elif event == Event.DEATH_RECURRENCE or event == Event.DEATH_METASTASIS:
        die_of_cancer(patient, luck, world, now)
    else:
        raise ValueError("an event has no reaction: sim/pathway/journey.py")
