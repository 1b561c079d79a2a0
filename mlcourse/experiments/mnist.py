r"""The complete MNIST: four networks, from the classical table to everything in this book.

    python -m mlcourse.experiments.mnist                  # all runs, or what is left of them
    python -m mlcourse.experiments.mnist --seeds 0        # one run of each network
    python -m mlcourse.experiments.mnist --held-out       # score on 10,000 training digits instead

The results go into one file, with seeds, times, versions and machine. Stop it at any time with
Ctrl-C: the same command goes on after the last epoch that was finished, and ends with the same
numbers as if nothing had happened. Choose with ``--held-out``; the test digits are for the end.
"""

from __future__ import annotations

import os

if __name__ == "__main__":  # more threads are slower here; it counts before NumPy is loaded
    for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(_name, "1")

import argparse
import functools
import json
import math
import pickle
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mlcourse.data import Augment, DataLoader, mnist, rotation, scale, shear, translation
from mlcourse.data.digits import Part
from mlcourse.experiments import recorded
from mlcourse.functional import softmax
from mlcourse.losses import cross_entropy
from mlcourse.network import Sequential, mlp
from mlcourse.optim import SGD, AdamW, Optimizer
from mlcourse.training import History, fit, predict

__all__ = ["RECIPES", "Recipe", "errors", "train"]


@dataclass(frozen=True)
class Recipe:
    r"""How a network is built and trained.

    The rate falls along half a cosine if ``anneal``, t counted in epochs from 0 to T:

    .. math:: \eta_t = \tfrac12 \eta_0 \bigl(1 + \cos(\pi t / T)\bigr)

    Examples
    --------
    >>> recipe = Recipe((784, 10), epochs=2, lr=0.1, anneal=True)
    >>> [round(recipe.rate(t), 3) for t in (0, 1, 2)]
    [0.1, 0.05, 0.0]
    """

    sizes: tuple[int, ...]
    epochs: int
    lr: float
    batch_size: int = 64
    momentum: float = 0.0
    adamw: bool = False  # otherwise SGD
    weight_decay: float = 0.0
    batch_norm: bool = False
    dropout: float = 0.0
    augment: bool = False
    anneal: bool = False

    def network(self, rng: np.random.Generator) -> Sequential:
        """Return a new network with He's initialisation."""
        return mlp(self.sizes, rng=rng, dropout=self.dropout, batch_norm=self.batch_norm)

    def optimizer(self, net: Sequential) -> Optimizer:
        """Return the optimizer of a network."""
        if self.adamw:
            return AdamW(net, lr=self.lr, weight_decay=self.weight_decay)
        return SGD(net, lr=self.lr, momentum=self.momentum, weight_decay=self.weight_decay)

    def loader(self, part: Part, rng: np.random.Generator) -> DataLoader:
        """Return the batches of an epoch, deformed anew in each if ``augment``."""
        deform = Augment([rotation(12), scale(0.12), shear(0.2), translation(2)], rng=rng)
        transform = deform if self.augment else None
        return DataLoader(*part, batch_size=self.batch_size, rng=rng, transform=transform)

    def rate(self, epoch: int) -> float:
        """Return the learning rate of an epoch."""
        if not self.anneal:
            return self.lr
        return self.lr * 0.5 * (1 + math.cos(math.pi * epoch / self.epochs))


_EVERYTHING = Recipe(
    (784, 512, 512, 10), epochs=40, lr=2e-3, adamw=True, weight_decay=0.05, batch_norm=True,
    dropout=0.3, anneal=True,
)  # fmt: skip
RECIPES = {
    "784-300-10": Recipe((784, 300, 10), epochs=20, lr=0.1),
    "784-500-150-10": Recipe((784, 500, 150, 10), epochs=20, lr=0.1),
    "this book's": _EVERYTHING,
    "with augmentation": Recipe(
        **{**asdict(_EVERYTHING), "dropout": 0.1, "epochs": 60, "augment": True}
    ),
}


def train(
    recipe: Recipe, part: Part, seed: int, checkpoint: str | os.PathLike[str] | None = None
) -> tuple[Sequential, float]:
    """Train a network and return it with the seconds that it took.

    Parameters
    ----------
    recipe : Recipe
    part : Part
        Images (N, 784) and labels (N,).
    seed : int
        Of the weights, the order of the digits, dropout and augmentation.
    checkpoint : path, optional
        Where to keep the state after each epoch. A training that finds the file goes on from
        there, and reaches the same weights as one that was not interrupted. The file is a pickle:
        take none from strangers.

    Returns
    -------
    net : Sequential
    seconds : float
        Of all epochs, those before an interruption included.

    Raises
    ------
    KeyboardInterrupt
        On Ctrl-C; the last finished epoch is in ``checkpoint``.

    Examples
    --------
    >>> from mlcourse.data import mini_mnist
    >>> net, seconds = train(Recipe((784, 10), epochs=1, lr=0.1), mini_mnist().train, seed=0)
    >>> errors(net, mini_mnist().test)["error"] < 0.25
    True
    """
    path = Path(checkpoint) if checkpoint is not None else None
    if path is not None and path.exists():
        # One pickle for all keeps what they share: θ, and the generator of the dropout layers.
        net, optimizer, rng, done, before = pickle.loads(path.read_bytes())
    else:
        rng = np.random.default_rng(seed)
        net = recipe.network(rng)
        optimizer, done, before = recipe.optimizer(net), 0, 0.0
    if done == recipe.epochs:
        return net, before

    def after(epoch: int, history: History) -> None:
        finished = done + epoch + 1
        optimizer.lr = recipe.rate(finished)
        if path is not None:
            state = net, optimizer, rng, finished, before + history.seconds[-1]
            partial = path.with_name(path.name + ".part")
            partial.write_bytes(pickle.dumps(state))
            partial.replace(path)

    loader = recipe.loader(part, rng)
    history = fit(
        net, cross_entropy, optimizer, loader, epochs=recipe.epochs - done, on_epoch=after
    )
    if history.interrupted:
        raise KeyboardInterrupt
    return net, before + history.seconds[-1]


