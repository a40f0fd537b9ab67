"""A new file of the user's own: usable at once, equal to what it was made from, and never over another."""

import re
import shlex

import pandas as pd
import pytest

from analysis.words.own_files import COHORT, COHORT_FILES, ECONOMICS
from conf.composition import composing
from conf.policies import LEVERS, read_policy
from conf.schema import compose_run, shipped
from experiments.cli.command import main
from experiments.new import NEXT, RESERVED

KINDS = sorted(NEXT)


@pytest.fixture
def written(here, capsys):
    """Write a file in an empty folder; return its path and the command that the program names."""

    def write(kind, *words):
        assert main(["new", kind, "mine", *words]) == 0
        *said, path = capsys.readouterr().out.splitlines()
        assert said[-1].startswith("next: lrrc ")
        return here / path, shlex.split(said[-1].removeprefix("next: lrrc "))

    return write


def run(words, out):
    assert main([*words, f"out={out}", "pictures=false"]) == 0
    return {path.name: path.read_bytes() for path in out.glob("*.csv")}


def keys(text):
    """Return the keys of a file, those that are commented out too."""
    return re.findall(r"^ *(?:# )?(\w+): ", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("kind", "shipped_words"),
    [
        ("cohort", ["compare", "cohort=dutch_contemporary"]),
        ("scenario", ["compare"]),
        ("economics", ["compare", "economics=dutch"]),
        ("clinic", ["capacity", "clinics=[regional]"]),
    ],
)
def test_a_new_file_gives_the_tables_of_what_it_was_made_from(written, tmp_path, kind, shipped_words):
    _, words = written(kind)
    small = ["patients=60", "horizon_years=2"]
    if kind == "clinic":
        small += ["policies=[tme_alone]", "horizon_years=0.2", "target_share=0.01"]
        small.remove("horizon_years=2")
    mine, theirs = run([*words, *small], tmp_path / "a"), run([*shipped_words, *small], tmp_path / "b")
    assert mine.keys() == theirs.keys()
    for name, table in theirs.items():
        assert re.sub(rb"\bmine\b", b"regional", mine[name]) == table, name


def test_a_new_policy_does_what_tme_alone_does(written, tmp_path):
    _, words = written("policy")
    run([*words, "patients=200"], tmp_path / "a")
    outcomes = pd.read_csv(tmp_path / "a/outcomes.csv")
    base, mine = (
        outcomes[outcomes["policy"] == name].drop(columns="policy").reset_index(drop=True)
        for name in ("tme_alone", "mine")
    )
    assert len(base) > 100
    pd.testing.assert_frame_equal(base, mine)


def test_a_new_policy_like_another_does_the_same_and_can_be_combined(written):
    written("policy", "like=short_course+washout_always")
    with composing("lrrc_files"):
        mine, theirs = read_policy("mine"), read_policy("short_course+washout_always")
        assert mine.records() == theirs.records()
        assert read_policy("mine+leak_prevention").leak_prevention


def test_a_new_policy_does_not_contradict_one_that_it_is_joined_with(written):
    written("policy")
    with composing("lrrc_files"):
        assert read_policy("mine+short_course").records() == read_policy("short_course").records()


def test_a_new_trial_simulates_what_the_shipped_trial_simulates_of_the_same_figures(written, tmp_path):
    _, words = written("trial")
    small = ["patients=400", "most_patients=400"]
    run([*words, *small], tmp_path / "a")
    run(["validate", "trial=dutch_tme", *small], tmp_path / "b")
    mine, theirs = (pd.read_csv(tmp_path / name / "endpoints.csv") for name in "ab")
    theirs = theirs[theirs["endpoint"].isin(mine["endpoint"])].reset_index(drop=True)
    assert len(mine) == 2
    # of a trial that was fitted, the discrepancy in the predictive intervals is estimated without it
    predicted = ["predictive_low", "predictive_high", "half_low", "half_high", "probability"]
    left_out = ["trial", "set", *predicted]
    pd.testing.assert_frame_equal(
        mine.drop(columns=left_out), theirs.drop(columns=left_out), check_dtype=False
    )


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("policy", [*LEVERS, "guideline"]),
        ("cohort", [*shipped("cohort/dutch_contemporary"), *COHORT_FILES]),
        ("clinic", [*shipped("clinic/unlimited")]),
        ("economics", [*ECONOMICS]),
    ],
)
def test_a_new_file_has_every_key_once(written, kind, expected):
    path, _ = written(kind)
    assert sorted(set(keys(path.read_text("utf-8"))) - {"description", "Allowed"}) == sorted(expected)


def test_every_number_of_a_cohort_has_words_and_no_other():
    assert [*COHORT] == [*shipped("cohort/dutch_contemporary")]


def test_every_key_of_prices_and_utilities_has_words_and_no_other():
    assert [*ECONOMICS] == [*shipped("economics/dutch")]


@pytest.mark.parametrize("kind", ["policy", "cohort", "clinic"])
def test_every_line_that_is_commented_out_is_understood_when_the_mark_is_taken_away(written, kind):
    path, words = written(kind)
    text = path.read_text("utf-8")
    names = shipped("clinic/unlimited") if kind == "clinic" else {**LEVERS, **COHORT}
    path.write_text(re.sub(rf"^# ((?:{'|'.join(names)}): )", r"\1", text, flags=re.MULTILINE), "utf-8")
    assert path.read_text("utf-8") != text
    if kind == "policy":
        with composing("lrrc_files"):
            assert read_policy("mine").records() == read_policy("tme_alone").records()
    else:
        assert main([words[0], "--cfg", "job", *words[1:]]) == 0


