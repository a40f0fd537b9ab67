"""Residual mesorectum, worked out by hand, with luck on either side of each decision."""

import pytest
from helpers.by_hand import BELOW, CENTRAL, NOW, PLAIN, POSTERIOR, killed, luck, one, seeded, with_odds, world

from sim.mechanisms import mesorectum
from sim.mechanisms.deposit import deposit_odds
from sim.patient import Route

RESIDUAL = {
    **PLAIN,
    "mesorectum.left_probability": [0.1, 0.3, 0.6],
    "mesorectum.deposit_probability": [0.05, 0.25, 0.45],
    "mesorectum.node_negative_log_ratio_per_log_odds": 1.6,
    "mesorectum.take_probability": 0.7,
    "mesorectum.sterilised_probability": [0.0, 0.1, 0.3, 0.5, 0.7, 0.4],
    "mesorectum.presacral_share": 0.6,
    "cohort.residual_mesorectum_odds_ratio": 2.5,
}


@pytest.mark.parametrize("plane", range(3))
@pytest.mark.parametrize("nodes", range(3))
def test_mesorectum_is_left_by_plane_and_holds_a_deposit_by_nodes(plane, nodes):
    """Blunt dissection multiplies both odds; without nodes the deposit's by the power 1.6 of it."""
    there = world(RESIDUAL)
    left = with_odds([0.1, 0.3, 0.6][plane], 2.5)
    deposited = with_odds([0.05, 0.25, 0.45][nodes], 2.5**1.6 if nodes == 0 else 2.5)
    row = one(plane=plane, nodes=nodes)

    def found(u, v):
        return mesorectum.deposit_left(row, luck(mesorectum_left=u, mesorectal_deposit=v), there)

    assert found(left - BELOW, deposited - BELOW)
    assert not found(left + BELOW, deposited - BELOW)
    assert not found(left - BELOW, deposited + BELOW)
    assert not found(0.999, 0.999)


def test_luck_of_one_leaves_no_deposit_even_where_it_is_certain():
    there = world(
        {**RESIDUAL, "mesorectum.left_probability": [1.0] * 3, "mesorectum.deposit_probability": [1.0] * 3}
    )
    row = one(plane=1)
    for u, v, left in ((0.9, 0.9, True), (1.0, 0.9, False), (0.9, 1.0, False)):
        assert mesorectum.deposit_left(row, luck(mesorectum_left=u, mesorectal_deposit=v), there) == left


@pytest.mark.parametrize(("site", "place"), [(0.6 - BELOW, POSTERIOR), (0.6, CENTRAL)])
def test_residual_mesorectum_seeds_in_front_of_the_sacrum_or_around_the_anastomosis(site, place):
    there, row = world(RESIDUAL), one(plane=2)
    drawn = luck(
        mesorectum_left=0.0, mesorectal_deposit=0.0, seed_survival=0.0, seed_site=0.3 + 0.4 * (site < 0.6)
    )
    drawn.seed_site[Route.MESORECTUM] = site
    mesorectum.seed_mesorectum(row, drawn, there, deposit_odds(row, there), NOW)
    expected = 0.7 * (1.0 - killed(0.3, row))
    assert seeded(row, Route.MESORECTUM) == (True, pytest.approx(expected), (place, 1 << place))
    assert row["cells_left"].sum() == row["survived"].sum() == 1
    none = one(plane=2)
    mesorectum.seed_mesorectum(
        none, luck(mesorectum_left=0.99, seed_survival=0.0), there, deposit_odds(none, there), NOW
    )
    assert none["cells_left"].sum() == none["survived"].sum() == 0
