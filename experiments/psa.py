"""Probabilistic sensitivity analysis: costs and QALYs under all uncertain numbers; worth of knowing."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from conf.economics import middle_threshold
from conf.input_error import InputError
from conf.request import Request
from experiments.results.notices import notice
from experiments.results.result import Result, report
from experiments.sweep import on_ledger, summed
from experiments.sweeping.folder import SweepFolder
from experiments.sweeping.ledger import Ledger
from experiments.sweeping.plan import Cell
from experiments.valuing.announced import announce
from experiments.valuing.plan import FEWEST_MEMBERS, FEWEST_PATIENTS, PsaPlan, read_psa

if TYPE_CHECKING:
    from experiments.valuing.found import Found


def psa(asked: Request) -> Path:
    """Simulate every member under every policy, keep each as it ends, write tables; return the folder.

    Raises InputError for input that cannot be run, before anything is simulated, and IncompleteError where
    tasks failed or a cluster was lost: the same command then continues.
    """
    return report(perform(asked))


def perform(asked: Request, keep: bool = True) -> Result:
    """As ``psa``; return its tables, and ``keep`` them in its folder or not.

    Where nothing is kept, nothing can continue.
    """
    analysis = read_psa(asked.config, asked.choices or {})
    if analysis.precision is not None:
        analysis = sized(analysis, analysis.precision, asked)
    announce(analysis.plan, "members")

    def finish(ledger: Ledger, cells: list[Cell], folder: SweepFolder) -> Result:
        return write(analysis, collected(analysis, ledger, cells), folder, keep)

    return on_ledger("psa", analysis.plan, asked, keep, finish)


def sized(analysis: PsaPlan, precision: float, asked: Request) -> PsaPlan:
    """Return the analysis with the cheapest numbers of members and patients that a precision needs."""
    from experiments.valuing.split import sizes_for, variance_of
    from sim.clinic.needs import is_unlimited

    if not is_unlimited(analysis.plan.run.clinic):
        raise InputError(
            f"precision={precision:g}: patients who queue are simulated as one cohort; use clinic=unlimited, "
            "or members and patients instead of precision"
        )
    sizes = sizes_for(variance_of(analysis, middle_threshold(analysis.thresholds)), precision).values()
    config = asked.config.copy()
    config.members = max(FEWEST_MEMBERS, *(size.members for size in sizes))
    config.patients = max(FEWEST_PATIENTS, *(size.patients for size in sizes))
    notice(f"precision={precision:g}: {config.members:,} members of {config.patients:,} patients each")
    return read_psa(config, asked.choices or {})


def collected(analysis: PsaPlan, ledger: Ledger, cells: list[Cell]) -> "Found":
    """Return what the members' patients cost and lived, from the ledger."""
    from experiments.simulating.counts import Sum
    from experiments.valuing.found import Found

    policies = [policy.name for policy in analysis.plan.run.policies]
    total, tallies = Sum(), []
    for cell in cells:
        there = [policy.name for policy in cell.run.policies]
        counted, _ = summed(analysis.plan, ledger, cell, total).tallies(there)
        # Copies: the sum is used again.
        tallies.append(
            {name: {key: sums.copy() for key, sums in of.values.items()} for name, of in counted.items()}
        )
    return Found.of(analysis, policies, tallies)


def write(analysis: PsaPlan, found: "Found", folder: SweepFolder, pictures: bool) -> Result:
    """Write the tables of a complete analysis, and its ``pictures``; return them with what is printed."""
    from analysis.economics.acceptability import acceptability, discounted_patients, perfect_information
    from analysis.economics.incremental import incremental, plane_points, versus
    from analysis.economics.information import evppi, evsi, study_of_proportions
    from analysis.pages.psa_summary import psa_summary
    from analysis.pictures.psa import psa_pictures
    from analysis.words.economics import terms_of
    from experiments.valuing.split import variance_of
    from sim.clinic.needs import is_unlimited

    run = analysis.plan.run
    economics = run.economics
    assert economics is not None
    terms = terms_of(economics.resolved())._replace(thresholds=analysis.thresholds)
    draws, parameters = found.draws(economics.perspective), analysis.parameters()
    patients = discounted_patients(
        analysis.patients_per_year,
        analysis.decision_years,
        economics.numbers["costs_discount_rate_per_year"],
    )
    varying = {
        name: [key for key in keys if key in parameters.columns] for name, keys in analysis.groups.items()
    }
    groups = {name: keys for name, keys in varying.items() if keys}
    made = {
        "psa": found.table(),
        "incremental": incremental(draws),
        "against_comparator": versus(draws, run.comparator.name),
        "plane": plane_points(draws, run.comparator.name),
        "acceptability": acceptability(draws, analysis.curve),
        "evpi": perfect_information(draws, analysis.curve, patients),
        "members": parameters.rename_axis("member").reset_index(),
    }
    if groups:  # with few members none may be small enough to be distinguished
        made["evppi"] = evppi(draws, parameters, groups, analysis.thresholds)
    middle = middle_threshold(analysis.thresholds)
    if analysis.study:
        measured = study_of_proportions(list(analysis.study.parameters))
        made["evsi"] = evsi(draws, parameters, measured, list(analysis.study.sizes), middle)
    variance = variance_of(analysis, middle) if is_unlimited(run.clinic) else None
    if variance:
        made["variance"] = variance.table
    for name, table in made.items():
        folder.table(f"{name}.csv", table)
    folder.notes["psa"] = about(analysis, found)
    drawn = psa_pictures(made, terms)
    if run.pictures and pictures:
        from analysis.pictures import look

        look.save_all(drawn, folder.path)
    words = psa_summary(
        made,
        terms,
        middle,
        patients,
        analysis.members,
        run.patients,
        found.per_recurrence,
        not analysis.economics.numbers,
    )
    return Result(
        tables=made,
        summary=words,
        patients_per_policy=run.patients * analysis.members,
        policies=[policy.name for policy in run.policies],
        seed=run.seed,
        pictures=drawn,
    )


def about(analysis: PsaPlan, found: "Found") -> dict[str, Any]:
    """Return what the manifest says of an analysis.

    ``per_local_recurrence``: what the comparator's patients cost and live more for each of theirs, with the
    standard error.
    """
    run, change = analysis.plan.run, found.per_recurrence
    more: dict[str, Any] = {}
    if change:
        from analysis.tables.economics import QUANTITIES
        from conf.contrasts import contrast_of

        more = {
            "discrepancy_by_lever": {
                policy.name: [*contrast_of(policy, run.comparator).levers]
                for policy in run.policies
                if policy is not run.comparator
            },
            "per_local_recurrence": {
                name: {"mean": float(mean), "standard_error": float(error)}
                for name, mean, error in zip(QUANTITIES, change.changes, change.errors, strict=True)
            },
        }
    return more | {
        "members": analysis.members,
        "posterior": analysis.sample.provenance(),
        "economic_numbers": [number.key for number in analysis.economics.numbers],
        "discrepancy": analysis.discrepancy is not None,
        "groups_of_too_many_numbers": [*analysis.too_many],
        "common_random_numbers": "between policies; every member has patients of its own",
    }
