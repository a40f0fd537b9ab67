"""Scalar functions that reactions share: quantiles, odds, and the grid of times."""

import math

import numpy as np

from sim.compiled import compiled

GRID = 2.0**32


@compiled
def on_grid(day: float) -> float:
    """Return a day rounded to the grid of 2^-32 day, on which sums are exact."""
    return np.floor(day * GRID + 0.5) / GRID


@compiled
def is_central(u: float) -> bool:
    """Return whether ``quantile_near_median`` holds for u: 85 % of uniforms."""
    return abs(u - 0.5) <= 0.425


@compiled
def quantile_near_median(u: float) -> float:
    """As ``normal_quantile``, within 0.425 of the median."""
    q = u - 0.5
    r = 0.180625 - q * q
    top = (
        ((((((2509.0809287301226727 * r + 33430.575583588128105) * r + 67265.770927008700853) * r
        + 45921.953931549871457) * r + 13731.693765509461125) * r + 1971.5909503065514427) * r
        + 133.14166789178437745) * r + 3.387132872796366608
    )  # fmt: skip
    bottom = (
        ((((((5226.495278852545925 * r + 28729.085735721942674) * r + 39307.89580009271061) * r
        + 21213.794301586595867) * r + 5394.1960214247511077) * r + 687.1870074920579083) * r
        + 42.313330701600911252) * r + 1.0
    )  # fmt: skip
    return q * top / bottom


@compiled
def normal_quantile(u: float) -> float:
    """Return the standard normal quantile of u in (0, 1); relative error about 1e-16.

    Algorithm AS 241 (PPND16): Wichura, Applied Statistics 1988;37:477-484.
    """
    if is_central(u):
        return quantile_near_median(u)
    q = u - 0.5
    r = math.sqrt(-math.log(u if q < 0.0 else 1.0 - u))
    if r <= 5.0:
        r -= 1.6
        top = (
            ((((((7.7454501427834140764e-4 * r + 0.0227238449892691845833) * r + 0.24178072517745061177) * r
            + 1.27045825245236838258) * r + 3.64784832476320460504) * r + 5.7694972214606914055) * r
            + 4.6303378461565452959) * r + 1.42343711074968357734
        )  # fmt: skip
        bottom = (
            ((((((1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r
            + 0.0151986665636164571966) * r + 0.14810397642748007459) * r + 0.68976733498510000455) * r
            + 1.6763848301838038494) * r + 2.05319162663775882187) * r + 1.0
        )  # fmt: skip
    else:
        r -= 5.0
        top = (
            ((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r
            + 0.0012426609473880784386) * r + 0.026532189526576123093) * r + 0.29656057182850489123) * r
            + 1.7848265399172913358) * r + 5.4637849111641143699) * r + 6.6579046435011037772
        )  # fmt: skip
        bottom = (
            ((((((2.04426310338993978564e-15 * r + 1.4215117583164458887e-7) * r
            + 1.8463183175100546818e-5) * r + 7.868691311456132591e-4) * r + 0.0148753612908506148525) * r
            + 0.13692988092273580531) * r + 0.59983220655588793769) * r + 1.0
        )  # fmt: skip
    return -top / bottom if q < 0.0 else top / bottom


@compiled
def lognormal(u: float, median: float, sigma: float) -> float:
    """Return the quantile u of a lognormal with this median and log-scale standard deviation."""
    return lognormal_of(normal_quantile(u), median, sigma)


@compiled
def lognormal_of(z: float, median: float, sigma: float) -> float:
    """Return the lognormal with this median and log-scale standard deviation of a standard normal z."""
    return median * math.exp(sigma * z)


# From a lognormal's standard deviation to the inverse shape of a Weibull with as wide quartiles.
_WEIBULL_FROM_LOGNORMAL = 2.0 * normal_quantile(0.75) / math.log(math.log(4.0) / math.log(4.0 / 3.0))


@compiled
def weibull(u: float, median: float, sigma: float) -> float:
    """Return the quantile u of a Weibull distribution with this median.

    The ratio of its quartiles is that of a lognormal with the log-scale standard deviation ``sigma``.
    """
    return median * (-math.log1p(-u) / math.log(2.0)) ** (sigma * _WEIBULL_FROM_LOGNORMAL)


@compiled
def with_odds(probability: float, odds_ratio: float) -> float:
    """Return the probability whose odds are ``odds_ratio`` times those of ``probability``; 0 and 1 stay."""
    if probability <= 0.0:
        return 0.0
    if probability >= 1.0:
        return 1.0
    odds = probability / (1.0 - probability) * odds_ratio
    return odds / (1.0 + odds) if odds < np.inf else 1.0


@compiled
def happens(u: float, probability: float, odds_ratio: float) -> bool:
    """Return whether a uniform lies below ``with_odds(probability, odds_ratio)``, without its divisions."""
    less = probability * odds_ratio
    return u * (1.0 - probability + less) < less or less == np.inf


@compiled
def pick(u: float, shares: np.ndarray) -> int:
    """Return the index that a uniform falls on when [0, sum of shares) is cut into the shares."""
    target = u * shares.sum()
    reached = 0.0
    for k in range(len(shares) - 1):
        reached += shares[k]
        if target < reached:
            return k
    return len(shares) - 1


@compiled
def normal_share(z: float) -> float:
    """Return the standard normal distribution function at z: the share below it."""
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


@compiled
def log_odds(probability: float) -> float:
    """Return the log odds of a probability; minus or plus infinity for 0 or 1."""
    if probability <= 0.0:
        return -np.inf
    if probability >= 1.0:
        return np.inf
    return math.log(probability / (1.0 - probability))
