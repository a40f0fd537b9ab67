"""How long drawing all pictures of a default run takes on one core, imports included."""

import tempfile
import time
from pathlib import Path

from conf.schema import compose_run
from experiments.compare import tables_of
from experiments.simulating.cohort import simulate

PATIENTS = 2_000  # the tables are as long as those of 20,000


def drawing_seconds() -> tuple[int, float]:
    """Return how many pictures were drawn, and the CPU seconds from the tables to the files."""
    run = compose_run(f"patients={PATIENTS}")
    simulated = simulate(run)
    start = time.process_time()
    from analysis.pictures.catalogue import draw_all

    made = tables_of(run, simulated)
    with tempfile.TemporaryDirectory() as folder:
        paths = draw_all(made, Path(folder))
    return len({path.stem for path in paths}), time.process_time() - start
