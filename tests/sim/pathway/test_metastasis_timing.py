"""Metastases of the primary are booked at diagnosis or never; nothing later lets them begin earlier."""

import numpy as np
import pytest

from conf.run import world_trees
from conf.schema import compose_run
from sim.agenda import next_event
from sim.events import END, Event
from sim.luck import draw_luck
from sim.parameters import pack
from sim.pathway.journey import happen
from sim.patient import YEAR_DAYS, new_patients

PATIENTS = 600


@pytest.mark.parametrize("odds_ratio", [0.3, 1.0, 5.0])
def test_no_event_comes_before_the_one_that_booked_it_whatever_systemic_treatment_does(odds_ratio):
    run = compose_run(
        "policies=[tme_alone]",
        "cohort.adjuvant_probability=[1,1,1,1]",
        f"postoperative.adjuvant_metastasis_odds_ratio={odds_ratio}",
        "recurrence.dissemination_probability=1",
        "recurrence.dissemination_median_days=5000",
        "salvage.curative_probability=1",
        "salvage.abandoned_probability=0",
        "mesorectum.left_probability=[0.9,0.9,0.9]",
    )
    world = pack(*world_trees(run, run.policies[0]))
    luck = draw_luck(0, PATIENTS, 1)
    rows = new_patients(0, PATIENTS)
    salvaged = 0
    for i in range(PATIENTS):
        event, now = int(Event.DIAGNOSIS), 0.0
        while event != END:
            due = float(rows[i].agenda[event])
            assert due >= now, (i, Event(event).name)
            now = due
            event = int(happen(rows[i], luck[i], world, event, 20 * YEAR_DAYS))
        assert next_event(rows[i], 20 * YEAR_DAYS) == END
        salvaged += bool(rows[i].salvage_day < np.inf)
    assert salvaged > 20  # the recurrences whose dissemination a resection stops
