"""What a long analysis will take, said before it begins."""

import time
from typing import TYPE_CHECKING

import psutil

from conf.run import Run
from experiments.results.notices import notice
from experiments.sweeping.plan import Plan, processes

if TYPE_CHECKING:
    import numpy as np

LONG_SECONDS = 20.0  # from which it is said
TIMED_PATIENTS = 2_000


def announce(plan: Plan, points: str) -> None:
    """Say what a plan's points will take, by simulating a few patients of the first.

    ``points``: what they are called. Nothing is said of patients who queue: they are one cohort, of which no
    few can be timed; nor where other machines simulate.
    """
    from experiments.simulating.cohort import count_block, worlds_of
    from sim.clinic.needs import is_unlimited
    from sim.compiled import on_one_core

    run = plan.points[0].run
    if plan.compute["kind"] != "local" or not is_unlimited(run.clinic):
        return
    few, worlds = min(run.patients, TIMED_PATIENTS), worlds_of(run)
    with on_one_core():
        count_block(run, worlds, 0, few)  # what compiles, and memory that is new, are no part of it
        times = [min(_seconds(run, worlds, patients) for _ in range(2)) for patients in (1, few)]
    workers = processes(plan.compute)
    # Each point has its own beginning, which a single patient shows.
    each = times[0] + max(times[1] - times[0], 0.0) / max(few - 1, 1) * (run.patients - 1)
    seconds = each * len(plan.points) / workers
    if seconds >= LONG_SECONDS:
        lives = run.patients * len(plan.points) * len(run.policies)
        # Each process has at least what this one has now.
        gigabytes = (workers + 1) * psutil.Process().memory_info().rss / 1e9
        notice(
            f"{lives:,} simulated patients ({len(plan.points):,} {points}, {len(run.policies)} policies): "
            f"about {seconds / 60:.1f} minutes and {gigabytes:.1f} GB on {workers} processes; what is done "
            "is kept, and the same command continues"
        )


def _seconds(run: Run, worlds: "dict[str, np.ndarray]", patients: int) -> float:
    """Return how long so many patients take."""
    from experiments.simulating.cohort import count_block

    begun = time.perf_counter()
    count_block(run, worlds, 0, patients)
    return time.perf_counter() - begun
