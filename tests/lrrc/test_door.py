"""The door for Python users: the command's numbers and words, and nothing printed, written or left behind."""

import contextlib
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import lrrc
from experiments.cli.command import main
from experiments.results.run_folder import content_digest

ROOT = Path(lrrc.__file__).resolve().parents[1]
SMALL = {"policies": ["tme_alone", "short_course+washout_always"], "patients": 60}
WORDS = ("policies=[tme_alone,short_course+washout_always]", "patients=60")


def names(folder):
    return sorted(path.name for path in Path(folder).iterdir())


def digests(folder):
    return json.loads((Path(folder) / "manifest.json").read_text("utf-8"))["tables"]


def python(code, folder, **environment):
    """Run code in a Python of its own in a folder; return what it prints, or fail with all that it said."""
    script = Path(folder) / "script.py"
    script.write_text(textwrap.dedent(code), "utf-8")
    done = subprocess.run(
        [sys.executable, script.name],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def by_command(tmp_path_factory):
    """The folder of a small comparison by the command, with rows and a journal but without pictures."""
    folder = tmp_path_factory.mktemp("command") / "run"
    words = [*WORDS, "rows=true", "journal=true", "pictures=false"]
    assert main(["compare", *words, f"out={folder}"]) == 0
    return folder


@pytest.fixture(scope="module")
def run():
    """The same comparison by Python."""
    return lrrc.compare(**SMALL)


# The command's numbers.


def test_the_folder_is_that_of_the_command(by_command, tmp_path):
    run = lrrc.compare(**SMALL, rows=True, journal=True, pictures=False, out=tmp_path / "mine")
    assert run.folder == tmp_path / "mine"
    assert digests(run.folder) == digests(by_command)
    assert names(run.folder) == names(by_command)


@pytest.mark.long
def test_the_pictures_are_those_of_the_command(tmp_path):
    run = lrrc.compare(**SMALL, out=tmp_path / "mine")
    assert main(["compare", *WORDS, f"out={tmp_path / 'theirs'}"]) == 0
    assert names(run.folder) == names(tmp_path / "theirs")
    pictures = list(run.folder.glob("*.png"))
    assert len(pictures) > 5
    for path in pictures:
        assert path.read_bytes() == (tmp_path / "theirs" / path.name).read_bytes()


def test_the_tables_are_those_of_the_command_whether_or_not_a_folder_is_written(run, by_command):
    noted = digests(by_command)
    assert {f"{name}.csv" for name in run.tables} == {name for name in noted if name.endswith(".csv")}
    for name, table in run.tables.items():
        assert content_digest(table) == noted[f"{name}.csv"]["sha256"]
        assert list(table) == (by_command / f"{name}.csv").read_text("utf-8").split("\n")[0].split(",")


def test_patients_are_simulated_again_where_their_rows_were_not_kept(run, by_command):
    patients = run.patients()
    assert content_digest(patients) == digests(by_command)["patients.parquet"]["sha256"]
    never = patients["recurrence_route"].isna()
    assert 0 < never.sum() < len(patients)
    assert patients.loc[never, "recurrence_onset_day"].isna().all()


def test_the_summary_is_what_the_command_prints(run, by_command, capsys, tmp_path):
    assert main(["compare", *WORDS, "pictures=false", f"out={tmp_path / 'run'}"]) == 0
    assert capsys.readouterr().out == f"{run}\n{tmp_path / 'run'}\n"


def test_its_command_asks_for_the_same(run):
    assert run.command == "lrrc compare 'policies=[tme_alone,short_course+washout_always]' patients=60"


def test_values_reach_the_run_as_the_words_of_the_command_do(tmp_path):
    surgery = {"leak_probability": np.float64(0.5)}
    values = {
        "policies": ("tme_alone",),
        "patients": np.int64(40),
        "scenario": "dutch_tme",
        "pictures": False,
    }
    mine = lrrc.compare(**values, surgery=surgery, comparator=None, out=str(tmp_path / "mine")).folder
    words = ("policies=[tme_alone]", "patients=40", "scenario=dutch_tme", "pictures=false", "comparator=null")
    assert main(["compare", *words, "surgery.leak_probability=0.5", f"out={tmp_path / 'theirs'}"]) == 0
    one, other = ((folder / "config.yaml").read_text("utf-8") for folder in (mine, tmp_path / "theirs"))
    assert one.replace(str(mine), "") == other.replace(str(tmp_path / "theirs"), "")
    assert "leak_probability: 0.5\n" in one
    assert digests(mine) == digests(tmp_path / "theirs")


SWEPT = {"grid": {"surgery.leak_probability": [0.02, 0.5]}, "policies": ["tme_alone", "short_course"]}


def test_a_sweep_is_that_of_the_command(tmp_path):
    settings = {**SWEPT, "patients": 30, "horizon_years": 3}
    words = ("grid={surgery.leak_probability:[0.02,0.5]}", "policies=[tme_alone,short_course]")
    words += ("patients=30", "horizon_years=3", "compute.workers=1", f"out={tmp_path / 'theirs'}")
    assert main(["sweep", *words]) == 0
    noted = digests(tmp_path / "theirs")
    kept = lrrc.sweep(**settings, compute={"workers": 1}, out=tmp_path / "mine")
    assert digests(kept.folder) == noted
    run = lrrc.sweep(**settings, compute={"workers": 1})
    assert run.folder is None
    assert {f"{name}.csv" for name in run.tables} == {name for name in noted if name.endswith(".csv")}
    for name, table in run.tables.items():
        assert content_digest(table) == noted[f"{name}.csv"]["sha256"]
    assert run.pictures == ["local_recurrence_lines"]
    assert "leak probability" in run.draw("local_recurrence_lines").texts[0].get_text()


def test_a_sweep_of_which_a_task_fails_says_why_and_whether_what_was_done_is_kept(tmp_path, monkeypatch):
    from experiments.simulating import cohort

    real = cohort.count_block

    def faulty(run, *where):
        if run.parameters["surgery"]["leak_probability"] == 0.5:
            raise FloatingPointError("no such life")
        return real(run, *where)

    settings = {**SWEPT, "patients": 20, "horizon_years": 1, "compute": {"workers": 1}}
    with monkeypatch.context() as patched:
        patched.setattr(cohort, "count_block", faulty)
        with pytest.raises(lrrc.IncompleteError) as failed:
            lrrc.sweep(**settings)
        with pytest.raises(
            lrrc.IncompleteError, match=f"1 of 2 tasks failed, see {tmp_path}/sweep/failed.csv"
        ):
            lrrc.sweep(**settings, out=tmp_path / "sweep")
    assert "surgery.leak_probability=0.5" in str(failed.value)
    assert str(failed.value).endswith("no such life; nothing was kept; out= keeps what is done")
    assert len(lrrc.sweep(**settings, out=tmp_path / "sweep").design) == 2


def test_a_sweep_on_slurm_needs_a_folder_that_its_machines_see(here):
    with pytest.raises(lrrc.InputError, match="compute=slurm: name a folder that all machines see"):
        lrrc.sweep(**SWEPT, patients=20, compute="slurm")


@pytest.mark.long
def test_trials_clinics_and_a_patient_are_those_of_the_command(tmp_path):
    asked = {
        "validate": ({"trial": "crab", "patients": 200, "most_patients": 200}, "endpoints_validation"),
        "capacity": ({"clinics": ["regional"], "policies": ["tme_alone"], "patients": 60}, "waits"),
        "patient": ({"number": 3, "policies": ["tme_alone", "short_course"]}, "timeline"),
        "psa": (
            {"members": 20, "patients": 64, "evppi": {"harm": ["harm.fracture_probability"]}},
            "acceptability",
        ),
    }
    for name, (settings, picture) in asked.items():
        words = [f"{key}={value}".replace("'", "").replace(" ", "") for key, value in settings.items()]
        words += [] if name == "patient" else ["pictures=false"]
        assert main([name, *words, f"out={tmp_path / name}"]) == 0
        run = getattr(lrrc, name)(**settings)
        noted = digests(tmp_path / name)
        assert {f"{table}.csv": content_digest(frame) for table, frame in run.tables.items()} == {
            table: about["sha256"] for table, about in noted.items()
        }
        assert picture in run.pictures or picture.replace("validation", "calibration") in run.pictures
        assert run.draw(run.pictures[0]).get_axes()
        back = lrrc.load(tmp_path / name).tables
        assert {table: list(frame) for table, frame in back.items()} == {
            table: list(frame) for table, frame in run.tables.items()
        }
        with pytest.raises(lrrc.InputError, match=f"lrrc.{name} keeps no patients; use lrrc.compare"):
            run.patients()


# The command's words.

WRONG = [
    ("compare", {"patients": "many"}, ["patients=many"]),
    ("compare", {"patients": 0}, ["patients=0"]),
    ("compare", {"policies": ["tme_alon"]}, ["policies=[tme_alon]"]),
    ("compare", {"policies": "tme_alone"}, ["policies=tme_alone"]),
    ("compare", {"cohort": "dutch"}, ["cohort=dutch"]),
    ("compare", {"surgery.leak_probability": 2}, ["surgery.leak_probability=2"]),
    ("compare", {"surgery": {"leek_probability": 0.1}}, ["surgery.leek_probability=0.1"]),
    ("compare", {"washout": "always"}, ["washout=always"]),
    ("compare", {"clinics": ["regional"]}, ["clinics=[regional]"]),
    ("compare", {"hydra.run.dir": "x"}, ["hydra.run.dir=x"]),
    ("compare", {"cohort.age_mean_years": "${oc.env:HOME}"}, ["cohort.age_mean_years='${oc.env:HOME}'"]),
    ("compare", {"scenario": None}, ["scenario=null"]),
    ("compare", {"journal": True, "clock": "compiled"}, ["journal=true", "clock=compiled"]),
    ("compare", {"config_dir": "nowhere"}, ["--config-dir", "nowhere"]),
    ("sweep", {"grid": {"leak": [1]}}, ["grid={leak:[1]}"]),
    ("sweep", {}, []),
    ("validate", {"trial": "no_trial"}, ["trial=no_trial"]),
    ("capacity", {"clinic": "regional"}, ["clinic=regional"]),
    ("psa", {"members": 2}, ["members=2"]),
    ("gains", {"threshold": -1}, ["threshold=-1"]),
    ("budget", {"uptake": []}, ["uptake=[]"]),
    ("sensitivity", {"method": "tornad"}, ["method=tornad"]),
    ("patient", {"find": "age_year < 60"}, ["find=age_year < 60"]),
    ("patient", {"number": 10, "patients": 5}, ["number=10", "patients=5"]),
]


@pytest.mark.parametrize("name, settings, words", WRONG, ids=[f"{name} {words}" for name, _, words in WRONG])
def test_wrong_input_is_refused_in_the_words_of_the_command(here, capsys, name, settings, words):
    assert main([name, *words]) == 2
    printed = capsys.readouterr().err
    with pytest.raises(lrrc.InputError) as refused:
        getattr(lrrc, name)(**settings)
    assert printed == f"lrrc: error: {refused.value}\n"
    assert [*here.iterdir()] == []


def test_a_folder_that_is_not_empty_is_refused_in_the_words_of_the_command(by_command, capsys):
    assert main(["compare", *WORDS, f"out={by_command}"]) == 2
    with pytest.raises(lrrc.InputError) as refused:
        lrrc.compare(**SMALL, out=by_command)
    assert capsys.readouterr().err == f"lrrc: error: {refused.value}\n"


def test_a_value_that_the_command_could_not_be_given_is_refused_by_its_key():
    with pytest.raises(
        lrrc.InputError, match=r"^seed: a value of Python's type object has no place in a run"
    ):
        lrrc.compare(seed=object())
    with pytest.raises(lrrc.InputError, match=r"^a=b: must be the name of a key"):
        lrrc.compare(**{"a=b": 1})


def test_files_of_ones_own_are_found_in_config_dir(tmp_path):
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "mine.yaml").write_text("description: mine\nwashout: always\n", "utf-8")
    run = lrrc.compare(policies=["tme_alone", "mine"], patients=20, config_dir=tmp_path)
    assert set(run.outcomes["policy"]) == {"tme_alone", "mine"}


