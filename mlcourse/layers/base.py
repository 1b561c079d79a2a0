"""What every layer offers, and its place in a flat parameter vector."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlcourse.checks import Array, FloatArray, check_dtype, check_shape


class Layer:
    """Base of all layers: forward, backward, named parameters, and a place in a flat vector.

    Attributes
    ----------
    params : dict
        PyTorch's name of each parameter → the attribute that holds it, ``{"weight": "W"}``.
        The gradient of attribute ``W`` is ``dW``.
    buffers : tuple of str
        Attributes that are saved with the parameters but not trained (running statistics).
    training : bool
        Whether dropout drops and batch normalisation uses the batch's own statistics.
    """

    params: dict[str, str] = {}  # noqa: RUF012 - replaced, never changed in place
    buffers: tuple[str, ...] = ()
    training = True
    in_network = False

    _cache: Any = None
    _bound: frozenset[str] = frozenset()

    def forward(self, X: FloatArray) -> FloatArray:
        """Return the layer's output for the batch X.

        The layer may hold on to X and to its output until ``backward``: change neither in between.
        """
        raise NotImplementedError

    def backward(self, dY: FloatArray, input_gradient: bool = True) -> FloatArray | None:
        """Write the parameters' gradients for ∂E/∂Y = dY and return ∂E/∂X.

        The gradients belong to the latest ``forward`` and replace the earlier ones. With
        ``input_gradient=False`` a layer may skip ∂E/∂X, which the first layer seldom needs,
        and return None.
        """
        raise NotImplementedError

    def __call__(self, X: FloatArray) -> FloatArray:
        """Return ``forward(X)``."""
        return self.forward(X)

    def train(self, mode: bool = True) -> None:
        """Switch to training mode, or out of it with ``mode=False``."""
        self.training = mode

    def eval(self) -> None:
        """Switch to evaluation mode: no dropout, running statistics instead of the batch's."""
        self.train(False)

    @property
    def n_params(self) -> int:
        """Number of trainable values."""
        return sum(getattr(self, name).size for name in self.params.values())

    def bind(self, theta: FloatArray, grad: FloatArray) -> None:
        """Move the parameters into ``theta`` and the gradients into ``grad``, as views of them."""
        start = 0
        for name in self.params.values():
            value = getattr(self, name)
            stop = start + value.size
            for attribute, vector in ((name, theta), (f"d{name}", grad)):
                view = vector[start:stop].reshape(value.shape)
                view[...] = getattr(self, attribute)
                self.__dict__[attribute] = view
            start = stop
        self._bound = frozenset(self.params.values()) | {f"d{n}" for n in self.params.values()}

    def __setattr__(self, name: str, value: Any) -> None:
        # W lies in the network's theta. Another array in its place would be cut off from training,
        # without a word: so assigning to a bound array copies the values into it.
        if name not in self._bound:
            self.__dict__[name] = value
        elif value is not (place := self.__dict__[name]):
            check_shape(f"{type(self).__name__}.{name}", value, place.shape)
            check_dtype(f"{type(self).__name__}.{name}", value, place.dtype, "use astype")
            place[...] = value

    def named_arrays(self) -> dict[str, Array]:
        """Return the parameters and buffers under PyTorch's names: the arrays, no copies."""
        named = {key: getattr(self, name) for key, name in self.params.items()}
        return named | {name: getattr(self, name) for name in self.buffers}

    def __getstate__(self) -> dict[str, Any]:
        # A copy belongs to no network yet, and remembers no batch.
        return {k: v for k, v in self.__dict__.items() if k not in ("in_network", "_cache")}

    def _keep(self, Y: FloatArray, kept: Any) -> None:
        """Keep what the derivative needs, and what ∂E/∂Y must look like."""
        self._cache = Y.shape, Y.dtype, kept

    def _cached(self, dY: FloatArray) -> Any:
        if self._cache is None:
            raise RuntimeError(f"{type(self).__name__}: call forward before backward")
        shape, dtype, kept = self._cache
        if np.shape(dY) != shape or getattr(dY, "dtype", None) != dtype:
            what = f"{type(self).__name__} gradient dY"
            check_shape(what, dY, shape, "the shape of the output")
            check_dtype(what, dY, dtype, "the dtype of the output")
        return kept
