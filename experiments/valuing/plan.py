"""A probabilistic sensitivity analysis as it was asked for, checked: its members, and what is made of it."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from omegaconf import DictConfig, OmegaConf

from conf import sizes, units
from conf.composition import plain
from conf.compute import checked_compute
from conf.economic_draws import DiscrepancyDraws, EconomicDraws, draw_discrepancy, draw_economics
from conf.economic_draws import uncertain_economics as uncertain_numbers_of
from conf.economics import ECONOMICS, check_rising, read_thresholds
from conf.input_error import InputError, nearest, shown
from conf.posterior import MEMBER, Sample, of_the_fit, read_sample
from conf.run import Run
from conf.schema import read_flag, read_run
from conf.uncertain import MEMBERS_PER_GROUP, MEMBERS_PER_PARAMETER, Uncertain
from experiments.results.machine import cores
from experiments.sweeping.design import Point
from experiments.sweeping.plan import Plan

if TYPE_CHECKING:
    import pandas as pd

PSA_KEYS = (
    "members", "precision", "posterior_from", "discrepancy", "design_seed", "thresholds", "evppi", "study",
    "patients_per_year", "decision_years", "compute",
)  # fmt: skip
FEWEST_MEMBERS = 20
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
    """A checked analysis. Member k takes row k of the posterior sample; after the last the first again."""

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
        return len(self.plan.points)

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
                both[f"discrepancy.{kind}"] = shifts
            both["discrepancy.contrast"] = np.log(self.discrepancy.contrasts)
        return both.loc[:, both.nunique() > 1]


def read_psa(config: DictConfig, choices: Mapping[str, str]) -> PsaPlan:
    """Return the analysis that a composed configuration asks for, checked. Raises InputError.

    ``choices``: the file of each group; the uncertainty of prices is that of the shipped file.
    """
    given = plain(config, throw_on_missing=True)
    for key in PSA_KEYS:
        if key not in given:
            raise InputError(f"{key}: missing; the configuration must hold it")
    own = {key: given.pop(key) for key in PSA_KEYS}
    run = read_run(OmegaConf.create(given))
    if run.economics is None:
        raise InputError("economics=none: psa needs prices and utilities, as in economics=dutch")
    for key in ("rows", "journal"):
        if getattr(run, key):
            raise InputError(f"{key}=true: psa keeps sums of costs and QALYs; use lrrc compare")
    if len(run.policies) < 2:
        raise InputError(f"policies=[{run.policies[0].name}]: psa compares two policies or more")
    members = units.whole("members", own["members"], FEWEST_MEMBERS)
    sizes.check_points(members, f"members={members}")
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
    compute = checked_compute(own["compute"])
    plan = Plan(
        given=own,
        run=run,
        sample=None,
        points=points,
        replications=1,
        block=run.patients,
        stop_on_error=False,
        precision=None,
        of_difference=True,
        most_patients=run.patients,
        outcomes=[],
        harms=[],
        years=run.horizon_years,
        compute=compute,
        only_values=True,
    )
    here = compute["kind"] == "local"
    workers = int(compute.get("workers") or cores()) if here else int(compute.get("jobs", 1))
    sizes.check_sweep([point.run for point in points], 1, run.patients, workers, here)
    groups, too_many = _groups(own["evppi"], sample.numbers, numbers, members)
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


def _thresholds(given: object, run: Run) -> tuple[float, ...]:
    if given is None:
        assert run.economics is not None
        return run.economics.thresholds_per_qaly
    return read_thresholds("thresholds", given)


def _groups(
    given: object, disease: Sequence[Uncertain], economics: Sequence[Uncertain], members: int
) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """Return the groups of uncertain numbers, by name, and those of too many numbers to be distinguished."""
    numbers = [*disease, *economics]
    if given is None:
        groups: dict[str, list[str]] = {}
        for number in disease:
            groups.setdefault(number.section, []).append(number.key)
        for number in economics:
            name = UTILITIES if "utility" in number.name else PRICES
            groups.setdefault(name, []).append(number.key)
        found = {name: tuple(keys) for name, keys in groups.items()}
        few = {name: keys for name, keys in found.items() if MEMBERS_PER_PARAMETER * len(keys) <= members}
        return few, tuple(name for name in found if name not in few)
    if not isinstance(given, Mapping) or not given:
        raise InputError(
            f"evppi={shown(given)}: must hold names and lists of sections or keys, as in "
            "{harm:[harm],stoma:[economics.stoma_price_per_year]}"
        )
    chosen = {str(name): named_numbers(f"evppi.{name}", keys, numbers) for name, keys in given.items()}
    for name, keys in chosen.items():
        if (needed := MEMBERS_PER_PARAMETER * len(keys)) > members:
            raise InputError(
                f"evppi.{name}: {len(keys)} numbers need {needed:,} members or more to be distinguished; "
                f"members={members:,}"
            )
    if (needed := MEMBERS_PER_GROUP * len(chosen)) > members:
        raise InputError(
            f"evppi: {len(chosen)} groups need {needed:,} members or more to be distinguished; "
            f"members={members:,}"
        )
    return chosen, ()


def named_numbers(key: str, given: object, numbers: Sequence[Uncertain]) -> tuple[str, ...]:
    """Return the keys of the uncertain numbers that a list of sections, names and keys stands for."""
    if not isinstance(given, list) or not given:
        raise InputError(f"{key}={shown(given)}: must be a list of sections or keys, as in [harm]")
    found: dict[str, None] = {}
    for word in given:
        meant = [n.key for n in numbers if word in (n.section, f"{n.section}.{n.name}", n.key)]
        if not meant:
            known = [n.key for n in numbers] + sorted({n.section for n in numbers})
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
