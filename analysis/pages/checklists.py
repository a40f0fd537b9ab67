"""All checklists of a run: STRESS-DES, and drafts of ODD, CHEERS 2022, AdViSHE and TECH-VER."""

from collections.abc import Mapping

from analysis.pages.checklist_frame import Answer, Facts, page, said, table
from analysis.pages.checklist_stress import (
    LEFT_OUT,
    PURPOSE,
    changes,
    differences,
    numbers,
    policies_compared,
    stress_des,
)
from analysis.words.checklist_items import ADVISHE, CHEERS, ODD, STRESS_DES, TECH_VER


def pages(facts: Facts) -> dict[str, str]:
    """Return every checklist's page, by the name of its file."""
    made = {
        "checklist_stress_des.md": (STRESS_DES, stress_des(facts)),
        "checklist_odd.md": (ODD, odd(facts)),
        "checklist_cheers_2022.md": (CHEERS, cheers(facts)),
        "checklist_advishe.md": (ADVISHE, advishe(facts)),
        "checklist_tech_ver.md": (TECH_VER, tech_ver(facts)),
    }
    return {name: page(checklist, facts, answers) for name, (checklist, answers) in made.items()}


def odd(facts: Facts) -> dict[str, Answer]:
    """Return what is known of each element of ODD, by number."""
    stress = stress_des(facts)
    none = [
        "Not modelled: a patient is not an agent with aims; what is done follows from policy and findings."
    ]
    return {
        "1": (
            [
                PURPOSE,
                "Its patterns are the published figures of `docs/validation.md`, with hits and misses.",
            ],
            "the question of this study.",
        ),
        "2": ([*stress["2.5.1"][0], "Time in days; space as the pelvis in seven compartments."], ""),
        "3": ([*stress["2.1"][0], *stress["5.3"][0]], ""),
        "4.1": (
            ["Cells stay behind by a mechanism, take or die, and grow in a compartment (`docs/model.md`)."],
            "",
        ),
        "4.2": (
            ["Incidence, survival and the effect of a policy follow from patients' courses; none is set."],
            "",
        ),
        "4.3": (none, ""),
        "4.4": (none, ""),
        "4.5": (["None."], ""),
        "4.6": (["None."], ""),
        "4.7": (
            ["A policy acts on what a clinician sees (MRI with its errors), never on the hidden truth."],
            "",
        ),
        "4.8": (["Only by waiting for the same resources, where the clinic is limited."], ""),
        "4.9": (stress["5.2"][0], ""),
        "4.10": (["None; subgroups exist in the tables only."], ""),
        "4.11": (stress["1.2"][0], ""),
        "5": (stress["4.1"][0], ""),
        "6": (["None while the model runs; all inputs are read before."], ""),
        "7": ([*stress["2.2"][0], numbers(facts)], ""),
    }


