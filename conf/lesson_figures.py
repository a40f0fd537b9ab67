"""The figures of a lesson: what is read from its simulation, and what is computed from that.

A figure is one of: an outcome of 1,000 patients under a policy (or an amount a patient), what 1,000 patients
cost or how many QALYs they have, a wait in days, a published value, a difference, sum or ratio of two other
figures, or the lowest, the highest or the number below zero of another figure over the lesson's repetitions.
"""

import functools
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from conf import units
from conf.economics import PERSPECTIVES
from conf.endpoint import read_mapping, read_text
from conf.input_error import InputError, choice, nearest, one_of, shown
from conf.question import HORIZONS_YEARS, WAITS
from conf.run import Run
from conf.stated_sources import evidence

PER = 1000  # patients, in every share
OF_TWO = ("difference", "sum", "ratio")
OVER_REPETITIONS = ("lowest", "highest", "below_zero")
VALUE = "value"
MEASURED = ("outcome", "wait", VALUE)
KINDS = (*MEASURED, "evidence", *OF_TWO, *OVER_REPETITIONS)
# Keys beside the one that says the kind.
BESIDE: Mapping[str, tuple[str, ...]] = {
    "outcome": ("policy", "years", "mechanism", "compartment", "group", "if", "luck"),
    "wait": ("policy", "if", "luck"),
    VALUE: ("policy", "if", "luck"),
    "ratio": ("written",),
}
SHARED, OWN = "shared", "own"
PERCENT, TIMES, PATIENTS = "percent", "times", "patients"
MONEY, YEARS = "money", "years"  # of 1,000 patients
RUN_YEARS = 10.0  # of every lesson in which costs are not counted
DEFAULT_YEARS = 5.0
NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Figure:
    """A named figure; ``kind``: one of ``KINDS``.

    ``what``: the outcome, the step waited for, what is summed of costs or years, or the id of the evidence;
    ``of``: the names of the figures that it is computed from; ``years`` 0 where no horizon applies;
    ``setting``: the name of the change of the lesson's scenario in which it is measured, or nothing;
    ``luck``: own, for patients of its own, or shared with the other policies; ``unit``: patients (of 1,000),
    percent, times, days, money or years (of 1,000 patients), or that of an amount.
    """

    name: str
    kind: str
    what: str = ""
    of: tuple[str, ...] = ()
    policy: str = ""
    years: float = 0.0
    mechanism: str = "all"
    compartment: str = "all"
    group: str = "all"
    setting: str = ""
    luck: str = SHARED
    unit: str = PATIENTS
    published: float = math.nan

    @property
    def measured(self) -> bool:
        """Whether it is read from the counts of a run."""
        return self.kind in MEASURED

    def key(self) -> tuple[str, str, str, str, float]:
        """Return outcome, mechanism, compartment, group and horizon, as the counts of a run have them."""
        return (self.what, self.mechanism, self.compartment, self.group, self.years)

    def plain(self) -> dict[str, Any]:
        """Return it as plain values, for the page; what its kind does not use is left out."""
        used = {
            "outcome": ("what", "policy", "years", "mechanism", "compartment", "group", "setting", "luck"),
            "wait": ("what", "policy", "setting", "luck"),
            VALUE: ("what", "policy", "setting", "luck"),
            "evidence": ("what", "published"),
        }.get(self.kind, ("of",))
        found = {name: getattr(self, name) for name in ("kind", *used, "unit")}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}


@functools.cache
def known_keys(run_years: float = RUN_YEARS) -> dict[tuple[str, str, str, str, float], str]:
    """Return the unit of everything that a run counts, by outcome, mechanism, compartment, group, horizon."""
    # Imported late: the outcomes' module takes as long as all the rest.
    from sim.counting.outcomes import UNITS, amount_keys, binary_keys

    horizons = (*(years for years in HORIZONS_YEARS if years < run_years), run_years)
    found = {tuple(key): PATIENTS for key in binary_keys(horizons)}
    found |= {tuple(key): UNITS[key.outcome] for key in amount_keys(run_years)}
    return found  # type: ignore[return-value]  # a Key is such a tuple


@functools.cache
def known_values() -> tuple[str, ...]:
    """Return what is summed of costs and years: each kind, and all costs of a perspective."""
    from sim.counting.value import VALUES  # late, as the outcomes' module

    return (*VALUES, *(f"costs_{perspective}" for perspective in PERSPECTIVES))


