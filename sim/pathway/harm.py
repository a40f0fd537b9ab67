"""Harm: what was done causes states with a beginning and an end. Each has a draw of its own, and no lever."""

import numpy as np

from sim.compiled import Record, compiled
from sim.distributions import happens, lognormal, lognormal_of, on_grid
from sim.events import Event
from sim.patient import YEAR_DAYS, Harm, Operation, Procedure


@compiled
def begin(patient: Record, harm: int, from_day: float, until_day: float) -> None:
    """A harm begins on a day and lasts until another; one that is there already keeps its beginning."""
    patient.harm_from_day[harm] = min(patient.harm_from_day[harm], from_day)
    patient.harm_until_day[harm] = until_day


@compiled
def end(patient: Record, harm: int, day: float) -> None:
    """A harm ends by a day; one that was to begin then or later never comes."""
    if patient.harm_from_day[harm] >= day:
        patient.harm_from_day[harm] = np.inf
        patient.harm_until_day[harm] = np.inf
    else:
        patient.harm_until_day[harm] = min(patient.harm_until_day[harm], day)


@compiled
def begin_stoma(patient: Record, now: float) -> None:
    """A permanent stoma is made: a diverting one is no more, and the bowel below has no function to lose."""
    begin(patient, Harm.PERMANENT_STOMA, now, np.inf)
    for harm in (Harm.TEMPORARY_STOMA, Harm.MAJOR_BOWEL_DYSFUNCTION, Harm.FAECAL_INCONTINENCE):
        end(patient, harm, now)


@compiled
def harm_of_irradiated_organ(patient: Record, luck: Record, world: Record, from_day: float) -> None:
    """The rectum is irradiated and stays: its function."""
    harm = world.harm
    if luck.bowel_dysfunction < harm.organ_bowel_dysfunction_probability:
        begin(patient, Harm.MAJOR_BOWEL_DYSFUNCTION, from_day, np.inf)
    if luck.incontinence < harm.organ_incontinence_probability:
        begin(patient, Harm.FAECAL_INCONTINENCE, from_day, np.inf)


@compiled
def late_harm_of_radiotherapy(patient: Record, luck: Record, world: Record, now: float) -> None:
    """A pelvic fracture that is noticed, and a second cancer, which may kill, years after radiotherapy."""
    harm = world.harm
    odds = harm.fracture_female_odds_ratio if patient.female else 1.0
    if patient.age_years >= harm.fracture_old_from_years:
        odds *= harm.fracture_old_odds_ratio
    if happens(luck.fracture, harm.fracture_probability, odds):
        day = now + on_grid(
            lognormal(luck.fracture_day, harm.fracture_onset_median_days, harm.fracture_onset_sigma)
        )
        begin(patient, Harm.PELVIC_FRACTURE, day, day + on_grid(harm.fracture_days))
    if luck.second_cancer < harm.second_cancer_probability:
        # The same uniform, stretched, says when.
        later = luck.second_cancer / harm.second_cancer_probability
        years = harm.second_cancer_from_years + later * harm.second_cancer_over_years
        day = now + on_grid(years * YEAR_DAYS)
        begin(patient, Harm.SECOND_CANCER, day, np.inf)
        if luck.second_cancer_death < harm.second_cancer_death_probability:
            u = luck.second_cancer_death / harm.second_cancer_death_probability
            day += on_grid(lognormal(u, harm.second_cancer_death_median_days, harm.second_cancer_death_sigma))
            patient.agenda[Event.DEATH_OTHER] = min(patient.agenda[Event.DEATH_OTHER], day)


@compiled
def harm_of_resection(patient: Record, luck: Record, world: Record, now: float) -> None:
    """The resection of the primary, or of its regrowth: stoma, function, morbidity, and obstruction later."""
    _morbidity(patient, luck, world, now)
    for lost in (Harm.MAJOR_BOWEL_DYSFUNCTION, Harm.FAECAL_INCONTINENCE):  # of a rectum that was kept
        end(patient, lost, now)
    function_day = _stoma(patient, luck, world, now)
    if function_day < np.inf:
        _bowel(patient, luck, world, now, function_day)
    _urinary_and_sexual(patient, luck, world, now)
    harm = world.harm
    odds = harm.obstruction_irradiated_odds_ratio if patient.irradiated else 1.0
    if happens(luck.obstruction, harm.obstruction_probability, odds):
        day = now + on_grid(
            lognormal(luck.obstruction_day, harm.obstruction_onset_median_days, harm.obstruction_onset_sigma)
        )
        begin(patient, Harm.BOWEL_OBSTRUCTION, day, day + on_grid(harm.obstruction_days))


@compiled
def by_side(patient: Record, odds_ratio: float) -> float:
    """Return the odds ratio of lateral dissection, from that of each side."""
    odds = 1.0
    for side in range(2):
        if patient.dissected[side]:
            odds *= odds_ratio
    return odds


