"""The words of the command line: options, and the overrides of a configuration as Hydra reads them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from conf.input_error import InputError, choice
from conf.overrides import override

# Hydra's own options that make sense here; it has more, but a mistyped one must not pass silently.
OPTIONS = (
    ("-h, --help", "this text"),
    ("-m, --multirun", "one run for each combination of values, as in seed=1,2,3"),
    (
        "-cd, --config-dir",
        "folder with files of your own, such as DIR/policy/mine.yaml or DIR/cohort/mine.yaml",
    ),
    ("-c, --cfg", "print the configuration instead of running: --cfg job"),
    ("-p, --package", "with --cfg: only this part of it, such as surgery"),
    ("--resolve", "with --cfg: with interpolations resolved"),
)
TAKE_A_VALUE = {"--config-dir": "DIR", "--cfg": "job", "--package": "surgery"}


@dataclass
class CommandLine:
    """What a command line asks: overrides in Hydra's grammar, and options."""

    overrides: list[str] = field(default_factory=list)
    multirun: bool = False
    config_dir: str | None = None
    print_only: bool = False
    package: str | None = None
    resolve: bool = False


def read_words(words: Sequence[str]) -> CommandLine:
    """Return what the words after an experiment's name ask. Raises InputError for what they cannot be."""
    asked, remaining, values = CommandLine(), iter(words), {}
    overrides = []
    for word in remaining:
        if not word.startswith("-"):
            overrides.append(word)
            continue
        spelling, equals, value = word.partition("=")
        option = _option(spelling, value)
        if option in TAKE_A_VALUE:
            value = value if equals else next(remaining, "")
            if not value:
                raise InputError(f"{spelling}: needs a value, as in {spelling} {TAKE_A_VALUE[option]}")
            values[option] = value
        elif equals:
            raise InputError(f"{word}: {option} takes no value")
        asked.multirun |= option == "--multirun"
        asked.resolve |= option == "--resolve"
    if "--cfg" in values:
        if values["--cfg"] != "job":
            raise InputError(f"--cfg {values['--cfg']}: must be --cfg job")
        asked.print_only = True
    asked.config_dir, asked.package = values.get("--config-dir"), values.get("--package")
    asked.overrides = [override(word, asked.multirun) for word in overrides]
    return asked


def _option(spelling: str, value: str) -> str:
    """Return the long spelling of an option. Raises InputError where there is no such option."""
    known = {each: spellings for spellings, _ in OPTIONS for each in spellings.split(", ")}
    if spelling in known:
        return known[spelling].split(", ")[-1]
    key = spelling.lstrip("-").replace("-", "_")
    hint = f"; a key is set without dashes: {key}={value or '...'}" if len(key) > 1 else ""
    raise InputError(f"{spelling}: there is no such option{hint}{choice(spelling, known)}")
