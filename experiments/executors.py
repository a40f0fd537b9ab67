"""Where tasks are done: processes of this machine, a Dask cluster, or Slurm jobs.

Each executor takes tasks and yields every one with its counts, or with why there are none, as they end. A
task follows from its own content alone, so neither the executor nor the order changes a result.
"""

import dataclasses
import itertools
import multiprocessing
import os
import platform
import signal
import threading
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from conf.schema import Run, Tree
from experiments.ledger import Ledger, code_digest
from experiments.machine import cores, uninterrupted

ATTEMPTS = 2
# A wait without an end does not hear Ctrl-C on Windows.
TURN_SECONDS = 0.5


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
        raise RuntimeError(f"the worker {platform.node()} has another version of lrrc-sim")
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
        self.compiled = False

    def __call__(self, tasks: Iterable[Task]) -> Iterator[Ended]:
        """Yield each task as it ends. One whose process dies is done again alone."""
        if self.workers == 1:
            yield from ((task, attempt(task)) for task in tasks)
            return
        ahead = iter(tasks)
        if first := next(ahead, None):
            ahead = itertools.chain([first], ahead)
            if not self.compiled:
                compile_for(first)
                self.compiled = True
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
                for task in itertools.islice(ahead, 2 * workers - len(waiting)):
                    try:
                        with uninterrupted():
                            waiting[pool.submit(attempt, task)] = task
                    except BrokenProcessPool:
                        suspects.append(task)
                        break
                if not waiting:
                    return
                for future in first_ended(waiting):
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


def compile_for(task: Task) -> None:
    """Compile what a task needs, so that each worker finds it in the cache instead of compiling it."""
    with suppress(Exception):  # what is wrong with the task is told when it is done
        counted(dataclasses.replace(task, stop=task.first + 1))


def first_ended(futures: Collection[Future[Any]]) -> set[Future[Any]]:
    """Wait until one of the futures has ended, or more; return those."""
    while True:
        if done := wait(futures, TURN_SECONDS, FIRST_COMPLETED).done:
            return done


def workers_of_this_machine(
    workers: int, begin: Callable[..., None] | None = None, *given: object
) -> ProcessPoolExecutor:
    """Return a pool of processes that end with this one; begin them within ``uninterrupted``.

    Each calls ``begin``, where there is one, with what is given before its first task.
    """
    context = multiprocessing.get_context("spawn")  # threads of compiled code do not survive a fork
    return ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(begin, *given))


def _begin(begin: Callable[..., None] | None, *given: object) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that they work for
    die_with_parent()
    if begin is not None:
        begin(*given)


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
