"""How far an outcome depends on each uncertain parameter: Morris and Sobol' indices, tornado, two-way maps.

SALib makes the points and the indices; the outcome is computed at the points elsewhere, with the same luck
at each. What noise remains raises every index, and is taken out. Parameters are varied as if independent.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import contourpy
import numpy as np
import pandas as pd
from SALib.analyze import morris as analyse_morris
from SALib.analyze import sobol as analyse_sobol
from SALib.sample import morris as sample_morris
from SALib.sample import sobol as sample_sobol
from scipy.interpolate import RegularGridInterpolator

from analysis.economics.incremental import LEVEL, Z
from analysis.economics.noise import Array, noise_of
from conf.input_error import InputError, choice, shown

Margin = tuple[float, float] | Array  # a range, over which values are equally likely; or a sample
MORRIS, SOBOL = "morris", "sobol"
LEVELS = 4  # of Morris' grid
STEPS_OF_A_LINE = 8  # within a cell of a map, so that it ends where a third policy is better
STEP = LEVELS / (2 * (LEVELS - 1))


@dataclass(frozen=True)
class Plan:
    """Points at which to compute an outcome."""

    method: str
    problem: dict[str, Any]  # SALib's, on the unit cube
    unit: Array  # shape (points, parameters)
    points: pd.DataFrame  # the same as values of the parameters
    seed: int


def plan(
    method: str,
    margins: Mapping[str, Margin],
    size: int,
    seed: int = 1,
    groups: Mapping[str, Sequence[str]] | None = None,
) -> Plan:
    """Return the points of a Morris or Sobol' analysis.

    ``size``: trajectories of Morris (size × (parameters + 1) points), or base samples of Sobol', a power of
    2 (size × (parameters + 2) points). With ``groups``, which must hold every parameter once, a group counts
    as one parameter. Morris varies a sampled margin within the middle 95 % of its values. Raises InputError.
    """
    if method not in (MORRIS, SOBOL):
        raise InputError(f"method={shown(method)}: is not known{choice(method, (MORRIS, SOBOL))}")
    if method == SOBOL and (size < 2 or size & (size - 1)):
        raise InputError(f"size={size}: must be a power of 2 for Sobol' indices, such as 256")
    if method == MORRIS and size < 2:
        raise InputError(f"size={size}: at least two trajectories are needed")
    names = list(margins)
    if len(names) < 2:
        raise InputError(f"parameters={shown(names)}: at least two are needed")
    problem: dict[str, Any] = {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}
    if groups is not None:
        problem["groups"] = _groups(names, groups)
    if method == MORRIS:
        unit = sample_morris.sample(problem, size, num_levels=LEVELS, seed=seed)
    else:
        unit = sample_sobol.sample(problem, size, calc_second_order=False, seed=seed)
    within = (0.5 - LEVEL / 2, 0.5 + LEVEL / 2) if method == MORRIS else (0.0, 1.0)
    points = {name: _values(name, margins[name], unit[:, k], within) for k, name in enumerate(names)}
    return Plan(method, problem, unit, pd.DataFrame(points), seed)


def _groups(names: Sequence[str], groups: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the group of each parameter. Raises InputError."""
    of: dict[str, str] = {}
    for group, members in groups.items():
        for name in members:
            if name not in names:
                raise InputError(
                    f"groups.{group}: {shown(name)} is no uncertain parameter{choice(name, names)}"
                )
            if name in of:
                raise InputError(f"groups.{group}: {name} is in {of[name]}, too")
            of[name] = group
    if missing := [name for name in names if name not in of]:
        raise InputError(f"groups: {', '.join(missing)} is in none; every parameter must be in one")
    return [of[name] for name in names]


def _values(name: str, margin: Margin, unit: Array, within: tuple[float, float]) -> Array:
    """Return values of a parameter from quantiles. Raises InputError."""
    values = np.asarray(margin, float)
    if values.ndim != 1 or len(values) < 2 or not np.isfinite(values).all():
        raise InputError(f"{name}: a range of two finite numbers or a sample of at least two is needed")
    if isinstance(margin, tuple):
        low, high = margin
        if not low < high:
            raise InputError(f"{name}=({low:g}, {high:g}): the range must rise")
        spread: Array = low + (high - low) * unit
        return spread
    sampled: Array = np.quantile(values, within[0] + (within[1] - within[0]) * unit)
    return sampled


