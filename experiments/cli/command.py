"""The command: ``lrrc <experiment> [overrides]``.

Nothing heavy is imported here, so that help comes at once.
"""

import gc
import sys
import textwrap
from collections.abc import Sequence
from importlib import metadata

from experiments.cli.catalogue import EXPERIMENTS, ON_MODEL, ON_RUNS, OWN_FILES, TO_LEARN, Experiment
from experiments.cli.first_run import FirstRun
from experiments.results.ending import IncompleteError, NotReproducedError, exit_status, say_error
from sim import compiling


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Return 0: done, 1: a fault of the program, 2: refused, 128 + signal: stopped."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    gc.set_threshold(compiling.BETWEEN_COLLECTIONS)
    if not compiling.listeners:
        compiling.listeners.append(FirstRun())
    return exit_status(lambda: run(words))


def run(words: list[str]) -> int:
    """Do what the words of the command line say, and return the exit status. Raises InputError."""
    if not words or words[0] in ("-h", "--help", "help"):
        print(overview())
        return 0
    if words[0] in ("-V", "--version"):
        print("lrrc-sim", metadata.version("lrrc-sim"))
        return 0
    name, *rest = words
    if name in ON_RUNS:
        return at_once(name, rest, ON_RUNS[name], "A B" if name == "diff" else "RUN")
    if name in OWN_FILES:
        return at_once(
            name, rest, OWN_FILES[name], "policy|guideline|cohort|clinic|economics|trial|scenario|lesson NAME"
        )
    if name in ON_MODEL:
        return on_model(name, rest, ON_MODEL[name])
    if name in TO_LEARN:
        return to_learn(name, rest, TO_LEARN[name])
    check(name)
    from experiments.cli.arguments import OPTIONS, read_words

    if any(word in ("-h", "--help") for word in rest):
        from experiments.cli.guide import guide

        print(guide(name, EXPERIMENTS[name], OPTIONS, read_words(rest).config_dir))
        return 0
    from experiments.cli.hydra_runner import launch

    return launch(name, EXPERIMENTS[name].task, rest)


def at_once(name: str, words: list[str], command: Experiment, usage: str) -> int:
    """Do what needs no configuration, print the path that it wrote, and return the exit status."""
    import importlib

    if not words or any(word in ("-h", "--help") for word in words):
        settings = importlib.import_module(command.task.partition(":")[0]).KEY_WORDS
        lines = [f"lrrc {name}: {command.summary}", "", f"usage: lrrc {name} {usage}"]
        if settings:
            lines[-1] += " [key=value ...]"
            for key, meaning in settings.items():
                lines += textwrap.wrap(
                    f"{key:<12}{meaning}", 110, initial_indent="  ", subsequent_indent=" " * 14
                )
            lines.insert(3, "")
        print("\n".join(lines))
        return 0
    module, _, function = command.task.partition(":")
    try:
        print(getattr(importlib.import_module(module), function)(words))
    except NotReproducedError as error:
        print(error)
        return 1
    except IncompleteError as error:
        say_error(str(error))
        return 1
    return 0


def on_model(name: str, words: list[str], command: Experiment) -> int:
    """Do what is asked of the model in a scenario, and return the exit status. Raises InputError."""
    import importlib
    import shlex

    from conf.composition import composing, refuse_shadows
    from conf.input_error import InputError
    from conf.request import request
    from experiments.cli.arguments import read_words

    if any(word in ("-h", "--help") for word in words):
        return at_once(name, ["--help"], command, "[WORD ...] [--config-dir DIR]")
    name_of_module, _, function = command.task.partition(":")
    module = importlib.import_module(name_of_module)
    # The command's own keys, which the configuration does not see.
    own = [word for word in words if word.partition("=")[0] in getattr(module, "OWN_KEYS", ())]
    asked = read_words([word for word in words if word not in own])
    if asked.multirun or asked.print_only:
        raise InputError(f"lrrc {name}: takes no --multirun and no --cfg")
    settings = [word for word in asked.overrides if "=" in word or word.startswith("~")]
    plain = [word for word in asked.overrides if word not in settings] + own
    with composing(asked.config_dir):
        refuse_shadows()
        composed = request("compare", settings, shlex.join(["lrrc", name, *words]))
        status: int = getattr(module, function)(composed, plain)
    return status


def to_learn(name: str, words: list[str], command: Experiment) -> int:
    """Do what needs no run's configuration but the library, and return the exit status. Raises InputError."""
    import importlib

    from conf.composition import composing, refuse_shadows
    from conf.input_error import InputError
    from experiments.cli.arguments import read_words

    if any(word in ("-h", "--help") for word in words):
        return at_once(name, ["--help"], command, "[NAME|FILE] [--config-dir DIR]")
    asked = read_words(words)
    if asked.multirun or asked.print_only:
        raise InputError(f"lrrc {name}: takes no --multirun and no --cfg")
    module, _, function = command.task.partition(":")
    with composing(asked.config_dir):
        refuse_shadows()
        status: int = getattr(importlib.import_module(module), function)(asked.overrides)
    return status


def overview() -> str:
    """Return the text of ``lrrc --help``."""
    lines = [
        "lrrc: simulate how a rectal cancer comes back in the pelvis, and what a policy can do about it",
        "",
        "usage: lrrc <experiment> [key=value ...]",
        "",
        "experiments",
    ]
    for name, experiment in EXPERIMENTS.items():
        lines += [
            f"  {name:<12}{experiment.summary}",
            *(f"{'':14}{example}" for example in experiment.examples),
        ]
    for heading, commands in (
        ("to learn and to teach", TO_LEARN),
        ("on the model", ON_MODEL),
        ("on the folder of a run", ON_RUNS),
        ("a file of your own", OWN_FILES),
    ):
        lines += ["", heading]
        for name, command in commands.items():
            lines += [
                f"  {name:<12}{command.summary}",
                *(f"{'':14}{example}" for example in command.examples),
            ]
    lines += [
        "",
        "lrrc <experiment> --help   what can be set",
        "lrrc --version",
    ]
    return "\n".join(lines)


def check(name: str) -> None:
    """Raise InputError for an experiment that there is not."""
    from conf.input_error import InputError, choice

    if name not in EXPERIMENTS:
        if "=" in name or name.startswith("-"):
            first = next(iter(EXPERIMENTS))
            raise InputError(f"{name}: an experiment comes first, as in: lrrc {first} {name}")
        known = [*EXPERIMENTS, *TO_LEARN, *ON_MODEL, *ON_RUNS, *OWN_FILES]
        raise InputError(f"{name}: there is no such experiment{choice(name, known)}")


if __name__ == "__main__":
    sys.exit(main())
