"""How far studies lie from what the model predicts, beyond parameters and sampling, by kind of outcome.

``lrrc calibrate`` estimates it and writes such a file; the shipped one is ``conf/discrepancy.csv``.
"""

import csv
import math
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from conf.input_error import InputError

NAME = "discrepancy.csv"
SHIPPED = Path(__file__).parent / NAME
LEFT_OUT = SHIPPED.with_name("left_out.csv")
CONTRAST = "contrast"
OTHER = "other"
SHARE = "share"
KINDS = {
    CONTRAST: "ratios, and differences between arms or groups",
    "after recurrence": "what becomes of recurrences, and of those whose recurrence is resected",
    "local recurrence": "local recurrence and regrowth",
    "metastasis": "metastases, and any recurrence",
    "survival": "survival since diagnosis or surgery",
    SHARE: "shares of patients: pathology, response, nodes, complications, use of treatment",
    OTHER: "medians, means, risk differences, and shares of none or all; in published standard errors",
}
_KIND_OF = {
    **dict.fromkeys(("local_recurrence", "local_failure", "regrowth"), "local recurrence"),
    **dict.fromkeys(("distant_metastasis", "any_recurrence"), "metastasis"),
    **dict.fromkeys(
        ("overall_survival", "disease_free_survival", "cancer_specific_survival", "tme_free_survival",
         "cancer_death", "cancer_death_without_recurrence", "other_death_without_recurrence",
         "median_survival", "restricted_mean"),
        "survival",
    ),
    **dict.fromkeys(
        ("survival_after_recurrence", "survival_after_salvage", "rerecurrence", "r0", "r1", "r2",
         "curative_intent", "salvage_resection", "salvage_complication", "death_after_recurrence",
         "alive_after_recurrence"),
        "after recurrence",
    ),
}  # fmt: skip


class Discrepancy(NamedTuple):
    """What studies differ by: the scale of Student's t by kind, and its degrees of freedom.

    The scale is in log odds of proportions, in logs of ratios, in published standard errors of ``other``.
    """

    scales: dict[str, float]
    degrees: float

    def of(self, kinds: Iterable[str]) -> np.ndarray:
        """Return the scale of each of these kinds."""
        return np.array([self.scales[one] for one in kinds])


def kind_of_outcome(outcome: str) -> str:
    """Return the kind of a proportion of patients; most are shares."""
    return _KIND_OF.get(outcome, SHARE)


def read_discrepancy(beside: Path | None = None) -> Discrepancy:
    """Return the discrepancy in the folder of a posterior file, or where there is none the shipped one.

    ``beside``: the posterior file. Raises InputError for a file that is damaged.
    """
    path = SHIPPED if beside is None else beside.with_name(NAME)
    if not path.is_file():
        path = SHIPPED
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            lines = [*csv.DictReader(file)]
        scales = {line["kind"]: float(line["scale"]) for line in lines}
        degrees = {float(line["degrees"]) for line in lines}
    except (OSError, UnicodeDecodeError, csv.Error, KeyError, ValueError, TypeError) as error:
        raise InputError(f"{path.name}: is damaged; a complete calibration writes it again") from error
    sound = scales.keys() == KINDS.keys() and all(0 <= x < math.inf for x in scales.values())
    if not sound or len(degrees) != 1 or not min(degrees) > 0:
        raise InputError(f"{path.name}: must hold a scale of 0 or more for each of {', '.join(KINDS)}")
    return Discrepancy(scales, min(degrees))


def left_out_scales() -> dict[tuple[str, str], float]:
    """Return the scale of each kind as estimated without a trial, by the trial's name and the kind.

    Read from ``conf/left_out.csv``, which holds the trials that were fitted.
    """
    with LEFT_OUT.open(newline="", encoding="utf-8") as file:
        return {(line["trial"], line["kind"]): float(line["discrepancy"]) for line in csv.DictReader(file)}
