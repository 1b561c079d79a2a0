"""Central differences measure slopes, and the checks find planted mistakes and nothing else."""

from __future__ import annotations

import copy
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mlcourse.autograd import Tensor
from mlcourse.gradcheck import (
    check_directions,
    check_layer,
    check_network,
    numerical_gradient,
    relative_error,
)
from mlcourse.gradcheck.differences import STEP
from mlcourse.layers import BatchNorm1d, Dropout, Linear, ReLU, Sigmoid, Tanh
from mlcourse.losses import cross_entropy, mse
from mlcourse.network import Sequential, mlp

F64 = np.float64


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def small_network(rng, hidden=Linear):
    return Sequential(
        [
            hidden(4, 5, rng=rng, dtype=F64),
            BatchNorm1d(5, dtype=F64),
            Tanh(),
            Linear(5, 3, rng=rng, dtype=F64),
        ]
    )


def batch(rng, N=6, D=4, C=3):
    return rng.normal(size=(N, D)), rng.integers(0, C, size=N)


def plain_sum(Z, _):
    return float(Z.sum()), np.ones_like(Z)


# Central differences


@pytest.mark.parametrize(
    ("f", "derivative"),
    [
        (lambda x: np.sum(np.exp(x)), np.exp),
        (lambda x: np.sum(np.sin(x)), np.cos),
        (lambda x: np.sum(x**3), lambda x: 3 * x**2),
        (lambda x: np.sum(x) ** 2, lambda x: np.full_like(x, 2 * np.sum(x))),
    ],
)
@pytest.mark.parametrize("shape", [(), (5,), (2, 3), (2, 1, 2)])
def test_numerical_gradient_matches_the_derivative(f, derivative, shape, rng):
    x = rng.normal(size=shape)
    slope = numerical_gradient(f, x)
    assert slope.shape == shape
    assert relative_error(slope, derivative(x)) < 1e-9


def test_step_follows_the_size_of_x():
    """At x = 10⁸ a step of 6·10⁻⁶ would vanish in the rounding of x; a step of 600 does not."""
    x = np.array([1e8, 1e-8])
    slope = numerical_gradient(lambda x: np.sum(np.log(1 + x)), x)
    np.testing.assert_allclose(slope, 1 / (1 + x), rtol=1e-9)
    coarse = numerical_gradient(lambda x: np.sum(np.log(1 + x)), x, h=STEP)
    assert abs(coarse[0] * (1 + x[0]) - 1) > 1e-3


def test_error_over_the_step_is_a_u_with_its_bottom_at_the_cube_root():
    x = np.array([1.0])
    errors = {
        h: relative_error(numerical_gradient(lambda x: np.sum(np.exp(x)), x, h=h), np.exp(x))
        for h in (1e-1, 1e-3, STEP, 1e-9, 1e-11)
    }
    falling, rising = list(errors.values())[:3], list(errors.values())[2:]
    assert falling == sorted(falling, reverse=True)
    assert rising == sorted(rising)
    assert errors[STEP] < 1e-9
    assert errors[1e-1] == pytest.approx(0.1**2 / 6, rel=0.01)  # Taylor's remainder h²f‴/6


def test_cotangent_form_gives_the_gradient_of_an_array_valued_function(rng):
    x, dY = rng.normal(size=(2, 3)), rng.normal(size=(2, 3))
    t = Tensor(x)
    t.tanh().backward(dY)
    slope = numerical_gradient(lambda x: np.sum(dY * np.tanh(x)), x)
    assert relative_error(t.grad, slope) < 1e-9


def test_numerical_gradient_leaves_x_alone(rng):
    x = rng.normal(size=3)
    x.flags.writeable = False

    def spoils_its_argument(x):
        x *= 2
        return np.sum(x)

    np.testing.assert_allclose(numerical_gradient(spoils_its_argument, x), 2, rtol=1e-9)


# Relative error


ARRAYS = hnp.arrays(F64, 4, elements=st.floats(-1e6, 1e6, allow_subnormal=False))


@given(a=ARRAYS, b=ARRAYS, unit=st.sampled_from([2.0**-30, 1.0, 2.0**30]))
def test_relative_error_is_symmetric_free_of_units_and_at_most_2(a, b, unit):
    error = relative_error(a, b)
    assert relative_error(b, a) == error
    assert 0 <= error <= 2
    assert (error == 0) == np.array_equal(a, b)
    if max(np.abs(a).max(), np.abs(b).max()) > 1e-200:
        assert relative_error(unit * a, unit * b) == pytest.approx(error)


