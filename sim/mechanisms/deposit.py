"""A deposit of tumour cells becomes a seed, or dies: what the five mechanisms share."""

import math

import numpy as np

from sim.compiled import Record, compiled
from sim.distributions import lognormal, on_grid, pick, with_odds
from sim.patient import Compartment

# Compartments that a recurrence reaches next, nearest first; the borders are gone after TME.
NEIGHBOURS = np.array(
    [
        [Compartment.POSTERIOR, Compartment.ANTERIOR, Compartment.LATERAL_LEFT, Compartment.LATERAL_RIGHT],
        [Compartment.CENTRAL, Compartment.LATERAL_RIGHT, Compartment.LATERAL_LEFT, Compartment.PERINEAL],
        [Compartment.CENTRAL, Compartment.LATERAL_LEFT, Compartment.LATERAL_RIGHT, Compartment.PERINEAL],
        [Compartment.POSTERIOR, Compartment.CENTRAL, Compartment.ANTERIOR, Compartment.PERINEAL],
        [Compartment.POSTERIOR, Compartment.CENTRAL, Compartment.ANTERIOR, Compartment.PERINEAL],
        [Compartment.CENTRAL, Compartment.ANTERIOR, Compartment.POSTERIOR, Compartment.LATERAL_LEFT],
        [Compartment.CENTRAL, Compartment.ANTERIOR, Compartment.POSTERIOR, Compartment.LATERAL_RIGHT],
    ]
)
ADJACENT = NEIGHBOURS.shape[1]
LATERAL = (1 << Compartment.LATERAL_LEFT) | (1 << Compartment.LATERAL_RIGHT)


@compiled
def tumour_odds(patient: Record, world: Record) -> float:
    """Return the odds ratio of a response to neoadjuvant treatment by the primary's T category and height."""
    neoadjuvant = world.neoadjuvant
    higher = patient.height_above_verge_cm - neoadjuvant.response_reference_height_cm
    by_height = math.exp(neoadjuvant.response_log_odds_per_cm * higher)
    return by_height * neoadjuvant.t_response_odds_ratio[patient.ct]


@compiled
def response_odds(patient: Record, world: Record) -> float:
    """Return the odds ratio of a response to neoadjuvant treatment by radiosensitivity and tumour."""
    slope = world.neoadjuvant.radiosensitivity_log_odds_per_sd
    return math.exp(slope * patient.radiosensitivity) * tumour_odds(patient, world)


@compiled
def sterilised(probabilities: np.ndarray, patient: Record, world: Record) -> float:
    """Return the probability that the patient's neoadjuvant regimen kills the cells."""
    return with_odds(probabilities[patient.regimen], response_odds(patient, world))


@compiled
def spread(compartment: int, extra: int, direction: float) -> int:
    """Return the bit mask of a compartment and ``extra`` of its neighbours, from a uniform direction.

    Both sides count as one compartment, so only one of them is reached.
    """
    mask = 1 << compartment
    start = int(direction * ADJACENT)
    for step in range(ADJACENT):
        bit = 1 << NEIGHBOURS[compartment, (start + step) % ADJACENT]
        if extra > 0 and not (bit & LATERAL and mask & LATERAL):
            mask |= bit
            extra -= 1
    return mask


@compiled
def settle(
    patient: Record,
    luck: Record,
    world: Record,
    route: int,
    cells: bool,
    takes: float,
    compartment: int,
    least_extra: int,
    now: float,
) -> None:
    """A deposit of cells on a route: whether it survives, when it can be detected, and where it is.

    ``takes`` is the probability that cells of a patient of average aggressiveness take after
    treatment. The same uniform decides under every policy, so better treatment can only spare.
    """
    recurrence = world.recurrence
    bold = math.exp(recurrence.aggressiveness_log_odds_per_sd * patient.aggressiveness)
    bold *= recurrence.t_take_odds_ratio[patient.ct] * recurrence.nodes_take_odds_ratio[patient.nodes]
    probability = with_odds(takes, bold)
    patient.cells_left[route] = cells
    patient.seed_probability[route] = probability
    patient.survived[route] = cells and luck.seed_survival[route] < probability
    if not patient.survived[route]:
        return
    days = lognormal(luck.seed_onset[route], recurrence.onset_median_days, recurrence.onset_sigma)
    days *= math.exp(-recurrence.aggressiveness_log_ratio_per_sd * patient.aggressiveness)
    days *= recurrence.irradiated_onset_ratio[patient.regimen]
    patient.onset_day[route] = now + on_grid(days)
    extra = max(pick(luck.seed_spread[route], recurrence.extra_compartments_shares), least_extra)
    patient.seed_compartment[route] = compartment
    patient.seed_compartments[route] = spread(compartment, extra, luck.seed_direction[route])


@compiled
def treat_seeds(patient: Record, luck: Record, survival_ratio: float, now: float) -> None:
    """Treatment after surgery kills a share of the seeds that are not detectable yet."""
    for route in range(len(patient.survived)):
        patient.seed_probability[route] *= survival_ratio
        if patient.survived[route] and patient.onset_day[route] > now:
            patient.survived[route] = luck.seed_survival[route] < patient.seed_probability[route]
