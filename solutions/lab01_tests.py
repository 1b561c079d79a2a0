"""Right answers, tests and known wrong answers of lab 1, A batched MLP."""

from itertools import pairwise

import numpy as np

from mlcourse.grading.bank import Lab, expect, record

lab = Lab(
    "lab01",
    title="A batched MLP",
    chapter="chapters/01-batched-mlp.ipynb",
    modules=("mlcourse.data", "mlcourse.checks"),
)

# The small network that goes through the whole book.
X = np.array([[1.0, 2.0], [3.0, -1.0]])
W1, b1 = np.array([[1.0, -1.0], [0.5, 1.0]]), np.array([0.0, 1.0])
W2, b2 = np.array([[1.0, 0.0], [-0.5, 1.0]]), np.array([0.0, -1.0])


def layer(rng, D, M):
    return rng.normal(size=(D, M)), rng.normal(size=M)


# ---------------------------------------------------------------- affine


@lab.question(
    "affine",
    title="A layer for a whole batch",
    points=2,
    minutes=5,
    section=("sec-affine", "One matrix product for a batch"),
    hints=(
        "Write the shapes side by side: X (N, D), W (D, M), b (M,), and what must come out, "
        "(N, M). Which operation makes (N, M) of (N, D) and (D, M)?",
        "A matrix product sums over the axis that both factors share, here the D inputs. In NumPy "
        "its sign is @; the sign * multiplies entry by entry.",
        "One matrix product of X and W, in this order, plus b as it is: NumPy adds the row b to "
        "each of the N rows by itself.",
    ),
)
def affine(X, W, b):
    return X @ W + b


@affine.inputs(points=1)
def affine_small(rng):
    return [
        (X, W1, b1),
        (
            np.array([[1.0, 0.0, 2.0], [0.0, -1.0, 1.0]]),
            np.array([[1.0, 2.0], [3.0, 0.0], [-1.0, 1.0]]),
            np.array([0.5, -0.5]),
        ),
    ]


@affine.inputs(
    points=1, hidden=True, about="other shapes, one row among them, and the size of a digit"
)
def affine_fresh(rng):
    return [
        (rng.normal(size=(N, D)), *layer(rng, D, M))
        for N, D, M in ((1, 4, 3), (7, 2, 5), (3, 3, 3), (8, 784, 10))
    ]


@affine.wrong(
    "You multiply by the transpose of W. In this course W is (D, M), one column for each unit; "
    "it is PyTorch that keeps one row for each unit."
)
def affine_transposed(X, W, b):
    return X @ W.T + b


@affine.wrong("The bias is missing: with X = 0 every unit would answer 0.")
def affine_no_bias(X, W, b):
    return X @ W


@affine.wrong(
    "You multiply entry by entry. A layer needs the matrix product, which also sums over the D "
    "inputs."
)
def affine_entrywise(X, W, b):
    return X * W + b


@affine.wrong(
    "You give each sample its own bias. A bias belongs to a unit: every sample gets the same row b."
)
def affine_bias_per_sample(X, W, b):
    return X @ W + b[:, None]


@affine.wrong(
    "You add b to W before the product. NumPy broadcasts that without a warning, but then each "
    "bias is multiplied by the inputs."
)
def affine_bias_into_weights(X, W, b):
    return X @ (W + b)


@affine.wrong(
    "W stands at the left of the product. Rows of X are samples, so X comes first; with square "
    "arrays no shape complains."
)
def affine_wrong_order(X, W, b):
    return W @ X + b


@affine.wrong("You cut off the negative numbers. ReLU comes after the affine map, not in it.")
def affine_with_relu(X, W, b):
    return np.maximum(X @ W + b, 0)


@affine.wrong(
    "You use the notebook's arrays W1 and b1. Use the arguments W and b: the function has to work "
    "for every layer."
)
def affine_of_the_notebook(X, W, b):
    W1, b1 = np.array([[1.0, -1.0], [0.5, 1.0]]), np.array([0.0, 1.0])
    return X @ W1 + b1


@affine.wrong(
    "You transpose X. Its rows are samples already, and rows go into a matrix product from the "
    "left as they are."
)
def affine_x_transposed(X, W, b):
    return X.T @ W + b


@affine.wrong(
    "The numbers are right, but transposed: samples must stay the rows, (N, M), because the next "
    "layer reads rows."
)
def affine_result_transposed(X, W, b):
    return (X @ W + b).T


# ---------------------------------------------------------------- bias_gradient


@lab.question(
    "bias_gradient",
    title="The bias, backwards",
    points=2,
    minutes=5,
    section=("sec-broadcast", "The bias is broadcast over the batch"),
    hints=(
        "A gradient has the shape of what it belongs to. Which shape has b?",
        "If b[m] grows by a little h, so do all N entries in column m of Z. E changes by h times "
        "the sum of what column m of dZ says.",
        "Add up the rows of dZ: one sum over the batch, which is axis 0. Not the mean: dZ already "
        "holds the 1/N of the loss.",
    ),
)
def bias_gradient(dZ):
    return dZ.sum(axis=0)


@bias_gradient.inputs(points=1)
def bias_gradient_small(rng):
    return [
        (np.array([[0.3, -0.2], [0.5, 0.4]]),),
        (np.array([[1.0, -1.0], [2.0, 0.0], [0.0, 4.0]]),),
    ]


@bias_gradient.inputs(
    points=1, hidden=True, about="other shapes, one row and one column among them"
)
def bias_gradient_fresh(rng):
    shapes = ((1, 6), (9, 1), (4, 4), (64, 10))
    return [(rng.normal(size=shape),) for shape in shapes]


@bias_gradient.wrong(
    "You take the mean over the batch. Contributions of copies add; a 1/N, if there is one, is "
    "already in dZ."
)
def bias_gradient_mean(dZ):
    return dZ.mean(axis=0)


@bias_gradient.wrong(
    "You sum over the units and get one number for each sample. A bias belongs to a unit; what "
    "has to go away is the batch."
)
def bias_gradient_over_units(dZ):
    return dZ.sum(axis=1)


@bias_gradient.wrong("You sum over everything: one number is left, but each unit has its own bias.")
def bias_gradient_total(dZ):
    return dZ.sum()


@bias_gradient.wrong(
    "The numbers are right, but the shape is (1, M). Subtracted from b (M,) it would turn b into "
    "a matrix."
)
def bias_gradient_keepdims(dZ):
    return dZ.sum(axis=0, keepdims=True)


@bias_gradient.wrong(
    "You take the first sample only. The row b was copied into all N rows, and each copy adds its "
    "share."
)
def bias_gradient_first_row(dZ):
    return dZ[0]


@bias_gradient.wrong(
    "You count the samples. That z grows as fast as b is only half of the chain rule: how E "
    "changes with z, dZ, has to come in."
)
def bias_gradient_counts(dZ):
    return np.full(dZ.shape[1], float(len(dZ)))


@bias_gradient.wrong(
    "You return dZ as it is, a row for each sample. There is one b for the whole batch, so its "
    "gradient has shape (M,)."
)
def bias_gradient_unchanged(dZ):
    return dZ


