"""Endpoints in words: short labels for pictures and pages, and what a miss comes down to."""

import ast
import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.tables.validation import LEVELS
from analysis.words.wording import DASH, interval, percent, policy_words, signed, years_words
from conf.condition import Condition
from conf.endpoint import AMOUNTS, INCIDENCES, RATIOS, SURVIVALS, TIMES, Endpoint
from conf.trials import Trial

# Columns whose name is no short word; all others are written as they are spelt.
NOUNS = {
    "adjuvant": "adjuvant chemotherapy",
    "age_years": "age",
    "cn": "cN",
    "crm_involved": "involved margin",
    "crm_mm": "margin",
    "ct": "",
    "compartment": "",
    "compartments": "compartments involved",
    "dissected": "dissection",
    "distal_margin_mm": "distal margin",
    "diverting_stoma": "stoma",
    "emvi": "vascular invasion",
    "female": "women",
    "found_by": "",
    "height_above_verge_cm": "height",
    "lateral_involved": "lateral nodes involved",
    "leaked": "leak",
    "metastasis_months": "metastasis",
    "operation": "",
    "operative_death": "30-day death",
    "pathological_stage": "stage",
    "perforated": "perforation",
    "postoperatively_irradiated": "irradiated after surgery",
    "recurrence_months": "recurrence",
    "recurred": "recurrence",
    "salvage_complication": "major complication",
    "salvage_margin": "",
    "salvaged": "salvage",
    "short_axis_mm": "lateral node",
    "synchronous_metastasis": "synchronous metastases",
    "t_category": "cT",
    "washed_out": "washout",
}
# Of whom: a subgroup is many.
MANY = {
    "anastomosis": "anastomoses",
    "recurrence": "recurrences",
    "resected": "resections",
    "salvage": "salvages",
}
WITHOUT = {
    "crm_involved": "clear margin",
    "curative_intent": "palliative intent",
    "fascia_threatened": "fascia not threatened",
    "female": "men",
    "lateral_involved": "lateral nodes free",
    "operative_death": "alive at 30 days",
    "anastomosis": "no anastomosis",
    "dissected": "no dissection",
    "diverting_stoma": "no stoma",
    "leaked": "no leak",
    "metastasis": "no metastasis",
    "perforated": "no perforation",
    "recurred": "no recurrence",
    "washed_out": "no washout",
    "synchronous_metastasis": "no synchronous metastases",
}
VALUES = {
    "lar": "anterior resection",
    "apr": "APR",
    "r0": "R0",
    "r1": "R1",
    "r2": "R2",
    "hartmann": "Hartmann",
    "visit": "found at a visit",
    "symptoms": "found by symptoms",
}
UNITS = ("years", "months", "mm", "cm", "days")
SIGNS = {ast.Lt: "<", ast.LtE: "≤", ast.Gt: ">", ast.GtE: "≥", ast.Eq: "=", ast.NotEq: "≠"}
MIRRORED = {"<": ">", "≤": "≥", ">": "<", "≥": "≤", "=": "=", "≠": "≠"}
OPERATIONS = {ast.Add: "+", ast.Sub: "−", ast.Mult: "×", ast.Div: "/"}
# Conditions that a clinician says in fewer words.
SAID = {
    "recurrence_months <= metastasis_months": "recurrence first",
    "recurrence_months <= metastasis_months + 3": "recurrence first or together",
    "metastasis_months >= recurrence_months - 3": "recurrence first or together",
    "metastasis_months < recurrence_months": "metastasis first",
    "survival_months - metastasis_months > 36": "alive 3 years after metastasis",
    "survival_months - metastasis_months > 60": "alive 5 years after metastasis",
    "regimen == 'none'": "no treatment before surgery",
    "regimen == 'short_course'": "short course",
    "regimen == 'chemoradiotherapy'": "chemoradiotherapy",
    "crm_mm <= 1": "involved margin",
    "crm_mm > 1": "clear margin",
    "crm_mm <= 0": "margin 0 mm",
    "short_axis_mm > 0": "lateral node seen",
    "short_axis_mm <= 0": "no lateral node seen",
    "pathological_stage == 0": "no tumour left",
    "pathological_stage < 3": "nodes free",
    "plane != 'mesorectal'": "defective mesorectum",
    "nodes == 0": "mesorectal nodes free",
    "nodes > 0": "mesorectal nodes involved",
    "cn == 0": "cN0",
    "cn > 0": "cN+",
    "ct in ('t1', 't2', 't3ab')": "up to cT3b",
    "ct in ('t3ab', 't3cd')": "cT3",
    "ct in ('t3ab', 't3cd', 't4a', 't4b')": "cT3-4",
    "ct in ('t4a', 't4b')": "cT4",
}
CONTRAST = {
    "hazard_ratio": "HR",
    "odds_ratio": "OR",
    "risk_ratio": "RR",
    "difference": "difference",
}

