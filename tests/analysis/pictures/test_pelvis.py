"""The drawn pelvis: things lie where they lie in a patient, and its numbers and shades are the table's."""

import itertools

import matplotlib
import numpy as np
import pandas as pd
import pytest
from helpers.run_tables import default, nobody_recurs, run_tables, tiny
from matplotlib.path import Path

from analysis.pictures.anatomy import AXIAL, SAGITTAL
from analysis.pictures.pelvis import pelvis, pelvis_change
from sim.patient import Compartment

VIEWS = {"sagittal": SAGITTAL, "axial": AXIAL}


def corners(path: Path) -> np.ndarray:
    return path.to_polygons(closed_only=False)[0]


def middle(path: Path) -> np.ndarray:
    """The centroid of the area within a closed path."""
    (x, y), (a, b) = corners(path).T, np.roll(corners(path), -1, axis=0).T
    cross = x * b - a * y
    return np.array([((x + a) * cross).sum(), ((y + b) * cross).sum()]) / (3 * cross.sum())


def grid(view) -> np.ndarray:
    (x, y), (width, height) = view.corner, view.size
    across, up = np.meshgrid(np.arange(x, x + width, 0.05), np.arange(y, y + height, 0.05))
    return np.column_stack([across.ravel(), up.ravel()])


def share_within(path: Path, other: Path, view) -> float:
    points = grid(view)
    inside = path.contains_points(points)
    return float((inside & other.contains_points(points)).sum() / inside.sum())


def test_the_two_views_together_show_every_compartment():
    assert {*SAGITTAL.compartments, *AXIAL.compartments} == {place.name.lower() for place in Compartment}


def test_from_the_side_the_anterior_organs_are_in_front_and_the_sacrum_behind():
    parts = SAGITTAL.compartments | SAGITTAL.organs | SAGITTAL.bones
    order = ["pubic symphysis", "bladder", "central", "posterior", "sacrum"]
    across = [middle(parts[name])[0] for name in order]
    assert across == sorted(across)
    assert middle(parts["prostate"])[0] < middle(parts["seminal vesicle"])[0] < middle(parts["central"])[0]
    assert middle(parts["prostate"])[1] < middle(parts["bladder"])[1]
    assert middle(parts["coccyx"])[0] > middle(parts["central"])[0]
    assert middle(parts["coccyx"])[1] < middle(parts["sacrum"])[1]


def test_the_perineum_is_lowest_and_below_the_levator():
    heights = {name: corners(path)[:, 1] for name, path in SAGITTAL.compartments.items()}
    assert min(heights, key=lambda name: heights[name].mean()) == "perineal"
    for name in ("levator ani in front", "levator ani behind"):
        line = corners(SAGITTAL.lines[name])
        perineal = corners(SAGITTAL.compartments["perineal"])
        central = corners(SAGITTAL.compartments["central"])
        for x, y in line[(line[:, 0] > 4.6) & (line[:, 0] < 9.0)]:
            assert y > np.interp(x, *top(perineal)) - 0.05, name
            if x > central[:, 0].min():
                assert y <= np.interp(x, *bottom(central)) + 0.15, name


def edge(polygon: np.ndarray, pick) -> tuple[np.ndarray, np.ndarray]:
    x = np.round(polygon[:, 0], 1)
    values = np.unique(x)
    return values, np.array([pick(polygon[x == value, 1]) for value in values])


def top(polygon):
    return edge(polygon, np.max)


def bottom(polygon):
    return edge(polygon, np.min)


def test_the_reflection_is_above_the_anastomosis_and_the_bladder_and_below_the_pouch():
    reflection = corners(SAGITTAL.lines["peritoneal reflection"])
    lowest = reflection[:, 1].min()
    assert lowest > corners(SAGITTAL.lines["anastomosis"])[:, 1].max()
    pouch = reflection[reflection[:, 1].argmin()]
    assert middle(SAGITTAL.organs["bladder"])[0] < pouch[0] < middle(SAGITTAL.compartments["central"])[0]
    peritoneal = corners(SAGITTAL.compartments["peritoneal"])
    assert peritoneal[:, 1].min() > lowest
    assert peritoneal[:, 1].min() < corners(SAGITTAL.compartments["central"])[:, 1].max()
    assert middle(SAGITTAL.compartments["peritoneal"])[1] > middle(SAGITTAL.compartments["anterior"])[1]


