"""Which uncertain numbers go with a difference in net benefit, over the draws of an analysis."""

import numpy as np
import pandas as pd
from scipy.stats import norm

MOST = 5
BY_CHANCE = 0.05  # how often any number would be named if none mattered


def drivers(
    members: pd.DataFrame, psa: pd.DataFrame, policy: str, rival: str, threshold: float, total: str
) -> pd.DataFrame:
    """Return the numbers whose rank correlation with the difference in net benefit is largest, at most MOST.

    ``members``: a row for each draw, a column for each number, and ``member``; ``psa``: a row for each draw
    and policy; ``total``: which costs count, a column of it. Columns of the result: ``key`` and
    ``correlation`` (Spearman's), from the strongest. Left out are those no stronger than chance gives to any
    of so many numbers in one analysis of twenty (Bonferroni).
    """
    worth = psa.assign(benefit=threshold * psa["qalys"] - psa[total])
    by = worth.pivot(index="member", columns="policy", values="benefit")
    numbers = members.set_index("member").select_dtypes("number")
    differs = (by[policy] - by[rival]).reindex(numbers.index)
    ranks = numbers.rank()
    found = ranks.loc[:, ranks.nunique() > 1].corrwith(differs.rank())
    # Of nothing, a rank correlation has the standard error 1 / sqrt(n - 1).
    limit = norm.isf(BY_CHANCE / 2 / max(len(found), 1)) / np.sqrt(max(len(numbers) - 1, 1))
    strong = found[found.abs() > limit]
    strongest = strong.reindex(strong.abs().sort_values(ascending=False).index)[:MOST]
    return pd.DataFrame({"key": strongest.index.astype(str), "correlation": strongest.to_numpy(float)})
