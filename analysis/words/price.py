"""What a policy costs beside what it averts, from ``outcomes.csv`` and ``differences.csv``."""

import numpy as np
import pandas as pd

from analysis.tables.estimates import PER
from analysis.words.wording import at_horizon, beyond_luck
from sim.counting.estimates import write_needed
from sim.counting.outcomes import HARMS

# What is counted of the treatment, and the outcome that counts it, of whom it says.
TREATED = {"irradiated": "irradiated", "dissected": "lateral_dissection"}
NOT_OPERATED = (
    "A patient who is not operated on cannot have a local recurrence: local failure also counts a tumour in "
    "place, or one that grew again, that is left to grow."
)
_ENDS = ("", "_needed", "_needed_low", "_needed_high")
NEEDED_COLUMNS = [name + end for name in TREATED for end in _ENDS]


def needed(outcomes: pd.DataFrame, differences: pd.DataFrame, years: float) -> pd.DataFrame:
    """Return how many are irradiated and dissected, and how many more for each recurrence averted, by policy.

    Columns ``irradiated`` and ``dissected``: of 1,000 patients. ``X_needed``: the number more than under the
    comparator for each local recurrence averted, with its interval, or NaN where there is none: see
    ``sim.counting.estimates.write_needed``.
    """
    policies = at_horizon(outcomes, "irradiated").index
    rows = [at_horizon(outcomes, outcome).loc[policies, ["n", "estimate"]] for outcome in TREATED.values()]
    shares = np.stack([part.to_numpy(float) for part in rows], axis=1)
    ends = ["estimate", "ci_low", "ci_high"]
    changes = at_horizon(differences, "local_recurrence", years).reindex(policies)[ends].to_numpy(float)
    comparator = 0 if differences.empty else policies.get_loc(differences["comparator"].iloc[0])
    found = np.empty((len(policies), len(TREATED), len(_ENDS)))
    write_needed(shares, np.ascontiguousarray(changes), comparator, found)
    found[:, :, 0] *= PER
    return pd.DataFrame(found.reshape(len(policies), -1), policies, NEEDED_COLUMNS)


def price(outcomes: pd.DataFrame, differences: pd.DataFrame, names: list[str], years: float) -> pd.DataFrame:
    """Return outcomes and harms at a horizon, per 1,000 patients: those of the comparator, else the change.

    One row for each policy and name, with ``value``, ``low``, ``high``, and ``beyond``: whether a change is
    beyond simulated luck; True of the comparator, or of the only policy.
    """
    parts = []
    for name in names:
        first = at_horizon(outcomes, name, years)
        compared = at_horizon(differences, name, years)
        alone = first if compared.empty else first.loc[[compared["comparator"].iloc[0]]]
        for rows, beyond in ((alone, np.ones(len(alone), bool)), (compared, beyond_luck(compared))):
            part = PER * rows[["estimate", "ci_low", "ci_high"]]
            part = part.set_axis(["value", "low", "high"], axis=1).reset_index()
            parts.append(part.assign(name=name, beyond=np.asarray(beyond)))
    return pd.concat([part for part in parts if len(part)], ignore_index=True)


def counts_harm(outcomes: pd.DataFrame) -> bool:
    """Return whether harm was counted; the folder of an older run holds none."""
    return bool(outcomes["outcome"].isin(HARMS).any())


def failure_differs(outcomes: pd.DataFrame, years: float) -> bool:
    """Return whether local failure differs from local recurrence under any policy."""
    failure, recurrence = (
        at_horizon(outcomes, name, years)["estimate"] for name in ("local_failure", "local_recurrence")
    )
    return bool((failure != recurrence.reindex(failure.index)).any())


def keeps_organs(outcomes: pd.DataFrame) -> bool:
    """Return whether any policy keeps an organ on purpose: watched after a response, or excised locally."""
    return bool((at_horizon(outcomes, "organ_kept")["estimate"] > 0).any())


def harms_there(harmed: pd.DataFrame) -> list[str]:
    """Return the harms that anybody has or is spared in these rows, in the order of the model."""
    some = harmed[(harmed["harmed"] > 0) | (harmed["spared"] > 0)]["harm"]
    return [harm for harm in HARMS if (some == harm).any()]
