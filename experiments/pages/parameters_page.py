"""``make parameters``: docs/parameters.md, every number of the model, from the code and its configuration."""

import sys
from pathlib import Path

from analysis.pages import numbers as pages
from conf import numbers, stated_sources
from conf.composition import composed, composing
from conf.origins import origins
from conf.schema import read_run
from experiments.model_source import uses

PAGE = Path(__file__).resolve().parents[2] / "docs/parameters.md"

WORDS = ["economics=dutch"]


def page() -> str:
    """Return the page as the code and its configuration have it now."""
    with composing():
        run = read_run(composed("compare", WORDS)[0])
        known = numbers.numbers_of(run, origins("compare", WORDS))
    return pages.page(known, uses(numbers.trees_of(run)), stated_sources.evidence(), numbers.shipped_fit())


def main() -> int:
    """Write the page; return the exit status."""
    PAGE.write_text(page(), "utf-8")
    print(PAGE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
