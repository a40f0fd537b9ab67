"""Where each value of a configuration comes from: a shipped file, a fit, the user's own file, the words."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from conf.composition import OWN

COMMAND_LINE = "command line"
FITTED = {"disease/calibrated": "fitted (disease=calibrated)"}


def origins(name: str, overrides: Sequence[str]) -> dict[str, str]:
    """Return where each value of ``conf/<name>.yaml``, as overrides change it, comes from, by its full key.

    Within ``composing``, for overrides that can be composed: Hydra itself says which files it laid over each
    other, in which order.
    """
    loader = GlobalHydra.instance().config_loader()
    listed = loader.compute_defaults_list(name, list(overrides), RunMode.RUN)
    found: dict[str, str] = {}
    for default in listed.defaults:
        file = default.config_path
        if file is None or file.startswith("hydra/"):
            continue
        loaded = loader.repository.load_config(file)  # type: ignore[attr-defined]
        if loaded is None or not isinstance(loaded.config, DictConfig):
            continue
        words = f"conf/{file}.yaml" if loaded.provider != OWN else f"your file, {file}.yaml"
        words = FITTED.get(file, words)
        package = default.package or ""
        content = OmegaConf.to_container(loaded.config)
        _set(found, "" if package == "_global_" else package, content, words)
    for override in listed.config_overrides:
        key = override.get_key_element().lstrip("+~")
        _set(found, key, override.value(), COMMAND_LINE)
    return found


def _set(found: dict[str, str], key: str, value: object, words: str) -> None:
    for leaf in _leaves(key, value):
        # What was a group and is none any more, and the other way round.
        for other in [other for other in found if f"{other}.".startswith(f"{leaf}.")]:
            del found[other]
        found[leaf] = words


def _leaves(key: str, value: object) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield key
        return
    for name, within in value.items():
        if key or name != "defaults":
            yield from _leaves(f"{key}.{name}" if key else str(name), within)


def annotated(config: DictConfig, found: Mapping[str, str], key: str = "", resolve: bool = False) -> str:
    """Return a configuration, or the part of it at ``key``, as YAML with each value's origin as a comment.

    Without its comments it is the YAML that OmegaConf writes.
    """
    content = OmegaConf.to_container(config, resolve=resolve)
    return "\n".join(_lines(content, found, key))


def _lines(content: Any, found: Mapping[str, str], above: str) -> Iterator[str]:
    for name, value in content.items():
        key = f"{above}.{name}" if above else str(name)
        if isinstance(value, dict) and value:
            yield OmegaConf.to_yaml({name: None}).rstrip().removesuffix(" null")
            yield from (f"  {line}" for line in _lines(value, found, key))
            continue
        first, *others = OmegaConf.to_yaml({name: value}).rstrip("\n").split("\n")
        comment = f"  # {found[key]}" if key in found else ""
        if others and not isinstance(value, list):  # words of several lines
            yield from [comment.strip()] if comment else []
            comment = ""
        yield first + comment
        yield from others
