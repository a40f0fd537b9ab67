"""Capacity: tables say what the log says, searches find the least that is enough, warm-ups are measured."""

import json
from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
from helpers.attended import SMALL, attended, small, tables
from scipy.signal import lfilter

from analysis.tables import queueing
from analysis.tables.estimates import mean, shares
from analysis.tables.waiting_harm import waiting_harm
from analysis.words.clinic import overload_words
from conf.capacity import compose_capacity
from conf.clinics import NEEDED_FOR, NO_LIMIT
from conf.run import world_trees
from conf.schema import compose_run
from experiments.capacity_search import needed, smallest, standing
from experiments.cli.command import main
from experiments.simulating import crowd as clinics
from experiments.simulating.cohort import simulate, unhindered, worlds_of
from experiments.simulating.crowd import BEFORE, attend, attend_in_blocks, crowd_of, warm_up
from sim.clinic import load
from sim.clinic.needs import arrival_days, is_served
from sim.clinic.queues import Resource
from sim.clinic.warm_up import NOT_SETTLED, settled_after
from sim.clocks.simpy_clock import simulate_in_clinic
from sim.events import Event
from sim.luck import draw_luck
from sim.parameters import pack
from sim.patient import ROW, YEAR_DAYS, new_patients

STRAINED = ("clinic=strained", "policies=[chemoradiotherapy+for_everyone]", "patients=300", "horizon_years=3")


def requests(log, names):
    """Yield each request as plain Python: number, event, granted, asked, left, holds by resource."""
    for line in log:
        holds = {name: float(days) for name, days in zip(names, line["holds_days"], strict=True) if days > 0}
        yield (
            int(line["number"]),
            int(line["event"]),
            bool(line["granted"]),
            line["asked_day"],
            line["left_day"],
            holds,
        )


NAMES = [resource.name.lower() for resource in Resource]


def test_waits_are_those_of_the_log_counted_one_by_one():
    run, _, there = attended(*STRAINED)
    table = queueing.waits(there.log, there.clinic, run.patients).set_index("step")
    steps = {event: step for step, events in queueing.STEPS.items() for event in events}
    asked, served, late = ({step: [] for step in queueing.STEPS} for _ in range(3))
    for number, event, granted, start, end, _ in requests(there.log, NAMES):
        if number >= run.patients:
            continue
        step = steps[event]
        asked[step].append(number)
        late[step].append(end - start > run.clinic[f"{step}_target_days"])
        if granted:
            served[step].append(end - start)
    for step in queueing.STEPS:
        row = table.loc[step]
        assert (row["n"], row["served"]) == (len(asked[step]), len(served[step]))
        if served[step]:
            ranked = sorted(served[step])
            assert row["median_days"] == pytest.approx(np.median(ranked))
            assert sum(days <= row["p90_days"] for days in ranked) >= 0.9 * len(ranked) - 1
            assert row["mean_days"] == pytest.approx(sum(ranked) / len(ranked))
            assert row["share_beyond_target"] == pytest.approx(sum(late[step]) / len(late[step]))
    assert table.loc["radiotherapy", "share_beyond_target"] > 0


def test_every_event_that_waits_belongs_to_one_step_and_every_step_has_a_target():
    run, world, _ = attended(*STRAINED)
    row = new_patients(0, 1)[0]
    row["salvage_irradiated"] = True
    world = world.copy()
    world["follow_up"]["mri"][:] = 1.0
    waiting = {event for event in Event if is_served(row, world[0], event)}
    listed = [event for events in queueing.STEPS.values() for event in events]
    assert sorted(listed) == sorted(waiting)
    assert all(f"{step}_target_days" in run.clinic for step in queueing.STEPS)


