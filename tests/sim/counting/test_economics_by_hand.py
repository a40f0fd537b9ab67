"""What a course costs and is worth is what a naive reading of the prices and utilities finds."""

import functools

import numpy as np
import pytest
from conftest import world_of
from helpers.economics_by_hand import QUANTITIES, Course, Lump, charged, prices

from conf.composition import composing, options
from conf.input_error import InputError
from conf.policies import read_policy
from conf.run import world_trees
from conf.schema import compose_run
from sim.clinic.needs import arrival_days
from sim.clocks import compiled_clock, simpy_clock
from sim.counting.outcomes import FOLDS
from sim.counting.tally import VALUED, Counter
from sim.counting.value import SCALE, VALUES, new_value_scratch, write_values
from sim.luck import draw_luck
from sim.parameters import pack
from sim.patient import YEAR_DAYS, new_patients

YEARS = 60.0
DUTCH = ("economics=dutch",)
MIXED = (
    "chemoradiotherapy+expert_centre+recurrences_first+follow_up_intensive",
    "total_neoadjuvant+for_everyone+organ_preservation+lateral_after_5mm",
    "short_course_delayed+organ_preservation_planned+contact_boost+local_excision_after_treatment",
    "postoperative_chemoradiotherapy+adjuvant_stage_iii",
    "organ_preservation_by_guideline+as_practised",
    "usual_care",
)
# Much goes wrong: organs kept by mistake, recurrences, leaks, patients who are never resected.
STORMY = (
    "cohort.response_specificity=0.4", "surgery.leak_probability=0.4", "cohort.unresected_share=0.2",
    "margin.circumferential_take_probability=0.9", "primary.emergency_median_days=400",
)  # fmt: skip


@functools.cache
def policies():
    """Return every shipped policy, joined with treatment before surgery where it needs one."""
    found = []
    with composing():
        for name in options("policy"):
            try:
                read_policy(name)
            except InputError:
                name = f"total_neoadjuvant+for_everyone+{name}"
                read_policy(name)
            found.append(name)
    return tuple(found)


def written(row, world, years):
    """Return what the model counts of a patient, in the currency and in years, by quantity."""
    values = np.empty(len(VALUES), np.int64)
    write_values(row, world, years * YEAR_DAYS, new_value_scratch(), values)
    return dict(zip(VALUES, values / SCALE, strict=True))


def by_hand(row, worlds, events, country, years):
    world = worlds[row["plan"]]
    price = prices(country)
    course = Course(row, world, price, years * YEAR_DAYS)
    return course.values(charged(course.row, events, world, price))


def events_of(journal, n):
    """Return each patient's (day, event)."""
    found = [[] for _ in range(n)]
    for day, i, event in journal:
        found[i].append((day, event))
    return found


def check(rows, worlds, events, country, years):
    """Compare every quantity of every patient, and their sums by fold with those of the tally."""
    sums = np.zeros((FOLDS, 1 + len(VALUES)))
    for i in range(len(rows)):
        mine = by_hand(rows[i], worlds, events[i], country, years)
        theirs = written(rows[i], worlds[0], years)
        for name in QUANTITIES:
            unit = 0.5 / SCALE[VALUES.index(name)]
            assert theirs[name] == pytest.approx(mine[name], abs=1.001 * unit), (i, name)
        sums[rows[i]["number"] % FOLDS] += (1, *mine.values())
    counter = Counter(worlds, (1.0, years), years)
    counter.count(rows)
    counts = counter.tally().values[VALUED]
    assert counts.dtype == np.int64 and (counts[:, 0] == sums[:, 0]).all()
    rounding = 0.501 * counts[:, :1] / SCALE
    assert (np.abs(counts[:, 1:] / SCALE - sums[:, 1:]) <= rounding).all()


def simulated(policy, overrides, patients, first=0, years=YEARS):
    """Return rows, worlds and events of the SimPy clock; the compiled clock's rows are the same."""
    worlds = world_of(policy, overrides)
    rows, luck = new_patients(first, first + patients), draw_luck(first, first + patients, 1)
    theirs, journal = rows.copy(), []
    simpy_clock.simulate_rows(rows, luck, worlds, years * YEAR_DAYS, journal=journal)
    compiled_clock.simulate_rows(theirs, luck, worlds, years * YEAR_DAYS)
    assert rows["charged"].tobytes() == theirs["charged"].tobytes()
    return rows, worlds, events_of(journal, patients)


def test_the_quantities_are_named_alike_in_the_model_and_by_hand():
    assert VALUES == QUANTITIES


