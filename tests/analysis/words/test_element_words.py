"""An element of a listed number is named by what it is of, in the order in which the model reads it."""

from pathlib import Path

import pytest
import yaml

from analysis.words import elements
from analysis.words.elements import OF, element_words
from analysis.words.sweep import parameter_words
from analysis.words.terms import OPERATION, REGIMEN, T_STAGE
from conf.posterior import read_sample
from sim.pathway.salvage import SITES
from sim.patient import Compartment, Margin, Operation, Plane, Procedure

CONF = Path(elements.__file__).parents[2] / "conf"


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("recurrence.t_take_odds_ratio[5]", "take odds ratio, T4b (recurrence)"),
        ("recurrence.nodes_take_odds_ratio[1]", "take odds ratio, N1 (recurrence)"),
        ("margin.fascia_distance_nodes_ratio[2]", "fascia distance ratio, N2 (margin)"),
        ("margin.sterilised_probability[1]", "sterilised probability, short course (margin)"),
        ("surgery.plane_loss_mm[2]", "plane loss, mm, muscularis plane (surgery)"),
        ("economics.harm_utility_ratio[3]", "harm utility ratio, faecal incontinence (economics)"),
        ("economics.men_norm_utility[2]", "men norm utility, 3 (economics)"),
        ("surgery.leak_probability", "leak probability (surgery)"),
    ],
)
def test_a_number_is_named_with_what_its_element_is_of(key, words):
    assert parameter_words(key) == words


def test_every_uncertain_element_of_the_disease_has_a_name():
    sample = read_sample("all", None)
    listed = [number for number in sample.numbers if number.index is not None]
    assert len(listed) > 40
    assert not [n.key for n in listed if element_words(n.name, n.index).isdigit()]


def test_names_are_as_many_as_the_elements_of_the_files():
    files = [*(CONF / "disease").glob("*.yaml"), *(CONF / "economics").glob("*.yaml")]
    sizes = {}
    for file in files:
        tree = yaml.safe_load(file.read_text("utf-8"))
        for section in (tree, *(part for part in tree.values() if isinstance(part, dict))):
            sizes |= {key: len(value) for key, value in section.items() if isinstance(value, list)}
    assert {name: sizes[name] for name in OF} == {name: len(of) for name, of in OF.items()}


def test_names_are_in_the_order_of_the_model():
    kinds = (
        (elements.T, T_STAGE), (elements.REGIMENS, REGIMEN), (elements.PLANES, Plane),
        (elements.OPERATIONS, OPERATION), (elements.PROCEDURES, Procedure),
    )  # fmt: skip
    for names, kind in kinds:
        assert len(names) == len(kind)
    assert [t.split()[0] for t in elements.T] == [
        t.name[:2] if "3" in t.name else t.name[0] + t.name[1:].lower() for t in T_STAGE
    ]
    assert [plane.split()[0] for plane in elements.PLANES] == [plane.name.lower() for plane in Plane]
    assert [Margin[name] for name in elements.MARGINS] == [1, 2, 3]
    assert [name.split()[0] for name in elements.PROCEDURES[1:]] == [
        one.name.lower().split("_")[0] for one in Procedure if one
    ]
    assert [name.replace(" ", "_").lower() for name in elements.OPERATIONS[1:]] == [
        one.name.lower() for one in Operation if one
    ]
    assert [site.upper() for site in elements.SITES] == [
        Compartment(places[0]).name.partition("_")[0] for places in SITES
    ]
