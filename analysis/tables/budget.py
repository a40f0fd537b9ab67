"""What health care spends a year when a policy is taken up, from what patients cost after diagnosis."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.tables.economics import group_means
from analysis.tables.estimates import Estimate


class UpTo(NamedTuple):
    """What a policy's patients cost until the end of each year after diagnosis, by fold of patients.

    ``patients``: shape (folds,); ``sums``: in the currency, shape (years, folds).
    """

    patients: np.ndarray
    sums: np.ndarray

    def by_year(self) -> np.ndarray:
        """Return what they cost in each year after diagnosis, shape (years, folds)."""
        years: np.ndarray = np.diff(self.sums, axis=0, prepend=0.0)
        return years


def yearly(up_to: Mapping[str, UpTo], comparator: str) -> pd.DataFrame:
    """Return ``yearly_costs.csv``: what a patient costs in each year after diagnosis, and the difference."""
    rows = []
    for policy, own in up_to.items():
        for beside in (None, comparator):
            if policy == beside:
                continue
            costs = own.by_year() if beside is None else own.by_year() - up_to[comparator].by_year()
            for year, mean in enumerate(group_means(own.patients, costs, by_batch=False), 1):
                rows.append((policy, beside, year, *_ends(mean)))
    return pd.DataFrame(rows, columns=["policy", "comparator", "year", "estimate", "ci_low", "ci_high"])


def budget_impact(
    up_to: Mapping[str, UpTo], comparator: str, patients_per_year: float, uptake: Sequence[float]
) -> pd.DataFrame:
    """Return ``budget.csv``: more or less spent in each calendar year, in the currency.

    In year k the patients of year j, of whom ``uptake[j]`` are treated by the policy, are in year k - j after
    diagnosis; all are diagnosed at the beginning of a year. ``treated``: patients of the year who are treated
    by the policy. Intervals are of simulated luck.
    """
    rows = []
    for policy, own in up_to.items():
        if policy == comparator:
            continue
        more = own.by_year() - up_to[comparator].by_year()
        spent = patients_per_year * np.array(
            [sum(uptake[j] * more[year - j] for j in range(year + 1)) for year in range(len(uptake))]
        )
        means = group_means(own.patients, np.vstack([spent, spent.sum(axis=0)]), by_batch=False)
        for year, mean in enumerate(means):
            of_all = year == len(uptake)
            treated = patients_per_year * (sum(uptake) if of_all else uptake[year])
            rows.append((policy, comparator, "all" if of_all else str(year + 1), treated, *_ends(mean)))
    columns = ["policy", "comparator", "year", "treated", "estimate", "ci_low", "ci_high"]
    return pd.DataFrame(rows, columns=columns)


def _ends(mean: Estimate) -> tuple[float, float, float]:
    return mean.estimate, mean.ci_low, mean.ci_high
