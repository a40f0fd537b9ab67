"""The text of a new file of the user's own: every key, with its words, what it may be and its default."""

import json
import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from conf import economics, relations, units
from conf.clinics import NEEDED_FOR
from conf.economic_ranges import DISTRIBUTIONS
from conf.endpoint import ESTIMATORS, ORIGINS
from conf.guideline_file import WHEN
from conf.input_error import in_full
from conf.policies import LEVERS, Policy, settings, written
from conf.trials import SETS

if TYPE_CHECKING:
    from conf.guideline import Guideline

WIDTH = 100
EMPTY_POLICY = "queue_priority"  # set in a file that changes nothing yet
Tree = Mapping[str, Any]

T_WORDS = "by T: T1, T2, T3 to 5 mm, T3 beyond 5 mm, T4a, T4b"
COHORT = {
    "age_mean_years": "mean age; ages are normal, and cut off at the two ends below",
    "age_sd_years": "standard deviation of age",
    "age_min_years": "anyone who would be younger has this age",
    "age_max_years": "anyone who would be older has this age",
    "female_share": "women",
    "unfit_share": "ASA III or more, at the mean age",
    "unfit_log_odds_per_year": "how the log odds of being unfit rise with a year of age",
    "ct_shares": f"clinical T, {T_WORDS}",
    "height_bounds_cm": "ends of the three bands of height above the anal verge; even within a band",
    "height_shares": "low, mid and high tumours, in these bands; a T4a tumour lies above the reflection",
    "reflection_cm": "height of the anterior peritoneal reflection above the verge",
    "low_below_cm": "height above the verge below which the mesorectum tapers",
    "n1_share": f"one to three mesorectal nodes involved, as they are and not as MRI reads them, {T_WORDS}",
    "n2_share": f"four nodes or more, {T_WORDS}",
    "emvi_share": f"extramural vascular invasion, {T_WORDS}",
    "quadrant_shares": "where the tumour is nearest to the fascia: anterior, posterior, left, right",
    "fascia_distance_median_mm": f"median distance from tumour to mesorectal fascia, {T_WORDS}",
    "fascia_distance_sigma": "standard deviation of its logarithm",
    "fascia_distance_low_ratio": "how much nearer the fascia is to a low tumour",
    "lateral_node_seen_from_mm": "the smallest lateral node that reports of MRI give a size",
    "plane_shares": "plane of surgery, of all elective resections: mesorectal, intramesorectal, muscularis",
    "residual_mesorectum_odds_ratio": "mesorectum left behind, against total mesorectal excision",
    "apr_up_to_cm": "height up to which abdominoperineal resection is usual",
    "apr_share": "abdominoperineal resection among these low tumours",
    "hartmann_fit_share": "Hartmann's operation instead of an anastomosis, of the fit",
    "hartmann_unfit_share": "Hartmann's operation, of the unfit",
    "washout_share": "rectal washout where hospitals do as they usually do (washout: usual)",
    "diverting_stoma_share": "diverting stoma, likewise (diverting_stoma: usual)",
    "adjuvant_probability": "chemotherapy after surgery, likewise; by pathological stage: 0, I, II, III",
    "operative_mortality_odds_ratio": "death after surgery, against the model's own",
    "perforation_odds_ratio": "perforation of tumour or bowel in surgery, against the model's own",
    "morbidity_odds_ratio": "severe morbidity after surgery, against the model's own",
    "unresected_share": "patients who are never operated on, of the fit at the mean age; 0: none",
    "unresected_log_odds_per_year": "how the log odds of that rise with a year of age",
    "unresected_unfit_odds_ratio": "the same in the unfit",
    "unresected_irradiated_share": "of those who are never operated on, irradiated",
    "treated_share": "of those who are offered treatment before surgery, who get it; fit, at the mean age",
    "treated_log_odds_per_year": "how the log odds of getting it change with a year of age",
    "treated_unfit_odds_ratio": "odds ratio of getting it, of the unfit",
    "stopped_for_toxicity_share": "of severe toxicity, whose treatment is stopped; beyond what trials had",
    "response_sensitivity": "tumours that are gone, read as a complete response",
    "response_specificity": "tumours that are not gone, not read as a complete response",
    "background_mortality_ratio": "death from other causes, against the life table",
    "participant_share": "participants of a trial, who die less of other causes: 0 a registry, 1 a trial",
    "metastasis_odds_ratio": "metastases, against the model's own: staging and selection of the era",
    "overlooked_metastasis_share": "metastases that are there at surgery and were not seen before",
    "metastasis_treatment_odds_ratio": "metastases treated, against 2008-2011",
}
# Keys of a cohort whose value is the name of a file.
COHORT_FILES = {
    "life_table": "death from other causes by age and sex, a file in life_table/",
    "usual_care": "the policy that is usual care there; the policy usual_care stands for it",
}
CLINIC = {
    "arrivals_per_year": "patients who come in a year, at random",
    "opens_at_hours": "hour of the day at which all open",
    "theatre_closed_from_days": "closure of the theatre, from the first patient who counts; equal: none",
    "theatre_closed_until_days": "its end, likewise",
    "mri_minutes": "one MRI",
    "endoscopy_minutes": "one endoscopy",
    "meeting_minutes": "one patient in the team meeting",
    "turnover_minutes": "between two operations",
    "excision_stay_days": "bed after a local excision",
    "resection_stay_days": "bed after a resection",
    "salvage_stay_days": "bed after a salvage resection",
    "mri_target_days": "longest wait for the MRI that is still in time, added to an empty clinic's pathway",
    "endoscopy_target_days": "the same, for an endoscopy",
    "meeting_target_days": "the same, for the team meeting",
    "radiotherapy_target_days": "the same, for radiotherapy",
    "resection_target_days": "the same, for resection",
    "salvage_target_days": "the same, for salvage",
}
# Of a country's prices and utilities; a utility ratio multiplies the norm while its state lasts.
ECONOMICS = {
    "currency": "code of the currency of its prices; a file that changes it has every key and no defaults",
    "price_year": "year of all its prices, from 1990 to 2100; as for the currency",
    "perspective": "societal or health_care: the costs that headline figures take",
    "thresholds_per_qaly": "what a QALY may cost: amounts that rise; headline figures take the middle one",
    "rates": "what a unit of another currency and year is worth in this file's, as in EUR_2014: 1.2; a price "
    "can then be written as {value: 454, currency: EUR, year: 2014}",
    "horizon_years": "how long costs and quality of life are counted where the command sets no horizon",
    "costs_discount_rate_per_year": "discount rate of costs",
    "effects_discount_rate_per_year": "discount rate of life years and QALYs",
    "diagnosis_price": "diagnosis and staging, once, without the MRI",
    "visit_price": "a visit of follow-up, with CEA",
    "ct_scan_price": "a CT of chest and abdomen",
    "mri_scan_price": "an MRI of the pelvis",
    "endoscopy_price": "an endoscopy",
    "radiotherapy_course_price": "the planning of a course of radiotherapy",
    "radiotherapy_fraction_price": "a fraction of radiotherapy",
    "contact_boost_price": "a contact boost",
    "concurrent_chemotherapy_price": "chemotherapy during radiotherapy",
    "total_neoadjuvant_chemotherapy_price": "chemotherapy of total neoadjuvant treatment",
    "adjuvant_chemotherapy_price": "chemotherapy after surgery",
    "induction_chemotherapy_price": "chemotherapy before a salvage resection",
    "systemic_treatment_price": "systemic treatment of metastases, all lines",
    "severe_toxicity_price": "severe toxicity of treatment before surgery",
    "theatre_minute_price": "a minute of the operating theatre",
    "ward_day_price": "a day on a ward",
    "intensive_care_day_price": "a day in intensive care",
    "resection_ward_days": "stay after a resection: none, low anterior, abdominoperineal, Hartmann's",
    "resection_materials_price": "a resection, besides theatre minutes and days",
    "emergency_resection_price": "what an emergency resection costs beyond a planned one",
    "emergency_stoma_price": "a stoma for a tumour that is left in place and obstructs or perforates",
    "local_excision_ward_days": "stay after a local excision",
    "local_excision_materials_price": "a local excision, besides theatre minutes and days",
    "leak_price": "a leak, beyond severe morbidity and reoperation",
    "severe_morbidity_price": "severe morbidity after a resection",
    "reoperation_price": "a reoperation, beyond severe morbidity",
    "stoma_closure_price": "the closure of a temporary stoma",
    "stoma_price_per_year": "care of a stoma",
    "bowel_dysfunction_price_per_year": "care for major bowel dysfunction",
    "incontinence_price_per_year": "care for faecal incontinence",
    "urinary_dysfunction_price_per_year": "care for urinary dysfunction",
    "bowel_obstruction_price": "a bowel obstruction",
    "pelvic_fracture_price": "a pelvic fracture",
    "second_cancer_price": "a second cancer",
    "recurrence_work_up_price": "work-up of a recurrence, without MRI and CT",
    "salvage_ward_days": "stay after a salvage resection: none, central, exenteration, abdominosacral, "
    "sidewall, perineal",
    "salvage_intensive_care_days": "days in intensive care after these",
    "salvage_materials_price": "a salvage resection, besides theatre minutes and days",
    "salvage_complication_price": "a severe complication of a salvage resection",
    "palliative_treatment_price": "treatment of a recurrence without curative intent",
    "metastasectomy_price": "a resection of metastases",
    "advanced_disease_price_per_year": "supportive care from a tumour that is not cleared until death",
    "end_of_life_price": "the end of life of those who die of cancer",
    "other_death_price": "the end of life of all others",
    "norm_from_age_years": "ages from which the next three lists hold, rising",
    "other_health_care_price_per_year": "care for other diseases, by age",
    "pension_age_years": "age from which nobody is absent from work",
    "employed_share": "patients below that age who work",
    "friction_days": "absence from work that counts, after diagnosis and after a recurrence",
    "working_hours_per_week": "hours of those who work",
    "productivity_hour_price": "an hour of work",
    "informal_care_hour_price": "an hour of informal care",
    "treatment_informal_hours_per_week": "informal care as long, and until recovery from the operation",
    "stoma_informal_hours_per_week": "informal care with a stoma",
    "advanced_disease_informal_hours_per_week": "informal care from a tumour that is not cleared until death",
    "travel_price": "the way to the hospital and back, on each day there",
    "men_norm_utility": "utility of men in the general population, by age",
    "women_norm_utility": "utility of women in the general population, by age",
    "before_surgery_utility_ratio": "from diagnosis until the operation, or until the organ is watched or "
    "the tumour left to grow",
    "neoadjuvant_utility_ratio": "the same, of those who are irradiated before surgery",
    "recovery_utility_ratio": "after a resection of the primary",
    "recovery_days": "for so long",
    "leak_utility_ratio": "after a leak, besides recovery",
    "leak_days": "for so long",
    "adjuvant_utility_ratio": "during chemotherapy after surgery",
    "adjuvant_days": "for so long",
    "harm_utility_ratio": "with each harm while it lasts: temporary stoma, permanent stoma, major bowel "
    "dysfunction, faecal incontinence, urinary dysfunction, sexual dysfunction, severe morbidity, "
    "reoperation, bowel obstruction, pelvic fracture, second cancer, salvage morbidity, severe toxicity",
    "recurrence_utility_ratio": "with a recurrence that is not or not yet resected, or has come again",
    "salvage_recovery_utility_ratio": "after a salvage resection",
    "salvage_recovery_days": "for so long",
    "after_salvage_utility_ratio": "after a salvage resection, for good",
    "metastasis_utility_ratio": "with metastases",
    "metastasectomy_days": "for so long where they are resected, otherwise until death",
    "uncontrolled_utility_ratio": "with a primary or a regrowth that is left to grow",
    "last_months_utility_ratio": "before death from cancer",
    "last_months_days": "for so long",
}
SCENARIO_KEYS = {
    "patients": "how many, a whole number of 1 or more",
    "seed": "a whole number; another seed gives other luck",
    "replication": "a whole number; a repetition with other luck",
    "horizon_years": "follow-up in years, above 0 and at most 100; null: 10, or that of the economics",
    "comparator": "one of the policies; null: the first",
    "clock": "auto, simpy or compiled: the same results",
    "rows": "true: also write every patient's row",
    "journal": "true: also write every event",
    "pictures": "true or false",
}
WEEK = "Monday to Sunday"


