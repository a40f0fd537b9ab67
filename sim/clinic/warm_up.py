"""How many patients a clinic that opens empty takes until its waits have settled."""

import math
from typing import NamedTuple

import numpy as np

from sim.clinic.load import grows, week_count, write_census, write_lengths
from sim.clinic.queues import N_RESOURCES, WEEK_DAYS
from sim.compiled import compiled

BATCH = 5
LEAST_BATCHES = 4
NOT_SETTLED = -1


class Series(NamedTuple):
    """Where it is noted what settles, float64."""

    waits: np.ndarray  # days that each patient waited in all, shape (patients,)
    census: np.ndarray  # patients in the clinic by week, shape (weeks,)
    came: np.ndarray  # of them those who came in the week, less those who left, shape (weeks,)
    lengths: np.ndarray  # of each queue at the end of each week, shape (N_RESOURCES, weeks)
    means: np.ndarray  # of batches, shape (at least a batch of each of the longest series,)


def new_series(patients: int, last_day: float) -> Series:
    """Return the series of a pilot of so many patients whose last arrives on this day."""
    weeks = week_count(last_day)
    return Series(
        np.empty(patients),
        np.empty(weeks),
        np.empty(weeks),
        np.empty((N_RESOURCES, weeks)),
        np.empty(max(patients, weeks)),
    )


@compiled
def settled_patients(rows: np.ndarray, log: np.ndarray, days: np.ndarray, series: Series) -> int:
    """Return how many patients of a pilot come before its waits have settled, or NOT_SETTLED.

    ``rows``: the patients in order of arrival on ``days``, from an empty clinic with this ``log``. Two series
    must have settled: each patient's days of waiting, and the patients in the clinic (in a queue, under
    treatment or in bed), by week. And no queue may grow all along.
    """
    for i in range(len(rows)):
        waited = 0.0
        for event in range(len(rows[i].waited_days)):
            waited += rows[i].waited_days[event]
        series.waits[i] = waited
    write_census(log, series.census, series.came)
    by_patient = settled_after(series.waits, series.means)
    by_week = settled_after(series.census, series.means)
    if by_patient == NOT_SETTLED or by_week == NOT_SETTLED:
        return NOT_SETTLED
    write_lengths(log, series.lengths)
    for resource in range(N_RESOURCES):
        if grows(series.lengths[resource]):
            return NOT_SETTLED
    patients = 0
    while patients < len(days) and days[patients] < by_week * WEEK_DAYS:
        patients += 1
    return max(by_patient, patients)


@compiled
def settled_after(series: np.ndarray, means: np.ndarray) -> int:
    """Return how many observations to drop so that the mean of the rest is known best, or NOT_SETTLED.

    MSER-5: means of five; the cut that minimises the variance of the rest over the square of their number,
    searched in the first half. A series that has not settled by its half has no such minimum inside it.
    Source: White KP, Simulation 1997;69:323-334.
    """
    batches = len(series) // BATCH
    if batches < LEAST_BATCHES:
        return NOT_SETTLED
    centre = 0.0
    for k in range(batches):
        means[k] = 0.0
        for i in range(BATCH * k, BATCH * (k + 1)):
            means[k] += series[i]
        means[k] /= BATCH
        centre += means[k] / batches
    half = batches // 2
    total, squares, least, cut = 0.0, 0.0, math.inf, half
    for k in range(batches - 1, -1, -1):
        # About the mean, so that squares stay small.
        apart, left = means[k] - centre, float(batches - k)
        total += apart
        squares += apart * apart
        if k <= half:
            criterion = max(squares - total * total / left, 0.0) / (left * left)
            if criterion <= least:
                least, cut = criterion, k
    return NOT_SETTLED if cut == half else cut * BATCH
