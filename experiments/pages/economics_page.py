"""``make economics``: the parts of docs/economics.md that runs give: base case, uncertainty, other models.

What a run leaves is kept in runs/economics and used again; remove a folder there to run it again.
"""

import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.pages import economics_page as parts
from analysis.pages.report_parts import Table
from conf.stated_sources import evidence

if TYPE_CHECKING:
    import pandas as pd

    from analysis.pages.report_run import RunRead

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/economics.md"
RUNS = ROOT / "runs/economics"
COMMAND = "make economics"

PICTURES, WIDTH = "pictures/economics", 680
GROUPS_OF = "Usual care + lateral dissection"  # whose groups of patients the page shows
SHOWN = ("cost_effectiveness_plane", "acceptability")
RESULTS = {
    "base case": "compare economics=dutch patients=100000",
    "uncertainty": "psa members=600 patients=5000",
    "who gains": "gains",
    "budget": "budget",
}
TO_TEN_YEARS = "compare economics=dutch patients=100000 horizon_years=10"

# Of the evaluations: their discount rates, health care alone, nothing for other diseases or other deaths.
OTHERS = (
    "economics=dutch economics.perspective=health_care economics.costs_discount_rate_per_year=0.03 "
    "economics.effects_discount_rate_per_year=0.03 economics.other_death_price=0 "
    "economics.other_health_care_price_per_year=[0,0,0,0,0,0,0] pictures=false"
)
ADVANCED = "cohort.ct_shares=[0,0,0.6,0.24,0.06,0.1]"  # T3 and T4 alone
WATCHED, RESECTED = (
    "chemoradiotherapy+for_everyone+organ_preservation_strict",
    "chemoradiotherapy+for_everyone",
)
SALVAGE_RATES = (0.0, 0.2, 0.4, 0.6, 0.75, 0.93)
SALVAGE = "organ_preservation.regrowth_resection_probability"


@dataclass(frozen=True)
class Beside:
    """A figure of a published evaluation and what the model has for it."""

    evidence: str
    policy: str
    comparator: str | None
    quantity: str


SCRT_TNT, LCCRT = "total_neoadjuvant", "chemoradiotherapy+adjuvant_stage_iii"
SHORT, LONG = "short_course", "chemoradiotherapy"
EVALUATIONS = {
    "total neoadjuvant": (
        f"compare {OTHERS} {ADVANCED} horizon_years=5 patients=30000 policies=[{LCCRT},{SCRT_TNT}]",
        [
            Beside("scrttnt_us.scrt_cost", SCRT_TNT, None, "costs_health_care"),
            Beside("scrttnt_us.lccrt_cost", LCCRT, None, "costs_health_care"),
            Beside("scrttnt_us.scrt_qaly", SCRT_TNT, None, "qalys"),
            Beside("scrttnt_us.lccrt_qaly", LCCRT, None, "qalys"),
            Beside("scrttnt_us.icer", SCRT_TNT, LCCRT, "ratio"),
        ],
    ),
    "short and long course": (
        f"compare {OTHERS} {ADVANCED} cohort.age_mean_years=65 cohort.age_sd_years=0.01 horizon_years=10 "
        f"patients=30000 policies=[{SHORT},{LONG}]",
        [Beside("scrt_lccrt_pmc6481445.icer", LONG, SHORT, "ratio")],
    ),
}
WATCH_RUNS = {
    "lar": f"compare {OTHERS} cohort.apr_share=0 patients=30000 policies=[{RESECTED},{WATCHED}]",
    "apr": f"compare {OTHERS} cohort.apr_share=1 cohort.apr_up_to_cm=15 patients=30000 "
    f"policies=[{RESECTED},{WATCHED}]",
}
SALVAGE_RUN = (
    "compare economics=dutch economics.effects_discount_rate_per_year=0 patients=100000 policies=[usual_care]"
)


