"""Diagrams and tables of the model, from the code and from policies: the pathway, and how policies differ."""

from collections.abc import Mapping, Sequence
from typing import Any

from analysis.words.vocabulary import VOCABULARY
from sim.events import Event

DEATHS = tuple(event for event in Event if event.name.startswith("DEATH_"))


def label(event: Event) -> str:
    """Return what an event is called; deaths by their cause."""
    words = VOCABULARY[event].label
    return f"{words} ({event.name.partition('_')[2].lower()})" if event in DEATHS else words


def pathway(books: Mapping[str, Sequence[str]]) -> str:
    """Return the pathway as Mermaid text: an arrow goes from an event to each event that it books or moves.

    ``books``: by the name of each event. What nobody sees is dashed; deaths are rounded.
    """
    lines = ["flowchart TD"]
    for event in Event:
        left, right = ("([", "])") if event in DEATHS else ("[", "]")
        lines.append(f'  {event.name.lower()}{left}"{label(event)}"{right}')
    for name, others in books.items():
        lines += [f"  {name.lower()} --> {other.lower()}" for other in others]
    hidden = [event.name.lower() for event in Event if VOCABULARY[event].hidden]
    lines += ["  classDef hidden stroke-dasharray: 5 5", f"  class {','.join(hidden)} hidden"]
    return "\n".join(lines)


def levers_that_differ(policies: Mapping[str, Mapping[str, Any]], comparator: str) -> list[list[str]]:
    """Return how policies differ, as rows: the lever, and its setting in each policy, comparator first.

    The first row has the policies' names. ``policies``: the levers of each, as ``config.yaml`` has them. A
    lever that is the same in all is left out.
    """
    names = sorted(policies, key=lambda name: name != comparator)
    levers = dict.fromkeys(lever for tree in policies.values() for lever in tree if lever != "description")
    rows = [["lever", *names]]
    for lever in levers:
        settings = [_setting(policies[name].get(lever)) for name in names]
        if len(set(settings)) > 1:
            rows.append([lever, *settings])
    return rows


def _setting(value: Any) -> str:
    if isinstance(value, Mapping):  # a schedule of follow-up
        return str(value.get("name", "other"))
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
