"""``make schema``: a JSON Schema for each kind of YAML file, for editors, from the code that reads the files.

A schema holds what can be said of one key: its name, type, range and length, and the words that it may be.
What relates keys to each other (shares that add up to 1, levers that contradict each other) is checked by
the program alone.
"""

import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from typing import Any

from analysis.words.own_files import number_words
from conf import (
    calibration,
    compute,
    economics,
    endpoint,
    life_table,
    policies,
    question,
    schema,
    trials,
    units,
)
from conf.composition import CONF, GROUPS, experiments
from conf.economic_ranges import DISTRIBUTIONS
from conf.economic_ranges import KEYS as RANGE_KEYS
from conf.life_table import LIFE_TABLE
from conf.own_file import MOST_VALUES
from conf.schedules import MOST_VISITS
from conf.schema import shipped
from conf.stated_sources import comments
from experiments.budget import MOST_YEARS
from experiments.cli.guide import KEY_WORDS
from experiments.pages.lesson_schema import lesson_schema
from experiments.paper import ITEM_KEYS, PAPER_KEYS
from experiments.valuing.plan import DECISION, FEWEST_MEMBERS
from experiments.valuing.sensitivity_plan import METHODS

FOLDER = CONF / "schemas"
DRAFT = "https://json-schema.org/draft/2020-12/schema"
HOURS = units.Range(0, 24, "from 0 to 24")
Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
TEXTS: Schema = {"anyOf": [TEXT, {"type": "array", "items": TEXT}]}
NAME: Schema = {"type": "string", "minLength": 1}
FLAG: Schema = {"type": "boolean"}
DEFAULTS: Schema = {
    "description": "Files that this one starts from, and _self_ where its own keys are laid over them.",
    "type": "array",
    "items": {"anyOf": [TEXT, {"type": "object", "additionalProperties": TEXT}]},
}


def schemas() -> dict[str, Schema]:
    """Return the schema of each kind of file, by its name."""
    kinds: dict[str, Callable[[], Schema]] = {
        "policy": _policy,
        "follow_up": _follow_up,
        "guideline": _guideline,
        "life_table": _life_table,
        "cohort": lambda: _numbers_file("cohort", "dutch_contemporary", "A cohort: who the patients are."),
        "clinic": lambda: _numbers_file("clinic", "unlimited", "A clinic: who comes, and the capacity."),
        "economics": _economics,
        "disease": _disease,
        "scenario": _scenario,
        "trial": _trial,
        "lesson": lesson_schema,
        "compute": _compute,
        "paper": _paper,
    }
    made = {kind: make() for kind, make in kinds.items()}
    made |= {name: _experiment(name) for name in experiments()}
    return {kind: {"$schema": DRAFT, "title": f"lrrc-sim: {kind}", **body} for kind, body in made.items()}


