"""Pictures of tables that hold little or nothing can be read: never a fault, never a warning."""

import functools
import warnings

import numpy as np
import pandas as pd
import pytest
from helpers.attended import tables as attended_tables
from helpers.pages import Page
from helpers.run_tables import run_tables

from analysis.pages.sweep_summary import summary
from analysis.pictures import look
from analysis.pictures.calibration import converged, identified, traded
from analysis.pictures.catalogue import PICTURES
from analysis.pictures.sweep import draw_sweep, shown


@functools.cache
def whole() -> dict[str, pd.DataFrame]:
    """Return the tables of small runs that have every picture."""
    words = ("scenario=dutch_tme", "patients=60")
    return {**attended_tables(), **run_tables(*words)}


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
    assert not NO_NUMBERS & words_of(
        lambda: picture(*(BARE[bare](whole()[name]) for name in PICTURES[picture]))
    )


def test_a_run_of_less_than_a_day_has_pictures_that_can_be_read():
    tables = run_tables("patients=20", "horizon_years=0.002", "policies=[tme_alone,short_course]")
    for picture, needed in PICTURES.items():
        if set(needed) <= set(tables):
            assert not NO_NUMBERS & words_of(
                lambda picture=picture, needed=needed: picture(*(tables[name] for name in needed))
            )


NO_NUMBERS = {"nan", "inf"}


def words_of(picture):
    """Draw a picture, and return the words on it; fail where it warns or has none."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = picture()
        with look.style():
            page = Page(figure)
    assert page.lines
    return set(" ".join(text for _, text in page.lines).lower().split())


LINES = {"number": [1.0, 2.0], "word": ["a$b", "_c"], "policy": "tme_alone", "n": 10}


@pytest.mark.parametrize("value", [0.0, 0.1, np.nan], ids=["zero", "a value", "no value"])
@pytest.mark.parametrize("swept", [["number"], ["word"], ["number", "word"], ["number", "more"], []], ids=str)
def test_the_pictures_of_a_sweep_of_bare_tables_can_be_read(swept, value, tmp_path):
    about = {"outcome": "local_recurrence", "mechanism": "all", "compartment": "all", "group": "all"}
    about |= {"horizon_years": 5.0, "replication": 0, "estimate": value, "ci_low": value, "ci_high": value}
    table = pd.DataFrame({**LINES, "more": [1.0, 2.0], **about})
    tables = {"outcomes": table, "differences": table[:0].assign(comparator=None)}
    tables["convergence"] = table.assign(half_width=value, patients=10)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = draw_sweep(tables, swept, ["local_recurrence"], 5.0, tmp_path, 0.1)
    assert len(made) == 4
    text = summary(shown(tables, swept, "local_recurrence", 5.0), swept, "local_recurrence", 5.0)
    assert "nan" not in text


def test_the_pictures_of_a_calibration_of_bare_tables_can_be_read():
    names = ("prior_median", "prior_low", "prior_high", "default", "posterior_mean", "posterior_low",
             "posterior_high", "fitted", "width_ratio")  # fmt: skip
    none = pd.DataFrame({"key": ["a$b_{c}"], **dict.fromkeys(names, np.nan), "searched": True})
    pair = pd.DataFrame({"one": ["a"], "other": ["b"], "correlation": [np.nan]})
    trace = pd.DataFrame({"evaluation": [0, 1], "objective": [np.nan, np.nan]})
    for table, picture in ((none, identified), (pair, traded), (trace, converged)):
        for bare in (table, table.fillna(0.0), table.fillna(1.0), table[:0]):
            assert not NO_NUMBERS & words_of(lambda picture=picture, bare=bare: picture(bare))


@pytest.mark.parametrize("name", ["$x_1$", "a{b}^2", "50% & <b>", "\\frac{1}{2}", "名"])
def test_a_name_is_drawn_as_it_is_spelt(name):
    page = []

    def picture():
        figure = look.message(f"Under {name}", f"{name} in a note")
        page.append(figure)
        return figure

    assert not NO_NUMBERS & words_of(picture)
    with look.style():
        texts = [text for _, text in Page(page[0]).lines]
    assert texts == [f"Under {name}", f"{name} in a note"]
    assert not any(text.get_parse_math() for text in page[0].texts)
