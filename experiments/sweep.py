"""A sweep: many design points, in tasks that are kept as they end, on this machine or a cluster."""

import dataclasses
import functools
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conf.input_error import InputError
from conf.policies import BASE, LEVERS, groups_of, read_policy
from conf.posterior import MEMBER, Sample
from conf.request import Request
from conf.run import Tree
from experiments.results.ending import IncompleteError
from experiments.results.machine import cores, uninterrupted
from experiments.results.notices import notice
from experiments.results.result import Result, report
from experiments.sweeping.code import code_digest
from experiments.sweeping.executors import executor
from experiments.sweeping.folder import SweepFolder, sweep_folder
from experiments.sweeping.ledger import Ledger, lives_digest
from experiments.sweeping.local_pool import first_ended, workers_of_this_machine
from experiments.sweeping.plan import Cell, Plan, read_plan
from experiments.sweeping.task import ClusterLostError, Ended, Failure, Task

if TYPE_CHECKING:
    import pandas as pd

    from experiments.simulating.counts import Sum

CELLS = 25  # whose tables are made together
OF_POINTS = ("outcomes", "differences", "economics", "convergence")  # tables with rows for every point


def sweep(asked: Request) -> Path:
    """Simulate every design point, keep what is done as it ends, write the tables; return the folder.

    Raises InputError for input that cannot be run, before anything is simulated, and IncompleteError where
    tasks failed or a cluster was lost: the same command then continues.
    """
    return report(perform(asked))


def perform(asked: Request, keep: bool = True) -> Result:
    """Simulate every design point; return the tables, and ``keep`` them in its folder or not.

    Raises as ``sweep``; where nothing is kept, nothing can continue.
    """
    plan = read_plan(asked.config, [*asked.overrides])
    words = policy_labels(plan)

    def finish(ledger: Ledger, cells: list[Cell], folder: SweepFolder) -> Result:
        return write(plan, ledger, cells, folder, words, plan.run.pictures and keep)

    return on_ledger("sweep", plan, asked, keep, finish)


def on_ledger(
    experiment: str,
    plan: Plan,
    asked: Request,
    keep: bool,
    finish: Callable[[Ledger, list[Cell], SweepFolder], Result],
) -> Result:
    """Simulate the cells of a plan on a ledger, and return what ``finish`` makes of them in its folder.

    Where nothing is to be kept, folder and ledger are there only while it is at work. Raises InputError where
    that cannot be, and IncompleteError where tasks failed or a cluster was lost.
    """
    if not keep:
        if plan.compute["kind"] == "slurm":
            raise InputError(f"compute=slurm: name a folder that all machines see, as in out={experiment}")
        with tempfile.TemporaryDirectory(prefix="lrrc-") as scratch:
            there = dataclasses.replace(plan.run, out=Path(scratch, experiment))
            result = on_ledger(experiment, dataclasses.replace(plan, run=there), asked, True, finish)
        result.folder = None
        return result
    with sweep_folder(experiment, plan.run, plan.given, asked) as folder:
        ledger = Ledger(folder.final / "ledger")
        with executor(plan.compute, ledger) as execute, ledger.open(plan.run):
            folder.begin()
            try:
                result = finish(ledger, simulate_cells(plan, ledger, folder, execute), folder)
            except ClusterLostError as error:
                raise IncompleteError(f"{error}; {folder.progress}") from error
    result.folder = folder.final
    return result


def policy_labels(plan: Plan) -> dict[str, str]:
    """Return how people read each policy of the sweep: with the swept levers that its name has wrong."""
    from analysis.words.guideline import group_of_rule
    from analysis.words.sweep import lever_words
    from analysis.words.wording import policy_words

    base, labels = read_policy(BASE).levers(), {}
    named = {policy.name: point.run.usual_care for point in plan.points for policy in point.run.policies}
    for name, usual_care in named.items():
        policy = read_policy(name, usual_care)
        own = policy.levers()
        swept = [
            key
            for key in plan.points[0].values
            if (own[key] != base[key] if key in LEVERS else group_of_rule(key) in groups_of(policy))
        ]
        as_swept = f" ({', '.join(map(lever_words, swept))} as swept)" if swept else ""
        labels[name] = f"{policy_words(name)}{as_swept}"
    return labels


