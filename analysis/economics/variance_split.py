"""Where the variance of an outcome comes from, and how many members and patients a wanted precision needs.

The variance of a patient's outcome is that of its mean between members (uncertain parameters, second order),
between groups of patients whose characteristics are known (heterogeneity), and between patients of a group
(luck, first order): Briggs, Weinstein, Fenwick and others 2012; O'Hagan, Stevenson and Madan 2007.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import optimize

from analysis.economics.incremental import Z
from analysis.economics.noise import Array, noise_of
from conf.input_error import InputError, shown

MOST_PATIENTS = 10**9
FEWEST_MEMBERS = 2


class Split(NamedTuple):
    """Variances of one outcome, all of single patients but ``parameters``, which is of members' means."""

    mean: float
    parameters: float
    heterogeneity: float
    luck: float
    # Of patients' outcomes about the mean: the part that all members share, and that of each member.
    shared: float
    own: float
    members: int
    patients: int  # of each member


class Size(NamedTuple):
    """How many members and patients of each to simulate."""

    members: int
    patients: int
    half_width: float  # of the 95 % interval of the mean
    seconds: float


def variance_split(sums: Array, counts: Array, same_patients: bool, squares: Array | None = None) -> Split:
    """Return the variance of an outcome or a difference, split by its sources.

    ``sums``, ``counts``: of the outcome and of the patients, shape (members, batches, groups). Batches have
    the same number of patients; groups hold patients of a kind that is known beforehand (one group: no
    heterogeneity is seen, and it counts as luck). ``same_patients``: batch k holds the same patients in
    every member. ``squares``: sums of the squared outcome, likewise; without them luck follows from how
    batches differ, which few batches of the same patients say badly. Raises InputError for shapes that do
    not match, batches of unequal sizes, fewer than two members or batches.
    """
    sums, counts = np.asarray(sums, float), np.asarray(counts, float)
    squares = None if squares is None else np.asarray(squares, float)
    shapes = [each.shape for each in (sums, counts, squares) if each is not None]
    if sums.ndim != 3 or len(set(shapes)) > 1:
        raise InputError(
            f"sums, counts and squares have shapes {shown(shapes)}; all need (members, batches, groups)"
        )
    members, batches, _ = sums.shape
    if members < 2 or batches < 2:
        raise InputError(f"{members} members with {batches} batches: at least two of each are needed")
    sizes = counts.sum(axis=2)
    if not (sizes > 0).all() or np.ptp(sizes) > 0:
        raise InputError(
            f"batches have {sizes.min():g} to {sizes.max():g} patients; all need the same number"
        )
    patients = float(sizes[0].sum())
    means = sums.sum(axis=2) / sizes
    noise = noise_of(means[:, :, None], same_patients)
    between = float(means.mean(axis=1).var(ddof=1))
    luck, heterogeneity = _within(sums, counts, patients, squares)
    own, shared = (float(each[0, 0]) * patients for each in noise)
    if same_patients and squares is not None:
        shared = luck + heterogeneity - own
    return Split(
        mean=float(means.mean()),
        parameters=max(between - float(noise.own[0, 0]), 0.0),
        heterogeneity=heterogeneity,
        luck=luck,
        shared=max(shared, 0.0),
        own=own,
        members=members,
        patients=int(patients),
    )


def _within(sums: Array, counts: Array, patients: float, squares: Array | None) -> tuple[float, float]:
    """Return the variances within and between groups, on average over members."""
    number = counts.sum(axis=1)
    mean = np.divide(sums.sum(axis=1), number, out=np.zeros_like(number), where=number > 0)
    if squares is None:
        of_batch = np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0)
        apart = (counts * (of_batch - mean[:, None]) ** 2).sum(axis=1)
        free = (counts > 0).sum(axis=1) - 1.0
    else:
        apart, free = np.maximum(squares.sum(axis=1) - number * mean**2, 0.0), number - 1
    variance = np.divide(apart, free, out=np.zeros_like(apart), where=free > 0)
    share = number / patients
    luck = (share * variance).sum(axis=1)
    whole = (share * mean).sum(axis=1, keepdims=True)
    between = (share * (mean - whole) ** 2).sum(axis=1)
    # Means of groups are apart by luck, too.
    by_luck = ((1 - share) * variance * (number > 0)).sum(axis=1) / patients
    return float(luck.mean()), max(float((between - by_luck).mean()), 0.0)