def test_queue_lengths_are_the_patients_who_stand_there():
    _, _, there = attended(*STRAINED)
    table = queueing.queues(there.log, there.first_day, there.last_day)
    for name in ("linac", "theatre", "mri"):
        rows = table[table["resource"] == name].reset_index()
        for k in (0, len(rows) // 2, len(rows) - 1):
            start = there.first_day + k * queueing.INTERVAL_DAYS
            end = start + queueing.INTERVAL_DAYS
            stood = sum(
                max(0.0, min(left, end) - max(came, start))
                for _, _, _, came, left, holds in requests(there.log, NAMES)
                if name in holds
            )
            assert rows["mean_length"][k] == pytest.approx(stood / queueing.INTERVAL_DAYS, abs=1e-6)
    assert table["mean_length"].max() > 1


def test_utilisation_is_the_time_in_use_over_the_time_open():
    _, _, there = attended(*STRAINED)
    first, last = there.first_day, there.last_day
    table = queueing.utilisation(there.log, there.clinic, first, last).set_index("resource")
    for name in ("mri", "meeting", "linac", "theatre", "bed"):
        used = sum(
            max(0.0, min(left + holds[name], last) - max(left, first))
            for _, _, granted, _, left, holds in requests(there.log, NAMES)
            if granted and name in holds
        )
        hours, opens = there.clinic[f"{name}_open_hours"], there.clinic["opens_at_hours"]
        minutes = 0.0
        for day in range(int(first) - 1, int(last) + 1):
            if min(hours) >= 24:
                start, end = day, day + 1
            else:
                start, end = day + opens / 24, day + (opens + hours[day % 7]) / 24
            minutes += max(0.0, min(end, last) - max(start, first))
        assert table.loc[name, "utilisation"] == pytest.approx(used / minutes / there.clinic[f"{name}_count"])
    assert 0 < table.loc["theatre", "utilisation"] < 1
    assert table.loc["linac", "utilisation"] > 0.9


def test_nothing_is_open_while_it_is_closed():
    clinic = compose_run("clinic=backlog").clinic
    opened = load.open_days(clinic, "theatre", 182.0, 238.0)
    assert opened == pytest.approx(0.0)
    # 8 weeks of 20 hours are missing.
    regular = load.open_days(compose_run("clinic=regional").clinic, "theatre", 0.0, 364.0)
    assert regular - load.open_days(clinic, "theatre", 0.0, 364.0) == pytest.approx(8 * 20 / 24)


def test_a_queue_that_grows_is_reported_with_its_figures_and_one_that_clears_is_not():
    _, _, there = attended("clinic=regional", "clinic.linac_count=8", *STRAINED[1:])
    found = load.overload(there.log, there.clinic, there.last_day)
    assert found.resource == "linac"
    assert found.last_length > 2 * found.first_length
    assert found.per_year > 5
    # The log in parts says the same, and that as much is in use.
    watch = load.Watch(there.clinic, there.last_day)
    for first in range(0, len(there.log), 100):
        watch.add(there.log[first : first + 100])
    assert watch.overload() == found
    for resource in Resource:
        used = load.in_use(there.log, resource, watch.first_day, there.last_day)
        assert watch.used_days[resource] == pytest.approx(used, abs=1e-6)
    words = overload_words("here", found)
    assert "linac" in words and f"{found.per_year:.1f} patients a year" in words
    _, _, there = attended("clinic=regional", *STRAINED[1:])
    assert load.overload(there.log, there.clinic, there.last_day) is None


def test_who_is_in_a_clinic_and_who_waits_by_week_is_what_each_line_of_the_log_says():
    _, _, there = attended("clinic=regional", "clinic.linac_count=8", *STRAINED[1:])
    log, days = np.asarray(there.log), np.arange(0.0, there.last_day, 7.0)
    census, lengths = np.empty(len(days) - 1), np.empty((len(Resource), len(days) - 1))
    load.write_census(there.log, census, census.copy())
    load.write_lengths(there.log, lengths)
    gone = log["left_day"] + np.where(log["granted"], log["holds_days"].max(axis=1), 0.0)
    for week in range(0, len(census), 7):
        start, stop = days[week], days[week + 1]
        there_days = np.clip(np.minimum(gone, stop) - np.maximum(log["asked_day"], start), 0.0, None)
        assert census[week] == pytest.approx(there_days.sum() / 7, abs=1e-6)
        standing_now = (log["asked_day"] <= stop) & (log["left_day"] > stop)
        waits = (log["holds_days"][standing_now] > 0).sum(axis=0)
        assert lengths[:, week].tolist() == waits.tolist()
    assert census.max() > 5 and (lengths.max(axis=1) > 5).any()


def test_an_overload_that_is_the_runs_own_is_reported_by_compare_too():
    # Without end only where nobody leaves it: refusal, emergencies and deaths of the tumour relieve a queue.
    times = ("pathway.patience", "primary.emergency", "primary.death")
    endless = [f"{time}_median_days=1e9" for time in times]
    simulated = simulate(compose_run("clinic=regional", "clinic.linac_count=6", *endless, *SMALL))
    assert list(simulated.overloads) == ["chemoradiotherapy+for_everyone"]
    assert simulated.warm_up.settled["chemoradiotherapy+for_everyone"] is None


def test_harm_is_who_has_it_here_and_not_there():
    run, world, there = attended("clinic=strained", "clinic.linac_count=6", *STRAINED[1:])
    free = unhindered(run, world)
    table = waiting_harm(there.rows, free, (1.0, 3.0))
    for outcome, field in (("distant_metastasis", "metastasis_found_day"), ("death", "death_day")):
        caused = averted = 0
        for here, without in zip(there.rows, free, strict=True):
            has = here[field] - here["diagnosed_day"] <= 3 * YEAR_DAYS
            had = without[field] - without["diagnosed_day"] <= 3 * YEAR_DAYS
            caused += has and not had
            averted += had and not has
        row = table[(table["outcome"] == outcome) & (table["horizon_years"] == 3.0)].iloc[0]
        assert row["caused"] == pytest.approx(1000 * caused / run.patients)
        assert row["averted"] == pytest.approx(1000 * averted / run.patients)
        assert row["net"] == pytest.approx(row["caused"] - row["averted"])
        assert row["net_low"] <= row["net"] <= row["net_high"]
    assert table["caused"].max() > 0


def test_a_lost_salvage_is_one_that_was_done_without_queues():
    here, there = new_patients(0, 4), new_patients(0, 4)
    there["salvage_day"][:2] = 100.0
    here["salvage_day"][1] = 150.0
    here["salvage_day"][3] = 150.0
    table = waiting_harm(here, there, (1.0,)).set_index("outcome")
    row = table.loc["salvage_lost"]
    assert (row["caused"], row["averted"], row["net"]) == (250.0, 250.0, 0.0)


def test_the_interval_of_batch_means_holds_the_mean_of_a_correlated_series_as_often_as_it_says():
    draws = np.random.default_rng(1)
    series = lfilter([1.0], [1.0, -0.8], draws.normal(size=(400, 3000)))
    whole = np.rint(1000 * series).astype(int).reshape(400, 30, 100)
    sums = np.stack([np.full((400, 30), 100), whole.sum(axis=2), (whole**2).sum(axis=2)], axis=2)
    above = (whole > 0).sum(axis=2)
    counts = np.stack([np.zeros_like(above), 100 - above, above], axis=2)
    by_batch = {0.0: [mean(values) for values in sums], 0.5: shares(counts)}
    for truth, found in by_batch.items():
        assert 0.91 <= np.mean([one.ci_low <= truth <= one.ci_high for one in found]) <= 0.98
    as_if_independent = {
        0.0: [mean(values.sum(axis=0)) for values in sums],
        0.5: shares(counts.sum(axis=1)),
    }
    for truth, found in as_if_independent.items():
        assert np.mean([one.ci_low <= truth <= one.ci_high for one in found]) < 0.8


def test_with_capacity_above_demand_the_lives_are_those_without_queues():
    run, world, there = attended("clinic=unlimited", *STRAINED[1:])
    free = unhindered(run, world)
    for name in ROW.names:
        here, without = there.rows[name], free[name]
        if name.endswith("_day") or name == "agenda":
            here, without = ((lives[name].T - lives["diagnosed_day"]).T for lives in (there.rows, free))
        np.testing.assert_array_equal(here, without, err_msg=name)


def test_the_cohort_is_the_same_whoever_comes_before():
    _, _, short = attended(*STRAINED, warm_up=50)
    _, _, long = attended(*STRAINED, warm_up=200)
    for name in ("number", "age_years", "height_above_verge_cm", "aggressiveness", "female"):
        np.testing.assert_array_equal(short.rows[name], long.rows[name])
    np.testing.assert_array_equal(short.rows["number"], np.arange(300))
    assert (short.log["number"] >= BEFORE).any()


@pytest.mark.parametrize("block", [1, 60, 1024])
def test_a_cohort_in_few_rows_used_over_and_over_fares_as_in_rows_of_its_own(block, monkeypatch):
    monkeypatch.setattr(clinics, "BLOCK", block)
    # One bed: most stand in a queue until the horizon.
    crowded = ("clinic=strained", "clinic.bed_count=1", "horizon_years=1", "patients=700")
    run = compose_run("clock=compiled", *crowded, "policies=[tme_alone,chemoradiotherapy+for_everyone]")
    worlds, logs = worlds_of(run), defaultdict(list)
    blocks = attend_in_blocks(run, worlds, crowd_of(run, 50), lambda name, log: logs[name].append(log.copy()))
    parts = [{name: rows.copy() for name, rows in lives.items()} for lives in blocks]
    assert max(len(rows) for rows in parts[0].values()) <= block
    for name, world in worlds.items():
        there = attend(run, world, 50)
        rows = np.concatenate([lives[name] for lives in parts])
        for field in ROW.names:
            np.testing.assert_array_equal(rows[field], there.rows[field], err_msg=field)
        order = ["number", "event", "asked_day", "left_day"]
        log = np.concatenate(logs[name])
        np.testing.assert_array_equal(np.sort(log, order=order), np.sort(there.log, order=order))


def test_tables_of_a_clinic_are_paired_as_before():
    run = compose_run("clinic=regional", *SMALL)
    simulated = simulate(run)
    assert list(simulated.tallies) == [policy.name for policy in run.policies]
    for pair in simulated.pairs.values():
        assert {int(joint.sum()) for joint in pair.binary.values()} == {run.patients}


def test_a_closure_is_on_the_cohorts_own_days():
    _, _, there = attended("clinic=backlog", "policies=[tme_alone]", "patients=150", "horizon_years=1")
    shut = there.clinic["theatre_closed_from_days"], there.clinic["theatre_closed_until_days"]
    assert shut[0] == np.floor(there.first_day) + 182.0
    started = there.log[there.log["granted"] & (there.log["holds_days"][:, Resource.THEATRE] > 0)]
    assert not ((started["left_day"] >= shut[0]) & (started["left_day"] < shut[1])).any()
    assert (started["left_day"] >= shut[1]).any()


def test_without_a_linac_radiotherapy_waits_for_ever_and_is_reported():
    run = compose_run("clinic=regional", *STRAINED[1:])
    rows, luck = new_patients(0, 60), draw_luck(0, 60, 1)
    rows["agenda"][:, Event.DIAGNOSIS] = arrival_days(luck["arrival"], 150.0)
    clinic = {**run.clinic, "linac_count": 0}
    clinic_run = simulate_in_clinic(
        rows, luck, pack(*world_trees(run, run.policies[0])), clinic, 3 * YEAR_DAYS
    )
    table = queueing.waits(clinic_run.log, clinic, 60).set_index("step")
    assert table.loc["radiotherapy", "n"] > 50
    assert table.loc["radiotherapy", "served"] == 0
    assert np.isnan(table.loc["radiotherapy", "median_days"])
    assert table.loc["radiotherapy", "share_beyond_target"] > 0.9


@pytest.mark.parametrize("most", [0, 1, 2, 3, 7, 30])
def test_the_search_finds_the_least_that_is_enough_from_wherever_it_starts(most):
    for least in range(1, most + 1):
        for start in range(1, most + 1):
            tried = []

            def enough(k, least=least, tried=tried):
                tried.append(k)
                return k >= least

            assert smallest(enough, start, most) == least
            assert len(set(tried)) == len(tried) <= 2 * np.log2(most + 1) + 2
            assert all(0 < k < most for k in tried)
    if most == 0:
        assert smallest(lambda k: False, 0, 0) == 0


def test_the_units_that_are_needed_are_the_fewest_that_keep_the_target():
    run = compose_capacity("policies=[chemoradiotherapy+for_everyone]", *SMALL[:2], "clinics=[regional]")
    (world,) = worlds_of(run).values()
    found = needed(run, world, 50)

    def share_in_time(counts):
        clinic = {
            **standing(run.clinic),
            **{f"{name}_count": counts.get(name, NO_LIMIT) for name in NEEDED_FOR},
        }
        there = attend(run.inside(clinic), world, 50)
        table = queueing.waits(there.log, there.clinic, run.patients)
        return 1 - table.loc[table["n"] > 0, "share_beyond_target"].max()

    for name in ("linac", "bed"):
        assert share_in_time({name: found.alone[name]}) >= run.target_share
        assert share_in_time({name: found.alone[name] - 1}) < run.target_share
    assert found.alone["lateral_surgeon"] == 0
    assert all(found.jointly[name] >= found.alone[name] for name in NEEDED_FOR)
    assert share_in_time(found.jointly) == found.share_in_time >= run.target_share


def test_the_linac_slots_that_are_needed_lie_just_above_the_load():
    # 150 courses of 39.2 days a year fill 16.1 slots, and nobody may wait for long.
    run = compose_capacity("policies=[chemoradiotherapy+for_everyone]", "patients=1500", "clinics=[regional]")
    table = tables()["needed"]
    assert run.clinic["arrivals_per_year"] == 150.0
    slots = table[(table["resource"] == "linac") & (table["policy"] == "chemoradiotherapy+for_everyone")]
    assert slots["needed"].between(14, 22).all()


def test_a_target_that_opening_hours_cannot_meet_is_reported_and_not_searched():
    run = compose_capacity(
        "policies=[tme_alone]", *SMALL[:2], "clinics=[regional]", "clinic.meeting_target_days=0.5"
    )
    (world,) = worlds_of(run).values()
    found = needed(run, world, 10)
    assert (found.alone, found.jointly) == ({}, {})
    assert found.worst_step == "meeting"
    assert found.share_in_time < 0.5


def transient(draws, length, size=4000):
    """Return a series that starts 10 above its mean of 5 and comes down within ``length``."""
    decline = 10.0 * np.clip(1 - np.arange(size) / length, 0, None)
    return 5.0 + decline + draws.normal(size=size)


def settled(series):
    return settled_after(np.asarray(series, float), np.empty(len(series)))


@pytest.mark.parametrize("length", [200, 600, 1200])
def test_the_warm_up_of_an_obvious_transient_is_its_length(length):
    draws = np.random.default_rng(2)
    cuts = [settled(transient(draws, length)) for _ in range(20)]
    assert all(0.75 * length <= cut <= 1.2 * length for cut in cuts)


def test_a_settled_series_needs_hardly_any_warm_up_and_a_growing_one_never_settles():
    draws = np.random.default_rng(3)
    assert np.median([settled(draws.normal(size=4000)) for _ in range(20)]) < 200
    assert settled(np.arange(4000) + draws.normal(size=4000)) == NOT_SETTLED
    assert settled(np.zeros(3)) == NOT_SETTLED


def test_the_cut_is_where_the_mean_of_the_rest_is_known_best():
    series = transient(np.random.default_rng(4), 300, 1000)
    means = series.reshape(-1, 5).mean(axis=1)
    widths = [means[k:].var() / len(means[k:]) for k in range(len(means) // 2 + 1)]
    assert settled(series) == 5 * int(np.argmin(widths))


def test_the_warm_up_is_the_longest_that_a_policy_needs():
    run = compose_run("clinic=regional", *SMALL)
    found = warm_up(run, worlds_of(run))
    assert set(found.settled) == {policy.name for policy in run.policies}
    assert found.patients == max(found.settled.values()) > 0
    note = found.note(run)
    assert note["pilot_patients"] == clinics.pilot_patients(run) == 1000
    assert note["run_out_patients"] >= 2 * 150


def test_lrrc_capacity_leaves_tables_pictures_and_what_it_measured(tmp_path, capsys):
    folder = tmp_path / "run"
    words = ["clinics=[regional]", "clinic.linac_count=6", "patients=60", "horizon_years=1"]
    policy = "policies=[chemoradiotherapy+for_everyone]"
    status = main(["capacity", policy, *words, f"out={folder}"])
    out, err = capsys.readouterr()
    assert status == 0
    assert out.rstrip().endswith(str(folder))
    assert "Units needed" in out
    manifest = json.loads((folder / "manifest.json").read_text())
    csv = sorted(path.name for path in folder.glob("*.csv"))
    own = ["needed.csv", "queues.csv", "utilisation.csv", "waiting_harm.csv", "waits.csv"]
    assert csv == ["data_dictionary.csv", *own]
    assert set(manifest["tables"]) == set(own)
    assert manifest["warm_up"]["regional"]["pilot_patients"] == 1000
    assert len(list(folder.glob("*.png"))) == 5
    for warning in manifest["warnings"]:
        assert warning in err
    waits = pd.read_csv(folder / "waits.csv")
    assert list(waits.columns[:3]) == ["policy", "clinic", "step"]
    assert "linac_count: 6" in (folder / "config.yaml").read_text()


def test_every_table_has_every_policy_in_every_clinic():
    for name, table in tables().items():
        pairs = set(zip(table["policy"], table["clinic"], strict=True))
        assert len(pairs) == 4, name
    assert set(small().warm_ups) == {"regional", "strained"}
