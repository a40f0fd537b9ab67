"""However a command is stopped: the status says how, one line says so, and nothing half made stays."""

import io
import os
import resource
import signal
import subprocess
import sys
import time

import pytest
from helpers.requests import asked
from helpers.stopping import DEADLINE, SMALL, names, partial, started, wait_until

from conf.input_error import InputError
from conf.schema import compose_run
from experiments.cli.command import main
from experiments.results.ending import Printed, exit_status, undisturbed
from experiments.results.machine import host, is_running
from experiments.results.partial import partial_path, write_whole
from experiments.results.run_folder import run_folder
from experiments.sweeping.ledger import entries

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


def by(number):
    return os.kill(os.getpid(), number)


def said(capsys):
    out, err = capsys.readouterr()
    assert out == ""
    return err.splitlines()


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_the_command_with_128_and_its_number(capsys, number):
    ignored = signal.signal(number, signal.default_int_handler)  # under nohup SIGHUP is
    try:
        assert exit_status(lambda: by(number)) == 128 + number
        assert said(capsys) == ["lrrc: stopped; nothing was kept"]
        assert signal.getsignal(number) == signal.default_int_handler
    finally:
        signal.signal(number, ignored)


def converted(error):
    def command():
        try:
            by(signal.SIGINT)
        except KeyboardInterrupt:
            raise error from None

    return command


@pytest.mark.parametrize("error", [InputError("cohort: not understood"), ImportError("numpy"), OSError()])
def test_a_signal_that_a_library_makes_an_error_of_its_own_is_still_a_signal(capsys, error):
    assert exit_status(converted(error)) == 130
    assert said(capsys) == ["lrrc: stopped; nothing was kept"]


