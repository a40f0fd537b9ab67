"""Costs and quality of life of a run's policies, and what one costs and gains against another."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.tables.estimates import Estimate
from sim.counting.batches import new_scratch
from sim.counting.estimates import write_group_means
from sim.counting.tally import RECURRED, VALUED, Tally
from sim.counting.value import COSTS, SCALE, VALUES
from sim.patient import Cost

SOCIETY_ALONE = (Cost.TRAVEL, Cost.ABSENCE, Cost.INFORMAL_CARE)
TOTALS = ("costs_health_care", "costs_societal")
QUANTITIES = (*VALUES, *TOTALS)
COLUMNS = ["policy", "comparator", "quantity", "horizon_years", *Estimate._fields, "unit"]


def counted_costs(perspective: str) -> list[Cost]:
    """Return the kinds of costs that a perspective counts."""
    return [cost for cost in Cost if perspective == "societal" or cost not in SOCIETY_ALONE]


class Worth(NamedTuple):
    """What is summed of a policy's patients.

    ``patients``: shape (groups,); ``sums``: in the currency and years, shape (groups, quantities), by
    ``QUANTITIES``; ``recurrences``: local recurrences, and those of them in patients whom the policy costs or
    gives something else than the comparator does, shape (groups, 2). Groups are folds of patients, or batches
    of those who queue.
    """

    patients: np.ndarray
    sums: np.ndarray
    recurrences: np.ndarray

    @property
    def means(self) -> np.ndarray:
        """Return the mean of each quantity, shape (quantities,)."""
        means: np.ndarray = self.sums.sum(axis=0) / self.patients.sum()
        return means


def worth(tally: Tally) -> Worth:
    """Return what is summed of a policy's patients, with the two totals of costs."""
    counts = tally.values[VALUED]
    sums = counts[:, 1:] / SCALE
    costs = sums[:, : len(Cost)]
    of_care = counted_costs("health_care")
    totals = np.column_stack([costs[:, of_care].sum(axis=1), costs.sum(axis=1)])
    return Worth(counts[:, 0].astype(float), np.hstack([sums, totals]), tally.values[RECURRED].astype(float))


def means(found: Worth, by_batch: bool) -> list[Estimate]:
    """Return the mean per patient of each of ``QUANTITIES``, with the interval of simulated luck."""
    return group_means(found.patients, found.sums.T, by_batch)


def group_means(patients: np.ndarray, sums: np.ndarray, by_batch: bool) -> list[Estimate]:
    """Return means per patient with their intervals of simulated luck, from sums over groups of patients.

    ``patients``: shape (groups,); ``sums``: shape (quantities, groups). By leaving out a group at a time
    (jackknife), with Student's t; neighbouring batches of a queue are taken for an autoregression
    (``sim.counting.batches``).
    """
    counts = np.stack(np.broadcast_arrays(patients, sums), axis=-1)
    scratch, estimates = new_scratch(*counts.shape[1:]), np.empty((len(counts), len(Estimate._fields)))
    write_group_means(counts, np.ones(len(counts)), int(by_batch), scratch, estimates)
    return [Estimate(int(n), *ends) for n, *ends in estimates.tolist()]


def economics(
    tallies: Mapping[str, Tally], comparator: str, currency: str, horizon_years: float
) -> pd.DataFrame:
    """Return ``economics.csv``: costs, life years and QALYs per patient, by policy and less the comparator's.

    Differences are of the same patients, so their intervals are paired. ``currency``: the unit of costs.
    """
    found = {policy: worth(tally) for policy, tally in tallies.items()}
    rows = []
    for policy, own in found.items():
        by_batch = tallies[policy].by_batch
        for beside in (None, comparator):
            if policy == beside:
                continue
            shown = own if beside is None else own._replace(sums=own.sums - found[comparator].sums)
            for quantity, estimate in zip(QUANTITIES, means(shown, by_batch), strict=True):
                unit = currency if quantity.startswith("cost") else "years"
                rows.append((policy, beside, quantity, horizon_years, *estimate, unit))
    return pd.DataFrame(rows, columns=COLUMNS)


__all__ = ["COSTS", "QUANTITIES", "TOTALS", "Worth", "economics", "group_means", "means", "worth"]
