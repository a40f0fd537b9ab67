"""The files in the groups of conf/ and of a user's own folder (``--config-dir``), as Hydra finds them."""

import functools
import os
import pickle
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, cast

from hydra import compose, initialize_config_module
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra.core.global_hydra import GlobalHydra
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.plugins.config_source import ConfigResult, ConfigSource
from hydra.version import VersionBase
from omegaconf import DictConfig, OmegaConf, open_dict

from conf import used_files
from conf.input_error import InputError, choice, shown
from conf.own_file import GLOBAL, RELABELLED, RELABELLING, is_bare, read_own_file, read_yaml

GROUPS = (
    "cohort", "scenario", "policy", "guideline", "life_table", "follow_up", "disease", "clinic", "parameters",
    "trial", "lesson", "compute", "economics",
)  # fmt: skip
OWN = "command-line"
CONF = Path(__file__).parent


class OwnFolder(FileConfigSource):
    """A folder with a user's own files, to Hydra: only those of this project's groups, read as data."""

    def is_config(self, config_path: str) -> bool:
        group, _, name = config_path.replace("\\", "/").rpartition("/")
        return group in GROUPS and is_bare(name) and bool(super().is_config(config_path))

    def load_config(self, config_path: str) -> ConfigResult:
        group, _, name = config_path.rpartition("/")
        path = Path(self.path, group, self._normalize_file_name(name))
        tree = read_own_file(path, f"{group}/{path.name}", group)
        package = "_global_" if group in GLOBAL else None
        return ConfigResult(
            config=OmegaConf.create(tree),
            path=f"{self.scheme()}://{self.path}",
            provider=self.provider,
            header={"package": package},
        )


_alone = threading.RLock()


@contextmanager
def composing(own: str | os.PathLike[str] | None = None) -> Iterator[None]:
    """Let Hydra compose the files of ``conf`` and, where there is one, of a user's own folder.

    Hydra's state is one for the whole process: other threads wait, and a program's own use of Hydra is set
    aside. Raises InputError where there is no such folder.
    """
    if own is not None and not Path(own).is_dir():
        raise InputError(f"--config-dir {shown(str(own))}: there is no such folder")
    with _alone, _set_aside(), initialize_config_module("conf", version_base=None):
        used_files.begin()
        listed = GlobalHydra.instance().config_loader().get_sources()
        for source in listed:
            if source.scheme() == "pkg":
                _read_once(source)
        if own is not None:
            # The last is Hydra's own, of schemas.
            listed.insert(len(listed) - 1, OwnFolder(OWN, str(Path(own).resolve())))
        yield


@contextmanager
def _set_aside() -> Iterator[None]:
    """Let Hydra be as if it had not been initialised; restore it afterwards."""
    state, base = GlobalHydra.instance(), VersionBase.instance()
    hydra, version_base = state.hydra, base.version_base
    state.hydra = None
    try:
        yield
    finally:
        # Hydra may have put another instance in the place of this one.
        GlobalHydra.instance().hydra = hydra
        VersionBase.instance().version_base = version_base


_shipped: dict[tuple[str, str], bytes] = {}  # pickled, which is copied four times faster than the file's tree


def _read_once(source: ConfigSource) -> None:
    """Let a source of shipped files read each once in a process: reading YAML is half of composing."""
    load = source.load_config

    def load_config(config_path: str) -> ConfigResult:
        place = (source.path, config_path)
        if place not in _shipped:
            file = CONF / source._normalize_file_name(config_path)
            ours = source.provider == "main" and file.is_file()
            _shipped[place] = pickle.dumps(_read_quickly(source, file) if ours else load(config_path))
        _note_shipped(config_path)
        return cast(ConfigResult, pickle.loads(_shipped[place]))

    source.load_config = load_config  # type: ignore[method-assign]  # of this source alone


def _read_quickly(source: ConfigSource, file: Path) -> ConfigResult:
    """Return what a source makes of a shipped file, read by libyaml where that is there; OmegaConf's reader
    is six times slower."""
    with file.open(encoding="utf-8") as text:
        header = source._get_header_dict(text.read(512))
    return ConfigResult(
        config=OmegaConf.create(read_yaml(file, str(file.relative_to(CONF)))),
        path=f"{source.scheme()}://{source.path}",
        provider=source.provider,
        header=header,
    )


def _note_shipped(config_path: str) -> None:
    place = f"{config_path.removesuffix('.yaml')}.yaml"
    if digest := _digest_of_shipped(place):
        used_files.note_shipped(place, digest)


@functools.cache  # a sweep composes each file many times
def _digest_of_shipped(place: str) -> str | None:
    path = CONF / place
    return used_files.digest_of(path.read_bytes()) if path.is_file() else None


