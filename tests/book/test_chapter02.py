"""The equations and claims of chapter 2, one test each."""

import math

import numpy as np
import pytest
import torch

from mlcourse import init
from mlcourse.data import DataLoader, mini_mnist
from mlcourse.functional import relu, sigmoid, tanh
from mlcourse.gradcheck import numerical_gradient
from mlcourse.layers import Linear, ReLU
from mlcourse.losses import cross_entropy
from mlcourse.network import mlp
from mlcourse.optim import SGD
from mlcourse.training import accuracy
from tests.book.pages import record

SLOPES = {"sigmoid": lambda A: A * (1 - A), "tanh": lambda A: 1 - A**2, "relu": lambda A: A > 0}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="module")
def digits():
    return mini_mnist()


def scale_over_root_of_fan_in(scale):
    def draw(D, M, *, rng, dtype):
        return scale / math.sqrt(D) * rng.standard_normal((D, M)).astype(dtype)

    return draw


def signals(net, X, y):
    outputs, gradients, A = [], [], X
    for layer in net.layers:
        A = layer(A)
        outputs.append(A)
    _, dA = cross_entropy(A, y)
    for layer in reversed(net.layers):
        gradients.insert(0, dA)
        dA = layer.backward(dA)
    return outputs[1:-1:2], gradients[0:-2:2]


# The sigmoid


def test_sigmoid_in_both_tails():
    z = np.linspace(-700, 700, 1401)
    by_definition = 1 / (1 + np.exp(-z))
    np.testing.assert_allclose(sigmoid(z), by_definition, rtol=1e-13)
    second = np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z)))
    np.testing.assert_array_equal(sigmoid(z), second)
    np.testing.assert_allclose(second, torch.sigmoid(torch.from_numpy(z)), rtol=1e-13)
    assert sigmoid(np.float32(-90)) == pytest.approx(math.exp(-90), rel=1e-3)


def test_sigmoid_slope():
    z = np.linspace(-8, 8, 161)
    slope = sigmoid(z) * (1 - sigmoid(z))
    numeric = numerical_gradient(lambda z: float(sigmoid(z).sum()), z)
    np.testing.assert_allclose(slope, numeric, atol=1e-9)
    assert slope.max() == slope[80] == 0.25


def test_unit_gradient_is_a_sum_over_samples_of_input_times_signal(rng):
    layer = Linear(5, 3, rng=rng, dtype=np.float64)
    X, dZ = rng.uniform(0, 1, (4, 5)), rng.normal(size=(4, 3))
    layer(X)
    layer.backward(dZ)
    by_index = [[sum(X[n, d] * dZ[n, m] for n in range(4)) for m in range(3)] for d in range(5)]
    np.testing.assert_allclose(layer.dW, by_index, rtol=1e-13)
    layer(X[:1])  # one sample, positive inputs: one sign a unit
    layer.backward(dZ[:1])
    np.testing.assert_array_equal(np.sign(layer.dW), np.broadcast_to(np.sign(dZ[0]), (5, 3)))


@pytest.mark.parametrize(("D", "m", "s"), [(2, 2.0, 0.6), (100, 0.5, 0.1)])
def test_offset_raises_one_eigenvalue(D, m, s, rng):
    exact = np.linalg.eigvalsh(s**2 * np.eye(D) + m**2)
    np.testing.assert_allclose(exact[:-1], s**2, rtol=1e-9)
    assert exact[-1] == pytest.approx(s**2 + D * m**2)
    X = m + s * rng.normal(size=(20_000, D))
    assert np.linalg.eigvalsh(X.T @ X / len(X))[-1] == pytest.approx(exact[-1], rel=0.02)


# The hyperbolic tangent


def test_tanh():
    z = np.linspace(-20, 20, 401)
    np.testing.assert_allclose(tanh(z), 2 * sigmoid(2 * z) - 1, atol=1e-15)
    near = np.linspace(-5, 5, 101)
    ratio = (np.exp(near) - np.exp(-near)) / (np.exp(near) + np.exp(-near))
    np.testing.assert_allclose(tanh(near), ratio, atol=1e-15)
    np.testing.assert_allclose(tanh(z), torch.tanh(torch.from_numpy(z)), atol=1e-15)


def test_tanh_slope():
    z = torch.linspace(-20, 20, 401, dtype=torch.float64, requires_grad=True)
    torch.tanh(z).sum().backward()
    np.testing.assert_allclose(1 - tanh(z.detach().numpy()) ** 2, z.grad, atol=1e-15)


