"""Costs and quality of life in closed form, and beside a cohort Markov model with constant rates."""

import math

import numpy as np
import pytest
from conftest import lives, world_of
from helpers import by_hand
from helpers.economics_by_hand import prices
from scipy.integrate import quad
from scipy.linalg import expm

from analysis.tables.economics import QUANTITIES, means, worth
from conf.economics import world_economics
from conf.run import world_trees
from conf.schema import compose_run
from sim.clocks import compiled_clock
from sim.counting.outcomes import FOLDS
from sim.counting.tally import VALUED, Counter
from sim.counting.value import SCALE, VALUES, annuity, new_value_scratch, write_values
from sim.luck import draw_luck
from sim.parameters import pack
from sim.patient import YEAR_DAYS, Cause, Harm, Margin, new_patients

DUTCH = ("economics=dutch",)
COSTS = [name for name in VALUES if name.startswith("cost")]


def values(patient, years=60.0, *overrides):
    """Return what the model counts of a patient under these prices, by quantity."""
    found = np.empty(len(VALUES), np.int64)
    world = world_of("tme_alone", (*DUTCH, *overrides))[0]
    write_values(patient, world, years * YEAR_DAYS, new_value_scratch(), found)
    return dict(zip(VALUES, found / SCALE, strict=True))


def well(**fields):
    """Return a patient whose organ is watched from the first day, and to whom nothing happens."""
    return by_hand.patient(**{"age_years": 60.0, "watch_from_day": 0.0, **fields})


@pytest.mark.parametrize("rate", [0.0, 1e-9, 0.015, 0.1])
@pytest.mark.parametrize("first, last", [(0.0, 1.0), (2.5, 60.0), (3.0, 3.0), (4.0, 1.0), (5.0, math.inf)])
def test_an_annuity_is_the_integral_of_what_a_year_is_worth(rate, first, last):
    force = math.log1p(rate)
    if last == math.inf:
        if rate > 1e-3:
            assert annuity(force, first, last) == pytest.approx((1 + rate) ** -first / force)
        return
    expected = quad(lambda t: (1 + rate) ** -t, first, last)[0] if last > first else 0.0
    assert annuity(force, first, last) == pytest.approx(expected, rel=1e-6, abs=1e-12)


def test_a_life_without_any_state_has_the_qalys_of_its_norm():
    norm = prices("dutch")["women_norm_utility"]
    found = values(well(female=True, age_years=40.0, death_day=38 * YEAR_DAYS, death_cause=Cause.OTHER))
    # In each class of age from 35: years from diagnosis.
    classes = [(0, 5, norm[2]), (5, 15, norm[3]), (15, 25, norm[4]), (25, 35, norm[5]), (35, 38, norm[6])]
    force = math.log(1.015)
    expected = sum(u * (math.exp(-force * a) - math.exp(-force * b)) / force for a, b, u in classes)
    assert found["qalys"] == pytest.approx(expected, abs=1e-6)
    assert found["life_years"] == pytest.approx(38.0, abs=1e-6)


def test_younger_than_the_first_class_of_age_counts_as_of_it():
    price = prices("dutch")
    found = values(well(age_years=15.0), 2.0)
    assert found["qalys"] == pytest.approx(
        price["men_norm_utility"][0] * found["discounted_life_years"], abs=2e-6
    )
    yearly = price["other_health_care_price_per_year"][0]
    assert found["cost_other_care"] == pytest.approx(yearly * (1 - 1.03**-2) / math.log(1.03), abs=0.01)


def test_without_discounting_a_later_year_is_worth_as_much():
    undiscounted = ("economics.costs_discount_rate_per_year=0", "economics.effects_discount_rate_per_year=0")
    flat = "[0.8,0.8,0.8,0.8,0.8,0.8,0.8]"
    patient = well(
        age_years=80.0, metastasis_found_day=2 * YEAR_DAYS, death_day=7 * YEAR_DAYS, death_cause=Cause.CANCER
    )
    found = values(patient, 60.0, *undiscounted, f"economics.men_norm_utility={flat}")
    assert found["life_years"] == found["discounted_life_years"] == pytest.approx(7.0)
    price = prices("dutch")
    ratio = price["metastasis_utility_ratio"]
    last = price["last_months_days"] / YEAR_DAYS
    expected = 0.8 * (2 + ratio * (5 - last) + ratio * price["last_months_utility_ratio"] * last)
    assert found["qalys"] == pytest.approx(expected, abs=2e-6)
    assert found["cost_palliation"] == pytest.approx(
        5 * price["advanced_disease_price_per_year"] + price["end_of_life_price"], abs=0.01
    )


