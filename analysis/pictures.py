"""All pictures of a run, from its tables alone."""

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from analysis import look
from analysis.averted import averted_by_compartment, averted_by_mechanism
from analysis.capacity import harm_of_waiting, needed_capacity
from analysis.incidence import incidence, incidence_by_mechanism
from analysis.survival import survival
from analysis.trial import beside_published
from analysis.waits import queue_lengths, utilisation, waits

# Each picture and the tables that it is drawn from.
PICTURES = {
    incidence: ("curves", "outcomes", "differences"),
    incidence_by_mechanism: ("curves", "outcomes", "differences"),
    survival: ("curves", "outcomes", "differences"),
    averted_by_mechanism: ("averted",),
    averted_by_compartment: ("averted",),
    beside_published: ("published",),
    waits: ("waits",),
    queue_lengths: ("queues",),
    utilisation: ("utilisation",),
    harm_of_waiting: ("harm",),
    needed_capacity: ("needed",),
}


def draw_all(
    tables: dict[str, pd.DataFrame], folder: Path, population: str = "simulated patients"
) -> list[Path]:
    """Draw every picture whose tables are there, write it as PNG and SVG, and return the paths.

    ``tables`` by name without the ending: outcomes, differences, averted, curves, published.
    """
    paths = []
    for picture, needed in PICTURES.items():
        if all(name in tables for name in needed):
            drawn: Figure = picture(*(tables[name] for name in needed), population=population)
            paths += look.save(drawn, folder, picture.__name__)
    return paths
