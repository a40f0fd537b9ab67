"""A probabilistic analysis values every policy under each member as a run of that member would."""

import dataclasses
import json
import shutil

import numpy as np
import pandas as pd
import pytest

from analysis.tables.economics import worth
from conf.composition import composed, composing
from conf.economic_draws import BY_AGE, draw_discrepancy, draw_economics, uncertain_economics
from conf.input_error import InputError
from conf.posterior import read_sample
from conf.schema import compose_run
from experiments.cli.command import main
from experiments.simulating.cohort import count_block, simulate_block, worlds_of
from experiments.valuing.plan import FEWEST_PATIENTS, read_psa
from sim.counting.outcomes import FOLDS
from sim.counting.value import VALUES, values_of
from sim.patient import YEAR_DAYS, Cost

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


def test_members_have_a_patient_in_each_fold_or_are_refused():
    assert FEWEST_PATIENTS == FOLDS
    with pytest.raises(InputError, match=f"patients={FOLDS - 1}: psa needs {FOLDS}"):
        plan_of(f"patients={FOLDS - 1}")


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


def valued_patients(run, policy):
    """Return costs and QALYs of each patient, shape (n, 2), and whether a local recurrence was found."""
    rows = simulate_block(run, worlds_of(run), 0, run.patients)[policy]
    values = values_of(rows, worlds_of(run)[policy], run.horizon_years * YEAR_DAYS)
    counted = np.column_stack([values[:, : len(Cost)].sum(axis=1), values[:, VALUES.index("qalys")]])
    return counted, np.isfinite(rows["recurrence_found_day"])


def test_the_discrepancy_multiplies_recurrences_and_costs_and_qalys_follow(tmp_path):
    """Beside plain loops over patients."""
    policies = ["usual_care", "tme_alone", "usual_care+lateral_before_7mm"]
    words = ("patients=400", "horizon_years=20", "discrepancy=true")
    assert analysed(tmp_path / "one", *words) == 0
    psa = table(tmp_path / "one", "psa").set_index(["member", "policy"])
    plan = plan_of(*words)
    reference = plan.plan.points[0].run
    reference = dataclasses.replace(
        reference,
        parameters=plan.plan.run.parameters,
        economics=plan.plan.run.economics,
        cohort=plan.plan.run.cohort,
        replication=0,
        patients=20_000,
    )
    takes = {
        section: {key: 0.0 for key in tree if key.endswith("take_probability")}
        for section, tree in reference.parameters.items()
    }
    clean = {section: tree | takes[section] for section, tree in reference.parameters.items()}
    found, recurred = valued_patients(reference, "usual_care")
    without, none = valued_patients(dataclasses.replace(reference, parameters=clean), "usual_care")
    assert not none.any() and recurred.sum() > 500
    change = (found - without).sum(axis=0) / recurred.sum()
    assert change[1] < -1.0  # a recurrence costs years

    levers = {"tme_alone": "neoadjuvant", "usual_care+lateral_before_7mm": "lateral_dissection"}
    share, others = {name: 0.0 for name in policies}, {}
    for member in range(plan.members):
        run = plan.plan.points[member].run
        for name in policies:
            others[member, name] = valued_patients(run, name)
            share[name] += others[member, name][1].mean()
    assert share["tme_alone"] > share["usual_care"] > share["usual_care+lateral_before_7mm"]
    for member in range(plan.members):
        base = others[member, "usual_care"]
        assert psa.loc[(member, "usual_care"), "qalys"] == pytest.approx(base[0][:, 1].mean(), rel=1e-9)
        for name, lever in levers.items():
            values, recurrence = others[member, name]
            acted = 0
            for patient in range(len(values)):
                same = (values[patient] == base[0][patient]).all()
                acted += bool(recurrence[patient]) and not same
            sign = -1 if name == "tme_alone" else 1  # it leaves the treatment out
            ratio = np.exp(sign * plan.discrepancy.contrasts[lever][member])
            more = acted * (ratio - 1) / len(values)
            row = psa.loc[(member, name)]
            assert row["local_recurrence"] == pytest.approx(recurrence.mean() + more, rel=1e-9)
            costs, qalys = values.mean(axis=0) + more * change
            assert row["qalys"] == pytest.approx(qalys, rel=1e-6)
            assert row["costs_societal"] == pytest.approx(costs, rel=1e-6)
    noted = json.loads((tmp_path / "one" / "manifest.json").read_text())["psa"]
    of = noted["per_local_recurrence"]
    assert of["qalys"]["mean"] == pytest.approx(change[1], rel=1e-6)
    assert 0 < of["qalys"]["standard_error"] < abs(change[1]) / 5
    assert noted["discrepancy_by_lever"] == {name: [lever] for name, lever in levers.items()}


def test_a_small_effect_changes_its_sign_in_some_draws(tmp_path):
    # With the same luck a washout can only prevent a recurrence, so without discrepancy it never does harm.
    words = ("policies=[usual_care,usual_care+washout_always]", "patients=1000")
    signs = {}
    for drawn in ("false", "true"):
        assert analysed(tmp_path / drawn, *words, f"discrepancy={drawn}") == 0
        found = table(tmp_path / drawn, "psa").pivot(index="member", columns="policy")
        signs[drawn] = {
            name: found[name]["usual_care+washout_always"] - found[name]["usual_care"]
            for name in ("local_recurrence", "qalys")
        }
    assert (signs["false"]["local_recurrence"] <= 0).all()
    assert (signs["true"]["local_recurrence"] > 0).sum() >= 3
    assert (signs["true"]["local_recurrence"] < 0).sum() >= 3
    assert (signs["true"]["qalys"] < 0).sum() >= 3


def test_the_discrepancy_is_a_group_of_numbers_whose_information_is_valued(tmp_path):
    words = ("evppi={wrong:[discrepancy],dissected:[discrepancy.lateral_dissection]}", "members=40")
    assert analysed(tmp_path / "one", *words) == 0
    parameters = table(tmp_path / "one", "evppi").groupby("group")["parameters"].first()
    # Metastases, survival, and the levers of two policies.
    assert dict(parameters) == {"wrong": 4, "dissected": 1}
    assert "discrepancy.neoadjuvant" in table(tmp_path / "one", "members").columns


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
        (("evppi={a:[discrepancy.metastases]}",), "did you mean discrepancy.metastasis"),
        (("study={sizes:[10]}",), "study="),
        (
            ("study={parameters:[surgery.leak_probabilty],sizes:[10]}",),
            "did you mean surgery.leak_probability",
        ),
        (("evppi={all:[surgery]}",), "members to be distinguished"),
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
