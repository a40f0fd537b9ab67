"""Regression of outcomes on groups of parameters: cubic splines for few, Gaussian processes for more.

Both are ridge regressions on functions of the parameters, products of splines or the process' own, with the
penalty that generalised cross-validation chooses; straight lines are not penalised. They are linear in the
outcome once that is chosen, so the noise of fitted values, and standard errors of what is computed from them,
follow from the residuals.
"""

import warnings
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, NamedTuple

import numpy as np
from scipy import optimize, stats
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, DotProduct, WhiteKernel
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import SplineTransformer
from threadpoolctl import threadpool_limits

from analysis.economics.noise import Array

KNOTS = {1: 6, 2: 4, 3: 3}  # by the number of parameters: 8, 36 and 125 functions
PER_FUNCTION = 5  # members at least for each of these
# Of a Gaussian process: members by which lengths are chosen, and whose functions are used.
TUNING_POINTS, MOST_FUNCTIONS = 200, 400
TUNING_STEPS = 30
MOST_LENGTHS = 8  # parameters that have a length of their own
PENALTIES = np.logspace(-10, 3, 53)  # times the largest squared singular value
SPLINE, PROCESS, CONSTANT = "spline", "Gaussian process", "constant"


class Smooth(NamedTuple):
    """An outcome regressed on parameters; arrays have shape (members,) but for ``factors``."""

    fitted: Array
    factors: Array  # how much of the outcome along each of the smoother's functions is kept, 0 to 1
    influence: Callable[[Array], Array]  # from weights of fitted values to those of the outcome's values
    residuals: Array  # each with its member left out


class Smoother:
    """Regression on some parameters, which are the same for all outcomes.

    ``parameters``: shape (members, parameters), in any units; ``outcomes``: shape (outcomes, members), of
    which a Gaussian process takes how far it reaches along each parameter.
    """

    def __init__(self, parameters: Array, outcomes: Array) -> None:
        # The matrices are small: threads that wait for a busy core make it thirty times slower.
        with threadpool_limits(limits=1, user_api="blas"):
            self._prepare(parameters, outcomes)

    def _prepare(self, parameters: Array, outcomes: Array) -> None:
        self.scaled = scaled(np.asarray(parameters, float))
        members, count = self.scaled.shape
        varied = np.array([each / each.std() for each in outcomes if _varies(each)]).reshape(-1, members)
        if count == 0 or not len(varied):
            self.method = CONSTANT
            functions = np.zeros((members, 0))
        elif count in KNOTS and PER_FUNCTION * (KNOTS[count] + 2) ** count <= members:
            self.method = SPLINE
            functions = _splines(self.scaled)
        else:
            self.method = PROCESS
            functions = _process(self.scaled, varied)
        lines, _ = _orthonormal(self.scaled[:, : self.scaled.shape[1] if functions.size else 0])
        functions = functions - functions.mean(axis=0)
        # Of two values of a parameter the lines leave nothing but rounding.
        curves, sizes = _orthonormal(functions - lines @ (lines.T @ functions), np.linalg.norm(functions))
        self._left, self._lines, self._squares = np.hstack([lines, curves]), lines.shape[1], sizes**2

    def smooth(self, outcome: Array) -> Smooth:
        """Return the regression of an outcome, shape (members,)."""
        mean, members, left = outcome.mean(), len(outcome), self._left
        along = left.T @ (outcome - mean)
        shrink = self._shrink(along, float(((outcome - mean) ** 2).sum()), members)
        fitted = mean + left @ (shrink * along)
        leverage = 1 / members + (left**2) @ shrink
        return Smooth(
            fitted,
            shrink,
            lambda weights: weights.mean() + left @ (shrink * (left.T @ weights)),
            (outcome - fitted) / np.maximum(1 - leverage, 1e-6),
        )

    def _shrink(self, along: Array, squares: float, members: int) -> Array:
        """Return the factors of the ridge regression whose generalised cross-validation error is least."""
        if not len(self._squares):
            return np.ones_like(along)
        rest = max(squares - float((along**2).sum()), 0.0)
        factors = self._squares / (self._squares + PENALTIES[:, None] * self._squares.max())
        factors = np.hstack([np.ones((len(PENALTIES), self._lines)), factors])
        free = members - 1 - factors.sum(axis=1)
        errors = (rest + (((1 - factors) * along) ** 2).sum(axis=1)) / np.maximum(free, 1e-9) ** 2
        best: Array = factors[int(np.argmin(errors))]
        return best

    def neighbour_correlation(self, residuals: Array) -> float:
        """Return the correlation of residuals with those of the nearest members: near 0 after a good fit."""
        if self.method == CONSTANT or len(residuals) < 3 or not _varies(residuals):
            return 0.0
        apart = residuals - residuals.mean()
        nearest = NearestNeighbors(n_neighbors=2).fit(self.scaled).kneighbors(return_distance=False)[:, 0]
        return float((apart * apart[nearest]).mean() / apart.var())


