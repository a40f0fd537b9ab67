"""Relations between numbers: each that the model relies on is declared, and what breaks one is refused."""

import dataclasses
import itertools
import re
from pathlib import Path

import pytest
from hydra import compose
from hypothesis import given
from hypothesis import strategies as st

from conf import relations, schema
from conf.capacity import compose_capacity
from conf.input_error import InputError
from conf.relations import RELATIONS, always, broken, check, check_list, not_above, parts_of_one
from conf.schema import checked, compose_run, shipped, shipped_sections
from conf.trials import read_trial, read_trials
from conf.uncertain import uncertain_numbers
from conf.validation import read_validation
from experiments.sweeping.design import read_design

CONF = Path(schema.__file__).parent
TREES = {
    "cohort": shipped("cohort/dutch_contemporary"),
    "clinic": shipped("clinic/regional"),
    **{section: shipped(f"parameters/{section}") for section in shipped_sections()},
}
# Values that break a relation, by its keys: nothing else in the trees is broken by them.
BREAKS = {
    ("cohort.age_min_years", "cohort.age_max_years"): "cohort.age_min_years=96",
    ("cohort.age_min_years", "cohort.age_mean_years"): "cohort.age_min_years=69",
    ("cohort.age_mean_years", "cohort.age_max_years"): "cohort.age_max_years=67",
    ("cohort.reflection_cm", "cohort.height_bounds_cm[-1]"): "cohort.reflection_cm=15.1",
    ("cohort.n1_share", "cohort.n2_share"): "cohort.n2_share=[0.01,0.05,0.13,0.65,0.28,0.28]",
    ("mortality.operative_days", "mortality.late_operative_days"): "mortality.operative_days=366",
    ("surgery.leak_low_below_cm", "surgery.leak_high_above_cm"): "surgery.leak_low_below_cm=10.5",
    ("exfoliation.sterilised_probability[0]",): "exfoliation.sterilised_probability=[0.1,0.5,0.5,0.5,0.5]",
    ("margin.sterilised_probability[0]",): "margin.sterilised_probability=[0.1,0.5,0.5,0.5,0.5]",
    ("mesorectum.sterilised_probability[0]",): "mesorectum.sterilised_probability=[0.1,0.5,0.5,0.5,0.5]",
    ("spillage.sterilised_probability[0]",): "spillage.sterilised_probability=[0.1,0.5,0.5,0.5,0.5]",
    ("recurrence.irradiated_onset_ratio[0]",): "recurrence.irradiated_onset_ratio=[1.1,1,1,1,1]",
    (
        "clinic.theatre_closed_from_days",
        "clinic.theatre_closed_until_days",
    ): "clinic.theatre_closed_from_days=9",
}


@pytest.fixture(scope="module")
def run():
    return compose_run("clinic=regional", "policies=[tme_alone]")


def with_number(run, override):
    """Return the run with one number or list changed, as any caller might make it."""
    key, _, value = override.partition("=")
    section, _, name = key.partition(".")
    number = [float(x) for x in value.strip("[]").split(",")] if "[" in value else float(value)
    if section in run.parameters:
        changed = {**run.parameters, section: {**run.parameters[section], name: number}}
        return dataclasses.replace(run, parameters=changed)
    return dataclasses.replace(run, **{section: {**getattr(run, section), name: number}})


def named(key):
    """Return a key as a message names it: without the place in its list, where a value stands."""
    return key.partition("[")[0]


def test_every_declared_relation_is_tried():
    assert [relation.keys for relation in RELATIONS] != []
    assert {relation.keys for relation in RELATIONS} == set(BREAKS)


@pytest.mark.parametrize("keys", BREAKS, ids="-".join)
def test_what_breaks_a_relation_is_refused_with_both_keys_and_their_values(run, keys):
    with pytest.raises(InputError) as refusal:
        with_number(run, BREAKS[keys])
    message = str(refusal.value)
    assert all(named(key) in message for key in keys)
    key, _, value = BREAKS[keys].partition("=")
    assert (f"{key}[0]={value[1:].split(',')[0]}" if "[0]" in keys[0] else f"{key}={value}") in message
    assert "\n" not in message and "must" in message


@pytest.mark.parametrize("keys", BREAKS, ids="-".join)
def test_a_point_of_a_sweep_keeps_every_relation(run, keys):
    key, _, value = BREAKS[keys].partition("=")
    asked = [float(x) for x in value.strip("[]").split(",")] if "[" in value else float(value)
    given = {"grid": None, "latin": None, "list": [{key: asked}]}
    with pytest.raises(InputError, match=re.escape(named(keys[0]))):
        read_design(given, None, lambda words: run)


def test_the_numbers_of_a_point_are_judged_together(run):
    both = {"cohort.age_mean_years": 96.5, "cohort.age_min_years": 96, "cohort.age_max_years": 97}
    (point,) = read_design({"grid": None, "latin": None, "list": [both]}, None, lambda words: run)
    assert point.run.cohort["age_min_years"] == 96.0


@pytest.mark.parametrize(
    "words", ["cohort.age_min_years=80 cohort.age_max_years=30", "cohort.height_bounds_cm=[15,10,5,0]"]
)
def test_the_command_line_is_refused_by_key(words):
    with pytest.raises(InputError) as refusal:
        compose_run(*words.split())
    assert str(refusal.value).startswith(words.replace(" ", ", "))


