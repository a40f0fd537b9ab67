"""Choosing a patient to describe: a condition on a patient under any of several policies."""

from collections.abc import Mapping

import numpy as np

from conf.condition import read_condition
from sim.counting.columns import READABLE
from sim.patient import MECHANISM_OF_ROUTE, YEAR_DAYS, Mechanism, Route

MECHANISMS = {m.name.lower(): [r for r in Route if MECHANISM_OF_ROUTE[r] == m] for m in Mechanism}
# Mechanisms and routes of one name hold the same recurrences.
ORIGINS = {**{r.name.lower(): [r] for r in Route}, **MECHANISMS}
FLAGS = ("averted", "caused", *ORIGINS)
EXAMPLE = 'a word, or a condition as in find="salvage_margin == r0 and age_years < 60"'


class PatientCondition:
    """A condition on patients. Raises InputError for what is no condition, naming the part."""

    def __init__(self, text: str) -> None:
        self.condition = read_condition("find", text, FLAGS, EXAMPLE)

    def fits(self, lives: Mapping[str, np.ndarray], comparator: str, horizon_years: float) -> np.ndarray:
        """Return for each patient whether the condition holds under any of the policies, shape (n,).

        ``lives``: rows by policy, the same patients in the same order. Words hold for the patient, whatever
        the policy: a recurrence found under the comparator and not under another policy is ``averted``, the
        reverse ``caused``; a mechanism or a route is that of a recurrence found under any of them.
        """
        flags = _flags(lives, comparator, horizon_years)
        fits = np.zeros(len(lives[comparator]), bool)
        for rows in (_up_to(rows, horizon_years) for rows in lives.values()):

            def column(name: str, rows: np.ndarray = rows) -> np.ndarray:
                return READABLE[name].of(rows)

            fits = fits | self.condition.holds(self.condition.names(column, flags))
        return fits


def _up_to(rows: np.ndarray, horizon_years: float) -> np.ndarray:
    """Return the rows without the harm that would come after the horizon: its days are known beforehand."""
    later = rows["harm_from_day"] > (rows["diagnosed_day"] + horizon_years * YEAR_DAYS)[:, None]
    if not later.any():
        return rows
    known = rows.copy()
    for name in ("harm_from_day", "harm_until_day"):
        known[name][later] = np.inf
    return known


def _flags(lives: Mapping[str, np.ndarray], comparator: str, horizon_years: float) -> dict[str, np.ndarray]:
    found = {
        name: rows["recurrence_found_day"] - rows["diagnosed_day"] <= horizon_years * YEAR_DAYS
        for name, rows in lives.items()
    }
    first = found[comparator]
    others = [which for name, which in found.items() if name != comparator]
    nobody = np.zeros(len(first), bool)
    flags = {
        "averted": np.logical_or.reduce([nobody, *(first & ~other for other in others)]),
        "caused": np.logical_or.reduce([nobody, *(other & ~first for other in others)]),
    }
    for word, routes in ORIGINS.items():
        of_this = [which & np.isin(lives[name]["recurrence_route"], routes) for name, which in found.items()]
        flags[word] = np.logical_or.reduce(of_this)
    return flags
