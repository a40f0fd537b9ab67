"""Tables of a run with their labels, for Stata and for R."""

import io
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from pandas.io.stata import StataParser

from analysis.pages.dictionary import Described, described, written_codes
from analysis.words.columns import TABLES

VARIABLES = "variables.csv"
SCRIPT = "read.R"
# What Stata allows.
LONGEST_NAME, LONGEST_LABEL, LONGEST_STRING = 32, 80, 2045
RESERVED = frozenset(getattr(StataParser(), "RESERVED_WORDS", ()))
FLAGS = {0: "no", 1: "yes"}

Tables = Mapping[str, pd.DataFrame]


def stata_files(tables: Tables, about: str) -> dict[str, bytes]:
    """Return a ``.dta`` for each table, by the name of its file, and ``variables.csv``, which lists them all.

    Variables have labels; whole numbers that are codes, flags and words of a known list have value labels.
    A name that Stata does not allow is changed; ``variables.csv`` has both. ``about``: where the tables come
    from, in a few words.
    """
    made, listed = {}, []
    for table, frame in tables.items():
        parts = described(table, frame)
        names = stata_names([part.column for part in parts])
        made[f"{table}.dta"] = _dta(frame, parts, names, f"{TABLES.get(table, table)}; {about}")
        listed += [(table, name, *_row(part)) for name, part in zip(names, parts, strict=True)]
    return {**made, VARIABLES: _csv(_variables(listed))}


def r_files(tables: Tables, about: str) -> dict[str, bytes]:
    """Return a CSV for each table, ``read.R``, which reads and labels them, and ``variables.csv``."""
    made, listed = {}, []
    lines = [
        f"# Labelled tables: {about}.",
        f'# source("{SCRIPT}", chdir = TRUE, encoding = "UTF-8") makes a data frame of each table:',
        f"# {', '.join(tables)}.",
        "# Columns of codes are factors. A column has its label and its units as attributes.",
        "",
        "lrrc_column <- function(column, label, units, codes = NULL, labels = codes) {",
        "  if (!is.null(codes)) {",
        "    column <- factor(column, levels = codes, labels = labels)",
        "  }",
        '  attr(column, "label") <- label',
        "  if (nzchar(units)) {",
        '    attr(column, "units") <- units',
        "  }",
        "  column",
        "}",
    ]
    for table, frame in tables.items():
        parts = described(table, frame)
        made[f"{table}.csv"] = _csv(frame)
        lines += ["", *_r_table(table, frame, parts)]
        listed += [(table, part.column, *_row(part)) for part in parts]
    script = ("\n".join(lines) + "\n").encode()
    return {**made, SCRIPT: script, VARIABLES: _csv(_variables(listed))}


def stata_names(columns: Sequence[str]) -> list[str]:
    """Return names that Stata allows, each once, in the order of the columns."""
    names: list[str] = []
    for column in columns:
        name = re.sub(r"\W", "_", column, flags=re.ASCII).rstrip("_") or "column"
        if not re.match(r"[A-Za-z_]", name) or name in RESERVED:
            name = f"v_{name}"
        short, number = name[:LONGEST_NAME], 1
        while short in names:
            number += 1
            short = f"{name[: LONGEST_NAME - len(str(number)) - 1]}_{number}"
        names.append(short)
    return names


def short_label(text: str) -> str:
    """Return a text of at most the length that Stata allows a label, cut after a word."""
    if len(text) <= LONGEST_LABEL:
        return text
    return text[: LONGEST_LABEL - 3].rpartition(" ")[0].rstrip(" ,;:") + "..."


def _row(part: Described) -> tuple[str, str, str, str, str]:
    return part.column, part.meaning, part.unit, part.type, written_codes(part)


def _variables(listed: Sequence[tuple[str, ...]]) -> pd.DataFrame:
    return pd.DataFrame(listed, columns=["table", "variable", "column", "meaning", "unit", "type", "codes"])


def _csv(frame: pd.DataFrame) -> bytes:
    text: str = frame.to_csv(index=False, lineterminator="\n")
    return text.encode("utf-8", "replace")


def _dta(frame: pd.DataFrame, parts: Sequence[Described], names: Sequence[str], label: str) -> bytes:
    columns: dict[str, pd.Series[Any]] = {}
    values: dict[str, dict[Any, str]] = {}
    long = []
    for part, name in zip(parts, names, strict=True):
        column = frame[part.column]
        if part.type == "words":
            columns[name] = _stata_words(column, part)
            if columns[name].dtype == object and columns[name].str.len().max() > LONGEST_STRING:
                long.append(name)
            continue
        columns[name] = _stata_numbers(column)
        codes = FLAGS if part.type == "flag" else {} if part.of_set else part.codes
        if codes:
            values[name] = {int(code): text for code, text in codes.items()}
    made = pd.DataFrame(columns)
    labels = {
        name: short_label(part.meaning + (f" ({part.unit})" if part.unit else ""))
        for part, name in zip(parts, names, strict=True)
    }
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pd.errors.PerformanceWarning)  # of hundreds of columns
        made.to_stata(
            file,
            write_index=False,
            version=118,
            data_label=short_label(label),
            variable_labels=labels,
            value_labels=values,
            convert_strl=long,
        )
    return file.getvalue()


def _stata_numbers(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return numbers as Stata can hold them: what is missing or infinite is missing."""
    if column.dtype.kind == "f":
        numbers = column.astype("float64")
        return numbers.where(np.isfinite(numbers))
    if column.isna().any():
        return column.astype("Int64")
    return column.astype("int64")


def _stata_words(column: "pd.Series[Any]", part: Described) -> "pd.Series[Any]":
    """Return words as a labelled variable where all that they can be is known, and otherwise as a string."""
    words = column.astype(object).where(column.notna(), None)
    if part.codes:
        return pd.Series(pd.Categorical(words, categories=_levels(column, part)), index=column.index)
    return words.map(lambda word: "" if word is None else str(word)).astype(object)


def _levels(column: "pd.Series[Any]", part: Described) -> list[Any]:
    """Return the codes of a column, those first that are known, and those that are only in the table."""
    present = [value for value in column.dropna().unique().tolist() if value not in part.codes]
    return [*part.codes, *sorted(present)]


def _r_table(table: str, frame: pd.DataFrame, parts: Sequence[Described]) -> list[str]:
    classes = {"words": "character", "flag": "logical"}
    kinds = []
    for part in parts:
        kind = classes.get(part.type, "numeric")
        kinds.append("numeric" if kind == "logical" and frame[part.column].dtype.kind != "b" else kind)
    lines = [
        f"{table} <- utils::read.csv(",
        f'  {_r(f"{table}.csv")}, na.strings = "", check.names = FALSE, fileEncoding = "UTF-8",',
        f"  colClasses = {_r_vector(kinds)}",
        ")",
    ]
    for part in parts:
        place = f"{table}[[{_r(part.column)}]]"
        words = [place, _r(part.meaning), _r(part.unit)]
        if part.codes and not part.of_set:
            levels = _levels(frame[part.column], part)
            words.append(_r_vector(levels))
            if part.type != "words":
                words.append(_r_vector([part.codes.get(level, str(level)) for level in levels]))
        lines.append(f"{place} <- lrrc_column({', '.join(words)})")
    return lines


def _r_vector(values: Sequence[Any]) -> str:
    return f"c({', '.join(map(_r, values))})"


def _r(value: Any) -> str:
    """Return a value as R writes it: a number, or a string in quotes."""
    if not isinstance(value, str):
        return str(int(value)) if float(value).is_integer() else repr(float(value))
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{{{ord(c):x}}}" for c in escaped) + '"'
