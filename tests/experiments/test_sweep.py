"""A sweep simulates what its design says, and every design point as a run of its own would."""

import json
import os
import re
import termios
import time

import numpy as np
import pandas as pd
import pytest
import yaml
from helpers.sweeping import LEAK, SMALL, digests, started, swept
from hydra import compose

from conf.composition import composing
from conf.input_error import InputError
from conf.policies import with_levers
from experiments.cli.command import main
from experiments.sweep import policy_labels, read_plan, stacked
from sim.policy import Use

LEAK_KEY = "surgery.leak_probability"


def plan(*words):
    words = [word for word in words if word]
    with composing():
        return read_plan(compose("sweep", list(words)), list(words))


@pytest.fixture(scope="module")
def leaks(tmp_path_factory):
    """The folder of a small sweep over two values of a parameter."""
    out = tmp_path_factory.mktemp("sweep") / "leaks"
    assert swept(out, LEAK) == 0
    return out


def test_a_grid_is_every_combination_in_order():
    points = plan("grid={surgery.leak_probability:[0.02,0.05],washout:[always,never]}").points
    assert [tuple(point.values.values()) for point in points] == [
        (0.02, "always"), (0.02, "never"), (0.05, "always"), (0.05, "never"),
    ]  # fmt: skip
    for point in points:
        assert point.run.parameters["surgery"]["leak_probability"] == point.values[LEAK_KEY]
        assert {policy.washout for policy in point.run.policies} == {Use[point.values["washout"].upper()]}


def test_a_list_is_its_points_whatever_the_order_of_their_names():
    points = plan("list=[{washout:always,seed:3},{seed:4,washout:never}]").points
    assert [(point.run.seed, point.run.policies[0].washout) for point in points] == [
        (3, Use.ALWAYS),
        (4, Use.NEVER),
    ]


def test_a_latin_hypercube_has_one_point_in_each_slice_of_every_range():
    words = ("latin={surgery.leak_probability:[0.02,0.1],cohort.female_share:[0.2,0.6]}", "points=20")
    values = pd.DataFrame([point.values for point in plan(*words).points])
    for name, (low, high) in {LEAK_KEY: (0.02, 0.1), "cohort.female_share": (0.2, 0.6)}.items():
        slices = np.floor((values[name] - low) / (high - low) * 20)
        assert sorted(slices) == list(range(20))
    assert values.equals(pd.DataFrame([point.values for point in plan(*words).points]))
    assert not values.equals(pd.DataFrame([point.values for point in plan(*words, "design_seed=2").points]))


def test_a_group_is_swept_under_the_numbers_of_the_command_line():
    points = plan("grid={cohort:[dutch_tme,dutch_contemporary]}", "cohort.female_share=0.5").points
    assert [point.run.cohort["female_share"] for point in points] == [0.5, 0.5]
    assert points[0].run.cohort["age_mean_years"] != points[1].run.cohort["age_mean_years"]


def test_policies_themselves_are_swept():
    points = plan("grid={policies:[[tme_alone,short_course+washout_always],[tme_alone]]}").points
    assert [len(point.run.policies) for point in points] == [2, 1]
    assert points[0].columns() == {"policies": "[tme_alone,short_course+washout_always]"}


def test_a_number_of_a_list_swept_leaves_the_command_lines_run_as_it_was():
    made = plan("grid={cohort.plane_shares:[[1,0,0],[0,1,0]]}")
    assert [point.run.cohort["plane_shares"] for point in made.points] == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    assert made.run.cohort["plane_shares"] not in [point.run.cohort["plane_shares"] for point in made.points]


def test_a_thousand_points_are_composed_within_seconds():
    start = time.process_time()
    assert len(plan("latin={surgery.leak_probability:[0,0.1]}", "points=1000").points) == 1000
    assert time.process_time() - start < 5


def test_levers_that_contradict_each_other_are_refused_in_any_point():
    with pytest.raises(InputError, match="leaves no anastomosis"):
        plan("grid={diverting_stoma:[usual,always]}", "policies=[tme_alone,abdominoperineal_resection]")
    base = plan(LEAK).run.policies[0]
    assert with_levers(base, {"washout": "always"}).name == base.name


