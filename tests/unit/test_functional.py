"""Activations and softmax against PyTorch and their equations, in both tails."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mlcourse.functional import log_softmax, relu, sigmoid, softmax, tanh
from mlcourse.gradcheck import numerical_gradient

FUNCTIONS = {
    "sigmoid": (sigmoid, torch.sigmoid),
    "tanh": (tanh, torch.tanh),
    "relu": (relu, torch.relu),
    "softmax": (softmax, lambda z: torch.softmax(z, -1)),
    "log_softmax": (log_softmax, lambda z: torch.log_softmax(z, -1)),
}
LOGITS = hnp.arrays(
    np.float64, hnp.array_shapes(min_dims=1, max_dims=3, max_side=5), elements=st.floats(-1e4, 1e4)
)
each_function = pytest.mark.parametrize(
    ("ours", "theirs"), FUNCTIONS.values(), ids=FUNCTIONS.keys()
)


@each_function
@pytest.mark.parametrize(("dtype", "rtol"), [(np.float64, 1e-13), (np.float32, 1e-5)])
@pytest.mark.parametrize("scale", [1, 30, 1e4])
@pytest.mark.parametrize("shape", [(5,), (7, 10), (3, 100), (2, 3, 4)])
def test_values_are_those_of_pytorch(ours, theirs, dtype, rtol, scale, shape, rng):
    z = (scale * rng.normal(size=shape)).astype(dtype)
    before = z.copy()
    result = ours(z)
    assert result.dtype == dtype
    assert not np.shares_memory(result, z)
    np.testing.assert_array_equal(z, before)
    # PyTorch flushes numbers below the normal range to zero; a log-probability near 0 cancels.
    atol = 1e-12 if dtype == np.float64 else 1e-6
    np.testing.assert_allclose(result, theirs(torch.from_numpy(z)), rtol=rtol, atol=atol)


@each_function
def test_what_is_no_floating_point_array_counts_as_float64(ours, theirs):
    expected = theirs(torch.tensor([2.0, 0.0, 1.0], dtype=torch.float64))
    for z in ([2, 0, 1], np.array([2, 0, 1]), np.array([2, 0, 1], np.uint8)):
        result = ours(z)
        assert result.dtype == np.float64
        np.testing.assert_allclose(result, expected, rtol=1e-15)
    assert isinstance(float(ours(0.5)), float)


@each_function
def test_nan_is_handed_on(ours, theirs):
    assert np.isnan(ours(np.array([np.nan, 1.0]))).any()


def test_sigmoid_keeps_its_relative_precision_in_the_left_tail():
    z = np.array([-700.0, -100.0, -40.0])
    np.testing.assert_allclose(sigmoid(z), np.exp(z), rtol=1e-15)


@given(z=hnp.arrays(np.float64, 5, elements=st.floats(-30, 30)))
def test_derivatives_and_relations(z):
    slope = numerical_gradient(lambda z: sigmoid(z).sum(), z)
    np.testing.assert_allclose(slope, sigmoid(z) * (1 - sigmoid(z)), atol=1e-9)
    assert (sigmoid(z) * (1 - sigmoid(z))).max() <= 1 / 4
    np.testing.assert_allclose(tanh(z), 2 * sigmoid(2 * z) - 1, atol=1e-15)
    np.testing.assert_allclose(sigmoid(-z), 1 - sigmoid(z), atol=1e-15)
    np.testing.assert_array_equal(relu(z) - relu(-z), z)


@given(Z=LOGITS)
def test_rows_of_softmax_are_distributions(Z):
    P = softmax(Z)
    assert (P >= 0).all()
    np.testing.assert_allclose(P.sum(axis=-1), 1, rtol=1e-14)
    np.testing.assert_allclose(np.exp(log_softmax(Z)), P, rtol=1e-11)


@given(Z=LOGITS, c=st.floats(-1e4, 1e4))
def test_softmax_does_not_see_a_shift(Z, c):
    np.testing.assert_allclose(softmax(Z + c), softmax(Z), rtol=1e-10, atol=1e-300)


@given(Z=hnp.arrays(np.float64, (4, 2), elements=st.floats(-300, 300)))
def test_softmax_of_two_classes_is_the_sigmoid_of_their_difference(Z):
    np.testing.assert_allclose(softmax(Z)[:, 1], sigmoid(Z[:, 1] - Z[:, 0]), rtol=1e-13)
