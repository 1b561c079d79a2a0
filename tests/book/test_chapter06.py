"""The equations and claims of chapter 6, one test each; most call the functions of the page."""

import ast
import json
from math import comb, log, sqrt
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from mlcourse.data import Augment, mini_mnist, rotation, split, translation
from mlcourse.network import mlp
from tests.book import pages

PAGE = Path(__file__).parents[2] / "chapters/06-data-splits.ipynb"
CELLS = json.loads(PAGE.read_text(encoding="utf-8"))["cells"]
DIGITS = mini_mnist()
X = np.concatenate([part.X for part in DIGITS])
y = np.concatenate([part.y for part in DIGITS])
SHARES = (0.7, 0.15, 0.15)


def page():
    """The functions that the page defines, as they stand there."""
    code = "\n".join("".join(c["source"]) for c in CELLS if c["cell_type"] == "code")
    tree = ast.parse(code)
    tree.body = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    names = {"np": np, "split": split, "pool_X": X, "pool_y": y, "y_train": y[:1000]}
    names |= {"Augment": Augment, "rotation": rotation, "translation": translation}
    exec(compile(tree, str(PAGE), "exec"), names)
    return names


F = page()
knn, part_sizes, expected_best = F["nearest_neighbours"], F["part_sizes"], F["expected_best"]
one, three = (knn(X[:1000], y[:1000], X[1000:], k) == y[1000:] for k in (1, 3))


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_distance(rng):
    A, B = rng.normal(size=(7, 5)), rng.normal(size=(4, 5))
    by_index = [[sum((a - b) ** 2) for b in B] for a in A]
    np.testing.assert_allclose(F["distances"](A, B), by_index, rtol=1e-12)
    np.testing.assert_allclose(
        F["distances"](A, B), torch.cdist(torch.from_numpy(A), torch.from_numpy(B)) ** 2
    )


@pytest.mark.parametrize("k", [1, 3, 7])
def test_neighbours_vote_as_in_scikit_learn(k):
    reference = KNeighborsClassifier(k, algorithm="brute").fit(X[:1000], y[:1000])
    same = knn(X[:1000], y[:1000], X[1000:2000], k) == reference.predict(X[1000:2000])
    assert same.mean() > 0.998  # distances that are equal in one arithmetic and not in the other


def test_a_memory_is_right_about_any_labels(rng):
    labels = rng.integers(0, 10, 500)
    assert (knn(X[:500], labels, X[:500]) == labels).all()
    assert abs((knn(X[:500], labels, X[500:]) == y[500:]).mean() - 0.1) < 0.03
    assert mlp([784, 256, 10], rng=rng).n_params == 203_530


def test_standard_error(rng):
    for a, N in ((0.9, 100), (0.5, 30)):
        scores = (rng.random((20_000, N)) < a).mean(axis=1)
        assert scores.mean() == pytest.approx(a, abs=5 * sqrt(a * (1 - a) / N / 20_000))
        assert scores.std() == pytest.approx(sqrt(a * (1 - a) / N), rel=0.03)
    assert round(sqrt(0.93 * 0.07 / 1500), 4) == 0.0066  # exercise 6.2
    assert round(100 * 1.96 * sqrt(0.93 * 0.07 / 1500), 1) == 1.3
    assert round(100 * sqrt(0.9965 * 0.0035 / 10_000), 2) == 0.06
    assert round(100 * sqrt(2 * 0.9965 * 0.0035 / 10_000), 2) == 0.08
    assert round(0.07 / sqrt(0.09 / 1500)) == 9  # the last question but one
    assert round(100 * 1.96 * sqrt(2 * 0.09 / 150)) == 7  # what 150 test digits cannot tell apart


