"""Tensor against PyTorch's autograd, and what its docstrings promise."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mlcourse.autograd import Tensor
from mlcourse.losses import cross_entropy

RTOL = 1e-12  # float64, measured against the largest entry; a few hundred roundings at most


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def assert_close(ours, theirs, rtol=RTOL):
    theirs = np.asarray(theirs)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=rtol * np.abs(theirs).max(initial=0))


def assert_same_as_torch(f, *arrays, rng):
    """f(*arrays) and its gradients, for a random gradient of the result, equal PyTorch's."""
    ours = [Tensor(a) for a in arrays]
    theirs = [torch.tensor(a, requires_grad=True) for a in arrays]
    result, expected = f(*ours), f(*theirs)
    assert_close(result.data, expected.detach())
    gradient = rng.normal(size=result.shape)
    result.backward(gradient)
    expected.backward(torch.tensor(gradient))
    for a, b in zip(ours, theirs, strict=True):
        assert_close(a.grad, b.grad)


# Tensor and torch.Tensor spell these alike, so one function serves both.
UNARY = {
    "neg": lambda x: -x,
    "exp": lambda x: x.exp(),
    "tanh": lambda x: x.tanh(),
    "relu": lambda x: x.relu(),
    "log": lambda x: (x * x + 0.1).log(),
    "square": lambda x: x**2,
    "cube": lambda x: x**3,
    "power 0": lambda x: x**0,
    "power -2": lambda x: x**-2,
    "root": lambda x: (x * x + 0.1) ** 0.5,
    "constant base": lambda x: 2**x,
    "constants right": lambda x: (x + 2 - 0.5) * 3 / 4,
    "constants left": lambda x: 1 / (2 - 3 * (4 + x * x)),
    "sum": lambda x: x.sum(),
    "sum axis 0": lambda x: x.sum(axis=0),
    "sum axis -1": lambda x: x.sum(axis=-1),
    "sum axis 1 keepdims": lambda x: x.sum(axis=1, keepdims=True),
    "sum of two axes": lambda x: x.sum(axis=(0, -1)),
    "mean": lambda x: x.mean(),
    "mean axis 0": lambda x: x.mean(axis=0),
    "mean axis 1 keepdims": lambda x: x.mean(axis=1, keepdims=True),
    "reshape": lambda x: x.reshape(3, 4),
    "reshape with -1": lambda x: x.reshape(2, -1),
    "transpose": lambda x: x.T,
    "row": lambda x: x[1],
    "slice": lambda x: x[1:, ::2],
    "new axis": lambda x: x[:, None],
    "mask": lambda x: x[np.eye(4, 3, dtype=bool)],
    "repeated rows": lambda x: x[[0, 2, 0, 0]],
    "one entry a row": lambda x: x[np.arange(4), np.array([2, 0, 0, 1])],
    "repeated entries": lambda x: x[np.array([1, 1, 3]), np.array([2, 2, 0])],
}


@pytest.mark.parametrize("name", UNARY)
def test_operation_of_one_operand_matches_torch(name, rng):
    assert_same_as_torch(UNARY[name], rng.normal(size=(4, 3)), rng=rng)


BINARY = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / y,
    "power": lambda x, y: (x * x + 0.1) ** y,
}
SHAPES = [
    ((4, 3), (4, 3)),
    ((4, 3), (3,)),
    ((1, 3), (4, 1)),
    ((), (4, 3)),
    ((4, 3), (1, 1)),
    ((2, 1, 3), (4, 1)),
    ((0, 3), (3,)),
]


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@pytest.mark.parametrize("name", BINARY)
def test_operation_of_two_operands_matches_torch_and_undoes_broadcasting(name, shapes, rng):
    arrays = [rng.normal(size=shape) for shape in shapes]
    assert_same_as_torch(BINARY[name], *arrays, rng=rng)
    assert_same_as_torch(BINARY[name], *reversed(arrays), rng=rng)


def test_matmul_matches_torch(rng):
    assert_same_as_torch(
        lambda a, b: a @ b, rng.normal(size=(4, 3)), rng.normal(size=(3, 2)), rng=rng
    )


