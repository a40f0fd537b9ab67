"""``lrrc export``: what Stata and R read is the tables, with labels that are those of the data dictionary."""

import json
import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
from helpers.every_run import made

from analysis.pages.dictionary import described
from analysis.pages.labelled import LONGEST_LABEL, LONGEST_NAME, short_label, stata_names
from experiments.cli.command import main
from experiments.export import read_tables
from sim.patient import Cause, TStage

EVERY = [
    "compare",
    *(
        pytest.param(name, marks=pytest.mark.long)
        for name in ("sweep", "posterior", "capacity", "validate", "calibrate", "verify", "patient")
    ),
]


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Return a function that makes and exports a run once; it returns the folder and its tables."""
    folder, tables = tmp_path_factory.mktemp("runs"), {}

    def export(name):
        there = made(name, folder)
        if name not in tables:
            for kind in ("stata", "r"):
                assert main(["export", str(there), f"format={kind}"]) == 0
            tables[name] = read_tables(there)
        return there, tables[name]

    return export


@pytest.fixture
def copy(exported, tmp_path):
    """A copy of an exported run, to be damaged."""
    return shutil.copytree(exported("compare")[0], tmp_path / "received")


@pytest.mark.parametrize("kind", ["stata", "r"])
def test_a_folder_that_holds_something_else_is_refused_and_stays_as_it_was(copy, tmp_path, capsys, kind):
    other, mine = shutil.copytree(copy, tmp_path / "other"), tmp_path / "mine"
    mine.mkdir()
    (mine / "outcomes.csv").write_text("my own")
    for out in (other, mine, copy):
        before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
        assert main(["export", str(copy), f"format={kind}", f"out={out}"]) == 2
        assert "name a new or an empty folder" in capsys.readouterr().err
        assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("kind", ["stata", "r"])
def test_an_export_can_be_written_again(copy, tmp_path, kind):
    for _ in range(2):
        assert main(["export", str(copy), f"format={kind}", f"out={tmp_path / 'labelled'}"]) == 0


def read_dta(path):
    """Return the values as numbers and words, the variables' labels, and the labels of values by variable."""
    with pd.read_stata(path, iterator=True, convert_categoricals=False) as reader:
        labels = reader.variable_labels()
    numbers = pd.read_stata(path, convert_categoricals=False)
    words = pd.read_stata(path)
    with pd.read_stata(path, iterator=True) as reader:
        return numbers, words, labels, reader.value_labels()


def same(written, read):
    """Return whether a column reads back as it is: numbers to the bit, what is missing still missing."""
    if written.dtype.kind in "iufb":
        return np.array_equal(written.to_numpy(float, na_value=np.nan), read.to_numpy(float), equal_nan=True)
    return written.fillna("").astype(str).tolist() == read.astype(object).fillna("").astype(str).tolist()


@pytest.mark.parametrize("name", EVERY)
def test_stata_reads_the_tables_with_labels_of_variables_and_values(exported, name):
    folder, tables = exported(name)
    assert {path.stem for path in (folder / "stata").glob("*.dta")} == set(tables)
    for table, frame in tables.items():
        parts = described(table, frame)
        variables = stata_names([part.column for part in parts])
        numbers, words, labels, values = read_dta(folder / "stata" / f"{table}.dta")
        assert list(numbers) == list(words) == variables and len(numbers) == len(frame)
        for part, variable in zip(parts, variables, strict=True):
            column = frame[part.column]
            read = words if part.type == "words" else numbers
            assert same(column, read[variable]), (table, variable)
            assert labels[variable].startswith(short_label(part.meaning)[:60].rstrip("."))
            assert len(labels[variable]) <= LONGEST_LABEL
            if part.type == "flag":
                assert values[variable] == {0: "no", 1: "yes"}
            elif part.type == "words" and part.codes:
                assert set(part.codes) <= set(values[variable].values())
            elif part.codes and not part.of_set:
                assert values[variable] == part.codes
            else:
                assert variable not in values


def test_the_codes_of_patients_are_labelled(exported):
    folder, _ = exported("compare")
    *_, labels, values = read_dta(folder / "stata/patients.dta")
    assert set(values["ct"]) == {int(stage) for stage in TStage}
    assert values["death_cause"][Cause.CANCER] == "cancer"
    assert labels["crm_mm"] == "circumferential margin (mm)"
    assert "recurrence_compartments" not in values  # a sum of codes has no labels of its own


def test_variables_lists_every_variable_with_its_column(exported):
    folder, tables = exported("compare")
    listed = pd.read_csv(folder / "stata/variables.csv", keep_default_na=False)
    assert list(zip(listed["table"], listed["column"], strict=True)) == [
        (table, column) for table, frame in tables.items() for column in frame
    ]
    assert (listed["meaning"] != "").all()


NUMBER, STRING = r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?", r'"(?:[^"\\\n]|\\["\\]|\\u\{[0-9a-f]+\})*"'


def tokens(script):
    """Return the tokens of a script in R, comments left out; what is no token fails."""
    kinds = rf"#[^\n]*|{STRING}|{NUMBER}|[A-Za-z.][\w.]*|<-|::|[()\[\]{{}},=!]|\s+"
    found = re.findall(kinds, script)
    assert "".join(found) == script
    return [token for token in found if token.strip() and not token.startswith("#")]