def errors(net: Sequential, part: Part, worst: int = 24, bins: int = 10) -> dict[str, Any]:
    r"""Return what a network gets wrong, and how sure it is.

    Calibration sorts the digits into ``bins`` of equal width by confidence, the largest
    probability of each. Of a bin it keeps the number of digits, their mean confidence and the
    share that is right. The expected calibration error is

    .. math:: \mathrm{ECE} = \sum_b \frac{n_b}{N} \, |\mathrm{right}_b - \mathrm{confidence}_b|

    Returns
    -------
    dict
        ``error``, the share that is wrong; ``confusion`` (C, C), a row for each true class;
        ``calibration``, [n, confidence, right] of each bin that is not empty; ``ece``; ``worst``,
        the rows of X that are wrong with the highest confidence, with label, answer and
        confidence.

    References
    ----------
    Guo et al. (2017), "On calibration of modern neural networks".

    Examples
    --------
    >>> from mlcourse.data import mini_mnist
    >>> net = mlp([784, 10], rng=np.random.default_rng(0))
    >>> found = errors(net, mini_mnist().test)
    >>> np.array(found["confusion"]).sum(axis=1).tolist() == [150] * 10
    True
    """
    P = softmax(predict(net, part.X))
    answer, sure, y = P.argmax(axis=1), P.max(axis=1), part.y
    right = answer == y
    confusion = np.zeros((P.shape[1], P.shape[1]), int)
    np.add.at(confusion, (y, answer), 1)
    bin_of = np.minimum((sure * bins).astype(int), bins - 1)
    calibration = [
        [
            int((bin_of == b).sum()),
            float(sure[bin_of == b].mean()),
            float(right[bin_of == b].mean()),
        ]
        for b in np.unique(bin_of)
    ]
    rows = np.flatnonzero(~right)
    rows = rows[np.argsort(-sure[rows], kind="stable")][:worst]
    return {
        "error": float(1 - right.mean()),
        "confusion": confusion.tolist(),
        "calibration": calibration,
        "ece": sum(n * abs(share - confidence) for n, confidence, share in calibration) / len(y),
        "worst": [[int(n), int(y[n]), int(answer[n]), float(sure[n])] for n in rows],
    }


@functools.cache
def _parts(held_out: bool) -> tuple[Part, Part]:
    """Return the digits to learn from and those to judge by."""
    digits = mnist()
    if not held_out:
        return digits.train, digits.test
    X, y = digits.train
    return Part(X[:50_000], y[:50_000]), Part(X[50_000:], y[50_000:])


def _measure(names: list[str], seeds: list[int], held_out: bool, folder: Path) -> list[Any]:
    """Return one dict for each network and seed; those in ``folder`` are not trained again."""
    folder.mkdir(parents=True, exist_ok=True)
    runs = []
    for name in names:
        for seed in seeds:
            finished = folder / f"{list(RECIPES).index(name)}-{seed}.json"
            if not finished.exists():
                print(f"{name}, seed {seed}", flush=True)
                recipe = RECIPES[name]
                learn, judge = _parts(held_out)
                net, seconds = train(recipe, learn, seed, finished.with_suffix(".pickle"))
                run = {
                    "name": name,
                    "seed": seed,
                    "recipe": asdict(recipe),
                    "parameters": net.n_params,
                    "seconds": round(seconds, 1),
                    "train_error": errors(net, learn)["error"],
                    **errors(net, judge),
                }
                finished.write_text(json.dumps(run), encoding="utf-8")
            runs.append(json.loads(finished.read_text(encoding="utf-8")))
            print(f"{name}, seed {seed}: {runs[-1]['error']:.2%} wrong", flush=True)
    return runs


def main() -> None:
    """Run what is asked for on the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m mlcourse.experiments.mnist",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--networks", nargs="+", choices=RECIPES, default=list(RECIPES))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--held-out", action="store_true")
    parser.add_argument("--out", type=Path, default=Path("mnist.json"))
    args = parser.parse_args()
    folder = args.out.with_suffix(".runs")
    try:
        recorded(args.out, lambda: _measure(args.networks, args.seeds, args.held_out, folder))
    except KeyboardInterrupt:
        raise SystemExit(
            "stopped; the same command goes on after the last finished epoch"
        ) from None
    shutil.rmtree(folder, ignore_errors=True)
    print(f"{args.out} holds the results; delete it to measure anew")


if __name__ == "__main__":
    main()
