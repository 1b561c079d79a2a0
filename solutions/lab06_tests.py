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


# ---------------------------------------------------------------- assign_arrivals


@lab.question(
    "assign_arrivals",
    title="Samples that come one by one",
    points=3,
    minutes=12,
    section=("sec-three-parts", "Training, validation, test"),
    hints=(
        "Go through the first four arrivals for (0.7, 0.15, 0.15) on paper. For each write down "
        "what every part should have by now, what it has, and who is furthest behind.",
        "Keep an array with the sizes so far, zeros at first. One turn of the loop: the deficits "
        "fractions * (n + 1) - sizes, the part with the largest, and one more for this part.",
        "np.argmax takes the first of equal numbers, which is the earlier part, if they are equal: "
        "np.round(deficits, 9) sees to that. Append the part to a list, and return it as an array.",
    ),
)
def assign_arrivals(N, fractions):
    sizes, parts = np.zeros(len(fractions), int), np.empty(N, int)
    for n in range(N):
        deficits = np.round(np.array(fractions) * (n + 1) - sizes, 9)
        parts[n] = np.argmax(deficits)
        sizes[parts[n]] += 1
    return parts


@assign_arrivals.inputs(points=1)
def arrivals_small(rng):
    return [
        (4, (0.7, 0.15, 0.15)),
        (20, (0.7, 0.15, 0.15)),
        (11, (0.15, 0.15, 0.7)),
        (20, (0.15, 0.05, 0.8)),  # ties that raw floats, and rounding too early, break
        (9, (0.25, 0.25, 0.25, 0.25)),
    ]


def fractions(rng, parts):
    """Return ``parts`` fractions in whole per cents, with sum 1."""
    cuts = np.sort(rng.choice(np.arange(1, 100), parts - 1, replace=False))
    return tuple((np.diff(cuts, prepend=0, append=100) / 100).tolist())


@assign_arrivals.inputs(points=1, hidden=True, about="other shares, more parts, more samples")
def arrivals_fresh(rng):
    drawn = [(int(rng.integers(30, 200)), fractions(rng, K)) for K in (2, 2, 3, 3, 4, 5, 6)]
    return [*drawn, (60, (0.1, 0.3, 0.6)), (60, (0.333, 0.334, 0.333)), (5, (1.0,))]


@assign_arrivals.test(
    points=1, about="whether a sample keeps its part, and no part gets a whole sample too many"
)
def arrivals_stay(student, rng):
    for K in (2, 3, 5):
        shares, N = fractions(rng, K), int(rng.integers(100, 200))
        parts = student(N, shares)
        assert isinstance(parts, np.ndarray), "expected an array"
        assert parts.dtype.kind in "iu", f"expected whole numbers, got {parts.dtype}"
        assert parts.shape == (N,), f"expected a part for each of {N} samples, got {parts.shape}"
        fewer = int(rng.integers(20, 100))
        moved = np.sum(np.asarray(student(fewer, shares)) != parts[:fewer])
        assert moved == 0, f"with {N} instead of {fewer} samples, {moved} of the first {fewer} move"
        counts = (parts[:, None] == np.arange(K)).cumsum(axis=0)
        too_many = (counts - np.arange(1, N + 1)[:, None] * np.array(shares)).max()
        assert too_many < 1, "a part has a whole sample too many"


@assign_arrivals.wrong(
    "You compare with what the parts should have had before this sample came. It counts too: with "
    "sample n there are n + 1."
)
def arrivals_before_the_sample(N, fractions):
    sizes, parts = np.zeros(len(fractions), int), np.empty(N, int)
    for n in range(N):
        parts[n] = np.argmax(np.round(np.array(fractions) * n - sizes, 9))
        sizes[parts[n]] += 1
    return parts


@assign_arrivals.wrong(
    "Where two parts are equally far behind you prefer the later one. The rule says the earlier, "
    "so that everybody who uses it gets the same parts."
)
def arrivals_later_part_first(N, fractions):
    sizes, parts = np.zeros(len(fractions), int), np.empty(N, int)
    for n in range(N):
        deficits = np.round(np.array(fractions) * (n + 1) - sizes, 9)
        parts[n] = len(sizes) - 1 - np.argmax(deficits[::-1])
        sizes[parts[n]] += 1
    return parts


