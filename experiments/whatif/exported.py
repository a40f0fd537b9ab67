"""What the page holds of the model: numbers, levers, policies, cohorts, clinics, words; plain, for JSON.

All of it follows from the code, the YAML and the schema: what is added to them appears on the page.
"""

import dataclasses
import itertools
from collections.abc import Mapping
from importlib import metadata
from types import SimpleNamespace
from typing import Any

import pandas as pd

from analysis.pages.dictionary import described
from analysis.pages.lesson import study
from analysis.pictures.flow import NODE_WORDS as SHORT
from analysis.pictures.price import WORDS as PRICE_WORDS
from analysis.tables.economics import QUANTITIES, counted_costs
from analysis.tables.patients import patient_table
from analysis.tables.queueing import STEPS
from analysis.tables.run import FALLING, outcomes
from analysis.words.columns import CODES, CODES_OF, unit_by_name
from analysis.words.economics import LEFT_OUT as LEFT_OUT_OF_VALUE
from analysis.words.economics import PERSPECTIVES as PERSPECTIVE_WORDS
from analysis.words.economics import QUANTITY, currency_sign
from analysis.words.limits import LEFT_OUT
from analysis.words.price import TREATED
from analysis.words.terms import HARM
from analysis.words.vocabulary import SETTING
from analysis.words.wording import policy_words
from conf.composition import composed, options
from conf.contradictions import contradictions
from conf.derived import derived
from conf.economics import (
    ECONOMICS,
    FORCES,
    PERSPECTIVES,
    PRODUCTS,
    Economics,
    lists_by_harm,
    middle_threshold,
    reference,
    zeros,
)
from conf.input_error import InputError
from conf.lesson import Lesson, read_lessons
from conf.lesson_figures import RUN_YEARS
from conf.policies import BASE, LEVERS, USUAL_CARE, Policy, plain, read_policy
from conf.request import Request
from conf.run import Run
from conf.schedules import FollowUp
from conf.schema import HORIZON_YEARS, read_run
from conf.stated_sources import assumptions_of
from experiments.engine.layout import clinic_of, layout, of_horizon, policy_of
from experiments.simulating.cohort import simulate
from experiments.simulating.members import FEWEST_PATIENTS, uncertain
from experiments.whatif import drawn, sentences, state
from experiments.whatif.state import MOST_POLICIES
from sim.clinic.needs import is_unlimited
from sim.counting.outcomes import (
    FLOW,
    HARMS,
    LASTING,
    MECHANISM_LABELS,
    MONTHLY,
    SCALE,
    TIMED,
    Key,
    amount_keys,
    binary_keys,
    names,
)
from sim.counting.value import SCALE as SCALE_OF_VALUES
from sim.patient import new_patients

Plain = dict[str, Any]

FEW = 20_000  # patients that the intervals with uncertain parameters rest on
# The levers that are shown first; any other follows them.
FIRST_LEVERS = (
    "neoadjuvant",
    "neoadjuvant_for",
    "organ_preservation",
    "lateral_dissection",
    "lateral_threshold_mm",
    "washout",
    "diverting_stoma",
)
# Of these outcomes more is better; of all others less.
GOOD = (*FALLING, "organ_preserved", "tme_free_survival")
# Columns of a patient's row that a course leaves out: counters, places in lists, what is booked.
UNTOLD = (
    "agenda", "number", "plan", "risk_group", "next_", "visits", "ct_scans", "mri_scans", "endoscopies",
    "readings", "seed_probability", "theatre_minutes", "waiting", "waited_days", "radiotherapy_fractions",
    "radiotherapy_courses", "chemotherapy_courses",
)  # fmt: skip


