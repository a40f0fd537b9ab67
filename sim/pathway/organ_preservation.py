"""Organ preservation: the response is read, the organ kept or not, and what is left grows again."""

import numpy as np

from sim.agenda import call_off
from sim.compiled import Record, compiled
from sim.distributions import happens, lognormal, on_grid
from sim.events import Event
from sim.fitness import odds_by_age_and_fitness
from sim.pathway.follow_up import day_due, look_for_metastasis, next_due, seen
from sim.pathway.harm import harm_of_irradiated_organ
from sim.pathway.primary import book_danger, end_danger
from sim.pathway.response import clear
from sim.pathway.surgery import book_resection
from sim.patient import Cost, FoundBy, Reading, RegrowthSite, TStage
from sim.policy import LocalExcision, OrganPreservation
from sim.uses import look_by_endoscopy, scan_by_ct, scan_by_mri, use_theatre, visit_clinic

LOOKS = 3  # a first look, and a second and a third at near-complete responses


@compiled
def excisable(patient: Record, world: Record) -> bool:
    """Return whether the tumour can be excised locally: as shallow as the policy asks, and within reach."""
    near = patient.height_above_verge_cm <= world.organ_preservation.within_reach_up_to_cm
    return near and patient.ct <= world.policy.local_excision_up_to and patient.cn == 0


@compiled
def excises_first(patient: Record, world: Record) -> bool:
    """Return whether the policy excises this tumour locally, in place of a resection."""
    return world.policy.local_excision == LocalExcision.PRIMARY and excisable(patient, world)


@compiled
def read_response(patient: Record, luck: Record, world: Record, now: float) -> int:
    """Return the reading of the response by endoscopy, examination and MRI, as this hospital reads it.

    One uniform is how legible a scar is: it reads the same at every look, unless the tumour goes.
    """
    organ = world.organ_preservation
    cohort = world.cohort
    largest = max(patient.lateral_residual_mm[0], patient.lateral_residual_mm[1])
    if largest >= world.staging.enlarged_lateral_node_mm:
        return Reading.INCOMPLETE
    if patient.nodes > 0 and luck.node_rereading < world.staging.node_sensitivity:
        return Reading.INCOMPLETE
    if patient.complete_response:
        complete = cohort.response_sensitivity
        near = organ.cleared_near_complete_share
    else:
        complete = 1.0 - cohort.response_specificity
        clearing = patient.primary_cleared_day < np.inf
        near = organ.clearing_near_complete_share if clearing else organ.residual_near_complete_share
    if luck.response_reading < complete:
        return Reading.COMPLETE
    if luck.response_reading < complete + (1.0 - complete) * near:
        return Reading.NEAR_COMPLETE
    return Reading.INCOMPLETE


@compiled
def reads(patient: Record, world: Record) -> bool:
    """Return whether the policy has this patient's response read, by endoscopy too."""
    policy = world.policy
    if patient.never_resected:
        return False
    keeps = policy.organ_preservation != OrganPreservation.NEVER
    return keeps or (policy.local_excision == LocalExcision.AFTER_TREATMENT and excisable(patient, world))


@compiled
def assess(patient: Record, luck: Record, world: Record, now: float) -> None:
    """Decide on what is read: watch, look again, excise locally, or book the resection."""
    policy = world.policy
    keeps = policy.organ_preservation != OrganPreservation.NEVER
    excises = policy.local_excision == LocalExcision.AFTER_TREATMENT and excisable(patient, world)
    surgery_day = now + on_grid(world.pathway.restaging_to_surgery_days)
    if not reads(patient, world):
        book_resection(patient, luck, world, surgery_day)
        return
    look_by_endoscopy(patient, world, Cost.NEOADJUVANT, now)
    patient.readings += 1
    patient.reading = read_response(patient, luck, world, now)
    small = excises and patient.ct <= TStage.T2  # what is left is excised, and its specimen decides
    if patient.reading == Reading.INCOMPLETE and not small:
        book_resection(patient, luck, world, surgery_day)
    elif not keeps or (small and patient.reading == Reading.INCOMPLETE):
        patient.agenda[Event.LOCAL_EXCISION] = surgery_day
    elif patient.reading == Reading.COMPLETE:
        watch(patient, luck, world, now)
    elif policy.organ_preservation != OrganPreservation.COMPLETE and patient.readings < LOOKS:
        days = on_grid(7.0 * world.organ_preservation.reassessment_weeks)
        patient.agenda[Event.REASSESSMENT] = now + days
    elif excises:
        patient.agenda[Event.LOCAL_EXCISION] = surgery_day
    else:
        book_resection(patient, luck, world, surgery_day)


