"""Outcomes: a block of lives becomes counts and whole-number sums, which add up in any order.

Every patient is followed to death or the horizon, so a cumulative incidence with death as a
competing event is a count over n. Where follow-up ends before the question does (survival after a
salvage resection, cancer-specific survival), deaths and censorings are counted by whole day and the
product-limit estimate is taken from the counts.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from sim.patient import (
    MECHANISM_OF_ROUTE,
    YEAR_DAYS,
    Cause,
    Compartment,
    FoundBy,
    Margin,
    Mechanism,
    Plane,
    Procedure,
    Route,
)

ALL = "all"
FOLDS = 32  # patients by number modulo this, for the jackknife of a product-limit difference
SIXTEENTH_DAY = 16  # life time is summed in sixteenths of a day

ABSENT, NO, YES = 0, 1, 2


class Key(NamedTuple):
    """What one row of a result table is about; ``horizon_years`` 0 where no horizon applies."""

    outcome: str
    mechanism: str = ALL
    compartment: str = ALL
    group: str = ALL
    horizon_years: float = 0.0


MECHANISM_LABELS: dict[str, tuple[Route, ...]] = {
    **{m.name.lower(): tuple(r for r in Route if MECHANISM_OF_ROUTE[r] == m) for m in Mechanism},
    "margin_circumferential": (Route.CIRCUMFERENTIAL,),
    "margin_distal": (Route.DISTAL,),
    "exfoliation_anastomotic": (Route.ANASTOMOTIC,),
    "exfoliation_perianastomotic": (Route.PERIANASTOMOTIC,),
}

UNITS = {
    "life_years": "years",
    "theatre_minutes": "minutes",
    "radiotherapy_courses": "courses",
    "radiotherapy_fractions": "fractions",
    "chemotherapy_courses": "courses",
    "visits": "visits",
    "ct_scans": "scans",
    "mri_scans": "scans",
}
SCALE = {"life_years": SIXTEENTH_DAY * YEAR_DAYS}  # stored whole number for one unit; 1 where not named


def since_diagnosis(rows: np.ndarray, name: str) -> np.ndarray:
    """Return a day of the rows counted from diagnosis, shape (n,); infinity where it never came."""
    days: np.ndarray = rows[name] - rows["diagnosed_day"]
    return days


def groups(rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return the subgroups that incidence and survival are split by: name to membership, shape (n,)."""
    resected = np.isfinite(rows["operated_day"])
    height = rows["height_above_verge_cm"]
    stage = rows["pathological_stage"]
    return {
        ALL: np.ones(len(rows), bool),
        "low": height <= 5.0,
        "mid": (height > 5.0) & (height <= 10.0),
        "high": height > 10.0,
        "stage_1": resected & (stage == 1),
        "stage_2": resected & (stage == 2),
        "stage_3": resected & (stage == 3),
        "crm_involved": resected & rows["crm_involved"],
        "crm_clear": resected & ~rows["crm_involved"],
        "enlarged_lateral_node": rows["lateral_mm"].max(axis=1) >= 7.0,
    }


def state(among: np.ndarray, yes: np.ndarray) -> np.ndarray:
    """Return each patient's state in an outcome: absent from the denominator, no, or yes."""
    return np.where(among, np.where(yes, YES, NO), ABSENT).astype(np.int8)