@bias_gradient.wrong(
    "You return ones: so fast grows each z with its b. The chain rule goes on: how E changes with "
    "z, dZ, has to come in, for every sample."
)
def bias_gradient_ones(dZ):
    return np.ones(dZ.shape[1])


# ---------------------------------------------------------------- softmax


@lab.question(
    "softmax",
    title="Softmax, row by row",
    points=3,
    minutes=10,
    section=("sec-softmax", "Softmax: from numbers to probabilities"),
    hints=(
        "Three steps: exponentials, their sum for each sample, division. Do first what needs no "
        "care, look at check, then make it safe for large logits.",
        "The sum runs over the classes, axis 1. It has to stay a column, (N, 1), or NumPy divides "
        "along the wrong axis: keepdims=True.",
        "Before the exponential, subtract from each row its own maximum, as a column (N, 1), into "
        "a new array. The largest exponent is then 0, and no result changes.",
    ),
)
def softmax(Z):
    e = np.exp(Z - Z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@softmax.inputs(points=1)
def softmax_small(rng):  # not square: wherever keepdims is missing, the same error tells
    return [
        (np.array([[1.0, 1.0], [2.5, -1.0], [0.0, 2.0]]),),
        (np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 5.0]]),),
        (np.array([[-1000.0, -998.0], [1001.0, 1000.0], [0.0, 0.0]]),),
        (np.array([[0.0, 2000.0], [0.0, 1000.0], [3.0, 0.0]]),),
    ]


@softmax.inputs(points=1, hidden=True, about="other shapes, one row and many classes among them")
def softmax_fresh(rng):
    shapes = ((1, 2), (5, 6), (4, 3), (6, 40))
    return [(rng.normal(0, 3, shape),) for shape in shapes]


@softmax.test(points=1, about="logits in the thousands, also in float32")
def softmax_holds_at_large_logits(student, rng):
    for dtype in (np.float64, np.float32):
        Z = rng.normal(0, 2, (6, 10)).astype(dtype)
        shifts = np.array([[-9000.0], [-100], [0], [100], [900], [9000]], dtype)
        expect(student(Z + shifts), softmax.reference(Z + shifts))
        expect(np.sum(student(1000 * Z), axis=1), np.ones(6, dtype))


@softmax.wrong(
    "You normalise over the batch: each column sums to 1. A sample's probabilities must not "
    "depend on the other samples."
)
def softmax_over_the_batch(Z):
    e = np.exp(Z - Z.max(axis=0))
    return e / e.sum(axis=0)


@softmax.wrong(
    "You divide by the sum of all exponentials, so the whole batch sums to 1. Each row has to."
)
def softmax_over_everything(Z):
    e = np.exp(Z - Z.max())
    return e / e.sum()


@softmax.wrong(
    "A maximum or a sum has lost its axis: with shape (N,) it is broadcast along the classes. If N "
    "is C, that gives wrong numbers, otherwise an error. keepdims=True keeps a column (N, 1)."
)
def softmax_without_keepdims(Z):
    e = np.exp(Z - Z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1)


@softmax.wrong(
    "The exponential of a large logit is infinite, and infinity divided by infinity is not a "
    "number. Use that softmax ignores a shift of the whole row."
)
def softmax_overflows(Z):
    e = np.exp(Z)
    return e / e.sum(axis=1, keepdims=True)


@softmax.wrong(
    "You subtract the largest logit of the whole batch. A row far below it has only zeros left to "
    "divide; each row needs its own maximum."
)
def softmax_one_maximum_for_all(Z):
    e = np.exp(Z - Z.max())
    return e / e.sum(axis=1, keepdims=True)


@softmax.wrong(
    "You subtract the maximum of each column. Shifting a whole row is harmless; shifting its "
    "classes by different amounts changes the probabilities."
)
def softmax_maximum_of_columns(Z):
    e = np.exp(Z - Z.max(axis=0))
    return e / e.sum(axis=1, keepdims=True)


@softmax.wrong(
    "You change Z itself. The caller still needs the logits, so write the difference into a new "
    "array."
)
def softmax_in_place(Z):
    Z -= Z.max(axis=1, keepdims=True)
    np.exp(Z, out=Z)
    Z /= Z.sum(axis=1, keepdims=True)
    return Z


@softmax.wrong(
    "You divide the logits by their sum. Without the exponential there are negative "
    "'probabilities', and 0 / 0."
)
def softmax_without_exponential(Z):
    return Z / Z.sum(axis=1, keepdims=True)


@softmax.wrong("You return the logarithm of the softmax. Probabilities lie between 0 and 1.")
def softmax_logarithm(Z):
    S = Z - Z.max(axis=1, keepdims=True)
    return S - np.log(np.exp(S).sum(axis=1, keepdims=True))


@softmax.wrong(
    "Python's max compares whole rows and cannot say which is larger. Z.max(axis=1, keepdims=True) "
    "finds the largest entry of each row."
)
def softmax_python_max(Z):
    e = np.exp(Z - max(Z))
    return e / e.sum(axis=1, keepdims=True)


@softmax.wrong(
    "The maximum is that of each row, the sum is that of each column. Both belong to a sample: "
    "axis 1."
)
def softmax_sums_of_columns(Z):
    e = np.exp(Z - Z.max(axis=1, keepdims=True))
    return e / e.sum(axis=0)


@softmax.wrong(
    "The maximum is that of each row, but you divide by the sum over the whole batch. Each row "
    "has its own sum, too."
)
def softmax_one_sum_for_all(Z):
    e = np.exp(Z - Z.max(axis=1, keepdims=True))
    return e / e.sum()


@softmax.wrong("The exponentials are not divided by their sum yet: a row has to sum to 1.")
def softmax_not_divided(Z):
    return np.exp(Z - Z.max(axis=1, keepdims=True))


