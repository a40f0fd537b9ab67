"""Running an experiment through Hydra, once or for each job of a sweep."""

import importlib
import os
import re
import shlex
import sys
import tempfile
import traceback

import hydra
import yaml
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from conf.input_error import InputError
from conf.library import refuse_shadows
from experiments.ending import say_error, stopped
from experiments.translation import input_error_of

FOREIGN = (HydraException, OmegaConfBaseException, yaml.YAMLError)
# A run's folder is this project's own; Hydra would leave others beside it.
QUIET = (
    "hydra/job_logging=none",
    "hydra/hydra_logging=none",
    "hydra.output_subdir=null",
    "hydra.sweep.subdir=.",
)
# Values of these keys that Hydra understands without quotes: words, numbers, and lists of trials.
UNQUOTED = {"find": r"[\w,.]*", "trial": r"[\w,]*|\[.*\]"}


class IncompleteError(Exception):
    """A run that kept what it did, and says why it could not do all; the exit status is 1."""


def launch(name: str, task: str, words: list[str]) -> int:
    """Run ``task`` (``module:function``) on ``conf/<name>.yaml`` and the words; print each run's folder.

    Return the exit status: 0, or the highest of a sweep's jobs. Raises InputError for words that Hydra cannot
    compose.
    """
    os.environ["HYDRA_FULL_ERROR"] = "1"  # errors reach us, instead of being printed by Hydra
    module, function = task.split(":")
    command = shlex.join(["lrrc", name, *words])
    statuses: list[int] = []

    def job(config: DictConfig) -> None:
        label = place_in_sweep(config)
        try:
            refuse_shadows()
            print(getattr(importlib.import_module(module), function)(config, command))
            statuses.append(0)
        # Told here, not by Hydra, so that one job's failure leaves the others of a sweep alone.
        except (InputError, *FOREIGN) as error:
            if stopped():
                raise
            known = error if isinstance(error, InputError) else input_error_of(error, name)
            say_error(f"{label}{known}")
            statuses.append(2)
        except IncompleteError as error:
            say_error(f"{label}{error}")
            statuses.append(1)
        except Exception:
            if stopped():
                raise
            print(f"lrrc: {label}a fault of the program:", file=sys.stderr)
            traceback.print_exc()
            statuses.append(1)

    overrides = [word for word in words if not word.startswith("-") and ("=" in word or word[:1] == "~")]
    options = [word for word in words if word not in overrides]
    overrides = [quoted(word) for word in overrides]
    before = sys.argv
    with tempfile.TemporaryDirectory(prefix="lrrc-") as scratch:
        folders = [f"hydra.run.dir='{scratch}'", f"hydra.sweep.dir='{scratch}'"]
        # Overrides in one row: argparse takes no others.
        sys.argv = [f"lrrc {name}", *options, *QUIET, *folders, *overrides]
        try:
            hydra.main(version_base=None, config_path="pkg://conf", config_name=name)(job)()
        except FOREIGN as error:
            raise input_error_of(error, name) from error
        except ValueError as error:  # Hydra's, for a group that is set to null: it does not name the group
            raise InputError(f"{' '.join(overrides)}: {error}") from error
        finally:
            sys.argv = before
    return max(statuses, default=0)


def quoted(word: str) -> str:
    """Return a condition or a path in the quotes that Hydra asks for, and any other word as it is."""
    key, _, value = word.partition("=")
    if key not in UNQUOTED:
        return word
    if not re.fullmatch(UNQUOTED[key] + r"|(['\"]).*\1", value):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        value = f"'{escaped}'"
    # Without its s, trial is a group to Hydra, of which one file is chosen.
    return f"{'trials' if key == 'trial' else key}={value}"


def place_in_sweep(config: DictConfig) -> str:
    """Give a job of a sweep a folder of its own within ``out``, and return its name for messages."""
    hydra_config = HydraConfig.get()
    if hydra_config.mode is not RunMode.MULTIRUN:
        return ""
    if config.get("out") is not None:
        config.out = f"{config.out}/{hydra_config.job.num}"
    return f"run {hydra_config.job.num} ({hydra_config.job.override_dirname}): "
