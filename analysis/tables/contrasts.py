"""What a policy costs and gains where studies differ from the model in the local recurrences that it leaves.

A study that differs does so in the ratio of local recurrences between its arms. A policy's recurrences are
therefore multiplied, and its costs, life years and QALYs follow by what a local recurrence costs and loses.
"""

from typing import NamedTuple

import numpy as np

from analysis.tables.economics import Worth


class PerRecurrence(NamedTuple):
    """What each of ``QUANTITIES`` of ``analysis.tables.economics`` changes by, for a local recurrence found.

    ``errors``: standard errors, by leaving out a group of patients at a time (jackknife).
    """

    changes: np.ndarray
    errors: np.ndarray


def per_recurrence(found: Worth, without: Worth) -> PerRecurrence:
    """Return what a local recurrence changes, from the same patients with recurrences and without any."""
    less, recurrences = found.sums - without.sums, found.recurrences[:, :1]
    groups, total = len(less), float(recurrences.sum())
    if total == 0.0:
        return PerRecurrence(np.zeros(less.shape[1]), np.zeros(less.shape[1]))
    left = np.maximum(total - recurrences, 1.0)
    left_out = (less.sum(axis=0) - less) / left
    spread = ((left_out - left_out.mean(axis=0)) ** 2).sum(axis=0)
    return PerRecurrence(less.sum(axis=0) / total, np.sqrt(spread * (groups - 1) / groups))


def acted_on(recurrences: np.ndarray, of_everybody: bool) -> np.ndarray:
    """Return the recurrences of those on whom a policy acts, from the last axis of ``Worth.recurrences``."""
    of_those: np.ndarray = recurrences[..., 0 if of_everybody else 1]
    return of_those


def towards(own: float, comparators: float) -> int:
    """Return 1 where a policy has no more local recurrences than the comparator, else -1.

    A measure that prevents less than the model says brings the first more of them, and fewer to a policy that
    leaves the measure out.
    """
    return 1 if own <= comparators else -1


def further(acted: np.ndarray, log_ratios: np.ndarray | float) -> np.ndarray:
    """Return how many local recurrences there are more, where those acted on are so many times as many."""
    more: np.ndarray = acted * np.expm1(log_ratios)
    return more
