"""Each lever of a policy changes what it says, in the right direction, and levers combine."""

import dataclasses
import functools
import itertools

import numpy as np
import pytest

from conf.policies import LEVERS
from conf.run import world_trees
from conf.schedules import FollowUp
from conf.schema import compose_run
from sim.clocks.simpy_clock import simulate_rows
from sim.events import END, Event
from sim.luck import draw_luck
from sim.parameters import pack
from sim.pathway.journey import react
from sim.patient import YEAR_DAYS, FoundBy, Margin, Operation, Plane, Route, TStage, new_patients
from sim.policy import (
    AdjuvantChemotherapy,
    LateralDissection,
    LateralSides,
    OperationChoice,
    PostoperativeChemoradiotherapy,
    RecurrenceCentre,
    Regimen,
)

# Recurrences and salvage resections enough for a test of a few thousand patients.
MANY_RECURRENCES = (
    "mesorectum.left_probability=[1,1,1]",
    "mesorectum.deposit_probability=[0.5,0.5,0.5]",
    "salvage.curative_probability=0.97",
)
# Nothing but the local recurrence: no metastasis ends the routine visits.
NO_METASTASIS = (
    "metastasis.occult_probability=0",
    "recurrence.dissemination_probability=0",
    "salvage.metastasis_probability=[0,0,0]",
)


@functools.cache
def run_of(policy, *overrides):
    return compose_run(f"policies=[{policy}]", *overrides)


@functools.cache
def pulled(policy, *overrides, **levers):
    """The rows of 3,000 patients under a policy with some levers set by hand, which no file sets alone."""
    run = run_of(policy, *overrides)
    rows = new_patients(0, 3000)
    world = pack(*world_trees(run, dataclasses.replace(run.policies[0], **levers)))
    simulate_rows(rows, draw_luck(0, 3000, 1), world, 10 * YEAR_DAYS)
    return rows


def resected(rows):
    return rows[np.isfinite(rows["operated_day"])]


def recurrences(rows):
    return np.isfinite(rows["recurrence_found_day"]).sum()


def increases(values):
    return all(low < high for low, high in itertools.pairwise(values))


# neoadjuvant, neoadjuvant_for

REGIMENS = {
    "tme_alone": Regimen.NONE,
    "short_course": Regimen.SHORT_COURSE,
    "short_course_delayed": Regimen.SHORT_COURSE_DELAYED,
    "chemoradiotherapy": Regimen.CHEMORADIOTHERAPY,
    "total_neoadjuvant": Regimen.TOTAL_NEOADJUVANT,
}


@pytest.mark.parametrize(("policy", "regimen"), REGIMENS.items())
def test_the_regimen_is_given_to_those_it_is_for(simulated, policy, regimen):
    rows = resected(simulated(policy=policy))
    advanced = (rows["ct"] >= TStage.T3AB) | (rows["cn"] > 0)
    treated = rows["irradiated"]
    assert np.array_equal(treated, advanced & (regimen != Regimen.NONE))
    assert set(rows["regimen"][treated]) == ({regimen} if treated.any() else set())


def test_treatment_delays_surgery_by_its_length(simulated):
    rows = [simulated(policy=policy) for policy in REGIMENS]
    operated = np.isfinite([cohort["operated_day"] for cohort in rows]).all(axis=0)
    treated = operated & rows[1]["irradiated"] & ~np.any([cohort["emergency"] for cohort in rows], axis=0)
    assert increases([cohort["operated_day"][treated].mean() for cohort in rows[:2]])
    immediate, delayed, chemoradiotherapy, total = (cohort["operated_day"][treated] for cohort in rows[1:])
    assert (delayed - immediate > 50).all()
    assert (chemoradiotherapy > delayed).all()
    assert (total > chemoradiotherapy).all()


def test_complete_responses_rise_from_the_short_course_to_total_neoadjuvant_therapy(simulated):
    share = [resected(simulated(policy=policy))["complete_response"].mean() for policy in REGIMENS]
    assert share[0] == 0
    assert share[1] < 0.03  # operated within days
    assert increases(share)


