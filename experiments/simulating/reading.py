"""Reading one side of a published endpoint from the rows of a trial's arm."""

import numpy as np

from conf.condition import Condition
from conf.endpoint import AMOUNTS, Endpoint
from sim.counting.columns import READABLE
from sim.counting.samples import CENSORED, COMPETING, EVENT, FOLDS, Sample
from sim.patient import Cause

ORIGIN = {
    "diagnosis": "diagnosed_day",
    "surgery": "operated_day",
    "recurrence": "recurrence_found_day",
    "salvage": "salvage_day",
    "organ_kept": "watch_from_day",
    "regrowth": "regrowth_found_day",
}


class Reading:
    """The rows of an arm with the columns and conditions that were read from them, each once."""

    def __init__(self, rows: np.ndarray) -> None:
        self.rows = rows
        self._columns: dict[str, np.ndarray] = {}
        self._held: dict[str, np.ndarray] = {}

    def column(self, name: str) -> np.ndarray:
        """Return a column of ``sim.counting.columns``, shape (n,)."""
        if name not in self._columns:
            self._columns[name] = READABLE[name].of(self.rows)
        return self._columns[name]

    def holds(self, condition: Condition | None) -> np.ndarray:
        """Return whether a condition holds for each row, bool, shape (n,); no condition holds for all."""
        text = "true" if condition is None else condition.text
        if text not in self._held:
            held = np.asarray(True) if condition is None else condition.holds(condition.names(self.column))
            self._held[text] = np.broadcast_to(held, len(self.rows))
        return self._held[text]


def sample(endpoint: Endpoint, subgroup: Condition | None, reading: Reading, follow_up_days: float) -> Sample:
    """Return one side of an endpoint from an arm, simulated to ``follow_up_days`` from diagnosis."""
    rows, members = reading.rows, reading.holds(subgroup)
    if endpoint.outcome in AMOUNTS:
        members = members & np.isfinite(reading.column(str(endpoint.of)))
    elif endpoint.outcome != "share":
        members = members & np.isfinite(rows[ORIGIN[endpoint.time_from]])

    def of(values: np.ndarray) -> np.ndarray:
        chosen: np.ndarray = values[members]
        return chosen

    fold = of(rows["number"]) % FOLDS
    if endpoint.outcome == "share":
        assert isinstance(endpoint.of, Condition)
        return Sample(np.zeros(len(fold)), of(reading.holds(endpoint.of)).astype(np.int8), fold)
    if endpoint.outcome in AMOUNTS:
        values = of(reading.column(str(endpoint.of))).astype(float)
        return Sample(values, np.full(len(values), EVENT, np.int8), fold)
    death = of(rows["death_day"])
    happened = _event_day(endpoint.event, rows, members)
    if endpoint.where is not None:
        happened = np.where(of(reading.holds(endpoint.where)), happened, np.inf)
    first = np.minimum(np.minimum(happened, death), of(rows["diagnosed_day"]) + follow_up_days)
    kind = np.where(happened <= first, EVENT, np.where(death <= first, COMPETING, CENSORED))
    return Sample(first - of(rows[ORIGIN[endpoint.time_from]]), kind.astype(np.int8), fold)


def _event_day(outcome: str, rows: np.ndarray, members: np.ndarray) -> np.ndarray:
    """Return the day of an outcome for the members, infinity where it never came."""
    found, metastasis, death, rerecurrence, cause, regrowth, resected, uncontrolled = (
        rows[name][members]
        for name in (
            "recurrence_found_day",
            "metastasis_found_day",
            "death_day",
            "rerecurrence_day",
            "death_cause",
            "regrowth_found_day",
            "operated_day",
            "uncontrolled_day",
        )
    )
    cancer_death = np.where(cause == Cause.CANCER, death, np.inf)
    day: np.ndarray = {
        "local_recurrence": found,
        "local_failure": np.minimum(found, uncontrolled),
        "regrowth": regrowth,
        "distant_metastasis": metastasis,
        "any_recurrence": np.minimum(found, metastasis),
        "cancer_death": cancer_death,
        "rerecurrence": rerecurrence,
        "overall_survival": death,
        "disease_free_survival": np.minimum(np.minimum(found, metastasis), death),
        "cancer_specific_survival": cancer_death,
        "tme_free_survival": np.minimum(resected, death),
        "organ_preserved": np.minimum(np.minimum(resected, uncontrolled), death),
    }[outcome]
    return day