def composed(name: str, overrides: Sequence[str] = ()) -> tuple[DictConfig, dict[str, str]]:
    """Return ``conf/<name>.yaml`` as overrides change it, and each group's file; within ``composing``.

    Raises InputError for a group's file that is named by a path, and what Hydra and OmegaConf raise.
    """
    parsed = OverridesParser.create().parse_overrides(list(overrides))
    for word in parsed:
        if word.key_or_group in {f"economics.{key}" for key in RELABELLING}:
            raise InputError(f"{word.input_line}: {RELABELLED}")
    # A user's own file may change between two runs; several values, and Hydra's own, are Hydra's affair.
    special = any(word.is_sweep_override() or word.key_or_group.startswith("hydra") for word in parsed)
    if special or len(sources()) > 1:
        config, chosen = _by_hydra(name, list(overrides))
    else:
        loader = GlobalHydra.instance().config_loader()
        assert isinstance(loader, ConfigLoaderImpl)
        choices, values = _told_apart(parsed, loader)
        made = _shipped_run(name, choices)
        config, chosen = pickle.loads(made.config), dict(made.chosen)
        used_files.used.shipped.update(made.used)
        loader._apply_overrides_to_config(values, config)
    for group, file in chosen.items():
        if not isinstance(file, str) or not is_bare(file):
            raise InputError(f"{group}={shown(file)}: there is no such {group}{choice('', options(group))}")
    return config, chosen


def _told_apart(
    parsed: Sequence[Override], loader: ConfigLoaderImpl
) -> tuple[tuple[str, ...], list[Override]]:
    """Return the words that choose a group's file, as written, and those that set a value, as Hydra does."""
    choices, values = [], []
    for word in parsed:
        is_choice = loader.repository.group_exists(word.key_or_group)
        if is_choice and not isinstance(word.value(), dict):
            choices.append(str(word.input_line))
        else:
            values.append(word)
    return tuple(choices), values


def _by_hydra(name: str, overrides: list[str]) -> tuple[DictConfig, dict[str, str]]:
    config = compose(name, overrides, return_hydra_config=True)
    chosen = {
        str(group): file
        for group, file in config.hydra.runtime.choices.items()
        if "/" not in group and "@" not in group
    }
    with open_dict(config):
        del config["hydra"]
    return config, chosen


class _Made(NamedTuple):
    config: bytes  # pickled, which is copied four times faster than the configuration itself
    chosen: dict[str, str]
    used: dict[str, str]


@functools.lru_cache(maxsize=64)
def _shipped_run(name: str, choices: tuple[str, ...]) -> _Made:
    """Return what the shipped files say, composed once in a process for each choice of them.

    Hydra too sets the values of the command line only after that, in a fiftieth of the time.
    """
    before = dict(used_files.used.shipped)
    used_files.used.shipped.clear()
    try:
        config, chosen = _by_hydra(name, list(choices))
        return _Made(pickle.dumps(config), chosen, dict(used_files.used.shipped))
    finally:
        used_files.used.shipped.update(before)


def plain(config: Any, resolve: bool = True, throw_on_missing: bool = False) -> dict[str, Any]:
    """Return a composed configuration as dictionaries, lists and values; its keys are text.

    Raises what OmegaConf raises where a reference, or a value that must be set, is missing.
    """
    content = OmegaConf.to_container(config, resolve=resolve, throw_on_missing=throw_on_missing)
    assert isinstance(content, dict)  # a configuration is a mapping at its top
    return {str(key): value for key, value in content.items()}


def experiments() -> tuple[str, ...]:
    """Return the names of the experiments: each has its defaults in ``conf/<name>.yaml``."""
    return tuple(sorted(file.stem for file in CONF.glob("*.yaml")))


def chosen_groups(name: str) -> set[str]:
    """Return the groups that an experiment's defaults choose a file of."""
    listed = OmegaConf.load(CONF / f"{name}.yaml").defaults
    return {str(group) for entry in listed if entry != "_self_" for group in entry}


def sources() -> list[ConfigSource]:
    """Return the places where Hydra looks for this project's files, the shipped ones first."""
    loader = GlobalHydra.instance().config_loader()
    return [source for source in loader.get_sources() if source.provider in ("main", OWN)]


def options(group: str) -> list[str]:
    """Return the names of a group's files, sorted."""
    listed = (source.list(group, ObjectType.CONFIG) for source in sources() if source.is_group(group))
    return sorted({name for names in listed for name in names})


def read(group: str, name: str) -> dict[str, Any]:
    """Return the content of ``group/name.yaml``. Raises InputError where there is no such file."""
    for source in sources() if is_bare(name) else ():
        if source.is_config(f"{group}/{name}"):
            if isinstance(source, OwnFolder):
                return read_own_file(Path(source.path, group, f"{name}.yaml"), f"{group}/{name}.yaml", group)
            _note_shipped(f"{group}/{name}")
            content = OmegaConf.to_container(source.load_config(f"{group}/{name}").config, resolve=True)
            assert isinstance(content, dict)  # shipped
            return {str(key): value for key, value in content.items()}
    raise InputError(f"{group} {shown(name)}: there is no such {group}{choice(name, options(group))}")


def refuse_shadows() -> None:
    """Raise InputError where a user's file has the name of a shipped one, which Hydra would silently take."""
    shipped, *own = sources()
    for source in own:
        for group in GROUPS:
            if source.is_group(group):
                mine = source.list(group, ObjectType.CONFIG)
                for name in sorted(set(mine) & set(shipped.list(group, ObjectType.CONFIG))):
                    raise InputError(
                        f"{group}/{name}.yaml in {source.path}: a shipped file has this name and would be "
                        "used instead; give yours another name"
                    )
