"""Fitting the disease's uncertain numbers to published trials: a global search, then a posterior sample.

Both work on standard normal deviates of the priors and on the same luck, so that an evaluation is a smooth
enough function of the numbers. Every evaluation is kept in a ledger as it ends.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from os import sched_getaffinity
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from omegaconf import DictConfig
from tqdm import tqdm

import conf
from analysis.smoother import assimilate
from conf.calibration import CalibrationRun, read_calibration
from conf.uncertain import with_values
from experiments.executors import die_with_parent, uninterrupted
from experiments.ledger import Ledger, code_digest
from experiments.lives import progress
from experiments.run_folder import code_version
from experiments.sweep_folder import SweepFolder, sweep_folder

if TYPE_CHECKING:
    import pandas as pd

    from conf.schema import Tree
    from conf.trials import Trial

CONF = Path(conf.__file__).parent
INFLUENCE = 3.2  # a correlation of this over the square root of the ensemble shows that a number matters
SEARCH_SIGMA = 0.3  # first step of the search, in standard deviations of the posterior sample
RIDGE = 0.05  # added to the variances of that sample, of which there are few members
MOST_TIMES_PATIENTS = 8
MOST_ERROR = 0.5  # of the simulation beside the published one, for most endpoints of a trial
FARTHEST = 20.0  # a deviation beyond this many standard errors says no more


def calibrate(config: DictConfig, command: str) -> Path:
    """Fit the numbers, keep every evaluation as it ends, write tables and pictures; return the folder.

    Raises InputError for input that cannot be run, before anything is simulated.
    """
    run = read_calibration(config)
    with sweep_folder("calibrate", run, {}, command) as folder:
        ledger = Ledger(folder.final / "ledger")
        with ledger.open(run):
            folder.begin()
            try:
                endpoints = Endpoints(run)
                write(run, fit(run, endpoints, ledger, folder), endpoints, folder)
            except KeyboardInterrupt as stop:
                raise KeyboardInterrupt(str(folder.told)) from stop
    return folder.final


@dataclass(frozen=True)
class Problem:
    """What an evaluation follows from, but for the fitted values: trials, patients of each, the disease."""

    trials: "tuple[Trial, ...]"
    patients: tuple[int, ...]
    parameters: "dict[str, Tree]"
    seed: int


@dataclass
class Fitted:
    """What a calibration found; ensembles have a line a member, deviates of the priors.

    ``prior`` and ``posterior``: shape (members, numbers), and what they predict, shape (members, endpoints);
    ``best``: deviates of the search's best; ``influential``: which numbers it searched; ``trace``: the least
    objective by evaluation.
    """

    problem: Problem
    prior: np.ndarray
    prior_predicted: np.ndarray
    posterior: np.ndarray
    posterior_predicted: np.ndarray
    influential: np.ndarray
    best: np.ndarray
    best_predicted: np.ndarray
    trace: list[tuple[int, float]] = field(default_factory=list)


class Endpoints:
    """The targets of a calibration in one order, with the interval and the simulation's error of each."""

    def __init__(self, run: CalibrationRun) -> None:
        from analysis.validation import compared
        from experiments.emulate import emulated

        self.all, self.bounds, self.errors = [], [], []
        patients = []
        for trial in run.trials:
            lived = run.patients
            for sides in emulated(trial, run.parameters, run.patients, run.seed):
                found = [compared(e, *both) for e, both in zip(trial.endpoints, sides, strict=True)]
                shown = [one.error_beside_published for one in found]
                if np.quantile(shown, 0.8) <= MOST_ERROR or lived >= MOST_TIMES_PATIENTS * run.patients:
                    break
                lived *= 2
            patients.append(lived)
            self.all += [(trial, one.endpoint) for one in found]
            self.bounds += [(one.low, one.high) for one in found]
            self.errors += [one.error for one in found]
        self.problem = Problem(run.trials, tuple(patients), run.parameters, run.seed)

    def deviations(self, predicted: np.ndarray) -> np.ndarray:
        """Return the deviations of predictions, shape (members, endpoints), in standard errors."""
        from analysis.endpoints import deviation

        found = np.array(
            [
                [
                    deviation(endpoint, value, low, high, error)
                    for (_, endpoint), value, (low, high), error in zip(
                        self.all, line, self.bounds, self.errors, strict=True
                    )
                ]
                for line in predicted
            ]
        )
        return np.clip(np.nan_to_num(found, nan=FARTHEST), -FARTHEST, FARTHEST)


