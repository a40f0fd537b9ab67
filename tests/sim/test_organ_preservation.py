"""Organ preservation: response in time, its reading, what is left and grows again, and local excision."""

import itertools
import math

import numpy as np
import pytest
from helpers.by_hand import with_odds, world

from sim.events import Event
from sim.pathway.response import cleared_day
from sim.patient import YEAR_DAYS, Cause, FoundBy, Margin, Reading, RegrowthSite, Route, TStage
from sim.policy import Regimen

TREATED = "total_neoadjuvant+for_everyone"
STRICT = f"{TREATED}+organ_preservation_strict"
NEAR = f"{TREATED}+organ_preservation"
PERFECT = ("cohort.response_sensitivity=1", "cohort.response_specificity=1")
NODES_UNSEEN = ("staging.node_sensitivity=0", "staging.enlarged_lateral_node_mm=41")
# Nothing is seen of what is left: every organ is kept, whatever is in it.
BLIND = ("cohort.response_sensitivity=1", "cohort.response_specificity=0", *NODES_UNSEEN)
# The odds of a response are those of the regimen.
NEUTRAL = (
    "neoadjuvant.t_response_odds_ratio=[1,1,1,1,1,1]",
    "neoadjuvant.response_log_odds_per_cm=0",
)
REGIMENS = ("short_course", "short_course_delayed", "chemoradiotherapy", "total_neoadjuvant")
NEVER_CLEAR = "neoadjuvant.complete_response_probability=[0,0,0,0,0,0]"
ALWAYS_CLEAR = "neoadjuvant.complete_response_probability=[0,1,1,1,1,1]"
RESECTABLE = "organ_preservation.regrowth_resection_probability=1"


def came(rows, name):
    return np.isfinite(rows[name])


def kept(rows):
    return rows[came(rows, "watch_from_day")]


def regrown(rows):
    return rows[came(rows, "regrowth_found_day")]


# Response is a time


def test_nobody_clears_with_probability_nought_and_everyone_with_one(simulated):
    never = simulated(NEVER_CLEAR, policy=TREATED)
    assert never["irradiated"].sum() > 2500
    assert not came(never, "primary_cleared_day").any() and not never["complete_response"].any()
    always = simulated(ALWAYS_CLEAR, policy=STRICT)
    looked_at = np.unique(kept(always)["watch_from_day"])
    assert len(looked_at) == 1
    cleared = always["primary_cleared_day"]
    assert (cleared[always["irradiated"] & ~always["postoperatively_irradiated"]] == looked_at[0]).all()


@pytest.mark.parametrize("first_day", [60.0, 90.0])
def test_whoever_clears_under_a_weaker_regimen_clears_no_later_under_a_stronger(first_day):
    neoadjuvant = world()["neoadjuvant"]
    probabilities = [0.0, 0.01, 0.08, 0.16, 0.3, 0.9, 1.0]
    for u in np.linspace(0.001, 0.999, 200):
        days = [cleared_day(u, p, 1.0, first_day, 90.0, neoadjuvant) for p in probabilities]
        assert days == sorted(days, reverse=True)
        assert days[0] == math.inf and days[-1] == first_day
        by_odds = [cleared_day(u, 0.16, odds, first_day, 90.0, neoadjuvant) for odds in (0.2, 1.0, 3.0)]
        assert by_odds == sorted(by_odds, reverse=True)
        assert all(day in (first_day, math.inf) or 90.0 < day <= 90.0 + 7 * 22 + 1e-6 for day in days)


def test_who_is_cleared_by_a_weaker_regimen_is_cleared_by_a_stronger_one(simulated):
    cleared = [
        came(simulated(policy=f"{regimen}+for_everyone"), "primary_cleared_day") for regimen in REGIMENS
    ]
    for weaker, stronger in itertools.pairwise(cleared):
        assert (weaker <= stronger).mean() > 0.999  # but for those who die before it
        assert weaker.sum() < stronger.sum()


@pytest.mark.parametrize("regimen", ["short_course_delayed", "total_neoadjuvant"])
def test_at_the_planned_day_the_share_cleared_is_the_regimens_probability_and_it_rises_to_an_end(
    simulated, regimen
):
    rows = simulated(*NEUTRAL, policy=f"{regimen}+for_everyone", patients=6000)
    rows = rows[rows["irradiated"] & ~rows["never_resected"] & ~rows["emergency"]]
    planned = np.median(rows["operated_day"])

    def share(weeks):
        return np.mean(rows["primary_cleared_day"] <= planned + 7.0 * weeks + 1e-6)

    def close(expected):
        return pytest.approx(expected, abs=4.0 * math.sqrt(expected * (1 - expected) / len(rows)))

    neoadjuvant = world()["neoadjuvant"]
    probability = neoadjuvant["complete_response_probability"][Regimen[regimen.upper()]]
    early, late = neoadjuvant["response_log_odds_per_week"], neoadjuvant["late_response_log_odds_per_week"]
    plateau, end = neoadjuvant["response_plateau_weeks"], neoadjuvant["response_end_weeks"]
    assert share(0) == close(probability)
    assert share(plateau) == close(with_odds(probability, math.exp(early * plateau)))
    final = with_odds(probability, math.exp(early * plateau + late * (end - plateau)))
    assert share(end) == close(final)
    shares = [share(weeks) for weeks in (0, 2, plateau, 10, 16, end)]
    assert shares == sorted(set(shares))
    assert np.mean(came(rows, "primary_cleared_day")) == share(end)


