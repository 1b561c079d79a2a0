"""Make mlcourse/data/files/mini-mnist.npz from the complete MNIST, the same bytes every time.

Draws 1,000 of each digit from the 60,000 training images; 700 of them train, 150 validate, 150
test. Two things make the bytes the same everywhere:

- the draw orders the images by raw numbers of PCG64. NumPy promises never to change this stream;
  what ``Generator.permutation`` makes of it may change;
- the archive is stored, not compressed, with a fixed date: compressed bytes depend on the version
  of zlib. Git and the wheel compress the file anyway.

Run in the project folder: ``python tools/make_mini_mnist.py`` (reads or downloads MNIST).
"""

from __future__ import annotations

import argparse
import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np

from mlcourse.data.digits import MINI_FILE, read_mnist

SEED = 20240501
PER_CLASS = {"train": 700, "val": 150, "test": 150}


def draw(labels: np.ndarray) -> np.ndarray:
    """Return the indices of the drawn images: all of train, then val, then test, classes mixed."""
    which, mix = np.random.PCG64(SEED).random_raw((2, len(labels)))
    parts: dict[str, list[np.ndarray]] = {name: [] for name in PER_CLASS}
    for digit in range(10):
        members = np.flatnonzero(labels == digit)
        members = members[np.argsort(which[members])]
        for name, count in PER_CLASS.items():
            parts[name].append(members[:count])
            members = members[count:]
    indices = (np.concatenate(part) for part in parts.values())
    return np.concatenate([index[np.argsort(mix[index])] for index in indices])


def archive(arrays: dict[str, np.ndarray]) -> bytes:
    """Return the arrays as the bytes of an .npz file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as file:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3  # Unix, wherever this runs
            npy = io.BytesIO()
            np.lib.format.write_array(npy, array, version=(1, 0), allow_pickle=False)
            file.writestr(entry, npy.getvalue())
    return out.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description="Make mini-MNIST from the complete MNIST.")
    parser.add_argument("--root", type=Path, help="folder of the MNIST files")
    parser.add_argument("--out", type=Path, default=MINI_FILE, help="default: %(default)s")
    options = parser.parse_args()

    images = read_mnist("train-images-idx3-ubyte", options.root)
    labels = read_mnist("train-labels-idx1-ubyte", options.root)
    index = draw(labels)
    raw = archive(
        {"images": images[index], "labels": labels[index], "index": index.astype(np.uint16)}
    )
    options.out.write_bytes(raw)
    print(f"{options.out}: {len(raw):,} bytes, sha256 {hashlib.sha256(raw).hexdigest()}")


if __name__ == "__main__":
    main()
