"""Overrides of a configuration, as Hydra's grammar has them."""

import os
import re
from collections.abc import Iterator, Mapping

from conf.input_error import InputError, shown

# Keys whose value is a path or a sentence, and keys of a name or a list of names: taken as they are.
LITERAL = ("out", "posterior_from", "find")
NAMES = (
    "trial", "trials", "policies", "comparator", "clinics", "cohort", "clinic", "scenario", "disease",
    "compute", "fitted", "outcomes", "clock", "economics",
)  # fmt: skip
PLAIN = re.compile(r"[A-Za-z_][\w.+]*")  # to Hydra a word without quotes
NUMBER = re.compile(r"[-+]?(\d[\d_]*)?\.?\d*([eE][-+]?\d+)?")
# Keys whose value is a mapping; a mapping of any other key is a group of keys.
MAPPINGS = ("grid", "latin", "evppi", "study", "map")
FUNCTION = re.compile(r"(choice|range|interval|glob|sort|shuffle|tag)\(.*\)")


def override(word: str, multirun: bool = False) -> str:
    """Return a word as Hydra's grammar has it: paths, names and letters of any script in quotes.

    Raises InputError for a word that would set Hydra itself, or read what lies outside the configuration.
    """
    refuse_outside(word)
    key, equals, value = word.partition("=")
    name = key.lstrip("+~")
    if not equals or value in ("", "null") or key.startswith("~"):
        return word
    if name in LITERAL:
        value = _quoted(_without_quotes(value))
    elif name in NAMES:
        value = _names(value, multirun)
    elif not value.isascii():
        value = "".join(
            part if part.isascii() or part[0] in "'\"" else _quoted(part) for part in _parts(value)
        )
    # Without its s, trial is a group to Hydra, of which one file is chosen.
    return f"{'trials' if key == 'trial' else key}={value}"


def refuse_outside(word: str) -> None:
    """Raise InputError for a word that would set Hydra itself, or read what is outside the configuration."""
    key, _, value = word.partition("=")
    name = key.lstrip("+~")
    if re.match(r"/?hydra($|[./@])", name) or "@" in name:
        raise InputError(f"{word}: Hydra's own settings cannot be set; lrrc uses it only to compose a run")
    if re.search(r"\$\{[^}]*:", value):
        raise InputError(f"{word}: a value cannot read the environment or anything else outside the run")


def words(settings: Mapping[str, object]) -> list[str]:
    """Return settings given as Python values in the words of the command line, as ``key=value``.

    A mapping of a group's keys becomes a word for each of them; words, numbers, flags, None, lists and
    mappings are written as the command takes them, NumPy's among them. Raises InputError for another value.
    """
    written = []
    for key, value in settings.items():
        if not isinstance(key, str) or not key or "=" in key:
            raise InputError(f"{shown(key)}: must be the name of a key, as in patients or clinic.linac_count")
        if isinstance(value, Mapping) and key not in MAPPINGS:
            written += words({f"{key}.{name}": item for name, item in value.items()})
        elif key in LITERAL and isinstance(value, (str, os.PathLike)):
            written.append(f"{key}={os.fspath(value)}")
        else:
            written.append(f"{key}={_word(key, value)}")
    return written


def _word(key: str, value: object) -> str:
    """Return a value in the grammar of the command line. Raises InputError where it has no place there."""
    if hasattr(value, "tolist"):  # NumPy's and pandas' numbers and arrays
        value = value.tolist()
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        plain = PLAIN.fullmatch(value) and value.isascii()
        return value if plain or NUMBER.fullmatch(value) else _in_quotes(value)
    if isinstance(value, Mapping):
        return f"{{{','.join(f'{name}:{_word(key, item)}' for name, item in value.items())}}}"
    if isinstance(value, (list, tuple, range)):
        return f"[{','.join(_word(key, item) for item in value)}]"
    raise InputError(
        f"{key}: a value of Python's type {type(value).__name__} has no place in a run; write a number, "
        "a word, true or false, a list or a mapping"
    )


def _in_quotes(text: str) -> str:
    from hydra.core.override_parser.types import Quote, QuotedString

    # A quote within the text is found again where it is not the one that encloses it.
    return str(QuotedString(text, Quote.double if "'" in text else Quote.single).with_quotes())


def _names(value: str, multirun: bool) -> str:
    """Return a name or a list of names, each in quotes where it needs them; several in a sweep."""
    if multirun and FUNCTION.fullmatch(value):
        return value
    several = []
    for one in _split(value):
        if one.startswith("[") and one.endswith("]"):
            several.append("[" + ",".join(map(_name, _split(one[1:-1]))) + "]")
        else:
            several.append(_name(one))
    return ",".join(several)


def _name(text: str) -> str:
    text = text.strip()
    if not text or text[0] in "[{" or text == "null":
        return text
    text = _without_quotes(text)
    return text if PLAIN.fullmatch(text) and text.isascii() else _quoted(text)


def _split(value: str) -> list[str]:
    """Return the parts between commas, except those within brackets or quotes."""
    parts, depth, quote = [""], 0, ""
    for letter in value:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in "[{(":
            depth += 1
        elif letter in ")}]":
            depth -= 1
        if letter == "," and not depth and not quote:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _parts(value: str) -> Iterator[str]:
    """Yield quoted words, words, and what is between them; together they are the value."""
    for found in re.finditer(
        r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[^\s,:=\[\]{}()'\"]+|.", value, re.DOTALL
    ):
        yield found[0]


def _without_quotes(text: str) -> str:
    found = re.fullmatch(r"(['\"])(.*)\1", text, re.DOTALL)
    return found[2] if found and found[1] not in found[2] else text


def _quoted(text: str) -> str:
    # Here, so that help comes at once.
    from hydra.core.override_parser.types import Quote, QuotedString

    return str(QuotedString(text, Quote.single).with_quotes())
