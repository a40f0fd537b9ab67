"""What an emulated trial shows at a published endpoint: a level, or a contrast of two."""

import math
from typing import NamedTuple

import numpy as np
from scipy.special import expit
from scipy.stats import binom

from analysis.tables.estimates import jackknife, share
from analysis.tables.survival_times import (
    median_interval,
    median_months,
    published_median_interval,
    restricted_mean_years,
)
from conf.endpoint import AMOUNTS, RATIOS, SURVIVALS, TIMES, WITH_DIFFERENCE, Endpoint
from sim.counting.batches import Z95
from sim.counting.estimates import unchanged_error, wilson
from sim.counting.samples import (
    CENSORED,
    EVENT,
    FOLDS,
    Sample,
    at_risk,
    bounded,
    crude,
    cumulative_incidence,
    hazard_ratio,
    kaplan_meier,
    log,
)
from sim.patient import YEAR_DAYS

ROUNDING = 1e-12  # less is no difference


def simulated(endpoint: Endpoint, side: Sample, other: Sample | None) -> float:
    """Return what the simulation shows at an endpoint; NaN where nobody counts."""
    if endpoint.ratio is None:
        return _level(endpoint, side)
    assert other is not None
    if endpoint.ratio == "hazard_ratio":
        years = endpoint.horizon_years
        return hazard_ratio(side, other, math.inf if years is None else years * YEAR_DAYS)
    level, beside = _level(endpoint, side), _level(endpoint, other)
    if endpoint.ratio == "difference":
        return level - beside
    if endpoint.ratio == "odds_ratio":
        level, beside = _odds(level), _odds(beside)
    return math.exp(bounded(log(level) - log(beside)))


def _odds(share: float) -> float:
    return math.inf if share >= 1 else share / (1 - share)


def _level(endpoint: Endpoint, side: Sample) -> float:
    """Return the incidence, survival, share, median, mean or time of one side."""
    level = _level_as_summed(endpoint, side)
    if endpoint.outcome in (*AMOUNTS, *TIMES) or ROUNDING < level < 1 - ROUNDING or math.isnan(level):
        return level
    return float(round(level))


def _level_as_summed(endpoint: Endpoint, side: Sample) -> float:
    """As ``_level``; a proportion of 0 or 1 may be off by rounding."""
    if len(side.value) == 0:
        return math.nan
    if endpoint.outcome == "share":
        return float(side.kind.mean())
    if endpoint.outcome in AMOUNTS:
        return float(np.median(side.value) if endpoint.outcome == "median" else side.value.mean())
    if endpoint.outcome == "median_survival":
        return median_months(side)
    if endpoint.outcome == "restricted_mean":
        return restricted_mean_years(side, endpoint.horizon_years or math.inf)
    day = (endpoint.horizon_years or math.inf) * YEAR_DAYS
    if endpoint.outcome in SURVIVALS:
        return 1.0 - kaplan_meier(side, day)
    if endpoint.estimator == "crude":
        return crude(side, (endpoint.followed_from_years or 0.0) * YEAR_DAYS, day)
    return (
        kaplan_meier(side, day) if endpoint.estimator == "kaplan_meier" else cumulative_incidence(side, day)
    )


class Precision(NamedTuple):
    """How precisely the simulation shows an endpoint.

    ``error``: its standard error, infinite where the patients do not determine it; a ratio's is of its log.
    ``rests_on``: the effective number of patients of a proportion; NaN of anything else. ``bounds``: the 95 %
    interval of a median survival, which is not symmetric; None of anything else.
    """

    error: float
    rests_on: float = math.nan
    bounds: tuple[float, float] | None = None


