"""docs/economics.md: what it has from the files is theirs today, and every part is filled."""

import re

import pytest
from helpers.documents import ROOT

from analysis.pages.economics_page import crossing, marks, table, with_parts
from conf.own_file import read_yaml
from conf.stated_sources import evidence
from experiments.pages import economics_page, parameters_page

PAGE = (ROOT / "docs/economics.md").read_text("utf-8")


def test_the_assumptions_and_published_figures_are_those_of_the_files_today():
    assert parameters_page.economics_page() == PAGE, "make parameters"


def test_every_entry_that_says_assumption_is_named_once_with_its_words():
    part = PAGE.partition("<!-- assumptions:")[2].partition("<!-- end of assumptions")[0]
    named = re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE)
    text = (ROOT / "conf/economics/dutch.yaml").read_text("utf-8")
    lines = [line for line in text.splitlines() if re.match(r"\w+:.*#.*\bassumption\b", line)]
    assert named == [line.partition(":")[0] for line in lines]
    assert set(named) < set(read_yaml(ROOT / "conf/economics/dutch.yaml", "dutch"))


def test_every_part_of_the_page_is_filled():
    for name in economics_page.PARTS:
        begin, end = marks(name, economics_page.COMMAND)
        part = PAGE.partition(begin)[2].partition(end)[0]
        assert part.count("\n|") > 2, name
        assert "nan" not in re.findall(r"\w+", part), name


def test_every_evaluation_is_named_and_every_figure_of_it_is_in_the_evidence():
    named = set(re.findall(r"`((?:scrttnt_us|ww_us_dm|scrt_lccrt_pmc6481445|lindenberg2022)\.\w+)`", PAGE))
    assert named <= set(evidence()) and len(named) >= 17
    for study in parameters_page.STUDIES:
        assert any(name.startswith(f"{study}.") for name in named), study


@pytest.mark.parametrize("name", economics_page.RESULTS)
def test_the_page_shows_the_command_that_its_results_are_of(name):
    begin, end = marks(name, economics_page.COMMAND)
    part = PAGE.partition(begin)[2].partition(end)[0]
    assert f"```sh\nlrrc {economics_page.RESULTS[name]}\n```" in part


def test_a_preference_changes_where_the_line_between_two_benefits_meets_zero():
    assert crossing([0.0, 0.5, 1.0], [-3.0, -1.0, 3.0]) == pytest.approx(0.625)
    assert crossing([0.0, 1.0], [2.0, -2.0]) == pytest.approx(0.5)
    assert crossing([0.0, 1.0], [1.0, 2.0]) is None


def test_a_part_replaces_what_was_between_its_marks_and_a_missing_mark_is_refused():
    begin, end = marks("a", "make economics")
    assert with_parts(f"x\n{begin}\nold\n{end}\ny", {"a": "new"}, "make economics") == (
        f"x\n{begin}\n\nnew\n\n{end}\ny"
    )
    with pytest.raises(ValueError, match="no part 'b'"):
        with_parts("x", {"b": "new"}, "make economics")


def test_a_cell_cannot_break_its_table():
    assert table(["a"], [["x | y\n< z"]]).splitlines()[2] == "| x \\| y \\< z |"
