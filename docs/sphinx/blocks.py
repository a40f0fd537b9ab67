"""The code blocks of the documents: found, run in this process, and their printed output compared or renewed.

`python docs/sphinx/blocks.py` runs the tutorials and writes what their commands print below them.
"""

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
# A fence, which may be indented as part of a list.
FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>[^\n`]*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)
# A picture of a page, and the file of a run of that page that it is.
PICTURE = re.compile(r"^!\[[^\]]*\]\(([^)]+)\)\n<!-- is: (\S+) -->$", re.MULTILINE)
LEFT_OUT = "..."  # a line of an output: any lines


class Block(NamedTuple):
    """A code block: its language, its text without indentation, and where it is in the page's text."""

    language: str
    text: str
    line: int
    start: int
    end: int
    indent: str


def blocks(text: str) -> list[Block]:
    """Return the code blocks of a page's text, in order; MyST's directives are among them."""
    return [
        Block(
            found["language"].strip(),
            re.sub(rf"^{found['indent']}", "", found["text"], flags=re.MULTILINE),
            text.count("\n", 0, found.start()) + 1,
            found.start("text"),
            found.end("text"),
            found["indent"],
        )
        for found in FENCE.finditer(text)
    ]


HOME = "/home/you/study"  # the working folder, as the pages write it


class BlockError(Exception):
    """A block that did not do what the page shows; the words have its command and what was printed."""


Changed = Callable[[list[str]], list[str]]


def run_line(line: str, changed: Changed = lambda words: words) -> str:
    """Run a line of a shell block; return what it prints. Raises BlockError where it fails.

    ``lrrc`` runs in this process, its words as ``changed`` returns them; anything else runs in a shell.
    """
    words = shlex.split(line, comments=True)
    if not words:
        return ""
    if words[0] != "lrrc":
        done = subprocess.run(line, shell=True, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BlockError(f"{line}: status {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout
    from experiments.cli.command import main

    given = changed(words[1:])
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(given)
    if status:
        raise BlockError(f"lrrc {shlex.join(given)}: status {status}: {out.getvalue()}{err.getvalue()}")
    return out.getvalue().replace(str(Path.cwd()), HOME)


def file_of(block: Block) -> tuple[Path, str] | None:
    """Return the file that a block of YAML shows, by the path in its first line, or None without one."""
    first, _, _ = block.text.partition("\n")
    path = first.removeprefix("# ")
    return (Path(path), block.text) if re.fullmatch(r"# [\w/.-]+\.\w+", first) else None


def cut(text: str, printed: str) -> str:
    """Return what was printed as the page would show it: where the page leaves out lines, so does this.

    A part of the page is recognised by its first and last lines' first words.
    """
    if not re.search(rf"^{re.escape(LEFT_OUT)}$", text, re.MULTILINE):
        return printed
    lines, shown, place = printed.splitlines(keepends=True), [], 0
    for part in re.split(rf"^{re.escape(LEFT_OUT)}$\n", text, flags=re.MULTILINE):
        if shown or not part:
            shown.append(f"{LEFT_OUT}\n")
        wanted = part.splitlines(keepends=True)
        if not wanted:
            continue
        starts = [_begins(line) for line in lines]
        first = starts.index(_begins(wanted[0]), place)
        place = first + len(wanted)
        shown += lines[first:place]
    return re.sub(rf"(^{re.escape(LEFT_OUT)}\n)+", f"{LEFT_OUT}\n", "".join(shown), flags=re.MULTILINE)


def _begins(line: str) -> list[str]:
    return re.findall(r"[^\W\d]+", line)[:3]


@contextlib.contextmanager
def within(folder: Path) -> Iterator[None]:
    """Work in a folder for a while."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def write(block: Block) -> Path | None:
    """Write the file that a block of YAML shows into the working folder, where its first line names one."""
    if file := file_of(block):
        file[0].parent.mkdir(parents=True, exist_ok=True)
        file[0].write_text(file[1], "utf-8")
    return file[0] if file else None


def run_python(block: Block, page: str, names: dict[str, Any]) -> str:
    """Run a block of Python with the names that earlier ones left; return what it prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(block.text, page, "exec"), names)
    return out.getvalue()


def renewed(text: str) -> str:
    """Return a page with the outputs of its commands as they are printed now; runs in the working folder."""
    printed, pieces, place = "", [], 0
    names: dict[str, Any] = {"__name__": "__main__"}
    for block in blocks(text):
        if block.language == "sh":
            printed = "".join(run_line(line) for line in block.text.splitlines())
        elif block.language == "python":
            printed = run_python(block, "<page>", names)
        elif block.language == "yaml":
            write(block)
        elif block.language == "text":
            shown = cut(block.text, printed)
            pieces += [text[place : block.start], re.sub(r"^(?=.)", block.indent, shown, flags=re.MULTILINE)]
            place = block.end
    return "".join([*pieces, text[place:]])


def main(names: Sequence[str]) -> int:
    """Renew the outputs of the tutorials, or of the pages that are named; return the exit status."""
    from experiments.pages.gallery import shrink

    for page in map(Path, names or sorted((ROOT / "docs/tutorials").glob("*.md"))):
        path, text = page.resolve(), page.read_text("utf-8")
        with tempfile.TemporaryDirectory() as folder, within(Path(folder)):
            new = renewed(text)
            for picture, made in PICTURE.findall(text):
                shrink(Path(made), path.parent / picture)
        path.write_text(new, "utf-8")
        print(f"{path.name}: {'as it was' if new == text else 'renewed'}")
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main(sys.argv[1:]))
