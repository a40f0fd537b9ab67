"""The engine of a browser: the luck, the patients and the counts of the command."""

import base64
import dataclasses
import json

import numpy as np
import pytest
from helpers.engine import CHROMIUM, NOBODY_TO_ASK, NODE, asked, exported
from helpers.guidelines import by_group, for_all, guideline, member

from analysis.tables import estimates
from analysis.tables.economics import QUANTITIES, means, worth
from conf.composition import composing, options
from conf.derived import derived
from conf.input_error import InputError
from conf.patient import PatientRun
from conf.policies import LEVERS, groups_of, plain, read_policy, with_levers
from conf.run import world_trees
from conf.schedules import FollowUp
from experiments.engine.layout import policy_of
from experiments.engine.module import RECORD, sources
from experiments.patient import witness
from experiments.simulating.cohort import Batches, Blocks, horizons, simulate_block, worlds_of
from experiments.simulating.crowd import attend_in_blocks, crowd_of, warm_up
from experiments.sweeping.code import digest
from sim.clinic.queues import LOG
from sim.clocks import simpy_clock
from sim.counting.estimates import write_needed
from sim.counting.outcomes import MONTHLY, NO, TIMED, YES, Key
from sim.counting.tally import Counter, batch_stops
from sim.distributions import GRID
from sim.luck import draw_luck
from sim.parameters import pack
from sim.patient import ROW, YEAR_DAYS, new_patients

in_a_browser = pytest.mark.skipif(not (NODE or CHROMIUM), reason=NOBODY_TO_ASK)
FEW = 3000
CLINICS = ("backlog", "expert_centre", "strained")
# Exp, log and pow of another library differ in the last bits; a time at the edge of a step of the grid then
# falls into the next, once in some ten thousand patients, and what follows from it with it.
TOLERANCE = 1e-12
STEPS = 4 / GRID  # days


def test_the_shipped_module_follows_from_these_sources():
    run, *_ = exported()
    record = json.loads(RECORD.read_text("utf-8"))
    assert record["sources"] == digest(sources(run)), "the model has changed: make engine"


def natively(run, worlds, first, stop):
    """Return the rows and the counts of each policy by the command's own code."""
    compiled = dataclasses.replace(run, clock="compiled")
    blocks = Blocks(compiled, worlds)
    blocks.simulate_and_count(first, stop)
    rows = simulate_block(compiled, worlds, first, stop)
    for name in worlds:
        parts = [part.sum(axis=0).ravel() for part in blocks.counters[name].parts]
        yield np.asarray(rows[name]), np.concatenate(parts)


def assert_the_same(answers, run, worlds, first, stop):
    """Compare what the engine answers with rows and counts; return how many rows there were."""
    for k, (rows, counts) in enumerate(natively(run, worlds, first, stop)):
        theirs = np.frombuffer(answers[2 * k], ROW)
        assert_rows_the_same(theirs, rows)
        np.testing.assert_array_equal(np.frombuffer(answers[2 * k + 1]), counts)


@in_a_browser
@pytest.mark.parametrize(("seed", "replication", "first"), [(1, 0, 0), (2**40, 7, 1), (20260, 1, 10**9 + 2)])
def test_luck_is_equal_to_the_bit(seed, replication, first):
    stop = first + 1030  # not a multiple of what is drawn at once
    request = {"ask": "luck", "seed": seed, "replication": replication, "first": first, "stop": stop}
    (luck,) = asked([request])
    assert luck == np.asarray(draw_luck(first, stop, seed, replication)).tobytes()


@in_a_browser
@pytest.mark.parametrize("prices", ["none", "dutch"])
def test_policies_have_the_same_worlds_patients_and_counts(prices):
    """With costs and quality of life, too, over a lifetime."""
    overrides = (f"economics={prices}",)
    run, *_ = exported(*overrides)
    worlds = worlds_of(run)
    of_policies = [{"policy": name} for name in worlds]
    requests = [{"ask": "world", **one} for one in of_policies]
    request = {"ask": "simulate", "seed": run.seed, "first": 5, "stop": FEW, "worlds": of_policies}
    answers = asked([*requests, request], *overrides)
    packed, answers = np.split(np.array(answers, object), [len(worlds)])
    assert [bytes(one) for one in packed] == [world.tobytes() for world in worlds.values()]
    assert_the_same(answers, run, worlds, 5, FEW)


