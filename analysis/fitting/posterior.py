"""What a calibration learnt: prior against posterior, numbers that trade off, targets that pull apart."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.fitting.smoother import correlations
from conf.uncertain import Uncertain

TRADED = 0.4  # correlation in the posterior from which two numbers are reported to trade off
OPPOSED = -0.5  # cosine from which two endpoints are reported to pull in opposite directions
PULLING = 1.0  # standard errors that both must be off


def numbers_table(
    numbers: Sequence[Uncertain], posterior: np.ndarray, best: np.ndarray, searched: np.ndarray
) -> pd.DataFrame:
    """Return a line a number: ``key``, prior, hand-set value, posterior and fitted value, ``width_ratio``.

    ``posterior``: deviates of the priors, shape (members, numbers). ``width_ratio``: standard deviation of
    the posterior over the prior's, on the scale on which the prior is standard normal: 1 where the targets
    say nothing. ``searched``: whether any target depends on the number; the others keep their hand-set value.
    """
    lines = []
    for k, number in enumerate(numbers):
        values = np.array([number.value(normal) for normal in posterior[:, k]])
        low, high = np.quantile(values, [0.025, 0.975])
        lines.append(
            {
                "key": number.key,
                "prior_median": number.value(0.0),
                "prior_low": number.low,
                "prior_high": number.high,
                "default": number.default,
                "posterior_mean": values.mean(),
                "posterior_low": low,
                "posterior_high": high,
                "fitted": number.value(best[k]) if searched[k] else number.default,
                "width_ratio": posterior[:, k].std(ddof=1),
                "searched": bool(searched[k]),
                "source": number.source,
            }
        )
    return pd.DataFrame(lines)


def members_table(numbers: Sequence[Uncertain], posterior: np.ndarray, searched: np.ndarray) -> pd.DataFrame:
    """Return the posterior sample: ``member``, and a column for each number that was searched, in its unit.

    A line is one joint draw; the numbers that are no column keep their priors, since no target depends on
    them.
    """
    columns: dict[str, object] = {"member": np.arange(len(posterior))}
    for k in np.flatnonzero(searched).tolist():
        values = [float(f"{numbers[k].value(normal):.6g}") for normal in posterior[:, k]]
        columns[numbers[k].key] = values
    return pd.DataFrame(columns)


def tradeoffs(numbers: Sequence[Uncertain], posterior: np.ndarray, searched: np.ndarray) -> pd.DataFrame:
    """Return pairs of numbers that the targets link: ``one``, ``other``, ``correlation``."""
    chosen = np.flatnonzero(searched).tolist()
    found = []
    if len(chosen) > 1:
        correlation = np.corrcoef(posterior[:, chosen].T)
        for a, b in zip(*np.triu_indices(len(chosen), 1), strict=True):
            if abs(correlation[a, b]) >= TRADED:
                found.append((numbers[chosen[a]].key, numbers[chosen[b]].key, correlation[a, b]))
    found.sort(key=lambda pair: -abs(pair[2]))
    return pd.DataFrame(found, columns=["one", "other", "correlation"])


def pulls(
    endpoints: Sequence[str], normals: np.ndarray, deviations: np.ndarray, at_best: np.ndarray
) -> pd.DataFrame:
    """Return pairs of targets that pull apart: ``endpoint``, ``against``, ``cosine``, ``z``, ``z_against``.

    ``normals`` and ``deviations``: the prior ensemble and its deviations; their correlations show where each
    target draws the numbers. Two targets pull apart where both are missed at the best fit and what
    would bring one nearer takes the other away: the cosine of their pulls is well below 0.
    """
    pull = correlations(normals, deviations).T * at_best[:, None]
    length = np.linalg.norm(pull, axis=1)
    found = []
    for a, b in zip(*(k.tolist() for k in np.triu_indices(len(endpoints), 1)), strict=True):
        if min(abs(at_best[a]), abs(at_best[b])) < PULLING or min(length[a], length[b]) == 0:
            continue
        cosine = float(pull[a] @ pull[b] / (length[a] * length[b]))
        if cosine <= OPPOSED:
            found.append((endpoints[a], endpoints[b], cosine, at_best[a], at_best[b]))
    found.sort(key=lambda pair: pair[2])
    return pd.DataFrame(found, columns=["endpoint", "against", "cosine", "z", "z_against"])
