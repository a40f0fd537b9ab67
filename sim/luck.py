"""Common random numbers: a table of uniforms, a row for each patient, a named column for each decision.

Every policy is simulated with the same table, so that a patient has the same luck under each of them, and a
difference between policies is due to the policies. This project calls a row of the table a patient's *luck*.
Each column is a Philox stream of its own, keyed by (seed, replication, name) and advanced to the row. So a
draw depends only on these and on the patient's number: not on the policy, the block, the size of the cohort,
or which other draws exist.
"""

import hashlib
from collections.abc import Iterator
from functools import cache

import numba
import numpy as np

from sim.compiled import compiled, in_threads, numba_config, record_dtype, wide_product
from sim.patient import RegrowthSite, Route

# One uniform per patient.
DRAWS = (
    # diagnosis
    "age", "sex", "fitness", "height", "height_band", "t_stage", "nodes", "node_reading", "fascia_distance",
    "fascia_reading", "emvi", "quadrant", "aggressiveness", "radiosensitivity", "death_other",
    # an untreated primary, and the calendar
    "arrival", "primary_progression", "primary_nodes", "primary_emergency", "primary_death",
    "metastasis_seeding", "unresected", "palliative_radiotherapy", "patience",
    # neoadjuvant treatment, and the reading of the response
    "adherence", "toxicity", "regression", "node_clearance", "response_reading", "node_rereading",
    # organ preservation
    "excision_residue", "excision_risk", "excision_death", "completion", "regrowth_symptoms",
    "regrowth_conspicuity", "regrowth_resection",
    # surgery
    "apr", "hartmann", "plane", "crm", "distal_margin", "perforation", "stoma", "washout", "leak",
    "occult_leak", "abscess", "operative_death", "operative_death_day",
    # mechanisms
    "circumferential_cells", "distal_cells", "mesorectum_left", "mesorectal_deposit", "luminal_cells",
    "washout_clears", "staple_line", "abscess_cells", "spill", "spill_pattern",
    # after surgery
    "adjuvant",
    # harm
    "stoma_closure", "stoma_closure_day", "bowel_dysfunction", "incontinence", "urinary_dysfunction",
    "sexual_dysfunction", "morbidity", "reoperation", "obstruction", "obstruction_day", "fracture",
    "fracture_day", "second_cancer", "second_cancer_death",
    # the recurrence
    "symptoms", "progression", "conspicuity", "survival_recurrence", "dissemination",
    "dissemination_day", "intent", "palliative_treatment", "restaging", "salvage_abandoned",
    "salvage_margin", "salvage_death", "salvage_complication", "rerecurrence", "rerecurrence_day",
    "survival_rerecurrence", "salvage_metastasis", "salvage_metastasis_day",
    # metastasis
    "metastasis", "metastasis_day", "metastasis_symptoms", "metastasis_conspicuity", "survival_metastasis",
    "metastasis_systemic", "metastasectomy", "metastasis_cure",
)  # fmt: skip

# One uniform for each side of the pelvis: left, right.
SIDE_DRAWS = (
    "lateral_involved", "lateral_visible", "lateral_size", "lateral_site", "lateral_sterilised",
    "lateral_shrinkage", "lateral_missed",
)  # fmt: skip

# One uniform for each route a seed can take.
ROUTE_DRAWS = ("seed_survival", "seed_onset", "seed_site", "seed_spread", "seed_direction")

# One uniform for each site at which tumour that was left can grow again.
REGROWTH_DRAWS = ("regrowth_onset",)

SIDES = ("left", "right")

LUCK = record_dtype(
    [(name, "f8") for name in DRAWS]
    + [(name, "f8", (len(SIDES),)) for name in SIDE_DRAWS]
    + [(name, "f8", (len(Route),)) for name in ROUTE_DRAWS]
    + [(name, "f8", (len(RegrowthSite),)) for name in REGROWTH_DRAWS]
)


# Philox4x64-10: Salmon et al., SC11, doi:10.1145/2063384.2063405.
MULTIPLIERS = (np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157))
KEY_STEPS = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B))
ROUNDS = 10
AT_ONCE = 4  # numbers that a Philox counter yields


def columns() -> Iterator[str]:
    """Yield the name of every column of the table, in the order in which a row holds them."""
    yield from DRAWS
    for name in SIDE_DRAWS:
        yield from (f"{name}.{side}" for side in SIDES)
    for name in ROUTE_DRAWS:
        yield from (f"{name}.{route.name.lower()}" for route in Route)
    for name in REGROWTH_DRAWS:
        yield from (f"{name}.{site.name.lower()}" for site in RegrowthSite)


