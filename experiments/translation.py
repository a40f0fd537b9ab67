"""Hydra's errors, in the words of this project."""

import re

import yaml
from hydra.errors import ConfigCompositionException, MissingConfigException, OverrideParseException
from omegaconf.errors import OmegaConfBaseException

from conf.input_error import InputError, choice
from conf.schema import unknown_key


def input_error_of(error: Exception) -> InputError:
    """Return the refusal that says what Hydra, OmegaConf or the YAML reader could not do, in one line."""
    text = str(error) or str(error.__cause__)
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        return _unknown_option(error.missing_cfg_file, list(error.options or []))
    if isinstance(error, OverrideParseException):
        return InputError(
            f"{error.override}: not understood; write key=value, and quote a value with special characters"
        )
    if isinstance(error, yaml.YAMLError):
        return InputError(f"not valid YAML: {_one_line(text)}")
    if isinstance(error, ConfigCompositionException):
        if found := re.search(r"Could not override '([^']*)'", text):
            value = re.search(r"=(.*)$", text)
            return unknown_key(found[1], value[1] if value else "")
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