def test_downstaging_frees_margins_and_nodes(simulated):
    alone, short, treated = (
        resected(simulated(policy=f"{policy}+for_everyone"))
        for policy in ("tme_alone", "short_course", "chemoradiotherapy")
    )
    for name in ("crm_involved", "nodes"):
        assert (treated[name] > 0).mean() < 0.75 * (alone[name] > 0).mean()
        assert (treated[name] > 0).mean() < (short[name] > 0).mean()


def test_every_regimen_lowers_local_recurrence(simulated):
    alone = recurrences(simulated())
    for policy in list(REGIMENS)[1:]:
        assert recurrences(simulated(policy=policy)) < 0.8 * alone, policy


def test_only_a_systemic_regimen_spares_metastases(simulated):
    """Total neoadjuvant therapy lowers occult metastasis; radiotherapy alone does not act on it."""
    without_recurrence = (
        "recurrence.dissemination_probability=0",
        "salvage.metastasis_probability=[0,0,0]",
        "primary.seeding_median_days=1e9",  # a later resection leaves the primary more time to seed
    )
    found = {
        policy: np.isfinite(simulated(*without_recurrence, policy=policy)["metastasis_onset_day"])
        for policy in ("tme_alone", "chemoradiotherapy", "total_neoadjuvant")
    }
    assert found["total_neoadjuvant"].sum() < 0.95 * found["chemoradiotherapy"].sum()
    change = found["chemoradiotherapy"].sum() / found["tme_alone"].sum()
    assert 0.95 < change < 1.05


def test_radiotherapy_for_high_risk_only_treats_fewer_and_for_everyone_all(simulated):
    policies = ("chemoradiotherapy+for_high_risk", "chemoradiotherapy", "chemoradiotherapy+for_everyone")
    rows = [resected(simulated(policy=policy)) for policy in policies]
    assert increases([cohort["irradiated"].mean() for cohort in rows])
    assert np.array_equal(rows[0]["irradiated"], rows[0]["high_risk"])
    assert rows[2]["irradiated"].all()
    courses = [cohort["radiotherapy_courses"].sum() for cohort in rows]
    assert increases(courses)


# lateral_dissection, lateral_threshold_mm, lateral_sides, lateral_boost


@pytest.mark.parametrize("when", ["before", "after"])
def test_fewer_sides_are_dissected_the_higher_the_threshold(simulated, when):
    """By size before treatment the threshold decides alone; after it, the size that is left."""
    size = {"before": "lateral_mm", "after": "lateral_residual_mm"}[when]
    choice = {"before": LateralDissection.SIZE_BEFORE, "after": LateralDissection.SIZE_AFTER}[when]
    counts = []
    for threshold in (10.0, 7.0, 5.0):
        rows = resected(
            pulled("chemoradiotherapy", lateral_dissection=choice, lateral_threshold_mm=threshold)
        )
        assert np.array_equal(rows["dissected"] > 0, rows[size] >= threshold)
        counts.append(rows["dissected"].sum())
    assert increases([0, *counts])


@pytest.mark.parametrize(
    ("policy", "threshold"),
    [("lateral_before_5mm", 5), ("lateral_before_7mm", 7), ("lateral_before_10mm", 10)],
)
def test_the_policies_by_size_before_treatment_dissect_at_their_threshold(simulated, policy, threshold):
    rows = resected(simulated(policy=policy))
    assert np.array_equal(rows["dissected"] > 0, rows["lateral_mm"] >= threshold)


def test_restaging_spares_dissections(simulated):
    """After treatment nodes are smaller, so fewer are dissected than by the size before it."""
    before = resected(simulated(policy="chemoradiotherapy+lateral_before_5mm"))
    after = resected(simulated(policy="chemoradiotherapy+lateral_after_5mm"))
    assert 0 < after["dissected"].sum() < before["dissected"].sum()
    assert not resected(simulated(policy="chemoradiotherapy"))["dissected"].any()


