"""All pictures of a run, from its tables alone."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from analysis.pictures import look
from analysis.pictures.averted import averted_by_compartment, averted_by_mechanism
from analysis.pictures.beside_published import beside_published
from analysis.pictures.capacity import needed_capacity, waiting_harm
from analysis.pictures.flow import flow
from analysis.pictures.icon_array import icon_array
from analysis.pictures.incidence import incidence, incidence_by_mechanism
from analysis.pictures.pelvis import pelvis, pelvis_change
from analysis.pictures.price import averted_and_harmed
from analysis.pictures.rules import averted_against_harmed
from analysis.pictures.survival import survival
from analysis.pictures.waits import queue_lengths, utilisation, waits

# Each picture and the tables that it is drawn from.
PICTURES: dict[Callable[..., Figure], tuple[str, ...]] = {
    incidence: ("curves", "outcomes", "differences"),
    incidence_by_mechanism: ("curves", "outcomes", "differences"),
    survival: ("curves", "outcomes", "differences"),
    averted_and_harmed: ("averted", "harmed"),
    averted_against_harmed: ("differences",),
    averted_by_mechanism: ("averted",),
    averted_by_compartment: ("averted",),
    pelvis: ("outcomes", "differences"),
    pelvis_change: ("averted",),
    flow: ("flow", "outcomes", "differences"),
    icon_array: ("outcomes", "differences"),
    beside_published: ("published",),
    waits: ("waits",),
    queue_lengths: ("queues",),
    utilisation: ("utilisation",),
    waiting_harm: ("waiting_harm",),
    needed_capacity: ("needed",),
}

_SPLIT = ("mechanism", "compartment", "group", "horizon_years")
_ENDS = ("n", "ci_low", "ci_high")
_INTERVAL = ("estimate", *_ENDS)
_AVERTED = tuple(name + end for name in ("averted", "caused", "net") for end in ("", "_low", "_high"))
_HARMED = tuple(name + end for name in ("harmed", "spared", "net") for end in ("", "_low", "_high"))
READ_COLUMNS = {
    "outcomes": ("policy", "outcome", *_SPLIT, *_INTERVAL),
    "differences": ("policy", "comparator", "outcome", *_SPLIT, *_INTERVAL),
    "averted": ("policy", "comparator", "mechanism", "compartment", "horizon_years", "n", *_AVERTED),
    "harmed": ("policy", "comparator", "harm", "horizon_years", "n", *_HARMED),
    "curves": ("policy", "outcome", "mechanism", "time_years", *_INTERVAL),
    "flow": ("policy", "mechanism", "compartment", "treatment", "margin", "fate", "n"),
    "published": ("policy", "outcome", "horizon_years", "published", "simulated", "difference", *_ENDS),
    "waits": (
        "policy",
        "clinic",
        "step",
        "n",
        "median_days",
        "p90_days",
        "target_days",
        "share_beyond_target",
    ),
    "queues": ("policy", "clinic", "resource", "time_years", "mean_length"),
    "utilisation": ("policy", "clinic", "resource", "count", "utilisation"),
    "waiting_harm": ("policy", "clinic", "outcome", "horizon_years", "n", "net", "net_low", "net_high"),
    "needed": ("policy", "clinic", "resource", "count", "needed_alone", "needed"),
}


def columns_of(table: str) -> tuple[str, ...]:
    """Return the columns that pictures read of a table, by its name; none for a table they do not know."""
    return READ_COLUMNS.get(table, ())


def pictures_of(
    tables: dict[str, pd.DataFrame], population: str = "simulated patients"
) -> dict[str, Callable[[], Figure]]:
    """Return a function that draws it, by name, for every picture whose tables are there."""
    return {
        picture.__name__: partial(picture, *(tables[name] for name in needed), population=population)
        for picture, needed in PICTURES.items()
        if all(name in tables for name in needed)
    }


def draw_all(
    tables: dict[str, pd.DataFrame], folder: Path, population: str = "simulated patients"
) -> list[Path]:
    """Draw every picture whose tables are there, write it as PNG and SVG, and return the paths.

    ``tables`` by name without the ending: outcomes, differences, averted, harmed, curves, flow,
    published.
    """
    return look.save_all(pictures_of(tables, population), folder)
