"""One patient's story: words, where the courses diverge and why, who is found, and the picture of it."""

import dataclasses
import functools
import re

import numpy as np
import pandas as pd
import pytest

from analysis.pages.story import PARTS, as_markdown, as_text, lines_of, story, where_lives_part
from analysis.pages.timeline import metastases, stretches, timeline
from analysis.pictures.look import SMALL, style, text_width
from analysis.words.vocabulary import ANSWERS_TO, SETTING, VOCABULARY
from conf.input_error import InputError
from conf.patient import PatientRun
from conf.policies import LEVERS
from conf.schema import compose_run
from experiments.cli.command import main
from experiments.patient import first_fitting, witness
from experiments.patient_conditions import ORIGINS, PatientCondition
from experiments.simulating.cohort import simulate, simulate_block
from sim.events import Event
from sim.parameters import pack
from sim.patient import ROW, YEAR_DAYS, Cause
from sim.policy import QueuePriority

DIFFERENT = "policies=[tme_alone,chemoradiotherapy,chemoradiotherapy+lateral_after_5mm]"


@functools.cache
def patient_run(*overrides):
    run = compose_run(*overrides)
    settings = {name: getattr(run, name) for name in run.__dataclass_fields__}
    return PatientRun(**settings, number=0, find=None)


def lives_of(*overrides, number=0):
    return [life for life, _ in witness(patient_run(*overrides), number)]


def narrated(*overrides, number=0):
    run = patient_run(*overrides)
    levers = {policy.name: policy.levers() for policy in run.policies}
    words = {name: lever.words for name, lever in LEVERS.items()}
    return story(number, lives_of(*overrides, number=number), levers, words, run.horizon_years)


def content(row):
    """Return a row's fields; the bytes between them mean nothing."""
    return tuple(np.asarray(row[name]).tobytes() for name in row.dtype.names)


@pytest.fixture(scope="module")
def cohort():
    """Rows of 2,000 patients under the three policies."""
    from conf.run import world_trees

    run = compose_run(DIFFERENT)
    worlds = {policy.name: pack(*world_trees(run, policy)) for policy in run.policies}
    return simulate_block(run, worlds, 0, 2000)


def test_every_event_has_words_and_the_hidden_ones_say_so():
    assert list(VOCABULARY) == list(Event)
    assert {event.name for event, words in VOCABULARY.items() if words.hidden} == {
        "RECURRENCE_ONSET",
        "RECURRENCE_PROGRESSION",
        "METASTASIS_ONSET",
        "PRIMARY_PROGRESSION",
        "METASTASIS_SEEDING",
        "REGROWTH_ONSET",
    }


def test_what_answers_to_a_lever_is_a_field_or_a_booking_and_every_lever_acts_somewhere():
    fields = {*ROW.names, *(f"agenda.{event.name}" for event in Event)}
    assert set(ANSWERS_TO) <= fields
    acting = {lever for levers in ANSWERS_TO.values() for lever in levers}
    assert acting == set(LEVERS) - {"queue_priority"}  # it moves queues, not one patient
    assert QueuePriority and set(SETTING) <= {
        member.lower() for lever in LEVERS.values() for member in getattr(lever.kind, "__members__", ())
    }


def test_every_event_of_many_patients_can_be_described_in_plain_words():
    seen = set()
    for number in range(40):
        for life in lives_of(DIFFERENT, "cohort=dutch_tme", number=number):
            for line in lines_of(life, 0, len(life.moments), ()):
                assert line.said
                for said in line.said:
                    assert re.fullmatch(r"[A-Z0-9].*\.", said.text), said.text
                    assert not re.search(r"\b(nan|inf|None)\b|_|<|Event|  ", said.text), said.text
            seen |= {moment.event for moment in life.moments}
    assert len(seen) > 15


QUEUE = (
    "clinic=strained",
    "clinic.linac_count=8",
    "patients=60",
    "horizon_years=2",
    "policies=[tme_alone,chemoradiotherapy+for_everyone]",
)


@pytest.fixture(scope="module")
def counted():
    """Rows by policy of the patients that ``lrrc compare`` counts in a clinic where they queue."""
    return {name: blocks[0] for name, blocks in simulate(compose_run(*QUEUE, "rows=true")).rows.items()}


