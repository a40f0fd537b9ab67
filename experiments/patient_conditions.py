"""Choosing patients worth telling: a condition in words and row fields, read without running any of it."""

from collections.abc import Mapping
from enum import IntEnum

import numpy as np

from conf.condition import Condition, Values
from conf.input_error import nearest
from sim.patient import (
    MECHANISM_OF_ROUTE,
    ROW,
    YEAR_DAYS,
    Cause,
    Compartment,
    FoundBy,
    Margin,
    Mechanism,
    Operation,
    Plane,
    Procedure,
    Quadrant,
    Route,
    SpillPattern,
    TStage,
)
from sim.policy import Regimen

# Fields whose members have names: ``salvage_margin == r0``.
MEMBERS: dict[str, type[IntEnum]] = {
    "ct": TStage,
    "quadrant": Quadrant,
    "regimen": Regimen,
    "operation": Operation,
    "plane": Plane,
    "spill_pattern": SpillPattern,
    "recurrence_route": Route,
    "recurrence_compartment": Compartment,
    "found_by": FoundBy,
    "metastasis_found_by": FoundBy,
    "salvage_procedure": Procedure,
    "salvage_margin": Margin,
    "death_cause": Cause,
}
MECHANISMS = {m.name.lower(): [r for r in Route if MECHANISM_OF_ROUTE[r] == m] for m in Mechanism}
# Mechanisms and routes of one name hold the same recurrences.
ORIGINS = {**{r.name.lower(): [r] for r in Route}, **MECHANISMS}
WORDS = ("averted", "caused", *ORIGINS)
# The columns of patients.parquet.
FIELDS = {
    (f"{name}_{k}" if shape else name): (name, k if shape else None)
    for name in ROW.names or ()
    for shape in [ROW[name].shape]
    for k in range(shape[0] if shape else 1)
}

EXAMPLE = 'a word, or a condition as in find="salvage_margin == r0 and age_years < 60"'


class PatientCondition:
    """A condition on patients. Raises InputError for what is no condition, naming the part."""

    def __init__(self, text: str) -> None:
        words = {name: {member.name.lower(): int(member) for member in of} for name, of in MEMBERS.items()}
        self.condition = Condition("find", text, FIELDS, words, EXAMPLE)
        # Once over one patient: whatever is wrong is said before anything is simulated.
        nobody = {"": np.zeros(1, ROW)}
        self.fits(nobody, "", 1.0)

    def fits(self, lives: Mapping[str, np.ndarray], comparator: str, horizon_years: float) -> np.ndarray:
        """Return for each patient whether the condition holds under any of the policies, shape (n,).

        ``lives``: rows by policy, the same patients in the same order. Words hold for the patient, whatever
        the policy: a recurrence found under the comparator and not under another policy is ``averted``, the
        reverse ``caused``; a mechanism or a route is that of a recurrence found under any of them.
        """
        found = {
            name: rows["recurrence_found_day"] - rows["diagnosed_day"] <= horizon_years * YEAR_DAYS
            for name, rows in lives.items()
        }
        first = found[comparator]
        others = [which for name, which in found.items() if name != comparator]
        nobody = np.zeros(len(first), bool)
        words = {
            "averted": np.logical_or.reduce([nobody, *(first & ~other for other in others)]),
            "caused": np.logical_or.reduce([nobody, *(other & ~first for other in others)]),
        }
        for word, routes in ORIGINS.items():
            from_here = [
                which & np.isin(lives[name]["recurrence_route"], routes) for name, which in found.items()
            ]
            words[word] = np.logical_or.reduce(from_here)

        result = nobody
        for rows in lives.values():

            def value(name: str, rows: np.ndarray = rows) -> Values:
                if name in words:
                    return words[name]
                if name == "never":
                    return np.inf
                if name not in FIELDS:
                    hint = nearest(name, [*WORDS, *FIELDS])
                    hint = hint or f"; words are {', '.join(WORDS)}, fields those of patients.parquet"
                    raise self.condition.wrong(name, f"is no word and no field of a patient's row{hint}")
                field, k = FIELDS[name]
                return rows[field] if k is None else rows[field][:, k]

            result = result | self.condition.holds(value)
        return result
