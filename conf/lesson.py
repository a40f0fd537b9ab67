"""A lesson as a file: a question about a scenario, a prediction, an explanation with computed figures."""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conf import composition as library
from conf import units
from conf.economics import ECONOMICS
from conf.endpoint import read_mapping, read_text
from conf.input_error import InputError, nearest, one_of, shown
from conf.lesson_figures import Figure, evidence_row, known_figure, read_figures
from conf.lesson_prediction import (
    LARGEST,
    Answer,
    Option,
    Prediction,
    read_answer,
    read_prediction,
    read_texts,
    read_words,
    refuse_unknown,
)  # fmt: skip
from conf.own_file import path_of, read_own_file
from conf.policies import LEVERS, with_levers
from conf.question import PICTURES
from conf.request import Request, request_of
from conf.run import Run, Tree
from conf.schema import read_run

KEYS = (
    "title", "goal", "minutes", "scenario", "policies", "question", "prediction", "answer", "figures", "vary",
    "reveal", "explanation", "evidence", "discuss", "holds", "licence",
)  # fmt: skip
OPTIONAL: Tree = {"scenario": {}, "vary": [], "evidence": [], "holds": [], "licence": ""}
SCENARIO: Tree = {
    "cohort": "dutch_contemporary",
    "clinic": "unlimited",
    "disease": "calibrated",
    ECONOMICS: "none",
    "patients": 20_000,
    "repetitions": 1,
    "change": {},
}
GROUPS = ("cohort", "clinic", "disease", ECONOMICS)  # whose file a scenario, or a change of it, names
CHANGEABLE = (*GROUPS, "patients", "policies", *LEVERS)  # by a change, beside numbers
REVEALED = (*PICTURES, ECONOMICS)  # the table of costs and QALYs, and their plane
OF_THE_FILE = ("horizon_years", "rates")  # keys of economics that a change cannot set
MOST_POLICIES, MOST_REPETITIONS = 4, 200
MINUTES = units.Range(0, 240, "above 0 and at most 240", low_allowed=False)
REFERENCE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Setting:
    """What is simulated: the names of files, how many patients, how often, and changes of single numbers."""

    cohort: str
    clinic: str
    disease: str
    economics: str
    patients: int
    repetitions: int
    change: Tree


@dataclass(frozen=True)
class Change:
    """Something to vary: a sentence, and the keys to change; ``name`` where figures are measured in it."""

    says: str
    change: Tree
    name: str = ""


@dataclass(frozen=True)
class Claim:
    """A figure lies from ``low`` to ``high``; the explanation is true only where it does."""

    figure: str
    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Return whether it holds of a value; not of NaN."""
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Lesson:
    """A checked lesson. ``explanation``: paragraphs with ``{figure}`` where a computed figure stands."""

    name: str
    title: str
    goal: str
    minutes: float
    scenario: Setting
    policies: tuple[str, ...]
    question: str
    prediction: Prediction
    answer: Answer
    figures: dict[str, Figure]
    vary: tuple[Change, ...]
    reveal: tuple[str, ...]
    explanation: tuple[str, ...]
    evidence: tuple[str, ...]
    discuss: tuple[str, ...]
    holds: tuple[Claim, ...]
    licence: str

    def changes(self) -> dict[str, Tree]:
        """Return the changes in which figures are measured, by name; the scenario itself has no name."""
        return {"": {}, **{each.name: each.change for each in self.vary if each.name}}

    def right(self, values: Mapping[str, float]) -> Option | None:
        """Return the option that is right by the figures' values; None of a number, or without a value."""
        options = self.prediction.options
        if self.answer.extreme:
            by = {option: values[option.figure] for option in options}
            if any(value != value for value in by.values()):
                return None
            return (max if self.answer.extreme == LARGEST else min)(options, key=lambda each: by[each])
        value = values[self.answer.figure]
        for option in options:
            above = option.low is None or value >= option.low
            if above and (option.high is None or value < option.high):
                return option
        return None

    def plain(self) -> Tree:
        """Return it as plain values for a page: lists, words, numbers; figures resolved."""
        found = dataclasses.asdict(self)
        answer: Tree = {"figure": self.answer.figure, "extreme": self.answer.extreme}
        found["figures"] = {name: figure.plain() for name, figure in self.figures.items()}
        return {**_lists(found), "answer": answer}


def _lists(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _lists(each) for key, each in value.items()}
    return [_lists(each) for each in value] if isinstance(value, (list, tuple)) else value


