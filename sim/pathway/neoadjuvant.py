"""Plan and neoadjuvant treatment: who is operated on, who is irradiated, and what it does before surgery."""

import numpy as np

from sim.compiled import Record, compiled
from sim.distributions import happens, on_grid, with_odds
from sim.events import Event
from sim.fitness import odds_by_age_and_fitness
from sim.pathway.harm import begin, harm_of_irradiated_organ, late_harm_of_radiotherapy
from sim.pathway.metastasis import treat_occult_metastasis
from sim.pathway.organ_preservation import assess, excises_first
from sim.pathway.primary import hold_primary
from sim.pathway.response import book_response, respond
from sim.pathway.surgery import book_resection
from sim.patient import Cost, Harm, TStage
from sim.policy import Adherence, NeoadjuvantFor, OrganPreservation, Regimen
from sim.uses import charge, give_chemotherapy, irradiate, scan_by_mri


@compiled
def offered(patient: Record, world: Record) -> bool:
    """Return whether the policy offers this patient neoadjuvant treatment, on what MRI shows."""
    policy = world.policy
    if policy.neoadjuvant_for == NeoadjuvantFor.EVERYONE:
        return True
    if policy.organ_preservation == OrganPreservation.PLANNED and is_early(patient, world):
        return True
    if policy.neoadjuvant_for == NeoadjuvantFor.HIGH_RISK:
        return patient.high_risk
    return patient.ct >= TStage.T3AB or patient.cn > 0


@compiled
def is_early(patient: Record, world: Record) -> bool:
    """Return whether the tumour is early and within reach: what is treated in order to preserve the organ."""
    low = patient.height_above_verge_cm <= world.organ_preservation.within_reach_up_to_cm
    return low and patient.ct <= TStage.T3AB and patient.cn == 0 and not patient.fascia_threatened


@compiled
def will_not_be_resected(patient: Record, u: float, world: Record) -> bool:
    """Return whether the patient is never operated on, for age, fitness or by refusal."""
    cohort = world.cohort
    if cohort.unresected_share == 0.0:
        return False
    odds = odds_by_age_and_fitness(
        patient,
        cohort.age_mean_years,
        cohort.unresected_log_odds_per_year,
        cohort.unresected_unfit_odds_ratio,
    )
    return happens(u, cohort.unresected_share, odds)


@compiled
def is_omitted(patient: Record, u: float, world: Record) -> bool:
    """Return whether treatment that is offered is not given, by age and fitness, as the hospitals do.

    The same patients go without it under every policy that offers it.
    """
    if world.policy.adherence == Adherence.FULL:
        return False
    cohort = world.cohort
    odds = odds_by_age_and_fitness(
        patient, cohort.age_mean_years, cohort.treated_log_odds_per_year, cohort.treated_unfit_odds_ratio
    )
    return not happens(u, cohort.treated_share, odds)


@compiled
def suffer_toxicity(patient: Record, u: float, world: Record, now: float) -> None:
    """Treatment begins: severe toxicity of some, whose treatment is stopped as often as the hospitals do.

    The studies that the effect of a regimen is from had stopped treatments too: this is what is beyond them.
    """
    harm = world.harm
    probability = harm.toxicity_probability[patient.regimen]
    if patient.unfit:
        probability = with_odds(probability, harm.toxicity_unfit_odds_ratio)
    if u >= probability:
        return
    begin(patient, Harm.SEVERE_TOXICITY, now, now + on_grid(harm.toxicity_days))
    usual = world.policy.adherence == Adherence.USUAL
    patient.treatment_stopped = usual and u < probability * world.cohort.stopped_for_toxicity_share


