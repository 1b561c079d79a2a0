"""Networks: layers in sequence over one parameter vector, the course's MLP, and ensembles."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mlcourse.checks import Array, FloatArray, check_dtype, check_range, check_shape
from mlcourse.functional import log_softmax
from mlcourse.init import Initializer, he_normal, xavier_normal
from mlcourse.layers import BatchNorm1d, Dropout, Layer, Linear, ReLU, Sigmoid, Tanh

__all__ = ["Ensemble", "Sequential", "evaluation", "mlp"]

_ACTIVATIONS: dict[str, type[Layer]] = {"relu": ReLU, "sigmoid": Sigmoid, "tanh": Tanh}


class Sequential(Layer):
    r"""Layers applied one after the other, with all parameters in one vector.

    .. math:: A_0 = X, \qquad A_l = f_l(A_{l-1}), \qquad Y = A_L

    ``theta`` (P,) holds every parameter and ``grad`` (P,) every gradient; each layer's ``W``,
    ``b``, ``dW``, ``db`` are views into the two, so an optimizer works on two vectors and knows
    no layers. ``backward`` overwrites ``grad``: there is nothing to reset between steps.

    Parameters
    ----------
    layers : sequence of Layer
        Each layer belongs to one network only. A Sequential may be a layer of another.

    Raises
    ------
    ValueError
        If there is no layer, or one already belongs to a network.
    TypeError
        If one is no layer, or the layers' dtypes differ.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> net = Sequential([Linear(4, 3, rng=rng), ReLU(), Linear(3, 2, rng=rng)])
    >>> net(np.zeros((5, 4), np.float32)).shape, net.theta.shape
    ((5, 2), (23,))
    >>> net.theta[:] = 0
    >>> float(abs(net.layers[0].W).max())
    0.0
    """

    theta: FloatArray
    grad: FloatArray

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = tuple(layers)  # a layer added later would lie outside of theta
        if not self.layers:
            raise ValueError("Sequential: expected at least one layer, got none")
        for i, layer in enumerate(self.layers):
            if not isinstance(layer, Layer):
                raise TypeError(f"Sequential: expected layers, such as ReLU(), got {layer!r}")
            if layer.in_network or layer in self.layers[:i]:
                raise ValueError(
                    f"{layer!r} already belongs to a network; use copy.deepcopy(layer) to have "
                    "the same values in another"
                )
        arrays = self.named_arrays()
        dtype = next((a.dtype for a in arrays.values()), np.dtype(np.float32))
        for key, array in arrays.items():
            check_dtype(f"Sequential parameter {key}", array, dtype)
        self.bind(np.zeros(self.n_params, dtype), np.zeros(self.n_params, dtype))

    def __repr__(self) -> str:
        return f"Sequential([{', '.join(map(repr, self.layers))}])"

    @property
    def n_params(self) -> int:
        """Number of trainable values, P."""
        return sum(layer.n_params for layer in self.layers)

    def bind(self, theta: FloatArray, grad: FloatArray) -> None:
        """Move all parameters into ``theta`` and all gradients into ``grad``, as views of them."""
        start = 0
        for layer in self.layers:
            stop = start + layer.n_params
            layer.bind(theta[start:stop], grad[start:stop])
            layer.in_network = True
            start = stop
        self.__dict__ |= {"theta": theta, "grad": grad, "_bound": frozenset(("theta", "grad"))}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # copy.deepcopy and pickle copy every view into an array of its own: join them again.
        self.__dict__.update(state)
        self.bind(self.theta, self.grad)

    def forward(self, X: FloatArray) -> FloatArray:
        """Return the output of the last layer."""
        for layer in self.layers:
            X = layer.forward(X)
        return X

    def backward(self, dY: FloatArray, input_gradient: bool = False) -> FloatArray | None:
        """Write all gradients for ∂E/∂(output) = dY.

        The gradient with respect to the network's own input is computed, and returned, only on
        demand: it costs as much as the first layer's forward pass.
        """
        first = 0
        if not input_gradient:  # stop at the first layer that has something to learn
            first = next((i for i, layer in enumerate(self.layers) if layer.n_params), 0)
        gradient: FloatArray | None = dY
        for i in range(len(self.layers) - 1, first - 1, -1):
            assert gradient is not None
            gradient = self.layers[i].backward(gradient, input_gradient or i > first)
        return gradient if input_gradient else None

    def train(self, mode: bool = True) -> None:
        """Switch every layer to training mode, or out of it with ``mode=False``."""
        self.training = mode
        for layer in self.layers:
            layer.train(mode)

    def _leaves(self) -> Iterator[Layer]:
        return (layer for _, layer in self._named_leaves())

    def _named_leaves(self, prefix: str = "") -> Iterator[tuple[str, Layer]]:
        for i, layer in enumerate(self.layers):
            if isinstance(layer, Sequential):
                yield from layer._named_leaves(f"{prefix}{i}.")
            else:
                yield f"{prefix}{i}.", layer

    def named_arrays(self) -> dict[str, Array]:
        """Return all parameters and running statistics under PyTorch's names: no copies."""
        return {
            prefix + key: array
            for prefix, layer in self._named_leaves()
            for key, array in layer.named_arrays().items()
        }

    def weight_mask(self) -> npt.NDArray[np.bool_]:
        """Return which entries of ``theta`` are weights W, the ones that regularisers penalise."""
        mask = [
            np.full(getattr(layer, name).size, name == "W")
            for layer in self._leaves()
            for name in layer.params.values()
        ]
        return np.concatenate(mask) if mask else np.zeros(0, np.bool_)

    def state_dict(self) -> dict[str, Array]:
        """Return copies of all parameters and running statistics, under PyTorch's names.

        Examples
        --------
        >>> list(mlp([4, 3, 2], rng=np.random.default_rng(0)).state_dict())
        ['0.weight', '0.bias', '2.weight', '2.bias']
        """
        return {key: array.copy() for key, array in self.named_arrays().items()}

    def load_state_dict(self, state: dict[str, Array]) -> None:
        """Copy the arrays of ``state`` into this network.

        Raises
        ------
        ValueError
            If a name is missing or unknown or a shape differs; nothing is changed then.
        TypeError
            If a dtype differs.
        """
        own = self.named_arrays()
        if own.keys() != state.keys():
            raise ValueError(
                f"state: expected {', '.join(own)}, got {', '.join(state)}; "
                "build the network as it was when its state was saved"
            )
        for key, array in own.items():
            check_shape(f"state {key}", state[key], array.shape)
            check_dtype(f"state {key}", state[key], array.dtype)
        for key, array in own.items():
            array[...] = state[key]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all parameters and running statistics to ``path`` (.npz, no pickle).

        The file appears whole or not at all.
        """
        path = Path(path)
        partial = path.with_name(path.name + ".part")
        try:
            with partial.open("wb") as file:
                np.savez(file, **self.state_dict())  # type: ignore[arg-type]
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)

    def load(self, path: str | os.PathLike[str]) -> None:
        """Read what :meth:`save` wrote into this network.

        Raises
        ------
        ValueError, TypeError
            If the file is not such a file, is damaged, or is of another network; nothing is
            changed then.
        """
        with open(path, "rb") as file:
            try:
                with np.load(file, allow_pickle=False) as arrays:
                    state = dict(arrays)
            except Exception as error:  # a damaged file makes NumPy raise almost anything
                raise ValueError(
                    f"{path}: expected an intact file written by Sequential.save, got another"
                ) from error
        self.load_state_dict(state)


def mlp(
    sizes: Sequence[int],
    *,
    rng: np.random.Generator,
    activation: str = "relu",
    init: Initializer | None = None,
    dropout: float = 0.0,
    batch_norm: bool = False,
    dtype: npt.DTypeLike = np.float32,
) -> Sequential:
    r"""Build a multi-layer perceptron: affine layers with an activation between them.

    .. math:: A_l = f(A_{l-1} W_l + b_l), \quad l < L, \qquad Z = A_{L-1} W_L + b_L

    The last layer returns logits: its softmax is part of the loss. A layer from D to M units has
    DM + M parameters; ``mlp([784, 256, 128, 10])`` has 235,146.

    Parameters
    ----------
    sizes : sequence of int
        Inputs, hidden units, outputs; at least two numbers.
    rng : numpy.random.Generator
        Source of the weights, and of the dropout masks later.
    activation : {"relu", "sigmoid", "tanh"}
    init : callable, optional
        Initialisation of every W; by default He for ReLU, Xavier otherwise.
    dropout : float
        Probability of dropping a hidden unit; 0 builds no dropout layers.
    batch_norm : bool
        Whether to normalise between each hidden affine layer, then without bias, and its
        activation.
    dtype : numpy dtype

    Returns
    -------
    Sequential

    Raises
    ------
    ValueError
        On fewer than two sizes, a size below 1, or an unknown activation.

    Examples
    --------
    >>> net = mlp([784, 256, 128, 10], rng=np.random.default_rng(0))
    >>> net.n_params
    235146
    >>> mlp([2, 3, 1], activation="tanh", batch_norm=True, rng=np.random.default_rng(0))
    Sequential([Linear(2, 3, bias=False), BatchNorm1d(3), Tanh(), Linear(3, 1)])
    """
    if len(sizes) < 2:
        raise ValueError(f"sizes: expected inputs, any hidden units, outputs, got {list(sizes)}")
    if activation not in _ACTIVATIONS:
        raise ValueError(f"activation: expected one of {sorted(_ACTIVATIONS)}, got {activation!r}")
    check_range("dropout", dropout, 0, 1)
    if init is None:
        init = he_normal if activation == "relu" else xavier_normal
    layers: list[Layer] = []
    for D, M in itertools.pairwise(sizes[:-1]):
        layers.append(Linear(D, M, rng=rng, init=init, bias=not batch_norm, dtype=dtype))
        if batch_norm:
            layers.append(BatchNorm1d(M, dtype=dtype))
        layers.append(_ACTIVATIONS[activation]())
        if dropout:
            layers.append(Dropout(dropout, rng=rng))
    layers.append(Linear(sizes[-2], sizes[-1], rng=rng, init=init, dtype=dtype))
    return Sequential(layers)


@contextmanager
def evaluation(net: Sequential) -> Iterator[None]:
    """Put ``net`` into evaluation mode for a while, and each layer back into its own mode.

    Examples
    --------
    >>> net = mlp([2, 2], rng=np.random.default_rng(0))
    >>> with evaluation(net):
    ...     net.training
    False
    >>> net.training
    True
    """
    mode, modes = net.training, [(layer, layer.training) for layer in net._leaves()]
    net.eval()
    try:
        yield
    finally:
        net.train(mode)
        for layer, own_mode in modes:
            layer.train(own_mode)


class Ensemble:
    r"""Several classifiers whose probabilities are averaged.

    .. math:: \bar P = \frac1K \sum_k \mathrm{softmax}(Z^{(k)})

    Calling it returns :math:`\log \bar P`, which serves as logits: its softmax is
    :math:`\bar P`. The members always run in evaluation mode, with their own running statistics.

    Parameters
    ----------
    nets : sequence of Sequential
        The members; they are used, not copied.

    Raises
    ------
    ValueError
        If there is no member.

    Examples
    --------
    >>> nets = [mlp([4, 3], rng=np.random.default_rng(seed)) for seed in range(5)]
    >>> Ensemble(nets)(np.ones((2, 4), np.float32)).shape
    (2, 3)
    """

    def __init__(self, nets: Sequence[Sequential]) -> None:
        self.nets = list(nets)
        if not self.nets:
            raise ValueError("Ensemble: expected at least one network, got none")

    def __call__(self, X: FloatArray) -> FloatArray:
        """Return the logarithm of the averaged probabilities, (N, C)."""
        log_ps = []
        for net in self.nets:
            with evaluation(net):
                log_ps.append(log_softmax(net(X)))
        return np.logaddexp.reduce(log_ps) - math.log(len(log_ps))
