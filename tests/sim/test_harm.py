"""Harm: each state comes by its causes and from nothing else, and begins and ends when it should."""

import numpy as np
import pytest

from conf.schema import compose_run
from sim.patient import YEAR_DAYS, Cause, Harm, Operation, Procedure
from sim.policy import Regimen

PARAMETERS = compose_run("policies=[tme_alone]").parameters["harm"]
WATCH = "total_neoadjuvant+for_everyone+organ_preservation"
NO_HARM = tuple(
    f"harm.{name}={[0] * len(value) if isinstance(value, list) else int(name == 'closure_probability')}"
    for name, value in PARAMETERS.items()
    if name.endswith("_probability")
)
STOMAS = (Harm.TEMPORARY_STOMA, Harm.PERMANENT_STOMA)
BOWEL = (Harm.MAJOR_BOWEL_DYSFUNCTION, Harm.FAECAL_INCONTINENCE)


def came(rows, name):
    return np.isfinite(rows[name])


def has(rows, harm):
    """Whether a harm ever comes to each patient, as far as it is booked."""
    return np.isfinite(rows["harm_from_day"][:, harm])


def resected(rows):
    return rows[came(rows, "operated_day")]


def certain(*names):
    return tuple(f"harm.{name}_probability=1" for name in names)


@pytest.mark.parametrize("policy", ["tme_alone", WATCH, "chemoradiotherapy+for_everyone+lateral_routine"])
def test_without_its_probability_no_harm_comes_but_the_stomas_of_the_operation(simulated, policy):
    rows = simulated(*NO_HARM, policy=policy)
    for harm in set(Harm) - {*STOMAS, Harm.SALVAGE_MORBIDITY, Harm.URINARY_DYSFUNCTION}:
        assert not has(rows, harm).any(), harm.name
    exenteration = rows["salvage_procedure"] == Procedure.EXENTERATION
    assert np.array_equal(has(rows, Harm.URINARY_DYSFUNCTION), exenteration)
    without = ~came(rows, "operated_day") & ~came(rows, "uncontrolled_day")
    assert without.any() and not np.isfinite(rows["harm_from_day"][without]).any()


def test_who_is_neither_irradiated_nor_operated_on_has_no_harm(simulated):
    rows = simulated("cohort.unresected_share=1", "primary.emergency_median_days=1e9")
    untouched = ~rows["irradiated"] & ~came(rows, "operated_day")
    assert untouched.sum() > 500
    assert not np.isfinite(rows["harm_from_day"][untouched]).any()
    assert not np.isfinite(rows["harm_until_day"][untouched]).any()


# The stoma


def test_a_diverting_stoma_is_temporary_and_every_one_is_closed_with_probability_one(simulated):
    rows = resected(simulated("harm.closure_probability=1", "salvage.curative_probability=0"))
    diverted = rows["diverting_stoma"]
    assert diverted.sum() > 500
    assert np.array_equal(has(rows, Harm.TEMPORARY_STOMA), diverted)
    first, last = (rows[name][diverted, Harm.TEMPORARY_STOMA] for name in ("harm_from_day", "harm_until_day"))
    assert (
        (first == rows["operated_day"][diverted]).all() and np.isfinite(last).all() and (last > first).all()
    )
    assert 100 < np.median(last - first) < 220
    assert not has(rows, Harm.PERMANENT_STOMA)[rows["anastomosis"]].any()


def test_a_diverting_stoma_that_is_never_closed_becomes_permanent(simulated):
    rows = resected(simulated("harm.closure_probability=0", "salvage.curative_probability=0"))
    diverted = rows[rows["diverting_stoma"]]
    until = diverted["harm_until_day"][:, Harm.TEMPORARY_STOMA]
    assert (until == diverted["harm_from_day"][:, Harm.PERMANENT_STOMA]).all()
    assert np.unique(until - diverted["operated_day"]) == pytest.approx(PARAMETERS["unclosed_permanent_days"])
    assert not has(diverted, BOWEL[0]).any() and not has(diverted, BOWEL[1]).any()


