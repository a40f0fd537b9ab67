"""What the uncertainty of the parameters makes of each outcome: intervals over the members of a sample."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from conf.posterior import MEMBER
from sim.counting.outcomes import Key

LABELS = ("policy", "comparator", *Key._fields, "unit")
LOW, HIGH = 0.025, 0.975


def uncertainty(outcomes: pd.DataFrame, differences: pd.DataFrame, swept: Sequence[str]) -> pd.DataFrame:
    """Return ``uncertainty.csv``: each outcome and each difference over the members, a row for each.

    Columns: those of ``swept``; ``policy``, ``comparator`` (empty where the row is no difference),
    ``outcome`` to ``horizon_years``, ``unit``; ``members`` that have an estimate; their mean ``n`` and
    ``estimate``; ``uncertainty_low`` and ``uncertainty_high``, the 2.5 and 97.5 percentiles of their
    estimates; ``ci_low`` and ``ci_high``, the means of their own intervals, which are of simulated luck
    alone. Since members share their luck, the mean of many is hardly more certain than one.
    """
    by = [*swept, *LABELS]
    rows = outcomes.assign(comparator=None)
    if not differences.empty:  # of one policy: whose columns have no type yet
        rows = pd.concat([rows, differences])
    rows = averaged(rows, [*by, MEMBER])
    of_members = rows.groupby(by, sort=False, dropna=False)
    found = of_members[["n", "estimate", "ci_low", "ci_high"]].mean()
    found.insert(0, "members", of_members["estimate"].count())
    for name, share in (("uncertainty_low", LOW), ("uncertainty_high", HIGH)):
        found.insert(3, name, of_members["estimate"].quantile(share))
    return found.reset_index()[
        [*by, "members", "n", "estimate", "uncertainty_low", "uncertainty_high", "ci_low", "ci_high"]
    ]


def averaged(rows: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Return the replications of each row averaged by their n, with columns ``by``, n, estimate and interval.

    The interval of several replications is that of their mean, as if each were a study of its own size.
    """
    grouped = rows.groupby(list(by), sort=False, dropna=False)
    if (grouped.size() == 1).all():
        return rows[[*by, "n", "estimate", "ci_low", "ci_high"]].reset_index(drop=True)
    share = rows["n"] / grouped["n"].transform("sum")
    parts = rows[list(by)].assign(
        n=rows["n"],
        estimate=share * rows["estimate"],
        low=(share * (rows["estimate"] - rows["ci_low"])) ** 2,
        high=(share * (rows["ci_high"] - rows["estimate"])) ** 2,
    )
    # One sum of nothing is nothing, not 0.
    found = parts.groupby(list(by), sort=False, dropna=False).sum(min_count=1).reset_index()
    found["ci_low"] = found["estimate"] - np.sqrt(found.pop("low"))
    found["ci_high"] = found["estimate"] + np.sqrt(found.pop("high"))
    return found