def read_figures(where: str, given: object, runs: Mapping[str, Run], repetitions: int) -> dict[str, Figure]:
    """Return the figures by name, each after those that it is computed from. Raises InputError.

    ``runs``: that of the lesson's scenario, under the empty name, and of each of its changes.
    """
    tree = read_mapping(where, given, "{recurred: {outcome: local_recurrence, policy: tme_alone}}")
    found: dict[str, Figure] = {}
    for name, content in tree.items():
        key = f"{where}.{name}"
        if not NAME.fullmatch(name):
            raise InputError(f"{key}: a figure's name has letters from a to z, digits and _, as in recurred")
        found[name] = _figure(key, name, content, runs, repetitions, found)
    return found


def _figure(
    where: str,
    name: str,
    content: object,
    runs: Mapping[str, Run],
    repetitions: int,
    before: Mapping[str, Figure],
) -> Figure:
    tree = read_mapping(where, content, "{outcome: local_recurrence, policy: tme_alone}")
    kinds = [key for key in tree if key in KINDS]
    if len(kinds) != 1:
        unknown = next((key for key in tree if key not in KINDS), "")
        if not kinds and unknown:
            raise InputError(f"{where}.{unknown}: there is no such key{choice(unknown, KINDS)}")
        raise InputError(f"{where}={shown(content)}: must have one of the keys {', '.join(KINDS)}")
    kind = kinds[0]
    allowed = (kind, *BESIDE.get(kind, ()))
    for key, value in tree.items():
        if key not in allowed:
            raise InputError(f"{where}.{key}={shown(value)}: there is no such key{choice(key, allowed)}")
    if kind in MEASURED:
        return _measured(where, name, kind, tree, runs)
    if kind == "evidence":
        return _published(where, name, read_text(f"{where}.evidence", tree["evidence"]))
    names = tree[kind] if kind in OF_TWO else [tree[kind]]
    count = 2 if kind in OF_TWO else 1
    if not isinstance(names, list) or len(names) != count or not all(isinstance(one, str) for one in names):
        raise InputError(f"{where}.{kind}={shown(tree[kind])}: must be a list of two figures' names")
    for one in names:
        known_figure(f"{where}.{kind}", one, before)
    unit = before[names[0]].unit
    if kind in OF_TWO and kind != "ratio" and before[names[1]].unit != unit:
        raise InputError(f"{where}.{kind}={shown(names)}: {names[0]} is in {unit}, {names[1]} is not")
    if kind == "ratio":
        unit = one_of(f"{where}.written", tree.get("written", PERCENT), (PERCENT, TIMES))
    if kind in OVER_REPETITIONS:
        if repetitions < 2:
            raise InputError(f"{where}.{kind}: needs scenario.repetitions of 2 or more")
        if before[names[0]].kind in OVER_REPETITIONS:
            raise InputError(f"{where}.{kind}={shown(names[0])}: is one over the repetitions already")
        unit = "repetitions" if kind == "below_zero" else unit
    return Figure(name, kind, of=tuple(names), unit=unit)


def _measured(
    where: str, name: str, kind: str, tree: Mapping[str, object], runs: Mapping[str, Run]
) -> Figure:
    what = read_text(f"{where}.{kind}", tree[kind])
    setting = read_text(f"{where}.if", tree.get("if", ""))
    if setting not in runs:
        named = [each for each in runs if each]
        raise InputError(
            f"{where}.if={shown(setting)}: vary has no such change"
            + (choice(setting, named) if named else "; name one there, as in name: no_leaks")
        )
    run = runs[setting]
    there = tuple(policy.name for policy in run.policies)
    if "policy" not in tree:
        raise InputError(f"{where}.policy: missing; it is one of {', '.join(there)}")
    policy = one_of(f"{where}.policy", tree["policy"], there)
    luck = one_of(f"{where}.luck", tree.get("luck", SHARED), (SHARED, OWN))
    if kind == "wait":
        one_of(f"{where}.wait", what, WAITS)
        return Figure(name, kind, what, policy=policy, setting=setting, luck=luck, unit="days")
    if kind == VALUE:
        one_of(f"{where}.value", what, known_values())
        if run.economics is None:
            raise InputError(
                f"{where}.value={shown(what)}: costs and quality of life are not counted; name the file of "
                "prices in the scenario, as in economics: dutch"
            )
        unit = MONEY if what.startswith("cost") else YEARS
        return Figure(name, kind, what, policy=policy, setting=setting, luck=luck, unit=unit)
    mechanism, compartment, group = (
        read_text(f"{where}.{part}", tree.get(part, "all")) for part in ("mechanism", "compartment", "group")
    )
    figure = Figure(
        name, kind, what, (), policy, 0.0, mechanism, compartment, group, setting=setting, luck=luck
    )
    return _counted(where, tree, figure, run.horizon_years)


