"""What the tests of stopping share: the command in a process of its own, and what it leaves."""

import os
import subprocess
import sys
import time
from pathlib import Path

CODE = "from experiments.cli.command import main; raise SystemExit(main())"
DEADLINE = 300.0
TWO = "policies=[tme_alone,washout_always]"
# Small runs of each experiment that can be stopped; they end by themselves.
SMALL = {
    "compare": ("compare", TWO, "patients=200_000"),
    "validate": ("validate", "trial=crab", "patients=2000", "most_patients=2000"),
    "sweep": ("sweep", TWO, "horizon_years=1", "patients=80", "block=2", "compute.workers=1",
              "grid={surgery.leak_probability:[0.02,0.3]}"),
    "calibrate": ("calibrate", "trial=[crab]", "fitted=[margin]", "patients=200", "ensemble=20", "steps=1",
                  "search_evaluations=20", "workers=1"),
}  # fmt: skip


def started(here: Path, *words: str, environment: dict | None = None, **options) -> subprocess.Popen:
    """Start the command in a folder, with its temporary files in ``tmp`` within."""
    (here / "tmp").mkdir(exist_ok=True)
    given = {**os.environ, "TMPDIR": str(here / "tmp"), **(environment or {})}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "encoding": "utf-8"}
    return subprocess.Popen([sys.executable, "-c", CODE, *words], cwd=here, env=given, **{**pipes, **options})


def wait_until(true, process: subprocess.Popen | None = None) -> None:
    """Wait until something is so, while the process runs."""
    deadline = time.monotonic() + DEADLINE
    while not true():
        assert time.monotonic() < deadline
        assert process is None or process.poll() is None, process.communicate()
        time.sleep(0.01)


def names(folder: Path) -> list[str]:
    """Return the names of what is in a folder, hidden ones too."""
    return sorted(path.name for path in folder.iterdir())


def partial(folder: Path) -> list[str]:
    """Return what is half made, anywhere below a folder."""
    return sorted(path.name for path in folder.rglob(".*partial-*"))