def headings() -> dict[str, tuple[str, float, str]]:
    """Return title, minutes and goal of each lesson, by name, without checking the rest of its file."""
    found = {}
    for name in library.options("lesson"):
        where, given = f"lesson {name}: ", library.read("lesson", name)
        title, goal = (read_words(f"{where}{key}", given.get(key, "")) for key in ("title", "goal"))
        found[name] = (title, units.number(f"{where}minutes", given.get("minutes"), MINUTES), goal)
    return found


def read_lessons() -> dict[str, Lesson]:
    """Return the shipped lessons, and those of a user's folder, by name; within ``composing``."""
    return {name: read_lesson(name) for name in library.options("lesson")}


def read_lesson(name: str) -> Lesson:
    """Return one lesson, by its name in ``conf/lesson`` or by the path of a file; within ``composing``.

    Raises InputError.
    """
    path = path_of(
        name,
        f"{shown(name)}: cannot be read: No such file; a lesson is a name, as lrrc lesson lists them, or "
        "the path of a file that ends in .yaml",
    )
    if path is None:
        return _lesson(name, library.read("lesson", name))
    content = read_own_file(path, str(path), "lesson")
    if not content:
        raise InputError(f"{path}: must hold lines of the form key: value, such as title: ...")
    return _lesson(path.stem, content)


def run_of(lesson: Lesson, change: Mapping[str, object]) -> Run:
    """Return the run of a lesson's scenario with a change; within ``composing``."""
    return _run(lesson.scenario, lesson.policies, change)


def command_of(lesson: Lesson, change: Mapping[str, object]) -> str:
    """Return the command line that simulates a lesson's scenario with a change; within ``composing``.

    Levers are left out: the command line sets none.
    """
    return _request(lesson.scenario, lesson.policies, change).command


def _run(scenario: Setting, policies: Sequence[str], change: Mapping[str, object]) -> Run:
    run = read_run(_request(scenario, policies, change).config)
    levers = {key: value for key, value in change.items() if key in LEVERS}
    if not levers:
        return run
    changed = tuple(with_levers(policy, levers) for policy in run.policies)
    return dataclasses.replace(run, policies=changed, comparator=changed[0])


def _request(scenario: Setting, policies: Sequence[str], change: Mapping[str, object]) -> Request:
    asked: dict[str, object] = {name: getattr(scenario, name) for name in (*GROUPS, "patients")}
    asked |= {"policies": list(policies)}
    asked |= scenario.change | {key: value for key, value in change.items() if key not in LEVERS}
    standard = {name: SCENARIO[name] for name in (*GROUPS, "patients")}
    # What is so by default is left out, so that the command is short.
    return request_of("compare", {key: value for key, value in asked.items() if standard.get(key) != value})


def _lesson(name: str, given: Tree) -> Lesson:
    where = f"lesson {name}: "
    refuse_unknown(where, given, KEYS)
    for key in KEYS:
        if key not in given and key not in OPTIONAL:
            raise InputError(f"{where}{key}: missing; a lesson has {', '.join(KEYS)}")
    given = {**OPTIONAL, **given}
    texts = {key: read_words(f"{where}{key}", given[key]) for key in ("title", "goal", "question")}
    scenario = _scenario(f"{where}scenario", given["scenario"])
    policies = read_texts(f"{where}policies", given["policies"], MOST_POLICIES)
    vary = _vary(f"{where}vary", given["vary"])
    there = _runs(where, scenario, policies, vary)
    figures = read_figures(f"{where}figures", given["figures"], there, scenario.repetitions)
    prediction = read_prediction(f"{where}prediction", given["prediction"], figures)
    explanation = read_texts(f"{where}explanation", given["explanation"])
    for paragraph in explanation:
        for named in REFERENCE.findall(paragraph):
            known_figure(f"{where}explanation: {{{named}}}", named, figures)
    reveal = read_texts(f"{where}reveal", given["reveal"])
    for picture in reveal:
        one_of(f"{where}reveal", picture, REVEALED)
    evidence = read_texts(f"{where}evidence", given["evidence"], least=0)
    for identifier in evidence:
        evidence_row(f"{where}evidence", identifier)
    return Lesson(
        name=name,
        **texts,
        minutes=units.number(f"{where}minutes", given["minutes"], MINUTES),
        scenario=scenario,
        policies=policies,
        prediction=prediction,
        answer=read_answer(f"{where}answer", given["answer"], prediction, figures),
        figures=figures,
        vary=vary,
        reveal=reveal,
        explanation=explanation,
        evidence=evidence,
        discuss=read_texts(f"{where}discuss", given["discuss"]),
        holds=_claims(f"{where}holds", given["holds"], figures),
        licence=read_text(f"{where}licence", given["licence"]),
    )


