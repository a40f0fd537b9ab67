"""``lrrc validate``: the same seed the same table, so many patients as are needed, and an honest account."""

import math

import numpy as np
import pandas as pd
import pytest
from helpers.trial_files import mine, written

from analysis.tables.validation import NEGLIGIBLE, agreement, compare_endpoint, rows
from conf.composition import composing
from conf.schema import shipped, shipped_sections
from conf.trials import read_trial
from experiments.cli.command import main
from experiments.simulating import emulate
from experiments.simulating.emulate import successive_samples
from experiments.simulating.precise import precise

LR = {"outcome": "local_recurrence", "horizon_years": 5}


@pytest.fixture(scope="module")
def disease():
    with composing():
        return {section: shipped(f"parameters/{section}") for section in shipped_sections()}


@pytest.fixture
def trial(tmp_path):
    def read(*endpoints, **changes):
        numbered = [{"evidence": f"e{k}", "arm": "alone", **LR, **one} for k, one in enumerate(endpoints)]
        path = written(tmp_path / "own.yaml", mine(endpoints=numbered, **changes))
        with composing():
            return read_trial(str(path))

    return read


def table(trial, disease, patients=1000, seed=1):
    endpoints, _, _ = precise(trial, disease, patients, patients, seed)
    return rows(trial, endpoints)


PAIR = ({"published": 0.1, "n": 300}, {"arm": "irradiated", "published": 0.05, "n": 300})


def test_the_same_seed_makes_the_same_table_and_another_seed_another(trial, disease):
    here = trial(*PAIR)
    first = table(here, disease)
    pd.testing.assert_frame_equal(first, table(here, disease))
    assert not first["simulated"].equals(table(here, disease, seed=2)["simulated"])


