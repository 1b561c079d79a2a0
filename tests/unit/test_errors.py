"""Every error says what was checked, what was expected, what came instead, and what to do.

The table is the specification, word for word. Damaged data files: see tests/data/.
"""

import re

import numpy as np
import pytest

from mlcourse import optim
from mlcourse.interop import from_torch
from mlcourse.layers import BatchNorm1d, Dropout, Linear, ReLU, Sigmoid, Tanh
from mlcourse.losses import binary_cross_entropy, cross_entropy, kl, mse
from mlcourse.network import Ensemble, Sequential, mlp
from mlcourse.optim import Parameters, variants
from mlcourse.training import EarlyStopping, accuracy, fit

F32 = np.float32
RNG = np.random.default_rng(0)


def linear(**kwargs):
    return Linear(784, 10, rng=RNG, **kwargs)


def used(layer, X):
    layer(X)
    return layer


def point():
    return Parameters(np.zeros(3))


def zeros(*shape, dtype=F32):
    return np.zeros(shape, dtype)


def diverge():
    net = mlp([2, 2], rng=RNG)
    X, y = np.ones((4, 2), F32), np.zeros(4, int)
    batches = [(X, y)] * 20
    batches[17] = (X * F32(np.nan), y)

    class Epochs:
        epoch = -1

        def __len__(self):
            return 20

        def __iter__(self):
            self.epoch += 1
            return iter(batches if self.epoch == 3 else [(X, y)] * 20)

    fit(net, cross_entropy, optim.SGD(net, lr=0.5), Epochs(), epochs=5, progress=False)


