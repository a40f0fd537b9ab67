"""What an outcome depends on, as tables to read."""

import textwrap
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.pages.economics_summary import WIDEST, head
from analysis.tables.measure import Measure, is_money
from analysis.words.sweep import letter, parameter_words
from analysis.words.wording import DASH, interval, policy_words, sentence, years_words

TOP = 12  # parameters that are printed
NAMES = 52
CELL = 15
SHARE = "{:.2f}".format


def sensitivity_summary(
    tables: Mapping[str, pd.DataFrame],
    measure: Measure,
    comparator: str,
    patients: int,
    of_difference: bool,
) -> str:
    """Return what moves an outcome most: by the tables of a run, whichever there are."""
    at = "" if np.isnan(measure.horizon_years) else f" at {years_words(measure.horizon_years)}"
    less = f", less that of {policy_words(comparator)}" if of_difference else ""
    unit = "per cent of patients" if measure.unit == "proportion" else measure.unit
    about = (
        f"{sentence(policy_words(measure.name))}{at}{less}, in {unit}: {patients:,} patients under each "
        "policy, the same at every point, so that simulated luck is mostly shared."
    )
    parts = [textwrap.fill(about, WIDEST)]
    write = writer(measure.name, measure.unit)
    for name, words in (
        ("sensitivity", _tornado), ("map", _map), ("indices", _indices), ("structure", _structure)
    ):  # fmt: skip
        if name in tables:
            parts += words(tables[name], write)
    return "\n".join([*parts, ""])


def writer(outcome: str, unit: str) -> Callable[[float], str]:
    """Return how a value of an outcome is written."""
    scale, digits = (100, 2) if unit == "proportion" else (1, 0 if is_money(outcome) else 3)

    def write(value: float) -> str:
        if np.isnan(value):
            return DASH
        words = f"{scale * value:,.{digits}f}"
        return words.replace("-", "−") if words.strip("-0.,") else words.lstrip("-")

    return write


def number(value: float) -> str:
    """Return a value of a parameter."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _tornado(table: pd.DataFrame, write: Callable[[float], str]) -> list[str]:
    lines = []
    for policy, rows in table.groupby("policy", sort=False):
        moved = rows[rows["swing"] > 0]
        beyond = int(moved["beyond_noise"].sum())
        lines += [
            "",
            textwrap.fill(
                f"{sentence(policy_words(str(policy)))}, one parameter at a time between its 2.5 and 97.5 "
                f"percentile; as it is: {write(rows['base'].iloc[0])}. Of {len(rows)} parameters "
                f"{beyond} move it by more than simulated luck.",
                WIDEST,
            ),
            "",
            *head(NAMES, [("range", "", 22), ("at its low end", "", 18), ("at its high end", "", 18)]),
        ]
        for row in moved.head(TOP).to_dict("records"):
            ends = f"{number(row['low'])} to {number(row['high'])}"
            mark = "" if row["beyond_noise"] else " *"
            name = _name(parameter_words(row["parameter"]))
            lines.append(f"{name}{ends:>22}{write(row['at_low']):>18}{write(row['at_high']):>18}{mark}")
        if not moved.head(TOP)["beyond_noise"].all():
            lines.append("*: may be simulated luck")
    return lines


def _structure(table: pd.DataFrame, write: Callable[[float], str]) -> list[str]:
    policies = list(dict.fromkeys(table["policy"]))
    of = {*policies, *table["preferred"].dropna(), *table["comparator"].dropna()}
    letters = {name: letter(k) for k, name in enumerate([*policies, *sorted(of - {*policies})])}
    columns = [(letters[name], "", CELL) for name in policies]
    lines = ["", "Under other structures:", "", *head(NAMES, [*columns, ("preferred", "", CELL)])]
    for _, rows in table.groupby("alternative", sort=False):
        cells = [_with_mark(row, write) for row in rows.to_dict("records")]
        preferred = rows["preferred"].iloc[0]
        best = letters[preferred] if isinstance(preferred, str) else ""
        lines.append(f"{_name(rows['words'].iloc[0])}{''.join(cells)}{best:>{CELL - 1}}")
    lines += ["", "*: the change may be simulated luck"]
    return [*lines, *(f"{name}: {policy_words(policy)}" for policy, name in letters.items())]


def _with_mark(row: Mapping[Any, Any], write: Callable[[float], str]) -> str:
    """Return a value, marked where it may be that of the model as it is."""
    mark = "*" if row["change_low"] <= 0.0 <= row["change_high"] and row["change"] else " "
    return f"{write(row['estimate']) + mark:>{CELL}}"


def _map(table: pd.DataFrame, write: Callable[[float], str]) -> list[str]:
    policies = list(dict.fromkeys(table["policy"]))
    letters = {name: letter(k) for k, name in enumerate(policies)}
    best = table[table["preferred"]].assign(letter=lambda rows: rows["policy"].map(letters))
    grid = best.pivot(index="y", columns="x", values="letter").sort_index(ascending=False)
    x, y = (parameter_words(table[f"{axis}_parameter"].iloc[0]) for axis in "xy")
    lines = ["", f"The preferred policy, by {x} (across) and {y} (up):", ""]
    lines += [f"{number(float(at)):>12}  " + "".join(f"{one:>10}" for one in row) for at, row in
              zip(grid.index, grid.to_numpy(), strict=True)]  # fmt: skip
    lines.append(f"{'':14}" + "".join(f"{number(float(at)):>10}" for at in grid.columns))
    lines += ["", *(f"{letters[name]}: {policy_words(name)}" for name in policies)]
    return lines


def _indices(table: pd.DataFrame, write: Callable[[float], str]) -> list[str]:
    lines = []
    for (policy, method), rows in table.groupby(["policy", "method"], sort=False):
        if method == "morris":
            floor = write(rows["noise_floor"].iloc[0])
            words = (
                f"Morris' mean effect of a parameter's whole range, and how it varies (sigma); {floor} for a "
                "parameter without any effect, by simulated luck"
            )
            columns = [("mean effect", "", 34), ("sigma", "", 14)]
        else:
            words = (
                "Sobol' indices, the share of the variance due to a parameter: alone (first), and with the "
                f"others (total); {100 * rows['noise_share'].iloc[0]:.1f} % of the variance between points "
                "was simulated luck, which is taken out"
            )
            columns = [("first", "", 28), ("total", "", 28)]
        title = f"{sentence(policy_words(str(policy)))}. {words}:"
        lines += ["", textwrap.fill(title, WIDEST), "", *head(NAMES, columns)]
        for row in rows.head(TOP).to_dict("records"):
            if method == "morris":
                cells = f"{with_ends(row, 'mu_star', write):>34}{write(row['sigma']):>14}"
            else:
                cells = "".join(f"{with_ends(row, name, SHARE):>28}" for name in ("first", "total"))
            lines.append(f"{_name(parameter_words(row['parameter']))}{cells}")
    return lines


def with_ends(row: Mapping[Any, Any], name: str, write: Callable[[float], str]) -> str:
    """Return a number of a row with its interval."""
    return f"{write(row[name])} ({interval(row[f'{name}_low'], row[f'{name}_high'], write)})"


def _name(words: str) -> str:
    return f"{textwrap.shorten(words, NAMES - 1, placeholder='...'):{NAMES}}"
