"""The journey on the SimPy clock: what must hold in every life, under any policy."""

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import sim
from conf.composition import composing
from conf.input_error import InputError
from conf.policies import LEVERS, Policy
from conf.run import world_trees
from conf.schedules import FollowUp, read_follow_up
from conf.schema import compose_run
from sim.clocks.simpy_clock import simulate_rows
from sim.distributions import GRID
from sim.events import END, Event
from sim.luck import draw_luck
from sim.parameters import pack
from sim.pathway.journey import next_event, react
from sim.patient import N_ROUTES, YEAR_DAYS, Cause, FoundBy, Margin, Operation, Route, new_patients

LONG = pytest.mark.long
HORIZON_DAYS = 10 * YEAR_DAYS
DEATHS = [
    Event.DEATH_OPERATIVE,
    Event.DEATH_PRIMARY,
    Event.DEATH_RECURRENCE,
    Event.DEATH_METASTASIS,
    Event.DEATH_OTHER,
]
# The way to the first visit, in its order; each happens once at most.
WAY = [
    Event.DIAGNOSIS,
    Event.STAGING_MRI,
    Event.TEAM_MEETING,
    Event.NEOADJUVANT,
    Event.RESTAGING_MRI,
    Event.RESECTION,
    Event.PATHOLOGY,
    Event.VISIT,
]
PRESERVING_WAY = [
    Event.RESTAGING_MRI,
    Event.REASSESSMENT,
    Event.LOCAL_EXCISION,
    Event.WATCH_VISIT,
    Event.REGROWTH_SYMPTOMS,
    Event.RESECTION,
    Event.PATHOLOGY,
]
# What a row holds of days to come: an onset, a response or a harm that is booked.
BOOKED = {
    "onset_day",
    "treated_until_day",
    "primary_cleared_day",
    "nodes_cleared_day",
    "lateral_cleared_day",
    "harm_from_day",
    "harm_until_day",
}
SALVAGE_WAY = [Event.RECURRENCE_MEETING, Event.SALVAGE_TREATMENT, Event.SALVAGE_RESECTION]
ONCE = [
    *WAY[:-1],
    *SALVAGE_WAY,
    Event.LOCAL_EXCISION,
    Event.REGROWTH_ONSET,
    Event.REGROWTH_SYMPTOMS,
    Event.POSTOPERATIVE_CHEMORADIOTHERAPY,
    Event.METASTASIS_SYMPTOMS,
]
# Every branch of the journey, often enough for a few hundred patients.
EVENTFUL = (
    "mesorectum.left_probability=[1,1,1]",
    "mesorectum.deposit_probability=[0.6,0.6,0.6]",
    "surgery.leak_probability=0.5",
    "surgery.perforation_probability=0.3",
    "salvage.curative_probability=0.97",
    "mortality.operative_death_probability=0.03",
    "cohort.unresected_share=0.05",
    "cohort.response_specificity=0.3",
)
POLICY = (
    "chemoradiotherapy+for_high_risk+lateral_after_5mm+postoperative_chemoradiotherapy+follow_up_intensive"
    "+organ_preservation+local_excision_after_treatment"
)


def by_patient(journal, patients):
    """Each patient's (day, event) in the order in which they happened."""
    lines = [[] for _ in range(patients)]
    for day, i, event in journal:
        lines[i].append((day, event))
    return lines


