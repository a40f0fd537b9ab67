"""Overrides of a configuration, as Hydra's grammar has them."""

import re
from collections.abc import Iterator

from conf.input_error import InputError

# Keys whose value is a path or a sentence, and keys of a name or a list of names: taken as they are.
LITERAL = ("out", "posterior_from", "find")
NAMES = (
    "trial", "trials", "policies", "comparator", "clinics", "cohort", "clinic", "scenario", "disease",
    "compute", "fitted", "outcomes", "clock",
)  # fmt: skip
PLAIN = re.compile(r"[A-Za-z_][\w.+]*")  # to Hydra a word without quotes
FUNCTION = re.compile(r"(choice|range|interval|glob|sort|shuffle|tag)\(.*\)")


def override(word: str, multirun: bool = False) -> str:
    """Return a word as Hydra's grammar has it: paths, names and letters of any script in quotes.

    Raises InputError for a word that would set Hydra itself, or read what lies outside the configuration.
    """
    key, equals, value = word.partition("=")
    name = key.lstrip("+~")
    if re.match(r"/?hydra($|[./@])", name) or "@" in name:
        raise InputError(f"{word}: Hydra's own settings cannot be set; lrrc uses it only to compose a run")
    if re.search(r"\$\{[^}]*:", value):
        raise InputError(f"{word}: a value cannot read the environment or anything else outside the run")
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
