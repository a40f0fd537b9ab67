"""Where tasks are done: processes of this machine, a Dask cluster, or Slurm jobs.

Each executor takes tasks and yields every one with its counts, or with why there are none, as they end. A
task follows from its own content alone, so neither the executor nor the order changes a result.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from conf.run import Tree
from experiments.results.machine import cores
from experiments.sweeping.ledger import Ledger
from experiments.sweeping.local_pool import Local


@contextmanager
def executor(compute: Tree, ledger: Ledger) -> Iterator[Any]:
    """Yield the function that takes tasks and yields each as it ends; its workers stay for several calls.

    Raises InputError where the cluster is not there.
    """
    if compute["kind"] == "local":
        yield Local(compute["workers"] or cores())
    elif compute["kind"] == "dask":
        from experiments.sweeping.dask_cluster import connected

        with connected(compute) as cluster:
            yield cluster
    else:
        from experiments.sweeping.slurm_jobs import SlurmJobs

        yield SlurmJobs(compute, ledger.folder)
