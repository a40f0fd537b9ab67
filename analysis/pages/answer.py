"""The answer to a scenario's question, in sentences, from the tables of its run.

A policy is said to have more or fewer only where the paired interval leaves out zero. Policies are ranked by
their differences from the comparator; two whose intervals overlap are not ranked. Paired differences between
them would distinguish more, so that nothing is said to differ that does not.
"""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.tables.estimates import PER
from analysis.words.clinic import STEP_WORDS
from analysis.words.wording import (
    BEYOND,
    DASH,
    INTERVALS,
    at_horizon,
    comparator_of,
    interval,
    listed,
    percent,
    policy_words,
    row_of,
    sentence,
    signed,
    years_words,
)
from conf.question import AMOUNTS
from sim.counting.outcomes import names as names_of
from sim.patient import Mechanism

WIDTH = 119
MECHANISMS = names_of(Mechanism)  # of a local recurrence
# What is counted, to follow a number.
COUNTED = {
    "local_recurrence": "local recurrences",
    "distant_metastasis": "patients with distant metastases",
    "overall_survival": "patients alive",
    "disease_free_survival": "patients alive without a sign of cancer",
    "cancer_death": "deaths from cancer",
    "local_failure": "local failures",
    "organ_preserved": "organs preserved",
    "tme_free_survival": "patients alive and never resected",
    "regrowth": "regrowths",
    "temporary_stoma": "patients with a temporary stoma",
    "permanent_stoma": "patients with a permanent stoma",
    "major_bowel_dysfunction": "patients with major bowel dysfunction",
    "faecal_incontinence": "patients with faecal incontinence",
    "urinary_dysfunction": "patients with urinary dysfunction",
    "sexual_dysfunction": "patients with sexual dysfunction",
    "severe_morbidity": "patients with severe morbidity of the operation",
    "reoperation": "reoperations",
    "bowel_obstruction": "bowel obstructions",
    "pelvic_fracture": "pelvic fractures",
    "second_cancer": "second cancers from radiotherapy",
    "salvage_morbidity": "patients with severe morbidity of salvage surgery",
    "severe_toxicity": "patients with severe toxicity of treatment before surgery",
    "margin": "local recurrences from the margin",
    "mesorectum": "local recurrences from the mesorectum",
    "lateral_node": "local recurrences from lateral nodes",
    "exfoliation": "local recurrences from cells in the lumen",
    "spillage": "local recurrences from spilled cells",
    "irradiated": "patients irradiated",
    "not_resected": "patients never resected",
    "emergency_operation": "emergency operations",
    "organ_kept": "organs kept at first",
    "local_excision": "local excisions",
    "life_years": "years of life",
    "organ_years": "years with the organ",
    "stoma_free_years": "years without a stoma",
}
# Of whom, and what: percent and percentage points of them.
SHARES = {
    "complete_response": "the resected tumours are gone after treatment",
    "crm_involved": "the resections have an involved margin",
    "mesorectal_plane": "the resections are in the mesorectal plane",
    "perforation": "the resections perforate tumour or bowel",
    "lateral_dissection": "the resections include a lateral dissection",
    "anastomosis": "the resections end with an anastomosis",
    "diverting_stoma": "the anastomoses are diverted",
    "leak": "the anastomoses leak",
    "operative_death": "the resected die within 30 days",
    "regrowth_resected": "the regrowths are resected",
    "regrowth_clear_margin": "the resected regrowths have a clear margin",
    "regrowth_metastasis": "the patients with a regrowth have metastases",
    "found_by_symptoms": "the recurrences are found by symptoms",
    "curative_intent": "the recurrences are treated with curative intent",
    "salvage_resection": "the recurrences are resected",
    "r0": "the salvage resections have clear margins",
    "rerecurrence": "the resected recurrences come back",
}
MORE_IS_BETTER = {
    "overall_survival", "disease_free_survival", "organ_preserved", "tme_free_survival", "complete_response",
    "mesorectal_plane", "organ_kept", "regrowth_clear_margin", "curative_intent", "salvage_resection", "r0",
    *AMOUNTS,
}  # fmt: skip


