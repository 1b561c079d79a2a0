"""Right answers, tests and known wrong answers of lab 4, Backpropagation."""

import numpy as np

from mlcourse.gradcheck import numerical_gradient as differences
from mlcourse.grading.bank import Lab, expect, record

lab = Lab(
    "lab04",
    title="Backpropagation",
    chapter="chapters/04-backpropagation.ipynb",
    modules=("mlcourse.data", "mlcourse.checks"),
)

# The small network that goes through the whole book.
X = np.array([[1.0, 2.0], [3.0, -1.0]])
W1, b1 = np.array([[1.0, -1.0], [0.5, 1.0]]), np.array([0.0, 1.0])
W2, b2 = np.array([[1.0, 0.0], [-0.5, 1.0]]), np.array([0.0, -1.0])
A1, Z2 = np.array([[2.0, 2.0], [2.5, 0.0]]), np.array([[1.0, 1.0], [2.5, -1.0]])
y = np.array([1, 0])


# ---------------------------------------------------------------- affine_backward


def affine_backward(dY, X, W):
    return dY @ W.T, X.T @ dY, dY.sum(axis=0)


affine = lab.question(
    "affine_backward",
    title="Back through an affine layer",
    points=3,
    minutes=5,
    section=("sec-affine-backward", "Back through an affine layer"),
    hints=(
        "Write the three shapes that must come out on paper. Each result is a product or a sum of "
        "the arrays that you have, and the shapes leave one way to build it.",
        "One entry: dE/dW[d, m] is the sum over the samples n of X[n, d] times dY[n, m]. Samples "
        "are the rows of both. Which matrix product sums over rows?",
        "dX is dY times the transpose of W. dW is the transpose of X times dY. For db add up the "
        "rows of dY, because every row got its own copy of b.",
    ),
)(affine_backward)


@affine.inputs(points=1)
def affine_small(rng):
    return [
        (np.array([[0.25, -0.25], [-0.01, 0.01]]), A1, W2),
        (
            np.array([[1.0, 0.0, -1.0, 2.0], [0.0, 3.0, 1.0, -1.0], [2.0, 1.0, 0.0, 1.0]]),
            np.array([[1.0, 2.0], [0.0, -1.0], [3.0, 1.0]]),
            np.array([[1.0, 0.0, 2.0, -1.0], [0.5, 1.0, 0.0, 1.0]]),
        ),
    ]


@affine.inputs(points=1, hidden=True, about="other shapes, one row and one unit among them")
def affine_fresh(rng):
    return [
        (rng.normal(size=(N, M)), rng.normal(size=(N, D)), rng.normal(size=(D, M)))
        for N, D, M in ((1, 3, 2), (6, 2, 5), (4, 4, 4), (32, 20, 1))
    ]


@affine.test(points=1, hidden=True, about="the three gradients against differences")
def affine_agrees_with_differences(student, rng):
    """E = Σ dY ⊙ (XW + b) has the gradient dY with respect to the layer's result."""
    dY, X, W = rng.normal(size=(5, 2)), rng.normal(size=(5, 3)), rng.normal(size=(3, 2))
    dX, dW, db = student(dY, X, W)
    expect(dX, differences(lambda X: np.sum(dY * (X @ W)), X), atol=1e-7)
    expect(dW, differences(lambda W: np.sum(dY * (X @ W)), W), atol=1e-7)
    expect(db, differences(lambda b: np.sum(dY * (X @ W + b)), np.zeros(2)), atol=1e-7)


@affine.wrong(
    "You multiply dY by W itself. The forward pass went from D inputs to M units through W; the "
    "way back goes from M to D. With a square W no shape complains."
)
def affine_w_not_transposed(dY, X, W):
    return dY @ W, X.T @ dY, dY.sum(axis=0)


@affine.wrong(
    "Your dW is transposed: its rows belong to the units and its columns to the inputs. A gradient "
    "has the shape of what it belongs to, entry for entry."
)
def affine_dw_transposed(dY, X, W):
    return dY @ W.T, dY.T @ X, dY.sum(axis=0)


@affine.wrong(
    "Your db still has a row for each sample. All samples share one b, so what they say about it "
    "has to come together in one row."
)
def affine_db_not_summed(dY, X, W):
    return dY @ W.T, X.T @ dY, dY


@affine.wrong(
    "You average over the batch in db. The mean is already in dY, because the loss took it; here "
    "the contributions of the samples only come together."
)
def affine_db_mean(dY, X, W):
    return dY @ W.T, X.T @ dY, dY.mean(axis=0)


@affine.wrong(
    "You divide dW and db by N. The loss has divided by N already, and dY carries it: now it is "
    "there twice, and the steps shrink as the batch grows."
)
def affine_divided_twice(dY, X, W):
    return dY @ W.T, X.T @ dY / len(X), dY.sum(axis=0) / len(X)


@affine.wrong(
    "Your db has shape (1, M). The bias has shape (M,), and so does its gradient; the extra axis "
    "waits to broadcast where nobody wants it."
)
def affine_db_keepdims(dY, X, W):
    return dY @ W.T, X.T @ dY, dY.sum(axis=0, keepdims=True)


@affine.wrong(
    "Your db sums over the units, so that it has one number for each sample. Ask which axis the "
    "forward pass copied b along."
)
def affine_db_other_axis(dY, X, W):
    return dY @ W.T, X.T @ dY, dY.sum(axis=1)


@affine.wrong(
    "The three gradients are right, but they come in another order than asked for. With square "
    "matrices no shape would tell."
)
def affine_other_order(dY, X, W):
    return X.T @ dY, dY.sum(axis=0), dY @ W.T


@affine.wrong(
    "The three gradients are right, but dW comes before dX. The task and the first line of the "
    "answer cell say in which order they are wanted."
)
def affine_dw_first(dY, X, W):
    return X.T @ dY, dY @ W.T, dY.sum(axis=0)


@affine.wrong(
    "Your db adds up everything, samples and units, to one number. Each unit has a bias of its "
    "own: add up the samples, and leave the units apart."
)
def affine_db_one_number(dY, X, W):
    return dY @ W.T, X.T @ dY, dY.sum()


# ---------------------------------------------------------------- softmax_cross_entropy


def softmax_cross_entropy(Z, y):
    rows = np.arange(len(y))
    shifted = Z - Z.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    dZ = np.exp(log_p)
    dZ[rows, y] -= 1
    return -log_p[rows, y].mean(), dZ / len(y)


softmax_loss = lab.question(
    "softmax_cross_entropy",
    title="The loss and its gradient",
    points=3,
    minutes=10,
    section=("sec-softmax-gradient", "The gradient of softmax and cross-entropy"),
    hints=(
        "Three steps: log P row by row, then E from the entries of the true classes, then dZ from "
        "P. For large logits subtract each row's maximum before you exponentiate.",
        "For the true classes, index with two arrays: the row numbers 0 .. N-1, and y. Each pair "
        "picks one entry. P is the exponential of log P, so you need no second softmax.",
        "E is minus the mean of log P at the places of the true classes. For dZ take P, subtract "
        "1 at the same places, and divide the whole array by N.",
    ),
)(softmax_cross_entropy)


@softmax_loss.inputs(points=1)
def softmax_small(rng):
    return [
        (Z2, y),
        (np.array([[0.0, 1.0, 2.0], [3.0, 0.0, -1.0], [1.0, 1.0, 4.0]]), np.array([2, 0, 1])),
        (np.array([[800.0, 0.0, 0.0], [0.0, -800.0, 1.0]]), np.array([1, 0])),
    ]


@softmax_loss.inputs(
    points=1, hidden=True, about="other shapes, one row among them, and logits in the thousands"
)
def softmax_fresh(rng):
    return [
        (2 * rng.normal(size=(N, C)), rng.integers(C, size=N))
        for N, C in ((1, 4), (7, 2), (5, 5), (40, 10))
    ] + [(1000 * rng.normal(size=(6, 4)), rng.integers(4, size=6))]


