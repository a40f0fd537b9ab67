"""The posterior of uncertain numbers given published endpoints: an ensemble smoother.

Ensemble smoother with multiple data assimilation (Emerick and Reynolds, Comput Geosci 2013;55:3-15): the
ensemble starts as a sample of the prior and takes the data in several steps, each with inflated errors, so
that no step has to be nearly linear over the whole prior.
"""

import numpy as np

CHANCE = 2.0  # correlations below this over the square root of the ensemble are taken for chance


def correlations(normals: np.ndarray, deviations: np.ndarray) -> np.ndarray:
    """Return the correlations of numbers and endpoints, shape (numbers, endpoints); 0 for a constant."""
    from_mean, apart = normals - normals.mean(axis=0), deviations - deviations.mean(axis=0)
    scale = np.outer(normals.std(axis=0), deviations.std(axis=0)) * len(normals)
    found: np.ndarray = np.divide(from_mean.T @ apart, scale, out=np.zeros(scale.shape), where=scale > 0)
    return found


def assimilate(
    normals: np.ndarray, deviations: np.ndarray, inflation: float, rng: np.random.Generator
) -> np.ndarray:
    """Return the ensemble after one step of assimilation, shape (members, numbers).

    ``normals``: standard normal deviates of the uncertain numbers, same shape; ``deviations``: of each
    member's endpoints from the published ones, in published standard errors, shape (members, endpoints), so
    that the data are zeros with errors of one; ``inflation``: of the error variance. The inverses of all
    steps' inflations must add up to 1.
    """
    members, endpoints = deviations.shape
    from_mean = normals - normals.mean(axis=0)
    apart = deviations - deviations.mean(axis=0)
    cross = from_mean.T @ apart / (members - 1)
    cross = np.where(np.abs(correlations(normals, deviations)) > CHANCE / np.sqrt(members), cross, 0.0)
    spread = apart.T @ apart / (members - 1) + inflation * np.eye(endpoints)
    noise = np.sqrt(inflation) * rng.standard_normal(deviations.shape)
    moved: np.ndarray = normals + (cross @ np.linalg.solve(spread, (noise - deviations).T)).T
    return moved
