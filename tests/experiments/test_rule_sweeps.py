"""Rules of a guideline are swept like numbers, and read as words wherever the sweep is shown."""

import re

import numpy as np
import pandas as pd
import pytest
from helpers.sweeping import swept

from conf.composition import composing
from conf.policies import read_policy
from experiments.cli.command import main

THRESHOLDS = "grid={guideline.high.short_axis_mm:[5,7,15]}"
POLICIES = "policies=[tme_alone,usual_care]"


@pytest.fixture(scope="module")
def thresholds(tmp_path_factory):
    """The folder of a sweep over the size of a lateral node that puts a patient at high risk."""
    out = tmp_path_factory.mktemp("rules") / "thresholds"
    assert swept(out, POLICIES, THRESHOLDS, "patients=400", "pictures=true") == 0
    return out


def irradiated(out, policy="usual_care"):
    """Return the share of patients irradiated at each point, in order."""
    table = pd.read_csv(out / "outcomes.csv")
    rows = table[(table["outcome"] == "irradiated") & (table["policy"] == policy)]
    return rows["estimate"].to_numpy()


def test_a_threshold_of_a_group_is_an_axis_and_acts_on_its_policy_alone(thresholds):
    usual, base = irradiated(thresholds), irradiated(thresholds, "tme_alone")
    assert (np.diff(usual) < 0).all() and len(set(base)) == 1
    assert list(pd.read_csv(thresholds / "design.csv")["guideline.high.short_axis_mm"]) == [5, 7, 15]
    assert {path.name for path in thresholds.glob("*.png")} == {
        "local_recurrence_lines.png", "averted_against_harmed.png",
    }  # fmt: skip


def test_a_point_of_the_sweep_is_the_policy_with_that_threshold(thresholds, tmp_path):
    run = f"{tmp_path / 'run'}"
    small = ["patients=400", "horizon_years=2", "pictures=false", f"out={run}"]
    assert main(["compare", POLICIES, *small]) == 0
    alone = pd.read_csv(f"{run}/outcomes.csv")
    at_7 = pd.read_csv(thresholds / "outcomes.csv")
    at_7 = at_7[at_7["guideline.high.short_axis_mm"] == 7]  # as the guideline has it
    pd.testing.assert_frame_equal(at_7[alone.columns].reset_index(drop=True), alone)


def test_its_legend_axis_and_dictionary_are_words(thresholds, capsys):
    assert swept(thresholds, POLICIES, THRESHOLDS, "patients=400", "pictures=true") == 0
    out = capsys.readouterr().out
    assert "B  usual care (short axis of group high as swept)" in out
    assert "\nshort axis (group high), mm " in out
    text = (thresholds / "local_recurrence_lines.svg").read_text("utf-8")
    assert "over short axis (group high), mm" in text
    dictionary = pd.read_csv(thresholds / "data_dictionary.csv")
    (about,) = dictionary[
        (dictionary["table"] == "design") & (dictionary["column"] == "guideline.high.short_axis_mm")
    ].itertuples()
    assert "group high" in about.meaning and about.unit == "mm"


def test_its_report_says_which_group_the_sweep_sets(thresholds):
    assert main(["report", str(thresholds)]) == 0
    page = re.sub(r"<[^>]+>|\s+", " ", (thresholds / "report.html").read_text("utf-8"))
    assert "The sweep sets in the policies that have the group: short axis (group high), mm." in page
    assert "How do the outcomes depend on short axis (group high), mm" in page
    assert "Usual care is the policy Dutch guideline of 2014 as practised." in page


@pytest.mark.parametrize(
    ("grid", "shown"),
    [
        ("grid={high.neoadjuvant:[none,chemoradiotherapy]}", ["neoadjuvant (group high)", "\nnone "]),
        (
            'grid={guideline.high.condition:["ct >= t4b","ct >= t3ab or emvi"]}',
            ["condition (group high)", "\ncT ≥ T4b ", "\ncT ≥ T3ab or EMVI "],
        ),
    ],
)
def test_what_a_group_gets_and_who_is_in_it_are_swept_in_words(tmp_path, capsys, grid, shown):
    out = tmp_path / "swept"
    assert swept(out, POLICIES, grid, "patients=300") == 0
    text = capsys.readouterr().out
    assert [words for words in shown if words not in text] == []
    few, many = irradiated(out)
    assert few < many


def test_the_harms_that_are_drawn_can_be_chosen(tmp_path, capsys):
    out = tmp_path / "swept"
    one = ("harms=[pelvic_fracture]", "pictures=true", "outcomes=[distant_metastasis]")
    assert swept(out, POLICIES, THRESHOLDS, *one) == 0
    assert "with pelvic fracture" in (out / "averted_against_harmed.svg").read_text("utf-8")
    assert swept(tmp_path / "none", POLICIES, THRESHOLDS, "harms=[pelvic_fractur]") == 2
    assert "did you mean pelvic_fracture?" in capsys.readouterr().err


def test_a_rule_is_refused_of_a_group_or_a_column_that_is_not_there(tmp_path, capsys):
    for grid, message in (
        ("grid={guideline.hihg.short_axis_mm:[5]}", "hihg"),
        ("grid={guideline.high.crm_mm:[5]}", "crm_mm"),
        ('grid={guideline.high.condition:["aggressiveness > 1"]}', "hidden"),
    ):
        assert swept(tmp_path / "out", POLICIES, grid) == 2
        err = capsys.readouterr().err
        assert err.count("\n") == 1 and message in err


def test_the_help_of_compare_shows_what_each_group_gets_and_who_is_in_it(capsys):
    assert main(["compare", "--help"]) == 0
    out = re.sub(r"\s+", " ", capsys.readouterr().out)
    with composing():
        policy = read_policy("dutch_2014")
    assert (
        "guideline dutch_2014; low: neoadjuvant none; intermediate: neoadjuvant short_course; "
        "high: neoadjuvant chemoradiotherapy" in out
    )
    for group in policy.guideline.groups:
        assert f"{group.name}: {group.condition}" in out
    assert (
        "usual_care the policy that the cohort names: " in out
        and "dutch_2014+as_practised (cohort dutch_contemporary)" in out
    )


def test_a_patients_story_names_the_group_and_what_it_gets(tmp_path, capsys):
    words = ["policies=[tme_alone,usual_care]", "number=17", f"out={tmp_path / 'story'}"]
    assert main(["patient", *words]) == 0
    out = re.sub(r"\s+", " ", capsys.readouterr().out)
    assert "Usual care: group high at the first team meeting (cT ≥ T4a or" in out
    assert "); treatment before surgery: chemoradiotherapy." in out
    assert (
        "Treatment before surgery (neoadjuvant): none under TME alone; chemoradiotherapy under usual care."
        in out
    )
    assert "group high" in (tmp_path / "story/story.md").read_text("utf-8")


def test_courses_do_not_diverge_by_the_number_of_a_group_alone(tmp_path, capsys):
    rows = ["compare", POLICIES, "patients=60", "rows=true", "pictures=false", f"out={tmp_path / 'rows'}"]
    assert main(rows) == 0
    table = pd.read_parquet(tmp_path / "rows/patients.parquet")
    low = table[(table["policy"] == "usual_care") & (table["risk_group_0"] == 2)]["number"].iloc[0]
    capsys.readouterr()
    assert main(["patient", POLICIES, f"number={low}", f"out={tmp_path / 'story'}"]) == 0
    out = capsys.readouterr().out
    assert "The courses never diverge." in out
    assert "group low at the first team meeting (whoever is left); treatment before surgery: none." in re.sub(
        r"\s+", " ", out
    )