def indices(planned: Plan, values: Array, noise_variance: float = 0.0) -> pd.DataFrame:
    """Return the indices of each parameter, or group, from the outcome at the points of a plan.

    ``values``: shape (points,), or (points, batches) of means of batches of the same patients at every point,
    from which the noise follows, also that of each effect. ``noise_variance``: of a value, independent
    between points, if it is known.

    Columns of Sobol': ``parameter``, ``first`` and ``total`` order with 95 % intervals ``_low`` to ``_high``
    from resampled points; ``noise_share`` of the variance between points, which is taken out. Of Morris:
    ``mu``, ``mu_star`` with its interval, ``sigma``, in units of the outcome for the whole range of the
    parameter; ``noise_floor``, the mu_star that this noise alone would give. Sigma is less the noise, and
    like ``mu`` missing for groups.

    Raises InputError for another number of values than points, or values that are not finite.
    """
    outcome = np.asarray(values, float)
    if outcome.ndim not in (1, 2) or len(outcome) != len(planned.unit) or not np.isfinite(outcome).all():
        raise InputError(f"values: have shape {outcome.shape}; a finite one for each of "
                         f"{len(planned.unit)} points is needed")  # fmt: skip
    noise = float(noise_variance)
    if not (np.isfinite(noise) and noise >= 0):
        raise InputError(f"noise_variance={noise:g}: must be a finite number, 0 or more")
    paired = np.full(len(_parts(planned)), 2 * noise)
    if outcome.ndim == 2:
        noise = float(noise_of(outcome[:, :, None], same_patients=True).own[0, 0])
        paired = _paired_noise(planned, outcome)
        outcome = outcome.mean(axis=1)
    if planned.method == MORRIS:
        return _morris(planned, outcome, paired)
    return _sobol(planned, outcome, noise, paired)


def _morris(planned: Plan, outcome: Array, paired: Array) -> pd.DataFrame:
    # SALib adds to the problem that it is given.
    found = analyse_morris.analyze(
        dict(planned.problem), planned.unit, outcome, conf_level=LEVEL, num_levels=LEVELS, seed=planned.seed
    )
    mu_star, reach = np.asarray(found["mu_star"], float), np.asarray(found["mu_star_conf"], float)
    of_effect = paired / STEP**2
    return pd.DataFrame(
        {
            "parameter": list(found["names"]),
            "mu": np.ma.filled(np.ma.asarray(found["mu"], float), np.nan),
            "mu_star": mu_star,
            "mu_star_low": np.maximum(mu_star - reach, 0.0),
            "mu_star_high": mu_star + reach,
            "sigma": np.sqrt(
                np.maximum(np.ma.filled(np.ma.asarray(found["sigma"], float), np.nan) ** 2 - of_effect, 0.0)
            ),
            "noise_floor": np.sqrt(2 / np.pi * of_effect),  # the mean of a normal without its sign
        }
    )


def _sobol(planned: Plan, outcome: Array, noise: float, paired: Array) -> pd.DataFrame:
    names = _parts(planned)
    step = len(names) + 2
    spread = float(np.concatenate([outcome[::step], outcome[step - 1 :: step]]).var())
    left = spread - noise
    table = pd.DataFrame({"parameter": names})
    if spread == 0 or left <= 0:
        for name in ("first", "total"):
            table[[name, f"{name}_low", f"{name}_high"]] = np.nan
        return table.assign(noise_share=1.0 if spread else 0.0)
    found = analyse_sobol.analyze(
        planned.problem, outcome, calc_second_order=False, conf_level=LEVEL, seed=planned.seed + 1
    )  # the seed 0 would mean none
    for name, key, by_noise in (("first", "S1", 0.0), ("total", "ST", paired / 2)):
        # Noise is in every variance, and in that of a difference between two points as an effect.
        value = (np.asarray(found[key], float) * spread - by_noise) / left
        reach = np.asarray(found[f"{key}_conf"], float) * spread / left
        table[name], table[f"{name}_low"], table[f"{name}_high"] = value, value - reach, value + reach
    return table.assign(noise_share=noise / spread)


def _parts(planned: Plan) -> list[str]:
    """Return the parameters, or the groups that count as one."""
    return list(dict.fromkeys(planned.problem.get("groups") or planned.problem["names"]))


