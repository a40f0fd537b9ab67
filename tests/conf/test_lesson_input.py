"""Lessons as files: what is read is what was written, and what is broken is named in one line."""

import copy
import json
import math
import re
import shlex

import pytest
import yaml

from conf.composition import CONF, composing
from conf.lesson import KEYS, command_of, headings, read_lesson, read_lessons, run_of
from conf.lesson_figures import RUN_YEARS, value_of, written
from conf.request import request
from conf.schema import compose_run, read_run
from experiments.cli.arguments import read_words

GOOD = {
    "title": "Leaks",
    "goal": "You can say what a leak does.",
    "minutes": 10,
    "scenario": {"patients": 500, "repetitions": 3},
    "policies": ["tme_alone", "tme_alone+washout_always"],
    "question": "How many remain?",
    "prediction": {
        "kind": "choice",
        "options": [{"says": "Few", "below": 0.5}, {"says": "Most", "from": 0.5}],
    },
    "answer": {"figure": "remain"},
    "figures": {
        "plain": {"outcome": "local_recurrence", "policy": "tme_alone"},
        "rinsed": {"outcome": "local_recurrence", "policy": "tme_alone+washout_always", "luck": "own"},
        "remain": {"ratio": ["rinsed", "plain"]},
        "fewer": {"difference": ["plain", "rinsed"]},
        "lowest": {"lowest": "fewer"},
        "dry": {"outcome": "leak", "policy": "tme_alone", "if": "no_leaks"},
        "trial": {"evidence": "dutch_tme.tme_alone.lr.5y"},
        "wait": {"wait": "radiotherapy", "policy": "tme_alone"},
    },
    "vary": [{"name": "no_leaks", "says": "Never?", "change": {"surgery.leak_probability": 0}}],
    "reveal": ["incidence"],
    "explanation": ["{plain} and {rinsed}: {remain}."],
    "evidence": ["meta.leak.lr.hr"],
    "discuss": ["Why?"],
    "holds": [{"figure": "remain", "from": 0.1, "to": 0.9}],
    "licence": "CC BY 4.0",
}

NUMBER = {"kind": "number", "unit": "x", "low": 3, "high": 1, "near": 1}


@pytest.fixture
def read(tmp_path):
    """Write a lesson as a file, with changes by path (None takes a key away), and read it."""

    def read(**changes):
        content = copy.deepcopy(GOOD)
        for path, value in changes.items():
            *above, last = path.split("__")
            place = content
            for key in above:
                place = place[int(key) if key.isdigit() else key]
            last = int(last) if last.isdigit() else last
            if value is None:
                del place[last]
            else:
                place[last] = value
        file = tmp_path / "mine.yaml"
        file.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
        with composing():
            return read_lesson(str(file))

    return read


