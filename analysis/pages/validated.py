"""How the shipped numbers compare with published figures: the lines of docs/validation.md, as a table.

``make validation`` writes both; a test holds them equal.
"""

import csv
import functools
import io
import re
from pathlib import Path
from typing import NamedTuple

SHIPPED = Path(__file__).with_name("validated.csv")
INSIDE = "inside"
SETS = ("calibration", "validation")
_LINE = re.compile(r"\| (.*) \| `([^`]+)` \| (\S+) \| (.*) \| (.*) \| (\S+) \| (.*) \|")


class Validated(NamedTuple):
    """A published figure and the simulated one, as docs/validation.md writes them.

    ``verdict``: inside (the published interval), too high, too low, or why there is none; ``z``: by how many
    published standard errors the simulated figure lies above the published one.
    """

    set: str
    trial: str
    endpoint: str
    evidence: str
    n: str
    published: str
    simulated: str
    z: str
    verdict: str

    @property
    def judged(self) -> bool:
        """Whether it counts: not where no interval is printed, or nobody is there to compare."""
        return self.verdict == INSIDE or self.missed

    @property
    def missed(self) -> bool:
        """Whether it lies outside."""
        return self.verdict.startswith("too ")


def endpoints_of(page: str) -> list[Validated]:
    """Return the endpoints of a validation's page, in its order."""
    found, of_set, trial = [], "", ""
    for line in page.splitlines():
        if line.startswith("## "):
            of_set = line[3:].lower()
        elif line.startswith("### "):
            trial = line[4:]
        elif of_set in SETS and (match := _LINE.fullmatch(line)):
            cells = [cell.replace("\\|", "|").strip("*") for cell in match.groups()]
            found.append(Validated._make([of_set, trial, *cells]))
    return found


def as_csv(endpoints: list[Validated]) -> str:
    """Return endpoints as the text of a CSV file."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(Validated._fields)
    table.writerows(endpoints)
    return text.getvalue()


@functools.cache
def validated() -> tuple[Validated, ...]:
    """Return the shipped endpoints."""
    with open(SHIPPED, newline="", encoding="utf-8") as file:
        return tuple(Validated(**row) for row in csv.DictReader(file))


def far_off(endpoint: Validated) -> float:
    """Return how many published standard errors lie between the two figures; 0 where that is not known."""
    try:
        return abs(float(endpoint.z.replace("−", "-")))
    except ValueError:
        return 0.0
