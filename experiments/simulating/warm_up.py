"""How long a series takes to settle."""

import numpy as np

BATCH = 5


def settled_after(series: np.ndarray) -> int | None:
    """Return how many observations to drop so that the mean of the rest is known best; None: not settled.

    MSER-5: means of five; the cut that minimises the variance of the rest over the square of their number,
    searched in the first half. A series that has not settled by its half has no such minimum inside it.
    Source: White KP, Simulation 1997;69:323-334.
    """
    batches = len(series) // BATCH
    if batches < 4:
        return None
    means = np.asarray(series[: batches * BATCH], float).reshape(batches, BATCH).mean(axis=1)
    # Sums from each batch to the end, about the mean so that squares stay small.
    centred = means - means.mean()
    left = np.arange(batches, 0, -1)
    sums, squares = (np.cumsum(values[::-1])[::-1] for values in (centred, centred**2))
    criterion = np.maximum(squares - sums**2 / left, 0.0) / left.astype(float) ** 2
    half = batches // 2
    cut = int(criterion[: half + 1].argmin())
    return None if cut == half else cut * BATCH
