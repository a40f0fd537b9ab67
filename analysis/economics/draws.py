"""Costs and QALYs of policies under draws of the uncertain parameters, and their net benefit."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.economics.noise import Array, less_noise, noise_of
from conf.input_error import InputError, choice, shown


@dataclass(frozen=True)
class Draws:
    """Means per patient of members (draws of the parameters) under policies, with the simulation's noise.

    ``own_noise`` is the covariance, on average over members, of the noise that members do not share;
    ``shared_noise`` that of the mean of all members. Both have shape (2, policies, 2, policies): costs, then
    QALYs. Policies with common random numbers have correlated noise, so their variances alone do not do.
    Raises InputError for shapes that do not match, names that repeat and values that are not finite.
    """

    policies: tuple[str, ...]
    costs: Array  # shape (members, policies)
    qalys: Array  # likewise
    own_noise: Array
    shared_noise: Array

    def __post_init__(self) -> None:
        shape = (len(self.costs), len(self.policies))
        for name, values in (("costs", self.costs), ("qalys", self.qalys)):
            if values.shape != shape:
                raise InputError(f"{name}: has shape {values.shape}; members × policies are {shape}")
            if not np.isfinite(values).all():
                raise InputError(f"{name}: has values that are not finite numbers")
        if shape[0] < 2 or shape[1] < 1:
            raise InputError(f"{shape[0]} members, {shape[1]} policies: at least 2 and 1 are needed")
        if len(set(self.policies)) < shape[1]:
            raise InputError(f"policies={shown(list(self.policies))}: a name is there twice")
        whole = (2, shape[1], 2, shape[1])
        for name, noise in (("own_noise", self.own_noise), ("shared_noise", self.shared_noise)):
            if noise.shape != whole or not np.isfinite(noise).all():
                raise InputError(
                    f"{name}: has shape {noise.shape}; finite numbers of shape {whole} are needed"
                )

    @property
    def members(self) -> int:
        return len(self.costs)

    def place(self, policy: str) -> int:
        """Return where a policy is. Raises InputError for an unknown one."""
        if policy not in self.policies:
            raise InputError(
                f"policy={shown(policy)}: is not among those compared{choice(policy, self.policies)}"
            )
        return self.policies.index(policy)

    def net_benefit(self, threshold: float) -> Array:
        """Return the net monetary benefit, threshold × QALYs − costs; shape (members, policies)."""
        return threshold * self.qalys - self.costs

    def less_noise(self) -> "Draws":
        """Return draws whose members differ by their parameters alone, as far as covariances say."""
        if not self.own_noise.any():
            return self
        both = np.stack([self.costs, self.qalys], axis=1)
        # The first policy, and what others add to it: small differences of large numbers stay exact.
        both[:, :, 1:] -= both[:, :, :1]
        noise = self.own_noise.copy()
        noise[:, 1:] -= noise[:, :1]
        noise[..., 1:] -= noise[..., :1]
        size = 2 * len(self.policies)
        moved = less_noise(both.reshape(-1, size), noise.reshape(size, size)).reshape(both.shape)
        moved[:, :, 1:] += moved[:, :, :1]
        return replace(self, costs=moved[:, 0], qalys=moved[:, 1], own_noise=np.zeros_like(noise))


def draws_of_means(
    policies: Sequence[str],
    costs: Array,
    qalys: Array,
    own_noise: Array | None = None,
    shared_noise: Array | None = None,
) -> Draws:
    """Return draws from means, shape (members, policies), and the noise, if any is known.

    ``own_noise``: shape (2, policies, 2, policies), or that of each member with members first.
    """
    costs, qalys = np.asarray(costs, float), np.asarray(qalys, float)
    none = np.zeros((2, len(policies), 2, len(policies)))
    own = none if own_noise is None else np.asarray(own_noise, float)
    if own.ndim == 5 and len(own) != len(costs):
        raise InputError(f"own_noise: is of {len(own)} members; costs are of {len(costs)}")
    own = own.mean(axis=0) if own.ndim == 5 else own
    shared = none if shared_noise is None else np.asarray(shared_noise, float)
    return Draws(tuple(policies), costs, qalys, own, shared)


def draws_of_batches(policies: Sequence[str], costs: Array, qalys: Array, same_patients: bool) -> Draws:
    """Return draws from means of batches of equal size, shape (members, policies, batches).

    ``same_patients``: batch k holds the same patients in every member (and always under every policy).
    """
    costs, qalys = np.asarray(costs, float), np.asarray(qalys, float)
    for name, values in (("costs", costs), ("qalys", qalys)):
        if values.ndim != 3 or values.shape != costs.shape or values.shape[1] != len(policies):
            raise InputError(
                f"{name}: has shape {values.shape}; (members, {len(policies)} policies, batches) is needed, "
                "the same of costs and QALYs"
            )
    members, count, batches = costs.shape
    both = np.stack([costs, qalys], axis=1).reshape(members, 2 * count, batches)
    noise = noise_of(np.moveaxis(both, 2, 1), same_patients)
    shape = (2, count, 2, count)
    return Draws(
        tuple(policies),
        costs.mean(axis=2),
        qalys.mean(axis=2),
        noise.own.reshape(shape),
        noise.shared.reshape(shape),
    )


def rising(thresholds: Sequence[float] | Array) -> Array:
    """Return thresholds, in money per QALY. Raises InputError where they do not rise from 0 or more."""
    values = np.atleast_1d(np.asarray(thresholds, float))
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all() or values[0] < 0:
        raise InputError(f"thresholds={shown(values.tolist())}: must be finite numbers from 0, at least one")
    if (np.diff(values) <= 0).any():
        raise InputError(f"thresholds={shown(values.tolist())}: must rise, each above the one before")
    return values


def benefit_noise(noise: Array, threshold: float, contrast: Array) -> float:
    """Return the variance of a contrast of the policies' net benefit; 0 at least.

    ``noise``: shape (2, policies, 2, policies); ``contrast``: a weight for each policy.
    """
    weights = np.outer([-1.0, threshold], contrast).ravel()
    return max(float(weights @ noise.reshape(len(weights), -1) @ weights), 0.0)
