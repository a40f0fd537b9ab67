"""What a report says of costs and quality of life: every number is one of the run's tables, rounded."""

from collections.abc import Mapping

import pandas as pd

from analysis.pages.economics_summary import more_money, more_years
from analysis.pages.report_parts import Block, Cell, Heading, Table, Text
from analysis.pages.report_run import RunRead, mapping
from analysis.pages.report_tables import with_interval
from analysis.words import economics
from analysis.words.economics import (
    COSTS,
    Terms,
    perspective_words,
    value_words,
    whole_money,
)
from analysis.words.report import OF_LUCK
from analysis.words.terms import HARM
from analysis.words.wording import (
    DASH,
    INTERVALS,
    comparator_of,
    interval,
    percent,
    policy_words,
    sentence,
    signed,
    years_words,
)
from sim.patient import Harm

Tables = Mapping[str, pd.DataFrame]
MILLION = 1e6
PER_1000 = "_per_1000"
TWO_PLACES = "{:.2f}".format


def terms_of(run: RunRead) -> Terms:
    """Return on what terms a run's costs and quality of life are stated. Raises KeyError without them."""
    return economics.terms_of(mapping(run.config.get("economics")))


def thresholds_of(run: RunRead) -> list[float]:
    """Return what a QALY may cost in an analysis, rising: its own thresholds, or those of its prices."""
    own = run.config.get("thresholds")
    return [float(one) for one in own] if isinstance(own, list) else list(terms_of(run).thresholds)


def about(terms: Terms, years: float) -> str:
    """Return in which money, for whom and over which time costs and QALYs are stated."""
    return (
        f"Per patient, over {years_words(years)}: in {terms.currency} of {terms.price_year}, "
        f"{perspective_words(terms.perspective)}; costs discounted at {terms.costs_percent:g} %, life years "
        f"and QALYs at {terms.effects_percent:g} % a year."
    )


def compared(run: RunRead) -> list[Block]:
    """Return costs, life years and QALYs of a comparison, and their differences."""
    table, terms = run.tables["economics"], terms_of(run)
    years = float(table["horizon_years"].iloc[0])
    alone = table[table["comparator"].isna()]
    policies = list(dict.fromkeys(alone["policy"]))
    quantities = {
        "Costs to health care": ("costs_health_care", whole_money),
        "Costs to society": ("costs_societal", whole_money),
        "Life years": ("discounted_life_years", TWO_PLACES),
        "QALYs": ("qalys", TWO_PLACES),
    }
    rows: list[list[Cell]] = []
    for policy in policies:
        of = alone[alone["policy"] == policy].set_index("quantity")
        cells = [with_interval(of.loc[name], write) for name, write in quantities.values()]
        rows.append([sentence(policy_words(policy)), *cells])
    blocks: list[Block] = [
        Heading("Costs and quality of life"),
        Text(about(terms, years)),
        Table("Costs, life years and QALYs of a patient, discounted", ["Policy", *quantities], rows),
    ]
    if comparator := comparator_of(table[table["comparator"].notna()]):
        rows = []
        for policy in policies:
            of = table[(table["policy"] == policy) & table["comparator"].notna()].set_index("quantity")
            if of.empty:
                continue
            costs, qalys = of.loc[terms.total], of.loc["qalys"]
            net = terms.threshold * qalys["estimate"] - costs["estimate"]
            rows.append(
                [
                    sentence(policy_words(policy)),
                    with_interval(costs, more_money),
                    with_interval(qalys, more_years),
                    value_words(costs, qalys),
                    more_money(net),
                ]
            )
        blocks.append(
            Table(
                f"Costs and QALYs, differences from {policy_words(comparator)}, on the same patients",
                [
                    "Policy",
                    f"More costs, {terms.currency}",
                    "QALYs gained",
                    f"{terms.currency} per QALY gained",
                    f"Net benefit at {whole_money(terms.threshold)}",
                ],
                rows,
                f"Dominates: costs less and gains more. {DASH}: the difference in QALYs may be simulated "
                "luck. Net benefit: QALYs gained at that price each, less additional costs.",
            )
        )
    kinds = [name for name in COSTS if name in set(alone["quantity"])]
    of_kind = alone.set_index(["quantity", "policy"])["estimate"]
    rows = [[COSTS[kind], *(whole_money(of_kind[kind, policy]) for policy in policies)] for kind in kinds]
    head = ["Costs", *(sentence(policy_words(policy)) for policy in policies)]
    return [*blocks, Table(f"Costs by kind, {terms.currency} per patient", head, rows)]