@pytest.mark.parametrize("policy", policies())
def test_costs_and_quality_of_life_under_every_shipped_policy_are_those_by_hand(policy):
    rows, worlds, events = simulated(policy, DUTCH, 40, first=40 * policies().index(policy))
    check(rows, worlds, events, "dutch", YEARS)


@pytest.mark.parametrize("policy", MIXED)
def test_costs_and_quality_of_life_are_those_by_hand_where_much_goes_wrong(policy):
    rows, worlds, events = simulated(policy, (*DUTCH, *STORMY), 200)
    check(rows, worlds, events, "dutch", YEARS)


@pytest.mark.parametrize("years", [0.5, 3.0])
def test_costs_and_quality_of_life_up_to_a_horizon_are_those_by_hand(years):
    rows, worlds, events = simulated(MIXED[0], (*DUTCH, *STORMY), 150, years=years)
    check(rows, worlds, events, "dutch", years)


def test_costs_and_quality_of_life_in_pounds_are_those_by_hand():
    rows, worlds, events = simulated(MIXED[2], ("economics=english", *STORMY), 150)
    check(rows, worlds, events, "english", YEARS)


@pytest.mark.parametrize("clock", [simpy_clock, compiled_clock])
def test_costs_and_quality_of_life_of_patients_who_queue_are_those_by_hand(clock):
    """The compiled clock keeps no journal: the same patients by SimPy's have the events."""
    words = ("clinic=strained", "clinic.linac_count=8", "pathway.patience_median_days=60", *DUTCH)
    run = compose_run("policies=[chemoradiotherapy+for_everyone+expert_centre]", *words)
    worlds = pack(*world_trees(run, run.policies[0]))
    rows, luck = new_patients(0, 200), draw_luck(0, 200, 4)
    rows["agenda"][:, 0] = arrival_days(luck["arrival"], run.clinic["arrivals_per_year"])
    queued, journal = rows.copy(), []
    simpy_clock.simulate_in_clinic(queued, luck, worlds, run.clinic, 20 * YEAR_DAYS, journal=journal)
    assert queued["refused"].sum() > 5 and (queued["waited_days"].sum(axis=1) > 1).mean() > 0.5
    if clock is compiled_clock:
        compiled_clock.simulate_in_clinic(rows, luck, worlds, run.clinic, 20 * YEAR_DAYS)
    else:
        rows = queued
    check(rows, worlds, events_of(journal, 200), "dutch", 20.0)


def test_everything_that_can_be_charged_was_charged_in_these_courses():
    """What no course has, no comparison of courses checks."""
    paid = np.zeros(len(VALUES))
    flags = ("leaked", "adjuvant", "emergency", "contact_boosted", "metastasis_resected", "never_resected",
             "recurrence_palliated", "postoperatively_irradiated", "treatment_stopped")  # fmt: skip
    days = ("excised_day", "regrowth_found_day", "salvage_day", "rerecurrence_day", "uncontrolled_day")
    met = dict.fromkeys((*flags, *days), 0)
    for policy in MIXED:
        rows, worlds, _ = simulated(policy, (*DUTCH, *STORMY), 200)
        for row in rows:
            paid += [*written(row, worlds[0], YEARS).values()]
        for name in met:
            met[name] += int((rows[name] < np.inf).sum() if name in days else rows[name].sum())
    assert (paid > 0).all()
    assert min(met.values()) > 0, met


def test_small_steps_without_a_thought_on_when_anything_changes_come_to_the_same():
    rows, worlds, events = simulated(MIXED[0], (*DUTCH, *STORMY), 40)
    price = prices("dutch")
    for i in range(len(rows)):
        world = worlds[rows[i]["plan"]]
        course = Course(rows[i], world, price, YEARS * YEAR_DAYS)
        charges = charged(course.row, events[i], world, price)
        exact, stepped = course.values(charges), course.values_by_steps(charges, 2.0)
        for name, value in exact.items():
            # Each of some thirty changes may be a day late.
            slack = 30.0 * 1.0 / YEAR_DAYS * (30_000.0 if name.startswith("cost") else 0.3)
            assert stepped[name] == pytest.approx(value, abs=slack), (i, name)


def test_what_is_charged_at_once_is_discounted_from_its_day():
    lump = Lump(YEAR_DAYS, "surgery", 103.0)
    row = new_patients(0, 1)[0]
    row["age_years"] = 70.0
    row["death_day"] = 2 * YEAR_DAYS
    course = Course(row, world_of("tme_alone", DUTCH)[0], prices("dutch"), YEARS * YEAR_DAYS)
    assert course.values([lump])["cost_surgery"] == pytest.approx(100.0)