NOT_COMPARABLE = "not comparable"
# Of figures that are shown and count nowhere.
NO_INTERVAL, NOT_JUDGED = "no interval printed", "not judged"
# The unit of a measure; that of a median or a mean is its column's.
MEASURED_IN = {
    **dict.fromkeys(LEVELS, " %"),
    "difference": " points",
    "median_survival": " months",
    "restricted_mean": " years",
    "restricted_mean_difference": " years",
}

# As oncologists write where there is little room.
ABBREVIATED = {
    "local recurrence": "LR",
    "distant metastasis": "DM",
    "overall survival": "OS",
    "disease-free survival": "DFS",
    "cancer-specific survival": "CSS",
    "anterior resection": "AR",
    " years": " y",
    " year": " y",
    " months": " mo",
}
# Kaplan-Meier's is larger where many die of other causes; a crude rate is below the incidence at its
# mean follow-up.
ESTIMATOR = {"kaplan_meier": "KM", "crude": "crude"}
ABBREVIATIONS = (
    "LR: local recurrence. DM: distant metastasis. OS, DFS, CSS: overall, disease-free and cancer-specific "
    "survival. AR, APR: anterior and abdominoperineal resection. KM: one less the Kaplan-Meier estimate. "
    "Crude: so far, at this mean follow-up. "
    "HR, OR, RR: hazard, odds and risk ratio. y, mo: years, months."
)


def labels(trials: Sequence[Trial], endpoints: pd.DataFrame) -> pd.DataFrame:
    """Return the lines of ``endpoints.csv`` with ``title`` of the trial, ``label``, ``time_from`` and
    ``estimator`` of the endpoint.

    The lines of each trial are in the order of its file, as ``analysis.tables.validation.rows`` writes.
    """
    parts = []
    for trial in trials:
        part = endpoints[endpoints["trial"] == trial.name]
        stated = [
            (trial.title, label(endpoint, trial), endpoint.time_from, endpoint.estimator)
            for endpoint in trial.endpoints
        ]
        named = part.assign(**_columns(stated))
        # The same figure from several studies, or several of one: each is distinguished by its evidence.
        twice = named.duplicated("label", keep=False)
        study = named["endpoint"].str.split(".").str[0]
        several = twice & named.assign(study=study).duplicated(["label", "study"], keep=False)
        source = study.where(~several, named["endpoint"].str.replace("[._]", " ", regex=True))
        named.loc[twice, "label"] += " (" + source[twice] + ")"
        parts.append(named)
    return pd.concat(parts, ignore_index=True)


def _columns(stated: Sequence[tuple[str, str, str, str]]) -> dict[str, list[str]]:
    names = ("title", "label", "time_from", "estimator")
    return dict(zip(names, map(list, zip(*stated, strict=True)), strict=True))


def label(endpoint: Endpoint, trial: Trial) -> str:
    """Return an endpoint in a few words: its arm where the trial has several, its outcome, and of whom."""
    used = {name for one in trial.endpoints for name in (one.arm, one.against)}
    what = _outcome(endpoint)
    if endpoint.ratio is not None:
        what = f"{CONTRAST[endpoint.ratio]} of {what}"
    whom, beside, common = _whom(endpoint)
    if endpoint.against != endpoint.arm:
        # The arms are compared; their subgroups are stated too where they differ.
        one, other = arm_words(endpoint.arm), arm_words(endpoint.against)
        arms = f"{one} against {other}"
        same = whom if whom == beside else f"{whom or 'all'} against {beside or 'all'}"
        return _joined(arms, what, same)
    if endpoint.ratio is not None:
        whom = f"{whom or 'all'} against {beside or 'all'}{common}"
    elif endpoint.outcome == "share" and whom.startswith(tuple(MANY.values())):
        whom = f"of {whom}"
    return _joined(arm_words(endpoint.arm) if len(used) > 1 else "", what, whom)


def _joined(arm: str, what: str, whom: str) -> str:
    text = f"{arm}: {what}" if arm else what
    return f"{text}, {whom}" if whom else text


def short(words: str) -> str:
    """Return a label with its usual words abbreviated, as ``ABBREVIATIONS`` explains."""
    for long, abbreviated in ABBREVIATED.items():
        words = words.replace(long, abbreviated)
    # A number stays with its sign and its unit.
    return re.sub(r"(?<=[<>≤≥=]) (?=\d)|(?<=\d) (?=(?:y|mo|cm|mm|days)\b)", "\N{NO-BREAK SPACE}", words)


def arm_words(name: str) -> str:
    """Return the name of an arm for people."""
    spelt = {"rt": "RT", "llnd": "LLND", "me": "ME", "tme": "TME", "crt": "CRT"}
    return " ".join(spelt.get(word, word) for word in name.split("_"))