@pytest.mark.parametrize("name", EVERY)
def test_the_script_for_r_reads_every_table_and_labels_every_column(exported, name):
    folder, tables = exported(name)
    script = (folder / "r/read.R").read_text("utf-8")
    open_, pairs = [], {")": "(", "]": "[", "}": "{"}
    for token in tokens(script):
        if token in pairs.values():
            open_.append(token)
        elif token in pairs:
            assert open_.pop() == pairs[token]
    assert open_ == []
    for table, frame in tables.items():
        (part,) = re.findall(rf"^{table} <- utils::read.csv\((.*?)^\)", script, re.MULTILINE | re.DOTALL)
        classes = re.findall(r'"(character|numeric|logical)"', part)
        assert len(classes) == len(frame.columns)
        for column, kind in zip(described(table, frame), classes, strict=True):
            (line,) = re.findall(
                rf'^{table}\[\["{re.escape(column.column)}"\]\] <- lrrc_column\((.*)\)$', script, re.MULTILINE
            )
            assert json.dumps(column.meaning, ensure_ascii=False) in line
            assert json.dumps(column.unit, ensure_ascii=False) in line
            assert (kind == "character") == (column.type == "words")
            if column.codes and not column.of_set:
                for code, label in column.codes.items():
                    assert f'"{code}"' in line if column.type == "words" else f'"{label}"' in line
        back = pd.read_csv(folder / f"r/{table}.csv", keep_default_na=False, na_values=[""])
        assert list(back) == list(frame) and len(back) == len(frame)


def test_r_itself_reads_the_tables(exported):
    rscript = shutil.which("Rscript")
    if rscript is None:
        pytest.skip("no R: apt-get install r-base-core")
    folder, tables = exported("compare")
    asked = (
        'source("read.R", encoding = "UTF-8");'
        "cat(nrow(patients), ncol(patients), levels(patients$ct)[1], attr(patients$crm_mm, 'units'),"
        "sum(is.na(patients$leaked)), sum(outcomes$estimate, na.rm = TRUE), sep = '\\n')"
    )
    done = subprocess.run(
        [rscript, "-e", asked], cwd=folder / "r", capture_output=True, text=True, check=True
    )
    patients = tables["patients"]
    rows, columns, first, unit, missing, total = done.stdout.split()
    assert (int(rows), int(columns)) == patients.shape and (first, unit) == ("T1", "mm")
    assert int(missing) == patients["leaked"].isna().sum()
    assert float(total) == pytest.approx(tables["outcomes"]["estimate"].sum(), rel=1e-6)


def test_names_that_stata_does_not_allow_are_changed_and_stay_different():
    long = "cohort.metastasis_treatment_odds_ratio"
    names = stata_names(
        ["surgery.leak_probability", f"{long}[0]", f"{long}[1]", "in", "2x", "default", "policy", "policy "]
    )
    assert len(set(names)) == len(names)
    assert names[0] == "surgery_leak_probability" and names[3:6] == ["v_in", "v_2x", "v_default"]
    assert all(re.fullmatch(r"[A-Za-z_]\w*", name) and len(name) <= LONGEST_NAME for name in names)


def test_the_files_can_go_elsewhere_and_are_replaced(exported, tmp_path, capsys):
    folder, _ = exported("compare")
    out = tmp_path / "labelled"
    for _ in range(2):
        assert main(["export", str(folder), "format=stata", f"out={out}"]) == 0
        assert capsys.readouterr().out.splitlines()[-1] == str(out)
    assert (out / "outcomes.dta").read_bytes()[:10] == (folder / "stata/outcomes.dta").read_bytes()[:10]


@pytest.mark.parametrize(
    "words, message",
    [
        ([], "name one folder"),
        (["format=stata"], "name one folder"),
        (["RUN"], "format: missing"),
        (["RUN", "format=sas"], "format=sas: there is none; there are: stata, r"),
        (["RUN", "format=statta"], "did you mean stata?"),
        (["RUN", "formt=stata"], "did you mean format?"),
        (["RUN", "format=stata", "format=r"], "format needs one value"),
        (["nowhere", "format=r"], "there is no such folder"),
    ],
)
def test_what_it_does_not_understand_is_refused_in_a_line(exported, capsys, words, message):
    folder, _ = exported("compare")
    words = [str(folder) if word == "RUN" else word for word in words]
    status = main(["export", *words])
    out, err = capsys.readouterr()
    if words:
        assert status == 2 and message in err and err.count("\n") == 1
    else:
        assert status == 0 and "format" in out  # the help


def test_a_received_folder_is_only_data(copy, tmp_path, capsys):
    shutil.rmtree(copy / "stata")
    (copy / "stata").symlink_to(tmp_path, target_is_directory=True)
    assert main(["export", str(copy), "format=stata"]) == 2
    assert "is a link" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.dta"))
    (copy / "stata").unlink()
    (copy / "outcomes.csv").write_bytes(b"\xff\xfe,\n")
    assert main(["export", str(copy), "format=stata"]) == 2
    assert "outcomes.csv: cannot be read" in capsys.readouterr().err
    manifest = json.loads((copy / "manifest.json").read_text("utf-8"))
    manifest["tables"] = {"../../secret.csv": {}, "differences.csv": {}}
    (copy / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    (tmp_path / "secret.csv").write_text("a\n1\n", "utf-8")
    assert main(["export", str(copy), "format=stata"]) == 0
    assert {path.name for path in (copy / "stata").iterdir()} == {"differences.dta", "variables.csv"}


def test_words_that_would_be_code_stay_words(copy):
    frame = pd.read_csv(copy / "averted.csv")
    frame["policy"] = 'a"); quit("no"); ("\\'
    frame.to_csv(copy / "averted.csv", index=False)
    assert main(["export", str(copy), "format=r"]) == 0
    script = (copy / "r/read.R").read_text("utf-8")
    assert "quit" not in tokens(script)
    assert pd.read_csv(copy / "r/averted.csv")["policy"].iloc[0] == 'a"); quit("no"); ("\\'
