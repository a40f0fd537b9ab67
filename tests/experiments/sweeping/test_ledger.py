"""The ledger loses nothing and mixes nothing: killed at any instant, damaged, full, or of other code."""

import errno
import fcntl
import json
import os
import random
import resource
import shutil
import signal
import time

import pandas as pd
import pytest
from helpers.sweeping import LEAK, digests, started, swept

from conf.schema import compose_run
from experiments.sweeping.code import digest
from experiments.sweeping.ledger import HEAD, address, entries, lives_digest

MORE = "grid={surgery.leak_probability:[0.02,0.3,0.5]}"
FAST = ("patients=80", "horizon_years=1")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The folder of a sweep that nothing disturbed."""
    out = tmp_path_factory.mktemp("ledger") / "whole"
    assert swept(out, LEAK, *FAST) == 0
    return out


@pytest.fixture
def copy(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "copy")


def stamps(out):
    return {path.name: path.stat().st_mtime_ns for path in entries(out / "ledger")}


def new_since(out, before):
    return sum(before.get(name) != stamp for name, stamp in stamps(out).items())


def test_a_finished_sweep_does_nothing_again(copy, whole):
    before = stamps(copy)
    assert swept(copy, LEAK, *FAST) == 0
    assert new_since(copy, before) == 0
    assert digests(copy) == digests(whole)


@pytest.mark.parametrize(
    ("words", "new"),
    [((MORE, *FAST), 2), ((LEAK, *FAST, "replications=2"), 4), ((LEAK, *FAST, "patients=120"), 2)],
    ids=["points", "replications", "patients"],
)
def test_more_points_replications_or_patients_simulate_only_what_is_new(copy, tmp_path, words, new):
    before = stamps(copy)
    assert swept(copy, *words) == 0
    assert new_since(copy, before) == new
    assert swept(tmp_path / "afresh", *words) == 0
    assert digests(copy) == digests(tmp_path / "afresh")


def test_fewer_points_after_more_are_a_sweep_of_those_alone(copy, whole):
    assert swept(copy, MORE, *FAST) == 0
    assert swept(copy, LEAK, *FAST) == 0
    assert digests(copy) == digests(whole)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-1] + b"?"),
        lambda path: path.write_bytes(b"?" + path.read_bytes()[1:]),
        lambda path: path.unlink(),
    ],
    ids=["truncated", "empty", "last byte", "first byte", "gone"],
)
def test_a_damaged_entry_is_found_and_made_again(copy, whole, damage):
    first, *_ = entries(copy / "ledger")
    good, before = first.read_bytes(), stamps(copy)
    damage(first)
    assert swept(copy, LEAK, *FAST) == 0
    assert new_since(copy, before) == 1
    assert first.read_bytes() == good
    assert digests(copy) == digests(whole)


def test_an_entry_under_another_name_is_damaged(copy):
    one, two, *_ = entries(copy / "ledger")
    good = two.read_bytes()
    shutil.copy(one, two)
    assert swept(copy, LEAK, *FAST) == 0
    assert two.read_bytes() == good


def test_a_damaged_head_is_written_again_and_mixes_nothing(copy, whole):
    head = copy / "ledger" / HEAD
    good = head.read_bytes()
    head.write_bytes(good[:100])
    before = stamps(copy)
    assert swept(copy, LEAK, *FAST) == 0
    assert (head.read_bytes(), new_since(copy, before)) == (good, 0)


@pytest.mark.parametrize(
    ("word", "named"),
    [
        ("seed=2", "with seed=1, not 2"),
        ("cohort.female_share=0.5", "with cohort.female_share=0.37, not 0.5"),
        ("exfoliation.caught_probability=0.9", "exfoliation.caught_probability="),
        (
            "policies=[tme_alone,washout_never]",
            "policies=[tme_alone,washout_always], not [tme_alone,washout_never]",
        ),
        ("horizon_years=3", "with horizon_years=1.0, not 3.0"),
    ],
)
def test_a_ledger_of_another_configuration_is_refused_and_the_difference_named(copy, capsys, word, named):
    before = stamps(copy)
    assert swept(copy, LEAK, *FAST, word) == 2
    err = capsys.readouterr().err
    assert "this folder's ledger was made" in err
    assert named in err
    assert err.count("\n") == 1
    assert new_since(copy, before) == 0


def test_a_ledger_of_other_code_is_refused_and_the_file_named(copy, capsys):
    head = copy / "ledger" / HEAD
    content = json.loads(head.read_text())
    del content["digest"]
    content["code"]["sim/pathway/surgery.py"] = "0" * 64
    head.write_text(json.dumps({**content, "digest": digest(content)}))
    assert swept(copy, LEAK, *FAST) == 2
    assert "made by another code version: sim/pathway/surgery.py differ" in capsys.readouterr().err


def test_what_results_depend_on_is_in_the_name_of_an_entry():
    run = compose_run("policies=[tme_alone,short_course]")
    others = [
        compose_run("policies=[tme_alone,short_course]", word)
        for word in ("seed=2", "replication=1", "horizon_years=9", "surgery.leak_probability=0.2",
                     "comparator=short_course", "clinic=regional", "cohort=dutch_tme")
    ]  # fmt: skip
    others.append(compose_run("policies=[tme_alone,short_course+washout_always]"))
    names = [lives_digest(each) for each in (run, *others)]
    assert len(set(names)) == len(names)
    same = compose_run("policies=[tme_alone,short_course]", "out=elsewhere", "patients=7")
    assert lives_digest(same) == names[0]
    assert len({address(names[0], *range_) for range_ in ((0, 10), (0, 11), (1, 10))}) == 3


def test_two_commands_do_not_work_in_one_folder(copy, capsys):
    with open(copy / "ledger" / "lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert swept(copy, LEAK, *FAST) == 2
    assert "another command is using it" in capsys.readouterr().err


def test_a_full_disk_stops_cleanly_and_what_is_there_is_kept(tmp_path, whole, capsys, monkeypatch):
    out, real, left = tmp_path / "full", os.fsync, [4]

    def full(descriptor):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        assert swept(out, LEAK, *FAST) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "No space left on device" in err
    assert "all that was done is kept" in err
    assert len(entries(out / "ledger")) > 0
    assert not (out / "manifest.json").exists()
    assert [path for path in out.rglob("*") if path.name.endswith(".tmp") or "partial" in path.name] == []
    assert swept(out, LEAK, *FAST) == 0
    assert digests(out) == digests(whole)


def test_a_limit_on_the_size_of_files_stops_cleanly(tmp_path, whole):
    out = tmp_path / "limited"

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    process = started(out, LEAK, *FAST, preexec_fn=limit)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "File too large" in err
    assert swept(out, LEAK, *FAST) == 0
    assert digests(out) == digests(whole)


def test_tables_appear_only_when_they_are_complete_and_leave_none_behind(tmp_path, monkeypatch):
    from analysis.tables import run as tables

    out = tmp_path / "half"
    with monkeypatch.context() as patched:
        patched.setattr(tables, "differences", lambda *_: 1 / 0)
        assert swept(out, LEAK, *FAST) == 1
    assert sorted(path.name for path in out.iterdir()) == ["ledger"]
    assert swept(out, LEAK, *FAST) == 0


def test_a_failing_task_is_reported_with_its_point_and_does_not_stop_the_others(
    tmp_path, whole, capsys, monkeypatch
):
    from experiments.simulating import cohort

    out, real, tried = tmp_path / "failing", cohort.count_block, []

    def faulty(run, worlds, first, stop):
        if run.parameters["surgery"]["leak_probability"] == 0.3 and first == 40:
            tried.append(first)
            raise FloatingPointError("no such life")
        return real(run, worlds, first, stop)

    with monkeypatch.context() as patched:
        patched.setattr(cohort, "count_block", faulty)
        assert swept(out, LEAK, *FAST) == 1
    err = capsys.readouterr().err
    where = "surgery.leak_probability=0.3, replication 0, patients 40 to 79"
    assert f"lrrc: failed: {where}: FloatingPointError: no such life" in err
    assert "1 of 4 tasks failed" in err
    assert tried == [40, 40]  # tried twice
    assert len(entries(out / "ledger")) == 3
    failed = pd.read_csv(out / "failed.csv")
    assert failed[["surgery.leak_probability", "first"]].values.tolist() == [[0.3, 40]]
    assert "no such life" in failed["trace"][0]
    assert not (out / "manifest.json").exists()
    assert swept(out, LEAK, *FAST) == 0
    assert not (out / "failed.csv").exists()
    assert digests(out) == digests(whole)


def test_a_task_that_fails_once_is_tried_again_and_succeeds(tmp_path, whole, monkeypatch):
    from experiments.simulating import cohort

    real, tried = cohort.count_block, []

    def faulty(run, worlds, first, stop):
        tried.append(first)
        if len(tried) == 1:
            raise MemoryError
        return real(run, worlds, first, stop)

    monkeypatch.setattr(cohort, "count_block", faulty)
    assert swept(tmp_path / "again", LEAK, *FAST) == 0
    assert digests(tmp_path / "again") == digests(whole)


def test_on_error_stop_stops(tmp_path, monkeypatch):
    from experiments.simulating import cohort

    monkeypatch.setattr(cohort, "count_block", lambda *_: 1 / 0)
    assert swept(tmp_path / "stopped", LEAK, *FAST, "on_error=stop") == 1
    assert len(pd.read_csv(tmp_path / "stopped" / "failed.csv")) == 1


def test_killed_at_any_instant_it_goes_on_to_the_same_bits(tmp_path, whole):
    out = tmp_path / "killed"
    process = started(out, LEAK, *FAST)
    deadline = time.monotonic() + 120
    while not entries(out / "ledger"):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    before = stamps(out)
    assert not (out / "manifest.json").exists()
    assert swept(out, LEAK, *FAST) == 0
    assert before.items() <= stamps(out).items()  # what was done is not done again
    assert digests(out) == digests(whole)


@pytest.mark.long
@pytest.mark.parametrize("workers", [1, 2])
def test_killed_again_and_again_it_ends_in_the_same_bits(tmp_path, whole, workers):
    out, chance = tmp_path / "killed", random.Random(workers)
    words = (LEAK, *FAST, "block=5", f"compute.workers={workers}")
    tasks, kills = 32, 0
    for _ in range(14):
        # At random within its start, within a task, and, once all are done, within the writing of the tables.
        there = len(entries(out / "ledger"))
        wanted = min(there + chance.randrange(6), tasks)
        process = started(out, *words)
        while process.poll() is None and len(entries(out / "ledger")) < wanted:
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 4.0 if wanted in (there, tasks) else 0.05))
        process.kill()
        process.communicate()
        assert process.returncode in (0, -signal.SIGKILL)
        kills += process.returncode != 0
        assert (out / "manifest.json").exists() or not list(out.glob("manifest*"))
    assert kills >= 7
    assert swept(out, *words) == 0
    assert digests(out) == digests(whole)


def test_ctrl_c_keeps_what_was_done_and_says_so(tmp_path, whole):
    out = tmp_path / "stopped"
    process = started(out, LEAK, *FAST, "block=2")
    deadline = time.monotonic() + 120
    while len(entries(out / "ledger")) < 2:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGINT)
    text, err = process.communicate(timeout=60)
    assert (process.returncode, text) == (130, "")
    assert "lrrc: stopped; " in err
    assert "all that was done is kept" in err
    assert swept(out, LEAK, *FAST, "block=2") == 0
    assert digests(out) == digests(whole)