@assign_arrivals.wrong(
    "Floats have no exact 0.15: two deficits that are equal on paper differ in the sixteenth "
    "digit, and that decides who gets the sample. Round the deficits themselves to 9 digits: "
    "after you have taken off what the part has, before you compare."
)
def arrivals_from_raw_floats(N, fractions):
    sizes, parts = np.zeros(len(fractions), int), np.empty(N, int)
    for n in range(N):
        parts[n] = np.argmax(np.array(fractions) * (n + 1) - sizes)
        sizes[parts[n]] += 1
    return parts


@assign_arrivals.wrong(
    "You compare how full the parts are in proportion, by a quotient. Then every part gets its "
    "first sample at once, however small its share. A deficit is a difference: what a part should "
    "have, less what it has."
)
def arrivals_by_quotient(N, fractions):
    sizes, parts = np.zeros(len(fractions), int), np.empty(N, int)
    for n in range(N):
        parts[n] = np.argmin(np.round(sizes / np.array(fractions), 9))
        sizes[parts[n]] += 1
    return parts


@assign_arrivals.wrong(
    "Every sample goes to the part with the largest share. Do you count what each part has got, "
    "and take that off?"
)
def arrivals_without_counting(N, fractions):
    return np.full(N, np.argmax(fractions))


@assign_arrivals.wrong(
    "You cut the row in pieces: first all of training, then validation, then test. With a larger N "
    "the first piece grows into the next one, and samples change their part. Decide for each "
    "sample as it comes."
)
def arrivals_in_blocks(N, fractions):
    ideal = np.round(N * np.array(fractions), 9)
    sizes = np.floor(ideal).astype(int)
    order = np.argsort(np.round(sizes - ideal, 9), kind="stable")
    sizes[order[: N - sizes.sum()]] += 1
    return np.repeat(np.arange(len(fractions)), sizes)


@assign_arrivals.wrong(
    "Your parts take turns, whatever their shares: in the end they are all equally large."
)
def arrivals_in_turn(N, fractions):
    return np.arange(N) % len(fractions)


@assign_arrivals.wrong(
    "You return how many samples each part has in the end. Wanted is the part of each sample, N "
    "numbers."
)
def arrivals_as_sizes(N, fractions):
    sizes = np.zeros(len(fractions), int)
    for n in range(N):
        sizes[np.argmax(np.round(np.array(fractions) * (n + 1) - sizes, 9))] += 1
    return sizes


@assign_arrivals.wrong(
    "The sample goes to the part that needs it least. Wanted is the largest deficit; if you wrote "
    "what a part has less what it should have, the smallest."
)
def arrivals_to_the_fullest(N, fractions):
    sizes, parts = np.zeros(len(fractions), int), np.empty(N, int)
    for n in range(N):
        parts[n] = np.argmin(np.round(np.array(fractions) * (n + 1) - sizes, 9))
        sizes[parts[n]] += 1
    return parts


@assign_arrivals.wrong(
    "You compare with what the parts should have at the end, f N. When a sample comes nobody knows "
    "how many will follow: it is n + 1 that counts, not N."
)
def arrivals_by_the_final_sizes(N, fractions):
    sizes, parts = np.zeros(len(fractions), int), np.empty(N, int)
    for n in range(N):
        parts[n] = np.argmax(np.round(np.array(fractions) * N - sizes, 9))
        sizes[parts[n]] += 1
    return parts


@assign_arrivals.wrong(
    "You compute the chapter's sizes for each n anew, and give the sample to a part that has "
    "grown. These sizes have no memory: a part can lose a sample that it already holds. Keep your "
    "own count of what each part has."
)
def arrivals_by_the_chapters_sizes(N, fractions):
    before, parts = np.zeros(len(fractions), int), np.empty(N, int)
    for n in range(N):
        ideal = np.round((n + 1) * np.array(fractions), 9)
        sizes = np.floor(ideal).astype(int)
        order = np.argsort(np.round(sizes - ideal, 9), kind="stable")
        sizes[order[: n + 1 - sizes.sum()]] += 1
        parts[n] = np.argmax(sizes - before)
        before = sizes
    return parts


