"""L1 and L2 against PyTorch and their definitions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mlcourse.gradcheck import numerical_gradient, relative_error
from mlcourse.regularizers import L1, L2

THETA = hnp.arrays(
    np.float64, st.integers(0, 6), elements=st.floats(-1e3, 1e3, allow_subnormal=False)
)


@given(theta=THETA, lam=st.floats(0, 100))
def test_penalties_are_their_equations(theta, lam):
    assert L1(lam)(theta)[0] == pytest.approx(lam * sum(abs(w) for w in theta))
    assert L2(lam)(theta)[0] == pytest.approx(lam / 2 * sum(w**2 for w in theta))


@pytest.mark.parametrize("penalty", [L1(0.3), L2(0.3)])
def test_gradients_match_central_differences(penalty, rng):
    theta = rng.normal(size=20)
    slope = numerical_gradient(lambda t: penalty(t)[0], theta)
    assert relative_error(penalty(theta)[1], slope) < 1e-9


@given(theta=THETA, lam=st.floats(0, 100))
def test_l1_matches_torch_also_at_zero(theta, lam):
    leaf = torch.tensor(theta, requires_grad=True)
    (lam * leaf.abs().sum()).backward()
    np.testing.assert_allclose(L1(lam)(theta)[1], leaf.grad, rtol=1e-15)


def test_twenty_sgd_steps_with_l2_are_torch_weight_decay(rng):
    A, target = rng.normal(size=(8, 5)), rng.normal(size=8)
    theta, lam, lr = rng.normal(size=5), 0.1, 0.05
    leaf = torch.tensor(theta, requires_grad=True)
    sgd = torch.optim.SGD([leaf], lr=lr, weight_decay=lam)
    for _ in range(20):
        sgd.zero_grad()
        ((torch.tensor(A) @ leaf - torch.tensor(target)) ** 2).sum().backward()
        sgd.step()
        gradient = 2 * A.T @ (A @ theta - target) + L2(lam)(theta)[1]
        theta = theta - lr * gradient
    np.testing.assert_allclose(theta, leaf.detach(), rtol=1e-12)


def test_twenty_sgd_steps_with_l1_match_torch_autograd(rng):
    A, target = rng.normal(size=(8, 5)), rng.normal(size=8)
    theta, lam, lr = rng.normal(size=5), 0.1, 0.05
    leaf = torch.tensor(theta, requires_grad=True)
    sgd = torch.optim.SGD([leaf], lr=lr)
    for _ in range(20):
        sgd.zero_grad()
        loss = ((torch.tensor(A) @ leaf - torch.tensor(target)) ** 2).sum()
        (loss + lam * leaf.abs().sum()).backward()
        sgd.step()
        theta = theta - lr * (2 * A.T @ (A @ theta - target) + L1(lam)(theta)[1])
    np.testing.assert_allclose(theta, leaf.detach(), rtol=1e-12)


@pytest.mark.parametrize("kind", [L1, L2])
@given(theta=THETA, data=st.data())
def test_mask_leaves_the_other_parameters_free(kind, theta, data):
    mask = data.draw(hnp.arrays(bool, theta.shape))
    penalty, gradient = kind(0.5, mask=mask)(theta)
    expected, expected_gradient = kind(0.5)(theta[mask])
    assert penalty == pytest.approx(expected)
    np.testing.assert_array_equal(gradient[mask], expected_gradient)
    assert not gradient[~mask].any()


@pytest.mark.parametrize("kind", [L1, L2])
@pytest.mark.parametrize("mask", [None, np.array([True, False, True])])
def test_theta_is_read_only_and_keeps_its_dtype(kind, mask):
    theta = np.array([1.0, -2.0, 0.0], dtype=np.float32)
    theta.flags.writeable = False
    penalty, gradient = kind(np.float64(0.1), mask)(theta)
    assert type(penalty) is float
    assert gradient.dtype == np.float32
    assert not np.shares_memory(gradient, theta)


@pytest.mark.parametrize("kind", [L1, L2])
def test_errors_say_what_was_expected(kind):
    for lam in (-0.1, np.inf, np.nan):
        with pytest.raises(ValueError, match="lam must be at least 0"):
            kind(lam)
    with pytest.raises(TypeError, match="mask: expected bool, got int64; True is penalised"):
        kind(0.1, mask=np.array([1, 0]))
    with pytest.raises(ValueError, match=r"theta: expected shape \(2,\), got \(3,\); as the mask"):
        kind(0.1, mask=np.array([True, False]))(np.zeros(3))