def fit(run: CalibrationRun, endpoints: Endpoints, ledger: Ledger, folder: SweepFolder) -> Fitted:
    """Return the fit of a run: prior sample, search, posterior sample. Shows progress on a terminal."""
    rng = np.random.default_rng(np.random.SeedSequence([run.seed, len(run.numbers), run.ensemble]))
    prior = rng.standard_normal((run.ensemble, len(run.numbers)))
    folder.told.wanted = run.ensemble * (run.steps + 1) + run.search_evaluations
    with progress(folder.told.wanted, " evaluations") as bar, workers(run, endpoints.problem) as pool:
        evaluator = Evaluator(run, endpoints.problem, ledger, pool, bar, folder)
        prior_predicted = evaluator(prior)
        influential = influences(prior, endpoints.deviations(prior_predicted))
        posterior, predicted = prior, prior_predicted
        for _ in range(run.steps):
            posterior = assimilate(posterior, endpoints.deviations(predicted), float(run.steps), rng)
            predicted = evaluator(posterior)
        best, best_predicted, trace = search(run, endpoints, evaluator, influential, posterior)
    return Fitted(
        endpoints.problem,
        prior,
        prior_predicted,
        posterior,
        predicted,
        influential,
        best,
        best_predicted,
        trace,
    )


def run_default(run: CalibrationRun) -> np.ndarray:
    """Return the deviates of the hand-set values."""
    return np.array([number.normal(number.default) for number in run.numbers])


