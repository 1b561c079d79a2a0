"""Right answers, tests and known wrong answers of lab 3, Losses as divergences."""

import numpy as np

from mlcourse.data import mini_mnist
from mlcourse.gradcheck import numerical_gradient as differences
from mlcourse.grading.bank import Lab, expect, record

lab = Lab(
    "lab03",
    title="Losses as divergences",
    chapter="chapters/03-losses.ipynb",
    modules=("mlcourse.data", "mlcourse.checks"),
)


@lab.give
def sigmoid(z):
    return np.exp(-np.logaddexp(0, -z))


@lab.give
def log_softmax(Z):
    S = Z - Z.max(axis=1, keepdims=True)
    return S - np.log(np.exp(S).sum(axis=1, keepdims=True))


# ---------------------------------------------------------------- converted_rate


converted_rate = lab.number(
    "converted_rate",
    0.5,
    tolerance=0.001,
    title="A learning rate in another convention",
    points=1,
    minutes=4,
    section=("sec-mse", "The L2 divergence"),
    hints=(
        "A step is the learning rate times the gradient. Write down the gradient with respect to "
        "one prediction for both losses.",
        "Theirs is (a - t) / N. Yours is 2 (a - t) / (N M). By which factor is yours smaller?",
        "Yours is 2/M of theirs. The learning rate has to make up for that: multiply theirs by "
        "M/2, with M the number of outputs.",
    ),
)
converted_rate.wrong_value(
    0.02,
    "The right factor, the wrong way round. Your gradient is smaller than theirs; to make the "
    "same step, is your rate larger or smaller?",
)
converted_rate.wrong_value(
    0.1,
    "That would do if both gradients were equal. Write both down: one has a 2 and an M that the "
    "other has not.",
)
converted_rate.wrong_value(
    1.0,
    "You took care of the M outputs. One more difference: only one of the two losses has a half in "
    "front of the square.",
)
converted_rate.wrong_value(
    0.05,
    "You took care of the half. One more difference: your loss also divides by the number of "
    "outputs.",
)
converted_rate.wrong_value(
    0.2, "Only the half, and the wrong way round. Your loss also divides by the number of outputs."
)
converted_rate.wrong_value(
    0.01,
    "Only the number of outputs, and the wrong way round. Their square has a half in front of it.",
)
converted_rate.wrong_value(
    5.0, "That is the factor between the two rates. Multiply the paper's rate by it."
)
converted_rate.wrong_value(
    2.0, "The half counts in the other direction: it makes *their* gradient smaller, not yours."
)
converted_rate.wrong_value(
    16.0,
    "You multiply by the batch size too. Both losses divide by N, so N makes no difference.",
)
converted_rate.wrong_value(
    1.6,
    "You took the batch size for the number of outputs. Both losses divide by N; only yours "
    "divides by M.",
)


# ---------------------------------------------------------------- kl_from_logits


def kl_from_logits(Z, Y):
    log_P, positive = log_softmax(Z), Y > 0
    E = np.sum(Y[positive] * (np.log(Y[positive]) - log_P[positive]))
    return E / len(Z), (np.exp(log_P) - Y) / len(Z)


kl = lab.question(
    "kl_from_logits",
    title="The KL divergence from logits",
    points=4,
    minutes=12,
    section=("sec-kl", "The KL divergence and cross-entropy"),
    hints=(
        "log_softmax gives log P, safe for any logits. E has two pieces: the sum of y log y, and "
        "the sum of y log p. Only the second depends on Z, so the gradient comes from it alone.",
        "0 log 0 is NaN in NumPy. Y > 0 gives a mask; with it you pick the entries of Y and of "
        "log P that count. For the gradient: the rows of Y sum to 1, so that it looks as for "
        "labels.",
        "Let keep be Y > 0. E is the sum of Y[keep] times (log of Y[keep] minus log_P[keep]), "
        "divided by N. dZ is the exponential of log P, minus Y, divided by N.",
    ),
)(kl_from_logits)


@kl.inputs(points=1)
def kl_small(rng):
    return [
        (
            np.array([[0.0, 1.0, 2.0], [1.0, 1.0, -1.0]]),
            np.array([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]]),
        ),
        (
            np.array([[1.0, 0.0, 0.5], [0.0, 2.0, 1.0], [1.0, 3.0, 0.0], [0.0, 0.0, 1.0]]),
            np.array([[0.0, 1.0, 0.0], [0.7, 0.0, 0.3], [0.5, 0.5, 0.0], [1.0, 0.0, 0.0]]),
        ),
        (
            np.array([[900.0, 0.0, -900.0], [0.0, 1000.0, 0.0]]),
            np.array([[0.5, 0.25, 0.25], [0.0, 0.5, 0.5]]),
        ),
    ]


def distributions(rng, N, C, zeros=0):
    """N rows that sum to 1; in each, that many classes at random have the probability 0."""
    Y = rng.random((N, C)) + 0.1
    for row in Y:
        row[rng.permutation(C)[:zeros]] = 0
    return Y / Y.sum(axis=1, keepdims=True)


@kl.inputs(points=1, hidden=True, about="other shapes, one row and one-hot targets among them")
def kl_fresh(rng):
    return [
        (2 * rng.normal(size=(N, C)), distributions(rng, N, C, zeros))
        for N, C, zeros in ((1, 4, 0), (6, 3, 1), (5, 2, 1), (4, 4, 3), (30, 10, 6))
    ]


@kl.test(points=1, hidden=True, about="dZ against differences, and E where P is the target")
def kl_agrees_with_differences(student, rng):
    Z, Y = rng.normal(size=(4, 5)), distributions(rng, 4, 5, 2)
    E, dZ = student(Z, Y)
    expect(E, kl_from_logits(Z, Y)[0])
    expect(dZ, differences(lambda Z: kl_from_logits(Z, Y)[0], Z), atol=1e-7)
    # It is 0 where both agree, and there is nothing left to change.
    E, dZ = student(Z + 3, np.exp(log_softmax(Z)))
    expect(E, 0.0, atol=1e-6)  # log(y + 1e-8) will do
    expect(dZ, np.zeros((4, 5)))


@kl.test(points=1, hidden=True, about="logits in the thousands, and a large number added to all")
def kl_stays_finite(student, rng):
    Z, Y = rng.normal(size=(5, 4)), distributions(rng, 5, 4, 1)
    for shift in (2000.0, -2000.0):
        for got, right in zip(student(Z + shift, Y), kl_from_logits(Z, Y), strict=True):
            expect(got, right)
    for got, right in zip(student(1000 * Z, Y), kl_from_logits(1000 * Z, Y), strict=True):
        expect(got, right)


@kl.wrong(
    "That is the cross-entropy. What it has too much is the entropy of the targets: the KL "
    "divergence is 0 where P equals Y, the cross-entropy is not."
)
def kl_cross_entropy(Z, Y):
    log_P = log_softmax(Z)
    return -np.sum(Y * log_P) / len(Z), (np.exp(log_P) - Y) / len(Z)


@kl.wrong(
    "0 times log 0 is NaN in floating point. Its limit is 0: classes with target 0 add nothing to "
    "E, so leave them out of the sum."
)
def kl_zero_log_zero(Z, Y):
    log_P = log_softmax(Z)
    with np.errstate(all="ignore"):
        E = np.sum(Y * (np.log(Y) - log_P)) / len(Z)
    return E, (np.exp(log_P) - Y) / len(Z)


@kl.wrong(
    "You swapped the two distributions: you average over P what should be averaged over the "
    "target Y. The KL divergence is not symmetric, and this one is infinite where Y is 0."
)
def kl_swapped(Z, Y):
    log_P = log_softmax(Z)
    P = np.exp(log_P)
    with np.errstate(all="ignore"):
        E = np.sum(P * (log_P - np.log(Y))) / len(Z)
    return E, (P - Y) / len(Z)


@kl.wrong(
    "You sum over the batch where the mean is asked for. Loss and gradient now grow with the "
    "number of samples."
)
def kl_summed(Z, Y):
    log_P, positive = log_softmax(Z), Y > 0
    E = np.sum(Y[positive] * (np.log(Y[positive]) - log_P[positive]))
    return E, np.exp(log_P) - Y


@kl.wrong(
    "You divide by N C, the number of all entries. The divergence of one sample is a *sum* over "
    "its classes; only the samples are averaged."
)
def kl_mean_over_entries(Z, Y):
    log_P, positive = log_softmax(Z), Y > 0
    E = np.sum(Y[positive] * (np.log(Y[positive]) - log_P[positive]))
    return E / Z.size, (np.exp(log_P) - Y) / Z.size


@kl.wrong(
    "You average over the entries that you kept. How many these are depends on the targets; the "
    "mean runs over the N samples."
)
def kl_mean_over_kept(Z, Y):
    log_P, positive = log_softmax(Z), Y > 0
    E = np.mean(Y[positive] * (np.log(Y[positive]) - log_P[positive]))
    return E, (np.exp(log_P) - Y) / len(Z)


@kl.wrong(
    "Your dZ misses the division by N. E is a mean over the batch, and dZ is the gradient of that "
    "mean."
)
def kl_gradient_not_averaged(Z, Y):
    log_P, positive = log_softmax(Z), Y > 0
    E = np.sum(Y[positive] * (np.log(Y[positive]) - log_P[positive]))
    return E / len(Z), np.exp(log_P) - Y


@kl.wrong(
    "Your dZ has the wrong sign. Where the net gives a class more than the target does, a step "
    "against the gradient has to lower its logit."
)
def kl_wrong_sign(Z, Y):
    log_P, positive = log_softmax(Z), Y > 0
    E = np.sum(Y[positive] * (np.log(Y[positive]) - log_P[positive]))
    return E / len(Z), (Y - np.exp(log_P)) / len(Z)


@kl.wrong(
    "That is the gradient with respect to P. The logits act through softmax, whose Jacobian comes "
    "in between: together they are much simpler."
)
def kl_gradient_of_p(Z, Y):
    log_P, positive = log_softmax(Z), Y > 0
    E = np.sum(Y[positive] * (np.log(Y[positive]) - log_P[positive]))
    with np.errstate(all="ignore"):
        return E / len(Z), -Y / np.exp(log_P) / len(Z)


