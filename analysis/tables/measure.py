"""Any outcome of a run as a share of sums, with groups of patients from which its noise follows."""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from analysis.tables.economics import QUANTITIES, worth
from sim.counting.outcomes import ALL, SCALE, UNITS, YES, Key, amount_keys, binary_keys
from sim.counting.tally import Tally

COSTS, QALYS, NET_BENEFIT = "costs", "qalys", "net_benefit"
# Of which more is better; of the others in ``WORSE`` less is. Of what is in neither nobody can say.
BETTER = (
    "overall_survival", "disease_free_survival", "organ_preserved", "tme_free_survival", "life_years",
    "discounted_life_years", QALYS, NET_BENEFIT, "organ_years", "stoma_free_years",
)  # fmt: skip
WORSE = (
    "local_recurrence", "distant_metastasis", "cancer_death", "local_failure", "regrowth", COSTS,
    "costs_health_care", "costs_societal", "permanent_stoma", "major_bowel_dysfunction",
    "faecal_incontinence", "urinary_dysfunction", "sexual_dysfunction", "severe_morbidity", "reoperation",
    "bowel_obstruction", "pelvic_fracture", "second_cancer", "severe_toxicity", "operative_death", "leak",
)  # fmt: skip


@dataclass(frozen=True)
class Measure:
    """An outcome. ``key``: of a tally, else it is of costs and quality of life; ``threshold``: of a QALY."""

    name: str
    unit: str
    key: Key | None
    threshold: float = 0.0

    @property
    def horizon_years(self) -> float:
        """When it is counted; NaN where it has no horizon of its own."""
        return self.key.horizon_years or np.nan if self.key else np.nan

    @property
    def direction(self) -> int:
        """1 where more is better, -1 where less is, 0 where neither."""
        return (self.name in BETTER) - (self.name in WORSE)

    def weights(self, perspective: str) -> np.ndarray:
        """Return the weight of each of ``QUANTITIES`` in it."""
        costs = f"costs_{perspective}"
        found = {NET_BENEFIT: {QALYS: self.threshold, costs: -1.0}, COSTS: {costs: 1.0}}
        own = found.get(self.name, {self.name: 1.0})
        return np.array([own.get(name, 0.0) for name in QUANTITIES])

    def fractions(
        self, tallies: Mapping[str, Tally], comparator: str, perspective: str, contrast: float = 1.0
    ) -> np.ndarray:
        """Return numerator and denominator by policy and group of patients, shape (2, policies, groups).

        ``contrast``: multiplies the QALYs that each policy gains over the comparator.
        """
        if self.key is not None:
            return np.array([_counted(tally, self.key) for tally in tallies.values()]).T[..., None]
        found = {name: worth(tally) for name, tally in tallies.items()}
        weights = self.weights(perspective)
        gained = QUANTITIES.index(QALYS)
        sums = np.array([one.sums for one in found.values()])
        base = found[comparator].sums[:, gained]
        sums[..., gained] = base + contrast * (sums[..., gained] - base)
        return np.array([sums @ weights, [one.patients for one in found.values()]])


def _counted(tally: Tally, key: Key) -> tuple[float, float]:
    if key in tally.binary:
        counts = tally.binary[key]
        return float(counts[YES]), float(counts[YES - 1 :].sum())
    n, total, _ = tally.sums[key]
    return total / SCALE.get(key.outcome, 1.0), float(n)


def measures(
    horizon_years: float, years: float, currency: str | None, threshold: float
) -> dict[str, Measure]:
    """Return every outcome that can be asked of a run, by its name.

    ``years``: the horizon of those that have one; ``currency``: None where costs are not counted.
    """
    found = {
        key.outcome: Measure(key.outcome, "proportion", key)
        for key in binary_keys((years,))
        if key.compartment == ALL and key.group == ALL and (key.mechanism == ALL or not key.horizon_years)
    }
    found |= {
        key.outcome: Measure(key.outcome, UNITS[key.outcome], key) for key in amount_keys(horizon_years)
    }
    if currency is not None:
        for name in (*QUANTITIES, COSTS, NET_BENEFIT):
            of = Measure(name, "years", None, threshold)
            found[name] = dataclasses.replace(of, unit=currency) if is_money(name) else of
    return found


def is_money(outcome: str) -> bool:
    """Return whether an outcome is an amount of money."""
    return outcome == NET_BENEFIT or outcome.startswith("cost")


def estimates_by_group(fractions: Iterable[np.ndarray]) -> np.ndarray:
    """Return an outcome by group of patients and policy, shape (groups, policies).

    ``fractions``: of blocks of patients, shape (2, policies, groups) each. The mean over groups is the
    outcome of all patients; the groups' values are jackknife pseudo-values moved to that mean, so the error
    of a difference between two points is that of their paired differences. NaN where nobody counts.
    """
    numerators, denominators = np.concatenate([*fractions], axis=-1)
    groups = numerators.shape[-1]
    with np.errstate(invalid="ignore", divide="ignore"):
        whole = numerators.sum(axis=-1) / denominators.sum(axis=-1)
        left_out = (numerators.sum(axis=-1, keepdims=True) - numerators) / (
            denominators.sum(axis=-1, keepdims=True) - denominators
        )
    pseudo = groups * whole[:, None] - (groups - 1) * left_out
    moved: np.ndarray = (pseudo + (whole - pseudo.mean(axis=-1))[:, None]).T
    return moved
