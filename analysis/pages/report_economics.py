"""What a report says of costs and quality of life: every number is one of the run's tables, rounded."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.pages.economics_summary import more_money, more_years
from analysis.pages.report_parts import Block, Cell, Heading, Table, Text
from analysis.pages.report_run import RunRead, mapping, names_in
from analysis.pages.report_tables import cut, with_interval
from analysis.words import economics
from analysis.words.economics import (
    COSTS,
    GROUPS,
    SOURCES,
    Terms,
    perspective_words,
    value_words,
    whole_money,
)
from analysis.words.report import OF_DRAWS, OF_LUCK
from analysis.words.terms import HARM
from analysis.words.wording import (
    DASH,
    INTERVALS,
    comparator_of,
    interval,
    listed,
    percent,
    policy_words,
    sentence,
    signed,
    years_words,
)
from conf.economics import middle_threshold
from sim.patient import Harm

Tables = Mapping[str, pd.DataFrame]
MILLION = 1e6
PER_1000 = "_per_1000"


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
        f"Of a patient over {years_words(years)}, in {terms.currency} of {terms.price_year}, "
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
        "Life years": ("discounted_life_years", _years),
        "QALYs": ("qalys", _years),
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
                "luck. Net benefit: QALYs gained at that price each, less costs.",
            )
        )
    kinds = [name for name in COSTS if name in set(alone["quantity"])]
    of_kind = alone.set_index(["quantity", "policy"])["estimate"]
    rows = [[COSTS[kind], *(whole_money(of_kind[kind, policy]) for policy in policies)] for kind in kinds]
    head = ["Costs", *(sentence(policy_words(policy)) for policy in policies)]
    return [*blocks, Table(f"Costs by kind, {terms.currency} a patient", head, rows)]


def valued(run: RunRead) -> list[Block]:
    """Return the results of a probabilistic sensitivity analysis."""
    tables, terms, thresholds = run.tables, terms_of(run), thresholds_of(run)
    middle = middle_threshold(thresholds)
    blocks: list[Block] = [
        Text(f"{verdict(run)}.", "lead"),
        Text(about(terms, float(run.config["horizon_years"]))),
        Text(OF_DRAWS, "note"),
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
                f"{row['qalys']:.2f} ({interval(row['qalys_low'], row['qalys_high'], _years)})",
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


def _years(number: float) -> str:
    return f"{number:.2f}"


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
        f"much the best policy of each draw exceeds it, {terms.currency} a patient. All thresholds: "
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
            f"EVPI, {terms.currency} a patient",
            f"Whom it concerns, million {terms.currency}",
        ],
        rows,
        "What it would be worth to know every uncertain number. ±: of the finite numbers of draws and "
        "patients.",
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
        f"Expected value of partial perfect information, {terms.currency} a patient",
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
        f"Expected value of a study's information, {terms.currency} a patient, at {threshold} per QALY",
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
