"""Counts of a block as bytes, for the ledger and between processes, and their sum.

Most counts are zero (deaths by day and fold), so only the others are kept.
"""

import functools
import json
import zlib
from collections.abc import Mapping
from dataclasses import fields
from math import prod
from typing import Any, NamedTuple

import numpy as np

from sim.counting.outcomes import Key
from sim.counting.tally import PairTally, Tally

TALLY = tuple(field.name for field in fields(Tally))
FEW = 8  # blocks, whose places are remembered
PAIR = tuple(field.name for field in fields(PairTally))


class Place(NamedTuple):
    """Where an array of counts belongs, and where it stands in the row of all counts."""

    policy: str
    kind: str  # tally or pair
    part: str
    key: Key
    shape: tuple[int, ...]
    first: int
    stop: int


def to_bytes(tallies: Mapping[str, Tally], pairs: Mapping[str, PairTally]) -> bytes:
    """Return counts as bytes; the same counts are the same bytes."""
    arrays = sorted(_arrays(tallies, pairs), key=lambda array: array[:2])
    head = _head(tuple((*about, counts.shape) for *about, counts in arrays))
    flat = np.concatenate([np.ravel(counts) for *_, counts in arrays])
    places = np.flatnonzero(flat)
    # Steps between places are small numbers, which pack better than places.
    steps = np.diff(places, prepend=0)
    numbers = [len(head).to_bytes(8, "little"), head]
    numbers += [column.astype("<i8").tobytes() for column in (steps, flat[places])]
    return zlib.compress(b"".join(numbers), 1)


@functools.lru_cache(8)
def _head(layout: tuple[tuple[Any, ...], ...]) -> bytes:
    named = [[policy, kind, part, *key, shape] for policy, kind, part, key, shape in layout]
    return json.dumps(named, separators=(",", ":")).encode()


def _arrays(tallies: Mapping[str, Tally], pairs: Mapping[str, PairTally]) -> list[tuple[Any, ...]]:
    kinds: list[tuple[str, tuple[str, ...], Mapping[str, Any]]] = [
        ("tally", TALLY, tallies),
        ("pair", PAIR, pairs),
    ]
    return [
        (policy, kind, part, key, counts)
        for kind, parts, of_policies in kinds
        for policy, tally in of_policies.items()
        for part in parts
        for key, counts in getattr(tally, part).items()
    ]


@functools.lru_cache(8)
def _layout(head: bytes) -> tuple[Place, ...]:
    places, first = [], 0
    for policy, kind, part, *key, shape in json.loads(head):
        stop = first + prod(shape)
        places.append(Place(policy, kind, part, Key(*key), tuple(shape), first, stop))
        first = stop
    return tuple(places)


class Sum:
    """The sum of the counts of blocks, whatever their order."""

    def __init__(self) -> None:
        self.layout: tuple[Place, ...] = ()
        self.counts = np.zeros(0, np.int64)
        self.touched: list[np.ndarray] = []

    def clear(self) -> None:
        """Begin again; after few blocks cheaper than another sum, whose many zeros take long to make."""
        if len(self.touched) <= FEW:
            for places in self.touched:
                self.counts[places] = 0
        else:
            self.counts[:] = 0
        self.touched = []

    def add(self, packed: bytes) -> None:
        """Add a block's counts. Raises ValueError where they are counts of other things."""
        unpacked = zlib.decompress(packed)
        end = 8 + int.from_bytes(unpacked[:8], "little")
        layout = _layout(unpacked[8:end])
        steps, values = np.frombuffer(unpacked[end:], "<i8").reshape(2, -1)
        if layout != self.layout:
            if self.touched:
                raise ValueError("counts of other outcomes cannot be added")
            self.layout, self.counts = layout, np.zeros(layout[-1].stop, np.int64)
        places = np.cumsum(steps)
        self.counts[places] += values
        if len(self.touched) <= FEW:
            self.touched.append(places)

    def tallies(self, policies: list[str]) -> tuple[dict[str, Tally], dict[str, PairTally]]:
        """Return the counts of each policy in the order given, and the joint counts."""
        tallies = {policy: Tally() for policy in policies}
        pairs = {policy: PairTally() for policy in policies}
        for place in self.layout:
            of: Any = tallies if place.kind == "tally" else pairs
            counts = self.counts[place.first : place.stop].reshape(place.shape)
            getattr(of[place.policy], place.part)[place.key] = counts
        return tallies, {policy: pair for policy, pair in pairs.items() if pair.binary}
