"""A budget is what the patients of each year cost in each year after diagnosis."""

import dataclasses

import pytest

from analysis.tables.budget import budget_impact, yearly
from analysis.tables.economics import QUANTITIES, economics, worth
from conf.composition import composed, composing
from experiments.budget import costs_up_to, read_budget
from experiments.cli.command import main
from experiments.simulating.cohort import simulate

WORDS = ("policies=[usual_care,tme_alone]", "uptake=[0.5,1,1]", "patients_per_year=1000")
PATIENTS = (10, 645)  # fewer than there are folds of patients, and folds that are not of one size


@pytest.fixture(scope="module", params=PATIENTS)
def asked(request):
    with composing():
        return read_budget(composed("budget", [*WORDS, f"patients={request.param}"])[0])


@pytest.fixture(scope="module")
def found(asked):
    return costs_up_to(asked)


def undiscounted(asked):
    numbers = {**asked.economics.numbers, "costs_discount_rate_per_year": 0.0}
    return dataclasses.replace(asked.economics, numbers=numbers)


def test_the_years_add_up_to_undiscounted_costs_until_the_horizon(asked, found):
    tallies = simulate(dataclasses.replace(asked.run, economics=undiscounted(asked))).tallies
    table = yearly(found, "usual_care")
    for policy in found:
        of = table[(table["policy"] == policy) & table["comparator"].isna()]
        total = worth(tallies[policy]).means[QUANTITIES.index("costs_health_care")]
        assert of["estimate"].sum() == pytest.approx(total, rel=1e-9)


def test_intervals_are_those_of_the_table_of_costs(asked, found):
    one_year = dataclasses.replace(asked.run, horizon_years=1.0, economics=undiscounted(asked))
    table = economics(simulate(one_year).tallies, "usual_care", "EUR", 1.0)
    ends = ["estimate", "ci_low", "ci_high"]
    wanted = table.loc[table["quantity"] == "costs_health_care", ends]
    of = yearly(found, "usual_care")
    assert of.loc[of["year"] == 1, ends].to_numpy() == pytest.approx(wanted.to_numpy(), rel=1e-9)


def test_each_year_pays_for_the_patients_of_all_years_so_far(found):
    of = yearly(found, "usual_care")
    more = of.loc[of["comparator"] == "usual_care", "estimate"].to_numpy()
    budget = budget_impact(found, "usual_care", 1000.0, (0.5, 1.0, 1.0)).set_index("year")["estimate"]
    assert budget["1"] == pytest.approx(500 * more[0])
    assert budget["2"] == pytest.approx(1000 * more[0] + 500 * more[1])
    assert budget["3"] == pytest.approx(1000 * more[0] + 1000 * more[1] + 500 * more[2])
    assert budget["all"] == pytest.approx(budget[["1", "2", "3"]].sum())


def test_a_policy_that_nobody_takes_up_costs_nothing(found):
    budget = budget_impact(found, "usual_care", 1000.0, (0.0, 0.0, 0.0))
    assert (budget[["estimate", "ci_low", "ci_high"]] == 0).all(axis=None)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("uptake=[]",), "uptake=[]"),
        (("uptake=[0.2,1.4]",), "uptake[1]=1.4"),
        (("horizon_years=9",), "horizon_years=9"),
        (("patients_per_year=-5",), "patients_per_year=-5"),
        (("economics=none",), "economics=none"),
        (("clinic=regional",), "clinic=unlimited"),
    ],
)
def test_budgets_that_make_no_sense_are_refused_in_a_line(words, said, tmp_path, capsys):
    assert main(["budget", *words, f"out={tmp_path / 'none'}"]) == 2
    message = capsys.readouterr().err.strip()
    assert said in message
    assert len(message.splitlines()) == 1
