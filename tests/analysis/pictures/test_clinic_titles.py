"""The titles of a clinic's pictures are claims that their tables bear out, checked row by row."""

import itertools
import re

import numpy as np
import pandas as pd
import pytest
from helpers.pages import note, title

from analysis.pages.clinic_summary import summary
from analysis.pictures.capacity import needed_capacity, waiting_harm
from analysis.pictures.waits import queue_lengths, utilisation, waits
from analysis.words.clinic import STEP_WORDS, resource_words
from analysis.words.wording import policy_words
from conf.clinics import NEEDED_FOR, NO_LIMIT

POLICIES, CLINICS = ("tme_alone", "washout_never"), ("regional", "back_log")
BOTH = list(itertools.product(POLICIES, CLINICS))
HARMS = {
    "local recurrences": "local_recurrence",
    "local failures": "local_failure",
    "distant metastases": "distant_metastasis",
    "lost salvage resections": "salvage_lost",
    "deaths": "death",
}


def tables(seed: int) -> dict[str, pd.DataFrame]:
    """Return the tables of two policies in two clinics, of numbers with ties, zeros and gaps."""
    dice = np.random.default_rng(seed)
    mild, free = dice.random() < 0.4, dice.random() < 0.4
    made: dict[str, list[dict]] = {
        name: [] for name in ("waits", "queues", "utilisation", "waiting_harm", "needed")
    }
    for policy, clinic in BOTH:
        about = {"policy": policy, "clinic": clinic}
        for step in STEP_WORDS:
            n = int(dice.choice([0, 5, 300]))
            days = round(float(dice.exponential(300)), 1)
            beyond = dice.choice([0.0, 0.05, 0.1] if mild else [0.0, 0.5, 0.5, 1.0]) if n else np.nan
            served = {"median_days": days, "p90_days": 4 * days} if n and beyond < 1 else {}
            row = {**about, "step": step, "n": n, "target_days": 14.0, "share_beyond_target": beyond}
            made["waits"].append({**row, "median_days": np.nan, "p90_days": np.nan, **served})
        for name in NEEDED_FOR:
            length = float(dice.choice([0.0, 0.2, 3.0] if mild else [0.0, 1.0, 40.0, 1045.0]))
            for k in range(8):
                line = {**about, "resource": name, "time_years": k / 4, "mean_length": length * k / 7}
                made["queues"].append(line)
            count = NO_LIMIT if free else int(dice.integers(0, 4))
            use = np.nan if free or count == 0 else float(dice.choice([0.2, 0.58, 0.58, 1.0]))
            made["utilisation"].append({**about, "resource": name, "count": count, "utilisation": use})
        enough = dice.random() < 0.7
        for name in NEEDED_FOR:
            units = float(dice.integers(0, 2 if mild else 6)) if enough else np.nan
            count = int(dice.integers(1, 5))
            made["needed"].append(
                {**about, "resource": name, "count": count, "needed_alone": units, "needed": units}
            )
        for outcome in HARMS.values():
            net = round(float(dice.normal(0, 4)), 1)
            half = float(dice.choice([20.0, np.nan] if mild else [0.5, 20.0]))
            row = {**about, "outcome": outcome, "horizon_years": 5.0, "n": 300, "net": net}
            made["waiting_harm"].append({**row, "net_low": net - half, "net_high": net + half})
    return {name: pd.DataFrame(rows) for name, rows in made.items()}


def place(said: str) -> dict[str, str]:
    """Return the policy and the clinic that a title names."""
    (clinic,) = (name for name in CLINICS if f"the {name.replace('_', ' ')} clinic" in said)
    (policy,) = (name for name in POLICIES if policy_words(name).lower() in said.lower())
    return {"policy": policy, "clinic": clinic}


def at(table: pd.DataFrame, **wanted) -> pd.DataFrame:
    return table[np.logical_and.reduce([table[name] == value for name, value in wanted.items()])]


def number(pattern: str, said: str) -> str:
    found = re.search(pattern, said)
    assert found, said
    return found[1]


