"""Harm in a patient's story: what begins and ends on a day, and what it leaves, in words.

Rows are records of dtype ROW at the end of a course.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from analysis.words.terms import HARM, listed, span
from sim.counting.outcomes import LASTING
from sim.patient import Harm

STOMAS = (Harm.TEMPORARY_STOMA, Harm.PERMANENT_STOMA)


class Change(NamedTuple):
    """A day on which harm begins or ends, from day 0 of the clock, and what is said of it."""

    day: float
    text: str


def changes(end: Any, operated: Sequence[float]) -> list[Change]:
    """Return what is said of harm, by day, up to death.

    ``operated``: the days of operations, whose own sentences name the stoma that is made.
    """
    days = [*end["harm_from_day"].tolist(), *end["harm_until_day"].tolist()]
    found = []
    for day in sorted({day for day in days if day < end["death_day"]}):
        begun = [harm for harm in Harm if end["harm_from_day"][harm] == day]
        over = [
            harm
            for harm in LASTING
            if end["harm_until_day"][harm] == day and end["harm_from_day"][harm] < day
        ]
        if text := " ".join([*_begun(end, begun, day in operated), *_over(end, over, begun)]):
            found.append(Change(day, text))
    return found


def _begun(end: Any, begun: list[Harm], by_operation: bool) -> list[str]:
    """Return the sentences on what begins; a stoma that an operation makes is in the operation's words."""
    sentences = []
    passing = [HARM[harm] for harm in begun if harm not in LASTING]
    lasts = end["harm_until_day"] > end["harm_from_day"]
    lasting = [harm for harm in begun if harm in LASTING and lasts[harm]]
    functions = [HARM[harm] for harm in lasting if harm not in STOMAS]
    diverted = end["harm_from_day"][Harm.TEMPORARY_STOMA] < end["harm_from_day"][Harm.PERMANENT_STOMA]
    same_day = end["harm_until_day"][Harm.TEMPORARY_STOMA] == end["harm_from_day"][Harm.PERMANENT_STOMA]
    if Harm.PERMANENT_STOMA in lasting and diverted and same_day and not by_operation:
        sentences.append("The stoma is not closed, and is permanent from now on.")
    elif Harm.PERMANENT_STOMA in lasting and not by_operation:
        sentences.append("A permanent stoma is made.")
    if passing:
        words = listed(passing)
        sentences.append(words[0].upper() + words[1:] + ".")
    if functions:
        words = listed(functions)
        sentences.append(words[0].upper() + words[1:] + " from now on.")
    return sentences


def _over(end: Any, over: list[Harm], begun: list[Harm]) -> list[str]:
    sentences = []
    if Harm.TEMPORARY_STOMA in over and Harm.PERMANENT_STOMA not in begun:
        first, last = (end[f"harm_{name}_day"][Harm.TEMPORARY_STOMA] for name in ("from", "until"))
        sentences.append(f"The temporary stoma is closed, after {span(last - first)}.")
    ended = [HARM[harm] for harm in over if harm not in STOMAS]
    if ended:
        words = listed(ended)
        sentences.append(f"{words[0].upper() + words[1:]} {'ends' if len(ended) == 1 else 'end'}.")
    return sentences


def left_with(end: Any, day: float) -> str:
    """Return what lasting harm a patient lives with on a day, as a list in a sentence; nothing for none."""
    has = [HARM[harm] for harm in LASTING if end["harm_from_day"][harm] <= day < end["harm_until_day"][harm]]
    return listed(["a " + words if words.endswith("stoma") else words for words in has]) if has else ""
