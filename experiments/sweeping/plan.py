"""A sweep as it was asked for, checked: its design points, the precision of each, and where it is done."""

from collections.abc import Sequence
from dataclasses import dataclass

from omegaconf import DictConfig, OmegaConf

from conf import sizes, units
from conf.composition import composed as composed_by_hydra
from conf.composition import plain
from conf.compute import MOST_AT_ONCE, checked_compute
from conf.input_error import InputError, one_of, shown
from conf.posterior import Sample, read_sample
from conf.run import Run, Tree
from conf.schema import read_run
from experiments.results.machine import cores
from experiments.sweeping.code import code_digest
from experiments.sweeping.design import Point, Values, read_design
from experiments.sweeping.ledger import address
from experiments.sweeping.task import Task
from sim.clinic.needs import is_unlimited

# The sweep's own keys; their words are in experiments/cli/guide.py.
SWEEP_KEYS = (
    "grid", "list", "latin", "points", "design_seed", "posterior", "posterior_from", "replications", "block",
    "on_error", "precision", "precision_of", "most_patients", "outcomes", "harms", "at_years", "compute",
)  # fmt: skip


PRECISION = units.Range(1e-9, 1, "from 1e-9 to 1")  # of a share


@dataclass(frozen=True)
class Plan:
    """A checked sweep: what to simulate, how precisely, and where."""

    given: Tree
    run: Run
    sample: Sample | None
    points: list[Point]
    replications: int
    block: int
    stop_on_error: bool
    precision: float | None
    of_difference: bool
    most_patients: int
    outcomes: list[str]
    harms: list[str]
    years: float
    compute: Tree
    only_values: bool = False  # count costs and quality of life alone


@dataclass
class Cell:
    """A design point and replication, of so many patients so far."""

    point: int
    run: Run
    lives_digest: str
    patients: int
    columns: Values

    def tasks(self, plan: Plan) -> list[Task]:
        """Return the cell's tasks; patients who queue for the same resources are one."""
        size = plan.block if is_unlimited(self.run.clinic) else self.patients
        threads = int(plan.compute["threads"])
        ranges = [(first, min(first + size, self.patients)) for first in range(0, self.patients, size)]
        return [
            Task(
                self.run,
                *range_,
                address(self.lives_digest, *range_, plan.only_values),
                self.point,
                code_digest(),
                threads,
                plan.only_values,
            )
            for range_ in ranges
        ]


def read_plan(config: DictConfig, words: list[str]) -> Plan:
    """Return the sweep that a composed configuration asks for, checked; ``words`` composed it."""
    own, run = settings_and_run(config, SWEEP_KEYS, "a sweep keeps counts")

    def composed(more: list[str]) -> Run:
        if not more:
            return run
        again = plain(composed_by_hydra("sweep", [*words, *more])[0])
        of_a_run = {key: value for key, value in again.items() if key not in SWEEP_KEYS}
        return read_run(OmegaConf.create(of_a_run))

    sample = read_sample(own["posterior"], own["posterior_from"])
    if sample:
        for word in words:
            sample.refuse_set(word.lstrip("+~").partition("=")[0])
    points = read_design(own, sample, composed)
    plan = Plan(
        given=own,
        run=run,
        sample=sample,
        points=points,
        replications=units.whole("replications", own["replications"], 1),
        block=units.whole("block", own["block"], 1),
        stop_on_error=one_of("on_error", own["on_error"], ("continue", "stop")) == "stop",
        precision=None
        if own["precision"] is None
        else units.number("precision", own["precision"], PRECISION),
        of_difference=one_of("precision_of", own["precision_of"], ("difference", "outcome")) == "difference",
        most_patients=units.whole("most_patients", own["most_patients"], 1),
        outcomes=_outcomes(own["outcomes"]),
        harms=_harms(own["harms"]),
        years=_years(own["at_years"], [point.run for point in points]),
        compute=checked_compute(own["compute"]),
    )
    _check_size(plan)
    if plan.precision is not None:
        if run.patients > plan.most_patients:
            raise InputError(
                f"patients={run.patients}, most_patients={plan.most_patients}: patients must not exceed "
                "most_patients; a point starts with the first and stops at the second"
            )
        if not all(is_unlimited(point.run.clinic) for point in plan.points):
            raise InputError(
                f"precision={plan.precision:g}: patients who queue are simulated as one cohort, which cannot "
                "grow; use clinic=unlimited, or more patients or replications instead of precision"
            )
        if plan.of_difference and any(len(point.run.policies) == 1 for point in plan.points):
            raise InputError("precision: one policy has no difference; set precision_of=outcome")
    return plan


def settings_and_run(config: DictConfig, keys: Sequence[str], keeps: str) -> tuple[Tree, Run]:
    """Return an experiment's own settings, which are ``keys``, and the run that it is of, checked.

    ``keeps``: what it keeps of patients, in words. Raises InputError.
    """
    given = plain(config, throw_on_missing=True)
    for key in keys:
        if key not in given:
            raise InputError(f"{key}: missing; the configuration must hold it")
    own = {key: given.pop(key) for key in keys}
    run = read_run(OmegaConf.create(given))
    for key, what in (("rows", "rows"), ("journal", "a journal")):
        if getattr(run, key):
            raise InputError(f"{key}=true: {keeps}, not {what}; use lrrc compare")
    return own, run


def plan_of_points(own: Tree, run: Run, points: list[Point], block: int, only_values: bool) -> Plan:
    """Return a plan of points that are given, with as many patients as the run has; its size is checked."""
    plan = Plan(
        given=own,
        run=run,
        sample=None,
        points=points,
        replications=1,
        block=block,
        stop_on_error=False,
        precision=None,
        of_difference=True,
        most_patients=run.patients,
        outcomes=[],
        harms=[],
        years=run.horizon_years,
        compute=checked_compute(own["compute"]),
        only_values=only_values,
    )
    _check_size(plan)
    return plan


def _check_size(plan: Plan) -> None:
    runs, here = [point.run for point in plan.points], plan.compute["kind"] == "local"
    sizes.check_sweep(runs, plan.replications, plan.block, processes(plan.compute), here)


def processes(compute: Tree) -> int:
    """Return how many processes do tasks at a time, at most."""
    if compute["kind"] == "local":
        return int(compute["workers"] or cores())
    return int(compute.get("jobs", MOST_AT_ONCE))


def _outcomes(names: object) -> list[str]:
    from sim.counting.outcomes import CURVES

    if not isinstance(names, list) or not names:
        raise InputError(f"outcomes={shown(names)}: must be a list of outcomes, as in [{CURVES[0]}]")
    return [one_of("outcomes", name, CURVES) for name in names]


def _harms(names: object) -> list[str]:
    from sim.counting.outcomes import HARMS

    if not isinstance(names, list):
        raise InputError(f"harms={shown(names)}: must be a list of harms, as in [{HARMS[1]}], or []")
    return [one_of("harms", name, HARMS) for name in names]


def _years(years: object, runs: Sequence[Run]) -> float:
    from experiments.simulating.cohort import horizons

    # A point's scenario may set its own horizon; the shortest has what all have.
    known = horizons(min(run.horizon_years for run in runs))
    common = [year for year in known if all(year in horizons(run.horizon_years) for run in runs)]
    if years is None and common:
        return 5.0 if 5.0 in common else common[-1]
    if years not in common:
        raise InputError(
            f"at_years={shown(years)}: must be one of {', '.join(f'{year:g}' for year in common) or 'none'}"
        )
    return float(years)
