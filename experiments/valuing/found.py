"""What the members of an analysis cost and lived: from sums of patients to draws for decisions."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.economics.draws import Draws, draws_of_means
from analysis.economics.noise import noise_of
from analysis.tables.contrasts import PerRecurrence, acted_on, further, per_recurrence, towards
from analysis.tables.economics import QUANTITIES, Worth, worth
from conf.contrasts import contrast_of
from experiments.valuing.plan import PsaPlan
from sim.counting.tally import Counts, Tally

SHOWN = ("costs_health_care", "costs_societal", "life_years", "discounted_life_years", "qalys")


@dataclass(frozen=True)
class Found:
    """Means per patient, shape (members, policies, quantities), and of each fold of them, a further axis of
    folds before the quantities; by ``QUANTITIES`` of ``analysis.tables.economics``. ``recurrences``: the
    share of patients with a local recurrence, shape (members, policies); ``per_recurrence``: what one costs
    and loses, where the discrepancy of contrasts is drawn."""

    policies: tuple[str, ...]
    means: np.ndarray
    folds: np.ndarray
    recurrences: np.ndarray
    per_recurrence: PerRecurrence | None = None

    @classmethod
    def of(cls, analysis: PsaPlan, policies: Sequence[str], values: Sequence[dict[str, Counts]]) -> "Found":
        """Return what was found, from the sums of each point by policy; with the draws of the discrepancy.

        The discrepancy of a contrast multiplies the local recurrences of those on whom a policy acts.
        """
        members = [
            [worth(Tally(values=of_member[policy])) for policy in policies]
            for of_member in values[: analysis.members]
        ]
        found = cls(
            tuple(policies),
            np.array([[one.means for one in own] for own in members]),
            np.array([[_by_fold(one, one.sums) for one in own] for own in members]),
            np.array([[one.recurrences[:, 0].sum() / one.patients.sum() for one in own] for own in members]),
        )
        if analysis.discrepancy is None:
            return found
        comparator = analysis.plan.run.comparator
        with_and_without = [worth(Tally(values=of[comparator.name])) for of in values[analysis.members :]]
        change = per_recurrence(*with_and_without)
        base = found.policies.index(comparator.name)
        average = found.recurrences.mean(axis=0)
        for k, policy in enumerate(analysis.plan.run.policies):
            contrast = contrast_of(policy, comparator)
            log_ratios = towards(average[k], average[base]) * analysis.discrepancy.log_ratios(contrast.levers)
            for member, own in enumerate(members):
                acted = acted_on(own[k].recurrences, contrast.of_everybody)
                more = further(acted, log_ratios[member])
                mean = more.sum() / own[k].patients.sum()
                found.recurrences[member, k] += mean
                found.means[member, k] += mean * change.changes
                found.folds[member, k] += _by_fold(own[k], more[:, None] * change.changes)
        return dataclasses.replace(found, per_recurrence=change)

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
            "local_recurrence": self.recurrences.ravel(),
        }
        return pd.DataFrame(columns)


def _by_fold(of: Worth, sums: np.ndarray) -> np.ndarray:
    means: np.ndarray = sums / np.maximum(of.patients, 1.0)[:, None]
    return means
