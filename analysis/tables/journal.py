"""The journal: every event of every patient as a table, in the columns that vidigi reads."""

import heapq
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.clinic.queues import N_RESOURCES, Resource
from sim.events import Journal, event_name
from sim.patient import MECHANISM_OF_ROUTE, YEAR_DAYS, Mechanism

if TYPE_CHECKING:
    import pandas as pd

TYPES = ("arrival_departure", "queue", "resource_use", "resource_use_end")
ARRIVAL, DEPART = "arrival", "depart"
# At one instant of one patient: what comes first.
ARRIVES, ENDS, HAPPENS, BEGINS, WAITS, DEPARTS = range(6)


def waiting_for(event: int) -> str:
    """Return the name of the row that begins a wait."""
    return f"waiting_for_{event_name(event)}"


def journal_table(
    policy: str,
    rows: np.ndarray,
    entries: "Journal | np.ndarray",
    horizon_years: float,
    log: np.ndarray | None = None,
) -> "pd.DataFrame":
    """Return the journal of patients under one policy, sorted by time; docs/journal.md has its columns.

    ``rows`` dtype ROW, simulated; ``entries``, what the clock noted of them: (day, index of the row, event);
    ``log``, dtype LOG: the requests of a clinic, of these patients and perhaps others.
    """
    import pandas as pd

    noted = np.array(entries, float).reshape(-1, 3)
    index = noted[:, 1].astype(np.int64)
    number = rows["number"]
    end = np.minimum(rows["death_day"], rows["diagnosed_day"] + horizon_years * YEAR_DAYS)
    nothing = np.full(len(rows), np.nan)
    parts = [
        (number, rows["diagnosed_day"], TYPES[0], [ARRIVAL] * len(rows), nothing, ARRIVES),
        (
            number[index],
            noted[:, 0],
            TYPES[1],
            [event_name(int(event)) for event in noted[:, 2]],
            np.full(len(noted), np.nan),
            HAPPENS,
        ),
        (number, end, TYPES[0], [DEPART] * len(rows), nothing, DEPARTS),
    ]
    if log is not None and len(log):
        parts += _queued(log, number)
    columns = {
        "entity_id": np.concatenate([part[0] for part in parts]),
        "event_type": np.concatenate([np.full(len(part[0]), part[2], object) for part in parts]),
        "event": np.concatenate([np.array(part[3], object) for part in parts]),
        "time": np.concatenate([part[1] for part in parts]),
        "resource_id": np.concatenate([part[4] for part in parts]),
    }
    rank = np.concatenate([np.full(len(part[0]), part[5]) for part in parts])
    table = pd.DataFrame({"policy": policy, **columns}).iloc[
        np.lexsort((rank, columns["entity_id"], columns["time"]))
    ]
    table["mechanism"] = _mechanisms(table, rows)
    return table.reset_index(drop=True)


def _mechanisms(table: "pd.DataFrame", rows: np.ndarray) -> np.ndarray:
    """Return the mechanism of the patient's recurrence from its onset on; None before, and without one."""
    order = np.argsort(rows["number"], kind="stable")
    place = order[np.searchsorted(rows["number"], table["entity_id"].to_numpy(), sorter=order)]
    route = rows["recurrence_route"][place]
    names = np.array([mechanism.name.lower() for mechanism in Mechanism], object)
    grown = (route >= 0) & (table["time"].to_numpy() >= rows["recurrence_onset_day"][place])
    found: np.ndarray = names[MECHANISM_OF_ROUTE[route]]
    found[~grown] = None
    return found


def _queued(log: np.ndarray, number: np.ndarray) -> list[tuple[Any, ...]]:
    """Return the rows of waits and of resources in use."""
    units = _units(log)
    own = np.isin(log["number"], number)
    waits = own & (log["left_day"] > log["asked_day"])
    asked = log[waits]
    parts: list[tuple[Any, ...]] = [
        (
            asked["number"],
            asked["asked_day"],
            TYPES[1],
            [waiting_for(int(event)) for event in asked["event"]],
            np.full(len(asked), np.nan),
            WAITS,
        )
    ]
    for resource in Resource:
        held = own & log["granted"] & (log["holds_days"][:, resource] > 0.0)
        lines, unit = log[held], units[held, resource].astype(float)
        name = resource.name.lower()
        begins = lines["left_day"]
        ends = begins + lines["holds_days"][:, resource]
        parts.append((lines["number"], begins, TYPES[2], [f"{name}_begins"] * len(lines), unit, BEGINS))
        parts.append((lines["number"], ends, TYPES[3], [f"{name}_ends"] * len(lines), unit, ENDS))
    return parts


def _units(log: np.ndarray) -> np.ndarray:
    """Return which unit of each resource a grant holds, from 1: the lowest that is free, 0 where none."""
    units = np.zeros((len(log), N_RESOURCES), np.int64)
    for resource in Resource:
        held = np.flatnonzero(log["granted"] & (log["holds_days"][:, resource] > 0.0))
        free: list[int] = []
        busy: list[tuple[float, int]] = []
        for line in held[np.argsort(log["left_day"][held], kind="stable")].tolist():
            begins = float(log["left_day"][line])
            # Lengths are kept with fewer digits than days: a unit that is free within a second is free.
            while busy and busy[0][0] <= begins + 1e-5:
                heapq.heappush(free, heapq.heappop(busy)[1])
            unit = heapq.heappop(free) if free else len(busy) + 1
            heapq.heappush(busy, (begins + float(log["holds_days"][line, resource]), unit))
            units[line, resource] = unit
    return units