CONVERT = "convert the data once, before training"
ROWS = [
    # Shape
    (
        lambda: linear()(zeros(784, 32)),
        ValueError,
        "Linear input X: expected shape (N, 784), got (784, 32); rows are samples",
    ),
    (
        lambda: linear()(zeros(784)),
        ValueError,
        "Linear input X: expected shape (N, 784), got (784,); rows are samples",
    ),
    (
        lambda: BatchNorm1d(3)(zeros(3, 5)),
        ValueError,
        "BatchNorm1d input X: expected shape (N, 3), got (3, 5); rows are samples",
    ),
    (
        lambda: used(linear(), zeros(2, 784)).backward(zeros(3, 10)),
        ValueError,
        "Linear gradient dY: expected shape (2, 10), got (3, 10); the shape of the output",
    ),
    (
        lambda: cross_entropy(zeros(3), np.zeros(3, int)),
        ValueError,
        "logits Z: expected shape (N, C), got (3,); one row a sample, one column a class",
    ),
    (
        lambda: linear(init=lambda D, M, rng, dtype: np.zeros((M, D), dtype)),
        ValueError,
        "init's W: expected shape (784, 10), got (10, 784)",
    ),
    # Dtype
    (
        lambda: linear()(zeros(8, 784, dtype=np.float64)),
        TypeError,
        f"Linear input X: expected float32, got float64; {CONVERT}",
    ),
    (
        lambda: linear()(zeros(8, 784, dtype=np.uint8)),
        TypeError,
        f"Linear input X: expected float32, got uint8; {CONVERT}",
    ),
    (
        lambda: linear()([[0.0] * 784]),
        TypeError,
        f"Linear input X: expected float32, got a list; {CONVERT}",
    ),
    (
        lambda: BatchNorm1d(3, dtype=np.float64)(zeros(5, 3)),
        TypeError,
        f"BatchNorm1d input X: expected float64, got float32; {CONVERT}",
    ),
    (
        lambda: used(ReLU(), zeros(2, 3)).backward(zeros(2, 3, dtype=np.float64)),
        TypeError,
        "ReLU gradient dY: expected float32, got float64; the dtype of the output",
    ),
    (
        lambda: mse(zeros(2), zeros(2, dtype=np.float64)),
        TypeError,
        f"targets T: expected float32, got float64; {CONVERT}",
    ),
    (
        lambda: mse(zeros(2, dtype=np.uint8), zeros(2, dtype=np.uint8)),
        TypeError,
        "predictions A: expected an array of floating-point numbers, got uint8",
    ),
    (
        lambda: cross_entropy([[1.0, 2.0]], np.array([0])),
        TypeError,
        "logits Z: expected an array of floating-point numbers, got a list",
    ),
    (
        lambda: cross_entropy(zeros(2, 3), np.eye(3)[:2]),
        TypeError,
        f"target distributions Y: expected float32, got float64; {CONVERT}",
    ),
    (
        lambda: Sequential([linear(), Linear(10, 2, rng=RNG, dtype=np.float64)]),
        TypeError,
        f"Sequential parameter 1.weight: expected float32, got float64; {CONVERT}",
    ),
    (
        lambda: linear(init=lambda D, M, rng, dtype: np.zeros((D, M))),
        TypeError,
        "init's W: expected float32, got float64; use the dtype that init is given",
    ),
    # (N,) against (N, 1)
    (
        lambda: mse(zeros(4, 1), zeros(4)),
        ValueError,
        "targets T: expected shape (4, 1), got (4,); the same shape as the predictions",
    ),
    (
        lambda: mse(zeros(4), zeros(4, 1)),
        ValueError,
        "targets T: expected shape (4,), got (4, 1); the same shape as the predictions",
    ),
    (
        lambda: binary_cross_entropy(zeros(4, 1), zeros(4)),
        ValueError,
        "targets y: expected shape (4, 1), got (4,); the same shape as the logits",
    ),
    (
        lambda: cross_entropy(zeros(4, 3), np.zeros((4, 1), int)),
        ValueError,
        "targets y: expected shape (4, 3), got (4, 1); or one label a sample, shape (N,)",
    ),
    (
        lambda: accuracy(mlp([2, 3], rng=RNG), zeros(4, 2), np.zeros((4, 1), int)),
        ValueError,
        "labels y: expected shape (4,), got (4, 1); one class number for each row of the logits",
    ),
    # Labels
    (
        lambda: cross_entropy(zeros(2, 10), np.array([0.0, 1.0])),
        TypeError,
        "labels y: expected an array of integers, got float64",
    ),
    (
        lambda: cross_entropy(zeros(2, 10), np.array([True, False])),
        TypeError,
        "labels y: expected an array of integers, got bool",
    ),
    (
        lambda: cross_entropy(zeros(2, 10), [0, 1]),
        TypeError,
        "labels y: expected an array of integers, got a list",
    ),
    (
        lambda: cross_entropy(zeros(2, 10), np.array([0, 10])),
        ValueError,
        "labels y: expected 0..9, got 0..10",
    ),
    (
        lambda: cross_entropy(zeros(2, 10), np.array([-1, 3], np.int8)),
        ValueError,
        "labels y: expected 0..9, got -1..3",
    ),
    (
        lambda: cross_entropy(zeros(2, 10), np.array([1, 2, 3])),
        ValueError,
        "labels y: expected shape (2,), got (3,); one class number for each row of the logits",
    ),
    (
        lambda: kl(zeros(2, 2), np.array([[0.5, 0.5], [0.5, 0.6]], F32)),
        ValueError,
        "target distributions Y: expected rows of numbers >= 0 that sum to 1, "
        "got a smallest number of 0.5 and sums 1..1.1",
    ),
    (
        lambda: cross_entropy(zeros(1, 2), np.array([[-0.5, 1.5]], F32)),
        ValueError,
        "target distributions Y: expected rows of numbers >= 0 that sum to 1, "
        "got a smallest number of -0.5 and sums 1..1",
    ),
    (
        lambda: cross_entropy(zeros(1, 2), np.array([[np.nan, 1]], F32)),
        ValueError,
        "target distributions Y: expected rows of numbers >= 0 that sum to 1, "
        "got a smallest number of nan and sums nan..nan",
    ),
    (
        lambda: kl(zeros(2, 3), np.array([0, 1])),
        ValueError,
        "target distributions Y: expected shape (2, 3), got (2,); "
        "a distribution for each row of the logits",
    ),
    (
        lambda: binary_cross_entropy(zeros(2), np.array([0, 2], F32)),
        ValueError,
        "targets y: expected values in [0, 1], got 0.0..2.0",
    ),
    (
        lambda: binary_cross_entropy(zeros(2), np.array([0, np.nan], F32)),
        ValueError,
        "targets y: expected values in [0, 1], got nan..nan",
    ),
    # Empty batch, and a single sample
    (
        lambda: linear()(zeros(0, 784)),
        ValueError,
        "Linear input X: expected at least one sample, got shape (0, 784)",
    ),
    (
        lambda: BatchNorm1d(3)(zeros(0, 3)),
        ValueError,
        "BatchNorm1d input X: expected at least one sample, got shape (0, 3)",
    ),
    (
        lambda: cross_entropy(zeros(0, 3), np.zeros(0, int)),
        ValueError,
        "logits Z: expected at least one sample, got shape (0, 3)",
    ),
    (
        lambda: mse(zeros(0), zeros(0)),
        ValueError,
        "predictions A: expected at least one sample, got shape (0,)",
    ),
    (
        lambda: binary_cross_entropy(zeros(0), zeros(0)),
        ValueError,
        "logits z: expected at least one sample, got shape (0,)",
    ),
    (
        lambda: BatchNorm1d(3)(zeros(1, 3)),
        ValueError,
        "BatchNorm1d input X: expected at least 2 samples in training, got 1; "
        "use drop_last=True, or eval() to predict",
    ),
    # Hyperparameters
    (
        lambda: optim.Adam(point(), betas=(0.9, 1.0)),
        ValueError,
        "betas[1] must be in [0, 1), got 1.0",
    ),
    (
        lambda: optim.AdamW(point(), betas=(-0.1, 0.9)),
        ValueError,
        "betas[0] must be in [0, 1), got -0.1",
    ),
    (lambda: optim.Adam(point(), eps=0), ValueError, "eps must be greater than 0, got 0"),
    (lambda: optim.SGD(point(), lr=-0.1), ValueError, "lr must be at least 0, got -0.1"),
    (
        lambda: optim.SGD(point(), lr=np.inf),
        ValueError,
        "lr must be at least 0 and finite, got inf",
    ),
    (
        lambda: setattr(optim.SGD(point()), "lr", np.nan),
        ValueError,
        "lr must be at least 0, got nan",
    ),
    (lambda: optim.SGD(point(), momentum=1), ValueError, "momentum must be in [0, 1), got 1"),
    (
        lambda: optim.SGD(point(), nesterov=True),
        ValueError,
        "nesterov needs momentum greater than 0, got 0",
    ),
    (
        lambda: optim.SGD(point(), weight_decay=-1),
        ValueError,
        "weight_decay must be at least 0, got -1",
    ),
    (
        lambda: optim.AdamW(point(), weight_decay=-1),
        ValueError,
        "weight_decay must be at least 0, got -1",
    ),
    (lambda: optim.Rprop(point(), etas=(1, 2)), ValueError, "etas[0] must be in (0, 1), got 1"),
    (
        lambda: optim.Rprop(point(), etas=(0.5, 1)),
        ValueError,
        "etas[1] must be greater than 1, got 1",
    ),
    (
        lambda: optim.Rprop(point(), step_sizes=(1, 0.5)),
        ValueError,
        "step_sizes[1] must be at least 1, got 0.5",
    ),
    (lambda: optim.RMSprop(point(), alpha=1), ValueError, "alpha must be in [0, 1), got 1"),
    (lambda: optim.Adagrad(point(), eps=0), ValueError, "eps must be greater than 0, got 0"),
    (
        lambda: variants.MomentumEMA(point(), momentum=1),
        ValueError,
        "momentum must be in [0, 1), got 1",
    ),
    (
        lambda: variants.AdamUncorrected(point(), betas=(1, 0)),
        ValueError,
        "betas[0] must be in [0, 1), got 1",
    ),
    (lambda: Dropout(1, rng=RNG), ValueError, "p must be in [0, 1), got 1"),
    (
        lambda: BatchNorm1d(3, momentum=1.5),
        ValueError,
        "momentum must be in [0, 1], got 1.5",
    ),
    (lambda: BatchNorm1d(3, eps=0), ValueError, "eps must be greater than 0, got 0"),
    (lambda: BatchNorm1d(0), ValueError, "features M must be at least 1, got 0"),
    (lambda: Linear(0, 3, rng=RNG), ValueError, "inputs D must be at least 1, got 0"),
    (lambda: Linear(3, 0, rng=RNG), ValueError, "units M must be at least 1, got 0"),
    (lambda: mlp([3, 2], rng=RNG, dropout=1), ValueError, "dropout must be in [0, 1), got 1"),
    (
        lambda: mlp([3], rng=RNG),
        ValueError,
        "sizes: expected inputs, any hidden units, outputs, got [3]",
    ),
    (
        lambda: mlp([3, 2], rng=RNG, activation="gelu"),
        ValueError,
        "activation: expected one of ['relu', 'sigmoid', 'tanh'], got 'gelu'",
    ),
    (lambda: Sequential([]), ValueError, "Sequential: expected at least one layer, got none"),
    (lambda: Ensemble([]), ValueError, "Ensemble: expected at least one network, got none"),
    (lambda: EarlyStopping(patience=0), ValueError, "patience must be at least 1, got 0"),
    # A loss that is no number
    (
        diverge,
        FloatingPointError,
        "loss is nan at epoch 3, iteration 17 (lr=0.5); lower lr or check the data",
    ),
    # Backward before forward
    *(
        (
            lambda layer=layer: layer.backward(zeros(2, 3)),
            RuntimeError,
            f"{type(layer).__name__}: call forward before backward",
        )
        for layer in (linear(), Sigmoid(), Tanh(), ReLU(), BatchNorm1d(3), Dropout(0.5, rng=RNG))
    ),
    (
        lambda: mlp([3, 4, 2], rng=RNG).backward(zeros(2, 2)),
        RuntimeError,
        "Linear: call forward before backward",
    ),
]


@pytest.mark.parametrize(("call", "error", "message"), ROWS, ids=[row[2][:50] for row in ROWS])
def test_the_error_has_its_type_and_its_very_words(call, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        call()


@pytest.mark.parametrize(
    "call",
    [
        lambda: Linear(2, 3),
        lambda: Dropout(0.5),
        lambda: mlp([2, 3]),
        lambda: from_torch(None),
    ],
)
def test_randomness_is_never_implied(call):
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'rng'"):
        call()
