"""The run's folder: complete under its final name, or not there at all."""

import errno
import functools
import hashlib
import json
import re
import shutil
import subprocess
from importlib import metadata
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from helpers.requests import asked
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from conf.input_error import InputError
from conf.schema import compose_run
from experiments.results.run_folder import CODE, PACKAGES, content_digest, run_folder, sources_digest
from experiments.sweeping.folder import sweep_folder

FRAME = pd.DataFrame(
    {
        "policy": ["tme_alone", "short_course", "short_course"],
        "estimate": [0.109, 0.056, 0.056],
        "n": [20000, 20000, 19999],
        "flag": [True, False, True],
    }
)
COMMAND = "lrrc compare out=here"


FILES = [
    "config.yaml",
    "data_dictionary.csv",
    "inputs",
    "manifest.json",
    "outcomes.csv",
    "ro-crate-metadata.json",
]


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def finish(run):
    with run_folder("compare", run, asked(COMMAND)) as folder:
        folder.table("outcomes.csv", FRAME)
    return folder.final


def test_a_complete_run_has_its_files_under_its_final_name(here):
    final = finish(compose_run("out=here", "seed=7", "patients=12"))
    assert final == here / "here"
    assert files(here) == ["here"]
    assert files(final) == FILES


def test_nothing_has_the_final_name_before_the_run_is_complete(here):
    with run_folder("compare", compose_run("out=here"), asked(COMMAND)) as folder:
        folder.table("outcomes.csv", FRAME)
        assert not (here / "here").exists()
        assert all(name.startswith(".here.partial-") for name in files(here))


