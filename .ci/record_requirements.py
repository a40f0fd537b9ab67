"""Record what every pin of requirements.lock requires, as its own metadata says, in requirements.json.

``make lock`` runs this. With the record, tests/house/test_lock.py proves the lock complete for every Python
and system, those included whose pins are not installed where the test runs.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
About = dict[str, str | list[str]]


def main() -> None:
    versions: dict[str, list[str]] = defaultdict(list)
    for name, version in re.findall(
        r"^([\w.-]+)==([\w.+!-]+)", (ROOT / "requirements.lock").read_text("utf-8"), re.M
    ):
        versions[name].append(version)
    record: dict[str, About] = {}
    # pip takes a name once: a lock's second version of it (for a newer Python) is asked for in a second turn.
    for turn in range(max(map(len, versions.values()))):
        pins = [f"{name}=={found[turn]}" for name, found in versions.items() if turn < len(found)]
        record |= required(pins)
    text = json.dumps(dict(sorted(record.items())), indent=1, ensure_ascii=False)
    (ROOT / "requirements.json").write_text(text + "\n", "utf-8")


def required(pins: list[str]) -> dict[str, About]:
    """Return the requirements of each pin, as the newest Python of the lock gets it."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        words = [
            "--dry-run",
            "--ignore-installed",
            "--no-deps",
            "--python-version",
            "3.13",
            "--target",
            folder,
        ]
        command = [sys.executable, "-m", "pip", "install", "--quiet", *words, "--report", str(report), *pins]
        subprocess.run(command, check=True)
        installs = json.loads(report.read_text("utf-8"))["install"]
    found = {
        f"{canonical(about['name'])}=={about['version']}": about
        for about in (i["metadata"] for i in installs)
    }
    return {
        pin: {
            "requires_python": found[pin].get("requires_python", ""),
            "requires_dist": found[pin].get("requires_dist", []),
        }
        for pin in pins
    }


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


main()