def outcome_words(outcome: str, time_from: str = "diagnosis") -> str:
    """Return an outcome as pictures and pages call it, with its origin where that is the recurrence."""
    spelt = {
        "rerecurrence": "re-recurrence",
        "disease_free_survival": "disease-free survival",
        "cancer_specific_survival": "cancer-specific survival",
    }
    words = spelt.get(outcome, policy_words(outcome))
    return f"{words} after {time_from}" if time_from in ("recurrence", "salvage") else words


def _outcome(endpoint: Endpoint) -> str:
    if endpoint.outcome == "share":
        assert isinstance(endpoint.of, Condition)
        return condition_words(endpoint.of)
    if endpoint.outcome in AMOUNTS:
        return f"{endpoint.outcome} time to {_noun(str(endpoint.of))}"
    words = outcome_words(endpoint.event, endpoint.time_from)
    if endpoint.where is not None:
        where = condition_words(endpoint.where)
        words = f"{where} recurrence" if _is_place(endpoint.where) else f"{words} ({where})"
    if endpoint.outcome in TIMES:
        kind = "median" if endpoint.outcome == "median_survival" else "restricted mean"
        beside = {"median": " time to", "restricted mean": " time without"}[kind]
        words = f"{kind}{'' if endpoint.event in SURVIVALS else beside} {words}"
    if endpoint.horizon_years is not None:
        words += f", {_time_words(endpoint.horizon_years)}"
    if endpoint.outcome in INCIDENCES and endpoint.ratio is None and endpoint.estimator in ESTIMATOR:
        return f"{words} ({ESTIMATOR[endpoint.estimator]})"
    return words


def _time_words(years: float) -> str:
    return f"{12 * years:.0f} months" if years < 2 and years != 1 else years_words(years)


def _is_place(condition: Condition) -> bool:
    node = condition.tree
    return isinstance(node, ast.Compare) and ast.unparse(node.left) == "compartment"


def _whom(endpoint: Endpoint) -> tuple[str, str, str]:
    """Return the subgroups of both sides in words, and what both have in common where an arm is split."""
    one, other = (_members(endpoint, side) for side in (endpoint.subgroup, endpoint.against_subgroup))
    common = [part for part in one if part in other]
    # A side without anything of its own would be nobody in particular.
    if endpoint.against != endpoint.arm or len(common) in (0, len(one), len(other)):
        return ", ".join(one), ", ".join(other), ""
    own = [", ".join(part for part in side if part not in common) for side in (one, other)]
    return own[0], own[1], f" ({', '.join(common)})"


def _members(endpoint: Endpoint, subgroup: Condition | None) -> list[str]:
    """Return who is in a subgroup, without what the rest of it says already."""
    parts = [] if subgroup is None else [MANY.get(part, part) for part in _parts(subgroup)]
    said = " ".join(parts)
    if "leak" in said:
        parts = [part for part in parts if part != "anastomoses"]
    if "recurrence first" in said or "recurrence ≤" in said:
        parts = [part for part in parts if part != "recurrences"]
    if endpoint.time_from == "salvage" and endpoint.outcome != "share":
        parts = [part for part in parts if part != "salvages"]
    return [part.replace("recurrence ≤", "recurrences ≤") for part in parts]


def _parts(condition: Condition) -> list[str]:
    node = condition.tree
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        return [_words(part) for part in node.values]
    return [_words(node)]


def condition_words(condition: Condition) -> str:
    """Return a condition in words."""
    return ", ".join(_parts(condition))


def _words(node: ast.expr) -> str:
    text = ast.unparse(node)
    if text in SAID:
        return SAID[text]
    if isinstance(node, ast.BoolOp):
        return (" and " if isinstance(node.op, ast.And) else " or ").join(map(_words, node.values))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        inner = ast.unparse(node.operand)
        return WITHOUT.get(inner, f"not {_words(node.operand)}")
    if isinstance(node, ast.Name):
        return _noun(node.id)
    if isinstance(node, ast.Compare):
        return _comparison(node)
    return text


