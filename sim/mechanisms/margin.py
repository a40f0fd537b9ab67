"""Irradical resection: cells at the circumferential or the distal margin."""

import math

from sim.compiled import Record, compiled
from sim.mechanisms.deposit import DepositOdds, settle, sterilisation_probability
from sim.patient import Compartment, Operation, Quadrant, Route


@compiled
def circumferential_cells_probability(patient: Record, world: Record) -> float:
    """Return the probability that cells were left beyond the circumferential margin."""
    if patient.complete_response:
        return 0.0
    return math.exp(-patient.crm_mm / world.margin.circumferential_scale_mm)


@compiled
def distal_cells_probability(patient: Record, world: Record) -> float:
    """Return the probability that cells were left beyond the staple line of a stapled rectum."""
    if patient.complete_response or patient.operation == Operation.ABDOMINOPERINEAL_RESECTION:
        return 0.0
    return math.exp(-patient.distal_margin_mm / world.margin.distal_scale_mm)


@compiled
def circumferential_compartment(patient: Record, u: float, world: Record) -> int:
    """Return where the margin was close; after an abdominoperineal resection often the perineum."""
    abdominoperineal = patient.operation == Operation.ABDOMINOPERINEAL_RESECTION
    if abdominoperineal and u < world.margin.apr_perineal_share:
        return Compartment.PERINEAL
    if patient.quadrant == Quadrant.ANTERIOR:
        return Compartment.ANTERIOR
    if patient.quadrant == Quadrant.LEFT:
        return Compartment.LATERAL_LEFT
    if patient.quadrant == Quadrant.RIGHT:
        return Compartment.LATERAL_RIGHT
    return Compartment.POSTERIOR


@compiled
def seed_margins(patient: Record, luck: Record, world: Record, odds: DepositOdds, now: float) -> None:
    """Seed the circumferential and the distal margin."""
    margin = world.margin
    spared = 1.0 - sterilisation_probability(margin.sterilised_probability, patient, odds)
    route = Route.CIRCUMFERENTIAL
    cells = luck.circumferential_cells < circumferential_cells_probability(patient, world)
    compartment = circumferential_compartment(patient, luck.seed_site[route], world)
    takes = margin.circumferential_take_probability * spared
    settle(patient, luck, world, odds, route, cells, takes, compartment, 0, now)
    cells = luck.distal_cells < distal_cells_probability(patient, world)
    takes = margin.distal_take_probability * spared
    settle(patient, luck, world, odds, Route.DISTAL, cells, takes, Compartment.CENTRAL, 0, now)
