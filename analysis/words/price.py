"""What a policy costs beside what it averts, from ``outcomes.csv`` and ``differences.csv``."""

import numpy as np
import pandas as pd

from analysis.tables.run import PER
from analysis.words.wording import at_horizon, beyond_luck
from sim.counting.outcomes import HARMS

# What is counted of the treatment, and the outcome that counts it, of whom it says.
TREATED = {"irradiated": "irradiated", "dissected": "lateral_dissection"}
NOT_OPERATED = (
    "A patient who is not operated on cannot have a local recurrence: local failure also counts a tumour in "
    "place, or one that grew again, that is left to grow."
)
UNTREATED = 0.05  # of 1,000: what is no more when it is written
_ENDS = ("", "_needed", "_needed_low", "_needed_high")
NEEDED_COLUMNS = [name + end for name in TREATED for end in _ENDS]


def per_1000(outcomes: pd.DataFrame, outcome: str) -> pd.Series:
    """Return how many of 1,000 patients an outcome counts, by policy, whoever its own denominator is.

    ``outcome``: one without a horizon, such as ``lateral_dissection``, whose share is of resections.
    """
    rows = at_horizon(outcomes, outcome)
    patients = at_horizon(outcomes, "irradiated")["n"]
    # A share of nobody counts nobody.
    found: pd.Series = (rows["estimate"] * rows["n"]).fillna(0.0) / patients * PER
    return found


def needed(outcomes: pd.DataFrame, differences: pd.DataFrame, years: float) -> pd.DataFrame:
    """Return how many are irradiated and dissected, and how many more for each recurrence averted, by policy.

    Columns ``irradiated`` and ``dissected``: of 1,000 patients. ``X_needed``: the number more than under the
    comparator over the local recurrences averted, net; its interval is that of the averted. NaN under the
    comparator, and where no more are treated, where more are treated in both ways, where the averted may be
    luck, and where fewer than one is needed: then something else averts them.
    """
    averted = -PER * at_horizon(differences, "local_recurrence", years)[["estimate", "ci_low", "ci_high"]]
    made = pd.DataFrame(index=at_horizon(outcomes, "irradiated").index, columns=NEEDED_COLUMNS, dtype=float)
    for name, outcome in TREATED.items():
        made[name] = per_1000(outcomes, outcome)
    if averted.empty:
        return made
    treated = list(TREATED)
    more = (made[treated] - made.loc[differences["comparator"].iloc[0], treated]).loc[averted.index]
    alone = (more > UNTREATED).sum(axis=1) == 1
    for name in treated:
        # The sign of the averted has turned, so their fewest are at the high end.
        sure = (averted["ci_high"] > 0) & (more[name] >= averted["estimate"])
        meant = averted.index[alone & (more[name] > UNTREATED) & sure]
        for column, end in (("", "estimate"), ("_low", "ci_low"), ("_high", "ci_high")):
            made.loc[meant, f"{name}_needed{column}"] = more.loc[meant, name] / averted.loc[meant, end]
    return made


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
