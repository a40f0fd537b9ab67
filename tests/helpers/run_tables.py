"""Tables of small runs, really lived, for the tests of pictures and printed tables."""

import functools

import pandas as pd

from conf.schema import compose_run
from experiments.compare import tables_of
from experiments.simulating.cohort import simulate

LONG_NAMES = (
    "tme_alone",
    "short_course_delayed+for_everyone+washout_always+leak_prevention",
    "chemoradiotherapy+lateral_before_7mm+lateral_both_sides+diverting_stoma_always+surgical_training",
    "total_neoadjuvant+for_high_risk+lateral_after_7mm+expert_centre+follow_up_intensive",
    "washout_never",
    "centralisation+postoperative_chemoradiotherapy+adjuvant_stage_iii",
    "chemoradiotherapy",
    "lateral_routine+diverting_stoma_never+follow_up_minimal",
)


@functools.cache
def run_tables(*overrides: str) -> dict[str, pd.DataFrame]:
    """Return the tables that ``lrrc compare`` with these overrides would write, by name."""
    run = compose_run(*overrides)
    return tables_of(run, simulate(run))


def default(patients: int = 1000) -> dict[str, pd.DataFrame]:
    """Return the tables of the default cohort under four policies, each averting more than the last."""
    policies = "tme_alone,short_course,chemoradiotherapy,chemoradiotherapy+lateral_after_5mm"
    return run_tables(f"patients={patients}", f"policies=[{policies}]")


def shipped(patients: int = 1000) -> dict[str, pd.DataFrame]:
    """Return the tables of the comparison that runs by default, with fewer patients."""
    return run_tables(f"patients={patients}")


def eight() -> dict[str, pd.DataFrame]:
    """Return the tables of eight policies, most with long names."""
    return run_tables("patients=300", f"policies=[{','.join(LONG_NAMES)}]")


def keeping(patients: int = 1000) -> dict[str, pd.DataFrame]:
    """Return the tables of a policy that keeps organs, beside the same without, and surgery alone."""
    policies = "total_neoadjuvant,total_neoadjuvant+organ_preservation,tme_alone"
    return run_tables(f"patients={patients}", f"policies=[{policies}]")


def tiny() -> dict[str, pd.DataFrame]:
    """Return the tables of thirty patients under one policy."""
    return run_tables("patients=30", "policies=[tme_alone]")


def nobody_recurs() -> dict[str, pd.DataFrame]:
    """Return the tables of five patients and two years, in which none recurs under either policy."""
    return run_tables("patients=5", "horizon_years=2", "policies=[tme_alone,chemoradiotherapy]")
