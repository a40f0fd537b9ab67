"""What a cohort says of its hospitals is what results: planes, perforation, morbidity."""

import numpy as np
import pytest
from scipy import optimize

from conf.derived import abdominal_share, perineal_share
from conf.schema import compose_run
from sim.patient import Harm, Operation

PATIENTS = 6000
PLANES = {
    "dutch_tme": ("cohort=dutch_tme",),
    "low_tumours": (
        "cohort.height_shares=[0.7,0.2,0.1]",
        "cohort.apr_up_to_cm=6.5",
        "cohort.plane_shares=[0.4,0.25,0.35]",
        "cohort.ct_shares=[0.05,0.15,0.3,0.2,0.25,0.05]",
        "surgery.apr_plane_odds_ratio=0.2",
    ),
    "apr_is_better": ("cohort.plane_shares=[0.8,0.2,0]", "surgery.apr_plane_odds_ratio=3"),
}


def elective(rows):
    return rows[np.isfinite(rows["operated_day"]) & ~rows["emergency"]]


@pytest.mark.parametrize("words", PLANES.values(), ids=PLANES)
def test_the_plane_shares_given_are_those_of_all_elective_resections(simulated, words):
    cohort = compose_run(*words).cohort
    # Nobody's height is changed by who reaches the operation: all are operated, on the day that is planned.
    rows = elective(simulated(*words, patients=PATIENTS))
    for plane, share in enumerate(cohort["plane_shares"]):
        error = np.sqrt(share * (1 - share) / len(rows))
        assert np.mean(rows["plane"] == plane) == pytest.approx(share, abs=4 * error + 1e-9)
    perineal = rows["operation"] == Operation.ABDOMINOPERINEAL_RESECTION
    assert perineal.mean() == pytest.approx(perineal_share(cohort), abs=0.025)
    better, others = (np.mean(rows["plane"][which] == 0) for which in (perineal, ~perineal))
    assert (better > others) == (compose_run(*words).parameters["surgery"]["apr_plane_odds_ratio"] > 1)


@pytest.mark.parametrize("odds_ratio", [1e-6, 0.2, 0.5, 1.0, 3.0, 1e6])
@pytest.mark.parametrize("perineal", [0.0, 0.25, 0.6, 1.0])
@pytest.mark.parametrize("share", [0.01, 0.57, 0.99])
def test_the_share_without_perineal_phase_is_the_root_that_a_search_finds(share, perineal, odds_ratio):
    def mixed(p):
        return (1 - perineal) * p + perineal * p * odds_ratio / (1 - p + p * odds_ratio)

    found = abdominal_share(share, perineal, odds_ratio)
    assert 0 <= found <= 1
    expected = optimize.brentq(lambda p: mixed(p) - share, 0, 1, xtol=1e-15)
    assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_none_or_all_stay_none_or_all(share):
    assert abdominal_share(share, 0.3, 0.5) == share


@pytest.mark.parametrize("limit", [0.0, 3.0, 7.9, 8.0, 9.5, 15.0])
def test_the_expected_share_of_abdominoperineal_resections_is_that_of_many_heights(limit):
    cohort = compose_run().cohort | {"apr_up_to_cm": limit, "ct_shares": [0.1, 0.1, 0.1, 0.1, 0.5, 0.1]}
    number = np.random.default_rng(1)
    band = number.choice(3, 400_000, p=cohort["height_shares"])
    u = number.random(len(band))
    bounds = np.array(cohort["height_bounds_cm"])
    height = bounds[band] + u * (bounds[band + 1] - bounds[band])
    t4a = number.random(len(band)) < 0.5
    moved = t4a & (height < cohort["reflection_cm"])
    height[moved] = cohort["reflection_cm"] + u[moved] * (bounds[-1] - cohort["reflection_cm"])
    expected = cohort["apr_share"] * np.mean(height <= limit)
    assert perineal_share(cohort) == pytest.approx(expected, abs=0.003)


def odds(share):
    return share / (1 - share)


def test_a_cohorts_perforation_has_the_odds_that_it_says(simulated):
    words = ("surgery.apr_perforation_odds_ratio=1", "surgery.old_perforation_odds_ratio=1")
    usual = elective(simulated(*words, patients=PATIENTS))["perforated"]
    more = elective(simulated(*words, "cohort.perforation_odds_ratio=3", patients=PATIENTS))["perforated"]
    assert (more >= usual).all()  # the same luck
    expected = odds(compose_run().parameters["surgery"]["perforation_probability"])
    for rows, ratio in ((usual, 1), (more, 3)):
        share = ratio * expected / (1 + ratio * expected)
        assert rows.mean() == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / len(rows)))


def test_a_cohorts_severe_morbidity_has_the_odds_that_it_says(simulated):
    words = ("surgery.leak_probability=0", "harm.morbidity_unfit_odds_ratio=1")
    expected = odds(compose_run().parameters["harm"]["morbidity_probability"])
    for ratio in (1, 3):
        rows = elective(simulated(*words, f"cohort.morbidity_odds_ratio={ratio}", patients=PATIENTS))
        share = ratio * expected / (1 + ratio * expected)
        found = np.isfinite(rows["harm_from_day"][:, Harm.SEVERE_MORBIDITY]).mean()
        assert found == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / len(rows)))
