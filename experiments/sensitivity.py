"""What an outcome depends on: numbers one at a time, two or all together, and the model's structure."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from conf.request import Request
from experiments.results.result import Result, report
from experiments.sweep import add_entry, on_ledger, stacked, summed
from experiments.sweeping.folder import SweepFolder
from experiments.sweeping.ledger import Ledger
from experiments.sweeping.plan import Cell
from experiments.valuing.announced import announce
from experiments.valuing.sensitivity_plan import (
    BASE,
    ENDS,
    MAP,
    STRUCTURE,
    TORNADO,
    SensitivityPlan,
    read_sensitivity,
)

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


def sensitivity(asked: Request) -> Path:
    """Simulate every point with the same patients, keep each as it ends, write tables; return the folder.

    Raises InputError for input that cannot be run, before anything is simulated, and IncompleteError where
    tasks failed or a cluster was lost: the same command then continues.
    """
    return report(perform(asked))


def perform(asked: Request, keep: bool = True) -> Result:
    """As ``sensitivity``; return its tables, and ``keep`` them in its folder or not."""
    analysis = read_sensitivity(asked.config, asked.choices or {})
    announce(analysis.plan, "points")

    def finish(ledger: Ledger, cells: list[Cell], folder: SweepFolder) -> Result:
        return write(analysis, collected(analysis, ledger, cells), folder, keep)

    return on_ledger("sensitivity", analysis.plan, asked, keep, finish)


def collected(analysis: SensitivityPlan, ledger: Ledger, cells: list[Cell]) -> "np.ndarray":
    """Return the outcome at every point, shape (points, groups of patients, policies), from the ledger."""
    import numpy as np

    from analysis.tables.contrasts import per_recurrence
    from analysis.tables.economics import worth
    from analysis.tables.measure import Contrasted, estimates_by_group
    from conf.contrasts import contrast_of
    from experiments.simulating.counts import Sum

    run, total, found = analysis.run, Sum(), []
    pair = [
        worth(
            summed(analysis.plan, ledger, cells[k], total).tallies([run.comparator.name])[0][
                run.comparator.name
            ]
        )
        for k in analysis.recurrence
    ]
    changes = per_recurrence(*pair).changes if pair else None
    policies = [policy.name for policy in run.policies]
    of_everybody = frozenset(
        policy.name for policy in run.policies if contrast_of(policy, run.comparator).of_everybody
    )
    for point, cell in enumerate(cells):
        if point in analysis.recurrence:
            continue
        perspective = cell.run.economics.perspective if cell.run.economics else ""
        contrasted = None
        if changes is not None and point in analysis.contrasts:
            contrasted = Contrasted(run.comparator.name, analysis.contrasts[point], changes, of_everybody)
        blocks = []
        for task in cell.tasks(analysis.plan):
            total.clear()
            add_entry(total, ledger, task)
            blocks.append(analysis.measure.fractions(total.tallies(policies)[0], perspective, contrasted))
        found.append(estimates_by_group(blocks))
    return np.array(found)


def write(analysis: SensitivityPlan, found: "np.ndarray", folder: SweepFolder, keep: bool) -> Result:
    """Write the tables and pictures of a complete analysis; return them with what is printed."""
    from analysis.pages.sensitivity_summary import sensitivity_summary
    from analysis.pictures import look
    from analysis.pictures.sensitivity_catalogue import sensitivity_pictures
    from analysis.words.economics import threshold_words

    run, axes = analysis.run, analysis.axes
    made = tables(analysis, found)
    for name, table in made.items():
        folder.table(f"{name}.csv", table)
    base = (axes[0].of(run), axes[1].of(run)) if axes else None
    pictures = sensitivity_pictures(
        made, base, threshold_words(analysis.measure.threshold, analysis.measure.unit)
    )
    if run.pictures and keep:
        look.save_all(pictures, folder.path)
    folder.notes["sensitivity"] = about(analysis)
    return Result(
        tables=made,
        summary=sensitivity_summary(
            made, analysis.measure, run.comparator.name, run.patients, analysis.of_difference
        ),
        patients_per_policy=run.patients,
        policies=[policy.name for policy in run.policies],
        seed=run.seed,
        pictures=pictures,
    )


def tables(analysis: SensitivityPlan, found: "np.ndarray") -> "dict[str, pd.DataFrame]":
    """Return the table of each method: sensitivity, structure, map and map_lines, indices."""
    from analysis.tables import sensitivity as of

    run = analysis.run
    policies = [policy.name for policy in run.policies]
    asked = of.Asked(analysis.measure, policies, run.comparator.name, analysis.of_difference)
    made, indices = {}, []
    for method, places in analysis.places.items():
        values = found[places.start : places.stop]
        if method == TORNADO:
            made["sensitivity"] = of.tornado_table(asked, found[BASE], values, ends(analysis))
        elif method == STRUCTURE:
            rows = [(one.name, one.words, one.reverses) for one in analysis.alternatives]
            made["structure"] = of.structure_table(asked, found[BASE], values, rows)
        elif method == MAP and analysis.axes:
            x, y = analysis.axes
            made |= of.map_tables(asked, values, (x.key, x.values), (y.key, y.values))
        else:
            indices.append(of.indices_table(asked, analysis.designs[method], values))
    if indices:
        made["indices"] = stacked(indices)
    return made


def ends(analysis: SensitivityPlan) -> "pd.DataFrame":
    """Return what a tornado varies: parameter, the basis of its range, and its ends.

    Of a list that varies as one the ends of its first element.
    """
    import numpy as np
    import pandas as pd

    rows = [
        (factor.key, factor.basis, *factor.values(np.array(ENDS))[:, 0].tolist())
        for factor in analysis.factors
    ]
    return pd.DataFrame(rows, columns=["parameter", "basis", "low", "high"])


def about(analysis: SensitivityPlan) -> dict[str, Any]:
    """Return what the manifest says of an analysis."""
    return {
        "outcome": analysis.measure.name,
        "points": len(analysis.plan.points),
        "parameters": [factor.key for factor in analysis.factors],
        "alternatives": [one.name for one in analysis.alternatives],
        "common_random_numbers": "between policies and between points: the same patients",
    }
