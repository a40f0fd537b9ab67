"""A folder is enough: a run is made again from it alone, compared with it, and with other runs."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile

import pandas as pd
import pytest
import yaml
from scipy.stats import norm

import conf
from conf.composition import composing
from conf.own_file import read_yaml
from experiments.cli.command import main
from experiments.rerun import request_again
from experiments.results.received_run import received_run

OWN = {
    "policy/mine.yaml": "description: mine\nwashout: always\n",
    "cohort/older.yaml": "defaults: [dutch_contemporary, _self_]\nage_mean_years: 72\n",
    "trial/leaks.yaml": """title: Leaks
cohort: {base: dutch_contemporary}
arms: {surgery: tme_alone}
follow_up_years: 1
endpoints:
  - {evidence: leaks, arm: surgery, outcome: share, subgroup: anastomosis, of: leaked, published: 0.1, n: 100}
""",
    "posterior.csv": "member,surgery.leak_probability\n0,0.02\n1,0.09\n",
}
QUICK = ("pictures=false",)
YEAR = "horizon_years=0.5"
BOTH = "policies=[tme_alone,mine]"
OWN_SAMPLE = "posterior_from=own/posterior.csv"
RUNS = {
    "compare": ("compare", BOTH, "patients=60", "surgery.leak_probability=0.07", *QUICK),
    "own cohort": ("compare", "cohort=older", "policies=[tme_alone]", "patients=60", "rows=true", *QUICK),
    "scenario": ("compare", "scenario=dutch_tme", "patients=60", "horizon_years=2", *QUICK),
    "capacity": ("capacity", "clinics=[regional]", "policies=[mine]", "patients=15", YEAR, *QUICK),
    "sweep": (
        "sweep", "grid={cohort:[older,dutch_tme],seed:[3]}", "policies=[tme_alone,mine]", "patients=40",
        "compute.workers=1", *QUICK,
    ),
    "posterior": (
        "sweep", "posterior=2", OWN_SAMPLE, "patients=40", "compute.workers=1", *QUICK,
    ),
    "validate": ("validate", "trial=own/trial/leaks.yaml", "patients=60", "most_patients=60", *QUICK),
    "patient": ("patient", "number=3", "patients=10", "policies=[tme_alone,mine]"),
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Folders of runs of every kind, whose own files are gone afterwards."""
    there = tmp_path_factory.mktemp("runs")
    for name, content in OWN.items():
        path = there / "own" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
    before = os.getcwd()
    os.chdir(there)
    try:
        for name, words in RUNS.items():
            experiment, *rest = words
            assert main([experiment, "--config-dir", "own", *rest, f"out={name}"]) == 0, name
    finally:
        os.chdir(before)
    shutil.rmtree(there / "own")
    return there


def manifest_of(folder):
    return json.loads((folder / "manifest.json").read_text("utf-8"))


def zipped(folder, target):
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder.parent).as_posix())
    return target


# The others are long.
SHORT = ("compare", "own cohort", "validate")


@pytest.mark.parametrize(
    "name", [name if name in SHORT else pytest.param(name, marks=pytest.mark.long) for name in RUNS]
)
def test_a_run_is_made_again_from_a_zip_alone(name, made, here, capsys):
    archive = zipped(made / name, here / "run.zip")
    assert main(["rerun", str(archive), "out=again"]) == 0
    then, now = manifest_of(made / name)["tables"], manifest_of(here / "again")["tables"]
    assert now == then and then
    capsys.readouterr()
    # What was made again can itself be made again.
    assert main(["reproduce", "again"]) == 0
    out = capsys.readouterr().out
    assert out.rstrip().endswith("reproduced: again")
    assert all(f"{table}: the same" in out for table in then)


def test_a_folder_keeps_the_files_that_it_used_and_no_others(made):
    kept = {name: set(manifest_of(made / name)["inputs"]) - {"composed.yaml"} for name in RUNS}
    assert kept["compare"] == {"policy/mine.yaml"}
    assert kept["own cohort"] == {"cohort/older.yaml"}
    assert kept["scenario"] == set()
    assert kept["sweep"] == {"cohort/older.yaml", "policy/mine.yaml"}
    assert kept["posterior"] == {"posterior.csv"}
    assert kept["validate"] == {"trial/leaks.yaml"}
    for name, files in kept.items():
        for place in files:
            there = made / name / "inputs" / place
            assert there.read_text("utf-8") == OWN[place]


