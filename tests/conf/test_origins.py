"""What --cfg job says of where each number comes from, and that it stays the YAML that it was."""

import re

import pytest
import yaml
from omegaconf import OmegaConf

from conf.composition import composing
from conf.origins import annotated, origins
from conf.request import request
from conf.schema import shipped, shipped_sections
from experiments.cli.arguments import read_words
from experiments.cli.catalogue import EXPERIMENTS
from experiments.cli.command import main

OWN = {
    "cohort/mine": "defaults: [dutch_tme, _self_]\nfemale_share: 0.5\n",
    "disease/mine": "defaults: [calibrated, _self_]\nsurgery: {crm_sigma: 0.4}\n",
    "scenario/mine": "defaults:\n  - override /cohort: mine\npatients: 7\nmargin: {distal_scale_mm: 3.0}\n",
}


@pytest.fixture
def printed(here, capsys):
    """Return what --cfg job prints for words, in a folder with files of the user's own."""
    for name, text in OWN.items():
        (here / "mine" / f"{name}.yaml").parent.mkdir(parents=True, exist_ok=True)
        (here / "mine" / f"{name}.yaml").write_text(text, "utf-8")

    def show(*words):
        assert main([*words, "--cfg", "job", "--config-dir", "mine"]) == 0
        return capsys.readouterr().out

    return show


def origin(text, key):
    """Return the comment beside a key that stands once in a text."""
    (found,) = re.findall(rf"^ *{key}:.*?(?:  # (.*))?$", text, re.MULTILINE)
    return found


def test_each_number_says_which_file_or_word_it_is_from(printed):
    text = printed("compare", "scenario=mine", "disease=mine", "surgery.leak_probability=0.08", "seed=3")
    assert origin(text, "involved_up_to_mm") == "conf/parameters/surgery.yaml"
    assert origin(text, "perforation_probability") == "fitted (disease=calibrated)"
    assert origin(text, "plane_loss_mm") == "fitted (disease=calibrated)"
    assert origin(text, "crm_sigma") == "your file, disease/mine.yaml"
    assert origin(text, "distal_scale_mm") == "your file, scenario/mine.yaml"
    assert origin(text, "leak_probability") == "command line"
    assert origin(text, "female_share") == "your file, cohort/mine.yaml"
    assert origin(text, "apr_up_to_cm") == "conf/cohort/dutch_tme.yaml"
    assert origin(text, "reflection_cm") == "conf/cohort/dutch_contemporary.yaml"
    assert origin(text, "bed_count") == "conf/clinic/unlimited.yaml"
    assert origin(text, "patients") == "your file, scenario/mine.yaml"
    assert origin(text, "seed") == "command line"
    assert origin(text, "horizon_years") == "conf/compare.yaml"


def test_the_hand_set_disease_has_no_fitted_number(printed):
    text = printed("compare", "disease=default")
    assert "fitted" not in text
    assert origin(text, "perforation_probability") == "conf/parameters/surgery.yaml"


def test_a_part_says_it_too_and_a_number_alone_in_the_line_above(printed):
    part = printed("compare", "surgery.leak_probability=0.08", "-p", "surgery")
    assert origin(part, "leak_probability") == "command line"
    assert yaml.safe_load(part)["leak_probability"] == 0.08
    alone = printed("compare", "surgery.leak_probability=0.08", "-p", "surgery.leak_probability")
    assert alone == "# @package surgery.leak_probability\n# command line\n0.08\n"


@pytest.mark.parametrize("name", EXPERIMENTS)
@pytest.mark.parametrize("resolve", [False, True])
def test_without_its_comments_it_is_the_yaml_of_the_configuration(printed, name, resolve):
    text = printed(name, *(["--resolve"] if resolve else []))
    with composing():
        config = request(name, [], "").config
    whole = OmegaConf.to_yaml(config, resolve=resolve)
    assert "\n".join(re.sub(r"  # .*$", "", line) for line in text.splitlines()) == whole.rstrip()
    assert yaml.safe_load(text) == OmegaConf.to_container(config, resolve=resolve)


@pytest.mark.parametrize(
    "words",
    [
        "# no comment", "a: b", "x" * 300, "word " * 60, "two\nlines", "", "null", "'", '"', "é # à", "- a",
        " led", "a #b: c\n # d", "{a: 1}", "true",
    ],
)  # fmt: skip
def test_any_words_are_read_back_as_they_were(words):
    tree = {"find": words, "list": [{words or "k": [words, 1]}], "group": {"find": words}}
    found = dict.fromkeys(("find", "list", "group.find"), "command line")
    text = annotated(OmegaConf.create(tree), found)
    assert yaml.safe_load(text) == tree
    assert text.count("# command line") == 3


def test_every_number_has_an_origin_and_its_value_is_the_one_that_stands_there():
    words = ["cohort=dutch_tme", "clinic=strained", "surgery={crm_sigma:0.3}", "margin.distal_scale_mm=3"]
    with composing():
        config = request("compare", read_words(words).overrides, "").config
        found = origins("compare", words)
    tree = OmegaConf.to_container(config)
    fitted = shipped("disease/calibrated")
    for section in (*shipped_sections(), "cohort", "clinic"):
        for key, value in tree[section].items():
            if key in ("usual_care", "life_table"):
                continue  # the name of a file
            said = found[f"{section}.{key}"]
            if said.startswith("fitted"):
                assert value == fitted[section][key]
            elif said != "command line":
                assert value == shipped(said.removeprefix("conf/").removesuffix(".yaml"))[key]
    assert [key for key, said in found.items() if said == "command line"] == [
        "surgery.crm_sigma",
        "margin.distal_scale_mm",
    ]


@pytest.mark.parametrize("section", shipped_sections())
def test_each_file_of_numbers_says_first_that_a_fit_lies_over_it(section):
    from experiments.cli.guide import CONF

    head = (CONF / f"parameters/{section}.yaml").read_text("utf-8").partition("\n# effect")[0]
    assert head.startswith("# Set by hand.") and "conf/disease/calibrated.yaml lies over it" in head
