"""Diagnosis: who the patient is, what MRI will show, and what nobody can see."""

import math

from sim.compiled import Record, compiled
from sim.distributions import lognormal, lognormal_of, on_grid, pick, with_odds
from sim.events import Event
from sim.pathway.mortality import death_from_other_causes_day
from sim.patient import Cost, LateralSite, TStage
from sim.uses import charge, scan_by_mri


@compiled
def diagnose(patient: Record, luck: Record, world: Record, now: float) -> None:
    """Draw the traits of the cohort's next patient; book the staging MRI and the death from other causes."""
    cohort = world.cohort
    patient.diagnosed_day = now
    charge(patient, world, Cost.DIAGNOSIS, world.economics.diagnosis_price, 2.0, now)
    age = cohort.age_mean_years + cohort.age_sd_years * luck.age
    patient.age_years = min(max(age, cohort.age_min_years), cohort.age_max_years)
    patient.female = luck.sex < cohort.female_share
    older = patient.age_years - cohort.age_mean_years
    unfit_odds = math.exp(cohort.unfit_log_odds_per_year * older)
    patient.unfit = luck.fitness < with_odds(cohort.unfit_share, unfit_odds)
    patient.aggressiveness = luck.aggressiveness
    patient.radiosensitivity = luck.radiosensitivity

    patient.ct = pick(luck.t_stage, cohort.ct_shares)
    _place(patient, luck, cohort)
    n1 = cohort.n1_share[patient.ct]
    n2 = cohort.n2_share[patient.ct]
    patient.nodes = 2 if luck.nodes < n2 else (1 if luck.nodes < n1 + n2 else 0)
    patient.emvi = luck.emvi < cohort.emvi_share[patient.ct]
    patient.quadrant = pick(luck.quadrant, cohort.quadrant_shares)

    distance = lognormal_of(
        luck.fascia_distance, cohort.fascia_distance_median_mm[patient.ct], cohort.fascia_distance_sigma
    )
    if patient.height_above_verge_cm < cohort.low_below_cm:
        distance *= cohort.fascia_distance_low_ratio  # the mesorectum tapers towards the pelvic floor
    nearer = math.exp(-world.margin.fascia_distance_log_ratio_per_sd * patient.aggressiveness)
    nearer *= world.margin.fascia_distance_nodes_ratio[patient.nodes]
    thickness = world.anatomy.mesorectum_mm[patient.quadrant]
    if patient.height_above_verge_cm < cohort.low_below_cm:
        thickness *= world.anatomy.low_mesorectum_ratio
    patient.mesorectum_mm = thickness
    patient.fascia_distance_mm = min(distance * nearer, thickness)
    _lateral_nodes(patient, luck, world)

    day = death_from_other_causes_day(patient, luck.death_other, world)
    patient.agenda[Event.DEATH_OTHER] = now + on_grid(day)
    patient.agenda[Event.STAGING_MRI] = now + on_grid(world.pathway.diagnosis_to_mri_days)


@compiled
def _place(patient: Record, luck: Record, cohort: Record) -> None:
    """Height above the anal verge; a T4a tumour reaches the peritoneum, so it sits above the reflection."""
    bounds = cohort.height_bounds_cm
    band = pick(luck.height_band, cohort.height_shares)
    height = bounds[band] + luck.height * (bounds[band + 1] - bounds[band])
    if patient.ct == TStage.T4A and height < cohort.reflection_cm:
        height = cohort.reflection_cm + luck.height * (bounds[len(bounds) - 1] - cohort.reflection_cm)
    patient.height_above_verge_cm = height


@compiled
def read_mm(size_mm: float, world: Record) -> float:
    """Return the short axis of a lateral node as MRI reports it: 0 where none so small is reported."""
    return size_mm if size_mm >= world.cohort.lateral_node_seen_from_mm else 0.0


@compiled
def _lateral_nodes(patient: Record, luck: Record, world: Record) -> None:
    """The largest lateral node of each side: hidden involvement, then the size and fossa that MRI sees."""
    node = world.lateral_node
    odds = 1.0
    if patient.height_above_verge_cm > node.low_up_to_cm:
        odds *= node.high_tumour_odds_ratio
    if patient.ct <= TStage.T2:
        odds *= node.early_t_odds_ratio
    for side in range(2):
        involved = luck.lateral_involved[side] < with_odds(node.involved_probability[patient.nodes], odds)
        patient.lateral_involved[side] = involved
        size = 0.0
        if involved:
            size = lognormal(luck.lateral_size[side], node.involved_median_mm, node.involved_size_sigma)
        elif luck.lateral_visible[side] < node.benign_visible_probability:
            size = lognormal(luck.lateral_size[side], node.benign_median_mm, node.benign_size_sigma)
        size = min(size, world.anatomy.largest_lateral_node_mm)
        patient.lateral_size_mm[side] = size
        patient.lateral_mm[side] = read_mm(size, world)
        patient.lateral_residual_mm[side] = patient.lateral_mm[side]
        obturator = luck.lateral_site[side] < node.obturator_share
        patient.lateral_site[side] = LateralSite.OBTURATOR if obturator else LateralSite.INTERNAL_ILIAC


@compiled
def stage(patient: Record, luck: Record, world: Record, now: float) -> None:
    """Staging MRI: the reading of nodes and fascia, with its errors; then the team meeting."""
    staging = world.staging
    scan_by_mri(patient, world, Cost.DIAGNOSIS, now)
    if patient.nodes == 0:
        patient.cn = 0 if luck.node_reading < staging.node_specificity else 1
    else:
        patient.cn = patient.nodes if luck.node_reading < staging.node_sensitivity else 0
    read_mm = patient.fascia_distance_mm * math.exp(staging.fascia_reading_sigma * luck.fascia_reading)
    patient.fascia_reading_mm = read_mm
    patient.fascia_threatened = read_mm <= staging.threatened_mm
    largest = max(patient.lateral_mm[0], patient.lateral_mm[1])
    patient.high_risk = (
        patient.ct >= TStage.T3CD
        or patient.cn == 2
        or patient.emvi
        or patient.fascia_threatened
        or largest >= staging.enlarged_lateral_node_mm
    )
    patient.agenda[Event.TEAM_MEETING] = now + on_grid(world.pathway.mri_to_meeting_days)
