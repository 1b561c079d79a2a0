"""The optimizers against PyTorch's, and what they owe their users: memory, dtype, state."""

import copy
import inspect
import tracemalloc

import numpy as np
import pytest
import torch

from mlcourse import optim
from mlcourse.interop import from_torch, to_torch
from mlcourse.losses import cross_entropy
from mlcourse.network import mlp
from mlcourse.optim import Parameters, variants

CASES = {
    "gradient descent": ("SGD", {"lr": 0.1}),
    "momentum": ("SGD", {"lr": 0.1, "momentum": 0.9}),
    "Nesterov": ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    "SGD, weight decay": ("SGD", {"lr": 0.1, "momentum": 0.5, "weight_decay": 0.1}),
    "Rprop": ("Rprop", {"lr": 0.01}),
    "Rprop, narrow": ("Rprop", {"lr": 0.01, "etas": (0.3, 1.5), "step_sizes": (0.005, 0.02)}),
    "Adagrad": ("Adagrad", {"lr": 0.05}),
    "Adagrad, weight decay": ("Adagrad", {"lr": 0.05, "weight_decay": 0.1}),
    "RMSprop": ("RMSprop", {"lr": 0.01}),
    "RMSprop, weight decay": ("RMSprop", {"lr": 0.01, "alpha": 0.9, "weight_decay": 0.1}),
    "Adam": ("Adam", {"lr": 0.01}),
    "Adam, other betas": ("Adam", {"lr": 0.01, "betas": (0.5, 0.9), "eps": 1e-3}),
    "Adam, L2": ("Adam", {"lr": 0.01, "weight_decay": 0.1}),
    "AdamW": ("AdamW", {"lr": 0.01, "weight_decay": 0.5}),
}
METHODS = [getattr(optim, name) for name in ("SGD", "Rprop", "Adagrad", "RMSprop", "Adam", "AdamW")]
ALL = {
    **{name: (getattr(optim, method), kwargs) for name, (method, kwargs) in CASES.items()},
    **{name: (getattr(variants, name), {"lr": 0.01}) for name in variants.__all__},
}
each_method = pytest.mark.parametrize(("method", "kwargs"), ALL.values(), ids=ALL)


def optimizer_on(theta, method, kwargs):
    return method(Parameters(theta), **kwargs)


def steps(optimizer, gradients):
    for g in gradients:
        optimizer.model.grad[:] = g
        optimizer.step()
    return optimizer.model.theta.copy()


def train_both(name, kwargs, n_steps=20):
    """Train one network here and in PyTorch on the same batches; return both parameter vectors."""
    rng = np.random.default_rng(0)
    net = mlp([20, 16, 12, 5], rng=rng, dtype=np.float64)
    module = to_torch(net)
    ours = getattr(optim, name)(net, **kwargs)
    theirs = getattr(torch.optim, name)(module.parameters(), **kwargs)
    for t in range(n_steps):
        if t == n_steps // 2:  # both rates are looked up in every step
            ours.lr = theirs.param_groups[0]["lr"] = kwargs["lr"] / 3
        X, y = rng.normal(size=(32, 20)), rng.integers(0, 5, size=32)
        _, dZ = cross_entropy(net(X), y)
        net.backward(dZ)
        ours.step()
        theirs.zero_grad()
        torch.nn.functional.cross_entropy(
            module(torch.from_numpy(X)), torch.from_numpy(y)
        ).backward()
        theirs.step()
    return net.theta, from_torch(module, rng=rng).theta


@pytest.mark.parametrize(("name", "kwargs"), CASES.values(), ids=CASES)
def test_twenty_steps_are_those_of_pytorch(name, kwargs):
    ours, theirs = train_both(name, kwargs)
    # atol is for parameters that pass through zero; they are of the order of 0.1.
    np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_defaults_are_those_of_pytorch(method):
    theirs = inspect.signature(getattr(torch.optim, method.__name__)).parameters
    for name, parameter in inspect.signature(method).parameters.items():
        if name != "model":
            assert parameter.default == theirs[name].default, name


def test_without_gradient_decoupled_decay_shrinks_and_l2_moves_by_the_rate():
    """∂E/∂θ = 0: AdamW takes the share ηλ; Adam divides λθ by its own size and moves by η."""
    theta = np.array([1.0, -100.0])
    assert steps(optim.AdamW(Parameters(theta), lr=0.1, weight_decay=0.5), [0]) == pytest.approx(
        0.95 * theta
    )
    assert steps(optim.Adam(Parameters(theta), lr=0.1, weight_decay=0.5), [0]) == pytest.approx(
        theta - 0.1 * np.sign(theta)
    )


def test_momentum_tends_to_the_effective_rate():
    optimizer = optim.SGD(Parameters(np.zeros(1)), lr=0.1, momentum=0.9)
    before = steps(optimizer, [1.0] * 300)
    assert steps(optimizer, [1.0]) - before == pytest.approx(-0.1 / (1 - 0.9))


def test_rprop_ignores_the_size_of_the_gradient(rng):
    gradients = rng.normal(size=(10, 4))
    kwargs = {"lr": 0.01}
    small, large = (
        steps(optimizer_on(np.ones(4), optim.Rprop, kwargs), scale * gradients)
        for scale in (1e-6, 1e6)
    )
    np.testing.assert_array_equal(small, large)


# What every method owes its users


@each_method
def test_a_step_allocates_no_vector(method, kwargs):
    """NumPy reports to tracemalloc: the peak within a step stays far below the size of θ."""
    optimizer = optimizer_on(np.ones(500_000, np.float32), method, kwargs)
    optimizer.model.grad[:] = 0.5
    optimizer.step()
    tracemalloc.start()
    try:
        optimizer.step()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < optimizer.model.theta.nbytes / 100


