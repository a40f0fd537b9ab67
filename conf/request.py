"""What an experiment is asked to do: a configuration, and the words that it was composed from."""

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import yaml
from hydra.errors import HydraException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from conf.composition import composed
from conf.hydra_errors import input_error_of
from conf.input_error import InputError
from conf.overrides import override, words

FOREIGN = (HydraException, OmegaConfBaseException, yaml.YAMLError)


@dataclass(frozen=True)
class Request:
    """A composed configuration, with what it was composed from.

    ``overrides``: the words that Hydra got; ``choices``: the file of each group; ``command``: as it was
    written, for the run's manifest.
    """

    config: DictConfig
    overrides: tuple[str, ...] = ()
    choices: dict[str, str] | None = None
    command: str = ""


def request(name: str, overrides: Sequence[str], command: str) -> Request:
    """Return a run of ``conf/<name>.yaml`` as these overrides change it; within ``composing``.

    Raises InputError for what cannot be composed.
    """
    try:
        config, choices = composed(name, overrides)
    except FOREIGN as error:
        raise input_error_of(error, name) from error
    except ValueError as error:  # Hydra's, for a group that is set to null: it does not name the group
        if isinstance(error, InputError):
            raise
        raise InputError(f"{' '.join(overrides)}: {error}") from error
    return Request(config, tuple(overrides), choices, command)


def request_of(
    name: str, settings: Mapping[str, object], config_dir: str | os.PathLike[str] | None = None
) -> Request:
    """Return a run of ``conf/<name>.yaml`` as settings in Python values change it; within ``composing``.

    Its ``command`` is the one that asks for the same. Raises InputError for what cannot be composed.
    """
    own = [] if config_dir is None else ["--config-dir", os.fspath(config_dir)]
    written = words(settings)
    return request(name, [*map(override, written)], shlex.join(["lrrc", name, *own, *written]))
