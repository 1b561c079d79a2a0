"""Train 784-256-128-10 on digits and count what it gets right of digits it has never seen.

    python benchmarks/mnist_accuracy.py                     # mini-MNIST: 7,000 digits
    python benchmarks/mnist_accuracy.py --data full --seed 1    # MNIST: 60,000 digits

Prints one line of JSON. The recipe was chosen on the validation digits of mini-MNIST; the test
digits are looked at once, here.
"""

from __future__ import annotations

import argparse
import json
import math
import time

import numpy as np

from mlcourse.data import Augment, DataLoader, mini_mnist, mnist, rotation, scale, translation
from mlcourse.losses import cross_entropy
from mlcourse.network import mlp
from mlcourse.optim import Adam
from mlcourse.training import accuracy, fit

EPOCHS, LR = 20, 2e-3


def train(X, y, seed):
    """Return the trained network and the history of its training."""
    rng = np.random.default_rng(seed)
    net = mlp([784, 256, 128, 10], dropout=0.1, rng=rng)
    optimizer = Adam(net, lr=LR)
    augment = Augment([rotation(10), scale(0.1), translation(1)], rng=rng)
    loader = DataLoader(X, y, batch_size=64, rng=rng, transform=augment)

    def anneal(epoch, history):
        optimizer.lr = LR * 0.5 * (1 + math.cos(math.pi * (epoch + 1) / EPOCHS))

    history = fit(net, cross_entropy, optimizer, loader, epochs=EPOCHS, on_epoch=anneal)
    return net, history


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", choices=["mini", "full"], default="mini")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    digits = mini_mnist() if args.data == "mini" else mnist()
    start = time.perf_counter()
    net, history = train(*digits.train, args.seed)
    result = {
        "data": args.data,
        "seed": args.seed,
        "samples": len(digits.train.X),
        "epochs": EPOCHS,
        "iterations": len(history.loss),
        "seconds": round(time.perf_counter() - start, 1),
        "test_accuracy": round(accuracy(net, *digits.test), 4),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
