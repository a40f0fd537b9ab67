"""The sentences of the page, all in one file for each language."""

from pathlib import Path
from typing import Any

import yaml

import conf

FILE = Path(conf.__file__).parent / "sentences" / "english.yaml"


def english() -> dict[str, Any]:
    """Return the sentences by key; ``{name}`` stands for what the page puts there."""
    sentences: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))
    return sentences
