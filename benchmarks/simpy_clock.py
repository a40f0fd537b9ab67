"""How many lives a second the SimPy clock lives on one core, the queues empty and the journal off."""

import resource
import time

from conf.schema import compose_run, world_tree
from sim.clocks.simpy_clock import live
from sim.luck import draw_luck
from sim.parameters import pack
from sim.patient import YEAR_DAYS, new_patients

WARM_UP = 200  # patients: compiles, or loads what was compiled


def lives_a_second(patients: int) -> tuple[float, float]:
    """Return patients a CPU second, from luck to the end of the last life, and the peak memory in MiB."""
    run = compose_run("policies=[chemoradiotherapy]")
    world = pack(world_tree(run, run.policies[0]))
    _live(WARM_UP, world)
    start = time.process_time()
    _live(patients, world)
    seconds = time.process_time() - start
    return patients / seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _live(patients: int, world) -> None:  # type: ignore[no-untyped-def]
    luck = draw_luck(0, patients, seed=1)
    live(new_patients(0, patients), luck, world, 10 * YEAR_DAYS)
