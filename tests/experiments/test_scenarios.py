"""The shipped scenarios: each runs, its answer says what its tables say, and page and list have it."""

import re
import shlex

import pandas as pd
import pytest
from PIL import Image

from analysis.pages.answer import COUNTED, MORE_IS_BETTER, SHARES
from analysis.words.wording import policy_words
from conf.capacity import read_capacity
from conf.composition import CONF, composing
from conf.question import PICTURES, READERS
from conf.request import request
from conf.schema import compose_run, read_run
from experiments.cli.arguments import read_words
from experiments.cli.command import main
from experiments.pages.scenarios_page import FOLDER, PAGE, commands
from experiments.scenarios import questions
from experiments.sweep import read_plan
from sim.clinic.needs import is_unlimited
from sim.patient import Mechanism

with composing():
    ASKED = {name: question for name, question in questions().items() if question}
FEWEST = 12
SLOW = ("before_surgery",)  # closed_theatre is another with queues
LARGEST_PICTURE = 64_000  # bytes
PHRASES = {**{words: name for name, words in COUNTED.items()}, **{f"of {w}": n for n, w in SHARES.items()}}
CHANGE = re.compile(
    r"(less than )?([\d,]+\.\d)( points)? (more|fewer) (.+?) \(([\d,]+\.\d) to ([\d,]+\.\d)\)"
    r"(?:, | and |$)"
)


def number(text):
    return float(text.replace(",", ""))


def difference(table, policy, name, years):
    """Return the row of an outcome in differences.csv, found in its own way, and what a unit of it is."""
    of_mechanism = name in {each.name.lower() for each in Mechanism}
    rows = table[(table["policy"] == policy) & (table["compartment"] == "all") & (table["group"] == "all")]
    rows = rows[rows["mechanism"] == (name if of_mechanism else "all")]
    rows = rows[rows["outcome"] == ("local_recurrence" if of_mechanism else name)]
    if name in ("life_years", "organ_years", "stoma_free_years"):
        (found,) = rows.to_dict("records")
    else:
        (found,) = rows[(rows["horizon_years"] == years) | rows["horizon_years"].isna()].to_dict("records")
    return found, 100 if name in SHARES else 1000


def beyond(row):
    return row["ci_low"] > 0 or row["ci_high"] < 0


def check_line(line, table, policy, names, years):
    """Compare a policy's sentence with the table: every outcome once, by its numbers or as no difference."""
    changed, _, same = line.rstrip(".").partition("no difference beyond simulated luck in ")
    for less, size, points, word, phrase, low, high in CHANGE.findall(changed.rstrip("; ")):
        name = PHRASES[phrase]
        row, by = difference(table, policy, name, years)
        ends = sorted(abs(by * row[end]) for end in ("ci_low", "ci_high"))
        assert beyond(row) and bool(points) == (name in SHARES)
        assert (word == "more") == (row["estimate"] > 0)
        assert [number(low), number(high)] == pytest.approx(ends, abs=0.0501)
        assert less or number(size) == pytest.approx(abs(by * row["estimate"]), abs=0.0501)
        names = [each for each in names if each != name]
    for name in names:  # what is left is said to be the same
        row, _ = difference(table, policy, name, years)
        assert not beyond(row)
        assert (f"how many of {SHARES[name]}" if name in SHARES else COUNTED[name]) in same