def precision(endpoint: Endpoint, side: Sample, other: Sample | None) -> Precision:
    """Return the simulation's own precision, by the jackknife over folds.

    Both sides leave out the same patients, so that the luck they share is allowed for. Folds that all show
    the same are no certainty: a proportion then has the error of Wilson's interval, a contrast at least that
    of a difference without a change, a median that of its order statistics; a mean's is not known. A median
    survival's is that of Brookmeyer and Crowley.
    """
    if endpoint.outcome == "median_survival":
        low, high = median_interval(side)
        return Precision((high - low) / (2 * Z95) if len(side.value) else math.nan, bounds=(low, high))
    value = simulated(endpoint, side, other)
    left_out = np.array(
        [
            simulated(endpoint, side.without(k), None if other is None else other.without(k))
            for k in range(FOLDS)
        ]
    )
    if endpoint.ratio in RATIOS:
        left_out = np.log(left_out)
    error = jackknife(left_out)
    if is_proportion(endpoint):
        if 0 < value < 1 and error > ROUNDING:
            return Precision(error, value * (1 - value) / error**2)
        rests_on = effective(endpoint, side)
        return Precision(_share_error(value, rests_on), rests_on)
    if endpoint.ratio is not None:
        assert other is not None
        least = math.hypot(_unchanged(endpoint, side), _unchanged(endpoint, other))
        return Precision(max(error, least) if math.isfinite(error) and least > 0 else math.inf)
    if endpoint.outcome == "restricted_mean":
        error = max(error, _unchanged(endpoint, side))
    elif not error > ROUNDING:
        error = _order_error(side.value) if endpoint.outcome == "median" else math.inf
    return Precision(error)


def standard_error(endpoint: Endpoint, side: Sample, other: Sample | None) -> float:
    """Return the simulation's own standard error, as ``precision`` has it."""
    return precision(endpoint, side, other).error


def is_proportion(endpoint: Endpoint) -> bool:
    """Return whether an endpoint is an incidence, a survival or a share of one side."""
    return endpoint.ratio is None and endpoint.outcome not in (*AMOUNTS, *TIMES)


def effective(endpoint: Endpoint, side: Sample) -> float:
    """Return how many patients a proportion without events, or of events alone, rests on.

    At risk at the horizon over those who have no event yet: everybody, where nobody is censored before.
    """
    if endpoint.outcome == "share":
        return float(len(side.value))
    day = (endpoint.horizon_years or math.inf) * YEAR_DAYS
    if endpoint.outcome not in SURVIVALS and endpoint.estimator != "kaplan_meier":
        # whoever died stays among those who have no event
        censored = (side.kind == CENSORED) & (side.value < day)
        return float(len(side.value) - censored.sum())
    events = side.value[(side.kind == EVENT) & (side.value <= day)]
    if kaplan_meier(side, day) == 1.0:
        day = float(events.max())
        before = 1.0 - kaplan_meier(side, np.nextafter(day, 0.0))
    else:
        before = 1.0 - kaplan_meier(side, day)
    return float(at_risk(side, np.array([day]))[0] / before)


def _share_error(value: float, rests_on: float) -> float:
    """Return the standard error of a proportion; at 0 and 1 from the other end of Wilson's interval."""
    if 0 < value < 1:
        return math.sqrt(value * (1 - value) / rests_on) if rests_on > 0 else math.inf
    low, high = proportion_interval(value, rests_on)
    return (high - low) / Z95


def proportion_interval(value: float, rests_on: float) -> tuple[float, float]:
    """Return Wilson's interval of a proportion of so many patients, from 0 to 1 where there are none."""
    low, high = wilson(float(value), float(rests_on), Z95)
    return low, high


def _unchanged(endpoint: Endpoint, side: Sample) -> float:
    """Return one side's least standard error in a contrast: half an event, on the scale of the contrast.

    Of a mean it is half a patient who differs by a standard deviation; of a restricted mean, by the horizon.
    """
    if endpoint.ratio == "hazard_ratio":
        years = endpoint.horizon_years
        day = math.inf if years is None else years * YEAR_DAYS
        return 1.0 / max(int(((side.kind == EVENT) & (side.value <= day)).sum()), 1)
    error: float = unchanged_error(float(len(side.value)))
    if endpoint.outcome == "restricted_mean":
        return error * (endpoint.horizon_years or math.inf)
    if endpoint.outcome == "mean":
        return error * float(side.value.std()) if len(side.value) else math.inf
    level = _level(endpoint, side)
    if endpoint.ratio == "difference":
        return error
    scale = level * (1 - level) if endpoint.ratio == "odds_ratio" else level
    return error / scale if scale > 0 else math.inf


def _order_error(values: np.ndarray) -> float:
    """Return the standard error of a median from its order statistics, which hold it whatever the values.

    Infinite of fewer than six, of which no two do so with 95 % (Conover WJ, Practical Nonparametric
    Statistics, 1999).
    """
    n = len(values)
    rank = int(binom.ppf(0.025, n, 0.5))
    if n < 6 or rank < 1:
        return math.inf
    ordered, middle = np.sort(values), float(np.median(values))
    return max(middle - float(ordered[rank - 1]), float(ordered[n - rank]) - middle) / Z95


