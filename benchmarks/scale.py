"""Whole jobs with the compiled clock: from a seed to merged counts, and what comes before the first of them.

``python -m benchmarks.scale 100000000``: memory and speed of a cohort of this size under two policies.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time

from conf.schema import compose_run
from experiments.simulating.cohort import simulate
from experiments.simulating.crowd import pilot_patients, run_out_patients

POLICIES = ("tme_alone", "short_course", "chemoradiotherapy", "chemoradiotherapy+lateral_after_5mm")
SOME = 1_000  # patients: compiles, or loads what was compiled
# A process of its own does this, from nothing to counts.
FIRST_COUNTS = f"""
from conf.schema import compose_run
from experiments.simulating.cohort import simulate
simulate(compose_run("clock=compiled", "patients={SOME}"))
"""
# All that is ever compiled: counted courses, rows, a clinic's queues.
EVERYTHING = f"""{FIRST_COUNTS}
simulate(compose_run("clock=compiled", "patients={SOME}", "rows=true"))
simulate(compose_run("clock=compiled", "patients={SOME}", "clinic=regional"))
"""


def whole_job(patients: int, policies: int, clinic: str) -> tuple[float, float, float, float, float]:
    """Return courses per second, per CPU second, the same with all who are simulated, seconds, and the peak
    memory in MiB, of one run.

    A course is a patient under one policy. A clinic's warm-up, its pilot, and who come after the cohort are
    simulated, and count only in the third.
    """
    words = ("clock=compiled", f"policies=[{','.join(POLICIES[:policies])}]", f"clinic={clinic}")
    simulate(compose_run(*words, f"patients={SOME}"))
    run = compose_run(*words, f"patients={patients}")
    start, spent = time.perf_counter(), time.process_time()
    warm_up = simulate(run).warm_up
    seconds, spent = time.perf_counter() - start, time.process_time() - spent
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    simulated = patients
    if warm_up is not None:
        simulated += warm_up.patients + pilot_patients(run) + run_out_patients(run)
    lives, all_lives = patients * policies, simulated * policies
    return lives / seconds, lives / spent, all_lives / spent, seconds, peak_mib


def start_seconds() -> tuple[float, float]:
    """Return how long a new process takes to its first counts, and when all must first be compiled."""
    with tempfile.TemporaryDirectory() as cache:
        compiling = _seconds(EVERYTHING, {**os.environ, "XDG_CACHE_HOME": cache})
        return _seconds(FIRST_COUNTS, {**os.environ, "XDG_CACHE_HOME": cache}), compiling


def _seconds(source: str, environment: dict[str, str]) -> float:
    environment.pop("NUMBA_CACHE_DIR", None)
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", source], env=environment, check=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    rate, a_cpu_second, _, seconds, peak_mib = whole_job(int(sys.argv[1]), 2, "unlimited")
    print(f"{rate:,.0f} courses/s, {a_cpu_second:,.0f} per CPU second, {seconds:.0f} s, {peak_mib:,.0f} MiB")