def _counted(where: str, tree: Mapping[str, object], figure: Figure, run_years: float) -> Figure:
    """Return the figure of an outcome with its horizon and unit. Raises InputError where none is counted."""
    keys = known_keys(run_years)
    outcomes = list(dict.fromkeys(key[0] for key in keys))
    if figure.what not in outcomes:
        raise InputError(
            f"{where}.outcome={shown(figure.what)}: there is no such outcome"
            f"{nearest(figure.what, outcomes) or ';'} docs/outcomes.md lists them"
        )
    ways = [key for key in keys if key[0] == figure.what]
    for k, part in enumerate(("mechanism", "compartment", "group"), 1):
        one_of(f"{where}.{part}", getattr(figure, part), list(dict.fromkeys(str(key[k]) for key in ways)))
    horizons = sorted({key[4] for key in ways if key[:4] == figure.key()[:4]})
    if not horizons:
        raise InputError(
            f"{where}: {figure.what} is counted by mechanism, by compartment or by group, one at a time"
        )
    fixed = len(horizons) == 1  # of the treatment, or of the whole follow-up
    if fixed and "years" in tree:
        raise InputError(f"{where}.years={shown(tree['years'])}: {figure.what} has no horizon of its own")
    years = (
        horizons[0] if fixed else units.number(f"{where}.years", tree.get("years", DEFAULT_YEARS), units.ANY)
    )
    if years not in horizons:
        allowed = ", ".join(f"{each:g}" for each in horizons)
        raise InputError(f"{where}.years={years:g}: must be one of {allowed}")
    full = {**vars(figure), "years": years}
    return Figure(**{**full, "unit": keys[Figure(**full).key()]})


def _published(where: str, name: str, identifier: str) -> Figure:
    row = evidence_row(f"{where}.evidence", identifier)
    value = float(row["value"])
    if row["unit"] == "proportion":
        return Figure(name, "evidence", identifier, published=PER * value)
    return Figure(name, "evidence", identifier, published=value, unit=row["unit"])


def evidence_row(where: str, identifier: str) -> dict[str, str]:
    """Return a row of the evidence table by its id. Raises InputError."""
    if identifier not in evidence():
        near = nearest(identifier, evidence())
        raise InputError(f"{where}={shown(identifier)}: no row of conf/evidence.csv has this id{near}")
    return evidence()[identifier]


def known_figure(where: str, name: object, figures: Iterable[str]) -> str:
    """Return the name of a figure. Raises InputError where there is none of this name so far."""
    names = list(figures)
    if name not in names:
        hint = choice(str(name), names) if names else "; there is none above it"
        raise InputError(f"{where}={shown(name)}: there is no such figure{hint}")
    return str(name)


def value_of(
    name: str,
    figures: Mapping[str, Figure],
    measure: Callable[[Figure, int], float],
    repetitions: int,
    repetition: int = 0,
) -> float:
    """Return the value of a figure in a repetition; NaN where there was nobody.

    ``measure`` returns a measured figure in a repetition: of 1,000 patients, or in its unit.
    """
    figure = figures[name]
    if figure.measured:
        return measure(figure, repetition)
    if figure.kind == "evidence":
        return figure.published
    if figure.kind in OVER_REPETITIONS:
        each = [value_of(figure.of[0], figures, measure, repetitions, k) for k in range(repetitions)]
        if figure.kind == "below_zero":
            return float(sum(value < 0 for value in each))
        return min(each) if figure.kind == "lowest" else max(each)
    one, other = (value_of(each, figures, measure, repetitions, repetition) for each in figure.of)
    if figure.kind == "ratio":
        return one / other if other else math.nan
    return one - other if figure.kind == "difference" else one + other


def written(value: float, unit: str) -> str:
    """Return a figure as a sentence has it, money to three digits; a dash where there was nobody."""
    if math.isnan(value):
        return "–"
    if unit == PERCENT:
        return f"{100 * value:.0f} %".replace("-", "−")
    if value == 0:
        return "0"
    if unit == MONEY:
        value = float(f"{value:.3g}")
    whole = unit in ("repetitions", "days") or abs(value) >= 10
    return f"{value:,.{0 if whole else 1}f}".replace("-", "−")
