"""Usual care, and policies by risk group, in whole runs: the tables, made again, and swept."""

import json

import pandas as pd
import pytest

from conf.input_error import InputError
from conf.schema import compose_run
from experiments.cli.command import main

QUICK = ("patients=300", "horizon_years=3", "pictures=false")
GUIDELINE = "meeting: [{high: ct >= t4a or short_axis_mm >= %s}, {middle: ct == t3cd}, {low: otherwise}]\n"
POLICY = "guideline: %s\nhigh: {neoadjuvant: %s}\nlow: {neoadjuvant: none}\n"


def run(out, *words):
    assert main(["compare", *QUICK, f"out={out}", *words]) == 0
    return out


def refused(capsys, *words):
    """Return the one line by which the command refuses."""
    assert main(["compare", *QUICK, "out=refused", *words]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "Traceback" not in error
    return error


def digests(out):
    return {
        name: table["sha256"]
        for name, table in json.loads((out / "manifest.json").read_text())["tables"].items()
    }


def rows_of(out, policy):
    rows = pd.read_parquet(out / "patients.parquet")
    return rows[rows["policy"] == policy].drop(columns="policy").reset_index(drop=True)


def outcomes_of(out, policy):
    table = pd.read_csv(out / "outcomes.csv")
    return table[table["policy"] == policy].drop(columns="policy").reset_index(drop=True)


@pytest.fixture
def own(here):
    """Own files in mine/, by group and name."""

    def write(group, name, text):
        (here / "mine" / group).mkdir(parents=True, exist_ok=True)
        (here / "mine" / group / f"{name}.yaml").write_text(text, "utf-8")

    write("policy", "graded", POLICY % ("risk", "chemoradiotherapy"))
    write("guideline", "risk", GUIDELINE % 7)
    return write


@pytest.mark.parametrize("clinic", ["unlimited", "regional"])
def test_usual_care_has_the_rows_and_outcomes_of_the_policy_that_it_names(here, clinic):
    words = (
        "policies=[tme_alone,usual_care,dutch_2014+as_practised]",
        "rows=true",
        f"clinic={clinic}",
        "patients=200",
    )
    out = run(here / "run", *words)
    pd.testing.assert_frame_equal(rows_of(out, "usual_care"), rows_of(out, "dutch_2014+as_practised"))
    pd.testing.assert_frame_equal(outcomes_of(out, "usual_care"), outcomes_of(out, "dutch_2014+as_practised"))
    assert not outcomes_of(out, "usual_care").equals(outcomes_of(out, "tme_alone"))


def test_usual_care_combines_with_other_policies(here):
    out = run(here / "run", "policies=[usual_care+washout_always,dutch_2014+as_practised+washout_always]")
    mine, theirs = (
        outcomes_of(out, f"{name}+washout_always") for name in ("usual_care", "dutch_2014+as_practised")
    )
    pd.testing.assert_frame_equal(mine, theirs)


def test_the_command_can_say_what_usual_care_is(here):
    out = run(here / "run", "policies=[usual_care,short_course]", "cohort.usual_care=short_course")
    pd.testing.assert_frame_equal(outcomes_of(out, "usual_care"), outcomes_of(out, "short_course"))


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("cohort.usual_care=null",), "policy usual_care: the cohort names no usual care; add usual_care: "),
        (("cohort.usual_care=nosuch",), "nosuch: there is no such policy"),
        (("cohort.usual_care=usual_care",), "cohort.usual_care=usual_care: must be the name of a policy"),
        (("cohort.usual_care=washout_always+usual_care",), "must be the name of a policy"),
        (("cohort.usual_care=3",), "cohort.usual_care=3: must be the name of a policy"),
        (("cohort.usual_care=[tme_alone]",), "must be the name of a policy"),
        (("cohort.usual_care=short_course+chemoradiotherapy",), "sets neoadjuvant=short_course and "),
        (("cohort.treated_share=1.2",), "cohort.treated_share=1.2"),
    ],
)
def test_a_wrong_usual_care_is_refused_with_one_line(words, part):
    with pytest.raises(InputError) as refusal:
        compose_run("policies=[tme_alone,usual_care]", *words)
    assert part in str(refusal.value) and "\n" not in str(refusal.value)


def test_a_usual_care_that_does_not_exist_is_refused_though_no_policy_is_usual_care(here, capsys):
    assert "nosuch" in refused(capsys, "policies=[tme_alone]", "cohort.usual_care=nosuch")


def test_a_cohort_of_ones_own_without_usual_care_is_run_and_its_usual_care_refused(here, own, capsys):
    own("cohort", "ours", "defaults: [dutch_contemporary, _self_]\nusual_care: null\n")
    words = ("--config-dir", "mine", "cohort=ours")
    run(here / "run", *words, "policies=[tme_alone,dutch_2014]")
    assert "the cohort names no usual care" in refused(capsys, *words, "policies=[tme_alone,usual_care]")


def test_a_cohort_of_ones_own_names_a_policy_of_ones_own_with_a_guideline(here, own):
    own("cohort", "ours", "defaults: [dutch_contemporary, _self_]\nusual_care: graded\n")
    out = run(
        here / "run", "--config-dir", "mine", "cohort=ours", "policies=[usual_care,graded]", "rows=true"
    )
    pd.testing.assert_frame_equal(rows_of(out, "usual_care"), rows_of(out, "graded"))