@assign_arrivals.wrong(
    "You make whole numbers of what the parts should have. 0.45 of a sample is a deficit too: "
    "round only to 9 digits, against float errors."
)
def arrivals_cut_off(N, fractions):
    sizes, parts = np.zeros(len(fractions), int), np.empty(N, int)
    for n in range(N):
        parts[n] = np.argmax(np.floor(np.round(np.array(fractions) * (n + 1), 9)) - sizes)
        sizes[parts[n]] += 1
    return parts


@assign_arrivals.wrong(
    "You round the deficits to whole numbers, so that 0.4 and 0.1 look the same. Round to 9 "
    "digits: np.round(deficits, 9)."
)
def arrivals_rounded_to_whole(N, fractions):
    sizes, parts = np.zeros(len(fractions), int), np.empty(N, int)
    for n in range(N):
        parts[n] = np.argmax(np.round(np.array(fractions) * (n + 1) - sizes))
        sizes[parts[n]] += 1
    return parts


@assign_arrivals.wrong(
    "You cut the row in pieces and give the first one what is left over. With a larger N the first "
    "piece grows into the next one, and samples change their part. Decide for each sample as it "
    "comes."
)
def arrivals_in_blocks_rest_to_the_first(N, fractions):
    sizes = np.floor(np.round(N * np.array(fractions), 9)).astype(int)
    sizes[0] += N - sizes.sum()
    return np.repeat(np.arange(len(fractions)), sizes)


@assign_arrivals.wrong("You number the parts from 1. They are 0 to K - 1, as positions in Python.")
def arrivals_from_one(N, fractions):
    sizes, parts = np.zeros(len(fractions), int), np.empty(N, int)
    for n in range(N):
        parts[n] = np.argmax(np.round(np.array(fractions) * (n + 1) - sizes, 9))
        sizes[parts[n]] += 1
    return parts + 1


# ---------------------------------------------------------------- patient_folds


@lab.question(
    "patient_folds",
    title="Folds of patients",
    points=3,
    minutes=12,
    section=("sec-stratify", "Random, stratified, grouped"),
    hints=(
        "Do it on paper first, for groups = 7, 2, 7, 2, 5 with y = 0, 1, 0, 1, 0 and k = 2. Which "
        "patients are there, which label has each, who stands where in the row?",
        "np.unique(groups, return_index=True, return_inverse=True) gives three things: the "
        "patients, in order; for each of them a row of his, where y holds his label; and for each "
        "row the place of its patient among the patients.",
        "Make a list of folds for the patients first: an empty array, with 0, 1, …, k - 1, 0, … "
        "written to the positions that the stable argsort of the patients' labels names. Then look "
        "up each row's patient in it, with the last thing that np.unique gave.",
    ),
)
def patient_folds(y, groups, k):
    _, first, patient = np.unique(groups, return_index=True, return_inverse=True)
    fold = np.empty(len(first), dtype=int)
    fold[np.argsort(y[first], kind="stable")] = np.arange(len(first)) % k
    return fold[patient]


def visits(rng, labels, rows, gap=1):
    """Return y and groups, in mixed order: patient number gap * g has the label labels[g]."""
    groups = rng.permutation(np.repeat(np.arange(len(labels)), rows))
    return np.asarray(labels)[groups], gap * groups


@patient_folds.inputs(points=1)
def folds_small(rng):
    drawn = np.random.default_rng(4)
    return [
        (np.array([0, 1, 0, 1, 0]), np.array([7, 2, 7, 2, 5]), 2),
        (*visits(drawn, [1, 0, 0, 1, 0, 1, 0], 2), 3),
        (*visits(drawn, [2, 0, 1, 1, 2, 0, 0, 2, 0], [1, 3, 1, 2, 1, 1, 2, 1, 1], gap=3), 4),
        (*visits(drawn, [30, 12, 30, 12, 12], [2, 2, 1, 2, 3]), 2),
        (*visits(drawn, np.tile([0, 0, 1], 20), 1), 7),  # so many that an unstable sort shows
    ]


