"""Resection of the primary: what was left behind, and what was moved."""

import math

from sim.compiled import Record, compiled
from sim.distributions import lognormal_of, on_grid, with_odds
from sim.events import Event
from sim.mechanisms.deposit import deposit_odds
from sim.mechanisms.exfoliation import seed_exfoliation
from sim.mechanisms.lateral_node import plan_dissection, seed_lateral_nodes
from sim.mechanisms.margin import seed_margins
from sim.mechanisms.mesorectum import seed_mesorectum
from sim.mechanisms.spillage import seed_spillage
from sim.pathway.harm import harm_of_resection
from sim.pathway.mortality import book_operative_death
from sim.pathway.primary import remove_primary
from sim.pathway.recurrence import book_next_onset
from sim.pathway.response import clear
from sim.patient import Cost, Operation, Plane, TStage
from sim.policy import OperationChoice, Use
from sim.uses import use_theatre


@compiled
def used(choice: int, u: float, usual_share: float) -> bool:
    """Return whether a measure is used: as a policy says, or as often as the cohort's hospitals do."""
    if choice == Use.ALWAYS:
        return True
    return choice == Use.USUAL and u < usual_share


@compiled
def choose_operation(patient: Record, luck: Record, world: Record) -> int:
    """Return the operation: the policy's, or tailored to height, fitness and how far the tumour reaches."""
    policy = world.policy
    cohort = world.cohort
    if policy.operation != OperationChoice.TAILORED:
        return policy.operation
    if patient.height_above_verge_cm <= cohort.apr_up_to_cm and luck.apr < cohort.apr_share:
        return Operation.ABDOMINOPERINEAL_RESECTION
    hartmann = cohort.hartmann_unfit_share if patient.unfit else cohort.hartmann_fit_share
    if patient.ct >= TStage.T3CD:
        hartmann = with_odds(hartmann, world.surgery.hartmann_advanced_odds_ratio)
    return Operation.HARTMANN if luck.hartmann < hartmann else Operation.LOW_ANTERIOR_RESECTION


@compiled
def quality_odds(world: Record, training_odds_ratio: float, centralised_odds_ratio: float) -> float:
    """Return the odds ratio that the policy's surgical quality levers give."""
    odds = 1.0
    if world.policy.surgical_training:
        odds *= training_odds_ratio
    if world.policy.centralisation:
        odds *= centralised_odds_ratio
    return odds


@compiled
def plane_of_surgery(patient: Record, u: float, world: Record) -> int:
    """Return the plane: mesorectal with the cohort's odds, times quality and the perineal phase.

    The share that the odds start from is that of resections without a perineal phase: with the cohort's
    others it gives the cohort's share.
    """
    surgery = world.surgery
    shares = world.cohort.plane_shares
    odds = quality_odds(world, surgery.trained_plane_odds_ratio, surgery.centralised_plane_odds_ratio)
    if patient.operation == Operation.ABDOMINOPERINEAL_RESECTION:
        odds *= surgery.apr_plane_odds_ratio
    if patient.emergency:
        odds *= world.primary.emergency_plane_odds_ratio
    mesorectal = with_odds(world.derived.abdominal_mesorectal_share, odds)
    if u < mesorectal:
        return Plane.MESORECTAL
    worse = shares[Plane.INTRAMESORECTAL] / (shares[Plane.INTRAMESORECTAL] + shares[Plane.MUSCULARIS])
    return Plane.INTRAMESORECTAL if u < mesorectal + (1.0 - mesorectal) * worse else Plane.MUSCULARIS


@compiled
def circumferential_margin_mm(patient: Record, z: float, world: Record) -> float:
    """Return the circumferential margin: the distance to the fascia less what the plane cut away.

    ``z``: a standard normal.
    """
    surgery = world.surgery
    lost = surgery.plane_loss_mm[patient.plane]
    if patient.operation == Operation.ABDOMINOPERINEAL_RESECTION:
        lost += surgery.apr_loss_mm
    margin = patient.fascia_distance_mm * math.exp(surgery.crm_sigma * z) - lost
    return min(max(margin, 0.0), patient.mesorectum_mm)


@compiled
def distal_margin_mm(patient: Record, z: float, world: Record) -> float:
    """Return the distal margin of a stapled rectum: at most what lies between the tumour and the verge.

    ``z``: a standard normal.
    """
    surgery = world.surgery
    low = patient.height_above_verge_cm < world.cohort.low_below_cm
    median = surgery.distal_margin_low_median_mm if low else surgery.distal_margin_median_mm
    return min(lognormal_of(z, median, surgery.distal_margin_sigma), 10.0 * patient.height_above_verge_cm)