def exported(asked: Request, run: Run) -> Plain:
    """Return the content of the page of a run: its comparison is what the page opens with.

    Hydra must be initialised. Raises InputError for a file of the user's own that cannot be read, and for
    more policies than the page compares.
    """
    if len(run.policies) > MOST_POLICIES:
        raise InputError(
            f"policies=[{','.join(policy.name for policy in run.policies)}]: the page compares at most "
            f"{MOST_POLICIES}"
        )
    guidelines: Plain = {}
    base = _without_costs(run, asked)
    model = layout(base)
    cohorts, diseases, clinics, prices = (
        _each(group, base, asked) for group in ("cohort", "disease", "clinic", ECONOMICS)
    )
    files = state.Files(cohorts, diseases, prices)
    years = {name: _horizon_years(name, there, run, asked) for name, there in prices.items()}
    policies = {policy.name: _policy(policy, guidelines) for policy in run.policies}
    for name in options("policy"):
        try:
            policies.setdefault(name, _policy(read_policy(name), guidelines))
        except InputError:  # can only be combined with another
            continue
    # Their figures are of one horizon.
    lessons = {
        name: {**lesson.plain(), "evidence": [[study(each), each] for each in lesson.evidence]}
        for name, lesson in read_lessons().items()
        if all(_has_horizon_of_lessons(each, prices, years) for each in _prices_of(lesson))
    }
    for name in _of_lessons(lessons):
        policies.setdefault(name, _policy(read_policy(name, run.usual_care), guidelines))
    by_cohort = [name for name in policies if USUAL_CARE in name.split("+")]
    by_cohort += [USUAL_CARE] if USUAL_CARE not in by_cohort else []
    for there in cohorts.values():
        if there.usual_care is not None:
            policies.setdefault(there.usual_care, _policy(read_policy(there.usual_care), guidelines))
            policies.setdefault(USUAL_CARE, _policy(read_policy(USUAL_CARE, there.usual_care), guidelines))
    scenarios = _scenarios(base)
    for _, there in scenarios.values():
        for policy in there.policies:
            policies.setdefault(policy.name, _policy(policy, guidelines))
    tables = {there.life_table.name: there.life_table.record() for there in cohorts.values()}
    content = {
        "version": metadata.version("lrrc-sim"),
        "layout": model,
        "derived": derived(run.cohort, run.parameters),
        # What depends on the horizon, where costs are counted over another one.
        "horizons": {
            _horizon(each, base): of_horizon(dataclasses.replace(base, horizon_years=each))
            for each in dict.fromkeys(years.values())
            if each != base.horizon_years
        },
        ECONOMICS: {
            name: {
                **_economics(name, there.economics, years[name]),
                "horizon": _horizon(years[name], base),
            }
            for name, there in prices.items()
        },
        "value": _value(),
        "cohorts": {
            name: {
                "numbers": there.cohort,
                "life_table": there.life_table.name,
                # What usual care is depends on the cohort; none has no such policy.
                "policies": {
                    name: _policy(read_policy(name, there.usual_care), guidelines)
                    for name in by_cohort
                    if there.usual_care is not None
                },
            }
            for name, there in cohorts.items()
        },
        "life_tables": tables,
        "diseases": {name: there.parameters for name, there in diseases.items()},
        "policies": policies,
        "guidelines": guidelines,
        "clinics": {name: clinic_of(there.clinic) for name, there in clinics.items()},
        "lessons": lessons,
        "scenarios": {
            name: {
                "words": policy_words(name),
                "state": state.state_of(there, choices, files, _patients_of(there)),
                "question": None if there.question is None else there.question.resolved(),
            }
            for name, (choices, there) in scenarios.items()
            if there.clinic == clinics[choices["clinic"]].clinic
        },
        "by_cohort": by_cohort,
        "words": _words(list(policies), base),
        "levers": _levers(),
        "refused": _refused(),
        "keys": state.keys(run),
        "lists": state.lists(run),
        "relations": state.tied(),
        "fields": _fields(),
        "outcomes": _outcomes(),
        "uncertain": _uncertain(base),
        "start": state.start(asked, run, files),
        "command": state.command(asked),
        "sentences": sentences.english(),
        "left_out": [list(item) for item in LEFT_OUT],
        **drawn.drawn(),
    }
    content["schema"] = state.state_schema(content)
    return content


def _prices_of(lesson: Lesson) -> set[str]:
    """Return the files of economics by which a lesson counts, in its scenario and in what it varies."""
    varied = (each.change.get(ECONOMICS, lesson.scenario.economics) for each in lesson.vary)
    return {lesson.scenario.economics, *varied}


def _has_horizon_of_lessons(file: str, prices: Mapping[str, Run], years: Mapping[str, float]) -> bool:
    """Return whether the page counts by a file of economics over the horizon of lessons."""
    economics = prices[file].economics
    return years[file] == (RUN_YEARS if economics is None else economics.horizon_years)


def _without_costs(run: Run, asked: Request) -> Run:
    """Return the run without costs, over the horizon that it then has."""
    years = asked.config["horizon_years"] or HORIZON_YEARS
    return dataclasses.replace(run, economics=None, horizon_years=float(years))


def _horizon(years: float, base: Run) -> str:
    """Return the name of a horizon among those of the page; none for the page's own."""
    return "" if years == base.horizon_years else f"{years:g}"


def _horizon_years(name: str, there: Run, run: Run, asked: Request) -> float:
    """Return the horizon over which a file's costs are counted: the run's own, where it sets one."""
    if name == (asked.choices or {}).get(ECONOMICS):
        return run.horizon_years
    if there.economics is None or asked.config["horizon_years"] is not None:
        return _without_costs(run, asked).horizon_years
    return there.economics.horizon_years


