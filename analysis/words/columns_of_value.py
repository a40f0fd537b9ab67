"""What the columns of the tables of costs, QALYs and decisions hold, in words, by table."""

MONEY, RATIO = "currency of the prices", "currency per QALY"
OF_DRAWS_LOW = "lower end of the interval that holds 95 % of the draws, without simulated luck"
OF_DRAWS_HIGH = "upper end of the interval that holds 95 % of the draws, without simulated luck"
LUCK_LOW = "lower end of the 95 % interval of simulated luck"
LUCK_HIGH = "upper end of the 95 % interval of simulated luck"

TABLES = {
    "psa": "costs, life years and QALYs per patient, of each draw of the uncertain numbers and policy",
    "incremental": "policies from the cheapest, with dominance, each beside the one before on the frontier",
    "against_comparator": "each policy compared with the comparator, over the draws of the uncertain numbers",
    "plane": "what each draw of a policy costs and gains more than the comparator",
    "acceptability": "net benefit, and the probability of being the best, by what a QALY may cost",
    "evpi": "what it is worth to know every uncertain number, by what a QALY may cost",
    "evppi": "what it is worth to know some of the numbers, by what a QALY may cost",
    "evsi": "what a study would be worth, by its size",
    "variance": "where the variance of outcomes and of differences comes from",
    "sensitivity": "what each uncertain number moves, varied alone",
    "structure": "the outcome under other structures of the model",
    "map": "the outcome and the preferred policy over two numbers",
    "map_lines": "lines in the map on which the preferred policy changes",
    "indices": "how far the outcome depends on each number, all varied together",
    "gains": "what patients gain from each policy, by what is seen before treatment",
    "rules": "for each policy, the rule that treats those, and only those, who gain",
    "yearly_costs": "what a patient costs health care in each year after diagnosis",
    "budget": "what health care spends more or less in each year, as a policy is taken up",
}


def _with_ends(name: str, words: str, low: str, high: str) -> dict[str, str]:
    return {name: words, f"{name}_low": low, f"{name}_high": high}


