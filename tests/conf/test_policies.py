"""Policies: files that set a few levers, how they combine, and what is refused."""

import math
import re
from enum import IntEnum

import pytest
import yaml
from hydra.core.global_hydra import GlobalHydra

from conf import composition as library
from conf.composition import composing
from conf.input_error import InputError
from conf.policies import LEVERS, Policy, read_policy
from conf.schedules import MOST_VISITS, FollowUp, read_follow_up
from sim.policy import LateralDissection, OperationChoice, Regimen, Use

NEED_RADIOTHERAPY = (
    "lateral_after", "lateral_boost", "organ_preservation", "contact_boost", "local_excision_after_treatment",
)  # fmt: skip


@pytest.fixture(autouse=True)
def shipped_files():
    with composing():
        yield


def shipped(group):
    with composing():
        return library.options(group)


def changed(policy: Policy) -> set[str]:
    base = read_policy("tme_alone").levers()
    return {lever for lever, value in base.items() if policy.levers()[lever] != value}


def test_tme_alone_sets_every_lever_to_the_first_of_its_options():
    policy = read_policy("tme_alone")
    for lever, (kind, _) in LEVERS.items():
        value = getattr(policy, lever)
        if issubclass(kind, IntEnum):
            assert value is next(iter(kind)), lever
        elif kind is bool:
            assert value is False, lever
    assert policy.lateral_threshold_mm == 7.0
    assert policy.follow_up == read_follow_up("standard")


@pytest.mark.parametrize("name", shipped("policy"))
def test_every_shipped_policy_changes_only_what_its_file_says(name):
    content = library.read("policy", name)
    assert content["description"]
    needs_radiotherapy = name.startswith(NEED_RADIOTHERAPY)
    needs_radiotherapy = needs_radiotherapy and "guideline" not in content
    policy = read_policy(f"chemoradiotherapy+{name}" if needs_radiotherapy else name)
    allowed = set(content) | ({"neoadjuvant"} if needs_radiotherapy else set())
    assert changed(policy) <= allowed


@pytest.mark.parametrize("name", shipped("policy"))
def test_every_shipped_policy_but_the_base_can_differ_from_it(name):
    content = library.read("policy", name)
    levers = set(content) - {"description", "guideline"}
    if "guideline" in content:
        groups = set(read_policy(name).guideline.names())
        assert len(levers - groups) <= 1 and levers & groups
    elif name == "tme_alone":
        assert levers == set(LEVERS)
    else:
        assert 1 <= len(levers) <= 3


def test_combined_policies_set_the_levers_of_each():
    policy = read_policy("chemoradiotherapy+washout_always+expert_centre")
    assert policy.neoadjuvant is Regimen.CHEMORADIOTHERAPY
    assert policy.washout is Use.ALWAYS
    assert policy.recurrence_reirradiation
    assert changed(policy) == {
        "neoadjuvant",
        "washout",
        "recurrence_centre",
        "recurrence_induction_chemotherapy",
        "recurrence_reirradiation",
    }


def test_the_order_of_combining_does_not_matter():
    one, other = read_policy("short_course+washout_always"), read_policy("washout_always+short_course")
    assert one.records() == other.records()


def test_tme_alone_in_a_combination_changes_nothing():
    for name in ("tme_alone+short_course", "short_course+tme_alone"):
        assert read_policy(name).records() == read_policy("short_course").records()


def test_policies_that_set_a_lever_differently_are_refused_and_both_are_named():
    with pytest.raises(InputError) as refused:
        read_policy("short_course+washout_always+chemoradiotherapy")
    for word in ("short_course sets neoadjuvant=short_course", "chemoradiotherapy sets neoadjuvant="):
        assert word in str(refused.value)


