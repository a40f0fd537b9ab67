"""A sensitivity analysis as it was asked for, checked: its points, and which method each belongs to."""

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from omegaconf import DictConfig

from conf import sizes, units
from conf.clinics import has_queues
from conf.economics import ECONOMICS, THRESHOLD, middle_threshold
from conf.factor import Factor, factors_of, with_factors
from conf.input_error import InputError, choice, one_of, shown
from conf.posterior import of_the_fit, read_sample
from conf.run import Run
from conf.structure import Alternative, read_alternatives
from experiments.sweeping.design import Point, point_of
from experiments.sweeping.plan import Plan, plan_of_points, settings_and_run
from experiments.valuing.plan import named_numbers
from experiments.valuing.recurrence import with_and_without

if TYPE_CHECKING:
    from analysis.economics.indices import Plan as Design
    from analysis.tables.measure import Measure

SENSITIVITY_KEYS = (
    "method", "outcome", "of", "at_years", "threshold", "vary", "posterior_from", "map", "map_steps", "by",
    "trajectories", "samples", "design_seed", "alternatives", "compute",
)  # fmt: skip
TORNADO, MAP, MORRIS, SOBOL, STRUCTURE = METHODS = ("tornado", "map", "morris", "sobol", "structure")
DIFFERENCE, LEVEL = "difference", "level"
NUMBER, SECTION = "number", "section"
BASE = 0  # the point of the run itself
ENDS = (0.025, 0.975)  # of a factor's distribution, in a tornado
BLOCKS = 20  # of patients, from which the noise follows where sums have no folds
FEWEST_PATIENTS = 100
METHOD, AT = "method", "at"  # columns of a point


@dataclass(frozen=True)
class Axis:
    """A number of a two-way map, with its values."""

    key: str
    values: tuple[float, ...]

    def of(self, run: Run) -> float:
        """Return the number's value in a run; NaN for a lever."""
        section, _, name = self.key.partition(".")
        trees = {"cohort": run.cohort, "clinic": run.clinic, **run.parameters}
        if run.economics:
            trees[ECONOMICS] = run.economics.numbers
        value = trees.get(section, {}).get(name)
        return float(value) if isinstance(value, float) else float("nan")


@dataclass(frozen=True)
class SensitivityPlan:
    """A checked analysis. ``places``: by method the points of ``plan``; the first is the run itself.

    Of a tornado the low and the high end of each factor, in turn; of a map row by row, its first number
    within a row; the others in the order of ``designs`` and ``alternatives``.
    """

    plan: Plan
    measure: "Measure"
    of_difference: bool
    factors: tuple[Factor, ...]
    axes: tuple[Axis, Axis] | None
    alternatives: tuple[Alternative, ...]
    contrasts: dict[int, float] = field(default_factory=dict)  # by point, where it is not 0
    recurrence: range = range(0)  # of ``plan``, the two points by which a local recurrence is valued
    designs: "dict[str, Design]" = field(default_factory=dict)
    places: dict[str, range] = field(default_factory=dict)

    @property
    def run(self) -> Run:
        """The run itself."""
        return self.plan.run