def test_range_of_tanh_is_open_and_floats_close_it():
    z = np.array([1.0, 10.0, 18.0])
    np.testing.assert_allclose(1 - tanh(z), 2 / (np.exp(2 * z) + 1), atol=1e-16)
    assert tanh(18.0) < 1
    assert tanh(20.0) == 1
    assert tanh(np.float32(10)) == 1


# ReLU


def test_relu():
    z = np.linspace(-3, 3, 61)
    np.testing.assert_array_equal(relu(z), torch.relu(torch.from_numpy(z)))
    np.testing.assert_array_equal(relu(z), [max(0, value) for value in z])


def test_relu_slope():
    z = torch.tensor([-2.0, -0.0, 0.0, 1e-30, 3.0], dtype=torch.float64, requires_grad=True)
    torch.relu(z).sum().backward()
    layer = ReLU()
    layer(z.detach().numpy())
    np.testing.assert_array_equal(layer.backward(np.ones(5)), z.grad)
    np.testing.assert_array_equal(z.grad, [0, 0, 0, 1, 1])


def test_dead_units_get_no_gradient_at_all(digits):
    net = mlp([784, 100, 10], rng=np.random.default_rng(0))
    net.layers[0].b[:] = -2
    X, y = digits.train
    A = net.layers[1](net.layers[0](X))
    _, dZ = cross_entropy(net.layers[2](A), y)
    net.backward(dZ)
    dead = (A <= 0).all(axis=0)
    assert 80 < dead.sum() < 100
    assert (net.layers[0].dW[:, dead] == 0).all()
    assert (net.layers[0].db[dead] == 0).all()
    assert net.layers[0].dW[:, ~dead].any(axis=0).all()


def test_one_step_shifts_a_unit_by_the_products_of_the_inputs(rng):
    layer = Linear(6, 1, rng=rng, dtype=np.float64)
    X, lr = rng.uniform(0, 1, (5, 6)), 0.7
    before = layer(X)[:, 0]
    dz = np.array([[1.3]])
    layer(X[:1])
    layer.backward(dz)
    layer.W -= lr * layer.dW
    layer.b -= lr * layer.db
    shift = layer(X)[:, 0] - before
    np.testing.assert_allclose(shift, -lr * 1.3 * (X @ X[0] + 1), rtol=1e-12)
    assert (shift < 0).all()


# Depth


@pytest.mark.parametrize("activation", SLOPES)
def test_jacobian_is_the_product_of_slopes_and_weights(activation, rng):
    net = mlp([5, 4, 6, 3, 2], activation=activation, rng=rng, dtype=np.float64)
    x = rng.normal(size=(1, 5))
    z1 = net.layers[0](x)

    def rest(z):  # z_3 as a function of z_1
        A = z
        for layer in net.layers[1:5]:
            A = layer(A)
        return A

    J, A = np.eye(4), net.layers[1](z1)
    for affine, f in ((net.layers[2], net.layers[3]), (net.layers[4], net.layers[5])):
        J = J @ (SLOPES[activation](A).T * affine.W)
        A = f(affine(A))
    h = 1e-6
    numeric = [(rest(z1 + h * e) - rest(z1 - h * e))[0] / (2 * h) for e in np.eye(4)]
    np.testing.assert_allclose(J, numeric, atol=1e-8)


@pytest.mark.parametrize(
    ("activation", "draw"),
    [("relu", "he_normal"), ("relu", "xavier_normal"), ("tanh", "xavier_normal")],
)
def test_factor_of_a_layer(activation, draw, digits):
    """Per layer and over all layers: 20 networks, backwards from random signals."""
    X = digits.val.X[:100].astype(float)
    ratios = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        kind = {"activation": activation, "init": getattr(init, draw), "dtype": np.float64}
        net = mlp([784, 100, 100, 10], rng=rng, **kind)
        net(X)
        A = net.layers[1](net.layers[0](X))
        dZ2 = rng.normal(size=(100, 100))
        dZ1 = net.layers[1].backward(net.layers[2].backward(dZ2))
        q = 100 * net.layers[2].W.var() * np.mean(SLOPES[activation](A).astype(float) ** 2)
        ratios.append(np.mean(dZ1**2) / np.mean(dZ2**2) / q)
    assert np.mean(ratios) == pytest.approx(1, abs=0.02)


