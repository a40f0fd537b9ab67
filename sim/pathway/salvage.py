"""Treatment of a recurrence: intent, preparation, the joint operation, its margin and what comes after."""

import math

import numpy as np

from sim.compiled import Record, compiled
from sim.distributions import lognormal, on_grid, with_odds
from sim.events import Event
from sim.pathway.harm import harm_of_salvage
from sim.pathway.metastasis import disseminate, find_metastasis, stop_dissemination, treatment_odds
from sim.pathway.mortality import operative_odds
from sim.pathway.recurrence import course_ratio, hold_growth
from sim.patient import Compartment, Cost, FoundBy, Margin, Operation, Procedure, Specialty
from sim.pelvis import ANTERIOR, LATERAL, PERINEAL, PERITONEAL, POSTERIOR, count_compartments
from sim.policy import RecurrenceCentre
from sim.uses import charge, give_chemotherapy, irradiate, scan_by_ct, scan_by_mri, use_theatre

# The places of site_curative_odds_ratio, in its order: both sides are one, the peritoneum is never resected.
SITES = (
    (Compartment.CENTRAL, Compartment.PERITONEAL),
    (Compartment.ANTERIOR,),
    (Compartment.POSTERIOR,),
    (Compartment.LATERAL_LEFT, Compartment.LATERAL_RIGHT),
    (Compartment.PERINEAL,),
)
SITE = np.array([next(k for k, site in enumerate(SITES) if place in site) for place in Compartment])


@compiled
def curative_probability(patient: Record, world: Record) -> float:
    """Return the probability of curative intent.

    What has grown beyond resection elsewhere is sometimes resectable in an expert centre; peritoneal
    carcinomatosis is nowhere.
    """
    salvage = world.salvage
    odds = 1.0
    if patient.unresectable:
        if not patient.expert_centre or patient.recurrence_compartments & PERITONEAL:
            return 0.0
        odds *= salvage.grown_curative_odds_ratio
    if patient.age_years >= salvage.old_from_years:
        odds *= salvage.old_curative_odds_ratio
    if patient.unfit:
        odds *= salvage.unfit_curative_odds_ratio
    if patient.operation == Operation.ABDOMINOPERINEAL_RESECTION:
        odds *= salvage.apr_curative_odds_ratio
    if patient.found_by == FoundBy.SYMPTOMS:
        odds *= salvage.symptoms_curative_odds_ratio
    odds *= salvage.site_curative_odds_ratio[SITE[patient.recurrence_compartment]]
    if patient.synchronous_metastasis:
        odds *= salvage.metastasis_curative_odds_ratio
    if patient.expert_centre:
        odds *= salvage.expert_curative_odds_ratio
    return with_odds(salvage.curative_probability, odds)


@compiled
def _restage(patient: Record, luck: Record, world: Record, now: float) -> None:
    """MRI and CT. Metastases are seen or missed at every restaging alike: one uniform, their conspicuity."""
    scan_by_mri(patient, world, Cost.SALVAGE, now)
    scan_by_ct(patient, world, Cost.SALVAGE, now)
    if patient.metastasis_onset_day <= now and luck.restaging < world.detection.restaging_distant_sensitivity:
        find_metastasis(patient, luck, world, FoundBy.VISIT, now)


@compiled
def palliate(patient: Record, luck: Record, world: Record, now: float) -> None:
    """Treatment without curative intent, of the young and fit rather: the recurrence kills later."""
    recurrence = world.recurrence
    odds = treatment_odds(patient, world)
    if luck.palliative_treatment >= with_odds(recurrence.palliative_treatment_probability, odds):
        return
    patient.recurrence_palliated = True
    charge(patient, world, Cost.PALLIATION, world.economics.palliative_treatment_price, 0.0, now)
    left = patient.agenda[Event.DEATH_RECURRENCE] - now  # infinite until there are symptoms
    patient.agenda[Event.DEATH_RECURRENCE] = now + on_grid(left * recurrence.palliative_survival_ratio)


