"""The first run says that it compiles, and compiled code is taken from nowhere that others can write to."""

import contextlib
import os
import signal
import stat

import matplotlib
import numba
import numpy as np
import pytest
from helpers.stopping import DEADLINE, names, started

from experiments.cli import first_run
from experiments.cli.first_run import COMPILING, FirstRun
from sim import compiled, compiling

RUN = ("compare", "patients=10", "pictures=false", "out=x")


@pytest.mark.parametrize("home", ["own", pytest.param("none", marks=pytest.mark.long)])
def test_a_run_that_compiles_says_so_in_its_first_line_and_stops_when_it_is_asked_to(here, home):
    place = {"XDG_CACHE_HOME": str(here / "a") if home == "own" else "/dev/null"}
    place["MPLCONFIGDIR"] = matplotlib.get_configdir()  # Matplotlib has a first run of its own
    process = started(here, *RUN, environment=place)
    first = process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=DEADLINE)
    assert (process.returncode, out, err) == (143, "", "lrrc: stopped; nothing was kept\n")
    assert names(here / "tmp") == []
    if home == "own":
        assert first == f"{COMPILING}\n"
        assert stat.S_IMODE((here / "a" / "lrrc-sim").stat().st_mode) == 0o700
    else:
        assert first.startswith("lrrc: warning: compiled code cannot be kept: /dev/null")
        assert names(here) == ["tmp"]


@pytest.fixture
def listener(monkeypatch):
    """A listener to whom every compilation is worth a line, and the only one."""
    heard = FirstRun()
    monkeypatch.setattr(first_run, "A_MOMENT", 0.0)
    monkeypatch.setattr(compiling, "listeners", [heard])
    monkeypatch.setattr(compiled, "listeners", compiling.listeners)
    return heard


def test_each_function_is_heard_and_the_line_is_written_once(listener, capsys):
    inner = numba.njit(lambda x: x + 1)
    outer = numba.njit(lambda x: inner(x) * 2)
    assert outer(1) == 4
    assert (listener.functions, listener.within) == (2, 0)
    outer(2)
    assert listener.functions == 2
    outer(np.float64(1.0))
    assert (listener.functions, listener.within) == (4, 0)
    assert capsys.readouterr().err == f"{COMPILING}\n"


def test_what_takes_no_time_is_not_worth_a_line(listener, capsys, monkeypatch):
    monkeypatch.setattr(first_run, "A_MOMENT", 60.0)
    assert numba.njit(lambda x: x + 3)(1) == 4
    assert listener.functions == 1
    assert capsys.readouterr().err == ""


def test_small_functions_at_long_intervals_are_not_worth_a_line(listener, capsys, monkeypatch):
    monkeypatch.setattr(first_run, "A_MOMENT", 1.0)
    now = [0.0]
    monkeypatch.setattr(first_run.time, "monotonic", lambda: now[0])
    for _ in range(3):
        listener.begins()
        now[0] += 0.3
        listener.ended()
        now[0] += 1000.0
    assert capsys.readouterr().err == ""
    listener.begins()
    now[0] += 0.3
    listener.ended()
    assert capsys.readouterr().err == f"{COMPILING}\n"


def test_a_folder_of_ones_own_is_made_for_its_owner_alone_and_taken_again(tmp_path):
    assert compiled._private(tmp_path / "x") == compiled._private(tmp_path / "x")
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o700


def loose(folder):
    folder.mkdir()
    folder.chmod(0o777)


def foreign(folder):
    if os.getuid() != 0:
        pytest.skip("only root can give a folder away")
    folder.mkdir(mode=0o700)
    os.chown(folder, 12345, 12345)


def link(folder):
    folder.with_name("planted").mkdir(mode=0o700)
    folder.symlink_to(folder.with_name("planted"))


@pytest.mark.parametrize("planted", [loose, foreign, link, lambda folder: folder.write_bytes(b"")])
def test_a_folder_that_others_can_write_to_is_not_used_for_code(tmp_path, planted):
    planted(tmp_path / "x")
    with pytest.raises(OSError, match=r".*"):
        compiled._private(tmp_path / "x")


@pytest.mark.parametrize("planted", [loose, foreign, link])
def test_planted_code_is_not_run_wherever_in_the_cache_it_lies(tmp_path, monkeypatch, planted):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    good = compiled._cache_folder()
    assert good.is_relative_to(tmp_path / "lrrc-sim")
    good.rmdir()
    planted(good)
    with pytest.raises(OSError, match=r".*"):
        compiled._cache_folder()
    planted_above = tmp_path / "other"
    planted_above.mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(planted_above))
    planted(planted_above / "lrrc-sim")
    with pytest.raises(OSError, match=r".*"):
        compiled._cache_folder()


def test_a_relative_folder_is_not_looked_for_in_the_working_one(here, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "cache")
    monkeypatch.setenv("HOME", "home")
    with contextlib.suppress(OSError):
        assert not compiled._cache_folder().is_relative_to(here)
    assert names(here) == []
