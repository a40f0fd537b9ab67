"""Living a run's cohort under its policies: blocks of patients, each lived under every policy."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from conf.schema import Run, world_tree
from experiments.journal import journal_table
from sim.clocks.simpy_clock import Journal, live
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
    lives = {}
    for name, world in worlds.items():
        lives[name] = new_patients(first, stop)
        journal = None if journals is None else journals.setdefault(name, [])
        live(lives[name], luck, world, run.horizon_years * YEAR_DAYS, journal)
    return lives


def simulate(run: Run) -> Lived:
    """Live the run's cohort under every policy; return the counts, and rows and journals where asked for.

    Shows a progress bar on a terminal when it takes more than a moment.
    """
    worlds = {policy.name: pack(world_tree(run, policy)) for policy in run.policies}
    lived = Lived(horizons(run.horizon_years))
    for first, stop in _progress(run.patients, len(worlds)):
        noted: dict[str, Journal] | None = {} if run.journal else None
        lives = live_block(run, worlds, first, stop, noted)
        comparator = lives[run.comparator.name]
        for name, rows in lives.items():
            counts = tally(rows, lived.horizons_years, run.horizon_years)
            lived.tallies.setdefault(name, Tally()).add(counts)
            if name != run.comparator.name:
                pair = tally_pair(rows, comparator, lived.horizons_years, run.horizon_years)
                lived.pairs.setdefault(name, PairTally()).add(pair)
            if run.rows:
                lived.rows.setdefault(name, []).append(rows)
            if noted is not None:
                table = journal_table(name, rows, noted[name], run.horizon_years)
                lived.journals.setdefault(name, []).append(table)
    return lived


def _progress(patients: int, policies: int) -> Iterator[tuple[int, int]]:
    """Yield the blocks, telling the lives lived so far."""
    with tqdm(
        total=patients * policies,
        unit=" lives",
        unit_scale=True,
        delay=2.0,
        leave=False,
        disable=not sys.stderr.isatty(),
    ) as bar:
        for first in range(0, patients, BLOCK):
            stop = min(first + BLOCK, patients)
            yield first, stop
            bar.update((stop - first) * policies)
