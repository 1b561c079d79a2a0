"""The equations and claims of chapter 3, one test each."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.nn import functional

from mlcourse.data import mini_mnist
from mlcourse.functional import sigmoid, softmax
from mlcourse.gradcheck import numerical_gradient, relative_error
from mlcourse.losses import binary_cross_entropy, cross_entropy, kl, mse
from mlcourse.network import mlp
from tests.book.pages import page

EVEN = np.linspace(-12, 12, 49)
PLANE = np.stack(np.meshgrid(EVEN, EVEN), axis=-1)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="module")
def digits():
    """The 100 zeros (y = 1) and 100 ones of the page: ink, labels, and their scale."""
    X, labels = mini_mnist().train
    chosen = np.concatenate([np.flatnonzero(labels == c)[:100] for c in (0, 1)])
    ink = X[chosen].mean(axis=1, dtype=float)
    return ink, (labels[chosen] == 0).astype(float)


@pytest.fixture(scope="module")
def x(digits):
    ink, _ = digits
    return (ink - ink.mean()) / ink.std()


def l2_slope(z, y):
    p = sigmoid(z)
    return 2 * (p - y) * p * (1 - p)


def l2_curvature(z, y):
    p = sigmoid(z)
    return 2 * p * (1 - p) * (p * (1 - p) + (p - y) * (1 - 2 * p))


def kl_slope(z, y):
    return sigmoid(z) - y


def kl_curvature(z, y):
    return sigmoid(z) * sigmoid(-z)


def inputs(x):
    return np.stack([x, np.ones(len(x))])


def hessian(curvature, theta, x, y):
    F = inputs(x)
    return np.einsum("...n,an,bn->...ab", curvature(theta @ F, y), F, F) / len(x)


def descend(slope, theta, lr, steps, x, y):
    F = inputs(x)
    theta = np.array(theta, float)
    for _ in range(steps):
        theta = theta - lr * slope(theta @ F, y) @ F.T / len(x)
    return theta


def rate(curvature, x, y):
    return 1 / np.linalg.eigvalsh(hessian(curvature, PLANE, x, y)).max()


def wrong(theta, x, y):
    return ((theta @ inputs(x) > 0) != y).mean(axis=-1)


def test_three_conventions_of_l2(rng):
    A, T = rng.normal(size=(2, 5, 3))
    squares = sum((A[n, m] - T[n, m]) ** 2 for n in range(5) for m in range(3))
    assert mse(A, T)[0] == pytest.approx(squares / 15)
    assert mse(A, T)[0] == pytest.approx(
        functional.mse_loss(torch.from_numpy(A), torch.from_numpy(T)).item()
    )
    half = functional.mse_loss(torch.from_numpy(A), torch.from_numpy(T), reduction="sum") / 2
    assert half.item() == pytest.approx(squares / 2)
    assert half.item() / 5 == pytest.approx(squares / (2 * 5))


def test_l2_gradient(rng):
    A, T = rng.normal(size=(2, 5, 3))
    np.testing.assert_allclose(mse(A, T)[1], 2 * (A - T) / 15, rtol=1e-13)
    assert relative_error(numerical_gradient(lambda A: mse(A, T)[0], A), mse(A, T)[1]) < 1e-8


def test_gradients_of_the_conventions(rng):
    A, T = rng.normal(size=(2, 5, 3))
    by_sum = numerical_gradient(lambda A: float(((A - T) ** 2).sum() / 2), A)
    by_half = numerical_gradient(lambda A: float(((A - T) ** 2).sum() / 10), A)
    assert relative_error(by_sum, A - T) < 1e-8
    assert relative_error(by_half, (A - T) / 5) < 1e-8
    np.testing.assert_allclose(A - T, 15 / 2 * mse(A, T)[1], rtol=1e-13)  # NM/2 times


def test_one_rate_means_three_things():
    pictures = mini_mnist().train.X[:200].astype(float)
    upper, lower = pictures[:, :392].mean(axis=1), pictures[:, 392:].mean(axis=1)
    F, t = inputs((upper - upper.mean()) / upper.std()).T, 100 * lower
    best = np.linalg.lstsq(F, t, rcond=None)[0]

    def away(scale, lr):
        theta = np.zeros(2)
        for _ in range(40):
            theta = theta - lr * scale * F.T @ (F @ theta - t)
        return np.abs(theta - best).max()

    mean, half, total = away(2 / 200, 0.1), away(1 / 200, 0.1), away(1, 0.1)
    assert mean < 0.01 < half < 1 < 1e50 < total
    assert away(1, 0.2 / 200) == pytest.approx(mean)


def test_gaussian_likelihood(rng):
    A, T = rng.normal(size=(2, 5, 3))
    for s in (0.3, 1.0, 2.5):
        normal = torch.distributions.Normal(torch.from_numpy(A), s)
        expected = -normal.log_prob(torch.from_numpy(T)).sum().item()
        formula = 15 / (2 * s**2) * mse(A, T)[0] + 15 / 2 * math.log(2 * math.pi * s**2)
        assert formula == pytest.approx(expected, rel=1e-12)


def entropy(Y):
    return -sum(y * math.log(y) for y in Y if y > 0)


def kl_rows(Y, P):
    return sum(y * math.log(y / p) for y, p in zip(Y, P, strict=True) if y > 0)


def test_entropy(rng):
    for Y in rng.dirichlet(np.ones(6), size=20):
        expected = torch.distributions.Categorical(torch.from_numpy(Y)).entropy().item()
        assert entropy(Y) == pytest.approx(expected)
    assert entropy([0.0, 1.0, 0.0]) == 0
    assert entropy([0.9, *[0.1 / 9] * 9]) == pytest.approx(0.5448, abs=5e-5)


def test_kl_divergence(rng):
    Z, Y = rng.normal(size=(8, 6)), rng.dirichlet(np.ones(6), size=8)
    by_rows = np.mean([kl_rows(*pair) for pair in zip(Y, softmax(Z), strict=True)])
    log_p = torch.log_softmax(torch.from_numpy(Z), dim=1)
    theirs = functional.kl_div(log_p, torch.from_numpy(Y), reduction="batchmean").item()
    assert kl(Z, Y)[0] == pytest.approx(by_rows)
    assert kl(Z, Y)[0] == pytest.approx(theirs)


def test_kl_is_cross_entropy_minus_entropy(rng):
    Z, Y = rng.normal(size=(8, 6)), rng.dirichlet(np.ones(6), size=8)
    H = np.mean([entropy(row) for row in Y])
    assert kl(Z, Y)[0] == pytest.approx(cross_entropy(Z, Y)[0] - H)
    y = rng.integers(0, 6, 8)
    assert kl(Z, np.eye(6)[y])[0] == pytest.approx(cross_entropy(Z, y)[0])


def test_gibbs_inequality(rng):
    Y, P = rng.dirichlet(np.full(5, 0.5), size=(2, 2000))
    for row, other in zip(Y, P, strict=True):
        assert kl_rows(row, other) > 0
        assert kl_rows(row, row) == 0
        assert sum(q - p for p, q in zip(row, other, strict=True) if p > 0) <= 1e-12
    u = np.linspace(0.01, 5, 500)
    assert (np.log(u) <= u - 1 + 1e-15).all()
    assert kl_rows([0.5, 0.5], [0.9, 0.1]) != pytest.approx(kl_rows([0.9, 0.1], [0.5, 0.5]))


def test_kl_gradient(rng):
    Z, Y = rng.normal(size=(8, 6)), rng.dirichlet(np.ones(6), size=8)
    np.testing.assert_allclose(kl(Z, Y)[1], (softmax(Z) - Y) / 8, rtol=1e-12)
    assert relative_error(kl(Z, Y)[1], numerical_gradient(lambda Z: kl(Z, Y)[0], Z)) < 1e-8


def test_slope_with_respect_to_the_probability_is_not_zero_at_a_perfect_answer():
    one_sided = (0 - -math.log(1 - 1e-7)) / 1e-7
    assert one_sided == pytest.approx(-1, rel=1e-6)


def torch_unit(name, x, y):
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    if name == "l2":
        return lambda theta: functional.mse_loss(torch.sigmoid(theta[0] * x + theta[1]), y)
    return lambda theta: functional.binary_cross_entropy_with_logits(theta[0] * x + theta[1], y)


def test_l2_of_the_unit(x, digits):
    _, y = digits
    theta = np.array([2.0, -1.0])
    by_hand = sum((1 / (1 + math.exp(-(2 * a - 1))) - t) ** 2 for a, t in zip(x, y, strict=True))
    assert torch_unit("l2", x, y)(torch.from_numpy(theta)).item() == pytest.approx(by_hand / 200)
    assert mse(sigmoid(theta @ inputs(x)), y)[0] == pytest.approx(by_hand / 200)


def test_kl_of_the_unit(x, digits):
    _, y = digits
    theta = np.array([2.0, -1.0])
    p = sigmoid(theta @ inputs(x))
    by_hand = -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()
    assert torch_unit("kl", x, y)(torch.from_numpy(theta)).item() == pytest.approx(by_hand)
    assert binary_cross_entropy(theta @ inputs(x), y)[0] == pytest.approx(by_hand)


@pytest.mark.parametrize("y", [0.0, 1.0])
def test_l2_slope(y):
    z = np.linspace(-8, 8, 41)
    numeric = numerical_gradient(lambda z: float(((sigmoid(z) - y) ** 2).sum()), z)
    assert relative_error(l2_slope(z, y), numeric) < 1e-8


@pytest.mark.parametrize("y", [0.0, 1.0])
def test_kl_slope(y):
    z = np.linspace(-8, 8, 41)
    numeric = numerical_gradient(lambda z: float((np.logaddexp(0, z) - y * z).sum()), z)
    assert relative_error(kl_slope(z, y), numeric) < 1e-8


@pytest.mark.parametrize("y", [0.0, 1.0])
def test_l2_curvature(y):
    z = np.linspace(-8, 8, 41)
    numeric = numerical_gradient(lambda z: float(l2_slope(z, y).sum()), z)
    assert relative_error(l2_curvature(z, y), numeric) < 1e-8


@pytest.mark.parametrize("y", [0.0, 1.0])
def test_kl_curvature(y):
    z = np.linspace(-8, 8, 41)
    numeric = numerical_gradient(lambda z: float(kl_slope(z, y).sum()), z)
    assert relative_error(kl_curvature(z, y), numeric) < 1e-8
    assert (kl_curvature(z, y) > 0).all()


def test_squares_bend_down_below_one_third():
    z = np.linspace(-8, 8, 400)
    p = sigmoid(z)
    np.testing.assert_allclose(l2_curvature(z, 1), 2 * p * (1 - p) ** 2 * (3 * p - 1), atol=1e-15)
    np.testing.assert_array_equal(l2_curvature(z, 1) < 0, p < 1 / 3)
    np.testing.assert_array_equal(l2_curvature(z, 0) < 0, p > 2 / 3)


@pytest.mark.parametrize("name", ["l2", "kl"])
def test_hessian_of_the_unit(name, x, digits, rng):
    _, y = digits
    curvature = {"l2": l2_curvature, "kl": kl_curvature}[name]
    for theta in rng.uniform(-12, 12, (20, 2)):
        theirs = torch.autograd.functional.hessian(torch_unit(name, x, y), torch.from_numpy(theta))
        np.testing.assert_allclose(
            hessian(curvature, theta, x, y), theirs.numpy(), rtol=1e-9, atol=1e-13
        )


def test_share_of_the_plane_that_is_not_convex(x, digits):
    _, y = digits
    smallest = {
        name: np.linalg.eigvalsh(hessian(curvature, PLANE, x, y))[..., 0]
        for name, curvature in (("l2", l2_curvature), ("kl", kl_curvature))
    }
    assert (smallest["kl"] > 0).all()
    assert round(float((smallest["l2"] < 0).mean()), 2) == 0.93
    assert round(float((smallest["l2"] < -1e-3).mean()), 2) == 0.67
    assert "negative on 93%, below -0.001 on 67%" in page("03")["eigenvalue-map"][1]


def test_squares_are_convex_behind_an_affine_output(x):
    H = 2 * np.einsum("an,bn->ab", inputs(x), inputs(x)) / 200
    assert np.linalg.eigvalsh(H).min() > 0


def test_plateaus_drain_and_kl_arrives(x, digits):
    _, y = digits
    thirteen = np.linspace(-12, 12, 13)
    starts = np.array([(w, b) for w in thirteen for b in thirteen])
    at_300 = descend(l2_slope, starts, rate(l2_curvature, x, y), 300, x, y)
    at_1000 = descend(l2_slope, at_300, rate(l2_curvature, x, y), 700, x, y)
    lost = [int((wrong(ends, x, y) > 0.4).sum()) for ends in (at_300, at_1000)]
    assert lost == [67, 60]
    for steps, count in zip((300, 1000), lost, strict=True):
        assert f"l2 after {steps:4}: {count} starts" in page("03")["start-counts"][1]
    ends = descend(kl_slope, starts, rate(kl_curvature, x, y), 300, x, y)
    assert wrong(ends, x, y).max() < 0.1


def test_half_way_between_two_equal_networks(rng):
    """No loss can be convex in all weights: equal ends, another function between them."""
    net = mlp([4, 3, 2], rng=rng, dtype=np.float64)
    X = rng.normal(size=(50, 4))
    twin = mlp([4, 3, 2], rng=rng, dtype=np.float64)
    twin.theta[:] = net.theta
    first, _, last = twin.layers
    first.W[:], first.b[:] = first.W[:, ::-1].copy(), first.b[::-1].copy()
    last.W[:] = last.W[::-1].copy()
    np.testing.assert_allclose(twin(X), net(X), rtol=1e-12)
    ends = net.theta.copy(), twin.theta.copy()
    twin.theta[:] = (ends[0] + ends[1]) / 2
    assert not np.allclose(twin(X), net(X))
    losses = [float(line.split()[-1]) for line in page("03")["deep-midpoint"][1].splitlines()]
    assert losses[0] == losses[1] < losses[2] / 2


def test_squares_vanish_where_kl_pulls_fully():
    z = np.linspace(0, 30, 301)
    assert (np.abs(l2_slope(-z, 1)) <= 2 * np.exp(-z)).all()
    assert abs(l2_slope(-30.0, 1)) < 1e-12
    assert kl_slope(-30.0, 1) == pytest.approx(-1)
    p = np.linspace(0, 1, 100_001)
    pull = 2 * p * (1 - p) ** 2
    assert p[pull.argmax()] == pytest.approx(1 / 3, abs=1e-5)
    assert pull.max() == pytest.approx(8 / 27)
    assert math.log(1 / 3 / (2 / 3)) == pytest.approx(-0.69, abs=0.005)
    assert abs(l2_slope(-6.0, 1)) == pytest.approx(0.005, abs=1e-4)


def test_updates_until_doubt():
    def updates(slope, z, lr):
        steps = 0
        while z < 0:
            z, steps = z - lr * slope(z, 1), steps + 1
        return steps

    for lr in (0.5, 1.0):
        for z in (-7.0, -8.0, -9.0):
            assert updates(l2_slope, z, lr) == pytest.approx(math.exp(-z) / (2 * lr), rel=0.03)
            assert updates(kl_slope, z, lr) <= 1.5 * -z / lr
    counts = [updates(l2_slope, z, 1.0) for z in (-2.0, -4.0, -6.0, -8.0)]
    assert counts == [8, 36, 214, 1507]
    assert [int(line.split()[2]) for line in page("03")["doubt"][1].splitlines()[1:]] == counts
    assert all(5 > b / a / 1.5 > 2.5 for a, b in pairwise(counts))
    assert math.exp(20) / 2 == pytest.approx(2.4e8, rel=0.02)


def test_squares_through_softmax(rng):
    Z, y = rng.normal(size=(6, 10)), rng.integers(0, 10, 6)
    P, Y = softmax(Z), np.eye(10)[y]
    G = 2 / 60 * (P - Y)
    dZ = P * (G - (G * P).sum(axis=1, keepdims=True))
    leaf = torch.tensor(Z, requires_grad=True)
    functional.mse_loss(torch.softmax(leaf, dim=1), torch.from_numpy(Y)).backward()
    np.testing.assert_allclose(dZ, leaf.grad.numpy(), rtol=1e-10)


def test_the_page_reports_a_lead_smaller_than_the_spread():
    lines = page("03")["good-start-table"][1].splitlines()
    low_kl = float(lines[0].split("(")[1].split("%")[0])
    high_l2 = float(lines[1].split(" to ")[1].split("%")[0])
    assert low_kl < high_l2  # the seeds of the two overlap
    assert lines[3].endswith("in 4 of 5 seeds")
    assert "[0.1, 0.1]" in page("03")["stuck"][1]


def test_steepest_chord(x, digits):
    """Bounded as h shrinks for the smooth losses, growing like 1/h for the share of errors."""
    _, y = digits
    best = descend(kl_slope, (6.0, 1.0), rate(kl_curvature, x, y), 300, x, y)

    def chord(value, h):
        line = best + np.arange(-2, 2, h)[:, None] * np.array([0.0, 1.0])
        return np.abs(np.diff(value(line @ inputs(x)).mean(axis=1))).max() / h

    for value in (
        lambda z: (sigmoid(z) - y) ** 2,
        lambda z: np.logaddexp(0, z) - y * z,
        lambda z: abs(sigmoid(z) - y),
    ):
        assert chord(value, 0.001) == pytest.approx(chord(value, 0.01), rel=0.02)
    errors = [chord(lambda z: ((z > 0) != y).astype(float), h) for h in (0.01, 0.001)]
    assert errors[1] == pytest.approx(10 * errors[0])


def with_negatives(digits, k):
    ink, y = digits
    spoilt = np.concatenate([ink[:-k], 1 - ink[-k:]])
    return (spoilt - ink.mean()) / ink.std(), y


def test_ten_negatives_make_a_poor_minimum_and_move_the_only_one(x, digits):
    spoilt, y = with_negatives(digits, 10)
    start = (0.0, 0.0)
    poor = descend(l2_slope, start, rate(l2_curvature, spoilt, y), 10_000, spoilt, y)
    good = descend(l2_slope, (12.0, 4.0), rate(l2_curvature, spoilt, y), 10_000, spoilt, y)
    assert np.abs(l2_slope(poor @ inputs(spoilt), y) @ inputs(spoilt).T).max() < 1e-12
    assert np.linalg.eigvalsh(hessian(l2_curvature, poor, spoilt, y)).min() > 0.1
    losses = [((sigmoid(t @ inputs(spoilt)) - y) ** 2).mean() for t in (poor, good)]
    assert losses == pytest.approx([0.25, 0.10], abs=0.005)
    only = descend(kl_slope, start, rate(kl_curvature, spoilt, y), 2000, spoilt, y)
    assert np.abs(only).max() < 0.05
    assert round(float(wrong(only, x[:190], y[:190])), 2) == 0.24
    assert wrong(good, x[:190], y[:190]) < 0.08
    assert "L2 0.10 from 21 starts, normal digits wrong 7%" in page("03")["negatives"][1]


def test_exercises_by_hand():
    A, T = np.array([[1.0, 2], [0, 1]]), np.array([[0.0, 2], [2, 1]])
    E, dA = mse(A, T)  # 3.1
    assert (E, ((A - T) ** 2).sum() / 4, ((A - T) ** 2).sum() / 2) == (1.25, 1.25, 2.5)
    np.testing.assert_array_equal(dA, (A - T) / 2)
    Y, P = [0.5, 0.5], [0.25, 0.75]  # 3.2
    assert round(kl_rows(Y, P), 4) == 0.1438
    assert round(kl_rows(P, Y), 4) == 0.1308
    assert round(kl_rows(Y, P) + entropy(Y), 4) == 0.8370
    t, a = np.array([0, 0, 1, 2, 17.0]), np.linspace(0, 20, 2001)[:, None]  # 3.4
    assert a[((t - a) ** 2).mean(axis=1).argmin()] == pytest.approx(4)
    assert a[abs(t - a).mean(axis=1).argmin()] == pytest.approx(1)


def test_laplace_likelihood_is_the_absolute_error(rng):
    A, T = rng.normal(size=(2, 30))  # exercise 3.4
    laplace = torch.distributions.Laplace(torch.from_numpy(A), 0.7)
    surprise = -laplace.log_prob(torch.from_numpy(T)).sum().item()
    assert surprise == pytest.approx(np.abs(A - T).sum() / 0.7 + 30 * math.log(1.4))


def test_separable_data_have_no_minimum():
    x, y = np.array([-1.0, 1.0]), np.array([0.0, 1.0])  # exercise 3.5
    theta, found = np.zeros(2), []
    for t in range(1, 10_001):
        theta = descend(kl_slope, theta, 1.0, 1, x, y)
        if t in (10, 100, 1000, 10_000):
            loss = (np.logaddexp(0, theta @ inputs(x)) - y * (theta @ inputs(x))).mean()
            found.append((round(float(theta[0]), 2), round(float(loss), 5)))
    assert found == [(2.26, 0.09895), (4.59, 0.01011), (6.91, 0.001), (9.21, 0.0001)]


def test_hessian_of_cross_entropy_in_the_logits(rng):
    for _ in range(10):
        z = rng.normal(size=5)  # exercise 3.6
        p = softmax(z)
        H = np.diag(p) - np.outer(p, p)
        theirs = torch.autograd.functional.hessian(
            lambda z: functional.cross_entropy(z, torch.tensor(0)), torch.from_numpy(z)
        )
        np.testing.assert_allclose(H, theirs.numpy(), atol=1e-12)
        assert np.linalg.eigvalsh(H).min() == pytest.approx(0, abs=1e-15)
        np.testing.assert_allclose(H @ np.ones(5), 0, atol=1e-15)


def test_where_the_gradient_of_the_squares_is_exactly_zero():
    z = np.arange(-200, 0, dtype=np.float32)  # exercise 3.7
    p = sigmoid(z)
    assert z[2 * (p - 1) * p * (1 - p) == 0].max() == -104
    assert not (p - 1 == 0).any()
    right = np.arange(0, 30, dtype=np.float32)
    assert right[sigmoid(right) == 1].min() == 17


@pytest.mark.parametrize(
    ("k", "by_kl", "by_l2"),
    [(2, 0.076, 0.076), (5, 0.113, 0.067), (10, 0.242, 0.068), (20, 0.572, 0.061)],
)
def test_how_many_negatives_it_takes(k, by_kl, by_l2, x, digits):
    spoilt, y = with_negatives(digits, k)  # exercise 3.8
    seven = np.linspace(-12, 12, 7)
    starts = np.array([(w, b) for w in seven for b in seven])
    for slope, curvature, share in (
        (kl_slope, kl_curvature, by_kl),
        (l2_slope, l2_curvature, by_l2),
    ):
        steps = 10_000 if slope is l2_slope else 3000
        ends = descend(slope, starts, rate(curvature, spoilt, y), steps, spoilt, y)
        z = ends @ inputs(spoilt)
        losses = (sigmoid(z) - y) ** 2 if slope is l2_slope else np.logaddexp(0, z) - y * z
        best = ends[losses.mean(axis=1).argmin()]
        assert round(float(wrong(best, x[:-k], y[:-k])), 3) == share
