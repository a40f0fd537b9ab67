"""The variance split, against what patients were made of, and the numbers that a precision needs."""

import itertools

import numpy as np
import pytest

from analysis.economics.noise import noise_of
from analysis.economics.variance_split import (
    Split,
    mean_variance,
    size_for_budget,
    size_for_precision,
    split_table,
    variance_split,
)
from conf.input_error import InputError

GROUP_MEANS, GROUP_SHARES, GROUP_DEVIATIONS = [0.0, 2.0, 5.0], [0.5, 0.3, 0.2], [1.0, 2.0, 4.0]
HETEROGENEITY = np.average((np.array(GROUP_MEANS) - 1.6) ** 2, weights=GROUP_SHARES)
LUCK = np.average(np.array(GROUP_DEVIATIONS) ** 2, weights=GROUP_SHARES)


def sums_of(seed, members=150, batches=10, size=100, spread=0.7, same_patients=False, own=1.0):
    """Sums, counts and squares of patients of three kinds; ``own`` is a member's own share of luck."""
    rng = np.random.default_rng(seed)
    shape = (1 if same_patients else members, batches, size)
    kind = np.broadcast_to(rng.choice(3, shape, p=GROUP_SHARES), (members, batches, size))
    luck = np.sqrt(own) * rng.standard_normal((members, batches, size))
    if same_patients:
        luck = luck + np.sqrt(1 - own) * rng.standard_normal(shape)
    value = np.array(GROUP_MEANS)[kind] + np.array(GROUP_DEVIATIONS)[kind] * luck
    value += rng.normal(0, spread, (members, 1, 1))
    within = [kind == k for k in range(3)]
    return [np.stack([(value**power * w).sum(axis=2) for w in within], 2) for power in (1, 0, 2)]


@pytest.mark.parametrize("with_squares", [False, True])
@pytest.mark.parametrize("same_patients", [False, True])
def test_the_variance_is_split_as_the_patients_were_made(same_patients, with_squares):
    splits = []
    for seed in range(6):
        made = sums_of(
            seed, batches=30, size=40, same_patients=same_patients, own=0.3 if same_patients else 1.0
        )
        sums, counts, squares = made
        splits.append(variance_split(sums, counts, same_patients, squares if with_squares else None))
    mean = {name: np.mean([getattr(split, name) for split in splits]) for name in Split._fields}
    # The luck of batches that all members share is seen once, not once for each member.
    exact = with_squares or not same_patients
    assert mean["luck"] == pytest.approx(LUCK, rel=0.04 if exact else 0.2)
    assert mean["heterogeneity"] == pytest.approx(HETEROGENEITY, rel=0.06)
    assert mean["parameters"] == pytest.approx(0.49, rel=0.12)
    assert mean["patients"] == 1200
    if same_patients:
        assert mean["own"] == pytest.approx(0.3 * LUCK, rel=0.05)
        assert mean["shared"] == pytest.approx(0.7 * LUCK + HETEROGENEITY, rel=0.06 if exact else 0.25)
    else:
        assert mean["own"] == pytest.approx(LUCK + HETEROGENEITY, rel=0.04)
        assert mean["shared"] == 0


def test_parameters_without_effect_have_no_variance_though_means_differ():
    sums, counts, _ = sums_of(3, members=300, spread=0.0)
    means = sums.sum(axis=(1, 2)) / counts.sum(axis=(1, 2))
    assert variance_split(sums, counts, False).parameters < 0.3 * means.var(ddof=1)


def test_without_groups_heterogeneity_counts_as_luck():
    sums, counts, _ = sums_of(4)
    split = variance_split(sums.sum(axis=2, keepdims=True), counts.sum(axis=2, keepdims=True), False)
    assert split.heterogeneity == 0
    assert split.luck == pytest.approx(LUCK + HETEROGENEITY, rel=0.1)


def test_groups_that_do_not_differ_are_not_heterogeneous():
    rng = np.random.default_rng(5)
    counts = rng.multinomial(40, [0.02, 0.38, 0.6], (100, 8))
    sums = rng.normal(3.0 * counts, np.sqrt(counts))
    assert (counts == 0).any()
    split = variance_split(sums, counts, False)
    assert split.heterogeneity < 0.003
    assert split.luck == pytest.approx(1.0, rel=0.05)


def test_shares_add_up_to_the_whole():
    table = split_table(variance_split(*sums_of(6)[:2], False))
    assert table["share"].sum() == pytest.approx(1.0)
    np.testing.assert_allclose(table["standard_deviation"] ** 2, table["variance"])


