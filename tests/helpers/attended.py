"""Small clinics, really lived, for the tests of their tables and pictures."""

import functools

import numpy as np
import pandas as pd

from conf.capacity import compose_capacity
from conf.run import Run
from conf.schema import compose_run
from experiments.capacity import ClinicComparison, compare_clinics
from experiments.simulating.cohort import worlds_of
from experiments.simulating.crowd import Attendance, attend

SMALL = ("patients=150", "horizon_years=2", "policies=[tme_alone,chemoradiotherapy+for_everyone]")


@functools.cache
def attended(*overrides: str, warm_up: int = 50) -> tuple[Run, np.ndarray, Attendance]:
    """Return a run of one policy, its world, and its cohort's time in the clinic."""
    run = compose_run(*overrides)
    (world,) = worlds_of(run).values()
    return run, world, attend(run, world, warm_up)


@functools.cache
def small() -> ClinicComparison:
    """Return what ``lrrc capacity`` finds for two policies in two clinics, of few patients."""
    return compare_clinics(compose_capacity(*SMALL))


def tables() -> dict[str, pd.DataFrame]:
    """Return its tables by name."""
    return small().tables
