"""Net benefit over thresholds: which policy is preferred, how surely, and what certainty would be worth.

The expected value of perfect information (EVPI) is the mean over members of the best policy's net benefit,
less the net benefit of the policy that is best on average. With finite numbers of patients the maximum of
noisy means is too high, so all but ``evpi_with_noise`` is of members less the simulation's noise
(``noise.less_noise``).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.economics.draws import Draws, benefit_noise, rising
from analysis.economics.incremental import LEVEL
from analysis.economics.noise import Array
from conf.input_error import InputError


def acceptability(draws: Draws, thresholds: Sequence[float] | Array) -> pd.DataFrame:
    """Return one row for each threshold and policy.

    Columns: ``threshold`` (money per QALY), ``policy``; ``net_monetary_benefit`` and ``net_health_benefit``
    (QALYs; none at a threshold of 0), per patient, with intervals ``_low`` to ``_high`` that hold 95 % of
    the members; ``probability`` that the policy is the best, ties shared (acceptability curve);
    ``preferred``, whether it is the best on average (acceptability frontier); ``expected_loss`` per patient,
    by how much the best policy of each member exceeds it on average.
    """
    levels, clean = rising(thresholds), draws.less_noise()
    rows = []
    for threshold in levels:
        benefit = clean.net_benefit(float(threshold))
        low, high = np.quantile(benefit, [0.5 - LEVEL / 2, 0.5 + LEVEL / 2], axis=0)
        mean, chance, loss = benefit.mean(axis=0), _best(benefit).mean(axis=0), _losses(benefit).mean(axis=0)
        for k, policy in enumerate(draws.policies):
            monetary = {"": mean[k], "_low": low[k], "_high": high[k]}
            rows.append(
                {
                    "threshold": float(threshold),
                    "policy": policy,
                    **{f"net_monetary_benefit{end}": float(value) for end, value in monetary.items()},
                    **{
                        f"net_health_benefit{end}": float(value / threshold) if threshold else np.nan
                        for end, value in monetary.items()
                    },
                    "probability": float(chance[k]),
                    "preferred": k == int(np.argmax(mean)),
                    "expected_loss": float(loss[k]),
                }
            )
    return pd.DataFrame(rows)


def perfect_information(
    draws: Draws, thresholds: Sequence[float] | Array, patients: float = 1.0
) -> pd.DataFrame:
    """Return what perfect information is worth at each threshold.

    Columns: ``threshold``; ``preferred``, the policy that is best on average; ``evpi`` per patient, in money,
    and its standard error ``evpi_se`` from the finite numbers of members and patients; ``evpi_with_noise``,
    as it is with the simulation's noise left in; ``population_evpi``, for ``patients`` patients
    (``discounted_patients``), with ``population_evpi_se``.
    """
    levels, clean = rising(thresholds), draws.less_noise()
    rows = []
    for threshold in levels:
        benefit = clean.net_benefit(float(threshold))
        best = int(np.argmax(benefit.mean(axis=0)))
        lost = _losses(benefit)[:, best]
        # How the value follows a shift that all members share: chance of being best, less being chosen.
        moves = _best(benefit).mean(axis=0) - np.eye(len(draws.policies))[best]
        variance = lost.var(ddof=1) / draws.members + benefit_noise(
            draws.shared_noise, float(threshold), moves
        )
        evpi, error = float(lost.mean()), float(np.sqrt(variance))
        noisy = draws.net_benefit(float(threshold))
        rows.append(
            {
                "threshold": float(threshold),
                "preferred": draws.policies[best],
                "evpi": evpi,
                "evpi_se": error,
                "evpi_with_noise": float(_losses(noisy).mean(axis=0).min()),
                "population_evpi": evpi * patients,
                "population_evpi_se": error * patients,
            }
        )
    return pd.DataFrame(rows)


def discounted_patients(patients_per_year: float, years: float, discount_rate: float) -> float:
    """Return how many patients a decision serves, those of later years discounted.

    They arrive evenly for ``years``: the integral of patients_per_year × (1 + discount_rate)^(−t). Raises
    InputError for a number below 0.
    """
    for name, value in (
        ("patients_per_year", patients_per_year),
        ("years", years),
        ("discount_rate", discount_rate),
    ):
        if not (np.isfinite(value) and value >= 0):
            raise InputError(f"{name}={value}: must be a finite number, 0 or more")
    force = np.log1p(discount_rate)
    return float(patients_per_year * (-np.expm1(-force * years) / force if force else years))


def _best(benefit: Array) -> Array:
    """Return for each member the share of each policy in being the best: 1, or less where some tie."""
    top = benefit.max(axis=1, keepdims=True)
    ties = benefit >= top - 1e-9 * np.maximum(np.abs(top), 1.0)
    shares: Array = ties / ties.sum(axis=1, keepdims=True)
    return shares


def _losses(benefit: Array) -> Array:
    """Return by how much the best policy of each member exceeds each policy; shape (members, policies)."""
    losses: Array = benefit.max(axis=1, keepdims=True) - benefit
    return losses