def scaled(parameters: Array) -> Array:
    """Return the parameters that vary, standardised: their logarithms where positive and skewed."""
    kept = []
    for values in parameters.T:
        if _varies(values):
            logs = values.min() > 0 and stats.skew(values) > 1
            kept.append(stats.zscore(np.log(values) if logs else values))
    return np.array(kept).reshape(len(kept), len(parameters)).T


def _orthonormal(functions: Array, scale: float | np.floating = 0.0) -> tuple[Array, Array]:
    """Return an orthonormal basis of what functions span beyond rounding at ``scale``, and each size."""
    left, sizes, _ = np.linalg.svd(functions, full_matrices=False)
    there = sizes > 1e-9 * max(sizes.max(initial=0.0), scale)
    return left[:, there], sizes[there]


def estimation_noise(weights: Array, smooths: Sequence[Sequence[Smooth]]) -> Array:
    """Return the covariance, on average over members, of the errors of sums of fitted values.

    ``smooths``: of one smoother, shape (summands, sums); ``weights``: of the summands. Errors of the means
    are left out. Shape (sums, sums).
    """
    factors = np.array([[each.factors for each in row] for row in smooths])
    residuals = np.array([[each.residuals for each in row] for row in smooths])
    members = residuals.shape[2]
    by_both = np.einsum("opf,uqf->opuq", factors, factors) / members
    covariance = np.einsum("opm,uqm->opuq", residuals, residuals) / members
    noise: Array = np.einsum("o,u,opuq->pq", weights, weights, by_both * covariance)
    return noise


def _varies(values: Array) -> bool:
    return bool(np.ptp(values) > 1e-12 * np.abs(values).max(initial=0.0))


def _splines(points: Array) -> Array:
    """Return all products of cubic B-splines, one of each parameter; shape (members, functions)."""
    splines = []
    for values in points.T:
        knots = np.unique(np.quantile(values, np.linspace(0, 1, KNOTS[points.shape[1]])))
        splines.append(SplineTransformer(degree=3, knots=knots[:, None]).fit_transform(values[:, None]))
    return reduce(lambda one, other: (one[:, :, None] * other[:, None, :]).reshape(len(one), -1), splines)


def _process(points: Array, outcomes: Array) -> Array:
    """Return functions whose products add up to the covariance of a Gaussian process with a linear part.

    Its lengths have the largest likelihood of some of the members. With more members than functions these
    are those of a part of the members (Nyström's approximation).
    """
    members, count = points.shape
    order = np.random.default_rng(1).permutation(members)
    few = order[:TUNING_POINTS]
    lengths = np.full(count if count <= MOST_LENGTHS else 1, 2.0 * np.sqrt(count))
    # Shorter lengths than the usual distance would be noise again.
    bounds = (max(1.0, 0.7 * np.sqrt(count)), 1e3)
    tuned = GaussianProcessRegressor(
        ConstantKernel(0.5, (1e-4, 1e3)) * RBF(lengths, bounds)
        + ConstantKernel(0.5 / count, (1e-6, 1e2)) * DotProduct(0.0, "fixed")
        + WhiteKernel(0.5, (1e-6, 2.0)),
        optimizer=_few_steps,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a length at its bound has no effect
        tuned.fit(points[few], (outcomes[:, few] - outcomes[:, few].mean(axis=1, keepdims=True)).T)
    signal, landmarks = tuned.kernel_.k1, points[order[:MOST_FUNCTIONS]]
    lengths_squared, directions = np.linalg.eigh(signal(landmarks))
    there = lengths_squared > 1e-10 * lengths_squared.max()
    functions: Array = signal(points, landmarks) @ (directions[:, there] / np.sqrt(lengths_squared[there]))
    return functions


def _few_steps(objective: Callable[..., Any], start: Array, bounds: Array) -> tuple[Array, float]:
    found = optimize.minimize(
        objective, start, jac=True, bounds=bounds, method="L-BFGS-B", options={"maxiter": TUNING_STEPS}
    )
    return found.x, float(found.fun)