def policy_file(name: str, like: Policy, base: Policy) -> str:
    """Return the text of a policy that does what ``like`` does; the other levers are commented out."""
    set_there = [lever for lever in LEVERS if getattr(like, lever) != getattr(base, lever)]
    lines = [
        "# A policy: the levers that differ from tme_alone. Remove the # before a lever to set it.",
        "# What stays commented out is as in tme_alone, or as in a policy that is joined with this one by +.",
    ]
    if not set_there and like.guideline is None:
        set_there = [EMPTY_POLICY]
        lines += [f"# A file sets one lever at least: {EMPTY_POLICY} below, which changes nothing yet."]
    lines += [f"description: {json.dumps(_description(name, like, base), ensure_ascii=False)}", ""]
    lines += _by_group(like)
    for lever, (_, words) in LEVERS.items():
        lines += _comment(f"{words}. Allowed: {settings(lever).removeprefix('one of ')}")
        lines += [f"{'' if lever in set_there else '# '}{lever}: {written(getattr(like, lever))}", ""]
    return _text(lines)


def _by_group(like: Policy) -> list[str]:
    """Return the part of a policy's file that gives groups of a guideline their levers; or an example."""
    lines = _comment(
        "Levers by risk group: a guideline names the groups, and each group may be given levers of its own, "
        "as in `high: {neoadjuvant: chemoradiotherapy}`. What a group does not set is as for all."
    )
    if like.guideline is None:
        return [*lines, "# guideline: dutch_2014", ""]
    lines += [f"guideline: {like.guideline.name}"]
    for group in like.guideline.groups:
        lines += _comment(f"{group.name}, {WHEN[group.moment]}: {group.condition}")
        own = like.written_of_group(group.name)
        set_there = ", ".join(f"{lever}: {written(value)}" for lever, value in own.items())
        lines.append(f"{group.name}: {{{set_there}}}" if own else f"# {group.name}: {{follow_up: standard}}")
    return [*lines, ""]