@softmax_loss.test(points=0.5, hidden=True, about="dZ against differences of E")
def softmax_agrees_with_differences(student, rng):
    Z, y = rng.normal(size=(4, 3)), rng.integers(3, size=4)
    E, dZ = student(Z, y)
    expect(E, softmax_cross_entropy(Z, y)[0])
    expect(dZ, differences(lambda Z: student(Z, y)[0], Z), atol=1e-7)
    expect(np.sum(dZ, axis=1), np.zeros(4))


@softmax_loss.test(points=0.5, hidden=True, about="a large number added to all logits")
def softmax_stays_finite(student, rng):
    """Only differences of logits count; any common shift, however large, changes nothing."""
    Z, y = rng.normal(size=(3, 5)), rng.integers(5, size=3)
    E, dZ = softmax_cross_entropy(Z, y)
    for shift in (1000.0, -1000.0):
        E_shifted, dZ_shifted = student(Z + shift, y)
        expect(E_shifted, E)
        expect(dZ_shifted, dZ)


@softmax_loss.wrong(
    "Your dZ misses the division by N. The loss is a mean over the batch, and its gradient is the "
    "gradient of that mean."
)
def softmax_gradient_not_averaged(Z, y):
    rows = np.arange(len(y))
    shifted = Z - Z.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    dZ = np.exp(log_p)
    dZ[rows, y] -= 1
    return -log_p[rows, y].mean(), dZ


@softmax_loss.wrong(
    "You sum over the batch where the mean is asked for. Loss and gradient now grow with the "
    "number of samples."
)
def softmax_summed(Z, y):
    rows = np.arange(len(y))
    shifted = Z - Z.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    dZ = np.exp(log_p)
    dZ[rows, y] -= 1
    return -log_p[rows, y].sum(), dZ


@softmax_loss.wrong(
    "Your dZ has the wrong sign. A step against the gradient must raise the logit of the true "
    "class, so its entry in dZ has to be negative."
)
def softmax_wrong_sign(Z, y):
    rows = np.arange(len(y))
    shifted = Z - Z.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    dZ = -np.exp(log_p)
    dZ[rows, y] += 1
    return -log_p[rows, y].mean(), dZ / len(y)


@softmax_loss.wrong(
    "Your dZ is 0 for the other classes. They count too: each of their logits stands in the sum "
    "that softmax divides by."
)
def softmax_without_normaliser(Z, y):
    rows = np.arange(len(y))
    shifted = Z - Z.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    dZ = np.zeros_like(Z)
    dZ[rows, y] = -1
    return -log_p[rows, y].mean(), dZ / len(y)


@softmax_loss.wrong(
    "Your softmax runs over the samples instead of over the classes: the columns of P add up to "
    "1, the rows do not."
)
def softmax_over_the_batch(Z, y):
    rows = np.arange(len(y))
    shifted = Z - Z.max(axis=0, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=0, keepdims=True))
    dZ = np.exp(log_p)
    dZ[rows, y] -= 1
    return -log_p[rows, y].mean(), dZ / len(y)


@softmax_loss.wrong(
    "Large logits overflow: exp(800) is infinite, and infinity divided by infinity is no number. "
    "Softmax allows you to shift each row first."
)
def softmax_overflows(Z, y):
    rows = np.arange(len(y))
    with np.errstate(all="ignore"):
        P = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
        E = -np.log(P[rows, y]).mean()
    P[rows, y] -= 1
    return E, P / len(y)


@softmax_loss.wrong(
    "You take the logarithm of a probability that was rounded to 0, and the loss becomes "
    "infinite. Compute log p from the logits, without the detour."
)
def softmax_log_of_zero(Z, y):
    rows = np.arange(len(y))
    e = np.exp(Z - Z.max(axis=1, keepdims=True))
    P = e / e.sum(axis=1, keepdims=True)
    with np.errstate(all="ignore"):
        E = -np.log(P[rows, y]).mean()
    P[rows, y] -= 1
    return E, P / len(y)


@softmax_loss.wrong(
    "P[:, y] takes whole columns, one for each label, so that every sample is charged for the "
    "labels of all others. Give the row numbers too."
)
def softmax_whole_columns(Z, y):
    shifted = Z - Z.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    dZ = np.exp(log_p)
    dZ[:, y] -= 1
    return -log_p[:, y].mean(), dZ / len(y)


@softmax_loss.wrong(
    "Large logits overflow: exp(800) is infinite, and so is the logarithm of the sum. Subtract "
    "each row's largest logit first, as the formula does."
)
def softmax_log_of_infinity(Z, y):
    rows = np.arange(len(y))
    with np.errstate(all="ignore"):
        log_p = Z - np.log(np.exp(Z).sum(axis=1, keepdims=True))
    dZ = np.exp(log_p)
    dZ[rows, y] -= 1
    return -log_p[rows, y].mean(), dZ / len(y)


@softmax_loss.wrong(
    "You subtract the largest logit of the whole batch. In a row whose logits all lie far below "
    "it every exponential becomes 0: take the largest of each row, with axis and keepdims."
)
def softmax_shifts_by_one_number(Z, y):
    rows = np.arange(len(y))
    shifted = Z - Z.max()
    with np.errstate(all="ignore"):
        log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    dZ = np.exp(log_p)
    dZ[rows, y] -= 1
    return -log_p[rows, y].mean(), dZ / len(y)


@softmax_loss.wrong(
    "You add a small number to p before the logarithm. That hides the infinity, but the loss is "
    "wrong: it stops growing however wrong the answer is. Compute log p from the logits."
)
def softmax_with_epsilon(Z, y):
    rows = np.arange(len(y))
    e = np.exp(Z - Z.max(axis=1, keepdims=True))
    P = e / e.sum(axis=1, keepdims=True)
    E = -np.log(P[rows, y] + 1e-12).mean()
    P[rows, y] -= 1
    return E, P / len(y)


@softmax_loss.wrong(
    "Your dZ is that of the mean, but your E is the sum over the batch. The loss is the mean too."
)
def softmax_loss_summed(Z, y):
    rows = np.arange(len(y))
    shifted = Z - Z.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    dZ = np.exp(log_p)
    dZ[rows, y] -= 1
    return -log_p[rows, y].sum(), dZ / len(y)


# ---------------------------------------------------------------- mlp_backward


def mlp_backward(parameters, X, y):
    W1, b1, W2, b2 = (parameters[name] for name in ("W1", "b1", "W2", "b2"))
    Z1 = X @ W1 + b1
    A1 = np.maximum(Z1, 0)
    E, dZ2 = softmax_cross_entropy(A1 @ W2 + b2, y)
    dA1, dW2, db2 = affine_backward(dZ2, A1, W2)
    _, dW1, db1 = affine_backward(np.where(Z1 > 0, dA1, 0.0), X, W1)
    return E, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


mlp = lab.question(
    "mlp_backward",
    title="Back through the whole network",
    uses=("affine_backward", "softmax_cross_entropy"),
    points=4,
    minutes=12,
    section=("sec-mlp-backward", "Back through the whole network"),
    hints=(
        "Go forward first and keep Z1 and A1: the way back needs them. Then work through the chain "
        "from the right, with the two functions that you have written.",
        "softmax_cross_entropy gives E and dZ2. affine_backward for the second layer turns dZ2 "
        "into dA1, dW2 and db2. What is left is ReLU, and then the first layer.",
        "ReLU lets pass the entries of dA1 whose Z1 was positive: multiply by the mask (Z1 > 0). "
        "What passes is dZ1, for affine_backward of the first layer. Return E and a dict of four.",
    ),
)(mlp_backward)


def network(rng, D, M, C):
    """Parameters of a net D → M → C."""
    return {
        "W1": rng.normal(size=(D, M)),
        "b1": rng.normal(size=M),
        "W2": rng.normal(size=(M, C)),
        "b2": rng.normal(size=C),
    }


