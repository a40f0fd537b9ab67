"""Where tasks are done: processes of this machine, a Dask cluster, or Slurm jobs.

Each executor takes tasks and yields every one with its counts, or with why there are none, as they end. A
task follows from its own content alone, so neither the executor nor the order changes a result.
"""

import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from conf.schema import Run, Tree
from experiments.ledger import Ledger, code_digest

ATTEMPTS = 2


@dataclass(frozen=True)
class Task:
    """Patients ``first`` to ``stop - 1`` of a run, to be lived under each of its policies and counted."""

    run: Run
    first: int
    stop: int
    entry: str  # its name in the ledger
    point: int
    code: str
    threads: int = 1


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
    """Return the counts of a task. Raises whatever the lives raise, and where the worker has other code."""
    if task.code != code_digest():
        raise RuntimeError(f"the worker {os.uname().nodename} has another version of lrrc-sim")
    import numba

    from experiments.counts import to_bytes
    from experiments.lives import count_block, worlds_of

    numba.set_num_threads(max(1, min(task.threads, numba.config.NUMBA_NUM_THREADS)))
    worlds = worlds_of(task.run)
    tallies, pairs = count_block(task.run, worlds, task.first, task.stop)
    return to_bytes(tallies, pairs)


@contextmanager
def executor(compute: Tree, ledger: Ledger) -> Iterator[Any]:
    """Yield the function that takes tasks and yields each as it ends; its workers stay for several calls.

    Raises InputError where the cluster is not there.
    """
    if compute["kind"] == "local":
        yield Local(compute["workers"] or cores())
    elif compute["kind"] == "dask":
        from experiments.dask_cluster import connected

        with connected(compute) as cluster:
            yield cluster
    else:
        from experiments.slurm_jobs import SlurmJobs

        yield SlurmJobs(compute, ledger.folder)


class Local:
    """Processes of this machine; with one worker, this process."""

    def __init__(self, workers: int) -> None:
        self.workers = int(workers)

    def __call__(self, tasks: Iterable[Task]) -> Iterator[Ended]:
        """Yield each task as it ends. One whose process dies is done again alone."""
        if self.workers == 1:
            yield from ((task, attempt(task)) for task in tasks)
            return
        ahead = iter(tasks)
        while True:
            suspects: list[Task] = []
            yield from self._together(ahead, self.workers, suspects)
            if not suspects:
                return
            for task in suspects:
                yield from self._alone(task)

    def _alone(self, task: Task) -> Iterator[Ended]:
        for _ in range(ATTEMPTS):
            died: list[Task] = []
            yield from self._together(iter([task]), 1, died)
            if not died:
                return
        yield task, Failure("its process was killed, each time it was tried (too little memory?)")

    def _together(self, ahead: Iterator[Task], workers: int, suspects: list[Task]) -> Iterator[Ended]:
        """Yield tasks until there are none, or until a process dies: then the unfinished are suspects."""
        others = set(multiprocessing.active_children())
        pool = workers_of_this_machine(workers)
        waiting: dict[Future[bytes | Failure], Task] = {}
        try:
            while True:
                for task in islice(ahead, 2 * workers - len(waiting)):
                    try:
                        with uninterrupted():
                            waiting[pool.submit(attempt, task)] = task
                    except BrokenProcessPool:
                        suspects.append(task)
                        break
                if not waiting:
                    return
                for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                    task = waiting.pop(future)
                    if isinstance(future.exception(), BrokenProcessPool):
                        suspects.append(task)
                    else:
                        yield task, future.result()
                if suspects:
                    # The pool is broken: every other future has ended, or will at once.
                    for future, task in waiting.items():
                        if isinstance(future.exception(), BrokenProcessPool):
                            suspects.append(task)
                        else:
                            yield task, future.result()
                    return
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in set(multiprocessing.active_children()) - others:
                process.terminate()
            pool.shutdown()


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


def workers_of_this_machine(
    workers: int, begin: Callable[..., None] | None = None, *given: object
) -> ProcessPoolExecutor:
    """Return a pool of processes that end with this one; begin them within ``uninterrupted``.

    Each calls ``begin``, where there is one, with what is given before its first task.
    """
    context = multiprocessing.get_context("spawn")  # threads of compiled code do not survive a fork
    return ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(begin, *given))


def _begin(begin: Callable[..., None] | None, *given: object) -> None:
    die_with_parent()
    if begin is not None:
        begin(*given)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Start processes that never hear Ctrl-C: it is for the one that they work for."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def die_with_parent() -> None:
    """End this process when the one that started it is gone, even by kill -9."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


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
