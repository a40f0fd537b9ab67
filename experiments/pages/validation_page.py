"""``make validation``: docs/validation.md, its pictures and table, from ``lrrc validate`` of every trial."""

import re
import sys
import tempfile
from pathlib import Path

from analysis.pages.validated import SHIPPED, as_csv, endpoints_of
from experiments.cli.command import main as lrrc
from experiments.pages.gallery import shrink

DOCS = Path(__file__).resolve().parents[2] / "docs"
PICTURES = "pictures/validation"
WIDTH, COLOURS = 760, 24  # many pictures of few colours


def main(words: list[str]) -> int:
    """Run it with these words of the command line, and write page and pictures; return the exit status."""
    with tempfile.TemporaryDirectory() as scratch:
        run = Path(scratch, "run")
        if status := lrrc(["validate", *words, f"out={run}"]):
            return status
        folder = DOCS / PICTURES
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.png"):
            old.unlink()
        for drawn in sorted([*run.glob("*.png"), *run.glob("trials/*.png")]):
            shrink(drawn, folder / drawn.name, WIDTH, COLOURS)
        page = write(run, " ".join(["lrrc validate", *words]))
        SHIPPED.write_text(as_csv(endpoints_of(page.read_text("utf-8"))), "utf-8")
        print(page)
    return 0


def write(run: Path, command: str) -> Path:
    """Write docs/validation.md from a run's page, pictures where the documents have them; return where."""
    page = (run / "validation.md").read_text("utf-8")
    page = re.sub(r"(!\[[^]]*\]\()(?:trials/)?", rf"\1{PICTURES}/", page)
    title, _, rest = page.partition("\n\n")
    made = f"Made by `make validation` from `{command}`: change the trials or the disease, not this page."
    path = DOCS / "validation.md"
    path.write_text(f"{title}\n\n{made}\n\n{rest}", "utf-8")
    return path


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
