"""The data dictionary of a run: every column of every table, with its meaning, unit, type and codes."""

import re
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any, NamedTuple

import pandas as pd

from analysis.tables import queueing, waiting_harm
from analysis.tables.journal import ARRIVAL, DEPART, TYPES, waiting_for
from analysis.words import terms
from analysis.words.columns import (
    CODES,
    CODES_OF,
    COLUMNS,
    OF_TABLES,
    PATIENT,
    UNITS_OF_TABLES,
    unit_by_name,
)
from analysis.words.columns_of_value import CODES_OF as OF_VALUE
from analysis.words.economics import QUANTITY
from analysis.words.guideline import CONDITION, rule_of
from analysis.words.own_files import number_words
from analysis.words.vocabulary import VOCABULARY
from analysis.words.wording import policy_words
from conf.endpoint import AMOUNTS, CONTRASTS, ESTIMATORS, ORIGINS, TIMES, WITH_DIFFERENCE
from conf.policies import LEVERS
from conf.trials import SETS
from sim.clinic.load import RESOURCES
from sim.counting import columns, outcomes
from sim.events import Event, event_name
from sim.patient import (
    N_CHARGED,
    N_HARMS,
    N_ROUTES,
    ROW,
    Cause,
    Compartment,
    Cost,
    FoundBy,
    Harm,
    LateralSite,
    Margin,
    Mechanism,
    Operation,
    Plane,
    Procedure,
    Quadrant,
    Reading,
    RegrowthSite,
    Route,
    Specialty,
    SpillPattern,
    TStage,
)
from sim.policy import Regimen
from sim.seen import Moment

STEPS = tuple(queueing.STEPS)
OF_WAITING = tuple(waiting_harm.DAYS)
HEADING = ("table", "column", "meaning", "unit", "type", "codes")

# The enumerations that the numbers of a patient's row are members of; of sets, the bits.
MEMBERS: dict[str, type[IntEnum]] = {
    "ct": TStage,
    "quadrant": Quadrant,
    "lateral_site": LateralSite,
    "regimen": Regimen,
    "reading": Reading,
    "regrowth_site": RegrowthSite,
    "regrowth_found_by": FoundBy,
    "operation": Operation,
    "plane": Plane,
    "seed_compartment": Compartment,
    "spill_pattern": SpillPattern,
    "recurrence_route": Route,
    "recurrence_compartment": Compartment,
    "found_by": FoundBy,
    "metastasis_found_by": FoundBy,
    "salvage_procedure": Procedure,
    "salvage_margin": Margin,
    "death_cause": Cause,
}
SETS_OF: dict[str, type[IntEnum]] = {
    "seed_compartments": Compartment,
    "recurrence_compartments": Compartment,
    "salvage_specialties": Specialty,
    "waiting": Event,
}
NODES = {0: "N0: none", 1: "N1: one to three", 2: "N2: four or more"}
NUMBERED: dict[str, Mapping[int, str]] = {
    "cn": NODES,
    "nodes": NODES,
    "pathological_stage": dict(enumerate(terms.STAGE)),
}
LABELS: Mapping[type[IntEnum], Mapping[Any, str]] = {
    TStage: terms.T_STAGE,
    Quadrant: terms.QUADRANT,
    LateralSite: terms.SITE,
    Regimen: terms.REGIMEN,
    Operation: terms.OPERATION,
    Plane: terms.PLANE,
    Reading: terms.READING,
    RegrowthSite: terms.REGROWTH_SITE,
    Route: terms.ORIGIN,
    Compartment: terms.COMPARTMENT,
    Procedure: terms.PROCEDURE,
    Specialty: terms.TEAM,
    Margin: terms.MARGIN,
    Event: {event: words.label for event, words in VOCABULARY.items()},
}


class Described(NamedTuple):
    """A column: ``codes`` has the label of each value that it can have, where these are known.

    ``of_set``: a value is the sum of codes. ``type``: flag, whole number, number or words.
    """

    table: str
    column: str
    meaning: str
    unit: str
    type: str
    codes: Mapping[Any, str]
    of_set: bool = False


def described(table: str, frame: pd.DataFrame) -> list[Described]:
    """Return what each column of a table is, by the table's name and the types of its columns.

    A column that is unknown has no meaning.
    """
    return [_column(table, str(name), _type(frame[name])) for name in frame]


def dictionary(parts: Sequence[Described]) -> pd.DataFrame:
    """Return ``data_dictionary.csv``: a row for each column of each table.

    Codes are written ``code = label``, with semicolons between them.
    """
    rows = [(*part[:5], written_codes(part)) for part in parts]
    return pd.DataFrame(rows, columns=list(HEADING))


def written_codes(part: Described) -> str:
    """Return the codes of a column in one cell."""
    text = "; ".join(f"{code} = {label}" for code, label in part.codes.items())
    return f"sum of: {text}" if part.of_set else text


def _type(column: "pd.Series[Any]") -> str:
    kind = column.dtype.kind
    return {"b": "flag", "i": "whole number", "u": "whole number", "f": "number"}.get(kind, "words")


def _column(table: str, name: str, kind: str) -> Described:
    if table == "patients" and (of_row := _of_row(name, kind)):
        return of_row
    known = OF_TABLES.get((table, name)) or COLUMNS.get(name)
    if known:
        unit = UNITS_OF_TABLES.get((table, name)) or unit_by_name(name)
        codes = _words(table, name) if kind == "words" else {}
        return Described(table, name, known, unit, kind, codes)
    meaning, unit = _setting(name)
    return Described(table, name, meaning, unit, kind, {})


