"""The one look of all pictures: colours, lines, sizes, titles, labels and files.

Lengths are inches on a page eight inches wide: letters of 10 to 15 points then read on a projector, in print
and on a small screen. Figures are made without pyplot, so nothing outside them changes.
"""

import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

import matplotlib
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.ticker import FuncFormatter, MaxNLocator

WIDTH = 8.0
EDGE = 0.2  # kept free around everything
TITLE, TEXT, SMALL = 15.0, 11.0, 10.0  # points
LINE = 1.25 / 72  # inches a line of text takes for each point of its size
DPI = 200  # 1600 pixels wide
LABEL_INDENT = 1.17  # from the axes to a name at the end of a curve

NO_BREAK = "\N{NO-BREAK SPACE}"

INK, GREY, PALE = "#1A1A1A", "#595959", "#D9D9D9"
# Okabe and Ito's colours for every kind of colour vision, less yellow, which is lost on white; wine is Tol's.
BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY, YELLOW, WINE = "#E69F00", "#56B4E9", "#F0E442", "#882255"
# Neighbours differ in brightness too, so that a stack reads in grey.
STACK = (BLUE, SKY, VERMILION, YELLOW, GREEN, PURPLE, WINE, ORANGE)

# Settings that several calls of Matplotlib share; each setting has a type of its own.
Style = dict[str, Any]

Line = Literal["-"] | tuple[float, Sequence[float]]  # whole, or an offset and the lengths of dashes and gaps
LINES: tuple[Line, ...] = (
    "-",
    (0, (5, 1.5)),
    (0, (1.2, 1.2)),
    (0, (6, 1.5, 1.2, 1.5)),
    (0, (2.5, 1.5)),
    (0, (9, 2)),
    (0, (6, 1.5, 1.2, 1.5, 1.2, 1.5)),
)


class PolicyLook(NamedTuple):
    """How a policy is drawn in every picture of a run."""

    colour: str
    line: Line
    marker: str


def policy_looks(policies: Sequence[str], comparator: str | None) -> dict[str, PolicyLook]:
    """Return the look of each policy: the comparator (or the only one) black, the others by their order."""
    colours = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, WINE)
    looks, k = {}, 0
    for name in policies:
        if name == (comparator or policies[0]):
            looks[name] = PolicyLook(INK, "-", "o")
        else:
            looks[name] = PolicyLook(colours[k % 7], LINES[1:][k % 6], "s^Dv<>p"[k % 7])
            k += 1
    return looks


@contextmanager
def style() -> Iterator[None]:
    """Make and save a picture within this context."""
    settings = {
        **sns.axes_style("ticks"),
        **sns.plotting_context("notebook"),
        "font.sans-serif": ["DejaVu Sans"],  # ships with Matplotlib: the same widths everywhere
        "font.size": TEXT,
        "axes.labelsize": TEXT,
        "xtick.labelsize": TEXT,
        "ytick.labelsize": TEXT,
        "text.color": INK,
        "text.parse_math": False,  # names are a user's: a dollar sign is a dollar sign
        "axes.labelcolor": INK,
        "axes.edgecolor": GREY,
        "xtick.color": GREY,
        "ytick.color": GREY,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "hatch.linewidth": 0.8,
        "svg.hashsalt": "lrrc",  # the same picture, the same file
    }
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        # A name in letters that the font lacks is drawn as boxes.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        yield


def figure(title: str, note: str, body: float) -> Figure:
    """Return a figure with its title and note written, and ``body`` inches of room below them."""
    titles = wrapped(title, WIDTH - 2 * EDGE, TITLE, "bold")
    notes = wrapped(note, WIDTH - 2 * EDGE, SMALL)
    title_height, note_height = (len(titles) * TITLE * LINE, len(notes) * SMALL * LINE)
    height = body + EDGE + title_height + 0.05 + note_height + 0.1
    drawn = Figure((WIDTH, height), facecolor="white")
    FigureCanvasAgg(drawn)
    top: Style = {"ha": "left", "va": "top", "linespacing": 1.2}
    drawn.text(EDGE / WIDTH, 1 - EDGE / height, "\n".join(titles), size=TITLE, weight="bold", **top)
    below = EDGE + title_height + 0.05
    drawn.text(EDGE / WIDTH, 1 - below / height, "\n".join(notes), size=SMALL, color=GREY, **top)
    return drawn


def message(title: str, note: str) -> Figure:
    """Return a figure that only says why there is nothing to draw."""
    with style():
        return figure(title, note, 0.4)


def nothing(subject: str) -> Figure:
    """Return the figure that stands where a table holds no number of what a picture would show."""
    return message(f"Nothing to draw for {subject}", "The tables of this run contain no numbers for it.")


def known(values: pd.Series | pd.DataFrame) -> bool:
    """Return whether any of the values is a finite number."""
    return bool(np.isfinite(values.to_numpy(float)).any())


def largest(*values: pd.Series | pd.DataFrame | float) -> float:
    """Return the largest of the values that are finite; at least one must be."""
    flat = np.concatenate([np.ravel(np.asarray(some, float)) for some in values])
    return float(flat[np.isfinite(flat)].max())


