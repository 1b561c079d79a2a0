"""Central differences, and how to compare their result with a gradient.

References
----------
Nocedal and Wright (2006), *Numerical Optimization*, section 8.1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from mlcourse.checks import Array, FloatArray, check_range

EPS = float(np.finfo(np.float64).eps)
STEP = EPS ** (1 / 3)  # 6·10⁻⁶; numerical_gradient says why


def numerical_gradient(
    f: Callable[[FloatArray], float], x: FloatArray, h: float | None = None
) -> FloatArray:
    r"""Gradient of a scalar function by central differences: 2 evaluations for each entry of x.

    .. math:: \frac{\partial f}{\partial x_i} \approx
              \frac{f(x + h e_i) - f(x - h e_i)}{2h},
              \qquad h = \sqrt[3]{\varepsilon}\,\max(1, |x_i|)

    Two errors pull the step in opposite directions. Taylor's remainder, about h² f‴/6, asks for
    a small one; the rounding of f, about ε f/h, asks for a large one. Over h their sum is a U.
    Its bottom lies near h = ∛ε, at an error near ε^(2/3) = 4·10⁻¹¹, if f and its derivatives are
    of the order of 1. The step grows with :math:`|x_i|`, whose own rounding would swallow it
    otherwise. In float32 the smallest error is near 2·10⁻⁵, too coarse to tell a wrong gradient
    from a rounded one; so only float64 is accepted.

    Parameters
    ----------
    f : callable
        From an array like ``x`` to one number. To check the gradient of an array-valued function,
        give the scalar that its gradient ``dY`` belongs to: ``lambda x: np.sum(dY * layer(x))``.
    x : array of float64, any shape
        Left as it is: ``f`` is given copies.
    h : float, optional
        A fixed step for all entries, instead of the one above.

    Returns
    -------
    array of the shape of ``x``

    Raises
    ------
    TypeError
        If ``x`` or ``f(x)`` is not float64.
    ValueError
        If ``f`` returns more than one number, or the step is not positive.

    Examples
    --------
    >>> x = np.array([1.0, 2.0])
    >>> numerical_gradient(lambda x: np.sum(x**3), x).round(8)
    array([ 3., 12.])
    """
    x = require_float64("numerical_gradient x", np.asarray(x), "use astype(np.float64)")
    if h is not None:
        check_range("h", h, 0, closed="()")
    slopes, _ = slopes_along(lambda v: f(v.reshape(x.shape)), x.ravel(), axes(x.size), h)
    return slopes.reshape(x.shape)


def relative_error(a: FloatArray, b: FloatArray) -> float:
    r"""Largest difference of two arrays, as a share of their largest entry.

    .. math:: \frac{\max_i |a_i - b_i|}{\max(\max_i |a_i|,\ \max_i |b_i|)}

    The scale is that of the whole array, on purpose. Central differences have the same absolute
    error in every entry, so dividing entry by entry would turn the harmless 10⁻¹¹ in an entry that
    should be 0 into an error of 100 %. Two arrays of zeros have the error 0. The measure is
    symmetric, does not change with the unit, and is at most 2.

    Raises
    ------
    ValueError
        If the shapes differ; nothing is broadcast.

    Examples
    --------
    >>> round(relative_error(np.array([1.0, 0.0]), np.array([1.0, 1e-9])), 12)
    1e-09
    >>> relative_error(np.zeros(3), np.zeros(3))
    0.0
    """
    if np.shape(a) != np.shape(b):
        raise ValueError(f"relative_error: the shapes differ, {np.shape(a)} and {np.shape(b)}")
    # np.maximum, unlike max, hands a NaN on, so that a NaN never looks like agreement.
    scale = np.maximum(np.max(np.abs(a), initial=0), np.max(np.abs(b), initial=0))
    return float(np.max(np.abs(np.subtract(a, b)), initial=0) / scale) if scale else 0.0


def axes(n: int) -> Iterable[FloatArray]:
    """The unit vectors e₁ … eₙ, one at a time: all at once would be an n × n matrix."""
    for i in range(n):
        e = np.zeros(n)
        e[i] = 1
        yield e


def slopes_along(
    f: Callable[[FloatArray], float],
    x: FloatArray,
    units: Iterable[FloatArray],
    h: float | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Along each unit vector the slope of f, and how far its slopes from both sides are apart."""
    middle = _one_number(f(x.copy()))
    slopes, jumps = [], []
    for u in units:
        step = STEP * max(1.0, abs(float(x @ u))) if h is None else h
        above, below = _one_number(f(x + step * u)), _one_number(f(x - step * u))
        slopes.append((above - below) / (2 * step))
        jumps.append(abs((above - middle) / step - (middle - below) / step))
    return np.array(slopes), np.array(jumps)


def _one_number(value: Any) -> float:
    """The value of f as a float, or an error if it cannot be differentiated like one."""
    value = np.asarray(value)
    if value.size != 1:
        raise ValueError(
            f"central differences: f(x) must be one number, got shape {value.shape}; "
            "differentiate np.sum(dY * f(x)) instead"
        )
    return float(require_float64("central differences: f(x)", value, "compute in float64").item())


def require_float64(what: str, x: Array, hint: str) -> FloatArray:
    """``x``, or TypeError unless it is float64: float32 rounding looks like a wrong gradient."""
    if x.dtype != np.float64:
        raise TypeError(f"{what}: expected float64, got {x.dtype}; {hint}")
    return x
