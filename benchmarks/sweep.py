"""How long a sweep takes on two processes of this machine, start and tables included.

``python -m benchmarks.sweep 50``: so many points.
"""

import subprocess
import sys
import tempfile
import time

POINTS = 1_000
PATIENTS = 10_000
WORKERS = 2


def sweep_seconds(points: int = POINTS) -> float:
    """Return the seconds of one ``lrrc sweep`` of these points, PATIENTS and the four usual policies."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "experiments.cli.command", "sweep"]
        command += ["latin={surgery.leak_probability:[0.02,0.2]}", f"points={points}", f"patients={PATIENTS}"]
        command += ["clock=compiled", f"compute.workers={WORKERS}", f"out={folder}/swept"]
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - start


if __name__ == "__main__":
    print(f"{sweep_seconds(int(sys.argv[1])):.1f} s")
