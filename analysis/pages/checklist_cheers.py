"""CHEERS 2022 of a run: what is known of each item, with costs and QALYs where the run counts them."""

from collections.abc import Mapping

from analysis.pages.checklist_frame import Answer, Facts, said, table
from analysis.pages.checklist_stress import (
    LEFT_OUT,
    PURPOSE,
    changes,
    differences,
    numbers,
    policies_compared,
    stress_des,
)
from analysis.words.economics import DISCREPANCY, PERSPECTIVES
from analysis.words.economics import LEFT_OUT as NOT_VALUED
from conf.stated_sources import assumptions_of

NO_COSTS = "This run counts no costs and no utilities (economics=none), so it is no economic evaluation."
COUNTED = "Costs and quality of life are counted as in `docs/economics.md`."


def cheers(facts: Facts) -> dict[str, Answer]:
    """Return what is known of each item of CHEERS 2022, by number."""
    stress = stress_des(facts)
    return {
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
        "9": (stress["4.2"][0], "why this horizon fits the question."),
        "11": (stress["1.2"][0], "which outcomes are benefit and harm here."),
        "12": (["From simulated courses; definitions in `docs/outcomes.md`."], ""),
        "16": ([*stress["2.1"][0], *stress["2.2"][0], *stress["6.1"][0]], "why a model was used."),
        "21": ([], "how patients and others were involved."),
        "23": (
            ["The run's tables: " + ", ".join(said(name) for name in _table_names(facts)) + "."],
            "the main results in words.",
        ),
        "25": ([], "what the involvement of patients and others changed."),
        "27": ([], "who paid, and what part they had."),
        "28": ([], "conflicts of interest."),
        **(_valued(facts, stress) if facts.economics else _not_valued(facts, stress)),
    }


def _not_valued(facts: Facts, stress: Mapping[str, Answer]) -> dict[str, Answer]:
    """Return the items of a run that counts no costs."""
    amounts = ["Amounts of care are counted in `outcomes.csv` (visits, scans, minutes in theatre, courses)."]
    return {
        "1": ([NO_COSTS], "the title."),
        "8": ([NO_COSTS], "the perspective, once costs are counted."),
        "10": (["Nothing is discounted."], "the rates, once costs are counted."),
        "13": ([NO_COSTS], "utilities and whose values they are, once they are counted."),
        "14": ([NO_COSTS, *amounts], "unit costs and their sources."),
        "15": ([NO_COSTS], "currency, price year and conversion."),
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
        "22": ([*stress["3.3"][0], *stress["3.4"][0]], ""),
        "24": (
            [_intervals(facts)],
            "how sure the conclusion is, in words; for other outcomes, a sweep over the posterior sample.",
        ),
        "26": ([LEFT_OUT], "findings, limits, and how they fit with what is known."),
    }