def _paired_noise(planned: Plan, values: Array) -> Array:
    """Return the noise variance of a difference between the two points of each effect, by parameter or group.

    ``values``: shape (points, batches). With the same luck at both points it is less than twice that of a
    point, and none for a parameter without effect.
    """
    parts, of = _parts(planned), np.asarray(planned.problem.get("groups") or planned.problem["names"])
    step = len(parts) + (1 if planned.method == MORRIS else 2)
    by_part: dict[str, list[float]] = {part: [] for part in parts}
    for first in range(0, len(values), step):
        for k in range(1, len(parts) + 1):
            one, other = first + k, first + k - 1 if planned.method == MORRIS else first
            moved = planned.unit[one] != planned.unit[other]
            # A change of Sobol' may by chance be none; the points are in the order of the parts.
            part = str(of[moved][0]) if planned.method == MORRIS else parts[k - 1]
            by_part[part].append(float((values[one] - values[other]).var(ddof=1)) / values.shape[1])
    return np.array([np.mean(by_part[part]) for part in parts])


def tornado(rows: pd.DataFrame, base: float) -> pd.DataFrame:
    """Return one-way sensitivity by how far it moves the outcome, widest first.

    ``rows``: ``parameter``, ``low`` and ``high`` (its values), ``at_low`` and ``at_high`` (the outcome
    there), and ``difference_se``, the standard error of at_high − at_low by the simulation's noise (0 where
    there is none). Adds ``swing``, the outcome's whole range with its base value ``base``, and
    ``beyond_noise``, whether the difference of the ends is further from 0 than its 95 % interval.
    """
    needed = ["parameter", "low", "high", "at_low", "at_high", "difference_se"]
    if missing := [name for name in needed if name not in rows]:
        raise InputError(f"tornado: column {', '.join(missing)} is missing; needed are {', '.join(needed)}")
    ends = np.column_stack([rows[["at_low", "at_high"]].to_numpy(float), np.full(len(rows), base)])
    difference = np.abs(ends[:, 1] - ends[:, 0])
    table = rows.assign(
        base=base,
        swing=np.ptp(ends, axis=1),
        beyond_noise=(difference > Z * rows["difference_se"].to_numpy(float)) & (difference > 0),
    )
    return table.sort_values("swing", ascending=False, kind="stable").reset_index(drop=True)


def equal_benefit(x: Array, y: Array, benefit: Array, policies: Sequence[str]) -> pd.DataFrame:
    """Return the lines on which the preferred policy changes, on a grid of two parameters.

    ``benefit``: net benefit, shape (y, x, policies). Columns: ``one`` and ``other``, the policies on either
    side; ``line``, its number; ``x`` and ``y`` of its points, by linear interpolation. Raises InputError.
    """
    x, y, benefit = np.asarray(x, float), np.asarray(y, float), np.asarray(benefit, float)
    for name, axis in (("x", x), ("y", y)):
        if axis.ndim != 1 or len(axis) < 2 or (np.diff(axis) <= 0).any():
            raise InputError(f"{name}={shown(axis.tolist())}: needs at least two values that rise")
    if benefit.shape != (len(y), len(x), len(policies)):
        raise InputError(
            f"benefit: has shape {benefit.shape}; (y, x, policies) are {(len(y), len(x), len(policies))}"
        )
    at = RegularGridInterpolator((y, x), benefit)
    rows, number = [], 0
    for one, other in itertools.combinations(range(len(policies)), 2):
        between = contourpy.contour_generator(x, y, benefit[:, :, one] - benefit[:, :, other])
        for line in between.lines(0.0):
            # Finer than the grid, and within it whatever rounding says.
            corners = np.clip(np.asarray(line), [x[0], y[0]], [x[-1], y[-1]])
            steps = np.linspace(0, len(corners) - 1, STEPS_OF_A_LINE * (len(corners) - 1) + 1)
            points = np.stack([np.interp(steps, range(len(corners)), part) for part in corners.T], axis=1)
            there = at(points[:, ::-1])
            best = there[:, [one, other]].max(axis=1) >= there.max(axis=1) - 1e-9 * np.abs(there).max()
            for _, run in itertools.groupby(range(len(points)), key=best.__getitem__):
                places = list(run)
                if not best[places[0]] or len(places) < 2:
                    continue
                rows += [(policies[one], policies[other], number, *points[k].tolist()) for k in places]
                number += 1
    return pd.DataFrame(rows, columns=["one", "other", "line", "x", "y"])
