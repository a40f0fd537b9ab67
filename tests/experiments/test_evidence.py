"""``lrrc evidence``: every number with its value, range, origin and sources, and where it is really read."""

import re
import shlex
from pathlib import Path

import pytest

from analysis.pages.numbers import WIDTH
from conf.composition import composed, composing
from conf.economics import COUNTED_WITH
from conf.numbers import numbers_of, trees_of
from conf.origins import origins
from conf.schema import compose_run, read_run
from conf.stated_sources import evidence as rows_of_evidence
from experiments.cli.catalogue import ON_MODEL
from experiments.cli.command import main
from experiments.model_source import ROOT, uses
from experiments.pages import parameters_page

EXPECTED_LEAST = 250


@pytest.fixture
def asked(here, capsys):
    def ask(*words):
        status = main(["evidence", *words])
        said = capsys.readouterr()
        return status, said.out, said.err

    return ask


@pytest.fixture(scope="module")
def run():
    return compose_run("economics=dutch")


@pytest.fixture(scope="module")
def read(run):
    return uses(trees_of(run))


def numbers(*overrides):
    with composing():
        return {
            number.key: number
            for number in numbers_of(
                read_run(composed("compare", overrides)[0]), origins("compare", overrides)
            )
        }


def test_every_number_of_the_run_is_there_with_the_value_that_is_simulated(run):
    known = numbers("economics=dutch")
    trees = {
        **run.parameters,
        "cohort": run.cohort,
        "clinic": run.clinic,
        "economics": run.economics.numbers,
    }
    assert {key: number.value for key, number in known.items()} == {
        f"{section}.{name}": value for section, tree in trees.items() for name, value in tree.items()
    }
    assert len(known) > EXPECTED_LEAST


def test_every_number_is_read_somewhere_and_stands_in_the_line_that_is_named(read):
    assert [key for key, places in read.items() if not places] == []
    for key, places in read.items():
        name = key.partition(".")[2]
        for use in places:
            line = (ROOT / use.file).read_text("utf-8").splitlines()[use.line - 1]
            names = COUNTED_WITH.get(name, (name,)) if key.startswith("economics.") else (name,)
            assert any(word in line for word in names) or re.search(r'\[f"\{\w+\}_\w+"\]', line), (key, use)


def test_no_reading_of_a_number_in_the_model_is_missed(read):
    """An independent look at the text: section.name, wherever it is written so in a reaction."""
    for path in Path(ROOT / "sim/pathway").glob("*.py"):
        file = path.relative_to(ROOT).as_posix()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            for section, name in re.findall(r"\b(\w+)\.(\w+)\b", line):
                key = f"{section}.{name}"
                if key in read:
                    assert (file, number) in {(use.file, use.line) for use in read[key]}, (key, number)


def test_each_number_names_where_it_comes_from():
    known = numbers("cohort=dutch_tme", "clinic=regional", "surgery.crm_sigma=0.4")
    assert known["surgery.leak_probability"].fitted
    assert known["surgery.occult_leak_probability"].origin == "conf/parameters/surgery.yaml"
    assert known["cohort.age_mean_years"].origin == "conf/cohort/dutch_tme.yaml"
    assert known["clinic.mri_count"].origin == "conf/clinic/regional.yaml"
    assert known["surgery.crm_sigma"].own and known["surgery.crm_sigma"].sources == ()


def test_only_a_fitted_number_has_a_posterior_and_it_is_that_of_the_file():
    known = numbers()
    assert {key for key, number in known.items() if number.posterior} == {
        key for key, number in known.items() if number.fitted
    }
    ((low, high),) = known["surgery.leak_probability"].posterior
    assert low < known["surgery.leak_probability"].value < high
    assert not any(number.posterior for number in numbers("disease=default").values())


def test_a_number_of_a_shipped_file_rests_on_an_assumption_or_on_rows_of_the_evidence():
    for number in (*numbers("economics=dutch").values(), *numbers("economics=english").values()):
        assert set(number.sources) <= rows_of_evidence().keys()
        if number.section != "clinic":
            assert number.sources or number.assumed, number.key


