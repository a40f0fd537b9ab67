"""A page of HTML, read as a reader's browser would: its headings, tables, pictures, links and ids."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

VOID = ("meta", "img", "br", "link", "hr", "input")


@dataclass
class Page:
    """What a page holds; ``elements``: tag and attributes of all, in order; ``unclosed``: what never ends."""

    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    headings: list[tuple[int, str]] = field(default_factory=list)
    tables: dict[str, list[list[str]]] = field(default_factory=dict)  # by caption, heads first
    unclosed: list[str] = field(default_factory=list)
    text: str = ""

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of every element of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]

    def table(self, words: str) -> list[list[str]]:
        """Return the one table whose caption holds these words, without its line of heads."""
        (rows,) = (rows for caption, rows in self.tables.items() if words in caption)
        return rows[1:]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page, self.open, self.words = Page(), [], []
        self.caption, self.rows = "", []

    def handle_starttag(self, tag, attrs):
        self.page.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.caption, self.rows = "", []
        if tag == "tr":
            self.rows.append([])
        if tag in ("h1", "h2", "h3", "h4", "th", "td", "caption"):
            self.words = []

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.page.unclosed.append(tag)
        words = " ".join("".join(self.words).split())
        if re.fullmatch("h[1-6]", tag):
            self.page.headings.append((int(tag[1]), words))
        elif tag == "caption":
            self.caption = words
        elif tag in ("th", "td"):
            self.rows[-1].append(words)
        elif tag == "table":
            self.page.tables[self.caption] = self.rows

    def handle_data(self, data):
        self.words.append(data)
        if not {"style", "title"} & set(self.open):
            self.page.text += data


def read_page(path: Path) -> Page:
    """Return what a file of HTML holds."""
    reader = _Reader()
    reader.feed(path.read_text("utf-8"))
    reader.close()
    reader.page.unclosed += reader.open
    return reader.page
