"""How far studies lie from a fitted model, beyond their intervals: what it predicts for a study left out.

The endpoints are approximated as linear functions of the fitted numbers, on the scale on which each is
compared: the log odds of a proportion, the log of a ratio, published standard errors of anything else. The
posterior is then normal, and that without a study follows at once. What the left-out figures lie apart
beyond parameters and sampling is the discrepancy: heterogeneity of studies, and error of the model. It is
estimated by kind of outcome, and follows Student's t.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.stats import t as student

from conf.discrepancy import CONTRAST, KINDS, OTHER, Discrepancy, kind_of_outcome
from conf.endpoint import Endpoint

DEGREES = (3.0, 5.0, 10.0, 30.0)  # of freedom that are tried
FIRST = 0.3  # the discrepancy from which the estimate starts
# Assumption: how much the logs of the kinds' discrepancies differ; a kind of few studies borrows from all.
POOLING = np.array([1.5 if kind == OTHER else 0.5 for kind in sorted(KINDS)])
SHARED = 0.5  # assumption: of a study's discrepancy, common to its endpoints of a kind
ROUNDS = 12
LEAST = 1e-6  # an error of 0 is none
RIDGE = 2.0  # weight of each slope's square beside the squared errors


def kind(endpoint: Endpoint, scale: str) -> str:
    """Return the kind of outcome that an endpoint is, one of KINDS; ``scale``: on which it is compared."""
    if scale == "plain":
        return OTHER
    if endpoint.ratio is not None:
        return CONTRAST
    if endpoint.time_from in ("recurrence", "salvage"):
        return "after recurrence"
    return kind_of_outcome(endpoint.outcome)


@dataclass(frozen=True)
class Figures:
    """Published figures on their scales; arrays have shape (endpoints,).

    ``published``, and its standard errors towards lower and higher values, ``below`` and ``above``;
    ``kinds`` and ``studies``: the kind and the study of each.
    """

    published: np.ndarray
    below: np.ndarray
    above: np.ndarray
    kinds: np.ndarray
    studies: np.ndarray

    def errors(self, predicted: np.ndarray) -> np.ndarray:
        """Return the standard errors towards predictions, shape (endpoints,)."""
        errors: np.ndarray = np.where(predicted > self.published, self.above, self.below)
        return errors


class Approximation(NamedTuple):
    """Endpoints as linear functions of the numbers' normal deviates.

    ``level``: at the origin, shape (endpoints,); ``slopes``: shape (numbers, endpoints); ``error``: how far
    the evaluations lie from it, a standard deviation, shape (endpoints,).
    """

    level: np.ndarray
    slopes: np.ndarray
    error: np.ndarray


@dataclass(frozen=True)
class LeftOut:
    """What is predicted for each endpoint by the other studies, on its scale; arrays of shape (endpoints,).

    ``mean``: from the posterior without its study; ``spread``: the standard deviation of parameters and of
    the approximation; ``error``: of the published figure; ``scale``: of the discrepancy, estimated without
    its study; ``degrees``: of freedom.
    """

    mean: np.ndarray
    spread: np.ndarray
    error: np.ndarray
    scale: np.ndarray
    degrees: float

    def interval(self, share: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the ends of the interval that is to hold such a share of published figures."""
        half = student.ppf((1 + share) / 2, self.degrees) * self._total()
        return self.mean - half, self.mean + half

    def transform(self, published: np.ndarray) -> np.ndarray:
        """Return the probability of a figure below each published one: uniform if the intervals hold."""
        probability: np.ndarray = student.cdf((published - self.mean) / self._total(), self.degrees)
        return probability

    def _total(self) -> np.ndarray:
        total: np.ndarray = np.sqrt(self.spread**2 + self.error**2 + self.scale**2)
        return total


def approximate(normals: np.ndarray, shown: np.ndarray, centre: np.ndarray) -> Approximation:
    """Return a ridge regression of endpoints on numbers, in which evaluations near the centre count most.

    ``normals``: deviates of all evaluations, shape (n, numbers); ``shown``: what they show on the endpoints'
    scales, shape (n, endpoints), NaN where nobody counts; ``centre``: shape (numbers,).
    """
    shown = np.where(np.isnan(shown), np.nanmean(shown, axis=0), shown)
    squared = ((normals - centre) ** 2).sum(axis=1)
    usual = float(np.median(squared)) or 1.0  # 0 where no number was varied: all count alike
    weights = 1.0 / (1.0 + squared / usual) ** 2
    terms = np.column_stack([np.ones(len(normals)), normals - centre])
    weighted = terms * weights[:, None]
    penalty = RIDGE * np.eye(terms.shape[1])
    penalty[0, 0] = 0.0  # the level is free
    inverse = np.linalg.inv(terms.T @ weighted + penalty)
    found = inverse @ (weighted.T @ shown)
    apart = shown - terms @ found
    # generalised cross-validation: what the regression itself takes up of the errors
    free = max(1.0 - float(np.einsum("ij,jk,ik->", weighted, inverse, terms)) / len(normals), 0.2)
    error = np.sqrt((weights[:, None] * apart**2).sum(axis=0) / weights.sum()) / free
    return Approximation(found[0] - centre @ found[1:], found[1:], error)


