"""Prices and utilities: each has a source and an interval, and what cannot be meant is refused in a line."""

import math
import re
from pathlib import Path

import pytest

from conf import economics, schema
from conf.economics import COUNTED_WITH, HARM_PRICES, HARM_PRICES_PER_YEAR, WORDS, reference, world_economics
from conf.own_file import read_yaml
from conf.schema import compose_run, shipped
from conf.stated_sources import ASSUMPTION, assumptions_of, comments, evidence, ids_in
from conf.units import range_of
from experiments.cli.command import main
from sim.parameters import pack
from sim.patient import Harm

CONF = Path(schema.__file__).parent
COUNTRIES = sorted(path.stem for path in (CONF / "economics").glob("*.yaml") if path.stem != "none")
DUTCH = CONF / "economics/dutch.yaml"


def numbers(country):
    found = compose_run(f"economics={country}").economics
    assert found is not None
    return found.numbers


def flat(value):
    return value if isinstance(value, list) else [value]


def test_two_countries_are_shipped_and_each_has_every_key():
    assert COUNTRIES == ["dutch", "english"]
    for country in COUNTRIES:
        assert set(numbers(country)) == set(reference())


@pytest.mark.parametrize("country", COUNTRIES)
def test_every_price_and_utility_has_an_interval_that_holds_it_and_names_its_sources(country):
    ranges = shipped(f"uncertainty/economics/{country}")
    values = numbers(country)
    # The ages of the classes are a definition; everything else can be uncertain.
    assert set(ranges) | {"norm_from_age_years"} == set(values) | {"norm_from_age_years"}
    for key, uncertain in ranges.items():
        assert set(uncertain) == {"distribution", "low", "high", "source"}, key
        low, high = (flat(uncertain[end]) for end in ("low", "high"))
        for least, value, most in zip(low, flat(values[key]), high, strict=True):
            assert least <= value <= most, key
            assert range_of(key).holds(least) and range_of(key).holds(most), key
            assert uncertain["distribution"] == "fixed" or least < most or least == most == value, key
        assert (uncertain["distribution"] == "fixed") == (low == high), key
        sources = flat(uncertain["source"])
        assert sources and all(source == ASSUMPTION or source in evidence() for source in sources), key


@pytest.mark.parametrize("country", COUNTRIES)
def test_every_number_of_a_country_names_its_source_or_an_assumption_beside_it(country):
    said = comments(f"economics/{country}")
    words = {"currency", "price_year", "perspective", "rates", "horizon_years"}
    assert [key for key in numbers(country) if not ids_in(said.get(key, ""))] == []
    assert set(said) <= set(numbers(country)) | set(WORDS)
    assert ids_in(said["thresholds_per_qaly"])
    # rates: each has its own comment
    rates = read_yaml(CONF / f"economics/{country}.yaml", "")["rates"]
    text = (CONF / f"economics/{country}.yaml").read_text("utf-8")
    for name in rates:
        (comment,) = re.findall(rf"^  {name}: [\d.]+  # (.*)$", text, re.MULTILINE)
        assert ids_in(comment), name
    assert words < set(WORDS)


def test_the_count_of_assumptions_is_that_of_the_lines_that_say_so():
    lines = [line for line in DUTCH.read_text("utf-8").splitlines() if re.match(r"\w+:.*#", line)]
    assumed = sum(bool(re.search(r"\bassumption\b", line)) for line in lines)
    assert 20 < assumed < len(lines)
    assert assumptions_of("economics", "dutch").startswith(
        f"{assumed} of the {len(lines)} entries of economics/dutch rest on an assumption"
    )
    assert assumptions_of("economics", "mine") == ""


def test_a_price_of_another_year_and_currency_is_converted_by_its_rate():
    stated = read_yaml(DUTCH, "")["theatre_minute_price"]
    assert stated == {"value": 11.09, "year": 2022, "currency": "EUR"}
    assert numbers("dutch")["theatre_minute_price"] == pytest.approx(11.09 * 1.038)
    run = compose_run("economics=english", "economics.rates.EUR_2022=1")
    assert run.economics.numbers["mri_scan_price"] == 342.0


def test_a_price_can_be_set_on_the_command_line_as_a_number_or_with_its_year():
    for word, expected in (("140", 140.0), ("{value:100,year:2022,currency:EUR}", 103.8)):
        run = compose_run("economics=dutch", f"economics.visit_price={word}")
        assert run.economics.numbers["visit_price"] == pytest.approx(expected)


