"""The design points of a sweep: which numbers, levers and groups each of them changes."""

import dataclasses
import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from conf import sizes, units
from conf.economics import ECONOMICS, RANGES, WORDS
from conf.input_error import InputError, choice, in_full, shown
from conf.overrides import override
from conf.policies import LEVERS, Policy, groups_of, is_of_groups, split_rule, with_levers
from conf.posterior import MEMBER, Sample
from conf.run import Run, Tree
from conf.schema import checked, read_clinic, read_economics, unknown_key

# Swept by composing the configuration again: it takes a tenth of a second, and there are few of them.
COMPOSED = ("cohort", "clinic", "disease", "scenario", "policies", "seed")
WAYS = ("grid", "list", "latin")
ENDS = units.Range(-1e9, 1e9, "from -1e9 to 1e9")  # of a hypercube; no unit reaches further
Values = dict[str, Any]
# Returns the run of the command line with some words more.
Composer = Callable[[list[str]], Run]


@dataclass(frozen=True)
class Point:
    """A design point: the swept names with their values, and the run that they make."""

    values: Values
    run: Run

    def columns(self) -> Values:
        """Return the values as cells of a table: numbers, flags and words."""
        return {
            name: in_full(value) if isinstance(value, list) else value for name, value in self.values.items()
        }

    def words(self) -> str:
        """Return the point as the command line writes it."""
        return " ".join(f"{name}={in_full(value)}" for name, value in self.values.items())


def read_design(given: Tree, sample: Sample | None, composed: Composer) -> list[Point]:
    """Return the design points that ``grid``, ``list`` or ``latin`` ask for, in order.

    Of a posterior sample each member is a point; with one of the three, at each of its points.
    Every value is checked here, before anything is simulated. Raises InputError.
    """
    asked = [way for way in WAYS if given[way] is not None]
    if len(asked) > 1 or not (asked or sample):
        raise InputError(
            "a sweep needs one of grid, list and latin, as in 'grid={surgery.leak_probability:[0.02,0.05]}', "
            "or members of the posterior sample, as in posterior=100"
            + (f"; {' and '.join(asked)} are given" if asked else "")
        )
    way = asked[0] if asked else "posterior"
    if not asked:
        wanted: list[Values] = [{}]
    elif way == "grid":
        wanted = _grid(given["grid"])
    elif way == "list":
        wanted = _list(given["list"])
    else:
        wanted = _latin(given["latin"], given["points"], given["design_seed"])
    if sample:
        sizes.check_points(len(wanted) * len(sample.members), f"{len(sample.members)} members at each point")
    base: dict[str, Run] = {}
    points: list[Point] = []
    for values in wanted:
        words = [override(f"{name}={in_full(value)}") for name, value in values.items() if name in COMPOSED]
        key = " ".join(words)
        if key not in base:
            base[key] = composed(words)
        point = point_of(values, base[key])
        points += [point] if sample is None else _members(point, sample)
    seen: set[str] = set()
    for point in points:
        if point.words() in seen:
            raise InputError(f"{way}: {shown(point.words())}: this point appears twice")
        seen.add(point.words())
    return points


def _members(point: Point, sample: Sample) -> list[Point]:
    """Return the point with each member of the sample."""
    for name in point.values:
        sample.refuse_set(name)
    return [
        Point(
            {**point.values, MEMBER: member},
            dataclasses.replace(point.run, parameters=sample.disease(point.run.parameters, member)),
        )
        for member in sample.members
    ]


def _grid(axes: object) -> list[Values]:
    axes = _mapping("grid", axes, "{name:[value,value]}")
    for name, values in axes.items():
        if not isinstance(values, list) or not values:
            raise InputError(f"grid: {name}={shown(values)}: must be a list of values, as in {name}:[a,b]")
    sizes.check_points(math.prod(map(len, axes.values())), "grid: every combination of its values")
    return [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]


def _list(points: object) -> list[Values]:
    if not isinstance(points, list) or not points:
        raise InputError(
            f"list={shown(points)}: must be a list of points, as in [{{name:value}},{{name:value}}]"
        )
    points = [_mapping("list", point, "{name:value}") for point in points]
    for point in points:
        if set(point) != set(points[0]):
            raise InputError(
                f"list: {shown(point)}: every point must set the same names as {shown(points[0])}"
            )
    return [{name: point[name] for name in points[0]} for point in points]