@patient_folds.inputs(
    points=1, hidden=True, about="other labels, more patients, numbers with gaps, one row each"
)
def folds_fresh(rng):
    return [
        (*visits(rng, rng.integers(0, 2, 30), rng.integers(1, 5, 30), gap=7), 5),
        (*visits(rng, rng.integers(0, 10, 50), 2), 10),
        (*visits(rng, rng.integers(3, 6, 20), 1, gap=2), 3),
        (*visits(rng, rng.permutation([1] * 3 + [0] * 40), rng.integers(1, 4, 43)), 4),
    ]


@patient_folds.test(points=1, about="whether patients stay whole and classes are divided evenly")
def folds_are_balanced(student, rng):
    for k, gap in ((2, 1), (5, 3), (7, 10)):
        y, groups = visits(rng, rng.integers(0, 3, 60), rng.integers(1, 5, 60), gap)
        fold = student(y, groups, k)
        assert isinstance(fold, np.ndarray), "expected an array"
        assert fold.shape == y.shape, f"expected shape {y.shape}, got {fold.shape}"
        assert fold.dtype.kind in "iu", f"expected whole numbers, got {fold.dtype}"
        assert set(np.unique(fold).tolist()) == set(range(k)), "expected folds 0 to k - 1"
        _, first, patient = np.unique(groups, return_index=True, return_inverse=True)
        assert np.array_equal(fold[first][patient], fold), "a patient is in more than one fold"
        counts = np.array([np.bincount(fold[first][y[first] == c], minlength=k) for c in range(3)])
        assert np.ptp(counts, axis=1).max() <= 1, "the patients of a class are not divided evenly"
        assert np.ptp(counts.sum(axis=0)) <= 1, "a fold has two patients more than another"


@patient_folds.wrong(
    "You deal rows, as the chapter does. Then a patient's rows go to different folds, and a model "
    "is asked about patients that it knows. Deal patients."
)
def folds_of_rows(y, groups, k):
    fold = np.empty(len(y), dtype=int)
    fold[np.argsort(y, kind="stable")] = np.arange(len(y)) % k
    return fold


@patient_folds.wrong(
    "Patients stay whole, but their labels play no part: fold 0 may get all who are ill. Lay the "
    "patients in a row by label before you deal."
)
def folds_of_numbers(y, groups, k):
    return groups % k


@patient_folds.wrong(
    "Patients stay whole and are dealt in the order of their numbers, whatever their labels. Lay "
    "those with the smallest label first."
)
def folds_without_labels(y, groups, k):
    return np.unique(groups, return_inverse=True)[1] % k


@patient_folds.wrong(
    "You begin each class at fold 0 again. Fold 0 then gets the odd patient of every class, and "
    "the folds differ in size. Go on where the last class stopped."
)
def folds_begin_again(y, groups, k):
    _, first, patient = np.unique(groups, return_index=True, return_inverse=True)
    fold = np.empty(len(first), dtype=int)
    for c in np.unique(y):
        rows = np.flatnonzero(y[first] == c)
        fold[rows] = np.arange(len(rows)) % k
    return fold[patient]


@patient_folds.wrong(
    "You take the first labels of y for the labels of the patients. y has an entry for each row; "
    "look up a row of each patient. return_index=True of np.unique names one."
)
def folds_by_the_first_labels(y, groups, k):
    _, first, patient = np.unique(groups, return_index=True, return_inverse=True)
    fold = np.empty(len(first), dtype=int)
    fold[np.argsort(y[: len(first)], kind="stable")] = np.arange(len(first)) % k
    return fold[patient]


@patient_folds.wrong(
    "You cut the row of patients into k pieces. Each fold then holds one or two classes: the "
    "opposite of stratified. Deal the row like cards."
)
def folds_of_blocks(y, groups, k):
    _, first, patient = np.unique(groups, return_index=True, return_inverse=True)
    fold = np.empty(len(first), dtype=int)
    fold[np.argsort(y[first], kind="stable")] = np.arange(len(first)) * k // len(first)
    return fold[patient]