def test_routine_dissection_clears_both_sides_of_every_low_advanced_tumour(simulated):
    rows = resected(simulated(policy="lateral_routine"))
    advanced = (rows["ct"] >= TStage.T3AB) | (rows["cn"] > 0)
    expected = advanced & (rows["height_above_verge_cm"] <= 8)
    assert np.array_equal(rows["dissected"].all(axis=1), expected)
    assert np.array_equal(rows["dissected"].any(axis=1), expected)


def test_both_sides_are_cleared_when_one_is_affected(simulated):
    one = resected(simulated(policy="lateral_before_7mm"))["dissected"]
    both = resected(simulated(policy="lateral_before_7mm+lateral_both_sides"))["dissected"]
    assert np.array_equal(one.any(axis=1), both.any(axis=1))
    assert np.array_equal(both[:, 0], both[:, 1])
    assert one.sum() < both.sum()
    routine = resected(pulled("lateral_routine", lateral_sides=LateralSides.AFFECTED))["dissected"]
    assert (routine.sum(axis=1) == 2).any()  # routine clears what it is for, whatever the sides


def test_each_side_dissected_takes_its_minutes(simulated):
    usual, dissected = (resected(simulated(policy=policy)) for policy in ("tme_alone", "lateral_before_7mm"))
    unsalvaged = ~np.isfinite(usual["salvage_day"]) & ~np.isfinite(dissected["salvage_day"])
    longer = (dissected["theatre_minutes"] - usual["theatre_minutes"])[unsalvaged]
    assert np.array_equal(longer, 50 * dissected["dissected"].sum(axis=1)[unsalvaged])


def test_the_boost_sterilises_more_of_the_enlarged_nodes_and_of_no_other(simulated):
    nodes = "lateral_node.involved_probability=[0.4,0.4,0.4]"
    usual = resected(simulated(nodes, policy="chemoradiotherapy"))
    boosted = resected(simulated(nodes, policy="chemoradiotherapy+lateral_boost"))
    enlarged = usual["lateral_mm"].max(axis=1) >= 7
    assert np.array_equal(boosted["boosted"], enlarged & boosted["irradiated"])
    assert not usual["boosted"].any()
    assert (usual["lateral_sterilised"] <= boosted["lateral_sterilised"]).all()
    assert boosted["lateral_sterilised"].sum() > 1.1 * usual["lateral_sterilised"].sum()
    assert np.array_equal(usual["lateral_sterilised"][~enlarged], boosted["lateral_sterilised"][~enlarged])


# operation, washout, diverting_stoma, leak_prevention


@pytest.mark.parametrize("choice", list(OperationChoice)[1:])
def test_the_same_operation_for_everyone(choice):
    rows = resected(pulled("tme_alone", operation=choice))
    assert set(rows["operation"]) == {Operation[choice.name]}
    assert rows["anastomosis"].all() == (choice == OperationChoice.LOW_ANTERIOR_RESECTION)
    assert rows["leaked"].any() == (choice == OperationChoice.LOW_ANTERIOR_RESECTION)


def test_the_tailored_operation_follows_height_and_fitness(simulated):
    rows = resected(simulated())
    low = rows["height_above_verge_cm"] <= 5
    removed = rows["operation"] == Operation.ABDOMINOPERINEAL_RESECTION
    assert removed[low].mean() > 0.7
    assert not removed[~low].any()
    hartmann = rows["operation"] == Operation.HARTMANN
    assert hartmann[~removed & rows["unfit"]].mean() > 2 * hartmann[~removed & ~rows["unfit"]].mean()


@pytest.mark.parametrize(
    ("always", "never", "what"),
    [
        ("washout_always", "washout_never", "washed_out"),
        ("diverting_stoma_always", "diverting_stoma_never", "diverting_stoma"),
    ],
)
def test_a_measure_is_used_always_never_or_as_usual(simulated, always, never, what):
    rows = [resected(simulated(policy=policy)) for policy in (never, "tme_alone", always)]
    joined = rows[0]["anastomosis"]
    share = [cohort[what][joined].mean() for cohort in rows]
    assert share[0] == 0
    assert share[2] == 1
    assert increases(share)