def guideline_file(name: str, like: "Guideline", columns: Mapping[str, Sequence[str]]) -> str:
    """Return the text of a guideline with the groups of ``like``; ``columns``: those seen, by moment."""
    lines = [
        "# A guideline: risk groups by what a clinician sees. Of a moment's groups the first that fits",
        "# counts.",
        f"# What each group gets is in policy/{name}.yaml.",
        f"description: {json.dumps(f'{name}: {like.description}', ensure_ascii=False)}",
        "",
    ]
    for moment, when in WHEN.items():
        key = moment.name.lower()
        also = "" if key == "meeting" else "also "
        seen = ", ".join(columns[key])
        lines += _comment(f"{when[0].upper()}{when[1:]}, {also}by conditions on {seen}")
        groups = [f"{group.name}: {group.condition}" for _, group in like.at(moment)]
        lines += [f"{key}:", *(f"  - {group}" for group in groups)] if groups else [f"# {key}:"]
        lines.append("")
    lines += _comment(
        "A condition compares a column with a number or a word, with and, or, not, in and brackets; "
        "docs/outcomes.md has the columns. The last group may be: otherwise"
    )
    return _text(lines)


def cohort_file(
    like: str, numbers: Tree, files: Tree, found: Tree | None = None, notes: Sequence[str] = ()
) -> str:
    """Return the text of a cohort that starts from ``like``, with these numbers and names of files.

    ``found``: the numbers that are set, by key; the others are commented out. ``notes``: how they were found.
    """
    found = found or {}
    lines = [
        f"# A cohort: who the patients are, and the surgical practice of the era. It starts from {like}:",
        "# what is commented out is as there. Remove the # before a key to set it.",
        *(line for note in notes for line in _comment(note)),
        *_base(like),
    ]
    for key, value in numbers.items():
        lines += _comment(f"{COHORT[key]}. {_allowed(key, value)}")
        lines += [f"{'' if key in found else '# '}{key}: {_value(found.get(key, value))}", ""]
    for key, words in COHORT_FILES.items():
        lines += [*_comment(words), f"# {key}: {files[key]}", ""]
    return _text(lines)


