"""A YAML file that a user wrote, read in one way: as data, of a size that can be handled, and never run."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from yaml import events

from conf.input_error import InputError, shown
from conf.used_files import note_own

LARGEST_BYTES = 1_000_000
DEEPEST = 20  # lists and mappings within each other
MOST_VALUES = 100_000  # every alias counted with all that it stands for
LONGEST_NAME = 100
# Groups whose files change the whole configuration, and not a part of it.
GLOBAL = ("scenario", "disease")
# Where a run is done and written is for whoever runs it to say.
COMMAND_LINE = ("compute", "out", "ship")
# Of prices that another file states: without a rate they would be taken for another currency's or year's.
RELABELLING = ("currency", "price_year")
RELABELLED = (
    "the prices of another file are in its own currency and of its own price year; for others write a file "
    "with every key and without defaults, as lrrc new economics lists them"
)
RESOLVER = re.compile(r"\$\{[^}]*:")

Tree = dict[str, Any]


def is_bare(name: str) -> bool:
    """Return whether a name can be that of a file in a group's folder: no path, and not too long."""
    return 0 < len(name) <= LONGEST_NAME and not re.search(r"[/\\:\0]", name) and not name.startswith(".")


def path_of(name: str, missing: str) -> Path | None:
    """Return the file that is meant, or None for a bare name: that of a shipped one.

    Raises InputError, with the words ``missing``, where there is no such file.
    """
    if is_bare(name) and Path(name).suffix not in (".yaml", ".yml"):
        return None
    path = Path(name).expanduser()
    try:
        there = path.is_file()
    except (OSError, ValueError):  # too long a name, or a NUL in it
        there = False
    if not there:
        raise InputError(missing)
    return path


def read_own_file(path: Path, where: str, group: str) -> Tree:
    """Return the content of a user's file of a group, keys as words; it is noted as one that a run used.

    As ``read_yaml``; what would set Hydra itself, read the environment or import something is refused, too.
    Raises InputError, beginning with ``where``.
    """
    content = _content(path, where)
    tree = _tree(content, where)
    _refuse_instructions(where, tree, group)
    note_own(f"{group}/{path.name}", content)
    return tree


def read_yaml(path: Path, where: str) -> Tree:
    """Return the content of a YAML file as data: words, flags, numbers, lists and mappings; keys as words.

    It is UTF-8 with or without a byte order mark; true and false are the only flags, so that yes, no, on and
    off stay words. A key that appears twice, a tag and an alias bomb are refused. Raises InputError,
    beginning with ``where``.
    """
    return _tree(_content(path, where), where)


def _content(path: Path, where: str) -> bytes:
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise InputError(f"{where}: is larger than {LARGEST_BYTES:,} bytes")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{where}: cannot be read: {error.strerror}") from error