@pytest.mark.parametrize("operator", ["+", "-", "*", "/", "**", "@"])
def test_a_plain_array_may_stand_on_either_side(operator, rng):
    constant, x = rng.uniform(0.5, 2, size=(2, 3, 3))
    for expression in (f"x {operator} c", f"c {operator} x"):
        tensor = Tensor(x)
        leaf = torch.tensor(x, requires_grad=True)
        ours = eval(expression, {"x": tensor, "c": constant})
        theirs = eval(expression, {"x": leaf, "c": torch.tensor(constant)})
        assert isinstance(ours, Tensor)
        assert [operand for operand, _ in ours.edges] == [tensor]
        ours.sum().backward()
        theirs.sum().backward()
        assert_close(ours.data, theirs.detach())
        assert_close(tensor.grad, leaf.grad)


def test_relu_and_powers_at_zero_choose_as_torch_does(rng):
    x = np.array([-1.0, 0.0, 2.0])
    for f in (lambda t: t.relu(), lambda t: t**0, lambda t: t**1, lambda t: t**2):
        assert_same_as_torch(f, x, rng=rng)


# Random expressions: a program of operations on earlier results, so that values fork freely.
# A product is tamed by tanh, so that no value overflows.
STEPS = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x.tanh() * y,
    "divide": lambda x, y: x / (y * y + 1),
    "exp": lambda x, _: x.tanh().exp(),
    "log": lambda x, _: (x * x + 1).log(),
    "relu": lambda x, _: x.relu(),
    "sum": lambda x, _: x.sum(axis=-1, keepdims=True) if len(x.shape) else x,
    "mean": lambda x, _: x.mean(),
    "constant": lambda x, _: 0.5 - 2 * x,
    "column": lambda x, _: x[..., :1] if len(x.shape) else x,
    "flatten and back": lambda x, _: x.reshape(-1).reshape(x.shape),
}


@given(
    shapes=hnp.mutually_broadcastable_shapes(num_shapes=3, max_dims=3, max_side=3),
    program=st.lists(
        st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 99), st.integers(0, 99)),
        min_size=1,
        max_size=12,
    ),
    seed=st.integers(0, 2**32 - 1),
)
def test_random_expressions_match_torch(shapes, program, seed):
    rng = np.random.default_rng(seed)
    arrays = [rng.normal(size=shape) for shape in shapes.input_shapes]
    ours = [Tensor(a) for a in arrays]
    theirs = [torch.tensor(a, requires_grad=True) for a in arrays]
    for values in (ours, theirs):
        for name, i, j in program:
            values.append(STEPS[name](values[i % len(values)], values[j % len(values)]))
        values[-1].sum().backward()
    # An absolute tolerance: where terms of the order of 1 cancel, only their rounding is left.
    np.testing.assert_allclose(ours[-1].data, theirs[-1].detach(), rtol=1e-9, atol=1e-9)
    for a, b in zip(ours[:3], theirs[:3], strict=True):
        assert (a.grad is None) == (b.grad is None)
        if a.grad is not None:
            np.testing.assert_allclose(a.grad, b.grad, rtol=1e-9, atol=1e-9)


@given(st.lists(st.sampled_from(sorted(STEPS)), min_size=1, max_size=8), st.integers(0, 2**32 - 1))
def test_float32_stays_float32(names, seed):
    x = Tensor(np.random.default_rng(seed).normal(size=(2, 3)).astype(np.float32))
    y = x
    for name in names:
        y = STEPS[name](y, x)
        assert y.data.dtype == np.float32
    y.sum().backward()
    assert x.grad.dtype == np.float32


def test_textbook_sigmoid_of_an_affine_map():
    """CS231n, "Optimization: stepping stones": one set of numbers, every gradient by hand."""
    w0, x0, w1, x1, w2 = (Tensor(v) for v in (2.0, -1.0, -3.0, -2.0, -3.0))
    y = 1 / (1 + (-(w0 * x0 + w1 * x1 + w2)).exp())
    y.backward()
    s = 1 / (1 + np.exp(-1.0))
    assert_close(y.data, s)
    slope = s * (1 - s)
    for tensor, factor in ((w0, -1), (x0, 2), (w1, -2), (x1, -3), (w2, 1)):
        assert_close(tensor.grad, factor * slope)