def written(content: Schema) -> str:
    """Return a schema as its file has it."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """Write every schema; return the exit status."""
    FOLDER.mkdir(exist_ok=True)
    for kind, content in schemas().items():
        (FOLDER / f"{kind}.json").write_text(written(content), "utf-8")
    print(FOLDER)
    return 0


def _object(properties: Mapping[str, Schema], required: Sequence[str] = (), words: str = "") -> Schema:
    about: Schema = {"description": words} if words else {}
    needed: Schema = {"required": list(required)} if required else {}
    return {
        **about,
        "type": "object",
        "properties": dict(properties),
        "additionalProperties": False,
        **needed,
    }


def _or_null(content: Schema) -> Schema:
    return {"anyOf": [content, {"type": "null"}]}


def _one_of(words: Sequence[str]) -> Schema:
    return {"type": "string", "enum": list(words)}


def _number(allowed: units.Range) -> Schema:
    found: Schema = {"type": "number"}
    if allowed is not units.ANY:
        found["minimum" if allowed.low_allowed else "exclusiveMinimum"] = allowed.low
        found["maximum"] = allowed.high
    return found


def _whole(low: int, high: int | None = None) -> Schema:
    return {"type": "integer", "minimum": low, **({} if high is None else {"maximum": high})}


def _list(item: Schema, length: int | None = None, least: int = 0) -> Schema:
    found: Schema = {"type": "array", "items": item}
    if length is not None:
        return {**found, "minItems": length, "maxItems": length}
    return {**found, "minItems": least} if least else found


def _said(content: Schema, words: str) -> Schema:
    return {"description": words, **content}


def number(key: str, value: object) -> Schema:
    """Return the schema of a number of the configuration, by its full key and a value that it can have."""
    allowed = units.range_of(key)
    one, words = _number(allowed), allowed.words
    if key.startswith("clinic."):
        if key.endswith("_count"):
            one, words = _whole(0), "a whole number of 0 or more"
        elif key.endswith("_open_hours"):
            one, words = _number(HOURS), HOURS.words
    if isinstance(value, list):
        words = f"{len(value)} numbers, each {words}"
        if key.endswith("_shares"):
            words += ", together 1"
        one = _list(one, len(value))
    return _said(one, f"{_words(key)}. Allowed: {words}.")


def _words(key: str) -> str:
    """Return what a number is: its words, the heading that it is under, and the comment behind it."""
    section, _, name = key.partition(".")
    if section in ("cohort", "clinic", "economics"):
        return number_words(key)
    heading = _headings(section).get(name, "")
    beside = comments(f"parameters/{section}").get(name, "")
    parts = [number_words(key), heading.rstrip("."), beside.rstrip(".")]
    return ". ".join(part for part in parts if part)


def _headings(section: str) -> dict[str, str]:
    """Return the comment above each key of a section of the disease, or above the keys before it."""
    heading, found, open_ = "", {}, False
    lines = (CONF / f"parameters/{section}.yaml").read_text("utf-8").splitlines()
    for line in lines[2:]:  # the first two are on the file
        if line.startswith("#"):
            heading = f"{heading} {line[1:].strip()}" if open_ else line[1:].strip()
            open_ = True
        elif match := re.match(r"\w+(?=:)", line):
            found[match[0]], open_ = heading, False
    return found


def _levers() -> dict[str, Schema]:
    found = {}
    for lever, (kind, words) in policies.LEVERS.items():
        if kind is float:
            content = _number(policies.THRESHOLD_MM)
            words += f"; {policies.THRESHOLD_MM.words}"
        elif kind is bool:
            content = FLAG
        elif issubclass(kind, IntEnum):
            content = _one_of([member.name.lower() for member in kind])
        else:
            content = {**NAME, "examples": _shipped("follow_up")}
        found[lever] = _said(content, f"{words[0].upper()}{words[1:]}.")
    return found


def _shipped(group: str) -> list[str]:
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def _policy() -> Schema:
    levers = _levers()
    properties = {
        "description": _said(TEXT, "What it does, in a few words."),
        "guideline": _said(
            {**NAME, "examples": _shipped("guideline")}, "Its risk groups, a file in guideline/."
        ),
        **levers,
    }
    group = _object(levers, words="What a risk group of the guideline gets.")
    return {
        **_object(properties, words="A policy: the levers that differ from tme_alone."),
        "additionalProperties": {**group, "minProperties": 1},
    }


def _guideline() -> Schema:
    one = {"type": "object", "additionalProperties": TEXT, "minProperties": 1, "maxProperties": 1}
    groups = {
        "anyOf": [
            {"type": "array", "items": one, "minItems": 1},
            {"type": "object", "additionalProperties": TEXT, "minProperties": 1},
        ]
    }
    order = "In a list the first group that fits counts; in a mapping no two may hold for one patient."
    properties = {
        "description": _said(TEXT, "What it is, in a few words."),
        "source": _said(TEXT, "Where it is from, or that it is an assumption."),
        "meeting": _said(groups, f"Groups at the first team meeting, each with its condition. {order}"),
        "restaging": _said(groups, f"Groups when those who were treated are looked at again. {order}"),
        "pathology": _said(groups, f"Groups when the specimen has been read. {order}"),
    }
    return _object(properties, words="A guideline: risk groups by conditions on what a clinician sees.")


def _follow_up() -> Schema:
    months = _list(_whole(1))
    months |= {"uniqueItems": True, "maxItems": MOST_VISITS}
    properties = {
        "description": _said(TEXT, "What it is, in a few words."),
        "visit_months": _said(months, "Months after the primary operation, rising."),
        "ct_months": _said(months, "Those of the visits that have a CT."),
        "mri_months": _said(months, "Those of the visits that have an MRI."),
        "watch_months": _said(months, "Months after an organ is kept; each visit has an endoscopy."),
        "watch_ct_months": _said(months, "Those of the surveillance visits that have a CT."),
        "watch_mri_months": _said(months, "Those of the surveillance visits that have an MRI."),
    }
    return _object(properties, ["visit_months", "ct_months", "mri_months"], "A schedule of follow-up.")


def _life_table() -> Schema:
    probabilities = {
        **_list(_number(life_table.PROBABILITY)),
        "minItems": life_table.LEAST_BANDS,
        "maxItems": life_table.MOST_BANDS,
    }
    properties = {
        "description": _said(TEXT, "What it is, in a few words."),
        "first_age_years": _said(_number(life_table.FIRST_AGE), "The first age of the table."),
        **{
            f"{sex}_five_year_death_probability": _said(
                probabilities, f"Death of {sex} within five years, from the first age on every five years."
            )
            for sex in life_table.SEXES
        },
        "growth_five_years_ratio": _said(
            _number(life_table.GROWTH), "How the hazard grows every five years beyond the table."
        ),
    }
    return _object(properties, life_table.KEYS[1:], "A life table: death from other causes by age and sex.")


def _numbers(section: str, file: str) -> dict[str, Schema]:
    return {name: number(f"{section}.{name}", value) for name, value in shipped(file).items()}


def _names_of_files() -> dict[str, Schema]:
    """Return the keys of a cohort whose value is the name of a file."""
    usual_care = "The policy that is usual care there; the policy usual_care stands for it."
    return {
        policies.USUAL_CARE: _said({**NAME, "examples": _shipped("policy")}, usual_care),
        LIFE_TABLE: _said(
            {**NAME, "examples": _shipped("life_table")}, "Its life table, a file in life_table/."
        ),
    }


def _numbers_file(section: str, file: str, words: str) -> Schema:
    own = _names_of_files() if section == "cohort" else {}
    return _object({"defaults": DEFAULTS, **own, **_numbers(section, f"{section}/{file}")}, words=words)


def _economics() -> Schema:
    """Return what a country's prices and utilities may hold: a price is a number, or states its own year."""
    currency = {"type": "string", "pattern": "^[A-Z]{3}$"}
    rate = _number(economics.FACTOR)
    properties = {
        "currency": currency,
        "price_year": _whole(*economics.YEAR),
        "perspective": _one_of(economics.PERSPECTIVES),
        "thresholds_per_qaly": _list(_number(economics.THRESHOLD), least=1),
        "rates": {
            "type": ["object", "null"],
            "patternProperties": {f"^{economics.RATE.pattern}$": rate},
            "additionalProperties": False,
        },
        "horizon_years": _number(economics.HORIZON),
    }
    found = {key: _said(content, f"{_words(f'economics.{key}')}.") for key, content in properties.items()}
    price = _number(units.NOT_NEGATIVE)
    stated = _object(
        dict(zip(economics.STATED, (price, currency, _whole(*economics.YEAR)), strict=True)), economics.STATED
    )
    either = {**price, **stated, "type": ["number", "object"]}  # a keyword holds for the type it is of
    for key, value in economics.reference().items():
        content = number(f"economics.{key}", value)
        if units.range_of(key) is units.NOT_NEGATIVE and economics.PRICE.search(key):
            content |= {"items": either} if isinstance(value, list) else either
        found[key] = content
    found[economics.RANGES] = _said(
        _or_null(_object({key: _range(key, value) for key, value in economics.reference().items()})),
        "How uncertain the numbers are, for lrrc psa and lrrc sensitivity.",
    )
    return _object({"defaults": DEFAULTS, **found}, words="What care costs and life is worth in a country.")