def simulate_cells(plan: Plan, ledger: Ledger, folder: SweepFolder, execute: Any) -> list[Cell]:
    """Simulate every cell with as many patients as it needs, and return the cells."""
    cells = []
    for number, point in enumerate(plan.points):
        for k in range(plan.replications):
            run = dataclasses.replace(
                point.run, replication=point.run.replication + k, out=None, published=()
            )
            cells.append(Cell(number, run, lives_digest(run), run.patients, point.columns()))
    wanting = cells
    while wanting:
        # Points can agree in all that is simulated: each entry is made once.
        tasks = {task.entry: task for cell in wanting for task in cell.tasks(plan)}
        missing = [task for entry, task in tasks.items() if ledger.read(entry) is None]
        do_tasks(plan, missing, ledger, folder, execute)
        wanting = enlarged(plan, ledger, wanting)
    return cells


def do_tasks(plan: Plan, tasks: list[Task], ledger: Ledger, folder: SweepFolder, execute: Any) -> None:
    """Do the tasks and record each as it ends. Raises IncompleteError where some failed."""
    failures: list[tuple[Task, Failure]] = []
    folder.progress.wanted = len(tasks)
    folder.progress.kept = 0
    for task, ended in shown_progress(execute(tasks), tasks):
        if isinstance(ended, Failure):
            failures.append((task, ended))
            notice(f"failed: {task_words(plan, task)}: {ended.words}")
            if plan.stop_on_error:
                break
        else:
            ledger.record(task.entry, ended)
            folder.progress.kept += 1
    folder.failed(
        [{**plan.points[task.point].columns(), **_about(task), **why._asdict()} for task, why in failures]
    )
    if failures:
        raise IncompleteError(
            f"{len(failures)} of {len(tasks)} tasks failed, see {folder.final / 'failed.csv'}; "
            f"{folder.progress}"
        )


def task_words(plan: Plan, task: Task) -> str:
    """Return which part of the sweep a task is."""
    patients = f"patients {task.first} to {task.stop - 1}"
    return f"{plan.points[task.point].words()}, replication {task.run.replication}, {patients}"


def _about(task: Task) -> Tree:
    return {"replication": task.run.replication, "first": task.first, "stop": task.stop}


def shown_progress(ended: Iterator[Ended], tasks: list[Task]) -> Iterator[Ended]:
    """Yield what ended; on a terminal, show tasks done, patients per second and the time left."""
    from experiments.simulating.cohort import progress

    # Shown at once: a task can take minutes.
    with progress(sum(map(_patients, tasks)), " patients", _tasks_done(0, tasks), delay_seconds=0.0) as bar:
        for number, (task, result) in enumerate(ended, 1):
            yield task, result
            bar.set_description_str(_tasks_done(number, tasks), refresh=False)
            bar.update(_patients(task))


def _tasks_done(number: int, tasks: list[Task]) -> str:
    return f"{number} of {len(tasks)} tasks, "


def _patients(task: Task) -> int:
    return (task.stop - task.first) * len(task.run.policies)


def summed(plan: Plan, ledger: Ledger, cell: Cell, total: "Sum") -> "Sum":
    """Return the sum with the counts of a cell alone. Raises IncompleteError where an entry went bad."""
    total.clear()
    for task in cell.tasks(plan):
        add_entry(total, ledger, task)
    return total


def add_entry(total: "Sum", ledger: Ledger, task: Task) -> None:
    """Add a task's counts from the ledger. Raises IncompleteError where they are no longer there."""
    if (packed := ledger.read(task.entry)) is not None:
        try:
            total.add(packed)
            return
        except Exception:  # bytes with the right checksum that are no counts can be anything
            ledger.lost(task.entry)
    raise IncompleteError("an entry of the ledger was lost or damaged; the same command makes it again")


