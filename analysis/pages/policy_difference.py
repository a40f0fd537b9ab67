"""What differs between two policies: the levers, by group, and who is treated differently."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from analysis.tables.estimates import share
from analysis.tables.treatment import Beside, changes_table
from analysis.words.guideline import condition_words, group_words, groups_in
from analysis.words.report import differing, lever_words, setting, setting_words
from analysis.words.wording import INTERVALS, interval, percent
from conf.policies import LEVERS

MOST = 12  # transitions of one kind of treatment
Levers = Mapping[str, Any]


def policy_difference(
    names: Sequence[str], levers: Sequence[Levers], counted: Beside, population: str
) -> str:
    """Return what differs between two policies, A and B, for a terminal.

    ``levers``: of each, in full, with its description; ``counted``: the same patients under both;
    ``population``: of which cohort and luck they are.
    """
    described = [
        f"{letter}: {name} ({own['description']})"
        for letter, name, own in zip("AB", names, levers, strict=True)
    ]
    groups = [list(_groups(own)) for own in levers]
    alike = groups[0] == groups[1]
    titled = [("groups", groups[0])] if alike else [("groups of A", groups[0]), ("groups of B", groups[1])]
    parts = [
        described,
        ["levers, A then B", *_indented(_levers(*levers))],
        *([title, *_indented(lines)] for title, lines in titled if lines),
        [
            f"who is treated differently: {population}",
            *_indented(_who(levers[:1] if alike else levers, counted)),
        ],
        ["what they get, A → B, of all patients", *_indented(_changes(counted))],
    ]
    return "\n\n".join("\n".join(part) for part in parts)


def _indented(lines: Iterator[str] | Sequence[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def _levers(one: Levers, other: Levers) -> list[str]:
    return [
        f"{lever_words(name)}: {', then '.join(setting_words(setting(own, name)) for own in (one, other))}"
        for name in differing(one, other)
    ] or ["the same"]


def _groups(levers: Levers) -> Iterator[str]:
    moment = ""
    for group in groups_in(levers):
        if group.moment != moment:
            moment = group.moment
            yield f"{moment}:"
        yield f"  {group_words(group.group)}: {condition_words(group.condition)}"


def _who(levers: Sequence[Levers], counted: Beside) -> Iterator[str]:
    n, differently = counted.patients, counted.patients - counted.same
    yield f"{_share(differently, n)} are treated differently, {percent(counted.same / n)} % the same"
    for policy, own in enumerate(levers):
        of = "" if len(levers) == 1 else f" of {'AB'[policy]}"
        for k, group in enumerate(groups_in(own)):
            there = counted.groups[policy, k]
            if there:
                moved = counted.differently[policy, k]
                yield (
                    f"in group {group_words(group.group)}{of}, {_share(there, n)}: "
                    f"{_share(moved, there)} differently"
                )
            else:
                yield f"in group {group_words(group.group)}{of}: nobody"


def _changes(counted: Beside) -> Iterator[str]:
    table = changes_table(counted)
    if table.empty:
        yield "nothing differs"
    for what, rows in table.groupby("what", sort=False):
        name = lever_words(str(what)) if what in LEVERS else str(what)
        yield f"{name}: {_share(int(rows['count'].sum()), counted.patients)}"
        for _, row in rows.head(MOST).iterrows():
            yield f"  {row['then']} → {row['now']}: {_share(row['count'], counted.patients)}"
        if len(rows) > MOST:
            rest = int(rows["count"].iloc[MOST:].sum())
            yield f"  {len(rows) - MOST} other changes: {_share(rest, counted.patients)}"


def _share(count: int, of: int) -> str:
    found = share(np.array([0, of - count, count]))
    return f"{percent(found.estimate)} % ({interval(found.ci_low, found.ci_high)})"


def population_words(patients: int, cohort: str, seed: int) -> str:
    """Return which patients were simulated under both policies, and what the brackets hold."""
    of = f"{patients:,} simulated patients of the cohort {cohort}, seed {seed}"
    return f"{of}, the same under both; in brackets {INTERVALS}"
