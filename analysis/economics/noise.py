"""The simulation's own noise: what finite numbers of patients add to the means of members.

Members are draws of the uncertain parameters. Each is simulated with patients in batches of equal size, and
the noise follows from how the batches of a member differ. With the same patients in every member (common
random numbers) the means of all members share a part of the noise, which no number of members takes away;
only the rest makes members differ (two-way analysis of variance, members by batches).
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from conf.input_error import InputError

Array = npt.NDArray[np.float64]


class Noise(NamedTuple):
    """Covariances of means over all batches; each has shape (quantities, quantities)."""

    own: Array  # of the mean of a member, independent between members
    shared: Array  # of the mean of all members, from patients that all of them have


def noise_of(batches: Array, same_patients: bool) -> Noise:
    """Return the noise of the means over batches, pooled over members.

    ``batches``: means of batches of equal size, shape (members, batches, quantities). ``same_patients``:
    batch k holds the same patients in every member. Both parts are unbiased; a variance in ``shared`` may
    therefore be below zero where there is none. Raises InputError for fewer than two batches (or members,
    with the same patients).
    """
    members, count, _ = batches.shape
    if count < 2 or (same_patients and members < 2):
        raise InputError(
            f"{members} members with {count} batches: the noise of a simulation needs at least two batches, "
            "and two members where these have the same patients"
        )
    rest = batches - batches.mean(axis=1, keepdims=True)
    if not same_patients:
        own = np.einsum("mbi,mbj->ij", rest, rest) / (members * (count - 1) * count)
        return Noise(own, np.zeros_like(own))
    common = rest.mean(axis=0)
    rest = rest - common
    own = np.einsum("mbi,mbj->ij", rest, rest) / ((members - 1) * (count - 1) * count)
    # The mean of a batch over members still has the members' own noise.
    return Noise(own, common.T @ common / ((count - 1) * count) - own / members)


def less_noise(values: Array, noise: Array) -> Array:
    """Return values moved towards their mean, until their covariance is less by that of the noise.

    ``values``: shape (members, quantities); ``noise``: covariance, shape (quantities, quantities). The map
    is linear, so the distribution keeps its shape; it is exact for normal values. A direction in which all
    is noise becomes its mean. Linear changes of the quantities, such as of units, change nothing.
    """
    centre = values.mean(axis=0)
    apart = values - centre
    scale = apart.std(axis=0, ddof=1) if len(values) > 1 else np.zeros_like(centre)
    varies = scale > 1e-12 * np.maximum(np.abs(centre), 1e-300)
    if not varies.any() or not noise.any():
        return values
    scaled = apart[:, varies] / scale[varies]
    lengths, directions = np.linalg.eigh(scaled.T @ scaled / (len(values) - 1))
    there = lengths > 1e-10 * lengths.max()
    lengths, directions = np.sqrt(lengths[there]), directions[:, there]
    white = directions / lengths  # to uncorrelated quantities of variance 1
    share, turn = np.linalg.eigh(
        white.T @ (noise[np.ix_(varies, varies)] / np.outer(*[scale[varies]] * 2)) @ white
    )
    kept = (turn * np.sqrt(np.clip(1 - share, 0, 1))) @ turn.T
    moved = np.zeros_like(values)
    moved[:, varies] = scaled @ white @ kept @ (directions * lengths).T * scale[varies]
    back: Array = centre + moved
    return back