def axes(drawn: Figure, left: float, bottom: float, width: float, height: float, **settings: Any) -> Axes:
    """Return axes at a place in inches from the lower left corner."""
    w, h = drawn.get_size_inches()
    return drawn.add_axes((left / w, bottom / h, width / w, height / h), **settings)


def wrapped(text: str, width: float, size: float, weight: str = "normal") -> list[str]:
    """Return a text broken into lines at most ``width`` inches wide; a longer single word is cut."""
    lines = [""]
    # A number stays with its unit.
    text = re.sub(r"(\d) (%|mm\b|points|years?\b)", rf"\1{NO_BREAK}\2", text)
    text = text.replace("n = ", f"n{NO_BREAK}={NO_BREAK}")
    for word in re.split("[ \t\r\n]+", text.strip(" \t\r\n")):
        longer = f"{lines[-1]} {word}".strip(" ")
        if text_width(longer, size, weight) <= width:
            lines[-1] = longer
            continue
        if lines[-1]:
            lines.append("")
        while text_width(word, size, weight) > width:
            fits = next(
                n
                for n in range(len(word) - 1, 0, -1)
                if n == 1 or text_width(word[:n], size, weight) <= width
            )
            lines[-1], word = word[:fits], word[fits:]
            lines.append("")
        lines[-1] = word
    return [line.replace(NO_BREAK, " ") for line in lines]


@lru_cache(maxsize=4096)  # the same few words are measured over and over
def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Return how wide a line of text is, in inches."""
    font = FontProperties(family=["DejaVu Sans"], size=size, weight=weight)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        return float(_ruler().get_text_width_height_descent(text, font, False)[0]) / DPI


@cache
def _ruler() -> RendererAgg:
    return RendererAgg(1, 1, DPI)


def spread(wanted: Sequence[float], heights: Sequence[float], room: float) -> list[float]:
    """Return centres as near as may be to the wanted ones, such that labels of these heights do not touch.

    In the order given; labels stay within 0 and ``room`` where they fit.
    """
    order = sorted(range(len(wanted)), key=lambda k: wanted[k])
    centres, floor = [0.0] * len(wanted), 0.0
    for k in order:
        centres[k] = max(wanted[k], floor + heights[k] / 2)
        floor = centres[k] + heights[k] / 2
    ceiling = max(room, sum(heights))
    for k in reversed(order):
        centres[k] = min(centres[k], ceiling - heights[k] / 2)
        ceiling = centres[k] - heights[k] / 2
    return centres


def curve(
    ax: Axes, name: str, rows: pd.DataFrame, stated: pd.Series, drawn_as: PolicyLook, fainter: bool
) -> None:
    """Draw a policy's curve from rows of ``curves.csv`` with its band, and mark the value that is stated."""
    band: Style = {
        "color": drawn_as.colour,
        "alpha": 0.09 if fainter else 0.18,
        "linewidth": 0,
        "gid": f"band {name}",
    }
    ax.fill_between(rows["time_years"], rows["ci_low"], rows["ci_high"], **band)
    line: Style = {
        "color": drawn_as.colour,
        "linestyle": drawn_as.line,
        "linewidth": 2,
        "gid": f"curve {name}",
    }
    ax.plot(rows["time_years"], rows["estimate"], **line)
    dot: Style = {
        "color": drawn_as.colour,
        "marker": drawn_as.marker,
        "markersize": 8,
        "markeredgecolor": "white",
    }
    ax.plot(
        [stated["horizon_years"]], [stated["estimate"]], **dot, gid=f"stated {name}", zorder=4, clip_on=False
    )


