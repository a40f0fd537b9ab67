"""What a sweep calls its points: swept names and values for people."""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.words.elements import element_words, of_all
from analysis.words.guideline import (
    CONDITION,
    column_words,
    condition_words,
    group_words,
    is_condition,
    rule_of,
)
from analysis.words.wording import policy_words, sentence, years_words

UNITS = "mm|cm|years|months|weeks|days|hours|minutes"


def about(outcome: str, years: float) -> str:
    """Return an outcome and its horizon, as a sentence begins."""
    return f"{sentence(policy_words(outcome))} at {years_words(years)}"


def patients_of(rows: pd.DataFrame) -> str:
    """Return how many patients each number of a sweep rests on."""
    least, most = int(rows["n"].min()), int(rows["n"].max())
    count = f"{most:,}" if least == most else f"{least:,} to {most:,}"
    return f"n = {count} simulated patients for each point and policy."


def number_words(name: str) -> str:
    """Return a swept name for people: ``surgery.leak_probability`` becomes ``leak probability``.

    A unit at its end stands behind a comma: ``lateral_threshold_mm`` becomes ``lateral threshold, mm``. A
    rule by group names it: ``guideline.high.short_axis_mm`` becomes ``short axis (group high), mm``.
    """
    if rule := rule_of(name):
        of = column_words(rule.part) if rule.of_guideline else number_words(rule.part)
        words, comma, unit = of.partition(", ")
        if rule.part == CONDITION:
            words = "condition"
        return f"{words} (group {group_words(rule.group)}){comma}{unit}"
    return re.sub(f" ({UNITS})$", r", \1", policy_words(name.rpartition(".")[2]))


def parameter_words(key: str) -> str:
    """Return a number of the model for people, with its section: ``leak probability (surgery)``."""
    section, _, name = key.partition(".")
    if not name:
        return policy_words(key)
    name, _, place = name.partition("[")
    own = of_all(name) if place else name
    words = policy_words(own) if "_per_" in own else number_words(own)
    if place:
        words += f", {element_words(name, int(place.rstrip(']')))}"
    return f"{words} ({policy_words(section)})"


def value_words(value: object) -> str:
    """Return a swept value for people: a number in four digits, a flag as yes or no, a list by commas.

    A condition is ``cT ≥ T4a``.
    """
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float | np.floating):
        return "none" if np.isnan(value) else f"{value:.4g}"
    if re.fullmatch(r"t\d\w*", str(value)):
        return str(value).capitalize()
    if is_condition(str(value)):
        return condition_words(str(value))
    return ", ".join(policy_words(part) for part in str(value).strip("[]").split(","))


def lever_words(name: str) -> str:
    """Return a lever or a rule by group for people, in a sentence: without its unit."""
    return re.sub(r" \((group .*)\)$", r" of \1", number_words(name).partition(",")[0])


def point_words(values: Sequence[object], names: Sequence[str]) -> str:
    """Return a design point for people; nothing where nothing is swept."""
    return ", ".join(
        f"{number_words(name)} {value_words(value)}" for name, value in zip(names, values, strict=True)
    )


def letter(k: int) -> str:
    """Return A to Z, then AA, AB and so on."""
    return (letter(k // 26 - 1) if k >= 26 else "") + chr(ord("A") + k % 26)
