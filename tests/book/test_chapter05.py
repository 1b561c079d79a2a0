"""The equations and claims of chapter 5, one test each."""

import itertools
import math

import numpy as np
import pytest
import torch

from mlcourse.data import DataLoader, mini_mnist
from mlcourse.functional import sigmoid
from mlcourse.gradcheck import numerical_gradient
from mlcourse.losses import cross_entropy
from mlcourse.network import mlp
from mlcourse.optim import SGD
from mlcourse.training import evaluate
from tests.book.pages import record

X_TRAIN, Y_TRAIN = mini_mnist().train


def gradient(net, X, y):
    net.backward(cross_entropy(net(X), y)[1])
    return net.grad.copy()


def small_net():
    return mlp([784, 32, 10], rng=np.random.default_rng(0), dtype=np.float64)


@pytest.fixture(scope="module")
def G():
    """The gradients of the first eight digits, one a row."""
    net, X = small_net(), X_TRAIN[:8].astype(np.float64)
    return np.array([gradient(net, X[[n]], Y_TRAIN[[n]]) for n in range(8)])


@pytest.fixture(scope="module")
def ink():
    """The ink of the 1,400 zeros and ones, standardised, and which of them are zeros."""
    two = Y_TRAIN < 2
    amount = X_TRAIN[two].mean(axis=1, dtype=np.float64)
    return (amount - amount.mean()) / amount.std(), (Y_TRAIN[two] == 0).astype(float)


def ink_gradients(theta, x, t):
    error = sigmoid(theta[0] * x + theta[1]) - t
    return np.stack([error * x, error], axis=1)


def ink_hessian(theta, x):
    s = sigmoid(theta[0] * x + theta[1])
    A = np.stack([x, np.ones_like(x)])
    return A * (s * (1 - s)) @ A.T / len(x)


