"""How loaded a clinic is, from its log: who is in it, what is in use, and which queue only grows.

A log has dtype LOG, shape (requests,); days count from the arrival of the first patient of all.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from sim.clinic.queues import UNLIMITED_COUNT, WEEK_DAYS, Resource
from sim.patient import YEAR_DAYS

YEAR_WEEKS = 52
RESOURCES = tuple(resource.name.lower() for resource in Resource)


def integral(starts: np.ndarray, ends: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return the time that intervals have lasted, over all, up to each time."""

    def since(days: np.ndarray) -> np.ndarray:
        days = np.sort(days)
        sums = np.concatenate([[0.0], np.cumsum(days)])
        before = np.searchsorted(days, at)
        return at * before - sums[before]

    lasted: np.ndarray = since(starts) - since(ends)
    return lasted


def census(log: np.ndarray, last_day: float) -> np.ndarray:
    """Return the mean number of patients in the clinic by week, waiting or served, shape (weeks,)."""
    gone = log["left_day"] + np.where(log["granted"], log["holds_days"].max(axis=1), 0.0)
    edges = np.arange(0.0, last_day, WEEK_DAYS)
    weeks: np.ndarray = np.diff(integral(log["asked_day"], gone, edges)) / WEEK_DAYS
    return weeks


def open_days(clinic: Mapping[str, Any], name: str, first_day: float, last_day: float) -> float:
    """Return for how many days in all one unit of a resource is open between two days, closures left out."""
    hours = np.array(clinic[f"{name}_open_hours"])
    days = np.arange(np.floor(first_day), np.ceil(last_day))
    # From day to day where always open: an opening that runs past midnight stays whole.
    opens = days + (0.0 if hours.min() >= 24.0 else clinic["opens_at_hours"] / 24.0)
    closes = opens + hours[days.astype(int) % WEEK_DAYS] / 24.0
    opens, closes = np.clip(opens, first_day, last_day), np.clip(closes, first_day, last_day)
    open_time = (closes - opens).sum()
    if name == "theatre":
        shut = clinic["theatre_closed_from_days"], clinic["theatre_closed_until_days"]
        open_time -= np.clip(np.minimum(closes, shut[1]) - np.maximum(opens, shut[0]), 0.0, None).sum()
    return float(open_time)


def in_use(log: np.ndarray, resource: int, first_day: float, last_day: float) -> float:
    """Return for how many days in all units of a resource were in use between two days."""
    mine = log[log["granted"] & (log["holds_days"][:, resource] > 0)]
    ends = mine["left_day"] + mine["holds_days"][:, resource]
    start, end = integral(mine["left_day"], ends, np.array([first_day, last_day]))
    return float(end - start)


def use(
    log: np.ndarray, clinic: Mapping[str, Any], resource: int, first_day: float, last_day: float
) -> float:
    """Return the share of a resource's open time that is in use between two days, or NaN without a limit."""
    name = RESOURCES[resource]
    count = int(clinic[f"{name}_count"])
    time = count * open_days(clinic, name, first_day, last_day)
    limited = 0 < count < UNLIMITED_COUNT and time > 0
    return in_use(log, resource, first_day, last_day) / time if limited else np.nan


class Overload(NamedTuple):
    """A queue that keeps growing: mean lengths in the first year and in the last quarter, and by the year."""

    resource: str
    first_length: float
    last_length: float
    per_year: float


def overload(log: np.ndarray, clinic: Mapping[str, Any], last_day: float) -> Overload | None:
    """Return the queue that keeps growing while patients come, the busiest resource's; None where none does.

    It grows when in every week of the last quarter it is more than twice as long as in any week of the first
    year (quarter, in a shorter run), when the clinic was new: a queue that clears now and then does not.
    """
    weeks = np.arange(WEEK_DAYS, last_day, WEEK_DAYS)
    quarter = len(weeks) // 4
    early = min(quarter, YEAR_WEEKS)
    if early < 1:
        return None
    asked, left = (np.ascontiguousarray(log[name]) for name in ("asked_day", "left_day"))
    # Some weeks show that most queues do not grow, before the others are looked at.
    may_grow = np.full(len(RESOURCES), True)
    for week in weeks[-quarter :: -(-quarter // YEAR_WEEKS)]:
        standing = log["holds_days"][(asked <= week) & (left > week)] > 0
        may_grow &= standing.sum(axis=0) > 2
        if not may_grow.any():
            return None
    growing = {}
    for resource in np.flatnonzero(may_grow).tolist():
        mine = log["holds_days"][:, resource] > 0
        # Stable: quick on a log, which is nearly in order.
        came, gone = (
            np.searchsorted(np.sort(days[mine], kind="stable"), weeks, side="right") for days in (asked, left)
        )
        length = came - gone
        first, last = length[:early], length[-quarter:]
        if last.min() > 2 * max(first.max(), 1):
            years = (weeks[-quarter:].mean() - weeks[:early].mean()) / YEAR_DAYS
            growing[resource] = Overload(
                RESOURCES[resource],
                float(first.mean()),
                float(last.mean()),
                float(last.mean() - first.mean()) / years,
            )
    if not growing:
        return None

    def busy(resource: int) -> float:
        return np.nan_to_num(use(log, clinic, resource, weeks[early], last_day), nan=np.inf)

    return growing[max(growing, key=busy)]
