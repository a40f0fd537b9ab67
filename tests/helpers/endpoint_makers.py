"""What the tests of endpoints share: endpoints, and samples of patients who are followed."""

from typing import Any

import numpy as np

from conf.endpoint import Endpoint
from sim.counting.samples import CENSORED, COMPETING, EVENT, FOLDS, Sample

DEFAULTS: dict[str, Any] = {
    "evidence": "e", "arm": "a", "outcome": "local_recurrence", "published": 0.2, "subgroup": None,
    "horizon_years": 5.0, "followed_from_years": None, "time_from": "surgery",
    "estimator": "cumulative_incidence", "where": None, "of": None, "ratio": None, "against": "a",
    "against_subgroup": None, "n": 100, "judged": True,
    "low": None, "high": None, "note": "",
}  # fmt: skip


def endpoint(**changes: Any) -> Endpoint:
    """Return an endpoint: local recurrence at five years, unless something else is said."""
    return Endpoint(**{**DEFAULTS, **changes})


def counted(yes: int, no: int) -> Sample:
    """Return the sample of a share."""
    kind = np.repeat([EVENT, CENSORED], [yes, no]).astype(np.int8)
    return Sample(np.zeros(len(kind)), kind, np.arange(len(kind)) % FOLDS)


def followed(
    rng: np.random.Generator, n: int, event: float = 0.05, death: float = 0.03, unit: float = 1.0
) -> Sample:
    """Return ``n`` patients with hazards a year of an event and of death, censored within 2 to 9 years.

    Days are rounded up to ``unit``: many ties where it is large.
    """
    at = np.stack([rng.exponential(365.25 / hazard, n) for hazard in (event, death)])
    at = np.vstack([at, rng.uniform(2, 9, n) * 365.25])
    days = np.ceil(at.min(axis=0) / unit) * unit
    kind = np.array([EVENT, COMPETING, CENSORED])[at.argmin(axis=0)]
    return Sample(days, kind.astype(np.int8), np.arange(n) % FOLDS)