@in_a_browser
@pytest.mark.skipif(CHROMIUM is None, reason="no browser")
def test_a_browser_answers_as_node_does():
    request = {"ask": "simulate", "seed": 3, "first": 0, "stop": 300, "worlds": [{"policy": "tme_alone"}]}
    assert asked([request], by="chromium") == asked([request])


@in_a_browser
def test_the_comparator_can_be_any_policy():
    overrides = ("policies=[tme_alone,short_course,chemoradiotherapy]", "comparator=short_course")
    run, *_ = exported(*overrides)
    worlds = worlds_of(run)
    listed = [{"policy": name} for name in worlds]
    request = {"ask": "simulate", "seed": 4, "first": 0, "stop": FEW, "worlds": listed, "comparator": 1}
    assert_the_same(asked([request], *overrides), dataclasses.replace(run, seed=4), worlds, 0, FEW)


def assert_rows_the_same(theirs, rows, but=()):
    """Compare rows: whole numbers and flags equal, others but for the last bits."""
    for name in (name for name in ROW.names if name not in but):
        mine, other = rows[name], theirs[name]
        if mine.dtype.kind == "f":
            of_time = name == "agenda" or name.endswith(("_day", "_days"))
            least = STEPS if of_time else TOLERANCE
            np.testing.assert_allclose(other, mine, rtol=TOLERANCE, atol=least, err_msg=name)
        else:
            np.testing.assert_array_equal(other, mine, err_msg=name)


@in_a_browser
@pytest.mark.parametrize(
    "clinic", ["regional", *(pytest.param(name, marks=pytest.mark.long) for name in CLINICS)]
)
def test_a_clinic_with_queues_has_the_same_rows_waits_and_counts(clinic):
    overrides = (
        f"clinic={clinic}",
        "patients=700",
        "horizon_years=3",
        "policies=[tme_alone,usual_care]",
        "comparator=usual_care",
    )
    run, *_ = exported(*overrides)
    worlds = worlds_of(run)
    request = {"ask": "attend", "seed": run.seed, "patients": run.patients, "comparator": 1}
    answers = asked([request | {"worlds": [{"policy": name} for name in worlds]}], *overrides)
    crowd, batches = crowd_of(run, warm_up(run, worlds).patients), Batches(run, worlds)
    logs = {name: [] for name in worlds}
    kept = {name: [] for name in worlds}
    for rows in attend_in_blocks(run, worlds, crowd, lambda name, log: logs[name].append(log.copy())):
        batches.count(rows)
        for name, own in rows.items():
            kept[name].append(np.asarray(own).copy())
    tallies, _ = batches.result()
    for k, name in enumerate(worlds):
        rows, log, flow, counts = answers[4 * k : 4 * k + 4]
        assert_rows_the_same(np.frombuffer(rows, ROW), np.concatenate(kept[name]))
        other, mine = np.frombuffer(log, LOG), np.asarray(np.concatenate(logs[name]))
        assert (mine["left_day"] > mine["asked_day"]).sum() > 100  # they wait
        for field in LOG.names:
            np.testing.assert_allclose(other[field], mine[field], rtol=TOLERANCE, atol=STEPS, err_msg=field)
        tally = tallies[name]
        np.testing.assert_array_equal(np.frombuffer(flow), tally.flow[Key("flow")].ravel())
        joint = len(tally.binary)
        by_batch = np.frombuffer(counts).reshape(batch_count := len(batch_stops(run.patients)), -1)
        states = by_batch[:, : 9 * joint].reshape(batch_count, 3, 3, joint).sum(axis=1)
        for at, key in enumerate(tally.binary):
            np.testing.assert_array_equal(states[:, :, at], tally.binary[key])
        rest = np.concatenate(
            [
                *(tally.timed[key].reshape(batch_count, -1) for key in TIMED),
                *(tally.monthly[key] for key in MONTHLY),
            ],
            axis=1,
        )
        np.testing.assert_array_equal(by_batch[:, -rest.shape[1] :], rest)


