"""Lives put together at random on every edge of the definitions, and their outcomes in plain Python."""

import math

import numpy as np

from sim.counting.outcomes import ABSENT, NO, YES, Key
from sim.patient import new_patients

YEAR = 365.25
NEVER = math.inf
MECHANISMS = ("margin", "mesorectum", "lateral_node", "exfoliation", "spillage")
MECHANISM = (0, 0, 1, 2, 2, 3, 3, 4)  # by route
LABELS = {
    "margin": (0, 1), "mesorectum": (2,), "lateral_node": (3, 4), "exfoliation": (5, 6), "spillage": (7,),
    "margin_circumferential": (0,), "margin_distal": (1,), "exfoliation_anastomotic": (5,),
    "exfoliation_perianastomotic": (6,),
}  # fmt: skip
PLACES = ("central", "anterior", "posterior", "lateral_left", "lateral_right", "perineal", "peritoneal")
PROCEDURES = ("central_resection", "exenteration", "abdominosacral", "sidewall", "perineal")
OTHER, OPERATIVE, CANCER = 1, 2, 3
# What lasts is counted in those who live with it, what passes in those who have had it.
LASTING_HARMS = (
    "temporary_stoma", "permanent_stoma", "major_bowel_dysfunction", "faecal_incontinence",
    "urinary_dysfunction", "sexual_dysfunction",
)  # fmt: skip
PASSING_HARMS = (
    "severe_morbidity", "reoperation", "bowel_obstruction", "pelvic_fracture", "second_cancer",
    "salvage_morbidity", "severe_toxicity",
)  # fmt: skip
HARMS = (*LASTING_HARMS, *PASSING_HARMS)  # in the order of a row
DAYS = (NEVER, 0.0, 10.0, 30.4375, 30.44, 300.0, YEAR, YEAR + 0.01, 2 * YEAR, 2 * YEAR + 0.01, 800.0)


def some_lives(n, seed=1, end_days=NEVER):
    """Return n rows whose fields are drawn from their edges, consistent with each other, up to the end."""
    random = np.random.default_rng(seed)
    rows = new_patients(0, n)

    def pick(*values):
        return values[random.integers(len(values))]

    for row in rows:
        start = pick(0.0, 100.0)
        last = start + end_days
        row.diagnosed_day = start
        row.height_above_verge_cm = pick(4.9, 5.0, 5.1, 10.0, 10.1)
        row.lateral_mm[:] = (pick(0.0, 6.9, 7.0, 8.0), pick(0.0, 6.9, 7.0, 8.0))
        row.operated_day = start + pick(NEVER, 40.0, 50.0)
        row.radiotherapy_courses = pick(0, 1, 2)
        if row.operated_day < NEVER:
            row.pathological_stage, row.plane = pick(0, 1, 2, 3), pick(0, 1, 2)
            for name in ("crm_involved", "complete_response", "perforated", "anastomosis"):
                row[name] = pick(False, True)
            row.dissected[:] = (pick(0, 0, 1), pick(0, 0, 1))
            if row.anastomosis:
                row.diverting_stoma, row.leaked = pick(False, True), pick(False, True)
            row.emergency = pick(False, False, True)
        row.watch_from_day = start + pick(NEVER, 30.0)
        row.excised_day = start + pick(NEVER, NEVER, 30.0)
        row.regrowth_found_day = start + pick(*DAYS)
        row.uncontrolled_day = start + pick(NEVER, *DAYS)
        for k in range(len(HARMS)):
            row.harm_from_day[k] = start + pick(NEVER, 0.0, 100.0, YEAR, YEAR + 0.01, 700.0)
            row.harm_until_day[k] = row.harm_from_day[k] + pick(0.0, 30.25, 265.25, NEVER)
        row.harm_from_day[1] = max(row.harm_from_day[1], row.harm_until_day[0])  # no two stomas at a time
        row.harm_until_day[1] = max(row.harm_from_day[1], row.harm_until_day[1])
        row.metastasis_found_day = start + pick(*DAYS)
        row.recurrence_found_day = start + pick(*DAYS[1:], NEVER, NEVER)
        for name in (
            "metastasis_found_day", "recurrence_found_day", "regrowth_found_day", "uncontrolled_day"
        ):  # fmt: skip
            row[name] = row[name] if row[name] <= last else NEVER
        if row.recurrence_found_day < NEVER:
            row.recurrence_route, row.recurrence_compartment = random.integers(8), random.integers(7)
            row.recurrence_compartments = pick(1, 1, 1, 3, 5, 7, 127)
            row.found_by = pick(1, 2)
            for name in ("synchronous_metastasis", "curative_intent"):
                row[name] = pick(False, True)
            if row.curative_intent and pick(True, True, False) and row.recurrence_found_day + 60.0 < last:
                row.salvage_day = row.recurrence_found_day + pick(0.5, 30.0)
                row.salvage_procedure, row.salvage_margin = pick(1, 2, 3, 4, 5), pick(1, 2, 3)
                row.salvage_complication = pick(False, True)
                row.rerecurrence_day = row.salvage_day + pick(NEVER, 20.0)
        begun = [
            day
            for day in (row.salvage_day, row.recurrence_found_day, row.metastasis_found_day)
            if day < NEVER
        ]
        after = pick(NEVER, 0.0, 0.25, 30.0, 30.01, 200.0, YEAR, 2 * YEAR)
        row.death_day = max(begun, default=row.operated_day if row.operated_day < NEVER else start) + after
        row.death_day = row.death_day if row.death_day <= last else NEVER
        if row.death_day < NEVER:
            row.death_cause = pick(OTHER, OPERATIVE, CANCER)
        row.theatre_minutes, row.radiotherapy_fractions = pick(0.0, 250.4, 251.6), pick(0.0, 5.0, 25.0)
        for name in ("chemotherapy_courses", "visits", "ct_scans", "mri_scans", "endoscopies"):
            row[name] = random.integers(9)
    return rows


