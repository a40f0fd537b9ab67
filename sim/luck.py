"""Common random numbers: a table with a row for each patient, and a named column for each decision.

Every policy is simulated with the same table, so that a patient has the same luck under each of them, and a
difference between policies is due to the policies. This project calls a row of the table a patient's *luck*.
Each column is a Philox stream of its own, keyed by (seed, replication, name) and advanced to the row. So a
draw depends only on these and on the patient's number: not on the policy, the block, the size of the cohort,
or which other draws exist. A draw is a uniform or, where its standard normal quantile is all that anybody
reads, that quantile: worked out once for all policies, many at a time.
"""

import hashlib
from collections.abc import Iterator
from functools import lru_cache

import numba
import numpy as np

from sim.compiled import compiled, compiled_inline, in_threads, numba_config, record_dtype, wide_product
from sim.distributions import is_central, normal_quantile, quantile_near_median
from sim.patient import RegrowthSite, Route

# One standard normal per patient: draws of most patients' courses.
NORMAL_DRAWS = (
    # diagnosis, and an untreated primary
    "age", "fascia_distance", "fascia_reading", "aggressiveness", "radiosensitivity", "primary_progression",
    "primary_emergency", "primary_death",
    # the response, and the resection
    "regression", "crm", "distal_margin", "stoma_closure_day",
    # metastasis
    "metastasis_symptoms", "survival_metastasis",
)  # fmt: skip

# One standard normal for each side of the pelvis: left, right.
NORMAL_SIDE_DRAWS = ("lateral_shrinkage",)

# One uniform per patient.
DRAWS = (
    # diagnosis
    "sex", "fitness", "height", "height_band", "t_stage", "nodes", "node_reading", "emvi", "quadrant",
    "death_other",
    # an untreated primary, and the calendar
    "arrival", "primary_nodes", "metastasis_seeding", "unresected", "palliative_radiotherapy", "patience",
    # neoadjuvant treatment, and the reading of the response
    "adherence", "toxicity", "node_clearance", "response_reading", "node_rereading",
    # organ preservation
    "excision_residue", "excision_risk", "excision_death", "completion", "regrowth_symptoms",
    "regrowth_conspicuity", "regrowth_resection",
    # surgery
    "apr", "hartmann", "plane", "perforation", "stoma", "washout", "leak", "occult_leak", "abscess",
    "operative_death", "operative_death_day",
    # mechanisms
    "circumferential_cells", "distal_cells", "mesorectum_left", "mesorectal_deposit", "luminal_cells",
    "washout_clears", "staple_line", "abscess_cells", "spill", "spill_pattern",
    # after surgery
    "adjuvant",
    # harm
    "stoma_closure", "bowel_dysfunction", "incontinence", "urinary_dysfunction",
    "sexual_dysfunction", "morbidity", "reoperation", "obstruction", "obstruction_day", "fracture",
    "fracture_day", "second_cancer", "second_cancer_death",
    # the recurrence
    "symptoms", "progression", "conspicuity", "survival_recurrence", "dissemination",
    "dissemination_day", "intent", "palliative_treatment", "restaging", "salvage_abandoned",
    "salvage_margin", "salvage_death", "salvage_complication", "rerecurrence", "rerecurrence_day",
    "survival_rerecurrence", "salvage_metastasis", "salvage_metastasis_day",
    # metastasis
    "metastasis", "metastasis_day", "metastasis_conspicuity", "metastasis_systemic", "metastasectomy",
    "metastasis_cure",
)  # fmt: skip

# One uniform for each side of the pelvis: left, right.
SIDE_DRAWS = (
    "lateral_involved", "lateral_visible", "lateral_size", "lateral_site", "lateral_sterilised",
    "lateral_missed",
)  # fmt: skip

# One uniform for each route a seed can take.
ROUTE_DRAWS = ("seed_survival", "seed_onset", "seed_site", "seed_spread", "seed_direction")

# One uniform for each site at which tumour that was left can grow again.
REGROWTH_DRAWS = ("regrowth_onset",)

SIDES = ("left", "right")