@compiled
def perforation_probability(patient: Record, world: Record) -> float:
    """Return the probability of inadvertent perforation of tumour or bowel."""
    surgery = world.surgery
    odds = quality_odds(
        world, surgery.trained_perforation_odds_ratio, surgery.centralised_perforation_odds_ratio
    )
    if patient.operation == Operation.ABDOMINOPERINEAL_RESECTION:
        odds *= surgery.apr_perforation_odds_ratio
    if patient.age_years >= surgery.old_from_years:
        odds *= surgery.old_perforation_odds_ratio
    if patient.emergency:
        odds *= world.primary.emergency_perforation_odds_ratio
    odds *= world.cohort.perforation_odds_ratio
    return with_odds(surgery.perforation_probability, odds)


@compiled
def leak_odds(patient: Record, world: Record) -> float:
    """Return the odds ratio of a leak against a diverted, unirradiated man with a mid-rectal tumour."""
    surgery = world.surgery
    odds = quality_odds(world, 1.0, surgery.centralised_leak_odds_ratio)
    if patient.female:
        odds *= surgery.leak_female_odds_ratio
    if patient.height_above_verge_cm < surgery.leak_low_below_cm:
        odds *= surgery.leak_low_odds_ratio
    elif patient.height_above_verge_cm > surgery.leak_high_above_cm:
        odds *= surgery.leak_high_odds_ratio
    if patient.irradiated:
        odds *= surgery.leak_irradiated_odds_ratio
    if not patient.diverting_stoma:
        odds *= surgery.leak_undiverted_odds_ratio
    if world.policy.leak_prevention:
        odds *= surgery.leak_prevention_odds_ratio
    return odds


@compiled
def book_resection(patient: Record, luck: Record, world: Record, day: float) -> None:
    """Plan the operation, the sides to dissect and the theatre minutes of a resection due on a day."""
    surgery = world.surgery
    patient.operation = choose_operation(patient, luck, world)
    sides = plan_dissection(patient, world)
    minutes = surgery.resection_minutes[patient.operation] + sides * surgery.dissection_minutes_per_side
    patient.planned_minutes = minutes
    patient.agenda[Event.RESECTION] = day


@compiled
def resect(patient: Record, luck: Record, world: Record, now: float) -> None:
    """Total mesorectal excision, then the deposits that each mechanism leaves."""
    policy = world.policy
    surgery = world.surgery
    cohort = world.cohort
    remove_primary(patient)
    clear(patient, now)
    patient.operated_day = now
    patient.plane = plane_of_surgery(patient, luck.plane, world)
    patient.crm_mm = circumferential_margin_mm(patient, luck.crm, world)
    patient.crm_involved = patient.crm_mm <= surgery.involved_up_to_mm and not patient.complete_response
    patient.perforated = luck.perforation < perforation_probability(patient, world)
    patient.breached = patient.ct == TStage.T4A and not patient.complete_response
    stapled = patient.operation != Operation.ABDOMINOPERINEAL_RESECTION
    patient.anastomosis = patient.operation == Operation.LOW_ANTERIOR_RESECTION
    if stapled:
        patient.distal_margin_mm = distal_margin_mm(patient, luck.distal_margin, world)
        patient.washed_out = used(policy.washout, luck.washout, cohort.washout_share)
    if patient.anastomosis:
        patient.diverting_stoma = used(policy.diverting_stoma, luck.stoma, cohort.diverting_stoma_share)
        leaks = leak_odds(patient, world)
        patient.leaked = luck.leak < with_odds(surgery.leak_probability, leaks)
        occult = luck.occult_leak < with_odds(surgery.occult_leak_probability, leaks)
        patient.abscess = (patient.leaked or occult) and luck.abscess < surgery.abscess_after_leak_probability
    patient.pathological_stage = pathological_stage(patient)
    _charge_resection(patient, world, now)

    odds = deposit_odds(patient, world)
    seed_margins(patient, luck, world, odds, now)
    seed_mesorectum(patient, luck, world, odds, now)
    seed_lateral_nodes(patient, luck, world, odds, now)
    seed_exfoliation(patient, luck, world, odds, now)
    seed_spillage(patient, luck, world, odds, now)
    book_next_onset(patient)
    harm_of_resection(patient, luck, world, now)
    book_operative_death(patient, luck, world, now)
    patient.agenda[Event.PATHOLOGY] = now + on_grid(world.pathway.surgery_to_pathology_days)


@compiled
def _charge_resection(patient: Record, world: Record, now: float) -> None:
    """Theatre, stay and materials of a resection, and what an emergency or a leak adds."""
    economics = world.economics
    price = economics.resection_materials_price
    if patient.emergency:
        price += economics.emergency_resection_price
    if patient.leaked:
        price += economics.leak_price
    days = economics.resection_ward_days[patient.operation]
    use_theatre(patient, world, Cost.SURGERY, patient.planned_minutes, days, 0.0, price, now)


@compiled
def pathological_stage(patient: Record) -> int:
    """Return the stage of the specimen: 0 no tumour left, 1 to T2, 2 deeper, 3 nodes involved."""
    if patient.nodes > 0:
        return 3
    if patient.complete_response:
        return 0
    return 1 if patient.ct <= TStage.T2 else 2
