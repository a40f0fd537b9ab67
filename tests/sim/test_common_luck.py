"""Common random numbers: the same patient is simulated under every policy with the same luck."""

import dataclasses
import functools
import itertools

import numpy as np
import pytest

from conf.run import world_trees
from conf.schema import compose_run
from sim import luck as luck_module
from sim.clocks.simpy_clock import simulate_rows
from sim.distributions import normal_quantile
from sim.events import END, Event
from sim.luck import DRAWS, LUCK, NORMAL_DRAWS, ROUTE_DRAWS, SIDE_DRAWS, draw_luck, uniforms
from sim.parameters import pack
from sim.pathway.journey import react
from sim.patient import YEAR_DAYS, Operation, Route, new_patients
from sim.policy import LateralDissection, Regimen

HORIZON_DAYS = 10 * YEAR_DAYS


def bits(rows):
    """Every field of the rows to the bit, without the padding between them, undefined in a copy."""
    return b"".join(rows[name].tobytes() for name in rows.dtype.names)


@functools.cache
def world_of(policy, *overrides):
    run = compose_run(f"policies=[{policy}]", *overrides)
    return pack(*world_trees(run, run.policies[0]))


@functools.cache
def traces(policy, patients, *overrides):
    """Each patient's life step by step: (event, day, the whole row after it, to the bit)."""
    rows, luck, world = new_patients(0, patients), draw_luck(0, patients, 1), world_of(policy, *overrides)
    result = []
    for i in range(patients):
        steps, event = [], int(Event.DIAGNOSIS)
        while event != END:
            day = rows["agenda"][i, event]
            following = react(rows, luck, world, i, event, HORIZON_DAYS)
            steps.append((event, day, rows[i].tobytes()))
            event = following
        result.append(steps)
    return result


def first_difference(steps, others):
    """The event of the first step after which the two courses differ; None where they never do."""
    for step, other in zip(steps, others, strict=False):
        if step != other:
            assert step[:2] == other[:2], "the courses differed before anything acted"
            return step[0]
    assert len(steps) == len(others)
    return None


# The law: identical until the policy first acts

ACTS = [
    ("tme_alone", "short_course", {Event.TEAM_MEETING}),
    ("tme_alone", "total_neoadjuvant+for_everyone", {Event.TEAM_MEETING}),
    ("short_course", "chemoradiotherapy", {Event.TEAM_MEETING}),
    ("chemoradiotherapy", "chemoradiotherapy+for_high_risk", {Event.TEAM_MEETING}),
    ("chemoradiotherapy", "chemoradiotherapy+lateral_boost", {Event.TEAM_MEETING}),
    ("chemoradiotherapy", "chemoradiotherapy+lateral_after_5mm", {Event.TEAM_MEETING, Event.RESTAGING_MRI}),
    ("tme_alone", "lateral_before_7mm", {Event.TEAM_MEETING}),
    ("lateral_before_5mm", "lateral_before_5mm+lateral_both_sides", {Event.TEAM_MEETING}),
    ("tme_alone", "washout_always", {Event.RESECTION}),
    ("tme_alone", "diverting_stoma_never", {Event.RESECTION}),
    ("tme_alone", "leak_prevention", {Event.RESECTION}),
    ("tme_alone", "surgical_training", {Event.RESECTION}),
    ("tme_alone", "centralisation", {Event.RESECTION}),
    ("tme_alone", "abdominoperineal_resection", {Event.TEAM_MEETING}),
    ("tme_alone", "postoperative_chemoradiotherapy", {Event.PATHOLOGY}),
    ("tme_alone", "adjuvant_stage_iii", {Event.PATHOLOGY}),
    ("tme_alone", "follow_up_intensive", {Event.PATHOLOGY, Event.VISIT}),
    ("follow_up_minimal", "tme_alone", {Event.PATHOLOGY, Event.VISIT}),
    ("tme_alone", "expert_centre", {Event.RECURRENCE_MEETING}),
    ("chemoradiotherapy", "chemoradiotherapy+organ_preservation_strict", {Event.RESTAGING_MRI}),
    (
        "total_neoadjuvant+organ_preservation_strict",
        "total_neoadjuvant+organ_preservation",
        {Event.RESTAGING_MRI},
    ),
    (
        "chemoradiotherapy",
        "chemoradiotherapy+organ_preservation_planned",
        {Event.TEAM_MEETING, Event.RESTAGING_MRI},
    ),
    ("chemoradiotherapy", "chemoradiotherapy+contact_boost", {Event.TEAM_MEETING}),
    ("chemoradiotherapy", "chemoradiotherapy+local_excision_after_treatment", {Event.RESTAGING_MRI}),
    ("tme_alone", "local_excision", {Event.TEAM_MEETING}),
    ("local_excision", "local_excision_t2", {Event.TEAM_MEETING}),
]


