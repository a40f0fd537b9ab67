"""The sentences of the page, all in one file for each language."""

from pathlib import Path
from typing import Any

import conf
from conf.own_file import read_yaml

FILE = Path(conf.__file__).parent / "sentences" / "english.yaml"


def english() -> dict[str, Any]:
    """Return the sentences by key; ``{name}`` stands for what the page puts there."""
    return read_yaml(FILE, f"sentences/{FILE.name}")