def best_of(table, names, policies, years):
    """Return the policies that may be the best, or None where none is better than the comparator."""
    sign = 1 if names[0] in MORE_IS_BETTER else -1
    rows = {policy: difference(table, policy, names[0], years)[0] for policy in policies}
    better = [policy for policy, row in rows.items() if beyond(row) and sign * row["estimate"] > 0]
    if not better:
        return None
    top = max(better, key=lambda policy: sign * rows[policy]["estimate"])
    low, high = rows[top]["ci_low"], rows[top]["ci_high"]
    return {policy for policy, row in rows.items() if row["ci_low"] <= high and row["ci_high"] >= low}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long) if name in SLOW else name for name in ASKED]
)
def test_a_scenario_runs_and_its_answer_is_that_of_its_tables(here, capsys, name):
    run, asked = compose_run(f"scenario={name}"), ASKED[name]
    few, years = (400, 10) if is_unlimited(run.clinic) else (40, 5)
    words = ["pictures=false", f"patients={few}", f"horizon_years={years}", "clock=compiled", "out=run"]
    assert main(["compare", f"scenario={name}", *words]) == 0
    printed = capsys.readouterr().out
    text = (here / "run/answer.txt").read_text("utf-8")
    assert printed.startswith(text) and f"{few} patients under each policy" in printed
    question, main_line, *lines, note = text.replace("\n  ", " ").splitlines()
    assert question == f"Question: {asked.asks}" and "of simulated luck" in note
    table = pd.read_csv(here / "run/differences.csv")
    others = [policy.name for policy in run.policies if policy != run.comparator]
    names = list(asked.outcomes)
    by_policy = [line for line in lines if not line.startswith("Days waited")]
    assert len(lines) - len(by_policy) == len(asked.waits)
    # Of one policy the main sentence has said what decides.
    if len(others) == 1:
        change = re.search(r", (.*) than under", main_line)
        check_line(change[1] if change else f"no difference beyond simulated luck in {main_line}", table,
                   others[0], names[:1], asked.horizon_years)  # fmt: skip
        names = names[1:]
    else:
        best = best_of(table, names, others, asked.horizon_years)
        named = re.match(
            r"Answer: (?:Fewest|Most) .* under (.*?)(?:, which this run cannot rank.*)?: ", main_line
        )
        assert bool(named) == (best is not None)
        if best:
            assert sorted(re.split(", | and ", named[1])) == sorted(map(policy_words, best))
    assert len(by_policy) == len(others)
    for policy, line in zip(others, by_policy, strict=True):
        heading = f"{policy_words(policy)}: "
        assert line.lower().startswith(heading.lower())
        check_line(line[len(heading) :], table, policy, names, asked.horizon_years)


def test_there_is_a_shelf():
    assert len(ASKED) >= FEWEST
    assert {reader for asked in ASKED.values() for reader in asked.readers} == set(READERS)
    for name, asked in ASKED.items():
        run = compose_run(f"scenario={name}")
        assert asked.asks.endswith(("?", ".")) and asked.change, name
        assert bool(asked.waits) != is_unlimited(run.clinic), name
        assert any(each in PICTURES for each in asked.look_at), name


@pytest.mark.parametrize("name", ASKED)
def test_every_command_that_a_scenario_names_is_accepted(name):
    for experiment, *words in commands(name, ASKED[name]):
        overrides = read_words(words).overrides
        with composing():
            config = request(experiment, overrides, "").config
            if experiment == "capacity":
                read_capacity(config, overrides)
            elif experiment == "sweep":
                assert len(read_plan(config, overrides).points) > 1
            else:
                assert read_run(config) != compose_run(f"scenario={name}") or words == [f"scenario={name}"]


def test_the_page_lists_exactly_the_scenarios_that_ask():
    text = PAGE.read_text("utf-8")
    headings = re.findall(r"^## (\w+)$", text, re.MULTILINE)
    assert headings == list(ASKED), "make scenarios"
    parts = re.split(r"^## \w+$", text, flags=re.MULTILINE)[1:]
    for (name, asked), part in zip(ASKED.items(), parts, strict=True):
        said = [asked.asks, asked.cannot_say, asked.then_asks, f"](#{name})"]
        said += [f"`{shlex.join(['lrrc', *words])}`".replace("'", "") for words in commands(name, asked)]
        plain = part.replace("'", "") + text[: text.index("\n## ")]
        assert [words for words in said if words.replace("'", "") not in plain] == [], "make scenarios"
        policies = [each for each in compose_run(f"scenario={name}").policies[1:]]
        assert all(policy_words(policy.name).lower() in part.lower() for policy in policies), "make scenarios"


