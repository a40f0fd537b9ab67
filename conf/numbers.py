"""The numbers of the model: each with its value, its range, where it comes from, and what it rests on."""

import csv
import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from conf import units
from conf.economics import ECONOMICS
from conf.origins import COMMAND_LINE, FITTED
from conf.run import Run, Tree
from conf.schema import shipped, shipped_sections
from conf.stated_sources import ASSUMPTION, comments, ids_in

CONF = Path(__file__).parent
# Ranges are of the numbers in this file; another cohort's number can lie outside.
COHORT_OF_RANGES = "conf/cohort/dutch_contemporary.yaml"
Value = float | list[float]


@dataclass(frozen=True)
class Number:
    """A number of the model, or a list of numbers under one key.

    ``low`` and ``high``: the 95 % interval that it has in ``conf/uncertainty``, or None where it has none;
    ``fixed``: a definition, which has no uncertainty. ``posterior``: the 95 % interval of a fitted number in
    the shipped posterior sample, element by element (low, high), None where an element is not in it.
    ``origin``: as ``origins`` has it. ``said``: the comment beside the value. ``sources``: ids of the
    evidence; ``assumed``: whether an assumption is part of it.
    """

    key: str  # surgery.leak_probability
    value: Value
    allowed: str
    origin: str
    low: Value | None
    high: Value | None
    distribution: str
    posterior: tuple[tuple[float, float] | None, ...]
    said: str
    sources: tuple[str, ...]
    assumed: bool

    @property
    def section(self) -> str:
        """Return the section that the number is in: surgery, cohort, clinic."""
        return self.key.partition(".")[0]

    @property
    def name(self) -> str:
        """Return the number's name within its section."""
        return self.key.partition(".")[2]

    @property
    def ranges(self) -> str:
        """Return the file that its 95 % interval is in."""
        return f"conf/{ranges_file(self.section, self.origin)}.yaml"

    @property
    def fitted(self) -> bool:
        """Return whether a fit set it."""
        return self.origin in FITTED.values()

    @property
    def own(self) -> bool:
        """Return whether the user set it: in a file or on the command line."""
        return self.origin == COMMAND_LINE or self.origin.startswith("your file")

    @property
    def fixed(self) -> bool:
        """Return whether it is a definition, without uncertainty."""
        return self.distribution == "fixed"


class Use(NamedTuple):
    """A place in the code where a number is read."""

    file: str  # sim/pathway/surgery.py
    line: int
    function: str  # of this file, or "" outside of any


class Fit(NamedTuple):
    """What the shipped fit says of itself: the trials, how many of their endpoints, and the fit in words."""

    endpoints: int
    trials: tuple[str, ...]
    words: str


def trees_of(run: Run) -> dict[str, Tree]:
    """Return a run's numbers by section: the disease, cohort, clinic, and any prices and utilities."""
    trees = {section: run.parameters[section] for section in shipped_sections()}
    trees |= {"cohort": run.cohort, "clinic": run.clinic}
    return trees | ({ECONOMICS: run.economics.numbers} if run.economics else {})


def numbers_of(run: Run, found: Mapping[str, str]) -> list[Number]:
    """Return all numbers of a run, section by section, as ``trees_of`` has them.

    ``found``: where each value comes from, by its full key, of ``conf.origins.origins``.
    """
    keys = {
        f"{section}.{name}": value for section, tree in trees_of(run).items() for name, value in tree.items()
    }
    # A price that states its currency and year is a group of keys there.
    origin = {key: found.get(key) or found.get(f"{key}.value", "") for key in keys}
    return [number_of(key, value, origin[key]) for key, value in keys.items()]


def ranges_file(section: str, origin: str) -> str:
    """Return the file of the 95 % intervals of a section's numbers that are from ``origin``, or nothing."""
    if section == ECONOMICS:
        file = f"uncertainty/{origin.removeprefix('conf/').removesuffix('.yaml')}"
        return file if (CONF / f"{file}.yaml").is_file() else ""
    ranged = section != "clinic" and (section != "cohort" or origin == COHORT_OF_RANGES)
    return f"uncertainty/{section}" if ranged else ""


def number_of(key: str, value: Value, origin: str) -> Number:
    """Return a number of the shipped model, by its full key, with a value from ``origin``."""
    section, _, name = key.partition(".")
    ranges = ranges_file(section, origin)
    uncertainty = shipped(ranges)[name] if ranges else {}
    file = origin.removesuffix(".yaml").removeprefix("conf/") if origin.startswith("conf/") else ""
    if not file and section in shipped_sections():
        file = f"parameters/{section}"
    said = comments(file).get(name, "") if file else ""
    # What the user sets rests on what the user knows, not on the sources of the default.
    own = origin == COMMAND_LINE or origin.startswith("your file")
    listed = uncertainty.get("source", [])
    listed = [listed] if isinstance(listed, str) else listed
    named = [] if own else [*dict.fromkeys([*ids_in(said), *listed])]
    fitted = origin in FITTED.values()
    return Number(
        key=key,
        value=value,
        allowed=units.range_of(key).words,
        origin=origin,
        low=uncertainty.get("low"),
        high=uncertainty.get("high"),
        distribution=uncertainty.get("distribution", ""),
        posterior=_posterior(key, value) if fitted else (),
        said="" if own else said,
        sources=tuple(name for name in named if name != ASSUMPTION),
        assumed=ASSUMPTION in named,
    )


@functools.cache
def shipped_fit() -> Fit:
    """Return what ``conf/disease/calibrated.yaml`` says of the fit that wrote it."""
    text = (CONF / "disease/calibrated.yaml").read_text("utf-8")
    targets = re.search(r"^# targets: (\d+) endpoints of (.*)$", text, re.MULTILINE)
    fit = re.search(r"^# fit: (.*)$", text, re.MULTILINE)
    assert targets and fit  # lrrc calibrate writes both
    return Fit(int(targets[1]), tuple(targets[2].split(", ")), fit[1])


@functools.cache
def _members() -> dict[str, np.ndarray]:
    with (CONF / "posterior.csv").open(newline="", encoding="utf-8") as file:
        names, *rows = csv.reader(file)
    table = np.array(rows, float)
    return dict(zip(names, table.T, strict=True))


def _posterior(key: str, value: Value) -> tuple[tuple[float, float] | None, ...]:
    names = [f"{key}[{k}]" for k in range(len(value))] if isinstance(value, list) else [key]
    members = _members()
    found: list[tuple[float, float] | None] = []
    for name in names:
        if name in members:
            low, high = np.quantile(members[name], (0.025, 0.975))
            found.append((float(low), float(high)))
        else:
            found.append(None)
    return tuple(found)