def test_survey_example_and_an_operation_of_ones_own():
    """Baydin et al. (2018), table 3: y = ln x₁ + x₁x₂ − sin x₂ at (2, 5)."""
    x1, x2 = Tensor(2.0), Tensor(5.0)
    sine = Tensor(np.sin(x2.data), "sin", [(x2, lambda g: g * np.cos(x2.data))])
    y = x1.log() + x1 * x2 - sine
    y.backward()
    assert y.data.round(3) == 11.652
    assert x1.grad.round(3) == 5.5
    assert x2.grad.round(3) == 1.716


def mlp_loss(X, y, W1, b1, gamma, beta, W2, b2):
    """784-…-10 in small: affine, BatchNorm, tanh, affine, softmax cross-entropy."""
    Z = X @ W1 + b1
    centred = Z - Z.mean(axis=0)
    normalised = centred / ((centred**2).mean(axis=0) + 1e-5) ** 0.5
    A = (gamma * normalised + beta).tanh()
    logits = A @ W2 + b2
    log_p = logits - logits.exp().sum(axis=1, keepdims=True).log()
    return -log_p[np.arange(len(y)), y].mean()


def test_two_layer_mlp_with_batchnorm_and_cross_entropy_matches_torch(rng):
    X, y = rng.normal(size=(8, 5)), rng.integers(0, 3, size=8)
    shapes = [(5, 6), (6,), (6,), (6,), (6, 3), (3,)]
    arrays = [rng.normal(size=shape) for shape in shapes]
    ours = [Tensor(a) for a in arrays]
    theirs = [torch.tensor(a, requires_grad=True) for a in arrays]
    E = mlp_loss(X, y, *ours)
    expected = mlp_loss(torch.tensor(X), y, *theirs)
    E.backward()
    expected.backward()
    assert_close(E.data, expected.detach())
    for name, a, b in zip(["W1", "b1", "gamma", "beta", "W2", "b2"], ours, theirs, strict=True):
        if name == "b1":  # BatchNorm subtracts it again: its gradient is 0 up to rounding
            assert np.abs(a.grad).max() < 1e-15
        else:
            assert_close(a.grad, b.grad)


def test_softmax_cross_entropy_has_the_gradient_of_the_loss(rng):
    Z, y = rng.normal(scale=100, size=(6, 4)), rng.integers(0, 4, size=6)
    logits = Tensor(Z)
    shifted = logits - Z.max(axis=1, keepdims=True)  # a constant: softmax ignores it
    log_p = shifted - shifted.exp().sum(axis=1, keepdims=True).log()
    E = -log_p[np.arange(6), y].mean()
    E.backward()
    expected, dZ = cross_entropy(Z, y)
    assert_close(E.data, expected)
    assert_close(logits.grad, dZ)


def test_chain_of_5000_operations():
    x = Tensor(1.0)
    y = x
    for _ in range(5000):
        y = y + 0.001 * x
    y.backward()
    assert x.grad == pytest.approx(6.0)


def test_fork_in_every_step_costs_one_visit_each():
    """Each y uses the last one twice: 2⁶⁰ paths, and a traversal by paths would never end."""
    x = Tensor(1.0)
    y = x
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad == 2.0**60


def test_gradients_add_at_forks_inside_the_graph():
    x = Tensor(3.0)
    h = x * x
    y = h * h + h  # x⁴ + x²
    y.backward()
    assert h.grad == 2 * 9 + 1
    assert x.grad == 4 * 27 + 2 * 3


def test_second_backward_adds_to_every_gradient():
    x = Tensor([1.0, 2.0])
    h = x * x
    y = h.sum()
    y.backward()
    y.backward()
    leaf = torch.tensor([1.0, 2.0], requires_grad=True)
    total = (leaf * leaf).sum()
    total.backward(retain_graph=True)
    total.backward()
    np.testing.assert_array_equal(x.grad, leaf.grad)
    np.testing.assert_array_equal(x.grad, [4, 8])
    np.testing.assert_array_equal(h.grad, [2, 2])
    assert y.grad == 2
    x.grad = None
    (h * h).sum().backward()  # another result of the same inputs
    np.testing.assert_array_equal(x.grad, [4, 32])


