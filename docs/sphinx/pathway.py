"""docs/pictures/pathway.svg: the events of a patient's course and what follows what, from the code."""

import sys
import textwrap
from html import escape
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from analysis.pages.diagrams import DEATHS, label  # noqa: E402
from analysis.words.vocabulary import VOCABULARY  # noqa: E402
from experiments.model_source import bookings  # noqa: E402
from sim.events import Event  # noqa: E402

PICTURE = ROOT / "docs/pictures/pathway.svg"
# Each column, and how the names of its events begin; the first takes the others.
COLUMNS = {
    "Primary tumour": (),
    "Local recurrence": ("RECURRENCE_", "SALVAGE_", "RERECURRENCE"),
    "Metastases": ("METASTASIS_",),
}
BOX_WIDTH, BOX_HEIGHT, GAP, COLUMN, TOP, LEFT = 184, 66, 22, 282, 56, 66
LINE = 18  # of text
LABEL_WIDTH, DEATHS_WIDTH = 19, 25  # in letters
LEGEND = (
    "Dashed: nobody sees it. ↻ books the next one of its kind.",
    "† sets or moves the day of a death from this cause.",
)
COLOURS = ("#1f4e79", "#a63603", "#54278f")


class Box(NamedTuple):
    """An event's place: its column, its row within it, and its upper left corner."""

    column: int
    row: int
    x: int
    y: int


def places() -> dict[Event, Box]:
    """Return where each event but the deaths is drawn: in its column, in the order of events."""
    boxes, filled = {}, [0] * len(COLUMNS)
    for event in Event:
        if event in DEATHS:
            continue
        found = [k for k, begins in enumerate(COLUMNS.values()) if begins and event.name.startswith(begins)]
        column = found[0] if found else 0
        row = filled[column]
        filled[column] += 1
        boxes[event] = Box(column, row, LEFT + column * COLUMN, TOP + row * (BOX_HEIGHT + GAP))
    return boxes


def drawn() -> str:
    """Return the picture as SVG. An arrow goes from an event to each event that it books or moves."""
    boxes, booked = places(), bookings()
    height = max(box.y for box in boxes.values()) + BOX_HEIGHT + 80
    width = LEFT + COLUMN * (len(COLUMNS) - 1) + BOX_WIDTH + LEFT
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="Helvetica, Arial, sans-serif" role="img">',
        "<title>The events of a patient's course, and which event books which</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        "<defs>",
        *(
            f'<marker id="tip{k}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
            f'orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="{colour}"/></marker>'
            for k, colour in enumerate(COLOURS)
        ),
        "</defs>",
    ]
    for k, heading in enumerate(COLUMNS):
        x = LEFT + k * COLUMN + BOX_WIDTH // 2
        lines.append(
            f'<text x="{x}" y="34" text-anchor="middle" font-size="18" font-weight="bold" '
            f'fill="{COLOURS[k]}">{heading}</text>'
        )
    for event, box in boxes.items():
        for other in (Event[name] for name in booked[event.name].books):
            if other not in DEATHS and other != event:
                lines.append(_arrow(box, boxes[other]))
    for event, box in boxes.items():
        lines += _box(event, box, [Event[name] for name in booked[event.name].books])
    for k, words in enumerate(LEGEND):
        lines.append(
            f'<text x="{LEFT}" y="{height - 44 + 20 * k}" font-size="14" fill="#444444">{words}</text>'
        )
    return "\n".join([*lines, "</svg>"]) + "\n"


def _box(event: Event, box: Box, books: list[Event]) -> list[str]:
    colour = COLOURS[box.column]
    dashes = ' stroke-dasharray="6 4"' if VOCABULARY[event].hidden else ""
    deaths = [other.name.partition("_")[2].lower() for other in books if other in DEATHS]
    words = label(event) + (" ↻" if event in books else "")
    lines = [(line, 16, "#111111") for line in textwrap.wrap(words, LABEL_WIDTH)]
    if deaths:
        lines += [(line, 13, "#555555") for line in textwrap.wrap(f"† {', '.join(deaths)}", DEATHS_WIDTH)]
    x, top = box.x + BOX_WIDTH // 2, box.y + (BOX_HEIGHT - LINE * len(lines)) // 2
    return [
        f'<rect x="{box.x}" y="{box.y}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6" fill="#ffffff" '
        f'stroke="{colour}" stroke-width="1.6"{dashes}/>',
        *(
            f'<text x="{x}" y="{top + LINE * k + 14}" text-anchor="middle" font-size="{size}" '
            f'fill="{ink}">{escape(line)}</text>'
            for k, (line, size, ink) in enumerate(lines)
        ),
    ]


def _arrow(start: Box, end: Box) -> str:
    """Return an arrow: straight to the box below, around the side in a column, across to another one."""
    middle = BOX_HEIGHT // 2
    if start.column == end.column and end.row == start.row + 1:
        x = start.x + BOX_WIDTH // 2
        path = f"M{x} {start.y + BOX_HEIGHT} L{x} {end.y}"
    elif start.column == end.column:
        # Longer arrows further out, so that they do not lie on each other; down on the left, up on the right.
        down = end.row > start.row
        reach = min(18 + 9 * abs(end.row - start.row), 64)
        x = start.x if down else start.x + BOX_WIDTH
        out = x - reach if down else x + reach
        first, last = start.y + middle + 6, end.y + middle - 6
        path = f"M{x} {first} C{out} {first} {out} {last} {x} {last}"
    else:
        right = end.column > start.column
        first_x = start.x + BOX_WIDTH if right else start.x
        last_x = end.x if right else end.x + BOX_WIDTH
        bend = (last_x - first_x) // 2
        first, last = start.y + middle, end.y + middle
        path = f"M{first_x} {first} C{first_x + bend} {first} {last_x - bend} {last} {last_x} {last}"
    k = start.column
    return (
        f'<path d="{path}" fill="none" stroke="{COLOURS[k]}" stroke-width="1.3" stroke-opacity="0.75" '
        f'marker-end="url(#tip{k})"/>'
    )


def main() -> int:
    """Write the picture; return the exit status."""
    PICTURE.write_text(drawn(), "utf-8")
    print(PICTURE.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
