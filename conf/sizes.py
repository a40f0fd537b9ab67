"""What a run would take in memory and time, estimated before the first patient; what cannot fit is refused.

The bytes follow from those of a patient's row and luck, with what was measured beside them (Linux, Python
3.11), and are right within a factor of two; ``tests/conf/test_sizes.py`` holds them to real runs. The speed
is beyond that of any machine measured, so that only what certainly takes longer than a year is refused.
"""

import ctypes
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from conf.clinics import has_queues
from conf.input_error import InputError
from conf.run import Run

GIB = 2**30
YEAR_SECONDS = 365.25 * 86_400
PATIENTS_A_SECOND = 1e6  # of a process
# Bytes of a patient's row and luck. The types they are of import the compiler, which a refusal is not to wait
# for: a test holds these equal.
ROW_ITEM, LUCK_ITEM = 1552, 1272
# Bytes of a life under a policy, at the peak.
LIFE_BYTES = ROW_ITEM + LUCK_ITEM
ROW_BYTES = 4 * ROW_ITEM  # where rows are kept: by block and joined, and twice the table that is written
JOURNAL_BYTES = ROW_ITEM + 4_000  # where a journal is kept, without queues: the row, events, their table
QUEUE_BYTES = 45  # of one in a clinic with queues: its day of arrival, and its waits
QUEUE_ROW_BYTES = LIFE_BYTES + 1_500  # the same by the simpy clock, which keeps all who come
UNHINDERED_BYTES = 2 * ROW_ITEM  # of one in the same cohort without queues, beside it: by block and joined
PILOT_BYTES = LIFE_BYTES + 1_500  # of one in the pilot from which the warm-up is read
ENDPOINT_BYTES = 40  # of a patient at an endpoint of a trial
EMULATED_BYTES = LIFE_BYTES + ROW_ITEM  # of a patient in an arm that is evaluated in a calibration
MEMBER_BYTES = 100_000  # of a member that waits to be evaluated
SEARCH_TIMES = 6  # as in experiments/calibrate.py
# Of a sweep.
POINT_BYTES = 20_000
TASK_BYTES = 1_000
TABLE_BYTES = 500_000  # of a point, replication and policy, in the tables at the end
# As in experiments/simulating/crowd.py: who come to a clinic beside the cohort.
PILOT_HORIZONS = 3
LEAST_PILOT = 1_000
MOST_CLINIC_YEARS = 100_000  # over which patients arrive; a day much later has no minutes
MOST_NUMBER = 10**9  # of a patient in a clinic with queues


def check_run(run: Run, times: float = 1.0) -> None:
    """Raise InputError where a run, simulated so many times in succession, cannot fit or end."""
    refuse(_words(run), run_bytes(run), times * simulated_patients(run) / PATIENTS_A_SECOND)
    if has_queues(run.clinic):
        if run.patients >= MOST_NUMBER:
            raise InputError(
                f"patients={run.patients}: in a clinic with queues must be below {MOST_NUMBER:,}"
            )
        arrivals = run.clinic["arrivals_per_year"]
        years = (run.patients + pilot_patients(run)) / arrivals
        if years > MOST_CLINIC_YEARS:
            raise InputError(
                f"{_words(run)}: patients would arrive for {years:,.3g} years, and at most "
                f"{MOST_CLINIC_YEARS:,} are allowed"
            )


def check_attended(run: Run) -> None:
    """Raise InputError where a clinic's patients, all kept at once under one policy, cannot fit or end."""
    check_run(run)
    crowd = crowd_patients(run) if has_queues(run.clinic) else 0.0
    refuse(_words(run), QUEUE_ROW_BYTES * crowd + UNHINDERED_BYTES * float(run.patients), 0.0)


def _words(run: Run) -> str:
    words = f"patients={run.patients}"
    if has_queues(run.clinic):
        words += f", clinic.arrivals_per_year={run.clinic['arrivals_per_year']:g}"
    return f"{words} under {len(run.policies)} policies" if len(run.policies) > 1 else words


def pilot_patients(run: Run) -> float:
    """Return how many patients the warm-up of a clinic is measured on."""
    arrivals_per_year: float = run.clinic["arrivals_per_year"]
    return max(LEAST_PILOT, PILOT_HORIZONS * run.horizon_years * arrivals_per_year)


def crowd_patients(run: Run) -> float:
    """Return how many come to a clinic with queues at most: a warm-up, the cohort, and those after it."""
    arrivals_per_year: float = run.clinic["arrivals_per_year"]
    run_out = run.horizon_years * arrivals_per_year + 1
    return pilot_patients(run) / 2 + run.patients + run_out


def simulated_patients(run: Run) -> float:
    """Return how many patients a run simulates, each counted once per policy."""
    each = crowd_patients(run) + pilot_patients(run) if has_queues(run.clinic) else run.patients
    return float(each * len(run.policies))


def run_bytes(run: Run) -> float:
    """Return the memory that a run takes at the peak, beside what every run takes."""
    policies = len(run.policies)
    kept = (ROW_BYTES if run.rows else 0) + (JOURNAL_BYTES if run.journal else 0)
    bytes_ = float(kept * policies * run.patients)
    if has_queues(run.clinic):
        each = QUEUE_BYTES if run.clock == "compiled" else QUEUE_ROW_BYTES
        crowd = each * policies * crowd_patients(run)
        bytes_ += max(crowd, PILOT_BYTES * pilot_patients(run))
    return bytes_


