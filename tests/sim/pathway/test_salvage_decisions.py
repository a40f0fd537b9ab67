"""What a team decides about a recurrence, worked out by hand, with luck on either side of each decision."""

import math
from itertools import pairwise

import pytest
from helpers.by_hand import (
    ANTERIOR,
    APR,
    BELOW,
    CENTRAL,
    LAR,
    LEFT,
    NOW,
    PERINEAL,
    PERITONEAL,
    POSTERIOR,
    RIGHT,
    lognormal,
    luck,
    patient,
    with_odds,
    world,
)

from sim.events import Event
from sim.pathway import salvage
from sim.patient import FoundBy, Margin, Procedure, Specialty
from sim.pelvis import count_compartments
from sim.policy import RecurrenceCentre

NEVER = math.inf
# Numbers that differ from each other, so that one cannot stand for another.
NUMBERS = {
    "salvage.curative_probability": 0.6,
    "salvage.old_from_years": 80.0,
    "salvage.old_curative_odds_ratio": 0.21,
    "salvage.unfit_curative_odds_ratio": 0.32,
    "salvage.apr_curative_odds_ratio": 0.43,
    "salvage.symptoms_curative_odds_ratio": 0.54,
    "salvage.site_curative_odds_ratio": [1.0, 0.8, 0.5, 0.45, 0.7],
    "salvage.grown_curative_odds_ratio": 0.24,
    "salvage.metastasis_curative_odds_ratio": 0.13,
    "salvage.expert_curative_odds_ratio": 2.5,
    "salvage.induction_days": 84.0,
    "salvage.reirradiation_fractions_count": 15.0,
    "salvage.full_course_fractions_count": 25.0,
    "salvage.irradiation_to_surgery_weeks": 10.0,
    "salvage.growth_held_share": 0.75,
    "salvage.abandoned_probability": 0.2,
    "salvage.r2_abandoned_odds_ratio": 3.0,
    "salvage.r0_probability": 0.5,
    "salvage.further_compartment_r0_odds_ratio": 0.7,
    "salvage.lateral_r0_odds_ratio": 0.45,
    "salvage.symptoms_r0_odds_ratio": 0.6,
    "salvage.irradiated_r0_odds_ratio": 1.6,
    "salvage.induction_r0_odds_ratio": 1.2,
    "salvage.expert_r0_odds_ratio": 1.7,
    "salvage.aggressiveness_log_odds_per_sd": 0.4,
    "salvage.r1_of_not_r0_share": 0.75,
    "salvage.operation_minutes": [0.0, 270.0, 420.0, 480.0, 400.0, 300.0],
    "salvage.complication_probability": [0.0, 0.3, 0.5, 0.55, 0.45, 0.35],
    "salvage.death_probability": 0.1,
    "salvage.death_days": 60.0,
    "salvage.expert_death_odds_ratio": 0.5,
    "salvage.symptoms_relapse_odds_ratio": 1.5,
    "salvage.rerecurrence_probability": [0.25, 0.65, 1.0],
    "salvage.rerecurrence_median_days": 480.0,
    "salvage.rerecurrence_sigma": 0.8,
    "salvage.survival_sigma": 0.7,
    "salvage.r2_survival_median_days": 600.0,
    "salvage.r2_progression_share": 0.25,
    "salvage.metastasis_probability": [0.12, 0.32, 0.45],
    "salvage.metastasis_median_days": 400.0,
    "salvage.metastasis_sigma": 0.9,
    "recurrence.old_survival_time_ratio": 0.6,
    "recurrence.noncentral_survival_time_ratio": 0.9,
    "recurrence.dissemination_median_days": 110.0,
    "recurrence.dissemination_sigma": 0.9,
    "detection.restaging_distant_sensitivity": 0.9,
    "pathway.recurrence_meeting_to_treatment_days": 16.0,
    "mortality.operative_reference_age_years": 68.0,
    "mortality.operative_log_odds_per_year": 0.05,
    "mortality.operative_unfit_odds_ratio": 2.0,
}


