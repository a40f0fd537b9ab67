"""The tables that ``lrrc capacity`` prints: waits, what they cost, and the capacity that is needed."""

import numpy as np
import pandas as pd

from analysis.words.clinic import STEP_WORDS, resource_words, steps_asked
from analysis.words.wording import (
    DASH,
    INTERVALS,
    headline_years,
    interval,
    policy_words,
    sentence,
    signed,
    years_words,
)

LONGEST = 20  # letters of a policy's name that still shares its line with numbers
LAST = 0.25  # of the time: a queue's length at the end is its mean over this
HARM_WORDS = {
    "local_recurrence": "recurrence",
    "local_failure": "local failure",
    "distant_metastasis": "metastasis",
    "death": "death",
}


def summary(tables: dict[str, pd.DataFrame], patients: int, target_share: float) -> str:
    """Return waits, harm and use by clinic and policy, then the units needed, at most 120 columns wide."""
    years = headline_years(tables["waiting_harm"])
    parts = [
        f"{patients:,} patient{'' if patients == 1 else 's'} under each policy, the same in every clinic.",
        f"Waits in days: median, 90th centile; *: more than {1 - target_share:.0%} wait beyond the target.",
        f"Caused by waiting: net, per 1,000 patients within {years_words(years)}, with {INTERVALS}.",
        "A patient who is not operated on cannot have a local recurrence; local failure also counts a tumour",
        "that is left to grow, or that kills before the operation.",
        "Most used: in percent of its open time; time too short for one more operation stays unused.",
        f"Longest queue: patients in it, over the last {LAST:.0%} of the time.",
        "",
    ]
    for clinic in tables["waits"]["clinic"].unique():
        parts += [*_clinic(tables, clinic, years, target_share), ""]
    return "\n".join([*parts, *_needed(tables["needed"], target_share), ""])


def _clinic(tables: dict[str, pd.DataFrame], clinic: str, years: float, target_share: float) -> list[str]:
    waits, use, queues, harm = (
        _in(tables[name], clinic) for name in ("waits", "utilisation", "queues", "waiting_harm")
    )
    harm = harm[harm["horizon_years"] == years]
    waited, caused, used = {}, {}, {}
    # In every clinic the same columns.
    asked = steps_asked(tables["waits"]["step"], tables["waits"]["n"])
    for policy in waits["policy"].unique():
        mine = waits[waits["policy"] == policy].set_index("step")
        waited[policy] = [_wait(mine.loc[step], target_share) for step in asked]
        busy = use[use["policy"] == policy].set_index("resource")["utilisation"]
        net = harm[harm["policy"] == policy].set_index("outcome")
        caused[policy] = [_net(net.loc[outcome]) for outcome in HARM_WORDS]
        used[policy] = [
            DASH if busy.isna().all() else f"{resource_words(busy.idxmax())} {100 * busy.max():.0f} %",
            _longest(queues[queues["policy"] == policy], busy),
        ]
    name = f"{sentence(clinic.replace('_', ' '))}: "
    return [
        *_table(f"{name}waits", [f"{STEP_WORDS[step]} " for step in asked], waited),
        *_table(f"{name}caused", [*HARM_WORDS.values()], caused),
        *_table(f"{name}use", ["most used", "longest queue"], used),
    ]


def _table(head: str, columns: list[str], rows: dict[str, list[str]]) -> list[str]:
    """Return rows by name, each column as wide as its longest cell; long names have a line of their own."""
    widths = [max(map(len, cells)) for cells in zip(columns, *rows.values(), strict=True)]
    lines = []
    for name, cells in ((head, columns), *((sentence(policy_words(key)), row) for key, row in rows.items())):
        lines += [name] if len(name) > LONGEST else []
        start = "" if len(name) > LONGEST else name
        lines.append(
            f"{start:{LONGEST}}" + "".join(f"  {c:>{w}}" for c, w in zip(cells, widths, strict=True))
        )
    return [line.rstrip() for line in lines]


def _wait(row: pd.Series, target_share: float) -> str:
    beyond = "*" if row["share_beyond_target"] > 1 - target_share + 1e-9 else " "  # 0.1 > 1 - 0.9
    if np.isnan(row["median_days"]):
        return f"{'nobody' if row['n'] else DASH}{beyond}"
    return f"{row['median_days']:.0f}, {row['p90_days']:.0f}{beyond}"


def _net(row: pd.Series) -> str:
    if np.isnan(row["net_low"]):
        return _number(row["net"])
    return f"{_number(row['net'])} ({interval(row['net_low'], row['net_high'], _number)})"


def _number(value: float) -> str:
    """Return a number with its sign, to one decimal, or whole where it is large."""
    return f"{value:+.0f}".replace("-", "−") if abs(value) >= 99.95 else signed(value)


def _longest(queues: pd.DataFrame, busy: pd.Series) -> str:
    """Return the queue that is longest at the end, and its length; of equal ones, the busiest resource's."""
    late = queues[queues["time_years"] >= (1 - LAST) * queues["time_years"].max()]
    lengths = late.groupby("resource")["mean_length"].mean().dropna()
    if lengths.empty or lengths.max() < 0.5:
        return "none"
    equal = lengths.index[lengths >= lengths.max() - 1e-9]
    used = busy.reindex(equal)
    return f"{resource_words(str(equal[0] if used.isna().all() else used.idxmax()))} {lengths.max():,.0f}"


def _needed(table: pd.DataFrame, target_share: float) -> list[str]:
    """Return the units that each policy needs, a row for each resource, columns by policy."""
    policies = list(table["policy"].unique())
    lines = [
        f"Units needed so that {target_share:.0%} of every step are in time, together (and what there is):"
    ]
    names = [policy_words(policy) for policy in policies]
    for k, name in enumerate(names):
        lines.append(f"  {chr(ord('A') + k % 26)}  {name}")
    letters = [chr(ord("A") + k % 26) for k in range(len(policies))]
    for clinics, part in _same_need(table):
        rows = {}
        for resource in part["resource"].unique():
            mine = part[part["resource"] == resource]
            needed = mine[mine["clinic"] == clinics[0]].set_index("policy")["needed"]
            has = mine.drop_duplicates("clinic").set_index("clinic")["count"]
            rows[resource] = [_count(needed[policy]) for policy in policies]
            rows[resource] += [_count(has[name]) for name in clinics]
        columns = [*letters, *(name.replace("_", " ") for name in clinics)]
        lines += ["", *_table("", columns, {resource_words(name): cells for name, cells in rows.items()})]
    return lines


def _same_need(table: pd.DataFrame) -> list[tuple[list[str], pd.DataFrame]]:
    """Return the clinics in groups that need the same, each with its rows."""
    groups: dict[str, list[str]] = {}
    for clinic in table["clinic"].unique():
        need = table[table["clinic"] == clinic][["policy", "resource", "needed"]]
        groups.setdefault(need.to_csv(index=False), []).append(clinic)
    return [(clinics, table[table["clinic"].isin(clinics)]) for clinics in groups.values()]


def _count(number: float) -> str:
    if np.isnan(number):
        return DASH
    return "no limit" if number >= 1_000_000 else f"{number:.0f}"


def _in(table: pd.DataFrame, clinic: str) -> pd.DataFrame:
    return table[table["clinic"] == clinic]
