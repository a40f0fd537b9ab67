"""Evaluating members of an ensemble: what a disease shows at every target of a calibration.

All members have the same luck (common random numbers), so that their results are a smooth enough function of
their numbers. Every evaluation is kept in a ledger as it ends.
"""

import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from conf.calibration import CalibrationRun
from conf.uncertain import with_values
from conf.validation import resolved_trial, without_words
from experiments.results.machine import cores, uninterrupted
from experiments.sweeping.code import code_digest, digest
from experiments.sweeping.folder import Progress
from experiments.sweeping.ledger import Ledger
from experiments.sweeping.local_pool import first_ended, workers_of_this_machine

if TYPE_CHECKING:
    from conf.run import Tree
    from conf.trials import Trial

# Folders of code that an evaluation follows from, beside those that counts follow from.
ESTIMATES = ("analysis/tables",)


class Evaluator:
    """Evaluates members, each once: what the ledger holds is read from it.

    ``patients``: of every arm, by trial; ``progress`` and ``bar`` are informed of each evaluation.
    """

    def __init__(
        self,
        run: CalibrationRun,
        patients: Sequence[int],
        ledger: Ledger,
        pool: ProcessPoolExecutor,
        progress: Progress,
        bar: tqdm,
    ) -> None:
        self.run, self.ledger, self.pool, self.progress, self.bar = run, ledger, pool, progress, bar
        trials = [without_words(resolved_trial(trial)) for trial in run.trials]
        self.digest = digest([trials, patients, run.seed, code_digest(ESTIMATES)])

    def __call__(self, normals: np.ndarray) -> np.ndarray:
        """Return what each member shows, shape (members, endpoints).

        ``normals``: deviates of the priors, shape (members, numbers).
        """
        members = [self._parameters(line) for line in normals]
        names = [digest([self.digest, parameters]) for parameters in members]
        found = [self._kept(name) for name in names]
        missing = [k for k, known in enumerate(found) if known is None]
        self._count(len(found) - len(missing))
        with uninterrupted():
            futures = {k: self.pool.submit(evaluate, members[k]) for k in missing}
        for k, future in futures.items():
            first_ended([future])
            found[k] = future.result()
            self.ledger.record(names[k], json.dumps(found[k]).encode())
            self._count(1)
        return np.array(found, float)

    def _kept(self, name: str) -> list[float] | None:
        """Return what the ledger holds of a member; None where that is nothing, or is damaged."""
        if (packed := self.ledger.read(name)) is None:
            return None
        try:
            values: np.ndarray = np.array(json.loads(packed), float)
        except (ValueError, TypeError, RecursionError):
            values = np.empty(0)
        if values.shape != (sum(len(trial.endpoints) for trial in self.run.trials),):
            self.ledger.lost(name)
            return None
        kept: list[float] = values.tolist()
        return kept

    def _count(self, done: int) -> None:
        self.progress.kept += done
        self.bar.update(done)

    def _parameters(self, normals: np.ndarray) -> "dict[str, Tree]":
        numbers = self.run.numbers
        values = [number.value(normal) for number, normal in zip(numbers, normals, strict=True)]
        return with_values(self.run.parameters, numbers, values)


def workers(run: CalibrationRun, patients: Sequence[int]) -> AbstractContextManager[ProcessPoolExecutor]:
    """Return the context of the processes that evaluate."""
    return workers_of_this_machine(run.workers or cores(), _begin, run.trials, patients, run.seed)


# Of a worker: the trials with their patients, and the luck of the first patients, which every trial takes.
_trials: "list[tuple[Trial, int]]"
_luck: np.ndarray


def _begin(trials: "Sequence[Trial]", patients: Sequence[int], seed: int) -> None:
    import numba

    from sim.luck import draw_luck

    global _trials, _luck
    numba.set_num_threads(1)
    _trials, _luck = list(zip(trials, patients, strict=True)), draw_luck(0, max(patients), seed)


def evaluate(parameters: "dict[str, Tree]") -> list[float]:
    """Return what a disease shows at every endpoint; in a worker."""
    from analysis.tables.endpoints import simulated
    from experiments.simulating.emulate import emulate

    found = []
    for trial, patients in _trials:
        sides = emulate(trial, parameters, 0, patients, _luck[:patients])
        found += [simulated(endpoint, *both) for endpoint, both in zip(trial.endpoints, sides, strict=True)]
    return found
