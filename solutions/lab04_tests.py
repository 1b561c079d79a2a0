"""Right answers, tests and known wrong answers of lab 4, Backpropagation."""

import numpy as np

from mlcourse.data import mini_mnist
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
        (np.array([[800.0, 0.0, 0.0], [0.0, -800.0, 1.0]]), np.array([1, 2])),
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


# ---------------------------------------------------------------- zero_weights


zero_weights = lab.choice(
    "zero_weights",
    "b",
    choices={
        "a": "none of the four",
        "b": "only db2",
        "c": "dW2 and db2",
        "d": "db1 and db2",
        "e": "dW1 and dW2",
        "f": "all four",
    },
    title="A network of zeros",
    points=1,
    minutes=4,
    section=("sec-mlp-backward", "Back through the whole network"),
    hints=(
        "Go forward first: what is A1, and what is P, if every weight and bias is 0?",
        "P is 1/C everywhere, so dZ2 is not 0. Now put A1 and W2 into the four formulas, one after "
        "the other.",
        "Two of the formulas multiply by A1 or W2, and both of these are 0. A third depends on one "
        "of them. The one that is left contains dZ2 alone.",
    ),
)
zero_weights.wrong_value(
    "a",
    "The loss is not at a minimum: P is 1/C for every class, and the labels say otherwise, so "
    "dZ2 is not 0. One of the four formulas contains nothing but dZ2.",
)
zero_weights.wrong_value(
    "c", "db2 moves, but look again at dW2: it is a product with A1. What is A1 here?"
)
zero_weights.wrong_value(
    "d",
    "db2 moves, but db1 gets its signal through dA1, which is a product with W2. What is W2 here?",
)
zero_weights.wrong_value(
    "e",
    "Both dW are products with something that is 0 here: one with A1, the other with a dZ1 that "
    "had to pass through W2.",
)
zero_weights.wrong_value(
    "f",
    "A gradient is a product along the path, and a path is dead as soon as one factor is 0. "
    "Follow the zeros of A1 and W2 through the four formulas.",
)


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
        "b1": np.array([0.0, 0.5]),
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


# ---------------------------------------------------------------- relative_error


def relative_error(a, b):
    scale = max(np.max(np.abs(a)), np.max(np.abs(b)))
    return np.max(np.abs(a - b)) / scale if scale > 0 else 0.0


error = lab.question(
    "relative_error",
    title="When do two gradients agree?",
    points=2,
    minutes=5,
    section=("sec-gradcheck", "Checking a gradient"),
    hints=(
        "Two numbers: the largest difference, and the largest entry of either array. Both without "
        "their sign.",
        "np.max(np.abs(...)) gives each of them. What remains is a division, unless what you "
        "divide by is 0.",
        "scale is the larger of np.max(np.abs(a)) and np.max(np.abs(b)). If scale is 0, the arrays "
        "are equal: return 0.0. Otherwise divide np.max(np.abs(a - b)) by it.",
    ),
)(relative_error)


@error.inputs(points=0.5)
def error_small(rng):
    return [
        (np.array([4.0, 0.0, -1.0]), np.array([5.0, 0.5, -1.0])),
        (np.array([[2.0, 3.0], [1.0, 1.0]]), np.array([[2.0, 2.0], [1.0, -1.0]])),
        (np.array([1e-9, 0.0]), np.array([0.0, 0.0])),
        (np.zeros(2), np.zeros(2)),
        (np.array([-4.0, 1.0]), np.array([-5.0, 1.0])),
    ]


@error.inputs(points=0.5, hidden=True, about="other shapes, and arrays of zeros")
def error_fresh(rng):
    return [
        (rng.normal(size=5), rng.normal(size=5)),
        (rng.normal(size=(3, 2)), rng.normal(size=(3, 2))),
        (np.zeros((2, 2)), np.zeros((2, 2))),
    ]


@error.test(points=1, hidden=True, about="arrays swapped, and in other units")
def error_knows_no_unit(student, rng):
    """The order of the two does not matter, nor the unit that both are measured in."""
    a = rng.normal(size=6)
    b = a + 1e-3 * rng.normal(size=6)
    right = relative_error(a, b)
    for unit in (1.0, -1.0, 1e9, 1e-9):
        expect(student(unit * a, unit * b), right, atol=0)
        expect(student(unit * b, unit * a), right, atol=0)


