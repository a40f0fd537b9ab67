"""This code beside older code, run in turn: whole jobs, and what comes before the first of them.

``python -m benchmarks.beside FOLDER``: a clone of the older code; the packages installed here serve both.
Other work on the machine slows both alike, so what is reported is the median of the ratios of neighbours.
"""

import os
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent.parent
REPEATS = 3
# Patients, policies, clinic.
JOBS = (
    (1_000_000, 4, "unlimited"),
    (1_000_000, 2, "unlimited"),
    (1_000_000, 1, "unlimited"),
    (100_000, 4, "regional"),
    (100_000, 1, "regional"),
)
WHOLE_JOB = "from benchmarks.scale import whole_job; print(*whole_job({}, {}, '{}'))"
START = "from benchmarks.scale import start_seconds; print(*start_seconds())"


def figures(folder: Path, source: str) -> list[float]:
    """Return what a piece of code prints in a process of its own, with the packages of a folder."""
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    command = [sys.executable, "-c", source]
    printed = subprocess.run(
        command, cwd=folder, env=environment, check=True, capture_output=True, text=True
    ).stdout
    return [float(word) for word in printed.split()]


def main(older: Path, share: float = 1.0) -> None:
    """Print the figures of both, and their ratios; ``share``: of the patients, to be quick."""
    print(f"{'':<40}{'':>8}{'courses/s':>12}{'/CPU s':>12}{'peak MiB':>10}")
    for patients, policies, clinic in JOBS:
        source = WHOLE_JOB.format(round(patients * share), policies, clinic)
        faster, cheaper = [], []
        for _ in range(REPEATS):
            before, now = figures(older, source), figures(HERE, source)
            for name, (rate, a_cpu_second, *_, peak_mib) in (("before", before), ("now", now)):
                what = f"clinic={clinic}, policies: {policies}"
                print(f"{what:<40}{name:>8}{rate:>12,.0f}{a_cpu_second:>12,.0f}{peak_mib:>10,.0f}")
            faster.append(now[0] / before[0])
            cheaper.append(now[1] / before[1])
        print(f"{'ratio, median':<48}{statistics.median(faster):>12.2f}{statistics.median(cheaper):>12.2f}")
    for name, folder in (("before", older), ("now", HERE)):
        starting, compiling = figures(folder, START)
        print(f"{name}: first counts after {starting:.1f} s; where all is first compiled {compiling:.1f} s")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), *map(float, sys.argv[2:]))
