"""Adherence: who goes without the treatment that is planned, and whose treatment is stopped for toxicity."""

import dataclasses
import functools

import numpy as np
import pytest
from helpers.by_hand import with_odds
from helpers.guidelines import by_group, differing, for_all, guideline, member, run_of, simulated

from sim.luck import draw_luck
from sim.patient import Harm
from sim.policy import Adherence, Regimen

REGIMENS = ("short_course", "short_course_delayed", "chemoradiotherapy", "total_neoadjuvant")
ALL_GIVEN = ("cohort.treated_share=1", "cohort.stopped_for_toxicity_share=0")
NONE_STOPPED = "cohort.stopped_for_toxicity_share=0"
STOPPED = ("cohort.treated_share=1", "cohort.stopped_for_toxicity_share=1")
TOXIC = "harm.toxicity_probability=[0,0.5,0.5,0.5,0.5,0.5]"
QUEUES = "clinic=regional"


def policy(name: str, adherence: Adherence = Adherence.USUAL):
    return dataclasses.replace(run_of(name).policies[0], adherence=adherence)


@functools.cache
def rows_of(name, *words, adherence=Adherence.USUAL, **settings):
    return simulated(policy(name, adherence), *words, **settings)


@functools.cache
def everyone(regimen, *words, adherence=Adherence.USUAL, **settings):
    return rows_of(f"{regimen}+for_everyone", *words, adherence=adherence, **settings)


def toxic(rows):
    return np.isfinite(rows["harm_from_day"][:, Harm.SEVERE_TOXICITY])


# What adherence is not.


def test_every_shipped_policy_without_a_guideline_gives_treatment_as_planned():
    for name in ("tme_alone", *REGIMENS):
        assert run_of(name).policies[0].adherence is Adherence.FULL


@pytest.mark.parametrize("settings", [{}, {"clock": "simpy", "patients": 300}], ids=["compiled", "simpy"])
@pytest.mark.parametrize("name", ["tme_alone", *REGIMENS, "total_neoadjuvant+organ_preservation"])
def test_where_all_is_given_and_nothing_stopped_usual_is_full_to_the_bit(name, settings):
    usual = rows_of(name, *ALL_GIVEN, **settings)
    full = rows_of(name, *ALL_GIVEN, adherence=Adherence.FULL, **settings)
    assert differing(usual, full, but=()) == []


def test_in_queues_too_where_all_is_given_usual_is_full():
    settings = {"patients": 250, "years": 2.0}
    usual, full = (
        rows_of("chemoradiotherapy", QUEUES, *ALL_GIVEN, adherence=adherence, **settings)
        for adherence in (Adherence.USUAL, Adherence.FULL)
    )
    assert differing(usual, full, but=()) == []


def test_full_adherence_knows_nothing_of_the_hospitals_numbers():
    settings = {"adherence": Adherence.FULL}
    plain = rows_of("chemoradiotherapy", **settings)
    for words in (("cohort.treated_share=0",), ("cohort.stopped_for_toxicity_share=1",)):
        assert differing(plain, rows_of("chemoradiotherapy", *words, **settings), but=()) == []
    assert not plain["treatment_omitted"].any() and not plain["treatment_stopped"].any()


def test_without_treatment_adherence_changes_nothing():
    rows = rows_of("tme_alone")
    assert differing(rows, rows_of("tme_alone", adherence=Adherence.FULL), but=()) == []
    assert not rows["treatment_omitted"].any() and not toxic(rows).any()


# Who goes without.


def test_the_same_patients_go_without_treatment_under_every_policy_that_offers_it():
    omitted = [everyone(regimen)["treatment_omitted"] for regimen in REGIMENS]
    assert 0.05 < omitted[0].mean() < 0.4
    for other in omitted[1:]:
        assert np.array_equal(omitted[0], other)
    narrow = rows_of("chemoradiotherapy+for_high_risk")
    assert np.array_equal(narrow["treatment_omitted"], omitted[0] & narrow["high_risk"])


def test_the_same_patients_go_without_in_a_group_as_in_all():
    named = guideline(meeting={"low": "not high_risk", "rest": "otherwise"})
    usual = {"adherence": Adherence.USUAL}
    mine = simulated(by_group("tme_alone", named, rest={**for_all("short_course"), **usual}))
    omitted = everyone("chemoradiotherapy")["treatment_omitted"]
    assert np.array_equal(mine["treatment_omitted"], omitted & (mine["risk_group"][:, 0] == 1))


