"""Composing a run by Hydra, once or for each job of a multirun, and running it."""

import importlib
import shlex
import sys
import traceback
from collections.abc import Mapping

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from conf.composition import composing, refuse_shadows
from conf.hydra_errors import input_error_of
from conf.input_error import InputError, nearest
from conf.origins import annotated, origins
from conf.request import FOREIGN, Request, request
from experiments.cli.arguments import CommandLine, read_words
from experiments.results.ending import IncompleteError, say_error, stopped


def launch(name: str, task: str, words: list[str]) -> int:
    """Run ``task`` (``module:function``) on ``conf/<name>.yaml`` and the words; print each run's folder.

    Return the exit status: 0, or the highest of a multirun's jobs. Raises InputError for words that cannot be
    composed.
    """
    asked = read_words(words)
    command = shlex.join(["lrrc", name, *words])
    with composing(asked.config_dir):
        refuse_shadows()
        if not asked.multirun:
            composed = request(name, asked.overrides, command)
            if asked.print_only:
                print(as_yaml(composed.config, asked, origins(name, asked.overrides)))
                return 0
            return run(task, name, composed)
        # All are composed before one is run, so that a wrong word costs nothing.
        requests = [(label, request(name, words, command)) for label, words in jobs(name, asked.overrides)]
        statuses = []
        for number, (label, composed) in enumerate(requests):
            if composed.config.get("out") is not None:
                composed.config.out = f"{composed.config.out}/{number}"
            statuses.append(run(task, name, composed, f"run {number} ({label}): "))
        return max(statuses, default=0)


def run(task: str, name: str, composed: Request, label: str = "") -> int:
    """Run one task, print its folder or what is wrong, and return the exit status.

    Reported here, so that one job's failure leaves the others of a multirun alone.
    """
    module, function = task.split(":")
    try:
        print(getattr(importlib.import_module(module), function)(composed))
        return 0
    except (InputError, *FOREIGN) as error:
        if stopped():
            raise
        say_error(f"{label}{error if isinstance(error, InputError) else input_error_of(error, name)}")
        return 2
    except IncompleteError as error:
        say_error(f"{label}{error}")
        return 1
    except Exception:
        if stopped():
            raise
        print(f"lrrc: {label}a fault of the program:", file=sys.stderr)
        traceback.print_exc()
        return 1


def jobs(name: str, overrides: list[str]) -> list[tuple[str, list[str]]]:
    """Return the jobs of a multirun: what differs between them, in words, and the overrides of each."""
    try:
        parser = OverridesParser.create(GlobalHydra.instance().config_loader())
        parsed = parser.parse_overrides(overrides)
        swept = {override.get_key_element() for override in parsed if override.is_sweep_override()}
        batches = BasicSweeper.split_arguments(parsed, None)[0]
    except FOREIGN as error:
        raise input_error_of(error, name) from error
    return [
        (",".join(word for word in words if word.partition("=")[0] in swept).replace("'", ""), words)
        for words in map(list, batches)
    ]


def as_yaml(config: DictConfig, asked: CommandLine, found: Mapping[str, str]) -> str:
    """Return the configuration, or the package of it that is asked for, as YAML.

    ``found``: where each value comes from, by its full key; said in comments.
    """
    try:
        if asked.package is None:
            return annotated(config, found, "", asked.resolve)
        part = OmegaConf.select(config, asked.package, throw_on_missing=True)
        if part is None:
            keys = [str(key) for key in config]
            raise InputError(
                f"--package {asked.package}: there is no such part{nearest(asked.package, keys)}"
            )
        head = f"# @package {asked.package}"
        if isinstance(part, DictConfig):
            return f"{head}\n{annotated(part, found, asked.package, asked.resolve)}".rstrip()
        origin = f"\n# {found[asked.package]}" if asked.package in found else ""
        text = OmegaConf.to_yaml(part, resolve=asked.resolve) if OmegaConf.is_config(part) else f"{part}"
        return f"{head}{origin}\n{text}".rstrip()
    except OmegaConfBaseException as error:
        raise input_error_of(error, "") from error
