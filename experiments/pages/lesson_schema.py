"""The JSON Schema of a lesson, from the code that reads it."""

from collections.abc import Mapping, Sequence
from typing import Any

from conf import lesson, lesson_figures, lesson_prediction, question
from conf.stated_sources import shipped_names

Schema = dict[str, Any]
NAME: Schema = {"type": "string", "minLength": 1}
NUMBER: Schema = {"type": "number"}


def lesson_schema() -> Schema:
    """Return the schema of a lesson."""
    change = {
        **_keys({}, words="Keys and values: a cohort, a clinic, a disease, a number, policies or a lever."),
        "additionalProperties": True,
        "minProperties": 1,
    }
    options = _list(_said(_option(), "What a student may choose."), 2)
    properties = {
        "title": _said(NAME, "What the lesson is called."),
        "goal": _said(NAME, "What a student can say afterwards."),
        "minutes": _said(
            {"type": "number", "exclusiveMinimum": lesson.MINUTES.low, "maximum": lesson.MINUTES.high},
            "How long it takes in class.",
        ),
        "licence": _said({"type": "string"}, "Under which licence others may use it."),
        "scenario": _scenario(change),
        "policies": _said(
            {**_list(NAME, 1), "maxItems": lesson.MOST_POLICIES, "uniqueItems": True},
            "What is compared; the first is what the others are compared with.",
        ),
        "question": _said(NAME, "What is asked before anything is shown."),
        "prediction": {
            "anyOf": [
                _keys(
                    {
                        "kind": _one_of([lesson_prediction.CHOICE]),
                        "options": {**options, "maxItems": lesson_prediction.MOST_OPTIONS},
                    },
                    ["kind", "options"],
                    "A choice among options.",
                ),
                _keys(
                    {
                        "kind": _one_of([lesson_prediction.NUMBER]),
                        "unit": _said(NAME, "Of what, as in: of 1,000 patients."),
                        "low": NUMBER,
                        "high": NUMBER,
                        "near": _said({"type": "number", "minimum": 0}, "How far off still counts as near."),
                    },
                    ["kind", "unit", "low", "high", "near"],
                    "A number from low to high.",
                ),
            ]
        },
        "answer": {
            "anyOf": [
                _keys({"figure": NAME}, ["figure"], "The figure that decides."),
                _keys(
                    {"option": _one_of([lesson_prediction.LARGEST, lesson_prediction.SMALLEST])},
                    ["option"],
                    "Right is the option with the largest, or smallest, figure.",
                ),
            ]
        },
        "figures": {
            "description": "Figures by name; each uses only figures above it.",
            "type": "object",
            "additionalProperties": {"anyOf": _figures()},
            "minProperties": 1,
        },
        "vary": _said(
            _list(_keys({"says": NAME, "change": change, "name": NAME}, ["says", "change"])),
            "What to change afterwards; a name, where figures are measured with it.",
        ),
        "reveal": _said(
            {**_list(_one_of(lesson.REVEALED), 1), "uniqueItems": True},
            "Pictures to look at; economics: costs and QALYs.",
        ),
        "explanation": _said(_list(NAME, 1), "Paragraphs; {figure} stands for a figure's computed value."),
        "evidence": _said(_list(NAME), "Ids of conf/evidence.csv that the explanation rests on."),
        "discuss": _said(_list(NAME, 1), "What to discuss."),
        "holds": _said(
            _list(_keys({"figure": NAME, "from": NUMBER, "to": NUMBER}, ["figure"])),
            "What must be so for the explanation to be true.",
        ),
    }
    required = [key for key in lesson.KEYS if key not in lesson.OPTIONAL]
    return _keys(properties, required, "A lesson: a question, a prediction, and an explanation.")


def _option() -> Schema:
    bound = NUMBER
    return _keys(
        {
            "says": NAME,
            "from": _said(bound, "Right from this value of the answer's figure on."),
            "below": _said(bound, "Right below this value of it."),
            "figure": _said(NAME, "Right where this is the largest, or smallest, of the options' figures."),
        },
        ["says"],
    )


def _scenario(change: Schema) -> Schema:
    properties = {
        **{group: {**NAME, "examples": shipped_names(group)} for group in lesson.GROUPS},
        "patients": _said({"type": "integer", "minimum": 1}, "How many patients, in each repetition."),
        "repetitions": _said(
            {"type": "integer", "minimum": 1, "maximum": lesson.MOST_REPETITIONS},
            "How often, for figures over the repetitions.",
        ),
        "change": change,
    }
    return _keys(properties, words="What is simulated; what it leaves out is as in lrrc compare.")


def _figures() -> list[Schema]:
    keys = list(lesson_figures.known_keys())
    parts = {
        part: _one_of(list(dict.fromkeys(str(key[k]) for key in keys)))
        for k, part in enumerate(("outcome", "mechanism", "compartment", "group"))
    }
    run = {
        "policy": _said(NAME, "One of the lesson's policies."),
        "if": _said(NAME, "The name of a change of vary in which it is measured."),
        "luck": _said(
            _one_of([lesson_figures.SHARED, lesson_figures.OWN]),
            "Own: other patients than those of the other policies.",
        ),
    }
    horizons = sorted({key[4] for key in keys if key[0] in ("local_recurrence", "life_years")})
    years = _said({"enum": horizons}, "Within so many years; 5 where nothing is said.")
    published = _said(NAME, "The id of a row of conf/evidence.csv.")
    written = _one_of([lesson_figures.PERCENT, lesson_figures.TIMES])
    return [
        _keys({**parts, **run, "years": years}, ["outcome", "policy"], "Of 1,000 patients, or an amount."),
        _keys({"wait": _one_of(question.WAITS), **run}, ["wait", "policy"], "A median wait in days."),
        _keys(
            {lesson_figures.VALUE: _one_of(lesson_figures.known_values()), **run},
            [lesson_figures.VALUE, "policy"],
            "What 1,000 patients cost, or their years of life or QALYs.",
        ),
        _keys({"evidence": published}, ["evidence"], "A published value."),
        *(
            _keys(
                {
                    kind: {**_list(NAME, 2), "maxItems": 2},
                    **({"written": written} if kind == "ratio" else {}),
                },
                [kind],
                f"The {kind} of two figures.",
            )
            for kind in lesson_figures.OF_TWO
        ),
        *(_keys({kind: NAME}, [kind], "Over the repetitions.") for kind in lesson_figures.OVER_REPETITIONS),
    ]


def _keys(properties: Mapping[str, Schema], required: Sequence[str] = (), words: str = "") -> Schema:
    about: Schema = {"description": words} if words else {}
    needed: Schema = {"required": list(required)} if required else {}
    shape = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    return {**about, **shape, **needed}


def _one_of(words: Sequence[str]) -> Schema:
    return {"type": "string", "enum": list(words)}


def _list(item: Schema, least: int = 0) -> Schema:
    return {"type": "array", "items": item, **({"minItems": least} if least else {})}


def _said(content: Schema, words: str) -> Schema:
    return {"description": words, **content}