def test_care_for_a_stoma_by_relatives_costs_also_where_its_material_is_free():
    patient = well()
    patient.harm_from_day[Harm.PERMANENT_STOMA] = 0.0
    found = values(patient, 1.0, "economics.stoma_price_per_year=0")
    price = prices("dutch")
    yearly = YEAR_DAYS / 7 * price["stoma_informal_hours_per_week"] * price["informal_care_hour_price"]
    assert found["cost_informal_care"] == pytest.approx(yearly * (1 - 1 / 1.03) / math.log(1.03), abs=0.01)
    assert found["cost_stoma_and_late_harm"] == 0.0


def test_a_stoma_is_closed_only_if_no_permanent_one_takes_its_place_and_the_patient_lives():
    closure = prices("dutch")["stoma_closure_price"]

    def paid(until, permanent, death):
        patient = well(death_day=death)
        patient.harm_from_day[Harm.TEMPORARY_STOMA], patient.harm_until_day[Harm.TEMPORARY_STOMA] = 0.0, until
        patient.harm_from_day[Harm.PERMANENT_STOMA] = permanent
        return values(patient, 10.0, "economics.stoma_price_per_year=0")["cost_stoma_and_late_harm"]

    at_half = closure * 1.03 ** (-100 / YEAR_DAYS)
    assert paid(100.0, math.inf, math.inf) == pytest.approx(at_half, abs=0.01)
    assert paid(100.0, 900.0, math.inf) == pytest.approx(at_half, abs=0.01)
    assert paid(100.0, 100.0, math.inf) == paid(100.0, math.inf, 60.0) == 0.0


def test_a_second_absence_from_work_begins_when_the_first_is_over_and_ends_with_the_pension():
    price = prices("dutch")
    yearly = YEAR_DAYS / 7 * price["productivity_hour_price"] * price["working_hours_per_week"]
    yearly *= price["employed_share"]
    free = "economics.costs_discount_rate_per_year=0"
    friction = price["friction_days"] / YEAR_DAYS

    def absent(**fields):
        return values(well(**fields), 10.0, free)["cost_absence"] / yearly

    assert absent() == pytest.approx(friction, abs=1e-6)
    assert absent(recurrence_found_day=1000.0) == pytest.approx(2 * friction, abs=1e-6)
    assert absent(recurrence_found_day=10.0) == pytest.approx(2 * friction, abs=1e-6)
    assert absent(age_years=66.9) == pytest.approx(0.1, abs=1e-6)
    assert absent(age_years=70.0) == 0.0


def test_what_is_counted_without_prices_is_nothing_and_a_tally_has_no_values():
    rows = lives(patients=50)
    assert not rows["charged"].any()
    counter = Counter(world_of("tme_alone", ()), (1.0,), 10.0)
    counter.count(rows)
    assert counter.tally().values == {}


def test_prices_change_nothing_of_what_happens():
    """Every field but what was charged has the same bits."""
    policy = "chemoradiotherapy+organ_preservation"
    without, with_prices = (lives(*words, policy=policy, patients=2000) for words in ((), DUTCH))
    assert with_prices["charged"].sum() > 0
    for name in without.dtype.names:
        if name != "charged":
            assert without[name].tobytes() == with_prices[name].tobytes(), name


def test_a_policy_that_acts_on_nobody_costs_and_gains_the_same():
    from experiments.compare import tables_of
    from experiments.simulating.cohort import simulate

    words = (
        "policies=[tme_alone,tme_alone+lateral_before_10mm]",
        "anatomy.largest_lateral_node_mm=9",
        *DUTCH,
    )
    run = compose_run(*words, "patients=2000")
    table = tables_of(run, simulate(run))["economics"]
    differences = table[table["comparator"].notna()]
    assert len(differences) == len(QUANTITIES)
    assert (differences[["estimate", "ci_low", "ci_high"]] == 0).all(axis=None)
    alone = table[table["comparator"].isna()]
    assert (alone.set_index("quantity").loc["qalys", "estimate"] > 5).all()