@given(
    N=st.integers(1, 10_000),
    parts=st.lists(st.integers(1, 100), min_size=1, max_size=6),
    seed=st.integers(0, 2**32),
)
def test_sizes(N, parts, seed):
    fractions = np.array(parts) / sum(parts)
    sizes = part_sizes(N, fractions)
    remainders = [N * part % sum(parts) for part in parts]  # exact: in units of 1/sum
    extra = sizes - [N * part // sum(parts) for part in parts]
    assert sizes.sum() == N
    assert set(extra) <= {0, 1}
    given_to = [(-r, i) for i, r in enumerate(remainders) if extra[i]]
    passed = [(-r, i) for i, r in enumerate(remainders) if not extra[i]]
    assert max(given_to, default=(-1e9, 0)) < min(passed, default=(1e9, 0))
    if sizes.min() > 0:
        found = split(N, tuple(fractions), rng=np.random.default_rng(seed))
        assert [len(part) for part in found] == sizes.tolist()
        assert (np.sort(np.concatenate(found)) == np.arange(N)).all()


@pytest.mark.parametrize(
    ("N", "sizes"), [(7, [5, 1, 1]), (10, [7, 2, 1]), (11, [8, 2, 1]), (101, [71, 15, 15])]
)
def test_awkward_sizes(N, sizes):
    assert part_sizes(N, SHARES).tolist() == sizes
    parts = split(N, SHARES, rng=np.random.default_rng(0))
    assert [len(part) for part in parts] == sizes


def test_sizes_of_the_exercise_and_of_the_smallest_split():
    assert part_sizes(23, SHARES).tolist() == [16, 4, 3]
    assert part_sizes(7, (0.8, 0.2)).tolist() == [6, 1]
    assert part_sizes(90, (0.35, 0.15, 0.5)).tolist() == [32, 13, 45]  # a tie, but not in floats
    assert part_sizes(36, (0.1, 0.3, 0.6)).tolist() == [4, 11, 21]  # as above
    assert part_sizes(5, SHARES).min() == 1
    assert part_sizes(4, SHARES).min() == 0


def test_choose():
    rng = np.random.default_rng(1)
    train, val, _ = split(1000, rng=rng)
    drawn = np.random.default_rng(0).integers(0, 10, 1000)
    noisy = np.where(rng.random(1000) < 0.3, drawn, y[:1000])
    ks = [1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 100]
    scores = [(knn(X[train], noisy[train], X[val], k) == y[val]).mean() for k in ks]
    best = max(ks, key=lambda k: scores[ks.index(k)])
    said = f"by validation score k = {best}, score {max(scores):.0%}"
    assert said in pages.page("06")["choose-k-figure"][1]
    assert (knn(X[train], noisy[train], X[train], 1) == noisy[train]).all()


@pytest.mark.parametrize("delta", [0.02, 0.05])
def test_test_size(delta, rng):
    N = F["test_size"](0.9, delta)
    assert 1.96 * sqrt(2 * 0.09 / N) <= delta < 1.96 * sqrt(2 * 0.09 / (N - 1))
    first, second = rng.binomial(N, 0.9, (2, 20_000)) / N
    assert np.mean(np.abs(first - second) > delta) == pytest.approx(0.05, abs=0.01)
    assert F["share_seen"](N, delta) == pytest.approx(0.5, abs=0.02)
    assert F["share_seen"](2 * N, delta) == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize(("N", "n_c", "N_i"), [(200, 20, 30), (50, 25, 40), (30, 3, 30)])
def test_hypergeometric(N, n_c, N_i):
    j = np.arange(max(0, n_c + N_i - N), min(n_c, N_i) + 1)
    pmf = np.array([comb(n_c, i) * comb(N - n_c, N_i - i) / comb(N, N_i) for i in j])
    variance = pmf @ (j / N_i) ** 2 - (pmf @ (j / N_i)) ** 2
    share = n_c / N
    predicted = share * (1 - share) / N_i * (N - N_i) / (N - 1)
    assert variance == pytest.approx(predicted, abs=1e-13)


@given(y=st.lists(st.integers(0, 9), min_size=20, max_size=300).map(np.array), seed=st.integers(0))
def test_stratified(y, seed):
    parts = split(len(y), SHARES, rng=np.random.default_rng(seed), stratify=y)
    for part in parts:
        share = len(part) / len(y)
        for c in np.unique(y):
            gap = abs((y[part] == c).sum() - share * (y == c).sum())
            assert gap <= 1 + (len(parts) - 2) * share + 1e-9


@given(y=st.lists(st.integers(0, 4), min_size=10, max_size=200).map(np.array), k=st.integers(2, 10))
def test_dealing_gives_equal_folds(y, k):
    folds = F["stratified_folds"](y, k)
    table = np.array([np.bincount(y[folds == i], minlength=5) for i in range(k)])
    assert np.ptp(table.sum(axis=1)) <= 1
    assert np.ptp(table, axis=0).max() <= 1


def test_folds_hold_as_much_of_a_class_as_those_of_scikit_learn():
    folds = F["stratified_folds"](y[:203], 5)
    ours = [np.bincount(y[:203][folds == i]) for i in range(5)]
    theirs = [np.bincount(y[:203][v]) for _, v in StratifiedKFold(5).split(X[:203], y[:203])]
    for column in range(10):
        assert sorted(t[column] for t in ours) == sorted(t[column] for t in theirs)


@pytest.mark.parametrize(
    ("N", "missing"), [(101, [1, 4, 2, 3, 1, 2]), (203, [0] * 6), (307, [0] * 6)]
)
def test_digits_that_the_random_validation_part_misses(N, missing):
    for seed in range(6):
        random = F["part_counts"](N, seed)
        assert (random == 0).sum() == missing[seed]
        assert F["part_counts"](N, seed, stratify=y[:N]).min() > 0


def test_stratifying_removes_the_variance_between_classes():
    a_c = np.array([one[y[1000:] == c].mean() for c in range(10)])
    a = a_c.mean()
    gain = a * (1 - a) - (a_c * (1 - a_c)).mean()  # exercise 6.7
    assert gain == pytest.approx(((a_c - a) ** 2).mean(), rel=1e-9)


def test_bias(rng):
    runs = rng.random((50, 2))
    gap = runs[:, 0] - runs[:, 1]
    b, se = F["bias"](runs)
    assert b == pytest.approx(sum(gap) / 50)
    assert se == pytest.approx(sqrt(sum((gap - b) ** 2) / (50 * 49)))


def test_choosing_features_before_the_split_makes_much_of_nothing():
    reported, honest = np.mean([F["noise_run"](seed) for seed in range(1000, 1020)], axis=0)
    assert reported > 0.75
    assert abs(honest - 0.5) < 0.12


def test_copies_leak_unless_grouped():
    gaps = {
        grouped: np.mean([np.subtract(*F["copies_run"](s, grouped)) for s in range(50, 56)])
        for grouped in (False, True)
    }
    assert gaps[False] > 0.12
    assert abs(gaps[True]) < 0.08


@pytest.mark.parametrize(("n", "p", "tries"), [(1, 0.5, 2), (20, 0.3, 1), (150, 0.9, 100)])
def test_expected_best(n, p, tries):
    pmf = [comb(n, j) * p**j * (1 - p) ** (n - j) for j in range(n + 1)]
    cdf = np.cumsum(pmf)
    np.testing.assert_allclose(F["binomial_cdf"](n, p), cdf, atol=1e-12)
    mass = np.diff(cdf**tries, prepend=0)  # of the best count, without the tail sum
    assert expected_best(n, p, tries) == pytest.approx(mass @ np.arange(n + 1) / n, rel=1e-10)


def test_expected_best_of_the_exercises():
    assert round(100 * sqrt(0.09 / 150), 1) == 2.4
    assert 2 < (expected_best(150, 0.9, 100) - 0.9) / sqrt(0.09 / 150) < 3
    assert 1 - F["binomial_cdf"](150, 0.9)[138] == pytest.approx(1 / 6, abs=0.03)
    assert expected_best(1, 0.5, 2) == pytest.approx(3 / 4)
    assert expected_best(1, 0.9, 5) == pytest.approx(1 - 0.1**5)
    optimism = [expected_best(1500, 0.9, R) - 0.9 for R in range(1, 10)]
    assert sum(gap < 0.01 for gap in optimism) == 6
    assert expected_best(4436, 0.9, 50) - 0.9 <= 0.01 < expected_best(4435, 0.9, 50) - 0.9
    assert np.ceil(log(50) / (2 * 0.01**2)) == 19_561
    assert expected_best(2500, 0.9, 10) - 0.9 < 0.01 < expected_best(500, 0.9, 10) - 0.9
    assert expected_best(10_000, 0.9, 100) - 0.9 < 0.01 < expected_best(2500, 0.9, 100) - 0.9


@pytest.mark.parametrize("N", [1, 10, 150])
def test_optimism_bound(N):
    for tries in (1, 2, 10, 1000):
        for a in (0.1, 0.5, 0.9):
            assert expected_best(N, a, tries) - a <= sqrt(log(tries) / (2 * N)) + 1e-12


def test_optimism_bound_holds_for_unequal_models_on_one_set(rng):
    a = np.linspace(0.4, 0.6, 50)
    luck = [(rng.random(100)[:, None] < a).mean(axis=0) - a for _ in range(2000)]
    assert np.mean(np.max(luck, axis=1)) < sqrt(log(50) / 200)


@pytest.mark.parametrize("a", [0.5, 0.7, 0.9])
def test_the_approximation_for_many_tries_is_on_the_high_side(a):
    for N in (50, 150, 1500):
        for tries in (2, 10, 100, 1000):
            optimism = expected_best(N, a, tries) - a
            assert optimism < sqrt(2 * log(tries) * a * (1 - a) / N) < 3 * optimism


def test_a_vote_of_turned_coins_breaks_the_bound(rng):
    scores, fresh = [], []
    for _ in range(200):  # exercise 6.9
        right, new = rng.integers(0, 2, (151, 150)), rng.integers(0, 2, (151, 150))
        turned = right.mean(axis=1) < 0.5
        for answers, found in ((right, scores), (new, fresh)):
            answers[turned] = 1 - answers[turned]
            found.append((answers.mean(axis=0) > 0.5).mean())
    assert round(100 * np.mean(scores)) == 79
    assert abs(np.mean(fresh) - 0.5) < 0.02
    assert round(100 * (0.5 + sqrt(log(152) / 300))) == 63


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.9])
def test_correlated_tries(rho, rng):
    own, common = rng.normal(size=(20_000, 50)), rng.normal(size=(20_000, 1))
    u = sqrt(rho) * common + sqrt(1 - rho) * own
    if rho:
        assert np.corrcoef(u[:, 0], u[:, 1])[0, 1] == pytest.approx(rho, abs=0.03)
    expected = sqrt(1 - rho) * own.max(axis=1).mean()
    assert u.max(axis=1).mean() == pytest.approx(expected, abs=0.03)