@kl.wrong(
    "You compute P and then its logarithm. At large logits P has rounded to 0, and the loss is "
    "infinite. log_softmax goes to log P without the detour."
)
def kl_log_of_rounded(Z, Y):
    P, positive = np.exp(log_softmax(Z)), Y > 0
    with np.errstate(all="ignore"):
        E = np.sum(Y[positive] * (np.log(Y[positive]) - np.log(P[positive])))
    return E / len(Z), (P - Y) / len(Z)


@kl.wrong(
    "A small number inside the logarithm caps the loss: whatever the logits, log(1e-12) is -27.6. "
    "The truth may cost hundreds. Go from the logits to log P directly."
)
def kl_with_epsilon(Z, Y):
    P = np.exp(log_softmax(Z))
    E = np.sum(Y * (np.log(Y + 1e-12) - np.log(P + 1e-12)))
    return E / len(Z), (P - Y) / len(Z)


@kl.wrong(
    "You add the entropy of the targets where it has to be taken away. At P = Y the divergence "
    "must be 0."
)
def kl_entropy_added(Z, Y):
    log_P, positive = log_softmax(Z), Y > 0
    E = -np.sum(Y[positive] * (np.log(Y[positive]) + log_P[positive]))
    return E / len(Z), (np.exp(log_P) - Y) / len(Z)


@kl.wrong(
    "You reduce each target to its most likely class. A target of 0.7 and 0.3 says more than a "
    "label does, and the divergence compares all of it."
)
def kl_of_labels(Z, Y):
    log_P, hard = log_softmax(Z), np.eye(Z.shape[1])[Y.argmax(axis=1)]
    return -np.sum(hard * log_P) / len(Z), (np.exp(log_P) - hard) / len(Z)


@kl.wrong(
    "You swapped the two distributions: you average over P what should be averaged over the "
    "target Y. The KL divergence is not symmetric."
)
def kl_swapped_where_positive(Z, Y):
    log_P, positive = log_softmax(Z), Y > 0
    P = np.exp(log_P)
    E = np.sum(P[positive] * (log_P[positive] - np.log(Y[positive])))
    return E / len(Z), (P - Y) / len(Z)


@kl.wrong(
    "Your dZ belongs to the mean over the samples, but E is still their sum: divide it by N, too."
)
def kl_value_not_averaged(Z, Y):
    log_P, positive = log_softmax(Z), Y > 0
    E = np.sum(Y[positive] * (np.log(Y[positive]) - log_P[positive]))
    return E, (np.exp(log_P) - Y) / len(Z)


@kl.wrong("Your E has one entry a sample. A loss is one number: take the mean of them.")
def kl_of_each_sample(Z, Y):
    log_P, logs = log_softmax(Z), np.log(np.where(Y > 0, Y, 1))
    return np.sum(Y * (logs - log_P), axis=1), (np.exp(log_P) - Y) / len(Z)


@kl.wrong("Your E has one entry a sample. A loss is one number: add them up.")
def kl_of_each_sample_divided(Z, Y):
    log_P, logs = log_softmax(Z), np.log(np.where(Y > 0, Y, 1))
    return np.sum(Y * (logs - log_P), axis=1) / len(Z), (np.exp(log_P) - Y) / len(Z)


@kl.wrong(
    "Your logarithms are to base 2. The formula has natural ones, and only for them is the "
    "gradient P - Y without a factor."
)
def kl_in_bits(Z, Y):
    log_P, positive = log_softmax(Z), Y > 0
    E = np.sum(Y[positive] * (np.log(Y[positive]) - log_P[positive])) / np.log(2)
    return E / len(Z), (np.exp(log_P) - Y) / len(Z)


@kl.wrong(
    "You add the two logarithms. The logarithm of y/p is log y *minus* log p: at P = Y it must "
    "be 0."
)
def kl_logarithms_added(Z, Y):
    log_P, positive = log_softmax(Z), Y > 0
    E = np.sum(Y[positive] * (np.log(Y[positive]) + log_P[positive]))
    return E / len(Z), (np.exp(log_P) - Y) / len(Z)


@kl.wrong("Your two results are in the other order: E first, then dZ.")
def kl_other_order(Z, Y):
    log_P, logs = log_softmax(Z), np.log(np.where(Y > 0, Y, 1))
    return (np.exp(log_P) - Y) / len(Z), np.sum(Y * (logs - log_P)) / len(Z)


@kl.wrong(
    "You set dZ to 0 where the target is 0. Such a class adds nothing to E itself, but its logit "
    "stands in the sum that all are divided by: it has to go down."
)
def kl_gradient_where_positive(Z, Y):
    log_P, positive = log_softmax(Z), Y > 0
    E = np.sum(Y[positive] * (np.log(Y[positive]) - log_P[positive]))
    return E / len(Z), np.where(positive, np.exp(log_P) - Y, 0) / len(Z)


@kl.wrong(
    "You put the logits where log P belongs. They become log P only when the logarithm of the sum "
    "of their exponentials is taken away, as log_softmax does."
)
def kl_of_logits(Z, Y):
    positive = Y > 0
    E = np.sum(Y[positive] * (np.log(Y[positive]) - Z[positive]))
    return E / len(Z), (np.exp(log_softmax(Z)) - Y) / len(Z)


@kl.wrong(
    "You multiply dZ by p(1-p), the slope of the sigmoid. For this loss it has cancelled against "
    "the 1/p of the logarithm already: nothing is left of it."
)
def kl_gradient_with_slope(Z, Y):
    log_P, positive = log_softmax(Z), Y > 0
    E = np.sum(Y[positive] * (np.log(Y[positive]) - log_P[positive]))
    P = np.exp(log_P)
    return E / len(Z), (P - Y) * P * (1 - P) / len(Z)


@kl.wrong(
    "Your own softmax overflows: np.exp(900) is infinite, and infinite by infinite is NaN. "
    "log_softmax takes the largest logit away first."
)
def kl_overflows(Z, Y):
    with np.errstate(all="ignore"):
        P, positive = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True), Y > 0
        E = np.sum(Y[positive] * np.log(Y[positive] / P[positive]))
    return E / len(Z), (P - Y) / len(Z)


@kl.wrong(
    "You apply softmax to the targets. They are probabilities already: a second softmax flattens "
    "them."
)
def kl_softmax_on_targets(Z, Y):
    log_P, log_Y = log_softmax(Z), log_softmax(Y)
    E = np.sum(np.exp(log_Y) * (log_Y - log_P))
    return E / len(Z), (np.exp(log_P) - np.exp(log_Y)) / len(Z)


@kl.wrong(
    "Your dZ knows only half of the softmax: a logit also stands in the sum that the *other* "
    "classes are divided by. Collect all terms with p before you simplify."
)
def kl_without_normaliser(Z, Y):
    log_P, positive = log_softmax(Z), Y > 0
    E = np.sum(Y[positive] * (np.log(Y[positive]) - log_P[positive]))
    return E / len(Z), (np.exp(log_P) - 1) * Y / len(Z)


@kl.wrong(
    "Two things: E is the cross-entropy, which still holds the entropy of the targets; and dZ "
    "misses the division by N."
)
def kl_cross_entropy_not_averaged(Z, Y):
    log_P = log_softmax(Z)
    return -np.sum(Y * log_P) / len(Z), np.exp(log_P) - Y


@kl.wrong(
    "Two things: dZ misses the division by N; and where a target is 0, 0 times log 0 gives NaN "
    "instead of 0."
)
def kl_zero_log_zero_not_averaged(Z, Y):
    log_P = log_softmax(Z)
    with np.errstate(all="ignore"):
        E = np.sum(Y * (np.log(Y) - log_P)) / len(Z)
    return E, np.exp(log_P) - Y


@kl.wrong(
    "Two things: the mean runs over the N samples, not over all N C entries; and where a target is "
    "0, 0 times log 0 gives NaN instead of 0."
)
def kl_zero_log_zero_mean_over_entries(Z, Y):
    log_P = log_softmax(Z)
    with np.errstate(all="ignore"):
        E = np.mean(Y * (np.log(Y) - log_P))
    return E, (np.exp(log_P) - Y) / len(Z)


@kl.wrong(
    "E is divided by N C, dZ by N. The divergence of one sample is a *sum* over its classes: both "
    "divide by N."
)
def kl_value_over_entries(Z, Y):
    log_P, positive = log_softmax(Z), Y > 0
    E = np.sum(Y[positive] * (np.log(Y[positive]) - log_P[positive]))
    return E / Z.size, (np.exp(log_P) - Y) / len(Z)


# ---------------------------------------------------------------- smallest_eigenvalue


def smallest_eigenvalue(w, b, X, y, loss):
    p = sigmoid(X @ w + b)
    s = p * (1 - p)
    h = s if loss == "kl" else 2 * s * (s + (p - y) * (1 - 2 * p))
    inputs = np.column_stack([X, np.ones(len(X))])
    H = inputs.T @ (h[:, None] * inputs) / len(X)
    return np.linalg.eigvalsh(H)[0]


eigenvalue = lab.question(
    "smallest_eigenvalue",
    title="Is the surface convex here?",
    points=4,
    minutes=16,
    section=("sec-loss-surface", "Two loss surfaces"),
    hints=(
        "Three steps: p for all samples, then the second derivative h of each sample's loss by z, "
        "then H. The slope of the sigmoid is p(1-p); for h differentiate the given slopes once "
        "more. For the KL loss only p depends on z.",
        "For L2 the slope 2 (p-y) p(1-p) is a product of two things that depend on z: p-y, and "
        "p(1-p), whose own slope is p(1-p)(1-2p). Two terms come out. Then put a column of ones "
        "beside X: its transpose, times itself with row n multiplied by h_n, is N times H.",
        "With s = p(1-p): h is s for KL, and 2 s s + 2 (p-y) s (1-2p) for L2. With the inputs and "
        "the column of ones in X1, H is X1.T @ (h[:, None] * X1) / N, and "
        "np.linalg.eigvalsh(H) gives its eigenvalues, the smallest first.",
    ),
)(smallest_eigenvalue)