def test_a_change_is_made_and_all_else_stays(made, here):
    assert (
        main(["rerun", str(made / "compare"), "surgery.leak_probability=0.2", "seed=9", "out=changed"]) == 0
    )
    then, now = (
        yaml.safe_load((folder / "config.yaml").read_text("utf-8"))
        for folder in (made / "compare", here / "changed")
    )
    assert (now["surgery"].pop("leak_probability"), now.pop("seed")) == (0.2, 9)
    assert (then["surgery"].pop("leak_probability"), then.pop("seed")) == (0.07, 1)
    del then["out"], now["out"]
    assert now == then


def test_a_changed_group_brings_its_own_numbers(made, here):
    assert main(["rerun", str(made / "own cohort"), "cohort=dutch_tme", "out=again"]) == 0
    words = ["policies=[tme_alone]", "patients=60", "rows=true", *QUICK]
    assert main(["compare", "cohort=dutch_tme", *words, "out=direct"]) == 0
    assert manifest_of(here / "again")["tables"] == manifest_of(here / "direct")["tables"]
    assert set(manifest_of(here / "again")["inputs"]) == {"composed.yaml"}


def test_where_a_run_was_done_and_what_it_shipped_is_not_taken_from_a_folder(made, here):
    recorded = manifest_of(made / "sweep")["overrides"]
    words = [*recorded, "compute=dask", "compute.address=tcp://127.0.0.1:1"]
    copy = altered(made / "sweep", here, rewrite("overrides", words))
    with received_run(str(copy)) as run, composing(run.inputs):
        asked = request_again(run, [], "")
    assert asked.config.compute.kind == "local" and "ship" not in asked.config


