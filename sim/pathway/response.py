"""Response to neoadjuvant treatment, in time: of the primary, of mesorectal nodes, of lateral nodes."""

import math

import numpy as np

from sim.compiled import Record, compiled
from sim.distributions import happens, log_odds, normal_share, on_grid, with_odds
from sim.mechanisms.lateral_node import node_sterilisation_probability
from sim.policy import Regimen
from sim.radiosensitivity import response_odds, tumour_odds

WEEK_DAYS = 7.0


@compiled
def weeks_until(gained: float, neoadjuvant: Record) -> float:
    """Return the weeks beyond the usual interval in which the log odds of a response rise by so much.

    They rise steadily up to a plateau, and more slowly from there to the end; infinity where that is not
    enough.
    """
    if gained <= 0.0:
        return 0.0
    early = neoadjuvant.response_log_odds_per_week * neoadjuvant.response_plateau_weeks
    if gained <= early:
        return gained / neoadjuvant.response_log_odds_per_week
    late_weeks = neoadjuvant.response_end_weeks - neoadjuvant.response_plateau_weeks
    if gained - early <= neoadjuvant.late_response_log_odds_per_week * late_weeks:
        late = (gained - early) / neoadjuvant.late_response_log_odds_per_week
        return neoadjuvant.response_plateau_weeks + late
    return np.inf


@compiled
def cleared_day(
    u: float, probability: float, odds: float, first_day: float, planned_day: float, neoadjuvant: Record
) -> float:
    """Return the day on which treatment has cleared tumour of one place, infinity if never.

    ``probability``, times ``odds``: that it has at the usual interval, on the planned day; then it is clear
    from ``first_day``, when the response is looked at. The same uniform decides under every regimen, so
    whoever responds to a weaker one does so to a stronger one.
    """
    if probability <= 0.0:
        return np.inf
    if happens(u, probability, odds):
        return first_day
    weeks = weeks_until(log_odds(u) - log_odds(probability) - math.log(odds), neoadjuvant)
    return planned_day + on_grid(WEEK_DAYS * weeks) if weeks > 0.0 else first_day


@compiled
def book_response(patient: Record, luck: Record, world: Record, first_day: float, planned_day: float) -> None:
    """Radiotherapy has been given: from when the primary, its nodes and the lateral nodes are clear."""
    neoadjuvant = world.neoadjuvant
    regimen = patient.regimen
    odds = tumour_odds(patient, world)
    if patient.contact_boosted:
        odds *= neoadjuvant.contact_boost_odds_ratio
    patient.primary_cleared_day = cleared_day(
        normal_share(-patient.radiosensitivity),
        neoadjuvant.complete_response_probability[regimen],
        odds,
        first_day,
        planned_day,
        neoadjuvant,
    )
    if patient.nodes > 0:
        patient.nodes_cleared_day = cleared_day(
            luck.node_clearance,
            neoadjuvant.node_clearance_probability[regimen],
            response_odds(patient, world),
            first_day,
            planned_day,
            neoadjuvant,
        )
    for side in range(2):
        if patient.lateral_involved[side]:
            patient.lateral_cleared_day[side] = cleared_day(
                luck.lateral_sterilised[side],
                node_sterilisation_probability(patient, world, side),
                1.0,
                first_day,
                planned_day,
                neoadjuvant,
            )


@compiled
def clear(patient: Record, day: float) -> None:
    """What is cleared by a day is gone."""
    if patient.primary_cleared_day <= day:
        patient.complete_response = True
    if patient.nodes_cleared_day <= day:
        patient.nodes = 0
    for side in range(2):
        if patient.lateral_cleared_day[side] <= day:
            patient.lateral_sterilised[side] = True


@compiled
def respond(patient: Record, luck: Record, world: Record, day: float) -> None:
    """The response by a day: what is cleared, how far the primary has regressed, and lateral nodes shrunk."""
    neoadjuvant = world.neoadjuvant
    clear(patient, day)
    mean = neoadjuvant.regression_share[patient.regimen]
    if mean > 0.0:
        spread = neoadjuvant.regression_sigma * luck.regression
        gained = with_odds(mean, math.exp(spread) * response_odds(patient, world))
        distance = patient.fascia_distance_mm + neoadjuvant.full_regression_gain_mm * gained
        patient.fascia_distance_mm = min(distance, patient.mesorectum_mm)
    if patient.regimen == Regimen.SHORT_COURSE:  # operated within days: no time to shrink
        return
    node = world.lateral_node
    for side in range(2):
        if patient.lateral_mm[side] == 0.0:
            continue
        if not patient.lateral_involved[side]:
            median = node.benign_shrinkage_ratio
        elif patient.lateral_sterilised[side]:
            median = node.sterilised_shrinkage_ratio
        else:
            median = node.residual_shrinkage_ratio
        factor = median * math.exp(node.shrinkage_sigma * luck.lateral_shrinkage[side])
        patient.lateral_residual_mm[side] = patient.lateral_mm[side] * min(factor, 1.0)
