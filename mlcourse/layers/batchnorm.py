"""Batch normalisation."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mlcourse.checks import (
    FloatArray,
    check_batch,
    check_dtype,
    check_floats,
    check_range,
    check_shape,
)
from mlcourse.layers.base import Layer


class BatchNorm1d(Layer):
    r"""Batch normalisation over the samples of a batch, feature by feature.

    .. math:: \mu_B = \frac1N \sum_n z_n, \quad
              \sigma_B^2 = \frac1N \sum_n (z_n - \mu_B)^2, \quad
              \hat x = \frac{z - \mu_B}{\sqrt{\sigma_B^2 + \varepsilon}}, \quad
              y = \gamma \hat x + \beta

    .. math:: \frac{\partial E}{\partial z_n} = \frac{\gamma}{N \sqrt{\sigma_B^2 + \varepsilon}}
              \Big( N\, \partial y_n - \sum_k \partial y_k
                    - \hat x_n \sum_k \partial y_k\, \hat x_k \Big), \qquad
              \partial \gamma = \sum_n \partial y_n\, \hat x_n, \quad
              \partial \beta = \sum_n \partial y_n

    In evaluation mode the running averages stand in for the batch's statistics, and the samples
    do not interact. They are updated in training, as in PyTorch, by

    .. math:: \text{running} \leftarrow (1 - \text{momentum}) \cdot \text{running}
              + \text{momentum} \cdot \text{new}

    with the *unbiased* variance :math:`\frac{N}{N-1}\sigma_B^2`, although the batch itself is
    normalised with the biased one. Keras keeps the biased variance in both places, and its
    momentum weights the old value.

    Parameters
    ----------
    M : int
        Features.
    eps : float
        ε under the root.
    momentum : float
        Weight of the *new* value in the running averages, in [0, 1].
    unbiased : bool
        Whether the running variance is the unbiased one (PyTorch) or the biased one (Keras).
    dtype : numpy dtype

    Raises
    ------
    ValueError
        On an input that is not (N, M), and on a single sample in training: it has no variance.
    TypeError
        On an input of another dtype, or a dtype that is not floating-point.

    References
    ----------
    Ioffe and Szegedy (2015), "Batch normalization", algorithms 1 and 2.

    Examples
    --------
    >>> layer = BatchNorm1d(1, dtype=np.float64)
    >>> layer(np.array([[1.0], [3.0]])).round(3)
    array([[-1.],
           [ 1.]])
    >>> layer.running_mean, layer.running_var
    (array([0.2]), array([1.1]))
    """

    params = {"weight": "gamma", "bias": "beta"}  # noqa: RUF012
    buffers = ("running_mean", "running_var")

    def __init__(
        self,
        M: int,
        *,
        eps: float = 1e-5,
        momentum: float = 0.1,
        unbiased: bool = True,
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        check_range("features M", M, 1)
        self.eps = check_range("eps", eps, 0, closed="()")
        self.momentum = check_range("momentum", momentum, 0, 1, closed="[]")
        self.unbiased = unbiased
        self.gamma: FloatArray = np.ones(M, dtype)
        check_floats("BatchNorm1d gamma", self.gamma)
        self.beta: FloatArray = np.zeros(M, dtype)
        self.dgamma, self.dbeta = np.zeros_like(self.gamma), np.zeros_like(self.beta)
        self.running_mean: FloatArray = np.zeros(M, dtype)
        self.running_var: FloatArray = np.ones(M, dtype)

    def __repr__(self) -> str:
        return f"BatchNorm1d({self.gamma.size})"

    def forward(self, X: FloatArray) -> FloatArray:
        """Return γx̂ + β; in training, update the running averages."""
        check_shape("BatchNorm1d input X", X, ("N", self.gamma.size), "rows are samples")
        check_dtype("BatchNorm1d input X", X, self.gamma.dtype)
        check_batch("BatchNorm1d input X", X)
        N = len(X)
        if self.training:
            if N == 1:
                raise ValueError(
                    "BatchNorm1d input X: expected at least 2 samples in training, got 1; "
                    "use drop_last=True, or eval() to predict"
                )
            mean = X.mean(axis=0)
            centred = X - mean
            var = np.mean(centred * centred, axis=0)
            stored = var * (N / (N - 1)) if self.unbiased else var
            self.running_mean += self.momentum * (mean - self.running_mean)
            self.running_var += self.momentum * (stored - self.running_var)
        else:
            centred, var = X - self.running_mean, self.running_var
        inv_std = 1 / np.sqrt(var + self.eps)
        x_hat = centred * inv_std
        self._keep(X, (x_hat, inv_std, self.training))
        return self.gamma * x_hat + self.beta

    def backward(self, dY: FloatArray, input_gradient: bool = True) -> FloatArray:
        """Write dgamma and dbeta, and return dX."""
        x_hat, inv_std, trained = self._cached(dY)
        np.sum(dY * x_hat, axis=0, out=self.dgamma)
        np.sum(dY, axis=0, out=self.dbeta)
        if not trained:  # the statistics were constants: each sample on its own
            return dY * (self.gamma * inv_std)
        N = len(dY)
        return (self.gamma * inv_std / N) * (N * dY - self.dbeta - x_hat * self.dgamma)
