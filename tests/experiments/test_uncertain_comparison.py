"""``lrrc compare`` says how sure it is: intervals of parameters and discrepancy beside those of luck."""

import pandas as pd
import pytest

import lrrc
from analysis.tables.uncertainty import LABELS
from conf.posterior import SHIPPED, members_of_the_fit
from conf.schema import compose_run

POLICIES = ["tme_alone", "chemoradiotherapy", "tme_alone+washout_always"]


@pytest.fixture(scope="module")
def run():
    """A comparison of the fitted disease."""
    return lrrc.compare(policies=POLICIES, patients=4000, seed=5)


def of(table, outcome, policy, comparator=None):
    """Return a row of all patients at five years."""
    beside = table["comparator"].isna() if comparator is None else table["comparator"] == comparator
    at = (table["outcome"] == outcome) & (table["policy"] == policy) & beside & (table["horizon_years"] == 5)
    (row,) = table[at].to_dict("records")
    return row


def test_every_level_lies_within_its_interval_and_luck_alone_is_narrower(run):
    for policy in POLICIES:
        for outcome in ("local_recurrence", "overall_survival", "distant_metastasis"):
            row, own = of(run.uncertainty, outcome, policy), run.outcomes
            whole = (own[["mechanism", "compartment", "group"]] == "all").all(axis=1)
            at = whole & (own["outcome"] == outcome) & (own["policy"] == policy) & (own["horizon_years"] == 5)
            (stated,) = own[at].to_dict("records")
            assert row["uncertainty_low"] < stated["estimate"] < row["uncertainty_high"]
            width = row["uncertainty_high"] - row["uncertainty_low"]
            assert width > row["parameters_high"] - row["parameters_low"]


def test_a_policy_that_irradiates_surely_averts_recurrences(run):
    row = of(run.uncertainty, "local_recurrence", "chemoradiotherapy", "tme_alone")
    assert row["uncertainty_high"] < 0


def test_what_a_policy_leaves_alone_surely_stays(run):
    row = of(run.uncertainty, "severe_morbidity", "tme_alone+washout_always", "tme_alone")
    assert row["uncertainty_low"] == row["uncertainty_high"] == row["estimate"] == 0


def test_the_members_are_those_of_the_shipped_sample(run):
    assert (run.uncertainty["members"] <= 40).all()
    assert (run.uncertainty["members"].max()) == 40
    assert set(LABELS) <= set(run.uncertainty.columns)
    assert len(pd.read_csv(SHIPPED)) >= 40


@pytest.mark.parametrize(
    "words",
    [
        {"patients": 500},
        {"patients": 2000, "disease": "default"},
        {"patients": 2000, "clinic": "regional", "horizon_years": 1},
    ],
    ids=["too few patients", "the hand-set disease", "a clinic where patients wait"],
)
def test_no_interval_is_given_where_none_is_known(words):
    run = lrrc.compare(policies=["tme_alone", "short_course"], **words)
    assert "uncertainty" not in run.tables


def parameters(*words):
    """Return the disease of a composed run."""
    return compose_run(*words).parameters


def test_a_number_that_is_set_is_no_members():
    set_by_hand = parameters("surgery.leak_probability=0.31")
    free, held = members_of_the_fit(parameters(), 3), members_of_the_fit(set_by_hand, 3)
    key = "surgery.leak_probability"
    assert key in [number.key for number in free.numbers]
    assert [number.key for number in held.numbers] == [n.key for n in free.numbers if n.key != key]
    for member in held.members:
        assert held.disease(set_by_hand, member)["surgery"]["leak_probability"] == 0.31