def _economics(name: str, economics: Economics | None, horizon_years: float) -> Plain:
    """Return what a file says, its prices in its own currency and year; all 0 where nothing is counted."""
    counted: Plain = {"counted": int(economics is not None), "horizon_years": horizon_years}
    if economics is None:
        return {**counted, "numbers": zeros(reference())}
    return {
        **counted,
        "numbers": economics.numbers,
        "currency": economics.currency,
        "sign": currency_sign(economics.currency),
        "price_year": economics.price_year,
        "perspective": economics.perspective,
        "thresholds_per_qaly": economics.thresholds_per_qaly,
        "threshold_per_qaly": middle_threshold(economics.thresholds_per_qaly),
        "horizon_years_of_file": economics.horizon_years,
        "assumptions": assumptions_of(ECONOMICS, name),
    }


def _value() -> Plain:
    """Return how costs and quality of life are counted: what is summed, and what a world's numbers are."""
    return {
        "quantities": QUANTITIES,
        "scale": SCALE_OF_VALUES.tolist(),
        "totals": {each: [int(cost) for cost in counted_costs(each)] for each in PERSPECTIVES},
        "words": QUANTITY,
        "perspectives": PERSPECTIVE_WORDS,
        "left_out": list(LEFT_OUT_OF_VALUE),
        "world": {"forces": FORCES, "products": PRODUCTS, "lists": lists_by_harm()},
    }


def _policy(policy: Policy, guidelines: Plain) -> Plain:
    """Return a policy with the name of its guideline, which is put among the guidelines."""
    made = policy_of(policy)
    guideline = made["guideline"]
    if guideline is not None:
        guidelines[guideline["name"]] = guideline
    return {**made, "description": policy.description, "guideline": guideline and guideline["name"]}


def _each(group: str, run: Run, asked: Request) -> dict[str, Run]:
    """Return a run with each file of a group, by its name; the run's own choice is as its file has it."""
    found = {}
    compared = ",".join(policy.name for policy in run.policies)
    for name in options(group):
        own = [word for word in asked.overrides if group == "clinic" and word.startswith("clinic.")]
        own = own if name == (asked.choices or {}).get(group) else []
        words = [f"{group}={name}", f"policies=[{compared}]", f"horizon_years={run.horizon_years}", *own]
        words += [f"seed={run.seed}", f"replication={run.replication}", f"cohort={name}"]
        words[-1:] = [] if group == "cohort" else [f"cohort={(asked.choices or {}).get('cohort')}"]
        try:
            found[name] = read_run(composed("compare", words)[0])
        except InputError:
            # A cohort without usual care has no such policy; a clinic may lack what a policy needs.
            words[1] = f"policies=[{BASE}]"
            found[name] = read_run(composed("compare", words)[0])
    return found


def _scenarios(run: Run) -> dict[str, tuple[dict[str, str], Run]]:
    """Return each scenario that the page can compare, by name: its choices of files, and its run."""
    found = {}
    for name in options("scenario"):
        config, choices = composed("compare", [f"scenario={name}", f"horizon_years={run.horizon_years}"])
        there = read_run(config)
        if len(there.policies) <= MOST_POLICIES:
            found[name] = dict(choices), there
    return found


def _patients_of(scenario: Run) -> int:
    """Return how many patients a scenario is simulated with: where they queue the cohort is what it says."""
    return state.PATIENTS if is_unlimited(scenario.clinic) else scenario.patients


def _of_lessons(lessons: Mapping[str, Plain]) -> list[str]:
    """Return the policies that lessons name, in their scenarios and in what they vary."""
    named = [lesson["policies"] for lesson in lessons.values()]
    named += [each["change"].get("policies", []) for lesson in lessons.values() for each in lesson["vary"]]
    return list(dict.fromkeys(name for names_ in named for name in names_))


def _levers() -> Plain:
    """Return what each lever is called and does, its unit and settings in words, in the page's order."""
    order = [*FIRST_LEVERS, *(lever for lever in LEVERS if lever not in FIRST_LEVERS)]
    return {
        lever: {
            "label": policy_words(lever.removesuffix("_mm")),
            "words": LEVERS[lever].words,
            "unit": unit_by_name(lever),
            "first": lever in FIRST_LEVERS,
            "settings": {name: SETTING.get(name) or policy_words(name) for name in state.settings(lever)},
        }
        for lever in order
    }


