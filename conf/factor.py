"""What a sensitivity analysis varies: an uncertain number, or a list whose elements move together.

A number that was fitted has the margin of the posterior sample, another one its prior.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from conf.economic_draws import together, uncertain_economics, with_economic_values
from conf.economics import ECONOMICS
from conf.posterior import Sample
from conf.run import Run
from conf.schema import shipped, shipped_sections
from conf.uncertain import Uncertain, all_uncertain_numbers, with_values

POSTERIOR, PRIOR = "posterior", "prior"


@dataclass(frozen=True)
class Factor:
    """A number that varies, or some together; ``sample``: posterior values of a number that was fitted."""

    key: str
    numbers: tuple[Uncertain, ...]
    sample: tuple[float, ...] | None = None

    @property
    def basis(self) -> str:
        """Where its distribution comes from."""
        return PRIOR if self.sample is None else POSTERIOR

    @property
    def section(self) -> str:
        """The section that it counts with: of the disease, or prices or utilities."""
        first = self.numbers[0]
        if first.section != ECONOMICS:
            return first.section
        return "utilities" if "utility" in first.name else "prices"

    def values(self, quantiles: np.ndarray) -> np.ndarray:
        """Return its numbers at quantiles of its distribution, shape (quantiles, numbers)."""
        if self.sample is not None:
            sampled: np.ndarray = np.quantile(self.sample, quantiles)
            return sampled[:, None]
        normals = stats.norm.ppf(quantiles)
        return np.array([[number.value(normal) for number in self.numbers] for normal in normals])


def factors_of(run: Run, economics: str, sample: Sample | None) -> list[Factor]:
    """Return all that is uncertain in a run: of the disease by key, then of its costs and utilities.

    ``economics``: the shipped file that the run took; ``sample``: of the posterior. A number that the run
    sets otherwise than the files, and one with a single value, is none of them.
    """
    default = {section: shipped(f"parameters/{section}") for section in shipped_sections()}
    fitted = {
        section: tree | shipped("disease/calibrated").get(section, {}) for section, tree in default.items()
    }
    column = {number.key: k for k, number in enumerate(sample.numbers)} if sample else {}
    members = np.array([*sample.members.values()]) if sample else np.empty((0, 0))
    factors = []
    for number in all_uncertain_numbers():
        if number.key in column:
            values = members[:, column[number.key]]
            if values.min() < values.max():
                factors.append(Factor(number.key, (number,), tuple(np.sort(values).tolist())))
        elif number.of(run.parameters) in (number.default, number.of(fitted)):
            factors.append(Factor(number.key, (number,)))
    moved: dict[str, list[Uncertain]] = {}
    for number in uncertain_economics(economics, run.economics) if run.economics else ():
        name = together(number)
        key = f"{ECONOMICS}.{name}" if name == number.name else number.key
        moved.setdefault(key, []).append(number)
    return [*factors, *(Factor(key, tuple(numbers)) for key, numbers in moved.items())]


def with_factors(run: Run, factors: Sequence[Factor], values: Sequence[Sequence[float]]) -> Run:
    """Return the run with factors at values: of each as many as it has numbers."""
    pairs = [
        (number, float(value))
        for factor, own in zip(factors, values, strict=True)
        for number, value in zip(factor.numbers, own, strict=True)
    ]
    disease = [pair for pair in pairs if pair[0].section != ECONOMICS]
    prices = [pair for pair in pairs if pair[0].section == ECONOMICS]
    economics = run.economics
    if economics and prices:
        economics = with_economic_values(economics, *map(list, zip(*prices, strict=True)))
    parameters = run.parameters
    if disease:
        parameters = with_values(parameters, *map(list, zip(*disease, strict=True)))
    return dataclasses.replace(run, parameters=parameters, economics=economics)