def published_interval(endpoint: Endpoint, side: Sample) -> tuple[float, float]:
    """Return the 95 % interval of the published figure: as printed, or from its n; NaN where there is none.

    A proportion's is Wilson's; a median's is that of large samples, with the simulated distribution's density
    about its median; a median survival's is ``published_median_interval``.
    """
    if endpoint.low is not None and endpoint.high is not None:
        return endpoint.low, endpoint.high
    if endpoint.n is None or endpoint.ratio is not None or endpoint.outcome in WITH_DIFFERENCE:
        return math.nan, math.nan
    n = endpoint.n
    if endpoint.outcome == "median_survival":
        return published_median_interval(side, endpoint.published, n)
    if endpoint.outcome == "median":
        if n and np.ptp(side.value) == 0:
            return endpoint.published, endpoint.published  # of one value there is no density
        # The density about the median, from wide quantiles: a visit finds many recurrences on one day.
        low, middle, high = np.quantile(side.value, [0.3, 0.5, 0.7])
        reach = math.exp(Z95 * 0.5 / math.sqrt(n) * float((high - low) / 0.4 / middle))
        return endpoint.published / reach, endpoint.published * reach
    yes = endpoint.published * n
    _, _, low, high = share(np.array([0, n - yes, yes]))
    return low, high


class Scale(NamedTuple):
    """The scale on which an endpoint is compared, and its published standard errors on it.

    ``name``: ``log`` of ratios, ``log_odds`` of proportions; ``plain`` of anything else, and of a proportion
    whose published interval reaches 0 or 1. ``unit``: what a plain value is divided by.
    """

    name: str
    error_below: float
    error_above: float
    unit: float = 1.0

    def of(self, value: float) -> float:
        """Return a value on this scale; bounded."""
        if self.name == "log":
            return float(bounded(log(value)))
        return float(bounded(log(_odds(value)))) if self.name == "log_odds" else value / self.unit

    def back(self, value: float) -> float:
        """Return the value that lies there on this scale."""
        if self.name == "log":
            return math.exp(value)
        return float(expit(value)) if self.name == "log_odds" else value * self.unit


def scale_of(endpoint: Endpoint, low: float, high: float) -> Scale:
    """Return the scale of an endpoint with a published interval; a plain one's unit is its standard error."""
    name = "plain"
    if endpoint.ratio in RATIOS:
        name = "log"
    elif is_proportion(endpoint) and low > 0 and high < 1:
        name = "log_odds"
    scale = Scale(name, 0.0, 0.0)
    below, middle, above = (scale.of(x) for x in (low, endpoint.published, high))
    unit = (above - below) / (2 * Z95) if name == "plain" and above > below else 1.0
    return Scale(name, (middle - below) / Z95 / unit, (above - middle) / Z95 / unit, unit)


def deviation(
    endpoint: Endpoint, value: float, low: float, high: float, error: float = 0.0, rests_on: float = math.nan
) -> float:
    """Return how many standard errors the simulated value lies above the published one.

    Compared on their ``Scale``. An interval need not be symmetric: its side towards the simulated value
    counts. ``error`` is the simulation's own standard error; that of a proportion follows from the patients
    that it rests on, where they are given. A proportion of 0 or 1 then has half a patient added on either
    side of its odds (Haldane JBS, Ann Hum Genet 1956;20:309-311).
    """
    scale = scale_of(endpoint, low, high)
    if is_proportion(endpoint) and not math.isnan(rests_on):
        error = _share_error(value, rests_on)
    if scale.name == "log_odds" and value in (0, 1) and not math.isnan(rests_on):
        shown, error = _haldane(value, rests_on)
    else:
        shown = scale.of(value)
        if scale.name == "log_odds":
            error = error / max(value * (1 - value), 1e-9)
    apart = shown - scale.of(endpoint.published)
    total = math.hypot(scale.error_above if apart > 0 else scale.error_below, error / scale.unit)
    if total == 0:
        return 0.0 if apart == 0 else math.copysign(math.inf, apart)
    return apart / total


def _haldane(value: float, rests_on: float) -> tuple[float, float]:
    """Return the log odds of a proportion and their standard error, with half a patient on either side."""
    yes, no = value * rests_on + 0.5, (1 - value) * rests_on + 0.5
    return math.log(yes / no), math.sqrt(1 / yes + 1 / no)
