"""Running what a folder holds again, from the folder alone."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from conf.again import again, changed_files
from conf.composition import composing, refuse_shadows
from conf.input_error import InputError
from conf.overrides import override
from conf.request import Request
from experiments.results.notices import notice
from experiments.results.received_run import ReceivedRun, received_run
from experiments.results.result import Result, perform, report

KEY_WORDS = {
    "key=value": "what is to be different this time, as for the experiment itself",
    "out": "the folder of the new run; null: runs/<experiment>/<date and time>",
}


def rerun(words: Sequence[str]) -> Path:
    """Run again what a folder or a zip holds, with changes; print its summary and return the new folder.

    ``words``: the folder, then overrides. Raises InputError for a folder that cannot be run again, and as the
    experiment does.
    """
    if not words or "=" in words[0] or words[0].startswith("-"):
        raise InputError(
            f"{' '.join(words)}: name the folder of a run first, as in: lrrc rerun runs/compare/NAME"
        )
    name, *changes = words
    for word in changes:
        if word.startswith("-") or "=" not in word:
            raise InputError(f"{word}: lrrc rerun takes a folder and then key=value, no options")
    with received_run(name) as run:
        return report(performed(run, [*map(override, changes)], shlex.join(["lrrc", "rerun", *words])))


def performed(run: ReceivedRun, changes: Sequence[str], command: str) -> Result:
    """Return what a run does again, with overrides; its folder is written."""
    with composing(run.inputs):
        refuse_shadows()
        return perform(run.experiment, request_again(run, changes, command))


def request_again(run: ReceivedRun, changes: Sequence[str], command: str) -> Request:
    """Return the request of a run, with overrides; within ``composing`` its inputs. Raises InputError."""
    others = changed_files(run.manifest["shipped_files"])
    for place in others:
        # What a composed configuration does not hold cannot be set again.
        if place.partition("/")[0] in ("policy", "follow_up", "trial"):
            raise InputError(f"{run.name}: {place} has changed since; install {made_by(run)}")
    if others:
        notice(
            f"warning: {run.name}: {len(others)} shipped file{'s' if len(others) > 1 else ''} changed since "
            f"({others[0]}{', ...' if len(others) > 1 else ''}); the run's own numbers are used"
        )
    recorded = run.manifest["overrides"]
    return again(run.name, run.experiment, recorded, run.inputs, changes, command, made_by(run))


def made_by(run: ReceivedRun) -> str:
    """Return the version that made a run, in words."""
    code = run.manifest["code"]
    commit = f", commit {code['commit']}" if code.get("commit") else ""
    return f"lrrc-sim {code.get('version')}{commit}, which made it"
