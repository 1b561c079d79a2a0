"""The equations and claims of chapter 4, one test each."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from mlcourse.autograd import Tensor
from mlcourse.data import mini_mnist
from mlcourse.functional import sigmoid, softmax
from mlcourse.gradcheck import check_network, numerical_gradient, relative_error
from mlcourse.layers import Linear, ReLU
from mlcourse.losses import cross_entropy, mse
from mlcourse.network import mlp
from tests.book.pages import page

X = np.array([[1.0, 2.0], [3.0, -1.0]])
Y = np.eye(2)[[1, 0]]
y = np.array([1, 0])
q = float(sigmoid(np.array(-3.5)))
EPS = {np.float32: float(np.finfo(np.float32).eps), np.float64: float(np.finfo(np.float64).eps)}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def golden():
    net = mlp([2, 2, 2], rng=np.random.default_rng(0), dtype=np.float64)
    net.layers[0].W = np.array([[1.0, -1.0], [0.5, 1.0]])
    net.layers[0].b = np.array([0.0, 1.0])
    net.layers[2].W = np.array([[1.0, 0.0], [-0.5, 1.0]])
    net.layers[2].b = np.array([0.0, -1.0])
    return net


def test_promise_of_a_gradient(golden, rng):
    """The error of the first-order promise falls with the square of the change."""
    E, dZ = cross_entropy(golden(X), y)
    golden.backward(dZ)
    theta, g, delta = golden.theta.copy(), golden.grad.copy(), rng.normal(size=12)
    missed = []
    for size in (1e-3, 1e-4):
        golden.theta[:] = theta + size * delta
        missed.append(abs(cross_entropy(golden(X), y)[0] - E - size * g @ delta))
    assert missed[0] < 1e-4
    assert missed[0] / missed[1] == pytest.approx(100, rel=0.05)


def loss_of_sample_2(t):
    w1, w2, b, x1, x2 = t
    return np.log1p(np.exp(-(np.maximum(0, x1 * w1 + x2 * w2 + b) + 1)))


def test_one_path(golden):
    e = loss_of_sample_2(np.array([1, 0.5, 0, 3, -1]))
    assert round(float(e), 4) == 0.0298
    assert e == pytest.approx(cross_entropy(golden(X[1:]), y[1:])[0], rel=1e-12)


def test_chain_rule_along_the_path():
    measured = numerical_gradient(loss_of_sample_2, np.array([1, 0.5, 0, 3, -1]))
    np.testing.assert_allclose(measured, -q * np.array([3, -1, 1, 1, 0.5]), rtol=1e-8)


@pytest.mark.parametrize(
    ("gate", "slopes"),
    [
        (lambda a, b: a + b, [1, 1]),
        (lambda a, b: a * b, [-2, 3]),
        (np.maximum, [1, 0]),
        (lambda a, b: a * a, [6, 0]),
    ],
)
def test_gates(gate, slopes):
    at = np.array([3.0, -2.0])
    np.testing.assert_allclose(numerical_gradient(lambda t: gate(*t), at), slopes, atol=1e-8)


def test_max_gate_in_pytorch():
    a, b = torch.tensor(3.0, requires_grad=True), torch.tensor(-2.0, requires_grad=True)
    torch.maximum(a, b).backward()
    assert (a.grad.item(), b.grad.item()) == (1, 0)


def test_gradients_add_over_uses(rng):
    v = Tensor(rng.normal(size=3))
    (v * v + v.exp() + v).sum().backward()
    np.testing.assert_allclose(v.grad, 2 * v.data + np.exp(v.data) + 1, rtol=1e-13)


def test_single_layer(rng):
    X, t, w, b = rng.normal(size=(6, 3)), rng.uniform(size=6), rng.normal(size=3), 0.3
    a = sigmoid(X @ w + b)
    dz = 2 / 6 * (a - t) * a * (1 - a)
    np.testing.assert_allclose(
        X.T @ dz, numerical_gradient(lambda w: mse(sigmoid(X @ w + b), t)[0], w), rtol=1e-7
    )
    slope = numerical_gradient(lambda b: mse(sigmoid(X @ w + b), t)[0], np.array([b]))
    np.testing.assert_allclose(dz.sum(), slope[0], rtol=1e-7)
    parts = [torch.from_numpy(v) for v in (X, t, w)]
    parts[2].requires_grad_()
    torch.mean((torch.sigmoid(parts[0] @ parts[2] + b) - parts[1]) ** 2).backward()
    np.testing.assert_allclose(X.T @ dz, parts[2].grad.numpy(), rtol=1e-12)


def test_a_single_unit_is_stuck_on_xor_at_one_half():
    """At w = 0, b = 0 all slopes are 0 and E = 1/4; with one hidden layer the loss goes to 0."""
    corners = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    t = np.array([0.0, 1.0, 1.0, 0.0])
    E = lambda p: mse(sigmoid(corners @ p[:2] + p[2]), t)[0]  # noqa: E731
    assert E(np.zeros(3)) == 0.25
    np.testing.assert_allclose(numerical_gradient(E, np.zeros(3)), 0, atol=1e-10)
    grid = np.random.default_rng(0).normal(0, 3, (2000, 3))
    assert min(E(p) for p in grid) >= 0.25 - 1e-12


@pytest.fixture
def layer(rng):
    layer = Linear(3, 4, rng=rng, dtype=np.float64)
    layer.b[:] = rng.normal(size=4)
    return layer


def test_affine_backward_by_index(layer, rng):
    X, G = rng.normal(size=(5, 3)), rng.normal(size=(5, 4))
    layer(X)
    dX = layer.backward(G)
    dW = [[sum(X[n, d] * G[n, m] for n in range(5)) for m in range(4)] for d in range(3)]
    np.testing.assert_allclose(layer.dW, dW, rtol=1e-12)
    np.testing.assert_allclose(layer.db, [sum(G[n, m] for n in range(5)) for m in range(4)])
    by_index = [
        [sum(G[n, m] * layer.W[d, m] for m in range(4)) for d in range(3)] for n in range(5)
    ]
    np.testing.assert_allclose(dX, by_index, rtol=1e-12)


def test_affine_backward_in_pytorch(layer, rng):
    X, G = rng.normal(size=(5, 3)), rng.normal(size=(5, 4))
    tensors = [torch.from_numpy(v.copy()).requires_grad_() for v in (X, layer.W, layer.b)]
    torch.sum(torch.from_numpy(G) * (tensors[0] @ tensors[1] + tensors[2])).backward()
    expected = [v.grad.numpy() for v in tensors]
    for ours, theirs in zip((G @ layer.W.T, X.T @ G, G.sum(axis=0)), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_three_different_sizes_refuse_the_wrong_products(rng):
    X, G = rng.normal(size=(5, 3)), rng.normal(size=(5, 4))
    assert (X.T @ G).shape == (3, 4)
    for left, right in ((X, G), (G, X)):
        with pytest.raises(ValueError, match="matmul"):
            left @ right


def test_softmax_jacobian(rng):
    z = rng.normal(size=(1, 5))
    p = softmax(z)[0]
    for c in range(5):
        measured = numerical_gradient(lambda z, c=c: softmax(z)[0, c], z)[0]
        np.testing.assert_allclose(p[c] * ((np.arange(5) == c) - p), measured, atol=1e-10)


def test_gradient_of_one_sample(rng):
    z = rng.normal(size=(1, 5))
    measured = numerical_gradient(lambda z: cross_entropy(z, np.array([2]))[0], z)
    np.testing.assert_allclose(softmax(z) - np.eye(5)[[2]], measured, atol=1e-10)


def test_softmax_cross_entropy_gradient(rng):
    Z, labels = rng.normal(0, 3, (6, 5)), np.arange(6) % 5
    dZ = (softmax(Z) - np.eye(5)[labels]) / 6
    assert relative_error(dZ, numerical_gradient(lambda Z: cross_entropy(Z, labels)[0], Z)) < 1e-9
    T = torch.from_numpy(Z).requires_grad_()
    torch.nn.functional.cross_entropy(T, torch.from_numpy(labels)).backward()
    np.testing.assert_allclose(dZ, T.grad.numpy(), rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(dZ.sum(axis=1), 0, atol=1e-15)


def test_without_p_the_answers_never_change_after_the_first_step(rng):
    """-Y/N is constant, so W after T steps is T times the first step."""
    X, labels = mini_mnist().train
    step = X[:500].T @ np.eye(10, dtype=np.float32)[labels[:500]] / 500
    answers = [(X[500:700] @ (0.1 * T * step)).argmax(axis=1) for T in (1, 7)]
    assert (answers[0] == answers[1]).mean() > 0.99


@pytest.mark.parametrize("sizes", [[2, 2, 2], [7, 6, 5, 4]])
def test_hidden_layers(sizes, rng):
    net = mlp(sizes, rng=rng, dtype=np.float64)
    X, labels = rng.normal(size=(5, sizes[0])), np.arange(5) % sizes[-1]
    A, Z = [X], []
    for layer in net.layers[::2]:
        Z.append(A[-1] @ layer.W + layer.b)
        A.append(np.maximum(Z[-1], 0))
    E, dZ = cross_entropy(Z[-1], labels)
    assert pytest.approx(cross_entropy(net(X), labels)[0]) == E
    net.backward(dZ)
    for i in reversed(range(len(Z))):
        layer = net.layers[2 * i]
        np.testing.assert_allclose(layer.dW, A[i].T @ dZ, rtol=1e-10, atol=1e-14)
        np.testing.assert_allclose(layer.db, dZ.sum(axis=0), rtol=1e-10, atol=1e-14)
        if i:
            dZ = (dZ @ layer.W.T) * (Z[i - 1] > 0)
    assert check_network(net, cross_entropy, X, labels).passed


def test_relu_slope(rng):
    Z, relu = rng.normal(size=(4, 3)), ReLU()
    relu(Z)
    np.testing.assert_array_equal(relu.backward(np.ones((4, 3))), Z > 0)
    relu(np.zeros((1, 1)))
    assert relu.backward(np.ones((1, 1))) == 0
    z = torch.zeros(1, requires_grad=True)
    torch.relu(z).sum().backward()
    assert z.grad.item() == 0


def test_golden_gradients_by_hand(golden):
    _, dZ = cross_entropy(golden(X), y)
    dX = golden.backward(dZ, input_gradient=True)
    first, _, second = golden.layers
    expected = {
        "dZ2": (dZ, [[1 / 4, -1 / 4], [-q / 2, q / 2]]),
        "dW2": (second.dW, [[1 / 2 - 5 / 4 * q, 5 / 4 * q - 1 / 2], [1 / 2, -1 / 2]]),
        "db2": (second.db, [1 / 4 - q / 2, q / 2 - 1 / 4]),
        "dW1": (first.dW, [[1 / 4 - 3 / 2 * q, -3 / 8], [1 / 2 + q / 2, -3 / 4]]),
        "db1": (first.db, [1 / 4 - q / 2, -3 / 8]),
        "dX": (dX, [[5 / 8, -1 / 4], [-q / 2, -q / 4]]),
    }
    for name, (ours, by_hand) in expected.items():
        np.testing.assert_allclose(ours, by_hand, rtol=1e-12, err_msg=name)
    assert round(q, 4) == 0.0293


@pytest.mark.parametrize(
    "f",
    [
        lambda a: a @ a.T,
        lambda a: a.exp(),
        lambda a: a.log(),
        lambda a: a.sum() * np.ones((3, 3)),
        lambda a: (a - 1).relu(),
    ],
)
def test_rules(f, rng):
    x, G = rng.uniform(0.5, 2, (3, 3)), rng.normal(size=(3, 3))
    a = Tensor(x)
    f(a).backward(G)
    measured = numerical_gradient(lambda x: np.sum(G * f(Tensor(x)).data), x)
    assert relative_error(a.grad, measured) < 1e-8


def test_central_difference(rng):
    x = rng.normal(size=(2, 3))
    slopes = np.empty_like(x)
    for i in np.ndindex(2, 3):
        e = np.zeros_like(x)
        e[i] = 1e-5
        slopes[i] = (np.sum(np.sin(x + e)) - np.sum(np.sin(x - e))) / 2e-5
    np.testing.assert_allclose(slopes, np.cos(x), rtol=1e-8)
    np.testing.assert_allclose(numerical_gradient(lambda x: np.sum(np.sin(x)), x, 1e-5), slopes)


def test_relative_error(rng):
    a, b = rng.normal(size=(2, 3, 4))
    expected = np.max(np.abs(a - b)) / max(np.abs(a).max(), np.abs(b).max())
    assert relative_error(a, b) == pytest.approx(expected)


def first_weight(w):
    half = w.dtype.type(0.5)
    return (np.log1p(np.exp(w - 1)) + np.log1p(np.exp(-3 * w - half))) / 2


def derivatives(w):
    s1, s2 = sigmoid(w - 1), sigmoid(-3 * w - 0.5)
    third = s1 * (1 - s1) * (1 - 2 * s1) - 27 * s2 * (1 - s2) * (1 - 2 * s2)
    return (s1 - 3 * s2) / 2, third / 2


def test_loss_of_the_first_weight(golden):
    for w in np.linspace(0.5, 1.5, 11):
        golden.layers[0].W[0, 0] = w
        assert first_weight(w) == pytest.approx(cross_entropy(golden(X), y)[0], rel=1e-12)
    assert derivatives(np.array(1.0))[0] == pytest.approx(1 / 4 - 3 / 2 * q)


def rms_error(dtype, h):
    w = np.random.default_rng(0).uniform(0.5, 1.5, 200).astype(dtype)
    h = dtype(h)
    measured = (first_weight(w + h) - first_weight(w - h)) / (2 * h)
    return float(np.sqrt(np.mean((measured - derivatives(w.astype(float))[0]) ** 2)))


def test_truncation_is_a_sixth_of_the_third_derivative():
    w, h = np.linspace(0.5, 1.5, 11), 1e-3
    slope, third = derivatives(w)
    measured = (first_weight(w + h) - first_weight(w - h)) / (2 * h)
    np.testing.assert_allclose(measured - slope, h**2 / 6 * third, rtol=1e-3, atol=1e-12)


def predicted(dtype, h):
    w = np.random.default_rng(0).uniform(0.5, 1.5, 200)
    f, f3 = first_weight(w).mean(), np.sqrt(np.mean(derivatives(w)[1] ** 2))
    return h**2 / 6 * f3 + EPS[dtype] * f / h, f, f3


@pytest.mark.parametrize(
    ("dtype", "powers"), [(np.float64, range(-10, 0)), (np.float32, range(-5, 0))]
)
def test_error_is_truncation_and_rounding(dtype, powers):
    for k in powers:
        assert 0.1 < rms_error(dtype, 10.0**k) / predicted(dtype, 10.0**k)[0] < 1.5


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_best_step_and_least_error(dtype):
    _, f, f3 = predicted(dtype, 1.0)
    eps = EPS[dtype]
    best = (3 * eps * f / f3) ** (1 / 3)
    least = 0.5 * (3 * eps * f) ** (2 / 3) * f3 ** (1 / 3)
    assert predicted(dtype, best)[0] == pytest.approx(least)  # the minimum of the sum
    assert all(predicted(dtype, best * k)[0] > least for k in (0.9, 1.1))
    grid = 10.0 ** np.arange(-13, 0, 0.5)
    errors = [rms_error(dtype, h) for h in grid]
    assert 1 / 3.2 < grid[np.argmin(errors)] / best < 3.2
    assert 0.1 < min(errors) / least < 1


def test_one_sided_difference_is_best_near_the_square_root():
    w = np.random.default_rng(0).uniform(0.5, 1.5, 200)  # exercise 4.6
    errors = {
        k: np.sqrt(
            np.mean(
                ((first_weight(w + 10.0**k) - first_weight(w)) / 10.0**k - derivatives(w)[0]) ** 2
            )
        )
        for k in range(-12, -3)
    }
    assert min(errors, key=errors.get) == -8
    assert 1e-9 < errors[-8] < 1e-8


class Counted(np.ndarray):
    """An array that counts the multiply-adds of its matrix products."""

    total = 0

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **kwargs):
        plain = [np.asarray(v) for v in inputs]
        if ufunc is np.matmul:
            Counted.total += plain[0].shape[0] * plain[0].shape[1] * plain[1].shape[1]
        if out:
            kwargs["out"] = tuple(np.asarray(v) for v in out)
        return np.asarray(getattr(ufunc, method)(*plain, **kwargs)).view(Counted)


@pytest.mark.parametrize(
    ("sizes", "ratio"), [([784, 256, 128, 10], 1.15), ([512] * 7, 1.83), ([784, 300, 10], 1.01)]
)
def test_cost_in_multiply_adds(sizes, ratio):
    """Counted in the products that Linear really makes, with Linear's own backward."""
    N = 2
    pairs = list(pairwise(sizes))
    net = [Linear(D, M, rng=np.random.default_rng(0)) for D, M in pairs]
    for layer in net:
        layer.__dict__["W"] = layer.W.view(Counted)
    Counted.total = 0
    A = np.zeros((N, sizes[0]), np.float32).view(Counted)
    for layer in net:
        A = layer(A)
    forward, Counted.total = Counted.total, 0
    for i, layer in reversed(list(enumerate(net))):
        A = layer.backward(A, input_gradient=i > 0)
    backward = Counted.total
    assert forward == N * sum(D * M for D, M in pairs)
    assert backward == 2 * forward - N * sizes[0] * sizes[1]
    assert round(backward / forward, 2) == ratio