def cheers(facts: Facts) -> dict[str, Answer]:
    """Return what is known of each item of CHEERS 2022, by number."""
    stress = stress_des(facts)
    no_costs = ["The model counts no costs and no utilities yet, so this run is no economic evaluation."]
    amounts = ["Amounts of care are counted in `outcomes.csv` (visits, scans, minutes in theatre, courses)."]
    return {
        "1": (no_costs, "the title."),
        "2": ([], "the abstract."),
        "3": ([PURPOSE], "context, question and relevance."),
        "4": ([], "whether there was an analysis plan, and where."),
        "5": (
            [
                f"Cohort: {facts.of('choices', 'cohort')}; its numbers are in "
                "`docs/parameters.md` and `config.yaml`."
            ],
            "whom the cohort stands for in this study.",
        ),
        "6": ([f"Clinic: {facts.of('choices', 'clinic')}."], "country, kind of hospital, year."),
        "7": ([*policies_compared(facts), *differences(facts)], "why these were chosen."),
        "8": (no_costs, "the perspective, once costs are counted."),
        "9": (stress["4.2"][0], "why this horizon fits the question."),
        "10": (["Nothing is discounted."], "the rates, once costs are counted."),
        "11": (stress["1.2"][0], "which outcomes are benefit and harm here."),
        "12": (["From simulated courses; definitions in `docs/outcomes.md`."], ""),
        "13": (no_costs, "utilities and whose values they are, once they are counted."),
        "14": ([*no_costs, *amounts], "unit costs and their sources."),
        "15": (no_costs, "currency, price year and conversion."),
        "16": ([*stress["2.1"][0], *stress["2.2"][0], *stress["6.1"][0]], "why a model was used."),
        "17": ([*stress["4.3"][0], *stress["3.2"][0]], "analyses beyond the run's own tables."),
        "18": (
            ["`outcomes.csv` splits incidence and survival by height, stage, margin and lateral node."],
            "which subgroups matter, and why.",
        ),
        "19": ([], "who gains and who loses, by groups that matter for equity."),
        "20": (
            ["`lrrc sweep posterior=100` draws the uncertain numbers jointly from the posterior sample."],
            "the analyses of uncertainty that were made.",
        ),
        "21": ([], "how patients and others were involved."),
        "22": ([*stress["3.3"][0], *stress["3.4"][0]], ""),
        "23": (
            ["The run's tables: " + ", ".join(said(name) for name in _table_names(facts)) + "."],
            "the main results in words.",
        ),
        "24": (
            ["The run's intervals are of simulated luck only."],
            "the effect of uncertain parameters, from a sweep.",
        ),
        "25": ([], "what the involvement of patients and others changed."),
        "26": ([LEFT_OUT], "findings, limits, and how they fit with what is known."),
        "27": ([], "who paid, and what part they had."),
        "28": ([], "conflicts of interest."),
    }


def _table_names(facts: Facts) -> list[str]:
    tables = facts.manifest.get("tables")
    return [str(name) for name in tables] if isinstance(tables, Mapping) else []


def advishe(facts: Facts) -> dict[str, Answer]:
    """Return what is known of each part of AdViSHE."""
    return {
        "part 1": (
            ["`docs/model.md` describes the concept, its contradictions and what it leaves out."],
            "whether experts outside the project judged the concept, who, and what they said.",
        ),
        "part 2": (
            [numbers(facts), *changes(facts)],
            "whether experts judged the input data, and how well fitted inputs fit.",
        ),
        "part 3": (
            [
                f"`lrrc verify` executes {len(facts.tests)} black-box tests; the repository's tests include "
                "extremes of every number, single patients' courses and independent estimators "
                "(`docs/testing.md`).",
                *_verified(facts),
            ],
            "whether somebody outside the project examined the program.",
        ),
        "part 4": (
            [
                "`docs/validation.md` shows simulated beside published figures. The "
                f"fit used {facts.fit}; the "
                "validation trials were not used for it."
            ],
            "comparison with other models, with data of your own, and experts' judgement of the results.",
        ),
    }


def tech_ver(facts: Facts) -> dict[str, Answer]:
    """Return what is known of each domain of TECH-VER."""
    claims = table([("area", "what is tested"), *facts.tests])
    return {
        "domain 1": (
            [
                "Every number is checked against the range of its unit and its relations before the first "
                "patient (`conf/units.py`, `conf/relations.py`). " + numbers(facts)
            ],
            "whether inputs of your own were worked out correctly.",
        ),
        "domain 2": (
            [
                f"`lrrc verify` executes these {len(facts.tests)} black-box tests on "
                "any scenario, and ends with "
                "status 1 where one fails:",
                claims,
                *_verified(facts),
            ],
            ""
            if facts.verified
            else "run `lrrc verify` on this scenario, and add its results: verified=DIR.",
        ),
        "domain 3": (
            ["Sums, units and paired differences of the tables are among the tests above."],
            "extreme costs and utilities, once the model counts them.",
        ),
        "domain 4": (
            ["The posterior sample is drawn jointly; its file and members are in a sweep's manifest."],
            "whether the analyses of uncertainty were verified.",
        ),
        "domain 5": (
            [
                "Wrong input is refused in one line before anything runs; validation "
                "is in `docs/validation.md`."
            ],
            "who verified the model for this study, and when.",
        ),
    }


def _verified(facts: Facts) -> list[str]:
    if not facts.verified:
        return []
    return ["Results of `lrrc verify`:", table(facts.verified)]