class Change(NamedTuple):
    """An outcome under a policy, less the comparator's: per 1,000 patients, or in percentage points."""

    value: float
    low: float
    high: float

    @property
    def beyond(self) -> bool:
        """Whether it is beyond simulated luck."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Answer:
    """An answer: its main sentence, a sentence for each policy, and what the numbers are."""

    main: str
    by_policy: Sequence[str]
    note: str

    def text(self, asks: str) -> str:
        """Return question and answer as lines to read, at most 119 columns wide."""
        lines = [f"Question: {asks}", f"Answer: {self.main}", *self.by_policy, self.note]
        return "\n".join(textwrap.fill(line, WIDTH, subsequent_indent="  ") for line in lines) + "\n"


def answer(
    tables: Mapping[str, pd.DataFrame], outcomes: Sequence[str], years: float, waits: Sequence[str] = ()
) -> Answer:
    """Return the answer by these outcomes, of which the first decides, at a horizon, from a run's tables.

    The tables are ``outcomes``, ``differences`` and, where patients queue, ``waits``. A shorter run answers
    at its end. An outcome that the tables lack is left out.
    """
    levels, differences = tables["outcomes"], tables["differences"]
    known = levels["horizon_years"].dropna()
    years = years if (known == years).any() else float(known.max())
    names = [name for name in outcomes if len(_rows(levels, name, years))]
    waited = [_waited(tables["waits"], step) for step in waits] if "waits" in tables else []
    note = f"Counts are of 1,000 patients, {_when(levels, names, years)}. In brackets: {INTERVALS}."
    if waited:
        note += " Waits have no interval."
    if not names:
        return Answer("This run does not count what would answer it.", waited, note)
    base = comparator_of(differences)
    if base is None:
        policy = str(levels["policy"].iloc[0])
        found = listed(_level(levels, name, policy, years) for name in names)
        return Answer(f"Under {policy_words(policy)}: {found}.", waited, note)
    first = names[0]
    changes = _changes(differences, first, years)
    main = _main(changes, first, policy_words(base), _number(levels, first, base, years))
    # Where there is one policy, the main sentence has said what decides.
    others = names[1:] if len(changes) == 1 else names
    lines = [
        f"{sentence(policy_words(policy))}: "
        f"{_list({name: _changes(differences, name, years)[policy] for name in others})}."
        for policy in changes
        if others
    ]
    return Answer(sentence(main), [*lines, *waited], note)


def _main(changes: Mapping[str, Change], name: str, base: str, level: str) -> str:
    """Return which policies have the fewest, or the most, of what decides; nothing that luck may explain."""
    better = 1 if name in MORE_IS_BETTER else -1
    known = {policy: each for policy, each in changes.items() if not np.isnan(each.value)}
    beyond = {policy: each for policy, each in known.items() if each.beyond}
    gains = {policy: each for policy, each in beyond.items() if better * each.value > 0}
    than = f"than under {base} ({level})"
    if not known:
        return "this run has nobody of whom it could be answered."
    if len(known) == 1:
        ((policy, only),) = known.items()
        if only.beyond:
            return f"under {policy_words(policy)}, {_said(only, name)} {than}."
        return (
            f"no difference {BEYOND} in {_noun(name)} between {policy_words(policy)} and {base}: a change of "
            f"{_signed(only, name)} from {level}."
        )
    if not beyond:
        return f"no policy differs from {base} {BEYOND} in {_noun(name)}; under {base}: {level}."
    if not gains:
        worse = listed(map(policy_words, beyond))
        do = "does" if len(beyond) == 1 else "do"
        return (
            f"no policy does better than {base} {BEYOND} in {_noun(name)}, and {worse} {do} worse; under "
            f"{base}: {level}."
        )
    best = max(gains.values(), key=lambda each: better * each.value)
    near = sorted(
        (policy for policy, each in known.items() if each.low <= best.high and each.high >= best.low),
        key=lambda policy: -better * known[policy].value,
    )
    most = f"{'most' if better > 0 else 'fewest'} {_phrase(name)} under {listed(map(policy_words, near))}"
    amounts = listed(_amount(known[policy], name) for policy in near)
    overlap = ", which this run cannot rank, as their intervals overlap" if len(near) > 1 else ""
    return f"{most}{overlap}: {amounts} {than}."


def _rows(table: pd.DataFrame, name: str, years: float) -> pd.DataFrame:
    """Return an outcome's rows by policy; those of an amount are of the whole run."""
    if name in MECHANISMS:
        return at_horizon(table, "local_recurrence", years, name)
    if name in AMOUNTS:
        return at_horizon(table, name, float(table["horizon_years"].max()))
    rows = at_horizon(table, name, years)
    return rows if len(rows) else at_horizon(table, name)


