"""How many patients per second a clock simulates on one core in a clinic with queues, the journal off."""

import resource
import time

from conf.run import Run
from conf.schema import compose_run
from experiments.simulating.cohort import worlds_of
from experiments.simulating.crowd import attend, attend_in_blocks, crowd_of, run_out_patients
from sim.compiled import on_one_core

WARM_UP = 200  # patients: compiles, or loads what was compiled
BEFORE = 100  # patients ahead of the cohort, so that it does not find the clinic empty


def attended_a_second(clock: str, patients: int) -> tuple[float, float, float]:
    """Return patients per CPU second, the CPU seconds, and the peak memory in MiB.

    Everything counts that a run does for one policy: luck, the courses, and the patients who come before and
    after the cohort; these are patients too.
    """
    words = ("clinic=regional", "policies=[chemoradiotherapy]", f"clock={clock}")
    _attend(compose_run(*words, f"patients={WARM_UP}"))
    run = compose_run(*words, f"patients={patients}")
    start = time.process_time()
    _attend(run)
    seconds = time.process_time() - start
    simulated = patients + BEFORE + run_out_patients(run)
    return simulated / seconds, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _attend(run: Run) -> None:
    worlds = worlds_of(run)
    if run.clock == "compiled":
        with on_one_core():
            for _ in attend_in_blocks(run, worlds, crowd_of(run, BEFORE), lambda *_: None):
                pass
    else:
        for world in worlds.values():
            attend(run, world, BEFORE)