def _latin(ranges: object, points: object, seed: object) -> list[Values]:
    from scipy.stats import qmc

    ranges = _mapping("latin", ranges, "{name:[low,high]}")
    count = units.whole("points", points, 1)
    sizes.check_points(count, f"points={count}")
    for name, ends in ranges.items():
        if not isinstance(ends, list) or len(ends) != 2:
            raise InputError(f"latin: {name}={shown(ends)}: must be [low, high]")
        low, high = (units.number(f"latin: {name}", end, ENDS) for end in ends)
        if low >= high:
            raise InputError(f"latin: {name}={shown(ends)}: low must be below high")
    hypercube = qmc.LatinHypercube(len(ranges), rng=units.whole("design_seed", seed, 0))
    lows, highs = zip(*ranges.values(), strict=True)
    sample = qmc.scale(hypercube.random(count), lows, highs)
    return [dict(zip(ranges, map(float, row), strict=True)) for row in sample]


def _mapping(way: str, value: object, example: str) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not value:
        raise InputError(f"{way}={shown(value)}: must hold names and values, as in {example}")
    return {str(name): item for name, item in value.items()}


def point_of(values: Values, run: Run) -> Point:
    """Return the run with these numbers, levers and rules by group. Raises InputError."""
    levers = {
        name: value for name, value in values.items() if name in LEVERS or is_of_groups(name, run.policies)
    }
    taken: Values = {}
    trees = {"cohort": run.cohort, "clinic": run.clinic, **run.parameters}
    if run.economics:
        trees[ECONOMICS] = run.economics.numbers
    for name, value in values.items():
        if name in COMPOSED or name in levers:
            taken[name] = value
        else:
            trees, taken[name] = _with_number(trees, name, value)
    policies = _with_levers(run.policies, levers) if levers else run.policies
    comparator = next(policy for policy in policies if policy.name == run.comparator.name)
    cohort, clinic, parameters = (
        trees["cohort"],
        trees["clinic"],
        {name: trees[name] for name in run.parameters},
    )
    if (clinic, policies) != (run.clinic, run.policies) or parameters != run.parameters:
        clinic = read_clinic(clinic, policies, parameters)
    economics = run.economics
    if economics and trees[ECONOMICS] is not economics.numbers:
        # Its ranges are of the number that it has in its file.
        again = read_economics({**economics.resolved(), **trees[ECONOMICS], RANGES: None})
        assert again is not None
        economics = dataclasses.replace(again, ranges=economics.ranges)
    # At once: the numbers of a point hold together, not each with those of the run.
    changed = dataclasses.replace(
        run,
        policies=policies,
        comparator=comparator,
        cohort=cohort,
        economics=economics,
        clinic=clinic,
        parameters=parameters,
    )
    return Point(taken, changed)


def _with_levers(policies: tuple[Policy, ...], levers: Values) -> tuple[Policy, ...]:
    """Return the policies with levers set: those by group in the policies that have the group."""

    def has(policy: Policy, name: str) -> bool:
        return name in LEVERS or split_rule(name)[0] in groups_of(policy)

    for name, value in levers.items():
        if not any(has(policy, name) for policy in policies):
            group, _ = split_rule(name)
            groups = sorted({group for policy in policies for group in groups_of(policy)})
            listed = f"; there are {', '.join(groups)}" if groups else ""
            raise InputError(f"{name}={shown(value)}: no policy of the run has a group {group}{listed}")
    return tuple(
        with_levers(policy, {name: value for name, value in levers.items() if has(policy, name)})
        for policy in policies
    )


def _with_number(trees: Mapping[str, Tree], key: str, value: object) -> tuple[dict[str, Tree], Any]:
    """Return the trees with one number, or list of numbers, changed, and that value as checked."""
    section, *path = key.split(".")
    here: Any = trees.get(section)
    for name in path:
        here = here.get(name) if isinstance(here, Mapping) else None
    if here is None or isinstance(here, Mapping):
        if key in Run.__dataclass_fields__:
            raise InputError(f"{key}: is not swept; swept are numbers, levers and {', '.join(COMPOSED)}")
        if section == ECONOMICS and ECONOMICS not in trees:
            raise InputError(
                f"{key}={shown(value)}: economics=none has no prices; name a file, as in economics=dutch"
            )
        if section == ECONOMICS and path[0] in WORDS:
            raise InputError(
                f"{key}: is not swept; of {ECONOMICS} prices, utilities and rates of discount are"
            )
        if not path and section not in trees:
            raise InputError(
                f"{key}={shown(value)}: there is no such name to sweep{choice(key, [*LEVERS, *COMPOSED])}"
            )
        raise unknown_key(key, value)
    number = checked(key, value, here)
    return {**trees, section: _replaced(trees[section], path, number)}, number


def _replaced(tree: Tree, path: list[str], value: Any) -> Tree:
    name, *rest = path
    return {**tree, name: _replaced(tree[name], rest, value) if rest else value}
