"""What stands in the groups of conf/ and of a user's own folder (``--config-dir``), as Hydra finds it."""

from typing import Any

from hydra.core.global_hydra import GlobalHydra
from hydra.core.object_type import ObjectType
from hydra.plugins.config_source import ConfigSource
from omegaconf import OmegaConf

from conf.input_error import InputError, choice

GROUPS = ("cohort", "scenario", "policy", "follow_up", "disease", "clinic", "parameters", "trial")


def sources() -> list[ConfigSource]:
    """Return the places where Hydra looks for this project's files, the shipped ones first."""
    loader = GlobalHydra.instance().config_loader()
    return [source for source in loader.get_sources() if source.provider in ("main", "command-line")]


def options(group: str) -> list[str]:
    """Return the names of a group's files, sorted."""
    listed = (source.list(group, ObjectType.CONFIG) for source in sources() if source.is_group(group))
    return sorted({name for names in listed for name in names})


def read(group: str, name: str) -> dict[str, Any]:
    """Return the content of ``group/name.yaml``. Raises InputError where there is no such file."""
    for source in sources():
        if name and source.is_config(f"{group}/{name}"):
            content = OmegaConf.to_container(source.load_config(f"{group}/{name}").config, resolve=True)
            if not isinstance(content, dict):
                raise InputError(f"{group}/{name}.yaml: must hold lines of the form key: value")
            return {str(key): value for key, value in content.items()}
    raise InputError(f"{group} {name}: there is no such {group}{choice(name, options(group))}")


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