def test_relative_error_measures_against_the_largest_entry():
    assert relative_error(np.array([0.0, 100.0]), np.array([1.0, 100.0])) == 0.01
    assert relative_error(np.array([1.0]), np.array([-1.0])) == 2
    assert relative_error(np.zeros((0, 3)), np.zeros((0, 3))) == 0
    assert relative_error(np.array([1e-300]), np.array([0.0])) == 1
    assert np.isnan(relative_error(np.zeros(2), np.array([0.0, np.nan])))
    assert np.isnan(relative_error(np.array([np.nan, 1.0]), np.ones(2)))


# Networks and layers


@pytest.mark.parametrize("activation", [Sigmoid, Tanh, ReLU])
@pytest.mark.parametrize("loss", [cross_entropy, mse])
def test_right_gradients_pass(activation, loss, rng):
    net = Sequential(
        [Linear(4, 5, rng=rng, dtype=F64), activation(), Linear(5, 3, rng=rng, dtype=F64)]
    )
    X, y = batch(rng)
    target = y if loss is cross_entropy else rng.normal(size=(6, 3))
    report = check_network(net, loss, X, target)
    assert report.passed, report
    assert report.error < 1e-8
    assert report.checked == net.theta.size + X.size
    assert list(report.errors) == ["0.weight", "0.bias", "2.weight", "2.bias", "X"]
    assert check_directions(net, loss, X, target, rng=rng).passed


@pytest.mark.parametrize("training", [True, False])
def test_batchnorm_passes_in_both_modes_with_a_bias_in_front(training, rng):
    net = small_network(rng)
    X, y = batch(rng)
    net(X)  # running statistics that are not the defaults
    net.train() if training else net.eval()
    report = check_network(net, cross_entropy, X, y)
    assert report.passed, report
    if training:
        assert np.abs(net.layers[0].db).max() < 1e-12


class HalfBias(Linear):
    def backward(self, dY, input_gradient=True):
        dX = super().backward(dY, input_gradient)
        self.db[...] /= 2
        return dX


class OneWrongWeight(Linear):
    def backward(self, dY, input_gradient=True):
        dX = super().backward(dY, input_gradient)
        self.dW[3, 1] += 1e-5
        return dX


class WrongInput(Linear):
    def backward(self, dY, input_gradient=True):
        dX = super().backward(dY, input_gradient)
        return None if dX is None else dX + 1e-3


class NoGradient(Linear):
    def backward(self, dY, input_gradient=True):
        dX = super().backward(dY, input_gradient)
        self.dW[2, 1] = np.nan
        return dX


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        (HalfBias, r"0\.bias\[\d\]"),
        (OneWrongWeight, r"0\.weight\[3, 1\]"),
        (WrongInput, r"X\[\d, \d\]"),
        (NoGradient, r"0\.weight\[2, 1\]"),
    ],
)
def test_planted_mistake_is_found_and_named(wrong, where, rng):
    net = Sequential([wrong(4, 5, rng=rng, dtype=F64), Tanh(), Linear(5, 3, rng=rng, dtype=F64)])
    X, y = batch(rng)
    report = check_network(net, cross_entropy, X, y)
    assert not report.passed
    assert re.match(rf"gradient check FAILED on .*\n  at {where}: backward", str(report))
    assert not report.kinks
    assert np.isnan(report.error) == (wrong is NoGradient)
    assert not check_directions(net, cross_entropy, X, y, rng=rng).passed


def test_report_reads_well(rng):
    net = Sequential([HalfBias(2, 1, rng=rng, dtype=F64)])
    X = np.array([[1.0, 2.0]])
    net.theta[:] = [1.0, 1.0, 0.0]
    report = check_network(net, mse, X, np.array([[1.0]]))  # E = (3 − 1)², ∂E/∂b = 4
    assert str(report).splitlines()[:2] == [
        "gradient check FAILED on 5 numbers: largest relative error 5.0e-01, tolerance 1e-07",
        "  at 0.bias[0]: backward 2, numerical 4",
    ]
    assert "  0.bias: 5.0e-01" in str(report)


