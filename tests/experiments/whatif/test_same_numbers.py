"""The law that matters most: the page shows the numbers of the command that it prints."""

import json
import shlex

import numpy as np
import pandas as pd
import pytest

from analysis.words.price import needed
from conf.schema import compose_run
from experiments.cli.command import main
from experiments.simulating.cohort import worlds_of
from experiments.simulating.crowd import warm_up

# Playwright's own, of its event loop, when it ends.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
TABLES = ("outcomes", "differences", "averted", "harmed", "curves", "flow")


def assert_the_command_gives_the_same(opened, folder, tables=TABLES):
    """Save what the page says to save, run the command that it prints, and compare every table; return the
    folder of the run."""
    opened.view("takeaway")
    line = opened.page.inner_text('[data-text="command-line"]')
    for path in opened.page.locator("pre[data-text^='policy/']").evaluate_all(
        "all => all.map((one) => one.dataset.text)"
    ):
        (folder / "mine" / "policy").mkdir(parents=True, exist_ok=True)
        opened.saved(f"save {path}", folder / "mine" / path)
    program, *words = shlex.split(line)
    assert program == "lrrc"
    words = [str(folder / "mine") if word == "mine" else word for word in words]
    run = folder / "run"
    assert main([*words, "pictures=false", f"out={run}"]) == 0
    for name in tables:
        mine = pd.read_csv(opened.saved(f"table {name}", folder / f"{name}.csv"))
        theirs = pd.read_csv(run / f"{name}.csv")
        assert_tables_equal(name, mine, theirs)
    return run


def assert_tables_equal(name, mine, theirs):
    assert list(mine.columns) == list(theirs.columns), name
    for column in theirs.columns:
        if theirs[column].dtype.kind == "f":
            np.testing.assert_allclose(
                mine[column], theirs[column], rtol=1e-8, atol=1e-10, err_msg=f"{name} {column}"
            )
        else:
            assert mine[column].tolist() == theirs[column].tolist(), (name, column)


@pytest.mark.long
def test_the_default_comparison_gives_the_command_s_tables(opened, tmp_path):
    assert_the_command_gives_the_same(opened, tmp_path)


def test_what_is_changed_on_the_page_gives_the_tables_of_the_command_that_it_prints(opened, tmp_path):
    page = opened.page
    with opened.simulating():
        page.select_option("[data-key='policy 1']", "chemoradiotherapy")
    with opened.simulating():
        page.select_option("[data-key='lateral_dissection 1']", "size_after")
    with opened.simulating():
        page.locator("[data-key='lateral_threshold_mm 1']").fill("5.5")
    with opened.simulating():
        page.select_option("[data-key='washout 0']", "always")
    with opened.simulating():
        opened.press("remove 3")
    with opened.simulating():
        page.check("[data-key='comparator 1']")
    with opened.simulating():
        page.locator("[data-key='seed']").fill("7")
        page.locator("[data-key='seed']").press("Enter")
    with opened.simulating():
        page.select_option("[data-key='cohort']", "english")
    page.click(".all-numbers summary")
    page.locator("[data-key='search']").fill("surgery leak_probability")
    with opened.simulating():
        page.locator("[data-key='number surgery.leak_probability']").fill("0.2")
        page.locator("[data-key='number surgery.leak_probability']").press("Enter")
    assert opened.state()["numbers"] == {"surgery.leak_probability": 0.2}
    assert_the_command_gives_the_same(opened, tmp_path)


@pytest.mark.long
def test_where_patients_queue_the_page_gives_the_tables_of_the_command(opened, tmp_path):
    with opened.simulating():
        opened.page.select_option("[data-key='clinic']", "regional")
    assert_the_command_gives_the_same(opened, tmp_path, (*TABLES, "waits"))


