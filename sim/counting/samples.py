"""Samples of patients who are followed: what is read of each, and estimates of levels and hazard ratios."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

FOLDS = 20  # of the jackknife
CRUDE_STEPS = 24  # into which the follow-up of a crude figure is cut
MOST_LOG_RATIO = 10.0  # where one side has no event, a ratio has no bound
CENSORED, EVENT, COMPETING = 0, 1, 2


class Sample(NamedTuple):
    """One side of an endpoint, a line a patient who counts, shape (n,) each.

    ``value``: days from the origin to what came first, or a number, or 0; ``kind``: CENSORED, EVENT or
    COMPETING (death); ``fold``: of the jackknife.
    """

    value: np.ndarray
    kind: np.ndarray
    fold: np.ndarray

    def without(self, fold: int) -> "Sample":
        """Return the sample less one fold."""
        kept = self.fold != fold
        return Sample(self.value[kept], self.kind[kept], self.fold[kept])


def joined(samples: Sequence[Sample]) -> Sample:
    """Return samples of different patients as one."""
    return Sample(*(np.concatenate(parts) for parts in zip(*samples, strict=True)))


def log(value: float) -> float:
    if value == math.inf:
        return math.inf
    return -math.inf if value <= 0 else math.log(value)


def bounded(log_ratio: float) -> float:
    return float(np.clip(log_ratio, -MOST_LOG_RATIO, MOST_LOG_RATIO))


def at_risk(side: Sample, days: np.ndarray) -> np.ndarray:
    """Return how many are at risk just before each of some days."""
    return len(side.value) - np.searchsorted(np.sort(side.value), days, side="left")


def kaplan_meier(side: Sample, day: float) -> float:
    """Return one less the product-limit estimate at a day; whoever dies otherwise is censored."""
    events, count = np.unique(side.value[(side.kind == EVENT) & (side.value <= day)], return_counts=True)
    return float(1.0 - np.prod(1.0 - count / at_risk(side, events)))


def cumulative_incidence(side: Sample, day: float) -> float:
    """Return the Aalen-Johansen estimate at a day; death competes."""
    within = side.value <= day
    if not np.any(within & (side.kind == CENSORED)):
        return float(np.mean(within & (side.kind == EVENT)))
    days, place = np.unique(side.value[within & (side.kind != CENSORED)], return_inverse=True)
    ended = np.bincount(place, minlength=len(days))
    events = np.bincount(place[side.kind[within & (side.kind != CENSORED)] == EVENT], minlength=len(days))
    remaining = at_risk(side, days)
    before = np.concatenate([[1.0], np.cumprod(1.0 - ended / remaining)[:-1]])
    return float((before * events / remaining).sum())


def crude(side: Sample, shortest_day: float, mean_day: float) -> float:
    """Return the share with the event so far; follow-up spreads evenly about its mean from the shortest."""
    steps = (np.arange(CRUDE_STEPS) + 0.5) / CRUDE_STEPS
    ends = shortest_day + 2.0 * (mean_day - shortest_day) * steps
    return float(np.mean([cumulative_incidence(side, day) for day in ends]))


def hazard_ratio(side: Sample, other: Sample, day: float = math.inf) -> float:
    """Return Cox's hazard ratio of one side against the other up to a day, Breslow's ties; death is censored.

    With one covariate of 0 and 1 the partial likelihood needs no more than how many of either side are at
    risk at each event (Cox, J R Stat Soc B 1972;34:187-220).
    """
    events = [np.sort(s.value[(s.kind == EVENT) & (s.value <= day)]) for s in (side, other)]
    if not len(events[0]) or not len(events[1]):
        return (
            math.exp(bounded(log(len(events[0])) - log(len(events[1]))))
            if any(map(len, events))
            else math.nan
        )
    days = np.concatenate(events)
    mine, theirs = at_risk(side, days), at_risk(other, days)
    log_ratio = 0.0
    for _ in range(50):
        share_of_risk = mine / (mine + theirs * math.exp(-log_ratio))
        score = len(events[0]) - share_of_risk.sum()
        information = (share_of_risk * (1 - share_of_risk)).sum()
        if information == 0:  # never both at risk
            return math.nan
        step = score / information
        log_ratio = bounded(log_ratio + float(np.clip(step, -2.0, 2.0)))
        if abs(step) < 1e-10:
            break
    return math.exp(log_ratio)