def test_closure_is_rarer_after_a_leak_radiotherapy_and_in_the_unfit(simulated):
    leaky = "surgery.leak_probability=0.3"
    rows = resected(simulated(leaky, patients=6000))
    rows = rows[rows["diverting_stoma"]]
    unclosed = has(rows, Harm.PERMANENT_STOMA)
    assert unclosed[rows["leaked"]].mean() > 2 * unclosed[~rows["leaked"]].mean()
    irradiated = resected(
        simulated("surgery.leak_probability=0.3", policy="short_course+for_everyone", patients=6000)
    )
    irradiated = irradiated[irradiated["diverting_stoma"]]
    assert has(irradiated, Harm.PERMANENT_STOMA).mean() > unclosed.mean()
    assert unclosed[rows["unfit"]].mean() > unclosed[~rows["unfit"]].mean()


def test_an_operation_without_an_anastomosis_gives_a_permanent_stoma_at_once(simulated):
    rows = resected(simulated())
    for operation in (Operation.ABDOMINOPERINEAL_RESECTION, Operation.HARTMANN):
        some = rows[rows["operation"] == operation]
        assert len(some) > 20
        assert (some["harm_from_day"][:, Harm.PERMANENT_STOMA] == some["operated_day"]).all()
        assert (some["harm_until_day"][:, Harm.PERMANENT_STOMA] == np.inf).all()
        assert not has(some, Harm.TEMPORARY_STOMA).any()


def test_salvage_gives_a_permanent_stoma_but_on_the_sidewall_and_exenteration_takes_the_bladder(simulated):
    rows = simulated(
        "mesorectum.left_probability=[1,1,1]",
        "mesorectum.deposit_probability=[0.5,0.5,0.5]",
        "salvage.curative_probability=0.97",
        "salvage.abandoned_probability=0",
        "lateral_node.involved_probability=[0.3,0.3,0.3]",
    )
    salvaged = rows[came(rows, "salvage_day")]
    sidewall = salvaged["salvage_procedure"] == Procedure.SIDEWALL
    assert sidewall.sum() > 10 and (~sidewall).sum() > 100
    stoma_by = salvaged["harm_from_day"][:, Harm.PERMANENT_STOMA]
    assert (stoma_by[~sidewall] <= salvaged["salvage_day"][~sidewall]).all()
    assert (stoma_by[sidewall] != salvaged["salvage_day"][sidewall]).all()
    rest = salvaged[~sidewall]
    for harm in (Harm.TEMPORARY_STOMA, *BOWEL):
        ended = rest["harm_until_day"][:, harm]
        assert (ended <= rest["salvage_day"])[np.isfinite(rest["harm_from_day"][:, harm])].all(), harm.name
    exenterated = salvaged["salvage_procedure"] == Procedure.EXENTERATION
    assert has(salvaged, Harm.URINARY_DYSFUNCTION)[exenterated].all()
    complicated = salvaged["salvage_complication"]
    assert np.array_equal(has(salvaged, Harm.SALVAGE_MORBIDITY), complicated)
    assert not has(rows, Harm.SALVAGE_MORBIDITY)[~came(rows, "salvage_day")].any()


# The bowel


@pytest.mark.parametrize(("harm", "name"), [(BOWEL[0], "bowel_dysfunction"), (BOWEL[1], "incontinence")])
def test_a_joined_bowel_fails_with_certainty_once_it_is_in_use(simulated, harm, name):
    rows = resected(simulated(*certain(name), "harm.closure_probability=1", "salvage.curative_probability=0"))
    joined = rows["anastomosis"]
    assert np.array_equal(has(rows, harm), joined)
    closed = np.where(
        rows["diverting_stoma"], rows["harm_until_day"][:, Harm.TEMPORARY_STOMA], rows["operated_day"]
    )
    assert (rows["harm_from_day"][joined, harm] == closed[joined]).all()
    assert (rows["harm_until_day"][joined, harm] == np.inf).all()