@eigenvalue.inputs(points=1)
def eigenvalue_small(rng):
    X = np.array([[1.0, 0.0], [-1.0, 2.0], [0.5, -1.0], [2.0, 1.0]])
    y = np.array([1.0, 0.0, 0.0, 1.0])
    w = np.array([-1.0, 0.5])
    line, targets = np.array([[-2.0], [-0.5], [1.0], [3.0]]), np.array([0.0, 1.0, 0.0, 1.0])
    return [
        (w, 0.5, X, y, "l2"),
        (w, 0.5, X, y, "kl"),
        (np.array([1.0]), -0.5, line, targets, "l2"),
        (np.array([1.0]), -0.5, line, targets, "kl"),
    ]


@eigenvalue.inputs(points=1, hidden=True, about="other shapes, at several places of both surfaces")
def eigenvalue_fresh(rng):
    cases = []
    for N, D in ((4, 1), (9, 2), (25, 3)):
        X, y = rng.normal(size=(N, D)), rng.integers(2, size=N).astype(float)
        for loss in ("l2", "kl"):
            cases.append((rng.normal(size=D), float(rng.normal()), X, y, loss))
    return cases


def slope_of(theta, X, y, loss):
    """The gradient over (w, b), with respect to which the Hessian is measured."""
    p = sigmoid(X @ theta[:-1] + theta[-1])
    dz = (p - y) if loss == "kl" else 2 * (p - y) * p * (1 - p)
    return np.append(dz @ X, dz.sum()) / len(X)


@eigenvalue.test(points=1, hidden=True, about="the Hessian measured by differences")
def eigenvalue_agrees_with_differences(student, rng):
    X, y = rng.normal(size=(8, 2)), rng.integers(2, size=8).astype(float)
    for loss in ("l2", "kl"):
        theta = rng.normal(size=3)
        rows = [
            differences(lambda t, loss=loss, k=k: slope_of(t, X, y, loss)[k], theta)
            for k in range(3)
        ]
        H = np.array(rows)
        smallest = np.linalg.eigvalsh((H + H.T) / 2)[0]
        expect(student(theta[:-1], float(theta[-1]), X, y, loss), smallest, rtol=1e-4, atol=1e-6)


@eigenvalue.test(points=1, hidden=True, about="one sample, whose truth gets more and less than 1/3")
def eigenvalue_of_one_sample(student, rng):
    """One sample curves the surface in one direction: up or down, and in all others not at all."""
    X = rng.normal(size=(1, 2))
    size = np.sum(X * X) + 1

    def found(*case):  # np.linalg.eigvals rounds to complex numbers here
        return np.real_if_close(student(*case))

    for truth in (0.02, 0.2, 0.32, 0.35, 0.6, 0.9):
        z = np.log(truth / (1 - truth))
        w = rng.normal(size=2)
        b = float(z - X[0] @ w)
        down = min(2 * truth * (1 - truth) ** 2 * (3 * truth - 1), 0.0) * size
        expect(found(w, b, X, np.ones(1), "l2"), down, atol=1e-7)
        expect(found(-w, -b, X, np.zeros(1), "l2"), down, atol=1e-7)
        expect(found(w, b, X, np.ones(1), "kl"), 0.0, atol=1e-7)
    # So that "never below 0" is not enough.
    four = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0], [1.0, 1.0]])
    at_zero = np.zeros(2), 0.0, four, np.ones(4), "kl"
    expect(student(*at_zero), smallest_eigenvalue(*at_zero))


@eigenvalue.wrong(
    "Your L2 surface is never curved downwards: the term with p - y is missing. It is the product "
    "rule's other half, and where the output is wrong it is negative."
)
def eigenvalue_gauss_newton(w, b, X, y, loss):
    p = sigmoid(X @ w + b)
    s = p * (1 - p)
    h = s if loss == "kl" else 2 * s * s
    inputs = np.column_stack([X, np.ones(len(X))])
    return np.linalg.eigvalsh(inputs.T @ (h[:, None] * inputs) / len(X))[0]


@eigenvalue.wrong(
    "You return the largest eigenvalue. A surface is convex if it curves downwards in *no* "
    "direction, so look at the direction that curves least."
)
def eigenvalue_largest(w, b, X, y, loss):
    p = sigmoid(X @ w + b)
    s = p * (1 - p)
    h = s if loss == "kl" else 2 * s * (s + (p - y) * (1 - 2 * p))
    inputs = np.column_stack([X, np.ones(len(X))])
    return np.linalg.eigvalsh(inputs.T @ (h[:, None] * inputs) / len(X))[-1]


@eigenvalue.wrong(
    "You sum over the samples. E is their mean, and so is its Hessian. (The sign does not change, "
    "but the number does.)"
)
def eigenvalue_summed(w, b, X, y, loss):
    p = sigmoid(X @ w + b)
    s = p * (1 - p)
    h = s if loss == "kl" else 2 * s * (s + (p - y) * (1 - 2 * p))
    inputs = np.column_stack([X, np.ones(len(X))])
    return np.linalg.eigvalsh(inputs.T @ (h[:, None] * inputs))[0]


@eigenvalue.wrong(
    "You look along the axes only: the smallest entry of the diagonal. A surface may curve upwards "
    "along each axis and downwards in between."
)
def eigenvalue_of_diagonal(w, b, X, y, loss):
    p = sigmoid(X @ w + b)
    s = p * (1 - p)
    h = s if loss == "kl" else 2 * s * (s + (p - y) * (1 - 2 * p))
    inputs = np.column_stack([X, np.ones(len(X))])
    return np.diag(inputs.T @ (h[:, None] * inputs) / len(X)).min()


@eigenvalue.wrong(
    "The bias is missing: your Hessian is over w alone, (D, D). b is a parameter, too, with an "
    "input that is always 1."
)
def eigenvalue_without_bias(w, b, X, y, loss):
    p = sigmoid(X @ w + b)
    s = p * (1 - p)
    h = s if loss == "kl" else 2 * s * (s + (p - y) * (1 - 2 * p))
    return np.linalg.eigvalsh(X.T @ (h[:, None] * X) / len(X))[0]


@eigenvalue.wrong(
    "The term with p - y has the wrong sign. Where y is 1 and p is near 0, the L2 surface curves "
    "downwards."
)
def eigenvalue_wrong_sign(w, b, X, y, loss):
    p = sigmoid(X @ w + b)
    s = p * (1 - p)
    h = s if loss == "kl" else 2 * s * (s - (p - y) * (1 - 2 * p))
    inputs = np.column_stack([X, np.ones(len(X))])
    return np.linalg.eigvalsh(inputs.T @ (h[:, None] * inputs) / len(X))[0]


@eigenvalue.wrong(
    "Your L2 values are half of what they should be: this loss is the squared difference, without "
    "a half."
)
def eigenvalue_halved(w, b, X, y, loss):
    p = sigmoid(X @ w + b)
    s = p * (1 - p)
    h = s if loss == "kl" else s * (s + (p - y) * (1 - 2 * p))
    inputs = np.column_stack([X, np.ones(len(X))])
    return np.linalg.eigvalsh(inputs.T @ (h[:, None] * inputs) / len(X))[0]


@eigenvalue.wrong(
    "These are singular values, which have no sign, and the sign is the question. Take eigenvalues."
)
def eigenvalue_singular_value(w, b, X, y, loss):
    p = sigmoid(X @ w + b)
    s = p * (1 - p)
    h = s if loss == "kl" else 2 * s * (s + (p - y) * (1 - 2 * p))
    inputs = np.column_stack([X, np.ones(len(X))])
    return np.abs(np.linalg.eigvalsh(inputs.T @ (h[:, None] * inputs) / len(X))).min()


@eigenvalue.wrong(
    "You square the slopes. The mean of squared slopes is never negative, on any surface: the "
    "Hessian needs the second derivative."
)
def eigenvalue_of_squared_slopes(w, b, X, y, loss):
    p = sigmoid(X @ w + b)
    slope = p - y if loss == "kl" else 2 * (p - y) * p * (1 - p)
    inputs = np.column_stack([X, np.ones(len(X))])
    return np.linalg.eigvalsh(inputs.T @ (slope[:, None] ** 2 * inputs) / len(X))[0]


@eigenvalue.wrong(
    "The slope of p(1-p) by z is not 1-2p: that is its slope by p. From p to z one more factor is "
    "on the way, the slope of the sigmoid."
)
def eigenvalue_chain_rule_forgotten(w, b, X, y, loss):
    p = sigmoid(X @ w + b)
    s = p * (1 - p)
    h = s if loss == "kl" else 2 * (s * s + (p - y) * (1 - 2 * p))
    inputs = np.column_stack([X, np.ones(len(X))])
    return np.linalg.eigvalsh(inputs.T @ (h[:, None] * inputs) / len(X))[0]


@eigenvalue.wrong(
    "You differentiate the first slope, p - y, and take p for z: its slope by z is p(1-p), not 1, "
    "in both losses."
)
def eigenvalue_slope_one(w, b, X, y, loss):
    p = sigmoid(X @ w + b)
    s = p * (1 - p)
    h = np.ones(len(X)) if loss == "kl" else 2 * (s + (p - y) * s * (1 - 2 * p))
    inputs = np.column_stack([X, np.ones(len(X))])
    return np.linalg.eigvalsh(inputs.T @ (h[:, None] * inputs) / len(X))[0]


@eigenvalue.wrong(
    "You do not look at loss: both get the second derivative of L2. For the KL loss it is "
    "another one, and simpler."
)
def eigenvalue_always_l2(w, b, X, y, loss):
    p = sigmoid(X @ w + b)
    s = p * (1 - p)
    h = 2 * s * (s + (p - y) * (1 - 2 * p))
    inputs = np.column_stack([X, np.ones(len(X))])
    return np.linalg.eigvalsh(inputs.T @ (h[:, None] * inputs) / len(X))[0]


