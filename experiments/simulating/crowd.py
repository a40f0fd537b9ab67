"""Simulating a cohort in one clinic, among patients who come before and after it."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from conf.run import Run, Tree
from experiments.simulating.clock import clock_of
from sim.clinic.needs import arrival_days
from sim.clinic.warm_up import NOT_SETTLED, new_series, settled_patients
from sim.events import Event, Journal
from sim.luck import LUCK, draw_luck, fill_luck, uniforms
from sim.patient import ROW, YEAR_DAYS, new_patients

# Numbers of those who do not count: no cohort reaches them, so its patients keep their luck.
BEFORE, AFTER, PILOT = 10**9, 2 * 10**9, 3 * 10**9
PILOT_HORIZONS = 3  # a pilot takes in patients for so many times the horizon
LEAST_PILOT = 1_000  # patients
BLOCK = 512  # patients who are drawn and counted together: few, so that rows stay in the cache


class Block(NamedTuple):
    """Patients of successive numbers, and where they stand in the order of arrival."""

    number: int  # of the first
    start: int
    stop: int


@dataclass(frozen=True)
class Crowd:
    """All who come to a run's clinic, in order of arrival: a warm-up, the cohort, and those after it.

    ``days`` count from the arrival of the first of all; ``clinic`` is the tree with its closure on that
    scale.
    """

    parts: tuple[Block, Block, Block]
    days: np.ndarray
    clinic: Tree

    @property
    def first_day(self) -> float:
        """Return the day of the cohort's first arrival."""
        return float(self.days[self.parts[1].start])

    @property
    def last_day(self) -> float:
        """Return the day of the cohort's last arrival."""
        return float(self.days[self.parts[1].stop - 1])

    def blocks(self) -> list[Block]:
        """Return all who come, few at a time; those of a block belong to the same part."""
        return [
            Block(part.number + start - part.start, start, min(start + BLOCK, part.stop))
            for part in self.parts
            for start in range(part.start, part.stop, BLOCK)
        ]


def crowd_of(run: Run, warm_up_patients: int) -> Crowd:
    """Return who come to the run's clinic, with so many before the cohort."""
    cohort_stop = warm_up_patients + run.patients
    parts = (
        Block(BEFORE, 0, warm_up_patients),
        Block(0, warm_up_patients, cohort_stop),
        Block(AFTER, cohort_stop, cohort_stop + run_out_patients(run)),
    )
    gaps = [
        uniforms("arrival", part.number, part.number + part.stop - part.start, run.seed, run.replication)
        for part in parts
    ]
    days = arrival_days(np.concatenate(gaps), run.clinic["arrivals_per_year"])
    return Crowd(parts, days, closed_later(run.clinic, np.floor(days[warm_up_patients])))


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


def attend(
    run: Run,
    world: np.ndarray,
    warm_up_patients: int,
    journal_of: Callable[[np.ndarray, int], Journal] | None = None,
) -> Attendance:
    """Simulate the cohort in the run's clinic, after a warm-up, and with patients who come after it.

    ``journal_of``: makes the list that the clock notes events in, from the rows of all who come and the place
    of the cohort's first among them.
    """
    crowd = crowd_of(run, warm_up_patients)
    rows, luck = new_patients(0, len(crowd.days)), np.empty(len(crowd.days), LUCK)
    for number, start, stop in crowd.parts:
        rows["number"][start:stop] = np.arange(number, number + stop - start)
        fill_luck(luck[start:stop], number, run.seed, run.replication)
    _, start, stop = crowd.parts[1]
    noted: Journal | None = [] if run.journal else None
    if journal_of is not None:
        noted = journal_of(rows, start)
    rows["agenda"][:, Event.DIAGNOSIS] = crowd.days
    log = _simulate_rows(run, rows, luck, world, crowd.clinic, noted)
    journal = [(day, i - start, event) for day, i, event in noted or [] if start <= i < stop]
    return Attendance(rows[start:stop], log, journal, crowd.clinic, crowd.first_day, crowd.last_day)


