"""The pictures of a sweep show what its tables say, and nothing is cut off."""

import itertools

import matplotlib
import numpy as np
import pandas as pd
import pytest
from helpers.pages import Page, artists

from analysis.pages.sweep_summary import MOST, summary
from analysis.pictures.convergence import convergence
from analysis.pictures.sweep import dots, draw_sweep, heat_map, lines, lines_by_word, pooled, shown
from analysis.words.sweep import number_words, value_words
from analysis.words.wording import percent

A, B = "surgery.leak_probability", "exfoliation.caught_probability"
POLICIES = ("tme_alone", "short_course", "chemoradiotherapy+lateral_after_5mm")


def outcomes(points, replications=1):
    """Return a table as a sweep writes it, with a share that identifies its point and policy."""
    rows = []
    for k, point in enumerate(points):
        for replication, (j, policy) in itertools.product(range(replications), enumerate(POLICIES)):
            share = 0.02 + 0.01 * k + 0.002 * j + 0.001 * replication
            about = {
                "replication": replication,
                "policy": policy,
                "outcome": "local_recurrence",
                "group": "all",
            }
            about |= {"mechanism": "all", "compartment": "all", "horizon_years": 5.0, "n": 1000}
            rows.append(
                {**point, **about, "estimate": share, "ci_low": share - 0.005, "ci_high": share + 0.005}
            )
    return pd.DataFrame(rows)


def differences(table):
    return table.assign(comparator="tme_alone")


ONE = [{A: value} for value in (0.3, 0.02, 0.1)]
WORDS = [{"washout": w, "diverting_stoma": s} for w in ("always", "never") for s in ("usual", "always")]
GRID = [{A: a, B: b} for a in (0.02, 0.1, 0.3) for b in (0.1, 0.5)]


def test_a_line_is_the_numbers_of_the_table_in_order():
    rows = pooled(outcomes(ONE), [A], "local_recurrence", 5.0)
    figure = lines(rows, A, "local_recurrence", 5.0, "tme_alone")
    for policy, part in rows.groupby("policy"):
        (line,) = artists(figure, f"line {policy}")
        part = part.sort_values(A)
        np.testing.assert_array_equal(line.get_xdata(), part[A])
        np.testing.assert_array_equal(line.get_ydata(), part["estimate"])
    page = Page(figure)
    assert page.lines and page.cut_off() == []


def test_a_heat_map_holds_every_point_at_its_place():
    rows = pooled(outcomes(GRID), [A, B], "local_recurrence", 5.0)
    figure = heat_map(rows, [A, B], "local_recurrence", 5.0)
    for policy, part in rows.groupby("policy"):
        (mesh,) = artists(figure, f"heat {policy}")
        values = mesh.get_array().reshape(2, 3)
        for (i, a), (j, b) in itertools.product(enumerate((0.02, 0.1, 0.3)), enumerate((0.1, 0.5))):
            wanted = part[(part[A] == a) & (part[B] == b)]["estimate"].item()
            assert values[j, i] == wanted
    written = {text.get_text() for text in figure.findobj(matplotlib.text.Text)}
    assert {percent(value) for value in rows["estimate"]} <= written
    page = Page(figure)
    assert page.lines and page.cut_off() == []


def test_the_points_of_a_hypercube_are_dots_at_their_place():
    points = [{A: 0.02, B: 0.3}, {A: 0.05, B: 0.1}, {A: 0.07, B: 0.2}]
    rows = pooled(outcomes(points), [A, B], "local_recurrence", 5.0)
    figure = heat_map(rows, [A, B], "local_recurrence", 5.0)
    (dots,) = artists(figure, "heat short_course")
    np.testing.assert_array_equal(np.asarray(dots.get_offsets()), [[0.02, 0.3], [0.05, 0.1], [0.07, 0.2]])
    page = Page(figure)
    assert page.lines and page.cut_off() == []


def test_replications_are_averaged_and_narrow_the_interval():
    rows = pooled(outcomes(ONE, 4), [A], "local_recurrence", 5.0)
    assert len(rows) == 9
    first = rows[(rows[A] == 0.3) & (rows["policy"] == "tme_alone")].iloc[0]
    assert first["estimate"] == pytest.approx(0.02 + 0.0015)
    assert first["ci_high"] - first["estimate"] == pytest.approx(0.0025)
    assert first["n"] == 4000


@pytest.mark.parametrize("reached", [True, False])
def test_the_convergence_picture_shows_every_half_width_and_says_whether_it_sufficed(reached):
    table = pd.DataFrame(
        {A: 0.02, "replication": 0, "policy": name, "outcome": "local_recurrence", "horizon_years": 5.0,
         "patients": patients, "half_width": 0.3 / patients**0.5}
        for name in POLICIES for patients in (1000, 2000, 4000)
    )  # fmt: skip
    figure = convergence(table, [A], 0.005 if reached else 0.001)
    (line,) = artists(figure, "half-width short_course")
    np.testing.assert_array_equal(line.get_ydata(), 0.3 / np.array([1000, 2000, 4000]) ** 0.5)
    assert ("Not every" in figure.texts[0].get_text()) != reached
    page = Page(figure)
    assert page.lines and page.cut_off() == []


