"""``make lessons``: the worksheet and the answer key of the shipped lessons, in docs/teaching."""

import sys
from collections.abc import Mapping
from pathlib import Path

from analysis.pages.lesson import NOTE, Counts, Row, filled, rows, scene, study
from analysis.words.wording import policy_words, sentence
from conf.composition import composing
from conf.lesson import Lesson, headings, read_lesson, run_of
from conf.lesson_figures import written
from conf.lesson_prediction import CHOICE
from experiments.simulating.measured import Measured

FOLDER = Path(__file__).resolve().parents[2] / "docs/teaching"
WORKSHEET, KEY = FOLDER / "worksheet.md", FOLDER / "answer_key.md"
MADE = "Made by `make lessons` from the files in `conf/lesson`: change these, not this page."
LICENCE = "Licence of the lessons: CC BY 4.0."
LINE = "\\_" * 60  # to write on
WORKSHEET_HEAD = (
    "# Worksheet\n\n"
    "Read the question, and commit to a prediction before anything is shown. A wrong prediction with a "
    "reason teaches more than a right one without.\n\n"
    f"{LICENCE} {MADE}\n"
)
KEY_HEAD = (
    "# Answer key\n\n"
    "For teachers: what the model says to each question, and why. The numbers are those of "
    "`lrrc lesson NAME`, with the default disease and seed; they are of 1,000 patients. "
    f"{NOTE}\n\n"
    f"{LICENCE} {MADE}\n"
)


def main() -> int:
    """Simulate every shipped lesson, write worksheet and key, and return the exit status."""
    FOLDER.mkdir(exist_ok=True)
    with composing():
        lessons = [read_lesson(name) for name in headings()]
        WORKSHEET.write_text("\n".join([WORKSHEET_HEAD, *map(sheet, lessons)]), "utf-8")
        KEY.write_text("\n".join([KEY_HEAD, *map(answered, lessons)]), "utf-8")
    print(FOLDER)
    return 0


def sheet(lesson: Lesson) -> str:
    """Return the part of a lesson on the worksheet; within ``composing``."""
    prediction = lesson.prediction
    if prediction.kind == CHOICE:
        predict = [f"- ☐ {option.says}" for option in prediction.options]
    else:
        predict = [f"- \\_\\_\\_\\_\\_ {prediction.unit} ({prediction.low:g} to {prediction.high:g})"]
    compared = [
        f"- {sentence(policy_words(policy.name))}: {policy.description}."
        for policy in run_of(lesson, {}).policies
    ]
    return "\n".join(
        [
            f"## {lesson.title}\n",
            f"{lesson.question}\n",
            "What is compared:\n",
            *compared,
            "\n**I predict:**\n",
            *predict,
            f"\n**Because:**\n\n{LINE}\n\n{LINE}\n",
            f"**The model says:**\n\n{LINE}\n",
            f"**What surprised me, and why it is so:**\n\n{LINE}\n\n{LINE}\n",
            "**To discuss:**\n",
            *(f"- {each}" for each in lesson.discuss),
            "",
        ]
    )


def answered(lesson: Lesson) -> str:
    """Return the part of a lesson in the key, with the figures of its runs; within ``composing``."""
    measured = Measured(lesson)
    values = measured.values()
    found = {
        change: rows(
            lesson,
            change,
            Counts(run.tallies, run.pairs, measured.currency(lesson.changes()[change])),
            measured.waits(run),
        )
        for change in dict.fromkeys(each.setting for each in lesson.figures.values() if each.measured)
        for run in [measured.run(change)]
    }
    return key_part(lesson, values, found)


def key_part(lesson: Lesson, values: Mapping[str, float], found: Mapping[str, list[Row]]) -> str:
    """Return the part of a lesson in the key; ``found``: its tables, by the name of the change."""
    times = lesson.scenario.repetitions
    first = [f"Counted in the first of the {times} repetitions:\n"] if times > 1 else []
    tables = ["\n\n".join([*scene(lesson, name, found), _table(each)]) for name, each in found.items()]
    return "\n".join(
        [
            f"## {lesson.title}\n",
            f"`lrrc lesson {lesson.name}`. {lesson.minutes:g} minutes. {lesson.goal}\n",
            f"{lesson.question}\n",
            f"**{_right(lesson, values)}**\n",
            *(f"{filled(each, lesson, values)}\n" for each in lesson.explanation),
            *first,
            *(f"{each}\n" for each in tables),
            "Published studies to compare with:\n",
            *(f"- {study(each)} (`{each}`)" for each in lesson.evidence),
            "\nTo change afterwards:\n",
            *(f"- `vary={k}`: {each.says}" for k, each in enumerate(lesson.vary, 1)),
            "",
        ]
    )


def _right(lesson: Lesson, values: Mapping[str, float]) -> str:
    if lesson.prediction.kind == CHOICE:
        right = lesson.right(values)
        assert right is not None  # a shipped lesson can be answered
        return f"The model says: {right.says}"
    name = lesson.answer.figure
    return f"The model says: {written(values[name], lesson.figures[name].unit)} {lesson.prediction.unit}."


def _table(found: list[Row]) -> str:
    lines = ["| what is counted | policy | number | difference |", "|---|---|---|---|"]
    for k, row in enumerate(found):
        heading = row.heading if not k or found[k - 1].heading != row.heading else ""
        lines.append(f"| {heading} | {policy_words(row.policy)} | {row.number} | {row.difference} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
