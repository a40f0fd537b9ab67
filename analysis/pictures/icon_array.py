"""Picture of a thousand patients: what became of each under each policy."""

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
# In the order of the picture. Squares: a local recurrence. Neighbours differ in brightness.
FATES = {
    "death_after_recurrence": ("died after local recurrence", look.WINE, "s"),
    "alive_after_recurrence": ("alive after local recurrence", look.VERMILION, "s"),
    "cancer_death_without_recurrence": ("died of cancer without it", look.BLUE, "o"),
    "alive_with_metastasis": ("alive with metastases", look.SKY, "o"),
    "other_death_without_recurrence": ("died of something else", "#8C8C8C", "o"),
    "disease_free_survival": ("alive, free of cancer", "#DDDDDD", "o"),
}


def icon_array(
    outcomes: pd.DataFrame, differences: pd.DataFrame, population: str = "simulated patients"
) -> Figure:
    """Return one mark for each of 1,000 patients under each policy, by their fate at the stated horizon."""
    years = headline_years(outcomes)
    fates = {name: at_horizon(outcomes, name, years) for name in FATES}
    if any(rows.empty or rows["estimate"].isna().any() for rows in fates.values()):
        return look.message(
            "What became of each patient is not known",
            "The outcomes of this run do not split all patients by their fate.",
        )
    whole = at_horizon(outcomes, "local_recurrence", years)
    policies = list(whole.index)
    note = f"{patients_words(whole, population, len(policies) > 1)} Each mark is one of 1,000 patients, "
    note += f"{years_words(years)} after diagnosis; squares had a local recurrence. In brackets: {INTERVALS}."
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
        drawn = look.figure(_title(whole, differences, years), note, sum(above) + len(rows) * (marks + below))
        page = drawn.get_size_inches()[1]
        top = sum(above) + len(rows) * (marks + below)
        for row, room in zip(rows, above, strict=True):
            top -= room
            for k, name in enumerate(row):
                left = look.EDGE + k * (width + gap)
                place: look.Style = {"va": "bottom", "linespacing": 1.2, "size": look.SMALL, "gid": "label"}
                drawn.text(left / look.WIDTH, (top + 0.06) / page, "\n".join(headings[name]), **place)
                rows_of = pd.DataFrame([fates[fate].loc[name] for fate in FATES], index=list(FATES))
                _marks(drawn, name, rows_of["estimate"], left, top - marks, width, marks)
                _legend(drawn, rows_of, left, top - marks - 0.12, line)
            top -= marks + below
    return drawn


def thousand(shares: pd.Series) -> pd.Series:
    """Return shares that add up to 1 as whole patients that add up to 1,000, by the largest remainders."""
    exact = shares * PATIENTS
    whole: pd.Series = np.floor(exact + 1e-9).astype(int)
    left = PATIENTS - int(whole.sum())
    more = (exact - whole).sort_values(ascending=False, kind="stable").index[:left]
    whole[more] += 1
    return whole


def _marks(
    drawn: Figure, name: str, shares: pd.Series, left: float, bottom: float, width: float, height: float
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
        _, colour, marker = FATES[str(fate)]
        ax.scatter(place // rows, place % rows, s=size, color=colour, marker=marker, linewidth=0, gid=fate)
        start += count


def _legend(drawn: Figure, rows: pd.DataFrame, left: float, top: float, line: float) -> None:
    page = drawn.get_size_inches()[1]
    for k, (fate, (words, colour, marker)) in enumerate(FATES.items()):
        ax = look.axes(drawn, left, top - (k + 1) * line, 0.16, line)
        ax.scatter([0], [0], s=42, color=colour, marker=marker, linewidth=0)
        ax.axis("off")
        row = row_of(rows, fate)
        low_to_high = interval(row["ci_low"], row["ci_high"], _patients)
        place: look.Style = {"size": look.SMALL, "va": "center", "gid": "label"}
        middle = (top - (k + 0.5) * line) / page
        drawn.text((left + 0.22) / look.WIDTH, middle, words, **place)
        drawn.text(
            (left + 2.3) / look.WIDTH, middle, f"{_patients(row['estimate'])} ({low_to_high})", **place
        )


def _patients(share: float) -> str:
    return f"{PATIENTS * share:.0f}"


def _heading(row: pd.Series, width: float) -> list[str]:
    low_to_high = interval(row["ci_low"], row["ci_high"], _patients)
    total = f"local recurrence: {_patients(row['estimate'])} ({low_to_high})"
    return [*look.wrapped(sentence(policy_words(row["policy"])), width, look.SMALL), total]


def _title(whole: pd.DataFrame, differences: pd.DataFrame, years: float) -> str:
    compared = at_horizon(differences, "local_recurrence", years)
    within = f"within {years_words(years)}"
    first = comparator_of(compared) or whole.index[0]
    number = _patients(whole["estimate"].loc[first])
    said = f"Of 1,000 patients, {number} {'has' if number == '1' else 'have'} a local recurrence {within} "
    said += f"under {policy_words(first)}"
    if compared.empty:
        return said
    beyond = compared[beyond_luck(compared)]
    if beyond.empty:
        return f"{said}, and no other policy differs {BEYOND}"
    name = str(beyond["estimate"].abs().idxmax())
    return f"{said}, and {_patients(whole['estimate'].loc[name])} under {policy_words(name)}"
