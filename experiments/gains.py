"""Who gains from a policy, at what cost and harm, by what a clinician sees; and a rule that treats those."""

from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig, OmegaConf

from conf import units
from conf.composition import plain
from conf.economics import THRESHOLD, middle_threshold
from conf.input_error import InputError
from conf.request import Request
from conf.run import Run
from conf.schema import read_run
from experiments.results.result import Result, folder_or_none, report

if TYPE_CHECKING:
    from analysis.tables.gains import Gain

HARMS = ("permanent_stoma", "major_bowel_dysfunction", "urinary_dysfunction", "severe_morbidity")


def gains(asked: Request) -> Path:
    """Simulate the same patients under every policy; write and print who gains; return the folder.

    Raises InputError for input that cannot be run, before anything is simulated.
    """
    return report(perform(asked))


def read_gains(config: DictConfig) -> tuple[Run, float]:
    """Return the run that a composed configuration asks for, and what a QALY may cost. Raises InputError."""
    given = plain(config, throw_on_missing=True)
    wanted = given.pop("threshold", None)
    run = read_run(OmegaConf.create(given))
    if run.economics is None:
        raise InputError("economics=none: gains needs prices and utilities, as in economics=dutch")
    if len(run.policies) < 2:
        raise InputError(f"policies=[{run.policies[0].name}]: gains compares two policies or more")
    from sim.clinic.needs import is_unlimited

    if not is_unlimited(run.clinic):
        raise InputError(
            "clinic: where patients queue, treating one changes what others wait; use clinic=unlimited"
        )
    if wanted is None:
        return run, middle_threshold(run.economics.thresholds_per_qaly)
    return run, units.number("threshold", wanted, THRESHOLD)


def perform(asked: Request, keep: bool = True) -> Result:
    """As ``gains``; ``keep`` what it makes in a folder or not."""
    run, threshold = read_gains(asked.config)
    with folder_or_none("gains", run, asked, keep) as folder:
        import pandas as pd

        from analysis.pages.gains_summary import gains_summary
        from analysis.tables.gains import gains as table_of
        from analysis.tables.gains import rule

        found = simulated(run)
        comparator = run.comparator.name
        rules = {policy: rule(gain, threshold) for policy, gain in found.items()}
        made = {
            "gains": pd.concat(
                [table_of(gain, policy, comparator, threshold) for policy, gain in found.items()],
                ignore_index=True,
            ),
            "rules": pd.DataFrame(
                [{"policy": policy, "comparator": comparator, **one.row()} for policy, one in rules.items()]
            ),
        }
        if folder:
            for name, table in made.items():
                folder.table(f"{name}.csv", table)
            folder.notes["gains"] = {"threshold_per_qaly": threshold}
    assert run.economics is not None
    return Result(
        tables=made,
        summary=gains_summary(made, run.economics.currency, threshold),
        patients_per_policy=run.patients,
        policies=[policy.name for policy in run.policies],
        seed=run.seed,
        folder=folder.final if folder else None,
    )


def simulated(run: Run) -> "dict[str, Gain]":
    """Return what each policy changes against the comparator, patient by patient."""
    import numpy as np

    from analysis.tables.economics import counted_costs
    from analysis.tables.gains import CUTS, Gain
    from experiments.simulating.cohort import BLOCK, simulate_block, worlds_of
    from sim.counting.columns import READABLE
    from sim.counting.value import VALUES, values_of
    from sim.patient import YEAR_DAYS, Harm

    assert run.economics is not None
    worlds, base = worlds_of(run), run.comparator.name
    end = run.horizon_years * YEAR_DAYS
    counted = counted_costs(run.economics.perspective)
    parts: dict[str, dict[str, list[np.ndarray]]] = {name: {} for name in worlds if name != base}

    def measures(name: str, rows: np.ndarray) -> dict[str, np.ndarray]:
        values = values_of(rows, worlds[name], end)
        given = [rows["radiotherapy_courses"] > 0, rows["dissected"].any(axis=1)]
        given += [rows[day] < np.inf for day in ("operated_day", "watch_from_day", "excised_day")]
        return {
            "costs": values[:, counted].sum(axis=1),
            "qalys": values[:, VALUES.index("qalys")],
            "recurred": (rows["recurrence_found_day"] < np.inf).astype(int),
            "treatment": np.column_stack([*given, rows["operation"] * given[2]]),
            **{
                harm: (rows["harm_from_day"][:, Harm[harm.upper()]] < rows["death_day"]).astype(int)
                for harm in HARMS
            },
        }

    for first in range(0, run.patients, BLOCK):
        rows = simulate_block(run, worlds, first, min(first + BLOCK, run.patients))
        beside = measures(base, rows[base])
        seen = {column: READABLE[column].of(rows[base]) for column in CUTS}
        for name, of in parts.items():
            own = measures(name, rows[name])
            differs = {key: own[key] - beside[key] for key in ("costs", "qalys", *HARMS)}
            differs["averted"] = beside["recurred"] - own["recurred"]
            differs["treated"] = (own["treatment"] != beside["treatment"]).any(axis=1)
            for key, values in {**differs, **seen}.items():
                of.setdefault(key, []).append(np.asarray(values))
    return {
        name: Gain(
            {column: np.concatenate(of[column]) for column in CUTS},
            np.concatenate(of["treated"]),
            np.concatenate(of["averted"]),
            {harm: np.concatenate(of[harm]) for harm in HARMS},
            np.concatenate(of["costs"]),
            np.concatenate(of["qalys"]),
        )
        for name, of in parts.items()
    }