def test_numbers_of_the_exercises(golden):
    x, z = Tensor(2.0), Tensor(-1.0)  # 4.1: max(x, y) is x there
    ((x + z) * x).backward()
    assert (x.grad, z.grad) == (3, 2)

    E, dZ = cross_entropy(golden(X), np.array([1, 1]))  # 4.2
    assert round(E, 4) == 2.1114
    assert dZ.round(4).tolist() == [[0.25, -0.25], [0.4853, -0.4853]]
    golden.backward(dZ)
    assert golden.layers[0].db[1] == pytest.approx(-3 / 8)
    costs = -np.log(softmax(golden(X))[:, 1])
    assert costs.round(4).tolist() == [0.6931, 3.5298]

    a = float(sigmoid(np.array(-6.0)))  # 4.3
    assert round(a - 1, 4) == -0.9975
    assert round(2 * (a - 1) * a * (1 - a), 4) == -0.0049

    assert 32 * (784 * 300 + 300 * 10) == 7_622_400  # 4.5
    assert 2 * 7_622_400 - 32 * 784 * 300 == 7_718_400
    assert round(7_718_400 / 7_622_400, 2) == 1.01
    assert mlp([784, 32], rng=np.random.default_rng(0)).n_params == 25_120  # "which half matters"
    assert mlp([32, 10], rng=np.random.default_rng(0)).n_params == 330


