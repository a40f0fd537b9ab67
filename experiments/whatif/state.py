"""The page's state: what it opens with, what can be changed, what may come back from a link or a file."""

import shlex
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from analysis.words.columns import unit_by_name
from conf import relations, units
from conf.composition import composed, options
from conf.economics import AGES, ECONOMICS, PERSPECTIVES, THRESHOLD, Economics, middle_threshold, reference
from conf.policies import BASE, LEVERS
from conf.request import Request
from conf.run import Run, leaf_values
from conf.schedules import FollowUp
from conf.schema import HORIZON_YEARS
from conf.uncertain import uncertain_numbers

Plain = dict[str, Any]

MOST_POLICIES = 4
PATIENTS = 50_000  # a policy, unless asked otherwise
MOST_PATIENTS = 1_000_000
VERSION = 1  # of a state
NOT_COUNTED = "none"  # the file of economics without costs and quality of life


class Files(NamedTuple):
    """A run with each file that can be chosen, by its name."""

    cohort: Mapping[str, Run]
    disease: Mapping[str, Run]
    economics: Mapping[str, Run]


def start(asked: Request, run: Run, files: Files) -> Plain:
    """Return the state that the page opens with."""
    patients = min(run.patients, MOST_PATIENTS) if _asked(asked, "patients") else PATIENTS
    return state_of(run, asked.choices or {}, files, patients)


def state_of(run: Run, choices: Mapping[str, str], files: Files, patients: int) -> Plain:
    """Return the state of a run of these choices, with so many patients per policy."""
    chosen = {group: choices.get(group) for group in ("cohort", "disease", "clinic")}
    prices = choices.get(ECONOMICS, NOT_COUNTED)
    own = _numbers(run.cohort, run.parameters, run.economics)
    shipped = _numbers(
        files.cohort[str(chosen["cohort"])].cohort,
        files.disease[str(chosen["disease"])].parameters,
        files.economics[prices].economics,
    )
    changed: Plain = {}
    for key, value in own.items():
        if isinstance(value, list) and _is_tied(key):
            changed |= {key: value} if value != shipped[key] else {}
        elif isinstance(value, list):
            pairs = enumerate(zip(value, shipped[key], strict=True))
            changed |= {f"{key}[{k}]": mine for k, (mine, theirs) in pairs if mine != theirs}
        elif value != shipped[key]:
            changed[key] = value
    years = [5.0] if run.horizon_years >= 5 else []
    return {
        "version": VERSION,
        **chosen,
        "seed": run.seed,
        "replication": run.replication,
        "patients": patients,
        "horizon_years": (years or [run.horizon_years])[0],
        "numbers": changed,
        "policies": [{"policy": policy.name, "levers": {}} for policy in run.policies],
        "comparator": [policy.name for policy in run.policies].index(run.comparator.name),
        ECONOMICS: {"file": prices, **_terms(run.economics, files.economics[prices].economics)},
    }


def _numbers(cohort: Plain, disease: Mapping[str, Plain], economics: Economics | None) -> Plain:
    """Return every number of a run that the page can change, by full key; lists stay whole."""
    prices = {} if economics is None else {ECONOMICS: economics.numbers}
    return leaf_values({"cohort": cohort, **disease, **prices})


def _terms(own: Economics | None, shipped: Economics | None) -> Plain:
    """Return the perspective and the threshold of headline figures where they are not those of the file."""
    if own is None or shipped is None:
        return {}
    found: Plain = {}
    if own.perspective != shipped.perspective:
        found["perspective"] = own.perspective
    threshold = middle_threshold(own.thresholds_per_qaly)
    if threshold != middle_threshold(shipped.thresholds_per_qaly):
        found["threshold_per_qaly"] = threshold
    return found


def _asked(asked: Request, key: str) -> bool:
    return any(word.startswith(f"{key}=") for word in asked.overrides)


def command(asked: Request) -> Plain:
    """Return what a command line that makes the page's numbers again builds on."""
    config, chosen = composed("compare", [])
    return {
        "defaults": {
            **{group: chosen[group] for group in ("cohort", "disease", "clinic", ECONOMICS)},
            **{key: config[key] for key in ("seed", "replication", "patients")},
            "horizon_years": config["horizon_years"] or HORIZON_YEARS,
            "policies": list(config["policies"]),
        },
        "clinic_words": [word for word in asked.overrides if word.startswith("clinic.")],
        "base": BASE,
        "config_dir": _own_folder(asked),
    }


def _own_folder(asked: Request) -> str | None:
    """Return the folder of the user's own files, as the command line named it."""
    words = shlex.split(asked.command)
    for k, word in enumerate(words):
        spelling, equals, value = word.partition("=")
        if spelling in ("--config-dir", "-cd"):
            return value if equals else words[k + 1]
    return None


