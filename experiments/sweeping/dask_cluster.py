"""Tasks as futures of a Dask scheduler and its workers."""

import asyncio
import concurrent.futures
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import dask
from dask.typing import Key
from distributed import Client, KilledWorker, as_completed
from distributed.client import Future
from distributed.comm.core import CommClosedError

from conf.input_error import InputError
from conf.run import Tree
from experiments.results.ending import undisturbed
from experiments.sweeping.task import ClusterLostError, Ended, Failure, Task, attempt

GONE = (asyncio.CancelledError, concurrent.futures.CancelledError, CommClosedError)
AHEAD = 3  # tasks for each thread of the workers


@contextmanager
def connected(compute: Tree) -> Iterator["DaskCluster"]:
    """Yield the cluster at ``compute.address``. Raises InputError where no scheduler or no worker answers."""
    address, seconds = compute["address"], compute["wait_seconds"]
    with dask.config.set({"distributed.comm.timeouts.connect": f"{seconds}s"}):
        try:
            client = Client(address, timeout=seconds, set_as_default=False)
        except (OSError, ValueError, TypeError) as error:
            raise InputError(
                f"compute.address={address}: no Dask scheduler answers there: {error}"
            ) from error
        try:
            try:
                client.wait_for_workers(1, timeout=seconds)
            except TimeoutError as error:
                raise InputError(f"compute.address={address}: the scheduler has no workers") from error
            yield DaskCluster(client, address)
        finally:
            with undisturbed():
                client.close(timeout=1)


class DaskCluster:
    """A scheduler and its workers."""

    def __init__(self, client: Client, address: str) -> None:
        self.client, self.address = client, address

    def __call__(self, tasks: Iterable[Task]) -> Iterator[Ended]:
        """Yield each task as it ends; those of a killed worker are done again.

        A task whose workers die is done again alone, since another task may have killed them, and reported
        if they die again. Raises ClusterLostError where the scheduler is gone.
        """
        suspects: list[Task] = []
        yield from self._together(iter(tasks), suspects)
        for task in suspects:
            killed: list[Task] = []
            yield from self._together(iter([task]), killed)
            if killed:
                yield task, Failure("it killed every worker that tried it (too little memory?)")

    def _together(self, ahead: Iterator[Task], suspects: list[Task]) -> Iterator[Ended]:
        running: dict[Key, tuple[Future[Any], Task]] = {}
        result: bytes | Failure
        done: Any = as_completed(loop=self.client.loop)

        def submit(count: int) -> None:
            for task in islice(ahead, count):
                future = self.client.submit(attempt, task, key=f"lrrc-{task.entry}", pure=False)
                running[future.key] = future, task
                done.add(future)

        try:
            submit(max(1, AHEAD * sum(self.client.nthreads().values())))
            for future in done:
                if future.status in ("pending", "lost"):  # its worker died with the result: it is done again
                    done.add(future)
                    continue
                _, task = running.pop(future.key)
                try:
                    result = future.result()
                except KilledWorker:
                    suspects.append(task)
                    submit(1)
                    continue
                except GONE as error:
                    raise ClusterLostError(f"the Dask scheduler at {self.address} is gone") from error
                except Exception as error:
                    result = Failure(f"{type(error).__name__}: {error}")
                future.release()
                submit(1)
                yield task, result
        finally:
            if running and self.client.status == "running":
                self.client.cancel([future for future, _ in running.values()])
