"""``lrrc evidence``: every number of the model, what it rests on, and where the code reads it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from conf.input_error import InputError, nearest, shown
from conf.request import Request

if TYPE_CHECKING:
    from conf.numbers import Number

IN_FULL = 6  # so many numbers are shown in full
KEY_WORDS = {
    "WORD": "part of a key, of a section, of a source's id or text; of several words all must be found",
    "key=value": "a scenario, a cohort or a number, as lrrc compare takes them; also --config-dir DIR",
}


def evidence(asked: Request, words: Sequence[str]) -> int:
    """Print the numbers of a scenario that fit all the words, or all numbers; return 0.

    Raises InputError where none fits, with the nearest key, and for a scenario that cannot be run.
    """
    from analysis.pages import numbers as pages
    from conf import numbers, stated_sources
    from conf.origins import origins
    from conf.schema import read_run, shipped
    from experiments.model_source import uses

    run = read_run(asked.config)
    known = numbers.numbers_of(run, origins("compare", asked.overrides))
    rows = stated_sources.evidence()
    found = matching(known, words, {key: pages.says(row) for key, row in rows.items()})
    read = uses(numbers.trees_of(run))
    parts = []
    if len(found) > IN_FULL:
        parts.append(pages.table(found, read))
    else:
        for number in found:
            by_hand = shipped(f"parameters/{number.section}")[number.name] if number.fitted else None
            parts.append(pages.in_full(number, read, rows, numbers.shipped_fit(), by_hand))
    count = f"{len(found)} of {len(known)} numbers"
    if len(found) > IN_FULL:
        count += f"; with {IN_FULL} or fewer, each is shown in full: lrrc evidence WORD"
    print("\n\n".join([*parts, count]))
    return 0


def matching(known: Sequence["Number"], words: Sequence[str], texts: dict[str, str]) -> list["Number"]:
    """Return the numbers that hold every word, in any case, in key, origin, comment or sources.

    A word that is a key or a section finds these alone. ``texts``: what each source says, by its id. Raises
    InputError where a word, or all together, finds nothing.
    """
    exact = [number for number in known if [number.key] == [*words] or [number.section] == [*words]]
    if exact:
        return exact

    def haystack(number: "Number") -> str:
        sources = (f"{key} {texts[key]}" for key in number.sources)
        assumed = "assumption" if number.assumed else ""
        return " ".join((number.key, number.origin, number.said, assumed, *sources)).lower()

    heaps = {number.key: haystack(number) for number in known}
    keys = [*heaps, *dict.fromkeys(number.section for number in known)]
    for word in words:
        if not any(word.lower() in heap for heap in heaps.values()):
            raise InputError(f"{shown(word)}: no number, section or source has this{nearest(word, keys)}")
    found = [number for number in known if all(word.lower() in heaps[number.key] for word in words)]
    if not found:
        raise InputError(f"{shown(' '.join(words))}: no number has all of these words; take one of them away")
    return found
