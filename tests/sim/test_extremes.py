"""Whatever the configuration accepts, patients can be simulated with: no number that is none, and an end."""

import dataclasses
import math

import numpy as np
import pytest

from conf import units
from conf.input_error import InputError
from conf.run import world_trees
from conf.schema import checked, compose_run
from sim.clocks.compiled_clock import simulate_rows
from sim.distributions import with_odds
from sim.luck import draw_luck
from sim.parameters import pack
from sim.pathway.mortality import years_to_live
from sim.patient import YEAR_DAYS, new_patients

PATIENTS = 200


@pytest.fixture(scope="module")
def run():
    return compose_run("policies=[chemoradiotherapy+lateral_after_5mm]")


@pytest.fixture(scope="module")
def luck():
    return draw_luck(0, PATIENTS, 1)


def extremes(allowed):
    """Yield the least and the greatest number of a range, and a very small one."""
    yield allowed.low if allowed.low_allowed else 1e-300
    yield allowed.high
    if allowed.holds(1e-300):
        yield 1e-300


def test_every_number_at_its_extremes_makes_lives(run, luck):
    simulated = 0
    for section, tree in {"cohort": run.cohort, **run.parameters}.items():
        for name, value in tree.items():
            for extreme in extremes(units.range_of(name)):
                wanted = [extreme] * len(value) if isinstance(value, list) else extreme
                try:
                    changed = checked(section, {**tree, name: wanted}, tree)
                    if section == "cohort":
                        other = dataclasses.replace(run, cohort=changed)
                    else:
                        other = dataclasses.replace(run, parameters={**run.parameters, section: changed})
                except InputError:  # a relation between numbers
                    continue
                rows = new_patients(0, PATIENTS)
                simulate_rows(rows, luck, pack(*world_trees(other, other.policies[0])), 10 * YEAR_DAYS)
                for field in rows.dtype.names:
                    if rows[field].dtype.kind == "f":
                        assert not np.isnan(rows[field]).any(), f"{section}.{name}={extreme}: {field}"
                simulated += 1
    assert simulated > 500


@pytest.mark.parametrize(
    ("hazards", "hazard"),
    [
        ([1e-300, 1e-300], 1.0),  # nobody ever dies
        ([0.02, 1e-9], 5.0),  # the hazard dies out
        ([0.02, 0.04], 1e300),
        ([0.02, 0.04], math.inf),
        ([0.02, 0.04], math.nan),
    ],
)
def test_a_hazard_that_is_never_used_up_means_no_death(hazards, hazard):
    assert years_to_live(np.array(hazards), 50.0, 68.0, hazard) == math.inf


def test_a_death_that_is_all_but_certain_comes_at_once():
    assert years_to_live(np.array([0.02, 1e300]), 50.0, 68.0, 3.0) == 0.0


def test_an_age_that_is_no_sum_of_fives_ends():
    assert years_to_live(np.array([0.1, 0.1, 0.1]), 0.1, 0.1 + 5.0, 0.2) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("probability", "ratio", "result"),
    [(0.0, math.inf, 0.0), (1.0, 0.0, 1.0), (0.3, math.inf, 1.0), (1e-300, 1e308, 1.0), (0.3, 0.0, 0.0)],
)
def test_odds_without_bound_are_certainty_and_what_never_happens_stays(probability, ratio, result):
    assert with_odds(probability, ratio) == pytest.approx(result, abs=1e-7)


def test_a_response_that_is_certain_comes_to_everyone_who_is_irradiated(simulated):
    always = "neoadjuvant.complete_response_probability=[0,1,1,1,1,1]"
    rows = simulated(always, policy="chemoradiotherapy+for_everyone", patients=300)
    assert rows["irradiated"].sum() > 250
    assert (rows["complete_response"] == rows["irradiated"]).all()
