"""Living a run's cohort under its policies: in blocks where nobody waits, as one where patients queue."""

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from analysis.queueing import Overload, overload
from conf.schema import Run, world_tree
from experiments.clinic import WarmUp, attend, warm_up
from experiments.clock import clock_of
from experiments.journal import Journal, journal_table
from sim.clinic import is_unlimited
from sim.luck import draw_luck
from sim.outcomes import PairTally, Tally, tally, tally_pair
from sim.parameters import pack
from sim.patient import YEAR_DAYS, new_patients

if TYPE_CHECKING:
    import pandas as pd

BLOCK = 2_000  # patients that are lived, counted and forgotten together
HORIZONS_YEARS = (1.0, 2.0, 3.0, 5.0, 10.0)


@dataclass
class Lived:
    """What is left of the lives: counts by policy, and joint counts of each policy with the comparator."""

    horizons_years: tuple[float, ...]
    tallies: dict[str, Tally] = field(default_factory=dict)
    pairs: dict[str, PairTally] = field(default_factory=dict)
    rows: dict[str, list[np.ndarray]] = field(default_factory=dict)
    journals: "dict[str, list[pd.DataFrame]]" = field(default_factory=dict)
    warm_up: WarmUp | None = None  # None where nobody waits
    overloads: dict[str, Overload] = field(default_factory=dict)  # by policy, where a queue keeps growing

    def note(
        self, run: Run, name: str, rows: np.ndarray, entries: Journal, log: np.ndarray | None = None
    ) -> None:
        """Add what the clock noted of patients lived under a policy, and the log of their clinic."""
        table = journal_table(name, rows, entries, run.horizon_years, log)
        self.journals.setdefault(name, []).append(table)

    def add(self, run: Run, lives: dict[str, np.ndarray]) -> None:
        """Add patients who were lived under every policy."""
        tallies, pairs = count(run, lives)
        for name, counts in tallies.items():
            self.tallies.setdefault(name, Tally()).add(counts)
        for name, joint in pairs.items():
            self.pairs.setdefault(name, PairTally()).add(joint)
        if run.rows:
            for name, rows in lives.items():
                self.rows.setdefault(name, []).append(rows)


def horizons(horizon_years: float) -> tuple[float, ...]:
    """Return the horizons that outcomes are told at, in years: the usual ones, and the run's own last."""
    return (*(years for years in HORIZONS_YEARS if years < horizon_years), horizon_years)


def live_block(
    run: Run,
    worlds: dict[str, np.ndarray],
    first: int,
    stop: int,
    journals: dict[str, Journal] | None = None,
) -> dict[str, np.ndarray]:
    """Live patients ``first`` to ``stop - 1`` under every policy on the same luck; return their rows.

    ``journals``, where given, receives what the clock notes, by policy.
    """
    luck = draw_luck(first, stop, run.seed, run.replication)
    live = clock_of(run).live
    lives = {}
    for name, world in worlds.items():
        lives[name] = new_patients(first, stop)
        noting = {} if journals is None else {"journal": journals.setdefault(name, [])}
        live(lives[name], luck, world, run.horizon_years * YEAR_DAYS, **noting)
    return lives


def count_block(
    run: Run, worlds: dict[str, np.ndarray], first: int, stop: int
) -> tuple[dict[str, Tally], dict[str, PairTally]]:
    """Live a block of patients under every policy; return the counts, and the joint counts.

    Where patients queue the block is the whole cohort, in the run's clinic.
    """
    if is_unlimited(run.clinic):
        return count(run, live_block(run, worlds, first, stop))
    before = warm_up(run, worlds).patients
    return count(run, {name: attend(run, world, before).rows for name, world in worlds.items()})


def count(run: Run, lives: dict[str, np.ndarray]) -> tuple[dict[str, Tally], dict[str, PairTally]]:
    """Return the counts of patients lived under every policy, and the joint counts with the comparator."""
    horizons_years = horizons(run.horizon_years)
    comparator = lives[run.comparator.name]
    tallies = {name: tally(rows, horizons_years, run.horizon_years) for name, rows in lives.items()}
    pairs = {
        name: tally_pair(rows, comparator, horizons_years, run.horizon_years)
        for name, rows in lives.items()
        if name != run.comparator.name
    }
    return tallies, pairs


def simulate(run: Run) -> Lived:
    """Live the run's cohort under every policy; return the counts, and rows and journals where asked for.

    Shows a progress bar on a terminal when it takes more than a moment.
    """
    worlds = worlds_of(run)
    lived = Lived(horizons(run.horizon_years))
    with progress(run.patients * len(worlds)) as bar:
        if is_unlimited(run.clinic):
            for first in range(0, run.patients, BLOCK):
                noted: dict[str, Journal] | None = {} if run.journal else None
                lives = live_block(run, worlds, first, min(first + BLOCK, run.patients), noted)
                lived.add(run, lives)
                for name, entries in (noted or {}).items():
                    lived.note(run, name, lives[name], entries)
                bar.update(sum(map(len, lives.values())))
        else:
            # Who waits for whom can be anybody: a cohort that queues cannot be lived in parts.
            lived.warm_up = warm_up(run, worlds)
            lives = {}
            for name, world in worlds.items():
                attendance = attend(run, world, lived.warm_up.patients)
                lives[name] = attendance.rows
                if found := overload(attendance.log, attendance.clinic, attendance.last_day):
                    lived.overloads[name] = found
                if run.journal:
                    lived.note(run, name, attendance.rows, attendance.journal, attendance.log)
                bar.update(run.patients)
            lived.add(run, lives)
    return lived


def unhindered(run: Run, world: np.ndarray) -> np.ndarray:
    """Return the cohort's rows under one policy where nobody waits, in order."""
    blocks = []
    for first in range(0, run.patients, BLOCK):
        stop = min(first + BLOCK, run.patients)
        blocks.append(live_block(run, {"": world}, first, stop)[""])
    return np.concatenate(blocks)


def worlds_of(run: Run) -> dict[str, np.ndarray]:
    """Return the packed world of each policy, by its name."""
    return {policy.name: pack(world_tree(run, policy)) for policy in run.policies}


def progress(total: int, unit: str = " lives") -> tqdm:
    """Return a bar that is shown on a terminal when it takes more than a moment."""
    return tqdm(
        total=total,
        unit=unit,
        unit_scale=True,
        delay=2.0,
        leave=False,
        disable=not sys.stderr.isatty(),
    )