def test_sigmoid_layers_look_alive_and_are_blind(digits):
    """The standard deviation of all outputs against that over the digits, layer 1 and 12."""
    X, y = digits.val.X[:500].astype(float), digits.val.y[:500]
    for draw in (init.normal(std=0.01), init.xavier_normal, init.he_normal):
        for seed in range(2):
            rng = np.random.default_rng(seed)
            kind = {"activation": "sigmoid", "init": draw, "dtype": np.float64}
            A, dZ = signals(mlp([784] + 12 * [100] + [10], rng=rng, **kind), X, y)
            assert A[11].std() > 0.4 * A[0].std()
            assert A[11].std(axis=0).mean() < 1e-6
            assert dZ[0].std() < 1e-5 * dZ[11].std()


def test_one_offset_raises_the_curvature_of_sigmoid_outputs_most(digits):
    for activation, low, high in (("sigmoid", 200, 400), ("tanh", 3, 20), ("relu", 3, 20)):
        for seed in range(3):
            net = mlp([784, 100, 10], activation=activation, rng=np.random.default_rng(seed))
            A = net.layers[1](net.layers[0](digits.train.X)).astype(float)
            top = np.linalg.eigvalsh(A.T @ A / len(A))[-1]
            assert low < top / np.linalg.eigvalsh(np.cov(A.T))[-1] < high


def test_a_sigmoid_with_xavier_loses_at_least_three_quarters_a_layer(digits):
    X, y = digits.val.X[:500].astype(float), digits.val.y[:500]
    sizes = [784] + 12 * [100] + [10]
    net = mlp(sizes, activation="sigmoid", rng=np.random.default_rng(0), dtype=np.float64)
    A, dZ = signals(net, X, y)
    assert dZ[0].std() / dZ[11].std() < 4.0**-11  # exercise 2.2
    assert A[11].std() > 0.1  # the histogram looks healthy
    assert A[11].std(axis=0).mean() < 1e-7  # the layer is blind


# Xavier and He


def test_forward_variance(rng):
    A = rng.uniform(0, 1, (500, 30))  # its mean is not 0
    ratios = []
    for _ in range(200):
        W = rng.normal(0, 0.3, (30, 40))
        ratios.append(np.mean((A @ W) ** 2) / (30 * 0.3**2 * np.mean(A**2)))
    assert np.mean(ratios) == pytest.approx(1, abs=0.03)


def test_backward_variance(rng):
    dZ, ratios = rng.normal(size=(500, 40)), []
    for _ in range(200):
        W = rng.uniform(-0.3, 0.3, (30, 40))
        ratios.append(np.mean((dZ @ W.T) ** 2) / (40 * 0.3**2 / 3 * np.mean(dZ**2)))
    assert np.mean(ratios) == pytest.approx(1, abs=0.03)


def test_xavier_is_that_of_pytorch():
    D, M = 700, 500
    weight = torch.empty(M, D)
    torch.nn.init.xavier_normal_(weight, generator=torch.Generator().manual_seed(0))
    W = init.xavier_normal(D, M, rng=np.random.default_rng(0))
    for variance in (weight.var().item(), W.var()):
        assert variance == pytest.approx(2 / (D + M), rel=0.01)
    # Forwards and backwards the mean square changes by factors that sum to 2 (exercise 2.1).
    assert 2 * D / (D + M) + 2 * M / (D + M) == 2


def test_uniform_limits():
    D, M, torch_rng = 700, 500, torch.Generator().manual_seed(0)
    for ours, theirs, a in (
        (init.xavier_uniform, torch.nn.init.xavier_uniform_, math.sqrt(6 / (D + M))),
        (init.he_uniform, torch.nn.init.kaiming_uniform_, math.sqrt(6 / D)),
    ):
        weight = theirs(torch.empty(M, D), generator=torch_rng)
        W = ours(D, M, rng=np.random.default_rng(0), dtype=np.float64)
        for drawn in (weight.numpy(), W):
            assert 0.999 * a < np.abs(drawn).max() <= a * (1 + 1e-6)
            assert drawn.var() == pytest.approx(a**2 / 3, rel=0.01)


def test_relu_keeps_half_of_the_mean_square(rng):
    for z in (rng.normal(0, 3, 1_000_000), rng.uniform(-2, 2, 1_000_000)):
        assert np.mean(relu(z) ** 2) / np.mean(z**2) == pytest.approx(0.5, abs=0.003)
        assert np.mean((relu(z) > 0) ** 2.0) == pytest.approx(0.5, abs=0.003)


