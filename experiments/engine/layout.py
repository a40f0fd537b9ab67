"""What a browser must know to call the compiled model: the layout of what it reads and writes; the numbers.

All of it follows from the code that simulates and counts, and from the configuration; plain values, for JSON.
"""

import base64
import json
from collections.abc import Mapping
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np

import conf
import sim.events
import sim.patient
import sim.policy
from analysis.words import terms
from analysis.words.vocabulary import VOCABULARY
from conf.composition import options
from conf.derived import derived
from conf.economics import ECONOMICS, world_economics
from conf.guideline import no_groups
from conf.policies import LATEST, LEVERS, MOST_PLANS, NOT_RESTAGED, THRESHOLD_MM, Policy, groups_of, plain
from conf.run import Run
from conf.schedules import FollowUp, read_follow_up
from experiments.engine.functions import Function, functions
from experiments.simulating.cohort import horizons, worlds_of
from experiments.simulating.crowd import AFTER, BEFORE, BLOCK, LEAST_PILOT, PILOT, PILOT_HORIZONS
from sim.clinic.needs import clinic_record, is_unlimited, openings
from sim.clinic.queues import LOG, REQUEST, RESOURCES, UNLIMITED_COUNT, WEEK_DAYS, new_queues
from sim.clinic.warm_up import NOT_SETTLED
from sim.clocks.compiled_clock import MOST_CHILDREN
from sim.counting import batches
from sim.counting.outcomes import FLOW, MONTHLY, TIMED, UNITS
from sim.counting.tally import BATCHES, CHUNK, PLACES, Counter
from sim.counting.value import VALUES
from sim.distributions import GRID
from sim.luck import KEY_STEPS, LUCK, NORMAL_COLUMNS, ROUNDS, columns
from sim.patient import ROW, YEAR_DAYS, new_patients
from sim.seen import Moment

SCHEMAS = Path(conf.__file__).parent / "schemas"
DESCRIBED = (
    "policy",
    "cohort",
    "clinic",
    "disease",
    ECONOMICS,
)  # kinds of files that a browser shows the keys of

Plain = dict[str, Any]


def fields(dtype: np.dtype[Any], above: str = "", start: int = 0) -> Plain:
    """Return where each field of a record lies, by full name: its offset in bytes, its type, its length."""
    found: Plain = {}
    assert dtype.fields is not None
    for name in dtype.names or ():
        kind, offset = dtype.fields[name][:2]
        base, at = kind.base, start + offset
        if base.names:
            found |= fields(base, f"{above}{name}.", at)
        else:
            length = int(np.prod(kind.shape)) if kind.shape else 1
            found[f"{above}{name}"] = {"offset": at, "type": base.name, "length": length}
    return found


def record(dtype: np.dtype[Any]) -> Plain:
    """Return the size of a record in bytes, and its fields."""
    return {"bytes": dtype.itemsize, "fields": fields(dtype)}


def layout(run: Run) -> Plain:
    """Return what the module is called with, for the run's horizon; the run's worlds are as any others.

    Hydra must be initialised: schedules of follow-up are found through it.
    """
    world = next(iter(worlds_of(run).values()))
    called = functions(world, run.clinic, horizons(run.horizon_years))
    return {
        **of_horizon(run),
        "functions": {one.name: _arguments(one) for one in called},
        "records": {
            "row": record(ROW),
            "luck": record(LUCK),
            "world": record(world.dtype),
            "log": record(LOG),
            "resources": record(RESOURCES),
            "request": record(REQUEST),
            "times": record(clinic_record(run.clinic).dtype),
        },
        "luck_columns": list(columns()),
        "normal_columns": NORMAL_COLUMNS,
        "philox": {"rounds": ROUNDS, "key_steps": [str(step) for step in KEY_STEPS]},
        "blank": _text(new_patients(0, 1)),
        "end": sim.events.END,
        "year_days": YEAR_DAYS,
        "grid_per_day": GRID,
        "chunk_patients": CHUNK,
        "calendar_children": MOST_CHILDREN,
        "batches": BATCHES,
        "unlimited_count": UNLIMITED_COUNT,
        "crowd": {
            "before": BEFORE,
            "after": AFTER,
            "pilot": PILOT,
            "pilot_horizons": PILOT_HORIZONS,
            "least_pilot": LEAST_PILOT,
            "block": BLOCK,
        },
        "week_days": WEEK_DAYS,
        "not_settled": NOT_SETTLED,
        # Of estimates: as long as there are cells of counts, or groups of patients.
        "estimates_scratch": {
            name: "cells" if len(part) else "groups"
            for name, part in batches.new_scratch(0, 1)._asdict().items()
        },
        "enumerations": {
            kind.__name__: _members(kind)
            for module in (sim.patient, sim.policy, sim.events)
            for kind in vars(module).values()
            if isinstance(kind, type) and issubclass(kind, IntEnum) and kind is not IntEnum
        },
        "words": _words(),
        "mechanism_of_route": np.asarray(sim.patient.MECHANISM_OF_ROUTE).tolist(),
        "levers": {name: _lever(name) for name in LEVERS},
        "no_guideline": no_groups(),
        "restaging": int(Moment.RESTAGING),
        "not_restaged": [plain(regimen) for regimen in NOT_RESTAGED],
        "most_plans": MOST_PLANS,
        "schemas": {name: json.loads((SCHEMAS / f"{name}.json").read_text("utf-8")) for name in DESCRIBED},
    }


