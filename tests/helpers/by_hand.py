"""Patients, luck and worlds made by hand, a field at a time, for values that are worked out by hand."""

import functools
import math
from typing import Any

import numpy as np
from conftest import world_of
from scipy.stats import norm

from sim.luck import LUCK, NORMAL_DRAWS, NORMAL_SIDE_DRAWS
from sim.patient import Compartment, Operation, new_patients


def patient(**fields: Any) -> np.record:
    """Return the row of a patient with these fields, diagnosed on day 0, with nothing pending."""
    row = new_patients(0, 1)[0]
    row.agenda[:] = np.inf
    for name, value in fields.items():
        row[name] = value
    return row


def luck(**draws: Any) -> np.record:
    """Return luck from uniforms that are one half in every draw but these."""
    row = np.zeros(1, LUCK)[0]
    for name in LUCK.names or ():
        uniform = np.asarray(draws.pop(name, 0.5))
        row[name] = norm.ppf(uniform) if name in (*NORMAL_DRAWS, *NORMAL_SIDE_DRAWS) else uniform
    assert not draws, f"no such draw: {', '.join(draws)}"
    return row


def world(values: dict[str, Any] | None = None) -> np.record:
    """Return the default world under TME alone, but for these values, keyed ``section.name``."""
    made = world_of("tme_alone", ()).copy()[0]
    for key, value in (values or {}).items():
        *sections, name = key.split(".")
        functools.reduce(lambda record, section: record[section], sections, made)[name] = value
    return made


def with_odds(probability: float, ratio: float) -> float:
    """Return the probability whose odds are so many times those of a probability."""
    odds = probability / (1.0 - probability) * ratio
    return odds / (1.0 + odds)


def lognormal(u: float, median: float, sigma: float) -> float:
    """Return the quantile of a lognormal, in days on the grid."""
    return math.floor(median * math.exp(sigma * norm.ppf(u)) * 2**32 + 0.5) / 2**32


# The deposits of the five mechanisms.

CENTRAL, ANTERIOR, POSTERIOR, LEFT, RIGHT, PERINEAL, PERITONEAL = (int(place) for place in Compartment)
LAR, APR, HARTMANN = (int(operation) for operation in list(Operation)[1:])
BELOW = 1e-12  # the least step by which luck falls below a probability
# A neutral take: what settles has the probability that the mechanism says.
PLAIN = {
    "recurrence.aggressiveness_log_odds_per_sd": 0.3,
    "recurrence.t_take_odds_ratio": [1.0] * 6,
    "recurrence.nodes_take_odds_ratio": [1.0] * 3,
    "recurrence.extra_compartments_shares": [1.0, 0.0, 0.0, 0.0],
    "neoadjuvant.radiosensitivity_log_odds_per_sd": 0.5,
    "neoadjuvant.response_log_odds_per_cm": 0.1,
    "neoadjuvant.response_reference_height_cm": 8.0,
    "neoadjuvant.t_response_odds_ratio": [1.1, 1.2, 1.3, 1.4, 1.5, 1.6],
    "neoadjuvant.nodes_response_odds_ratio": [1.0, 0.9, 0.7],
}
NOW = 100.0


def killed(probability, regimen_patient):
    """The probability that treatment kills, in PLAIN's numbers."""
    odds = math.exp(0.5 * regimen_patient["radiosensitivity"])
    odds *= math.exp(0.1 * (regimen_patient["height_above_verge_cm"] - 8.0))
    odds *= [1.0, 0.9, 0.7][int(regimen_patient["nodes"])]
    return with_odds(probability, odds * (1.1 + 0.1 * int(regimen_patient["ct"])))


def one(**more):
    """A patient whose traits all differ from 0 and 1."""
    return patient(
        **{"ct": 3, "nodes": 1, "regimen": 2, "height_above_verge_cm": 6.0, "radiosensitivity": 0.7, **more}
    )


def seeded(row, route):
    """What a seed function left on a route: cells, probability, and where it grows, if it does."""
    place = (int(row["seed_compartment"][route]), int(row["seed_compartments"][route]))
    return bool(row["cells_left"][route]), float(row["seed_probability"][route]), place


# Nearest first, as a surgeon would list them.
NEXT = {
    CENTRAL: (POSTERIOR, ANTERIOR, LEFT, RIGHT),
    ANTERIOR: (CENTRAL, RIGHT, LEFT, PERINEAL),
    POSTERIOR: (CENTRAL, LEFT, RIGHT, PERINEAL),
    LEFT: (POSTERIOR, CENTRAL, ANTERIOR, PERINEAL),
    RIGHT: (POSTERIOR, CENTRAL, ANTERIOR, PERINEAL),
    PERINEAL: (CENTRAL, ANTERIOR, POSTERIOR, LEFT),
    PERITONEAL: (CENTRAL, ANTERIOR, POSTERIOR, RIGHT),
}
