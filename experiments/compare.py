"""The main job: one cohort simulated under several policies, with common random numbers."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from conf.request import Request
from conf.run import Run
from conf.schema import read_run
from experiments.results.run_folder import run_folder

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from experiments.simulating.cohort import Simulated


def compare(asked: Request) -> Path:
    """Simulate the cohort under every policy, write, print and draw its tables; return the folder.

    Raises InputError for input that cannot be run, before anything is simulated.
    """
    run = read_run(asked.config)
    with run_folder("compare", run, asked.command, asked.choices) as folder:
        # Imported late: pandas and compiling take seconds, and refused input should say so at once.
        from analysis.pages.summary import published, summary
        from analysis.words.clinic import overload_words
        from experiments.simulating.cohort import simulate

        simulated = simulate(run)
        made = tables_of(run, simulated)
        for name, table in made.items():
            folder.table(f"{name}.csv", table)
        if run.rows:
            folder.table("patients.parquet", patients(simulated.rows))
        if run.journal:
            folder.table("journal.parquet", journal(run, simulated))
        if run.pictures:
            from analysis.pictures.catalogue import draw_all

            draw_all(made, folder.path)
        if simulated.warm_up:
            folder.notes["warm_up"] = simulated.warm_up.note(run)
        folder.notes["clock"] = run.clock
    # Printed last: a reader who leaves early must not cost the run its folder.
    for policy, growing in simulated.overloads.items():
        print(f"lrrc: warning: {overload_words(policy, growing)}", file=sys.stderr)
    print(summary(made["outcomes"], made["differences"], run.comparator.name))
    if run.published:
        print(published(made["published"]))
    return folder.final


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
        "curves": tables.curves(simulated.tallies),
        "flow": tables.flow(simulated.tallies),
    }
    if run.published:
        figures = pd.DataFrame(map(vars, run.published))
        made["published"] = tables.beside_published(made["outcomes"], figures)
    return made


def patients(rows: "Mapping[str, list[np.ndarray]]") -> "pd.DataFrame":
    """Return a row for each patient and policy, as ``patient_table``."""
    import numpy as np
    import pandas as pd

    from analysis.tables.patients import patient_table

    tables = [patient_table(policy, np.concatenate(blocks)) for policy, blocks in rows.items()]
    return pd.concat(tables, ignore_index=True)
