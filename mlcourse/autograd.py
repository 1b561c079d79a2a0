r"""Reverse-mode automatic differentiation of array expressions.

An expression is broken into a few operations whose derivatives are known. Each operation records
an *edge* to every operand: the operand, and the rule that carries a gradient over to it.
:meth:`Tensor.backward` then walks the graph once, from the result back to the inputs. For an
operation :math:`z = f(a, b, \ldots)` and a scalar result E, the chain rule reads

.. math:: \frac{\partial E}{\partial a}
          = \sum_{\text{uses } z \text{ of } a}
            \left(\frac{\partial z}{\partial a}\right)^{\!\top} \frac{\partial E}{\partial z}.

The sum is why gradients *add* where a value is used more than once.

A Tensor gets a gradient; a number or a plain array is a constant and gets none. Comparisons,
``np.exp(tensor)`` and assignments to ``tensor[i]`` are left out: work on ``tensor.data`` for
anything that needs no gradient, and change it only after ``backward`` has run.

References
----------
Rumelhart, Hinton and Williams (1986), "Learning representations by back-propagating errors".
Griewank and Walther (2008), *Evaluating Derivatives*, chapter 3.
Baydin, Pearlmutter, Radul and Siskind (2018), "Automatic differentiation in machine learning: a
survey", section 3.2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Tensor"]

Array = npt.NDArray[Any]
Rule = Callable[[Array], Array]
"""Takes the gradient of an operation's result, returns the gradient of one operand."""