def binary_outcomes(rows: np.ndarray, horizons_years: tuple[float, ...]) -> Iterator[tuple[Key, np.ndarray]]:
    """Yield every yes-or-no outcome with each patient's state, int8, shape (n,)."""
    everyone = np.ones(len(rows), bool)
    found = since_diagnosis(rows, "recurrence_found_day")
    metastasis = since_diagnosis(rows, "metastasis_found_day")
    death = since_diagnosis(rows, "death_day")
    first_failure = np.minimum(np.minimum(found, metastasis), death)
    cancer_death = np.where(rows["death_cause"] == Cause.CANCER, death, np.inf)
    route = rows["recurrence_route"]
    compartment = rows["recurrence_compartment"]
    members = groups(rows)
    for years in horizons_years:
        day = years * YEAR_DAYS
        recurred = found <= day
        for label, routes in MECHANISM_LABELS.items():
            yes = recurred & np.isin(route, routes)
            yield Key("local_recurrence", mechanism=label, horizon_years=years), state(everyone, yes)
        for place in Compartment:
            yes = recurred & (compartment == place)
            key = Key("local_recurrence", compartment=place.name.lower(), horizon_years=years)
            yield key, state(everyone, yes)
        for name, among in members.items():
            yield Key("local_recurrence", group=name, horizon_years=years), state(among, recurred)
            yield Key("distant_metastasis", group=name, horizon_years=years), state(among, metastasis <= day)
            yield Key("overall_survival", group=name, horizon_years=years), state(among, death > day)
            yield (
                Key("disease_free_survival", group=name, horizon_years=years),
                state(among, first_failure > day),
            )
        yield Key("cancer_death", horizon_years=years), state(everyone, cancer_death <= day)
        # With disease_free_survival these are every patient's fate, once.
        alive, died_of_cancer = death > day, cancer_death <= day
        for name, yes in (
            ("alive_after_recurrence", recurred & alive),
            ("death_after_recurrence", recurred & ~alive),
            ("alive_with_metastasis", ~recurred & alive & (metastasis <= day)),
            ("cancer_death_without_recurrence", ~recurred & died_of_cancer),
            ("other_death_without_recurrence", ~recurred & ~alive & ~died_of_cancer),
        ):
            yield Key(name, horizon_years=years), state(everyone, yes)
    yield from _treatment_shares(rows)
    yield from _recurrence_shares(rows)


def _treatment_shares(rows: np.ndarray) -> Iterator[tuple[Key, np.ndarray]]:
    everyone = np.ones(len(rows), bool)
    resected = np.isfinite(rows["operated_day"])
    within_30_days = (rows["death_day"] <= rows["operated_day"] + 30.0) & resected
    yield Key("irradiated"), state(everyone, rows["radiotherapy_courses"] > 0)
    yield Key("complete_response"), state(resected, rows["complete_response"])
    yield Key("crm_involved"), state(resected, rows["crm_involved"])
    yield Key("mesorectal_plane"), state(resected, rows["plane"] == Plane.MESORECTAL)
    yield Key("perforation"), state(resected, rows["perforated"])
    yield Key("lateral_dissection"), state(resected, rows["dissected"].max(axis=1) > 0)
    yield Key("anastomosis"), state(resected, rows["anastomosis"])
    yield Key("diverting_stoma"), state(rows["anastomosis"], rows["diverted"])
    yield Key("leak"), state(rows["anastomosis"], rows["leaked"])
    yield Key("operative_death"), state(resected, within_30_days)


def _recurrence_shares(rows: np.ndarray) -> Iterator[tuple[Key, np.ndarray]]:
    found = np.isfinite(rows["recurrence_found_day"])
    salvaged = np.isfinite(rows["salvage_day"])
    involved = rows["recurrence_compartments"]
    count = np.array([bin(mask).count("1") for mask in range(1 << len(Compartment))])[involved]
    exfoliated = found & (MECHANISM_OF_ROUTE[rows["recurrence_route"]] == Mechanism.EXFOLIATION)
    yield Key("found_by_symptoms"), state(found, rows["found_by"] == FoundBy.SYMPTOMS)
    yield Key("synchronous_metastasis"), state(found, rows["synchronous_metastasis"])
    yield Key("curative_intent"), state(found, rows["curative_intent"])
    yield Key("salvage_resection"), state(found, salvaged)
    yield Key("one_compartment"), state(found, count == 1)
    yield Key("two_compartments"), state(found, count == 2)
    yield Key("three_or_more_compartments"), state(found, count >= 3)
    only_anastomosis = involved == 1 << Compartment.CENTRAL
    yield Key("limited_to_anastomosis", mechanism="exfoliation"), state(exfoliated, only_anastomosis)
    for operation in Procedure:
        if operation != Procedure.NONE:
            yield Key(operation.name.lower()), state(salvaged, rows["salvage_procedure"] == operation)
    for result in (Margin.R0, Margin.R1, Margin.R2):
        yield Key(result.name.lower()), state(salvaged, rows["salvage_margin"] == result)
    not_clear = np.isin(rows["salvage_margin"], (Margin.R1, Margin.R2))
    yield Key("margin_not_clear"), state(salvaged, not_clear)  # a treatment failure
    yield Key("salvage_complication"), state(salvaged, rows["salvage_complication"])
    yield Key("rerecurrence"), state(salvaged, np.isfinite(rows["rerecurrence_day"]))


