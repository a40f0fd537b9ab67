"""Fitting the disease's uncertain numbers to published trials: a posterior sample, then the best fit.

Both work on standard normal deviates of the priors. The sample is an ensemble that is fitted to the endpoints
in steps; the search starts from it, for the most probable numbers of all. Studies enter the sample with the
error of their sampling and with their discrepancy: how far they lie from what the others predict, beyond it.
The search takes sampling alone, with heavy tails.
"""

from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import conf
from analysis.fitting.discrepancy import (
    Approximation,
    LeftOut,
    approximate,
    found_discrepancy,
    left_out,
)
from analysis.fitting.smoother import assimilate, correlations
from analysis.fitting.surrogate import BATCH, asked_next, objective
from conf.calibration import CalibrationRun, read_calibration
from conf.discrepancy import Discrepancy
from conf.request import Request
from conf.uncertain import with_values
from experiments.calibrating.evaluate import ESTIMATES, Evaluator, workers
from experiments.calibrating.targets import Targets
from experiments.results.ending import IncompleteError, undisturbed
from experiments.results.partial import write_whole
from experiments.results.result import Result, report
from experiments.results.run_folder import code_version
from experiments.simulating.cohort import progress
from experiments.sweeping.code import code_digest
from experiments.sweeping.folder import SweepFolder, sweep_folder
from experiments.sweeping.ledger import Ledger

if TYPE_CHECKING:
    import pandas as pd


