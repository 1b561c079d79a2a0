"""Networks: one vector behind all layers, whatever is done to them; gradients; files; ensembles."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlcourse import init
from mlcourse.functional import softmax
from mlcourse.gradcheck import check_directions, check_network, numerical_gradient, relative_error
from mlcourse.layers import BatchNorm1d, Dropout, Linear, ReLU, Sigmoid, Tanh
from mlcourse.losses import binary_cross_entropy, cross_entropy, kl, mse
from mlcourse.network import Ensemble, Sequential, evaluation, mlp
from mlcourse.optim import Adam

F64 = np.float64


def small(rng, dtype=np.float32):
    """A network inside a network, with everything that a network can hold."""
    inner = Sequential([Linear(5, 4, rng=rng, dtype=dtype), BatchNorm1d(4, dtype=dtype), Tanh()])
    outer = [ReLU(), inner, Dropout(0.2, rng=rng), Linear(4, 3, rng=rng, bias=False, dtype=dtype)]
    return Sequential(outer)


def train(net, rng, n_steps=3):
    optimizer = Adam(net, lr=0.01)
    for _ in range(n_steps):
        X = rng.normal(size=(8, 5)).astype(net.theta.dtype)
        _, dZ = cross_entropy(net(X), rng.integers(0, 3, size=8))
        net.backward(dZ)
        optimizer.step()


def assert_views(net):
    """Fail unless θ and the gradient are all parameters and all gradients, in order."""
    for vector, prefix in ((net.theta, ""), (net.grad, "d")):
        arrays = [
            getattr(leaf, prefix + name) for leaf in net._leaves() for name in leaf.params.values()
        ]
        kept = vector.copy()
        vector[:] = np.arange(len(vector))
        np.testing.assert_array_equal(np.concatenate([a.ravel() for a in arrays]), vector)
        vector[:] = kept


def assert_equal_state(a, b):
    assert a.keys() == b.keys()
    for key, value in a.items():
        assert value.dtype == b[key].dtype
        np.testing.assert_array_equal(value, b[key])


@st.composite
def networks(draw):
    sizes = [5, *draw(st.lists(st.integers(1, 6), max_size=3)), 3]
    net = mlp(
        sizes,
        rng=np.random.default_rng(draw(st.integers(0, 99))),
        activation=draw(st.sampled_from(["relu", "sigmoid", "tanh"])),
        batch_norm=draw(st.booleans()),
        dropout=draw(st.sampled_from([0, 0.3])),
        dtype=draw(st.sampled_from([np.float32, F64])),
    )
    train(net, np.random.default_rng(0))
    return net


# The course's network


def test_parameters_of_the_course_network_counted_by_hand(rng):
    net = mlp([784, 256, 128, 10], rng=rng)
    by_hand = 784 * 256 + 256 + 256 * 128 + 128 + 128 * 10 + 10
    assert net.n_params == net.theta.size == by_hand == 235_146
    shapes = [a.shape for a in net.named_arrays().values()]
    assert shapes == [(784, 256), (256,), (256, 128), (128,), (128, 10), (10,)]
    Z = net(rng.random((8, 784), dtype=np.float32))
    assert (Z.shape, Z.dtype) == ((8, 10), np.float32)


def test_mlp_is_its_equation(rng):
    net = mlp([5, 4, 3], rng=rng, dtype=F64)
    first, _, last = net.layers
    X = rng.normal(size=(6, 5))
    expected = np.maximum(X @ first.W + first.b, 0) @ last.W + last.b
    np.testing.assert_allclose(net(X), expected, rtol=1e-12)


def test_mlp_puts_every_layer_in_its_place(rng):
    net = mlp([5, 4, 3, 2], rng=rng, activation="sigmoid", dropout=0.5, batch_norm=True)
    kinds = [Linear, BatchNorm1d, Sigmoid, Dropout]
    assert [type(layer) for layer in net.layers] == [*kinds, *kinds, Linear]
    assert [layer.p for layer in net.layers[3::4]] == [0.5, 0.5]
    # The bias in front of a BatchNorm would be redundant.
    assert ["bias" in layer.params for layer in net.layers[::4]] == [False, False, True]


@pytest.mark.parametrize(
    ("activation", "initializer"),
    [("relu", init.he_normal), ("tanh", init.xavier_normal), ("sigmoid", init.xavier_normal)],
)
def test_mlp_initialises_for_its_activation(activation, initializer):
    net = mlp([5, 4, 3], rng=np.random.default_rng(1), activation=activation)
    rng = np.random.default_rng(1)
    for layer, (D, M) in zip(net.layers[::2], [(5, 4), (4, 3)], strict=True):
        np.testing.assert_array_equal(layer.W, initializer(D, M, rng=rng))
        np.testing.assert_array_equal(layer.b, 0)


# Gradients of whole networks


@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh"])
@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("training", [True, False])
def test_gradients_of_networks_match_central_differences(activation, batch_norm, training, rng):
    net = mlp([6, 5, 4, 3], rng=rng, activation=activation, batch_norm=batch_norm, dtype=F64)
    net(rng.normal(size=(8, 6)))  # running statistics that differ from the batch's
    net.train(training)
    report = check_network(net, cross_entropy, rng.normal(size=(8, 6)), rng.integers(0, 3, size=8))
    assert report.passed, report
    assert {"0.weight", "X"} <= report.errors.keys()


@pytest.mark.parametrize(
    ("loss", "target"),
    [
        (mse, lambda rng: rng.normal(size=(8, 3))),
        (kl, lambda rng: rng.dirichlet(np.ones(3), size=8)),
        (binary_cross_entropy, lambda rng: rng.random((8, 3))),
    ],
)
def test_gradients_through_every_loss_match_central_differences(loss, target, rng):
    net = mlp([6, 5, 3], rng=rng, activation="tanh", dtype=F64)
    report = check_network(net, loss, rng.normal(size=(8, 6)), target(rng))
    assert report.passed, report


class FrozenDropout(Dropout):
    """Draws the same mask in every pass."""

    def forward(self, X):
        self.rng = np.random.default_rng(1)
        return super().forward(X)


def test_gradients_through_a_frozen_dropout_mask_match_central_differences(rng):
    layers = [Linear(6, 8, rng=rng, dtype=F64), BatchNorm1d(8, dtype=F64), Sigmoid()]
    net = Sequential([*layers, FrozenDropout(0.5, rng=rng), Linear(8, 3, rng=rng, dtype=F64)])
    report = check_network(net, cross_entropy, rng.normal(size=(8, 6)), rng.integers(0, 3, size=8))
    assert report.passed, report


def test_gradient_of_the_course_network_matches_along_random_directions(rng):
    net = mlp([784, 256, 128, 10], rng=rng, dtype=F64)
    X, y = rng.normal(size=(8, 784)), rng.integers(0, 10, size=8)
    report = check_directions(net, cross_entropy, X, y, rng=rng)
    assert report.passed, report


class Spy(Linear):
    """Counts its backward passes and the input gradients that it is asked for."""

    passes = input_gradients = 0

    def backward(self, dY, input_gradient=True):
        self.passes += 1
        self.input_gradients += input_gradient
        return super().backward(dY, input_gradient)


def test_the_first_input_gradient_is_computed_only_on_demand(rng):
    """Also when layers without parameters come first, and when the first layer is a network."""
    first, second = Spy(5, 4, rng=rng, dtype=F64), Spy(4, 3, rng=rng, dtype=F64)
    net = Sequential([Tanh(), Sequential([ReLU(), first, Tanh()]), second])
    X = rng.normal(size=(6, 5))
    dZ = rng.normal(size=net(X).shape)
    assert net.backward(dZ) is None
    assert (first.passes, first.input_gradients) == (1, 0)
    assert (second.passes, second.input_gradients) == (1, 1)
    grad = net.grad.copy()

    dX = net.backward(dZ, input_gradient=True)
    assert first.input_gradients == 1
    np.testing.assert_array_equal(net.grad, grad)  # overwritten, not added to
    slope = numerical_gradient(lambda X: np.sum(dZ * net(X)), X)
    assert relative_error(dX, slope) < 1e-9


def test_a_network_without_parameters(rng):
    net = Sequential([Tanh(), ReLU()])
    X = rng.normal(size=(3, 2))
    Y = net(X)
    assert net.theta.size == net.n_params == net.weight_mask().size == 0
    assert net.backward(Y) is None
    assert net.backward(Y, input_gradient=True).shape == X.shape


# One vector behind all layers


def pickled(net):
    return pickle.loads(pickle.dumps(net))


@pytest.mark.parametrize("duplicate", [lambda net: net, copy.deepcopy, pickled, copy.copy])
def test_layers_are_views_of_the_vectors(duplicate, rng):
    net = small(rng)
    train(net, rng)
    state = net.state_dict()
    again = duplicate(net)
    assert_equal_state(again.state_dict(), state)
    assert_views(again)
    assert_views(net)
    assert_views(again.layers[1])


@given(net=networks(), duplicate=st.sampled_from([copy.deepcopy, pickled]))
def test_a_copy_learns_the_same_on_its_own(net, duplicate):
    again = duplicate(net)
    before = net.state_dict()
    train(again, np.random.default_rng(1))
    assert_equal_state(net.state_dict(), before)
    train(net, np.random.default_rng(1))
    assert_equal_state(net.state_dict(), again.state_dict())


def test_a_copy_of_a_part_is_free_and_remembers_no_batch(rng):
    net = small(rng)
    train(net, rng)
    for part in (copy.deepcopy(net.layers[1]), pickled(net.layers[3])):
        with pytest.raises(RuntimeError, match="call forward before backward"):
            part.backward(np.zeros((1, 3), np.float32))
        assert_views(Sequential([part]))
    assert_views(net)


def test_nesting_changes_no_value_and_moves_the_vectors(rng):
    inner = mlp([5, 4], rng=rng, dtype=F64)
    last = Linear(4, 3, rng=rng, dtype=F64)
    X = rng.normal(size=(6, 5))
    expected = last(inner(X))
    outer = Sequential([inner, last])
    np.testing.assert_array_equal(outer(X), expected)
    assert outer.n_params == inner.n_params + last.n_params
    assert_views(outer)
    assert_views(inner)
    assert list(outer.named_arrays()) == ["0.0.weight", "0.0.bias", "1.weight", "1.bias"]


def test_assigning_a_vector_writes_into_it(rng):
    net = small(rng)
    start = net.theta
    net.theta = np.zeros_like(start)
    net.theta += 1
    net.grad = np.full_like(start, 2)
    assert net.theta is start
    np.testing.assert_array_equal(net.layers[1].layers[0].W, 1)
    np.testing.assert_array_equal(net.layers[3].dW, 2)
    with pytest.raises(TypeError, match=r"Sequential\.theta: expected float32, got float64"):
        net.theta = np.zeros(len(start))


def test_layers_belong_to_one_network_only(rng):
    layer = Linear(2, 2, rng=rng)
    with pytest.raises(ValueError, match=r"Linear\(2, 2\) already belongs to a network"):
        Sequential([layer, layer])
    with pytest.raises(TypeError, match=r"parameter 1\.weight: expected float32, got float64"):
        Sequential([layer, Linear(2, 2, rng=rng, dtype=F64)])
    net = Sequential([layer])  # what failed has left no trace
    with pytest.raises(ValueError, match=r"use copy\.deepcopy\(layer\) to have the same values"):
        Sequential([layer])
    Sequential([copy.deepcopy(layer), ReLU()])
    Sequential([net])
    with pytest.raises(ValueError, match=r"Sequential\(\[Linear\(2, 2\)\]\) already belongs"):
        Sequential([net])


@pytest.mark.parametrize("what", [ReLU, np.tanh])
def test_only_layers_make_a_network(what):
    with pytest.raises(TypeError, match=r"expected layers, such as ReLU\(\), got"):
        Sequential([what])


def test_weight_mask_leaves_out_biases_and_batch_norm(rng):
    net = small(rng)
    net.theta[:] = net.weight_mask()
    for leaf in net._leaves():
        for name in leaf.params.values():
            np.testing.assert_array_equal(getattr(leaf, name), name == "W")


@given(net=networks(), n=st.integers(0, 7))
def test_a_row_does_not_depend_on_the_others_out_of_training(net, n):
    X = np.random.default_rng(0).normal(size=(8, 5)).astype(net.theta.dtype)
    net.eval()
    rtol = 1e-12 if net.theta.dtype == F64 else 1e-4
    np.testing.assert_allclose(net(X)[n], net(X[n : n + 1])[0], rtol=rtol, atol=rtol / 100)


# Modes


def test_modes_reach_every_layer(rng):
    net = small(rng)
    for mode in (False, True):
        net.train(mode)
        assert {layer.training for layer in [net, *net.layers, *net._leaves()]} == {mode}
    net.eval()
    assert not any(leaf.training for leaf in net._leaves())


def test_evaluation_gives_each_layer_its_mode_back(rng):
    """Dropout that goes on dropping, or a BatchNorm that is frozen, stays so."""
    net = small(rng)
    net.eval()
    net.layers[2].train()
    for error in (None, KeyboardInterrupt):
        try:
            with evaluation(net):
                assert not net.layers[2].training
                if error:
                    raise error
        except KeyboardInterrupt:
            pass
        modes = [leaf.training for leaf in net._leaves()]
        assert modes == [False, False, False, False, True, False]
        assert not net.training
        assert not net.layers[1].training


# State and files


@given(net=networks())
def test_state_goes_round(net, tmp_path_factory):
    path = tmp_path_factory.mktemp("net") / "weights"
    state = net.state_dict()
    net.save(path)
    loaded = copy.deepcopy(net)
    loaded.theta[:] = 0
    loaded.load(path)
    assert_equal_state(loaded.state_dict(), state)
    assert_views(loaded)
    net.theta[:] = 0  # the state holds copies
    net.load_state_dict(state)
    assert_equal_state(net.state_dict(), state)
    assert [p.name for p in path.parent.iterdir()] == ["weights"]


@pytest.mark.parametrize(
    ("other", "error", "message"),
    [
        (lambda rng: mlp([5, 3], rng=rng), ValueError, r"expected 0\.weight, .*, got 0\.weight, "),
        (lambda rng: mlp([5, 7, 3], rng=rng), ValueError, r"0\.weight: expected shape \(5, 4\)"),
        (lambda rng: mlp([5, 4, 3], rng=rng, dtype=F64), TypeError, "expected float32, got float"),
    ],
)
def test_a_foreign_state_is_refused_and_nothing_changes(other, error, message, rng, tmp_path):
    net = mlp([5, 4, 3], rng=rng)
    before = net.state_dict()
    other(rng).save(tmp_path / "other")
    with pytest.raises(error, match=f"state.*{message}"):
        net.load(tmp_path / "other")
    assert_equal_state(net.state_dict(), before)


def test_a_damaged_file_is_refused_or_holds_what_was_saved(rng, tmp_path):
    """Cut off, or with a byte changed (some bytes of the format mean nothing)."""
    net = small(rng)
    path = tmp_path / "weights.npz"
    net.save(path)
    whole, before = path.read_bytes(), net.state_dict()
    places = range(0, len(whole), 7)
    damaged = [whole[:n] for n in places]
    damaged += [whole[:n] + bytes([whole[n] ^ 0xFF]) + whole[n + 1 :] for n in places]
    refused = 0
    for content in damaged:
        path.write_bytes(content)
        try:
            net.load(path)
        except ValueError as error:
            assert str(path) in str(error) or "state" in str(error)  # noqa: PT017
            refused += 1
        assert_equal_state(net.state_dict(), before)
    assert refused > len(damaged) / 2


@pytest.mark.parametrize("write", [lambda f: np.save(f, np.ones(3)), lambda f: f.write(b"theta")])
def test_a_file_of_another_kind_is_refused(write, rng, tmp_path):
    with (tmp_path / "file").open("wb") as file:
        write(file)
    with pytest.raises(ValueError, match="file: expected an intact file written by Sequential"):
        small(rng).load(tmp_path / "file")


def test_a_missing_file_is_called_missing(rng, tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing"):
        small(rng).load(tmp_path / "nothing")


def test_a_save_that_fails_leaves_the_old_file(rng, tmp_path):
    """The system itself refuses to write more than 10 kB, as a full disk would."""
    resource = pytest.importorskip("resource", reason="needs POSIX")
    net = mlp([100, 100], rng=rng)
    path = tmp_path / "weights.npz"
    path.write_bytes(b"the old one")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            net.save(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == b"the old one"
    assert list(tmp_path.iterdir()) == [path]


# Ensembles


def test_an_ensemble_averages_probabilities(rng):
    nets = [mlp([5, 6, 3], rng=rng, batch_norm=True, dropout=0.5, dtype=F64) for _ in range(3)]
    for net in nets:
        train(net, rng)
    X = rng.normal(size=(4, 5))
    log_P = Ensemble(nets)(X)
    assert all(net.training for net in nets)
    for net in nets:
        net.eval()
    P = np.mean([softmax(net(X)) for net in nets], axis=0)
    np.testing.assert_allclose(softmax(log_P), P, rtol=1e-12)
    np.testing.assert_allclose(np.exp(log_P).sum(axis=1), 1, rtol=1e-14)


def test_an_ensemble_of_one_is_that_network_and_keeps_its_dtype(rng):
    net = mlp([5, 3], rng=rng)
    X = rng.normal(size=(4, 5)).astype(np.float32)
    Z = Ensemble([net])(X)
    assert Z.dtype == np.float32
    np.testing.assert_allclose(softmax(Z), softmax(net(X)), rtol=1e-5)


def test_the_mean_loss_of_an_ensemble_is_at_most_the_mean_of_the_losses(rng):
    nets = [mlp([5, 8, 3], rng=rng, init=init.normal(1.0), dtype=F64) for _ in range(5)]
    X, y = rng.normal(size=(50, 5)), rng.integers(0, 3, size=50)
    together = cross_entropy(Ensemble(nets)(X), y)[0]
    assert together < np.mean([cross_entropy(net(X), y)[0] for net in nets])