# Made again.


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("policies=[tme_alone,usual_care]",), marks=pytest.mark.long),
        pytest.param(("policies=[usual_care,graded]", "--config-dir", "mine"), marks=pytest.mark.long),
        pytest.param(
            ("policies=[tme_alone,usual_care]", "cohort.usual_care=graded", "--config-dir", "mine"),
            marks=pytest.mark.long,
        ),
        pytest.param(
            (
                "policies=[graded+washout_always,tme_alone]",
                "clinic=regional",
                "patients=60",
                "--config-dir",
                "mine",
            ),
            marks=pytest.mark.long,
        ),
    ],
)
def test_a_run_with_usual_care_or_a_guideline_is_made_again_to_the_same_tables(here, own, words):
    out = run(here / "run", *words)
    for path in sorted((here / "mine").rglob("*.yaml")):
        path.unlink()  # the folder is enough
    assert main(["rerun", str(out), f"out={here / 'again'}"]) == 0
    assert digests(here / "again") == digests(out)
    assert main(["diff", str(out), str(here / "again")]) == 0


def test_published_figures_of_usual_care_stand_beside_it(here, own):
    figure = "{evidence:dutch_tme.tme_alone.lr.2y,outcome:local_recurrence,policy:usual_care,horizon_years:2,"
    out = run(here / "run", "policies=[tme_alone,usual_care]", f"published=[{figure}published:0.1}}]")
    table = pd.read_csv(out / "published.csv")
    assert list(table["policy"]) == ["usual_care"]


# Swept.

SWEEP = ("patients=300", "horizon_years=3", "pictures=false", "compute.workers=1", "comparator=tme_alone")


def swept(here, out, grid, *words):
    status = main(["sweep", "--config-dir", "mine", *SWEEP, f"grid={grid}", f"out={here / out}", *words])
    assert status == 0
    return pd.read_csv(here / out / "outcomes.csv")


def values(table, policy, **point):
    for name, value in point.items():
        table = table[table[name].astype(str) == str(value)]
    table = table[table["policy"] == policy].reset_index(drop=True)
    assert len(table) > 10
    return table[["outcome", "horizon_years", "estimate"]]


@pytest.mark.parametrize(
    ("name", "value", "guideline", "regimen"),
    [
        ("guideline.high.short_axis_mm", 9, GUIDELINE % 9, "chemoradiotherapy"),
        ("high.neoadjuvant", "total_neoadjuvant", GUIDELINE % 7, "total_neoadjuvant"),
        (
            "guideline.high.condition",
            "age_years >= 70",
            GUIDELINE.replace("ct >= t4a or short_axis_mm >= %s", "age_years >= 70"),
            "chemoradiotherapy",
        ),
    ],
)
def test_a_swept_rule_has_the_outcomes_of_a_file_written_with_its_value(
    here, own, name, value, guideline, regimen
):
    own("guideline", "written", guideline)
    own("policy", "written", POLICY % ("written", regimen))
    written = f"'{value}'" if " " in str(value) else value
    table = swept(here, "sweep", f"{{{name}:[{written}]}}", "policies=[tme_alone,graded]")
    out = run(here / "run", "--config-dir", "mine", "policies=[tme_alone,written,graded]")
    theirs = pd.read_csv(out / "outcomes.csv")
    mine = values(table, "graded")
    pd.testing.assert_frame_equal(mine, values(theirs, "written"))
    assert not mine.equals(values(theirs, "graded"))


def test_a_group_that_was_not_treated_is_treated_as_a_whole_where_a_sweep_says_so(here, own):
    own("policy", "some", "guideline: risk\nhigh: {neoadjuvant: chemoradiotherapy}\n")
    own(
        "policy",
        "written",
        "guideline: risk\nhigh: {neoadjuvant: chemoradiotherapy}\nlow: {neoadjuvant: short_course}\n",
    )
    table = swept(here, "sweep", "{low.neoadjuvant:[short_course]}", "policies=[tme_alone,some]")
    out = run(here / "run", "--config-dir", "mine", "policies=[tme_alone,written]")
    pd.testing.assert_frame_equal(values(table, "some"), values(pd.read_csv(out / "outcomes.csv"), "written"))


@pytest.mark.parametrize(
    ("grid", "part"),
    [
        ("{guideline.hihg.short_axis_mm:[7]}", "no policy of the run has a group hihg"),
        ("{guideline.high.condition:['nodes > 0']}", "nodes is hidden"),
        ("{high.washot:[always]}", "did you mean washout?"),
        ("{neoadjuvant:[short_course]}", "sets it by group; name the group"),
        ("{guideline:[risk]}", "guideline"),
    ],
)
def test_a_wrong_rule_of_a_sweep_is_refused_with_one_line(here, own, capsys, grid, part):
    words = [
        "sweep",
        "--config-dir",
        "mine",
        *SWEEP,
        f"grid={grid}",
        "policies=[tme_alone,graded]",
        "out=refused",
    ]
    assert main(words) == 2
    error = capsys.readouterr().err
    assert part in error and error.count("\n") == 1 and "Traceback" not in error
