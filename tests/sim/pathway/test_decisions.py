"""When each lever acts, as the code of the reactions has it; what policies share, and share no longer."""

import ast
import functools
from pathlib import Path

import pytest

import sim
from conf.policies import LEVERS
from conf.run import world_trees
from conf.schema import compose_run
from experiments.simulating.cohort import Blocks, worlds_of
from sim.clocks import compiled_clock
from sim.events import Event
from sim.luck import draw_luck
from sim.parameters import pack
from sim.pathway.decisions import ACTS_AT, acts
from sim.patient import YEAR_DAYS, new_patients

ROOT = Path(sim.__file__).parent.parent


@functools.cache
def functions(module):
    """The functions of a module, and where those that it imports from this package are defined."""
    tree = ast.parse((ROOT / f"{module.replace('.', '/')}.py").read_text("utf-8"))
    own = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    elsewhere = {
        name.asname or name.name: (node.module, name.name)
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module.startswith("sim.")
        for name in node.names
    }
    return own, elsewhere


def levers_read(nodes, module):
    """The levers, schedule and guideline that some code reads, itself or in what it calls."""
    found = set()
    for part in (part for node in nodes for part in ast.walk(node)):
        if isinstance(part, ast.Attribute):
            of = part.value.attr if isinstance(part.value, ast.Attribute) else getattr(part.value, "id", "")
            if of == "policy" or part.attr in ("follow_up", "guideline"):
                found.add(part.attr)
        elif isinstance(part, ast.Call) and isinstance(part.func, ast.Name):
            found |= levers_read_by(module, part.func.id)
    return found


@functools.cache
def levers_read_by(module, name):
    own, elsewhere = functions(module)
    if name in own:
        return frozenset(levers_read(own[name].body, module))
    return levers_read_by(*elsewhere[name]) if name in elsewhere else frozenset()


def by_event():
    """What the reaction to each event reads."""
    found = {}

    def look(branch):
        parts = list(ast.walk(branch.test))
        # Those of several events have a function of their own.
        several = any(isinstance(part, ast.LtE) for part in parts)
        for name in [part.attr for part in parts if isinstance(part, ast.Attribute)]:
            if not several:
                found[Event[name]] = levers_read(branch.body, "sim.pathway.journey")
        for other in branch.orelse:
            if isinstance(other, ast.If):
                look(other)

    for function in functions("sim.pathway.journey")[0].values():
        for node in function.body:
            if isinstance(node, ast.If):
                look(node)
    return found


def test_a_lever_acts_where_a_reaction_reads_it_and_nowhere_else():
    reads = by_event()
    assert set(reads) == set(Event)
    assert set().union(*reads.values()) == set(ACTS_AT) - {"queue_priority"}
    for name, events in ACTS_AT.items():
        assert set(events) == {event for event, read in reads.items() if name in read}, name


def test_every_lever_is_in_the_list_or_acts_anywhere():
    assert set(LEVERS) <= set(ACTS_AT)
    one, other = (pack({"policy": {"new": value}}) for value in (0, 1))
    assert acts([one, other])[:, 0, 1].all()


def test_policies_that_are_equal_act_nowhere_differently():
    run = compose_run("policies=[tme_alone,washout_always,dutch_2014]")
    world, washing, guided = (pack(*world_trees(run, policy)) for policy in run.policies)
    assert not acts([world, world.copy(), world.copy()]).any()
    assert not acts([guided, guided.copy()]).any()
    differ = acts([world, world.copy(), washing])
    assert {Event(event) for event in differ[:, 0, 2].nonzero()[0]} == {
        Event.RESECTION,
        Event.PRIMARY_EMERGENCY,
    }
    assert (differ[:, 0, 0] == differ[:, 0, 2]).all() and not differ[:, 0, 1].any()


def test_other_numbers_of_the_disease_act_at_any_event():
    one, other = (
        pack(*world_trees(run, run.policies[0]))
        for run in (
            compose_run("policies=[tme_alone]", *more) for more in ((), ("spillage.take_probability=0.5",))
        )
    )
    assert acts([one, other])[:, 0, 1].all()


POLICIES = {
    "usual": "tme_alone,short_course,chemoradiotherapy,chemoradiotherapy+lateral_after_5mm",
    "many levers": (
        "chemoradiotherapy,chemoradiotherapy+as_practised,chemoradiotherapy+organ_preservation,"
        "chemoradiotherapy+organ_preservation_planned+local_excision_after_treatment,tme_alone,"
        "tme_alone+follow_up_intensive,tme_alone+follow_up_minimal+expert_centre,washout_always+leak_prevention,"
        "adjuvant_stage_iii+centralisation+surgical_training,postoperative_chemoradiotherapy"
    ),
    "guidelines": "dutch_2014,dutch_before_2014,tme_alone,organ_preservation_by_guideline,swedish",
    "one": "chemoradiotherapy",
}


@pytest.mark.parametrize("policies", POLICIES.values(), ids=POLICIES)
def test_shared_courses_are_those_of_each_policy_alone_to_the_bit(policies):
    run = compose_run(f"policies=[{policies}]", "patients=600")
    worlds, counting = worlds_of(run), Blocks(run, worlds_of(run))
    luck = draw_luck(0, 600, run.seed)
    for i in range(600):  # rows are those of one patient
        counting.simulate_and_count(i, i + 1)
        courses = counting.courses
        for k, name in enumerate(counting.counters):
            rows = new_patients(i, i + 1)
            compiled_clock.simulate_rows(rows, luck[i : i + 1], worlds[name], run.horizon_years * YEAR_DAYS)
            shared = courses.rows[0, courses._shared[0].led_by[k, 0]]
            for field in rows.dtype.names:
                assert shared[field].tobytes() == rows[0][field].tobytes(), (name, field)


def test_policies_that_dissect_otherwise_share_a_course_except_where_a_resection_is_booked():
    def differ(policy):
        run = compose_run(f"policies=[{policy},{policy}+lateral_after_5mm]")
        found = acts([pack(*world_trees(run, policy)) for policy in run.policies])[:, 0, 1]
        return {Event(event) for event in found.nonzero()[0]}

    booking = set(ACTS_AT["lateral_dissection"])
    assert not booking & {Event.RESECTION, Event.PATHOLOGY, Event.VISIT}
    assert differ("short_course") == booking
    assert differ("chemoradiotherapy") == booking - {Event.NEOADJUVANT}  # no resection follows at once
