"""Risk groups of a guideline in words: names of swept rules, conditions, and what each group gets."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from conf.guideline_file import OTHERWISE, WHEN, written_groups
from conf.policies import LEVERS

CONDITION = "condition"
# Columns that do not read as they are spelt, without their unit.
COLUMNS = {
    "ct": "cT",
    "t_category": "T category",
    "cn": "cN",
    "emvi": "EMVI",
    "age": "age",
    "height_above_verge": "height above the verge",
    "residual_short_axis": "short axis after treatment",
    "fascia_reading": "distance to the fascia on MRI",
    "crm": "circumferential margin",
    "crm_involved": "circumferential margin involved",
}
SIGNS = {">=": "≥", "<=": "≤", "==": "=", "!=": "≠"}
UNITS = "mm|cm|years"


class Rule(NamedTuple):
    """A name of a rule by group: ``high.neoadjuvant``, or ``guideline.high.short_axis_mm``."""

    group: str
    part: str  # a lever, a column, or ``condition``
    of_guideline: bool


def rule_of(name: str) -> Rule | None:
    """Return what a name is of a group; None for a number, a lever for all patients, or a file."""
    of_guideline = name.startswith("guideline.")
    group, _, part = name.removeprefix("guideline.").rpartition(".")
    if not of_guideline and part not in LEVERS:
        return None
    return Rule(group, part, of_guideline) if group and part else None


def group_of_rule(name: str) -> str | None:
    """Return the group that a name is a rule of; None where it is no rule by group."""
    rule = rule_of(name)
    return rule.group if rule else None


def group_words(group: str) -> str:
    """Return a group for people, to follow the word group."""
    return group.replace("_", " ")


def column_words(column: str) -> str:
    """Return a column of a condition for people, with its unit behind a comma."""
    bare, _, unit = re.fullmatch(rf"(.*?)(_({UNITS}))?", column).groups(default="")  # type: ignore[union-attr]
    words = COLUMNS.get(bare, bare.replace("_", " "))
    return f"{words}, {unit}" if unit else words


def is_condition(text: str) -> bool:
    """Return whether a value of a sweep is a condition, and no name."""
    return re.search(r"[<>=]|\b(and|or|not|in)\b", text) is not None


def condition_words(text: str) -> str:
    """Return a condition for people: ``cT ≥ T4a or short axis ≥ 7 mm``."""
    if text == OTHERWISE:
        return "whoever is left"
    signs = "|".join([*SIGNS, "<", ">"])
    words = re.sub(rf"\b(\w+)_({UNITS}) *({signs}) *([\d.]+)", r"\1 \3 \4 \2", text)
    for sign, read in SIGNS.items():
        words = words.replace(sign, read)
    return re.sub(r"[A-Za-z]\w*", lambda found: _word(found[0]), words)


def _word(word: str) -> str:
    if re.fullmatch(r"t\d\w*", word):
        return word.capitalize()
    return column_words(word).partition(",")[0]


class Placed(NamedTuple):
    """A group of a guideline: when patients are placed in it, and who is."""

    moment: str
    group: str
    condition: str


def groups_in(levers: Mapping[str, Any]) -> list[Placed]:
    """Return the groups of a policy in their order, from its levers in full; none without a guideline."""
    guideline = levers.get("guideline")
    return list(_placed(guideline)) if isinstance(guideline, Mapping) else []


def _placed(guideline: Mapping[str, Any]) -> Iterator[Placed]:
    for moment, when in WHEN.items():
        for group, condition in written_groups(guideline.get(moment.name.lower())):
            yield Placed(when, str(group), str(condition))


def by_group(levers: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the groups of a policy set, by ``GROUP.LEVER``."""
    groups = levers.get("groups")
    found = {}
    for group, own in groups.items() if isinstance(groups, Mapping) else ():
        for lever, value in own.items() if isinstance(own, Mapping) else ():
            if lever in LEVERS:
                found[f"{group}.{lever}"] = value
    return found


def conditions(levers: Mapping[str, Any]) -> dict[str, str]:
    """Return who is in each group of a policy, by ``guideline.GROUP.condition``."""
    return {f"guideline.{one.group}.{CONDITION}": one.condition for one in groups_in(levers)}
