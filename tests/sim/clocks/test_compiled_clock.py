"""The compiled clock simulates the same courses as the SimPy clock, to the bit, with and without queues."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conf.policies import LEVERS, Policy
from conf.run import Run, world_trees
from conf.schema import compose_run
from sim.clinic.needs import arrival_days
from sim.clocks import compiled_clock, simpy_clock
from sim.events import Event
from sim.luck import draw_luck
from sim.parameters import pack
from sim.patient import ROW, YEAR_DAYS, new_patients
from sim.policy import LateralDissection, LocalExcision, OperationChoice, OrganPreservation, Regimen

HORIZON_DAYS = 10 * YEAR_DAYS

POLICIES = (
    "tme_alone",
    "short_course",
    "short_course_delayed+lateral_after_5mm",
    "chemoradiotherapy+expert_centre+recurrences_first",
    "total_neoadjuvant+for_high_risk+follow_up_intensive",
    "postoperative_chemoradiotherapy+adjuvant_stage_iii+primaries_first",
    "chemoradiotherapy+for_everyone+lateral_boost+lateral_routine+washout_always+leak_prevention",
    "total_neoadjuvant+for_everyone+organ_preservation+lateral_after_5mm",
    "short_course_delayed+organ_preservation_planned+contact_boost+local_excision_after_treatment",
    "local_excision_t2+primaries_first",
)
PRESERVING = POLICIES[-3:]
# Many organs are kept by mistake, and grow tumour again.
MISREAD = ("cohort.response_specificity=0.4", "staging.node_sensitivity=0.5")

# From overload to nobody waiting.
CLINICS: dict[str, tuple[str, ...]] = {
    "unlimited": ("clinic=unlimited",),
    "regional": ("clinic=regional",),
    "strained": ("clinic=strained",),
    "backlog": ("clinic=backlog",),
    "overload": ("clinic=strained", "clinic.arrivals_per_year=260", "clinic.linac_count=6"),
    "one of each": (
        "clinic=unlimited",
        "clinic.arrivals_per_year=2000",
        "clinic.mri_count=1",
        "clinic.endoscopy_count=1",
        "clinic.linac_count=9",
        "clinic.theatre_count=1",
        "clinic.bed_count=20",
        "clinic.urology_team_count=1",
    ),
}


def rows_of(run: Run, patients: int, seed: int, arriving: bool) -> tuple[np.ndarray, np.ndarray]:
    """New rows and their luck; where they share a clinic, on the days of their arrival."""
    rows, luck = new_patients(0, patients), draw_luck(0, patients, seed)
    if arriving:
        rows["agenda"][:, 0] = arrival_days(luck["arrival"], run.clinic["arrivals_per_year"])
    return rows, luck


def differing_fields(mine: np.ndarray, theirs: np.ndarray) -> list[str]:
    """The fields whose bits differ."""
    return [name for name in ROW.names or () if mine[name].tobytes() != theirs[name].tobytes()]


def check_unlimited(run: Run, patients: int, seed: int) -> np.ndarray:
    """Compare the clocks without queues; return the rows."""
    world = pack(*world_trees(run, run.policies[0]))
    mine, luck = rows_of(run, patients, seed, arriving=False)
    theirs = mine.copy()
    compiled_clock.simulate_rows(mine, luck, world, HORIZON_DAYS)
    simpy_clock.simulate_rows(theirs, luck, world, HORIZON_DAYS)
    assert differing_fields(mine, theirs) == []
    treated = np.isfinite(mine["operated_day"]) | np.isfinite(mine["watch_from_day"]) | mine["never_resected"]
    assert treated.mean() > 0.9  # they were really lived
    return mine


def check_clinic(run: Run, patients: int, seed: int) -> np.ndarray:
    """Compare the clocks in a clinic, the queues too; return the rows."""
    world = pack(*world_trees(run, run.policies[0]))
    mine, luck = rows_of(run, patients, seed, arriving=True)
    theirs = mine.copy()
    served = compiled_clock.simulate_in_clinic(mine, luck, world, run.clinic, HORIZON_DAYS)
    clinic_run = simpy_clock.simulate_in_clinic(theirs, luck, world, run.clinic, HORIZON_DAYS)
    assert differing_fields(mine, theirs) == []
    order = ["number", "event", "asked_day", "left_day"]
    mine_log, their_log = np.sort(served.log, order=order), np.sort(clinic_run.log, order=order)
    assert len(mine_log) == len(their_log) > 3 * patients
    for name in mine_log.dtype.names or ():
        assert mine_log[name].tobytes() == their_log[name].tobytes(), name
    for name in ("queue_days", "in_use", "length", "logged"):
        assert (served.queues.resources[name] == clinic_run.queues.resources[name]).all(), name
    return mine


@pytest.mark.parametrize("policy", POLICIES)
def test_without_queues_the_lives_are_the_same_to_the_bit(policy):
    check_unlimited(compose_run(f"policies=[{policy}]"), 600, seed=3)


@pytest.mark.parametrize("policy", PRESERVING)
def test_organs_kept_by_mistake_grow_tumour_again_and_the_lives_are_the_same_to_the_bit(policy):
    rows = check_unlimited(compose_run(f"policies=[{policy}]", *MISREAD), 600, seed=4)
    regrown = np.isfinite(rows["regrowth_found_day"])
    assert regrown.sum() > 5 and np.isfinite(rows["operated_day"][regrown]).any()


@pytest.mark.parametrize("clinic", CLINICS)
@pytest.mark.parametrize("policy", [POLICIES[0], POLICIES[3]])
def test_with_queues_lives_and_queues_are_the_same_to_the_bit(policy, clinic):
    check_clinic(compose_run(f"policies=[{policy}]", *CLINICS[clinic]), 300, seed=5)


@pytest.mark.parametrize("clinic", ["regional", "overload", "one of each"])
@pytest.mark.parametrize("policy", PRESERVING)
def test_kept_organs_regrowths_and_excisions_in_queues_are_the_same_to_the_bit(policy, clinic):
    rows = check_clinic(compose_run(f"policies=[{policy}]", *CLINICS[clinic], *MISREAD), 300, seed=6)
    kept = np.isfinite(rows["watch_from_day"])
    assert kept.sum() > 10
    if clinic == "overload":  # looks and operations really wait
        awaited = [Event.WATCH_VISIT, Event.LOCAL_EXCISION if "local" in policy else Event.REASSESSMENT]
        assert (rows["waited_days"][kept][:, awaited].sum(axis=0) > 0.0).all()
        again = np.isfinite(rows["regrowth_found_day"])
        assert rows["waited_days"][again, Event.RESECTION].sum() > 0.0


@pytest.mark.long
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("clinic", CLINICS)
@pytest.mark.parametrize("policy", POLICIES)
def test_many_lives_in_every_clinic_are_the_same_to_the_bit(policy, clinic, seed):
    check_clinic(compose_run(f"policies=[{policy}]", *CLINICS[clinic]), 3000, seed)


def random_policy(data: st.DataObject, like: Policy) -> Policy:
    """A policy of levers drawn at random, without contradictions."""
    drawn = {}
    for name, lever in LEVERS.items():
        if lever.kind is bool:
            drawn[name] = data.draw(st.booleans(), label=name)
        elif lever.kind is float:
            drawn[name] = data.draw(st.floats(1, 30), label=name)
        elif hasattr(lever.kind, "__members__"):
            drawn[name] = data.draw(st.sampled_from(list(lever.kind)), label=name)
    if drawn["neoadjuvant"] == Regimen.NONE:
        drawn["lateral_boost"] = False
        if drawn["lateral_dissection"] == LateralDissection.SIZE_AFTER:
            drawn["lateral_dissection"] = LateralDissection.SIZE_BEFORE
        drawn["contact_boost"] = False
    if drawn["neoadjuvant"] in (Regimen.NONE, Regimen.SHORT_COURSE):
        drawn["organ_preservation"] = OrganPreservation.NEVER
        if drawn["local_excision"] == LocalExcision.AFTER_TREATMENT:
            drawn["local_excision"] = LocalExcision.PRIMARY
    if (drawn["organ_preservation"], drawn["local_excision"]) != (0, 0):
        drawn["operation"] = OperationChoice.TAILORED
        if drawn["lateral_dissection"] == LateralDissection.ROUTINE:
            drawn["lateral_dissection"] = LateralDissection.SIZE_BEFORE
    if drawn["operation"] != OperationChoice.LOW_ANTERIOR_RESECTION:
        drawn["operation"] = OperationChoice.TAILORED
    return dataclasses.replace(like, **drawn)


@given(data=st.data())
@settings(max_examples=12, deadline=None)
def test_random_policies_in_random_clinics_are_the_same_to_the_bit(data):
    run = compose_run(
        "clinic=regional",
        f"clinic.arrivals_per_year={data.draw(st.integers(60, 400), label='arrivals')}",
        f"clinic.mri_count={data.draw(st.integers(1, 3), label='mri')}",
        f"clinic.linac_count={data.draw(st.integers(1, 30), label='linac')}",
        f"clinic.theatre_count={data.draw(st.integers(1, 3), label='theatre')}",
        f"clinic.bed_count={data.draw(st.integers(1, 12), label='bed')}",
    )
    run = dataclasses.replace(run, policies=(random_policy(data, run.policies[0]),))
    check_clinic(run, 150, seed=data.draw(st.integers(0, 10**6), label="seed"))
    check_unlimited(run, 60, seed=7)
