"""The section question of a scenario: what it may hold, and that no result depends on it."""

import pytest

from analysis.pictures.catalogue import PICTURES as DRAWN
from analysis.tables.queueing import STEPS
from conf import question
from conf.composition import CONF, composed, composing
from conf.input_error import InputError
from conf.question import read_question
from conf.request import request
from conf.schema import compose_run, read_run
from experiments.cli.command import main
from experiments.simulating.cohort import horizons
from experiments.sweeping.ledger import lives_digest

GIVEN = {
    "asks": "What does it avert?",
    "readers": ["teacher"],
    "outcomes": ["local_recurrence", "spillage", "leak"],
    "horizon_years": 5,
    "look_at": ["incidence", "flow"],
    "cannot_say": "What it costs.",
}
SCENARIOS = sorted(path.stem for path in (CONF / "scenario").glob("*.yaml"))


def test_a_question_is_read_and_written_as_it_is_given():
    read = read_question({**GIVEN, "asks": "What does\n  it avert?"})
    assert {key: value for key, value in read.resolved().items() if value} == GIVEN
    assert read_question(read.resolved()) == read
    assert read_question(None) is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"ask": "Why?"}, "question.ask=Why?: there is no such key; did you mean asks? There are: asks, "),
        ({"asks": ""}, "question.asks=: must be words"),
        ({"asks": 4}, "question.asks=4: must be words"),
        ({"cannot_say": "x" * 1001}, "must be words, at most 1,000 letters"),
        ({"readers": ["techer"]}, "question.readers=techer: there is no such name; did you mean teacher?"),
        ({"readers": "teacher"}, "question.readers=teacher: must be a list of names"),
        ({"outcomes": []}, "question.outcomes=[]: must be a list of names"),
        (
            {"outcomes": ["local_recurence"]},
            "question.outcomes=local_recurence: there is no such name; did you mean local_recurrence?",
        ),
        ({"outcomes": ["leak", "leak"]}, "question.outcomes=[leak,leak]: leak appears twice"),
        ({"outcomes": [["leak"]]}, "question.outcomes=[leak]: there is no such name"),
        ({"look_at": ["incidense"]}, "look_at=incidense: there is no such name; did you mean incidence?"),
        ({"waits": ["resections"]}, "waits=resections: there is no such name; did you mean resection?"),
        ({"horizon_years": 4}, "horizon_years=4: must be a horizon of the tables: 1, 2, 3, 5, 10, or"),
        ({"horizon_years": 0}, "question.horizon_years=0: out of range"),
        ({"change": "patients=1"}, "question.change and question.then_asks: one is set and the other is not"),
    ],
)  # fmt: skip
def test_what_a_question_cannot_hold_is_refused(given, message):
    with pytest.raises(InputError) as refused:
        read_question({**GIVEN, **given})
    assert message in str(refused.value)


def test_a_key_that_is_missing_is_named_and_what_is_no_section_is_refused():
    for key in GIVEN:
        with pytest.raises(InputError, match=f"^question.{key}: missing"):
            read_question({name: value for name, value in GIVEN.items() if name != key})
    for given in (5, "Why?", ["asks"]):
        with pytest.raises(InputError, match=r"^question=.*: must be a group of keys"):
            read_question(given)


def test_a_horizon_of_the_run_itself_is_a_horizon():
    assert read_question({**GIVEN, "horizon_years": 7}, 7.0).horizon_years == 7


def test_what_it_may_name_is_what_a_run_has():
    assert set(question.PICTURES) == {
        picture.__name__ for picture in DRAWN if picture.__name__ == "waits" or not _of_capacity(picture)
    }
    assert (*question.WAITS,) == (*STEPS,)
    assert horizons(100.0)[:-1] == question.HORIZONS_YEARS


def _of_capacity(picture):
    return bool({"queues", "utilisation", "waiting_harm", "needed"} & {*DRAWN[picture]})


def test_the_command_refuses_a_wrong_question_in_one_line(here, capsys):
    (here / "mine/scenario").mkdir(parents=True)
    path = here / "mine/scenario/why.yaml"
    lines = ["question:", *(f"  {key}: {value}" for key, value in GIVEN.items())]
    path.write_text("\n".join([*lines, "  outcome: leak"]), "utf-8")
    for command in ("compare", "scenarios", "sweep"):
        words = ["why"] if command == "scenarios" else ["scenario=why"]
        assert main([command, *words, "--config-dir", "mine"]) == 2
        (said,) = capsys.readouterr().err.splitlines()
        assert "question.outcome=leak: there is no such key; did you mean outcomes?" in said


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name != "default"])
def test_no_result_depends_on_the_question(name):
    with_it, without = (compose_run(f"scenario={name}", *more) for more in ((), ("question=null",)))
    assert with_it.question and without.question is None
    assert lives_digest(with_it) == lives_digest(without)


def test_the_resolved_run_keeps_the_question_and_reads_as_the_same():
    with composing():
        run = read_run(request("compare", ["scenario=dutch_tme"], "").config)
        again = composed("compare", ["scenario=dutch_tme"])[0]
        again.question = run.resolved()["question"]
        assert read_run(again) == run
