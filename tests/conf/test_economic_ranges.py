"""A file of one's own says how uncertain its prices and utilities are; what cannot be meant is refused."""

import numpy as np
import pytest

from conf.composition import composed, composing
from conf.economic_draws import draw_economics, uncertain_economics
from conf.schema import compose_run, shipped
from experiments.cli.command import main
from experiments.sweeping.design import point_of
from experiments.valuing.plan import read_psa
from experiments.valuing.sensitivity_plan import read_sensitivity

PRICE = "visit_price: {distribution: lognormal, low: 80, high: 160, source: our hospital}"
UTILITY = "recurrence_utility_ratio: {distribution: beta, low: 0.7, high: 0.9, source: [assumption]}"
NORMS = [0.93, 0.93, 0.94, 0.93, 0.93, 0.92, 0.88]
LIST = (
    "men_norm_utility: {distribution: uniform, "
    f"low: {[round(one - 0.02, 2) for one in NORMS]}, high: {[round(one + 0.02, 2) for one in NORMS]}, "
    "source: assumption}"
)


@pytest.fixture
def folder(tmp_path):
    """Write a file that starts from the Dutch one, with these ranges; return its folder."""

    def write(*ranges, more=""):
        (tmp_path / "mine/economics").mkdir(parents=True, exist_ok=True)
        section = "uncertainty:\n" + "".join(f"  {one}\n" for one in ranges) if ranges else ""
        text = f"defaults: [dutch, _self_]\n{more}\n{section}"
        (tmp_path / "mine/economics/mine.yaml").write_text(text, "utf-8")
        return tmp_path / "mine"

    return write


def psa_of(folder, *words):
    with composing(folder):
        config, choices = composed("psa", ["economics=mine", "members=40", "patients=200", *words])
        return read_psa(config, choices)


def test_what_has_a_range_is_drawn_from_it_and_the_rest_is_held(folder):
    plan = psa_of(folder(PRICE, UTILITY, LIST))
    drawn = {number.name for number in plan.economics.numbers}
    assert drawn == {"visit_price", "recurrence_utility_ratio", "men_norm_utility"}
    assert len(plan.economics.numbers) == 2 + len(NORMS)
    draws = draw_economics(plan.economics.numbers, 400, 1)
    for k, number in enumerate(draws.numbers):
        inside = (draws.values[:, k] >= number.low) & (draws.values[:, k] <= number.high)
        assert np.mean(inside) == pytest.approx(0.95, abs=0.012), number.key
    held = {run.economics.numbers["ct_scan_price"] for run in (p.run for p in plan.plan.points)}
    assert len(held) == 1


def test_a_file_without_ranges_is_held_fixed_and_psa_says_so(folder, tmp_path, capsys):
    own = folder()
    assert psa_of(own).economics.numbers == ()
    small = ["members=20", "patients=160", "policies=[usual_care,tme_alone]", "pictures=false"]
    words = ["psa", "--config-dir", str(own), "economics=mine", *small, "compute.workers=1"]
    assert main([*words, f"out={tmp_path / 'fixed'}"]) == 0
    assert "Prices and utilities are held fixed" in capsys.readouterr().out
    folder(PRICE)
    assert main([*words, f"out={tmp_path / 'drawn'}"]) == 0
    assert "held fixed" not in capsys.readouterr().out
    assert "visit_price" in (tmp_path / "drawn/members.csv").read_text().splitlines()[0]


def test_a_tornado_takes_its_ends_from_the_file(folder):
    with composing(folder(PRICE)):
        words = ["economics=mine", "method=tornado", "vary=[economics.visit_price]", "patients=200"]
        plan = read_sensitivity(*composed("sensitivity", words))
    ends = [plan.plan.points[k].run.economics.numbers["visit_price"] for k in (1, 2)]
    assert ends == pytest.approx([80, 160], rel=0.01)


def test_a_number_may_be_swept_beyond_its_range(folder):
    run = psa_of(folder(PRICE)).plan.run
    moved = point_of({"economics.visit_price": 900.0}, run).run.economics
    assert moved.numbers["visit_price"] == 900.0 and moved.ranges == run.economics.ranges
    assert uncertain_economics("mine", moved) == ()


def test_the_ranges_of_a_shipped_file_written_in_ones_own_are_the_same(folder):
    rows = shipped("uncertainty/economics/dutch")
    lines = [f"{key}: {own!s}" for key, own in rows.items()]
    own = psa_of(folder(*lines)).economics
    base = compose_run("economics=dutch").economics
    assert own.numbers == uncertain_economics("dutch", base)


def test_a_rerun_knows_the_ranges(folder):
    run = psa_of(folder(PRICE)).plan.run
    assert run.resolved()["economics"]["uncertainty"]["visit_price"]["high"] == 160.0
    assert "uncertainty" not in compose_run("economics=dutch").resolved()["economics"]


REFUSED = [
    (PRICE.replace("visit_price", "visit_prise"), "uncertainty.visit_prise", "did you mean visit_price"),
    (PRICE.replace("80", "150"), "uncertainty.visit_price", "do not hold the number itself, 134.94"),
    (PRICE.replace("160", "100"), "uncertainty.visit_price", "do not hold"),
    (PRICE.replace("80", "-80"), "uncertainty.visit_price.low=-80", "0 or more"),
    (PRICE.replace("80", "0"), "uncertainty.visit_price", "lognormal distribution lies above 0"),
    (PRICE.replace("lognormal", "log_normal"), "distribution=log_normal", "did you mean lognormal"),
    (PRICE.replace("lognormal", "beta"), "uncertainty.visit_price", "beta distribution lies"),
    (PRICE.replace("lognormal", "fixed"), "uncertainty.visit_price", "has one value"),
    (PRICE.replace(", source: our hospital", ""), "uncertainty.visit_price", "must hold distribution"),
    (PRICE.replace("our hospital", "''"), "uncertainty.visit_price.source", "in words"),
    (PRICE.replace("80", "low"), "uncertainty.visit_price.low=low", "must be a number"),
    (PRICE.replace("80", ".nan"), "uncertainty.visit_price.low", "out of range"),
    (UTILITY.replace("0.9,", "1.2,"), "uncertainty.recurrence_utility_ratio.high=1.2", "from 0 to 1"),
    (LIST.replace("0.91, ", "", 1), "uncertainty.men_norm_utility.low", "list of 7 numbers"),
    (LIST.replace("0.86]", "-2]"), "uncertainty.men_norm_utility.low[6]=-2", "from -1 to 1"),
    ("visit_price: 135", "uncertainty.visit_price=135", "must hold distribution"),
]


@pytest.mark.parametrize(("line", "key", "said"), REFUSED, ids=[key + " " + said for _, key, said in REFUSED])
@pytest.mark.parametrize("experiment", ["compare", "psa"])
def test_a_range_that_cannot_be_meant_is_refused_in_a_line(folder, line, key, said, experiment, capsys):
    words = [experiment, "--config-dir", str(folder(line)), "economics=mine"]
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1, err
    assert f"economics.{key}" in err or key in err, err
    assert said in err, err


def test_a_section_that_is_no_group_is_refused(folder, capsys):
    own = folder(more="uncertainty: wide")
    assert main(["compare", "--config-dir", str(own), "economics=mine"]) == 2
    assert "economics.uncertainty=wide" in capsys.readouterr().err