@mlp.inputs(points=1)
def mlp_small(rng):
    wide = {
        "W1": np.array([[1.0, 0.0], [0.5, -1.0], [0.0, 1.0]]),
        "b1": np.array([1.0, 0.5]),  # an input of ReLU is 0 then, in row 1
        "W2": np.array([[1.0, -1.0, 0.0], [0.5, 1.0, -1.0]]),
        "b2": np.array([0.0, 0.0, 1.0]),
    }
    return [
        ({"W1": W1, "b1": b1, "W2": W2, "b2": b2}, X, y),
        (wide, np.array([[1.0, 2.0, 0.0], [-1.0, 0.0, 2.0]]), np.array([2, 0])),
    ]


@mlp.inputs(points=1, hidden=True, about="networks of other sizes, one row among them")
def mlp_fresh(rng):
    return [
        (network(rng, D, M, C), rng.normal(size=(N, D)), rng.integers(C, size=N))
        for N, D, M, C in ((1, 3, 4, 2), (6, 5, 3, 4), (4, 4, 4, 4), (20, 8, 6, 10))
    ]


@mlp.test(points=1, hidden=True, about="the four gradients against differences")
def mlp_agrees_with_differences(student, rng):
    parameters = network(rng, 4, 5, 3)
    X, y = rng.normal(size=(6, 4)), rng.integers(3, size=6)
    _, gradients = student(parameters, X, y)
    for name, theta in parameters.items():
        numeric = differences(
            lambda t, name=name: mlp_backward(parameters | {name: t}, X, y)[0], theta
        )
        expect(gradients[name], numeric, rtol=1e-4, atol=1e-6)


@mlp.test(points=1, hidden=True, about="a hidden unit that no sample switches on")
def mlp_silent_unit_gets_nothing(student, rng):
    """A unit below zero for every sample passes nothing on; its weights stay where they are."""
    parameters = network(rng, 3, 4, 5)
    parameters["b1"][2] = -1000
    X, y = rng.normal(size=(8, 3)), rng.integers(5, size=8)
    E, gradients = student(parameters, X, y)
    expect(E, mlp_backward(parameters, X, y)[0])
    expect(gradients["W1"][:, 2], np.zeros(3))
    expect(gradients["b1"][2], 0.0)
    expect(gradients["W2"][2], np.zeros(5))
    expect(gradients["b2"], mlp_backward(parameters, X, y)[1]["b2"])


@mlp.wrong(
    "The gradient passes ReLU unchanged in your answer. Where Z1 was below 0, A1 does not follow "
    "Z1 at all, and nothing may come back."
)
def mlp_no_mask(parameters, X, y):
    W1, b1, W2, b2 = (parameters[name] for name in ("W1", "b1", "W2", "b2"))
    A1 = np.maximum(X @ W1 + b1, 0)
    E, dZ2 = softmax_cross_entropy(A1 @ W2 + b2, y)
    dA1, dW2, db2 = affine_backward(dZ2, A1, W2)
    _, dW1, db1 = affine_backward(dA1, X, W1)
    return E, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


@mlp.wrong(
    "You let the *gradient* decide what passes ReLU. What counts is whether the unit was on in the "
    "forward pass, not the sign of what comes back."
)
def mlp_mask_from_gradient(parameters, X, y):
    W1, b1, W2, b2 = (parameters[name] for name in ("W1", "b1", "W2", "b2"))
    A1 = np.maximum(X @ W1 + b1, 0)
    E, dZ2 = softmax_cross_entropy(A1 @ W2 + b2, y)
    dA1, dW2, db2 = affine_backward(dZ2, A1, W2)
    _, dW1, db1 = affine_backward(np.maximum(dA1, 0), X, W1)
    return E, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


@mlp.wrong(
    "You multiply by the values of A1 where ReLU's slope belongs. The slope of ReLU is 1 or 0, "
    "however large the value."
)
def mlp_value_for_slope(parameters, X, y):
    W1, b1, W2, b2 = (parameters[name] for name in ("W1", "b1", "W2", "b2"))
    A1 = np.maximum(X @ W1 + b1, 0)
    E, dZ2 = softmax_cross_entropy(A1 @ W2 + b2, y)
    dA1, dW2, db2 = affine_backward(dZ2, A1, W2)
    _, dW1, db1 = affine_backward(dA1 * A1, X, W1)
    return E, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


@mlp.wrong(
    "Your dW2 uses Z1, the values before ReLU. The second layer never saw these: what went into it "
    "in the forward pass?"
)
def mlp_dw2_from_z1(parameters, X, y):
    W1, b1, W2, b2 = (parameters[name] for name in ("W1", "b1", "W2", "b2"))
    Z1 = X @ W1 + b1
    E, dZ2 = softmax_cross_entropy(np.maximum(Z1, 0) @ W2 + b2, y)
    dA1, dW2, db2 = affine_backward(dZ2, Z1, W2)
    _, dW1, db1 = affine_backward(dA1 * (Z1 > 0), X, W1)
    return E, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


@mlp.wrong(
    "W2 has changed before the gradient goes back through it. All gradients belong to the "
    "parameters of the forward pass: first all gradients, then the updates."
)
def mlp_updated_too_early(parameters, X, y):
    W1, b1, W2, b2 = (parameters[name] for name in ("W1", "b1", "W2", "b2"))
    A1 = np.maximum(X @ W1 + b1, 0)
    E, dZ2 = softmax_cross_entropy(A1 @ W2 + b2, y)
    _, dW2, db2 = affine_backward(dZ2, A1, W2)
    dA1, _, _ = affine_backward(dZ2, A1, W2 - 0.1 * dW2)
    _, dW1, db1 = affine_backward(dA1 * (A1 > 0), X, W1)
    return E, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


@mlp.wrong(
    "There is a ReLU after the last layer too. Logits may be negative; only the hidden layer has "
    "an activation."
)
def mlp_relu_on_logits(parameters, X, y):
    W1, b1, W2, b2 = (parameters[name] for name in ("W1", "b1", "W2", "b2"))
    A1 = np.maximum(X @ W1 + b1, 0)
    A2 = np.maximum(A1 @ W2 + b2, 0)
    E, dA2 = softmax_cross_entropy(A2, y)
    dA1, dW2, db2 = affine_backward(dA2 * (A2 > 0), A1, W2)
    _, dW1, db1 = affine_backward(dA1 * (A1 > 0), X, W1)
    return E, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


@mlp.wrong(
    "Your gradients are N times too large: they belong to the sum over the batch, while E is the "
    "mean."
)
def mlp_not_averaged(parameters, X, y):
    W1, b1, W2, b2 = (parameters[name] for name in ("W1", "b1", "W2", "b2"))
    A1 = np.maximum(X @ W1 + b1, 0)
    E, dZ2 = softmax_cross_entropy(A1 @ W2 + b2, y)
    dA1, dW2, db2 = affine_backward(len(y) * dZ2, A1, W2)
    _, dW1, db1 = affine_backward(dA1 * (A1 > 0), X, W1)
    return E, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


@mlp.wrong(
    "Your dW1 multiplies by A1. The first layer's input is X; A1 is what it makes of it. In a "
    "small square network no shape complains."
)
def mlp_wrong_operand(parameters, X, y):
    W1, b1, W2, b2 = (parameters[name] for name in ("W1", "b1", "W2", "b2"))
    A1 = np.maximum(X @ W1 + b1, 0)
    E, dZ2 = softmax_cross_entropy(A1 @ W2 + b2, y)
    dA1, dW2, db2 = affine_backward(dZ2, A1, W2)
    _, dW1, db1 = affine_backward(dA1 * (A1 > 0), A1, W1)
    return E, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


