r"""Losses: each returns the value and its gradient, ``E, dZ = loss(Z, target)``.

E is a float, the mean over the batch, in nats where it comes from a logarithm. The gradient is
∂E/∂(first argument), in that argument's shape and dtype, so it already carries the 1/N.
"""

from __future__ import annotations

import numpy as np

from mlcourse.checks import (
    Array,
    FloatArray,
    check_batch,
    check_dtype,
    check_floats,
    check_labels,
    check_shape,
)
from mlcourse.functional import log_softmax, sigmoid

__all__ = ["binary_cross_entropy", "cross_entropy", "kl", "mse"]


def mse(A: FloatArray, T: FloatArray) -> tuple[float, FloatArray]:
    r"""Mean squared error, the L2 divergence of regression.

    .. math:: E = \frac{1}{NM} \sum_{n,m} (a_{nm} - t_{nm})^2, \qquad
              \frac{\partial E}{\partial A} = \frac{2}{NM} (A - T)

    The mean runs over all N·M elements, as in PyTorch. Texts that write ½ Σ (a - t)² get
    NM/2 times this value and gradient.

    Parameters
    ----------
    A : array (N,) or (N, M)
        Predictions.
    T : array, same shape and dtype
        Targets. (N,) against (N, 1) is an error, never a silent (N, N).

    Returns
    -------
    E : float
    dA : array, shape of A

    Raises
    ------
    ValueError
        If the shapes differ or there is no sample.
    TypeError
        If the dtypes differ or hold no floating-point numbers.

    Examples
    --------
    >>> mse(np.array([1.0, 4.0]), np.array([1.0, 2.0]))
    (2.0, array([0., 2.]))
    """
    check_floats("predictions A", A)
    check_shape("targets T", T, A.shape, "the same shape as the predictions")
    check_dtype("targets T", T, A.dtype)
    check_batch("predictions A", A)
    diff = A - T
    return float(np.mean(diff * diff)), diff * (2 / diff.size)


def cross_entropy(Z: FloatArray, y: Array) -> tuple[float, FloatArray]:
    r"""Softmax cross-entropy from logits, in nats.

    .. math:: E = -\frac1N \sum_n \log p_{n y_n}, \qquad P = \mathrm{softmax}(Z), \qquad
              \frac{\partial E}{\partial Z} = \frac{P - Y}{N}

    With target distributions Y instead of labels: :math:`E = -\frac1N\sum_{n,c} y_{nc}\log
    p_{nc}`; a one-hot Y gives the same as its labels. The logarithm is taken by log-sum-exp,
    never of a rounded probability, so E stays finite for every finite Z.

    Parameters
    ----------
    Z : array (N, C)
        Logits.
    y : integer array (N,), or array (N, C) of Z's dtype
        Labels, or a distribution over the classes for each sample.

    Returns
    -------
    E : float
        In nats; log C for a net that finds every class equally likely.
    dZ : array (N, C)

    Raises
    ------
    ValueError
        On a wrong shape, an empty batch, a label out of range, a row that is no distribution.
    TypeError
        If labels are not integers, or a distribution has another dtype than Z.

    Examples
    --------
    >>> E, dZ = cross_entropy(np.zeros((1, 2)), np.array([1]))
    >>> round(E, 4), dZ
    (0.6931, array([[ 0.5, -0.5]]))
    """
    check_floats("logits Z", Z)
    if Z.ndim != 2:
        check_shape("logits Z", Z, ("N", "C"), "one row a sample, one column a class")
    check_batch("logits Z", Z)
    N, C = Z.shape
    if isinstance(y, np.ndarray) and y.ndim == 2:
        _check_distribution(y, Z)
        log_p = log_softmax(Z)
        return float(-np.vdot(y, log_p) / N), (np.exp(log_p) - y) / N
    check_labels(y, C, N)
    log_p = log_softmax(Z)
    rows = np.arange(N)
    E = 0.0 - float(log_p[rows, y].sum()) / N  # 0, not -0, for a perfect answer
    dZ = np.exp(log_p, out=log_p)
    dZ[rows, y] -= 1
    dZ *= 1 / N
    return E, dZ


