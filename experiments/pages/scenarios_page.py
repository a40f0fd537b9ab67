"""``make scenarios``: docs/scenarios.md and its pictures, from a run of every scenario that asks."""

import shlex
import sys
import tempfile
from pathlib import Path

from conf.composition import composing
from conf.question import PICTURES, Question
from conf.run import Run
from conf.schema import compose_run
from experiments.cli.command import main as lrrc
from experiments.compare import ANSWER
from experiments.pages.gallery import shrink
from experiments.scenarios import questions
from sim.clinic.needs import is_unlimited

PAGE = Path(__file__).resolve().parents[2] / "docs/scenarios.md"
FOLDER = "pictures/scenarios"
PATIENTS = 100_000  # where nobody waits; a cohort in queues keeps the size that its file gives
WIDTH, COLOURS = 680, 24
HEAD = (
    "# Scenarios\n\n"
    "A scenario is a question with all that answers it: a cohort, a clinic, the policies to compare, and "
    "the outcomes that decide. `lrrc scenarios` lists them by reader, and `lrrc scenarios NAME` shows one "
    "in full. `lrrc compare scenario=NAME` simulates it and prints its answer first; the answer is also in "
    "the run's folder, `answer.txt`, and at the head of its report. Each can be changed in one line. A "
    "scenario of your own is a file: [Files of your own](own_files.md#a-scenario-with-its-question).\n\n"
    "The answers below are of 100,000 patients where nobody waits. The commands simulate 20,000; with "
    "`patients=100000` they give the same answers.\n\n"
    "An answer says *more* or *fewer* only where the 95 % interval of simulated luck leaves out zero. The "
    "intervals do not include the uncertainty of the parameters, which is larger: "
    "[Sweeps](sweeps.md#uncertain-parameters). No answer is advice for a patient.\n\n"
    "Made by `make scenarios`: change the scenarios, not this page.\n"
)


def main(words: list[str]) -> int:
    """Run every scenario with a question, and write page and pictures; return the exit status.

    ``words``: settings for each run, as in ``patients=2000``.
    """
    with composing():
        asked = {name: question for name, question in questions().items() if question}
    parts = [HEAD, contents(asked)]
    folder = PAGE.parent / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    for name, question in asked.items():
        run = compose_run(f"scenario={name}")
        size = [f"patients={PATIENTS}"] if is_unlimited(run.clinic) else []
        with tempfile.TemporaryDirectory() as scratch:
            out = Path(scratch, "run")
            if status := lrrc(["compare", f"scenario={name}", *size, *words, f"out={out}"]):
                return status
            picture = next(each for each in question.look_at if each in PICTURES)
            shrink(out / f"{picture}.png", folder / f"{name}.png", WIDTH, COLOURS)
            answered = (out / ANSWER).read_text("utf-8")
        parts.append(section(name, question, compose_run(f"scenario={name}", *size, *words), answered))
    PAGE.write_text("\n".join(parts), "utf-8")
    print(PAGE)
    return 0


def contents(asked: dict[str, Question]) -> str:
    """Return the table of the scenarios, each with its question and its readers."""
    rows = [
        f"| [{name}](#{name}) | {each.asks} | {', '.join(each.readers)} |" for name, each in asked.items()
    ]
    return "\n".join(["| scenario | question | for |", "|---|---|---|", *rows, ""])


def section(name: str, question: Question, run: Run, answered: str) -> str:
    """Return the part of a scenario; ``answered``: the file with its answer."""
    # Lines that go on begin with spaces.
    lines = answered.replace("\n  ", " ").splitlines()
    found, note = lines[1].removeprefix("Answer: "), lines[-1]
    command = f"lrrc compare scenario={name}"
    steps = [f"- Run it: `{command}`. Look at {listed(question)}."]
    if question.change:
        steps.append(f"- Change it: `{command} {question.change}`. {question.then_asks}")
    if question.also:
        steps.append(f"- Also: `{question.also}`")
    picture = next(each for each in question.look_at if each in PICTURES)
    words = picture.replace("_", " ")
    return "\n".join(
        [
            f"## {name}\n",
            f"{question.asks}\n",
            f"**{found}**\n",
            *(f"- {line}" for line in lines[2:-1]),
            f"\n{run.patients:,} patients under each policy. {note}\n",
            f"![{words[0].upper()}{words[1:]}, of the scenario {name}]({FOLDER}/{name}.png)\n",
            f"What the model cannot say: {question.cannot_say}\n",
            *steps,
            "",
        ]
    )


def listed(question: Question) -> str:
    """Return what to look at, pictures and tables by the names of their files."""
    return ", ".join(f"`{each}.png`" if each in PICTURES else f"`{each}.csv`" for each in question.look_at)


def commands(name: str, question: Question) -> list[list[str]]:
    """Return the commands that a scenario's part names, each in words after ``lrrc``."""
    return [
        ["compare", f"scenario={name}"],
        *([["compare", f"scenario={name}", *shlex.split(question.change)]] if question.change else []),
        *([shlex.split(question.also)[1:]] if question.also else []),
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
