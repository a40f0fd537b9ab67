"""Draws of the uncertain prices and utilities of a country, and of how far studies lie from the model."""

import dataclasses
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from conf.contrasts import DRAWN
from conf.discrepancy import CONTRAST, Discrepancy
from conf.economics import ECONOMICS, Economics
from conf.own_file import read_yaml
from conf.run import Tree
from conf.uncertain import Uncertain

# Lists by age: their elements are too high or too low together.
BY_AGE = ("men_norm_utility", "women_norm_utility", "other_health_care_price_per_year")
# What the discrepancy of a kind of outcome changes in the cohort, and in which direction.
OF_COHORT = {"metastasis": ("metastasis_odds_ratio", 1.0), "survival": ("background_mortality_ratio", -1.0)}


@dataclass(frozen=True)
class EconomicDraws:
    """Draws of a country's uncertain numbers: ``values``, shape (draws, numbers), by ``numbers``."""

    numbers: tuple[Uncertain, ...]
    values: np.ndarray

    def economics(self, base: Economics, draw: int) -> Economics:
        """Return the economics with the values of a draw."""
        return with_economic_values(base, self.numbers, self.values[draw].tolist())


def with_economic_values(base: Economics, numbers: Sequence[Uncertain], values: Sequence[float]) -> Economics:
    """Return the economics with some of its numbers replaced."""
    changed: Tree = {
        key: list(value) if isinstance(value, list) else value for key, value in base.numbers.items()
    }
    for number, value in zip(numbers, values, strict=True):
        if number.index is None:
            changed[number.name] = value
        else:
            changed[number.name][number.index] = value
    return dataclasses.replace(base, numbers=changed)


@functools.cache
def _uncertainty(name: str) -> Tree:
    path = Path(__file__).parent / "uncertainty" / ECONOMICS / f"{name}.yaml"
    return read_yaml(path, f"uncertainty/{ECONOMICS}/{name}") if path.is_file() else {}


def uncertain_economics(name: str, base: Economics) -> tuple[Uncertain, ...]:
    """Return the uncertain numbers of a file of economics, in the order of its keys.

    Those to which the file gives a range of its own; of a shipped one, ``name``, also those that it has
    beside it. A number that the run sets outside its range is none of them.
    """
    numbers = []
    for key, uncertainty in {**_uncertainty(name), **base.ranges}.items():
        given = base.numbers[key]
        listed = given if isinstance(given, list) else [given]
        lows, highs = (
            uncertainty[end] if isinstance(given, list) else [uncertainty[end]] for end in ("low", "high")
        )
        for k, (value, low, high) in enumerate(zip(listed, lows, highs, strict=True)):
            if low < high and low <= value <= high:
                place = k if isinstance(given, list) else None
                numbers.append(_number(key, place, value, low, high, uncertainty))
    return tuple(numbers)


def _number(key: str, index: int | None, value: float, low: float, high: float, said: Tree) -> Uncertain:
    full = f"{ECONOMICS}.{key}" if index is None else f"{ECONOMICS}.{key}[{index}]"
    source = said["source"]
    words = ", ".join(source) if isinstance(source, list) else str(source)
    return Uncertain(full, ECONOMICS, key, index, value, low, high, words, said["distribution"])


def draw_economics(numbers: Sequence[Uncertain], draws: int, seed: int) -> EconomicDraws:
    """Return draws of the numbers by Latin hypercube: each number's margin is covered evenly."""
    columns = {together(number): None for number in numbers}
    place = {name: k for k, name in enumerate(columns)}
    normals = _normals(len(columns), draws, seed)
    values = np.empty((draws, len(numbers)))
    for k, number in enumerate(numbers):
        values[:, k] = [number.value(normal) for normal in normals[:, place[together(number)]]]
    return EconomicDraws(tuple(numbers), values)


def together(number: Uncertain) -> str:
    """Return what a number varies with: the key of its list, where that is by age, else its own."""
    return number.name if number.name in BY_AGE else number.key


def _normals(columns: int, draws: int, seed: int) -> np.ndarray:
    if columns == 0:
        return np.empty((draws, 0))
    uniforms = stats.qmc.LatinHypercube(columns, rng=seed).random(draws)
    normals: np.ndarray = stats.norm.ppf(np.clip(uniforms, 1e-9, 1 - 1e-9))
    return normals


@dataclass(frozen=True)
class DiscrepancyDraws:
    """How far a new cohort lies from what the model predicts, a row for each draw.

    ``shifts``: by kind of outcome, in log odds or log hazard; ``contrasts``: by lever, the log of the ratio
    of local recurrences that it brings to what the model says.
    """

    shifts: dict[str, np.ndarray]
    contrasts: dict[str, np.ndarray]

    def log_ratios(self, levers: Sequence[str]) -> np.ndarray:
        """Return the same of a policy that differs by these levers, shape (draws,); 0 where by none.

        The sum over levers, divided by the root of their number: every contrast is as uncertain as those of
        studies are, and policies that differ by the same lever are wrong together.
        """
        draws = len(next(iter(self.contrasts.values())))
        total: np.ndarray = sum((self.contrasts[lever] for lever in levers), np.zeros(draws))
        return np.asarray(total / np.sqrt(max(len(levers), 1)))

    def cohort(self, base: Tree, draw: int) -> Tree:
        """Return the cohort as a draw has it."""
        changed = dict(base)
        for kind, (key, sign) in OF_COHORT.items():
            changed[key] = base[key] * float(np.exp(sign * self.shifts[kind][draw]))
        return changed


def draw_discrepancy(discrepancy: Discrepancy, draws: int, seed: int) -> DiscrepancyDraws:
    """Return draws of the discrepancy, Student's t by kind of outcome (``conf/discrepancy.csv``).

    Metastases differ in their odds, survival in the hazard of other deaths, and each lever of policies in the
    ratio of local recurrences with it and without. Assumption: that these stand for the differences that
    studies showed.
    """
    kinds = {**{kind: kind for kind in OF_COHORT}, **dict.fromkeys(DRAWN, CONTRAST)}
    uniforms: Any = stats.qmc.LatinHypercube(len(kinds), rng=[seed, 1]).random(draws)
    scaled = {
        name: discrepancy.scales[kind] * stats.t.ppf(uniforms[:, k], discrepancy.degrees)
        for k, (name, kind) in enumerate(kinds.items())
    }
    return DiscrepancyDraws(
        {kind: scaled[kind] for kind in OF_COHORT}, {lever: scaled[lever] for lever in DRAWN}
    )
