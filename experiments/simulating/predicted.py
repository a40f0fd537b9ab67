"""Predictive intervals of a trial's endpoints: members of the posterior sample simulated on the trial."""

from typing import TYPE_CHECKING

import numpy as np

from conf.discrepancy import left_out_scales
from conf.posterior import Sample
from experiments.simulating.emulate import emulate
from sim.luck import draw_luck

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analysis.tables.validation import EndpointComparison, Predictive
    from conf.run import Tree
    from conf.trials import Trial

MEMBERS = 16
PART = 10  # of the patients of an arm, that a member is simulated with


def predictive(
    trial: "Trial",
    endpoints: "list[EndpointComparison]",
    parameters: "Mapping[str, Tree]",
    sample: Sample,
    patients: int,
    seed: int,
) -> "Predictive":
    """Return what a trial's predictive intervals are made of.

    All members have the same luck, so that they differ by their numbers. The discrepancy is that of the
    endpoint's kind; of a trial that was fitted, estimated without it.
    """
    from analysis.fitting.discrepancy import kind
    from analysis.tables.endpoints import scale_of, simulated
    from analysis.tables.validation import Predictive

    each = max(patients // PART, 1)
    luck = draw_luck(0, each, seed)
    scales = [scale_of(one.endpoint, one.low, one.high) for one in endpoints]
    shown = []
    for member in sample.members:
        sides = emulate(trial, sample.disease(parameters, member), 0, each, luck)
        shown.append(
            [
                scale.of(simulated(one.endpoint, *both))
                for one, scale, both in zip(endpoints, scales, sides, strict=True)
            ]
        )
    known = left_out_scales()
    kinds = [kind(one.endpoint, scale.name) for one, scale in zip(endpoints, scales, strict=True)]
    discrepancy = [known.get((trial.name, name), sample.discrepancy.scales[name]) for name in kinds]
    found = np.array(shown)
    counted = np.isfinite(found).sum(axis=0) > 1
    spread = np.zeros(len(endpoints))
    spread[counted] = np.nanstd(found[:, counted], axis=0, ddof=1)
    return Predictive(spread, np.array(discrepancy), sample.discrepancy.degrees)
