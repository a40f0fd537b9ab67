"""How much longer a sweep takes on a Dask cluster than on this machine's own processes."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil

ROOT = Path(__file__).parent.parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
WORKERS = 2
SWEPT = ("latin={surgery.leak_probability:[0.02,0.1]}", "patients=10000")
POINTS = 40
WARM_UP_POINTS = 2  # compiles, and lets Dask's workers import what they need
DEADLINE_SECONDS = 60


class Spent(NamedTuple):
    """Seconds of a sweep: by the clock on the wall, and of all processors together."""

    wall: float
    cpu: float


def sweeps(repeats: int) -> Iterator[dict[str, Spent]]:
    """Yield, so often, what the same sweep takes with local processes and on a Dask cluster.

    Both have two workers. The command's start counts on both sides, and so does the start of its own
    processes; those of the cluster run already. Raises AssertionError where the tables differ.
    """
    with tempfile.TemporaryDirectory() as folder, _cluster(Path(folder)) as (address, cluster):
        where = {
            "local": (f"compute.workers={WORKERS}",),
            "dask": ("compute=dask", f"compute.address={address}"),
        }
        for name, words in where.items():
            _sweep(Path(folder) / f"{name} warm-up", WARM_UP_POINTS, cluster, *words)
        for k in range(repeats):
            made = {
                name: _sweep(Path(folder) / f"{name} {k}", POINTS, cluster, *words)
                for name, words in where.items()
            }
            assert made["local"][1] == made["dask"][1]
            yield {name: spent for name, (spent, _) in made.items()}


def _sweep(
    out: Path, points: int, cluster: list[psutil.Process], *words: str
) -> tuple[Spent, dict[str, str]]:
    """Return what a sweep takes, the cluster's processes counted, and the digests of its tables."""
    command = [sys.executable, "-m", "experiments.cli.command", "sweep", *SWEPT, f"points={points}", *words]
    start, cpu = time.perf_counter(), _cpu_seconds(cluster)
    subprocess.run([*command, f"out='{out}'"], check=True, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
    spent = Spent(time.perf_counter() - start, _cpu_seconds(cluster) - cpu)
    tables = json.loads((out / "manifest.json").read_text("utf-8"))["tables"]
    return spent, {name: table["sha256"] for name, table in tables.items()}


def _cpu_seconds(cluster: list[psutil.Process]) -> float:
    """Return the CPU seconds so far of a cluster's processes, and of all that ended under this one."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    times = [process.cpu_times() for process in cluster]
    of_cluster: float = sum(one.user + one.system for one in times)
    return ended.ru_utime + ended.ru_stime + of_cluster


@contextmanager
def _cluster(folder: Path) -> Iterator[tuple[str, list[psutil.Process]]]:
    """Yield the address of a scheduler, and it and its workers, processes of this machine on loopback."""
    from distributed import Client

    file = folder / "scheduler.json"
    ends = ("--scheduler-file", str(file), "--host", "127.0.0.1", "--no-dashboard")
    own = [_dask("scheduler", *ends, "--port", "0")]
    try:
        own += [_dask("worker", *ends, "--nthreads", "1", "--no-nanny") for _ in range(WORKERS)]
        with Client(scheduler_file=str(file), timeout=DEADLINE_SECONDS) as client:
            client.wait_for_workers(WORKERS, timeout=DEADLINE_SECONDS)
        yield json.loads(file.read_text("utf-8"))["address"], [psutil.Process(one.pid) for one in own]
    finally:
        for process in own:  # asked to end, a worker looks for its scheduler for a while
            process.kill()
            process.wait()


def _dask(*words: str) -> subprocess.Popen[bytes]:
    command, nowhere = [sys.executable, "-m", "dask", *words], subprocess.DEVNULL
    return subprocess.Popen(command, env=ENVIRONMENT, stdout=nowhere, stderr=nowhere)
