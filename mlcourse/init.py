r"""Initial weights for an affine layer, and the bad choices the book learns from.

Every function is called as ``init(D, M, rng=rng)`` and returns ``W`` of shape (D, M), where
D = fan_in is the number of inputs and M = fan_out the number of units.
"""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from mlcourse.checks import FloatArray, check_range

__all__ = [
    "Initializer",
    "he_normal",
    "he_uniform",
    "normal",
    "xavier_normal",
    "xavier_uniform",
    "zeros",
]


class Initializer(Protocol):
    """What a layer expects of an initialisation: ``init(D, M, rng=rng, dtype=dtype) -> W``."""

    def __call__(
        self, D: int, M: int, *, rng: np.random.Generator, dtype: npt.DTypeLike = np.float32
    ) -> FloatArray:
        """Return the weights W (D, M)."""


def _normal(
    D: int, M: int, std: float, rng: np.random.Generator, dtype: npt.DTypeLike
) -> FloatArray:
    # Drawn in float64 whatever the dtype, so that one seed means one set of weights.
    return (std * rng.standard_normal((D, M))).astype(dtype)


def _uniform(
    D: int, M: int, limit: float, rng: np.random.Generator, dtype: npt.DTypeLike
) -> FloatArray:
    return rng.uniform(-limit, limit, (D, M)).astype(dtype)


def xavier_normal(
    D: int, M: int, *, rng: np.random.Generator, dtype: npt.DTypeLike = np.float32
) -> FloatArray:
    r"""Glorot (Xavier) normal initialisation, for tanh and other units linear around 0.

    .. math:: w \sim \mathcal N(0, \sigma_w^2), \qquad \sigma_w^2 = \frac{2}{D + M}

    A variance of 1/D would keep the activations' variance from layer to layer, 1/M that of the
    gradients; this is the compromise.

    References
    ----------
    Glorot and Bengio (2010), "Understanding the difficulty of training deep feedforward neural
    networks", section 4.2.

    Examples
    --------
    >>> W = xavier_normal(300, 100, rng=np.random.default_rng(0))
    >>> W.shape, W.dtype, round(float(W.var() * (300 + 100) / 2), 1)
    ((300, 100), dtype('float32'), 1.0)
    """
    return _normal(D, M, math.sqrt(2 / (D + M)), rng, dtype)


def xavier_uniform(
    D: int, M: int, *, rng: np.random.Generator, dtype: npt.DTypeLike = np.float32
) -> FloatArray:
    r"""Glorot (Xavier) uniform initialisation: the variance of :func:`xavier_normal`.

    .. math:: w \sim \mathcal U(-a, a), \qquad a = \sqrt{\frac{6}{D + M}}

    References
    ----------
    Glorot and Bengio (2010), equation 16.

    Examples
    --------
    >>> W = xavier_uniform(300, 100, rng=np.random.default_rng(0))
    >>> bool(abs(W).max() <= (6 / 400) ** 0.5)
    True
    """
    return _uniform(D, M, math.sqrt(6 / (D + M)), rng, dtype)


def he_normal(
    D: int, M: int, *, rng: np.random.Generator, dtype: npt.DTypeLike = np.float32
) -> FloatArray:
    r"""He normal initialisation, for ReLU units.

    .. math:: w \sim \mathcal N(0, \sigma_w^2), \qquad \sigma_w^2 = \frac{2}{D}

    ReLU sets half of a symmetric input to zero and so halves its second moment; the factor 2
    makes up for that.

    References
    ----------
    He et al. (2015), "Delving deep into rectifiers", equation 10.

    Examples
    --------
    >>> W = he_normal(300, 100, rng=np.random.default_rng(0))
    >>> round(float(W.var() * 300 / 2), 1)
    1.0
    """
    return _normal(D, M, math.sqrt(2 / D), rng, dtype)


def he_uniform(
    D: int, M: int, *, rng: np.random.Generator, dtype: npt.DTypeLike = np.float32
) -> FloatArray:
    r"""He uniform initialisation: the variance of :func:`he_normal`.

    .. math:: w \sim \mathcal U(-a, a), \qquad a = \sqrt{\frac{6}{D}}

    References
    ----------
    He et al. (2015), section 2.2.

    Examples
    --------
    >>> W = he_uniform(300, 100, rng=np.random.default_rng(0))
    >>> bool(abs(W).max() <= (6 / 300) ** 0.5)
    True
    """
    return _uniform(D, M, math.sqrt(6 / D), rng, dtype)


def normal(std: float) -> Initializer:
    r"""Normal initialisation with a standard deviation of your own, blind to the layer's size.

    .. math:: w \sim \mathcal N(0, \text{std}^2)

    Raises
    ------
    ValueError
        If ``std`` is negative or not finite.

    Examples
    --------
    >>> tiny = normal(std=0.01)
    >>> round(float(tiny(300, 100, rng=np.random.default_rng(0)).std()), 2)
    0.01
    """
    check_range("std", std, 0)

    def init(
        D: int, M: int, *, rng: np.random.Generator, dtype: npt.DTypeLike = np.float32
    ) -> FloatArray:
        return _normal(D, M, std, rng, dtype)

    return init


def zeros(
    D: int, M: int, *, rng: np.random.Generator | None = None, dtype: npt.DTypeLike = np.float32
) -> npt.NDArray[Any]:
    r"""All weights zero: a failure to learn from, since all units of a layer stay the same.

    .. math:: W = 0

    Examples
    --------
    >>> zeros(2, 3).sum()
    np.float32(0.0)
    """
    return np.zeros((D, M), dtype)