@in_a_browser
@pytest.mark.parametrize(
    "clinic", ["regional", *(pytest.param(name, marks=pytest.mark.long) for name in CLINICS)]
)
def test_the_waits_of_a_pilot_settle_after_as_many_patients_as_in_the_command(clinic):
    run, *_ = exported(f"clinic={clinic}")
    worlds = worlds_of(run)
    request = {"ask": "settled", "seed": run.seed, "worlds": [{"policy": name} for name in worlds]}
    (answer,) = asked([request], f"clinic={clinic}")
    found = warm_up(run, worlds).settled
    assert {None if np.isnan(patients) else patients for patients in np.frombuffer(answer)} == set(
        found.values()
    )
    assert None in found.values() and len(set(found.values())) > 2


@in_a_browser
def test_halves_of_the_patients_add_up_to_the_states_of_each_outcome_that_the_command_counts():
    run, *_ = exported()
    name, world = next(iter(worlds_of(run).items()))
    request = {"ask": "states", "seed": run.seed, "stop": 1001, "worlds": [{"policy": name}]}
    states, counts, kept = map(np.frombuffer, asked([request]))
    ((_, whole),) = natively(run, {name: world}, 0, 1001)
    np.testing.assert_array_equal(counts, whole)
    np.testing.assert_array_equal(kept, whole)
    counter = Counter(world, horizons(run.horizon_years), run.horizon_years)
    counter.count(simulate_block(dataclasses.replace(run, clock="compiled"), {"": world}, 0, 1001)[""])
    binary = np.stack(list(counter.tally().binary.values()))
    np.testing.assert_array_equal(states.reshape(3, -1).T, binary)


@in_a_browser
def test_the_course_of_one_patient_is_what_the_reference_clock_notes():
    run, *_ = exported()
    name, world = next(iter(worlds_of(run).items()))
    numbers = range(40)
    requests = [{"ask": "course", "seed": run.seed, "number": number, "policy": name} for number in numbers]
    answers = asked(requests)
    seen = 0
    for number in numbers:
        rows, luck, journal = new_patients(number, number + 1), draw_luck(number, number + 1, run.seed), []
        simpy_clock.simulate_rows(rows, luck, world, run.horizon_years * YEAR_DAYS, journal=journal)
        times, after = answers[2 * number : 2 * number + 2]
        noted = [(day, event) for day, _, event in journal]
        np.testing.assert_allclose(np.frombuffer(times).reshape(-1, 2), noted, atol=STEPS)
        assert_rows_the_same(np.frombuffer(after, ROW)[-1:], rows)
        seen = max(seen, len(noted))
    assert seen > 10


@in_a_browser
def test_the_course_of_one_patient_among_all_who_queue_is_what_the_reference_clock_notes():
    overrides = ("clinic=strained", "patients=300", "policies=[usual_care]")
    run, *_ = exported(*overrides)
    patient_run = PatientRun(**vars(run), number=0, find=None)
    ((name, _),) = worlds_of(run).items()
    numbers = range(3, 300, 60)
    request = {"ask": "following", "seed": run.seed, "patients": run.patients, "world": None, "policy": name}
    answers = asked([{**request, "number": number} for number in numbers], *overrides)
    waited = several = 0
    for k, number in enumerate(numbers):
        times, after = answers[2 * k : 2 * k + 2]
        ((life, (rows, journal)),) = witness(patient_run, number)
        noted = [(day, event) for day, _, event in journal]
        np.testing.assert_allclose(np.frombuffer(times).reshape(-1, 2), noted, atol=STEPS)
        found = np.frombuffer(after, ROW)
        assert_rows_the_same(found[-1:], np.asarray(rows))
        for moment, row in zip(life.moments, found, strict=True):
            # That is the row at the next event, when the turn has come that was waited for.
            after_wait = ("agenda", "waiting", "waited_days")
            assert_rows_the_same(row[None], np.asarray(moment.after)[None], after_wait)
            waited += moment.waited_days > 1
        several = max(several, len(noted))
    assert waited > 5 and several > 12