def recurring(**fields):
    """A fit patient of 68 with a central recurrence after a low anterior resection, found at a visit."""
    plain = {
        "age_years": 68.0, "operation": LAR, "found_by": FoundBy.VISIT, "recurrence_route": 2,
        "recurrence_compartment": CENTRAL, "recurrence_compartments": 1 << CENTRAL,
        "recurrence_onset_day": NOW - 50.0, "recurrence_found_day": NOW - 20.0, "operated_day": 1.0,
    }  # fmt: skip
    return patient(**{**plain, **fields})


def mask(*places):
    return sum(1 << place for place in places)


# Intent


@pytest.mark.parametrize(
    ("fields", "odds"),
    [
        ({}, 1.0),
        ({"age_years": 79.99}, 1.0),
        ({"age_years": 80.0}, 0.21),
        ({"age_years": 90.0}, 0.21),
        ({"unfit": True}, 0.32),
        ({"operation": APR}, 0.43),
        ({"found_by": FoundBy.SYMPTOMS}, 0.54),
        ({"recurrence_compartment": ANTERIOR}, 0.8),
        ({"recurrence_compartment": POSTERIOR}, 0.5),
        ({"recurrence_compartment": LEFT}, 0.45),
        ({"recurrence_compartment": RIGHT}, 0.45),
        ({"recurrence_compartment": PERINEAL}, 0.7),
        ({"recurrence_compartment": PERITONEAL}, 1.0),
        ({"synchronous_metastasis": True}, 0.13),
        ({"expert_centre": True}, 2.5),
        ({"expert_centre": True, "unresectable": True}, 2.5 * 0.24),
        ({"unfit": True, "age_years": 85.0, "recurrence_compartment": ANTERIOR}, 0.32 * 0.21 * 0.8),
    ],
)
def test_intent_is_curative_with_these_odds(fields, odds):
    probability = salvage.curative_probability(recurring(**fields), world(NUMBERS))
    assert probability == pytest.approx(with_odds(0.6, odds))


def test_what_has_grown_is_resected_in_an_expert_centre_only_and_carcinomatosis_nowhere():
    grown = {"unresectable": True}
    spread = {
        "unresectable": True,
        "expert_centre": True,
        "recurrence_compartments": mask(CENTRAL, PERITONEAL),
    }
    for fields in (grown, spread):
        assert salvage.curative_probability(recurring(**fields), world(NUMBERS)) == 0.0


@pytest.mark.parametrize("centre", list(RecurrenceCentre))
@pytest.mark.parametrize("induction", [False, True])
@pytest.mark.parametrize("reirradiation", [False, True])
@pytest.mark.parametrize("irradiated", [False, True])
def test_the_meeting_plans_preparation_by_policy_and_by_earlier_radiotherapy(
    centre, induction, reirradiation, irradiated
):
    there = world({
        **NUMBERS,
        "policy.recurrence_centre": centre,
        "policy.recurrence_induction_chemotherapy": induction,
        "policy.recurrence_reirradiation": reirradiation,
    })  # fmt: skip
    row = recurring(irradiated=irradiated, mri_scans=4, ct_scans=7)
    expert = centre == RecurrenceCentre.EXPERT
    decided = with_odds(0.6, 2.5 if expert else 1.0)
    palliated = recurring(irradiated=irradiated, unresectable=False)
    salvage.meet(palliated, luck(intent=decided + BELOW), there, NOW)
    assert not palliated["curative_intent"] and palliated["expert_centre"] == expert
    assert palliated["agenda"][[Event.SALVAGE_TREATMENT, Event.SALVAGE_RESECTION]].min() == NEVER
    salvage.meet(row, luck(intent=decided - BELOW), there, NOW)
    assert row["curative_intent"] and row["expert_centre"] == expert
    assert (row["mri_scans"], row["ct_scans"]) == (5, 8)
    assert row["salvage_induction"] == induction
    assert row["salvage_irradiated"] == (reirradiation or not irradiated)
    prepared = induction or reirradiation or not irradiated
    due, other = (NOW + 16.0, NEVER) if prepared else (NEVER, NOW + 16.0)
    assert row["agenda"][Event.SALVAGE_TREATMENT] == due
    assert row["agenda"][Event.SALVAGE_RESECTION] == other