LUCK = record_dtype(
    [(name, "f8") for name in NORMAL_DRAWS]
    + [(name, "f8", (len(SIDES),)) for name in NORMAL_SIDE_DRAWS]
    + [(name, "f8") for name in DRAWS]
    + [(name, "f8", (len(SIDES),)) for name in SIDE_DRAWS]
    + [(name, "f8", (len(Route),)) for name in ROUTE_DRAWS]
    + [(name, "f8", (len(RegrowthSite),)) for name in REGROWTH_DRAWS]
)


# Philox4x64-10: Salmon et al., SC11, doi:10.1145/2063384.2063405.
MULTIPLIERS = (np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157))
KEY_STEPS = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B))
ROUNDS = 10
A_COUNTER = 4  # numbers that a Philox counter yields, of successive patients
AT_ONCE = 2 * A_COUNTER  # patients whose luck is drawn at once: two counters' products wait side by side
# The first columns of a row, which are standard normal.
NORMAL_COLUMNS = len(NORMAL_DRAWS) + len(SIDES) * len(NORMAL_SIDE_DRAWS)


def columns() -> Iterator[str]:
    """Yield the name of every column of the table, in the order in which a row holds them."""
    yield from NORMAL_DRAWS
    for name in NORMAL_SIDE_DRAWS:
        yield from (f"{name}.{side}" for side in SIDES)
    yield from DRAWS
    for name in SIDE_DRAWS:
        yield from (f"{name}.{side}" for side in SIDES)
    for name in ROUTE_DRAWS:
        yield from (f"{name}.{route.name.lower()}" for route in Route)
    for name in REGROWTH_DRAWS:
        yield from (f"{name}.{site.name.lower()}" for site in RegrowthSite)


def _key(name: str, seed: int, replication: int) -> np.ndarray:
    digest = hashlib.sha256(f"{seed}/{replication}/{name}".encode()).digest()
    return np.frombuffer(digest[:16], "<u8")


def uniforms(name: str, first: int, stop: int, seed: int, replication: int) -> np.ndarray:
    """Return one named draw of patients ``first`` to ``stop - 1``: uniforms in (0, 1), shape (n,)."""
    return _stream(_key(name, seed, replication), first, stop)


