"""A publication as a file: each of its tables and figures with the command that makes it, and a digest."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from conf.again import NOT_TAKEN, key_of, top_key
from conf.composition import composing, experiments, refuse_shadows
from conf.input_error import InputError, choice, shown
from conf.overrides import override
from conf.own_file import read_own_file
from conf.received import is_bare
from conf.request import request
from experiments.results.result import perform

PAPER_KEYS = ("title", "authors", "doi", "note", "items")
THREADS = ("workers", "compute.workers")  # which a paper may set: they change no result
ITEM_KEYS = ("name", "command", "table", "sha256", "note")


@dataclass(frozen=True)
class Item:
    """A table or a figure of a publication: the command that makes it, the table that holds its numbers, and
    the digest of that table's content. ``root``: the folder that paths in the command start from."""

    name: str
    command: str
    table: str
    sha256: str
    root: Path

    def made_in(self, folder: Path) -> Path:
        """Run the command into a new folder, and return it. Raises InputError as the experiment does."""
        experiment, config_dir, words = _command(self.name, self.command, self.root)
        with composing(config_dir):
            refuse_shadows()
            asked = request(experiment, [*map(override, words), override(f"out={folder}")], self.command)
            made = perform(experiment, asked).folder
        assert made is not None
        return made


def read_paper(path: Path) -> list[Item]:
    """Return the items of a paper's file. Raises InputError, naming the item and the key."""
    if not path.is_file():
        raise InputError(f"{path}: there is no such file")
    tree = read_own_file(path, str(path), "paper")
    for key in tree:
        if key not in PAPER_KEYS:
            raise InputError(f"{path}: {key}: there is no such key{choice(key, ('title', 'items'))}")
    items = tree.get("items")
    if not isinstance(items, list) or not items:
        raise InputError(f"{path}: items: must be a list; each item has {', '.join(ITEM_KEYS[:4])}")
    return [_item(f"{path}: items[{k}]", item, path.parent) for k, item in enumerate(items)]


def _item(where: str, given: object, root: Path) -> Item:
    if not isinstance(given, dict):
        raise InputError(f"{where}: must hold keys and values: {', '.join(ITEM_KEYS)}")
    for key in given:
        if key not in ITEM_KEYS:
            raise InputError(f"{where}: {key}: there is no such key{choice(str(key), ITEM_KEYS)}")
    for key in ITEM_KEYS[:4]:
        if not isinstance(given.get(key), str) or not given[key]:
            raise InputError(f"{where}: {key}: must be words")
    if not is_bare(given["table"]):
        raise InputError(
            f"{where}: table={shown(given['table'])}: must be the name of a table, as in outcomes.csv"
        )
    _command(where, given["command"], root)
    return Item(given["name"], given["command"], given["table"], given["sha256"], root)


def _command(where: str, command: str, root: Path) -> tuple[str, Path | None, list[str]]:
    """Return the experiment, the folder of own files and the words of a command. Raises InputError."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise InputError(f"{where}: command={shown(command)}: {error}") from error
    if len(words) < 2 or words[0] != "lrrc" or words[1] not in experiments():
        raise InputError(f"{where}: command={shown(command)}: must be lrrc EXPERIMENT key=value ...")
    config_dir, rest = _own_folder(where, words[2:], root)
    for word in rest:
        if "=" not in word or word.startswith("-"):
            raise InputError(f"{where}: command: {word}: only key=value and --config-dir can be here")
        if top_key(word) in NOT_TAKEN and key_of(word) not in THREADS:
            raise InputError(
                f"{where}: command: {word}: {', '.join(NOT_TAKEN)} are set on the command line, except "
                + ", ".join(THREADS)
            )
    return words[1], config_dir, rest


def _own_folder(where: str, words: Sequence[str], root: Path) -> tuple[Path | None, list[str]]:
    rest, config_dir = list(words), None
    if "--config-dir" in rest:
        k = rest.index("--config-dir")
        if k + 1 == len(rest):
            raise InputError(f"{where}: command: --config-dir: needs a folder")
        config_dir = root / rest[k + 1]
        del rest[k : k + 2]
    return config_dir, rest
