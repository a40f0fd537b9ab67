"""Hydra's errors, in the words of this project."""

import re
from contextlib import nullcontext

import yaml
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import ConfigCompositionException, MissingConfigException, OverrideParseException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from conf import schema
from conf.composition import CONF, chosen_groups, composed, composing, plain
from conf.economics import ECONOMICS
from conf.input_error import InputError, choice, nearest, shown
from conf.policies import LEVERS


def input_error_of(error: Exception, experiment: str) -> InputError:
    """Return the refusal that says what Hydra, OmegaConf or the YAML reader could not do, in one line."""
    text = str(error) or str(error.__cause__)
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        return _unknown_option(error.missing_cfg_file, list(error.options or []))
    if isinstance(error, OverrideParseException):
        return InputError(
            f"{shown(error.override)}: not understood; write key=value, and quote a value with special "
            "characters"
        )
    if isinstance(error, yaml.YAMLError):
        return InputError(f"not valid YAML: {_one_line(text)}")
    if isinstance(error, ConfigCompositionException):
        if found := re.search(r"Could not override '([^']*)'", text):
            value = re.search(r"=(.*)$", text)
            return _unknown_key(found[1], value[1] if value else "", experiment)
        if found := re.search(r"Ambiguous value for argument '([^=]*)=(.*)'", text):
            return InputError(
                f"{found[1]}={found[2]}: several values; write a list as {found[1]}=[{found[2]}], "
                "or add -m to make a run for each value"
            )
        if found := re.search(r"Sweep parameters '(.*)' requires", text):
            return InputError(f"{found[1]}: several values; add -m to make a run for each value")
    cause = error if isinstance(error, OmegaConfBaseException) else error.__cause__
    if isinstance(cause, OmegaConfBaseException):
        key = f"{cause.full_key}: " if cause.full_key else ""
        return InputError(f"{key}{_one_line(cause.msg or str(cause))}")
    return InputError(_one_line(text))


def _unknown_key(key: str, value: str, experiment: str) -> InputError:
    """Return the refusal of a key, with who has it, or else the most similar of the experiment's own."""
    if key in LEVERS or key == "policy":
        return schema.unknown_key(key, value)
    if others := [file.stem for file in sorted(CONF.glob("*.yaml")) if key in OmegaConf.load(file)]:
        return InputError(
            f"{key}={shown(value)}: lrrc {experiment} has no key {key}; lrrc {others[0]} has it"
        )
    if key in schema.economics_keys():
        return InputError(
            f"{key}={shown(value)}: cannot be set; choose prices and utilities first, as in economics=dutch, "
            "and add a rate as in +economics.rates.EUR_2014=1.2"
        )
    is_ready = GlobalHydra.instance().is_initialized()
    with nullcontext() if is_ready else composing():
        config = plain(composed(experiment)[0], resolve=False)
    own = [*chosen_groups(experiment), *(leaf for top in config for leaf in schema.leaves(top, config[top]))]
    if ECONOMICS in own:
        own += schema.economics_keys()  # those of none would not be there
    name = shown(key)  # in one line, whatever it holds
    return InputError(f"{name}={shown(value)}: there is no key {name}{nearest(key, own)}")


def _unknown_option(file: str, names: list[str]) -> InputError:
    group, _, name = file.rpartition("/")
    if not group:
        return InputError(f"{file}: there is no configuration file of this name")
    return InputError(f"{group}={name}: there is no such {group}{choice(name, names)}")


def _one_line(text: str) -> str:
    # Hydra adds search paths and links below; the first lines hold what went wrong.
    return "; ".join(
        line.strip()
        for line in text.splitlines()
        if line.strip() and not re.match(r"\s*(full_key|object_type)", line)
    )