def keys(run: Run) -> Plain:
    """Return the numbers that the page can change, by full key, without those that must be what they are.

    Numbers of a list have their place in brackets: ``metastasis.rate[2]``. ``low`` and ``high``: the range;
    ``sure_low`` and ``sure_high``: in which it is uncertain, where that is known.
    """
    fixed = {key for relation in relations.RELATIONS if relation.kind == "always" for key in relation.keys}
    sure = {number.key: number for number in uncertain_numbers()}
    found: Plain = {}
    for key, value in _leaves(run).items():
        if _is_tied(key):
            continue
        allowed = units.range_of(key)
        places = [f"{key}[{k}]" for k in range(len(value))] if isinstance(value, list) else [key]
        for place in places:
            if place in fixed:
                continue
            number = sure.get(place)
            found[place] = {
                "low": allowed.low,
                "high": allowed.high,
                "above_low": not allowed.low_allowed,
                "unit": unit_by_name(key),
                **({} if number is None else {"sure_low": number.low, "sure_high": number.high}),
            }
    return found


def tied() -> list[Plain]:
    """Return the relations that must hold between numbers that can be changed: keys, kind, and words."""
    return [
        {"keys": list(relation.keys), "kind": relation.kind, "words": relation.words}
        for relation in relations.RELATIONS
        if relation.kind != "always" and not any(key.startswith("clinic.") for key in relation.keys)
    ]


def lists(run: Run) -> Plain:
    """Return the lists that can only be changed as a whole: shares of one whole, and rising bounds."""
    return {
        key: {
            "length": len(value),
            "low": units.range_of(key).low,
            "high": units.range_of(key).high,
            "shares": key.endswith("_shares"),
        }
        for key, value in _leaves(run).items()
        if isinstance(value, list) and _is_tied(key)
    }


def _leaves(run: Run) -> Plain:
    return leaf_values({"cohort": run.cohort, **run.parameters, ECONOMICS: reference()})


def _is_tied(key: str) -> bool:
    """Return whether a list's numbers depend on each other, by its name."""
    return (
        key == f"{ECONOMICS}.{AGES}"
        or key.endswith("_shares")
        or bool(relations.BOUNDS.search(key.rpartition(".")[2]))
    )


def settings(lever: str) -> list[str]:
    kind = LEVERS[lever].kind
    if kind is FollowUp:
        return options("follow_up")
    return [] if kind in (bool, float) else [member.name.lower() for member in kind]


def state_schema(content: Plain) -> Plain:
    """Return the JSON Schema of the page's state: what is in a link or a file, and comes back."""
    written = content["layout"]["schemas"]["policy"]["properties"]
    levers = {
        "type": "object",
        "properties": {
            lever: {"enum": settings(lever)} if LEVERS[lever].kind is FollowUp else written[lever]
            for lever in LEVERS
        },
        "additionalProperties": False,
    }
    whole: Callable[[int, int], Plain] = lambda low, high: {  # noqa: E731
        "type": "integer", "minimum": low, "maximum": high,
    }  # fmt: skip
    properties = {
        "version": {"const": VERSION},
        "cohort": {"enum": list(content["cohorts"])},
        "disease": {"enum": list(content["diseases"])},
        "clinic": {"enum": list(content["clinics"])},
        "seed": whole(0, 2**53 - 1),
        "replication": whole(0, 2**53 - 1),
        "patients": whole(100, MOST_PATIENTS),
        "horizon_years": {"enum": list(content["layout"]["horizons_years"])},
        "numbers": {
            "type": "object",
            "properties": {
                key: {
                    "type": "number",
                    "exclusiveMinimum" if of["above_low"] else "minimum": of["low"],
                    "maximum": of["high"],
                }
                for key, of in content["keys"].items()
            }
            | {
                key: {
                    "type": "array",
                    "minItems": of["length"],
                    "maxItems": of["length"],
                    "items": {"type": "number", "minimum": of["low"], "maximum": of["high"]},
                }
                for key, of in content["lists"].items()
            },
            "additionalProperties": False,
        },
        "policies": {
            "type": "array",
            "minItems": 1,
            "maxItems": MOST_POLICIES,
            "items": {
                "type": "object",
                "properties": {
                    "policy": {"enum": list(content["policies"])},
                    "levers": levers,
                    # By the name of a risk group: what is set otherwise than in the shipped policy.
                    "groups": {"type": "object", "additionalProperties": levers},
                },
                "required": ["policy", "levers"],
                "additionalProperties": False,
            },
        },
        "comparator": whole(0, MOST_POLICIES - 1),
        # Beside the name of the file, what is set otherwise than in it.
        ECONOMICS: {
            "type": "object",
            "properties": {
                "file": {"enum": list(content[ECONOMICS])},
                "perspective": {"enum": list(PERSPECTIVES)},
                "threshold_per_qaly": {
                    "type": "number",
                    "minimum": THRESHOLD.low,
                    "maximum": THRESHOLD.high,
                },
            },
            "required": ["file"],
            "additionalProperties": False,
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "lrrc-sim: state of the page What if?",
        "type": "object",
        "properties": properties,
        "required": [key for key in properties if key != ECONOMICS],
        "additionalProperties": False,
    }
