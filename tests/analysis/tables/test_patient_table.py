"""The table of patients: what never happened is missing, what was not done is none, means are outcomes."""

import numpy as np
import pandas as pd
import pytest
from helpers.counting import binary_outcomes

from analysis.tables.patients import KNOWN_IN, patient_table
from conf.schema import compose_run
from experiments.compare import patients
from experiments.results.run_folder import content_digest
from experiments.simulating.cohort import simulate
from sim.counting.outcomes import ABSENT, YES, Key
from sim.events import Event
from sim.patient import _NEVER, ROW, new_patients

POLICY = "total_neoadjuvant+expert_centre+lateral_boost+postoperative_chemoradiotherapy+follow_up_intensive"
EVENTFUL = (
    "mesorectum.left_probability=[1,1,1]",
    "mesorectum.deposit_probability=[0.6,0.6,0.6]",
    "mortality.fit_hazard_ratio=8",
    "recurrence.onset_median_days=100",
)
# Outcomes of the whole follow-up, and the column whose mean among those who have one is their share.
SHARES = {
    "complete_response": "complete_response", "crm_involved": "crm_involved", "perforation": "perforated",
    "anastomosis": "anastomosis", "diverting_stoma": "diverting_stoma", "leak": "leaked",
    "synchronous_metastasis": "synchronous_metastasis", "curative_intent": "curative_intent",
    "salvage_complication": "salvage_complication",
}  # fmt: skip


@pytest.fixture(scope="module", name="rows")
def rows_fixture(lives):
    """Lives of two years, in which much is pending or was broken off."""
    return lives(*EVENTFUL, policy=POLICY, patients=2000, years=2.0)


@pytest.fixture(scope="module", name="table")
def table_fixture(rows):
    return patient_table(POLICY, rows)


def test_nothing_is_infinite_and_whatever_can_never_come_is_missing(table, tmp_path):
    table.to_parquet(tmp_path / "patients.parquet", index=False)
    back = pd.read_parquet(tmp_path / "patients.parquet")
    assert not np.isinf(back.select_dtypes("number").astype(float)).any(axis=None)
    assert set(_NEVER) <= {name for names in KNOWN_IN.values() for name in names} <= set(ROW.names)
    assert content_digest(back) == content_digest(table)
    assert (back.dtypes.drop("policy") == table.dtypes.drop("policy")).all()


def test_an_operation_that_was_not_done_is_none_and_nothing_is_said_of_it(rows, table):
    undone = np.isinf(rows["operated_day"]) & (rows["operation"] > 0)
    assert undone.sum() > 5  # it was planned
    assert (table["operation"][undone] == 0).all()
    assert (table["operation"][~np.isinf(rows["operated_day"])] > 0).all()
    silent = ["operated_day", "planned_minutes", "plane", "crm_mm", "crm_involved", "distal_margin_mm"]
    silent += ["anastomosis", "leaked", "dissected_0", "pathological_stage", "luminal_cells", "survived_3"]
    assert table[silent][undone].isna().all(axis=None)


def test_a_treatment_that_was_not_given_is_none(rows, table):
    ungiven = (rows["regimen"] > 0) & ~rows["irradiated"]
    assert ungiven.sum() > 5
    assert (table["regimen"][ungiven] == 0).all()
    assert not table["boosted"][ungiven].any()
    given = (rows["regimen"] > 0) & rows["irradiated"]
    assert np.array_equal(table["regimen"][given], rows["regimen"][given])
    assert np.array_equal(table["boosted"][given], rows["boosted"][given]) and rows["boosted"][given].any()


def test_the_preparation_of_a_salvage_is_what_was_given(lives):
    """Counted from the journal: a life whose preparation never began says so."""
    journal = []
    rows = lives(*EVENTFUL, policy=POLICY, years=2.0, journal=journal)
    table = patient_table(POLICY, rows)
    began = {i for _, i, event in journal if event == Event.SALVAGE_TREATMENT}
    planned = set(np.flatnonzero(rows["salvage_induction"]))
    assert len(began) > 20 and len(planned - began) > 5
    assert set(np.flatnonzero(table["salvage_induction"].fillna(False))) == began
    assert set(np.flatnonzero(table["salvage_irradiated"].fillna(False))) == began


def test_without_a_recurrence_or_a_salvage_nothing_is_said_of_it(rows, table):
    none = np.isinf(rows["recurrence_onset_day"])
    about = ["recurrence_route", "recurrence_compartment", "recurrence_compartments", "unresectable"]
    assert table[about][none].isna().all(axis=None) and table[about][~none].notna().all(axis=None)
    unfound = np.isinf(rows["recurrence_found_day"])
    assert table[["curative_intent", "expert_centre"]][unfound].isna().all(axis=None)
    assert (table["found_by"][unfound] == 0).all() and (table["found_by"][~unfound] > 0).all()
    unsalvaged = np.isinf(rows["salvage_day"])
    assert table[["salvage_day", "salvage_complication"]][unsalvaged].isna().all(axis=None)
    assert (table[["salvage_procedure", "salvage_margin"]][unsalvaged] == 0).all(axis=None)
    assert (table["death_cause"][table["death_day"].isna()] == 0).all()


def test_seeds_that_died_have_no_day_and_no_place(rows, table):
    for route in range(8):
        survived = rows["survived"][:, route] > 0
        about = [f"{name}_{route}" for name in ("onset_day", "seed_compartment", "seed_compartments")]
        assert table[about][survived].notna().all(axis=None) and table[about][~survived].isna().all(axis=None)


@pytest.mark.parametrize(("outcome", "column"), SHARES.items())
def test_the_mean_of_a_column_is_its_outcome(rows, table, outcome, column):
    states = binary_outcomes(rows, (2.0,))[Key(outcome)]
    assert np.array_equal(table[column].notna(), states != ABSENT)
    assert table[column].mean() == pytest.approx((states == YES).sum() / (states != ABSENT).sum())


def test_whole_numbers_stay_whole_and_types_do_not_depend_on_the_lives(table):
    for name, kind in (("plane", "i"), ("recurrence_route", "i"), ("survived_0", "u"), ("leaked", "b")):
        assert table[name].isna().any() and table[name].dtype.kind == kind
    for rows in (new_patients(0, 3), new_patients(0, 0)):  # before diagnosis, and nobody
        assert (patient_table(POLICY, rows).dtypes == table.dtypes).all()


def test_policies_and_blocks_are_one_table(rows):
    simulated = simulate(compose_run("patients=40", "rows=true", "policies=[tme_alone,short_course]"))
    table = patients(simulated.rows)
    assert list(table["policy"].unique()) == ["tme_alone", "short_course"]
    assert np.array_equal(table["number"], np.tile(np.arange(40), 2))
    halves = patients({"x": [rows[:700], rows[700:]]})
    assert content_digest(halves) == content_digest(patient_table("x", rows))


def test_a_digest_takes_numbers_that_may_be_missing_for_what_a_csv_holds():
    whole = pd.DataFrame({"n": pd.array([1, 2], "Int32"), "flag": pd.array([True, False], "boolean")})
    assert content_digest(whole) == content_digest(whole.astype("int64"))
    some = pd.DataFrame({"n": pd.array([1, None], "Int32"), "flag": pd.array([True, None], "boolean")})
    assert content_digest(some) == content_digest(pd.DataFrame({"n": [1, np.nan], "flag": [1.0, np.nan]}))
    none = pd.DataFrame({"n": pd.array([0, None], "Int32"), "flag": pd.array([True, None], "boolean")})
    assert content_digest(some) != content_digest(none)
