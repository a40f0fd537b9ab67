"""Fitting the disease's uncertain numbers to published trials: a posterior sample, then the best fit.

Both work on standard normal deviates of the priors. The sample is an ensemble that is fitted to the endpoints
in steps; the search starts from it, for the most probable numbers of all.
"""

from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import conf
from analysis.fitting.smoother import assimilate, correlations
from analysis.fitting.surrogate import BATCH, asked_next, objective
from conf.calibration import CalibrationRun, read_calibration
from conf.request import Request
from conf.uncertain import with_values
from experiments.calibrating.evaluate import ESTIMATES, Evaluator, workers
from experiments.results.ending import IncompleteError
from experiments.results.result import Result, report
from experiments.results.run_folder import code_version
from experiments.simulating.cohort import progress
from experiments.sweeping.code import code_digest
from experiments.sweeping.folder import SweepFolder, sweep_folder
from experiments.sweeping.ledger import Ledger
from experiments.validate import precise

if TYPE_CHECKING:
    import pandas as pd

    from analysis.tables.validation import EndpointComparison
    from conf.trials import Trial

CONF = Path(conf.__file__).parent
INFLUENCE = 3.2  # a correlation of this over the square root of the ensemble shows that a number matters
SEARCH_TIMES = 6  # patients of the search against those of the sample: it is not to fit their luck
FIRST_RADIUS = 0.3  # of the search's steps, in standard deviations of the priors
MOST_TIMES_PATIENTS = 8
MOST_ERROR = 0.5  # of the simulation beside the published one, for most endpoints of a trial
FARTHEST = 20.0  # a deviation beyond this many standard errors says no more


def calibrate(asked: Request) -> Path:
    """Fit the numbers, write and print tables, draw pictures; return the folder. Raises as ``perform``."""
    return report(perform(asked))


def perform(asked: Request) -> Result:
    """Fit the numbers, keep every evaluation as it ends, and write tables and pictures.

    Raises InputError for input that cannot be run, before anything is simulated, and IncompleteError where a
    process that evaluates was killed: the same command then continues.
    """
    run = read_calibration(asked.config)
    with sweep_folder("calibrate", run, {}, asked) as folder:
        ledger = Ledger(folder.final / "ledger", ESTIMATES)
        with ledger.open(run):
            folder.begin()
            targets = Targets(run, run.patients)
            try:
                made = write(run, fit(run, targets, ledger, folder), targets, folder)
            except BrokenProcessPool as error:
                raise IncompleteError(
                    f"a process was killed (too little memory?); {folder.progress}"
                ) from error
    from analysis.pages.calibration_pages import summary

    words = summary(made)
    if left_out := [
        one.endpoint.evidence for _, one in targets.all if one.endpoint.judged and not one.comparable
    ]:
        words += f"\n\nleft out, because too few simulated patients had an event: {', '.join(left_out)}"
    return Result(
        tables=made,
        summary=words,
        patients_per_policy=run.patients,
        policies=[policy.name for policy in run.policies],
        seed=run.seed,
        folder=folder.final,
    )


@dataclass(frozen=True)
class Fitted:
    """What a calibration found; ensembles have a line a member, deviates of the priors.

    ``prior`` and ``posterior``: shape (members, numbers), and what they predict, shape (members, endpoints);
    ``influential``: the numbers that were searched, bool, shape (numbers,); ``best``: what the search found.
    """

    prior: np.ndarray
    prior_predicted: np.ndarray
    posterior: np.ndarray
    posterior_predicted: np.ndarray
    influential: np.ndarray
    best: "Best"


@dataclass(frozen=True)
class Best:
    """The best of a search.

    ``normals``: deviates, shape (numbers,); ``predicted``: what they predict, ``apart``: its deviations, both
    of shape (endpoints,); ``trace``: the least objective by evaluation.
    """

    normals: np.ndarray
    predicted: np.ndarray
    apart: np.ndarray
    trace: list[tuple[int, float]]