@pytest.mark.parametrize("clock", ["simpy", "compiled"])
def test_a_patient_who_queues_has_the_life_that_compare_counts(counted, clock):
    waited = 0
    for number in (0, 7, 59):
        run = patient_run(*QUEUE, f"clock={clock}")
        for life, (row, journal) in witness(run, number):
            same = counted[life.policies[0]][number]
            assert same["number"] == number
            assert content(row[0]) == content(same)
            assert content(life.end) == content(same)
            assert sum(moment.waited_days for moment in life.moments) == pytest.approx(
                same["waited_days"].sum()
            )
            assert {day >= row[0]["diagnosed_day"] for day, _, _ in journal} == {True}
            waited += same["waited_days"].sum()
    assert waited > 5


def test_who_is_searched_for_queues_in_the_clinic_of_compare(counted):
    run = dataclasses.replace(patient_run(*QUEUE), find="waited_days_4 > 0")
    fits = np.logical_or.reduce([rows["waited_days"][:, 4] > 0 for rows in counted.values()])
    numbers, more = first_fitting(run, PatientCondition(run.find))
    assert numbers == np.flatnonzero(fits)[:10].tolist() != []
    assert more == (fits.sum() > 10)


def test_a_story_of_equal_courses_says_so():
    one = narrated("policies=[tme_alone,follow_up_minimal]", "horizon_years=0.1")
    assert one.partings[0][0] == "never" and one.columns == []
    assert len(one.shorts) == 1 and one.shorts[0][0] == "TME alone; Minimal follow-up"
    assert "The courses never diverge." in as_text(one)
    assert "the courses are the same" in as_markdown(one)


def test_the_moment_of_parting_is_the_first_differing_row_of_the_journal():
    parted = 0
    for number in range(40):
        lives = lives_of(DIFFERENT, number=number)
        different, partings = where_lives_part(lives)
        rows = [[(m.day, m.event, content(m.after)) for m in life.moments] for life in lives]
        first = next(
            (k for k in range(max(map(len, rows))) if len({tuple(r[k : k + 1]) for r in rows}) > 1), None
        )
        if first is None:
            assert partings == [] and len(different) == 1
            continue
        parted += 1
        assert partings[0].moment == first
        assert partings[0].day == min(r[first][0] for r in rows if len(r) > first)
        assert len(different) == len({tuple(r) for r in rows})
    assert parted > 10


@pytest.mark.parametrize(
    ("policy", "event", "lever"),
    [
        ("chemoradiotherapy+for_everyone", Event.TEAM_MEETING, "neoadjuvant"),
        ("washout_never", Event.RESECTION, "washout"),
        ("follow_up_intensive", Event.PATHOLOGY, "follow_up"),
        ("abdominoperineal_resection", Event.TEAM_MEETING, "operation"),
        ("postoperative_chemoradiotherapy", Event.PATHOLOGY, "postoperative_chemoradiotherapy"),
        ("expert_centre", Event.RECURRENCE_MEETING, "recurrence_centre"),
        ("diverting_stoma_always", Event.RESECTION, "diverting_stoma"),
        ("lateral_both_sides+lateral_before_5mm", Event.TEAM_MEETING, "lateral_dissection"),
    ],
)
def test_the_lever_that_acted_is_named_where_courses_diverge(policy, event, lever):
    policies = f"policies=[tme_alone,{policy}]"
    for number in range(100):
        _, partings = where_lives_part(lives_of(policies, number=number))
        if partings and partings[0].event == event:
            moment, reason = narrated(policies, number=number).partings[0]
            assert VOCABULARY[event].label in moment
            assert f"({lever})" in reason
            return
    pytest.fail("no life parts there")


def test_what_nobody_sees_is_stated_in_brackets_only():
    text = as_text(narrated(DIFFERENT, number=42))
    flat = re.sub(r"[│\s]+", " ", text)
    outside = re.sub(r"\[[^\]]*\]", "", flat)
    assert "there is tumour in a lateral node" in flat.lower()
    for hidden in ("Tumour left behind", "can be detected", "is missed", "lateral node on the left survives"):
        assert hidden not in outside
    assert max(map(len, text.splitlines())) <= 110


def test_lives_that_part_are_marked_and_their_columns_differ():
    three = (
        number for number in range(200) if len(where_lives_part(lives_of(DIFFERENT, number=number))[1]) > 1
    )
    one = narrated(DIFFERENT, number=next(three))
    assert [heading for heading, _ in one.columns] == [heading for heading, _ in one.shorts]
    assert len(one.columns) == 3 and len(one.partings) == 2
    for _, lines in one.columns:
        assert lines[0].parts
    page = as_markdown(one)
    assert page.count("\n| day 14 |") == 1 and PARTS in page