@pytest.mark.parametrize(("policy", "other", "events"), ACTS, ids=[other for _, other, _ in ACTS])
def test_lives_are_identical_to_the_bit_until_the_policy_first_acts(policy, other, events):
    differences = [
        first_difference(steps, others)
        for steps, others in zip(traces(policy, 400), traces(other, 400), strict=True)
    ]
    assert set(differences) - {None} <= events
    assert len(set(differences) - {None}) > 0


def test_the_journal_of_the_clock_is_the_same_until_the_policy_first_acts(lives):
    journals = {}
    for policy in ("tme_alone", "chemoradiotherapy"):
        journal = []
        lives(policy=policy, patients=600, journal=journal)
        days = [[] for _ in range(600)]
        for day, i, event in journal:
            days[i].append((day, event))
        journals[policy] = days
    differ = 0
    for alone, treated in zip(journals["tme_alone"], journals["chemoradiotherapy"], strict=True):
        acted = [event for _, event in treated].index(Event.TEAM_MEETING)
        assert alone[: acted + 1] == treated[: acted + 1]
        differ += alone != treated
    assert differ > 100


# The law: a policy that acts on nobody changes nothing


def under(patients, **levers):
    """The rows of patients simulated under TME alone except for these levers."""
    run = compose_run("policies=[tme_alone]")
    policy = dataclasses.replace(run.policies[0], **levers)
    rows = new_patients(0, patients)
    simulate_rows(rows, draw_luck(0, patients, 1), pack(*world_trees(run, policy)), HORIZON_DAYS)
    return rows


def test_dissection_of_nodes_larger_than_any_changes_nothing_to_the_bit(simulated):
    usual = simulated()
    assert usual["lateral_mm"].max() < 90
    dissection = LateralDissection.SIZE_BEFORE
    nobody = under(3000, lateral_dissection=dissection, lateral_threshold_mm=90.0)
    assert bits(nobody) == bits(usual)
    somebody = under(3000, lateral_dissection=dissection, lateral_threshold_mm=10.0)
    assert bits(somebody) != bits(usual)


def differing(some, others, *, but=()):
    """The fields in which rows differ to the bit, but for some."""
    return [
        name
        for name in some.dtype.names
        if not name.startswith(but) and some[name].tobytes() != others[name].tobytes()
    ]


READ = ("endoscopies", "reading", "readings")  # what reading a response itself uses and says


@pytest.mark.parametrize("regimen", ["short_course_delayed", "chemoradiotherapy", "total_neoadjuvant"])
def test_a_policy_that_reads_every_response_and_preserves_nobodys_organ_changes_no_course(simulated, regimen):
    nobody_is_read_as_complete = ("cohort.response_sensitivity=0", "cohort.response_specificity=1")
    usual = simulated(*nobody_is_read_as_complete, policy=regimen)
    reading = simulated(*nobody_is_read_as_complete, policy=f"{regimen}+organ_preservation_strict")
    assert reading["readings"].sum() == reading["endoscopies"].sum() > 1000
    assert not np.isfinite(reading["watch_from_day"]).any()
    assert differing(usual, reading, but=READ) == []
    some = simulated(policy=f"{regimen}+organ_preservation_strict")
    assert "operated_day" in differing(simulated(policy=regimen), some, but=READ)


@pytest.mark.parametrize(
    ("policy", "other"),
    [
        ("tme_alone", "local_excision_t2"),
        ("chemoradiotherapy", "chemoradiotherapy+local_excision_after_treatment"),
        ("chemoradiotherapy", "chemoradiotherapy+contact_boost"),
    ],
)
def test_what_reaches_no_tumour_changes_nothing_to_the_bit(simulated, policy, other):
    out_of_reach = "organ_preservation.within_reach_up_to_cm=0"
    assert bits(simulated(out_of_reach, policy=policy)) == bits(simulated(out_of_reach, policy=other))


# Every probability of a harm, but for the one by which a second cancer kills.
DEADLY = "second_cancer_death_probability"
HARM_PROBABILITIES = [
    name
    for name, value in compose_run("policies=[tme_alone]").parameters["harm"].items()
    if name.endswith("_probability") and name != DEADLY and not isinstance(value, list)
]


def harms_with(probability):
    by_regimen = f"harm.toxicity_probability={[probability] * len(Regimen)}"
    return (*(f"harm.{name}={probability}" for name in HARM_PROBABILITIES), f"harm.{DEADLY}=0", by_regimen)


@pytest.mark.parametrize("policy", ["tme_alone", "total_neoadjuvant+organ_preservation+lateral_after_5mm"])
def test_harm_changes_nothing_else_of_a_course_to_the_bit(simulated, policy):
    none, all_of_it = (simulated(*harms_with(probability), policy=policy) for probability in (0, 1))
    assert len(HARM_PROBABILITIES) >= 15
    assert differing(none, all_of_it, but=("harm_from_day", "harm_until_day")) == []
    assert none["harm_from_day"].tobytes() != all_of_it["harm_from_day"].tobytes()


