"""What the members of an analysis cost and lived: from sums of patients to draws for decisions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.economics.draws import Draws, draws_of_means
from analysis.economics.noise import noise_of
from analysis.tables.economics import QUANTITIES, worth
from experiments.valuing.plan import PsaPlan
from sim.counting.tally import Counts, Tally

SHOWN = ("costs_health_care", "costs_societal", "life_years", "discounted_life_years", "qalys")


@dataclass(frozen=True)
class Found:
    """Means a patient, shape (members, policies, quantities), and of each fold of them, a further axis of
    folds before the quantities; by ``QUANTITIES`` of ``analysis.tables.economics``."""

    policies: tuple[str, ...]
    means: np.ndarray
    folds: np.ndarray

    @classmethod
    def of(cls, analysis: PsaPlan, policies: Sequence[str], values: Sequence[dict[str, Counts]]) -> "Found":
        """Return what was found, from the sums of each member by policy; with the draws of the discrepancy.

        The discrepancy of contrasts multiplies the QALYs that a policy gains over the comparator.
        """
        means, folds = [], []
        for of_member in values:
            worths = [worth(Tally(values=of_member[policy])) for policy in policies]
            means.append([one.means for one in worths])
            folds.append([one.sums / np.maximum(one.patients, 1.0)[:, None] for one in worths])
        found = cls(tuple(policies), np.array(means), np.array(folds))
        if analysis.discrepancy is None:
            return found
        base = found.policies.index(analysis.plan.run.comparator.name)
        qalys = QUANTITIES.index("qalys")
        for table, shape in ((found.means, (-1, 1)), (found.folds, (-1, 1, 1))):
            gained = table[..., qalys] - table[:, [base]][..., qalys]
            factors = analysis.discrepancy.contrasts.reshape(shape)
            table[..., qalys] = table[:, [base]][..., qalys] + gained * factors
        return found

    def quantity(self, name: str) -> np.ndarray:
        """Return a quantity of each member and policy."""
        found: np.ndarray = self.means[..., QUANTITIES.index(name)]
        return found

    def draws(self, perspective: str) -> Draws:
        """Return costs and QALYs for decisions, with the noise of finite numbers of patients.

        Every member has patients of its own, the same under every policy.
        """
        names = (f"costs_{perspective}", "qalys")
        both = np.stack([self.folds[..., QUANTITIES.index(name)] for name in names], axis=1)
        members, _, policies, folds = both.shape
        batches = np.moveaxis(both.reshape(members, 2 * policies, folds), 2, 1)
        own = noise_of(batches, same_patients=False).own.reshape(2, policies, 2, policies)
        costs, qalys = (self.quantity(name) for name in names)
        return draws_of_means(self.policies, costs, qalys, own)

    def table(self) -> pd.DataFrame:
        """Return ``psa.csv``: a row for each member and policy."""
        members, policies = self.means.shape[:2]
        columns = {
            "member": np.repeat(np.arange(members), policies),
            "policy": list(self.policies) * members,
            **{name: self.quantity(name).ravel() for name in SHOWN},
        }
        return pd.DataFrame(columns)
