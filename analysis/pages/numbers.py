"""The numbers of the model in words: a table, one number in full, and a page of the documents."""

import re
import textwrap
from collections.abc import Mapping, Sequence

from conf.numbers import Fit, Number, Use, Value

WIDTH = 120
# The columns of the terminal's table, with their widths; two spaces between them.
COLUMNS = {"number": 31, "value": 16, "95 % range": 20, "from": 10, "rests on": 11, "read in": 22}
Evidence = Mapping[str, Mapping[str, str]]
Uses = Mapping[str, Sequence[Use]]


def plain(value: float) -> str:
    """Return a number with six digits, whole ones without a point."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else f"{value:.6g}"


def written(value: Value) -> str:
    """Return a number, or a list of them in brackets."""
    return f"[{', '.join(map(plain, value))}]" if isinstance(value, list) else plain(value)


def spread(number: Number) -> str:
    """Return the 95 % range of a number, element by element; "definition" where it has no uncertainty."""
    if number.low is None or number.high is None:
        return ""
    if number.fixed:
        return "definition"
    if not isinstance(number.low, list) or not isinstance(number.high, list):
        return f"{number.low:g}–{number.high:g}"
    pairs = zip(number.low, number.high, strict=True)
    return f"[{', '.join(f'{low:g}–{high:g}' if low < high else f'{low:g}' for low, high in pairs)}]"


def short_origin(number: Number) -> str:
    """Return where a value comes from, in a word or two: fitted, by hand, dutch_tme, your file."""
    if number.fitted:
        return "fitted"
    group, _, name = number.origin.removeprefix("conf/").removesuffix(".yaml").partition("/")
    if number.origin.startswith("conf/"):
        return "by hand" if group == "parameters" else name or group
    return number.origin.partition(",")[0] or "unknown"


def basis(number: Number) -> str:
    """Return what a number rests on, in a few words: how many sources, and whether an assumption."""
    count = len(number.sources)
    listed = f"{count} source{'s' if count != 1 else ''}" if count else ""
    if number.assumed:
        return f"assumption, {listed}" if listed else "assumption"
    return listed or ("you" if number.own else "")


def table(numbers: Sequence[Number], uses: Uses) -> str:
    """Return numbers as a table of at most 120 columns, a line or more each, section by section."""
    lines = [_row(COLUMNS), _row({name: "-" * width for name, width in COLUMNS.items()})]
    section = ""
    for number in numbers:
        if number.section != section:
            section = number.section
            lines += ["", section]
        read = uses.get(number.key, ())
        first = f"{read[0].file.rpartition('/')[2]}:{read[0].line}" if read else ""
        more = f" +{len(read) - 1}" if len(read) > 1 else ""
        cells = [
            f"  {number.name}",
            written(number.value),
            spread(number),
            short_origin(number),
            basis(number),
            first + more,
        ]
        wrapped = [_wrap(cell, width) for cell, width in zip(cells, COLUMNS.values(), strict=True)]
        for k in range(max(map(len, wrapped))):
            words = [column[k] if k < len(column) else "" for column in wrapped]
            lines.append(_row(dict(zip(COLUMNS, words, strict=True))))
    return "\n".join(lines)


def _row(cells: Mapping[str, object]) -> str:
    texts = [str(cell) if isinstance(cell, str) else name for name, cell in cells.items()]
    return "  ".join(f"{text:<{width}}" for text, width in zip(texts, COLUMNS.values(), strict=True)).rstrip()


def _wrap(text: str, width: int) -> list[str]:
    """Return a cell's lines, broken after spaces and underscores; an indented cell stays so."""
    indent = "    " if text.startswith(" ") else ""
    lines, line = [], ""
    parts = re.findall(r" *[^ _]*(?:_+|$| )", text)
    # A word without such a place is cut.
    for part in (piece for whole in parts for piece in re.findall(f".{{1,{width}}}", whole)):
        if line.strip() and len((line + part).rstrip()) > width:
            lines.append(line.rstrip())
            line, part = indent, part.lstrip()
        line += part
    return [*lines, line.rstrip()]


def in_full(number: Number, uses: Uses, evidence: Evidence, fit: Fit, by_hand: Value | None) -> str:
    """Return all that is known of a number, a heading and indented lines of at most 120 columns.

    ``by_hand``: what was set by hand where a fit lies over it.
    """
    facts: list[tuple[str, str]] = [("may be", number.allowed)]
    if number.low is not None:
        kind = "a definition, without uncertainty" if number.fixed else f"{number.distribution}"
        file = number.ranges
        words = f"{kind} ({file})" if number.fixed else f"{spread(number)} ({kind}; {file})"
        facts.append(("95 % range", words))
    facts.append(("comes from", number.origin))
    if number.fitted:
        facts += [("by hand", "" if by_hand is None else f"{written(by_hand)}, where the fit began")]
        facts += [("fitted to", fitted_to(number, fit)), ("trials", ", ".join(fit.trials))]
    facts.append(("beside it", number.said))
    if number.own:
        facts.append(("rests on", "what you know; no source is kept for a number of your own"))
    elif number.assumed or number.sources:
        facts += [("rests on", "assumption")] * number.assumed
        facts += [("rests on", f"{key}: {says(evidence[key])}") for key in number.sources]
    facts += [("read in", place(use)) for use in uses.get(number.key, ())]
    lines = [f"{number.key} = {written(number.value)}"]
    before = ""
    for label, words in facts:
        if words:
            head = f"  {label if label != before else '':<12}"
            lines += textwrap.wrap(
                words, WIDTH, initial_indent=head, subsequent_indent=" " * 14, break_long_words=False
            )
            before = label
    return "\n".join(lines)


