"""What a report is made of: paragraphs, lists, tables and pictures, in sections; the template writes them."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Sources:
    """A cell of sources: ids of references, and words where there is none."""

    ids: tuple[str, ...] = ()
    words: str = ""


Cell = str | Sources


@dataclass(frozen=True)
class Text:
    """A paragraph; ``role``: empty, or lead (the main finding), warning, or note."""

    text: str
    role: str = ""
    kind: str = field(default="text", init=False)


@dataclass(frozen=True)
class Heading:
    """A heading within a section."""

    text: str
    kind: str = field(default="heading", init=False)


@dataclass(frozen=True)
class Items:
    """A list; each item a term, or empty, and what is said of it."""

    items: Sequence[tuple[str, str]]
    kind: str = field(default="items", init=False)


@dataclass(frozen=True)
class Code:
    """A line to be typed."""

    text: str
    kind: str = field(default="code", init=False)


@dataclass(frozen=True)
class Table:
    """A table: the first ``row_heads`` cells of a row are its heads; ``numbers``: later ones are numbers."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
    row_heads: int = 1
    numbers: bool = True
    kind: str = field(default="table", init=False)


@dataclass(frozen=True)
class Picture:
    """A picture in PNG as base64, with what it shows for whoever cannot see it, and its caption."""

    data: str
    alt: str
    caption: str
    width: int
    height: int
    kind: str = field(default="picture", init=False)


@dataclass(frozen=True)
class Reference:
    """A publication: what it studied, its words in the evidence table, and the figures that are read from it.

    ``figures``: by id, what was measured.
    """

    study: str
    source: str
    figures: dict[str, str]


@dataclass(frozen=True)
class References:
    """The sources that the page refers to."""

    entries: Sequence[Reference]
    kind: str = field(default="references", init=False)


Block = Text | Heading | Items | Code | Table | Picture | References


@dataclass(frozen=True)
class Section:
    """A part of the page, with its heading; one without blocks is left out."""

    id: str
    title: str
    blocks: Sequence[Block]