def counted(run, by_batch):
    """Return the counts of a policy, of its comparator, and both jointly: of all patients, or of batches."""
    worlds = dict(list(worlds_of(run).items())[:2])
    compiled = dataclasses.replace(run, clock="compiled")
    theirs, rows = simulate_block(compiled, worlds, 0, FEW).values()
    stops = batch_stops(FEW) if by_batch else [FEW]
    years = horizons(run.horizon_years)
    other, mine = (
        Counter(world, years, run.horizon_years, len(stops) if by_batch else None)
        for world in worlds.values()
    )
    for first, stop in zip([0, *stops], stops, strict=False):
        mine.count(rows[first:stop], other.count(theirs[first:stop]))
        if by_batch:
            mine.end_batch()
            other.end_batch()
    return mine.tally(), other.tally(), mine.pair()


@in_a_browser
@pytest.mark.parametrize("by_batch", [False, True])
def test_estimates_and_intervals_are_those_of_the_tables(by_batch):
    run, *_ = exported("economics=dutch", "horizon_years=10")
    mine, other, pair = counted(run, by_batch)
    own = worth(mine)
    states, joint = (np.stack(list(of.binary.values())) for of in (mine, pair))
    sums = np.stack([*mine.sums.values(), *pair.sums.values()])
    scales = (np.arange(len(sums)) % 3 + 1.0).tolist()
    days = [years * YEAR_DAYS for years in (0.5, *horizons(run.horizon_years))]
    survivals = mine.timed[Key("cancer_specific_survival")], other.timed[Key("cancer_specific_survival")]
    expected = {
        "shares": estimates.shares(states),
        "means": [estimates.mean(one, scale) for one, scale in zip(sums, scales, strict=True)],
        "groupMeans": means(own, by_batch),
        "shareDifferences": estimates.share_differences(joint),
        "shareChanges": estimates.shares(estimates.changed(joint, NO, YES)),
        "survivals": estimates.survivals(survivals[0], days, by_batch),
        "survivalDifferences": estimates.survival_differences(*survivals, days, by_batch),
    }

    def by_group(counts):  # one group of all, where there are no batches
        return counts.reshape(len(counts), counts.shape[1] if by_batch else 1, -1).tolist()

    flat = [counts.reshape(len(counts), -1).tolist() for counts in survivals]
    given = {
        "shares": [by_group(states)],
        "means": [by_group(sums), scales],
        "groupMeans": [
            [np.column_stack([own.patients, sums]).tolist() for sums in own.sums.T],
            [1.0] * len(QUANTITIES),
        ],
        "shareDifferences": [by_group(joint)],
        "shareChanges": [by_group(joint), NO, YES],
        "survivals": [flat[0], days],
        "survivalDifferences": [*flat, days],
    }
    requests = [{"ask": "estimates", "call": call, "given": [*given[call], by_batch]} for call in expected]
    for (call, found), answer in zip(expected.items(), asked(requests), strict=True):
        numbers = np.frombuffer(answer).reshape(-1, 4)
        assert np.isfinite(numbers).all(axis=1).any()
        np.testing.assert_allclose(numbers, np.array(found), rtol=TOLERANCE, atol=TOLERANCE, err_msg=call)


