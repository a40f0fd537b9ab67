"""Input that cannot be run, reported so that its reader can correct it."""

from collections.abc import Iterable
from difflib import get_close_matches

LONGEST = 120
MOST_BITS = 4096


class InputError(ValueError):
    """Input that cannot be run. The message names the key, the value and what is allowed."""


def in_full(value: object) -> str:
    """Return a value as YAML writes it, in one line."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list):
        return f"[{','.join(map(in_full, value))}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{key}:{in_full(item)}' for key, item in value.items())}}}"
    if isinstance(value, int) and value.bit_length() > MOST_BITS:
        return f"{value:#x}"  # Python refuses to write so many decimal digits
    return str(value)


def shown(value: object) -> str:
    """Return a value as YAML writes it, in one line that is not too long and can be printed anywhere."""
    text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in in_full(value)[: LONGEST + 1])
    return text if len(text) <= LONGEST else text[:LONGEST] + "..."


def nearest(word: str, names: Iterable[str]) -> str:
    """Return ``'; did you mean x?'`` for the name most like the word, or nothing where none is like it."""
    whole = list(names)
    ends = {name.rpartition(".")[2]: name for name in whole}
    if close := get_close_matches(word, whole, 1):
        return f"; did you mean {close[0]}?"
    if close := get_close_matches(word.rpartition(".")[2], ends, 1):
        return f"; did you mean {ends[close[0]]}?"
    return ""


def choice(word: str, names: Iterable[str]) -> str:
    """Return the name most like the word, where there is one, and all the names there are."""
    names = list(names)
    if close := nearest(word, names):
        return f"{close} There are: {', '.join(names)}"
    return f"; there are: {', '.join(names)}"