@patient_folds.wrong(
    "You use the order the wrong way round: order[j] names the patient at place j of the row, so "
    "the fold numbers are written to fold[order], not read from it."
)
def folds_inverse_order(y, groups, k):
    _, first, patient = np.unique(groups, return_index=True, return_inverse=True)
    return (np.arange(len(first)) % k)[np.argsort(y[first], kind="stable")][patient]


@patient_folds.wrong(
    "You return a fold for each patient. Wanted is one for each row: the fold of its patient."
)
def folds_one_for_each_patient(y, groups, k):
    _, first = np.unique(groups, return_index=True)
    fold = np.empty(len(first), dtype=int)
    fold[np.argsort(y[first], kind="stable")] = np.arange(len(first)) % k
    return fold


@patient_folds.wrong(
    "You deal the classes to the folds, so that all patients of a class land in one fold. A model "
    "validated on it has never seen that class."
)
def folds_of_classes(y, groups, k):
    return y % k


@patient_folds.wrong(
    "The largest label comes first in your row. Sort by the label itself, as the task says; "
    "otherwise your folds are balanced, but not those that others get."
)
def folds_from_the_last_class(y, groups, k):
    _, first, patient = np.unique(groups, return_index=True, return_inverse=True)
    fold = np.empty(len(first), dtype=int)
    fold[np.argsort(-y[first], kind="stable")] = np.arange(len(first)) % k
    return fold[patient]


@patient_folds.wrong(
    "You deal the labels 0 and 1 alone, and rows of other labels stay in fold 0. np.unique(y) "
    "gives the labels that there are, in order."
)
def folds_of_two_labels(y, groups, k):
    fold, turn = np.zeros(len(y), dtype=int), 0
    for c in (0, 1):
        for patient in np.unique(groups[y == c]):
            fold[groups == patient] = turn % k
            turn += 1
    return fold


@patient_folds.wrong(
    "You give each patient to the fold with the fewest rows. That evens out the rows, but deals "
    "the patients in another order: fold 0, 1, …, k - 1, 0, … in turn, however many rows each has."
)
def folds_with_fewest_rows(y, groups, k):
    fold, rows = np.zeros(len(y), dtype=int), np.zeros(k)
    for c in np.unique(y):
        for patient in np.unique(groups[y == c]):
            fold[groups == patient] = rows.argmin()
            rows[rows.argmin()] += np.sum(groups == patient)
    return fold


@patient_folds.wrong("You number the folds 1 to k. They are 0 to k - 1.")
def folds_from_one(y, groups, k):
    _, first, patient = np.unique(groups, return_index=True, return_inverse=True)
    fold = np.empty(len(first), dtype=int)
    fold[np.argsort(y[first], kind="stable")] = np.arange(len(first)) % k + 1
    return fold[patient]


@patient_folds.wrong(
    "Your patients of one label stand in the order in which they first come in the data. The task "
    "wants the order of their numbers, which np.unique(groups) gives."
)
def folds_by_first_occurrence(y, groups, k):
    _, first, patient = np.unique(groups, return_index=True, return_inverse=True)
    fold = np.empty(len(first), dtype=int)
    fold[np.lexsort((first, y[first]))] = np.arange(len(first)) % k
    return fold[patient]


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


# ---------------------------------------------------------------- best_of_unequal


@lab.give
def binomial_cdf(n, p):
    j = np.arange(1, n + 1)
    steps = np.log(n + 1 - j) - np.log(j) + math.log(p / (1 - p))
    log_pmf = n * math.log1p(-p) + np.concatenate([[0.0], np.cumsum(steps)])
    return np.minimum(np.cumsum(np.exp(log_pmf)), 1.0)