def test_who_goes_without_follows_the_closed_form_by_age_and_fitness_for_every_patient():
    words = ("cohort.treated_share=0.7", "cohort.treated_log_odds_per_year=-0.06")
    rows = everyone("chemoradiotherapy", *words)
    cohort = run_of("tme_alone", *words).cohort
    odds = np.exp(-0.06 * (rows["age_years"] - cohort["age_mean_years"]))
    odds *= np.where(rows["unfit"], cohort["treated_unfit_odds_ratio"], 1.0)
    given = np.array([with_odds(0.7, ratio) for ratio in odds])
    met = (rows["regimen"] != Regimen.NONE) | rows["treatment_omitted"]  # who came to the team meeting
    assert met.mean() > 0.97
    u = draw_luck(0, len(rows), 1)["adherence"]
    assert np.array_equal(rows["treatment_omitted"][met], (u >= given)[met])
    expected, spread = (1 - given[met]).sum(), np.sqrt((given * (1 - given))[met].sum())
    assert abs(rows["treatment_omitted"].sum() - expected) < 4 * spread


def test_older_and_unfit_patients_go_without_more_often():
    rows = everyone("chemoradiotherapy", patients=8000)
    old, unfit, omitted = rows["age_years"] >= 75, rows["unfit"], rows["treatment_omitted"]
    young_fit, old_fit = omitted[~old & ~unfit].mean(), omitted[old & ~unfit].mean()
    assert old_fit > 1.5 * young_fit
    assert omitted[~old & unfit].mean() > 1.3 * young_fit
    assert omitted[old & unfit].mean() > 1.3 * old_fit


@pytest.mark.parametrize(
    "words", [("cohort.treated_log_odds_per_year=0", "cohort.treated_unfit_odds_ratio=1")], ids=["alike"]
)
def test_where_age_and_fitness_do_not_matter_the_share_is_that_of_all(words):
    for share in (0.2, 0.5, 0.9):
        rows = everyone("short_course", f"cohort.treated_share={share}", *words, patients=4000)
        spread = np.sqrt(share * (1 - share) / len(rows))
        assert abs(1 - rows["treatment_omitted"].mean() - share) < 4 * spread + 0.02


@pytest.mark.parametrize("regimen", REGIMENS)
def test_where_none_is_treated_nobody_is_irradiated_before_surgery_and_the_course_is_that_of_surgery(regimen):
    rows, alone = everyone(regimen, "cohort.treated_share=0"), rows_of("tme_alone", adherence=Adherence.FULL)
    assert not np.isin(rows["regimen"], [r for r in Regimen if r]).any()
    assert not toxic(rows).any() and not rows["treatment_stopped"].any()
    assert differing(rows, alone, but=("treatment_omitted",)) == []
    assert rows["treatment_omitted"].mean() > 0.97


@pytest.mark.parametrize("settings", [{}, {"clock": "simpy", "patients": 300}], ids=["compiled", "simpy"])
def test_who_goes_without_has_the_course_of_surgery_alone_and_others_that_of_full_adherence(settings):
    rows = rows_of("chemoradiotherapy", NONE_STOPPED, **settings)
    alone = rows_of("tme_alone", NONE_STOPPED, adherence=Adherence.FULL, **settings)
    full = rows_of("chemoradiotherapy", NONE_STOPPED, adherence=Adherence.FULL, **settings)
    without = rows["treatment_omitted"]
    assert without.sum() > 10
    assert differing(rows[without], alone[without], but=("treatment_omitted",)) == []
    assert differing(rows[~without], full[~without], but=()) == []


def test_more_treated_is_more_of_the_same_patients():
    shares = [
        everyone("chemoradiotherapy", f"cohort.treated_share={s}")["treatment_omitted"] for s in (0.5, 0.8)
    ]
    assert (shares[1] <= shares[0]).all() and shares[1].sum() < shares[0].sum()


# Whose treatment is stopped.


def test_stopped_treatment_is_of_those_with_severe_toxicity_alone():
    rows = everyone("chemoradiotherapy", TOXIC)
    stopped = rows["treatment_stopped"]
    assert 0.1 < stopped.mean() < 0.4
    assert toxic(rows)[stopped].all() and rows["irradiated"][stopped].all()
    assert (toxic(rows) & ~stopped).any()


def test_all_with_toxicity_are_stopped_at_share_1_and_none_at_share_0():
    for share in (0, 1):
        words = (TOXIC, f"cohort.stopped_for_toxicity_share={share}", "cohort.treated_share=1")
        rows = everyone("total_neoadjuvant", *words)
        assert np.array_equal(rows["treatment_stopped"], toxic(rows) & bool(share))


def test_toxicity_has_the_probability_of_the_regimen_and_more_often_where_unfit():
    for k, regimen in enumerate(REGIMENS, 1):
        rows = everyone(regimen, *ALL_GIVEN, patients=6000)
        harm = run_of("tme_alone").parameters["harm"]
        treated = rows["irradiated"] & (rows["regimen"] == k)
        for unfit, ratio in ((False, 1.0), (True, harm["toxicity_unfit_odds_ratio"])):
            some = treated & (rows["unfit"] == unfit)
            expected = with_odds(harm["toxicity_probability"][k], ratio)
            spread = np.sqrt(expected * (1 - expected) / some.sum())
            assert abs(toxic(rows)[some].mean() - expected) < 4 * spread, (regimen, unfit)
        assert not toxic(rows)[~treated].any()