@compiled
def reassess(patient: Record, luck: Record, world: Record, now: float) -> None:
    """A further look at a near-complete response."""
    scan_by_mri(patient, world, Cost.NEOADJUVANT, now)
    clear(patient, now)
    assess(patient, luck, world, now)


@compiled
def watch(patient: Record, luck: Record, world: Record, now: float) -> None:
    """The organ is kept and watched; what is left, and will not be cleared, grows again."""
    patient.watch_from_day = now
    if patient.irradiated:
        harm_of_irradiated_organ(patient, luck, world, now)
    end_danger(patient)
    call_off(patient, Event.PRIMARY_PROGRESSION)
    book_watch_visit(patient, world, now)
    book_regrowth(patient, luck, world, now)
    if patient.agenda[Event.REGROWTH_ONSET] == np.inf:
        call_off(patient, Event.METASTASIS_SEEDING)


@compiled
def is_left(patient: Record, site: int) -> bool:
    """Return whether tumour that treatment will not clear is left at a site."""
    if site == RegrowthSite.LUMEN:
        return not patient.complete_response and patient.primary_cleared_day == np.inf
    if site == RegrowthSite.MESORECTUM:
        return patient.nodes > 0 and patient.nodes_cleared_day == np.inf
    side = site - RegrowthSite.LATERAL_LEFT
    alive = patient.lateral_involved[side] and not patient.lateral_sterilised[side]
    return alive and patient.lateral_cleared_day[side] == np.inf


@compiled
def book_regrowth(patient: Record, luck: Record, world: Record, now: float) -> None:
    """Book the first regrowth, of the sites at which tumour is left."""
    organ = world.organ_preservation
    first = np.inf
    for site in range(len(luck.regrowth_onset)):
        if is_left(patient, site):
            days = lognormal(
                luck.regrowth_onset[site], organ.regrowth_onset_median_days, organ.regrowth_onset_sigma
            )
            if days < first:
                first = days
                patient.regrowth_site = site
    patient.agenda[Event.REGROWTH_ONSET] = now + on_grid(first)


@compiled
def regrow(patient: Record, luck: Record, world: Record, now: float) -> None:
    """Tumour that was left can be detected: a primary again, with its symptoms and its dangers."""
    organ = world.organ_preservation
    patient.regrowth_onset_day = now
    days = lognormal(
        luck.regrowth_symptoms, organ.regrowth_symptoms_median_days, organ.regrowth_symptoms_sigma
    )
    patient.agenda[Event.REGROWTH_SYMPTOMS] = now + on_grid(days)
    book_danger(patient, luck, world, now)


@compiled
def book_watch_visit(patient: Record, world: Record, now: float) -> None:
    """Book the next visit of the surveillance schedule; one whose day has passed is skipped."""
    days = world.follow_up.watch_days
    patient.next_watch_visit = next_due(days, patient.next_watch_visit, patient.watch_from_day, now)
    patient.agenda[Event.WATCH_VISIT] = day_due(days, patient.next_watch_visit, patient.watch_from_day)