@error.wrong(
    "That is the absolute error. It says 1e-9 for two tiny gradients that have nothing in common; "
    "divide by their size."
)
def error_absolute(a, b):
    return np.max(np.abs(a - b))


@error.wrong(
    "You divide entry by entry. An entry that is 0 in one array then counts as a complete "
    "disagreement, however tiny the difference; the scale belongs to the whole array."
)
def error_entry_by_entry(a, b):
    difference, scale = np.abs(a - b), np.maximum(np.abs(a), np.abs(b))
    return np.max(np.where(scale > 0, difference / np.where(scale > 0, scale, 1), 0.0))


@error.wrong("The size of an array is its largest entry without the sign: of -5 and 1 it is 5.")
def error_signed_size(a, b):
    scale = max(np.max(a), np.max(b))
    return np.max(np.abs(a - b)) / scale if scale != 0 else 0.0


@error.wrong(
    "A small number added to the divisor makes tiny gradients look right, which have nothing in "
    "common. Treat the case of two arrays of zeros by itself."
)
def error_with_tiny_epsilon(a, b):
    return np.max(np.abs(a - b)) / (max(np.max(np.abs(a)), np.max(np.abs(b))) + 1e-12)


@error.wrong(
    "Your differences keep their sign, so that a large negative one loses against a small positive "
    "one."
)
def error_signed(a, b):
    scale = max(np.max(np.abs(a)), np.max(np.abs(b)))
    return np.max(a - b) / scale if scale > 0 else 0.0


@error.wrong(
    "You average the differences. One wrong entry among a million right ones would disappear in "
    "the mean; take the largest."
)
def error_mean(a, b):
    scale = max(np.max(np.abs(a)), np.max(np.abs(b)))
    return np.mean(np.abs(a - b)) / scale if scale > 0 else 0.0


@error.wrong(
    "You divide by the first array's size alone, so the answer changes when the two change places."
)
def error_not_symmetric(a, b):
    scale = np.max(np.abs(a))
    return np.max(np.abs(a - b)) / scale if scale > 0 else 0.0


@error.wrong(
    "You add both sizes in the denominator. Two equal gradients of which one is twice too large "
    "then look closer than they are."
)
def error_sum_of_sizes(a, b):
    scale = np.max(np.abs(a)) + np.max(np.abs(b))
    return np.max(np.abs(a - b)) / scale if scale > 0 else 0.0


@error.wrong(
    "Two arrays of zeros agree, but 0/0 is no number. This case comes up: silent units have "
    "gradients of 0."
)
def error_zero_by_zero(a, b):
    with np.errstate(all="ignore"):
        return np.max(np.abs(a - b)) / np.maximum(np.max(np.abs(a)), np.max(np.abs(b)))


@error.wrong(
    "You add a small number to the denominator. For gradients of that size or smaller it decides "
    "the answer: 1e-9 against 0 then looks like agreement."
)
def error_with_epsilon(a, b):
    return np.max(np.abs(a - b)) / (max(np.max(np.abs(a)), np.max(np.abs(b))) + 1e-8)


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

    return [record(p) for p in (fork, uneven_paths, squashed, called_twice, long_chain)]