@cache
def _key(name: str, seed: int, replication: int) -> np.ndarray:
    digest = hashlib.sha256(f"{seed}/{replication}/{name}".encode()).digest()
    return np.frombuffer(digest[:16], "<u8")


def uniforms(name: str, first: int, stop: int, seed: int, replication: int) -> np.ndarray:
    """Return one named draw of patients ``first`` to ``stop - 1``: uniforms in (0, 1), shape (n,)."""
    return _stream(_key(name, seed, replication), first, stop)


def _stream(key: np.ndarray, first: int, stop: int) -> np.ndarray:
    stream = np.random.Philox(key=key)
    skipped = first % AT_ONCE
    stream.advance(first // AT_ONCE)
    raw = stream.random_raw(stop - first + skipped)[skipped:]
    return ((raw >> np.uint64(12)) + 0.5) * 2.0**-52


@cache
def luck_keys(seed: int, replication: int, names: tuple[str, ...]) -> np.ndarray:
    """Return the key of each column's stream, uint64, shape (columns, 2)."""
    return np.array([_key(name, seed, replication) for name in names])


def draw_luck(first: int, stop: int, seed: int, replication: int = 0) -> np.ndarray:
    """Return the luck of patients ``first`` to ``stop - 1``, dtype LUCK, shape (n,)."""
    luck = np.empty(stop - first, LUCK)
    fill_luck(luck, first, seed, replication)
    return luck


def fill_luck(luck: np.ndarray, first: int, seed: int, replication: int) -> None:
    """Draw the luck of the patients from ``first`` on into a table, dtype LUCK, as ``uniforms`` does."""
    plain, keys, parts = uniforms_of(luck), column_keys(seed, replication), numba.get_num_threads()
    each = -(-len(plain) // (parts * AT_ONCE)) * AT_ONCE
    in_threads(
        lambda part: fill_rows(plain[part * each : (part + 1) * each], first + part * each, keys), parts
    )


def column_keys(seed: int, replication: int) -> np.ndarray:
    """Return the keys of all columns' streams, uint64, shape (columns, 2)."""
    return luck_keys(seed, replication, tuple(columns()))


def uniforms_of(luck: np.ndarray) -> np.ndarray:
    """Return the same memory as plain uniforms, float64, with one axis more: by column."""
    return luck.view(np.float64).reshape(*luck.shape, LUCK.itemsize // 8)


@compiled
def fill_rows(plain: np.ndarray, first: int, keys: np.ndarray) -> None:
    """As ``fill_luck``, in one thread; ``plain`` float64, shape (n, columns)."""
    stop = first + len(plain)
    for block in range(first // AT_ONCE, (stop + AT_ONCE - 1) // AT_ONCE):
        i = block * AT_ONCE - first  # the row of the block's first patient
        for column in range(keys.shape[0]):
            a, b, c, d = _philox(np.uint64(block + 1), keys[column, 0], keys[column, 1])
            if i >= 0 and i + AT_ONCE <= len(plain):
                plain[i, column] = _uniform(a)
                plain[i + 1, column] = _uniform(b)
                plain[i + 2, column] = _uniform(c)
                plain[i + 3, column] = _uniform(d)
            else:
                four = (a, b, c, d)
                for k in range(max(-i, 0), min(len(plain) - i, AT_ONCE)):
                    plain[i + k, column] = _uniform(four[k])


def _fill_rows_plainly(plain: np.ndarray, first: int, keys: np.ndarray) -> None:
    for column, key in enumerate(keys):
        plain[:, column] = _stream(key, first, first + len(plain))


if numba_config.DISABLE_JIT:  # a wide product is there in compiled code only
    fill_rows = _fill_rows_plainly


@compiled
def _uniform(raw: np.uint64) -> float:
    return (np.int64(raw >> np.uint64(12)) + 0.5) * 2.0**-52


@compiled
def _philox(
    counter: np.uint64, key: np.uint64, other_key: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    """Return the four numbers of a counter, as ``numpy.random.Philox`` does."""
    a, b, c, d = counter, np.uint64(0), np.uint64(0), np.uint64(0)
    for _ in range(ROUNDS):
        high, low = wide_product(MULTIPLIERS[0], a)
        other_high, other_low = wide_product(MULTIPLIERS[1], c)
        a, b, c, d = other_high ^ b ^ key, other_low, high ^ d ^ other_key, low
        key += KEY_STEPS[0]
        other_key += KEY_STEPS[1]
    return a, b, c, d
