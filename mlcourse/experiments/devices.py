r"""The same training in NumPy, in PyTorch on the processor, and on a GPU where there is one.

    python -m mlcourse.experiments.devices                # minutes; on a GPU machine, both devices

For each batch size: how many digits a second are trained on, once with all digits lying on the
device, once with each batch copied there. Then one whole training by the book's recipe on each
device, to see that it reaches the same.
"""

from __future__ import annotations

import os

if __name__ == "__main__":  # it counts before NumPy is loaded
    for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(_name, "1")

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlcourse.data import mnist
from mlcourse.data.digits import Part
from mlcourse.experiments import recorded, seconds
from mlcourse.experiments.mnist import RECIPES, Recipe, errors, train
from mlcourse.interop import from_torch, to_torch
from mlcourse.losses import cross_entropy

if TYPE_CHECKING:
    import torch

__all__ = ["numpy_rate", "torch_rate", "train_in_torch"]

BATCH_SIZES = (16, 64, 256, 1024, 4096, 16384)


def numpy_rate(recipe: Recipe, X: np.ndarray, y: np.ndarray, repeats: int = 20) -> float:
    """Return the digits a second that a step of the recipe trains on, all of X in one batch.

    Examples
    --------
    >>> recipe = Recipe((784, 10), epochs=1, lr=0.1)
    >>> numpy_rate(recipe, np.zeros((32, 784), np.float32), np.zeros(32, int), repeats=3) > 0
    True
    """
    net = recipe.network(np.random.default_rng(0))
    optimizer = recipe.optimizer(net)

    def step() -> None:
        _, dZ = cross_entropy(net(X), y)
        net.backward(dZ)
        optimizer.step()

    return len(X) / seconds(step, repeats)


def torch_rate(
    recipe: Recipe, X: np.ndarray, y: np.ndarray, device: str, moved: bool, repeats: int = 20
) -> float:
    """Return the same for PyTorch on a device, with the batch lying there or ``moved`` there.

    What is asked of a GPU is done later, so the clock waits for it to finish.

    Examples
    --------
    >>> recipe = Recipe((784, 10), epochs=1, lr=0.1)
    >>> X, y = np.zeros((32, 784), np.float32), np.zeros(32, int)
    >>> torch_rate(recipe, X, y, "cpu", moved=True, repeats=3) > 0
    True
    """
    import torch

    module = to_torch(recipe.network(np.random.default_rng(0))).to(device)
    optimizer = _torch_optimizer(recipe, module)
    host = torch.from_numpy(X), torch.from_numpy(y)
    here = [tensor.to(device) for tensor in host]

    def step() -> None:
        batch, labels = [tensor.to(device) for tensor in host] if moved else here
        optimizer.zero_grad()
        torch.autograd.backward(torch.nn.functional.cross_entropy(module(batch), labels))
        optimizer.step()
        if device == "cuda":
            torch.cuda.synchronize()

    return len(X) / seconds(step, repeats)


def train_in_torch(recipe: Recipe, learn: Part, judge: Part, seed: int, device: str) -> float:
    """Train by the recipe in PyTorch, from our initial weights, and return the error.

    Augmentation is left out; the order of the digits and the dropped units are others than ours.

    Examples
    --------
    >>> from mlcourse.data import mini_mnist
    >>> digits = mini_mnist()
    >>> recipe = Recipe((784, 10), epochs=1, lr=0.1)
    >>> train_in_torch(recipe, digits.train, digits.test, seed=0, device="cpu") < 0.25
    True
    """
    import torch

    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    module = to_torch(recipe.network(rng)).to(device)
    optimizer = _torch_optimizer(recipe, module)
    X, y = (torch.from_numpy(array).to(device) for array in learn)
    for epoch in range(recipe.epochs):
        for group in optimizer.param_groups:
            group["lr"] = recipe.rate(epoch)
        order = torch.from_numpy(rng.permutation(len(X))).to(device)
        for rows in torch.split(order, recipe.batch_size):
            optimizer.zero_grad()
            torch.autograd.backward(torch.nn.functional.cross_entropy(module(X[rows]), y[rows]))
            optimizer.step()
    return float(errors(from_torch(module.cpu(), rng=rng), judge)["error"])


def _torch_optimizer(recipe: Recipe, module: torch.nn.Module) -> torch.optim.Optimizer:
    import torch

    if recipe.adamw:
        return torch.optim.AdamW(
            module.parameters(), lr=recipe.lr, weight_decay=recipe.weight_decay
        )
    return torch.optim.SGD(
        module.parameters(),
        lr=recipe.lr,
        momentum=recipe.momentum,
        weight_decay=recipe.weight_decay,
    )


def _measure(seed: int) -> dict[str, Any]:
    """Return rates for each batch size, and the error and time of a training on each device."""
    import torch

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", 1)))
    recipe, digits = RECIPES["this book's"], mnist()
    devices = ["cpu"] + ["cuda"] * torch.cuda.is_available()
    rates: dict[str, list[float]] = {"numpy": []}
    for B in BATCH_SIZES:
        X, y = digits.train.X[:B], digits.train.y[:B]
        rates["numpy"].append(numpy_rate(recipe, X, y))
        for device in devices:
            for moved in (False, True) if device == "cuda" else (False,):
                name = device + " moved" * moved
                rates.setdefault(name, []).append(torch_rate(recipe, X, y, device, moved))
        print(f"batches of {B}: done", flush=True)
    runs = {}
    for device in ("numpy", *devices):
        start = time.perf_counter()
        if device == "numpy":
            error = errors(train(recipe, digits.train, seed)[0], digits.test)["error"]
        else:
            error = train_in_torch(recipe, *digits, seed, device)
        runs[device] = {"error": error, "seconds": round(time.perf_counter() - start, 1)}
    return {
        "batch_sizes": list(BATCH_SIZES),
        "digits_a_second": rates,
        "runs": runs,
        "torch": torch.__version__,
        "gpu": torch.cuda.get_device_name() if "cuda" in devices else None,
    }


def main() -> None:
    """Run what is asked for on the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m mlcourse.experiments.devices",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("devices.json"))
    args = parser.parse_args()
    recorded(args.out, lambda: _measure(args.seed))
    print(f"{args.out} holds the results; delete it to measure anew")


if __name__ == "__main__":
    main()