def test_tied_weights(rng):
    G, X6, V = rng.normal(size=(6, 5)), rng.normal(size=(6, 5)), rng.normal(size=(5, 3))
    dV = G.T @ (X6 @ V) + X6.T @ (G @ V)  # exercise 4.7
    measured = numerical_gradient(lambda V: np.sum(G * (X6 @ V @ V.T)), V)
    assert relative_error(dV, measured) < 1e-8


@pytest.fixture(scope="module", name="page")
def chapter():
    """What the chapter's functions are, from its own cells, and what the cells printed."""
    return page("04")


def functions_of(page, *ids):
    names = {"np": np}
    for cell in ids:
        source = page[cell][0].split("\n\n\n")
        exec(
            "\n\n\n".join(part for part in source if part.lstrip().startswith(("def", "class"))),
            names,
        )
    return names


def test_solution_of_divide_and_tanh(page, rng):
    names = functions_of(
        page, "autograd-node", "autograd-order", "autograd-backward", "autograd-unbroadcast"
    )
    solution = page["exercises"][0].split("```python\n")[1].split("```")[0]
    exec(solution, names)  # exercise 4.4
    Node, backward = names["Node"], names["backward"]
    x, z = rng.normal(size=(5, 3)), rng.uniform(1, 2, (5, 1))
    a, b = Node(x), Node(z)
    backward(names["tanh"](names["divide"](a, b)))
    for node, f in ((a, lambda v: np.tanh(v / z)), (b, lambda v: np.tanh(x / v))):
        measured = numerical_gradient(lambda v, f=f: np.sum(f(v)), node.data)
        assert relative_error(node.grad, measured) < 1e-9


