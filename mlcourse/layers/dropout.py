"""Dropout."""

from __future__ import annotations

import numpy as np

from mlcourse.checks import FloatArray, check_floats, check_range, check_rng
from mlcourse.layers.base import Layer


class Dropout(Layer):
    r"""Inverted dropout: in training each value is dropped with probability p.

    .. math:: Y = X \odot \frac{R}{1 - p}, \qquad r_{nm} \sim \mathrm{Bernoulli}(1 - p), \qquad
              \mathbb E[Y] = X, \qquad \mathrm{Var}[y] = \frac{p}{1 - p}\, x^2

    In evaluation mode it does nothing, thanks to the scaling by 1/(1 - p) in training.

    Parameters
    ----------
    p : float
        Probability of *dropping*, in [0, 1).
    rng : numpy.random.Generator
        Source of the masks.

    Raises
    ------
    ValueError
        If p is out of range.
    TypeError
        If rng is no generator, or the input no array of floating-point numbers.

    References
    ----------
    Srivastava et al. (2014), "Dropout: a simple way to prevent neural networks from
    overfitting".

    Examples
    --------
    >>> layer = Dropout(0.5, rng=np.random.default_rng(0))
    >>> layer(np.ones((1, 6)))
    array([[2., 0., 0., 0., 2., 2.]])
    >>> layer.eval()
    >>> layer(np.ones((1, 6)))
    array([[1., 1., 1., 1., 1., 1.]])
    """

    def __init__(self, p: float, *, rng: np.random.Generator) -> None:
        self.p = check_range("p", p, 0, 1)
        check_rng("Dropout rng", rng)
        self.rng = rng

    def __repr__(self) -> str:
        return f"Dropout({self.p})"

    def forward(self, X: FloatArray) -> FloatArray:
        """Return X with dropped values in training, a copy of X otherwise."""
        check_floats("Dropout input X", X)
        if not self.training:
            self._keep(X, None)
            return X.copy()
        keep = self.rng.random(X.shape, dtype=X.dtype) >= self.p
        mask = keep * X.dtype.type(1 / (1 - self.p))
        self._keep(X, mask)
        return X * mask

    def backward(self, dY: FloatArray, input_gradient: bool = True) -> FloatArray:
        """Return dY through the mask of the latest forward."""
        mask = self._cached(dY)
        return dY.copy() if mask is None else dY * mask
