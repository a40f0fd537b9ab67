"""Exfoliation into the lumen: cells caught in the staple line, or carried by a leak into an abscess."""

from sim.compiled import Record, compiled
from sim.distributions import with_odds
from sim.mechanisms.deposit import DepositOdds, settle, sterilisation_probability
from sim.patient import Compartment, Operation, Route


@compiled
def cells_in_lumen(patient: Record, luck: Record, world: Record) -> bool:
    """Return whether viable cells lie in the lumen when the bowel is stapled, after any washout."""
    exfoliation = world.exfoliation
    if patient.complete_response or patient.operation == Operation.ABDOMINOPERINEAL_RESECTION:
        return False
    shed = luck.luminal_cells < with_odds(
        exfoliation.luminal_cells_probability[patient.regimen],
        exfoliation.t_luminal_cells_odds_ratio[patient.ct],
    )
    cleared = patient.washed_out and luck.washout_clears < exfoliation.washout_clears_probability
    return shed and not cleared


@compiled
def seed_exfoliation(patient: Record, luck: Record, world: Record, odds: DepositOdds, now: float) -> None:
    """Seed the staple line, and the tissue around an anastomosis that leaked into an abscess."""
    exfoliation = world.exfoliation
    patient.luminal_cells = cells_in_lumen(patient, luck, world)
    spared = 1.0 - sterilisation_probability(exfoliation.sterilised_probability, patient, odds)
    caught = patient.luminal_cells and luck.staple_line < exfoliation.caught_probability
    takes = exfoliation.anastomotic_take_probability * spared
    settle(patient, luck, world, odds, Route.ANASTOMOTIC, caught, takes, Compartment.CENTRAL, 0, now)
    carried = (
        patient.luminal_cells and patient.abscess and luck.abscess_cells < exfoliation.carried_probability
    )
    takes = exfoliation.perianastomotic_take_probability * spared
    # the abscess cavity lies in front of the sacrum, beside the anastomosis: never one compartment only
    settle(patient, luck, world, odds, Route.PERIANASTOMOTIC, carried, takes, Compartment.POSTERIOR, 1, now)
