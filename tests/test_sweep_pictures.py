"""The pictures of a sweep show what its tables say, and nothing is cut off."""

import itertools

import matplotlib
import numpy as np
import pandas as pd
import pytest
from pages import Page, artists

from analysis.sweep import convergence, draw_sweep, heat_map, lines, pooled
from analysis.wording import percent

A, B = "surgery.leak_probability", "exfoliation.caught_probability"
POLICIES = ("tme_alone", "short_course", "chemoradiotherapy+lateral_after_5mm")


def outcomes(points, replications=1):
    """Return a table as a sweep writes it, with a share that tells its point and policy."""
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
    assert ("as narrow as" in figure.texts[0].get_text()) == reached
    page = Page(figure)
    assert page.lines and page.cut_off() == []


@pytest.mark.parametrize(
    ("points", "made"),
    [
        (ONE, ["local_recurrence_lines"]),
        (GRID, ["local_recurrence_heat_map"]),
        ([{A: 0.1}], []),
        ([{"washout": "always"}, {"washout": "never"}], []),
        ([{A: 0.1, "washout": "always"}, {A: 0.2, "washout": "never"}], []),
    ],
    ids=["one number", "two numbers", "one point", "a lever", "a number and a lever"],
)
def test_one_swept_number_gives_lines_two_a_heat_map_and_others_nothing(tmp_path, points, made):
    table = outcomes(points)
    tables = {"outcomes": table, "differences": differences(table)}
    draw_sweep(tables, list(points[0]), ["local_recurrence"], 5.0, tmp_path, None)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"{name}.{end}" for name in made for end in ("png", "svg")
    ]