@mlp.wrong(
    "Your mask lets the gradient pass where Z1 is exactly 0. ReLU has no slope there, and one has "
    "to choose: here, as in PyTorch, it is 0. That happens: a black picture and biases of 0."
)
def mlp_passes_at_zero(parameters, X, y):
    W1, b1, W2, b2 = (parameters[name] for name in ("W1", "b1", "W2", "b2"))
    Z1 = X @ W1 + b1
    A1 = np.maximum(Z1, 0)
    E, dZ2 = softmax_cross_entropy(A1 @ W2 + b2, y)
    dA1, dW2, db2 = affine_backward(dZ2, A1, W2)
    _, dW1, db1 = affine_backward(dA1 * (Z1 >= 0), X, W1)
    return E, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


@mlp.wrong(
    "You multiply by the values of Z1 where ReLU's slope belongs. The slope of ReLU is 1 where Z1 "
    "was positive, however large it was, and 0 elsewhere."
)
def mlp_z1_for_slope(parameters, X, y):
    W1, b1, W2, b2 = (parameters[name] for name in ("W1", "b1", "W2", "b2"))
    Z1 = X @ W1 + b1
    A1 = np.maximum(Z1, 0)
    E, dZ2 = softmax_cross_entropy(A1 @ W2 + b2, y)
    dA1, dW2, db2 = affine_backward(dZ2, A1, W2)
    _, dW1, db1 = affine_backward(dA1 * Z1, X, W1)
    return E, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


@mlp.wrong(
    "The forward pass has no ReLU: Z1 goes into the second layer as it is, while the way back "
    "takes a ReLU for granted."
)
def mlp_forward_without_relu(parameters, X, y):
    W1, b1, W2, b2 = (parameters[name] for name in ("W1", "b1", "W2", "b2"))
    Z1 = X @ W1 + b1
    E, dZ2 = softmax_cross_entropy(Z1 @ W2 + b2, y)
    dA1, dW2, db2 = affine_backward(dZ2, Z1, W2)
    _, dW1, db1 = affine_backward(dA1 * (Z1 > 0), X, W1)
    return E, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


@mlp.wrong(
    "Your gradients are N times too small: softmax_cross_entropy has divided dZ2 by N already, "
    "and the mean is taken once."
)
def mlp_averaged_twice(parameters, X, y):
    W1, b1, W2, b2 = (parameters[name] for name in ("W1", "b1", "W2", "b2"))
    A1 = np.maximum(X @ W1 + b1, 0)
    E, dZ2 = softmax_cross_entropy(A1 @ W2 + b2, y)
    dA1, dW2, db2 = affine_backward(dZ2 / len(y), A1, W2)
    _, dW1, db1 = affine_backward(dA1 * (A1 > 0), X, W1)
    return E, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


# ---------------------------------------------------------------- numerical_gradient


@lab.question(
    "numerical_gradient",
    title="The gradient, measured",
    points=3,
    minutes=10,
    section=("sec-gradcheck", "Checking a gradient"),
    hints=(
        "Walk through all entries of theta, whatever its shape: for i in np.ndindex(theta.shape). "
        "Only one entry differs from theta in each call of f.",
        "Make a copy, change one entry by h, call f; make another, change it by -h, call f. The "
        "two arguments are 2h apart, so that is what to divide by.",
        "Fill an array of zeros of theta's shape. For each i make two copies of theta, add h to "
        "entry i of the one and subtract it from entry i of the other; the difference of f between "
        "them, divided by 2h, goes into entry i.",
    ),
)
def numeric(f, theta, h):
    gradient = np.zeros(theta.shape)
    for i in np.ndindex(theta.shape):
        above, below = theta.copy(), theta.copy()
        above[i] += h
        below[i] -= h
        gradient[i] = (f(above) - f(below)) / (2 * h)
    return gradient


@numeric.inputs(points=1)
def numeric_small(rng):
    return [
        (np.var, np.array([1.0, 2.0, 6.0]), 0.5),
        (np.linalg.norm, np.array([[3.0, 0.0], [0.0, 4.0]]), 0.1),
        (np.prod, np.array([2.0, 3.0, 5.0]), 0.01),
    ]


@numeric.inputs(points=1, hidden=True, about="other functions, shapes and steps")
def numeric_fresh(rng):
    def cubes(theta):
        return np.sum(theta * theta * theta)

    return [
        (cubes, rng.normal(size=4), 0.1),
        (cubes, rng.normal(size=(3, 2)), 0.5),
        (np.linalg.norm, 1 + rng.random((2, 3)), 1e-3),
        (np.prod, 1 + rng.random(1), 1e-4),
    ]


@numeric.test(points=1, hidden=True, about="where f is called, and how often")
def numeric_calls_f_with_one_change(student, rng):
    """Two calls of f for each entry; all but one entry are those of theta."""
    theta = rng.normal(size=(2, 3))
    before, calls = theta.copy(), []

    def f(t):
        calls.append(np.array(t))
        return float(np.sum(t * t))

    expect(student(f, theta, 0.25), 2 * theta)
    assert len(calls) <= 2 * theta.size + 1, "it calls f more than twice for each entry"
    for t in calls:
        assert t.shape == theta.shape, "it calls f with another shape than that of theta"
        assert np.count_nonzero(t != before) <= 1, "it changes several entries at once"
    assert theta.tobytes() == before.tobytes(), "it does not leave theta as it was"


@numeric.wrong(
    "You take the difference to one side only. Its error shrinks with h; with steps to both sides "
    "it would shrink with h squared, for one call more."
)
def numeric_forward(f, theta, h):
    gradient = np.zeros(theta.shape)
    for i in np.ndindex(theta.shape):
        above = theta.copy()
        above[i] += h
        gradient[i] = (f(above) - f(theta)) / h
    return gradient


@numeric.wrong(
    "You take the difference backwards, between theta and one step below. Its error shrinks only "
    "with h; use a step to each side."
)
def numeric_backward(f, theta, h):
    gradient = np.zeros(theta.shape)
    for i in np.ndindex(theta.shape):
        below = theta.copy()
        below[i] -= h
        gradient[i] = (f(theta) - f(below)) / h
    return gradient


@numeric.wrong(
    "Your slopes are twice too large. How far apart are the two points at which you call f?"
)
def numeric_divided_by_h(f, theta, h):
    gradient = np.zeros(theta.shape)
    for i in np.ndindex(theta.shape):
        above, below = theta.copy(), theta.copy()
        above[i] += h
        below[i] -= h
        gradient[i] = (f(above) - f(below)) / h
    return gradient


@numeric.wrong(
    "An entry keeps its change while you go on to the next: each slope is then measured at another "
    "point than theta."
)
def numeric_not_restored(f, theta, h):
    theta, gradient = theta.copy(), np.zeros(theta.shape)
    for i in np.ndindex(theta.shape):
        theta[i] += h
        above = f(theta)
        theta[i] -= 2 * h
        gradient[i] = (above - f(theta)) / (2 * h)
    return gradient


@numeric.wrong(
    "You move theta itself, and it does not come back: the caller's array is changed after the "
    "call. Work on copies."
)
def numeric_moves_theta(f, theta, h):
    gradient = np.zeros(theta.shape)
    for i in np.ndindex(theta.shape):
        theta[i] += h
        above = f(theta)
        theta[i] -= 2 * h
        gradient[i] = (above - f(theta)) / (2 * h)
    return gradient


@numeric.wrong(
    "You move all entries together. That gives one slope, in the direction (1, ..., 1); the "
    "gradient has a slope for each entry alone."
)
def numeric_all_at_once(f, theta, h):
    return np.full(theta.shape, (f(theta + h) - f(theta - h)) / (2 * h))


@numeric.wrong(
    "Your numbers are right, but they come as one flat row. A gradient has the shape of theta."
)
def numeric_flat(f, theta, h):
    gradient = []
    for i in np.ndindex(theta.shape):
        above, below = theta.copy(), theta.copy()
        above[i] += h
        below[i] -= h
        gradient.append((f(above) - f(below)) / (2 * h))
    return np.array(gradient)


