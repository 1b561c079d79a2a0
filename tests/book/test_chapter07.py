"""The equations and claims of chapter 7, one test each."""

import json

import numpy as np
import pytest
import torch

from mlcourse.data import mini_mnist
from mlcourse.gradcheck import numerical_gradient
from mlcourse.losses import cross_entropy
from mlcourse.network import mlp
from mlcourse.optim import SGD, Parameters
from mlcourse.optim.variants import (
    MomentumEMA,
    MomentumStepFirst,
    MomentumVelocityStep,
    NesterovLookahead,
)
from mlcourse.training import EarlyStopping
from tests.book.pages import page, record

X_TRAIN, Y_TRAIN = mini_mnist().train
START = np.array([-1.0, 0.5])
ALPHAS = [0.0, 0.3, 0.64, 0.9, 0.97]


class TwoInks:
    """The least-squares problem of the chapter: ink of the left and the right half."""

    def __init__(self):
        two = Y_TRAIN < 2
        pictures = X_TRAIN[two].reshape(-1, 28, 28).astype(np.float64)
        inks = np.stack([p.mean(axis=(1, 2)) for p in np.split(pictures, 2, axis=2)], axis=1)
        self.A = (inks - inks.mean(axis=0)) / inks.std(axis=0)
        self.t = np.where(Y_TRAIN[two] == 0, 1.0, -1.0)
        self.H = 2 * self.A.T @ self.A / len(self.t)
        self.lam, self.V = np.linalg.eigh(self.H)
        self.star = np.linalg.solve(self.H, 2 * self.A.T @ self.t / len(self.t))
        self.kappa = self.lam[1] / self.lam[0]

    def loss(self, theta):
        return float(np.mean((self.A @ theta - self.t) ** 2))

    def gradient(self, theta):
        return 2 * self.A.T @ (self.A @ theta - self.t) / len(self.t)


@pytest.fixture(scope="module")
def inks():
    return TwoInks()


def run(method, gradient, steps, start=START, **settings):
    """Return all θ that an optimizer of the package visits, and the optimizer."""
    optimizer = method(Parameters(np.array(start, dtype=np.float64)), **settings)
    path = [optimizer.model.theta.copy()]
    for _ in range(steps):
        optimizer.model.grad[:] = gradient(optimizer.model.theta)
        optimizer.step()
        path.append(optimizer.model.theta.copy())
    return np.array(path), optimizer


def torch_run(inks, steps, **settings):
    theta = torch.tensor(START, requires_grad=True)
    optimizer = torch.optim.SGD([theta], **settings)
    A, t, path = torch.from_numpy(inks.A), torch.from_numpy(inks.t), [START]
    for _ in range(steps):
        optimizer.zero_grad()
        torch.mean((A @ theta - t) ** 2).backward()
        optimizer.step()
        path.append(theta.detach().numpy().copy())
    return np.array(path)


def radius(polynomial):
    return np.abs(np.roots(polynomial)).max()


# The learning rate and its limit


def test_step_is_that_of_pytorch(inks):
    path, _ = run(SGD, inks.gradient, 30, lr=0.4)
    np.testing.assert_allclose(path, torch_run(inks, 30, lr=0.4), rtol=1e-10)
    np.testing.assert_array_equal(path[1], START - 0.4 * inks.gradient(START))