def test_another_locale_time_zone_hash_seed_and_thread_change_no_table(made, here):
    surroundings = {
        "LC_ALL": "C", "TZ": "Pacific/Auckland", "PYTHONHASHSEED": "7", "NUMBA_NUM_THREADS": "1",
        "PYTHONUTF8": "1",
    }  # fmt: skip
    code = "from experiments.cli.command import main; raise SystemExit(main())"
    command = [sys.executable, "-c", code, "reproduce", str(made / "compare")]
    done = subprocess.run(command, env={**os.environ, **surroundings}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def altered(folder, here, change):
    copy = here / "copy"
    shutil.copytree(folder, copy)
    change(copy)
    return copy


def test_an_altered_table_is_named(made, here, capsys):
    def change(copy):
        table = pd.read_csv(copy / "outcomes.csv")
        table.loc[0, "estimate"] += 0.25
        table.to_csv(copy / "outcomes.csv", index=False)

    copy = altered(made / "compare", here, change)
    capsys.readouterr()
    assert main(["reproduce", str(copy)]) == 1
    out = capsys.readouterr().out
    assert "outcomes.csv: was altered since the run" in out and "not reproduced" in out


def test_another_result_is_shown_cell_by_cell_against_its_interval(made, here, capsys):
    def change(copy):
        table = pd.read_csv(copy / "outcomes.csv", keep_default_na=False, na_values={"estimate": [""]})
        row = table.index[(table["outcome"] == "leak")][0]
        table.loc[row, "estimate"] += 0.01
        table.to_csv(copy / "outcomes.csv", index=False)
        manifest = manifest_of(copy)
        about = manifest["tables"]["outcomes.csv"]
        about["file_sha256"] = hashlib.sha256((copy / "outcomes.csv").read_bytes()).hexdigest()
        about["sha256"] = "another"
        (copy / "manifest.json").write_text(json.dumps(manifest))

    copy = altered(made / "compare", here, change)
    capsys.readouterr()
    assert main(["reproduce", str(copy)]) == 1
    out = capsys.readouterr().out
    assert "outcomes.csv: 1 of " in out and "outcome=leak" in out and "half-width of its interval" in out


def rewrite(key, value):
    def change(copy):
        manifest = manifest_of(copy)
        if value is None:
            del manifest[key]
        else:
            manifest[key] = value
        (copy / "manifest.json").write_text(json.dumps(manifest))

    return change


def relinked(copy):
    (copy / "inputs/policy/mine.yaml").unlink()
    (copy / "inputs/policy/mine.yaml").symlink_to("/etc/hostname")


WRONG = {
    "no manifest": (lambda copy: (copy / "manifest.json").unlink(), "has no manifest.json"),
    "no JSON": (lambda copy: (copy / "manifest.json").write_text("{"), "cannot be read"),
    "an older run": (rewrite("overrides", None), "has no overrides"),
    "no such experiment": (rewrite("experiment", "compre"), "did you mean compare"),
    "a path as experiment": (rewrite("experiment", "../x"), "experiment=../x: there is none"),
    "overrides that are no words": (rewrite("overrides", [1]), "overrides: must be words"),
    "an override of Hydra": (rewrite("overrides", ["hydra.run.dir=x"]), "hydra"),
    "an input outside": (
        rewrite("inputs", {"composed.yaml": "", "../../etc/passwd": ""}),
        "no input of a run",
    ),
    "an absolute input": (rewrite("inputs", {"composed.yaml": "", "/etc/passwd": ""}), "no input of a run"),
    "shipped files that are none": (rewrite("shipped_files", {"\0": ""}), "is no shipped file"),
    "shipped files that are a list": (rewrite("shipped_files", []), "has no shipped_files"),
    "a trial outside": (rewrite("overrides", ["trials=/etc/mine.yaml"]), "not among its inputs"),
    "a table outside": (rewrite("tables", {"../x.csv": {"sha256": ""}}), "no table's file"),
    "a file gone": (
        lambda copy: (copy / "inputs/policy/mine.yaml").unlink(),
        "inputs/policy/mine.yaml is gone",
    ),
    "a file altered": (
        lambda copy: (copy / "inputs/policy/mine.yaml").write_text("washout: never\n"),
        "was altered",
    ),
    "a link": (relinked, "leads out of the folder"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_folder_that_is_wrong_is_refused_in_a_line_and_nothing_runs(what, made, here, capsys):
    change, words = WRONG[what]
    copy = altered(made / "compare", here, change)
    before = sorted(here.rglob("*"))
    capsys.readouterr()
    for command in ("rerun", "reproduce"):
        assert main([command, str(copy)]) == 2
        out, err = capsys.readouterr()
        assert out == "" and err.count("\n") == 1 and words in err
    assert sorted(here.rglob("*")) == before


@pytest.mark.parametrize(
    "member", ["../outside.txt", "/outside.txt", "a/../../outside.txt", "c:\\outside.txt"]
)
def test_a_zip_that_reaches_outside_is_refused(member, here, capsys):
    with zipfile.ZipFile(here / "run.zip", "w") as archive:
        archive.writestr("manifest.json", "{}")
        archive.writestr(member, "x")
    assert main(["rerun", "run.zip"]) == 2
    assert "outside its folder" in capsys.readouterr().err
    assert [path.name for path in here.rglob("*")] == ["run.zip"]


def recomposed(key, value, **shipped):
    """Return a change of a number in a folder's composed configuration, and of digests of shipped files."""

    def change(copy):
        path = copy / "inputs/composed.yaml"
        tree = read_yaml(path, "composed")
        tree["surgery"][key] = value
        path.write_text(yaml.safe_dump(tree))
        manifest = manifest_of(copy)
        manifest["inputs"]["composed.yaml"] = hashlib.sha256(path.read_bytes()).hexdigest()
        manifest["shipped_files"] |= shipped
        (copy / "manifest.json").write_text(json.dumps(manifest))

    return change


def test_a_key_that_this_version_does_not_have_is_named_with_the_version_to_install(made, here, capsys):
    copy = altered(made / "scenario", here, recomposed("lost_probability", 0.5))
    assert main(["rerun", str(copy)]) == 2
    err = capsys.readouterr().err
    assert "no key surgery.lost_probability" in err and "install lrrc-sim" in err


def test_a_shipped_default_that_changed_since_is_set_to_the_number_of_the_run(made, here, capsys):
    change = recomposed("perforation_probability", 0.5, **{"parameters/surgery.yaml": "another"})
    copy = altered(made / "scenario", here, change)
    assert main(["rerun", str(copy), "out=again"]) == 0
    assert "parameters/surgery.yaml" in capsys.readouterr().err
    now = yaml.safe_load((here / "again/config.yaml").read_text("utf-8"))
    assert now["surgery"]["perforation_probability"] == 0.5


def test_a_shipped_policy_that_changed_since_is_refused(made, here, capsys):
    def change(copy):
        manifest = manifest_of(copy)
        manifest["shipped_files"]["policy/tme_alone.yaml"] = "another"
        (copy / "manifest.json").write_text(json.dumps(manifest))

    copy = altered(made / "compare", here, change)
    assert main(["rerun", str(copy)]) == 2
    assert "policy/tme_alone.yaml has changed since; install lrrc-sim" in capsys.readouterr().err


def test_the_difference_of_two_runs_names_keys_code_and_results(made, here, capsys):
    assert main(["rerun", str(made / "own cohort"), "surgery.leak_probability=0.5", "out=leaks"]) == 0
    capsys.readouterr()
    assert main(["diff", str(made / "own cohort"), "leaks"]) == 0
    out = capsys.readouterr().out
    assert "surgery.leak_probability: " in out and ", then 0.5" in out
    assert "code and machine\n  the same" in out
    assert "paired, the patients are the same" in out and "\n  tme_alone, leak: +" in out
    assert main(["diff", "leaks", "leaks"]) == 0
    assert capsys.readouterr().out.count("\n  the same") == 3


def test_a_paired_interval_is_that_of_the_patients(made, here, capsys):
    import numpy as np

    changed = ["margin.circumferential_take_probability=1", "out=cells"]
    assert main(["rerun", str(made / "own cohort"), *changed]) == 0
    capsys.readouterr()
    assert main(["diff", str(made / "own cohort"), "cells"]) == 0
    line = next(
        line for line in capsys.readouterr().out.splitlines() if "local_recurrence at 5 years" in line
    )
    found = []
    for folder in (made / "own cohort", here / "cells"):
        rows = pd.read_parquet(folder / "patients.parquet").sort_values("number")
        days = rows["recurrence_found_day"] - rows["diagnosed_day"]
        found.append((days <= 5 * 365.25).to_numpy(float))
    change = found[1] - found[0]
    half = norm.ppf(0.975) * change.std(ddof=1) / np.sqrt(len(change))
    mean = change.mean()
    assert (
        line.strip()
        == f"tme_alone, local_recurrence at 5 years: {mean:+.4g} ({mean - half:.4g} to {mean + half:.4g})"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["rerun", "nowhere"], "there is no such folder or zip"),
        (["rerun", "seed=3"], "name the folder of a run first"),
        (["rerun", "run", "--cfg"], "no options"),
        (["reproduce", "nowhere"], "there is no such folder or zip"),
        (["reproduce", "nowhere", "seed=3"], "only out=FOLDER"),
        (["reproduce", "nowhere.yaml"], "there is no such file"),
        (["diff", "one"], "name two runs"),
    ],
)
def test_what_a_command_does_not_understand_is_refused(words, message, here, capsys):
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and message in err


PAPER = """title: Two tables
items:
  - name: Table 1
    command: lrrc compare policies=[tme_alone] patients=40 pictures=false
    table: outcomes.csv
    sha256: "{digest}"
"""


def test_a_paper_is_reproduced_item_by_item(here, capsys):
    path = here / "paper.yaml"
    path.write_text(PAPER.format(digest="0" * 64))
    assert main(["reproduce", "paper.yaml"]) == 1
    out = capsys.readouterr().out
    assert "Table 1: outcomes.csv has another content" in out
    digest = out.partition("another content, ")[2].partition(",")[0]
    path.write_text(PAPER.format(digest=digest))
    assert main(["reproduce", "paper.yaml"]) == 0
    assert "Table 1: the same (outcomes.csv)" in capsys.readouterr().out
    assert [file.name for file in here.rglob("*")] == ["paper.yaml"]


def damaged(content, at):
    """Return a zip's bytes with others in its data, or with a name that is not the UTF-8 that it says."""
    content = bytearray(content)
    if at == "data":
        content[60:400] = bytes(255 - byte for byte in content[60:400])
        return bytes(content)
    for mark, flags, name in ((b"PK\x03\x04", 6, 30), (b"PK\x01\x02", 8, 46)):
        start = content.index(mark)
        content[start + flags : start + flags + 2] = (0x800).to_bytes(2, "little")
        content[start + name : start + name + 2] = b"\xff\xfe"
    return bytes(content)


@pytest.mark.parametrize("at", ["data", "name"])
def test_a_damaged_zip_is_refused_in_a_line(at, made, here, capsys):
    with zipfile.ZipFile(here / "run.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted((made / next(iter(RUNS))).rglob("*.json")):
            archive.write(file, f"run/{file.name}")
    (here / "run.zip").write_bytes(damaged((here / "run.zip").read_bytes(), at))
    assert main(["rerun", "run.zip"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "run.zip: is neither a run's folder nor a zip" in err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("items: []", "must be a list"),
        ("items: [{name: a}]", "items[0]: command: must be words"),
        ("items: [{name: a, command: rm -rf x, table: o.csv, sha256: x}]", "must be lrrc EXPERIMENT"),
        *(
            (
                f"items: [{{name: a, command: lrrc {words}, table: o.csv, sha256: x}}]",
                "set on the command line",
            )
            for sign in ("", "+", "++")
            for words in (
                f"compare {sign}out=/etc",
                f"calibrate {sign}ship=true",
                f"sweep {sign}compute=slurm",
                f"sweep {sign}compute.kind=slurm",
                f"sweep {sign}compute@compute=slurm",
            )
        ),
        ("items: [{name: a, command: lrrc compare --print, table: o.csv, sha256: x}]", "only key=value"),
        ("items: [{name: a, command: lrrc compare seed=1, table: ../o.csv, sha256: x}]", "name of a table"),
        ("items: [{name: a, comand: x}]", "did you mean command"),
        ("item: []", "did you mean items"),
    ],
)
def test_a_paper_that_is_wrong_is_refused(text, message, here, capsys):
    (here / "paper.yaml").write_text(text)
    assert main(["reproduce", "paper.yaml"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and message in err


def test_the_shipped_papers_are_reproduced(capsys):
    from pathlib import Path

    papers = sorted((Path(conf.__file__).parent.parent / "examples/papers").glob("*.yaml"))
    assert len(papers) == 3
    for paper in papers:
        assert main(["reproduce", str(paper)]) == 0, capsys.readouterr().out


def test_the_difference_notices_tables_that_were_altered(made, here, capsys):
    name = next(iter(RUNS))
    altered = shutil.copytree(made / name, here / "altered")
    table = altered / "outcomes.csv"
    table.write_text(table.read_text().replace("0.1", "0.2"))
    assert main(["diff", str(altered), str(made / name)]) == 0
    assert "outcomes.csv: was altered in A since the run" in capsys.readouterr().out
    assert main(["diff", str(made / name), str(made / name)]) == 0
    assert "altered" not in capsys.readouterr().out


def test_the_difference_refuses_tables_with_words_for_numbers(made, here, capsys):
    name = next(iter(RUNS))
    for column in ("estimate", "ci_high"):
        altered = shutil.copytree(made / name, here / column)
        table = pd.read_csv(altered / "outcomes.csv", dtype=str, keep_default_na=False)
        table.loc[0, column] = "many"
        table.to_csv(altered / "outcomes.csv", index=False)
        manifest = json.loads((altered / "manifest.json").read_text())
        manifest["tables"]["outcomes.csv"]["sha256"] = "another"
        (altered / "manifest.json").write_text(json.dumps(manifest))
        assert main(["diff", str(altered), str(made / name)]) == 2
        assert f"{column} holds words" in capsys.readouterr().err


def test_the_difference_shows_where_levers_and_numbers_are_from_and_what_they_rest_on(made, here, capsys):
    run = ["compare", "patients=30", "horizon_years=1", *QUICK]
    assert main([*run, "policies=[tme_alone,short_course]", "out=one"]) == 0
    leak = "surgery.leak_probability=0.5"
    assert main([*run, "policies=[tme_alone,washout_always+follow_up_minimal]", leak, "out=two"]) == 0
    capsys.readouterr()
    assert main(["diff", "one", "two"]) == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    (line,) = (line for line in lines if line.startswith("surgery.leak_probability: "))
    then, now = line.partition(": ")[2].split(", then ")
    assert "(fitted (disease=calibrated); rests on nl.dsca.leak, no.leak.rate, meta.leak.all)" in then
    assert now == "0.5 (command line)"
    assert "policy.short_course: only in A; neoadjuvant short_course (conf/policy/short_course.yaml)" in lines
    (line,) = (
        line for line in lines if line.startswith("policy.washout_always+follow_up_minimal: only in B")
    )
    assert "washout always (conf/policy/washout_always.yaml)" in line
    assert "follow_up minimal (conf/policy/follow_up_minimal.yaml)" in line


def test_a_lever_of_ones_own_policy_differs_by_its_file(made, here, capsys):
    folder = shutil.copytree(made / "compare", here / "other")
    config = yaml.safe_load((folder / "config.yaml").read_text("utf-8"))
    config["policy"]["mine"]["washout"] = "never"
    (folder / "config.yaml").write_text(yaml.safe_dump(config), "utf-8")
    assert main(["diff", str(made / "compare"), "other"]) == 0
    mine = "(your file, policy/mine.yaml)"
    assert f"policy.mine.washout: always {mine}, then never {mine}" in capsys.readouterr().out