def clinic_file(like: str, numbers: Tree) -> str:
    """Return the text of a clinic that starts from ``like``, which has these numbers."""
    lines = [
        f"# A clinic: who comes, and the capacity. It starts from {like}: what is commented out is as",
        "# there. Remove the # before a key to set it. Units are those available to this disease.",
        *_base(like),
    ]
    for key, value in numbers.items():
        lines += _comment(f"{clinic_words(key)}. {_allowed(key, value)}")
        lines += [f"# {key}: {_value(value)}", ""]
    return _text(lines)


def economics_file(like: str, content: Tree, ranges: Tree) -> str:
    """Return the text of prices and utilities that start from ``like``, which has this content.

    ``ranges``: how uncertain its numbers are.
    """
    lines = [
        f"# What care costs and what life is worth in a country. It starts from {like}: what is commented",
        "# out is as there. Remove the # before a key to set it. Every price is in the file's currency and",
        "# of its price year, or states its own, for which there is a rate.",
        *_base(like),
    ]
    for key, value in content.items():
        words = ECONOMICS[key]
        lines += _comment(words if key in economics.WORDS else f"{words}. {_allowed(key, value)}")
        lines += [f"# {key}: {_value(value)}", ""]
    lines += [
        *_comment(
            "how uncertain numbers are, for lrrc psa and lrrc sensitivity: of each the ends of its 95 % "
            "interval, which holds the number and is in the file's own currency and price year; without any "
            "prices and utilities are held fixed. The distribution is one of "
            f"{', '.join(DISTRIBUTIONS)}, and the source says where the interval is from"
        ),
        "# uncertainty:",
        *(f"#   {key}: {_value(own)}" for key, own in ranges.items()),
    ]
    return _text(lines)


