"""Each layer against PyTorch, forwards and backwards, and against central differences."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mlcourse.gradcheck import check_layer, numerical_gradient, relative_error
from mlcourse.interop import to_torch
from mlcourse.layers import BatchNorm1d, Dropout, Layer, Linear, ReLU, Sigmoid, Tanh
from mlcourse.network import Sequential

N, D = 12, 5
PRECISION = {np.float64: {"rtol": 1e-10, "atol": 1e-13}, np.float32: {"rtol": 1e-4, "atol": 1e-5}}
LAYERS = {
    "Linear": lambda rng, dtype: Linear(D, 4, rng=rng, dtype=dtype),
    "Linear without bias": lambda rng, dtype: Linear(D, 4, rng=rng, bias=False, dtype=dtype),
    "Sigmoid": lambda rng, dtype: Sigmoid(),
    "Tanh": lambda rng, dtype: Tanh(),
    "ReLU": lambda rng, dtype: ReLU(),
    "BatchNorm1d": lambda rng, dtype: BatchNorm1d(D, dtype=dtype),
    "BatchNorm1d, other": lambda rng, dtype: BatchNorm1d(D, eps=0.1, momentum=0.3, dtype=dtype),
    "Dropout": lambda rng, dtype: Dropout(0.4, rng=rng),
}
each_layer = pytest.mark.parametrize("build", LAYERS.values(), ids=LAYERS)
each_mode = pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])


def randomise(layer, rng):
    """Give parameters and running statistics values that hide no mistake, unlike 0 and 1."""
    for array in layer.named_arrays().values():
        array[...] = rng.uniform(0.5, 1.5, size=array.shape)
    return layer


def dropout_in_torch(layer, X):
    """Return dropout with the very mask that ``layer`` will draw for X."""
    mask = torch.from_numpy(copy.deepcopy(layer)(np.ones_like(X)))
    return lambda leaf: leaf * mask


@each_layer
@each_mode
@pytest.mark.parametrize("dtype", PRECISION)
def test_three_batches_go_as_in_pytorch(build, training, dtype, rng):
    layer = randomise(build(rng, dtype), rng)
    layer.train(training)
    module = to_torch(Sequential([layer]))[0]
    for _ in range(3):
        X = (3 * rng.normal(size=(N, D)) + 1).astype(dtype)
        leaf = torch.tensor(X, requires_grad=True)
        if isinstance(layer, Dropout) and training:
            module = dropout_in_torch(layer, X)
        Y, their_Y = layer(X), module(leaf)
        dY = rng.normal(size=Y.shape).astype(dtype)
        their_Y.backward(torch.from_numpy(dY))
        dX = layer.backward(dY)

        assert Y.dtype == dX.dtype == dtype
        np.testing.assert_allclose(Y, their_Y.detach(), **PRECISION[dtype])
        np.testing.assert_allclose(dX, leaf.grad, **PRECISION[dtype])
        for key, name in layer.params.items():
            gradient = getattr(layer, f"d{name}")
            assert gradient.dtype == dtype
            theirs = getattr(module, key).grad.numpy()
            np.testing.assert_allclose(gradient, theirs.T, **PRECISION[dtype])
            getattr(module, key).grad = None  # PyTorch adds where backward here overwrites
        for name in layer.buffers:
            buffer = getattr(layer, name)
            assert buffer.dtype == dtype
            np.testing.assert_allclose(buffer, getattr(module, name), **PRECISION[dtype])


@each_layer
@each_mode
def test_gradients_match_central_differences(build, training, rng):
    layer = randomise(build(rng, np.float64), rng)
    layer.train(training)
    if isinstance(layer, Dropout) and training:
        layer = FrozenDropout(layer.p, rng=rng)
    report = check_layer(layer, rng.normal(size=(N, D)), rng=rng)
    assert report.passed, report
    assert report.error < 1e-7


class FrozenDropout(Dropout):
    """Draws the same mask in every pass."""

    def forward(self, X):
        self.rng = np.random.default_rng(1)
        return super().forward(X)


@each_layer
@each_mode
def test_nothing_changes_its_argument_and_outputs_are_fresh(build, training, rng):
    layer = build(rng, np.float32)
    layer.train(training)
    X = rng.normal(size=(N, D)).astype(np.float32)
    X.flags.writeable = False
    Y = layer(X)
    dY = rng.normal(size=Y.shape).astype(np.float32)
    dY.flags.writeable = False
    dX = layer.backward(dY)
    assert Y.flags.writeable
    assert dX.flags.writeable
    for a, b in ((X, Y), (X, dX), (dY, dX), (dY, Y)):
        assert not np.shares_memory(a, b)


@each_layer
@each_mode
def test_backward_again_gives_the_same_and_overwrites(build, training, rng):
    layer = build(rng, np.float64)
    layer.train(training)
    Y = layer(rng.normal(size=(N, D)))
    dY = rng.normal(size=Y.shape)
    results = []
    for _ in range(2):
        dX = layer.backward(dY)
        results.append([dX, *(getattr(layer, f"d{name}").copy() for name in layer.params.values())])
    for first, second in zip(*results, strict=True):
        np.testing.assert_array_equal(first, second)


@each_layer
@given(seed=st.integers(0, 1000), n=st.integers(0, N - 1))
def test_a_row_does_not_depend_on_the_others_out_of_training(build, seed, n):
    rng = np.random.default_rng(seed)
    layer = randomise(build(rng, np.float64), rng)
    layer.eval()
    X = rng.normal(size=(N, D))
    np.testing.assert_allclose(layer(X)[n], layer(X[n : n + 1])[0], rtol=1e-13, atol=1e-15)


def test_in_training_batch_norm_mixes_the_rows(rng):
    layer = BatchNorm1d(D, dtype=np.float64)
    X = rng.normal(size=(N, D))
    before = layer(X)[0]
    X[1] += 1
    assert (layer(X)[0] != before).all()


# Linear


@pytest.mark.parametrize("bias", [True, False])
def test_linear_skips_the_input_gradient_on_demand(bias, rng):
    layer = Linear(D, 4, rng=rng, bias=bias, dtype=np.float64)
    Y = layer(rng.normal(size=(N, D)))
    assert layer.backward(Y, input_gradient=False) is None
    without = layer.dW.copy()
    layer.backward(Y)
    np.testing.assert_array_equal(layer.dW, without)
    assert layer.n_params == D * 4 + 4 * bias


def test_linear_is_its_equation_on_one_sample_and_on_eight(rng):
    layer = randomise(Linear(784, 3, rng=rng, dtype=np.float64), rng)
    X = rng.random((8, 784))
    for batch in (X, X[:1]):
        expected = [[sum(x * layer.W[:, m]) + layer.b[m] for m in range(3)] for x in batch]
        np.testing.assert_allclose(layer(batch), expected, rtol=1e-12)


def test_linear_gradients_by_indices(rng):
    layer = Linear(D, 4, rng=rng, dtype=np.float64)
    X = rng.normal(size=(N, D))
    dY = rng.normal(size=layer(X).shape)
    dX = layer.backward(dY)
    np.testing.assert_allclose(layer.dW, np.einsum("nd,nm->dm", X, dY), rtol=1e-12)
    np.testing.assert_allclose(layer.db, np.einsum("nm->m", dY), rtol=1e-12)
    np.testing.assert_allclose(dX, np.einsum("nm,dm->nd", dY, layer.W), rtol=1e-12)


# Activations


def test_relu_takes_the_slope_0_at_the_kink():
    layer = ReLU()
    layer(np.array([[-1.0, 0.0, 1.0]]))
    np.testing.assert_array_equal(layer.backward(np.ones((1, 3))), [[0, 0, 1]])


@pytest.mark.parametrize("layer", [Sigmoid(), Tanh()])
def test_a_saturated_unit_passes_no_gradient(layer):
    layer(np.array([[-1e4, 1e4]]))
    np.testing.assert_array_equal(layer.backward(np.ones((1, 2))), 0)


# Dropout


def test_dropout_keeps_the_expectation_and_has_the_stated_variance(rng):
    """10⁶ draws: a standard error of 0.1 % for the mean, √2·0.1 % or so for the variance."""
    p, x = 0.3, 2.0
    Y = Dropout(p, rng=rng)(np.full((1000, 1000), x))
    assert Y.mean() == pytest.approx(x, rel=0.005)
    assert Y.var() == pytest.approx(p / (1 - p) * x**2, rel=0.01)
    assert set(np.unique(Y)) == {0, x / (1 - p)}


@pytest.mark.parametrize("dtype", PRECISION)
def test_dropout_sends_the_gradient_through_its_own_mask(dtype, rng):
    layer = Dropout(np.float64(0.5), rng=rng)
    X = np.ones((N, D), dtype)
    Y = layer(X)
    dX = layer.backward(X)
    np.testing.assert_array_equal(dX, Y)
    assert dX.dtype == Y.dtype == dtype
    assert (layer(X) != Y).any()  # another pass, another mask


def test_no_dropout_drops_nothing(rng):
    X = rng.normal(size=(N, D))
    np.testing.assert_array_equal(Dropout(0, rng=rng)(X), X)


# Batch normalisation


def test_batch_norm_standardises_each_feature(rng):
    layer = BatchNorm1d(D, eps=1e-12, dtype=np.float64)
    Y = layer(100 + 7 * rng.normal(size=(50, D)))
    np.testing.assert_allclose(Y.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(Y.var(axis=0), 1, rtol=1e-9)


def test_running_statistics_weight_the_new_value_and_store_the_unbiased_variance(rng):
    layer = BatchNorm1d(D, momentum=0.25, dtype=np.float64)
    keras = BatchNorm1d(D, momentum=0.25, unbiased=False, dtype=np.float64)
    X = rng.normal(size=(4, D))
    np.testing.assert_array_equal(layer(X), keras(X))  # the batch itself: biased in both
    np.testing.assert_allclose(layer.running_mean, 0.25 * X.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(layer.running_var, 0.75 + 0.25 * X.var(axis=0, ddof=1), rtol=1e-12)
    np.testing.assert_allclose(keras.running_var, 0.75 + 0.25 * X.var(axis=0), rtol=1e-12)


def test_evaluation_leaves_the_running_statistics_alone(rng):
    layer = BatchNorm1d(D, dtype=np.float64)
    layer.eval()
    layer(rng.normal(size=(N, D)))
    np.testing.assert_array_equal(layer.running_mean, 0)
    np.testing.assert_array_equal(layer.running_var, 1)


def test_backward_belongs_to_the_mode_of_its_forward(rng):
    """A validation pass between forward and backward must not change what backward means."""
    layer = BatchNorm1d(D, dtype=np.float64)
    X = rng.normal(size=(N, D))
    dY = rng.normal(size=layer(X).shape)
    expected = layer.backward(dY)
    layer(X)
    layer.eval()
    np.testing.assert_array_equal(layer.backward(dY), expected)


def test_no_gradient_leaves_a_batch_norm_along_its_mean(rng):
    """The output does not see a shift or a stretch of the batch, so Σ dz = 0 and Σ dz·x̂ ≈ 0."""
    layer = BatchNorm1d(D, eps=1e-12, dtype=np.float64)
    X = rng.normal(size=(N, D))
    dX = layer.backward(rng.normal(size=layer(X).shape))
    np.testing.assert_allclose(dX.sum(axis=0), 0, atol=1e-13)
    np.testing.assert_allclose((dX * (X - X.mean(axis=0))).sum(axis=0), 0, atol=1e-10)


def test_each_node_of_the_batch_norm_derivation(rng):
    """Node by node, as the chapter derives it, and the one-line form that the layer uses."""
    eps = 1e-5
    z = rng.normal(size=(N, 1))
    layer = randomise(BatchNorm1d(1, eps=eps, dtype=np.float64), rng)
    dy = rng.normal(size=layer(z).shape)
    mu, var = z.mean(), z.var()
    dx_hat = dy * layer.gamma
    dvar = np.sum(dx_hat * (z - mu)) * -0.5 * (var + eps) ** -1.5
    dmu = -np.sum(dx_hat) / np.sqrt(var + eps) + dvar * np.mean(-2 * (z - mu))
    dz = dx_hat / np.sqrt(var + eps) + dvar * 2 * (z - mu) / N + dmu / N
    np.testing.assert_allclose(layer.backward(dy), dz, rtol=1e-10, atol=1e-13)

    def output(mu, var):
        return np.sum(dy * (layer.gamma * (z - mu) / np.sqrt(var + eps) + layer.beta))

    slope = numerical_gradient(lambda v: output(mu, v[0]), np.array([var]))
    assert relative_error(np.array([dvar]), slope) < 1e-8
    through_var = numerical_gradient(
        lambda m: output(m[0], np.mean((z - m[0]) ** 2)), np.array([mu])
    )
    assert relative_error(np.array([dmu]), through_var) < 1e-8


@pytest.mark.parametrize("number", [float, np.float64])
def test_batch_norm_keeps_float32_whatever_its_numbers_are(number, rng):
    layer = BatchNorm1d(D, eps=number(1e-5), momentum=number(0.1))
    X = rng.normal(size=(N, D)).astype(np.float32)
    for mode in (True, False):
        layer.train(mode)
        assert layer(X).dtype == np.float32
        assert layer.backward(X).dtype == np.float32
    assert layer.running_mean.dtype == layer.running_var.dtype == np.float32


# The base class


def test_assigning_to_a_bound_array_writes_into_its_place(rng):
    """As a layer of your own does: ``self.dW = X.T @ dY``."""
    layer = Linear(2, 3, rng=rng)
    net = Sequential([layer])
    layer.W = np.ones((2, 3), np.float32)
    layer.dW = np.full((2, 3), 2, np.float32)
    layer.b += 5
    np.testing.assert_array_equal(net.theta, [1] * 6 + [5] * 3)
    np.testing.assert_array_equal(net.grad, [2] * 6 + [0] * 3)
    with pytest.raises(ValueError, match=r"Linear\.W: expected shape \(2, 3\), got \(3, 2\)"):
        layer.W = np.ones((3, 2), np.float32)
    with pytest.raises(TypeError, match=r"Linear\.W: expected float32, got float64; use astype"):
        layer.W = np.ones((2, 3))


@each_layer
@pytest.mark.parametrize("X", [np.ones((N, D), int), [[1.0] * D] * N], ids=["integers", "list"])
def test_only_arrays_of_floats_come_in(build, X, rng):
    with pytest.raises(TypeError, match=r"input X: expected .*float.*, got "):
        build(rng, np.float32)(X)


@pytest.mark.parametrize("build", [LAYERS["Linear"], LAYERS["BatchNorm1d"]])
def test_parameters_are_floats(build, rng):
    """Weights of about 0.1 would all become 0, without a word."""
    with pytest.raises(TypeError, match="expected an array of floating-point numbers, got int64"):
        build(rng, np.int64)


@pytest.mark.parametrize("build", [LAYERS["Linear"], LAYERS["Dropout"]])
def test_a_seed_is_no_generator(build):
    with pytest.raises(TypeError, match=r"rng: expected a numpy.random.Generator, got a int"):
        build(0, np.float32)


def test_a_layer_of_your_own_needs_forward_and_backward():
    for call in (Layer(), Layer().backward):
        with pytest.raises(NotImplementedError):
            call(np.zeros((1, 1)))


def test_layers_say_what_they_are(rng):
    assert [repr(build(rng, np.float32)) for build in LAYERS.values()] == [
        "Linear(5, 4)",
        "Linear(5, 4, bias=False)",
        "Sigmoid()",
        "Tanh()",
        "ReLU()",
        "BatchNorm1d(5)",
        "BatchNorm1d(5)",
        "Dropout(0.4)",
    ]
