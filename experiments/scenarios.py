"""``lrrc scenarios``: the questions that scenarios ask, by reader, and one of them in full."""

import textwrap
from collections.abc import Sequence

from conf import composition as library
from conf.input_error import InputError
from conf.question import READERS, Question, read_question
from conf.request import Request, request
from conf.run import Run
from conf.schema import read_run

KEY_WORDS = {
    "NAME": "a scenario, to be shown in full; without it all are listed, by reader",
}
WIDTH = 110
COLUMN = 26


def scenarios(asked: Request, words: Sequence[str]) -> int:
    """Print the scenarios by reader, or those that are named in full; return 0.

    Raises InputError for a name that there is not, and for a file that cannot be run.
    """
    if asked.overrides:
        raise InputError(
            f"{asked.overrides[0]}: lrrc scenarios takes names; lrrc compare scenario=NAME takes settings"
        )
    print("\n\n".join(map(in_full, words)) if words else listing())
    return 0


def questions() -> dict[str, Question | None]:
    """Return the question of every scenario, by name; None of one that asks none. Raises InputError."""
    found = {}
    for name in library.options("scenario"):
        content = library.read("scenario", name)
        try:
            found[name] = read_question(content.get("question"), content.get("horizon_years") or 0.0)
        except InputError as error:
            raise InputError(f"scenario/{name}.yaml: {error}") from error
    return found


def listing() -> str:
    """Return the scenarios by reader, each with its question."""
    found = questions()
    parts = [
        "Scenarios: questions to start from. lrrc compare scenario=NAME answers one, and lrrc scenarios NAME "
        "shows one\nin full."
    ]
    for reader in READERS:
        of = {name: each for name, each in found.items() if each and reader in each.readers}
        parts.append("\n".join([f"for {reader}s", *(_line(name, each.asks) for name, each in of.items())]))
    if none := [name for name, each in found.items() if each is None]:
        parts.append("\n".join(["without a question", *(f"  {name}" for name in none)]))
    return "\n\n".join(parts)


def in_full(name: str) -> str:
    """Return one scenario with all that its file says, and the command that runs it. Raises InputError."""
    library.read("scenario", name)  # refuses a name that there is not
    run = read_run(request("compare", [f"scenario={name}"], "").config)
    question = run.question
    command = f"lrrc compare scenario={name}"
    if question is None:
        lines = [
            name,
            _line("policies", ", ".join(each.name for each in run.policies)),
            _line("run it", command),
        ]
        return "\n".join(lines)
    return "\n".join([f"{name}: {question.asks}", *(_line(*row) for row in rows(run, question, command))])


def rows(run: Run, question: Question, command: str) -> list[tuple[str, str]]:
    """Return what a scenario's file says, as headings and words; what it does not say is left out."""
    compared = [f"{each.name} ({each.description})" for each in run.policies]
    found = [
        ("for", ", ".join(f"{reader}s" for reader in question.readers)),
        ("policies", "; ".join(compared)),
        ("compared with", run.comparator.name),
        ("answered by", f"{', '.join(question.outcomes)}, at {question.horizon_years:g} years"),
        ("waits", ", ".join(question.waits)),
        ("look at", ", ".join(question.look_at)),
        ("cannot say", question.cannot_say),
        ("published figures", ", ".join(dict.fromkeys(each.evidence for each in run.published))),
        ("run it", command),
        ("change it", f"{command} {question.change}" if question.change else ""),
        ("then it asks", question.then_asks),
        ("also", question.also),
    ]
    return [(heading, words) for heading, words in found if words]


def _line(left: str, right: str) -> str:
    space = " " * COLUMN
    first = f"  {left}".ljust(COLUMN) if len(left) < COLUMN - 3 else f"  {left}\n{space}"
    wrapped = textwrap.wrap(right, WIDTH - COLUMN, break_on_hyphens=False, break_long_words=False)
    return first + f"\n{space}".join(wrapped)
