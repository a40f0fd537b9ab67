"""Whatever is asked, the command ends in a finished run or in a refusal of one line, and leaves nothing else.

The figures of the long form stand in docs/testing.md.
"""

import contextlib
import io
import os
import shutil
import signal
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from fuzzing import command_line
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from experiments.command import main

FEW = {
    "compare": ["patients=3", "horizon_years=1", "pictures=false"],
    "capacity": [
        "patients=2", "clinics=[regional]", "policies=[tme_alone]", "horizon_years=0.2", "target_share=0.01",
        "pictures=false", "clock=compiled",
    ],
    "patient": ["patients=12", "horizon_years=2"],
    "sweep": ["patients=3", "horizon_years=1", "pictures=false", "compute.workers=1", "points=2"],
    "validate": ["patients=60", "most_patients=60", "pictures=false"],
    "calibrate": [
        "fitted=[margin]", "ensemble=20", "steps=1", "search_evaluations=0", "patients=60", "workers=1",
    ],
}  # fmt: skip
HANGS_SECONDS = 120
TRIAL = """
title: A small trial
cohort: {base: dutch_contemporary}
arms: {surgery: tme_alone}
follow_up_years: 3
endpoints:
  - {evidence: a.lr, arm: surgery, outcome: local_recurrence, horizon_years: 2, published: 0.1, n: 500}
"""
SHARDS, LONG = 8, 20_000


def tree(folder):
    """Return every file and folder below one, with the content of the files."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def run(words, folder):
    """Run a command in a folder; return its status, what it printed and what it complained of."""
    out, err = io.StringIO(), io.StringIO()

    def hang(signum, frame):
        raise AssertionError(f"no answer within {HANGS_SECONDS} seconds: {words}")

    import matplotlib  # noqa: F401  # its first import writes a cache of fonts into the home

    before = os.getcwd(), os.environ.get("HOME"), tempfile.tempdir
    os.chdir(folder / "here")
    os.environ["HOME"], tempfile.tempdir = str(folder / "home"), str(folder / "temporary")
    old = signal.signal(signal.SIGALRM, hang)
    signal.alarm(HANGS_SECONDS)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = main(words)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, old)
        os.chdir(before[0])
        os.environ["HOME"], tempfile.tempdir = before[1] or "", before[2]
    return status, out.getvalue(), err.getvalue()


def check(line, endings):
    """Run a command line in a new folder, and see that it ended as it should; note how in ``endings``."""
    experiment, words, files = line
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for inner in ("here", "home", "temporary", "here/mine"):
            (folder / inner).mkdir()
        (folder / "here" / "small.yaml").write_text(TRIAL, "utf-8")
        for group, content in files.items():
            (folder / "here" / "mine" / group).mkdir()
            (folder / "here" / "mine" / group / "mine.yaml").write_bytes(content)
        before = tree(folder)
        command = [experiment, *words, *FEW[experiment], "out=written"]
        status, out, err = run(command, folder)
        written = folder / "here" / "written"
        said = f"{command} {files}\nstatus {status}\n{out[-500:]}\n{err[-3000:]}"
        assert "Traceback" not in err and "a fault of the program" not in err, said
        assert status in (0, 2), said
        if status == 2:
            jobs = max(1, err.count("lrrc: error: "))
            assert err.count("\n") == jobs and err.startswith("lrrc: error: "), said
            assert len(err) < 4000 * jobs, said
        else:
            assert all(one.startswith("lrrc: ") for one in err.splitlines()), said
        ran = written.exists()
        if ran:
            for run_folder in [written] if (written / "manifest.json").exists() else written.iterdir():
                assert (run_folder / "manifest.json").is_file(), said
            shutil.rmtree(written)
        assert ran or status == 2 or "--cfg" in command or "--help" in command, said
        assert tree(folder) == before, said
        endings["ran" if ran else "refused" if status == 2 else "printed"] += 1


def fuzz(examples, sound, number):
    """Check so many command lines, and return how they ended."""
    endings = Counter()

    @seed(number)
    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def each(data):
        check(data.draw(command_line(sound)), endings)

    each()
    return endings


def test_whatever_is_asked_ends_in_a_run_or_a_refusal_of_one_line():
    endings = fuzz(40, False, 1) + fuzz(20, True, 2)
    assert endings["refused"] > 20 and endings["ran"] > 3


@pytest.mark.long
@pytest.mark.parametrize("shard", range(SHARDS))
def test_twenty_thousand_command_lines_end_in_a_run_or_a_refusal(shard, record_property):
    sound = LONG * 2 // 5 // SHARDS
    endings = fuzz(LONG // SHARDS - sound, False, 10 + shard) + fuzz(sound, True, 100 + shard)
    record_property("endings", dict(endings))
    assert sum(endings.values()) >= LONG // SHARDS
    assert endings["ran"] >= LONG // SHARDS // 10
