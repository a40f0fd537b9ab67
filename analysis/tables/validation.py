"""Simulated beside published endpoints: the table, and how well a set of trials agrees."""

import math
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import logit
from scipy.stats import chi2
from scipy.stats import t as student

from analysis.tables.endpoints import (
    deviation,
    is_proportion,
    precision,
    proportion_interval,
    published_interval,
    scale_of,
    simulated,
)
from conf.condition import Condition
from conf.endpoint import AMOUNTS, RATIOS, TIMES, WITH_DIFFERENCE, Endpoint
from conf.trials import Trial
from sim.counting.batches import Z95
from sim.counting.samples import MOST_LOG_RATIO, Sample

LEVELS = ("incidence", "survival", "share")  # the measures that are proportions
NEGLIGIBLE = 0.2  # of the published standard error: it then adds 2 % to the error of the comparison
COMPARISON_COLUMNS = (
    "trial", "set", "endpoint", "arm", "outcome", "subgroup", "horizon_years", "n", "published",
    "published_low", "published_high", "simulated", "simulated_low", "simulated_high", "comparable", "inside",
    "z", "measure", "judged", "note", "predictive_low", "predictive_high", "half_low", "half_high",
    "probability",
)  # fmt: skip


class EndpointComparison(NamedTuple):
    """One endpoint: published with its interval, simulated with its standard error, and z.

    ``rests_on``: the effective number of simulated patients of a proportion; ``bounds``: the simulation's own
    interval where its standard error does not give it.
    """

    endpoint: Endpoint
    low: float
    high: float
    value: float
    error: float
    z: float
    rests_on: float = math.nan
    bounds: tuple[float, float] | None = None

    @property
    def inside(self) -> bool:
        """Return whether the simulated value lies in the published interval."""
        return self.comparable and self.low <= self.value <= self.high

    @property
    def determined(self) -> bool:
        """Return whether the simulated patients determine the value and how far it may be off.

        They do not where a ratio has no event on a side, where a mean is of values that are all the same, and
        where a median survival or the upper end of its interval is not reached.
        """
        if not (math.isfinite(self.value) and math.isfinite(self.error)):
            return False
        return self.endpoint.ratio not in RATIOS or abs(math.log(self.value)) < MOST_LOG_RATIO

    @property
    def comparable(self) -> bool:
        """Return whether the figure is judged, and the simulated patients can distinguish a hit from a miss.

        They cannot where they do not determine the value, and where a proportion of 0 or 1 lies outside the
        published interval, which its own reaches.
        """
        if not (self.endpoint.judged and self.determined and self.low < self.high < math.inf):
            return False
        if is_proportion(self.endpoint) and self.value in (0, 1) and not self.low <= self.value <= self.high:
            low, high = self.interval()
            return high < self.low or low > self.high
        return True

    @property
    def error_beside_published(self) -> float:
        """Return the simulation's own standard error over the published one; infinite without an interval."""
        low, high = self.low, self.high
        if self.endpoint.ratio in RATIOS:
            if not self.comparable:
                return math.inf
            low, high = math.log(low), math.log(high)
        return self.error * 2 * Z95 / (high - low) if low < high < math.inf else math.inf

    def interval(self) -> tuple[float, float]:
        """Return the simulation's own 95 % interval; of a proportion it is Wilson's."""
        if is_proportion(self.endpoint):
            return proportion_interval(self.value, self.rests_on)
        if self.bounds is not None:
            return self.bounds
        half = Z95 * self.error
        if self.endpoint.ratio in RATIOS:
            return self.value * math.exp(-half), self.value * math.exp(half)
        return self.value - half, self.value + half


def compare_endpoint(endpoint: Endpoint, side: Sample, other: Sample | None) -> EndpointComparison:
    """Return an endpoint as the simulation shows it beside what was published."""
    value, (error, rests_on, bounds) = simulated(endpoint, side, other), precision(endpoint, side, other)
    low, high = published_interval(endpoint, side)
    z = deviation(endpoint, value, low, high, error, rests_on) if endpoint.judged else math.nan
    return EndpointComparison(endpoint, low, high, value, error, z, rests_on, bounds)


def measure(endpoint: Endpoint) -> str:
    """Return what kind of number an endpoint is: a ratio's name, or incidence, survival, share, ..."""
    if endpoint.ratio is not None:
        return f"{endpoint.outcome}_difference" if endpoint.outcome in WITH_DIFFERENCE else endpoint.ratio
    if endpoint.outcome in ("share", *AMOUNTS, *TIMES):
        return endpoint.outcome
    return "survival" if endpoint.outcome.endswith("survival") else "incidence"


class Predictive(NamedTuple):
    """What is needed for the predictive intervals of a trial's endpoints; arrays of shape (endpoints,).

    ``spread``: the standard deviation over members of the posterior sample, and ``discrepancy``: the scale
    of Student's t of ``degrees`` of freedom, both on the endpoint's scale.
    """

    spread: np.ndarray
    discrepancy: np.ndarray
    degrees: float

    def of(self, k: int, one: EndpointComparison) -> dict[str, float]:
        """Return the predictive intervals of endpoint ``k``: 95 % and 50 %, and the published one's place.

        They hold parameters, discrepancy, and the sampling of the published figure.
        """
        scale = scale_of(one.endpoint, one.low, one.high)
        centre, published = scale.of(one.value), scale.of(one.endpoint.published)
        sampling = scale.error_above if centre > published else scale.error_below
        total = math.sqrt(self.spread[k] ** 2 + self.discrepancy[k] ** 2 + sampling**2)
        ends = {
            "predictive_low": 0.025, "predictive_high": 0.975, "half_low": 0.25, "half_high": 0.75
        }  # fmt: skip
        found = {
            name: scale.back(centre + total * student.ppf(share, self.degrees))
            for name, share in ends.items()
        }
        place = float(student.cdf((published - centre) / total, self.degrees)) if total else math.nan
        return {**found, "probability": place}