def test_the_range_of_one_cohort_is_not_shown_for_a_number_of_another():
    known = numbers("cohort=dutch_tme")
    assert known["cohort.age_mean_years"].low is None
    assert known["cohort.age_sd_years"].low is not None


def test_a_price_has_the_range_of_its_own_country_in_the_currency_of_the_country():
    for name in ("dutch", "english"):
        price = numbers(f"economics={name}")["economics.theatre_minute_price"]
        assert price.origin == f"conf/economics/{name}.yaml"
        assert price.ranges == f"conf/uncertainty/economics/{name}.yaml"
        assert price.low < price.value < price.high


@pytest.mark.parametrize(
    "words", [(), ("surgery",), ("assumption",), ("clinic=regional",), ("economics=dutch", "economics")]
)
def test_the_table_fits_the_width(asked, words):
    status, out, err = asked(*words)
    assert (status, err) == (0, "")
    assert max(map(len, out.splitlines())) <= WIDTH
    shown, of, total = out.splitlines()[-1].split()[:3]
    assert of == "of" and int(shown) == out.count("\n  ") - out.count("\n    ") <= int(total)


@pytest.mark.parametrize("example", ON_MODEL["evidence"].examples)
def test_the_examples_of_the_help_find_numbers(asked, example):
    status, out, err = asked(*shlex.split(example)[2:])
    assert (status, err) == (0, "") and re.search(r"^[1-9]\d* of \d+ numbers", out, re.MULTILINE)


def test_one_number_is_shown_in_full(asked):
    status, out, _ = asked("surgery.leak_probability")
    assert status == 0
    assert out.startswith("surgery.leak_probability = 0.0897437\n")
    for expected in ("from 0 to 1", "0.065–0.14", "fitted (disease=calibrated)", "0.1, where the fit began",
                     "318 endpoints of 62 trials", "nl.dsca.leak: anastomotic leak 0.096", "PMC4565862",
                     "sim/pathway/surgery.py:"):  # fmt: skip
        assert expected in out, expected
    assert max(map(len, out.splitlines())) <= WIDTH


def test_several_words_all_match_in_key_or_source_in_any_case(asked):
    _, out, _ = asked("NORWEGIAN", "perforation_probability")
    assert "surgery.perforation_probability = " in out and "\n1 of " in out


def test_a_number_of_ones_own_says_so(asked):
    _, out, _ = asked("surgery.leak_probability", "surgery.leak_probability=0.25")
    assert out.startswith("surgery.leak_probability = 0.25\n")
    assert "command line" in out and "what you know" in out and "nl.dsca.leak" not in out


def test_a_number_in_a_file_of_ones_own_says_which(asked, here):
    (here / "mine/cohort").mkdir(parents=True)
    (here / "mine/cohort/ours.yaml").write_text(
        "defaults: [dutch_contemporary, _self_]\nage_mean_years: 71.0\n", "utf-8"
    )
    _, out, _ = asked("cohort.age_mean_years", "cohort=ours", "--config-dir", "mine")
    assert out.startswith("cohort.age_mean_years = 71\n")
    assert "your file, cohort/ours.yaml" in out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["leek_probability"], "did you mean surgery.leak_probability?"),
        (["surgey"], "did you mean surgery?"),
        (["no.leak.rate", "female_share"], "no number has all of these words"),
        (["surgery", "surgery.leak_probabilit=0.1"], "did you mean surgery.leak_probability?"),
        (["leak", "cohort=nowhere"], "nowhere"),
        (["leak", "-m"], "--multirun"),
    ],
)
def test_what_cannot_be_found_is_refused_in_a_line(asked, words, expected):
    status, out, err = asked(*words)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1 and expected in err


def test_the_page_is_what_the_code_and_its_configuration_say_now():
    assert parameters_page.PAGE.read_text("utf-8") == parameters_page.page(), "make parameters"


def test_another_number_or_another_reader_is_another_page(monkeypatch):
    before = parameters_page.page()
    real = parameters_page.uses
    monkeypatch.setattr(
        parameters_page,
        "uses",
        lambda trees: {key: places[1:] for key, places in real(trees).items()},
    )
    assert parameters_page.page() != before
