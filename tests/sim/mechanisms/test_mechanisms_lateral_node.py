"""Lateral nodes, worked out by hand, with luck on either side of each decision."""

import math

import pytest
from helpers.by_hand import BELOW, LEFT, NOW, PLAIN, RIGHT, luck, one, seeded, with_odds, world

from sim.mechanisms import lateral_node
from sim.mechanisms.deposit import deposit_odds
from sim.patient import Route
from sim.policy import LateralDissection, LateralSides, Regimen

NODES = {
    **PLAIN,
    "lateral_node.sterilised_log_odds_per_log_mm": -2.0,
    "lateral_node.sterilised_reference_mm": 7.0,
    "lateral_node.boost_odds_ratio": 5.0,
    "lateral_node.sterilised_probability": 0.4,
    "lateral_node.sterilised_odds_ratio": [1.0, 1.1, 1.2, 1.5, 1.6, 1.3],
    "neoadjuvant.stopped_response_odds_ratio": 0.6,
    "lateral_node.low_up_to_cm": 8.0,
    "lateral_node.missed_probability": 0.2,
    "lateral_node.take_probability": 0.35,
    "lateral_node.take_log_odds_per_log_mm": 2.0,
    "policy.lateral_threshold_mm": 7.0,
}


@pytest.mark.parametrize("side", range(2))
@pytest.mark.parametrize("boosted", [False, True])
@pytest.mark.parametrize("stopped", [False, True])
@pytest.mark.parametrize("regimen", list(Regimen)[1:])
def test_a_node_is_sterilised_by_regimen_size_radiosensitivity_boost_and_dose(
    side, boosted, stopped, regimen
):
    # The size that it has, not the one that MRI reports, decides.
    row = one(
        lateral_size_mm=[14.0, 3.5], lateral_mm=[14.0, 0.0], boosted=boosted, treatment_stopped=stopped,
        regimen=regimen,
    )  # fmt: skip
    odds = math.exp(0.5 * 0.7) * ([0.25, 4.0][side]) * (5.0 if boosted else 1.0) * (0.6 if stopped else 1.0)
    odds *= [1.0, 1.1, 1.2, 1.5, 1.6, 1.3][regimen]
    assert lateral_node.node_sterilisation_probability(row, world(NODES), side) == pytest.approx(
        with_odds(0.4, odds)
    )


@pytest.mark.parametrize("side", range(2))
def test_a_side_is_dissected_by_its_own_node(side):
    def wants(choice, **fields):
        there = world({**NODES, "policy.lateral_dissection": choice})
        return bool(lateral_node.wants_dissection(one(**fields), there, side))

    def on_this_side(mm):
        return [mm, 0.0] if side == 0 else [0.0, mm]

    for mm, wanted in ((6.99, False), (7.0, True), (9.0, True)):
        sizes = on_this_side(mm)
        assert wants(LateralDissection.SIZE_BEFORE, lateral_mm=sizes) == wanted
        assert not wants(LateralDissection.SIZE_BEFORE, lateral_mm=sizes[::-1], lateral_residual_mm=sizes)
        assert wants(LateralDissection.SIZE_AFTER, lateral_residual_mm=sizes) == wanted
        assert not wants(LateralDissection.SIZE_AFTER, lateral_residual_mm=sizes[::-1], lateral_mm=sizes)
        assert not wants(LateralDissection.NEVER, lateral_mm=sizes, lateral_residual_mm=sizes)


@pytest.mark.parametrize(
    ("ct", "cn", "height", "wanted"),
    [(1, 0, 5.0, False), (2, 0, 5.0, True), (3, 0, 8.0, True), (2, 0, 8.01, False), (1, 1, 5.0, True),
     (1, 2, 9.0, False), (0, 0, 9.0, False)],
)  # fmt: skip
def test_routine_dissection_is_for_low_advanced_tumours(ct, cn, height, wanted):
    there = world({**NODES, "policy.lateral_dissection": LateralDissection.ROUTINE})
    row = one(ct=ct, cn=cn, height_above_verge_cm=height)
    assert [bool(lateral_node.wants_dissection(row, there, side)) for side in range(2)] == [wanted] * 2


@pytest.mark.parametrize("sizes", [[0.0, 0.0], [8.0, 0.0], [0.0, 8.0], [8.0, 8.0]])
@pytest.mark.parametrize("sides", list(LateralSides))
def test_the_other_side_is_dissected_only_where_the_policy_wants_both(sizes, sides):
    there = world({
        **NODES, "policy.lateral_dissection": LateralDissection.SIZE_BEFORE, "policy.lateral_sides": sides
    })  # fmt: skip
    row = one(lateral_mm=sizes, dissected=[1, 1])
    own = [int(mm > 7.0) for mm in sizes]
    expected = [max(own)] * 2 if sides == LateralSides.BOTH else own
    assert lateral_node.plan_dissection(row, there) == sum(expected)
    assert row["dissected"].tolist() == expected


@pytest.mark.parametrize("side", range(2))
@pytest.mark.parametrize("size_mm", [3.5, 7.0, 14.0])
@pytest.mark.parametrize(
    ("involved", "sterilised", "dissected", "missed", "cells"),
    [(1, 0, 0, 0.9, True), (0, 0, 0, 0.0, False), (1, 1, 0, 0.0, False), (1, 0, 1, 0.2, False),
     (1, 0, 1, 0.2 - BELOW, True), (1, 1, 1, 0.0, False)],
)  # fmt: skip
def test_a_side_is_seeded_by_a_node_that_was_neither_sterilised_nor_taken(
    side, size_mm, involved, sterilised, dissected, missed, cells
):
    def on_this_side(value, other):
        return [value, other] if side == 0 else [other, value]

    row = one(
        lateral_involved=on_this_side(involved, 0),
        lateral_size_mm=on_this_side(size_mm, 30.0),
        lateral_sterilised=on_this_side(sterilised, 1 - sterilised),
        dissected=on_this_side(dissected, 1 - dissected),
    )
    drawn = luck(seed_survival=0.0, lateral_missed=on_this_side(missed, 1.0 - missed))
    lateral_node.seed_lateral_nodes(row, drawn, world(NODES), deposit_odds(row, world(NODES)), NOW)
    route, place = (Route.LATERAL_LEFT, LEFT) if side == 0 else (Route.LATERAL_RIGHT, RIGHT)
    # Twice the size, four times the odds; without cells there is no node that they could depend on.
    takes = with_odds(0.35, (size_mm / 7.0) ** 2) if cells else 0.35
    assert seeded(row, route)[:2] == (cells, pytest.approx(takes))
    assert row["cells_left"].sum() == row["survived"].sum() == cells
    if cells:
        assert seeded(row, route)[2] == (place, 1 << place)
        assert NOW < row["onset_day"][route] < math.inf