class Targets:
    """The endpoints that numbers are fitted to, in one order, as the unfitted disease shows them.

    ``patients``: of every arm, by trial: so many that for most endpoints the simulation's own error is small.
    Endpoints that even so many cannot compare are ignored: they deviate by 0, whatever is predicted.
    """

    def __init__(self, run: CalibrationRun, patients: int) -> None:
        self.patients: list[int] = []
        self.all: list[tuple[Trial, EndpointComparison]] = []
        most = MOST_TIMES_PATIENTS * patients
        for trial in run.trials:
            endpoints, _, simulated = precise(
                trial, run.parameters, patients, most, run.seed, _small_for_most
            )
            self.patients.append(simulated)
            self.all += [(trial, endpoint) for endpoint in endpoints]

    def deviations(self, predicted: np.ndarray) -> np.ndarray:
        """Return the deviations of predictions, shape (members, endpoints), in standard errors."""
        from analysis.tables.endpoints import deviation

        found = np.array(
            [
                [
                    deviation(one.endpoint, value, one.low, one.high, one.error, one.rests_on)
                    if one.comparable
                    else 0.0
                    for (_, one), value in zip(self.all, line, strict=True)
                ]
                for line in predicted
            ]
        )
        within: np.ndarray = np.clip(np.nan_to_num(found, nan=FARTHEST), -FARTHEST, FARTHEST)
        return within

    @property
    def comparable(self) -> np.ndarray:
        """Return which endpoints can be compared, bool, shape (endpoints,)."""
        return np.array([one.comparable for _, one in self.all])


def _small_for_most(endpoints: "list[EndpointComparison]") -> bool:
    # Infinity has no quantile.
    errors = [min(one.error_beside_published, FARTHEST) for one in endpoints if one.endpoint.judged]
    return not errors or bool(np.quantile(errors, 0.8) <= MOST_ERROR)


def fit(run: CalibrationRun, targets: Targets, ledger: Ledger, folder: SweepFolder) -> Fitted:
    """Return the fit of a run: prior sample, posterior sample, search. Shows progress on a terminal."""
    rng = np.random.default_rng(np.random.SeedSequence([run.seed, len(run.numbers), run.ensemble]))
    prior = rng.standard_normal((run.ensemble, len(run.numbers)))
    reached = folder.progress
    reached.wanted = run.ensemble * (run.steps + 1) + run.search_evaluations
    with progress(reached.wanted, " evaluations") as bar:
        with workers(run, targets.patients) as pool:
            evaluate = Evaluator(run, targets.patients, ledger, pool, reached, bar)
            ensembles, shown = [prior], [evaluate(prior)]
            influential = influences(prior, targets.deviations(shown[0]))
            for _ in range(run.steps):
                apart = targets.deviations(shown[-1])
                ensembles.append(assimilate(ensembles[-1], apart, float(run.steps), rng))
                shown.append(evaluate(ensembles[-1]))
        more = Targets(run, SEARCH_TIMES * run.patients)
        with workers(run, more.patients) as pool:
            evaluate = Evaluator(run, more.patients, ledger, pool, reached, bar)
            sampled = Sampled(np.concatenate(ensembles), more.deviations(np.concatenate(shown)))
            best = search(run, more, evaluate, influential, ensembles[-1], sampled, rng)
    return Fitted(prior, shown[0], ensembles[-1], shown[-1], influential, best)


def influences(normals: np.ndarray, deviations: np.ndarray) -> np.ndarray:
    """Return for each number whether any endpoint depends on it, bool, shape (numbers,)."""
    found = correlations(normals, deviations)
    follows: np.ndarray = np.abs(found).max(axis=1) > INFLUENCE / np.sqrt(len(normals))
    return follows


@dataclass(frozen=True)
class Sampled:
    """The evaluations of all ensembles.

    ``normals``: deviates, shape (n, numbers); ``apart``: deviations, shape (n, endpoints).
    """

    normals: np.ndarray
    apart: np.ndarray


