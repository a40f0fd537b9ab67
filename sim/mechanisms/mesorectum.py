"""Incomplete resection of the mesorectum: deposits in what was left behind."""

from sim.compiled import Record, compiled
from sim.mechanisms.deposit import settle, sterilised
from sim.patient import Compartment, Route


@compiled
def deposit_left(patient: Record, luck: Record, world: Record) -> bool:
    """Return whether mesorectum was left behind, by plane, with a deposit in it, by nodes."""
    mesorectum = world.mesorectum
    left = luck.mesorectum_left < mesorectum.left_probability[patient.plane]
    return left and luck.mesorectal_deposit < mesorectum.deposit_probability[patient.nodes]


@compiled
def seed_mesorectum(patient: Record, luck: Record, world: Record, now: float) -> None:
    """Seed the residual mesorectum, in front of the sacrum or around the anastomosis."""
    mesorectum = world.mesorectum
    route = Route.MESORECTUM
    takes = mesorectum.take_probability * (
        1.0 - sterilised(mesorectum.sterilised_probability, patient, world)
    )
    presacral = luck.seed_site[route] < mesorectum.presacral_share
    compartment = Compartment.POSTERIOR if presacral else Compartment.CENTRAL
    settle(patient, luck, world, route, deposit_left(patient, luck, world), takes, compartment, 0, now)