def test_a_lesson_is_what_its_file_says(read):
    lesson = read()
    assert lesson.name == "mine" and lesson.policies == ("tme_alone", "tme_alone+washout_always")
    assert lesson.scenario.cohort == "dutch_contemporary" and lesson.scenario.disease == "calibrated"
    assert lesson.figures["plain"].years == 5 and lesson.figures["dry"].years == 0
    assert lesson.figures["trial"].published == pytest.approx(109)
    assert [lesson.figures[name].unit for name in ("plain", "remain", "fewer", "lowest", "wait")] == [
        "patients", "percent", "patients", "patients", "days",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"titel": "x"}, "titel=x: there is no such key; did you mean title?"),
        ({"question": None}, "question: missing; a lesson has"),
        ({"answer": None}, "answer: missing; a lesson has"),
        ({"goal": " "}, "goal: is empty"),
        ({"minutes": 0}, "minutes=0: out of range"),
        ({"policies": ["tme_alon"]}, "scenario: policy tme_alon: there is no such"),
        ({"policies": ["tme_alone"] * 2}, "policies: tme_alone appears twice"),
        ({"policies": ["tme_alone", "a", "b", "c", "d"]}, "must be a list of 1 to 4"),
        ({"scenario__cohort": "dutch"}, "scenario.cohort=dutch: must be one of"),
        ({"scenario__patient": 3}, "scenario.patient=3: there is no such key; did you mean patients?"),
        ({"scenario__repetitions": 1}, "figures.lowest.lowest: needs scenario.repetitions of 2 or more"),
        ({"scenario__change": {"surgery.leek": 1}}, "scenario: surgery.leek"),
        ({"vary__0__change": {"washout": "alway"}}, "vary[0].change: washout=alway: must be one of"),
        ({"vary__0__change": {"surgery.leak_probability": 2}}, "vary[0].change: surgery.leak_probability=2"),
        ({"vary__0__change": {"horizon_years": 3}}, "vary[0].change.horizon_years=3: there is no such key"),
        ({"vary__0__change": {"washot": "never"}}, "did you mean washout?"),
        ({"scenario__change": {"policies": ["tme_alone"]}}, "scenario.change.policies"),
        ({"title": ["x"]}, "title=[x]: must be words"),
        ({"vary__0__says": None}, "vary[0].says: missing"),
        ({"figures__plain__outcome": "recurrence"}, "plain.outcome=recurrence: there is no such outcome"),
        ({"figures__plain__policy": "tme"}, "figures.plain.policy=tme: must be one of tme_alone"),
        ({"figures__plain__policy": None}, "figures.plain.policy: missing"),
        ({"figures__plain__years": 4}, "figures.plain.years=4: must be one of 1, 2, 3, 5, 10"),
        ({"figures__dry__years": 5}, "figures.dry.years=5: leak has no horizon"),
        ({"figures__plain__mechanism": "marginal"}, "mechanism=marginal: must be one of"),
        ({"figures__plain__horizon": 5}, "figures.plain.horizon=5: there is no such key"),
        ({"figures__dry__if": "no_leak"}, "dry.if=no_leak: vary has no such change; did you mean no_leaks?"),
        ({"figures__remain__ratio": ["rinsed", "plan"]}, "remain.ratio=plan: there is no such figure"),
        ({"figures__remain__ratio": ["rinsed"]}, "must be a list of two figures' names"),
        ({"figures__fewer__difference": ["plain", "remain"]}, "plain is in patients, remain is not"),
        ({"figures__trial__evidence": "dutch.lr"}, "trial.evidence=dutch.lr: no row of"),
        ({"figures__trial": {}}, "figures.trial={}: must hold keys and values"),
        ({"figures__Trial": {"evidence": "x"}}, "figures.Trial: a figure's name has letters"),
        ({"figures__wait__wait": "mr"}, "figures.wait.wait=mr: must be one of mri"),
        ({"figures__wait": {"value": "qaly", "policy": "tme_alone"}}, "wait.value=qaly: must be one of"),
        ({"figures__wait": {"value": "qalys", "policy": "tme_alone"}}, "costs and quality of life are not"),
        ({"figures__wait": {"value": "qalys"}}, "figures.wait.policy: missing"),
        ({"scenario__economics": "dtuch"}, "scenario.economics=dtuch: must be one of dutch"),
        ({"scenario__change": {"economics.visit_price": 1}}, "scenario: economics.visit_price=1"),
        (
            {"vary__0__change": {"economics": "dutch", "economics.horizon_years": 5}},
            "vary[0].change.economics.horizon_years=5: is that of the file of prices",
        ),
        ({"explanation": ["{remains} remain"]}, "explanation: {remains}=remains: there is no such figure"),
        ({"explanation": []}, "explanation=[]: must be a list"),
        ({"evidence": ["meta.leak.lr"]}, "evidence=meta.leak.lr: no row of conf/evidence.csv has this id"),
        ({"reveal": ["incidences"]}, "reveal=incidences: must be one of"),
        ({"prediction__kind": "guess"}, "prediction.kind=guess: must be one of choice, number"),
        ({"prediction__options__0__below": 0.4}, "options must cover every number once: one ends below 0.4"),
        ({"prediction__options__1__from": None}, "options must cover every number once"),
        ({"prediction__options__1__figure": "plain"}, "each option has from and below, and no figure"),
        ({"prediction__options": [{"says": "x"}]}, "must be a list of 2 to 6 options"),
        ({"prediction": NUMBER}, "prediction.high=1: must be above low=3"),
        ({"prediction": {"kind": "number", "unit": "x", "low": 3}}, "prediction.high: missing"),
        ({"answer": {"figure": "remains"}}, "answer.figure=remains: there is no such figure"),
        ({"answer": {"figure": "remain", "option": "largest"}}, "must have figure or option, and not both"),
        ({"answer": {"option": "largest"}}, "so each option has says and figure; options[0] has not"),
        ({"holds": [{"figure": "remain", "from": 2, "to": 1}]}, "holds[0].to=1: must be at least from=2"),
        ({"holds": [{"figur": "remain"}]}, "holds[0].figur=remain: there is no such key"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)  # fmt: skip
def test_what_is_broken_is_named_in_one_line(read, changes, said):
    with pytest.raises(ValueError, match=re.escape(said)) as refused:
        read(**changes)
    assert "\n" not in str(refused.value)


def test_what_is_no_file_or_no_lesson_is_refused(tmp_path):
    empty = tmp_path / "empty.yaml"
    empty.write_text("", "utf-8")
    with composing():
        with pytest.raises(ValueError, match="there is no such lesson; did you mean radiotherapy"):
            read_lesson("radiotherapie")
        with pytest.raises(ValueError, match="No such file"):
            read_lesson(str(tmp_path / "none.yaml"))
        with pytest.raises(ValueError, match="must hold lines of the form"):
            read_lesson(str(empty))


def test_every_figure_is_computed_from_those_it_names(read):
    lesson = read()
    # Of repetition k: the shared luck gives 100 + k, own luck 90, 110 and 130.
    measured = {"plain": [100, 101, 102], "rinsed": [90, 110, 130]}

    def value(name):
        return value_of(name, lesson.figures, lambda figure, k: measured[figure.name][k], 3)

    assert value("remain") == 0.9 and value("fewer") == 10
    assert value("lowest") == 102 - 130
    assert value("trial") == pytest.approx(109)
    measured["plain"][0] = 0
    assert math.isnan(value("remain"))


