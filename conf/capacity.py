"""The typed scenario of ``lrrc capacity``: a run with several clinics."""

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from omegaconf import DictConfig, OmegaConf

from conf import composition as library
from conf import sizes, units
from conf.input_error import InputError, choice, shown
from conf.run import Run, Tree
from conf.schema import read_clinic, read_run

EXPERIMENT = "capacity"
# What other experiments set, and what it is here.
NOT_SET: Tree = {"comparator": None, "rows": False, "journal": False, "published": [], "question": None}


@dataclass(frozen=True)
class CapacityRun(Run):
    """A run in several clinics, by name; ``clinic`` is the first."""

    clinics: dict[str, Tree]
    target_share: float

    def inside(self, clinic: Tree) -> "CapacityRun":
        """Return the run in this clinic."""
        return dataclasses.replace(self, clinic=clinic)

    def resolved(self) -> Tree:
        """Return everything as it was understood, as plain values; the clinics by name."""
        tree = {key: value for key, value in super().resolved().items() if key not in NOT_SET}
        return {
            **tree,
            "clinics": list(self.clinics),
            "target_share": self.target_share,
            "clinic": self.clinics,
        }


def compose_capacity(*overrides: str) -> CapacityRun:
    """Return the run that ``lrrc capacity <overrides>`` would make; not for use within the command."""
    with library.composing():
        return read_capacity(library.composed(EXPERIMENT, overrides)[0], overrides)


def read_capacity(config: DictConfig, overrides: Sequence[str]) -> CapacityRun:
    """Return the composed configuration, checked. Hydra must be initialised; ``overrides`` as it got them.

    Raises InputError as ``read_run`` does, and for a clinic that there is not.
    """
    given = library.plain(config)
    names = given.pop("clinics", None)
    share = units.number("target_share", given.pop("target_share", None), units.FRACTION)
    for override in overrides:
        if override.startswith("clinic="):
            raise InputError(f"{override}: name clinics in a list, as in clinics=[{override[7:] or '...'}]")
    trees = _clinics(names, [override for override in overrides if override.startswith("clinic.")])
    given["clinic"] = next(iter(trees.values()))
    with _inside(next(iter(trees))):
        run = read_run(OmegaConf.create({**given, **NOT_SET}))
    clinics = {}
    for name, tree in trees.items():
        with _inside(name):
            clinics[name] = read_clinic(tree, run.policies, run.parameters)
            sizes.check_attended(dataclasses.replace(run, clinic=clinics[name]))
    # Shallow: the parts stay what they are.
    settings = {field.name: getattr(run, field.name) for field in dataclasses.fields(Run)}
    return CapacityRun(**settings, clinics=clinics, target_share=share)


@contextmanager
def _inside(clinic: str) -> Iterator[None]:
    """Name the clinic in whose numbers a fault is."""
    try:
        yield
    except InputError as error:
        if "clinic." in str(error):
            raise InputError(f"{error} (in clinic {clinic})") from error
        raise


def _clinics(names: object, changes: list[str]) -> dict[str, Tree]:
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise InputError(f"clinics={shown(names)}: must be a list of clinics, as in clinics=[regional]")
    known = library.options("clinic")
    for name in names:
        if name not in known:
            raise InputError(f"clinics={shown(names)}: there is no clinic {name}{choice(name, known)}")
        if names.count(name) > 1:
            raise InputError(f"clinics={shown(names)}: {name} appears twice; name each clinic once")
    return {
        name: library.plain(library.composed(EXPERIMENT, [f"clinic={name}", *changes])[0].clinic)
        for name in names
    }