@in_a_browser
def test_numbers_needed_are_those_of_the_command():
    """Of random tables: treatments that nobody has, what may be luck, two treatments at once."""
    generator = np.random.default_rng(3)
    requests, expected = [], []
    for _ in range(40):
        policies, comparator = int(generator.integers(2, 5)), int(generator.integers(2))
        shares = np.stack(
            [
                np.tile([1000.0, 900.0], (policies, 1)) * generator.integers(0, 2, (policies, 2)) ** [0, 1],
                generator.choice([0.0, 0.2, 0.35], (policies, 2)),
            ],
            axis=2,
        )
        shares[:, 1, 1] = np.where(shares[:, 1, 0] > 0, shares[:, 1, 1], np.nan)  # of nobody
        centre = generator.choice([-0.4, -0.03, 0.01], (policies, 1))
        changes = centre + np.array([0.0, -0.02, 0.02])
        changes[comparator] = np.nan
        found = np.empty((policies, 2, 4))
        write_needed(shares, changes, comparator, found)
        expected.append(found)
        given = [
            [[{"n": n, "estimate": None if np.isnan(x) else x} for n, x in own] for own in shares],
            [dict(zip(("estimate", "low", "high"), own, strict=True)) for own in changes.tolist()],
            comparator,
        ]
        given[1][comparator] = {}
        requests.append({"ask": "needed", "given": given})
    for found, answer in zip(expected, asked(requests), strict=True):
        np.testing.assert_allclose(np.frombuffer(answer).reshape(found.shape), found, rtol=TOLERANCE)
    every = np.concatenate([found.reshape(-1, 4) for found in expected])
    assert np.isnan(every[:, 1]).sum() > 50 and np.isfinite(every[:, 1]).sum() > 10


@in_a_browser
def test_nobody_has_no_estimate_in_a_browser():
    nobody, somebody = [[0, 0, 0]] * 3, [[4, 0, 0], [0, 3, 2], [0, 0, 0]]
    requests = [
        {"ask": "estimates", "call": "shares", "given": [[nobody, somebody], True]},
        {"ask": "estimates", "call": "survivalDifferences", "given": [[[0, 0]], [[0, 1]], [1], False]},
    ]
    shares, difference = (np.frombuffer(answer).reshape(-1, 4) for answer in asked(requests))
    found = estimates.shares(np.array([nobody, somebody]))
    np.testing.assert_allclose(shares, np.array(found), rtol=TOLERANCE)
    assert shares[:, 0].tolist() == [0, 5]
    assert difference[0, 0] == 0 and np.isnan(difference[0, 1:]).all()


def random_settings(generator):
    """Return a setting of each lever, as a policy file writes it."""
    found = {}
    for lever, (kind, _) in LEVERS.items():
        if kind is bool:
            found[lever] = bool(generator.integers(2))
        elif kind is float:
            found[lever] = round(float(generator.uniform(1, 30)), 1)
        else:
            names = options("follow_up") if kind is FollowUp else [member.name.lower() for member in kind]
            found[lever] = str(generator.choice(names))
    return found


def changed(policy, generator):
    """Return a policy with some levers set at random, those of all of them, and all that its groups set."""
    settings = {}
    names = [
        f"{group}.{lever}" for group in groups_of(policy) for lever in LEVERS if generator.random() < 0.2
    ]
    for name in [*LEVERS, *names]:
        setting = random_settings(generator)[name.rpartition(".")[2]]
        try:
            policy = with_levers(policy, {name: setting})
        except InputError:  # set by group, too late for one, or at odds with another lever
            continue
        settings[name] = setting
    of_all = {name: setting for name, setting in settings.items() if name in LEVERS}
    groups = {group: policy.written_of_group(group) for group in groups_of(policy)}
    return policy, of_all, {name: {k: plain(v) for k, v in own.items()} for name, own in groups.items()}


@in_a_browser
def test_levers_that_are_set_in_a_browser_for_all_or_by_risk_group_are_those_that_the_command_sets():
    generator = np.random.default_rng(1)
    overrides = "policies=[usual_care,tme_alone,japanese,organ_preservation_by_guideline+as_practised]"
    run, *_ = exported(overrides)
    requests, expected, plans = [], [], set()
    with composing():
        for policy in [policy for policy in run.policies for _ in range(20)]:
            other, levers, groups = changed(policy, generator)
            requests.append({"ask": "world", "policy": policy.name, "levers": levers, "groups": groups})
            expected.append(pack(*world_trees(run, other)).tobytes())
            plans.add((policy.name, len(other.plans())))
    assert len(plans) > 6  # groups lead to more plans, or to fewer
    assert asked(requests, overrides) == expected


