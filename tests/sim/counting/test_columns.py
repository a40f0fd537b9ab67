"""What conditions can name: every column says what the patient's row says, and selects the right rows."""

import numpy as np
import pytest
from conftest import lives

from conf.condition import Condition
from conf.condition import read_condition as condition
from experiments.simulating.reading import Reading
from sim.counting.columns import COLUMNS
from sim.patient import MECHANISM_OF_ROUTE, YEAR_DAYS, Cause, Compartment, Harm, Mechanism, TStage
from sim.policy import Regimen

POLICY = "short_course_delayed+lateral_after_5mm+organ_preservation+local_excision_after_treatment"
MONTH = YEAR_DAYS / 12


@pytest.fixture(scope="module")
def rows():
    return lives(policy=POLICY, patients=4000, years=8.0)


@pytest.fixture(scope="module")
def reading(rows):
    return Reading(rows)


# Columns as the format was decided; what a row holds under the same name.
SAME = [
    "age_years",
    "female",
    "unfit",
    "height_above_verge_cm",
    "ct",
    "cn",
    "nodes",
    "emvi",
    "fascia_threatened",
    "high_risk",
    "regimen",
    "irradiated",
    "boosted",
    "treatment_omitted",
    "treatment_stopped",
    "fascia_reading_mm",
    "complete_response",
    "never_resected",
    "reading",
    "readings",
    "regrowth_site",
    "emergency",
    "crm_mm",
    "crm_involved",
    "distal_margin_mm",
    "anastomosis",
    "diverting_stoma",
    "washed_out",
    "perforated",
    "breached",
    "leaked",
    "abscess",
    "adjuvant",
    "postoperatively_irradiated",
    "found_by",
    "synchronous_metastasis",
    "curative_intent",
    "salvage_irradiated",
    "salvage_induction",
    "salvage_margin",
    "salvage_complication",
    "metastasis_systemic",
    "metastasis_resected",
    "death_cause",
]
HAPPENED = {
    "resected": "operated_day",
    "organ_kept": "watch_from_day",
    "locally_excised": "excised_day",
    "regrown": "regrowth_found_day",
    "uncontrolled": "uncontrolled_day",
    "recurred": "recurrence_found_day",
    "salvaged": "salvage_day",
    "rerecurred": "rerecurrence_day",
    "metastasis": "metastasis_found_day",
    "died": "death_day",
}
BETWEEN = {
    "regrowth_months": ("watch_from_day", "regrowth_found_day"),
    "recurrence_months": ("operated_day", "recurrence_found_day"),
    "rerecurrence_months": ("salvage_day", "rerecurrence_day"),
    "metastasis_months": ("operated_day", "metastasis_found_day"),
    "survival_months": ("operated_day", "death_day"),
    "survival_after_recurrence_months": ("recurrence_found_day", "death_day"),
    "survival_after_salvage_months": ("salvage_day", "death_day"),
}
SIDES = {
    "short_axis_mm": lambda rows: np.maximum(rows["lateral_mm"][:, 0], rows["lateral_mm"][:, 1]),
    "residual_short_axis_mm": lambda rows: np.maximum(
        rows["lateral_residual_mm"][:, 0], rows["lateral_residual_mm"][:, 1]
    ),
    "lateral_involved": lambda rows: (rows["lateral_involved"][:, 0] + rows["lateral_involved"][:, 1]) > 0,
    "dissected": lambda rows: (rows["dissected"][:, 0] + rows["dissected"][:, 1]) > 0,
}
OF_THE_RESECTED = ("operation", "plane", "pathological_stage", "operative_death")
PLACES = ("central", "anterior", "posterior", "lateral", "perineal", "peritoneal")
OWN = (
    "t_category", "mechanism", "compartment", "compartments", "procedure", "lateral_node_site",
    "lateral_residual_tumour", "lateral_residual_site", "height_above_anorectal_junction_cm", "reirradiated",
)  # fmt: skip
WORDS = {
    "ct": ("t1", "t2", "t3ab", "t3cd", "t4a", "t4b"),
    "lateral_node_site": ("none", "obturator", "internal_iliac"),
    "lateral_residual_site": ("none", "obturator", "internal_iliac"),
    "regimen": ("none", "short_course", "short_course_delayed", "chemoradiotherapy", "total_neoadjuvant"),
    "operation": ("lar", "apr", "hartmann"),
    "plane": ("mesorectal", "intramesorectal", "muscularis"),
    "reading": ("complete", "near_complete", "incomplete"),
    "regrowth_site": ("lumen", "mesorectum", "lateral_left", "lateral_right"),
    "mechanism": ("margin", "mesorectum", "lateral_node", "exfoliation", "spillage"),
    "compartment": PLACES,
    "found_by": ("visit", "symptoms"),
    "procedure": ("central_resection", "exenteration", "abdominosacral", "sidewall", "perineal"),
    "salvage_margin": ("r0", "r1", "r2"),
    "death_cause": ("other", "operative", "cancer"),
}


