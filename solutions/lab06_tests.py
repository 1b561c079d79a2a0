"""Right answers, tests and known wrong answers of lab 6, Data splits."""

import math

import numpy as np

from mlcourse.data import mini_mnist
from mlcourse.grading.bank import Lab, expect

lab = Lab(
    "lab06",
    title="Data splits",
    chapter="chapters/06-data-splits.ipynb",
    modules=("mlcourse.data", "mlcourse.checks"),
)

DIGITS = mini_mnist()


# ---------------------------------------------------------------- random_labels

random_labels = lab.choice(
    "random_labels",
    "c",
    choices={
        "a": "about 55 % and about 50 %",
        "b": "100 % and about 90 %",
        "c": "100 % and about 50 %",
        "d": "100 % and about 10 %",
        "e": "100 % and 100 %",
        "f": "about 55 % and about 90 %",
    },
    title="A table with blind labels",
    points=1,
    minutes=4,
    section=("sec-why-split", "Why the training score says nothing"),
    hints=(
        "Take one training picture and look for the picture nearest to it among the 7,000. Which "
        "one is it?",
        "For a training picture the distance to itself is 0, so the table returns the label that "
        "it was taught for it, whatever it is.",
        "A new picture gets the label of one other picture, which nearly always shows the same "
        "digit. Was this picture's label drawn blindly? If so, how often is it right?",
    ),
)
random_labels.wrong_value(
    "a",
    "The second number is right. But about its own pictures the table repeats what it was taught, "
    "blind labels too: each picture finds itself, at distance 0.",
)
random_labels.wrong_value(
    "b",
    "The first number is right. For the second: one neighbour alone answers, and half of the "
    "neighbours carry a blind label. Nobody outvotes it.",
)
random_labels.wrong_value(
    "d",
    "The first number is right. The second would be so if all labels were blind, as in the "
    "chapter. Here every other neighbour still has its true label.",
)
random_labels.wrong_value(
    "e",
    "The first number is right. A new picture is not in the table; it gets its neighbour's label, "
    "and half of these were drawn without a look at a picture.",
)
random_labels.wrong_value(
    "f",
    "It is the other way round: the table repeats all labels that it was taught, and a new picture "
    "gets a blind label every other time.",
)


# ---------------------------------------------------------------- part_sizes


@lab.question(
    "part_sizes",
    title="Exact sizes",
    points=3,
    minutes=12,
    section=("sec-three-parts", "Training, validation, test"),
    hints=(
        "Write the shares f N of N = 10 and (0.7, 0.15, 0.15) on paper, cut off what stands behind "
        "the point, and see how many samples are left over. Who should get them?",
        "Sort the numbers of the parts by their remainders, the largest first. Python's sorted is "
        "stable: parts with equal remainders stay in the order in which they stood.",
        "Round each share to 9 digits, and each remainder again; the sizes are the shares, cut "
        "off. Then the first N - sum(sizes) parts of the sorted order get one sample more.",
    ),
)
def part_sizes(N, fractions):
    shares = [round(f * N, 9) for f in fractions]
    sizes = [int(share) for share in shares]
    remainders = [round(share - size, 9) for share, size in zip(shares, sizes, strict=True)]
    order = sorted(range(len(sizes)), key=lambda i: -remainders[i])
    for i in order[: N - sum(sizes)]:
        sizes[i] += 1
    return np.array(sizes)


@part_sizes.inputs(points=1)
def part_sizes_small(rng):
    return [
        (100, (0.7, 0.15, 0.15)),
        (10, (0.7, 0.15, 0.15)),
        (7, (0.15, 0.15, 0.7)),
        (11, (0.25, 0.25, 0.25, 0.25)),
        (12, (0.2, 0.1, 0.7)),
        (12, (0.7, 0.1, 0.2)),
        (3, (0.7, 0.15, 0.15)),
    ]


def fractions(rng, parts):
    """Return ``parts`` fractions in whole per cents, with sum 1."""
    cuts = np.sort(rng.choice(np.arange(1, 100), parts - 1, replace=False))
    return tuple((np.diff(cuts, prepend=0, append=100) / 100).tolist())


@part_sizes.inputs(points=1, hidden=True, about="other numbers of samples and of parts")
def part_sizes_fresh(rng):
    drawn = [
        (int(rng.integers(1, 500)), fractions(rng, int(rng.integers(2, 7)))) for _ in range(20)
    ]
    return [
        *drawn,
        (36, (0.1, 0.3, 0.6)),
        (60000, (5 / 6, 1 / 6)),
        (90, (0.35, 0.15, 0.5)),
        (5, (1.0,)),
    ]


@part_sizes.test(points=1, about="whether no sample is lost and no part is off by one, 300 times")
def part_sizes_add_up(student, rng):
    for N in rng.choice(np.arange(1, 3000), 100, replace=False).tolist():
        for parts in (2, 3, 5):
            shares = fractions(rng, parts)
            sizes = student(N, shares)
            assert isinstance(sizes, np.ndarray), "expected an array"
            assert sizes.dtype.kind in "iu", f"expected whole numbers, got {sizes.dtype}"
            assert sizes.shape == (parts,), f"expected {parts} sizes, got shape {sizes.shape}"
            assert sizes.sum() == N, f"the sizes add up to {sizes.sum()}, not to {N}"
            off = np.abs(N * np.array(shares) - sizes).max()
            assert off < 1, "a part is off by a whole sample or more"