def _stream(key: np.ndarray, first: int, stop: int) -> np.ndarray:
    stream = np.random.Philox(key=key)
    skipped = first % A_COUNTER
    stream.advance(first // A_COUNTER)
    raw = stream.random_raw(stop - first + skipped)[skipped:]
    return ((raw >> np.uint64(12)) + 0.5) * 2.0**-52


def draw_luck(first: int, stop: int, seed: int, replication: int = 0) -> np.ndarray:
    """Return the luck of patients ``first`` to ``stop - 1``, dtype LUCK, shape (n,)."""
    luck = np.empty(stop - first, LUCK)
    fill_luck(luck, first, seed, replication)
    return luck


def fill_luck(luck: np.ndarray, first: int, seed: int, replication: int) -> None:
    """Draw the luck of the patients from ``first`` on into a table, dtype LUCK.

    As ``uniforms`` does, and their standard normal quantiles in the columns that are standard normal.
    """
    plain, keys, parts = plain_of(luck), column_keys(seed, replication), numba.get_num_threads()
    each = -(-len(plain) // (parts * AT_ONCE)) * AT_ONCE
    in_threads(
        lambda part: fill_rows(
            plain[part * each : (part + 1) * each], first + part * each, keys, NORMAL_COLUMNS
        ),
        parts,
    )


@lru_cache(maxsize=16)  # 25 kB each, and a sweep may have thousands of replications
def column_keys(seed: int, replication: int) -> np.ndarray:
    """Return the keys of all columns' streams, two for each round, uint64, shape (columns, 2 * ROUNDS)."""
    first = np.array([_key(name, seed, replication) for name in columns()])
    steps = np.arange(ROUNDS, dtype=np.uint64)[:, None] * np.array(KEY_STEPS)
    return (first[:, None, :] + steps).reshape(len(first), 2 * ROUNDS)


def plain_of(luck: np.ndarray) -> np.ndarray:
    """Return the same memory as plain numbers, float64, with one axis more: by column."""
    return luck.view(np.float64).reshape(*luck.shape, LUCK.itemsize // 8)


@compiled
def fill_rows(plain: np.ndarray, first: int, keys: np.ndarray, normal: int) -> None:
    """As ``fill_luck``, in one thread; ``plain`` float64, shape (n, columns), the first ``normal`` of them
    standard normal."""
    aligned = min(-first % A_COUNTER, len(plain))  # rows before the first whole counter
    whole = aligned + (len(plain) - aligned) // AT_ONCE * AT_ONCE
    for i in range(aligned, whole, AT_ONCE):
        counter = np.uint64((first + i) // A_COUNTER + 1)
        for column in range(keys.shape[0]):
            a, b, c, d, e, f, g, h = _philox(counter, keys[column])
            plain[i, column] = _uniform(a)
            plain[i + 1, column] = _uniform(b)
            plain[i + 2, column] = _uniform(c)
            plain[i + 3, column] = _uniform(d)
            plain[i + 4, column] = _uniform(e)
            plain[i + 5, column] = _uniform(f)
            plain[i + 6, column] = _uniform(g)
            plain[i + 7, column] = _uniform(h)
    for i in range(len(plain)):
        if i < aligned or i >= whole:
            counter, k = np.uint64((first + i) // A_COUNTER + 1), (first + i) % A_COUNTER
            for column in range(keys.shape[0]):
                plain[i, column] = _uniform(_philox(counter, keys[column])[k])
    for i in range(len(plain)):
        _make_normal(plain[i, :normal])


@compiled
def _make_normal(draws: np.ndarray) -> None:
    """Make uniforms their standard normal quantiles, in place.

    Those in the tails first, one by one: their quantiles lie outside of [0, 1], where no uniform is. Then all
    others, without a branch, many at an instruction.
    """
    for k in range(len(draws)):
        if not is_central(draws[k]):
            draws[k] = normal_quantile(draws[k])
    for k in range(len(draws)):
        draw = draws[k]
        central = quantile_near_median(draw)
        draws[k] = central if is_central(draw) else draw


def _fill_rows_plainly(plain: np.ndarray, first: int, keys: np.ndarray, normal: int) -> None:
    for column, key in enumerate(keys[:, :2]):
        plain[:, column] = _stream(key, first, first + len(plain))
    for draws in plain:
        _make_normal(draws[:normal])


if numba_config.DISABLE_JIT:  # a wide product is there in compiled code only
    fill_rows = _fill_rows_plainly


@compiled_inline
def _uniform(raw: np.uint64) -> float:
    return (np.int64(raw >> np.uint64(12)) + 0.5) * 2.0**-52


@compiled_inline
def _philox(counter: np.uint64, keys: np.ndarray) -> tuple[np.uint64, ...]:
    """Return the four numbers of a counter, then those of the next, as ``numpy.random.Philox`` does."""
    # The first round, of zeros but for the counter.
    high, low = wide_product(MULTIPLIERS[0], counter)
    next_high, next_low = wide_product(MULTIPLIERS[0], counter + np.uint64(1))
    a, b, c, d = keys[0], np.uint64(0), high ^ keys[1], low
    e, f, g, h = keys[0], np.uint64(0), next_high ^ keys[1], next_low
    for k in range(1, ROUNDS):
        key, other_key = keys[2 * k], keys[2 * k + 1]
        high, low = wide_product(MULTIPLIERS[0], a)
        other_high, other_low = wide_product(MULTIPLIERS[1], c)
        next_high, next_low = wide_product(MULTIPLIERS[0], e)
        next_other_high, next_other_low = wide_product(MULTIPLIERS[1], g)
        a, b, c, d = other_high ^ b ^ key, other_low, high ^ d ^ other_key, low
        e, f, g, h = next_other_high ^ f ^ key, next_other_low, next_high ^ h ^ other_key, next_low
    return a, b, c, d, e, f, g, h
