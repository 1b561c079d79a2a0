"""The equations and claims of chapter 8, one test each."""

import itertools
import math

import numpy as np
import pytest
import torch

from mlcourse.data import DataLoader, mini_mnist
from mlcourse.functional import sigmoid
from mlcourse.losses import cross_entropy
from mlcourse.network import mlp
from mlcourse.optim import SGD, Adagrad, Adam, AdamW, Parameters, RMSprop, Rprop
from mlcourse.optim.variants import AdamEpsInside, AdamScaledVelocity, AdamUncorrected
from mlcourse.training import accuracy
from tests.book import pages

X_TRAIN, Y_TRAIN = mini_mnist().train
T9, T9_BONFERRONI = 2.262, 3.36


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def gradients(rng):
    return rng.normal(size=(30, 5))


@pytest.fixture(scope="module")
def page():
    """The functions that the page defines, by running their cells."""
    names = ["rprop-step", "adagrad-step", "rmsprop-step", "adam-step", "adamw-step"]
    space = {"np": np}
    for name in names:
        source, _ = pages.page("08")[name]
        definition = source.split("\n\n\n")[0]
        exec(definition, space)
    return space


@pytest.fixture(scope="module")
def scores():
    result = pages.record("08-choice")
    return {(row["task"], row["name"]): row for row in result}


def torch_path(optimizer, gradients, start, **options):
    theta = torch.full((gradients.shape[1],), start, dtype=torch.float64)
    method, path = optimizer([theta], **options), []
    for g in gradients:
        theta.grad = torch.from_numpy(g.copy())
        method.step()
        path.append(theta.numpy().copy())
    return np.array(path)


def path_of(optimizer, gradients, start=0.0, **options):
    point, path = Parameters(np.full(gradients.shape[1], start)), []
    method = optimizer(point, **options)
    for g in gradients:
        point.grad[:] = g
        method.step()
        path.append(point.theta.copy())
    return np.array(path)


def ink_gradients(theta):
    two = Y_TRAIN < 2
    ink = X_TRAIN[two].mean(axis=1, dtype=np.float64)
    x, zero = (ink - ink.mean()) / ink.std(), (Y_TRAIN[two] == 0).astype(float)
    p = sigmoid(theta[0] * x + theta[1])
    G = np.stack([(p - zero) * x, p - zero], axis=1)
    return G, np.mean(p * (1 - p) * np.stack([x**2, np.ones_like(x)]), axis=1)


def test_mean_square_of_a_batch_is_slope_and_noise(rng):
    G = rng.normal(1, 2, (4, 3))
    for B in (1, 2, 3):  # all batches with replacement
        means = [G[list(rows)].mean(axis=0) for rows in itertools.product(range(4), repeat=B)]
        expected = G.mean(axis=0) ** 2 + G.var(axis=0) / B
        np.testing.assert_allclose(np.mean(np.square(means), axis=0), expected, rtol=1e-12)


def test_square_is_curvature_if_the_labels_come_from_the_model():
    for p, x in ((0.2, 3.0), (0.9, -0.5)):
        mean = p * ((p - 1) * x) ** 2 + (1 - p) * (p * x) ** 2
        assert mean == pytest.approx(p * (1 - p) * x**2)
        theta = torch.tensor(math.log(p / (1 - p)) / x, dtype=torch.float64)
        for y in (0.0, 1.0):  # the second derivative does not depend on the label
            label = torch.tensor(y, dtype=torch.float64)

            def loss(t, label=label, x=x):
                return torch.nn.functional.binary_cross_entropy_with_logits(t * x, label)

            assert torch.autograd.functional.hessian(loss, theta).item() == pytest.approx(mean)


def test_square_against_curvature_on_the_ink():
    G, h = ink_gradients(np.array([-6.0, 0.0]))
    assert 190 < np.mean(G**2, axis=0)[0] / h[0] < 215
    optimum = np.zeros(2)
    for _ in range(2000):
        optimum -= 4 * ink_gradients(optimum)[0].mean(axis=0)
    G, h = ink_gradients(optimum)
    np.testing.assert_allclose(np.mean(G**2, axis=0), h, rtol=0.03)


