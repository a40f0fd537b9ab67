"""How sure a comparison is: the run's policies under a few members of the posterior sample."""

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit

from conf.posterior import MEMBER, members_of_the_fit
from conf.run import Run
from experiments.simulating.cohort import count_block, worlds_of
from sim.clinic.needs import is_unlimited
from sim.counting.outcomes import ALL, Key
from sim.counting.tally import Tally

if TYPE_CHECKING:
    import pandas as pd

MEMBERS = 40
FEWEST_PATIENTS = 2000  # that a member is simulated with, at least
LEAST = 0.5 / FEWEST_PATIENTS
SHARED = 2 * MEMBERS  # each member takes one part in so many of the patients: half of the run's time


def uncertain(run: Run, outcomes: "pd.DataFrame") -> "pd.DataFrame | None":
    """Return ``uncertainty.csv`` of a run's outcomes in all patients; None where no interval can be given.

    That is so where patients queue, where there are fewer patients than a member takes, and where the disease
    is not the fitted one. Numbers that are set in the run keep their value. A few patients stand for the
    members' differences: what the run's own disease shows with the same few is taken off as their luck.

    ``outcomes``: the table of the run.
    """
    import pandas as pd

    from analysis.tables.uncertainty import LABELS, uncertainty

    patients = min(max(FEWEST_PATIENTS, run.patients // SHARED), run.patients)
    if not is_unlimited(run.clinic) or patients < FEWEST_PATIENTS:
        return None
    sample = members_of_the_fit(run.parameters, MEMBERS)
    if sample is None:
        return None
    few = dataclasses.replace(run, patients=patients, rows=False, journal=False, clock="compiled")
    own = _levels(few).set_index(list(LABELS))["estimate"]
    stated = outcomes.assign(comparator=None).set_index(list(LABELS))["estimate"]
    tables = []
    for member in sample.members:
        table = _levels(dataclasses.replace(few, parameters=sample.disease(run.parameters, member)))
        keys = table.set_index(list(LABELS)).index
        luck = stated.reindex(keys).map(_log_odds) - own.reindex(keys).map(_log_odds)
        table["estimate"] = expit(table["estimate"].map(_log_odds).to_numpy() + luck.to_numpy())
        tables.append(table.assign(**{MEMBER: member}))
    levels = pd.concat(tables, ignore_index=True)
    return uncertainty(levels, _differences(levels, run.comparator.name), [], sample.discrepancy)


def _levels(run: Run) -> "pd.DataFrame":
    """Return the proportions of all patients to whom something happened, by policy and horizon."""

    from analysis.tables.run import outcomes

    tallies, _ = count_block(run, worlds_of(run), 0, run.patients)
    whole = {name: _of_all(tally) for name, tally in tallies.items()}
    return outcomes(whole, ()).assign(comparator=None)


def _of_all(tally: Tally) -> Tally:
    return Tally(binary={key: counts for key, counts in tally.binary.items() if key[1:4] == (ALL, ALL, ALL)})


def _differences(levels: "pd.DataFrame", comparator: str) -> "pd.DataFrame":
    """Return policies less comparator, by member."""
    by = [*Key._fields, "unit", MEMBER]
    beside = levels[levels["policy"] == comparator].set_index(by)["estimate"]
    others = levels[levels["policy"] != comparator].copy()
    others["comparator"] = comparator
    others["estimate"] -= beside.reindex(others.set_index(by).index).to_numpy()
    others[["ci_low", "ci_high"]] = np.nan
    return others


def _log_odds(share: float) -> float:
    """Return log odds, of a share of none or all those of half a patient."""
    return float(logit(min(max(share, LEAST), 1.0 - LEAST)))
