"""The command: ``lrrc <experiment> [overrides]``.

Nothing heavy is imported here, so that help comes at once.
"""

import sys
from collections.abc import Sequence
from importlib import metadata
from typing import NamedTuple

from experiments.ending import ended
from experiments.first_run import FirstRun
from sim import compiling


class Experiment(NamedTuple):
    """What the command knows of an experiment before importing it; ``task`` is ``module:function``.

    The function takes the composed configuration and the command line, and returns the run's folder. Its
    defaults stand in ``conf/<experiment>.yaml``.
    """

    task: str
    summary: str
    examples: tuple[str, ...]


EXPERIMENTS = {
    "compare": Experiment(
        "experiments.compare:compare",
        "live one cohort under several policies, and compare what comes of it",
        (
            "lrrc compare",
            "lrrc compare scenario=dutch_tme",
            "lrrc compare policies=[tme_alone,short_course+washout_always] patients=5000",
            "lrrc compare surgery.leak_probability=0.08 out=leaks",
        ),
    ),
    "capacity": Experiment(
        "experiments.capacity:capacity",
        "let patients queue in clinics: how long they wait, what that costs, what capacity is needed",
        (
            "lrrc capacity",
            "lrrc capacity clinics=[regional,backlog] policies=[tme_alone] patients=600",
            "lrrc capacity policies=[short_course,short_course+recurrences_first] clinic.linac_count=10",
        ),
    ),
    "patient": Experiment(
        "experiments.patient:patient",
        "tell one patient's life under each policy, and where the lives part",
        (
            "lrrc patient number=17",
            "lrrc patient find=averted",
            "lrrc patient scenario=dutch_tme find=perianastomotic",
            'lrrc patient find="salvage_margin == r0 and age_years < 60"',
        ),
    ),
    "sweep": Experiment(
        "experiments.sweep:sweep",
        "vary numbers, levers or groups over a grid, a list, a hypercube or the posterior; nothing is lost",
        (
            "lrrc sweep 'grid={surgery.leak_probability:[0.02,0.05,0.08]}'",
            "lrrc sweep 'list=[{cohort:dutch_tme,washout:always},{cohort:dutch_tme,washout:never}]'",
            "lrrc sweep 'latin={surgery.leak_probability:[0.02,0.1]}' points=3 replications=2 out=hypercube",
            "lrrc sweep posterior=100 policies=[tme_alone,short_course] out=uncertain",
        ),
    ),
    "validate": Experiment(
        "experiments.validate:validate",
        "emulate published trials, and show every published figure beside the simulated one",
        (
            "lrrc validate",
            "lrrc validate trial=dutch_tme",
            "lrrc validate trial=[rapido,trog_0104] disease=default",
            "lrrc validate trial=path/to/mine.yaml",
        ),
    ),
    "calibrate": Experiment(
        "experiments.calibrate:calibrate",
        "fit the uncertain numbers of the disease to published trials; nothing done is lost",
        (
            "lrrc calibrate",
            "lrrc calibrate trial=[dutch_tme] fitted=[margin,mesorectum] ensemble=100 search_evaluations=100",
        ),
    ),
}

# What is done with a run's folder: the function takes the words of the command line, the folder among them,
# and returns the path that it wrote; the module's SETTINGS hold the words for its keys.
ON_RUNS = {
    "draw": Experiment(
        "experiments.draw:draw",
        "draw a run's pictures again, from the tables in its folder",
        ("lrrc draw runs/compare/2026-05-04_09-30-00",),
    ),
    "animate": Experiment(
        "experiments.animate:animate",
        "let the patients of a run with a journal move through the clinic: animation.html",
        ("lrrc animate runs/compare/2026-05-04_09-30-00",),
    ),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Return 0: done, 1: a fault of the program, 2: refused, 128 + signal: stopped."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not compiling.listeners:
        compiling.listeners.append(FirstRun())
    return ended(lambda: run(words))


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
        return on_run(name, rest)
    check(name)
    from experiments.words import OPTIONS, read_words

    if any(word in ("-h", "--help") for word in rest):
        from experiments.guide import guide

        print(guide(name, EXPERIMENTS[name], OPTIONS, read_words(rest).config_dir))
        return 0
    from experiments.launch import launch

    return launch(name, EXPERIMENTS[name].task, rest)


def on_run(name: str, words: list[str]) -> int:
    """Do something with a run's folder, print the path that it wrote, and return the exit status."""
    import importlib

    command = ON_RUNS[name]
    if not words or any(word in ("-h", "--help") for word in words):
        settings = importlib.import_module(command.task.partition(":")[0]).SETTINGS
        lines = [f"lrrc {name}: {command.summary}", "", f"usage: lrrc {name} RUN"]
        if settings:
            lines[-1] += " [key=value ...]"
            lines += ["", *(f"  {key:<12}{meaning}" for key, meaning in settings.items())]
        print("\n".join(lines))
        return 0
    module, _, function = command.task.partition(":")
    print(getattr(importlib.import_module(module), function)(words))
    return 0


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
    lines += ["", "on the folder of a run"]
    for name, command in ON_RUNS.items():
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
        raise InputError(f"{name}: there is no such experiment{choice(name, [*EXPERIMENTS, *ON_RUNS])}")


if __name__ == "__main__":
    sys.exit(main())