@in_a_browser
def test_groups_of_restaging_and_pathology_lead_to_the_plans_of_the_command():
    groups = guideline(
        meeting={"low": "height_above_verge_cm <= 6", "rest": "otherwise"},
        restaging={"large": "short_axis_mm >= 7", "small": "otherwise"},
        pathology={"bad": "pathological_stage == 3", "good": "otherwise"},
    )
    policies = [
        by_group(
            "chemoradiotherapy",
            groups,
            low=for_all(regimen),
            large={"lateral_dissection": member("lateral_dissection", "size_after")},
            bad={"adjuvant_chemotherapy": member("adjuvant_chemotherapy", "stage_iii")},
        )
        for regimen in ("short_course", "total_neoadjuvant")
    ]
    run, *_ = exported()
    requests = [{"ask": "world", "described": policy_of(policy)} for policy in policies]
    # Who has a short course is not restaged.
    assert [len(policy.plans()) for policy in policies] == [6, 8]
    assert asked(requests) == [pack(*world_trees(run, policy)).tobytes() for policy in policies]


@in_a_browser
def test_what_follows_from_a_changed_cohort_and_disease_is_renewed():
    run, *_ = exported()
    cohort = {
        **run.cohort,
        "apr_share": 0.9,
        "height_shares": [0.6, 0.3, 0.1],
        "plane_shares": [0.5, 0.3, 0.2],
    }
    surgery = {**run.parameters["surgery"], "apr_plane_odds_ratio": 0.3}
    numbers = {key: cohort[key] for key in ("apr_share", "height_shares", "plane_shares")}
    numbers = {f"cohort.{key}": value for key, value in numbers.items()}
    numbers["surgery.apr_plane_odds_ratio"] = 0.3
    request = {"ask": "derived", "policy": run.policies[0].name, "changed": numbers}
    other = dataclasses.replace(run, cohort=cohort, parameters={**run.parameters, "surgery": surgery})
    expected = pack(*world_trees(other, run.policies[0]))
    (answer,) = asked([request])
    found = np.frombuffer(answer, expected.dtype)
    assert (found["derived"] != worlds_of(run)[run.policies[0].name]["derived"]).all()
    for name in derived(cohort, other.parameters):
        np.testing.assert_allclose(found["derived"][name], expected["derived"][name], rtol=1e-14)
    kind, start = expected.dtype.fields["derived"][:2]
    where = np.flatnonzero(np.frombuffer(answer, "u1") != np.frombuffer(expected.tobytes(), "u1"))
    within = where % expected.itemsize
    assert ((within >= start) & (within < start + kind.itemsize)).all()


def shipped(name):
    """Return a shipped policy; one that acts on those who are treated, with a treatment for everyone."""
    try:
        return read_policy(name)
    except InputError:
        return read_policy(f"total_neoadjuvant+{name}")


@in_a_browser
@pytest.mark.long
def test_twenty_thousand_patients_are_the_same_under_every_shipped_policy_and_random_levers():
    run, *_ = exported()
    generator = np.random.default_rng(2)
    with composing():
        policies = [shipped(name) for name in options("policy")]
        policies += [changed(policy, generator)[0] for policy in policies for _ in range(2)]
    for k, policy in enumerate(policies):
        worlds = {"": pack(*world_trees(run, policy))}
        packed = base64.b64encode(worlds[""].tobytes()).decode()
        request = {"ask": "simulate", "seed": k, "first": 0, "stop": 20_000, "worlds": [{"packed": packed}]}
        one = dataclasses.replace(
            run, seed=k, policies=(policy,), comparator=dataclasses.replace(policy, name="")
        )
        assert_the_same(asked([request]), one, worlds, 0, 20_000)