def test_luck_equal_to_the_probability_is_palliation_and_the_curative_are_resectable():
    there = world({**NUMBERS, "policy.recurrence_centre": RecurrenceCentre.EXPERT})
    row = recurring(unresectable=True)
    exactly = float(salvage.curative_probability(recurring(unresectable=True, expert_centre=True), there))
    salvage.meet(row, luck(intent=exactly), there, NOW)
    assert not row["curative_intent"] and row["unresectable"]
    salvage.meet(row, luck(intent=exactly - BELOW), there, NOW)
    assert row["curative_intent"] and not row["unresectable"]


@pytest.mark.parametrize(
    ("onset", "u", "found"),
    [(NOW - 1, 0.9 - BELOW, True), (NOW, 0.9 - BELOW, True), (NOW + 1, 0.0, False), (NOW - 1, 0.9, False)],
)
def test_restaging_sees_the_metastases_that_are_there_or_misses_them(onset, u, found):
    row = recurring(metastasis_onset_day=onset, metastasis_probability=0.5)
    row.agenda[Event.DEATH_METASTASIS] = NOW + 300.0
    salvage.meet(row, luck(restaging=u, intent=0.0), world(NUMBERS), NOW)
    assert row["synchronous_metastasis"] == found
    assert (row["metastasis_found_by"] == FoundBy.VISIT) == found
    assert row["metastasis_found_day"] == (NOW if found else NEVER)


@pytest.mark.parametrize(("found", "known"), [(NOW - 1, True), (NOW, True), (NOW + 1, False)])
def test_metastases_are_known_at_the_meeting_when_they_were_found_by_then(found, known):
    row = recurring(metastasis_found_day=found, metastasis_found_by=FoundBy.VISIT)
    salvage.meet(row, luck(), world(NUMBERS), NOW)
    assert row["synchronous_metastasis"] == known


# Preparation


@pytest.mark.parametrize("induction", [False, True])
@pytest.mark.parametrize("irradiation", [False, True])
@pytest.mark.parametrize(("irradiated", "fractions"), [(False, 25.0), (True, 15.0)])
def test_preparation_takes_its_time_and_holds_growth(induction, irradiation, irradiated, fractions):
    row = recurring(
        salvage_induction=induction,
        salvage_irradiated=irradiation,
        irradiated=irradiated,
        chemotherapy_courses=2,
        radiotherapy_courses=3,
        radiotherapy_fractions=7.0,
    )
    held = (Event.RECURRENCE_SYMPTOMS, Event.RECURRENCE_PROGRESSION, Event.DEATH_RECURRENCE)
    for k, event in enumerate(held):
        row.agenda[event] = 200.0 + k
    salvage.prepare(row, luck(), world(NUMBERS), NOW)
    days = 84.0 * induction + (fractions * 1.4 + 70.0) * irradiation
    assert row["agenda"][Event.SALVAGE_RESECTION] == pytest.approx(NOW + days, abs=1e-9)
    assert [row["agenda"][event] for event in held] == pytest.approx(
        [200.0 + k + 0.75 * days for k in range(3)]
    )
    assert row["chemotherapy_courses"] == 2 + induction
    assert row["radiotherapy_courses"] == 3 + irradiation
    assert row["radiotherapy_fractions"] == 7.0 + fractions * irradiation


# The operation


def expected_procedure(places):
    """The operation in the words of a surgeon."""
    if POSTERIOR in places and len(places) > 1:
        return Procedure.ABDOMINOSACRAL
    if ANTERIOR in places:
        return Procedure.EXENTERATION
    if LEFT in places or RIGHT in places:
        return Procedure.SIDEWALL
    return Procedure.PERINEAL if PERINEAL in places else Procedure.CENTRAL_RESECTION