def influences(normals: np.ndarray, deviations: np.ndarray) -> np.ndarray:
    """Return for each number whether any endpoint follows it, bool, shape (numbers,)."""
    standard = (normals - normals.mean(axis=0)) / normals.std(axis=0)
    spread = deviations.std(axis=0)
    apart = (deviations - deviations.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    correlations = standard.T @ apart / len(normals)
    return np.abs(correlations).max(axis=1) > INFLUENCE / np.sqrt(len(normals))


def search(
    run: CalibrationRun,
    endpoints: Endpoints,
    evaluator: "Evaluator",
    influential: np.ndarray,
    posterior: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, list[tuple[int, float]]]:
    """Return the most probable deviates by CMA-ES, what they predict, and the least objective by evaluation.

    Searched are the influential numbers, from the mean of the posterior sample and with its covariance; the
    objective is minus the log of the posterior density.
    """
    from cmaes import CMA

    best = start = np.where(influential, posterior.mean(axis=0), run_default(run))
    best_predicted = evaluator(best[None])[0]
    least = objective(best[influential], endpoints.deviations(best_predicted[None])[0])
    trace = [(1, least)]
    if not influential.any():
        return best, best_predicted, trace
    sampled = posterior[:, influential]
    covariance = np.atleast_2d(np.cov(sampled.T)) + RIDGE * np.eye(sampled.shape[1])
    optimiser = CMA(start[influential], SEARCH_SIGMA, cov=covariance, seed=run.seed)
    done = 1
    while done + optimiser.population_size <= run.search_evaluations and not optimiser.should_stop():
        asked = np.array([optimiser.ask() for _ in range(optimiser.population_size)])
        normals = np.tile(start, (len(asked), 1))
        normals[:, influential] = asked
        predicted = evaluator(normals)
        values = [objective(a, d) for a, d in zip(asked, endpoints.deviations(predicted), strict=True)]
        optimiser.tell(list(zip(asked, values, strict=True)))
        done += len(asked)
        if min(values) < least:
            k = int(np.argmin(values))
            least, best, best_predicted = values[k], normals[k], predicted[k]
        trace.append((done, least))
    return best, best_predicted, trace


def objective(normals: np.ndarray, deviations: np.ndarray) -> float:
    """Return minus the log of the posterior density, but for a constant."""
    return float((normals**2).sum() + (deviations**2).sum()) / 2


_problem: Problem
_luck: np.ndarray


def _begin(problem: Problem) -> None:
    """Prepare a worker: the trials, and the luck of the first patients, which every trial takes."""
    import numba

    from sim.luck import draw_luck

    global _problem, _luck
    die_with_parent()
    numba.set_num_threads(1)
    _problem, _luck = problem, draw_luck(0, max(problem.patients), problem.seed)


def evaluate(parameters: "dict[str, Tree]") -> list[float]:
    """Return what the disease shows at every endpoint; in a worker."""
    from analysis.endpoints import simulated
    from experiments.emulate import emulate

    found = []
    for trial, patients in zip(_problem.trials, _problem.patients, strict=True):
        both = emulate(trial, parameters, 0, patients, _luck[:patients])
        found += [simulated(e, *sides) for e, sides in zip(trial.endpoints, both, strict=True)]
    return found


@contextmanager
def workers(run: CalibrationRun, problem: Problem) -> Iterator[ProcessPoolExecutor]:
    """Yield the processes that evaluate."""
    count = run.workers or len(sched_getaffinity(0))
    pool = ProcessPoolExecutor(count, get_context("spawn"), initializer=_begin, initargs=(problem,))
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


@dataclass
class Evaluator:
    """Evaluates members of an ensemble, each once: what the ledger holds is read from it."""

    run: CalibrationRun
    problem: Problem
    ledger: Ledger
    pool: ProcessPoolExecutor
    bar: tqdm
    folder: SweepFolder

    def __post_init__(self) -> None:
        content = [
            [dataclasses.asdict(arm) for trial in self.problem.trials for arm in trial.arms.values()],
            [endpoint.resolved() for trial in self.problem.trials for endpoint in trial.endpoints],
            [[condition.text for condition in trial.eligibility] for trial in self.problem.trials],
            self.problem.patients,
            self.problem.seed,
            code_digest(),
        ]
        self.digest = hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode())

    def __call__(self, normals: np.ndarray) -> np.ndarray:
        """Return what each member predicts, shape (members, endpoints)."""
        members = [self._parameters(line) for line in normals]
        names = [self._name(parameters) for parameters in members]
        found: list[list[float] | None] = []
        for name in names:
            packed = self.ledger.read(name)
            found.append(None if packed is None else json.loads(packed))
        missing = [k for k, known in enumerate(found) if known is None]
        self._count(len(found) - len(missing))
        with uninterrupted():
            futures = {k: self.pool.submit(evaluate, members[k]) for k in missing}
        for k, future in futures.items():
            found[k] = future.result()
            self.ledger.record(names[k], json.dumps(found[k]).encode())
            self._count(1)
        return np.array(found, float)

    def _count(self, done: int) -> None:
        self.folder.told.kept += done
        self.bar.update(done)

    def _parameters(self, normals: Sequence[float]) -> "dict[str, Tree]":
        numbers = self.run.numbers
        values = [number.value(normal) for number, normal in zip(numbers, normals, strict=True)]
        return with_values(self.run.parameters, numbers, values)

    def _name(self, parameters: "dict[str, Tree]") -> str:
        digest = self.digest.copy()
        digest.update(json.dumps(parameters, sort_keys=True).encode())
        return digest.hexdigest()