class Tensor:
    """An array that remembers how it was computed.

    Attributes
    ----------
    data : Array
        The value, float32 or float64. An input copies the array it is given, so that nobody else
        can change it before ``backward`` runs.
    grad : Array or None
        ∂E/∂data, of the same shape and dtype, once ``backward`` has run.
    op : str
        The operation that made it, as in ``"+"`` or ``"exp"``; empty for an input.
    edges : sequence of (Tensor, Rule)
        Its operands, and for each the rule that carries the gradient over; empty for an input.

    Raises
    ------
    TypeError
        If the data are not floats.

    Examples
    --------
    The sigmoid of an affine map, whose derivative is σ(1 − σ) times the weights:

    >>> x, w = Tensor([-1.0, -2.0]), Tensor([2.0, -3.0])
    >>> z = (w * x).sum() - 3
    >>> y = 1 / (1 + (-z).exp())
    >>> y.backward()
    >>> print(y.data.round(2), w.grad.round(2), x.grad.round(2))
    0.73 [-0.2  -0.39] [ 0.39 -0.59]
    """

    # Without this, NumPy would answer `array * tensor` itself, element by element.
    __array_ufunc__ = None

    def __init__(
        self, data: npt.ArrayLike, op: str = "", edges: Sequence[tuple[Tensor, Rule]] = ()
    ) -> None:
        self.data: Array = np.asarray(data) if edges else np.array(data)
        if self.data.dtype.kind != "f":
            raise TypeError(
                f"Tensor data: expected floats, got {self.data.dtype}; "
                "write 2.0 instead of 2, or convert with astype(np.float32)"
            )
        self.grad: Array | None = None
        self.op = op
        self.edges = edges

    def __repr__(self) -> str:
        return f"Tensor({np.array2string(self.data, separator=', ', prefix='Tensor(')})"

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of ``data``."""
        return self.data.shape

    def backward(self, gradient: npt.ArrayLike | None = None) -> None:
        """Add ∂E/∂t to ``t.grad`` of every Tensor t that this one was computed from.

        E is this Tensor itself if it holds one number. If it holds more, pass ``gradient`` =
        ∂E/∂self for the scalar E that is meant.

        It *adds*: a second call, on this result or on another that shares inputs, sums the
        gradients in ``grad``, as PyTorch does (with ``retain_graph=True``). Set ``t.grad = None``
        to start afresh.

        Raises
        ------
        ValueError
            If ``gradient`` is missing for a result of several numbers, or has another shape.

        Examples
        --------
        >>> x = Tensor([1.0, 2.0])
        >>> y = x * x + x       # x is used three times: its gradients add up to 2x + 1
        >>> y.backward([1.0, 1.0])
        >>> x.grad
        array([3., 5.])
        >>> y.backward()
        Traceback (most recent call last):
        ...
        ValueError: backward: a Tensor of shape (2,) is not one number; sum it up, or pass gradient=
        """
        if gradient is None:
            if self.data.size != 1:
                raise ValueError(
                    f"backward: a Tensor of shape {self.shape} is not one number; "
                    "sum it up, or pass gradient="
                )
            gradient = np.ones_like(self.data)
        _, seed = _arrays(self, gradient)
        if seed.shape != self.shape:
            raise ValueError(f"backward gradient: expected shape {self.shape}, got {seed.shape}")

        arriving = {self: seed}  # what has reached each Tensor in this pass
        for node in reversed(_topological_order(self)):
            g = arriving.pop(node)
            # np.array copies: no two Tensors share one gradient array.
            node.grad = np.array(g if node.grad is None else node.grad + g)
            for operand, rule in node.edges:
                share = _unbroadcast(rule(g), operand.shape)
                arriving[operand] = arriving[operand] + share if operand in arriving else share

    # Operators. The second of each pair serves `constant + tensor`.

    def __add__(self, other: Operand) -> Tensor:
        return _add(self, other)

    def __radd__(self, other: Operand) -> Tensor:
        return _add(other, self)

    def __sub__(self, other: Operand) -> Tensor:
        return _subtract(self, other)

    def __rsub__(self, other: Operand) -> Tensor:
        return _subtract(other, self)

    def __mul__(self, other: Operand) -> Tensor:
        return _multiply(self, other)

    def __rmul__(self, other: Operand) -> Tensor:
        return _multiply(other, self)

    def __truediv__(self, other: Operand) -> Tensor:
        return _divide(self, other)

    def __rtruediv__(self, other: Operand) -> Tensor:
        return _divide(other, self)

    def __pow__(self, other: Operand) -> Tensor:
        return _power(self, other)

    def __rpow__(self, other: Operand) -> Tensor:
        return _power(other, self)

    def __matmul__(self, other: Operand) -> Tensor:
        return _matmul(self, other)

    def __rmatmul__(self, other: Operand) -> Tensor:
        return _matmul(other, self)

    def __neg__(self) -> Tensor:
        return Tensor(-self.data, "neg", [(self, lambda g: -g)])

    # Functions of each element.

    def exp(self) -> Tensor:
        """Exponential: y = eˣ, dy/dx = y."""
        y = np.exp(self.data)
        return Tensor(y, "exp", [(self, lambda g: g * y)])

    def log(self) -> Tensor:
        """Natural logarithm: y = ln x, dy/dx = 1/x."""
        x = self.data
        return Tensor(np.log(x), "log", [(self, lambda g: g / x)])

    def tanh(self) -> Tensor:
        """Hyperbolic tangent: y = tanh x, dy/dx = 1 − y²."""
        y = np.tanh(self.data)
        return Tensor(y, "tanh", [(self, lambda g: g * (1 - y * y))])

    def relu(self) -> Tensor:
        """Rectifier: y = max(0, x), dy/dx = 1 where x > 0, else 0 (at the kink x = 0 a choice)."""
        x = self.data
        return Tensor(np.maximum(x, 0), "relu", [(self, lambda g: g * (x > 0))])

    # Functions that change the shape.

    def sum(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Tensor:
        """Sum over axes; each summand receives the gradient of its sum."""
        shape = self.shape

        def rule(g: Array) -> Array:
            if axis is not None and not keepdims:
                g = np.expand_dims(g, axis)
            return np.broadcast_to(g, shape)

        return Tensor(self.data.sum(axis=axis, keepdims=keepdims), "sum", [(self, rule)])

    def mean(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Tensor:
        """Sum over axes, divided by the number of summands."""
        total = self.sum(axis, keepdims)
        return total / (self.data.size // total.data.size)

    def reshape(self, *shape: int) -> Tensor:
        """The same numbers in another shape."""
        before = self.shape
        return Tensor(self.data.reshape(*shape), "reshape", [(self, lambda g: g.reshape(before))])

    @property
    def T(self) -> Tensor:
        """The transpose, with all axes in reverse order."""
        return Tensor(self.data.T, "T", [(self, lambda g: g.T)])

    def __getitem__(self, index: Any) -> Tensor:
        x = self.data

        def rule(g: Array) -> Array:
            dx = np.zeros_like(x)
            np.add.at(dx, index, g)  # unlike dx[index] += g, adds up where an index repeats
            return dx

        return Tensor(x[index], "[]", [(self, rule)])


Operand = Tensor | float | Array


def _add(a: Operand, b: Operand) -> Tensor:
    """Sum: z = a + b, ∂z/∂a = 1, ∂z/∂b = 1."""
    x, y = _arrays(a, b)
    return _result(x + y, "+", (a, lambda g: g), (b, lambda g: g))


def _subtract(a: Operand, b: Operand) -> Tensor:
    """Difference: z = a − b, ∂z/∂a = 1, ∂z/∂b = −1."""
    x, y = _arrays(a, b)
    return _result(x - y, "-", (a, lambda g: g), (b, lambda g: -g))


def _multiply(a: Operand, b: Operand) -> Tensor:
    """Product: z = a · b, ∂z/∂a = b, ∂z/∂b = a."""
    x, y = _arrays(a, b)
    return _result(x * y, "*", (a, lambda g: g * y), (b, lambda g: g * x))


def _divide(a: Operand, b: Operand) -> Tensor:
    """Quotient: z = a / b, ∂z/∂a = 1/b, ∂z/∂b = −z/b."""
    x, y = _arrays(a, b)
    z = x / y
    return _result(z, "/", (a, lambda g: g / y), (b, lambda g: -g * z / y))


def _power(a: Operand, b: Operand) -> Tensor:
    """Power: z = aᵇ, ∂z/∂a = b·aᵇ⁻¹, ∂z/∂b = z·ln a."""
    x, y = _arrays(a, b)
    z = x**y
    # For b = 0 the derivative b·aᵇ⁻¹ is 0, also at a = 0, where 0·a⁻¹ would be NaN.
    return _result(
        z,
        "**",
        (a, lambda g: g * y * x ** np.where(y == 0, 0, y - 1)),
        (b, lambda g: g * z * np.log(x)),
    )


def _matmul(a: Operand, b: Operand) -> Tensor:
    """Matrix product: Z = A B, dA = dZ Bᵀ, dB = Aᵀ dZ."""
    x, y = _arrays(a, b)
    if x.ndim != 2 or y.ndim != 2:
        raise ValueError(
            f"Tensor @: expected two matrices, got shapes {x.shape} and {y.shape}; "
            "reshape a vector to one row or one column"
        )
    return _result(x @ y, "@", (a, lambda g: g @ y.T), (b, lambda g: x.T @ g))


def _arrays(*operands: Operand | npt.ArrayLike) -> list[Array]:
    """The arrays of the operands, all of one dtype: float32 and float64 are never mixed silently.

    Python numbers and arrays of integers (labels, masks) take the dtype of the Tensors.
    """
    dtype = next(t.data.dtype for t in operands if isinstance(t, Tensor))
    arrays = []
    for t in operands:
        x = t.data if isinstance(t, Tensor) else np.asarray(t)
        if x.dtype.kind in "biu" or (x.dtype.kind == "f" and isinstance(t, float | list)):
            x = x.astype(dtype)
        if x.dtype != dtype:
            raise TypeError(f"Tensor operand: expected {dtype}, got {x.dtype}; convert it first")
        arrays.append(x)
    return arrays


def _result(value: Array, op: str, *edges: tuple[Operand, Rule]) -> Tensor:
    """The Tensor that an operation makes, with edges to the Tensors among its operands."""
    return Tensor(value, op, [(t, rule) for t, rule in edges if isinstance(t, Tensor)])


def _unbroadcast(g: Array, shape: tuple[int, ...]) -> Array:
    """Sum a gradient over the axes along which NumPy repeated an operand of this shape."""
    if g.shape == shape:
        return g
    padded = (1,) * (g.ndim - len(shape)) + shape
    repeated = tuple(i for i, n in enumerate(padded) if n == 1)
    total: Array = g.sum(axis=repeated)
    return total.reshape(shape)


def _topological_order(root: Tensor) -> list[Tensor]:
    """Every Tensor behind ``root``, each after all of its operands; ``root`` comes last.

    Depth first, with a stack of our own: recursion would end at Python's limit of about 1,000.
    """
    order: list[Tensor] = []
    seen: set[Tensor] = set()
    stack = [(root, False)]
    while stack:
        node, operands_done = stack.pop()
        if operands_done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))  # comes back once all that is pushed above it is done
            stack.extend((operand, False) for operand, _ in node.edges)
    return order
