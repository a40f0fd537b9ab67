"""How well a tumour responds to neoadjuvant treatment, as odds that every response shares."""

import math

from sim.compiled import Record, compiled


@compiled
def tumour_odds(patient: Record, world: Record) -> float:
    """Return the odds ratio of a response by T category, height, and whether treatment was stopped."""
    neoadjuvant = world.neoadjuvant
    higher = patient.height_above_verge_cm - neoadjuvant.response_reference_height_cm
    by_height = math.exp(neoadjuvant.response_log_odds_per_cm * higher)
    stopped = neoadjuvant.stopped_response_odds_ratio if patient.treatment_stopped else 1.0
    return by_height * neoadjuvant.t_response_odds_ratio[patient.ct] * stopped


@compiled
def response_odds(patient: Record, world: Record) -> float:
    """Return the odds ratio of a response of nodes and deposits by radiosensitivity, nodes and tumour."""
    neoadjuvant = world.neoadjuvant
    by_nodes = neoadjuvant.nodes_response_odds_ratio[patient.nodes]
    slope = neoadjuvant.radiosensitivity_log_odds_per_sd
    return math.exp(slope * patient.radiosensitivity) * by_nodes * tumour_odds(patient, world)
