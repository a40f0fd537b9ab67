"""Counts of a block of patients, in one call."""

import numpy as np

from sim.counting.outcomes import Key, write_each_state
from sim.counting.tally import Counter, PairTally, Tally


def world():
    """Return a packed world; of it, counting reads the bounds of the groups alone."""
    from conftest import world_of

    return world_of("tme_alone", ())


def tally(rows: np.ndarray, horizons_years: tuple[float, ...], horizon_years: float) -> Tally:
    """Return the counts of patients who were followed to ``horizon_years``."""
    counter = Counter(world(), horizons_years, horizon_years)
    counter.count(rows)
    return counter.tally()


def tally_pair(
    rows: np.ndarray, comparator: np.ndarray, horizons_years: tuple[float, ...], horizon_years: float
) -> PairTally:
    """Return the joint counts of the same patients under a policy and under its comparator."""
    others = Counter(world(), horizons_years, horizon_years).count(comparator)
    counter = Counter(world(), horizons_years, horizon_years)
    counter.count(rows, others)
    return counter.pair()


def binary_outcomes(rows: np.ndarray, horizons_years: tuple[float, ...]) -> dict[Key, np.ndarray]:
    """Return each patient's state in every yes-or-no outcome, uint8, shape (n,)."""
    counter = Counter(world(), horizons_years, horizons_years[-1])
    each = np.empty((len(rows), len(counter.keys)), np.uint8)
    write_each_state(counter.count(rows).states, len(horizons_years), each)
    return dict(zip(counter.keys, each.T, strict=True))
