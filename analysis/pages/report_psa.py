"""What a report says of a probabilistic sensitivity analysis: every number is one of its tables, rounded."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.pages.economics_summary import more_money, more_years
from analysis.pages.report_economics import MILLION, TWO_PLACES, about, terms_of, thresholds_of
from analysis.pages.report_parts import Block, Cell, Table, Text
from analysis.pages.report_run import RunRead, mapping, names_in
from analysis.pages.report_tables import cut
from analysis.words.economics import (
    DISCREPANCY,
    GROUPS,
    SOURCES,
    Terms,
    whole_money,
)
from analysis.words.report import OF_DRAWS
from analysis.words.wording import (
    DASH,
    interval,
    listed,
    percent,
    policy_words,
    sentence,
)
from conf.economics import middle_threshold


def valued(run: RunRead) -> list[Block]:
    """Return the results of a probabilistic sensitivity analysis."""
    tables, terms, thresholds = run.tables, terms_of(run), thresholds_of(run)
    middle = middle_threshold(thresholds)
    blocks: list[Block] = [
        Text(f"{verdict(run)}.", "lead"),
        Text(about(terms, float(run.config["horizon_years"]))),
        Text(f"{OF_DRAWS} {DISCREPANCY}" if run.config.get("discrepancy") is True else OF_DRAWS, "note"),
        incremental_table(run),
        _against(tables["against_comparator"], terms),
        _acceptability(tables["acceptability"], thresholds, terms),
        _perfect(tables["evpi"], thresholds, terms),
    ]
    if "evppi" in tables:
        blocks.append(_groups(tables["evppi"], thresholds, terms))
    if few := too_many(run):
        blocks.append(
            Text(
                f"Groups of too many numbers for so few draws, whose information has no estimate: "
                f"{listed(map(group_words, few))}.",
                "note",
            )
        )
    if "evsi" in tables and len(tables["evsi"]):
        blocks.append(_studies(tables["evsi"], terms))
    if "variance" in tables:
        blocks.append(_variance(tables["variance"], middle))
    return blocks


def verdict(run: RunRead) -> str:
    """Return which policy is the best on average, and how surely, as a sentence without its full stop."""
    terms, middle = terms_of(run), middle_threshold(thresholds_of(run))
    best = best_of(run.tables["acceptability"], middle)
    return (
        f"At {whole_money(middle)} {terms.currency} per QALY {policy_words(str(best['policy']))} has the "
        "highest "
        f"expected net benefit, and is the best in {percent(best['probability'])} % of the draws"
    )


def best_of(acceptability: pd.DataFrame, threshold: float) -> "pd.Series":
    """Return the row of the policy that is the best on average at a threshold."""
    at = acceptability[acceptability["threshold"] == threshold]
    return at.iloc[int(at["net_monetary_benefit"].to_numpy().argmax())]


def incremental_table(run: RunRead) -> Table:
    """Return policies from the cheapest, with dominance and ratios to the one before on the frontier."""
    terms = terms_of(run)
    rows: list[list[Cell]] = []
    for row in run.tables["incremental"].to_dict("records"):
        compared = isinstance(row["comparator"], str) and row["comparator"] != ""
        rows.append(
            [
                sentence(policy_words(row["policy"])),
                f"{whole_money(row['cost'])} ({interval(row['cost_low'], row['cost_high'], whole_money)})",
                f"{row['qalys']:.2f} ({interval(row['qalys_low'], row['qalys_high'], TWO_PLACES)})",
                more_money(row["incremental_cost"]) if compared else DASH,
                more_years(row["incremental_qalys"]) if compared else DASH,
                ratio(row),
            ]
        )
    return Table(
        "Incremental analysis: policies from the cheapest, each beside the one before it on the frontier",
        [
            "Policy",
            f"Costs, {terms.currency}",
            "QALYs",
            "More costs",
            "QALYs gained",
            f"{terms.currency} per QALY gained",
        ],
        rows,
        "Dominated: another policy costs no more and gives no fewer QALYs. Extendedly dominated: so does a "
        "mixture of two others.",
    )


def ratio(row: Mapping[Any, Any]) -> str:
    """Return the cost per QALY of a row of the incremental table, or why there is none."""
    if row["status"] != "on the frontier":
        by = row.get("dominated_by")
        names = str(by).split(" and ") if isinstance(by, str) and by else []
        return f"{row['status']} by {listed(map(policy_words, names))}" if names else str(row["status"])
    icer = row.get("icer")
    return whole_money(icer) if isinstance(icer, float) and icer == icer else DASH


def _against(table: pd.DataFrame, terms: Terms) -> Table:
    rows: list[list[Cell]] = [
        [
            sentence(policy_words(row["policy"])),
            *(
                f"{write(row[name])} ({interval(row[f'{name}_low'], row[f'{name}_high'], write)})"
                for name, write in (("incremental_cost", more_money), ("incremental_qalys", more_years))
            ),
            sentence(str(row["reading"]).replace(" -", " −")),
        ]
        for row in table.to_dict("records")
    ]
    against = policy_words(str(table["comparator"].iloc[0]))
    head = ["Policy", f"More costs, {terms.currency}", "QALYs gained", "What that means"]
    return Table(f"Each policy against {against}", head, rows)


def _acceptability(table: pd.DataFrame, thresholds: Sequence[float], terms: Terms) -> Table:
    at = table[table["threshold"].isin(thresholds)].set_index(["policy", "threshold"])
    rows: list[list[Cell]] = []
    for policy in dict.fromkeys(table["policy"]):
        chance = [percent(at.loc[(policy, one), "probability"]) for one in thresholds]
        lost = [whole_money(at.loc[(policy, one), "expected_loss"]) for one in thresholds]
        rows.append([sentence(policy_words(str(policy))), *chance, *lost])
    head = [
        "Policy",
        *(f"Best at {whole_money(one)}, %" for one in thresholds),
        *(f"Expected loss at {whole_money(one)}" for one in thresholds),
    ]
    return Table(
        f"How surely each policy is the best, by what a QALY may cost ({terms.currency})",
        head,
        rows,
        "Best: share of the draws in which the policy has the highest net benefit. Expected loss: by how "
        f"much the best policy of each draw exceeds it, {terms.currency} per patient. All thresholds: "
        "acceptability.csv.",
    )


def _perfect(table: pd.DataFrame, thresholds: Sequence[float], terms: Terms) -> Table:
    rows: list[list[Cell]] = [
        [
            whole_money(row["threshold"]),
            policy_words(row["preferred"]),
            f"{whole_money(row['evpi'])} (± {whole_money(1.96 * row['evpi_se'])})",
            f"{row['population_evpi'] / MILLION:,.1f}",
        ]
        for row in table[table["threshold"].isin(thresholds)].to_dict("records")
    ]
    return Table(
        "Expected value of perfect information",
        [
            f"{terms.currency} per QALY",
            "Best on average",
            f"EVPI, {terms.currency} per patient",
            f"All whom it concerns, million {terms.currency}",
        ],
        rows,
        "What it would be worth to know every uncertain number. ±: half of the 95 % interval of the finite "
        "numbers of draws and patients.",
    )


def _groups(table: pd.DataFrame, thresholds: Sequence[float], terms: Terms) -> Table:
    middle = middle_threshold(thresholds)
    order = table[table["threshold"] == middle].sort_values("evppi", ascending=False)["group"]
    by = table.set_index(["group", "threshold"])
    rows: list[list[Cell]] = [
        [
            sentence(group_words(str(group))),
            f"{by.loc[(group, middle), 'parameters']:.0f}",
            *(
                f"{whole_money(by.loc[(group, one), 'evppi'])} (± "
                f"{whole_money(1.96 * by.loc[(group, one), 'evppi_se'])})"
                for one in thresholds
            ),
        ]
        for group in order
    ]
    return cut(
        f"Expected value of partial perfect information, {terms.currency} per patient",
        ["Numbers", "How many", *(f"At {whole_money(one)}" for one in thresholds)],
        rows,
        "evppi.csv",
    )


def group_words(group: str) -> str:
    """Return a group of uncertain numbers for people."""
    return GROUPS.get(group, policy_words(group))


def too_many(run: RunRead) -> list[str]:
    """Return the groups of numbers whose information could not be valued with so few draws."""
    return names_in(mapping(run.manifest.get("psa")).get("groups_of_too_many_numbers"))


def _studies(table: pd.DataFrame, terms: Terms) -> Table:
    rows: list[list[Cell]] = [
        [
            f"{row['size']:,.0f}",
            f"{whole_money(row['evsi'])} (± {whole_money(1.96 * row['evsi_se'])})",
            f"{whole_money(row['evppi'])} (± {whole_money(1.96 * row['evppi_se'])})",
        ]
        for row in table.to_dict("records")
    ]
    threshold = whole_money(float(table["threshold"].iloc[0]))
    return Table(
        f"Expected value of a study's information, {terms.currency} per patient, at {threshold} per QALY",
        ["Patients in the study", "Of the study", "Of one without end"],
        rows,
    )


def _variance(table: pd.DataFrame, threshold: float) -> Table:
    differs = table[table["comparator"].notna() & (table["outcome"] == "net_benefit")]
    shares = differs.set_index(["policy", "source"])
    rows: list[list[Cell]] = [
        [
            sentence(policy_words(str(policy))),
            *(
                f"{percent(shares.loc[(policy, source), 'share'])} "
                f"({whole_money(shares.loc[(policy, source), 'standard_deviation'])})"
                for source in SOURCES
            ),
        ]
        for policy in dict.fromkeys(differs["policy"])
    ]
    return Table(
        f"Where the variance of one patient's difference in net benefit at {whole_money(threshold)} comes "
        "from, %",
        ["Policy, against the comparator", *(sentence(words) for words in SOURCES.values())],
        rows,
        "In brackets: standard deviations. The part of the uncertain numbers is that of the mean over "
        "patients. Costs, QALYs, recurrence and survival: variance.csv.",
    )