def check_points(count: int, words: str) -> None:
    """Raise InputError where a sweep has more points than there is memory for."""
    refuse(f"{words}: {_count(count)} points", float(count) * POINT_BYTES, 0.0)


def check_sweep(runs: Sequence[Run], replications: int, block: int, processes: int, here: bool) -> None:
    """Raise InputError where a sweep of these points, each so often, cannot fit or end.

    ``processes``: that simulate patients at a time, and whether they are ``here``, on this machine.
    """
    cells = len(runs) * replications
    policies = max(len(run.policies) for run in runs)
    refuse(
        f"replications={replications} of {_count(len(runs))} points",
        float(cells) * (POINT_BYTES + TABLE_BYTES * policies),
        0.0,
    )
    tasks = replications * sum(1 if has_queues(run.clinic) else -(-run.patients // block) for run in runs)
    refuse(f"block={block}: {_count(tasks)} tasks", float(tasks) * TASK_BYTES, 0.0)
    largest = max(runs, key=run_bytes)
    at_once = min(processes, cells) if here else 0
    refuse(f"{_words(largest)}, {at_once} at a time", run_bytes(largest) * at_once, 0.0)
    for run in runs:
        if has_queues(run.clinic):
            check_run(run)
    lives = float(replications) * sum(map(simulated_patients, runs))
    refuse(
        f"patients={runs[0].patients} at {_count(cells)} points and replications",
        0.0,
        lives / PATIENTS_A_SECOND / processes,
    )


def check_calibration(run: Any) -> None:
    """Raise InputError where the evaluations of a calibration cannot fit or end."""
    evaluations = run.ensemble * (run.steps + 1) + run.search_evaluations
    endpoints = sum(len(trial.endpoints) for trial in run.trials)
    refuse(
        f"ensemble={run.ensemble}, steps={run.steps}, search_evaluations={run.search_evaluations}",
        float(run.ensemble) * MEMBER_BYTES + 32.0 * evaluations * (len(run.numbers) + endpoints),
        0.0,
    )
    patients = SEARCH_TIMES * run.patients
    arms = max(len(trial.arms) for trial in run.trials)
    refuse(f"patients={run.patients}", float(patients) * arms * EMULATED_BYTES, 0.0)
    check_trials(run.trials, run.patients, evaluations, f"{_count(evaluations)} evaluations of patients")


def check_trials(trials: Sequence[Any], patients: int, times: int, words: str) -> None:
    """Raise InputError where so many patients of every arm, so many times, cannot fit or end."""
    arms = sum(len(trial.arms) for trial in trials)
    endpoints = max(len(trial.endpoints) for trial in trials)
    refuse(
        f"{words}={patients} of {_count(arms)} arms",
        float(patients) * endpoints * ENDPOINT_BYTES,
        float(times) * patients * arms / PATIENTS_A_SECOND,
    )


def refuse(words: str, bytes_: float, seconds: float) -> None:
    """Raise InputError, with the figure, where there is not so much memory, or where it takes over a year."""
    free = free_bytes()
    if bytes_ > free:
        raise InputError(
            f"{words}: would take {bytes_ / GIB:,.3g} GiB of memory, and there are {free / GIB:,.3g} GiB"
        )
    if seconds > YEAR_SECONDS:
        raise InputError(
            f"{words}: would take {seconds / YEAR_SECONDS:,.3g} years, at {PATIENTS_A_SECOND:,.0f} simulated "
            "patients per second; at most one year is allowed"
        )


def _count(count: int) -> str:
    return f"{count:,}" if count < 10**15 else f"{float(count):.3g}" if count < 10**300 else "endless"


def free_bytes() -> float:
    """Return the memory that is available to this process, in bytes; the machine's where that is unknown."""
    found = [free for free in (_linux_bytes(), _group_bytes()) if free is not None]
    return min(found) if found else _installed_bytes()


def _linux_bytes() -> float | None:
    try:
        for line in Path("/proc/meminfo").read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return 1024.0 * int(line.split()[1])
    except (OSError, ValueError, IndexError):
        pass
    return None


def _group_bytes() -> float | None:
    """Return what the container leaves, where there is one (cgroup 2)."""
    try:
        group = Path("/sys/fs/cgroup")
        return float((group / "memory.max").read_text("ascii")) - float(
            (group / "memory.current").read_text("ascii")
        )
    except (OSError, ValueError):  # no limit is the word max
        return None


def _installed_bytes() -> float:
    if sys.platform == "win32":

        class Status(ctypes.Structure):
            _fields_ = [
                ("length", ctypes.c_ulong),
                ("load", ctypes.c_ulong),
                *((name, ctypes.c_ulonglong) for name in ("total", "free", "a", "b", "c", "d", "e")),
            ]

        status = Status(length=ctypes.sizeof(Status))
        ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))
        return float(status.free)
    sysconf: Any = getattr(os, "sysconf", None)
    return float(sysconf("SC_PAGE_SIZE") * sysconf("SC_PHYS_PAGES")) if sysconf else 64.0 * GIB