@pytest.mark.parametrize(
    ("N", "B", "kept", "dropped", "last"),
    [
        (60_000, 32, 1875, 1875, 32),
        (60_000, 64, 938, 937, 32),
        (7000, 64, 110, 109, 24),
        (50_000, 128, 391, 390, 80),  # exercise 5.1
    ],
)
def test_iterations_of_an_epoch(N, B, kept, dropped, last):
    X, rng = np.zeros((N, 1)), np.random.default_rng(0)
    loaders = [DataLoader(X, X, B, rng=rng, drop_last=drop) for drop in (False, True)]
    assert [len(loader) for loader in loaders] == [kept, dropped]
    assert (kept, dropped) == (math.ceil(N / B), N // B)
    assert [len(batch) for batch, _ in loaders[0]][-1] == last
    data = torch.utils.data.TensorDataset(torch.zeros(N, 1))
    for drop, expected in ((False, kept), (True, dropped)):
        assert len(torch.utils.data.DataLoader(data, B, drop_last=drop)) == expected


def epoch_gradients(net, N, B):
    X = X_TRAIN[:N].astype(np.float64)
    parts = [slice(k, k + B) for k in range(0, N, B)]
    sizes = np.array([len(X[part]) for part in parts])
    return X, sizes, np.array([gradient(net, X[part], Y_TRAIN[:N][part]) for part in parts])


def test_weight_of_a_sample_in_a_plain_mean_over_batches():
    net = small_net()
    X, sizes, gradients = epoch_gradients(net, 20, 8)  # batches of 8, 8, 4
    weights = np.repeat(1 / (len(sizes) * sizes), sizes)
    assert weights[-1] / weights[0] == 2
    each = np.array([gradient(net, X[[n]], Y_TRAIN[[n]]) for n in range(20)])
    np.testing.assert_allclose(gradients.mean(axis=0), weights @ each, atol=1e-14)


def test_gradient_of_the_whole_is_the_weighted_mean_of_its_parts():
    net = small_net()
    X, sizes, gradients = epoch_gradients(net, 1000, 64)
    g = gradient(net, X, Y_TRAIN[:1000])
    np.testing.assert_allclose(sizes / 1000 @ gradients, g, atol=1e-14)
    assert np.linalg.norm(gradients.mean(axis=0) - g) > 1e-3 * np.linalg.norm(g)


def test_update_is_that_of_pytorch():
    net = small_net()
    W = torch.from_numpy(np.array(net.layers[0].W))
    module = torch.nn.Sequential(
        torch.nn.Linear(784, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10)
    ).double()
    with torch.no_grad():
        for ours, theirs in zip(net.layers[::2], module[::2], strict=True):
            theirs.weight[:] = torch.from_numpy(np.array(ours.W.T))
            theirs.bias[:] = torch.from_numpy(np.array(ours.b))
    X, y = X_TRAIN[:32].astype(np.float64), Y_TRAIN[:32]
    torch.nn.functional.cross_entropy(module(torch.from_numpy(X)), torch.from_numpy(y)).backward()
    torch.optim.SGD(module.parameters(), lr=0.5).step()
    gradient(net, X, y)
    SGD(net, lr=0.5).step()
    moved = module[0].weight.detach().numpy().T
    np.testing.assert_allclose(net.layers[0].W, moved, atol=1e-14)
    assert np.abs(moved - W.numpy()).max() > 1e-3


@pytest.mark.parametrize("B", [1, 2, 3, 8])
def test_mini_batch_gradient_is_unbiased(G, B):
    for batches in (itertools.combinations(range(8), B), itertools.product(range(8), repeat=B)):
        chosen = list(itertools.islice(batches, 600))
        if len(chosen) in (8**B, math.comb(8, B)):  # all of them
            means = np.array([G[list(rows)].mean(axis=0) for rows in chosen])
            np.testing.assert_allclose(means.mean(axis=0), G.mean(axis=0), atol=1e-15)


def noise(G, batches):
    g = G.mean(axis=0)
    return np.mean([np.sum((G[list(rows)].mean(axis=0) - g) ** 2) for rows in batches])


def test_spread_of_single_gradients_is_the_sum_of_variances(G):
    by_definition = np.mean([np.sum((g_n - G.mean(axis=0)) ** 2) for g_n in G])
    assert by_definition == pytest.approx(np.sum(G.var(axis=0)), rel=1e-12)
    trace = np.sum(G.T**2, axis=1).sum() / 8 - np.sum(G.mean(axis=0) ** 2)  # E[x²] - E[x]²
    assert by_definition == pytest.approx(trace, rel=1e-10)


@pytest.mark.parametrize("B", [1, 2, 3])
def test_noise_with_replacement(G, B):
    expected = np.sum(G.var(axis=0)) / B
    assert noise(G, itertools.product(range(8), repeat=B)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("B", range(1, 8))
def test_noise_without_replacement(G, B):
    expected = np.sum(G.var(axis=0)) / B * (8 - B) / 7
    measured = noise(G, itertools.combinations(range(8), B))
    assert measured == pytest.approx(expected, rel=1e-12)


def test_at_the_noise_scale_noise_equals_signal(G):
    g, sigma2 = G.mean(axis=0), np.sum(G.var(axis=0))
    louder = G + g * (math.sqrt(sigma2 / 2 / (g @ g)) - 1)  # the same spread, B_noise = 2
    signal = np.sum(louder.mean(axis=0) ** 2)
    assert sigma2 / signal == pytest.approx(2)
    assert noise(louder, itertools.product(range(8), repeat=2)) == pytest.approx(signal)


def test_best_rate_and_gain_on_a_quadratic():
    rng, h = np.random.default_rng(0), 3.0
    targets, theta = rng.normal(size=(6, 2)), np.array([2.0, -1.0])  # E_n = h/2 |θ - a_n|²
    each = h * (theta - targets)
    g, sigma2 = each.mean(axis=0), np.sum(each.var(axis=0))
    batches = [list(rows) for rows in itertools.product(range(6), repeat=2)]
    gradients = np.array([each[rows].mean(axis=0) for rows in batches])

    def mean_loss_after(lr):
        ends = theta - lr * gradients
        return np.mean([h / 2 * np.sum((end - targets) ** 2, axis=1).mean() for end in ends])

    damping = 1 / (1 + sigma2 / (g @ g) / 2)
    best = damping / h
    gain = mean_loss_after(0.0) - mean_loss_after(best)
    assert gain == pytest.approx(g @ g / (2 * h) * damping)
    assert max(mean_loss_after(0.0) - mean_loss_after(f * best) for f in (0.9, 1.1)) < gain


def test_bounded_loss_and_its_two_minima(ink):
    x, _ = ink
    two = Y_TRAIN < 2
    a = 100 * X_TRAIN[two].mean(axis=1, dtype=np.float64)

    def E(theta):
        return float(np.mean(1 - np.exp(-((theta[0] - a) ** 2) / 8)))

    def slope(theta):
        u = (theta - a) / 2
        return np.mean(u / 2 * np.exp(-(u**2) / 2))

    for theta in (5.0, 10.0, 20.0):
        assert slope(theta) == pytest.approx(numerical_gradient(E, np.array([theta]))[0], rel=1e-6)
    assert slope(7.3) < 0 < slope(7.6)
    assert slope(16.0) < 0 < slope(16.3)
    assert slope(12.7) > 0 > slope(13.1)  # the ridge
    assert E([7.455]) < E([16.163]) < E([12.9])
    assert len(x) == len(a) == 1400


def test_time_of_an_update_is_nearly_a_straight_line():
    times = {int(B): t[1] for B, t in record("05-throughput").items()}  # the medians
    B, t = np.array(list(times)), np.array(list(times.values()))
    t1, t0 = np.polyfit(B, t, 1)
    assert t0 > 0 < t1
    assert np.abs(t / (t0 + t1 * B) - 1).max() < 0.25


def test_order_of_an_epoch_matters_in_the_second_order_of_the_rate():
    def smooth_net():  # a ReLU's kinks would add jumps of their own
        return mlp([784, 32, 10], rng=np.random.default_rng(0), activation="tanh", dtype=np.float64)

    X, y = X_TRAIN[:1000].astype(np.float64), Y_TRAIN[:1000]
    orders = np.argsort(y, kind="stable"), np.random.default_rng(1).permutation(1000)
    straight = -20 * gradient(smooth_net(), X, y)

    def move(rows, lr):
        net = smooth_net()
        for k in range(0, 1000, 50):
            net.theta -= lr * gradient(net, X[rows[k : k + 50]], y[rows[k : k + 50]])
        return net.theta - smooth_net().theta

    gaps, misses = [], []
    for lr in (1e-4, 1e-5):
        by_label, shuffled = (move(rows, lr) for rows in orders)
        gaps.append(np.linalg.norm(by_label - shuffled))
        misses.append(np.linalg.norm(shuffled - lr * straight))
    assert gaps[0] / gaps[1] == pytest.approx(100, rel=0.05)
    assert misses[0] / misses[1] == pytest.approx(100, rel=0.05)


def test_rate_that_reaches_the_goal_grows_with_the_batch(ink):
    x, t = ink  # the goal of the first pair of sliders: a loss below 0.17 in one epoch

    def loss_after(B, lr):
        theta, order = np.array([-2.0, 3.0]), np.random.default_rng(0).permutation(1400)
        for k in range(0, 1400, B):
            rows = order[k : k + B]
            theta = theta - lr * ink_gradients(theta, x[rows], t[rows]).mean(axis=0)
        z = theta[0] * x + theta[1]
        return np.mean(np.logaddexp(0, z) - t * z)

    arrive = {
        B: [lr for lr in (1 / 16, 1 / 4, 1, 4, 16) if loss_after(B, lr) < 0.17]
        for B in (4, 16, 64, 1400)
    }
    assert [min(arrive[B]) for B in (4, 16, 64)] == [1 / 4, 1, 4]
    assert not arrive[1400]


def test_batch_that_points_downhill_depends_on_the_place(ink):
    smallest = []  # the goal of the second pair of sliders: 95 % of the arrows downhill
    for place in ((-2.0, 3.0), (2.0, 1.2), (4.6, 0.8)):
        G = ink_gradients(place, *ink)
        for B in (1, 4, 16, 64, 256):
            rows = np.random.default_rng(1).integers(1400, size=(2000, B))
            if np.mean(G[rows].mean(axis=1) @ G.mean(axis=0) > 0) >= 0.95:
                break
        else:
            B = None
        smallest.append(B)
    assert smallest == [4, 16, None]


def test_gap_between_two_orders_of_two_batches(ink):
    x, t = ink  # exercise 5.8
    point, lr = np.array([-2.0, 3.0]), 1e-3
    parts = [(x[t == c], t[t == c]) for c in (0, 1)]

    def go(first, second):
        theta = point - lr * ink_gradients(point, *first).mean(axis=0)
        return theta - lr * ink_gradients(theta, *second).mean(axis=0)

    g1, g2 = (ink_gradients(point, *part).mean(axis=0) for part in parts)
    H1, H2 = (ink_hessian(point, part[0]) for part in parts)
    gap = (go(*parts) - go(*parts[::-1])) / lr**2
    np.testing.assert_allclose(gap, H2 @ g1 - H1 @ g2, rtol=1e-3)


def test_noise_floor_of_incremental_learning(ink):
    x, t = ink  # exercise 5.6

    def loss(theta):
        z = theta[..., :1] * x + theta[..., 1:]
        return np.mean(np.logaddexp(0, z) - t * z, axis=-1)

    lowest = np.zeros(2)
    for _ in range(20_000):
        lowest -= 8 * ink_gradients(lowest, x, t).mean(axis=0)
    excess = []
    for lr in (0.4, 0.2, 0.1):
        rng, (w, b), path = np.random.default_rng(0), (-2.0, 3.0), []
        for _ in range(40):
            for n in rng.permutation(len(x)).tolist():
                error = 1 / (1 + math.exp(-(w * x[n] + b))) - t[n]
                w, b = w - lr * error * x[n], b - lr * error
                path.append((w, b))
        excess.append(float(np.mean(loss(np.array(path[-2000:])) - loss(lowest))))
    assert [round(e, 3) for e in excess] == [0.006, 0.003, 0.001]


def test_numbers_of_the_exercises_by_hand():
    assert round((70 * 0.1 + 8) / 71, 4) == 0.2113  # 5.2
    assert round((7000 * 0.1 + 8) / 7001, 4) == 0.1011
    sigma2 = 0.09 * 16 * 199 / 184  # 5.3
    assert round(sigma2, 4) == 1.5574
    B = 200 * sigma2 / (1.99 + sigma2)
    assert round(B, 1) == 87.8
    assert sigma2 / B * (200 - B) / 199 == pytest.approx(0.01)


def test_uneven_parts_need_their_weights():
    net = small_net()  # exercise 5.7
    X, y = X_TRAIN[:32].astype(np.float64), Y_TRAIN[:32]
    whole, a, b = (gradient(net, X[r], y[r]) for r in (slice(32), slice(20), slice(20, 32)))
    np.testing.assert_allclose(20 / 32 * a + 12 / 32 * b, whole, atol=1e-15)
    assert np.abs((a + b) / 2 - whole).max() > 1e-3


@pytest.mark.parametrize("B", [32, 128])
def test_race_can_be_run_again(B):
    """The recorded losses come from the code on the page: run the beginning of a seed again."""
    lr, curves = record("05-race")["curves"][str(B)]
    last = {32: 1095, 128: 550}[B]
    marks = np.unique(np.geomspace(1, last, 100).round()).astype(int).tolist()
    rng = np.random.default_rng(0)
    net = mlp([784, 32, 10], rng=rng)
    optimizer, losses = SGD(net, lr=lr), []
    batches = itertools.chain.from_iterable(
        itertools.repeat(DataLoader(X_TRAIN, Y_TRAIN, B, rng=rng))
    )
    for t, (X, y) in enumerate(itertools.islice(batches, 40), 1):
        net.backward(cross_entropy(net(X), y)[1])
        optimizer.step()
        if t in marks:
            losses.append(evaluate(net, cross_entropy, X_TRAIN, Y_TRAIN)[0])
    np.testing.assert_allclose(losses, curves[0][: len(losses)], rtol=0.02)


def needed():
    result = {}
    for B, (_, curves) in record("05-race")["curves"].items():
        T = {1: 28_000, 8: 3500, 32: 1095, 128: 550, 7000: 300}[int(B)]
        marks = np.unique(np.geomspace(1, T, 100).round()).astype(int)
        result[int(B)] = np.mean([marks[np.array(c) < 0.2][0] for c in curves])
    return result


def test_each_clock_has_its_winner():
    updates = needed()
    epochs = {B: u * B / 7000 for B, u in updates.items()}
    assert min(updates, key=updates.get) == 7000
    assert max(updates, key=updates.get) == 1
    assert max(epochs, key=epochs.get) == 7000
    assert max(epochs[B] for B in (1, 8, 32)) < epochs[128] < epochs[7000]
    time = {int(B): s for B, s in record("05-seconds").items()}
    seconds = {B: u * time[B] for B, u in updates.items()}
    assert min(seconds, key=seconds.get) in (32, 128)
    assert max(seconds, key=seconds.get) == 7000
