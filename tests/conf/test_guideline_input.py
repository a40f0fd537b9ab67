"""Guidelines: what a file may say, and what is refused, in one line that names it."""

import itertools

import numpy as np
import pytest
import yaml

from conf import composition as library
from conf.composition import composing
from conf.condition import read_condition
from conf.guideline import Guideline, read_guideline
from conf.input_error import InputError
from conf.policies import read_policy
from sim.seen import MOST_GROUPS, MOST_TESTS, Moment, Seen, seen_from

BY_MOMENT = {"meeting": Moment.MEETING, "restaging": Moment.RESTAGING, "pathology": Moment.PATHOLOGY}
UNSEEN = ("nodes", "lateral_involved", "aggressiveness", "radiosensitivity")


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a guideline file and reads it."""
    (tmp_path / "guideline").mkdir()

    def written(text: str) -> Guideline:
        (tmp_path / "guideline" / "mine.yaml").write_text(text, "utf-8")
        with composing(tmp_path):
            return read_guideline("mine")

    return written


@pytest.fixture
def refusal(write):
    """Return a function that returns the one line by which a guideline file is refused."""

    def refused(text: str) -> str:
        with pytest.raises(InputError) as error:
            write(text)
        message = str(error.value)
        assert "\n" not in message and message.isprintable()
        assert message.startswith(("guideline mine: ", "guideline/mine.yaml: "))
        return message

    return refused


def of(moment, condition, name="high"):
    return f"{moment}:\n  - {name}: {condition}\n"


# What a file may say.


def test_the_groups_of_a_list_keep_their_order_and_moment(write):
    mine = write("pathology: [{bad: crm_involved}]\nmeeting:\n  - b: ct == t4b\n  - a: otherwise\n")
    assert [(g.name, g.moment, g.condition) for g in mine.groups] == [
        ("b", Moment.MEETING, "ct == t4b"),
        ("a", Moment.MEETING, "otherwise"),
        ("bad", Moment.PATHOLOGY, "crm_involved"),
    ]


@pytest.mark.parametrize(
    "condition",
    [
        "ct >= t3cd or fascia_threatened", "not female", "5 <= short_axis_mm < 7", "ct in (t1, t2)",
        "ct not in [t4a, t4b]", "t4a <= ct", "true", "'false'", "female == true",
        "cn == 2 and not (emvi or unfit)",
        "age_years > 70.5", "height_above_verge_cm >= 5", "ct != 3", "t4a == ct", "short_axis_mm > -1",
    ],
)  # fmt: skip
def test_what_a_clinician_sees_can_be_asked_for(write, condition):
    assert write(of("meeting", condition)).names() == ["high"]


@pytest.mark.parametrize("moment", BY_MOMENT)
def test_every_column_that_is_seen_by_then_can_be_asked_for_and_no_other(write, refusal, moment):
    for column in Seen:
        name = column.name.lower()
        if seen_from(column) <= BY_MOMENT[moment]:
            assert write(of(moment, f"{name} >= 1")).names() == ["high"]
        else:
            message = refusal(of(moment, f"{name} >= 1"))
            when = {"meeting": "at the first team meeting", "restaging": "at restaging"}[moment]
            assert f"{name} is not known {when}: it is seen " in message
            assert f"{moment}: high={name} >= 1" in message


def test_groups_without_an_order_are_accepted_where_nobody_is_in_two(write):
    for text in (
        "{high: ct >= t4a, low: ct < t4a}",
        "{a: short_axis_mm >= 7, b: short_axis_mm < 7}",
        "{a: ct <= t2, b: t_category == 3, c: t_category > 3}",
        "{a: 'ct in (t1, t2) and emvi', b: 'ct in (t1, t2) and not emvi', rest: otherwise}",
        "{a: 5 <= short_axis_mm < 7, b: 7 <= short_axis_mm < 9, c: short_axis_mm < 5}",
        "{a: cn > 1, b: cn == 1}",
        "{a: cn > 2, b: cn > 1.5}",  # nobody is in a
        "{a: ct == t1 and false, b: female}",
        "{a: 'false', b: 'true'}",
    ):
        assert len(write(f"meeting: {text}\n").names()) >= 2, text


def test_a_condition_over_several_lines_is_one(write):
    assert write("meeting:\n  - high: >\n      ct >= t4a\n      or emvi\n").groups[0].condition
    assert write("meeting:\n  - high: |\n      ct >= t4a\n      or emvi\n").groups[0].condition


def test_a_margin_that_there_is_none_of_can_be_asked_for(write):
    assert write(of("pathology", "distal_margin_mm == never")).names() == ["high"]


# What is refused.


@pytest.mark.parametrize("name", UNSEEN)
@pytest.mark.parametrize("moment", BY_MOMENT)
def test_a_hidden_trait_is_refused_by_name(refusal, moment, name):
    message = refusal(of(moment, f"{name} > 0"))
    assert (
        f"{moment}: high={name} > 0: {name} is hidden: no clinician sees it; there are age_years, " in message
    )


@pytest.mark.parametrize(
    ("moment", "condition", "part"),
    [
        ("meeting", "ctt == t3ab", "ctt is not a column; did you mean ct?; there are age_years, female"),
        ("meeting", "ct == t3", "t3 is not one of t1, t2, t3ab, t3cd, t4a, t4b; did you mean "),
        ("meeting", "age_years > old", "old is no number"),
        ("meeting", "recurred", "recurred is not known at the first team meeting"),
        ("pathology", "death_day > 3", "death_day is not known when the specimen has been read"),
        ("meeting", "ct", "ct is no flag; compare it with a number"),
        ("meeting", "emvi > fascia_threatened", "fascia_threatened is no number"),
        ("meeting", "age_years + 1 > 70", "age_years + 1 is no column"),
        ("meeting", "age_years > 35 + 35", "35 + 35 is no number"),
        ("meeting", "ct in t1", "is not understood; a list follows in, as in ct in (t1, t2)"),
        ("meeting", "ct == (t1, t2)", "is no number"),
        ("meeting", "ct is t1", "is not understood"),
        ("meeting", "emvi if female else unfit", "is not allowed"),
        ("meeting", "len(ct) > 2", "is no column"),
        ("meeting", "__import__('os').system('true')", "is not allowed"),
        ("meeting", "ct.real == 2", "is no column"),
        ("meeting", "3", "is not allowed"),
        ("meeting", "1 < 2", "is no column"),
        ("meeting", "ct ==", "not understood"),
        ("meeting", "ct == t1; emvi", "not understood"),
        ("meeting", "emvi and", "not understood"),
        ("meeting", "emvi and 1", "is not allowed"),
    ],
)
def test_what_is_no_condition_is_refused_with_the_part(refusal, moment, condition, part):
    assert part in refusal(of(moment, f'"{condition}"'))


def test_a_condition_that_is_too_long_is_refused(refusal):
    assert "at most 300 characters, not 360" in refusal(
        of("meeting", " or ".join(["emvi"] * 44 + ["  ct == t1"]))
    )


@pytest.mark.parametrize("deep", ["not " * 74 + "emvi", "(" * 140 + "emvi" + ")" * 140])
def test_the_deepest_condition_of_that_length_is_read(write, deep):
    assert write(of("meeting", deep)).names() == ["high"]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "its file names no group; write meeting: [{high: "),
        ("description: nothing\n", "its file names no group"),
        ("- high: emvi\n", "must hold lines of the form key: value"),
        ("meetings: [{high: emvi}]\n", "meetings: there is no such moment; did you mean meeting?"),
        ("high: emvi\n", "high: there is no such moment; there are: meeting, restaging, pathology"),
        ("meeting: emvi\n", "meeting=emvi: must be a list of groups, as in [{high: "),
        ("meeting: [emvi]\n", "meeting=[emvi]: must be a list of groups"),
        ("meeting: [{}]\n", "must be a list of groups"),
        ("meeting: 3\n", "meeting=3: must be a list of groups"),
        ("meeting: null\n", "must be a list of groups"),
        ("meeting: [[{high: emvi}]]\n", "must be a list of groups"),
        ("meeting: [{high: 3}]\n", "meeting: high=3: must be a condition, as in "),
        ("meeting: [{high: [emvi]}]\n", "high=[emvi]: must be a condition"),
        ("meeting: [{high: null}]\n", "high=null: must be a condition"),
        ("meeting: [{high: {if: emvi}}]\n", "must be a condition"),
        ("meeting: [{high: ''}]\n", "high="),
        ("meeting: [{high: emvi}, {high: unfit}]\n", "high: the name of two groups"),
        ("meeting: [{high: emvi}]\npathology: [{high: leaked}]\n", "high: the name of two groups"),
        ("meeting: {high: emvi, high: unfit}\n", "the key high appears twice"),
        ("meeting: [{low: otherwise}, {high: emvi}]\n", "low: otherwise is who is left, so it comes last"),
        ("meeting: {low: otherwise, high: emvi}\n", "low: otherwise is who is left, so it comes last"),
        ("meeting: [{low: otherwise}, {high: otherwise}]\n", "comes last"),
        ("meeting: [{low: otherwise or emvi}]\n", "otherwise is not a column"),
        ("meeting: [{high risk: emvi}]\n", "high risk: must be the name of a group: letters, digits and _"),
        ("meeting: [{high-risk: emvi}]\n", "high-risk: must be the name of a group"),
        ("meeting: [{3: emvi}]\n", "3: must be the name of a group"),
        ("meeting: [{a.b: emvi}]\n", "a.b: must be the name of a group"),
        ("meeting: [{a+b: emvi}]\n", "a+b: must be the name of a group"),
        ("meeting: [{otherwise: emvi}]\n", "otherwise: must be the name of a group"),
        ("meeting: [{high: emvi, low: unfit}]\n", "each item of the list names one group"),
        (
            "meeting: {a: short_axis_mm >= 5, b: short_axis_mm >= 7}\n",
            "meeting: a and b overlap, as for short_axis_mm 7, and have no order; write them as a list",
        ),
        (
            "meeting: {a: short_axis_mm > 5, b: short_axis_mm < 5.5}\n",
            "a and b overlap, as for short_axis_mm 5",
        ),
        ("meeting: {a: emvi, b: female, rest: otherwise}\n", "and b overlap, as for emvi true, female true,"),
        ("meeting: {a: ct <= t3ab, b: t_category == 3}\n", "overlap, as for ct t3ab, t_category 3,"),
        ("meeting: {a: emvi, b: 'true'}\n", "a and b overlap"),
        ("meeting: [{a: emvi}]\npathology: {b: leaked, c: perforated}\n", "pathology: b and c overlap"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_guideline_is_refused_with_what_is_wrong(refusal, text, part):
    assert part in refusal(text)


def test_too_many_groups_and_comparisons_are_refused_with_the_most(write, refusal):
    def groups(count):
        return "meeting:\n" + "".join(f"  - g{k}: age_years > {k}\n" for k in range(count))

    assert len(write(groups(MOST_GROUPS)).names()) == MOST_GROUPS
    assert f"{MOST_GROUPS + 1} groups; at most {MOST_GROUPS} are allowed" in refusal(groups(MOST_GROUPS + 1))
    many = " or ".join(["cn == 1"] * 25)
    text = "meeting:\n" + "".join(f"  - g{k}: {many}\n" for k in range(4))
    assert f"100 comparisons; at most {MOST_TESTS} are allowed" in refusal(text)


def test_groups_without_an_order_of_too_many_comparisons_are_refused_and_as_a_list_accepted(write, refusal):
    flags = ("female", "unfit", "emvi", "fascia_threatened", "high_risk")
    sizes = [
        f"{name} > {k}" for name in ("age_years", "short_axis_mm", "height_above_verge_cm") for k in (5, 7, 9)
    ]
    one = " and ".join([*flags, "ct > t1", "cn > 0", *sizes])
    assert "too many comparisons to find whether groups overlap" in refusal(
        f"meeting:\n  a: {one}\n  b: not emvi\n"
    )
    assert write(f"meeting:\n  - a: {one}\n  - b: not emvi\n").names() == ["a", "b"]


def test_an_unknown_guideline_is_refused_with_the_nearest():
    with composing(), pytest.raises(InputError, match="dutch_2014") as refused:
        read_guideline("dutch_2041")
    assert "did you mean dutch_2014?" in str(refused.value)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/b", ""])
def test_a_guideline_is_named_by_its_bare_name(name):
    with composing(), pytest.raises(InputError, match="there is no such guideline"):
        read_guideline(name)


# What a file says is what content gives back.


@pytest.mark.parametrize(
    "text",
    [
        "meeting: [{a: emvi}, {b: otherwise}]\n",
        "meeting: {a: emvi, b: not emvi}\nrestaging: [{c: boosted}]\npathology: [{d: leaked}]\n",
    ],
)
def test_a_guideline_read_from_its_content_is_the_same(write, tmp_path, text):
    mine = write(text)
    content = mine.content()
    assert content.pop("name") == "mine"
    assert write(yaml.safe_dump(content, sort_keys=False)) == mine


def test_another_number_in_groups_without_an_order_is_refused_where_they_then_overlap(write):
    mine = write("meeting: {a: short_axis_mm >= 7, b: short_axis_mm < 7}\n")
    with pytest.raises(InputError, match="a and b overlap, as for short_axis_mm 5"):
        mine.changed("guideline.a.short_axis_mm", "a", "short_axis_mm", 5)
    assert mine.changed("guideline.a.short_axis_mm", "a", "short_axis_mm", 9).of("a").condition


@pytest.mark.parametrize(
    ("condition", "column", "value", "expected"),
    [
        ("ct >= t4a or short_axis_mm >= 7", "short_axis_mm", 9, "short_axis_mm >= 9"),
        ("ct >= t4a or short_axis_mm >= 7", "ct", "t3cd", "ct >= t3cd"),
        ("7 <= short_axis_mm", "short_axis_mm", 5.5, "5.5 <= short_axis_mm"),
        ("not cn == 2", "cn", 1, "not cn == 1"),
    ],
)
def test_a_number_of_a_condition_can_be_changed_by_its_column(write, condition, column, value, expected):
    mine = write(of("meeting", condition)).changed(f"guideline.high.{column}", "high", column, value)
    assert expected in mine.of("high").condition


@pytest.mark.parametrize(
    ("column", "value", "part"),
    [
        ("age_years", 70, "does not compare it with a number; set guideline.high.condition instead"),
        ("short_axis_mm", 7, "compares it more than once"),
        ("ct", "t9", "t9 is not one of t1"),
        ("ct", [1], "must be a number, or a word for one"),
        ("ct", float("nan"), "must be a number, or a word for one"),
        ("ct", float("inf"), "must be a number, or a word for one"),
        ("ct", True, "must be a number"),
        ("condition", 3, "must be a condition, as in "),
        ("condition", "nodes > 0", "nodes is hidden"),
    ],
)
def test_a_change_that_makes_no_condition_is_refused(write, column, value, part):
    mine = write(of("meeting", "ct >= t4a or 5 <= short_axis_mm < 9"))
    with pytest.raises(InputError) as refused:
        mine.changed(f"guideline.high.{column}", "high", column, value)
    assert part in str(refused.value) and "\n" not in str(refused.value)


def test_overlap_is_found_wherever_a_fine_grid_finds_it(write, refusal):
    """Of pairs of conditions on two columns, against every value that they can have."""
    parts = ["short_axis_mm >= 7", "short_axis_mm < 5", "cn == 2", "cn in (0, 1)", "not short_axis_mm > 5"]
    texts = [
        *parts,
        *(f"{a} {word} {b}" for a, b in itertools.combinations(parts, 2) for word in ("and", "or")),
    ]
    sizes, nodes = (v.ravel() for v in np.meshgrid(np.arange(0, 10, 0.25), [0, 1, 2]))
    values = {"short_axis_mm": sizes, "cn": nodes}
    held = {}
    for text in texts:
        condition = read_condition("x", text)
        held[text] = condition.holds(condition.names(lambda name: values[name]))
    found = {True: 0, False: 0}
    for one, other in itertools.islice(itertools.combinations(texts, 2), 0, None, 3):
        overlap = bool((held[one] & held[other]).any())
        text = f"meeting: {{a: '{one}', b: '{other}'}}\n"
        if overlap:
            assert "overlap" in refusal(text), text
        else:
            assert write(text).names() == ["a", "b"], text
        found[overlap] += 1
    assert min(found.values()) > 5


def test_the_shipped_guidelines_can_be_read_and_used():
    with composing():
        for name in library.options("guideline"):
            assert read_guideline(name).groups
        assert read_policy("dutch_2014").guideline == read_guideline("dutch_2014")
