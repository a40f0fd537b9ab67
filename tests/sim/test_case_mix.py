"""What the height and the extent of a tumour, age, and the years of treatment do to a life."""

import numpy as np
import pytest

from sim.patient import Cause, Operation, Route, TStage

ALIVE_BUT_FOR_CANCER = ("mortality.fit_hazard_ratio=1e-9", "mortality.unfit_hazard_ratio=1e-9")
ANY_T = "neoadjuvant.t_response_odds_ratio=[1,1,1,1,1,1]"
METASTATIC = ("metastasis.occult_probability=0.999", "metastasis.metastasectomy_probability=0")


@pytest.mark.parametrize("per_cm", [0.0, 0.25])
def test_high_tumours_respond_more_by_their_height(simulated, per_cm):
    rows = simulated(
        f"neoadjuvant.response_log_odds_per_cm={per_cm}",
        ANY_T,
        "neoadjuvant.complete_response_probability=[0,0,0.3,0.3,0.3,0.3]",
        policy="chemoradiotherapy+for_everyone",
    )
    rows = rows[rows["irradiated"] & np.isfinite(rows["operated_day"])]
    low, high = (rows[(rows["height_above_verge_cm"] > 7.5) == above] for above in (False, True))
    odds = [of["complete_response"].mean() / (1 - of["complete_response"].mean()) for of in (low, high)]
    apart = high["height_above_verge_cm"].mean() - low["height_above_verge_cm"].mean()
    assert np.log(odds[1] / odds[0]) / apart == pytest.approx(per_cm, abs=0.05)


def test_radiotherapy_kills_more_of_what_a_high_tumour_leaves_and_no_more_of_a_lateral_node(simulated):
    def survival(per_cm, route=Route.MESORECTUM):
        with_it, without = (
            simulated(f"neoadjuvant.response_log_odds_per_cm={per_cm}", ANY_T, policy=policy)
            for policy in ("short_course+for_everyone", "tme_alone")
        )
        low = without["height_above_verge_cm"] < 7.5
        operated = np.isfinite(with_it["operated_day"]) & np.isfinite(without["operated_day"])
        return [
            with_it["seed_probability"][which & operated, route].mean()
            / without["seed_probability"][which & operated, route].mean()
            for which in (low, ~low)
        ]

    low, high = survival(0.2)
    assert low > high + 0.1
    low, high = survival(0.0)
    assert low == pytest.approx(high, abs=0.03)
    sterilised = [
        simulated(f"neoadjuvant.response_log_odds_per_cm={per_cm}", policy="chemoradiotherapy+for_everyone")[
            "lateral_sterilised"
        ]
        for per_cm in (0.0, 0.2)
    ]
    assert sterilised[0].sum() > 100
    assert (sterilised[0] == sterilised[1]).all()


def test_involved_lateral_nodes_go_with_metastases_by_their_odds(simulated):
    def odds(ratio):
        rows = simulated(f"metastasis.lateral_node_odds_ratio={ratio}")
        return rows["metastasis_probability"] / (1 - rows["metastasis_probability"]), rows

    (plain, rows), (more, _) = odds(1.0), odds(3.0)
    lateral = (rows["lateral_involved"] > 0).any(axis=1)
    assert lateral.sum() > 100
    assert more / plain == pytest.approx(np.where(lateral, 3.0, 1.0))


def test_a_lateral_node_below_what_the_hospital_reads_is_not_seen(simulated):
    def seen_from(mm):
        return simulated(f"cohort.lateral_node_seen_from_mm={mm}")["lateral_mm"]

    every = seen_from(0)
    for mm in (3.0, 5.0, 8.0):
        assert ((every > 0) & (every < mm)).sum() > 50
        assert np.array_equal(seen_from(mm), np.where(every >= mm, every, 0.0))


def test_the_old_who_are_operated_are_chosen_for_their_health(simulated):
    def dead(slope, old):
        rows = simulated(
            f"mortality.selection_hazard_log_ratio_per_year={slope}",
            "metastasis.occult_probability=0",
            years=5,
        )
        return (rows["death_cause"] == Cause.OTHER)[(rows["age_years"] > 80) == old].mean()

    assert dead(-0.04, True) < 0.85 * dead(0.0, True)
    assert dead(-0.04, False) == pytest.approx(dead(0.0, False), abs=0.02)


