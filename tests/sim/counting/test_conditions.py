"""One language of conditions: ``find=`` of a patient and the subgroups of a trial read the same columns."""

import numpy as np
import pytest

from conf.condition import read_condition
from conf.input_error import InputError
from experiments.patient_conditions import FLAGS, PatientCondition
from experiments.simulating.reading import Reading
from sim.counting.columns import COLUMNS, READABLE
from sim.patient import ROW

SAME = (
    "operation == apr and crm_mm <= 1",
    "operation == abdominoperineal_resection and crm_mm <= 1",
    "mechanism == exfoliation and recurrence_months < 24",
    "recurred and not salvaged",
    "lateral_mm_0 >= 7 or short_axis_mm >= 7",
    "recurrence_route == perianastomotic",
    "metastasis_found_day < never and 2 * age_years - 60 > 80",
    "ct in (t4a, t4b)",
    "diverting_stoma and leaked",
)


@pytest.fixture(scope="module")
def rows(simulated):
    return simulated(patients=3000)


@pytest.mark.parametrize("text", SAME)
def test_a_condition_holds_for_the_same_patients_of_a_trial_and_of_a_story(rows, text):
    of_trial = Reading(rows).holds(read_condition("subgroup", text))
    of_story = PatientCondition(text).fits({"tme_alone": rows}, "tme_alone", 10.0)
    assert np.array_equal(of_trial, of_story)
    assert 0 < of_trial.sum() < len(rows)


def test_short_and_full_names_of_an_operation_are_one(rows):
    reading = Reading(rows)
    short, full = (
        reading.holds(read_condition("of", f"operation == {word}"))
        for word in ("lar", "low_anterior_resection")
    )
    assert np.array_equal(short, full)


def test_every_field_of_a_row_can_be_named(rows):
    elements = {
        f"{name}_{k}" if ROW[name].shape else name
        for name in ROW.names
        for k in range((ROW[name].shape or (1,))[0])
    }
    assert elements | COLUMNS.keys() == READABLE.keys()
    for name, column in READABLE.items():
        assert np.asarray(column.of(rows)).shape == (len(rows),), name


def test_words_of_policies_are_of_a_story_alone():
    PatientCondition("averted and margin")
    for word in FLAGS[:2]:
        with pytest.raises(InputError, match=f"subgroup={word}: {word} is not a column"):
            read_condition("subgroup", word)