@compiled
def meet(patient: Record, luck: Record, world: Record, now: float) -> None:
    """Restaging and team meeting: intent, and the preparation before a salvage resection."""
    policy = world.policy
    charge(patient, world, Cost.SALVAGE, world.economics.recurrence_work_up_price, 1.0, now)
    _restage(patient, luck, world, now)
    patient.synchronous_metastasis = patient.metastasis_found_day <= now
    patient.expert_centre = policy.recurrence_centre == RecurrenceCentre.EXPERT
    if luck.intent >= curative_probability(patient, world):
        palliate(patient, luck, world, now)
        return
    patient.curative_intent = True
    patient.unresectable = False
    patient.salvage_induction = policy.recurrence_induction_chemotherapy
    patient.salvage_irradiated = policy.recurrence_reirradiation or not patient.irradiated
    day = now + on_grid(world.pathway.recurrence_meeting_to_treatment_days)
    if patient.salvage_induction or patient.salvage_irradiated:
        patient.agenda[Event.SALVAGE_TREATMENT] = day
    else:
        patient.agenda[Event.SALVAGE_RESECTION] = day


@compiled
def prepare(patient: Record, luck: Record, world: Record, now: float) -> None:
    """Induction chemotherapy and (re)irradiation before the salvage resection."""
    salvage = world.salvage
    days = 0.0
    if patient.salvage_induction:
        price = world.economics.induction_chemotherapy_price
        give_chemotherapy(patient, world, Cost.SALVAGE, price, now)
        days += salvage.induction_days
    if patient.salvage_irradiated:
        fractions = (
            salvage.reirradiation_fractions_count
            if patient.irradiated
            else salvage.full_course_fractions_count
        )
        irradiate(patient, world, Cost.SALVAGE, fractions, now)
        days += fractions * 7.0 / 5.0 + 7.0 * salvage.irradiation_to_surgery_weeks
    hold_growth(patient, on_grid(days * salvage.growth_held_share))
    patient.agenda[Event.SALVAGE_RESECTION] = now + on_grid(days)


@compiled
def procedure(compartments: int) -> int:
    """Return the operation that takes these compartments out."""
    several = count_compartments(compartments) > 1
    if compartments & POSTERIOR and several:
        return Procedure.ABDOMINOSACRAL
    if compartments & ANTERIOR:
        return Procedure.EXENTERATION
    if compartments & LATERAL:
        return Procedure.SIDEWALL
    if compartments & PERINEAL:
        return Procedure.PERINEAL
    return Procedure.CENTRAL_RESECTION


@compiled
def specialties(compartments: int, operation: int, female: bool) -> int:
    """Return the bit mask of teams that an en-bloc resection and its reconstruction need."""
    teams = 1 << Specialty.COLORECTAL
    if compartments & (ANTERIOR | LATERAL):
        teams |= 1 << Specialty.UROLOGY
    if compartments & ANTERIOR and female:
        teams |= 1 << Specialty.GYNAECOLOGY
    if (
        compartments & PERINEAL
        or operation == Procedure.EXENTERATION
        or operation == Procedure.ABDOMINOSACRAL
    ):
        teams |= 1 << Specialty.PLASTIC
    if operation == Procedure.ABDOMINOSACRAL:
        teams |= 1 << Specialty.ORTHOPAEDIC
    if compartments & LATERAL:
        teams |= 1 << Specialty.VASCULAR
    return teams


@compiled
def margin(patient: Record, u: float, world: Record) -> int:
    """Return the margin of the salvage resection, by extent, side wall, symptoms, preparation and centre."""
    salvage = world.salvage
    compartments = patient.recurrence_compartments
    odds = salvage.further_compartment_r0_odds_ratio ** (count_compartments(compartments) - 1)
    if compartments & LATERAL:
        odds *= salvage.lateral_r0_odds_ratio
    if patient.found_by == FoundBy.SYMPTOMS:
        odds *= salvage.symptoms_r0_odds_ratio
    if patient.salvage_irradiated:
        odds *= salvage.irradiated_r0_odds_ratio
    if patient.salvage_induction:
        odds *= salvage.induction_r0_odds_ratio
    if patient.expert_centre:
        odds *= salvage.expert_r0_odds_ratio
    odds *= math.exp(-salvage.aggressiveness_log_odds_per_sd * patient.aggressiveness)
    r0 = with_odds(salvage.r0_probability, odds)
    if u < r0:
        return Margin.R0
    return Margin.R1 if u < r0 + (1.0 - r0) * salvage.r1_of_not_r0_share else Margin.R2


