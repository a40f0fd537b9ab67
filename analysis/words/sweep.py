"""What a sweep calls its points: swept names and values for people."""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

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

    A unit at its end stands behind a comma: ``lateral_threshold_mm`` becomes ``lateral threshold, mm``.
    """
    return re.sub(f" ({UNITS})$", r", \1", policy_words(name.rpartition(".")[2]))


def value_words(value: object) -> str:
    """Return a swept value for people: a number in four digits, a flag as yes or no, a list by commas."""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float | np.floating):
        return "none" if np.isnan(value) else f"{value:.4g}"
    return ", ".join(policy_words(part) for part in str(value).strip("[]").split(","))


def lever_words(name: str) -> str:
    """Return a lever for people, in a sentence: without its unit."""
    return number_words(name).partition(",")[0]


def point_words(values: Sequence[object], names: Sequence[str]) -> str:
    """Return a design point for people; nothing where nothing is swept."""
    return ", ".join(
        f"{number_words(name)} {value_words(value)}" for name, value in zip(names, values, strict=True)
    )