@compiled
def _morbidity(patient: Record, luck: Record, world: Record, now: float) -> None:
    """Severe morbidity and reoperation, by leak, fitness, radiotherapy, dissection and emergency."""
    harm = world.harm
    odds = by_side(patient, harm.morbidity_dissected_side_odds_ratio)
    odds *= world.cohort.morbidity_odds_ratio
    if patient.irradiated:
        odds *= harm.morbidity_irradiated_odds_ratio
    if patient.unfit:
        odds *= harm.morbidity_unfit_odds_ratio
    if patient.emergency:
        odds *= harm.morbidity_emergency_odds_ratio
    severe = harm.leak_morbidity_probability if patient.leaked else harm.morbidity_probability
    again = harm.leak_reoperation_probability if patient.leaked else harm.reoperation_probability
    days = on_grid(harm.morbidity_days)
    if happens(luck.morbidity, severe, odds):
        begin(patient, Harm.SEVERE_MORBIDITY, now, now + days)
        # A reoperation is severe morbidity, so it is a share of it.
        if luck.reoperation < again:
            begin(patient, Harm.REOPERATION, now, now + days)


@compiled
def _stoma(patient: Record, luck: Record, world: Record, now: float) -> float:
    """A stoma for good, or one that is closed if it can be; return the day from which the bowel is in use."""
    if not patient.anastomosis:
        begin_stoma(patient, now)
        return np.inf
    if not patient.diverting_stoma:
        return now
    harm = world.harm
    odds = harm.closure_leak_odds_ratio if patient.leaked else 1.0
    if patient.irradiated:
        odds *= harm.closure_irradiated_odds_ratio
    if patient.unfit:
        odds *= harm.closure_unfit_odds_ratio
    if happens(luck.stoma_closure, harm.closure_probability, odds):
        days = lognormal_of(luck.stoma_closure_day, harm.closure_median_days, harm.closure_sigma)
        begin(patient, Harm.TEMPORARY_STOMA, now, now + on_grid(days))
        return now + on_grid(days)
    day = now + on_grid(harm.unclosed_permanent_days)
    begin(patient, Harm.TEMPORARY_STOMA, now, day)
    begin_stoma(patient, day)
    return np.inf


@compiled
def _bowel(patient: Record, luck: Record, world: Record, now: float, function_day: float) -> None:
    """Major dysfunction and incontinence of a bowel that was joined again."""
    harm = world.harm
    odds = 1.0
    if patient.irradiated:
        odds *= harm.bowel_dysfunction_irradiated_odds_ratio
    if patient.leaked:
        odds *= harm.bowel_dysfunction_leak_odds_ratio
    if patient.diverting_stoma:
        odds *= harm.bowel_dysfunction_diverted_odds_ratio
    if patient.height_above_verge_cm > world.groups.mid_up_to_cm:
        odds *= harm.bowel_dysfunction_high_odds_ratio
    if happens(luck.bowel_dysfunction, harm.bowel_dysfunction_probability, odds):
        begin(patient, Harm.MAJOR_BOWEL_DYSFUNCTION, function_day, np.inf)
    odds = harm.incontinence_irradiated_odds_ratio if patient.irradiated else 1.0
    if happens(luck.incontinence, harm.incontinence_probability, odds):
        begin(patient, Harm.FAECAL_INCONTINENCE, function_day, np.inf)


@compiled
def _urinary_and_sexual(patient: Record, luck: Record, world: Record, now: float) -> None:
    """Lasting urinary and sexual dysfunction: from the nerves of the pelvis, by operation and dissection."""
    harm = world.harm
    perineal = patient.operation == Operation.ABDOMINOPERINEAL_RESECTION
    odds = by_side(patient, harm.urinary_dissected_side_odds_ratio)
    if perineal:
        odds *= harm.urinary_apr_odds_ratio
    if happens(luck.urinary_dysfunction, harm.urinary_dysfunction_probability, odds):
        begin(patient, Harm.URINARY_DYSFUNCTION, now, np.inf)
    odds = by_side(patient, harm.sexual_dissected_side_odds_ratio)
    if perineal:
        odds *= harm.sexual_apr_odds_ratio
    if patient.irradiated:
        odds *= harm.sexual_irradiated_odds_ratio
    women, men = harm.sexual_dysfunction_women_probability, harm.sexual_dysfunction_men_probability
    if happens(luck.sexual_dysfunction, women if patient.female else men, odds):
        begin(patient, Harm.SEXUAL_DYSFUNCTION, now, np.inf)


@compiled
def harm_of_salvage(patient: Record, world: Record, now: float) -> None:
    """Salvage surgery: its morbidity, and a stoma and a diverted bladder where the organs came out."""
    if patient.salvage_complication:
        days = on_grid(world.harm.salvage_morbidity_days)
        begin(patient, Harm.SALVAGE_MORBIDITY, now, now + days)
    if patient.salvage_procedure != Procedure.SIDEWALL:
        begin_stoma(patient, now)
    if patient.salvage_procedure == Procedure.EXENTERATION:
        begin(patient, Harm.URINARY_DYSFUNCTION, now, np.inf)