def test_small_gradient_is_judged_by_its_own_parameter(rng):
    """A wrong bias gradient of 10⁻⁴ must show beside a weight gradient of 10⁴."""
    net = Sequential([HalfBias(2, 1, rng=rng, dtype=F64)])
    X = np.array([[1e4, -1e4]])
    net.theta[:] = [1e-8, 1e-8, 1e-4]
    report = check_network(net, mse, X, np.array([[0.0]]))
    assert not report.passed
    assert report.errors["0.bias"] > 1e-3
    assert report.errors["0.weight"] < 1e-7


@pytest.mark.parametrize("layer", [Sigmoid(), Tanh(), ReLU()])
def test_layers_without_parameters_pass(layer, rng):
    report = check_layer(layer, rng.normal(size=(4, 3)), rng=rng)
    assert report.passed, report
    assert list(report.errors) == ["X"]


def test_layers_with_parameters_pass_and_stay_as_they_are(rng):
    for layer in (Linear(3, 2, rng=rng, dtype=F64), BatchNorm1d(3, dtype=F64)):
        before = copy.deepcopy(vars(layer))
        report = check_layer(layer, rng.normal(size=(4, 3)), rng=rng)
        assert report.passed, report
        assert list(report.errors) == ["0.weight", "0.bias", "X"]
        np.testing.assert_equal(vars(layer), before)


def test_a_layer_of_a_network_can_be_checked_alone(rng):
    net = small_network(rng)
    theta = net.theta.copy()
    assert check_layer(net.layers[0], rng.normal(size=(6, 4)), rng=rng).passed
    np.testing.assert_array_equal(net.theta, theta)
    assert np.shares_memory(net.theta, net.layers[0].W)


def test_parameters_of_nested_networks_are_named(rng):
    net = Sequential([small_network(rng), Tanh(), Linear(3, 2, rng=rng, dtype=F64)])
    X, y = batch(rng, C=2)
    names = ["0.0.weight", "0.0.bias", "0.1.weight", "0.1.bias", "0.3.weight", "0.3.bias"]
    report = check_network(net, cross_entropy, X, y)
    assert report.passed, report
    assert list(report.errors) == [*names, "2.weight", "2.bias", "X"]


def test_check_layer_finds_a_mistake_that_a_plain_sum_would_hide(rng):
    """Columns in the wrong order have the same sum."""

    class Swapped(Linear):
        def backward(self, dY, input_gradient=True):
            return super().backward(dY[:, ::-1], input_gradient)

    assert not check_layer(
        Swapped(3, 2, rng=rng, dtype=F64), rng.normal(size=(4, 3)), rng=rng
    ).passed


def test_network_stays_as_it_is(rng):
    net = small_network(rng)
    X, y = batch(rng)
    _, dZ = cross_entropy(net(X), y)
    net.backward(dZ)
    theta, grad, state = net.theta.copy(), net.grad.copy(), copy.deepcopy(net.state_dict())
    check_network(net, cross_entropy, X, y)
    check_directions(net, cross_entropy, X, y, rng=rng)
    np.testing.assert_array_equal(net.theta, theta)
    np.testing.assert_array_equal(net.grad, grad)
    np.testing.assert_equal(net.state_dict(), state)
    assert np.shares_memory(net.theta, net.layers[0].W)


def test_directions_cost_two_passes_each(rng):
    passes = 0

    def counting(Z, y):
        nonlocal passes
        passes += 1
        return cross_entropy(Z, y)

    X, y = batch(rng)
    net = small_network(rng)
    counts = []
    for directions in (3, 8):
        passes = 0
        check_directions(net, counting, X, y, rng=rng, directions=directions)
        counts.append(passes)
    assert counts[1] - counts[0] == 2 * 5


def test_directions_have_length_one(rng):
    net = Sequential([Linear(1, 1, rng=rng, dtype=F64)])
    net.theta[:] = [3.0, 0.0]
    x = np.array([[2.0]])  # E = wx + b, with the gradient (x, 1, w) of length √14
    slopes = [
        check_directions(net, plain_sum, x, None, rng=rng, directions=1).backward
        for _ in range(100)
    ]
    steepest = np.abs(slopes).max()
    assert 0.9 * np.sqrt(14) < steepest <= np.sqrt(14)


# Kinks


def test_central_difference_at_a_kink_is_the_mean_of_both_slopes():
    slope = numerical_gradient(lambda x: np.sum(np.maximum(x, 0)), np.array([0.0, 1.0]))
    np.testing.assert_allclose(slope, [0.5, 1.0])


