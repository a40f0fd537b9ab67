"""After surgery: pathology and what follows from it, then visits by schedule."""

import numpy as np

from sim.compiled import Record, compiled
from sim.distributions import on_grid
from sim.events import Event
from sim.mechanisms.deposit import treat_seeds
from sim.pathway.harm import late_harm_of_radiotherapy
from sim.pathway.metastasis import find_metastasis, treat_occult_metastasis
from sim.pathway.recurrence import find_recurrence
from sim.patient import Cost, FoundBy
from sim.policy import AdjuvantChemotherapy, PostoperativeChemoradiotherapy
from sim.uses import charge, give_chemotherapy, irradiate, scan_by_ct, scan_by_mri, visit_clinic


@compiled
def wants_postoperative_chemoradiotherapy(patient: Record, policy: Record) -> bool:
    """Return whether the policy irradiates this patient now; never twice."""
    choice = policy.postoperative_chemoradiotherapy
    if patient.irradiated or choice == PostoperativeChemoradiotherapy.NEVER:
        return False
    if choice == PostoperativeChemoradiotherapy.STAGE_II_III:
        return patient.pathological_stage >= 2
    return patient.crm_involved


@compiled
def wants_adjuvant_chemotherapy(patient: Record, u: float, world: Record) -> bool:
    """Return whether the patient gets chemotherapy after surgery, by policy or by the cohort's use."""
    choice = world.policy.adjuvant_chemotherapy
    if choice == AdjuvantChemotherapy.USUAL:
        return u < world.cohort.adjuvant_probability[patient.pathological_stage]
    return choice == AdjuvantChemotherapy.STAGE_III and patient.pathological_stage == 3


@compiled
def review_pathology(patient: Record, luck: Record, world: Record, now: float) -> None:
    """The specimen's margin and nodes are known: postoperative treatment, and the first visit."""
    if wants_postoperative_chemoradiotherapy(patient, world.policy):
        day = now + on_grid(world.pathway.pathology_to_radiotherapy_days)
        patient.agenda[Event.POSTOPERATIVE_CHEMORADIOTHERAPY] = day
    if wants_adjuvant_chemotherapy(patient, luck.adjuvant, world):
        patient.adjuvant = True
        give_chemotherapy(patient, world, Cost.ADJUVANT, world.economics.adjuvant_chemotherapy_price, now)
        postoperative = world.postoperative
        treat_seeds(patient, luck, postoperative.adjuvant_seed_survival_ratio, now)
        if patient.recurrence_route < 0:  # not those that a recurrence has seeded since
            treat_occult_metastasis(patient, luck, postoperative.adjuvant_metastasis_odds_ratio)
    spread = patient.metastasis_found_by != FoundBy.NOT_FOUND and not patient.metastasis_resected
    if patient.found_by == FoundBy.NOT_FOUND and not spread:
        book_visit(patient, world, now)


@compiled
def irradiate_after_surgery(patient: Record, luck: Record, world: Record, now: float) -> None:
    """Postoperative chemoradiotherapy: fewer seeds survive."""
    postoperative = world.postoperative
    patient.irradiated = True
    patient.postoperatively_irradiated = True
    late_harm_of_radiotherapy(patient, luck, world, now)
    irradiate(patient, world, Cost.ADJUVANT, postoperative.fractions_count, now)
    charge(patient, world, Cost.ADJUVANT, world.economics.concurrent_chemotherapy_price, 0.0, now)
    treat_seeds(patient, luck, postoperative.seed_survival_ratio, now)


@compiled
def next_due(days: np.ndarray, k: int, from_day: float, now: float) -> int:
    """Return the place of a schedule's next visit, from ``k`` on; those whose day has passed are left out."""
    while k < len(days) and from_day + days[k] < now:
        k += 1
    return k


@compiled
def day_due(days: np.ndarray, k: int, from_day: float) -> float:
    """Return the day of a visit of a schedule, infinity after the last."""
    return from_day + days[k] if k < len(days) else np.inf


@compiled
def book_visit(patient: Record, world: Record, now: float) -> None:
    """Book the schedule's next visit, counted from the operation; one whose day has passed is skipped."""
    days = world.follow_up.visit_days
    patient.next_visit = next_due(days, patient.next_visit, patient.operated_day, now)
    patient.agenda[Event.VISIT] = day_due(days, patient.next_visit, patient.operated_day)


@compiled
def seen(u: float, missed_once: float, since_onset_days: float, ripening_days: float) -> bool:
    """Return whether a growth is seen: its chance to be missed falls geometrically with its time of growth.

    One uniform is the growth's conspicuity, so a more sensitive or later look finds whatever another
    would have found.
    """
    return u < 1.0 - missed_once ** (since_onset_days / ripening_days)


@compiled
def nothing_to_be_seen(patient: Record) -> bool:
    """Return whether neither a recurrence nor metastases are there that a visit could find."""
    return patient.recurrence_onset_day == np.inf and patient.metastasis_onset_day == np.inf


@compiled
def look_for_metastasis(patient: Record, luck: Record, world: Record, missed: float, now: float) -> None:
    """Metastases that are there may be seen at a visit that misses a ripe one so often."""
    growing = now - patient.metastasis_onset_day
    if growing > 0.0 and seen(luck.metastasis_conspicuity, missed, growing, world.detection.ripening_days):
        find_metastasis(patient, luck, world, FoundBy.VISIT, now)


@compiled
def visit(patient: Record, luck: Record, world: Record, now: float) -> None:
    """A visit: clinic and CEA, at some visits CT and MRI; what is there may be seen."""
    detection = world.detection
    k = patient.next_visit
    patient.next_visit += 1
    visit_clinic(patient, world, now)
    missed_locally = 1.0 - detection.clinic_local_sensitivity
    missed_distantly = 1.0 - detection.clinic_distant_sensitivity
    if world.follow_up.ct[k] > 0.0:
        scan_by_ct(patient, world, Cost.FOLLOW_UP, now)
        missed_locally *= 1.0 - detection.ct_local_sensitivity
        missed_distantly *= 1.0 - detection.ct_distant_sensitivity
    if world.follow_up.mri[k] > 0.0:
        scan_by_mri(patient, world, Cost.FOLLOW_UP, now)
        missed_locally *= 1.0 - detection.mri_local_sensitivity
    book_visit(patient, world, now)
    growing = now - patient.recurrence_onset_day
    if growing > 0.0 and seen(luck.conspicuity, missed_locally, growing, detection.ripening_days):
        find_recurrence(patient, world, FoundBy.VISIT, now)
    look_for_metastasis(patient, luck, world, missed_distantly, now)