def _changes(differences: pd.DataFrame, name: str, years: float) -> dict[str, Change]:
    by = 100 if name in SHARES else PER
    rows = by * _rows(differences, name, years)[["estimate", "ci_low", "ci_high"]]
    return {
        str(policy): Change(*map(float, row)) for policy, row in zip(rows.index, rows.to_numpy(), strict=True)
    }


def _number(levels: pd.DataFrame, name: str, policy: str, years: float) -> str:
    """Return what a policy has of an outcome: of 1,000 patients, or in percent."""
    share = row_of(_rows(levels, name, years), policy)["estimate"]
    return f"{percent(share)} %" if name in SHARES else _thousands(PER * share)


def _level(levels: pd.DataFrame, name: str, policy: str, years: float) -> str:
    row = row_of(_rows(levels, name, years), policy)
    of = f"{_number(levels, name, policy, years)} {_phrase(name)}"
    if np.isnan(row["ci_low"]):
        return of
    by = 100 if name in SHARES else PER
    return f"{of} ({interval(by * row['ci_low'], by * row['ci_high'], _thousands)})"


def _list(changes: Mapping[str, Change]) -> str:
    """Return what changes beyond luck, then what does not."""
    beyond = [_said(change, name) for name, change in changes.items() if change.beyond]
    rest = [name for name, change in changes.items() if not change.beyond]
    same = [_noun(name) for name in sorted(rest, key=lambda name: name in SHARES)]
    unchanged = f"no difference {BEYOND} in {listed(same)}" if same else ""
    return "; ".join(filter(None, (listed(beyond) if beyond else "", unchanged)))


def _said(change: Change, name: str) -> str:
    """Return a change beyond luck: ``64.8 fewer local recurrences (61.3 to 68.3)``."""
    return f"{_size(change, name)} {_phrase(name)} ({_between(change)})"


def _amount(change: Change, name: str) -> str:
    return f"{_size(change, name)} ({_between(change)})" if change.beyond else _signed(change, name)


def _size(change: Change, name: str) -> str:
    size = _thousands(abs(change.value))
    size = "less than 0.1" if float(size.replace(",", "")) == 0 else size
    return f"{size}{' points' if name in SHARES else ''} {'more' if change.value > 0 else 'fewer'}"


def _between(change: Change) -> str:
    low, high = sorted((abs(change.low), abs(change.high)))
    return interval(low, high, _thousands)


def _signed(change: Change, name: str) -> str:
    points = " points" if name in SHARES else ""
    return f"{signed(change.value)}{points} ({interval(change.low, change.high, signed)})"


def _thousands(number: float) -> str:
    return DASH if np.isnan(number) else f"{number:,.1f}"


def _phrase(name: str) -> str:
    return f"of {SHARES[name]}" if name in SHARES else COUNTED[name]


def _noun(name: str) -> str:
    return f"how many of {SHARES[name]}" if name in SHARES else COUNTED[name]


def _when(levels: pd.DataFrame, names: Sequence[str], years: float) -> str:
    """Return by when the outcomes are counted."""
    last = years_words(float(levels["horizon_years"].max()))
    amounts = [name for name in names if name in AMOUNTS]
    treated = [name for name in names if _rows(levels, name, years)["horizon_years"].isna().any()]
    parts = [f"at {years_words(years)}"]
    parts += [f"{listed(COUNTED[name] for name in amounts)} within {last}"] if amounts else []
    parts += [f"treatment over the whole {last}"] if treated else []
    return "; ".join(parts)


def _waited(waits: pd.DataFrame, step: str) -> str:
    """Return how long patients wait for a step under each policy."""
    said = [_waiting(row) for _, row in waits[waits["step"] == step].iterrows()]
    return f"Days waited for {STEP_WORDS[step]}, median and 90th centile: {'; '.join(said)}."


def _waiting(row: pd.Series) -> str:
    policy = policy_words(str(row["policy"]))
    if np.isnan(row["median_days"]):
        return f"{policy} nobody was served"
    return f"{policy} {row['median_days']:.0f} and {row['p90_days']:.0f} ({row['served']:,} served)"
