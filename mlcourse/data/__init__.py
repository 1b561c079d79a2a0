"""Data: handwritten digits, splits into parts, mini-batches and augmentation.

>>> import numpy as np
>>> from mlcourse.data import DataLoader, mini_mnist
>>> X, y = mini_mnist().train
>>> loader = DataLoader(X, y, batch_size=64, rng=np.random.default_rng(0))
>>> len(loader)
110
"""

from mlcourse.data.augment import (
    Augment,
    crop,
    resample,
    rotation,
    scale,
    shear,
    stretch,
    translation,
)
from mlcourse.data.digits import MNIST, MiniMNIST, Part, mini_mnist, mnist
from mlcourse.data.idx import DataError, read_idx
from mlcourse.data.loader import DataLoader
from mlcourse.data.splits import k_folds, split

__all__ = [
    "MNIST",
    "Augment",
    "DataError",
    "DataLoader",
    "MiniMNIST",
    "Part",
    "crop",
    "k_folds",
    "mini_mnist",
    "mnist",
    "read_idx",
    "resample",
    "rotation",
    "scale",
    "shear",
    "split",
    "stretch",
    "translation",
]