@part_sizes.wrong(
    "You round each share by itself. Then nothing makes the sizes add up to N: samples are lost, "
    "or are asked for that do not exist."
)
def sizes_rounded(N, fractions):
    return np.array([round(f * N) for f in fractions])


@part_sizes.wrong(
    "You cut off what stands behind the point, and leave it there: the samples that are left over "
    "are in no part."
)
def sizes_cut_off(N, fractions):
    return np.array([int(round(f * N, 9)) for f in fractions])


@part_sizes.wrong("You round every share up. The parts ask for more samples than there are.")
def sizes_rounded_up(N, fractions):
    return np.array([math.ceil(round(f * N, 9)) for f in fractions])


@part_sizes.wrong(
    "The last part takes all that is left over. It can be off by two samples or more; they belong "
    "to the parts that lost most by the rounding."
)
def sizes_rest_to_the_last(N, fractions):
    sizes = [int(round(f * N, 9)) for f in fractions]
    sizes[-1] += N - sum(sizes)
    return np.array(sizes)


@part_sizes.wrong(
    "The first part takes all that is left over. They belong to the parts that lost most by the "
    "rounding, one each."
)
def sizes_rest_to_the_first(N, fractions):
    sizes = [int(round(f * N, 9)) for f in fractions]
    sizes[0] += N - sum(sizes)
    return np.array(sizes)


@part_sizes.wrong(
    "You hand out what is left over from the first part on, whatever its remainder. The largest "
    "remainder comes first."
)
def sizes_rest_from_the_first_on(N, fractions):
    sizes = [int(round(f * N, 9)) for f in fractions]
    for i in range(N - sum(sizes)):
        sizes[i] += 1
    return np.array(sizes)


@part_sizes.wrong(
    "Where two remainders are equal you prefer the later part. The rule says the earlier one, so "
    "that everybody who uses it gets the same sizes."
)
def sizes_later_part_first(N, fractions):
    shares = [round(f * N, 9) for f in fractions]
    sizes = [int(share) for share in shares]
    for _ in range(N - sum(sizes)):
        remainders = [round(s - z, 9) for s, z in zip(shares, sizes, strict=True)]
        i = max(range(len(sizes)), key=lambda i: (remainders[i], i))
        sizes[i] += 1
    return np.array(sizes)


@part_sizes.wrong(
    "You give the samples that are left over to the largest parts. It is the remainder that "
    "counts: who lost most by the rounding."
)
def sizes_rest_to_the_largest_share(N, fractions):
    sizes = [int(round(f * N, 9)) for f in fractions]
    order = sorted(range(len(sizes)), key=lambda i: -fractions[i])
    for i in order[: N - sum(sizes)]:
        sizes[i] += 1
    return np.array(sizes)


@part_sizes.wrong(
    "Floats have no exact 0.4: two remainders that are equal on paper differ in the sixteenth "
    "digit, and that decides who gets the sample. Round shares and remainders to 9 digits before "
    "you compare."
)
def sizes_from_raw_floats(N, fractions):
    shares = [f * N for f in fractions]
    sizes = [int(share) for share in shares]
    order = sorted(range(len(sizes)), key=lambda i: sizes[i] - shares[i])
    for i in order[: N - sum(sizes)]:
        sizes[i] += 1
    return np.array(sizes)


@part_sizes.wrong(
    "The sizes are cut off before equal remainders are made equal: you round the shares, but not "
    "the remainders. 2.4 - 2 and 8.4 - 8 differ in the sixteenth digit."
)
def sizes_from_raw_remainders(N, fractions):
    shares = [round(f * N, 9) for f in fractions]
    sizes = [int(share) for share in shares]
    order = sorted(range(len(sizes)), key=lambda i: sizes[i] - shares[i])
    for i in order[: N - sum(sizes)]:
        sizes[i] += 1
    return np.array(sizes)


@part_sizes.wrong(
    "One part gets all that is left over, the one with the largest remainder. Each part gets one "
    "sample at most; then it is the turn of the next remainder."
)
def sizes_rest_to_the_largest_remainder(N, fractions):
    shares = np.round(N * np.array(fractions), 9)
    sizes = shares.astype(int)
    sizes[np.argmax(np.round(shares - sizes, 9))] += N - sizes.sum()
    return sizes


@part_sizes.wrong(
    "You begin with the smallest remainder. Those who lost most by the cutting come first: sort "
    "by the remainder with a minus sign."
)
def sizes_smallest_remainder_first(N, fractions):
    shares = np.round(N * np.array(fractions), 9)
    sizes = shares.astype(int)
    order = np.argsort(np.round(shares - sizes, 9), kind="stable")
    sizes[order[: N - sizes.sum()]] += 1
    return sizes


@part_sizes.wrong(
    "You round the places where the parts end. The sizes then add up, but who gets a sample that "
    "is left over depends on the parts before, and not on the largest remainder."
)
def sizes_between_rounded_ends(N, fractions):
    ends = [round(N * end) for end in np.cumsum(fractions)]
    return np.diff(ends, prepend=0)


@part_sizes.wrong(
    "You return the sizes in another order than the fractions. Sort the *numbers* of the parts by "
    "remainder, and leave the sizes where they are."
)
def sizes_sorted(N, fractions):
    shares = sorted(np.round(N * np.array(fractions), 9).tolist(), reverse=True)
    sizes = [int(share) for share in shares]
    order = sorted(range(len(sizes)), key=lambda i: round(sizes[i] - shares[i], 9))
    for i in order[: N - sum(sizes)]:
        sizes[i] += 1
    return np.array(sizes)


# ---------------------------------------------------------------- stratified_folds


