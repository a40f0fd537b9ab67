"""``lrrc report`` and ``lrrc checklist`` of what policies cost and are worth: the numbers are the tables'."""

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
from helpers.every_run import made
from helpers.report_page import read_page
from scipy import stats

from analysis.pages.memo import curve
from analysis.tables.drivers import drivers
from analysis.words.economics import whole_money
from analysis.words.wording import percent, policy_words, sentence
from experiments.cli.command import main
from experiments.draw import read_whole

KINDS = ("valued", "psa", "sensitivity", "gains", "budget")


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    """Return a function that makes and reports a run, once for all tests, and returns its folder."""
    folder, done = tmp_path_factory.mktemp("runs"), set()

    def run(name):
        place = made(name, folder)
        if name not in done:
            assert main(["report", str(place)]) == 0
            done.add(name)
        return place

    return run


def numbers_in(cells):
    return [
        float(word.replace(",", "").replace("−", "-")) for word in re.findall(r"[−+]?[\d,]+\.?\d*", cells)
    ]


@pytest.mark.parametrize("name", KINDS)
def test_a_report_of_value_has_every_part_and_no_empty_table(reported, name):
    page = read_page(reported(name) / "report.html")
    parts = [attributes["id"] for attributes in page.all("section")]
    assert {"question", "patients", "policies", "results", "limits", "methods", "references"} <= set(parts)
    assert page.unclosed == [] and all(len(rows) > 1 for rows in page.tables.values())
    assert not {"nan", "None", "inf"} & set(re.findall(r"\w+", page.text))
    assert "?" in page.text.partition("The question")[2]
    assert "one friction period after diagnosis" in page.text, "what costs leave out"
    assert "unless a run has prices" not in page.text, "costs are counted here"


def test_costs_and_differences_of_a_comparison_are_its_tables(reported):
    folder = reported("valued")
    page, table = read_page(folder / "report.html"), read_whole(folder / "economics.csv")
    alone = table[table["comparator"].isna()].set_index(["policy", "quantity"])["estimate"]
    for policy, care, society, years, qalys in page.table("Costs, life years and QALYs of a patient"):
        name = {sentence(policy_words(p)): p for p in set(table["policy"])}[policy]
        assert numbers_in(care)[0] == round(alone[name, "costs_health_care"])
        assert numbers_in(society)[0] == round(alone[name, "costs_societal"])
        assert numbers_in(years)[0] == round(alone[name, "discounted_life_years"], 2)
        assert numbers_in(qalys)[0] == round(alone[name, "qalys"], 2)
    kinds = page.table("Costs by kind")
    assert len(kinds) == 13
    whole = sum(numbers_in(row[1])[0] for row in kinds)
    assert whole == pytest.approx(alone["tme_alone", "costs_societal"], abs=7)


def test_the_tables_of_a_psas_report_are_those_of_its_folder(reported):
    folder = reported("psa")
    page = read_page(folder / "report.html")
    incremental, curve_of = (read_whole(folder / f"{n}.csv") for n in ("incremental", "acceptability"))
    shown = page.table("Incremental analysis")
    assert [row[0] for row in shown] == [sentence(policy_words(p)) for p in incremental["policy"]]
    assert [numbers_in(row[1])[0] for row in shown] == [round(c) for c in incremental["cost"]]
    at = curve_of.set_index(["policy", "threshold"])["probability"]
    for policy, *cells in page.table("How surely each policy is the best"):
        name = {sentence(policy_words(p)): p for p in incremental["policy"]}[policy]
        assert cells[:3] == [percent(at[name, one]) for one in (20_000, 50_000, 80_000)]
    evpi = read_whole(folder / "evpi.csv").set_index("threshold")["evpi"]
    found = [numbers_in(row[2])[0] for row in page.table("Expected value of perfect information")]
    assert found == [round(evpi[one]) for one in (20_000, 50_000, 80_000)]
    assert [row[0] for row in page.table("Expected value of a study's information")] == ["100"]
    variance = page.table("Where the variance of one patient's difference")
    for _, *shares in variance:
        assert sum(numbers_in(cell)[0] for cell in shares) == pytest.approx(100, abs=0.2)
    few = json.loads((folder / "manifest.json").read_text())["psa"]["groups_of_too_many_numbers"]
    assert few and "whose information has no estimate" in page.text