def test_the_totals_are_the_sums_of_the_kinds_that_a_perspective_has():
    rows = lives(*DUTCH, patients=500)
    counter = Counter(world_of("tme_alone", DUTCH), (1.0,), 10.0)
    counter.count(rows)
    found = dict(zip(QUANTITIES, worth(counter.tally()).means, strict=True))
    society = ("cost_travel", "cost_absence", "cost_informal_care")
    assert found["costs_societal"] == pytest.approx(sum(found[name] for name in COSTS))
    assert found["costs_health_care"] == pytest.approx(
        sum(found[name] for name in COSTS if name not in society)
    )
    assert min(found[name] for name in society) > 0


# A cohort Markov model.

STEPS_A_YEAR = 200


class Markov:
    """A cohort in states with constant rates a year, dead last; by steps, events in their middle."""

    def __init__(self, rates):
        self.generator = np.array(rates, float)
        np.fill_diagonal(self.generator, 0.0)
        np.fill_diagonal(self.generator, -self.generator.sum(axis=1))
        self.step = expm(self.generator / STEPS_A_YEAR)

    def worth(self, years, rate, by_year=None, on_entry=None):
        """Return discounted amounts by year in each state, and of each transition, of one in state 0."""
        n = len(self.generator)
        by_year = np.zeros(n) if by_year is None else np.array(by_year, float)
        on_entry = np.zeros((n, n)) if on_entry is None else np.array(on_entry, float)
        per_year = by_year + (self.generator * (1 - np.eye(n)) * on_entry).sum(axis=1)
        state, found = np.eye(n)[0], 0.0
        for k in range(round(years * STEPS_A_YEAR)):
            later = state @ self.step
            middle = (k + 0.5) / STEPS_A_YEAR
            found += (state + later) / 2 @ per_year / STEPS_A_YEAR * (1 + rate) ** -middle
            state = later
        return found


def interval(tally, quantity):
    """Return the mean of a quantity and its 99.9 % interval: a wrong number lies far outside."""
    estimate = means(worth(tally), by_batch=False)[QUANTITIES.index(quantity)]
    half = (estimate.ci_high - estimate.ci_low) / 2 * 3.29 / 1.96
    return estimate.estimate, estimate.estimate - half, estimate.estimate + half


def meets(tally, quantity, expected, within):
    """Return whether the expected mean lies in the interval, and the interval is this narrow, as a ratio."""
    mean, low, high = interval(tally, quantity)
    return low <= expected <= high and high - mean < within * mean


def test_a_simulation_with_constant_rates_meets_a_cohort_markov_model():
    """An untreated primary seeds metastases, found at once, at one rate; death comes at another."""
    seeding, death, years = 0.10, 0.06, 40.0
    flat = "[0.9,0.9,0.9,0.9,0.9,0.9,0.9]"
    words = (
        f"primary.seeding_median_days={YEAR_DAYS * math.log(2) / seeding!r}",
        *(f"primary.{name}_median_days=1e9" for name in ("progression", "emergency", "death")),
        *(f"primary.{name}_sigma=0" for name in ("progression", "emergency", "death")),
        "cohort.unresected_share=0.999999999", "cohort.unresected_log_odds_per_year=0",
        "cohort.unresected_unfit_odds_ratio=1", "cohort.unresected_irradiated_share=0",
        "metastasis.occult_probability=0", "cohort.overlooked_metastasis_share=0",
        *(f"metastasis.{name}_median_days={days}"
          for name, days in (("onset", 1e-6), ("symptoms", 1e-6), ("survival", 1e9))),
        *(f"metastasis.{name}_sigma=0" for name in ("onset", "symptoms", "survival")),
        "metastasis.metastasectomy_probability=0", "metastasis.systemic_probability=0.5",
        "metastasis.treatment_log_odds_per_year=0", "metastasis.treatment_unfit_odds_ratio=1",
        "metastasis.survival_log_ratio_per_year=0", "cohort.metastasis_treatment_odds_ratio=1",
        "mortality.fit_hazard_ratio=1", "mortality.unfit_hazard_ratio=1",
        "mortality.selection_hazard_log_ratio_per_year=0", "cohort.participant_share=0",
        "cohort.background_mortality_ratio=1", "pathway.diagnosis_to_mri_days=0",
        "pathway.mri_to_meeting_days=0", "economics=dutch", f"economics.men_norm_utility={flat}",
        f"economics.women_norm_utility={flat}",
        "economics.other_health_care_price_per_year=[5000,5000,5000,5000,5000,5000,5000]",
        "economics.other_death_price=8000", "economics.systemic_treatment_price=30000",
        "economics.advanced_disease_price_per_year=6000", "policies=[tme_alone]",
    )  # fmt: skip
    run = compose_run(*words)
    world = pack(*world_trees(run, run.policies[0]))
    for sex in ("men", "women"):
        world["life_table"][f"{sex}_hazard_per_year"] = death
    rows, luck = new_patients(0, 60_000), draw_luck(0, 60_000, 1)
    compiled_clock.simulate_rows(rows, luck, world, years * YEAR_DAYS)
    counter = Counter(world, (1.0,), years)
    counter.count(rows)
    tally = counter.tally()

    untreated, metastatic, dead = range(3)
    rates = np.zeros((3, 3))
    rates[untreated, metastatic], rates[untreated, dead], rates[metastatic, dead] = seeding, death, death
    model = Markov(rates)
    alive = [1.0, 1.0, 0.0]
    assert meets(tally, "life_years", model.worth(years, 0.0, alive), 0.02)
    assert meets(tally, "discounted_life_years", model.worth(years, 0.015, alive), 0.02)
    price = run.economics.numbers
    utility = 0.9 * price["uncontrolled_utility_ratio"]
    by_state = [utility, utility * price["metastasis_utility_ratio"], 0.0]
    assert meets(tally, "qalys", model.worth(years, 0.015, by_state), 0.02)
    treated, died = np.zeros((3, 3)), np.zeros((3, 3))
    treated[untreated, metastatic] = 0.5 * 30_000
    died[:2, dead] = 8_000
    assert meets(tally, "cost_metastases", model.worth(years, 0.03, on_entry=treated), 0.04)
    assert meets(tally, "cost_palliation", model.worth(years, 0.03, [6000.0, 6000.0, 0.0], died), 0.02)
    assert meets(tally, "cost_other_care", model.worth(years, 0.03, [5000.0, 5000.0, 0.0]), 0.02)
    once = price["diagnosis_price"] + price["mri_scan_price"]
    assert interval(tally, "cost_diagnosis")[0] == pytest.approx(once, abs=0.01)
    hours = (
        YEAR_DAYS / 7 * price["informal_care_hour_price"] * price["advanced_disease_informal_hours_per_week"]
    )
    assert meets(tally, "cost_informal_care", model.worth(years, 0.03, [hours, hours, 0.0]), 0.02)