def rows(
    trial: Trial, endpoints: list[EndpointComparison], predictive: Predictive | None = None
) -> pd.DataFrame:
    """Return the lines of ``endpoints.csv`` of one trial.

    Without ``predictive``, and for an endpoint that cannot be compared, predictive intervals are NaN.
    """
    lines = []
    for k, one in enumerate(endpoints):
        endpoint, value, z = one.endpoint, one.value, one.z if one.comparable else math.nan
        if one.determined or is_proportion(endpoint):
            low, high = one.interval()
        else:  # nothing is known of it
            value = low = high = math.nan
        line = {
            "trial": trial.name,
            "set": trial.set,
            "endpoint": endpoint.evidence,
            "arm": _both(endpoint, endpoint.arm, endpoint.against),
            "outcome": _outcome(endpoint),
            "subgroup": _both(endpoint, _text(endpoint.subgroup), _text(endpoint.against_subgroup)),
            "horizon_years": endpoint.horizon_years or 0.0,
            "n": endpoint.n or 0,
            "published": endpoint.published,
            "published_low": one.low,
            "published_high": one.high,
            "simulated": value,
            "simulated_low": low,
            "simulated_high": high,
            "comparable": one.comparable,
            "inside": one.inside,
            "z": z,
            "measure": measure(endpoint),
            "judged": endpoint.judged,
            "note": endpoint.note,
        }
        if predictive is not None and one.comparable:
            line |= predictive.of(k, one)
        lines.append(line)
    return pd.DataFrame(lines, columns=list(COMPARISON_COLUMNS))


def _text(condition: Condition | None) -> str:
    return "all" if condition is None else condition.text


def _both(endpoint: Endpoint, one: str, other: str) -> str:
    return one if endpoint.ratio is None or one == other else f"{one} : {other}"


def _outcome(endpoint: Endpoint) -> str:
    """Return the outcome, with its condition: ``local_recurrence where ...``, ``share of ...``."""
    if endpoint.where is not None:
        return f"{endpoint.outcome} where {endpoint.where.text}"
    of = endpoint.of.text if isinstance(endpoint.of, Condition) else endpoint.of
    return endpoint.outcome if of is None else f"{endpoint.outcome} of {of}"


def agreement(endpoints: pd.DataFrame) -> pd.DataFrame:
    """Return how each set agrees, and ``all``: ``set``, ``trials``, ``endpoints``, ``comparable``,
    ``inside``, ``coverage``, ``half``, ``nearly_all``, ``slope``, ``intercept``, ``chi_square``,
    ``degrees``, ``p_value``.

    Endpoints that are not judged or not comparable are left out of all but ``trials`` and ``endpoints``.
    ``half`` and ``nearly_all``: published figures within the 50 and 95 % predictive intervals.
    ``slope`` and ``intercept`` are those of the published on the simulated proportions, both as log odds,
    weighted by the published precision: 1 and 0 where they agree. Endpoints of one trial depend on each
    other, so that the chi-square is a guide, no test.
    """
    lines = []
    for name, part in [*endpoints.groupby("set", sort=True), ("all", endpoints)]:
        stated = part[part["comparable"]]
        chi_square = float((stated["z"] ** 2).sum())
        slope, intercept = calibration_line(stated)
        lines.append(
            {
                "set": name,
                "trials": part["trial"].nunique(),
                "endpoints": len(part),
                "comparable": len(stated),
                "inside": int(stated["inside"].sum()),
                "coverage": float(stated["inside"].mean()) if len(stated) else math.nan,
                "half": _held(stated["probability"], 0.5),
                "nearly_all": _held(stated["probability"], 0.95),
                "slope": slope,
                "intercept": intercept,
                "chi_square": chi_square,
                "degrees": len(stated),
                "p_value": float(chi2.sf(chi_square, len(stated))) if len(stated) else math.nan,
            }
        )
    return pd.DataFrame(lines)


def _held(probability: pd.Series, share: float) -> float:
    """Return how many published figures lie within predictive intervals of this share; NaN without any."""
    known = probability.dropna()
    return float(((known - 0.5).abs() <= share / 2).mean()) if len(known) else math.nan


def calibration_line(endpoints: pd.DataFrame) -> tuple[float, float]:
    """Return slope and intercept of published on simulated log odds; NaN of fewer than three proportions."""
    part = endpoints[endpoints["measure"].isin(LEVELS)]
    part = part[(part["published"] > 0) & (part["published"] < 1)]
    part = part[(part["simulated"] > 0) & (part["simulated"] < 1)]
    part = part[(part["published_low"] > 0) & (part["published_high"] < 1)]
    if len(part) < 3:
        return math.nan, math.nan

    log_odds = part[["published", "published_low", "published_high", "simulated"]].apply(logit)
    width = log_odds["published_high"] - log_odds["published_low"]
    slope, intercept = np.polyfit(log_odds["simulated"], log_odds["published"], 1, w=2 * Z95 / width)
    return float(slope), float(intercept)
