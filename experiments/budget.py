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
    import numpy as np

MOST_YEARS = 30
PER_MILLION = 1e6


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
    run = read_run(OmegaConf.create({**given, "horizon_years": len(uptake)}))
    if run.economics is None:
        raise InputError("economics=none: budget needs prices, as in economics=dutch")
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


def costs_up_to(asked: BudgetRun) -> "dict[str, np.ndarray]":
    """Return by policy what health care spends on a patient until the end of each year after diagnosis.

    Undiscounted, by fold of patients (or batch of those who queue), shape (years, folds); each year is a run
    of the same patients up to its end.
    """
    import numpy as np

    from analysis.tables.economics import QUANTITIES, worth
    from experiments.simulating.cohort import simulate

    numbers = {**asked.economics.numbers, "costs_discount_rate_per_year": 0.0}
    undiscounted = dataclasses.replace(asked.economics, numbers=numbers)
    total = QUANTITIES.index("costs_health_care")
    found: dict[str, list[np.ndarray]] = {}
    for year in range(1, len(asked.uptake) + 1):
        until = dataclasses.replace(asked.run, horizon_years=float(year), economics=undiscounted)
        for policy, tally in simulate(until).tallies.items():
            of = worth(tally)
            found.setdefault(policy, []).append(of.sums[:, total] / np.maximum(of.patients, 1.0))
    return {policy: np.array(years) for policy, years in found.items()}