def folder(name: str, words: str) -> Path:
    """Return the folder of a run, which is made where it is not there. Raises RuntimeError where it fails."""
    from experiments.cli.command import main as lrrc

    out = RUNS / name
    if not (out / "manifest.json").exists() and lrrc([*shlex.split(words), f"out={out}"]):
        raise RuntimeError(f"lrrc {words}: failed")
    return out


def read(name: str, words: str, table: str) -> "pd.DataFrame":
    """Return a table of a run."""
    from experiments.draw import read_whole

    return read_whole(folder(name, words) / f"{table}.csv")


def results(name: str) -> str:
    """Return what a run found, as its report has it, with its command."""
    from analysis.pages.report import ANALYSES
    from analysis.pages.report_economics import compared
    from experiments.report import read_run_folder

    words = RESULTS[name]
    run = read_run_folder(folder(name.replace(" ", "_"), words))
    made = {"compare": compared, **ANALYSES}[words.split()[0]]
    shown = pictures(run) if words.startswith("psa") else ""
    blocks = made(run)
    if words.startswith("gains"):  # the rules, and the groups of one policy: the report has all
        tables = [each for each in blocks[2:] if isinstance(each, Table)]
        blocks = [*blocks[:2], *(each for each in tables if each.caption.startswith(GROUPS_OF))]
    return f"```sh\nlrrc {words}\n```\n\n{parts.of_blocks(blocks)}{shown}"


def pictures(run: "RunRead") -> str:
    """Draw the pictures of an analysis into the documents, small; return what shows them."""
    import tempfile

    from analysis.pages.report_economics import terms_of
    from analysis.pictures import look
    from analysis.pictures.psa import psa_pictures
    from analysis.words.report import picture_words
    from experiments.draw import read_whole
    from experiments.pages.gallery import shrink

    plane = read_whole(RUNS / run.name / "plane.csv")
    drawn = psa_pictures({**run.tables, "plane": plane}, terms_of(run))
    to, shown = PAGE.parent / PICTURES, []
    to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        for picture in SHOWN:
            look.save(drawn[picture](), Path(scratch), picture)
            shrink(Path(scratch, f"{picture}.png"), to / f"{picture}.png", WIDTH)
            shown.append(f"\n\n![{picture_words(picture)}]({PICTURES}/{picture}.png)")
    return "".join(shown)


def ten_years() -> str:
    """Return the differences of the base case over a lifetime and over ten years."""
    rows = []
    for name, words, over in (
        ("base_case", RESULTS["base case"], "a lifetime (60)"),
        ("ten_years", TO_TEN_YEARS, "10"),
    ):
        table = read(name, words, "economics")
        for policy in dict.fromkeys(table["policy"]):
            if policy == "usual_care":
                continue
            costs, qalys = (
                parts.row_of(table, policy, "usual_care", what) for what in ("costs_societal", "qalys")
            )
            rows.append(
                [
                    over,
                    f"`{policy}`",
                    parts.number(costs["estimate"], (costs["ci_low"], costs["ci_high"]), 0),
                    parts.number(qalys["estimate"], (qalys["ci_low"], qalys["ci_high"]), 3),
                ]
            )
    head = ["years", "policy, against usual care", "more costs, EUR", "QALYs gained"]
    return f"```sh\nlrrc {TO_TEN_YEARS}\n```\n\n{parts.table(head, rows)}"