@pytest.mark.parametrize("fault", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_a_run_that_ends_badly_leaves_nothing(here, fault):
    with pytest.raises(fault), run_folder("compare", compose_run("out=a/b/here"), asked(COMMAND)) as folder:
        folder.table("outcomes.csv", FRAME)
        raise fault
    assert files(here) == []


def test_a_run_that_ends_badly_leaves_its_neighbours(here):
    finish(compose_run("out=runs/first"))
    with pytest.raises(RuntimeError), run_folder("compare", compose_run("out=runs/second"), asked(COMMAND)):
        raise RuntimeError
    assert files(here / "runs") == ["first"]


def test_a_full_disk_is_reported_as_such(here):
    with pytest.raises(InputError, match=r"out=.*here.*No space left on device.*nothing was kept"):  # noqa: SIM117
        with run_folder("compare", compose_run("out=here"), asked(COMMAND)):
            raise OSError(errno.ENOSPC, "No space left on device")
    assert files(here) == []


def test_a_fault_of_the_program_is_not_reported_as_a_fault_of_the_place(here):
    with pytest.raises(FileNotFoundError), run_folder("compare", compose_run("out=here"), asked(COMMAND)):
        (here / "not there").read_text()


def test_an_empty_folder_is_taken_and_a_full_one_is_refused(here):
    (here / "empty").mkdir()
    assert finish(compose_run("out=empty")) == here / "empty"
    with pytest.raises(InputError, match="out=empty: the folder is not empty"):
        finish(compose_run("out=empty"))
    assert files(here / "empty") == FILES


def test_a_folder_that_another_run_filled_meanwhile_is_left_alone(here):
    with (
        pytest.raises(InputError, match="filled"),
        run_folder("compare", compose_run("out=here"), asked(COMMAND)),
    ):
        (here / "here").mkdir()
        (here / "here" / "theirs").touch()
    assert files(here) == ["here"]
    assert files(here / "here") == ["theirs"]


@pytest.mark.parametrize("folder", [run_folder, functools.partial(sweep_folder, given={})])
@pytest.mark.parametrize("out", ["file", "file/below", "/proc/here", "x" * 300])
def test_a_place_that_cannot_be_written_is_refused_before_the_run(here, out, folder):
    (here / "file").touch()
    run = compose_run(f"out={out}")
    with pytest.raises(InputError, match="out="), folder("compare", run, asked=asked(COMMAND)):
        pytest.fail("the run began")
    assert files(here) == ["file"]


def test_runs_of_the_same_second_get_folders_of_their_own(here):
    run = compose_run()
    finals = [finish(run) for _ in range(4)]
    assert sorted(finals) == sorted(
        here / "runs" / "compare" / name for name in files(here / "runs" / "compare")
    )
    assert len(set(finals)) == 4
    for final in finals:
        assert re.fullmatch(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d(-\d)?", final.name)


def test_the_config_says_every_lever_of_every_policy(here):
    run = compose_run("out=here")
    written = OmegaConf.load(finish(run) / "config.yaml")
    assert OmegaConf.to_container(written) == run.resolved()
    assert written.policy["usual_care+lateral_before_7mm"].lateral_dissection == "size_before"
    assert written.policy.tme_alone.follow_up.visit_months[0] == 6


def test_the_manifest_says_what_ran_and_on_what(here):
    final = finish(compose_run("out=here", "seed=7", "patients=12", "replication=3"))
    manifest = json.loads((final / "manifest.json").read_text())
    assert manifest["command"] == COMMAND
    assert (manifest["seed"], manifest["patients"], manifest["replication"]) == (7, 12, 3)
    assert manifest["policies"][0] == "usual_care"
    assert {"simpy", "numpy", "numba", "hydra-core", "pandas"} <= set(manifest["packages"])
    assert not {"statsmodels", "optuna"} & set(manifest["packages"])
    assert manifest["packages"]["numpy"] == np.__version__
    assert manifest["started_utc"] <= manifest["finished_utc"]
    assert manifest["run_seconds"] >= 0
    assert manifest["machine"]["cores"] >= 1
    assert manifest["tables"] == {
        "outcomes.csv": {
            "rows": 3,
            "sha256": content_digest(FRAME),
            "file_sha256": hashlib.sha256((final / "outcomes.csv").read_bytes()).hexdigest(),
        }
    }


def test_the_manifest_names_the_commit_that_git_names(here):
    manifest = json.loads((finish(compose_run("out=here")) / "manifest.json").read_text())
    asked, tracked = (
        subprocess.run(["git", "-C", CODE, *words], capture_output=True, text=True)
        for words in (["rev-parse", "HEAD"], ["ls-files", "experiments/results/run_folder.py"])
    )
    if asked.returncode == 0 and tracked.stdout:
        assert manifest["code"]["commit"] == asked.stdout.strip()
        assert manifest["code"]["dirty"] in (True, False)
    else:
        assert manifest["code"]["commit"] is None


def test_the_manifest_names_version_and_sources_where_there_is_no_git(here, monkeypatch):
    monkeypatch.setenv("PATH", str(here))
    code = json.loads((finish(compose_run("out=here")) / "manifest.json").read_text("utf-8"))["code"]
    assert (code["commit"], code["dirty"], code["lock_sha256"]) == (None, None, None)
    assert code["version"] == metadata.version("lrrc-sim")
    assert code["sources_sha256"] == sources_digest(CODE)


def changed(path, change):
    path.write_bytes(change(path.read_bytes()))


@pytest.mark.parametrize(
    "name", ["sim/pathway/surgery.py", "conf/cohort/dutch_tme.yaml", "conf/evidence.csv"]
)
def test_the_digest_of_the_sources_follows_every_file_of_code_and_numbers(here, name):
    for package in PACKAGES:
        shutil.copytree(CODE / package, here / package, ignore=shutil.ignore_patterns("__pycache__"))
    whole = sources_digest(CODE)
    assert sources_digest(here) == whole
    changed(here / name, lambda content: content.replace(b"\n", b"\r\n"))
    (here / "sim/__pycache__").mkdir()
    (here / "sim/__pycache__/surgery.pyc").write_bytes(b"compiled")
    assert sources_digest(here) == whole

    seen = {whole}
    changed(here / name, lambda content: content + b"#")
    seen.add(sources_digest(here))
    moved = (here / name).rename((here / name).with_stem("moved"))
    seen.add(sources_digest(here))
    moved.unlink()
    seen.add(sources_digest(here))
    assert len(seen) == 4


def test_a_table_written_as_csv_reads_back_to_its_digest(here):
    final = finish(compose_run("out=here"))
    assert content_digest(pd.read_csv(final / "outcomes.csv")) == content_digest(FRAME)


def test_a_table_written_as_parquet_reads_back_to_its_digest(here):
    with run_folder("compare", compose_run("out=here"), asked(COMMAND)) as folder:
        folder.table("patients.parquet", FRAME)
    assert content_digest(pd.read_parquet(folder.final / "patients.parquet")) == content_digest(FRAME)


@given(st.permutations(range(3)), st.permutations(list(FRAME.columns)))
def test_the_digest_does_not_depend_on_the_order_of_rows_and_columns(rows, columns):
    assert content_digest(FRAME.iloc[rows][columns]) == content_digest(FRAME)


@pytest.mark.parametrize("kind", ["object", "str", "category"])
def test_the_digest_does_not_depend_on_how_words_are_held(kind):
    assert content_digest(FRAME.astype({"policy": kind})) == content_digest(FRAME)


def test_the_digest_does_not_depend_on_the_width_of_numbers_or_the_sign_of_zero():
    wide = pd.DataFrame({"n": [1, 2], "x": [0.0, np.nan]})
    narrow = pd.DataFrame({"n": np.array([1, 2], np.int16), "x": np.array([-0.0, -np.nan], np.float32)})
    assert content_digest(wide) == content_digest(narrow)


def test_the_digest_follows_every_value_name_and_kind():
    frames = [
        FRAME,
        FRAME.assign(estimate=[0.109, 0.056, np.nextafter(0.056, 1)]),
        FRAME.assign(n=[20001, 20000, 19999]),
        FRAME.assign(policy=["tme_alone", "short_course", "short_cours"]),
        FRAME.assign(policy=["tme_alone", "short_course", None]),
        FRAME.assign(policy=["tme_alone", "short_course", ""]),
        FRAME.assign(n=FRAME.n.astype(float)),
        FRAME.rename(columns={"n": "m"}),
        FRAME.drop(columns="flag"),
        FRAME.iloc[:2],
        # Rows stay together: the same values in each column, paired otherwise.
        FRAME.assign(estimate=[0.056, 0.109, 0.056]),
        pd.DataFrame({"a": ["x", "yz"]}),
        pd.DataFrame({"a": ["xy", "z"]}),
        FRAME.iloc[:0],
        pd.DataFrame(),
    ]
    digests = [content_digest(frame) for frame in frames]
    assert len(set(digests)) == len(frames), [one == other for one, other in pairwise(digests)]


def test_the_digest_of_a_known_table_stays_what_it_was():
    """The digest is compared across versions and machines; a change of the recipe must be meant."""
    assert content_digest(FRAME) == "df6ebdb6ae5e76ac978a6b6d2ac0749332d7de79e69969539c52de22a99ac434"


def test_the_digest_refuses_what_it_has_no_recipe_for():
    with pytest.raises(TypeError, match="column when"):
        content_digest(pd.DataFrame({"when": pd.to_datetime(["2026-01-01"])}))
