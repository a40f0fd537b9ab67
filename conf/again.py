"""Composing a run again from what its folder kept, and saying what this version would do otherwise."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from conf import used_files
from conf.composition import CONF, plain
from conf.input_error import InputError, shown
from conf.overrides import override, refuse_outside, words
from conf.own_file import GLOBAL, read_yaml
from conf.request import Request, request
from conf.run import leaf_values

# Keys whose value is the path of a file that the folder kept.
FILES = {"trials": "trial", "posterior_from": "posterior.csv"}
# Where a run is done and what else it writes is for whoever runs it again to say, not for the folder.
NOT_TAKEN = ("out", "workers", "compute", "ship")
NOT_THE_RUN = (*NOT_TAKEN, "pictures", "question")


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
    for word in recorded:
        refuse_outside(word)
    taken = [_moved(name, word, inputs) for word in recorded if top_key(word) not in NOT_TAKEN]
    then = _numbers(read_yaml(inputs / "composed.yaml", f"{name}: composed.yaml"))
    now = _numbers(plain(request(experiment, taken, command).config))
    if gone := sorted(then.keys() - now.keys()):
        others = f" (nor {len(gone) - 1} others)" if len(gone) > 1 else ""
        raise InputError(
            f"{name}: this version has no key {gone[0]}, which the run had{others}; install {made_by}"
        )
    if new := sorted(now.keys() - then.keys()):
        others = f" (and {len(new) - 1} others)" if len(new) > 1 else ""
        raise InputError(
            f"{name}: this version has a key {new[0]} that the run did not have{others}; install {made_by}"
        )
    changed = {key_of(word) for word in changes}
    # A change of the whole disease or scenario brings its own numbers, one of a group that group's.
    drifted = {} if changed.intersection(GLOBAL) else {k: then[k] for k in sorted(then) if then[k] != now[k]}
    kept = [word for word in taken if key_of(word) not in changed]
    set_before = {key_of(word) for word in taken}
    again = {
        key: value
        for key, value in drifted.items()
        if key not in set_before and not {key, top_key(key)} & changed
    }
    used_files.begin()  # what is not used any more is not kept
    return request(experiment, [*kept, *map(override, words(again)), *changes], command)


def _numbers(tree: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in leaf_values(tree).items() if top_key(key) not in NOT_THE_RUN}


def changed_files(shipped: Mapping[str, Any]) -> list[str]:
    """Return which of the shipped files that a run read have changed since, or are gone."""
    changed = []
    for place, digest in shipped.items():
        path = CONF / place
        inside = path.resolve().is_relative_to(CONF.resolve())
        if not (inside and path.is_file()) or used_files.digest_of(path.read_bytes()) != digest:
            changed.append(place)
    return changed


def key_of(word: str) -> str:
    """Return the key of an override."""
    return word.lstrip("+~").partition("=")[0]


def top_key(word: str) -> str:
    """Return the first part of the key of an override, or of a key."""
    return key_of(word).partition(".")[0].partition("@")[0]


def _moved(name: str, word: str, inputs: Path) -> str:
    """Return an override whose paths are those of the folder's own copies."""
    key = key_of(word)
    if key not in FILES:
        return word
    try:
        value = OverridesParser.create().parse_override(word).value()
    except HydraException as error:
        raise InputError(f"{name}: overrides: {shown(word)} is not understood") from error
    moved = [
        _moved_file(name, key, str(one), inputs) for one in (value if isinstance(value, list) else [value])
    ]
    (moved_word,) = words({key: moved if isinstance(value, list) else moved[0]})
    return override(moved_word)


def _moved_file(name: str, key: str, value: str, inputs: Path) -> str:
    if key == "posterior_from":
        return str(inputs / FILES[key])
    if not value.endswith((".yaml", ".yml")):
        return value
    copy = inputs / FILES[key] / Path(value.replace("\\", "/")).name
    if not copy.is_file():
        raise InputError(f"{name}: overrides: {shown(value)} is not among its inputs")
    return str(copy)