def evaluation(name: str) -> str:
    """Return a published evaluation beside the model's nearest run."""
    words, figures = EVALUATIONS[name]
    table = read(name.replace(" ", "_"), words, "economics")
    rows = []
    for figure in figures:
        row = evidence()[figure.evidence]
        if figure.quantity == "ratio":
            costs, qalys = (
                parts.row_of(table, figure.policy, figure.comparator, what)
                for what in ("costs_health_care", "qalys")
            )
            ratio = parts.number(costs["estimate"] / qalys["estimate"], None, 0)
            spent, gained = (
                parts.number(one["estimate"], (one["ci_low"], one["ci_high"]), digits)
                for one, digits in ((costs, 0), (qalys, 3))
            )
            found = f"{ratio} EUR per QALY: costs {spent} EUR, QALYs {gained}"
        else:
            one = parts.row_of(table, figure.policy, figure.comparator, figure.quantity)
            digits = 2 if figure.quantity == "qalys" else 0
            unit = "" if figure.quantity == "qalys" else " EUR"
            found = parts.number(one["estimate"], (one["ci_low"], one["ci_high"]), digits) + unit
        printed = f"{float(row['value']):,.6g} {row['unit']}".replace("-", "−")
        rows.append([f"{row['endpoint']}, {row['arm']}", f"`{figure.evidence}`", printed, found])
    head = ["figure", "evidence", "published", "the model"]
    return f"```sh\nlrrc {words}\n```\n\n{parts.table(head, rows)}"


def watching() -> str:
    """Return watching beside resection, for each patient whose organ is kept at first."""
    rows = []
    for by, words in WATCH_RUNS.items():
        resected, watched = words.rpartition("[")[2].rstrip("]").split(",")
        economics, outcomes = (read(f"watch_{by}", words, name) for name in ("economics", "outcomes"))
        kept = _share(outcomes, watched, "organ_kept")
        for what, quantity, digits in (("dcost", "costs_health_care", 0), ("dqaly", "qalys", 3)):
            row = evidence()[f"ww_us_dm.{what}_{by}"]
            one = parts.row_of(economics, watched, resected, quantity)
            mean, low, high = (one[end] / kept for end in ("estimate", "ci_low", "ci_high"))
            printed = parts.number(float(row["value"]), (float(row["ci_low"]), float(row["ci_high"])), digits)
            rows.append(
                [
                    f"{row['endpoint']}, {row['arm']}",
                    f"`ww_us_dm.{what}_{by}`",
                    f"{printed} {row['unit']}",
                    parts.number(mean, (low, high), digits) + (" EUR" if what == "dcost" else ""),
                ]
            )
    commands = "\n".join(f"lrrc {words}" for words in WATCH_RUNS.values())
    head = ["figure", "evidence", "published", "the model, a patient whose organ is kept"]
    return f"```sh\n{commands}\n```\n\n{parts.table(head, rows)}"


def _share(outcomes: "pd.DataFrame", policy: str, outcome: str) -> float:
    rows = outcomes[(outcomes["policy"] == policy) & (outcomes["outcome"] == outcome)]
    whole = rows[(rows[["mechanism", "compartment", "group"]] == "all").all(axis=1)]
    return float(whole.sort_values("horizon_years")["estimate"].iloc[-1])


def salvage_rates() -> str:
    """Return what watching gains by how many regrowths can be resected, and where the preference changes."""
    rows, rates, benefits, gains = [], [], [], []
    for chance in SALVAGE_RATES:
        words = f"{WATCH_RUNS['lar']} {SALVAGE}={chance:g}"
        resected, watched = WATCH_RUNS["lar"].rpartition("[")[2].rstrip("]").split(",")
        name = f"watch_{100 * chance:.0f}"
        economics, outcomes = (read(name, words, table) for table in ("economics", "outcomes"))
        kept, rate = (_share(outcomes, watched, what) for what in ("organ_kept", "regrowth_resected"))
        costs, qalys = (
            parts.row_of(economics, watched, resected, what) for what in ("costs_health_care", "qalys")
        )
        benefit = (50_000 * qalys["estimate"] - costs["estimate"]) / kept
        rates.append(rate)
        gains.append(qalys["estimate"])
        benefits.append(benefit)
        rows.append(
            [
                f"{chance:g}",
                f"{rate:.2f}",
                parts.number(costs["estimate"] / kept, None, 0),
                parts.number(
                    *(qalys["estimate"] / kept, (qalys["ci_low"] / kept, qalys["ci_high"] / kept)), 3
                ),
                parts.number(benefit, None, 0),
            ]
        )
    head = [f"`{SALVAGE}`", "salvage rate", "more costs, EUR", "QALYs gained", "net benefit at 50,000, EUR"]
    found = [
        f"by {what} the preferred strategy changes at a salvage rate of {at:.2f}"
        if (at := parts.crossing(rates, values)) is not None
        else f"by {what} watching is preferred at every salvage rate from {rates[0]:.2f} to {rates[-1]:.2f}"
        if values[0] > 0
        else f"by {what} resection is preferred at every salvage rate"
        for what, values in (("QALYs alone", gains), ("net benefit", benefits))
    ]
    published = evidence()["ww_us_dm.salvage_threshold"]["value"]
    return (
        f"{parts.table(head, rows)}\n\nA patient whose organ is kept, against low anterior resection. In the "
        f"model, {'; '.join(found)}. Published: {published} (`ww_us_dm.salvage_threshold`)."
    )