@lab.question(
    "best_of_unequal",
    title="The best of unequal tries",
    points=3,
    minutes=14,
    section=("sec-selection", "Choosing without fooling yourself"),
    hints=(
        "Take two tries. For one of them F[j] is the chance of at most j right. When is the better "
        "of the two at most j right? When both are. What is the chance of that?",
        "Independent chances that must all come true multiply: for each j, the product of one F[j] "
        "for each try. The best is above j with the chance that is left of 1.",
        "Start with ones, n + 1 of them, and multiply by binomial_cdf(n, p) for each p. A mean of "
        "whole numbers from 0 to n is the sum of the chances to be above j, over j = 0, …, n - 1: "
        "leave out the last entry, and divide by n for a share.",
    ),
    rtol=1e-6,
)
def best_of_unequal(n, accuracies):
    F = np.prod([binomial_cdf(n, p) for p in accuracies], axis=0)
    return float(np.sum(1 - F[:-1]) / n)


@best_of_unequal.inputs(points=1)
def best_small(rng):
    return [
        (1, (0.5,)),
        (1, (0.5, 0.75)),
        (2, (0.5, 0.75)),
        (20, (0.9, 0.8, 0.6)),
        (150, (0.92,) + 9 * (0.9,)),
    ]


@best_of_unequal.inputs(
    points=1, hidden=True, seconds=10, about="other sizes, accuracies and numbers of tries"
)
def best_fresh(rng):
    sizes = [(2, 2), (5, 3), (40, 1), (100, 40), (200, 17)]
    return [(n, tuple(rng.uniform(0.2, 0.95, tries).tolist())) for n, tries in sizes]


@best_of_unequal.test(points=1, about="whether it agrees with the best of real draws")
def best_agrees_with_draws(student, rng):
    for n, accuracies in (
        (150, (0.85, 0.8, 0.8, 0.7)),
        (40, (0.5,) * 20 + (0.6,)),
        (6, (0.9, 0.2)),
    ):
        best = rng.binomial(n, accuracies, (20000, len(accuracies))).max(axis=1) / n
        got = student(n, accuracies)
        assert isinstance(got, float | int | np.number), "expected a number"
        off, error = abs(float(got) - best.mean()), best.std() / math.sqrt(len(best))
        assert off < 6 * error, f"20,000 draws give {best.mean():.4f}"


@best_of_unequal.wrong(
    "This is the chapter's formula, with the mean of the accuracies. Unequal tries do not behave "
    "like as many average ones: a good one is more often the best. Each try has an F of its own."
)
def best_of_the_mean(n, accuracies):
    F = binomial_cdf(n, float(np.mean(accuracies)))
    return float(np.sum(1 - F[:-1] ** len(accuracies)) / n)


@best_of_unequal.wrong(
    "You count every try as if it were as good as the best of them. Each has an F of its own, and "
    "these multiply."
)
def best_of_as_many_good_ones(n, accuracies):
    F = binomial_cdf(n, max(accuracies))
    return float(np.sum(1 - F[:-1] ** len(accuracies)) / n)


@best_of_unequal.wrong(
    "That is what the truly best try is worth. The one that *looks* best shows more, as luck helps "
    "it, and it need not even be the same."
)
def best_is_the_truly_best(n, accuracies):
    return float(max(accuracies))


@best_of_unequal.wrong(
    "You return what one try shows on average. The best of several is above it, and the further, "
    "the more tries there were."
)
def best_of_one(n, accuracies):
    return float(np.mean(accuracies))


@best_of_unequal.wrong(
    "This is the worst of the tries: a product of (1 - F) asks that all of them lie above j. For "
    "the best, all must lie at or below j, and what is left of 1 is the chance you want."
)
def best_is_the_worst(n, accuracies):
    above = np.prod([1 - binomial_cdf(n, p) for p in accuracies], axis=0)
    return float(np.sum(above[:-1]) / n)


@best_of_unequal.wrong(
    "You leave out the chance to be above 0 right, the first of the sum. Entry 0 belongs in; the "
    "last one is 1 and adds nothing."
)
def best_without_the_first(n, accuracies):
    F = np.prod([binomial_cdf(n, p) for p in accuracies], axis=0)
    return float(np.sum(1 - F[1:]) / n)


