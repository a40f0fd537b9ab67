"""A deposit of cells: what kills it, whether it takes, when it shows and where, worked out by hand."""

import math

import pytest
from helpers.by_hand import (
    BELOW,
    CENTRAL,
    LEFT,
    NEXT,
    NOW,
    PERINEAL,
    PLAIN,
    POSTERIOR,
    RIGHT,
    killed,
    lognormal,
    luck,
    one,
    patient,
    seeded,
    with_odds,
    world,
)

from sim import pelvis, radiosensitivity
from sim.mechanisms import deposit
from sim.patient import Route
from sim.policy import Regimen


@pytest.mark.parametrize("nodes", range(3))
@pytest.mark.parametrize("ct", range(6))
def test_response_follows_height_categories_and_radiosensitivity(ct, nodes):
    ratios = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4]
    there = world({**PLAIN, "neoadjuvant.t_response_odds_ratio": ratios})
    row = patient(ct=ct, nodes=nodes, height_above_verge_cm=11.0, radiosensitivity=-1.5)
    assert radiosensitivity.tumour_odds(row, there) == pytest.approx(math.exp(0.3) * ratios[ct])
    assert radiosensitivity.response_odds(row, there) == pytest.approx(
        math.exp(0.3 - 0.75) * ratios[ct] * [1.0, 0.9, 0.7][nodes]
    )


@pytest.mark.parametrize("regimen", Regimen)
def test_a_regimen_sterilises_with_its_own_probability(regimen):
    by_regimen = [0.05, 0.15, 0.3, 0.5, 0.8, 0.4]
    there = world({**PLAIN, "margin.sterilised_probability": by_regimen})
    row = one(regimen=regimen)
    expected = killed(by_regimen[regimen], row)
    assert deposit.sterilisation_probability(
        there.margin.sterilised_probability, row, deposit.deposit_odds(row, there)
    ) == pytest.approx(expected)


@pytest.mark.parametrize("compartment", NEXT)
@pytest.mark.parametrize("extra", range(5))
@pytest.mark.parametrize("quarter", range(4))
def test_a_recurrence_spreads_to_neighbours_and_to_one_side_only(compartment, extra, quarter):
    reached = [compartment]
    for place in (*NEXT[compartment][quarter:], *NEXT[compartment][:quarter]):
        both_sides = {LEFT, RIGHT} & {place} and {LEFT, RIGHT} & set(reached)
        if len(reached) <= extra and not both_sides:
            reached.append(place)
    for direction in (quarter / 4, quarter / 4 + 0.2499):
        assert pelvis.spread(compartment, extra, direction) == sum(1 << place for place in reached)


def test_a_deposit_takes_by_aggressiveness_category_and_nodes():
    there = world({
        **PLAIN,
        "recurrence.t_take_odds_ratio": [0.2, 0.4, 1.0, 1.5, 2.0, 2.5],
        "recurrence.nodes_take_odds_ratio": [1.0, 1.2, 1.7],
        "recurrence.onset_median_days": 300.0,
        "recurrence.onset_sigma": 0.8,
        "recurrence.aggressiveness_log_ratio_per_sd": 0.25,
        "recurrence.irradiated_onset_ratio": [1.0, 1.1, 1.2, 1.3, 1.4, 1.5],
        "recurrence.extra_compartments_shares": [0.3, 0.4, 0.2, 0.1],
    })  # fmt: skip
    expected = with_odds(0.2, math.exp(0.3 * 2.0) * 1.5 * 1.7)
    route = Route.ANASTOMOTIC
    for u, survives in ((expected - BELOW, 1), (expected + BELOW, 0)):
        row = one(ct=3, nodes=2, regimen=3, aggressiveness=2.0)
        drawn = luck(seed_survival=0.999, seed_onset=0.1, seed_spread=0.1, seed_direction=0.6)
        drawn.seed_survival[route], drawn.seed_onset[route] = u, 0.8
        drawn.seed_spread[route], drawn.seed_direction[route] = 0.75, 0.3
        odds = deposit.deposit_odds(row, there)
        deposit.settle(row, drawn, there, odds, route, True, 0.2, POSTERIOR, 1, NOW)
        assert row["cells_left"].nonzero()[0].tolist() == [route]
        assert row["seed_probability"][route] == pytest.approx(expected)
        assert row["survived"].nonzero()[0].tolist() == [route] * survives
    assert row["onset_day"].min() == math.inf  # the last did not take
    row = one(ct=3, nodes=2, regimen=3, aggressiveness=2.0)
    drawn.seed_survival[route] = 0.0
    deposit.settle(row, drawn, there, odds, route, True, 0.2, POSTERIOR, 1, NOW)
    days = lognormal(0.8, 300.0, 0.8) * math.exp(-0.5) * 1.3
    assert row["onset_day"][route] == pytest.approx(NOW + days)
    assert (row["onset_day"][route] * 2.0**32).is_integer()
    # 0.75 of the shares is two more, from the second neighbour on: a side, and then not the other
    assert seeded(row, route)[2] == (POSTERIOR, 1 << POSTERIOR | 1 << LEFT | 1 << PERINEAL)
    assert row["seed_compartment"].tolist().count(0) == len(Route) - 1