@compiled
def visit_watched(patient: Record, luck: Record, world: Record, now: float) -> None:
    """A surveillance visit: endoscopy, at some visits MRI and CT; what is there may be seen."""
    detection = world.detection
    k = patient.next_watch_visit
    patient.next_watch_visit += 1
    visit_clinic(patient, world, now)
    look_by_endoscopy(patient, world, Cost.FOLLOW_UP, now)
    missed = 1.0 - detection.clinic_local_sensitivity
    missed_distantly = 1.0 - detection.clinic_distant_sensitivity
    if patient.regrowth_site == RegrowthSite.LUMEN:
        missed *= 1.0 - world.organ_preservation.endoscopy_regrowth_sensitivity
    if world.follow_up.watch_mri[k] > 0.0:
        scan_by_mri(patient, world, Cost.FOLLOW_UP, now)
        missed *= 1.0 - detection.mri_local_sensitivity
    if world.follow_up.watch_ct[k] > 0.0:
        scan_by_ct(patient, world, Cost.FOLLOW_UP, now)
        missed_distantly *= 1.0 - detection.ct_distant_sensitivity
    book_watch_visit(patient, world, now)
    growing = now - patient.regrowth_onset_day
    if growing > 0.0 and seen(luck.regrowth_conspicuity, missed, growing, detection.ripening_days):
        find_regrowth(patient, luck, world, FoundBy.VISIT, now)
    look_for_metastasis(patient, luck, world, missed_distantly, now)


@compiled
def give_regrowth_symptoms(patient: Record, luck: Record, world: Record, now: float) -> None:
    """The regrowth gives symptoms, and is found."""
    find_regrowth(patient, luck, world, FoundBy.SYMPTOMS, now)


@compiled
def find_regrowth(patient: Record, luck: Record, world: Record, found_by: int, now: float) -> None:
    """The regrowth is found: it is resected where that can be done, and is palliated otherwise.

    With metastases that stay, it is palliated.
    """
    organ = world.organ_preservation
    patient.regrowth_found_day = now
    patient.regrowth_found_by = found_by
    call_off(patient, Event.WATCH_VISIT)
    call_off(patient, Event.REGROWTH_SYMPTOMS)
    odds = odds_by_age_and_fitness(
        patient,
        world.mortality.operative_reference_age_years,
        organ.regrowth_resection_log_odds_per_year,
        organ.regrowth_resection_unfit_odds_ratio,
    )
    if found_by == FoundBy.SYMPTOMS:
        odds *= organ.regrowth_resection_symptoms_odds_ratio
    spread = patient.metastasis_found_day <= now and not patient.metastasis_resected
    operable = happens(luck.regrowth_resection, organ.regrowth_resection_probability, odds)
    if operable and not spread:
        days = world.pathway.recurrence_workup_days + world.pathway.recurrence_meeting_to_treatment_days
        book_resection(patient, luck, world, now + on_grid(days))
    else:
        patient.uncontrolled_day = now


@compiled
def excise(patient: Record, luck: Record, world: Record, now: float) -> None:
    """Local excision; completion surgery where the specimen shows risk, else the organ is watched."""
    organ = world.organ_preservation
    clear(patient, now)
    patient.excised_day = now
    economics = world.economics
    use_theatre(
        patient,
        world,
        Cost.SURGERY,
        organ.excision_minutes,
        economics.local_excision_ward_days,
        0.0,
        economics.local_excision_materials_price,
        now,
    )
    tumour = not patient.complete_response
    left = tumour and luck.excision_residue < organ.excision_residue_probability[patient.ct]
    high_risk = organ.excision_high_risk_share if patient.ct == TStage.T1 else 1.0
    if patient.irradiated:
        high_risk = organ.treated_high_risk_share
    risk = tumour and luck.excision_risk < high_risk
    if not left:
        patient.complete_response = True
        patient.primary_cleared_day = min(patient.primary_cleared_day, now)
    else:
        patient.primary_cleared_day = np.inf  # what is left grows on
    if luck.excision_death < organ.excision_death_probability:
        days = luck.excision_death / organ.excision_death_probability * world.mortality.operative_days
        patient.agenda[Event.DEATH_OPERATIVE] = now + on_grid(days)
    end_danger(patient)
    call_off(patient, Event.PRIMARY_PROGRESSION)
    if risk and luck.completion < organ.completion_probability:
        days = world.pathway.surgery_to_pathology_days + world.pathway.meeting_to_surgery_days
        book_resection(patient, luck, world, now + on_grid(days))
    else:
        watch(patient, luck, world, now)
