"""Checks of a whole network, or of one layer, with a report that says where it is wrong.

A kink, such as ReLU at 0, has no derivative: there the slope from the left,
(f(x) − f(x − h))/h, and the slope from the right, (f(x + h) − f(x))/h, disagree, and a central
difference is their mean. The checks notice and count such places.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlcourse.checks import Array, FloatArray, check_range
from mlcourse.gradcheck.differences import EPS, STEP, axes, require_float64, slopes_along
from mlcourse.layers import Layer
from mlcourse.network import Sequential

Loss = Callable[[FloatArray, Any], tuple[float, FloatArray]]


@dataclass(frozen=True)
class GradientReport:
    """What a gradient check found: ``print(report)``, or ``assert report.passed, report``.

    Attributes
    ----------
    errors : dict
        For each parameter, and for the input X, the relative error of its gradient.
    worst : str
        Where the error is largest, as in ``"0.weight[3, 1]"``.
    backward, numerical, jump : float
        There: the two gradients, and how far the slopes from the left and right are apart.
    checked, kinks : int
        How many numbers there are, and how many of them were skipped because of a kink.
    tolerance : float
        The largest error that passes.
    """

    errors: dict[str, float]
    worst: str
    backward: float
    numerical: float
    jump: float
    checked: int
    kinks: int
    tolerance: float

    @property
    def error(self) -> float:
        """The largest of the errors; NaN if one of them is."""
        return float(np.max(list(self.errors.values())))

    @property
    def passed(self) -> bool:
        """Whether every error is within the tolerance, with at most a tenth skipped."""
        return self.error <= self.tolerance and self.kinks <= self.checked / 10

    def __str__(self) -> str:
        lines = [
            f"gradient check {'passed' if self.passed else 'FAILED'} on {self.checked} numbers: "
            f"largest relative error {self.error:.1e}, tolerance {self.tolerance:.0e}",
            f"  at {self.worst}: backward {self.backward:.9g}, numerical {self.numerical:.9g}",
        ]
        if not self.passed and self.jump > 1e-3 * abs(self.numerical):
            lines.append(
                f"  slopes from left and right differ by {self.jump:.3g} there: "
                "a kink (ReLU at 0)? shift X or the biases a little"
            )
        if self.kinks:
            lines.append(f"  {self.kinks} skipped at kinks; more than a tenth is a failure")
        lines += [f"  {name}: {error:.1e}" for name, error in self.errors.items()]
        return "\n".join(lines)


def check_network(
    net: Sequential, loss: Loss, X: FloatArray, y: Any, *, tolerance: float = 1e-7
) -> GradientReport:
    """Compare every gradient that ``net.backward`` computes with central differences.

    Costs two forward passes for each parameter and each number in X, so take a small network and
    a few samples; :func:`check_directions` serves the large ones. All runs on a copy: parameters,
    gradients and running statistics of ``net`` stay as they are.

    Errors are relative to the largest entry of the parameter's gradient, as in
    :func:`relative_error`. What the rounding of the loss can do to a difference does not count,
    so the bias in front of a BatchNorm, whose gradient is 0 up to rounding, passes.

    A number beyond the tolerance is skipped, not failed, if it lies at a kink: if the slopes from
    the left and from the right are at least as far apart as the two gradients. Random X meets
    kinks rarely.

    Parameters
    ----------
    net : Sequential
        Built with ``dtype=np.float64``. In training mode BatchNorm uses the batch, as it should;
        for Dropout call ``net.eval()`` first, because each pass would draw another mask.
    loss : callable
        From (logits Z, y) to (E, dZ), as in :mod:`mlcourse.losses`.
    X : array of float64 (N, D)
    y : array
        What the loss compares the output with.
    tolerance : float
        The largest relative error that passes. Right gradients stay near 1e-9.

    Raises
    ------
    TypeError
        If the network or X is not float64.
    ValueError
        If the loss is not the same twice at the same θ.

    Examples
    --------
    >>> from mlcourse.losses import cross_entropy
    >>> from mlcourse.network import mlp
    >>> rng = np.random.default_rng(0)
    >>> net = mlp([4, 5, 3], rng=rng, dtype=np.float64)
    >>> check_network(net, cross_entropy, rng.normal(size=(6, 4)), np.arange(6) % 3).passed
    True
    """
    f, point, gradient, places = _objective(net, loss, X, y)
    return _compare(f, point, axes(point.size), gradient, places, tolerance)


def check_directions(
    net: Sequential,
    loss: Loss,
    X: FloatArray,
    y: Any,
    *,
    rng: np.random.Generator,
    directions: int = 10,
    tolerance: float = 1e-7,
) -> GradientReport:
    r"""Check the gradient of a network of any size along a few random directions.

    .. math:: \frac{\partial E}{\partial u} = u^\top \nabla E \approx
              \frac{E(\theta + hu) - E(\theta - hu)}{2h}, \qquad \|u\| = 1

    Each direction moves all parameters and X at once and costs two forward passes. A mistake
    anywhere changes :math:`u^\top \nabla E` with probability 1, but the report cannot say where,
    and a mistake in a part whose gradient is tiny beside the rest can pass. Parameters and errors
    are those of :func:`check_network`.

    Examples
    --------
    >>> from mlcourse.losses import cross_entropy
    >>> from mlcourse.network import mlp
    >>> rng = np.random.default_rng(0)
    >>> net = mlp([784, 256, 128, 10], rng=rng, dtype=np.float64)
    >>> X, y = rng.normal(size=(10, 784)), np.arange(10)
    >>> check_directions(net, cross_entropy, X, y, rng=rng).passed
    True
    """
    check_range("directions", directions, 1)
    f, point, gradient, _ = _objective(net, loss, X, y)
    units = rng.normal(size=(directions, point.size))
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    return _compare(
        f, point, units, units @ gradient, {"direction": np.arange(directions)}, tolerance
    )


def check_layer(
    layer: Layer, X: FloatArray, *, rng: np.random.Generator, tolerance: float = 1e-7
) -> GradientReport:
    """Compare ``layer.backward`` with central differences, for its parameters and for X.

    The scalar behind it is E = Σ R ⊙ layer(X), with a random R of the shape of the output: then
    ∂E/∂Y = R, and no mistake cancels out as it could with a plain sum. Parameters and errors are
    those of :func:`check_network`.

    Examples
    --------
    >>> from mlcourse.layers import Tanh
    >>> rng = np.random.default_rng(0)
    >>> check_layer(Tanh(), rng.normal(size=(4, 3)), rng=rng).passed
    True
    """
    net = Sequential([copy.deepcopy(layer)])
    _check_float64(net, X)
    R = rng.normal(size=net(X).shape)
    return check_network(net, lambda Y, _: (float(np.sum(R * Y)), R), X, None, tolerance=tolerance)


def _objective(
    net: Sequential, loss: Loss, X: FloatArray, y: Any
) -> tuple[Callable[[FloatArray], float], FloatArray, FloatArray, dict[str, Array]]:
    """The loss as a function of one vector (θ, X); the vector, the gradient, places by name."""
    _check_float64(net, X)
    net = copy.deepcopy(net)
    P = net.theta.size
    point = np.concatenate([net.theta, X.ravel()])

    def f(point: FloatArray) -> float:
        net.theta[:] = point[:P]
        return loss(net(point[P:].reshape(X.shape)), y)[0]

    E, dZ = loss(net(X), y)
    dX = net.backward(dZ, input_gradient=True)
    assert dX is not None
    gradient = np.concatenate([net.grad, dX.ravel()])
    if not math.isfinite(E):
        raise FloatingPointError(f"gradient check: the loss is {E}, so nothing can be compared")
    if not math.isclose(f(point), E, rel_tol=1e-9, abs_tol=1e-12):
        raise ValueError(
            "gradient check: the loss changed between two passes at the same parameters; "
            "if Dropout draws new masks, call net.eval() first"
        )
    # Parameters are views of θ: filled with its own indices, θ shows where each of them lies.
    net.theta[:] = np.arange(P)
    places = {
        name: W.astype(int)
        for name, W in net.named_arrays().items()
        if np.may_share_memory(W, net.theta)  # not the running statistics
    }
    return f, point, gradient, {**places, "X": P + np.arange(X.size).reshape(X.shape)}


def _compare(
    f: Callable[[FloatArray], float],
    point: FloatArray,
    units: Iterable[FloatArray],
    backward: FloatArray,
    places: dict[str, Array],
    tolerance: float,
) -> GradientReport:
    """Central differences along the units against the slopes that backward gave for them."""
    check_range("tolerance", tolerance, 0, closed="()")
    slopes, jumps = slopes_along(f, point, units)
    differences = np.abs(backward - slopes)
    rounding = 10 * EPS * max(1.0, abs(f(point))) / STEP  # what it may do to a slope, at most
    relative = np.empty_like(backward)
    for place in places.values():
        largest = np.abs(backward[place]).max(), np.abs(slopes[place]).max()
        relative[place] = differences[place] / max(rounding / tolerance, *largest)
    kinks = (relative > tolerance) & (jumps >= differences)
    relative[kinks] = 0

    worst = int(np.argmax(relative))  # the first NaN, if there is one
    name = next(name for name, place in places.items() if worst in place)
    index = ", ".join(str(i) for i in np.argwhere(places[name] == worst)[0])
    return GradientReport(
        errors={name: float(relative[place].max()) for name, place in places.items()},
        worst=f"{name}[{index}]",
        backward=float(backward[worst]),
        numerical=float(slopes[worst]),
        jump=float(jumps[worst]),
        checked=backward.size,
        kinks=int(kinks.sum()),
        tolerance=tolerance,
    )


def _check_float64(net: Sequential, X: FloatArray) -> None:
    if net.theta.size:
        require_float64("gradient check: net.theta", net.theta, "build it with dtype=np.float64")
    require_float64("gradient check: X", X, "use X.astype(np.float64)")
