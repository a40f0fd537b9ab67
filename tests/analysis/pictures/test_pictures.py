"""What the pictures show is what the tables say, and nothing covers anything else."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest
from helpers.pages import Page, artists, note, title, words
from helpers.run_tables import default, eight, keeping, nobody_recurs, run_tables, shipped, tiny
from matplotlib.figure import Figure

from analysis.pictures import look
from analysis.pictures.averted import averted_by_compartment, averted_by_mechanism
from analysis.pictures.beside_published import beside_published
from analysis.pictures.catalogue import PICTURES, draw_all
from analysis.pictures.incidence import incidence, incidence_by_mechanism
from analysis.pictures.price import WORDS, averted_and_harmed
from analysis.pictures.survival import survival
from analysis.words.wording import at_horizon, percent, policy_words


def drawn(picture, tables: dict[str, pd.DataFrame]) -> Figure:
    return picture(*(tables[name] for name in PICTURES[picture]))


def dutch() -> dict[str, pd.DataFrame]:
    return run_tables("scenario=dutch_tme", "patients=1000")


@pytest.mark.parametrize(
    ("picture", "outcome"), [(incidence, "local_recurrence"), (survival, "overall_survival")]
)
def test_a_curve_and_its_band_are_the_numbers_of_the_table(picture, outcome):
    tables = default()
    figure = drawn(picture, tables)
    curves = tables["curves"]
    curves = curves[(curves["outcome"] == outcome) & (curves["mechanism"] == "all")]
    for name, rows in curves.groupby("policy"):
        (line,) = artists(figure, f"curve {name}")
        np.testing.assert_array_equal(line.get_xdata(), rows["time_years"])
        np.testing.assert_array_equal(line.get_ydata(), rows["estimate"])
        (band,) = artists(figure, f"band {name}")
        corners = {tuple(corner) for corner in band.get_paths()[0].vertices}
        for edge in ("ci_low", "ci_high"):
            assert set(zip(rows["time_years"], rows[edge], strict=True)) <= corners


def test_the_marked_and_written_recurrence_is_that_of_outcomes_at_five_years():
    tables = default()
    figure = drawn(incidence, tables)
    for name, row in at_horizon(tables["outcomes"], "local_recurrence", 5.0).iterrows():
        (dot,) = artists(figure, f"stated {name}")
        assert (dot.get_xdata()[0], dot.get_ydata()[0]) == (5.0, row["estimate"])
        assert f"{percent(row['estimate'])} %" in words(figure)


def test_the_layers_of_the_stack_are_the_mechanisms_and_add_up_to_all():
    tables = default()
    figure = drawn(incidence_by_mechanism, tables)
    curves = tables["curves"][tables["curves"]["outcome"] == "local_recurrence"]
    panels = [ax for ax in figure.axes if ax.collections]
    assert len(panels) == curves["policy"].nunique()
    for ax, (_, rows) in zip(panels, curves.groupby("policy", sort=False), strict=True):
        tops = []
        for (_, layer), area in zip(
            rows[rows["mechanism"] != "all"].groupby("mechanism", sort=False), ax.collections, strict=True
        ):
            corners = area.get_paths()[0].vertices
            last = corners[corners[:, 0] == layer["time_years"].max()][:, 1]
            assert np.ptp(last) == pytest.approx(layer["estimate"].iloc[-1], abs=1e-12)
            tops.append(last.max())
        (total,) = (line for line in ax.lines if line.get_gid() == "total")
        assert tops[-1] == pytest.approx(total.get_ydata()[-1], abs=1e-12)


def test_the_numbers_alive_are_those_of_the_table():
    tables = default()
    figure = drawn(survival, tables)
    curves = tables["curves"][tables["curves"]["outcome"] == "overall_survival"]
    expected = [
        f"{round(row['n'] * row['estimate']):,}"
        for _, rows in curves.groupby("policy", sort=False)
        for _, row in rows[rows["time_years"].isin([0, 2, 4, 6, 8, 10])].iterrows()
    ]
    assert [text.get_text() for text in artists(figure, "alive")] == expected


@pytest.mark.parametrize(
    ("picture", "by", "other"),
    [
        (averted_by_mechanism, "mechanism", "compartment"),
        (averted_by_compartment, "compartment", "mechanism"),
    ],
)
def test_the_bars_are_what_was_averted_and_caused_and_add_up(picture, by, other):
    tables = default()
    figure = drawn(picture, tables)
    table = tables["averted"]
    table = table[(table["horizon_years"] == 5) & (table[other] == "all")]
    panels = [ax for ax in figure.axes if any(bar.get_gid() == "averted" for bar in ax.patches)]
    for ax, (_, rows) in zip(panels, table.groupby("policy", sort=False), strict=True):
        rows = rows.set_index(by)
        kinds = [label.get_text() for label in panels[0].get_yticklabels()]
        for name, sign in (("averted", 1), ("caused", -1)):
            bars = [bar.get_width() for bar in ax.patches if bar.get_gid() == name]
            by_words = {policy_words(kind): value for kind, value in rows[name].items()}
            assert bars == [sign * by_words[kind] for kind in kinds]
        net = sum(bar.get_width() for bar in ax.patches)
        assert net == pytest.approx(rows.loc["all", "net"])


def test_a_dumbbell_holds_the_published_and_the_simulated_figure():
    tables = dutch()
    figure = drawn(beside_published, tables)
    for gid in ("published", "simulated"):
        shown = sorted(mark.get_xdata()[0] for mark in artists(figure, gid))
        assert shown == sorted(tables["published"][gid])


def test_what_is_averted_and_harmed_is_that_of_both_tables_on_one_scale():
    tables = keeping()
    figure = drawn(averted_and_harmed, tables)
    panels = [ax for ax in figure.axes if any(bar.get_gid() == "worse" for bar in ax.patches)]
    assert len({ax.get_xlim() for ax in panels}) == 1
    named = [label.get_text() for label in panels[0].get_yticklabels()]
    names = [name for name, said in WORDS.items() if said in named]
    assert names[0] == "local_recurrence" and "permanent_stoma" in names
    for ax, policy in zip(panels, ("total_neoadjuvant+organ_preservation", "tme_alone"), strict=True):
        averted, harmed = (
            table[(table["policy"] == policy) & (table["horizon_years"] == 5)]
            for table in (tables["averted"], tables["harmed"])
        )
        averted = averted[(averted[["mechanism", "compartment"]] == "all").all(axis=1)]
        harmed = harmed.set_index("harm")
        better = [averted["averted"].item(), *harmed.loc[names[1:], "spared"]]
        worse = [averted["caused"].item(), *harmed.loc[names[1:], "harmed"]]
        for gid, values, sign in (("better", better, 1), ("worse", worse, -1)):
            bars = [bar.get_width() for bar in ax.patches if bar.get_gid() == gid]
            assert bars == [sign * value for value in values]


def test_the_title_says_the_largest_change_beyond_luck_and_the_note_its_interval():
    tables = default()
    figure = drawn(incidence, tables)
    found = at_horizon(tables["outcomes"], "local_recurrence", 5.0)["estimate"]
    change = at_horizon(tables["differences"], "local_recurrence", 5.0)
    best = change["estimate"].idxmin()
    assert title(figure).lower() == (
        f"{policy_words(best)} lowers local recurrence at 5 years "
        f"from {percent(found['tme_alone'])} % to {percent(found[best])} %"
    )
    low, high = (f"−{abs(100 * change.loc[best, edge]):.1f}" for edge in ("ci_low", "ci_high"))
    assert f"(95 % interval of simulated luck {low} to {high})" in note(figure)
    assert "n = 1,000 simulated patients" in note(figure)


def test_a_policy_that_does_harm_is_said_to_raise_recurrence():
    tables = run_tables("patients=1000", "policies=[chemoradiotherapy,tme_alone]")
    assert title(drawn(incidence, tables)).startswith("TME alone raises local recurrence at 5 years from")
    assert title(drawn(averted_by_mechanism, tables)).startswith("TME alone causes ")
    assert title(drawn(survival, tables)).startswith("TME alone lowers overall survival at 5 years from")


def test_no_picture_claims_a_difference_where_intervals_hold_zero():
    tables = {name: table.copy() for name, table in default().items()}
    differences, averted = tables["differences"], tables["averted"]
    differences["ci_low"], differences["ci_high"] = -0.2, 0.2
    averted["net_low"], averted["net_high"] = -5.0, 200.0
    for picture in (
        averted_and_harmed,
        incidence,
        incidence_by_mechanism,
        survival,
        averted_by_mechanism,
        averted_by_compartment,
    ):
        said = title(drawn(picture, tables))
        assert said.startswith("No ") and "beyond simulated luck" in said, picture.__name__


def test_the_trial_s_title_counts_the_figures_within_two_points():
    table = dutch()["published"].copy()
    table["difference"] = [0.02, -0.02, 0.021, -0.03, 0.0, 0.01]
    assert title(beside_published(table)).endswith("within 2 percentage points of 4 of 6 published figures")
    assert title(beside_published(table[:2])).endswith("of all 2 published figures")


def test_a_run_shorter_than_five_years_is_reported_at_its_end():
    tables = run_tables("patients=1000", "horizon_years=3", "policies=[tme_alone,chemoradiotherapy]")
    assert "at 3 years" in title(drawn(incidence, tables))
    assert "within 3 years" in title(drawn(averted_by_mechanism, tables))


def test_one_policy_and_few_patients_are_drawn_with_what_is_not_known():
    tables = tiny()
    row = at_horizon(tables["outcomes"], "local_recurrence", 5.0).loc["tme_alone"]
    figure = drawn(incidence, tables)
    assert title(figure) == f"Local recurrence is {percent(row['estimate'])} % at 5 years under TME alone"
    assert f"{percent(row['ci_low'])} to {percent(row['ci_high'])} %" in note(figure)
    assert title(drawn(averted_by_mechanism, tables)).startswith("Nothing averted or caused")


def test_a_run_without_recurrence_says_so_and_what_may_still_be():
    tables = nobody_recurs()
    for picture in (incidence, incidence_by_mechanism):
        figure = drawn(picture, tables)
        assert title(figure) == "No local recurrence within 2 years"
        assert "95 % interval of simulated luck 0.0 to 43.4 %" in note(figure)
    assert title(drawn(averted_by_compartment, tables)).startswith("No net change")


def test_published_figures_that_fit_no_policy_leave_a_message():
    assert title(beside_published(dutch()["published"][:0])) == "No published figure fits this run"


@pytest.mark.parametrize(
    "tables",
    [
        pytest.param(default, marks=pytest.mark.long),
        shipped,
        pytest.param(eight, marks=pytest.mark.long),
        keeping,
        tiny,
        nobody_recurs,
        pytest.param(dutch, marks=pytest.mark.long),
    ],
    ids=lambda made: made.__name__,
)
def test_no_words_cover_others_or_leave_the_page(tables):
    for picture, needed in PICTURES.items():
        if not all(name in tables() for name in needed):
            continue
        figure = drawn(picture, tables())
        page = Page(figure)
        assert page.lines
        assert (page.cut_off(), page.covered()) == ([], []), picture.__name__


def test_eight_policies_differ_in_colour_and_in_line_or_marker():
    looks = look.policy_looks([str(k) for k in range(8)], "3")
    assert len({one.colour for one in looks.values()}) == 8
    assert len({(one.line, one.marker) for one in looks.values()}) == 8
    assert looks["3"].colour == look.INK


def test_layers_that_touch_differ_in_grey():
    grey = [np.dot(matplotlib.colors.to_rgb(colour), (0.299, 0.587, 0.114)) for colour in look.STACK]
    assert min(abs(np.diff(grey[:5]))) > 0.1


def test_every_picture_is_written_twice_the_same_and_nothing_outside_changes(tmp_path: Path):
    tables = dutch()
    before = dict(matplotlib.rcParams), matplotlib.get_backend(auto_select=False)
    paths = draw_all(tables, tmp_path, population="simulated patients of the Dutch TME trial")
    assert (dict(matplotlib.rcParams), matplotlib.get_backend(auto_select=False)) == before
    assert {path.name for path in paths} == {
        f"{picture.__name__}.{ending}"
        for picture, needed in PICTURES.items()
        for ending in ("png", "svg")
        if set(needed) <= set(tables)
    }
    for path in paths:
        if path.suffix == ".png":
            assert path.read_bytes().startswith(b"\x89PNG")
        else:
            assert ElementTree.parse(path).getroot().tag.endswith("svg")
    again = look.save(drawn(incidence, tables), tmp_path, "again")
    once = look.save(drawn(incidence, tables), tmp_path, "once")
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in once]


def test_tables_that_are_not_there_are_not_drawn(tmp_path: Path):
    paths = draw_all({"averted": default()["averted"]}, tmp_path)
    assert {path.stem for path in paths} == {
        "averted_by_mechanism",
        "averted_by_compartment",
        "pelvis_change",
    }
