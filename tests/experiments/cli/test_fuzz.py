"""Whatever is asked, the command ends in a finished run or in a refusal of one line, and leaves nothing else.

The figures of the long form stand in docs/testing.md.
"""

import contextlib
import copy
import io
import os
import shutil
import signal
import tempfile
from collections import Counter
from pathlib import Path
from unittest.mock import patch

import pytest
from helpers.fuzzing import GROUPS, changes, command_line, file_content
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from conf.calibration import read_calibration
from conf.capacity import read_capacity
from conf.composition import composed, composing
from conf.hydra_errors import input_error_of
from conf.input_error import InputError
from conf.own_file import read_own_file
from conf.patient import read_patient
from conf.policies import read_policy
from conf.request import FOREIGN
from conf.schedules import read_follow_up
from conf.schema import leaves, read_run
from conf.trials import read_trial
from conf.validation import read_validation
from experiments.cli.command import main
from experiments.sweeping.plan import read_plan
from sim.compiled import numba_config

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
# Of the twenty thousand, the commands that are mostly wrong, and those that mostly run; the others are read.
SHARDS, LONG, WILD, SOUND = 8, 20_000, 2_400, 2_800


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

    import matplotlib.font_manager  # noqa: F401  # its first import writes a cache into the home

    places = {"HOME": str(folder / "home")}
    if numba_config.CACHE_DIR:  # the workers of a calibration find what this process has compiled
        places["XDG_CACHE_HOME"] = str(Path(numba_config.CACHE_DIR).parents[1])
    before = os.getcwd(), tempfile.tempdir
    elsewhere = patch.dict(os.environ, places)
    elsewhere.start()
    os.chdir(folder / "here")
    tempfile.tempdir = str(folder / "temporary")
    old = signal.signal(signal.SIGALRM, hang)
    signal.alarm(HANGS_SECONDS)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = main(words)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, old)
        os.chdir(before[0])
        elsewhere.stop()
        tempfile.tempdir = before[1]
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


READ = {
    "compare": read_run,
    "capacity": lambda config: read_capacity(config, []),
    "patient": read_patient,
    "sweep": lambda config: read_plan(config, []),
    "validate": read_validation,
    "calibrate": read_calibration,
}
READ_FILE = {"policy": read_policy, "follow_up": read_follow_up, "trial": read_trial}


@contextlib.contextmanager
def noted(endings, what):
    """Note whether what is read within is understood or refused in one line."""
    try:
        yield
        endings["understood"] += 1
    except (InputError, *FOREIGN) as error:
        words = str(error if isinstance(error, InputError) else input_error_of(error, "compare"))
        assert "\n" not in words and len(words) < 4000, what
        endings["refused"] += 1
    except Exception as error:
        raise AssertionError(what) from error


def changed(tree, changes):
    """Return a configuration with other values, or without those that are None."""
    tree = copy.deepcopy(tree)
    for key, value in changes.items():
        *path, name = key.split(".")
        inner = tree
        for step in path:
            inner = inner.get(step) if isinstance(inner, dict) else None
        if isinstance(inner, dict):
            inner.pop(name, None)
            if value is not None:
                inner[name] = value
    return tree


def fuzz_readers(examples, number, folder):
    """Give so many configurations and files to what reads them, and return how they ended."""
    endings = Counter()
    (folder / "small.yaml").write_text(TRIAL, "utf-8")
    with composing(folder):
        trees = {name: OmegaConf.to_container(composed(name)[0]) for name in READ}
        for name in ("validate", "calibrate"):
            trees[name] |= {"trials": str(folder / "small.yaml"), "patients": 60, "workers": 1}
        trees["validate"].pop("workers")
        trees["sweep"]["grid"] = {"surgery.leak_probability": [0.1, 0.2]}
        trees["patient"]["number"] = 1
        keys = {
            name: [leaf for top in tree for leaf in leaves(top, tree[top])] for name, tree in trees.items()
        }

        def read_file(group, content):
            path = folder / group / "mine.yaml"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
            with noted(endings, (group, content)):
                if group in READ_FILE:
                    READ_FILE[group]("mine")
                else:
                    tree = read_own_file(path, "mine", group)
                    inside = group in ("cohort", "clinic", "economics")
                    base = trees["compare"]
                    whole = {**base, group: {**base[group], **tree}} if inside else {**base, **tree}
                    read_run(OmegaConf.create(whole))

        @seed(number)
        @settings(
            max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck)
        )
        @given(st.data())
        def each(data):
            if data.draw(st.booleans()):
                name = data.draw(st.sampled_from(sorted(READ)))
                other = data.draw(changes(keys[name]))
                with noted(endings, (name, other)):
                    READ[name](OmegaConf.create(changed(trees[name], other)))
            else:
                group = data.draw(st.sampled_from(GROUPS))
                read_file(group, data.draw(file_content(group)))

        each()
    return endings


def test_whatever_is_asked_ends_in_a_run_or_a_refusal_of_one_line(tmp_path):
    endings = fuzz(8, False, 1) + fuzz(4, True, 2)
    assert endings["refused"] > 3 and endings["ran"] > 1
    read = fuzz_readers(100, 3, tmp_path)
    assert read["refused"] > 20 and read["understood"] > 5


@pytest.mark.long
def test_a_calibration_in_a_home_without_a_cache_leaves_nothing_there():
    endings = Counter()
    check(("calibrate", ["trial=small.yaml"], {}), endings)
    assert endings == {"ran": 1}


@pytest.mark.long
@pytest.mark.parametrize("shard", range(SHARDS))
def test_twenty_thousand_commands_and_files_end_in_a_run_or_a_refusal(shard, record_property, tmp_path):
    endings = fuzz(WILD // SHARDS, False, 10 + shard) + fuzz(SOUND // SHARDS, True, 100 + shard)
    read = fuzz_readers((LONG - WILD - SOUND) // SHARDS, 1000 + shard, tmp_path)
    record_property("endings", {**endings, **{f"read: {end}": number for end, number in read.items()}})
    assert (endings + read).total() >= LONG // SHARDS
    assert endings["ran"] >= LONG // SHARDS // 10
