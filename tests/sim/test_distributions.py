"""Quantiles, odds, the grid of times and the life table, against naive forms and SciPy."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special, stats

from conf.composition import composing
from conf.life_table import read_life_table
from conf.schema import shipped
from sim.distributions import GRID, lognormal, normal_quantile, on_grid, pick, with_odds
from sim.pathway.mortality import years_to_live
from sim.patient import YEAR_DAYS, Cause

DUTCH = shipped("life_table/dutch_1995_2000")
TABLES = {sex: np.array(DUTCH[f"{sex}_five_year_death_probability"], float) for sex in ("men", "women")}
FIRST_AGE = float(DUTCH["first_age_years"])
GROWTH = float(DUTCH["growth_five_years_ratio"])
with composing():
    PACKED = read_life_table("here", "dutch_1995_2000").record()
HAZARDS = {sex: np.array(PACKED[f"{sex}_hazard_per_year"]) for sex in TABLES}

probabilities = st.floats(0, 1, exclude_max=True)


def test_the_normal_quantile_is_scipys_over_the_whole_range():
    tail = np.logspace(-300, -1, 600)
    near_one = 1 - np.logspace(-15.95, -1, 300)
    for u in np.concatenate([tail, np.linspace(0.001, 0.999, 999), near_one, [2.0**-53, 1 - 2.0**-53]]):
        assert normal_quantile(u) == pytest.approx(special.ndtri(u), rel=3e-15, abs=1e-15), u


def test_the_normal_quantile_is_odd_and_increases():
    u = np.concatenate([np.logspace(-15, -2, 200), np.linspace(0.011, 0.5, 500)])
    z = np.array([normal_quantile(value) for value in u])
    assert (np.diff(z) > 0).all()
    assert normal_quantile(0.5) == 0
    quarters = [0.25, 0.125, 2.0**-20, 2.0**-50]  # 1 - u is exact
    assert [normal_quantile(1 - value) for value in quarters] == [-normal_quantile(v) for v in quarters]


@settings(deadline=None, derandomize=True, database=None)
@given(st.floats(1e-12, 1 - 1e-12), st.floats(0.1, 1e4), st.floats(0.01, 2))
def test_the_lognormal_is_scipys(u, median, sigma):
    assert lognormal(u, median, sigma) == pytest.approx(
        stats.lognorm.ppf(u, s=sigma, scale=median), rel=1e-12
    )


def test_a_lognormal_has_its_median_and_spread():
    assert lognormal(0.5, 300.0, 0.85) == 300.0
    assert lognormal(0.1, 300.0, 0.0) == 300.0
    upper = lognormal(special.ndtr(1), 300.0, 0.85)
    assert math.log(upper / 300) == pytest.approx(0.85)


@settings(deadline=None, derandomize=True, database=None)
@given(probabilities, st.floats(1e-3, 1e3))
def test_odds_are_multiplied(probability, ratio):
    naive = probability * ratio / (1 - probability + probability * ratio)
    assert with_odds(probability, ratio) == pytest.approx(naive, rel=1e-12, abs=1e-300)


def test_certainties_stay_certain_whatever_the_odds():
    for ratio in (0.01, 1.0, 100.0):
        assert with_odds(0.0, ratio) == 0
        assert with_odds(1.0, ratio) == 1
    assert with_odds(0.3, 1.0) == pytest.approx(0.3)
    assert with_odds(0.5, 3.0) == pytest.approx(0.75)


@settings(deadline=None, derandomize=True, database=None)
@given(
    st.floats(0, 1, exclude_min=True, exclude_max=True),
    st.lists(st.floats(0, 1), min_size=1, max_size=8).filter(lambda shares: sum(shares) > 1e-6),
)
def test_a_pick_cuts_the_unit_interval_in_proportion(u, shares):
    shares = np.array(shares)
    edges = np.cumsum(shares) / shares.sum()
    if np.abs(edges - u).min() > 1e-12:
        assert pick(u, shares) == np.searchsorted(edges, u, side="right")


def test_picks_have_their_shares_and_what_has_none_is_never_picked():
    shares = np.array([0.0, 0.2, 0.0, 0.5, 0.3, 0.0])
    picked = np.bincount([pick(u, shares) for u in (np.arange(10_000) + 0.5) / 10_000], minlength=6)
    assert picked.tolist() == [0, 2000, 0, 5000, 3000, 0]


@settings(deadline=None, derandomize=True, database=None)
@given(st.floats(0, 1e5), st.floats(0, 1e5))
def test_days_on_the_grid_add_exactly(day, other):
    one, two = on_grid(day), on_grid(other)
    assert abs(one - day) <= 0.5 / GRID + 1e-16 * day
    assert one * GRID == round(one * GRID)
    assert on_grid(one) == one
    assert (one + two) - two == one


@pytest.mark.parametrize("day", [1e6, 1e9, 1e10, 1e12, 1e15])
def test_a_day_beyond_any_horizon_stays_there(day):
    """A median of 1e9 days is an allowed way to say never."""
    assert on_grid(day) == pytest.approx(day, rel=1e-12)


# The life table


def hazard_at(table, age):
    """The hazard a year at an age, the naive way; beyond the table it grows every five years."""
    band, growth = 0, 1.0
    while age >= FIRST_AGE + 5 * (band + 1):
        band += 1
        growth *= GROWTH if band >= len(table) else 1.0
    return -math.log(1 - table[min(band, len(table) - 1)]) / 5 * growth


@pytest.mark.parametrize("sex", TABLES)
def test_the_years_to_live_use_up_the_integrated_hazard(sex):
    table = TABLES[sex]
    edges = [FIRST_AGE + 5 * k for k in range(60)]
    for age in (35.0, 49.9, 50.0, 52.3, 64.999, 65.0, 71.4, 88.0, 95.0, 99.0, 104.0):
        for hazard in (1e-9, 0.003, 0.1, 0.7, 2.0, 9.0):
            years = years_to_live(HAZARDS[sex], FIRST_AGE, age, hazard)
            inside = [edge for edge in edges if age < edge < age + years]
            steps = [age, *inside, age + years]
            total = sum(
                integrate.quad(lambda at: hazard_at(table, at), low, high, limit=20, epsabs=1e-12)[0]
                for low, high in itertools.pairwise(steps)
            )
            assert total == pytest.approx(hazard, rel=1e-6, abs=1e-10)


@pytest.mark.parametrize("sex", TABLES)
def test_the_five_year_death_probability_is_the_tables_entry(sex):
    """From each age of the table five years use up exactly the hazard of its entry."""
    for band, probability in enumerate(TABLES[sex]):
        age = FIRST_AGE + 5 * band
        years = years_to_live(HAZARDS[sex], FIRST_AGE, age, -math.log(1 - probability))
        assert years == pytest.approx(5, rel=1e-12)
        alive = [
            years_to_live(HAZARDS[sex], FIRST_AGE, age, -math.log(u)) > 5
            for u in np.linspace(5e-4, 0.9995, 1000)
        ]
        assert 1 - np.mean(alive) == pytest.approx(probability, abs=0.0011)


def test_a_greater_hazard_to_live_gives_a_longer_life():
    lives = [years_to_live(HAZARDS["men"], FIRST_AGE, 68.0, hazard) for hazard in np.linspace(0.001, 5, 500)]
    assert (np.diff(lives) > 0).all()


WITHOUT_CANCER = (
    "cohort.age_sd_years=0",
    "cohort.background_mortality_ratio=1",
    "mortality.fit_hazard_ratio=1",
    "mortality.unfit_hazard_ratio=1",
    "mortality.selection_hazard_log_ratio_per_year=0",
    "mortality.operative_death_probability=0",
    "mortality.late_operative_death_probability=0",
    "metastasis.occult_probability=0",
    "primary.seeding_median_days=1e9",
    *(
        f"{mechanism}_probability=0"
        for mechanism in (
            "margin.circumferential_take",
            "margin.distal_take",
            "mesorectum.take",
            "exfoliation.anastomotic_take",
            "exfoliation.perianastomotic_take",
            "spillage.take",
        )
    ),
    "lateral_node.involved_probability=[0,0,0]",
)


@pytest.mark.parametrize("name", ["dutch_1995_2000", "irish_2010_2012"])
@pytest.mark.parametrize(("sex", "female", "band"), [("men", 0, 4), ("women", 1, 4), ("men", 0, 6)])
def test_lives_without_cancer_death_die_as_the_table_says(lives, name, sex, female, band):
    """The whole path, from the uniform to the death: nobody recurs, spreads or dies of the operation."""
    rows = lives(
        *WITHOUT_CANCER,
        f"cohort.life_table={name}",
        f"cohort.age_mean_years={FIRST_AGE + 5 * band}",
        f"cohort.female_share={female}",
        patients=5000,
    )
    table = shipped(f"life_table/{name}")[f"{sex}_five_year_death_probability"]
    assert set(rows["death_cause"]) == {Cause.ALIVE, Cause.OTHER}
    # At a year within the first five, at their end and at ten years: constant hazards within the five.
    for years, alive in (
        (2.0, (1 - table[band]) ** 0.4),
        (5.0, 1 - table[band]),
        (10.0, (1 - table[band]) * (1 - table[band + 1])),
    ):
        error = math.sqrt(alive * (1 - alive) / 5000)
        assert np.mean(rows["death_day"] > years * YEAR_DAYS) == pytest.approx(alive, abs=4 * error)


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_participants_die_of_the_tables_hazard_times_a_ratio(lives, share):
    rows = lives(
        *WITHOUT_CANCER,
        f"cohort.age_mean_years={FIRST_AGE + 20}",
        "cohort.female_share=0",
        "mortality.participant_hazard_ratio=0.64",
        f"cohort.participant_share={share}",
        patients=5000,
    )
    alive = (1 - TABLES["men"][4]) ** (0.64**share)
    error = math.sqrt(alive * (1 - alive) / 5000)
    assert np.mean(rows["death_day"] > 5 * YEAR_DAYS) == pytest.approx(alive, abs=4 * error)


@pytest.mark.parametrize("sex", TABLES)
def test_nobody_outlives_the_oldest_ever(sex):
    """At 100 an expectation of some years, and one in ten thousand of those aged 70 dies after 115."""
    assert FIRST_AGE + years_to_live(HAZARDS[sex], FIRST_AGE, 50.0, -math.log(1e-4)) < 118
