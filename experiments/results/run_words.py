"""Runs and settings, as the words of a command name them: ``RUN key=value``."""

from collections.abc import Collection, Sequence

from conf.input_error import InputError, choice, shown


def run_and_settings(words: Sequence[str], keys: Collection[str], advice: str) -> tuple[str, dict[str, str]]:
    """Return the run's name and the settings that the words ask, each of ``keys`` at most once.

    Raises InputError; ``advice``: how to name one run.
    """
    names = [word for word in words if "=" not in word]
    if len(names) != 1 or names[0].startswith("-"):
        raise InputError(f"{shown(' '.join(words))}: {advice}")
    return names[0], settings_in(words, keys)


def settings_in(words: Sequence[str], keys: Collection[str]) -> dict[str, str]:
    """Return the settings among the words, each of ``keys`` at most once. Raises InputError."""
    settings: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            continue
        if key not in keys:
            raise InputError(f"{shown(word)}: there is no such key{choice(key, keys)}")
        if key in settings or not value or "\0" in value:
            raise InputError(f"{shown(word)}: {key} needs one value")
        settings[key] = value
    return settings
