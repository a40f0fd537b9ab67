"""The parts of docs/economics.md that follow from the configuration and from runs, as Markdown."""

import itertools
import re
from collections.abc import Mapping, Sequence

import pandas as pd

from analysis.pages.report_parts import Block, Items, Sources, Table, Text
from analysis.words.own_files import ECONOMICS
from analysis.words.wording import DASH
from conf.stated_sources import ASSUMPTION, comments, evidence, ids_in


def marks(name: str, command: str) -> tuple[str, str]:
    """Return what stands before and after a part of the page; ``command``: what writes it."""
    return f"<!-- {name}: written by `{command}` -->", f"<!-- end of {name} -->"


def with_parts(text: str, parts: Mapping[str, str], command: str) -> str:
    """Return a page with its parts between their marks. Raises ValueError where a mark is missing."""
    for name, content in parts.items():
        begin, end = marks(name, command)
        if begin not in text or end not in text:
            raise ValueError(f"docs/economics.md has no part {name!r}")
        before, _, after = text.partition(begin)
        text = f"{before}{begin}\n\n{content}\n\n{end}{after.partition(end)[2]}"
    return text


def assumptions(name: str) -> str:
    """Return every number of a shipped file of economics that rests on an assumption, with what is said."""
    said = comments(f"economics/{name}")
    rows = [
        [f"`{key}`", ECONOMICS.get(key, ""), words]
        for key, words in said.items()
        if ASSUMPTION in ids_in(words)
    ]
    head = f"{len(rows)} of the {len(said)} entries of `conf/economics/{name}.yaml`:"
    return f"{head}\n\n{table(['entry', 'what it is', 'what the file says'], rows)}"


def published(ids: Sequence[str]) -> str:
    """Return published figures of the evidence as a table."""
    rows = []
    for name in ids:
        row = evidence()[name]
        interval = f" ({row['ci_low']} to {row['ci_high']})" if row["ci_low"] else ""
        years = row["horizon_years"]
        over = f"{years} years" if years[:1].isdigit() else years
        rows.append(
            [
                f"`{name}`",
                f"{row['endpoint']}, {row['arm']}",
                over,
                f"{row['value'].replace('-', '−')}{interval.replace('-', '−')} {row['unit']}",
            ]
        )
    return table(["figure", "what", "over", "published"], rows)


def of_blocks(blocks: Sequence[Block]) -> str:
    """Return blocks of a report as Markdown."""
    parts = []
    for block in blocks:
        if isinstance(block, Text):
            parts.append(f"**{block.text}**" if block.role == "lead" else block.text)
        elif isinstance(block, Table):
            rows = [
                [" ".join(cell.ids) if isinstance(cell, Sources) else cell for cell in row]
                for row in block.rows
            ]
            note = f" {block.note}" if block.note else ""
            parts.append(f"*{block.caption}.*{note}\n\n{table(block.head, rows)}")
        elif isinstance(block, Items):
            parts.append("\n".join(f"- {term}: {words}" for term, words in block.items))
    return "\n\n".join(parts)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [f"| {' | '.join(map(_cell, head))} |", f"|{' --- |' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(map(_cell, row))} |" for row in rows)])


def _cell(text: str) -> str:
    for letter in ("|", "<", "*"):
        text = text.replace(letter, f"\\{letter}")
    return re.sub(r"\s+", " ", text)


def crossing(values: Sequence[float], benefits: Sequence[float]) -> float | None:
    """Return the value, by straight lines between those given, at which a benefit becomes positive.

    ``values`` rise; None where the benefit does not change its sign.
    """
    pairs = zip(values, benefits, strict=True)
    for (low, before), (high, after) in itertools.pairwise(pairs):
        if (before <= 0) != (after <= 0):
            return low + (high - low) * before / (before - after)
    return None


def row_of(economics: pd.DataFrame, policy: str, comparator: str | None, quantity: str) -> "pd.Series":
    """Return a row of a run's table of costs and quality of life."""
    rows = economics[(economics["policy"] == policy) & (economics["quantity"] == quantity)]
    return rows[rows["comparator"].isna() if comparator is None else rows["comparator"] == comparator].iloc[0]


def number(value: float, ends: tuple[float, float] | None = None, digits: int = 2) -> str:
    """Return a number with the ends of its interval; a dash where there is none."""

    def write(one: float) -> str:
        return f"{one:,.{digits}f}".replace("-", "−") if one == one else DASH

    return write(value) + (f" ({write(ends[0])} to {write(ends[1])})" if ends else "")
