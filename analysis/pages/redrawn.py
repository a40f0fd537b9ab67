"""The pictures of an analysis of many points, again from its folder: its tables and its configuration."""

from collections.abc import Callable
from typing import Any

from matplotlib.figure import Figure

from analysis.pages.report_economics import terms_of, thresholds_of
from analysis.pages.report_run import RunRead, mapping
from analysis.pictures.psa import psa_pictures
from analysis.pictures.sensitivity_catalogue import sensitivity_pictures
from analysis.words.economics import threshold_words
from conf.economics import middle_threshold


def pictures_of(run: RunRead) -> dict[str, Callable[[], Figure]]:
    """Return a function that draws it, by name, for each picture of a psa or a sensitivity analysis.

    Raises KeyError for a folder without what the pictures need.
    """
    if run.experiment == "psa":
        terms = terms_of(run)._replace(thresholds=tuple(thresholds_of(run)))
        return psa_pictures(run.tables, terms)
    return sensitivity_pictures(run.tables, _base_of_map(run), _threshold(run))


def _threshold(run: RunRead) -> str:
    """Return the threshold of net benefit, in words; empty without economics."""
    if not isinstance(run.config.get("economics"), dict):
        return ""
    terms, own = terms_of(run), run.config.get("threshold")
    amount = float(own) if own is not None else middle_threshold(terms.thresholds)
    return threshold_words(amount, terms.currency)


def _base_of_map(run: RunRead) -> tuple[float, float] | None:
    """Return the run's own values of the map's numbers; NaN for one that is no single number."""
    keys = [*mapping(run.config.get("map"))]
    if len(keys) != 2:
        return None
    return _value(run, keys[0]), _value(run, keys[1])


def _value(run: RunRead, key: str) -> float:
    found: Any = run.config
    for part in key.split("."):
        found = mapping(found).get(part)
    return float(found) if isinstance(found, float) else float("nan")
