"""The main job: one cohort simulated under several policies, with common random numbers."""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from conf import sizes
from conf.economics import ECONOMICS
from conf.request import Request
from conf.run import Run
from conf.schema import read_run
from experiments.results.result import Result, folder_or_none, report

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure

    from experiments.simulating.cohort import Simulated


ANSWER = "answer.txt"  # to a scenario's question


def compare(asked: Request) -> Path:
    """Simulate the cohort under every policy, write tables and pictures, and print the main ones.

    Return the folder. Raises InputError for input that cannot be run, before anything is simulated.
    """
    return report(perform(asked))


def perform(asked: Request, keep: bool = True) -> Result:
    """Simulate the cohort under every policy; return the tables, and ``keep`` them in a folder or not.

    Raises InputError for input that cannot be run, before anything is simulated.
    """
    run = read_run(asked.config)
    with folder_or_none("compare", run, asked, keep) as folder:
        # Imported late: pandas and compiling take seconds, and refused input should say so at once.
        from analysis.pages.answer import answer
        from analysis.pages.summary import published, summary
        from analysis.words.clinic import overload_words
        from experiments.simulating.cohort import simulate
        from experiments.simulating.members import uncertain

        simulated = simulate(run)
        made = tables_of(run, simulated)
        if (sure := uncertain(run, made["outcomes"])) is not None:
            made["uncertainty"] = sure
        clinic = (asked.choices or {}).get("clinic", "")
        if simulated.waits:
            made["waits"] = waits(simulated.waits, clinic)
        asks = run.question
        answered = answer(made, asks.outcomes, asks.horizon_years, asks.waits).text(asks.asks) if asks else ""
        rows = patients(simulated.rows) if run.rows else None
        events = journal(run, simulated) if run.journal else None
        if folder:
            for name, table in made.items():
                folder.table(f"{name}.csv", table)
            if answered:
                (folder.path / ANSWER).write_text(answered, "utf-8", newline="\n")
            if rows is not None:
                folder.table("patients.parquet", rows)
            if events is not None:
                folder.table("journal.parquet", events)
            if run.pictures:
                from analysis.pictures.catalogue import draw_all

                draw_all(made, folder.path)
            if simulated.warm_up:
                folder.notes["warm_up"] = simulated.warm_up.note(run)
            folder.notes["clock"] = run.clock
    words = summary(made["outcomes"], made["differences"], run.comparator.name, made.get("uncertainty"))
    if run.economics:
        words = (
            f"{words}\n{economics_words(run, made['economics'], (asked.choices or {}).get(ECONOMICS, ''))}"
        )
    if answered:
        words = f"{answered}\n{words}"
    return Result(
        tables=made if events is None else {**made, "journal": events},
        summary=f"{words}\n{published(made['published'])}" if run.published else words,
        patients_per_policy=run.patients,
        policies=[policy.name for policy in run.policies],
        seed=run.seed,
        later=functools.partial(pictures_of_tables, made),
        patients=functools.partial(simulated_patients, run) if rows is None else lambda: rows,
        warnings=[overload_words(policy, growing) for policy, growing in simulated.overloads.items()],
        folder=folder.final if folder else None,
    )


def pictures_of_tables(made: "dict[str, pd.DataFrame]") -> "dict[str, Callable[[], Figure]]":
    """Return a function that draws it, by name, for every picture of a run's tables."""
    from analysis.pictures.catalogue import pictures_of

    return pictures_of(made)


def simulated_patients(run: Run) -> "pd.DataFrame":
    """Simulate a run's cohort again, by the same seed the same patients; return every patient as a row.

    Raises InputError where so many rows do not fit.
    """
    from experiments.simulating.cohort import simulate

    with_rows = dataclasses.replace(run, rows=True, journal=False)
    sizes.check_run(with_rows)
    return patients(simulate(with_rows).rows)


def journal(run: Run, simulated: "Simulated") -> "pd.DataFrame":
    """Return every event of every patient, the policies one below the other."""
    import pandas as pd

    from analysis.tables.journal import journal_table

    blocks = [
        journal_table(name, note.rows, note.entries, run.horizon_years, note.log)
        for name, notes in simulated.noted.items()
        for note in notes
    ]
    return pd.concat(blocks, ignore_index=True)


def tables_of(run: Run, simulated: "Simulated") -> "dict[str, pd.DataFrame]":
    """Return the tables of the policies, by name."""
    import pandas as pd

    from analysis.tables import run as tables

    horizons, comparator = simulated.horizons_years, run.comparator.name
    made = {
        "outcomes": tables.outcomes(simulated.tallies, horizons),
        "differences": tables.differences(simulated.tallies, simulated.pairs, comparator, horizons),
        "averted": tables.averted(simulated.pairs, comparator),
        "harmed": tables.harmed(simulated.pairs, comparator),
        "curves": tables.curves(simulated.tallies),
        "flow": tables.flow(simulated.tallies),
    }
    if run.economics:
        from analysis.tables.economics import economics

        currency = run.economics.currency
        made["economics"] = economics(simulated.tallies, comparator, currency, run.horizon_years)
    if run.published:
        figures = pd.DataFrame(map(vars, run.published))
        made["published"] = tables.beside_published(made["outcomes"], figures)
    return made


def economics_words(run: Run, table: "pd.DataFrame", name: str) -> str:
    """Return costs and quality of life of a run as tables to read; ``name``: that of its file of prices."""
    from analysis.pages.economics_summary import economics_summary
    from analysis.words.economics import terms_of
    from conf.stated_sources import assumptions_of

    assert run.economics is not None
    terms = terms_of(run.economics.resolved())
    return economics_summary(table, run.comparator.name, terms, assumptions_of(ECONOMICS, name))


def waits(found: "Mapping[str, pd.DataFrame]", clinic: str) -> "pd.DataFrame":
    """Return how long patients waited, the policies one below the other; ``clinic``: its file's name."""
    import pandas as pd

    from analysis.tables.queueing import named

    return pd.concat([named(name, clinic, table) for name, table in found.items()], ignore_index=True)


def patients(rows: "Mapping[str, list[np.ndarray]]") -> "pd.DataFrame":
    """Return a row for each patient and policy, as ``patient_table``."""
    import numpy as np
    import pandas as pd

    from analysis.tables.patients import patient_table

    tables = [patient_table(policy, np.concatenate(blocks)) for policy, blocks in rows.items()]
    return pd.concat(tables, ignore_index=True)