# A run's folder.


def test_a_folder_is_read_back(run, by_command):
    back = lrrc.load(by_command)
    noted = digests(by_command)
    assert {*back.tables} == {*run.tables, "journal"}
    for name, table in run.tables.items():
        assert content_digest(getattr(back, name)) == noted[f"{name}.csv"]["sha256"]
        assert list(getattr(back, name)) == list(table)
    assert content_digest(back.journal) == noted["journal.parquet"]["sha256"]
    assert content_digest(back.patients()) == noted["patients.parquet"]["sha256"]
    assert str(back) == str(run)
    assert back.folder == by_command
    assert back.pictures == run.pictures
    assert back.draw("incidence")._repr_png_() == run.draw("incidence")._repr_png_()


def test_what_is_no_runs_folder_is_refused_in_the_words_of_the_command(by_command, tmp_path, capsys):
    (tmp_path / "file").touch()
    for wrong in (tmp_path, tmp_path / "file", tmp_path / "nowhere", by_command.parent):
        assert main(["draw", str(wrong)]) == 2
        with pytest.raises(lrrc.InputError) as refused:
            lrrc.load(wrong)
        assert capsys.readouterr().err == f"lrrc: error: {refused.value}\n"


def test_a_damaged_table_is_refused_when_it_is_used(tmp_path):
    folder = lrrc.compare(**SMALL, out=tmp_path / "run", pictures=False).folder
    (folder / "outcomes.csv").write_text("policy,estimate\ntme_alone,words\n", "utf-8")
    (folder / "flow.csv").write_bytes(b"\xff,\n")
    (folder / "patients.parquet").write_text("none", "utf-8")
    back = lrrc.load(folder)
    assert len(back.differences)
    with pytest.raises(lrrc.InputError, match=r"outcomes.csv: not the table of this name"):
        back.draw("icon_array")
    with pytest.raises(lrrc.InputError, match=r"flow.csv: cannot be read"):
        _ = back.flow
    with pytest.raises(lrrc.InputError, match=r"patients.parquet: cannot be read"):
        back.patients()
    with pytest.raises(lrrc.InputError, match=r"cannot be drawn from what its tables hold now"):
        str(back)