def expected_teams(places, female):
    """The teams in the words of a planner."""
    operation = expected_procedure(places)
    side = LEFT in places or RIGHT in places
    teams = {
        Specialty.COLORECTAL: True,
        Specialty.UROLOGY: ANTERIOR in places or side,
        Specialty.GYNAECOLOGY: ANTERIOR in places and female,
        Specialty.PLASTIC: PERINEAL in places or operation.name in ("EXENTERATION", "ABDOMINOSACRAL"),
        Specialty.ORTHOPAEDIC: operation == Procedure.ABDOMINOSACRAL,
        Specialty.VASCULAR: side,
    }
    return sum(1 << team for team, needed in teams.items() if needed)


@pytest.mark.parametrize("female", [False, True])
def test_every_set_of_compartments_has_its_operation_and_its_teams(female):
    for compartments in range(1, 1 << 7):
        places = [place for place in range(7) if compartments >> place & 1]
        assert count_compartments(compartments) == len(places)
        operation = salvage.procedure(compartments)
        assert operation == expected_procedure(places)
        assert salvage.specialties(compartments, operation, female) == expected_teams(places, female)
    assert count_compartments(0) == 0


@pytest.mark.parametrize(
    ("fields", "odds"),
    [
        ({}, 1.0),
        ({"recurrence_compartments": mask(CENTRAL, ANTERIOR)}, 0.7),
        ({"recurrence_compartments": mask(CENTRAL, ANTERIOR, POSTERIOR)}, 0.49),
        ({"recurrence_compartments": mask(LEFT)}, 0.45),
        ({"recurrence_compartments": mask(CENTRAL, RIGHT)}, 0.45 * 0.7),
        ({"found_by": FoundBy.SYMPTOMS}, 0.6),
        ({"salvage_irradiated": True}, 1.6),
        ({"salvage_induction": True}, 1.2),
        ({"expert_centre": True}, 1.7),
        ({"aggressiveness": 1.5}, math.exp(-0.6)),
        (
            {"salvage_irradiated": True, "salvage_induction": True, "aggressiveness": -1.0},
            1.92 * math.exp(0.4),
        ),
    ],
)
def test_the_margin_is_clear_with_these_odds(fields, odds):
    row, there = recurring(**fields), world(NUMBERS)
    r0 = with_odds(0.5, odds)
    cuts = (0.0, r0, r0 + (1.0 - r0) * 0.75, 1.0)
    for result, (low, high) in zip((Margin.R0, Margin.R1, Margin.R2), pairwise(cuts), strict=True):
        assert salvage.margin(row, low + BELOW, there) == result
        assert salvage.margin(row, high - BELOW, there) == result


def test_luck_at_a_cut_is_the_worse_margin():
    there = world({**NUMBERS, "salvage.r0_probability": 0.5, "salvage.r1_of_not_r0_share": 0.5})
    row = recurring()
    assert [salvage.margin(row, u, there) for u in (0.5, 0.75)] == [Margin.R1, Margin.R2]


def operated(there=None, drawn=None, **fields):
    """A patient after the salvage resection, by default clear, without complication, relapse or death."""
    row = recurring(**fields)
    for event in (Event.RECURRENCE_SYMPTOMS, Event.RECURRENCE_PROGRESSION, Event.DEATH_RECURRENCE):
        row.agenda[event] = NOW + 1000.0
    safe = (
        "salvage_abandoned",
        "salvage_complication",
        "rerecurrence",
        "salvage_death",
        "salvage_metastasis",
    )
    drawn = {**dict.fromkeys((*safe, "restaging"), 0.999), "salvage_margin": 0.0, **(drawn or {})}
    salvage.operate(row, luck(**drawn), world({**NUMBERS, **(there or {})}), NOW)
    return row


