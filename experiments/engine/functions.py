"""The compiled functions that a browser calls, and samples of what they are called with.

They are the functions that the compiled clock calls; nothing of the model is written here.
"""

import inspect
from collections.abc import Iterator
from typing import Any, NamedTuple

import numba
import numpy as np
from numba.extending import register_jitable

from conf.derived import abdominal_share, perineal_share, within
from sim.clinic.followed import be_served, wait
from sim.clinic.needs import clinic_record
from sim.clinic.warm_up import new_series, settled_patients
from sim.clocks.compiled_clock import Clinic, _enter, _simulate_chunk, _simulate_until
from sim.counting import batches
from sim.counting.estimates import (
    STATES,
    write_changes,
    write_group_means,
    write_means,
    write_needed,
    write_share_differences,
    write_shares,
    write_survival_differences,
    write_survivals,
)
from sim.counting.outcomes import write_each_state
from sim.counting.tally import Counter, count_rows
from sim.luck import draw_luck, fill_rows
from sim.pathway.journey import react
from sim.patient import new_patients

# Plain Python in the command, where they are called once a run; called by compiled code they are compiled.
for plain in (within, abdominal_share, perineal_share):
    register_jitable(plain)
IN_PLACE: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False}


class Function(NamedTuple):
    """A compiled function, by the name that a browser calls it by, and a sample of its arguments."""

    name: str
    compiled: Any  # Numba's dispatcher
    sample: tuple[Any, ...]

    def arguments(self) -> dict[str, Any]:
        """Return what it is called with, in this order, by name; tuples of arrays are taken apart."""
        return {
            name: value
            for argument, given in zip(inspect.signature(self.compiled).parameters, self.sample, strict=True)
            for name, value in _parts(argument, given)
        }


def _parts(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, tuple):
        for field, part in value._asdict().items():  # type: ignore[attr-defined]
            yield from _parts(f"{name}.{field}", part)
    else:
        yield name, value


def derive(worlds: np.ndarray) -> None:
    """Renew what follows from the cohort and the disease, as ``conf.derived.derived``."""
    for world in worlds:
        cohort = world.cohort
        world.derived.abdominal_mesorectal_share = abdominal_share(
            cohort.plane_shares[0], perineal_share(cohort), world.surgery.apr_plane_odds_ratio
        )


def functions(
    worlds: np.ndarray, clinic: dict[str, Any], horizons_years: tuple[float, ...]
) -> list[Function]:
    """Return what a browser calls: draw luck, simulate, count; follow one patient; simulate in a clinic, and
    see when it has settled; estimate.

    Only the types of the samples matter; any policy's packed worlds and any clinic have the same.
    """
    blank, rows, luck = new_patients(0, 1), new_patients(0, 1), draw_luck(0, 1, 0)
    counter = Counter(worlds, horizons_years, horizons_years[-1])
    own, scratch = counter.measures(1), counter.new_scratch(1)
    there = Clinic(rows, luck, worlds, clinic, counter.end_days)
    plain, keys = np.empty((1, 1)), np.empty((1, 1), np.uint64)
    return [
        Function("derive", numba.njit(**IN_PLACE)(derive), (worlds,)),
        Function("fill", fill_rows, (plain, 0, keys, 0)),
        Function("simulate", _simulate_chunk, (0, blank, rows, luck, worlds, counter.end_days)),
        # One event of a patient's course: which comes next.
        Function("react", react, (rows, luck, worlds, 0, 0, counter.end_days)),
        Function(
            "count",
            count_rows,
            (rows, worlds, own, own, 0, counter.horizon_days, counter.end_days, counter.parts, 0, scratch),
        ),
        # The states of each patient in each outcome, of what was counted.
        Function("each_state", write_each_state, (own.states, 0, np.empty((1, 1), np.uint8))),
        Function("enter", _enter, (0, blank, rows)),
        Function(
            "simulate_until",
            _simulate_until,
            (
                0.0,
                0,
                0,
                rows,
                luck,
                worlds,
                clinic_record(clinic),
                there._calendar,
                there.queues,
                there._log,
                there._turns,
                there.horizon_days,
            ),
        ),
        Function("wait", wait, (rows, luck, worlds, 0, 0, 0.0, counter.end_days)),
        Function("be_served", be_served, (rows, 0, 0, 0.0, 0.0, counter.end_days)),
        Function("settled", settled_patients, (rows, there._log, plain[0], new_series(1, 0.0))),
        *_of_estimates(),
    ]


def _of_estimates() -> list[Function]:
    """Return what writes estimates with their intervals, of many outcomes or days at once."""
    scratch, some, found = batches.new_scratch(1, 1), np.empty(1), np.empty((1, 1))
    outcomes, groups = np.empty((1, 1, STATES)), np.empty((1, 1))
    return [
        Function("shares", write_shares, (outcomes, 0, scratch, found)),
        Function("means", write_means, (outcomes, some, 0, scratch, found)),
        Function("group_means", write_group_means, (outcomes, some, 0, scratch, found)),
        Function("share_differences", write_share_differences, (outcomes, 0, scratch, found)),
        Function("changes", write_changes, (outcomes, 0, 0, outcomes)),
        Function("needed", write_needed, (outcomes, groups, 0, outcomes)),
        Function("survivals", write_survivals, (groups, some, 0, scratch, found)),
        Function(
            "survival_differences",
            write_survival_differences,
            (groups, groups, some, 0, scratch, scratch, found),
        ),
    ]
