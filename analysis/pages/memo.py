"""A memo of one page on a probabilistic sensitivity analysis, as an agency reads it; prints on one A4 page.

It is made from the tables of the run's folder alone, which can hold anything: the template escapes all of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.pages.economics_summary import more_money, more_years
from analysis.pages.report import about_run, printable, template
from analysis.pages.report_economics import terms_of, thresholds_of
from analysis.pages.report_psa import best_of, group_words, ratio, too_many
from analysis.pages.report_run import RunRead, chosen_file, mapping
from analysis.tables.drivers import drivers
from analysis.words.economics import (
    FIXED_PRICES,
    LEFT_OUT,
    SOURCES,
    Terms,
    perspective_words,
    whole_money,
)
from analysis.words.report import NO_ADVICE
from analysis.words.terms import HARM
from analysis.words.wording import (
    DASH,
    interval,
    listed,
    percent,
    policy_words,
    sentence,
    years_words,
)
from conf.economics import middle_threshold
from conf.input_error import shown
from conf.stated_sources import assumptions_of
from sim.patient import Harm

TEMPLATE = Path(__file__).with_name("memo.html")
MOST_POLICIES = 8  # a page holds no more
MOST_GROUPS = 4
MILLION = 1e6


@dataclass(frozen=True)
class Row:
    """A policy of the memo's table."""

    policy: str
    cells: tuple[str, ...]
    best: bool


def memo(run: RunRead) -> str:
    """Return the memo as a page of HTML, which loads nothing."""
    terms, thresholds = terms_of(run), thresholds_of(run)
    middle = middle_threshold(thresholds)
    best = best_of(run.tables["acceptability"], middle)
    return template(TEMPLATE).render(
        title=_title(run),
        about=about_run(run),
        question=_question(run, terms, middle),
        facts=_facts(run, terms),
        findings=_findings(run, terms, middle),
        head=_head(terms, thresholds),
        rows=_rows(run, thresholds, str(best["policy"])),
        curve=curve(run.tables["acceptability"], middle),
        currency=terms.currency,
        parts=_parts(run, terms, middle, best),
        footer=_footer(run),
        warning=NO_ADVICE,
    )


def _title(run: RunRead) -> str:
    of = listed(policy_words(name) for name in run.policies) if len(run.policies) <= 3 else ""
    return f"Value for money in rectal cancer: {of or f'{len(run.policies)} policies compared'}"


def _question(run: RunRead, terms: Terms, middle: float) -> str:
    others = [policy_words(name) for name in run.policies if name != run.comparator]
    return (
        f"Should {listed(others)} replace {policy_words(run.comparator or '')}, if a year in full health may "
        f"cost {whole_money(middle)} {terms.currency}?"
    )


def _facts(run: RunRead, terms: Terms) -> list[tuple[str, str]]:
    cohort, years = shown(chosen_file(run, "cohort")), float(run.config["horizon_years"])
    return [
        (
            "Population",
            f"Resectable rectal cancer without metastases on staging (cohort {cohort}); "
            f"{run.config['patients_per_year']:,} patients a year for {run.config['decision_years']:g} years",
        ),
        ("Comparators", f"{sentence(listed(policy_words(name) for name in run.policies))}"),
        (
            "Perspective",
            f"{sentence(perspective_words(terms.perspective))}; {terms.currency} of {terms.price_year}; "
            f"horizon {years_words(years)}; discounted at {terms.costs_percent:g} % (costs) and "
            f"{terms.effects_percent:g} % (effects)",
        ),
        (
            "Method",
            f"Simulation of single patients; {len(run.tables['members']):,} draws of all uncertain numbers, "
            f"{run.config['patients']:,} patients each, the same under every policy",
        ),
    ]


