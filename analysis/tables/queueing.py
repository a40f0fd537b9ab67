"""Tables of a clinic: waits, queues and use of resources, from its log."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sim.clinic.load import RESOURCES, Waited, integral, use, waited
from sim.events import Event
from sim.patient import YEAR_DAYS

# What patients wait for, by the target that it has.
STEPS = {
    "mri": (Event.STAGING_MRI, Event.RESTAGING_MRI, Event.VISIT),
    "endoscopy": (Event.REASSESSMENT, Event.WATCH_VISIT),
    "meeting": (Event.TEAM_MEETING, Event.RECURRENCE_MEETING),
    "radiotherapy": (
        Event.NEOADJUVANT,
        Event.POSTOPERATIVE_CHEMORADIOTHERAPY,
        Event.SALVAGE_TREATMENT,
    ),
    "resection": (Event.RESECTION, Event.LOCAL_EXCISION),
    "salvage": (Event.SALVAGE_RESECTION,),
}
_STEP_OF = np.full(len(Event), -1, np.int8)  # by event: which of them
for _k, _events in enumerate(STEPS.values()):
    _STEP_OF[list(_events)] = _k
INTERVAL_DAYS = 28.0  # one row of queues.csv


def waits(log: np.ndarray, clinic: Mapping[str, Any], patients: int) -> pd.DataFrame:
    """Return by step how long the patients below this number waited, from the log of their clinic."""
    return by_step([waited(log, patients)], clinic)


def by_step(parts: Sequence[Waited], clinic: Mapping[str, Any]) -> pd.DataFrame:
    """Return by step how long requests waited.

    ``n`` asked, ``served`` of them were; median, 90th centile and mean are of those served, in days from the
    day it was due; ``share_beyond_target`` is of all who asked: longer than the target, served in the end or
    not. Who leaves the queue before the target is not beyond it.
    """
    whole = Waited(*map(np.concatenate, zip(*parts, strict=True)))
    steps = _STEP_OF[whole.event]
    rows = []
    for k, step in enumerate(STEPS):
        mine = np.flatnonzero(steps == k)  # places: quicker to take than by a mask
        days = whole.days[mine]
        served = days[np.flatnonzero(whole.served[mine])]
        median, p90 = np.quantile(served, (0.5, 0.9)) if len(served) else (np.nan, np.nan)
        target = clinic[f"{step}_target_days"]
        rows.append(
            {
                "step": step,
                "n": len(days),
                "served": len(served),
                "median_days": median,
                "p90_days": p90,
                "mean_days": served.mean() if len(served) else np.nan,
                "target_days": target,
                "share_beyond_target": (days > target).mean() if len(days) else np.nan,
            }
        )
    return pd.DataFrame(rows)


def named(policy: str, clinic: str, table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of one policy in one clinic with their names as its first columns, as a new table."""
    whole = table.copy()
    whole.insert(0, "policy", policy)
    whole.insert(1, "clinic", clinic)
    return whole


def queues(log: np.ndarray, first_day: float, last_day: float) -> pd.DataFrame:
    """Return the mean length of each resource's queue, by four weeks from the cohort's first arrival on.

    A request for several resources is in the queue of each.
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
        rows.append(
            {
                "resource": name,
                "count": int(clinic[f"{name}_count"]),
                "requests_per_year": asked / years if years > 0 else np.nan,
                "utilisation": use(log, clinic, resource, first_day, last_day),
            }
        )
    return pd.DataFrame(rows)
