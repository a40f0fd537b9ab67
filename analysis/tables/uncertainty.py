"""What uncertain parameters and discrepancy make of each outcome: intervals over the members of a sample."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from conf.discrepancy import CONTRAST, Discrepancy, kind_of_outcome
from conf.posterior import MEMBER
from sim.counting.outcomes import Key

LABELS = ("policy", "comparator", *Key._fields, "unit")
LOW, HIGH = 0.025, 0.975
MOST_OF_EFFECT = 0.5  # assumption: of an effect's log odds ratio, the scale of its own discrepancy at most
DRAWS = 40  # of the discrepancy, for each member


def uncertainty(
    outcomes: pd.DataFrame, differences: pd.DataFrame, swept: Sequence[str], discrepancy: Discrepancy
) -> pd.DataFrame:
    """Return ``uncertainty.csv``: each outcome and each difference over the members, a row for each.

    Columns: those of ``swept``; ``policy``, ``comparator`` (empty where the row is no difference),
    ``outcome`` to ``horizon_years``, ``unit``; ``members`` that have an estimate; their mean ``n`` and
    ``estimate``; ``uncertainty_low`` and ``uncertainty_high``, a 95 % interval of parameters and
    discrepancy; ``parameters_low`` and ``parameters_high``, the 2.5 and 97.5 percentiles of the members'
    estimates; ``ci_low`` and ``ci_high``, the means of their own intervals, which are of simulated luck
    alone. Since members share their luck, the mean of many is hardly more certain than one.

    Discrepancy belongs to proportions and their differences: a setting differs from the model by so much in
    log odds, under all policies alike, and by so much more in what a policy changes. Where the unit is
    another, the two intervals are the same.
    """
    by = [*swept, *LABELS]
    rows = outcomes.assign(comparator=None)
    if not differences.empty:  # of one policy: whose columns have no type yet
        rows = pd.concat([rows, differences])
    rows = averaged(rows, [*by, MEMBER])
    of_members = rows.groupby(by, sort=False, dropna=False)
    found = of_members[["n", "estimate", "ci_low", "ci_high"]].mean()
    found.insert(0, "members", of_members["estimate"].count())
    for name, share in (("parameters_low", LOW), ("parameters_high", HIGH)):
        found.insert(3, name, of_members["estimate"].quantile(share))
    found = found.reset_index()
    wide = widened(rows, found[by], swept, discrepancy)
    found["uncertainty_low"] = wide[:, 0]
    found["uncertainty_high"] = wide[:, 1]
    for end in ("low", "high"):
        found[f"uncertainty_{end}"] = found[f"uncertainty_{end}"].fillna(found[f"parameters_{end}"])
    return found[
        [*by, "members", "n", "estimate", "uncertainty_low", "uncertainty_high", "parameters_low",
         "parameters_high", "ci_low", "ci_high"]
    ]  # fmt: skip


def widened(
    rows: pd.DataFrame, wanted: pd.DataFrame, swept: Sequence[str], discrepancy: Discrepancy
) -> np.ndarray:
    """Return the ends of each wanted row's 95 % interval of parameters and discrepancy, shape (rows, 2).

    ``rows``: estimates by member. NaN where a row is no proportion. A policy's own discrepancy is in
    proportion to what it changes where that is little: a policy that changes nothing is known to change
    nothing.
    """
    names = [name for name in [*swept, *LABELS] if name not in ("policy", "comparator")]
    levels = rows[rows["comparator"].isna() & (rows["unit"] == "proportion")]
    by_member = levels.pivot_table(index=["policy", *names], columns=MEMBER, values="estimate", dropna=False)
    place = {key: k for k, key in enumerate(by_member.index)}
    log_odds = logit(by_member.to_numpy().clip(0.0, 1.0))  # infinite at 0 and 1, where it stays
    rng = np.random.default_rng(0)  # the same draws for every row, so that what is alike stays alike
    shared, own = rng.standard_t(discrepancy.degrees, (2, log_odds.shape[1], DRAWS))
    found = np.full((len(wanted), 2), np.nan)
    for k, row in enumerate(wanted.to_dict("records")):
        at = tuple(row[name] for name in names)
        if (mine := place.get((row["policy"], *at))) is None:
            continue
        moved = discrepancy.scales[kind_of_outcome(row["outcome"])] * shared
        level = log_odds[mine][:, None]
        if row["comparator"] is None or pd.isna(row["comparator"]):
            drawn = expit(level + moved)
        else:
            beside = log_odds[place[(row["comparator"], *at)]][:, None]
            with np.errstate(invalid="ignore"):  # both 0, or both 1: no effect
                effect = np.nan_to_num(level - beside, posinf=0.0, neginf=0.0)
            scale = np.minimum(discrepancy.scales[CONTRAST], MOST_OF_EFFECT * np.abs(effect))
            drawn = expit(level + moved + scale * own) - expit(beside + moved)
        if np.isfinite(drawn).any():
            found[k] = np.nanquantile(drawn, (LOW, HIGH))
    return found


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