def _range(key: str, value: object) -> Schema:
    """Return what the range of a price or utility may hold."""
    end = number(f"economics.{key}", value)
    source = {"type": "string", "minLength": 1}
    return _object(
        {
            "distribution": _one_of(DISTRIBUTIONS),
            "low": {**end, "description": "Lower end of the 95 % interval."},
            "high": {**end, "description": "Upper end of the 95 % interval."},
            "source": {"anyOf": [source, _list(source, least=1)]},
        },
        RANGE_KEYS,
    )


def _sections() -> dict[str, Schema]:
    return {
        section: _object(_numbers(section, f"parameters/{section}")) for section in schema.shipped_sections()
    }


def _disease() -> Schema:
    return _object({"defaults": DEFAULTS, **_sections()}, words="The numbers of the disease, by section.")


def _scenario() -> Schema:
    settings = {key: _setting(key) for key in schema.RUN_KEYS}
    groups = {
        "cohort": _object({**_names_of_files(), **_numbers("cohort", "cohort/dutch_contemporary")}),
        "clinic": _object(_numbers("clinic", "clinic/unlimited")),
    }
    words = "A scenario: a cohort, a clinic, the policies to compare, and what was published of them."
    return _object({"defaults": DEFAULTS, **settings, **groups, **_sections()}, words=words)


