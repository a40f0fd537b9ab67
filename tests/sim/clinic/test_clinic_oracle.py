"""A slow oracle: every event a SimPy event, stock resources, the rule of the queues read out in full.

At the end of every instant at which anything changed it goes through all who wait, in rank order, and
grants a request when nobody before it wants one of its resources and all of them are free and open.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest
import simpy

from conf.run import world_trees
from conf.schema import compose_run
from sim.clinic.needs import clinic_record, is_served, needs
from sim.clinic.queues import N_RESOURCES, Resource
from sim.clocks.simpy_clock import simulate_in_clinic
from sim.events import Event
from sim.luck import draw_luck
from sim.parameters import pack
from sim.pathway.journey import react
from sim.pathway.refusal import book_refusal, can_be_refused
from sim.patient import ROW, YEAR_DAYS, new_patients
from sim.policy import QueuePriority

AFTER_ALL_ELSE = 2  # SimPy's own events have priority 0 or 1
# What has to fit into the opening hours; a course or a stay may run over them.
OVERNIGHT = (Resource.LINAC, Resource.BED)
OF_RECURRENCE = (Event.RECURRENCE_MEETING, Event.SALVAGE_TREATMENT, Event.SALVAGE_RESECTION)


class Waiting:
    """A request that waits."""

    def __init__(self, rank: tuple[int, float, int, int], i: int, event: int, holds: np.ndarray) -> None:
        self.rank, self.i, self.event = rank, i, event
        self.asked_day = rank[1]
        self.holds = {Resource(r): days for r, days in enumerate(holds.tolist()) if days > 0.0}


class Oracle:
    """A clinic in which everything is looked up again whenever anything happens."""

    def __init__(
        self, rows: np.ndarray, luck: np.ndarray, world: np.ndarray, clinic: Mapping[str, Any], horizon: float
    ) -> None:
        self.rows, self.luck, self.world, self.clinic, self.horizon = rows, luck, world, clinic, horizon
        self.env = simpy.Environment()
        self.units = {r: int(clinic[f"{r.name.lower()}_count"]) for r in Resource}
        self.hours = {r: clinic[f"{r.name.lower()}_open_hours"] for r in Resource}
        self.stock = {r: simpy.Resource(self.env, units) for r, units in self.units.items() if units > 0}
        self.times = clinic_record(clinic)[0]
        self.waiting: list[Waiting] = []
        self.turns = [self.env.event() for _ in rows]
        self.due: list[list[int]] = [[] for _ in rows]  # by patient: events whose turn has come
        self.journal: list[tuple[float, int, int]] = []
        self.log: list[tuple[float, int, int, bool, float]] = []
        self.scan_planned = False

    def run(self) -> None:
        for r in Resource:
            self.env.process(self.bell(r))
        lives = [self.env.process(self.life(i)) for i in range(len(self.rows))]
        self.env.run(until=self.env.all_of(lives))

    def life(self, i: int) -> Iterator[simpy.Event]:
        yield self.env.timeout(self.rows["agenda"][i, Event.DIAGNOSIS])
        self.happen(i, Event.DIAGNOSIS)
        end = self.rows["diagnosed_day"][i] + self.horizon
        while True:
            agenda = self.rows["agenda"][i]
            day, event = min((agenda[event], event) for event in Event)
            if day > end:
                if not any(request.i == i for request in self.waiting):
                    return
                day, event = end, None
            self.turns[i] = self.env.event()
            yield self.turns[i] | self.env.timeout(day - self.env.now)
            if self.due[i]:
                for granted in sorted(self.due[i]):
                    self.happen(i, granted)
                self.due[i].clear()
            elif event is None:
                self.drop([request for request in self.waiting if request.i == i])
                return
            elif not self.ask(i, event):
                self.happen(i, event)

    def happen(self, i: int, event: int) -> None:
        assert self.rows["agenda"][i, event] == self.env.now
        self.journal.append((self.env.now, i, int(event)))
        react(self.rows, self.luck, self.world, i, int(event), self.horizon)
        bits = int(self.rows["waiting"][i])
        self.drop([w for w in self.waiting if w.i == i and not bits & (1 << w.event)])

    def ask(self, i: int, event: int) -> bool:
        patient, world = self.rows[i], self.world[0]
        holds = np.zeros(N_RESOURCES)
        if is_served(patient, world, int(event)):
            needs(patient, self.times, world, int(event), holds)
        if not holds.any():
            return False
        self.rows["agenda"][i, event] = np.inf
        self.rows["waiting"][i] |= 1 << event
        book_refusal(self.rows[i], self.luck[i], world, int(event), self.env.now)
        first = {
            QueuePriority.ARRIVAL: True,
            QueuePriority.RECURRENCES_FIRST: event in OF_RECURRENCE,
            QueuePriority.PRIMARIES_FIRST: event not in OF_RECURRENCE,
        }[QueuePriority(int(world["policy"]["queue_priority"]))]
        rank = (0 if first else 1, self.env.now, int(self.rows["number"][i]), int(event))
        self.waiting.append(Waiting(rank, i, int(event), holds))
        self.scan_later()
        return True

    def drop(self, requests: list[Waiting]) -> None:
        for request in requests:
            self.waiting.remove(request)
            self.note(request, False)
            self.scan_later()

    def note(self, request: Waiting, granted: bool) -> None:
        number = int(self.rows["number"][request.i])
        self.log.append((self.env.now, number, request.event, granted, request.asked_day))

    def scan_later(self) -> None:
        if self.waiting and not self.scan_planned:
            self.scan_planned = True
            scan = self.env.event()
            scan._ok, scan._value = True, None
            scan.callbacks.append(self.scan)
            self.env.schedule(scan, AFTER_ALL_ELSE)

    def scan(self, _: simpy.Event) -> None:
        self.scan_planned = False
        wanted_before: set[Resource] = set()
        for request in sorted(self.waiting, key=lambda request: request.rank):
            if wanted_before & request.holds.keys() or not all(
                self.is_free(r) and self.is_open(r, days) for r, days in request.holds.items()
            ):
                wanted_before |= request.holds.keys()
                continue
            self.waiting.remove(request)
            self.note(request, True)
            for r, days in request.holds.items():
                slot = self.stock[r].request()
                assert slot.triggered
                self.env.process(self.hold(r, slot, days))
            self.rows["waiting"][request.i] &= ~(1 << request.event)
            if can_be_refused(request.event):
                self.rows["agenda"][request.i, Event.REFUSAL] = np.inf
            self.rows["waited_days"][request.i, request.event] += self.env.now - request.asked_day
            self.rows["agenda"][request.i, request.event] = self.env.now
            if not self.due[request.i]:
                self.turns[request.i].succeed()
            self.due[request.i].append(request.event)

    def hold(self, r: Resource, slot: simpy.Event, days: float) -> Iterator[simpy.Event]:
        yield self.env.timeout(days)
        self.stock[r].release(slot)
        self.scan_later()

    def is_free(self, r: Resource) -> bool:
        return r in self.stock and self.stock[r].count < self.stock[r].capacity

    def is_open(self, r: Resource, days: float) -> bool:
        now, hours = self.env.now, self.hours[r]
        days = 0.0 if r in OVERNIGHT else days
        if r == Resource.THEATRE:
            closed, again = self.clinic["theatre_closed_from_days"], self.clinic["theatre_closed_until_days"]
            if closed < again and now < again and now + days > closed:
                return False
        if min(hours) == 24:
            return True
        today = math.floor(now)
        windows = [self.window(r, day) for day in (today - 1, today) if hours[day % 7] > 0]
        longest = max(self.window(r, day)[1] - self.window(r, day)[0] for day in range(7))
        if days > longest:
            return any(now == opens for opens, _ in windows)
        return any(opens <= now < closes and now + days <= closes for opens, closes in windows)

    def window(self, r: Resource, day: int) -> tuple[float, float]:
        """Return when a resource opens and closes on a day, to the grid of 2^-32 day."""
        opens = self.clinic["opens_at_hours"]
        return tuple(
            day + math.floor(hour * 2**32 / 24 + 0.5) / 2**32
            for hour in (opens, opens + self.hours[r][day % 7])
        )

    def bell(self, r: Resource) -> Iterator[simpy.Event]:
        """Look again whenever a resource opens."""
        days = [day for day in range(7) if self.hours[r][day] > 0]
        if r == Resource.THEATRE:
            self.env.process(self.reopen())
        monday = 0
        while days and min(self.hours[r]) < 24:
            for day in days:
                yield self.env.timeout(self.window(r, monday + day)[0] - self.env.now)
                self.scan_later()
            monday += 7

    def reopen(self) -> Iterator[simpy.Event]:
        yield self.env.timeout(self.clinic["theatre_closed_until_days"])
        self.scan_later()


OFFICE = [0, 8, 0, 8, 6, 0, 0]
CLINICS = {  # what differs from a clinic without limits
    "plenty": dict(mri_count=40, meeting_count=40, linac_count=200, theatre_count=40, bed_count=200),
    "one of each, always open": dict(
        **{f"{r.name.lower()}_count": 1 for r in Resource}, mri_minutes=600.0, meeting_minutes=300.0
    ),
    "theatre, team and bed": dict(
        theatre_count=2,
        turnover_minutes=400.0,
        bed_count=7,
        colorectal_team_count=1,
        lateral_surgeon_count=1,
        vascular_team_count=1,
    ),
    "by the week, and closed for a time": dict(
        opens_at_hours=8.0,
        mri_count=1,
        mri_open_hours=[3, 0, 3, 3, 0, 0, 1],
        meeting_count=1,
        meeting_open_hours=[0, 0, 1.5, 0, 0, 0, 0],
        linac_count=14,
        linac_open_hours=[24, 24, 24, 24, 24, 0, 0],
        theatre_count=2,
        endoscopy_count=1,
        endoscopy_open_hours=[0, 0, 4, 4, 0, 0, 0],
        theatre_open_hours=OFFICE,
        theatre_closed_from_days=150.0,
        theatre_closed_until_days=220.5,
        bed_count=6,
        lateral_surgeon_count=1,
        lateral_surgeon_open_hours=OFFICE,
        colorectal_team_count=2,
        colorectal_team_open_hours=[8, 8, 8, 8, 8, 0, 0],
        urology_team_count=1,
        urology_team_open_hours=[0, 0, 0, 8, 0, 0, 0],
    ),
    "no linac": dict(linac_count=0, theatre_count=1, turnover_minutes=900.0),
}
POLICIES = (
    "tme_alone",
    "chemoradiotherapy+lateral_after_5mm",
    "postoperative_chemoradiotherapy+follow_up_intensive+expert_centre+recurrences_first",
    "short_course+primaries_first",
    "short_course_delayed+for_everyone+organ_preservation",
    "chemoradiotherapy+for_everyone+local_excision_after_treatment",
)
YEARS = 4.0


def cohort(
    policy: str, settings: Mapping[str, Any], seed: int, patients: int = 100
) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
    """Return rows that arrive in groups, two a day, and their luck, world and clinic."""
    run = compose_run(f"policies=[{policy}]")
    assert settings.keys() <= run.clinic.keys()
    clinic = {**run.clinic, **settings}
    rows = new_patients(1000, 1000 + patients)
    rows["agenda"][:, Event.DIAGNOSIS] = np.arange(patients) // 2 + 0.5
    world = pack(*world_trees(run, run.policies[0]))
    return rows, draw_luck(1000, 1000 + patients, seed), world, clinic


def assert_clock_equals_oracle(
    policy: str, settings: Mapping[str, Any], seed: int, patients: int = 100
) -> np.ndarray:
    """Compare every field of the rows, the journal and the log; return the rows."""
    horizon = YEARS * YEAR_DAYS
    oracle = Oracle(*cohort(policy, settings, seed, patients), horizon)
    oracle.run()
    for journal in ([], None):
        rows, luck, world, clinic = cohort(policy, settings, seed, patients)
        clinic_run = simulate_in_clinic(rows, luck, world, clinic, horizon, journal)
        for name in ROW.names:
            np.testing.assert_array_equal(rows[name], oracle.rows[name], err_msg=name)
        if journal is not None:
            assert sorted(journal) == sorted(oracle.journal)
        log = clinic_run.log[["left_day", "number", "event", "granted", "asked_day"]]
        assert sorted(log.tolist()) == sorted(oracle.log)
    return rows


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("name", CLINICS)
def test_the_clock_simulates_every_patient_as_the_slow_oracle_does(name, policy):
    rows = assert_clock_equals_oracle(policy, CLINICS[name], seed=POLICIES.index(policy))
    waited_days = rows["waited_days"].sum()
    if name == "plenty":
        assert waited_days == 0.0
    else:
        assert rows["waiting"].any() or rows["refused"].any() or waited_days > 20.0


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10, 15))
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("name", CLINICS)
def test_the_clock_agrees_with_the_oracle_on_other_luck(name, policy, seed):
    assert_clock_equals_oracle(policy, CLINICS[name], seed, patients=300)


def test_the_oracle_meets_what_it_is_there_for():
    settings = CLINICS["by the week, and closed for a time"]
    oracle = Oracle(*cohort(POLICIES[2], settings, 2, 200), YEARS * YEAR_DAYS)
    oracle.run()
    left = [line[0] for line in oracle.log]
    assert len(left) - len(set(left)) > 20, "ties"
    assert not all(granted for *_, granted, _ in oracle.log), "withdrawals"
    assert {event for _, _, event, _, _ in oracle.log} >= {
        Event.STAGING_MRI,
        Event.TEAM_MEETING,
        Event.RESECTION,
        Event.POSTOPERATIVE_CHEMORADIOTHERAPY,
        Event.VISIT,
        Event.RECURRENCE_MEETING,
        Event.SALVAGE_TREATMENT,
        Event.SALVAGE_RESECTION,
    }


def test_the_oracle_meets_looks_excisions_and_regrowths():
    met = set()
    for policy in POLICIES[-2:]:
        settings = CLINICS["by the week, and closed for a time"]
        oracle = Oracle(*cohort(policy, settings, 2, 200), YEARS * YEAR_DAYS)
        oracle.run()
        met |= {event for _, _, event in oracle.journal} | {event for _, _, event, _, _ in oracle.log}
    assert met >= {Event.REASSESSMENT, Event.LOCAL_EXCISION, Event.WATCH_VISIT, Event.REGROWTH_ONSET}
