"""Where tasks are done changes no result, and whatever dies there is reported, never hung."""

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
import yaml
from helpers.sweeping import LEAK, digests, started, swept

import conf
from conf.compute import checked_compute
from conf.input_error import InputError
from conf.schema import compose_run
from experiments.sweeping.code import code_digest
from experiments.sweeping.executors import executor
from experiments.sweeping.ledger import Ledger, address, entries, lives_digest
from experiments.sweeping.local_pool import Local
from experiments.sweeping.task import Failure, Task, attempt

FAST = ("patients=80", "horizon_years=1")
HERE = Path(__file__).parent
ROOT = Path(conf.__file__).parent.parent
DEADLINE = 120.0

CONF = Path(conf.__file__).parent


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The folder of the same sweep, done in this process."""
    out = tmp_path_factory.mktemp("executors") / "whole"
    assert swept(out, LEAK, *FAST) == 0
    return out


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def recipe(start, port):
    """Return the words of the Dask recipe's first command that starts so, for another port."""
    text = (ROOT / "docs/sweeps.md").read_text("utf-8").partition("## On a Dask cluster")[2]
    block = re.search(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)[1]
    line = next(line for line in block.splitlines() if line.startswith(start))
    return shlex.split(line.replace("8786", str(port)))


def served(words):
    """Start a Dask process."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests"), str(HERE)])}
    command = [sys.executable, "-m", *words]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)


@contextmanager
def cluster(workers):
    """Start the documents' recipe; yield the scheduler's address, its process, and those of its workers."""
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    own = [served(recipe("dask scheduler", port))]
    try:
        wait_until(lambda: answers(port))
        own += [served(recipe("dask worker", port)) for _ in range(workers)]
        yield address, own[0], own[1:]
    finally:
        for process in reversed(own):
            for child in children(process):
                child.kill()
            process.kill()
            process.wait()


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def children(process):
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def wait_until(true):
    deadline = time.monotonic() + DEADLINE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture(scope="module")
def dask_processes():
    with cluster(2) as (address, scheduler, workers):
        yield address, [scheduler, *workers]


def task_of(number=0, code=None):
    run = compose_run("policies=[tme_alone]", "horizon_years=1")
    first = number * 10
    entry = address(lives_digest(run), first, first + 10)
    return Task(run, first, first + 10, entry, number, code or code_digest())


def test_processes_give_the_bits_of_one_process(tmp_path, whole):
    assert swept(tmp_path / "two", LEAK, *FAST, "compute.workers=2") == 0
    assert digests(tmp_path / "two") == digests(whole)


def test_a_worker_with_other_code_is_refused_and_named():
    failure = attempt(task_of(code="0" * 64))
    assert isinstance(failure, Failure)
    assert "has another version of lrrc-sim" in failure.words


class Deadly:
    """A run that kills whatever other process looks at it, as one that takes too much memory is killed."""

    def __init__(self):
        self.here = os.getpid()

    @property
    def policies(self):
        if os.getpid() != self.here:
            os.kill(os.getpid(), signal.SIGKILL)
        return ()


def deadly_task(number=99):
    like = task_of(number)
    return Task(Deadly(), like.first, like.stop, like.entry, number, like.code)


@pytest.mark.long
def test_a_task_that_kills_its_process_is_reported_and_takes_no_other_along():
    ended = dict(
        (task.point, result) for task, result in Local(2)([task_of(0), deadly_task(), task_of(1), task_of(2)])
    )
    assert sorted(ended) == [0, 1, 2, 99]
    assert isinstance(ended[99], Failure)
    assert "its process was killed" in ended[99].words
    assert ended[0] == attempt(task_of(0))
    assert all(isinstance(ended[k], bytes) for k in (0, 1, 2))


def test_no_process_outlives_a_sweep_that_was_killed(tmp_path):
    process = started(tmp_path / "killed", LEAK, *FAST, "block=2", "compute.workers=2")
    wait_until(lambda: entries(tmp_path / "killed" / "ledger"))
    own = children(process)
    assert len(own) >= 2
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    wait_until(lambda: not any(child.is_running() and child.status() != "zombie" for child in own))


def test_dask_gives_the_bits_of_one_process_and_listens_on_loopback_alone(tmp_path, whole, dask_processes):
    address, processes = dask_processes
    words = ("compute=dask", f"compute.address={address}")
    process = started(tmp_path / "dask", LEAK, *FAST, *words)
    assert process.communicate(timeout=DEADLINE)[1] == ""
    assert digests(tmp_path / "dask") == digests(whole)
    assert {place.ip for each in processes for place in listening(each)} == {"127.0.0.1"}


def listening(process):
    """Return the addresses on which a process and its children accept connections."""
    found = set()
    for each in (psutil.Process(process.pid), *children(process)):
        with suppress(psutil.NoSuchProcess):
            sockets = each.net_connections("inet")
            found |= {socket.laddr for socket in sockets if socket.status == psutil.CONN_LISTEN}
    return found


@pytest.mark.long
def test_the_dask_recipe_of_the_documents_runs_and_listens_on_loopback_alone(tmp_path, dask_processes):
    address, processes = dask_processes
    words = recipe("lrrc sweep", address.rpartition(":")[2])[2:-1]
    sweep = started(tmp_path / "recipe", *words, "patients=8", "block=4")
    seen = set()
    while sweep.poll() is None:
        seen |= listening(sweep).union(*map(listening, processes))
        time.sleep(0.05)
    assert (sweep.returncode, sweep.communicate()[1]) == (0, "")
    # Each process serves its own port and a web server's; a nanny's worker has both for itself.
    assert all(len(listening(process)) >= 2 for process in processes)
    assert {place.ip for place in seen} == {"127.0.0.1"}


def test_a_scheduler_that_is_not_there_is_reported_at_once(tmp_path, capsys):
    words = ("compute=dask", f"compute.address=tcp://127.0.0.1:{free_port()}", "compute.wait_seconds=1")
    assert swept(tmp_path / "nobody", LEAK, *FAST, *words) == 2
    err = capsys.readouterr().err
    assert "no Dask scheduler answers there" in err
    assert err.count("\n") == 1
    assert not (tmp_path / "nobody").exists()


@pytest.mark.long
def test_a_scheduler_without_workers_is_reported():
    with cluster(0) as (address, *_):
        compute = checked_compute({"kind": "dask", "address": address, "wait_seconds": 2, "threads": 1})
        with pytest.raises(InputError, match="has no workers"), executor(compute, Ledger(Path())):
            raise AssertionError


@pytest.mark.long
def test_the_tasks_of_a_killed_dask_worker_are_done_again_to_the_same_bits(tmp_path, whole):
    out = tmp_path / "killed"
    with cluster(2) as (address, _, workers):
        process = started(out, LEAK, *FAST, "block=1", "compute=dask", f"compute.address={address}")
        wait_until(lambda: len(entries(out / "ledger")) > 5)
        for child in children(workers[0]):
            child.kill()
        workers[0].kill()
        _, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0
    # Dask may say that a result died with the worker; this command has nothing to add.
    assert all("distributed." in line for line in err.splitlines())
    assert digests(out) == digests(whole)


@pytest.mark.long
def test_a_scheduler_that_dies_is_reported_and_what_was_done_is_kept(tmp_path, whole):
    out = tmp_path / "lost"
    with cluster(1) as (address, scheduler, _):
        words = ("compute=dask", f"compute.address={address}", "compute.wait_seconds=5")
        process = started(out, LEAK, *FAST, "block=1", *words)
        wait_until(lambda: len(entries(out / "ledger")) > 5)
        scheduler.kill()
        _, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == 1
    assert f"the Dask scheduler at {address} is gone" in err
    assert "all that was done is kept" in err
    assert len(entries(out / "ledger")) > 5
    assert swept(out, LEAK, *FAST, "block=1") == 0
    assert digests(out) == digests(whole)


@pytest.mark.long
def test_a_task_that_kills_its_dask_workers_is_reported_and_does_not_hang():
    with cluster(2) as (address, *_):
        compute = checked_compute({"kind": "dask", "address": address, "wait_seconds": 30, "threads": 1})
        with executor(compute, Ledger(Path())) as execute:
            ended = {task.point: result for task, result in execute([task_of(0), deadly_task(), task_of(1)])}
    assert sorted(ended) == [0, 1, 99]
    assert isinstance(ended[99], Failure)
    assert "killed every worker" in ended[99].words
    assert isinstance(ended[0], bytes) and isinstance(ended[1], bytes)


@pytest.mark.parametrize("value", ["short\n#SBATCH --wrap=x", "short\r", "\x1b[2J", "a\0b", ["a"], {"a": 1}])
@pytest.mark.parametrize(("kind", "key"), [("slurm", "partition"), ("dask", "address")])
def test_no_word_of_compute_can_become_a_line_of_a_jobs_script(kind, key, value):
    given = yaml.safe_load((CONF / "compute" / f"{kind}.yaml").read_text("utf-8"))
    with pytest.raises(InputError, match=rf"compute\.{key}=.*: must") as refused:
        checked_compute({**given, key: value})
    assert str(refused.value).isprintable()
    assert checked_compute({**given, key: "short"})[key] == "short"


def slurm(folder, **settings):
    given = {"kind": "slurm", "cluster": "local", "partition": None, "jobs": 2, "tasks_a_job": 2}
    given |= {"minutes": 5, "memory_gb": 1, "threads": 1, **settings}
    return executor(checked_compute(given), Ledger(folder))


@pytest.mark.long
def test_jobs_of_submitit_give_the_bits_of_one_process(tmp_path, whole):
    words = ("compute=slurm", "compute.cluster=local", "compute.jobs=2", "compute.tasks_a_job=2")
    process = started(tmp_path / "jobs", LEAK, *FAST, *words)
    _, err = process.communicate(timeout=DEADLINE)
    assert (process.returncode, err) == (0, "")
    assert digests(tmp_path / "jobs") == digests(whole)


@pytest.mark.long
def test_a_task_that_kills_its_job_is_reported_and_takes_no_other_along(tmp_path):
    (tmp_path / "ledger").mkdir()
    with slurm(tmp_path / "ledger", tasks_a_job=3) as execute:
        ended = {task.point: result for task, result in execute([task_of(0), deadly_task(), task_of(1)])}
    assert sorted(ended) == [0, 1, 99]
    assert isinstance(ended[99], Failure)
    assert isinstance(ended[0], bytes) and isinstance(ended[1], bytes)


@pytest.mark.long
def test_tables_made_by_several_processes_are_those_of_one(tmp_path):
    words = ("latin={surgery.leak_probability:[0,0.3]}", "points=30", "patients=4", "horizon_years=1")
    assert swept(tmp_path / "one", *words) == 0
    assert swept(tmp_path / "two", *words, "compute.workers=2") == 0
    assert (tmp_path / "one/outcomes.csv").read_bytes() == (tmp_path / "two/outcomes.csv").read_bytes()
