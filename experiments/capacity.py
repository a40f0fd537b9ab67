"""Policies in clinics: who waits, what harm that does, and what capacity would be enough."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conf.capacity import CapacityRun, read_capacity
from conf.request import Request
from experiments.results.result import Result, folder_or_none, report

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from experiments.simulating.crowd import WarmUp

SEARCH_RUNS = 20  # about so many a search, for the progress bar


@dataclass
class ClinicComparison:
    """What ``lrrc capacity`` found: tables by name, the warm-up of each clinic, and warnings in words."""

    tables: "dict[str, pd.DataFrame]"
    warm_ups: dict[str, "WarmUp"]
    warnings: list[str] = field(default_factory=list)


def capacity(asked: Request) -> Path:
    """Simulate the cohort under every policy in every clinic, write tables and pictures; return the folder.

    Raises InputError for input that cannot be run, before anything is simulated.
    """
    return report(perform(asked))


def perform(asked: Request, keep: bool = True) -> Result:
    """Simulate the cohort in every clinic; return the tables, and ``keep`` them in a folder or not.

    Raises InputError for input that cannot be run, before anything is simulated.
    """
    run = read_capacity(asked.config, asked.overrides)
    with folder_or_none("capacity", run, asked, keep) as folder:
        # Imported late: compiling takes seconds, and refused input should say so at once.
        from analysis.pages.clinic_summary import summary
        from analysis.pictures.catalogue import draw_all, pictures_of

        found = compare_clinics(run)
        if folder:
            for name, table in found.tables.items():
                folder.table(f"{name}.csv", table)
            if run.pictures:
                draw_all(found.tables, folder.path)
            folder.notes["warm_up"] = {
                name: warm_up.note(run.inside(run.clinics[name])) for name, warm_up in found.warm_ups.items()
            }
            folder.notes["warnings"] = found.warnings
    return Result(
        tables=found.tables,
        summary=summary(found.tables, run.patients, run.target_share),
        patients_per_policy=run.patients,
        policies=[policy.name for policy in run.policies],
        seed=run.seed,
        pictures=pictures_of(found.tables),
        warnings=found.warnings,
        folder=folder.final if folder else None,
    )


def compare_clinics(run: CapacityRun) -> ClinicComparison:
    """Return the outcomes of every policy in every clinic, and the capacity that each policy needs.

    Shows a progress bar on a terminal.
    """
    import pandas as pd

    from analysis.tables import queueing
    from analysis.tables.waiting_harm import waiting_harm
    from analysis.words.clinic import overload_words
    from experiments.simulating.cohort import horizons, progress, unhindered, worlds_of
    from experiments.simulating.crowd import attend, warm_up
    from sim.clinic.load import overload

    worlds = worlds_of(run)
    warm_ups, parts, warnings = {}, [], []
    runs = len(worlds) * (1 + 2 * len(run.clinics)) + SEARCH_RUNS * len(worlds) * len(_designs(run))
    with progress(runs, " runs") as bar:
        for clinic, tree in run.clinics.items():
            warm_ups[clinic] = warm_up(run.inside(tree), worlds)
            bar.update(len(worlds))
        for policy, world in worlds.items():
            free = unhindered(run, world)
            bar.update()
            for clinic, tree in run.clinics.items():
                there = attend(run.inside(tree), world, warm_ups[clinic].patients)
                bar.update()
                days = there.first_day, there.last_day
                tables = {
                    "waits": queueing.waits(there.log, there.clinic, run.patients),
                    "queues": queueing.queues(there.log, *days),
                    "utilisation": queueing.utilisation(there.log, there.clinic, *days),
                    "waiting_harm": waiting_harm(there.rows, free, horizons(run.horizon_years)),
                }
                parts.append({name: queueing.named(policy, clinic, table) for name, table in tables.items()})
                if growing := overload(there.log, there.clinic, there.last_day):
                    warnings.append(overload_words(f"{clinic}, {policy}", growing))
        found = ClinicComparison(
            {name: pd.concat([part[name] for part in parts], ignore_index=True) for name in parts[0]},
            warm_ups,
            warnings,
        )
        _search(run, worlds, found, bar.update)
    return found


def _search(
    run: CapacityRun,
    worlds: "Mapping[str, np.ndarray]",
    found: ClinicComparison,
    simulated: Callable[[], Any],
) -> None:
    """Add the table of needed capacity, and a warning for each target that no count can meet."""
    import pandas as pd

    from analysis.tables.queueing import named
    from conf.clinics import NEEDED_FOR
    from experiments.capacity_search import needed

    parts = []
    for clinics in _designs(run).values():
        # The clinics of a design differ in what they have, not in what is needed.
        first = run.inside(run.clinics[clinics[0]])
        warm_up = max(found.warm_ups[clinic].patients for clinic in clinics)
        for policy, world in worlds.items():
            need = needed(first, world, warm_up, simulated)
            if not need.jointly:
                found.warnings.append(
                    f"{', '.join(clinics)}, {policy}: no count brings {need.worst_step} within its target "
                    f"for {run.target_share:.0%}: with no limit to any, its opening hours leave "
                    f"{need.share_in_time:.0%} in time."
                )
            for clinic in clinics:
                table = pd.DataFrame({"resource": list(NEEDED_FOR)})
                table["count"] = [run.clinics[clinic][f"{name}_count"] for name in NEEDED_FOR]
                for column, values in (
                    ("needed_alone", need.alone),
                    ("needed", need.jointly),
                    ("utilisation", need.utilisation),
                ):
                    table[column] = table["resource"].map(values).astype(float)
                parts.append(named(policy, clinic, table))
    found.tables["needed"] = pd.concat(parts, ignore_index=True)


def _designs(run: CapacityRun) -> dict[str, list[str]]:
    """Return the names of the clinics that differ in nothing but their counts and a closure."""
    from experiments.capacity_search import standing

    designs: dict[str, list[str]] = {}
    for name, tree in run.clinics.items():
        designs.setdefault(repr(standing(tree)), []).append(name)
    return designs
