"""A lesson in words, for a terminal: what it asks, what was found, and why."""

import textwrap
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from analysis.pages.answer import COUNTED, SHARES
from analysis.tables import estimates
from analysis.tables.economics import QUANTITIES, means, worth
from analysis.tables.estimates import Estimate
from analysis.words.clinic import STEP_WORDS
from analysis.words.columns import CODES
from analysis.words.economics import QUANTITY
from analysis.words.wording import (
    INTERVALS,
    listed,
    place_words,
    policy_words,
    sentence,
    years_words,
)
from conf.input_error import in_full
from conf.lesson import REFERENCE, Claim, Lesson
from conf.lesson_figures import MONEY, OWN, PATIENTS, PER, VALUE, Figure, written
from conf.lesson_prediction import CHOICE
from conf.question import PICTURES
from conf.stated_sources import evidence
from sim.counting.outcomes import ALL, SCALE, Key
from sim.counting.tally import PairTally, Tally

WIDTH = 100
COLUMN = 54  # where numbers begin
# Of the recurrences, beside what a scenario's question can be answered by.
OF_RECURRENCES = {
    "one_compartment": "the recurrences lie in one compartment",
    "two_compartments": "the recurrences lie in two compartments",
    "three_or_more_compartments": "the recurrences lie in three compartments or more",
    "synchronous_metastasis": "the recurrences come with metastases",
    "limited_to_anastomosis": "the recurrences from cells in the lumen are limited to the anastomosis",
    "central_resection": "the salvage resections are of the centre of the pelvis",
    "exenteration": "the salvage resections are exenterations",
    "abdominosacral": "the salvage resections take part of the sacrum",
    "sidewall": "the salvage resections take the side wall",
    "perineal": "the salvage resections are of the perineum",
    "r1": "the salvage resections leave tumour that only the microscope shows",
    "r2": "the salvage resections leave tumour that can be seen",
    "margin_not_clear": "the salvage resections leave tumour",
    "salvage_complication": "the salvage resections have a severe complication",
}
AS_IT_IS = "As it is"  # without any of the lesson's changes
NOTE = f"In brackets: {INTERVALS}. Differences are from the first policy, in the same patients."


class Counts(NamedTuple):
    """What a run of a lesson counted: by policy, and of each policy beside the first; in which currency."""

    tallies: Mapping[str, Tally]
    pairs: Mapping[str, PairTally]
    currency: str = ""


class Row(NamedTuple):
    """A policy's number of what is counted, and how it differs from the first policy's, in words."""

    heading: str
    policy: str
    number: str
    difference: str


def filled(paragraph: str, lesson: Lesson, values: Mapping[str, float]) -> str:
    """Return a paragraph with the values of its figures."""
    return REFERENCE.sub(lambda found: written(values[found[1]], lesson.figures[found[1]].unit), paragraph)


def listing(headings: Mapping[str, tuple[str, float, str]]) -> str:
    """Return the lessons by name, with title, minutes and goal, and how one is run."""
    lines = ["Lessons: predict first, then see what the model says. lrrc lesson NAME runs one.", ""]
    wide = max(map(len, headings), default=0) + 4
    for name, (title, minutes, goal) in headings.items():
        lines.append(f"  {name:<{wide}}{title} ({minutes:g} minutes)")
        lines += _wrapped(goal, " " * (wide + 2))
    return "\n".join(lines)


def asked(lesson: Lesson, described: Mapping[str, str], patients: int) -> str:
    """Return what stands before the prediction; ``described``: what each policy does, by its name."""
    lines = [f"{lesson.title} ({lesson.minutes:g} minutes)", *_wrapped(f"Goal: {lesson.goal}"), ""]
    scenario = lesson.scenario
    compared = "compared" if len(described) > 1 else "simulated"
    times = f", {scenario.repetitions} times with other luck" if scenario.repetitions > 1 else ""
    waits = "" if scenario.clinic == "unlimited" else f", who queue in the clinic {scenario.clinic}"
    whom = f"{patients:,} patients of the cohort {scenario.cohort}{waits}{times}"
    lines += _wrapped(f"What is {compared}, in {whom}:")
    for name, words in described.items():
        lines += _wrapped(f"- {sentence(policy_words(name))}: {words}.", "  ", "    ")
    lines += ["", *_wrapped(f"Question: {lesson.question}")]
    if lesson.prediction.kind == CHOICE:
        for number, option in enumerate(lesson.prediction.options, 1):
            lines += _wrapped(f"{number}  {option.says}", "  ", "     ")
    return "\n".join(lines)


