"""Processes of this machine: tasks shared out to them, and what is done when one of them dies."""

import dataclasses
import itertools
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from typing import Any

from experiments.results.ending import undisturbed
from experiments.results.machine import uninterrupted
from experiments.sweeping.task import ATTEMPTS, Ended, Failure, Task, attempt, counted
from experiments.sweeping.worker_process import WorkerContext, WorkerProcess

# A wait without an end does not hear Ctrl-C on Windows.
TURN_SECONDS = 0.5


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
        waiting: dict[Future[bytes | Failure], Task] = {}
        with workers_of_this_machine(workers) as pool:
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


def compile_for(task: Task) -> None:
    """Compile what a task needs, so that each worker finds it in the cache instead of compiling it."""
    with suppress(Exception):  # what is wrong with the task is reported when it is done
        counted(dataclasses.replace(task, stop=task.first + 1))


def first_ended(futures: Collection[Future[Any]]) -> set[Future[Any]]:
    """Wait until one of the futures has ended, or more; return those."""
    while True:
        if done := wait(futures, TURN_SECONDS, FIRST_COMPLETED).done:
            return done


@contextmanager
def workers_of_this_machine(
    workers: int, begin: Callable[..., None] | None = None, *given: object
) -> Iterator[ProcessPoolExecutor]:
    """Yield a pool of processes that end with the context, whatever they are at; begin them within
    ``uninterrupted``.

    Each calls ``begin``, where there is one, with what is given before its first task.
    """
    others = set(multiprocessing.active_children())
    # Spawned: threads of compiled code do not survive a fork.
    pool = ProcessPoolExecutor(workers, WorkerContext(), initializer=_begin, initargs=(begin, given))
    try:
        yield pool
    finally:
        with undisturbed():
            pool.shutdown(wait=False, cancel_futures=True)
            for process in set(multiprocessing.active_children()) - others:
                if isinstance(process, WorkerProcess):
                    process.terminate()
            pool.shutdown()


def _begin(begin: Callable[..., None] | None, given: tuple[object, ...]) -> None:
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