def test_a_salvage_resection_is_noted_with_all_that_it_takes():
    row = operated(recurrence_compartments=mask(CENTRAL, ANTERIOR), female=True, theatre_minutes=250.0)
    assert row["salvage_day"] == NOW
    assert row["salvage_procedure"] == Procedure.EXENTERATION
    assert row["salvage_specialties"] == expected_teams([CENTRAL, ANTERIOR], female=True)
    assert row["salvage_margin"] == Margin.R0
    assert row["theatre_minutes"] == 670.0
    assert not row["salvage_complication"]
    assert row["agenda"].min() == NEVER  # the recurrence is out
    assert (row["mri_scans"], row["ct_scans"]) == (0, 0)


@pytest.mark.parametrize("plan", ["salvage_induction", "salvage_irradiated"])
def test_after_preparation_it_is_restaged_and_new_metastases_call_it_off(plan):
    there = {"onset": {"metastasis_onset_day": NOW - 1.0, "metastasis_probability": 0.5}}
    done = operated(**{plan: True})
    assert (done["mri_scans"], done["ct_scans"], done["salvage_day"]) == (1, 1, NOW)
    called_off = operated(drawn={"restaging": 0.0}, **{plan: True}, **there["onset"])
    assert (called_off["mri_scans"], called_off["ct_scans"]) == (1, 1)
    assert called_off["salvage_day"] == NEVER and called_off["salvage_margin"] == Margin.NONE
    unprepared = operated(drawn={"restaging": 0.0}, **there["onset"])
    assert unprepared["salvage_day"] == NOW
    for found in (NOW - 1.0, NOW):
        known = {"metastasis_found_day": found, "metastasis_found_by": FoundBy.VISIT}
        assert (
            operated(drawn={"restaging": 0.0}, **{plan: True}, **there["onset"], **known)["salvage_day"]
            == NOW
        )


@pytest.mark.parametrize(("u_margin", "odds"), [(0.0, 1.0), (0.6, 1.0), (0.999, 3.0)])
def test_it_is_abandoned_more_often_where_tumour_would_be_left(u_margin, odds):
    abandoned = with_odds(0.2, odds)
    for u, done in ((abandoned - BELOW, False), (abandoned + BELOW, True)):
        row = operated(drawn={"salvage_margin": u_margin, "salvage_abandoned": u})
        assert (row["salvage_day"] == NOW) == done
        assert row["theatre_minutes"] == (270.0 if done else 0.0)
    certain = {"salvage.abandoned_probability": 1.0}
    assert operated(certain, {"salvage_margin": u_margin, "salvage_abandoned": 1.0})["salvage_day"] == NOW


@pytest.mark.parametrize("places", [(CENTRAL,), (ANTERIOR,), (POSTERIOR, CENTRAL), (LEFT,), (PERINEAL,)])
def test_complications_follow_the_operation(places):
    probability = NUMBERS["salvage.complication_probability"][expected_procedure(places)]
    for u, complicated in ((probability - BELOW, True), (probability, False)):
        row = operated(drawn={"salvage_complication": u}, recurrence_compartments=mask(*places))
        assert row["salvage_complication"] == complicated


@pytest.mark.parametrize(
    ("fields", "odds"),
    [({}, 1.0), ({"age_years": 88.0}, math.exp(1.0)), ({"unfit": True}, 2.0), ({"expert_centre": True}, 0.5)],
)
def test_it_kills_with_these_odds_within_sixty_days_the_unluckiest_first(fields, odds):
    death = with_odds(0.1, odds)
    for share in (0.0, 0.25, 1.0 - BELOW):
        row = operated(drawn={"salvage_death": death * share}, **fields)
        assert row["agenda"][Event.DEATH_OPERATIVE] == pytest.approx(NOW + 60.0 * share, abs=1e-8)
    assert (
        operated(drawn={"salvage_death": death + BELOW}, **fields)["agenda"][Event.DEATH_OPERATIVE] == NEVER
    )
    certain = {"salvage.death_probability": 1.0}
    assert operated(certain, {"salvage_death": 1.0}, **fields)["agenda"][Event.DEATH_OPERATIVE] == NEVER


# What comes after it

CLEAR, CLOSE, LEFT_BEHIND = 0.0, 0.6, 0.999  # luck of the margin: R0, R1, R2


