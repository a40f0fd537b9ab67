"""Positive nodes in the obturator and internal iliac fossae, by side."""

import math

from sim.compiled import Record, compiled
from sim.distributions import with_odds
from sim.mechanisms.deposit import DepositOdds, settle
from sim.patient import Compartment, RegrowthSite, Route, TStage
from sim.policy import LateralDissection, LateralSides


@compiled
def node_sterilisation_probability(patient: Record, world: Record, side: int) -> float:
    """Return the probability that the patient's regimen sterilises an involved lateral node, by its size."""
    node = world.lateral_node
    larger = math.log(patient.lateral_size_mm[side] / node.sterilised_reference_mm)
    odds = node.sterilised_odds_ratio[patient.regimen] * math.exp(
        node.sterilised_log_odds_per_log_mm * larger
        + world.neoadjuvant.radiosensitivity_log_odds_per_sd * patient.radiosensitivity
    )
    if patient.boosted:
        odds *= node.boost_odds_ratio
    if patient.treatment_stopped:
        odds *= world.neoadjuvant.stopped_response_odds_ratio
    return with_odds(node.sterilised_probability, odds)


@compiled
def wants_dissection(patient: Record, world: Record, side: int) -> bool:
    """Return whether the policy dissects this side: by its node's size, or in every low advanced tumour."""
    policy = world.policy
    choice = policy.lateral_dissection
    if choice == LateralDissection.SIZE_BEFORE:
        return patient.lateral_mm[side] >= policy.lateral_threshold_mm
    if choice == LateralDissection.SIZE_AFTER:
        return patient.lateral_residual_mm[side] >= policy.lateral_threshold_mm
    if choice == LateralDissection.ROUTINE:
        advanced = patient.ct >= TStage.T3AB or patient.cn > 0
        return advanced and patient.height_above_verge_cm <= world.lateral_node.low_up_to_cm
    return False


@compiled
def plan_dissection(patient: Record, world: Record) -> int:
    """Plan to dissect the sides that the policy wants, or where tumour grew again; return how many."""
    left = wants_dissection(patient, world, 0) or patient.regrowth_site == RegrowthSite.LATERAL_LEFT
    right = wants_dissection(patient, world, 1) or patient.regrowth_site == RegrowthSite.LATERAL_RIGHT
    if world.policy.lateral_sides == LateralSides.BOTH:
        left = left or right
        right = left
    patient.dissected[0] = left
    patient.dissected[1] = right
    return int(left) + int(right)


@compiled
def seed_lateral_nodes(patient: Record, luck: Record, world: Record, odds: DepositOdds, now: float) -> None:
    """Seed each side whose involved node was neither sterilised nor taken out."""
    node = world.lateral_node
    for side in range(2):
        removed = patient.dissected[side] and luck.lateral_missed[side] >= node.missed_probability
        cells = patient.lateral_involved[side] and not patient.lateral_sterilised[side] and not removed
        takes = node.take_probability
        if cells:  # a larger node holds more of them
            larger = math.log(patient.lateral_size_mm[side] / node.sterilised_reference_mm)
            takes = with_odds(takes, math.exp(node.take_log_odds_per_log_mm * larger))
        compartment = Compartment.LATERAL_LEFT + side
        route = Route.LATERAL_LEFT + side
        settle(patient, luck, world, odds, route, cells, takes, compartment, 0, now)
