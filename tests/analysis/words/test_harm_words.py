"""Harm in words: every kind has its words, and a patient's story says what begins, ends and lasts."""

import functools
import re

import numpy as np
import pytest

from analysis.pages.story import HARM_LABEL, as_text, in_short, lines_of, story
from analysis.pages.timeline import BOWEL, STOMA, harms
from analysis.pictures.price import LIVED_WITH, WORDS
from analysis.words.harm import changes, left_with
from analysis.words.terms import HARM, READING, REGROWTH_SITE
from analysis.words.vocabulary import SETTING
from analysis.words.wording import policy_words
from conf.patient import PatientRun
from conf.policies import LEVERS
from conf.schema import compose_run
from experiments.patient import witness
from experiments.patient_conditions import PatientCondition
from experiments.simulating.cohort import simulate
from sim.counting.outcomes import HARMS, LASTING
from sim.patient import ROW, YEAR_DAYS, Harm, Reading, RegrowthSite
from sim.policy import LocalExcision, LocalExcisionUpTo, OrganPreservation

KEEPING = "policies=[total_neoadjuvant,total_neoadjuvant+organ_preservation]"


@functools.cache
def patient_run(*overrides):
    run = compose_run(*overrides)
    settings = {name: getattr(run, name) for name in run.__dataclass_fields__}
    return PatientRun(**settings, number=0, find=None)


@functools.cache
def lives_of(number, *overrides):
    return [life for life, _ in witness(patient_run(*overrides), number)]


@functools.cache
def numbers(condition, patients=600):
    """Return the patients of a small cohort who fit a condition."""
    run = compose_run(KEEPING, f"patients={patients}", "rows=true")
    rows = {name: np.concatenate(blocks) for name, blocks in simulate(run).rows.items()}
    fits = PatientCondition(condition).fits(rows, "total_neoadjuvant", run.horizon_years)
    return np.flatnonzero(fits).tolist()


def row(**harm):
    """Return a row with these harms, as their first and last day."""
    made = np.zeros(1, ROW)[0]
    made["harm_from_day"][:] = made["harm_until_day"][:] = made["death_day"] = np.inf
    for name, (first, last) in harm.items():
        made["harm_from_day"][Harm[name.upper()]], made["harm_until_day"][Harm[name.upper()]] = first, last
    return made


def test_every_harm_reading_and_place_of_regrowth_has_words():
    assert list(HARM) == list(Harm) and list(READING) == list(Reading)
    assert set(REGROWTH_SITE) == set(RegrowthSite) - {member for member in RegrowthSite if member < 0}
    assert set(WORDS) == {"local_recurrence", *HARMS}
    assert set(LIVED_WITH) == {harm.name.lower() for harm in LASTING}


@pytest.mark.parametrize("kind", [OrganPreservation, LocalExcision, LocalExcisionUpTo])
def test_every_setting_of_the_new_levers_has_words(kind):
    assert {member.name.lower() for member in kind} - {"never"} <= set(SETTING)


def test_policies_that_keep_organs_read_well():
    assert policy_words("local_excision_t2") == "local excision of T1 and T2"
    assert policy_words("total_neoadjuvant+organ_preservation_strict") == (
        "total neoadjuvant + strict organ preservation"
    )
    assert policy_words("organ_preservation_planned") == "planned organ preservation"
    assert policy_words("tme_free_survival") == "TME-free survival"


def test_a_stoma_that_is_closed_and_one_that_stays_are_said_with_their_days():
    closed = row(temporary_stoma=(40.0, 190.0), major_bowel_dysfunction=(190.0, np.inf))
    (change,) = changes(closed, [40.0])
    assert change.day == 190.0
    assert "The temporary stoma is closed, after 5 months." in change.text
    assert "Major bowel dysfunction from now on." in change.text
    kept = row(temporary_stoma=(40.0, 400.0), permanent_stoma=(400.0, np.inf))
    (change,) = changes(kept, [40.0])
    assert change == (400.0, "The stoma is not closed, and is permanent from now on.")
    salvaged = row(permanent_stoma=(900.0, np.inf), major_bowel_dysfunction=(190.0, 900.0))
    assert [change.text for change in changes(salvaged, [])] == [
        "Major bowel dysfunction from now on.",
        "A permanent stoma is made. Major bowel dysfunction ends.",
    ]