def test_he_is_that_of_pytorch_and_keeps_the_mean_square(rng):
    D, M = 700, 500
    weight = torch.empty(M, D)
    generator = torch.Generator().manual_seed(0)
    torch.nn.init.kaiming_normal_(weight, nonlinearity="relu", generator=generator)
    for variance in (weight.var().item(), init.he_normal(D, M, rng=rng).var()):
        assert variance == pytest.approx(2 / D, rel=0.01)
    A = rng.normal(size=(500, 400))
    before = np.mean(A**2)
    for _ in range(12):
        A = relu(A @ init.he_normal(400, 400, rng=rng, dtype=np.float64))
    assert np.mean(A**2) / before == pytest.approx(1, abs=0.35)


def test_default_of_pytorch_is_the_heuristic_of_variance_one_third(rng):
    layer = torch.nn.Linear(1000, 500)
    assert 3 * 1000 * layer.weight.var().item() == pytest.approx(1, abs=0.02)
    assert layer.weight.abs().max().item() <= 1000**-0.5


# What the prose says of recorded results


def test_what_centring_changed():
    losses = {name: losses for name, (_, losses) in record("02-centring").items()}
    rates = {name: rate for name, (rate, _) in record("02-centring").items()}
    means = {name: np.mean(values) for name, values in losses.items()}
    assert max(losses["1 CentredSigmoid"]) > min(losses["1 Sigmoid"])  # null: they overlap
    assert abs(means["1 CentredSigmoid"] - means["1 Sigmoid"]) < 0.05
    assert 0.3 < means["3 CentredSigmoid"] / means["3 Sigmoid"] < 0.6
    assert max(losses["3 CentredSigmoid"]) < min(losses["3 Sigmoid"]) - 0.1
    for hidden in "123":
        assert rates[f"{hidden} CentredSigmoid"] > rates[f"{hidden} Sigmoid"]
    for hidden in "123":
        assert means[f"{hidden} ReLU"] < means[f"{hidden} CentredSigmoid"] + 0.01


def test_what_became_of_dead_units():
    runs = {float(rate): np.array(counts) for rate, counts in record("02-dead").items()}
    half = runs[1.0].shape[1] // 2
    for counts in runs.values():
        first = counts[:, half:, 0]
        assert (first == first[:, :1]).all()
    assert runs[0.1].max() <= 3
    assert 0 < runs[0.5][:, half, 0].max() <= 17
    assert runs[1.0][:, half, 0].min() > 50
    assert 0 < (runs[1.0][:, half, 1] - runs[1.0][:, -1, 1]).max() < 10


def test_which_starts_trained():
    right = {name: run["right"] for name, run in record("02-grid").items()}
    for activation in ("sigmoid", "tanh", "relu"):
        for start in ("zero", "small"):
            assert max(right[f"{activation} {start}"]) < 0.11
    assert max(right["tanh large"] + right["relu large"]) < 0.2
    assert max(right["sigmoid Xavier"] + right["sigmoid He"]) < 0.11
    assert 0.3 < min(right["sigmoid large"]) < max(right["sigmoid large"]) < 0.7
    assert min(right["tanh He"]) > max(right["tanh Xavier"]) > 0.88
    assert max(right["relu Xavier"]) < min(right["relu He"])


def test_where_xavier_is_good_enough():
    right = {name: run["right"] for name, run in record("02-depth").items()}
    for hidden in (2, 4):
        assert max(right[f"{hidden} Xavier"]) > min(right[f"{hidden} He"])
        assert max(right[f"{hidden} He"]) > min(right[f"{hidden} Xavier"])
        assert abs(np.mean(right[f"{hidden} Xavier"]) - np.mean(right[f"{hidden} He"])) < 0.01
    for hidden in (12, 20, 30):
        assert max(right[f"{hidden} Xavier"]) < min(right[f"{hidden} He"])
    assert np.mean(right["30 He"]) < np.mean(right["2 He"]) - 0.2
    assert max(right["20 Xavier"] + right["30 Xavier"]) < 0.25


# Exercises


def test_numbers_by_hand():
    D, M = 64, 256  # exercise 2.1
    assert 2 / (D + M) == 0.00625
    assert round(math.sqrt(6 / (D + M)), 4) == 0.1369
    assert (2 / D, round(math.sqrt(6 / D), 4)) == (0.03125, 0.3062)
    assert (D * 0.00625, M * 0.00625) == (0.4, 1.6)
    assert f"{4.0**-11:.1e}" == "2.4e-07"  # exercise 2.2


def test_leaky_relu_keeps_half_of_one_plus_c_squared(rng):
    z = rng.normal(size=1_000_000)  # exercise 2.3
    leaky = np.where(z > 0, z, 0.2 * z)
    assert np.mean(leaky**2) == pytest.approx(0.52, abs=0.003)


