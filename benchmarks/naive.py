"""The textbook network in plain NumPy, written for reading and not for speed: the yardstick.

It does what tutorials do: a list of layers as dictionaries, one-hot labels, ``np.where`` for the
derivative of ReLU, the gradient of the input although nobody needs it, and an Adam that makes new
arrays for every parameter in every step.
"""

from __future__ import annotations

import numpy as np


def new_layers(weights):
    """Return a layer for each W, with b = 0 and Adam's averages v and s at 0."""
    layers = []
    for W in weights:
        layer = {"W": W.copy(), "b": np.zeros(W.shape[1], W.dtype)}
        for name in ("W", "b"):
            layer["v" + name] = np.zeros_like(layer[name])
            layer["s" + name] = np.zeros_like(layer[name])
        layers.append(layer)
    return layers


def forward(layers, X):
    """Return the logits; each layer remembers its input A and its output Z."""
    A = X
    for layer in layers:
        layer["A"] = A
        layer["Z"] = A @ layer["W"] + layer["b"]
        A = np.maximum(layer["Z"], 0)
    return layers[-1]["Z"]


def cross_entropy(Z, y):
    """Return the loss and its gradient with respect to the logits."""
    P = np.exp(Z - Z.max(axis=1, keepdims=True))
    P = P / P.sum(axis=1, keepdims=True)
    Y = np.eye(Z.shape[1], dtype=Z.dtype)[y]
    E = -np.mean(np.sum(Y * np.log(P + 1e-12), axis=1))
    return E, (P - Y) / len(y)


def backward(layers, dZ):
    """Store dW and db in each layer and return the gradient of the network's input."""
    for i in reversed(range(len(layers))):
        layer = layers[i]
        layer["dW"] = layer["A"].T @ dZ
        layer["db"] = dZ.sum(axis=0)
        dA = dZ @ layer["W"].T
        if i > 0:
            dZ = np.where(layers[i - 1]["Z"] > 0, dA, 0)
    return dA


def adam(layers, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """Take step number t, counted from 1."""
    for layer in layers:
        for name in ("W", "b"):
            g = layer["d" + name]
            layer["v" + name] = beta1 * layer["v" + name] + (1 - beta1) * g
            layer["s" + name] = beta2 * layer["s" + name] + (1 - beta2) * g**2
            v_hat = layer["v" + name] / (1 - beta1**t)
            s_hat = layer["s" + name] / (1 - beta2**t)
            layer[name] = layer[name] - lr * v_hat / (np.sqrt(s_hat) + eps)