def precision_estimates(plan: Plan, cell: Cell, total: "Sum") -> Tree:
    """Return, by policy, the estimate that precision is asked of: the outcome, or the difference."""
    from analysis.tables import estimates
    from sim.counting.outcomes import Key

    tallies, pairs = total.tallies([policy.name for policy in cell.run.policies])
    key = Key(plan.outcomes[0], horizon_years=plan.years)
    if plan.of_difference:
        return {policy: estimates.share_difference(pair.binary[key]) for policy, pair in pairs.items()}
    return {policy: estimates.share(tally.binary[key]) for policy, tally in tallies.items()}


def widest(found: Tree) -> float:
    """Return the largest half-width; infinity where there was nobody."""
    halves = [(estimate.ci_high - estimate.ci_low) / 2 for estimate in found.values()]
    return max(half if half == half else float("inf") for half in halves)


def enlarged(plan: Plan, ledger: Ledger, cells: list[Cell]) -> list[Cell]:
    """Give the cells that are not precise enough more patients, and return them."""
    if plan.precision is None:
        return []
    from experiments.simulating.counts import Sum

    wanting, total = [], Sum()
    for cell in cells:
        half = widest(precision_estimates(plan, cell, summed(plan, ledger, cell, total)))
        if half > plan.precision and cell.patients >= plan.most_patients:
            notice(
                f"precision {plan.precision:g} is not met with most_patients={plan.most_patients}: "
                f"{plan.points[cell.point].words()}, half-width {half:.2g}"
            )
        elif half > plan.precision:
            # The half-width falls with the root of the patients; an early estimate of it is not trusted far.
            needed = cell.patients * min((half / plan.precision) ** 2, 4.0)
            blocks = max(-int(-needed // plan.block), cell.patients // plan.block + 1)
            cell.patients = min(blocks * plan.block, plan.most_patients)
            wanting.append(cell)
    return wanting


def write(
    plan: Plan,
    ledger: Ledger,
    cells: list[Cell],
    folder: SweepFolder,
    labels: dict[str, str],
    pictures: bool,
) -> Result:
    """Write the tables of a complete sweep, and its ``pictures``; return them, with the table to print.

    ``labels``: how people read each policy.
    """
    import pandas as pd

    from analysis.pages.sweep_summary import summary
    from analysis.pictures.sweep import draw_sweep, shown, sweep_pictures
    from experiments.simulating.cohort import progress

    made: dict[str, list[pd.DataFrame]] = {name: [] for name in OF_POINTS}
    with progress(len(cells), " points", "tables, ") as bar:
        for found in tables_of_cells(plan, ledger, cells):
            for name, table in found.items():
                made[name].append(table)
            bar.update(min(CELLS, len(cells) - bar.n))
    complete = {name: stacked(parts) for name, parts in made.items() if parts}
    names = list(plan.points[0].values)
    if plan.sample:
        from analysis.tables.uncertainty import uncertainty

        swept = [name for name in names if name != MEMBER]
        complete["uncertainty"] = uncertainty(
            complete["outcomes"], complete["differences"], swept, plan.sample.discrepancy
        )
        complete["members"] = members_table(plan.sample)
        folder.notes["posterior"] = plan.sample.provenance()
    complete["design"] = pd.DataFrame(
        [{"point": k, **point.columns()} for k, point in enumerate(plan.points)]
    )
    for name, table in complete.items():
        folder.table(f"{name}.csv", table)
    folder.table("outcomes.parquet", complete["outcomes"])
    folder.notes["sweep"] = {
        "points": len(plan.points),
        "replications": plan.replications,
        "patients": sum(cell.patients for cell in cells),
        "tasks": sum(len(cell.tasks(plan)) for cell in cells),
        "code_sha256": code_digest(),
    }
    read = labels.__getitem__
    if pictures:
        draw_sweep(complete, names, plan.outcomes, plan.years, folder.path, plan.precision, read, plan.harms)
    points = [name for name in names if name != MEMBER]
    main = plan.outcomes[0]
    return Result(
        tables=complete,
        summary=summary(shown(complete, points, main, plan.years), points, main, plan.years, read),
        patients_per_policy=plan.run.patients,
        policies=[policy.name for policy in plan.run.policies],
        seed=plan.run.seed,
        pictures=sweep_pictures(complete, names, plan.outcomes, plan.years, plan.precision, read, plan.harms),
    )


def stacked(parts: "list[pd.DataFrame]") -> "pd.DataFrame":
    """Return tables one below the other; one without rows takes no part, and so no type, in it."""
    import pandas as pd

    return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)


def members_table(sample: Sample) -> "pd.DataFrame":
    """Return the members that were simulated, as in their file: a line each, a column for each number."""
    import pandas as pd

    columns = [MEMBER, *(number.key for number in sample.numbers)]
    return pd.DataFrame([(member, *values) for member, values in sample.members.items()], columns=columns)


def tables_of_cells(plan: Plan, ledger: Ledger, cells: list[Cell]) -> Iterator[dict[str, "pd.DataFrame"]]:
    """Yield the tables of the cells, in order; many cells are shared out to processes."""
    batches = [cells[first : first + CELLS] for first in range(0, len(cells), CELLS)]
    tables = functools.partial(cell_tables, dataclasses.replace(plan, points=[], sample=None), ledger)
    workers = min(len(batches), cores())
    if workers == 1 or plan.compute.get("workers") == 1:
        yield from map(tables, batches)
        return
    with workers_of_this_machine(workers) as pool:
        with uninterrupted():
            futures = [pool.submit(tables, batch) for batch in batches]
        for future in futures:
            first_ended([future])
            yield future.result()


def cell_tables(plan: Plan, ledger: Ledger, cells: list[Cell]) -> dict[str, "pd.DataFrame"]:
    """Return the tables of some cells, with a column for each swept name and the replication first."""
    import pandas as pd

    from analysis.tables import run as tables
    from analysis.tables.economics import economics
    from experiments.simulating.cohort import horizons
    from experiments.simulating.counts import Sum

    made: dict[str, list[pd.DataFrame]] = {name: [] for name in OF_POINTS}
    total = Sum()
    for cell in cells:
        run, horizons_years = cell.run, horizons(cell.run.horizon_years)
        tallies, pairs = summed(plan, ledger, cell, total).tallies([policy.name for policy in run.policies])
        found = {
            "outcomes": tables.outcomes(tallies, horizons_years),
            "differences": tables.differences(tallies, pairs, run.comparator.name, horizons_years),
        }
        if run.economics:
            found["economics"] = economics(
                tallies, run.comparator.name, run.economics.currency, run.horizon_years
            )
        if plan.precision is not None:
            found["convergence"] = convergence(plan, ledger, cell)
        for name, table in found.items():
            if table.empty:  # of one policy: no differences, of the types that they would have
                table = table.astype(
                    found["outcomes"].dtypes.drop(found["outcomes"].columns.difference(table.columns))
                )
            # One row as often as there are rows: none keep their types too.
            about = pd.DataFrame([{**cell.columns, "replication": run.replication}])
            front = about.loc[[0] * len(table)].set_index(table.index)
            made[name].append(pd.concat([front, table], axis=1))
    return {name: stacked(parts) for name, parts in made.items() if parts}


def convergence(plan: Plan, ledger: Ledger, cell: Cell) -> "pd.DataFrame":
    """Return how the estimate and its half-width went, block by block, in at most 200 rows a policy."""
    import pandas as pd

    from experiments.simulating.counts import Sum

    total, rows, tasks = Sum(), [], cell.tasks(plan)
    step = -(-len(tasks) // 200)
    for number, task in enumerate(tasks, 1):
        add_entry(total, ledger, task)
        if number % step and number < len(tasks):
            continue
        for policy, estimate in precision_estimates(plan, cell, total).items():
            rows.append(
                {
                    "policy": policy,
                    "outcome": plan.outcomes[0],
                    "horizon_years": plan.years,
                    "patients": task.stop,
                    "estimate": estimate.estimate,
                    "half_width": (estimate.ci_high - estimate.ci_low) / 2,
                }
            )
    return pd.DataFrame(rows)
