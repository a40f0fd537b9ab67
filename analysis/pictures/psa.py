"""All pictures of a probabilistic sensitivity analysis, from its tables alone."""

from collections.abc import Callable, Mapping
from functools import partial

import pandas as pd
from matplotlib.figure import Figure

from analysis.pictures.cost_effectiveness import acceptability_curves, expected_loss, plane
from analysis.pictures.information import information_bars, study_sizes
from analysis.pictures.variance_split import variance_bars
from analysis.words.economics import Terms, currency_sign
from analysis.words.wording import policy_words

BENEFIT = "net_benefit"


def psa_pictures(tables: Mapping[str, pd.DataFrame], terms: Terms) -> dict[str, Callable[[], Figure]]:
    """Return a function that draws it, by name, for each picture of an analysis."""
    sign, threshold = currency_sign(terms.currency), terms.threshold
    drawn: dict[str, Callable[[], Figure]] = {
        "cost_effectiveness_plane": partial(plane, tables["plane"], terms.thresholds, sign),
        "acceptability": partial(acceptability_curves, tables["acceptability"], sign),
        "expected_loss": partial(expected_loss, tables["acceptability"], sign),
    }
    if "evppi" in tables:
        drawn["value_of_information"] = partial(
            information_bars, tables["evpi"], tables["evppi"], threshold, sign
        )
    if "evsi" in tables:
        drawn["value_of_a_study"] = partial(study_sizes, tables["evsi"], "the study", sign)
    if "variance" in tables:
        split = tables["variance"]
        for policy in dict.fromkeys(split.loc[split["comparator"].notna(), "policy"]):
            of = split[(split["policy"] == policy) & split["comparator"].notna()]
            drawn[f"variance_{policy.replace('+', '_')}"] = partial(variance_bars, of, policy_words)
    return drawn