def _experiment(name: str) -> Schema:
    """Return the schema of the keys of an experiment, as ``conf/<name>.yaml`` sets them."""
    keys = [key for key in shipped(name) if key != "defaults"]
    groups = {group: _said({}, f"Keys of the {group}.") for group in GROUPS}
    sections = dict.fromkeys(schema.shipped_sections(), _said({}, "Numbers of the disease."))
    settings = {key: _setting(key) for key in keys}
    return _object({"defaults": DEFAULTS, **groups, **sections, **settings}, words=f"What lrrc {name} takes.")


def _published() -> Schema:
    horizon = _number(schema.HORIZON)
    names = ["evidence", "outcome", "policy", "horizon_years", "published"]
    return _object(dict(zip(names, (NAME, NAME, NAME, horizon, _number(units.ANY)), strict=True)), names)


def _question() -> Schema:
    def some(names: Sequence[str], least: int = 1) -> Schema:
        return {**_list(_one_of(names), least=least), "uniqueItems": True}

    text = {**NAME, "maxLength": question.LONGEST}
    properties = {
        "asks": _said(text, "The question, in words."),
        "readers": _said(some(question.READERS), "Who would ask it."),
        "outcomes": _said(some(question.outcome_names()), "What answers it; the first decides."),
        "waits": _said(some(question.WAITS, 0), "Waits that belong to the answer, in a clinic with queues."),
        "horizon_years": _said(
            _number(question.YEARS), "When it is answered: 1, 2, 3, 5, 10 or the run's own."
        ),
        "look_at": _said(some(question.LOOK_AT), "Pictures and tables of the run to look at."),
        "cannot_say": _said(text, "What the model cannot say of it."),
        "change": _said(text, "Words of the command line that change it."),
        "then_asks": _said(text, "What it asks with them."),
        "also": _said(text, "Another command that belongs to it."),
    }
    required = [key for key in question.KEYS if key not in question.OPTIONAL]
    return _object(properties, required, "What the scenario asks.")