def judged(lesson: Lesson, predicted: float | None, values: Mapping[str, float]) -> str:
    """Return what the model says beside what was predicted: an option's number from 1 on, or a number."""
    prediction = lesson.prediction
    if prediction.kind == CHOICE:
        right = lesson.right(values)
        if right is None:
            return "The model cannot say: this run has nobody of whom it could be answered."
        said = f"The model says: {right.says}"
        if predicted is None:
            return "\n".join(_wrapped(said))
        chosen = prediction.options[int(predicted) - 1]
        verdict = "You predicted the same." if chosen is right else f"You predicted: {chosen.says}"
        return "\n".join([*_wrapped(said), *_wrapped(verdict)])
    value = values[lesson.answer.figure]
    said = f"The model says: {written(value, lesson.figures[lesson.answer.figure].unit)} {prediction.unit}."
    if predicted is not None:
        off = "near enough" if abs(predicted - value) <= prediction.near else "that is not near"
        said += f" You predicted {predicted:g}: {off}."
    return "\n".join(_wrapped(said))


def explained(lesson: Lesson, values: Mapping[str, float]) -> str:
    """Return the explanation with its figures, what does not hold, the evidence, and what to discuss."""
    lines = []
    for paragraph in lesson.explanation:
        lines += [*_wrapped(filled(paragraph, lesson, values)), ""]
    for claim in broken(lesson, values):
        name, unit = claim.figure, lesson.figures[claim.figure].unit
        low, high = (written(bound, unit) for bound in (claim.low, claim.high))
        lines += [
            *_wrapped(
                f"Careful: the explanation expects {name.replace('_', ' ')} from {low} to {high}, and "
                f"here it is {written(values[name], unit)}. So it may not be true of these numbers."
            ),
            "",
        ]
    if lesson.evidence:
        lines.append("Published studies to compare with")
        for identifier in lesson.evidence:
            lines += _wrapped(f"- {study(identifier)} ({identifier})", "  ", "    ")
        lines.append("")
    lines += [
        "To discuss",
        *(line for each in lesson.discuss for line in _wrapped(f"- {each}", "  ", "    ")),
    ]
    return "\n".join(lines)


def study(identifier: str) -> str:
    """Return a row of the evidence: the study, in whom, what it found, and where that stands."""
    row = evidence()[identifier]
    about = ", ".join(row[name] for name in ("study", "population", "arm") if row[name])
    at = f" at {years_words(float(row['horizon_years']))}" if row["horizon_years"] else ""
    unit, value = row["unit"], row["value"]
    if unit == "proportion":
        found = f"{100 * float(value):.3g} %"
    else:
        found = f"{unit} {value}" if unit.isupper() else f"{value} {unit}".strip()  # HR 1.5; 12 months
    return f"{about}: {row['endpoint'].replace('_', ' ')}{at}: {found}. {row['source']}"


def broken(lesson: Lesson, values: Mapping[str, float]) -> list[Claim]:
    """Return the claims of a lesson that its figures do not bear out."""
    return [claim for claim in lesson.holds if not claim.holds(values[claim.figure])]


def rows(lesson: Lesson, change: str, counts: Counts, waits: Mapping[tuple[str, str], float]) -> list[Row]:
    """Return what a run of a lesson counted of its figures, by policy, beside the first policy.

    ``change``: the name of the change in which the figures are measured; ``waits``: median days, by policy
    and step.
    """
    mine = [
        figure
        for figure in lesson.figures.values()
        if figure.measured and figure.setting == change and figure.luck != OWN
    ]
    return [
        Row(sentence(_heading(figure, counts.currency)), policy, *_numbers(policy, figure, counts, waits))
        for figure in {figure.key(): figure for figure in mine}.values()
        for policy in counts.tallies
    ]


def scene(lesson: Lesson, change: str, changes: Collection[str]) -> list[str]:
    """Return what stands above the table of a change, by its name; nothing where it is the only one."""
    if change:
        return [each.says for each in lesson.vary if each.name == change]
    return [AS_IT_IS] if len(changes) > 1 else []


def table(found: Sequence[Row]) -> str:
    """Return rows as lines: what is counted, and below it each policy."""
    lines: list[str] = []
    for k, row in enumerate(found):
        if not k or found[k - 1].heading != row.heading:
            lines.append(row.heading)
        label = textwrap.wrap(policy_words(row.policy), COLUMN - 6, subsequent_indent="  ")
        *above, last = (f"    {line}" for line in label)
        lines += [*above, f"{last:<{COLUMN}}{row.number:>7}   {row.difference}".rstrip()]
    return "\n".join(lines)


