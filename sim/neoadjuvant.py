"""Plan and neoadjuvant treatment: who is irradiated, and what it does before the knife."""

import math

from sim.compiled import Record, compiled
from sim.distributions import normal_quantile, on_grid, with_odds
from sim.events import Event
from sim.mechanisms.lateral_node import sterilised_probability
from sim.metastasis import treat_occult_metastasis
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
        patient.agenda[Event.RESECTION] = now + on_grid(world.pathway.meeting_to_surgery_days)
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
    patient.irradiated = True
    patient.radiotherapy_courses += 1
    patient.radiotherapy_fractions += neoadjuvant.fractions_count[regimen]
    if regimen == Regimen.TOTAL_NEOADJUVANT:
        patient.chemotherapy_courses += 1
    duration = neoadjuvant.duration_days[regimen] + 7.0 * neoadjuvant.interval_weeks[regimen]
    if regimen == Regimen.SHORT_COURSE:
        respond(patient, luck, world)
        patient.agenda[Event.RESECTION] = now + on_grid(duration)
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
    patient.agenda[Event.RESECTION] = now + on_grid(world.pathway.restaging_to_surgery_days)


@compiled
def respond(patient: Record, luck: Record, world: Record) -> None:
    """Regression of the primary, clearance of mesorectal nodes, response of lateral nodes."""
    neoadjuvant = world.neoadjuvant
    regimen = patient.regimen
    bulky = neoadjuvant.t4_response_odds_ratio if patient.ct >= TStage.T4A else 1.0
    complete = with_odds(neoadjuvant.complete_response_probability[regimen], bulky)
    # one trait decides: whoever responds completely to a weaker regimen does so to a stronger one
    patient.complete_response = complete > 0.0 and patient.radiosensitivity > -normal_quantile(complete)
    mean = neoadjuvant.regression_share[regimen]
    if mean > 0.0:
        spread = neoadjuvant.regression_sigma * normal_quantile(luck.regression)
        odds = math.exp(neoadjuvant.radiosensitivity_log_odds_per_sd * patient.radiosensitivity + spread)
        patient.fascia_distance_mm += neoadjuvant.full_regression_gain_mm * with_odds(mean, odds)
    if patient.nodes > 0:
        cleared = with_odds(
            neoadjuvant.node_clearance_probability[regimen],
            math.exp(neoadjuvant.radiosensitivity_log_odds_per_sd * patient.radiosensitivity),
        )
        if luck.node_clearance < cleared:
            patient.nodes = 0
    for side in range(2):
        _lateral_response(patient, luck, world, side)


@compiled
def _lateral_response(patient: Record, luck: Record, world: Record, side: int) -> None:
    node = world.lateral_node
    if patient.lateral_involved[side]:
        sterilised = luck.lateral_sterilised[side] < sterilised_probability(patient, world, side)
        patient.lateral_sterilised[side] = sterilised
        median = node.sterilised_shrinkage_ratio if sterilised else node.residual_shrinkage_ratio
    else:
        median = node.benign_shrinkage_ratio
    if patient.regimen != Regimen.SHORT_COURSE:  # operated within days: no time to shrink
        factor = median * math.exp(node.shrinkage_sigma * normal_quantile(luck.lateral_shrinkage[side]))
        patient.lateral_residual_mm[side] = patient.lateral_mm[side] * min(factor, 1.0)