def _setting(key: str) -> Schema:
    at_most = MOST_VALUES
    design: Schema = {"type": "object", "additionalProperties": _list({}, least=1), "maxProperties": at_most}
    settings: dict[str, Schema] = {
        "patients": _whole(1),
        "seed": _whole(0),
        "replication": _whole(0),
        "horizon_years": _or_null(_number(schema.HORIZON)),
        "policies": {**_list(NAME, least=1), "uniqueItems": True},
        "comparator": _or_null(NAME),
        "clock": _one_of(schema.CLOCKS),
        "out": _or_null({"type": ["string", "integer"]}),
        "rows": FLAG,
        "journal": FLAG,
        "pictures": FLAG,
        "published": _list(_published()),
        "question": _or_null(_question()),
        "clinics": {**_list(NAME, least=1), "uniqueItems": True},
        "target_share": _number(units.FRACTION),
        "number": _or_null(_whole(0)),
        "find": _or_null(NAME),
        "trials": {"anyOf": [NAME, _list(NAME, least=1)]},
        "most_patients": _whole(1),
        "fitted": _or_null(_list(NAME, least=1)),
        "ensemble": _whole(calibration.FEWEST_MEMBERS),
        "steps": _whole(1),
        "search_evaluations": _whole(0),
        "refits": _list(NAME),
        "workers": _or_null(_whole(1, compute.MOST_AT_ONCE)),
        "ship": FLAG,
        "grid": _or_null(design),
        "list": _or_null(_list({"type": "object"}, least=1)),
        "latin": _or_null(
            {"type": "object", "additionalProperties": _list({"type": "number"}, 2), "maxProperties": at_most}
        ),
        "points": _whole(1),
        "design_seed": _whole(0),
        "posterior": {"anyOf": [_whole(1), {"const": "all"}, {"type": "null"}]},
        "posterior_from": _or_null(NAME),
        "replications": _whole(1),
        "block": _whole(1),
        "on_error": _one_of(("continue", "stop")),
        "precision": _or_null({"type": "number", "exclusiveMinimum": 0}),
        "precision_of": _one_of(("difference", "outcome")),
        "outcomes": _list(NAME, least=1),
        "harms": _list(NAME),
        "members": _whole(FEWEST_MEMBERS),
        "discrepancy": FLAG,
        "threshold": _or_null(_number(economics.THRESHOLD)),
        "thresholds": _or_null(_list(_number(economics.THRESHOLD), least=1)),
        "evppi": _or_null(design),
        "study": _or_null({"type": "object"}),
        "patients_per_year": _number(units.NOT_NEGATIVE),
        "decision_years": _number(DECISION),
        "uptake": {**_list(_number(units.FRACTION), least=1), "maxItems": MOST_YEARS},
        "method": {"anyOf": [_one_of(METHODS), _list(_one_of(METHODS), least=1)]},
        "outcome": NAME,
        "of": _one_of(("difference", "level")),
        "vary": _or_null(_list(NAME, least=1)),
        "map": _or_null(
            {"type": "object", "additionalProperties": _list({"type": "number"}, 2), "maxProperties": 2}
        ),
        "map_steps": _whole(2),
        "by": _one_of(("number", "section")),
        "trajectories": _whole(1),
        "samples": _whole(1),
        "alternatives": _or_null({"anyOf": [_list(NAME, least=1), {"type": "object"}]}),
        "at_years": _or_null(_number(schema.HORIZON)),
    }
    words = KEY_WORDS.get(key, key.replace("_", " "))
    return _said(settings[key], f"{words[0].upper()}{words[1:]}.")