def test_toxicity_begins_with_the_treatment_and_lasts_its_days():
    rows = everyone("chemoradiotherapy", *ALL_GIVEN)
    begun = toxic(rows)
    from_day, until_day = (rows[f"harm_{end}_day"][begun, Harm.SEVERE_TOXICITY] for end in ("from", "until"))
    days = run_of("tme_alone").parameters["harm"]["toxicity_days"]
    assert np.allclose(until_day - from_day, days)
    assert (from_day < rows["operated_day"][begun]).all()


def test_toxicity_that_stops_nothing_changes_no_course():
    words = (*ALL_GIVEN, "harm.toxicity_probability=[0,1,1,1,1,1]")
    rows, none = (
        everyone("chemoradiotherapy", *words),
        everyone("chemoradiotherapy", *ALL_GIVEN, "harm.toxicity_probability=[0,0,0,0,0,0]"),
    )
    assert differing(rows, none, but=("harm_from_day", "harm_until_day")) == []
    others = [harm for harm in Harm if harm is not Harm.SEVERE_TOXICITY]
    assert np.array_equal(rows["harm_from_day"][:, others], none["harm_from_day"][:, others])


def test_stopped_treatment_gives_the_stated_part_of_the_fractions():
    rows, full = (everyone("chemoradiotherapy", TOXIC, *STOPPED, adherence=a) for a in (1, 0))
    unsalvaged = ~np.isfinite(rows["salvage_day"]) & ~np.isfinite(full["salvage_day"])
    stopped = rows["treatment_stopped"] & unsalvaged & (full["radiotherapy_courses"] == 1)
    share = run_of("tme_alone").parameters["neoadjuvant"]["stopped_dose_share"]
    assert stopped.sum() > 500
    given = rows["radiotherapy_fractions"][stopped] / full["radiotherapy_fractions"][stopped]
    assert np.allclose(given, share)


def test_stopped_treatment_clears_fewer_tumours_of_the_same_patients_and_never_more():
    words = (TOXIC, *STOPPED)
    rows, full = (everyone("total_neoadjuvant", *words, adherence=a, patients=6000) for a in (1, 0))
    both = np.isfinite(rows["operated_day"]) & np.isfinite(full["operated_day"])
    stopped = rows["treatment_stopped"] & both
    mine, theirs = rows["complete_response"][stopped], full["complete_response"][stopped]
    assert (mine <= theirs).mean() > 0.995
    assert mine.sum() < 0.85 * theirs.sum()
    assert differing(rows[~rows["treatment_stopped"]], full[~rows["treatment_stopped"]], but=()) == []


def test_a_stopped_treatment_that_does_nothing_clears_nothing():
    words = (TOXIC, *STOPPED, "neoadjuvant.stopped_response_odds_ratio=0.000000001")
    rows = everyone("chemoradiotherapy", *words)
    stopped = rows["treatment_stopped"] & np.isfinite(rows["operated_day"])
    assert not rows["complete_response"][stopped].any()
    assert rows["complete_response"][~rows["treatment_stopped"]].any()


@pytest.mark.parametrize("words", [(), (QUEUES,)], ids=["no queues", "queues"])
def test_both_clocks_omit_and_stop_the_same_treatments(words):
    settings = {"patients": 250, "years": 3.0}
    mine, theirs = (
        rows_of("total_neoadjuvant+organ_preservation", TOXIC, *words, clock=clock, **settings)
        for clock in ("compiled", "simpy")
    )
    assert differing(mine, theirs, but=()) == []
    assert mine["treatment_stopped"].any() and mine["treatment_omitted"].any()
    if words:
        assert mine["waited_days"].sum() > 0


@pytest.mark.parametrize(
    "words",
    [
        ("cohort.treated_log_odds_per_year=5",),
        ("cohort.treated_log_odds_per_year=-5",),
        ("cohort.treated_unfit_odds_ratio=1e9",),
        ("harm.toxicity_probability=[0,1,1,1,1,1]", "harm.toxicity_unfit_odds_ratio=1e9", *STOPPED),
        ("neoadjuvant.stopped_dose_share=0", *STOPPED, TOXIC),
        ("harm.toxicity_days=0", TOXIC),
    ],
)
def test_extreme_numbers_leave_rows_that_can_be_read(words):
    rows = everyone("total_neoadjuvant", *words, patients=500)
    assert not any(np.isnan(rows[name]).any() for name in rows.dtype.names if rows[name].dtype.kind == "f")
    assert np.isfinite(rows["operated_day"]).mean() > 0.9
    assert member("adherence", "usual") is Adherence.USUAL
