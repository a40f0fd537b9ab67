"""Incomplete resection of the mesorectum: deposits in what was left behind."""

from sim.compiled import Record, compiled
from sim.distributions import with_odds
from sim.mechanisms.deposit import DepositOdds, settle, sterilisation_probability
from sim.patient import Compartment, Route


@compiled
def deposit_left(patient: Record, luck: Record, world: Record) -> bool:
    """Return whether mesorectum was left behind, by plane, with a deposit in it, by nodes."""
    mesorectum = world.mesorectum
    # Blunt dissection leaves some more often, and more of it.
    blunt = world.cohort.residual_mesorectum_odds_ratio
    left = with_odds(mesorectum.left_probability[patient.plane], blunt)
    if (
        patient.nodes == 0
    ):  # it enters the mesorectum beside the tumour, which needs no node to leave a deposit
        blunt = blunt**mesorectum.node_negative_log_ratio_per_log_odds
    deposit = with_odds(mesorectum.deposit_probability[patient.nodes], blunt)
    return luck.mesorectum_left < left and luck.mesorectal_deposit < deposit


@compiled
def seed_mesorectum(patient: Record, luck: Record, world: Record, odds: DepositOdds, now: float) -> None:
    """Seed the residual mesorectum, in front of the sacrum or around the anastomosis."""
    mesorectum = world.mesorectum
    route = Route.MESORECTUM
    takes = mesorectum.take_probability * (
        1.0 - sterilisation_probability(mesorectum.sterilised_probability, patient, odds)
    )
    presacral = luck.seed_site[route] < mesorectum.presacral_share
    compartment = Compartment.POSTERIOR if presacral else Compartment.CENTRAL
    settle(patient, luck, world, odds, route, deposit_left(patient, luck, world), takes, compartment, 0, now)