def test_what_was_understood_reads_as_the_same_again(tmp_path, capsys):
    run = compose_run("economics=english")
    resolved = run.resolved()["economics"]
    fields, stated = economics.read_words(resolved)
    assert economics.Economics(**fields, numbers=stated) == run.economics


def test_without_economics_nothing_is_counted_and_the_horizon_is_ten_years():
    run = compose_run()
    assert run.economics is None and run.horizon_years == 10.0
    assert run.resolved()["economics"] is None
    world = world_economics(None)
    assert not world["counted"]
    assert all(value == 0 for key in world if key != "counted" for value in flat(world[key]))


def test_the_horizon_is_that_of_the_prices_unless_the_command_sets_one():
    assert compose_run("economics=dutch").horizon_years == 60.0
    assert compose_run("economics=dutch", "horizon_years=5").horizon_years == 5.0
    assert compose_run("economics=dutch", "economics.horizon_years=20").horizon_years == 20.0


def test_the_world_of_a_patient_holds_every_number_under_its_name_or_what_follows_from_it():
    values = numbers("dutch")
    world = world_economics(compose_run("economics=dutch").economics)
    for key, value in values.items():
        if key in COUNTED_WITH:
            assert all(name in world for name in COUNTED_WITH[key]) and key not in world
        else:
            assert world[key] == value
    assert world["costs_force_of_interest"] == pytest.approx(math.log(1.03))
    for harm in Harm:
        once, yearly = HARM_PRICES.get(harm.name), HARM_PRICES_PER_YEAR.get(harm.name)
        assert world["harm_price"][harm] == (values[once] if once else 0.0)
        assert world["harm_price_per_year"][harm] == (values[yearly] if yearly else 0.0)
    hours = 365.25 / 7 * values["productivity_hour_price"] * values["working_hours_per_week"]
    assert world["absence_price_per_year"] == pytest.approx(hours * values["employed_share"])
    assert world["stoma_informal_care_price_per_year"] == pytest.approx(
        365.25 / 7 * values["informal_care_hour_price"] * values["stoma_informal_hours_per_week"]
    )
    assert pack({"economics": world})["economics"]["counted"][0]


REFUSED = [
    (["economics=dtuch"], ["economics=dtuch", "did you mean dutch?"]),
    (["economics.visit_price=1"], ["economics.visit_price=1", "economics=dutch"]),
    (["economics=dutch", "economics.visit_prise=100"], ["economics.visit_prise", "visit_price"]),
    (["economics=dutch", "economics.visit_price=-1"], ["economics.visit_price=-1", "0 or more"]),
    (["economics=dutch", "economics.visit_price=high"], ["economics.visit_price=high", "number"]),
    (["economics=dutch", "economics.travel_price=.nan"], ["economics.travel_price"]),
    (["economics=dutch", "economics.recovery_utility_ratio=1.2"],
     ["economics.recovery_utility_ratio=1.2", "from 0 to 1"]),
    (["economics=dutch", "economics.women_norm_utility=[1.2,1,1,1,1,1,1]"],
     ["economics.women_norm_utility[0]=1.2", "from -1 to 1"]),
    (["economics=dutch", "economics.women_norm_utility=[1,1]"], ["economics.women_norm_utility", "7"]),
    (["economics=dutch", "economics.harm_utility_ratio=0.9"], ["economics.harm_utility_ratio", "13"]),
    (["economics=dutch", "economics.costs_discount_rate_per_year=3"],
     ["economics.costs_discount_rate_per_year=3", "from 0 to 1"]),
    (["economics=dutch", "economics.norm_from_age_years=[18,25,25,45,55,65,75]"],
     ["economics.norm_from_age_years", "must rise", "25 follows 25"]),
    (["economics=dutch", "economics.thresholds_per_qaly=[50000,20000]"],
     ["economics.thresholds_per_qaly", "must rise", "20000 follows 50000"]),
    (["economics=dutch", "economics.thresholds_per_qaly=[]"], ["economics.thresholds_per_qaly=[]", "list"]),
    (["economics=dutch", "economics.thresholds_per_qaly=20000"], ["economics.thresholds_per_qaly=20000"]),
    (["economics=dutch", "economics.perspective=social"], ["economics.perspective=social", "societal"]),
    (["economics=dutch", "economics.horizon_years=0"], ["economics.horizon_years=0", "above 0"]),
    (["economics=dutch", "economics.visit_price={value:1,currency:GBP,year:2022}"],
     ["economics.visit_price", "no rate for GBP_2022", "EUR_2022"]),
    (["economics=dutch", "economics.leak_price={value:1,year:2022}"], ["economics.leak_price", "currency"]),
    (["economics=dutch", "economics.visit_price={value:-1,currency:EUR,year:2022}"],
     ["economics.visit_price.value=-1", "0 or more"]),
    (["economics=dutch", "economics.visit_price={value:1,currency:EUR,year:22}"],
     ["economics.visit_price.year=22", "1,990|1990"]),
    (["economics=dutch", "economics.recovery_days={value:1,currency:EUR,year:2022}"],
     ["economics.recovery_days", "must be a number"]),
    (["economics=dutch", "economics.rates={EUR:1.2}"], ["economics.rates.EUR", "EUR_2014"]),
    (["economics=dutch", "economics.rates.EUR_2022=0"], ["economics.rates.EUR_2022=0", "above 0"]),
    (["economics=dutch", "+economics.rates.EUR_2023=1.1"], ["economics.rates.EUR_2023", "own currency"]),
    (["economics=dutch", "economics.rates=1.2"], ["economics.rates=1.2", "group of rates"]),
    (["economics=dutch", "economics.currency=GBP"], ["economics.currency=GBP", "lrrc new economics"]),
    (["economics=dutch", "economics.price_year=2020"], ["economics.price_year=2020", "price year"]),
    (["economics=dutch", "~economics.visit_price"], ["economics.visit_price", "missing"]),
    (["economics=dutch", "~economics.perspective"], ["economics.perspective", "missing"]),
]  # fmt: skip


