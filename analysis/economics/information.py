"""What it is worth to know some parameters better: EVPPI of groups, and EVSI of a study, by regression.

The expected net benefit of each policy given some parameters is regressed on them (Strong, Oakley and
Brennan 2014), as the *difference* from a reference policy: with common random numbers net benefits of
policies rise and fall together far more than they differ. For a study, its results are simulated for each
member, and those expectations are regressed on summaries of the results (Strong and colleagues 2015).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.economics.acceptability import perfect_information
from analysis.economics.draws import Draws, benefit_noise, rising
from analysis.economics.noise import Array, less_noise
from analysis.economics.smoothing import Smooth, Smoother, estimation_noise
from conf.input_error import InputError, choice, shown
from conf.uncertain import check_distinguished

Simulate = Callable[[pd.DataFrame, int, np.random.Generator], Array]


@dataclass(frozen=True)
class Study:
    """A study that would inform some parameters.

    ``simulate`` takes the members' values of ``parameters``, the number of observations and a generator, and
    returns summaries of the results of one study for each member, shape (members, summaries).
    """

    parameters: tuple[str, ...]
    simulate: Simulate


def study_of_means(deviations: Mapping[str, float]) -> Study:
    """Return a study that observes means, each with a known standard deviation of one observation."""
    for name, deviation in deviations.items():
        if not deviation > 0:
            raise InputError(f"study.{name}={deviation}: a standard deviation must be above 0")

    def simulate(parameters: pd.DataFrame, size: int, rng: np.random.Generator) -> Array:
        values = parameters.to_numpy(float)
        errors = np.array([deviations[name] for name in parameters.columns]) / np.sqrt(size)
        observed: Array = values + errors * rng.standard_normal(values.shape)
        return observed

    return Study(tuple(deviations), simulate)


def study_of_proportions(names: Sequence[str]) -> Study:
    """Return a study in which each parameter is the probability of an event that is counted."""

    def simulate(parameters: pd.DataFrame, size: int, rng: np.random.Generator) -> Array:
        values = parameters.to_numpy(float)
        for name, column in zip(parameters.columns, values.T, strict=True):
            if not ((column >= 0) & (column <= 1)).all():
                raise InputError(f"study.{name}: is no probability; its values reach from "
                                 f"{column.min():g} to {column.max():g}")  # fmt: skip
        return rng.binomial(size, values) / size

    return Study(tuple(names), simulate)


def study_of_rates(years_each: Mapping[str, float]) -> Study:
    """Return a study of rates per year, each observed for so many years in every patient."""

    def simulate(parameters: pd.DataFrame, size: int, rng: np.random.Generator) -> Array:
        exposure = size * np.array([years_each[name] for name in parameters.columns])
        observed: Array = rng.poisson(parameters.to_numpy(float) * exposure) / exposure
        return observed

    return Study(tuple(years_each), simulate)


def evppi(
    draws: Draws,
    parameters: pd.DataFrame,
    groups: Mapping[str, Sequence[str]],
    thresholds: Sequence[float] | Array,
) -> pd.DataFrame:
    """Return what it is worth to know each group of parameters, per patient, at each threshold.

    ``parameters``: a row for each member, a column for each uncertain parameter. Columns of the result:
    ``group``, ``parameters`` (how many vary), ``threshold``, ``evppi`` (from 0 to EVPI), ``evppi_se``, its
    standard error from the regression and from the finite numbers of members and patients; ``evpi``;
    ``method``, of the regression; ``explained``, the share of the variance of the differences in net benefit
    that the group explains in members left out; ``neighbour_correlation`` of the residuals, which is far
    from 0 where the regression misses something (its standard error: ``neighbour_correlation_se``).

    Raises InputError for a group without or with unknown parameters, and for more parameters or groups than
    the members can distinguish.
    """
    levels = rising(thresholds)
    _check(draws, parameters, groups)
    evpi = perfect_information(draws, levels).set_index("threshold")["evpi"]
    rows = []
    for group, names in groups.items():
        regressed = _regressed(draws, parameters[list(names)])
        smoother = regressed.smoother
        for threshold in levels:
            value = _value(draws, regressed, float(threshold))
            rows.append(
                {
                    "group": group,
                    "parameters": smoother.scaled.shape[1],
                    "threshold": float(threshold),
                    "evppi": min(max(value.worth, 0.0), float(evpi[threshold])),
                    "evppi_se": value.error,
                    "evpi": float(evpi[threshold]),
                    "method": smoother.method,
                    "explained": value.explained,
                    "neighbour_correlation": smoother.neighbour_correlation(value.residuals),
                    "neighbour_correlation_se": 1 / np.sqrt(draws.members),
                }
            )
    return pd.DataFrame(rows)


def evsi(
    draws: Draws,
    parameters: pd.DataFrame,
    study: Study,
    sizes: Sequence[int],
    threshold: float,
    data_sets: int = 5,
    seed: int = 1,
) -> pd.DataFrame:
    """Return what studies of some sizes would be worth per patient, at a threshold.

    ``data_sets`` studies are simulated for each member and size. Columns: ``size``; ``evsi`` and its standard
    error ``evsi_se``; ``evppi`` of the study's parameters, which a study without end would be worth, with
    ``evppi_se``; ``threshold``. Raises InputError as ``evppi`` does, and for sizes that are no whole numbers
    from 1 that rise.
    """
    if not len(sizes) or any(int(n) != n or n < 1 for n in sizes) or (np.diff(sizes) <= 0).any():
        raise InputError(f"sizes={shown(list(sizes))}: must be whole numbers from 1 that rise")
    (level,) = rising([threshold])
    _check(draws, parameters, {"study": study.parameters})
    chosen = parameters[list(study.parameters)]
    regressed = _regressed(draws, chosen)
    known = _value(draws, regressed, float(level))
    evpi = float(perfect_information(draws, [level])["evpi"].iloc[0])
    most = min(max(known.worth, 0.0), evpi)
    rows = []
    for size in sizes:
        values = []
        for k in range(data_sets):
            # The same luck of the study whatever its size, so that its worth rises smoothly.
            summaries = study.simulate(chosen, int(size), np.random.default_rng([seed, k]))
            if summaries.ndim != 2 or len(summaries) != draws.members:
                raise InputError(f"study: its summaries have shape {summaries.shape}; "
                                 f"({draws.members} members, summaries) is needed")  # fmt: skip
            values.append(_value(draws, regressed, float(level), summaries))
        worth = float(np.mean([value.worth for value in values]))
        between = np.var([value.worth for value in values], ddof=1) / data_sets if data_sets > 1 else 0.0
        within = float(np.mean([value.error**2 for value in values]))
        rows.append(
            {
                "size": int(size),
                "evsi": min(max(worth, 0.0), most),
                "evsi_se": float(np.sqrt(within + between)),
                "evppi": most,
                "evppi_se": known.error,
                "threshold": float(level),
            }
        )
    return pd.DataFrame(rows)


class _Regressed(NamedTuple):
    """Differences from the first policy in costs and in QALYs, each regressed on the parameters."""

    differences: Array  # shape (2, policies − 1, members)
    smooths: list[list[Smooth]]  # likewise
    smoother: Smoother


class _Value(NamedTuple):
    worth: float
    error: float
    explained: float
    residuals: Array  # of the difference in net benefit with the largest variance; shape (members,)


def _regressed(draws: Draws, parameters: pd.DataFrame) -> _Regressed:
    both = np.stack([draws.costs.T, draws.qalys.T])
    differences = both[:, 1:] - both[:, :1]
    smoother = Smoother(parameters.to_numpy(float), differences.reshape(-1, draws.members))
    return _Regressed(
        differences, [[smoother.smooth(each) for each in rows] for rows in differences], smoother
    )


def _value(draws: Draws, regressed: _Regressed, threshold: float, summaries: Array | None = None) -> _Value:
    """Return the expected gain of choosing by the regression's net benefits, at a threshold.

    ``summaries``: of results of a study, shape (members, summaries), on which the fitted net benefits are
    regressed again. The standard error follows from the members' spread, from the residuals and from the
    noise that members share, with each member's best policy held.
    """
    members, others = draws.members, len(draws.policies) - 1
    if not others:
        return _Value(0.0, 0.0, 0.0, np.zeros(members))
    by = np.array([-1.0, threshold])
    # Noise of the fit makes policies look best by turns, as that of the simulation does.
    rough = np.einsum("o,opm->pm", by, [[each.fitted for each in row] for row in regressed.smooths])
    fitted = less_noise(rough.T, estimation_noise(by, regressed.smooths)).T
    again = []
    if summaries is not None:
        smoother = Smoother(summaries, fitted)
        again = [smoother.smooth(each) for each in fitted]
        rough = np.array([each.fitted for each in again])
        fitted = less_noise(rough.T, estimation_noise(np.ones(1), [again])).T
    chosen, best = _choice(rough)
    worth = np.vstack([np.zeros(members), fitted])
    gain = worth.max(axis=0) - worth[int(worth.mean(axis=1).argmax())]
    # Errors of the fitted values enter where a policy is chosen, less where it is best on average.
    weights = (chosen == np.arange(1, others + 1)[:, None]).astype(float)
    if best:
        weights[best - 1] -= 1.0
    if again:
        weights = np.array([each.influence(w) for each, w in zip(again, weights, strict=True)])
    left = np.array([[each.residuals for each in row] for row in regressed.smooths])
    influence = np.array(
        [[each.influence(w) for each, w in zip(row, weights, strict=True)] for row in regressed.smooths]
    )
    noise = np.einsum("o,opm,opm->m", by, influence, left)
    moves = np.bincount(chosen, minlength=others + 1) / members
    moves[best] -= 1.0
    shared = benefit_noise(draws.shared_noise, threshold, moves)
    error = np.sqrt(gain.var(ddof=1) / members + (noise**2).sum() / members**2 + shared)
    residuals = np.einsum("o,opm->pm", by, left)
    whole = np.einsum("o,opm->pm", by, regressed.differences)
    total = whole.var(axis=1)
    explained = 1 - (residuals**2).mean(axis=1).sum() / total.sum() if total.any() else 0.0
    return _Value(
        float(gain.mean()), float(error), float(max(explained, 0.0)), residuals[int(total.argmax())]
    )


def _choice(benefit: Array) -> tuple[Array, int]:
    """Return the best policy of each member, and that on average; the first policy's net benefit is 0."""
    whole = np.vstack([np.zeros(benefit.shape[1]), benefit])
    return whole.argmax(axis=0), int(whole.mean(axis=1).argmax())


def _check(draws: Draws, parameters: pd.DataFrame, groups: Mapping[str, Sequence[str]]) -> None:
    """Raise InputError for parameters and groups that cannot be regressed on."""
    if len(parameters) != draws.members:
        raise InputError(
            f"parameters: are of {len(parameters)} members; costs and QALYs are of {draws.members}"
        )
    if not groups:
        raise InputError("groups={}: at least one group of parameters is needed")
    known = [str(name) for name in parameters.columns]
    for group, names in groups.items():
        if not len(names):
            raise InputError(f"groups.{group}=[]: has no parameters")
        for name in names:
            if name not in known:
                raise InputError(
                    f"groups.{group}: {shown(name)} is no uncertain parameter{choice(str(name), known)}"
                )
        if len(set(names)) < len(names):
            raise InputError(f"groups.{group}={shown(list(names))}: a parameter is there twice")
        if not np.isfinite(parameters[list(names)].to_numpy(float)).all():
            raise InputError(f"groups.{group}: has values that are not finite numbers")
    check_distinguished("groups", groups, draws.members)
