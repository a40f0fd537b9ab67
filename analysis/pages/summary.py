"""The tables that a run prints: each policy's outcomes and their price, and published beside simulated."""

import textwrap
from collections.abc import Callable

import numpy as np
import pandas as pd

from analysis.words.price import NOT_OPERATED, counts_harm, failure_differs, keeps_organs, needed, price
from analysis.words.wording import (
    DASH,
    INTERVALS,
    NEAR,
    at_horizon,
    count,
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

# The price of a policy: what a clinician weighs against the recurrences; the rest is in the tables.
PRICE: dict[str, Column] = {
    "local_recurrence": ("local", "recurrence", 12),
    "local_failure": ("local", "failure", 9),
    "permanent_stoma": ("permanent", "stoma", 11),
    "major_bowel_dysfunction": ("bowel,", "major", 8),
    "urinary_dysfunction": ("urinary,", "lasting", 9),
    "sexual_dysfunction": ("sexual,", "lasting", 9),
    "severe_morbidity": ("severe", "morbidity", 11),
    "organ_preserved": ("organs", "kept", 8),
}


def summary(
    outcomes: pd.DataFrame,
    differences: pd.DataFrame,
    comparator: str,
    uncertainty: pd.DataFrame | None = None,
) -> str:
    """Return the main outcomes of each policy and its price as tables to read, at most 120 columns wide.

    ``uncertainty``: the same with the uncertainty of the disease's numbers and of studies, where it is known.

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
            f"\nDifferences: from {policy_words(comparator)}, same patients. "
            f"Averted: {at}, net of those caused."
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
    return "\n".join(
        [
            about,
            "",
            *_table(columns, rows),
            "",
            *(_uncertain(outcomes, uncertainty, comparator, years) if uncertainty is not None else []),
            *_table(others, more),
            "",
            foot,
            "",
            *(_price(outcomes, differences, comparator, years) if counts_harm(outcomes) else []),
            *(_needed(outcomes, differences, comparator, years) if counts_harm(outcomes) else []),
        ]
    )


def _uncertain(outcomes: pd.DataFrame, uncertainty: pd.DataFrame, comparator: str, years: float) -> list[str]:
    """Return the headline numbers with the uncertainty of the disease's numbers and of studies."""
    alone = uncertainty["comparator"].isna()
    levels, changes = uncertainty[alone], uncertainty[~alone]
    policies = list(at_horizon(outcomes, "local_recurrence", years).index)
    several = len(policies) > 1
    columns: list[Column] = [("local recurrence", "%", 22)]
    columns += [("difference", "points", 22)] if several else []
    columns += [("distant metastasis", "%", 22), ("overall survival", "%", 22)]
    rows = {}
    for name in policies:
        cells = [_wide(row_of(at_horizon(levels, "local_recurrence", years), name))]
        if several and name == comparator:
            cells.append(DASH)
        elif several:
            cells.append(_wide(row_of(at_horizon(changes, "local_recurrence", years), name), signed))
        cells += [_wide(row_of(at_horizon(levels, outcome, years), name)) for outcome in WITH_HORIZON]
        rows[name] = cells
    about = (
        f"The same at {years_words(years)}, and how sure it is: 95 % intervals of the disease's fitted "
        "numbers, and of how far studies lie from what the model predicts for them (discrepancy)."
    )
    return [textwrap.fill(about, WIDEST), "", *_table(columns, rows), ""]


def _wide(row: pd.Series, words: Callable[[float], str] | None = None) -> str:
    low, high = row["uncertainty_low"], row["uncertainty_high"]
    if words is None:
        return interval(low, high)
    return interval(100 * low, 100 * high, words)


def _price(outcomes: pd.DataFrame, differences: pd.DataFrame, comparator: str, years: float) -> list[str]:
    """Return what each policy averts and what it costs, per 1,000 patients."""
    failure, kept = failure_differs(outcomes, years), keeps_organs(outcomes)
    left_out = {"local_failure": not failure, "organ_preserved": not kept}
    columns = {name: column for name, column in PRICE.items() if not left_out.get(name, False)}
    found = price(outcomes, differences, list(columns), years).set_index(["policy", "name"])
    policies = list(at_horizon(outcomes, "local_recurrence", years).index)
    rows = {
        policy: [_priced(found.loc[(policy, name)], policy == comparator) for name in columns]
        for policy in policies
    }
    first = policy_words(comparator)
    about = f"What it averts and what it costs, of 1,000 patients at {years_words(years)}"
    if len(policies) > 1:
        about += f": how many under {first}; under the others, how many more (+) or fewer (−). "
        about += "In brackets: the change may be simulated luck"
    about = textwrap.fill(f"{about}.", WIDEST)
    foot = "Stoma and dysfunction of bowel, bladder and sex: those who live with it then. Recurrence, "
    foot += "failure, " if failure else ""
    foot += "morbidity (Clavien–Dindo III or more): those who have had it by then."
    if kept:
        foot += " Organs kept: on purpose, alive, not resected, the tumour under control."
    if failure:
        foot += f" {NOT_OPERATED}"
    foot = textwrap.fill(foot, WIDEST)
    return [about, "", *_table(list(columns.values()), rows), "", foot, ""]


def _priced(row: pd.Series, alone: bool) -> str:
    if alone:
        return count(row["value"])
    change = signed(row["value"])
    return change if row["beyond"] or change in ("0.0", DASH) else f"({change})"


def _needed(outcomes: pd.DataFrame, differences: pd.DataFrame, comparator: str, years: float) -> list[str]:
    """Return how many each policy irradiates and dissects, and for each recurrence averted; or nothing."""
    found = needed(outcomes, differences, years)
    if len(found) < 2 or not found.filter(like="needed").notna().any(axis=None):
        return []
    columns: list[Column] = []
    rows: dict[str, list[str]] = {name: [] for name in found.index}
    for name in ("irradiated", "dissected"):
        columns += [(name, "per 1,000", 12), ("more, for each", "recurrence averted", 26)]
        for policy, row in found.iterrows():
            each, low, high = (float(row[f"{name}_needed{end}"]) for end in ("", "_low", "_high"))
            in_words = DASH if np.isnan(each) else f"{each:.1f} ({interval(low, high, count)})"
            rows[str(policy)] += [f"{row[name]:.0f}", in_words]
    foot = (
        f"More: than under {policy_words(comparator)}. The intervals are those of the recurrences averted. "
        f"{DASH}: no more are treated, the recurrences averted may be simulated luck, or something else "
        "averts them too; to see what one treatment averts, compare with the same policy without it."
    )
    return [*_table(columns, rows), "", textwrap.fill(foot, WIDEST), ""]


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
