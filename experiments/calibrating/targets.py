"""The endpoints that a disease is fitted to, and how far what it shows lies from what was published."""

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from analysis.fitting.discrepancy import Figures, fit_errors, kind
from conf.calibration import CalibrationRun
from conf.discrepancy import Discrepancy
from experiments.simulating.precise import precise

if TYPE_CHECKING:
    from analysis.tables.endpoints import Scale
    from analysis.tables.validation import EndpointComparison
    from conf.trials import Trial

MOST_TIMES_PATIENTS = 8
MOST_ERROR = 0.5  # of the simulation beside the published one, for most endpoints of a trial
FARTHEST = 20.0  # a deviation beyond this many standard errors says no more


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

    @cached_property
    def comparable(self) -> np.ndarray:
        """Return which endpoints can be compared, bool, shape (endpoints,)."""
        return np.array([one.comparable for _, one in self.all])

    @cached_property
    def figures(self) -> Figures:
        """Return the published figures of the comparable endpoints, on their scales."""
        return Figures(
            np.array([scale.of(one.endpoint.published) for one, scale in self._scaled]),
            np.array([scale.error_below for _, scale in self._scaled]),
            np.array([scale.error_above for _, scale in self._scaled]),
            np.array([kind(one.endpoint, scale.name) for one, scale in self._scaled]),
            np.array([trial.name for trial, one in self.all if one.comparable]),
        )

    def on_scales(self, predicted: np.ndarray) -> np.ndarray:
        """Return predictions of the comparable endpoints on their scales, shape (members, comparable).

        ``predicted``: shape (members, endpoints).
        """
        return np.array(
            [
                [
                    scale.of(value)
                    for (_, scale), value in zip(self._scaled, line[self.comparable], strict=True)
                ]
                for line in predicted
            ]
        )

    def weights(self, discrepancy: Discrepancy, predicted: np.ndarray) -> np.ndarray:
        """Return what a fit multiplies deviations by, shape (endpoints,), so that their errors are 1.

        The errors are then those of sampling and discrepancy together. ``predicted``: shape (endpoints,).
        """
        shown = self.on_scales(predicted[None])[0]
        weights = np.ones(len(self.all))
        weights[self.comparable] = self.figures.errors(shown) / fit_errors(self.figures, discrepancy, shown)
        return weights

    @property
    def compared(self) -> "list[tuple[Trial, EndpointComparison]]":
        """Return the endpoints that can be compared."""
        return [both for both in self.all if both[1].comparable]

    @cached_property
    def _scaled(self) -> "list[tuple[EndpointComparison, Scale]]":
        from analysis.tables.endpoints import scale_of

        return [(one, scale_of(one.endpoint, one.low, one.high)) for _, one in self.compared]


def _small_for_most(endpoints: "list[EndpointComparison]") -> bool:
    # Infinity has no quantile.
    errors = [min(one.error_beside_published, FARTHEST) for one in endpoints if one.endpoint.judged]
    return not errors or bool(np.quantile(errors, 0.8) <= MOST_ERROR)