def test_courses_of_constant_rates_are_counted_as_a_cohort_markov_model_has_them():
    """Recurrence, metastases or both, with a stoma throughout; who has one dies sooner."""
    n, years = 60_000, 30.0
    recurring, spreading = 0.08, 0.12
    dying = {(0, 0): 0.03, (1, 0): 0.2, (0, 1): 0.3, (1, 1): 0.6}
    random = np.random.default_rng(5)
    rows = new_patients(0, n)
    rows["age_years"], rows["watch_from_day"] = 30.0, 0.0
    rows["harm_from_day"][:, Harm.PERMANENT_STOMA] = 0.0
    for row in rows:
        now, state = 0.0, [0, 0]
        while True:
            waits = [random.exponential(1 / rate) if not had else math.inf
                     for rate, had in ((recurring, state[0]), (spreading, state[1]))]  # fmt: skip
            waits.append(random.exponential(1 / dying[state[0], state[1]]))
            first = int(np.argmin(waits))
            now += waits[first]
            if first == 2:
                break
            state[first] = 1
            row[("recurrence_found_day", "metastasis_found_day")[first]] = now * YEAR_DAYS
        row["death_day"], row["death_cause"] = now * YEAR_DAYS, Cause.OTHER
    flat = "[0.9,0.9,0.9,0.9,0.9,0.9,0.9]"
    world = world_of("tme_alone", (*DUTCH, f"economics.men_norm_utility={flat}"))
    counter = Counter(world, (1.0,), years)
    counter.count(rows)
    tally = counter.tally()

    states = [(0, 0), (1, 0), (0, 1), (1, 1), None]
    rates = np.zeros((5, 5))
    for k, state in enumerate(states[:-1]):
        rates[k, 4] = dying[state]
        if not state[0]:
            rates[k, states.index((1, state[1]))] = recurring
        if not state[1]:
            rates[k, states.index((state[0], 1))] = spreading
    model = Markov(rates)
    price = prices("dutch")
    stoma = price["harm_utility_ratio"][Harm.PERMANENT_STOMA]
    once, spread = price["recurrence_utility_ratio"], price["metastasis_utility_ratio"]
    by_state = [0.9 * stoma * once**r * spread**m for r, m in states[:-1]]
    assert meets(tally, "qalys", model.worth(years, 0.015, [*by_state, 0.0]), 0.02)
    assert meets(tally, "life_years", model.worth(years, 0.0, [1, 1, 1, 1, 0]), 0.02)
    died = np.zeros((5, 5))
    died[:4, 4] = price["other_death_price"]
    advanced = price["advanced_disease_price_per_year"] * np.array([0, 1, 1, 1, 0])
    assert meets(tally, "cost_palliation", model.worth(years, 0.03, advanced, died), 0.02)
    stomas = price["stoma_price_per_year"] * np.array([1, 1, 1, 1, 0])
    assert meets(tally, "cost_stoma_and_late_harm", model.worth(years, 0.03, stomas), 0.02)


