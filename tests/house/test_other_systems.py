"""It runs where Windows and macOS lack what Linux has: see ``other_system/sitecustomize.py``."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from helpers.stopping import DEADLINE, SMALL, names, partial, started, wait_until
from helpers.sweeping import digests

from experiments.cli.command import main
from experiments.sweeping.ledger import entries

OTHER = {
    "PYTHONPATH": str(Path(__file__).parents[1] / "helpers/other_system"),
    "PYTHONWARNDEFAULTENCODING": "1",
}
SWEEP = (*SMALL["sweep"][:-2], "compute.workers=2", SMALL["sweep"][-1])


def test_the_other_system_really_lacks_what_it_should(tmp_path):
    (tmp_path / "sim").mkdir()
    (tmp_path / "sim" / "__init__.py").write_text("", "utf-8")
    for line in ("import fcntl", "import os; os.uname()", "from signal import SIGALRM", "open(__file__)"):
        for module, status in (("sim.here", 1), ("here", 0)):
            (tmp_path / f"{module.replace('.', '/')}.py").write_text(line, "utf-8")
            command = [sys.executable, "-c", f"import {module}"]
            done = subprocess.run(command, env={**os.environ, **OTHER}, cwd=tmp_path, capture_output=True)
            assert done.returncode == status


@pytest.mark.long
def test_on_another_system_ctrl_c_stops_a_sweep_of_several_processes_and_only_its_head_hears_it(here):
    process = started(here, *SWEEP, "out=x", environment=OTHER, start_new_session=True)
    wait_until(lambda: len(entries(here / "x" / "ledger")) > 4, process)
    workers = psutil.Process(process.pid).children(recursive=True)
    assert len(workers) >= 2
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=DEADLINE)
    assert (process.returncode, out, err.count("\n")) == (130, "", 1)
    assert "all that was done is kept" in err
    assert names(here / "x") == ["ledger"] and partial(here) == names(here / "tmp") == []
    wait_until(lambda: not any(worker.is_running() for worker in workers))


@pytest.mark.long
def test_on_another_system_every_kind_of_run_gives_the_same_numbers(here):
    for name in SMALL:
        words = SWEEP if name == "sweep" else SMALL[name]
        words = tuple(word.replace("200_000", "2_000") for word in words)
        assert main([*words, f"out={here / name}"]) == 0
        process = started(here, *words, f"out=other_{name}", environment=OTHER)
        _, err = process.communicate(timeout=DEADLINE)
        assert (process.returncode, err) == (0, "")
        assert digests(here / f"other_{name}") == digests(here / name)
    for command in ("draw compare", "draw other_compare"):
        process = started(here, *command.split(), environment=OTHER)
        assert (process.communicate(timeout=DEADLINE)[1], process.returncode) == ("", 0)
