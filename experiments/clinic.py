"""Living a cohort in one clinic, among patients who come before and after it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.queueing import WEEK_DAYS, census, overload
from analysis.warm_up import settled_after
from conf.schema import Run, Tree
from experiments.clock import clock_of
from sim.clinic import arrival_days
from sim.clocks.simpy_clock import Journal
from sim.compiled import table
from sim.events import Event
from sim.luck import LUCK, draw_luck, fill_luck
from sim.patient import YEAR_DAYS, new_patients

# Numbers of those who do not count: no cohort reaches them, so its patients keep their luck.
BEFORE, AFTER, PILOT = 10**9, 2 * 10**9, 3 * 10**9
PILOT_HORIZONS = 3  # a pilot takes in patients for so many times the horizon
LEAST_PILOT = 1_000  # patients


@dataclass(frozen=True)
class Attendance:
    """What a clinic leaves: the cohort's rows, and the log of all who queued in it.

    Days count from the arrival of the first patient of all; the cohort arrives from ``first_day`` to
    ``last_day``. ``clinic`` is the tree with its closure on that scale.
    """

    rows: np.ndarray
    log: np.ndarray
    journal: Journal  # of the cohort, by index of its rows; empty where the run keeps none
    clinic: Tree
    first_day: float
    last_day: float


@dataclass(frozen=True)
class WarmUp:
    """How many patients come before the cohort, and how many it took each policy's waits to settle.

    None where they did not settle within half of the pilot: the queue may grow without end.
    """

    patients: int
    settled: dict[str, int | None]

    def note(self, run: Run) -> dict[str, Any]:
        """Return what the manifest says of it."""
        return {
            "warm_up_patients": self.patients,
            "settled_after_patients": self.settled,
            "pilot_patients": pilot_patients(run),
            "run_out_patients": run_out_patients(run),
        }


def attend(run: Run, world: np.ndarray, warm_up_patients: int) -> Attendance:
    """Live the cohort in the run's clinic, behind a warm-up, and with patients who come after it."""
    n, after = run.patients, run_out_patients(run)
    parts = ((BEFORE, warm_up_patients), (0, n), (AFTER, after))
    total = warm_up_patients + n + after
    rows, luck = new_patients(0, total), table(np.empty(total, LUCK))
    start = 0
    for first, count in parts:
        rows["number"][start : start + count] = np.arange(first, first + count)
        fill_luck(luck[start : start + count], first, run.seed, run.replication)
        start += count
    days = arrival_days(luck["arrival"], run.clinic["arrivals_per_year"])
    first_day, last_day = float(days[warm_up_patients]), float(days[warm_up_patients + n - 1])
    clinic = closed_later(run.clinic, np.floor(first_day))
    noted: Journal | None = [] if run.journal else None
    log = _live(run, rows, luck, world, clinic, days, noted)
    cohort = range(warm_up_patients, warm_up_patients + n)
    journal = [(day, i - warm_up_patients, event) for day, i, event in noted or [] if i in cohort]
    return Attendance(rows[cohort.start : cohort.stop], log, journal, clinic, first_day, last_day)


def closed_later(clinic: Tree, days: float) -> Tree:
    """Return the clinic with its closure moved by so many days."""
    keys = ("theatre_closed_from_days", "theatre_closed_until_days")
    return {**clinic, **{key: clinic[key] + float(days) for key in keys}}


def run_out_patients(run: Run) -> int:
    """Return how many come after the cohort: as long as it is followed, the clinic is as full as ever."""
    return round(run.clinic["arrivals_per_year"] * run.horizon_years) + 1


def pilot_patients(run: Run) -> int:
    """Return how many patients the warm-up is measured on."""
    return max(LEAST_PILOT, round(PILOT_HORIZONS * run.horizon_years * run.clinic["arrivals_per_year"]))


def warm_up(run: Run, worlds: Mapping[str, np.ndarray]) -> WarmUp:
    """Return the warm-up that the run's clinic needs: a pilot from empty for each policy, and MSER-5.

    Two series must have settled: each patient's days of waiting, in order of arrival, and the patients in
    the clinic (in a queue, under treatment or in bed), by week. The longest warm-up of those that settle
    serves every policy, so that each meets its patients on the same days.
    """
    n = pilot_patients(run)
    open_all_along = {**run.clinic, "theatre_closed_from_days": 0.0, "theatre_closed_until_days": 0.0}
    settled: dict[str, int | None] = {}
    for name, world in worlds.items():
        rows = new_patients(PILOT, PILOT + n)
        luck = draw_luck(PILOT, PILOT + n, run.seed, run.replication)
        days = arrival_days(luck["arrival"], run.clinic["arrivals_per_year"])
        log = _live(run, rows, luck, world, open_all_along, days)
        by_patient = settled_after(rows["waited_days"].sum(axis=1))
        by_week = settled_after(census(log, float(days[-1])))
        if by_patient is None or by_week is None or overload(log, open_all_along, float(days[-1])):
            settled[name] = None
        else:
            settled[name] = max(by_patient, int(np.searchsorted(days, by_week * WEEK_DAYS)))
    return WarmUp(max([count for count in settled.values() if count is not None], default=0), settled)


def _live(
    run: Run,
    rows: np.ndarray,
    luck: np.ndarray,
    world: np.ndarray,
    clinic: Tree,
    days: np.ndarray,
    journal: Journal | None = None,
) -> np.ndarray:
    """Live the rows in a clinic, arriving on these days; return the log."""
    rows["agenda"][:, Event.DIAGNOSIS] = days
    noting = {} if journal is None else {"journal": journal}
    horizon_days = run.horizon_years * YEAR_DAYS
    log: np.ndarray = clock_of(run).live_in_clinic(rows, luck, world, clinic, horizon_days, **noting).log
    return log