HARMS = (
    "temporary_stoma", "permanent_stoma", "major_bowel_dysfunction", "faecal_incontinence",
    "urinary_dysfunction", "sexual_dysfunction", "severe_morbidity", "reoperation", "bowel_obstruction",
    "pelvic_fracture", "second_cancer", "salvage_morbidity", "severe_toxicity",
)  # fmt: skip


@pytest.mark.parametrize("harm", HARMS)
def test_a_harm_is_one_that_began_before_death_and_its_months_count_from_diagnosis(rows, reading, harm):
    k = HARMS.index(harm)
    assert Harm(k).name.lower() == harm
    first, last = rows["harm_from_day"][:, k], rows["harm_until_day"][:, k]
    has = np.array(
        [day < np.inf and day <= death for day, death in zip(first, rows["death_day"], strict=True)]
    )
    assert has.any() and not has.all()
    assert np.array_equal(COLUMNS[harm].of(rows), has)
    for what, days in (("from", first), ("until", last)):
        months = COLUMNS[f"{harm}_{what}_months"].of(rows)
        assert np.array_equal(months, (days - rows["diagnosed_day"]) / MONTH)


def test_these_columns_and_their_words_can_be_named():
    decided = {*SAME, *HAPPENED, *BETWEEN, *SIDES, *OF_THE_RESECTED, *OWN, *(f"involves_{p}" for p in PLACES)}
    decided |= {f"{harm}{what}" for harm in HARMS for what in ("", "_from_months", "_until_months")}
    assert decided == COLUMNS.keys()
    for name, words in WORDS.items():
        assert set(words) <= COLUMNS[name].words.keys(), name
    assert {name for name, column in COLUMNS.items() if column.words} == WORDS.keys()


@pytest.mark.parametrize("name", SAME)
def test_a_column_is_what_the_row_holds(rows, reading, name):
    assert np.array_equal(reading.column(name), rows[name])


@pytest.mark.parametrize(("name", "day"), HAPPENED.items())
def test_what_happened_has_a_day(rows, reading, name, day):
    happened = reading.column(name)
    assert np.array_equal(happened, rows[day] < np.inf)
    assert happened.sum() > 0


@pytest.mark.parametrize(("name", "days"), BETWEEN.items())
def test_months_are_counted_between_two_days_and_infinite_where_one_is_missing(rows, reading, name, days):
    start, stop = (rows[day] for day in days)
    both = (start < np.inf) & (stop < np.inf)
    months = reading.column(name)
    assert both.sum() > 5
    assert np.allclose(months[both] * MONTH, stop[both] - start[both])
    assert np.all(months[~both] == np.inf)
    assert months[both].min() >= 0 or name == "metastasis_months"


@pytest.mark.parametrize("name", SIDES)
def test_a_column_of_two_sides_takes_the_larger(rows, reading, name):
    assert np.array_equal(reading.column(name), SIDES[name](rows))
    assert 0 < np.count_nonzero(reading.column(name)) < len(rows)


