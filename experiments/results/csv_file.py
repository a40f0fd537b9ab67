"""CSV files in which every cell is a number or a word, to a spreadsheet too."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

# A spreadsheet runs a cell that begins so as a formula; an apostrophe makes it a word.
FORMULA = re.compile(r"[=+\-@\t\r]")
ESCAPED = re.compile(r"'+[=+\-@\t\r]")


def as_word(cell: str) -> str:
    """Return a cell so that a spreadsheet takes it for a number or a word, and never for a formula."""
    if not (FORMULA.match(cell) or ESCAPED.match(cell)):
        return cell
    try:
        float(cell)
    except ValueError:
        return f"'{cell}"
    return cell


def as_written(cell: str) -> str:
    """Return the cell that ``as_word`` was given."""
    return cell[1:] if ESCAPED.match(cell) else cell


def write_csv(frame: "pd.DataFrame", path: Path) -> None:
    """Write a table as CSV; a sweep's has millions of rows, which takes pandas ten times as long."""
    import pyarrow
    from pyarrow import csv

    table = pyarrow.Table.from_pandas(_of_words(frame), preserve_index=False)
    try:
        csv.write_csv(table, path, csv.WriteOptions(quoting_style="none", quoting_header="none"))
    except pyarrow.ArrowInvalid:  # a word with a comma in it
        csv.write_csv(table, path, csv.WriteOptions(quoting_style="needed"))


def _of_words(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Return the table with no cell that is a formula."""
    changed = {}
    for name in frame.columns:
        if frame[name].dtype.kind not in "iufb":
            words = {word: as_word(word) for word in frame[name].unique() if isinstance(word, str)}
            if any(word != written for word, written in words.items()):
                changed[name] = frame[name].map(lambda cell, words=words: words.get(cell, cell))
    return frame.assign(**changed).rename(columns={name: as_word(str(name)) for name in frame.columns})