@softmax.wrong(
    "You subtract each row's minimum, so that no exponent is below 0. It is the large ones that "
    "overflow: subtract the maximum, and none is above 0."
)
def softmax_minimum(Z):
    e = np.exp(Z - Z.min(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@softmax.wrong(
    "You subtract each row's mean. A logit far above the mean still overflows: subtract the "
    "maximum, and no exponent is above 0."
)
def softmax_mean(Z):
    e = np.exp(Z - Z.mean(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


# The first hint says to leave the maximum for later: the same mistakes without it.


@softmax.wrong(
    "You normalise over the batch, axis 0. The probabilities of one sample must sum to 1: axis 1. "
    "Large logits come after that."
)
def softmax_over_the_batch_unshifted(Z):
    e = np.exp(Z)
    return e / e.sum(axis=0)


@softmax.wrong(
    "You divide by the sum over the whole batch. Each row has its own sum: axis 1. Large logits "
    "come after that."
)
def softmax_over_everything_unshifted(Z):
    e = np.exp(Z)
    return e / e.sum()


@softmax.wrong(
    "These are the exponentials alone. Divide each row by its sum. Large logits come after that."
)
def softmax_not_divided_unshifted(Z):
    return np.exp(Z)


# ---------------------------------------------------------------- cross_entropy


@lab.question(
    "cross_entropy",
    title="Cross-entropy from logits",
    points=4,
    minutes=15,
    section=("sec-cross-entropy", "Cross-entropy: one number for how wrong"),
    hints=(
        "Build it in three steps and look at each: the log-probabilities (N, C), those of the true "
        "classes (N,), one number.",
        "Do not call softmax and then the logarithm: a probability may have rounded to 0. Shift "
        "each row by its maximum m; then log p = (z - m) - log of the row's sum of exp(z - m).",
        "To pick one entry from each row, index with two arrays: the row numbers np.arange(N) and "
        "y. Then take the mean, and change the sign.",
    ),
)
def cross_entropy(Z, y):
    S = Z - Z.max(axis=1, keepdims=True)
    log_P = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
    return -log_P[np.arange(len(y)), y].mean()


@cross_entropy.inputs(points=1)
def cross_entropy_small(rng):
    return [
        (np.array([[1.0, 1.0], [2.5, -1.0], [0.0, 2.0]]), np.array([1, 0, 0])),
        (np.array([[0.0, 1.0, 2.0], [3.0, 0.0, 1.0]]), np.array([1, 1])),
        (np.array([[1000.0, 999.0], [-1000.0, -998.0], [0.0, 1.0]]), np.array([1, 0, 0])),
        (np.array([[1000.0, 0.0], [0.0, 1000.0], [0.0, 3.0]]), np.array([0, 0, 1])),
        (np.zeros((3, 3)), np.array([2, 1, 1])),  # square: times y is no error here
    ]


@cross_entropy.inputs(points=2, hidden=True, about="other shapes, one row among them")
def cross_entropy_fresh(rng):
    return [
        (rng.normal(0, 3, (N, C)), rng.integers(C, size=N))
        for N, C in ((1, 2), (5, 6), (12, 3), (32, 10))
    ]


@cross_entropy.test(points=1, about="logits in the thousands, also in float32")
def cross_entropy_holds_at_large_logits(student, rng):
    for C in (2, 26):  # equal logits cost log C, however large they are
        y = rng.integers(C, size=7)
        expect(student(np.full((7, C), 5e4), y), np.log(C))
    y = np.array([0, 1, 1, 0, 1, 0])
    margins = rng.integers(200, 900, size=6).astype(np.float32)  # sure, and wrong
    expect(student(np.eye(2, dtype=np.float32)[1 - y] * margins[:, None], y), margins.mean())


@cross_entropy.wrong(
    "You sum over the batch. Take the mean, or the loss, and with it each step of training, grows "
    "with the batch size."
)
def cross_entropy_sum(Z, y):
    S = Z - Z.max(axis=1, keepdims=True)
    log_P = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
    return -log_P[np.arange(len(y)), y].sum()


@cross_entropy.wrong(
    "You use the logarithm to base 2, so the loss is in bits. Here it is in nats: the natural "
    "logarithm."
)
def cross_entropy_bits(Z, y):
    S = Z - Z.max(axis=1, keepdims=True)
    log_P = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
    return -log_P[np.arange(len(y)), y].mean() / np.log(2)


@cross_entropy.wrong(
    "You take the logarithm of a probability that has rounded to 0. The true loss of a sure and "
    "wrong answer is large but finite: work with log-probabilities."
)
def cross_entropy_through_probabilities(Z, y):
    e = np.exp(Z - Z.max(axis=1, keepdims=True))
    P = e / e.sum(axis=1, keepdims=True)
    return -np.log(P[np.arange(len(y)), y]).mean()


@cross_entropy.wrong(
    "You keep the logarithm finite with a smallest probability such as 1e-12. Then no mistake "
    "costs more than 27.6, however sure it was; log-sum-exp needs no such patch."
)
def cross_entropy_clipped(Z, y):
    e = np.exp(Z - Z.max(axis=1, keepdims=True))
    P = e / e.sum(axis=1, keepdims=True)
    return -np.log(np.maximum(P[np.arange(len(y)), y], 1e-12)).mean()


@cross_entropy.wrong(
    "The sum of exponentials overflows at large logits. Take each row's maximum out of the "
    "log-sum-exp first."
)
def cross_entropy_overflows(Z, y):
    log_P = Z - np.log(np.exp(Z).sum(axis=1, keepdims=True))
    return -log_P[np.arange(len(y)), y].mean()


@cross_entropy.wrong(
    "The minus sign is missing: logarithms of probabilities are negative, a loss is not."
)
def cross_entropy_without_minus(Z, y):
    S = Z - Z.max(axis=1, keepdims=True)
    log_P = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
    return log_P[np.arange(len(y)), y].mean()


@cross_entropy.wrong(
    "You divide by N·C. The zeros of the one-hot labels count as terms of your mean; there are "
    "only N samples."
)
def cross_entropy_mean_over_classes(Z, y):
    S = Z - Z.max(axis=1, keepdims=True)
    log_P = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
    return -np.mean(np.eye(Z.shape[1])[y] * log_P)


@cross_entropy.wrong(
    "This is the loss of the network's own answers, and y does not come in: the class with the "
    "largest logit is not always the true one."
)
def cross_entropy_of_the_answer(Z, y):
    S = Z - Z.max(axis=1, keepdims=True)
    log_P = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
    return -log_P.max(axis=1).mean()


@cross_entropy.wrong(
    "Indexing all rows with y gives (N, N): every sample at every label. Each row needs its own "
    "label only."
)
def cross_entropy_every_label(Z, y):
    S = Z - Z.max(axis=1, keepdims=True)
    log_P = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
    return -log_P[:, y].mean()


@cross_entropy.wrong(
    "Softmax is applied twice: you treat probabilities as logits, and even a perfect answer gets "
    "a loss."
)
def cross_entropy_double_softmax(Z, y):
    e = np.exp(Z - Z.max(axis=1, keepdims=True))
    P = e / e.sum(axis=1, keepdims=True)
    log_P = P - np.log(np.exp(P).sum(axis=1, keepdims=True))
    return -log_P[np.arange(len(y)), y].mean()


@cross_entropy.wrong("You return one loss for each sample. Their mean is asked for: one number.")
def cross_entropy_per_sample(Z, y):
    S = Z - Z.max(axis=1, keepdims=True)
    log_P = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
    return -log_P[np.arange(len(y)), y]


@cross_entropy.wrong(
    "A maximum or a sum has lost its axis: with shape (N,) it is subtracted along the classes. If "
    "N is C, that gives wrong numbers, otherwise an error. keepdims=True keeps a column (N, 1)."
)
def cross_entropy_without_keepdims(Z, y):
    S = Z - Z.max(axis=1, keepdims=True)
    log_P = S - np.log(np.exp(S).sum(axis=1))
    return -log_P[np.arange(len(y)), y].mean()


@cross_entropy.wrong(
    "You subtract the largest logit of the whole batch. In a row far below it all exponentials "
    "are 0, and so is their sum; each row needs its own maximum."
)
def cross_entropy_one_maximum_for_all(Z, y):
    S = Z - Z.max()
    log_P = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
    return -log_P[np.arange(len(y)), y].mean()


@cross_entropy.wrong(
    "You take the logarithm of a logit. A logit may be any number; the loss is the logarithm of a "
    "probability, z - m - log of the row's sum of exp(z - m)."
)
def cross_entropy_log_of_logits(Z, y):
    return -np.log(Z[np.arange(len(y)), y]).mean()


@cross_entropy.wrong(
    "You average the log-probabilities of all classes, and y does not come in. Only the true "
    "class of each sample counts."
)
def cross_entropy_without_labels(Z, y):
    S = Z - Z.max(axis=1, keepdims=True)
    log_P = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
    return -log_P.mean()


@cross_entropy.wrong(
    "log_P[y] picks whole rows, with y as row numbers. y holds columns: index with a row number "
    "and a label for each sample."
)
def cross_entropy_labels_as_rows(Z, y):
    S = Z - Z.max(axis=1, keepdims=True)
    log_P = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
    return -log_P[y].mean()


@cross_entropy.wrong(
    "You subtract 1 from y. Classes count from 0, as NumPy's columns do; and -1 would be the last "
    "one."
)
def cross_entropy_labels_from_one(Z, y):
    S = Z - Z.max(axis=1, keepdims=True)
    log_P = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
    return -log_P[np.arange(len(y)), y - 1].mean()


@cross_entropy.wrong(
    "Your return stands inside the loop, so it ends at the first sample, and divides by N. Add up "
    "all samples, and return the mean after the loop."
)
def cross_entropy_return_in_the_loop(Z, y):
    S = Z - Z.max(axis=1, keepdims=True)
    log_P = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
    return -log_P[0, y[0]] / len(y)


@cross_entropy.wrong(
    "You return the loss of the first sample alone. Does your return stand inside a loop? The "
    "mean over all samples is asked for."
)
def cross_entropy_first_sample(Z, y):
    S = Z - Z.max(axis=1, keepdims=True)
    log_P = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
    return -log_P[0, y[0]]


@cross_entropy.wrong(
    "The first term is missing: log p is z - m minus the logarithm of the sum. What is left has "
    "one column, (N, 1), and no class to pick."
)
def cross_entropy_log_sum_alone(Z, y):
    S = Z - Z.max(axis=1, keepdims=True)
    log_P = -np.log(np.exp(S).sum(axis=1, keepdims=True))
    return -log_P[np.arange(len(y)), y].mean()


@cross_entropy.wrong(
    "You multiply by y. It holds class numbers, not one-hot rows: use it as an index, and pick "
    "one entry from each row."
)
def cross_entropy_times_labels(Z, y):
    S = Z - Z.max(axis=1, keepdims=True)
    log_P = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
    return -(log_P * y).sum() / len(y)


@cross_entropy.wrong(
    "You return more than the loss. In the book's code cross_entropy gives a gradient, too; here "
    "one number is asked for."
)
def cross_entropy_with_gradient(Z, y):
    S = Z - Z.max(axis=1, keepdims=True)
    log_P = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
    dZ = np.exp(log_P)
    dZ[np.arange(len(y)), y] -= 1
    return -log_P[np.arange(len(y)), y].mean(), dZ / len(y)


@cross_entropy.wrong(
    "The first factor is y, which holds class numbers, not one-hot rows: use it as an index, and "
    "pick one entry from each row."
)
def cross_entropy_labels_times(Z, y):
    S = Z - Z.max(axis=1, keepdims=True)
    log_P = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
    return -(y * log_P).sum() / len(y)


@cross_entropy.wrong(
    "The sum of exponentials runs over the samples, axis 0. Each sample needs the sum over its own "
    "classes: axis 1."
)
def cross_entropy_sums_of_columns(Z, y):
    S = Z - Z.max(axis=1, keepdims=True)
    log_P = S - np.log(np.exp(S).sum(axis=0))
    return -log_P[np.arange(len(y)), y].mean()


@cross_entropy.wrong(
    "Your probabilities overflow at large logits, before their logarithm is taken. Go from the "
    "logits to the logarithm directly, with each row's maximum taken out."
)
def cross_entropy_through_overflowing_probabilities(Z, y):
    e = np.exp(Z)
    P = e / e.sum(axis=1, keepdims=True)
    return -np.log(P[np.arange(len(y)), y]).mean()


# ---------------------------------------------------------------- mlp_forward


@lab.question(
    "mlp_forward",
    title="The whole net",
    uses=("affine",),
    points=3,
    minutes=9,
    section=("sec-stack", "Shapes and parameters through the whole net"),
    hints=(
        "Keep one array A that walks through the net: it begins as X, and each layer turns it "
        "into the next. A loop over layers is enough.",
        "ReLU stands between layers. With L layers it is needed L - 1 times: not on X, and not on "
        "the logits.",
        "For all layers but the last (layers[:-1]) replace A by ReLU of the affine map of A, with "
        "np.maximum(..., 0). Then return the affine map of the last layer, layers[-1].",
    ),
)
def mlp_forward(X, layers):
    A = X
    for W, b in layers[:-1]:
        A = np.maximum(A @ W + b, 0)
    W, b = layers[-1]
    return A @ W + b


@mlp_forward.inputs(points=1)
def mlp_forward_small(rng):
    W3, b3 = np.array([[1.0, -1.0, 0.0], [2.0, 0.0, 1.0]]), np.array([0.0, -2.0, 1.0])
    return [
        (X, [(W1, b1), (W2, b2)]),
        (X, [(W3, b3)]),
        (X, [(W1, b1), (W2, b2), (W3, b3)]),
    ]


@mlp_forward.inputs(
    points=2, hidden=True, about="nets of one layer to four, with layers of other sizes"
)
def mlp_forward_fresh(rng):
    nets = []
    for N, *sizes in ((1, 3, 2), (6, 4, 4, 4), (5, 2, 7, 3, 6, 2), (8, 784, 30, 10)):
        layers = [layer(rng, D, M) for D, M in pairwise(sizes)]
        nets.append((rng.normal(size=(N, sizes[0])), layers))
    return nets


@mlp_forward.wrong(
    "You apply ReLU after the last layer too. Logits may be negative: cut off at 0, classes that "
    "the net finds unlikely all look the same."
)
def mlp_forward_relu_at_the_end(X, layers):
    A = X
    for W, b in layers:
        A = np.maximum(A @ W + b, 0)
    return A


@mlp_forward.wrong(
    "There is no ReLU. Without something between them all your layers collapse into one affine map."
)
def mlp_forward_without_relu(X, layers):
    A = X
    for W, b in layers:
        A = A @ W + b
    return A


@mlp_forward.wrong(
    "You apply ReLU to the input of each layer, also of the first: negative inputs are lost before "
    "any layer has seen them."
)
def mlp_forward_relu_on_inputs(X, layers):
    A = X
    for W, b in layers:
        A = np.maximum(A, 0) @ W + b
    return A


@mlp_forward.wrong("You leave the biases out: each layer is A W + b.")
def mlp_forward_without_biases(X, layers):
    A = X
    for W, _ in layers[:-1]:
        A = np.maximum(A @ W, 0)
    return A @ layers[-1][0]


@mlp_forward.wrong(
    "You stop one layer early, and return what goes into the last layer instead of the logits."
)
def mlp_forward_one_layer_short(X, layers):
    A = X
    for W, b in layers[:-1]:
        A = np.maximum(A @ W + b, 0)
    return A


@mlp_forward.wrong(
    "You return probabilities. The net ends with its logits; softmax belongs to the loss, and "
    "applied here it would be applied twice."
)
def mlp_forward_softmax_at_the_end(X, layers):
    A = X
    for W, b in layers[:-1]:
        A = np.maximum(A @ W + b, 0)
    Z = A @ layers[-1][0] + layers[-1][1]
    e = np.exp(Z - Z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@mlp_forward.wrong(
    "You add the bias after ReLU. ReLU cuts off A W + b; the bias decides where, so it comes first."
)
def mlp_forward_bias_after_relu(X, layers):
    A = X
    for W, b in layers[:-1]:
        A = np.maximum(A @ W, 0) + b
    return A @ layers[-1][0] + layers[-1][1]


@mlp_forward.wrong(
    "Every layer reads X. From the second layer on, a layer reads what the one before it gave."
)
def mlp_forward_always_reads_x(X, layers):
    for W, b in layers:
        Z = X @ W + b
    return Z


@mlp_forward.wrong("You go through the layers from last to first. That is the way back, not forth.")
def mlp_forward_backwards(X, layers):
    A = X
    for W, b in layers[:0:-1]:
        A = np.maximum(A @ W + b, 0)
    return A @ layers[0][0] + layers[0][1]


@mlp_forward.wrong(
    "You unpack exactly two layers. A list of one pair is a net, too: loop over the layers."
)
def mlp_forward_two_layers(X, layers):
    (W1, b1), (W2, b2) = layers
    return np.maximum(X @ W1 + b1, 0) @ W2 + b2


@mlp_forward.wrong(
    "You unpack layers as one pair. It is a list of pairs: loop over it, and unpack W and b of "
    "each."
)
def mlp_forward_one_pair(X, layers):
    W, b = layers
    return X @ W + b


@mlp_forward.wrong("Python's max compares whole arrays; np.maximum compares entries.")
def mlp_forward_python_max(X, layers):
    A = X
    for W, b in layers[:-1]:
        A = max(0, A @ W + b)
    return A @ layers[-1][0] + layers[-1][1]


@mlp_forward.wrong(
    "You take pairs out of the caller's list: at the second call the net lacks layers. Loop over "
    "the list and leave it as it is."
)
def mlp_forward_empties_the_list(X, layers):
    A = X
    while len(layers) > 1:
        W, b = layers.pop(0)
        A = np.maximum(A @ W + b, 0)
    W, b = layers[0]
    return A @ W + b


@mlp_forward.wrong("Your loop skips the first layer: begin with layers[0], which reads X.")
def mlp_forward_skips_the_first(X, layers):
    A = X
    for W, b in layers[1:-1]:
        A = np.maximum(A @ W + b, 0)
    return A @ layers[-1][0] + layers[-1][1]


@mlp_forward.wrong("Python's max compares whole arrays; np.maximum compares entries.")
def mlp_forward_python_max_everywhere(X, layers):
    A = X
    for W, b in layers:
        A = max(0, A @ W + b)
    return A


@mlp_forward.wrong(
    "You use layers[0] and layers[1], exactly two. A list of one pair is a net, too: loop over the "
    "layers."
)
def mlp_forward_first_and_second(X, layers):
    W1, b1 = layers[0]
    W2, b2 = layers[1]
    return np.maximum(X @ W1 + b1, 0) @ W2 + b2


@mlp_forward.wrong(
    "You return after the first layer. Does your return stand inside the loop? Move it to the left."
)
def mlp_forward_return_in_the_loop(X, layers):
    return np.maximum(X @ layers[0][0] + layers[0][1], 0)


# ---------------------------------------------------------------- untrained_loss

untrained_loss = lab.number(
    "untrained_loss",
    np.log(26).item(),
    tolerance=0.005,
    title="What an untrained net of 26 classes loses",
    points=1,
    minutes=3,
    section=("sec-cross-entropy", "Cross-entropy: one number for how wrong"),
    hints=(
        "A net that knows nothing finds all classes about equally likely. How many classes are "
        "there now, and what is the probability of each?",
        "Each sample costs the negative logarithm of what the net gives to its true letter. All "
        "samples cost the same, so the mean over the batch is that number.",
        "The net gives 1/26 to each letter. Minus the natural logarithm of 1/26 is the natural "
        "logarithm of 26, by np.log; give it with two decimals or more.",
    ),
)
untrained_loss.wrong_value(
    np.log(10).item(), "That is the number for ten classes. Here the net tells 26 letters apart."
)
untrained_loss.wrong_value(
    np.log2(26).item(), "That is in bits, the logarithm to base 2. Our losses are in nats."
)
untrained_loss.wrong_value(
    np.log10(26).item(), "That is the logarithm to base 10. Cross-entropy uses the natural one."
)
untrained_loss.wrong_value(
    1 / 26, "That is the probability of each letter. The loss is what such a probability costs."
)
untrained_loss.wrong_value(
    25 / 26,
    "That is the share of wrong answers. Cross-entropy measures the probability given to the "
    "truth, not the number of mistakes.",
)
untrained_loss.wrong_value(
    -np.log(26).item(),
    "The sign: the logarithm of a probability is negative, and the loss is minus that.",
)
untrained_loss.wrong_value(
    26, "That is the perplexity, how many classes seem equally likely. The loss is its logarithm."
)
for close in (3.2, 3.25, 3.27, 3.28, 3.3, 3.35):
    untrained_loss.wrong_value(close, "Near; give the number itself, with two decimals.")
untrained_loss.wrong_value(
    np.log(32).item(),
    "You count the 32 samples of the batch. It is the number of classes, 26, that decides.",
)
untrained_loss.wrong_value(
    np.log(26).item() / 32,
    "You divide by the batch size. All 32 samples cost the same, so their mean is what one costs.",
)
untrained_loss.wrong_value(
    32 * np.log(26).item(),
    "That is the sum over the 32 samples. Our loss is the mean, which does not know the batch "
    "size.",
)


# ---------------------------------------------------------------- Scores


@lab.question(
    "Scores",
    title="Clinic: three faults in a report",
    points=4,
    minutes=20,
    section=("sec-mistakes-1", "Common mistakes"),
    hints=(
        "Take one complaint at a time. A: print the shape of Z.argmax(axis=1) == y. B: print the "
        "sum that stands in log_P for a batch of one. C: write down what a report for batches "
        "of 2 and 1 samples should be.",
        "A: (N,) against (N, 1) gives (N, N), in the comparison and in the index. B: the "
        "exponentials are summed over the samples instead of the classes. C: a small batch counts "
        "as much as a large one.",
        "A: make y flat at the top of update. B: sum over axis 1 and keep the axis. C: keep sums "
        "over the samples (of losses, of right answers, of samples), and divide only in loss() "
        "and accuracy().",
    ),
)
class Scores:
    def __init__(self):
        self.samples, self.total, self.right = 0, 0.0, 0

    def update(self, Z, y):
        y = y[:, 0]
        S = Z - Z.max(axis=1, keepdims=True)
        log_P = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
        self.total -= log_P[np.arange(len(y)), y].sum()
        self.right += np.sum(Z.argmax(axis=1) == y)
        self.samples += len(y)

    def loss(self):
        return self.total / self.samples

    def accuracy(self):
        return self.right / self.samples


def report(*batches, shows=("loss", "accuracy")):
    def program(student):
        scores = student.Scores()
        for logits, labels in batches:
            scores.update(np.array(logits, float), np.array(labels)[:, None])
        return [getattr(scores, shown)() for shown in shows]

    return record(program)


@Scores.inputs(points=1)
def scores_small(rng):
    first = [[2, 0], [0, 1], [3, 0]], [0, 0, 1]
    second = [[0, 2]], [1]
    return [report(first), report(first, second)]


# A point for each complaint, on batches where the other two faults make no difference.


@Scores.inputs(points=1, hidden=True, about="complaint A: loss and accuracy of one batch")
def scores_a_flat_labels(rng):
    """One batch (C does not matter); all sums of exponentials are the same (nor does B)."""
    batches = []
    for C, right in ((10, 10), (7, 3), (4, 2)):
        answers = rng.permutation(C)
        labels = np.append(answers[:right], np.roll(answers[right:], 1))
        batches.append((rng.uniform(2, 5) * np.eye(C)[answers], labels))
    return [report(one) for one in batches]


@Scores.inputs(points=1, hidden=True, about="complaint B: the loss, also of batches of one sample")
def scores_b_sum_over_classes(rng):
    """Labels are all the same (A does not matter), batches of one size (nor does C)."""
    single = [(rng.normal(0, 2, (1, 5)), rng.integers(5, size=1)) for _ in range(4)]
    uniform = rng.normal(0, 2, (8, 3)), np.full(8, rng.integers(3))
    return [report(*single, shows=["loss"]), report(uniform, shows=["loss"])]


@Scores.inputs(points=1, hidden=True, about="complaint C: batches of unequal sizes")
def scores_c_samples_count(rng):
    """Labels are all the same (A does not matter), logits so sure that each sum is 1 (nor B)."""
    programs = []
    for C in (3, 6):
        label = rng.integers(C)
        sure = rng.uniform(50, 90) * np.eye(C)
        large, small = (sure, np.full(C, label)), (sure[[label]], [label])
        programs += [report(large, small), report(small, large, small)]
    return programs


@Scores.wrong(
    "This does what the class did as you got it. Begin with complaint A: which shape has the "
    "comparison in update?"
)
class ScoresAsGiven:
    def __init__(self):
        self.losses, self.rights = [], []

    def update(self, Z, y):
        S = Z - Z.max(axis=1, keepdims=True)
        log_P = S - np.log(np.exp(S).sum(axis=0))
        losses = -log_P[np.arange(len(y)), y]
        right = Z.argmax(axis=1) == y
        self.losses.append(losses.mean())
        self.rights.append(right.mean())

    def loss(self):
        return np.mean(self.losses)

    def accuracy(self):
        return np.mean(self.rights)


@Scores.wrong(
    "Complaint A is cured: the labels are flat. B and C are left. Look at the sum of exponentials "
    "for a batch of one sample."
)
class ScoresLabelsCured:
    def __init__(self):
        self.losses, self.rights = [], []

    def update(self, Z, y):
        S = Z - Z.max(axis=1, keepdims=True)
        log_P = S - np.log(np.exp(S).sum(axis=0))
        losses = -log_P[np.arange(len(y)), y[:, 0]]
        right = Z.argmax(axis=1) == y[:, 0]
        self.losses.append(losses.mean())
        self.rights.append(right.mean())

    def loss(self):
        return np.mean(self.losses)

    def accuracy(self):
        return np.mean(self.rights)


@Scores.wrong(
    "Complaint B is cured: the sum runs over the classes. A and C are left. Which shape has the "
    "comparison in update?"
)
class ScoresAxisCured:
    def __init__(self):
        self.losses, self.rights = [], []

    def update(self, Z, y):
        S = Z - Z.max(axis=1, keepdims=True)
        log_P = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
        losses = -log_P[np.arange(len(y)), y]
        right = Z.argmax(axis=1) == y
        self.losses.append(losses.mean())
        self.rights.append(right.mean())

    def loss(self):
        return np.mean(self.losses)

    def accuracy(self):
        return np.mean(self.rights)


@Scores.wrong(
    "Complaint C is cured: large batches count more. A and B are left. Which shape has the "
    "comparison in update?"
)
class ScoresMeansCured:
    def __init__(self):
        self.samples, self.total, self.right = 0, 0.0, 0

    def update(self, Z, y):
        S = Z - Z.max(axis=1, keepdims=True)
        log_P = S - np.log(np.exp(S).sum(axis=0))
        losses = -log_P[np.arange(len(y)), y]
        right = Z.argmax(axis=1) == y
        self.samples += len(y)
        self.total += len(y) * losses.mean()
        self.right += len(y) * right.mean()

    def loss(self):
        return self.total / self.samples

    def accuracy(self):
        return self.right / self.samples


@Scores.wrong(
    "Only complaint A is left: y is a column, so comparing and indexing with it makes (N, N) "
    "tables of every sample against every label."
)
class ScoresLabelsLeft:
    def __init__(self):
        self.samples, self.total, self.right = 0, 0.0, 0

    def update(self, Z, y):
        S = Z - Z.max(axis=1, keepdims=True)
        log_P = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
        losses = -log_P[np.arange(len(y)), y]
        right = Z.argmax(axis=1) == y
        self.samples += len(y)
        self.total += len(y) * losses.mean()
        self.right += len(y) * right.mean()

    def loss(self):
        return self.total / self.samples

    def accuracy(self):
        return self.right / self.samples


@Scores.wrong(
    "Only complaint B is left: the exponentials are summed over the samples. Each sample needs "
    "the sum over its own classes."
)
class ScoresAxisLeft:
    def __init__(self):
        self.samples, self.total, self.right = 0, 0.0, 0

    def update(self, Z, y):
        S = Z - Z.max(axis=1, keepdims=True)
        log_P = S - np.log(np.exp(S).sum(axis=0))
        losses = -log_P[np.arange(len(y)), y[:, 0]]
        right = Z.argmax(axis=1) == y[:, 0]
        self.samples += len(y)
        self.total += losses.sum()
        self.right += right.sum()

    def loss(self):
        return self.total / self.samples

    def accuracy(self):
        return self.right / self.samples


@Scores.wrong(
    "Only complaint C is left: you average the means of the batches, so a sample in a small batch "
    "counts more than one in a large batch."
)
class ScoresMeansLeft:
    def __init__(self):
        self.losses, self.rights = [], []

    def update(self, Z, y):
        S = Z - Z.max(axis=1, keepdims=True)
        log_P = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
        losses = -log_P[np.arange(len(y)), y[:, 0]]
        right = Z.argmax(axis=1) == y[:, 0]
        self.losses.append(losses.mean())
        self.rights.append(right.mean())

    def loss(self):
        return np.mean(self.losses)

    def accuracy(self):
        return np.mean(self.rights)


@Scores.wrong(
    "The loss is right, the accuracy is still a mean of batch means. It needs the same repair: "
    "count samples, then divide."
)
class ScoresAccuracyOfMeans:
    def __init__(self):
        self.samples, self.total, self.rights = 0, 0.0, []

    def update(self, Z, y):
        S = Z - Z.max(axis=1, keepdims=True)
        log_P = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
        losses = -log_P[np.arange(len(y)), y[:, 0]]
        right = Z.argmax(axis=1) == y[:, 0]
        self.samples += len(y)
        self.total += losses.sum()
        self.rights.append(right.mean())

    def loss(self):
        return self.total / self.samples

    def accuracy(self):
        return np.mean(self.rights)


@Scores.wrong(
    "The sum now runs over the classes, but it has lost its axis: (N,) is broadcast along the "
    "classes, or does not fit."
)
class ScoresWithoutKeepdims:
    def __init__(self):
        self.samples, self.total, self.right = 0, 0.0, 0

    def update(self, Z, y):
        S = Z - Z.max(axis=1, keepdims=True)
        log_P = S - np.log(np.exp(S).sum(axis=1))
        losses = -log_P[np.arange(len(y)), y[:, 0]]
        right = Z.argmax(axis=1) == y[:, 0]
        self.samples += len(y)
        self.total += losses.sum()
        self.right += right.sum()

    def loss(self):
        return self.total / self.samples

    def accuracy(self):
        return self.right / self.samples


@Scores.wrong(
    "You report the last batch alone: update has to add to what is there, not to replace it."
)
class ScoresLastBatch:
    def __init__(self):
        self.samples, self.total, self.right = 0, 0.0, 0

    def update(self, Z, y):
        S = Z - Z.max(axis=1, keepdims=True)
        log_P = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
        losses = -log_P[np.arange(len(y)), y[:, 0]]
        right = Z.argmax(axis=1) == y[:, 0]
        self.samples, self.total, self.right = len(y), losses.sum(), right.sum()

    def loss(self):
        return self.total / self.samples

    def accuracy(self):
        return self.right / self.samples


@Scores.wrong("The loss is a sum over all samples. The report is to give the mean of a sample.")
class ScoresSum:
    def __init__(self):
        self.samples, self.total, self.right = 0, 0.0, 0

    def update(self, Z, y):
        S = Z - Z.max(axis=1, keepdims=True)
        log_P = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
        losses = -log_P[np.arange(len(y)), y[:, 0]]
        right = Z.argmax(axis=1) == y[:, 0]
        self.samples += len(y)
        self.total += losses.sum()
        self.right += right.sum()

    def loss(self):
        return self.total

    def accuracy(self):
        return self.right / self.samples


@Scores.wrong(
    "Complaint A is half cured: the accuracy of a batch is right now, the loss is not. y (N, 1) "
    "also stands in an index, log_P[..., y]."
)
class ScoresLabelsHalfCured:
    def __init__(self):
        self.losses, self.rights = [], []

    def update(self, Z, y):
        S = Z - Z.max(axis=1, keepdims=True)
        log_P = S - np.log(np.exp(S).sum(axis=0))
        losses = -log_P[np.arange(len(y)), y]
        right = Z.argmax(axis=1) == y[:, 0]
        self.losses.append(losses.mean())
        self.rights.append(right.mean())

    def loss(self):
        return np.mean(self.losses)

    def accuracy(self):
        return np.mean(self.rights)


@Scores.wrong(
    "B is cured, and A by half: accuracy is right now, the loss is not. y (N, 1) also stands in an "
    "index, log_P[..., y]. C is left."
)
class ScoresIndexAndMeansLeft:
    def __init__(self):
        self.losses, self.rights = [], []

    def update(self, Z, y):
        S = Z - Z.max(axis=1, keepdims=True)
        log_P = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
        losses = -log_P[np.arange(len(y)), y]
        right = Z.argmax(axis=1) == y[:, 0]
        self.losses.append(losses.mean())
        self.rights.append(right.mean())

    def loss(self):
        return np.mean(self.losses)

    def accuracy(self):
        return np.mean(self.rights)


@Scores.wrong(
    "The accuracy is right now, the loss is not: y (N, 1) also stands in an index, log_P[..., y], "
    "and gives (N, N) there."
)
class ScoresIndexLeft:
    def __init__(self):
        self.samples, self.total, self.right = 0, 0.0, 0

    def update(self, Z, y):
        S = Z - Z.max(axis=1, keepdims=True)
        log_P = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
        losses = -log_P[np.arange(len(y)), y]
        right = Z.argmax(axis=1) == y[:, 0]
        self.samples += len(y)
        self.total += losses.sum()
        self.right += right.sum()

    def loss(self):
        return self.total / self.samples

    def accuracy(self):
        return self.right / self.samples


@Scores.wrong(
    "The loss is right now, the accuracy is not: one side of the comparison is still (N, 1), the "
    "other (N,), and together they make (N, N)."
)
class ScoresComparisonLeft:
    def __init__(self):
        self.samples, self.total, self.right = 0, 0.0, 0

    def update(self, Z, y):
        S = Z - Z.max(axis=1, keepdims=True)
        log_P = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
        losses = -log_P[np.arange(len(y)), y[:, 0]]
        right = Z.argmax(axis=1) == y
        self.samples += len(y)
        self.total += losses.sum()
        self.right += right.sum()

    def loss(self):
        return self.total / self.samples

    def accuracy(self):
        return self.right / self.samples


@Scores.wrong(
    "You sum (N, N) tables: the accuracy may even exceed 1. Complaint A is left; which shape has "
    "the comparison in update?"
)
class ScoresSumsOfTables:
    def __init__(self):
        self.samples, self.total, self.right = 0, 0.0, 0

    def update(self, Z, y):
        S = Z - Z.max(axis=1, keepdims=True)
        log_P = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
        losses = -log_P[np.arange(len(y)), y]
        right = Z.argmax(axis=1) == y
        self.samples += len(y)
        self.total += losses.sum()
        self.right += right.sum()

    def loss(self):
        return self.total / self.samples

    def accuracy(self):
        return self.right / self.samples


@Scores.wrong(
    "Both numbers are sums over the samples. Divide each by the number of samples, in loss() and "
    "in accuracy()."
)
class ScoresNeverDivided:
    def __init__(self):
        self.samples, self.total, self.right = 0, 0.0, 0

    def update(self, Z, y):
        S = Z - Z.max(axis=1, keepdims=True)
        log_P = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
        losses = -log_P[np.arange(len(y)), y[:, 0]]
        right = Z.argmax(axis=1) == y[:, 0]
        self.samples += len(y)
        self.total += losses.sum()
        self.right += right.sum()

    def loss(self):
        return self.total

    def accuracy(self):
        return self.right


@Scores.wrong(
    "The accuracy is in percent. The report writes the % itself: return a share from 0 to 1."
)
class ScoresPercent:
    def __init__(self):
        self.samples, self.total, self.right = 0, 0.0, 0

    def update(self, Z, y):
        S = Z - Z.max(axis=1, keepdims=True)
        log_P = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
        losses = -log_P[np.arange(len(y)), y[:, 0]]
        right = Z.argmax(axis=1) == y[:, 0]
        self.samples += len(y)
        self.total += losses.sum()
        self.right += right.sum()

    def loss(self):
        return self.total / self.samples

    def accuracy(self):
        return 100 * self.right / self.samples


@Scores.wrong(
    "np.squeeze takes away every axis of length 1, so a batch of one sample has no axis left, and "
    "no length. Take the column: y[:, 0]."
)
class ScoresSqueezed:
    def __init__(self):
        self.samples, self.total, self.right = 0, 0.0, 0

    def update(self, Z, y):
        y = y.squeeze()
        S = Z - Z.max(axis=1, keepdims=True)
        log_P = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
        losses = -log_P[np.arange(len(y)), y]
        right = Z.argmax(axis=1) == y
        self.samples += len(y)
        self.total += losses.sum()
        self.right += right.sum()

    def loss(self):
        return self.total / self.samples

    def accuracy(self):
        return self.right / self.samples


@Scores.wrong(
    "np.squeeze takes away every axis of length 1, so a batch of one sample has no axis left, and "
    "no length. Take the column: y[:, 0]."
)
class ScoresLabelsSqueezed:
    def __init__(self):
        self.losses, self.rights = [], []

    def update(self, Z, y):
        y = y.squeeze()
        S = Z - Z.max(axis=1, keepdims=True)
        log_P = S - np.log(np.exp(S).sum(axis=0))
        losses = -log_P[np.arange(len(y)), y]
        right = Z.argmax(axis=1) == y
        self.losses.append(losses.mean())
        self.rights.append(right.mean())

    def loss(self):
        return np.mean(self.losses)

    def accuracy(self):
        return np.mean(self.rights)


@Scores.wrong(
    "Your lists stand in the class, outside of __init__, so all reports share them: a new one "
    "begins with what the last one left. Make them in __init__, as self.losses = []."
)
class ScoresSharedLists:
    losses, rights = [], []

    def update(self, Z, y):
        S = Z - Z.max(axis=1, keepdims=True)
        log_P = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
        self.losses.extend(-log_P[np.arange(len(y)), y[:, 0]])
        self.rights.extend(Z.argmax(axis=1) == y[:, 0])

    def loss(self):
        return np.mean(self.losses)

    def accuracy(self):
        return np.mean(self.rights)


# ---------------------------------------------------------------- scaled_logits

scaled_logits = lab.choice(
    "scaled_logits",
    "c",
    choices={
        "a": "accuracy rises, loss falls",
        "b": "accuracy stays, loss stays",
        "c": "accuracy stays, loss rises",
        "d": "accuracy stays, loss falls",
        "e": "accuracy falls, loss rises",
        "f": "accuracy falls to 10%, loss goes to log 10",
    },
    title="What logits ten times as large do to accuracy and loss",
    points=1,
    minutes=3,
    section=("sec-stack", "Accuracy"),
    hints=(
        "Take one sample by hand: logits (1, 3, 2), then (10, 30, 20). Which class is the answer, "
        "before and after?",
        "Now its probabilities. Softmax turns differences of logits into ratios; the differences "
        "have grown tenfold. How sure is the net now?",
        "About one digit in five is read wrongly. What does a sure and wrong answer cost, and how "
        "much can a sure and right one save at most?",
    ),
)
scaled_logits.wrong_value(
    "a",
    "Being more sure changes no answer: the largest of ten logits stays the largest when all are "
    "multiplied by 10. So accuracy cannot rise.",
)
scaled_logits.wrong_value(
    "b",
    "Softmax ignores a number that is added to all logits of a row, not one that they are "
    "multiplied by: differences grow tenfold, and the probabilities move towards 0 and 1.",
)
scaled_logits.wrong_value(
    "d",
    "The right answers do get cheaper, but they had little left to save. One digit in five is "
    "wrong, and being sure makes it much dearer.",
)
scaled_logits.wrong_value(
    "e",
    "The loss does rise. But an answer is the class with the largest logit, and a positive factor "
    "keeps the order of the logits.",
)
scaled_logits.wrong_value(
    "f",
    "That is where the loss goes when all logits become equal: for a factor near 0. Here they move "
    "apart.",
)


# ---------------------------------------------------------------- scale_plot, why_scale

lab.manual(
    "scale_plot",
    form="plot",
    rubric=[
        (1, "loss against factor from 0.001 or below to 10 or above, logarithmic, axes labelled"),
        (1, "log 10 is drawn as a line, and the factor with the smallest loss can be read off"),
    ],
    title="Plot of the loss against the factor",
    minutes=12,
    section=("sec-cross-entropy", "Cross-entropy: one number for how wrong"),
    hints=(
        "Z from above holds the logits of the 1,500 digits. In a loop, compute one loss for each "
        "factor: cross_entropy(factor * Z, y_val).",
        "np.logspace(-3, 1, 41) gives 41 factors from 0.001 to 10. ax.semilogx draws with a "
        "logarithmic axis, ax.axhline a level line.",
        "np.argmin finds the place of the smallest loss in the list, and the factor at this place "
        "goes into ax.plot(..., 'o') or the title. Label both axes.",
    ),
)

lab.manual(
    "why_scale",
    form="text",
    rubric=[
        (1, "left end: says what the probabilities become, and why that costs log 10"),
        (1, "right end: compares what a wrong answer costs there with what a right one can save"),
        (1, "accuracy: says what a positive factor does to the order of the logits"),
    ],
    title="Why the loss goes as it goes at both ends, and accuracy stays",
    minutes=8,
    section=("sec-cross-entropy", "What is a good number?"),
    hints=(
        "Three places on the curve need a reason: its left end, its right end, and why accuracy "
        "does not appear in it at all.",
        "Take one sample. At factor 0 all its logits are 0: what are its probabilities? At a "
        "large factor only the largest logit counts: what does the sample cost if that is the true "
        "class, and if not?",
        "For a wrong answer the loss is about factor times (largest logit minus the true class's). "
        "For a right one it falls towards 0. Compare what each can gain or lose, and add what "
        "argmax does under a positive factor.",
    ),
)
