"""What aggressive biology, a cleared recurrence, age and blunt dissection do to a life."""

import numpy as np
import pytest

from sim.patient import YEAR_DAYS, Cause, Compartment, Margin
from sim.pelvis import LATERAL, spread

# Everybody's recurrence is found and resected, so that a few thousand patients have hundreds of salvages.
MANY_SALVAGES = (
    "mesorectum.left_probability=[1,1,1]",
    "mesorectum.deposit_probability=[0.5,0.5,0.5]",
    "salvage.curative_probability=0.97",
    "salvage.abandoned_probability=0",
    "salvage.metastasis_probability=[0,0,0]",
    "salvage.r1_of_not_r0_share=0.5",
)


def with_margin(rows, *margins):
    return rows[np.isin(rows["salvage_margin"], margins)]


def test_aggressive_tumours_come_nearer_to_the_fascia(simulated):
    def slope(value):
        rows = simulated(f"margin.fascia_distance_log_ratio_per_sd={value}", years=0.01)
        t3 = rows[rows["ct"] == 2]
        return np.polyfit(t3["aggressiveness"], np.log(t3["fascia_distance_mm"]), 1)[0]

    assert slope(0.4) == pytest.approx(-0.4, abs=0.06)
    assert slope(0.0) == pytest.approx(0.0, abs=0.06)


def test_an_involved_margin_predicts_metastasis_where_aggressive_tumours_come_near(simulated):
    def difference(value):
        rows = simulated(
            f"margin.fascia_distance_log_ratio_per_sd={value}",
            "margin.fascia_distance_nodes_ratio=[1,1,1]",
            "cohort.ct_shares=[0,0,0,1,0,0]",
        )
        rows = rows[np.isfinite(rows["operated_day"])]
        involved = rows["crm_involved"]
        metastasis = np.isfinite(rows["metastasis_found_day"])
        return metastasis[involved].mean() - metastasis[~involved].mean()

    assert difference(0.9) > difference(0.0) + 0.05


def test_an_aggressive_recurrence_is_cleared_less_often(simulated):
    def difference(value):
        rows = simulated(*MANY_SALVAGES, f"salvage.aggressiveness_log_odds_per_sd={value}")
        clear, not_clear = with_margin(rows, Margin.R0), with_margin(rows, Margin.R1, Margin.R2)
        return not_clear["aggressiveness"].mean() - clear["aggressiveness"].mean()

    assert difference(1.0) > 0.3
    assert abs(difference(0.0)) < 0.2


def test_a_resected_recurrence_sows_no_more_and_one_left_behind_still_does(simulated):
    rows = simulated(
        *MANY_SALVAGES,
        "metastasis.occult_probability=0",
        "primary.seeding_median_days=1e9",
        "recurrence.dissemination_probability=1",
        "recurrence.dissemination_median_days=1500",
        "recurrence.dissemination_sigma=0.01",
        "salvage.r2_survival_median_days=3000",
        "salvage.survival_sigma=0.01",
        years=14.0,
    )
    rows = rows[np.isfinite(rows["salvage_day"])]
    early = rows[rows["salvage_day"] - rows["recurrence_onset_day"] < 1000]
    out, left = with_margin(early, Margin.R0, Margin.R1), with_margin(early, Margin.R2)
    assert min(len(out), len(left)) > 30
    assert np.isinf(out["metastasis_onset_day"]).all()
    followed = left[np.minimum(left["death_day"], 14 * YEAR_DAYS) > left["recurrence_onset_day"] + 1700]
    assert len(followed) > 10 and np.isfinite(followed["metastasis_onset_day"]).all()


def test_what_the_primary_had_sown_still_comes_after_a_salvage(simulated):
    rows = simulated(
        *MANY_SALVAGES,
        "metastasis.occult_probability=0.999999",
        "metastasis.onset_median_days=3000",
        "metastasis.onset_sigma=0.0",
        "recurrence.dissemination_probability=1",
        "recurrence.dissemination_median_days=1500",
        "recurrence.dissemination_sigma=0.01",
        "recurrence.onset_median_days=100",
        "recurrence.onset_sigma=0.1",
        years=14.0,
    )
    out = with_margin(rows, Margin.R0, Margin.R1)
    late = out[(out["death_day"] > 3100) & (out["salvage_day"] < 1500)]
    assert len(late) > 30
    assert (late["metastasis_onset_day"] == 3000).all()


def test_the_old_and_those_whose_recurrence_is_not_central_live_shorter_with_it(simulated):
    usual = (
        "recurrence.old_survival_time_ratio=1",
        "recurrence.noncentral_survival_time_ratio=1",
    )

    def days(rows, which):
        rows = rows[np.isfinite(rows["recurrence_found_day"]) & ~rows["curative_intent"]]
        rows = rows[rows["death_day"] < np.inf]
        rows = rows[which(rows)]
        return np.median(rows["death_day"] - rows["recurrence_found_day"])

    def old(rows):
        return rows["age_years"] >= 80

    def elsewhere(rows):
        return rows["recurrence_compartment"] != Compartment.CENTRAL

    before = simulated(*MANY_SALVAGES, *usual, "salvage.curative_probability=0")
    for name, which in (("old", old), ("noncentral", elsewhere)):
        changed = tuple(key for key in usual if name not in key)
        after = simulated(
            *MANY_SALVAGES,
            *changed,
            f"recurrence.{name}_survival_time_ratio=0.3",
            "salvage.curative_probability=0",
        )
        assert days(after, which) < 0.6 * days(before, which)
        assert days(after, lambda rows, which=which: ~which(rows)) == days(
            before, lambda rows, which=which: ~which(rows)
        )