def kl(Z: FloatArray, Y: FloatArray) -> tuple[float, FloatArray]:
    r"""Kullback-Leibler divergence from the softmax of Z to the target Y, in nats.

    .. math:: E = \frac1N \sum_n \mathrm{KL}(Y_n \,\|\, P_n)
                = \frac1N \sum_{n,c} y_{nc} \log\frac{y_{nc}}{p_{nc}}
                = \mathrm{CE} - H(Y), \qquad \frac{\partial E}{\partial Z} = \frac{P - Y}{N}

    The entropy H(Y) does not depend on Z, so the gradient is that of the cross-entropy; for
    one-hot targets H(Y) = 0 and the two are equal.

    Parameters
    ----------
    Z : array (N, C)
        Logits.
    Y : array (N, C), dtype of Z
        Target distributions; 0 log 0 counts as 0.

    Returns
    -------
    E : float
        In nats, never negative beyond rounding.
    dZ : array (N, C)

    Raises
    ------
    ValueError, TypeError
        As :func:`cross_entropy`.

    Examples
    --------
    >>> E, dZ = kl(np.log(np.array([[0.5, 0.5]])), np.array([[0.5, 0.5]]))
    >>> abs(E) < 1e-15, dZ
    (True, array([[0., 0.]]))
    """
    check_floats("logits Z", Z)
    check_shape("target distributions Y", Y, Z.shape, "a distribution for each row of the logits")
    E, dZ = cross_entropy(Z, Y)
    positive = Y[Y > 0]
    return E + float(np.vdot(positive, np.log(positive)) / len(Z)), dZ


def binary_cross_entropy(z: FloatArray, y: FloatArray) -> tuple[float, FloatArray]:
    r"""Cross-entropy of one sigmoid output, from its logit, in nats.

    .. math:: E = -\frac1N \sum_n \big[ y_n \log \sigma(z_n) + (1 - y_n) \log(1 - \sigma(z_n))
              \big], \qquad \frac{\partial E}{\partial z_n} = \frac{\sigma(z_n) - y_n}{N}

    Computed as :math:`\max(z, 0) - zy + \log(1 + e^{-|z|})`, which is finite for every finite z.

    Parameters
    ----------
    z : array (N,), (N, 1) or of any shape
        Logits; the mean runs over all of them.
    y : array, same shape and dtype
        Probabilities of the positive class, in [0, 1].

    Returns
    -------
    E : float
    dz : array, shape of z

    Raises
    ------
    ValueError
        If the shapes differ, there is no sample, or a target is outside [0, 1].
    TypeError
        If the dtypes differ.

    Examples
    --------
    >>> E, dz = binary_cross_entropy(np.array([0.0]), np.array([1.0]))
    >>> round(E, 4), dz
    (0.6931, array([-0.5]))
    """
    check_floats("logits z", z)
    check_shape("targets y", y, z.shape, "the same shape as the logits")
    check_dtype("targets y", y, z.dtype)
    check_batch("logits z", z)
    if not (y.min() >= 0 and y.max() <= 1):  # so put, it refuses NaN as well
        raise ValueError(f"targets y: expected values in [0, 1], got {y.min()}..{y.max()}")
    E = np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))
    return float(E.mean()), (sigmoid(z) - y) / z.size


def _check_distribution(Y: FloatArray, Z: FloatArray) -> None:
    check_shape("targets y", Y, Z.shape, "or one label a sample, shape (N,)")
    check_dtype("target distributions Y", Y, Z.dtype)
    sums = Y.sum(axis=1)
    if not (Y.min() >= 0 and abs(sums - 1).max() <= 1e-3):
        raise ValueError(
            f"target distributions Y: expected rows of numbers >= 0 that sum to 1, got a smallest "
            f"number of {Y.min():.4g} and sums {sums.min():.4g}..{sums.max():.4g}"
        )