def test_a_stoma_and_the_bundle_each_prevent_leaks_and_together_more(simulated):
    policies = (
        "diverting_stoma_never",
        "tme_alone",
        "diverting_stoma_always",
        "leak_prevention+diverting_stoma_always",
    )
    leaks = [resected(simulated(policy=policy))["leaked"].sum() for policy in policies]
    assert increases(leaks[::-1])
    assert resected(simulated(policy="leak_prevention"))["leaked"].sum() < leaks[1]


def test_washout_prevents_recurrence_by_exfoliation(simulated):
    def exfoliated(rows):
        return rows["survived"][:, [Route.ANASTOMOTIC, Route.PERIANASTOMOTIC]].sum()

    policies = ("washout_always", "tme_alone", "washout_never")
    assert increases([exfoliated(simulated(policy=policy)) for policy in policies])


# surgical_training, centralisation


@pytest.mark.parametrize("policy", ["surgical_training", "centralisation"])
def test_better_surgery_gives_better_planes_margins_and_fewer_perforations(simulated, policy):
    usual, better = resected(simulated()), resected(simulated(policy=policy))
    assert (better["plane"] <= usual["plane"]).all()
    assert (better["crm_mm"] >= usual["crm_mm"]).all()
    assert (better["perforated"] <= usual["perforated"]).all()
    mesorectal = [np.mean(rows["plane"] == Plane.MESORECTAL) for rows in (usual, better)]
    assert increases(mesorectal)
    assert better["crm_involved"].sum() < usual["crm_involved"].sum()
    assert recurrences(better) < recurrences(usual)


def test_centralisation_also_lowers_leaks_and_operative_deaths(simulated):
    often = "mortality.operative_death_probability=0.1"
    usual, better = resected(simulated(often)), resected(simulated(often, policy="centralisation"))

    def dead(rows):
        return rows["death_day"] <= rows["operated_day"] + 30

    assert better["leaked"].sum() < usual["leaked"].sum()
    assert dead(better).sum() < 0.9 * dead(usual).sum()
    trained = resected(simulated(often, policy="surgical_training"))
    assert np.array_equal(trained["leaked"], usual["leaked"])


# postoperative_chemoradiotherapy, adjuvant_chemotherapy


def test_postoperative_chemoradiotherapy_is_for_involved_margins_and_never_twice(simulated):
    policy = "chemoradiotherapy+for_high_risk+postoperative_chemoradiotherapy"
    rows = resected(simulated(policy=policy))
    after = rows["postoperatively_irradiated"]
    before = rows["regimen"] != Regimen.NONE
    assert after.any()
    assert before.any()
    assert not (after & before).any()
    assert rows["crm_involved"][after].all()
    seen = rows["operated_day"] + 60 < np.minimum(rows["death_day"], 10 * YEAR_DAYS)
    assert after[seen & rows["crm_involved"] & ~before].all()
    courses = rows["radiotherapy_courses"] - (rows["salvage_irradiated"])
    assert courses.max() <= 1
    assert not resected(simulated())["postoperatively_irradiated"].any()


def test_postoperative_chemoradiotherapy_for_stage_ii_and_iii():
    rows = resected(
        pulled("tme_alone", postoperative_chemoradiotherapy=PostoperativeChemoradiotherapy.STAGE_II_III)
    )
    after = rows["postoperatively_irradiated"]
    assert (rows["pathological_stage"][after] >= 2).all()
    seen = rows["operated_day"] + 60 < np.minimum(rows["death_day"], 10 * YEAR_DAYS)
    assert after[seen & (rows["pathological_stage"] >= 2)].all()
    usual = resected(pulled("tme_alone"))
    assert recurrences(rows) < recurrences(usual)


