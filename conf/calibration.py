"""The typed settings of ``lrrc calibrate``: which numbers are fitted to which trials, and how thoroughly."""

from dataclasses import dataclass

from omegaconf import DictConfig

from conf import sizes, units
from conf.composition import plain
from conf.compute import MOST_AT_ONCE
from conf.input_error import InputError, nearest, shown
from conf.run import Tree
from conf.schema import read_flag, read_folder
from conf.trials import read_trials
from conf.uncertain import Uncertain, uncertain_numbers
from conf.validation import TrialsRun, read_parameters

CALIBRATION_KEYS = (
    "trials", "fitted", "patients", "ensemble", "steps", "search_evaluations", "refits", "seed", "workers",
    "ship", "out",
)  # fmt: skip
FEWEST_MEMBERS = 20


@dataclass(frozen=True, kw_only=True)
class CalibrationRun(TrialsRun):
    """A calibration: the endpoints of ``trials`` are the targets, ``numbers`` are fitted.

    ``refits``: names of trials without each of which the best fit is searched again.
    """

    numbers: tuple[Uncertain, ...]
    ensemble: int
    steps: int
    search_evaluations: int
    refits: tuple[str, ...]
    workers: int | None
    ship: bool

    def resolved(self) -> Tree:
        return {
            "fitted": [number.key for number in self.numbers],
            "ensemble": self.ensemble,
            "steps": self.steps,
            "search_evaluations": self.search_evaluations,
            "refits": list(self.refits),
            "workers": self.workers,
            "ship": self.ship,
            **super().resolved(),
        }


def read_calibration(config: DictConfig) -> CalibrationRun:
    """Return the composed configuration, checked. Hydra must be initialised. Raises InputError."""
    given = plain(config, throw_on_missing=True)
    parameters = read_parameters(given, CALIBRATION_KEYS)
    fitted = given["fitted"]
    if fitted is not None and not (
        isinstance(fitted, list) and fitted and all(isinstance(key, str) for key in fitted)
    ):
        raise InputError(
            f"fitted={shown(fitted)}: must be a list of sections or keys, as in [margin], or null"
        )
    workers, refits = given["workers"], given["refits"]
    if not (isinstance(refits, list) and all(isinstance(name, str) for name in refits)):
        raise InputError(f"refits={shown(refits)}: must be a list of trials, as in [dutch_tme]")
    run = CalibrationRun(
        patients=units.whole("patients", given["patients"], 1),
        ensemble=units.whole("ensemble", given["ensemble"], FEWEST_MEMBERS),
        steps=units.whole("steps", given["steps"], 1),
        search_evaluations=units.whole("search_evaluations", given["search_evaluations"], 0),
        refits=tuple(refits),
        seed=units.whole("seed", given["seed"], 0),
        workers=None if workers is None else units.whole("workers", workers, 1, MOST_AT_ONCE),
        ship=read_flag("ship", given["ship"]),
        out=read_folder(given["out"]),
        parameters=parameters,
        # Last: there are many files to read, and a wrong word should be refused at once.
        numbers=tuple(uncertain_numbers(fitted)),
        trials=tuple(read_trials(given["trials"])),
    )
    names = [trial.name for trial in run.trials]
    for name in run.refits:
        if name not in names:
            raise InputError(
                f"refits={name}: must be one of the trials that are fitted{nearest(name, names)}"
            )
    sizes.check_calibration(run)
    return run