def search(
    run: CalibrationRun,
    targets: Targets,
    evaluate: Callable[[np.ndarray], np.ndarray],
    influential: np.ndarray,
    posterior: np.ndarray,
    sampled: Sampled,
    rng: np.random.Generator,
) -> Best:
    """Return the most probable deviates and what they predict.

    Searched are the influential numbers, from the mean of the posterior sample: each round evaluates the best
    points of linear approximations to all evaluations so far, and points around them. The objective is minus
    the log of the posterior density.
    """
    by_hand = [number.normal(number.default) for number in run.numbers]
    start = np.where(influential, posterior.mean(axis=0), by_hand)
    tried = Tried(start, influential, evaluate, targets)
    tried.add(start[influential][None])
    if not influential.any():
        return tried.best()
    radius = FIRST_RADIUS
    while len(tried.values) + BATCH <= run.search_evaluations:
        normals = np.concatenate([tried.normals, sampled.normals[:, influential]])
        deviations = np.concatenate([tried.apart, sampled.apart])
        before = min(tried.values)
        found = tried.add(asked_next(normals, deviations, int(np.argmin(tried.values)), radius, rng))
        # the first of a batch is its shortest step: a best there says that the picture holds no further
        radius *= 1.2 if min(found) < before and np.argmin(found) > 0 else 0.8
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

    def best(self) -> Best:
        """Return the best, with the deviates of all numbers."""
        k = int(np.argmin(self.values))
        normals = self.start.copy()
        normals[self.influential] = self.normals[k]
        return Best(normals, self.predicted[k], self.apart[k], self.trace)


def write(
    run: CalibrationRun, fitted: Fitted, targets: Targets, folder: SweepFolder
) -> "dict[str, pd.DataFrame]":
    """Write the tables, the pictures and the fitted disease, and in conf/ where asked; return the tables."""
    from analysis.pages.calibration_pages import draw_calibration

    made = tables(run, fitted, targets)
    for name, table in made.items():
        folder.table(f"{name}.csv", table)
    disease = fitted_disease(run, fitted, int(targets.comparable.sum()))
    (folder.path / "calibrated.yaml").write_text(disease, "utf-8")
    draw_calibration(made, folder.path)
    if run.ship:
        (CONF / "disease" / "calibrated.yaml").write_text(disease, "utf-8")
        made["posterior"].to_csv(CONF / "posterior.csv", index=False, lineterminator="\n")
    return made


def tables(run: CalibrationRun, fitted: Fitted, targets: Targets) -> "dict[str, pd.DataFrame]":
    """Return the tables of a calibration, by name."""
    import pandas as pd

    from analysis.fitting import posterior

    best = fitted.best
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
            "fitted": best.predicted,
            "posterior_low": low,
            "posterior_high": high,
            "inside": (bounds[:, 0] <= best.predicted) & (best.predicted <= bounds[:, 1]),
            "z": best.apart,
        }
    )
    return {
        "targets": table[targets.comparable],
        "parameters": posterior.numbers_table(
            run.numbers, fitted.posterior, best.normals, fitted.influential
        ),
        "posterior": posterior.members_table(run.numbers, fitted.posterior, fitted.influential),
        "tradeoffs": posterior.tradeoffs(run.numbers, fitted.posterior, fitted.influential),
        "pulls": posterior.pulls(names, fitted.prior, targets.deviations(fitted.prior_predicted), best.apart),
        "trace": pd.DataFrame(best.trace, columns=["evaluation", "objective"]),
    }


def fitted_disease(run: CalibrationRun, fitted: Fitted, targets: int) -> str:
    """Return the disease fitted to so many targets, as a file of the group ``disease``, with its origin."""
    chosen = np.flatnonzero(fitted.influential).tolist()
    numbers = [run.numbers[k] for k in chosen]
    values = [float(f"{run.numbers[k].value(fitted.best.normals[k]):.6g}") for k in chosen]
    changed = with_values(run.parameters, numbers, values)
    chi_square = (fitted.best.apart**2).sum()
    version = code_version()
    lines = [
        "# @package _global_",
        "# Fitted to published trials by `lrrc calibrate`; the other numbers are as set by hand.",
        f"# targets: {targets} endpoints of {', '.join(trial.name for trial in run.trials)}",
        f"# fit: chi-square {chi_square:.1f}; {len(chosen)} numbers searched; seed {run.seed}",
        f"# code: version {version['version']}, sources {code_digest(ESTIMATES)[:16]}",
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