def test_the_right_option_follows_from_the_figure(read):
    lesson = read()
    assert lesson.right({"remain": 0.49}).says == "Few"
    assert lesson.right({"remain": 0.5}).says == "Most"
    assert lesson.right({"remain": math.nan}) is None
    options = [{"says": "This", "figure": "plain"}, {"says": "That", "figure": "rinsed"}]
    for extreme, says in (("largest", "This"), ("smallest", "That")):
        chosen = read(answer={"option": extreme}, prediction__options=options)
        assert chosen.right({"plain": 3.0, "rinsed": 2.0}).says == says


def test_figures_are_written_as_a_sentence_has_them():
    said = [
        (64.4, "patients", "64"),
        (8.06, "patients", "8.1"),
        (-12.2, "patients", "−12"),
        (0.0, "patients", "0"),
    ]
    said += [
        (0.434, "percent", "43 %"),
        (2.04, "times", "2.0"),
        (84.2, "days", "84"),
        (math.nan, "days", "–"),
    ]
    said += [(9.0, "repetitions", "9"), (1234.5, "patients", "1,234"), (-0.04, "percent", "−4 %")]
    for value, unit, words in said:
        assert written(value, unit) == words


def test_a_change_sets_numbers_levers_and_files(read):
    changes = [{"surgery.leak_probability": 0}, {"washout": "never"}, {"cohort": "dutch_tme", "patients": 70}]
    for k, change in enumerate(changes):
        lesson = read(vary__0__change=change)
        with composing():
            run = run_of(lesson, lesson.vary[0].change)
        assert (run.parameters["surgery"]["leak_probability"] == 0) == (k == 0)
        assert {policy.washout.name for policy in run.policies} >= ({"NEVER"} if k == 1 else {"ALWAYS"})
        assert run.patients == (70 if k == 2 else 500)


def test_every_lesson_is_followed_as_long_as_the_main_job():
    assert compose_run().horizon_years == RUN_YEARS


def test_the_command_that_is_named_asks_for_the_lessons_run(read):
    lesson = read(scenario__change={"surgery.leak_probability": 0.2}, scenario__clinic="regional")
    with composing():
        command = command_of(lesson, {})
        mine = run_of(lesson, {})
        theirs = read_run(request("compare", read_words(shlex.split(command)[2:]).overrides, "").config)
    assert mine == theirs


with composing():
    LESSONS = read_lessons()


@pytest.mark.parametrize("name", LESSONS)
def test_a_page_gets_plain_values_with_all_that_the_lesson_holds(name):
    lesson = LESSONS[name]
    plain = lesson.plain()
    assert json.loads(json.dumps(plain)) == plain
    assert set(plain) == {"name", *KEYS}
    assert list(plain["figures"]) == list(lesson.figures)
    for figure in plain["figures"].values():
        assert set(figure.get("of", [])) <= set(plain["figures"])
        assert figure.get("setting", "") in lesson.changes()
    assert plain["evidence"] == list(lesson.evidence)


def test_there_are_lessons_enough_and_the_list_has_all_of_them():
    assert len(LESSONS) >= 10
    with composing():
        listed = headings()
    assert listed == {name: (each.title, each.minutes, each.goal) for name, each in LESSONS.items()}
    assert len({each.title for each in LESSONS.values()}) == len(LESSONS)


@pytest.mark.parametrize("name", LESSONS)
def test_a_shipped_lesson_is_licensed_rests_on_evidence_and_types_no_result(name):
    lesson = LESSONS[name]
    first = (CONF / f"lesson/{name}.yaml").read_text("utf-8").splitlines()[0]
    assert lesson.licence == "CC BY 4.0" and "CC BY 4.0" in first
    assert lesson.evidence and lesson.vary and len(lesson.discuss) >= 2
    assert 10 <= lesson.minutes <= 20
    for paragraph in lesson.explanation:
        typed = re.sub(r"\{\w+\}", "", paragraph)
        assert not re.search(r"\d ?%|\d\.\d|per cent", typed), typed
    # What is computed is also said, or needed for what is said.
    used = {name for each in lesson.explanation for name in re.findall(r"\{(\w+)\}", each)}
    used |= {each.figure for each in lesson.holds} | {each.figure for each in lesson.prediction.options}
    used |= {lesson.answer.figure} | {below for each in lesson.figures.values() for below in each.of}
    assert set(lesson.figures) <= used


@pytest.mark.parametrize("name", [name for name, each in LESSONS.items() if each.answer.figure])
def test_what_a_shipped_lesson_claims_decides_its_question(name):
    lesson = LESSONS[name]
    (claim,) = [each for each in lesson.holds if each.figure == lesson.answer.figure]
    if lesson.prediction.options:
        ends = [lesson.right({claim.figure: value}) for value in (claim.low, claim.high)]
        assert ends[0] is ends[1] is not None
    else:
        assert lesson.prediction.low <= claim.low < claim.high <= lesson.prediction.high