def test_the_anastomosis_crosses_the_neorectum_above_the_levator():
    line = corners(SAGITTAL.lines["anastomosis"])
    assert share(line[1:-1], SAGITTAL.compartments["central"]) == 1.0
    assert line[:, 1].min() > corners(SAGITTAL.lines["levator ani behind"])[:, 1].max()


def share(points: np.ndarray, path: Path) -> float:
    return float(path.contains_points(points).mean())


def test_in_the_slice_the_front_is_up_and_the_patient_s_left_on_the_viewer_s_right():
    parts = AXIAL.compartments | AXIAL.organs | AXIAL.bones
    up = [middle(parts[name])[1] for name in ("sacrum", "posterior", "central", "anterior", "bladder")]
    assert up == sorted(up)
    assert middle(parts["lateral_left"])[0] > 0 > middle(parts["lateral_right"])[0]
    central = corners(parts["central"])[:, 0]
    assert corners(parts["lateral_left"])[:, 0].min() > central.max()
    assert corners(parts["lateral_right"])[:, 0].max() < central.min()
    for name, path in {**parts, **AXIAL.muscles}.items():
        if not name.startswith(("left", "right", "lateral")):
            assert middle(path)[0] == pytest.approx(0, abs=0.05), name
        elif name.startswith("left"):
            other = {**parts, **AXIAL.muscles}[name.replace("left", "right", 1)]
            np.testing.assert_allclose(middle(path) * (-1, 1), middle(other), atol=1e-9)
            assert middle(path)[0] > 0


@pytest.mark.parametrize("name", VIEWS)
def test_compartments_do_not_overlap_and_hold_their_numbers_and_organs(name):
    view = VIEWS[name]
    for one, other in itertools.combinations(view.compartments.values(), 2):
        assert share_within(one, other, view) < 0.01
    for place, spot in view.spots.items():
        assert view.compartments[place].contains_point(spot)
    for organ, path in view.organs.items():
        place = "central" if organ == "neorectum" else "anterior"
        if organ.endswith("vessels"):
            place = f"lateral_{organ.split()[0]}"
        assert share_within(path, view.compartments[place], view) > 0.9, organ
    for bone, path in view.bones.items():
        for place in view.compartments.values():
            assert share_within(path, place, view) < 0.02, bone


def labelled(figure, name):
    (ax,) = (ax for ax in figure.axes if ax.get_label() == name)
    return ax


def shade(ax, place):
    (patch,) = (patch for patch in ax.patches if patch.get_gid() == place)
    return patch


def written(ax, place):
    (text,) = (text.get_text() for text in ax.texts if text.get_gid() == f"value {place}")
    return text


def brightness(colour) -> float:
    return float(np.dot(matplotlib.colors.to_rgb(colour), (0.299, 0.587, 0.114)))


def views(figure, policies):
    """Each policy's axes: the first is drawn large."""
    for k, policy in enumerate(policies):
        for view in VIEWS:
            yield policy, VIEWS[view], labelled(figure, f"{view} named" if k == 0 else f"{view} {policy}")


def test_numbers_and_shades_are_the_recurrences_of_the_table():
    tables = default()
    figure = pelvis(tables["outcomes"], tables["differences"])
    rows = tables["outcomes"]
    rows = rows[(rows["outcome"] == "local_recurrence") & (rows["horizon_years"] == 5)]
    rows = rows[rows["compartment"] != "all"].set_index(["policy", "compartment"])["estimate"] * 1000
    seen = {}
    for policy, view, ax in views(figure, rows.index.unique("policy")):
        for place in view.compartments:
            assert written(ax, place) == f"{rows[policy, place]:.1f}"
            seen[rows[policy, place]] = brightness(shade(ax, place).get_facecolor())
    # More recurrences, a darker shade, on one scale for all policies.
    assert len(seen) > 10
    assert [seen[value] for value in sorted(seen)] == sorted(seen.values(), reverse=True)