def _tree(content: bytes, where: str) -> Tree:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{where}: is not UTF-8 (byte {error.start + 1} is not valid); save it in the encoding UTF-8"
        ) from error
    try:
        _refuse_shapes(where, yaml.parse(text, _Loader))
        tree = yaml.load(text, _Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{where}: is not YAML: {' '.join(str(error).split())}") from error
    tree = {} if tree is None else tree
    if not isinstance(tree, dict):
        raise InputError(f"{where}: must hold lines of the form key: value")
    return {str(key): value for key, value in tree.items()}


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # libyaml may be missing
    """YAML as OmegaConf reads the shipped files, except that words such as yes and off stay words."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen = set()
        for key_node, _ in node.value:
            if key_node.tag == MERGE:
                continue
            key = self.construct_object(key_node, deep=True)
            if key is None or isinstance(key, (list, dict)):
                raise yaml.constructor.ConstructorError(
                    None, None, "a key must be a word", key_node.start_mark
                )
            if str(key) in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key} appears twice", key_node.start_mark
                )
            seen.add(str(key))
        return super().construct_mapping(node, deep)


MERGE = "tag:yaml.org,2002:merge"
_FLAG, _NUMBER, _WHOLE, _DAY = (f"tag:yaml.org,2002:{kind}" for kind in ("bool", "float", "int", "timestamp"))
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in (_FLAG, _NUMBER, _WHOLE, _DAY)]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_FLAG, re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
# Decimal alone: to YAML 1.1 010 is 8, and 1:30 is 90.
_Loader.add_implicit_resolver(_WHOLE, re.compile(r"^[-+]?(?:0|[1-9][0-9_]*)$"), list("-+0123456789"))
# With 1e-3 and 1E5, which YAML 1.1 takes for words.
_Loader.add_implicit_resolver(
    _NUMBER,
    re.compile(
        r"^[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[0-9][0-9_]*[eE][-+]?[0-9]+"
        r"|\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF))$|^\.(?:nan|NaN|NAN)$"
    ),
    list("-+0123456789."),
)


def _refuse_shapes(where: str, parsed: Iterable[Any]) -> None:
    """Raise InputError for what is too deep or, with its aliases, too large, and for tags."""
    sizes: dict[str, int] = {}
    open_nodes: list[list[Any]] = []  # anchor, values so far
    total = 0
    for event in parsed:
        size = 0
        if isinstance(event, (events.MappingEndEvent, events.SequenceEndEvent)):
            anchor, size = open_nodes.pop()
            if anchor:
                sizes[anchor] = size
        elif isinstance(event, events.AliasEvent):
            if event.anchor not in sizes:
                raise InputError(f"{where}: the alias *{event.anchor} refers to itself or to nothing")
            size = sizes[event.anchor]
            total += size
        elif isinstance(event, events.NodeEvent):
            if event.tag is not None and event.tag != "!":
                raise InputError(
                    f"{where}: the tag {event.tag} is not allowed: a file holds words and numbers"
                )
            total += 1
            if isinstance(event, events.CollectionStartEvent):
                open_nodes.append([event.anchor, 1])
                if len(open_nodes) > DEEPEST:
                    raise InputError(
                        f"{where}: holds more than {DEEPEST} lists or mappings within each other"
                    )
                continue
            size = 1
            if event.anchor:
                sizes[event.anchor] = 1
        if open_nodes:
            open_nodes[-1][1] += size
        if total > MOST_VALUES:
            raise InputError(f"{where}: holds more than {MOST_VALUES:,} values, with its aliases expanded")


def _refuse_instructions(where: str, tree: Tree, group: str) -> None:
    """Raise InputError for what would be more than data to Hydra."""
    for key in ("hydra", *COMMAND_LINE):
        if key in tree:
            raise InputError(
                f"{where}: {key}={shown(tree[key])}: a {group} cannot set {key}"
                + ("; it is set on the command line" if key in COMMAND_LINE else "")
            )
    for key, value in _leaves(tree):
        name = key.rpartition(".")[2]
        if name.startswith("_"):
            raise InputError(f"{where}: {key}={shown(value)}: a key cannot begin with _; a file is only data")
        if isinstance(value, str) and RESOLVER.search(value):
            raise InputError(
                f"{where}: {key}={shown(value)}: a file is only data; it cannot read the environment or "
                "anything else outside the configuration"
            )
    defaults = tree.get("defaults", [])
    if not isinstance(defaults, list):
        raise InputError(f"{where}: defaults={shown(defaults)}: must be a list of files, such as [_self_]")
    for entry in defaults:
        _refuse_default(where, entry)
    of_country = tree.get("economics") if group in GLOBAL else tree if group == "economics" else None
    if isinstance(of_country, dict) and (group in GLOBAL or set(map(str, defaults)) - {"_self_"}):
        for key in RELABELLING:
            if key in of_country:
                raise InputError(f"{where}: {key}={shown(of_country[key])}: {RELABELLED}")


def _refuse_default(where: str, entry: object) -> None:
    parts = entry.items() if isinstance(entry, dict) else [("", entry)]
    for key, name in parts:
        place = str(key).removeprefix("override ").strip().lstrip("/")
        if place.partition("/")[0].partition("@")[0] in ("hydra", "compute") or "@" in f"{place}{name}":
            raise InputError(
                f"{where}: defaults: {shown(entry)}: a file cannot choose {place or shown(name)}"
            )
        if not isinstance(name, str) or not is_bare(name):
            raise InputError(f"{where}: defaults: {shown(entry)}: must name a file by its bare name")


def _leaves(tree: object, above: str = "") -> Iterable[tuple[str, object]]:
    """Yield every key with its value, and every item of a list; no further below what refers to itself."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield f"{above}{key}", value
            yield from _leaves(value, f"{above}{key}.")
    elif isinstance(tree, list):
        for number, value in enumerate(tree):
            yield f"{above}{number}", value
            yield from _leaves(value, f"{above}{number}.")