def check_journal(rows, journal, horizon_days):
    """Assert what holds of the order of events in every life."""
    for row, line in zip(rows, by_patient(journal, len(rows)), strict=True):
        days = [day for day, _ in line]
        events = [event for _, event in line]
        assert days == sorted(days)
        assert all(day * GRID == int(day * GRID) for day in days)
        assert 0 <= days[0] <= days[-1] <= horizon_days
        assert events[0] == Event.DIAGNOSIS
        deaths = [k for k, event in enumerate(events) if event in DEATHS]
        if deaths:
            assert deaths == [len(events) - 1]
            assert row["death_day"] == days[-1]
            assert row["death_cause"] != Cause.ALIVE
            assert np.isinf(row["agenda"]).all()
        else:
            assert np.isinf(row["death_day"])
            assert row["death_cause"] == Cause.ALIVE
            assert horizon_days < row["agenda"].min() < np.inf
        for event in ONCE:
            assert events.count(event) <= 1, Event(event)
        for way in (WAY, PRESERVING_WAY, SALVAGE_WAY):
            first = [events.index(event) for event in way if event in events]
            assert first == sorted(first)
        # No step is skipped: who got to a step went through those that everybody needs, but in an emergency.
        needed = [event for event in WAY[:-1] if event not in (Event.NEOADJUVANT, Event.RESTAGING_MRI)]
        if row["emergency"]:
            assert Event.RESECTION not in events and row["operation"] == Operation.HARTMANN
            needed = [Event.DIAGNOSIS, Event.PRIMARY_EMERGENCY, Event.PATHOLOGY]
        reached = [event in events for event in needed]
        assert reached == sorted(reached, reverse=True)
        check_days(row, dict(zip(events[::-1], days[::-1], strict=True)), events)


def check_days(row, first, events):
    """Assert that the row says what the journal says; ``first``: the first day of each event."""
    never = np.inf
    operation = Event.PRIMARY_EMERGENCY if row["emergency"] else Event.RESECTION
    assert row["operated_day"] == first.get(operation, never)
    assert row["excised_day"] == first.get(Event.LOCAL_EXCISION, never)
    assert row["regrowth_onset_day"] == first.get(Event.REGROWTH_ONSET, never)
    looks = events.count(Event.REASSESSMENT) + (row["readings"] > 0)
    assert row["readings"] == looks and row["endoscopies"] == looks + events.count(Event.WATCH_VISIT)
    assert row["recurrence_onset_day"] == first.get(Event.RECURRENCE_ONSET, never) or events.count(
        Event.RECURRENCE_ONSET
    )
    assert row["metastasis_onset_day"] == first.get(Event.METASTASIS_ONSET, never)
    assert row["visits"] == events.count(Event.VISIT) + events.count(Event.WATCH_VISIT)
    assert row["salvage_day"] in (never, first.get(Event.SALVAGE_RESECTION, never))
    assert row["postoperatively_irradiated"] == (Event.POSTOPERATIVE_CHEMORADIOTHERAPY in events)


