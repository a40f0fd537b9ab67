"""All checklists of a run: STRESS-DES, and drafts of ODD, CHEERS 2022, AdViSHE and TECH-VER."""

from analysis.pages.checklist_cheers import cheers
from analysis.pages.checklist_frame import Answer, Facts, page, table
from analysis.pages.checklist_stress import PURPOSE, changes, numbers, stress_des
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
            "extreme costs and utilities, where this study counts them.",
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