def test_what_risk_groups_are_given_on_the_page_gives_the_tables_of_the_command(opened, tmp_path):
    """Usual care of the cohort: another treatment of a group, and a lever of all that is divided by group."""
    page = opened.page
    for key, setting in (
        ("neoadjuvant 0 high", "total_neoadjuvant"),
        ("neoadjuvant_for 0 intermediate", "high_risk"),
        ("organ_preservation 3 intermediate", "never"),
    ):
        opened.press(f"groups {' '.join(key.split()[:2])}")
        with opened.simulating():
            page.select_option(f"[data-key='{key}']", setting)
    before = page.inner_text("#results")
    with opened.simulating():
        page.select_option("[data-key='lateral_dissection 0']", label="by risk group …")
    assert page.inner_text("#results") == before  # as it was for all
    with opened.simulating():
        page.select_option("[data-key='lateral_dissection 0 high']", "routine")
    assert opened.state()["policies"][0]["groups"] == {
        "high": {"neoadjuvant": "total_neoadjuvant", "lateral_dissection": "routine"},
        "intermediate": {"neoadjuvant_for": "high_risk", "lateral_dissection": "never"},
        "low": {"lateral_dissection": "never"},
    }
    assert page.inner_text("#results") != before
    assert_the_command_gives_the_same(opened, tmp_path)
    opened.view("compare")
    with opened.simulating():
        opened.press("undo lateral_dissection 0")
    assert page.inner_text("#results") == before


@pytest.mark.long
def test_a_scenario_with_changed_patients_gives_the_tables_of_the_command(opened, tmp_path):
    with opened.simulating():
        opened.page.select_option("[data-key='scenario']", "frail")
    assert opened.state()["numbers"]["cohort.age_mean_years"] == 80
    assert_the_command_gives_the_same(opened, tmp_path)
    # The scenario's own command gives them, too.
    words = ["compare", "scenario=frail", f"patients={opened.state()['patients']}", "pictures=false"]
    assert main([*words, f"out={tmp_path / 'scenario'}"]) == 0
    mine, theirs = (pd.read_csv(tmp_path / name / "outcomes.csv") for name in ("run", "scenario"))
    pd.testing.assert_frame_equal(mine, theirs)


def test_numbers_needed_are_those_of_the_command(opened, tmp_path):
    """Of each treatment, added alone to the same policy."""
    page = opened.page
    page.locator("[data-key='seed']").fill("3")
    for p, policy in ((0, "tme_alone"), (1, "short_course"), (2, "tme_alone"), (3, "chemoradiotherapy")):
        with opened.simulating():
            page.select_option(f"[data-key='policy {p}']", policy)
    with opened.simulating():
        page.select_option("[data-key='lateral_dissection 2']", "routine")
    run = assert_the_command_gives_the_same(opened, tmp_path, ("outcomes", "differences"))
    found = needed(pd.read_csv(run / "outcomes.csv"), pd.read_csv(run / "differences.csv"), 5.0)
    opened.view("compare")
    for name, per_row in (("irradiated", [1, 3]), ("dissected", [2])):
        cells = page.locator(f"[data-treatment='{name}'] td")
        for k, (policy, row) in enumerate(found.iterrows()):
            treated, _, more = cells.nth(k).inner_text().strip().partition(" ")
            assert treated == f"{row[name]:.0f}", policy
            each = row[f"{name}_needed"]
            assert more == ("" if np.isnan(each) else f"{each:.1f} for each averted"), policy
            assert bool(more) == (k in per_row), policy


@pytest.mark.long
def test_where_patients_queue_levers_and_numbers_that_move_bring_the_warm_up_of_the_command(opened, tmp_path):
    """It is another one than that of the policies with which the page opens."""
    page = opened.page
    with opened.simulating():
        page.select_option("[data-key='clinic']", "expert_centre")
    for key, setting in (("neoadjuvant", "chemoradiotherapy"), ("lateral_dissection", "routine")):
        with opened.simulating():
            page.select_option(f"[data-key='{key} 1']", setting)
    page.click(".all-numbers summary")
    page.locator("[data-key='search']").fill("pathway patience_median_days")
    with opened.simulating():
        page.locator("[data-key='number pathway.patience_median_days']").fill("90")
        page.locator("[data-key='number pathway.patience_median_days']").press("Enter")
    run = assert_the_command_gives_the_same(opened, tmp_path, (*TABLES, "waits"))
    opens = [column["policy"] for column in opened.state()["policies"]]
    asked = compose_run("clinic=expert_centre", f"policies=[{','.join(opens)}]")
    as_it_opens = warm_up(asked, worlds_of(asked)).patients
    assert json.loads((run / "manifest.json").read_text())["warm_up"]["warm_up_patients"] != as_it_opens > 0