def state(among, yes):
    """Absent from the denominator, no, or yes."""
    return (YES if yes else NO) if among else ABSENT


def states_of(row, horizons_years):
    """Every yes-or-no outcome of a life."""
    start = row.diagnosed_day
    found, spread, death = (
        row[name] - start for name in ("recurrence_found_day", "metastasis_found_day", "death_day")
    )
    cancer, resected = row.death_cause == CANCER, row.operated_day < NEVER
    height, stage = row.height_above_verge_cm, row.pathological_stage
    groups = {
        "all": True,
        "low": height <= 5,
        "mid": 5 < height <= 10,
        "high": height > 10,
        **{f"stage_{k}": resected and stage == k for k in (1, 2, 3)},
        "crm_involved": resected and row.crm_involved,
        "crm_clear": resected and not row.crm_involved,
        "enlarged_lateral_node": max(row.lateral_mm) >= 7,
    }
    made = {}
    for years in horizons_years:
        by = years * YEAR
        back, far, alive = found <= by, spread <= by, death > by

        def note(outcome, among, yes, years=years, **split):
            made[Key(outcome, horizon_years=years, **split)] = state(among, yes)

        for label, routes in LABELS.items():
            note("local_recurrence", True, back and row.recurrence_route in routes, mechanism=label)
        for k, place in enumerate(PLACES):
            note("local_recurrence", True, back and row.recurrence_compartment == k, compartment=place)
        for group, among in groups.items():
            note("local_recurrence", among, back, group=group)
            note("distant_metastasis", among, far, group=group)
            note("overall_survival", among, alive, group=group)
            note("disease_free_survival", among, alive and not back and not far, group=group)
        note("cancer_death", True, cancer and not alive)
        note("alive_after_recurrence", True, back and alive)
        note("death_after_recurrence", True, back and not alive)
        note("alive_with_metastasis", True, far and alive and not back)
        note("cancer_death_without_recurrence", True, cancer and not alive and not back)
        note("other_death_without_recurrence", True, not cancer and not alive and not back)
        grows = row.uncontrolled_day - start <= by
        operated = row.operated_day - start <= by
        note("local_failure", True, back or grows)
        kept = row.watch_from_day - start <= by
        note("organ_preserved", True, kept and alive and not operated and not grows)
        note("tme_free_survival", True, alive and not operated)
        note("regrowth", True, row.regrowth_found_day - start <= by)
        for harm, begin, end in harms_of(row):
            if harm in LASTING_HARMS:
                note(harm, True, alive and begin <= by < end)
            else:
                note(harm, True, begin <= by and begin <= death)
    joined = row.anastomosis
    known, salvaged = found < NEVER, row.salvage_day < NEVER
    regrown = row.regrowth_found_day < NEVER
    foci = int(row.recurrence_compartments).bit_count()
    margin, exfoliated = row.salvage_margin, known and row.recurrence_route in (5, 6)
    shares = {
        "irradiated": (True, row.radiotherapy_courses >= 1),
        "complete_response": (resected, row.complete_response),
        "crm_involved": (resected, row.crm_involved),
        "mesorectal_plane": (resected, row.plane == 0),
        "perforation": (resected, row.perforated),
        "lateral_dissection": (resected, any(row.dissected)),
        "anastomosis": (resected, joined),
        "diverting_stoma": (joined, row.diverting_stoma),
        "leak": (joined, row.leaked),
        "operative_death": (resected, row.death_day - row.operated_day <= 30 if resected else False),
        "not_resected": (True, not resected),
        "emergency_operation": (True, row.emergency),
        "organ_kept": (True, row.watch_from_day < NEVER),
        "local_excision": (True, row.excised_day < NEVER),
        "regrowth_resected": (regrown, resected),
        "regrowth_clear_margin": (regrown and resected, not row.crm_involved),
        "regrowth_metastasis": (regrown, spread < NEVER),
        "found_by_symptoms": (known, row.found_by == 2),
        "synchronous_metastasis": (known, row.synchronous_metastasis),
        "curative_intent": (known, row.curative_intent),
        "salvage_resection": (known, salvaged),
        "one_compartment": (known, foci == 1),
        "two_compartments": (known, foci == 2),
        "three_or_more_compartments": (known, foci > 2),
        "limited_to_anastomosis": (exfoliated, row.recurrence_compartments == 1),
        **{name: (salvaged, row.salvage_procedure == k) for k, name in enumerate(PROCEDURES, 1)},
        **{name: (salvaged, margin == k) for k, name in enumerate(("r0", "r1", "r2"), 1)},
        "margin_not_clear": (salvaged, margin > 1),
        "salvage_complication": (salvaged, row.salvage_complication),
        "rerecurrence": (salvaged, row.rerecurrence_day < NEVER),
    }
    for name, (among, yes) in shares.items():
        split = {"mechanism": "exfoliation"} if name == "limited_to_anastomosis" else {}
        made[Key(name, **split)] = state(among, yes)
    return made


