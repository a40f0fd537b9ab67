"""The table that a sweep prints: its main outcome, points in rows and policies in columns."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.words.sweep import about, letter, number_words, patients_of, value_words
from analysis.words.wording import INTERVALS, Words, interval, percent, policy_words

MOST = 30  # lines of points, of all tables together
WIDEST, VALUE = 119, 34  # letters: a line, a swept value


def summary(
    rows: pd.DataFrame, names: Sequence[str], outcome: str, years: float, words: Words = policy_words
) -> str:
    """Return the outcome of each point under each policy, in percent, with its interval.

    ``rows``: as ``analysis.pictures.sweep.shown`` returns them; ``words`` returns a policy's name. At most
    ``MOST`` points in all, and then how many more there are; 120 columns wide.
    """
    policies = list(dict.fromkeys(rows["policy"]))
    sampled = "luck_low" in rows
    keys = list(dict.fromkeys(rows[list(names)].itertuples(index=False, name=None))) if names else [()]
    held = rows.fillna({name: "" for name in names}) if names else rows
    cells = {
        key: _cell(row)
        for key, row in zip(
            held[[*names, "policy"]].itertuples(index=False, name=None), rows.to_dict("records"), strict=True
        )
    }
    of = "95 % intervals of uncertain parameters and discrepancy" if sampled else INTERVALS
    lines = [f"{about(outcome, years)}, %. {patients_of(rows)}", f"In round brackets: {of}."]
    if sampled:
        lines.append(f"In square brackets: the members' mean {INTERVALS}.")
    letters = {policy: letter(k) for k, policy in enumerate(policies)}
    lines += [f"  {letter}  {words(policy)}" for policy, letter in letters.items()]
    first = [[number_words(name) for name in names], *([_value(value) for value in key] for key in keys)]
    widths = [max(map(len, column)) for column in zip(*first, strict=True)]
    column = max(map(len, cells.values())) + 2
    abreast = max((WIDEST - sum(widths) - 2 * len(widths)) // column, 1)
    groups = [policies[k : k + abreast] for k in range(0, len(policies), abreast)]
    most = max(MOST // len(groups), 1)
    for group in groups:
        head = "".join(f"{letters[policy]:>{column}}" for policy in group)
        lines += ["", _row(first[0], widths) + head]
        for key, values in zip(keys[:most], first[1:], strict=False):
            found = (cells.get((*("" if pd.isna(v) else v for v in key), policy), "") for policy in group)
            lines.append((_row(values, widths) + "".join(f"{cell:>{column}}" for cell in found)).rstrip())
    if len(keys) > most:
        lines += ["", f"{len(keys) - most} more points: outcomes.csv"]
    return "\n".join([*lines, ""])


def _cell(row: Mapping[Hashable, Any]) -> str:
    cell = f"{percent(row['estimate'])} ({interval(row['ci_low'], row['ci_high'])})"
    return f"{cell} [{interval(row['luck_low'], row['luck_high'])}]" if "luck_low" in row else cell


def _row(values: Sequence[str], widths: Sequence[int]) -> str:
    return "".join(f"{value:<{width}}  " for value, width in zip(values, widths, strict=True))


def _value(value: object) -> str:
    words = value_words(value)
    return words if len(words) <= VALUE else f"{words[: VALUE - 1]}…"
