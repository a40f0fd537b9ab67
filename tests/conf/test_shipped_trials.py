"""The shipped trials: enough of them, each figure that of the evidence, none both fitted and predicted."""

import csv
from pathlib import Path

import pytest

from conf import schema
from conf.composition import composing
from conf.endpoint import names_in
from conf.trials import read_trials
from sim.counting.columns import COLUMNS

CONF = Path(schema.__file__).parent

with open(CONF / "evidence.csv", newline="") as file:
    EVIDENCE = {row["id"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def shipped_trials():
    with composing():
        return read_trials("all")


def test_every_shipped_trial_reads_and_there_are_enough_of_them(shipped_trials):
    assert {trial.name for trial in shipped_trials} == {file.stem for file in (CONF / "trial").glob("*.yaml")}
    assert len(shipped_trials) >= 12
    assert sum(len(trial.endpoints) for trial in shipped_trials) >= 120


def test_no_figure_is_both_fitted_and_predicted(shipped_trials):
    fitted, predicted = (
        {endpoint.evidence for trial in shipped_trials if trial.set == which for endpoint in trial.endpoints}
        for which in ("calibration", "validation")
    )
    assert len(fitted) >= 40
    assert len(predicted) >= 40
    assert fitted & predicted == set()


def test_no_figure_is_counted_twice_in_a_set(shipped_trials):
    ids = [endpoint.evidence for trial in shipped_trials for endpoint in trial.endpoints]
    assert sorted({one for one in ids if ids.count(one) > 1}) == []


def test_every_shipped_figure_is_that_of_the_evidence(shipped_trials):
    wrong = []
    for trial in shipped_trials:
        for endpoint in trial.endpoints:
            row = EVIDENCE[endpoint.evidence]
            value, unit = float(row["value"]), row["unit"]
            allowed = {value, 1 - value}
            if unit == "years":
                allowed.add(12 * value)  # in months
            if unit == "count" and endpoint.n:
                allowed.add(value / endpoint.n)
            median = unit == "months" and endpoint.horizon_years == pytest.approx(value / 12, abs=1e-3)
            if median and endpoint.outcome == "overall_survival":
                allowed.add(0.5)  # a median survival, as the half that then lived
            if endpoint.ratio == "difference":
                # Of two rows, both of the evidence.
                allowed |= {
                    value - float(other["value"]) for other in EVIDENCE.values() if other["unit"] == unit
                }
            if not any(endpoint.published == pytest.approx(one, abs=6e-4) for one in allowed):
                wrong.append((trial.name, endpoint.evidence, endpoint.published, value, unit))
    assert wrong == []


def test_a_shipped_interval_is_that_of_the_evidence(shipped_trials):
    wrong = []
    for trial in shipped_trials:
        for endpoint in trial.endpoints:
            row = EVIDENCE[endpoint.evidence]
            if endpoint.low is None or not row["ci_low"] or endpoint.ratio == "difference":
                continue
            printed = float(row["ci_low"]), float(row["ci_high"])
            complement = 1 - printed[1], 1 - printed[0]
            if pytest.approx((endpoint.low, endpoint.high), abs=1e-9) not in (printed, complement):
                wrong.append((trial.name, endpoint.evidence, endpoint.low, endpoint.high, *printed))
    assert wrong == []


def test_a_shipped_ratio_is_of_the_kind_that_was_published(shipped_trials):
    kinds = {"HR": "hazard_ratio", "OR": "odds_ratio", "RR": "risk_ratio"}
    wrong = [
        (endpoint.evidence, endpoint.ratio)
        for trial in shipped_trials
        for endpoint in trial.endpoints
        if (unit := EVIDENCE[endpoint.evidence]["unit"]) in kinds and endpoint.ratio != kinds[unit]
    ]
    assert wrong == []


def test_every_column_that_trials_name_is_one(shipped_trials):
    named = {
        name
        for trial in shipped_trials
        for endpoint in trial.endpoints
        for one in (endpoint.subgroup, endpoint.against_subgroup, endpoint.where)
        if one is not None
        for name in names_in(one)
    }
    assert named <= COLUMNS.keys()
    assert {"crm_mm", "short_axis_mm", "operation", "pathological_stage", "leaked"} <= named
