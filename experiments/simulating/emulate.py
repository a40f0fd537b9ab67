"""Emulating a trial: its cohort simulated in every arm with the same luck, its eligible patients read."""

from collections.abc import Iterator, Mapping

import numpy as np

from conf.endpoint import Endpoint
from conf.input_error import InputError
from conf.run import Tree, plan_trees
from conf.trials import Arm, Trial
from experiments.simulating.reading import Reading, sample
from sim.clocks.compiled_clock import simulate_rows
from sim.counting.samples import Sample, joined
from sim.luck import draw_luck
from sim.parameters import pack
from sim.patient import YEAR_DAYS, new_patients

BLOCK = 10_000
GOLDEN = (5**0.5 - 1) / 2
Sides = tuple[Sample, Sample | None]  # of an endpoint; the second only where it is a contrast


def emulate(
    trial: Trial, parameters: Mapping[str, Tree], first: int, stop: int, luck: np.ndarray
) -> list[Sides]:
    """Return both sides of each endpoint, of those of patients ``first`` to ``stop - 1`` who are eligible.

    ``luck`` is theirs.
    """
    horizon_days = trial.follow_up_years * YEAR_DAYS
    readings = {}
    for name, arm in trial.arms.items():
        rows = simulate_arm(arm, parameters, new_patients(first, stop), luck, horizon_days)
        for condition in trial.eligibility:
            rows = rows[Reading(rows).holds(condition)]
        readings[name] = Reading(rows)
    return [sides(endpoint, readings, horizon_days) for endpoint in trial.endpoints]


def simulate_arm(
    arm: Arm, parameters: Mapping[str, Tree], rows: np.ndarray, luck: np.ndarray, horizon_days: float
) -> np.ndarray:
    """Return the simulated rows of an arm's patients; where policies are mixed, each patient has one."""
    mixed = _policy_of(rows["number"], [share for _, share in arm.policies])
    parts = []
    for k, (policy, _) in enumerate(arm.policies):
        world = pack(*plan_trees(arm.cohort, arm.life_table, parameters, policy))
        whole = len(arm.policies) == 1
        own = rows if whole else rows[mixed == k]
        simulate_rows(own, luck if whole else luck[mixed == k], world, horizon_days)
        parts.append(own)
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _policy_of(numbers: np.ndarray, shares: list[float]) -> np.ndarray:
    """Return which of the mixed policies each patient has: by the golden ratio, so that any block is even."""
    spread = numbers * GOLDEN % 1.0
    which: np.ndarray = np.searchsorted(np.cumsum(shares)[:-1], spread, side="right")
    return which


def sides(endpoint: Endpoint, readings: Mapping[str, Reading], horizon_days: float) -> Sides:
    """Return both sides of an endpoint, from the rows of each arm."""
    side = sample(endpoint, endpoint.subgroup, readings[endpoint.arm], horizon_days)
    if endpoint.ratio is None:
        return side, None
    return side, sample(endpoint, endpoint.against_subgroup, readings[endpoint.against], horizon_days)


def successive_samples(
    trial: Trial, parameters: Mapping[str, Tree], patients: int, seed: int
) -> Iterator[list[Sides]]:
    """Yield the sides of each endpoint on ``patients`` of an arm, then on twice as many, and so on.

    Raises InputError where nobody is eligible, or counts at an endpoint.
    """
    parts: list[list[Sides]] = []
    first = 0
    while True:
        stop = patients if first == 0 else 2 * first
        for start in range(first, stop, BLOCK):
            end = min(start + BLOCK, stop)
            parts.append(emulate(trial, parameters, start, end, draw_luck(start, end, seed)))
        whole: list[Sides] = []
        for endpoint, of_blocks in zip(trial.endpoints, zip(*parts, strict=True), strict=True):
            others = [other for _, other in of_blocks if other is not None]
            both = joined([side for side, _ in of_blocks]), joined(others) if others else None
            if any(side is not None and len(side.value) == 0 for side in both):
                raise InputError(
                    f"trial {trial.name}: {endpoint.evidence}: none of {stop:,} patients of the cohort "
                    "counts; is the eligibility or a subgroup too narrow?"
                )
            whole.append(both)
        parts, first = [whole], stop
        yield whole
