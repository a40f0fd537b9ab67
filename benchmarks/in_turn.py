"""This code beside older code: two processes that take turns, so that a ratio is steady on a busy machine.

``python -m benchmarks.in_turn FOLDER``: a clone of the older code; where nobody waits.
``python -m benchmarks.in_turn FOLDER regional``: in a clinic with queues, its warm-up and its waits included.
``python -m benchmarks.in_turn FOLDER clocks``: where nobody waits, rows by the compiled and the SimPy
clock, and with the journal of the latter.
One thread each, in CPU time; compilation, a run's start and its tables are not counted. For whole jobs see
``benchmarks.beside``.
"""

import os
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent.parent
# Turns, patients: a clinic's cohort is simulated as a whole.
ALONE, QUEUEING, ROWS = (15, 16_384), (9, 40_000), (15, 4_096)
CLOCKS = ("compiled", "simpy", "journal")
# Simulates at every line that it reads, and answers with the CPU microseconds of a course and its MiB.
WORKER = """
import sys, time, numba, psutil
numba.set_num_threads(1)
from conf.schema import compose_run
{begun}
simulate()
print(flush=True)
for _ in sys.stdin:
    begun = time.process_time()
    simulate()
    spent = (time.process_time() - begun) / courses * 1e6
    print(spent, psutil.Process().memory_info().rss / 2**20, flush=True)
"""
# Patients, policies, clinic: simulated and counted.
COUNTED = """
from benchmarks.scale import POLICIES
from experiments.simulating.cohort import count_block, worlds_of
patients, policies = int(sys.argv[1]), int(sys.argv[2])
words = (f"policies=[{','.join(POLICIES[:policies])}]", f"patients={patients}", f"clinic={sys.argv[3]}")
run = compose_run("clock=compiled", *words)
worlds, courses = worlds_of(run), policies * patients
def simulate():
    count_block(run, worlds, 0, patients)
"""
# Patients, one of CLOCKS: rows under one policy, which are not counted.
ROWS_ALONE = """
from conf.run import world_trees
from experiments.simulating.clock import clock_of
from sim.luck import draw_luck
from sim.parameters import pack
from sim.patient import YEAR_DAYS, new_patients
courses, kind = int(sys.argv[1]), sys.argv[2]
run = compose_run("policies=[chemoradiotherapy]", f"clock={'simpy' if kind == 'journal' else kind}")
world = pack(*world_trees(run, run.policies[0]))
def simulate():
    noting = {"journal": []} if kind == "journal" else {}
    luck = draw_luck(0, courses, seed=1)
    clock_of(run).simulate_rows(new_patients(0, courses), luck, world, 10 * YEAR_DAYS, **noting)
"""


def measured(folders: list[Path], policies: int, clinic: str) -> list[list[tuple[float, float]]]:
    """Return the CPU microseconds of a course by the code of each folder, and its MiB, in each turn."""
    turns, patients = ALONE if clinic == "unlimited" else QUEUEING
    return _in_turn(folders, turns, COUNTED, patients, policies, clinic)


def measured_rows(folders: list[Path], kind: str) -> list[list[tuple[float, float]]]:
    """As ``measured``, of rows by a clock, or with its journal: one of CLOCKS."""
    turns, patients = ROWS
    return _in_turn(folders, turns, ROWS_ALONE, patients, kind)


def _in_turn(folders: list[Path], turns: int, begun: str, *words: object) -> list[list[tuple[float, float]]]:
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER.replace("{begun}", begun), *map(str, words)],
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
    found: list[list[tuple[float, float]]] = [[] for _ in pipes]
    for _ in range(turns):
        for (asked, answers), own in zip(pipes, found, strict=True):
            print(file=asked, flush=True)
            spent, mib = map(float, answers.readline().split())
            own.append((spent, mib))
    for (asked, _), one in zip(pipes, workers, strict=True):
        asked.close()
        one.wait()
    return found


def report(name: str, before: list[tuple[float, float]], now: list[tuple[float, float]]) -> None:
    """Print the medians of both, the median of the ratios of neighbours, and memory."""
    ratio = statistics.median(a / b for (a, _), (b, _) in zip(before, now, strict=True))
    was, spent = (statistics.median(one for one, _ in turns) for turns in (before, now))
    medians = f"before {was:.3f} and now {spent:.3f} us a course; {ratio:.2f} times as fast"
    print(f"{name}; {medians}; {before[-1][1]:.0f} and {now[-1][1]:.0f} MiB")


def main(older: Path, clinic: str = "unlimited") -> None:
    """Report both by number of policies, or by clock."""
    if clinic == "clocks":
        for kind in CLOCKS:
            report(f"rows: {kind}", *measured_rows([older, HERE], kind))
        return
    for policies in (4, 2, 1):
        report(f"policies: {policies}", *measured([older, HERE], policies, clinic))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), *sys.argv[2:])