@pytest.mark.parametrize("same_patients", [False, True])
def test_the_predicted_precision_is_that_of_repeated_analyses(same_patients):
    made = {"members": 12, "batches": 4, "size": 25, "same_patients": same_patients}
    made["own"] = 0.3 if same_patients else 1.0
    means = []
    for seed in range(400):
        sums, counts, _ = sums_of(1000 + seed, **made)
        means.append(sums.sum() / counts.sum())
    shared = 0.7 * LUCK + HETEROGENEITY if same_patients else 0.0
    own = 0.3 * LUCK if same_patients else LUCK + HETEROGENEITY
    split = Split(0.0, 0.49, HETEROGENEITY, LUCK, shared, own, 12, 100)
    assert np.var(means) == pytest.approx(mean_variance(split, 12, 100), rel=0.2)


NESTED = Split(0.0, 4.0, 1.0, 399.0, 0.0, 400.0, 10, 10)
SHARED = Split(0.0, 4.0, 1.0, 399.0, 300.0, 100.0, 10, 10)


def test_nested_patients_have_the_textbook_optimum():
    # n = sqrt(within / between × seconds of a member / seconds of a patient)
    found = size_for_precision(NESTED, 0.05, 90.0, 0.01)
    assert found.patients == pytest.approx(np.sqrt(400 / 4 * 90 / 0.01), rel=0.01)
    assert found.half_width <= 0.05 and found.half_width == pytest.approx(0.05, rel=1e-3)


@pytest.mark.parametrize("split", [NESTED, SHARED])
def test_no_other_numbers_are_cheaper_or_more_precise(split):
    found = size_for_precision(split, 0.5, 2.0, 0.01)
    assert found.half_width <= 0.5
    for patients, members in itertools.product(
        np.unique(np.geomspace(1, 1e5, 400).astype(int)), range(2, 400)
    ):
        if 1.959964 * np.sqrt(mean_variance(split, members, patients)) <= 0.5:
            assert members * (2.0 + 0.01 * patients) >= found.seconds * 0.985
    best = size_for_budget(split, found.seconds, 2.0, 0.01)
    assert best.seconds <= found.seconds
    assert best.half_width == pytest.approx(found.half_width, rel=0.02)


def test_shared_patients_need_more_patients_however_many_members():
    found = size_for_precision(SHARED, 0.05, 2.0, 0.01)
    assert found.patients > 300 * (1.96 / 0.05) ** 2
    assert found.half_width <= 0.05


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda: variance_split(np.ones((3, 4)), np.ones((3, 4)), False), "members, batches, groups"),
        (lambda: variance_split(np.ones((3, 4, 1)), np.ones((3, 4, 2)), False), "members, batches, groups"),
        (lambda: variance_split(np.ones((3, 1, 1)), np.ones((3, 1, 1)), False), "at least two"),
        (lambda: variance_split(np.ones((2, 2, 1)), np.arange(1, 5).reshape(2, 2, 1), False), "same number"),
        (lambda: size_for_precision(NESTED, 0.0, 1.0, 1.0), "half_width=0"),
        (lambda: size_for_precision(SHARED, 1e-6, 1.0, 1.0), "more than 1,000,000,000 patients"),
        (lambda: size_for_budget(NESTED, 5.0, 3.0, 1.0), "two members with a patient each take 8 seconds"),
    ],
)
def test_what_cannot_be_split_or_sized_is_refused(ask, says):
    with pytest.raises(InputError, match=says):
        ask()


def test_members_of_their_own_luck_alone_share_none_however_few_they_are():
    """The mean of two members still has half of their own noise, which is no noise that they share."""
    rng = np.random.default_rng(5)
    found = [noise_of(rng.standard_normal((2, 6, 1)), same_patients=True) for _ in range(4000)]
    own, shared = (np.array([getattr(noise, name)[0, 0] for noise in found]) for name in ("own", "shared"))
    assert own.mean() == pytest.approx(1 / 6, rel=0.05)
    assert abs(shared.mean()) < 4 * shared.std() / np.sqrt(len(shared)) < 0.1 * own.mean()


def test_squares_of_patients_show_what_members_share_more_exactly_than_batches_do():
    found = {True: [], False: []}
    for seed in range(12):
        sums, counts, squares = sums_of(seed, members=20, same_patients=True, own=0.3)
        for exact, of in found.items():
            of.append(variance_split(sums, counts, True, squares if exact else None).shared)
    expected = 0.7 * LUCK + HETEROGENEITY
    assert np.mean(found[True]) == pytest.approx(expected, rel=0.05)
    assert np.std(found[True]) < 0.25 * np.std(found[False])