def test_adjuvant_chemotherapy_is_for_stage_iii_and_spares_metastases(simulated):
    never = pulled("tme_alone", adjuvant_chemotherapy=AdjuvantChemotherapy.NEVER)
    usual, always = simulated(), simulated(policy="adjuvant_stage_iii")
    given = [rows["adjuvant"].sum() for rows in (never, usual, always)]
    assert given[0] == 0
    assert increases(given)
    assert (always["pathological_stage"][always["adjuvant"]] == 3).all()
    seen = np.isfinite(always["operated_day"]) & (always["death_day"] > always["operated_day"] + 30)
    assert always["adjuvant"][seen & (always["pathological_stage"] == 3)].all()
    metastases = [np.isfinite(rows["metastasis_onset_day"]).sum() for rows in (always, usual, never)]
    assert increases(metastases)


# follow_up

SCHEDULES = ("follow_up_minimal", "tme_alone", "follow_up_intensive")


def test_a_closer_schedule_sees_and_scans_patients_more(simulated):
    rows = [simulated(policy=policy) for policy in SCHEDULES]
    for name in ("visits", "ct_scans", "mri_scans"):
        assert increases([cohort[name].sum() for cohort in rows]), name
    free = ~np.isfinite(rows[0]["recurrence_found_day"]) & ~np.isfinite(rows[0]["metastasis_found_day"])
    whole = free & ~np.isfinite(rows[0]["death_day"])
    assert [set(cohort["visits"][whole]) for cohort in rows] == [{5}, {7}, {14}]


def test_a_closer_schedule_finds_every_recurrence_no_later(simulated):
    """Each schedule holds the visits and scans of the sparser one, so with the same luck it sees no later."""
    rows = [simulated(*MANY_RECURRENCES, *NO_METASTASIS, policy=policy) for policy in SCHEDULES]
    minimal, standard, intensive = (cohort["recurrence_found_day"] for cohort in rows)
    assert (standard <= minimal).all()
    assert (intensive <= standard).all()
    assert np.mean(standard < minimal) > 0.01
    assert np.mean(intensive < standard) > 0.01
    by_visit = [np.mean(cohort["found_by"] == FoundBy.VISIT) for cohort in rows]
    assert increases(by_visit)


def test_a_closer_schedule_brings_more_patients_to_curative_treatment(simulated):
    rows = [simulated(*MANY_RECURRENCES, policy=policy) for policy in SCHEDULES]
    assert increases([cohort["curative_intent"].sum() for cohort in rows])


# recurrence_centre, recurrence_induction_chemotherapy, recurrence_reirradiation


def salvages(**levers):
    return pulled("chemoradiotherapy+for_high_risk", *MANY_RECURRENCES, **levers)


def test_an_expert_centre_operates_more_with_clearer_margins():
    usual, expert = salvages(), salvages(recurrence_centre=RecurrenceCentre.EXPERT)
    found = np.isfinite(expert["recurrence_found_day"])
    assert (expert["expert_centre"] <= found).all()
    assert expert["expert_centre"].sum() > 0.95 * found.sum()  # the others die or end before the meeting
    assert not usual["expert_centre"].any()
    assert (expert["curative_intent"] >= usual["curative_intent"]).all()
    assert expert["curative_intent"].sum() > usual["curative_intent"].sum()
    both = np.isfinite(usual["salvage_day"]) & np.isfinite(expert["salvage_day"])
    assert both.sum() > 50
    assert (expert["salvage_margin"][both] <= usual["salvage_margin"][both]).all()
    clear = [np.mean(rows["salvage_margin"][both] == Margin.R0) for rows in (usual, expert)]
    assert increases(clear)


@pytest.mark.parametrize(
    ("lever", "flag", "used"),
    [
        ("recurrence_induction_chemotherapy", "salvage_induction", "chemotherapy_courses"),
        ("recurrence_reirradiation", "salvage_irradiated", "radiotherapy_courses"),
    ],
)
def test_preparation_takes_time_and_clears_margins(lever, flag, used):
    usual, prepared = salvages(), salvages(**{lever: True})
    assert np.array_equal(prepared[flag], prepared["curative_intent"])
    assert usual[flag].sum() < prepared[flag].sum()
    both = np.isfinite(usual["salvage_day"]) & np.isfinite(prepared["salvage_day"])
    changed = both & (usual[flag] != prepared[flag])
    assert changed.sum() > 20
    assert (prepared["salvage_day"] > usual["salvage_day"])[changed].all()
    # growth on the way can cost a compartment, so margins are compared where it did not
    same = changed & (usual["recurrence_compartments"] == prepared["recurrence_compartments"])
    assert (prepared["salvage_margin"][same] <= usual["salvage_margin"][same]).all()
    assert prepared[used][changed].sum() > usual[used][changed].sum()


