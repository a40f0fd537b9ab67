"""Groups that get the same equal the plain policy to the bit; one that differs changes no other patient."""

import dataclasses
import functools

import numpy as np
import pytest
from helpers.guidelines import (
    by_group,
    differing,
    for_all,
    guideline,
    member,
    run_of,
    simulated,
    worlds_of,
)

from conf.schema import compose_run
from experiments.simulating import cohort
from sim.clocks.simpy_clock import simulate_rows
from sim.events import Event
from sim.luck import draw_luck
from sim.patient import YEAR_DAYS, new_patients
from sim.policy import LateralDissection, Use
from sim.seen import NO_GROUP, Moment

MEETING = {
    "high": "ct >= t4a or fascia_threatened or cn == 2 or short_axis_mm >= 7",
    "old": "age_years >= 75 or unfit",
    "rest": "otherwise",
}
RESTAGING = {"large": "residual_short_axis_mm >= 5", "boosted_or_low": "height_above_verge_cm < 5"}
PATHOLOGY = {"bad": "crm_involved or pathological_stage == 3", "leaking": "leaked", "rest": "otherwise"}
QUEUES = ("clinic=regional",)
# At a moment: a base, and levers that act from there on and on nobody who does not come that far.
EVERYWHERE = [
    ("meeting", "tme_alone", "neoadjuvant", "short_course"),
    ("meeting", "tme_alone", "neoadjuvant", "chemoradiotherapy"),
    ("meeting", "total_neoadjuvant", "organ_preservation", "near_complete"),
    ("meeting", "chemoradiotherapy", "lateral_boost", True),
    ("meeting", "chemoradiotherapy", "adherence", "usual"),
    ("meeting", "tme_alone", "local_excision", "primary"),
    ("meeting", "tme_alone", "lateral_dissection", "routine"),
    ("pathology", "tme_alone", "postoperative_chemoradiotherapy", "stage_ii_iii"),
    ("pathology", "short_course", "adjuvant_chemotherapy", "stage_iii"),
    ("pathology", "tme_alone", "recurrence_centre", "expert"),
    ("pathology", "tme_alone", "recurrence_induction_chemotherapy", True),
    ("pathology", "chemoradiotherapy", "recurrence_reirradiation", True),
]
GROUPS = {"meeting": MEETING, "restaging": RESTAGING, "pathology": PATHOLOGY}


def own(lever, word):
    return for_all(word) if lever == "neoadjuvant" else {lever: member(lever, word)}


def to_all(moment, base, levers, groups=None):
    """The policy in which every group of a moment gets the same levers."""
    named = guideline(**{moment: groups or GROUPS[moment]})
    return by_group(base, named, **{name: levers for name in named.names()})


def plain(base, levers):
    return dataclasses.replace(run_of(base).policies[0], **levers)


@functools.cache
def rows_of(base, *words, **settings):
    return simulated(run_of(base).policies[0], *words, **settings)


# Groups that all get the same.


@pytest.mark.parametrize(("moment", "base", "lever", "word"), EVERYWHERE)
def test_groups_that_all_get_the_same_equal_the_plain_policy_to_the_bit(moment, base, lever, word):
    levers = own(lever, word)
    mine = simulated(to_all(moment, base, levers))
    theirs = simulated(plain(base, levers))
    assert differing(mine, theirs) == []
    assert set(mine["risk_group"][:, Moment[moment.upper()]]) >= {0, 1, 2}
    assert differing(theirs, rows_of(base)) != []  # the lever acts at all


@pytest.mark.parametrize(("moment", "base", "lever", "word"), EVERYWHERE)
def test_in_queues_too_groups_that_all_get_the_same_equal_the_plain_policy(moment, base, lever, word):
    levers = own(lever, word)
    settings = {"patients": 250, "years": 2.0}
    mine = simulated(to_all(moment, base, levers), *QUEUES, **settings)
    theirs = simulated(plain(base, levers), *QUEUES, **settings)
    assert differing(mine, theirs) == []
    assert mine["waited_days"].sum() > 0  # they really queue


@pytest.mark.parametrize("words", [(), QUEUES], ids=["no queues", "queues"])
@pytest.mark.parametrize(
    ("moment", "base", "lever", "word"), [EVERYWHERE[1], EVERYWHERE[2], EVERYWHERE[7], EVERYWHERE[9]]
)
def test_on_the_simpy_clock_groups_that_all_get_the_same_equal_the_plain_policy(
    moment, base, lever, word, words
):
    levers = own(lever, word)
    settings = {"patients": 150, "years": 3.0, "clock": "simpy"}
    mine = simulated(to_all(moment, base, levers), *words, **settings)
    assert differing(mine, simulated(plain(base, levers), *words, **settings)) == []


