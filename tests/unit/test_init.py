"""Initialisations have the variance of their equations, and keep the signal's size as they claim.

The sample variance of n numbers has a relative standard error of √(2/n) or less: 0.4 % for the
300 × 400 drawn here. The tolerance of 2 % is five of them.
"""

import math

import numpy as np
import pytest

from mlcourse import init
from mlcourse.functional import relu

D, M = 300, 400
VARIANCES = {
    init.xavier_normal: 2 / (D + M),
    init.xavier_uniform: 2 / (D + M),
    init.he_normal: 2 / D,
    init.he_uniform: 2 / D,
    init.normal(std=0.3): 0.3**2,
}
each = pytest.mark.parametrize(
    ("initializer", "variance"),
    VARIANCES.items(),
    ids=["xavier_normal", "xavier_uniform", "he_normal", "he_uniform", "normal"],
)


@each
def test_mean_and_variance(initializer, variance, rng):
    W = initializer(D, M, rng=rng, dtype=np.float64)
    assert W.shape == (D, M)
    assert W.var() == pytest.approx(variance, rel=0.02)
    assert abs(W.mean()) < 4 * math.sqrt(variance / W.size)  # four standard errors


@each
def test_one_seed_means_one_set_of_weights_in_either_dtype(initializer, variance):
    W32 = initializer(3, 4, rng=np.random.default_rng(7))
    W64 = initializer(3, 4, rng=np.random.default_rng(7), dtype=np.float64)
    assert W32.dtype == np.float32
    np.testing.assert_array_equal(W32, W64.astype(np.float32))
    assert (initializer(3, 4, rng=np.random.default_rng(8)) != W32).all()


@pytest.mark.parametrize(
    ("initializer", "limit"),
    [(init.xavier_uniform, math.sqrt(6 / (D + M))), (init.he_uniform, math.sqrt(6 / D))],
)
def test_uniform_fills_its_interval_and_no_more(initializer, limit, rng):
    W = initializer(D, M, rng=rng, dtype=np.float64)
    assert 0.999 * limit < np.abs(W).max() <= limit
    quarters = np.histogram(W, 4, (-limit, limit))[0] / W.size
    np.testing.assert_allclose(quarters, 1 / 4, atol=0.01)


def test_normal_is_normal(rng):
    W = init.he_normal(D, M, rng=rng, dtype=np.float64) / math.sqrt(2 / D)
    within = [np.mean(np.abs(W) < k) for k in (1, 2, 3)]
    np.testing.assert_allclose(within, [0.6827, 0.9545, 0.9973], atol=0.005)


@pytest.mark.parametrize(("initializer", "kept"), [(init.he_normal, 1), (init.xavier_normal, 0.5)])
def test_share_of_the_mean_square_that_a_relu_layer_keeps(initializer, kept, rng):
    """Over 20 layers: 1 with He; Xavier's variance, here half of He's, loses half each time."""
    A = rng.normal(size=(200, 256))
    for _ in range(20):
        A = relu(A @ initializer(256, 256, rng=rng, dtype=np.float64))
    assert np.mean(A**2) ** (1 / 20) == pytest.approx(kept, rel=0.1)


@pytest.mark.parametrize("backwards", [False, True])
def test_xavier_lies_between_what_the_forward_and_the_backward_pass_ask_for(backwards, rng):
    """Linear units, 300 in and 400 out: the variance grows forwards as much as it falls back."""
    W = init.xavier_normal(D, M, rng=rng, dtype=np.float64)
    W = W.T if backwards else W
    gain = np.mean((rng.normal(size=(1000, len(W))) @ W) ** 2)
    assert gain == pytest.approx(2 * len(W) / (D + M), rel=0.03)


def test_zeros_needs_no_randomness():
    W = init.zeros(2, 3, dtype=np.float64)
    np.testing.assert_array_equal(W, np.zeros((2, 3)))


@pytest.mark.parametrize("std", [-0.1, math.nan, math.inf])
def test_normal_wants_a_standard_deviation(std):
    with pytest.raises(ValueError, match="std must be at least 0"):
        init.normal(std)
