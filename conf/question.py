"""The question that a scenario asks: in words, with what answers it and what the model cannot say."""

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from conf import units
from conf.input_error import InputError, choice, shown
from conf.units import Range

READERS = ("analyst", "researcher", "teacher")
RECURRENCE_SHARES = ("found_by_symptoms", "curative_intent", "salvage_resection", "r0", "rerecurrence")
AMOUNTS = ("life_years", "organ_years", "stoma_free_years")
WAITS = ("mri", "endoscopy", "meeting", "radiotherapy", "resection", "salvage")  # steps of a clinic
HORIZONS_YEARS = (1.0, 2.0, 3.0, 5.0, 10.0)  # of the tables, beside the run's own
TABLES = ("outcomes", "differences", "averted", "harmed", "curves", "flow", "published", "waits")
PICTURES = (
    "incidence", "incidence_by_mechanism", "survival", "averted_and_harmed", "averted_against_harmed",
    "averted_by_mechanism",
    "averted_by_compartment", "pelvis", "pelvis_change", "flow", "icon_array", "beside_published", "waits",
)  # fmt: skip
LOOK_AT = tuple(dict.fromkeys((*PICTURES, *TABLES)))
LONGEST = 1_000  # letters of a text
TEXTS = ("asks", "cannot_say", "change", "then_asks", "also")
OPTIONAL = ("waits", "also", "change", "then_asks")
KEYS = (
    "asks", "readers", "outcomes", "waits", "horizon_years", "look_at", "cannot_say", "change", "then_asks",
    "also",
)  # fmt: skip
YEARS = Range(0, 100, "above 0 and at most 100", low_allowed=False)


@dataclass(frozen=True)
class Question:
    """What a scenario asks: its words, who would ask, and what answers it.

    ``outcomes``: the first decides the answer, the others are what it comes with; ``waits``: steps of a
    clinic with queues; ``look_at``: pictures or tables of the run; ``change``: words of the command line,
    which make it ask ``then_asks``; ``also``: another command that belongs to the question.
    """

    asks: str
    readers: tuple[str, ...]
    outcomes: tuple[str, ...]
    horizon_years: float
    look_at: tuple[str, ...]
    cannot_say: str
    change: str = ""
    then_asks: str = ""
    also: str = ""
    waits: tuple[str, ...] = ()

    def resolved(self) -> dict[str, Any]:
        """Return it as plain values, as a scenario's file holds it."""
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()
        }


@functools.cache
def outcome_names() -> tuple[str, ...]:
    """Return the names of what can answer a question; a mechanism's is that of its local recurrences."""
    # Imported late: the outcomes' module takes as long as all the rest.
    from sim.counting.outcomes import HARMS, AtHorizon, ByGroup, RegrowthShare, TreatmentShare, names
    from sim.patient import Mechanism

    at_horizon = (AtHorizon.CANCER_DEATH, AtHorizon.LOCAL_FAILURE, AtHorizon.ORGAN_PRESERVED)
    return (
        *names(ByGroup),
        *(member.name.lower() for member in (*at_horizon, AtHorizon.TME_FREE_SURVIVAL, AtHorizon.REGROWTH)),
        *HARMS,
        *names(Mechanism),
        *names(TreatmentShare),
        *names(RegrowthShare),
        *RECURRENCE_SHARES,
        *AMOUNTS,
    )


def read_question(given: object, horizon_years: float = units.ANY.high) -> Question | None:
    """Return the section ``question`` of a scenario, checked; None where it asks none.

    ``horizon_years``: the run's own, which is a horizon of its tables too. Raises InputError.
    """
    if given is None:
        return None
    if not isinstance(given, dict):
        raise InputError(f"question={shown(given)}: must be a group of keys, such as question.asks")
    for name, value in given.items():
        if name not in KEYS:
            raise InputError(f"question.{name}={shown(value)}: there is no such key{choice(str(name), KEYS)}")
    for name in KEYS:
        if name not in given and name not in OPTIONAL:
            raise InputError(f"question.{name}: missing; a question has the keys {', '.join(KEYS)}")
    texts = {name: _text(name, given.get(name, ""), name in OPTIONAL) for name in TEXTS}
    allowed = {"readers": READERS, "outcomes": outcome_names(), "waits": WAITS, "look_at": LOOK_AT}
    chosen = {name: _names(name, given.get(name, []), of, name in OPTIONAL) for name, of in allowed.items()}
    if bool(texts["change"]) != bool(texts["then_asks"]):
        raise InputError("question.change and question.then_asks: one is set and the other is not; set both")
    years = units.number("question.horizon_years", given["horizon_years"], YEARS)
    known = (*HORIZONS_YEARS, horizon_years)
    if years not in known:
        raise InputError(
            f"question.horizon_years={years:g}: must be a horizon of the tables: "
            f"{', '.join(f'{year:g}' for year in HORIZONS_YEARS)}, or that of the run"
        )
    checked: dict[str, Any] = {**texts, **chosen, "horizon_years": years}
    return Question(**checked)


def _text(name: str, value: object, optional: bool) -> str:
    if not isinstance(value, str) or not (value.strip() or optional) or len(value) > LONGEST:
        raise InputError(f"question.{name}={shown(value)}: must be words, at most {LONGEST:,} letters")
    return " ".join(value.split())


def _names(name: str, value: object, allowed: Iterable[str], optional: bool) -> tuple[str, ...]:
    if not isinstance(value, list) or not (value or optional):
        raise InputError(f"question.{name}={shown(value)}: must be a list of names, each once")
    for one in value:
        if one not in allowed:
            raise InputError(
                f"question.{name}={shown(one)}: there is no such name{choice(str(one), allowed)}"
            )
        if value.count(one) > 1:
            raise InputError(f"question.{name}={shown(value)}: {one} appears twice; name each once")
    return tuple(value)