def scenario_file(defaults: Tree, chosen: Mapping[str, str]) -> str:
    """Return the text of a scenario; ``defaults``: those of compare, ``chosen``: its file of each group."""
    lines = [
        "# A scenario: a cohort, a clinic, the policies to compare, and what was published of them.",
        "# What is commented out is as in `lrrc compare`. The command line changes all of it.",
        "defaults:",
        *(f"  - override /{group}: {chosen[group]}" for group in ("cohort", "clinic")),
        "",
        *_comment("policies, each once; joined by + they are combined; lrrc compare --help lists them"),
        f"policies: {_value(defaults['policies'])}",
        "",
    ]
    for key, words in SCENARIO_KEYS.items():
        lines += [*_comment(words), f"# {key}: {_value(defaults[key])}", ""]
    lines += [
        *_comment(
            "published figures, shown beside the simulated ones: an id or a name of your own, an outcome "
            "(docs/outcomes.md), one of the policies, years, and the figure as a proportion"
        ),
        "published: []",
        "# published:",
        "#   - {evidence: mine.lr.5y, outcome: local_recurrence, policy: tme_alone, horizon_years: 5, "
        "published: 0.1}",
        "",
        *_comment(
            "the question that it asks, which lrrc compare then answers first; docs/own_files.md has its keys"
        ),
        "# question:",
        "#   asks: ...",
        "#   readers: [analyst, researcher, teacher]",
        "#   outcomes: [local_recurrence, permanent_stoma]",
        "#   horizon_years: 5",
        "#   look_at: [averted_and_harmed]",
        "#   cannot_say: ...",
        "",
        *_comment("any number of the model can be set for this scenario alone, as in"),
        "# surgery:",
        "#   leak_probability: ...",
    ]
    return _text(lines)