def test_the_memo_answers_from_the_tables_and_loads_nothing(reported):
    folder = reported("psa")
    text = (folder / "memo.html").read_text("utf-8")
    memo = read_page(folder / "memo.html")
    assert memo.unclosed == []
    assert not re.search(r"(?i)https?:|<script|@import|url\(", text)
    table = read_whole(folder / "acceptability.csv")
    at = table[table["threshold"] == 50_000].set_index("policy")
    best = at["net_monetary_benefit"].idxmax()
    assert f"{sentence(policy_words(best))} has the highest expected net benefit at 50,000" in memo.text
    assert f"the best is {percent(at.loc[best, 'probability'])} %" in memo.text
    evpi = read_whole(folder / "evpi.csv").set_index("threshold")
    assert f"expected to cost {whole_money(evpi.loc[50_000, 'evpi'])} EUR per patient" in memo.text
    for heading in ("Findings", "What drives it", "Value of further research", "Assumptions", "Limits"):
        assert heading in [words for _, words in memo.headings]
    for fact in ("Population", "Comparators", "Perspective", "from the perspective of society"):
        assert fact.lower() in memo.text.lower()
    assert "not advice for an individual patient" in memo.text
    assert not {"nan", "None"} & set(re.findall(r"\w+", memo.text))


def test_the_tables_of_a_sensitivity_analysis_report_are_those_of_its_folder(reported):
    folder = reported("sensitivity")
    page = read_page(folder / "report.html")
    bars = read_whole(folder / "sensitivity.csv")
    bars = bars[bars["swing"] > 0]
    (rows,) = (rows for caption, rows in page.tables.items() if "2.5 and 97.5 percentile" in caption)
    assert [numbers_in(row[3] + " " + row[4]) for row in rows[1:]] == [
        pytest.approx([row["at_low"], row["at_high"]], abs=0.51) for row in bars.to_dict("records")
    ]
    (rows,) = (rows for caption, rows in page.tables.items() if "Under other structures" in caption)
    structure = read_whole(folder / "structure.csv")
    assert [numbers_in(row[1])[0] for row in rows[1:]] == pytest.approx(structure["estimate"], abs=0.51)
    assert [row[2] for row in rows[1:]] == [sentence(policy_words(name)) for name in structure["preferred"]]
    (rows,) = (rows for caption, rows in page.tables.items() if "The preferred policy" in caption)
    best = read_whole(folder / "map.csv")
    best = best[best["preferred"].astype(bool)].sort_values(["y", "x"], ascending=[False, True])
    assert [cell for row in rows[1:] for cell in row[1:]] == [
        sentence(policy_words(name)) for name in best["policy"]
    ]
    indices = read_whole(folder / "indices.csv")
    for method, name, digits in (("Morris", "mu_star", 0.51), ("Sobol", "total", 0.0051)):
        (rows,) = (rows for caption, rows in page.tables.items() if method in caption)
        of = indices[indices["method"] == method.lower()][name]
        column = 1 if method == "Morris" else 2
        assert [numbers_in(row[column])[0] for row in rows[1:]] == pytest.approx([*of], abs=digits)


def test_only_a_psa_has_a_memo(reported):
    assert not any((reported(name) / "memo.html").exists() for name in KINDS if name != "psa")


def test_a_folder_whose_words_are_markup_makes_a_memo_that_shows_them(reported, tmp_path):
    folder = shutil.copytree(reported("psa"), tmp_path / "received")
    path = folder / "against_comparator.csv"
    path.write_text(re.sub(r"[^,\"]* per QALY gained", "<script>alert(1)</script>", path.read_text()))
    text = path.read_text()
    assert main(["report", str(folder)]) == 0
    page = (folder / "memo.html").read_text("utf-8") + (folder / "report.html").read_text("utf-8")
    assert "<script" not in page
    assert ("&lt;script" in page) == ("<script" in text)


