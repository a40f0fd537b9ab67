"""The pictures of a sensitivity analysis, from its tables alone."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.pictures.sensitivity import morris_bars, sobol_bars, tornado_bars, two_way_map
from analysis.words.economics import whole_money
from analysis.words.sweep import parameter_words
from analysis.words.wording import policy_words, years_words

NET_BENEFIT, SOBOL, MORRIS = "net_benefit", "sobol", "morris"


def sensitivity_pictures(
    tables: Mapping[str, pd.DataFrame], base: tuple[float, float] | None, where: str
) -> dict[str, Callable[[], Figure]]:
    """Return a function that draws it, by name, for each picture of a sensitivity analysis.

    A tornado, Morris' effects and Sobol' indices for each policy that has rows; the map, where it is of net
    benefit. ``base``: the run's own values of the map's numbers; ``where``: the threshold, in words.
    """
    drawn: dict[str, Callable[[], Figure]] = {}
    for policy, rows in _by_policy(tables.get("sensitivity")):
        moved = rows[rows["swing"] > 0].reset_index(drop=True)
        drawn[f"tornado_{policy}"] = partial(
            tornado_bars, moved, outcome_words(rows), value_writer(rows), parameter_words
        )
    indices = tables.get("indices")
    for policy, rows in _by_policy(None if indices is None else indices[indices["method"] == SOBOL]):
        drawn[f"sobol_{policy}"] = partial(sobol_bars, rows, outcome_words(rows), parameter_words)
    for policy, rows in _by_policy(None if indices is None else indices[indices["method"] == MORRIS]):
        drawn[f"morris_{policy}"] = partial(
            morris_bars, rows, outcome_words(rows), value_writer(rows), parameter_words
        )
    if "map" in tables and (tables["map"]["outcome"] == NET_BENEFIT).all():
        drawn["map"] = partial(_map, tables["map"], tables["map_lines"], base, where)
    return drawn


def _by_policy(table: pd.DataFrame | None) -> list[tuple[str, pd.DataFrame]]:
    if table is None:
        return []
    return [
        (str(policy), rows.reset_index(drop=True)) for policy, rows in table.groupby("policy", sort=False)
    ]


def outcome_words(rows: pd.DataFrame) -> str:
    """Return what the rows of a policy are of, for people."""
    first = rows.iloc[0]
    words = policy_words(first["outcome"])
    if first["horizon_years"] == first["horizon_years"]:
        words += f" at {years_words(first['horizon_years'])}"
    words += f" of {policy_words(first['policy'])}"
    if isinstance(first["comparator"], str):
        words += f" less that of {policy_words(first['comparator'])}"
    return words if first["unit"] == "proportion" else f"{words} ({first['unit']})"


def value_writer(rows: pd.DataFrame) -> Callable[[float], str]:
    """Return how a value of the outcome of these rows is written."""
    unit, outcome = rows.iloc[0][["unit", "outcome"]]
    if unit == "proportion":
        return lambda value: f"{100 * value:.2f} %".replace("-", "−")
    if outcome == NET_BENEFIT or outcome.startswith("cost"):
        return whole_money
    return lambda value: f"{value:.3g}".replace("-", "−")


def _map(table: pd.DataFrame, lines: pd.DataFrame, base: tuple[float, float] | None, where: str) -> Figure:
    policies = list(dict.fromkeys(table["policy"]))
    x, y = (np.unique(table[axis]) for axis in "xy")
    benefit = np.stack(
        [
            table[table["policy"] == policy].pivot(index="y", columns="x", values="estimate").to_numpy()
            for policy in policies
        ],
        axis=-1,
    )
    names = str(table["x_parameter"].iloc[0]), str(table["y_parameter"].iloc[0])
    return two_way_map(x, y, benefit, policies, lines, names, base, where, parameter_words)