def of_horizon(run: Run) -> Plain:
    """Return the part of the layout that depends on the run's horizon: days, outcomes, shapes of counts."""
    years = horizons(run.horizon_years)
    counter = Counter(next(iter(worlds_of(run).values())), years, run.horizon_years)
    return {
        "horizons_years": years,
        "horizon_days": counter.horizon_days.tolist(),
        "end_days": counter.end_days,
        # The first axis, of the parts that threads count into, is 1 here.
        "counts": {name: [1, *part.shape[1:]] for name, part in counter.parts._asdict().items()},
        "scratch": {
            name: {"shape": part.shape, "bytes": part.itemsize}
            for name, part in counter.new_scratch(1)._asdict().items()
        },
        "outcomes": {
            "binary": [key._asdict() for key in counter.keys],
            "amounts": [key._asdict() for key in counter.amounts],
            "places": PLACES,
            "state_words": counter.measures(0).states.shape[1:],
            "values": VALUES,
            "amount_units": list(UNITS.values()),
            "timed": [key._asdict() for key in TIMED],
            "monthly": [key._asdict() for key in MONTHLY],
            "flow": [_members(kind) for kind in FLOW],
        },
    }


def _arguments(function: Function) -> list[Plain]:
    """Return the name of each argument and its axes: none of a number."""
    return [{"name": name, "axes": np.ndim(value)} for name, value in function.arguments().items()]


def numbers(run: Run) -> Plain:
    """Return what the worlds of a run's policies are packed from, and its clinic."""
    return {
        "seed": run.seed,
        "replication": run.replication,
        "patients": run.patients,
        "comparator": run.comparator.name,
        "shared": {
            "cohort": run.cohort,
            "life_table": run.life_table.record(),
            "derived": derived(run.cohort, run.parameters),
            ECONOMICS: world_economics(run.economics),
            **run.parameters,
        },
        "policies": {policy.name: policy_of(policy) for policy in run.policies},
        "clinic": clinic_of(run.clinic),
    }


def clinic_of(clinic: Plain) -> Plain:
    """Return a clinic's numbers, whether nobody waits in it, and what the module is called with for it."""
    return {
        "unlimited": is_unlimited(clinic),
        "numbers": clinic,
        "resources": _text(new_queues(openings(clinic), 1).resources),
        "times": _text(clinic_record(clinic)),
    }


def _words() -> Plain:
    """Return what members of enumerations are called in a sentence, by enumeration and name."""
    found: Plain = {"Event": {event.name.lower(): about.label for event, about in VOCABULARY.items()}}
    for words in vars(terms).values():
        if isinstance(words, dict) and words and all(isinstance(member, IntEnum) for member in words):
            kind = type(next(iter(words))).__name__
            found[kind] = {member.name.lower(): text for member, text in words.items()}
    return found


def _lever(name: str) -> Plain:
    """Return what a lever does in words, until which moment a group may set it (none: it is one for all), and
    what it may be set to: a flag, a range, names with numbers, or schedules of follow-up."""
    lever, latest = LEVERS[name], LATEST.get(name)
    shared = {"words": lever.words, "latest": None if latest is None else int(latest)}
    if lever.kind is bool:
        return {**shared, "kind": "flag"}
    if lever.kind is float:
        return {**shared, "kind": "number", "low": THRESHOLD_MM.low, "high": THRESHOLD_MM.high}
    if lever.kind is FollowUp:
        schedules = {name: read_follow_up(name).record() for name in options("follow_up")}
        return {**shared, "kind": "schedule", "settings": schedules}
    return {**shared, "kind": "choice", "settings": _members(lever.kind)}


def policy_of(policy: Policy) -> Plain:
    """Return the levers of a policy and of its groups as a policy file writes them, and its guideline."""
    guideline = policy.guideline
    return {
        "levers": {lever: plain(getattr(policy, lever)) for lever in LEVERS},
        "groups": {
            group: {lever: plain(value) for lever, value in policy.written_of_group(group).items()}
            for group in groups_of(policy)
        },
        "guideline": None
        if guideline is None
        else {
            "name": guideline.name,
            "groups": [{"name": group.name, "moment": int(group.moment)} for group in guideline.groups],
            "diagram": guideline.diagram(),
        },
    }


def written(content: Plain) -> str:
    """Return plain values as JSON; infinity, for which it has no word, as a number too large for a double."""
    parts = json.JSONEncoder(separators=(",", ":")).iterencode(_without_infinity(content))
    return "".join(parts).replace(f'"{_INFINITY}"', "1e999")


_INFINITY = "an infinity"


def _without_infinity(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_infinity(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_infinity(item) for item in value]
    return _INFINITY if value == np.inf else value


def _members(kind: type[IntEnum]) -> Plain:
    return {member.name.lower(): int(member) for member in kind}


def _text(records: np.ndarray) -> str:
    return base64.b64encode(records.tobytes()).decode()