def test_the_folder_of_a_sweep_is_read_back_and_not_drawn_as_one_run(tmp_path):
    run = lrrc.sweep(**SWEPT, patients=20, compute={"workers": 1}, out=tmp_path / "sweep")
    back = lrrc.load(tmp_path / "sweep")
    assert {*back.tables} == {*run.tables}
    for name, table in run.tables.items():
        assert content_digest(back.tables[name]) == content_digest(table)
    assert back.pictures == []
    with pytest.raises(lrrc.InputError, match="incidence: nothing can be drawn from the tables of this run"):
        back.draw("incidence")


# Nothing is printed, written or left behind.


def test_nothing_is_printed_and_nothing_written(here, capfd):
    run = lrrc.compare(**SMALL)
    run.patients()
    run.draw("survival")
    lrrc.sweep(**SWEPT, patients=20, compute={"workers": 1})
    lrrc.patient(find="perianastomotic", patients=3_000)
    assert run.warnings == ()
    assert capfd.readouterr() == ("", "")
    assert [*here.iterdir()] == []


def test_a_warning_of_the_command_is_kept_with_the_run(here, capsys):
    settings = {"clinic": "regional", "clinic.linac_count": 6, "pathway.patience_median_days": 1e9}
    settings |= {"patients": 150, "horizon_years": 2, "pictures": False}
    words = [f"{key}={value}" for key, value in settings.items()]
    policies = ["tme_alone", "chemoradiotherapy+for_everyone"]
    assert main(["compare", f"policies=[{','.join(policies)}]", *words]) == 0
    warned = [
        line.removeprefix("lrrc: warning: ")
        for line in capsys.readouterr().err.splitlines()
        if line.startswith("lrrc: warning: ")
    ]
    run = lrrc.compare(policies=policies, **settings)
    assert len(warned) == 1
    assert run.warnings == tuple(warned)
    assert warned[0][:20] in run._repr_html_()
    assert capsys.readouterr().err == ""


