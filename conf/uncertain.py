"""The uncertain numbers of the disease: each with the distribution that ``conf/uncertainty`` gives it."""

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize, stats

from conf import units
from conf.input_error import InputError, nearest, shown
from conf.run import Tree
from conf.schema import shipped, shipped_sections

Z95 = float(stats.norm.ppf(0.975))
NORMALS = np.linspace(-5.0, 5.0, 1001)  # where a distribution is tabulated
MEMBERS_PER_PARAMETER, MEMBERS_PER_GROUP = 10, 10  # of a sample, at least, to distinguish what each explains
WITHOUT_EFFECT = ("pathway", "primary")  # of an unhindered clinic: times that no endpoint depends on


@dataclass(frozen=True)
class Uncertain:
    """One uncertain number: a parameter, or an element of one that is a list.

    ``low`` and ``high`` are the 95 % interval of its prior, a ``distribution`` of ``conf/uncertainty``.
    """

    key: str  # surgery.leak_probability, or margin.sterilised_probability[1]
    section: str
    name: str
    index: int | None
    default: float
    low: float
    high: float
    source: str
    distribution: str

    @property
    def quantiles(self) -> np.ndarray:
        """The prior's values at ``NORMALS``, not to be changed."""
        return _quantiles(f"{self.section}.{self.name}", self.distribution, self.low, self.high)

    def of(self, parameters: Mapping[str, Tree]) -> float:
        """Return the number's value in a disease."""
        value = parameters[self.section][self.name]
        return float(value if self.index is None else value[self.index])

    def value(self, normal: float) -> float:
        """Return the number at a standard normal deviate: its prior, where the deviate is drawn from one."""
        return float(np.interp(normal, NORMALS, self.quantiles))

    def normal(self, value: float) -> float:
        """Return the standard normal deviate of a value, within -5 and 5."""
        return float(np.interp(value, self.quantiles, NORMALS))


def check_distinguished(key: str, groups: Mapping[str, Sequence[str]], members: int) -> None:
    """Refuse groups of numbers that so few members cannot distinguish. Raises InputError.

    ``groups``: the numbers of each by its name; ``key``: what the groups are called.
    """
    for name, numbers in groups.items():
        if (needed := MEMBERS_PER_PARAMETER * len(numbers)) > members:
            raise InputError(
                f"{key}.{name}: {len(numbers)} parameters need at least {needed:,} members to be "
                f"distinguished; there are {members:,}"
            )
    if (needed := MEMBERS_PER_GROUP * len(groups)) > members:
        raise InputError(
            f"{key}: {len(groups)} groups need at least {needed:,} members to be distinguished; "
            f"there are {members:,}"
        )


def all_uncertain_numbers() -> list[Uncertain]:
    """Return every uncertain number of the disease, in order of their keys."""
    return [
        number
        for section in shipped_sections()
        for name, uncertainty in shipped(f"uncertainty/{section}").items()
        for number in _numbers(section, name, uncertainty)
    ]


def uncertain_numbers(fitted: Sequence[str] | None = None) -> list[Uncertain]:
    """Return the uncertain numbers of the disease that trials can inform, in order of their keys.

    ``fitted``: only those of these sections or with these keys. Raises InputError for what there is not.
    """
    numbers = [
        number
        for number in all_uncertain_numbers()
        if number.section not in WITHOUT_EFFECT and "minutes" not in number.name.split("_")
    ]
    if fitted is None:
        return numbers
    for key in fitted:
        if not any(_belongs(number, key) for number in numbers):
            keys = [*dict.fromkeys(n.section for n in numbers), *(f"{n.section}.{n.name}" for n in numbers)]
            raise InputError(f"fitted={key}: no uncertain number of the disease{nearest(key, keys)}")
    return [number for number in numbers if any(_belongs(number, key) for key in fitted)]


def _belongs(number: Uncertain, key: str) -> bool:
    return key in (number.section, f"{number.section}.{number.name}", number.key)


def _numbers(section: str, name: str, uncertainty: Tree) -> Iterable[Uncertain]:
    default = shipped(f"parameters/{section}")[name]
    source, distribution = shown(uncertainty["source"]), uncertainty["distribution"]
    if not isinstance(default, list):
        low, high = uncertainty["low"], uncertainty["high"]
        if low < high:
            yield Uncertain(
                f"{section}.{name}", section, name, None, default, low, high, source, distribution
            )
        return
    for k, (value, low, high) in enumerate(
        zip(default, uncertainty["low"], uncertainty["high"], strict=True)
    ):
        if low < high:
            key = f"{section}.{name}[{k}]"
            yield Uncertain(key, section, name, k, value, low, high, source, distribution)


@functools.cache
def _quantiles(key: str, distribution: str, low: float, high: float) -> np.ndarray:
    """Return the distribution's values at ``NORMALS``, given its 2.5 and 97.5 percentiles."""
    allowed = units.range_of(key)
    if distribution == "lognormal":
        centre, sigma = (np.log(low) + np.log(high)) / 2, (np.log(high) - np.log(low)) / (2 * Z95)
        values = np.exp(centre + sigma * NORMALS)
    elif distribution == "normal":
        values = (low + high) / 2 + (high - low) / (2 * Z95) * NORMALS
    elif distribution == "uniform":
        values = low + (high - low) * (stats.norm.cdf(NORMALS) - 0.025) / 0.95
    elif distribution == "beta":
        values = _beta(low, high).ppf(stats.norm.cdf(NORMALS))
    else:
        raise ValueError(f"{key}: {distribution} has no quantiles")
    found: np.ndarray = np.clip(values, allowed.low, allowed.high)
    found.flags.writeable = False  # kept
    return found


def _beta(low: float, high: float) -> Any:
    """Return the beta distribution with these 2.5 and 97.5 percentiles."""
    mean, sd = (low + high) / 2, (high - low) / (2 * Z95)
    size = max(mean * (1 - mean) / sd**2 - 1, 0.5)

    def miss(logs: np.ndarray) -> np.ndarray:
        a, b = np.exp(np.clip(logs, -20.0, 20.0))
        miss: np.ndarray = stats.beta.cdf([low, high], a, b) - [0.025, 0.975]
        return miss

    found = optimize.least_squares(miss, np.log([mean * size, (1 - mean) * size]), xtol=1e-12, ftol=1e-12)
    return stats.beta(*np.exp(found.x))


def with_values(
    parameters: Mapping[str, Tree], numbers: Sequence[Uncertain], values: Sequence[float]
) -> dict[str, Tree]:
    """Return the disease with some of its numbers replaced; shares of a whole are made to add up to 1."""
    changed: dict[str, Tree] = {section: dict(tree) for section, tree in parameters.items()}
    for number, value in zip(numbers, values, strict=True):
        tree = changed[number.section]
        if number.index is None:
            tree[number.name] = value
        else:
            whole = list(tree[number.name])
            whole[number.index] = value
            tree[number.name] = whole
    for number in numbers:
        if number.name.endswith("_shares"):
            whole = changed[number.section][number.name]
            changed[number.section][number.name] = [share / sum(whole) for share in whole]
    return changed
