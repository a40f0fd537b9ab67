"""How age and fitness change the odds of what is done to a patient, and of what follows from it."""

import math

from sim.compiled import Record, compiled


@compiled
def odds_by_age_and_fitness(
    patient: Record, reference_age_years: float, log_odds_per_year: float, unfit_odds_ratio: float
) -> float:
    """Return the odds ratio against a fit patient of the reference age."""
    odds = math.exp(log_odds_per_year * (patient.age_years - reference_age_years))
    return odds * unfit_odds_ratio if patient.unfit else odds