@lab.question(
    "stratified_folds",
    title="Folds with the same classes",
    points=3,
    minutes=12,
    section=("sec-stratify", "Random, stratified, grouped"),
    hints=(
        "Do it on paper first, for y = 1, 0, 0, 1 and k = 2. Which sample stands at each place of "
        "the row, what is dealt to the place, and so to which sample?",
        "np.argsort(y, kind='stable') tells which sample stands at each place of the row. The card "
        "at place j goes to player j % k.",
        "The row is an order of the samples, the answer an array over the samples: make an empty "
        "one, and write the numbers 0, 1, …, k - 1, 0, … to the positions that the order names.",
    ),
)
def stratified_folds(y, k):
    fold = np.empty(len(y), dtype=int)
    fold[np.argsort(y, kind="stable")] = np.arange(len(y)) % k
    return fold


@stratified_folds.inputs(points=1)
def folds_small(rng):
    return [
        (np.array([0, 0, 0, 0, 1, 1, 1, 1]), 2),
        (np.array([1, 0, 2, 0, 1, 0, 0, 2, 1]), 3),
        (np.array([2, 1, 0, 2, 2, 1, 2, 0, 2, 1, 0]), 4),
        (np.array([30, 12, 30, 7, 12, 12, 30]), 2),
    ]


@stratified_folds.inputs(
    points=1, hidden=True, about="other labels, more classes, classes with fewer samples than folds"
)
def folds_fresh(rng):
    drawn = [(rng.integers(0, C, N), k) for N, C, k in ((50, 10, 5), (31, 3, 10), (200, 2, 3))]
    return [*drawn, (rng.permutation(np.repeat([3, 70], [2, 40])), 5), (np.array([5, 5, 5]), 3)]


@stratified_folds.test(points=1, about="balance of 1,000 real labels")
def folds_are_balanced(student, rng):
    y = DIGITS.train.y[rng.permutation(7000)[:1000]]
    for k in (2, 7, 10):
        fold = student(y, k)
        assert isinstance(fold, np.ndarray), "expected an array"
        assert fold.shape == y.shape, f"expected shape {y.shape}, got {fold.shape}"
        assert fold.dtype.kind in "iu", f"expected whole numbers, got {fold.dtype}"
        assert set(np.unique(fold).tolist()) == set(range(k)), "expected folds 0 to k - 1"
        counts = np.array([np.bincount(fold[y == c], minlength=k) for c in range(10)])
        assert np.ptp(counts, axis=1).max() <= 1, "a class is not divided evenly"
        assert np.ptp(counts.sum(axis=0)) <= 1, "the folds differ in size by more than one"


@stratified_folds.wrong(
    "Here sample n gets fold n % k, whatever its class: balanced by luck alone. If you did sort, "
    "the numbers dealt to the row still have to go back to where the samples stand in y."
)
def folds_ignore_classes(y, k):
    return np.arange(len(y)) % k


@stratified_folds.wrong(
    "You cut the sorted row into k pieces. Each fold then holds one or two classes: the opposite "
    "of stratified. Deal the row like cards."
)
def folds_of_blocks(y, k):
    fold = np.empty(len(y), dtype=int)
    fold[np.argsort(y, kind="stable")] = np.arange(len(y)) * k // len(y)
    return fold


@stratified_folds.wrong(
    "You begin each class at fold 0 again. Fold 0 then gets the odd sample of every class, and the "
    "folds differ in size. Go on where the last class stopped."
)
def folds_begin_again(y, k):
    fold = np.empty(len(y), dtype=int)
    for c in np.unique(y):
        rows = np.flatnonzero(y == c)
        fold[rows] = np.arange(len(rows)) % k
    return fold


@stratified_folds.wrong(
    "You use the order the wrong way round: order[j] names the sample at place j of the row, so "
    "the fold numbers are written to fold[order], not read from it."
)
def folds_inverse_order(y, k):
    return (np.arange(len(y)) % k)[np.argsort(y, kind="stable")]


@stratified_folds.wrong(
    "You return the row itself, that is, which sample stands where. Wanted is the fold of each "
    "sample."
)
def folds_return_the_order(y, k):
    return np.argsort(y, kind="stable")


@stratified_folds.wrong(
    "You deal the classes to the folds, so that all samples of a class land in one fold. A model "
    "validated on it has never seen that class."
)
def folds_of_classes(y, k):
    return np.asarray(y) % k


@stratified_folds.wrong(
    "The largest class comes first in your row. Sort by the label itself, as the task says; "
    "otherwise your folds are balanced, but not those that others get."
)
def folds_from_the_last_class(y, k):
    fold = np.empty(len(y), dtype=int)
    fold[np.argsort(-y, kind="stable")] = np.arange(len(y)) % k
    return fold


@stratified_folds.wrong("You number the folds 1 to k. They are 0 to k - 1.")
def folds_from_one(y, k):
    fold = np.empty(len(y), dtype=int)
    fold[np.argsort(y, kind="stable")] = np.arange(len(y)) % k + 1
    return fold


@stratified_folds.wrong(
    "Your row runs backwards: the largest label comes first, and the last sample of each class "
    "before the others. A minus sign before y turns the classes alone; here neither is wanted."
)
def folds_from_the_end(y, k):
    fold = np.empty(len(y), dtype=int)
    fold[np.argsort(y, kind="stable")[::-1]] = np.arange(len(y)) % k
    return fold