@eigenvalue.wrong(
    "You average the smallest eigenvalues of the single samples. Each sample curves the surface in "
    "its own direction; first average the Hessians, then look for the worst direction."
)
def eigenvalue_of_each_sample(w, b, X, y, loss):
    p = sigmoid(X @ w + b)
    s = p * (1 - p)
    h = s if loss == "kl" else 2 * s * (s + (p - y) * (1 - 2 * p))
    inputs = np.column_stack([X, np.ones(len(X))])
    return np.mean(np.minimum(h * np.sum(inputs**2, axis=1), 0))


@eigenvalue.wrong(
    "Your h for L2 has one of the product rule's two terms, that with p - y. The other comes from "
    "the slope of p - y itself."
)
def eigenvalue_half_a_product_rule(w, b, X, y, loss):
    p = sigmoid(X @ w + b)
    s = p * (1 - p)
    h = s if loss == "kl" else 2 * s * (p - y) * (1 - 2 * p)
    inputs = np.column_stack([X, np.ones(len(X))])
    return np.linalg.eigvalsh(inputs.T @ (h[:, None] * inputs) / len(X))[0]


@eigenvalue.wrong(
    "You put the first slope of the L2 loss where the second derivative belongs: differentiate it "
    "by z once more."
)
def eigenvalue_of_first_slope(w, b, X, y, loss):
    p = sigmoid(X @ w + b)
    s = p * (1 - p)
    h = s if loss == "kl" else 2 * (p - y) * s
    inputs = np.column_stack([X, np.ones(len(X))])
    return np.linalg.eigvalsh(inputs.T @ (h[:, None] * inputs) / len(X))[0]


@eigenvalue.wrong(
    "You do not look at loss: both get p(1-p), the second derivative of the KL loss. That of L2 "
    "has more terms, and they may be negative."
)
def eigenvalue_always_kl(w, b, X, y, loss):
    p = sigmoid(X @ w + b)
    h = p * (1 - p)
    inputs = np.column_stack([X, np.ones(len(X))])
    return np.linalg.eigvalsh(inputs.T @ (h[:, None] * inputs) / len(X))[0]


@eigenvalue.wrong(
    "h has one number for each sample, (N,), and NumPy lays it along the inputs. As a column (N, "
    "1) it multiplies the rows: h[:, None]."
)
def eigenvalue_h_not_a_column(w, b, X, y, loss):
    p = sigmoid(X @ w + b)
    s = p * (1 - p)
    h = s if loss == "kl" else 2 * s * (s + (p - y) * (1 - 2 * p))
    inputs = np.column_stack([X, np.ones(len(X))])
    return np.linalg.eigvalsh(inputs.T @ (h * inputs) / len(X))[0]


@eigenvalue.wrong(
    "One of the two terms of your h for L2 lacks its 2: the factor stands in front of the whole "
    "product, so both terms have it."
)
def eigenvalue_two_in_one_term(w, b, X, y, loss):
    p = sigmoid(X @ w + b)
    s = p * (1 - p)
    h = s if loss == "kl" else 2 * s * s + (p - y) * s * (1 - 2 * p)
    inputs = np.column_stack([X, np.ones(len(X))])
    return np.linalg.eigvalsh(inputs.T @ (h[:, None] * inputs) / len(X))[0]


@eigenvalue.wrong(
    "You use the slopes of the table as they are. The Hessian holds *second* derivatives: "
    "differentiate each slope by z once more."
)
def eigenvalue_of_both_slopes(w, b, X, y, loss):
    p = sigmoid(X @ w + b)
    s = p * (1 - p)
    h = p - y if loss == "kl" else 2 * (p - y) * s
    inputs = np.column_stack([X, np.ones(len(X))])
    return np.linalg.eigvalsh(inputs.T @ (h[:, None] * inputs) / len(X))[0]


@eigenvalue.wrong(
    "Your h for L2 is that of a sample with y = 1. For those with y = 0 it is another: keep y in "
    "the formula."
)
def eigenvalue_for_yes_alone(w, b, X, y, loss):
    p = sigmoid(X @ w + b)
    s = p * (1 - p)
    h = s if loss == "kl" else 2 * p * (1 - p) ** 2 * (3 * p - 1)
    inputs = np.column_stack([X, np.ones(len(X))])
    return np.linalg.eigvalsh(inputs.T @ (h[:, None] * inputs) / len(X))[0]


@eigenvalue.wrong(
    "For the KL loss you differentiate by p. The surface is over (w, b), which act through z: the "
    "second derivative by z is wanted, and it is much simpler."
)
def eigenvalue_by_p(w, b, X, y, loss):
    p = sigmoid(X @ w + b)
    s = p * (1 - p)
    h = y / p**2 + (1 - y) / (1 - p) ** 2 if loss == "kl" else 2 * s * (s + (p - y) * (1 - 2 * p))
    inputs = np.column_stack([X, np.ones(len(X))])
    return np.linalg.eigvalsh(inputs.T @ (h[:, None] * inputs) / len(X))[0]


@eigenvalue.wrong(
    "You differentiate the slope of L2 by p. The surface is over (w, b), which act through z: by "
    "the chain rule one more factor p(1-p) comes in."
)
def eigenvalue_l2_by_p(w, b, X, y, loss):
    p = sigmoid(X @ w + b)
    s = p * (1 - p)
    h = s if loss == "kl" else 2 * (s + (p - y) * (1 - 2 * p))
    inputs = np.column_stack([X, np.ones(len(X))])
    return np.linalg.eigvalsh(inputs.T @ (h[:, None] * inputs) / len(X))[0]


@eigenvalue.wrong(
    "You differentiate the slopes of the table by p. The surface is over (w, b), which act through "
    "z: by the chain rule one more factor p(1-p) comes in, for both losses."
)
def eigenvalue_both_by_p(w, b, X, y, loss):
    p = sigmoid(X @ w + b)
    s = p * (1 - p)
    h = np.ones(len(X)) if loss == "kl" else 2 * (s + (p - y) * (1 - 2 * p))
    inputs = np.column_stack([X, np.ones(len(X))])
    return np.linalg.eigvalsh(inputs.T @ (h[:, None] * inputs) / len(X))[0]


@eigenvalue.wrong(
    "You differentiate p - y alone, the slope of KL, and double it. The slope of L2 has the factor "
    "p(1-p) besides: differentiate the whole product."
)
def eigenvalue_of_twice_kl(w, b, X, y, loss):
    p = sigmoid(X @ w + b)
    s = p * (1 - p)
    h = s if loss == "kl" else 2 * s
    inputs = np.column_stack([X, np.ones(len(X))])
    return np.linalg.eigvalsh(inputs.T @ (h[:, None] * inputs) / len(X))[0]


@eigenvalue.wrong(
    "You say whether the surface curves downwards. How much is asked for: the smallest eigenvalue "
    "itself."
)
def eigenvalue_as_verdict(w, b, X, y, loss):
    p = sigmoid(X @ w + b)
    s = p * (1 - p)
    h = s if loss == "kl" else 2 * s * (s + (p - y) * (1 - 2 * p))
    inputs = np.column_stack([X, np.ones(len(X))])
    return np.linalg.eigvalsh(inputs.T @ (h[:, None] * inputs) / len(X))[0] < 0


@eigenvalue.wrong("You return all eigenvalues. One number is asked for: the smallest of them.")
def eigenvalue_all(w, b, X, y, loss):
    p = sigmoid(X @ w + b)
    s = p * (1 - p)
    h = s if loss == "kl" else 2 * s * (s + (p - y) * (1 - 2 * p))
    inputs = np.column_stack([X, np.ones(len(X))])
    return np.linalg.eigvalsh(inputs.T @ (h[:, None] * inputs) / len(X))


@eigenvalue.wrong(
    "You average h and the products of the inputs apart from each other. Each sample's product is "
    "multiplied by its own h, and then the mean is taken."
)
def eigenvalue_of_mean_h(w, b, X, y, loss):
    p = sigmoid(X @ w + b)
    s = p * (1 - p)
    h = s if loss == "kl" else 2 * s * (s + (p - y) * (1 - 2 * p))
    inputs = np.column_stack([X, np.ones(len(X))])
    return np.linalg.eigvalsh(h.mean() * inputs.T @ inputs / len(X))[0]


@eigenvalue.wrong(
    "h is in your H twice: both factors of the product are multiplied by it, and its square has "
    "no sign. Multiply one of them."
)
def eigenvalue_h_twice(w, b, X, y, loss):
    p = sigmoid(X @ w + b)
    s = p * (1 - p)
    h = s if loss == "kl" else 2 * s * (s + (p - y) * (1 - 2 * p))
    inputs = np.column_stack([X, np.ones(len(X))])
    weighted = h[:, None] * inputs
    return np.linalg.eigvalsh(weighted.T @ weighted / len(X))[0]


# ---------------------------------------------------------------- train_from_wrong


def train_from_wrong(X, y, X_new, W, b, steps, lr):
    Y = np.eye(W.shape[1])[y]
    for _ in range(steps):
        dZ = (sigmoid(X @ W + b) - Y) / len(X)
        W, b = W - lr * X.T @ dZ, b - lr * dZ.sum(axis=0)
    return (X_new @ W + b).argmax(axis=1)


training = lab.question(
    "train_from_wrong",
    title="Digits, from a wrong and sure start",
    points=4,
    minutes=14,
    section=("sec-flat", "Wrong and sure: why not least squares"),
    accuracy=0.6,
    hints=(
        "Each step: the logits of all samples, their sigmoids P, the slope dZ of the loss that you "
        "choose, and then W and b against their gradients. Which slope does not fade where an "
        "output is wrong and sure?",
        "Cross-entropy of a sigmoid has the slope p - y, without the factor p(1-p). The targets "
        "are rows with a 1 for the true class and 0 elsewhere: rows of np.eye(C), picked by y.",
        "dZ is (P - Y) / N. Then W minus lr times X.T @ dZ, and b minus lr times the sum of dZ "
        "over the batch, as new arrays. All steps of it, and nothing before the loop that forgets "
        "the W and b that you were given.",
    ),
)(train_from_wrong)

DIGITS = mini_mnist()


def pooled(X):
    """Pictures of 28 x 28 as 7 x 7 means, with one decimal."""
    return X.astype(np.float64).reshape(-1, 7, 4, 7, 4).mean(axis=(2, 4)).reshape(-1, 49).round(1)


