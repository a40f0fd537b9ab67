"""Sizes are estimated before the first patient: what cannot fit is refused with the figure, in one line."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conf import sizes, units
from conf.clinics import has_queues
from conf.input_error import InputError, in_full, shown
from conf.schema import compose_run, shipped
from experiments import calibrate
from experiments.cli.command import main
from experiments.simulating import crowd as clinic
from experiments.sweeping.design import read_design
from sim.clinic.needs import is_unlimited
from sim.luck import LUCK
from sim.patient import ROW

ABSURD = [
    ("compare patients=1e30 clinic=regional", "must be a whole number of 1 or more, and at most"),
    ("sweep grid={seed:[1]} block=1 patients=1e10", "block=1: 10,000,000,000 tasks: would take"),
    ("sweep latin={surgery.leak_probability:[0,1]} points=1e9", "1,000,000,000 points: would take"),
    ("validate trial=crab most_patients=1e15", "most_patients=1000000000000000 of 1 arms: would take"),
    ("validate trial=crab patients=100 most_patients=99", "patients=100, most_patients=99"),
    ("calibrate trial=crab ensemble=1e9", "ensemble=1000000000, steps=3"),
    ("calibrate trial=crab patients=1e12", "patients=1000000000000: would take"),
    ("capacity clinic.arrivals_per_year=1e8", "GiB of memory, and there are"),
]


def test_the_bytes_of_a_row_and_of_its_luck_are_those_of_their_types():
    assert (ROW.itemsize, LUCK.itemsize) == (sizes.ROW_ITEM, sizes.LUCK_ITEM)


@pytest.mark.parametrize(("line", "message"), ABSURD, ids=[line for line, _ in ABSURD])
def test_what_cannot_fit_is_refused_with_the_figure_and_leaves_nothing(here, capsys, line, message):
    assert main(line.split()) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert message in err
    assert list(here.iterdir()) == []


@pytest.fixture(scope="module")
def run():
    return compose_run("policies=[tme_alone,short_course]")


@pytest.fixture(scope="module")
def queued(run):
    return dataclasses.replace(run, clinic=compose_run("clinic=regional", "policies=[tme_alone]").clinic)


def busy(queued, arrivals):
    return dataclasses.replace(queued, clinic={**queued.clinic, "arrivals_per_year": arrivals})


def refusal(asked):
    with pytest.raises(InputError) as refused:
        sizes.check_run(asked)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_a_run_that_would_last_longer_than_a_year_is_refused(run):
    words = "patients=1000000000000000000 under 2 policies: would take 6.34e+04 years"
    assert words in refusal(dataclasses.replace(run, patients=10**18))
    sizes.check_run(dataclasses.replace(run, patients=10**12))


@pytest.mark.parametrize("kept", ["rows", "journal"])
def test_rows_and_journals_that_do_not_fit_are_refused(run, kept):
    asked = dataclasses.replace(run, patients=10**10, **{kept: True})
    assert "GiB of memory, and there are" in refusal(asked)
    sizes.check_run(dataclasses.replace(asked, patients=10_000))


def test_who_comes_to_a_clinic_counts_and_not_only_its_cohort(queued):
    sizes.check_run(queued)
    assert "clinic.arrivals_per_year=1e+08" in refusal(busy(queued, 1e8))
    assert "would arrive for 1.05e+13 years" in refusal(busy(queued, 2e-9))
    assert "patients=10000000000" in refusal(dataclasses.replace(queued, patients=10**10))


def test_who_comes_to_a_clinic_is_counted_as_the_clinic_counts(queued):
    for arrivals in (1.0, 150.0, 4321.0):
        asked = busy(queued, arrivals)
        crowd = clinic.crowd_of(asked, clinic.pilot_patients(asked) // 2)
        assert sizes.pilot_patients(asked) == pytest.approx(clinic.pilot_patients(asked), abs=1)
        assert sizes.crowd_patients(asked) == pytest.approx(len(crowd.days), abs=3)
    assert sizes.MOST_NUMBER == clinic.BEFORE
    assert sizes.SEARCH_TIMES == calibrate.SEARCH_TIMES


@pytest.mark.parametrize("file", ["unlimited", "regional", "backlog"])
def test_a_clinic_has_queues_where_the_simulation_says_so(file):
    tree = shipped("clinic/unlimited") if file == "unlimited" else compose_run(f"clinic={file}").clinic
    assert has_queues(tree) == (not is_unlimited(tree))
    closed = {**tree, "theatre_closed_until_days": 9.0}
    assert has_queues(closed) and not is_unlimited(closed)


def test_the_points_of_a_sweep_are_counted_before_they_are_made(run):
    axis = list(range(1000))
    given = {"list": None, "latin": None, "grid": {f"surgery.{k}": axis for k in "abcdef"}}
    with pytest.raises(InputError, match=r"1e\+18 points: would take"):
        read_design(given, None, lambda words: run)


def test_the_tables_and_lives_of_a_sweep_are_counted_before_they_are_made(run):
    sizes.check_sweep([run] * 100, 2, 10_000, 2, True)
    for runs, replications, block, words in (
        ([run], 10**9, 10_000, "replications=1000000000 of 1 points"),
        ([dataclasses.replace(run, patients=10**12)], 1, 10, "block=10: 100,000,000,000 tasks"),
        ([dataclasses.replace(run, patients=10**12)] * 90, 1, 10**12, "would take"),
    ):
        with pytest.raises(InputError, match=words):
            sizes.check_sweep(runs, replications, block, 1, True)


def test_the_processes_of_a_sweep_share_the_memory(queued):
    patients = int(sizes.free_bytes() / sizes.QUEUE_ROW_BYTES / 2 / 4)
    few = dataclasses.replace(queued, clock="simpy", patients=patients)
    sizes.check_sweep([few] * 9, 1, 10_000, 1, True)
    sizes.check_sweep([few] * 9, 1, 10_000, 8, False)
    with pytest.raises(InputError, match="8 at a time: would take"):
        sizes.check_sweep([few] * 9, 1, 10_000, 8, True)


def test_the_memory_that_is_free_is_some_of_this_machines():
    assert 2**27 < sizes.free_bytes() < 2**50


def test_without_a_way_to_ask_for_the_free_memory_one_is_assumed(monkeypatch):
    monkeypatch.setattr(sizes, "Path", lambda name: Path("/nowhere") / name.lstrip("/"))
    monkeypatch.delattr(sizes.os, "sysconf")
    assert sizes.free_bytes() == 64 * 2**30


numbers = st.one_of(
    st.integers(-(10**420), 10**420),
    st.floats(),
    st.sampled_from([10**5000, -(10**5000), 2**63, -0.0, 5e-324, 1e308, True, None, "1", [1], {}]),
)


@given(numbers, st.sampled_from([units.FRACTION, units.NOT_NEGATIVE, units.POSITIVE, units.LOG, units.ANY]))
def test_a_number_of_any_size_is_taken_or_refused_in_a_line(value, allowed):
    try:
        taken = units.number("a.b", value, allowed)
    except InputError as error:
        assert str(error).startswith("a.b=") and "\n" not in str(error) and len(str(error)) < 300
    else:
        assert allowed.low <= taken <= allowed.high and taken == float(value)
        assert str(taken) != "-0.0"


@given(numbers, st.integers(0, 2), st.sampled_from([5, units.MOST_WHOLE]))
def test_a_whole_number_of_any_size_is_taken_or_refused_in_a_line(value, low, high):
    try:
        taken = units.whole("a", value, low, high)
    except InputError as error:
        assert str(error).startswith("a=") and "\n" not in str(error) and len(str(error)) < 300
        assert f"whole number of {low} or more" in str(error)
    else:
        assert type(taken) is int and low <= taken <= high and taken == value


def test_a_number_with_thousands_of_digits_can_be_shown():
    assert shown(10**9000).startswith("0x") and len(shown(10**9000)) < 200
    assert shown([10**9000]).startswith("[0x")
    assert in_full(list(range(100))).endswith("98,99]")


# Of this process alone: the peak that getrusage gives begins with that of the process that started it.
PEAK = r"""
import contextlib, io, pathlib, re, sys
from experiments.cli.command import main
with contextlib.redirect_stdout(io.StringIO()):
    assert main(sys.argv[1:]) == 0