def test_progress_is_shown_where_it_is_asked_for(capfd):
    lrrc.sweep(**SWEPT, patients=20, horizon_years=1, compute={"workers": 1}, progress=True)
    assert "0 of 2 tasks" in capfd.readouterr().err


def test_one_call_leaves_nothing_to_the_next(run):
    import numba
    from hydra.core.global_hydra import GlobalHydra

    threads = numba.get_num_threads()
    with contextlib.suppress(lrrc.InputError):
        lrrc.compare(patients="many")
    lrrc.sweep(**SWEPT, patients=20, horizon_years=1, compute={"workers": 1})
    assert numba.get_num_threads() == threads
    assert not GlobalHydra.instance().is_initialized()
    again = lrrc.compare(**SMALL)
    pd.testing.assert_frame_equal(again.outcomes, run.outcomes)


def test_a_program_that_uses_hydra_itself_keeps_what_it_has(tmp_path):
    from hydra import compose, initialize_config_dir

    (tmp_path / "theirs.yaml").write_text("own: 1\n", "utf-8")
    with initialize_config_dir(str(tmp_path), version_base="1.2"):
        with pytest.raises(lrrc.InputError):
            lrrc.compare(cohort="dutch")
        assert compose("theirs").own == 1


# What a researcher sees.


def test_dir_shows_the_public_names_and_each_says_what_it_does():
    assert dir(lrrc) == sorted(lrrc.__all__)
    assert dir(lrrc) == [
        "IncompleteError", "InputError", "Run", "budget", "capacity", "compare", "gains", "load", "patient",
        "psa", "sensitivity", "sweep", "validate",
    ]  # fmt: skip
    experiments = set(dir(lrrc)) - {"IncompleteError", "InputError", "Run", "load"}
    for name in sorted(experiments):
        words = " ".join(getattr(lrrc, name).__doc__.split())
        assert "common random numbers" in words
        assert f">>> run = lrrc.{name}(" in words
    with pytest.raises(AttributeError, match=r"no attribute 'compere'"):
        _ = lrrc.compere


