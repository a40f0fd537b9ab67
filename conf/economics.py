"""What care costs in a country and what life is worth there: a file of prices and utilities, checked."""

import functools
import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conf import units
from conf.input_error import InputError, choice, shown
from conf.own_file import read_yaml

Tree = dict[str, Any]
ECONOMICS = "economics"  # the key of a run, and the group of the files
REFERENCE = f"{ECONOMICS}/dutch"  # has every number
WORDS = ("currency", "price_year", "perspective", "thresholds_per_qaly", "rates", "horizon_years")
HEALTH_CARE, SOCIETAL = "health_care", "societal"
PERSPECTIVES = (HEALTH_CARE, SOCIETAL)
AGES = "norm_from_age_years"  # rise
STATED = ("value", "currency", "year")  # a price of another year or currency
YEAR = (1990, 2100)
PRICE = re.compile(r"_price(_per_\w+)?(\[\d+\])?$")
RATE = re.compile(r"[A-Z]{3}_\d{4}")
FACTOR = units.Range(0, 1e6, "above 0 and at most 1e6", low_allowed=False)
HORIZON = units.Range(0, 100, "above 0 and at most 100", low_allowed=False)
THRESHOLD = units.Range(0, 1e9, "0 or more, and at most 1e9")

# By harm, the key of what it costs once, and of what it costs a year while it lasts.
HARM_PRICES = {
    "SEVERE_MORBIDITY": "severe_morbidity_price",
    "REOPERATION": "reoperation_price",
    "BOWEL_OBSTRUCTION": "bowel_obstruction_price",
    "PELVIC_FRACTURE": "pelvic_fracture_price",
    "SECOND_CANCER": "second_cancer_price",
    "SALVAGE_MORBIDITY": "salvage_complication_price",
    "SEVERE_TOXICITY": "severe_toxicity_price",
}
HARM_PRICES_PER_YEAR = {
    "TEMPORARY_STOMA": "stoma_price_per_year",
    "PERMANENT_STOMA": "stoma_price_per_year",
    "MAJOR_BOWEL_DYSFUNCTION": "bowel_dysfunction_price_per_year",
    "FAECAL_INCONTINENCE": "incontinence_price_per_year",
    "URINARY_DYSFUNCTION": "urinary_dysfunction_price_per_year",
}
WEEKS_A_YEAR = 365.25 / 7
STATES_OF_CARE = ("treatment", "stoma", "advanced_disease")  # with informal care
# Names in a patient's world of what follows from several numbers of the file, or has another form.
COUNTED_WITH = {
    **{key: ("harm_price",) for key in HARM_PRICES.values()},
    **{key: ("harm_price_per_year",) for key in HARM_PRICES_PER_YEAR.values()},
    **{f"{of}_discount_rate_per_year": (f"{of}_force_of_interest",) for of in ("costs", "effects")},
    "informal_care_hour_price": tuple(f"{state}_informal_care_price_per_year" for state in STATES_OF_CARE),
    **{
        f"{state}_informal_hours_per_week": (f"{state}_informal_care_price_per_year",)
        for state in STATES_OF_CARE
    },
    **dict.fromkeys(
        ("productivity_hour_price", "working_hours_per_week", "employed_share"), ("absence_price_per_year",)
    ),
}


@dataclass(frozen=True)
class Economics:
    """A country's prices and utilities, in one currency and of one year.

    ``numbers``: every number of the file but those of the other fields, its prices already converted.
    """

    currency: str
    price_year: int
    perspective: str
    thresholds_per_qaly: tuple[float, ...]
    horizon_years: float
    numbers: Tree

    def resolved(self) -> Tree:
        """Return everything as it was understood, as plain values, as a file could hold them."""
        words = {
            "currency": self.currency,
            "price_year": self.price_year,
            "perspective": self.perspective,
            "thresholds_per_qaly": [*self.thresholds_per_qaly],
            "rates": {},
            "horizon_years": self.horizon_years,
        }
        return words | self.numbers


def world_economics(economics: Economics | None) -> Tree:
    """Return what a patient's costs and quality of life are counted with; all 0 where they are not counted.

    ``counted``: 1 or 0, a whole number, so that no byte of the record is left unset; discount rates as
    forces of interest a year; prices and hours a year of harms as lists by harm; the others as in the file.
    """
    from sim.patient import Harm  # late: it compiles, and a refusal should not wait for that

    numbers = economics.numbers if economics else _zeros(reference())
    left = dict(numbers)
    worlds: Tree = {"counted": int(economics is not None)}
    for of in ("costs", "effects"):
        worlds[f"{of}_force_of_interest"] = math.log1p(left.pop(f"{of}_discount_rate_per_year"))
    once, yearly = (
        [float(left[prices[harm.name]]) if harm.name in prices else 0.0 for harm in Harm]
        for prices in (HARM_PRICES, HARM_PRICES_PER_YEAR)
    )
    for key in {*HARM_PRICES.values(), *HARM_PRICES_PER_YEAR.values()}:
        left.pop(key)
    hour = left.pop("informal_care_hour_price") * WEEKS_A_YEAR
    for state in STATES_OF_CARE:
        worlds[f"{state}_informal_care_price_per_year"] = hour * left.pop(f"{state}_informal_hours_per_week")
    absence = left.pop("productivity_hour_price") * left.pop("working_hours_per_week") * WEEKS_A_YEAR
    worlds["absence_price_per_year"] = absence * left.pop("employed_share")
    return worlds | {"harm_price": once, "harm_price_per_year": yearly} | left