def test_the_command_makes_the_same_tables_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "own.yaml", mine())
    for out in ("one", "two"):
        words = ["validate", "trial=own.yaml", "patients=600", "most_patients=600", f"out={out}"]
        assert main(words) == 0
    for name in ("endpoints.csv", "curves.csv", "agreement.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_the_size_of_blocks_changes_nothing(trial, disease, monkeypatch):
    here = trial(*PAIR)
    whole = table(here, disease)
    monkeypatch.setattr(emulate, "BLOCK", 170)
    pd.testing.assert_frame_equal(table(here, disease), whole)


def test_patients_are_added_to_those_already_simulated(trial, disease):
    here = trial(*PAIR, eligibility=[])
    stages = successive_samples(here, disease, 500, 1)
    (small, _), (large, _) = next(stages), next(stages)
    (at_once, _) = next(successive_samples(here, disease, 1000, 1))
    assert (len(small[0].value), len(large[0].value)) == (500, 1000) or len(large[0].value) > len(
        small[0].value
    )
    assert np.array_equal(large[0].value[: len(small[0].value)], small[0].value)
    for one, other in zip(large[0], at_once[0], strict=True):
        assert np.array_equal(one, other)


def test_more_patients_are_simulated_only_where_the_simulations_error_would_show(trial, disease):
    def simulated(n):
        here = trial({"published": 0.1, "n": n}, eligibility=[])
        endpoints, sides, patients = precise(here, disease, 1000, 8000, 1)
        assert patients == pytest.approx(len(sides[0][0].value), rel=0.1)
        return endpoints[0].error_beside_published, round(len(sides[0][0].value) / 1000)

    error, thousands = simulated(20)  # a small trial's interval is wide
    assert (error <= NEGLIGIBLE, thousands) == (True, 1)
    error, thousands = simulated(250)
    assert error <= NEGLIGIBLE
    assert thousands in (4, 8)
    error, thousands = simulated(1_000_000)  # more than can be
    assert (error > NEGLIGIBLE, thousands) == (True, 8)


def test_the_simulations_error_shrinks_with_the_root_of_the_patients(trial, disease):
    here = trial(
        {"published": 0.1, "n": 300},
        {"outcome": "overall_survival", "published": 0.6, "n": 300},
        {"outcome": "share", "of": "female", "horizon_years": None, "published": 0.4, "n": 300},
        {"outcome": "share", "of": "crm_mm <= 1", "horizon_years": None, "published": 0.1, "n": 300},
        {"outcome": "median", "of": "survival_months", "horizon_years": None, "published": 30, "n": 300},
        {
            "arm": "irradiated",
            "against": "alone",
            "ratio": "difference",
            "published": 0,
            "low": -0.1,
            "high": 0.1,
        },
        {"arm": "irradiated", "outcome": "distant_metastasis", "published": 0.3, "n": 300},
    )
    few, many = (table(here, disease, patients) for patients in (1500, 24_000))
    width = [part["simulated_high"] - part["simulated_low"] for part in (few, many)]
    assert math.log2((width[0] / width[1]).prod()) / len(here.endpoints) == pytest.approx(
        2, abs=0.35
    )  # 4 times


def test_the_simulated_interval_holds_what_more_patients_show(trial, disease):
    here = trial(*PAIR, {"outcome": "overall_survival", "published": 0.6, "n": 300})
    truth = table(here, disease, 40_000, seed=100)["simulated"]
    held = [
        (part["simulated_low"] <= truth) & (truth <= part["simulated_high"])
        for part in (table(here, disease, 1000, seed) for seed in range(20))
    ]
    assert 0.85 <= np.mean(held) <= 1


def test_arms_share_their_luck(trial, disease):
    contrast = {"against": "same", "published": 1.0, "low": 0.5, "high": 2.0}
    here = trial(
        {**contrast, "ratio": "hazard_ratio"},
        {**contrast, "ratio": "odds_ratio"},
        {**contrast, "ratio": "difference", "published": 0.0, "low": -0.1, "high": 0.1},
        {"arm": "other", **contrast, "ratio": "difference", "published": 0.0, "low": -0.1, "high": 0.1},
        {"published": 0.1, "n": 300},
        {"arm": "other", "published": 0.1, "n": 300},
        arms={"alone": "tme_alone", "same": "tme_alone", "other": "tme_alone+washout_always"},
    )
    found = [
        compare_endpoint(one, *sides)
        for one, sides in zip(here.endpoints, next(successive_samples(here, disease, 4000, 1)), strict=True)
    ]
    assert [one.value for one in found[:3]] == pytest.approx([1, 1, 0])
    # Nobody differs between the same arms: as little as half an event would, and no certainty.
    n = len(next(successive_samples(here, disease, 4000, 1))[0][0].value)
    assert found[2].error == pytest.approx(math.sqrt(2) / (n + 2))
    assert found[1].error == pytest.approx(math.sqrt(2) / (n + 2) / (found[4].value * (1 - found[4].value)))
    assert found[0].error == pytest.approx(math.sqrt(2) / (found[4].value * n), rel=0.3)  # of all events
    assert found[3].value == pytest.approx(found[5].value - found[4].value)
    assert found[3].error < 0.7 * math.hypot(found[4].error, found[5].error)


# Agreement


def logistic(x):
    return 1 / (1 + np.exp(-np.asarray(x)))


def made(published, simulated, **columns):
    frame = pd.DataFrame({"published": published, "simulated": simulated})
    odds = np.log(frame["published"] / (1 - frame["published"]))
    half = np.linspace(0.1, 0.6, len(frame))
    defaults = {
        "trial": "t",
        "set": "calibration",
        "measure": "incidence",
        "published_low": logistic(odds - half),
        "published_high": logistic(odds + half),
        "comparable": True,
        "inside": True,
        "z": 0.0,
        "probability": 0.5,
    }
    return frame.assign(**{**defaults, **columns})


@pytest.mark.parametrize(("slope", "intercept"), [(1, 0), (0.6, -0.3), (1.4, 0.5)])
def test_the_calibration_line_is_the_known_one(slope, intercept):
    x = np.linspace(-4, 2, 30)
    found = agreement(made(logistic(intercept + slope * x), logistic(x))).set_index("set").loc["all"]
    assert (found["slope"], found["intercept"]) == pytest.approx((slope, intercept))


def test_a_precise_endpoint_weighs_more_in_the_line():
    x = np.repeat(np.linspace(-3, 1, 10), 2)
    apart = np.tile([0.0, 1.0], 10)
    half = np.tile([0.05, 2.0], 10)
    published = x + apart
    frame = made(
        logistic(published),
        logistic(x),
        published_low=logistic(published - half),
        published_high=logistic(published + half),
    )
    found = agreement(frame).set_index("set").loc["all"]
    assert found["intercept"] == pytest.approx(0.05**2 / (0.05**2 + 4), abs=1e-6)


def test_ratios_and_medians_are_no_part_of_the_line():
    x = np.linspace(-3, 1, 9)
    line = made(logistic(x), logistic(x))
    others = made([0.5] * 4, [0.9] * 4, measure=["hazard_ratio", "odds_ratio", "median", "difference"])
    found = agreement(pd.concat([line, others])).set_index("set").loc["all"]
    assert (found["slope"], found["intercept"]) == pytest.approx((1, 0))
    assert found["endpoints"] == 13


def test_fewer_than_three_proportions_have_no_line():
    assert agreement(made([0.2, 0.3], [0.2, 0.3]))["slope"].isna().all()


def test_coverage_counts_each_set_by_itself_and_both_together():
    frame = made(
        np.linspace(0.1, 0.5, 10),
        np.linspace(0.1, 0.5, 10),
        set=["calibration"] * 4 + ["validation"] * 6,
        trial=list("aabbccddee"),
        inside=[True, True, True, False] + [True] * 3 + [False] * 3,
        z=[0, 0, 0, 3.0, 0, 0, 1.0, 2.0, 2.0, 2.0],
        probability=[0.3, 0.7, 0.1, 0.99, 0.5, np.nan, 0.03, 0.98, 0.2, 0.6],
    )
    found = agreement(frame).set_index("set")
    assert list(found.index) == ["calibration", "validation", "all"]
    assert found["inside"].tolist() == [3, 3, 6]
    assert found["coverage"].tolist() == [0.75, 0.5, 0.6]
    assert found["half"].tolist() == pytest.approx([2 / 4, 2 / 5, 4 / 9])
    assert found["nearly_all"].tolist() == pytest.approx([3 / 4, 4 / 5, 7 / 9])
    assert found["trials"].tolist() == [2, 3, 5]
    assert found["endpoints"].tolist() == found["degrees"].tolist() == [4, 6, 10]
    assert found["chi_square"].tolist() == pytest.approx([9, 13, 22])
    assert found["p_value"].tolist() == pytest.approx(
        [0.0611, 0.0430, 0.0151], abs=1e-4
    )  # tables of chi-square
