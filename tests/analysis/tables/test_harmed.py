"""``harmed.csv`` is the mirror of ``averted.csv``: who has a harm under one policy alone."""

import numpy as np
import pandas as pd
import pytest
from helpers.run_tables import run_tables

from conf.schema import compose_run
from experiments.simulating.cohort import simulate
from sim.counting.outcomes import HARMS, LASTING
from sim.patient import YEAR_DAYS, Harm

PAIR = ("tme_alone", "chemoradiotherapy+lateral_routine+for_everyone")
SMALL = ("patients=800", f"policies=[{','.join(PAIR)}]")


def test_harmed_is_counted_patient_by_patient_and_net_is_the_difference():
    table = run_tables(*SMALL)["harmed"].set_index(["harm", "horizon_years"])
    blocks_of = simulate(compose_run(*SMALL, "rows=true")).rows
    rows = {name: np.concatenate(blocks) for name, blocks in blocks_of.items()}
    for harm in Harm:
        for years in (1.0, 5.0):
            has = {}
            for name, these in rows.items():
                end = these["diagnosed_day"] + years * YEAR_DAYS
                first, until = these["harm_from_day"][:, harm], these["harm_until_day"][:, harm]
                begun = (first <= end) & (first <= these["death_day"])
                lives = (these["death_day"] > end) & (until > end)
                has[name] = begun & lives if harm in LASTING else begun
            row = table.loc[(harm.name.lower(), years)]
            before, after = (has[name] for name in PAIR)
            assert row["harmed"] == pytest.approx(1000 * np.mean(after & ~before))
            assert row["spared"] == pytest.approx(1000 * np.mean(before & ~after))
            assert row["net"] == pytest.approx(row["harmed"] - row["spared"])


def test_who_is_harmed_is_who_is_spared_with_the_policies_exchanged():
    one = run_tables(*SMALL)["harmed"]
    other = run_tables(*SMALL, f"comparator={PAIR[1]}")["harmed"]
    pd.testing.assert_series_equal(one["harmed"], other["spared"], check_names=False)
    pd.testing.assert_series_equal(one["net"], -other["net"], check_names=False)


def test_every_harm_has_its_rows_and_one_policy_has_none():
    table = run_tables(*SMALL)["harmed"]
    assert list(table["harm"].unique()) == list(HARMS)
    assert run_tables("patients=30", "policies=[tme_alone]")["harmed"].empty


def test_an_interval_holds_its_estimate():
    table = run_tables(*SMALL)["harmed"]
    for name in ("harmed", "spared", "net"):
        assert (table[f"{name}_low"] <= table[name] + 1e-9).all()
        assert (table[name] <= table[f"{name}_high"] + 1e-9).all()
