"""Common luck: a table of uniforms, one row a patient, one named column a decision.

Each column is a Philox stream of its own, keyed by (seed, replication, name) and advanced to the row.
So a draw depends on nothing but these and the patient's number: not on the policy, the block, the
size of the cohort, or which other draws exist.
"""

import hashlib

import numpy as np

from sim.compiled import table
from sim.patient import Route

# One uniform a patient.
DRAWS = (
    # diagnosis
    "age", "sex", "fitness", "height", "height_band", "t_stage", "nodes", "node_reading", "fascia_distance",
    "fascia_reading", "emvi", "quadrant", "aggressiveness", "radiosensitivity", "death_other",
    # an untreated primary, and the calendar
    "arrival", "primary_progression", "primary_nodes", "metastasis_seeding", "patience",
    # neoadjuvant treatment
    "regression", "node_clearance",
    # surgery
    "apr", "hartmann", "plane", "crm", "distal_margin", "perforation", "stoma", "washout", "leak",
    "occult_leak", "abscess", "operative_death", "operative_death_day",
    # mechanisms
    "circumferential_cells", "distal_cells", "mesorectum_left", "mesorectal_deposit", "luminal_cells",
    "washout_clears", "staple_line", "abscess_cells", "spill", "spill_pattern",
    # after surgery
    "adjuvant",
    # the recurrence
    "symptoms", "progression", "conspicuity", "survival_recurrence",
    "dissemination", "dissemination_day", "intent", "restaging", "salvage_abandoned", "salvage_margin",
    "salvage_death", "salvage_complication", "rerecurrence", "rerecurrence_day", "survival_rerecurrence",
    "salvage_metastasis", "salvage_metastasis_day",
    # metastasis
    "metastasis", "metastasis_day", "metastasis_symptoms", "metastasis_conspicuity", "survival_metastasis",
    "metastasectomy", "metastasis_cure",
)  # fmt: skip

# One uniform for each side of the pelvis: left, right.
SIDE_DRAWS = (
    "lateral_involved", "lateral_visible", "lateral_size", "lateral_site", "lateral_sterilised",
    "lateral_shrinkage", "lateral_missed",
)  # fmt: skip

# One uniform for each route a seed can take.
ROUTE_DRAWS = ("seed_survival", "seed_onset", "seed_site", "seed_spread", "seed_direction")

SIDES = ("left", "right")

LUCK = np.dtype(
    [(name, "f8") for name in DRAWS]
    + [(name, "f8", (len(SIDES),)) for name in SIDE_DRAWS]
    + [(name, "f8", (len(Route),)) for name in ROUTE_DRAWS]
)


def uniforms(name: str, first: int, stop: int, seed: int, replication: int) -> np.ndarray:
    """Return one named draw of patients ``first`` to ``stop - 1``: uniforms in (0, 1), shape (n,)."""
    key = hashlib.sha256(f"{seed}/{replication}/{name}".encode()).digest()[:16]
    stream = np.random.Philox(key=np.frombuffer(key, "<u8"))
    skipped = first % 4  # a Philox counter yields four numbers
    stream.advance(first // 4)
    raw = stream.random_raw(stop - first + skipped)[skipped:]
    return ((raw >> np.uint64(12)) + 0.5) * 2.0**-52


def draw_luck(first: int, stop: int, seed: int, replication: int = 0) -> np.ndarray:
    """Return the luck of patients ``first`` to ``stop - 1``, dtype LUCK, shape (n,)."""
    luck = np.empty(stop - first, LUCK)
    for name in DRAWS:
        luck[name] = uniforms(name, first, stop, seed, replication)
    for name in SIDE_DRAWS:
        for k, side in enumerate(SIDES):
            luck[name][:, k] = uniforms(f"{name}.{side}", first, stop, seed, replication)
    for name in ROUTE_DRAWS:
        for route in Route:
            draw = f"{name}.{route.name.lower()}"
            luck[name][:, route] = uniforms(draw, first, stop, seed, replication)
    return table(luck)