@each_method
def test_float32_stays_float32_whatever_the_numbers_are(method, kwargs, rng):
    """np.float64 hyperparameters, as np.linspace gives them, change not a bit."""

    def as_numpy(value):
        return tuple(map(np.float64, value)) if isinstance(value, tuple) else np.float64(value)

    gradients = rng.normal(size=(5, 30)).astype(np.float32)
    results = []
    for convert in (lambda value: value, as_numpy):
        converted = {k: v if k == "nesterov" else convert(v) for k, v in kwargs.items()}
        optimizer = optimizer_on(np.ones(30, np.float32), method, converted)
        for t, g in enumerate(gradients):
            optimizer.lr = convert(0.01 / (1 + t))
            steps(optimizer, [g])
        for array in (optimizer.model.theta, *optimizer.state.values()):
            assert array.dtype == np.float32
        results.append(optimizer.model.theta)
    np.testing.assert_array_equal(*results)


@each_method
def test_the_gradient_is_left_as_it_is(method, kwargs, rng):
    optimizer = optimizer_on(rng.normal(size=6), method, kwargs)
    for g in rng.normal(size=(3, 6)):
        optimizer.model.grad[:] = g
        optimizer.step()
        np.testing.assert_array_equal(optimizer.model.grad, g)


@each_method
def test_state_dict_takes_the_method_up_where_it_stopped(method, kwargs, rng):
    first, last = rng.normal(size=(2, 5, 6))
    optimizer = optimizer_on(np.ones(6), method, kwargs)
    steps(optimizer, first)
    optimizer.lr = 0.02
    state = optimizer.state_dict()

    resumed = optimizer_on(optimizer.model.theta, method, kwargs)
    expected = steps(optimizer, last)  # the state holds copies: this does not reach it
    resumed.load_state_dict(state)
    np.testing.assert_array_equal(steps(resumed, last), expected)
    assert (resumed.t, resumed.lr) == (10, 0.02)


@each_method
def test_a_copy_of_net_and_optimizer_goes_its_own_way(method, kwargs, rng):
    net = mlp([4, 3, 2], rng=rng)
    optimizer = method(net, **kwargs)
    net.grad[:] = 1
    optimizer.step()
    net2, optimizer2 = copy.deepcopy((net, optimizer))
    assert optimizer2.model is net2
    before = net2.theta.copy()
    optimizer.step()
    np.testing.assert_array_equal(net2.theta, before)
    net2.grad[:] = 1
    optimizer2.step()
    np.testing.assert_array_equal(net2.theta, net.theta)


def test_a_foreign_state_is_refused_and_nothing_changes():
    adam = optim.Adam(Parameters(np.zeros(3)), lr=0.1)
    steps(adam, [np.ones(3)])
    before = adam.state_dict()
    good = adam.state_dict()
    for state, error, message in (
        (optim.SGD(Parameters(np.zeros(3))).state_dict(), ValueError, "expected lr, s, t, v, got"),
        ({**good, "v": np.zeros(4)}, ValueError, r"state v: expected shape \(3,\), got \(4,\)"),
        ({**good, "s": np.zeros(3, np.float32)}, TypeError, "state s: expected float64, got float"),
    ):
        with pytest.raises(error, match=message):
            adam.load_state_dict(state)
        for key, value in adam.state_dict().items():
            np.testing.assert_array_equal(value, before[key])


def test_an_optimizer_follows_its_network_into_another(rng):
    """The outer network gives the inner one new vectors; the optimizer looks them up anew."""
    from mlcourse.network import Sequential

    inner = mlp([3, 2], rng=rng)
    optimizer = optim.SGD(inner, lr=1.0)
    outer = Sequential([inner])
    outer.grad[:] = 1
    before = outer.theta.copy()
    optimizer.step()
    np.testing.assert_array_equal(outer.theta, before - 1)


def test_parameters_are_a_copy_of_one_floating_vector():
    start = np.array([1.0, 2.0])
    point = Parameters(start)
    point.theta[:] = 0
    np.testing.assert_array_equal(start, [1, 2])
    with pytest.raises(ValueError, match=r"theta: expected shape \(P,\), got \(1, 2\)"):
        Parameters(np.array([[1.0, 2.0]]))
    with pytest.raises(TypeError, match="theta: expected floating-point numbers, got int64"):
        Parameters(np.array([1, 2]))


@each_method
def test_hyperparameters_after_the_rate_are_passed_by_name(method, kwargs):
    """PyTorch has them in another order: a copied line would mean something else here."""
    with pytest.raises(TypeError, match="positional arguments"):
        method(Parameters(np.zeros(1)), 0.1, 0.9)


def test_an_optimizer_needs_a_model(rng):
    """The habit from PyTorch is to pass the parameters."""
    with pytest.raises(TypeError, match="Adam model: expected an object with theta and grad, such"):
        optim.Adam(mlp([2, 2], rng=rng).theta)


def test_the_base_class_has_no_method_of_its_own():
    with pytest.raises(NotImplementedError):
        optim.Optimizer(Parameters(np.zeros(1)), lr=0.1).step()


@pytest.mark.parametrize("name", ["SGD", "Adagrad", "RMSprop", "Adam", "AdamW"])
def test_weight_decay_may_be_changed_between_steps(name, rng):
    method = getattr(optim, name)
    changed, fixed = (Parameters(theta) for theta in np.tile(rng.normal(size=5), (2, 1)))
    late = method(changed, lr=0.1, weight_decay=0.0)
    late.weight_decay = 0.5
    for point, optimizer in ((changed, late), (fixed, method(fixed, lr=0.1, weight_decay=0.5))):
        point.grad[:] = 1.0
        optimizer.step()
    np.testing.assert_array_equal(changed.theta, fixed.theta)
