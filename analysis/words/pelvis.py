"""What the titles of the pelvis say: where recurrences begin most often, and where a policy changes them."""

import numpy as np
import pandas as pd

from analysis.words.wording import (
    BEYOND,
    Finding,
    beyond_luck,
    leaders,
    place_words,
    places,
    policy_words,
    sentence,
)

ONE = "The two side walls count as one place. "


def rank(values: pd.DataFrame, net: float) -> tuple[bool, float]:
    """Return what orders policies: those that change some place beyond luck first, then by the net."""
    return bool(changes(values).any()), float(np.nan_to_num(abs(net)))


def changes(values: pd.DataFrame) -> pd.Series:
    """Return by place whether the net changes beyond luck."""
    names = {"value": "estimate", "low": "ci_low", "high": "ci_high"}
    return beyond_luck(places(values).rename(columns=names))


def leading(policy: str, values: pd.DataFrame, total: float, within: str) -> Finding:
    under = policy_words(policy)
    if total == 0:
        return Finding(f"No local recurrence in any compartment {within} under {under}", "")
    ranked = places(values).sort_values("value", ascending=False)
    first, others = ranked.iloc[0], ranked.iloc[1:]
    if not first["low"] > others["high"].max():
        return Finding(f"No compartment leads in local recurrence {within} under {under} {BEYOND}", ONE)
    return Finding(
        f"Under {under}, local recurrences begin most often {place_words([str(first.name)])}: "
        f"{first['value']:.1f} of {total:.1f} per 1,000 patients {within}",
        "",
    )


def changed(policy: str, values: pd.DataFrame, against: str, within: str) -> Finding:
    beyond = places(values)[changes(values)]
    if beyond.empty:
        return Finding(
            f"No change from {against} in any of the six places of the pelvis {within} {BEYOND}", ONE
        )
    sign = np.sign(beyond["value"].iloc[beyond["value"].abs().argmax()])
    verb, same = ("averts" if sign > 0 else "causes"), beyond[np.sign(beyond["value"]) == sign]
    most = leaders(same["value"].abs(), "{:.1f}".format)
    number = f"{same['value'].abs().max():.1f} per 1,000 patients {within}"
    number = f"{number} each" if len(most) > 1 else number
    if len(same) == 1:
        where = f"{place_words(most)} {BEYOND}"
    else:
        where = f"in {len(same)} of {len(places(values))} places {BEYOND}, most {place_words(most)}"
    return Finding(
        f"{sentence(policy_words(policy))} {verb} local recurrences {where}: {number}",
        ONE,
    )
