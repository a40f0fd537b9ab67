"""What differs between two policies: the levers, and who is treated differently, of one simulated cohort."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conf.composition import composing
from conf.input_error import InputError, shown
from conf.policies import Policy
from conf.request import request
from conf.run import Run
from conf.schema import read_run

if TYPE_CHECKING:
    from analysis.tables.treatment import Beside

KEY_WORDS = {
    "patients": "of two policies: how many patients are simulated under both; default: 20000",
    "cohort": "of two policies: who the patients are; default: dutch_contemporary",
    "seed": "of two policies: another seed gives other patients; default: 1",
    "dir": "of two policies: the folder of your own files, as lrrc new writes them",
}


def policy_diff(names: tuple[str, str], settings: Mapping[str, str]) -> str:
    """Return what differs between two policies; ``settings``: those of ``KEY_WORDS``.

    The same patients are simulated under both, with common random numbers, and compared by what each gets.
    Raises InputError for an unknown policy or setting, before anything is simulated.
    """
    overrides = [f"{key}={value}" for key, value in settings.items() if key != "dir"]
    one, other = names
    if not Path(folder := settings.get("dir", ".")).is_dir():
        raise InputError(f"dir={shown(folder)}: there is no such folder")
    with composing(settings.get("dir")):
        policies = f"policies=[{one}]" if one == other else f"policies=[{one},{other}]"
        asked = request("compare", [policies, *overrides], "")
        run = read_run(asked.config)
    from analysis.pages.policy_difference import policy_difference, population_words

    cohort = (asked.choices or {}).get("cohort", "")
    pair = (run.policies[0], run.policies[-1])
    return policy_difference(
        names,
        [{"description": policy.description, **policy.levers()} for policy in pair],
        counted(run, pair),
        population_words(run.patients, cohort, run.seed),
    )


def counted(run: Run, pair: tuple[Policy, Policy]) -> "Beside":
    """Simulate the run's cohort under both policies; return the counts of what each patient gets."""
    from analysis.tables.treatment import added, beside, nobody
    from experiments.simulating.cohort import BLOCK, progress, simulate_block, worlds_of

    plans = tuple([_written(plan.levers) for plan in policy.plans()] for policy in pair)
    worlds, total = worlds_of(run), nobody()
    with progress(run.patients) as bar:
        for first in range(0, run.patients, BLOCK):
            stop = min(first + BLOCK, run.patients)
            rows = simulate_block(run, worlds, first, stop)
            one, other = (rows[policy.name] for policy in pair)
            total = added(total, beside(one, other, (plans[0], plans[1])))
            bar.update(stop - first)
    return total


def _written(levers: Mapping[str, Any]) -> dict[str, Any]:
    """Return levers with members of enumerations and schedules by their names."""
    return {lever: getattr(value, "name", value) for lever, value in levers.items()}