@compiled
def operate(patient: Record, luck: Record, world: Record, now: float) -> None:
    """Salvage resection, unless restaging after preparation or exploration speaks against it.

    Restaging shows metastases; either may show that the pelvis cannot be cleared, most often where it cannot.
    """
    salvage = world.salvage
    if patient.salvage_induction or patient.salvage_irradiated:
        known = patient.metastasis_found_day <= now
        _restage(patient, luck, world, now)
        if not known and patient.metastasis_found_day <= now:
            return
    result = margin(patient, luck.salvage_margin, world)
    odds = salvage.r2_abandoned_odds_ratio if result == Margin.R2 else 1.0
    if luck.salvage_abandoned < with_odds(salvage.abandoned_probability, odds):
        return
    compartments = patient.recurrence_compartments
    patient.salvage_day = now
    patient.salvage_procedure = procedure(compartments)
    patient.salvage_specialties = specialties(compartments, patient.salvage_procedure, patient.female)
    patient.salvage_margin = result
    economics = world.economics
    use_theatre(
        patient,
        world,
        Cost.SALVAGE,
        salvage.operation_minutes[patient.salvage_procedure],
        economics.salvage_ward_days[patient.salvage_procedure],
        economics.salvage_intensive_care_days[patient.salvage_procedure],
        economics.salvage_materials_price,
        now,
    )
    patient.salvage_complication = (
        luck.salvage_complication < salvage.complication_probability[patient.salvage_procedure]
    )
    harm_of_salvage(patient, world, now)
    for event in (Event.RECURRENCE_SYMPTOMS, Event.RECURRENCE_PROGRESSION, Event.DEATH_RECURRENCE):
        patient.agenda[event] = np.inf
    _after_margin(patient, luck, world, now)
    odds = operative_odds(patient, world)
    if patient.expert_centre:
        odds *= salvage.expert_death_odds_ratio
    death = with_odds(salvage.death_probability, odds)
    if luck.salvage_death < death:
        patient.agenda[Event.DEATH_OPERATIVE] = now + on_grid(luck.salvage_death / death * salvage.death_days)


@compiled
def _after_margin(patient: Record, luck: Record, world: Record, now: float) -> None:
    """Book re-recurrence, metastasis or death by the margin: R2 leaves the recurrence where it was.

    What R2 left progresses on the way to the death that it brings.
    """
    salvage = world.salvage
    k = patient.salvage_margin - Margin.R0
    further = count_compartments(patient.recurrence_compartments) - 1
    relapse = salvage.further_compartment_relapse_odds_ratio**further
    if patient.found_by == FoundBy.SYMPTOMS:
        relapse *= salvage.symptoms_relapse_odds_ratio
    if patient.salvage_margin != Margin.R2:
        stop_dissemination(patient, luck, world)
    if patient.salvage_margin == Margin.R2:
        days = lognormal(luck.survival_recurrence, salvage.r2_survival_median_days, salvage.survival_sigma)
        days *= course_ratio(patient, world)
        patient.agenda[Event.DEATH_RECURRENCE] = now + on_grid(days)
        patient.agenda[Event.RERECURRENCE] = now + on_grid(days * salvage.r2_progression_share)
    elif luck.rerecurrence < with_odds(salvage.rerecurrence_probability[k], relapse):
        days = lognormal(luck.rerecurrence_day, salvage.rerecurrence_median_days, salvage.rerecurrence_sigma)
        patient.agenda[Event.RERECURRENCE] = now + on_grid(days)
    disseminate(
        patient,
        luck.salvage_metastasis,
        luck.salvage_metastasis_day,
        with_odds(salvage.metastasis_probability[k], relapse),
        salvage.metastasis_median_days,
        salvage.metastasis_sigma,
        now,
    )