def test_quadratic_and_its_gradient(inks):
    for theta in np.random.default_rng(0).normal(0, 3, (5, 2)):
        e = theta - inks.star
        quadratic = inks.loss(inks.star) + e @ inks.H @ e / 2
        assert inks.loss(theta) == pytest.approx(quadratic, rel=1e-12)
        np.testing.assert_allclose(inks.gradient(theta), inks.H @ e, rtol=1e-9, atol=1e-12)
        numeric = numerical_gradient(inks.loss, theta)
        np.testing.assert_allclose(inks.gradient(theta), numeric, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("lr", [0.005, 0.26, 0.5, 0.55])
def test_each_direction_has_its_own_factor(inks, lr):
    path, _ = run(SGD, inks.gradient, 50, lr=lr)
    e = (path - inks.star) @ inks.V
    expected = (1 - lr * inks.lam) ** np.arange(51)[:, None] * e[0]
    np.testing.assert_allclose(e, expected, rtol=1e-8, atol=1e-11)


def test_limit_of_the_rate(inks):
    limit = 2 / inks.lam[-1]
    assert round(limit, 4) == 0.5205
    for share, converges in ((0.999, True), (1.001, False)):
        e = run(SGD, inks.gradient, 5000, lr=share * limit)[0] - inks.star
        steep = np.abs(e @ inks.V[:, 1])
        assert (steep[-1] < steep[0]) == converges


def test_opening_lies_on_both_sides_of_its_limit():
    X = np.hstack([X_TRAIN, np.ones((7000, 1))]).astype(np.float64)
    H = 2 * X.T @ X / 70_000
    limit = 2 / np.linalg.eigvalsh(H)[-1]
    assert round(limit, 4) == 0.2553
    assert 0.2527 < limit < 0.2578
    assert pytest.approx(1.02, abs=0.001) == 0.2578 / 0.2527
    u = np.random.default_rng(0).normal(size=785)  # exercise 7.3: power iteration
    for _ in range(20):
        u /= np.linalg.norm(u)
        largest, u = u @ H @ u, H @ u
    assert (round(largest, 2), round(2 / largest, 4)) == (7.84, 0.2553)


# Valleys and the zig-zag


def test_condition_number_from_the_correlation(inks):
    c = np.corrcoef(inks.A.T)[0, 1]
    np.testing.assert_allclose(inks.lam, [2 * (1 - c), 2 * (1 + c)], rtol=1e-10)
    assert inks.kappa == pytest.approx((1 + c) / (1 - c), rel=1e-10)
    assert inks.kappa == pytest.approx(np.linalg.cond(inks.H), rel=1e-10)


@pytest.mark.parametrize("lr", [0.1, 0.4, 0.515])
def test_contraction_is_the_slowest_factor(inks, lr):
    e = np.linalg.norm(run(SGD, inks.gradient, 300, lr=lr)[0] - inks.star, axis=1)
    measured = (e[300] / e[200]) ** (1 / 100)
    assert measured == pytest.approx(np.abs(1 - lr * inks.lam).max(), rel=1e-3)


def test_best_fixed_rate(inks):
    best, kappa = 2 / inks.lam.sum(), inks.kappa
    rates = np.linspace(0.01, 2 / inks.lam[-1], 20_000)
    factors = np.abs(1 - rates[:, None] * inks.lam).max(axis=1)
    assert rates[factors.argmin()] == pytest.approx(best, abs=1e-4)
    assert factors.min() == pytest.approx((kappa - 1) / (kappa + 1), rel=1e-4)
    assert best == pytest.approx(0.5)


@pytest.mark.parametrize("kappa", [30, 300, 3000])
def test_steps_grow_with_the_condition_number(kappa):
    rho = (kappa - 1) / (kappa + 1)
    k = np.log(0.01) / np.log(rho)
    assert k == pytest.approx(kappa / 2 * np.log(100), rel=1 / kappa)
    assert rho**k == pytest.approx(0.01)


def test_zigzag_angle_and_steps(inks):
    kappa = inks.kappa
    assert np.degrees(np.arcsin((kappa - 1) / (kappa + 1))) == pytest.approx(67.1, abs=0.1)
    assert "predicted 56.1, measured 57" in page("07")["contraction"][1]
    assert page("07")["whiten"][1].split() == [
        "A",
        "111",
        "steps",
        "best",
        "57",
        "steps",
        "C",
        "1",
        "steps",
    ]


# Saddles


def saddle(w, c):
    return (w[0] * w[1] - c) ** 2 + 1 - c**2


def saddle_gradient(w, c):
    r = 2 * (w[0] * w[1] - c)
    return np.array([r * w[1], r * w[0]])


def test_saddle_of_two_weights(inks):
    x, t = inks.A[:, 0], inks.t
    c = np.mean(x * t)
    for w in np.random.default_rng(1).normal(size=(5, 2)):
        assert np.mean((w[1] * w[0] * x - t) ** 2) == pytest.approx(saddle(w, c))
        numeric = numerical_gradient(lambda w: float(saddle(w, c)), w)
        np.testing.assert_allclose(saddle_gradient(w, c), numeric, rtol=1e-6, atol=1e-8)
    H = [(saddle_gradient(d, c) - saddle_gradient(-d, c)) / 2e-4 for d in 1e-4 * np.eye(2)]
    np.testing.assert_allclose(H, [[0, -2 * c], [-2 * c, 0]], atol=1e-6)
    np.testing.assert_allclose(np.linalg.eigvalsh(H), [-2 * c, 2 * c], rtol=1e-6)


def test_wait_at_a_saddle_grows_with_the_logarithm(inks):
    c = np.mean(inks.A[:, 0] * inks.t)
    path, _ = run(SGD, lambda w: saddle_gradient(w, c), 60, start=(1e-7, 1e-7), lr=0.1)
    u = path @ np.array([1, 1]) / np.sqrt(2)
    np.testing.assert_allclose(u, (1 + 0.2 * c) ** np.arange(61) * u[0], rtol=1e-5)
    assert np.log(u[60] / u[0]) / np.log(1 + 0.2 * c) == pytest.approx(60, rel=1e-5)


def test_on_the_line_nothing_leaves_the_saddle(inks):
    c = np.mean(inks.A[:, 0] * inks.t)
    for alpha in (0.0, 0.9):
        path, _ = run(SGD, lambda w: saddle_gradient(w, c), 500, (-1, 1), lr=0.1, momentum=alpha)
        np.testing.assert_array_equal(path[:, 0], -path[:, 1])
        assert np.abs(path[-1]).max() < 1e-4
    lines = page("07")["saddle-leave"][1].splitlines()
    assert [line.count("None") for line in lines] == [1, 5, 0, 1]


def test_momentum_leaves_the_saddle_sooner():
    r = np.roots([1, -(1.9 + 0.1686), 0.9]).max()  # exercise 7.5
    assert (round(r, 3), round(np.log(10) / np.log(r), 1)) == (1.446, 6.2)
    assert round(np.log(10) / np.log(1.1686), 1) == 14.8


def small_digits(n=7000):
    return X_TRAIN[:n].reshape(-1, 7, 4, 7, 4).mean(axis=(2, 4)).reshape(-1, 49).astype(np.float64)


def test_downhill_directions_are_those_of_the_class_signals():
    """At zero weights the curvatures are ± the singular values of Xᵀ(P - Y)/N, once a unit."""
    singular = np.linalg.svd(
        small_digits().T @ (0.1 - np.eye(10)[Y_TRAIN]) / 7000, compute_uv=False
    )
    assert np.sum(singular > 1e-6) == 9
    text = page("07")["network-saddle-count"][1]
    assert "downhill directions: 72" in text
    assert f"steepest down {-singular[0]:.4f}" in text


# When to stop


def stops_at(losses, tolerance, patience):
    best, waited = np.inf, 0
    for k, E in enumerate(losses):
        best, waited = (E, 0) if best - tolerance > E else (best, waited + 1)
        if waited == patience:
            return k
    return None


def test_stopping_rule_is_that_of_the_package():
    rng, net = np.random.default_rng(0), mlp([2, 2], rng=np.random.default_rng(0))
    for tolerance, patience in ((0.0, 1), (0.05, 3), (0.2, 4)):
        losses = np.exp(-np.arange(60) / 10) + 0.1 * rng.normal(size=60)
        stopping = EarlyStopping(patience=patience, min_delta=tolerance)
        stopped = [stopping.update(E, net, SGD(net, lr=0.1)) for E in losses]
        expected = stopped.index(True) if True in stopped else None
        assert stops_at(losses, tolerance, patience) == expected


@pytest.mark.parametrize("lr", [1e-4, 0.1, 0.6])
def test_change_of_the_loss_in_one_step(inks, lr):
    g = inks.gradient(START)
    change = inks.loss(START - lr * g) - inks.loss(START)
    assert change == pytest.approx(-lr * g @ g + lr**2 / 2 * g @ inks.H @ g, rel=1e-9)


def test_plateau_fools_every_patience():
    lines = page("07")["plateau-figure"][1].splitlines()
    waits = json.loads(lines[0].split(": ")[1])
    assert all(21 <= gap <= 23 for gap in np.diff(waits))
    assert lines[1] == "all end below 0.6: True"
    assert lines[4] == "patience 20 stops at: [None, None, 20, 20, 20]"


# Momentum


def test_momentum_is_that_of_pytorch(inks):
    path, _ = run(SGD, inks.gradient, 50, lr=0.1, momentum=0.9)
    np.testing.assert_allclose(path, torch_run(inks, 50, lr=0.1, momentum=0.9), rtol=1e-9)


def test_velocity_is_a_fading_sum():
    gs = np.random.default_rng(0).normal(size=(30, 2))
    given = iter(gs)
    _, optimizer = run(SGD, lambda theta: next(given), 30, lr=0.1, momentum=0.8)
    expected = sum(0.8**j * gs[29 - j] for j in range(30))
    np.testing.assert_allclose(optimizer.state["v"], expected, rtol=1e-12)


@pytest.mark.parametrize("sign", [1, -1])
def test_effective_rate_of_constant_and_alternating_gradients(sign):
    given = iter([np.array([float(sign) ** k, 0]) for k in range(400)])
    _, optimizer = run(SGD, lambda theta: next(given), 400, lr=0.1, momentum=0.9)
    assert abs(optimizer.state["v"][0]) == pytest.approx(1 / (1 - sign * 0.9))


@pytest.mark.parametrize("alpha", ALPHAS[1:])
def test_momentum_as_a_matrix(inks, alpha):
    path, optimizer = run(SGD, inks.gradient, 20, lr=0.3, momentum=alpha)
    for i, lam in enumerate(inks.lam):
        M = np.array([[alpha, lam], [-0.3 * alpha, 1 - 0.3 * lam]])
        v, e = np.linalg.matrix_power(M, 20) @ [0, (START - inks.star) @ inks.V[:, i]]
        assert optimizer.state["v"] @ inks.V[:, i] == pytest.approx(v, rel=1e-6, abs=1e-9)
        assert (path[-1] - inks.star) @ inks.V[:, i] == pytest.approx(e, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_roots_of_momentum(alpha):
    for h in np.linspace(0.01, 4.2, 100):
        M = np.array([[alpha, 1.0], [-h * alpha, 1 - h]])  # λ = 1
        polynomial = [1, -(1 + alpha - h), alpha]
        np.testing.assert_allclose(np.poly(M), polynomial, atol=1e-12)
        if (1 - np.sqrt(alpha)) ** 2 < h < (1 + np.sqrt(alpha)) ** 2:
            assert radius(polynomial) == pytest.approx(np.sqrt(alpha), rel=1e-6)
        elif alpha:
            assert radius(polynomial) > np.sqrt(alpha)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_limit_of_momentum(alpha):
    limit = 2 * (1 + alpha)
    for h in (1e-3, 0.5 * limit, 0.999 * limit):
        assert radius([1, -(1 + alpha - h), alpha]) < 1
    for h in (-1e-3, 1.001 * limit):
        assert radius([1, -(1 + alpha - h), alpha]) > 1


@pytest.mark.parametrize("kappa", [24.4, 25, 10_000])
def test_best_momentum(kappa):
    def factor(lr, alpha):
        return max(radius([1, -(1 + alpha - lr * lam), alpha]) for lam in (1, kappa))

    root = np.sqrt(kappa)
    lr, alpha = (2 / (root + 1)) ** 2, ((root - 1) / (root + 1)) ** 2
    best = (root - 1) / (root + 1)
    assert factor(lr, alpha) == pytest.approx(best, abs=1e-5)  # double roots cost half the digits
    rng = np.random.default_rng(0)
    for a, b in zip(rng.uniform(0, 4 / kappa, 3000), rng.uniform(0, 1, 3000), strict=True):
        assert factor(a, b) > best - 1e-5


def test_map_and_starting_places():
    assert "within 0.02 of theory: all True" in page("07")["map-figure"][1]
    assert "momentum: 19 steps to 1 %" in page("07")["map-figure"][1]
    counts = [line.split()[-3:] for line in page("07")["rolling"][1].splitlines()[-2:]]
    assert counts == [["28", "of", "53"], ["5", "of", "44"]]


# Four forms


def test_rate_inside_the_velocity(inks):
    ours, optimizer = run(MomentumVelocityStep, inks.gradient, 50, lr=0.1, momentum=0.9)
    np.testing.assert_allclose(ours, torch_run(inks, 50, lr=0.1, momentum=0.9), rtol=1e-8)
    _, sgd = run(SGD, inks.gradient, 50, lr=0.1, momentum=0.9)
    np.testing.assert_allclose(optimizer.state["v"], -0.1 * sgd.state["v"], rtol=1e-7)


def test_average_is_pytorch_at_another_rate(inks):
    ours, _ = run(MomentumEMA, inks.gradient, 50, lr=0.5, momentum=0.9)
    np.testing.assert_allclose(ours, torch_run(inks, 50, lr=0.05, momentum=0.9), rtol=1e-8)
    damped = torch_run(inks, 50, lr=0.5, momentum=0.9, dampening=0.9)
    first = np.linalg.norm(damped[1] - START) / np.linalg.norm(ours[1] - START)
    assert first == pytest.approx(10)  # PyTorch's first velocity is g itself


def test_step_first_lags_only_on_given_gradients(inks):
    gs = np.random.default_rng(0).normal(size=(20, 2))

    def on_given(method):
        given = iter(gs)
        return run(method, lambda theta: next(given), 20, lr=0.1, momentum=0.9)[0]

    ours, theirs = on_given(MomentumStepFirst), on_given(SGD)
    np.testing.assert_allclose(ours[1:], theirs[:-1], rtol=1e-12)
    ours, theirs = (
        run(method, inks.gradient, 20, lr=0.05, momentum=0.9)[0]
        for method in (MomentumStepFirst, SGD)
    )
    assert np.abs(ours[1:] - theirs[:-1]).max() > 0.1


@pytest.mark.parametrize("alpha", ALPHAS)
def test_limit_of_the_stale_gradient(alpha):
    for h in (0.01, 0.5, 2.0):
        np.testing.assert_allclose(
            np.poly([[alpha, 1.0], [-h, 1.0]]), [1, -(1 + alpha), alpha + h], atol=1e-12
        )
    assert radius([1, -(1 + alpha), alpha + 0.999 * (1 - alpha)]) < 1
    assert radius([1, -(1 + alpha), alpha + 1.001 * (1 - alpha)]) > 1
    for share, shrinks in ((0.99, True), (1.01, False)):
        path, _ = run(
            MomentumStepFirst,
            lambda theta: theta,
            round(4000 / (1 - alpha)),
            start=(1.0,),
            lr=share * (1 - alpha),
            momentum=alpha,
        )
        with np.errstate(over="ignore", invalid="ignore"):
            assert (np.abs(path[-20:]).max() < 1) == shrinks
    assert pytest.approx(38) == 2 * 1.9 / 0.1


# Nesterov


def test_nesterov_at_the_point_ahead(inks):
    theta, v, lr, alpha = START.copy(), np.zeros(2), 0.1, 0.9
    ours, optimizer = run(NesterovLookahead, inks.gradient, 40, lr=lr, momentum=alpha)
    for k in range(40):
        v = alpha * v - lr * inks.gradient(theta + alpha * v)
        theta = theta + v
        np.testing.assert_allclose(ours[k + 1], theta + alpha * v, rtol=1e-8)
    np.testing.assert_allclose(optimizer.position(), theta, rtol=1e-8)


def test_nesterov_is_that_of_pytorch(inks):
    theirs = torch_run(inks, 40, lr=0.1, momentum=0.9, nesterov=True)
    for method, settings in ((SGD, {"nesterov": True}), (NesterovLookahead, {})):
        ours, _ = run(method, inks.gradient, 40, lr=0.1, momentum=0.9, **settings)
        np.testing.assert_allclose(ours, theirs, rtol=1e-8)


def nesterov_polynomial(h, alpha):
    return [1, -(1 + alpha) * (1 - h), alpha * (1 - h)]


@pytest.mark.parametrize("alpha", ALPHAS)
def test_roots_of_nesterov(alpha):
    for h in np.linspace(0.01, 1.6, 60):  # λ = 1; v ← αv - h(e + αv), e ← e + v
        M = np.array([[alpha * (1 - h), -h], [alpha * (1 - h), 1 - h]])
        polynomial = nesterov_polynomial(h, alpha)
        np.testing.assert_allclose(np.poly(M), polynomial, atol=1e-12)
        if np.iscomplex(np.roots(polynomial)).any():
            assert radius(polynomial) == pytest.approx(np.sqrt(alpha * (1 - h)), rel=1e-9)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_limit_of_nesterov(alpha):
    limit = (2 + 2 * alpha) / (1 + 2 * alpha)
    for h in (1e-3, 0.5 * limit, 0.999 * limit):
        assert radius(nesterov_polynomial(h, alpha)) < 1
    assert radius(nesterov_polynomial(1.001 * limit, alpha)) > 1
    if alpha == 0.9:
        assert round(limit, 2) == 1.36


def test_race_says_what_the_page_says():
    raced = record("07-nesterov")
    tried = {(k, n, lr): np.mean(r) for k, n, lr, r in raced["tried"]}
    fresh = {(k, n): np.array(r) for k, n, _, r in raced["fresh"]}
    assert fresh["full batch", "gd"].mean() > 1.8 * fresh["full batch", "momentum"].mean()
    assert np.all(fresh["full batch", "gd"] > fresh["full batch", "momentum"])
    for kind in ("full batch", "mini-batch"):  # within the spread of the seeds
        gain = fresh[kind, "momentum"] - fresh[kind, "nesterov"]
        assert gain.min() < 0 < gain.max()
    assert tried["full batch", "nesterov", 1.0] > tried["full batch", "momentum", 1.0]
    assert tried["mini-batch", "nesterov", 0.25] < tried["mini-batch", "momentum", 0.25]


# Noise


@pytest.mark.parametrize("alpha", [0.5, 0.9, 0.98])
def test_variance_of_an_average_of_noise(alpha):
    weights = (1 - alpha) * alpha ** np.arange(3000)
    assert np.sum(weights**2) == pytest.approx((1 - alpha) / (1 + alpha), rel=1e-9)
    after_20 = np.sum(weights[:20] ** 2)
    assert after_20 == pytest.approx((1 - alpha) / (1 + alpha) * (1 - alpha**40), rel=1e-9)
    optimizer = MomentumEMA(Parameters(np.zeros(1)), lr=0.1, momentum=alpha)
    for g in (1.0, *[0.0] * 19):  # the answer to one unit of noise
        optimizer.model.grad[:] = g
        optimizer.step()
    assert optimizer.state["v"][0] == pytest.approx(weights[19], rel=1e-9)


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("h", [0.01, 0.3, 1.5])
def test_cloud_around_the_minimum(alpha, h):
    """Var[θ] is the sum of the squares of θ's answer to one unit of noise in a gradient."""
    lam = 2.5
    lr = h / lam
    optimizer = SGD(Parameters(np.zeros(1)), lr=lr, momentum=alpha)
    total, noise = 0.0, 1.0
    for _ in range(8000):
        optimizer.model.grad[:] = lam * optimizer.model.theta + noise
        optimizer.step()
        total, noise = total + optimizer.model.theta[0] ** 2, 0.0
    expected = lr / ((1 - alpha) * lam) * (1 + alpha) / (2 * (1 + alpha) - h)
    assert total == pytest.approx(expected, rel=1e-6)
    if h == 0.01:
        assert total == pytest.approx(lr / (1 - alpha) / (2 * lam), rel=0.01)


def test_recalled_alpha_halves_the_variance():
    assert pytest.approx(1 / 2) == (1 - 1 / 3) / (1 + 1 / 3)


# Exercises


def test_exercise_1():
    kappa = 25
    assert 2 / 25 == 0.08
    assert round(2 / 26, 4) == 0.0769
    assert (round(24 / 26, 3), round(np.log(0.01) / np.log(24 / 26), 1)) == (0.923, 57.5)
    root = np.sqrt(kappa)
    assert (2 / (root + 1)) ** 2 == pytest.approx(1 / 9)
    assert ((root - 1) / (root + 1)) ** 2 == pytest.approx(4 / 9)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        (SGD, [0.5, 0, -0.25]),
        (MomentumEMA, [0.75, 0.4375, 0.171875]),
        (MomentumStepFirst, [1, 0.5, -0.25]),
    ],
)
def test_exercise_2(method, expected):
    path, _ = run(method, lambda theta: theta, 3, start=(1.0,), lr=0.5, momentum=0.5)
    np.testing.assert_array_equal(path[1:, 0], expected)


