"""Fitting the disease's uncertain numbers to published trials: a posterior sample, then the best fit.

Both work on standard normal deviates of the priors. The sample is an ensemble that takes the endpoints in by
steps; the search starts from it, for the most probable numbers of all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from omegaconf import DictConfig

import conf
from analysis.smoother import assimilate, correlations
from analysis.surrogate import objective, proposal
from conf.calibration import CalibrationRun, read_calibration
from conf.uncertain import with_values
from experiments.evaluate import Evaluator, workers
from experiments.ledger import Ledger, code_digest
from experiments.lives import progress
from experiments.run_folder import code_version
from experiments.sweep_folder import SweepFolder, sweep_folder
from experiments.validate import precise

if TYPE_CHECKING:
    import pandas as pd

    from analysis.validation import Compared
    from conf.trials import Trial

CONF = Path(conf.__file__).parent
INFLUENCE = 3.2  # a correlation of this over the square root of the ensemble shows that a number matters
SEARCH_SIGMA = 0.3  # first step of the search, in standard deviations of the posterior sample
SEARCH_RIDGE = 0.05  # added to the variances of that sample, of which there are few members
REFINED_SHARE = 0.03  # of the search: its last steps, on a linear picture of all evaluations before
REFINED_RADIUS = 0.3  # first radius of these steps, in standard deviations of the priors
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
                targets = Targets(run)
                write(run, fit(run, targets, ledger, folder), targets, folder)
            except KeyboardInterrupt as stop:
                raise KeyboardInterrupt(str(folder.told)) from stop
    return folder.final


@dataclass(frozen=True)
class Fitted:
    """What a calibration found; ensembles have a line a member, deviates of the priors.

    ``prior`` and ``posterior``: shape (members, numbers), and what they predict, shape (members, endpoints);
    ``best``: deviates of the search's best; ``influential``: which numbers it searched; ``trace``: the least
    objective by evaluation.
    """

    prior: np.ndarray
    prior_predicted: np.ndarray
    posterior: np.ndarray
    posterior_predicted: np.ndarray
    influential: np.ndarray
    best: np.ndarray
    best_predicted: np.ndarray
    trace: list[tuple[int, float]]


class Targets:
    """The endpoints that numbers are fitted to, in one order, as the unfitted disease shows them.

    ``patients``: of every arm, by trial: so many that for most endpoints the simulation's own error is small.
    """

    def __init__(self, run: CalibrationRun) -> None:
        self.patients: list[int] = []
        self.all: list[tuple[Trial, Compared]] = []
        most = MOST_TIMES_PATIENTS * run.patients
        for trial in run.trials:
            endpoints, _, lived = precise(
                trial, run.parameters, run.patients, most, run.seed, _small_for_most
            )
            self.patients.append(lived)
            self.all += [(trial, endpoint) for endpoint in endpoints]

    def deviations(self, predicted: np.ndarray) -> np.ndarray:
        """Return the deviations of predictions, shape (members, endpoints), in standard errors."""
        from analysis.endpoints import deviation

        found = np.array(
            [
                [
                    deviation(one.endpoint, value, one.low, one.high, one.error)
                    for (_, one), value in zip(self.all, line, strict=True)
                ]
                for line in predicted
            ]
        )
        return np.clip(np.nan_to_num(found, nan=FARTHEST), -FARTHEST, FARTHEST)


def _small_for_most(endpoints: "list[Compared]") -> bool:
    return bool(np.quantile([one.error_beside_published for one in endpoints], 0.8) <= MOST_ERROR)


def fit(run: CalibrationRun, targets: Targets, ledger: Ledger, folder: SweepFolder) -> Fitted:
    """Return the fit of a run: prior sample, posterior sample, search. Shows progress on a terminal."""
    rng = np.random.default_rng(np.random.SeedSequence([run.seed, len(run.numbers), run.ensemble]))
    prior = rng.standard_normal((run.ensemble, len(run.numbers)))
    told = folder.told
    told.wanted = run.ensemble * (run.steps + 1) + run.search_evaluations
    with progress(told.wanted, " evaluations") as bar, workers(run, targets.patients) as pool:
        evaluate = Evaluator(run, targets.patients, ledger, pool, told, bar)
        prior_predicted = evaluate(prior)
        influential = influences(prior, targets.deviations(prior_predicted))
        posterior, predicted = prior, prior_predicted
        for _ in range(run.steps):
            posterior = assimilate(posterior, targets.deviations(predicted), float(run.steps), rng)
            predicted = evaluate(posterior)
        best, best_predicted, trace = search(run, targets, evaluate, influential, posterior, predicted)
    return Fitted(prior, prior_predicted, posterior, predicted, influential, best, best_predicted, trace)


def influences(normals: np.ndarray, deviations: np.ndarray) -> np.ndarray:
    """Return for each number whether any endpoint follows it, bool, shape (numbers,)."""
    found = correlations(normals, deviations)
    return np.abs(found).max(axis=1) > INFLUENCE / np.sqrt(len(normals))


def search(
    run: CalibrationRun,
    targets: Targets,
    evaluate: Callable[[np.ndarray], np.ndarray],
    influential: np.ndarray,
    posterior: np.ndarray,
    posterior_predicted: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, list[tuple[int, float]]]:
    """Return the most probable deviates, what they predict, and the least objective by evaluation.

    Searched are the influential numbers, by CMA-ES from the mean of the posterior sample and with its
    covariance; the last steps go to the best point of a linear picture of all these evaluations. The
    objective is minus the log of the posterior density.
    """
    from cmaes import CMA

    by_hand = [number.normal(number.default) for number in run.numbers]
    start = np.where(influential, posterior.mean(axis=0), by_hand)
    tried = Tried(start, influential, evaluate, targets)
    tried.add(start[influential][None])
    if not influential.any():
        return tried.best()
    sampled = posterior[:, influential]
    covariance = np.atleast_2d(np.cov(sampled.T)) + SEARCH_RIDGE * np.eye(sampled.shape[1])
    optimiser = CMA(start[influential], SEARCH_SIGMA, cov=covariance, seed=run.seed)
    refined = round(REFINED_SHARE * run.search_evaluations)
    last = run.search_evaluations - refined
    while len(tried.values) + optimiser.population_size <= last and not optimiser.should_stop():
        asked = np.array([optimiser.ask() for _ in range(optimiser.population_size)])
        optimiser.tell(list(zip(asked, tried.add(asked), strict=True)))
    around = targets.deviations(posterior_predicted)
    radius = REFINED_RADIUS
    for _ in range(refined):
        normals, deviations = np.concatenate([tried.normals, sampled]), np.concatenate([tried.apart, around])
        before = min(tried.values)
        (found,) = tried.add(proposal(normals, deviations, int(np.argmin(tried.values)), radius)[None])
        radius *= 1.3 if found < before else 0.6
    return tried.best()


class Tried:
    """The evaluations of a search: deviates of the influential numbers, and what they came to.

    ``normals``: shape (n, influential numbers); ``predicted`` and ``apart`` (deviations): shape
    (n, endpoints); ``values``: of the objective; ``trace``: the least of them by evaluation.
    """

    def __init__(
        self,
        start: np.ndarray,
        influential: np.ndarray,
        evaluate: Callable[[np.ndarray], np.ndarray],
        targets: Targets,
    ) -> None:
        self.start, self.influential, self.evaluate, self.targets = start, influential, evaluate, targets
        self.normals = np.empty((0, int(influential.sum())))
        self.predicted = np.empty((0, len(targets.all)))
        self.apart = np.empty((0, len(targets.all)))
        self.values: list[float] = []
        self.trace: list[tuple[int, float]] = []

    def add(self, asked: np.ndarray) -> list[float]:
        """Evaluate deviates of the influential numbers, shape (n, numbers); return the objective of each."""
        normals = np.tile(self.start, (len(asked), 1))
        normals[:, self.influential] = asked
        predicted = self.evaluate(normals)
        apart = self.targets.deviations(predicted)
        found = [objective(a, d) for a, d in zip(asked, apart, strict=True)]
        self.normals = np.concatenate([self.normals, asked])
        self.predicted = np.concatenate([self.predicted, predicted])
        self.apart = np.concatenate([self.apart, apart])
        self.values += found
        self.trace.append((len(self.values), min(self.values)))
        return found

    def best(self) -> tuple[np.ndarray, np.ndarray, list[tuple[int, float]]]:
        """Return the best deviates of all numbers, what they predict, and the trace."""
        k = int(np.argmin(self.values))
        normals = self.start.copy()
        normals[self.influential] = self.normals[k]
        return normals, self.predicted[k], self.trace


def write(run: CalibrationRun, fitted: Fitted, targets: Targets, folder: SweepFolder) -> None:
    """Write the tables, the pictures and the fitted disease, and in conf/ where asked."""
    from analysis.calibration_pages import draw_calibration, summary

    made = tables(run, fitted, targets)
    for name, table in made.items():
        folder.table(f"{name}.csv", table)
    disease = fitted_disease(run, fitted, targets)
    (folder.path / "calibrated.yaml").write_text(disease, "utf-8")
    draw_calibration(made, folder.path)
    if run.ship:
        (CONF / "disease" / "calibrated.yaml").write_text(disease, "utf-8")
        made["posterior"].to_csv(CONF / "posterior.csv", index=False, lineterminator="\n")
    print(summary(made))


def tables(run: CalibrationRun, fitted: Fitted, targets: Targets) -> "dict[str, pd.DataFrame]":
    """Return the tables of a calibration, by name."""
    import pandas as pd

    from analysis import posterior

    at_best = targets.deviations(fitted.best_predicted[None])[0]
    low, high = np.quantile(fitted.posterior_predicted, [0.025, 0.975], axis=0)
    bounds = np.array([(one.low, one.high) for _, one in targets.all])
    names = [one.endpoint.evidence for _, one in targets.all]
    table = pd.DataFrame(
        {
            "trial": [trial.name for trial, _ in targets.all],
            "endpoint": names,
            "published": [one.endpoint.published for _, one in targets.all],
            "published_low": bounds[:, 0],
            "published_high": bounds[:, 1],
            "fitted": fitted.best_predicted,
            "posterior_low": low,
            "posterior_high": high,
            "inside": (bounds[:, 0] <= fitted.best_predicted) & (fitted.best_predicted <= bounds[:, 1]),
            "z": at_best,
        }
    )
    return {
        "targets": table,
        "parameters": posterior.numbers_table(run.numbers, fitted.posterior, fitted.best, fitted.influential),
        "posterior": posterior.members_table(run.numbers, fitted.posterior, fitted.influential),
        "tradeoffs": posterior.tradeoffs(run.numbers, fitted.posterior, fitted.influential),
        "pulls": posterior.pulls(names, fitted.prior, targets.deviations(fitted.prior_predicted), at_best),
        "trace": pd.DataFrame(fitted.trace, columns=["evaluation", "objective"]),
    }


def fitted_disease(run: CalibrationRun, fitted: Fitted, targets: Targets) -> str:
    """Return the fitted disease as a file of the group ``disease``, with where it comes from."""
    chosen = np.flatnonzero(fitted.influential).tolist()
    numbers = [run.numbers[k] for k in chosen]
    values = [float(f"{run.numbers[k].value(fitted.best[k]):.6g}") for k in chosen]
    changed = with_values(run.parameters, numbers, values)
    at_best = targets.deviations(fitted.best_predicted[None])[0]
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
