"""``lrrc lesson``: a lesson in the terminal: the question, a prediction, and what the model says."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from conf import units
from conf.input_error import InputError, choice, shown
from conf.lesson import Lesson, command_of, headings, read_lesson, run_of
from conf.lesson_prediction import CHOICE, Prediction

if TYPE_CHECKING:
    from experiments.simulating.measured import Measured

KEY_WORDS = {
    "NAME": "a lesson, or the path of a file of your own; without it all are listed",
    "prediction": "what you predict, so that nothing is asked: an option's number, or a number",
    "vary": "the number of one of the lesson's changes, to see what it does",
    "patients": "so many patients instead of the lesson's",
}


def lesson(words: Sequence[str]) -> int:
    """List the lessons, or run one; return 0. Within ``composing``.

    Raises InputError for a lesson that there is not, a broken file, and settings that mean nothing.
    """
    names, settings = _told_apart(words)
    from analysis.pages import lesson as pages

    if not names:
        if settings:
            raise InputError(f"{next(iter(settings))}: of a lesson, as in lrrc lesson NAME prediction=1")
        print(pages.listing(headings()))
        return 0
    if len(names) > 1:
        raise InputError(f"{shown(' '.join(names))}: one lesson at a time")
    read = read_lesson(names[0])
    patients = _patients(settings.get("patients"))
    if "vary" in settings:
        if "prediction" in settings:
            raise InputError("prediction: not with vary, which predicts nothing")
        print(_varied(read, settings["vary"], patients))
        return 0
    predicted = None
    if "prediction" in settings:
        predicted = prediction_of(read.prediction, settings["prediction"])
    described = {policy.name: policy.description for policy in run_of(read, {}).policies}
    print(pages.asked(read, described, patients or read.scenario.patients))
    if predicted is None:
        predicted = _ask(read.prediction)
        if predicted is None:
            print("\nNo prediction, so nothing is revealed. Come back with one.")
            return 0
    print(f"\n{_revealed(read, predicted, patients)}")
    return 0


def prediction_of(prediction: Prediction, word: str) -> float:
    """Return what a word predicts: the number of an option from 1 on, or a number. Raises InputError."""
    try:
        number = float(word.replace(",", "."))
    except ValueError:
        number = float("nan")
    if prediction.kind == CHOICE:
        if number not in range(1, len(prediction.options) + 1):
            raise InputError(
                f"prediction={shown(word)}: must be the number of an option, 1 to {len(prediction.options)}"
            )
    elif not prediction.low <= number <= prediction.high:
        raise InputError(
            f"prediction={shown(word)}: must be a number from {prediction.low:g} to {prediction.high:g} "
            f"{prediction.unit}"
        )
    return number


def _ask(prediction: Prediction) -> float | None:
    """Return what is predicted at the terminal, asked until it can be used; None at the end of the input."""
    if prediction.kind == CHOICE:
        asked = f"Your prediction, 1 to {len(prediction.options)}: "
    else:
        asked = f"Your prediction, {prediction.low:g} to {prediction.high:g} {prediction.unit}: "
    while True:
        print(f"\n{asked}", end="", flush=True)
        line = sys.stdin.readline()
        if not line:
            print()
            return None
        try:
            return prediction_of(prediction, line.strip())
        except InputError as error:
            print(str(error).partition(": ")[2].capitalize() + ".")


def _revealed(read: Lesson, predicted: float, patients: int | None) -> str:
    """Simulate a lesson; return what the model says, why, and what to do next."""
    from analysis.pages import lesson as pages
    from experiments.simulating.measured import Measured

    measured = Measured(read, patients)
    values = measured.values()
    parts = [pages.judged(read, predicted, values), *_tables(read, measured)]
    if spread := measured.spread():
        parts.append(pages.spread_words(read, spread))
    parts.append(pages.explained(read, values))
    parts.append(pages.next_steps(read, command_of(read, {})))
    return "\n\n".join(parts)


def _tables(read: Lesson, measured: "Measured") -> list[str]:
    """Return the tables of the lesson's scenario and of the changes in which figures are measured."""
    from analysis.pages import lesson as pages

    found = []
    changes = dict.fromkeys(each.setting for each in read.figures.values() if each.measured)
    for change in changes:
        run = measured.run(change)
        currency = measured.currency(read.changes()[change])
        counts = pages.Counts(run.tallies, run.pairs, currency)
        table = pages.table(pages.rows(read, change, counts, measured.waits(run)))
        found.append("\n".join([*pages.scene(read, change, changes), table]))
    if (times := read.scenario.repetitions) > 1:
        found[0] = f"In the first of the {times} repetitions\n{found[0]}"
    return [*found, pages.NOTE]


def _varied(read: Lesson, word: str, patients: int | None) -> str:
    """Return what the figures of the scenario come to with one of the lesson's changes."""
    from analysis.pages import lesson as pages
    from experiments.simulating.measured import Measured

    if word not in map(str, range(1, len(read.vary) + 1)):
        raise InputError(
            f"vary={shown(word)}: must be the number of a change, 1 to {len(read.vary)}"
            if read.vary
            else f"vary={shown(word)}: this lesson varies nothing"
        )
    change = read.vary[int(word) - 1]
    measured = Measured(read, patients)
    parts = []
    for heading, made in ((pages.AS_IT_IS, {}), (change.says, change.change)):
        run = measured.changed(made) if made else measured.run()
        counts = pages.Counts(run.tallies, run.pairs, measured.currency(made))
        parts.append(f"{heading}\n{pages.table(pages.rows(read, '', counts, measured.waits(run)))}")
    return "\n\n".join([*parts, pages.NOTE])


def _patients(word: str | None) -> int | None:
    if word is None:
        return None
    return units.whole("patients", int(word) if word.isascii() and word.isdigit() else word, 1)


def _told_apart(words: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Return the names among the words, and the settings. Raises InputError."""
    names, settings = [], {}
    known = [key for key in KEY_WORDS if key != "NAME"]
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            names.append(word)
        elif key not in known:
            raise InputError(f"{shown(word)}: there is no such key{choice(key, known)}")
        elif key in settings:
            raise InputError(f"{shown(word)}: {key} appears twice")
        else:
            settings[key] = value
    return names, settings