def test_scaled_step(rng):
    g, mean_square = rng.normal(size=5), rng.random(5) + 0.1
    point = Parameters(np.zeros(5))
    method = RMSprop(point, lr=0.1, alpha=0.99, eps=1e-3)
    method.state["s"][:] = (mean_square - 0.01 * g**2) / 0.99  # so that s is the mean square
    point.grad[:] = g
    method.step()
    np.testing.assert_allclose(point.theta, -0.1 * g / (np.sqrt(mean_square) + 1e-3), rtol=1e-12)


def test_rprop_step_of_the_page(page, gradients):
    theta, g_prev, delta = np.zeros(5), np.zeros(5), np.full(5, 0.05)
    expected = torch_path(torch.optim.Rprop, gradients, 0.0, lr=0.05)
    for g, there in zip(gradients, expected, strict=True):
        theta, g_prev, delta = page["rprop_step"](theta, g, g_prev, delta)
        np.testing.assert_allclose(theta, there, atol=1e-13)
    np.testing.assert_allclose(path_of(Rprop, gradients, lr=0.05), expected, atol=1e-13)


def test_step_of_rprop_is_delta_against_the_sign():
    path = path_of(Rprop, np.array([[1e-9, -1e9, 0.0]] * 2), lr=0.5)
    np.testing.assert_allclose(path, [[-0.5, 0.5, 0.0], [-1.1, 1.1, 0.0]])


def test_rprop_drifts_to_nothing_below_79_percent_agreement(rng):
    q0 = math.log(2) / (math.log(2) + math.log(1.2))
    assert round(q0, 2) == 0.79
    for q in (0.5, q0, 0.9):
        agree = rng.random(200_000) < q
        measured = np.mean(np.where(agree, math.log(1.2), math.log(0.5)))
        predicted = q * math.log(1.2) + (1 - q) * math.log(0.5)
        assert measured == pytest.approx(predicted, abs=0.01)
    assert round(1.2**25) == 95


def test_rprop_moves_by_eight_steps_on_a_mean_of_zero():
    g = np.array([0.1] * 9 + [-0.9])
    assert g.sum() == pytest.approx(0)
    assert -np.sign(g).sum() == -8


def test_adagrad_step_of_the_page(page, gradients):
    theta = s = np.zeros(5)
    expected = torch_path(torch.optim.Adagrad, gradients, 0.0, lr=0.1)
    for g, there in zip(gradients, expected, strict=True):
        theta, s = page["adagrad_step"](theta, g, s, lr=0.1)
        np.testing.assert_allclose(theta, there, atol=1e-13)


def test_adagrad_steps_fall_as_one_over_the_root():
    g = np.array([[0.3, -0.3, 0.3, 0.3, -0.3]] * 100)
    steps = np.abs(np.diff(path_of(Adagrad, g, lr=0.1), axis=0, prepend=0))
    k = np.arange(1, 101)
    np.testing.assert_allclose(steps, np.tile(0.1 / np.sqrt(k), (5, 1)).T, rtol=1e-8)
    # Twice as far takes about four times as long: the sum is close to 2η√T.
    T = np.array([1000, 4000])
    ways = [np.sum(1 / np.sqrt(np.arange(1, t + 1))) for t in T]
    assert ways[1] / ways[0] == pytest.approx(2, abs=0.03)


def test_rmsprop_step_of_the_page(page, gradients):
    theta = s = np.zeros(5)
    expected = torch_path(torch.optim.RMSprop, gradients, 0.0, lr=0.1, alpha=0.99)
    for g, there in zip(gradients, expected, strict=True):
        theta, s = page["rmsprop_step"](theta, g, s, lr=0.1)
        np.testing.assert_allclose(theta, there, atol=1e-13)


def test_rmsprop_on_a_constant_gradient():
    g = np.full((500, 5), [1e-3, 1e3, -1.0, 0.1, -7.0])
    steps = np.diff(path_of(RMSprop, g, lr=0.1, eps=1e-300), axis=0, prepend=0)
    t = np.arange(1, 501)[:, None]
    np.testing.assert_allclose(steps, -0.1 / np.sqrt(1 - 0.99**t) * np.sign(g), rtol=1e-9)


