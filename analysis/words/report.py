"""What a report says beside its numbers: what pictures show, how the model works, and what it is not."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from analysis.words.clinic import STEP_WORDS
from analysis.words.guideline import by_group, condition_words, conditions, group_words, is_condition, rule_of
from analysis.words.sweep import number_words
from analysis.words.vocabulary import SETTING
from analysis.words.wording import LUCK, listed, policy_words, sentence
from conf.policies import LEVERS

# For whoever cannot see it: what kind of picture it is.
PICTURES = {
    "incidence": "Curves of local recurrence over the years, one for each policy, with bands",
    "incidence_by_mechanism": "Areas, one above the other, of local recurrence by mechanism over the years",
    "survival": "Curves of survival over the years, one for each policy, with bands",
    "averted_and_harmed": "Bars of recurrences averted and of patients harmed and spared, by policy",
    "averted_by_mechanism": "Bars of recurrences averted and caused, by mechanism",
    "averted_by_compartment": "Bars of recurrences averted and caused, by compartment",
    "averted_against_harmed": "Marks of rules by recurrences averted and patients harmed, with a frontier",
    "pelvis": "Outlines of the pelvis, coloured by how often a recurrence lies in each compartment",
    "pelvis_change": "Outlines of the pelvis, coloured by the change in each compartment",
    "flow": "Streams from found recurrences through treatment and margin to what became of the patients",
    "icon_array": "Twice a thousand marks for each policy: what has become of the patients, and what they "
    "live with",
    "beside_published": "Points of published and simulated figures side by side",
    "waits": "Waiting times at each step, by clinic and policy",
    "queue_lengths": "Lengths of the queues over time, by clinic and policy",
    "utilisation": "Shares of open time in use, by resource, clinic and policy",
    "waiting_harm": "Bars of what waiting causes, by outcome, clinic and policy",
    "needed_capacity": "Units that are there and units that are needed, by resource",
    "cost_effectiveness_plane": "Points of every draw by QALYs gained and costs more than the comparator's",
    "acceptability": "Curves of the probability of being the best, by what a QALY may cost",
    "expected_loss": "Curves of the expected loss of each policy, by what a QALY may cost",
    "value_of_information": "Bars of what it is worth to know every number, and groups of them",
    "value_of_a_study": "What a study is worth, by the number of its patients",
    "convergence": "Half-widths of intervals as patients are added",
    "timeline": "One patient's course under each policy, along a line of time",
    "identified": "Prior and posterior intervals of the numbers that the targets narrow most",
    "traded": "Pairs of numbers that the targets link",
    "map": "A plane of two numbers, coloured by which policy is preferred, with the lines where it changes",
    "converged": "The objective during the search for the best fit",
    "published_against_simulated": "Points of published against simulated proportions",
    "endpoints_calibration": "Every calibration endpoint, published and simulated, with intervals",
    "endpoints_validation": "Every validation endpoint, published and simulated, with intervals",
}
ENDINGS = {
    "_uncertainty": "Two intervals for each policy and difference: of uncertain parameters and of luck",
    "_lines": "Lines over a swept number, one for each policy, with bands",
    "_heat_map": "Squares over two swept numbers, coloured by the outcome",
    "_points": "Points with intervals, one for each design point and policy",
}

BEGINNINGS = {
    "tornado_": "Bars of the outcome at both ends of each parameter's range",
    "sobol_": "Bars of Sobol' indices, alone and with the others, by parameter",
    "morris_": "Points of each parameter's mean effect and of how that varies",
    "variance_": "Bars of the variance by its source, and what wanted precisions need",
}

# Where the words of the lever need those around them.
OF_LEVERS = {
    "neoadjuvant_for": "who gets treatment before surgery",
    "postoperative_chemoradiotherapy": "who is irradiated after surgery",
    "adherence": "how far planned treatment before surgery is given",
    "follow_up": "schedule of follow-up",
    "surgical_training": "quality programme for surgeons",
}

NO_ADVICE = (
    "This is a model for research and teaching. It compares policies in simulated populations. It is not "
    "advice for an individual patient, and it must not be used to choose a treatment for one."
)
OF_LUCK = (
    f"Intervals are 95 % intervals {LUCK}: how far another simulated cohort of this size might differ. They "
    "do not include the uncertainty of the parameters and of the model, which is larger."
)
OF_MEMBERS = (
    "Intervals in round brackets are 95 % intervals of the fitted parameters, over the members of a "
    "posterior sample, and of how far studies lie from the model (discrepancy). Intervals in square brackets "
    f"are 95 % intervals {LUCK}. Numbers that the sample does not hold stay fixed, and their uncertainty is "
    "in no interval."
)
OF_DRAWS = (
    "Intervals are 95 % intervals of the uncertain numbers: each draw takes a member of the posterior sample "
    "of the disease, with prices and utilities of its own. The simulated luck of finite numbers of patients "
    "is taken out of them."
)
DRAWS_METHODS = (
    "Every draw of the uncertain numbers is simulated under every policy on the same patients. The interval "
    "of a ratio is Fieller's [fieller1954], or that of the draws' angles in the plane of costs and effects "
    "where the difference in QALYs may be zero. The noise of finite numbers of patients is taken out of the "
    "expected value of perfect information, which it would raise. That of some of the numbers is a "
    "regression of the difference in net benefit on them [strong2014]. Utilities of states that are there "
    "together multiply [ara2011]."
)
MODEL = (
    "lrrc-sim is a discrete-event simulation. Each patient is simulated alone, in days, from diagnosis to "
    "death or the end of follow-up: staging, treatment before surgery, resection, five mechanisms by which "
    "cells stay behind (at the margin, in the mesorectum, in lateral nodes, exfoliated into the lumen, "
    "spilled), growth in a compartment of the pelvis, follow-up, treatment of the recurrence, metastases "
    "and death."
)
COMMON = (
    "Policies are compared with common random numbers: every random decision has a draw of its own, fixed by "
    "the seed, the patient and the name of the decision. The same patients are simulated under every policy, "
    "and their courses are identical until a policy acts."
)
INTERVAL_METHODS = (
    "Intervals of proportions are Wilson's score intervals [wilson1927]. Differences are paired, on the same "
    "patients, in the manner of Agresti and Min [agresti2005]. Amounts are means with 1.96 standard errors."
)
QUEUE_METHODS = (
    "Where patients queue, neighbours share their luck. Their variance comes from batches of neighbours "
    "[fishman1978], and intervals are those of the effective number of patients [korn1998]."
)
METHODS = {
    "wilson1927": (
        "Wilson EB. J Am Stat Assoc 1927;22:209-212",
        {"author": "Wilson, E. B.", "journal": "J Am Stat Assoc", "year": "1927", "volume": "22",
         "pages": "209--212"},
    ),
    "agresti2005": (
        "Agresti A, Min Y. Stat Med 2005;24:729-740",
        {"author": "Agresti, A. and Min, Y.", "journal": "Stat Med", "year": "2005", "volume": "24",
         "pages": "729--740"},
    ),
    "fishman1978": (
        "Fishman GS. Principles of Discrete Event Simulation, 1978",
        {"author": "Fishman, G. S.", "title": "Principles of Discrete Event Simulation", "year": "1978"},
    ),
    "fieller1954": (
        "Fieller EC. J R Stat Soc Series B 1954;16:175-185",
        {"author": "Fieller, E. C.", "journal": "J R Stat Soc Series B", "year": "1954", "volume": "16",
         "pages": "175--185"},
    ),
    "strong2014": (
        "Strong M, Oakley JE, Brennan A. Med Decis Making 2014;34:311-326",
        {"author": "Strong, M. and Oakley, J. E. and Brennan, A.", "journal": "Med Decis Making",
         "year": "2014", "volume": "34", "pages": "311--326"},
    ),
    "ara2011": (
        "Ara R, Wailoo AJ. NICE Decision Support Unit Technical Support Document 12, 2011",
        {"author": "Ara, R. and Wailoo, A. J.",
         "title": "NICE Decision Support Unit Technical Support Document 12", "year": "2011"},
    ),
    "korn1998": (
        "Korn EL, Graubard BI. Surv Methodol 1998;24:193-201",
        {"author": "Korn, E. L. and Graubard, B. I.", "journal": "Surv Methodol", "year": "1998",
         "volume": "24", "pages": "193--201"},
    ),
}  # fmt: skip
SOFTWARE = (
    "The lrrc-sim contributors. lrrc-sim, a discrete-event simulation of local recurrence of rectal cancer"
)


def picture_words(name: str) -> str:
    """Return what kind of picture it is, by its name."""
    if name in PICTURES:
        return PICTURES[name]
    for ending, words in ENDINGS.items():
        if name.endswith(ending):
            return words
    for beginning, words in BEGINNINGS.items():
        if name.startswith(beginning):
            return f"{words}: {policy_words(name.removeprefix(beginning))}"
    return f"Picture of this run: {policy_words(name)}"


def lever_words(lever: str) -> str:
    """Return what a lever is, for people, without what it may be set to; of a group, with its name.

    Also of what a guideline sets: ``guideline`` itself, and ``guideline.GROUP.condition``.
    """
    if lever == "guideline":
        return "risk groups"
    if rule := rule_of(lever):
        if rule.of_guideline:
            return number_words(lever)
        words, comma, unit = lever_words(rule.part).partition(", mm")
        return f"{words} (group {group_words(rule.group)}){comma}{unit}"
    words = OF_LEVERS.get(lever) or re.split("[,:;]", LEVERS[lever].words)[0]
    return f"{words}, mm" if lever.endswith("_mm") else words


def setting_words(value: Any) -> str:
    """Return what a lever is set to, for people."""
    if isinstance(value, Mapping):  # a schedule of follow-up, or a guideline
        value = value.get("name")
    if isinstance(value, str) and is_condition(value):
        return condition_words(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:g}"
    return SETTING.get(str(value), policy_words(str(value)))


def differing(levers: Mapping[str, Any], others: Mapping[str, Any]) -> list[str]:
    """Return the levers in which two policies differ, in the order of ``LEVERS``; after them by group.

    Of guidelines of another name their groups differ; of the same name, the conditions that do.
    """
    names = [*LEVERS, *dict.fromkeys([*by_group(levers), *by_group(others)])]
    if _guideline(levers) != _guideline(others):
        names.append("guideline")
    else:
        names += conditions(levers)
    return [name for name in names if setting(levers, name) != setting(others, name)]


def setting(levers: Mapping[str, Any], name: str) -> Any:
    """Return what a policy sets a lever to; for a group that sets it not, as for all patients."""
    if name == "guideline":
        return _guideline(levers)
    rule = rule_of(name)
    if rule is None:
        return levers.get(name)
    if rule.of_guideline:
        return conditions(levers).get(name)
    return by_group(levers).get(name, levers.get(rule.part))


def _guideline(levers: Mapping[str, Any]) -> str:
    guideline = levers.get("guideline")
    return str(guideline.get("name")) if isinstance(guideline, Mapping) else "none"


def difference_words(levers: Mapping[str, Any], others: Mapping[str, Any]) -> str:
    """Return how a policy differs from another: ``washout: always instead of usual; ...``."""
    parts = [
        f"{lever_words(name)}: {setting_words(setting(levers, name))} instead of "
        f"{setting_words(setting(others, name))}"
        for name in differing(levers, others)
    ]
    return "; ".join(parts) or "the same levers"


def question(
    experiment: str,
    policies: Sequence[str],
    comparator: str | None,
    varied: Sequence[str],
    clinics: Sequence[str],
) -> str:
    """Return the question that a run asks, generated from what differs in it.

    ``varied``: what a sweep varies, in words; ``clinics``: of a capacity run, in words.
    """
    names = [policy_words(name) for name in policies]
    others = [policy_words(name) for name in policies if name != comparator]
    under = f"under {listed(names)}" if names else ""
    if experiment == "capacity":
        steps = listed([words for words in STEP_WORDS.values()])
        where = f" in {listed(clinics)}" if clinics else ""
        return (
            f"How long do patients wait for {steps}{where} {under}, what harm does waiting do, and what "
            "capacity would be enough?"
        )
    if experiment == "validate":
        return "How well does the simulation agree with published trials and registries?"
    if experiment == "calibrate":
        return "Which values of the uncertain parameters agree with published trials and registries?"
    against = policy_words(comparator) if comparator else ""
    if experiment == "psa":
        return (
            f"Are {listed(others)} worth their price, compared with {against}, how sure is that, and what "
            "would it be worth to know more?"
        )
    if experiment == "sensitivity":
        return f"On which numbers, and on what of the model's structure, does the outcome depend {under}?"
    if experiment == "gains":
        return f"Who gains from {listed(others)}, compared with {against}, at what cost and harm?"
    if experiment == "budget":
        return (
            f"What does health care spend more or less, year by year, as {_any(others)} is taken up in place "
            f"of {against}?"
        )
    if experiment == "patient":
        return f"What happens to one simulated patient {under}, and where do the courses diverge?"
    over = f"How do the outcomes depend on {listed(varied)}" if varied else ""
    if comparator is None or not others:
        return f"{over} {under}?" if over else f"What are the outcomes {under}?"
    change = (
        f"what changes in local recurrence, metastasis and survival under {_any(others)}, compared with "
        f"{policy_words(comparator)}?"
    )
    return f"{over}, and {change}" if over else sentence(change)


def _any(names: Sequence[str]) -> str:
    *before, last = names
    return f"{', '.join(before)} or {last}" if before else last
