"""The equations and claims of chapter 1, one test each."""

import math

import numpy as np
import pytest
import torch

from mlcourse.data import mini_mnist
from mlcourse.functional import log_softmax, sigmoid, softmax
from mlcourse.gradcheck import numerical_gradient
from mlcourse.layers import Linear
from mlcourse.losses import cross_entropy
from mlcourse.network import mlp
from mlcourse.training import accuracy, predict


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def layer(rng):
    return Linear(7, 4, rng=rng, dtype=np.float64)


@pytest.fixture
def logits(rng):
    return rng.normal(0, 5, (20, 10))


def test_affine_index(layer, rng):
    X = rng.normal(size=(3, 7))
    layer.b[:] = rng.normal(size=4)
    by_index = [
        [sum(X[n, d] * layer.W[d, m] for d in range(7)) + layer.b[m] for m in range(4)]
        for n in range(3)
    ]
    np.testing.assert_allclose(layer(X), by_index, rtol=1e-13)


def test_affine(layer, rng):
    X = rng.normal(size=(3, 7))
    layer.b[:] = rng.normal(size=4)
    W, b = torch.from_numpy(layer.W), torch.from_numpy(layer.b)
    expected = torch.nn.functional.linear(torch.from_numpy(X), W.T, b)
    np.testing.assert_allclose(layer(X), expected.numpy(), rtol=1e-13)


def test_bias_gradient_sums_over_the_batch(layer, rng):
    X, G = rng.normal(size=(3, 7)), rng.normal(size=(3, 4))
    layer(X)
    layer.backward(G)
    numeric = numerical_gradient(lambda b: float(np.sum(G * (X @ layer.W + b))), layer.b)
    np.testing.assert_allclose(layer.db, numeric, rtol=1e-7)
    np.testing.assert_allclose(layer.db, G.sum(axis=0), rtol=1e-13)


def test_trap_learns_the_mean_of_the_targets(rng):
    targets, theta = rng.normal(size=6), np.zeros((6, 1))  # one free prediction a sample
    for _ in range(200):  # dE/dθ of mean((θ - t)²) broadcast to (6, 6)
        theta -= 0.5 * (2 / 36) * (theta - targets).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(theta[:, 0], targets.mean(), rtol=1e-6)


def test_softmax(logits):
    e = np.exp(logits)
    np.testing.assert_allclose(softmax(logits), e / e.sum(axis=1, keepdims=True), rtol=1e-12)
    np.testing.assert_allclose(
        softmax(logits), torch.softmax(torch.from_numpy(logits), dim=1).numpy(), rtol=1e-12
    )


def test_softmax_ignores_a_shift(logits):
    shift = np.linspace(-500, 500, 20)[:, None]
    np.testing.assert_allclose(softmax(logits + shift), softmax(logits), rtol=1e-10)


def test_max_trick(logits):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(softmax(logits), e / e.sum(axis=1, keepdims=True), rtol=1e-13)
    assert np.isfinite(softmax(1e30 * logits)).all()


def test_largest_exponential_of_float32():
    with np.errstate(over="ignore"):
        assert np.isfinite(np.exp(np.float32(88.7)))
        assert np.isinf(np.exp(np.float32(88.8)))


def test_softmax_of_two_is_the_sigmoid(logits):
    Z = logits[:, :2]
    np.testing.assert_allclose(softmax(Z)[:, 1], sigmoid(Z[:, 1] - Z[:, 0]), rtol=1e-12)


def test_cross_entropy(logits):
    y = np.arange(20) % 10
    P = softmax(logits)
    assert cross_entropy(logits, y)[0] == pytest.approx(-np.log(P[np.arange(20), y]).mean())
    expected = torch.nn.functional.cross_entropy(torch.from_numpy(logits), torch.from_numpy(y))
    assert cross_entropy(logits, y)[0] == pytest.approx(expected.item(), rel=1e-12)


def test_one_hot(logits):
    y = np.arange(20) % 10
    Y = np.eye(10)[y]
    assert cross_entropy(logits, y)[0] == pytest.approx(-(Y * np.log(softmax(logits))).sum() / 20)
    assert cross_entropy(logits, Y)[0] == pytest.approx(cross_entropy(logits, y)[0], rel=1e-13)
    expected = torch.nn.functional.cross_entropy(torch.from_numpy(logits), torch.from_numpy(Y))
    assert cross_entropy(logits, Y)[0] == pytest.approx(expected.item(), rel=1e-12)


