"""Activations as layers: each remembers its output, which is all that its derivative needs."""

from __future__ import annotations

from mlcourse.checks import FloatArray, check_floats
from mlcourse.functional import relu, sigmoid, tanh
from mlcourse.layers.base import Layer


class Sigmoid(Layer):
    r"""Logistic sigmoid as a layer.

    .. math:: A = \sigma(Z), \qquad
              \frac{\partial E}{\partial Z} = \frac{\partial E}{\partial A} \odot A \odot (1 - A)

    Examples
    --------
    >>> Sigmoid()(np.array([[0.0]]))
    array([[0.5]])
    """

    def __repr__(self) -> str:
        return "Sigmoid()"

    def forward(self, X: FloatArray) -> FloatArray:
        """Return σ(X)."""
        check_floats("Sigmoid input X", X)
        A = sigmoid(X)
        self._keep(A, A)
        return A

    def backward(self, dY: FloatArray, input_gradient: bool = True) -> FloatArray:
        """Return dY ⊙ A ⊙ (1 - A)."""
        A = self._cached(dY)
        return dY * (A * (1 - A))


class Tanh(Layer):
    r"""Hyperbolic tangent as a layer.

    .. math:: A = \tanh(Z), \qquad
              \frac{\partial E}{\partial Z} = \frac{\partial E}{\partial A} \odot (1 - A \odot A)

    Examples
    --------
    >>> Tanh()(np.array([[0.0]]))
    array([[0.]])
    """

    def __repr__(self) -> str:
        return "Tanh()"

    def forward(self, X: FloatArray) -> FloatArray:
        """Return tanh(X)."""
        check_floats("Tanh input X", X)
        A = tanh(X)
        self._keep(A, A)
        return A

    def backward(self, dY: FloatArray, input_gradient: bool = True) -> FloatArray:
        """Return dY ⊙ (1 - A²)."""
        A = self._cached(dY)
        return dY * (1 - A * A)


class ReLU(Layer):
    r"""Rectified linear unit as a layer.

    .. math:: A = \max(0, Z), \qquad
              \frac{\partial E}{\partial Z} = \frac{\partial E}{\partial A} \odot [A > 0]

    Examples
    --------
    >>> ReLU()(np.array([[-1.0, 2.0]]))
    array([[0., 2.]])
    """

    def __repr__(self) -> str:
        return "ReLU()"

    def forward(self, X: FloatArray) -> FloatArray:
        """Return max(0, X)."""
        check_floats("ReLU input X", X)
        A = relu(X)
        self._keep(A, A)
        return A

    def backward(self, dY: FloatArray, input_gradient: bool = True) -> FloatArray:
        """Return dY where the unit was active, 0 elsewhere."""
        A = self._cached(dY)
        return dY * (A > 0)  # faster than np.where, and keeps the dtype