def test_a_patient_of_a_clinic_is_described_with_waits():
    lives = lives_of("policies=[tme_alone]", "clinic=regional", "patients=60", number=30)
    waited = sum(moment.waited_days for moment in lives[0].moments)
    assert waited > 0.0
    assert waited == pytest.approx(lives[0].end["waited_days"].sum())
    assert "in the queue" in as_text(
        narrated("policies=[tme_alone]", "clinic=regional", "patients=60", number=30)
    )


# Who is found.


def test_words_find_what_the_rows_say(cohort):
    first, *others = (rows["recurrence_found_day"] <= 10 * YEAR_DAYS for rows in cohort.values())
    fits = {
        word: PatientCondition(word).fits(cohort, "tme_alone", 10.0)
        for word in ("averted", "caused", *ORIGINS)
    }
    assert fits["averted"].any()
    assert np.array_equal(fits["averted"], first & ~(others[0] & others[1]))
    assert np.array_equal(fits["caused"], ~first & (others[0] | others[1]))
    recurred = np.logical_or.reduce([fits[word] for word in ORIGINS])
    assert np.array_equal(recurred, first | others[0] | others[1])
    assert (fits["exfoliation"] >= fits["perianastomotic"]).all() and fits["perianastomotic"].any()


@pytest.mark.parametrize(
    ("text", "mask"),
    [
        ("age_years < 60", lambda rows: rows["age_years"] < 60),
        (
            "salvage_margin == r0 and age_years < 60",
            lambda rows: (rows["salvage_margin"] == 1) & (rows["age_years"] < 60),
        ),
        (
            "salvage_margin == 1 and age_years < 60",
            lambda rows: (rows["salvage_margin"] == 1) & (rows["age_years"] < 60),
        ),
        (
            "not female or 5 <= crm_mm < 6",
            lambda rows: ~rows["female"] | ((rows["crm_mm"] >= 5) & (rows["crm_mm"] < 6)),
        ),
        (
            "lateral_mm_1 - lateral_mm_0 > 3",
            lambda rows: rows["lateral_mm"][:, 1] - rows["lateral_mm"][:, 0] > 3,
        ),
        ("death_day == never", lambda rows: np.isinf(rows["death_day"])),
        ("death_cause == cancer", lambda rows: rows["death_cause"] == Cause.CANCER),
        ("recurrence_route == -1", lambda rows: rows["recurrence_route"] == -1),
        ("leaked", lambda rows: rows["leaked"]),
    ],
)
def test_a_condition_holds_as_numpy_says(cohort, text, mask):
    expected = np.logical_or.reduce([mask(rows) for rows in cohort.values()])
    assert expected.any()
    assert np.array_equal(PatientCondition(text).fits(cohort, "tme_alone", 10.0), expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("averte", "did you mean averted?"),
        ("age_yeers < 60", "did you mean age_years?"),
        ("age_years", "is a number; compare it"),
        ("averted and age_years", "age_years is a number"),
        ("not age_years", "age_years is a number"),
        ("age_years <", "not understood"),
        ("salvage_margin == r7", "r7 is not one of none, r0, r1, r2"),
        ("__import__('os').getcwd() == 1", "is not allowed"),
        ("age_years.real > 0", "is not allowed"),
        ("[1 for x in 1]", "is not allowed"),
        ("age_years ** 99 > 1", "is not allowed"),
        ("'a' == 'a'", "a is a word"),
        ("(lambda: 1)() == 1", "is not allowed"),
        ("not " * 200 + "leaked", "at most 300 characters"),
        ("age_years < 0x" + "f" * 280, "is too large a number"),
        ("age_years * 0x" + "f" * 280 + " < 1", "is too large a number"),
    ],
)
def test_a_bad_condition_is_refused_and_nothing_of_it_is_run(text, message):
    with pytest.raises(InputError, match=re.escape(message)):
        PatientCondition(text)


# The command.