def amounts(rows: np.ndarray, horizon_years: float) -> Iterator[tuple[Key, np.ndarray]]:
    """Yield every amount a patient, as whole numbers (times SCALE), int64, shape (n,)."""
    lived = np.minimum(since_diagnosis(rows, "death_day"), horizon_years * YEAR_DAYS)
    for name in UNITS:
        values = lived * SIXTEENTH_DAY if name == "life_years" else rows[name]
        yield Key(name, horizon_years=horizon_years), np.rint(values).astype(np.int64)


def timed_outcomes(
    rows: np.ndarray, horizon_years: float
) -> Iterator[tuple[Key, np.ndarray, np.ndarray, np.ndarray]]:
    """Yield the product-limit outcomes: key, members, days at risk, and whether death ended them.

    Keys carry no horizon: one curve answers all. Days are whole, rounded up; shape (n,) each.
    """
    end = rows["diagnosed_day"] + horizon_years * YEAR_DAYS
    last = np.minimum(rows["death_day"], end)
    died = rows["death_day"] <= end

    def days(start: np.ndarray) -> np.ndarray:
        whole: np.ndarray = np.ceil(np.where(np.isfinite(start), last - start, 0.0)).astype(np.int64)
        return whole

    everyone = np.ones(len(rows), bool)
    yield (
        Key("cancer_specific_survival"),
        everyone,
        days(rows["diagnosed_day"]),
        died & (rows["death_cause"] == Cause.CANCER),
    )
    found = np.isfinite(rows["recurrence_found_day"])
    since_found = days(rows["recurrence_found_day"])
    yield Key("survival_after_recurrence"), found, since_found, died
    for name, among in (("curative", rows["curative_intent"]), ("palliative", ~rows["curative_intent"])):
        yield Key("survival_after_recurrence", group=name), found & among, since_found, died
    since_salvage = days(rows["salvage_day"])
    for result in (Margin.R0, Margin.R1, Margin.R2):
        among = rows["salvage_margin"] == result
        yield Key("survival_after_salvage", group=result.name.lower()), among, since_salvage, died


CURVES = ("local_recurrence", "distant_metastasis", "overall_survival", "disease_free_survival")


def curves(rows: np.ndarray, horizon_years: float) -> Iterator[tuple[Key, np.ndarray]]:
    """Yield for each curve the month, from 1, of each patient's event; one beyond the last: never."""
    months = round(horizon_years * 12)
    month_days = YEAR_DAYS / 12

    def month(days: np.ndarray) -> np.ndarray:
        return np.minimum(np.ceil(np.minimum(days / month_days, months + 1)), months + 1).astype(np.int64)

    found = since_diagnosis(rows, "recurrence_found_day")
    metastasis = since_diagnosis(rows, "metastasis_found_day")
    death = since_diagnosis(rows, "death_day")
    yield Key("local_recurrence"), month(found)
    for mechanism in Mechanism:
        own = np.isin(rows["recurrence_route"], MECHANISM_LABELS[mechanism.name.lower()])
        yield Key("local_recurrence", mechanism=mechanism.name.lower()), month(np.where(own, found, np.inf))
    yield Key("distant_metastasis"), month(metastasis)
    yield Key("overall_survival"), month(death)
    yield Key("disease_free_survival"), month(np.minimum(np.minimum(found, metastasis), death))


class Treatment(IntEnum):
    """What was done about a recurrence: the salvage operation, or none."""

    CENTRAL_RESECTION = 0
    EXENTERATION = 1
    ABDOMINOSACRAL = 2
    SIDEWALL = 3
    PERINEAL = 4
    RESECTION_ABANDONED = 5  # curative intent, and no salvage resection
    PALLIATIVE = 6


class Fate(IntEnum):
    """How a patient with a recurrence stands at the end of follow-up."""

    ALIVE_FREE = 0  # the recurrence cleared, and neither it nor metastases known since
    ALIVE_WITH_CANCER = 1
    DIED_OF_CANCER = 2
    DIED_OTHERWISE = 3


FLOW = (Mechanism, Compartment, Treatment, Margin, Fate)  # the axes of the counts of recurrences found


