"""What the docstrings of the variants say about their relatives, measured."""

import numpy as np
import pytest

from mlcourse.losses import cross_entropy
from mlcourse.network import mlp
from mlcourse.optim import SGD, Adam, Parameters
from mlcourse.optim.variants import (
    AdamEpsInside,
    AdamScaledVelocity,
    AdamUncorrected,
    MomentumEMA,
    MomentumStepFirst,
    MomentumVelocityStep,
    NesterovLookahead,
)

BETAS = (0.9, 0.999)


@pytest.fixture
def gradients(rng):
    return rng.normal(size=(20, 6))


def path(method, gradients, lrs=None, **kwargs):
    """Return θ after each step on given gradients, from θ = 0; the rate may change every step."""
    optimizer = method(Parameters(np.zeros(gradients.shape[1])), **kwargs)
    thetas = []
    for t, g in enumerate(gradients):
        if lrs is not None:
            optimizer.lr = lrs[t]
        optimizer.model.grad[:] = g
        optimizer.step()
        thetas.append(optimizer.model.theta.copy())
    return np.array(thetas)


def train(method, n_steps=20, **kwargs):
    """Return θ of a network after each step of real training, and the optimizer."""
    rng = np.random.default_rng(0)
    net = mlp([20, 16, 12, 5], rng=rng, activation="tanh", dtype=np.float64)
    optimizer = method(net, **kwargs)
    thetas = []
    for _ in range(n_steps):
        X, y = rng.normal(size=(32, 20)), rng.integers(0, 5, size=32)
        _, dZ = cross_entropy(net(X), y)
        net.backward(dZ)
        optimizer.step()
        thetas.append(net.theta.copy())
    return np.array(thetas), optimizer


def test_velocity_step_is_sgd_at_a_constant_rate():
    ours, optimizer = train(MomentumVelocityStep, lr=0.1, momentum=0.9)
    theirs, sgd = train(SGD, lr=0.1, momentum=0.9)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(optimizer.state["v"], -0.1 * sgd.state["v"], rtol=1e-9, atol=1e-12)


def test_velocity_step_parts_from_sgd_when_the_rate_falls():
    """No gradient any more, the rate a hundredth: one form coasts on at the old size."""
    gradients = np.array([[1.0], [0.0]])
    ours = np.diff(path(MomentumVelocityStep, gradients, lrs=[1.0, 0.01], momentum=0.9), axis=0)
    theirs = np.diff(path(SGD, gradients, lrs=[1.0, 0.01], momentum=0.9), axis=0)
    assert ours == pytest.approx(-0.9)
    assert theirs == pytest.approx(-0.9 * 0.01)


def test_step_first_lags_a_step_behind_sgd(gradients):
    lagging = path(MomentumStepFirst, gradients, lr=0.1, momentum=0.9)
    np.testing.assert_array_equal(lagging[0], 0)
    sgd = path(SGD, gradients, lr=0.1, momentum=0.9)
    np.testing.assert_allclose(lagging[1:], sgd[:-1], rtol=1e-12)


def test_ema_is_sgd_at_a_rate_of_one_minus_alpha_times_as_much():
    ours, _ = train(MomentumEMA, lr=0.5, momentum=0.9)
    theirs, _ = train(SGD, lr=(1 - 0.9) * 0.5, momentum=0.9)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


def test_ema_of_independent_noise_has_one_minus_alpha_over_one_plus_alpha_of_its_variance(rng):
    """1/19 for α = 0.9. Of 150,000 values in rows that remember about 19 steps, some 8,000 are
    independent: a standard error of √(2/8000) = 1.6 %, so 5 % is three of them.
    """
    noise = rng.normal(size=(400, 500))
    optimizer = MomentumEMA(Parameters(np.zeros(500)), lr=0.1, momentum=0.9)
    kept = []
    for t, g in enumerate(noise):
        optimizer.model.grad[:] = g
        optimizer.step()
        if t >= 100:  # α^100 = 3·10⁻⁵ of the start at zero is left
            kept.append(optimizer.state["v"].copy())
    assert np.var(kept) == pytest.approx((1 - 0.9) / (1 + 0.9), rel=0.05)