def test_a_run_shows_its_tables_and_its_summary(run):
    assert {*run.tables, "draw", "patients"} <= {*dir(run)}
    assert run.outcomes is run.tables["outcomes"]
    with pytest.raises(AttributeError, match="this run has no outcome; its tables are outcomes, differences"):
        _ = run.outcome
    html = run._repr_html_()
    assert "<code>run.outcomes</code>" in html
    assert "<code>incidence</code>" in html
    assert "60 patients" in html
    assert repr(run).startswith("<lrrc.compare: 60 patients, 2 policies, seed 1; tables: outcomes,")


def test_a_figure_is_drawn_without_pyplot_and_shown_by_a_notebook(run):
    figure = run.draw("incidence")
    assert figure._repr_png_()[:8] == b"\x89PNG\r\n\x1a\n"
    with pytest.raises(
        lrrc.InputError, match=r"incidense: there is no such picture; did you mean incidence\?"
    ):
        run.draw("incidense")


# Any program, any folder, any thread.


def test_importing_it_imports_nothing_heavy(tmp_path):
    code = """
        import sys
        before = set(sys.modules)
        import lrrc
        dir(lrrc), lrrc.compare.__doc__
        print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before}))
    """
    names = {*python(code, tmp_path).split()}
    assert "lrrc" in names
    heavy = {"numba", "pandas", "matplotlib", "numpy", "scipy", "hydra", "omegaconf", "simpy", "tqdm", "yaml"}
    assert names & (heavy | {"sim", "conf", "experiments", "analysis"}) == set()


def test_refused_input_compiles_and_tabulates_nothing(tmp_path):
    code = """
        import sys
        import lrrc
        try:
            lrrc.compare(patients="many")
        except lrrc.InputError:
            print(*sorted({"numba", "pandas", "matplotlib"} & set(sys.modules)))
    """
    assert python(code, tmp_path).split() == []


@pytest.fixture
def theirs(tmp_path):
    """A folder with packages and modules of the user's own, of the names that lrrc needs."""
    for name in ("analysis", "conf", "sim", "experiments"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("own = True\n", "utf-8")
    (tmp_path / "analysis" / "tables.py").write_text("own = True\n", "utf-8")
    return tmp_path


@pytest.mark.long
def test_folders_of_ones_own_shadow_nothing_in_workers_either_and_a_script_needs_no_guard(theirs):
    code = """
        import lrrc
        run = lrrc.sweep(
            grid={"surgery.leak_probability": [0.02, 0.5]}, policies=["tme_alone", "short_course"],
            patients=30, horizon_years=3, compute={"workers": 2},
        )
        print(len(run.design), run.outcomes["estimate"].notna().sum() > 100)
        print(lrrc.compare(patients=20).outcomes.shape[1])
    """
    assert python(code, theirs) == "2 True\n11\n"


def test_a_name_that_is_taken_is_said_with_its_file(theirs):
    code = """
        import analysis, lrrc
        try:
            lrrc.compare(patients=20)
        except ImportError as error:
            print(error)
        import sim
        print(sim.own)
    """
    said, own = python(code, theirs).splitlines()
    assert said.startswith(
        f"lrrc needs the name analysis, which {theirs / 'analysis' / '__init__.py'} has in this process"
    )
    assert own == "True"


@pytest.mark.long
def test_six_threads_under_any_threading_layer_find_what_one_finds(tmp_path):
    code = """
        import threading
        import lrrc
        found, together = {}, threading.Barrier(6)
        def ask(seed):
            run = lrrc.compare(policies=["tme_alone", "short_course"], patients=4_000, seed=seed)
            run.draw("incidence")
            together.wait()
            found.setdefault(seed, []).append((run.outcomes, run.patients()))
        threads = [threading.Thread(target=ask, args=(seed,)) for seed in (1, 2, 3, 1, 2, 3)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        same = [a.equals(b) for one, other in found.values() for a, b in zip(one, other)]
        print(sorted(found), all(same), len(same))
        print(found[1][0][0].equals(found[2][0][0]))
    """
    assert python(code, tmp_path, NUMBA_THREADING_LAYER="workqueue") == "[1, 2, 3] True 6\nFalse\n"
