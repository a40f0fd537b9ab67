"""This code beside older code where nobody waits: two processes that take turns, so that a ratio is steady on
a busy machine.

``python -m benchmarks.in_turn FOLDER``: a clone of the older code. One thread each, in CPU time; compilation,
a run's start and its tables are not counted. For whole jobs see ``benchmarks.beside``.
"""

import os
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent.parent
TURNS, PATIENTS = 15, 16_384
# Simulates and counts at every line that it reads, and answers with the CPU microseconds of a course.
WORKER = """
import sys, time, numba
numba.set_num_threads(1)
from benchmarks.scale import POLICIES
from conf.schema import compose_run
from experiments.simulating.cohort import count_block, worlds_of
policies, patients = int(sys.argv[1]), int(sys.argv[2])
run = compose_run("clock=compiled", f"policies=[{','.join(POLICIES[:policies])}]", f"patients={patients}")
worlds = worlds_of(run)
count_block(run, worlds, 0, patients)
print(flush=True)
for _ in sys.stdin:
    begun = time.process_time()
    count_block(run, worlds, 0, patients)
    print((time.process_time() - begun) / (policies * patients) * 1e6, flush=True)
"""


def microseconds(folders: list[Path], policies: int) -> list[list[float]]:
    """Return the CPU microseconds of a course by the code of each folder, in each turn."""
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(policies), str(PATIENTS)],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for folder in folders
    ]
    pipes = [(one.stdin, one.stdout) for one in workers if one.stdin is not None and one.stdout is not None]
    for _, answers in pipes:
        answers.readline()
    measured: list[list[float]] = [[] for _ in pipes]
    for _ in range(TURNS):
        for (asked, answers), own in zip(pipes, measured, strict=True):
            print(file=asked, flush=True)
            own.append(float(answers.readline()))
    for (asked, _), one in zip(pipes, workers, strict=True):
        asked.close()
        one.wait()
    return measured


def main(older: Path) -> None:
    """Print the medians of both by number of policies, and the median of the ratios of neighbours."""
    for policies in (4, 2, 1):
        before, now = microseconds([older, HERE], policies)
        ratio = statistics.median(a / b for a, b in zip(before, now, strict=True))
        medians = f"{statistics.median(before):.3f} and now {statistics.median(now):.3f} us a course"
        print(f"policies: {policies}; before {medians}; {ratio:.2f} times as fast")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
