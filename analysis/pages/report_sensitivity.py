"""What a report says of a sensitivity analysis: every number is one of the run's tables, rounded."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from analysis.pages.report_parts import Block, Cell, Table, Text
from analysis.pages.report_run import RunRead
from analysis.pages.report_tables import cut
from analysis.pages.sensitivity_summary import SHARE, number, with_ends, writer
from analysis.words.sweep import parameter_words
from analysis.words.wording import interval, listed, policy_words, sentence, years_words

MORRIS, SOBOL = "morris", "sobol"
LUCK = "may be simulated luck"
MOST = 25  # parameters that a table of one parameter at a time shows


def depending(run: RunRead) -> list[Block]:
    """Return the results of a sensitivity analysis, whichever of its methods there are."""
    tables = run.tables
    blocks: list[Block] = [Text(words, "lead") for words in _findings(run)]
    blocks.append(Text(about(run)))
    if "sensitivity" in tables:
        blocks += [_tornado(rows) for rows in _by_policy(tables["sensitivity"])]
    if "map" in tables:
        blocks.append(_map(tables["map"]))
    if "indices" in tables:
        indices = tables["indices"]
        for method, table in ((MORRIS, _morris), (SOBOL, _sobol)):
            blocks += [table(rows) for rows in _by_policy(indices[indices["method"] == method])]
    if "structure" in tables:
        blocks.append(_structure(tables["structure"]))
    return blocks


def about(run: RunRead) -> str:
    """Return what the outcome is, and with how many patients it was simulated, in a sentence."""
    first = _any_table(run).iloc[0]
    at = "" if pd.isna(first["horizon_years"]) else f" at {years_words(first['horizon_years'])}"
    against = first["comparator"]
    less = f", less that of {policy_words(against)}" if isinstance(against, str) and against else ""
    unit = "per cent of patients" if first["unit"] == "proportion" else first["unit"]
    return (
        f"The outcome is {policy_words(first['outcome'])}{at}{less}, in {unit}. "
        f"{int(run.config['patients']):,} patients were simulated under each policy, the same at every "
        "point, so that simulated luck is mostly shared."
    )


def _any_table(run: RunRead) -> pd.DataFrame:
    return next(
        run.tables[name] for name in ("sensitivity", "structure", "map", "indices") if name in run.tables
    )


def _findings(run: RunRead) -> list[str]:
    """Return what moves the outcome most, and under which other structures another policy is preferred."""
    found = []
    if "sensitivity" in run.tables:
        table = run.tables["sensitivity"]
        most = {
            str(policy): parameter_words(rows[rows["beyond_noise"]].iloc[0]["parameter"])
            for policy, rows in table.groupby("policy", sort=False)
            if rows["beyond_noise"].any()
        }
        if most:
            moved = "; ".join(f"{policy_words(name)}: {words}" for name, words in most.items())
            found.append(f"The single parameter that moves the outcome most, by policy: {moved}.")
        else:
            found.append("No single parameter moves the outcome by more than simulated luck.")
    if "structure" in run.tables:
        table = run.tables["structure"].drop_duplicates("alternative")
        named = table[table["preferred"].map(lambda name: isinstance(name, str) and name != "")]
        if len(named):
            as_it_is = named["preferred"].iloc[0]
            others = named[named["preferred"] != as_it_is]
            best = f"{sentence(policy_words(as_it_is))} is preferred in the model as it is"
            rest = len(named) - 1
            if len(others):
                under = listed(
                    f"{row['words']} ({policy_words(row['preferred'])})" for row in others.to_dict("records")
                )
                found.append(
                    f"{best}; of {rest} other structures, another policy is preferred under {len(others)}: "
                    f"{under}."
                )
            else:
                found.append(f"{best}, and under all {rest} other structures.")
    return found


def _by_policy(table: pd.DataFrame) -> list[pd.DataFrame]:
    return [rows for _, rows in table.groupby("policy", sort=False)]


def _write(rows: pd.DataFrame) -> Callable[[float], str]:
    first = rows.iloc[0]
    return writer(str(first["outcome"]), str(first["unit"]))


def _name(rows: pd.DataFrame) -> str:
    return sentence(policy_words(str(rows["policy"].iloc[0])))


def _tornado(rows: pd.DataFrame) -> Table:
    write, moved = _write(rows), rows[rows["swing"] > 0]
    cells: list[list[Cell]] = [
        [
            sentence(parameter_words(row["parameter"])),
            f"{number(row['low'])} to {number(row['high'])}",
            str(row["basis"]),
            write(row["at_low"]),
            write(row["at_high"]),
            "" if row["beyond_noise"] else LUCK,
        ]
        for row in moved.head(MOST).to_dict("records")
    ]
    beyond = int(rows["beyond_noise"].sum())
    more = len(moved) - len(cells)
    return Table(
        f"{_name(rows)}: one parameter at a time between its 2.5 and 97.5 percentile. As it is: "
        f"{write(rows['base'].iloc[0])}. Of {len(rows)} parameters {beyond} move it by more than simulated "
        "luck",
        ["Parameter", "Range", "From the", "At its low end", "At its high end", ""],
        cells,
        f"{more} more rows: sensitivity.csv." if more else "",
    )


def _map(table: pd.DataFrame) -> Table:
    best = table[table["preferred"].astype(bool)]
    grid = best.pivot(index="y", columns="x", values="policy").sort_index(ascending=False)
    x, y = (parameter_words(table[f"{axis}_parameter"].iloc[0]) for axis in "xy")
    rows: list[list[Cell]] = [
        [number(float(at)), *(sentence(policy_words(str(one))) for one in row)]
        for at, row in zip(grid.index, grid.to_numpy(), strict=True)
    ]
    head = [sentence(y), *(number(float(at)) for at in grid.columns)]
    return Table(f"The preferred policy, by {x} (across) and {y} (down)", head, rows, numbers=False)


def _morris(rows: pd.DataFrame) -> Table:
    write = _write(rows)
    cells: list[list[Cell]] = [
        [
            sentence(parameter_words(row["parameter"])),
            with_ends(row, "mu_star", write),
            write(row["sigma"]),
        ]
        for row in rows.to_dict("records")
    ]
    return cut(
        f"{_name(rows)}: Morris' mean effect of a parameter's whole range. A parameter without any effect "
        f"would show {write(rows['noise_floor'].iloc[0])}, by simulated luck",
        ["Parameter", "Mean effect (95 % interval)", "How it varies (sigma)"],
        cells,
        "indices.csv",
    )


def _sobol(rows: pd.DataFrame) -> Table:
    cells: list[list[Cell]] = [
        [
            sentence(parameter_words(row["parameter"])),
            *(with_ends(row, name, SHARE) for name in ("first", "total")),
        ]
        for row in rows.to_dict("records")
    ]
    return cut(
        f"{_name(rows)}: Sobol' indices, the share of the variance due to a parameter. "
        f"{100 * rows['noise_share'].iloc[0]:.1f} % of the variance between points was simulated luck, which "
        "is taken out",
        ["Parameter", "Alone (95 % interval)", "With the others (95 % interval)"],
        cells,
        "indices.csv",
    )


def _structure(table: pd.DataFrame) -> Table:
    write = _write(table)
    policies = list(dict.fromkeys(table["policy"]))
    named = any(isinstance(name, str) and name for name in table["preferred"])

    def value(row: dict[Any, Any]) -> str:
        if not row["change"]:
            return write(row["estimate"])
        change = interval(row["change_low"], row["change_high"], write)
        return f"{write(row['estimate'])} (change {write(row['change'])}, {change})"

    rows: list[list[Cell]] = []
    for _, alternative in table.groupby("alternative", sort=False):
        first = alternative.iloc[0]
        cells: list[Cell] = [
            sentence(first["words"]),
            *(value(row) for row in alternative.to_dict("records")),
        ]
        if named:
            cells.append(
                sentence(policy_words(first["preferred"])) if isinstance(first["preferred"], str) else ""
            )
        rows.append(cells)
    return Table(
        "Under other structures",
        ["Structure", *(sentence(policy_words(name)) for name in policies), *["Preferred"] * named],
        rows,
        "In brackets: the change from the model as it is, with its 95 % interval of simulated luck.",
    )