def read_words(given: Mapping[str, Any]) -> tuple[Tree, Tree]:
    """Return the words of a composed configuration, as fields of ``Economics``, and its numbers as given.

    Prices are converted to the file's own currency and year; ranges are not checked yet. Raises InputError,
    naming the key, for words that are missing or not allowed, and for a price without a rate.
    """
    numbers = dict(given)
    words = {key: numbers.pop(key, None) for key in WORDS}
    for key in WORDS:
        if words[key] is None and key != "rates":
            raise InputError(f"{ECONOMICS}.{key}: missing; a file of economics has {', '.join(WORDS)}")
    currency = _currency(f"{ECONOMICS}.currency", words["currency"])
    year = units.whole(f"{ECONOMICS}.price_year", words["price_year"], *YEAR)
    perspective = words["perspective"]
    if perspective not in PERSPECTIVES:
        raise InputError(
            f"{ECONOMICS}.perspective={shown(perspective)}: must be one of the perspectives"
            f"{choice(str(perspective), PERSPECTIVES)}"
        )
    rates = _rates(words["rates"], f"{currency}_{year}")
    fields = {
        "currency": currency,
        "price_year": year,
        "perspective": perspective,
        "thresholds_per_qaly": read_thresholds(
            f"{ECONOMICS}.thresholds_per_qaly", words["thresholds_per_qaly"]
        ),
        "horizon_years": units.number(f"{ECONOMICS}.horizon_years", words["horizon_years"], HORIZON),
    }
    return fields, {key: _converted(f"{ECONOMICS}.{key}", value, rates) for key, value in numbers.items()}


def check_numbers(numbers: Tree) -> None:
    """Refuse numbers of the right form that are at odds with each other. Raises InputError."""
    check_rising(f"{ECONOMICS}.{AGES}", numbers[AGES])


def read_thresholds(key: str, given: object) -> tuple[float, ...]:
    """Return what a QALY may cost: one or more amounts that rise. Raises InputError."""
    if not isinstance(given, list) or not given:
        raise InputError(f"{key}={shown(given)}: must be a list of amounts that rise, as in [20000,50000]")
    amounts = [units.number(f"{key}[{i}]", value, THRESHOLD) for i, value in enumerate(given)]
    check_rising(key, amounts)
    return tuple(amounts)


def middle_threshold(thresholds: Sequence[float]) -> float:
    """Return the threshold that headline figures take: the middle one, of two the upper."""
    return thresholds[len(thresholds) // 2]


def check_rising(key: str, amounts: list[float]) -> None:
    """Refuse amounts that do not rise. Raises InputError."""
    for before, after in itertools.pairwise(amounts):
        if not before < after:
            raise InputError(f"{key}={shown(amounts)}: must rise; {after:g} follows {before:g}")


def _currency(key: str, given: object) -> str:
    if not isinstance(given, str) or not re.fullmatch(r"[A-Z]{3}", given):
        raise InputError(f"{key}={shown(given)}: must be a currency's code of three capitals, as in EUR")
    return given


def _rates(given: object, own: str) -> dict[str, float]:
    """Return what a unit of each currency and year is worth in the file's own."""
    if given is None:
        given = {}
    if not isinstance(given, Mapping):
        raise InputError(f"{ECONOMICS}.rates={shown(given)}: must be a group of rates, as in EUR_2014: 1.2")
    rates = {own: 1.0}
    for name, value in given.items():
        key = f"{ECONOMICS}.rates.{name}"
        if not RATE.fullmatch(str(name)):
            raise InputError(f"{key}={shown(value)}: must be named by currency and year, as in EUR_2014")
        if name == own:
            raise InputError(f"{key}={shown(value)}: is the file's own currency and year, and worth 1")
        rates[str(name)] = units.number(key, value, FACTOR)
    return rates


def _converted(key: str, given: object, rates: Mapping[str, float]) -> Any:
    """Return a number, or a list of numbers, whose prices are in the file's own currency and year."""
    if isinstance(given, list):
        return [_converted(f"{key}[{i}]", value, rates) for i, value in enumerate(given)]
    if not isinstance(given, Mapping):
        return given
    if set(given) != set(STATED) or not PRICE.search(key):
        raise InputError(
            f"{key}={shown(dict(given))}: must be a number; a price may be {{value: 454, currency: EUR, "
            "year: 2014}"
        )
    value = units.number(f"{key}.value", given["value"], units.NOT_NEGATIVE)
    currency = _currency(f"{key}.currency", given["currency"])
    name = f"{currency}_{units.whole(f'{key}.year', given['year'], *YEAR)}"
    if name not in rates:
        raise InputError(
            f"{key}={shown(dict(given))}: there is no rate for {name}; add it to {ECONOMICS}.rates, "
            f"which has {', '.join(rates)}"
        )
    return value * rates[name]


@functools.cache
def reference() -> Tree:
    """Return a shipped file's numbers: they say which keys there are and how long each list is."""
    tree = read_yaml(Path(__file__).parent / f"{REFERENCE}.yaml", REFERENCE)
    numbers = {key: value for key, value in tree.items() if key not in WORDS}
    return {key: 0.0 if isinstance(value, Mapping) else value for key, value in numbers.items()}


def _zeros(tree: Tree) -> Tree:
    return {key: [0.0] * len(value) if isinstance(value, list) else 0.0 for key, value in tree.items()}
