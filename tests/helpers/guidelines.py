"""Guidelines and policies by risk group made in the test, and patients simulated under them."""

import dataclasses
import functools
from typing import Any

import numpy as np

from conf.guideline import Group, Guideline
from conf.policies import LEVERS, Policy
from conf.run import Run, world_trees
from conf.schema import compose_run
from sim.clinic.needs import arrival_days
from sim.clocks import compiled_clock, simpy_clock
from sim.luck import draw_luck
from sim.parameters import pack
from sim.patient import ROW, YEAR_DAYS, new_patients
from sim.policy import NeoadjuvantFor
from sim.seen import Moment

CLOCKS = {"compiled": compiled_clock, "simpy": simpy_clock}
# What says which plan was followed, and no more.
BOOKKEEPING = ("plan", "risk_group")


@functools.cache
def run_of(policy: str = "tme_alone", *overrides: str) -> Run:
    """Return a run of one policy; composing it takes longer than simulating a thousand patients."""
    return compose_run(f"policies=[{policy}]", *overrides)


def guideline(**moments: dict[str, str]) -> Guideline:
    """Return a guideline of groups by moment, the first that fits first."""
    return Guideline(
        "mine",
        "",
        tuple(
            Group(name, Moment[moment.upper()], condition)
            for moment, groups in moments.items()
            for name, condition in groups.items()
        ),
    )


def by_group(base: str, groups: Guideline, **levers: dict[str, Any]) -> Policy:
    """Return a policy whose groups set levers, as members of their enumerations."""
    given = tuple((group, tuple(own.items())) for group, own in levers.items())
    return dataclasses.replace(run_of(base).policies[0], guideline=groups, by_group=given)


def member(lever: str, word: object) -> Any:
    """Return a lever's value from its word."""
    kind = LEVERS[lever].kind
    return kind[str(word).upper()] if hasattr(kind, "__members__") else word


def for_all(regimen: str) -> dict[str, Any]:
    """Return the levers of a group that sets a regimen: it is for all of the group."""
    return {"neoadjuvant": member("neoadjuvant", regimen), "neoadjuvant_for": NeoadjuvantFor.EVERYONE}


def worlds_of(policy: Policy, *overrides: str) -> np.ndarray:
    """Return the packed worlds of a policy's plans."""
    run = run_of("tme_alone", *overrides)
    return pack(*world_trees(run, policy))


def simulated(
    policy: Policy,
    *overrides: str,
    clock: str = "compiled",
    patients: int = 3000,
    years: float = 10.0,
    first: int = 0,
) -> np.ndarray:
    """Return the rows of patients under a policy; with ``clinic=NAME`` among the overrides they queue."""
    rows, luck = new_patients(first, first + patients), draw_luck(first, first + patients, 1)
    worlds, chosen = worlds_of(policy, *overrides), CLOCKS[clock]
    if any(word.startswith("clinic=") for word in overrides):
        clinic = run_of("tme_alone", *overrides).clinic
        rows["agenda"][:, 0] = arrival_days(luck["arrival"], clinic["arrivals_per_year"])
        chosen.simulate_in_clinic(rows, luck, worlds, clinic, years * YEAR_DAYS)
    else:
        chosen.simulate_rows(rows, luck, worlds, years * YEAR_DAYS)
    return rows


def differing(mine: np.ndarray, theirs: np.ndarray, but: tuple[str, ...] = BOOKKEEPING) -> list[str]:
    """Return the fields whose bits differ, except those that say which plan was followed."""
    names = (name for name in ROW.names or () if name not in but)
    return [name for name in names if mine[name].tobytes() != theirs[name].tobytes()]