def write(run: CalibrationRun, fitted: Fitted, endpoints: Endpoints, folder: SweepFolder) -> None:
    """Write the tables, the pictures and the fitted disease, and in conf/ where asked."""
    from analysis.calibration_pages import draw_calibration, summary

    made = tables(run, fitted, endpoints)
    for name, table in made.items():
        folder.table(f"{name}.csv", table)
    disease = fitted_disease(run, fitted, endpoints)
    (folder.path / "calibrated.yaml").write_text(disease, "utf-8")
    draw_calibration(made, folder.path)
    if run.ship:
        (CONF / "disease" / "calibrated.yaml").write_text(disease, "utf-8")
        made["posterior"].to_csv(CONF / "posterior.csv", index=False, lineterminator="\n")
    print(summary(made))


def tables(run: CalibrationRun, fitted: Fitted, endpoints: Endpoints) -> "dict[str, pd.DataFrame]":
    """Return the tables of a calibration, by name."""
    import pandas as pd

    from analysis import posterior

    at_best = endpoints.deviations(fitted.best_predicted[None])[0]
    low, high = np.quantile(fitted.posterior_predicted, [0.025, 0.975], axis=0)
    bounds = np.array(endpoints.bounds)
    targets = pd.DataFrame(
        {
            "trial": [trial.name for trial, _ in endpoints.all],
            "endpoint": [endpoint.evidence for _, endpoint in endpoints.all],
            "published": [endpoint.published for _, endpoint in endpoints.all],
            "published_low": bounds[:, 0],
            "published_high": bounds[:, 1],
            "fitted": fitted.best_predicted,
            "posterior_low": low,
            "posterior_high": high,
            "inside": (bounds[:, 0] <= fitted.best_predicted) & (fitted.best_predicted <= bounds[:, 1]),
            "z": at_best,
        }
    )
    names = list(targets["endpoint"])
    return {
        "targets": targets,
        "parameters": posterior.numbers_table(run.numbers, fitted.posterior, fitted.best, fitted.influential),
        "posterior": posterior.members_table(run.numbers, fitted.posterior, fitted.influential),
        "tradeoffs": posterior.tradeoffs(run.numbers, fitted.posterior, fitted.influential),
        "pulls": posterior.pulls(names, fitted.prior, endpoints.deviations(fitted.prior_predicted), at_best),
        "trace": pd.DataFrame(fitted.trace, columns=["evaluation", "objective"]),
    }


def fitted_disease(run: CalibrationRun, fitted: Fitted, endpoints: Endpoints) -> str:
    """Return the fitted disease as a file of the group ``disease``, with where it comes from."""
    chosen = np.flatnonzero(fitted.influential).tolist()
    numbers = [run.numbers[k] for k in chosen]
    values = [float(f"{run.numbers[k].value(fitted.best[k]):.6g}") for k in chosen]
    changed = with_values(run.parameters, numbers, values)
    at_best = endpoints.deviations(fitted.best_predicted[None])[0]
    version = code_version()
    lines = [
        "# @package _global_",
        "# Fitted to published trials by `lrrc calibrate`; the other numbers are as set by hand.",
        f"# targets: {len(at_best)} endpoints of {', '.join(trial.name for trial in run.trials)}",
        f"# fit: chi-square {(at_best**2).sum():.1f}; {len(chosen)} numbers searched; seed {run.seed}",
        f"# code: version {version['version']}, sources {code_digest()[:16]}",
        "defaults:",
        "  - default",
        "  - _self_",
    ]
    for section in dict.fromkeys(number.section for number in numbers):
        lines += ["", f"{section}:"]
        for name in dict.fromkeys(number.name for number in numbers if number.section == section):
            lines.append(f"  {name}: {shown_number(changed[section][name])}")
    return "\n".join(lines) + "\n"


def shown_number(value: float | list[float]) -> str:
    """Return a number or a list of numbers as YAML writes it."""
    return f"[{', '.join(map(repr, value))}]" if isinstance(value, list) else repr(value)