@pytest.mark.parametrize(
    "seed", [*range(3), *(pytest.param(k, marks=pytest.mark.long) for k in range(3, 60))]
)
def test_every_title_of_a_clinic_is_borne_out_by_its_table(seed):
    made = tables(seed)
    said, table = title(waits(made["waits"])), made["waits"]
    if said.startswith("Nine in ten patients are in time"):
        assert not (table["share_beyond_target"] > 0.1).any()
    elif not said.startswith("Nothing to draw"):
        share, step = number(r"^(\S+) % wait", said), number(r"days for (\S+) in", said)
        (name,) = (key for key, words in STEP_WORDS.items() if words == step)
        row = at(table, step=name, **place(said))
        assert f"{100 * row['share_beyond_target'].item():.1f}" == share
    figure, table = queue_lengths(made["queues"]), made["queues"]
    own = table[table["resource"].isin(["mri", "meeting", "linac", "theatre"])]
    said = title(figure)
    if said.startswith("Fewer than one patient is in any queue"):
        assert (own["mean_length"] < 1).all()
    else:
        count = number(r"In the worst four weeks, (\d+) patient", said)
        mine = at(own, **place(said))
        mine = mine[mine["resource"].map(resource_words).map(said.__contains__)]
        assert f"{mine['mean_length'].max():.0f}" == count == f"{own['mean_length'].max():.0f}"
    reached = own.groupby("resource")["mean_length"].max() >= 5
    assert ("none reaches 5 patients" in note(figure)) == (not reached.any())
    said, table = title(utilisation(made["utilisation"])), made["utilisation"]
    if said == "No resource has a limit":
        assert (table["count"] >= NO_LIMIT).all()
    else:
        share = number(r"for (\d+) % of its open time", said)
        mine = at(table, **place(said))
        mine = mine[mine["resource"].map(resource_words).map(said.__contains__)]
        assert f"{100 * mine['utilisation'].max():.0f}" == share
        assert f"{100 * table['utilisation'].max():.0f}" == share
    said, table = title(waiting_harm(made["waiting_harm"])), made["waiting_harm"]
    beyond = (table["net_low"] > 0) | (table["net_high"] < 0)
    if said.startswith("No harm of waiting within 5 years beyond simulated luck"):
        assert not beyond.any()
    else:
        size = number(r"Waiting (?:costs|averts) ([\d.]+) ", said)
        (outcome,) = (key for words, key in HARMS.items() if f"{size} {words}" in said)
        row = at(table[beyond], outcome=outcome, **place(said))
        assert f"{abs(row['net'].item()):.1f}" == size
        assert (row["net"].item() > 0) == ("costs" in said)
    said, table = title(needed_capacity(made["needed"])), made["needed"]
    short = table[table["needed"] > table["count"]]
    if said == "Every clinic has what every policy needs":
        assert short.empty and table["needed"].notna().all()
    elif said.startswith("No count is enough"):
        mine = table if "clinic" not in said else at(table, **place(said))
        assert mine["needed"].isna().all() and short.empty
    else:
        units, has = number(r"needs (\d+) ", said), number(r"clinic has (\d+)$", said)
        mine = at(short, needed=float(units), count=int(has), **place(said))
        assert len(mine[mine["resource"].map(resource_words).map(said.__contains__)])


@pytest.mark.parametrize("seed", range(12))
def test_the_printed_table_of_a_clinic_keeps_its_columns_apart_within_its_width(seed):
    made = tables(seed)
    text = summary(made, 300, 0.9)
    assert max(map(len, text.splitlines())) <= 120
    assert "95 % intervals of simulated luck" in text
    for policy, clinic in BOTH:
        rows = text.partition(f"\n{clinic.replace('_', ' ').capitalize()}: waits")[2].splitlines()
        name = {"tme_alone": "TME alone", "washout_never": "Washout never"}[policy]
        line = next(line for line in rows if line.startswith(name))
        cells = re.split(r" {2,}|(?<=\*) +", line.strip())[1:]
        found = at(made["waits"], policy=policy, clinic=clinic).set_index("step")
        asked = [step for step in STEP_WORDS if (at(made["waits"], step=step)["n"] > 0).any()]
        assert re.split(" {2,}", rows[0].strip())[-len(asked) :] == [STEP_WORDS[step] for step in asked]
        for cell, (_, row) in zip(cells, found.loc[asked].iterrows(), strict=True):
            if np.isnan(row["median_days"]):
                assert cell.strip("*") in ("nobody", "–")
            else:
                assert cell.strip("* ") == f"{row['median_days']:.0f}, {row['p90_days']:.0f}"
            assert cell.endswith("*") == (row["share_beyond_target"] > 0.1)
