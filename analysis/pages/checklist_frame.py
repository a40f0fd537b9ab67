"""Reporting checklists of a run, as Markdown: what is known is filled in, what a person must write marked."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from analysis.pages.report_parts import Table
from analysis.words.checklist_items import Checklist

TO_DO = "**TO DO:**"
LONGEST = 300  # of what a folder says, in one place
# What Markdown, or a dialect of it, reads as more than text within a line; and at the beginning of one.
PUNCTUATION = "\\`*_{}[]<>#|~&$@:"
BEGINNINGS = "+-="
Answer = tuple[Sequence[str], str]  # what is known, as paragraphs; what a person must write, or ""


def said(value: object) -> str:
    """Return what a folder says, shown as it is in one line of Markdown, whatever it holds."""
    text = "".join(letter if letter.isprintable() else " " for letter in str(value))
    text = text if len(text) <= LONGEST else text[:LONGEST] + "..."
    text = "".join(f"\\{letter}" if letter in PUNCTUATION else letter for letter in " ".join(text.split()))
    text = f"\\{text}" if text.startswith(tuple(BEGINNINGS)) else text
    # An address without a colon, and the number of a list.
    return re.sub(r"(?i)\bwww\.", r"www\.", re.sub(r"^(\d+)([.)])(?=\s|$)", r"\1\\\2", text))


def table(rows: Sequence[Sequence[object]], plain: bool = False) -> str:
    """Return rows as a Markdown table; the first has the names of the columns.

    ``plain``: the cells are this project's own text, and not escaped.
    """
    cells = [[str(cell) if plain else said(cell) for cell in row] for row in rows]
    lines = [f"| {' | '.join(row)} |" for row in cells]
    return "\n".join([lines[0], f"|{' --- |' * len(cells[0])}", *lines[1:]])


@dataclass(frozen=True)
class Facts:
    """What is known of a run and of the model that made it.

    ``manifest`` and ``config``: as received, so they can hold anything. ``changed``: key, value here, shipped
    value, where it comes from. ``outcomes``: the names in the run's table. ``verified``: tests of
    ``lrrc verify`` with their results, as rows of a table. ``valued``: what a run found of costs and QALYs,
    by what it is: results, uncertainty or subgroups. The others are of the code.
    """

    manifest: Mapping[str, Any]
    config: Mapping[str, Any]
    changed: Sequence[tuple[str, str, str, str]]
    outcomes: Sequence[str]
    diagram: str
    events: Sequence[tuple[str, str, str]]  # its label, the reaction, what it books
    attributes: Sequence[str]
    draws: int
    resources: Sequence[str]
    numbers: int
    assumed: int
    fitted: int
    evidence: int
    publications: int
    tests: Sequence[tuple[str, str]]  # area and claim
    fit: str
    verified: Sequence[Sequence[str]] = field(default_factory=tuple)
    valued: Mapping[str, Sequence[Table]] = field(default_factory=dict)

    def of(self, *keys: str) -> str:
        """Return a value of the manifest, escaped; "not recorded" where there is none."""
        value: Any = self.manifest
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        return "not recorded" if value is None else said(value)

    def setting(self, key: str) -> str:
        """Return a setting of the configuration, escaped; "not recorded" where there is none."""
        value = self.config.get(key)
        return "not recorded" if value is None else said(value)

    @property
    def limited(self) -> bool:
        """Return whether patients can wait in this run's clinic."""
        choices = self.manifest.get("choices")
        clinic = choices.get("clinic") if isinstance(choices, Mapping) else None
        return (
            "warm_up" in self.manifest
            or self.manifest.get("experiment") == "capacity"
            or clinic not in (None, "unlimited")
            or any(key.startswith("clinic.") for key, *_ in self.changed)
        )

    @property
    def economics(self) -> dict[str, Any]:
        """Return the prices and utilities of the run; nothing where it counts none."""
        tree = self.config.get("economics")
        return {str(key): value for key, value in tree.items()} if isinstance(tree, Mapping) else {}

    @property
    def policies(self) -> dict[str, dict[str, Any]]:
        """Return the levers of each policy, where the configuration has them."""
        tree = self.config.get("policy")
        named = tree.items() if isinstance(tree, Mapping) else ()
        return {str(name): dict(levers) for name, levers in named if isinstance(levers, Mapping)}


def page(checklist: Checklist, facts: Facts, answers: Mapping[str, Answer]) -> str:
    """Return a checklist's page. Raises KeyError where an item has no answer."""
    lines = [
        f"# {checklist.name}: a draft for this run",
        "",
        f"Run: {facts.of('command')}, made by lrrc-sim {facts.of('code', 'version')}.",
        "",
        f"Source of the items: {checklist.publication}. {checklist.read} The words are this project's own.",
        "",
        f"What is known from configuration, manifest and code is filled in; {TO_DO} marks what a person must "
        "write. The model is for research and teaching, and no advice for a patient.",
    ]
    for item in checklist.items:
        known, to_do = answers[item.number]
        lines += ["", f"## {item.number} {item.topic}", "", f"*Asks:* {item.asks}."]
        for paragraph in known:
            lines += ["", paragraph]
        if to_do:
            lines += ["", f"{TO_DO} {to_do}"]
    return "\n".join([*lines, ""])
