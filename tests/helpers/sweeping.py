"""What the tests of sweeps share: small sweeps, as the command makes them, and what they leave."""

import json
import subprocess
import sys
from pathlib import Path

from experiments.cli.command import main

# Pictures take longer than all the rest; who looks at them adds pictures=true.
SMALL = (
    "policies=[tme_alone,washout_always]", "horizon_years=2", "patients=120", "block=40", "pictures=false",
)  # fmt: skip
LEAK = "grid={surgery.leak_probability:[0.02,0.3]}"


def one_worker(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the word for one worker, where no other place is asked for."""
    return () if any(word.startswith("compute=") for word in words) else ("compute.workers=1",)


def swept(out: Path, *words: str) -> int:
    """Make a small sweep in this process and return the exit status."""
    return main(["sweep", *SMALL, *one_worker(words), *words, f"out={out}"])


def started(out: Path, *words: str, **options) -> subprocess.Popen:
    """Start a small sweep in a process of its own."""
    code = "from experiments.cli.command import main; raise SystemExit(main())"
    command = [sys.executable, "-c", code, "sweep", *SMALL, *one_worker(words), *words, f"out={out}"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, **{**pipes, **options})


def digests(out: Path) -> dict[str, str]:
    """Return the digest of each table's content."""
    tables = json.loads((out / "manifest.json").read_text())["tables"]
    return {name: table["sha256"] for name, table in tables.items()}