def test_without_the_lever_only_the_unirradiated_are_irradiated_before_salvage():
    rows = salvages()
    curative = rows["curative_intent"]
    assert np.array_equal(rows["salvage_irradiated"][curative], ~rows["irradiated"][curative])
    assert 0 < rows["salvage_irradiated"].sum() < curative.sum()


def test_the_expert_policy_pulls_its_three_levers_and_prolongs_life(simulated):
    usual = simulated(*MANY_RECURRENCES)
    expert = simulated(*MANY_RECURRENCES, policy="expert_centre")
    for flag in ("expert_centre", "salvage_induction", "salvage_irradiated"):
        assert expert[flag].any()
    found = np.isfinite(usual["recurrence_found_day"])
    days = [np.minimum(rows["death_day"], 10 * YEAR_DAYS)[found].mean() for rows in (usual, expert)]
    assert increases(days)


# together


def test_policies_combine(simulated):
    """Each part does in the combination what it does alone, and the whole does most."""
    parts = ("chemoradiotherapy", "washout_always", "surgical_training", "lateral_before_5mm")
    together = simulated(policy="+".join(parts))
    rows = resected(together)
    assert np.array_equal(
        rows["washed_out"],
        rows["operation"] != Operation.ABDOMINOPERINEAL_RESECTION,
    )
    assert np.array_equal(rows["dissected"] > 0, rows["lateral_mm"] >= 5)
    assert np.array_equal(rows["irradiated"], (rows["ct"] >= TStage.T3AB) | (rows["cn"] > 0))
    for part in parts:
        assert recurrences(together) < recurrences(simulated(policy=part)), part


# Elsewhere than under TME alone, where a lever has nothing to act on there.
WHERE_IT_ACTS = {
    "lateral_threshold_mm": "lateral_before_7mm",
    "lateral_sides": "lateral_before_7mm",
    "neoadjuvant_for": "chemoradiotherapy",
    "lateral_boost": "chemoradiotherapy",
    "lateral_dissection": "chemoradiotherapy",
    "organ_preservation": "chemoradiotherapy",
    "contact_boost": "chemoradiotherapy+for_everyone",
    "local_excision": "chemoradiotherapy+for_everyone",
    "local_excision_up_to": "local_excision",
    "recurrence_reirradiation": "short_course+for_everyone",
    "adherence": "chemoradiotherapy",
}


def others(lever, usual):
    """The values of a lever other than its usual one."""
    kind = LEVERS[lever].kind
    if kind is bool:
        return [not usual]
    if kind is float:
        return [5.0, 10.0]
    if kind is FollowUp:
        return [run_of(f"follow_up_{name}").policies[0].follow_up for name in ("minimal", "intensive")]
    return [value for value in kind if value != usual]


# queue_priority acts only where patients queue: tests/sim/clinic/test_clinic.py.
@pytest.mark.parametrize("lever", [lever for lever in LEVERS if lever != "queue_priority"])
def test_every_lever_matters(lever):
    """No lever is a dead letter: set to any other value, where it can act, some life changes."""
    policy = WHERE_IT_ACTS.get(lever, "tme_alone")
    base = pulled(policy)
    usual = getattr(run_of(policy).policies[0], lever)
    for other in others(lever, usual):
        changed = pulled(policy, **{lever: other})
        assert any(base[name].tobytes() != changed[name].tobytes() for name in base.dtype.names), other


# What a policy sees

