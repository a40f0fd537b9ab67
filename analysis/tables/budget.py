"""What health care spends a year when a policy is taken up, from what patients cost after diagnosis."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats


def yearly(up_to: Mapping[str, np.ndarray], comparator: str) -> pd.DataFrame:
    """Return ``yearly_costs.csv``: what a patient costs in each year after diagnosis, and the difference.

    ``up_to``: by policy, costs until the end of each year by fold, shape (years, folds).
    """
    rows = []
    for policy, sums in up_to.items():
        for beside in (None, comparator):
            if policy == beside:
                continue
            of = sums if beside is None else sums - up_to[comparator]
            for year, costs in enumerate(np.diff(of, axis=0, prepend=0.0), 1):
                rows.append((policy, beside, year, *_mean(costs)))
    return pd.DataFrame(rows, columns=["policy", "comparator", "year", "estimate", "ci_low", "ci_high"])


def budget_impact(
    up_to: Mapping[str, np.ndarray], comparator: str, patients_per_year: float, uptake: Sequence[float]
) -> pd.DataFrame:
    """Return ``budget.csv``: more or less spent in each calendar year, in the currency.

    In year k the patients of year j, of whom ``uptake[j]`` are treated by the policy, are in year k - j after
    diagnosis; all are diagnosed at the beginning of a year. ``treated``: patients of the year who are treated
    by the policy. Intervals are of simulated luck.
    """
    rows = []
    for policy, sums in up_to.items():
        if policy == comparator:
            continue
        more = np.diff(sums - up_to[comparator], axis=0, prepend=0.0)  # by year after diagnosis, fold
        total = np.zeros(more.shape[1])
        for year in range(len(uptake)):
            spent = sum(uptake[j] * more[year - j] for j in range(year + 1)) * patients_per_year
            total += spent
            rows.append((policy, comparator, str(year + 1), uptake[year] * patients_per_year, *_mean(spent)))
        treated = sum(uptake) * patients_per_year
        rows.append((policy, comparator, "all", treated, *_mean(total)))
    columns = ["policy", "comparator", "year", "treated", "estimate", "ci_low", "ci_high"]
    return pd.DataFrame(rows, columns=columns)


def _mean(folds: np.ndarray) -> tuple[float, float, float]:
    """Return the mean of folds of patients with its 95 % interval, by Student's t."""
    mean = float(folds.mean())
    half = float(stats.t.ppf(0.975, len(folds) - 1) * folds.std(ddof=1) / np.sqrt(len(folds)))
    return mean, mean - half, mean + half