CONF = Path(conf.__file__).parent
INFLUENCE = 3.2  # a correlation of this over the square root of the ensemble shows that a number matters
SEARCH_TIMES = 6  # patients of the search against those of the sample: it is not to fit their luck
FIRST_RADIUS = 0.3  # of the search's steps, in standard deviations of the priors
DISEASE = "calibrated.yaml"
SHIPPED = ("posterior", "discrepancy", "left_out")  # tables that conf/ holds too
REFIT_ROUNDS = 3  # of the search for the best fit without a study, from the best with it


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
    if run.ship:
        ship(made, folder.final)
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
    ``influential``: the numbers that were searched, bool, shape (numbers,); ``discrepancy`` of the studies;
    ``left_out``: what is predicted for each study without it; ``best``: what the search found, and ``refits``
    what it found without a study, by its name.
    """

    prior: np.ndarray
    prior_predicted: np.ndarray
    posterior: np.ndarray
    posterior_predicted: np.ndarray
    influential: np.ndarray
    discrepancy: Discrepancy
    left_out: LeftOut
    best: "Best"
    refits: "dict[str, Best]"


@dataclass(frozen=True)
class Best:
    """The best of a search.

    ``normals``: deviates, shape (numbers,); ``predicted``: what they predict, ``apart``: its deviations, both
    of shape (endpoints,); ``trace``: the least objective by evaluation; ``evaluated``: all that was tried.
    """

    normals: np.ndarray
    predicted: np.ndarray
    apart: np.ndarray
    trace: list[tuple[int, float]]
    evaluated: "Evaluated"


def fit(run: CalibrationRun, targets: Targets, ledger: Ledger, folder: SweepFolder) -> Fitted:
    """Return the fit of a run: prior sample, posterior sample, search. Shows progress on a terminal."""
    rng = np.random.default_rng(np.random.SeedSequence([run.seed, len(run.numbers), run.ensemble]))
    prior = rng.standard_normal((run.ensemble, len(run.numbers)))
    reached = folder.progress
    rounds = (run.search_evaluations - 1) // BATCH
    # A search also evaluates where it starts.
    reached.wanted = run.ensemble * (run.steps + 1) + 1 + rounds * BATCH
    reached.wanted += len(run.refits) * (1 + REFIT_ROUNDS * BATCH)
    with progress(reached.wanted, " evaluations") as bar:
        with workers(run, targets.patients) as pool:
            evaluate = Evaluator(run, targets.patients, ledger, pool, reached, bar)
            ensembles, shown = [prior], [evaluate(prior)]
            influential = influences(prior, targets.deviations(shown[0]))
            for _ in range(run.steps):
                discrepancy = found_discrepancy(
                    targets.figures, approximated(targets, influential, ensembles, shown)
                )
                weights = targets.weights(discrepancy, shown[-1].mean(axis=0))
                apart = targets.deviations(shown[-1]) * weights
                ensembles.append(assimilate(ensembles[-1], apart, float(run.steps), rng))
                shown.append(evaluate(ensembles[-1]))
        approximation = approximated(targets, influential, ensembles, shown)
        discrepancy = found_discrepancy(targets.figures, approximation)
        more = Targets(run, SEARCH_TIMES * run.patients)
        with workers(run, more.patients) as pool:
            evaluate = Evaluator(run, more.patients, ledger, pool, reached, bar)
            known = Evaluated(np.concatenate(ensembles), np.concatenate(shown))
            by_hand = [number.normal(number.default) for number in run.numbers]
            start = np.where(influential, ensembles[-1].mean(axis=0), by_hand)
            problem = Search(evaluate, more, np.ones(len(more.all), bool), influential, rng)
            best = problem.best(start, known, rounds)
            refits = {}
            for name in run.refits:
                others = np.array([trial.name != name for trial, _ in more.all])
                problem = Search(evaluate, more, others, influential, rng)
                refits[name] = problem.best(best.normals, known.and_those_of(best), REFIT_ROUNDS)
    return Fitted(
        prior,
        shown[0],
        ensembles[-1],
        shown[-1],
        influential,
        discrepancy,
        left_out(targets.figures, approximation),
        best,
        refits,
    )


def approximated(
    targets: Targets, influential: np.ndarray, ensembles: list[np.ndarray], shown: list[np.ndarray]
) -> Approximation:
    """Return the linear approximation of the endpoints that can be compared, around the last ensemble."""
    normals = np.concatenate(ensembles)[:, influential]
    centre = ensembles[-1][:, influential].mean(axis=0)
    return approximate(normals, targets.on_scales(np.concatenate(shown)), centre)


def influences(normals: np.ndarray, deviations: np.ndarray) -> np.ndarray:
    """Return for each number whether any endpoint depends on it, bool, shape (numbers,)."""
    found = correlations(normals, deviations)
    follows: np.ndarray = np.abs(found).max(axis=1) > INFLUENCE / np.sqrt(len(normals))
    return follows


@dataclass(frozen=True)
class Evaluated:
    """Evaluations: deviates, shape (n, numbers), and what they predict, shape (n, endpoints)."""

    normals: np.ndarray
    predicted: np.ndarray

    def and_those_of(self, best: Best) -> "Evaluated":
        """Return these evaluations and those of a search."""
        more = best.evaluated
        return Evaluated(
            np.concatenate([self.normals, more.normals]), np.concatenate([self.predicted, more.predicted])
        )


@dataclass(frozen=True)
class Search:
    """A search for the most probable deviates of the influential numbers.

    ``fitted``: which endpoints are, bool, shape (endpoints,).
    """

    evaluate: Callable[[np.ndarray], np.ndarray]
    targets: Targets
    fitted: np.ndarray
    influential: np.ndarray
    rng: np.random.Generator

    def best(self, start: np.ndarray, known: Evaluated, rounds: int) -> Best:
        """Return the most probable deviates that were found, after so many rounds.

        Each round evaluates the best points of linear approximations to all evaluations so far, and points
        around them. ``start``: deviates of all numbers; ``known``: other evaluations. The objective is minus
        the log of the posterior density.
        """
        found = self._evaluated(start[None])
        values, radius = self._objectives(found), FIRST_RADIUS
        trace = [(1, values[0])]
        apart_of_known = self._apart(known.predicted)
        for _ in range(rounds if self.influential.any() else 0):
            normals = np.concatenate([found.normals, known.normals])[:, self.influential]
            apart = np.concatenate([self._apart(found.predicted), apart_of_known])
            asked = np.tile(start, (BATCH, 1))
            asked[:, self.influential] = asked_next(normals, apart, int(np.argmin(values)), radius, self.rng)
            batch = self._evaluated(asked)
            of_batch, before = self._objectives(batch), min(values)
            # the first of a batch is its shortest step: a best there says that the approximation ends there
            radius *= 1.2 if min(of_batch) < before and np.argmin(of_batch) > 0 else 0.8
            found = Evaluated(
                np.concatenate([found.normals, batch.normals]),
                np.concatenate([found.predicted, batch.predicted]),
            )
            values += of_batch
            trace.append((len(values), min(values)))
        k = int(np.argmin(values))
        predicted = found.predicted[k]
        return Best(found.normals[k], predicted, self.targets.deviations(predicted[None])[0], trace, found)

    def _evaluated(self, normals: np.ndarray) -> Evaluated:
        return Evaluated(normals, self.evaluate(normals))

    def _apart(self, predicted: np.ndarray) -> np.ndarray:
        apart: np.ndarray = self.targets.deviations(predicted) * self.fitted
        return apart

    def _objectives(self, evaluated: Evaluated) -> list[float]:
        normals = evaluated.normals[:, self.influential]
        return [objective(a, d) for a, d in zip(normals, self._apart(evaluated.predicted), strict=True)]


def write(
    run: CalibrationRun, fitted: Fitted, targets: Targets, folder: SweepFolder
) -> "dict[str, pd.DataFrame]":
    """Write the tables, the pictures and the fitted disease; return the tables."""
    from analysis.pages.calibration_pages import draw_calibration

    made = tables(run, fitted, targets)
    for name, table in made.items():
        folder.table(f"{name}.csv", table)
    disease = fitted_disease(run, fitted, int(targets.comparable.sum()))
    (folder.path / DISEASE).write_bytes(disease.encode())
    draw_calibration(made, folder.path)
    return made


def ship(made: "dict[str, pd.DataFrame]", folder: Path) -> None:
    """Put the fitted disease and its tables into conf/, from a calibration's tables and complete folder."""
    with undisturbed():
        for name in SHIPPED:
            table = made[name].to_csv(index=False, lineterminator="\n")
            write_whole(CONF / f"{name}.csv", table.encode())
        write_whole(CONF / "disease" / DISEASE, (folder / DISEASE).read_bytes())


def tables(run: CalibrationRun, fitted: Fitted, targets: Targets) -> "dict[str, pd.DataFrame]":
    """Return the tables of a calibration, by name."""
    import pandas as pd

    from analysis.fitting import posterior
    from experiments.calibrating import predictions

    refits = np.full(len(targets.all), np.nan)
    for name, refit in fitted.refits.items():
        its = np.array([trial.name == name for trial, _ in targets.all])
        refits[its] = refit.predicted[its]
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
        "discrepancy": predictions.discrepancy_table(fitted.discrepancy, targets.figures),
        "left_out": predictions.left_out_table(targets.compared, fitted.left_out, refits[targets.comparable]),
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
