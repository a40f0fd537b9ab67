"""The recipes of CONTRIBUTING.md, followed to the letter in a copy of the repository."""

import re
import shutil
import textwrap
from collections.abc import Iterator
from pathlib import Path

RECIPES = ("Add a parameter", "Add a lever", "Add an event", "Add a mechanism", "Add an outcome")
BLOCK = re.compile(r"^ *```(diff|python|yaml)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
NEW_FILE = re.compile(r"# (\S+/\S+\.(?:py|yaml))\n")
NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv", "runs", "__pycache__", ".*_cache", ".hypothesis", "*.egg-info", "build", "dist"
)


def section(document: str, heading: str) -> str:
    """Return what stands under a heading."""
    found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", document, re.MULTILINE | re.DOTALL)
    assert found, f"there is no recipe: {heading}"
    return found[1]


def steps(recipe: str) -> Iterator[tuple[str, str, str]]:
    """Yield each change of a recipe: the file, the text that is found there, and the text in its place.

    Nothing is found in a new file, nor where lines go to the end of a file.
    """
    for kind, indented in BLOCK.findall(recipe):
        block = textwrap.dedent(indented)
        if kind != "diff":
            if new := NEW_FILE.match(block):
                yield new[1], "", block[new.end() :]
            continue
        for part in re.split(r"^--- ", block, flags=re.MULTILINE)[1:]:
            file, _, hunks = part.partition("\n")
            for hunk in re.split(r"^@@\n", hunks, flags=re.MULTILINE):
                lines = [line or " " for line in hunk.removesuffix("\n").split("\n")]
                assert all(line[0] in " +-" for line in lines), hunk
                if all(line[0] == "+" for line in lines):
                    yield file, "", "\n".join(line[1:] for line in lines) + "\n"
                else:
                    old = "\n".join(line[1:] for line in lines if line[0] != "+")
                    yield file, old, "\n".join(line[1:] for line in lines if line[0] != "-")


def follow(recipe: str, folder: Path) -> list[str]:
    """Do what a recipe says in a copy of the repository; return the files that it touches."""
    touched = []
    for file, old, new in steps(recipe):
        path = folder / file
        if old:
            text = path.read_text("utf-8")
            assert text.count(old) == 1, f"{file}: {text.count(old)} times: {old}"
            path.write_text(text.replace(old, new), "utf-8")
        elif path.exists():
            with path.open("a", encoding="utf-8") as end:
                end.write(new)
        else:
            assert path.parent.is_dir(), file
            path.write_text(new, "utf-8")
        touched.append(file)
    return touched


def copy(root: Path, folder: Path) -> Path:
    """Return a copy of the repository that can be changed."""
    return Path(shutil.copytree(root, folder, ignore=NOT_COPIED))
