"""Simulating a run's cohort under its policies, and counting it.

Decided once, here: whether patients queue (then the cohort is one, since anybody can wait for anybody), by
which clock they are simulated, and whether rows and journals are kept or only counts.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from tqdm import tqdm

from conf.question import HORIZONS_YEARS
from conf.run import Run, world_trees
from experiments.simulating.clock import clock_of
from experiments.simulating.crowd import WarmUp, attend, attend_in_blocks, crowd_of, warm_up
from experiments.simulating.shown import SHOWN
from sim.clinic.load import Overload, Waited, Watch, waited
from sim.clinic.needs import is_unlimited
from sim.clocks.first_compilation import compile_beside
from sim.compiled import on_one_core
from sim.counting.tally import Counter, PairTally, Tally, batch_stops
from sim.events import Journal
from sim.luck import draw_luck
from sim.parameters import pack
from sim.patient import YEAR_DAYS, new_patients

if TYPE_CHECKING:
    import pandas as pd

    from sim.clocks.compiled_clock import Courses

BLOCK = 8_192  # patients that are simulated, counted and forgotten together
COUNTED = 4 * BLOCK  # the same, where their rows are never all there
Worlds = dict[str, np.ndarray]  # the packed world of each policy, by its name
Rows = dict[str, np.ndarray]  # the same patients under each policy


class Noted(NamedTuple):
    """What the clock noted of some patients: their rows, its entries, and the log of their clinic.

    ``entries``: day, index of the row and event, shape (entries, 3).
    """

    rows: np.ndarray
    entries: np.ndarray
    log: np.ndarray | None = None


@dataclass
class Simulated:
    """What is kept of a cohort: counts by policy, and joint counts of each policy with the comparator."""

    horizons_years: tuple[float, ...]
    tallies: dict[str, Tally] = field(default_factory=dict)
    pairs: dict[str, PairTally] = field(default_factory=dict)
    rows: dict[str, list[np.ndarray]] = field(default_factory=dict)
    noted: dict[str, list[Noted]] = field(default_factory=dict)  # by policy, where the run keeps a journal
    warm_up: WarmUp | None = None  # None where nobody waits
    overloads: dict[str, Overload] = field(default_factory=dict)  # by policy, where a queue keeps growing
    waits: "dict[str, pd.DataFrame]" = field(default_factory=dict)  # by policy, where patients queue


def simulate(run: Run) -> Simulated:
    """Simulate the run's cohort under every policy; return counts, and rows and journals where asked for.

    Shows a progress bar on a terminal when it takes more than a moment.
    """
    with progress(run.patients * len(run.policies)) as bar:
        return _simulate(run, worlds_of(run), 0, run.patients, bar.update)


def count_block(
    run: Run, worlds: Worlds, first: int, stop: int
) -> tuple[dict[str, Tally], dict[str, PairTally]]:
    """Simulate patients ``first`` to ``stop - 1`` under every policy; return the counts and joint counts.

    Where patients queue these must be the whole cohort.
    """
    simulated = _simulate(run, worlds, first, stop, lambda _: None)
    return simulated.tallies, simulated.pairs


def _simulate(run: Run, worlds: Worlds, first: int, stop: int, done: Callable[[int], object]) -> Simulated:
    simulated = Simulated(horizons(run.horizon_years))
    compile_beside(next(iter(worlds.values())), run.clinic)
    queue = not is_unlimited(run.clinic)
    counting: Blocks | Batches
    if run.clock == "compiled" and not (queue or run.rows or run.journal):
        counting = Blocks(run, worlds)
        for start in range(first, stop, COUNTED):
            end = min(start + COUNTED, stop)
            counting.simulate_and_count(start, end)
            done((end - start) * len(worlds))
    else:
        counting = Batches(run, worlds) if queue else Blocks(run, worlds)
        with on_one_core() if queue else nullcontext(1) as threads:
            parts = (
                _queue(run, worlds, simulated, done, threads)
                if queue
                else _blocks(run, worlds, first, stop, done)
            )
            for rows, noted in parts:
                counting.count(rows)
                if run.rows:
                    for name, own in rows.items():
                        simulated.rows.setdefault(name, []).append(own.copy() if queue else own)
                for name, note in noted.items():
                    simulated.noted.setdefault(name, []).append(note)
    simulated.tallies, simulated.pairs = counting.result()
    return simulated


def _blocks(
    run: Run, worlds: Worlds, first: int, stop: int, done: Callable[[int], object]
) -> Iterator[tuple[Rows, dict[str, Noted]]]:
    """Yield patients who wait for nobody, a block at a time, and what the clock noted of them."""
    for start in range(first, stop, BLOCK):
        journals: dict[str, Journal] | None = {} if run.journal else None
        rows = simulate_block(run, worlds, start, min(start + BLOCK, stop), journals)
        yield rows, {name: _noted(rows[name], journal) for name, journal in (journals or {}).items()}
        done(sum(map(len, rows.values())))


def _queue(
    run: Run, worlds: Worlds, simulated: Simulated, done: Callable[[int], object], threads: int
) -> Iterator[tuple[Rows, dict[str, Noted]]]:
    """Yield the cohort of the run's clinic in order of arrival; rows are to be used before the next."""
    simulated.warm_up = warm_up(run, worlds, threads if run.clock == "compiled" else 1)
    crowd = crowd_of(run, simulated.warm_up.patients)
    waits: dict[str, list[Waited]] = {name: [] for name in worlds}
    watches = {name: Watch(crowd.clinic, crowd.last_day) for name in worlds}

    def note(name: str, log: np.ndarray) -> None:
        waits[name].append(waited(log, run.patients))
        watches[name].add(log)

    if run.clock == "compiled":
        for rows in attend_in_blocks(run, worlds, crowd, note, threads):
            yield rows, {}
            done(sum(map(len, rows.values())))
    else:
        rows, noted = {}, {}
        for name, world in worlds.items():
            there = attend(run, world, simulated.warm_up.patients)
            rows[name] = there.rows
            note(name, there.log)
            if run.journal:
                noted[name] = _noted(there.rows, there.journal, there.log)
            done(len(there.rows))
        yield rows, noted
    from analysis.tables.queueing import by_step  # imported late: pandas takes as long as a small run

    for name, watch in watches.items():
        simulated.waits[name] = by_step(waits[name], crowd.clinic)
        if growing := watch.overload():
            simulated.overloads[name] = growing