@numeric.wrong(
    "You round the values of f to float32 and then subtract them. The difference of two "
    "close numbers keeps little of seven digits; stay in float64."
)
def numeric_float32(f, theta, h):
    gradient = np.zeros(theta.shape)
    for i in np.ndindex(theta.shape):
        above, below = theta.astype(np.float32), theta.astype(np.float32)
        above[i] += h
        below[i] -= h
        gradient[i] = (np.float32(f(above)) - np.float32(f(below))) / (2 * h)
    return gradient


@numeric.wrong(
    "x / 2 * h divides by 2 and then multiplies by h: Python goes from left to right. Put 2 * h "
    "in brackets."
)
def numeric_without_brackets(f, theta, h):
    gradient = np.zeros(theta.shape)
    for i in np.ndindex(theta.shape):
        above, below = theta.copy(), theta.copy()
        above[i] += h
        below[i] -= h
        gradient[i] = (f(above) - f(below)) / 2 * h
    return gradient


@numeric.wrong(
    "All your slopes are 0. Does f get two different arrays? `up = theta` makes no copy but a "
    "second name: what you add to the one, you subtract again from the same array."
)
def numeric_one_array_with_two_names(f, theta, h):
    gradient = np.zeros(theta.shape)
    for i in np.ndindex(theta.shape):
        above = below = theta
        above[i] += h
        below[i] -= h
        gradient[i] = (f(above) - f(below)) / (2 * h)
    return gradient


@numeric.wrong(
    "Only the first entry has a slope. Does `return` stand inside the loop? It then ends the "
    "function in the first round."
)
def numeric_returns_in_the_loop(f, theta, h):
    gradient, first = np.zeros(theta.shape), (0,) * theta.ndim
    above, below = theta.copy(), theta.copy()
    above[first] += h
    below[first] -= h
    gradient[first] = (f(above) - f(below)) / (2 * h)
    return gradient


@numeric.wrong(
    "You move whole rows of theta: theta[i] with one number i is a row if theta has two axes. Let "
    "np.ndindex(theta.shape) count, whatever the shape."
)
def numeric_whole_rows(f, theta, h):
    gradient = np.zeros(theta.shape)
    for i in range(len(theta)):
        above, below = theta.copy(), theta.copy()
        above[i] += h
        below[i] -= h
        gradient[i] = (f(above) - f(below)) / (2 * h)
    return gradient


@numeric.wrong(
    "You measure with a step of your own instead of the h that you are given. What comes out at a "
    "large h would show how the error grows with it."
)
def numeric_own_step(f, theta, h):
    gradient = np.zeros(theta.shape)
    for i in np.ndindex(theta.shape):
        above, below = theta.copy(), theta.copy()
        above[i] += 1e-5
        below[i] -= 1e-5
        gradient[i] = (f(above) - f(below)) / 2e-5
    return gradient


# ---------------------------------------------------------------- Value


