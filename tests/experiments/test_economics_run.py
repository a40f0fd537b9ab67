"""A run with prices and utilities: what it prints, writes and records, and that it can be made again."""

import json
import re

import openpyxl
import pandas as pd
import pytest

import lrrc
from analysis.tables.economics import QUANTITIES
from analysis.words.economics import QUANTITY
from experiments.cli.command import main

SMALL = ("patients=300", "policies=[tme_alone,chemoradiotherapy]", "pictures=false")
WIDEST = 119


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return the folder of a run, and what it printed."""
    import contextlib
    import io

    folder = tmp_path_factory.mktemp("economics") / "run"
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        assert main(["compare", "economics=dutch", *SMALL, "rows=true", f"out={folder}"]) == 0
    return folder, said.getvalue()


def table(folder):
    return pd.read_csv(folder / "economics.csv")


def test_every_policy_has_every_quantity_and_every_other_one_its_differences(made):
    rows = table(made[0])
    alone, paired = rows[rows["comparator"].isna()], rows[rows["comparator"].notna()]
    assert alone.groupby("policy", sort=False)["quantity"].apply(tuple).to_dict() == {
        name: QUANTITIES for name in ("tme_alone", "chemoradiotherapy")
    }
    assert set(paired["policy"]) == {"chemoradiotherapy"} and tuple(paired["quantity"]) == QUANTITIES
    assert (rows["horizon_years"] == 60).all() and (rows["n"] == 300).all()
    assert set(rows["unit"]) == {"EUR", "years"}
    assert (rows["ci_low"] <= rows["estimate"]).all() and (rows["estimate"] <= rows["ci_high"]).all()
    of = alone.set_index(["policy", "quantity"])["estimate"]
    for row in paired.itertuples():
        difference = of[row.policy, row.quantity] - of["tme_alone", row.quantity]
        assert row.estimate == pytest.approx(difference, abs=1e-6)


def test_a_paired_interval_is_narrower_than_that_of_two_groups_of_patients(made):
    rows = table(made[0]).set_index(["policy", "quantity", "comparator"])
    width = rows["ci_high"] - rows["ci_low"]
    name = "life_years"
    own = width.xs(name, level="quantity")
    assert own["chemoradiotherapy", "tme_alone"] < 0.7 * own.drop(("chemoradiotherapy", "tme_alone")).max()


def test_what_is_printed_is_in_the_table_and_no_columns_run_together(made):
    folder, said = made
    part = said[said.index("Costs and quality of life") :]
    assert "over 60 years: EUR of 2023, from the perspective of society" in part
    assert re.search(r"\d+ of the \d+ entries of\s+economics/dutch rest on an assumption", part)
    rows = table(folder).set_index(["policy", "quantity"])
    alone = rows[rows["comparator"].isna()]["estimate"]
    for policy, words in (("tme_alone", "TME alone"), ("chemoradiotherapy", "chemoradiotherapy")):
        (line, *_) = [line for line in part.splitlines() if line.startswith(words)]
        assert f" {alone[policy, 'costs_societal']:,.0f} (" in line
        assert f" {alone[policy, 'qalys']:.2f} (" in line
        assert f" {alone[policy, 'discounted_life_years']:.2f} (" in line
    for line in part.splitlines():
        assert len(line) <= WIDEST and line == line.rstrip()
        assert not re.search(r"\)[+−\d]", line), line
    more = rows[rows["comparator"].notna()]["estimate"]
    net = 50_000 * more["chemoradiotherapy", "qalys"] - more["chemoradiotherapy", "costs_societal"]
    assert f"{net:+,.0f}".replace("-", "−") in part


def test_every_column_and_every_quantity_is_described(made):
    words = pd.read_csv(made[0] / "data_dictionary.csv", keep_default_na=False)
    mine = words[words["table"] == "economics"].set_index("column")
    assert (mine["meaning"] != "").all()
    assert tuple(QUANTITY) == QUANTITIES
    assert mine.loc["quantity", "codes"].count(" = ") == len(QUANTITIES)
    patients = words[words["table"] == "patients"].set_index("column")["meaning"]
    assert patients["charged_2"].endswith("surgery of the primary or its regrowth, and its morbidity")


def test_what_was_charged_is_in_the_table_of_patients(made):
    rows = pd.read_parquet(made[0] / "patients.parquet")
    charged = rows[rows["policy"] == "tme_alone"]["charged_0"]
    assert len(charged) == 300 and (charged > 2000).all()


def test_a_run_with_prices_is_made_again_from_its_folder(made, here, capsys):
    folder, _ = made
    assert main(["reproduce", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "economics.csv: the same" in out and "outcomes.csv: the same" in out
    assert main(["rerun", str(folder), "out=again"]) == 0
    then, now = (json.loads((each / "manifest.json").read_text("utf-8")) for each in (folder, here / "again"))
    assert then["tables"] == now["tables"] and "economics.csv" in then["tables"]


def test_prices_change_no_other_table(made, tmp_path):
    without = tmp_path / "without"
    assert main(["compare", *SMALL, "horizon_years=60", f"out={without}"]) == 0
    for name in ("outcomes", "differences", "averted", "harmed", "curves", "flow"):
        assert (without / f"{name}.csv").read_bytes() == (made[0] / f"{name}.csv").read_bytes(), name
    assert not (without / "economics.csv").exists()


def test_two_runs_differ_in_the_prices_that_lrrc_diff_names(made, tmp_path, capsys):
    other = tmp_path / "english"
    assert main(["compare", "economics=english", *SMALL, f"out={other}"]) == 0
    capsys.readouterr()
    assert main(["diff", str(made[0]), str(other)]) == 0
    out = capsys.readouterr().out
    assert "economics.currency" in out and "economics.adjuvant_chemotherapy_price" in out


def test_a_report_of_a_run_with_prices_is_made_with_the_sources_of_its_prices(made):
    folder, _ = made
    assert main(["report", str(folder)]) == 0
    book = openpyxl.load_workbook(folder / "report.xlsx", read_only=True)
    inputs = {row[0]: row for row in book["inputs"].iter_rows(values_only=True)}
    assert inputs["economics.visit_price"][1] == pytest.approx(130 * 1.038)
    assert "nlref2022.outpatient" in inputs["economics.visit_price"][3]
    assert "economics" in book.sheetnames


def test_python_has_the_table_that_the_command_writes(made):
    words = {"patients": 300, "policies": ["tme_alone", "chemoradiotherapy"], "pictures": False}
    result = lrrc.compare(economics="dutch", **words)
    pd.testing.assert_frame_equal(result.tables["economics"], table(made[0]), check_dtype=False)


def test_by_hand_changed_prices_are_in_python_a_mapping():
    words = {"patients": 50, "policies": ["tme_alone"], "pictures": False}
    free = {"visit_price": 0.0, "ct_scan_price": 0.0, "endoscopy_price": 0.0, "mri_scan_price": 0.0}
    tables = lrrc.compare(economics="dutch", **words, **{f"economics.{k}": v for k, v in free.items()}).tables
    rows = tables["economics"].set_index("quantity")["estimate"]
    assert rows["cost_follow_up"] == 0.0 < rows["cost_surgery"]


@pytest.mark.parametrize("experiment", ["capacity", "validate"])
def test_an_experiment_without_prices_says_so_in_a_line(experiment, here, capsys):
    assert main([experiment, "economics=dutch"]) == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1 and "economics" in err


def test_a_patient_and_a_sweep_take_prices_too(here, capsys):
    assert main(["patient", "number=3", "economics=dutch"]) == 0
    words = ["grid={surgery.leak_probability:[0.05,0.1]}", "patients=40", "compute.workers=1"]
    assert main(["sweep", "economics=dutch", *words, "pictures=false", "out=swept"]) == 0
    assert (here / "swept/outcomes.csv").exists()


def test_patients_who_queue_have_costs_with_intervals_by_batch(here):
    words = ["clinic=regional", "clock=compiled", "horizon_years=3", "patients=200", "pictures=false"]
    policies = "policies=[tme_alone,chemoradiotherapy]"
    assert main(["compare", "economics=dutch", *words, policies, "out=queue"]) == 0
    rows = table(here / "queue")
    assert (rows["n"] == 200).all() and rows["ci_low"].notna().all()


def test_a_report_lists_the_prices_that_were_changed_and_no_others(here):
    words = ["economics=dutch", "economics.visit_price=99", "patients=30", "policies=[tme_alone]"]
    assert main(["compare", *words, "pictures=false", "out=changed"]) == 0
    assert main(["report", "changed"]) == 0
    book = openpyxl.load_workbook(here / "changed/report.xlsx", read_only=True)
    rows = list(book["changed_numbers"].iter_rows(values_only=True))
    changed = {row[0]: row[1:] for row in rows if str(row[0]).startswith("economics.")}
    assert changed == {
        "economics.visit_price": (99, pytest.approx(130 * 1.038), *changed["economics.visit_price"][2:])
    }