@pytest.mark.parametrize(
    ("name", "levers"),
    [
        ("abdominoperineal_resection+diverting_stoma_always", ("operation", "diverting_stoma")),
        ("abdominoperineal_resection+leak_prevention", ("operation", "leak_prevention")),
        ("abdominoperineal_resection+washout_always", ("operation", "washout")),
        ("lateral_boost", ("lateral_boost", "neoadjuvant")),
        ("lateral_after_5mm", ("lateral_dissection", "neoadjuvant")),
        ("organ_preservation", ("organ_preservation", "neoadjuvant")),
        ("short_course+organ_preservation_strict", ("organ_preservation", "neoadjuvant")),
        ("local_excision_after_treatment", ("local_excision", "neoadjuvant")),
        ("contact_boost", ("contact_boost", "neoadjuvant")),
        (
            "chemoradiotherapy+organ_preservation+lateral_routine",
            ("organ_preservation", "lateral_dissection"),
        ),
        ("local_excision_t2+lateral_routine", ("local_excision", "lateral_dissection")),
        (
            "chemoradiotherapy+organ_preservation_planned+abdominoperineal_resection",
            ("organ_preservation", "operation"),
        ),
        ("local_excision+abdominoperineal_resection", ("local_excision", "operation")),
    ],
)
def test_contradictory_levers_are_refused_and_both_are_named(name, levers):
    with pytest.raises(InputError) as refused:
        read_policy(name)
    for lever in levers:
        assert f"{lever}=" in str(refused.value)


@pytest.mark.parametrize(
    ("name", "way_out"),
    [
        ("organ_preservation", "combine it, as in total_neoadjuvant+organ_preservation"),
        ("short_course+organ_preservation", "use neoadjuvant=short_course_delayed"),
        ("short_course+local_excision_after_treatment", "use neoadjuvant=short_course_delayed"),
        ("contact_boost", "combine it, as in chemoradiotherapy+contact_boost"),
        ("local_excision+lateral_routine", "use lateral_dissection=size_after"),
        ("local_excision+abdominoperineal_resection", "use operation=tailored"),
    ],
)
def test_a_refusal_of_organ_preservation_ends_with_the_way_out(name, way_out):
    with pytest.raises(InputError, match=re.escape(f"policy {name}: ")) as refused:
        read_policy(name)
    assert way_out in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_organ_is_not_kept_without_a_schedule_of_surveillance(own):
    own("follow_up", "once", "visit_months: [12]\nct_months: []\nmri_months: []")
    own("policy", "seen_once", "follow_up: once")
    assert read_policy("chemoradiotherapy+seen_once").follow_up.watch_months == ()
    for policy in ("chemoradiotherapy+seen_once+organ_preservation", "seen_once+local_excision"):
        with pytest.raises(InputError) as refused:
            read_policy(policy)
        for word in ("follow_up=once has no watch_months", "use follow_up=standard, or add them to the file"):
            assert word in str(refused.value)


@pytest.mark.parametrize("name", ["short_corse", "tme_alone+short_corse"])
def test_an_unknown_policy_is_refused_with_the_nearest_name(name):
    with pytest.raises(InputError, match=r"short_corse.*did you mean short_course\?"):
        read_policy(name)


@pytest.mark.parametrize("name", ["", "+", "short_course+", "short_course++for_everyone"])
def test_an_empty_part_of_a_combination_is_refused(name):
    with pytest.raises(InputError, match="names joined by"):
        read_policy(name)


def test_the_record_of_a_policy_holds_numbers_only():
    (plan,) = read_policy("chemoradiotherapy+lateral_after_5mm+washout_never").records()
    record = plan["policy"]
    assert set(record) == set(LEVERS) - {"follow_up"}
    assert record["neoadjuvant"] == Regimen.CHEMORADIOTHERAPY.value
    assert record["lateral_dissection"] == LateralDissection.SIZE_AFTER.value
    assert record["lateral_threshold_mm"] == 5.0
    assert record["washout"] == Use.NEVER.value
    assert record["operation"] == OperationChoice.TAILORED.value
    assert {type(value) for value in record.values()} == {int, float, bool}


@pytest.fixture
def own(tmp_path):
    """Write files into a folder of one's own, as --config-dir names it."""

    def write(group, name, text):
        (tmp_path / group).mkdir(exist_ok=True)
        (tmp_path / group / f"{name}.yaml").write_text(text, "utf-8")

    GlobalHydra.instance().clear()
    with composing(tmp_path):
        yield write