def _values(lever: str) -> list[Any]:
    """Return the settings of a lever that can contradict another's: all but those of a number."""
    from conf.schedules import read_follow_up

    kind = LEVERS[lever].kind
    if kind is FollowUp:
        return [read_follow_up(name) for name in options("follow_up")]
    if kind is bool:
        return [False, True]
    return [] if kind is float else list(kind)


def _refused() -> list[Plain]:
    """Return the pairs of settings that contradict each other within a plan, with the lever to blame.

    Asked of ``conf.contradictions`` itself: of each pair of settings, over levers that contradict nothing.
    """
    base = {lever: getattr(read_policy("total_neoadjuvant"), lever) for lever in LEVERS}
    found = []
    for one, other in itertools.combinations(LEVERS, 2):
        for mine, theirs in itertools.product(_values(one), _values(other)):
            levers = SimpleNamespace(**{**base, one: mine, other: theirs})
            for refusal in contradictions("NAME", levers):
                pair = {one: plain(mine), other: plain(theirs)}
                if any(_alone(lever, value, base) for lever, value in ((one, mine), (other, theirs))):
                    continue
                found.append(
                    {
                        "levers": pair,
                        "lever": refusal.lever,
                        "words": refusal.words.partition("; combine it")[0],
                        "needs_treatment": refusal.needs_treatment,
                    }
                )
    return found


def _alone(lever: str, value: Any, base: Plain) -> bool:
    return any(True for _ in contradictions("NAME", SimpleNamespace(**{**base, lever: value})))


def _words(policies: list[str], run: Run) -> Plain:
    """Return what names are called: of outcomes, by what they are split, and of policies."""
    keys = [*binary_keys((1.0,)), *TIMED, *MONTHLY, *amount_keys(run.horizon_years)]
    codes = {column: {getattr(key, column) for key in keys} for column in Key._fields[:-1]}
    for kind in FLOW:
        codes.setdefault(kind.__name__.lower(), set()).update(names(kind))
    codes["step"] = set(STEPS)
    found = {
        column: {
            code: CODES_OF.get((column, code)) or CODES.get(code) or policy_words(code) for code in all_of
        }
        for column, all_of in codes.items()
    }
    found["outcome"] |= {harm.name.lower(): words for harm, words in HARM.items()}
    found["label"] = {**found["outcome"], **PRICE_WORDS}
    # Short, as a title of a row or a legend says it.
    found["short"] = {code: policy_words(code) for all_of in codes.values() for code in all_of} | SHORT
    return {**found, "policy": {name: policy_words(name) for name in policies}}


def _outcomes() -> Plain:
    """Return of what kind the outcomes are, as tables and sentences need it."""
    return {
        "harms": list(HARMS),
        "good": list(GOOD),
        "lasting": [harm.name.lower() for harm in LASTING],
        "mechanism_labels": list(MECHANISM_LABELS),
        "steps": {step: [int(event) for event in events] for step, events in STEPS.items()},
        "treatments": dict(TREATED),
        "scale": dict(SCALE),
        "flow": [kind.__name__.lower() for kind in FLOW],
        "key_fields": list(Key._fields),
    }


def _fields() -> Plain:
    """Return what each column of a patient's row is, by name: its meaning, unit, kind and codes."""
    table = patient_table("", new_patients(0, 1)).drop(columns="policy")
    return {
        part.column: {
            "meaning": part.meaning,
            "unit": part.unit,
            "kind": part.type,
            "codes": {str(code): label for code, label in part.codes.items()},
            "of_set": part.of_set,
        }
        for part in described("patients", table)
        if not part.column.startswith(UNTOLD)
    }


def _uncertain(run: Run) -> list[Plain]:
    """Return the intervals of the comparison that the page opens with that hold uncertain parameters.

    Of outcomes of all patients at a horizon, and of their differences from the comparator, as
    ``uncertainty.csv`` of ``lrrc compare``; none where it has none.
    """
    few = dataclasses.replace(run, patients=max(min(run.patients, FEW), FEWEST_PATIENTS), rows=False)
    simulated = simulate(dataclasses.replace(few, journal=False, clock="compiled"))
    table = uncertain(few, outcomes(simulated.tallies, simulated.horizons_years))
    if table is None:
        return []
    shown = table[table["horizon_years"] > 0]
    ends = shown[["uncertainty_low", "uncertainty_high"]].set_axis(["low", "high"], axis=1)
    names = shown[["policy", "comparator", "outcome", "horizon_years"]]
    # Where the row is no difference there is no comparator.
    names = names.astype(object).where(names.notna(), None)
    rows = pd.concat([names, ends], axis=1).to_dict("records")
    return [{str(key): value for key, value in row.items()} for row in rows]
