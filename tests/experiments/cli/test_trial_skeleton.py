"""The skeleton of a trial: the help shows it, it runs as it stands, and docs/trials.md is of today."""

import re

import pandas as pd
import yaml

from conf.composition import options
from conf.schema import shipped
from conf.trials import KEYS
from experiments.cli.command import main
from experiments.cli.trial_skeleton import SKELETON
from experiments.pages import trials_page
from sim.counting.columns import COLUMNS


def test_what_the_help_shows_is_a_trial_that_runs_as_it_stands(here, capsys):
    assert main(["validate", "--help"]) == 0
    said = capsys.readouterr().out
    shown = said.split("a trial of your own: ")[1].split("\n", 1)[1].split("\n\n")[0] + "\n"
    assert shown == SKELETON
    (here / "mine.yaml").write_text(shown, "utf-8")
    assert main(["validate", "trial=mine.yaml", "patients=3000", "most_patients=3000", "out=out"]) == 0
    found = pd.read_csv("out/endpoints.csv").set_index("endpoint")
    content = yaml.safe_load(shown)
    assert list(found.index) == [row["evidence"] for row in content["endpoints"]]
    assert found["simulated"].notna().all()
    assert found.loc[~found["judged"]].index.tolist() == ["mine.bare"]
    assert found.drop("mine.bare")["comparable"].all()


def test_the_skeleton_has_something_of_every_part():
    content = yaml.safe_load(SKELETON)
    assert content.keys() == set(KEYS) - {"note"}
    assert max(map(len, SKELETON.splitlines())) <= 110


def test_the_page_on_trials_is_what_the_code_and_the_files_say_now(hydra):
    text = trials_page.PAGE.read_text("utf-8")
    for name in trials_page.parts():
        assert [text.count(mark) for mark in trials_page.marks(name)] == [1, 1]
    assert trials_page.page(text) == text, "make trial-format"
    listed = set(re.findall(r"^\| `(\w+)`", text, re.MULTILINE))
    assert listed >= {*COLUMNS, *shipped("cohort/dutch_contemporary"), "usual_care", *options("cohort")}
    assert [name for name in options("trial") if f"(`{name}`)" not in text] == []
