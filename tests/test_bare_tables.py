"""Pictures of tables that hold little or nothing can be read: never a fault, never a warning."""

import functools
import warnings

import numpy as np
import pandas as pd
import pytest
from attended import tables as attended_tables
from lived_tables import lived_tables
from pages import Page

from analysis import look
from analysis.pictures import PICTURES


@functools.cache
def whole() -> dict[str, pd.DataFrame]:
    """Return the tables of small runs that have every picture."""
    words = ("scenario=dutch_tme", "patients=60")
    return {**attended_tables(), **lived_tables(*words)}


def no_numbers(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table without any number, horizons and times included."""
    return table.assign(**dict.fromkeys(table.select_dtypes("number").columns, np.nan))


def values_as(value):
    """Return what sets the estimates and their intervals alone."""

    def changed(table: pd.DataFrame) -> pd.DataFrame:
        keys = ("horizon_years", "time_years", "target_days", "n", "count")
        names = [name for name in table.select_dtypes("number").columns if name not in keys]
        return table.assign(**{name: value for name in names})

    return changed


def one_policy(table: pd.DataFrame) -> pd.DataFrame:
    first = next(name for name in ("comparator", "policy") if name in table)
    mine = table["policy"] == table[first].iloc[0] if len(table) else slice(0)
    return table[mine].reset_index(drop=True)


def with_holes(seed):
    def changed(table: pd.DataFrame) -> pd.DataFrame:
        dice = np.random.default_rng(seed)
        table = table.copy()
        keys = ("horizon_years", "time_years", "target_days", "n", "count")
        for name in table.select_dtypes("number").columns.difference(keys):
            table[name] = table[name].astype(float).mask(dice.random(len(table)) < 0.3)
        return table

    return changed


BARE = {
    "no number": no_numbers,
    "no value": values_as(np.nan),
    "values of zero": values_as(0.0),
    "one row": lambda table: table[:1],
    "last row": lambda table: table[-1:],
    "one policy": one_policy,
    "empty": lambda table: table[:0],
    "holes": with_holes(1),
    "other holes": with_holes(2),
}


LATE = ("no number", "last row", "one policy", "other holes")  # of the kinds of the others


@pytest.mark.parametrize(
    "bare", [pytest.param(name, marks=pytest.mark.long if name in LATE else ()) for name in BARE]
)
@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.__name__)
def test_a_picture_of_bare_tables_can_be_read(picture, bare):
    tables = [BARE[bare](whole()[name]) for name in PICTURES[picture]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = picture(*tables)
        with look.style():
            page = Page(figure)
    assert page.lines
    said = " ".join(text for _, text in page.lines)
    assert "nan" not in said.lower().split() and "inf" not in said.lower().split()