def test_log_sum_exp(logits):
    m = logits.max(axis=1, keepdims=True)
    expected = logits - m - np.log(np.exp(logits - m).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(log_softmax(logits), expected, rtol=1e-12)
    assert cross_entropy(np.array([[0.0, 200.0]], np.float32), np.array([0]))[0] == 200


@pytest.mark.parametrize("C", [2, 10, 1000])
def test_log_c(C):
    assert cross_entropy(np.zeros((3, C)), np.array([0, 1, C - 1]))[0] == pytest.approx(math.log(C))


def test_perplexity():
    E, _ = cross_entropy(np.log(np.array([[1.0, 2.0, 5.0]])), np.array([0]))  # exercise 1.2
    assert math.exp(E) == pytest.approx(8)


def test_stack(rng):
    net = mlp([7, 5, 4, 3], rng=rng, dtype=np.float64)
    X = rng.normal(size=(6, 7))
    first, _, second, _, third = net.layers
    A = np.maximum(X @ first.W + first.b, 0)
    A = np.maximum(A @ second.W + second.b, 0)
    np.testing.assert_allclose(net(X), A @ third.W + third.b, rtol=1e-12)


def test_parameter_count(rng):
    net = mlp([784, 256, 128, 10], rng=rng)
    assert [layer.n_params for layer in net.layers] == [200_960, 0, 32_896, 0, 1_290]
    assert net.n_params == 235_146
    assert mlp([784, 300, 10], rng=rng).n_params == 238_510  # exercise 1.1


def test_affine_layers_collapse(rng):
    X, W1, b1 = rng.normal(size=(5, 4)), rng.normal(size=(4, 3)), rng.normal(size=3)
    W2, b2 = rng.normal(size=(3, 2)), rng.normal(size=2)
    np.testing.assert_allclose((X @ W1 + b1) @ W2 + b2, X @ (W1 @ W2) + (b1 @ W2 + b2), rtol=1e-11)


def test_accuracy(rng):
    net = mlp([4, 3], rng=rng, dtype=np.float64)
    X, y = rng.normal(size=(50, 4)), rng.integers(0, 3, 50)
    assert accuracy(net, X, y) == sum(net(X)[n].argmax() == y[n] for n in range(50)) / 50


def test_softmax_twice_has_a_floor(rng):
    y = np.arange(10)
    E, _ = cross_entropy(softmax(1000.0 * np.eye(10)), y)
    assert pytest.approx(math.log(math.e + 9) - 1) == E
    assert round(E, 4) == 1.4612
    others = [cross_entropy(softmax(rng.normal(0, 30, (10, 10))), y)[0] for _ in range(100)]
    assert min(others) > E


def test_label_smoothing_floor():
    Y = np.full((1, 10), 0.1 / 9)  # exercise 1.3
    Y[0, 3] = 0.9
    E, dZ = cross_entropy(np.log(Y), Y)
    assert round(E, 4) == 0.5448
    np.testing.assert_allclose(dZ, 0, atol=1e-15)


def test_estimate_of_the_untrained_loss():
    X, y = mini_mnist().val  # exercise 1.8
    measured, estimated = [], []
    for seed in range(10):
        Z = predict(mlp([784, 256, 128, 10], rng=np.random.default_rng(seed)), X)
        measured.append(cross_entropy(Z, y)[0])
        estimated.append(np.log(10) + Z.var(axis=1, ddof=1).mean() / 2 * 0.9)
    assert round(float(np.mean(measured)), 2) == 2.40
    assert round(float(np.mean(estimated)), 2) == 2.42
    assert round(float(np.abs(np.subtract(measured, estimated)).max()), 2) == 0.11


@pytest.mark.parametrize(
    ("scale", "loss"), [(0, 2.303), (0.1, 2.302), (0.3, 2.307), (1, 2.395), (3, 3.137)]
)
def test_untrained_loss_by_scale_of_the_last_layer(scale, loss):
    X, y = mini_mnist().val  # exercise 1.6
    losses = []
    for seed in range(10):
        net = mlp([784, 256, 128, 10], rng=np.random.default_rng(seed))
        net.layers[-1].W *= scale
        losses.append(cross_entropy(predict(net, X), y)[0])
    assert round(float(np.mean(losses)), 3) == loss
