"""The curves of an emulated trial, for its picture: each outcome of a whole arm that the trial published."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.tables.endpoints import simulated
from conf.endpoint import SURVIVALS, Endpoint
from conf.trials import Trial
from sim.counting.samples import Sample

POINTS_A_YEAR = 6
CURVE_COLUMNS = ("trial", "arm", "outcome", "time_from", "estimator", "time_years", "estimate")


def curves(trial: Trial, sides: Sequence[tuple[Sample, Sample | None]]) -> pd.DataFrame:
    """Return incidence or survival over time of each arm, for the endpoints that are of the whole arm.

    Columns as ``CURVE_COLUMNS``; a line a point, from the origin to the last horizon that was published.
    """
    wanted: dict[tuple[str, str, str, str], tuple[Endpoint, Sample, float]] = {}
    for endpoint, (side, _) in zip(trial.endpoints, sides, strict=True):
        whole = endpoint.subgroup is None and endpoint.where is None and endpoint.ratio is None
        # a crude figure, of uneven follow-up, is no point of a curve
        whole = whole and endpoint.outcome != "restricted_mean"
        if whole and endpoint.horizon_years is not None and endpoint.estimator != "crude":
            key = (endpoint.outcome, endpoint.arm, endpoint.time_from, endpoint.estimator)
            last = wanted[key][2] if key in wanted else 0.0
            wanted[key] = (endpoint, side, max(last, endpoint.horizon_years))
    lines = []
    for (outcome, arm, time_from, estimator), (endpoint, side, last) in wanted.items():
        for years in np.linspace(0, last, max(2, round(last * POINTS_A_YEAR) + 1)):
            start = 1.0 if outcome in SURVIVALS else 0.0
            there = dataclasses.replace(endpoint, horizon_years=float(years))
            value = simulated(there, side, None) if years else start
            lines.append((trial.name, arm, outcome, time_from, estimator, float(years), value))
    # Of no line the types would be unknown, and joined with other trials they would stay so.
    return pd.DataFrame(lines, columns=list(CURVE_COLUMNS)).astype({"time_years": float, "estimate": float})