class Value:
    def __init__(self, data, edges=()):
        self.data, self.grad, self.edges = data, 0.0, edges

    def __add__(self, other):
        return Value(self.data + other.data, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        return Value(self.data * other.data, [(self, other.data), (other, self.data)])

    def __pow__(self, n):
        result = self
        for _ in range(n - 1):
            result = result * self
        return result

    def tanh(self):
        t = float(np.tanh(self.data))
        return Value(t, [(self, 1 - t * t)])

    def backward(self):
        order, seen, stack = [], set(), [(self, False)]
        while stack:
            node, done = stack.pop()
            if done:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack.extend((operand, False) for operand, _ in node.edges)
        for node in order:
            node.grad = 0.0
        self.grad = 1.0
        for node in reversed(order):
            for operand, slope in node.edges:
                operand.grad += slope * node.grad


autograd = lab.question(
    "Value",
    title="A small autograd",
    points=5,
    minutes=18,
    section=("sec-autograd", "Automatic differentiation"),
    hints=(
        "A Value may pass its gradient on only when all of it has arrived, that is, after every "
        "Value that uses it. So first make a list in which each Value stands after its operands; "
        "then walk through it from the end.",
        "For the list, keep a stack of pairs (node, done). Take a pair off. If done, append the "
        "node to the list. If not, and the node is new: put it back as done, then put its operands "
        "on top. A set remembers which nodes were seen.",
        "With the list made: set every grad in it to 0 and that of self to 1. Then, from the last "
        "to the first, add slope times the node's grad to the grad of each of its operands. For "
        "tanh you have the result at hand: 1 minus its square.",
    ),
)(Value)


def grown(leaves, plan, tanh):
    """The last value of a random expression; the plan tells what is made from which values."""
    values = list(leaves)
    for kind, i, j in plan:
        if kind == 0:
            values.append(values[i] + values[j])
        elif kind == 1:
            values.append(values[i] * values[j])
        else:
            values.append(tanh(values[i]))
    return values[-1] + values[-2] * values[-3]


def draw_plan(rng, leaves, steps):
    return [
        (int(rng.integers(3)), *map(int, rng.integers(leaves + k, size=2))) for k in range(steps)
    ]


def program_of(data, plan):
    """Grow the expression from the student's Values; return the gradients of the leaves."""

    def program(student):
        leaves = [student.Value(x) for x in data]
        result = grown(leaves, plan, lambda value: value.tanh())
        result.backward()
        return [result.data, *(leaf.grad for leaf in leaves)]

    return record(program)


@autograd.inputs(points=2)
def autograd_small(rng):
    def fork(student):
        a, b = student.Value(2.0), student.Value(3.0)
        c = a * b + a
        c.backward()
        return [c.data, c.grad, b.grad, a.grad]

    def uneven_paths(student):
        a = student.Value(0.5)
        b = a * a
        d = b + b * b
        d.backward()
        return [d.data, b.grad, a.grad]

    def once_more(student):
        a = student.Value(0.5)
        b = a * a
        d = b + b * b + b
        d.backward()
        return [d.data, b.grad, a.grad]

    def squashed(student):
        a = student.Value(0.5)
        b = a.tanh()
        b.backward()
        return [b.data, a.grad]

    def called_twice(student):
        a = student.Value(3.0)
        b = a * a
        b.backward()
        b.backward()
        return [a.grad]

    def long_chain(student):
        a = student.Value(1.001)
        b = a**5000
        b.backward()
        return [a.grad]

    programs = (fork, uneven_paths, once_more, squashed, called_twice, long_chain)
    return [record(program) for program in programs]


@autograd.inputs(
    points=1, hidden=True, about="other graphs, two results of the same inputs, and a long chain"
)
def autograd_fresh(rng):
    graphs = [program_of(rng.normal(size=3).tolist(), draw_plan(rng, 3, n)) for n in (3, 6, 9, 12)]

    def shared(student):
        """Two results of the same inputs; the second call starts from zero."""
        a, b = student.Value(float(rng.normal())), student.Value(float(rng.normal()))
        c, d = a * b, (a + b).tanh()
        c.backward()
        first = a.grad
        d.backward()
        return [first, a.grad, b.grad, c.grad, d.grad]

    def long_chain(student):
        a, b = student.Value(float(rng.uniform(0.9995, 1.0))), student.Value(float(rng.normal()))
        c = a**3000 * b
        c.backward()
        return [c.data, a.grad, b.grad]

    def uneven_paths(student):
        """Short and long ways to b, listed in both orders."""
        a = student.Value(float(rng.uniform(0.5, 1.5)))
        b = a * a
        c = b * b
        d = c * b
        e, f = d + (c + b), b + (c + d)
        e.backward()
        first = a.grad
        f.backward()
        return [first, a.grad, b.grad, c.grad]

    return [*graphs, record(shared), record(uneven_paths), record(long_chain)]


@autograd.test(points=1, about="other graphs against differences")
def autograd_agrees_with_differences(student, rng):
    for steps in (5, 10, 15):
        data, plan = rng.normal(size=4), draw_plan(rng, 4, steps)
        right = differences(lambda x, plan=plan: grown(x, plan, np.tanh), data)
        gradients = student.case(program_of(data.tolist(), plan))[1:]
        expect(np.array(gradients), right, rtol=1e-4, atol=1e-6)


@autograd.test(points=1, hidden=True, about="forty doublings: a visit for each path takes for ever")
def autograd_visits_each_value_once(student, rng):
    def doublings(student):
        a = b = student.Value(1.0)
        for _ in range(40):
            b = b + b
        b.backward()
        return [b.data, a.grad]

    expect(np.array(student.case(record(doublings))), np.full(2, 2.0**40))


@autograd.wrong(
    "You set the gradient of an operand instead of adding to it. A Value that is used twice then "
    "keeps what came from one use and forgets the other."
)
class GraphKeepsOneUse:
    def __init__(self, data, edges=()):
        self.data, self.grad, self.edges = data, 0.0, edges

    def __add__(self, other):
        return type(self)(self.data + other.data, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        return type(self)(self.data * other.data, [(self, other.data), (other, self.data)])

    def __pow__(self, n):
        result = self
        for _ in range(n - 1):
            result = result * self
        return result

    def tanh(self):
        t = float(np.tanh(self.data))
        return type(self)(t, [(self, 1 - t * t)])

    def backward(self):
        order, seen, stack = [], set(), [(self, False)]
        while stack:
            node, done = stack.pop()
            if done:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack.extend((operand, False) for operand, _ in node.edges)
        for node in order:
            node.grad = 0.0
        self.grad = 1.0
        for node in reversed(order):
            for operand, slope in node.edges:
                operand.grad = slope * node.grad


@autograd.wrong(
    "A Value passes its gradient on before all of it has arrived. Going outwards step by step from "
    "the result is not enough: every use of a Value must come before the Value itself."
)
class GraphTooEarly:
    def __init__(self, data, edges=()):
        self.data, self.grad, self.edges = data, 0.0, edges

    def __add__(self, other):
        return type(self)(self.data + other.data, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        return type(self)(self.data * other.data, [(self, other.data), (other, self.data)])

    def __pow__(self, n):
        result = self
        for _ in range(n - 1):
            result = result * self
        return result

    def tanh(self):
        t = float(np.tanh(self.data))
        return type(self)(t, [(self, 1 - t * t)])

    def backward(self):
        order, seen = [self], {self}
        for node in order:
            for operand, _ in node.edges:
                if operand not in seen:
                    seen.add(operand)
                    order.append(operand)
        for node in order:
            node.grad = 0.0
        self.grad = 1.0
        for node in order:
            for operand, slope in node.edges:
                operand.grad += slope * node.grad


@autograd.wrong(
    "You visit a Value once for each of its uses, and each time it passes on everything that it "
    "has so far. What came first is passed on twice."
)
class GraphPassesOnAgain:
    def __init__(self, data, edges=()):
        self.data, self.grad, self.edges = data, 0.0, edges

    def __add__(self, other):
        return type(self)(self.data + other.data, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        return type(self)(self.data * other.data, [(self, other.data), (other, self.data)])

    def __pow__(self, n):
        result = self
        for _ in range(n - 1):
            result = result * self
        return result

    def tanh(self):
        t = float(np.tanh(self.data))
        return type(self)(t, [(self, 1 - t * t)])

    def backward(self):
        order, seen, stack = [], set(), [(self, False)]
        while stack:
            node, done = stack.pop()
            if done:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack.extend((operand, False) for operand, _ in node.edges)
        for node in order:
            node.grad = 0.0
        self.grad = 1.0
        todo = [self]
        while todo:
            node = todo.pop()
            for operand, slope in node.edges:
                operand.grad += slope * node.grad
                todo.append(operand)


@autograd.wrong(
    "Your backward calls itself for each operand. Python allows about a thousand calls inside one "
    "another, and a long computation has more steps than that: keep a list of your own."
)
class GraphRecursive:
    def __init__(self, data, edges=()):
        self.data, self.grad, self.edges = data, 0.0, edges

    def __add__(self, other):
        return type(self)(self.data + other.data, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        return type(self)(self.data * other.data, [(self, other.data), (other, self.data)])

    def __pow__(self, n):
        result = self
        for _ in range(n - 1):
            result = result * self
        return result

    def tanh(self):
        t = float(np.tanh(self.data))
        return type(self)(t, [(self, 1 - t * t)])

    def backward(self):
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for operand, _ in node.edges:
                    visit(operand)
                order.append(node)

        visit(self)
        for node in order:
            node.grad = 0.0
        self.grad = 1.0
        for node in reversed(order):
            for operand, slope in node.edges:
                operand.grad += slope * node.grad


@autograd.wrong(
    "The second call of backward adds to what the first one left. Here each call starts from zero, "
    "in all the Values that it reaches."
)
class GraphCountsTwice:
    def __init__(self, data, edges=()):
        self.data, self.grad, self.edges = data, 0.0, edges

    def __add__(self, other):
        return type(self)(self.data + other.data, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        return type(self)(self.data * other.data, [(self, other.data), (other, self.data)])

    def __pow__(self, n):
        result = self
        for _ in range(n - 1):
            result = result * self
        return result

    def tanh(self):
        t = float(np.tanh(self.data))
        return type(self)(t, [(self, 1 - t * t)])

    def backward(self):
        order, seen, stack = [], set(), [(self, False)]
        while stack:
            node, done = stack.pop()
            if done:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack.extend((operand, False) for operand, _ in node.edges)
        self.grad = 1.0
        for node in reversed(order):
            for operand, slope in node.edges:
                operand.grad += slope * node.grad


@autograd.wrong(
    "All your gradients are 0. Each is a multiple of the first one in the chain, the gradient of "
    "the result with respect to itself. What is that?"
)
class GraphWithoutSeed:
    def __init__(self, data, edges=()):
        self.data, self.grad, self.edges = data, 0.0, edges

    def __add__(self, other):
        return type(self)(self.data + other.data, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        return type(self)(self.data * other.data, [(self, other.data), (other, self.data)])

    def __pow__(self, n):
        result = self
        for _ in range(n - 1):
            result = result * self
        return result

    def tanh(self):
        t = float(np.tanh(self.data))
        return type(self)(t, [(self, 1 - t * t)])

    def backward(self):
        order, seen, stack = [], set(), [(self, False)]
        while stack:
            node, done = stack.pop()
            if done:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack.extend((operand, False) for operand, _ in node.edges)
        for node in order:
            node.grad = 0.0
        for node in reversed(order):
            for operand, slope in node.edges:
                operand.grad += slope * node.grad


@autograd.wrong(
    "You take the slope of tanh from its input. Written as 1 minus a square, it is the square of "
    "the *result*."
)
class GraphTanhOfResult:
    def __init__(self, data, edges=()):
        self.data, self.grad, self.edges = data, 0.0, edges

    def __add__(self, other):
        return type(self)(self.data + other.data, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        return type(self)(self.data * other.data, [(self, other.data), (other, self.data)])

    def __pow__(self, n):
        result = self
        for _ in range(n - 1):
            result = result * self
        return result

    def tanh(self):
        t = float(np.tanh(self.data))
        return type(self)(t, [(self, 1 - self.data * self.data)])

    def backward(self):
        order, seen, stack = [], set(), [(self, False)]
        while stack:
            node, done = stack.pop()
            if done:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack.extend((operand, False) for operand, _ in node.edges)
        for node in order:
            node.grad = 0.0
        self.grad = 1.0
        for node in reversed(order):
            for operand, slope in node.edges:
                operand.grad += slope * node.grad


@autograd.wrong(
    "You walk from the inputs to the result. Gradients flow the other way: at the inputs there is "
    "nothing to pass on yet."
)
class GraphForwards:
    def __init__(self, data, edges=()):
        self.data, self.grad, self.edges = data, 0.0, edges

    def __add__(self, other):
        return type(self)(self.data + other.data, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        return type(self)(self.data * other.data, [(self, other.data), (other, self.data)])

    def __pow__(self, n):
        result = self
        for _ in range(n - 1):
            result = result * self
        return result

    def tanh(self):
        t = float(np.tanh(self.data))
        return type(self)(t, [(self, 1 - t * t)])

    def backward(self):
        order, seen, stack = [], set(), [(self, False)]
        while stack:
            node, done = stack.pop()
            if done:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack.extend((operand, False) for operand, _ in node.edges)
        for node in order:
            node.grad = 0.0
        self.grad = 1.0
        for node in order:
            for operand, slope in node.edges:
                operand.grad += slope * node.grad


@autograd.wrong(
    "Your list has each Value as soon as you find it, before its operands. Another way may lead to "
    "the same Value later, and its gradient comes too late: append a Value after its operands."
)
class GraphListedWhenFound:
    def __init__(self, data, edges=()):
        self.data, self.grad, self.edges = data, 0.0, edges

    def __add__(self, other):
        return type(self)(self.data + other.data, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        return type(self)(self.data * other.data, [(self, other.data), (other, self.data)])

    def __pow__(self, n):
        result = self
        for _ in range(n - 1):
            result = result * self
        return result

    def tanh(self):
        t = float(np.tanh(self.data))
        return type(self)(t, [(self, 1 - t * t)])

    def backward(self):
        order, seen, stack = [], set(), [self]
        while stack:
            node = stack.pop()
            if node not in seen:
                seen.add(node)
                order.append(node)
                stack.extend(operand for operand, _ in node.edges)
        for node in order:
            node.grad = 0.0
        self.grad = 1.0
        for node in order:
            for operand, slope in node.edges:
                operand.grad += slope * node.grad


# ---------------------------------------------------------------- skip_backward


@lab.question(
    "skip_backward",
    title="The clinic: three faults",
    points=3,
    minutes=12,
    section=("sec-single-layer", "A single layer by hand"),
    hints=(
        "There is one fault in the line of dA2, one in the line of dZ2, one in the two lines of "
        "dA1. Compare each line with the line of the forward pass that it takes back.",
        "E is a mean over the samples. Between Z2 and A2 stands a sigmoid, which has a slope. And "
        "A1 goes two ways into Z2.",
        "dA2 lacks the division by N. dZ2 lacks the sigmoid's slope A2 * (1 - A2). dA1 is the sum "
        "of what comes back on both ways; the second line throws away the first.",
    ),
)
def skip(W1, W2, X, T):
    Z1 = X @ W1
    A1 = np.maximum(Z1, 0)
    A2 = 1 / (1 + np.exp(-(A1 + A1 @ W2)))
    dZ2 = 2 * (A2 - T) / len(X) * A2 * (1 - A2)
    dZ1 = (dZ2 + dZ2 @ W2.T) * (Z1 > 0)
    return np.sum((A2 - T) ** 2) / len(X), X.T @ dZ1, A1.T @ dZ2


@skip.inputs(points=1)
def skip_small(rng):
    return [
        (W1, W2, X / 2, np.array([[1.0, 0.0], [0.0, 1.0]])),
        (
            np.array([[1.0, 0.0, -1.0], [0.0, 2.0, 1.0]]),
            np.array([[0.0, 1.0, 0.0], [1.0, 0.0, -1.0], [0.5, 0.0, 0.0]]) / 2,
            np.array([[1.0, 1.0], [-1.0, 2.0], [2.0, -1.0], [0.5, 1.0]]) / 2,
            np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.5, 0.0, 1.0], [1.0, 1.0, 0.0]]),
        ),
    ]


@skip.inputs(points=1, hidden=True, about="other shapes, one row among them")
def skip_fresh(rng):
    return [
        (*(rng.normal(size=shape) for shape in ((D, M), (M, M), (N, D))), rng.random((N, M)))
        for N, D, M in ((1, 2, 3), (5, 4, 2), (16, 3, 8))
    ]


@skip.test(points=1, about="both gradients against differences")
def skip_agrees_with_differences(student, rng):
    W1, W2, X = (rng.normal(size=shape) for shape in ((3, 4), (4, 4), (7, 3)))
    T = rng.random((7, 4))
    _, dW1, dW2 = student(W1, W2, X, T)

    def loss(W1, W2):
        A1 = np.maximum(X @ W1, 0)
        A2 = 1 / (1 + np.exp(-(A1 + A1 @ W2)))
        return np.mean(np.sum((A2 - T) ** 2, axis=1))

    expect(dW1, differences(lambda W: loss(W, W2), W1), rtol=1e-4, atol=1e-6)
    expect(dW2, differences(lambda W: loss(W1, W), W2), rtol=1e-4, atol=1e-6)


@skip.wrong("All three faults are still there: neither dW1 nor dW2 agrees with its measurement.")
def skip_mean_slope_fork(W1, W2, X, T):
    Z1 = X @ W1
    A1 = np.maximum(Z1, 0)
    Z2 = A1 + A1 @ W2
    A2 = 1 / (1 + np.exp(-Z2))
    dA2 = 2 * (A2 - T)
    dZ2 = dA2
    dA1 = dZ2 @ W2.T
    return np.sum((A2 - T) ** 2) / len(X), X.T @ (dA1 * (Z1 > 0)), A1.T @ dZ2


@skip.wrong(
    "One fault is repaired, that of the mean. Two are left: dW2 does not agree with its "
    "measurement, and dW1 has a fault of its own besides."
)
def skip_slope_fork(W1, W2, X, T):
    Z1 = X @ W1
    A1 = np.maximum(Z1, 0)
    Z2 = A1 + A1 @ W2
    A2 = 1 / (1 + np.exp(-Z2))
    dA2 = 2 * (A2 - T) / len(X)
    dZ2 = dA2
    dA1 = dZ2 @ W2.T
    return np.sum((A2 - T) ** 2) / len(X), X.T @ (dA1 * (Z1 > 0)), A1.T @ dZ2


@skip.wrong(
    "One fault is repaired, that of the sigmoid. Two are left: dW2 does not agree with its "
    "measurement, and dW1 has a fault of its own besides."
)
def skip_mean_fork(W1, W2, X, T):
    Z1 = X @ W1
    A1 = np.maximum(Z1, 0)
    Z2 = A1 + A1 @ W2
    A2 = 1 / (1 + np.exp(-Z2))
    dA2 = 2 * (A2 - T)
    dZ2 = dA2 * A2 * (1 - A2)
    dA1 = dZ2 @ W2.T
    return np.sum((A2 - T) ** 2) / len(X), X.T @ (dA1 * (Z1 > 0)), A1.T @ dZ2


@skip.wrong(
    "One fault is repaired, that of the skip connection. Two are left, both in the lines before "
    "dW2, which does not agree with its measurement."
)
def skip_mean_slope(W1, W2, X, T):
    Z1 = X @ W1
    A1 = np.maximum(Z1, 0)
    Z2 = A1 + A1 @ W2
    A2 = 1 / (1 + np.exp(-Z2))
    dA2 = 2 * (A2 - T)
    dZ2 = dA2
    dA1 = dZ2 + dZ2 @ W2.T
    return np.sum((A2 - T) ** 2) / len(X), X.T @ (dA1 * (Z1 > 0)), A1.T @ dZ2


@skip.wrong(
    "One fault is left. Both gradients disagree with their measurements, and by the same factor."
)
def skip_mean(W1, W2, X, T):
    Z1 = X @ W1
    A1 = np.maximum(Z1, 0)
    Z2 = A1 + A1 @ W2
    A2 = 1 / (1 + np.exp(-Z2))
    dA2 = 2 * (A2 - T)
    dZ2 = dA2 * A2 * (1 - A2)
    dA1 = dZ2 + dZ2 @ W2.T
    return np.sum((A2 - T) ** 2) / len(X), X.T @ (dA1 * (Z1 > 0)), A1.T @ dZ2


@skip.wrong(
    "One fault is left. Both gradients disagree with their measurements, but by no common factor: "
    "what does the sigmoid do to a small change of Z2?"
)
def skip_slope(W1, W2, X, T):
    Z1 = X @ W1
    A1 = np.maximum(Z1, 0)
    Z2 = A1 + A1 @ W2
    A2 = 1 / (1 + np.exp(-Z2))
    dA2 = 2 * (A2 - T) / len(X)
    dZ2 = dA2
    dA1 = dZ2 + dZ2 @ W2.T
    return np.sum((A2 - T) ** 2) / len(X), X.T @ (dA1 * (Z1 > 0)), A1.T @ dZ2


@skip.wrong("One fault is left. dW2 agrees with its measurement; look at what comes back to A1.")
def skip_fork(W1, W2, X, T):
    Z1 = X @ W1
    A1 = np.maximum(Z1, 0)
    Z2 = A1 + A1 @ W2
    A2 = 1 / (1 + np.exp(-Z2))
    dA2 = 2 * (A2 - T) / len(X)
    dZ2 = dA2 * A2 * (1 - A2)
    dA1 = dZ2 @ W2.T
    return np.sum((A2 - T) ** 2) / len(X), X.T @ (dA1 * (Z1 > 0)), A1.T @ dZ2


@skip.wrong(
    "Both gradients are half of what is measured. The loss is the square of the distance, not half "
    "of it: its slope has the factor 2."
)
def skip_half(W1, W2, X, T):
    Z1 = X @ W1
    A1 = np.maximum(Z1, 0)
    Z2 = A1 + A1 @ W2
    A2 = 1 / (1 + np.exp(-Z2))
    dA2 = (A2 - T) / len(X)
    dZ2 = dA2 * A2 * (1 - A2)
    dA1 = dZ2 + dZ2 @ W2.T
    return np.sum((A2 - T) ** 2) / len(X), X.T @ (dA1 * (Z1 > 0)), A1.T @ dZ2


@skip.wrong(
    "You put Z2 into a formula that is made for A2. The sigmoid's slope is a (1 - a), with the "
    "sigmoid's result a."
)
def skip_slope_of_z(W1, W2, X, T):
    Z1 = X @ W1
    A1 = np.maximum(Z1, 0)
    Z2 = A1 + A1 @ W2
    A2 = 1 / (1 + np.exp(-Z2))
    dA2 = 2 * (A2 - T) / len(X)
    dZ2 = dA2 * Z2 * (1 - Z2)
    dA1 = dZ2 + dZ2 @ W2.T
    return np.sum((A2 - T) ** 2) / len(X), X.T @ (dA1 * (Z1 > 0)), A1.T @ dZ2


@skip.wrong(
    "Half of the sigmoid's slope is there. It has two factors, a and 1 - a, and is small where the "
    "unit is sure in either direction."
)
def skip_half_slope(W1, W2, X, T):
    Z1 = X @ W1
    A1 = np.maximum(Z1, 0)
    Z2 = A1 + A1 @ W2
    A2 = 1 / (1 + np.exp(-Z2))
    dA2 = 2 * (A2 - T) / len(X)
    dZ2 = dA2 * A2
    dA1 = dZ2 + dZ2 @ W2.T
    return np.sum((A2 - T) ** 2) / len(X), X.T @ (dA1 * (Z1 > 0)), A1.T @ dZ2


@skip.wrong(
    "You divide by the number of all entries of A2. The mean is over the samples alone: E adds up "
    "the squares of a row."
)
def skip_mean_of_entries(W1, W2, X, T):
    Z1 = X @ W1
    A1 = np.maximum(Z1, 0)
    Z2 = A1 + A1 @ W2
    A2 = 1 / (1 + np.exp(-Z2))
    dA2 = 2 * (A2 - T) / A2.size
    dZ2 = dA2 * A2 * (1 - A2)
    dA1 = dZ2 + dZ2 @ W2.T
    return np.sum((A2 - T) ** 2) / len(X), X.T @ (dA1 * (Z1 > 0)), A1.T @ dZ2


@skip.wrong(
    "Your dZ2 is the one of cross-entropy, where the sigmoid's slope cancels. Here the loss is the "
    "squared distance: dA2 first, and then the slope."
)
def skip_cross_entropy(W1, W2, X, T):
    Z1 = X @ W1
    A1 = np.maximum(Z1, 0)
    Z2 = A1 + A1 @ W2
    A2 = 1 / (1 + np.exp(-Z2))
    dZ2 = (A2 - T) / len(X)
    dA1 = dZ2 + dZ2 @ W2.T
    return np.sum((A2 - T) ** 2) / len(X), X.T @ (dA1 * (Z1 > 0)), A1.T @ dZ2


@skip.wrong(
    "You send dA2 back along the skip connection. It joins before the sigmoid, in Z2: what comes "
    "back along it is dZ2."
)
def skip_around_the_sigmoid(W1, W2, X, T):
    Z1 = X @ W1
    A1 = np.maximum(Z1, 0)
    Z2 = A1 + A1 @ W2
    A2 = 1 / (1 + np.exp(-Z2))
    dA2 = 2 * (A2 - T) / len(X)
    dZ2 = dA2 * A2 * (1 - A2)
    dA1 = dA2 + dZ2 @ W2.T
    return np.sum((A2 - T) ** 2) / len(X), X.T @ (dA1 * (Z1 > 0)), A1.T @ dZ2


@skip.wrong(
    "You add the skip connection's share after the mask. The connection starts at A1, behind "
    "ReLU: both shares go into dA1, and the mask stops both."
)
def skip_around_relu(W1, W2, X, T):
    Z1 = X @ W1
    A1 = np.maximum(Z1, 0)
    Z2 = A1 + A1 @ W2
    A2 = 1 / (1 + np.exp(-Z2))
    dA2 = 2 * (A2 - T) / len(X)
    dZ2 = dA2 * A2 * (1 - A2)
    dA1 = dZ2 @ W2.T
    dZ1 = dA1 * (Z1 > 0) + dZ2
    return np.sum((A2 - T) ** 2) / len(X), X.T @ dZ1, A1.T @ dZ2


@skip.wrong(
    "You have changed the loss to a mean over all entries. Forward pass and loss are right: E adds "
    "up the squares of a row and is the mean over the samples. The faults are on the way back."
)
def skip_other_loss(W1, W2, X, T):
    Z1 = X @ W1
    A1 = np.maximum(Z1, 0)
    Z2 = A1 + A1 @ W2
    A2 = 1 / (1 + np.exp(-Z2))
    dA2 = 2 * (A2 - T) / A2.size
    dZ2 = dA2 * A2 * (1 - A2)
    dA1 = dZ2 + dZ2 @ W2.T
    return np.mean((A2 - T) ** 2), X.T @ (dA1 * (Z1 > 0)), A1.T @ dZ2


# ---------------------------------------------------------------- compute_and_use

lab.manual(
    "compute_and_use",
    form="text",
    rubric=[
        (1, "says which of the two computes and which uses, and what exchanging each would change"),
        (1, "-0.75: what it says of a small change of this weight, and two things it does not say"),
        (1, "counts the multiply-adds forward and back, without dX of the pictures; compares them"),
        (1, "counts the forward passes of the measurement, for all weights and biases"),
    ],
    title="To compute and to use",
    minutes=12,
    section=("sec-bp-purpose", "What backpropagation is for"),
    hints=(
        "Look at the loop of train_digits. Which line computes the gradient, and which one uses "
        "it? Could you replace either and leave the other?",
        "A product (N, D)(D, M) takes N D M multiply-adds. Forward each layer has one product; "
        "back it has two, of the same size: for dW, and for dX. Whose dX does nobody need?",
        "Forward: N times 784 * 32 + 32 * 10. Back: twice that, without N * 784 * 32 for the dX "
        "of the pictures. By differences: two calls of the loss for each weight and each bias.",
    ),
)