def _change(key: str, value: object, names: Sequence[str]) -> Tree:
    """Return keys and values to change: numbers by their full key, and names of ``names``."""
    change = read_mapping(key, value, "{surgery.leak_probability: 0}")
    for name, to in change.items():
        if "." not in name and name not in names:
            raise InputError(
                f"{key}.{name}={shown(to)}: there is no such key; a change sets a number, as in "
                f"surgery.leak_probability{', or ' if names else ''}{', '.join(names)}"
                f"{nearest(name, names)}"
            )
        if name in (f"{ECONOMICS}.{one}" for one in OF_THE_FILE):
            raise InputError(f"{key}.{name}={shown(to)}: is that of the file of prices, and no lesson's")
    return change


def _scenario(key: str, value: object) -> Setting:
    given = read_mapping(key, value, "{cohort: dutch_tme}") if value else {}
    refuse_unknown(f"{key}.", given, tuple(SCENARIO))
    given = {**SCENARIO, **given}
    for group in GROUPS:
        one_of(f"{key}.{group}", given[group], library.options(group))
    repetitions = units.whole(f"{key}.repetitions", given["repetitions"], 1)
    if repetitions > MOST_REPETITIONS:
        raise InputError(f"{key}.repetitions={repetitions}: at most {MOST_REPETITIONS}")
    change = _change(f"{key}.change", given["change"], ()) if given["change"] else {}
    return Setting(
        **{group: given[group] for group in GROUPS},
        patients=units.whole(f"{key}.patients", given["patients"], 1),
        repetitions=repetitions,
        change=change,
    )


def _vary(key: str, value: object) -> tuple[Change, ...]:
    if not isinstance(value, list):
        raise InputError(f"{key}={shown(value)}: must be a list of changes, each with says and change")
    found = []
    for k, each in enumerate(value):
        given = read_mapping(f"{key}[{k}]", each, "{says: And without leaks?, change: {...}}")
        refuse_unknown(f"{key}[{k}].", given, ("says", "change", "name"))
        for needed in ("says", "change"):
            if needed not in given:
                raise InputError(f"{key}[{k}].{needed}: missing; it has says, change and, if wanted, name")
        change = _change(f"{key}[{k}].change", given["change"], CHANGEABLE)
        name = read_text(f"{key}[{k}].name", given.get("name", ""))
        found.append(Change(read_words(f"{key}[{k}].says", given["says"]), change, name))
        if name and name in [other.name for other in found[:-1]]:
            raise InputError(f"{key}[{k}].name={shown(name)}: appears twice")
    return tuple(found)


def _runs(where: str, scenario: Setting, policies: tuple[str, ...], vary: Sequence[Change]) -> dict[str, Run]:
    """Return the runs of the scenario and of each change that has a name. Raises InputError for any."""
    asked = [
        ("", "scenario", {}),
        *((each.name, f"vary[{k}].change", each.change) for k, each in enumerate(vary)),
    ]
    found = {}
    for name, key, change in asked:
        try:
            run = _run(scenario, policies, change)
        except InputError as error:
            raise InputError(f"{where}{key}: {error}") from error
        if name or not change:
            found[name] = run
    return found


def _claims(key: str, value: object, figures: Mapping[str, Figure]) -> tuple[Claim, ...]:
    if not isinstance(value, list):
        raise InputError(f"{key}={shown(value)}: must be a list of claims, each with figure, from and to")
    found = []
    for k, each in enumerate(value):
        given = read_mapping(f"{key}[{k}]", each, "{figure: averted, from: 30, to: 100}")
        refuse_unknown(f"{key}[{k}].", given, ("figure", "from", "to"))
        figure = known_figure(f"{key}[{k}].figure", given.get("figure"), figures)
        low = units.number(f"{key}[{k}].from", given.get("from", -1e9), units.ANY)
        high = units.number(f"{key}[{k}].to", given.get("to", 1e9), units.ANY)
        if low > high:
            raise InputError(f"{key}[{k}].to={high:g}: must be at least from={low:g}")
        found.append(Claim(figure, low, high))
    return tuple(found)
