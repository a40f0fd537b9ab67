"""Parameter recovery: of numbers that are known, how many does a calibration's 95 % posterior hold?

The model makes the published figures itself: numbers drawn from their priors are simulated with luck that the
calibration does not see, and counted in trials of a stated size.
"""

import contextlib
import io
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from analysis.tables.endpoints import simulated
from conf.composition import composing
from conf.schema import shipped, shipped_sections
from conf.trials import Trial, read_trial
from conf.uncertain import uncertain_numbers, with_values
from experiments.cli.command import main as lrrc
from experiments.simulating.emulate import successive_samples

FITTED = (
    "exfoliation.anastomotic_take_probability",
    "margin.circumferential_take_probability",
    "recurrence.onset_median_days",
    "surgery.leak_probability",
    "surgery.perforation_probability",
)
REPETITIONS = 40
SMALL = ("patients=3000", "ensemble=100", "steps=4")
TRUE_PATIENTS = 40_000
OTHER_LUCK = 1_000_000  # seeds from here on are not the calibration's
RECURRENCE = {"outcome": "local_recurrence", "horizon_years": 5}
# What is counted of how many; each speaks of one or two of the numbers.
FIGURES: dict[str, dict[str, Any]] = {
    "recurred_1": {**RECURRENCE, "horizon_years": 1, "n": 900},
    "recurred_2": {**RECURRENCE, "horizon_years": 2, "n": 900},
    "recurred_5": {**RECURRENCE, "n": 900},
    "threatened": {**RECURRENCE, "subgroup": "crm_involved", "n": 200},
    "margin": {**RECURRENCE, "where": 'mechanism == "margin"', "n": 900},
    "lumen": {**RECURRENCE, "where": 'mechanism == "exfoliation"', "n": 900},
    "centre": {**RECURRENCE, "where": "involves_central", "subgroup": "anastomosis", "n": 600},
    "early": {"outcome": "share", "subgroup": "recurred", "of": "recurrence_months <= 18", "n": 100},
    "leaked": {"outcome": "share", "subgroup": "anastomosis", "of": "leaked", "n": 600},
    "perforated": {"outcome": "share", "of": "perforated", "n": 900},
}


def synthetic_trial(repetition: int, folder: Path) -> tuple[Path, pd.Series]:
    """Write a trial whose figures the model made; return its file, and the true numbers by key."""
    rng = np.random.default_rng([repetition, len(FIGURES)])
    with composing():
        numbers = uncertain_numbers(FITTED)
        disease = {section: shipped(f"parameters/{section}") for section in shipped_sections()}
        truth = [
            number.value(normal)
            for number, normal in zip(numbers, rng.standard_normal(len(numbers)), strict=True)
        ]
        file, even = folder / "synthetic.yaml", dict.fromkeys(FIGURES, 0.5)
        trial = read_trial(str(_written(file, even)))
    shown = _shown(trial, with_values(disease, numbers, truth), OTHER_LUCK + repetition)
    counted = {
        name: float(rng.binomial(figure["n"], p) / figure["n"])
        for (name, figure), p in zip(FIGURES.items(), shown, strict=True)
    }
    return _written(file, counted), pd.Series(truth, [number.key for number in numbers])


def _shown(trial: Trial, disease: Any, seed: int) -> list[float]:
    sides = next(successive_samples(trial, disease, TRUE_PATIENTS, seed))
    return [simulated(endpoint, *both) for endpoint, both in zip(trial.endpoints, sides, strict=True)]


def _written(file: Path, published: dict[str, float]) -> Path:
    endpoints = [
        {"evidence": name, "arm": "alone", "published": published[name], **figure}
        for name, figure in FIGURES.items()
    ]
    trial = {
        "title": "Figures that the model made",
        "set": "calibration",
        "cohort": {"base": "dutch_contemporary"},
        "arms": {"alone": "tme_alone"},
        "follow_up_years": 6,
        "time_from": "surgery",
        "endpoints": endpoints,
    }
    file.write_text(yaml.safe_dump(trial, sort_keys=False), "utf-8")
    return file


def recovered(repetition: int, *settings: str) -> pd.DataFrame:
    """Calibrate to one synthetic trial; return ``parameters.csv``, the ``truth``, and if it is ``within``."""
    with tempfile.TemporaryDirectory() as folder:
        file, truth = synthetic_trial(repetition, Path(folder))
        out = Path(folder) / "out"
        words = [
            "calibrate",
            f"trial={file}",
            f"fitted=[{','.join(FITTED)}]",
            "search_evaluations=0",
            *settings,
        ]
        with contextlib.redirect_stdout(io.StringIO()):
            status = lrrc([*words, f"seed={repetition}", f"out={out}"])
        if status != 0:
            raise RuntimeError(f"lrrc calibrate ended with {status}")
        found = pd.read_csv(out / "parameters.csv")
    found["truth"] = found["key"].map(truth)
    found["within"] = found["truth"].between(found["posterior_low"], found["posterior_high"])
    return found.assign(repetition=repetition)


def recovery(repetitions: int, *settings: str) -> pd.DataFrame:
    """Return ``recovered`` of several repetitions, a line a number and repetition."""
    return pd.concat([recovered(k, *settings) for k in range(repetitions)], ignore_index=True)
