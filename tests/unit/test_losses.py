"""Losses and their gradients against PyTorch, central differences and their closed forms."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torch.nn import functional as F

from mlcourse import init
from mlcourse.functional import log_softmax, softmax
from mlcourse.gradcheck import numerical_gradient, relative_error
from mlcourse.losses import binary_cross_entropy, cross_entropy, kl, mse
from mlcourse.network import mlp

N, C = 16, 5
PRECISION = {np.float64: {"rtol": 1e-12, "atol": 1e-15}, np.float32: {"rtol": 1e-5, "atol": 1e-7}}


def logits(rng, scale):
    return scale * rng.normal(size=(N, C))


def distributions(rng):
    return rng.dirichlet(np.full(C, 0.3), size=N)


def labels(rng):
    return rng.integers(0, C, size=N)


def one_hot(rng):
    return np.eye(C)[labels(rng)]


# Name: the loss, PyTorch's, and what draws the first argument (from a scale) and the target.
CASES = {
    "mse": (mse, F.mse_loss, logits, lambda rng: logits(rng, 1)),
    "mse of vectors": (
        mse,
        F.mse_loss,
        lambda rng, scale: scale * rng.normal(size=N),
        lambda rng: rng.normal(size=N),
    ),
    "cross-entropy, labels": (cross_entropy, F.cross_entropy, logits, labels),
    "cross-entropy, one-hot": (cross_entropy, F.cross_entropy, logits, one_hot),
    "cross-entropy, soft targets": (cross_entropy, F.cross_entropy, logits, distributions),
    "KL, one-hot": (
        kl,
        lambda Z, Y: F.kl_div(torch.log_softmax(Z, 1), Y, reduction="batchmean"),
        logits,
        one_hot,
    ),
    "KL, soft targets": (
        kl,
        lambda Z, Y: F.kl_div(torch.log_softmax(Z, 1), Y, reduction="batchmean"),
        logits,
        distributions,
    ),
    "binary cross-entropy": (
        binary_cross_entropy,
        F.binary_cross_entropy_with_logits,
        lambda rng, scale: scale * rng.normal(size=(N, 1)),
        lambda rng: rng.integers(0, 2, size=(N, 1)).astype(np.float64),
    ),
    "binary cross-entropy, soft": (
        binary_cross_entropy,
        F.binary_cross_entropy_with_logits,
        lambda rng, scale: scale * rng.normal(size=N),
        lambda rng: rng.random(N),
    ),
}
each_loss = pytest.mark.parametrize(
    ("loss", "theirs", "draw", "draw_target"), CASES.values(), ids=CASES
)


@each_loss
@pytest.mark.parametrize("dtype", PRECISION)
@pytest.mark.parametrize("scale", [1, 1e4])
def test_value_and_gradient_are_those_of_pytorch(
    loss, theirs, draw, draw_target, dtype, scale, rng
):
    Z = draw(rng, scale).astype(dtype)
    target = draw_target(rng)
    if target.dtype == np.float64:
        target = target.astype(dtype)
        if target.ndim == 2 and loss in (cross_entropy, kl):  # sums are 1 again after rounding
            target /= target.sum(axis=1, keepdims=True)
    before = Z.copy(), target.copy()
    E, dZ = loss(Z, target)
    assert type(E) is float
    assert (dZ.shape, dZ.dtype) == (Z.shape, Z.dtype)
    np.testing.assert_array_equal(Z, before[0])
    np.testing.assert_array_equal(target, before[1])

    leaf = torch.tensor(Z, requires_grad=True)
    value = theirs(leaf, torch.from_numpy(target))
    value.backward()
    np.testing.assert_allclose(E, value.item(), **PRECISION[dtype])
    np.testing.assert_allclose(dZ, leaf.grad, **PRECISION[dtype])


@each_loss
def test_gradient_matches_central_differences(loss, theirs, draw, draw_target, rng):
    Z, target = draw(rng, 1), draw_target(rng)
    slope = numerical_gradient(lambda Z: loss(Z, target)[0], Z)
    assert relative_error(loss(Z, target)[1], slope) < 1e-8


@each_loss
def test_a_batch_has_the_mean_of_its_samples(loss, theirs, draw, draw_target, rng):
    """Each row counts for itself: its value and gradient do not depend on the others."""
    Z, target = draw(rng, 1), draw_target(rng)
    E, dZ = loss(Z, target)
    alone = [loss(Z[n : n + 1], target[n : n + 1]) for n in range(N)]
    assert pytest.approx(np.mean([E_n for E_n, _ in alone])) == E
    np.testing.assert_allclose(dZ, np.concatenate([dZ_n for _, dZ_n in alone]) / N, rtol=1e-12)


@pytest.mark.parametrize("dtype", PRECISION)
def test_extreme_logits_cost_what_the_margin_says(dtype):
    """Never a rounded probability: 2·10⁴ nats for a sure and wrong answer, 0 for a right one."""
    Z = np.array([[1e4, -1e4], [-1e4, 1e4]], dtype)
    E, dZ = cross_entropy(Z, np.array([1, 1]))
    assert E == 2e4 / 2
    np.testing.assert_array_equal(dZ, [[0.5, -0.5], [0, 0]])
    E, dz = binary_cross_entropy(Z[:, 1] - Z[:, 0], np.ones(2, dtype))
    assert E == 2e4 / 2
    np.testing.assert_array_equal(dz, [-0.5, 0])
    perfect, _ = cross_entropy(Z, np.array([0, 1]))
    assert str(perfect) == "0.0"  # not -0.0


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64, np.uint64])
def test_labels_of_any_integer_type(dtype, rng):
    Z, y = logits(rng, 1), labels(rng)
    E, dZ = cross_entropy(Z, y.astype(dtype))
    assert cross_entropy(Z, y)[0] == E
    np.testing.assert_array_equal(cross_entropy(Z, y)[1], dZ)


def test_one_hot_targets_give_what_labels_give(rng):
    Z, y = logits(rng, 3), labels(rng)
    E, dZ = cross_entropy(Z, y)
    for loss in (cross_entropy, kl):
        E_hot, dZ_hot = loss(Z, np.eye(C)[y])
        assert pytest.approx(E, rel=1e-14) == E_hot
        np.testing.assert_allclose(dZ_hot, dZ, rtol=1e-12, atol=1e-17)


def test_kl_is_cross_entropy_less_the_entropy_of_the_target(rng):
    Z, Y = logits(rng, 2), distributions(rng)
    entropy = -np.sum(Y * np.log(np.where(Y > 0, Y, 1))) / N
    assert kl(Z, Y)[0] == pytest.approx(cross_entropy(Z, Y)[0] - entropy)
    np.testing.assert_array_equal(kl(Z, Y)[1], cross_entropy(Z, Y)[1])
    assert kl(np.log(Y + 1e-300), Y)[0] == pytest.approx(0, abs=1e-12)


@given(
    Z=hnp.arrays(np.float64, (3, 4), elements=st.floats(-50, 50)),
    T=hnp.arrays(np.float64, (3, 4), elements=st.floats(-50, 50)),
)
def test_kl_is_never_negative(Z, T):
    assert kl(Z, softmax(T))[0] > -1e-12


def test_a_network_that_knows_nothing_pays_log_c(rng):
    net = mlp([20, 8, 10], rng=rng, init=init.zeros, dtype=np.float64)
    E, dZ = cross_entropy(net(rng.normal(size=(7, 20))), np.arange(7))
    assert pytest.approx(math.log(10), rel=1e-15) == E
    np.testing.assert_allclose(dZ, (0.1 - np.eye(10)[:7]) / 7, rtol=1e-14)


def test_the_gradient_of_cross_entropy_needs_the_normaliser(rng):
    """(P − Y)/N: without P, as −Y/N alone, it would be far from the measured slope."""
    Z, y = logits(rng, 1), labels(rng)
    slope = numerical_gradient(lambda Z: cross_entropy(Z, y)[0], Z)
    Y = np.eye(C)[y]
    assert relative_error((softmax(Z) - Y) / N, slope) < 1e-9
    assert relative_error(-Y / N, slope) > 0.1


def test_binary_cross_entropy_is_cross_entropy_of_two_classes(rng):
    z, y = rng.normal(size=N), rng.integers(0, 2, size=N)
    E, dz = binary_cross_entropy(z, y.astype(np.float64))
    E2, dZ = cross_entropy(np.stack([np.zeros(N), z], axis=1), y)
    assert pytest.approx(E2) == E
    np.testing.assert_allclose(dz, dZ[:, 1], rtol=1e-12)


def test_half_the_sum_of_squares_is_nm_over_two_of_the_mean(rng):
    A, T = rng.normal(size=(2, N, C))
    E, dA = mse(A, T)
    assert pytest.approx(0.5 * np.sum((A - T) ** 2)) == N * C / 2 * E
    np.testing.assert_allclose(N * C / 2 * dA, A - T, rtol=1e-12)


def test_nan_logits_give_a_nan_loss_for_fit_to_report():
    Z = np.array([[np.nan, 0.0]])
    assert math.isnan(cross_entropy(Z, np.array([1]))[0])
    assert math.isnan(mse(Z, np.zeros((1, 2)))[0])


def test_log_softmax_is_what_the_labels_pick(rng):
    Z, y = logits(rng, 10), labels(rng)
    assert cross_entropy(Z, y)[0] == pytest.approx(-np.mean(log_softmax(Z)[np.arange(N), y]))