def sure_and_wrong(X, y, sureness=10, shift=1):
    """Ten detectors, fitted to y + shift instead of y, and then made sure of themselves."""
    inputs = np.column_stack([X, np.ones(len(X))])
    T = 2 * np.eye(10)[(y + shift) % 10] - 1
    ridge = inputs.T @ inputs + 0.1 * np.eye(inputs.shape[1])
    V = sureness * np.linalg.solve(ridge, inputs.T @ T)
    return V[:-1].round(3), V[-1].round(3)


def drawn_digits(rng, small, n_train, n_new):
    """Other digits each time, with shuffled pixels and other names for the classes.

    A detector does not mind, but nobody finds these pictures in a file.
    """
    rows, new = rng.permutation(7000)[:n_train], rng.permutation(1500)[:n_new]
    X, X_new = (small(part.X[k]) for part, k in ((DIGITS.train, rows), (DIGITS.test, new)))
    pixels, names = rng.permutation(X.shape[1]), rng.permutation(10)
    y, y_new = names[DIGITS.train.y[rows]], names[DIGITS.test.y[new]]
    return X[:, pixels], y, X_new[:, pixels], y_new


@training.inputs(points=1, seconds=10)
def training_small(rng):
    X, y = pooled(DIGITS.train.X[:400]), DIGITS.train.y[:400]
    X_new, y_new = pooled(DIGITS.val.X[:150]), DIGITS.val.y[:150]
    W, b = sure_and_wrong(X, y)
    few = X_new[:40]
    at_start = (few @ W + b).argmax(axis=1)
    blank, sure = np.zeros((50, 2)), np.array([6.0, -6.0, -6.0])
    near = np.array([3.0, 2.8, -3.5])
    return [
        ((X, y, X_new, W, b, 500, 3.0), y_new),
        ((X[:1], y[:1], few, W, b, 10, 0.0), at_start),  # no move: the start's own answers
        ((X[:60], y[:60], few, W, b, 1, 3.0), at_start),  # one short step: nearly the same
        # Nothing to see: b alone can learn that the answer is always 1.
        ((blank, np.ones(50, int), blank[:5], np.eye(2, 3), sure, 20, 1.0), np.ones(5, int)),
        # One long step, each class by its own sigmoid: from class 0 to 2. By a softmax: to 1.
        ((blank, np.full(50, 2), blank[:5], np.eye(2, 3), near, 1, 4.0), np.full(5, 2)),
    ]


@training.inputs(
    points=1, hidden=True, seconds=10, about="other digits to learn from, and other new ones"
)
def training_fresh(rng):
    X, y, X_new, y_new = drawn_digits(rng, pooled, 500, 500)
    W, b = sure_and_wrong(X, y, shift=int(rng.integers(2, 9)))
    return [((X, y, X_new, W, b, 500, 3.0), y_new)]


def share_right(predicted, y_new):
    """The share of right labels; whatever else was returned fails."""
    assert isinstance(predicted, np.ndarray), "expected an array of labels"
    assert predicted.shape == y_new.shape, f"expected {y_new.shape}, got {predicted.shape}"
    assert predicted.dtype.kind in "iu", f"expected integers, got {predicted.dtype}"
    return np.mean(predicted == y_new)


@training.test(
    points=1, seconds=10, about="1,000 whole digits, and 1,500 new ones, after few and many steps"
)
def training_reads_whole_digits(student, rng):
    X, y, X_new, y_new = drawn_digits(rng, lambda X: X.astype(np.float64), 1000, 1500)
    W, b = sure_and_wrong(X, y, shift=int(rng.integers(2, 9)))
    accuracy = share_right(student(X, y, X_new, W, b, 200, 3.0), y_new)
    assert accuracy >= 0.65, f"expected 65 % of the new digits, got {accuracy:.1%}"
    # The way out goes step by step: the first three, for a mean and at a small rate, are short.
    share = share_right(student(X, y, X_new, W, b, 3, 0.03), (X_new @ W + b).argmax(axis=1))
    assert share > 0.9, "after 3 steps at rate 0.03 too many answers have changed"


@training.test(points=1, seconds=10, about="few and tiny steps, blank pictures, and three classes")
def training_starts_where_it_is_told(student, rng):
    """Without a step that counts, the answers are those of W and b as given."""
    X, y, X_new, _ = drawn_digits(rng, pooled, 100, 300)
    W, b = sure_and_wrong(X, y)
    at_start = (X_new @ W + b).argmax(axis=1)
    for steps, lr in ((0, 3.0), (3, 1e-9)):
        share = share_right(student(X, y, X_new, W, b, steps, lr), at_start)
        assert share > 0.98, f"after {steps} steps at rate {lr:g} it does not answer as W and b do"
    for label in range(4):  # where there is nothing to see, b has to learn the one answer
        blank, labels = np.zeros((60, 5)), np.full(60, label)
        b = 5 - 10 * np.eye(4)[label]
        found = student(blank, labels, blank[:9], rng.normal(size=(5, 4)), b, 30, 1.0)
        assert share_right(found, labels[:9]) == 1, "b does not learn from blank pictures"
    order = rng.permutation(3)  # one step: each class by its own sigmoid
    blank, labels = np.zeros((30, 4)), np.full(30, order[2])
    b = np.array([3.0, 2.8, -3.5])[np.argsort(order)]
    found = student(blank, labels, blank[:9], rng.normal(size=(4, 3)), b, 1, 4.0)
    assert share_right(found, labels[:9]) == 1, "one long step does not bring it to the one answer"
    centres, labels = 2 * np.eye(3)[:, ::-1], np.arange(60) % 3
    X = centres[labels] + 0.3 * rng.normal(size=(60, 3))
    found = student(X, labels, X, 10 * np.eye(3), np.zeros(3), 300, 1.0)
    assert share_right(found, labels) > 0.9, "it does not learn three classes from 60 samples"


@training.wrong(
    "It stays where it started: nearly every answer is still wrong. Your slope has the factor "
    "p(1-p), that of least squares, and it is next to nothing where an output is sure."
)
def training_least_squares(X, y, X_new, W, b, steps, lr):
    Y = np.eye(W.shape[1])[y]
    for _ in range(steps):
        P = sigmoid(X @ W + b)
        dZ = 2 * (P - Y) * P * (1 - P) / len(X)
        W, b = W - lr * X.T @ dZ, b - lr * dZ.sum(axis=0)
    return (X_new @ W + b).argmax(axis=1)


@training.wrong(
    "It stays where it started: nearly every answer is still wrong. Your slope has the factor "
    "p(1-p), that of least squares, and it is next to nothing where an output is sure."
)
def training_half_least_squares(X, y, X_new, W, b, steps, lr):
    Y = np.eye(W.shape[1])[y]
    for _ in range(steps):
        P = sigmoid(X @ W + b)
        dZ = (P - Y) * P * (1 - P) / len(X)
        W, b = W - lr * X.T @ dZ, b - lr * dZ.sum(axis=0)
    return (X_new @ W + b).argmax(axis=1)


@training.wrong(
    "It stays where it started: nearly every answer is still wrong. Your slope has the factor "
    "p(1-p), that of least squares, and it is next to nothing where an output is sure."
)
def training_least_squares_over_entries(X, y, X_new, W, b, steps, lr):
    Y = np.eye(W.shape[1])[y]
    for _ in range(steps):
        P = sigmoid(X @ W + b)
        dZ = 2 * (P - Y) * P * (1 - P) / P.size
        W, b = W - lr * X.T @ dZ, b - lr * dZ.sum(axis=0)
    return (X_new @ W + b).argmax(axis=1)


@training.wrong(
    "Even with steps N times as long, from a sum instead of a mean, it hardly gets away. Your "
    "slope has the factor p(1-p), that of least squares: next to nothing where an output is sure."
)
def training_least_squares_summed(X, y, X_new, W, b, steps, lr):
    Y = np.eye(W.shape[1])[y]
    for _ in range(steps):
        P = sigmoid(X @ W + b)
        dZ = 2 * (P - Y) * P * (1 - P)
        W, b = W - lr * X.T @ dZ, b - lr * dZ.sum(axis=0)
    return (X_new @ W + b).argmax(axis=1)


@training.wrong(
    "The loss is right, but the steps are C times too short: you divide by the number of all "
    "entries. A sample's loss is the sum over its C questions, and only the samples are averaged."
)
def training_mean_over_entries(X, y, X_new, W, b, steps, lr):
    Y = np.eye(W.shape[1])[y]
    for _ in range(steps):
        P = sigmoid(X @ W + b)
        dZ = (P - Y) / P.size
        W, b = W - lr * X.T @ dZ, b - lr * dZ.sum(axis=0)
    return (X_new @ W + b).argmax(axis=1)


@training.wrong(
    "The answers are, nearly all, those of the W and b that you were given. Does your return stand "
    "inside the loop? Do the steps reach the W and b that answer at the end? Are they N times too "
    "short? Is there a column of 0 and 1 for each class in your targets?"
)
def training_takes_no_step(X, y, X_new, W, b, steps, lr):
    return (X_new @ W + b).argmax(axis=1)


@training.wrong(
    "Your steps are N times too long: the slopes of all samples are added up where their mean is "
    "asked for. A single step at rate 3 then throws all detectors about."
)
def training_summed(X, y, X_new, W, b, steps, lr):
    Y = np.eye(W.shape[1])[y]
    for _ in range(steps):
        dZ = sigmoid(X @ W + b) - Y
        W, b = W - lr * X.T @ dZ, b - lr * dZ.sum(axis=0)
    return (X_new @ W + b).argmax(axis=1)


@training.wrong(
    "Where the pictures are blank, your answers stay those of the start: b does not learn, or N "
    "times too slowly, or all its entries move alike. Its gradient is dZ, which is divided by N "
    "already, summed over the samples, axis 0: one number for each class."
)
def training_without_bias(X, y, X_new, W, b, steps, lr):
    Y = np.eye(W.shape[1])[y]
    for _ in range(steps):
        dZ = (sigmoid(X @ W + b) - Y) / len(X)
        W = W - lr * X.T @ dZ
    return (X_new @ W + b).argmax(axis=1)


