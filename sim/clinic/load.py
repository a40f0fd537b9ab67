"""How loaded a clinic is, from its log: who is in it, what is in use, and which queue only grows.

A log has dtype LOG, shape (requests,); days count from the arrival of the first patient of all.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from sim.clinic.queues import N_RESOURCES, UNLIMITED_COUNT, WEEK_DAYS, Resource
from sim.compiled import compiled
from sim.patient import YEAR_DAYS

YEAR_WEEKS = 52
QUARTERS = 4
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


def week_count(last_day: float) -> int:
    """Return how many weeks have ended before a day."""
    return max(math.ceil(last_day / WEEK_DAYS) - 1, 0)


@compiled
def write_census(log: np.ndarray, census: np.ndarray, came: np.ndarray) -> None:
    """Write the mean number of patients in the clinic by week, waiting or served, shape (weeks,).

    ``came``: those who came in each week less those who left, shape (weeks,).
    """
    census[:] = 0.0
    came[:] = 0.0
    for i in range(len(log)):
        line = log[i]
        gone = line.left_day
        if line.granted:
            longest = 0.0
            for resource in range(N_RESOURCES):
                longest = max(longest, float(line.holds_days[resource]))
            gone += longest
        _step(line.asked_day, 1.0, census, came)
        _step(gone, -1.0, census, came)
    present = 0.0
    for week in range(len(census)):
        # In days first: on the grid their sums are exact.
        present += came[week]
        census[week] = present + census[week] / WEEK_DAYS


@compiled
def _step(day: float, by: float, census: np.ndarray, came: np.ndarray) -> None:
    """Note somebody who comes, or leaves, on a day: for the whole of its week, less the days before."""
    week = math.floor(day / WEEK_DAYS)
    if week < len(census):
        came[week] += by
        census[week] -= by * (day - WEEK_DAYS * week)


@compiled
def write_lengths(log: np.ndarray, lengths: np.ndarray) -> None:
    """Write how many wait for each resource at the end of each week, shape (N_RESOURCES, weeks)."""
    lengths[:] = 0.0
    _add_changes(log, lengths)
    _add_up(lengths)


@compiled
def _add_changes(log: np.ndarray, changes: np.ndarray) -> None:
    """Add by how many each queue has changed at the end of each week, shape (N_RESOURCES, weeks)."""
    weeks = changes.shape[1]
    for i in range(len(log)):
        line = log[i]
        # Who is served at a week's end waits no more; who asks then does.
        first = max(math.ceil(line.asked_day / WEEK_DAYS) - 1, 0)
        stop = max(math.ceil(line.left_day / WEEK_DAYS) - 1, 0)
        if first >= min(stop, weeks):
            continue
        for resource in range(N_RESOURCES):
            if line.holds_days[resource] > 0:
                changes[resource, first] += 1.0
                if stop < weeks:
                    changes[resource, stop] -= 1.0


@compiled
def _add_up(changes: np.ndarray) -> None:
    """Make of the changes by week what they come to, shape (N_RESOURCES, weeks)."""
    for resource in range(N_RESOURCES):
        for week in range(1, changes.shape[1]):
            changes[resource, week] += changes[resource, week - 1]


@compiled
def _add_use(log: np.ndarray, first_day: float, last_day: float, used_days: np.ndarray) -> None:
    """Add for how many days in all units of each resource were in use between two days."""
    for i in range(len(log)):
        line = log[i]
        if not line.granted or line.left_day >= last_day:
            continue
        start = max(line.left_day, first_day)
        for resource in range(N_RESOURCES):
            if line.holds_days[resource] > 0:
                end = min(line.left_day + line.holds_days[resource], last_day)
                used_days[resource] += max(end - start, 0.0)


@compiled
def grows(length: np.ndarray) -> bool:
    """Return whether a queue keeps growing, from its length at the end of each week, shape (weeks,).

    It grows when in every week of the last quarter it is more than twice as long as in any week of the first
    year (quarter, in a shorter run), when the clinic was new: a queue that clears now and then does not.
    """
    quarter = len(length) // QUARTERS
    early = min(quarter, YEAR_WEEKS)
    if early < 1:
        return False
    longest = 1.0
    for week in range(early):
        longest = max(longest, length[week])
    shortest = math.inf
    for week in range(len(length) - quarter, len(length)):
        shortest = min(shortest, length[week])
    return shortest > 2 * longest


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
    return _share(clinic, resource, in_use(log, resource, first_day, last_day), first_day, last_day)


def _share(
    clinic: Mapping[str, Any], resource: int, used_days: float, first_day: float, last_day: float
) -> float:
    name = RESOURCES[resource]
    count = int(clinic[f"{name}_count"])
    time = count * open_days(clinic, name, first_day, last_day)
    limited = 0 < count < UNLIMITED_COUNT and time > 0
    return used_days / time if limited else np.nan


class Overload(NamedTuple):
    """A queue that keeps growing: mean lengths in the first year and in the last quarter, and by the year."""

    resource: str
    first_length: float
    last_length: float
    per_year: float


class Waited(NamedTuple):
    """How long requests waited, shape (requests,) each: the event, uint8; whether it came; days."""

    event: np.ndarray
    served: np.ndarray
    days: np.ndarray


def waited(log: np.ndarray, patients: int) -> Waited:
    """Return how long the requests of the patients below this number waited."""
    n = len(log)
    whole = Waited(np.empty(n, np.uint8), np.empty(n, bool), np.empty(n))
    n = _write_waits(log, patients, whole)
    return Waited(*(part[:n] for part in whole))


@compiled
def _write_waits(log: np.ndarray, patients: int, waited: Waited) -> int:
    """Write how long requests of the patients below a number waited; return of how many."""
    n = 0
    for i in range(len(log)):
        if log[i].number < patients:
            waited.event[n] = log[i].event
            waited.served[n] = log[i].granted
            waited.days[n] = log[i].left_day - log[i].asked_day
            n += 1
    return n


class Watch:
    """Watches a clinic for queues that keep growing while patients come, from its log, which comes in parts.

    ``last_day``: on which the last of them comes. ``used_days``, shape (N_RESOURCES,): for how many days in
    all units were in use between ``first_day``, after the first year or quarter, and then.
    """

    def __init__(self, clinic: Mapping[str, Any], last_day: float) -> None:
        self._clinic, self._last_day = clinic, last_day
        weeks = week_count(last_day)
        self._changes = np.zeros((N_RESOURCES, weeks))  # of the queues' lengths
        self._quarter = weeks // QUARTERS
        self._early = min(self._quarter, YEAR_WEEKS)
        self.first_day = float(WEEK_DAYS * (self._early + 1))
        self.used_days = np.zeros(N_RESOURCES)

    def add(self, log: np.ndarray) -> None:
        """See some lines of the log, dtype LOG."""
        _add_changes(log, self._changes)
        _add_use(log, self.first_day, self._last_day, self.used_days)

    def overload(self) -> Overload | None:
        """Return the queue that ``grows``, the busiest resource's; None where none does."""
        lengths = self._changes.copy()
        _add_up(lengths)
        growing = [resource for resource in range(N_RESOURCES) if grows(lengths[resource])]
        if not growing:
            return None

        def busy(resource: int) -> float:
            used_days = float(self.used_days[resource])
            share = _share(self._clinic, resource, used_days, self.first_day, self._last_day)
            return float(np.nan_to_num(share, nan=np.inf))

        busiest = max(growing, key=busy)
        first = float(lengths[busiest, : self._early].mean())
        last = float(lengths[busiest, -self._quarter :].mean())
        # Between the middles of the two.
        years = WEEK_DAYS * (lengths.shape[1] - (self._quarter + self._early) / 2) / YEAR_DAYS
        return Overload(RESOURCES[busiest], first, last, (last - first) / years)


def overload(log: np.ndarray, clinic: Mapping[str, Any], last_day: float) -> Overload | None:
    """Return what ``Watch`` finds in a whole log."""
    watch = Watch(clinic, last_day)
    watch.add(log)
    return watch.overload()
