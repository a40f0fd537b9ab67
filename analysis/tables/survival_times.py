"""Times read from a Kaplan-Meier curve: its median with the interval, and its mean up to a horizon.

The median is the first day on which the curve is at most a half. Its interval holds every time whose survival
does not differ from a half, on the scale of log(-log) (Brookmeyer R, Crowley J, Biometrics 1982;38:29-41).
The restricted mean is the area under the curve (Royston P, Parmar MKB, BMC Med Res Methodol 2013;13:152).
"""

import math

import numpy as np

from sim.counting.batches import Z95
from sim.counting.samples import EVENT, Sample, at_risk
from sim.patient import YEAR_DAYS

MONTH_DAYS = YEAR_DAYS / 12
ROUNDING = 1e-12  # of a product: a survival of a half may be off by it


def curve(side: Sample) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the days of events, survival from each on, and Greenwood's sum, shape (days,) each.

    Whoever dies otherwise is censored. An event before the origin counts from the origin on.
    """
    days, count = np.unique(side.value[side.kind == EVENT], return_counts=True)
    remaining = at_risk(side, days)
    with np.errstate(divide="ignore"):  # infinite where the last of those at risk has the event
        greenwood = np.cumsum(count / (remaining * (remaining - count)))
    return np.maximum(days, 0.0), np.cumprod(1.0 - count / remaining), greenwood


def median_months(side: Sample) -> float:
    """Return the median in months; infinity where the curve does not come down to a half."""
    days, survival, _ = curve(side)
    return _first_day(days, survival, 0.5) / MONTH_DAYS


def median_interval(side: Sample) -> tuple[float, float]:
    """Return the median's 95 % interval in months; its upper end is infinite where it is not reached."""
    days, survival, greenwood = curve(side)
    with np.errstate(divide="ignore", invalid="ignore"):
        width = Z95 * np.sqrt(greenwood) / np.abs(np.log(survival))
        lower, upper = survival ** np.exp(width), survival ** np.exp(-width)
    nobody_left = survival <= ROUNDING
    lower, upper = (np.where(nobody_left, 0.0, bound) for bound in (lower, upper))
    return _first_day(days, lower, 0.5) / MONTH_DAYS, _first_day(days, upper, 0.5) / MONTH_DAYS


def published_median_interval(side: Sample, published: float, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a published median of n patients, followed until they have had the event.

    Their curve is taken to be shaped as the simulated one: its times at the ends of the band around a half,
    over its own median.
    """
    days, survival, _ = curve(side)
    half = Z95 / (math.sqrt(n) * math.log(2))  # of log(-log S): 0.5 / sqrt(n) over 0.5 log 2
    at_low, at_high = (0.5 ** math.exp(sign * half) for sign in (-1, 1))
    median = _first_day(days, survival, 0.5)
    if not 0 < median < math.inf:
        return math.nan, math.nan
    return (
        published * _first_day(days, survival, at_low) / median,
        published * _first_day(days, survival, at_high) / median,
    )


def restricted_mean_years(side: Sample, horizon_years: float) -> float:
    """Return the mean time without the event in years, of the time up to the horizon."""
    days, survival, _ = curve(side)
    within = days < horizon_years * YEAR_DAYS
    ends = np.concatenate([[0.0], days[within], [horizon_years * YEAR_DAYS]])
    return float((np.diff(ends) * np.concatenate([[1.0], survival[within]])).sum() / YEAR_DAYS)


def _first_day(days: np.ndarray, survival: np.ndarray, level: float) -> float:
    reached = np.flatnonzero(survival <= level + ROUNDING)
    return float(days[reached[0]]) if len(reached) else math.inf