# A lateral node looks the same whether it is involved or not, before and after treatment.
ALIKE = (
    "lateral_node.involved_median_mm=6",
    "lateral_node.benign_median_mm=6",
    "lateral_node.involved_size_sigma=0.4",
    "lateral_node.benign_size_sigma=0.4",
    "lateral_node.benign_visible_probability=1",
    "lateral_node.sterilised_shrinkage_ratio=0.6",
    "lateral_node.residual_shrinkage_ratio=0.6",
    "lateral_node.benign_shrinkage_ratio=0.6",
)


def test_a_policy_never_sees_whether_a_lateral_node_is_involved(simulated):
    """With nodes that look alike the same patients are treated, whether all nodes are involved or none."""
    policy = "chemoradiotherapy+for_high_risk+lateral_after_5mm+lateral_boost"
    none = simulated(*ALIKE, "lateral_node.involved_probability=[0,0,0]", policy=policy)
    every = simulated(*ALIKE, "lateral_node.involved_probability=[1,1,1]", policy=policy)
    assert not none["lateral_involved"].any()
    assert every["lateral_involved"].all()
    for name in (
        "regimen",
        "boosted",
        "high_risk",
        "dissected",
        "operation",
        "diverting_stoma",
        "operated_day",
    ):
        assert np.array_equal(none[name], every[name]), name
    assert every["dissected"].any()
    # What MRI shows may be informative: where involved nodes shrink less, more are dissected.
    shrinking = [shown for shown in ALIKE if "residual_shrinkage" not in shown]
    seen = simulated(*shrinking, "lateral_node.involved_probability=[1,1,1]", policy=policy)
    assert seen["dissected"].sum() > every["dissected"].sum()


HIDDEN = {
    "aggressiveness": lambda truth: -truth,
    "radiosensitivity": lambda truth: -truth,
    "nodes": lambda truth: 2 - truth,
    "lateral_involved": lambda truth: 1 - truth,
    "lateral_sterilised": lambda truth: 1 - truth,
    "fascia_distance_mm": lambda truth: 0.1 + 2 * truth,
    "metastasis_probability": lambda truth: 1 - truth,
    "cells_left": lambda truth: 1 - truth,
    "seed_probability": lambda truth: 1 - truth,
}
# At each decision: what was decided, and what it booked.
DECIDED = {
    Event.TEAM_MEETING: (("regimen", "boosted"), (Event.NEOADJUVANT, Event.RESECTION)),
    Event.RESECTION: (("operation", "dissected", "washed_out", "diverting_stoma", "theatre_minutes"), ()),
    Event.PATHOLOGY: (("adjuvant",), (Event.POSTOPERATIVE_CHEMORADIOTHERAPY, Event.VISIT)),
    Event.RECURRENCE_MEETING: (
        ("curative_intent", "expert_centre", "salvage_induction", "salvage_irradiated"),
        (Event.SALVAGE_TREATMENT, Event.SALVAGE_RESECTION),
    ),
}


def test_no_decision_changes_when_the_hidden_truth_is_turned_over():
    """At each decision of a life the hidden traits are turned over: the same is decided and booked."""
    run = run_of(
        "chemoradiotherapy+for_high_risk+lateral_after_5mm+lateral_boost+postoperative_chemoradiotherapy"
        "+adjuvant_stage_iii+expert_centre",
        *MANY_RECURRENCES,
    )
    world = pack(*world_trees(run, run.policies[0]))
    rows, luck, horizon = new_patients(0, 1500), draw_luck(0, 1500, 1), 10 * YEAR_DAYS
    decisions = dict.fromkeys(DECIDED, 0)
    for i in range(len(rows)):
        event = int(Event.DIAGNOSIS)
        while event != END:
            turned = rows[i : i + 1].copy()
            following = react(rows, luck, world, i, event, horizon)
            if event in DECIDED:
                for name, other in HIDDEN.items():
                    turned[name] = other(turned[name])
                react(turned, luck[i : i + 1], world, 0, event, horizon)
                names, booked = DECIDED[event]
                for name in names:
                    assert np.array_equal(turned[name][0], rows[name][i]), (Event(event), name)
                assert np.array_equal(turned["agenda"][0, list(booked)], rows["agenda"][i, list(booked)])
                decisions[event] += 1
            event = following
    assert min(decisions.values()) > 100
