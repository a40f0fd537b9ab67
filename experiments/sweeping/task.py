"""A task of a sweep, done: a block of patients, simulated under every policy and counted."""

import platform
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from conf.run import Run
from experiments.sweeping.code import code_digest
from experiments.sweeping.ledger import Ledger

ATTEMPTS = 2


@dataclass(frozen=True)
class Task:
    """Patients ``first`` to ``stop - 1`` of a run, to be simulated under each of its policies and counted."""

    run: Run
    first: int
    stop: int
    entry: str  # its name in the ledger
    point: int
    code: str
    threads: int = 1
    only_values: bool = False  # keep costs and quality of life alone


class Failure(NamedTuple):
    """Why a task has no counts: in a line, and in full."""

    words: str
    trace: str = ""


Ended = tuple[Task, bytes | Failure]


class ClusterLostError(Exception):
    """The cluster is gone; what was recorded is kept."""


def attempt(task: Task) -> bytes | Failure:
    """Return a task's counts; after an error, try once more."""
    for left in reversed(range(ATTEMPTS)):
        try:
            return counted(task)
        except Exception as error:
            if not left:
                return Failure(f"{type(error).__name__}: {error}", traceback.format_exc())
    raise AssertionError


def counted(task: Task) -> bytes:
    """Return the counts of a task. Raises whatever simulating raises, and where the worker has other code."""
    if task.code != code_digest():
        raise RuntimeError(f"the worker {platform.node()} has another version of lrrc-sim")
    import numba

    from experiments.simulating.cohort import count_block, worlds_of
    from experiments.simulating.counts import to_bytes
    from sim.counting.tally import Tally

    most: int = numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]  # set when Numba is imported
    numba.set_num_threads(max(1, min(task.threads, most)))
    worlds = worlds_of(task.run)
    tallies, pairs = count_block(task.run, worlds, task.first, task.stop)
    if task.only_values:
        tallies, pairs = {policy: Tally(values=tally.values) for policy, tally in tallies.items()}, {}
    return to_bytes(tallies, pairs)


def do_and_record(tasks: list[Task], folder: Path) -> dict[str, Failure]:
    """Do tasks one after another and record each as it ends; return those that failed, by entry."""
    ledger, failed = Ledger(folder), {}
    for task in tasks:
        if ledger.read(task.entry) is None:
            ended = attempt(task)
            if isinstance(ended, Failure):
                failed[task.entry] = ended
            else:
                ledger.record(task.entry, ended)
    return failed