_OF_DRAWS = (OF_DRAWS_LOW, OF_DRAWS_HIGH)
_COMPARED = {
    **_with_ends("incremental_cost", "mean costs, less those of the comparator", *_OF_DRAWS),
    **_with_ends("incremental_qalys", "mean QALYs, less those of the comparator", *_OF_DRAWS),
    "icer": "ratio of the mean differences; missing where one policy dominates the other",
    "icer_low": "lower end of the ratio's 95 % interval over the draws; below 0: costs may change their sign",
    "icer_high": "upper end of the ratio's 95 % interval over the draws; missing where one policy dominates",
    "icer_method": "how that interval was found",
    "icer_error_low": "lower end of the ratio's 95 % interval from finite draws and patients alone",
    "icer_error_high": "upper end of the ratio's 95 % interval from finite draws and patients alone",
    "icer_error_method": "how that interval was found",
    "north_east": "share of the draws in which the policy is dearer and better",
    "south_east": "share of the draws in which the policy dominates",
    "north_west": "share of the draws in which the policy is dominated",
    "south_west": "share of the draws in which the policy is cheaper and worse",
    "reading": "what the comparison says, in words",
}
_PER_1000 = "fewer or more patients with it, less those under the comparator"
_SPENT = ("what is spent on a patient, less what is spent under the comparator", LUCK_LOW, LUCK_HIGH)
_COLUMNS: dict[str, dict[str, str]] = {
    "psa": {
        "member": "number of the draw, from 0",
        "costs_health_care": "mean costs to health care",
        "costs_societal": "mean costs to society",
        "life_years": "mean life years, undiscounted",
        "discounted_life_years": "mean life years, discounted",
        "qalys": "mean QALYs, discounted",
        "local_recurrence": "share of patients with a local recurrence, as the discrepancy has it",
    },
    "incremental": {
        "comparator": "the policy before it on the frontier; empty where it is not compared",
        **_with_ends("cost", "mean costs", *_OF_DRAWS),
        **_with_ends("qalys", "mean QALYs", *_OF_DRAWS),
        "status": "whether the policy is on the frontier, or dominated",
        "dominated_by": "the policy that dominates it, or the two whose mixture does",
        **_COMPARED,
    },
    "against_comparator": _COMPARED,
    "plane": {
        "member": "number of the draw, from 0",
        "incremental_qalys": "QALYs, less those of the comparator in the same draw, without simulated luck",
        "incremental_cost": "costs, less those of the comparator in the same draw, without simulated luck",
    },
    "acceptability": {
        "threshold": "what a QALY may cost",
        **_with_ends("net_monetary_benefit", "mean of QALYs at the threshold each, less costs", *_OF_DRAWS),
        **_with_ends("net_health_benefit", "the same in QALYs; missing at a threshold of 0", *_OF_DRAWS),
        "probability": "share of the draws in which the policy has the highest net benefit; ties are shared",
        "preferred": "whether the policy has the highest mean net benefit",
        "expected_loss": "mean by which the best policy of each draw exceeds this one in net benefit",
    },
    "evpi": {
        "threshold": "what a QALY may cost",
        "preferred": "policy with the highest mean net benefit",
        "evpi": "expected value of perfect information, per patient",
        "evpi_se": "its standard error, from the finite numbers of draws and patients",
        "evpi_with_noise": "the same with simulated luck left in, which raises it",
        "population_evpi": "expected value for all patients whom the decision concerns, discounted",
        "population_evpi_se": "its standard error",
    },
    "evppi": {
        "group": "name of the group of uncertain numbers",
        "parameters": "how many numbers of the group vary",
        "threshold": "what a QALY may cost",
        "evppi": "expected value of knowing the group, per patient",
        "evppi_se": "its standard error, from the regression and the finite number of draws",
        "evpi": "expected value of knowing every number, per patient",
        "method": "kind of regression",
        "explained": "share of the variance of differences in net benefit that the group explains",
        "neighbour_correlation": "correlation of residuals of neighbouring draws; far from 0: a poor fit",
        "neighbour_correlation_se": "its standard error",
    },
    "evsi": {
        "size": "patients in the study",
        "evsi": "expected value of the study's information, per patient",
        "evsi_se": "its standard error",
        "evppi": "the same of a study without end",
        "evppi_se": "its standard error",
        "threshold": "what a QALY may cost",
    },
    "variance": {
        "outcome": "what varies",
        "source": "where the variance comes from: uncertain numbers, kinds of patients, or luck",
        "variance": "variance, in the square of the outcome's unit",
        "share": "share of the whole variance",
        "standard_deviation": "square root of the variance, in the outcome's unit",
        "mean": "mean of the outcome",
    },
    "sensitivity": {
        "outcome": "what is moved",
        "parameter": "the number that is varied, by its key; a list by age varies as one",
        "basis": "where its range is from: the posterior of a fitted number, or its prior",
        "low": "2.5 percentile of the number; of a list that of its first element",
        "high": "97.5 percentile of the number; of a list that of its first element",
        "at_low": "the outcome at the low end",
        "at_high": "the outcome at the high end",
        "difference_se": "standard error, by simulated luck, of the difference between both ends",
        "base": "the outcome of the run itself",
        "swing": "the outcome's whole range: both ends and the base",
        "beyond_noise": "whether the ends differ by more than simulated luck (95 %)",
    },
    "structure": {
        "outcome": "what is changed",
        "alternative": "name of the other structure; as_it_is: the run itself",
        "words": "the other structure, in words",
        "reverses": "what is so in the model and not in the other structure",
        "estimate": "the outcome under the other structure",
        **_with_ends("change", "the same, less that of the run itself", LUCK_LOW, LUCK_HIGH),
        "preferred": "policy with the best outcome; empty where neither more nor less is better",
    },
    "map": {
        "outcome": "by which policies are preferred",
        "x_parameter": "key of the number across",
        "x": "its value",
        "y_parameter": "key of the number up",
        "y": "its value",
        "preferred": "whether the policy has the best outcome here",
    },
    "map_lines": {
        "one": "policy on one side of the line",
        "other": "policy on its other side",
        "line": "number of the line",
        "x": "place across, by linear interpolation",
        "y": "place up, by linear interpolation",
        "x_parameter": "key of the number across",
        "y_parameter": "key of the number up",
    },
    "indices": {
        "outcome": "what varies",
        "method": "Morris or Sobol'",
        "parameter": "the number, or section, that is varied",
        "mu": "Morris: mean effect of its whole range; empty for a section",
        **_with_ends(
            "mu_star",
            "Morris: mean effect of its whole range without sign",
            "lower end of its 95 % interval, from resampled trajectories",
            "upper end of its 95 % interval, from resampled trajectories",
        ),
        "sigma": "Morris: standard deviation of the effects, without simulated luck; empty for a section",
        "noise_floor": "Morris: the mean effect that simulated luck alone would give",
        **_with_ends(
            "first",
            "Sobol': share of the variance due to it alone",
            "lower end of its 95 % interval, from resampled points",
            "upper end of its 95 % interval, from resampled points",
        ),
        **_with_ends(
            "total",
            "Sobol': share of the variance due to it, alone and with the others",
            "lower end of its 95 % interval, from resampled points",
            "upper end of its 95 % interval, from resampled points",
        ),
        "noise_share": "Sobol': share of the variance between points that was simulated luck, taken out",
    },
    "gains": {
        "column": "what is seen, by which patients are grouped; all: not grouped",
        "group": "condition on the patients; all: not grouped",
        "n": "patients in the group",
        "share": "share of the patients in the group",
        "treated": "share of the group who are treated otherwise than under the comparator",
        "averted_per_1000": "recurrences averted less those caused",
        "needed": "patients treated otherwise for each recurrence averted; missing where that may be luck",
        "permanent_stoma_per_1000": f"permanent stoma: {_PER_1000}",
        "major_bowel_dysfunction_per_1000": f"major bowel dysfunction: {_PER_1000}",
        "urinary_dysfunction_per_1000": f"urinary dysfunction: {_PER_1000}",
        "severe_morbidity_per_1000": f"severe morbidity: {_PER_1000}",
        **_with_ends("costs", *_SPENT),
        **_with_ends("qalys", "QALYs, less those under the comparator", LUCK_LOW, LUCK_HIGH),
        **_with_ends("benefit", "QALYs gained at the threshold each, less costs", LUCK_LOW, LUCK_HIGH),
    },
    "rules": {
        "condition": "whom the rule treats, as a guideline writes it; empty: nobody",
        "share": "share of the patients whom it treats",
        **_with_ends("benefit", "net benefit of the rule, per patient of the cohort", LUCK_LOW, LUCK_HIGH),
        **_with_ends("everybody", "net benefit of treating everybody, per patient", LUCK_LOW, LUCK_HIGH),
    },
    "yearly_costs": {
        "year": "year after diagnosis, from 1",
        "estimate": "mean costs to health care in the year, or less the comparator's",
    },
    "budget": {
        "year": "year from when the policy is taken up, from 1; all: their sum",
        "treated": "new patients of the year who are treated by the policy",
        "estimate": "spent more than with the comparator for everybody",
    },
}
OF_TABLES = {(table, name): words for table, of in _COLUMNS.items() for name, words in of.items()}