def test_a_psas_folder_without_a_table_of_its_is_refused_in_one_line(reported, tmp_path, capsys):
    folder = shutil.copytree(reported("psa"), tmp_path / "received")
    (folder / "evpi.csv").unlink()
    capsys.readouterr()
    assert main(["report", str(folder)]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_acceptability_curves_are_drawn_to_scale():
    table = pd.DataFrame(
        {
            "threshold": [0.0, 0.0, 100.0, 100.0],
            "policy": ["a", "b", "a", "b"],
            "probability": [1.0, 0.0, 0.25, 0.75],
            "net_monetary_benefit": [2.0, 1.0, 1.0, 2.0],
        }
    )
    drawn = curve(table, 100.0)
    points = {words: points.split() for words, _, _, points in drawn.lines}
    assert points["A"][0] == "30.0,8.0" and points["B"][0] == "30.0,124.0"
    assert points["A"][1] == "292.0,95.0" and points["B"][1] == "292.0,37.0"
    assert drawn.middle == 292.0 and "b has 75.0 %" in drawn.words


def test_drivers_are_the_numbers_that_go_with_the_difference_by_an_independent_rank_correlation():
    rng = np.random.default_rng(3)
    members = pd.DataFrame(rng.standard_normal((200, 6)), columns=[f"x.{k}" for k in range(6)])
    gained = np.exp(members["x.1"]) - 0.6 * members["x.4"] + 0.5 * rng.standard_normal(200)
    psa = pd.concat(
        [
            pd.DataFrame({"member": range(200), "policy": "a", "qalys": 10 + gained, "costs": 5.0}),
            pd.DataFrame({"member": range(200), "policy": "b", "qalys": 10.0, "costs": 3.0}),
        ]
    )
    found = drivers(members.rename_axis("member").reset_index(), psa, "a", "b", 2.0, "costs")
    assert list(found["key"][:2]) == ["x.1", "x.4"]
    for row in found.to_dict("records"):
        expected = stats.spearmanr(members[row["key"]], gained).statistic
        assert row["correlation"] == pytest.approx(expected)


def section(page, number):
    (found,) = re.findall(rf"^## {number} .*?(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    return found


def test_cheers_of_a_psa_has_its_terms_results_and_uncertainty(reported, tmp_path):
    folder = reported("psa")
    assert main(["checklist", str(folder), f"out={tmp_path / 'lists'}"]) == 0
    page = (tmp_path / "lists/checklist_cheers_2022.md").read_text("utf-8")
    assert "no economic evaluation" not in page
    assert "cost-utility analysis" in section(page, 1) and "compared with tme\\_alone" in section(page, 1)
    assert "societal" in section(page, 8) and "60.0 years" in section(page, 9)
    assert "3 % a year" in section(page, 10) and "1.5 %" in section(page, 10)
    assert "EUR of 2023" in section(page, 15)
    assert "20 draws of the posterior sample" in section(page, 20)
    cost = read_whole(folder / "incremental.csv")["cost"].iloc[0]
    assert whole_money(cost) in section(page, 23)
    assert "Expected value of perfect information" in section(page, 24)


def test_cheers_of_who_gains_and_of_a_budget(reported, tmp_path):
    pages = {}
    for name in ("gains", "budget", "valued"):
        assert main(["checklist", str(reported(name)), f"out={tmp_path / name}"]) == 0
        pages[name] = (tmp_path / name / "checklist_cheers_2022.md").read_text("utf-8")
    assert "Whom to treat" in section(pages["gains"], 18)
    assert "budget impact analysis" in section(pages["budget"], 1)
    assert "undiscounted" in section(pages["budget"], 10) and "Budget impact" in section(pages["budget"], 23)
    assert "Costs, life years and QALYs" in section(pages["valued"], 23)
    assert "lrrc psa" in section(pages["valued"], 20)