def test_k_fold():
    folds = F["stratified_folds"](y[:200], 5)
    right = F["cross_validate"](X[:200], y[:200], folds)
    pairs = [(np.flatnonzero(folds != i), np.flatnonzero(folds == i)) for i in range(5)]
    scores = cross_val_score(KNeighborsClassifier(1), X[:200], y[:200], cv=pairs)
    assert right.mean() == pytest.approx(np.mean(scores))
    assert [right[folds == i].mean() for i in range(5)] == pytest.approx(list(scores))


def test_leave_one_out_of_two_equal_classes():
    labels = np.arange(20) % 2  # exercise 6.6
    assert not any(np.bincount(np.delete(labels, n)).argmax() == labels[n] for n in range(20))


def test_paired_differences():
    difference = one.astype(int) - three  # exercise 6.5
    unpaired = one.var() + three.var()
    assert round(100 * difference.mean(), 2) == 0.84
    assert np.abs(difference).sum() == 664
    assert round(100 * difference.std() / sqrt(9000), 2) == 0.29
    assert round(100 * sqrt(unpaired / 9000), 2) == 0.48
    assert round(unpaired / difference.var(), 1) == 2.9


def test_more_copies_leak_no_more():
    results = []  # exercise 6.8
    for copies in (1, 2, 3):
        runs = []
        for seed in range(10):
            rng = np.random.default_rng(seed)
            rows = rng.permutation(10_000)
            A, a, _ = F["with_copies"](rows[:250], rng)
            B, b, _ = F["with_copies"](rows[250:500], rng)
            N = 250 * (1 + copies)
            train, val, _ = split(N, rng=rng)
            pairs = ((A[val], a[val]), (B[:N], b[:N]))
            runs.append([(knn(A[train], a[train], Z) == t).mean() for Z, t in pairs])
        results.append((*np.mean(runs, axis=0), *F["bias"](runs)))
    reported, honest, gap, error = np.transpose(results)
    assert np.round(100 * reported).tolist() == [92, 96, 98]
    assert (np.diff(honest) > 0).all()
    assert round(100 * honest[0]) == 74
    assert abs(100 * honest[2] - 78) < 1
    assert np.round(100 * gap).tolist() == [18, 19, 19]
    assert max(error) < 0.0155