def test_a_cohort_is_made_from_a_table_and_says_who_was_left_out(here, capsys):
    lines = [*(25 * ["64,F,7,T3ab,N1", "50,M,3,T2,N0"]), "64,F,7,TX,N0"]
    (here / "patients.csv").write_text("\n".join(["age,sex,height,T,N", *lines]), "utf-8")
    assert main(["new", "cohort", "mine", "from=patients.csv", "dir=o w n"]) == 0
    out = capsys.readouterr().out
    assert "50 patients of patients.csv" in out
    assert "1 left out: T=TX is none of" in out and "(first in line 52)" in out
    assert "next: lrrc compare --config-dir 'o w n' cohort=mine" in out
    with composing(here / "o w n"):
        from conf.composition import composed
        from conf.schema import read_run

        cohort = read_run(composed("compare", ["cohort=mine"])[0]).cohort
    assert cohort["female_share"] == 0.5
    assert cohort["ct_shares"] == [0, 0.5, 0.5, 0, 0, 0]
    assert cohort["apr_share"] == compose_run().cohort["apr_share"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_is_there_stays_as_it_is(written, capsys, kind):
    path, _ = written(kind)
    path.write_text("# mine\n", "utf-8")
    assert main(["new", kind, "mine"]) == 2
    assert "is there already" in capsys.readouterr().err
    assert path.read_text("utf-8") == "# mine\n"


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "a/b", "../a", "/a", "a\\b", "C:a", "a\0b", "x" * 101, ".a", "über", "a b", "A", "1a",
     "a-b", "a+b", "a.yaml", "a\nb", "a\u202eb", "é", "${a}", "*", *RESERVED],
)  # fmt: skip
def test_a_name_that_cannot_be_one_is_refused_in_one_line(here, capsys, name):
    assert main(["new", "policy", name]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert not list(here.iterdir())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["policy", "tme_alone"], "a shipped policy has this name"),
        (["cohort", "dutch_tme"], "a shipped cohort has this name"),
        (["policies", "mine"], "did you mean policy?"),
        (["policy"], "one name is needed"),
        (["policy", "a", "b"], "one name is needed"),
        (["policy", "mine", "dri=x"], "did you mean dir?"),
        (["policy", "mine", "dir="], "needs a value"),
        (["policy", "mine", "dir=a", "dir=b"], "appears twice"),
        (["policy", "mine", "from=x.csv"], "only a cohort is made from a table"),
        (["policy", "mine", "like=tme_alon"], "did you mean tme_alone?"),
        (["cohort", "mine", "like=dutch_tem"], "did you mean dutch_tme?"),
        (["clinic", "mine", "like=../x"], "there is no such clinic"),
        (["trial", "mine", "like=rapido"], "only of a policy, guideline, cohort, clinic"),
        (["cohort", "mine", "from=nothing.csv"], "cannot be read"),
        (["policy", "mine", "dir=file"], "cannot be written"),
    ],
)
def test_other_words_are_refused_in_one_line_and_nothing_is_written(here, capsys, words, message):
    (here / "file").write_text("", "utf-8")
    assert main(["new", *words]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and message in err
    assert [path.name for path in here.iterdir()] == ["file"]


def test_help_names_every_kind_and_every_setting(capsys):
    assert main(["new", "--help"]) == 0
    out = capsys.readouterr().out
    for word in (*KINDS, "dir ", "like ", "from ", "lrrc_files"):
        assert word in out
    assert max(map(len, out.splitlines())) <= 110


@pytest.mark.parametrize("like", ["dutch_2014", "japanese"])
def test_a_new_guideline_comes_with_a_policy_that_does_what_the_guidelines_own_does(written, like):
    path, words = written("guideline", f"like={like}")
    assert (path.parent.parent / "policy/mine.yaml").is_file()
    assert words[-1] == "policies=[usual_care,mine+as_practised]"
    with composing("lrrc_files"):
        mine, theirs = read_policy("mine"), read_policy(like)
        assert mine.records() == theirs.records()
        assert mine.guideline.name == "mine"


def test_a_new_guideline_can_be_run_and_is_changed_in_a_line(written, tmp_path):
    path, words = written("guideline")
    text = path.read_text("utf-8")
    path.write_text(text.replace("short_axis_mm >= 7", "short_axis_mm >= 30"), "utf-8")
    assert words[-1] == "policies=[usual_care,mine+as_practised]"
    run([*words[:-1], "policies=[dutch_2014,mine]", "patients=300", "horizon_years=1"], tmp_path / "a")
    table = pd.read_csv(tmp_path / "a/outcomes.csv")
    found = table[table["outcome"] == "irradiated"].set_index("policy")["estimate"]
    assert 0 < found["mine"] < found["dutch_2014"]


def test_a_new_policy_like_one_with_a_guideline_gives_each_group_the_same(written):
    path, _ = written("policy", "like=dutch_2014+washout_always")
    assert "high: {neoadjuvant: chemoradiotherapy}" in path.read_text("utf-8")
    with composing("lrrc_files"):
        assert read_policy("mine").records() == read_policy("dutch_2014+washout_always").records()
