"""The affine layer."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mlcourse.checks import (
    FloatArray,
    check_batch,
    check_dtype,
    check_floats,
    check_range,
    check_rng,
    check_shape,
)
from mlcourse.init import Initializer, he_normal
from mlcourse.layers.base import Layer


class Linear(Layer):
    r"""Affine layer: D inputs, M units.

    .. math:: Z = X W + b

    .. math:: \frac{\partial E}{\partial W} = X^\top \frac{\partial E}{\partial Z}, \qquad
              \frac{\partial E}{\partial b} = \sum_n \frac{\partial E}{\partial Z_n}, \qquad
              \frac{\partial E}{\partial X} = \frac{\partial E}{\partial Z} W^\top

    Shapes: X (N, D), W (D, M), b (M,), Z (N, M). PyTorch's ``nn.Linear`` stores the transpose of
    W, (M, D).

    Parameters
    ----------
    D, M : int
        Inputs and units.
    rng : numpy.random.Generator
        Source of the initial weights.
    init : callable
        ``init(D, M, rng=rng, dtype=dtype) -> W``, see :mod:`mlcourse.init`. b starts at 0.
    bias : bool
        Whether there is a b; before BatchNorm1d it is redundant.
    dtype : numpy dtype
        float32, or float64 for checks.

    Raises
    ------
    ValueError
        On an input that is not (N, D), or without samples.
    TypeError
        On an input of another dtype, a dtype that is not floating-point, or an rng that is no
        generator.

    Examples
    --------
    >>> layer = Linear(3, 2, rng=np.random.default_rng(0))
    >>> layer(np.ones((5, 3), np.float32)).shape
    (5, 2)
    """

    def __init__(
        self,
        D: int,
        M: int,
        *,
        rng: np.random.Generator,
        init: Initializer = he_normal,
        bias: bool = True,
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        check_range("inputs D", D, 1)
        check_range("units M", M, 1)
        check_rng("Linear rng", rng)
        self.W = init(D, M, rng=rng, dtype=dtype)
        check_floats("init's W", self.W)
        check_shape("init's W", self.W, (D, M))
        check_dtype("init's W", self.W, np.dtype(dtype), "use the dtype that init is given")
        self.dW = np.zeros_like(self.W)
        self.params = {"weight": "W"}
        if bias:
            self.b: FloatArray = np.zeros(M, dtype)
            self.db = np.zeros_like(self.b)
            self.params = {"weight": "W", "bias": "b"}

    def __repr__(self) -> str:
        D, M = self.W.shape
        return f"Linear({D}, {M}{'' if 'bias' in self.params else ', bias=False'})"

    def forward(self, X: FloatArray) -> FloatArray:
        """Return Z = XW + b."""
        check_shape("Linear input X", X, ("N", self.W.shape[0]), "rows are samples")
        check_dtype("Linear input X", X, self.W.dtype)
        check_batch("Linear input X", X)
        Z: FloatArray = X @ self.W
        if "bias" in self.params:
            Z += self.b
        self._keep(Z, X)
        return Z

    def backward(self, dY: FloatArray, input_gradient: bool = True) -> FloatArray | None:
        """Write dW and db, and return dX unless ``input_gradient`` is False."""
        X = self._cached(dY)
        np.matmul(X.T, dY, out=self.dW)
        if "bias" in self.params:
            np.add.reduce(dY, axis=0, out=self.db)
        return dY @ self.W.T if input_gradient else None
