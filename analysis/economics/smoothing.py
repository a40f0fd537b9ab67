"""Regression of outcomes on groups of parameters: cubic splines for few, Gaussian processes for more.

Both are linear in the outcomes once their smoothness is chosen, so that standard errors of whatever is
computed from the fitted values follow from the residuals.
"""

import warnings
from collections.abc import Callable
from functools import reduce
from typing import NamedTuple

import numpy as np
from scipy import stats
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, DotProduct, WhiteKernel
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import SplineTransformer

from analysis.economics.noise import Array

KNOTS = {1: 6, 2: 4, 3: 3}  # by the number of parameters: 8, 36 and 125 functions
PER_FUNCTION = 5  # members at least for each of these
MOST_POINTS, TUNING_POINTS = 1000, 300  # of a Gaussian process: its time grows with their cube
MOST_SCALES = 8  # parameters that have a length of their own
SPLINE, PROCESS, CONSTANT = "spline", "Gaussian process", "constant"


class Smooth(NamedTuple):
    """An outcome regressed on parameters."""

    fitted: Array  # shape (members,)
    influence: Callable[[Array], Array]  # from weights of fitted values to those of the outcome's values
    residuals: Array  # each with its member left out; shape (members,), NaN of those not in the regression


class Smoother:
    """Regression on some parameters. ``parameters``: shape (members, parameters), any units."""

    def __init__(self, parameters: Array) -> None:
        self.scaled = scaled(np.asarray(parameters, float))
        members, count = self.scaled.shape
        functions = (KNOTS[count] + 2) ** count if count in KNOTS else members
        if count == 0:
            self.method = CONSTANT
        elif functions * PER_FUNCTION <= members:
            self.method = SPLINE
            self._basis = _tensor(self.scaled)
        else:
            self.method = PROCESS

    def smooth(self, outcome: Array) -> Smooth:
        """Return the regression of an outcome, shape (members,)."""
        if self.method == CONSTANT or np.ptp(outcome) <= 1e-12 * np.abs(outcome).max(initial=0.0):
            return _constant(outcome)
        return _spline(self._basis, outcome) if self.method == SPLINE else _process(self.scaled, outcome)

    def neighbour_correlation(self, residuals: Array) -> float:
        """Return the correlation of residuals with those of the nearest members: near 0 after a good fit."""
        there = np.isfinite(residuals)
        if self.method == CONSTANT or there.sum() < 3 or not residuals[there].any():
            return 0.0
        points, left = self.scaled[there], residuals[there] - residuals[there].mean()
        nearest = NearestNeighbors(n_neighbors=2).fit(points).kneighbors(points, return_distance=False)
        other = np.where(nearest[:, 0] == np.arange(len(points)), nearest[:, 1], nearest[:, 0])
        return float((left * left[other]).mean() / left.var())


def scaled(parameters: Array) -> Array:
    """Return parameters with mean 0 and variance 1, of their logarithms where positive and skewed."""
    kept = []
    for values in parameters.T:
        if np.ptp(values) <= 1e-12 * np.abs(values).max(initial=0.0):
            continue
        if values.min() > 0 and stats.skew(values) > 1:
            values = np.log(values)
        kept.append((values - values.mean()) / values.std())
    return np.array(kept).reshape(len(kept), len(parameters)).T


def _constant(outcome: Array) -> Smooth:
    mean = np.full(len(outcome), outcome.mean())
    return Smooth(mean, lambda weights: np.full(len(weights), weights.mean()), outcome - mean)


def _tensor(points: Array) -> Array:
    """Return the left singular vectors and singular values of all products of cubic B-splines, one array.

    The first row holds the singular values.
    """
    splines = []
    for values in points.T:
        knots = np.unique(np.quantile(values, np.linspace(0, 1, KNOTS[points.shape[1]])))
        splines.append(SplineTransformer(degree=3, knots=knots[:, None]).fit_transform(values[:, None]))
    products = reduce(lambda one, other: (one[:, :, None] * other[:, None, :]).reshape(len(one), -1), splines)
    left, sizes, _ = np.linalg.svd(products - products.mean(axis=0), full_matrices=False)
    there = sizes > 1e-9 * sizes.max()
    return np.vstack([sizes[there], left[:, there]])


def _spline(basis: Array, outcome: Array) -> Smooth:
    """Return the ridge regression on the splines whose generalised cross-validation error is least."""
    sizes, left = basis[0], basis[1:]
    mean, members = outcome.mean(), len(outcome)
    along = left.T @ (outcome - mean)
    rest = float(((outcome - mean) ** 2).sum() - (along**2).sum())
    shrinks = [sizes**2 / (sizes**2 + penalty * sizes[0] ** 2) for penalty in np.logspace(-10, 2, 49)]
    errors = [
        (rest + (((1 - shrink) * along) ** 2).sum()) / (members - 1 - shrink.sum()) ** 2 for shrink in shrinks
    ]
    shrink = shrinks[int(np.argmin(errors))]
    fitted = mean + left @ (shrink * along)
    leverage = 1 / members + (left**2) @ shrink
    return Smooth(
        fitted,
        lambda weights: weights.mean() + left @ (shrink * (left.T @ weights)),
        (outcome - fitted) / np.maximum(1 - leverage, 1e-6),
    )


def _process(points: Array, outcome: Array) -> Smooth:
    """Return the mean of a Gaussian process with a linear part, of at most MOST_POINTS of the members."""
    members, count = points.shape
    rng = np.random.default_rng(1)
    used = rng.permutation(members)[:MOST_POINTS]
    mean, scale = outcome[used].mean(), outcome[used].std()
    lengths = np.full(count if count <= MOST_SCALES else 1, 2.0 * np.sqrt(count))
    kernel = (
        ConstantKernel(0.5, (1e-4, 1e3)) * RBF(lengths, (0.2, 1e3))
        + ConstantKernel(0.5 / count, (1e-6, 1e2)) * DotProduct(0.0, "fixed")
        + WhiteKernel(0.5, (1e-8, 2.0))
    )
    tuned = GaussianProcessRegressor(kernel, random_state=1)
    few = used[:TUNING_POINTS]
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", ConvergenceWarning
        )  # a length at its bound: no effect, or a straight one
        tuned.fit(points[few], (outcome[few] - mean) / scale)
    signal, noise = tuned.kernel_.k1, tuned.kernel_.k2
    inverse = np.linalg.inv(signal(points[used]) + (noise.noise_level + 1e-8) * np.eye(len(used)))
    across = signal(points, points[used])
    solved = inverse @ (outcome[used] - mean)
    residuals = np.full(members, np.nan)
    residuals[used] = solved / np.diag(inverse)

    def influence(weights: Array) -> Array:
        of_used = inverse @ (across.T @ weights)
        back = np.zeros(members)
        back[used] = of_used + (weights.sum() - of_used.sum()) / len(used)
        return back

    return Smooth(mean + across @ solved, influence, residuals)