@stratified_folds.wrong(
    "Your classes stand in the row in the order in which they first occur in y. The smallest label "
    "comes first; np.unique(y) gives the labels so."
)
def folds_by_first_occurrence(y, k):
    fold = np.empty(len(y), dtype=int)
    labels = list(dict.fromkeys(y.tolist()))
    fold[sorted(range(len(y)), key=lambda n: labels.index(y[n]))] = np.arange(len(y)) % k
    return fold


# ---------------------------------------------------------------- predict_unseen


@lab.question(
    "predict_unseen",
    title="The clinic: three leaks",
    points=4,
    minutes=18,
    section=("sec-leakage", "Leakage, measured"),
    hints=(
        "Follow one validation row through the program. On which lines do its values, its label or "
        "the other row of its patient take part before it is predicted?",
        "One leak is in how rows are dealt to folds, one in the mean and standard deviation, one "
        "in the choice of columns. Whatever is computed from data belongs in the loop, and sees "
        "training rows alone.",
        "The fold of a row is groups % k, so that a patient stays together. Move the two lines "
        "above the loop into it; take mean, std and the two class means of the choice from "
        "X[train] with y[train]; then standardise all rows with the training rows' numbers.",
    ),
)
def predict_unseen(X, y, groups, k, m):
    predicted = np.empty(len(y), dtype=int)
    fold = groups % k
    for i in range(k):
        train, val = fold != i, fold == i
        Z = (X - X[train].mean(axis=0)) / X[train].std(axis=0)
        zero, one = (Z[train & (y == c)].mean(axis=0) for c in (0, 1))
        best = np.argsort(-abs(one - zero), kind="stable")[:m]
        to_zero, to_one = (((Z[val] - c)[:, best] ** 2).sum(axis=1) for c in (zero, one))
        predicted[val] = to_one < to_zero
    return predicted


def copies(rng, G, D, times=2, spread=0.5):
    """Return several rows of noise, nearly the same, for each of G patients, and their labels.

    A few numbers are large, so that it matters from which rows a deviation is taken.
    """
    groups = rng.permutation(np.repeat(np.arange(G), times))
    X = rng.normal(size=(G, D))[groups] + spread * rng.normal(size=(len(groups), D))
    X = (X * np.where(rng.random(X.shape) < 0.1, 6, 1)).round(1)
    return X, rng.permutation(np.arange(G) % 2)[groups], groups


def renumbered(X, y, groups, k, m):
    """Give the patients numbers with gaps; the folds are not those of a numbering from 0."""
    return X, y, 3 * groups + groups // 2, k, m


@predict_unseen.inputs(points=1)
def predict_small(rng):
    drawn = [
        (*copies(np.random.default_rng(seed), G, D), k, m)
        for seed, G, D, k, m in ((28, 6, 4, 3, 2), (0, 8, 4, 2, 2), (3, 8, 6, 4, 2))
    ]
    return [*drawn[:2], renumbered(*drawn[2])]


@predict_unseen.inputs(
    points=2, hidden=True, about="patients with three rows, numbers with gaps, more columns"
)
def predict_fresh(rng):
    shapes = ((30, 10, 2, 5, 3), (24, 20, 3, 4, 6), (60, 5, 1, 3, 2))
    drawn = [(*copies(rng, G, D, times), k, m) for G, D, times, k, m in shapes]
    return [renumbered(*drawn[0]), *drawn[1:]]


@predict_unseen.test(points=1, about="pure noise, where nobody is better than chance")
def predict_noise(student, rng):
    right = []
    for _ in range(6):
        X, y, groups = copies(rng, 40, 100, spread=0.2)
        predicted = student(X, y, groups, 5, 5)
        assert isinstance(predicted, np.ndarray), "expected an array"
        assert predicted.shape == y.shape, f"expected shape {y.shape}, got {predicted.shape}"
        right.append(np.mean(predicted == y))
        expect(predicted, predict_unseen.reference(X, y, groups, 5, 5))
    assert abs(np.mean(right) - 0.5) < 0.2, "it predicts labels that were drawn blindly"


@predict_unseen.wrong(
    "This is the program as you got it. It reports a skill that labels drawn blindly do not allow: "
    "all three leaks are open."
)
def predict_as_given(X, y, groups, k, m):
    predicted = np.empty(len(y), dtype=int)
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    best = np.argsort(-abs(Z[y == 1].mean(axis=0) - Z[y == 0].mean(axis=0)), kind="stable")[:m]
    fold = np.arange(len(y)) % k
    for i in range(k):
        train, val = fold != i, fold == i
        zero, one = (Z[train & (y == c)].mean(axis=0) for c in (0, 1))
        to_zero, to_one = (((Z[val] - c)[:, best] ** 2).sum(axis=1) for c in (zero, one))
        predicted[val] = to_one < to_zero
    return predicted


@predict_unseen.wrong(
    "The rows of a patient stay together now. Two leaks are left: what is computed above the loop "
    "has seen the validation rows, once their numbers and once their labels."
)
def predict_leaks_scale_and_choice(X, y, groups, k, m):
    predicted = np.empty(len(y), dtype=int)
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    best = np.argsort(-abs(Z[y == 1].mean(axis=0) - Z[y == 0].mean(axis=0)), kind="stable")[:m]
    fold = groups % k
    for i in range(k):
        train, val = fold != i, fold == i
        zero, one = (Z[train & (y == c)].mean(axis=0) for c in (0, 1))
        to_zero, to_one = (((Z[val] - c)[:, best] ** 2).sum(axis=1) for c in (zero, one))
        predicted[val] = to_one < to_zero
    return predicted