def test_single_kink_is_skipped_and_counted(rng):
    X = rng.normal(size=(4, 5))
    X[1, 2] = 0
    report = check_layer(ReLU(), X, rng=rng)
    assert report.passed
    assert report.kinks == 1
    assert "1 skipped at kinks" in str(report)


def test_kink_within_the_step_is_skipped_too(rng):
    X = rng.normal(size=(4, 5))
    X[1, 2] = STEP / 3
    assert check_layer(ReLU(), X, rng=rng).kinks == 1


def test_mistake_beside_a_kink_is_still_found(rng):
    class Doubled(ReLU):
        def backward(self, dY, input_gradient=True):
            dX = super().backward(dY, input_gradient)
            dX[0, 0] *= 2
            return dX

    X = np.abs(rng.normal(size=(4, 5)))
    X[1, 2] = 0
    report = check_layer(Doubled(), X, rng=rng)
    assert not report.passed
    assert report.kinks == 1
    assert report.worst == "X[0, 0]"


def test_nothing_passes_on_kinks_alone(rng):
    report = check_layer(ReLU(), np.zeros((4, 5)), rng=rng)
    assert report.kinks == 20
    assert not report.passed


def test_failure_at_several_kinks_at_once_says_so(rng):
    """relu(2x) − relu(−x) at 0: slopes 1 and 2, while backward, with both units off, says 0."""
    net = Sequential([Linear(1, 2, rng=rng, dtype=F64), ReLU(), Linear(2, 1, rng=rng, dtype=F64)])
    net.theta[:] = [2, -1, 0, 0, 1, -1, 0]
    report = check_network(net, plain_sum, np.zeros((1, 1)), None)
    assert not report.passed
    assert report.worst == "X[0, 0]"
    assert (report.backward, report.numerical) == (0, pytest.approx(1.5))
    assert "slopes from left and right differ by 1 there: a kink (ReLU at 0)?" in str(report)


# Errors


def test_float32_is_refused_with_the_way_out(rng):
    net = mlp([4, 5, 3], rng=rng)
    X, y = batch(rng)
    X32 = X.astype(np.float32)
    with pytest.raises(
        TypeError,
        match=r"net\.theta: expected float64, got float32; build it with dtype=np\.float64",
    ):
        check_network(net, cross_entropy, X32, y)
    with pytest.raises(TypeError, match=r"net\.theta: expected float64, got float32"):
        check_layer(Linear(4, 2, rng=rng), X, rng=rng)
    with pytest.raises(TypeError, match=r"X: expected float64, got float32; use X\.astype"):
        check_network(small_network(rng), cross_entropy, X32, y)
    with pytest.raises(TypeError, match="numerical_gradient x: expected float64, got float32"):
        numerical_gradient(lambda x: float(x.sum()), X32)
    with pytest.raises(TypeError, match=r"f\(x\): expected float64, got float32"):
        numerical_gradient(lambda x: x.astype(np.float32).sum(), X)


def test_dropout_in_training_is_refused_and_passes_in_eval(rng):
    net = Sequential(
        [Linear(4, 5, rng=rng, dtype=F64), Dropout(0.5, rng=rng), Linear(5, 3, rng=rng, dtype=F64)]
    )
    X, y = batch(rng)
    with pytest.raises(ValueError, match=r"changed between two passes.*call net\.eval\(\) first"):
        check_network(net, cross_entropy, X, y)
    net.eval()
    assert check_network(net, cross_entropy, X, y).passed


def test_other_errors_say_what_was_expected(rng):
    X, y = batch(rng)
    net = small_network(rng)
    with pytest.raises(ValueError, match=r"must be one number, got shape \(6, 4\); diff.*dY"):
        numerical_gradient(np.tanh, X)
    with pytest.raises(ValueError, match="h must be greater than 0"):
        numerical_gradient(np.sum, X, h=0.0)
    with pytest.raises(ValueError, match=r"shapes differ, \(3,\) and \(3, 1\)"):
        relative_error(np.ones(3), np.ones((3, 1)))
    with pytest.raises(ValueError, match="directions must be at least 1, got 0"):
        check_directions(net, cross_entropy, X, y, rng=rng, directions=0)
    with pytest.raises(ValueError, match="tolerance must be greater than 0"):
        check_network(net, cross_entropy, X, y, tolerance=0)
    with pytest.raises(FloatingPointError, match="the loss is nan"):
        check_network(net, lambda Z, y: (np.nan, np.zeros_like(Z)), X, y)
