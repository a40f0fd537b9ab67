"""The command: help that helps, refusals that say what to correct, and runs that are whole or not there."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import yaml

import conf
from conf.capacity import read_capacity
from conf.composition import composing
from conf.overrides import override
from conf.policies import LEVERS
from conf.request import request
from conf.schema import RUN_KEYS, shipped_sections
from experiments.cli.catalogue import EXPERIMENTS
from experiments.cli.command import main
from experiments.sweeping.plan import read_plan
from experiments.valuing.plan import read_psa
from experiments.valuing.sensitivity_plan import read_sensitivity

CONF = Path(conf.__file__).parent
HEAVY = {"numba", "pandas", "matplotlib", "seaborn", "scipy", "simpy"}


@pytest.fixture
def lrrc(here, capsys):
    """Run the command in an empty folder; return its exit status and what it printed."""

    def run(*words):
        status = main(words)
        out, err = capsys.readouterr()
        return status, out, err

    return run


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def process(*words, **options):
    command = [
        sys.executable,
        "-c",
        "from experiments.cli.command import main; raise SystemExit(main())",
        *words,
    ]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


@pytest.mark.parametrize("words", [(), ("-h",), ("--help",)])
def test_help_lists_every_experiment_with_an_example(lrrc, words):
    status, out, err = lrrc(*words)
    assert (status, err) == (0, "")
    for name, experiment in EXPERIMENTS.items():
        assert f"  {name} " in out
        assert experiment.examples[0] in out


def test_help_comes_within_a_second(here):
    def seconds():
        start = time.perf_counter()
        asked = process("--help")
        asked.communicate()
        assert asked.returncode == 0
        return time.perf_counter() - start

    assert min(seconds() for _ in range(3)) < 1.0


@pytest.mark.parametrize("words", [["--help"], ["compare", "--help"], ["compare", "patients=0"]])
def test_help_and_refusals_import_nothing_heavy(here, words):
    code = "import sys; from experiments.cli.command import main; "
    code += f"main({words}); print(*sys.modules, file=sys.stderr)"
    asked = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert asked.returncode == 0
    assert not HEAVY & set(asked.stderr.split())


def test_the_help_of_compare_names_every_group_policy_lever_and_key(lrrc):
    status, out, err = lrrc("compare", "--help")
    assert (status, err) == (0, "")
    for group in ("cohort", "scenario", "policy", "follow_up", "disease", "clinic"):
        for file in (CONF / group).glob("*.yaml"):
            assert f"\n  {file.stem}" in out
    for name in (*LEVERS, *RUN_KEYS, *shipped_sections()):
        assert name in out
    for lever, (kind, words) in LEVERS.items():
        assert words.split(",")[0] in out, lever
        for member in getattr(kind, "__members__", ()):
            assert member.lower() in out
    assert max(map(len, out.splitlines())) <= 110


def test_the_help_of_a_sweep_has_its_design_first_and_no_key_that_it_refuses(lrrc):
    _, out, _ = lrrc("sweep", "--help")
    keys = out.partition("\nkeys\n")[2].partition("\n\n")[0]
    assert keys.startswith("  grid=null")
    assert " rows=" not in keys and " journal=" not in keys
    assert "runs/sweep/<date and time>" in keys


@pytest.mark.parametrize(("name", "usage"), [("draw", "RUN\n"), ("animate", "RUN [key=value ...]\n")])
def test_the_help_of_what_is_done_with_a_folder_says_whether_it_has_keys(lrrc, name, usage):
    status, out, _ = lrrc(name, "--help")
    assert status == 0
    assert f"usage: lrrc {name} {usage}" in out


# Of these a run of few patients is long; all are read, and their other runs are in the tests of each.
SLOW = ("capacity", "sweep", "psa", "sensitivity")


@pytest.mark.parametrize("name", SLOW)
def test_the_examples_of_the_help_are_read(name):
    read = {
        "capacity": lambda asked: read_capacity(asked.config, [*asked.overrides]),
        "sweep": lambda asked: read_plan(asked.config, [*asked.overrides]),
        "psa": lambda asked: read_psa(asked.config, asked.choices),
        "sensitivity": lambda asked: read_sensitivity(asked.config, asked.choices),
    }[name]
    for example in EXPERIMENTS[name].examples:
        _, _, *words = shlex.split(example)
        few = ["samples=2", "trajectories=2"] if name == "sensitivity" else []
        with composing():
            asked = request(name, [override(word) for word in [*words, *few]], example)
            assert read(asked)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long) if name in SLOW else name for name in EXPERIMENTS]
)
def test_the_examples_of_the_help_are_accepted_up_to_their_size(lrrc, name):
    for number, example in enumerate(EXPERIMENTS[name].examples):
        _, *words = shlex.split(example)
        words = [word for word in words if not word.startswith(("patients=", "out="))]
        # Who is to be found must be there.
        small = [] if any(word.startswith("find=") for word in words) else ["patients=20"]
        plain = ["pictures=false"] if name in ("compare", "capacity", "sweep") else []
        if name == "psa":
            words = [word for word in words if not word.startswith("members=")]
            grouped = any(word.startswith("evppi=") for word in words)  # so many distinguish its numbers
            plain += [f"members={260 if grouped else 20}", "pictures=false"]
        if name == "sensitivity":
            small, plain = ["patients=100"], [*plain, "pictures=false"]
        if name in ("sweep", "psa", "sensitivity"):  # processes of its own take long to start
            plain.append("compute.workers=1")
        short = [] if small == [] or name == "budget" else ["horizon_years=1"]
        if name == "capacity":  # a search for the units that are needed is many runs
            short, plain = ["horizon_years=0.2"], [*plain, "target_share=0.01", "clock=compiled"]
        words = [re.sub(r"^posterior=\d+$", "posterior=2", word) for word in words]
        if name in ("validate", "calibrate"):  # too few patients leave endpoints without anybody
            small, short = ["--cfg"], ["job"]
        status, _, err = lrrc(*words, *small, *short, *plain, f"out={name}{number}")
        assert status == 0, err


def test_the_version_is_that_of_the_package(lrrc):
    assert lrrc("--version") == (0, "lrrc-sim 0.1.0\n", "")


REFUSED = [
    ("compar", "compar: there is no such experiment; did you mean compare?"),
    ("patients=5", "an experiment comes first, as in: lrrc compare patients=5"),
    ("compare patiens=5", "patiens=5: there is no key patiens; did you mean patients?"),
    ("compare surgery.leak_probabilty=0.1", "did you mean surgery.leak_probability?"),
    ("compare leak_probability=0.1", "did you mean surgery.leak_probability?"),
    ("compare +surgery.lekage=1", "surgery.lekage=1: there is no key surgery.lekage"),
    ("compare cohort.female_shar=0.4", "did you mean cohort.female_share?"),
    ("compare cohort=duch_tme", "cohort=duch_tme: there is no such cohort; did you mean dutch_tme?"),
    ("compare scenario=duch_tme", "did you mean dutch_tme? There are: before_surgery, "),
    ("compare clinic=limited", "did you mean unlimited?"),
    ("compare cohort=null", "cohort=null"),
    ("compare policies=[tme_alon]", "policy tme_alon: there is no such policy; did you mean tme_alone?"),
    ("compare washout=always", "levers are set in policy files"),
    ("compare policy=short_course", "policies=[tme_alone,short_course+washout_always]"),
    ("compare journal=perhaps", "journal=perhaps: must be true or false"),
    ("compare patients=many", "patients=many: must be a whole number of 1 or more"),
    ("compare patients=0", "patients=0: must be a whole number of 1 or more"),
    (
        "compare surgery.leak_probability=often",
        "surgery.leak_probability=often: must be a number, from 0 to 1",
    ),
    (
        "compare surgery.leak_probability=1.1",
        "surgery.leak_probability=1.1: out of range; must be from 0 to 1",
    ),
    ("compare surgery.leak_probability=nan", "surgery.leak_probability=nan: out of range"),
    ("compare policies=[abdominoperineal_resection+diverting_stoma_always]", "leaves no anastomosis"),
    ("compare policies=[short_course+chemoradiotherapy]", "combine only one of them"),
    ("compare policies=[tme_alone,tme_alone]", "tme_alone appears twice"),
    ("compare policies=[tme_alone", "policies=[tme_alone: not understood; write key=value"),
    ("compare patients", "patients: not understood; write key=value"),
    ("compare --patients=5", "--patients: there is no such option; a key is set without dashes: patients=5"),
    ("compare --config-dir", "--config-dir: needs a value"),
    ("compare --config-dir nowhere", "--config-dir nowhere: there is no such folder"),
    ("compare --cfg jobs", "must be --cfg job"),
    ("compare seed=1,2", "or add -m to make a run for each value"),
    ("compare seed=range(1,3)", "add -m"),
    ("compare out=/proc/nowhere", "out=/proc/nowhere: cannot be written"),
    ("compare out=full", "out=full: the folder is not empty"),
    ("compare out=full/file", "out=full/file: is a file"),
    ("compare out=${nowhere}", "out: Interpolation key 'nowhere' not found"),
    ("compare -m cohort=dutch_tme,duch", "cohort=duch: there is no such cohort"),
    ("compare -m seed=glob(*)", "seed=glob(*): stands for no value; glob chooses among the files of a group"),
    ("compare -m cohrt=glob(*)", "cohrt is none; did you mean cohort? There are: clinic, cohort"),
    ("compare -m policies=glob(*)", "policies=glob(*): stands for no value; glob"),
    (
        "compare -m cohort=glob(x*)",
        "cohort=glob(x*): stands for no value; no cohort is meant; there are: all",
    ),
    ("compare -m cohort=glob(*,exclude=*)", "no cohort is meant; there are: all_comers"),
    ("compare -m seed=1,2 patients=range(3,1)", "patients=range(3,1): stands for no value; a range goes"),
    ("compare -m seed=range(1,3,0)", "seed=range(1,3,0): stands for no value; a range goes"),
    ("compare -m seed=range(1,3,0.0)", "seed=range(1,3,0.0): stands for no value; a range goes"),
    ("compare -m seed=range(0.5,nan)", "seed=range(0.5,nan): stands for no value; a range goes"),
    ("compare -m seed=shuffle(range(3,1))", "seed=shuffle(range(3,1)): stands for no value; a range"),
    (
        "compare -m seed=interval(1,2)",
        "stands for no value; an interval is no list; write several values, as",
    ),
    ("compare -m seed=choice()", "seed=choice(): not understood; write key=value"),
    ("compare -m seed=shuffle(range(9999999999999))", "more than 1,000 runs, and -m makes at most 1,000"),
    (
        "compare -m seed=range(40) seed=range(1,41)",
        "seed=range(40) seed=range(1,41): more than 1,000 runs",
    ),
    ("compare -m seed=range(0.0,inf)", "seed=range(0.0,inf): more than 1,000 runs"),
    (
        "compare -m seed=range(40) patients=range(1,41)",
        "seed=range(40) patients=range(1,41): more than 1,000",
    ),
    ("compare cohort=../policy/short_course", "there is no such cohort"),
    ("compare cohort=/etc/passwd", "there is no such cohort"),
    (f"compare policies=[{'x' * 300}]", "there is no such policy"),
    ("compare policies=[../policy/tme_alone]", "there is no such policy"),
    ("compare hydra.run.dir=elsewhere", "Hydra's own settings cannot be set"),
    ("compare hydra.job.chdir=true out=gone", "Hydra's own settings cannot be set"),
    ("compare +hydra.callbacks.x={_target_:os.getcwd}", "Hydra's own settings cannot be set"),
    ("compare hydra/launcher=joblib", "Hydra's own settings cannot be set"),
    ("compare cohort@hydra.run=dutch_tme", "Hydra's own settings cannot be set"),
    ("compare surgery.leak_probability=${oc.env:HOME}", "cannot read the environment"),
    ("compare --config-name=config", "--config-name: there is no such option"),
    ("compare --multirun=2", "takes no value"),
    ("compare --cfg job --package surgry", "there is no such part; did you mean surgery?"),
]


@pytest.mark.parametrize(("line", "message"), REFUSED, ids=[line for line, _ in REFUSED])
def test_bad_input_is_refused_in_one_line_and_leaves_nothing(here, lrrc, line, message):
    (here / "full").mkdir()
    (here / "full" / "file").touch()
    status, out, err = lrrc(*line.split())
    assert status == 2
    assert out == ""
    assert err.startswith("lrrc: error: ")
    assert err.count("\n") == 1
    assert message in err
    assert files(here) == ["full"]
    assert files(here / "full") == ["file"]


def own_files(here, **texts):
    for name, text in texts.items():
        group, _, file = name.partition("__")
        (here / "mine" / group).mkdir(parents=True, exist_ok=True)
        (here / "mine" / group / f"{file}.yaml").write_text(text)


@pytest.mark.parametrize(
    ("name", "text", "words", "message"),
    [
        ("policy__mine", "washot: always", "policies=[mine]", "did you mean washout?"),
        ("policy__mine", "washout: [always", "policies=[mine]", "mine.yaml"),
        (
            "policy__short_course",
            "washout: always",
            "policies=[short_course]",
            "a shipped file has this name",
        ),
        (
            "cohort__mine",
            "defaults: [dutch_contemporary, _self_]\nfemale_shar: 0.4",
            "cohort=mine",
            "cohort.female_shar=0.4: there is no key cohort.female_shar; did you mean cohort.female_share?",
        ),
        (
            "cohort__mine",
            "defaults: [dutch_contemporary, _self_]\nfemale_share: 1.4",
            "cohort=mine",
            "cohort.female_share=1.4: out of range; must be from 0 to 1",
        ),
        ("cohort__mine", "female_share: 0.4", "cohort=mine", "missing"),
        ("scenario__mine", "# @package _global_\npatience: 4", "scenario=mine", "did you mean patients?"),
    ],
)
def test_a_wrong_file_of_ones_own_is_refused_in_one_line(here, lrrc, name, text, words, message):
    own_files(here, **{name: text})
    status, out, err = lrrc("compare", "--config-dir", "mine", words)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert message in err
    assert files(here) == ["mine"]


def test_the_last_line_is_the_folder_of_the_run(here, lrrc):
    status, out, err = lrrc("compare", "patients=20", "pictures=false", "out=here")
    assert (status, err) == (0, "")
    assert out.splitlines()[-1] == str(here / "here")
    assert files(here) == ["here"]
    assert {"outcomes.csv", "differences.csv", "averted.csv", "config.yaml", "manifest.json"} <= set(
        files(here / "here")
    )


def test_without_out_the_run_goes_below_runs(here, lrrc):
    _, out, _ = lrrc("compare", "patients=20", "pictures=false")
    assert Path(out.splitlines()[-1]).parent == here / "runs" / "compare"
    assert files(here) == ["runs"]


def test_the_manifest_holds_the_command_line(here, lrrc):
    lrrc("compare", "scenario=dutch_tme", "patients=20", "pictures=false", "out=here")
    manifest = json.loads((here / "here" / "manifest.json").read_text())
    assert manifest["command"] == "lrrc compare scenario=dutch_tme patients=20 pictures=false out=here"
    assert manifest["choices"]["cohort"] == "dutch_tme"


def test_the_same_command_gives_the_same_digests(here, lrrc):
    for out in ("one", "two"):
        lrrc("compare", "patients=100", "pictures=false", f"out={out}")
    one, two = (json.loads((here / out / "manifest.json").read_text())["tables"] for out in ("one", "two"))
    assert one == two


def test_a_policy_of_ones_own_works_by_config_dir_and_is_what_it_says(here, lrrc):
    own_files(here, policy__mine="description: mine\nneoadjuvant: short_course\nwashout: always\n")
    policies = "policies=[tme_alone,mine,short_course+washout_always]"
    status, _, err = lrrc(
        "compare", "--config-dir", "mine", policies, "patients=200", "pictures=false", "out=here"
    )
    assert (status, err) == (0, "")
    outcomes = pd.read_csv(here / "here" / "outcomes.csv").set_index("policy")
    own, combined = (
        outcomes.loc[name].reset_index(drop=True) for name in ("mine", "short_course+washout_always")
    )
    pd.testing.assert_frame_equal(own, combined)


def test_a_cohort_of_ones_own_may_change_a_few_keys(here, lrrc):
    own_files(here, cohort__mine="defaults: [dutch_contemporary, _self_]\nfemale_share: 1.0\n")
    status, *_ = lrrc(
        "compare", "--config-dir", "mine", "cohort=mine", "patients=20", "pictures=false", "out=here"
    )
    assert status == 0
    config = yaml.safe_load((here / "here" / "config.yaml").read_text())
    assert config["cohort"]["female_share"] == 1.0


def test_each_job_of_a_sweep_keeps_its_own_files_and_no_other_jobs(here, lrrc):
    (here / "own" / "policy").mkdir(parents=True)
    for name in ("one", "two"):
        (here / "own" / "policy" / f"{name}.yaml").write_text("lateral_dissection: routine\n")
    words = (
        "patients=20",
        "pictures=false",
        "--config-dir",
        "own",
        "-m",
        "policies=[one],[two]",
        "out=sweep",
    )
    status, _, err = lrrc("compare", *words)
    assert (status, err) == (0, "")
    for number, name in enumerate(("one", "two")):
        inputs = here / "sweep" / str(number) / "inputs"
        assert files(inputs / "policy") == [f"{name}.yaml"]


def test_each_job_of_a_sweep_leaves_its_own_folder_and_nothing_else(here, lrrc):
    status, out, _ = lrrc("compare", "patients=20", "pictures=false", "-m", "seed=1,2", "out=sweep")
    assert status == 0
    assert files(here) == ["sweep"]
    assert files(here / "sweep") == ["0", "1"]
    assert [line for line in out.splitlines() if line.startswith("/")] == [
        str(here / "sweep" / number) for number in ("0", "1")
    ]
    for number in (0, 1):
        manifest = json.loads((here / "sweep" / str(number) / "manifest.json").read_text())
        assert manifest["seed"] == number + 1


def test_a_failing_job_of_a_sweep_is_named_and_stops_no_other(here, lrrc):
    status, _, err = lrrc("compare", "-m", "patients=20,0,30", "pictures=false", "out=sweep")
    assert status == 2
    assert err.startswith("lrrc: error: run 1 (")
    assert "patients=0: must be a whole number" in err
    assert files(here / "sweep") == ["0", "2"]


def test_ctrl_c_stops_cleanly_and_leaves_nothing(here):
    running = process("compare", "patients=10_000_000", "out=here", cwd=here)
    try:
        deadline = time.monotonic() + 120
        while not files(here):
            assert running.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert files(here)[0].startswith(".here.partial-")
        time.sleep(1.0)
        os.kill(running.pid, signal.SIGINT)
        out, err = running.communicate(timeout=120)
    finally:
        running.kill()
    assert running.returncode == 130
    assert out == ""
    assert err.strip() == "lrrc: stopped; nothing was kept"
    assert files(here) == []


def test_a_reader_that_leaves_early_causes_no_complaint(here):
    asked = process("compare", "--help", cwd=here)
    asked.stdout.close()
    assert asked.stderr.read() == ""
    asked.stderr.close()
    asked.wait()
