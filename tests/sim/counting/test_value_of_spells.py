"""When treatment ends, what an emergency stoma costs, and who waits for a salvage resection."""

import functools
import math

import numpy as np
import pytest
from conftest import lives, world_of

from sim.counting.value import VALUES, values_of
from sim.events import Event
from sim.patient import YEAR_DAYS, Cost, Harm

DUTCH = "economics=dutch"
UNRESECTED = ("cohort.unresected_share=1", "cohort.unresected_irradiated_share=1")
STOMA = "economics.emergency_stoma_price"


@functools.cache
def irradiated():
    journal = []
    rows = lives(DUTCH, *UNRESECTED, patients=300, years=20.0, journal=journal)
    return rows, journal


def quantity(rows, name, *words, years=20.0):
    world = world_of("tme_alone", (DUTCH, *words))
    return values_of(rows, world, years * YEAR_DAYS)[:, VALUES.index(name)]


def test_who_is_never_resected_is_treated_until_the_interval_after_radiotherapy_is_over():
    rows, journal = irradiated()
    of = world_of("tme_alone", (DUTCH, *UNRESECTED))[0]["neoadjuvant"]
    begun = {int(i): day for day, i, event in journal if event == Event.NEOADJUVANT}
    assert len(begun) > 200
    for i, row in enumerate(rows):
        expected = math.inf
        if i in begun:
            regimen = row["regimen"]
            expected = begun[i] + of["duration_days"][regimen] + 7 * of["interval_weeks"][regimen]
        assert row["treated_until_day"] == pytest.approx(expected, abs=1e-6)
    assert not np.isfinite(lives(DUTCH, policy="chemoradiotherapy")["treated_until_day"]).any()


def test_a_tumour_that_radiotherapy_holds_is_not_under_treatment_for_years():
    rows, _ = irradiated()
    ends = np.minimum(np.minimum(rows["treated_until_day"], rows["uncontrolled_day"]), rows["death_day"])
    held = rows["uncontrolled_day"] > rows["treated_until_day"] + YEAR_DAYS
    assert held.sum() > 50
    rates = ("economics.effects_discount_rate_per_year=0", "economics.costs_discount_rate_per_year=0")
    lower = quantity(rows, "qalys", *UNRESECTED, *rates, "economics.neoadjuvant_utility_ratio=0")
    higher = quantity(rows, "qalys", *UNRESECTED, *rates, "economics.neoadjuvant_utility_ratio=1")
    # At most a year of perfect health for each year under treatment; before, it lasted until the tumour grew.
    assert (higher - lower <= ends / YEAR_DAYS + 1e-6).all()
    assert ((higher - lower)[held] > 0.5 * ends[held] / YEAR_DAYS).all()
    care = [
        quantity(
            rows,
            "cost_informal_care",
            *UNRESECTED,
            *rates,
            f"economics.treatment_informal_hours_per_week={n}",
        )
        for n in (0, 1)
    ]
    hour = 19.5144  # 18.8 euro of 2022, in those of 2023
    assert care[1] - care[0] == pytest.approx(ends / 7 * hour, abs=0.02)


def test_an_emergency_stoma_is_charged_on_its_day_and_a_resection_is_not_one():
    words = (*UNRESECTED[:1], "cohort.unresected_irradiated_share=0", "primary.emergency_median_days=300")
    free, priced = (lives(DUTCH, *words, f"{STOMA}={price}", patients=400) for price in (0, 1000))
    day = priced["harm_from_day"][:, Harm.PERMANENT_STOMA]
    diverted = np.isfinite(day)
    assert diverted.sum() > 100
    expected = np.where(diverted, 1000 * 1.03 ** (-np.where(diverted, day, 0.0) / YEAR_DAYS), 0.0)
    charged = (priced["charged"] - free["charged"]).sum(axis=1)
    assert charged == pytest.approx(expected, abs=1e-6)
    resected = ("primary.emergency_median_days=60", "pathway.meeting_to_surgery_days=365")
    free, priced = (lives(DUTCH, *resected, f"{STOMA}={price}", patients=400) for price in (0, 1000))
    assert priced["emergency"].sum() > 50
    assert (priced["charged"] == free["charged"]).all()


def test_who_waits_for_a_salvage_resection_at_the_end_is_not_said_to_be_beyond_it():
    few, many = (lives(DUTCH, patients=20_000, years=years) for years in (3.0, 10.0))
    end = 3 * YEAR_DAYS
    pending = few["agenda"][:, [Event.SALVAGE_TREATMENT, Event.SALVAGE_RESECTION]].min(axis=1) < np.inf
    assert pending.sum() > 20
    # Of whom nothing is known yet: the meeting is still to come.
    unmet = few["agenda"][:, Event.RECURRENCE_MEETING] < np.inf
    operated = pending & np.isfinite(many["salvage_day"])
    assert operated.sum() > 10
    # Two runs of the same patients have the same states up to the end of the shorter one.
    for name in ("cost_palliation", "cost_informal_care", "qalys", "cost_stoma_and_late_harm"):
        short, long = (
            quantity(rows, name, years=3.0)
            - (rows["charged"][:, Cost.PALLIATION] if name == "cost_palliation" else 0.0)
            for rows in (few, many)
        )
        known = ~unmet & ~(pending & ~operated)
        assert short[known] == pytest.approx(long[known], abs=0.011), name
    assert end < many["salvage_day"][operated].min()
