"""How far an outcome depends on numbers and structure, as tables, from its values at the points of a design.

Values are by group of patients, the same groups at every point (``analysis.tables.measure``), so that what
two points differ by is distinguished from simulated luck.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.economics.indices import Plan, equal_benefit, indices, tornado
from analysis.tables.measure import Measure
from conf.input_error import InputError
from sim.counting.batches import student_quantile

ROUNDING = 1e-10  # of an outcome


@dataclass(frozen=True)
class Asked:
    """Of what the tables are: an outcome of policies, or its difference from the comparator."""

    measure: Measure
    policies: list[str]
    comparator: str
    of_difference: bool

    @property
    def shown(self) -> list[str]:
        """The policies that have rows."""
        return [name for name in self.policies if not (self.of_difference and name == self.comparator)]

    def of(self, values: np.ndarray, policy: str) -> np.ndarray:
        """Return what is asked of a policy, shape (..., groups), from shape (..., groups, policies)."""
        own = values[..., self.policies.index(policy)].copy()
        if self.of_difference:
            own -= values[..., self.policies.index(self.comparator)]
        return own

    def front(self, table: pd.DataFrame, policy: str) -> pd.DataFrame:
        """Return the table with what it is about in front."""
        about = {
            "policy": policy,
            "comparator": self.comparator if self.of_difference else None,
            "outcome": self.measure.name,
            "horizon_years": self.measure.horizon_years,
            "unit": self.measure.unit,
        }
        front = pd.DataFrame([about] * len(table), columns=list(about), index=table.index)
        return pd.concat([front, table], axis=1)

    def best(self, values: np.ndarray) -> np.ndarray:
        """Return which policy is preferred at each point, from shape (points, groups, policies)."""
        found: np.ndarray = np.argmax(self.measure.direction * values.mean(axis=-2), axis=-1)
        return found


def standard_error(changes: np.ndarray) -> np.ndarray:
    """Return the standard error of means over groups, the last axis."""
    error: np.ndarray = changes.std(axis=-1, ddof=1) / np.sqrt(changes.shape[-1])
    return error


def tornado_table(asked: Asked, base: np.ndarray, values: np.ndarray, ends: pd.DataFrame) -> pd.DataFrame:
    """Return ``sensitivity.csv``: for each policy what each parameter moves, the widest first.

    ``base``: the values of the run, shape (groups, policies); ``values``: at the low and the high end of each
    parameter in turn; ``ends``: parameter, basis, low, high.
    """
    parts = []
    for policy in asked.shown:
        low, high = asked.of(values[::2], policy), asked.of(values[1::2], policy)
        middle = asked.of(base, policy).mean()
        rows = ends.assign(
            at_low=_unrounded(low.mean(axis=-1), middle, base),
            at_high=_unrounded(high.mean(axis=-1), middle, base),
            difference_se=standard_error(high - low),
        )
        parts.append(asked.front(tornado(rows, float(middle)), policy))
    return pd.concat(parts, ignore_index=True)


def _unrounded(estimates: np.ndarray, middle: float, base: np.ndarray) -> np.ndarray:
    """Return estimates, those that differ from the run's own by rounding alone as it."""
    return np.where(np.abs(estimates - middle) <= ROUNDING * np.abs(base).mean(), middle, estimates)


def structure_table(
    asked: Asked, base: np.ndarray, values: np.ndarray, alternatives: Sequence[tuple[str, str, str]]
) -> pd.DataFrame:
    """Return ``structure.csv``: the outcome under each alternative, and its change from the run itself.

    ``alternatives``: name, words and the claim that it reverses, by point of ``values``. ``preferred``: the
    best policy, missing where neither more nor less of the outcome is better.
    """
    quantile = student_quantile(base.shape[0] - 1.0)
    rows = [("as_it_is", "the model as it is", ""), *alternatives]
    every = np.concatenate([base[None], values])
    preferred = [asked.policies[k] for k in asked.best(every)] if asked.measure.direction else None
    parts = []
    for policy in asked.shown:
        own = asked.of(every, policy)
        estimates = own.mean(axis=-1)
        estimates = _unrounded(estimates, estimates[0], base)
        change, reach = estimates - estimates[0], quantile * standard_error(own - own[0])
        table = pd.DataFrame(rows, columns=["alternative", "words", "reverses"]).assign(
            estimate=estimates,
            change=change,
            change_low=change - reach,
            change_high=change + reach,
            preferred=preferred,
        )
        parts.append(asked.front(table, policy))
    return pd.concat(parts, ignore_index=True)


def map_tables(
    asked: Asked,
    values: np.ndarray,
    x: tuple[str, Sequence[float]],
    y: tuple[str, Sequence[float]],
) -> dict[str, pd.DataFrame]:
    """Return ``map`` and ``map_lines``: the outcome on a grid, and where the preferred policy changes.

    ``values``: row by row of ``y``, within it by ``x``; ``x`` and ``y``: a key and its values.
    """
    levels = values.mean(axis=-2).reshape(len(y[1]), len(x[1]), -1)
    best = asked.best(values)
    places = np.array([(one, other) for other in y[1] for one in x[1]])
    parts = []
    for policy in asked.policies:
        table = pd.DataFrame(
            {
                "x_parameter": x[0],
                "x": places[:, 0],
                "y_parameter": y[0],
                "y": places[:, 1],
                "estimate": asked.of(values, policy).mean(axis=-1),
                "preferred": best == asked.policies.index(policy),
            }
        )
        parts.append(asked.front(table, policy))
    lines = equal_benefit(np.array(x[1]), np.array(y[1]), asked.measure.direction * levels, asked.policies)
    return {
        "map": pd.concat(parts, ignore_index=True),
        "map_lines": lines.assign(x_parameter=x[0], y_parameter=y[0]),
    }


def indices_table(asked: Asked, design: Plan, values: np.ndarray) -> pd.DataFrame:
    """Return ``indices.csv`` of a method: Morris' or Sobol' indices of each parameter, the largest first.

    Raises InputError where the outcome is of nobody at some point.
    """
    parts = []
    for policy in asked.shown:
        own = asked.of(values, policy)
        if missing := int((~np.isfinite(own)).any(axis=-1).sum()):
            raise InputError(
                f"outcome={asked.measure.name}: at {missing} of {len(own)} points there are too few patients "
                "of whom it could be said; simulate more, patients=..."
            )
        table = indices(design, own)
        by = "mu_star" if "mu_star" in table else "total"
        table = table.sort_values(by, ascending=False, kind="stable", ignore_index=True)
        parts.append(asked.front(table.assign(method=design.method), policy))
    return pd.concat(parts, ignore_index=True)
