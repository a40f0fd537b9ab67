"""What a sweep calls its points: swept names and values for people."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.wording import policy_words, sentence, years_words


def about(outcome: str, years: float) -> str:
    """Return an outcome and its horizon, as a sentence begins."""
    return f"{sentence(policy_words(outcome))} at {years_words(years)}"


def patients_of(rows: pd.DataFrame) -> str:
    """Return how many patients each number of a sweep rests on."""
    least, most = int(rows["n"].min()), int(rows["n"].max())
    count = f"{most:,}" if least == most else f"{least:,} to {most:,}"
    return f"n = {count} simulated patients for each point and policy."


def number_words(name: str) -> str:
    """Return a swept name for people: ``surgery.leak_probability`` becomes ``leak probability``."""
    return policy_words(name.rpartition(".")[2])


def value_words(value: object) -> str:
    """Return a swept value for people: a number in four digits, a flag as yes or no, a list by commas."""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float | np.floating):
        return "none" if np.isnan(value) else f"{value:.4g}"
    return ", ".join(policy_words(part) for part in str(value).strip("[]").split(","))


def point_words(values: Sequence[object], names: Sequence[str]) -> str:
    """Return a design point for people; nothing where nothing is swept."""
    return ", ".join(
        f"{number_words(name)} {value_words(value)}" for name, value in zip(names, values, strict=True)
    )
