"""What a student predicts in a lesson, and what decides whether the prediction is right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from conf import units
from conf.endpoint import read_mapping
from conf.input_error import InputError, choice, one_of, shown
from conf.lesson_figures import Figure, known_figure

CHOICE, NUMBER = "choice", "number"
LARGEST, SMALLEST = "largest", "smallest"
MOST_OPTIONS = 6


@dataclass(frozen=True)
class Option:
    """What a student may choose. Right where ``low <= answer < high``, or where ``figure`` is the extreme."""

    says: str
    low: float | None = None
    high: float | None = None
    figure: str = ""


@dataclass(frozen=True)
class Prediction:
    """What a student predicts: a choice among options, or a number from ``low`` to ``high``.

    A number that is no further than ``near`` from the model's counts as near.
    """

    kind: str
    options: tuple[Option, ...] = ()
    unit: str = ""
    low: float = 0.0
    high: float = 0.0
    near: float = 0.0


@dataclass(frozen=True)
class Answer:
    """The figure that decides, or that the option with the largest or smallest figure is right."""

    figure: str = ""
    extreme: str = ""


def read_prediction(key: str, value: object, figures: Mapping[str, Figure]) -> Prediction:
    """Return what a student is to predict. Raises InputError."""
    given = read_mapping(key, value, "{kind: choice, options: [...]}")
    kind = one_of(f"{key}.kind", given.get("kind"), (CHOICE, NUMBER))
    if kind == NUMBER:
        refuse_unknown(f"{key}.", given, ("kind", "unit", "low", "high", "near"))
        for needed in ("unit", "low", "high", "near"):
            if needed not in given:
                raise InputError(f"{key}.{needed}: missing; a number has unit, low, high and near")
        low, high = (units.number(f"{key}.{name}", given[name], units.ANY) for name in ("low", "high"))
        if low >= high:
            raise InputError(f"{key}.high={high:g}: must be above low={low:g}")
        near = units.number(f"{key}.near", given["near"], units.NOT_NEGATIVE)
        return Prediction(
            NUMBER, unit=read_words(f"{key}.unit", given["unit"]), low=low, high=high, near=near
        )
    refuse_unknown(f"{key}.", given, ("kind", "options"))
    options = given.get("options")
    if not isinstance(options, list) or not 2 <= len(options) <= MOST_OPTIONS:
        raise InputError(f"{key}.options={shown(options)}: must be a list of 2 to {MOST_OPTIONS} options")
    return Prediction(
        CHOICE, tuple(_option(f"{key}.options[{k}]", each, figures) for k, each in enumerate(options))
    )


def _option(key: str, value: object, figures: Mapping[str, Figure]) -> Option:
    given = read_mapping(key, value, "{says: By about half, from: 0.4, below: 0.6}")
    refuse_unknown(f"{key}.", given, ("says", "from", "below", "figure"))
    if "says" not in given:
        raise InputError(f"{key}.says: missing; write what a student chooses")
    low, high = (
        units.number(f"{key}.{name}", given[name], units.ANY) if name in given else None
        for name in ("from", "below")
    )
    figure = known_figure(f"{key}.figure", given["figure"], figures) if "figure" in given else ""
    return Option(read_words(f"{key}.says", given["says"]), low, high, figure)


def read_answer(key: str, value: object, prediction: Prediction, figures: Mapping[str, Figure]) -> Answer:
    """Return what decides; exactly one option must be right whatever it comes to. Raises InputError."""
    given = read_mapping(key, value, "{figure: averted}, or {option: largest}")
    refuse_unknown(f"{key}.", given, ("figure", "option"))
    if len(given) != 1:
        raise InputError(f"{key}={shown(value)}: must have figure or option, and not both")
    if "option" in given:
        extreme = one_of(f"{key}.option", given["option"], (LARGEST, SMALLEST))
        if prediction.kind == NUMBER:
            raise InputError(f"{key}.option={extreme}: a number has no options; name its figure")
        for k, option in enumerate(prediction.options):
            if not option.figure or option.low is not None or option.high is not None:
                raise InputError(
                    f"{key}.option={extreme}: so each option has says and figure; options[{k}] has not"
                )
        return Answer(extreme=extreme)
    figure = known_figure(f"{key}.figure", given["figure"], figures)
    if prediction.kind == CHOICE:
        _refuse_gaps(f"{key}.figure={figure}", prediction.options)
    return Answer(figure)


def _refuse_gaps(key: str, options: Sequence[Option]) -> None:
    """Raise InputError unless the options' ranges cover every number once."""
    if any(option.figure for option in options):
        raise InputError(f"{key}: so each option has from and below, and no figure")
    order = sorted(options, key=lambda each: -float("inf") if each.low is None else each.low)
    ends = [None, *(option.high for option in order)]
    starts = [*(option.low for option in order), None]
    for end, start in zip(ends, starts, strict=True):
        if end != start:
            raise InputError(
                f"{key}: the options must cover every number once: one ends below "
                f"{'nothing' if end is None else f'{end:g}'} and the next begins from "
                f"{'nothing' if start is None else f'{start:g}'}"
            )


def refuse_unknown(where: str, given: Mapping[str, object], keys: Sequence[str]) -> None:
    """Raise InputError for a key that there is not."""
    for key, value in given.items():
        if key not in keys:
            raise InputError(f"{where}{key}={shown(value)}: there is no such key{choice(key, keys)}")


def read_words(key: str, value: object) -> str:
    """Return words, of which there must be some. Raises InputError."""
    if not isinstance(value, str):
        raise InputError(f"{key}={shown(value)}: must be words")
    text = " ".join(value.split())
    if not text:
        raise InputError(f"{key}: is empty; write what it says")
    return text


def read_texts(key: str, value: object, most: int = 50, least: int = 1) -> tuple[str, ...]:
    """Return a list of different words. Raises InputError."""
    if not isinstance(value, list) or not least <= len(value) <= most:
        raise InputError(f"{key}={shown(value)}: must be a list of {least} to {most}")
    found = tuple(read_words(f"{key}[{k}]", each) for k, each in enumerate(value))
    for each in found:
        if found.count(each) > 1:
            raise InputError(f"{key}: {shown(each)} appears twice")
    return found