def test_an_error_without_a_signal_stays_one(capsys):
    def refused():
        raise InputError("two\nlines and \x1b[31mcolour")

    assert exit_status(refused) == 2
    assert said(capsys) == [r"lrrc: error: two\nlines and \x1b[31mcolour"]
    with pytest.raises(ZeroDivisionError):
        exit_status(lambda: 1 // 0)


class Deaf:
    """Python drops what is raised in its finaliser."""

    def __del__(self):
        by(signal.SIGINT)


def test_a_signal_that_python_dropped_is_heard_a_moment_later_without_a_word(capsys):
    def command():
        Deaf()
        time.sleep(30)

    assert exit_status(command) == 130
    assert said(capsys) == ["lrrc: stopped; nothing was kept"]


def test_a_signal_that_is_ignored_stays_ignored_as_under_nohup():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert exit_status(lambda: by(signal.SIGHUP) or 0) == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def test_what_must_not_be_disturbed_is_done_before_the_signal_is_heard(capsys):
    done = []

    def command():
        with undisturbed():
            by(signal.SIGTERM)
            by(signal.SIGTERM)
            done.append("all")
        done.append("more")

    assert exit_status(command) == 143
    assert done == ["all"]
    capsys.readouterr()


def test_a_run_that_was_complete_before_the_signal_is_kept_and_named(here, capsys):
    def command():
        with run_folder("compare", compose_run("out=done"), asked("lrrc compare out=done")):
            pass
        by(signal.SIGTERM)

    assert exit_status(command) == 143
    assert said(capsys) == [f"lrrc: stopped; the run that was complete is kept: {here / 'done'}"]
    assert names(here) == ["done"]


def test_a_terminated_comparison_leaves_nothing_and_says_so(here):
    process = started(here, *SMALL["compare"], "out=x")
    wait_until(lambda: partial(here), process)
    process.terminate()
    assert process.communicate(timeout=DEADLINE) == ("", "lrrc: stopped; nothing was kept\n")
    assert process.returncode == 143
    assert (names(here), names(here / "tmp")) == (["tmp"], [])


def test_a_process_that_was_killed_does_not_run_even_before_its_parent_asks():
    process = subprocess.Popen(["sleep", "60"])
    assert is_running(process.pid)
    process.kill()
    wait_until(lambda: not is_running(process.pid))
    process.wait()
    assert not is_running(process.pid)


def test_the_next_run_removes_what_a_killed_one_left_and_nothing_else(here):
    process = subprocess.Popen(["true"])
    process.wait()
    dead = process.pid
    left = [f".x.partial-{host()}-{dead}", partial_path(here / "x").name]
    others = [
        f".x.partial-{host()}-{os.getppid()}",  # of a process that runs
        f".x.partial-elsewhere-{dead}",
        f".xx.partial-{host()}-{dead}",
        f".x.partial-{host()}-{dead}.txt",
        "x.partial",
    ]
    for name in (*left, *others):
        (here / name).mkdir()
        (here / name / "outcomes.csv").touch()
    with run_folder("compare", compose_run("out=x"), asked("lrrc compare out=x")):
        assert set(left) - set(names(here)) == {left[0]}
    assert names(here) == sorted([*others, "x"])


def test_a_reader_that_leaves_early_costs_nobody_the_run(here, monkeypatch, capfd):
    def comparison():
        reader, writer = os.pipe()
        os.close(reader)
        with open(writer, "w", encoding="utf-8") as pipe:
            monkeypatch.setattr(sys, "stdout", pipe)
            return main(["compare", "patients=10", "policies=[tme_alone]", "pictures=false", "out=x"])

    assert comparison() == 0
    assert (here / "x" / "manifest.json").is_file()
    assert capfd.readouterr().err == ""


def test_output_that_the_disk_does_not_take_is_reported(monkeypatch, capsys):
    with open("/dev/full", "w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert main(["--help"]) == 2
    expected = "lrrc: error: its output cannot be written: No space left on device\n"
    assert capsys.readouterr().err == expected


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_line_that_the_terminal_cannot_spell_is_printed_as_far_as_it_can(encoding):
    raw = io.BytesIO()
    stream = Printed(io.TextIOWrapper(raw, encoding))
    stream.write("5.0 (1–9) ≥ étude \udcff\n")
    assert stream.status() == 0
    assert raw.getvalue().decode(encoding).startswith("5.0 (1")
    assert raw.getvalue().endswith(b" ?\n") or encoding == "utf-8"


def test_a_file_is_written_in_full_or_not_at_all(tmp_path):
    victim, link = tmp_path / "victim", tmp_path / "link"
    victim.write_bytes(b"mine")
    link.symlink_to(victim)
    write_whole(link, b"new")
    assert (victim.read_bytes(), link.read_bytes(), link.is_symlink()) == (b"mine", b"new", False)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            write_whole(link, b"much too long")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert link.read_bytes() == b"new"
    assert names(tmp_path) == ["link", "victim"]


# ---- every kind of stop, of each experiment ----


def keeps(name):
    return name in ("sweep", "calibrate")


def begun(here, name):
    """Return whether a run is at work: something of it is there, and of a sweep something is kept."""
    return len(entries(here / "x" / "ledger")) > 2 if keeps(name) else partial(here)


@pytest.mark.long
@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("name", SMALL)
def test_each_experiment_stops_cleanly_at_each_signal_and_continues(here, name, number):
    process = started(here, *SMALL[name], "out=x")
    wait_until(lambda: begun(here, name), process)
    time.sleep(1.0)
    process.send_signal(number)
    out, err = process.communicate(timeout=DEADLINE)
    assert (process.returncode, out, err.count("\n")) == (128 + number, "", 1)
    assert partial(here) == names(here / "tmp") == []
    if keeps(name):
        assert "all that was done is kept" in err
        assert names(here / "x") == ["ledger"]
        before = {path: path.stat().st_mtime_ns for path in entries(here / "x" / "ledger")}
        assert main([*SMALL[name], f"out={here / 'x'}"]) == 0
        assert all(path.stat().st_mtime_ns == stamp for path, stamp in before.items())
    else:
        assert err == "lrrc: stopped; nothing was kept\n"
        assert names(here) == ["tmp"]


@pytest.mark.long
@pytest.mark.parametrize("name", SMALL)
def test_each_experiment_that_was_killed_is_done_by_the_next_command_and_nothing_stays(here, name):
    process = started(here, *SMALL[name], "out=x")
    wait_until(lambda: begun(here, name), process)
    process.kill()
    process.communicate()
    assert partial(here)
    assert main([*SMALL[name], f"out={here / 'x'}"]) == 0
    assert partial(here) == []
    assert (here / "x" / "manifest.json").is_file()


@pytest.mark.long
@pytest.mark.parametrize("name", SMALL)
def test_each_experiment_on_a_full_disk_says_so_in_a_line_and_leaves_nothing_half(here, name):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))

    process = started(here, *SMALL[name], "out=x", preexec_fn=limit)
    _, err = process.communicate(timeout=DEADLINE)
    assert (process.returncode, err.count("\n")) == (2, 1)
    assert err.startswith("lrrc: error: out=") and "File too large" in err
    assert partial(here) == names(here / "tmp") == []
    assert names(here) == (["tmp", "x"] if keeps(name) and (here / "x").exists() else ["tmp"])
    assert not (here / "x" / "manifest.json").exists()


@pytest.mark.long
@pytest.mark.parametrize("name", SMALL)
def test_of_two_commands_with_one_folder_one_is_refused(here, name):
    both = [started(here, *SMALL[name], "out=x") for _ in range(2)]
    said = [process.communicate(timeout=DEADLINE)[1] for process in both]
    assert sorted(process.returncode for process in both) == [0, 2]
    assert sorted(err.count("\n") for err in said) == [0, 1]
    assert partial(here) == []
    assert (here / "x" / "manifest.json").is_file()


@pytest.mark.long
@pytest.mark.parametrize("seconds", [k / 10 for k in range(1, 25)])
def test_ctrl_c_at_any_instant_of_the_start_is_no_error_of_input(here, seconds):
    code = "from experiments.cli.command import main; print(1, flush=True); raise SystemExit(main())"
    words = ("compare", "patients=10_000_000", "cohort.female_share=0.4", "out=x")
    process = subprocess.Popen(
        [sys.executable, "-c", code, *words], cwd=here, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.read(1)
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=DEADLINE)
    assert (process.returncode, err) == (130, b"lrrc: stopped; nothing was kept\n")
    assert names(here) == []