def test_rmsprop_never_steps_farther_than_its_bound(rng):
    g = rng.standard_cauchy((2000, 5))  # wild gradients
    for beta in (0.5, 0.9, 0.99):
        steps = np.abs(np.diff(path_of(RMSprop, g, lr=0.1, alpha=beta), axis=0, prepend=0))
        assert steps.max() <= 0.1 / math.sqrt(1 - beta) * (1 + 1e-9)
        assert steps.max() > 0.8 * 0.1 / math.sqrt(1 - beta)  # and the bound is nearly reached


def test_averages_of_adam(gradients):
    point = Parameters(np.zeros(5))
    method = Adam(point, lr=0.1)
    for g in gradients:
        point.grad[:] = g
        method.step()
    weights = 0.9 ** np.arange(29, -1, -1)[:, None]
    np.testing.assert_allclose(method.state["v"], np.sum(0.1 * weights * gradients, axis=0))
    weights = 0.999 ** np.arange(29, -1, -1)[:, None]
    np.testing.assert_allclose(method.state["s"], np.sum(0.001 * weights * gradients**2, axis=0))


def test_averages_start_too_small_by_the_sum_of_their_weights(rng):
    g = rng.normal(0.7, 1.0, (12, 40_000))
    point = Parameters(np.zeros(40_000))
    method = Adam(point, lr=0.1)
    for row in g:
        point.grad[:] = row
        method.step()
    assert method.state["v"].mean() == pytest.approx((1 - 0.9**12) * 0.7, rel=0.02)
    assert method.state["s"].mean() == pytest.approx((1 - 0.999**12) * (0.49 + 1), rel=0.02)


def test_adam_step_of_the_page(page, gradients):
    theta = v = s = np.zeros(5)
    expected = torch_path(torch.optim.Adam, gradients, 0.0, lr=0.1)
    for t, (g, there) in enumerate(zip(gradients, expected, strict=True), 1):
        theta, v, s = page["adam_step"](theta, g, v, s, t, lr=0.1)
        np.testing.assert_allclose(theta, there, atol=1e-13)


def test_uncorrected_steps_peak_at_step_twelve():
    g = np.full((5000, 1), 0.01)
    t = np.arange(1, 5001)
    r = (1 - 0.9**t) / np.sqrt(1 - 0.999**t)
    for method, factor in ((AdamUncorrected, 1), (AdamScaledVelocity, 10)):
        steps = -np.diff(path_of(method, g, lr=1.0, eps=1e-12)[:, 0], prepend=0)
        np.testing.assert_allclose(steps, factor * r, rtol=1e-6)
    assert r.argmax() + 1 == 12
    assert [round(r[k - 1], 2) for k in (1, 12, 1000)] == [3.16, 6.57, 1.26]


def test_epsilon_outside_and_inside_the_root():
    for g, eps in itertools.product((1e-9, 1e-6, 1e-3), (1e-8, 1e-4)):
        constant = np.full((3, 1), g)
        outside = np.diff(path_of(Adam, constant, lr=1.0, eps=eps)[:, 0], prepend=0)
        inside = np.diff(path_of(AdamEpsInside, constant, lr=1.0, eps=eps)[:, 0], prepend=0)
        np.testing.assert_allclose(-outside, g / (g + eps), rtol=1e-9)
        np.testing.assert_allclose(-inside, g / math.sqrt(g**2 + eps), rtol=1e-9)


def test_l2_is_decay_for_plain_sgd_only(gradients):
    lr, lam, theta = 0.1, 0.5, np.ones(5)
    path = path_of(SGD, gradients, 1.0, lr=lr, weight_decay=lam)
    for g, there in zip(gradients, path, strict=True):
        theta = (1 - lr * lam) * theta - lr * g
        np.testing.assert_allclose(there, theta, rtol=1e-12)
    l2 = path_of(Adam, gradients, 1.0, lr=lr, weight_decay=lam)
    assert np.abs(l2 - path_of(AdamW, gradients, 1.0, lr=lr, weight_decay=lam)).max() > 0.1


