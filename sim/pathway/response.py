"""Response to neoadjuvant treatment: of the primary, of mesorectal nodes, of lateral nodes."""

import math

from sim.compiled import Record, compiled
from sim.distributions import normal_quantile, with_odds
from sim.mechanisms.lateral_node import node_sterilisation_probability
from sim.policy import Regimen
from sim.radiosensitivity import response_odds, tumour_odds


@compiled
def respond_completely(patient: Record, world: Record, odds_ratio: float) -> None:
    """Decide on a complete response, with odds times a ratio.

    One trait decides: whoever responds completely to a weaker regimen does so to a stronger one.
    """
    neoadjuvant = world.neoadjuvant
    odds_ratio *= tumour_odds(patient, world)
    complete = with_odds(neoadjuvant.complete_response_probability[patient.regimen], odds_ratio)
    # The quantile of 1 is no number.
    patient.complete_response = complete >= 1.0 or (
        complete > 0.0 and patient.radiosensitivity > -normal_quantile(complete)
    )


@compiled
def respond(patient: Record, luck: Record, world: Record) -> None:
    """Regression of the primary, clearance of mesorectal nodes, response of lateral nodes."""
    neoadjuvant = world.neoadjuvant
    regimen = patient.regimen
    respond_completely(patient, world, 1.0)
    odds = response_odds(patient, world)
    mean = neoadjuvant.regression_share[regimen]
    if mean > 0.0:
        spread = neoadjuvant.regression_sigma * normal_quantile(luck.regression)
        gained = with_odds(mean, math.exp(spread) * odds)
        patient.fascia_distance_mm += neoadjuvant.full_regression_gain_mm * gained
    if patient.nodes > 0:
        cleared = with_odds(neoadjuvant.node_clearance_probability[regimen], odds)
        if luck.node_clearance < cleared:
            patient.nodes = 0
    for side in range(2):
        _lateral_response(patient, luck, world, side)


@compiled
def _lateral_response(patient: Record, luck: Record, world: Record, side: int) -> None:
    node = world.lateral_node
    if patient.lateral_involved[side]:
        sterilised = luck.lateral_sterilised[side] < node_sterilisation_probability(patient, world, side)
        patient.lateral_sterilised[side] = sterilised
        median = node.sterilised_shrinkage_ratio if sterilised else node.residual_shrinkage_ratio
    else:
        median = node.benign_shrinkage_ratio
    if patient.regimen != Regimen.SHORT_COURSE:  # operated within days: no time to shrink
        factor = median * math.exp(node.shrinkage_sigma * normal_quantile(luck.lateral_shrinkage[side]))
        patient.lateral_residual_mm[side] = patient.lateral_mm[side] * min(factor, 1.0)
