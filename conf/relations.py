"""Relations between numbers that the model relies on, declared once; what breaks one is refused.

Two kinds follow from the name of a list, so that a new list has them: ``_shares`` are of one whole, and
``bounds`` rise. The others are lines of ``RELATIONS``. They hold for every ``Run``, whoever makes it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from conf.input_error import InputError, shown

TOLERANCE = 1e-6  # of sums: shares are written with few digits
BOUNDS = re.compile(r"(^|_)bounds(_|$)")

Tree = Mapping[str, Any]


class Relation(NamedTuple):
    """A relation between the values of keys; a key names a number, a list, or one of a list: ``a.b[0]``."""

    keys: tuple[str, ...]
    kind: str  # what ``holds`` asks, for who reads it without Python: not_above, parts_of_one or always
    holds: Callable[..., bool]
    words: str  # what must be


def not_above(low: str, high: str, why: str) -> Relation:
    """Return the relation that one number is not above another."""
    words = f"the first must not be above the second: {why}"
    return Relation((low, high), "not_above", lambda a, b: a <= b, words)


def parts_of_one(*keys: str, why: str) -> Relation:
    """Return the relation that shares, at each place of their lists, add up to at most 1."""
    return Relation(
        keys,
        "parts_of_one",
        lambda *lists: all(sum(shares) <= 1 + TOLERANCE for shares in zip(*lists, strict=True)),
        f"element by element they must add up to at most 1: {why}",
    )


def always(key: str, value: float, why: str) -> Relation:
    """Return the relation that a number of a list is this one."""
    return Relation((key,), "always", lambda a: a == value, f"must be {value:g}: {why}")


BY_REGIMEN = "the first is without radiotherapy, which"
RELATIONS = (
    not_above("cohort.age_min_years", "cohort.age_max_years", "ages lie between"),
    not_above("cohort.age_min_years", "cohort.age_mean_years", "anyone younger is given the least age"),
    not_above("cohort.age_mean_years", "cohort.age_max_years", "anyone older is given the greatest age"),
    not_above("cohort.reflection_cm", "cohort.height_bounds_cm[-1]", "T4a tumours lie between"),
    parts_of_one("cohort.n1_share", "cohort.n2_share", why="the others have no nodes involved"),
    not_above(
        "mortality.operative_days", "mortality.late_operative_days", "late operative deaths lie between"
    ),
    not_above("surgery.leak_low_below_cm", "surgery.leak_high_above_cm", "mid-rectal tumours lie between"),
    *(
        always(f"{section}.sterilised_probability[0]", 0, f"{BY_REGIMEN} kills no cells")
        for section in ("exfoliation", "margin", "mesorectum", "spillage")
    ),
    always("recurrence.irradiated_onset_ratio[0]", 1, f"{BY_REGIMEN} delays nothing"),
    not_above(
        "clinic.theatre_closed_from_days", "clinic.theatre_closed_until_days", "it opens after it closes"
    ),
)


def broken(trees: Mapping[str, Tree]) -> list[Relation]:
    """Return the relations that these sections (cohort, clinic, parts of the disease) break, by name.

    A relation with a section that is not among them is left out.
    """
    return [
        relation
        for relation in RELATIONS
        if all(key.partition(".")[0] in trees for key in relation.keys)
        and not relation.holds(*(_value(trees, key) for key in relation.keys))
    ]


def check(trees: Mapping[str, Tree], **called: str) -> None:
    """Raise InputError, with the keys, their values and what is allowed, for a relation that is broken.

    ``called``: what the user calls a section, where that is not its name.
    """
    for relation in broken(trees):
        values = []
        for key in relation.keys:
            section, _, name = key.partition(".")
            values.append(f"{called.get(section, section)}.{name}={_shown(_value(trees, key))}")
        raise InputError(f"{', '.join(values)}: {relation.words}")


def check_list(key: str, numbers: Sequence[float]) -> None:
    """Raise InputError for a list that is not what its name says: shares of a whole, rising bounds."""
    if key.endswith("_shares") and abs(sum(numbers) - 1.0) > TOLERANCE:
        raise InputError(
            f"{key}={_shown(numbers)}: the shares of a whole must add up to 1, not {sum(numbers):g}"
        )
    if BOUNDS.search(key.rpartition(".")[2]):
        for k in range(1, len(numbers)):
            if numbers[k - 1] >= numbers[k]:
                after = f"{numbers[k]:g} follows {numbers[k - 1]:g}"
                raise InputError(f"{key}={_shown(numbers)}: bounds must rise, and {after}")


def _value(trees: Mapping[str, Tree], key: str) -> Any:
    section, _, name = key.partition(".")
    name, _, place = name.partition("[")
    value = trees[section][name]
    return value[int(place.rstrip("]"))] if place else value


def _shown(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return shown([f"{number:g}" for number in value])
    return f"{value:g}"
