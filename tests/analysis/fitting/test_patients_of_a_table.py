"""A cohort from a table of patients: simulated again, it has the table's case mix."""

import random
from pathlib import Path

import pandas as pd
import pytest

import conf
from analysis.fitting.case_mix import FEWEST, SEXES, SPELLINGS, case_mix
from conf.input_error import InputError
from conf.schema import compose_run, shipped

COHORT = shipped("cohort/dutch_contemporary")
STAGING = {"node_sensitivity": 0.8, "node_specificity": 0.7}
HEADINGS = "age,sex,height,T,N"
LINE = "64,F,7,T3ab,N1"


def mix_of(folder, text, staging=STAGING):
    path = folder / "patients.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return case_mix(path, COHORT, staging)


def refusal(folder, text):
    with pytest.raises(InputError) as refused:
        mix_of(folder, text)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def made_up(nodes, staging, patients=6000):
    """Return a table of patients who are unlike the shipped cohort in every way; cN as MRI reads nodes."""
    rng = random.Random(5)
    rows = []
    for _ in range(patients):
        t = rng.choices(
            ["cT1", "T2", "T3a", "3b", "T3c", "T3d", "T4a", "T4b"], [5, 10, 20, 15, 10, 10, 10, 20]
        )[0]
        low = 8.0 if t == "T4a" else 0.0
        n = rng.choices(["N0", "N1b", "2a"], [3, 4, 3] if "T3" in t else [6, 3, 1])[0]
        if nodes == "cN" and rng.random() > staging["node_specificity" if n == "N0" else "node_sensitivity"]:
            n = "N1b" if n == "N0" else "N0"
        rows.append(
            {
                "Age (years)": round(min(max(rng.gauss(58, 14), 40), 75), 1),
                "Sex": rng.choices(["F", "M"], [6, 4])[0],
                "Height (cm)": round(rng.uniform(low, rng.choice([15, 12])), 1),
                "cT": t,
                nodes: n,
            }
        )
    return pd.DataFrame(rows)


def cohort_lives(found, lives, patients=20_000):
    words = [f"cohort.{key}={value}".replace(" ", "") for key, value in found.items()]
    return lives(*words, patients=patients, years=0.5)


@pytest.mark.long
@pytest.mark.parametrize(("nodes", "column"), [("pN", "nodes"), ("cN", "cn")])
def test_a_cohort_from_a_table_is_simulated_with_the_tables_case_mix(tmp_path, lives, nodes, column):
    staging = compose_run().parameters["staging"]
    table = made_up(nodes, staging)
    rows = cohort_lives(mix_of(tmp_path, table.to_csv(index=False), staging).found, lives)
    assert rows["age_years"].mean() == pytest.approx(table["Age (years)"].mean(), abs=0.3)
    assert rows["age_years"].std() == pytest.approx(table["Age (years)"].std(), abs=0.3)
    assert rows["age_years"].min() >= 40 and rows["age_years"].max() <= 75
    assert rows["female"].mean() == pytest.approx((table["Sex"] == "F").mean(), abs=0.015)
    heights = table["Height (cm)"]
    for band in ((0, 5), (5, 10), (10, 15)):
        theirs = ((heights > band[0]) & (heights <= band[1])).mean()
        ours = (rows["height_above_verge_cm"] > band[0]) & (rows["height_above_verge_cm"] <= band[1])
        assert ours.mean() == pytest.approx(theirs, abs=0.015)
    categories = [("cT1",), ("T2",), ("T3a", "3b"), ("T3c", "T3d"), ("T4a",), ("T4b",)]
    read = rows["mri_scans"] > 0
    for k, spellings in enumerate(categories):
        here = table["cT"].isin(spellings)
        assert (rows["ct"] == k).mean() == pytest.approx(here.mean(), abs=0.012)
        for n, spelling in enumerate(("N0", "N1b", "2a")):
            theirs = (table[nodes][here] == spelling).mean()
            ours = (rows[column][(rows["ct"] == k) & read] == n).mean()
            assert ours == pytest.approx(theirs, abs=0.05), (k, n)


def test_unlettered_t3_and_t4_are_divided_as_in_the_other_cohort_and_no_low_tumour_is_t4a(tmp_path):
    lines = 30 * ["60,M,9,T3,N0"] + 10 * ["60,M,3,T4,N0"] + 20 * ["60,M,9,T4,N0"]
    mix = mix_of(tmp_path, "\n".join([HEADINGS, *lines]))
    t3ab, t3cd, t4a, _ = mix.found["ct_shares"][2:]
    assert t3ab + t3cd == pytest.approx(0.5, abs=1e-4)
    assert t3ab / t3cd == pytest.approx(COHORT["ct_shares"][2] / COHORT["ct_shares"][3], rel=1e-3)
    assert t4a == pytest.approx(COHORT["ct_shares"][4] / sum(COHORT["ct_shares"][4:]) / 3, abs=1e-4)
    assert sum(mix.found["ct_shares"]) == pytest.approx(1, abs=1e-9)
    assert any("T3 without a letter, 30 patients" in note for note in mix.notes)


