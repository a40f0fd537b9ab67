"""Outcomes against independent estimators: statsmodels, row-by-row arithmetic, and resampling."""

import numpy as np
import pandas as pd
import pytest
from helpers.counting import binary_outcomes, tally, tally_pair
from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight
from statsmodels.stats.proportion import proportion_confint

from analysis.tables import estimates
from analysis.tables import run as tables
from sim.counting.estimates import product_limit
from sim.counting.outcomes import ABSENT, FOLDS, Key
from sim.counting.tally import PairTally, Tally
from sim.patient import YEAR_DAYS, Cause, Compartment, Margin, Mechanism

HORIZONS = (1.0, 2.0, 3.0, 5.0, 10.0)
YEARS = 10.0


@pytest.fixture(scope="module")
def alone(lives):
    return lives("cohort=dutch_tme", patients=6000)


@pytest.fixture(scope="module")
def irradiated(lives):
    return lives("cohort=dutch_tme", policy="short_course+for_everyone", patients=6000)


@pytest.fixture(scope="module")
def counts(alone):
    return tally(alone, HORIZONS, YEARS)


def at(times: np.ndarray, values: np.ndarray, day: float) -> float:
    """The step function's value at a day, 0 before its first step."""
    k = np.searchsorted(times, day, side="right") - 1
    return float(values[k]) if k >= 0 else 0.0


