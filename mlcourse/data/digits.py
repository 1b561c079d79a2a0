"""Handwritten digits: mini-MNIST, bundled with the package, and the complete MNIST.

Both come as parts ``(X, y)``, ready for a network: X (N, 784) float32 in [0, 1], 0 is background
and row n is image n read line by line; y (N,) int64 with the digits 0..9.
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlcourse.data.download import cache_folder, fetch
from mlcourse.data.idx import Bytes, DataError, check_sha256, read_idx

# Size and SHA-256 of the uncompressed content; the gzip files around it differ between sources.
CONTENT = {
    "train-images-idx3-ubyte": (
        47_040_016,
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    "train-labels-idx1-ubyte": (
        60_008,
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    "t10k-images-idx3-ubyte": (
        7_840_016,
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    "t10k-labels-idx1-ubyte": (
        10_008,
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
}
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)

MINI_FILE = Path(__file__).parent / "files" / "mini-mnist.npz"
MINI_SIZE = 7_870_692
MINI_SHA256 = "147d1435bfc5928953991077733117ae01ea5c947f639a581c71639c5b68c34f"


class Part(NamedTuple):
    """Images X (N, 784), float32 in [0, 1], and their labels y (N,), int64."""

    X: npt.NDArray[np.float32]
    y: npt.NDArray[np.int64]


class MiniMNIST(NamedTuple):
    """The three parts of mini-MNIST: 7,000, 1,500 and 1,500 digits."""

    train: Part
    val: Part
    test: Part


class MNIST(NamedTuple):
    """The two parts of MNIST: 60,000 and 10,000 digits."""

    train: Part
    test: Part


def mini_mnist() -> MiniMNIST:
    """Load mini-MNIST: 10,000 digits, 1,000 a class, drawn from the MNIST training images.

    The split is fixed and stratified: 7,000 digits to train, 1,500 to validate, 1,500 to test, with
    700, 150 and 150 of each class. No image of MNIST's own test set is among them. Loading needs no
    network; the arrays take 31 MB.

    Raises
    ------
    DataError
        If the bundled file is missing or damaged.

    References
    ----------
    Y. LeCun, C. Cortes, C. J. C. Burges: The MNIST database of handwritten digits, CC BY-SA 3.0.

    Examples
    --------
    >>> digits = mini_mnist()
    >>> X, y = digits.train
    >>> X.shape, X.dtype, y.shape
    ((7000, 784), dtype('float32'), (7000,))
    >>> len(digits.val.y), np.bincount(digits.test.y).tolist()
    (1500, [150, 150, 150, 150, 150, 150, 150, 150, 150, 150])
    """
    return _read_mini(MINI_FILE)


def _read_mini(path: Path) -> MiniMNIST:
    try:
        raw = path.read_bytes()
        check_sha256(path, raw, MINI_SHA256)
    except (OSError, DataError) as error:
        raise DataError(
            f"mini-MNIST is missing or damaged: {error}; expected {MINI_SIZE:,} bytes with sha256 "
            f"{MINI_SHA256}; repair it with: git checkout -- '{path}' (where mlcourse was "
            "installed without git: install it again)"
        ) from None
    with np.load(io.BytesIO(raw)) as arrays:
        images, labels = arrays["images"], arrays["labels"]
    train, val, test = (
        _part(images[rows], labels[rows])
        for rows in (slice(0, 7000), slice(7000, 8500), slice(8500, 10_000))
    )
    return MiniMNIST(train, val, test)


def mnist(root: str | Path | None = None, mirrors: Sequence[str] = MIRRORS) -> MNIST:
    """Load the complete MNIST, and download it (12 MB) if it is not on this machine.

    Each of the four IDX files, plain or gzipped, is looked for in ``root``, then in the folder
    named by the environment variable ``MLCOURSE_DATA``, then in the cache folder. What is found
    nowhere is downloaded into ``root``, or into the cache folder if ``root`` is None; an
    interrupted download continues. The content is checked against its SHA-256 every time.

    The arrays take 220 MB (60,000 × 784 × 4 bytes = 188 MB to train, 31 MB to test).

    Parameters
    ----------
    root
        Folder to look in first and to download into.
    mirrors
        Base URLs to download from, tried in this order.

    Raises
    ------
    DataError
        If a file is damaged or cannot be downloaded.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: Gradient-Based Learning Applied to Document
    Recognition, Proc. IEEE 86 (1998), section III.A.

    Examples
    --------
    No doctest, for it would download; a test with the real files holds it to this::

        X, y = mnist().train  # X (60000, 784), y (60000,)
        X_test, y_test = mnist().test  # (10000, 784), (10000,)
    """
    train, test = (
        _part(
            read_mnist(f"{part}-images-idx3-ubyte", root, mirrors),
            read_mnist(f"{part}-labels-idx1-ubyte", root, mirrors),
        )
        for part in ("train", "t10k")
    )
    return MNIST(train, test)


def read_mnist(
    name: str, root: str | Path | None = None, mirrors: Sequence[str] = MIRRORS
) -> Bytes:
    """Read one of the four MNIST files, found or downloaded as in ``mnist``, as bytes.

    ``name`` is the original file name without ``.gz``; images have shape (N, 28, 28), labels (N,).
    """
    folders = [root, os.environ.get("MLCOURSE_DATA") or None, cache_folder()]
    places = [Path(folder) / file for folder in folders if folder for file in (name, f"{name}.gz")]
    path = next((place for place in places if place.exists()), None)
    size, sha256 = CONTENT[name]
    if path is None:
        path = fetch(name, sha256, Path(root or cache_folder()), mirrors)
    try:
        return read_idx(path, sha256)
    except DataError as error:
        raise DataError(
            f"{error}; expected content: {size:,} bytes with sha256 {sha256}; repair it with: "
            f"rm '{path}' && python -c 'import mlcourse.data as d; d.mnist()'"
        ) from None


def _part(images: Bytes, labels: Bytes) -> Part:
    """Scale the bytes 0..255 to [0, 1] and widen the labels."""
    pixels = images.reshape(len(images), -1)
    return Part(np.divide(pixels, 255, dtype=np.float32), labels.astype(np.int64))