def test_bands_hold_their_upper_ends_as_in_the_definition_of_low_mid_and_high(tmp_path):
    lines = ["60,M,5,T2,N0", "60,M,10,T2,N0", "60,M,15,T2,N0", "60,M,0,T2,N0"] * 10
    assert mix_of(tmp_path, "\n".join([HEADINGS, *lines])).found["height_shares"] == [0.5, 0.25, 0.25]


def test_who_is_left_out_is_counted_by_reason_with_the_first_line(tmp_path):
    lines = FEWEST * [LINE] + [
        "64,F,7,T3ab,NX",
        "64,F,7,T3ab,NX",
        "64,1,7,T2,N0",
        ",F,7,T2,N0",
        "64,F,30,T2,N0",
        "64,F",
    ]
    mix = mix_of(tmp_path, "\n".join([HEADINGS, *lines]))
    assert mix.used == FEWEST
    assert dict(mix.left_out) == {
        "N=NX is none of N0, N1, N1a to N1c, N2, N2a, N2b (first in line 22)": 2,
        "sex=1 is neither female nor male (F, M) (first in line 24)": 1,
        "age is missing (first in line 25)": 1,
        "height is not from 0 to 15 cm above the verge (first in line 26)": 1,
        "has 2 values under 5 headings (first in line 27)": 1,
    }


def test_a_spreadsheet_with_semicolons_and_decimal_commas_is_the_same(tmp_path):
    plain = mix_of(tmp_path, "\n".join([HEADINGS, *(30 * ["64.5,F,7.5,T3ab,N1", "50,M,3,T2,N0"])]))
    european = "\r\n".join(["Age;Sex;Height (cm);T;N", *(30 * ["64,5;F;7,5 cm;T3ab;N1", "50;M;3;T2;N0"])])
    assert mix_of(tmp_path, b"\xef\xbb\xbf" + european.encode()).found == plain.found


def test_more_n0_than_mri_can_read_is_said_and_leaves_no_nodes(tmp_path):
    mix = mix_of(tmp_path, "\n".join(["age,cN", *(30 * ["60,N0"])]))
    assert set(mix.found["n1_share"] + mix.found["n2_share"]) == {0}
    assert any("MRI reads more nodes than the table holds" in note for note in mix.notes)


def test_what_the_table_is_silent_about_is_not_set(tmp_path):
    mix = mix_of(tmp_path, "\n".join(["gender,who", *(30 * ["female,x", "male,y"])]))
    assert mix.found == {"female_share": 0.5}
    assert mix.notes == ["The table has no column age, height, t, n"]


def test_patients_of_one_age_are_all_of_that_age(tmp_path):
    found = mix_of(tmp_path, "\n".join(["age", *(30 * ["64"])])).found
    assert (found["age_mean_years"], found["age_sd_years"]) == (64, 0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("a,b\n1,2", "no column of a, b is known"),
        (HEADINGS, "0 patients can be used; at least 20"),
        ("\n".join([HEADINGS, *(19 * [LINE])]), "19 patients can be used; at least 20"),
        ("\n".join([HEADINGS, *(30 * ["64,F,170,T3,N0"])]), "30 left out: height is not from 0 to 15 cm"),
        ("Age,age_years\n60,60", "the columns Age and age_years both hold age"),
        ("alter,größe".encode("latin-1"), "is not UTF-8"),
        ('age\n"' + "6" * 200_000, "line 2"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(tmp_path, text, message):
    assert message in refusal(tmp_path, text)


def test_a_file_that_is_not_there_or_no_csv_is_refused(tmp_path):
    for name, message in (("nothing.csv", "cannot be read"), ("patients.xlsx", "save it as CSV")):
        with pytest.raises(InputError, match=message):
            case_mix(tmp_path / name, COHORT, STAGING)


def test_the_document_names_every_heading_and_every_word():
    text = (Path(conf.__file__).parent.parent / "docs/own_files.md").read_text("utf-8").lower()
    for spelling in (*(each for one in SPELLINGS.values() for each in one), *SEXES["female"], *SEXES["male"]):
        assert f"`{spelling}`" in text