def test_what_an_operation_says_is_not_said_again_and_nothing_comes_after_death():
    removed = row(permanent_stoma=(40.0, np.inf), sexual_dysfunction=(40.0, np.inf))
    assert [change.text for change in changes(removed, [40.0])] == ["Sexual dysfunction from now on."]
    removed["death_day"] = 30.0
    assert changes(removed, [40.0]) == []


def test_what_is_left_is_what_lasts_on_that_day():
    made = row(temporary_stoma=(0.0, 50.0), permanent_stoma=(50.0, np.inf), pelvic_fracture=(20.0, 90.0))
    assert left_with(made, 49.0) == "a temporary stoma"
    assert left_with(made, 50.0) == "a permanent stoma"
    assert left_with(row(), 50.0) == ""


@pytest.mark.parametrize("condition", ["regrown", "major_bowel_dysfunction", "temporary_stoma"])
def test_every_harm_of_a_course_up_to_its_end_has_a_line_in_plain_words(condition):
    for number in numbers(condition)[:4]:
        for life in lives_of(number, KEEPING):
            horizon = 10 * YEAR_DAYS
            lines = lines_of(life, 0, len(life.moments), (), (0.0, horizon))
            said = {line.day: line.said[0].text for line in lines if line.label == HARM_LABEL}
            days = [line.day for line in lines]
            assert days == sorted(days)
            for harm in Harm:
                first = life.end["harm_from_day"][harm] - life.end["diagnosed_day"]
                dies = life.end["death_day"] - life.end["diagnosed_day"]
                if harm in (Harm.TEMPORARY_STOMA, Harm.PERMANENT_STOMA) or first >= min(dies, horizon):
                    continue
                if harm not in LASTING or life.end["harm_until_day"][harm] > life.end["harm_from_day"][harm]:
                    assert HARM[harm].lower() in said[first].lower()
            for text in said.values():
                assert re.fullmatch(r"[A-Z].*\.", text) and not re.search(r"_|nan|inf\b|  ", text)


def test_harm_in_the_story_stands_once_where_courses_diverge():
    number = numbers("organ_kept and regrown")[0]
    run = patient_run(KEEPING)
    levers = {policy.name: policy.levers() for policy in run.policies}
    words = {name: lever.words for name, lever in LEVERS.items()}
    narrated = story(number, lives_of(number, KEEPING), levers, words, run.horizon_years)
    assert "for complete and near-complete responses" in as_text(narrated)
    diverged = min(line.day for _, lines in narrated.columns for line in lines)
    assert all(line.day < diverged for line in narrated.shared if line.label == HARM_LABEL)
    short = in_short(lives_of(number, KEEPING)[1], run.horizon_years)
    assert "the rectum is kept; a regrowth is found" in short


def test_the_strips_of_harm_are_the_days_of_the_row():
    number = numbers("temporary_stoma")[0]
    (life, _) = lives_of(number, KEEPING)
    end = life.end
    stretches = harms(life, 10 * YEAR_DAYS)
    for harm, state in ((Harm.TEMPORARY_STOMA, STOMA), (Harm.MAJOR_BOWEL_DYSFUNCTION, BOWEL)):
        first, until = (float(end[f"harm_{k}_day"][harm] - end["diagnosed_day"]) for k in ("from", "until"))
        stop = min(until, 10 * YEAR_DAYS, float(end["death_day"] - end["diagnosed_day"]))
        assert ((first, stop, state) in stretches) == (first < stop)


def test_a_patient_is_not_found_by_harm_that_would_come_after_the_horizon():
    rows = np.zeros(2, ROW)
    for name in ("harm_from_day", "harm_until_day", "death_day", "recurrence_found_day"):
        rows[name] = np.inf
    rows["harm_from_day"][:, Harm.SECOND_CANCER] = [8 * YEAR_DAYS, 12 * YEAR_DAYS]
    condition = PatientCondition("second_cancer")
    assert condition.fits({"a": rows}, "a", 10.0).tolist() == [True, False]
    assert condition.fits({"a": rows}, "a", 15.0).tolist() == [True, True]
