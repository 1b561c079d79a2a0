"""Activation functions and softmax as pure mathematics: arrays in, fresh arrays out.

Each function keeps the dtype of a floating-point array, takes anything else for float64, and
leaves its argument alone.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mlcourse.checks import FloatArray

__all__ = ["log_softmax", "relu", "sigmoid", "softmax", "tanh"]


def sigmoid(z: npt.ArrayLike) -> FloatArray:
    r"""Logistic sigmoid, elementwise.

    .. math:: \sigma(z) = \frac{1}{1 + e^{-z}} = \frac{e^{\min(z, 0)}}{1 + e^{-|z|}},
              \qquad \sigma'(z) = \sigma(z)\,(1 - \sigma(z))

    In the second form no exponent is above 0, so neither tail overflows, and the left tail keeps
    its relative precision.

    Parameters
    ----------
    z : array or number, any shape

    Returns
    -------
    array, same shape, values in [0, 1]

    Examples
    --------
    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    z = _floats(z)
    # Not np.where: choosing between two arrays takes longer than a second exponential.
    numerator: FloatArray = np.exp(np.minimum(z, 0))
    return numerator / (1 + np.exp(-np.abs(z)))


def tanh(z: npt.ArrayLike) -> FloatArray:
    r"""Hyperbolic tangent, elementwise; a rescaled sigmoid with the open range (-1, 1).

    .. math:: \tanh(z) = 2\sigma(2z) - 1, \qquad \tanh'(z) = 1 - \tanh(z)^2

    Examples
    --------
    >>> z = np.array([-2.0, 0.0, 2.0])
    >>> np.allclose(tanh(z), 2 * sigmoid(2 * z) - 1)
    True
    """
    return np.tanh(_floats(z))


def relu(z: npt.ArrayLike) -> FloatArray:
    r"""Rectified linear unit, elementwise.

    .. math:: \mathrm{relu}(z) = \max(0, z)

    The derivative is 1 where z > 0 and 0 where z < 0; at the kink the course, like PyTorch,
    takes 0.

    Examples
    --------
    >>> relu(np.array([-2.0, 0.0, 3.0]))
    array([0., 0., 3.])
    """
    return np.maximum(_floats(z), 0)


def softmax(Z: npt.ArrayLike) -> FloatArray:
    r"""Softmax over the last axis: each row of logits becomes a probability distribution.

    .. math:: p_{nc} = \frac{e^{z_{nc} - m_n}}{\sum_{k} e^{z_{nk} - m_n}},
              \qquad m_n = \max_k z_{nk}

    Subtracting the row's maximum changes nothing (softmax is shift invariant) and keeps every
    exponent at or below 0, so nothing overflows. With two classes, the second probability is
    the sigmoid of the difference of the logits.

    Parameters
    ----------
    Z : array (..., C)
        Logits.

    Returns
    -------
    array (..., C)
        Probabilities; each row sums to 1.

    References
    ----------
    Bridle (1990), "Probabilistic interpretation of feedforward classification network outputs".

    Examples
    --------
    >>> softmax(np.array([[1000.0, 1000.0], [0.0, -1000.0]]))
    array([[0.5, 0.5],
           [1. , 0. ]])
    """
    Z = _logits(Z)
    P: FloatArray = np.exp(Z - Z.max(axis=-1, keepdims=True))
    P /= P.sum(axis=-1, keepdims=True)
    return P


def log_softmax(Z: npt.ArrayLike) -> FloatArray:
    r"""Logarithm of the softmax over the last axis, by the log-sum-exp trick (nats).

    .. math:: \log p_{nc} = z_{nc} - m_n - \log \sum_k e^{z_{nk} - m_n}

    Taking ``np.log(softmax(Z))`` instead gives -inf as soon as a probability rounds to 0.

    Parameters
    ----------
    Z : array (..., C)
        Logits.

    Returns
    -------
    array (..., C)
        Log-probabilities in nats, at most 0.

    Examples
    --------
    >>> log_softmax(np.array([[0.0, -1000.0]]))
    array([[    0., -1000.]])
    """
    Z = _logits(Z)
    shifted: FloatArray = Z - Z.max(axis=-1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return shifted


def _floats(x: npt.ArrayLike) -> FloatArray:
    x = np.asarray(x)
    return x if x.dtype.kind == "f" else x.astype(np.float64)


def _logits(Z: npt.ArrayLike) -> FloatArray:
    # NumPy is slow along short rows: with few classes, sums and maxima over the classes are
    # 4 times faster (256 rows of 10) when the numbers of one class lie side by side in memory.
    Z = _floats(Z)
    return np.asfortranarray(Z) if Z.ndim == 2 and Z.shape[1] < 64 else Z
