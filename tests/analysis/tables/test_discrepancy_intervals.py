"""Intervals that hold parameters and discrepancy, against the distributions that they are made of."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from scipy.stats import t as student

from analysis.tables.uncertainty import LABELS, uncertainty
from conf.discrepancy import CONTRAST, KINDS, Discrepancy

DISCREPANCY = Discrepancy({**dict.fromkeys(KINDS, 0.3), CONTRAST: 0.1}, 5.0)


def levels(shares, outcome="local_recurrence", unit="proportion"):
    """Return outcomes by member of policies: ``shares`` by policy, shape (members,)."""
    rows = [
        {"policy": policy, "outcome": outcome, "mechanism": "all", "compartment": "all", "group": "all",
         "horizon_years": 5.0, "n": 1000, "estimate": share, "ci_low": share, "ci_high": share, "unit": unit,
         "member": member}
        for policy, found in shares.items()
        for member, share in enumerate(found)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def differences(outcomes):
    """Return policy b less policy a, by member."""
    a, b = (outcomes[outcomes["policy"] == name].reset_index(drop=True) for name in "ab")
    return b.assign(comparator="a", estimate=b["estimate"] - a["estimate"])


def found(outcomes, compared=None, discrepancy=DISCREPANCY):
    """Return the table by policy and comparator."""
    compared = outcomes.assign(comparator="a").head(0) if compared is None else compared
    table = uncertainty(outcomes, compared, [], discrepancy)
    beside = [name if isinstance(name, str) else "" for name in table["comparator"]]
    return table.set_index([table["policy"], pd.Index(beside)])


def test_a_level_without_parameter_uncertainty_has_the_interval_of_the_discrepancy():
    row = found(levels({"a": np.full(400, 0.08)})).loc[("a", "")]
    half = 0.3 * student.ppf(0.975, 5.0)
    assert row["uncertainty_low"] == pytest.approx(expit(logit(0.08) - half), rel=0.02)
    assert row["uncertainty_high"] == pytest.approx(expit(logit(0.08) + half), rel=0.02)
    assert row["parameters_low"] == row["parameters_high"] == pytest.approx(0.08)


def test_parameters_and_discrepancy_add_up():
    rng = np.random.default_rng(0)
    normal = Discrepancy(DISCREPANCY.scales, 1e6)
    row = found(levels({"a": expit(-2.0 + 0.4 * rng.standard_normal(2000))}), discrepancy=normal).loc[
        ("a", "")
    ]
    assert logit(row["uncertainty_high"]) == pytest.approx(-2.0 + 1.96 * 0.5, abs=0.05)
    assert logit(row["parameters_high"]) == pytest.approx(-2.0 + 1.96 * 0.4, abs=0.05)


def test_a_policy_that_changes_nothing_is_known_to_change_nothing():
    same = levels({"a": np.full(50, 0.1), "b": np.full(50, 0.1)})
    row = found(same, differences(same)).loc[("b", "a")]
    assert row["uncertainty_low"] == row["uncertainty_high"] == 0


def test_what_policies_share_leaves_their_difference():
    both = levels({"a": np.full(200, 0.12), "b": np.full(200, 0.06)})
    table = found(both, differences(both))
    change = table.loc[("b", "a")]
    widths = [
        table.loc[(name, ""), "uncertainty_high"] - table.loc[(name, ""), "uncertainty_low"] for name in "ab"
    ]
    assert change["uncertainty_high"] - change["uncertainty_low"] < 0.8 * np.hypot(*widths)
    assert change["uncertainty_low"] < -0.06 < change["uncertainty_high"] < 0


def test_no_discrepancy_leaves_the_percentiles_of_the_members():
    rng = np.random.default_rng(1)
    none = Discrepancy(dict.fromkeys(KINDS, 0.0), 5.0)
    row = found(levels({"a": rng.uniform(0.05, 0.15, 300)}), discrepancy=none).loc[("a", "")]
    assert row["uncertainty_low"] == pytest.approx(row["parameters_low"], rel=0.01)
    assert row["uncertainty_high"] == pytest.approx(row["parameters_high"], rel=0.01)


def test_an_amount_has_the_interval_of_its_parameters():
    row = found(levels({"a": np.linspace(9, 11, 101)}, "life_years", "years")).loc[("a", "")]
    assert (row["uncertainty_low"], row["uncertainty_high"]) == pytest.approx((9.05, 10.95))


def test_a_share_of_none_stays_none():
    row = found(levels({"a": np.zeros(20)})).loc[("a", "")]
    assert row["uncertainty_low"] == row["uncertainty_high"] == 0


def test_the_labels_of_a_row_are_kept():
    table = uncertainty(
        levels({"a": np.full(5, 0.1)}), levels({"a": [0.1]}).head(0).assign(comparator="a"), [], DISCREPANCY
    )
    assert list(table.columns[: len(LABELS)]) == list(LABELS)