def test_major_dysfunction_comes_more_often_after_radiotherapy_leak_and_stoma_and_low_down(simulated):
    few_stomas = (
        "harm.closure_probability=1",
        "cohort.diverting_stoma_share=0.5",
        "surgery.leak_probability=0.3",
    )
    rows = resected(simulated(*few_stomas, patients=6000))
    rows = rows[rows["anastomosis"]]
    treated = resected(simulated(*few_stomas, policy="short_course+for_everyone", patients=6000))
    treated = treated[treated["anastomosis"]]
    for harm in BOWEL:
        assert has(treated, harm).mean() > has(rows, harm).mean() + 0.1
    bad = has(rows, Harm.MAJOR_BOWEL_DYSFUNCTION)
    assert bad[rows["leaked"]].mean() > bad[~rows["leaked"]].mean() + 0.05
    assert bad[rows["diverting_stoma"]].mean() > bad[~rows["diverting_stoma"]].mean() + 0.05
    high = rows["height_above_verge_cm"] > 10.0
    assert bad[~high].mean() > bad[high].mean() + 0.05


def test_an_irradiated_rectum_that_is_kept_has_a_function_of_its_own(simulated):
    own = certain("organ_bowel_dysfunction", "organ_incontinence")
    rows = simulated(*own, policy=WATCH)
    kept = came(rows, "watch_from_day") & ~came(rows, "operated_day") & ~came(rows, "uncontrolled_day")
    assert kept.sum() > 200
    for harm in BOWEL:
        assert (rows["harm_from_day"][kept, harm] == rows["watch_from_day"][kept]).all()
        assert (rows["harm_until_day"][kept, harm] == np.inf).all()
    # A rectum that is taken out at the planned day never had it; one that is taken out later, until then.
    none_after = ("harm.bowel_dysfunction_probability=0", "harm.incontinence_probability=0")
    rows = resected(simulated(*own, *none_after, policy=WATCH))
    watched = came(rows, "watch_from_day")
    assert watched.sum() > 20
    for harm in BOWEL:
        assert np.array_equal(has(rows, harm), watched)
        assert (rows["harm_until_day"][watched, harm] == rows["operated_day"][watched]).all()
    excised = simulated(*own, policy="local_excision_t2")
    kept = came(excised, "watch_from_day") & ~came(excised, "operated_day")
    assert kept.sum() > 20 and not has(excised, BOWEL[0])[kept].any()  # never irradiated


# Nerves


def test_dissection_harms_by_the_side(simulated):
    strong = (
        "harm.urinary_dissected_side_odds_ratio=3",
        "harm.sexual_dissected_side_odds_ratio=3",
        "harm.morbidity_dissected_side_odds_ratio=3",
        "harm.urinary_dysfunction_probability=0.1",
        "harm.sexual_dysfunction_men_probability=0.1",
        "harm.sexual_dysfunction_women_probability=0.1",
    )
    sides = {}
    for policy in ("tme_alone", "lateral_before_5mm", "lateral_before_5mm+lateral_both_sides"):
        sides[policy] = simulated(*strong, policy=policy, patients=6000)
    alone, affected, both = sides.values()
    one = (affected["dissected"].sum(axis=1) == 1) & (both["dissected"].sum(axis=1) == 2)
    one &= came(alone, "operated_day")
    assert one.sum() > 300
    for harm in (Harm.URINARY_DYSFUNCTION, Harm.SEXUAL_DYSFUNCTION, Harm.SEVERE_MORBIDITY):
        shares = [has(rows[one], harm).mean() for rows in sides.values()]
        assert shares[0] + 0.03 < shares[1] < shares[2] - 0.03, harm.name
        spared = (
            (affected["dissected"].sum(axis=1) == 0)
            & ~came(alone, "salvage_day")
            & ~came(affected, "salvage_day")
        )
        assert np.array_equal(has(affected, harm)[spared], has(alone, harm)[spared])
    neutral = simulated(
        *(f"harm.{name}=1" for name in PARAMETERS if "dissected_side" in name), policy="lateral_before_5mm"
    )
    usual = simulated()
    both_resected = (
        came(neutral, "operated_day") & ~came(neutral, "salvage_day") & ~came(usual, "salvage_day")
    )
    for harm in (Harm.URINARY_DYSFUNCTION, Harm.SEXUAL_DYSFUNCTION, Harm.SEVERE_MORBIDITY):
        assert np.array_equal(has(neutral, harm)[both_resected], has(usual, harm)[both_resected]), harm.name