def test_written_levers_read_back_to_the_same_policy(own):
    """What config.yaml says of a policy is a policy file."""
    policy = read_policy("chemoradiotherapy+lateral_after_5mm+washout_never+follow_up_intensive")
    own("policy", "copy", yaml.safe_dump({**policy.levers(), "follow_up": policy.follow_up.name}))
    assert read_policy("copy").records() == policy.records()
    assert read_policy("copy").follow_up == policy.follow_up


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("washot: always", "washot=always: there is no such lever; did you mean washout?"),
        ("washout: alwys", "washout=alwys: must be one of usual, never, always; did you mean always?"),
        ("washout: [always]", "washout=[always]: must be one of usual, never, always"),
        ("washout: 2", "washout=2: must be one of"),
        ("lateral_boost: maybe", "lateral_boost=maybe: must be true or false"),
        ("lateral_boost: 1", "lateral_boost=1: must be true or false"),
        ("lateral_threshold_mm: 0.5", "lateral_threshold_mm=0.5: out of range; must be from 1 to 30"),
        ("lateral_threshold_mm: big", "lateral_threshold_mm=big: must be a number, from 1 to 30"),
        ("follow_up: intensiv", "did you mean intensive?"),
        ("operation: hartmann\ndiverting_stoma: always", "operation=hartmann leaves no anastomosis"),
        ("local_excision_up_to: t4a", "local_excision_up_to=t4a: must be one of t1, t2, t3ab"),
        ("local_excision: primry", "one of never, primary, after_treatment; did you mean primary?"),
        ("organ_preservation: always", "must be one of never, complete, near_complete, planned"),
        ("contact_boost: 1", "contact_boost=1: must be true or false"),
        ("defaults: [short_course]", "combine policies by name"),
        ("- washout", "must hold lines of the form key: value"),
    ],
)
def test_a_wrong_policy_file_is_refused_by_lever_and_value(own, text, message):
    own("policy", "mine", text)
    with pytest.raises(InputError) as refused:
        read_policy("mine")
    assert "mine" in str(refused.value)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("visit_months: [6, 12]\nct_months: [9]\nmri_months: []", "month 9 is not one of visit_months"),
        ("visit_months: [12, 6]\nct_months: []\nmri_months: []", "months must increase"),
        ("visit_months: [6, 6]\nct_months: []\nmri_months: []", "months must increase"),
        ("visit_months: [6.5]\nct_months: []\nmri_months: []", "visit_months=6.5: must be a whole number"),
        ("visit_months: [0]\nct_months: []\nmri_months: []", "visit_months=0: must be a whole number of 1"),
        ("visit_months: 6\nct_months: []\nmri_months: []", "must be a list of whole months"),
        ("visit_months: [6]\nct_months: []", "mri_months=null"),
        (
            "visit_months: []\nct_months: []\nmri_months: []\nwatch_months: [4]\nwatch_mri_months: [6]",
            "watch_mri_months: month 6 is not one of watch_months, [4]",
        ),
        (
            "visit_months: []\nct_months: []\nmri_months: []\nwatch_month: [4]",
            "did you mean watch_months?",
        ),
        ("visit_months: [6]\nct_months: []\nmri_month: []", "did you mean mri_months?"),
        (f"visit_months: {list(range(1, 26))}\nct_months: []\nmri_months: []", "25 visits; at most 24"),
    ],
)
def test_a_wrong_schedule_is_refused_by_key_and_value(own, text, message):
    own("follow_up", "mine", text)
    with pytest.raises(InputError) as refused:
        read_follow_up("mine")
    assert "mine" in str(refused.value)
    assert message in str(refused.value)


@pytest.mark.parametrize("name", shipped("follow_up"))
def test_a_schedule_fills_24_places_with_days_and_examinations(name):
    schedule = read_follow_up(name)
    record = schedule.record()
    assert {len(values) for values in record.values()} == {MOST_VISITS}
    days = [day for day in record["visit_days"] if math.isfinite(day)]
    assert len(days) == len(schedule.visit_months)
    assert days == sorted(days)
    assert days[-1] == pytest.approx(5 * 365.25)
    assert sum(record["ct"]) == len(schedule.ct_months)
    assert sum(record["mri"]) == len(schedule.mri_months)


def test_an_examination_falls_on_the_day_of_its_visit():
    record = FollowUp("own", (6, 12, 24), (12,), (24,)).record()
    assert record["visit_days"][:4] == [182.625, 365.25, 730.5, math.inf]
    assert record["ct"][:4] == [0.0, 1.0, 0.0, 0.0]
    assert record["mri"][:4] == [0.0, 0.0, 1.0, 0.0]


def test_more_intensive_schedules_see_the_patient_more():
    visits = [len(read_follow_up(name).visit_months) for name in ("minimal", "standard", "intensive")]
    scans = [len(read_follow_up(name).ct_months) for name in ("minimal", "standard", "intensive")]
    assert visits == sorted(visits)
    assert visits[0] < visits[2]
    assert scans == sorted(set(scans))
