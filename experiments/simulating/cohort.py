"""Living a run's cohort under its policies: in blocks where nobody waits, as one where patients queue."""

import sys
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from conf.run import Run, world_tree
from experiments.simulating.clock import clock_of
from experiments.simulating.crowd import WarmUp, attend, attend_in_blocks, crowd_of, warm_up
from sim.clinic.load import Overload, overload
from sim.clinic.needs import is_unlimited
from sim.compiled import on_one_core
from sim.counting.tally import Counter, PairTally, Tally, batch_stops
from sim.events import Journal
from sim.luck import draw_luck
from sim.parameters import pack
from sim.patient import YEAR_DAYS, new_patients

BLOCK = 8_192  # patients that are simulated, counted and forgotten together
HORIZONS_YEARS = (1.0, 2.0, 3.0, 5.0, 10.0)


class Noted(NamedTuple):
    """What the clock noted of some patients: their rows, its entries, and the log of their clinic.

    ``entries``: day, index of the row and event, shape (entries, 3).
    """

    rows: np.ndarray
    entries: np.ndarray
    log: np.ndarray | None = None


@dataclass
class Simulated:
    """What is kept of a simulation: counts by policy, and joint counts of each policy with the comparator."""

    horizons_years: tuple[float, ...]
    tallies: dict[str, Tally] = field(default_factory=dict)
    pairs: dict[str, PairTally] = field(default_factory=dict)
    rows: dict[str, list[np.ndarray]] = field(default_factory=dict)
    noted: dict[str, list[Noted]] = field(default_factory=dict)  # by policy, where the run keeps a journal
    warm_up: WarmUp | None = None  # None where nobody waits
    overloads: dict[str, Overload] = field(default_factory=dict)  # by policy, where a queue keeps growing

    def keep(self, lives: dict[str, np.ndarray]) -> None:
        """Keep the rows of patients who were simulated under every policy."""
        for name, rows in lives.items():
            self.rows.setdefault(name, []).append(rows)


def horizons(horizon_years: float) -> tuple[float, ...]:
    """Return the horizons of the outcomes, in years: the usual ones, and the run's own last."""
    return (*(years for years in HORIZONS_YEARS if years < horizon_years), horizon_years)


def simulate_block(
    run: Run,
    worlds: dict[str, np.ndarray],
    first: int,
    stop: int,
    journals: dict[str, Journal] | None = None,
) -> dict[str, np.ndarray]:
    """Simulate patients ``first`` to ``stop - 1`` under every policy with the same luck; return their rows.

    ``journals``, where given, receives what the clock notes, by policy.
    """
    luck = draw_luck(first, stop, run.seed, run.replication)
    simulate_rows = clock_of(run).simulate_rows
    lives = {}
    for name, world in worlds.items():
        lives[name] = new_patients(first, stop)
        noting = {} if journals is None else {"journal": journals.setdefault(name, [])}
        simulate_rows(lives[name], luck, world, run.horizon_years * YEAR_DAYS, **noting)
    return lives


def count_block(
    run: Run, worlds: dict[str, np.ndarray], first: int, stop: int
) -> tuple[dict[str, Tally], dict[str, PairTally]]:
    """Simulate a block of patients under every policy; return the counts, and the joint counts.

    Where patients queue the block is the whole cohort, in the run's clinic.
    """
    if is_unlimited(run.clinic):
        counters = counters_of(run)
        for start in range(first, stop, BLOCK):
            simulate_and_count(run, worlds, start, min(start + BLOCK, stop), counters)
        return counts(run, counters)
    with on_one_core():
        batches = Batches(run)
        before = warm_up(run, worlds).patients
        if run.clock == "compiled":
            for lives in attend_in_blocks(run, worlds, crowd_of(run, before), {}):
                batches.count(lives)
        else:
            batches.count({name: attend(run, world, before).rows for name, world in worlds.items()})
    return batches.tallies, batches.pairs


def simulate_and_count(
    run: Run, worlds: dict[str, np.ndarray], first: int, stop: int, counters: dict[str, Counter]
) -> None:
    """Simulate patients ``first`` to ``stop - 1`` under every policy where nobody waits, and count them."""
    if run.clock == "compiled":
        from sim.clocks import compiled_clock

        luck, others = draw_luck(first, stop, run.seed, run.replication), None
        for name, counter in counters.items():
            measures = compiled_clock.simulate_and_count(first, luck, worlds[name], counter, others)
            others = others or measures
    else:
        count(simulate_block(run, worlds, first, stop), counters)


def count(lives: dict[str, np.ndarray], counters: dict[str, Counter]) -> None:
    """Count patients simulated under every policy."""
    patients = max(map(len, lives.values()))
    for first in range(0, patients, BLOCK):
        others = None
        for name, counter in counters.items():
            measures = counter.count(lives[name][first : first + BLOCK], others)
            others = others or measures


def counters_of(run: Run) -> dict[str, Counter]:
    """Return a counter for each policy by its name, the comparator first."""
    names = sorted((policy.name for policy in run.policies), key=lambda name: name != run.comparator.name)
    return {name: Counter(horizons(run.horizon_years), run.horizon_years) for name in names}