def _valued(facts: Facts, stress: Mapping[str, Answer]) -> dict[str, Answer]:
    """Return the items of a run that counts costs and QALYs."""
    of = facts.economics
    named = facts.manifest.get("choices")
    chosen = str(named.get("economics", "")) if isinstance(named, Mapping) else ""
    comparator = facts.setting("comparator")
    others = [said(name) for name in facts.policies if name != facts.config.get("comparator")]
    currency, year = said(of.get("currency")), said(of.get("price_year"))
    assumed = assumptions_of("economics", chosen)
    kind = facts.manifest.get("experiment")
    results, uncertainty, subgroups = (
        _tables(facts, name) for name in ("results", "uncertainty", "subgroups")
    )
    return {
        "1": (
            [
                f"{'A budget impact' if kind == 'budget' else 'A cost-utility'} analysis by simulation: "
                f"{', '.join(others)} compared with {comparator}."
            ],
            "the title.",
        ),
        "8": (
            [
                f"Perspective: {said(of.get('perspective'))} "
                f"({PERSPECTIVES.get(str(of.get('perspective')), 'not known')}). Tables hold totals of "
                "health care "
                "and of society."
            ],
            "why this perspective.",
        ),
        "10": (
            [
                f"Costs at {_percent(of.get('costs_discount_rate_per_year'))} a year, life years and QALYs "
                "at "
                f"{_percent(of.get('effects_discount_rate_per_year'))}, continuously from the day of "
                "diagnosis." + (" The budget is undiscounted." if kind == "budget" else "")
            ],
            "why these rates, where they are not those of the country's guideline.",
        ),
        "13": (
            [
                COUNTED,
                "A utility is that of the general population by age and sex, times a ratio for each state "
                "that is "
                "there. Each ratio has its source, or the word assumption, in `docs/parameters.md`.",
                *([assumed] if assumed else []),
            ],
            "in whom the utilities were measured that matter most here, and whose values they are.",
        ),
        "14": (
            [
                "Use of care is counted event by event in each simulated course and multiplied by unit "
                "prices; "
                f"prices and utilities: {said(chosen) or 'not recorded'}. Every price of this run is in "
                "`config.yaml`, with its source in `docs/parameters.md`.",
            ],
            "sources of prices of the study's own.",
        ),
        "15": (
            [
                f"{currency} of {year}. Prices of other years or currencies are converted by the rates of "
                "the file."
            ],
            "dates of the quantities.",
        ),
        "17": (
            [*stress["4.3"][0], *stress["3.2"][0], *_analytics(facts)],
            "analyses beyond the run's own tables.",
        ),
        "18": (
            subgroups or ["Not in this run; `lrrc gains` compares groups by what is seen before treatment."],
            "which subgroups matter, and why.",
        ),
        "19": (
            ["A QALY has the same weight, whoever gains it."],
            "who gains and who loses, by groups that matter for equity.",
        ),
        "20": (_uncertain(facts), "structural alternatives that were tried."),
        "22": (
            [
                *stress["3.3"][0],
                *stress["3.4"][0],
                "Ranges of prices and utilities: `conf/uncertainty/economics/`, or their own file.",
            ],
            "",
        ),
        "23": (
            results or ["The run's tables: " + ", ".join(said(name) for name in _table_names(facts)) + "."],
            "the main results in words.",
        ),
        "24": (
            uncertainty or [f"{_intervals(facts)} `lrrc psa` varies all uncertain numbers."],
            "how sure the conclusion is, in words." if uncertainty else "the effect of uncertain parameters.",
        ),
        "26": ([LEFT_OUT, *NOT_VALUED], "findings, limits, and how they fit with what is known."),
    }


def _analytics(facts: Facts) -> list[str]:
    if facts.manifest.get("experiment") != "psa":
        return [*changes(facts)]
    return [
        "Ratios are ratios of means, with Fieller's interval, or that of the draws' angles in the plane "
        "where the "
        "difference in QALYs may be zero. The noise of finite numbers of patients is taken out of the value "
        "of "
        "information. That of groups of numbers is by regression of the difference in net benefit.",
    ]


def _uncertain(facts: Facts) -> list[str]:
    if facts.manifest.get("experiment") != "psa":
        return [
            "Costs and QALYs of this run take every number at its best value. `lrrc psa` draws all uncertain "
            "numbers jointly: the posterior sample of the disease, prices and utilities by Latin hypercube, "
            "and discrepancy."
        ]
    drawn = facts.config.get("discrepancy") is True
    return [
        f"{facts.setting('members')} draws of the posterior sample ({facts.of('psa', 'posterior', 'file')}) "
        "with "
        "prices and utilities by Latin hypercube from their ranges, where their file has them, and "
        f"{facts.setting('patients')} patients each, the same under every policy.",
        DISCREPANCY if drawn else "How far studies lie from the model (discrepancy) is not drawn.",
        numbers(facts),
    ]


def _tables(facts: Facts, name: str) -> list[str]:
    """Return tables of a run as paragraphs: for each its caption, and the table itself."""
    paragraphs = []
    for block in facts.valued.get(name, ()):
        paragraphs += [f"{said(block.caption)}.", table([block.head, *block.rows])]
        if block.note:
            paragraphs.append(said(block.note))
    return paragraphs


def _percent(rate: object) -> str:
    return f"{100 * rate:g} %" if isinstance(rate, int | float) else "not recorded"


def _intervals(facts: Facts) -> str:
    """Return what the intervals of a run's tables cover."""
    if "uncertainty.csv" in _table_names(facts):
        return (
            "The intervals of most tables are of simulated luck; `uncertainty.csv` has those of the fitted "
            "numbers and of how far studies lie from the model."
        )
    return "The run's intervals are of simulated luck only."


def _table_names(facts: Facts) -> list[str]:
    tables = facts.manifest.get("tables")
    return [str(name) for name in tables] if isinstance(tables, Mapping) else []