def check_rows(rows, horizon_days):
    """Assert what holds of the days and states of every row when it is over."""
    finite = {name: np.isfinite(rows[name]) for name in rows.dtype.names if name.endswith("_day")}
    for name, happened in finite.items():
        days = rows[name][happened]
        assert (days * GRID == np.floor(days * GRID)).all(), name
        assert (days >= 0).all(), name
    for name in finite.keys() - BOOKED:
        assert (rows[name][finite[name]] <= horizon_days).all(), name
        at_risk = finite[name] & finite["death_day"]
        assert (rows[name][at_risk] <= rows["death_day"][at_risk]).all(), name

    found = finite["recurrence_found_day"]
    assert (rows["recurrence_onset_day"] <= rows["recurrence_found_day"])[found].all()
    assert (rows["operated_day"] < rows["recurrence_onset_day"])[finite["recurrence_onset_day"]].all()
    assert np.array_equal(found, rows["found_by"] != FoundBy.NOT_FOUND)
    assert np.array_equal(finite["metastasis_found_day"], rows["metastasis_found_by"] != FoundBy.NOT_FOUND)
    assert np.array_equal(finite["regrowth_found_day"], rows["regrowth_found_by"] != FoundBy.NOT_FOUND)
    assert (rows["regrowth_onset_day"] <= rows["regrowth_found_day"]).all()
    again = finite["regrowth_found_day"] & finite["operated_day"]
    assert (rows["regrowth_found_day"] <= rows["operated_day"])[again].all()
    assert (rows["metastasis_onset_day"] <= rows["metastasis_found_day"]).all()
    assert np.array_equal(finite["recurrence_onset_day"], rows["recurrence_route"] >= 0)
    grown = np.flatnonzero(finite["recurrence_onset_day"])
    assert (
        rows["onset_day"][grown, rows["recurrence_route"][grown]] == rows["recurrence_onset_day"][grown]
    ).all()

    assert (rows["curative_intent"] <= found).all()
    salvaged = finite["salvage_day"]
    assert (salvaged <= rows["curative_intent"]).all()
    assert (rows["salvage_day"] > rows["recurrence_found_day"])[salvaged].all()
    assert np.array_equal(salvaged, rows["salvage_margin"] != Margin.NONE)
    assert np.array_equal(salvaged, rows["salvage_procedure"] > 0)
    assert np.array_equal(salvaged, rows["salvage_specialties"] > 0)
    assert (finite["rerecurrence_day"] <= salvaged).all()
    again = finite["rerecurrence_day"]
    assert (rows["rerecurrence_day"] > rows["salvage_day"])[again].all()

    assert (rows["operation"][finite["operated_day"]] != Operation.NONE).all()  # planned, then done
    joined = (rows["operation"] == Operation.LOW_ANTERIOR_RESECTION) & finite["operated_day"]
    assert np.array_equal(rows["anastomosis"], joined)
    assert (rows["survived"] <= rows["cells_left"]).all()
    assert ((rows["seed_probability"] >= 0) & (rows["seed_probability"] <= 1)).all()
    assert not (rows["lateral_sterilised"] & ~rows["lateral_involved"].astype(bool)).any()
    assert (rows["leaked"] <= rows["anastomosis"]).all()
    assert (rows["abscess"] <= rows["anastomosis"]).all()
    assert (rows["luminal_cells"] | ~rows["cells_left"][:, Route.ANASTOMOTIC].astype(bool)).all()
    assert rows["cells_left"].shape == (len(rows), N_ROUTES)


@pytest.fixture(name="eventful", scope="module")
def eventful_fixture(lives):
    """2,000 patients with many recurrences, and their journal."""
    journal = []
    return lives(*EVENTFUL, policy=POLICY, patients=2000, journal=journal), journal


@pytest.mark.parametrize(
    "policy",
    [
        "tme_alone",
        "total_neoadjuvant+expert_centre",
        "short_course",
        "total_neoadjuvant+for_everyone+organ_preservation",
        "local_excision_t2",
    ],
)
def test_every_life_goes_in_order_from_diagnosis_to_death_or_the_horizon(lives, policy):
    journal = []
    rows = lives(policy=policy, patients=1500, journal=journal)
    check_rows(rows, HORIZON_DAYS)
    check_journal(rows, journal, HORIZON_DAYS)


def test_eventful_lives_go_in_order_too(eventful):
    rows, journal = eventful
    check_rows(rows, HORIZON_DAYS)
    check_journal(rows, journal, HORIZON_DAYS)
    # Nothing in the vocabulary is dead; refusal comes only in a queue: tests/sim/clinic/test_clinic.py.
    assert {event for _, _, event in journal} == set(Event) - {Event.REFUSAL}


@pytest.mark.parametrize("years", [0.02, 0.3, 1.0, 60.0])
def test_a_horizon_of_any_length_is_kept(lives, years):
    journal = []
    rows = lives(*EVENTFUL, patients=400, years=years, journal=journal)
    check_rows(rows, years * YEAR_DAYS)
    check_journal(rows, journal, years * YEAR_DAYS)
    dead = np.isfinite(rows["death_day"]).mean()
    assert dead > 0.98 if years == 60.0 else dead < 0.6


def test_routine_visits_end_when_the_cancer_is_back(eventful):
    """Found locally, or as metastases that are not resected, before or after the first visit."""
    rows, journal = eventful
    spread = np.where(rows["metastasis_resected"], np.inf, rows["metastasis_found_day"])
    back = np.minimum(rows["recurrence_found_day"], spread)
    assert np.isfinite(back).sum() > 500
    late = [(day, i) for day, i, event in journal if event == Event.VISIT and day > back[i]]
    assert late == []