@predict_unseen.wrong(
    "The columns are chosen honestly now. Two leaks are left: mean and standard deviation have "
    "seen the validation rows, and the other row of a patient sits in the training part."
)
def predict_leaks_scale_and_copies(X, y, groups, k, m):
    predicted = np.empty(len(y), dtype=int)
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    fold = np.arange(len(y)) % k
    for i in range(k):
        train, val = fold != i, fold == i
        zero, one = (Z[train & (y == c)].mean(axis=0) for c in (0, 1))
        best = np.argsort(-abs(one - zero), kind="stable")[:m]
        to_zero, to_one = (((Z[val] - c)[:, best] ** 2).sum(axis=1) for c in (zero, one))
        predicted[val] = to_one < to_zero
    return predicted


@predict_unseen.wrong(
    "Mean and standard deviation are honest now. Two leaks are left: the columns are chosen with "
    "the labels of the validation rows, and the other row of a patient sits in the training part."
)
def predict_leaks_choice_and_copies(X, y, groups, k, m):
    predicted = np.empty(len(y), dtype=int)
    fold = np.arange(len(y)) % k
    for i in range(k):
        train, val = fold != i, fold == i
        Z = (X - X[train].mean(axis=0)) / X[train].std(axis=0)
        gap = Z[y == 1].mean(axis=0) - Z[y == 0].mean(axis=0)
        best = np.argsort(-abs(gap), kind="stable")[:m]
        zero, one = (Z[train & (y == c)].mean(axis=0) for c in (0, 1))
        to_zero, to_one = (((Z[val] - c)[:, best] ** 2).sum(axis=1) for c in (zero, one))
        predicted[val] = to_one < to_zero
    return predicted


@predict_unseen.wrong(
    "One leak is left, the largest: the columns are chosen with the labels of the validation rows."
)
def predict_leaks_choice(X, y, groups, k, m):
    predicted = np.empty(len(y), dtype=int)
    fold = groups % k
    for i in range(k):
        train, val = fold != i, fold == i
        Z = (X - X[train].mean(axis=0)) / X[train].std(axis=0)
        gap = Z[y == 1].mean(axis=0) - Z[y == 0].mean(axis=0)
        best = np.argsort(-abs(gap), kind="stable")[:m]
        zero, one = (Z[train & (y == c)].mean(axis=0) for c in (0, 1))
        to_zero, to_one = (((Z[val] - c)[:, best] ** 2).sum(axis=1) for c in (zero, one))
        predicted[val] = to_one < to_zero
    return predicted


@predict_unseen.wrong(
    "One leak is left: the other row of a patient sits in the training part. What is a fold made "
    "of, if rows belong together?"
)
def predict_leaks_copies(X, y, groups, k, m):
    predicted = np.empty(len(y), dtype=int)
    fold = np.arange(len(y)) % k
    for i in range(k):
        train, val = fold != i, fold == i
        Z = (X - X[train].mean(axis=0)) / X[train].std(axis=0)
        zero, one = (Z[train & (y == c)].mean(axis=0) for c in (0, 1))
        best = np.argsort(-abs(one - zero), kind="stable")[:m]
        to_zero, to_one = (((Z[val] - c)[:, best] ** 2).sum(axis=1) for c in (zero, one))
        predicted[val] = to_one < to_zero
    return predicted


@predict_unseen.wrong(
    "One leak is left, the smallest: the rows that are predicted still have a part in the standard "
    "deviation (and in the mean, if you left both as they were)."
)
def predict_leaks_scale(X, y, groups, k, m):
    predicted = np.empty(len(y), dtype=int)
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    fold = groups % k
    for i in range(k):
        train, val = fold != i, fold == i
        zero, one = (Z[train & (y == c)].mean(axis=0) for c in (0, 1))
        best = np.argsort(-abs(one - zero), kind="stable")[:m]
        to_zero, to_one = (((Z[val] - c)[:, best] ** 2).sum(axis=1) for c in (zero, one))
        predicted[val] = to_one < to_zero
    return predicted


@predict_unseen.wrong(
    "You standardise the validation rows by their own mean and deviation. Then a row's prediction "
    "depends on who is asked about with it. Take both from X[train], for all rows."
)
def predict_scales_each_part(X, y, groups, k, m):
    predicted = np.empty(len(y), dtype=int)
    fold = groups % k
    for i in range(k):
        train, val = fold != i, fold == i
        Z = np.empty_like(X)
        for part in (train, val):
            Z[part] = (X[part] - X[part].mean(axis=0)) / X[part].std(axis=0)
        zero, one = (Z[train & (y == c)].mean(axis=0) for c in (0, 1))
        best = np.argsort(-abs(one - zero), kind="stable")[:m]
        to_zero, to_one = (((Z[val] - c)[:, best] ** 2).sum(axis=1) for c in (zero, one))
        predicted[val] = to_one < to_zero
    return predicted


@predict_unseen.wrong(
    "No leak is left, but each patient is a fold here. There are k folds: patient g is in fold "
    "g % k, together with others."
)
def predict_one_patient_at_a_time(X, y, groups, k, m):
    predicted = np.empty(len(y), dtype=int)
    for patient in np.unique(groups):
        train, val = groups != patient, groups == patient
        Z = (X - X[train].mean(axis=0)) / X[train].std(axis=0)
        zero, one = (Z[train & (y == c)].mean(axis=0) for c in (0, 1))
        best = np.argsort(-abs(one - zero), kind="stable")[:m]
        to_zero, to_one = (((Z[val] - c)[:, best] ** 2).sum(axis=1) for c in (zero, one))
        predicted[val] = to_one < to_zero
    return predicted