@pytest.mark.parametrize("words, said", REFUSED, ids=lambda part: part[-1] if isinstance(part, list) else "")
def test_prices_and_utilities_that_cannot_be_meant_are_refused_in_a_line(words, said, here, capsys):
    assert main(["compare", *words, "patients=10"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1, err
    for word in said:
        assert any(part in err for part in word.split("|")), err


@pytest.fixture
def own(tmp_path, capsys):
    """Write a file of one's own; return the refusal of a run with it, or nothing."""

    def write(text, *words):
        (tmp_path / "mine/economics").mkdir(parents=True, exist_ok=True)
        (tmp_path / "mine/economics/mine.yaml").write_text(text, "utf-8")
        run = [
            "compare",
            "--config-dir",
            str(tmp_path / "mine"),
            "economics=mine",
            "patients=10",
            "pictures=false",
        ]
        status = main([*run, "policies=[tme_alone]", "horizon_years=1", f"out={tmp_path / 'run'}", *words])
        err = capsys.readouterr().err
        assert status == (2 if err else 0) and len(err.splitlines()) <= 1
        return err

    return write


def test_a_file_of_ones_own_may_start_from_another_and_change_a_price(own, tmp_path):
    assert own("defaults: [dutch, _self_]\nvisit_price: 99\nperspective: health_care\n") == ""
    config = read_yaml(tmp_path / "run/config.yaml", "")["economics"]
    assert config["visit_price"] == 99.0 and config["perspective"] == "health_care"
    assert config["ct_scan_price"] == pytest.approx(410 * 1.038)


def test_a_file_of_ones_own_cannot_say_that_anothers_prices_are_of_another_currency(own):
    for line in ("currency: GBP", "price_year: 2010"):
        assert "with every key and without defaults" in own(f"defaults: [dutch, _self_]\n{line}\n")


def test_a_file_of_ones_own_with_every_key_may_be_in_any_currency(own, tmp_path):
    text = DUTCH.read_text("utf-8").replace("currency: EUR\n", "currency: SEK\n", 1)
    text = re.sub(r"^  EUR_2022: .*", "  EUR_2022: 11.5", text, flags=re.MULTILINE)
    assert own(text) == ""
    config = read_yaml(tmp_path / "run/config.yaml", "")["economics"]
    assert config["currency"] == "SEK" and config["ct_scan_price"] == pytest.approx(410 * 11.5)


def test_a_file_of_ones_own_without_a_key_is_refused(own):
    text = DUTCH.read_text("utf-8")
    assert "economics.leak_price: missing" in own(re.sub(r"^leak_price:.*\n", "", text, flags=re.MULTILINE))
    assert "economics.currency: missing" in own(re.sub(r"^currency:.*\n", "", text, flags=re.MULTILINE))
    assert "economics.leak_prices" in own(text.replace("leak_price:", "leak_prices:"))
