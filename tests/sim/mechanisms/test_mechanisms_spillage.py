"""Spilled cells, worked out by hand, with luck on either side of each decision."""

import pytest
from helpers.by_hand import (
    ANTERIOR,
    APR,
    BELOW,
    LAR,
    NEXT,
    NOW,
    PERINEAL,
    PERITONEAL,
    PLAIN,
    POSTERIOR,
    killed,
    luck,
    one,
    seeded,
    world,
)

from sim.mechanisms import spillage
from sim.mechanisms.deposit import deposit_odds
from sim.patient import Quadrant, Route, SpillPattern

SPILLS = {
    **PLAIN,
    "spillage.breach_spill_probability": 0.5,
    "spillage.perforation_spill_probability": 0.7,
    "spillage.take_probability": 0.3,
    "spillage.sterilised_probability": [0.0, 0.2, 0.35, 0.5, 0.6, 0.4],
    "spillage.perforation_pattern_shares": [0.6, 0.3, 0.1],
    "spillage.breach_pattern_shares": [0.2, 0.3, 0.5],
}


@pytest.mark.parametrize(
    ("breached", "perforated", "probability", "higher"),
    [(False, False, 0.0, 0.7), (True, False, 0.5, 0.7), (False, True, 0.7, 0.7), (True, True, 0.7, 0.7),
     (True, True, 0.5, 0.4)],
)  # fmt: skip
def test_a_breach_or_a_perforation_spills_and_the_likelier_of_both(breached, perforated, probability, higher):
    there = world({**SPILLS, "spillage.perforation_spill_probability": higher})
    row = one(breached=breached, perforated=perforated)
    assert spillage.spilled(row, probability - BELOW, there)
    assert not spillage.spilled(row, probability, there)


@pytest.mark.parametrize(
    ("breached", "u", "abscess", "pattern"),
    [
        (False, 0.59, False, "FOCAL"),
        (False, 0.61, False, "MULTIFOCAL"),
        (False, 0.91, False, "CARCINOMATOSIS"),
        (True, 0.19, False, "FOCAL"),
        (True, 0.21, False, "MULTIFOCAL"),
        (True, 0.51, False, "CARCINOMATOSIS"),
        (False, 0.59, True, "ALONG_ABSCESS"),
        (False, 0.61, True, "ALONG_ABSCESS"),
        (True, 0.51, True, "CARCINOMATOSIS"),
    ],
)
def test_what_is_spilled_grows_by_its_source_and_an_abscess_draws_it_along(breached, u, abscess, pattern):
    row = one(breached=breached, perforated=not breached, abscess=abscess)
    assert spillage.spill_pattern(row, u, world(SPILLS)) == SpillPattern[pattern]


@pytest.mark.parametrize("quadrant", list(Quadrant))
@pytest.mark.parametrize("operation", [LAR, APR])
@pytest.mark.parametrize(
    ("u", "abscess", "pattern", "extra"),
    [(0.5, False, "FOCAL", 0), (0.5, True, "ALONG_ABSCESS", 1), (0.7, False, "MULTIFOCAL", 2),
     (0.95, False, "CARCINOMATOSIS", 0), (None, False, "NONE", 0), (None, True, "NONE", 0)],
)  # fmt: skip
def test_spilled_cells_seed_by_pattern_operation_and_quadrant(
    quadrant, operation, u, abscess, pattern, extra
):
    row = one(perforated=True, quadrant=quadrant, operation=operation, abscess=abscess, spill_pattern=4)
    drawn = luck(
        spill=0.99 if u is None else 0.0, spill_pattern=u or 0.0, seed_survival=0.0, seed_direction=0.0
    )
    spillage.seed_spillage(row, drawn, world(SPILLS), deposit_odds(row, world(SPILLS)), NOW)
    cells, probability, (place, mask) = seeded(row, Route.SPILLAGE)
    assert row["spill_pattern"] == SpillPattern[pattern]
    assert cells == (u is not None) == (row["cells_left"].sum() == 1)
    assert probability == pytest.approx(0.3 * (1.0 - killed(0.35, row)))
    if cells:
        expected = {"CARCINOMATOSIS": PERITONEAL, "ALONG_ABSCESS": POSTERIOR}.get(
            pattern,
            PERINEAL if operation == APR else ANTERIOR if quadrant == Quadrant.ANTERIOR else POSTERIOR,
        )
        assert place == expected
        assert mask == sum(1 << there for there in (place, *NEXT[place][:extra]))
