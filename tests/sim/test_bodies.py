"""Bodies: in no world does a row hold what no patient can have, nor days out of their order."""

import dataclasses
import itertools

import numpy as np
import pytest

from conf.input_error import InputError
from conf.run import world_trees
from conf.schema import checked, compose_run
from conf.uncertain import uncertain_numbers, with_values
from sim.clinic.needs import arrival_days
from sim.clocks import compiled_clock
from sim.luck import draw_luck
from sim.parameters import pack
from sim.patient import YEAR_DAYS, Cause, Harm, Operation, RegrowthSite, new_patients

PATIENTS = 400
HORIZON_DAYS = 10 * YEAR_DAYS
POLICIES = (
    "tme_alone",
    "chemoradiotherapy+for_everyone+lateral_after_5mm+expert_centre",
    "total_neoadjuvant+for_everyone+organ_preservation",
    "short_course_delayed+organ_preservation_planned+contact_boost+local_excision_after_treatment",
    "local_excision_t2+postoperative_chemoradiotherapy",
)
COHORTS = ("dutch_contemporary", "all_comers")
# Traits of a cohort that are drawn again, from the lowest to the highest.
COHORT_NUMBERS = {
    "age_mean_years": (40.0, 85.0),
    "fascia_distance_sigma": (0.1, 2.0),
    "fascia_distance_low_ratio": (0.2, 3.0),
    "unresected_share": (0.0, 0.6),
    "unresected_irradiated_share": (0.0, 1.0),
    "response_sensitivity": (0.0, 1.0),
    "response_specificity": (0.0, 1.0),
    "diverting_stoma_share": (0.0, 1.0),
    "apr_share": (0.0, 1.0),
    "unfit_share": (0.0, 0.9),
}


def random_world(policy: str, seed: int) -> tuple[np.ndarray, dict, dict]:
    """Return a packed world of a random disease and a random cohort, the disease, and the clinic."""
    random = np.random.default_rng(seed)
    run = compose_run(f"policies=[{policy}]", f"cohort={COHORTS[seed % 2]}", "clinic=strained")
    numbers = uncertain_numbers()
    deviates = random.standard_normal(len(numbers)) * 1.5
    drawn = with_values(run.parameters, numbers, [n.value(z) for n, z in zip(numbers, deviates, strict=True)])
    for section, tree in drawn.items():  # a draw that contradicts itself leaves its section as it was
        try:
            drawn[section] = checked(section, tree, run.parameters[section])
        except InputError:
            drawn[section] = run.parameters[section]
    cohort = {**run.cohort, **{k: random.uniform(*span) for k, span in COHORT_NUMBERS.items()}}
    world = dataclasses.replace(run, parameters=drawn, cohort=cohort)
    return pack(*world_trees(world, world.policies[0])), drawn, run.clinic


def lives_in(policy: str, seed: int, waiting: bool) -> tuple[np.ndarray, dict]:
    """Return patients of a random world, with or without queues, and its disease."""
    world, disease, clinic = random_world(policy, seed)
    rows, luck = new_patients(0, PATIENTS), draw_luck(0, PATIENTS, seed)
    if waiting:
        rows["agenda"][:, 0] = arrival_days(luck["arrival"], clinic["arrivals_per_year"])
        compiled_clock.simulate_in_clinic(rows, luck, world, clinic, HORIZON_DAYS)
    else:
        compiled_clock.simulate_rows(rows, luck, world, HORIZON_DAYS)
    return rows, disease


def in_order(rows, *names):
    """Whether days that came, came in this order; infinity: it never did."""
    for first, then in itertools.pairwise(names):
        came = np.isfinite(rows[then])
        if not (rows[first][came] <= rows[then][came]).all():
            return False
    return True


def check_bodies(rows, disease):
    operated = np.isfinite(rows["operated_day"])
    verge_mm = 10.0 * rows["height_above_verge_cm"]
    stapled = np.isfinite(rows["distal_margin_mm"])
    assert (rows["distal_margin_mm"][stapled] >= 0).all()
    assert (rows["distal_margin_mm"][stapled] <= verge_mm[stapled]).all()
    assert not (stapled & (rows["operation"] == Operation.ABDOMINOPERINEAL_RESECTION)).any()
    thickest = max(disease["anatomy"]["mesorectum_mm"])
    assert ((rows["mesorectum_mm"] > 0) & (rows["mesorectum_mm"] <= thickest)).all()
    assert (rows["fascia_distance_mm"] >= 0).all()
    assert (rows["fascia_distance_mm"] <= rows["mesorectum_mm"]).all()
    assert (rows["crm_mm"][operated] <= rows["mesorectum_mm"][operated]).all()
    assert (rows["crm_mm"][operated] >= 0).all() and np.isinf(rows["crm_mm"][~operated]).all()
    assert (rows["lateral_mm"] <= disease["anatomy"]["largest_lateral_node_mm"]).all()
    assert (rows["lateral_residual_mm"] <= rows["lateral_mm"]).all()
    assert (rows["lateral_residual_mm"] >= 0).all()
    assert ((rows["age_years"] >= 18) & (rows["age_years"] <= 110)).all()
    assert ((rows["height_above_verge_cm"] >= 0) & (rows["height_above_verge_cm"] <= 20)).all()
    assert (rows["nodes"] <= 2).all() and (rows["cn"] <= 2).all() and (rows["ct"] <= 5).all()
    for name in rows.dtype.names:
        if rows[name].dtype.kind == "f":
            assert not np.isnan(rows[name]).any(), name


