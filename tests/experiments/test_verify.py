"""``lrrc verify``: the model passes its black-box tests, a broken one fails them, in any scenario."""

import os
import re
import subprocess
import sys
import textwrap

import numpy as np
import pandas as pd
import pytest

from conf.schema import compose_run
from experiments import black_box
from experiments.black_box import Model, checks, nobody, only_adds, the_same
from experiments.cli.command import main
from sim.luck import draw_luck

FEW = 400


@pytest.fixture
def verified(here, capsys):
    def verify(*words):
        status = main(["verify", *words])
        said = capsys.readouterr()
        return status, said.out, said.err

    return verify


def test_the_model_passes_every_test_and_each_sees_somebody(verified, here):
    status, out, err = verified()
    assert (status, err) == (0, "")
    count = len(black_box.TESTS)
    assert count > 40
    assert out.splitlines()[-1] == f"{count} of {count} tests passed"
    assert len(re.findall(r"^pass ", out, re.MULTILINE)) == count
    assert list(here.iterdir()) == []  # nothing is written without out=


def test_each_line_says_what_was_expected_and_what_was_seen(verified):
    _, out, _ = verified(f"patients={FEW}")
    lines = re.sub(r"\n {17}", " ", out).splitlines()[2:-2]
    assert len(lines) == len(black_box.TESTS)
    assert all(re.fullmatch(r"(pass|-) +\w[\w ]{9} .+: expected .+, seen .+", line) for line in lines)


@pytest.mark.parametrize(
    "words",
    [
        ["scenario=dutch_tme"],
        ["policies=[total_neoadjuvant+for_everyone,tme_alone]", "comparator=total_neoadjuvant+for_everyone"],
        ["policies=[abdominoperineal_resection]"],
        ["clinic=regional", "disease=default", "horizon_years=3", "seed=9"],
        ["surgery.leak_probability=1", "spillage.take_probability=0"],
    ],
)
def test_a_scenario_of_ones_own_is_verified_and_what_it_cannot_show_is_no_failure(verified, words):
    status, out, err = verified(*words, f"patients={FEW}")
    assert (status, err) == (0, "")
    assert "FAIL" not in out


def test_a_policy_without_anastomosis_has_no_leak_to_see(verified):
    _, out, _ = verified("policies=[abdominoperineal_resection]", f"patients={FEW}")
    assert re.search(r"^- +one +every anastomosis leaks", out, re.MULTILINE)
    assert "had nothing to see in this scenario (-)" in out


def test_a_table_is_written_where_it_is_asked_for(verified, here):
    status, out, _ = verified(f"patients={FEW}", "out=checked")
    assert status == 0 and out.splitlines()[-1] == str(here / "checked")
    table = pd.read_csv(here / "checked/verification.csv")
    assert list(table) == ["area", "claim", "expected", "seen", "passed"]
    assert len(table) == len(black_box.TESTS) and set(table["passed"]) <= {"pass", "-"}
    assert (here / "checked/manifest.json").is_file()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["dutch_tme"], "lrrc verify scenario=dutch_tme"),
        (["surgery.leak_probability=2"], "from 0 to 1"),
        (["patients=1e6"], "at most 20000"),
        (["scenario=nowhere"], "nowhere"),
    ],
)
def test_what_cannot_be_verified_is_refused_in_a_line(verified, words, expected):
    status, out, err = verified(*words)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1 and expected in err


def test_luck_that_does_not_follow_the_seed_fails_and_the_status_says_so(verified, monkeypatch):
    monkeypatch.setattr(
        "experiments.simulating.cohort.draw_luck",
        lambda first, stop, seed, replication: draw_luck(first, stop, 1, 0),
    )
    status, out, _ = verified(f"patients={FEW}")
    assert status == 1
    failed = re.findall(r"^FAIL +(\w+) +(.*?): expected", out, re.MULTILINE)
    assert failed == [
        ("seeds", "another seed gives other patients"),
        ("seeds", "another replication gives other patients"),
    ]
    assert "2 FAILED" in out.splitlines()[-1]


# A reaction that is broken in one way, and the claim that must fail then.
BROKEN = {
    "no leak where its probabilities are 0": """
        real = journey.resect
        def resect(patient, luck, world, now):
            real(patient, luck, world, now)
            patient.leaked = patient.anastomosis
        journey.resect = resect
    """,
    "nothing happens after a death, and nothing is pending": """
        real = mortality.call_off_all
        mortality.call_off_all = lambda patient: None
    """,
    "a larger margin.circumferential_take_probability only adds": """
        real = margin.settle
        def settle(patient, luck, world, odds, route, cells, takes, compartment, least_extra, now):
            turned = 1.0 if takes < 0.3 else 0.0
            real(patient, luck, world, odds, route, True, turned, compartment, least_extra, now)
        margin.settle = settle
    """,
    "leak prevention with an odds ratio of 1 changes nothing": """
        real = surgery.leak_odds
        def leak_odds(patient, world):
            return real(patient, world) * (0.01 if world.policy.leak_prevention else 1.0)
        surgery.leak_odds = leak_odds
    """,
}


@pytest.mark.long
@pytest.mark.parametrize("claim", BROKEN)
def test_a_broken_reaction_fails(claim, tmp_path):
    code = "from sim.mechanisms import margin\nfrom sim.pathway import journey, mortality, surgery\n"
    code += textwrap.dedent(BROKEN[claim])
    code += "\nfrom experiments.cli.command import main\n"
    code += "raise SystemExit(main(['verify', 'patients=60', 'policies=[tme_alone]', 'horizon_years=5']))\n"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 1, done.stdout + done.stderr
    said = re.sub(r"\n {17}", " ", done.stdout)
    assert re.search(rf"^FAIL +[\w ]+? +{re.escape(claim)}: expected", said, re.MULTILINE), said


def test_the_helpers_see_what_they_should():
    rows = Model(compose_run("patients=20")).rows()
    other = rows.copy()
    other["agenda"][3, 0] = 5.0
    assert the_same(rows, rows.copy()).passed
    assert the_same(rows, other) == ("no difference", "1 differ", False)
    assert the_same(rows, other, ("agenda",)).passed
    some, none = np.array([True, False]), np.array([False, False])
    assert only_adds(none, some).passed and not only_adds(some, ~some).passed
    assert only_adds(some, none).passed is False
    assert only_adds(none, none).passed is None
    assert nobody(none).passed and not nobody(some).passed and nobody(some[:0]).passed is None


def test_numbers_that_break_a_relation_are_no_failure(monkeypatch):
    def impossible(model):
        return nobody(model.rows({"cohort.age_min_years": 200.0})["female"])

    monkeypatch.setattr(black_box, "TESTS", [("zero", "nobody is older than the oldest", impossible)])
    (check,) = checks(compose_run("patients=20"))
    assert check.passed is None and check.seen.startswith("refused: ")