def flow(rows: np.ndarray) -> np.ndarray:
    """Return how many recurrences found went which way, int64, one axis for each of ``FLOW``."""
    rows = rows[np.isfinite(rows["recurrence_found_day"])]
    salvaged = np.isfinite(rows["salvage_day"])
    no_operation = np.where(rows["curative_intent"], Treatment.RESECTION_ABANDONED, Treatment.PALLIATIVE)
    treatment = np.where(salvaged, rows["salvage_procedure"] - Procedure.CENTRAL_RESECTION, no_operation)
    cleared = np.isin(rows["salvage_margin"], (Margin.R0, Margin.R1))
    free = cleared & np.isinf(rows["rerecurrence_day"]) & np.isinf(rows["metastasis_found_day"])
    alive = np.where(free, Fate.ALIVE_FREE, Fate.ALIVE_WITH_CANCER)
    dead = np.where(rows["death_cause"] == Cause.CANCER, Fate.DIED_OF_CANCER, Fate.DIED_OTHERWISE)
    fate = np.where(rows["death_cause"] == Cause.ALIVE, alive, dead)
    ways = (
        MECHANISM_OF_ROUTE[rows["recurrence_route"]],
        rows["recurrence_compartment"],
        treatment,
        rows["salvage_margin"],
        fate,
    )
    shape = tuple(len(kind) for kind in FLOW)
    return np.bincount(np.ravel_multi_index(ways, shape), minlength=math.prod(shape)).reshape(shape)


Counts = dict[Key, np.ndarray]


def _add(total: Counts, part: Counts) -> None:
    for key, counts in part.items():
        total[key] = total[key] + counts if key in total else counts


@dataclass
class Tally:
    """The counts of one policy.

    ``binary``: [absent, no, yes]; ``sums``: [n, sum, sum of squares]; ``timed``: shape (FOLDS,
    days + 1, 2), deaths and censorings by day; ``monthly``: events by month, index 0 unused, the last
    for never; ``flow``: the one array of ``flow``. All int64.
    """

    binary: Counts = field(default_factory=dict)
    sums: Counts = field(default_factory=dict)
    timed: Counts = field(default_factory=dict)
    monthly: Counts = field(default_factory=dict)
    flow: Counts = field(default_factory=dict)

    def add(self, other: "Tally") -> None:
        """Add the counts of other patients."""
        for mine, theirs in zip(_parts(self), _parts(other), strict=True):
            _add(mine, theirs)


@dataclass
class PairTally:
    """The joint counts of the same patients under a policy and its comparator.

    ``binary``: shape (3, 3), comparator's state by policy's state; ``sums``: [n, sum, sum of
    squares] of policy less comparator. All int64.
    """

    binary: Counts = field(default_factory=dict)
    sums: Counts = field(default_factory=dict)

    def add(self, other: "PairTally") -> None:
        """Add the counts of other patients."""
        _add(self.binary, other.binary)
        _add(self.sums, other.sums)


def _parts(tally: Tally) -> tuple[Counts, ...]:
    return tally.binary, tally.sums, tally.timed, tally.monthly, tally.flow


def _sums(values: np.ndarray) -> np.ndarray:
    return np.array([len(values), values.sum(), (values * values).sum()], np.int64)


def tally(rows: np.ndarray, horizons_years: tuple[float, ...], horizon_years: float) -> Tally:
    """Return the counts of a block of lives that were followed to ``horizon_years``."""
    result = Tally()
    for key, states in binary_outcomes(rows, horizons_years):
        result.binary[key] = np.bincount(states, minlength=3)
    for key, values in amounts(rows, horizon_years):
        result.sums[key] = _sums(values)
    last_day = int(np.ceil(horizon_years * YEAR_DAYS))
    fold = rows["number"] % FOLDS
    for key, among, days, died in timed_outcomes(rows, horizon_years):
        cell = (fold[among] * (last_day + 1) + days[among]) * 2 + ~died[among]
        result.timed[key] = np.bincount(cell, minlength=FOLDS * (last_day + 1) * 2).reshape(
            FOLDS, last_day + 1, 2
        )
    for key, month in curves(rows, horizon_years):
        result.monthly[key] = np.bincount(month, minlength=round(horizon_years * 12) + 2)
    result.flow[Key("flow")] = flow(rows)
    return result


def tally_pair(
    rows: np.ndarray, comparator: np.ndarray, horizons_years: tuple[float, ...], horizon_years: float
) -> PairTally:
    """Return the joint counts of one block of patients lived under a policy and under its comparator."""
    result = PairTally()
    for (key, states), (_, others) in zip(
        binary_outcomes(rows, horizons_years), binary_outcomes(comparator, horizons_years), strict=True
    ):
        result.binary[key] = np.bincount(others * 3 + states, minlength=9).reshape(3, 3)
    for (key, values), (_, others) in zip(
        amounts(rows, horizon_years), amounts(comparator, horizon_years), strict=True
    ):
        result.sums[key] = _sums(values - others)
    return result
