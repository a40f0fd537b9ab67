"""A run's tables, from its counts: tidy, one number a row."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.tables import estimates
from analysis.tables.estimates import PER, Estimate
from sim.counting.outcomes import ALL, FLOW, HARMS, NO, SCALE, UNITS, YES, Key
from sim.counting.tally import PairTally, Tally
from sim.patient import YEAR_DAYS

SURVIVAL_YEARS = (1.0, 3.0, 5.0)  # after a recurrence or its resection
ESTIMATE_COLUMNS = (*Key._fields, *Estimate._fields, "unit")  # of outcomes.csv and differences.csv
TEXT_COLUMNS = (
    "policy",
    "comparator",
    *Key._fields[:-1],
    "harm",
    "unit",
    *(kind.__name__.lower() for kind in FLOW),
)
FALLING = ("overall_survival", "disease_free_survival")  # curves of those still free of the event


def outcomes(tallies: Mapping[str, Tally], horizons_years: tuple[float, ...]) -> pd.DataFrame:
    """Return ``outcomes.csv``: every outcome of every policy, with its interval and unit."""
    rows = []
    for policy, tally in tallies.items():
        found = estimates.shares(np.stack(list(tally.binary.values())))
        for key, estimate in zip(tally.binary, found, strict=True):
            rows.append(_row(key, estimate, "proportion", policy))
        for key, counts in tally.timed.items():
            stated = _years(key, horizons_years)
            found = estimates.survivals(counts, [years * YEAR_DAYS for years in stated], tally.by_batch)
            for years, estimate in zip(stated, found, strict=True):
                rows.append(_row(key._replace(horizon_years=years), estimate, "proportion", policy))
        for key, sums in tally.sums.items():
            estimate = estimates.mean(sums, SCALE.get(key.outcome, 1.0))
            rows.append(_row(key, estimate, UNITS[key.outcome], policy))
    return _table(rows, ["policy", *ESTIMATE_COLUMNS])


def differences(
    tallies: Mapping[str, Tally],
    pairs: Mapping[str, PairTally],
    comparator: str,
    horizons_years: tuple[float, ...],
) -> pd.DataFrame:
    """Return ``differences.csv``: policy less comparator on the same patients, with paired intervals."""
    rows = []
    for policy, pair in pairs.items():
        names = (policy, comparator)
        found = estimates.share_differences(np.stack(list(pair.binary.values())))
        for key, estimate in zip(pair.binary, found, strict=True):
            rows.append(_row(key, estimate, "proportion", *names))
        key = Key("cancer_specific_survival")
        mine, theirs = tallies[policy].timed[key], tallies[comparator].timed[key]
        days = [years * YEAR_DAYS for years in horizons_years]
        found = estimates.survival_differences(mine, theirs, days, tallies[policy].by_batch)
        for years, estimate in zip(horizons_years, found, strict=True):
            rows.append(_row(key._replace(horizon_years=years), estimate, "proportion", *names))
        for key, sums in pair.sums.items():
            estimate = estimates.mean(sums, SCALE.get(key.outcome, 1.0))
            rows.append(_row(key, estimate, UNITS[key.outcome], *names))
    return _table(rows, ["policy", "comparator", *ESTIMATE_COLUMNS])


def averted(pairs: Mapping[str, PairTally], comparator: str) -> pd.DataFrame:
    """Return ``averted.csv``: local recurrences averted and caused per 1,000 patients, with intervals.

    Averted: the patient recurs by this mechanism (in this compartment) under the comparator, and not under
    the policy; caused: the reverse. A recurrence that only changes its mechanism is averted in one
    row and caused in another.
    """
    rows = []
    for policy, pair in pairs.items():
        for key, joint in pair.binary.items():
            if key.outcome != "local_recurrence" or key.group != ALL:
                continue
            n = int(joint.sum())
            row: dict[str, Any] = {
                "policy": policy,
                "comparator": comparator,
                "mechanism": key.mechanism,
                "compartment": key.compartment,
                "horizon_years": key.horizon_years,
                "n": n,
            }
            net = estimates.share_difference(joint)
            for name, estimate in (
                ("averted", estimates.share(estimates.changed(joint, YES, NO))),
                ("caused", estimates.share(estimates.changed(joint, NO, YES))),
                ("net", Estimate(n, -net.estimate, -net.ci_high, -net.ci_low)),
            ):
                row |= _per_1000(name, estimate)
            rows.append(row)
    columns = ["policy", "comparator", "mechanism", "compartment", "horizon_years", "n"]
    columns += [name + end for name in ("averted", "caused", "net") for end in ("", "_low", "_high")]
    return _table(rows, columns)


def harmed(pairs: Mapping[str, PairTally], comparator: str) -> pd.DataFrame:
    """Return ``harmed.csv``: patients harmed and spared per 1,000, with intervals; the mirror of ``averted``.

    Harmed: the patient has the harm under the policy, and not under the comparator; spared: the reverse. What
    lasts counts in those who live with it at the horizon, what passes in those who have had it by then.
    """
    rows = []
    for policy, pair in pairs.items():
        for key, joint in pair.binary.items():
            if key.outcome not in HARMS or key.horizon_years == 0.0:
                continue
            rows.append(
                {
                    "policy": policy,
                    "comparator": comparator,
                    "harm": key.outcome,
                    "horizon_years": key.horizon_years,
                    "n": int(joint.sum()),
                    **_per_1000("harmed", estimates.share(estimates.changed(joint, NO, YES))),
                    **_per_1000("spared", estimates.share(estimates.changed(joint, YES, NO))),
                    **_per_1000("net", estimates.share_difference(joint)),
                }
            )
    columns = ["policy", "comparator", "harm", "horizon_years", "n"]
    columns += [name + end for name in ("harmed", "spared", "net") for end in ("", "_low", "_high")]
    return _table(rows, columns)


def _per_1000(name: str, estimate: Estimate) -> dict[str, float]:
    return {
        name: estimate.estimate * PER,
        f"{name}_low": estimate.ci_low * PER,
        f"{name}_high": estimate.ci_high * PER,
    }


def flow(tallies: Mapping[str, Tally]) -> pd.DataFrame:
    """Return ``flow.csv``: how many recurrences found went which way, from mechanism to fate.

    Ways that nobody went are left out. ``per_1000`` is of all patients.
    """
    columns = ["policy", *(kind.__name__.lower() for kind in FLOW), "n", "per_1000"]
    rows = []
    for policy, tally in tallies.items():
        patients = int(tally.monthly[Key("overall_survival")].sum())
        counts = tally.flow[Key("flow")]
        for way in np.argwhere(counts):
            n = int(counts[tuple(way)])
            names = [kind(k).name.lower() for kind, k in zip(FLOW, way, strict=True)]
            rows.append((policy, *names, n, n / patients * PER))
    return _table(rows, columns)


def curves(tallies: Mapping[str, Tally]) -> pd.DataFrame:
    """Return ``curves.csv``: incidence and survival by month, with intervals."""
    rows = []
    for policy, tally in tallies.items():
        for key, months in tally.monthly.items():
            reached = np.cumsum(months[..., :-1], axis=-1)
            n = months.sum(axis=-1, keepdims=True)
            yes = n - reached if key.outcome in FALLING else reached
            states = np.stack([np.zeros_like(yes), n - yes, yes], axis=-1)
            found = estimates.shares(np.moveaxis(states, -2, 0))  # the month first, then the batches
            for month, estimate in enumerate(found):
                rows.append((policy, key.outcome, key.mechanism, month / 12, *estimate))
    columns = ["policy", "outcome", "mechanism", "time_years", "n", "estimate", "ci_low", "ci_high"]
    return _table(rows, columns)


def beside_published(outcomes: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """Return ``published.csv``: published figures beside what the run gave for the same outcome.

    ``published`` has evidence, policy, outcome, horizon_years, published. Figures of policies or horizons
    that the run does not have are left out.
    """
    whole = outcomes[(outcomes[["mechanism", "compartment", "group"]] == ALL).all(axis=1)]
    keys = ["policy", "outcome", "horizon_years"]
    simulated = whole.rename(columns={"estimate": "simulated"})[
        [*keys, "n", "simulated", "ci_low", "ci_high"]
    ]
    table = published.merge(simulated, on=keys)
    table["difference"] = table["simulated"] - table["published"]
    return table


def _table(rows: list[Any], columns: list[str]) -> pd.DataFrame:
    """Return rows as a table; without any its columns still are words, whole numbers (n) or numbers."""
    table = pd.DataFrame(rows, columns=columns)
    if rows:
        return table
    words = pd.Series([""]).dtype
    return table.astype(
        {
            column: words if column in TEXT_COLUMNS else "int64" if column == "n" else "float64"
            for column in columns
        }
    )


def _years(key: Key, horizons_years: tuple[float, ...]) -> tuple[float, ...]:
    if key.outcome == "cancer_specific_survival":
        return horizons_years
    return tuple(years for years in SURVIVAL_YEARS if years <= horizons_years[-1])


def _row(key: Key, estimate: Estimate, unit: str, *names: str) -> tuple[Any, ...]:
    horizon_years = key.horizon_years or np.nan  # empty where no horizon applies
    return (*names, *key[:-1], horizon_years, *estimate, unit)