def test_adamw_step_of_the_page(page, gradients):
    theta, v, s = np.ones(5), np.zeros(5), np.zeros(5)
    expected = torch_path(torch.optim.AdamW, gradients, 1.0, lr=0.1, weight_decay=0.5)
    for t, (g, there) in enumerate(zip(gradients, expected, strict=True), 1):
        theta, v, s = page["adamw_step"](theta, g, v, s, t, 0.1, 0.5)
        np.testing.assert_allclose(theta, there, atol=1e-13)


def test_l2_in_adam_moves_idle_weights_by_the_rate_whatever_lambda():
    idle = np.zeros((100, 1))
    for lam in (1e-4, 1e-2, 1.0):
        path = path_of(Adam, idle, 1.0, lr=1e-3, weight_decay=lam, eps=1e-30)
        assert path[-1, 0] == pytest.approx(0.9, abs=0.003)


def interval(scores, task, name, t=T9):
    d = 100 * (np.array(scores[task, name]["test"]) - scores[task, "adam"]["test"])
    return d.mean(), t * d.std(ddof=1) / math.sqrt(len(d))


def test_paired_interval(rng):
    """It covers the truth in 95 % of 4,000 experiments, whatever the seeds have in common."""
    common, d = rng.normal(0, 9, (4000, 10)), rng.normal(0.3, 1, (4000, 10))
    d = (common + d) - common
    half = T9 * d.std(axis=1, ddof=1) / math.sqrt(10)
    assert np.mean(np.abs(d.mean(axis=1) - 0.3) <= half) == pytest.approx(0.95, abs=0.012)


def test_what_the_comparison_found(scores):
    for name in ("sgd", "momentum", "adagrad", "rmsprop", "adamw"):
        mean, half = interval(scores, "one unit", name)
        assert abs(mean) < half, name
    for t in (T9, T9_BONFERRONI):
        mean, half = interval(scores, "one unit", "nesterov", t)
        assert mean - half > 0.1
    assert [round(x, 1) for x in interval(scores, "one unit", "nesterov")] == [0.7, 0.4]
    for name in ("sgd", "momentum", "nesterov"):
        mean, half = interval(scores, "mixed units", name, T9_BONFERRONI)
        assert -7 < mean < -4.5
        assert mean + half < 0
    half = interval(scores, "mixed units", "rmsprop", T9_BONFERRONI)
    assert [round(x, 1) for x in half] == [-1.3, 1.8]
    half = interval(scores, "mixed units", "adagrad", T9_BONFERRONI)
    assert [round(x, 1) for x in half] == [-1.4, 0.8]
    half = interval(scores, "one unit", "nesterov", T9_BONFERRONI)
    assert [round(x, 2) for x in half] == [0.71, 0.56]


def test_good_rates_of_adam_carry_over_and_those_of_sgd_do_not(scores):
    best = {key: row["best"] for key, row in scores.items()}
    assert best["one unit", "adam"] == best["mixed units", "adam"]
    assert 2.0 ** (best["one unit", "sgd"] - best["mixed units", "sgd"]) == 64


def test_each_method_had_ten_tries_on_three_seeds(scores):
    assert len(scores) == 14
    for row in scores.values():
        assert len(row["tried"]) == 10
        assert {len(tried) for tried in row["tried"].values()} == {3}
        means = {int(k): np.mean(v) for k, v in row["tried"].items()}
        assert row["best"] == max(means, key=means.get)
        assert min(means) < row["best"] < max(means)


def test_a_run_of_the_comparison_can_be_repeated(scores):
    """The record comes from the code on the page: run one of its seeds again."""
    row, rng = scores["one unit", "adam"], np.random.default_rng(0)
    net = mlp([784, 32, 10], rng=rng)
    method = Adam(net, lr=2.0 ** row["best"])
    loader = DataLoader(X_TRAIN, Y_TRAIN, 64, rng=rng)
    for _ in range(10):
        for X, y in loader:
            net.backward(cross_entropy(net(X), y)[1])
            method.step()
    again = accuracy(net, *mini_mnist().test)
    assert again == pytest.approx(row["test"][0], abs=0.01)


