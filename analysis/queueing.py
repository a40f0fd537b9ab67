"""Tables of a clinic: waits, queues, use of resources, and queues that only grow, from its log."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from conf.clinics import NEEDED_FOR, NO_LIMIT
from sim.events import Event
from sim.patient import YEAR_DAYS

# What patients wait for, by the target that it has.
STEPS = {
    "mri": (Event.STAGING_MRI, Event.RESTAGING_MRI, Event.VISIT),
    "meeting": (Event.TEAM_MEETING, Event.RECURRENCE_MEETING),
    "radiotherapy": (
        Event.NEOADJUVANT,
        Event.POSTOPERATIVE_CHEMORADIOTHERAPY,
        Event.SALVAGE_TREATMENT,
    ),
    "resection": (Event.RESECTION,),
    "salvage": (Event.SALVAGE_RESECTION,),
}
WEEK_DAYS = 7
YEAR_WEEKS = 52
INTERVAL_DAYS = 28.0  # one row of queues.csv
RESOURCES = tuple(NEEDED_FOR)  # names, in the order of the log's holds


def waits(log: np.ndarray, clinic: Mapping[str, Any], patients: int) -> pd.DataFrame:
    """Return by step how long the patients below this number waited.

    ``n`` asked, ``served`` of them were; median, 90th centile and mean are of those served, in days from the
    day it was due; ``share_beyond_target`` is of all who asked: longer than the target, served in the end or
    not. Who leaves the queue before the target is not beyond it.
    """
    counted = log[log["number"] < patients]
    days = counted["left_day"] - counted["asked_day"]
    rows = []
    for step, events in STEPS.items():
        mine = np.isin(counted["event"], events)
        served = days[mine & counted["granted"]]
        target = clinic[f"{step}_target_days"]
        rows.append(
            {
                "step": step,
                "n": int(mine.sum()),
                "served": len(served),
                "median_days": np.median(served) if len(served) else np.nan,
                "p90_days": np.quantile(served, 0.9) if len(served) else np.nan,
                "mean_days": served.mean() if len(served) else np.nan,
                "target_days": target,
                "share_beyond_target": (days[mine] > target).mean() if mine.any() else np.nan,
            }
        )
    return pd.DataFrame(rows)


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


def queues(log: np.ndarray, first_day: float, last_day: float) -> pd.DataFrame:
    """Return the mean length of each resource's queue, by four weeks from the cohort's first arrival on.

    A request for several resources stands in the queue of each.
    """
    edges = np.arange(first_day, last_day, INTERVAL_DAYS)
    if len(edges) < 2:
        edges = np.array([first_day, max(last_day, first_day + 1.0)])
    parts = []
    for resource, name in enumerate(RESOURCES):
        mine = log[log["holds_days"][:, resource] > 0]
        waited = np.diff(integral(mine["asked_day"], mine["left_day"], edges))
        middle = (edges[:-1] + edges[1:]) / 2 - first_day
        parts.append(
            pd.DataFrame(
                {
                    "resource": name,
                    "time_years": middle / YEAR_DAYS,
                    "mean_length": waited / np.diff(edges),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


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


def utilisation(
    log: np.ndarray, clinic: Mapping[str, Any], first_day: float, last_day: float
) -> pd.DataFrame:
    """Return by resource the share of its open time that is in use while the cohort arrives.

    ``requests_per_year`` are those made then, by whomever. The share is empty where the count has no limit.
    """
    years = (last_day - first_day) / YEAR_DAYS
    rows = []
    for resource, name in enumerate(RESOURCES):
        mine = log[log["holds_days"][:, resource] > 0]
        asked = int(((mine["asked_day"] >= first_day) & (mine["asked_day"] < last_day)).sum())
        count = int(clinic[f"{name}_count"])
        time = count * open_days(clinic, name, first_day, last_day)
        limited = 0 < count < NO_LIMIT and time > 0
        rows.append(
            {
                "resource": name,
                "count": count,
                "requests_per_year": asked / years if years > 0 else np.nan,
                "utilisation": in_use(log, resource, first_day, last_day) / time if limited else np.nan,
            }
        )
    return pd.DataFrame(rows)


class Overload(NamedTuple):
    """A queue that keeps growing: mean lengths in the first year and in the last quarter, and by the year."""

    resource: str
    first_length: float
    last_length: float
    per_year: float

    def words(self, where: str) -> str:
        """Return the warning, with its figures."""
        return (
            f"{where}: the queue for {self.resource.replace('_', ' ')} keeps growing, by "
            f"{self.per_year:.1f} patients a year, from {self.first_length:.0f} to {self.last_length:.0f}. "
            "Its waits grow with the length of the run, and their cost with them."
        )


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
    # Some weeks tell of most queues that they do not grow, before the others are looked at.
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
    use = utilisation(log, clinic, weeks[early], last_day)["utilisation"].fillna(np.inf)
    return growing[max(growing, key=lambda resource: use[resource])]