def after_surgery() -> str:
    """Return life years and QALYs in the three years after resection of a primary and of a recurrence."""
    import numpy as np

    from conf.composition import composing
    from conf.schema import compose_run
    from experiments.simulating.cohort import BLOCK, simulate_block, worlds_of
    from sim.counting.value import VALUES, values_of
    from sim.patient import YEAR_DAYS

    with composing():
        run = compose_run(*shlex.split(SALVAGE_RUN)[1:])
    worlds = worlds_of(run)["usual_care"]
    places = [VALUES.index(name) for name in ("life_years", "qalys")]
    found: dict[str, list[np.ndarray]] = {"larc": [], "lrrc": []}
    for first in range(0, run.patients, BLOCK):
        rows = simulate_block(run, worlds_of(run), first, min(first + BLOCK, run.patients))["usual_care"]
        advanced = (rows["ct"] >= 4) & (rows["operated_day"] < np.inf)  # T4
        for of, days, among in (
            ("larc", rows["operated_day"], advanced),
            ("lrrc", rows["salvage_day"], rows["salvage_day"] < np.inf),
        ):
            for place in map(int, np.flatnonzero(among)):
                start = days[place] - rows["diagnosed_day"][place]
                one = rows[place : place + 1]
                until, before = (
                    values_of(one, worlds, start + years * YEAR_DAYS)[0, places] for years in (3.0, 0.0)
                )
                found[of].append(until - before)
    table = []
    for of, words in (("larc", "primary, T4"), ("lrrc", "recurrence")):
        both = np.array(found[of])
        half = 1.96 * both.std(axis=0, ddof=1) / np.sqrt(len(both))
        for k, (short, what) in enumerate((("ly", "life years"), ("qaly", "QALYs"))):
            mean = float(both[:, k].mean())
            table.append(
                [
                    f"{what}, {words}",
                    f"`lindenberg2022.{short}_{of}_std`",
                    evidence()[f"lindenberg2022.{short}_{of}_std"]["value"],
                    parts.number(mean, (mean - half[k], mean + half[k])),
                    f"{len(both):,}",
                ]
            )
    head = ["over 3 years from surgery", "evidence", "published", "the model", "simulated patients"]
    return parts.table(head, table)


PARTS: dict[str, Callable[[], str]] = {
    **{name: partial(results, name) for name in RESULTS},
    "ten years": ten_years,
    **{name: partial(evaluation, name) for name in EVALUATIONS},
    "watching": watching,
    "salvage rates": salvage_rates,
    "after surgery": after_surgery,
}


def main(wanted: Sequence[str]) -> int:
    """Write the parts that are named, or all; return the exit status."""
    for name in wanted or PARTS:
        made = {name: PARTS[name]()}
        PAGE.write_text(parts.with_parts(PAGE.read_text("utf-8"), made, COMMAND), "utf-8")
    print(PAGE)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
