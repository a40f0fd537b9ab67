"""The tables that a run prints: each policy's outcomes, and published beside simulated."""

import textwrap

import pandas as pd

from analysis.words.wording import (
    DASH,
    INTERVALS,
    NEAR,
    at_horizon,
    headline_years,
    interval,
    percent,
    policy_words,
    row_of,
    sentence,
    signed,
    years_words,
)

WIDEST = 119  # columns
LONGEST = 41  # letters of a name that still shares its line with numbers

WITH_HORIZON = ("distant_metastasis", "overall_survival")
WITHOUT = ("crm_involved", "leak", "operative_death")

Column = tuple[str, str, int]  # two lines of heading, and the width


def summary(outcomes: pd.DataFrame, differences: pd.DataFrame, comparator: str) -> str:
    """Return the main outcomes of each policy as two tables to read, at most 120 columns wide.

    Stated at five years, or at the end of a shorter run; local recurrence also at the end of a longer one.
    """
    years, last = headline_years(outcomes), float(outcomes["horizon_years"].max())
    at = f"at {years_words(years)}"
    recurrence = [at_horizon(outcomes, "local_recurrence", when) for when in sorted({years, last})]
    policies = list(recurrence[0].index)
    compared = at_horizon(differences, "local_recurrence", years)

    columns: list[Column] = [
        ("local recurrence", f"at {years_words(found['horizon_years'].iloc[0])}, %", 22)
        for found in recurrence
    ]
    rows = {name: [_with_interval(found.loc[name]) for found in recurrence] for name in policies}
    about = f"{int(recurrence[0]['n'].max()):,} patients under each policy. In brackets: {INTERVALS}."
    if len(policies) > 1:
        columns += [("difference", f"{at}, points", 22), ("averted", "per 1,000", 11)]
        for name in policies:
            rows[name] += [DASH, DASH] if name == comparator else _changed(compared.loc[name])
        about += (
            f"\nDifferences: from {policy_words(comparator)}, same patients. Averted: net of those caused."
        )

    others: list[Column] = [
        ("distant", "metastasis, %", 15),
        ("overall", "survival, %", 13),
        ("margin", "involved, %", 13),
        ("anastomotic", "leak, %", 13),
        ("30-day", "death, %", 10),
        ("R0 of", "salvage, %", 14),
    ]
    more = {
        name: [
            *(percent(_whole(outcomes, name, outcome, years)["estimate"]) for outcome in WITH_HORIZON),
            *(percent(_whole(outcomes, name, outcome)["estimate"]) for outcome in WITHOUT),
            _of(_whole(outcomes, name, "r0")),
        ]
        for name in policies
    }
    foot = (
        f"Metastasis and survival {at}. Margin (circumferential) and 30-day death: of resections. "
        "Leak: of anastomoses.\nR0: clear margins, of salvage resections (their number)."
    )
    return "\n".join([about, "", *_table(columns, rows), "", *_table(others, more), "", foot, ""])


def published(beside: pd.DataFrame) -> str:
    """Return published figures beside the simulated ones as a table to read."""
    if beside.empty:
        return "No published figure fits this run.\n"
    columns: list[Column] = [
        ("", "years", 8),
        ("published", "%", 12),
        ("simulated", "%", 22),
        ("difference", "points", 13),
        ("within", "2 points", 11),
    ]
    lines = [f"Published beside simulated. In brackets: {INTERVALS}.", *_head(columns, 0)]
    for (outcome, policy), part in beside.groupby(["outcome", "policy"], sort=False):
        lines.append(f"{sentence(policy_words(str(outcome)))}, {policy_words(str(policy))}")
        for _, row in part.sort_values("horizon_years").iterrows():
            cells = [
                f"{row['horizon_years']:g}",
                percent(row["published"]),
                _with_interval(row.rename({"simulated": "estimate"})),
                signed(100 * row["difference"]),
                "yes" if abs(row["difference"]) <= NEAR else "no",
            ]
            lines.append(_line("", 0, cells, columns))
    return "\n".join([*lines, ""])


def _whole(outcomes: pd.DataFrame, policy: str, outcome: str, years: float = float("nan")) -> pd.Series:
    return row_of(at_horizon(outcomes, outcome, years), policy)


def _with_interval(row: pd.Series) -> str:
    return f"{percent(row['estimate'])} ({interval(row['ci_low'], row['ci_high'])})"


def _changed(row: pd.Series) -> list[str]:
    difference, low, high = (100 * row[name] for name in ("estimate", "ci_low", "ci_high"))
    return [f"{signed(difference)} ({interval(low, high, signed)})", signed(-10 * difference).lstrip("+")]


def _of(row: pd.Series) -> str:
    return f"{percent(row['estimate'])} ({row['n']:,})" if row["n"] else DASH


def _table(columns: list[Column], rows: dict[str, list[str]]) -> list[str]:
    names = {name: policy_words(name) for name in rows}
    width = min(max(len(words) for words in names.values()), LONGEST)
    return [*_head(columns, width), *(_line(names[name], width, rows[name], columns) for name in rows)]


def _head(columns: list[Column], width: int) -> list[str]:
    return [" " * width + "".join(f"{column[k]:>{column[2]}}" for column in columns) for k in (0, 1)]


def _line(name: str, width: int, cells: list[str], columns: list[Column]) -> str:
    numbers = "".join(f"{cell:>{column[2]}}" for cell, column in zip(cells, columns, strict=True))
    if len(name) <= width:
        return f"{name:{width}}{numbers}"
    return f"{textwrap.fill(name, WIDEST)}\n{'':{width}}{numbers}"