def found_discrepancy(figures: Figures, approximation: Approximation) -> Discrepancy:
    """Return the discrepancy of studies, from what is predicted for each without it."""
    return _settled(figures, approximation)[0]


def left_out(figures: Figures, approximation: Approximation) -> LeftOut:
    """Return what is predicted for each study without it, with a discrepancy estimated without it."""
    discrepancy, mean, spread = _settled(figures, approximation)
    error = figures.errors(mean)
    apart, variance = figures.published - mean, spread**2 + error**2
    scale = np.empty(len(mean))
    names = np.unique(figures.studies)
    for name in names:
        its = figures.studies == name
        # of a single study nothing is left to estimate from
        others = ~its if len(names) > 1 else its
        without = estimate(apart[others], variance[others], figures.kinds[others], discrepancy.degrees)
        scale[its] = without.of(figures.kinds[its])
    return LeftOut(mean, spread, error, scale, discrepancy.degrees)


def _settled(figures: Figures, approximation: Approximation) -> tuple[Discrepancy, np.ndarray, np.ndarray]:
    """Return the discrepancy, and mean and standard deviation of what is predicted without each study.

    Each follows from the other, so that they are found in turn.
    """
    discrepancy, mean = Discrepancy(dict.fromkeys(KINDS, FIRST), DEGREES[0]), approximation.level
    for _ in range(ROUNDS):
        mean, spread = _without_each(figures, approximation, discrepancy, mean)
        variance = spread**2 + figures.errors(mean) ** 2
        discrepancy = estimate(figures.published - mean, variance, figures.kinds)
    return discrepancy, mean, spread


def fit_errors(figures: Figures, discrepancy: Discrepancy, predicted: np.ndarray) -> np.ndarray:
    """Return the errors with which figures enter a fit, shape (endpoints,): of sampling, and discrepancy.

    A study with many endpoints of a kind has one discrepancy that they share, and not many.
    """
    shared = np.ones(len(figures.published))
    for k in range(len(shared)):
        alike = (figures.studies == figures.studies[k]) & (figures.kinds == figures.kinds[k])
        shared[k] += SHARED * (alike.sum() - 1)
    scale = discrepancy.of(figures.kinds)
    errors: np.ndarray = np.sqrt(figures.errors(predicted) ** 2 + shared * scale**2 + LEAST**2)
    return errors


def _without_each(
    figures: Figures,
    approximation: Approximation,
    discrepancy: Discrepancy,
    predicted: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of each endpoint by the normal posterior without its study."""
    level, slopes, rough = approximation
    errors = np.hypot(fit_errors(figures, discrepancy, predicted), rough)
    precision = slopes / errors**2
    all_precision = np.eye(len(slopes)) + precision @ slopes.T
    all_pull = precision @ (figures.published - level)
    mean, spread = np.empty(len(level)), np.empty(len(level))
    for name in np.unique(figures.studies):
        its = figures.studies == name
        kept = all_precision - precision[:, its] @ slopes[:, its].T
        pull = all_pull - precision[:, its] @ (figures.published - level)[its]
        found = np.linalg.solve(kept, np.column_stack([pull, slopes[:, its]]))
        mean[its] = level[its] + slopes[:, its].T @ found[:, 0]
        spread[its] = np.sqrt((slopes[:, its] * found[:, 1:]).sum(axis=0) + rough[its] ** 2)
    return mean, spread


def estimate(
    apart: np.ndarray, variance: np.ndarray, kinds: np.ndarray, degrees: float | None = None
) -> Discrepancy:
    """Return the most likely discrepancy of figures that lie ``apart`` from predictions.

    ``variance``: of prediction and sampling together; all of shape (endpoints,). ``degrees``: None estimates
    them too. The logs of the kinds' scales are normal around a common one, so that a kind of few figures
    borrows from the others, and one without any takes theirs.
    """
    index = np.searchsorted(sorted(KINDS), kinds)

    def unlikely(logs: np.ndarray, degrees: float) -> float:
        by_kind = logs[0] + POOLING * logs[1:]
        total = np.sqrt(variance + np.exp(2 * by_kind[index]))
        density = student.logpdf(apart / total, degrees) - np.log(total)
        return float(0.5 * (logs[1:] ** 2).sum() - density.sum())

    start = np.concatenate([[np.log(FIRST)], np.zeros(len(KINDS))])
    bounds = [(-5.0, 1.0), *[(-4.0, 4.0)] * len(KINDS)]
    found = [
        (minimize(unlikely, start, args=(each,), bounds=bounds), each)
        for each in (DEGREES if degrees is None else (degrees,))
    ]
    best, chosen = min(found, key=lambda one: one[0].fun)
    by_kind = np.exp(best.x[0] + POOLING * best.x[1:])
    return Discrepancy(dict(zip(sorted(KINDS), by_kind.tolist(), strict=True)), chosen)
