"""A run's report as a workbook: inputs, policies and tables as values, for whoever works in a spreadsheet."""

import io
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.pages.report import title_of
from analysis.pages.report_numbers import Changed, changed_numbers
from analysis.pages.report_parts import Reference
from analysis.pages.report_run import RunRead
from analysis.pages.validated import Validated, validated
from analysis.words.guideline import by_group, conditions
from analysis.words.report import NO_ADVICE, OF_LUCK, OF_MEMBERS, lever_words, setting, setting_words
from conf.input_error import in_full
from conf.policies import LEVERS
from conf.run import Tree, leaf_values
from conf.stated_sources import comments, ids_in, shipped_disease, shipped_file, shipped_names

MOST_ROWS = 20_000  # of a table; the rest is in its CSV
WIDEST, NARROWEST = 60, 8  # of a column, in letters
LONGEST_CELL = 32_767  # letters, by the format
# Names of sheets for the tables of runs; others keep theirs.
SHEETS = {"outcomes": "results", "endpoints": "results", "targets": "results", "waits": "results"}
LEFT_OUT = ("curves", "queues", "posterior", "convergence", "flow")  # for drawing, or to be read by a program
# Of a name's last word.
UNITS = {
    "probability": "probability",
    "share": "proportion",
    "shares": "proportions",
    "ratio": "ratio",
    "sensitivity": "proportion",
    "specificity": "proportion",
    "sd": "standard deviation",
    "sigma": "standard deviation of the logarithm",
    "count": "count",
}
TIMES = ("hours", "days", "weeks", "months", "years", "minutes", "mm", "cm", "gy")
PROPORTIONS = ("share_beyond_target", "utilisation", "coverage")
Row = Sequence[Any]


def workbook(run: RunRead, references: Iterable[Reference]) -> bytes:
    """Return the workbook, as bytes of an xlsx file: values only, no formula, a frozen line of heads."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    changed = changed_numbers(run)
    _sheet(book, "inputs", ["key", "value", "unit", "source"], list(_inputs(run, changed)))
    policies = {name: levers for name, levers in run.policies.items() if levers}
    if policies:
        _sheet(book, "policies", ["lever", "what_it_does", *policies], list(_policies(policies)))
    left_out: list[str] = []
    taken = {"inputs", "policies"}
    for name, table in run.tables.items():
        if name in LEFT_OUT:
            left_out.append(f"{name}.csv is not in this workbook")
            continue
        if len(table) > MOST_ROWS:
            left_out.append(f"{name}: {MOST_ROWS:,} of {len(table):,} rows; the others are in {name}.csv")
        title = _title(SHEETS.get(name, name), taken)
        taken.add(title)
        first = table.iloc[:MOST_ROWS]
        rows = list(first.astype(object).itertuples(index=False, name=None))
        _sheet(book, title, [str(column) for column in first.columns], rows, _units_of(first))
    if changed:
        rows = [
            (one.key, _value(one.value), _value(one.default), _words(one.source.ids, one.source.words))
            for one in changed
        ]
        _sheet(book, _title("changed_numbers", taken), ["key", "value", "default", "source"], rows)
    missed = [one for one in validated() if one.missed]
    if run.policies and "endpoints" not in run.tables and "targets" not in run.tables:
        _sheet(book, _title("known_misses", taken), list(Validated._fields), missed)
    _sheet(
        book,
        _title("sources", taken),
        ["id", "what", "source"],
        [row for entry in references for row in _reference(entry)],
    )
    _sheet(book, _title("notes", taken), ["about", "note"], list(_notes(run, left_out)))
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _inputs(run: RunRead, changed: Sequence[Changed]) -> Iterator[Row]:
    """Yield every key of the configuration but the policies, with its value, unit and source."""
    set_here = {one.key: one.source for one in changed}
    for key, value in leaf_values(run.config).items():
        if key.partition(".")[0] in ("policy", "out", "compute"):
            continue
        if key in set_here:
            source = _words(set_here[key].ids, set_here[key].words)
        else:
            source = ", ".join(ids_in(_comment(run, key)))
        yield key, _value(value), unit(key), source


def _comment(run: RunRead, key: str) -> str:
    section, _, name = key.partition(".")
    if section in shipped_disease():
        return comments(f"parameters/{section}").get(name, "")
    if section in ("cohort", "clinic", "economics"):
        choices = run.manifest.get("choices")
        chosen = choices.get(section) if isinstance(choices, dict) else None
        if chosen in shipped_names(section):
            return shipped_file(section, str(chosen))[1].get(name, "")
    return ""


def unit(key: str) -> str:
    """Return the unit of a number by the end of its name; empty where it has none."""
    words = key.rpartition(".")[2].split("_")
    if words[-1] in UNITS:
        before = " ".join(words[-2:])
        return {"odds ratio": "odds ratio", "hazard ratio": "hazard ratio"}.get(before, UNITS[words[-1]])
    if "log_odds" in key:
        return "log odds"
    if words[-1] == "year" and "per" in words:
        return "per year"
    return words[-1] if words[-1] in TIMES else ""


def _policies(policies: Mapping[str, Tree]) -> Iterator[Row]:
    yield ("description", "", *(str(levers.get("description", "")) for levers in policies.values()))
    for name, lever in LEVERS.items():
        settings = [_setting(levers.get(name)) for levers in policies.values()]
        yield name, lever.words, *settings
    for name in dict.fromkeys(name for levers in policies.values() for name in by_group(levers)):
        yield name, lever_words(name), *(_setting(setting(levers, name)) for levers in policies.values())
    for name in dict.fromkeys(name for levers in policies.values() for name in conditions(levers)):
        yield name, lever_words(name), *(conditions(levers).get(name, "") for levers in policies.values())


def _setting(value: Any) -> Any:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else setting_words(value)


def _notes(run: RunRead, left_out: Iterable[str]) -> Iterator[Row]:
    yield "report", title_of(run)
    yield "use", NO_ADVICE
    yield "intervals", OF_MEMBERS if run.sampled else OF_LUCK
    yield "columns", "docs/outcomes.md describes the columns of every table."
    yield "values", "Every cell is a value. Proportions are from 0 to 1, shown in percent."
    for words in left_out:
        yield "left out", words
    for key in ("command", "seed", "patients", "finished_utc"):
        if (value := run.manifest.get(key)) is not None:
            yield key, _value(value)
    code = run.manifest.get("code")
    for key, value in code.items() if isinstance(code, dict) else ():
        yield f"code {key}", _value(value)


def _reference(entry: Reference) -> Iterator[Row]:
    for name, words in entry.figures.items():
        yield name, f"{entry.study}: {words}" if words else entry.study, entry.source


def _words(ids: Sequence[str], words: str) -> str:
    return ", ".join([*ids, *([words] if words else [])])


def _value(value: Any) -> Any:
    """Return a plain value as a cell holds it: a number, or words."""
    if isinstance(value, bool) or value is None or isinstance(value, list | dict):
        return in_full(value)
    return value


def _title(wanted: str, taken: set[str]) -> str:
    """Return the name of a sheet: at most 31 letters, none that the format refuses, and not another's."""
    name = re.sub(r"[\[\]:*?/\\']", "_", wanted)[:31] or "table"
    while name.lower() in {other.lower() for other in taken}:
        name = f"{name[:29]}_2" if not name.endswith("_2") else f"{name[:-1]}3"
    return name


