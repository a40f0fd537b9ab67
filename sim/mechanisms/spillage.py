"""Spillage into the operative field: a tumour through the peritoneum, or a perforated specimen."""

from sim.compiled import Record, compiled
from sim.distributions import pick
from sim.mechanisms.deposit import DepositOdds, settle, sterilisation_probability
from sim.patient import Compartment, Operation, Quadrant, Route, SpillPattern


@compiled
def spilled(patient: Record, u: float, world: Record) -> bool:
    """Return whether cells were spilled: by perforation of the specimen, or from a breached surface."""
    spillage = world.spillage
    probability = 0.0
    if patient.breached:
        probability = spillage.breach_spill_probability
    if patient.perforated:
        probability = max(probability, spillage.perforation_spill_probability)
    return u < probability


@compiled
def spill_pattern(patient: Record, u: float, world: Record) -> int:
    """Return how the spilled cells grow; an abscess draws them along its lining."""
    spillage = world.spillage
    if patient.breached:
        pattern = pick(u, spillage.breach_pattern_shares)  # focal, multifocal, carcinomatosis
    else:
        pattern = pick(u, spillage.perforation_pattern_shares)
    if pattern == 2:
        return SpillPattern.CARCINOMATOSIS
    if patient.abscess:
        return SpillPattern.ALONG_ABSCESS
    return SpillPattern.MULTIFOCAL if pattern == 1 else SpillPattern.FOCAL


@compiled
def seed_spillage(patient: Record, luck: Record, world: Record, odds: DepositOdds, now: float) -> None:
    """Seed the field: one place, along an abscess, several places, or the pelvic peritoneum."""
    spillage = world.spillage
    route = Route.SPILLAGE
    cells = spilled(patient, luck.spill, world)
    pattern = SpillPattern.NONE
    compartment = Compartment.ANTERIOR if patient.quadrant == Quadrant.ANTERIOR else Compartment.POSTERIOR
    extra = 0
    if cells:
        pattern = spill_pattern(patient, luck.spill_pattern, world)
    if pattern == SpillPattern.CARCINOMATOSIS:
        compartment = Compartment.PERITONEAL
    elif pattern == SpillPattern.ALONG_ABSCESS:
        compartment = Compartment.POSTERIOR
        extra = 1
    elif patient.operation == Operation.ABDOMINOPERINEAL_RESECTION:
        compartment = Compartment.PERINEAL
    if pattern == SpillPattern.MULTIFOCAL:
        extra = 2
    patient.spill_pattern = pattern
    takes = spillage.take_probability * (
        1.0 - sterilisation_probability(spillage.sterilised_probability, patient, odds)
    )
    settle(patient, luck, world, odds, route, cells, takes, compartment, extra, now)
