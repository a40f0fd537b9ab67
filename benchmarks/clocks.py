"""How many courses per second a clock simulates on one core, where nobody waits and the journal is off."""

import resource
import time

import numpy as np

from conf.run import world_trees
from conf.schema import compose_run
from experiments.simulating.clock import clock_of
from sim.luck import draw_luck
from sim.parameters import pack
from sim.patient import YEAR_DAYS, new_patients

WARM_UP = 200  # patients: compiles, or loads what was compiled


def patients_a_second(clock: str, patients: int) -> tuple[float, float]:
    """Return patients per CPU second, from luck to the end of the last course, and the peak memory in MiB."""
    run = compose_run("policies=[chemoradiotherapy]", f"clock={clock}")
    world = pack(*world_trees(run, run.policies[0]))

    def simulate_rows(n: int) -> np.ndarray:
        rows = new_patients(0, n)
        clock_of(run).simulate_rows(rows, draw_luck(0, n, seed=1), world, 10 * YEAR_DAYS)
        return rows

    simulate_rows(WARM_UP)
    start = time.process_time()
    simulate_rows(patients)
    seconds = time.process_time() - start
    return patients / seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
