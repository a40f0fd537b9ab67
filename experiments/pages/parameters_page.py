"""``make parameters``: docs/parameters.md, every number of the model, from the code and its configuration.

And the keys of a cohort in docs/trials.md.
"""

import sys
from pathlib import Path

from analysis.pages import numbers as pages
from analysis.words.own_files import COHORT, COHORT_FILES
from conf import numbers, stated_sources, units
from conf.composition import composed, composing, read
from conf.input_error import shown
from conf.origins import origins
from conf.schema import read_run
from experiments.model_source import uses

PAGE = Path(__file__).resolve().parents[2] / "docs/parameters.md"
TRIALS = PAGE.parent / "trials.md"
BEGIN, END = "<!-- cohort keys: written by `make parameters` -->", "<!-- end of cohort keys -->"
DEFAULT = "dutch_contemporary"
# By the end of a name; the first that fits.
UNITS = {
    "log_odds_per_year": "log odds a year of age",
    "odds_ratio": "odds ratio",
    "ratio": "ratio",
    "sigma": "standard deviation of a logarithm",
    "years": "years",
    "cm": "cm",
    "mm": "mm",
}


def page() -> str:
    """Return the page as the code and its configuration have it now."""
    with composing():
        run = read_run(composed("compare")[0])
        known = numbers.numbers_of(run, origins("compare", []))
    read = uses({**run.parameters, "cohort": run.cohort, "clinic": run.clinic})
    return pages.page(known, read, stated_sources.evidence(), numbers.shipped_fit())


def cohort_keys() -> str:
    """Return every key of a cohort as a table: its unit, what it does, and the default cohort's value."""
    with composing():
        defaults = read("cohort", DEFAULT)
    lines = ["| key | unit | what it does | default |", "|---|---|---|---|"]
    for key, words in COHORT.items():
        end = next((end for end in UNITS if key.endswith(f"_{end}")), None)
        unit = UNITS[end] if end else units.range_of(key).words
        lines.append(f"| `{key}` | {unit} | {words} | `{shown(defaults[key])}` |")
    for key, words in COHORT_FILES.items():
        lines.append(f"| `{key}` | a name | {words} | `{defaults[key]}` |")
    return "\n".join(lines)


def trials_page(text: str) -> str:
    """Return docs/trials.md with the keys of today between their marks."""
    before, _, after = text.partition(BEGIN)
    return f"{before}{BEGIN}\n{cohort_keys()}\n{END}{after.partition(END)[2]}"


def main() -> int:
    """Write the pages; return the exit status."""
    PAGE.write_text(page(), "utf-8")
    TRIALS.write_text(trials_page(TRIALS.read_text("utf-8")), "utf-8")
    print(PAGE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