def test_who_was_salvaged_incompletely_has_the_recurrence_still():
    price = prices("dutch")
    flat = "economics.men_norm_utility=[1,1,1,1,1,1,1]"
    ratios = {}
    for margin in (Margin.R0, Margin.R2):
        patient = well(recurrence_found_day=0.0, salvage_day=0.0, salvage_margin=margin)
        found = values(patient, 10.0, flat, "economics.salvage_recovery_days=0")
        ratios[margin] = found["qalys"] / found["discounted_life_years"]
    assert ratios[Margin.R0] == pytest.approx(price["after_salvage_utility_ratio"], rel=1e-5)
    both = price["after_salvage_utility_ratio"] * price["recurrence_utility_ratio"]
    assert ratios[Margin.R2] == pytest.approx(both, rel=1e-5)


# The intervals.

PAIR = "policies=[tme_alone,chemoradiotherapy+follow_up_intensive]"
STABLE = "policies=[tme_alone,chemoradiotherapy]"  # clinic=regional keeps up with both


def differences(*words, pair=PAIR):
    """Return the estimates of the differences of a run with two policies, by quantity."""
    from experiments.compare import tables_of
    from experiments.simulating.cohort import simulate

    run = compose_run(pair, *DUTCH, *words)
    table = tables_of(run, simulate(run))["economics"]
    return table[table["comparator"].notna()].set_index("quantity")


@pytest.mark.long
def test_a_paired_interval_holds_the_true_difference_as_often_as_it_says():
    names = ["costs_societal", "qalys", "cost_follow_up", "cost_metastases"]
    truth = differences("patients=1000000", "seed=99").loc[names, "estimate"]
    runs, held = 300, dict.fromkeys(names, 0)
    for seed in range(runs):
        table = differences("patients=640", f"seed={seed}").loc[names]
        for name in names:
            held[name] += table.loc[name, "ci_low"] <= truth[name] <= table.loc[name, "ci_high"]
    for name in names:
        # 0.95, within three standard errors of so many runs
        assert abs(held[name] / runs - 0.95) < 3 * math.sqrt(0.95 * 0.05 / runs), (name, held)


@pytest.mark.long
def test_an_interval_of_patients_who_queue_holds_the_true_difference_as_often_as_it_says():
    """In a clinic that keeps up: where queues grow without end, a difference grows with those who come."""
    words = ("clinic=regional", "horizon_years=5", "clock=compiled")
    names, runs = ["costs_societal", "qalys"], 120
    truth = differences(*words, "patients=100000", "seed=999", pair=STABLE).loc[names, "estimate"]
    found = [
        differences(*words, "patients=900", f"seed={seed}", pair=STABLE).loc[names] for seed in range(runs)
    ]
    held = np.sum([(table["ci_low"] <= truth) & (truth <= table["ci_high"]) for table in found], axis=0)
    assert (held / runs >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / runs)).all(), held


def test_the_values_of_folds_are_those_of_their_patients():
    rows = lives(*DUTCH, patients=200)
    world = world_of("tme_alone", DUTCH)
    counter = Counter(world, (1.0,), 10.0)
    counter.count(rows)
    counts = counter.tally().values[VALUED]
    assert counts.shape == (FOLDS, 1 + len(VALUES)) and counts[:, 0].sum() == 200
    for fold in (0, 7, FOLDS - 1):
        found = np.zeros(len(VALUES), np.int64)
        total = np.zeros(len(VALUES), np.int64)
        for row in rows[rows["number"] % FOLDS == fold]:
            write_values(row, world[0], 10 * YEAR_DAYS, new_value_scratch(), found)
            total += found
        assert (counts[fold, 1:] == total).all()


def test_an_empty_file_of_prices_counts_nothing():
    assert not world_economics(compose_run("economics=none").economics)["counted"]