def _setting(name: str) -> tuple[str, str]:
    """Return what a swept or fitted name is, and its unit; nothing for a name that is no setting."""
    if name in LEVERS:
        return f"lever of the policies: {LEVERS[name].words}", unit_by_name(name)
    if rule := rule_of(name):
        of = f"group {rule.group} of the guideline: "
        if not rule.of_guideline:
            return f"lever of the policies in {of}{LEVERS[rule.part].words}", unit_by_name(rule.part)
        if rule.part == CONDITION:
            return f"{of}who is in it", ""
        return f"{of}the number that its condition compares {rule.part} with", unit_by_name(rule.part)
    if name in SETTINGS:
        return SETTINGS[name], ""
    if "." in name:
        key, _, place = name.partition("[")
        element = f", element {place.rstrip(']')} from 0" if place else ""
        return f"{number_words(key)}{element}", unit_by_name(key)
    return "", ""


SETTINGS = {
    "cohort": "the cohort, a file",
    "clinic": "the clinic, a file",
    "disease": "the numbers of the disease, a file",
    "economics": "prices and utilities, a file",
    "scenario": "the scenario, a file",
    "policies": "the policies of the design point",
    "seed": "seed of the luck",
}


def _of_row(name: str, kind: str) -> Described | None:
    """Return what a column of patients.parquet is; None for one that is no field of a row."""
    field, _, place = name.rpartition("_") if name not in (ROW.names or ()) else (name, "", "")
    if field not in (ROW.names or ()):
        return None
    meaning = PATIENT.get(field) or (columns.COLUMNS[field].meaning if field in columns.COLUMNS else "")
    if meaning and place:
        meaning += f": {_element(field, int(place))}"
    unit = unit_by_name(field)
    codes: Mapping[Any, str] = {}
    if field in SETS_OF:
        kind_of = SETS_OF[field]
        codes = {1 << member: _label(kind_of, member) for member in kind_of}
    elif field in MEMBERS:
        codes = {int(member): _label(MEMBERS[field], member) for member in MEMBERS[field]}
    elif field in NUMBERED:
        codes = NUMBERED[field]
    elif kind == "whole number" and ROW[field].base.kind == "u":
        kind, codes = "flag", {0: "no", 1: "yes"}
    return Described("patients", name, meaning, unit, kind, codes, field in SETS_OF)


def _element(field: str, place: int) -> str:
    """Return which side, route, kind of cost, harm or event an element of a field is of."""
    length = ROW[field].shape[0]
    if length == len(terms.SIDES):
        return terms.SIDES[place]
    if length == N_ROUTES:
        return policy_words(Route(place).name.lower())
    if length == len(Moment):
        return policy_words(Moment(place).name.lower())
    if length == N_CHARGED:
        return QUANTITY[f"cost_{Cost(place).name.lower()}"]
    if length == N_HARMS:
        return terms.HARM[Harm(place)]
    return policy_words(event_name(place))


def _label(kind: type[IntEnum], member: IntEnum) -> str:
    return LABELS.get(kind, {}).get(member) or policy_words(member.name.lower())


def _words(table: str, name: str) -> dict[str, str]:
    """Return the words that a column of words can hold, each with its label; none where any word is one."""
    if name == "outcome" and table in ("endpoints", "targets"):
        return {}  # with a condition
    if table == "economics":
        return QUANTITY if name == "quantity" else {}  # a unit is a currency, too
    listed = OF_VALUE[table].get(name, ()) if table in OF_VALUE else _listed(table).get(name, ())
    return {code: CODES_OF.get((name, code)) or CODES.get(code) or policy_words(code) for code in listed}


def _listed(table: str) -> dict[str, Sequence[str]]:
    splits = [outcomes.ALL, *outcomes.MECHANISM_LABELS]
    names = outcomes.names
    if table == "flow":
        return {kind.__name__.lower(): names(kind) for kind in outcomes.FLOW}
    if table == "journal":
        events = [event_name(event) for event in Event]
        resources = [f"{name}_{end}" for name in RESOURCES for end in ("begins", "ends")]
        waits = [waiting_for(event) for event in Event]
        return {
            "event_type": TYPES,
            "event": [ARRIVAL, DEPART, *events, *waits, *resources],
            "mechanism": names(Mechanism),
        }
    counted = [key.outcome for key in (*outcomes.binary_keys((1.0,)), *outcomes.TIMED)]
    every = [*dict.fromkeys([*counted, *outcomes.UNITS])]
    groups = [outcomes.ALL, *dict.fromkeys([*outcomes.GROUPS[1:], *(key.group for key in outcomes.TIMED)])]
    return {
        "outcome": OF_WAITING if table == "waiting_harm" else every,
        "harm": outcomes.HARMS,
        "mechanism": splits,
        "compartment": [outcomes.ALL, *names(Compartment)],
        "group": [] if (table, "group") in OF_TABLES else groups,
        "unit": ["proportion", *dict.fromkeys(outcomes.UNITS.values())],
        "step": STEPS,
        "resource": RESOURCES,
        "set": (*SETS, "all") if table == "agreement" else SETS,
        "measure": (
            *("incidence", "survival", "share", *AMOUNTS, *TIMES, *CONTRASTS),
            *(f"{outcome}_difference" for outcome in WITH_DIFFERENCE),
        ),
        "time_from": ORIGINS,
        "estimator": ESTIMATORS,
        "passed": ("pass", "fail", "-"),
    }


def stem(file: str) -> str:
    """Return the name of a table by that of its file: ``outcomes`` for ``outcomes.csv``."""
    return re.sub(r"\.(csv|parquet)$", "", file)
