"""No cell of a table is a formula to a spreadsheet, and a table is read back as it was."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.results.csv_file import as_word, as_written, write_csv


@pytest.mark.parametrize("cell", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "=", "-"])
def test_a_cell_that_would_be_a_formula_is_a_word(tmp_path, cell):
    write_csv(pd.DataFrame({"arm": [cell, "other", cell], "n": [1, 2, 3]}), tmp_path / "t.csv")
    table = pd.read_csv(tmp_path / "t.csv")
    assert list(table["arm"]) == [f"'{cell}", "other", f"'{cell}"]
    assert list(table["n"]) == [1, 2, 3]


@pytest.mark.parametrize("cell", ["-5", "+1.5", "-1e-3", "tme_alone", "a=b", "", "0.5", "-inf", "'quoted'"])
def test_numbers_and_words_stay_as_they_are(cell):
    assert as_word(cell) == cell


@given(st.text(st.sampled_from("'=+-@\tax1 ")))
def test_a_cell_is_read_back_as_it_was(cell):
    assert as_written(as_word(cell)) == cell


def test_a_table_without_formulas_is_written_as_before(tmp_path):
    frame = pd.DataFrame({"policy": ["a", None], "estimate": [0.25, np.nan], "yes": [True, False]})
    write_csv(frame, tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text("utf-8") == "policy,estimate,yes\na,0.25,true\n,,false\n"
