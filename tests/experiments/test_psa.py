"""A probabilistic analysis values every policy under each member as a run of that member would."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from analysis.tables.economics import worth
from conf.composition import composed, composing
from conf.economic_draws import BY_AGE, draw_discrepancy, draw_economics, uncertain_economics
from conf.posterior import read_sample
from conf.schema import compose_run
from experiments.cli.command import main
from experiments.simulating.cohort import count_block, worlds_of
from experiments.valuing.plan import read_psa

SMALL = (
    "members=20", "patients=320", "policies=[usual_care,tme_alone,usual_care+lateral_before_7mm]",
    "compute.workers=1", "pictures=false",
    "evppi={fractures:[harm.fracture_probability],stoma:[economics.stoma_price_per_year]}",
)  # fmt: skip


def analysed(out, *words):
    keys = {word.partition("=")[0] for word in words}
    small = [word for word in SMALL if word.partition("=")[0] not in keys]
    return main(["psa", *small, *words, f"out={out}"])


def plan_of(*words):
    with composing():
        config, choices = composed("psa", [*SMALL, *words])
        return read_psa(config, choices)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    out = tmp_path_factory.mktemp("psa") / "one"
    assert analysed(out, "discrepancy=false") == 0
    return out


def table(folder, name):
    return pd.read_csv(folder / f"{name}.csv", keep_default_na=False, na_values=[""])


def test_a_member_costs_and_lives_as_a_run_with_its_numbers(made):
    point = plan_of("discrepancy=false").plan.points[7]
    tallies, _ = count_block(point.run, worlds_of(point.run), 0, 320)
    found = table(made, "psa").set_index(["member", "policy"])
    for policy, tally in tallies.items():
        means = worth(tally).means
        row = found.loc[(7, policy)]
        assert row["costs_societal"] == pytest.approx(means[-1], rel=1e-9)
        assert row["qalys"] == pytest.approx(means[-3], rel=1e-9)


def test_members_differ_in_disease_prices_and_luck_and_policies_share_all_three():
    runs = [point.run for point in plan_of().plan.points[:2]]
    assert runs[0].parameters != runs[1].parameters
    assert runs[0].economics != runs[1].economics
    assert runs[0].replication != runs[1].replication
    assert runs[0].cohort != runs[1].cohort  # as the discrepancy has it


def test_a_lost_entry_of_the_ledger_is_simulated_again_and_nothing_changes(made, tmp_path):
    copy = tmp_path / "again"
    shutil.copytree(made, copy)
    entries = sorted(path for path in (copy / "ledger").rglob("*") if path.is_file() and len(path.name) > 40)
    for entry in entries[::2]:
        entry.unlink()
    for path in copy.glob("*.csv"):
        path.unlink()
    assert analysed(copy, "discrepancy=false") == 0
    for name in ("psa", "incremental", "acceptability", "evpi", "evppi"):
        pd.testing.assert_frame_equal(table(copy, name), table(made, name))


def test_the_discrepancy_moves_qalys_gained_and_leaves_costs_of_the_same_lives(tmp_path):
    analysis = plan_of()
    assert analysis.discrepancy is not None
    factors = analysis.discrepancy.contrasts
    assert (factors > 0).all() and np.median(factors) == pytest.approx(1.0, abs=0.1)
    assert set(analysis.discrepancy.shifts) == {"metastasis", "survival"}


def test_a_policy_that_acts_on_nobody_gains_nothing_in_any_member(tmp_path):
    out = tmp_path / "same"
    # Where nobody waits, who comes first in a queue changes nothing.
    assert analysed(out, "policies=[tme_alone,tme_alone+recurrences_first]", "patients=64") == 0
    psa = table(out, "psa").pivot(index="member", columns="policy", values="costs_societal")
    assert (psa.diff(axis=1).iloc[:, 1] == 0).all()
    assert (table(out, "evpi")["evpi"] == 0).all()


def test_draws_cover_each_interval_and_those_by_age_go_together():
    base = compose_run("economics=dutch").economics
    assert base is not None
    numbers = uncertain_economics("dutch", base)
    draws = draw_economics(numbers, 400, 1)
    for k, number in enumerate(numbers):
        inside = np.mean((draws.values[:, k] >= number.low) & (draws.values[:, k] <= number.high))
        assert inside == pytest.approx(0.95, abs=0.012), number.key
    for name in BY_AGE:
        of = [k for k, number in enumerate(numbers) if number.name == name]
        ranks = draws.values[:, of].argsort(axis=0).argsort(axis=0)
        assert (ranks == ranks[:, :1]).all()


def test_a_number_that_the_run_sets_is_not_drawn():
    base = compose_run("economics=dutch", "economics.stoma_price_per_year=9000").economics
    assert base is not None
    assert "economics.stoma_price_per_year" not in [n.key for n in uncertain_economics("dutch", base)]


def test_the_discrepancy_is_drawn_as_wide_as_the_fit_found_it():
    sample = read_sample(5, None)
    assert sample is not None
    draws = draw_discrepancy(sample.discrepancy, 4000, 1)
    spread = np.percentile(draws.shifts["metastasis"], [2.5, 97.5])
    wide = sample.discrepancy.scales["metastasis"] * 2.228  # Student's t of 10 degrees of freedom
    assert spread == pytest.approx([-wide, wide], rel=0.03)


def test_the_manifest_says_what_was_drawn(made):
    noted = json.loads((made / "manifest.json").read_text())["psa"]
    assert noted["members"] == 20
    assert noted["discrepancy"] is False
    assert "economics.stoma_price_per_year" in noted["economic_numbers"]
    assert noted["posterior"]["sha256"]


def test_variance_is_shared_out_in_full(made):
    split = table(made, "variance")
    of = split.groupby(["policy", "comparator", "outcome"], dropna=False)["share"].sum()
    assert of.dropna().to_numpy() == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("economics=none",), "economics=none"),
        (("members=3",), "members=3"),
        (("thresholds=[50000,20000]",), "must rise"),
        (("evppi={a:[harm.fracture_probabilty]}",), "did you mean harm.fracture_probability"),
        (("evppi={a:[]}",), "evppi.a=[]"),
        (("study={sizes:[10]}",), "study="),
        (
            ("study={parameters:[surgery.leak_probabilty],sizes:[10]}",),
            "did you mean surgery.leak_probability",
        ),
        (("evppi={all:[surgery]}",), "members or more to be distinguished"),
        (("evppi={a:[cohort],b:[margin],c:[harm]}",), "evppi."),
        (("policies=[tme_alone]",), "two policies or more"),
        (("rows=true",), "rows=true"),
        (("economics.stoma_price_per_year=-1",), "economics.stoma_price_per_year=-1"),
        (("economics.recurrence_utility_ratio=1.2",), "from 0 to 1"),
    ],
)
def test_what_cannot_be_analysed_is_refused_in_a_line(words, said, tmp_path, capsys):
    assert analysed(tmp_path / "none", *words) == 2
    message = capsys.readouterr().err.strip()
    assert said in message
    assert len(message.splitlines()) == 1
    assert not (tmp_path / "none").exists()