def competing(rows: np.ndarray, event: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Time and status of an event (1) with death (2) competing, censored (0) at the horizon."""
    event_day = np.where(event, rows["recurrence_found_day"], np.inf)
    end = YEARS * YEAR_DAYS
    time = np.minimum(np.minimum(event_day, rows["death_day"]), end)
    status = np.where(event_day <= time, 1, np.where(rows["death_day"] <= time, 2, 0))
    return time, status


@pytest.mark.parametrize("mechanism", ["all", *(m.name.lower() for m in Mechanism)])
def test_incidence_of_local_recurrence_is_aalen_johansen_with_death_competing(alone, counts, mechanism):
    mechanism_of_route = np.array([0, 0, 1, 2, 2, 3, 3, 4])[alone["recurrence_route"]]
    own = np.isfinite(alone["recurrence_found_day"])
    if mechanism != "all":
        own &= mechanism_of_route == Mechanism[mechanism.upper()]
    oracle = CumIncidenceRight(*competing(alone, own))
    for years in HORIZONS:
        mine = estimates.share(
            counts.binary[Key("local_recurrence", mechanism=mechanism, horizon_years=years)]
        )
        assert mine.estimate == pytest.approx(at(oracle.times, oracle.cinc[0], years * YEAR_DAYS), abs=1e-12)


@pytest.mark.parametrize("place", list(Compartment))
def test_incidence_by_compartment_is_aalen_johansen(alone, counts, place):
    own = np.isfinite(alone["recurrence_found_day"]) & (alone["recurrence_compartment"] == place)
    if own.any():
        oracle = CumIncidenceRight(*competing(alone, own))
        key = Key("local_recurrence", compartment=place.name.lower(), horizon_years=5.0)
        mine = estimates.share(counts.binary[key]).estimate
        assert mine == pytest.approx(at(oracle.times, oracle.cinc[0], 5 * YEAR_DAYS), abs=1e-12)


def test_mechanisms_and_compartments_each_add_up_to_all_recurrences(counts):
    for years in HORIZONS:
        every = counts.binary[Key("local_recurrence", horizon_years=years)][2]
        by_mechanism = [
            counts.binary[Key("local_recurrence", mechanism=m.name.lower(), horizon_years=years)][2]
            for m in Mechanism
        ]
        by_compartment = [
            counts.binary[Key("local_recurrence", compartment=c.name.lower(), horizon_years=years)][2]
            for c in Compartment
        ]
        assert sum(by_mechanism) == every == sum(by_compartment)


@pytest.mark.parametrize("group", ["all", "stage_3", "crm_involved", "low"])
def test_overall_survival_is_kaplan_meier(alone, counts, group):
    states = binary_outcomes(alone, HORIZONS)[Key("overall_survival", group=group, horizon_years=1.0)]
    among = states != ABSENT
    end = YEARS * YEAR_DAYS
    time, died = np.minimum(alone["death_day"], end)[among], (alone["death_day"] <= end)[among]
    oracle = SurvfuncRight(time, died.astype(int))
    for years in HORIZONS[:-1]:
        mine = estimates.share(
            counts.binary[Key("overall_survival", group=group, horizon_years=years)]
        ).estimate
        assert mine == pytest.approx(at(oracle.surv_times, oracle.surv_prob, years * YEAR_DAYS), abs=1e-12)


def test_disease_free_survival_ends_with_the_first_failure(alone, counts):
    free = 0
    for row in alone:
        failures = (row["recurrence_found_day"], row["metastasis_found_day"], row["death_day"])
        free += min(failures) > 5 * YEAR_DAYS
    assert counts.binary[Key("disease_free_survival", horizon_years=5.0)][2] == free


def test_cancer_specific_survival_is_kaplan_meier_with_other_deaths_censored(alone, counts):
    end = YEARS * YEAR_DAYS
    time = np.ceil(np.minimum(alone["death_day"], end))
    of_cancer = (alone["death_cause"] == Cause.CANCER) & (alone["death_day"] <= end)
    oracle = SurvfuncRight(time, of_cancer.astype(int))
    timed = counts.timed[Key("cancer_specific_survival")]
    flat = timed.sum(axis=0).ravel().astype(float)
    for years in HORIZONS:
        day = years * YEAR_DAYS
        mine = estimates.survival(timed, day)
        k = np.searchsorted(oracle.surv_times, day, side="right") - 1
        assert mine.estimate == pytest.approx(oracle.surv_prob[k], abs=1e-12)
        _, error, _ = product_limit(flat, min(int(day), len(flat) // 2 - 1))
        assert error == pytest.approx(oracle.surv_prob_se[k], rel=1e-9)
        assert mine.n == len(alone)
        assert mine.ci_low < mine.estimate < mine.ci_high


@pytest.mark.parametrize("margin", [Margin.R0, Margin.R1, Margin.R2])
def test_survival_after_salvage_is_kaplan_meier_from_the_salvage(lives, margin):
    # everyone recurs and is salvaged soon, so that there are enough of each margin
    rows = lives(
        "exfoliation.anastomotic_take_probability=1",
        "exfoliation.caught_probability=1",
        "salvage.curative_probability=1",
        policy="washout_never+follow_up_intensive",
        patients=3000,
    )
    result = tally(rows, HORIZONS, YEARS).timed[Key("survival_after_salvage", group=margin.name.lower())]
    among = rows["salvage_margin"] == margin
    assert among.sum() > 30
    end = YEARS * YEAR_DAYS
    since = np.ceil(np.minimum(rows["death_day"], end) - rows["salvage_day"])[among]
    oracle = SurvfuncRight(since, (rows["death_day"] <= end)[among].astype(int))
    for years in tables.SURVIVAL_YEARS:
        mine = estimates.survival(result, years * YEAR_DAYS)
        assert mine.n == among.sum()
        assert mine.estimate == pytest.approx(at(oracle.surv_times, oracle.surv_prob, years * YEAR_DAYS))


def test_the_interval_of_a_share_is_wilsons():
    for no, yes in ((10, 0), (0, 7), (1990, 10), (40, 60)):
        mine = estimates.share(np.array([5, no, yes]))
        low, high = proportion_confint(yes, no + yes, method="wilson")
        assert (mine.ci_low, mine.ci_high) == pytest.approx((low, high), abs=1e-12)
        assert mine.n == no + yes


def test_nobody_has_no_estimate():
    assert np.isnan(estimates.share(np.array([9, 0, 0])).estimate)
    assert np.isnan(estimates.share_difference(np.diag([9, 0, 0])).estimate)
    assert np.isnan(estimates.survival(np.zeros((FOLDS, 10, 2), int), 5).estimate)


def test_the_paired_difference_is_the_mean_of_each_patients_difference(alone, irradiated):
    pair = tally_pair(irradiated, alone, HORIZONS, YEARS)
    mine = estimates.share_difference(pair.binary[Key("local_recurrence", horizon_years=5.0)])
    before = (alone["recurrence_found_day"] <= 5 * YEAR_DAYS).astype(float)
    after = (irradiated["recurrence_found_day"] <= 5 * YEAR_DAYS).astype(float)
    difference = after - before
    half = 1.959964 * difference.std() / np.sqrt(len(difference))
    assert mine.estimate == pytest.approx(difference.mean())
    assert mine.ci_high - mine.ci_low == pytest.approx(2 * half, rel=0.01)
    independent = np.sqrt(before.var() + after.var()) / np.sqrt(len(before)) * 1.959964
    assert half < 0.9 * independent  # pairing pays


@pytest.mark.parametrize(("averted", "caused", "n"), [(0, 0, 5), (4, 0, 30), (30, 10, 1000)])
def test_the_paired_interval_is_agrestis_and_mins(averted, caused, n):
    joint = np.zeros((3, 3), int)
    joint[2, 1], joint[1, 2], joint[1, 1] = averted, caused, n - averted - caused
    mine = estimates.share_difference(joint)
    b, c, m = caused + 0.5, averted + 0.5, n + 2
    centre, half = (b - c) / m, 1.959964 * np.sqrt(b + c - (b - c) ** 2 / m) / m
    assert mine.estimate == pytest.approx((caused - averted) / n)
    assert (mine.ci_low, mine.ci_high) == pytest.approx((centre - half, centre + half), rel=1e-5)
    assert mine.ci_low < mine.estimate < mine.ci_high


def test_four_changes_in_thirty_patients_are_no_clear_difference():
    joint = np.zeros((3, 3), int)
    joint[2, 1], joint[1, 1] = 4, 26
    mine = estimates.share_difference(joint)
    assert mine.ci_low < 0 < mine.ci_high


def test_a_difference_of_shares_among_different_patients_has_the_bootstraps_interval(alone, irradiated):
    key = Key("crm_involved")
    pair = tally_pair(irradiated, alone, HORIZONS, YEARS)
    mine = estimates.share_difference(pair.binary[key])
    before, after = (binary_outcomes(rows, HORIZONS)[key] for rows in (alone, irradiated))
    random = np.random.default_rng(1)
    draws = []
    for _ in range(400):
        who = random.integers(0, len(before), len(before))
        b, a = before[who], after[who]
        draws.append((a == 2).sum() / (a > 0).sum() - (b == 2).sum() / (b > 0).sum())
    assert mine.estimate == pytest.approx(np.mean(draws), abs=1e-3)
    assert (mine.ci_high - mine.ci_low) / 2 == pytest.approx(1.96 * np.std(draws), rel=0.15)


def test_a_difference_of_product_limit_survivals_has_the_bootstraps_interval(alone, irradiated):
    key, day = Key("cancer_specific_survival"), 5 * YEAR_DAYS
    before, after = (tally(rows, HORIZONS, YEARS).timed[key] for rows in (alone, irradiated))
    (mine,) = estimates.survival_differences(after, before, [day])
    random = np.random.default_rng(2)
    draws = []
    for _ in range(60):
        who = random.integers(0, len(alone), len(alone))
        b, a = (tally(rows[who], (5.0,), YEARS).timed[key] for rows in (alone, irradiated))
        draws.append(estimates.survival(a, day).estimate - estimates.survival(b, day).estimate)
    assert (mine.ci_high - mine.ci_low) / 2 == pytest.approx(1.96 * np.std(draws), rel=0.35)


def test_no_difference_between_a_policy_and_itself(alone):
    pair = tally_pair(alone, alone, HORIZONS, YEARS)
    for joint in pair.binary.values():
        assert joint.sum() == np.trace(joint)
    frame = tables.averted({"same": pair}, "same")
    assert (frame[["averted", "caused", "net"]] == 0).all(axis=None)


def test_averted_and_caused_are_the_patients_who_change(alone, irradiated):
    frame = tables.averted({"rt": tally_pair(irradiated, alone, HORIZONS, YEARS)}, "tme")
    row = frame.query("mechanism == 'all' and compartment == 'all' and horizon_years == 5").iloc[0]
    before = alone["recurrence_found_day"] <= 5 * YEAR_DAYS
    after = irradiated["recurrence_found_day"] <= 5 * YEAR_DAYS
    assert row.averted == pytest.approx(1000 * (before & ~after).mean())
    assert row.caused == pytest.approx(1000 * (after & ~before).mean())
    assert row.net == pytest.approx(row.averted - row.caused)
    assert row.averted_low < row.averted < row.averted_high and row.net_low < row.net < row.net_high


def test_counts_of_blocks_add_up_to_the_counts_of_the_whole(alone, irradiated, counts):
    parts, pairs = Tally(), PairTally()
    for block in (slice(4001, 6000), slice(0, 1003), slice(1003, 4001)):
        parts.add(tally(alone[block], HORIZONS, YEARS))
        pairs.add(tally_pair(irradiated[block], alone[block], HORIZONS, YEARS))
    whole = tally_pair(irradiated, alone, HORIZONS, YEARS)
    for mine, theirs in (
        (parts.binary, counts.binary),
        (parts.sums, counts.sums),
        (parts.timed, counts.timed),
        (parts.monthly, counts.monthly),
        (pairs.binary, whole.binary),
        (pairs.sums, whole.sums),
    ):
        assert mine.keys() == theirs.keys()
        assert all((mine[key] == theirs[key]).all() for key in mine)


def test_amounts_are_means_over_all_patients(alone, counts):
    frame = tables.outcomes({"tme": counts}, HORIZONS).set_index("outcome")
    years = np.minimum(alone["death_day"], YEARS * YEAR_DAYS) / YEAR_DAYS
    assert frame.loc["life_years", "estimate"] == pytest.approx(years.mean(), abs=1e-4)
    assert frame.loc["theatre_minutes", "estimate"] == pytest.approx(alone["theatre_minutes"].mean())
    assert frame.loc["visits", "estimate"] == pytest.approx(alone["visits"].mean())
    half = 1.96 * years.std() / np.sqrt(len(years))
    assert frame.loc["life_years", "ci_high"] - frame.loc["life_years", "estimate"] == pytest.approx(
        half, rel=1e-3
    )


def test_curves_meet_the_outcomes_at_every_whole_year(counts):
    curve = tables.curves({"tme": counts}).set_index(["outcome", "mechanism", "time_years"]).estimate
    table = tables.outcomes({"tme": counts}, HORIZONS)
    table = table[(table.compartment == "all") & (table.group == "all")]
    table = table.set_index(["outcome", "mechanism", "horizon_years"]).estimate
    for outcome in ("local_recurrence", "overall_survival", "disease_free_survival", "distant_metastasis"):
        for years in HORIZONS:
            assert curve[outcome, "all", years] == pytest.approx(table[outcome, "all", years])
    for mechanism in Mechanism:
        key = ("local_recurrence", mechanism.name.lower(), 5.0)
        assert curve[key] == pytest.approx(table[key])


def test_published_figures_stand_beside_the_same_outcome(counts):
    outcomes = tables.outcomes({"tme": counts}, HORIZONS)
    published = pd.DataFrame(
        [
            {
                "evidence": "x",
                "outcome": "local_recurrence",
                "policy": "tme",
                "horizon_years": 5.0,
                "published": 0.1,
            }
        ]
    )
    row = tables.beside_published(outcomes, published).iloc[0]
    whole = counts.binary[Key("local_recurrence", horizon_years=5.0)]
    assert row.simulated == pytest.approx(whole[2] / whole.sum())
    assert row.difference == pytest.approx(row.simulated - 0.1)


def test_an_empty_table_keeps_the_types_of_its_columns(counts, alone, irradiated):
    pair = {"rt": tally_pair(irradiated, alone, HORIZONS, YEARS)}
    both = {"tme": counts, "rt": tally(irradiated, HORIZONS, YEARS)}
    of = {
        tables.outcomes: ((both, HORIZONS), ({}, HORIZONS)),
        tables.differences: ((both, pair, "tme", HORIZONS), (both, {}, "tme", HORIZONS)),
        tables.averted: ((pair, "tme"), ({}, "tme")),
        tables.curves: ((both,), ({},)),
        tables.flow: ((both,), ({},)),
    }
    for table, (some, nothing) in of.items():
        full, empty = table(*some), table(*nothing)
        assert len(full) > len(empty) == 0
        pd.testing.assert_series_equal(empty.dtypes, full.dtypes)
        joined = pd.concat([empty, full], ignore_index=True)
        pd.testing.assert_frame_equal(joined, full)
