"""Who gains: what a policy costs and is worth in groups that a clinician sees, and a rule for them.

A patient's gain is that under the policy less that under the comparator, with the same luck. Where nobody
waits, treating some by the policy and the others by the comparator gives exactly the gains of those treated.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sim.counting.batches import Z95

# What a clinician sees before treatment, and where it is cut: from each number to below the next.
CUTS: dict[str, tuple[float, ...]] = {
    "short_axis_mm": (0.0, 0.1, 5.0, 7.0, 10.0),
    "height_above_verge_cm": (0.0, 5.0, 10.0),
    "t_category": (1.0, 2.0, 3.0, 4.0),
    "cn": (0.0, 1.0, 2.0),
    "fascia_threatened": (0.0, 1.0),
    "emvi": (0.0, 1.0),
    "age_years": (0.0, 60.0, 70.0, 80.0),
    "unfit": (0.0, 1.0),
    "female": (0.0, 1.0),
}
LEAST_SHARE = 0.02  # of the patients, in an end of the rule
MOST_ENDS = 6
FLAGS = ("fascia_threatened", "emvi", "unfit", "female")
WHOLE = ("t_category", "cn")


@dataclass(frozen=True)
class Gain:
    """The same patients under a policy and the comparator, shape (n,) each.

    ``seen``: by column of ``CUTS``; ``treated``: whether what is done differs; ``averted``: recurrences, 1
    averted, -1 caused; ``harmed``: by harm, 1 harmed, -1 spared; ``costs`` and ``qalys``: more under the
    policy.
    """

    seen: Mapping[str, np.ndarray]
    treated: np.ndarray
    averted: np.ndarray
    harmed: Mapping[str, np.ndarray]
    costs: np.ndarray
    qalys: np.ndarray

    def benefit(self, threshold: float) -> np.ndarray:
        """Return the net benefit that each patient gains, in money, at what a QALY may cost."""
        worth: np.ndarray = threshold * self.qalys - self.costs
        return worth


def group_words(column: str, k: int) -> str:
    """Return a group of patients as a condition, the k-th of a column's."""
    cuts = CUTS[column]
    if column in FLAGS:
        return column if k else f"not {column}"
    if column in WHOLE:
        return f"{column} == {cuts[k]:g}"
    if column == "short_axis_mm" and k == 0:
        return "short_axis_mm == 0"
    parts = [f"{column} >= {cuts[k]:g}"] if cuts[k] > 0.1 else []
    if column == "short_axis_mm" and k == 1:
        parts = ["short_axis_mm > 0"]
    if k + 1 < len(cuts):
        parts.append(f"{column} < {cuts[k + 1]:g}")
    return " and ".join(parts)


def gains(gain: Gain, policy: str, comparator: str, threshold: float) -> pd.DataFrame:
    """Return ``gains.csv``: a row for all patients and for each group, per patient of the group.

    ``benefit_low`` to ``benefit_high`` and so on: 95 % intervals of simulated luck, paired. ``needed``:
    patients treated otherwise for each recurrence averted; NaN where fewer than none are.
    """
    everybody = np.ones(len(gain.costs), bool)
    rows = [_row(gain, everybody, "all", "all", threshold)]
    for column, cuts in CUTS.items():
        place = np.searchsorted(cuts, gain.seen[column], side="right") - 1
        rows += [
            _row(gain, place == k, column, group_words(column, k), threshold)
            for k in range(len(cuts))
            if (place == k).any()
        ]
    table = pd.DataFrame(rows)
    table.insert(0, "policy", policy)
    table.insert(1, "comparator", comparator)
    return table


def _row(gain: Gain, among: np.ndarray, column: str, group: str, threshold: float) -> dict[str, object]:
    n = int(among.sum())
    row: dict[str, object] = {"column": column, "group": group, "n": n, "share": n / len(among)}
    treated = float(gain.treated[among].mean())
    averted, low, _ = _mean(gain.averted[among].astype(float))
    row |= {"treated": treated, "averted_per_1000": 1000 * averted}
    row["needed"] = treated / averted if low > 0 else np.nan
    row |= {f"{harm}_per_1000": 1000 * float(of[among].mean()) for harm, of in gain.harmed.items()}
    for name, values in (
        ("costs", gain.costs), ("qalys", gain.qalys), ("benefit", gain.benefit(threshold)),
    ):  # fmt: skip
        row |= dict(zip((name, f"{name}_low", f"{name}_high"), _mean(values[among]), strict=True))
    return row