def test_luck_equal_to_the_probability_does_not_take():
    there = world(PLAIN)
    first, again = one(), one()
    odds = deposit.deposit_odds(first, there)
    deposit.settle(first, luck(), there, odds, 2, True, 0.4, CENTRAL, 0, NOW)
    exactly = luck(seed_survival=float(first["seed_probability"][2]))
    deposit.settle(again, exactly, there, odds, 2, True, 0.4, CENTRAL, 0, NOW)
    assert again["survived"][2] == 0


def test_without_cells_nothing_takes_and_the_probability_is_still_recorded():
    row, there = one(), world(PLAIN)
    odds = deposit.deposit_odds(row, there)
    deposit.settle(row, luck(seed_survival=0.0), there, odds, 2, False, 0.4, CENTRAL, 0, NOW)
    assert seeded(row, 2)[:2] == (False, pytest.approx(0.4))
    assert row["survived"].sum() == 0


@pytest.mark.parametrize(("drawn", "least", "extra"), [(0.1, 0, 0), (0.1, 2, 2), (0.9, 1, 3), (0.5, 0, 1)])
def test_a_deposit_reaches_at_least_what_its_mechanism_says(drawn, least, extra):
    there = world({**PLAIN, "recurrence.extra_compartments_shares": [0.3, 0.3, 0.2, 0.2]})
    row = one()
    odds, spreads = deposit.deposit_odds(row, there), luck(seed_survival=0.0, seed_spread=drawn)
    deposit.settle(row, spreads, there, odds, 0, True, 0.4, PERINEAL, least, NOW)
    assert int(row["seed_compartments"][0]).bit_count() == 1 + extra


def by_route(*first, rest):
    """Values for the first routes, and one for all others."""
    return [*first, *[rest] * (len(Route) - len(first))]


def test_later_treatment_kills_seeds_that_are_not_yet_detectable_and_only_these():
    row = one(
        survived=by_route(1, 1, 1, 0, 1, rest=0),
        onset_day=by_route(NOW + 1, NOW + 1, NOW, math.inf, NOW - 1, rest=math.inf),
        seed_probability=by_route(0.4, 0.8, 0.4, 0.4, 0.4, 0.2, 0.1, rest=0.6),
    )
    deposit.treat_seeds(row, luck(seed_survival=0.3), 0.5, NOW)
    assert row["seed_probability"].tolist() == by_route(0.2, 0.4, 0.2, 0.2, 0.2, 0.1, 0.05, rest=0.3)
    assert row["survived"].tolist() == by_route(0, 1, 1, 0, 1, rest=0)
    exactly = one(
        survived=by_route(rest=1), onset_day=by_route(rest=NOW + 1), seed_probability=by_route(rest=0.5)
    )
    deposit.treat_seeds(exactly, luck(seed_survival=0.25), 0.5, NOW)
    assert exactly["survived"].sum() == 0
