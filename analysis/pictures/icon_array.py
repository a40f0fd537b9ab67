"""Picture of a thousand patients under each policy: what became of them, and what they live with."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.pictures import look
from analysis.words.wording import (
    BEYOND,
    INTERVALS,
    at_horizon,
    beyond_luck,
    comparator_of,
    headline_years,
    interval,
    patients_words,
    policy_words,
    row_of,
    sentence,
    years_words,
)

PATIENTS, ACROSS = 1000, 50
Kinds = dict[str, tuple[str, str, str]]  # by kind: its words, its colour, its mark
# In the order of the picture. Squares: a local recurrence. Neighbours differ in brightness.
FATES: Kinds = {
    "death_after_recurrence": ("died after local recurrence", look.WINE, "s"),
    "alive_after_recurrence": ("alive after local recurrence", look.VERMILION, "s"),
    "cancer_death_without_recurrence": ("died of cancer without it", look.BLUE, "o"),
    "alive_with_metastasis": ("alive with metastases", look.SKY, "o"),
    "other_death_without_recurrence": ("died of something else", "#8C8C8C", "o"),
    "disease_free_survival": ("alive, free of cancer", "#DDDDDD", "o"),
}
# The same thousand by what they live with. Nobody with a permanent stoma has a bowel that works badly.
LIVED_WITH: Kinds = {
    "permanent_stoma": ("alive, permanent stoma", look.GREEN, "D"),
    "major_bowel_dysfunction": ("alive, bowel dysfunction", look.ORANGE, "D"),
    "neither": ("alive with neither", "#DDDDDD", "o"),
    "died": ("died", "#8C8C8C", "o"),
}


def icon_array(
    outcomes: pd.DataFrame, differences: pd.DataFrame, population: str = "simulated patients"
) -> Figure:
    """Return a mark for each of 1,000 patients under each policy at the stated horizon, twice.

    First by their fate, then by whether they live with a permanent stoma or major bowel dysfunction.
    """
    years = headline_years(outcomes)
    fates = {name: at_horizon(outcomes, name, years) for name in FATES}
    if any(rows.empty or rows["estimate"].isna().any() for rows in fates.values()):
        return look.message(
            "What became of each patient is not known",
            "The outcomes of this run do not split all patients by their fate.",
        )
    lived = {name: _living(outcomes, name, years) for name in fates["disease_free_survival"].index}
    known = {name: rows for name, rows in lived.items() if rows is not None}
    shown = known if len(known) == len(lived) else {}
    whole = at_horizon(outcomes, "local_recurrence", years)
    policies = list(whole.index)
    note = f"{patients_words(whole, population, len(policies) > 1)} Each mark is one of 1,000 patients, "
    note += f"{years_words(years)} after diagnosis; squares had a local recurrence. "
    if shown:
        note += (
            "Below, the same 1,000 by what they live with: diamonds have a permanent stoma or major bowel "
        )
        note += "dysfunction. "
    note += f"In brackets: {INTERVALS}."
    with look.style():
        columns = min(len(policies), 2)
        gap, line = 0.35, look.SMALL * look.LINE + 0.02
        width = (look.WIDTH - 2 * look.EDGE - gap) / 2
        pitch = width / ACROSS
        marks = pitch * PATIENTS / ACROSS
        headings = {name: _heading(whole.loc[name], width) for name in policies}
        rows = [policies[k : k + columns] for k in range(0, len(policies), columns)]
        above = [max(len(headings[name]) for name in row) * look.SMALL * look.LINE + 0.12 for row in rows]
        below = len(FATES) * line + 0.25
        if shown:
            below += 0.05 + marks + 0.12 + len(LIVED_WITH) * line
        drawn = look.figure(
            _title(whole, shown, differences, years), note, sum(above) + len(rows) * (marks + below)
        )
        page = drawn.get_size_inches()[1]
        top = sum(above) + len(rows) * (marks + below)
        for row, room in zip(rows, above, strict=True):
            top -= room
            for k, name in enumerate(row):
                left = look.EDGE + k * (width + gap)
                place: look.Style = {"va": "bottom", "linespacing": 1.2, "size": look.SMALL, "gid": "label"}
                drawn.text(left / look.WIDTH, (top + 0.06) / page, "\n".join(headings[name]), **place)
                rows_of = pd.DataFrame([fates[fate].loc[name] for fate in FATES], index=list(FATES))
                _marks(drawn, name, rows_of["estimate"], FATES, left, top - marks, width, marks)
                _legend(drawn, rows_of, FATES, left, top - marks - 0.12, line)
                if shown:
                    under = top - marks - 0.12 - len(FATES) * line - 0.1
                    label = f"{name}: living"
                    _marks(
                        drawn, label, shown[name]["estimate"], LIVED_WITH, left, under - marks, width, marks
                    )
                    _legend(drawn, shown[name], LIVED_WITH, left, under - marks - 0.12, line)
            top -= marks + below
    return drawn


def _living(outcomes: pd.DataFrame, policy: str, years: float) -> pd.DataFrame | None:
    """Return the shares of a policy's patients by ``LIVED_WITH``, with intervals; None where not known.

    What is left over has no interval: no table holds one.
    """
    rows = {}
    for name in ("permanent_stoma", "major_bowel_dysfunction", "overall_survival"):
        found = at_horizon(outcomes, name, years)
        if policy not in found.index or found.loc[[policy], "estimate"].isna().any():
            return None
        rows[name] = row_of(found[["estimate", "ci_low", "ci_high"]], policy)
    alive = rows.pop("overall_survival")
    died = pd.Series({"estimate": 1 - alive["estimate"], "ci_low": 1 - alive["ci_high"]})
    died["ci_high"] = 1 - alive["ci_low"]
    left = max(alive["estimate"] - sum(row["estimate"] for row in rows.values()), 0.0)
    neither = pd.Series({"estimate": left, "ci_low": np.nan, "ci_high": np.nan})
    return pd.DataFrame({**rows, "neither": neither, "died": died}).T


def thousand(shares: pd.Series) -> pd.Series:
    """Return shares that add up to 1 as whole patients that add up to 1,000, by the largest remainders."""
    exact = shares * PATIENTS
    whole: pd.Series = np.floor(exact + 1e-9).astype(int)
    left = PATIENTS - int(whole.sum())
    more = (exact - whole).sort_values(ascending=False, kind="stable").index[:left]
    whole[more] += 1
    return whole


def _marks(
    drawn: Figure,
    name: str,
    shares: pd.Series,
    kinds: Kinds,
    left: float,
    bottom: float,
    width: float,
    height: float,
) -> None:
    ax = look.axes(drawn, left, bottom, width, height)
    rows = PATIENTS // ACROSS
    ax.set(xlim=(-0.5, ACROSS - 0.5), ylim=(rows - 0.5, -0.5), label=name)
    ax.axis("off")
    start = 0
    size = (width / ACROSS * 72 * 0.78) ** 2
    for fate, count in thousand(shares).items():
        # Down each column first, so that a group stands together.
        place = np.arange(start, start + count)
        _, colour, marker = kinds[str(fate)]
        ax.scatter(place // rows, place % rows, s=size, color=colour, marker=marker, linewidth=0, gid=fate)
        start += count


def _legend(drawn: Figure, rows: pd.DataFrame, kinds: Kinds, left: float, top: float, line: float) -> None:
    page = drawn.get_size_inches()[1]
    for k, (fate, (words, colour, marker)) in enumerate(kinds.items()):
        ax = look.axes(drawn, left, top - (k + 1) * line, 0.16, line)
        ax.scatter([0], [0], s=42, color=colour, marker=marker, linewidth=0)
        ax.axis("off")
        row = row_of(rows, fate)
        said = _patients(row["estimate"])
        if not np.isnan(row["ci_low"]):
            said += f" ({interval(row['ci_low'], row['ci_high'], _patients)})"
        place: look.Style = {"size": look.SMALL, "va": "center", "gid": "label"}
        middle = (top - (k + 0.5) * line) / page
        drawn.text((left + 0.22) / look.WIDTH, middle, words, **place)
        drawn.text((left + 2.4) / look.WIDTH, middle, said, **place)


def _patients(share: float) -> str:
    return f"{PATIENTS * share:.0f}"


def _heading(row: pd.Series, width: float) -> list[str]:
    low_to_high = interval(row["ci_low"], row["ci_high"], _patients)
    total = f"local recurrence: {_patients(row['estimate'])} ({low_to_high})"
    return [*look.wrapped(sentence(policy_words(row["policy"])), width, look.SMALL), total]


def _title(
    whole: pd.DataFrame, lived: dict[str, pd.DataFrame], differences: pd.DataFrame, years: float
) -> str:
    compared = at_horizon(differences, "local_recurrence", years)
    within = f"within {years_words(years)}"
    first = comparator_of(compared) or whole.index[0]
    number = _patients(whole["estimate"].loc[first])
    said = f"Of 1,000 patients, {number} {'has' if number == '1' else 'have'} a local recurrence {within} "
    said += f"under {policy_words(first)}"
    if compared.empty:
        stoma = f"; {_stomas(lived, first)} live with a permanent stoma" if lived else ""
        return said + stoma
    beyond = compared[beyond_luck(compared)]
    if beyond.empty:
        return f"{said}, and no other policy differs {BEYOND}"
    name = str(beyond["estimate"].abs().idxmax())
    said += f", and {_patients(whole['estimate'].loc[name])} under {policy_words(name)}"
    if lived:
        said += f"; {_stomas(lived, first)} and {_stomas(lived, name)} live with a permanent stoma"
    return said


def _stomas(lived: dict[str, pd.DataFrame], name: str) -> str:
    return _patients(float(row_of(lived[name], "permanent_stoma")["estimate"]))
