"""The figures of a lesson, from the counts of its runs: each run is simulated once, when first needed."""

import dataclasses
import math
from collections.abc import Iterable, Mapping

from analysis.tables.economics import QUANTITIES, worth
from analysis.tables.estimates import of_1000
from conf.lesson import Lesson, run_of
from conf.lesson_figures import OVER_REPETITIONS, OWN, PATIENTS, PER, VALUE, Figure, value_of
from conf.run import Run
from conf.sizes import check_run
from experiments.simulating.cohort import Simulated, simulate
from sim.counting.outcomes import SCALE, Key

Group = tuple[str, int]  # a change of the lesson's scenario, by its name, and a replication


class Measured:
    """Measures a lesson's figures; within ``composing``. ``patients``: so many instead of its own."""

    def __init__(self, lesson: Lesson, patients: int | None = None) -> None:
        self.lesson = lesson
        self.patients = patients
        self._composed_runs: dict[str, Run] = {}
        self._runs: dict[Group, Simulated] = {}

    def run(self, change: str = "", replication: int = 0) -> Simulated:
        """Return the counts of a run of the lesson. Raises InputError where so many patients do not fit."""
        group = (change, replication)
        if group not in self._runs:
            if change not in self._composed_runs:
                self._composed_runs[change] = self._composed(self.lesson.changes()[change])
            run = dataclasses.replace(self._composed_runs[change], replication=replication)
            self._runs[group] = simulate(run)
        return self._runs[group]

    def changed(self, change: Mapping[str, object]) -> Simulated:
        """Return the counts of a run of the lesson with a change of its scenario."""
        return simulate(self._composed(change))

    def currency(self, change: Mapping[str, object]) -> str:
        """Return the currency of costs with a change of the scenario; nothing where they are not counted."""
        economics = run_of(self.lesson, change).economics
        return "" if economics is None else economics.currency

    def _composed(self, change: Mapping[str, object]) -> Run:
        run = run_of(self.lesson, change)
        patients = run.patients if self.patients is None else self.patients
        # Few patients, but many repetitions: the compiled clock gives the same results.
        run = dataclasses.replace(run, patients=patients, clock="compiled")
        check_run(run)
        return run

    def values(self, names: Iterable[str] | None = None) -> dict[str, float]:
        """Return the value of each figure, or of those that are named, by name."""
        figures = self.lesson.figures
        asked = figures if names is None else names
        return {name: self._value(name) for name in asked}

    def each_repetition(self, name: str) -> list[float]:
        """Return a figure in every repetition."""
        return [self._value(name, k) for k in range(self.lesson.scenario.repetitions)]

    def spread(self) -> dict[str, list[float]]:
        """Return the figures whose lowest, highest or number below zero is asked, in every repetition."""
        asked = [each.of[0] for each in self.lesson.figures.values() if each.kind in OVER_REPETITIONS]
        return {name: self.each_repetition(name) for name in dict.fromkeys(asked)}

    def waits(self, run: Simulated) -> dict[tuple[str, str], float]:
        """Return the median days of the waits that the lesson has figures of, by policy and step."""
        steps = {each.what for each in self.lesson.figures.values() if each.kind == "wait"}
        return {(policy, step): _waited(run, policy, step) for policy in run.tallies for step in steps}

    def _value(self, name: str, repetition: int = 0) -> float:
        repetitions = self.lesson.scenario.repetitions
        return value_of(name, self.lesson.figures, self._measure, repetitions, repetition)

    def _measure(self, figure: Figure, repetition: int) -> float:
        own = self.lesson.scenario.repetitions if figure.luck == OWN else 0
        run = self.run(figure.setting, own + repetition)
        if figure.kind == "wait":
            return _waited(run, figure.policy, figure.what)
        tally = run.tallies[figure.policy]
        if figure.kind == VALUE:
            return PER * float(worth(tally).means[QUANTITIES.index(figure.what)])
        key = Key(*figure.key())
        if figure.unit != PATIENTS:
            n, total, _ = tally.sums[key].reshape(-1, 3).sum(axis=0).tolist()
            return total / n / SCALE.get(figure.what, 1.0) if n else math.nan
        return of_1000(tally.binary[key])


def _waited(run: Simulated, policy: str, step: str) -> float:
    """Return the median wait for a step in days: 0 without queues, NaN where nobody was served."""
    if not run.waits:
        return 0.0
    waits = run.waits[policy]
    return float(waits.loc[waits["step"] == step, "median_days"].iloc[0])
