"""The harm of waiting: the same patients in a clinic and without queues."""

import numpy as np
import pandas as pd

from analysis.tables.estimates import changed, share_difference, shares
from sim.counting.outcomes import NO, YES, since_diagnosis
from sim.counting.tally import batch_stops
from sim.patient import YEAR_DAYS

PER = 1000  # patients
# The events that are compared, and the days, of which the first counts; salvage is harm where there is none.
DAYS = {
    "local_recurrence": ("recurrence_found_day",),
    "local_failure": ("recurrence_found_day", "uncontrolled_day"),
    "distant_metastasis": ("metastasis_found_day",),
    "death": ("death_day",),
    "salvage_lost": ("salvage_day",),
}


def waiting_harm(rows: np.ndarray, unhindered: np.ndarray, horizons_years: tuple[float, ...]) -> pd.DataFrame:
    """Return what waiting caused and averted per 1,000 patients, each with an interval, and the net of them.

    ``rows`` and ``unhindered``, dtype ROW, shape (n,): the same patients in order of arrival, in the clinic
    and without queues. ``local_recurrence``, ``local_failure`` (a recurrence, or a tumour that is left to
    grow), ``distant_metastasis`` and ``death`` count those who have it by the horizon; ``salvage_lost``
    those whose recurrence is not resected by then.
    """
    found = []
    for outcome, fields in DAYS.items():
        for years in horizons_years:
            has, had = (
                (_first(people, fields) <= years * YEAR_DAYS) != (outcome == "salvage_lost")
                for people in (rows, unhindered)
            )
            joint = _joint(had, has)
            caused, averted = shares(np.stack([changed(joint, NO, YES), changed(joint, YES, NO)]))
            line: dict[str, object] = {"outcome": outcome, "horizon_years": years, "n": len(rows)}
            for name, (_, *numbers) in (
                ("caused", caused),
                ("averted", averted),
                ("net", share_difference(joint)),
            ):
                places = (name, f"{name}_low", f"{name}_high")
                line |= {place: PER * number for place, number in zip(places, numbers, strict=True)}
            found.append(line)
    return pd.DataFrame(found)


def _first(rows: np.ndarray, fields: tuple[str, ...]) -> np.ndarray:
    first: np.ndarray = np.minimum.reduce([since_diagnosis(rows, field) for field in fields])
    return first


def _joint(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return the joint counts of two states of the same patients, by batch, shape (batches, 3, 3)."""
    stops = batch_stops(len(before))
    joint = np.zeros((len(stops), 3, 3), np.int64)
    batch = np.searchsorted(stops, np.arange(len(before)), side="right")
    np.add.at(joint, (batch, NO + before, NO + after), 1)
    return joint