def split_table(split: Split) -> pd.DataFrame:
    """Return the sources with ``variance``, ``share`` of the whole and ``standard_deviation``."""
    table = pd.DataFrame(
        {
            "source": ["parameters", "heterogeneity", "luck"],
            "variance": [split.parameters, split.heterogeneity, split.luck],
        }
    )
    whole = table["variance"].sum()
    table["share"] = table["variance"] / whole if whole > 0 else np.nan
    table["standard_deviation"] = np.sqrt(table["variance"])
    return table


def mean_variance(split: Split, members: float, patients: float) -> float:
    """Return the variance of the mean over so many members, each with so many patients."""
    return split.parameters / members + split.shared / patients + split.own / (members * patients)


def size_for_precision(
    split: Split, half_width: float, seconds_per_member: float, seconds_per_patient: float
) -> Size:
    """Return the cheapest numbers by which the mean has a 95 % interval of ± ``half_width``.

    Simulation takes ``seconds_per_member`` for each member and ``seconds_per_patient`` for each of its
    patients. Raises InputError for numbers that are not above 0, and for a precision that would need more
    than a thousand million patients.
    """
    _above_zero(half_width=half_width, seconds_per_patient=seconds_per_patient)
    wanted = (half_width / Z) ** 2
    fewest = max(1.0, split.shared / wanted * (1 + 1e-9))

    def members_with(patients: float) -> float:
        free = wanted - split.shared / patients
        if free <= 0:
            return np.inf
        return max((split.parameters + split.own / patients) / free, FEWEST_MEMBERS)

    def seconds(patients: float) -> float:
        return members_with(patients) * (seconds_per_member + seconds_per_patient * patients)

    if fewest >= MOST_PATIENTS:
        raise InputError(f"half_width={half_width:g}: needs more than {MOST_PATIENTS:,} patients")
    patients = int(np.ceil(_least(seconds, fewest, MOST_PATIENTS)))
    members = int(np.ceil(members_with(patients)))
    return _size(split, members, patients, seconds_per_member, seconds_per_patient)


def size_for_budget(
    split: Split, budget_seconds: float, seconds_per_member: float, seconds_per_patient: float
) -> Size:
    """Return the numbers that make the mean most precise within ``budget_seconds``.

    Raises InputError for a budget that does not last for two members with a patient each.
    """
    _above_zero(budget_seconds=budget_seconds, seconds_per_patient=seconds_per_patient)
    most = (budget_seconds / FEWEST_MEMBERS - seconds_per_member) / seconds_per_patient
    if most < 1:
        needed = FEWEST_MEMBERS * (seconds_per_member + seconds_per_patient)
        raise InputError(
            f"budget_seconds={budget_seconds:g}: two members with a patient each take {needed:g} seconds"
        )

    def variance(patients: float) -> float:
        return mean_variance(
            split, budget_seconds / (seconds_per_member + seconds_per_patient * patients), patients
        )

    patients = max(int(_least(variance, 1.0, most)), 1)
    members = int(budget_seconds / (seconds_per_member + seconds_per_patient * patients))
    return _size(split, members, patients, seconds_per_member, seconds_per_patient)


def _least(of_patients: Callable[[float], float], low: float, high: float) -> float:
    """Return the number between two bounds at which a function with one valley is least."""
    if high <= low:
        return low
    found = optimize.minimize_scalar(
        lambda x: of_patients(np.exp(x)), bounds=(np.log(low), np.log(high)), method="bounded",
        options={"xatol": 1e-6},
    )  # fmt: skip
    return float(np.exp(found.x))


def _size(split: Split, members: int, patients: int, per_member: float, per_patient: float) -> Size:
    half_width = Z * np.sqrt(mean_variance(split, members, patients))
    return Size(members, patients, float(half_width), members * (per_member + per_patient * patients))


def _above_zero(**numbers: float) -> None:
    for name, value in numbers.items():
        if not (np.isfinite(value) and value > 0):
            raise InputError(f"{name}={value:g}: must be a finite number above 0")
