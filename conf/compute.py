"""The settings of an executor, of each kind: every key with what it may be."""

import functools
import re
from collections.abc import Callable
from typing import Any

from conf import units
from conf.input_error import InputError, choice, nearest, shown

MOST_AT_ONCE = 4_096  # processes, threads, jobs
MOST_SECONDS = units.Range(0, 86_400, "above 0, and at most 86400", low_allowed=False)
MOST_GB = units.Range(0, 100_000, "above 0, and at most 100000", low_allowed=False)
MOST_MINUTES = 525_600  # a year

Check = Callable[[str, object], Any]


def _whole(high: int) -> Check:
    return lambda key, value: units.whole(key, value, 1, high)


def _number(allowed: units.Range) -> Check:
    return lambda key, value: units.number(key, value, allowed)


def _word(key: str, value: object, example: str) -> str:
    """Return a word that can be used alone in a line of a job's script, or in a command."""
    # A partition named 2026 reaches us as a number.
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise InputError(f"{key}={shown(value)}: must be a word, as in {key}={example}")
    word = str(value)
    if not re.fullmatch(r"[^\s\x00-\x1f\x7f-\x9f]+", word):
        raise InputError(
            f"{key}={word!r}: must be a word without spaces and control characters, as in {key}={example}"
        )
    return word


def _cluster(key: str, value: object) -> str:
    if value not in ("slurm", "local"):
        raise InputError(
            f"{key}={shown(value)}: must be slurm or local{nearest(shown(value), ('slurm', 'local'))}"
        )
    return str(value)


def _or_null(check: Check) -> Check:
    return lambda key, value: None if value is None else check(key, value)


# The keys of conf/compute/<kind>.yaml; tests/conf/test_compute.py holds them together.
KINDS: dict[str, dict[str, Check]] = {
    "local": {"workers": _or_null(_whole(MOST_AT_ONCE)), "threads": _whole(MOST_AT_ONCE)},
    "dask": {
        "address": functools.partial(_word, example="tcp://host:8786"),
        "wait_seconds": _number(MOST_SECONDS),
        "threads": _whole(MOST_AT_ONCE),
    },
    "slurm": {
        "cluster": _cluster,
        "partition": _or_null(functools.partial(_word, example="normal")),
        "jobs": _whole(MOST_AT_ONCE),
        "tasks_a_job": _whole(units.MOST_WHOLE),
        "minutes": _whole(MOST_MINUTES),
        "memory_gb": _number(MOST_GB),
        "threads": _whole(MOST_AT_ONCE),
    },
}


def checked_compute(given: object) -> dict[str, Any]:
    """Return the settings of an executor, checked. Raises InputError, naming the key and what is allowed."""
    if not isinstance(given, dict):
        raise InputError(f"compute={shown(given)}: must be one of {', '.join(KINDS)}")
    kind = given.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise InputError(
            f"compute.kind={shown(kind)}: must be one of {', '.join(KINDS)}{nearest(shown(kind), KINDS)}"
        )
    checks = KINDS[kind]
    for key, value in given.items():
        if key not in ("kind", *checks):
            raise InputError(
                f"compute.{key}={shown(value)}: compute={kind} has no such key{choice(str(key), checks)}"
            )
    for key in checks:
        if key not in given:
            raise InputError(f"compute.{key}: missing; compute={kind} has {', '.join(checks)}")
    return {"kind": kind, **{key: check(f"compute.{key}", given[key]) for key, check in checks.items()}}
