"""A cohort's life table: a file that is named by a word, checked, and packed into hazards of a fixed form."""

import dataclasses
import math
import re
from pathlib import Path

import numpy as np
import pytest

from conf import schema
from conf.composition import composing, options
from conf.input_error import InputError
from conf.life_table import BANDS, read_life_table
from conf.run import world_trees
from conf.schema import compose_run, shipped
from conf.trials import read_trial
from sim.parameters import pack

CONF = Path(schema.__file__).parent
MINE = """\
first_age_years: 40
men_five_year_death_probability: [0.01, 0.02, 0.03, 0.05, 0.08, 0.15]
women_five_year_death_probability: [0.008, 0.01, 0.02, 0.03, 0.05, 0.1, 0.3]
growth_five_years_ratio: 1.5
"""
# Published expectation at 65, by evidence id.
EXPECTED_65 = {
    "irish_2005_2007": (16.6, 19.8),
    "irish_2010_2012": (17.7, 20.6),
    "dutch_2019": (20.3, 23.1),
}


@pytest.fixture
def mine(tmp_path):
    """Write a table of one's own, with changes of its text, and return its folder."""

    def write(*changes: tuple[str, str]):
        (tmp_path / "life_table").mkdir(exist_ok=True)
        text = MINE
        for pattern, line in changes:
            text, found = re.subn(rf"^{pattern}.*\n", line, text, flags=re.MULTILINE)
            assert found == 1
        (tmp_path / "life_table" / "mine.yaml").write_text(text, "utf-8")
        return tmp_path

    return write


def refusal(folder, name="mine"):
    with composing(folder), pytest.raises(InputError) as refused:
        read_life_table("cohort.life_table", name)
    (line,) = str(refused.value).splitlines()
    return line


def test_every_shipped_table_is_read_and_every_cohort_names_one():
    with composing():
        names = options("life_table")
        assert {"dutch_1995_2000", *EXPECTED_65} == set(names)
        for name in names:
            assert read_life_table("here", name).name == name
    for cohort in ("dutch_contemporary", "dutch_tme", "english", "dutch_2011", "all_comers"):
        assert compose_run(f"cohort={cohort}").life_table.name == "dutch_1995_2000"


@pytest.mark.parametrize("name", EXPECTED_65)
def test_a_scaled_table_has_the_published_expectation_and_the_form_of_the_dutch_one(name):
    scaled, dutch = shipped(f"life_table/{name}"), shipped("life_table/dutch_1995_2000")
    for sex, published in zip(("men", "women"), EXPECTED_65[name], strict=True):
        key = f"{sex}_five_year_death_probability"
        hazards = [-math.log(1 - q) / 5 for q in scaled[key]]
        theirs = [-math.log(1 - q) / 5 for q in dutch[key]]
        ratios = np.array(hazards) / theirs
        assert ratios == pytest.approx(ratios[0], rel=0.002)
        hazards += [hazards[-1] * scaled["growth_five_years_ratio"] ** k for k in range(1, 30)]
        days = np.arange(0, 80, 0.001)
        hazard = np.array(hazards)[3 + (days // 5).astype(int)]  # from 65 on
        assert np.exp(-np.cumsum(hazard * 0.001)).sum() * 0.001 == pytest.approx(published, abs=0.02)
    text = (CONF / f"life_table/{name}.yaml").read_text("utf-8")
    assert text.count("# assumption: scaled to") == 2


def test_a_table_is_packed_as_hazards_by_five_years_whatever_its_length(mine):
    with composing(mine()):
        table = read_life_table("cohort.life_table", "mine")
    record = table.record()
    assert record["first_age_years"] == 40.0
    for sex, last in (("men", 0.15), ("women", 0.3)):
        hazards = record[f"{sex}_hazard_per_year"]
        given = table.content()[f"{sex}_five_year_death_probability"]
        assert len(hazards) == BANDS
        assert [1 - math.exp(-5 * h) for h in hazards[: len(given)]] == pytest.approx(given)
        beyond = np.array(hazards[len(given) - 1 :])
        assert beyond[0] == pytest.approx(-math.log(1 - last) / 5)
        assert beyond[1:] / beyond[:-1] == pytest.approx(1.5)
    dutch = compose_run()
    with composing():
        other = read_life_table("here", "irish_2010_2012")
    forms = {
        pack(*world_trees(dataclasses.replace(dutch, life_table=one), dutch.policies[0])).dtype
        for one in (table, other, dutch.life_table)
    }
    assert len(forms) == 1


def test_the_command_names_another_table(mine):
    assert compose_run("cohort.life_table=irish_2010_2012").life_table.name == "irish_2010_2012"
    resolved = compose_run("cohort.life_table=irish_2010_2012").resolved()
    assert resolved["cohort"]["life_table"] == "irish_2010_2012"
    assert resolved["life_table"]["men_five_year_death_probability"][0] == 0.01633


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("dutch_1995_200", "=dutch_1995_200: there is no such life table; did you mean dutch_1995_2000?"),
        ("[dutch_2019]", "cohort.life_table=[dutch_2019]: must be the name of a life table"),
        ("null", "cohort.life_table=null: must be the name of a life table"),
        ("1.5", "cohort.life_table=1.5: must be the name of a life table"),
        ("../mine", "there is no such life table"),
    ],
)  # fmt: skip
def test_a_name_of_no_table_is_refused_with_the_nearest(word, message):
    with pytest.raises(InputError) as refused:
        compose_run(f"cohort.life_table={word}")
    assert message in str(refused.value)


