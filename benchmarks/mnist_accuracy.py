"""Train 784-256-128-10 on digits and count what it gets right of digits it has never seen.

    python benchmarks/mnist_accuracy.py                     # mini-MNIST: 7,000 digits
    python benchmarks/mnist_accuracy.py --data full --seed 1    # MNIST: 60,000 digits
    python benchmarks/mnist_accuracy.py --record            # both, three seeds each, for the page

Prints one line of JSON for each training. The recipe was chosen on the validation digits of
mini-MNIST; the test digits are looked at once, here.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from pathlib import Path

# More threads are slower on matrices of this size; must be set before NumPy is loaded.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from mlcourse.data import Augment, DataLoader, mini_mnist, mnist, rotation, scale, translation
from mlcourse.experiments import recorded
from mlcourse.losses import cross_entropy
from mlcourse.network import mlp
from mlcourse.optim import Adam
from mlcourse.training import accuracy, fit

EPOCHS, LR = 20, 2e-3
RECORD = Path(__file__).with_suffix(".json")


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


def measure(data, seed):
    """Train once and return what came of it."""
    digits = mini_mnist() if data == "mini" else mnist()
    start = time.perf_counter()
    net, history = train(*digits.train, seed)
    result = {
        "data": data,
        "seed": seed,
        "samples": len(digits.train.X),
        "epochs": EPOCHS,
        "iterations": len(history.loss),
        "seconds": round(time.perf_counter() - start, 1),
        "test_accuracy": round(accuracy(net, *digits.test), 4),
    }
    print(json.dumps(result), flush=True)
    return result


def markdown(record):
    """Return the table of the page."""
    lines = [
        f"Measured on {record['date']} on {record['machine']}, one BLAS thread, Python "
        f"{record['python']}, NumPy {record['numpy']}.",
        "",
        "| training digits | seed | updates | time | right on the test digits |",
        "|--:|--:|--:|--:|--:|",
    ]
    for r in record["result"]:
        lines.append(
            f"| {r['samples']:,} | {r['seed']} | {r['iterations']:,} | {r['seconds']:.0f} s "
            f"| {r['test_accuracy']:.2%} |"
        )
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", choices=["mini", "full"], default="mini")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--record", action="store_true")
    args = parser.parse_args()
    if not args.record:
        measure(args.data, args.seed)
        return
    RECORD.unlink(missing_ok=True)
    runs = [(data, seed) for data in ("mini", "full") for seed in (0, 1, 2)]
    record = recorded(RECORD, lambda: [measure(*run) for run in runs])
    RECORD.with_suffix(".md").write_text(markdown(record), encoding="utf-8")


if __name__ == "__main__":
    main()