# Whom a policy leaves alone, in the life without it.
UNTOUCHED = {
    "expert_centre": lambda rows: ~np.isfinite(rows["recurrence_found_day"]),
    "washout_always": lambda rows: (
        rows["washed_out"] | np.isin(rows["operation"], [0, Operation.ABDOMINOPERINEAL_RESECTION])
    ),
    "diverting_stoma_always": lambda rows: rows["diverting_stoma"] | ~rows["anastomosis"],
    "leak_prevention": lambda rows: ~rows["anastomosis"],
    "postoperative_chemoradiotherapy": lambda rows: ~rows["crm_involved"],
    "adjuvant_stage_iii": lambda rows: rows["adjuvant"] | (rows["pathological_stage"] < 3),
    "lateral_before_7mm": lambda rows: rows["lateral_mm"].max(axis=1) < 7,
    "follow_up_intensive": lambda rows: ~np.isfinite(rows["operated_day"]),
    "chemoradiotherapy": lambda rows: (rows["ct"] < 2) & (rows["cn"] == 0),
    "chemoradiotherapy+for_high_risk": lambda rows: ~rows["high_risk"],
    "local_excision_t2": lambda rows: (
        (rows["ct"] > 2) | (rows["cn"] > 0) | (rows["height_above_verge_cm"] > 10) | rows["never_resected"]
    ),
}


@pytest.mark.parametrize("policy", UNTOUCHED)
def test_a_policy_changes_nothing_for_patients_on_whom_it_does_not_act(simulated, policy):
    usual, changed = simulated(), simulated(policy=policy)
    untouched = UNTOUCHED[policy](usual)
    assert untouched.any()
    assert bits(usual[untouched]) == bits(changed[untouched])
    assert bits(usual[~untouched]) != bits(changed[~untouched])


def test_a_lever_that_needs_radiotherapy_does_nothing_to_the_unirradiated(simulated):
    usual = simulated(policy="chemoradiotherapy")
    boosted = simulated(policy="chemoradiotherapy+lateral_boost")
    untouched = (usual["regimen"] == 0) | (usual["lateral_mm"].max(axis=1) < 7)
    assert bits(usual[untouched]) == bits(boosted[untouched])
    assert bits(usual) != bits(boosted)


# The same patients however they are cut


def test_the_same_patients_whatever_the_block(simulated):
    whole = simulated(policy="chemoradiotherapy+lateral_after_5mm", patients=1300)
    edges = [0, 1, 3, 10, 137, 649, 1001, 1300]
    for first, stop in itertools.pairwise(edges):
        block = simulated(policy="chemoradiotherapy+lateral_after_5mm", first=first, patients=stop - first)
        assert bits(block) == bits(whole[first:stop])


def test_a_smaller_cohort_is_a_prefix(simulated):
    assert bits(simulated(patients=701)) == bits(simulated()[:701])


def test_the_same_lives_whatever_the_set_of_policies(simulated):
    run = compose_run("policies=[expert_centre,short_course,tme_alone]")
    luck = draw_luck(0, 500, 1)
    before = bits(luck)
    for policy in run.policies:
        rows = new_patients(0, 500)
        simulate_rows(rows, luck, pack(*world_trees(run, policy)), HORIZON_DAYS)
        assert bits(rows) == bits(simulated(policy=policy.name, patients=500))
    assert bits(luck) == before


def test_a_longer_horizon_only_goes_on(simulated):
    """What happened within five years of diagnosis is the same when ten are simulated."""
    five, ten = simulated(years=5.0), simulated()
    within = ten["death_day"] <= 5 * YEAR_DAYS
    assert bits(five[within]) == bits(ten[within])
    for name in ("operated_day", "recurrence_found_day", "metastasis_found_day", "salvage_day"):
        early = ten[name] <= 5 * YEAR_DAYS
        assert np.array_equal(five[name][early], ten[name][early])
        assert not np.isfinite(five[name][~early]).any()


def test_another_seed_gives_other_patients(simulated):
    assert not np.array_equal(
        simulated(patients=100)["age_years"], simulated(patients=100, seed=2)["age_years"]
    )


# A new named draw shifts no other


