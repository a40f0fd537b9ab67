"""``make parameters``: docs/parameters.md, every number of the model, from the code and its configuration.

With the assumptions and the published figures of docs/economics.md, from the same files.
"""

import sys
from pathlib import Path

from analysis.pages import economics_page as economics
from analysis.pages import numbers as pages
from conf import numbers, stated_sources
from conf.composition import composed, composing
from conf.origins import origins
from conf.schema import read_run
from experiments.model_source import uses

PAGE = Path(__file__).resolve().parents[2] / "docs/parameters.md"
ECONOMICS = PAGE.with_name("economics.md")
STUDIES = ("scrttnt_us", "ww_us_dm", "scrt_lccrt_pmc6481445", "lindenberg2022")  # evaluations on that page

WORDS = ["economics=dutch"]


def page() -> str:
    """Return the page as the code and its configuration have it now."""
    with composing():
        run = read_run(composed("compare", WORDS)[0])
        known = numbers.numbers_of(run, origins("compare", WORDS))
    return pages.page(known, uses(numbers.trees_of(run)), stated_sources.evidence(), numbers.shipped_fit())


def economics_page() -> str:
    """Return docs/economics.md with its assumptions and published figures as the files have them now."""
    ids = [name for name in stated_sources.evidence() if name.partition(".")[0] in STUDIES]
    parts = {"assumptions": economics.assumptions("dutch"), "published": economics.published(ids)}
    return economics.with_parts(ECONOMICS.read_text("utf-8"), parts, "make parameters")


def main() -> int:
    """Write the pages; return the exit status."""
    PAGE.write_text(page(), "utf-8")
    ECONOMICS.write_text(economics_page(), "utf-8")
    print(f"{PAGE}\n{ECONOMICS}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
