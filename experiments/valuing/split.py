"""Where the variance of costs, QALYs and outcomes comes from: parameters, kinds of patients, and luck."""

import time
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.economics.variance_split import Size, Split, size_for_precision, split_table, variance_split
from analysis.tables.economics import counted_costs
from conf.run import Run
from experiments.simulating.cohort import simulate_block, worlds_of
from experiments.valuing.plan import PsaPlan
from sim.counting.columns import READABLE
from sim.counting.value import VALUES, values_of
from sim.patient import YEAR_DAYS

MEMBERS = 60
PATIENTS = 2_048  # of each
BATCHES = 8
SHARES_YEARS = 5.0
BENEFIT = "net_benefit"
# Kinds of patients, as they are seen before treatment: by each column, from which number on.
KINDS = {
    "t_category": 3.0,
    "height_above_verge_cm": 5.0,
    "short_axis_mm": 7.0,
    "age_years": 70.0,
    "unfit": 1.0,
}


class Variance(NamedTuple):
    """The table of sources by policy and outcome, and the splits of differences in net benefit by policy."""

    table: pd.DataFrame
    benefit: dict[str, Split]
    seconds_per_patient: float  # of a processor, under all policies


def variance_of(analysis: PsaPlan, threshold: float) -> Variance:
    """Return where the variance of outcomes and of differences from the comparator comes from.

    From so many members as ``MEMBERS`` with ``PATIENTS`` each. An outcome's variance is that of one patient,
    the part of the parameters that of the mean, without the discrepancy of contrasts. Raises InputError as
    ``variance_split``.
    """
    runs = [point.run for point in analysis.plan.points[: min(MEMBERS, analysis.members)]]
    begun = time.process_time()
    found = [_member(run, threshold) for run in runs]
    seconds = (time.process_time() - begun) / (len(runs) * PATIENTS)
    base, rows, benefit = analysis.plan.run.comparator.name, [], {}
    for policy in found[0]:
        for beside in (None, base):
            if policy == beside:
                continue
            for outcome in found[0][policy].values:
                split = _split(found, policy, beside, outcome)
                if outcome == BENEFIT and beside:
                    benefit[policy] = split
                table = split_table(split)
                table.insert(0, "outcome", outcome)
                table.insert(0, "comparator", beside)
                table.insert(0, "policy", policy)
                table["mean"] = split.mean
                rows.append(table)
    return Variance(pd.concat(rows, ignore_index=True), benefit, seconds)


def sizes_for(variance: Variance, half_width: float) -> dict[str, Size]:
    """Return for each policy the cheapest numbers of members and patients for a net benefit's precision."""
    return {
        policy: size_for_precision(split, half_width, 0.01, variance.seconds_per_patient)
        for policy, split in variance.benefit.items()
    }


class _Outcomes(NamedTuple):
    values: dict[str, np.ndarray]  # by outcome, of each patient
    kind: np.ndarray  # number of the kind of patient


def _member(run: Run, threshold: float) -> dict[str, _Outcomes]:
    """Return outcomes of the patients of a member, by policy."""
    assert run.economics is not None
    worlds, end = worlds_of(run), run.horizon_years * YEAR_DAYS
    counted = counted_costs(run.economics.perspective)
    found = {}
    for policy, rows in simulate_block(run, worlds, 0, PATIENTS).items():
        values = values_of(rows, worlds[policy], end)
        costs, qalys = values[:, counted].sum(axis=1), values[:, VALUES.index("qalys")]
        start, at = rows["diagnosed_day"], SHARES_YEARS * YEAR_DAYS
        kind = sum(
            (READABLE[column].of(rows) >= least).astype(int) << k
            for k, (column, least) in enumerate(KINDS.items())
        )
        found[policy] = _Outcomes(
            {
                "costs": costs,
                "qalys": qalys,
                BENEFIT: threshold * qalys - costs,
                "local_recurrence": (rows["recurrence_found_day"] - start <= at).astype(float),
                "overall_survival": (rows["death_day"] - start > at).astype(float),
            },
            np.asarray(kind),
        )
    return found


def _split(found: list[dict[str, _Outcomes]], policy: str, beside: str | None, outcome: str) -> Split:
    shape = (len(found), BATCHES, 1 << len(KINDS))
    sums, counts = np.zeros(shape), np.zeros(shape)
    batch = np.arange(PATIENTS) % BATCHES
    for m, of in enumerate(found):
        values = of[policy].values[outcome]
        if beside:
            values = values - of[beside].values[outcome]
        place = (batch, of[policy].kind)
        np.add.at(sums[m], place, values)
        np.add.at(counts[m], place, 1.0)
    return variance_split(sums, counts, same_patients=False)