def test_a_patient_is_not_salvaged_once_unresectable_or_newly_metastatic(eventful):
    rows, _ = eventful
    salvaged = np.isfinite(rows["salvage_day"])
    assert salvaged.sum() > 50
    new = (rows["metastasis_found_day"] < rows["salvage_day"]) & ~rows["synchronous_metastasis"]
    assert not (salvaged & new).any()
    assert not (rows["unresectable"] & ~np.isfinite(rows["recurrence_onset_day"])).any()


def test_the_clock_adds_nothing_to_the_reactions(eventful):
    """The courses are those of the agenda followed by hand, event by event."""
    rows, journal = eventful
    stepped, luck = new_patients(0, len(rows)), draw_luck(0, len(rows), 1)
    run = compose_run(f"policies=[{POLICY}]", *EVENTFUL)
    world = pack(*world_trees(run, run.policies[0]))
    lines = by_patient(journal, len(rows))
    for i in range(300):
        line, event = [], next_event(stepped[i], HORIZON_DAYS)
        while event != END:
            line.append((stepped["agenda"][i, event], event))
            event = react(stepped, luck, world, i, event, HORIZON_DAYS)
        assert line == lines[i]
    assert stepped[:300].tobytes() == rows[:300].tobytes()


@functools.cache
def plain_world():
    run = compose_run("policies=[tme_alone]")
    return pack(*world_trees(run, run.policies[0]))


@pytest.mark.parametrize("event", list(Event))
def test_every_event_has_a_reaction_and_only_deaths_kill(event):
    rows, luck = new_patients(0, 1), draw_luck(0, 1, 1)
    react(rows, luck, plain_world(), 0, Event.DIAGNOSIS, HORIZON_DAYS)
    rows["recurrence_route"], rows["recurrence_compartment"], rows["operated_day"] = 2, 0, 1.0
    rows["agenda"][0, event] = 2.0
    react(rows, luck, plain_world(), 0, event, HORIZON_DAYS)
    assert rows["agenda"][0, event] != 2.0
    cause = {
        Event.DEATH_OPERATIVE: Cause.OPERATIVE,
        Event.DEATH_OTHER: Cause.OTHER,
        Event.DEATH_PRIMARY: Cause.CANCER,
        Event.DEATH_RECURRENCE: Cause.CANCER,
        Event.DEATH_METASTASIS: Cause.CANCER,
    }
    assert rows["death_cause"][0] == cause.get(event, Cause.ALIVE)


def test_what_is_no_event_fails_and_kills_nobody():
    rows, luck = new_patients(0, 1), draw_luck(0, 1, 1)
    with pytest.raises(ValueError, match="no reaction"):
        react(rows, luck, plain_world(), 0, END, HORIZON_DAYS)
    assert rows["death_cause"][0] == Cause.ALIVE


def test_at_a_tie_the_first_event_of_the_vocabulary_comes_first():
    rows = new_patients(0, 1)
    rows["diagnosed_day"] = 0.0
    rows["agenda"][0] = 5.0
    assert next_event(rows[0], 10.0) == Event.DIAGNOSIS
    rows["agenda"][0, : Event.VISIT] = np.inf
    assert next_event(rows[0], 10.0) == Event.VISIT
    assert next_event(rows[0], 5.0) == Event.VISIT  # the horizon's own day still counts
    assert next_event(rows[0], 4.999) == END


@pytest.mark.parametrize(
    "override",
    [
        "pathway.surgery_to_pathology_days=200",
        "pathway.restaging_to_surgery_days=120",
        "neoadjuvant.interval_weeks=[0,0,0,0,0,0]",
        "recurrence.progression_median_days=1e9",
        "salvage.death_days=4000",
    ],
)
def test_allowed_numbers_at_an_extreme_still_make_lives(lives, override):
    """What the configuration accepts, the clock can live."""
    journal = []
    policy = "short_course_delayed+follow_up_intensive"
    rows = lives(*EVENTFUL, override, policy=policy, patients=300, journal=journal)
    check_rows(rows, HORIZON_DAYS)
    check_journal(rows, journal, HORIZON_DAYS)


# Uncompiled