def test_sexual_function_is_lost_by_men_and_women_apart(simulated):
    rows = resected(
        simulated("harm.sexual_dysfunction_women_probability=0", *certain("sexual_dysfunction_men"))
    )
    assert np.array_equal(has(rows, Harm.SEXUAL_DYSFUNCTION), ~rows["female"])
    rows = resected(
        simulated("harm.sexual_dysfunction_men_probability=0", *certain("sexual_dysfunction_women"))
    )
    assert np.array_equal(has(rows, Harm.SEXUAL_DYSFUNCTION), rows["female"])


def test_excision_of_the_perineum_and_radiotherapy_cost_function(simulated):
    rows = resected(simulated(patients=6000))
    perineal = rows["operation"] == Operation.ABDOMINOPERINEAL_RESECTION
    for harm in (Harm.URINARY_DYSFUNCTION, Harm.SEXUAL_DYSFUNCTION):
        assert has(rows, harm)[perineal].mean() > has(rows, harm)[~perineal].mean() + 0.02
    alone, treated = simulated(), simulated(policy="short_course+for_everyone")
    for rows in (alone, treated):
        assert (rows["harm_until_day"][:, Harm.SEXUAL_DYSFUNCTION] == np.inf).all()  # it lasts
    more = has(treated, Harm.SEXUAL_DYSFUNCTION).mean() - has(alone, Harm.SEXUAL_DYSFUNCTION).mean()
    assert more > 0.04


# Morbidity


def test_severe_morbidity_follows_leak_unfitness_and_emergency_and_reoperation_is_a_share_of_it(simulated):
    rows = resected(simulated("surgery.leak_probability=0.3", patients=6000))
    severe, again = has(rows, Harm.SEVERE_MORBIDITY), has(rows, Harm.REOPERATION)
    assert not (again & ~severe).any() and 0.2 < again[severe].mean() < 0.8
    assert severe[rows["leaked"]].mean() > 0.7 and severe[~rows["leaked"]].mean() < 0.2
    intact = rows[~rows["leaked"]]
    severe = has(intact, Harm.SEVERE_MORBIDITY)
    assert severe[intact["unfit"]].mean() > severe[~intact["unfit"]].mean()
    days = intact["harm_until_day"] - intact["operated_day"][:, None]
    assert days[severe, Harm.SEVERE_MORBIDITY] == pytest.approx(PARAMETERS["morbidity_days"])
    late = resected(simulated("pathway.meeting_to_surgery_days=365"))
    severe = has(late, Harm.SEVERE_MORBIDITY)
    urgent = late["emergency"] & ~late["leaked"]
    assert severe[urgent].mean() > 1.3 * severe[~late["emergency"] & ~late["leaked"]].mean()


@pytest.mark.parametrize("share", [0, 1])
def test_a_reoperation_is_never_or_always_part_of_severe_morbidity(simulated, share):
    rows = resected(
        simulated(f"harm.reoperation_probability={share}", f"harm.leak_reoperation_probability={share}")
    )
    severe = has(rows, Harm.SEVERE_MORBIDITY)
    assert severe.sum() > 200
    assert np.array_equal(has(rows, Harm.REOPERATION), severe if share else np.zeros_like(severe))