def test_the_intervals_beside_the_large_drawing_are_the_table_s():
    tables = default()
    figure = pelvis(tables["outcomes"], tables["differences"])
    rows = tables["outcomes"]
    rows = rows[(rows["policy"] == "tme_alone") & (rows["outcome"] == "local_recurrence")]
    rows = rows[(rows["horizon_years"] == 5) & (rows["compartment"] != "all")]
    texts = [text.get_text() for text in figure.findobj(matplotlib.text.Text)]
    for _, row in rows.iterrows():
        name = row["compartment"].replace("lateral_", "patient’s ")
        assert f"{name}\n{1000 * row['ci_low']:.1f} to {1000 * row['ci_high']:.1f}" in texts


def test_the_right_of_the_patient_is_written_left_of_the_left():
    tables = default()
    ax = labelled(pelvis(tables["outcomes"], tables["differences"]), "axial named")
    sides = {text.get_text(): text.get_position()[0] for text in ax.texts if text.get_gid() == "side"}
    assert sides["R"] < 0.5 < sides["L"]


def changes() -> pd.DataFrame:
    table = default()["averted"]
    table = table[(table["horizon_years"] == 5) & (table["compartment"] != "all")]
    return table.set_index(["policy", "compartment"])


def test_the_change_is_the_net_of_the_table_blue_where_averted_and_in_brackets_where_unclear():
    rows = changes()
    figure = pelvis_change(default()["averted"])
    whole = default()["averted"]
    whole = whole[
        (whole["horizon_years"] == 5) & (whole["mechanism"] == "all") & (whole["compartment"] == "all")
    ]
    first = whole.set_index("policy")["net"].abs().idxmax()
    policies = [first, *(name for name in rows.index.unique("policy") if name != first)]
    unclear = 0
    for policy, view, ax in views(figure, policies):
        for place in view.compartments:
            row = rows.loc[policy, place]
            number = f"{row['net']:.1f}".replace("-", "−")
            red, _, blue = matplotlib.colors.to_rgb(shade(ax, place).get_facecolor())
            if row["net_low"] <= 0 <= row["net_high"]:
                unclear += 1
                assert (written(ax, place), red, blue) == (f"({number})", 1.0, 1.0)
            else:
                assert written(ax, place) == number
                assert blue > red
    assert unclear > 0


def test_what_is_caused_is_orange_and_hatched():
    table = run_tables("patients=1000", "policies=[chemoradiotherapy,tme_alone]")["averted"]
    figure = pelvis_change(table)
    patch = shade(labelled(figure, "sagittal named"), "posterior")
    red, _, blue = matplotlib.colors.to_rgb(patch.get_facecolor())
    assert red > blue and patch.get_hatch()
    assert figure.texts[0].get_text().startswith("TME alone causes local recurrences in ")


def test_the_title_names_a_compartment_only_where_it_leads_beyond_luck():
    tables = default()
    outcomes = tables["outcomes"].copy()
    place = (outcomes["compartment"] == "perineal") & (outcomes["policy"] == "tme_alone")
    outcomes.loc[place, ["estimate", "ci_low", "ci_high"]] = [0.08, 0.07, 0.09]
    title = pelvis(outcomes, tables["differences"]).texts[0].get_text().replace("\n", " ")
    assert "most often in the perineal compartment: 80.0 of" in title
    outcomes.loc[place, ["ci_low", "ci_high"]] = [0.0, 0.2]
    title = pelvis(outcomes, tables["differences"]).texts[0].get_text().replace("\n", " ")
    assert title == (
        "No compartment leads in local recurrence within 5 years under TME alone beyond simulated luck"
    )


def test_small_runs_say_what_is_not_known():
    def title(figure):
        return figure.texts[0].get_text().replace("\n", " ")

    none = nobody_recurs()
    words = title(pelvis(none["outcomes"], none["differences"]))
    assert words == "No local recurrence in any compartment within 2 years under TME alone"
    assert title(pelvis_change(none["averted"])).startswith("No change from TME alone")
    assert title(pelvis_change(tiny()["averted"])).startswith("Nothing changes in the pelvis")