REFUSED = [
    ("", "a sweep needs one of grid, list and latin"),
    (f"{LEAK} list=[{{seed:1}}]", "grid and list are given"),
    ("grid={surgery.leak_probabilty:[0.1]}", "did you mean surgery.leak_probability?"),
    (
        "grid={surgery.leak_probability:[1.4]}",
        "surgery.leak_probability=1.4: out of range; must be from 0 to 1",
    ),
    ("grid={surgery:[1]}", "no key surgery"),
    ("grid={surgery.leak_probability:0.1}", "must be a list of values"),
    ("grid={surgery.leak_probability:[0.1,0.10]}", "this point appears twice"),
    ("grid={washout:[sometimes]}", "washout=sometimes: must be one of usual, never, always"),
    ("grid={washuot:[always]}", "did you mean washout?"),
    ("grid={cohort:[duch]}", "cohort=duch: there is no such cohort"),
    ("grid={patients:[10]}", "patients: is not swept"),
    ("list=[{washout:always},{seed:1}]", "every point must set the same names"),
    ("latin={surgery.leak_probability:[0.2,0.1]}", "low must be below high"),
    ("latin={surgery.leak_probability:[0.1,0.2]} points=0", "points=0: must be a whole number"),
    (f"{LEAK} rows=true", "a sweep keeps counts, not rows"),
    (f"{LEAK} on_error=ignore", "on_error=ignore: must be one of continue, stop"),
    (f"{LEAK} precision=0", "precision=0: out of range"),
    (f"{LEAK} precision=0.01 policies=[tme_alone]", "set precision_of=outcome"),
    (
        f"{LEAK} precision=0.01 clinic=regional",
        "precision=0.01: patients who queue are simulated as one",
    ),
    ("grd={surgery.leak_probability:[0.1]}", "there is no key grd; did you mean grid?"),
    (f"{LEAK} precison=0.01", "there is no key precison; did you mean precision?"),
    (f"{LEAK} compute.worker=2", "did you mean compute.workers?"),
    (f"{LEAK} disese=default", "did you mean disease?"),
    (f"{LEAK} clinics=[regional]", "lrrc sweep has no key clinics; lrrc capacity has it"),
    (f"{LEAK} surgery.leak_probabilty=0.1", "did you mean surgery.leak_probability?"),
    (f"{LEAK} outcomes=[happiness]", "outcomes=happiness: must be one of local_recurrence"),
    (f"{LEAK} at_years=4", "at_years=4: must be one of 1, 2, 3, 5, 10"),
    (f"{LEAK} compute=dask", "compute.address=tcp://host:8786"),
    (f"{LEAK} compute.workers=-1", "compute.workers=-1: must be a whole number of 1 or more"),
    (f"{LEAK} compute.workers=0.5", "compute.workers=0.5: must be a whole number of 1 or more"),
    (f"{LEAK} compute.threads=nan", "compute.threads=nan: must be a whole number of 1 or more"),
    (f"{LEAK} +compute.x=1", "compute.x=1: compute=local has no such key"),
    (f"{LEAK} ~block", "block: missing"),
    (
        f"{LEAK} precision=0.1 most_patients=10",
        "patients=20000, most_patients=10: patients must not exceed most_patients",
    ),
    ("grid={clinic.theatre_count:[0,1]} clinic=regional", "clinic.theatre_count=0: must be 1 or more"),
    (f"{LEAK} compute=slrm", "compute=slrm: there is no such compute; did you mean slurm?"),
    (f"{LEAK} compute=slurm compute.cluster=moon", "compute.cluster=moon: must be slurm or local"),
    (f"{LEAK} out=full", "out=full: the folder is not empty, and no sweep's"),
]