def test_gradients_share_no_memory():
    x, y, seed = Tensor([1.0, 2.0]), Tensor([3.0, 4.0]), np.ones(2)
    z = x + y
    z.backward(seed)
    x.grad *= 10
    for other in (y.grad, z.grad, seed):
        np.testing.assert_array_equal(other, [1, 1])
    w = Tensor(np.zeros(3))
    w.sum().backward()
    w.grad += 1  # not a read-only view of the broadcast gradient
    np.testing.assert_array_equal(w.grad, [2, 2, 2])


def test_input_copies_its_array():
    a = np.array([1.0, 2.0])
    x = Tensor(a)
    y = (x * x).sum()
    a[:] = 100
    y.backward()
    np.testing.assert_array_equal(x.grad, [2, 4])


def test_augmented_assignment_makes_a_new_tensor():
    x = y = Tensor([1.0, 2.0])
    y *= 3
    np.testing.assert_array_equal(x.data, [1, 2])
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, [3, 3])


def test_graph_is_freed_with_its_last_reference():
    x = Tensor(1.0)
    middle = (x * 2).exp()
    watcher = weakref.ref(middle)
    y = middle.log()
    y.backward()
    gc.disable()  # reference counting alone must do: there is no cycle
    try:
        del middle, y
        assert watcher() is None
    finally:
        gc.enable()


def test_op_and_edges_describe_the_graph():
    x, w = Tensor([[1.0]]), Tensor([[2.0]])
    z = (x @ w).relu()
    assert z.op == "relu"
    (product, _), *rest = z.edges
    assert (product.op, rest) == ("@", [])
    assert [operand for operand, _ in product.edges] == [x, w]
    assert (x.op, len(x.edges)) == ("", 0)
    assert repr(x + 0.5) == "Tensor([[1.5]])"


def test_one_number_in_any_shape_needs_no_gradient():
    x = Tensor([[2.0]])
    (x * x).backward()
    np.testing.assert_array_equal(x.grad, [[4]])


X32, X64 = np.ones((2, 3), np.float32), np.ones((2, 3))


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: Tensor([1, 2]), TypeError, "Tensor data: expected floats, got int64; write 2.0"),
        (lambda: Tensor(np.array([True])), TypeError, "expected floats, got bool"),
        (lambda: Tensor(None), TypeError, "expected floats, got object"),
        (lambda: Tensor(X32) + X64, TypeError, "Tensor operand: expected float32, got float64"),
        (lambda: X32 * Tensor(X64), TypeError, "Tensor operand: expected float64, got float32"),
        (lambda: Tensor(X32) * Tensor(X64), TypeError, "expected float32, got float64"),
        (lambda: Tensor(X64) + None, TypeError, "Tensor operand: expected float64, got object"),
        (lambda: Tensor(X64) * 1j, TypeError, "Tensor operand: expected float64, got complex128"),
        (lambda: Tensor(X32).backward(X64), TypeError, "expected float32, got float64"),
        (lambda: np.exp(Tensor(X64)), TypeError, "does not support ufuncs"),
        (lambda: Tensor(X64) + np.ones(2), ValueError, "could not be broadcast"),
        (lambda: Tensor(X64) @ np.ones(3), ValueError, r"two matrices, got shapes \(2, 3\)"),
        (lambda: Tensor(X64).backward(), ValueError, r"shape \(2, 3\) is not one number"),
        (lambda: Tensor(X64).backward(np.ones(3)), ValueError, r"expected shape \(2, 3\), got"),
        (lambda: Tensor(X64).sum().backward([1.0]), ValueError, r"expected shape \(\), got \(1,\)"),
    ],
)
def test_errors_say_what_was_expected(build, error, message):
    with pytest.raises(error, match=message):
        build()


@pytest.mark.parametrize(
    "constant",
    [2, 2.0, True, np.float64(2), np.arange(3), np.eye(3, dtype=bool)[0], [1.0, 2, 3]],
)
def test_numbers_labels_and_masks_take_the_dtype_of_the_tensor(constant):
    for dtype in (np.float32, np.float64):
        x = Tensor(np.ones((2, 3), dtype))
        for y in (x + constant, constant - x):
            assert y.data.dtype == dtype