def _units_of(table: pd.DataFrame) -> list[str]:
    """Return by row what its estimates are counted in, where the table says so."""
    if "unit" in table:
        return [str(word) for word in table["unit"]]
    return []


ESTIMATES = ("estimate", "ci_low", "ci_high", "uncertainty_low", "uncertainty_high")


def _format(column: str, value: Any, unit_of_row: str) -> str:
    if isinstance(value, int):
        return "0" if abs(value) < 1000 else "#,##0"
    if column in PROPORTIONS or (unit_of_row == "proportion" and column in ESTIMATES):
        return "0.0%"
    return "0.00" if abs(value) >= 1 or value == 0 else "0.0000"


def _sheet(
    book: Any, title: str, head: Sequence[str], rows: Sequence[Row], units: Sequence[str] = ()
) -> None:
    """Add a sheet: bold heads in a frozen first line, columns as wide as what they hold, values below."""
    from openpyxl.styles import Alignment, Font

    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for number, name in enumerate(head):
        width = max([len(name), *(_length(row[number]) for row in rows[:200])])
        sheet.column_dimensions[_letters(number)].width = min(max(width + 2, NARROWEST), WIDEST)
    sheet.append([_cell(sheet, name, font=Font(bold=True)) for name in head])
    top = Alignment(vertical="top", wrap_text=True)
    for k, row in enumerate(rows):
        of = units[k] if units else ""
        sheet.append([_cell(sheet, value, head[n], of, alignment=top) for n, value in enumerate(row)])


def _length(value: Any) -> int:
    return 10 if isinstance(value, float) else len(str(value))


def _cell(sheet: Any, value: Any, column: str = "", unit_of_row: str = "", **style: Any) -> Any:
    """Return a cell that is a number or a word, and never a formula."""
    from openpyxl.cell import WriteOnlyCell

    if hasattr(value, "item"):
        value = value.item()
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool):
        value = "yes" if value else "no"
    if isinstance(value, int | float) and math.isfinite(value):
        cell = WriteOnlyCell(sheet, value=value)
        cell.number_format = _format(column, value, unit_of_row)
        return cell
    # What is not printable has no place in the format.
    words = "".join(letter if letter.isprintable() else " " for letter in str(value))[:LONGEST_CELL]
    cell = WriteOnlyCell(sheet, value=words)
    cell.data_type = "s"  # a word that begins with = would be a formula
    for name, how in style.items():
        setattr(cell, name, how)
    return cell


def _letters(number: int) -> str:
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(number + 1))