def test_hartmann_is_for_advanced_tumours(simulated):
    def share(ratio, advanced):
        rows = simulated(f"surgery.hartmann_advanced_odds_ratio={ratio}", years=0.5)
        rows = rows[rows["operation"] != Operation.NONE]
        return (rows["operation"] == Operation.HARTMANN)[(rows["ct"] >= TStage.T3CD) == advanced].mean()

    assert share(6.0, True) > 2 * share(6.0, False) > 0
    assert share(6.0, False) == share(1.0, False)


def test_the_old_live_shorter_with_metastases(simulated):
    def median(slope, old):
        rows = simulated(
            *ALIVE_BUT_FOR_CANCER,
            *METASTATIC,
            "metastasis.systemic_probability=0",
            f"metastasis.survival_log_ratio_per_year={slope}",
            years=60,
        )
        rows = rows[np.isfinite(rows["metastasis_found_day"]) & ((rows["age_years"] > 68) == old)]
        return np.median(rows["death_day"] - rows["metastasis_found_day"])

    assert median(-0.03, True) < 0.9 * median(0.0, True)
    assert median(-0.03, False) > 1.1 * median(0.0, False)


def test_years_that_treat_more_metastases_treat_them_better(simulated):
    def life(treatment_odds, exponent):
        rows = simulated(
            *ALIVE_BUT_FOR_CANCER,
            *METASTATIC,
            "metastasis.systemic_probability=0.999999",
            f"cohort.metastasis_treatment_odds_ratio={treatment_odds}",
            f"metastasis.systemic_survival_log_ratio_per_log_odds={exponent}",
            "mesorectum.take_probability=0",
            "margin.circumferential_take_probability=0",
            years=60,
        )
        alone = np.isfinite(rows["metastasis_found_day"]) & ~np.isfinite(rows["recurrence_onset_day"])
        alone &= (rows["death_cause"] == Cause.CANCER) & rows["metastasis_systemic"]
        return rows["death_day"][alone] - rows["metastasis_found_day"][alone]

    assert np.median(life(4.0, 0.5)) / np.median(life(4.0, 0.0)) == pytest.approx(2.0, rel=0.02)
    assert np.median(life(1.0, 0.5)) == np.median(life(1.0, 0.0))


def odds(probability):
    return probability / (1 - probability)


BY_T = [0.2, 0.5, 1.0, 1.5, 2.5, 4.0]


@pytest.mark.parametrize("route", [Route.MESORECTUM, Route.CIRCUMFERENTIAL, Route.ANASTOMOTIC])
def test_cells_of_advanced_tumours_and_of_those_with_nodes_take_more_often(simulated, route):
    def rows(by_t, by_nodes):
        return simulated(
            f"recurrence.t_take_odds_ratio={by_t}",
            f"recurrence.nodes_take_odds_ratio={by_nodes}",
            "cohort.adjuvant_probability=[0,0,0,0]",
        )

    plain, ours = rows([1] * 6, [1, 1, 1]), rows(BY_T, [1, 2, 3])
    seeds = plain["seed_probability"][:, route] > 0
    assert seeds.sum() > 1000
    ratio = odds(ours["seed_probability"][seeds, route]) / odds(plain["seed_probability"][seeds, route])
    assert ratio == pytest.approx(
        np.array(BY_T)[plain["ct"][seeds]] * np.array([1, 2, 3])[plain["nodes"][seeds]]
    )
    assert set(plain["ct"][seeds]) == set(TStage)


def test_advanced_tumours_respond_less_in_the_rectum_and_in_what_is_left_behind(simulated):
    def rows(ratio, policy="chemoradiotherapy+for_everyone"):
        return simulated(
            f"neoadjuvant.t_response_odds_ratio=[1,1,1,{ratio},{ratio},{ratio}]",
            "neoadjuvant.complete_response_probability=[0,0,0.3,0.3,0.3,0.3]",
            policy=policy,
        )

    plain, ours, alone = rows(1.0), rows(0.3), rows(1.0, "tme_alone")
    resected = np.isfinite(plain["operated_day"]) & np.isfinite(alone["operated_day"]) & plain["irradiated"]
    advanced = plain["ct"] >= TStage.T3CD
    for them in (resected & advanced, resected & ~advanced):
        shares = [of["complete_response"][them].mean() for of in (plain, ours)]
        left = [
            of["seed_probability"][them, Route.MESORECTUM].mean()
            / alone["seed_probability"][them, Route.MESORECTUM].mean()
            for of in (plain, ours)
        ]
        if advanced[them].all():
            assert odds(shares[1]) / odds(shares[0]) == pytest.approx(0.3, abs=0.06)
            assert left[1] > left[0] + 0.1
        else:
            assert shares[0] == shares[1]
            assert left[0] == left[1]


