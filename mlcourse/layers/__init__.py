r"""Layers with hand-written backward passes: affine, activations, dropout, batch normalisation.

A layer's ``forward(X)`` keeps what ``backward(dY)`` needs and returns a fresh array;
``backward(dY)`` takes ∂E/∂Y, writes the gradients of the layer's parameters (the gradient of
``W`` is ``dW``) and returns ∂E/∂X. Rows are samples everywhere.
"""

from mlcourse.layers.activations import ReLU, Sigmoid, Tanh
from mlcourse.layers.base import Layer
from mlcourse.layers.batchnorm import BatchNorm1d
from mlcourse.layers.dropout import Dropout
from mlcourse.layers.linear import Linear

__all__ = ["BatchNorm1d", "Dropout", "Layer", "Linear", "ReLU", "Sigmoid", "Tanh"]
