"""Tasks as Slurm jobs, through submitit: each job does a few, and records them itself."""

import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import submitit

from conf.run import Tree
from experiments.results.ending import undisturbed
from experiments.sweeping.ledger import Ledger
from experiments.sweeping.task import ATTEMPTS, Ended, Failure, Task, do_and_record

POLL_SECONDS = 1.0


class SlurmJobs:
    """Jobs that share the sweep's folder with this process."""

    def __init__(self, compute: Tree, folder: Path) -> None:
        self.ledger, self.jobs, self.tasks_a_job = Ledger(folder), compute["jobs"], compute["tasks_a_job"]
        self.submitter = submitit.AutoExecutor(folder / "jobs", cluster=compute["cluster"])
        self.submitter.update_parameters(
            name="lrrc",
            timeout_min=compute["minutes"],
            mem_gb=compute["memory_gb"],
            cpus_per_task=compute["threads"],
        )
        if compute["partition"] is not None:
            self.submitter.update_parameters(slurm_partition=compute["partition"])

    def __call__(self, tasks: Iterable[Task]) -> Iterator[Ended]:
        """Yield each task when its job has ended; the unfinished tasks of a job that died are done again."""
        ahead = iter(tasks)
        running: list[tuple[Any, list[Task], int]] = []
        again: list[tuple[list[Task], int]] = []
        try:
            while True:
                while len(running) < self.jobs:
                    batch, tried = again.pop() if again else (list(islice(ahead, self.tasks_a_job)), 0)
                    if not batch:
                        break
                    job = self.submitter.submit(do_and_record, batch, self.ledger.folder)
                    running.append((job, batch, tried + 1))
                if not running:
                    return
                ended = [entry for entry in running if entry[0].done()]
                if not ended:
                    time.sleep(POLL_SECONDS if self.submitter.cluster == "slurm" else POLL_SECONDS / 10)
                for entry in ended:
                    running.remove(entry)
                    yield from self._results(*entry, again)
        finally:
            with undisturbed():
                for job, _, _ in running:
                    job.cancel()

    def _results(
        self, job: Any, batch: list[Task], tried: int, again: list[tuple[list[Task], int]]
    ) -> Iterator[Ended]:
        error = job.exception()
        failed = {} if error else job.result()
        for task in batch:
            if task.entry in failed:
                yield task, failed[task.entry]
            elif (packed := self.ledger.read(task.entry)) is not None:
                yield task, packed
            elif tried < ATTEMPTS or len(batch) > 1:
                # One by one: a task that kills its job takes no other along.
                again.append(([task], tried if len(batch) == 1 else 0))
            else:
                yield task, Failure(f"its job ended without finishing it: {error}")
