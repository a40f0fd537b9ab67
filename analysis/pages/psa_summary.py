"""A probabilistic sensitivity analysis as tables to read."""

import textwrap
from collections.abc import Mapping

import pandas as pd

from analysis.pages.economics_summary import WIDEST, head, line, more_money, more_years
from analysis.tables.contrasts import PerRecurrence
from analysis.tables.economics import QUANTITIES
from analysis.words.economics import DISCREPANCY, FIXED_PRICES, Terms, perspective_words, whole_money
from analysis.words.wording import DASH, interval, percent, policy_words, sentence

TOP = 6  # groups of numbers that are printed


def psa_summary(
    tables: Mapping[str, pd.DataFrame],
    terms: Terms,
    threshold: float,
    patients: float,
    members: int,
    each: int,
    change: PerRecurrence | None,
    fixed_prices: bool,
) -> str:
    """Return which policy is worth its price, how sure that is, and what it would be worth to know more.

    ``tables``: of the analysis; ``patients``: whom the decision concerns, discounted; ``members`` of so many
    patients ``each``; ``change``: of a local recurrence, where the discrepancy is drawn;
    ``fixed_prices``: no price or utility has a range.
    """
    about = (
        f"{members:,} members of the uncertain numbers, {each:,} patients each under every policy. "
        f"{terms.currency} of {terms.price_year}, {perspective_words(terms.perspective)}, discounted. In "
        "brackets: 95 % intervals of the uncertain numbers, without simulated luck."
    )
    incremental = tables["incremental"]
    at = tables["acceptability"]
    at = at[at["threshold"] == threshold].set_index("policy")
    width = min(max(len(policy_words(name)) for name in incremental["policy"]), 33)
    columns = [
        ("costs", terms.currency, 27),
        ("QALYs", "", 24),
        (f"{terms.currency} per QALY", "than the one before", 21),
        ("best at", whole_money(threshold), 9),
    ]
    lines = [textwrap.fill(about, WIDEST), "", *head(width, columns)]
    if fixed_prices:
        lines[1:1] = [f"{FIXED_PRICES} They get ranges under uncertainty: in it (docs/economics.md)."]
    if change:
        lines[1:1] = [textwrap.fill(discrepancy_words(change, terms), WIDEST)]
    for row in incremental.to_dict("records"):
        name = row["policy"]
        costs = f"{whole_money(row['cost'])} ({interval(row['cost_low'], row['cost_high'], whole_money)})"
        qalys = f"{row['qalys']:.2f} ({interval(row['qalys_low'], row['qalys_high'], '{:.2f}'.format)})"
        status = DASH if row["status"] == "on the frontier" else row["status"]
        icer = whole_money(row["icer"]) if row.get("icer", float("nan")) == row.get("icer") else status
        best = f"{percent(float(at.loc[name, 'probability']))} %"
        lines.append(line(name, width, [f"{costs:>27}", f"{qalys:>24}", f"{icer:>21}", f"{best:>9}"]))
    lines += ["", "Each policy against the comparator:", ""]
    for row in tables["against_comparator"].to_dict("records"):
        words = (
            f"{sentence(policy_words(row['policy']))}, against {policy_words(row['comparator'])}: costs "
            f"{more_money(row['incremental_cost'])} "
            f"({interval(row['incremental_cost_low'], row['incremental_cost_high'], more_money)}), QALYs "
            f"{more_years(row['incremental_qalys'])} "
            f"({interval(row['incremental_qalys_low'], row['incremental_qalys_high'], more_years)}). "
            f"{row['reading']}"
        )
        lines.append(textwrap.fill(words, WIDEST, subsequent_indent="  "))
    evpi = tables["evpi"]
    perfect = evpi[evpi["threshold"] == threshold].iloc[0]
    population = whole_money(perfect["population_evpi"] / 1e6)
    lines += [
        "",
        textwrap.fill(
            f"At {whole_money(threshold)} a QALY {policy_words(perfect['preferred'])} is the best on "
            f"average. To know every number would be worth {whole_money(perfect['evpi'])} per patient "
            f"(standard error {whole_money(perfect['evpi_se'])}), {population} million for the "
            f"{whole_money(patients)} patients (discounted) whom the decision concerns.",
            WIDEST,
        ),
    ]
    if "evppi" in tables:
        groups = tables["evppi"]
        worth = groups[groups["threshold"] == threshold].sort_values("evppi", ascending=False).head(TOP)
        valued = ", ".join(
            f"{policy_words(row['group'])} {whole_money(row['evppi'])} "
            f"(± {whole_money(1.96 * row['evppi_se'])})"
            for row in worth.to_dict("records")
        )
        lines += ["", textwrap.fill(f"To know one group of numbers, per patient: {valued}.", WIDEST)]
    return "\n".join([*lines, ""])


def discrepancy_words(change: PerRecurrence, terms: Terms) -> str:
    """Return what was drawn of how far studies lie from the model."""
    costs, qalys = QUANTITIES.index(terms.total), QUANTITIES.index("qalys")
    return (
        f"{DISCREPANCY} One changes costs by {more_money(change.changes[costs])} {terms.currency} "
        f"(standard error {whole_money(change.errors[costs])}), care in the years lost included, and QALYs "
        f"by {more_years(change.changes[qalys])} ({change.errors[qalys]:.2f})."
    )