def attend_in_blocks(
    run: Run,
    worlds: Mapping[str, np.ndarray],
    crowd: Crowd,
    note: Callable[[str, np.ndarray], None],
    threads: int = 1,
) -> Iterator[dict[str, np.ndarray]]:
    """Simulate the cohort in the run's clinic under every policy with the compiled clock; yield its rows by
    policy, a block of patients at a time, in order, to be used before the next.

    As ``attend``, but the policies share the luck, and few rows are used over and over, so that none leaves
    the processor's cache. With more than one thread the policies are simulated side by side, while the rows
    of the block that left last are used, and the luck of the next is drawn. ``note`` gets the log of each
    policy's clinic, by the policy's name, a few lines at a time, to be used before the next.
    """
    from sim.clocks import compiled_clock

    horizon_days = run.horizon_years * YEAR_DAYS
    blocks = crowd.blocks()
    abreast = _abreast(crowd.days, blocks, horizon_days)
    rooms = abreast + 2  # one for those who have left, one for those who come next
    luck = np.empty(rooms * BLOCK, LUCK)
    arriving = np.empty((2, BLOCK), ROW)  # who arrive now, and who come next
    arrivals = compiled_clock.Arrivals([*worlds.values()])
    clinics = {
        name: compiled_clock.Clinic(np.empty_like(luck, ROW), luck, world, crowd.clinic, horizon_days)
        for name, world in worlds.items()
    }

    def places(k: int) -> slice:
        place = k % rooms * BLOCK
        return slice(place, place + blocks[k].stop - blocks[k].start)

    def rows_of(k: int) -> np.ndarray:
        return arriving[k % 2, : blocks[k].stop - blocks[k].start]

    def draw(k: int) -> None:
        number, start, stop = blocks[k]
        fill_luck(luck[places(k)], number, run.seed, run.replication)
        arrivals.write(rows_of(k), luck[places(k)], number, crowd.days[start:stop])

    def simulate(name: str, k: int) -> None:
        clinic, stop = clinics[name], blocks[k].stop
        until = crowd.days[stop] if stop < len(crowd.days) else np.inf
        clinic.admit(rows_of(k), places(k).start)
        clinic.simulate_until(until, places(k).start, places(k).stop)
        note(name, clinic.drained_log())

    draw(0)
    with ThreadPoolExecutor(threads) as pool:
        for k in range(len(blocks) + abreast + 1):
            coming = clinics if k < len(blocks) else ()
            running = [pool.submit(simulate, name, k) for name in coming]
            if threads == 1:
                wait(running)
            if k + 1 < len(blocks):
                draw(k + 1)
            gone = k - 1 - abreast
            if gone >= 0 and blocks[gone].number < BEFORE:
                yield {name: clinic.rows[places(gone)] for name, clinic in clinics.items()}
            for one in running:
                one.result()


def _abreast(days: np.ndarray, blocks: list[Block], horizon_days: float) -> int:
    """Return how many blocks are in the clinic at most, the last of whom has not reached the horizon."""
    last_days = np.array([days[block.stop - 1] for block in blocks])
    first_days = np.array([days[block.start] for block in blocks])
    gone = np.searchsorted(last_days + horizon_days, first_days)
    return int((np.arange(len(blocks)) - gone).max()) + 1


def closed_later(clinic: Tree, days: float) -> Tree:
    """Return the clinic with its closure moved by so many days."""
    keys = ("theatre_closed_from_days", "theatre_closed_until_days")
    return {**clinic, **{key: clinic[key] + float(days) for key in keys}}


def run_out_patients(run: Run) -> int:
    """Return how many come after the cohort: as long as it is followed, the clinic is as full as ever."""
    arrivals_per_year: float = run.clinic["arrivals_per_year"]
    return round(arrivals_per_year * run.horizon_years) + 1


def pilot_patients(run: Run) -> int:
    """Return how many patients the warm-up is measured on."""
    arrivals_per_year: float = run.clinic["arrivals_per_year"]
    return max(LEAST_PILOT, round(PILOT_HORIZONS * run.horizon_years * arrivals_per_year))


def warm_up(run: Run, worlds: Mapping[str, np.ndarray], threads: int = 1) -> WarmUp:
    """Return the warm-up that the run's clinic needs: a pilot from empty for each policy, and MSER-5.

    What must have settled: ``sim.clinic.warm_up``. The longest warm-up of those that settle serves every
    policy, so that each meets its patients on the same days.
    """
    n = pilot_patients(run)
    open_all_along = {**run.clinic, "theatre_closed_from_days": 0.0, "theatre_closed_until_days": 0.0}
    luck = draw_luck(PILOT, PILOT + n, run.seed, run.replication)
    days = arrival_days(luck["arrival"], run.clinic["arrivals_per_year"])
    if run.clock == "compiled":
        from sim.clocks.compiled_clock import Arrivals

        arriving = np.empty(n, ROW)
        Arrivals([*worlds.values()]).write(arriving, luck, PILOT, days)
    else:
        arriving = new_patients(PILOT, PILOT + n)
        arriving["agenda"][:, Event.DIAGNOSIS] = days

    def settled(world: np.ndarray) -> int | None:
        rows = arriving.copy()
        log = _simulate_rows(run, rows, luck, world, open_all_along)
        found = settled_patients(rows, log, days, new_series(n, float(days[-1])))
        return None if found == NOT_SETTLED else found

    with ThreadPoolExecutor(threads) as pool:
        found = dict(zip(worlds, pool.map(settled, worlds.values()), strict=True))
    return WarmUp(max([count for count in found.values() if count is not None], default=0), found)


def _simulate_rows(
    run: Run,
    rows: np.ndarray,
    luck: np.ndarray,
    world: np.ndarray,
    clinic: Tree,
    journal: Journal | None = None,
) -> np.ndarray:
    """Simulate the rows of those who arrive in a clinic; return the log."""
    noting = {} if journal is None else {"journal": journal}
    horizon_days = run.horizon_years * YEAR_DAYS
    log: np.ndarray = clock_of(run).simulate_in_clinic(rows, luck, world, clinic, horizon_days, **noting).log
    return log