def test_a_new_named_draw_shifts_no_other(monkeypatch):
    usual = draw_luck(3, 103, 1)
    monkeypatch.setattr(luck_module, "DRAWS", ("newcomer", *DRAWS))
    monkeypatch.setattr(luck_module, "column_keys", luck_module.column_keys.__wrapped__)  # not those kept
    first = LUCK.names.index(DRAWS[0])  # before it come those that are standard normal
    columns = [*LUCK.descr[:first], ("newcomer", "f8"), *LUCK.descr[first:]]
    monkeypatch.setattr(luck_module, "LUCK", np.dtype(columns))
    enlarged = draw_luck(3, 103, 1)
    assert set(enlarged.dtype.names) == {"newcomer", *usual.dtype.names}
    for name in usual.dtype.names:
        assert np.array_equal(enlarged[name], usual[name])
        if name in DRAWS:
            assert not np.array_equal(enlarged["newcomer"], enlarged[name])


def test_each_named_column_is_its_own_stream():
    luck = draw_luck(5, 25, 7, 2)
    for name in DRAWS:
        assert np.array_equal(luck[name], uniforms(name, 5, 25, 7, 2))
    for name in NORMAL_DRAWS:
        assert np.array_equal(luck[name], [normal_quantile(u) for u in uniforms(name, 5, 25, 7, 2)])
    for name in SIDE_DRAWS:
        assert np.array_equal(luck[name][:, 1], uniforms(f"{name}.right", 5, 25, 7, 2))
    for name in ROUTE_DRAWS:
        column = luck[name][:, Route.DISTAL]
        assert np.array_equal(column, uniforms(f"{name}.distal", 5, 25, 7, 2))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("age", ["0x1.f9fd7360c1cddp-1", "0x1.73136c4166f23p-1", "0x1.ad48966cdfd05p-1"]),
        (
            "seed_survival.anastomotic",
            ["0x1.21688b45c3e0ep-2", "0x1.29f30b62b9bedp-1", "0x1.0a6ffe54c3670p-5"],
        ),
    ],
)
def test_the_streams_are_what_they_were(name, expected):
    """A change here changes every published run."""
    assert [u.hex() for u in uniforms(name, 0, 3, 1, 0).tolist()] == expected


# Better treatment can only spare


REGIMENS = ("short_course", "short_course_delayed", "chemoradiotherapy", "total_neoadjuvant")
# Downstaging changes who gets adjuvant chemotherapy; without it only the regimen differs.
NO_ADJUVANT = "cohort.adjuvant_probability=[0,0,0,0]"


@pytest.mark.parametrize("regimen", REGIMENS)
def test_radiotherapy_can_only_spare_seeds_from_the_same_cells(simulated, regimen):
    alone = simulated(NO_ADJUVANT)
    treated = simulated(NO_ADJUVANT, policy=f"{regimen}+for_everyone")
    both = np.isfinite(alone["operated_day"]) & np.isfinite(treated["operated_day"])
    same = (alone["cells_left"] > 0) & (treated["cells_left"] > 0) & both[:, None]
    assert (treated["survived"][same] <= alone["survived"][same]).all()
    assert treated["survived"][same].sum() < alone["survived"][same].sum()
    lateral = [Route.LATERAL_LEFT, Route.LATERAL_RIGHT]
    spared = alone["cells_left"][both][:, lateral] > treated["cells_left"][both][:, lateral]
    assert spared.any()
    assert (treated["cells_left"][both][:, lateral] <= alone["cells_left"][both][:, lateral]).all()


def test_who_responds_to_a_weaker_regimen_responds_to_a_stronger_one(simulated):
    responses = [simulated(NO_ADJUVANT, policy=f"{regimen}+for_everyone") for regimen in REGIMENS]
    for weaker, stronger in itertools.pairwise(responses):
        both = np.isfinite(weaker["operated_day"]) & np.isfinite(stronger["operated_day"])
        assert (weaker["complete_response"][both] <= stronger["complete_response"][both]).all()
        assert weaker["complete_response"].sum() < stronger["complete_response"].sum()


@pytest.mark.parametrize(
    ("policy", "better", "what"),
    [
        ("tme_alone", "washout_always", "luminal_cells"),
        ("washout_never", "tme_alone", "cells_left"),
        ("tme_alone", "leak_prevention", "leaked"),
        ("tme_alone", "leak_prevention", "cells_left"),
        ("tme_alone", "diverting_stoma_always", "abscess"),
        ("tme_alone", "surgical_training", "plane"),
        ("tme_alone", "surgical_training", "perforated"),
        ("tme_alone", "centralisation", "leaked"),
        ("tme_alone", "lateral_before_5mm", "cells_left"),
        ("lateral_before_7mm", "lateral_before_5mm", "survived"),
        ("tme_alone", "postoperative_chemoradiotherapy", "survived"),
        ("tme_alone", "adjuvant_stage_iii", "survived"),
    ],
)
def test_what_prevents_can_only_spare(simulated, policy, better, what):
    usual, spared = simulated(policy=policy)[what], simulated(policy=better)[what]
    assert (spared <= usual).all()
    assert spared.sum() < usual.sum()
