"""The training step of each contender: forward, loss, backward, Adam's step.

Each function builds a network with the given weights and returns its step, a function of one batch,
and the batches as the library wants them. A library is imported by its own contender only.
``python contenders.py NAME`` answers run.py: on each line of input the arguments of ``measure`` as
JSON, on each line of output what it returned.
"""

from __future__ import annotations

import itertools
import json
import statistics
import sys
import time

import numpy as np

WARM_UP = 20  # steps before the first that is timed; then the losses are compared


def mlcourse(weights, batches):
    from mlcourse.losses import cross_entropy
    from mlcourse.network import mlp
    from mlcourse.optim import Adam

    net = mlp(sizes_of(weights), rng=np.random.default_rng(0))
    for layer, W in zip(net.layers[::2], weights, strict=True):
        layer.W[:] = W
    optimizer = Adam(net)

    def step(X, y):
        E, dZ = cross_entropy(net(X), y)
        net.backward(dZ)
        optimizer.step()
        return E

    return step, batches


def torch_eager(weights, batches, fused=None):
    import torch

    sizes = sizes_of(weights)
    layers = []
    for D, M, W in zip(sizes[:-1], sizes[1:], weights, strict=True):
        linear = torch.nn.Linear(D, M)
        linear.weight.data[:] = torch.from_numpy(W.T)
        linear.bias.data.zero_()
        layers += [linear, torch.nn.ReLU()]
    net = torch.nn.Sequential(*layers[:-1])
    optimizer = torch.optim.Adam(net.parameters(), fused=fused)

    def step(X, y):
        optimizer.zero_grad()
        E = torch.nn.functional.cross_entropy(net(X), y)
        E.backward()
        optimizer.step()
        return E.detach()

    return step, [(torch.from_numpy(X), torch.from_numpy(y)) for X, y in batches]


def torch_fused(weights, batches):
    return torch_eager(weights, batches, fused=True)


def sklearn(weights, batches):
    from sklearn.neural_network import MLPClassifier

    X, y = batches[0]
    net = MLPClassifier(sizes_of(weights)[1:-1], alpha=0, batch_size=len(X), shuffle=False)
    net.partial_fit(X, y, classes=np.arange(10))  # sets all up, at random
    for b, W, start in zip(net.intercepts_, net.coefs_, weights, strict=True):
        b[:], W[:] = 0, start
    del net._optimizer  # so that Adam starts from zero too

    def step(X, y):
        net.partial_fit(X, y)
        return net.loss_

    return step, batches


def naive(weights, batches):
    from naive import adam, backward, cross_entropy, forward, new_layers

    layers = new_layers(weights)
    steps = itertools.count(1)

    def step(X, y):
        E, dZ = cross_entropy(forward(layers, X), y)
        backward(layers, dZ)
        adam(layers, t=next(steps))
        return E

    return step, batches


CONTENDERS = {
    "PyTorch eager": torch_eager,
    "PyTorch, fused Adam": torch_fused,
    "mlcourse": mlcourse,
    "scikit-learn": sklearn,
    "naive NumPy": naive,
}


def sizes_of(weights):
    return [len(weights[0]), *(W.shape[1] for W in weights)]


def problem(sizes, batch_size):
    """Return weights to start from and 8 batches whose labels can be learnt, always the same."""
    rng = np.random.default_rng(0)
    weights = [
        rng.normal(0, np.sqrt(2 / D), (D, M)).astype(np.float32)
        for D, M in itertools.pairwise(sizes)
    ]
    teacher = rng.standard_normal((sizes[0], sizes[-1]))
    batches = []
    for _ in range(8):
        X = rng.standard_normal((batch_size, sizes[0]), dtype=np.float32)
        batches.append((X, np.argmax(X @ teacher, axis=1)))
    return weights, batches


def measure(contender, sizes, batch_size, steps):
    """Return the loss after the warm-up and the median seconds of one step after it."""
    step, batches = CONTENDERS[contender](*problem(sizes, batch_size))
    stream = itertools.cycle(batches)
    for X, y in itertools.islice(stream, WARM_UP):
        E = step(X, y)
    seconds = []
    for X, y in itertools.islice(stream, steps):
        start = time.perf_counter()
        step(X, y)
        seconds.append(time.perf_counter() - start)
    return float(E), statistics.median(seconds)


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(measure(sys.argv[1], *json.loads(line))), flush=True)