print(re.search(r"VmHWM:\s*(\d+) kB", pathlib.Path("/proc/self/status").read_text())[1])
"""


def peak_bytes(folder, *words):
    command = [sys.executable, "-c", PEAK, "compare", *words, f"out={folder}"]
    return 1024 * int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.mark.long
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the peak is read from /proc")
@pytest.mark.parametrize(
    ("words", "few", "many"),
    [
        (["rows=true"], 4_000, 60_000),
        (["journal=true"], 4_000, 60_000),
        (["clinic=regional", "horizon_years=1"], 400_000, 1_200_000),
    ],
)
def test_the_memory_of_real_runs_is_within_a_factor_of_two_of_the_estimate(tmp_path, words, few, many):
    def both(patients):
        asked = compose_run("policies=[tme_alone]", f"patients={patients}", *words)
        folder = tmp_path / str(patients)
        return sizes.run_bytes(asked), peak_bytes(
            folder, "policies=[tme_alone]", f"patients={patients}", *words
        )

    (small, least), (large, most) = both(few), both(many)
    assert (large - small) / 2 <= most - least <= 2 * (large - small)


@pytest.mark.long
def test_no_machine_simulates_patients_faster_than_a_year_is_reckoned(tmp_path):
    import time

    begin = time.perf_counter()
    assert main(["compare", "policies=[tme_alone]", "patients=500000", f"out={tmp_path / 'x'}"]) == 0
    assert 500_000 / (time.perf_counter() - begin) < sizes.PATIENTS_A_SECOND
