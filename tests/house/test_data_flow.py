"""The diagram of CONTRIBUTING.md is what the code says, and goes from the command to the folder."""

import re

import pytest

from experiments.pages import data_flow


@pytest.fixture(scope="module")
def drawn():
    return data_flow.diagram()


def test_the_diagram_of_the_page_is_the_one_that_the_code_says_now():
    text = data_flow.PAGE.read_text("utf-8")
    assert text.count(data_flow.BEGIN) == text.count(data_flow.END) == 1
    assert data_flow.page(text) == text, "make data-flow"


@pytest.mark.parametrize(
    ("caller", "called", "words"),
    [
        ("experiments.cli", "conf", r"request\(.*\) → Request"),
        ("experiments.cli", "experiments", r"compare\(Request\) → Path"),
        ("experiments", "conf", r"read_run\(DictConfig\) → Run"),
        ("experiments", "experiments.results", r"RunFolder"),
        ("experiments", "experiments.simulating", r"simulate\(Run\) → Simulated"),
        ("experiments.simulating", "sim", r"draw_luck\(\) → array"),
        ("experiments.simulating", "sim.clocks", r"compile_beside"),
        ("sim.clocks", "sim.pathway", r"happen\(record, array\)"),
        ("sim.pathway", "sim.mechanisms", r"seed_margins\(record"),
        ("sim.clocks", "sim.counting", r"array"),
        ("experiments", "analysis.tables", r"outcomes\(.*Tally.*\) → table"),
        ("experiments", "analysis.pictures", r"draw_all\("),
        ("experiments", "analysis.pages", r"summary\(table\) → str"),
    ],
)
def test_a_command_goes_from_its_words_to_a_folder_by_way_of(caller, called, words):
    found = [call.words for call in data_flow.calls() if (call.caller, call.called) == (caller, called)]
    assert any(re.search(words, each) for each in found), found


def test_every_arrow_is_between_wings_that_are_drawn_and_none_is_there_twice(drawn):
    wings = re.findall(r'^    (\w+)\["', drawn, re.MULTILINE)
    arrows = re.findall(r'^  (\w+) -->\|"[^"|]+"\| (\w+)$', drawn, re.MULTILINE)
    assert len(arrows) == drawn.count("-->") > 15
    assert {end for arrow in arrows for end in arrow} == set(wings)
    assert len(set(arrows)) == len(arrows)


def test_another_call_is_another_diagram(monkeypatch, drawn):
    (first, *_) = [name for name in data_flow.definitions("experiments.compare") if name == "tables_of"]
    own = dict(data_flow.definitions("experiments.compare"))
    own.pop(first)
    real = data_flow.definitions
    monkeypatch.setattr(
        data_flow, "definitions", lambda name: own if name == "experiments.compare" else real(name)
    )
    assert data_flow.diagram() != drawn