@predict_unseen.wrong(
    "No leak is left, but the patients are in other folds than asked for: patient g belongs in "
    "fold g % k, whatever other numbers occur."
)
def predict_folds_by_rank(X, y, groups, k, m):
    predicted = np.empty(len(y), dtype=int)
    fold = np.unique(groups, return_inverse=True)[1] % k
    for i in range(k):
        train, val = fold != i, fold == i
        Z = (X - X[train].mean(axis=0)) / X[train].std(axis=0)
        zero, one = (Z[train & (y == c)].mean(axis=0) for c in (0, 1))
        best = np.argsort(-abs(one - zero), kind="stable")[:m]
        to_zero, to_one = (((Z[val] - c)[:, best] ** 2).sum(axis=1) for c in (zero, one))
        predicted[val] = to_one < to_zero
    return predicted


@predict_unseen.wrong(
    "You choose the columns by the gap of the raw values, in which a column with large numbers "
    "wins. The program takes the gap of standardised values, Z."
)
def predict_chooses_by_raw_values(X, y, groups, k, m):
    predicted = np.empty(len(y), dtype=int)
    fold = groups % k
    for i in range(k):
        train, val = fold != i, fold == i
        raw = X[train & (y == 1)].mean(axis=0) - X[train & (y == 0)].mean(axis=0)
        best = np.argsort(-abs(raw), kind="stable")[:m]
        Z = (X - X[train].mean(axis=0)) / X[train].std(axis=0)
        zero, one = (Z[train & (y == c)].mean(axis=0) for c in (0, 1))
        to_zero, to_one = (((Z[val] - c)[:, best] ** 2).sum(axis=1) for c in (zero, one))
        predicted[val] = to_one < to_zero
    return predicted


# ---------------------------------------------------------------- expected_best


@lab.give
def binomial_cdf(n, p):
    j = np.arange(1, n + 1)
    steps = np.log(n + 1 - j) - np.log(j) + math.log(p / (1 - p))
    log_pmf = n * math.log1p(-p) + np.concatenate([[0.0], np.cumsum(steps)])
    return np.minimum(np.cumsum(np.exp(log_pmf)), 1.0)


@lab.question(
    "expected_best",
    title="The best of many tries",
    points=3,
    minutes=14,
    section=("sec-selection", "Choosing without fooling yourself"),
    hints=(
        "For one try, F[j] is the chance of at most j right. When is the best of all tries at most "
        "j right? When all of them are.",
        "The tries are independent, so the chance that all are at most j is F[j] to the power "
        "tries. The best is above j with the chance that is left.",
        "A mean of whole numbers from 0 to n is the sum of the chances to be above j, over j = 0, "
        "…, n - 1. Leave out the last entry of F, and divide by n for a share.",
    ),
    rtol=1e-6,
)
def expected_best(n, p, tries):
    F = binomial_cdf(n, p)
    return float(np.sum(1 - F[:-1] ** tries) / n)


@expected_best.inputs(points=1)
def best_small(rng):
    return [(1, 0.5, 1), (1, 0.5, 2), (2, 0.5, 2), (20, 0.9, 10), (1500, 0.9, 100)]


@expected_best.inputs(points=1, hidden=True, about="other sizes, shares and numbers of tries")
def best_fresh(rng):
    few = [(int(rng.integers(2, 7)), float(rng.uniform(0.4, 0.9)), tries) for tries in (2, 5)]
    return few + [
        (int(rng.integers(2, 400)), float(rng.uniform(0.05, 0.95)), tries)
        for tries in (1, 3, 17, 200, 5000)
    ]


@expected_best.test(points=1, about="whether it agrees with the best of real draws")
def best_agrees_with_draws(student, rng):
    for n, p, tries in ((150, 0.8, 10), (40, 0.5, 30), (6, 0.7, 3)):
        best = rng.binomial(n, p, (20000, tries)).max(axis=1) / n
        got = student(n, p, tries)
        assert isinstance(got, float | int | np.number), "expected a number"
        off, error = abs(float(got) - best.mean()), best.std() / math.sqrt(len(best))
        assert off < 6 * error, f"20,000 draws give {best.mean():.4f}"


@expected_best.wrong(
    "You return what one try gives on average. The best of several is above it, and the further, "
    "the more tries there were."
)
def best_of_one(n, p, tries):
    F = binomial_cdf(n, p)
    return float(np.sum(1 - F[:-1]) / n)


@expected_best.wrong(
    "This is the worst of the tries: (1 - F) to a power asks that all of them lie above j. For the "
    "best, all must lie at or below j, and what is left of 1 is the chance you want."
)
def best_is_the_worst(n, p, tries):
    F = binomial_cdf(n, p)
    return float(np.sum((1 - F[:-1]) ** tries) / n)


@expected_best.wrong(
    "You leave out the chance to be above 0 right, the first of the sum. F[0] belongs in, F[n] "
    "is 1 and adds nothing."
)
def best_without_the_first(n, p, tries):
    F = binomial_cdf(n, p)
    return float(np.sum(1 - F[1:] ** tries) / n)


@expected_best.wrong("That is a number of right answers. Divide by n: an accuracy is a share.")
def best_as_a_count(n, p, tries):
    F = binomial_cdf(n, p)
    return float(np.sum(1 - F[:-1] ** tries))


@expected_best.wrong(
    "You divide by n + 1, the number of entries of F. The last entry adds nothing, and a share is "
    "a number of samples divided by n samples."
)
def best_mean_of_all_entries(n, p, tries):
    F = binomial_cdf(n, p)
    return float(np.mean(1 - F**tries))


