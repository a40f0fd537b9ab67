"""What an experiment found, before anything is printed: for the command, and for ``import lrrc``."""

import importlib
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from conf.hydra_errors import input_error_of
from conf.request import FOREIGN, Request
from experiments.results.run_folder import Recorded, RunFolder, run_folder

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(kw_only=True)
class Result:
    """Tables by name, as the run's folder has them, and what the command prints.

    ``pictures``: functions that draw, by name; ``later`` returns them instead, where importing what draws
    would take longer than the run; ``patients``: returns a row for each patient and policy, where
    the experiment has them; ``folder``: None where none was written.
    """

    tables: "dict[str, pd.DataFrame]"
    summary: str
    patients_per_policy: int
    policies: list[str]
    seed: int
    pictures: "dict[str, Callable[[], Figure]]" = field(default_factory=dict)
    later: "Callable[[], dict[str, Callable[[], Figure]]] | None" = None
    patients: "Callable[[], pd.DataFrame] | None" = None
    warnings: list[str] = field(default_factory=list)
    folder: Path | None = None


def perform(experiment: str, asked: Request, **options: bool) -> Result:
    """Return what an experiment, by its name, finds; within ``composing``. ``options``: as its ``perform``.

    Raises InputError, also for what Hydra, OmegaConf or the YAML reader refuse only now.
    """
    module = importlib.import_module(f"experiments.{experiment}")
    try:
        result: Result = module.perform(asked, **options)
    except FOREIGN as error:
        raise input_error_of(error, experiment) from error
    return result


def folder_or_none(
    experiment: str, run: Recorded, asked: Request, keep: bool
) -> AbstractContextManager[RunFolder | None]:
    """Return the context of the run's folder, or of None where nothing is to be kept."""
    return run_folder(experiment, run, asked) if keep else nullcontext()


def report(result: Result) -> Path:
    """Print an experiment's warnings and summary; return its folder.

    Called last: a reader who leaves early must not cost the run its folder.
    """
    for warning in result.warnings:
        print(f"lrrc: warning: {warning}", file=sys.stderr)
    print(result.summary)
    assert result.folder is not None
    return result.folder