@pytest.mark.parametrize(("u_margin", "probability"), [(CLEAR, 0.25), (CLOSE, 0.65)])
@pytest.mark.parametrize(("found_by", "odds"), [(FoundBy.VISIT, 1.0), (FoundBy.SYMPTOMS, 1.5)])
def test_a_cleared_recurrence_comes_back_by_its_margin_and_symptoms(u_margin, probability, found_by, odds):
    there = {"salvage.symptoms_r0_odds_ratio": 1.0}
    returns = with_odds(probability, odds)
    drawn = {"salvage_margin": u_margin, "rerecurrence_day": 0.8}
    back = operated(there, {**drawn, "rerecurrence": returns - BELOW}, found_by=found_by)
    assert back["agenda"][Event.RERECURRENCE] == pytest.approx(NOW + lognormal(0.8, 480.0, 0.8))
    cured = operated(there, {**drawn, "rerecurrence": returns + BELOW}, found_by=found_by)
    assert cured["agenda"][Event.RERECURRENCE] == NEVER
    assert back["agenda"][Event.DEATH_RECURRENCE] == NEVER
    certain = {**there, "salvage.rerecurrence_probability": [1.0] * 3}
    last = operated(certain, {**drawn, "rerecurrence": 1.0}, found_by=found_by)
    assert last["agenda"][Event.RERECURRENCE] == NEVER


@pytest.mark.parametrize(
    ("fields", "ratio"),
    [({}, 1.0), ({"age_years": 80.0}, 0.6), ({"recurrence_compartment": ANTERIOR}, 0.9)],
)
def test_what_is_left_behind_progresses_and_kills(fields, ratio):
    drawn = {
        "salvage_margin": LEFT_BEHIND,
        "survival_recurrence": 0.3,
        "rerecurrence": 0.0,
        "rerecurrence_day": 0.9,
    }
    row = operated(None, drawn, **fields)
    days = lognormal(0.3, 600.0, 0.7) * ratio
    assert row["salvage_margin"] == Margin.R2
    assert row["agenda"][Event.DEATH_RECURRENCE] == pytest.approx(NOW + days)
    assert row["agenda"][Event.RERECURRENCE] == pytest.approx(NOW + 0.25 * days)


@pytest.mark.parametrize(("u_margin", "probability"), [(CLEAR, 0.12), (CLOSE, 0.32), (LEFT_BEHIND, 0.45)])
@pytest.mark.parametrize(("found_by", "odds"), [(FoundBy.VISIT, 1.0), (FoundBy.SYMPTOMS, 1.5)])
def test_metastases_follow_by_margin_and_symptoms(u_margin, probability, found_by, odds):
    there = {"salvage.symptoms_r0_odds_ratio": 1.0}
    drawn = {"salvage_margin": u_margin, "salvage_metastasis_day": 0.7}
    sown = with_odds(probability, odds)
    for u, comes in ((sown - BELOW, True), (sown + BELOW, False)):
        row = operated(there, {**drawn, "salvage_metastasis": u}, found_by=found_by)
        day = NOW + lognormal(0.7, 400.0, 0.9) if comes else NEVER
        assert row["agenda"][Event.METASTASIS_ONSET] == pytest.approx(day)


@pytest.mark.parametrize(("u_margin", "stops"), [(CLEAR, True), (CLOSE, True), (LEFT_BEHIND, False)])
def test_a_cleared_recurrence_sows_nothing_more(u_margin, stops):
    row = recurring()
    sown = NOW - 50.0 + lognormal(0.6, 110.0, 0.9)
    row.agenda[Event.METASTASIS_ONSET] = sown
    drawn = luck(salvage_margin=u_margin, dissemination_day=0.6, metastasis=0.999, salvage_abandoned=0.999,
                 rerecurrence=0.999, salvage_metastasis=0.999, salvage_death=0.999)  # fmt: skip
    salvage.operate(row, drawn, world(NUMBERS), NOW)
    assert row["salvage_day"] == NOW
    assert row["agenda"][Event.METASTASIS_ONSET] == (NEVER if stops else sown)