def _noted(rows: np.ndarray, journal: Journal, log: np.ndarray | None = None) -> Noted:
    return Noted(rows, np.array(journal, float).reshape(-1, 3), log)


def simulate_block(
    run: Run, worlds: Worlds, first: int, stop: int, journals: dict[str, Journal] | None = None
) -> Rows:
    """Simulate patients ``first`` to ``stop - 1`` under every policy, with common random numbers.

    Nobody waits. ``journals``, where given, receives what the clock notes, by policy.
    """
    luck = draw_luck(first, stop, run.seed, run.replication)
    clock = clock_of(run)
    rows = {}
    for name, world in worlds.items():
        rows[name] = new_patients(first, stop)
        noting = {} if journals is None else {"journal": journals.setdefault(name, [])}
        clock.simulate_rows(rows[name], luck, world, run.horizon_years * YEAR_DAYS, **noting)
    return rows


class Blocks:
    """Counts patients who wait for nobody: blocks add up, whatever their order."""

    def __init__(self, run: Run, worlds: Worlds, batches: int | None = None) -> None:
        self.run, self.worlds = run, worlds
        # The comparator first: the others are counted beside it.
        names = sorted(worlds, key=lambda name: name != run.comparator.name)
        years = run.horizon_years
        self.counters = {name: Counter(worlds[name], horizons(years), years, batches) for name in names}
        self.courses: Courses | None = None

    def simulate_and_count(self, first: int, stop: int) -> None:
        """Simulate patients ``first`` to ``stop - 1`` by the compiled clock and count them, without rows."""
        if self.courses is None:
            from sim.clocks.compiled_clock import Courses

            self.courses = Courses([self.worlds[name] for name in self.counters], [*self.counters.values()])
        self.courses.simulate_and_count(first, stop, self.run.seed, self.run.replication)

    def count(self, rows: Rows) -> None:
        """Count patients who were simulated under every policy."""
        patients = max(map(len, rows.values()))
        for first in range(0, patients, BLOCK):
            others = None
            for name, counter in self.counters.items():
                measures = counter.count(rows[name][first : first + BLOCK], others)
                others = others or measures

    def result(self) -> tuple[dict[str, Tally], dict[str, PairTally]]:
        """Return what was counted, in the order of the run's policies."""
        tallies = {name: self.counters[name].tally() for name in self.worlds}
        pairs = {name: self.counters[name].pair() for name in tallies if name != self.run.comparator.name}
        return tallies, pairs


class Batches:
    """Counts the cohort of a clinic by batch, in order of arrival: neighbours in a queue share their luck."""

    def __init__(self, run: Run, worlds: Worlds) -> None:
        self.stops = batch_stops(run.patients)
        self.blocks = Blocks(run, worlds, len(self.stops))
        self.batch, self.patients = 0, 0  # counted so far

    def count(self, rows: Rows) -> None:
        """Count the next patients of the cohort, simulated under every policy."""
        first, patients = 0, max(map(len, rows.values()))
        while first < patients:
            stop = min(patients, first + self.stops[self.batch] - self.patients)
            self.blocks.count({name: own[first:stop] for name, own in rows.items()})
            self.patients += stop - first
            first = stop
            if self.patients == self.stops[self.batch]:
                self.batch += 1
                for counter in self.blocks.counters.values():
                    counter.end_batch()

    def result(self) -> tuple[dict[str, Tally], dict[str, PairTally]]:
        """Return what was counted, in the order of the run's policies."""
        return self.blocks.result()


def horizons(horizon_years: float) -> tuple[float, ...]:
    """Return the horizons of outcomes, in years: the usual ones, and the run's own last."""
    return (*(years for years in HORIZONS_YEARS if years < horizon_years), horizon_years)


def unhindered(run: Run, world: np.ndarray) -> np.ndarray:
    """Return the cohort's rows under one policy where nobody waits, in order."""
    blocks = []
    for first in range(0, run.patients, BLOCK):
        stop = min(first + BLOCK, run.patients)
        blocks.append(simulate_block(run, {"": world}, first, stop)[""])
    return np.concatenate(blocks)


def worlds_of(run: Run) -> dict[str, np.ndarray]:
    """Return the packed worlds of each policy, one for each of its plans, by its name."""
    return {policy.name: pack(*world_trees(run, policy)) for policy in run.policies}


def progress(total: int, unit: str = " patients", what: str = "", delay_seconds: float = 2.0) -> tqdm:
    """Return a bar that is shown on a terminal when it takes more than a moment: the share done, its
    description, how much is done a second, the time left."""
    shown = SHOWN.get()
    return tqdm(
        total=total,
        unit=unit,
        unit_scale=True,
        desc=what,
        bar_format="{percentage:3.0f} % |{bar}| {desc}{rate_noinv_fmt}, {remaining} left",
        delay=delay_seconds,
        miniters=1,
        smoothing=0.0,  # tasks end in flocks
        leave=False,
        dynamic_ncols=True,
        disable=not (sys.stderr.isatty() if shown is None else shown),
    )
