"""A configuration whose shipped files were remembered is the one that Hydra composes of the same words."""

import pytest
from helpers.fuzzing import number_word, wrong_word
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from conf import used_files
from conf.composition import CONF, GROUPS, composed, composing, experiments, plain, sources
from conf.input_error import InputError
from conf.request import request
from conf.schema import checked


@pytest.fixture(scope="module")
def by_hydra(tmp_path_factory):
    """An empty folder of files of one's own: with such a folder Hydra composes everything each time."""
    return tmp_path_factory.mktemp("own")


def ending(name, words, own=None):
    """What a composition comes to: all that it holds, with the files that it was made of, or its refusal."""
    with composing(own):
        try:
            asked = request(name, words, "")
        except InputError as error:
            return str(error)
        nodes = [asked.config, *(asked.config._get_node(key) for key in asked.config)]
        strict = [OmegaConf.is_struct(node) for node in nodes if OmegaConf.is_config(node)]
        return plain(asked.config, resolve=False), strict, asked.choices, dict(used_files.used.shipped)


@pytest.mark.parametrize("name", experiments())
def test_every_experiment_is_composed_alike_the_first_time_and_the_second(name, by_hydra):
    tree, strict, choices, used = whole = ending(name, [], by_hydra)
    assert "surgery" in tree and all(strict) and choices and used
    assert ending(name, []) == ending(name, []) == whole


WORDS = [
    ["cohort=dutch_tme", "patients=7", "patients=8", "clinic=regional", "surgery.leak_probability=0.2"],
    ["cohort={year:2001}", "cohort=dutch_tme", "disease=default", "margin.distal_take_probability=0.1"],
    ["cohort=nobody"], ["cohort=null"], ["cohort=[dutch_tme]"],
    ["cohort=../x"], ["+cohort=dutch_tme"], ["~cohort"],
    ["+patient=1"], ["~patients"], ["surgery=1"], ["surgery.leek=1"], ["surgery.leek=1", "cohort=nobody"],
    ["patients=1,2"], ["hydra.run.dir=x"], ["parameters@surgery=margin"], ["+policy=tme_alone"],
]  # fmt: skip
MORE_WORDS = [
    ["scenario=default", "seed=${patients}"], ["cohort=1"], ["++cohort=dutch_tme"], ["~cohort=dutch_tme"],
    ["cohort@x=dutch_tme"], ["patients@x=1"],
    ["patient=1"], ["++patients=1"], ["+patients=1"], ["~patients=1"],
    ["~nothing"], ["surgery.leak_probability.x=1"], ["surgery={leak_probability:0.3}"], ["~scenario"],
    ["cohort=dutch_tme,dutch_contemporary"], ["patients=choice(1,2)"], ["hydra/launcher=basic"],
    ["hydra.nothing=1"], ["+hydra.searchpath=[x]"],
    ["patients="], ["=1"], ["patients"], ["[1"], ["policy=tme_alone"],
    ["cohort=nobody", "surgery.leek=1"], ["parameters=x"], ["+parameters@more=margin"], ["/cohort=dutch_tme"],
    ["cohort=a/b"],
]  # fmt: skip


@pytest.mark.parametrize(
    "words", [*WORDS, *(pytest.param(words, marks=pytest.mark.long) for words in MORE_WORDS)], ids=" ".join
)
def test_words_are_understood_and_refused_alike(words, by_hydra):
    assert ending("compare", words) == ending("compare", words, by_hydra)


@pytest.mark.parametrize(
    "examples", [pytest.param(6, id="few"), pytest.param(500, id="many", marks=pytest.mark.long)]
)
def test_words_made_at_random_are_understood_and_refused_alike(examples, by_hydra):
    @seed(1)
    @settings(max_examples=examples, deadline=None, database=None)
    @given(st.sampled_from(experiments()), st.data())
    def each(name, data):
        words = data.draw(st.lists(st.one_of(number_word(), wrong_word(name)), min_size=1, max_size=3))
        # As they are written: what is no number is not equal to itself.
        assert repr(ending(name, words)) == repr(ending(name, words, by_hydra))

    each()


@pytest.mark.parametrize("group", ["", *GROUPS])
def test_shipped_files_are_read_as_omegaconf_reads_them(group):
    files = sorted((CONF / group).glob("*.yaml"))
    with composing():
        source = sources()[0]
        for file in files:
            found = source.load_config(f"{group}/{file.stem}".lstrip("/"))
            assert found.config == OmegaConf.load(file), file
            header = file.read_text("utf-8").startswith("# @package _global_")
            assert found.header["package"] == ("_global_" if header else None), file
    assert files and source.provider == "main"


def test_what_was_made_of_a_composition_leaves_the_next_as_it_was():
    with composing():
        first, chosen = composed("compare")
        first.patients, chosen["cohort"] = 1, "mine"
        first.surgery.leak_probability = 0.5
        again, others = composed("compare")
    assert again.patients == 20_000 and others["cohort"] == "dutch_contemporary"
    assert again.surgery.leak_probability != 0.5


def test_a_file_of_ones_own_is_read_again_in_each_composition(tmp_path):
    own = tmp_path / "scenario" / "mine.yaml"
    own.parent.mkdir()
    for patients in (5, 6):
        own.write_text(f"patients: {patients}\n", "utf-8")
        with composing(tmp_path):
            assert composed("compare", ["scenario=mine"])[0].patients == patients


def test_a_key_that_holds_the_end_of_a_line_is_refused_in_one_line():
    with pytest.raises(InputError) as in_a_file:
        checked("anatomy", {"\n": None}, {"mesorectum_mm": 1.0})
    assert str(in_a_file.value) == "anatomy.\\n=null: there is no key anatomy.\\n"
    with composing(), pytest.raises(InputError) as among_the_words:
        request("compare", ["a\nb=1"], "")
    assert str(among_the_words.value).startswith("a\\nb=1: not understood")
