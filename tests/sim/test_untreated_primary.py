"""The primary that stays obstructs, perforates, spreads and kills; and patients who are never resected."""

import numpy as np
import pytest

from sim.patient import YEAR_DAYS, Cause, Harm, Operation

# A resection that is a year away.
LATE = "pathway.meeting_to_surgery_days=365"
NOBODY = "cohort.unresected_share=0"
EVERYBODY = "cohort.unresected_share=1"
NO_EMERGENCY = "primary.emergency_median_days=1e9"
NO_DEATH = "primary.death_median_days=1e9"


def came(rows, name):
    return np.isfinite(rows[name])


def test_a_primary_that_is_left_kills(simulated):
    deadly = simulated(EVERYBODY, NO_EMERGENCY, "cohort.unresected_irradiated_share=0")
    harmless = simulated(EVERYBODY, NO_EMERGENCY, NO_DEATH, "cohort.unresected_irradiated_share=0")
    assert (deadly["death_day"] <= harmless["death_day"]).all()
    assert np.mean(deadly["death_day"] < 5 * YEAR_DAYS) > 0.9
    assert np.mean(deadly["death_day"] < 5 * YEAR_DAYS) > np.mean(harmless["death_day"] < 5 * YEAR_DAYS) + 0.2
    sooner = deadly["death_day"] < harmless["death_day"]
    assert (deadly["death_cause"][sooner] == Cause.CANCER).all()


def test_radiotherapy_holds_a_primary_that_is_never_resected(simulated):
    never, always = (simulated(EVERYBODY, f"cohort.unresected_irradiated_share={share}") for share in (0, 1))
    assert not never["irradiated"].any() and always["irradiated"].mean() > 0.9
    assert np.median(always["death_day"]) > 1.2 * np.median(never["death_day"])


def test_who_is_never_resected_has_no_local_recurrence_but_local_failure(simulated):
    rows = simulated(EVERYBODY, NO_EMERGENCY, "cohort.unresected_irradiated_share=0")
    assert not came(rows, "operated_day").any() and not came(rows, "recurrence_onset_day").any()
    assert (came(rows, "uncontrolled_day") | (rows["death_day"] < 60.0)).all()
    treated = simulated(NOBODY, NO_EMERGENCY, NO_DEATH)
    assert not treated["never_resected"].any() and not came(treated, "uncontrolled_day").any()
    assert came(treated, "recurrence_onset_day").any()


def test_the_old_and_unfit_are_never_resected_more_often(simulated):
    rows = simulated("cohort.unresected_share=0.1", patients=6000)
    never = rows["never_resected"]
    assert 0.05 < never.mean() < 0.3
    assert rows["age_years"][never].mean() > rows["age_years"][~never].mean() + 2.0
    assert rows["unfit"][never].mean() > rows["unfit"][~never].mean()


def test_death_of_a_primary_is_local_failure(simulated):
    rows = simulated(LATE, NOBODY, NO_EMERGENCY, "primary.death_median_days=200")
    killed = (rows["death_cause"] == Cause.CANCER) & ~came(rows, "operated_day")
    spread = came(rows, "metastasis_onset_day")
    assert (killed & ~spread).sum() > 200
    assert (rows["uncontrolled_day"] == rows["death_day"])[killed & ~spread].all()


def test_a_primary_that_waits_obstructs_and_is_operated_on_at_once(simulated):
    rows = simulated(LATE, NOBODY, NO_DEATH)
    calm = simulated(LATE, NOBODY, NO_DEATH, NO_EMERGENCY)
    urgent = rows["emergency"]
    assert not calm["emergency"].any() and urgent.sum() > 100
    assert (rows["operation"][urgent] == Operation.HARTMANN).all()
    planned = np.median(calm["operated_day"][came(calm, "operated_day")])
    assert (rows["operated_day"][urgent] < planned).all() and came(rows, "operated_day")[urgent].all()
    assert (rows["harm_from_day"][urgent, Harm.PERMANENT_STOMA] == rows["operated_day"][urgent]).all()
    rest = ~urgent & came(rows, "operated_day")
    assert rows["perforated"][urgent].mean() > 1.5 * rows["perforated"][rest].mean()
    early = rows["death_day"] <= rows["operated_day"] + 30.0
    assert early[urgent].mean() > 2.0 * early[rest].mean()
    assert rows["plane"][urgent].mean() > rows["plane"][rest].mean()


def test_an_emergency_of_who_is_never_resected_leaves_a_stoma_and_the_tumour(simulated):
    unirradiated = "cohort.unresected_irradiated_share=0"
    rows = simulated(EVERYBODY, unirradiated, "primary.emergency_median_days=300")
    stoma = came(rows, "harm_from_day")[:, Harm.PERMANENT_STOMA] & ~rows["emergency"]
    assert stoma.sum() > 500
    assert not came(rows, "operated_day")[stoma].any() and came(rows, "uncontrolled_day")[stoma].all()


def test_usually_hardly_anyone_meets_an_emergency_before_surgery(simulated):
    rows = simulated(patients=6000)
    assert rows["emergency"].mean() < 0.02


@pytest.mark.parametrize("policy", ["chemoradiotherapy+for_everyone", "tme_alone"])
def test_waiting_for_surgery_costs_lives_by_the_primary_alone(simulated, policy):
    soon, late = simulated(policy=policy), simulated(LATE, policy=policy)
    for years in (1, 2, 3):
        assert (late["death_day"] < years * YEAR_DAYS).sum() >= (soon["death_day"] < years * YEAR_DAYS).sum()
