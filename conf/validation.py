"""The typed settings of ``lrrc validate``: which trials, with which disease, on how many patients."""

from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig

from conf import relations, sizes, units
from conf.composition import plain
from conf.input_error import InputError
from conf.life_table import LIFE_TABLE
from conf.policies import Policy
from conf.run import Tree
from conf.schema import checked, read_flag, read_folder, shipped, shipped_sections, unknown_key
from conf.trials import Trial, read_trials

VALIDATION_KEYS = ("trials", "patients", "most_patients", "seed", "out", "pictures")


@dataclass(frozen=True, kw_only=True)
class TrialsRun:
    """Trials to emulate: ``patients`` an arm at first, more where the simulation's own error would show.

    Raises InputError where the disease breaks a relation of ``conf/relations.py``.
    """

    trials: tuple[Trial, ...]
    patients: int
    seed: int
    out: Path | None
    parameters: dict[str, Tree]
    replication: int = 0

    def __post_init__(self) -> None:
        relations.check(self.parameters)

    @property
    def policies(self) -> tuple[Policy, ...]:
        """Return the policies of all arms, each once."""
        return tuple({name: policy for t in self.trials for name, policy in t.policies().items()}.values())

    def resolved(self) -> Tree:
        """Return everything as it was understood, as plain values."""
        return {
            "trials": {trial.name: resolved_trial(trial) for trial in self.trials},
            "patients": self.patients,
            "seed": self.seed,
            "out": None if self.out is None else str(self.out),
            **self.parameters,
        }


@dataclass(frozen=True, kw_only=True)
class ValidationRun(TrialsRun):
    """A validation, on at most ``most_patients`` an arm."""

    most_patients: int
    pictures: bool

    def resolved(self) -> Tree:
        return {"most_patients": self.most_patients, "pictures": self.pictures, **super().resolved()}


def resolved_trial(trial: Trial) -> Tree:
    """Return a trial as it was understood, as plain values: every lever and number of every arm."""
    return {
        "title": trial.title,
        "set": trial.set,
        "eligibility": [condition.text for condition in trial.eligibility],
        "follow_up_years": trial.follow_up_years,
        "arms": {
            name: {
                "policies": [
                    {"name": policy.name, "share": share, **policy.levers()} for policy, share in arm.policies
                ],
                "cohort": {**arm.cohort, LIFE_TABLE: arm.life_table.name},
                LIFE_TABLE: arm.life_table.content(),
            }
            for name, arm in trial.arms.items()
        },
        "endpoints": [endpoint.resolved() for endpoint in trial.endpoints],
    }


def without_words(resolved: object) -> object:
    """Return plain values without a trial's title and notes, which nothing that is simulated depends on."""
    if isinstance(resolved, dict):
        return {key: without_words(value) for key, value in resolved.items() if key not in ("title", "note")}
    return [without_words(value) for value in resolved] if isinstance(resolved, list) else resolved


def read_validation(config: DictConfig) -> ValidationRun:
    """Return the composed configuration, checked. Hydra must be initialised. Raises InputError."""
    given = plain(config, throw_on_missing=True)
    parameters = read_parameters(given, VALIDATION_KEYS)
    patients = units.whole("patients", given["patients"], 1)
    most_patients = units.whole("most_patients", given["most_patients"], 1)
    if patients > most_patients:
        raise InputError(
            f"patients={patients}, most_patients={most_patients}: patients must not exceed most_patients; "
            "a run starts with the first and stops at the second"
        )
    run = ValidationRun(
        patients=patients,
        most_patients=most_patients,
        seed=units.whole("seed", given["seed"], 0),
        out=read_folder(given["out"]),
        pictures=read_flag("pictures", given["pictures"]),
        parameters=parameters,
        # Last: there are many files to read, and a wrong word should be refused at once.
        trials=tuple(read_trials(given["trials"])),
    )
    sizes.check_trials(run.trials, most_patients, 1, "most_patients")
    return run


def read_parameters(given: Tree, settings: tuple[str, ...]) -> dict[str, Tree]:
    """Return the sections of the disease, checked; every other key must be one of the settings.

    Raises InputError.
    """
    sections = shipped_sections()
    for key, value in given.items():
        if key not in (*settings, *sections):
            raise unknown_key(key, value)
    for key in (*settings, *sections):
        if key not in given:
            raise InputError(f"{key}: missing; the configuration must hold it")
    return {s: checked(s, given[s], shipped(f"parameters/{s}")) for s in sections}
