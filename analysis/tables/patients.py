"""The table of patients: a row each, in which what never happened is missing."""

from typing import TYPE_CHECKING

import numpy as np

from sim.events import Event
from sim.patient import Operation
from sim.policy import Regimen

if TYPE_CHECKING:
    import pandas as pd
    from pandas.api.extensions import ExtensionArray

    Column = np.ndarray | pd.Series | ExtensionArray

# What is said of something is known in those to whom it happened, by the masks of ``happened``.
KNOWN_IN = {
    "staged": ("cn", "fascia_threatened", "high_risk"),
    "treated": ("lateral_residual_mm",),
    "sterilised_or_not": ("lateral_sterilised",),
    "node_seen": ("lateral_site",),
    "resected": (
        "complete_response", "operated_day", "planned_minutes", "plane", "crm_mm", "crm_involved",
        "perforated", "breached", "anastomosis", "dissected", "pathological_stage", "adjuvant",
        "postoperatively_irradiated", "cells_left", "seed_probability", "survived",
    ),
    "stapled": ("distal_margin_mm", "washed_out", "luminal_cells"),
    "joined": ("diverting_stoma", "leaked", "abscess"),
    "seeded": ("onset_day", "seed_compartment", "seed_compartments"),
    "recurred": (
        "recurrence_onset_day", "recurrence_route", "recurrence_compartment", "recurrence_compartments",
        "unresectable",
    ),
    "found": (
        "recurrence_found_day", "synchronous_metastasis", "curative_intent", "expert_centre",
        "recurrence_palliated",
        "salvage_induction", "salvage_irradiated",
    ),
    "salvaged": ("salvage_day", "salvage_specialties", "salvage_complication"),
    "rerecurred": ("rerecurrence_day",),
    "spread": ("metastasis_onset_day",),
    "spread_found": ("metastasis_found_day", "metastasis_systemic", "metastasis_resected"),
    "died": ("death_day",),
    "visit_pending": ("next_visit",),
    "read": ("reading",),
    "excised": ("excised_day",),
    "watched": ("watch_from_day", "next_watch_visit"),
    "regrown": ("regrowth_site", "regrowth_onset_day"),
    "regrowth_found": ("regrowth_found_day",),
    "treated_unresected": ("treated_until_day",),
    "left_to_grow": ("uncontrolled_day",),
    "cleared": ("primary_cleared_day",),
    "nodes_cleared": ("nodes_cleared_day",),
    "sides_cleared": ("lateral_cleared_day",),
    "harmed": ("harm_from_day",),
    "harm_ended": ("harm_until_day",),
    "pending": ("agenda",),
}  # fmt: skip


def patient_table(policy: str, rows: np.ndarray) -> "pd.DataFrame":
    """Return the patients under a policy as a table; a field of several numbers becomes a column for each.

    What never happened is missing; what was planned and not done (an operation, a regimen, the preparation of
    a salvage) is none or false. The types of columns do not depend on the rows.
    """
    import pandas as pd

    masks = happened(rows)
    known = {name: masks[mask] for mask, names in KNOWN_IN.items() for name in names}
    done = {
        "operation": masks["resected"],
        "regimen": masks["treated"],
        "boosted": masks["treated"],
        "salvage_induction": masks["prepared"],
        "salvage_irradiated": masks["prepared"],
    }
    columns: dict[str, Column] = {"policy": pd.Series(policy, range(len(rows)), str)}
    for name in rows.dtype.names or ():
        values = np.where(done[name], rows[name], rows.dtype[name].type(0)) if name in done else rows[name]
        if name in known:
            columns |= _split(name, values, known[name])
        else:
            columns |= _split(name, values)
    return pd.DataFrame(columns)


def happened(rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return what happened to whom, by name: flags, shape (n,), or by side, route or event (n, number)."""
    death = rows["death_day"][:, None]
    resected = np.isfinite(rows["operated_day"])
    treated = rows["irradiated"] & ~rows["postoperatively_irradiated"]  # nobody is irradiated twice for it
    involved = rows["lateral_involved"] > 0
    # The other courses of a patient are known, so one more was the preparation of a salvage.
    chemotherapy = (
        (treated & (rows["regimen"] == Regimen.TOTAL_NEOADJUVANT)).astype(int)
        + rows["adjuvant"]
        + rows["metastasis_systemic"]
    )
    visit = 1 << Event.VISIT
    return {
        "staged": rows["mri_scans"] > 0,
        "treated": treated,
        "sterilised_or_not": involved & treated[:, None],
        "node_seen": rows["lateral_mm"] > 0.0,
        "resected": resected,
        "stapled": resected & (rows["operation"] != Operation.ABDOMINOPERINEAL_RESECTION),
        "joined": rows["anastomosis"],
        "seeded": rows["survived"] > 0,
        "recurred": rows["recurrence_route"] >= 0,
        "found": np.isfinite(rows["recurrence_found_day"]),
        "prepared": (rows["radiotherapy_courses"] > rows["irradiated"])
        | (rows["chemotherapy_courses"] > chemotherapy),
        "salvaged": np.isfinite(rows["salvage_day"]),
        "rerecurred": np.isfinite(rows["rerecurrence_day"]),
        "spread": np.isfinite(rows["metastasis_onset_day"]),
        "spread_found": np.isfinite(rows["metastasis_found_day"]),
        "died": np.isfinite(rows["death_day"]),
        "visit_pending": np.isfinite(rows["agenda"][:, Event.VISIT]) | (rows["waiting"] & visit != 0),
        "pending": np.isfinite(rows["agenda"]),
        "read": rows["readings"] > 0,
        "excised": np.isfinite(rows["excised_day"]),
        "watched": np.isfinite(rows["watch_from_day"]),
        "regrown": np.isfinite(rows["regrowth_onset_day"]),
        "regrowth_found": np.isfinite(rows["regrowth_found_day"]),
        "treated_unresected": np.isfinite(rows["treated_until_day"]),
        "left_to_grow": np.isfinite(rows["uncontrolled_day"]),
        "cleared": np.isfinite(rows["primary_cleared_day"]),
        "nodes_cleared": np.isfinite(rows["nodes_cleared_day"]),
        "sides_cleared": np.isfinite(rows["lateral_cleared_day"]),
        # Days of harm are known beforehand; what death forestalls never came.
        "harmed": np.isfinite(rows["harm_from_day"]) & (rows["harm_from_day"] <= death),
        "harm_ended": np.isfinite(rows["harm_until_day"]) & (rows["harm_from_day"] <= death),
    }


def _split(name: str, values: np.ndarray, known: np.ndarray | None = None) -> "dict[str, Column]":
    """Return the columns of a field, by name, missing where not known."""
    if values.ndim == 1:
        return {name: values if known is None else _missing_where(values, ~known)}
    if known is not None and known.ndim == 1:
        known = np.broadcast_to(known[:, None], values.shape)
    return {
        f"{name}_{k}": values[:, k] if known is None else _missing_where(values[:, k], ~known[:, k])
        for k in range(values.shape[1])
    }


def _missing_where(values: np.ndarray, missing: np.ndarray) -> "Column":
    """Return numbers that are missing in places; whole numbers stay whole."""
    import pandas as pd

    if values.dtype.kind == "f":
        return np.where(missing, np.nan, values)
    kind = pd.arrays.BooleanArray if values.dtype.kind == "b" else pd.arrays.IntegerArray
    return kind(values.copy(), missing.copy())