def test_lookahead_is_sgd_with_nesterov_at_a_constant_rate():
    ours, optimizer = train(NesterovLookahead, lr=0.1, momentum=0.9)
    theirs, _ = train(SGD, lr=0.1, momentum=0.9, nesterov=True)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)
    # θ itself, written down from the equations: θ̃ = θ + αv.
    np.testing.assert_allclose(
        optimizer.position() + 0.9 * optimizer.state["v"], ours[-1], rtol=1e-12, atol=1e-15
    )


def test_lookahead_takes_the_gradient_where_the_equation_says():
    """On E = θ²/2, whose gradient at θ + αv is θ + αv."""
    lr, alpha, theta, v = 0.1, 0.8, 1.0, 0.0
    point = Parameters(np.array([theta]))
    optimizer = NesterovLookahead(point, lr=lr, momentum=alpha)
    for _ in range(10):
        point.grad[:] = point.theta
        optimizer.step()
        v = alpha * v - lr * (theta + alpha * v)
        theta += v
        assert optimizer.position() == pytest.approx(theta)


def test_without_correction_the_first_step_is_3_16_times_as_long(gradients):
    ours = path(AdamUncorrected, gradients[:1], lr=0.1, betas=BETAS, eps=1e-12)
    adam = path(Adam, gradients[:1], lr=0.1, betas=BETAS, eps=1e-12)
    np.testing.assert_allclose(ours / adam, (1 - 0.9) / np.sqrt(1 - 0.999), rtol=1e-9)
    assert ours[0, 0] / adam[0, 0] == pytest.approx(3.16, abs=0.005)


def test_without_correction_adam_is_its_equations(gradients):
    (beta1, beta2), eps, lr = BETAS, 1e-7, 0.1
    v = s = theta = np.zeros(6)
    for g, ours in zip(gradients, path(AdamUncorrected, gradients, lr=lr, eps=eps), strict=True):
        v = beta1 * v + (1 - beta1) * g
        s = beta2 * s + (1 - beta2) * g**2
        theta = theta - lr * v / (np.sqrt(s) + eps)
        np.testing.assert_allclose(ours, theta, rtol=1e-12)


def test_the_summed_velocity_makes_every_step_ten_times_as_long(gradients):
    ours = path(AdamScaledVelocity, gradients, lr=0.1, betas=BETAS)
    uncorrected = path(AdamUncorrected, gradients, lr=0.1, betas=BETAS)
    np.testing.assert_allclose(ours, uncorrected / (1 - 0.9), rtol=1e-12)


def test_without_epsilon_a_first_gradient_of_zero_gives_zero_over_zero():
    with np.errstate(invalid="ignore"):
        assert np.isnan(path(AdamScaledVelocity, np.zeros((1, 1)), lr=0.1, eps=0)).all()


def test_epsilon_under_the_root_damps_like_its_root_outside():
    tiny = np.array([[1e-9, -1e-9]])  # so small that ε is nearly all of the denominator
    inside = path(AdamEpsInside, tiny, lr=0.1, eps=1e-8)
    outside = path(Adam, tiny, lr=0.1, eps=1e-4)
    np.testing.assert_allclose(inside, outside, rtol=1e-4)
    large = np.array([[1.0, -1.0]])  # so large that ε does not matter
    np.testing.assert_allclose(
        path(AdamEpsInside, large, lr=0.1), path(Adam, large, lr=0.1), rtol=1e-7
    )


def test_epsilon_inside_is_its_equation(gradients):
    (beta1, beta2), eps, lr = BETAS, 1e-3, 0.1
    v = s = theta = np.zeros(6)
    for t, ours in enumerate(path(AdamEpsInside, gradients, lr=lr, eps=eps), start=1):
        g = gradients[t - 1]
        v = beta1 * v + (1 - beta1) * g
        s = beta2 * s + (1 - beta2) * g**2
        v_hat, s_hat = v / (1 - beta1**t), s / (1 - beta2**t)
        theta = theta - lr * v_hat / np.sqrt(s_hat + eps)
        np.testing.assert_allclose(ours, theta, rtol=1e-12)