def _heading(figure: Figure, currency: str) -> str:
    """Return what is counted, with its horizon and of whom."""
    if figure.kind == "wait":
        return f"median days waited for {STEP_WORDS[figure.what]}"
    if figure.kind == VALUE:
        money = f" ({currency})" if figure.unit == MONEY else ""
        return f"{QUANTITY[figure.what]}, of 1,000 patients{money}"
    at = f" at {years_words(figure.years)}" if figure.years else ""
    if figure.unit != PATIENTS:
        noun = COUNTED.get(figure.what, figure.what.replace("_", " "))
        return f"{noun} within {years_words(figure.years)}, per patient"
    shares = {**SHARES, **OF_RECURRENCES}
    if figure.what in shares:
        return f"{shares[figure.what]}, of 1,000{at}"
    noun = COUNTED.get(figure.what, figure.what.replace("_", " "))
    if figure.mechanism != ALL:
        noun = COUNTED.get(figure.mechanism, f"{noun} ({CODES.get(figure.mechanism, figure.mechanism)})")
    if figure.compartment != ALL:
        noun += f" {place_words([figure.compartment])}"
    group = "" if figure.group == ALL else f" with {CODES.get(figure.group, figure.group)}"
    return f"{noun}, of 1,000 patients{group}{at}"


def _numbers(
    policy: str, figure: Figure, counts: Counts, waits: Mapping[tuple[str, str], float]
) -> tuple[str, str]:
    """Return a policy's number, and how it differs from the first policy's."""
    if figure.kind == "wait":
        return written(waits[policy, figure.what], figure.unit), ""
    if figure.kind == VALUE:
        return _value(policy, figure, counts)
    key, pair = Key(*figure.key()), counts.pairs.get(policy)
    if figure.unit == PATIENTS:
        by = float(PER)
        level = estimates.of_1000(counts.tallies[policy].binary[key])
        change = None if pair is None else estimates.share_difference(pair.binary[key])
    else:
        by, scale = 1.0, SCALE.get(figure.what, 1.0)
        level = estimates.mean(counts.tallies[policy].sums[key], scale).estimate
        change = None if pair is None else estimates.mean(pair.sums[key], scale)
    number = written(level, figure.unit)
    return number, "" if change is None else _difference(change, by, figure.unit)


def _value(policy: str, figure: Figure, counts: Counts) -> tuple[str, str]:
    """Return what 1,000 patients of a policy cost or have, and how that differs from the first policy's."""
    place, first = QUANTITIES.index(figure.what), next(iter(counts.tallies))
    own, others = worth(counts.tallies[policy]), worth(counts.tallies[first])
    number = written(PER * float(own.means[place]), figure.unit)
    if policy == first:
        return number, ""
    change = means(own._replace(sums=own.sums - others.sums), counts.tallies[policy].by_batch)[place]
    return number, _difference(change, float(PER), figure.unit)


def _difference(found: Estimate, by: float, unit: str) -> str:
    """Return how much more or fewer, with the interval of luck; nothing of nobody."""
    if np.isnan(found.estimate):
        return ""
    low, high = by * found.ci_low, by * found.ci_high
    if low <= 0 <= high or np.isnan(low):
        return "no difference beyond luck"
    fewer = "less" if unit == MONEY else "fewer"
    more = "more" if found.estimate > 0 else fewer
    ends = " to ".join(written(end, unit) for end in sorted((abs(low), abs(high))))
    return f"{written(abs(by * found.estimate), unit)} {more} ({ends})"


def next_steps(lesson: Lesson, command: str) -> str:
    """Return what to change and what to look at; ``command``: simulates the lesson's scenario."""
    lines = []
    if lesson.vary:
        lines.append("To change, with vary=1 and so on instead of a prediction")
        for number, change in enumerate(lesson.vary, 1):
            keys = ", ".join(f"{key}={in_full(value)}" for key, value in change.change.items())
            lines += _wrapped(f"{number}  {change.says} ({keys})", "  ", "     ")
        lines.append("")
    pictures = listed(f"{name}.{'png' if name in PICTURES else 'csv'}" for name in lesson.reveal)
    lines += _wrapped(f"To see {pictures}: {command}")
    if lesson.licence:
        lines += ["", f"Licence of this lesson: {lesson.licence}"]
    return "\n".join(lines)


def spread_words(lesson: Lesson, spread: Mapping[str, Sequence[float]]) -> str:
    """Return figures in every repetition, in their order of size."""
    lines = []
    for name, values in spread.items():
        unit = lesson.figures[name].unit
        lines.append(sentence(f"{name.replace('_', ' ')}, in each of {len(values)} repetitions"))
        lines += _wrapped(" ".join(written(value, unit) for value in sorted(values)), "  ", "  ")
    return "\n".join(lines)


def _wrapped(text: str, first: str = "", then: str | None = None) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=first if then is None else then,
        break_on_hyphens=False,
        break_long_words=False,
    )
