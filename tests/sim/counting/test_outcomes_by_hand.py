"""Every outcome of patients on the edges of the definitions, against the definitions in plain Python."""

import numpy as np
import pytest
from helpers.by_hand import patient, world
from helpers.lives_by_hand import (
    HARMS,
    YEAR,
    amounts_of,
    month_of,
    months_of,
    some_lives,
    states_of,
    timed_of,
    way_of,
)

from sim.counting import outcomes
from sim.counting.outcomes import ABSENT, BY_GROUP, MONTHLY, NOT_COUNTED, SHAPE, TIMED, Key

HORIZONS = (1.0, 2.0)
END = 2 * YEAR


@pytest.fixture(scope="module", name="rows")
def rows_fixture():
    return some_lives(250)


def written(row, days, outcomes_count):
    """The states of a patient, one by one."""
    states = np.full((1, 2, outcomes.state_words(len(days))), 77)
    outcomes.write_states(row, world(), days, states[0])
    each = np.full((1, outcomes_count), 77, np.uint8)
    outcomes.write_each_state(states, len(days), each)
    return each[0]


def test_the_yes_or_no_outcomes_are_those_of_the_definitions(rows):
    keys = outcomes.binary_keys(HORIZONS)
    days = np.array(HORIZONS) * YEAR
    seen = {key: set() for key in keys}
    for row in rows:
        states = written(row, days, len(keys))
        expected = states_of(row, HORIZONS)
        assert tuple(expected) == keys
        assert dict(zip(keys, states.tolist(), strict=True)) == {key: int(s) for key, s in expected.items()}
        for key, value in expected.items():
            seen[key].add(value)
    assert all(values >= {1, 2} for values in seen.values())  # nobody's edge was left out


def test_outcomes_without_a_horizon_say_so_and_groups_are_those_of_the_tables():
    keys = outcomes.binary_keys((3.0,))
    assert {key.horizon_years for key in keys} == {0.0, 3.0}
    assert [key for key in keys if key.outcome == "leak"] == [Key("leak", "all", "all", "all", 0.0)]
    assert {key.outcome for key in keys if key.group != "all"} == set(BY_GROUP)


def test_amounts_are_rounded_sums_up_to_the_end(rows):
    assert [key.outcome for key in outcomes.amount_keys(2.0)] == list(outcomes.UNITS)
    assert {key.horizon_years for key in outcomes.amount_keys(2.0)} == {2.0}
    for row in rows:
        amounts = np.full(len(outcomes.UNITS), -5, np.int64)
        outcomes.write_amounts(row, END, amounts)
        expected = amounts_of(row, END)
        assert list(expected) == list(outcomes.UNITS)
        assert amounts.tolist() == [int(value) for value in expected.values()]
    years = [name for name in outcomes.UNITS if name.endswith("_years")]
    assert years[:3] == ["life_years", "organ_years", "stoma_free_years"]
    assert years[3:] == [f"{harm}_years" for harm in HARMS]
    assert dict.fromkeys(years, 16 * YEAR) == outcomes.SCALE
    assert outcomes.FOLDS == 32  # as docs/outcomes.md says


