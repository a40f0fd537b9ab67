"""What rules by risk group are called, and how policies with them differ."""

import pytest

from analysis.words.guideline import by_group, condition_words, groups_in, rule_of
from analysis.words.report import difference_words, differing, lever_words, setting
from analysis.words.sweep import lever_words as swept_lever_words
from analysis.words.sweep import number_words, value_words
from conf.composition import composing
from conf.policies import LEVERS, read_policy, with_levers
from conf.schema import leaves, shipped, shipped_sections


@pytest.fixture(scope="module")
def levers():
    with composing():
        names = ("tme_alone", "dutch_2014", "total_neoadjuvant_for_high_risk", "japanese")
        return {name: read_policy(name).levers() for name in names}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("guideline.high.short_axis_mm", "short axis (group high), mm"),
        ("guideline.low_advanced.ct", "cT (group low advanced)"),
        ("guideline.high.condition", "condition (group high)"),
        ("high.neoadjuvant", "neoadjuvant (group high)"),
        ("high.lateral_threshold_mm", "lateral threshold (group high), mm"),
        ("surgery.leak_probability", "leak probability"),
        ("washout", "washout"),
    ],
)
def test_a_swept_rule_names_its_group_and_ends_in_its_unit(name, words):
    assert number_words(name) == words


def test_no_number_of_the_model_is_taken_for_a_rule_by_group():
    keys = [
        *leaves("cohort", shipped("cohort/dutch_contemporary")),
        *leaves("clinic", shipped("clinic/regional")),
    ]
    for section in shipped_sections():
        keys += leaves(section, shipped(f"parameters/{section}"))
    assert len(keys) > 200
    assert [key for key in (*keys, *LEVERS) if rule_of(key)] == []


def test_a_lever_of_a_group_in_a_sentence_has_no_second_brackets():
    assert swept_lever_words("guideline.high.short_axis_mm") == "short axis of group high"


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("ct >= t4a or fascia_threatened or cn == 2 or short_axis_mm >= 7",
         "cT ≥ T4a or fascia threatened or cN = 2 or short axis ≥ 7 mm"),
        ("height_above_verge_cm<=5 and not emvi", "height above the verge ≤ 5 cm and not EMVI"),
        ("ct in (t1, t2)", "cT in (T1, T2)"),
        ("otherwise", "whoever is left"),
    ],
)  # fmt: skip
def test_a_condition_reads_as_a_clinician_writes_it(condition, words):
    assert condition_words(condition) == words
    assert condition == "otherwise" or value_words(condition) == words


def test_the_levers_of_groups_are_named_and_a_group_that_sets_none_has_what_all_have(levers):
    dutch = levers["dutch_2014"]
    assert by_group(dutch) == {
        "high.neoadjuvant": "chemoradiotherapy",
        "intermediate.neoadjuvant": "short_course",
        "low.neoadjuvant": "none",
    }
    assert [(one.group, one.moment) for one in groups_in(dutch)] == [
        (group, "at the first team meeting") for group in ("high", "intermediate", "low")
    ]
    assert groups_in(levers["tme_alone"]) == []
    assert setting(levers["tme_alone"], "high.neoadjuvant") == "none"
    assert lever_words("high.neoadjuvant") == "treatment before surgery (group high)"


def test_policies_that_differ_in_one_group_differ_in_that_alone(levers):
    one, other = levers["total_neoadjuvant_for_high_risk"], levers["dutch_2014"]
    assert differing(one, other) == ["high.neoadjuvant"]
    assert difference_words(one, other) == (
        "treatment before surgery (group high): total neoadjuvant instead of chemoradiotherapy"
    )
    assert differing(one, one) == []
    assert "guideline" in differing(one, levers["japanese"])


def test_a_condition_that_differs_is_named_with_both():
    with composing():
        dutch = read_policy("dutch_2014")
        strict = with_levers(dutch, {"guideline.high.short_axis_mm": 10})
    assert differing(strict.levers(), dutch.levers()) == ["guideline.high.condition"]
    words = difference_words(strict.levers(), dutch.levers())
    assert "short axis ≥ 10 mm" in words and words.endswith("short axis ≥ 7 mm")


@pytest.mark.parametrize("groups", [None, 3, [], {"high": 3}, {"high": {"nothing": 1}}])
@pytest.mark.parametrize("guideline", [None, 3, {"meeting": 3}, {"meeting": [3]}])
def test_a_folder_that_was_received_may_hold_anything_as_groups(groups, guideline):
    received = {"guideline": guideline, "groups": groups}
    assert by_group(received) == {} and groups_in(received) == []
    assert differing(received, received) == []


def test_groups_without_an_order_are_shown_as_those_of_a_list_are(tmp_path):
    for group, text in (
        ("guideline", "meeting:\n  high: ct >= t4a\n  low: otherwise\n"),
        ("policy", "guideline: mine\nhigh: {neoadjuvant: chemoradiotherapy, neoadjuvant_for: high_risk}\n"),
    ):
        (tmp_path / group).mkdir()
        (tmp_path / group / "mine.yaml").write_text(text, "utf-8")
    with composing(tmp_path):
        own = read_policy("mine").levers()
    assert [(one.group, one.condition) for one in groups_in(own)] == [
        ("high", "ct >= t4a"),
        ("low", "otherwise"),
    ]
    assert by_group(own) == {"high.neoadjuvant": "chemoradiotherapy", "high.neoadjuvant_for": "high_risk"}
