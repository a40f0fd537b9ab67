"""What costs and quality of life add to a run, and how long a probabilistic analysis takes.

``python -m benchmarks.economics 100``: an analysis of so many members.
"""

import dataclasses
import resource
import subprocess
import sys
import tempfile
import time

MEMBERS, PATIENTS = 1_000, 10_000
POLICIES = (
    "usual_care",
    "tme_alone",
    "short_course",
    "chemoradiotherapy",
    "usual_care+lateral_before_7mm",
    "organ_preservation_by_guideline+as_practised",
)
REPEATS = 5


def added_share(horizon_years: float, patients: int = 40_000) -> tuple[float, float]:
    """Return the CPU microseconds of a life without costs and QALYs, and the ratio with them.

    Both are the best of REPEATS, taken in turns, on one thread; counting included.
    """
    import numba

    from conf.schema import compose_run
    from experiments.simulating.cohort import count_block, worlds_of

    numba.set_num_threads(1)
    on = compose_run(
        "economics=dutch", f"horizon_years={horizon_years}", f"patients={patients}", "clock=compiled"
    )
    best: dict[bool, float] = {}
    for _ in range(REPEATS):
        for counted, run in ((True, on), (False, dataclasses.replace(on, economics=None))):
            worlds = worlds_of(run)
            begun = time.process_time()
            count_block(run, worlds, 0, patients)
            best[counted] = min(time.process_time() - begun, best.get(counted, float("inf")))
    return best[False] / (patients * len(on.policies)) * 1e6, best[True] / best[False]


def psa_seconds(members: int = MEMBERS) -> tuple[float, float]:
    """Return the seconds of one ``lrrc psa`` of so many members, PATIENTS and six policies, tables included,
    and the largest process's peak memory in MiB."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "experiments.cli.command", "psa", f"members={members}"]
        command += [f"patients={PATIENTS}", f"policies=[{','.join(POLICIES)}]", "pictures=false"]
        command += ["evppi={harm:[harm],prices:[economics.stoma_price_per_year]}", f"out={folder}/psa"]
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - start
    return seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


if __name__ == "__main__":
    seconds, peak_mib = psa_seconds(int(sys.argv[1]))
    print(f"{seconds:.1f} s, {peak_mib:.0f} MiB")