# The reading


def test_a_perfect_reading_keeps_the_cleared_alone_and_nothing_grows_in_the_lumen(simulated):
    rows = simulated(*PERFECT, *NODES_UNSEEN, policy=STRICT)
    day = kept(rows)["watch_from_day"].max()
    cleared = rows["primary_cleared_day"] <= day
    alive_to_be_read = rows["readings"] > 0
    assert np.array_equal(came(rows, "watch_from_day"), cleared & alive_to_be_read)
    assert 200 < len(kept(rows)) < 0.6 * len(rows)
    assert not (rows["regrowth_site"] == RegrowthSite.LUMEN).any()
    assert came(rows, "regrowth_onset_day").any()  # of nodes, which nobody saw


def test_a_near_complete_response_is_read_again_and_those_who_clear_meanwhile_are_kept(simulated):
    strict = simulated(*PERFECT, *NODES_UNSEEN, policy=STRICT)
    near = simulated(*PERFECT, *NODES_UNSEEN, policy=NEAR)
    assert strict["readings"].max() == 1 and near["readings"].max() == 3
    first = came(strict, "watch_from_day")
    assert (came(near, "watch_from_day") >= first).all()
    later = came(near, "watch_from_day") & ~first
    assert later.sum() > 30
    assert (near["primary_cleared_day"][later] <= near["watch_from_day"][later]).all()
    assert (near["watch_from_day"][later] > strict["watch_from_day"][first].max() + 50.0).all()
    assert not (near["regrowth_site"] == RegrowthSite.LUMEN).any()


def test_a_complete_responder_who_is_missed_is_operated_on(simulated):
    rows = simulated(
        "cohort.response_sensitivity=0",
        "cohort.response_specificity=1",
        "organ_preservation.cleared_near_complete_share=0",
        policy=NEAR,
    )
    operated = came(rows, "operated_day")
    missed = (rows["reading"] == Reading.INCOMPLETE) & rows["complete_response"]
    assert missed.sum() > 200
    assert not came(rows, "watch_from_day")[missed].any()
    assert operated[missed & (rows["death_day"] > 300.0)].all()
    assert (rows["pathological_stage"][missed & operated] == 0).any()


def test_a_node_that_is_seen_keeps_nobodys_organ(simulated):
    seen = simulated("cohort.response_specificity=0", "staging.node_sensitivity=1", policy=STRICT)
    unseen = simulated("cohort.response_specificity=0", "staging.node_sensitivity=0", policy=STRICT)
    assert (kept(seen)["nodes"] == 0).all()
    assert (kept(unseen)["nodes"] > 0).sum() > 100
    enlarged = seen["lateral_residual_mm"].max(axis=1) >= world()["staging"]["enlarged_lateral_node_mm"]
    assert enlarged.any() and not came(seen, "watch_from_day")[enlarged].any()


# What is left grows again


def residue(rows):
    """Where tumour is left for good of those whose organ is kept, shape (n, sites)."""
    lateral = (rows["lateral_involved"] > 0) & ~came(rows, "lateral_cleared_day")
    lumen = ~came(rows, "primary_cleared_day")
    nodes = (rows["nodes"] > 0) & ~came(rows, "nodes_cleared_day")
    return np.column_stack([lumen, nodes, lateral])


def test_residue_always_grows_again_where_it_was_left_and_nothing_else_does(simulated):
    rows = kept(simulated(*BLIND, policy=STRICT))
    left = residue(rows)
    site = rows["regrowth_site"]
    assert np.array_equal(site >= 0, left.any(axis=1))
    assert left[site >= 0, site[site >= 0]].all()
    assert set(site) == {-1, *RegrowthSite}
    grew = came(rows, "regrowth_onset_day")
    assert not grew[site < 0].any()
    late = rows["agenda"][:, Event.REGROWTH_ONSET] > 10 * YEAR_DAYS
    assert (grew | came(rows, "death_day") | late)[site >= 0].all()
    assert grew[site >= 0].mean() > 0.8


