"""What decides about a recurrence and what follows: place, growth, symptoms, age, restaging, margin."""

import numpy as np
import pytest
from helpers.counting import tally

from sim.counting.outcomes import Key
from sim.patient import Cause, Compartment, FoundBy, Margin

# Recurrences and salvage resections enough for a test of a few thousand patients.
MANY = (
    "mesorectum.left_probability=[1,1,1]",
    "mesorectum.deposit_probability=[0.5,0.5,0.5]",
    "recurrence.dissemination_probability=0",
    "mesorectum.take_probability=0.9",
    "salvage.curative_probability=0.95",
    "salvage.r1_of_not_r0_share=0.5",
)
NEVER, ALWAYS = 1e-9, 1e9
SITES = ("central", "anterior", "posterior", "lateral", "perineal")


def salvaged(rows):
    return np.isfinite(rows["salvage_day"])


def dead_of(rows, cause):
    return rows["death_cause"] == cause


@pytest.mark.parametrize("site", SITES)
def test_intent_follows_the_place_of_the_recurrence_and_both_sides_are_one(simulated, site):
    k = SITES.index(site)
    ratios = [1.0] * len(SITES)
    ratios[k] = NEVER
    spread_out = (*MANY, "mesorectum.presacral_share=0.4", "lateral_node.involved_probability=[0.3,0.3,0.3]")
    usual, without = (
        simulated(*spread_out, f"salvage.site_curative_odds_ratio={values}".replace(" ", ""), patients=6000)
        for values in ([1.0] * len(SITES), ratios)
    )
    there = np.array([site.upper() in Compartment(c).name if c >= 0 else False
                      for c in usual["recurrence_compartment"]])  # fmt: skip
    assert usual["curative_intent"][there].sum() > 10
    assert not without["curative_intent"][there].any()
    assert np.array_equal(usual["curative_intent"][~there], without["curative_intent"][~there])


def test_only_an_expert_centre_resects_what_has_grown_and_never_carcinomatosis(simulated):
    grows = (*MANY, "recurrence.progression_median_days=60", "surgery.perforation_probability=0.3")

    def rows(ratio, policy="expert_centre"):
        return simulated(*grows, f"salvage.grown_curative_odds_ratio={ratio}", policy=policy)

    none, some = rows(NEVER), rows(ALWAYS)
    taken_on = some["curative_intent"] & ~none["curative_intent"]
    assert taken_on.sum() > 100
    assert (none["unresectable"][taken_on]).all() and salvaged(some[taken_on]).sum() > 50
    spread = some["recurrence_compartment"] == Compartment.PERITONEAL
    assert spread.sum() > 10 and not some["curative_intent"][spread].any()
    usual = [rows(ratio, "tme_alone")["curative_intent"] for ratio in (NEVER, ALWAYS)]
    assert np.array_equal(*usual)


def test_an_expert_centre_that_resects_what_has_grown_sees_more_compartments(simulated):
    def foci(ratio):
        rows = simulated(
            *MANY,
            "recurrence.progression_median_days=60",
            f"salvage.grown_curative_odds_ratio={ratio}",
            policy="expert_centre",
        )
        masks = rows["recurrence_compartments"][salvaged(rows)]
        return np.mean([int(mask).bit_count() for mask in masks])

    assert foci(ALWAYS) > foci(NEVER) + 0.1


def test_a_recurrence_with_symptoms_is_cleared_less_often_and_comes_back_more_often(simulated):
    plain = (*MANY, "salvage.abandoned_probability=0", "salvage.symptoms_r0_odds_ratio=1")
    plain = (*plain, "salvage.symptoms_relapse_odds_ratio=1")
    before = simulated(*plain)
    less_clear = simulated(*plain[:-2], "salvage.symptoms_r0_odds_ratio=0.1", plain[-1])
    relapsing = simulated(*plain[:-1], "salvage.symptoms_relapse_odds_ratio=20")
    both = salvaged(before)
    assert np.array_equal(both, salvaged(less_clear)) and np.array_equal(both, salvaged(relapsing))
    symptoms = both & (before["found_by"] == FoundBy.SYMPTOMS)
    visit = both & (before["found_by"] == FoundBy.VISIT)
    assert min(symptoms.sum(), visit.sum()) > 100

    def clear(rows, which):
        return np.mean(rows["salvage_margin"][which] == Margin.R0)

    assert clear(less_clear, symptoms) < clear(before, symptoms) - 0.2
    assert np.array_equal(before["salvage_margin"][visit], less_clear["salvage_margin"][visit])
    for name in ("rerecurrence_day", "metastasis_onset_day"):
        back, again = (np.isfinite(rows[name]) for rows in (before, relapsing))
        assert again[symptoms].mean() > back[symptoms].mean() + 0.1
        assert np.array_equal(back[visit], again[visit])


