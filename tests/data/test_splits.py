from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mlcourse.data import k_folds, split


def generator(seed=0):
    return np.random.default_rng(seed)


def largest_remainder(N, fractions):
    """The rule once more, in exact arithmetic."""
    shares = [N * Fraction(str(f)) for f in fractions]
    sizes = [int(share) for share in shares]
    by_remainder = sorted(range(len(sizes)), key=lambda i: sizes[i] - shares[i])  # stable
    for i in by_remainder[: N - sum(sizes)]:
        sizes[i] += 1
    return sizes


def assert_partition(parts, N):
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(N))


fractions = st.sampled_from(
    [
        (0.7, 0.15, 0.15),
        (0.8, 0.2),
        (0.29, 0.71),
        (0.25,) * 4,
        (0.35, 0.15, 0.5),
        (0.1, 0.3, 0.6),
        (1.0,),
    ]
)


@given(N=st.integers(20, 3000), fractions=fractions, seed=st.integers(0, 2**32))
@example(N=90, fractions=(0.35, 0.15, 0.5), seed=0)  # a tie of halves, but not in floats
@example(N=36, fractions=(0.1, 0.3, 0.6), seed=0)  # 21.6 - 21 is more than 3.6 - 3 in floats
def test_random_split_has_exact_sizes(N, fractions, seed):
    parts = split(N, fractions, rng=generator(seed))
    assert [len(part) for part in parts] == largest_remainder(N, fractions)
    assert_partition(parts, N)
    assert all((np.diff(part) > 0).all() for part in parts)


@given(
    y=st.lists(st.integers(-3, 9), min_size=20, max_size=400).map(np.array),
    fractions=fractions,
    seed=st.integers(0, 2**32),
)
def test_stratified_split(y, fractions, seed):
    N, K = len(y), len(fractions)
    parts = split(N, fractions, rng=generator(seed), stratify=y)
    assert [len(part) for part in parts] == largest_remainder(N, fractions)
    assert_partition(parts, N)
    for part in parts:
        share = len(part) / N
        for c in np.unique(y):
            ideal = share * (y == c).sum()
            assert abs((y[part] == c).sum() - ideal) <= 1 + (K - 2) * share + 1e-9


@given(
    classes=st.lists(st.integers(1, 12), min_size=1, max_size=6),
    seed=st.integers(0, 2**32),
)
def test_stratified_split_is_exact_where_it_can_be(classes, seed):
    y = generator(seed).permutation(np.repeat(np.arange(len(classes)), 20 * np.array(classes)))
    parts = split(len(y), rng=generator(seed), stratify=y)
    for part, twentieths in zip(parts, (14, 3, 3), strict=True):
        assert np.bincount(y[part]).tolist() == [twentieths * n for n in classes]


@given(counts=st.lists(st.integers(1, 6), min_size=40, max_size=80), seed=st.integers(0, 2**32))
def test_grouped_split_keeps_groups_whole(counts, seed):
    groups = generator(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    parts = split(len(groups), rng=generator(seed), groups=groups)
    assert_partition(parts, len(groups))
    members = [set(groups[part]) for part in parts]
    assert sum(map(len, members)) == len(counts)
    for part, size in zip(parts, largest_remainder(len(groups), (0.7, 0.15, 0.15)), strict=True):
        assert len(part) - size < max(counts)


def test_small_groups_fill_what_a_large_one_leaves():
    groups = np.concatenate([np.zeros(40, int), np.arange(1, 62)])
    for seed in range(20):
        parts = split(101, rng=generator(seed), groups=groups)
        assert [len(part) for part in parts] == [71, 15, 15]


@pytest.mark.parametrize("kind", ["random", "stratified", "grouped"])
def test_every_sample_has_the_same_chances(kind):
    y = np.array([0] + [1] * 9 + [2] * 30)  # the first sample is the only one of its class
    options = {
        "random": {},
        "stratified": {"stratify": y},
        "grouped": {"groups": np.arange(20).repeat(2)},
    }[kind]
    rng, runs = generator(), 2000
    counts = np.zeros(40)
    for _ in range(runs):
        counts[split(40, rng=rng, **options)[1]] += 1
    # 6 of 40 samples: binomial, five standard deviations
    assert np.abs(counts / runs - 0.15).max() < 5 * np.sqrt(0.15 * 0.85 / runs)


def test_same_seed_same_split():
    first, again, other = (split(100, rng=generator(seed))[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@given(N=st.integers(10, 300), k=st.integers(2, 10), seed=st.integers(0, 2**32))
@settings(max_examples=50)
def test_k_folds_validate_each_sample_once(N, k, seed):
    y = generator(seed).integers(0, 3, N)
    for options in {}, {"stratify": y}:
        folds = k_folds(N, k, rng=generator(seed), **options)
        assert len(folds) == k
        assert_partition([val for _, val in folds], N)
        for train, val in folds:
            assert_partition([train, val], N)
            assert len(val) in (N // k, -(-N // k))


def test_k_folds_stratified_and_grouped():
    y = np.repeat([0, 1], [10, 40])
    for _, val in k_folds(50, rng=generator(), stratify=y):
        assert np.bincount(y[val]).tolist() == [2, 8]
    writer = np.arange(50) // 5
    for train, val in k_folds(50, rng=generator(), groups=writer):
        assert not set(writer[train]) & set(writer[val])
        assert len(val) == 10


@pytest.mark.parametrize(
    ("message", "call"),
    [
        (r"positive numbers with sum 1, got \(0.7, 0.2\)", lambda r: split(9, (0.7, 0.2), rng=r)),
        ("positive numbers", lambda r: split(9, (1.2, -0.2), rng=r)),
        ("N must be at least 1, got 0", lambda r: split(0, rng=r)),
        ("4 samples are too few: part 2 of 3 gets none", lambda r: split(4, rng=r)),
        (r"stratify: expected shape \(9,\)", lambda r: split(9, rng=r, stratify=np.zeros(8))),
        (r"groups: expected shape \(9,\)", lambda r: split(9, rng=r, groups=np.zeros((9, 1)))),
        (
            "stratify or groups, got both",
            lambda r: split(9, rng=r, stratify=np.zeros(9), groups=np.zeros(9)),
        ),
        (
            "1 groups are too few: part 1 of 3",
            lambda r: split(9, rng=r, groups=np.zeros(9)),
        ),
        ("k must be at least 2, got 1", lambda r: k_folds(9, 1, rng=r)),
        ("3 samples are too few: part 3 of 5", lambda r: k_folds(3, rng=r)),
    ],
)
def test_errors(message, call):
    with pytest.raises(ValueError, match=message):
        call(generator())
