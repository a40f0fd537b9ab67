"""lrrc diff of two policies: which levers differ, and who is treated differently, as the rows say."""

import re

import pandas as pd
import pytest

from experiments.cli.command import main

PATIENTS = 400
REGIMENS = ("none", "short course", "short course delayed", "chemoradiotherapy", "total neoadjuvant")


@pytest.fixture
def diff(here, capsys):
    def run(*words):
        status = main(["diff", *words])
        return (status, *capsys.readouterr())

    return run


def percent(text, start):
    """Return the first percentage of the line that starts so."""
    (line,) = [line for line in text.splitlines() if line.strip().startswith(start)]
    return float(re.search(r"([\d.]+) %", line.strip().removeprefix(start))[1])


def test_who_is_treated_differently_is_what_the_rows_of_a_run_show(diff, here):
    names = ["dutch_2014", "total_neoadjuvant_for_high_risk"]
    words = [f"patients={PATIENTS}", "seed=3"]
    assert (
        main(["compare", f"policies=[{','.join(names)}]", *words, "rows=true", "pictures=false", "out=run"])
        == 0
    )
    rows = pd.read_parquet(here / "run/patients.parquet")
    one, other = (rows[rows["policy"] == name].set_index("number") for name in names)
    status, text, err = diff(*names, *words)
    assert (status, err) == (0, "")
    levers = text.partition("levers, A then B\n")[2].partition("\n\n")[0]
    assert levers == "  treatment before surgery (group high): chemoradiotherapy, then total neoadjuvant"
    changed = one["regimen"] != other["regimen"]
    stopped = one["treatment_stopped"] != other["treatment_stopped"]
    said = percent(text, "treatment before surgery:")
    assert said == pytest.approx(100 * (changed | stopped).mean(), abs=0.051)
    both = ~one["treatment_stopped"] & ~other["treatment_stopped"]
    for (then, now), n in (
        pd.DataFrame({"then": one["regimen"], "now": other["regimen"]})[changed & both].value_counts().items()
    ):
        line = f"{REGIMENS[then]} → {REGIMENS[now]}:"
        assert percent(text, line) == pytest.approx(100 * n / PATIENTS, abs=0.051)
    high = one["risk_group_0"] == 0
    assert percent(text, "in group high,") == pytest.approx(100 * high.mean(), abs=0.051)
    assert "in group low, " in text and re.search(r"in group low, .*: 0\.0 % .* differently", text)
    assert not (changed & ~high).any()


def test_a_policy_and_itself_do_not_differ(diff):
    _, text, _ = diff("dutch_2014", "dutch_2014", "patients=50")
    assert "levers, A then B\n  the same" in text
    assert "  0.0 % (0.0 to 7.1) are treated differently, 100.0 % the same" in text
    assert text.rstrip().endswith("nothing differs")


def test_what_no_row_shows_is_compared_by_the_plan(diff):
    _, text, _ = diff("tme_alone", "follow_up_intensive", "patients=50")
    assert "standard → intensive:" in text and "washout" not in text.partition("what they get")[2]


def test_usual_care_is_that_of_the_cohort(diff):
    _, text, _ = diff("usual_care", "dutch_2014+as_practised", "patients=20")
    assert "levers, A then B\n  the same" in text
    _, text, _ = diff("usual_care", "tme_alone", "patients=20", "cohort=dutch_tme")
    assert "levers, A then B\n  the same" in text and "cohort dutch_tme, seed 1" in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["tme_alon", "short_course"], "policy tme_alon: there is no such policy; did you mean tme_alone?"),
        (["tme_alone", "short_course", "patients=0"], "patients=0: must be"),
        (["tme_alone", "short_course", "patint=9"], "did you mean patients?"),
        (["tme_alone", "short_course", "cohort=duch_tme"], "did you mean dutch_tme?"),
        (["tme_alone", "short_course", "dir=nowhere"], "dir=nowhere: there is no such folder"),
        (["tme_alone"], "name two runs"),
        (["runs/a", "short_course"], "runs/a: there is no such folder or zip"),
    ],
)
def test_what_is_no_policy_or_setting_is_refused_in_one_line(diff, words, message):
    status, out, err = diff(*words)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert message in err


def test_a_folder_with_the_name_of_a_policy_is_a_run(diff, here):
    assert main(["compare", "policies=[tme_alone]", "patients=20", "pictures=false", "out=short_course"]) == 0
    status, text, _ = diff("short_course", "short_course")
    assert status == 0 and "A: short_course (lrrc compare" in text
    status, text, _ = diff("short_course", "short_course", "patients=20")
    assert status == 0 and "20 simulated patients" in text
    status, _, err = diff("./short_course", "short_course", "patients=20")
    assert status == 2 and "two runs take no settings" in err


def test_policies_of_ones_own_are_found_in_their_folder(diff, capsys):
    assert main(["new", "policy", "mine", "like=japanese"]) == 0
    capsys.readouterr()
    status, text, _ = diff("mine", "japanese", "patients=20", "dir=lrrc_files")
    assert status == 0 and "levers, A then B\n  the same" in text