def test_days_at_risk_and_what_ended_them(rows):
    names = [(key.outcome, key.group) for key in TIMED]
    counted = set()
    for row in rows:
        cells = np.full(len(TIMED), -77, np.int64)
        outcomes.write_timed(row, END, cells)
        expected = timed_of(row, END)
        assert set(expected) <= set(names)
        for name, cell in zip(names, cells.tolist(), strict=True):
            if name in expected:
                days, died = expected[name]
                assert (cell // 2, cell % 2) == (days, 0 if died else 1), name
                counted.add((name, bool(died)))
            else:
                assert cell == NOT_COUNTED == -1
    assert len(counted) == 2 * len(TIMED)


@pytest.mark.parametrize("months", [0, 11, 24])
def test_events_fall_into_their_month_and_later_ones_into_none(rows, months):
    names = [(key.outcome, key.mechanism) for key in MONTHLY]
    for row in rows:
        events = np.full(len(MONTHLY), -77, np.int64)
        outcomes.write_months(row, months, events)
        assert dict(zip(names, events.tolist(), strict=True)) == months_of(row, months)
    assert month_of(30.4375, 24) == 1 and month_of(30.44, 24) == 2 and month_of(1e9, 24) == 25


def test_every_recurrence_goes_one_way(rows):
    assert SHAPE == (5, 7, 7, 4, 4)
    ways = set()
    for row in rows:
        expected = way_of(row)
        found = outcomes.way(row)
        assert found == (NOT_COUNTED if expected is None else np.ravel_multi_index(expected, SHAPE))
        ways.add(expected)
    assert len({way[2:] for way in ways if way}) > 30


def test_days_are_counted_from_diagnosis(rows):
    days = outcomes.since_diagnosis(rows, "death_day")
    assert np.array_equal(days, [row.death_day - row.diagnosed_day for row in rows])


def test_states_are_absent_no_and_yes_and_every_outcome_has_a_bit_of_its_own():
    assert (ABSENT, outcomes.NO, outcomes.YES) == (0, 1, 2)
    for horizons in range(1, 9):
        places = [
            outcomes.state_bit(k, horizons) for k in range(len(outcomes.binary_keys((1.0,) * horizons)))
        ]
        assert len({*places}) == len(places)
        assert max(places) < 64 * outcomes.state_words(horizons) <= max(places) + 64 * 8
        assert 63 not in {place % 64 for place in places}  # the sign


@pytest.mark.parametrize(("days", "died"), [(0.0, 2), (30.0, 2), (30.25, 1), (31.0, 1)])
def test_an_operative_death_comes_within_thirty_days(days, died):
    keys = outcomes.binary_keys(HORIZONS)
    row = patient(operated_day=50.0, death_day=50.0 + days, death_cause=1)
    states = written(row, np.array(HORIZONS) * YEAR, len(keys))
    assert states[keys.index(Key("operative_death"))] == died


@pytest.mark.parametrize("margin", range(4))
@pytest.mark.parametrize("again", [np.inf, 90.0])
@pytest.mark.parametrize("spread", [np.inf, 95.0])
@pytest.mark.parametrize("cause", range(4))
def test_a_patient_is_free_after_a_clear_or_close_margin_without_a_return(margin, again, spread, cause):
    row = patient(
        recurrence_found_day=50.0, recurrence_route=4, recurrence_compartment=5, curative_intent=True,
        salvage_day=80.0 if margin else np.inf, salvage_procedure=3 if margin else 0, salvage_margin=margin,
        rerecurrence_day=again, metastasis_found_day=spread, death_cause=cause,
    )  # fmt: skip
    free = margin in (1, 2) and again == spread == np.inf
    fate = {0: 0 if free else 1, 1: 3, 2: 3, 3: 2}[cause]
    treatment = 2 if margin else 5
    assert outcomes.way(row) == np.ravel_multi_index((2, 5, treatment, margin, fate), SHAPE)


@pytest.mark.parametrize(
    ("field", "value", "key", "bound", "before", "after"),
    [
        ("height_above_verge_cm", 6.0, "groups.low_up_to_cm", 6.0, "mid", "low"),
        ("height_above_verge_cm", 11.0, "groups.mid_up_to_cm", 11.0, "high", "mid"),
        ("lateral_mm", [0.0, 6.0], "groups.enlarged_from_mm", 6.0, None, "enlarged_lateral_node"),
    ],
)
def test_the_bounds_of_the_groups_are_parameters(field, value, key, bound, before, after):
    row = patient(**{field: value})

    def members(there):
        mask = outcomes.groups(row, there)
        return {group.name.lower() for group in outcomes.Group if mask >> group & 1}

    assert after not in members(world()) and (before is None or before in members(world()))
    moved = members(world({key: bound}))
    assert after in moved and before not in moved
