"""A trial is a file: whoever can write one can run it, and what is wrong in it is said in one line."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.trial_files import MINE, mine, written

from conf import schema
from conf.endpoint import OUTCOMES
from conf.trials import read_trials
from experiments.cli.command import main
from experiments.simulating.reading import Reading
from sim.patient import new_patients

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


def test_a_mix_may_be_a_list_of_policies_with_levers_of_their_own(here):
    members = [
        {"share": 0.25, "policy": {"base": "tme_alone", "washout": "always"}},
        {"share": 0.75, "policy": {"base": "tme_alone", "washout": "never"}},
    ]
    arms = {"mixed": {"mix": members}, "washed": {"base": "tme_alone", "washout": "always"}}
    endpoints = [
        {"evidence": name, "arm": name, "outcome": "share", "of": "washed_out", "published": 0.5, "n": 9}
        for name in arms
    ]
    written(here / "mixed.yaml", mine(arms=arms, endpoints=endpoints, eligibility=None))
    found = validated("trial=mixed.yaml").set_index("endpoint")["simulated"]
    assert 0 < found["mixed"] < found["washed"]
    assert found["mixed"] == pytest.approx(0.25 * found["washed"], abs=0.02)
    page = Path("out/trials/mixed.md").read_text("utf-8")
    assert "25% `tme_alone` with `washout` always" in page


def test_a_named_subgroup_stands_for_its_condition_in_every_endpoint(hydra, tmp_path):
    share = {"arm": "alone", "outcome": "share", "of": "recurred", "published": 0.2, "n": 50}
    endpoints = [
        {**share, "evidence": "a", "subgroup": "low"},
        {**share, "evidence": "b", "subgroup": "low and not leaked", "of": "recurred or advanced"},
        {
            **share,
            "evidence": "c",
            "ratio": "odds_ratio",
            "subgroup": "advanced",
            "against_subgroup": "not advanced",
            "low": 0.1,
            "high": 0.9,
        },
    ]
    subgroups = {"low": "height_above_verge_cm <= 5 and resected", "advanced": "t_category == 4 or cn == 2"}
    content = mine(endpoints=endpoints, subgroups=subgroups)
    (trial,) = read_trials(str(written(tmp_path / "t.yaml", content)))
    first, second, third = trial.endpoints
    assert first.subgroup.text == "height_above_verge_cm <= 5 and resected"
    assert second.subgroup.text == "height_above_verge_cm <= 5 and resected and (not leaked)"
    assert second.of.text == "recurred or t_category == 4 or cn == 2"
    assert third.against_subgroup.text == "not (t_category == 4 or cn == 2)"
    rows = new_patients(0, 4)
    rows["ct"], rows["cn"] = [0, 4, 0, 5], [2, 0, 1, 2]
    reading = Reading(rows)
    assert list(reading.holds(third.subgroup)) == [True, True, False, True]
    assert list(reading.holds(third.against_subgroup)) == [False, False, True, False]


def test_a_figure_without_an_interval_is_shown_and_counts_nowhere(here):
    share = {"arm": "alone", "outcome": "share", "of": "female", "published": 0.4}
    ratio = {"against": "irradiated", "ratio": "odds_ratio", "published": 1.2}
    endpoints = [
        {**share, "evidence": "counted", "n": 300},
        {**share, "evidence": "bare"},
        {**share, "evidence": "set_aside", "published": 0.9, "n": 300, "judged": False},
        {**share, **ratio, "of": "recurred", "evidence": "bare_ratio"},
    ]
    written(here / "own.yaml", mine(endpoints=endpoints))
    assert main(["validate", "trial=own.yaml", "patients=2000", "most_patients=64000", "out=out"]) == 0
    found = pd.read_csv("out/endpoints.csv").set_index("endpoint")
    assert found["judged"].tolist() == [True, False, False, False]
    assert found["comparable"].tolist() == [True, False, False, False]
    assert found.loc[["bare", "bare_ratio"], ["published_low", "published_high", "z"]].isna().all(axis=None)
    # Shown in full, though nothing judges it, and no patient was added for it.
    assert found[["simulated", "simulated_low", "simulated_high"]].notna().all(axis=None)
    assert found.loc["bare", "simulated"] == found.loc["counted", "simulated"]
    assert found.loc["set_aside", "published_low"] == pytest.approx(0.861, abs=0.001)
    agreement = pd.read_csv("out/agreement.csv").set_index("set").loc["validation"]
    assert agreement[["endpoints", "comparable", "degrees"]].tolist() == [4, 1, 1]
    assert agreement["chi_square"] == pytest.approx(found.loc["counted", "z"] ** 2)
    page = Path("out/validation.md").read_text("utf-8")
    assert page.count("| no interval printed |") == 2
    assert page.count("| not judged |") == 1
    assert "Shown, not judged, and left out of all counts: 3 endpoints" in page


def test_crude_odds_are_compared_between_arms_and_between_subgroups(here):
    odds = {
        "outcome": "share",
        "of": "recurred",
        "ratio": "odds_ratio",
        "published": 1,
        "low": 0.1,
        "high": 9,
    }
    share = {"outcome": "share", "of": "recurred", "published": 0.1, "n": 90}
    endpoints = [
        {**odds, "evidence": "arms", "arm": "irradiated", "against": "alone"},
        {**odds, "evidence": "sexes", "arm": "alone", "subgroup": "female", "against_subgroup": "not female"},
        *({**share, "evidence": arm, "arm": arm} for arm in MINE["arms"]),
        {**share, "evidence": "women", "arm": "alone", "subgroup": "female"},
        {**share, "evidence": "men", "arm": "alone", "subgroup": "not female"},
    ]
    written(here / "own.yaml", mine(endpoints=endpoints, subgroups=None))
    found = validated("trial=own.yaml").set_index("endpoint")["simulated"]

    def ratio(one, other):
        return found[one] / (1 - found[one]) / (found[other] / (1 - found[other]))

    assert found["arms"] == pytest.approx(ratio("irradiated", "alone"))
    assert found["sexes"] == pytest.approx(ratio("women", "men"))


def test_medians_and_restricted_means_of_a_trial_are_those_of_its_rows(here):
    timed = {"arm": "alone", "time_from": "diagnosis"}
    endpoints = [
        {**timed, "evidence": "median", "outcome": "median_survival", "subgroup": "age_years > 82",
         "published": 60, "n": 80},
        {**timed, "evidence": "half", "outcome": "overall_survival", "subgroup": "age_years > 82",
         "horizon_years": 4, "published": 0.5, "n": 80},
        {**timed, "evidence": "lr", "outcome": "median_survival", "of": "local_recurrence",
         "published": 60, "n": 80},
        {**timed, "evidence": "years", "outcome": "restricted_mean", "horizon_years": 5,
         "published": 4, "low": 3.5, "high": 4.5},
        {**timed, "evidence": "gained", "arm": "irradiated", "against": "alone", "ratio": "difference",
         "outcome": "restricted_mean", "horizon_years": 5, "published": 0.1, "low": -0.5, "high": 0.5},
        {**timed, "evidence": "irradiated", "arm": "irradiated", "outcome": "restricted_mean",
         "horizon_years": 5, "published": 4, "low": 3.5, "high": 4.5},
        {**timed, "evidence": "months", "arm": "irradiated", "against": "alone", "ratio": "difference",
         "outcome": "mean", "of": "age_years", "published": 0, "low": -1, "high": 1},
    ]  # fmt: skip
    content = mine(endpoints=endpoints, eligibility=["age_years > 75"], follow_up_years=20)
    written(here / "own.yaml", content)
    found = validated("trial=own.yaml").set_index("endpoint")
    simulated = found["simulated"]
    assert (simulated["median"] > 48) == (simulated["half"] > 0.5)
    assert 24 < simulated["median"] < 140
    # Most never have a recurrence: its median is not reached, and not comparable.
    assert np.isnan(simulated["lr"]) and not found.loc["lr", "comparable"]
    assert simulated["gained"] == pytest.approx(simulated["irradiated"] - simulated["years"])
    assert simulated["months"] == 0
    assert found["measure"].tolist()[3:] == [
        "restricted_mean", "restricted_mean_difference", "restricted_mean", "mean_difference",
    ]  # fmt: skip
    page = Path("out/trials/own.md").read_text("utf-8")
    assert "median overall survival" in page and "months" in page and "years" in page


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
    of = {"share": "leaked", "median": "survival_months", "mean": "survival_months", "median_survival": None}
    more = {"of": of[outcome]} if outcome in of else {"horizon_years": 5}
    endpoint = {
        "evidence": "e",
        "arm": "alone",
        "outcome": outcome,
        "time_from": "diagnosis",
        "published": 0.3,
        "low": 0.2,
        "high": 0.4,
    }
    (trial,) = read_trials(str(written(tmp_path / "t.yaml", mine(endpoints=[{**endpoint, **more}]))))
    assert trial.endpoints[0].outcome == outcome