@training.wrong(
    "Where the pictures are blank, your answers stay those of the start: b does not learn, or N "
    "times too slowly, or all its entries move alike. Its gradient is dZ, which is divided by N "
    "already, summed over the samples, axis 0: one number for each class."
)
def training_bias_averaged_twice(X, y, X_new, W, b, steps, lr):
    Y = np.eye(W.shape[1])[y]
    for _ in range(steps):
        dZ = (sigmoid(X @ W + b) - Y) / len(X)
        W, b = W - lr * X.T @ dZ, b - lr * dZ.mean(axis=0)
    return (X_new @ W + b).argmax(axis=1)


@training.wrong(
    "Where the pictures are blank, your answers stay those of the start: b does not learn, or N "
    "times too slowly, or all its entries move alike. Its gradient is dZ, which is divided by N "
    "already, summed over the samples, axis 0: one number for each class."
)
def training_bias_in_step(X, y, X_new, W, b, steps, lr):
    Y = np.eye(W.shape[1])[y]
    for _ in range(steps):
        dZ = (sigmoid(X @ W + b) - Y) / len(X)
        W, b = W - lr * X.T @ dZ, b - lr * dZ.sum()
    return (X_new @ W + b).argmax(axis=1)


@training.wrong(
    "You take one softmax over all classes. These are detectors: each answers its own yes/no "
    "question with its own sigmoid, and the loss adds their questions up."
)
def training_softmax(X, y, X_new, W, b, steps, lr):
    Y = np.eye(W.shape[1])[y]
    for _ in range(steps):
        dZ = (np.exp(log_softmax(X @ W + b)) - Y) / len(X)
        W, b = W - lr * X.T @ dZ, b - lr * dZ.sum(axis=0)
    return (X_new @ W + b).argmax(axis=1)


@training.wrong("You take one step too few: range(steps) has as many rounds as steps says.")
def training_one_step_short(X, y, X_new, W, b, steps, lr):
    Y = np.eye(W.shape[1])[y]
    for _ in range(steps - 1):
        dZ = (sigmoid(X @ W + b) - Y) / len(X)
        W, b = W - lr * X.T @ dZ, b - lr * dZ.sum(axis=0)
    return (X_new @ W + b).argmax(axis=1)


@training.wrong(
    "Your slope is the logits minus the targets, and it grows without limit. The targets are "
    "compared with P, the sigmoids of the logits."
)
def training_without_sigmoid(X, y, X_new, W, b, steps, lr):
    Y = np.eye(W.shape[1])[y]
    with np.errstate(all="ignore"):
        for _ in range(steps):
            dZ = (X @ W + b - Y) / len(X)
            W, b = W - lr * X.T @ dZ, b - lr * dZ.sum(axis=0)
        return (X_new @ W + b).argmax(axis=1)


@training.wrong("You answer without b. It belongs to the logits of the new digits, too.")
def training_answers_without_bias(X, y, X_new, W, b, steps, lr):
    Y = np.eye(W.shape[1])[y]
    for _ in range(steps):
        dZ = (sigmoid(X @ W + b) - Y) / len(X)
        W, b = W - lr * X.T @ dZ, b - lr * dZ.sum(axis=0)
    return (X_new @ W).argmax(axis=1)


@training.wrong("Your return stands inside the loop: after the first step it is over.")
def training_returns_in_loop(X, y, X_new, W, b, steps, lr):
    Y = np.eye(W.shape[1])[y]
    for _ in range(steps):
        dZ = (sigmoid(X @ W + b) - Y) / len(X)
        W, b = W - lr * X.T @ dZ, b - lr * dZ.sum(axis=0)
        return (X_new @ W + b).argmax(axis=1)
    return None


@training.wrong(
    "You compute P once, before the loop. After the first step W and b are others, and so is P."
)
def training_on_old_outputs(X, y, X_new, W, b, steps, lr):
    Y = np.eye(W.shape[1])[y]
    dZ = (sigmoid(X @ W + b) - Y) / len(X)
    for _ in range(steps):
        W, b = W - lr * X.T @ dZ, b - lr * dZ.sum(axis=0)
    return (X_new @ W + b).argmax(axis=1)


@training.wrong("You take another rate than lr. It comes from outside, and may even be 0.")
def training_at_its_own_rate(X, y, X_new, W, b, steps, lr):
    Y = np.eye(W.shape[1])[y]
    for _ in range(steps):
        dZ = (sigmoid(X @ W + b) - Y) / len(X)
        W, b = W - 3 * X.T @ dZ, b - 3 * dZ.sum(axis=0)
    return (X_new @ W + b).argmax(axis=1)


@training.wrong("You take 500 steps, whatever steps says. Their number comes from outside.")
def training_for_its_own_time(X, y, X_new, W, b, steps, lr):
    Y = np.eye(W.shape[1])[y]
    for _ in range(500):
        dZ = (sigmoid(X @ W + b) - Y) / len(X)
        W, b = W - lr * X.T @ dZ, b - lr * dZ.sum(axis=0)
    return (X_new @ W + b).argmax(axis=1)


@training.wrong(
    "You make targets for ten classes. Their number comes from outside: W has a column for each."
)
def training_of_ten_classes(X, y, X_new, W, b, steps, lr):
    Y = np.eye(10)[y]
    for _ in range(steps):
        dZ = (sigmoid(X @ W + b) - Y) / len(X)
        W, b = W - lr * X.T @ dZ, b - lr * dZ.sum(axis=0)
    return (X_new @ W + b).argmax(axis=1)


@training.wrong(
    "You count the classes in the labels. Some class may have no sample: W has a column for each."
)
def training_of_labels_seen(X, y, X_new, W, b, steps, lr):
    Y = np.eye(y.max() + 1)[y]
    for _ in range(steps):
        dZ = (sigmoid(X @ W + b) - Y) / len(X)
        W, b = W - lr * X.T @ dZ, b - lr * dZ.sum(axis=0)
    return (X_new @ W + b).argmax(axis=1)


@training.wrong(
    "You count the classes in the labels. Some class may have no sample: W has a column for each."
)
def training_of_different_labels(X, y, X_new, W, b, steps, lr):
    Y = np.eye(len(np.unique(y)))[y]
    for _ in range(steps):
        dZ = (sigmoid(X @ W + b) - Y) / len(X)
        W, b = W - lr * X.T @ dZ, b - lr * dZ.sum(axis=0)
    return (X_new @ W + b).argmax(axis=1)


@training.wrong(
    "You step along the gradient. It points to where the loss grows; the step goes against it."
)
def training_ascends(X, y, X_new, W, b, steps, lr):
    Y = np.eye(W.shape[1])[y]
    for _ in range(steps):
        dZ = (sigmoid(X @ W + b) - Y) / len(X)
        W, b = W + lr * X.T @ dZ, b + lr * dZ.sum(axis=0)
    return (X_new @ W + b).argmax(axis=1)


@training.wrong(
    "You begin with W and b of your own. A start from zeros is never sure of anything, but here "
    "the training has to go on from the W and b that you are given."
)
def training_starts_afresh(X, y, X_new, W, b, steps, lr):
    Y = np.eye(W.shape[1])[y]
    W, b = np.zeros(W.shape), np.zeros(b.shape)
    for _ in range(steps):
        dZ = (sigmoid(X @ W + b) - Y) / len(X)
        W, b = W - lr * X.T @ dZ, b - lr * dZ.sum(axis=0)
    return (X_new @ W + b).argmax(axis=1)


@training.wrong(
    "W and b themselves change: W -= ... writes into the caller's arrays. W = W - ... makes a new "
    "one."
)
def training_in_place(X, y, X_new, W, b, steps, lr):
    Y = np.eye(W.shape[1])[y]
    for _ in range(steps):
        dZ = (sigmoid(X @ W + b) - Y) / len(X)
        W -= lr * X.T @ dZ
        b -= lr * dZ.sum(axis=0)
    return (X_new @ W + b).argmax(axis=1)


@training.wrong(
    "Your targets are 1 for every class but the true one, so that each detector learns to say no "
    "to its own digit."
)
def training_targets_inverted(X, y, X_new, W, b, steps, lr):
    Y = 1 - np.eye(W.shape[1])[y]
    for _ in range(steps):
        dZ = (sigmoid(X @ W + b) - Y) / len(X)
        W, b = W - lr * X.T @ dZ, b - lr * dZ.sum(axis=0)
    return (X_new @ W + b).argmax(axis=1)


@training.wrong(
    "Only b moves. The ten numbers in it know nothing of the pictures: W needs its gradient, too."
)
def training_bias_alone(X, y, X_new, W, b, steps, lr):
    Y = np.eye(W.shape[1])[y]
    for _ in range(steps):
        dZ = (sigmoid(X @ W + b) - Y) / len(X)
        b = b - lr * dZ.sum(axis=0)
    return (X_new @ W + b).argmax(axis=1)


# ---------------------------------------------------------------- SigmoidLoss


@lab.question(
    "SigmoidLoss",
    title="Clinic: stays at chance",
    points=4,
    minutes=14,
    section=("sec-mistakes-3", "Common mistakes"),
    hints=(
        "Take one complaint at a time, on small numbers. A: call forward and backward on one "
        "logit of -10 whose target is 1; which slope do you expect? B: the same row twice in a "
        "batch. C: two calls of forward with different labels; look at what the object keeps.",
        "A: is that the slope of cross-entropy, or of another loss? B: E is the mean over the "
        "samples, in forward, and dZ is the gradient of that. C: which labels are compared in the "
        "second batch?",
        "A: the slope of cross-entropy by the logit is P - Y, with no further factor. B: divide by "
        "the number of samples, in forward and in backward. C: make the targets again in each "
        "call of forward.",
    ),
)
class SigmoidLoss:
    def forward(self, Z, y):
        self.P, self.Y = sigmoid(Z), np.eye(Z.shape[1])[y]
        return np.sum(np.logaddexp(0, Z) - self.Y * Z) / len(Z)

    def backward(self):
        return (self.P - self.Y) / len(self.P)


