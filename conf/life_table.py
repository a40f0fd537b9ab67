"""A life table as a file: death from other causes by age and sex, of a country at a time."""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from conf import composition as library
from conf import units
from conf.input_error import InputError, choice, shown

Tree = dict[str, Any]
LIFE_TABLE = "life_table"  # the key of a cohort, and the group of the files
SEXES = ("men", "women")
KEYS = (
    "description",
    "first_age_years",
    *(f"{sex}_five_year_death_probability" for sex in SEXES),
    "growth_five_years_ratio",
)
LEAST_BANDS, MOST_BANDS = 4, 24
BANDS = 36  # that are simulated with, of any table; at the end of them everybody is dead
FIRST_AGE = units.Range(0, 60, "from 0 to 60")
REACHES_YEARS = 70.0  # most patients are of about this age
RISES_FROM_YEARS = 50.0
PROBABILITY = units.Range(0, 1 - 1e-9, "above 0 and below 1", low_allowed=False)
GROWTH = units.Range(1, 3, "from 1 to 3")


@dataclass(frozen=True)
class LifeTable:
    """A checked life table: death within five years from the first age on, every five years, by sex.

    Beyond its last age the hazard grows by ``growth_five_years_ratio`` every five years (Gompertz).
    """

    name: str
    first_age_years: float
    men_five_year_death_probability: tuple[float, ...]
    women_five_year_death_probability: tuple[float, ...]
    growth_five_years_ratio: float

    def content(self) -> Tree:
        """Return the numbers as a file holds them."""
        return {key: list(v) if isinstance(v := getattr(self, key), tuple) else v for key in KEYS[1:]}

    def record(self) -> Tree:
        """Return what is simulated with: ``first_age_years``, and for each sex ``BANDS`` hazards per year."""
        hazards = {}
        for sex in SEXES:
            table = [-math.log1p(-q) / 5.0 for q in getattr(self, f"{sex}_five_year_death_probability")]
            beyond = range(1, BANDS - len(table) + 1)
            hazards[f"{sex}_hazard_per_year"] = [
                *table,
                *(table[-1] * self.growth_five_years_ratio**k for k in beyond),
            ]
        return {"first_age_years": self.first_age_years, **hazards}


def read_life_table(key: str, name: object) -> LifeTable:
    """Return the table that a cohort's ``key`` names, of ``conf/life_table`` or a user's own folder.

    Hydra must be initialised. Raises InputError.
    """
    if not isinstance(name, str) or not name:
        raise InputError(f"{key}={shown(name)}: must be the name of a life table, as in dutch_1995_2000")
    if name not in (known := library.options(LIFE_TABLE)):
        raise InputError(f"{key}={shown(name)}: there is no such life table{choice(name, known)}")
    content = library.read(LIFE_TABLE, name)
    where = f"life_table {name}: "
    for given, value in content.items():
        if given not in KEYS:
            raise InputError(f"{where}{given}={shown(value)}: there is no such key{choice(given, KEYS)}")
    for needed in KEYS[1:]:
        if needed not in content:
            raise InputError(f"{where}{needed}: missing; a life table has {', '.join(KEYS[1:])}")
    first = units.number(f"{where}first_age_years", content["first_age_years"], FIRST_AGE)
    men, women = (
        _probabilities(where, f"{sex}_five_year_death_probability", content, first) for sex in SEXES
    )
    growth = units.number(f"{where}growth_five_years_ratio", content["growth_five_years_ratio"], GROWTH)
    return LifeTable(name, first, men, women, growth)


def _probabilities(where: str, key: str, content: Tree, first: float) -> tuple[float, ...]:
    given = content[key]
    if not isinstance(given, list) or not LEAST_BANDS <= len(given) <= MOST_BANDS:
        raise InputError(
            f"{where}{key}={shown(given)}: must be a list of {LEAST_BANDS} to {MOST_BANDS} probabilities of "
            "death within five years, one for each five years of age"
        )
    table = [units.number(f"{where}{key}[{k}]", value, PROBABILITY) for k, value in enumerate(given)]
    if first + 5 * len(table) < REACHES_YEARS:
        raise InputError(
            f"{where}{key}={shown(given)}: ends at age {first + 5 * len(table):g}, and must reach "
            f"{REACHES_YEARS:g}, since most patients are of about this age"
        )
    for k, (before, after) in enumerate(pairwise(table)):
        if first + 5 * k >= RISES_FROM_YEARS and after < before:
            raise InputError(
                f"{where}{key}={shown(given)}: from age {RISES_FROM_YEARS:g} on must not fall, and "
                f"{after:g} follows {before:g} at age {first + 5 * (k + 1):g}"
            )
    return tuple(table)
