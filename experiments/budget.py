"""Budget impact: what health care spends more or less, year by year, when a country takes a policy up."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig, OmegaConf

from conf import units
from conf.composition import plain
from conf.economics import Economics
from conf.input_error import InputError, shown
from conf.request import Request
from conf.run import Run
from conf.schema import read_run
from experiments.results.result import Result, folder_or_none, report

if TYPE_CHECKING:
    from analysis.tables.budget import UpTo

MOST_YEARS = 30


@dataclasses.dataclass(frozen=True)
class BudgetRun:
    """A checked budget impact: who is eligible a year, and the share treated by the policy, year by year."""

    run: Run
    economics: Economics
    patients_per_year: float
    uptake: tuple[float, ...]


def budget(asked: Request) -> Path:
    """Simulate what patients cost each year after diagnosis; write and print the budget; return the folder.

    Raises InputError for input that cannot be run, before anything is simulated.
    """
    return report(perform(asked))


def read_budget(config: DictConfig) -> BudgetRun:
    """Return the composed configuration, checked. Raises InputError."""
    given = plain(config, throw_on_missing=True)
    each, listed = given.pop("patients_per_year", None), given.pop("uptake", None)
    if not isinstance(listed, list) or not 1 <= len(listed) <= MOST_YEARS:
        raise InputError(
            f"uptake={shown(listed)}: must be a list of shares, one for each year, at most {MOST_YEARS}"
        )
    uptake = tuple(units.number(f"uptake[{k}]", share, units.FRACTION) for k, share in enumerate(listed))
    if given.get("horizon_years") not in (None, len(uptake)):
        raise InputError(
            f"horizon_years={shown(given['horizon_years'])}: a budget has as many years as uptake, "
            f"{len(uptake)}"
        )
    from sim.clinic.needs import is_unlimited

    run = read_run(OmegaConf.create({**given, "horizon_years": len(uptake)}))
    if run.economics is None:
        raise InputError("economics=none: budget needs prices, as in economics=dutch")
    if not is_unlimited(run.clinic):
        raise InputError(
            "clinic: budget simulates the same patients to the end of each year, for which nobody may wait: "
            "clinic=unlimited. For costs where patients queue, see lrrc compare"
        )
    if len(run.policies) < 2:
        raise InputError(f"policies=[{run.policies[0].name}]: budget compares two policies or more")
    return BudgetRun(
        run,
        run.economics,
        units.number("patients_per_year", each, units.NOT_NEGATIVE),
        uptake,
    )


def perform(asked: Request, keep: bool = True) -> Result:
    """As ``budget``; ``keep`` what it makes in a folder or not."""
    asked_for = read_budget(asked.config)
    run = asked_for.run
    with folder_or_none("budget", run, asked, keep) as folder:
        from analysis.pages.budget_summary import budget_summary
        from analysis.tables.budget import budget_impact, yearly

        found = costs_up_to(asked_for)
        made = {
            "yearly_costs": yearly(found, run.comparator.name),
            "budget": budget_impact(
                found, run.comparator.name, asked_for.patients_per_year, asked_for.uptake
            ),
        }
        if folder:
            for name, table in made.items():
                folder.table(f"{name}.csv", table)
            folder.notes["budget"] = {
                "patients_per_year": asked_for.patients_per_year,
                "uptake": [*asked_for.uptake],
            }
    return Result(
        tables=made,
        summary=budget_summary(
            made["budget"], asked_for.economics.currency, asked_for.economics.price_year, asked_for.uptake
        ),
        patients_per_policy=run.patients,
        policies=[policy.name for policy in run.policies],
        seed=run.seed,
        folder=folder.final if folder else None,
    )


def costs_up_to(asked: BudgetRun) -> "dict[str, UpTo]":
    """Return by policy what health care spends on patients until the end of each year after diagnosis.

    Undiscounted; each year is a run of the same patients up to its end.
    """
    import numpy as np

    from analysis.tables.budget import UpTo
    from analysis.tables.economics import QUANTITIES, worth
    from experiments.simulating.cohort import simulate

    numbers = {**asked.economics.numbers, "costs_discount_rate_per_year": 0.0}
    undiscounted = dataclasses.replace(asked.economics, numbers=numbers)
    total = QUANTITIES.index("costs_health_care")
    years = [
        simulate(dataclasses.replace(asked.run, horizon_years=float(year), economics=undiscounted)).tallies
        for year in range(1, len(asked.uptake) + 1)
    ]
    found = {policy: [worth(tallies[policy]) for tallies in years] for policy in years[0]}
    return {
        policy: UpTo(until[0].patients, np.array([of.sums[:, total] for of in until]))
        for policy, until in found.items()
    }
