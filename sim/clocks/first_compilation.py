"""The first compilation, by two processes: the second begins with what the first comes to last.

``python -m sim.clocks.first_compilation`` is the second, with pickled worlds and a clinic's tree on standard
input.
"""

import atexit
import os
import pickle
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from inspect import signature
from pathlib import Path
from typing import Any

import numba
import numpy as np

from sim.compiled import kept_folder
from sim.counting.tally import Counter
from sim.luck import LUCK, draw_luck
from sim.pathway import journey
from sim.patient import ROW, new_patients

ROOT = Path(__file__).parent.parent.parent
REACTION = ["patient", "luck", "world", "now"]  # what a reaction takes
DAYS = 1.0  # nobody is followed for longer here


def compile_beside(worlds: np.ndarray, clinic: Mapping[str, Any]) -> None:
    """Let a second process compile too, where nothing is compiled yet; it ends with this one at the latest.

    What it has compiled is found in the folder that both keep it in.
    """
    folder = kept_folder()
    if folder is None or (os.cpu_count() or 1) < 2:
        return
    try:
        (folder / "begun").touch(exist_ok=False)
    except OSError:  # by an earlier process
        return
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    second = subprocess.Popen(
        [sys.executable, "-m", "sim.clocks.first_compilation"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert second.stdin is not None
    with suppress(OSError), second.stdin as pipe:  # where it ended at once, this process compiles all
        pickle.dump((worlds, dict(clinic)), pipe)
    atexit.register(second.kill)


def compile_backwards(worlds: np.ndarray, clinic: Mapping[str, Any]) -> None:
    """Compile the reactions, the last first, then counting, queues, their warm-up, and rows."""
    from sim.clinic.warm_up import new_series, settled_patients
    from sim.clocks.compiled_clock import simulate_in_clinic, simulate_rows

    taken = (numba.from_dtype(ROW), numba.from_dtype(LUCK), numba.from_dtype(worlds.dtype), numba.float64)
    for function in reversed(list(vars(journey).values())):
        if hasattr(function, "py_func") and list(signature(function.py_func).parameters) == REACTION:
            function.compile(taken)
    luck = draw_luck(0, 1, 0)
    Counter(worlds, (DAYS,), DAYS).count(new_patients(0, 1))
    rows = new_patients(0, 1)
    log = simulate_in_clinic(rows, luck, worlds, clinic, DAYS).log
    settled_patients(rows, log, np.zeros(len(rows)), new_series(len(rows), DAYS))
    simulate_rows(new_patients(0, 1), luck, worlds, DAYS)


if __name__ == "__main__":
    compile_backwards(*pickle.load(sys.stdin.buffer))  # from the process that started this one