@pytest.mark.parametrize("seed", range(3))
def test_feedback_alignment(page, seed):
    X_all, y_all = mini_mnist().train
    names = functions_of(page, "softmax-ce", "affine-backward", "mlp-backward")
    names |= {"X_all": X_all, "y_all": y_all, "digits": mini_mnist()}
    exec(page["hidden-train"][0] + "\n\n" + page["hidden-right"][0], names)
    code = page["exercises"][0].split("```python\ndef with_feedback")[1].split("\n\n\nfor")[0]
    exec("def with_feedback" + code, names)  # exercise 4.8
    B = np.random.default_rng(100 + seed).normal(0, 0.25, (10, 32))
    every = ["W1", "b1", "W2", "b2"]
    trained = names["train"](every, np.random.default_rng(seed), names["with_feedback"](B))
    assert round(100 * names["right"](trained)) == [87, 90, 88][seed]


def test_prose_repeats_what_the_cells_print(page):
    assert "all         90% to 91%" in page["hidden-experiment"][1]
    assert "last only   52% to 65%" in page["hidden-experiment"][1]
    assert "the end 3.7" in page["short-figure"][1]
    assert page["single-xor"][1].count("XOR answers [0.5 0.5 0.5 0.5]") == 4
    assert page["single-xor"][1].count("E = 0.250") == 5