@pytest.mark.parametrize(
    ("points", "made"),
    [
        (ONE, ["local_recurrence_lines"]),
        (GRID, ["local_recurrence_heat_map"]),
        ([{A: 0.1}], ["local_recurrence_points"]),
        ([{"washout": "always"}, {"washout": "never"}], ["local_recurrence_points"]),
        ([{"flag": True}, {"flag": False}], ["local_recurrence_points"]),
        ([{"policies": "[tme_alone,short_course]"}, {"policies": "[a$b]"}], ["local_recurrence_points"]),
        (WORDS, ["local_recurrence_points"]),
        ([{A: 0.1, "washout": "always"}, {A: 0.2, "washout": "never"}], ["local_recurrence_lines"]),
        ([{A: k, "washout": str(k), "seed": -k} for k in (1, 2)], []),
    ],
    ids=["one number", "two numbers", "one point", "a lever", "a flag", "policies", "two levers",
         "a number and a lever", "three names"],
)  # fmt: skip
def test_every_design_of_up_to_two_names_has_a_picture(tmp_path, points, made):
    table = outcomes(points)
    tables = {"outcomes": table, "differences": differences(table)}
    draw_sweep(tables, list(points[0]), ["local_recurrence"], 5.0, tmp_path, None)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"{name}.{end}" for name in made for end in ("png", "svg")
    ]


def test_the_marks_of_words_are_the_numbers_of_the_table_and_their_words_stand_beside():
    rows = pooled(outcomes(WORDS), list(WORDS[0]), "local_recurrence", 5.0)
    figure = dots(rows, list(WORDS[0]), "local_recurrence", 5.0, "tme_alone")
    for policy, part in rows.groupby("policy"):
        marks = [mark.get_xdata()[0] for mark in artists(figure, f"point {policy}")]
        assert marks == part["estimate"].tolist()
    page = Page(figure)
    written = " ".join(text for _, text in page.lines)
    assert "washout never, diverting" in written and "stoma usual" in written
    assert (page.cut_off(), page.covered()) == ([], [])


def test_lines_by_word_are_the_numbers_of_the_table_in_the_panel_of_their_word():
    points = [{A: a, "washout": w} for w in ("always", "never") for a in (0.3, 0.02)]
    rows = pooled(outcomes(points), [A, "washout"], "local_recurrence", 5.0)
    figure = lines_by_word(rows, A, "washout", "local_recurrence", 5.0, "tme_alone")
    drawn = artists(figure, "line short_course")
    for line, (_, part) in zip(drawn, rows[rows["policy"] == "short_course"].groupby("washout"), strict=True):
        np.testing.assert_array_equal(line.get_ydata(), part.sort_values(A)["estimate"])
    page = Page(figure)
    assert (page.cut_off(), page.covered()) == ([], [])


@pytest.mark.parametrize(
    ("value", "read"),
    [(True, "yes"), (np.False_, "no"), (0.123456, "0.1235"), (3, "3"), ("[1,0,0]", "1, 0, 0"),
     ("[tme_alone,short_course+washout_always]", "TME alone, short course + washout always")],
)  # fmt: skip
def test_a_swept_value_is_written_for_people(value, read):
    assert value_words(value) == read


def test_a_unit_stands_behind_a_comma():
    assert number_words("lateral_threshold_mm") == "lateral threshold, mm"


def test_the_printed_table_holds_every_number_with_its_interval_within_its_width():
    rows = pooled(outcomes(GRID), [A, B], "local_recurrence", 5.0)
    text = summary(rows, [A, B], "local_recurrence", 5.0)
    assert max(map(len, text.splitlines())) <= 120
    assert "95 % intervals of simulated luck" in text
    for _, row in rows.iterrows():
        cell = f"{percent(row['estimate'])} ({percent(row['ci_low'])} to {percent(row['ci_high'])})"
        assert any(
            line.startswith(f"{row[A]:g} ") and f" {row[B]:g} " in line and cell in line
            for line in text.splitlines()
        )


def test_a_long_printed_table_ends_and_says_how_many_points_are_left_out():
    points = [{A: k / 100} for k in range(70)]
    text = summary(pooled(outcomes(points), [A], "local_recurrence", 5.0), [A], "local_recurrence", 5.0)
    assert f"{70 - MOST} more points: outcomes.csv" in text
    assert sum(line.startswith("0.") for line in text.splitlines()) == MOST - 1  # the first is 0


def test_over_members_both_intervals_are_shown_and_named():
    rows = pooled(outcomes(ONE), [A], "local_recurrence", 5.0)
    table = rows.assign(
        comparator=None, mechanism="all", compartment="all", group="all", outcome="local_recurrence",
        horizon_years=5.0, members=3, uncertainty_low=0.0, uncertainty_high=0.5,
    )  # fmt: skip
    text = summary(shown({"uncertainty": table}, [A], "local_recurrence", 5.0), [A], "local_recurrence", 5.0)
    row = rows[(rows[A] == 0.3) & (rows["policy"] == "tme_alone")].iloc[0]
    luck = f"[{percent(row['ci_low'])} to {percent(row['ci_high'])}]"
    assert f"{percent(row['estimate'])} (0.0 to 50.0) {luck}" in text
    assert "round brackets: 95 % intervals of uncertain parameters" in text and "square brackets: " in text