def test_the_salvage_operation_kills_the_old_and_the_unfit_more_often(simulated):
    kills = (*MANY, "mortality.operative_death_probability=0", "mortality.late_operative_death_probability=0")
    kills = (*kills, "salvage.death_probability=0.1", "mortality.operative_unfit_odds_ratio=1")

    def death(which, *overrides):
        rows = simulated(*kills, "mortality.operative_log_odds_per_year=0", *overrides, patients=6000)
        rows = rows[salvaged(rows)]
        return dead_of(rows, Cause.OPERATIVE)[which(rows)].mean()

    def old(rows):
        return rows["age_years"] > 72

    def unfit(rows):
        return rows["unfit"]

    assert death(old, "mortality.operative_log_odds_per_year=0.15") > death(old) + 0.1
    assert death(unfit, "mortality.operative_unfit_odds_ratio=8") > death(unfit) + 0.1


def test_what_comes_back_or_is_left_kills_the_old_sooner_and_others_as_before(simulated):
    """As an untreated recurrence does: after R0 and R1 counted from its return, after R2 from the salvage."""
    only_it = (
        *MANY,
        "salvage.metastasis_probability=[0,0,0]",
        "salvage.rerecurrence_probability=[1,1,1]",
        "metastasis.occult_probability=0",
        "primary.seeding_median_days=1e9",
        "mortality.fit_hazard_ratio=1e-9",
        "mortality.unfit_hazard_ratio=1e-9",
        "salvage.old_curative_odds_ratio=1",
        "recurrence.noncentral_survival_time_ratio=1",
        "cohort.age_mean_years=78",
    )
    plain, short = (
        simulated(*only_it, f"recurrence.old_survival_time_ratio={ratio}", years=40.0) for ratio in (1, 0.25)
    )
    died = salvaged(plain) & salvaged(short) & dead_of(plain, Cause.CANCER) & dead_of(short, Cause.CANCER)
    old = plain["age_years"] >= 80
    left = plain["salvage_margin"] == Margin.R2
    back = ~left & np.isfinite(plain["rerecurrence_day"]) & np.isfinite(short["rerecurrence_day"])
    for which, since in ((left, "salvage_day"), (back, "rerecurrence_day")):
        dead = died & which & old
        days, fewer = (rows["death_day"][dead] - rows[since][dead] for rows in (plain, short))
        assert len(days) > 20
        assert np.median(fewer / days) == pytest.approx(0.25, abs=0.01)
    assert (~old & died).sum() > 100
    assert np.array_equal(plain["death_day"][died & ~old], short["death_day"][died & ~old])


def test_what_r2_leaves_progresses_before_it_kills_and_kills_no_sooner_for_it(simulated):
    early, late = (
        simulated(
            *MANY[:-1], "salvage.r1_of_not_r0_share=0", f"salvage.r2_progression_share={share}", years=30.0
        )
        for share in (0.2, 0.9)
    )
    assert np.array_equal(early["death_day"], late["death_day"])
    left = early["salvage_margin"] == Margin.R2
    assert left.sum() > 100
    killed = left & np.isfinite(early["rerecurrence_day"]) & np.isfinite(late["rerecurrence_day"])
    assert killed.sum() > 50
    to_progress = [rows["rerecurrence_day"][killed] - rows["salvage_day"][killed] for rows in (early, late)]
    # A further seed may show before that.
    assert np.mean(np.isclose(to_progress[1] / to_progress[0], 4.5)) > 0.9
    assert (early["rerecurrence_day"][killed] < early["death_day"][killed]).all()
    yes = tally(early, (5.0,), 30.0).binary[Key("rerecurrence")][2]
    assert yes == np.isfinite(early["rerecurrence_day"][salvaged(early)]).sum() >= killed.sum()


