"""The bridge to PyTorch: networks there and back, weights transposed on the way.

PyTorch is imported inside the functions only, so that the rest of the course runs without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlcourse.init import zeros
from mlcourse.layers import BatchNorm1d, Dropout, Layer, Linear, ReLU, Sigmoid, Tanh
from mlcourse.network import Sequential

if TYPE_CHECKING:
    import torch

__all__ = ["from_torch", "to_torch"]


def to_torch(net: Sequential) -> torch.nn.Sequential:
    """Return the module that computes what ``net`` computes: a copy, each layer in its mode.

    W (in, out) becomes ``weight`` (out, in).

    Raises
    ------
    TypeError
        If the network holds a layer that PyTorch has no counterpart for.
    ImportError
        If PyTorch is not installed.

    Examples
    --------
    >>> from mlcourse.network import mlp
    >>> to_torch(mlp([4, 3, 2], rng=np.random.default_rng(0)))
    Sequential(
      (0): Linear(in_features=4, out_features=3, bias=True)
      (1): ReLU()
      (2): Linear(in_features=3, out_features=2, bias=True)
    )
    """
    from torch import nn

    module = nn.Sequential(*(_layer_to_torch(layer) for layer in net.layers))
    for copied, layer in zip((module, *module), (net, *net.layers), strict=True):
        copied.training = layer.training
    return module


def from_torch(module: torch.nn.Sequential, *, rng: np.random.Generator) -> Sequential:
    """Return the network that computes what ``module`` computes: a copy, each layer in its mode.

    ``weight`` (out, in) becomes W (in, out).

    Parameters
    ----------
    module : torch.nn.Sequential
        Of Linear, BatchNorm1d, Dropout, Sigmoid, Tanh, ReLU, and Sequentials of these.
    rng : numpy.random.Generator
        Source of the masks, should there be dropout; nothing else is random.

    Raises
    ------
    TypeError
        If it holds any other module.

    Examples
    --------
    >>> import torch
    >>> module = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Tanh())
    >>> from_torch(module, rng=np.random.default_rng(0))
    Sequential([Linear(4, 3), Tanh()])
    """
    net = Sequential([_layer_from_torch(child, rng) for child in module])
    for copied, layer in zip((net, *net.layers), (module, *module), strict=True):
        copied.training = layer.training
    return net


def _layer_to_torch(layer: Layer) -> torch.nn.Module:
    import torch
    from torch import nn

    if isinstance(layer, Sequential):
        return to_torch(layer)
    if isinstance(layer, Dropout):
        return nn.Dropout(layer.p)
    for ours, theirs in ((Sigmoid, nn.Sigmoid), (Tanh, nn.Tanh), (ReLU, nn.ReLU)):
        if type(layer) is ours:
            return theirs()
    arrays = {key: torch.from_numpy(array.T.copy()) for key, array in layer.named_arrays().items()}
    if isinstance(layer, Linear):
        D, M = layer.W.shape
        module: nn.Module = nn.Linear(D, M, bias="bias" in arrays, dtype=arrays["weight"].dtype)
    elif isinstance(layer, BatchNorm1d) and layer.unbiased:
        module = nn.BatchNorm1d(
            layer.gamma.size, layer.eps, layer.momentum, dtype=arrays["weight"].dtype
        )
    else:
        raise TypeError(f"to_torch: PyTorch has no counterpart for {layer!r}")
    module.load_state_dict(module.state_dict() | arrays)
    return module


def _layer_from_torch(module: torch.nn.Module, rng: np.random.Generator) -> Layer:
    from torch import nn

    if isinstance(module, nn.Sequential):
        return from_torch(module, rng=rng)
    if isinstance(module, nn.Dropout):
        return Dropout(module.p, rng=rng)
    for theirs, ours in ((nn.Sigmoid, Sigmoid), (nn.Tanh, Tanh), (nn.ReLU, ReLU)):
        if type(module) is theirs:
            return ours()
    state: dict[str, Any] = {
        key: tensor.detach().cpu().numpy().T for key, tensor in module.state_dict().items()
    }
    layer: Layer
    if isinstance(module, nn.Linear):
        layer = Linear(
            module.in_features,
            module.out_features,
            rng=rng,
            init=zeros,
            bias="bias" in state,
            dtype=state["weight"].dtype,
        )
    elif isinstance(module, nn.BatchNorm1d) and "weight" in state and "running_mean" in state:
        if module.momentum is None:
            raise TypeError("from_torch: BatchNorm1d with momentum=None has no counterpart")
        layer = BatchNorm1d(
            module.num_features,
            eps=module.eps,
            momentum=module.momentum,
            dtype=state["weight"].dtype,
        )
    else:
        raise TypeError(
            "from_torch: expected Linear, BatchNorm1d (affine, with running statistics), Dropout, "
            f"Sigmoid, Tanh, ReLU or Sequential, got {module!r}"
        )
    for key, array in layer.named_arrays().items():
        array[...] = state[key]
    return layer