def test_exercise_6_line_search(inks):
    counts = []
    for begin in (START, inks.star + inks.V @ (1 / inks.lam)):
        theta, before, k = begin, None, 0
        while np.linalg.norm(theta - inks.star) > 0.01 * np.linalg.norm(begin - inks.star):
            g = inks.gradient(theta)
            assert before is None or abs(before @ g) < 1e-9
            theta, before, k = theta - (g @ g) / (g @ inks.H @ g) * g, g, k + 1
        counts.append(k)
    assert counts == [4, 57]


def test_exercise_7_edge_of_stability():
    net = mlp([49, 32, 10], rng=np.random.default_rng(0), activation="tanh", dtype=np.float64)
    X, y = small_digits(1000), Y_TRAIN[:1000]

    def gradient(theta):
        net.theta[:] = theta
        E, dZ = cross_entropy(net(X), y)
        net.backward(dZ)
        return E, net.grad.copy()

    theta, sharpness, losses = net.theta.copy(), [], []
    u = np.random.default_rng(1).normal(size=theta.size)
    for k in range(1501):
        E, g = gradient(theta)
        losses.append(E)
        if k % 100 == 0:
            for _ in range(100):
                u /= np.linalg.norm(u)
                Hu = (gradient(theta + 1e-4 * u)[1] - gradient(theta - 1e-4 * u)[1]) / 2e-4
                u, largest = Hu, u @ Hu
            sharpness.append(largest)
        theta = theta - 2 * g
    assert 1.2 < sharpness[0] < 1.4
    assert all(0.9 < s < 1.2 for s in sharpness[2:8])
    assert sharpness[-1] < 0.8
    assert losses[700] < losses[200] / 2
    assert np.max(np.diff(losses[200:700])) > 0  # not in every update