def test_blunt_dissection_leaves_more_recurrences_in_the_mesorectum(simulated):
    def share(ratio):
        rows = simulated(f"cohort.residual_mesorectum_odds_ratio={ratio}")
        return np.mean(rows["cells_left"][:, 2])

    assert share(0.0001) < 0.002
    assert share(4.0) > 2 * share(1.0) > 0


def test_blunt_dissection_leaves_deposits_where_no_node_is_involved(simulated):
    def share(steeper, involved):
        rows = simulated(
            "cohort.residual_mesorectum_odds_ratio=3",
            f"mesorectum.node_negative_log_ratio_per_log_odds={steeper}",
        )
        rows = rows[np.isfinite(rows["operated_day"])]
        return rows["cells_left"][(rows["nodes"] > 0) == involved, 2].mean()

    assert share(2.0, False) > 1.5 * share(1.0, False) > 0
    assert share(2.0, True) == share(1.0, True)


# Everybody has metastases, of whom nobody dies of anything else, and nobody's are resected.
METASTATIC = (
    "metastasis.occult_probability=0.999",
    "metastasis.metastasectomy_probability=0",
    "mortality.fit_hazard_ratio=1e-9",
    "mortality.unfit_hazard_ratio=1e-9",
)


def test_systemic_treatment_of_metastases_is_for_the_young_the_fit_and_later_years(simulated):
    def share(*overrides, of=lambda rows: np.ones(len(rows), bool)):
        rows = simulated(*METASTATIC, *overrides)
        rows = rows[np.isfinite(rows["metastasis_found_day"])]
        return rows["metastasis_systemic"][of(rows)].mean()

    per_year = "metastasis.treatment_log_odds_per_year=-0.08"
    young, old = (share(per_year, of=lambda rows, old=old: (rows["age_years"] > 75) == old) for old in (0, 1))
    assert young > old + 0.2
    same = ("metastasis.treatment_log_odds_per_year=0", "metastasis.treatment_unfit_odds_ratio=1")
    era = "cohort.metastasis_treatment_odds_ratio="
    assert share(*same, era + "1", "metastasis.systemic_probability=0.5") == pytest.approx(0.5, abs=0.03)
    assert share(*same, era + "3", "metastasis.systemic_probability=0.5") == pytest.approx(0.75, abs=0.03)
    unfit = share(*same[:1], "metastasis.treatment_unfit_odds_ratio=0.2", of=lambda rows: rows["unfit"])
    assert unfit < share(*same, of=lambda rows: rows["unfit"]) - 0.2


def test_systemic_treatment_stretches_the_time_that_metastases_leave(simulated):
    def life(ratio):
        return simulated(
            *METASTATIC,
            f"metastasis.systemic_survival_ratio={ratio}",
            "metastasis.systemic_probability=0.5",
            "mesorectum.take_probability=0",
            "margin.circumferential_take_probability=0",
            years=60,
        )

    plain, longer = life(1.0), life(2.0)
    same = np.isfinite(plain["metastasis_found_day"]) & ~np.isfinite(plain["recurrence_onset_day"])
    same &= (plain["death_cause"] == Cause.CANCER) & ~np.isfinite(longer["recurrence_onset_day"])
    same &= longer["death_cause"] == Cause.CANCER  # and not of a second one before
    days, stretched = (
        rows["death_day"][same] - rows["metastasis_found_day"][same] for rows in (plain, longer)
    )
    given = plain["metastasis_systemic"][same]
    assert min(given.sum(), (~given).sum()) > 100
    assert stretched[given] / days[given] == pytest.approx(np.full(given.sum(), 2.0), rel=0.02)
    assert (stretched[~given] == days[~given]).all()


def test_sequels_of_the_operation_kill_within_the_year_and_never_whom_the_first_month_has_taken(simulated):
    only_sequels = (
        "mortality.operative_death_probability=0",
        "mortality.late_operative_death_probability=0.1",
    )
    rows = simulated(*METASTATIC[2:], *only_sequels, "metastasis.occult_probability=0", years=1.5)
    dead = rows["death_cause"] == Cause.OPERATIVE
    days = (rows["death_day"] - rows["operated_day"])[dead]
    assert dead.sum() > 100
    assert days.min() >= 30 and days.max() <= 365
    both = simulated("mortality.operative_death_probability=0.1", *only_sequels[1:], years=1.5)
    soon = simulated(
        "mortality.operative_death_probability=0.1", "mortality.late_operative_death_probability=0", years=1.5
    )
    month = soon["death_day"] <= soon["operated_day"] + 30
    assert month.sum() > 100
    assert (both["death_day"][month] == soon["death_day"][month]).all()
    assert (both["death_cause"] == Cause.OPERATIVE).sum() > (
        soon["death_cause"] == Cause.OPERATIVE
    ).sum() + 50


@pytest.mark.parametrize("compartment", [place for place in Compartment if place != Compartment.PERITONEAL])
def test_a_seed_reaches_as_many_compartments_as_drawn_and_one_side_of_the_pelvis_only(compartment):
    for extra in (0, 1, 2):
        for direction in (0.1, 0.3, 0.6, 0.9):
            mask = spread(compartment, extra, direction)
            assert mask.bit_count() == 1 + extra
            assert mask >> compartment & 1
            assert (mask & LATERAL).bit_count() <= 1
    reached = {spread(compartment, 1, direction) for direction in (0.1, 0.3, 0.6, 0.9)}
    assert len(reached) > 1