@pytest.fixture
def lrrc(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def run(*words):
        status = main(words)
        out, err = capsys.readouterr()
        return status, out, err

    return run


def test_the_command_describes_a_patient_and_leaves_the_story_its_picture_and_its_journal(lrrc, tmp_path):
    status, out, err = lrrc("patient", "find=age_years < 60 and averted", "patients=3000", "out=here")
    assert (status, err) == (0, "")
    folder = tmp_path / "here"
    assert out.splitlines()[-1] == str(folder)
    names = {
        "config.yaml",
        "data_dictionary.csv",
        "inputs",
        "journal.csv",
        "manifest.json",
        "ro-crate-metadata.json",
        "story.md",
        "timeline.png",
        "timeline.svg",
    }
    assert {path.name for path in folder.iterdir()} == names
    number = int(re.search(r"averted: patient (\d+) fits", out)[1])
    assert f"# Patient {number}." in (folder / "story.md").read_text("utf-8")
    journal = pd.read_csv(folder / "journal.csv")
    assert set(journal["entity_id"]) == {number}
    assert journal["policy"].nunique() == 3
    again = lrrc("patient", f"number={number}", "patients=3000", "out=again")[1]
    assert again.splitlines()[0] in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "neither is set"),
        (["number=1", "find=averted"], "both are set"),
        (["number=100"], "with patients=100 they are numbered from 0 to 99"),
        (["number=-1"], "must be a whole number of 0 or more"),
        (["find=age_years > 200"], "none of the 100 patients fits"),
        (["find=age_years >"], "not understood"),
        (["find="], "must be a word or a condition"),
        (["number=1", "rows=true"], "lrrc patient has no key rows"),
    ],
)
def test_what_cannot_be_described_is_refused_in_one_line_and_leaves_nothing(lrrc, tmp_path, words, message):
    status, out, err = lrrc("patient", "patients=100", "out=here", *words)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert message in err
    assert list(tmp_path.iterdir()) == []


# The picture.


def test_the_strips_of_the_picture_are_the_days_of_the_life():
    lives, partings = where_lives_part(lives_of(DIFFERENT, number=13))
    with style():
        drawn = timeline(13, lives, partings, 10.0)
    end = lives[0].end
    found = {state.words: (first, last) for first, last, state in stretches(lives[0], 10 * YEAR_DAYS)}
    assert found["no surgery so far"] == (0.0, end["operated_day"])
    assert found["recurrence there, unseen"] == (end["recurrence_onset_day"], end["recurrence_found_day"])
    assert found["recurrence known"] == (end["recurrence_found_day"], end["death_day"])
    known = metastases(lives[0], 10 * YEAR_DAYS)[-1]
    assert known[:2] == (end["metastasis_found_day"], end["death_day"])
    texts = [text for ax in drawn.axes for text in ax.texts]
    assert next(text.get_text() for text in texts if text.get_gid() == "life") == "TME alone"
    assert sum(text.get_gid() == "parting mark" for text in texts) == 5  # all at first, then two
    lanes = drawn.axes[0]
    assert sum(line.get_gid() == "death" for line in lanes.lines) == 3
    bars = [p for c in lanes.containers for p in c.patches if c.patches[0].get_gid() == "no surgery so far"]
    assert len(bars) == 3


@pytest.mark.parametrize(
    ("overrides", "title"),
    [
        (("policies=[tme_alone]",), "one course"),
        (("policies=[tme_alone,follow_up_minimal]", "horizon_years=0.1"), "same course under every policy"),
        ((DIFFERENT, "horizon_years=0.5"), "the courses diverge on day 14"),
    ],
)
def test_short_single_and_equal_courses_are_drawn(overrides, title):
    run = patient_run(*overrides)
    lives, partings = where_lives_part(lives_of(*overrides, number=42))
    drawn = timeline(42, lives, partings, run.horizon_years)
    drawn.canvas.draw()
    assert title in drawn.texts[0].get_text().replace("\n", " ")


def test_no_line_to_a_mark_crosses_the_words_of_another():
    """All courses of some patients, in inches: a line from the strip down, words below and beside it."""
    seen = 0
    for number in (8, 13, 21, 34, 42, 47):
        lives, partings = where_lives_part(lives_of(DIFFERENT, number=number))
        lanes = timeline(number, lives, partings, 10.0).axes[0]
        lines = [line.get_xydata() for line in lanes.lines if line.get_gid() == "leader"]
        for text in (text for text in lanes.texts if text.get_gid() == "mark"):
            left, top = text.get_position()
            right = left + text_width(text.get_text(), SMALL)
            bottom = top - SMALL / 72
            assert left >= 0 and right <= lanes.get_xlim()[1]
            for (x, start), (_, end) in lines:
                seen += left < x < right
                assert not (left < x < right and end < bottom and start > top), text.get_text()
    assert seen > 5  # lines that end above words
