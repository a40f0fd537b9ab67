"""The tables that ``lrrc capacity`` prints: waits, what they cost, and the capacity that is needed."""

import numpy as np
import pandas as pd

from analysis.wording import DASH, policy_words, sentence, signed, told_years, years_words

LONGEST = 24  # letters of a policy's name that still shares its line with numbers
STEP_WIDTHS = {"mri": 7, "meeting": 9, "radiotherapy": 14, "resection": 11, "salvage": 9}
HARM_WIDTHS = {"local_recurrence": 11, "distant_metastasis": 11, "death": 7}
STEP_WORDS = {
    "mri": "MRI",
    "meeting": "meeting",
    "radiotherapy": "radiotherapy",
    "resection": "resection",
    "salvage": "salvage",
}
HARM_WORDS = {"local_recurrence": "recurrence", "distant_metastasis": "metastasis", "death": "death"}


def resource_words(name: str) -> str:
    """Return a resource's name for people."""
    words = {"mri": "MRI", "linac": "linac slot", "meeting": "team meeting"}
    return words.get(name, name.replace("_", " "))


def summary(tables: dict[str, pd.DataFrame], patients: int, target_share: float) -> str:
    """Return waits and harm by clinic and policy, then the units needed, at most 120 columns wide."""
    years = told_years(tables["harm"])
    parts = [
        f"{patients:,} patients under each policy, the same in every clinic.",
        f"Waits in days: median, 90th centile; *: more than {1 - target_share:.0%} wait beyond the target.",
        "Recurrence, metastasis, death: caused by waiting, net, per 1,000 patients within "
        f"{years_words(years)}.",
        "",
    ]
    for clinic in tables["waits"]["clinic"].unique():
        parts += [*_waits(tables, clinic, years, target_share), ""]
    return "\n".join([*parts, *_needed(tables["needed"], target_share), ""])


def _waits(tables: dict[str, pd.DataFrame], clinic: str, years: float, target_share: float) -> list[str]:
    waits, use, harm = (_in(tables[name], clinic) for name in ("waits", "utilisation", "harm"))
    harm = harm[harm["horizon_years"] == years]
    head = f"{sentence(clinic.replace('_', ' ')):{LONGEST}}"
    head += "".join(f"{STEP_WORDS[step]:>{width}}" for step, width in STEP_WIDTHS.items())
    head += "".join(f"{HARM_WORDS[outcome]:>{width}}" for outcome, width in HARM_WIDTHS.items())
    lines = [f"{head}  busiest"]
    for policy in waits["policy"].unique():
        mine = waits[waits["policy"] == policy].set_index("step")
        cells = [f"{_wait(mine.loc[step], target_share):>{width}}" for step, width in STEP_WIDTHS.items()]
        net = harm[harm["policy"] == policy].set_index("outcome")["net"]
        cells += [f"{signed(net[outcome]):>{width}}" for outcome, width in HARM_WIDTHS.items()]
        name = sentence(policy_words(policy))
        lines += [name] if len(name) > LONGEST else []
        start = "" if len(name) > LONGEST else name
        busy = use[use["policy"] == policy].set_index("resource")["utilisation"]
        top = "" if busy.isna().all() else f"  {resource_words(busy.idxmax())} {busy.max():.0%}"
        lines.append(f"{start:{LONGEST}}" + "".join(cells) + top)
    return lines


def _wait(row: pd.Series, target_share: float) -> str:
    beyond = row["share_beyond_target"] > 1 - target_share
    if np.isnan(row["median_days"]):
        return f"nobody{'*' if beyond else ''}" if row["n"] else DASH
    return f"{row['median_days']:.0f}, {row['p90_days']:.0f}{'*' if beyond else ' '}"


def _needed(table: pd.DataFrame, target_share: float) -> list[str]:
    """Return the units that each policy needs, a row for each resource, columns by policy."""
    policies = list(table["policy"].unique())
    lines = [
        f"Units needed so that {target_share:.0%} of every step are in time, together (and what there is):"
    ]
    names = [policy_words(policy) for policy in policies]
    for k, name in enumerate(names):
        lines.append(f"  {chr(ord('A') + k % 26)}  {name}")
    letters = "".join(f"{chr(ord('A') + k % 26):>7}" for k in range(len(policies)))
    for clinics, part in _same_need(table):
        lines += ["", f"{'':18}{letters}" + "".join(f"{name.replace('_', ' '):>16}" for name in clinics)]
        for resource in part["resource"].unique():
            mine = part[part["resource"] == resource]
            needed = mine[mine["clinic"] == clinics[0]].set_index("policy")["needed"]
            cells = "".join(f"{_count(needed[policy]):>7}" for policy in policies)
            has = mine.drop_duplicates("clinic").set_index("clinic")["count"]
            cells += "".join(f"{_count(has[name]):>16}" for name in clinics)
            lines.append(f"{sentence(resource_words(resource)):18}{cells}")
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