def _findings(run: RunRead, terms: Terms, middle: float) -> list[str]:
    table = run.tables["acceptability"]
    best = best_of(table, middle)
    name, chance = str(best["policy"]), float(best["probability"])
    found = [
        f"{sentence(policy_words(name))} has the highest expected net benefit at {whole_money(middle)} "
        f"{terms.currency} per QALY; the probability that it is the best is {percent(chance)} %."
    ]
    against = {row["policy"]: row for row in run.tables["against_comparator"].to_dict("records")}
    if name in against:
        row = against[name]
        verdict = str(row["reading"]).partition(";")[0]
        found.append(
            f"Against {policy_words(str(row['comparator']))} it costs "
            f"{_more(row['incremental_cost'], terms.currency)} per patient "
            f"({interval(row['incremental_cost_low'], row['incremental_cost_high'], more_money)}) and "
            f"changes QALYs by {more_years(row['incremental_qalys'])} "
            f"({interval(row['incremental_qalys_low'], row['incremental_qalys_high'], more_years)}): "
            f"{verdict}."
        )
    else:
        found.append("No other policy is worth its price on average: the comparator is the best.")
    evpi = perfect(run, middle)
    found.append(
        f"With what is known now, a wrong choice is expected to cost {whole_money(evpi['evpi'])} "
        f"{terms.currency} per patient ({evpi['population_evpi'] / MILLION:,.1f} million in all): the most "
        "that research can be worth."
    )
    return found


def _more(amount: float, currency: str) -> str:
    return f"{whole_money(abs(amount))} {currency} {'more' if amount >= 0 else 'less'}"


def _head(terms: Terms, thresholds: list[float]) -> list[str]:
    return [
        f"Costs, {terms.currency}",
        "QALYs",
        "More costs",
        "QALYs gained",
        f"{terms.currency} per QALY",
        *(f"Best at {whole_money(one)}" for one in thresholds),
    ]


def _rows(run: RunRead, thresholds: list[float], best: str) -> list[Row]:
    at = run.tables["acceptability"].set_index(["policy", "threshold"])["probability"]
    rows = []
    for row in run.tables["incremental"][:MOST_POLICIES].to_dict("records"):
        compared = isinstance(row["comparator"], str) and row["comparator"] != ""
        rows.append(
            Row(
                sentence(policy_words(row["policy"])),
                (
                    whole_money(row["cost"]),
                    f"{row['qalys']:.2f}",
                    more_money(row["incremental_cost"]) if compared else DASH,
                    more_years(row["incremental_qalys"]) if compared else DASH,
                    str(row["status"]) if row["status"] != "on the frontier" else ratio(row),
                    *(f"{percent(at[row['policy'], one])} %" for one in thresholds),
                ),
                row["policy"] == best,
            )
        )
    return rows


def _parts(run: RunRead, terms: Terms, middle: float, best: "pd.Series") -> list[tuple[str, str]]:
    return [
        ("What drives it", _drivers(run, terms, middle, str(best["policy"]))),
        ("Value of further research", _research(run, terms, middle)),
        ("Assumptions", _assumptions(run)),
        ("Limits", " ".join(LEFT_OUT[:4])),
    ]


def _drivers(run: RunRead, terms: Terms, middle: float, best: str) -> str:
    at = run.tables["acceptability"]
    at = at[at["threshold"] == middle].sort_values("net_monetary_benefit", ascending=False)
    rival = next(str(name) for name in at["policy"] if name != best)
    found = drivers(run.tables["members"], run.tables["psa"], best, rival, middle, terms.total)
    beside = f"the advantage of {policy_words(best)} over {policy_words(rival)}, the next best"
    said = []
    if len(found):
        named = [
            f"{_words(row['key'])} ({row['correlation']:+.2f})".replace("-", "−")
            for row in found.to_dict("records")
        ]
        said.append(f"Numbers that go with {beside} (rank correlation over the draws): {'; '.join(named)}.")
    else:
        said.append(f"No single number goes with {beside}.")
    variance = run.tables.get("variance")
    if variance is not None:
        of = variance[(variance["outcome"] == "net_benefit") & variance["comparator"].notna()]
        name = best if best in set(of["policy"]) else str(of["policy"].iloc[0])
        shares = of[of["policy"] == name].set_index("source")["share"]
        parts = [f"{percent(shares[source])} % {words}" for source, words in SOURCES.items()]
        said.append(
            f"What one patient gains from {policy_words(name)} varies for these reasons: {listed(parts)}."
        )
    return " ".join(said)


def _words(key: str) -> str:
    """Return the name of an uncertain number, in words and short; of harm with its kind."""
    section, _, rest = key.partition(".")
    name, _, place = rest.partition("[")
    words = name.replace("_", " ")
    if section == "discrepancy":
        return f"how far studies lie from the model ({words})"
    if place and name.startswith("harm_"):
        return f"{words} of {HARM[Harm(int(place.rstrip(']')))]}"
    words = f"{words}, no. {int(place.rstrip(']')) + 1}" if place else words
    return words if section == "economics" else f"{section.replace('_', ' ')}: {words}"


