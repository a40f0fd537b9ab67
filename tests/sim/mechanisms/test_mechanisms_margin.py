"""Cells left at a margin, worked out by hand, with luck on either side of each decision."""

import math

import pytest
from helpers.by_hand import (
    ANTERIOR,
    APR,
    BELOW,
    CENTRAL,
    HARTMANN,
    LAR,
    LEFT,
    NOW,
    PERINEAL,
    PLAIN,
    POSTERIOR,
    RIGHT,
    killed,
    luck,
    one,
    seeded,
    world,
)

from sim.mechanisms import margin
from sim.mechanisms.deposit import deposit_odds
from sim.patient import Quadrant, Route

MARGINS = {
    **PLAIN,
    "margin.circumferential_scale_mm": 1.5,
    "margin.distal_scale_mm": 2.5,
    "margin.apr_perineal_share": 0.4,
    "margin.circumferential_take_probability": 0.3,
    "margin.distal_take_probability": 0.6,
    "margin.sterilised_probability": [0.0, 0.2, 0.35, 0.5, 0.6, 0.4],
}


def test_cells_are_left_at_a_margin_the_more_the_closer_it_is():
    there = world(MARGINS)
    row = one(crm_mm=3.0, distal_margin_mm=10.0, operation=LAR)
    assert margin.circumferential_cells_probability(row, there) == pytest.approx(math.exp(-2.0))
    assert margin.distal_cells_probability(row, there) == pytest.approx(math.exp(-4.0))
    row.operation = HARTMANN
    assert margin.distal_cells_probability(row, there) == pytest.approx(math.exp(-4.0))
    row.operation = APR  # nothing is stapled
    assert margin.distal_cells_probability(row, there) == 0.0
    assert margin.circumferential_cells_probability(row, there) > 0.0
    row.complete_response = True
    row.operation = LAR
    assert margin.circumferential_cells_probability(row, there) == 0.0
    assert margin.distal_cells_probability(row, there) == 0.0


@pytest.mark.parametrize(
    ("quadrant", "place"),
    list(zip(Quadrant, (ANTERIOR, POSTERIOR, LEFT, RIGHT), strict=True)),
)
def test_a_close_margin_seeds_where_it_was_close(quadrant, place):
    there = world(MARGINS)
    for operation in (LAR, HARTMANN):
        row = one(quadrant=quadrant, operation=operation)
        assert margin.circumferential_compartment(row, 0.0, there) == place
    row = one(quadrant=quadrant, operation=APR)
    assert margin.circumferential_compartment(row, 0.4 - BELOW, there) == PERINEAL
    assert margin.circumferential_compartment(row, 0.4, there) == place


def test_margins_seed_their_routes_where_they_were_close():
    there = world(MARGINS)
    close = {"crm_mm": 3.0, "distal_margin_mm": 5.0, "operation": LAR, "quadrant": Quadrant.LEFT}
    row = one(**close)
    spared = 1.0 - killed(0.35, row)
    drawn = luck(
        circumferential_cells=math.exp(-2.0) - BELOW, distal_cells=math.exp(-2.0) - BELOW, seed_survival=0.0
    )
    margin.seed_margins(row, drawn, there, deposit_odds(row, there), NOW)
    assert seeded(row, Route.CIRCUMFERENTIAL) == (True, pytest.approx(0.3 * spared), (LEFT, 1 << LEFT))
    assert seeded(row, Route.DISTAL) == (True, pytest.approx(0.6 * spared), (CENTRAL, 1 << CENTRAL))
    assert row["cells_left"].sum() == row["survived"].sum() == 2
    clear = one(**close)
    margin.seed_margins(
        clear, luck(circumferential_cells=0.2, distal_cells=0.2), there, deposit_odds(clear, there), NOW
    )
    assert clear["cells_left"].sum() == 0
    exactly = one(**{**close, "crm_mm": 0.0, "distal_margin_mm": 0.0})
    margin.seed_margins(
        exactly, luck(circumferential_cells=1.0, distal_cells=1.0), there, deposit_odds(exactly, there), NOW
    )
    assert exactly["cells_left"].sum() == 0
    perineal = one(**{**close, "operation": APR})
    drawn.seed_site[:] = 0.9
    drawn.seed_site[Route.CIRCUMFERENTIAL] = 0.1
    margin.seed_margins(perineal, drawn, there, deposit_odds(perineal, there), NOW)
    assert seeded(perineal, Route.CIRCUMFERENTIAL)[2] == (PERINEAL, 1 << PERINEAL)
    assert perineal["cells_left"].sum() == 1
