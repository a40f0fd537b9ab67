"""Cells in the lumen, worked out by hand, with luck on either side of each decision."""

import pytest
from helpers.by_hand import (
    APR,
    BELOW,
    CENTRAL,
    HARTMANN,
    LAR,
    NOW,
    PLAIN,
    POSTERIOR,
    RIGHT,
    killed,
    luck,
    one,
    seeded,
    with_odds,
    world,
)

from sim.mechanisms import exfoliation
from sim.mechanisms.deposit import deposit_odds
from sim.patient import Route
from sim.policy import Regimen

LUMEN = {
    **PLAIN,
    "exfoliation.luminal_cells_probability": [0.6, 0.5, 0.4, 0.3, 0.2, 0.25],
    "exfoliation.t_luminal_cells_odds_ratio": [0.2, 0.4, 1.0, 1.3, 1.6, 1.9],
    "exfoliation.washout_clears_probability": 0.9,
    "exfoliation.caught_probability": 0.25,
    "exfoliation.anastomotic_take_probability": 0.4,
    "exfoliation.carried_probability": 0.8,
    "exfoliation.perianastomotic_take_probability": 0.7,
    "exfoliation.sterilised_probability": [0.0, 0.1, 0.3, 0.5, 0.7, 0.4],
}


@pytest.mark.parametrize("ct", range(6))
@pytest.mark.parametrize("regimen", Regimen)
def test_cells_lie_in_the_lumen_by_regimen_and_category_unless_washed_out(regimen, ct):
    there = world(LUMEN)
    shed = with_odds([0.6, 0.5, 0.4, 0.3, 0.2, 0.25][regimen], [0.2, 0.4, 1.0, 1.3, 1.6, 1.9][ct])

    def found(u=0.0, clears=0.99, **fields):
        row = one(**{"regimen": regimen, "ct": ct, "operation": LAR, **fields})
        return bool(exfoliation.cells_in_lumen(row, luck(luminal_cells=u, washout_clears=clears), there))

    assert found(shed - BELOW) and not found(shed + BELOW)
    assert found(operation=HARTMANN) and not found(operation=APR)
    assert not found(complete_response=True)
    assert found(clears=0.0) and not found(clears=0.9 - BELOW, washed_out=True)
    assert found(clears=0.9, washed_out=True) and not found(0.99, clears=0.95, washed_out=True)


@pytest.mark.parametrize("luminal", [False, True])
@pytest.mark.parametrize("abscess", [False, True])
@pytest.mark.parametrize(("line", "caught"), [(0.25 - BELOW, True), (0.25, False)])
@pytest.mark.parametrize(("carry", "carried"), [(0.8 - BELOW, True), (0.8, False)])
def test_cells_are_caught_in_the_staple_line_or_carried_into_an_abscess(
    luminal, abscess, line, caught, carry, carried
):
    row = one(operation=LAR, abscess=abscess, luminal_cells=not luminal)
    drawn = luck(
        luminal_cells=0.0 if luminal else 0.99, staple_line=line, abscess_cells=carry, seed_survival=0.0
    )
    exfoliation.seed_exfoliation(row, drawn, world(LUMEN), deposit_odds(row, world(LUMEN)), NOW)
    spared = 1.0 - killed(0.3, row)
    assert row["luminal_cells"] == luminal
    at_line, around = seeded(row, Route.ANASTOMOTIC), seeded(row, Route.PERIANASTOMOTIC)
    assert at_line[:2] == (luminal and caught, pytest.approx(0.4 * spared))
    assert around[:2] == (luminal and abscess and carried, pytest.approx(0.7 * spared))
    if at_line[0]:
        assert at_line[2] == (CENTRAL, 1 << CENTRAL)
    if around[0]:  # from 0.5 on the third of its neighbours comes first
        assert around[2] == (POSTERIOR, 1 << POSTERIOR | 1 << RIGHT)
    assert row["cells_left"].sum() == row["survived"].sum() == at_line[0] + around[0]