def gained(run: RunRead) -> list[Block]:
    """Return who gains from each policy, and the rule that treats those."""
    gains, rules, terms = run.tables["gains"], run.tables["rules"], terms_of(run)
    noted = mapping(run.manifest.get("gains")).get("threshold_per_qaly")
    threshold = float(noted) if isinstance(noted, int | float) else terms.threshold
    worth = f"Net benefit at {whole_money(threshold)}, {terms.currency}"
    stated: list[list[Cell]] = []
    for row in rules.to_dict("records"):
        condition = row["condition"] if isinstance(row["condition"], str) and row["condition"] else "nobody"
        stated.append(
            [
                sentence(policy_words(row["policy"])),
                condition,
                percent(row["share"]),
                *(
                    f"{more_money(row[name])} "
                    f"({interval(row[f'{name}_low'], row[f'{name}_high'], more_money)})"
                    for name in ("benefit", "everybody")
                ),
            ]
        )
    blocks: list[Block] = [
        Text(OF_LUCK, "note"),
        Table(
            "Whom to treat: the rule that treats those, and only those, who gain",
            ["Policy", "Treat if", "Patients, %", f"{worth}, of the rule", "Of treating everybody"],
            stated,
            f"Per patient of the cohort, over {policy_words(str(rules['comparator'].iloc[0]))}. A rule is "
            "found in half of the patients and valued in the other half.",
        ),
    ]
    harms = [str(name) for name in gains.columns if str(name).endswith(PER_1000)]
    harms = [name for name in harms if name != f"averted{PER_1000}"]
    for policy in dict.fromkeys(gains["policy"]):
        of = gains[gains["policy"] == policy]
        rows: list[list[Cell]] = [
            [
                str(row["group"]),
                percent(row["share"]),
                percent(row["treated"]),
                signed(row[f"averted{PER_1000}"]),
                DASH if pd.isna(row["needed"]) else f"{row['needed']:.0f}",
                *(signed(row[name]) for name in harms),
                more_money(row["costs"]),
                more_years(row["qalys"]),
                f"{more_money(row['benefit'])} "
                f"({interval(row['benefit_low'], row['benefit_high'], more_money)})",
            ]
            for row in of.to_dict("records")
        ]
        of_harm = [sentence(HARM[Harm[name.removesuffix(PER_1000).upper()]]) for name in harms]
        blocks.append(
            Table(
                f"{sentence(policy_words(str(policy)))}, against "
                f"{policy_words(str(of['comparator'].iloc[0]))}, by what is seen before treatment",
                [
                    "Patients",
                    "Share, %",
                    "Treated otherwise, %",
                    "Recurrences averted per 1,000",
                    "Needed to avert one",
                    *(f"{words} per 1,000" for words in of_harm),
                    f"More costs, {terms.currency}",
                    "QALYs gained",
                    worth,
                ],
                rows,
                f"{DASH}: the recurrences averted may be simulated luck.",
            )
        )
    return blocks


def budgeted(run: RunRead) -> list[Block]:
    """Return what health care spends more or less in each year as policies are taken up."""
    budget, each, terms = run.tables["budget"], run.tables["yearly_costs"], terms_of(run)
    noted = mapping(run.manifest.get("budget"))
    eligible, uptake = noted.get("patients_per_year"), noted.get("uptake")
    said = []
    if isinstance(eligible, int | float) and isinstance(uptake, list):
        by_year = ", ".join(f"{100 * share:.0f} %" for share in uptake)
        said.append(f"{eligible:,.0f} patients a year are eligible; uptake by year: {by_year}.")
    said.append(
        f"Costs to health care in {terms.currency} of {terms.price_year}, undiscounted, as a budget needs "
        "them."
    )
    against = policy_words(str(budget["comparator"].iloc[0]))
    rows: list[list[Cell]] = [
        [
            sentence(policy_words(row["policy"])),
            "all years" if str(row["year"]) == "all" else str(row["year"]),
            f"{row['treated']:,.0f}",
            f"{signed(row['estimate'] / MILLION)} "
            f"({interval(row['ci_low'] / MILLION, row['ci_high'] / MILLION, signed)})",
        ]
        for row in budget.to_dict("records")
    ]
    policies = list(dict.fromkeys(each["policy"]))
    alone = each[each["comparator"].isna()].set_index(["year", "policy"])["estimate"]
    yearly: list[list[Cell]] = [
        [f"{year:g}", *(whole_money(alone[year, policy]) for policy in policies)]
        for year in dict.fromkeys(each["year"])
    ]
    return [
        Text(" ".join(said)),
        Text(OF_LUCK, "note"),
        Table(
            f"Budget impact: spent more (+) or less (−) than with {against} for everybody",
            ["Policy", "Year", "Treated by it", f"Million {terms.currency}"],
            rows,
            f"In brackets: {INTERVALS}.",
            2,
        ),
        Table(
            f"What a patient costs health care in each year after diagnosis, {terms.currency}",
            ["Year", *(sentence(policy_words(policy)) for policy in policies)],
            yearly,
        ),
    ]