@compiled
def plan(patient: Record, luck: Record, world: Record, now: float) -> None:
    """Team meeting: the policy chooses the regimen; surgery follows, or the treatment before it."""
    policy = world.policy
    patient.regimen = Regimen.NONE
    surgery_day = now + on_grid(world.pathway.meeting_to_surgery_days)
    radiotherapy_day = now + on_grid(world.pathway.meeting_to_radiotherapy_days)
    if will_not_be_resected(patient, luck.unresected, world):
        patient.never_resected = True
        patient.uncontrolled_day = now
        if luck.palliative_radiotherapy < world.cohort.unresected_irradiated_share:
            patient.regimen = Regimen.SHORT_COURSE_DELAYED
            patient.agenda[Event.NEOADJUVANT] = radiotherapy_day
    elif excises_first(patient, world):
        patient.agenda[Event.LOCAL_EXCISION] = surgery_day
    elif policy.neoadjuvant == Regimen.NONE or not offered(patient, world):
        book_resection(patient, luck, world, surgery_day)
    elif is_omitted(patient, luck.adherence, world):
        patient.treatment_omitted = True
        book_resection(patient, luck, world, surgery_day)
    else:
        patient.regimen = policy.neoadjuvant
        largest = max(patient.lateral_mm[0], patient.lateral_mm[1])
        patient.boosted = policy.lateral_boost and largest >= policy.lateral_threshold_mm
        patient.contact_boosted = policy.contact_boost and is_early(patient, world)
        patient.agenda[Event.NEOADJUVANT] = radiotherapy_day


@compiled
def treat(patient: Record, luck: Record, world: Record, now: float) -> None:
    """Start of neoadjuvant treatment; restaging where the interval allows it, then resection."""
    neoadjuvant = world.neoadjuvant
    regimen = patient.regimen
    patient.irradiated = True
    suffer_toxicity(patient, luck.toxicity, world, now)
    given = neoadjuvant.stopped_dose_share if patient.treatment_stopped else 1.0
    irradiate(patient, world, Cost.NEOADJUVANT, given * neoadjuvant.fractions_count[regimen], now)
    economics = world.economics
    if regimen == Regimen.TOTAL_NEOADJUVANT:
        price = given * economics.total_neoadjuvant_chemotherapy_price
        give_chemotherapy(patient, world, Cost.NEOADJUVANT, price, now)
    elif regimen == Regimen.CHEMORADIOTHERAPY:
        charge(patient, world, Cost.NEOADJUVANT, given * economics.concurrent_chemotherapy_price, 0.0, now)
    if patient.contact_boosted:
        charge(patient, world, Cost.NEOADJUVANT, economics.contact_boost_price, 3.0, now)
    duration = neoadjuvant.duration_days[regimen] + 7.0 * neoadjuvant.interval_weeks[regimen]
    planned_day = now + on_grid(duration)
    at_once = regimen == Regimen.SHORT_COURSE  # no restaging: it is operated on within days
    looked_at_day = planned_day
    if not at_once:
        looked_at_day = now + on_grid(max(duration - world.pathway.restaging_to_surgery_days, 0.0))
    book_response(patient, luck, world, looked_at_day, planned_day)
    hold_primary(patient, world, now, planned_day)
    late_harm_of_radiotherapy(patient, luck, world, now)
    if patient.never_resected:
        harm_of_irradiated_organ(patient, luck, world, planned_day)
        patient.treated_until_day = planned_day
        cleared = patient.primary_cleared_day < np.inf
        if cleared or patient.agenda[Event.PRIMARY_PROGRESSION] < np.inf:
            patient.uncontrolled_day = np.inf  # until it grows again
    elif at_once:
        respond(patient, luck, world, planned_day)
        book_resection(patient, luck, world, planned_day)
    else:
        patient.agenda[Event.RESTAGING_MRI] = looked_at_day


@compiled
def restage(patient: Record, luck: Record, world: Record, now: float) -> None:
    """Restaging MRI after treatment: the response is read, and the organ kept or the resection booked."""
    scan_by_mri(patient, world, Cost.NEOADJUVANT, now)
    if patient.regimen == Regimen.TOTAL_NEOADJUVANT and not patient.treatment_stopped:
        treat_occult_metastasis(patient, luck, world.neoadjuvant.total_neoadjuvant_metastasis_odds_ratio)
    assess(patient, luck, world, now)