def check_days(rows):
    assert in_order(rows, "diagnosed_day", "operated_day", "recurrence_onset_day", "recurrence_found_day")
    assert in_order(rows, "recurrence_found_day", "salvage_day", "rerecurrence_day")
    assert in_order(rows[np.isfinite(rows["excised_day"])], "diagnosed_day", "excised_day", "watch_from_day")
    assert in_order(rows, "watch_from_day", "regrowth_onset_day", "regrowth_found_day")
    assert in_order(rows, "diagnosed_day", "metastasis_onset_day", "metastasis_found_day")
    last = np.minimum(rows["death_day"], rows["diagnosed_day"] + HORIZON_DAYS)
    for name in (
        "operated_day", "excised_day", "watch_from_day", "regrowth_onset_day", "regrowth_found_day",
        "uncontrolled_day", "recurrence_onset_day", "recurrence_found_day", "salvage_day",
        "rerecurrence_day", "metastasis_onset_day", "metastasis_found_day",
    ):  # fmt: skip
        came = np.isfinite(rows[name])
        assert (rows[name][came] <= last[came]).all() and (rows[name] >= rows["diagnosed_day"]).all(), name
    regrown = np.isfinite(rows["regrowth_found_day"])
    resected = regrown & np.isfinite(rows["operated_day"])
    assert (rows["operated_day"] >= rows["regrowth_found_day"])[resected].all()
    assert (rows["regrowth_site"][regrown] >= RegrowthSite.LUMEN).all()
    never = rows["never_resected"]
    assert np.isinf(rows["operated_day"][never]).all() and np.isinf(rows["watch_from_day"][never]).all()
    recurred = np.isfinite(rows["recurrence_onset_day"])
    assert np.isfinite(rows["operated_day"][recurred]).all()
    dead = np.isfinite(rows["death_day"])
    assert np.array_equal(dead, rows["death_cause"] != Cause.ALIVE)
    assert np.isinf(rows["agenda"][dead]).all() and not rows["waiting"][dead].any()


def check_harms(rows):
    first, last = rows["harm_from_day"], rows["harm_until_day"]
    assert (first <= last).all()
    assert np.isinf(last[np.isinf(first)]).all()
    assert (first >= rows["diagnosed_day"][:, None]).all()
    has = np.isfinite(first)
    assert not (has[:, Harm.REOPERATION] & ~has[:, Harm.SEVERE_MORBIDITY]).any()
    both = has[:, Harm.TEMPORARY_STOMA] & has[:, Harm.PERMANENT_STOMA]
    assert (last[both, Harm.TEMPORARY_STOMA] <= first[both, Harm.PERMANENT_STOMA]).all()  # one at a time
    assert not (has[:, Harm.TEMPORARY_STOMA] & ~rows["diverting_stoma"]).any()
    stoma = first[:, Harm.PERMANENT_STOMA]
    for harm in (Harm.MAJOR_BOWEL_DYSFUNCTION, Harm.FAECAL_INCONTINENCE):
        some = has[:, harm] & np.isfinite(stoma)
        assert (last[some, harm] <= stoma[some]).all(), harm.name  # of a bowel that is in use
    # Without either treatment: a stoma alone, for a tumour that obstructs and is left in place.
    untreated = has & ~(rows["irradiated"] | np.isfinite(rows["operated_day"]))[:, None]
    assert (untreated.any(axis=0).nonzero()[0] == Harm.PERMANENT_STOMA).all()
    assert (stoma >= rows["uncontrolled_day"])[untreated[:, Harm.PERMANENT_STOMA]].all()
    operated = np.isfinite(rows["operated_day"])
    joined = operated & (rows["operation"] == Operation.LOW_ANTERIOR_RESECTION)
    assert has[operated & ~joined, Harm.PERMANENT_STOMA].all()


@pytest.mark.parametrize("waiting", [False, True], ids=["nobody waits", "queues"])
@pytest.mark.parametrize("policy", POLICIES)
def test_in_no_random_world_does_a_row_hold_the_impossible(policy, waiting):
    for seed in range(4):
        rows, disease = lives_in(policy, 2 * POLICIES.index(policy) + seed, waiting)
        check_bodies(rows, disease)
        check_days(rows)
        check_harms(rows)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 130))
@pytest.mark.parametrize("policy", POLICIES)
def test_in_many_random_worlds_no_row_holds_the_impossible(policy, seed):
    for waiting in (False, True):
        rows, disease = lives_in(policy, seed, waiting)
        check_bodies(rows, disease)
        check_days(rows)
        check_harms(rows)


def test_a_regrowth_after_local_excision_that_is_left_in_place_may_need_a_stoma():
    rows, _ = lives_in(POLICIES[4], 100, waiting=False)
    left = np.isfinite(rows["uncontrolled_day"]) & np.isfinite(rows["excised_day"])
    assert (
        left & np.isinf(rows["operated_day"]) & np.isfinite(rows["harm_from_day"][:, Harm.PERMANENT_STOMA])
    ).any()
    check_harms(rows)


def test_the_random_worlds_differ_and_meet_what_is_bounded():
    rows = [lives_in(POLICIES[3], seed, waiting=False)[0] for seed in (6, 7)]
    assert rows[0]["crm_mm"].tobytes() != rows[1]["crm_mm"].tobytes()
    both = np.concatenate(rows)
    assert (both["fascia_distance_mm"] == both["mesorectum_mm"]).any()
    assert np.isfinite(both["regrowth_found_day"]).any() and both["never_resected"].any()
    assert (both["distal_margin_mm"] == 10.0 * both["height_above_verge_cm"]).any()
