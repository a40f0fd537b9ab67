"""Composing a run by Hydra, once or for each job of a multirun, and running it."""

import importlib
import itertools
import math
import shlex
import sys
import traceback
from collections.abc import Mapping

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override, RangeSweep
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from conf import used_files
from conf.composition import chosen_groups, composing, options, refuse_shadows
from conf.hydra_errors import input_error_of
from conf.input_error import InputError, choice, nearest
from conf.origins import annotated, origins
from conf.request import FOREIGN, Request, request
from experiments.cli.arguments import CommandLine, read_words
from experiments.results.ending import IncompleteError, say_error, stopped

MOST_RUNS = 1_000  # of a multirun, all composed before the first; lrrc sweep takes more points


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
        listed = jobs(name, asked.overrides)
        for _, words in listed:
            request(name, words, command)
        statuses = []
        for number, (label, words) in enumerate(listed):
            used_files.begin()  # each run notes its own
            composed = request(name, words, command)
            if composed.config.get("out") is not None:
                composed.config.out = f"{composed.config.out}/{number}"
            statuses.append(run(task, name, composed, f"run {number} ({label}): "))
        return max(statuses)


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
    """Return the jobs of a multirun: what differs between them, in words, and the overrides of each.

    Raises InputError for words that stand for no value at all, or for more runs than are allowed.
    """
    try:
        parser = OverridesParser.create(GlobalHydra.instance().config_loader())
        parsed = parser.parse_overrides(overrides)
        swept = [word for word in parsed if word.is_sweep_override()]
        if math.prod(_count(word, name) for word in swept) > MOST_RUNS:
            words = " ".join(str(word.input_line) for word in swept)
            raise InputError(
                f"{words}: more than {MOST_RUNS:,} runs, and -m makes at most {MOST_RUNS:,}; "
                "lrrc sweep varies more"
            )
        batches = BasicSweeper.split_arguments(parsed, None)[0]
    except FOREIGN as error:
        raise input_error_of(error, name) from error
    keys = {word.get_key_element() for word in swept}
    return [
        (",".join(word for word in words if word.partition("=")[0] in keys).replace("'", ""), words)
        for words in map(list, batches)
    ]


def _count(word: Override, name: str) -> int:
    """Return how many values a word stands for, without making more than are allowed.

    Raises InputError where there is none: Hydra would run nothing, and say nothing.
    """
    value = word.value()
    try:  # a range is counted before Hydra shuffles it, which makes a list of it
        values = value.range() if isinstance(value, RangeSweep) else word.sweep_iterator()
        if count := sum(1 for _ in itertools.islice(values, MOST_RUNS + 1)):
            return count
    except (HydraException, ValueError, ArithmeticError):  # an interval, a step of 0, nan
        pass
    key, groups = word.key_or_group, sorted(chosen_groups(name))
    if isinstance(value, RangeSweep):
        why = "a range goes from a number to another, which is not in it, as in range(1,4) or range(4,1,-1)"
    elif isinstance(value, IntervalSweep):
        why = f"an interval is no list; write several values, as in {key}=1,2,3, or a range, as in range(1,4)"
    elif key in groups:
        why = f"no {key} is meant{choice('', options(key))}"
    else:
        why = f"glob chooses among the files of a group, and {key} is none{choice(key, groups)}"
    raise InputError(f"{word.input_line}: stands for no value; {why}")


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
