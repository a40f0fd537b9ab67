"""The schema: every number has a unit and a range, and everything else is refused by name."""

import copy
import math
from pathlib import Path

import pytest
from hydra import compose
from omegaconf import OmegaConf

from conf import schema, units
from conf.composition import composing
from conf.input_error import InputError
from conf.run import world_trees
from conf.schema import checked, compose_run, read_run, shipped, shipped_sections, unknown_key
from sim.parameters import pack

CONF = Path(schema.__file__).parent
FILES = ["cohort/dutch_contemporary", *(f"parameters/{section}" for section in shipped_sections())]


def numbers(tree, path=()):
    """Yield the path and the value of every number or list in a tree."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from numbers(value, (*path, key))
        else:
            yield (*path, key), value


def with_value(tree, path, value):
    changed = copy.deepcopy(tree)
    branch = changed
    for key in path[:-1]:
        branch = branch[key]
    branch[path[-1]] = value
    return changed


NUMBERS = [(file, path, value) for file in FILES for path, value in numbers(shipped(file))]
NAMES = [".".join((file.split("/")[1], *path)) for file, path, _ in NUMBERS]


@pytest.fixture(scope="module")
def run():
    return compose_run()


def refusal(file, path, value):
    """Return the full key of a number, and the message that refuses a value there."""
    section = "cohort" if file.startswith("cohort") else file.split("/")[1]
    with pytest.raises(InputError) as refused:
        checked(section, with_value(shipped(file), path, value), shipped(file))
    return ".".join((section, *path)), str(refused.value)


@pytest.mark.parametrize("cohort", sorted(file.stem for file in (CONF / "cohort").glob("*.yaml")))
def test_every_shipped_cohort_lies_in_its_ranges(cohort):
    assert compose_run(f"cohort={cohort}").cohort.keys() == shipped("cohort/dutch_contemporary").keys()


@pytest.mark.parametrize("scenario", sorted(file.stem for file in (CONF / "scenario").glob("*.yaml")))
def test_every_shipped_scenario_can_be_run(scenario):
    assert compose_run(f"scenario={scenario}").policies


def test_the_settings_are_those_of_the_main_job():
    written = OmegaConf.load(CONF / "compare.yaml")
    assert set(written) - {"defaults"} == set(schema.RUN_KEYS)


def test_every_section_of_the_disease_reaches_the_run(run):
    assert tuple(run.parameters) == shipped_sections()


@pytest.mark.parametrize(("file", "path", "value"), NUMBERS, ids=NAMES)
def test_a_number_outside_its_range_is_refused_by_its_full_key(file, path, value):
    allowed = units.range_of(".".join(path))
    outside = [math.nan, math.inf]
    if math.isfinite(allowed.low):
        outside.append(allowed.low - 0.01 if allowed.low_allowed else allowed.low)
    if math.isfinite(allowed.high):
        outside.append(allowed.high + 0.01)
    for wrong in outside:
        given = [*value[:-1], wrong] if isinstance(value, list) else wrong
        key, message = refusal(file, path, given)
        assert message.startswith(key) and "out of range" in message


@pytest.mark.parametrize("wrong", [True, None, "0.5", {"a": 0.5}])
def test_what_is_no_number_is_refused(wrong):
    key, message = refusal("parameters/surgery", ("leak_probability",), wrong)
    assert message.startswith(key) and "must be a number" in message


@pytest.mark.parametrize("wrong", [0.5, [0.5], [], "0.5", [0.1, 0.2, "x", 0.4, 0.5]])
def test_a_list_keeps_its_length_and_holds_numbers(wrong):
    key, message = refusal("parameters/margin", ("sterilised_probability",), wrong)
    assert message.startswith(key) and "must be" in message


def test_a_key_that_is_not_there_is_refused_with_the_nearest_one():
    key, message = refusal("parameters/surgery", ("leak_probabilty",), 0.1)
    assert message.startswith(key) and "did you mean surgery.leak_probability?" in message


def test_a_key_that_is_missing_is_named():
    reference = shipped("parameters/surgery")
    given = {key: value for key, value in reference.items() if key != "leak_probability"}
    with pytest.raises(InputError, match=r"^surgery\.leak_probability: missing"):
        checked("surgery", given, reference)


@pytest.mark.parametrize(
    ("key", "inside", "outside"),
    [
        ("leak_probability", (0, 1), (-0.1, 1.1)),
        ("stoma_share", (0, 1), (-0.1, 1.1)),
        ("mri_sensitivity", (0, 1), (-0.1, 1.1)),
        ("mri_specificity", (0, 1), (-0.1, 1.1)),
        ("probability", (0, 1), (-0.1, 1.1)),
        ("wait_days", (0, 1e6), (-1,)),
        ("margin_mm", (0, 30), (-1,)),
        ("resection_minutes_per_side", (0, 90), (-1,)),
        ("onset_median_days", (0.1,), (0, -1)),
        ("size_sigma", (0, 2), (-0.1,)),
        ("leak_odds_ratio", (0.1, 9), (0, -1)),
        ("death_hazard_ratio", (0.1, 9), (0, -1)),
        ("onset_time_ratio", (0.1, 9), (0, -1)),
        ("trait_log_odds", (-9, 0, 9), ()),
        ("trait_log_odds_per_sd", (-9, 0, 9), ()),
        ("trait_log_odds_per_log_mm", (-9, 0, 9), ()),
        ("trait_log_ratio_per_sd", (-9, 0, 9), ()),
        ("deaths_per_year", (0, 9), (-0.1,)),
    ],
)
def test_the_unit_in_a_name_gives_the_range(key, inside, outside):
    allowed = units.range_of(f"section.{key}")
    assert all(allowed.holds(value) for value in inside)
    assert not any(allowed.holds(value) for value in (*outside, math.nan, math.inf, -math.inf))


@pytest.mark.parametrize("key", ["leak", "surgery.leak", "improbability", "surgery.probability_of_leak"])
def test_a_name_without_a_unit_is_refused(key):
    with pytest.raises(InputError, match="no unit"):
        units.range_of(key)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("patients=0", "patients=0: must be a whole number of 1 or more"),
        ("patients=2.5", "patients=2.5: must be a whole number"),
        ("patients=true", "patients=true: must be a whole number"),
        ("seed=-1", "seed=-1: must be a whole number of 0 or more"),
        ("replication=x", "replication=x: must be a whole number"),
        ("horizon_years=0", "horizon_years=0: out of range"),
        ("horizon_years=101", "horizon_years=101: out of range"),
        ("rows=1", "rows=1: must be true or false"),
        ("out=true", "out=true: must be the name of a folder"),
        ("policies=[]", "policies=[]: must be a list"),
        ("policies=tme_alone", "policies=tme_alone: must be a list"),
        ("policies=[tme_alone,short_course,tme_alone]", "tme_alone appears twice"),
        ("comparator=tme_alon", "did you mean tme_alone?"),
        ("comparator=total_neoadjuvant", "must be one of the run's policies"),
        ("comparator=[]", "must be one of the run's policies"),
        ("comparator=[tme_alone]", "must be one of the run's policies"),
        ("published=3", "published=3: must be a list"),
        ("published=[{evidence:x}]", "published[0]"),
        ("+patience=3", "did you mean patients?"),
        ("+surgery.leak_probabilty=0.1", "did you mean surgery.leak_probability?"),
        ("+follow_up=intensive", "policies=[tme_alone,"),
        ("~margin", "margin: missing"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(override, message):
    with pytest.raises(InputError) as refusal:
        compose_run(override)
    assert message in str(refusal.value)


def test_the_nearest_name_of_a_key_is_never_the_group_that_it_would_stand_in():
    for key, of_another in (("cohort.x", False), ("cohort", True), ("surgery.leak", False)):
        message = str(unknown_key(key, 3))
        assert f"did you mean {key.partition('.')[0]}?" not in message
        assert ("that can be set here" in message) == of_another


def test_a_published_figure_of_an_unknown_policy_is_refused():
    with composing():
        config = compose("compare", ["scenario=dutch_tme"])
        config.published[0].policy = "tme_alon"
        with pytest.raises(InputError, match="tme_alon"):
            read_run(config)


def test_the_comparator_is_the_first_policy_unless_it_is_named(run):
    assert run.comparator is run.policies[0]
    assert compose_run("comparator=tme_alone").comparator.name == "tme_alone"


def test_a_whole_number_may_be_written_with_an_exponent():
    assert compose_run("patients=1e5").patients == 100_000


def test_an_override_changes_one_number_and_no_other(run):
    changed = compose_run("surgery.leak_probability=0.08").resolved()
    usual = run.resolved()
    assert changed["surgery"].pop("leak_probability") == 0.08
    usual["surgery"] = {key: x for key, x in usual["surgery"].items() if key != "leak_probability"}
    assert changed == usual


def test_a_scenario_brings_its_cohort_policies_and_published_figures():
    run = compose_run("scenario=dutch_tme")
    assert [policy.name for policy in run.policies] == ["tme_alone", "short_course+for_everyone"]
    assert run.cohort == compose_run("cohort=dutch_tme").cohort != compose_run().cohort
    assert {(figure.policy, figure.horizon_years) for figure in run.published} == {
        (policy.name, horizon) for policy in run.policies for horizon in (2.0, 5.0, 10.0)
    }


def test_what_is_typed_wins_over_the_scenario():
    run = compose_run("scenario=dutch_tme", "cohort=dutch_contemporary", "policies=[tme_alone]")
    assert run.cohort == compose_run().cohort
    assert [policy.name for policy in run.policies] == ["tme_alone"]


def test_the_world_of_a_policy_packs_into_one_record(run):
    (policy,) = compose_run("policies=[chemoradiotherapy+lateral_after_5mm]").policies
    (world,) = pack(*world_trees(run, policy))
    assert world["policy"]["neoadjuvant"] == policy.neoadjuvant
    assert world["policy"]["lateral_threshold_mm"] == 5.0
    assert world["follow_up"]["visit_days"].shape == (24,)
    for section, keys in run.parameters.items():
        for key, value in keys.items():
            assert world[section][key].dtype == float
            assert world[section][key].tolist() == value


def test_the_worlds_of_two_policies_differ_only_in_what_the_policies_say():
    run = compose_run("policies=[tme_alone,short_course]")
    first, second = (world_trees(run, policy)[0] for policy in run.policies)
    assert {key for key in first if first[key] != second[key]} == {"policy"}


def test_the_resolved_run_composes_to_the_same_run(run):
    plain = run.resolved()
    # What the names of policies and of the life table stand for is written beside them, to be read.
    assert {*plain.pop("policy")} == {policy.name for policy in run.policies}
    assert plain.pop("life_table") == run.life_table.content()
    with composing():
        assert read_run(OmegaConf.create(plain)) == run


def test_shares_of_a_whole_must_add_up_to_one():
    with pytest.raises(InputError, match=r"cohort\.plane_shares.*add up to 1, not 0\.9"):
        compose_run("cohort.plane_shares=[0.5,0.3,0.1]")
    run = compose_run("cohort.plane_shares=[0.5,0.3,0.2]")
    assert run.cohort["plane_shares"] == [0.5, 0.3, 0.2]