def counts(run: Run, counters: dict[str, Counter]) -> tuple[dict[str, Tally], dict[str, PairTally]]:
    """Return what counters have counted, in the order of the run's policies."""
    tallies = {policy.name: counters[policy.name].tally() for policy in run.policies}
    pairs = {name: counters[name].pair() for name in tallies if name != run.comparator.name}
    return tallies, pairs


class Batches:
    """Counts the cohort of a clinic by batch, in order of arrival: neighbours in a queue share their luck."""

    def __init__(self, run: Run) -> None:
        self.run, self.stops = run, batch_stops(run.patients)
        self.counters = counters_of(run)  # of the batch that is being counted
        self.batch, self.patients = 0, 0  # counted so far
        self.tallies = {policy.name: Tally() for policy in run.policies}
        self.pairs = {name: PairTally() for name in self.tallies if name != run.comparator.name}

    def count(self, lives: dict[str, np.ndarray]) -> None:
        """Count the next patients of the cohort, simulated under every policy."""
        first, patients = 0, max(map(len, lives.values()))
        while first < patients:
            stop = min(patients, first + self.stops[self.batch] - self.patients)
            count({name: rows[first:stop] for name, rows in lives.items()}, self.counters)
            self.patients += stop - first
            first = stop
            if self.patients == self.stops[self.batch]:
                self._end_batch()

    def _end_batch(self) -> None:
        tallies, pairs = counts(self.run, self.counters)
        for name, tally in tallies.items():
            self.tallies[name].enter(tally, self.batch, len(self.stops))
        for name, pair in pairs.items():
            self.pairs[name].enter(pair, self.batch, len(self.stops))
        self.counters = counters_of(self.run)
        self.batch += 1


def simulate(run: Run) -> Simulated:
    """Simulate the run's cohort under every policy; return the counts, and rows and journals if asked for.

    Shows a progress bar on a terminal when it takes more than a moment.
    """
    worlds = worlds_of(run)
    simulated = Simulated(horizons(run.horizon_years))
    with progress(run.patients * len(worlds)) as bar:
        if is_unlimited(run.clinic):
            counters = counters_of(run)
            for first in range(0, run.patients, BLOCK):
                stop = min(first + BLOCK, run.patients)
                if run.rows or run.journal:
                    noted: dict[str, Journal] | None = {} if run.journal else None
                    lives = simulate_block(run, worlds, first, stop, noted)
                    count(lives, counters)
                    if run.rows:
                        simulated.keep(lives)
                    for name, entries in (noted or {}).items():
                        note = Noted(lives[name], np.array(entries, float).reshape(-1, 3))
                        simulated.noted.setdefault(name, []).append(note)
                else:
                    simulate_and_count(run, worlds, first, stop, counters)
                bar.update((stop - first) * len(worlds))
            simulated.tallies, simulated.pairs = counts(run, counters)
        else:
            with on_one_core():
                _simulate_queue(run, worlds, simulated, bar)
    return simulated


def _simulate_queue(run: Run, worlds: dict[str, np.ndarray], simulated: Simulated, bar: tqdm) -> None:
    """As ``simulate``, where patients queue: who waits for whom can be anybody, so the cohort is one."""
    batches = Batches(run)
    simulated.warm_up = warm_up(run, worlds)
    crowd = crowd_of(run, simulated.warm_up.patients)
    logs: dict[str, np.ndarray] = {}
    if run.clock == "compiled":
        for lives in attend_in_blocks(run, worlds, crowd, logs):
            batches.count(lives)
            if run.rows:
                simulated.keep({name: rows.copy() for name, rows in lives.items()})
            bar.update(sum(map(len, lives.values())))
    else:
        lives = {}
        for name, world in worlds.items():
            attendance = attend(run, world, simulated.warm_up.patients)
            lives[name], logs[name] = attendance.rows, attendance.log
            if run.journal:
                entries = np.array(attendance.journal, float).reshape(-1, 3)
                simulated.noted[name] = [Noted(attendance.rows, entries, attendance.log)]
            bar.update(run.patients)
        batches.count(lives)
        if run.rows:
            simulated.keep(lives)
    simulated.tallies, simulated.pairs = batches.tallies, batches.pairs
    for name, log in logs.items():
        if found := overload(log, crowd.clinic, crowd.last_day):
            simulated.overloads[name] = found


def unhindered(run: Run, world: np.ndarray) -> np.ndarray:
    """Return the cohort's rows under one policy where nobody waits, in order."""
    blocks = []
    for first in range(0, run.patients, BLOCK):
        stop = min(first + BLOCK, run.patients)
        blocks.append(simulate_block(run, {"": world}, first, stop)[""])
    return np.concatenate(blocks)


def worlds_of(run: Run) -> dict[str, np.ndarray]:
    """Return the packed world of each policy, by its name."""
    return {policy.name: pack(world_tree(run, policy)) for policy in run.policies}


def progress(total: int, unit: str = " patients", what: str = "", delay_seconds: float = 2.0) -> tqdm:
    """Return a bar that is shown on a terminal when it takes more than a moment: the share done, its
    description, how much is done a second, the time left."""
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
        disable=not sys.stderr.isatty(),
    )