OF_SENSITIVITY = {
    "sensitivity": ("at_low", "at_high", "difference_se", "base", "swing"),
    "structure": ("estimate", "change", "change_low", "change_high"),
    "indices": ("mu", "mu_star", "mu_star_low", "mu_star_high", "sigma", "noise_floor"),
}


def _unit(table: str, name: str) -> str:
    if name in OF_SENSITIVITY.get(table, ()):
        return "as in the column unit"
    money = ("cost", "costs", "incremental_cost", "benefit", "everybody", "evpi", "evppi", "evsi")
    stem = name.removesuffix("_low").removesuffix("_high").removesuffix("_se")
    if (stem.startswith("icer") and "method" not in stem) or stem == "threshold":
        return RATIO
    if stem in money or stem.startswith(("costs_", "net_monetary", "population_evpi")):
        return MONEY
    if stem in ("expected_loss", "evpi_with_noise") or (table in ("yearly_costs", "budget") and name in (
        "estimate", "ci_low", "ci_high",
    )):  # fmt: skip
        return MONEY
    if stem in ("qalys", "incremental_qalys", "net_health_benefit", "life_years", "discounted_life_years"):
        return "years"
    if stem in ("probability", "north_east", "south_east", "north_west", "south_west", "explained"):
        return "proportion"
    if table == "gains" and stem == "treated":
        return "proportion"
    return ""


UNITS = {
    (table, name): unit
    for table, of in _COLUMNS.items()
    for name in (*of, *(("ci_low", "ci_high") if table in ("yearly_costs", "budget") else ()))
    if (unit := _unit(table, name))
}
# Words that a column can hold, and their labels where the word does not say all.
CODES_OF: dict[str, dict[str, tuple[str, ...]]] = {
    "incremental": {"status": ("on the frontier", "dominated", "extendedly dominated")},
    "sensitivity": {"basis": ("posterior", "prior")},
    "structure": {},
    "map": {},
    "map_lines": {},
    "indices": {"method": ("morris", "sobol")},
    "variance": {
        "outcome": ("costs", "qalys", "net_benefit", "local_recurrence", "overall_survival"),
        "source": ("parameters", "heterogeneity", "luck"),
    },
}