@expected_best.wrong(
    "You multiply by the number of tries. Independent chances that must all come true multiply: "
    "F[j] to the power tries."
)
def best_times_tries(n, p, tries):
    F = binomial_cdf(n, p)
    return float(np.sum(1 - F[:-1] * tries) / n)


@expected_best.wrong(
    "This is the chance that the best try is not perfect, or a sum of chances to be at most j. A "
    "mean is the sum of the chances to be *above* j: 1 minus F to the power tries."
)
def best_sums_the_cdf(n, p, tries):
    F = binomial_cdf(n, p)
    return float(np.sum(F[:-1] ** tries) / n)


@expected_best.wrong(
    "You stop one too early: the chance to be above n - 1, that is, to have all right, is missing. "
    "range(n) and F[:-1] both end with j = n - 1."
)
def best_without_the_last(n, p, tries):
    F = binomial_cdf(n, p)
    return float(np.sum(1 - F[: n - 1] ** tries) / n)


@expected_best.wrong(
    "(1 - F) to the power tries is the chance that all lie above j, so 1 minus it is the chance "
    "that one at least does not. All must lie at or below j: F to the power tries, and that from 1."
)
def best_is_not_all_above(n, p, tries):
    F = binomial_cdf(n, p)
    return float(np.sum(1 - (1 - F[:-1]) ** tries) / n)


@expected_best.wrong(
    "That is how much too good the best one looks. Wanted is the accuracy that it shows, so do "
    "not subtract p."
)
def best_as_optimism(n, p, tries):
    F = binomial_cdf(n, p)
    return float(np.sum(1 - F[:-1] ** tries) / n - p)


@expected_best.wrong(
    "That is p plus the bound √(log tries / 2n). It holds for every accuracy and so lies far above "
    "most of them. The sum over F is exact."
)
def best_by_the_bound(n, p, tries):
    return float(p + math.sqrt(math.log(tries) / (2 * n)))


@expected_best.wrong(
    "That is the approximation with standard deviation and √(2 log tries). It is far off for few "
    "tries, and can pass 100 %. The sum over F is exact."
)
def best_by_the_normal(n, p, tries):
    return float(p + math.sqrt(p * (1 - p) / n) * math.sqrt(2 * math.log(tries)))


# ---------------------------------------------------------------- choose_camera


@lab.give
def knn(X, y, X_new, k):
    distances = (X_new**2).sum(axis=1)[:, None] + (X**2).sum(axis=1) - 2 * X_new @ X.T
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :k]
    votes = (y[nearest][:, :, None] == np.arange(10)).sum(axis=1)
    return votes.argmax(axis=1)