def losses_of(*batches, shows=("E", "dZ")):
    """One object, batch after batch: the loss and the gradient of each."""

    def program(student):
        loss = student.SigmoidLoss()
        seen = []
        for logits, labels in batches:
            E = loss.forward(np.array(logits, float), np.array(labels))
            dZ = loss.backward()
            seen += [E] if shows == ("E",) else [dZ] if shows == ("dZ",) else [E, dZ]
        return seen

    return record(program)


def losses_first(*batches, gradient=True):
    """One object, forward for batch after batch, and then backward for the last alone."""

    def program(student):
        loss = student.SigmoidLoss()
        seen = [loss.forward(np.array(Z, float), np.array(y)) for Z, y in batches]
        return [*seen, loss.backward()] if gradient else seen

    return record(program)


@SigmoidLoss.inputs(points=1)
def sigmoid_loss_small(rng):
    first = [[2, 0, -1], [0, 1, 0.5]], [0, 2]
    second = [[1, -1, 0], [-8, 3, 0]], [1, 0]
    single = [[1, 0.5, -2]], [1]
    return [
        losses_of(first),
        losses_of(first, second),
        losses_of(([[900, -900]], [1])),
        losses_first(first, single),
    ]


# A point for each complaint, where the other two faults make no difference.


@SigmoidLoss.inputs(points=1, hidden=True, about="complaint A: the gradient of a single sample")
def sigmoid_loss_a_slope(rng):
    """One batch (C does not matter) of one sample (nor does B)."""
    return [
        losses_of((scale * rng.normal(size=(1, C)), rng.integers(C, size=1)), shows=("dZ",))
        for C, scale in ((3, 1), (5, 3), (10, 10))
    ]


@SigmoidLoss.test(points=1, about="complaint B: a batch, the same twice over, one after a smaller")
def sigmoid_loss_b_mean(student, rng):
    """The loss of a batch, which A does not touch, and how dZ scales; each batch a new object.

    Or an old one, whose first batch was smaller, and had the same label (C does not matter).
    """
    for N, C in ((2, 3), (5, 4)):
        Z, y = 2 * rng.normal(size=(N, C)), rng.integers(C, size=N)
        right = np.sum(np.logaddexp(0, Z) - np.eye(C)[y] * Z) / N
        E, dZ = student.case(losses_of((Z, y)))
        E_twice, dZ_twice = student.case(losses_of((np.tile(Z, (2, 1)), np.tile(y, 2))))
        expect(E, right)
        expect(E_twice, right)
        expect(dZ_twice, np.tile(dZ, (2, 1)) / 2)
        assert np.abs(dZ).max() > 1e-6, "the gradient is 0"
        y = np.full(N, y[0])
        right = np.sum(np.logaddexp(0, Z) - np.eye(C)[y] * Z) / N
        _, dZ = student.case(losses_of((Z, y)))
        *_, E_after, dZ_after = student.case(losses_of((Z[:1], y[:1]), (Z, y)))
        expect(E_after, right)
        expect(dZ_after, dZ)


@SigmoidLoss.inputs(points=1, hidden=True, about="complaint C: the losses of batch after batch")
def sigmoid_loss_c_targets(rng):
    """Losses alone (A does not matter) of single samples (nor does B), whose labels change."""
    programs = []
    for C in (3, 6):
        labels = rng.permutation(C)[:3]
        batches = [(rng.normal(size=(1, C)), labels[[k]]) for k in range(3)]
        programs.append(losses_of(*batches, shows=("E",)))
        programs.append(losses_first(*batches, gradient=False))
    return programs


@SigmoidLoss.wrong(
    "This does what the class did as you got it. Begin with complaint A: one logit of -10, target "
    "1. Which slope comes back, and which did you expect?"
)
class LossAsGiven:
    def __init__(self):
        self.Y = None

    def forward(self, Z, y):
        if self.Y is None:
            self.Y = np.eye(Z.shape[1])[y]
        self.P = sigmoid(Z)
        return np.sum(np.logaddexp(0, Z) - self.Y * Z)

    def backward(self):
        return (self.P - self.Y) * self.P * (1 - self.P)


@SigmoidLoss.wrong(
    "Complaint A is cured: the slope is that of cross-entropy. B and C are left. Next, give a "
    "batch the same row twice."
)
class LossSlopeCured:
    def __init__(self):
        self.Y = None

    def forward(self, Z, y):
        if self.Y is None:
            self.Y = np.eye(Z.shape[1])[y]
        self.P = sigmoid(Z)
        return np.sum(np.logaddexp(0, Z) - self.Y * Z)

    def backward(self):
        return self.P - self.Y


@SigmoidLoss.wrong(
    "Complaint B is cured: loss and gradient are those of a mean. A and C are left. Next, compare "
    "the slope of a single logit with that of cross-entropy."
)
class LossMeanCured:
    def __init__(self):
        self.Y = None

    def forward(self, Z, y):
        if self.Y is None:
            self.Y = np.eye(Z.shape[1])[y]
        self.P = sigmoid(Z)
        return np.sum(np.logaddexp(0, Z) - self.Y * Z) / len(Z)

    def backward(self):
        return (self.P - self.Y) * self.P * (1 - self.P) / len(self.P)


@SigmoidLoss.wrong(
    "Complaint C is cured: each batch has its own targets. A and B are left. Next, compare the "
    "slope of a single logit with that of cross-entropy."
)
class LossTargetsCured:
    def forward(self, Z, y):
        self.P, self.Y = sigmoid(Z), np.eye(Z.shape[1])[y]
        return np.sum(np.logaddexp(0, Z) - self.Y * Z)

    def backward(self):
        return (self.P - self.Y) * self.P * (1 - self.P)


@SigmoidLoss.wrong(
    "A and B are cured. C is left: a second batch, with other labels, is still compared with "
    "something else."
)
class LossTargetsLeft:
    def __init__(self):
        self.Y = None

    def forward(self, Z, y):
        if self.Y is None:
            self.Y = np.eye(Z.shape[1])[y]
        self.P = sigmoid(Z)
        return np.sum(np.logaddexp(0, Z) - self.Y * Z) / len(Z)

    def backward(self):
        return (self.P - self.Y) / len(self.P)


@SigmoidLoss.wrong(
    "A and C are cured. B is left: with each sample twice in the batch, loss and steps must stay "
    "as they are."
)
class LossMeanLeft:
    def forward(self, Z, y):
        self.P, self.Y = sigmoid(Z), np.eye(Z.shape[1])[y]
        return np.sum(np.logaddexp(0, Z) - self.Y * Z)

    def backward(self):
        return self.P - self.Y


@SigmoidLoss.wrong(
    "B and C are cured. A is left: the slope that backward returns fades where an output is sure, "
    "right or wrong. That of cross-entropy does not."
)
class LossSlopeLeft:
    def forward(self, Z, y):
        self.P, self.Y = sigmoid(Z), np.eye(Z.shape[1])[y]
        return np.sum(np.logaddexp(0, Z) - self.Y * Z) / len(Z)

    def backward(self):
        return (self.P - self.Y) * self.P * (1 - self.P) / len(self.P)


@SigmoidLoss.wrong(
    "The loss is a mean now, but its gradient is still that of the sum: the steps double when each "
    "sample is there twice."
)
class LossMeanInForwardAlone:
    def forward(self, Z, y):
        self.P, self.Y = sigmoid(Z), np.eye(Z.shape[1])[y]
        return np.sum(np.logaddexp(0, Z) - self.Y * Z) / len(Z)

    def backward(self):
        return self.P - self.Y


@SigmoidLoss.wrong(
    "The gradient is that of a mean now, but the loss is still a sum: it doubles when each sample "
    "is there twice."
)
class LossMeanInBackwardAlone:
    def forward(self, Z, y):
        self.P, self.Y = sigmoid(Z), np.eye(Z.shape[1])[y]
        return np.sum(np.logaddexp(0, Z) - self.Y * Z)

    def backward(self):
        return (self.P - self.Y) / len(self.P)


@SigmoidLoss.wrong(
    "You average over all entries, samples and classes. A sample's loss is the *sum* over its "
    "yes/no questions; the mean runs over the samples."
)
class LossMeanOverEntries:
    def forward(self, Z, y):
        self.P, self.Y = sigmoid(Z), np.eye(Z.shape[1])[y]
        return np.mean(np.logaddexp(0, Z) - self.Y * Z)

    def backward(self):
        return (self.P - self.Y) / self.P.size


@SigmoidLoss.wrong(
    "You replaced the safe form of the loss by logarithms of P and 1 - P. At large logits P rounds "
    "to 0 or 1, and the loss is not finite. The formula in forward was right."
)
class LossOfRoundedP:
    def forward(self, Z, y):
        self.P, self.Y = sigmoid(Z), np.eye(Z.shape[1])[y]
        with np.errstate(all="ignore"):
            losses = self.Y * np.log(self.P) + (1 - self.Y) * np.log(1 - self.P)
        return -losses.sum() / len(Z)

    def backward(self):
        return (self.P - self.Y) / len(self.P)


@SigmoidLoss.wrong(
    "Complaint B is half cured: the loss is a mean, but its gradient is still that of the sum. A "
    "and C are left, too."
)
class LossHalfOfMean:
    def __init__(self):
        self.Y = None

    def forward(self, Z, y):
        if self.Y is None:
            self.Y = np.eye(Z.shape[1])[y]
        self.P = sigmoid(Z)
        return np.sum(np.logaddexp(0, Z) - self.Y * Z) / len(Z)

    def backward(self):
        return (self.P - self.Y) * self.P * (1 - self.P)


@SigmoidLoss.wrong(
    "A is cured, and half of B: the loss is a mean, but its gradient is still that of the sum. C "
    "is left, too."
)
class LossHalfOfMeanAndSlope:
    def __init__(self):
        self.Y = None

    def forward(self, Z, y):
        if self.Y is None:
            self.Y = np.eye(Z.shape[1])[y]
        self.P = sigmoid(Z)
        return np.sum(np.logaddexp(0, Z) - self.Y * Z) / len(Z)

    def backward(self):
        return self.P - self.Y


