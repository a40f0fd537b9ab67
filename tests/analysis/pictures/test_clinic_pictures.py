"""The pictures of clinics show what the tables say, within the page."""

import itertools

import matplotlib
import numpy as np
import pandas as pd
import pytest
from helpers.attended import tables
from helpers.pages import Page, artists
from helpers.run_tables import LONG_NAMES

from analysis.pages.clinic_summary import summary
from analysis.pictures import look
from analysis.pictures.capacity import needed_capacity, waiting_harm
from analysis.pictures.catalogue import PICTURES, draw_all
from analysis.pictures.waits import queue_lengths, utilisation, waits

OURS = (waits, queue_lengths, utilisation, waiting_harm, needed_capacity)


def drawn(picture, found=None):
    found = found or tables()
    return picture(*(found[name] for name in PICTURES[picture]))


def many():
    """Return the tables as if there were eight policies with long names, in four clinics."""
    again = {}
    for name, table in tables().items():
        policies = dict(zip(LONG_NAMES, itertools.cycle(table["policy"].unique())))
        clinics = dict(
            zip(
                ("regional", "strained", "expert_centre", "backlog"),
                itertools.cycle(["regional", "strained"]),
            )
        )
        again[name] = pd.concat(
            [
                table[(table["policy"] == policy) & (table["clinic"] == clinic)].assign(
                    policy=new, clinic=place
                )
                for place, clinic in clinics.items()
                for new, policy in policies.items()
            ],
            ignore_index=True,
        )
    return again


def alone():
    """Return the tables as of one policy in one clinic."""
    return {
        name: table[(table["policy"] == "tme_alone") & (table["clinic"] == "regional")].reset_index(drop=True)
        for name, table in tables().items()
    }


@pytest.mark.parametrize("case", [tables, many, alone])
@pytest.mark.parametrize("picture", OURS, ids=lambda picture: picture.__name__)
def test_nothing_is_cut_off_and_no_text_covers_another(picture, case):
    figure = drawn(picture, case())
    figure.set_dpi(look.DPI)
    with look.style():
        page = Page(figure)
    assert page.lines
    assert (page.cut_off(), page.covered(0)) == ([], [])


def test_the_marks_of_waits_are_the_medians_of_the_table():
    figure, table = drawn(waits), tables()["waits"]
    for policy, rows in table.groupby("policy"):
        marks = [mark.get_xdata()[0] for mark in artists(figure, f"median {policy}")]
        np.testing.assert_allclose(sorted(marks), sorted(rows["median_days"].dropna()))
    targets = [line.get_xdata()[0] for line in artists(figure, "target")]
    asked = table[table.groupby("step")["n"].transform("sum") > 0]
    assert set(table["step"]) - set(asked["step"]) == {"endoscopy"}  # these policies keep no organ
    assert sorted(targets) == sorted(asked.drop_duplicates(["clinic", "step"])["target_days"])
    assert len(artists(figure, "beyond")) == (table["n"] > 0).sum()


def test_the_lines_of_queues_are_the_lengths_of_the_table():
    figure, table = drawn(queue_lengths), tables()["queues"]
    for policy, rows in table.groupby("policy"):
        curves = [tuple(line.get_ydata()) for line in artists(figure, f"queue {policy}")]
        known = {tuple(part["mean_length"]) for _, part in rows.groupby(["clinic", "resource"])}
        assert curves and set(curves) <= known
    assert "linac" in figure.texts[0].get_text()


def test_the_marks_of_utilisation_are_the_shares_of_the_table():
    figure, table = drawn(utilisation), tables()["utilisation"]
    for policy, rows in table.groupby("policy"):
        marks = np.concatenate([mark.get_xdata() for mark in artists(figure, f"use {policy}")])
        np.testing.assert_allclose(marks, rows["utilisation"])


def test_the_marks_of_harm_are_the_net_of_the_table_at_the_last_horizon():
    figure, table = drawn(waiting_harm), tables()["waiting_harm"]
    last = table[table["horizon_years"] == 2.0]
    for policy, rows in last.groupby("policy"):
        marks = [mark.get_xdata()[0] for mark in artists(figure, f"net {policy}")]
        np.testing.assert_allclose(sorted(marks), sorted(rows["net"]))


def test_the_marks_of_needed_capacity_are_the_units_of_the_table():
    figure, table = drawn(needed_capacity), tables()["needed"]
    several = table.groupby("resource")["needed"].transform("max") > 1
    for policy, rows in table[several].groupby("policy"):
        marks = [mark.get_xdata()[0] for mark in artists(figure, f"needs {policy}")]
        assert sorted(marks) == sorted(rows["needed"])


def test_all_pictures_of_a_capacity_run_are_drawn_from_its_tables(tmp_path):
    paths = draw_all(tables(), tmp_path)
    assert {path.stem for path in paths} == {picture.__name__ for picture in OURS}
    assert all(path.stat().st_size > 5000 for path in paths)


def test_pictures_stand_where_nobody_is_served_and_no_count_is_enough(tmp_path):
    found = {name: table.copy() for name, table in tables().items()}
    none = found["waits"]["step"] == "radiotherapy"
    found["waits"].loc[none, ["median_days", "p90_days", "mean_days"]] = np.nan
    found["waits"].loc[none, "share_beyond_target"] = 1.0
    found["utilisation"]["utilisation"] = np.nan
    found["needed"][["needed", "needed_alone", "utilisation"]] = np.nan
    assert len(draw_all(found, tmp_path)) == 10
    assert "nobody*" in summary(found, 150, 0.9)


def test_the_printed_table_holds_every_policy_and_clinic_within_its_width():
    text = summary(tables(), 150, 0.9)
    assert max(map(len, text.splitlines())) <= 120
    assert "TME alone" in text and "Regional" in text and "Strained" in text
    assert matplotlib.rcParams["font.size"] == 10  # the look stays within the pictures
