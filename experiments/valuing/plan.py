"""A probabilistic sensitivity analysis as it was asked for, checked: its members, and what is made of it."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from conf import sizes, units
from conf.contrasts import contrast_of
from conf.economic_draws import OF_COHORT, DiscrepancyDraws, EconomicDraws, draw_discrepancy, draw_economics
from conf.economic_draws import uncertain_economics as uncertain_numbers_of
from conf.economics import ECONOMICS, check_rising, read_thresholds
from conf.input_error import InputError, nearest, shown
from conf.posterior import MEMBER, Sample, of_the_fit, read_sample
from conf.run import Run
from conf.schema import read_flag
from conf.structure import DISCREPANCY
from conf.uncertain import MEMBERS_PER_PARAMETER, Uncertain, check_distinguished
from experiments.sweeping.design import Point
from experiments.sweeping.plan import Plan, plan_of_points, settings_and_run
from experiments.valuing.recurrence import with_and_without

if TYPE_CHECKING:
    import pandas as pd

PSA_KEYS = (
    "members", "precision", "posterior_from", "discrepancy", "design_seed", "thresholds", "evppi", "study",
    "patients_per_year", "decision_years", "compute",
)  # fmt: skip
FEWEST_MEMBERS = 20
FEWEST_PATIENTS = 32  # one for each fold of patients, whose means show how far luck goes
PRICES, UTILITIES = "prices", "utilities"
PRECISION = units.Range(0, 1e9, "above 0, and at most 1e9", low_allowed=False)
DECISION = units.Range(0, 100, "from 0 to 100")  # years
CURVE_STEPS = 40  # of acceptability curves, from 0 to twice the highest threshold


@dataclass(frozen=True)
class Study:
    """A study to be valued: which uncertain numbers it measures, with how many patients."""

    parameters: tuple[str, ...]
    sizes: tuple[int, ...]


@dataclass(frozen=True)
class PsaPlan:
    """A checked analysis. Member k takes row k of the posterior sample; after the last the first again.

    The points of ``plan`` are the members and, where the discrepancy is drawn, two by which a local
    recurrence is valued.
    """

    plan: Plan
    sample: Sample
    economics: EconomicDraws
    discrepancy: DiscrepancyDraws | None
    thresholds: tuple[float, ...]
    groups: dict[str, tuple[str, ...]]
    too_many: tuple[str, ...]  # groups of more numbers than the members distinguish
    study: Study | None
    precision: float | None  # half-width of a net benefit's interval, in money
    patients_per_year: float
    decision_years: float

    @property
    def members(self) -> int:
        """How many members there are."""
        return len(self.economics.values)

    @property
    def curve(self) -> list[float]:
        """The thresholds at which curves are drawn."""
        top = 2 * self.thresholds[-1] or 1.0
        return sorted({*(top * k / CURVE_STEPS for k in range(CURVE_STEPS + 1)), *self.thresholds})

    def parameters(self) -> "pd.DataFrame":
        """Return the uncertain numbers that vary, a row for each member."""
        import numpy as np
        import pandas as pd

        rows = [*self.sample.members.values()]
        drawn = np.array([rows[k % len(rows)] for k in range(self.members)])
        table = pd.DataFrame(drawn, columns=[number.key for number in self.sample.numbers])
        own = pd.DataFrame(self.economics.values, columns=[n.key for n in self.economics.numbers])
        both = pd.concat([table, own], axis=1)
        if self.discrepancy:
            for kind, shifts in self.discrepancy.shifts.items():
                both[f"{DISCREPANCY}.{kind}"] = shifts
            for lever in levers_of(self.plan.run):
                both[f"{DISCREPANCY}.{lever}"] = self.discrepancy.contrasts[lever]
        return both.loc[:, both.nunique() > 1]


def read_psa(config: DictConfig, choices: Mapping[str, str]) -> PsaPlan:
    """Return the analysis that a composed configuration asks for, checked. Raises InputError.

    ``choices``: the file of each group; of shipped prices the ranges are beside the file.
    """
    own, run = settings_and_run(config, PSA_KEYS, "psa keeps sums of costs and QALYs")
    if run.economics is None:
        raise InputError("economics=none: psa needs prices and utilities, as in economics=dutch")
    if len(run.policies) < 2:
        raise InputError(f"policies=[{run.policies[0].name}]: psa compares two policies or more")
    members = units.whole("members", own["members"], FEWEST_MEMBERS)
    sizes.check_points(members, f"members={members}")
    if run.patients < FEWEST_PATIENTS:
        raise InputError(f"patients={run.patients}: psa needs {FEWEST_PATIENTS} or more for each member")
    held = read_sample("all", own["posterior_from"])
    assert held is not None
    kept = dict(list(held.members.items())[:members])
    sample = of_the_fit(dataclasses.replace(held, members=kept), run.parameters)
    if sample is None:
        raise InputError(
            "disease: the members of the posterior sample are of the fitted disease; use disease=calibrated"
        )
    seed = units.whole("design_seed", own["design_seed"], 0)
    numbers = uncertain_numbers_of(str(choices.get(ECONOMICS, "")), run.economics)
    economics = draw_economics(numbers, members, seed)
    wanted = read_flag("discrepancy", own["discrepancy"])
    discrepancy = draw_discrepancy(sample.discrepancy, members, seed) if wanted else None
    points = [_member(run, sample, economics, discrepancy, k) for k in range(members)]
    points += with_and_without(run) if wanted else []
    plan = plan_of_points(own, run, points, run.patients, only_values=True)
    differing = [f"{DISCREPANCY}.{name}" for name in (*OF_COHORT, *levers_of(run))] if wanted else []
    groups, too_many = _groups(own["evppi"], sample.numbers, numbers, differing, members)
    return PsaPlan(
        plan,
        sample,
        economics,
        discrepancy,
        _thresholds(own["thresholds"], run),
        groups,
        too_many,
        _study(own["study"], [*sample.numbers, *numbers]),
        None if own["precision"] is None else units.number("precision", own["precision"], PRECISION),
        units.number("patients_per_year", own["patients_per_year"], units.NOT_NEGATIVE),
        units.number("decision_years", own["decision_years"], DECISION),
    )


def _member(
    run: Run, sample: Sample, economics: EconomicDraws, discrepancy: DiscrepancyDraws | None, k: int
) -> Point:
    """Return member k, with luck of its own, the same under every policy."""
    names = [*sample.members]
    assert run.economics is not None
    changed = dataclasses.replace(
        run,
        parameters=sample.disease(run.parameters, names[k % len(names)]),
        economics=economics.economics(run.economics, k),
        cohort=discrepancy.cohort(run.cohort, k) if discrepancy else run.cohort,
        replication=run.replication + k,
        out=None,
        published=(),
    )
    return Point({MEMBER: k}, changed)


def levers_of(run: Run) -> list[str]:
    """Return the levers by which policies of a run differ from its comparator."""
    contrasts = [contrast_of(policy, run.comparator) for policy in run.policies]
    return list(dict.fromkeys(lever for contrast in contrasts for lever in contrast.levers))


def _thresholds(given: object, run: Run) -> tuple[float, ...]:
    if given is None:
        assert run.economics is not None
        return run.economics.thresholds_per_qaly
    return read_thresholds("thresholds", given)


def _groups(
    given: object,
    disease: Sequence[Uncertain],
    economics: Sequence[Uncertain],
    differing: Sequence[str],
    members: int,
) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """Return the groups of uncertain numbers, by name, and those of too many numbers to be distinguished.

    ``differing``: the keys of what is drawn of the discrepancy, a group of its own.
    """
    numbers = [*disease, *economics]
    if given is None:
        groups: dict[str, list[str]] = {}
        for number in disease:
            groups.setdefault(number.section, []).append(number.key)
        for number in economics:
            name = UTILITIES if "utility" in number.name else PRICES
            groups.setdefault(name, []).append(number.key)
        if differing:
            groups[DISCREPANCY] = [*differing]
        found = {name: tuple(keys) for name, keys in groups.items()}
        few = {name: keys for name, keys in found.items() if MEMBERS_PER_PARAMETER * len(keys) <= members}
        return few, tuple(name for name in found if name not in few)
    if not isinstance(given, Mapping) or not given:
        raise InputError(
            f"evppi={shown(given)}: must hold names and lists of sections or keys, as in "
            "{harm:[harm],stoma:[economics.stoma_price_per_year]}"
        )
    chosen = {
        str(name): named_numbers(f"evppi.{name}", keys, numbers, differing) for name, keys in given.items()
    }
    check_distinguished("evppi", chosen, members)
    return chosen, ()


def named_numbers(
    key: str, given: object, numbers: Sequence[Uncertain], differing: Sequence[str] = ()
) -> tuple[str, ...]:
    """Return the keys of the uncertain numbers that a list of sections, names and keys stands for.

    ``differing``: the keys of what is drawn of the discrepancy.
    """
    if not isinstance(given, list) or not given:
        raise InputError(f"{key}={shown(given)}: must be a list of sections or keys, as in [harm]")
    found: dict[str, None] = {}
    for word in given:
        meant = [n.key for n in numbers if word in (n.section, f"{n.section}.{n.name}", n.key)]
        meant += [one for one in differing if word in (DISCREPANCY, one)]
        if not meant:
            known = [n.key for n in numbers] + sorted({n.section for n in numbers})
            known += [DISCREPANCY, *differing] if differing else []
            raise InputError(
                f"{key}: {shown(word)} is no uncertain number or section{nearest(str(word), known)}"
            )
        found |= dict.fromkeys(meant)
    return tuple(found)


def _study(given: object, numbers: Sequence[Uncertain]) -> Study | None:
    if given is None:
        return None
    if not isinstance(given, Mapping) or set(given) != {"parameters", "sizes"}:
        raise InputError(
            f"study={shown(given)}: must hold parameters and sizes, as in "
            "{parameters:[surgery.leak_probability],sizes:[100,400]}"
        )
    names, listed = given["parameters"], given["sizes"]
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise InputError(f"study.parameters={shown(names)}: must be a list of uncertain numbers")
    known = [number.key for number in numbers]
    for name in names:
        if name not in known:
            raise InputError(f"study.parameters: {shown(name)} is no uncertain number{nearest(name, known)}")
        if not name.rpartition(".")[2].partition("[")[0].endswith(("probability", "share")):
            raise InputError(
                f"study.parameters: {name}: a study counts patients, so it measures a probability or a share"
            )
    if not isinstance(listed, list) or not listed:
        raise InputError(f"study.sizes={shown(listed)}: must be a list of whole numbers that rise")
    counts = [units.whole(f"study.sizes[{k}]", size, 1) for k, size in enumerate(listed)]
    check_rising("study.sizes", [float(count) for count in counts])
    return Study(tuple(names), tuple(counts))
