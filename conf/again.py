"""Composing a run again from what its folder kept, and saying what this version would do otherwise."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import OmegaConf

from conf.composition import CONF, plain
from conf.input_error import InputError, shown
from conf.overrides import override, refuse_outside, words
from conf.own_file import read_yaml
from conf.request import Request, request

# Keys whose value is the path of a file that the folder kept, or where the run is written.
FILES = {"trials": "trial", "posterior_from": "posterior.csv"}
NOT_THE_RUN = ("out", "workers", "compute", "pictures")


def again(
    name: str,
    experiment: str,
    recorded: Sequence[str],
    inputs: Path,
    changes: Sequence[str],
    command: str,
    made_by: str,
) -> Request:
    """Return the run that a folder describes, with changes; within ``composing`` its own files.

    ``recorded``: the overrides of the run; ``inputs``: the folder that has its files; ``changes``: overrides;
    ``made_by``: the version that made it. Where a shipped default has changed since, the run's own number is
    set. Raises InputError for a key that this version does not have, or has in addition.
    """
    changed = {_key(word) for word in changes}
    for word in recorded:
        refuse_outside(word)
    kept = [_moved(name, word, inputs) for word in recorded if _key(word) not in {*changed, "out"}]
    then = _leaves(read_yaml(inputs / "composed.yaml", f"{name}: composed.yaml"))
    now = _leaves(plain(request(experiment, kept, command).config, resolve=True))
    if gone := sorted(then.keys() - now.keys()):
        raise InputError(
            f"{name}: this version has no key {gone[0]}, which the run had{_others(gone)}; install {made_by}"
        )
    if new := sorted(now.keys() - then.keys()):
        raise InputError(
            f"{name}: this version has a key {new[0]} that the run did not have{_others(new)}; "
            f"install {made_by}"
        )
    own = {_key(word) for word in kept} | changed
    again = {key: then[key] for key in sorted(then) if key not in own and _differs(then[key], now[key])}
    return request(experiment, [*kept, *map(override, words(again)), *changes], command)


def changed_files(shipped: Mapping[str, Any]) -> list[str]:
    """Return which of the shipped files that a run read have changed since, or are gone."""
    changed = []
    for place, digest in shipped.items():
        path = CONF / place
        inside = path.resolve().is_relative_to(CONF.resolve())
        content = path.read_bytes().replace(b"\r\n", b"\n") if inside and path.is_file() else b""
        if hashlib.sha256(content).hexdigest() != digest:
            changed.append(place)
    return changed


def _others(keys: Sequence[str]) -> str:
    return f" (nor {len(keys) - 1} others)" if len(keys) > 1 else ""


def _key(word: str) -> str:
    return word.lstrip("+~").partition("=")[0]


def _moved(name: str, word: str, inputs: Path) -> str:
    """Return an override whose paths are those of the folder's own copies."""
    key = _key(word)
    if key not in FILES:
        return word
    try:
        value = OverridesParser.create().parse_override(word).value()
    except HydraException as error:
        raise InputError(f"{name}: overrides: {shown(word)} is not understood") from error
    several = value if isinstance(value, list) else [value]
    moved = [_moved_file(key, str(one), inputs) for one in several]
    (moved_word,) = words({key: moved if isinstance(value, list) else moved[0]})
    return override(moved_word)


def _moved_file(key: str, value: str, inputs: Path) -> str:
    if key == "posterior_from":
        return str(inputs / FILES[key])
    copy = inputs / FILES[key] / Path(value.replace("\\", "/")).name
    return str(copy) if value.endswith((".yaml", ".yml")) and copy.is_file() else value


def _differs(then: object, now: object) -> bool:
    return bool(yaml.safe_dump(then) != yaml.safe_dump(now))


def _leaves(tree: Any, key: str = "") -> dict[str, Any]:
    if isinstance(tree, Mapping) and tree:
        return {
            leaf: value
            for name, item in tree.items()
            if key or str(name) not in NOT_THE_RUN
            for leaf, value in _leaves(item, f"{key}.{name}" if key else str(name)).items()
        }
    return {key: OmegaConf.to_container(tree) if OmegaConf.is_config(tree) else tree}