@SigmoidLoss.wrong(
    "C is cured, and half of B: the loss is a mean, but its gradient is still that of the sum. A "
    "is left, too."
)
class LossHalfOfMeanAndTargets:
    def forward(self, Z, y):
        self.P, self.Y = sigmoid(Z), np.eye(Z.shape[1])[y]
        return np.sum(np.logaddexp(0, Z) - self.Y * Z) / len(Z)

    def backward(self):
        return (self.P - self.Y) * self.P * (1 - self.P)


@SigmoidLoss.wrong(
    "The gradient is that of a mean over the samples, but the loss is a mean over all entries. "
    "A sample's loss is the *sum* over its yes/no questions."
)
class LossMeanOverEntriesInForward:
    def forward(self, Z, y):
        self.P, self.Y = sigmoid(Z), np.eye(Z.shape[1])[y]
        return np.mean(np.logaddexp(0, Z) - self.Y * Z)

    def backward(self):
        return (self.P - self.Y) / len(self.P)


@SigmoidLoss.wrong(
    "Complaint B is half cured: the gradient is that of a mean, but the loss is still a sum. A "
    "and C are left, too."
)
class LossOtherHalfOfMean:
    def __init__(self):
        self.Y = None

    def forward(self, Z, y):
        if self.Y is None:
            self.Y = np.eye(Z.shape[1])[y]
        self.P = sigmoid(Z)
        return np.sum(np.logaddexp(0, Z) - self.Y * Z)

    def backward(self):
        return (self.P - self.Y) * self.P * (1 - self.P) / len(self.P)


@SigmoidLoss.wrong(
    "A is cured, and half of B: the gradient is that of a mean, but the loss is still a sum. C is "
    "left, too."
)
class LossOtherHalfOfMeanAndSlope:
    def __init__(self):
        self.Y = None

    def forward(self, Z, y):
        if self.Y is None:
            self.Y = np.eye(Z.shape[1])[y]
        self.P = sigmoid(Z)
        return np.sum(np.logaddexp(0, Z) - self.Y * Z)

    def backward(self):
        return (self.P - self.Y) / len(self.P)


@SigmoidLoss.wrong(
    "C is cured, and half of B: the gradient is that of a mean, but the loss is still a sum. A is "
    "left, too."
)
class LossOtherHalfOfMeanAndTargets:
    def forward(self, Z, y):
        self.Y = np.eye(Z.shape[1])[y]
        self.P = sigmoid(Z)
        return np.sum(np.logaddexp(0, Z) - self.Y * Z)

    def backward(self):
        return (self.P - self.Y) * self.P * (1 - self.P) / len(self.P)


@SigmoidLoss.wrong(
    "You drop the targets in backward, so that the next forward makes new ones. But forward may be "
    "called twice in a row, and then the second batch meets the targets of the first."
)
class LossTargetsDropped:
    def __init__(self):
        self.Y = None

    def forward(self, Z, y):
        if self.Y is None:
            self.Y = np.eye(Z.shape[1])[y]
        self.P = sigmoid(Z)
        return np.sum(np.logaddexp(0, Z) - self.Y * Z) / len(Z)

    def backward(self):
        dZ = (self.P - self.Y) / len(self.P)
        self.Y = None
        return dZ


@SigmoidLoss.wrong(
    "You keep the targets unless the batch has another size. The next batch of the same size has "
    "other labels, too: make them in every call."
)
class LossTargetsOfThisSize:
    def __init__(self):
        self.Y = None

    def forward(self, Z, y):
        if self.Y is None or len(self.Y) != len(y):
            self.Y = np.eye(Z.shape[1])[y]
        self.P = sigmoid(Z)
        return np.sum(np.logaddexp(0, Z) - self.Y * Z) / len(Z)

    def backward(self):
        return (self.P - self.Y) / len(self.P)


@SigmoidLoss.wrong("You divide by the size of the first batch for ever. Each batch has its own N.")
class LossSizeOfFirstBatch:
    def __init__(self):
        self.Y = None

    def forward(self, Z, y):
        if self.Y is None:
            self.N = len(Z)
        self.Y = np.eye(Z.shape[1])[y]
        self.P = sigmoid(Z)
        return np.sum(np.logaddexp(0, Z) - self.Y * Z) / self.N

    def backward(self):
        return (self.P - self.Y) / self.N


@SigmoidLoss.wrong(
    "The loss is right, but its gradient is divided by the size of the first batch for ever. Each "
    "batch has its own N."
)
class LossGradientSizeOfFirstBatch:
    def __init__(self):
        self.N = None

    def forward(self, Z, y):
        if self.N is None:
            self.N = len(Z)
        self.P, self.Y = sigmoid(Z), np.eye(Z.shape[1])[y]
        return np.sum(np.logaddexp(0, Z) - self.Y * Z) / len(Z)

    def backward(self):
        return (self.P - self.Y) / self.N


@SigmoidLoss.wrong("You make targets for ten classes. Z has a column for each class: count those.")
class LossOfTenClasses:
    def forward(self, Z, y):
        self.P, self.Y = sigmoid(Z), np.eye(10)[y]
        return np.sum(np.logaddexp(0, Z) - self.Y * Z) / len(Z)

    def backward(self):
        return (self.P - self.Y) / len(self.P)


@SigmoidLoss.wrong(
    "You count the classes in the labels. Some class may not occur in a batch: Z has a column for "
    "each."
)
class LossOfLabelsSeen:
    def forward(self, Z, y):
        self.P, self.Y = sigmoid(Z), np.eye(y.max() + 1)[y]
        return np.sum(np.logaddexp(0, Z) - self.Y * Z) / len(Z)

    def backward(self):
        return (self.P - self.Y) / len(self.P)


@SigmoidLoss.wrong(
    "The loss is right, but its gradient is divided by the number of all entries. A sample's loss "
    "is the *sum* over its yes/no questions; only the samples are averaged."
)
class LossGradientOverEntries:
    def forward(self, Z, y):
        self.Y = np.eye(Z.shape[1])[y]
        self.P = sigmoid(Z)
        return np.sum(np.logaddexp(0, Z) - self.Y * Z) / len(Z)

    def backward(self):
        return (self.P - self.Y) / self.P.size


@SigmoidLoss.wrong(
    "Your gradient has the wrong sign: where P is too large, the loss grows with the logit."
)
class LossWrongSign:
    def forward(self, Z, y):
        self.Y = np.eye(Z.shape[1])[y]
        self.P = sigmoid(Z)
        return np.sum(np.logaddexp(0, Z) - self.Y * Z) / len(Z)

    def backward(self):
        return (self.Y - self.P) / len(self.P)


@SigmoidLoss.wrong(
    "You divide by the number of classes. Over them the loss is a sum; the mean runs over the "
    "samples, the rows."
)
class LossMeanOverClasses:
    def forward(self, Z, y):
        self.Y = np.eye(Z.shape[1])[y]
        self.P = sigmoid(Z)
        return np.sum(np.logaddexp(0, Z) - self.Y * Z) / Z.shape[1]

    def backward(self):
        return (self.P - self.Y) / self.P.shape[1]


@SigmoidLoss.wrong(
    "B and C are cured. A is left: your gradient is that of least squares. The loss in forward "
    "has no square: its slope does not fade where an output is wrong and sure."
)
class LossSlopeOfLeastSquares:
    def forward(self, Z, y):
        self.P, self.Y = sigmoid(Z), np.eye(Z.shape[1])[y]
        return np.sum(np.logaddexp(0, Z) - self.Y * Z) / len(Z)

    def backward(self):
        return 2 * (self.P - self.Y) * self.P * (1 - self.P) / len(self.P)


@SigmoidLoss.wrong(
    "Your gradient belongs to a softmax over the classes. The loss in forward asks each class its "
    "own yes/no question, with its own sigmoid."
)
class LossSlopeOfSoftmax:
    def forward(self, Z, y):
        self.P, self.Y = np.exp(log_softmax(Z)), np.eye(Z.shape[1])[y]
        return np.sum(np.logaddexp(0, Z) - self.Y * Z) / len(Z)

    def backward(self):
        return (self.P - self.Y) / len(self.P)


@SigmoidLoss.wrong("Your loss has one entry a sample. A loss is one number: take the mean of them.")
class LossOfEachSample:
    def forward(self, Z, y):
        self.Y = np.eye(Z.shape[1])[y]
        self.P = sigmoid(Z)
        return np.sum(np.logaddexp(0, Z) - self.Y * Z, axis=1)

    def backward(self):
        return (self.P - self.Y) / len(self.P)


@SigmoidLoss.wrong(
    "You made value and gradient agree by changing the wrong one: both are now those of least "
    "squares. The formula of the loss was right; mend its gradient."
)
class LossOfLeastSquares:
    def forward(self, Z, y):
        self.Y = np.eye(Z.shape[1])[y]
        self.P = sigmoid(Z)
        return np.sum((self.P - self.Y) ** 2) / len(Z)

    def backward(self):
        return 2 * (self.P - self.Y) * self.P * (1 - self.P) / len(self.P)


# ---------------------------------------------------------------- which_shape

lab.manual(
    "which_shape",
    form="text",
    rubric=[
        (1, "least squares on a sigmoid: flat where wrong and sure, not convex; names a number"),
        (1, "cross-entropy on a sigmoid: none of the three here; says why, and how far that goes"),
        (1, "the root: a cliff at the optimum; says what that does to a fixed learning rate"),
    ],
    title="Which shape has which loss",
    minutes=12,
    section=("sec-loss-shape", "What makes a divergence easy to descend"),
    hints=(
        "Take the losses one by one, and for each the three questions: another minimum? flat far "
        "away? a cliff near the optimum? Some answers you have measured, in parts 3, 4 and 6.",
        "For least squares you have the smallest eigenvalues and what becomes of the ten detectors "
        "with its slope. For cross-entropy the same two. For the root you have where d was after "
        "300 steps.",
        "Say for each what the slope does far from the optimum and close to it: does it fade, "
        "stay, or explode? And for cross-entropy say what was convex: the loss of one unit, over "
        "(w, b). A deep net is another matter.",
    ),
)
