"""Input that cannot be run, reported so that its reader can correct it."""

from collections.abc import Callable, Collection, Iterable
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
    if close := get_close_matches(own, [ends[name] for name in beside], 1):
        return _meant(name for name in beside if ends[name] == close[0])
    words = {name: _shared_words(own, ends[name]) for name in beside}
    if words and max(words.values()) >= HALF:
        return _meant(words, key=lambda name: words[name])
    if close := get_close_matches(own, ends.values(), 1):
        return _meant((n for n in whole if ends[n] == close[0]), key=lambda name: _likeness(word, name))
    if close := get_close_matches(word, [name for name in whole if "." not in name], 1):
        return _meant(close)
    return ""


def _meant(names: Iterable[str], key: Callable[[str], float] | None = None) -> str:
    return f"; did you mean {max(names, key=key)}?"


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


def one_of(key: str, value: object, allowed: Collection[str]) -> str:
    """Return the value, which must be one of the allowed words. Raises InputError."""
    if value not in allowed:
        raise InputError(
            f"{key}={shown(value)}: must be one of {', '.join(allowed)}{nearest(str(value), allowed)}"
        )
    return str(value)
