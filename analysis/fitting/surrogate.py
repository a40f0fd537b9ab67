"""The search of a fit: a linear approximation to what numbers do to endpoints, and its best point.

The approximation is a ridge regression on the evaluations around the best. Where these are many it averages
the ruggedness of a simulation on few patients, which a search without it cannot see past.
"""

import numpy as np
from scipy.optimize import minimize

TAILS = 4.0  # degrees of freedom of what the figures deviate by: assumption, heavy tails
NEAREST = 1500  # evaluations in the picture, at most
RIDGE = 2.0  # weight of each slope's square beside the squared errors
REACHES = (0.5, 1.0, 2.0)  # steps of a round, in radii
SUBSETS = 3  # further steps of a round, each on a part of the evaluations: the picture is uncertain
SUBSET_SHARE = 0.7
LOOKS = 6  # evaluations of a round around the best, which sharpen the picture there
LOOK_SIGMA = 0.2  # how far around, in standard deviations of the priors
BATCH = len(REACHES) + SUBSETS + LOOKS


def objective(normals: np.ndarray, deviations: np.ndarray) -> float:
    """Return minus the log of the posterior density, up to a constant.

    ``normals``: standard normal deviates of the numbers, shape (numbers,); ``deviations``: of the endpoints,
    in standard errors, shape (endpoints,). Deviations follow Student's t: published figures contradict each
    other by more than their intervals, and one that cannot be met must not distort the fit to the others.
    """
    tails = (TAILS + 1.0) * np.log1p(deviations**2 / TAILS)
    return float((normals**2).sum() + tails.sum()) / 2


def proposal(normals: np.ndarray, deviations: np.ndarray, best: int, radius: float) -> np.ndarray:
    """Return the deviates of least objective, approximated around an evaluation, shape (numbers,).

    ``normals``: of all evaluations, shape (n, numbers); ``deviations``: shape (n, endpoints); ``best``: the
    index of the evaluation; ``radius``: the size of the steps that the approximation is trusted for, in
    standard deviations of the priors.
    """
    origin = normals[best]
    squared = ((normals - origin) ** 2).sum(axis=1)
    near = np.argsort(squared, kind="stable")[:NEAREST]
    weights = np.sqrt(1.0 / (1.0 + squared[near] / max(np.median(squared[near]), 1e-12)))[:, None]
    terms = np.column_stack([np.ones(len(near)), normals[near] - origin]) * weights
    penalty = RIDGE * np.eye(terms.shape[1])
    penalty[0, 0] = 0.0  # the level is free
    found = np.linalg.solve(terms.T @ terms + penalty, terms.T @ (deviations[near] * weights))
    level, slopes = found[0], found[1:]

    def pictured(step: np.ndarray) -> tuple[float, np.ndarray]:
        at, shown = origin + step, level + step @ slopes
        pull = (TAILS + 1.0) * shown / (TAILS + shown**2)
        value = objective(at, shown) + 0.5 * (step**2).sum() / radius**2
        return value, at + slopes @ pull + step / radius**2

    start = np.zeros(len(origin))
    moved: np.ndarray = origin + minimize(pictured, start, jac=True, method="L-BFGS-B").x
    return moved


def asked_next(
    normals: np.ndarray, deviations: np.ndarray, best: int, radius: float, rng: np.random.Generator
) -> np.ndarray:
    """Return the deviates that the next round of a search evaluates, shape (BATCH, numbers).

    The shortest step is first. Arguments as of ``proposal``.
    """
    asked = [proposal(normals, deviations, best, radius * reach) for reach in REACHES]
    for _ in range(SUBSETS):
        kept = rng.random(len(normals)) < SUBSET_SHARE
        kept[best] = True
        part = np.flatnonzero(kept)
        asked.append(proposal(normals[part], deviations[part], int(np.searchsorted(part, best)), radius))
    looks = normals[best] + LOOK_SIGMA * rng.standard_normal((LOOKS, normals.shape[1]))
    return np.concatenate([asked, looks])
