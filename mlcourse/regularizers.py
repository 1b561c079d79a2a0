"""Penalties on the size of the weights: callables from θ to (penalty, gradient).

The penalty is added to the loss, its gradient to the gradient of the loss::

    l2 = L2(1e-4, mask=net.weight_mask())
    E, dZ = cross_entropy(net(X), y)
    net.backward(dZ)
    penalty, gradient = l2(net.theta)
    net.grad += gradient
    optimizer.step()

The mask tells the weights from everything else in θ. Without it biases are penalised too, although
they shift a function without making it steeper.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mlcourse.checks import FloatArray, check_range, check_shape

__all__ = ["L1", "L2"]


class _Penalty:
    """A penalty strength λ ≥ 0 and which parameters it counts."""

    def __init__(self, lam: float, mask: npt.NDArray[np.bool_] | None = None) -> None:
        self.lam = check_range("lam", lam, 0)
        if mask is not None and mask.dtype != np.bool_:
            raise TypeError(
                f"{type(self).__name__} mask: expected bool, got {mask.dtype}; True is penalised"
            )
        self.mask = mask

    def _penalised(self, theta: FloatArray) -> FloatArray:
        """θ with zeros in place of the parameters that are left free."""
        if self.mask is None:
            return theta
        check_shape(f"{type(self).__name__} theta", theta, self.mask.shape, "as the mask")
        return theta * self.mask


class L1(_Penalty):
    r"""Sum of the magnitudes of the weights.

    .. math:: R(\theta) = \lambda \sum_i |\theta_i|, \qquad
              \frac{\partial R}{\partial \theta_i} = \lambda\,\mathrm{sign}(\theta_i)

    The pull towards 0 is equally strong however small a weight is, so weights reach 0 and the
    model becomes sparse. At 0 any slope in [−λ, λ] is a subgradient; this takes 0, as PyTorch does.

    Parameters
    ----------
    lam : float
        Penalty strength λ ≥ 0.
    mask : array of bool, optional
        The shape of θ; True for the parameters that count. Without it all of them do.

    Raises
    ------
    ValueError
        If λ is negative or not finite, or θ has another shape than the mask.
    TypeError
        If the mask is not boolean.

    References
    ----------
    Tibshirani (1996), "Regression shrinkage and selection via the lasso", section 2.

    Examples
    --------
    >>> penalty, gradient = L1(0.1)(np.array([3.0, 0.0, -4.0]))
    >>> round(penalty, 3), gradient
    (0.7, array([ 0.1,  0. , -0.1]))
    """

    def __call__(self, theta: FloatArray) -> tuple[float, FloatArray]:
        """Return R(θ) and ∂R/∂θ, a fresh array of the shape and dtype of θ."""
        w = self._penalised(theta)
        return self.lam * float(np.abs(w).sum()), self.lam * np.sign(w)


class L2(_Penalty):
    r"""Half the sum of the squares of the weights.

    .. math:: R(\theta) = \frac{\lambda}{2} \sum_i \theta_i^2, \qquad
              \frac{\partial R}{\partial \theta_i} = \lambda \theta_i

    The half makes the gradient λθ, so that this λ is PyTorch's ``weight_decay``: under plain SGD
    the two are the same, θ ← (1 − ηλ)θ − η ∂E/∂θ. A λ for Σθ² without the half is worth twice as
    much. The pull weakens with the weight, so weights shrink without reaching 0.

    Parameters
    ----------
    lam : float
        Penalty strength λ ≥ 0.
    mask : array of bool, optional
        The shape of θ; True for the parameters that count. Without it all of them do.

    Raises
    ------
    ValueError
        If λ is negative or not finite, or θ has another shape than the mask.
    TypeError
        If the mask is not boolean.

    References
    ----------
    Krogh and Hertz (1991), "A simple weight decay can improve generalization", section 1.

    Examples
    --------
    >>> penalty, gradient = L2(0.1, mask=np.array([True, True, False]))(np.array([3.0, 4.0, 9.0]))
    >>> penalty, gradient
    (1.25, array([0.3, 0.4, 0. ]))
    """

    def __call__(self, theta: FloatArray) -> tuple[float, FloatArray]:
        """Return R(θ) and ∂R/∂θ, a fresh array of the shape and dtype of θ."""
        w = self._penalised(theta)
        return self.lam / 2 * float((w * w).sum()), self.lam * w