def harms_of(row):
    """The name of each harm, and the days from diagnosis to its beginning and its end."""
    days = zip(row.harm_from_day - row.diagnosed_day, row.harm_until_day - row.diagnosed_day, strict=True)
    return [(harm, begin, end) for harm, (begin, end) in zip(HARMS, days, strict=True)]


def amounts_of(row, end_days):
    """What a life lived, in sixteenths of a day, and used up."""
    simulated = min(row.death_day - row.diagnosed_day, end_days)
    with_harm = {
        harm: round(max(min(end, simulated) - begin, 0.0) * 16) if begin < simulated else 0
        for harm, begin, end in harms_of(row)
    }
    with_stoma = with_harm["temporary_stoma"] + with_harm["permanent_stoma"]
    lost = min(row.operated_day, row.uncontrolled_day) - row.diagnosed_day
    return {
        "life_years": round(simulated * 16),
        "theatre_minutes": round(row.theatre_minutes),
        "radiotherapy_courses": row.radiotherapy_courses,
        "radiotherapy_fractions": round(row.radiotherapy_fractions),
        **{name: row[name] for name in ("chemotherapy_courses", "visits", "ct_scans", "mri_scans")},
        "endoscopies": row.endoscopies,
        "organ_years": round(min(simulated, lost) * 16),
        "stoma_free_years": round(simulated * 16) - with_stoma,
        **{f"{harm}_years": lived for harm, lived in with_harm.items()},
    }


def timed_of(row, end_days):
    """Whole days at risk, rounded up, and whether a death ended them, by product-limit outcome and group."""
    end = row.diagnosed_day + end_days
    last, died = min(row.death_day, end), row.death_day <= end

    def since(day):
        return math.ceil(last - day), died

    own = {
        ("cancer_specific_survival", "all"): (since(row.diagnosed_day)[0], died and row.death_cause == CANCER)
    }
    if row.recurrence_found_day < NEVER:
        after = since(row.recurrence_found_day)
        own["survival_after_recurrence", "all"] = after
        own["survival_after_recurrence", "curative" if row.curative_intent else "palliative"] = after
    if row.salvage_day < NEVER:
        own["survival_after_salvage", f"r{row.salvage_margin - 1}"] = since(row.salvage_day)
    return own


def month_of(days, months):
    """The month in which a day lies, from 1; one beyond the last where it lies later."""
    month = 0
    while month <= months and days > month * (YEAR / 12):
        month += 1
    return month


def months_of(row, months):
    """The month of each curve's event."""
    start = row.diagnosed_day
    found, spread, death = (
        month_of(row[name] - start, months)
        for name in ("recurrence_found_day", "metastasis_found_day", "death_day")
    )
    own = row.recurrence_found_day < NEVER
    return {
        ("local_recurrence", "all"): found,
        **{
            ("local_recurrence", name): found if own and MECHANISM[row.recurrence_route] == k else months + 1
            for k, name in enumerate(MECHANISMS)
        },
        ("distant_metastasis", "all"): spread,
        ("overall_survival", "all"): death,
        ("disease_free_survival", "all"): min(found, spread, death),
    }


def way_of(row):
    """The mechanism, place, treatment, margin and fate of a recurrence; None without one."""
    if row.recurrence_found_day == NEVER:
        return None
    if row.salvage_day < NEVER:
        treatment = row.salvage_procedure - 1
    else:
        treatment = 5 if row.curative_intent else 6
    free = (
        row.salvage_margin in (1, 2) and row.rerecurrence_day == NEVER and row.metastasis_found_day == NEVER
    )
    fate = {0: 0 if free else 1, CANCER: 2}.get(int(row.death_cause), 3)
    return MECHANISM[row.recurrence_route], row.recurrence_compartment, treatment, row.salvage_margin, fate
