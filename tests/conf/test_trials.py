"""A trial is a file: whoever can write one can run it, and what is wrong in it is said in one line."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from helpers.trial_files import MINE, mine, written

from conf import schema
from conf.endpoint import OUTCOMES
from conf.trials import read_trials
from experiments.cli.command import main

CONF = Path(schema.__file__).parent
FEW = ("patients=2000", "most_patients=2000")
# As issue 6 names them; more may follow.
ASKED = [
    "trial",
    "set",
    "endpoint",
    "arm",
    "outcome",
    "subgroup",
    "horizon_years",
    "n",
    "published",
    "published_low",
    "published_high",
    "simulated",
    "simulated_low",
    "simulated_high",
    "comparable",
    "inside",
    "z",
]


def validated(*words):
    """Validate into ``out`` and return the table of endpoints."""
    assert main(["validate", *FEW, *words, "out=out"]) == 0
    return pd.read_csv("out/endpoints.csv")


# A user's own file


def test_a_trial_of_ones_own_runs_without_any_python(here):
    written(here / "my trial.yaml", mine())
    code = "from experiments.cli.command import main; raise SystemExit(main())"
    words = ["validate", "trial=my trial.yaml", *FEW, "out=out"]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    found = pd.read_csv(here / "out" / "endpoints.csv", keep_default_na=False)
    assert list(found.columns)[: len(ASKED)] == ASKED
    assert list(found["endpoint"]) == ["mine.lr", "mine.margin", "mine.hazard", "mine.median"]
    assert set(found["trial"]) == {"my trial"}
    assert set(found["set"]) == {"validation"}  # what was not fitted
    assert list(found["n"]) == [300, 50, 0, 60]
    assert list(found["horizon_years"]) == [2, 0, 5, 0]
    assert list(found["published"]) == [0.1, 0.2, 0.4, 20]
    assert found.loc[2, ["published_low", "published_high"]].tolist() == [0.2, 0.8]
    assert (found["published_low"] < found["published"]).all()
    assert (found["published"] < found["published_high"]).all()
    assert (found["simulated_low"] < found["simulated"]).all()
    assert (found["simulated"] < found["simulated_high"]).all()
    inside = found["simulated"].between(found["published_low"], found["published_high"])
    assert list(found["inside"].astype(str)) == list(inside.astype(str))
    # Each patient of the larger interval's side decides: beyond either end is beyond 1.96 standard errors.
    assert ((found["z"].abs() > 1.96) <= ~inside).all()


def test_a_trial_of_ones_own_stands_beside_shipped_ones(here):
    written(here / "own.yaml", mine())
    found = validated("trial=[own.yaml,leak_meta]")
    assert list(dict.fromkeys(found["trial"])) == ["own", "leak_meta"]


def test_the_folder_states_the_trial_as_it_was_understood(here):
    written(here / "own.yaml", mine())
    validated("trial=own.yaml")
    from omegaconf import OmegaConf

    trial = OmegaConf.load("out/config.yaml").trials.own
    assert trial.arms.irradiated.policies[0].washout == "always"
    assert trial.arms.alone.cohort.female_share == 0.4
    assert trial.follow_up_years == 6


def test_an_arm_may_have_a_cohort_of_its_own(here):
    arms = {
        "women": {"policy": "tme_alone", "cohort": {"female_share": 1.0}},
        "men": {"policy": {"base": "tme_alone", "washout": "never"}, "cohort": {"female_share": 0.0}},
        "both": "tme_alone",
    }
    endpoints = [
        {"evidence": name, "arm": name, "outcome": "share", "of": "female", "published": 0.5, "n": 9}
        for name in arms
    ]
    endpoints.append({**endpoints[1], "evidence": "washed", "of": "washed_out"})
    written(here / "eras.yaml", mine(arms=arms, endpoints=endpoints, eligibility=None))
    women, men, both, washed = validated("trial=eras.yaml")["simulated"]
    assert (women, men, washed) == (1.0, 0.0, 0.0)
    assert both == pytest.approx(0.4, abs=0.04)  # of the trial's cohort


def test_an_arm_may_mix_policies_and_each_patient_has_one(here):
    arms = {
        "mixed": {"mix": {"short_course+for_everyone": 0.3, "tme_alone": 0.7}},
        "alone": "tme_alone",
        "irradiated": "short_course+for_everyone",
    }
    share = {"outcome": "share", "of": "irradiated", "published": 0.5, "n": 9}
    fifth = {"outcome": "local_recurrence", "horizon_years": 5, "published": 0.1, "n": 9}
    endpoints = [
        {"evidence": f"{name}{k}", "arm": name, **one}
        for name in arms
        for k, one in enumerate((share, fifth))
    ]
    written(here / "mixed.yaml", mine(arms=arms, endpoints=endpoints, eligibility=None))
    found = validated("trial=mixed.yaml").set_index("endpoint")["simulated"]
    assert found["alone0"] == 0
    assert found["mixed0"] == pytest.approx(0.3 * found["irradiated0"], abs=0.005)
    expected = 0.3 * found["irradiated1"] + 0.7 * found["alone1"]
    assert found["mixed1"] == pytest.approx(expected, abs=0.015)


def test_eligibility_leaves_the_others_out_of_every_arm(here):
    share = {"outcome": "share", "published": 0.5, "n": 9}
    endpoints = [
        {**share, "evidence": f"{arm}{k}", "arm": arm, "of": of}
        for arm in MINE["arms"]
        for k, of in enumerate(("female and age_years >= 70", "t_category == 3"))
    ]
    written(here / "old.yaml", mine(eligibility=["female", "age_years >= 70"], endpoints=endpoints))
    found = validated("trial=old.yaml").set_index("endpoint")["simulated"]
    assert found["alone0"] == found["irradiated0"] == 1.0
    assert 0 < found["alone1"] < 1


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_outcome_can_be_an_endpoint(hydra, tmp_path, outcome):
    timed = outcome not in ("share", "median", "mean")
    more = {"horizon_years": 5} if timed else {"of": "leaked" if outcome == "share" else "survival_months"}
    endpoint = {
        "evidence": "e",
        "arm": "alone",
        "outcome": outcome,
        "published": 0.3,
        "low": 0.2,
        "high": 0.4,
    }
    (trial,) = read_trials(str(written(tmp_path / "t.yaml", mine(endpoints=[{**endpoint, **more}]))))
    assert trial.endpoints[0].outcome == outcome