@pytest.mark.parametrize(("line", "message"), REFUSED, ids=[line for line, _ in REFUSED])
def test_a_wrong_sweep_is_refused_in_one_line_and_leaves_nothing(
    tmp_path, monkeypatch, capsys, line, message
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    assert main(["sweep", *line.split()]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert message in err
    assert [path.name for path in tmp_path.iterdir()] == ["full"]


def test_a_point_has_the_numbers_of_a_run_of_its_own(leaks, tmp_path):
    words = [word for word in SMALL if not word.startswith("block")]
    assert main(["compare", *words, "pictures=false", f"{LEAK_KEY}=0.3", f"out={tmp_path / 'own'}"]) == 0
    for name in ("outcomes.csv", "differences.csv"):
        table = pd.read_csv(leaks / name)
        point = table[table[LEAK_KEY] == 0.3].drop(columns=[LEAK_KEY, "replication"]).reset_index(drop=True)
        pd.testing.assert_frame_equal(point, pd.read_csv(tmp_path / "own" / name), check_exact=True)


def test_the_swept_parameter_does_what_it_should(leaks):
    table = pd.read_csv(leaks / "outcomes.csv")
    share = table[(table["outcome"] == "leak") & (table["policy"] == "tme_alone")].set_index(LEAK_KEY)[
        "estimate"
    ]
    assert share[0.02] < 0.1 < 0.15 < share[0.3]


def test_a_point_of_one_policy_has_outcomes_and_no_difference(tmp_path, capsys):
    grid = "grid={policies:[[tme_alone],[tme_alone,washout_always]]}"
    assert swept(tmp_path / "some", grid, "pictures=true") == 0
    assert "washout always" in capsys.readouterr().out
    outcomes, differences = (
        pd.read_csv(tmp_path / "some" / f"{name}.csv") for name in ("outcomes", "differences")
    )
    assert outcomes.groupby("policies")["policy"].nunique().to_dict() == {
        "[tme_alone]": 1,
        "[tme_alone,washout_always]": 2,
    }
    assert set(differences["policies"]) == {"[tme_alone,washout_always]"}
    assert {differences[name].dtype.kind for name in ("estimate", "ci_low", "ci_high")} == {"f"}
    assert (tmp_path / "some" / "local_recurrence_points.png").exists()


def test_a_table_without_rows_keeps_the_types_of_its_columns_beside_one_with_rows():
    some = pd.DataFrame({"policy": ["a"], "n": [1], "estimate": [0.5]})
    none = pd.DataFrame(columns=list(some))
    assert stacked([none, some, none]).dtypes.equals(some.dtypes)
    assert stacked([some[:0], some[:0]]).dtypes.equals(some.dtypes)


def test_a_swept_lever_is_said_where_a_policy_s_name_speaks_of_it():
    words = ["grid={washout:[always,never]}", "policies=[tme_alone,washout_always]"]
    with composing():
        labels = policy_labels(read_plan(compose("sweep", words), words))
    assert labels == {"tme_alone": "TME alone", "washout_always": "washout always (washout as swept)"}


def test_the_parquet_holds_what_the_csv_holds(leaks):
    made = json.loads((leaks / "manifest.json").read_text())["tables"]
    csv, parquet = made["outcomes.csv"], made["outcomes.parquet"]
    assert (csv["rows"], csv["sha256"]) == (parquet["rows"], parquet["sha256"])


def test_the_folder_says_what_was_swept(leaks):
    config = yaml.safe_load((leaks / "config.yaml").read_text())
    assert config["grid"] == {LEAK_KEY: [0.02, 0.3]}
    assert pd.read_csv(leaks / "design.csv")[LEAK_KEY].tolist() == [0.02, 0.3]
    about = json.loads((leaks / "manifest.json").read_text())["sweep"]
    assert (about["points"], about["patients"], about["tasks"]) == (2, 240, 6)


def test_no_result_depends_on_the_size_of_a_block_or_the_number_of_threads(leaks, tmp_path):
    assert swept(tmp_path / "one", LEAK, "block=120") == 0
    assert swept(tmp_path / "odd", LEAK, "block=37", "compute.threads=2") == 0
    assert digests(tmp_path / "one") == digests(tmp_path / "odd") == digests(leaks)


def test_replications_have_luck_of_their_own(tmp_path):
    assert swept(tmp_path / "two", LEAK, "replications=2") == 0
    table = pd.read_csv(tmp_path / "two" / "outcomes.csv")
    first, second = (table[table["replication"] == k].drop(columns="replication") for k in (0, 1))
    assert len(first) == len(second)
    assert not np.array_equal(first["estimate"], second["estimate"], equal_nan=True)


def test_precision_adds_patients_until_every_half_width_is_met_and_shows_how(tmp_path):
    words = (LEAK, "precision=0.01", "block=100", "patients=100", "horizon_years=1")
    assert swept(tmp_path / "precise", *words) == 0
    path = pd.read_csv(tmp_path / "precise" / "convergence.csv")
    last = path.groupby([LEAK_KEY, "policy"]).last()
    assert (last["half_width"] <= 0.01).all()
    assert (path.groupby([LEAK_KEY, "policy"])["half_width"].first() > 0.01).any()
    table = pd.read_csv(tmp_path / "precise" / "differences.csv")
    whole = (table[["mechanism", "compartment", "group"]] == "all").all(axis=1)
    rows = table[whole & (table["outcome"] == "local_recurrence")].set_index([LEAK_KEY, "policy"])
    half = (rows["ci_high"] - rows["ci_low"]) / 2
    pd.testing.assert_series_equal(half, last["half_width"], check_names=False)


def test_precision_gives_up_at_the_most_patients_and_says_so(tmp_path, capsys):
    assert swept(tmp_path / "vague", LEAK, "precision=1e-6", "most_patients=200", "precision_of=outcome") == 0
    assert "precision 1e-06 is not met with most_patients=200" in capsys.readouterr().err
    assert set(pd.read_csv(tmp_path / "vague" / "convergence.csv").groupby(LEAK_KEY)["patients"].max()) == {
        200
    }


def on_a_terminal(out, *words):
    """Return what a sweep writes to a terminal beside its last line."""
    here, there = os.openpty()
    termios.tcsetwinsize(there, (40, 100))
    process = started(out, *words, stderr=there)
    os.close(there)
    written = b""
    try:
        while read := os.read(here, 4096):
            written += read
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(here)
    assert process.communicate()[0].endswith(f"\n{out}\n")
    return written.decode()


def test_a_terminal_shows_tasks_done_patients_per_second_and_the_time_left_and_is_clean_at_the_end(tmp_path):
    slow = ("clock=simpy", "patients=6000", "block=2000")  # the bar is drawn ten times a second at most
    *states, end = on_a_terminal(tmp_path / "shown", LEAK, *slow).rstrip("\r").split("\r")
    amount, left = r"([\d.]+k?|\?)", r"(\d\d:\d\d|\?) left *"
    bar = re.compile(rf" *\d+ % \|.*\| (\d) of 6 tasks, {amount} patients/s, {left}")
    tables = re.compile(rf" *\d+ % \|.*\| tables, {amount} points/s, {left}")  # shown where they take long
    done = [int(found[1]) for state in states if (found := bar.fullmatch(state))]
    assert done[0] == 0 and max(done) >= 1 and done == sorted(done)
    for state in states:
        assert not state.strip() or bar.fullmatch(state) or tables.fullmatch(state)
    assert not end.strip()