def test_a_recurrence_of_more_compartments_comes_back_after_its_resection_by_their_odds(simulated):
    """Of one compartment as often as it says, of each further one by three times the odds."""
    rows = simulated(
        *MANY,
        "salvage.further_compartment_relapse_odds_ratio=3",
        "salvage.symptoms_relapse_odds_ratio=1",
        "salvage.rerecurrence_probability=[0.2,0.2,1]",
        "salvage.metastasis_probability=[0,0,0]",
        "salvage.rerecurrence_median_days=1",
        "salvage.further_compartment_r0_odds_ratio=1",
        patients=10_000,
    )
    rows = rows[salvaged(rows) & (rows["salvage_margin"] <= Margin.R1)]
    compartments = np.array([int(bits).bit_count() for bits in rows["recurrence_compartments"]])
    for number in (1, 2, 3):
        among = rows[compartments == number]
        odds = 0.25 * 3 ** (number - 1)
        share = odds / (1 + odds)
        error = np.sqrt(share * (1 - share) / len(among))
        soon = among["rerecurrence_day"] - among["salvage_day"] < 60
        assert len(among) > 60 and soon.mean() == pytest.approx(share, abs=4 * error)


def test_palliative_treatment_makes_what_a_recurrence_leaves_longer(simulated):
    """From the meeting on, where there are symptoms by then; only without curative intent."""

    def rows(share):
        return simulated(
            *MANY,
            "metastasis.occult_probability=0",
            "salvage.curative_probability=0.3",
            "recurrence.palliative_survival_ratio=2.5",
            "pathway.recurrence_workup_days=14",
            f"recurrence.palliative_treatment_probability={share}",
            years=60,
        )

    none, everyone = rows(0), rows(1)
    assert not none["recurrence_palliated"].any()
    treated = everyone["recurrence_palliated"]
    assert treated.sum() > 100 and not (treated & everyone["curative_intent"]).any()
    untouched = ~treated
    assert np.array_equal(none["death_day"][untouched], everyone["death_day"][untouched])
    known = treated & (everyone["found_by"] == FoundBy.SYMPTOMS)
    known &= dead_of(none, Cause.CANCER) & dead_of(everyone, Cause.CANCER)
    known &= ~np.isfinite(everyone["metastasis_onset_day"]) & ~np.isfinite(everyone["uncontrolled_day"])
    meeting = everyone["recurrence_found_day"][known] + 14.0
    left = [each["death_day"][known] - meeting for each in (none, everyone)]
    assert known.sum() > 50
    assert left[1] == pytest.approx(2.5 * left[0], abs=0.01)


def test_restaging_after_preparation_spares_a_salvage_whose_metastases_can_be_seen(simulated):
    """Everyone is irradiated first; metastases that come between meeting and theatre are looked for again."""
    sown = (
        *MANY,
        "metastasis.occult_probability=0.9",
        "metastasis.onset_median_days=700",
        "metastasis.symptoms_median_days=5000",
        "detection.clinic_distant_sensitivity=0",
        "detection.ct_distant_sensitivity=0",
        "salvage.metastasis_curative_odds_ratio=1e-9",
    )

    def new(sensitivity):
        """Of those with curative intent, whose metastases came during preparation, how many are operated."""
        rows = simulated(*sown, f"detection.restaging_distant_sensitivity={sensitivity}", patients=10000)
        meeting = rows["recurrence_found_day"] + 14.0
        during = rows["curative_intent"] & (rows["metastasis_onset_day"] > meeting)
        during &= rows["metastasis_onset_day"] < meeting + 60.0
        assert during.sum() > 30
        return salvaged(rows[during]).mean()

    assert new(1.0) == 0.0
    assert new(0.0) > 0.4


def test_what_would_be_left_behind_is_abandoned_more_often_and_nothing_else(simulated):
    plain, wary = (
        simulated(*MANY, "salvage.abandoned_probability=0.2", f"salvage.r2_abandoned_odds_ratio={ratio}")
        for ratio in (1, ALWAYS)
    )
    margins = plain["salvage_margin"]
    assert (margins == Margin.R2).sum() > 50
    assert not (wary["salvage_margin"] == Margin.R2).any()
    cleared = (margins == Margin.R0) | (margins == Margin.R1)
    assert np.array_equal(margins[cleared], wary["salvage_margin"][cleared])
    assert np.array_equal(salvaged(wary), cleared)
