"""Emulating published trials, and reporting where the simulation agrees with them and where not."""

from pathlib import Path
from typing import TYPE_CHECKING

from conf.request import Request
from conf.validation import ValidationRun, read_validation
from experiments.results.result import Result, folder_or_none, report

if TYPE_CHECKING:
    import pandas as pd


def validate(asked: Request) -> Path:
    """Emulate the trials, write tables, pictures and a page for each, and return the folder.

    Raises InputError for input that cannot be run, before anything is simulated.
    """
    return report(perform(asked))


def perform(asked: Request, keep: bool = True) -> Result:
    """Emulate the trials; return the tables, and ``keep`` them in a folder or not.

    Raises InputError for input that cannot be run, before anything is simulated.
    """
    run = read_validation(asked.config)
    with folder_or_none("validate", run, asked, keep) as folder:
        # Imported late: compiling takes seconds, and refused input should say so at once.
        from analysis.pages.left_out import shipped
        from analysis.pages.validation_pages import pictures, summary, write_pages
        from analysis.tables.validation import agreement
        from analysis.words.endpoints import labels

        endpoints, curves = emulate_all(run)
        tables = {"endpoints": endpoints, "curves": curves, "agreement": agreement(endpoints)}
        if folder:
            for name, table in tables.items():
                folder.table(f"{name}.csv", table)
            if run.pictures:
                fitted = shipped()
                known = fitted["trial"].isin([trial.name for trial in run.trials])
                left_out = fitted if known.all() else fitted.head(0)
                write_pages(run.trials, endpoints, curves, tables["agreement"], folder.path, left_out)
    return Result(
        tables=tables,
        summary=summary(endpoints, tables["agreement"]),
        patients_per_policy=run.patients,
        policies=[policy.name for policy in run.policies],
        seed=run.seed,
        pictures=pictures(labels(run.trials, endpoints), curves),
        folder=folder.final if folder else None,
    )


def emulate_all(run: ValidationRun) -> "tuple[pd.DataFrame, pd.DataFrame]":
    """Return the tables ``endpoints`` and ``curves`` of the run's trials; shows progress on a terminal."""
    import pandas as pd

    from analysis.tables.validation import rows
    from analysis.tables.validation_curves import curves
    from conf.posterior import members_of_the_fit
    from experiments.simulating.cohort import progress
    from experiments.simulating.precise import precise
    from experiments.simulating.predicted import MEMBERS, predictive

    sample = members_of_the_fit(run.parameters, MEMBERS)
    tables, drawn = [], []
    with progress(len(run.trials), " trials") as bar:
        for trial in run.trials:
            endpoints, sides, _ = precise(trial, run.parameters, run.patients, run.most_patients, run.seed)
            wide = None
            if sample:
                wide = predictive(trial, endpoints, run.parameters, sample, run.patients, run.seed)
            tables.append(rows(trial, endpoints, wide))
            drawn.append(curves(trial, sides))
            bar.update()
    return pd.concat(tables, ignore_index=True), pd.concat(drawn, ignore_index=True)