def test_involved_nodes_bring_a_tumour_nearer_to_the_fascia(simulated):
    plain, ours = (
        simulated(f"margin.fascia_distance_nodes_ratio={ratios}", years=0.01)
        for ratios in ([1, 1, 1], [1, 0.7, 0.4])
    )
    ratio = ours["fascia_distance_mm"] / plain["fascia_distance_mm"]
    wanted = np.array([1, 0.7, 0.4])[plain["nodes"]]
    bounded = plain["fascia_distance_mm"] == plain["mesorectum_mm"]  # by the mesorectum, before it is nearer
    assert 0 < bounded.mean() < 0.2
    assert ratio[~bounded] == pytest.approx(wanted[~bounded])
    assert (ratio[bounded] >= wanted[bounded]).all() and (ratio <= 1).all()


def test_metastases_that_staging_overlooked_are_there_at_once_and_are_no_more_than_there_were(simulated):
    none, some = (
        simulated(f"cohort.overlooked_metastasis_share={share}", "cohort.adjuvant_probability=[0,0,0,0]")
        for share in (0, 0.06)
    )
    at_once = some["metastasis_onset_day"] == some["diagnosed_day"]
    # Fewer where fewer have any.
    wanted = np.minimum(0.06, none["metastasis_probability"]).mean()
    assert 0.04 < wanted < 0.06
    assert at_once.mean() == pytest.approx(wanted, abs=0.008)
    assert not (none["metastasis_onset_day"] == none["diagnosed_day"]).any()
    # They would have shown in time, or a death came first; a rare one shows after ten years.
    theirs = np.isfinite(none["metastasis_onset_day"]) | (none["death_cause"] != Cause.ALIVE)
    assert theirs[at_once].mean() > 0.98
    dead = [(of["death_day"] <= 730).mean() for of in (none, some)]
    assert dead[1] > dead[0] + 0.01


def test_chemotherapy_after_surgery_goes_by_stage_as_the_cohort_uses_it(simulated):
    given = [0.1, 0.4, 0.6, 0.9]
    rows = simulated(f"cohort.adjuvant_probability={given}", policy="chemoradiotherapy+for_everyone")
    rows = rows[np.isfinite(rows["operated_day"]) & (rows["death_day"] - rows["operated_day"] > 40)]
    for stage, probability in enumerate(given):
        them = rows[rows["pathological_stage"] == stage]
        assert len(them) > 100
        assert them["adjuvant"].mean() == pytest.approx(probability, abs=4 * np.sqrt(0.25 / len(them)) + 0.02)
    ours = simulated(f"cohort.adjuvant_probability={given}", policy="tme_alone+adjuvant_stage_iii")
    ours = ours[np.isfinite(ours["operated_day"]) & (ours["death_day"] - ours["operated_day"] > 40)]
    assert not ours["adjuvant"][ours["pathological_stage"] < 3].any()
    assert ours["adjuvant"][ours["pathological_stage"] == 3].mean() > 0.97


def test_more_die_of_the_operation_after_radiotherapy_before_it(simulated):
    def deaths(ratio, policy):
        rows = simulated(
            f"mortality.operative_irradiated_odds_ratio={ratio}",
            "mortality.operative_death_probability=0.05",
            policy=policy,
            years=1.5,
        )
        rows = rows[np.isfinite(rows["operated_day"])]
        soon = rows["death_day"] - rows["operated_day"] <= 30
        return ((rows["death_cause"] == Cause.OPERATIVE) & soon).mean()

    plain, ours = (deaths(ratio, "short_course+for_everyone") for ratio in (1, 3))
    assert 2 < odds(ours) / odds(plain) < 3.2
    assert deaths(1, "tme_alone") == deaths(3, "tme_alone")