def read_sensitivity(config: DictConfig, choices: Mapping[str, str]) -> SensitivityPlan:
    """Return the analysis that a composed configuration asks for, checked. Raises InputError.

    ``choices``: the file of each group; of shipped prices the ranges are beside the file.
    """
    own, run = settings_and_run(config, SENSITIVITY_KEYS, "sensitivity keeps sums of patients")
    methods = _methods(own["method"])
    of_difference = one_of("of", own["of"], (DIFFERENCE, LEVEL)) == DIFFERENCE
    by = one_of("by", own["by"], (NUMBER, SECTION))
    _check_run(run, of_difference, methods)
    measure = _measure(own, run)
    axes = _axes(own, run, measure, methods)
    factors = _factors(own, run, str(choices.get(ECONOMICS, "")))
    alternatives = [
        one
        for one in read_alternatives(own["alternatives"])
        if STRUCTURE in methods and (run.economics or not _needs_economics(one))
    ]
    made = _Points(run, measure)
    designs: dict[str, Design] = {}
    for method in methods:
        with made.of(method):
            if method == TORNADO:
                sizes.check_points(2 * len(factors), "vary: two at each parameter")
                _tornado(made, factors)
            elif method == MAP and axes:
                for y, x in itertools.product(axes[1].values, axes[0].values):
                    values = {axes[0].key: x, axes[1].key: y}
                    made.add(" ".join(f"{key}={value:g}" for key, value in values.items()), values)
            elif method == STRUCTURE:
                _structure(made, alternatives, own, measure)
            else:
                designs[method] = _design(method, own, factors, by)
                _sampled(made, designs[method], factors)
    pair = with_and_without(made.run) if made.contrasts else []
    recurrence = range(len(made.points), len(made.points) + len(pair))
    # With folds of their sums patients are one block, else blocks show the noise.
    of_worth = measure.key is None
    block = run.patients if of_worth else -(-run.patients // BLOCKS)
    plan = plan_of_points(own, run, made.points + pair, block, only_values=of_worth)
    return SensitivityPlan(
        plan,
        measure,
        of_difference,
        tuple(factors),
        axes,
        tuple(made.alternatives),
        made.contrasts,
        recurrence,
        designs,
        made.places,
    )


class _Points:
    """Points as they are made: the run itself, and then those of each method."""

    def __init__(self, run: Run, measure: "Measure") -> None:
        self.run = dataclasses.replace(run, out=None, published=())
        self.measure = measure
        self.method = "run"
        self.points: list[Point] = []
        self.take("itself", self.run)
        self.places: dict[str, range] = {}
        self.contrasts: dict[int, float] = {}
        self.alternatives: list[Alternative] = []

    def of(self, method: str) -> "_Points":
        self.method, self.first = method, len(self.points)
        return self

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self.places[self.method] = range(self.first, len(self.points))

    def take(self, at: str, run: Run) -> None:
        """Add a point of the method at hand, which is ``run``, as far as the outcome depends on it."""
        if self.measure.key is not None:
            until = self.measure.key.horizon_years or run.horizon_years
            run = dataclasses.replace(run, economics=None, horizon_years=min(until, run.horizon_years))
        self.points.append(Point({METHOD: self.method, AT: at}, run))

    def add(self, at: str, values: Mapping[str, object], run: Run | None = None) -> None:
        """Add a point that sets numbers, levers and rules. Raises InputError."""
        self.take(at, point_of(dict(values), run or self.run).run)


def _tornado(made: _Points, factors: Sequence[Factor]) -> None:
    for factor in factors:
        for name, values in zip(("low", "high"), factor.values(np.array(ENDS)), strict=True):
            made.take(f"{factor.key} {name}", with_factors(made.run, [factor], [values]))


def _sampled(made: _Points, design: "Design", factors: Sequence[Factor]) -> None:
    columns = [factor.values(design.points[factor.key].to_numpy()) for factor in factors]
    for k in range(len(design.points)):
        made.take(f"point {k}", with_factors(made.run, factors, [column[k] for column in columns]))


def _structure(
    made: _Points, alternatives: Sequence[Alternative], own: Mapping[str, object], measure: "Measure"
) -> None:
    sample = read_sample("all", own["posterior_from"])
    assert sample is not None
    for one in alternatives:
        contrast = one.contrast(sample.discrepancy)
        if one.of_worth_alone and measure.key is not None:
            continue  # no other outcome depends on it
        run = one.with_terms(made.run, sample.discrepancy)
        run = point_of(one.numbers, run).run if one.numbers else run
        if run == made.run and contrast == 0.0:
            continue  # the run is so already
        if contrast != 0.0:
            made.contrasts[len(made.points)] = contrast
        made.alternatives.append(one)
        made.take(one.name, run)


def _design(method: str, own: Mapping[str, object], factors: Sequence[Factor], by: str) -> "Design":
    """Return SALib's points, as quantiles of each factor's distribution."""
    from analysis.economics.indices import plan

    key = "trajectories" if method == MORRIS else "samples"
    size = units.whole(key, own[key], 2)
    if method == SOBOL and size & (size - 1):
        raise InputError(f"{key}={size}: must be a power of 2, such as 64")
    groups: dict[str, list[str]] = {}
    for factor in factors:
        groups.setdefault(factor.section if by == SECTION else factor.key, []).append(factor.key)
    if len(groups) < 2:
        raise InputError(
            f"vary: method={method} needs two uncertain {by}s or more, and there is {len(groups)}"
        )
    steps = len(groups) + (1 if method == MORRIS else 2)
    sizes.check_points(size * steps, f"{key}={size}, {len(groups)} {by}s")
    margins = {factor.key: ENDS if method == MORRIS else (0.0, 1.0) for factor in factors}
    seed = units.whole("design_seed", own["design_seed"], 0)
    return plan(method, margins, size, seed, groups if by == SECTION else None)


def _check_run(run: Run, of_difference: bool, methods: Sequence[str]) -> None:
    if has_queues(run.clinic):
        raise InputError(
            "clinic: patients who queue are simulated as one cohort, whose noise cannot be paired between "
            "points; use clinic=unlimited, or lrrc sweep"
        )
    if run.patients < FEWEST_PATIENTS:
        raise InputError(f"patients={run.patients}: sensitivity needs {FEWEST_PATIENTS} or more")
    if len(run.policies) < 2 and (of_difference or MAP in methods):
        raise InputError(
            f"policies=[{run.policies[0].name}]: one policy has no difference; name two or more"
            + ("" if MAP in methods else ", or set of=level")
        )


def _methods(given: object) -> tuple[str, ...]:
    named = given if isinstance(given, list) else [given]
    if not named:
        raise InputError(f"method=[]: must be one or more of {', '.join(METHODS)}")
    for name in named:
        one_of("method", name, METHODS)
    return tuple(dict.fromkeys(map(str, named)))


def _measure(own: Mapping[str, object], run: Run) -> "Measure":
    from analysis.tables.economics import QUANTITIES
    from analysis.tables.measure import COSTS, NET_BENEFIT, measures
    from experiments.simulating.cohort import horizons

    known = horizons(run.horizon_years)
    years = own["at_years"]
    if years is None:
        years = 5.0 if 5.0 in known else known[-1]
    elif years not in known:
        raise InputError(
            f"at_years={shown(years)}: must be one of {', '.join(f'{year:g}' for year in known)}"
        )
    of = run.economics
    threshold = own["threshold"]
    if threshold is not None:
        threshold = units.number("threshold", threshold, THRESHOLD)
    elif of:
        threshold = middle_threshold(of.thresholds_per_qaly)
    assert isinstance(years, (int, float))
    found = measures(run.horizon_years, float(years), of.currency if of else None, float(threshold or 0.0))
    name = str(own["outcome"])
    if name not in found:
        if name in (*QUANTITIES, COSTS, NET_BENEFIT):
            raise InputError(
                f"outcome={name}: economics=none has no costs and quality of life; name a file, as in "
                "economics=dutch"
            )
        raise InputError(f"outcome={shown(own['outcome'])}: there is no such outcome{choice(name, found)}")
    return found[name]


def _factors(own: Mapping[str, object], run: Run, economics: str) -> list[Factor]:
    sample = read_sample("all", own["posterior_from"])
    assert sample is not None
    kept = of_the_fit(sample, run.parameters)
    if kept is None and own["posterior_from"] is not None:
        raise InputError(
            "disease: the members of the posterior sample are of the fitted disease; use disease=calibrated"
        )
    factors = factors_of(run, economics, kept)
    if own["vary"] is None:
        return factors
    wanted = named_numbers("vary", own["vary"], [number for factor in factors for number in factor.numbers])
    return [factor for factor in factors if any(number.key in wanted for number in factor.numbers)]


def _axes(
    own: Mapping[str, object], run: Run, measure: "Measure", methods: Sequence[str]
) -> tuple[Axis, Axis] | None:
    given = own["map"]
    if MAP not in methods:
        if given is not None:
            raise InputError(f"map={shown(given)}: needs the method map, as in method=[tornado,map]")
        return None
    if not isinstance(given, Mapping) or len(given) != 2:
        raise InputError(
            f"map={shown(given)}: must hold two numbers and their ranges, as in "
            "{surgery.leak_probability:[0.02,0.2],economics.stoma_price_per_year:[1000,4000]}"
        )
    if not measure.direction:
        raise InputError(
            f"outcome={measure.name}: a map shows which policy is preferred, and neither more nor less of "
            "this outcome is better; ask for another, such as net_benefit"
        )
    steps = units.whole("map_steps", own["map_steps"], 2)
    sizes.check_points(steps * steps, f"map_steps={steps}")
    axes = []
    for key, ends in given.items():
        if not isinstance(ends, list) or len(ends) != 2:
            raise InputError(f"map.{key}={shown(ends)}: must be [low, high]")
        low, high = (units.number(f"map.{key}", end, units.ANY) for end in ends)
        if not low < high:
            raise InputError(f"map.{key}={shown(ends)}: low must be below high")
        for end in (low, high):
            point_of({str(key): end}, run)  # refuses what cannot be
        axes.append(Axis(str(key), tuple(np.linspace(low, high, steps).tolist())))
    return axes[0], axes[1]


def _needs_economics(one: Alternative) -> bool:
    return any(key.startswith(f"{ECONOMICS}.") for key in one.changes)