def test_a_lateral_node_with_tumour_left_is_one_that_was_involved_and_not_sterilised(rows, reading):
    names = {-1: "none", 0: "obturator", 1: "internal_iliac"}
    words = COLUMNS["lateral_node_site"].words
    seen = {"lateral_node_site": set(), "lateral_residual_site": set()}
    for k, row in enumerate(rows):
        nodes = [
            (mm, site) for mm, site in zip(row["lateral_mm"], row["lateral_site"], strict=True) if mm > 0
        ]
        left = [
            (row["lateral_mm"][side], row["lateral_site"][side])
            for side in (0, 1)
            if row["lateral_involved"][side] and not row["lateral_sterilised"][side]
        ]
        assert reading.column("lateral_residual_tumour")[k] == bool(left)
        for name, among in (("lateral_node_site", nodes), ("lateral_residual_site", left)):
            largest = max(among, key=lambda node: node[0], default=(0, -1))
            assert reading.column(name)[k] == words[names[int(largest[1])]]
            seen[name].add(names[int(largest[1])])
    assert seen == {name: set(names.values()) for name in seen}
    both = (rows["lateral_involved"] > 0).all(axis=1)
    assert both.any()  # so that the larger one had to be chosen


def test_who_was_irradiated_for_the_recurrence_was_so_again_only_after_irradiation_of_the_primary():
    policy = "short_course+expert_centre"
    rows = lives(policy=policy, patients=4000, years=8.0)
    reading = Reading(rows)
    again = [
        row["salvage_irradiated"] and (row["irradiated"] or row["postoperatively_irradiated"]) for row in rows
    ]
    assert np.array_equal(reading.column("reirradiated"), again)
    first = reading.holds(condition("subgroup", "salvage_irradiated and not reirradiated"))
    assert first.any() and any(again)


def test_the_anorectal_junction_is_three_centimetres_above_the_verge(rows, reading):
    height = reading.column("height_above_anorectal_junction_cm")
    assert np.allclose(height + 3.0, rows["height_above_verge_cm"])


def test_where_cells_stayed_and_where_they_grew(rows, reading):
    assert np.array_equal(reading.column("t_category") == 3, np.isin(rows["ct"], (TStage.T3AB, TStage.T3CD)))
    recurred = rows["recurrence_route"] >= 0
    mechanism = reading.column("mechanism")
    assert np.array_equal(mechanism[recurred], MECHANISM_OF_ROUTE[rows["recurrence_route"][recurred]])
    assert np.all(mechanism[~recurred] == -1)
    assert set(mechanism) == {-1, *Mechanism}
    sides = (1 << Compartment.LATERAL_LEFT) | (1 << Compartment.LATERAL_RIGHT)
    assert np.array_equal(reading.column("involves_lateral"), (rows["recurrence_compartments"] & sides) > 0)
    count = sum(reading.column(f"involves_{place}").astype(int) for place in PLACES)
    assert np.array_equal(reading.column("compartments"), count)
    words = COLUMNS["compartment"].words
    for place in PLACES:
        main = reading.column("compartment") == words[place]
        assert np.all(reading.column(f"involves_{place}")[main])
    assert np.all((reading.column("compartment") == -1) == (rows["recurrence_compartment"] == -1))


def test_who_was_not_resected_has_no_operation_plane_stage_nor_operative_death():
    rows = lives(policy=POLICY, patients=4000, years=8.0)
    never = rows["operated_day"] == np.inf
    assert never.sum() >= 3
    reading = Reading(rows)
    for text in (
        'operation in ("lar", "apr", "hartmann")',
        'plane in ("mesorectal", "intramesorectal", "muscularis")',
        "pathological_stage >= 0",
        "crm_mm <= 1000",
    ):
        assert np.array_equal(reading.holds(condition("subgroup", text)), ~never)
    with np.errstate(invalid="ignore"):
        died = ~never & (rows["death_day"] - rows["operated_day"] <= 30)
    assert died.sum() > 10
    assert np.array_equal(reading.column("operative_death"), died)