def years_axis(ax: Axes, end: float, ticks: int) -> None:
    """Let the horizontal axis run from diagnosis to ``end`` years, with about so many ticks."""
    ax.set(xlim=(0, end if end > 0 else 1.0), xlabel="years since diagnosis")
    ax.xaxis.set_major_locator(MaxNLocator(ticks, steps=[1, 2, 5, 10]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.6g}"))


def percent_axis(axis: Axis, ticks: int) -> None:
    """Write proportions on an axis as percent."""
    axis.set_major_locator(MaxNLocator(ticks, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.6g} %"))


def labels_at_ends(
    ax: Axes, ends: Sequence[tuple[float, str, Sequence[str], PolicyLook]], tied: bool = True
) -> None:
    """Write a value and lines of text right of the axes, by the height at which each curve ends.

    ``tied``: a line leads there from the end, whose value it then must be.
    """
    page = ax.figure.get_figure(root=True).get_size_inches()
    _, _, width, height = (ax.get_position().bounds * np.tile(page, 2)).tolist()
    low, high = ax.get_ylim()
    starts = [(end - low) / (high - low) * height if np.isfinite(end) else 0.0 for end, _, _, _ in ends]
    heights = [label_height(lines) for _, _, lines, _ in ends]
    # The first line beside its curve, where there is room.
    wanted = [
        start - (len(lines) - 1) / 2 * TEXT * LINE
        for start, (_, _, lines, _) in zip(starts, ends, strict=True)
    ]
    # The names begin where the widest value leaves room.
    widest = max((text_width(value, TEXT, "bold") for _, value, _, _ in ends), default=0.0)
    indent = max(LABEL_INDENT, 0.46 + widest + 0.08)
    for (_, value, lines, drawn_as), start, centre in zip(
        ends, starts, spread(wanted, heights, height), strict=True
    ):
        # Beyond the axes, at the height of the first line of the name.
        first = (centre + (len(lines) - 1) / 2 * TEXT * LINE) / height
        at = [1 + inches / width for inches in (0, 0.1, 0.36, 0.46, indent)]
        text: Style = {"transform": ax.transAxes, "va": "center", "gid": "label"}
        beyond: Style = {"transform": ax.transAxes, "clip_on": False}
        if tied:  # thin and grey, so that nobody takes it for a part of the curve
            ax.plot(at[:2], [start / height, first], color=PALE, linewidth=0.8, zorder=1, **beyond)
        line: Style = {"color": drawn_as.colour, "linestyle": drawn_as.line, "linewidth": 1.6}
        mark: Style = {"marker": drawn_as.marker, "markevery": [1], "markersize": 7}
        ax.plot(at[1:3], [first, first], **line, **mark, **beyond)
        ax.text(at[3], first, value, weight="bold", **text)
        ax.text(at[4], centre / height, "\n".join(lines), linespacing=1.2, **text)


def label_height(lines: Sequence[str]) -> float:
    """Return the height that a label at an end takes, in inches."""
    return len(lines) * TEXT * LINE + 0.1


class Grid:
    """Panels of one size, at most ``most`` in a row, each under a heading; lengths in inches.

    ``gap`` lies between columns, ``below`` under the panels of each row but the last.
    """

    def __init__(
        self,
        panels: int,
        left: float,
        right: float,
        height: float,
        gap: float = 0.35,
        below: float = 0.25,
        most: int = 3,
    ) -> None:
        # Four read better as two by two.
        self.columns = min(2 if panels == 4 else panels, most)
        self.rows = -(-panels // self.columns)
        self.count, self.left, self.height, self.gap, self.below = panels, left, height, gap, below
        self.panels = WIDTH - left - right
        self.width = (self.panels - self.gap * (self.columns - 1)) / self.columns

    def draw(
        self, title: str, note: str, headings: Sequence[Sequence[str]], bottom: float
    ) -> tuple[Figure, list[Axes]]:
        """Return the figure and its panels by rows; ``bottom`` inches stay free below them."""
        by_row = [headings[k : k + self.columns] for k in range(0, self.count, self.columns)]
        self.above = [max(len(lines) for lines in row) * SMALL * LINE + 0.15 for row in by_row]
        self.rows_height = sum(self.above) + self.rows * self.height + self.below * (self.rows - 1)
        drawn = figure(title, note, self.rows_height + bottom)
        panels, top = [], bottom + self.rows_height
        for k, lines in enumerate(headings):
            row, column = divmod(k, self.columns)
            if column == 0:
                top -= self.above[row] + self.height + (self.below if row else 0)
            ax = axes(drawn, self.left + column * (self.width + self.gap), top, self.width, self.height)
            ax.text(
                0,
                1 + 0.08 / self.height,
                "\n".join(lines),
                transform=ax.transAxes,
                size=SMALL,
                va="bottom",
                linespacing=1.2,
                gid="label",
            )
            panels.append(ax)
        return drawn, panels


def swatch(
    drawn: Figure, left: float, bottom: float, colour: str, words: str, hatch: str | None = None
) -> None:
    """Explain a colour in words, at a place in inches."""
    ax = axes(drawn, left, bottom, 0.26, 0.19)
    ax.bar([0], [1], width=1, color=colour, hatch=hatch, edgecolor="white")
    ax.set(xlim=(-0.5, 0.5), ylim=(0, 1))
    ax.axis("off")
    ax.text(0.85, 0.45, words, va="center", gid="label")


def save(drawn: Figure, folder: Path, name: str) -> list[Path]:
    """Write NAME.png and NAME.svg, which hold title and note as text, and return their paths."""
    paths = [folder / f"{name}.png", folder / f"{name}.svg"]
    with style():
        drawn.savefig(paths[0], dpi=DPI, metadata=said(drawn))
        drawn.savefig(paths[1], metadata={"Date": None, **said(drawn)})
    return paths


def save_all(pictures: Mapping[str, Callable[[], Figure]], folder: Path) -> list[Path]:
    """Draw and write each picture in turn; return the paths. ``pictures``: by name, what draws it."""
    return [path for name, draw in pictures.items() for path in save(draw(), folder, name)]


def said(drawn: Figure) -> dict[str, str]:
    """Return what is written above a picture, for whoever cannot see it: ``Title`` and ``Description``."""
    above = [text.get_text().replace("\n", " ").strip() for text in drawn.texts[:2]]
    return {name: words for name, words in zip(("Title", "Description"), above, strict=False) if words}