def test_numbers_of_exercise_1():
    g = np.array([[3.0], [-4.0]])
    assert path_of(Adagrad, g, lr=0.1).round(4).ravel().tolist() == [-0.1, -0.02]
    path = path_of(RMSprop, g, lr=0.1, alpha=0.9, eps=1e-300)
    assert path.round(4).ravel().tolist() == [-0.3162, -0.0586]
    path = path_of(Adam, g, lr=0.1, eps=1e-300)
    assert path.round(4).ravel().tolist() == [-0.1, -0.0806]


def test_numbers_of_exercise_2():
    signs = np.array([[1.0], [1.0], [-1.0], [-1.0], [1.0]])
    path = path_of(Rprop, signs, lr=0.1)
    np.testing.assert_allclose(path.ravel(), [-0.1, -0.22, -0.22, -0.16, -0.16])


def test_exercise_3_scaling_the_loss(gradients):
    for method in (Adagrad, RMSprop, Adam):
        small, large = (path_of(method, c * gradients, lr=0.1, eps=1e-30) for c in (1, 1000))
        np.testing.assert_allclose(small, large, rtol=1e-9)
    np.testing.assert_array_equal(path_of(Rprop, gradients), path_of(Rprop, 1000 * gradients))
    np.testing.assert_allclose(
        path_of(SGD, gradients, lr=0.1), path_of(SGD, 1000 * gradients, lr=1e-4), rtol=1e-9
    )


def test_exercise_4(gradients):
    signs = path_of(Adam, gradients, lr=0.1, betas=(0, 0), eps=1e-300)
    np.testing.assert_allclose(signs, np.cumsum(-0.1 * np.sign(gradients), axis=0))
    t = np.arange(1, 2001)
    r = (1 - 0.9**t) / np.sqrt(1 - 0.99**t)
    assert (round(r[0], 9), round(r.max(), 2), r.argmax() + 1) == (1.0, 2.13, 13)


@pytest.mark.parametrize(("beta", "steps"), [(0.9, 102), (0.99, 1061), (0.999, 10_655)])
def test_exercise_5(page, beta, steps):
    s, n = 1.0, 0
    while True:
        n += 1
        theta, s = page["rmsprop_step"](0.0, 0.01, s, lr=1.0, beta=beta)
        if -theta >= 0.9:
            break
    assert n == steps


def test_exercise_7():
    ends = {}
    for name, beta in (("adam", 0.1), ("amsgrad", 0.1), ("long memory", 0.999)):
        theta = s = s_max = 0.0
        for t in range(1, 3001):
            g = 3.0 if t % 3 == 1 else -1.0
            s = beta * s + (1 - beta) * g**2
            s_max = max(s_max, s)
            root = math.sqrt(s_max if name == "amsgrad" else s)
            if name == "long memory":
                root /= math.sqrt(1 - beta**t)
            theta = min(1.0, max(-1.0, theta - 0.5 / math.sqrt(t) * g / root))
        ends[name] = theta
    assert ends["adam"] > 0.95
    assert ends["amsgrad"] < -0.95
    assert ends["long memory"] < -0.95


def test_exercise_8_noise_makes_steps_grow_with_the_root_of_the_batch():
    g, sigma = 0.01, 1.0
    steps = [g / math.sqrt(g**2 + sigma**2 / B) for B in (4, 16)]
    assert steps[1] / steps[0] == pytest.approx(2, abs=0.01)


def test_exercise_6_adam_does_care_about_the_unit_of_an_input():
    """One pixel in a unit 100 times smaller: the first step changes Z by 100 times as much."""
    pixel = int((X_TRAIN > 0).mean(axis=0).argmax())
    changes = {}
    for factor in (1, 100):
        net = mlp([784, 32, 10], rng=np.random.default_rng(0), dtype=np.float64)
        X = X_TRAIN.astype(np.float64)
        X[:, pixel] *= factor
        W = net.layers[0].W
        W[pixel] /= factor
        before = W[pixel].copy()
        net.backward(cross_entropy(net(X), Y_TRAIN)[1])
        Adam(net, lr=1e-3).step()
        changes[factor] = factor * (W[pixel] - before)
    np.testing.assert_allclose(changes[100], 100 * changes[1], rtol=1e-2)
