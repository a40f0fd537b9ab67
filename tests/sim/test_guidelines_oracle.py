"""Who is in which group and what is done, against a naive rewrite that reads each condition on the rows."""

import functools

import numpy as np
import pytest
from helpers.guidelines import by_group, for_all, guideline, member, run_of, simulated, worlds_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conf.condition import LONGEST, read_condition
from conf.guideline import FLAGS, Guideline
from conf.policies import LEVERS, Policy
from conf.schedules import FollowUp
from sim.counting.columns import COLUMNS, READABLE
from sim.events import END, Event
from sim.guideline import seen
from sim.luck import draw_luck
from sim.pathway.journey import react
from sim.pathway.response import respond
from sim.patient import ROW, YEAR_DAYS, new_patients
from sim.policy import NeoadjuvantFor
from sim.seen import NO_GROUP, Moment, Seen, seen_from

DECIDED = {
    Event.TEAM_MEETING: Moment.MEETING,
    Event.RESTAGING_MRI: Moment.RESTAGING,
    Event.PATHOLOGY: Moment.PATHOLOGY,
}
PATIENTS = 1500
# Emergencies, complete responses, leaks and perforations enough for every column to vary.
VARIED = (
    "surgery.leak_probability=0.3",
    "surgery.perforation_probability=0.2",
    "primary.emergency_median_days=300",
)


class Watched:
    """Patients stepped one event at a time; their rows as they are when a group is looked for."""

    def __init__(self, policy: Policy, patients: int) -> None:
        self.rows, luck = new_patients(0, patients), draw_luck(0, patients, 1)
        self.worlds = worlds_of(policy, *VARIED)
        self.stood = {moment: np.zeros(patients, ROW) for moment in Moment}
        self.there = {moment: np.zeros(patients, bool) for moment in Moment}
        self.plans = {moment: np.full(patients, -1) for moment in Moment}
        for i in range(patients):
            event = int(Event.DIAGNOSIS)
            while event != END:
                moment = DECIDED.get(Event(event))
                if moment is not None:
                    row = self.rows[i : i + 1].copy()
                    if moment is Moment.RESTAGING:
                        respond(row[0], luck[i], self.worlds[row["plan"][0]], row["agenda"][0, event])
                    self.stood[moment][i], self.there[moment][i] = row[0], True
                event = react(self.rows, luck, self.worlds, i, event, 10 * YEAR_DAYS)
                if moment is not None:
                    self.plans[moment][i] = self.rows["plan"][i]


@functools.cache
def watched(base: str) -> Watched:
    return Watched(run_of(base).policies[0], PATIENTS)


