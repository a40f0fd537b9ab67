"""Who gains: groups add up to all patients, who gain what the comparison says; rules treat whom they name."""

import numpy as np
import pandas as pd
import pytest

from analysis.tables.gains import CUTS, Gain, gains, rule
from conf.condition import read_condition
from conf.schema import compose_run
from experiments.cli.command import main
from experiments.gains import simulated
from experiments.simulating.cohort import simulate_block, worlds_of
from sim.counting.columns import READABLE

POLICIES = "policies=[usual_care,tme_alone,usual_care+lateral_before_7mm]"


@pytest.fixture(scope="module")
def run():
    return compose_run("economics=dutch", POLICIES, "patients=3000", "clock=compiled")


@pytest.fixture(scope="module")
def found(run):
    return simulated(run)


def made_up(benefit_of):
    """Patients who gain what a function of what is seen says, with much luck."""
    rng = np.random.default_rng(1)
    n = 20_000
    seen = {column: np.zeros(n) for column in CUTS}
    seen["short_axis_mm"] = np.round(rng.uniform(0, 15, n), 2)
    seen["age_years"] = np.round(rng.uniform(40, 90, n), 1)
    qalys = benefit_of(seen) + rng.normal(0, 1.0, n)
    return Gain(seen, qalys != 0, np.zeros(n, int), {}, np.zeros(n), qalys)


def test_all_patients_gain_what_the_comparison_says(run, found, tmp_path):
    out = tmp_path / "compare"
    words = ["compare", "economics=dutch", POLICIES, "patients=3000", "pictures=false", f"out={out}"]
    assert main(words) == 0
    economics = pd.read_csv(out / "economics.csv")
    for policy, gain in found.items():
        of = economics[(economics["policy"] == policy) & economics["comparator"].notna()]
        of = of.set_index("quantity")["estimate"]
        assert gain.costs.mean() == pytest.approx(of["costs_societal"], abs=1e-6)
        assert gain.qalys.mean() == pytest.approx(of["qalys"], abs=1e-9)


def test_groups_of_a_column_hold_every_patient_once_and_share_the_gain(found):
    table = gains(found["tme_alone"], "tme_alone", "usual_care", 50_000.0)
    whole = table[table["column"] == "all"].iloc[0]
    for column, of in table[table["column"] != "all"].groupby("column"):
        assert of["n"].sum() == whole["n"], column
        assert (of["benefit"] * of["share"]).sum() == pytest.approx(whole["benefit"])


def test_a_policy_changes_only_those_whom_it_treats_otherwise(found):
    gain = found["usual_care+lateral_before_7mm"]
    untouched = gain.seen["short_axis_mm"] < 7
    assert not gain.treated[untouched].any()
    assert (gain.qalys[untouched] == 0).all()
    assert (gain.costs[untouched] == 0).all()


def test_a_rule_finds_who_gains_and_is_valued_in_other_patients():
    gain = made_up(lambda seen: np.where(seen["short_axis_mm"] >= 7, 0.5, -0.5))
    one = rule(gain, 1000.0)
    assert one.share == pytest.approx(8 / 15, abs=0.02)
    assert one.benefit[0] == pytest.approx(500 * 8 / 15, rel=0.1)
    assert "short_axis_mm > " in one.words
    cut = float(one.words.split("short_axis_mm > ")[1].split()[0].rstrip(")"))
    assert cut == pytest.approx(7.0, abs=0.3)


def test_where_nobody_gains_nobody_is_treated():
    one = rule(made_up(lambda seen: np.full(len(seen["age_years"]), -1.0)), 1000.0)
    assert one.conditions == ()
    assert one.share == 0
    assert one.benefit[0] == 0


def test_where_everybody_gains_everybody_is_treated():
    one = rule(made_up(lambda seen: np.full(len(seen["age_years"]), 1.0)), 1000.0)
    assert one.words == "everybody"
    assert one.share == 1


def test_a_rule_is_a_condition_of_a_guideline_and_means_the_same_patients(run, found):
    gain = found["tme_alone"]
    one = rule(gain, 50_000.0)
    assert one.words and one.words != "everybody"
    rows = simulate_block(run, worlds_of(run), 0, run.patients)["usual_care"]
    read = read_condition("rule", one.words)
    meant = read.holds(read.names(lambda name: np.asarray(READABLE[name].of(rows))))
    assert meant[1::2].mean() == pytest.approx(one.share)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("economics=none",), "economics=none"),
        (("clinic=regional",), "clinic=unlimited"),
        (("threshold=-1",), "threshold=-1"),
        (("policies=[tme_alone]",), "two policies or more"),
    ],
)
def test_gains_that_cannot_be_found_are_refused_in_a_line(words, said, tmp_path, capsys):
    assert main(["gains", *words, f"out={tmp_path / 'none'}"]) == 2
    message = capsys.readouterr().err.strip()
    assert said in message
    assert len(message.splitlines()) == 1