SELECTS = {
    "crm_mm <= 1": lambda r: r["crm_mm"] <= 1,
    'operation == "apr"': lambda r: (r["operation"] == 2) & (r["operated_day"] < np.inf),
    "operation == apr": lambda r: (r["operation"] == 2) & (r["operated_day"] < np.inf),
    "short_axis_mm >= 7": lambda r: r["lateral_mm"].max(axis=1) >= 7,
    "5 <= short_axis_mm < 7": lambda r: (
        (r["lateral_mm"].max(axis=1) >= 5) & (r["lateral_mm"].max(axis=1) < 7)
    ),
    "leaked": lambda r: r["leaked"],
    "not leaked": lambda r: ~r["leaked"],
    "pathological_stage == 3": lambda r: r["pathological_stage"] == 3,
    "pathological_stage in (1, 2)": lambda r: (r["pathological_stage"] == 1) | (r["pathological_stage"] == 2),
    'ct in ("t3cd", "t4a") or cn > 0 and emvi': lambda r: (
        np.isin(r["ct"], (3, 4)) | ((r["cn"] > 0) & r["emvi"])
    ),
    'ct not in ("t1", "t2")': lambda r: r["ct"] > 1,
    '(leaked or abscess) and operation == "lar"': lambda r: (
        (r["leaked"] | r["abscess"]) & (r["operation"] == 1)
    ),
    'regimen == "short_course_delayed"': lambda r: r["regimen"] == Regimen.SHORT_COURSE_DELAYED,
    'reading == "near_complete" or regrown': lambda r: (
        (r["reading"] == 2) | (r["regrowth_found_day"] < np.inf)
    ),
    "permanent_stoma and permanent_stoma_from_months <= 24": lambda r: (
        r["harm_from_day"][:, 1] <= np.minimum(r["death_day"], 2 * YEAR_DAYS)
    ),
    "female and age_years < 60 + 5": lambda r: r["female"] & (r["age_years"] < 65),
    "recurrence_months <= 24": lambda r: r["recurrence_found_day"] - r["operated_day"] <= 2 * YEAR_DAYS,
    'salvage_margin == "r0"': lambda r: r["salvage_margin"] == 1,
    'death_cause == "cancer" and survival_months < 60': (
        lambda r: (
            (r["death_cause"] == Cause.CANCER)
            & (r["operated_day"] < np.inf)
            & (r["death_day"] - r["operated_day"] < 5 * YEAR_DAYS)
        )
    ),
    'mechanism == "exfoliation" and not involves_lateral': (
        lambda r: np.isin(r["recurrence_route"], (5, 6)) & ((r["recurrence_compartments"] & 0b11000) == 0)
    ),
    "perforated == false": lambda r: ~r["perforated"],
}


@pytest.mark.parametrize("text", SELECTS)
def test_a_subgroup_selects_the_rows_that_it_describes(rows, reading, text):
    with np.errstate(invalid="ignore"):
        wanted = SELECTS[text](rows)
    assert np.array_equal(reading.holds(condition("subgroup", text)), wanted)
    assert 0 < wanted.sum() < len(rows)


def test_what_is_known_at_diagnosis_is_the_same_under_every_policy(rows):
    other = lives(policy="total_neoadjuvant+washout_never", patients=4000, years=8.0)
    changed = {
        name for name, column in COLUMNS.items() if not np.array_equal(column.of(rows), column.of(other))
    }
    traits = {name for name, column in COLUMNS.items() if column.trait}
    assert traits & changed == set()
    assert {"age_years", "ct", "short_axis_mm", "high_risk"} <= traits
    assert changed >= {"crm_mm", "recurred", "regimen", "survival_months"}


def test_arithmetic_never_stops_a_condition(rows, reading):
    nothing = Condition("subgroup", "age_years / (cn - cn) > 1", COLUMNS, {})
    assert reading.holds(nothing).all()  # infinite