@pytest.mark.parametrize(
    ("lever", "word"),
    [
        ("lateral_dissection", "size_after"),
        ("lateral_dissection", "size_before"),
        ("operation", "hartmann"),
        ("washout", "always"),
        ("diverting_stoma", "always"),
        ("leak_prevention", True),
        ("centralisation", True),
    ],
)
@pytest.mark.parametrize("clock", ["compiled", "simpy"])
def test_what_all_groups_of_restaging_get_is_the_plain_policy_for_who_is_restaged(lever, word, clock):
    """The others, operated on before, keep the course that they have without it."""
    base, levers = "chemoradiotherapy", {lever: member(lever, word)}
    settings = {"clock": clock, "patients": 2000 if clock == "compiled" else 300}
    mine = simulated(to_all("restaging", base, levers, {**RESTAGING, "rest": "otherwise"}), **settings)
    restaged = mine["risk_group"][:, Moment.RESTAGING] != NO_GROUP
    assert 0.2 < restaged.mean() < 0.95
    assert differing(mine[restaged], simulated(plain(base, levers), **settings)[restaged]) == []
    assert differing(mine[~restaged], rows_of(base, **settings)[~restaged]) == []


def test_a_schedule_of_follow_up_after_pathology_is_the_plain_policys():
    levers = {"follow_up": run_of("follow_up_intensive").policies[0].follow_up}
    mine = simulated(to_all("pathology", "tme_alone", levers))
    assert differing(mine, rows_of("follow_up_intensive")) == []
    assert differing(mine, rows_of("tme_alone")) != []


def test_a_guideline_whose_groups_set_nothing_equals_the_base_in_groups_of_all_three_moments():
    named = guideline(
        meeting=MEETING,
        restaging={"large": RESTAGING["large"]},
        pathology={"bad": PATHOLOGY["bad"]},
    )
    for words, settings in (((), {}), (QUEUES, {"patients": 200, "years": 2.0})):
        mine = simulated(by_group("chemoradiotherapy", named), *words, **settings)
        assert differing(mine, rows_of("chemoradiotherapy", *words, **settings)) == []
        assert (mine["plan"] == 0).all()


# A group that differs.


def test_a_group_with_other_treatment_leaves_every_other_patients_course_as_it_was_to_the_bit():
    named = guideline(meeting=MEETING)
    mine = simulated(by_group("tme_alone", named, high=for_all("chemoradiotherapy")))
    inside = mine["risk_group"][:, Moment.MEETING] == 0
    assert 0.2 < inside.mean() < 0.8
    assert differing(mine[~inside], rows_of("tme_alone")[~inside]) == []
    everyone = simulated(plain("tme_alone", for_all("chemoradiotherapy")))
    assert differing(mine[inside], everyone[inside]) == []
    assert mine["irradiated"][inside].mean() > 0.9 and not mine["irradiated"][~inside].any()


def test_each_group_of_three_has_the_course_of_its_own_plain_policy():
    named = guideline(meeting=MEETING)
    regimens = ("total_neoadjuvant", "none", "short_course")
    given = dict(zip(named.names(), map(for_all, regimens), strict=True))
    for settings in ({}, {"clock": "simpy", "patients": 200}):
        mine = simulated(by_group("chemoradiotherapy", named, **given), **settings)
        for k, regimen in enumerate(regimens):
            inside = mine["risk_group"][:, Moment.MEETING] == k
            own_course = simulated(plain("chemoradiotherapy", for_all(regimen)), **settings)
            assert inside.sum() > 10
            assert differing(mine[inside], own_course[inside]) == []


@pytest.mark.parametrize(
    ("moment", "name", "lever", "word"),
    [
        ("restaging", "large", "lateral_dissection", "size_after"),
        ("restaging", "boosted_or_low", "operation", "hartmann"),
        ("pathology", "bad", "adjuvant_chemotherapy", "stage_iii"),
        ("pathology", "leaking", "recurrence_centre", "expert"),
    ],
)
def test_a_group_found_later_leaves_the_others_as_they_were(moment, name, lever, word):
    named = guideline(**{moment: GROUPS[moment]})
    base = "chemoradiotherapy"
    levers = {lever: member(lever, word)}
    mine = simulated(by_group(base, named, **{name: levers}), patients=6000)
    before = rows_of(base, patients=6000)
    inside = mine["risk_group"][:, Moment[moment.upper()]] == named.names().index(name)
    assert inside.sum() > 20
    assert differing(mine[~inside], before[~inside]) == []
    assert differing(mine[inside], before[inside]) != []
    assert differing(mine[inside], simulated(plain(base, levers), patients=6000)[inside]) == []