def _research(run: RunRead, terms: Terms, middle: float) -> str:
    evpi = perfect(run, middle)
    words = (
        f"Perfect information would be worth {whole_money(evpi['evpi'])} {terms.currency} per patient "
        f"(standard error {whole_money(evpi['evpi_se'])}), {evpi['population_evpi'] / MILLION:,.1f} million "
        "for the patients whom the decision concerns."
    )
    if (table := run.tables.get("evppi")) is not None:
        at = table[table["threshold"] == middle].sort_values("evppi", ascending=False)
        at = at[at["evppi"] > 1.96 * at["evppi_se"]][:MOST_GROUPS]
        named = [
            f"{group_words(str(group))} {whole_money(worth)}"
            for group, worth in zip(at["group"], at["evppi"], strict=True)
        ]
        words += (
            f" Of this, to know one group of numbers alone: {listed(named)}."
            if named
            else f" Of the {table['group'].nunique()} groups of numbers estimated, none alone would be worth "
            "more than the error of its estimate."
        )
    if few := too_many(run):
        words += f" Not estimated, for want of draws: {listed(map(group_words, few))}."
    return words


def perfect(run: RunRead, threshold: float) -> Mapping[Any, Any]:
    """Return the row of perfect information at a threshold. Raises StopIteration without one."""
    return next(row for row in run.tables["evpi"].to_dict("records") if row["threshold"] == threshold)


def _assumptions(run: RunRead) -> str:
    chosen = chosen_file(run, "economics")
    said = [assumptions_of("economics", chosen) or "The prices and utilities are the user's own."]
    said.append(
        "All are named in docs/economics.md. Disease and treatment are fitted to trials and registries "
        "(docs/validation.md shows hits and misses)."
    )
    said.append(
        "How far studies lie from the model (discrepancy) is drawn too, of policies in the local recurrences "
        "that they leave."
        if run.config.get("discrepancy") is True
        else "How far studies lie from the model (discrepancy) is left out, so intervals are too narrow."
    )
    if mapping(run.manifest.get("psa")).get("economic_numbers") == []:
        said.append(FIXED_PRICES)
    if (more := len(run.policies) - MOST_POLICIES) > 0:
        said.append(f"The table leaves out {more} policies, which the report has.")
    return " ".join(said)


def _footer(run: RunRead) -> str:
    code = mapping(run.manifest.get("code"))
    commit = code.get("commit")
    at = f", commit {shown(commit)[:12]}" if isinstance(commit, str) else ""
    return f"{about_run(run)}{at}. Full report: report.html; tables: CSV files of the run."


WIDE, HIGH, LEFT, BASE = 300, 150, 30, 124  # of the drawing, and where its axes are, in its own units
COLOURS = ("#00507a", "#c8501e", "#3a7d34", "#7b4fa3", "#8a6d00", "#0a8f8f", "#b03060", "#555555")


@dataclass(frozen=True)
class Curve:
    """Acceptability curves as lines of an SVG drawing."""

    lines: list[tuple[str, str, str, str]]  # words, colour, pattern of dashes, points
    ticks: list[tuple[float, str]]  # place and words
    middle: float
    words: str


def curve(table: pd.DataFrame, middle: float) -> Curve:
    """Return the probability that each policy is the best, by threshold, as a drawing."""
    top = float(table["threshold"].max()) or 1.0

    def across(threshold: float) -> float:
        return round(LEFT + threshold / top * (WIDE - LEFT - 8), 1)

    lines = []
    for k, (policy, of) in enumerate(table.groupby("policy", sort=False)):
        points = " ".join(
            f"{across(row['threshold'])},{BASE - row['probability'] * (BASE - 8):.1f}"
            for row in of.sort_values("threshold").to_dict("records")
        )
        dash = ("", "5 2", "1.5 2", "7 2 1.5 2")[k % 4]
        lines.append((sentence(policy_words(str(policy))), COLOURS[k % len(COLOURS)], dash, points))
    best = best_of(table, middle)
    words = (
        f"Curves of the probability of being the best, by what a QALY may cost; at {whole_money(middle)} "
        f"{policy_words(str(best['policy']))} has {percent(best['probability'])} %."
    )
    ticks = [(across(top * share), whole_money(top * share)) for share in (0, 0.25, 0.5, 0.75, 1)]
    return Curve(lines, ticks, across(middle), printable(words))
