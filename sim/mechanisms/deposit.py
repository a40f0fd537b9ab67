"""A deposit of tumour cells becomes a seed, or dies: what the five mechanisms share."""

import math
from typing import NamedTuple

import numpy as np

from sim.compiled import Record, compiled
from sim.distributions import lognormal, on_grid, pick, weibull, with_odds
from sim.pelvis import spread
from sim.radiosensitivity import response_odds


class DepositOdds(NamedTuple):
    """What all deposits of a resection share: the odds ratios with which their cells respond and take."""

    response: float
    take: float


@compiled
def deposit_odds(patient: Record, world: Record) -> DepositOdds:
    """Return the odds ratios of response to treatment, and of taking by aggressiveness, T and nodes."""
    recurrence = world.recurrence
    bold = math.exp(recurrence.aggressiveness_log_odds_per_sd * patient.aggressiveness)
    bold *= recurrence.t_take_odds_ratio[patient.ct] * recurrence.nodes_take_odds_ratio[patient.nodes]
    return DepositOdds(response_odds(patient, world), bold)


@compiled
def sterilisation_probability(probabilities: np.ndarray, patient: Record, odds: DepositOdds) -> float:
    """Return the probability that the patient's neoadjuvant regimen kills the cells."""
    return with_odds(probabilities[patient.regimen], odds.response)


@compiled
def onset_days(u: float, recurrence: Record) -> float:
    """Return the days from deposit to a detectable growth, of average aggressiveness and not irradiated.

    Lognormal, Weibull, or by the share of the second between both, on the log scale.
    """
    days = lognormal(u, recurrence.onset_median_days, recurrence.onset_sigma)
    share = recurrence.onset_weibull_share
    if share > 0.0:
        other = weibull(u, recurrence.onset_median_days, recurrence.onset_sigma)
        days = other if share == 1.0 else days ** (1.0 - share) * other**share
    return days


@compiled
def settle(
    patient: Record,
    luck: Record,
    world: Record,
    odds: DepositOdds,
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
    probability = with_odds(takes, odds.take)
    patient.cells_left[route] = cells
    patient.seed_probability[route] = probability
    patient.survived[route] = cells and luck.seed_survival[route] < probability
    if not patient.survived[route]:
        return
    days = onset_days(luck.seed_onset[route], recurrence)
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
