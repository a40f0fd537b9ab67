"""The capacity that a policy needs: the fewest units of each resource that keep waits under their targets."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from analysis.tables.queueing import utilisation, waits
from conf.capacity import CapacityRun
from conf.clinics import NO_LIMIT
from conf.run import Tree
from experiments.simulating.crowd import Attendance, attend
from sim.clinic.load import open_days
from sim.clinic.queues import Resource

# Steps that wait for one resource; the others may wait for any.
ALONE = {"mri": "mri", "meeting": "meeting", "radiotherapy": "linac"}


class Needed(NamedTuple):
    """The units that a policy needs, and the share in time of the step that has least of it.

    ``alone``: with no limit to the other resources; ``jointly``: all of them together. Both are empty where
    the calendars alone, with no limit to any count, keep the step from its target.
    """

    alone: dict[str, int]
    jointly: dict[str, int]
    utilisation: dict[str, float]
    worst_step: str
    share_in_time: float


def standing(clinic: Tree) -> Tree:
    """Return a clinic without its closure and its counts: what a search starts from."""
    kept = {key: value for key, value in clinic.items() if not key.endswith("_count")}
    return {**kept, "theatre_closed_from_days": 0.0, "theatre_closed_until_days": 0.0}


def needed(
    run: CapacityRun, world: np.ndarray, warm_up_patients: int, simulated: Callable[[], None] = lambda: None
) -> Needed:
    """Search for the fewest units with which, in every step, the target share is served in time.

    Each resource is searched alone, by doubling and bisection; then all are tried together. Where that is not
    enough, the busiest that the late step needs gets one more until it is, and what was added without need is
    removed again. ``simulated`` is called after each run.
    """

    def trial(counts: Mapping[str, int]) -> tuple[Attendance, str, float]:
        clinic = {**standing(run.clinic), **{f"{r}_count": counts.get(r, NO_LIMIT) for r in names}}
        attendance = attend(run.inside(clinic), world, warm_up_patients)
        simulated()
        return attendance, *worst(waits(attendance.log, attendance.clinic, run.patients))

    def enough(name: str, others: Mapping[str, int]) -> Callable[[int], bool]:
        return lambda k: trial({**others, name: k})[2] >= run.target_share

    names = [resource.name.lower() for resource in Resource]
    attendance, step, share = trial({})
    if share < run.target_share:
        return Needed({}, {}, {}, step, share)
    most = most_at_once(attendance.log)
    load = offered_load(attendance)
    alone = {}
    for name in names:
        # Fewer than the load cannot keep up, so that is where to look first.
        start = min(max(1, int(np.ceil(load[name]))), most[name])
        alone[name] = smallest(enough(name, {}), start, most[name])
    jointly = dict(alone)
    attendance, step, share = trial(jointly)
    # It ends: with as many as were ever in use at once, nobody waits except for a calendar.
    while share < run.target_share:
        use = busy(attendance)
        short = [name for name in names if jointly[name] < most[name]]
        own = [name for name in short if ALONE.get(step, name) == name] or short
        jointly[max(own, key=lambda name: use[name])] += 1
        attendance, step, share = trial(jointly)
    raised = [name for name in names if jointly[name] > alone[name]]
    for name in raised:
        jointly[name] = smallest(enough(name, jointly), alone[name], jointly[name])
    if raised:
        attendance, step, share = trial(jointly)
    return Needed(alone, jointly, busy(attendance), step, share)


def smallest(enough: Callable[[int], bool], start: int, most: int) -> int:
    """Return the least number that is enough, from 1 up to ``most``, which is known to be; 0 where most is 0.

    Steps that double away from ``start`` find one that is enough and one that is not; then it bisects.
    """
    if most == 0:
        return 0
    too_few, fits = 0, most
    k, step, seen = start, 1, set()
    while fits - too_few > 1:
        k = min(max(k, too_few + 1), fits - 1)
        found = enough(k)
        seen.add(found)
        too_few, fits = (too_few, k) if found else (k, fits)
        if len(seen) == 1:
            k, step = (k - step if found else k + step), 2 * step
        else:
            k = (too_few + fits) // 2
    return fits


def worst(table: pd.DataFrame) -> tuple[str, float]:
    """Return the step with the least share in time, and that share."""
    asked = table[table["n"] > 0]
    row = asked.iloc[asked["share_beyond_target"].argmax()]
    return str(row["step"]), 1.0 - float(row["share_beyond_target"])


def most_at_once(log: np.ndarray) -> dict[str, int]:
    """Return how many units of each resource were in use at once, at most."""
    most = {}
    for resource in Resource:
        mine = log[log["granted"] & (log["holds_days"][:, resource] > 0)]
        days = np.concatenate([mine["left_day"] + mine["holds_days"][:, resource], mine["left_day"]])
        # What ends makes room before what starts at the same instant.
        steps = np.repeat([-1, 1], len(mine))
        order = np.lexsort((steps, days))
        most[resource.name.lower()] = int(np.cumsum(steps[order]).max(initial=0))
    return most


def offered_load(attendance: Attendance) -> dict[str, float]:
    """Return how many units of each resource the cohort's years keep busy, all of their open time."""
    first, last = attendance.first_day, attendance.last_day
    load = {}
    for resource in Resource:
        name = resource.name.lower()
        mine = attendance.log[(attendance.log["asked_day"] >= first) & (attendance.log["asked_day"] < last)]
        held = float(mine["holds_days"][:, resource].sum(dtype=float))
        time = open_days(attendance.clinic, name, first, last)
        load[name] = held / time if time > 0 else 0.0
    return load


def busy(attendance: Attendance) -> dict[str, Any]:
    """Return the utilisation of each resource; 0 where nobody needs it."""
    table = utilisation(attendance.log, attendance.clinic, attendance.first_day, attendance.last_day)
    return dict(table.set_index("resource")["utilisation"].fillna(0.0))
