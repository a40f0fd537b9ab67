"""The tables of a calibration that say what it predicts for studies without them."""

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.fitting.discrepancy import Figures, LeftOut, kind
from analysis.tables.endpoints import scale_of
from conf.discrepancy import KINDS, Discrepancy

if TYPE_CHECKING:
    from analysis.tables.validation import EndpointComparison
    from conf.trials import Trial


def discrepancy_table(discrepancy: Discrepancy, figures: Figures) -> pd.DataFrame:
    """Return a line a kind of outcome: ``kind``, ``scale`` of Student's t with ``degrees`` of freedom,
    ``studies`` and ``endpoints`` that it was estimated from, and ``meaning``.

    The scale is in log odds of proportions, in logs of ratios, and in published standard errors of ``other``.
    """
    lines = []
    for name, meaning in KINDS.items():
        its = figures.kinds == name
        lines.append(
            {
                "kind": name,
                "scale": float(f"{discrepancy.scales[name]:.4g}"),
                "degrees": discrepancy.degrees,
                "studies": len(np.unique(figures.studies[its])),
                "endpoints": int(its.sum()),
                "meaning": meaning,
            }
        )
    return pd.DataFrame(lines)


def left_out_table(
    compared: "Sequence[tuple[Trial, EndpointComparison]]", found: LeftOut, refits: Iterable[float]
) -> pd.DataFrame:
    """Return a line an endpoint: what the other studies predict for it.

    ``predicted``, with ``predicted_low`` and ``_high`` (95 %) and ``half_low`` and ``_high`` (50 %), which
    hold parameters, discrepancy and the published figure's own sampling; ``inside``: whether the prediction
    lies in the published interval; ``probability`` of a figure below the published one; ``discrepancy``: its
    scale, estimated without the study; ``refit``: what a fit without the study found, or NaN.
    """
    low, high = found.interval(0.95)
    half_low, half_high = found.interval(0.5)
    published = [scale_of(one.endpoint, one.low, one.high).of(one.endpoint.published) for _, one in compared]
    probability = found.transform(np.array(published))
    lines = []
    for k, ((trial, one), refit) in enumerate(zip(compared, refits, strict=True)):
        scale = scale_of(one.endpoint, one.low, one.high)
        predicted = scale.back(found.mean[k])
        lines.append(
            {
                "trial": trial.name,
                "endpoint": one.endpoint.evidence,
                "kind": kind(one.endpoint, scale.name),
                "published": one.endpoint.published,
                "published_low": one.low,
                "published_high": one.high,
                "predicted": predicted,
                "predicted_low": scale.back(low[k]),
                "predicted_high": scale.back(high[k]),
                "half_low": scale.back(half_low[k]),
                "half_high": scale.back(half_high[k]),
                "inside": one.low <= predicted <= one.high,
                "probability": probability[k],
                "discrepancy": found.scale[k],
                "refit": refit,
            }
        )
    return _rounded(pd.DataFrame(lines))


def _rounded(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose numbers have five significant digits."""
    rounded: pd.DataFrame = table.apply(
        lambda column: (
            column.map(lambda x: x if math.isnan(x) else float(f"{x:.5g}"))
            if column.dtype == float
            else column
        )
    )
    return rounded
