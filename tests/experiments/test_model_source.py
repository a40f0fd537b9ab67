"""What is read from the source of the model is what the model does when it runs."""

import numpy as np
import pytest

from analysis.pages.diagrams import levers_that_differ, pathway
from conf.run import world_trees
from conf.schema import compose_run
from experiments import model_source
from experiments.model_source import bookings
from sim.events import END, Event
from sim.luck import draw_luck
from sim.parameters import pack
from sim.pathway import harm, recurrence
from sim.pathway.journey import react
from sim.patient import YEAR_DAYS, new_patients


@pytest.fixture(scope="module")
def booked():
    return bookings()


def watched(policy, patients=1500):
    """Run patients; return, by event, what it was seen to book or move, and to call off."""
    run = compose_run(f"policies=[{policy}]", f"patients={patients}")
    world = pack(*world_trees(run, run.policies[0]))
    rows, luck = new_patients(0, patients), draw_luck(0, patients, 1)
    books = {event.name: set() for event in Event}
    off = {event.name: set() for event in Event}
    for i in range(patients):
        event = int(Event.DIAGNOSIS)
        while event != END:
            before = rows[i]["agenda"].copy()
            before[event] = np.inf
            following = react(rows, luck, world, i, event, 10 * YEAR_DAYS)
            after = rows[i]["agenda"]
            name = Event(event).name
            books[name] |= {Event(k).name for k in np.flatnonzero((after != before) & np.isfinite(after))}
            off[name] |= {Event(k).name for k in np.flatnonzero(np.isfinite(before) & np.isinf(after))}
            event = following
    return books, off


@pytest.mark.parametrize(
    "policy",
    [
        "tme_alone",
        "total_neoadjuvant+for_everyone+expert_centre+postoperative_stage_ii_iii",
        "short_course_delayed",
        "chemoradiotherapy+local_excision_after_treatment+organ_preservation",
    ],
)
def test_no_reaction_books_or_calls_off_what_the_source_does_not_show(booked, policy):
    books, off = watched(policy)
    for event in Event:
        if event.name.startswith("DEATH_"):  # call_off_all
            assert books[event.name] == set()
            continue
        assert books[event.name] <= set(booked[event.name].books), event
        assert off[event.name] <= set(booked[event.name].calls_off), event


def test_all_that_the_source_shows_is_seen_when_patients_are_simulated(booked):
    seen = {}
    for policy, patients in (
        ("tme_alone", 1500),
        ("total_neoadjuvant+for_everyone", 1500),
        ("postoperative_stage_ii_iii", 1500),
        ("short_course", 1500),
        ("local_excision", 1500),
        ("chemoradiotherapy+local_excision_after_treatment+organ_preservation", 1500),
        # Deaths of a local excision, and recurrences that show at once after an emergency, are rare.
        ("chemoradiotherapy+local_excision_after_treatment", 8000),
        ("total_neoadjuvant+organ_preservation", 8000),
    ):
        for name, others in watched(policy, patients)[0].items():
            seen.setdefault(name, set()).update(others)
    shown = {(name, other) for name, each in booked.items() for other in each.books}
    there = {(name, other) for name, others in seen.items() for other in others}
    assert shown - there == {("REFUSAL", "RESECTION")}  # only a wait brings a refusal


def test_two_functions_of_one_name_are_two(booked):
    assert recurrence.begin is not harm.begin
    assert booked["RECURRENCE_ONSET"].reaction == ("appear",)
    assert "RECURRENCE_SYMPTOMS" in booked["RECURRENCE_ONSET"].books
    assert "RECURRENCE_SYMPTOMS" not in booked["RESECTION"].books  # begins harm, not a recurrence


def test_every_event_has_a_reaction(booked):
    assert list(booked) == [event.name for event in Event]
    assert all(each.reaction for each in booked.values())


def test_an_event_without_a_branch_is_a_fault(monkeypatch):
    real = model_source._called_by_event()
    real.pop("REFUSAL")
    monkeypatch.setattr(model_source, "_called_by_event", lambda: real)
    with pytest.raises(ValueError, match=r"REFUSAL has no branch in sim/pathway/journey\.py"):
        bookings()


def test_the_diagram_has_every_event_and_an_arrow_for_each_booking(booked):
    drawn = pathway({name: each.books for name, each in booked.items()})
    assert drawn.count("-->") == sum(len(each.books) for each in booked.values()) > 40
    for event in Event:
        assert f"\n  {event.name.lower()}[" in drawn or f"\n  {event.name.lower()}([" in drawn


def test_the_levers_that_differ_are_those_and_no_others():
    run = compose_run("policies=[tme_alone,short_course+washout_always]")
    levers = {policy.name: policy.levers() for policy in run.policies}
    rows = levers_that_differ(levers, "short_course+washout_always")
    assert rows[0] == ["lever", "short_course+washout_always", "tme_alone"]
    assert rows[1:] == [["neoadjuvant", "short_course", "none"], ["washout", "always", "usual"]]
    assert (
        levers_that_differ(levers | {"tme_alone": levers["short_course+washout_always"]}, "tme_alone")[1:]
        == []
    )
