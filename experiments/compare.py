"""The main job: one cohort lived under several policies, on the same luck."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from conf.schema import Run, read_run
from experiments.run_folder import run_folder

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

# Columns of the printed table, told at five years, or at the end of a shorter run.
PRINTED = {
    "distant_metastasis": ("distant", "metastasis %"),
    "overall_survival": ("overall", "survival %"),
    "crm_involved": ("involved", "margin %"),
    "leak": ("", "leak %"),
}
PRINTED_YEARS = 5.0


def compare(config: DictConfig, command: str) -> Path:
    """Live the cohort under every policy, write and print the tables, and return the run's folder.

    Raises InputError for input that cannot be run, before anything is simulated.
    """
    run = read_run(config)
    with run_folder("compare", run, command) as folder:
        # Imported late: pandas and compiling take seconds, and refused input should say so at once.
        import pandas as pd

        from analysis import tables
        from experiments.lives import simulate

        lived = simulate(run)
        outcomes = tables.outcomes(lived.tallies, lived.horizons_years)
        folder.table("outcomes.csv", outcomes)
        folder.table(
            "differences.csv",
            tables.differences(lived.tallies, lived.pairs, run.comparator.name, lived.horizons_years),
        )
        averted = tables.averted(lived.pairs, run.comparator.name)
        folder.table("averted.csv", averted)
        folder.table("curves.csv", tables.curves(lived.tallies))
        if run.rows:
            folder.table("patients.parquet", patients(lived.rows))
        if lived.warm_up:
            folder.notes["warm_up"] = lived.warm_up.note(run)
        print(summary(run, outcomes, averted))
        for policy, growing in lived.overloads.items():
            print(f"lrrc: warning: {growing.words(policy)}", file=sys.stderr)
        if run.published:
            beside = tables.beside_published(outcomes, pd.DataFrame(map(vars, run.published)))
            folder.table("published.csv", beside)
            print(published(beside))
    return folder.final


def patients(rows: "Mapping[str, list[np.ndarray]]") -> "pd.DataFrame":
    """Return every life as a row, with its policy; a field of several numbers becomes a column for each."""
    import numpy as np
    import pandas as pd

    frames = []
    for policy, blocks in rows.items():
        lives = np.concatenate(blocks)
        columns = {"policy": np.full(len(lives), policy, object)}
        for name in lives.dtype.names or ():
            values = lives[name]
            if values.ndim == 1:
                columns[name] = values
            else:
                columns |= {f"{name}_{k}": values[:, k] for k in range(values.shape[1])}
        frames.append(pd.DataFrame(columns))
    return pd.concat(frames, ignore_index=True)


def summary(run: Run, outcomes: "pd.DataFrame", averted: "pd.DataFrame") -> str:
    """Return the main outcomes of each policy as a table to read."""
    years = min(PRINTED_YEARS, run.horizon_years)
    whole = outcomes[(outcomes[["mechanism", "compartment", "group"]] == "all").all(axis=1)]
    told = whole[whole["horizon_years"].isna() | (whole["horizon_years"] == years)]
    found = told.set_index(["policy", "outcome"])
    every = averted[(averted[["mechanism", "compartment"]] == "all").all(axis=1)]
    net = every[every["horizon_years"] == years].set_index("policy")["net"] + 0.0  # no minus zero
    width = max(len(policy.name) for policy in run.policies) + 2
    above, below = zip(*PRINTED.values(), strict=True)
    lines = [
        f"{run.patients:,} patients under each policy, at {years:g} years",
        "",
        f"{'':{width}}{'local recurrence':>22}{'averted':>11}" + "".join(f"{word:>14}" for word in above),
        f"{'':{width}}{'% (95% interval)':>22}{'per 1,000':>11}" + "".join(f"{word:>14}" for word in below),
    ]
    for policy in run.policies:
        recurrence = found.loc[(policy.name, "local_recurrence")]
        averts = f"{net[policy.name]:.1f}" if policy is not run.comparator else "-"
        others = (found.loc[(policy.name, outcome), "estimate"] for outcome in PRINTED)
        lines.append(
            f"{policy.name:{width}}{percent(recurrence):>22}{averts:>11}"
            + "".join(f"{_percent(other):>14}" for other in others)
        )
    return "\n".join([*lines, ""])


def published(beside: "pd.DataFrame") -> str:
    """Return published figures beside the simulated ones as a table to read, in percent."""
    width = max([len(name) for name in beside["policy"]], default=0) + 2
    lines = [f"{'':{width}}{'':20}{'years':>5}{'published %':>13}{'simulated % (95% interval)':>28}"]
    for _, row in beside.iterrows():
        simulated = percent(row.rename({"simulated": "estimate"}))
        outcome = row["outcome"].replace("_", " ")
        lines.append(
            f"{row['policy']:{width}}{outcome:20}{row['horizon_years']:>5g}"
            f"{_percent(row['published']):>13}{simulated:>28}"
        )
    return "\n".join([*lines, ""])


def percent(row: "pd.Series[Any]") -> str:
    """Return an estimate with its interval, in percent."""
    low, high = _percent(row["ci_low"]), _percent(row["ci_high"])
    return f"{_percent(row['estimate'])} ({low} to {high})"


def _percent(share: float) -> str:
    # Nobody to have the outcome: not a number, and a dash to read.
    return "-" if share != share else f"{100 * share:.1f}"