@lab.question(
    "choose_camera",
    title="Which camera, how many neighbours",
    points=4,
    minutes=18,
    section=("sec-selection", "Choosing without fooling yourself"),
    accuracy=0.6,
    hints=(
        "Forget X_new until the very end. You need something that tells a good camera from a bad "
        "one, and with one neighbour the training score cannot: each picture finds itself.",
        "Cut rng.permutation(N) in two: learn from one part, count on the other. Do so for each "
        "camera and a few k, and keep the pair with the most right answers.",
        "Twelve pairs are enough: every camera with k = 1, 5, 15. With the best pair, answer X_new "
        "from all N pictures of that camera, training and validation together.",
    ),
)
def choose_camera(X, y, X_new, rng):
    order = rng.permutation(len(y))
    val, train = np.split(order, [len(y) * 3 // 10])
    best = -1.0
    for c in range(X.shape[1]):
        for k in (1, 5, 15):
            right = np.mean(knn(X[train, c], y[train], X[val, c], k) == y[val])
            if right > best:
                best, camera, neighbours = right, c, k
    return knn(X[:, camera], y, X_new[:, camera], neighbours)


def pooled(X):
    """Pictures of 28 x 28 as 7 x 7 means from 0 to 10, whole: distances are exact everywhere."""
    means = X.astype(np.float64).reshape(-1, 7, 4, 7, 4).mean(axis=(2, 4))
    return (10 * means).round().reshape(-1, 49)


def filmed(rng, camera, N, n_new, noise, shuffle=True):
    """Digits by four cameras, of which one shows what is labelled.

    A share of the labels was replaced by blind draws. Pixels and classes have other names each
    time, so that nobody finds these pictures in a file.
    """
    pixels, names = (rng.permutation(n) if shuffle else np.arange(n) for n in (49, 10))

    def views(part, n):
        rows = rng.permutation(len(part.y))
        seen = [rows[:n] if c == camera else rng.permutation(len(part.y))[:n] for c in range(4)]
        return np.stack([pooled(part.X[r])[:, pixels] for r in seen], axis=1), names[
            part.y[rows[:n]]
        ]

    X, y = views(DIGITS.train, N)
    blind = rng.random(N) < noise
    y = np.where(blind, rng.integers(0, 10, N), y)
    X_new, y_new = views(DIGITS.test, n_new)
    return X, y, X_new, y_new


@choose_camera.inputs(points=1, seconds=10)
def camera_small(rng):
    *arrays, y_new = filmed(np.random.default_rng(141), 2, 300, 100, 0.4, shuffle=False)
    return [((*arrays, np.random.default_rng(0)), y_new)]


@choose_camera.inputs(
    points=1, hidden=True, seconds=10, about="other moments, two cameras, worse labels"
)
def camera_fresh(rng):
    films = [filmed(rng, camera, 800, 500, 0.45) for camera in rng.permutation(4)[:2]]
    return [((*arrays, np.random.default_rng(1)), y_new) for *arrays, y_new in films]


def share_right(predicted, y_new):
    """The share of right labels; whatever else was returned fails."""
    assert isinstance(predicted, np.ndarray), "expected an array of labels"
    assert predicted.shape == y_new.shape, f"expected {y_new.shape}, got {predicted.shape}"
    assert predicted.dtype.kind in "iu", f"expected integers, got {predicted.dtype}"
    return np.mean(predicted == y_new)


@choose_camera.test(
    points=1, seconds=10, about="each of the four cameras, right labels, few moments"
)
def camera_of_four(student, rng):
    for camera in range(4):
        *arrays, y_new = filmed(rng, camera, 200, 300, 0.0)
        accuracy = share_right(student(*arrays, rng), y_new)
        assert accuracy >= 0.62, f"expected 62 % of the new digits, got {accuracy:.1%}"


@choose_camera.test(points=1, seconds=10, about="the same generator twice")
def camera_depends_on_rng_alone(student, rng):
    """The same generator gives the same answers, which are no guesses."""
    for camera in rng.permutation(4)[:2]:
        *arrays, y_new = filmed(rng, camera, 300, 300, 0.2)
        first, again = (student(*arrays, np.random.default_rng(1)) for _ in range(2))
        assert share_right(first, y_new) >= 0.5, "it hardly learns from 300 digits"
        assert np.array_equal(first, again), "the same rng gives two different answers"


@choose_camera.wrong(
    "You answer with the first pair, camera 0 and one neighbour. The score on the pictures that "
    "were learnt chooses it, as it is 100 % there; is that what you count, or is the pair not kept?"
)
def camera_by_training_score(X, y, X_new, rng):
    best = -1.0
    for c in range(X.shape[1]):
        for k in (1, 5, 15):
            right = np.mean(knn(X[:, c], y, X[:, c], k) == y)
            if right > best:
                best, camera, neighbours = right, c, k
    return knn(X[:, camera], y, X_new[:, camera], neighbours)


@choose_camera.wrong(
    "You keep the pair with the lowest share of right answers. It is errors that one wants few of; "
    "of right answers, many."
)
def camera_of_the_lowest_score(X, y, X_new, rng):
    order = rng.permutation(len(y))
    val, train = np.split(order, [len(y) * 3 // 10])
    best = 2.0
    for c in range(X.shape[1]):
        for k in (1, 5, 15):
            right = np.mean(knn(X[train, c], y[train], X[val, c], k) == y[val])
            if right < best:
                best, camera, neighbours = right, c, k
    return knn(X[:, camera], y, X_new[:, camera], neighbours)


@choose_camera.wrong(
    "The camera is right, but one neighbour believes every label, the wrong ones too. The number "
    "of neighbours is to be chosen like the camera."
)
def camera_with_one_neighbour(X, y, X_new, rng):
    order = rng.permutation(len(y))
    val, train = np.split(order, [len(y) * 3 // 10])
    scores = [
        np.mean(knn(X[train, c], y[train], X[val, c], 15) == y[val]) for c in range(X.shape[1])
    ]
    camera = int(np.argmax(scores))
    return knn(X[:, camera], y, X_new[:, camera], 1)


@choose_camera.wrong(
    "The camera is right, but you have far too many neighbours: so many pictures are near only if "
    "most of them show other digits. The number of neighbours is to be chosen like the camera."
)
def camera_with_too_many_neighbours(X, y, X_new, rng):
    order = rng.permutation(len(y))
    val, train = np.split(order, [len(y) * 3 // 10])
    scores = [
        np.mean(knn(X[train, c], y[train], X[val, c], 15) == y[val]) for c in range(X.shape[1])
    ]
    camera = int(np.argmax(scores))
    return knn(X[:, camera], y, X_new[:, camera], len(y) // 2)


@choose_camera.wrong(
    "You use the pictures of all cameras together. Three of them show other digits, and distances "
    "are mostly made of these."
)
def camera_all_together(X, y, X_new, rng):
    flat, flat_new = X.reshape(len(X), -1), X_new.reshape(len(X_new), -1)
    return knn(flat, y, flat_new, 15)


@choose_camera.wrong(
    "You answer from the pictures of camera 0, whatever you found. The chosen camera has to come "
    "in again, for X_new and for the pictures that it is compared with."
)
def camera_chosen_but_not_used(X, y, X_new, rng):
    return knn(X[:, 0], y, X_new[:, 0], 15)


@choose_camera.wrong(
    "Your validation labels do not belong to your validation pictures, so that every camera looks "
    "equally bad and luck decides. The same row numbers must pick both."
)
def camera_mixes_up_labels(X, y, X_new, rng):
    order = rng.permutation(len(y))
    val, train = np.split(order, [len(y) * 3 // 10])
    best = -1.0
    for c in range(X.shape[1]):
        for k in (1, 5, 15):
            right = np.mean(knn(X[train, c], y[train], X[val, c], k) == y[: len(val)])
            if right > best:
                best, camera, neighbours = right, c, k
    return knn(X[:, camera], y, X_new[:, camera], neighbours)


@choose_camera.wrong(
    "Your answer is that of camera 3 and 15 neighbours, with which loops over cameras and k often "
    "end. After them c and k hold the last values; keep the best pair under names of its own."
)
def camera_tried_last(X, y, X_new, rng):
    return knn(X[:, 3], y, X_new[:, 3], 15)
