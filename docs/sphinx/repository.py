"""What Sphinx needs to read the repository's Markdown as it is."""

import re
from pathlib import Path
from typing import Any

import reference
from sphinx.application import Sphinx

LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)#\s]+)\)")
MERMAID = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BOX = re.compile(r'^ *(\w+)\["(.+?)"\]$', re.MULTILINE)
ARROW = re.compile(r'^ *(\w+) -->\|"(.+?)"\| (\w+)$', re.MULTILINE)


def read(app: Sphinx, name: str, source: list[str]) -> None:
    """Put the generated parts into a page, and change what only a repository's own view can show."""
    page = Path(app.env.doc2path(name))
    text = reference.filled(source[0])
    text = MERMAID.sub(lambda found: as_table(found[1]), text)
    source[0] = LINK.sub(lambda found: without_folder(found, page.parent), text)


def without_folder(link: re.Match[str], folder: Path) -> str:
    """Return a link to a folder, which has no page here, as its words alone; another link as it is."""
    is_picture, words, target = link.groups()
    return words if not is_picture and (folder / target).is_dir() else link[0]


def as_table(diagram: str) -> str:
    """Return the arrows of a Mermaid diagram as a table: drawing them takes a program from elsewhere."""
    names = {box: label.partition("<br>")[0] for box, label in BOX.findall(diagram)}
    rows = [
        [names[caller], names[called], "<br>".join(f"`{part}`" for part in words.split("<br>"))]
        for caller, words, called in ARROW.findall(diagram)
    ]
    return reference.table(["from", "to", "what is called"], rows)


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the reading of pages."""
    app.connect("source-read", read)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