def test_nine_of_ten_regrowths_come_within_two_years_and_nearly_all_within_three(simulated):
    rows = regrown(simulated(*BLIND, policy=STRICT))
    years = (rows["regrowth_found_day"] - rows["watch_from_day"]) / YEAR_DAYS
    assert 0.8 < np.mean(years <= 2) < 0.97
    assert np.mean(years <= 3) > 0.94


def test_a_schedule_that_sees_nothing_leaves_every_regrowth_to_symptoms(simulated):
    seeing = simulated(*BLIND, "organ_preservation.endoscopy_regrowth_sensitivity=1", policy=STRICT)
    by_visit = regrown(seeing)["regrowth_found_by"] == FoundBy.VISIT
    lumen = regrown(seeing)["regrowth_site"] == RegrowthSite.LUMEN
    assert by_visit[lumen].mean() > 0.8
    blind = simulated(
        *BLIND,
        "organ_preservation.endoscopy_regrowth_sensitivity=0",
        "detection.clinic_local_sensitivity=0",
        "detection.mri_local_sensitivity=0",
        policy=STRICT,
    )
    assert (regrown(blind)["regrowth_found_by"] == FoundBy.SYMPTOMS).all()
    both = came(seeing, "regrowth_found_day") & came(blind, "regrowth_found_day")
    assert (seeing["regrowth_found_day"][both] <= blind["regrowth_found_day"][both]).all()
    assert np.median(blind["regrowth_found_day"][both] - seeing["regrowth_found_day"][both]) > 60.0


def test_a_regrowth_is_resected_later_with_margins_leaks_and_mechanisms_of_its_own(simulated):
    rows = simulated(*BLIND, RESECTABLE, "surgery.leak_probability=1", policy=STRICT, patients=4000)
    again = regrown(rows)
    operated = again[came(again, "operated_day")]
    assert len(operated) > 0.85 * len(again) and len(operated) > 500
    later = operated["operated_day"] > operated["regrowth_found_day"]
    assert (later | operated["emergency"]).all()
    assert later.mean() > 0.95
    assert np.isfinite(operated["crm_mm"]).all() and (operated["operation"] > 0).all()
    assert operated["crm_involved"].any()
    assert operated["leaked"][operated["anastomosis"]].all()
    for route in Route:
        if route not in (Route.DISTAL, Route.SPILLAGE):
            assert operated["cells_left"][:, route].any(), route.name
    lateral = operated[operated["regrowth_site"] == RegrowthSite.LATERAL_LEFT]
    assert lateral["dissected"][~lateral["emergency"], 0].all()


def test_a_regrowth_is_no_local_recurrence_and_what_comes_back_after_its_resection_is_one(simulated):
    rows = kept(simulated(*BLIND, RESECTABLE, policy=STRICT, patients=4000))
    back = rows[came(rows, "recurrence_found_day")]
    assert len(back) > 20
    assert (back["recurrence_onset_day"] > back["operated_day"]).all()
    assert came(back, "regrowth_found_day").mean() > 0.95  # others had completion surgery or an emergency
    in_place = rows[~came(rows, "operated_day")]
    assert len(in_place) > 200 and not came(in_place, "recurrence_onset_day").any()


def test_a_regrowth_that_cannot_be_resected_is_local_failure_and_kills(simulated):
    rows = regrown(simulated(*BLIND, "organ_preservation.regrowth_resection_probability=0", policy=STRICT))
    assert len(rows) > 500
    assert not came(rows, "operated_day")[~rows["emergency"]].any()
    left = rows[~rows["emergency"]]
    assert (left["uncontrolled_day"] == left["regrowth_found_day"]).all()
    early = left[left["regrowth_found_day"] < 4 * YEAR_DAYS]
    assert came(early, "death_day").mean() > 0.9
    assert np.mean(early["death_cause"] == Cause.CANCER) > 0.6
    spared = regrown(simulated(*BLIND, RESECTABLE, policy=STRICT))
    dead = [np.mean(some["death_day"] < 4 * YEAR_DAYS) for some in (left, spared)]
    assert dead[0] > 1.5 * dead[1]


def test_metastases_are_several_times_as_frequent_with_a_regrowth_as_without_by_biology_alone(simulated):
    rows = kept(simulated(policy=STRICT, patients=12_000))
    again, spread = came(rows, "regrowth_found_day"), came(rows, "metastasis_found_day")
    assert again.sum() > 200
    assert spread[again].mean() > 2.0 * spread[~again].mean()


# Local excision and the contact boost


