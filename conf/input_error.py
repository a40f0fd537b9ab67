"""Input that cannot be run, reported so that its reader can correct it."""

from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches

LONGEST = 120
HALF = 0.5  # of the words of a name
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
    """Return ``'; did you mean x?'`` for the name most like the word, or nothing where none is like it.

    Of names with a section, as in ``surgery.leak_probability``, the own part must be alike: a long section
    that two names share does not make them so.
    """
    whole = list(names)
    section, _, own = word.rpartition(".")
    ends = {name: name.rpartition(".")[2] for name in whole}
    beside = [name for name in whole if name.rpartition(".")[0] == section]
    for among in (beside, whole):
        if close := get_close_matches(own, [ends[name] for name in among], 1):
            alike = [name for name in among if ends[name] == close[0]]
            return f"; did you mean {max(alike, key=lambda name: _likeness(word, name))}?"
    plain = [name for name in whole if "." not in name]
    if close := get_close_matches(word, plain, 1):
        return f"; did you mean {close[0]}?"
    words = {name: _shared_words(own, ends[name]) for name in beside}
    if words and max(words.values()) >= HALF:
        return f"; did you mean {max(words, key=lambda name: words[name])}?"
    return ""


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other).ratio()


def _shared_words(one: str, other: str) -> float:
    """Return the share of the words of two names, joined by ``_``, that both have."""
    a, b = set(one.split("_")), set(other.split("_"))
    return len(a & b) / len(a | b)


def choice(word: str, names: Iterable[str]) -> str:
    """Return the name most like the word, where there is one, and all the names there are."""
    names = list(names)
    if close := nearest(word, names):
        return f"{close} There are: {', '.join(names)}"
    return f"; there are: {', '.join(names)}"
