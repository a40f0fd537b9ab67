"""What each patient gets under two policies, beside each other: transitions, and how many of each."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from analysis.tables.estimates import share
from sim.patient import Operation
from sim.policy import Regimen

SIDES = ("none", "of one side", "of both sides")
OPERATIONS = {
    Operation.NONE: "no operation",
    Operation.LOW_ANTERIOR_RESECTION: "low anterior resection",
    Operation.ABDOMINOPERINEAL_RESECTION: "abdominoperineal resection",
    Operation.HARTMANN: "Hartmann's operation",
}
EXCISION, WATCHED = "local excision", "none, the organ is kept"
NOT_CONCERNED = "does not apply"
Plans = Sequence[Mapping[str, Any]]  # the levers of each plan of a policy, written
Seen = Iterator[tuple[str, "np.ndarray"]]


class Beside(NamedTuple):
    """Counts of patients under two policies, which add up: of all, and by risk group."""

    order: tuple[str, ...]  # what may change, in the order of a course
    patients: int
    same: int
    changes: Counter[tuple[str, str, str]]  # what, under the first policy, under the second
    groups: Counter[tuple[int, int]]  # which policy's guideline, and the group's number: patients
    differently: Counter[tuple[int, int]]  # of these, treated differently


def treatments(rows: np.ndarray, plans: Plans, differing: Collection[str]) -> Seen:
    """Yield what patients got, by what it is: words of each patient, shape (n,).

    ``rows`` at the end of follow-up; ``plans``: the levers of the policy's plans, in their order;
    ``differing``: the levers to look at of those that no field of a row shows.
    """
    regimen = np.array([_words(one.name) for one in Regimen])[rows["regimen"]]
    stopped = np.where(rows["treatment_stopped"], ", stopped early", "")
    yield "treatment before surgery", np.char.add(regimen, stopped)
    yield "boost to lateral nodes", _flag(rows["boosted"])
    yield "contact boost", _flag(rows["contact_boosted"])
    operated = np.isfinite(rows["operated_day"])
    names = np.array([OPERATIONS[Operation(one)] for one in range(len(Operation))])
    not_resected = np.where(
        np.isfinite(rows["excised_day"]),
        EXCISION,
        np.where(np.isfinite(rows["watch_from_day"]), WATCHED, OPERATIONS[Operation.NONE]),
    )
    yield "operation", np.where(operated, names[rows["operation"]], not_resected)
    dissected = (rows["dissected"] > 0).sum(axis=1) * operated
    yield "lateral dissection", np.array(SIDES)[dissected]
    yield "washout", _flag(rows["washed_out"])
    yield "diverting stoma", _flag(rows["diverting_stoma"] & operated)
    yield "radiotherapy after surgery", _flag(rows["postoperatively_irradiated"])
    yield "chemotherapy after surgery", _flag(rows["adjuvant"])
    # What no field of a row shows is what the patient's plan sets, where the patient comes to it.
    kept = operated | np.isfinite(rows["excised_day"]) | np.isfinite(rows["watch_from_day"])
    everyone = np.full(len(rows), True)
    for lever, concerned in {
        "leak_prevention": rows["anastomosis"] & operated,
        "surgical_training": operated,
        "centralisation": operated,
        "follow_up": kept,
        "recurrence_centre": everyone,
        "recurrence_induction_chemotherapy": everyone,
        "recurrence_reirradiation": everyone,
    }.items():
        if lever not in differing:
            continue
        settings = np.array([_written(plan[lever]) for plan in plans])
        yield lever, np.where(concerned, settings[rows["plan"]], NOT_CONCERNED)


def beside(one: np.ndarray, other: np.ndarray, plans: tuple[Plans, Plans]) -> Beside:
    """Return the counts of the same patients, in the same order, under two policies."""
    settings = [{lever: {plan[lever] for plan in own} for lever in own[0]} for own in plans]
    differing = [lever for lever, found in settings[0].items() if len(found | settings[1][lever]) > 1]
    order = []
    differ = np.zeros(len(one), bool)
    changes: Counter[tuple[str, str, str]] = Counter()
    for (what, then), (_, now) in zip(
        treatments(one, plans[0], differing), treatments(other, plans[1], differing), strict=True
    ):
        order.append(what)
        changed = then != now
        differ |= changed
        changes.update((what, str(a), str(b)) for a, b in zip(then[changed], now[changed], strict=True))
    groups: Counter[tuple[int, int]] = Counter()
    differently: Counter[tuple[int, int]] = Counter()
    for policy, rows in enumerate((one, other)):
        for found in rows["risk_group"].T:
            groups.update((policy, int(k)) for k in found[found >= 0])
            differently.update((policy, int(k)) for k in found[(found >= 0) & differ])
    return Beside(tuple(order), len(one), int((~differ).sum()), changes, groups, differently)


def added(one: Beside, other: Beside) -> Beside:
    """Return the counts of both."""
    return Beside(
        one.order or other.order,
        one.patients + other.patients,
        one.same + other.same,
        one.changes + other.changes,
        one.groups + other.groups,
        one.differently + other.differently,
    )


def nobody() -> Beside:
    """Return the counts of no patients."""
    return Beside((), 0, 0, Counter(), Counter(), Counter())


def changes_table(counted: Beside) -> pd.DataFrame:
    """Return the transitions: what, then, now, count, n (all patients), estimate, ci_low, ci_high.

    By what they are of, in the order of a course; within it the most frequent first.
    """
    rows = [
        (*key, count, *share(np.array([0, counted.patients - count, count])))
        for key, count in counted.changes.items()
    ]
    columns = ["what", "then", "now", "count", "n", "estimate", "ci_low", "ci_high"]
    table = pd.DataFrame(rows, columns=columns)
    table["place"] = table["what"].map({what: k for k, what in enumerate(counted.order)})
    return table.sort_values(["place", "count"], ascending=[True, False], kind="stable").drop(columns="place")


def _flag(column: np.ndarray) -> np.ndarray:
    words: np.ndarray = np.where(column, "yes", "no")
    return words


def _words(name: str) -> str:
    return name.lower().replace("_", " ")


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _words(str(value))