# Late


def test_fractures_and_second_cancers_come_to_the_irradiated_alone(simulated):
    sure = certain("fracture", "second_cancer")
    rows = simulated(*sure, policy="short_course")
    for harm in (Harm.PELVIC_FRACTURE, Harm.SECOND_CANCER):
        assert np.array_equal(has(rows, harm), rows["irradiated"])
    treated = rows[rows["irradiated"]]
    assert (treated["harm_until_day"][:, Harm.SECOND_CANCER] == np.inf).all()
    years = (treated["harm_from_day"][:, Harm.SECOND_CANCER] - treated["diagnosed_day"]) / YEAR_DAYS
    first, over = PARAMETERS["second_cancer_from_years"], PARAMETERS["second_cancer_over_years"]
    assert years.min() > first and years.max() < first + over + 1 and years.max() - years.min() > 0.9 * over
    after = simulated(*sure, policy="postoperative_chemoradiotherapy")
    assert after["postoperatively_irradiated"].sum() > 50
    assert np.array_equal(has(after, Harm.SECOND_CANCER), after["irradiated"])


def test_a_second_cancer_kills_the_share_that_it_says_after_its_time_and_nobody_else(simulated):
    words = (*certain("second_cancer"), "harm.second_cancer_death_sigma=1e-9")
    spared, struck = (
        simulated(
            *words,
            "harm.second_cancer_death_median_days=400",
            f"harm.second_cancer_death_probability={share}",
            policy="short_course",
            years=80,
        )
        for share in (0, 0.3)
    )
    due = struck["harm_from_day"][:, Harm.SECOND_CANCER] + 400
    at_risk = struck["irradiated"] & (spared["death_day"] > due)
    killed = struck["death_day"] != spared["death_day"]
    assert not killed[~at_risk].any()
    assert killed[at_risk].mean() == pytest.approx(0.3, abs=4 * np.sqrt(0.3 * 0.7 / at_risk.sum()))
    assert struck["death_day"][killed] == pytest.approx(due[killed], abs=0.01)
    assert (struck["death_cause"][killed] == Cause.OTHER).all()


def test_fractures_are_womens_and_the_olds(simulated):
    rows = simulated("harm.fracture_probability=0.1", policy="short_course+for_everyone", patients=6000)
    rows = rows[rows["regimen"] == Regimen.SHORT_COURSE]
    broken, old = has(rows, Harm.PELVIC_FRACTURE), rows["age_years"] >= 65
    assert broken[rows["female"]].mean() > 1.8 * broken[~rows["female"]].mean()
    assert broken[old].mean() > 1.3 * broken[~old].mean()


def test_the_bowel_obstructs_after_an_operation_and_more_often_where_it_was_irradiated(simulated):
    rows = simulated(*certain("obstruction"))
    assert np.array_equal(has(rows, Harm.BOWEL_OBSTRUCTION), came(rows, "operated_day"))
    operated = resected(rows)
    assert (operated["harm_from_day"][:, Harm.BOWEL_OBSTRUCTION] > operated["operated_day"]).all()
    usual, treated = (resected(simulated(policy=name)) for name in ("tme_alone", "short_course+for_everyone"))
    assert has(treated, Harm.BOWEL_OBSTRUCTION).mean() > 1.2 * has(usual, Harm.BOWEL_OBSTRUCTION).mean()


def test_keeping_the_organ_spares_stomas_and_the_harm_of_the_operation(simulated):
    operated, kept = (simulated(policy=name) for name in (WATCH.removesuffix("+organ_preservation"), WATCH))
    for harm in (*STOMAS, Harm.SEVERE_MORBIDITY, Harm.URINARY_DYSFUNCTION, Harm.BOWEL_OBSTRUCTION):
        assert has(kept, harm).sum() < has(operated, harm).sum(), harm.name
    assert np.array_equal(has(kept, Harm.SECOND_CANCER), has(operated, Harm.SECOND_CANCER))
