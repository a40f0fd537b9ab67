"""Other laws of growth: a lighter tail of times to detection, and deposits that keep their rate of growth."""

import numpy as np
import pytest
from conftest import lives, world_of
from helpers import by_hand
from scipy import stats

from sim.clocks import compiled_clock, simpy_clock
from sim.distributions import lognormal, weibull
from sim.events import Event
from sim.luck import draw_luck
from sim.mechanisms.deposit import onset_days
from sim.pathway.recurrence import begin
from sim.patient import YEAR_DAYS, Route, new_patients

OWN, WEIBULL = "recurrence.growth_pace_exponent=1", "recurrence.onset_weibull_share=1"
# Deposits that all take, of patients who are equally aggressive and of whom few die.
MANY = (
    "margin.circumferential_take_probability=1", "mesorectum.take_probability=1",
    "recurrence.aggressiveness_log_ratio_per_sd=0", "recurrence.dissemination_probability=0",
)  # fmt: skip
MEDIAN, SIGMA = 300.0, 0.85
EVEN = np.linspace(0.001, 0.999, 999)


def law_of(median, sigma):
    """Return SciPy's Weibull with this median, and the ratio of quartiles of a lognormal, by root finding."""
    ratio = np.exp(2 * sigma * stats.norm.ppf(0.75))
    low, high = 0.05, 50.0
    for _ in range(200):
        shape = (low + high) / 2
        found = stats.weibull_min.ppf(0.75, shape) / stats.weibull_min.ppf(0.25, shape)
        low, high = (shape, high) if found > ratio else (low, shape)
    return stats.weibull_min(shape, scale=median / stats.weibull_min.ppf(0.5, shape))


@pytest.mark.parametrize("sigma", [0.3, 0.85, 1.4])
def test_the_weibull_is_scipys_with_the_median_and_the_ratio_of_quartiles_of_the_lognormal(sigma):
    law = law_of(MEDIAN, sigma)
    mine = np.array([weibull(u, MEDIAN, sigma) for u in EVEN])
    assert mine == pytest.approx(law.ppf(EVEN), rel=1e-9)
    quartiles = [weibull(u, MEDIAN, sigma) for u in (0.25, 0.5, 0.75)]
    others = [lognormal(u, MEDIAN, sigma) for u in (0.25, 0.5, 0.75)]
    assert quartiles[1] == pytest.approx(others[1])
    assert quartiles[2] / quartiles[0] == pytest.approx(others[2] / others[0])
    assert weibull(0.99, MEDIAN, sigma) < lognormal(0.99, MEDIAN, sigma)


def recurrence(**numbers):
    values = {"onset_median_days": MEDIAN, "onset_sigma": SIGMA, **numbers}
    return by_hand.world({f"recurrence.{name}": value for name, value in values.items()}).recurrence


def test_the_share_goes_from_one_law_to_the_other_on_the_log_scale():
    for u in (0.01, 0.3, 0.5, 0.97):
        first, last = lognormal(u, MEDIAN, SIGMA), weibull(u, MEDIAN, SIGMA)
        assert onset_days(u, recurrence()) == first  # to the bit
        assert onset_days(u, recurrence(onset_weibull_share=1.0)) == last
        between = onset_days(u, recurrence(onset_weibull_share=0.25))
        assert between == pytest.approx(first**0.75 * last**0.25)


def onsets(*words):
    """Return the days from resection to onset of deposits at the circumferential margin."""
    rows = lives(*MANY, *words, patients=6000, years=40.0)
    route = Route.CIRCUMFERENTIAL
    rows = rows[rows["survived"][:, route] > 0]
    assert len(rows) > 300
    return rows["onset_day"][:, route] - rows["operated_day"]


def test_times_to_detection_follow_the_law_that_is_set():
    world = world_of("tme_alone", MANY)[0]["recurrence"]
    law = law_of(float(world["onset_median_days"]), float(world["onset_sigma"]))
    days = onsets(WEIBULL)
    assert stats.kstest(days, law.cdf).pvalue > 0.01
    assert stats.kstest(onsets(), law.cdf).pvalue < 0.01
    assert np.quantile(days, 0.95) < np.quantile(onsets(), 0.95)


@pytest.mark.parametrize("share", [0.0, 1.0])
@pytest.mark.parametrize("exponent", [0.5, 1.0])
def test_what_follows_detection_is_as_slow_as_the_deposit_was(share, exponent):
    for u in (0.1, 0.5, 0.9):
        pending = {}
        for power in (0.0, exponent):
            there = by_hand.world(
                {
                    "recurrence.growth_pace_exponent": power,
                    "recurrence.onset_weibull_share": share,
                    "recurrence.dissemination_probability": 0.0,
                }
            )
            row, drawn = by_hand.patient(aggressiveness=1.3), by_hand.luck()
            drawn.seed_onset[Route.CIRCUMFERENTIAL] = u
            begin(row, drawn, there, Route.CIRCUMFERENTIAL, 1000.0)
            pending[power] = row.agenda - 1000.0
        world = there["recurrence"]
        median, sigma = float(world["onset_median_days"]), float(world["onset_sigma"])
        law = law_of(median, sigma) if share else stats.lognorm(sigma, scale=median)
        slower = (law.ppf(u) / median) ** exponent
        for event in (Event.RECURRENCE_SYMPTOMS, Event.RECURRENCE_PROGRESSION):
            assert pending[exponent][event] == pytest.approx(slower * pending[0.0][event], rel=1e-8)


def leads(*words):
    """Return onset and the time from onset to symptoms, of recurrences that no visit finds."""
    blind = (
        "detection.clinic_local_sensitivity=0", "detection.mri_local_sensitivity=0",
        "detection.ct_local_sensitivity=0",
    )  # fmt: skip
    rows = lives(*MANY, *blind, *words, patients=8000, years=60.0)
    rows = rows[np.isfinite(rows["recurrence_found_day"])]
    onset = rows["recurrence_onset_day"]
    return onset - rows["operated_day"], rows["recurrence_found_day"] - onset


def test_a_late_recurrence_grows_slowly_where_deposits_keep_their_rate_of_growth():
    assert abs(stats.spearmanr(*leads()).statistic) < 0.15
    assert stats.spearmanr(*leads(OWN)).statistic > 0.4


def test_the_clocks_agree_to_the_bit_under_other_laws():
    worlds = world_of("chemoradiotherapy+for_everyone", (*MANY, OWN, WEIBULL))
    mine, theirs = new_patients(0, 400), new_patients(0, 400)
    luck = draw_luck(0, 400, 1)
    simpy_clock.simulate_rows(mine, luck, worlds, 20 * YEAR_DAYS)
    compiled_clock.simulate_rows(theirs, luck, worlds, 20 * YEAR_DAYS)
    assert mine.tobytes() == theirs.tobytes()
    assert np.isfinite(mine["recurrence_onset_day"]).sum() > 20


def test_until_a_recurrence_is_found_nothing_else_changes():
    base, own = lives(patients=2000), lives(OWN, patients=2000)
    assert (base["onset_day"] == own["onset_day"]).all()
    assert (base["recurrence_found_day"] != own["recurrence_found_day"]).any()
    spared = ~np.isfinite(base["recurrence_onset_day"])
    assert spared.any()
    for name in base.dtype.names:
        assert np.array_equal(base[name][spared], own[name][spared]), name