def events(policy, patients):
    """Each patient's course on the SimPy clock: (day, event) in order."""
    rows, journal = new_patients(0, patients), []
    simulate_rows(rows, draw_luck(0, patients, 1), worlds_of(policy), 10 * YEAR_DAYS, journal)
    lines = [[] for _ in range(patients)]
    for day, i, event in journal:
        lines[i].append((day, event))
    return rows, lines


@pytest.mark.parametrize(
    ("moment", "event", "name", "lever", "word"),
    [
        ("meeting", Event.TEAM_MEETING, "high", "neoadjuvant", "total_neoadjuvant"),
        ("restaging", Event.RESTAGING_MRI, "boosted_or_low", "operation", "hartmann"),
        ("pathology", Event.PATHOLOGY, "bad", "follow_up", "intensive"),
    ],
)
def test_until_its_moment_a_groups_course_is_as_it_was(moment, event, name, lever, word):
    levers = own(lever, word)
    if lever == "follow_up":
        levers = {lever: run_of("follow_up_intensive").policies[0].follow_up}
    named = guideline(**{moment: GROUPS[moment]})
    rows, mine = events(by_group("chemoradiotherapy", named, **{name: levers}), 900)
    _, theirs = events(run_of("chemoradiotherapy").policies[0], 900)
    diverged = 0
    for i, (own_line, other) in enumerate(zip(mine, theirs, strict=True)):
        if rows["risk_group"][i, Moment[moment.upper()]] != named.names().index(name):
            assert own_line == other
            continue
        k = [e for _, e in own_line].index(event)
        assert own_line[: k + 1] == other[: k + 1]
        diverged += own_line != other
    assert diverged > 5


# Names and order that must not matter.


def dutch(names, extra=()):
    """The three groups of a guideline under other names, with further groups among them."""
    high, middle, low = names
    groups = {high: MEETING["high"], middle: "ct == t3cd or emvi or cn == 1", low: "otherwise"}
    for place, (name, condition) in extra:
        items = list(groups.items())
        items.insert(place, (name, condition))
        groups = dict(items)
    given = {high: for_all("chemoradiotherapy"), middle: for_all("short_course"), low: for_all("none")}
    given |= {name: for_all("total_neoadjuvant") for _, (name, _) in extra}
    return by_group("tme_alone", guideline(meeting=groups), **given)


def test_other_names_of_groups_change_nothing():
    mine, theirs = simulated(dutch(("high", "middle", "low"))), simulated(dutch(("c", "a", "b")))
    assert differing(mine, theirs, but=()) == []


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_group_that_nobody_falls_into_changes_nothing(place):
    nobody = ("nobody", "age_years > 200")
    mine = simulated(dutch(("high", "middle", "low"), [(place, nobody)]))
    assert differing(mine, simulated(dutch(("high", "middle", "low")))) == []
    assert not (mine["risk_group"][:, 0] == place).any()


def test_the_order_of_policies_in_a_run_changes_no_row():
    names = ["tme_alone", "dutch_2014", "short_course", "dutch_2014+washout_always"]
    runs = [compose_run(f"policies=[{','.join(order)}]", "comparator=null") for order in (names, names[::-1])]
    blocks = [cohort.simulate_block(run, cohort.worlds_of(run), 0, 800) for run in runs]
    for name in names:
        assert differing(blocks[0][name], blocks[1][name], but=()) == []
    alone = compose_run("policies=[dutch_2014]", "comparator=null")
    rows = cohort.simulate_block(alone, cohort.worlds_of(alone), 0, 800)["dutch_2014"]
    assert differing(rows, blocks[0]["dutch_2014"], but=()) == []


def test_more_than_one_block_and_any_first_patient_find_the_same_groups():
    policy = dutch(("high", "middle", "low"))
    whole = simulated(policy, patients=1200)
    parts = np.concatenate([simulated(policy, patients=600, first=first) for first in (0, 600)])
    assert differing(whole, parts, but=()) == []


def test_the_clocks_agree_on_plans_and_groups_of_all_three_moments_with_and_without_queues():
    named = guideline(
        meeting=MEETING, restaging={"large": RESTAGING["large"]}, pathology={"bad": PATHOLOGY["bad"]}
    )
    policy = by_group(
        "chemoradiotherapy",
        named,
        high=for_all("total_neoadjuvant"),
        old=for_all("none"),
        large={"lateral_dissection": LateralDissection.SIZE_AFTER, "washout": Use.ALWAYS},
        bad={"postoperative_chemoradiotherapy": member("postoperative_chemoradiotherapy", "stage_ii_iii")},
    )
    for words, years in (((), 10.0), (QUEUES, 3.0)):
        mine, theirs = (
            simulated(policy, *words, clock=clock, patients=300, years=years)
            for clock in ("compiled", "simpy")
        )
        assert differing(mine, theirs, but=()) == []
        assert len(set(mine["plan"])) >= 6
