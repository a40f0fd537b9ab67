"""The typed scenario of ``lrrc patient``: a run, and which patient to describe."""

import dataclasses
from dataclasses import dataclass

from omegaconf import DictConfig, OmegaConf

from conf import units
from conf.composition import plain
from conf.input_error import InputError, shown
from conf.run import Run, Tree
from conf.schema import read_run

# What other experiments set, and what it is here.
NOT_SET = {
    "clock": "auto", "rows": False, "journal": False, "pictures": True, "published": [], "question": None,
}  # fmt: skip


@dataclass(frozen=True)
class PatientRun(Run):
    """A run of which one patient is described: the one of this number, or the first that fits a condition."""

    number: int | None
    find: str | None

    def resolved(self) -> Tree:
        """Return everything as it was understood, as plain values."""
        tree = {key: value for key, value in super().resolved().items() if key not in NOT_SET}
        return {**tree, "number": self.number, "find": self.find}


def read_patient(config: DictConfig) -> PatientRun:
    """Return the composed configuration, checked. Hydra must be initialised.

    Raises InputError as ``read_run`` does, and where it is not said which patient to describe.
    """
    given = plain(config)
    number, find = given.pop("number", None), given.pop("find", None)
    # A scenario may bring published figures and a question; they say nothing of one patient.
    run = read_run(OmegaConf.create({**given, **NOT_SET}))
    if (number is None) == (find is None):
        asked = "both are set; set one of them" if find is not None else "neither is set"
        raise InputError(
            f"number and find: {asked}, as in number=17 or find=averted (a recurrence that a policy averts)"
        )
    if number is not None:
        number = units.whole("number", number, 0)
        if number >= run.patients:
            raise InputError(
                f"number={number}: there is no such patient; with patients={run.patients} "
                f"they are numbered from 0 to {run.patients - 1}"
            )
    elif not isinstance(find, str) or not find.strip():
        raise InputError(f"find={shown(find)}: must be a word or a condition, as in find=averted")
    # Shallow: the parts stay what they are.
    settings = {field.name: getattr(run, field.name) for field in dataclasses.fields(Run)}
    return PatientRun(**settings, number=number, find=find)