def _trial() -> Schema:
    base = _said(NAME, "The name of the one that this is like.")
    policy = {"anyOf": [NAME, _object({"base": base, **_levers()}, ["base"])]}
    share = _number(units.FRACTION)
    member = _object({"share": share, "policy": policy}, ["share", "policy"])
    mixed = {"anyOf": [{"type": "object", "additionalProperties": share}, _list(member, least=1)]}
    mix = _object({"mix": mixed}, ["mix"])
    content = {"anyOf": [*policy["anyOf"], mix]}
    cohort = {name: {"$ref": f"#/$defs/cohort/{name}"} for name in shipped("cohort/dutch_contemporary")}
    cohort |= _names_of_files()
    arm = _object({"policy": content, "cohort": _object(cohort)}, ["policy"])
    years = _number(endpoint.POSITIVE_YEARS)
    origin, estimator = _one_of(endpoint.ORIGINS), _one_of(endpoint.ESTIMATORS)
    fields = {
        "evidence": _said(NAME, "An id of conf/evidence.csv, or a name of your own."),
        "arm": _said(NAME, "One of the arms."),
        "outcome": _said(_one_of(endpoint.OUTCOMES), "What is counted."),
        "published": _said(_number(units.ANY), "The figure; a proportion from 0 to 1."),
        "subgroup": _said(TEXT, "A condition on the patients who count."),
        "horizon_years": _said(years, "When it is counted."),
        "followed_from_years": _said(
            _number(units.NOT_NEGATIVE), "The shortest follow-up, of a crude figure."
        ),
        "time_from": _said(origin, "Where time begins."),
        "estimator": _said(estimator, "How the incidence is estimated."),
        "where": _said(TEXT, "A condition on the event."),
        "of": _said(TEXT, "A condition (of a share), a column (of a median or mean), or what is timed."),
        "ratio": _said(_one_of(endpoint.CONTRASTS), "The kind of contrast."),
        "against": _said(NAME, "The arm of the comparison."),
        "against_subgroup": _said(TEXT, "A condition on the patients of the comparison."),
        "n": _said(_whole(1), "How many patients the figure rests on."),
        "low": _said(_number(units.ANY), "Lower end of its published 95 % interval."),
        "high": _said(_number(units.ANY), "Upper end of its published 95 % interval."),
        "judged": _said(FLAG, "Whether it counts; without n or an interval it is only shown."),
        "note": _said(TEXTS, "What the reader should know."),
    }
    properties = {
        "title": _said(TEXTS, "What the trial is called."),
        "set": _said(_one_of(trials.SETS), "To be fitted by lrrc calibrate, or only for lrrc validate."),
        "source": _said(TEXTS, "Authors, journal, year."),
        "note": _said(TEXTS, "What the reader should know."),
        "cohort": _said(_object({"base": base, **cohort}, ["base"]), "A cohort, and what differs from it."),
        "eligibility": _said(_list(NAME), "Conditions on what is known at diagnosis; all must hold."),
        "arms": {
            "description": "By the name of the arm: a policy, a mix of policies, or a policy and a cohort.",
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {"anyOf": [*content["anyOf"], arm]},
        },
        "follow_up_years": _said(years, "The longest follow-up."),
        "time_from": _said(origin, "Where time begins, for every figure that does not say."),
        "estimator": _said(estimator, "How incidences are estimated, where a figure does not say."),
        "subgroups": _said(
            {"type": "object", "additionalProperties": TEXT},
            "Conditions by name, which the conditions of endpoints may use.",
        ),
        "endpoints": _said(
            _list(_object(fields, ["evidence", "arm", "outcome", "published"]), least=1),
            "The published figures.",
        ),
    }
    required = [key for key in trials.KEYS if key not in trials.OPTIONAL]
    words = "A trial: its cohort, its arms and the published figures."
    numbers = _numbers("cohort", "cohort/dutch_contemporary")
    return {**_object(properties, required, words), "$defs": {"cohort": numbers}}


def _compute() -> Schema:
    """Return what a file of the group compute may hold: the keys of one of the kinds."""
    kinds = []
    for kind, keys in compute.KINDS.items():
        defaults = shipped(f"compute/{kind}")
        properties = {"kind": {"const": kind}, **{key: _like(key, defaults[key]) for key in keys}}
        kinds.append(_object({"defaults": DEFAULTS, **properties}, ["kind"]))
    return {"description": "Where the work is done.", "anyOf": kinds}


def _like(key: str, value: object) -> Schema:
    words = f"{key.replace('_', ' ')}"
    if key == "cluster":
        return _one_of(("slurm", "local"))
    if key in ("wait_seconds", "memory_gb"):
        return _said({"type": "number", "exclusiveMinimum": 0}, words)
    if key == "workers":
        return _said(_or_null(_whole(1, compute.MOST_AT_ONCE)), words)
    if isinstance(value, int):
        return _said(_whole(1), words)
    return _said(_or_null({"type": ["string", "integer"]}), words)


def _paper() -> Schema:
    item = _object({key: NAME for key in ITEM_KEYS}, ITEM_KEYS[:4])
    texts = {key: TEXTS for key in PAPER_KEYS if key != "items"}
    words = "A publication: each table or figure with its command and the digest of its content."
    return _object({**texts, "items": _list(item, least=1)}, ["items"], words)


if __name__ == "__main__":
    sys.exit(main())