def test_each_has_one_small_picture():
    folder = PAGE.parent / FOLDER
    assert sorted(path.stem for path in folder.iterdir()) == sorted(ASKED)
    for path in folder.iterdir():
        assert path.stat().st_size <= LARGEST_PICTURE, path
        with Image.open(path) as picture:
            assert picture.width >= 500


def test_the_list_has_every_scenario_for_each_of_its_readers(here, capsys):
    assert main(["scenarios"]) == 0
    text = capsys.readouterr().out
    parts = dict(re.findall(r"^for (\w+)s\n((?:  .*\n)+)", text, re.MULTILINE))
    for reader in READERS:
        listed = re.findall(r"^  (\w+)", parts[reader], re.MULTILINE)
        assert listed == [name for name, asked in ASKED.items() if reader in asked.readers]
    assert "without a question\n  default\n" in text
    assert max(map(len, text.splitlines())) <= 110


def test_one_is_shown_in_full_with_the_command_that_runs_it(here, capsys):
    for name in ("lateral_hospital", "lateral_dissection", "dutch_tme"):
        asked = ASKED[name]
        assert main(["scenarios", name]) == 0
        said = " ".join(capsys.readouterr().out.split())
        for words in (
            asked.asks,
            asked.cannot_say,
            f"lrrc compare scenario={name} {asked.change}",
            asked.also,
        ):
            assert " ".join(words.split()) in said
        assert all(policy.name in said for policy in compose_run(f"scenario={name}").policies)
    assert main(["scenarios", "default"]) == 0
    assert "lrrc compare scenario=default" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("duch_tme", "scenario duch_tme: there is no such scenario; did you mean dutch_tme?"),
        ("patients=5", "lrrc scenarios takes names"),
        ("--cfg job", "takes no --multirun and no --cfg"),
    ],
)
def test_what_is_no_scenario_is_refused_in_a_line(here, capsys, words, message):
    assert main(["scenarios", *words.split()]) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert message in said


def test_one_of_the_users_own_is_listed_and_answered(here, capsys):
    (here / "mine/scenario").mkdir(parents=True)
    (here / "mine/scenario/stomas.yaml").write_text(
        "policies: [tme_alone, diverting_stoma_always]\nquestion:\n  asks: What does it prevent?\n"
        "  readers: [teacher]\n  outcomes: [leak]\n  horizon_years: 5\n  look_at: [outcomes]\n"
        "  cannot_say: Much.\n",
        "utf-8",
    )
    assert main(["scenarios", "--config-dir", "mine"]) == 0
    assert "stomas                  What does it prevent?" in capsys.readouterr().out
    few = ("patients=50", "pictures=false", "out=run")
    assert main(["compare", "--config-dir", "mine", "scenario=stomas", *few]) == 0
    assert capsys.readouterr().out.startswith("Question: What does it prevent?\nAnswer: ")
    assert main(["rerun", "run", "out=again"]) == 0
    assert (here / "again/answer.txt").read_bytes() == (here / "run/answer.txt").read_bytes()


def test_the_report_begins_with_the_question_and_its_answer(here, capsys):
    few = ("patients=300", "pictures=false", "out=run")
    assert main(["compare", "scenario=dutch_tme", *few]) == 0
    assert main(["report", "run"]) == 0
    page = (here / "run/report.html").read_text("utf-8")
    answer = (here / "run/answer.txt").read_text("utf-8").replace("\n  ", " ").splitlines()
    first, second = (line.partition(": ")[2] for line in answer[:2])
    assert page.index(first) < page.index(second) < page.index('id="results"')
    assert ASKED["dutch_tme"].cannot_say in page


def test_a_run_without_a_question_writes_no_answer(here, capsys):
    assert main(["compare", "patients=50", "pictures=false", "out=run"]) == 0
    assert "Question" not in capsys.readouterr().out
    assert not (here / "run/answer.txt").exists()


def test_every_scenario_file_sits_in_the_folder_of_scenarios():
    assert {*ASKED, "default"} == {path.stem for path in (CONF / "scenario").glob("*.yaml")}