@autograd.inputs(
    points=2, hidden=True, about="other graphs, two results of the same inputs, and a long chain"
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

    return [*graphs, record(shared), record(long_chain)]


@autograd.test(points=1, about="other graphs against differences")
def autograd_agrees_with_differences(student, rng):
    for steps in (5, 10, 15):
        data, plan = rng.normal(size=4), draw_plan(rng, 4, steps)
        right = differences(lambda x, plan=plan: grown(x, plan, np.tanh), data)
        gradients = student.case(program_of(data.tolist(), plan))[1:]
        expect(np.array(gradients), right, rtol=1e-4, atol=1e-6)


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


# ---------------------------------------------------------------- skip_backward


@lab.question(
    "skip_backward",
    title="The clinic: three faults",
    points=3,
    minutes=8,
    section=("sec-gradcheck", "Checking a gradient"),
    hints=(
        "There is one fault in the line of dA2, one in the two lines of dA1, one in the line of "
        "dZ1. Compare each line with the line of the forward pass that it takes back.",
        "E is a mean over the samples. A1 goes two ways into A2. And a unit is silent if its "
        "Z1 was not positive, whatever gradient comes back to it.",
        "dA2 lacks the division by N. dA1 is the sum of what comes back on both ways; the second "
        "line throws away the first. The mask of dZ1 belongs to Z1, not to dA1.",
    ),
)
def skip(W1, W2, X, T):
    Z1 = X @ W1
    A1 = np.maximum(Z1, 0)
    R = A1 + A1 @ W2 - T
    dA2 = R / len(X)
    dZ1 = (dA2 + dA2 @ W2.T) * (Z1 > 0)
    return 0.5 * np.sum(R * R) / len(X), X.T @ dZ1, A1.T @ dA2


@skip.inputs(points=1)
def skip_small(rng):
    return [
        (W1, W2, X, np.array([[3.0, 5.0], [0.0, 1.0]])),
        (
            np.array([[1.0, 0.0, -1.0], [0.0, 2.0, 1.0]]),
            np.array([[0.0, 1.0, 0.0], [1.0, 0.0, -1.0], [0.5, 0.0, 0.0]]),
            np.array([[1.0, 1.0], [-1.0, 2.0], [2.0, -1.0], [0.5, 1.0]]),
            np.array([[0.0, 1.0, 0.0], [1.0, 2.0, 5.0], [3.0, 0.0, 1.0], [1.0, 4.0, 0.0]]),
        ),
    ]


@skip.inputs(points=1, hidden=True, about="other shapes, one row among them")
def skip_fresh(rng):
    return [
        tuple(rng.normal(size=shape) for shape in ((D, M), (M, M), (N, D), (N, M)))
        for N, D, M in ((1, 2, 3), (5, 4, 2), (16, 3, 8))
    ]


@skip.test(points=1, about="both gradients against differences")
def skip_agrees_with_differences(student, rng):
    W1, W2, X, T = (rng.normal(size=shape) for shape in ((3, 4), (4, 4), (7, 3), (7, 4)))
    _, dW1, dW2 = student(W1, W2, X, T)

    def loss(W1, W2):
        A1 = np.maximum(X @ W1, 0)
        return 0.5 * np.mean(np.sum((A1 + A1 @ W2 - T) ** 2, axis=1))

    expect(dW1, differences(lambda W: loss(W, W2), W1), rtol=1e-4, atol=1e-6)
    expect(dW2, differences(lambda W: loss(W1, W), W2), rtol=1e-4, atol=1e-6)


@skip.wrong("All three faults are still there: neither dW1 nor dW2 agrees with its measurement.")
def skip_sum_fork_mask(W1, W2, X, T):
    Z1 = X @ W1
    A1 = np.maximum(Z1, 0)
    R = A1 + A1 @ W2 - T
    dA2 = R
    dA1 = dA2 @ W2.T
    dZ1 = dA1 * (dA1 > 0)
    return 0.5 * np.sum(R * R) / len(X), X.T @ dZ1, A1.T @ dA2


@skip.wrong(
    "One fault is repaired, and dW2 agrees with its measurement. Two faults are left on the way "
    "to dW1."
)
def skip_fork_mask(W1, W2, X, T):
    Z1 = X @ W1
    A1 = np.maximum(Z1, 0)
    R = A1 + A1 @ W2 - T
    dA2 = R / len(X)
    dA1 = dA2 @ W2.T
    dZ1 = dA1 * (dA1 > 0)
    return 0.5 * np.sum(R * R) / len(X), X.T @ dZ1, A1.T @ dA2


@skip.wrong(
    "One fault is repaired, that of the skip connection. Two are left: dW2 does not agree with its "
    "measurement, and dW1 has a fault of its own besides."
)
def skip_sum_mask(W1, W2, X, T):
    Z1 = X @ W1
    A1 = np.maximum(Z1, 0)
    R = A1 + A1 @ W2 - T
    dA2 = R
    dA1 = dA2 + dA2 @ W2.T
    dZ1 = dA1 * (dA1 > 0)
    return 0.5 * np.sum(R * R) / len(X), X.T @ dZ1, A1.T @ dA2


@skip.wrong(
    "One fault is repaired, that of ReLU. Two are left: dW2 does not agree with its measurement, "
    "and dW1 has a fault of its own besides."
)
def skip_sum_fork(W1, W2, X, T):
    Z1 = X @ W1
    A1 = np.maximum(Z1, 0)
    R = A1 + A1 @ W2 - T
    dA2 = R
    dA1 = dA2 @ W2.T
    dZ1 = dA1 * (Z1 > 0)
    return 0.5 * np.sum(R * R) / len(X), X.T @ dZ1, A1.T @ dA2


@skip.wrong(
    "One fault is left. Both gradients disagree with their measurements, and by the same factor."
)
def skip_sum(W1, W2, X, T):
    Z1 = X @ W1
    A1 = np.maximum(Z1, 0)
    R = A1 + A1 @ W2 - T
    dA2 = R
    dA1 = dA2 + dA2 @ W2.T
    dZ1 = dA1 * (Z1 > 0)
    return 0.5 * np.sum(R * R) / len(X), X.T @ dZ1, A1.T @ dA2


@skip.wrong("One fault is left. dW2 agrees with its measurement; look at what comes back to A1.")
def skip_fork(W1, W2, X, T):
    Z1 = X @ W1
    A1 = np.maximum(Z1, 0)
    R = A1 + A1 @ W2 - T
    dA2 = R / len(X)
    dA1 = dA2 @ W2.T
    dZ1 = dA1 * (Z1 > 0)
    return 0.5 * np.sum(R * R) / len(X), X.T @ dZ1, A1.T @ dA2


@skip.wrong(
    "One fault is left. dW2 agrees with its measurement, and what comes back to A1 is right."
)
def skip_mask(W1, W2, X, T):
    Z1 = X @ W1
    A1 = np.maximum(Z1, 0)
    R = A1 + A1 @ W2 - T
    dA2 = R / len(X)
    dA1 = dA2 + dA2 @ W2.T
    dZ1 = dA1 * (dA1 > 0)
    return 0.5 * np.sum(R * R) / len(X), X.T @ dZ1, A1.T @ dA2


# ---------------------------------------------------------------- train_digits


def train_digits(X, y, X_new, rng):
    N, D = X.shape
    parameters = {
        "W1": rng.normal(0, np.sqrt(2 / D), (D, 32)),
        "b1": np.zeros(32),
        "W2": rng.normal(0, np.sqrt(2 / 32), (32, 10)),
        "b2": np.zeros(10),
    }
    for _ in range(30):
        order = rng.permutation(N)
        for start in range(0, N, 20):
            batch = order[start : start + 20]
            _, gradients = mlp_backward(parameters, X[batch], y[batch])
            for name, theta in parameters.items():
                parameters[name] = theta - 0.3 * gradients[name]
    A1 = np.maximum(X_new @ parameters["W1"] + parameters["b1"], 0)
    return (A1 @ parameters["W2"] + parameters["b2"]).argmax(axis=1)


training = lab.question(
    "train_digits",
    title="Digits, by your own backward pass",
    uses=("affine_backward", "softmax_cross_entropy", "mlp_backward"),
    points=4,
    minutes=12,
    section=("sec-mlp-backward", "Back through the whole network"),
    accuracy=0.7,
    hints=(
        "Two loops: epochs outside, batches inside. Each batch is one call of mlp_backward and "
        "one small step of all four parameters against their gradients.",
        "rng.permutation(N) gives the samples in a new order; cut it into pieces of 20. The same "
        "20 row numbers pick the samples of X and the labels of y.",
        "A step has to arrive in the dict: subtract 0.3 times the gradient from the parameter of "
        "the same name, and store the result under that name. Do so after every batch.",
    ),
)(train_digits)

DIGITS = mini_mnist()


def pooled(X):
    """Pictures of 28 x 28 as 7 x 7 means, with one decimal."""
    return X.astype(np.float64).reshape(-1, 7, 4, 7, 4).mean(axis=(2, 4)).reshape(-1, 49).round(1)


def drawn_digits(rng, small, n_train, n_new):
    """Other digits each time, with shuffled pixels and other names for the classes.

    A network does not mind, but nobody finds these pictures in a file.
    """
    rows, new = rng.permutation(7000)[:n_train], rng.permutation(1500)[:n_new]
    X, X_new = (small(part.X[k]) for part, k in ((DIGITS.train, rows), (DIGITS.test, new)))
    pixels, names = rng.permutation(X.shape[1]), rng.permutation(10)
    y, y_new = names[DIGITS.train.y[rows]], names[DIGITS.test.y[new]]
    return X[:, pixels], y, X_new[:, pixels], y_new


@training.inputs(points=1, seconds=10)
def training_small(rng):
    X, y = DIGITS.train
    X_new, y_new = DIGITS.val
    return [
        ((pooled(X[:400]), y[:400], pooled(X_new[:150]), np.random.default_rng(0)), y_new[:150])
    ]


@training.inputs(
    points=1, hidden=True, seconds=10, about="other digits to learn from, and other new ones"
)
def training_fresh(rng):
    *arrays, y_new = drawn_digits(rng, pooled, 500, 500)
    return [((*arrays, rng), y_new)]


def share_right(predicted, y_new):
    """The share of right labels; whatever else was returned fails."""
    assert isinstance(predicted, np.ndarray), "expected an array of labels"
    assert predicted.shape == y_new.shape, f"expected {y_new.shape}, got {predicted.shape}"
    assert predicted.dtype.kind in "iu", f"expected integers, got {predicted.dtype}"
    return np.mean(predicted == y_new)


@training.test(points=1, seconds=10, about="1,000 whole digits, and 1,500 new ones")
def training_reads_whole_digits(student, rng):
    *arrays, y_new = drawn_digits(rng, lambda X: X.astype(np.float64), 1000, 1500)
    accuracy = share_right(student(*arrays, rng), y_new)
    assert accuracy >= 0.8, f"expected 80 % of the new digits, got {accuracy:.1%}"


@training.test(points=1, seconds=10, about="the same generator twice")
def training_depends_on_rng_alone(student, rng):
    """The same generator gives the same predictions, which are no guesses."""
    *arrays, y_new = drawn_digits(rng, pooled, 200, 500)
    first, again = (student(*arrays, np.random.default_rng(1)) for _ in range(2))
    assert share_right(first, y_new) >= 0.4, "it hardly learns from 200 digits"
    assert np.array_equal(first, again), "the same rng gives two different networks"


@training.wrong(
    "You step along the gradient. It points to where the loss grows; the step goes against it."
)
def training_ascends(X, y, X_new, rng):
    N, D = X.shape
    parameters = {
        "W1": rng.normal(0, np.sqrt(2 / D), (D, 32)),
        "b1": np.zeros(32),
        "W2": rng.normal(0, np.sqrt(2 / 32), (32, 10)),
        "b2": np.zeros(10),
    }
    for _ in range(30):
        order = rng.permutation(N)
        for start in range(0, N, 20):
            batch = order[start : start + 20]
            _, gradients = mlp_backward(parameters, X[batch], y[batch])
            for name, theta in parameters.items():
                parameters[name] = theta + 0.3 * gradients[name]
    A1 = np.maximum(X_new @ parameters["W1"] + parameters["b1"], 0)
    return (A1 @ parameters["W2"] + parameters["b2"]).argmax(axis=1)


@training.wrong(
    "The network answers with the parameters from the start. Either no step is taken, or it gives "
    "new arrays to a name of the loop only and never reaches the dict."
)
def training_forgets_the_step(X, y, X_new, rng):
    N, D = X.shape
    parameters = {
        "W1": rng.normal(0, np.sqrt(2 / D), (D, 32)),
        "b1": np.zeros(32),
        "W2": rng.normal(0, np.sqrt(2 / 32), (32, 10)),
        "b2": np.zeros(10),
    }
    for _ in range(30):
        order = rng.permutation(N)
        for start in range(0, N, 20):
            batch = order[start : start + 20]
            _, gradients = mlp_backward(parameters, X[batch], y[batch])
            for name, theta in parameters.items():
                theta = theta - 0.3 * gradients[name]
    A1 = np.maximum(X_new @ parameters["W1"] + parameters["b1"], 0)
    return (A1 @ parameters["W2"] + parameters["b2"]).argmax(axis=1)


@training.wrong(
    "You shuffle the samples but not their labels, so that most digits are taught with a wrong "
    "answer. The same row numbers must pick both."
)
def training_mixes_up_labels(X, y, X_new, rng):
    N, D = X.shape
    parameters = {
        "W1": rng.normal(0, np.sqrt(2 / D), (D, 32)),
        "b1": np.zeros(32),
        "W2": rng.normal(0, np.sqrt(2 / 32), (32, 10)),
        "b2": np.zeros(10),
    }
    for _ in range(30):
        order = rng.permutation(N)
        for start in range(0, N, 20):
            batch = order[start : start + 20]
            _, gradients = mlp_backward(parameters, X[batch], y[start : start + 20])
            for name, theta in parameters.items():
                parameters[name] = theta - 0.3 * gradients[name]
    A1 = np.maximum(X_new @ parameters["W1"] + parameters["b1"], 0)
    return (A1 @ parameters["W2"] + parameters["b2"]).argmax(axis=1)


@training.wrong(
    "Every step uses the first 20 samples. The network learns these by heart and never sees the "
    "others."
)
def training_sees_one_batch(X, y, X_new, rng):
    N, D = X.shape
    parameters = {
        "W1": rng.normal(0, np.sqrt(2 / D), (D, 32)),
        "b1": np.zeros(32),
        "W2": rng.normal(0, np.sqrt(2 / 32), (32, 10)),
        "b2": np.zeros(10),
    }
    for _ in range(30):
        batch = np.arange(20)
        for _ in range(0, N, 20):
            _, gradients = mlp_backward(parameters, X[batch], y[batch])
            for name, theta in parameters.items():
                parameters[name] = theta - 0.3 * gradients[name]
    A1 = np.maximum(X_new @ parameters["W1"] + parameters["b1"], 0)
    return (A1 @ parameters["W2"] + parameters["b2"]).argmax(axis=1)


@training.wrong(
    "Your step stands outside the loop over the batches. All batches but the last of each epoch "
    "are computed for nothing."
)
def training_steps_once_an_epoch(X, y, X_new, rng):
    N, D = X.shape
    parameters = {
        "W1": rng.normal(0, np.sqrt(2 / D), (D, 32)),
        "b1": np.zeros(32),
        "W2": rng.normal(0, np.sqrt(2 / 32), (32, 10)),
        "b2": np.zeros(10),
    }
    for _ in range(30):
        order = rng.permutation(N)
        for start in range(0, N, 20):
            batch = order[start : start + 20]
            _, gradients = mlp_backward(parameters, X[batch], y[batch])
        for name, theta in parameters.items():
            parameters[name] = theta - 0.3 * gradients[name]
    A1 = np.maximum(X_new @ parameters["W1"] + parameters["b1"], 0)
    return (A1 @ parameters["W2"] + parameters["b2"]).argmax(axis=1)


@training.wrong(
    "You add each gradient to all those before it. A step then follows what was true many batches "
    "ago; each batch needs a gradient of its own."
)
def training_never_clears(X, y, X_new, rng):
    N, D = X.shape
    parameters = {
        "W1": rng.normal(0, np.sqrt(2 / D), (D, 32)),
        "b1": np.zeros(32),
        "W2": rng.normal(0, np.sqrt(2 / 32), (32, 10)),
        "b2": np.zeros(10),
    }
    total = dict.fromkeys(parameters, 0.0)
    for _ in range(30):
        order = rng.permutation(N)
        for start in range(0, N, 20):
            batch = order[start : start + 20]
            _, gradients = mlp_backward(parameters, X[batch], y[batch])
            for name, theta in parameters.items():
                total[name] = total[name] + gradients[name]
                parameters[name] = theta - 0.3 * total[name]
    A1 = np.maximum(X_new @ parameters["W1"] + parameters["b1"], 0)
    return (A1 @ parameters["W2"] + parameters["b2"]).argmax(axis=1)


@training.wrong(
    "Every digit gets the same answer. Either the steps are so large that the weights are no "
    "numbers any more, or all weights are 0: you predicted what happens then."
)
def training_starts_from_zeros(X, y, X_new, rng):
    N, D = X.shape
    shapes = {"W1": (D, 32), "b1": 32, "W2": (32, 10), "b2": 10}
    parameters = {name: np.zeros(shape) for name, shape in shapes.items()}
    for _ in range(30):
        order = rng.permutation(N)
        for start in range(0, N, 20):
            batch = order[start : start + 20]
            _, gradients = mlp_backward(parameters, X[batch], y[batch])
            for name, theta in parameters.items():
                parameters[name] = theta - 0.3 * gradients[name]
    A1 = np.maximum(X_new @ parameters["W1"] + parameters["b1"], 0)
    return (A1 @ parameters["W2"] + parameters["b2"]).argmax(axis=1)


# ---------------------------------------------------------------- why_gradients_add

lab.manual(
    "why_gradients_add",
    form="text",
    rubric=[
        (1, "names what the three cases have in common"),
        (1, "says why it is a sum"),
        (1, "says what happens if a contribution is dropped, and how one notices"),
    ],
    title="Why gradients add",
    minutes=7,
    section=("sec-autograd", "Automatic differentiation"),
    hints=(
        "Change b by a little. In how many entries of Z does the change arrive? Then ask the same "
        "of a Value that stands in two products.",
        "The loss changes by the sum of what comes through all these places. Write that as a sum, "
        "once over the rows of the batch and once over the uses of a Value.",
        "For the last part think of the clinic: its gradients were wrong, and yet its loss fell. "
        "What told you that they were wrong?",
    ),
)