def naive_groups(named: Guideline, moment: Moment, rows: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Return the first group of a moment whose condition holds, -1 for none."""
    found = np.full(len(rows), NO_GROUP)
    for k, group in enumerate(named.groups):
        if group.moment is moment:
            if group.condition == "otherwise":
                holds = np.ones(len(rows), bool)
            else:
                condition = read_condition(group.name, group.condition)
                holds = condition.holds(condition.names(lambda name: np.asarray(READABLE[name].of(rows))))
            found = np.where(there & (found == NO_GROUP) & holds, k, found)
    return found


# What is seen.


@pytest.mark.parametrize("column", list(Seen), ids=lambda column: column.name.lower())
@pytest.mark.parametrize(
    "base", ["tme_alone", "chemoradiotherapy+for_everyone+lateral_boost+lateral_after_5mm"]
)
def test_what_is_seen_is_the_column_of_this_name(column, base):
    course = watched(base)
    values = set()
    for moment in Moment:
        if seen_from(column) <= moment:
            rows = course.stood[moment][course.there[moment]]
            mine = np.array([seen(row, column) for row in rows])
            assert np.array_equal(mine, np.asarray(COLUMNS[column.name.lower()].of(rows), float))
            values |= set(mine)
    treated = ("regimen", "boosted", "dissected", "complete_response")
    assert len(values) > 1 or (base == "tme_alone" and column.name.lower() in treated)


def test_a_column_that_is_a_flag_holds_only_0_and_1_and_no_other_column_does():
    course = watched("chemoradiotherapy+for_everyone+lateral_boost+lateral_after_5mm")
    for column in Seen:
        rows = course.stood[Moment.PATHOLOGY][course.there[Moment.PATHOLOGY]]
        values = set(np.asarray(COLUMNS[column.name.lower()].of(rows), float))
        assert (values <= {0.0, 1.0}) == (column in FLAGS), column


def test_what_was_seen_before_treatment_changes_only_with_a_tumour_that_has_grown_since():
    course = watched("chemoradiotherapy+for_everyone+lateral_boost+lateral_after_5mm")
    both = course.there[Moment.MEETING] & course.there[Moment.PATHOLOGY]
    for column in Seen:
        if seen_from(column) is Moment.MEETING:
            of = COLUMNS[column.name.lower()].of
            before, after = (of(course.stood[moment][both]) for moment in (Moment.MEETING, Moment.PATHOLOGY))
            grown = (before != after).mean()
            assert grown == 0.0 or (column in (Seen.CT, Seen.T_CATEGORY) and grown < 0.05), column
            assert (before <= after).all()


# Who is in which group: conditions drawn at random.


def numbers_of(column: Seen) -> st.SearchStrategy[str]:
    """Numbers at which a column really changes, its own values among them."""
    if column in FLAGS:
        return st.sampled_from(["true", "false", "0", "1"])
    words = READABLE[column.name.lower()].words
    if words:
        return st.sampled_from([*words, *(str(number) for number in words.values())])
    course = watched("chemoradiotherapy")
    rows = course.stood[Moment.PATHOLOGY][course.there[Moment.PATHOLOGY]]
    values = np.unique(np.asarray(COLUMNS[column.name.lower()].of(rows), float))
    own = [repr(float(value)) for value in values if np.isfinite(value)]
    return st.one_of(st.sampled_from(own), st.sampled_from(["-1", "0", "1", "2", "3", "5", "7.5", "70"]))


@st.composite
def comparison(draw, moment):
    column = draw(st.sampled_from([c for c in Seen if seen_from(c) <= moment]))
    name, number = column.name.lower(), numbers_of(column)
    sign = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
    kind = draw(st.sampled_from(["flag", "plain", "turned", "chain", "in", "not in"]))
    if kind == "flag" and column in FLAGS:
        return name
    if kind == "turned":
        return f"{draw(number)} {draw(sign)} {name}"
    if kind == "chain":
        return f"{draw(number)} {draw(sign)} {name} {draw(sign)} {draw(number)}"
    if kind in ("in", "not in"):
        items = draw(st.lists(number, min_size=1, max_size=3))
        return f"{name} {kind} ({', '.join(items)},)"
    return f"{name} {draw(sign)} {draw(number)}"


def condition(moment):
    def joined(inner):
        parts = st.lists(inner, min_size=2, max_size=3)
        return st.one_of(
            parts.map(lambda some: "(" + " and ".join(some) + ")"),
            parts.map(lambda some: "(" + " or ".join(some) + ")"),
            inner.map(lambda one: f"not ({one})"),
        )

    simple = st.one_of(*([comparison(moment)] * 4), st.sampled_from(["true", "false"]))
    return st.recursive(simple, joined, max_leaves=6).filter(lambda text: len(text) <= LONGEST)


@st.composite
def guidelines(draw):
    moments = {}
    for moment in Moment:
        some = draw(st.lists(condition(moment), max_size=3))
        if draw(st.booleans()):
            some.append("otherwise")
        moments[moment.name.lower()] = {f"{moment.name.lower()}_{k}": text for k, text in enumerate(some)}
    return guideline(**moments)


def check_groups(named: Guideline, base: str) -> None:
    course = watched(base)
    rows = simulated(by_group(base, named), *VARIED, patients=PATIENTS)
    for moment in Moment:
        expected = naive_groups(named, moment, course.stood[moment], course.there[moment])
        assert np.array_equal(rows["risk_group"][:, moment], expected), moment


SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
@given(guidelines())
def test_the_group_is_the_first_whose_condition_holds_on_the_row_as_it_stood(named):
    check_groups(named, "chemoradiotherapy")


@pytest.mark.long
@settings(max_examples=1500, deadline=None, suppress_health_check=SLOW)
@given(guidelines())
def test_of_many_guidelines_the_group_is_the_first_whose_condition_holds(named):
    check_groups(named, "chemoradiotherapy")


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        ("meeting", "5 <= short_axis_mm < 8 and not female or ct in (t4a, t4b)"),
        ("meeting", "t3ab <= ct <= t3cd"),
        ("meeting", "t_category == 3 and cn not in (0, 1)"),
        ("restaging", "residual_short_axis_mm > 0 and residual_short_axis_mm < 3"),
        ("restaging", "regimen in (chemoradiotherapy, total_neoadjuvant) and emvi != true"),
        ("pathology", "operation in (apr, hartmann) or plane > mesorectal"),
        ("pathology", "distal_margin_mm > 1000"),
        ("pathology", "distal_margin_mm <= 20 and anastomosis"),
        ("pathology", "emergency or complete_response or leaked and not diverting_stoma"),
        ("pathology", "pathological_stage <= 1 or crm_mm <= 2"),
    ],
)
def test_groups_that_a_guideline_could_have_are_found(moment, text):
    named = guideline(**{moment: {"a": text, "b": "otherwise"}})
    check_groups(named, "chemoradiotherapy")
    found = simulated(by_group("chemoradiotherapy", named), *VARIED, patients=PATIENTS)["risk_group"]
    assert {0, 1} <= set(found[:, Moment[moment.upper()]])


# What is done to them.

CHANGES = [
    for_all("none"),
    for_all("short_course"),
    for_all("total_neoadjuvant"),
    {"neoadjuvant_for": NeoadjuvantFor.HIGH_RISK},
    {"adherence": member("adherence", "usual")},
    {"lateral_threshold_mm": 5.0},
    {"lateral_dissection": member("lateral_dissection", "size_before"), "lateral_threshold_mm": 9.0},
    {"washout": member("washout", "always")},
    {"diverting_stoma": member("diverting_stoma", "never")},
    {"centralisation": True},
    {"recurrence_centre": member("recurrence_centre", "expert")},
    {"adjuvant_chemotherapy": member("adjuvant_chemotherapy", "stage_iii")},
    {"postoperative_chemoradiotherapy": member("postoperative_chemoradiotherapy", "stage_ii_iii")},
    {"recurrence_reirradiation": True, "recurrence_induction_chemotherapy": True},
]
UNTIL = {Moment.MEETING: 14, Moment.RESTAGING: 10, Moment.PATHOLOGY: 14}
FROM = {Moment.MEETING: 0, Moment.RESTAGING: 5, Moment.PATHOLOGY: 10}


@st.composite
def changes(draw, named):
    """What each group sets, of what may be set at its moment."""
    return {
        group.name: draw(st.sampled_from(CHANGES[FROM[group.moment] : UNTIL[group.moment]]))
        for group in named.groups
        if draw(st.integers(0, 3))
    }


def followed(worlds: np.ndarray, plan: int) -> dict[str, object]:
    """Return the levers of a packed plan, with the days of its visits."""
    levers = {name: worlds[plan]["policy"][name] for name in worlds["policy"].dtype.names}
    return {**levers, "visit_days": worlds[plan]["follow_up"]["visit_days"].tolist()}


def merged(policy: Policy, groups: list[str]) -> dict[str, object]:
    """Return the levers that a patient in these groups should have, each group's over the last."""
    levers = {name: getattr(policy, name) for name in LEVERS}
    for group in groups:
        for name, value in dict(policy.by_group).get(group, ()):
            levers[name] = value
    schedule = levers.pop("follow_up")
    assert isinstance(schedule, FollowUp)
    return {**{n: float(v) for n, v in levers.items()}, "visit_days": schedule.record()["visit_days"]}


@settings(max_examples=12, deadline=None, suppress_health_check=SLOW)
@given(st.data())
def test_the_plan_followed_from_each_moment_on_is_the_levers_of_the_groups_so_far(data):
    named = data.draw(guidelines())
    policy = by_group("chemoradiotherapy", named, **data.draw(changes(named)))
    course = Watched(policy, 120)
    for i, row in enumerate(course.rows):
        groups = []
        for moment in Moment:
            if not course.there[moment][i]:
                assert row["risk_group"][moment] == NO_GROUP
                continue
            one = slice(i, i + 1)
            expected = naive_groups(named, moment, course.stood[moment][one], course.there[moment][one])[0]
            assert row["risk_group"][moment] == expected
            groups += [named.groups[expected].name] if expected != NO_GROUP else []
            assert followed(course.worlds, course.plans[moment][i]) == merged(policy, groups)