def _comparison(node: ast.Compare) -> str:
    if len(node.ops) == 2 and isinstance(node.comparators[0], ast.Name):  # 5 < height <= 10
        name = node.comparators[0].id
        low, high = ast.unparse(node.left), ast.unparse(node.comparators[1])
        above = MIRRORED[SIGNS.get(type(node.ops[0]), "?")]
        return f"{_noun(name)} {above} {low}, {SIGNS[type(node.ops[1])]} {high} {_unit(name)}".strip()
    op, right = node.ops[0], node.comparators[0]
    if len(node.ops) > 1:
        return ast.unparse(node)
    if not isinstance(node.left, ast.Name):  # a difference of two columns
        if type(op) not in SIGNS:
            return ast.unparse(node)
        unit = next((_unit(one.id) for one in ast.walk(node.left) if isinstance(one, ast.Name)), "")
        return f"{_amount(node.left)} {SIGNS[type(op)]} {_amount(right)} {unit}".strip()
    name = node.left.id
    words = _values(right)
    if words is not None:
        wanted = " or ".join(words)
        excluded = isinstance(op, (ast.NotEq, ast.NotIn))
        return " ".join(filter(None, ("not" if excluded else "", _noun(name), wanted)))
    number, unit = _amount(right), _unit(name)
    if isinstance(op, ast.Eq) and name in ("cn", "pathological_stage", "t_category"):
        return f"{_noun(name)} {number}"
    sign = SIGNS.get(type(op))
    return ast.unparse(node) if sign is None else f"{_noun(name)} {sign} {number} {unit}".strip()


def _amount(node: ast.expr) -> str:
    """Return what is compared, in words without a unit: a number, a column, or what is computed of them."""
    if isinstance(node, ast.Name):
        return _noun(node.id)
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATIONS:
        return f"{_amount(node.left)} {OPERATIONS[type(node.op)]} {_amount(node.right)}"
    return ast.unparse(node)


def _values(node: ast.expr) -> list[str] | None:
    """Return the words that a column is compared with, or None for a number."""
    nodes = node.elts if isinstance(node, (ast.Tuple, ast.List)) else [node]
    found = [item.value for item in nodes if isinstance(item, ast.Constant) and isinstance(item.value, str)]
    return [VALUES.get(word, policy_words(word)) for word in found] if len(found) == len(nodes) else None


def _noun(name: str) -> str:
    unit = _unit(name)
    return NOUNS.get(name, policy_words(name.removesuffix(f"_{unit}") if unit else name))


def _unit(name: str) -> str:
    last = name.rpartition("_")[2]
    return last if last in UNITS else ""


def number(value: float, measure: str) -> str:
    """Return a value of an endpoint, without its unit: percent, points, or a ratio; a dash where unknown."""
    if np.isnan(value):
        return DASH
    if measure in LEVELS:
        return percent(value)
    if measure == "difference":
        return signed(100 * value)
    if measure == "mean_difference":
        return signed(value)
    if measure == "restricted_mean_difference":  # a tenth of a life year is much
        return f"{value:+.2f}".replace("-", "−")
    if measure == "restricted_mean":
        return f"{value:.2f}"
    return f"{value:.2f}" if measure in RATIOS and value < 100 else f"{value:.1f}"


def unit(row: pd.Series) -> str:
    """Return the unit of an endpoint's numbers, to follow them; empty for a ratio."""
    measure = str(row["measure"])
    if measure.removesuffix("_difference") in AMOUNTS:
        return f" {_unit(row['outcome'])}".rstrip()
    return MEASURED_IN.get(measure, "")


def with_interval(row: pd.Series, which: str) -> str:
    """Return the ``published`` or ``simulated`` value of an endpoint with its interval, without a unit."""
    low, high = row[f"{which}_low"], row[f"{which}_high"]
    if np.isnan(row[which]):
        return DASH
    if np.isnan(low):
        return number(row[which], row["measure"])
    stated = interval(low, high, lambda value: number(value, row["measure"]))
    return f"{number(row[which], row['measure'])} ({stated})"


def verdict(row: pd.Series) -> str:
    """Return ``inside`` the published interval, or too ``high`` or too ``low``; or why it is not judged."""
    if not row["judged"]:
        return NO_INTERVAL if np.isnan(row["published_low"]) else NOT_JUDGED
    if not row["comparable"]:
        return NOT_COMPARABLE
    return "inside" if row["inside"] else "high" if row["simulated"] > row["published"] else "low"


def verdict_words(row: pd.Series) -> str:
    """Return the verdict as tables have it: ``inside``, ``too high``, ``too low``, or why there is none."""
    found = verdict(row)
    return f"too {found}" if found in ("high", "low") else found


def miss(row: pd.Series, explained: bool = False) -> str:
    """Return the sentence on a miss: the trial file's own, or else what the numbers say.

    ``explained``: whether a note on the whole trial says why.
    """
    note = str(row["note"] or "").strip()
    if note:
        return note if note.endswith((".", "?", "!")) else f"{note}."
    side = "above" if row["simulated"] > row["published"] else "below"
    size = {"high": "upper", "low": "lower"}[verdict(row)]
    bound = row["published_high" if side == "above" else "published_low"]
    of = unit(row)
    why = ", as explained above" if explained else "; not explained yet"
    return (
        f"Simulated {number(row['simulated'], row['measure'])}{of} is {side} the published "
        f"{number(row['published'], row['measure'])}{of} and its {size} bound of "
        f"{number(bound, row['measure'])}{of}, by {abs(row['z']):.1f} standard errors{why}."
    )