def _mean(values: np.ndarray) -> tuple[float, float, float]:
    mean = float(values.mean())
    half = Z95 * float(values.std(ddof=1)) / np.sqrt(len(values)) if len(values) > 1 else np.nan
    return mean, mean - half, mean + half


@dataclass(frozen=True)
class Rule:
    """Whom to treat: ``conditions`` in the words of a guideline, any of them; what it is worth per patient.

    The rule was found in half of the patients and is valued in the other half, so its interval is honest.
    ``everybody``: the worth of treating all, in the same half.
    """

    conditions: tuple[str, ...]
    share: float
    benefit: tuple[float, float, float]
    everybody: tuple[float, float, float]

    def row(self) -> dict[str, object]:
        """Return the rule as a row of ``rules.csv``."""
        ends = ("", "_low", "_high")
        return {
            "condition": self.words,
            "share": self.share,
            **{f"benefit{end}": value for end, value in zip(ends, self.benefit, strict=True)},
            **{f"everybody{end}": value for end, value in zip(ends, self.everybody, strict=True)},
        }

    @property
    def words(self) -> str:
        """The rule as a condition of a guideline."""
        return " or ".join(f"({words})" if " and " in words else words for words in self.conditions)


def rule(gain: Gain, threshold: float) -> Rule:
    """Return the rule that treats those, and only those, who gain: a small regression tree of the benefit.

    ``treated`` in no end of the tree: nobody is treated, and ``conditions`` is empty.
    """
    from sklearn.tree import DecisionTreeRegressor

    seen = np.column_stack([gain.seen[column].astype(float) for column in CUTS])
    benefit = gain.benefit(threshold)
    first = np.arange(len(benefit)) % 2 == 0
    tree = DecisionTreeRegressor(
        max_leaf_nodes=MOST_ENDS, min_samples_leaf=max(int(LEAST_SHARE * first.sum()), 1), random_state=0
    ).fit(seen[first], benefit[first])
    # As it is printed: with rounded numbers.
    good = _treated(
        tree.tree_, 0, {}, lambda bounds: float(benefit[first & _within(gain, bounds)].mean()) > 0
    )
    treat = np.any([_within(gain, bounds) for bounds in good], axis=0) if good else np.zeros(len(first), bool)
    gained = np.where(treat, benefit, 0.0)[~first]
    return Rule(
        tuple(map(_condition, good)), float(treat[~first].mean()), _mean(gained), _mean(benefit[~first])
    )


Bounds = dict[str, tuple[float, float]]  # by column, above the first and at most the second


def _within(gain: Gain, bounds: Bounds) -> np.ndarray:
    inside = np.ones(len(gain.costs), bool)
    for column, (low, high) in bounds.items():
        inside &= (gain.seen[column] > low) & (gain.seen[column] <= high)
    return inside


def _treated(tree: Any, node: int, bounds: Bounds, gains: Callable[[Bounds], bool]) -> list[Bounds]:
    """Return the bounds of those who gain below a node of a tree; two parts that both do are one."""
    if tree.children_left[node] < 0:
        return [bounds] if gains(bounds) else []
    column = list(CUTS)[tree.feature[node]]
    cut = float(tree.threshold[node])
    cut = float(np.floor(cut)) if column in (*FLAGS, *WHOLE) else round(cut, 1)
    low, high = bounds.get(column, (-np.inf, np.inf))
    left = {**bounds, column: (low, min(high, cut))}
    right = {**bounds, column: (max(low, cut), high)}
    of_left = _treated(tree, tree.children_left[node], left, gains)
    of_right = _treated(tree, tree.children_right[node], right, gains)
    return [bounds] if of_left == [left] and of_right == [right] else [*of_left, *of_right]


def _condition(bounds: Bounds) -> str:
    """Return bounds as a condition; flags and whole numbers read as such."""
    words = []
    for column, (low, high) in bounds.items():
        if column in FLAGS:
            words.append(column if low > -np.inf else f"not {column}")
            continue
        words += [f"{column} > {low:g}"] if low > -np.inf else []
        words += [f"{column} <= {high:g}"] if high < np.inf else []
    return " and ".join(words) or "everybody"
