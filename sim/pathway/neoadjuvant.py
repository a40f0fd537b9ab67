"""Plan and neoadjuvant treatment: who is irradiated, and what it does before surgery."""

from sim.compiled import Record, compiled
from sim.distributions import on_grid
from sim.events import Event
from sim.pathway.metastasis import treat_occult_metastasis
from sim.pathway.mortality import hasten_death
from sim.pathway.primary import stop_growth
from sim.pathway.response import respond
from sim.pathway.surgery import book_resection
from sim.patient import TStage
from sim.policy import NeoadjuvantFor, Regimen


@compiled
def offered(patient: Record, policy: Record) -> bool:
    """Return whether the policy offers this patient neoadjuvant treatment, on what MRI shows."""
    if policy.neoadjuvant_for == NeoadjuvantFor.EVERYONE:
        return True
    if policy.neoadjuvant_for == NeoadjuvantFor.HIGH_RISK:
        return patient.high_risk
    return patient.ct >= TStage.T3AB or patient.cn > 0


@compiled
def plan(patient: Record, luck: Record, world: Record, now: float) -> None:
    """Team meeting: the policy chooses the regimen; surgery follows, or the treatment before it."""
    policy = world.policy
    regimen = policy.neoadjuvant
    if regimen == Regimen.NONE or not offered(patient, policy):
        patient.regimen = Regimen.NONE
        book_resection(patient, luck, world, now + on_grid(world.pathway.meeting_to_surgery_days))
        return
    patient.regimen = regimen
    largest = max(patient.lateral_mm[0], patient.lateral_mm[1])
    patient.boosted = policy.lateral_boost and largest >= policy.lateral_threshold_mm
    patient.agenda[Event.NEOADJUVANT] = now + on_grid(world.pathway.meeting_to_radiotherapy_days)


@compiled
def treat(patient: Record, luck: Record, world: Record, now: float) -> None:
    """Start of neoadjuvant treatment; restaging where the interval allows it, then resection."""
    neoadjuvant = world.neoadjuvant
    regimen = patient.regimen
    stop_growth(patient)
    patient.irradiated = True
    hasten_death(patient, world, now)
    patient.radiotherapy_courses += 1
    patient.radiotherapy_fractions += neoadjuvant.fractions_count[regimen]
    if regimen == Regimen.TOTAL_NEOADJUVANT:
        patient.chemotherapy_courses += 1
    duration = neoadjuvant.duration_days[regimen] + 7.0 * neoadjuvant.interval_weeks[regimen]
    if regimen == Regimen.SHORT_COURSE:
        respond(patient, luck, world)
        book_resection(patient, luck, world, now + on_grid(duration))
    else:
        until_restaging = max(duration - world.pathway.restaging_to_surgery_days, 0.0)
        patient.agenda[Event.RESTAGING_MRI] = now + on_grid(until_restaging)


@compiled
def restage(patient: Record, luck: Record, world: Record, now: float) -> None:
    """Restaging MRI after treatment: the response is now what it will be at resection."""
    patient.mri_scans += 1
    respond(patient, luck, world)
    if patient.regimen == Regimen.TOTAL_NEOADJUVANT:
        treat_occult_metastasis(patient, luck, world.neoadjuvant.total_neoadjuvant_metastasis_odds_ratio)
    book_resection(patient, luck, world, now + on_grid(world.pathway.restaging_to_surgery_days))