@pytest.mark.parametrize(
    ("activation", "scale"), [("relu", 1.42), ("tanh", 1.05), ("sigmoid", 9.67)]
)
def test_scale_of_balanced_gradients(activation, scale, digits):
    X, y = digits.val.X[:500].astype(float), digits.val.y[:500]  # exercise 2.4
    ratios = []
    for near in (scale - 0.006, scale + 0.006):
        net = mlp(
            [784] + 12 * [100] + [10],
            activation=activation,
            init=scale_over_root_of_fan_in(near),
            rng=np.random.default_rng(0),
            dtype=np.float64,
        )
        _, dZ = signals(net, X, y)
        ratios.append(dZ[0].std() / dZ[11].std())
    assert ratios[0] < 1 < ratios[1]


@pytest.mark.parametrize(
    ("value", "layers", "low", "high"),
    [
        (0, (0, 2), 0.1, 0.11),
        (0, (0,), 0.88, 0.91),
        (0, (2,), 0.88, 0.91),
        (0.05, (0, 2), 0.1, 0.11),
        (0.05, (0,), 0.15, 0.3),
        (0.05, (2,), 0.88, 0.91),
    ],
)
def test_one_random_layer_breaks_the_symmetry(value, layers, low, high, digits):
    for seed in range(3):  # exercise 2.5
        rng = np.random.default_rng(seed)
        net = mlp([784, 100, 10], activation="tanh", rng=rng)
        for i in layers:
            net.layers[i].W[:] = value
        optimizer = SGD(net, lr=0.1)
        loader = DataLoader(*digits.train, batch_size=32, rng=rng)
        for _ in range(2):
            for X, y in loader:
                net.backward(cross_entropy(net(X), y)[1])
                optimizer.step()
        assert low - 1e-9 <= accuracy(net, *digits.val) <= high


def orthogonal(M, rng):
    Q, R = np.linalg.qr(rng.standard_normal((M, M)))
    return Q * np.sign(np.diag(R))


def test_orthogonal_products_keep_every_direction():
    J, G, rng = np.eye(100), np.eye(100), np.random.default_rng(0)  # exercise 2.6
    for _ in range(12):
        J = J @ orthogonal(100, rng)
    np.testing.assert_allclose(np.linalg.svd(J, compute_uv=False), 1, rtol=1e-12)
    rng = np.random.default_rng(0)
    for _ in range(12):
        G = G @ (rng.standard_normal((100, 100)) / 10)
    values = np.linalg.svd(G, compute_uv=False)
    assert round(float(values[0]), 1) == 4.5
    assert round(float(np.median(values)), 2) == 0.02
    assert values[-1] < 1e-10


def test_relu_leaves_little_of_orthogonality():
    """Directions that eleven layers keep; exercise 2.6."""
    kept = {"gaussian": [], "orthogonal": []}
    rng = np.random.default_rng(0)
    for name, draw in (
        ("gaussian", lambda: rng.standard_normal((100, 100)) * math.sqrt(0.02)),
        ("orthogonal", lambda: math.sqrt(2) * orthogonal(100, rng)),
    ):
        for _ in range(5):
            J, a = np.eye(100), rng.standard_normal(100)
            for _ in range(11):
                z = a @ (W := draw())
                J = J @ W * (z > 0)
                a = relu(z)
            kept[name].append(int((np.linalg.svd(J, compute_uv=False) > 0.01).sum()))
    assert (min(kept["gaussian"]), max(kept["gaussian"])) == (28, 30)
    assert (min(kept["orthogonal"]), max(kept["orthogonal"])) == (33, 39)


@pytest.mark.parametrize(
    ("gain", "variance", "q"),
    [(1, 0.0025, 0.995), (math.sqrt(2), 0.62, 1.11), (5 / 3, 1.18, 1.21)],
)
def test_where_the_variance_of_tanh_settles(gain, variance, q):
    x, w = np.polynomial.hermite_e.hermegauss(101)  # exercise 2.7
    w, v = w / w.sum(), 1.0
    for _ in range(200):
        v = gain**2 * (w * np.tanh(np.sqrt(v) * x) ** 2).sum()
    assert v == pytest.approx(variance, rel=0.01)
    slopes = 1 - np.tanh(np.sqrt(v) * x) ** 2
    assert gain**2 * (w * slopes**2).sum() == pytest.approx(q, rel=0.005)