def trial_file(like: Tree, cohort: Tree) -> str:
    """Return the text of a trial with two arms; ``like``: a shipped trial, ``cohort``: its cohort's numbers.

    The arms and the figures are the first two of the shipped trial, as an example that can be run.
    """
    base = like["cohort"]["base"]
    arms = dict(list(like["arms"].items())[:2])
    endpoints = [row for row in like["endpoints"] if row["arm"] in arms][:2]
    lines = [
        "# A trial: its cohort, its arms, and the published figures that the simulation is compared with.",
        "# docs/trials.md explains every key and every column. The arms and the figures below are those of",
        f"# another trial ({like['title']}), so that the file can be run at once: put yours there.",
        "title: A trial of mine",
        "",
        *_comment(f"for `lrrc validate` or to be fitted by `lrrc calibrate`: {' or '.join(SETS)}"),
        "set: validation",
        'source: ""  # authors, journal, year',
        'note: ""',
        "",
        *_comment("base: a cohort; below it, the keys in which this one differs"),
        "cohort:",
        f"  base: {base}",
    ]
    for key, value in cohort.items():
        lines += [f"  # {line}" for line in _wrapped(f"{COHORT[key]}. {_allowed(key, value)}", WIDTH - 4)]
        lines += [f"  # {key}: {_value(value)}"]
    lines += [
        "",
        *_comment(
            "conditions on what is known at diagnosis, all of which must hold, as in - t_category >= 3"
        ),
        "eligibility: []",
        "",
        *_comment(
            "name: policy, as on the command line; or {base: policy, lever: value}, {policy: ..., cohort: "
            "{key: value}}, {mix: {policy: share, policy: share}}, {mix: [{share: share, policy: policy}]}"
        ),
        "arms:",
        *(f"  {name}: {policy}" for name, policy in arms.items()),
        "",
        *_comment("the longest follow-up; above 0 and at most 100"),
        f"follow_up_years: {like['follow_up_years']:g}",
        "",
        *_comment(f"where time begins: {', '.join(ORIGINS)}"),
        f"time_from: {like['time_from']}",
        "",
        *_comment(f"how incidences are estimated: {', '.join(ESTIMATORS)}"),
        f"estimator: {like['estimator']}",
        "",
        *_comment("conditions by name, which those of endpoints may use, as in {involved: crm_mm <= 1}"),
        "subgroups: {}",
        "",
        *_comment(
            "one line for each published figure: evidence (its name), arm, outcome, horizon_years, "
            "published, and n or low and high (its 95 % interval); more in docs/trials.md"
        ),
        "endpoints:",
        *(
            "  - {" + ", ".join(f"{key}: {_value(value)}" for key, value in row.items()) + "}"
            for row in endpoints
        ),
    ]
    return _text(lines)


def _description(name: str, like: Policy, base: Policy) -> str:
    return "What it does, in a few words" if like == base else f"{name}: {like.description}"


def number_words(key: str) -> str:
    """Return what a number of the configuration is, by its full key; of the disease, its name in words."""
    section, _, name = key.partition(".")
    if section == "cohort" and name in COHORT:
        return COHORT[name]
    if section == "clinic":
        return clinic_words(name)
    if section == economics.ECONOMICS:
        return ECONOMICS[name]
    return f"{section.replace('_', ' ')}: {name.replace('_', ' ')}"


def _base(like: str) -> list[str]:
    return ["defaults:", f"  - {like}", "  - _self_", ""]


def clinic_words(key: str) -> str:
    if key in CLINIC:
        return CLINIC[key]
    name = re.sub(r"_(count|open_hours)$", "", key)
    if key.endswith("_open_hours"):
        return f"hours that {name.replace('_', ' ')} is open, {WEEK}"
    return f"units of {name.replace('_', ' ')}, for {NEEDED_FOR[name]}; a million: without limit"


def _allowed(key: str, value: object) -> str:
    allowed = units.range_of(key).words
    if key.endswith("_open_hours"):
        allowed = "from 0 to 24"
    if key.endswith("_count"):
        allowed = "a whole number of 0 or more"
    if not isinstance(value, list):
        return f"Allowed: {allowed}"
    words = f"Allowed: {len(value)} numbers, each {allowed}"
    if key.endswith("_shares"):
        words += ", together 1"
    return words + (", rising" if relations.BOUNDS.search(key) or key == economics.AGES else "")


def _value(value: Any) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_value(part)}" for key, part in value.items()) + "}"
    return in_full(value) if not isinstance(value, str) or re.fullmatch(r"[\w.+/]+", value) else f"'{value}'"


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in _wrapped(text, WIDTH - 2)]


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_on_hyphens=False, break_long_words=False)


def _text(lines: Sequence[str]) -> str:
    return "\n".join(lines).rstrip() + "\n"