UNCOMPILED = """
import sys
sys.path.insert(0, "tests")
import numba
import numpy as np
from conftest import lives
assert numba.config.DISABLE_JIT
rows = lives(*sys.argv[3:], policy=sys.argv[2], patients=150)
np.save(sys.argv[1], np.asarray(rows))
"""


def test_reactions_run_uncompiled_give_the_same_rows_to_the_bit(lives, tmp_path):
    policy = f"{POLICY}+expert_centre"
    subprocess.run(
        [sys.executable, "-c", UNCOMPILED, str(tmp_path / "rows.npy"), policy, *EVENTFUL],
        check=True,
        cwd=Path(sim.__file__).parent.parent,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
    )
    plain = np.load(tmp_path / "rows.npy")
    compiled = lives(*EVENTFUL, policy=policy, patients=150)
    assert np.isfinite(compiled["salvage_day"]).sum() > 5
    differ = [name for name in compiled.dtype.names if plain[name].tobytes() != compiled[name].tobytes()]
    assert differ == []


BROKEN = """
import sys
import numba
sys.path.insert(0, sys.argv[1])
from conf.schema import compose_run
from experiments.simulating.cohort import simulate
import sim.pathway.journey
assert sim.pathway.journey.__file__.startswith(sys.argv[1])
numba.set_num_threads(2)
simulate(compose_run("patients=300", "policies=[tme_alone]", *sys.argv[2:]))
"""


@pytest.mark.parametrize(
    ("plain", "settings"),
    [
        ("1", ["clock=compiled"]),
        pytest.param("0", ["clock=compiled"], marks=LONG),
        pytest.param("0", ["clock=compiled", "rows=true"], marks=LONG),
        pytest.param("0", ["clock=compiled", "clinic=regional"], marks=LONG),
        pytest.param("0", ["clock=simpy"], marks=LONG),
    ],
)
def test_an_event_without_a_reaction_ends_the_run_by_every_clock(tmp_path, plain, settings):
    """A copy of the model, in which nobody has written what a visit does."""
    shutil.copytree(Path(sim.__file__).parent, tmp_path / "sim", ignore=shutil.ignore_patterns("__pycache__"))
    journey = tmp_path / "sim/pathway/journey.py"
    journey.write_text(journey.read_text("utf-8").replace("event == Event.VISIT", "event == 99"), "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", BROKEN, str(tmp_path), *settings],
        env={**os.environ, "NUMBA_DISABLE_JIT": plain, "XDG_CACHE_HOME": str(tmp_path / "cache")},
        cwd=Path(sim.__file__).parent.parent,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and "no reaction" in done.stderr.splitlines()[-1]


# Any policy


@functools.cache
def schedules():
    with composing():
        return tuple(read_follow_up(name) for name in ("minimal", "standard", "intensive"))


@functools.cache
def eventful_run():
    return compose_run("policies=[tme_alone]", *EVENTFUL)


def settings_of(kind):
    if kind is bool:
        return st.booleans()
    if kind is float:
        return st.floats(1, 30)
    if kind is FollowUp:
        return st.sampled_from(schedules())
    return st.sampled_from(list(kind))


@st.composite
def policies(draw):
    levers = {lever: draw(settings_of(kind)) for lever, (kind, _) in LEVERS.items()}
    try:
        return Policy("drawn", "drawn at random", **levers)
    except InputError:  # levers that contradict each other
        assume(False)


@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
@given(policies(), st.integers(0, 5))
def test_every_life_under_any_policy_goes_in_order(policy, seed):
    rows, journal = new_patients(0, 200), []
    world = pack(*world_trees(eventful_run(), policy))
    simulate_rows(rows, draw_luck(0, 200, seed), world, HORIZON_DAYS, journal)
    check_rows(rows, HORIZON_DAYS)
    check_journal(rows, journal, HORIZON_DAYS)
    twice = new_patients(0, 200)
    simulate_rows(twice, draw_luck(0, 200, seed), world, HORIZON_DAYS)
    assert twice.tobytes() == rows.tobytes()