def test_only_shallow_tumours_within_reach_without_suspicious_nodes_are_excised(simulated):
    for policy, deepest in (("local_excision", TStage.T1), ("local_excision_t2", TStage.T2)):
        rows = simulated(policy=policy)
        excised = rows[came(rows, "excised_day")]
        assert len(excised) > 20
        grown = excised["ct"] > deepest  # while the patient waited
        assert grown.mean() < 0.1 and (excised["ct"] <= deepest + 1).all()
        assert (excised["cn"] == 0).all() and (excised["height_above_verge_cm"] <= 10.0).all()
        due = (rows["ct"] <= deepest) & (rows["cn"] == 0) & (rows["height_above_verge_cm"] <= 10.0)
        due &= ~rows["never_resected"] & ~rows["emergency"] & (rows["death_day"] > 120.0)
        assert came(rows, "excised_day")[due].all()


def test_an_excision_without_residue_grows_no_tumour_in_the_lumen_and_one_with_it_always_does(simulated):
    no_completion = "organ_preservation.completion_probability=0"
    sites = {}
    for share in (0, 1):
        probability = f"organ_preservation.excision_residue_probability=[{','.join([str(share)] * 6)}]"
        rows = kept(simulated(probability, no_completion, policy="local_excision_t2", patients=6000))
        assert len(rows) > 200
        sites[share] = rows["regrowth_site"]
        assert (rows["complete_response"] == (share == 0)).all()
    assert not (sites[0] == RegrowthSite.LUMEN).any()
    assert (sites[1] >= 0).all() and np.mean(sites[1] == RegrowthSite.LUMEN) > 0.8


def test_completion_surgery_follows_the_risk_in_the_specimen(simulated):
    certain = "organ_preservation.completion_probability=1"
    everyone, none = (
        "organ_preservation.excision_high_risk_share=1",
        "organ_preservation.excision_high_risk_share=0",
    )
    for share, completed in ((everyone, True), (none, False)):
        rows = simulated(certain, share, policy="local_excision_t2", patients=6000)
        rows = rows[came(rows, "excised_day") & (rows["death_day"] > rows["excised_day"] + 90.0)]
        t1 = rows[rows["ct"] == TStage.T1]
        assert len(t1) > 50
        assert (came(t1, "watch_from_day") != completed).all()
        later = rows[rows["ct"] >= TStage.T2]
        assert not came(later, "watch_from_day").any()  # deeper tumours are at risk by themselves
        assert (later["operated_day"] > later["excised_day"]).all() and came(later, "operated_day").all()


def test_the_contact_boost_raises_the_response_of_early_tumours_and_of_nobody_else(simulated):
    usual = simulated(policy="chemoradiotherapy+for_everyone")
    boosted = simulated(policy="chemoradiotherapy+for_everyone+contact_boost")
    some = boosted["contact_boosted"]
    assert 100 < some.sum() < len(some) - 100
    assert (boosted["primary_cleared_day"] <= usual["primary_cleared_day"]).all()
    assert (boosted["primary_cleared_day"] == usual["primary_cleared_day"])[~some].all()
    more = came(boosted, "primary_cleared_day")[some].mean() - came(usual, "primary_cleared_day")[some].mean()
    assert more > 0.1


def test_organ_preservation_that_is_planned_irradiates_early_tumours_too(simulated):
    response = simulated(policy="chemoradiotherapy+organ_preservation")
    planned = simulated(policy="chemoradiotherapy+organ_preservation_planned")
    early = planned["irradiated"] & ~response["irradiated"]
    assert early.sum() > 50 and not (response["irradiated"] & ~planned["irradiated"]).any()
    assert (planned["ct"][early] <= TStage.T3CD).all() and (planned["cn"][early] == 0).all()
    assert came(planned, "watch_from_day").sum() > came(response, "watch_from_day").sum()


def test_looks_and_surveillance_are_counted(simulated):
    usual = simulated(*PERFECT, policy=TREATED)
    rows = simulated(*PERFECT, policy=NEAR)
    assert not usual["endoscopies"].any()
    visits = rows["visits"] - usual["visits"]
    assert rows["endoscopies"][rows["readings"] > 0].all()
    unwatched = ~came(rows, "watch_from_day")
    assert np.array_equal(rows["endoscopies"][unwatched], rows["readings"][unwatched])
    assert kept(rows)["endoscopies"].mean() > 5 and visits.max() > 4
    assert np.isin(rows["salvage_margin"], list(Margin)).all()


def test_a_regrowth_that_obstructs_is_found_by_it_and_operated_on_at_once(simulated):
    soon = ("primary.emergency_median_days=60", "organ_preservation.endoscopy_regrowth_sensitivity=0")
    rows = kept(simulated(*BLIND, *soon, policy=STRICT))
    urgent = rows[rows["emergency"]]
    assert len(urgent) > 50
    assert (urgent["regrowth_found_day"] <= urgent["operated_day"]).all()
    at_once = urgent["regrowth_found_day"] == urgent["operated_day"]
    assert at_once.sum() > 20 and (urgent["regrowth_found_by"][at_once] == FoundBy.SYMPTOMS).all()
