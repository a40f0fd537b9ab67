"""Which uncertain numbers go with a difference in net benefit, over the draws of an analysis."""

import numpy as np
import pandas as pd

MOST = 5
Z99 = 2.576  # of a rank correlation of nothing, whose standard error is 1 / sqrt(n - 1)


def drivers(
    members: pd.DataFrame, psa: pd.DataFrame, policy: str, rival: str, threshold: float, total: str
) -> pd.DataFrame:
    """Return the numbers whose rank correlation with the difference in net benefit is largest, at most MOST.

    ``members``: a row for each draw, a column for each number, and ``member``; ``psa``: a row for each draw
    and policy; ``total``: which costs count, a column of it. Columns of the result: ``key`` and
    ``correlation`` (Spearman's), from the strongest; those that chance alone gives 1 number in 100 are left
    out.
    """
    worth = psa.assign(benefit=threshold * psa["qalys"] - psa[total])
    by = worth.pivot(index="member", columns="policy", values="benefit")
    numbers = members.set_index("member").select_dtypes("number")
    differs = (by[policy] - by[rival]).reindex(numbers.index)
    ranks = numbers.rank()
    found = ranks.loc[:, ranks.nunique() > 1].corrwith(differs.rank())
    strong = found[found.abs() > Z99 / np.sqrt(max(len(numbers) - 1, 1))]
    strongest = strong.reindex(strong.abs().sort_values(ascending=False).index)[:MOST]
    return pd.DataFrame({"key": strongest.index.astype(str), "correlation": strongest.to_numpy(float)})