@best_of_unequal.wrong(
    "You count every try as if it were as good as the first one. Each has an F of its own, and "
    "these multiply."
)
def best_of_as_many_first_ones(n, accuracies):
    F = binomial_cdf(n, accuracies[0])
    return float(np.sum(1 - F[:-1] ** len(accuracies)) / n)


@best_of_unequal.wrong("That is in per cent. Wanted is a share between 0 and 1, as in accuracies.")
def best_in_per_cent(n, accuracies):
    F = np.prod([binomial_cdf(n, p) for p in accuracies], axis=0)
    return float(100 * np.sum(1 - F[:-1]) / n)


@best_of_unequal.wrong(
    "You add the F of the tries. At most j right for the best means at most j for the first *and* "
    "the second and so on: independent chances multiply."
)
def best_adds_the_cdfs(n, accuracies):
    F = np.sum([binomial_cdf(n, p) for p in accuracies], axis=0)
    return float(np.sum(1 - F[:-1]) / n)


@best_of_unequal.wrong(
    "Equal accuracies count only once with you. A second try of 90 % is one more chance to be "
    "lucky: take one F for each entry of accuracies."
)
def best_of_different_accuracies(n, accuracies):
    F = np.prod([binomial_cdf(n, p) for p in dict.fromkeys(accuracies)], axis=0)
    return float(np.sum(1 - F[:-1]) / n)


@best_of_unequal.wrong("That is a number of right answers. Divide by n: an accuracy is a share.")
def best_as_a_count(n, accuracies):
    F = np.prod([binomial_cdf(n, p) for p in accuracies], axis=0)
    return float(np.sum(1 - F[:-1]))


@best_of_unequal.wrong(
    "You divide by n + 1, the number of entries of F. The last entry adds nothing, and a share is "
    "a number of samples divided by n samples."
)
def best_mean_of_all_entries(n, accuracies):
    F = np.prod([binomial_cdf(n, p) for p in accuracies], axis=0)
    return float(np.mean(1 - F))


@best_of_unequal.wrong(
    "You average the F of the tries, and take a power of the mean. Each try has an F of its own; "
    "the product of these is the chance that all are at most j right."
)
def best_averages_the_cdfs(n, accuracies):
    F = np.mean([binomial_cdf(n, p) for p in accuracies], axis=0)
    return float(np.sum(1 - F[:-1] ** len(accuracies)) / n)


@best_of_unequal.wrong(
    "You add up chances that the best is at most j. A mean is the sum of the chances to be *above* "
    "j: 1 minus the product."
)
def best_sums_the_cdf(n, accuracies):
    F = np.prod([binomial_cdf(n, p) for p in accuracies], axis=0)
    return float(np.sum(F[:-1]) / n)


@best_of_unequal.wrong(
    "You stop one too early: the chance to be above n - 1, that is, to have all right, is missing. "
    "range(n) and [:-1] both end with j = n - 1."
)
def best_without_the_last(n, accuracies):
    F = np.prod([binomial_cdf(n, p) for p in accuracies], axis=0)
    return float(np.sum(1 - F[: n - 1]) / n)


@best_of_unequal.wrong(
    "The product of (1 - F) is the chance that all lie above j, so 1 minus it is the chance that "
    "one at least does not. All must lie at or below j: the product of F, and that from 1."
)
def best_is_not_all_above(n, accuracies):
    above = np.prod([1 - binomial_cdf(n, p) for p in accuracies], axis=0)
    return float(np.sum(1 - above[:-1]) / n)


@best_of_unequal.wrong(
    "That is how much too good the best one looks. Wanted is the accuracy that it shows, so "
    "subtract nothing."
)
def best_as_optimism(n, accuracies):
    F = np.prod([binomial_cdf(n, p) for p in accuracies], axis=0)
    return float(np.sum(1 - F[:-1]) / n - max(accuracies))


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
    "You answer with the first pair, camera 0 and one neighbour. Do you count on pictures that "
    "were learnt from, where one neighbour is right 100 % of the time? Is a better pair not kept? "
    "Or are so few put aside that luck decides?"
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