def fitted_to(number: Number, fit: Fit) -> str:
    """Return what a fitted number was fitted to, with its interval in the posterior sample."""
    known = [f"{pair[0]:.4g}–{pair[1]:.4g}" if pair else "" for pair in number.posterior]
    words = f"{fit.endpoints} endpoints of {len(fit.trials)} trials, all numbers jointly ({fit.words})"
    if not any(known):
        return words
    intervals = ", ".join(interval or "not searched" for interval in known)
    return f"{words}; posterior 95 %: {f'[{intervals}]' if len(known) > 1 else intervals}"


def place(use: Use) -> str:
    """Return a place in the code: file, line and function."""
    return f"{use.file}:{use.line}" + (f" ({use.function})" if use.function else "")


def says(row: Mapping[str, str]) -> str:
    """Return what a row of the evidence says: what was found, in whom, and where it was read."""
    interval = f" ({row['ci_low']}–{row['ci_high']})" if row["ci_low"] and row["ci_high"] else ""
    horizon = f" at {row['horizon_years']} years" if row["horizon_years"] else ""
    count = f", n={row['n']}" if row["n"] else ""
    whom = ", ".join(part for part in (row["population"], row["arm"]) if part)
    note = f" Note: {row['note']}." if row["note"] else ""
    return (
        f"{row['endpoint']}{horizon} {row['value']}{interval} {row['unit']}{count}; {row['study']}: {whom}. "
        f"{row['source']} ({row['read_from']}).{note}"
    )


def page(numbers: Sequence[Number], uses: Uses, evidence: Evidence, fit: Fit) -> str:
    """Return the page of the documents: a table for each section, then the sources."""
    lines = [
        "# Parameters",
        "",
        "Every number of the model, read from the code and its configuration by `make parameters`: change "
        "the numbers in `conf/`, not this page. `lrrc evidence` shows the same on the terminal, for any "
        "scenario and any files of your own, with the lines of the code.",
        "",
        "The range is the 95 % interval before the fit; a definition has none. Fitted numbers were fitted "
        f"jointly to {fit.endpoints} endpoints of {len(fit.trials)} trials ({', '.join(fit.trials)}; "
        f"{fit.words}); their posterior is the 95 % interval in `conf/posterior.csv`. What a number "
        "rests on is an assumption, or rows of the [evidence](#evidence) at the end of the page. The cohort "
        "is `dutch_contemporary`, the clinic is without limits, and prices and utilities are `dutch`, all in "
        "euro of 2023.",
    ]
    for section in dict.fromkeys(number.section for number in numbers):
        lines += ["", f"## {section}", "", "| number | value | range | from | rests on | read in |"]
        lines.append("| --- | --- | --- | --- | --- | --- |")
        for number in numbers:
            if number.section == section:
                lines.append(_page_row(number, uses))
    used = sorted({key for number in numbers for key in number.sources})
    lines += ["", "## Evidence", "", "| id | what it says |", "| --- | --- |"]
    lines += [f"| `{key}` | {_cell(says(evidence[key]))} |" for key in used]
    return "\n".join([*lines, ""])


def _page_row(number: Number, uses: Uses) -> str:
    origin = short_origin(number)
    known = [f"{pair[0]:.3g}–{pair[1]:.3g}" if pair else "–" for pair in number.posterior]
    if any(word != "–" for word in known):
        joined = ", ".join(known)
        origin += f"; posterior [{joined}]" if len(known) > 1 else f"; posterior {joined}"
    rests = ["assumption"] * number.assumed + [f"`{key}`" for key in number.sources]
    # Functions, not lines: a line moves with every edit above it.
    read = dict.fromkeys(f"`{use.function or 'module'}` in {use.file}" for use in uses.get(number.key, ()))
    cells = (
        f"`{number.name}`",
        written(number.value),
        spread(number),
        origin,
        ", ".join(rests),
        ", ".join(read),
    )
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(text: str) -> str:
    """Return a text that stays in its cell of a Markdown table, and is shown as it is."""
    for letter in ("|", "<", "*"):
        text = text.replace(letter, f"\\{letter}")
    return " ".join(text.split())