MEN, WOMEN = "men_five_year_death_probability", "women_five_year_death_probability"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((MEN, f"{MEN}: [0.1, 0.1, 0.3, 0.5, 0.4, 0.6]\n"), "must not fall, and 0.4 follows 0.5 at age 60"),
        ((MEN, f"{MEN}: [0.1, 0.2, 0.3, 1]\n"), f"{MEN}[3]=1: out of range; must be above 0 and below 1"),
        ((WOMEN, f"{WOMEN}: [0, 0.02, 0.03, 0.05, 0.08, 0.1]\n"), f"{WOMEN}[0]=0: out of range"),
        ((WOMEN, f"{WOMEN}: [0.02, 0.03, 0.05]\n"), "must be a list of 4 to 24 probabilities"),
        ((WOMEN, f"{WOMEN}: {[0.1] * 25}\n"), "must be a list of 4 to 24 probabilities"),
        ((WOMEN, f"{WOMEN}: 0.1\n"), "must be a list of 4 to 24 probabilities"),
        ((WOMEN, f"{WOMEN}: [0.1, 0.2, 0.3, many]\n"), f"{WOMEN}[3]=many: must be a number"),
        ((WOMEN, f"{WOMEN}: [0.1, 0.2, 0.3, 0.4]\n"), "ends at age 60, and must reach 70"),
        (("first_age", "first_age_years: 70\n"), "first_age_years=70: out of range; must be from 0 to 60"),
        (("growth", "growth_five_years_ratio: 0.9\n"), "ratio=0.9: out of range; must be from 1 to 3"),
        (("growth", ""), "growth_five_years_ratio: missing"),
        (("growth", "growth_ratio: 1.4\n"), "growth_ratio=1.4: there is no such key"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_one_is_refused_in_a_line(mine, change, message):
    line = refusal(mine(change))
    assert line.startswith("life_table mine: ") and message in line


def test_before_fifty_a_probability_may_fall(mine):
    folder = mine((MEN, f"{MEN}: [0.03, 0.02, 0.025, 0.05, 0.08, 0.15]\n"))
    with composing(folder):
        assert read_life_table("here", "mine").men_five_year_death_probability[1] == 0.02


def test_a_cohort_file_without_a_table_says_what_is_missing(here, tmp_path):
    text = (CONF / "cohort/dutch_contemporary.yaml").read_text("utf-8")
    (tmp_path / "cohort").mkdir()
    whole = re.sub(r"^life_table:.*\n", "", text, flags=re.MULTILINE)
    (tmp_path / "cohort" / "own.yaml").write_text(whole, "utf-8")
    from conf.composition import composed

    with composing(tmp_path), pytest.raises(InputError, match=r"cohort\.life_table: missing; name one"):
        schema.read_run(composed("compare", ["cohort=own"])[0])


def test_a_trial_and_each_of_its_arms_may_name_a_table(tmp_path):
    path = tmp_path / "one.yaml"
    path.write_text(
        "title: One\ncohort: {base: dutch_tme, life_table: irish_2005_2007}\n"
        "arms:\n  first: tme_alone\n"
        "  second: {policy: tme_alone, cohort: {life_table: dutch_2019}}\n"
        "  third: {policy: tme_alone, cohort: {female_share: 0.5}}\n"
        "follow_up_years: 5\nendpoints:\n"
        "  - {evidence: x, arm: first, outcome: local_recurrence, horizon_years: 5, published: 0.1, n: 9}\n",
        "utf-8",
    )
    with composing():
        trial = read_trial(str(path))
        assert {name: arm.life_table.name for name, arm in trial.arms.items()} == {
            "first": "irish_2005_2007",
            "second": "dutch_2019",
            "third": "irish_2005_2007",
        }
        assert trial.arms["second"].cohort == trial.arms["first"].cohort
        path.write_text(path.read_text("utf-8").replace("dutch_2019", "dutch_2018"), "utf-8")
        with pytest.raises(InputError, match=r"arms\.second\.cohort\.life_table=dutch_2018: .*dutch_2019"):
            read_trial(str(path))