def test_every_shipped_tree_and_trial_keeps_every_relation(hydra):
    assert broken(TREES) == []
    for trial in read_trials("all"):
        for arm in trial.arms.values():
            check({"cohort": arm.cohort})
    config = compose("validate", ["trials=[crab]", "disease=calibrated"])
    check(read_validation(config).parameters)


TRIAL = """
title: Mine
cohort: {base: dutch_contemporary%s}
arms:
  alone: {policy: tme_alone, cohort: {female_share: 0.4%s}}
follow_up_years: 5
endpoints:
  - {evidence: mine, arm: alone, outcome: local_recurrence, horizon_years: 5, published: 0.1, n: 100}
"""


@pytest.mark.parametrize(
    ("cohort", "arm", "key"),
    [
        (", age_min_years: 80, age_max_years: 30", "", "cohort.age_min_years=80"),
        ("", ", age_min_years: 80, age_max_years: 30", "arms.alone.cohort.age_min_years=80"),
        (", n1_share: [1,1,1,1,1,1]", "", "cohort.n1_share=[1,1"),
        ("", ", height_bounds_cm: [15,10,5,0]", "arms.alone.cohort.height_bounds_cm=[15"),
    ],
)
def test_a_trials_cohort_and_arms_keep_every_relation(hydra, tmp_path, cohort, arm, key):
    (tmp_path / "mine.yaml").write_text(TRIAL % ("", ""), "utf-8")
    assert read_trial(str(tmp_path / "mine.yaml")).arms
    (tmp_path / "mine.yaml").write_text(TRIAL % (cohort, arm), "utf-8")
    with pytest.raises(InputError) as refusal:
        read_trial(str(tmp_path / "mine.yaml"))
    assert f"trial mine: {key}" in str(refusal.value)


def test_every_clinic_of_a_capacity_run_keeps_every_relation():
    with pytest.raises(InputError, match=r"theatre_closed_from_days=900.*\(in clinic backlog\)"):
        compose_capacity("clinics=[backlog,strained]", "clinic.theatre_closed_from_days=900")


def test_no_draw_of_the_disease_can_break_a_relation():
    """Members of a posterior and of an ensemble change uncertain numbers only; no relation has one.

    Where a new one has, ``conf.uncertain.with_values`` must keep the draws inside, as it does with shares.
    """
    uncertain = {number.key for number in uncertain_numbers()}
    related = {key for relation in RELATIONS for key in relation.keys}
    assert related & uncertain == set()
    assert {key for key in related if "[" not in key} & {key.partition("[")[0] for key in uncertain} == set()


def lists(tree, above=""):
    for key, value in tree.items():
        if isinstance(value, list):
            yield f"{above}{key}", value


NAMED_BY_KIND = [
    (f"{section}.{key}", value)
    for section, tree in TREES.items()
    for key, value in lists(tree)
    if re.search(r"_shares$|(^|_)bounds(_|$)", key)
]


@pytest.mark.parametrize(("key", "value"), NAMED_BY_KIND, ids=[key for key, _ in NAMED_BY_KIND])
def test_every_list_of_shares_or_bounds_is_refused_backwards_or_halved(key, value):
    check_list(key, value)
    wrong = [number / 2 for number in value] if key.endswith("_shares") else value[::-1]
    with pytest.raises(InputError, match=re.escape(key)):
        check_list(key, wrong)
    section = key.partition(".")[0]
    with pytest.raises(InputError, match=re.escape(key)):
        checked(section, {**TREES[section], key.partition(".")[2]: wrong}, TREES[section])


def test_there_are_lists_of_both_kinds():
    assert {key.endswith("_shares") for key, _ in NAMED_BY_KIND} == {True, False}


small = st.floats(0, 1)


@given(st.lists(small, min_size=2, max_size=6))
def test_bounds_rise_or_are_refused(numbers):
    rising = all(a < b for a, b in itertools.pairwise(numbers))
    try:
        check_list("a.size_bounds_mm", numbers)
    except InputError as error:
        assert not rising and "a.size_bounds_mm" in str(error)
    else:
        assert rising


@given(small, small, st.lists(small, min_size=3, max_size=3), st.lists(small, min_size=3, max_size=3))
def test_a_relation_holds_or_names_its_keys(low, high, first, second):
    trees = {"a": {"low_mm": low, "high_mm": high, "one_share": first, "two_share": second}}
    for relation, holds in (
        (not_above("a.low_mm", "a.high_mm", "x"), low <= high),
        (
            parts_of_one("a.one_share", "a.two_share", why="x"),
            max(map(sum, zip(first, second, strict=True))) <= 1 + 1e-6,
        ),
        (always("a.one_share[-1]", 0, "x"), first[-1] == 0),
    ):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(relations, "RELATIONS", (relation,))
            assert (broken(trees) == []) == holds
            if not holds:
                with pytest.raises(InputError) as refusal:
                    check(trees, a="mine")
                assert all(f"mine.{key.partition('.')[2]}=" in str(refusal.value) for key in relation.keys)
